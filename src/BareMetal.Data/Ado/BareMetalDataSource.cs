using System.Collections.Concurrent;
using System.Data.Common;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;

namespace BareMetal.Data;

/// <summary>
/// A database and the sessions kept ready for it: make one per database, share it, dispose it at the end. Connections made by it are
/// opened and closed at next to no cost. The engine opens with the first connection and closes when the data source is disposed,
/// or by <see cref="BareMetalConnection.ClearPool"/> and <see cref="BareMetalConnection.ClearAllPools"/> once no connection is open.
/// </summary>
public sealed partial class BareMetalDataSource : DbDataSource
{
    // Data sources behind connections that were made from a connection string alone.
    private static readonly ConcurrentDictionary<string, BareMetalDataSource> s_implicit = new(StringComparer.Ordinal);

    // Those that hold an engine open.
    private static readonly List<BareMetalDataSource> s_open = [];

    private readonly Action<BareMetalLogMessage>? _logger;
    private readonly bool _isImplicit;
    private readonly Lock _gate = new();
    private readonly AmbientSessions _ambient = new();
    private Session?[] _idle = new Session?[4];
    private int _idleCount;
    private int _active;
    private int _generation;
    private bool _disposed;
    private Database? _database;

    internal BareMetalDataSource(string connectionString, IStorageProvider? substrate, Action<BareMetalLogMessage>? logger, bool isImplicit, BareMetalFunctions? functions = null)
    {
        Settings = new ConnectionSettings(connectionString, substrate, functions);
        _logger = logger;
        _isImplicit = isImplicit;
    }

    /// <inheritdoc/>
    public override string ConnectionString => Settings.PublicConnectionString;

    internal ConnectionSettings Settings { get; }

    internal bool IsImplicit => _isImplicit;

    internal AmbientSessions Ambient => _ambient;

    /// <summary>Makes a data source.</summary>
    /// <param name="connectionString">See <see cref="BareMetalConnectionStringBuilder"/>.</param>
    /// <exception cref="ArgumentException">A key is not known or a value is not valid.</exception>
    public static BareMetalDataSource Create(string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        return new BareMetalDataSource(connectionString, null, null, isImplicit: false);
    }

    /// <summary>Makes a data source.</summary>
    /// <param name="builder">The settings; later changes of it have no effect.</param>
    public static BareMetalDataSource Create(BareMetalConnectionStringBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return Create(builder.ConnectionString);
    }

