using BareMetal.Data.Catalog;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>
/// A conversation with a database: settings, at most one explicit transaction, any number of open executions. Used by one thread
/// at a time, not bound to any.
/// </summary>
internal sealed class Session : IDisposable
{
    internal Session(Database database, SessionOptions options)
    {
        Database = database;
        Options = options;
    }

    public Database Database { get; }

    /// <summary>The defaults that <see cref="Reset"/> goes back to.</summary>
    public SessionOptions Options { get; private set; }

    /// <summary>Names the explicit transaction now open, begun by BeginTransaction or SQL; 0 when there is none. Never used twice in a process.</summary>
    public long TransactionId { get; private set; }

    /// <summary>Whether an explicit transaction is open.</summary>
    public bool InTransaction => TransactionId != 0;

    /// <summary>Receives RAISE NOTICE and the like: severity and message.</summary>
    public Action<string, string>? Notice { get; set; }

    /// <exception cref="InvalidOperationException">A transaction is open already.</exception>
    public void BeginTransaction(IsolationMode? isolation = null, bool? readOnly = null) => throw Unavailable();

    /// <summary>Commits the explicit transaction; its open executions end.</summary>
    public void Commit() => throw Unavailable();

    public ValueTask CommitAsync(CancellationToken cancellationToken = default) => throw Unavailable();

    /// <summary>Undoes the explicit transaction. Executions open over it throw when they are read.</summary>
    public void Rollback() => throw Unavailable();

    public void CreateSavepoint(string name) => throw Unavailable();

    public void RollbackToSavepoint(string name) => throw Unavailable();

    public void ReleaseSavepoint(string name) => throw Unavailable();

    /// <summary>Splits a command and matches its parameters; cheap when the same string object was prepared before.</summary>
    public PreparedCommand Prepare(string text, ReadOnlySpan<ParameterDeclaration> parameters) => throw Unavailable();

    /// <summary>Begins a command; nothing runs before the first NextResult.</summary>
    /// <param name="command">What <see cref="Prepare"/> gave.</param>
    /// <param name="parameters">One value for each declared parameter; not kept after the execution ends.</param>
    /// <param name="options">Timeout and the like.</param>
    /// <param name="cancellationToken">Stops the command with <see cref="OperationCanceledException"/>.</param>
    public CommandExecution Execute(PreparedCommand command, Value[] parameters, ExecutionOptions options = default, CancellationToken cancellationToken = default) => throw Unavailable();

    /// <summary>Stops what runs on the session, from any thread.</summary>
    public void Cancel()
    {
    }

    /// <summary>Makes the session as new, for its next owner: rolls back, ends executions, releases locks, forgets settings.</summary>
    public void Reset(SessionOptions options) => Options = options;

    public void Dispose()
    {
    }

    /// <summary>The catalog as the session sees it: its transaction's, or the newest one.</summary>
    internal CatalogSnapshot Catalog => throw Unavailable();

    internal bool Advance(CommandExecution execution) => throw Unavailable();

    private static BareMetalException Unavailable() => new(SqlStates.FeatureNotSupported, "The engine does not run statements yet.");
}
