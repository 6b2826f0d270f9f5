using System.Reflection;
using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Transactions;
using BareMetal.Data.Values;
using TableBinder = BareMetal.Data.Binding.TableBinder;

namespace BareMetal.Data.Sessions;

/// <summary>
/// A conversation with a database: settings, at most one explicit transaction, any number of open executions. Used by one thread
/// at a time, not bound to any.
/// </summary>
internal sealed class Session : IDisposable
{
    /// <summary>Serializable transactions in a row that fail before the next one locks what it uses.</summary>
    private const int FailuresBeforeLocks = 3;

    private static long _lastTransactionId;

    private readonly List<CommandExecution> _open = [];
    private readonly Stack<CommandExecution> _free = new();
    private SessionSettings _defaults;
    private SessionSettings _sessionSettings;
    private SessionSettings? _settingsAtBegin;
    private CommandExecution? _running;
    private WriteServices? _writeServices;
    private bool _disposed;

    // Serializable transactions that failed one after another, and what the next one locks before it begins.
    private int _serializationFailures;
    private List<(TreeId Tree, LockMode Mode)>? _locksForRetry;

    // Whether a thread runs something on the session, one from outside ends its transaction, or neither; see WhenIdle.
    private int _busy;
    private int _depth;
    private Action? _whenIdle;
    private bool _isWaiting;

    internal Session(Database database, SessionOptions options)
    {
        Database = database;
        Options = options;
        Commands = database.CommandsOf(options.Functions);
        Settings = _sessionSettings = _defaults = SessionSettings.From(options);
        AdvisoryLocks = new AdvisoryLocks(database.Engine, LockParty);
    }

    /// <summary>The engine's version.</summary>
    public static string Version { get; } =
        "BareMetal.Data " + (typeof(Session).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "");

    public Database Database { get; }

    /// <summary>The defaults that <see cref="Reset"/> goes back to.</summary>
    public SessionOptions Options { get; private set; }

    /// <summary>Commands prepared in the database by sessions that know the same functions.</summary>
    public CommandCache Commands { get; private set; }

    /// <summary>The settings now in force.</summary>
    public SessionSettings Settings { get; private set; }

    public AdvisoryLocks AdvisoryLocks { get; }

    /// <summary>Who waits for the locks of the session's transactions and for its advisory locks.</summary>
    public LockParty LockParty { get; } = new();

    /// <summary>What currval gives, by sequence.</summary>
    public Dictionary<long, long> CurrentSequenceValues { get; } = [];

    /// <summary>Names the explicit transaction now open, begun by BeginTransaction or SQL; 0 when there is none. Never used twice in a process.</summary>
    public long TransactionId { get; private set; }

    /// <summary>Whether an explicit transaction is open.</summary>
    public bool InTransaction => TransactionId != 0;

    /// <summary>Whether the transaction that is open, or the next one, only reads.</summary>
    public bool IsReadOnly => Transaction?.Storage.IsReadOnly ?? Settings.DefaultReadOnly;

    /// <summary>The catalog as the session's transaction sees it, or the newest one; for schema information and scaffolding.</summary>
    public CatalogSnapshot Catalog => Transaction?.Catalog ?? WithTemporary(Database.Catalog.Newest);

    /// <summary>Receives RAISE NOTICE and the like: severity and message.</summary>
    public Action<string, string>? Notice { get; set; }

    /// <summary>Told of scans that read many rows without an index; see <see cref="SessionSettings.FullScanRows"/>. What it throws stops the statement.</summary>
    public Action<BareMetalFullScanEventArgs>? FullScan { get; set; }

    /// <summary>Counts what the session's scans read.</summary>
    internal ScanCounter Scans { get; } = new();

    /// <summary>The explicit transaction; null when there is none.</summary>
    internal SessionTransaction? Transaction { get; private set; }

    /// <summary>Begins an explicit transaction.</summary>
    /// <param name="isolation">Null takes the session's default.</param>
    /// <param name="readOnly">Null takes the session's default.</param>
    /// <param name="durability">What its commit waits for; null takes what synchronous_commit says then.</param>
    /// <exception cref="InvalidOperationException">A transaction is open already.</exception>
    public void BeginTransaction(IsolationMode? isolation = null, bool? readOnly = null, Durability? durability = null)
    {
        EnsureOpen();
        if (Transaction is not null)
            throw new InvalidOperationException("A transaction is open already on this session; commit it or roll it back first.");
        SessionTransaction transaction = NewTransaction(isolation, readOnly);
        transaction.Durability = durability;
        Adopt(transaction);
    }