    /// <summary>Makes a connection, closed.</summary>
    public new BareMetalConnection CreateConnection()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new BareMetalConnection(this);
    }

    /// <summary>Makes a connection and opens it.</summary>
    /// <exception cref="BareMetalException">The database can't be opened.</exception>
    public new BareMetalConnection OpenConnection()
    {
        BareMetalConnection connection = CreateConnection();
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Makes a connection and opens it.</summary>
    /// <exception cref="BareMetalException">The database can't be opened.</exception>
    public new async ValueTask<BareMetalConnection> OpenConnectionAsync(CancellationToken cancellationToken = default)
    {
        BareMetalConnection connection = CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes a command that opens a connection for each execution and closes it afterwards.</summary>
    /// <param name="commandText">The SQL text.</param>
    public new DbCommand CreateCommand(string? commandText = null) => base.CreateCommand(commandText);

    /// <summary>Whether the database exists. It is not made by this.</summary>
    public bool DatabaseExists()
    {
        lock (_gate)
        {
            if (_database is not null)
                return true;
        }

        return Settings.CanOpen && !Settings.IsPrivateMemory && Database.Exists(Settings.Database);
    }

    /// <summary>Makes the database.</summary>
    /// <exception cref="BareMetalException">42P04: it exists; 58030: the storage refused.</exception>
    public void CreateDatabase()
    {
        lock (_gate)
        {
            // Asked under the gate: two that create at once must not both take the engine, of which one would never be given back.
            if (DatabaseExists())
                throw new BareMetalException(SqlStates.DuplicateDatabase, $"The database '{Settings.DataSource}' exists already.");
            Acquire(Settings.Database with { CreateIfMissing = true, ReadOnly = false }, default);
            if (Settings.Database.ReadOnly)
                ReleaseEngine();
        }
    }

    /// <summary>Deletes the database, after closing idle sessions in this process.</summary>
    /// <returns>False when there was none.</returns>
    /// <exception cref="BareMetalException">55006: a connection is open, here or in another process.</exception>
    public bool DeleteDatabase()
    {
        bool existed = DatabaseExists();
        string location = Path(Settings.Database);
        BareMetalDataSource[] others;
        lock (s_open)
            others = s_open.ToArray();
        foreach (BareMetalDataSource other in others)
        {
            if (other == this || (!Settings.IsPrivateMemory && other.Settings.Database.Substrate == Settings.Database.Substrate
                && other.Settings.IsMemory == Settings.IsMemory && Path(other.Settings.Database) == location))
                other.Clear(force: true, inUse => throw new BareMetalException(SqlStates.ObjectInUse,
                    $"The database '{Settings.DataSource}' can't be deleted: {inUse} connection(s) to it are open in this process.")
                {
                    Hint = "Close them first.",
                });
        }

        if (existed && !Settings.IsMemory)
            Database.Delete(Settings.Database);
        return existed;
    }

    /// <summary>
    /// Checks the database on a snapshot while others go on: header, pages, trees, log, allocation maps, catalog, rows, index entries,
    /// constraints. A database that is too damaged to be opened is checked as far as its files can be read.
    /// </summary>
    /// <param name="options">What to check and whether to repair; null checks everything and changes nothing.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <returns>What is wrong, as it is found; nothing when all is well. With <see cref="BareMetalIntegrityOptions.Repair"/> also what was repaired.</returns>
    /// <exception cref="BareMetalException">42P01: the table to check does not exist; 3D000: the database does not.</exception>
    public IAsyncEnumerable<BareMetalIntegrityProblem> CheckIntegrityAsync(BareMetalIntegrityOptions? options = null, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Integrity.IntegrityStream.Run((report, cancellation) => CheckIntegrity(options ?? new BareMetalIntegrityOptions(), report, cancellation), cancellationToken);
    }

    /// <summary>
    /// Gives free space back to the file system while others go on: joins sparse pages, moves pages from the end of the data file to free
    /// places, and cuts the file. In small steps between commits; may be cancelled at any time.
    /// </summary>
    /// <param name="options">What to do; null joins and moves in the whole database.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Ends it after the current step; what was done stays.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="BareMetalException">42P01: the table does not exist; 25006: the database is open for reading only.</exception>
    public Task<BareMetalVacuumProgress> VacuumAsync(
        BareMetalVacuumOptions? options = null, IProgress<BareMetalVacuumProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);

        // A thread of its own: a vacuum is long, and reads and writes pages all the time.
        return Task.Factory.StartNew(
            () =>
            {
                Session session = Rent(out int generation, cancellationToken);
                try
                {
                    return Integrity.DatabaseVacuum.Run(session, options ?? new BareMetalVacuumOptions(), progress, cancellationToken);
                }
                finally
                {
                    Return(session, generation);
                }
            },
            cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>
    /// Changes the passphrase or key of the encrypted database, without writing its content again: the data key stays, and is wrapped anew. From now on the
    /// new one opens the database; connections that are open go on, this data source opens no further ones after it has let go of the engine.
    /// Backups made before keep their passphrase.
    /// </summary>
    /// <param name="newKey">The new passphrase or key; the caller disposes it.</param>
    /// <exception cref="BareMetalException">28000: the database is not encrypted; the storage failed.</exception>
    public void ChangeEncryptionKey(EncryptionKey newKey)
    {
        ArgumentNullException.ThrowIfNull(newKey);
        using BareMetalConnection connection = OpenConnection();
        connection.Session.Database.ChangeKey(newKey, rotate: false, default);
    }

    /// <summary>
    /// As <see cref="ChangeEncryptionKey"/>, and encrypts everything anew with a new random data key, while the database is in use: for when the old
    /// passphrase and a copy of the files may be in wrong hands. When it is cancelled, or the process ends, another call goes on.
    /// </summary>
    /// <param name="newKey">The passphrase or key from now on: a new one, or the same. The caller disposes it.</param>
    /// <param name="cancellationToken">Ends it between two steps.</param>
    /// <returns>False while a backup, an archive or a feed still holds parts of the log under the old data key: call again later.</returns>
    /// <exception cref="BareMetalException">28000: the database is not encrypted; the storage failed.</exception>
    public async Task<bool> ReencryptAsync(EncryptionKey newKey, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(newKey);
        BareMetalConnection connection = await OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            // A thread of its own: it reads and writes pages all the time.
            Database database = connection.Session.Database;
            return await Task.Factory.StartNew(
                () => database.ChangeKey(newKey, rotate: true, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .ConfigureAwait(false);
        }
    }

    /// <summary>How the mirror is on which the database lies; null when it is not mirrored.</summary>
    /// <exception cref="BareMetalException">The database can't be opened.</exception>
    public MirrorStatus? GetMirrorStatus()
    {
        using BareMetalConnection connection = OpenConnection();
        return connection.Session.Database.Mirror?.GetStatus();
    }

    /// <summary>Rebuilds a side of the mirror on which the database lies, while it is in use.</summary>
    /// <param name="side">Its number: 0 is the data file's folder, 1 the first of <c>Mirror Paths</c>, and so on.</param>
    /// <param name="cancellationToken">Ends the rebuild; the side stays out of service.</param>
    /// <exception cref="InvalidOperationException">There is no mirror, or the side needs no rebuilding.</exception>
    /// <exception cref="BareMetalException">Copying failed.</exception>
    public async Task RebuildMirrorAsync(int side, CancellationToken cancellationToken = default)
    {
        BareMetalConnection connection = await OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            MirroredStorageProvider mirror = connection.Session.Database.Mirror ??
                throw new InvalidOperationException("The database is not mirrored.");
            try
            {
                await mirror.RebuildAsync(side, cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (StorageException e)
            {
                throw Sessions.StorageErrors.Map(e);
            }
        }
    }

    /// <summary>The data source shared by all connections of a connection string.</summary>
    internal static BareMetalDataSource ForConnectionString(string connectionString)
        => s_implicit.TryGetValue(connectionString, out BareMetalDataSource? found)
            ? found
            : s_implicit.GetOrAdd(connectionString, static text => new BareMetalDataSource(text, null, null, isImplicit: true));

    internal static void ClearAll()
    {
        BareMetalDataSource[] all;
        lock (s_open)
            all = s_open.ToArray();
        foreach (BareMetalDataSource source in all)
            source.Clear();
    }

    /// <summary>Closes idle sessions; the engine too when nothing is open and nothing would be lost. Sessions in use close when they come back.</summary>
    internal void Clear() => Clear(force: false, null);

    /// <summary>Takes a session, a ready one if there is.</summary>
    internal Session Rent(out int generation, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            generation = _generation;
            if (_idleCount > 0)
            {
                Session ready = _idle[--_idleCount]!;
                _idle[_idleCount] = null;
                _active++;
                return ready;
            }

            if (_database is null)
                Acquire(Settings.Database, cancellationToken);
            Session session = _database!.CreateSession(Settings.Session);
            _active++;
            return session;
        }
    }

    /// <summary>Gives a session back, undoing whatever it left open.</summary>
    internal void Return(Session session, int generation)
    {
        bool healthy = false;
        try
        {
            session.Reset(Settings.Session);
            healthy = true;
        }
        finally
        {
            lock (_gate)
            {
                _active--;
                if (healthy && Settings.Pooling && generation == _generation && !_disposed && _idleCount < Settings.MaxPoolSize)
                {
                    if (_idleCount == _idle.Length)
                        Array.Resize(ref _idle, _idle.Length * 2);
                    _idle[_idleCount++] = session;
                }
                else
                {
                    session.Dispose();
                    bool cleared = generation != _generation || (_isImplicit && !Settings.Pooling);
                    if (_active == 0 && (_disposed || (cleared && _idleCount == 0 && MayLetGo)))
                        ReleaseEngine();
                }
            }
        }
    }

    internal bool HasLogger => _logger is not null;

    internal void Log(BareMetalLogLevel level, string category, string text, Exception? exception = null)
        => _logger?.Invoke(new BareMetalLogMessage(level, category, text, exception));

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection() => CreateConnection();

    /// <inheritdoc/>
    protected override DbBatch CreateDbBatch() => base.CreateDbBatch();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_gate)
            {
                if (_disposed)
                    return;
                _disposed = true;
                _generation++;
                DropIdle();
                if (_active == 0)
                    ReleaseEngine();
            }
        }

        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    protected override ValueTask DisposeAsyncCore()
    {
        Dispose(true);
        return ValueTask.CompletedTask;
    }

    private static string Path(DatabaseOptions options)
        => options.InMemory || options.Substrate is not null || options.Path.Length == 0 ? options.Path : System.IO.Path.GetFullPath(options.Path);

    // An explicit data source's memory database would be lost; everything else opens again.
    private bool MayLetGo => !Settings.IsMemory || _isImplicit;

    private void Clear(bool force, Action<int>? whenInUse)
    {
        lock (_gate)
        {
            if (force && _active > 0)
                whenInUse?.Invoke(_active);
            _generation++;
            DropIdle();
            if (_active == 0 && (force || MayLetGo))
                ReleaseEngine();
        }
    }

    private void DropIdle()
    {
        while (_idleCount > 0)
        {
            _idle[--_idleCount]!.Dispose();
            _idle[_idleCount] = null;
        }
    }

    private void Acquire(DatabaseOptions options, CancellationToken cancellationToken)
    {
        if (!Settings.CanOpen)
            throw new InvalidOperationException("The connection string names no 'Data Source': a path, or ':memory:'.");
        try
        {
            _database = Database.Acquire(options, cancellationToken);
        }
        catch (Exception e) when (_logger is not null && e is not OperationCanceledException)
        {
            Log(BareMetalLogLevel.Error, "BareMetal.Data.Engine", $"The database '{Settings.DataSource}' could not be opened.", e);
            throw;
        }

        StartArchive(_database);
        lock (s_open)
            s_open.Add(this);
        Log(BareMetalLogLevel.Information, "BareMetal.Data.Engine", $"Opened '{_database.Location}'.");
    }

    private void CheckIntegrity(BareMetalIntegrityOptions options, Action<BareMetalIntegrityProblem> report, CancellationToken cancellation)
    {
        Session session;
        int generation;
        try
        {
            session = Rent(out generation, cancellation);
        }
        catch (BareMetalException e) when (e.SqlState is SqlStates.DataCorrupted or SqlStates.IoError)
        {
            try
            {
                Integrity.IntegrityStream.CheckClosed(Settings.Database, e, report, cancellation);
            }
            catch (StorageException again)
            {
                throw Sessions.StorageErrors.Map(again);
            }

            return;
        }

        try
        {
            new Integrity.DatabaseCheck(session, options, report, cancellation).Run();
        }
        catch (StorageException e)
        {
            throw Sessions.StorageErrors.Map(e);
        }
        finally
        {
            Return(session, generation);
        }
    }

    private void ReleaseEngine()
    {
        if (_database is not { } database)
            return;
        _database = null;
        database.Engine.LogHolderDropped -= OnLogHolderDropped;
        lock (s_open)
            s_open.Remove(this);
        database.Release();
        Log(BareMetalLogLevel.Information, "BareMetal.Data.Engine", $"Let go of '{database.Location}'.");
    }
}
