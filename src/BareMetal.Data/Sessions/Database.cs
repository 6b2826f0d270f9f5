using System.Diagnostics;
using System.Runtime.CompilerServices;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning;
using BareMetal.Data.Storage;
using TableBinder = BareMetal.Data.Binding.TableBinder;

namespace BareMetal.Data.Sessions;

/// <summary>
/// An open database: one engine per canonical path and process, however the path is spelled. Counted by references: each
/// <see cref="Acquire"/> is paired with a <see cref="Release"/>, the last of which closes the engine.
/// </summary>
internal sealed class Database
{
    private const int WatchPeriod = 50;
    private const long MinPlannedRows = 100;

    private static readonly Dictionary<string, Database> Open = new(StringComparer.Ordinal);
    private static readonly ConditionalWeakTable<IStorageProvider, string> SubstrateNames = new();

    private readonly Lock _gate = new();
    private readonly string _key;
    private readonly CommandCache _commands;
    private readonly ConditionalWeakTable<FunctionRegistry, CommandCache> _customCommands = [];
    private readonly List<Session> _sessions = [];
    private Timer? _watch;
    private EncryptionKey? _newKey;
    private int _references;

    static Database()
    {
        // Pools hold databases open to the end of the process; a clean close there saves the next start a recovery.
        AppDomain.CurrentDomain.ProcessExit += static (_, _) => CloseAll();
    }

    private Database(string key, DatabaseOptions options, StorageEngine engine)
    {
        _key = key;
        Options = options;
        Engine = engine;
        Catalog = new CatalogStore(engine);

        // What a simulation runs is decided by its script alone.
        Statistics = new StatisticsStore(engine, Catalog, options.Environment is null ? options.AnalyzeThreshold / 100.0 : 0);
        _commands = new CommandCache(new StatementCache());
    }

    public DatabaseOptions Options { get; }

    /// <summary>The canonical path, "memory:name", or the substrate's location and the name in it.</summary>
    public string Location => _key;

    /// <summary>The database's name: the file's name without folder and extension.</summary>
    public string Name => Options.Path.Length == 0 ? "memory" : Path.GetFileNameWithoutExtension(Options.Path);

    public StorageEngine Engine { get; }

    /// <summary>The mirror that it lies on; null when it is not mirrored.</summary>
    public MirroredStorageProvider? Mirror { get; private init; }

    public CatalogStore Catalog { get; }

    /// <summary>What is known of the tables' rows.</summary>
    public StatisticsStore Statistics { get; }

    /// <summary>The commands and plans of sessions that know these functions: a plan means what its functions mean.</summary>
    public CommandCache CommandsOf(FunctionRegistry functions) => ReferenceEquals(functions, FunctionRegistry.Default)
        ? _commands
        : _customCommands.GetValue(functions, static _ => new CommandCache(new StatementCache()));

    /// <summary>Sessions that are open now.</summary>
    public int SessionCount
    {
        get
        {
            lock (_gate)
                return _sessions.Count;
        }
    }

    /// <summary>Opens the database or takes part in the engine that has it open in this process.</summary>
    /// <param name="options">Where it is and how to open it; they count only when the engine is not open yet.</param>
    /// <param name="cancellationToken">Looked at before a new engine is opened.</param>
    /// <exception cref="BareMetalException">3D000 it does not exist; 55006 another process holds it; 08001 it is no database; XX001 it is damaged; 58030 it can't be read.</exception>
    public static Database Acquire(DatabaseOptions options, CancellationToken cancellationToken = default)
    {
        string key = KeyOf(options);
        lock (Open)
        {
            if (Open.TryGetValue(key, out Database? database))
            {
                CheckKey(database, options);
                database._references++;
                return database;
            }

            cancellationToken.ThrowIfCancellationRequested();
            MirroredStorageProvider? mirror = null;
            try
            {
                (IStorageProvider provider, string name) = Place(options, create: true);
                mirror = MirrorOf(provider);
                StorageEngine engine = StorageEngine.Open(new StorageOptions
                {
                    Provider = provider,
                    Name = name,
                    Mode = options.CreateIfMissing && !options.ReadOnly ? StorageFileMode.OpenOrCreate : StorageFileMode.Open,
                    ReadOnly = options.ReadOnly,
                    PageSize = options.PageSize,
                    CacheBytes = options.CacheSize,
                    MaxLogBytes = options.MaxLogSize > 0 ? options.MaxLogSize : new StorageOptions { Provider = provider, Name = name }.MaxLogBytes,
                    MaxVersionBytes = options.MaxVersionSize > 0 ? options.MaxVersionSize : new StorageOptions { Provider = provider, Name = name }.MaxVersionBytes,
                    CheckpointLogBytes = options.CheckpointSize > 0 ? options.CheckpointSize : new StorageOptions { Provider = provider, Name = name }.CheckpointLogBytes,
                    CheckpointBytesPerSecond = options.CheckpointRate,
                    OwnerLockTimeout = options.OpenTimeout,
                    Environment = options.Environment,
                    Settings = options.Settings,
                });
                try
                {
                    database = new Database(key, options, engine) { _references = 1, Mirror = mirror };
                }
                catch
                {
                    engine.Dispose();
                    throw;
                }

                if (options is { MirrorRebuild: true, ReadOnly: false })
                    mirror?.RebuildMissing();
            }
            catch (StorageException e)
            {
                mirror?.Dispose();
                throw StorageErrors.Map(e);
            }

            Open.Add(key, database);
            return database;
        }
    }