    /// <summary>Commits the explicit transaction. Rows that open executions have not given yet are kept for them.</summary>
    /// <exception cref="InvalidOperationException">No transaction is open.</exception>
    /// <exception cref="BareMetalException">40001 and others; the transaction has ended in any case.</exception>
    public void Commit()
    {
        SessionTransaction transaction = TakeForCommit();
        try
        {
            transaction.Commit();
        }
        catch (StorageException e)
        {
            NoteFailure(transaction, e);
            throw StorageErrors.Map(e);
        }
        finally
        {
            transaction.Storage.Dispose();
        }

        NoteSuccess(transaction);
    }

    /// <summary>As <see cref="Commit"/>, without holding a thread while waiting.</summary>
    public async ValueTask CommitAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SessionTransaction transaction = TakeForCommit();
        try
        {
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            NoteFailure(transaction, e);
            throw StorageErrors.Map(e);
        }
        finally
        {
            transaction.Storage.Dispose();
        }

        NoteSuccess(transaction);
    }

    /// <summary>Undoes the explicit transaction. Executions open over it throw when they are read.</summary>
    /// <exception cref="InvalidOperationException">No transaction is open.</exception>
    public void Rollback()
    {
        SessionTransaction transaction = Required();
        EnsureNotWaiting();
        EndTransaction(committed: false);
        Invalidate(transaction);
        transaction.Storage.Rollback();
        transaction.Storage.Dispose();
    }

    public void CreateSavepoint(string name)
    {
        SessionTransaction transaction = Required();
        if (transaction.HasFailed)
            throw Failed();
        KeepRows(transaction, null);
        Guarded(() => transaction.CreateSavepoint(name));
    }

    /// <exception cref="BareMetalException">3B001: there is no such savepoint.</exception>
    public void RollbackToSavepoint(string name)
    {
        SessionTransaction transaction = Required();
        Guarded(() => transaction.RollbackTo(name));
        Invalidate(transaction);
    }

    /// <exception cref="BareMetalException">3B001: there is no such savepoint.</exception>
    public void ReleaseSavepoint(string name)
    {
        SessionTransaction transaction = Required();
        Guarded(() => transaction.Release(name));
    }

    /// <summary>Splits a command and matches its parameters; cheap when the same string object was prepared before.</summary>
    /// <exception cref="BareMetalException">42601 the text is not SQL; 42P02 it names a parameter that is not declared.</exception>
    public PreparedCommand Prepare(string text, ReadOnlySpan<ParameterDeclaration> parameters)
    {
        EnsureOpen();
        return Commands.Get(text, parameters);
    }

    /// <summary>Whether an asynchronous command waits for a lock: until it goes on nothing else can be done.</summary>
    internal bool IsWaiting
    {
        get => Volatile.Read(ref _isWaiting);
        set => Volatile.Write(ref _isWaiting, value);
    }

    /// <summary>Begins a command; nothing runs before the first NextResult.</summary>
    /// <param name="command">What <see cref="Prepare"/> gave.</param>
    /// <param name="parameters">One value for each declared parameter; not kept after the execution ends.</param>
    /// <param name="options">Timeout and the like.</param>
    /// <param name="cancellationToken">Stops the command with <see cref="OperationCanceledException"/>.</param>
    public CommandExecution Execute(PreparedCommand command, Value[] parameters, ExecutionOptions options = default, CancellationToken cancellationToken = default)
    {
        EnsureOpen();
        EnsureNotWaiting();
        if (parameters.Length < command.Parameters.Length)
            throw new ArgumentException($"The command has {command.Parameters.Length} parameters, but {parameters.Length} values are given.", nameof(parameters));
        CommandExecution execution = _free.Count > 0 ? _free.Pop() : new CommandExecution(this);
        execution.Begin(command, parameters, options, cancellationToken);
        _open.Add(execution);
        return execution;
    }

    /// <summary>Stops what runs on the session, from any thread.</summary>
    public void Cancel() => Volatile.Read(ref _running)?.Cancel();

    /// <summary>Makes the session as new, for its next owner: rolls back, ends executions, releases locks, forgets settings.</summary>
    public void Reset(SessionOptions options)
    {
        EndAll();
        if (!ReferenceEquals(options, Options))
        {
            Options = options;
            Commands = Database.CommandsOf(options.Functions);
            _defaults = SessionSettings.From(options);
        }

        Settings = _sessionSettings = _defaults;
        Notice = null;
        FullScan = null;
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        EndAll();
        _disposed = true;
        Database.Forget(this);
    }

    internal static BareMetalException Failed() => new(SqlStates.InFailedTransaction, "The transaction has failed (a serialization failure or deadlock) and can only be rolled back.")
    {
        Hint = "Roll back and run the transaction again.",
    };

    /// <summary>Applies SET; LOCAL lasts until the transaction ends.</summary>
    internal void Set(string name, IReadOnlyList<string>? values, bool local)
    {
        Settings = Settings.With(name, values, _defaults);
        if (!local || Transaction is null)
            _sessionSettings = _sessionSettings.With(name, values, _defaults);
    }

    internal string Show(string name) => SessionSettings.Normalise(name) switch
    {
        "transaction_isolation" => SessionSettings.Format(Transaction is { } t ? ToMode(t.Storage.Isolation) : Settings.DefaultIsolation),
        "transaction_read_only" => IsReadOnly ? "on" : "off",
        "server_version" => Version,
        "database" => Database.Name,
        { } other => Settings.Find(other) ?? throw SessionSettings.Unknown(name),
    };

    internal void SetDefaults(IsolationMode? isolation, bool? readOnly)
    {
        Settings = Settings with { DefaultIsolation = isolation ?? Settings.DefaultIsolation, DefaultReadOnly = readOnly ?? Settings.DefaultReadOnly };
        _sessionSettings = _sessionSettings with { DefaultIsolation = isolation ?? _sessionSettings.DefaultIsolation, DefaultReadOnly = readOnly ?? _sessionSettings.DefaultReadOnly };
    }

    /// <summary>SET TRANSACTION: begins the transaction anew under another level; only before its first statement.</summary>
    internal void ChangeTransaction(IsolationMode? isolation, bool? readOnly)
    {
        SessionTransaction transaction = Required();
        if (transaction.HasRun)
            throw new BareMetalException(SqlStates.ActiveTransaction, "SET TRANSACTION must come before the first statement of the transaction.");
        long id = TransactionId;
        transaction.Storage.Dispose();
        Transaction = NewTransaction(isolation ?? ToMode(transaction.Storage.Isolation), readOnly ?? transaction.Storage.IsReadOnly);
        Transaction.Durability = transaction.Durability;
        TransactionId = id;
    }

    internal SessionTransaction NewTransaction(IsolationMode? isolation = null, bool? readOnly = null)
    {
        TransactionIsolation level = (isolation ?? Settings.DefaultIsolation) switch
        {
            IsolationMode.Snapshot => TransactionIsolation.Snapshot,
            IsolationMode.Serializable => TransactionIsolation.Serializable,
            _ => TransactionIsolation.ReadCommitted,
        };
        SessionTransaction transaction = new(this, Database.Engine.Begin(level, readOnly ?? Settings.DefaultReadOnly, LockParty));
        if (Temporary is not null)
            Attach(transaction);
        return transaction;
    }

    /// <summary>The session's temporary tables; null before the first.</summary>
    internal TemporarySpace? Temporary { get; private set; }

    /// <summary>A catalog with the session's temporary objects in it.</summary>
    internal CatalogSnapshot WithTemporary(CatalogSnapshot catalog) => Temporary is null ? catalog : Temporary.Over(catalog);

    /// <summary>The engine that holds a sequence.</summary>
    internal StorageEngine EngineOf(Sequence sequence) => sequence.IsTemporary() ? Temporary!.Engine : Database.Engine;

    /// <summary>About how many entries a tree has.</summary>
    internal long EstimateEntries(TreeId tree) =>
        !tree.IsTemporary ? Database.Engine.EstimateEntries(tree) : Temporary?.Engine.EstimateEntries(tree.Inner) ?? 0;

    /// <summary>Makes room for temporary tables, from a transaction on.</summary>
    internal void OpenTemporary(SessionTransaction transaction)
    {
        if (Temporary is not null)
            return;
        Temporary = new TemporarySpace(Database, Settings.WorkMemory);
        Attach(transaction);

        // Plans over temporary tables are the session's own: to others their names mean something else.
        UseOwnPlans();
    }

    /// <summary>Ends all temporary tables; no transaction is open.</summary>
    internal void DropTemporary()
    {
        if (Temporary is not { } space)
            return;
        Temporary = null;
        _writeServices = null;
        Commands = Database.CommandsOf(Options.Functions);
        space.Dispose();
    }

    /// <summary>Forgets what was planned for this session alone.</summary>
    internal void UseOwnPlans() => Commands = new CommandCache(new StatementCache());

    private void Attach(SessionTransaction transaction)
    {
        StorageTransaction main = transaction.Storage;
        TransactionIsolation level = main.Isolation == TransactionIsolation.ReadCommitted ? TransactionIsolation.ReadCommitted : TransactionIsolation.Snapshot;
        main.Attach(Temporary!.Engine.Begin(level, main.IsReadOnly));
    }

    /// <summary>Makes a transaction that began implicitly the explicit one.</summary>
    internal void Adopt(SessionTransaction transaction)
    {
        Transaction = transaction;
        TransactionId = Interlocked.Increment(ref _lastTransactionId);
        _settingsAtBegin = _sessionSettings;
    }

    internal string? CurrentSchema(CatalogSnapshot catalog)
    {
        foreach (string schema in Settings.SearchPath)
        {
            if (catalog.FindSchema(schema) is { } found)
                return found.Name;
        }

        return null;
    }

    /// <summary>The services of a writing statement; kept while the catalog stays the same.</summary>
    internal WriteServices Writes(SessionTransaction transaction, CatalogSnapshot catalog)
    {
        if (!transaction.HasOwnCatalog && _writeServices is { } known && ReferenceEquals(known.Catalog, catalog))
            return known;
        IReadOnlyList<string> path = Settings.SearchPath;
        CatalogEditor? editor = transaction.HasOwnCatalog ? transaction.Editor : null;
        WriteServices services = new()
        {
            Catalog = catalog,
            Store = Database.Catalog,
            BindTable = table => TableBindings.For(table, catalog, path),
            BindDefault = (table, column) => column.DefaultSql is null ? null : TableBinder.BindDefault(table, column, catalog, path),
            IsChangedHere = editor is null ? static id => Data.Catalog.Temporary.IsTemporary(id) : id => Data.Catalog.Temporary.IsTemporary(id) || editor.HasChanged(id),
        };
        if (editor is null)
            _writeServices = services;
        return services;
    }

    /// <summary>Keeps the rows that open readers of a transaction have still to give, because its state is about to move on.</summary>
    internal void KeepRows(SessionTransaction transaction, CommandExecution? except)
    {
        foreach (CommandExecution execution in _open)
        {
            if (execution != except)
                execution.KeepRows(transaction);
        }
    }

    /// <summary>
    /// Says that a serializable transaction failed because of others. After several failures in a row the next one locks the tables that the last one
    /// used before it takes its snapshot, so that it gets through.
    /// </summary>
    internal void NoteFailure(SessionTransaction transaction, Exception e)
    {
        if (e is not (StorageException { Code: StorageErrorCode.SerializationFailure } or BareMetalException { SqlState: SqlStates.SerializationFailure })
            || transaction.Storage.Isolation != TransactionIsolation.Serializable)
        {
            return;
        }

        if (++_serializationFailures >= FailuresBeforeLocks)
            _locksForRetry = transaction.Storage.LocksForRetry();
    }

    /// <summary>Says that a transaction was committed.</summary>
    internal void NoteSuccess(SessionTransaction transaction)
    {
        if (Temporary is not null && transaction.Editor is { Changes.Count: > 0 } editor && Temporary.Accept(editor.Changes))
        {
            _writeServices = null;
            UseOwnPlans();
        }

        if (transaction.Storage.Isolation != TransactionIsolation.Serializable)
            return;
        _serializationFailures = 0;
        _locksForRetry = null;
    }

    /// <summary>Before the first statement of a transaction: takes the locks of one that failed several times.</summary>
    internal void LockForRetry(SessionTransaction transaction, CancellationToken cancellation)
    {
        if (_locksForRetry is null || transaction.Storage.Isolation != TransactionIsolation.Serializable || transaction.Storage.IsReadOnly)
            return;
        foreach ((TreeId tree, LockMode mode) in _locksForRetry)
            transaction.Storage.LockTree(tree, mode, Settings.LockTimeout, cancellation);
        transaction.Storage.RenewSnapshot();
    }

    internal void Enter(CommandExecution execution)
    {
        if (_depth++ == 0)
        {
            // Who ends the transaction from outside is done in a moment.
            SpinWait spin = default;
            while (Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
                spin.SpinOnce();
        }

        Volatile.Write(ref _running, execution);
    }

    internal void Exit()
    {
        Volatile.Write(ref _running, null);
        if (--_depth > 0)
            return;
        Interlocked.Exchange(ref _busy, 0);
        if (Volatile.Read(ref _whenIdle) is not null)
            RunWhenIdle();
    }

    /// <summary>
    /// Does something with the session, called by a thread that is not the one that uses it: now when nothing runs, else when what runs has ended, which
    /// is told to stop.
    /// </summary>
    internal void WhenIdle(Action action)
    {
        Volatile.Write(ref _whenIdle, action);
        RunWhenIdle();
    }

    private void RunWhenIdle()
    {
        if (Interlocked.CompareExchange(ref _busy, 2, 0) != 0)
        {
            Cancel();
            return;
        }

        try
        {
            Interlocked.Exchange(ref _whenIdle, null)?.Invoke();
        }
        finally
        {
            Interlocked.Exchange(ref _busy, 0);
        }
    }

    internal void CheckDeadline(long now) => Volatile.Read(ref _running)?.CheckDeadline(now);

    /// <summary>How many routines are running within one another.</summary>
    internal int RoutineDepth { get; set; }

    /// <summary>An execution for a function that a running statement calls.</summary>
    internal CommandExecution RentInner() => _free.Count > 0 ? _free.Pop() : new CommandExecution(this);

    /// <summary>Takes back what <see cref="RentInner"/> gave.</summary>
    internal void ReturnInner(CommandExecution execution)
    {
        if (_free.Count < 4 && !_disposed)
            _free.Push(execution);
    }

    internal void Return(CommandExecution execution)
    {
        _open.Remove(execution);
        if (_free.Count < 4 && !_disposed)
            _free.Push(execution);
    }

    private static IsolationMode ToMode(TransactionIsolation level) => level switch
    {
        TransactionIsolation.Snapshot => IsolationMode.Snapshot,
        TransactionIsolation.Serializable => IsolationMode.Serializable,
        _ => IsolationMode.ReadCommitted,
    };

    private static void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (StorageException e)
        {
            throw StorageErrors.Map(e);
        }
    }

    private SessionTransaction Required() => Transaction ?? throw new InvalidOperationException("No transaction is open on this session.");

    /// <summary>Takes the explicit transaction out of the session, to be committed.</summary>
    internal SessionTransaction TakeForCommit()
    {
        SessionTransaction transaction = Required();
        EnsureNotWaiting();
        if (transaction.HasFailed)
        {
            Rollback();
            throw Failed();
        }

        KeepRows(transaction, null);
        foreach (CommandExecution execution in _open)
            execution.Detach(transaction);
        transaction.CommitDurability = transaction.Durability ?? Settings.Durability;
        EndTransaction(committed: true);
        return transaction;
    }

    private void EndTransaction(bool committed)
    {
        if (!committed && _settingsAtBegin is not null)
            _sessionSettings = _settingsAtBegin;
        Settings = _sessionSettings;
        _settingsAtBegin = null;
        Transaction = null;
        TransactionId = 0;
    }

    private void Invalidate(SessionTransaction transaction)
    {
        foreach (CommandExecution execution in _open)
            execution.Invalidate(transaction);
    }

    private void EndAll()
    {
        // A command that waits is told to stop; it ends on another thread, in a moment.
        while (IsWaiting)
        {
            Cancel();
            Thread.Sleep(1);
        }

        for (int i = _open.Count - 1; i >= 0; i--)
            _open[i].Abandon();
        _open.Clear();
        if (Transaction is { } transaction)
        {
            EndTransaction(committed: false);
            transaction.Storage.Dispose();
        }

        AdvisoryLocks.ReleaseAll();
        CurrentSequenceValues.Clear();
        DropTemporary();
    }

    private void EnsureNotWaiting()
    {
        if (IsWaiting)
            throw new InvalidOperationException("An asynchronous command of this connection waits for a lock. Await or cancel it first, or use another connection.");
    }

    private void EnsureOpen() => ObjectDisposedException.ThrowIf(_disposed, this);
}