    /// <summary>Gives one reference back; the last closes the engine.</summary>
    public void Release()
    {
        lock (Open)
        {
            if (--_references > 0)
                return;
            Open.Remove(_key);
            Close();
        }
    }

    /// <summary>Closes every database at the end of the process. What can't be closed cleanly is recovered at the next start.</summary>
    private static void CloseAll()
    {
        if (!Monitor.TryEnter(Open, TimeSpan.FromSeconds(5)))
            return;
        try
        {
            foreach (Database database in Open.Values)
            {
                try
                {
                    database.Close();
                }
                catch (Exception e) when (e is BareMetalException or IOException or ObjectDisposedException)
                {
                    Trace.TraceWarning($"{database.Location} was not closed cleanly: {e.Message}");
                }
            }

            Open.Clear();
        }
        finally
        {
            Monitor.Exit(Open);
        }
    }

    /// <summary>Whether the database exists.</summary>
    public static bool Exists(DatabaseOptions options)
    {
        string key = KeyOf(options);
        lock (Open)
        {
            if (Open.ContainsKey(key))
                return true;
            try
            {
                if (options.InMemory)
                    return false;
                if (options.Substrate is null && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(options.Path))))
                    return false;
                (IStorageProvider provider, string name) = Place(options, create: false);
                return provider.Exists(name);
            }
            catch (StorageException e)
            {
                throw StorageErrors.Map(e);
            }
        }
    }

    /// <summary>Deletes the database's files; nothing happens when there are none.</summary>
    /// <exception cref="BareMetalException">55006: it is open, in this process or another.</exception>
    public static void Delete(DatabaseOptions options)
    {
        string key = KeyOf(options);
        lock (Open)
        {
            if (Open.TryGetValue(key, out Database? database))
            {
                throw new BareMetalException(SqlStates.ObjectInUse, $"The database \"{database.Location}\" is open in this process ({database.SessionCount} sessions) and can't be deleted.")
                {
                    Hint = "Close its connections and clear their pool first.",
                };
            }

            if (options.InMemory || !Exists(options))
                return;
            try
            {
                (IStorageProvider provider, string name) = Place(options, create: false);
                using (provider.AcquireOwnerLock(OwnerLockName(name), options.OpenTimeout))
                {
                    foreach (string file in provider.List())
                    {
                        // Backups that were put beside the database outlive it.
                        if (file == name || (file.StartsWith(name + "-", StringComparison.Ordinal) && file != OwnerLockName(name) && !StorageBackup.IsBackupFile(name, file)))
                            provider.Delete(file);
                    }
                }

                provider.Delete(OwnerLockName(name));
                provider.FlushDirectory();
            }
            catch (StorageException e)
            {
                throw StorageErrors.Map(e);
            }
        }
    }

    /// <summary>Changes the passphrase or key of an encrypted database; with a new data key by writing everything again.</summary>
    /// <returns>Whether nothing needs the old data key any more.</returns>
    public bool ChangeKey(EncryptionKey newKey, bool rotate, CancellationToken cancellationToken)
    {
        try
        {
            lock (Open)
            {
                Engine.ChangeKey(newKey);
                _newKey?.Dispose();
                _newKey = newKey.Copy();
            }

            return rotate && Engine.RotateDataKey(newKey, cancellationToken);
        }
        catch (StorageException e)
        {
            throw StorageErrors.Map(e);
        }
    }

    public Session CreateSession(SessionOptions? options = null)
    {
        Session session = new(this, options ?? SessionOptions.Default);
        lock (_gate)
        {
            _sessions.Add(session);
            _watch ??= new Timer(static d => ((Database)d!).Watch(), this, WatchPeriod, WatchPeriod);
        }

        return session;
    }

    /// <summary>What the planner may ask, for a catalog.</summary>
    public PlannerOptions PlannerOptions(CatalogSnapshot catalog, IReadOnlyList<string> searchPath, IReadOnlyList<Values.Value>? parameters = null, Session? session = null) => new()
    {
        Parameters = parameters,
        Optimize = Options.Optimize,
        // A plan outlives the day when its table was empty: no table counts as smaller than this.
        RowCount = table => table.IsTemporary() ? Math.Max(session?.EstimateEntries(table.Tree) ?? 0, MinPlannedRows) : CountRows(table),
        Statistics = Statistics.Find,
        EntryCount = index => session?.EstimateEntries(index.Tree) ?? Engine.EstimateEntries(index.Tree),
        FindTable = id => catalog.TryGet(id, out CatalogObject? found) ? found as Table : null,
        BindTable = table => TableBindings.For(table, catalog, searchPath),
    };

    private long CountRows(Table table)
    {
        long entries = Engine.EstimateEntries(table.Tree);
        TableStatistics? statistics = Statistics.Find(table);
        return statistics is null ? Math.Max(entries, MinPlannedRows) : Math.Max((long)Math.Round(statistics.RowsNow(entries)), 1);
    }

    internal void Forget(Session session)
    {
        lock (_gate)
            _sessions.Remove(session);
    }

    internal static string OwnerLockName(string name) => name + "-lock";

    private static MirroredStorageProvider? MirrorOf(IStorageProvider provider) =>
        (provider is EncryptedStorageProvider encrypted ? encrypted.Inner : provider) as MirroredStorageProvider;

    /// <summary>Who joins an engine that is open must have its key too.</summary>
    private static void CheckKey(Database database, DatabaseOptions options)
    {
        if (options.Substrate is EncryptedStorageProvider)
            return; // the same one: it carries the key
        EncryptionKey? key = database._newKey ?? database.Options.Key;
        if (key is null == options.Key is null && (key is null || key.IsSameAs(options.Key!)))
            return;
        StorageErrorCode code = key is null ? StorageErrorCode.NotEncrypted : options.Key is null ? StorageErrorCode.KeyRequired : StorageErrorCode.WrongKey;
        throw StorageErrors.Map(new StorageException(code, code switch
        {
            StorageErrorCode.NotEncrypted => $"{database.Location}: the database is not encrypted, but a key was given.",
            StorageErrorCode.KeyRequired => $"{database.Location}: the database is encrypted, and no key was given.",
            _ => $"{database.Location}: the {options.Key} does not open this database.",
        }));
    }

    private static string KeyOf(DatabaseOptions options)
    {
        if (options.Substrate is { } substrate)
            return SubstrateNames.GetValue(substrate, static s => $"{s.Location}#{Guid.NewGuid():N}") + "/" + options.Path;
        if (options.InMemory)
            return "memory:" + options.Path;
        if (options.Path.Length == 0)
            throw new BareMetalException(SqlStates.CannotConnect, "The database has no path.") { Hint = "Give Data Source in the connection string." };
        string path;
        try
        {
            path = Path.GetFullPath(options.Path);
            // A link and what it leads to are one database.
            if (File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target)
                path = target.FullName;
            if (Path.GetDirectoryName(path) is { } folder && Directory.Exists(folder) && Directory.ResolveLinkTarget(folder, returnFinalTarget: true) is { } folderTarget)
                path = Path.Combine(folderTarget.FullName, Path.GetFileName(path));
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new BareMetalException(SqlStates.CannotConnect, $"The path \"{options.Path}\" can't be used: {e.Message}", e);
        }

        return OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? path.ToUpperInvariant() : path;
    }

    /// <summary>The substrate of a database and its name there.</summary>
    internal static (IStorageProvider Provider, string Name) Place(DatabaseOptions options, bool create)
    {
        if (options.Substrate is { } substrate)
            return (options.Key is null || substrate is EncryptedStorageProvider ? substrate : new EncryptedStorageProvider(substrate, options.Key), options.Path);
        if (options.InMemory)
        {
            // A named one belongs to the engine that is open under the name: it goes with it.
            IStorageProvider memory = new MemoryStorageProvider();
            return (options.Key is null ? memory : new EncryptedStorageProvider(memory, options.Key), options.Path.Length == 0 ? "memory" : options.Path);
        }

        string path = Path.GetFullPath(options.Path);
        string folder = Path.GetDirectoryName(path) ?? throw new BareMetalException(SqlStates.CannotConnect, $"The path \"{options.Path}\" names no file.");
        if (create && !Directory.Exists(folder))
            throw new BareMetalException(SqlStates.DatabaseDoesNotExist, $"The folder \"{folder}\" does not exist.") { Hint = "Create the folder first." };
        string name = Path.GetFileName(path);
        IStorageProvider provider = new LocalStorageProvider(folder);
        if (options.MirrorPaths.Count > 0)
        {
            List<IStorageProvider> sides = [provider];
            foreach (string side in options.MirrorPaths)
                sides.Add(LocalStorageProvider.OrUnreachable(Path.GetFullPath(side)));
            provider = new MirroredStorageProvider(sides, new MirrorOptions { Scope = name, AllowMissingSides = options.MirrorDegraded });
        }

        return (options.Key is null ? provider : new EncryptedStorageProvider(provider, options.Key), name);
    }

    private void Close()
    {
        Session[] open;
        lock (_gate)
        {
            open = [.. _sessions];
            _sessions.Clear();
            _watch?.Dispose();
            _watch = null;
        }

        foreach (Session session in open)
            session.Dispose();
        Statistics.Dispose();
        try
        {
            Engine.Dispose();
        }
        catch (StorageException e)
        {
            throw StorageErrors.Map(e);
        }
        finally
        {
            Mirror?.Dispose();
            _newKey?.Dispose();
        }
    }

    /// <summary>Ends statements whose time has passed; one timer for all, so that a statement pays nothing for its time limit.</summary>
    private void Watch()
    {
        long now = Environment.TickCount64;
        lock (_gate)
        {
            foreach (Session session in _sessions)
                session.CheckDeadline(now);
        }
    }
}
