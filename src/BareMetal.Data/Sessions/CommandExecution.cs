using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>
/// A running command. Call <see cref="NextResult"/> for each statement in turn, the first included; statements with columns then give
/// batches. INSERT, UPDATE and DELETE have run whole (and in autocommit are committed) when NextResult returns, their RETURNING rows
/// being buffered. Disposing stops the command: statements not reached do not run, an implicit transaction not finished is undone;
/// a reader that must run the rest calls NextResult until it is false.
/// </summary>
internal sealed class CommandExecution : IDisposable
{
    private readonly Session _session;

    internal CommandExecution(Session session) => _session = session;

    /// <summary>The columns of the current statement; empty when it gives no rows.</summary>
    public IReadOnlyList<ResultColumn> Columns { get; private set; } = [];

    /// <summary>Whether the current statement gives rows.</summary>
    public bool HasRows => Columns.Count > 0;

    /// <summary>Rows that the current statement inserted, updated or deleted; −1 for anything else.</summary>
    public long RowsAffected { get; private set; } = -1;

    /// <summary>The index of the current statement in the command, −1 before the first.</summary>
    public int StatementIndex { get; private set; } = -1;

    /// <summary>The batch that the last <see cref="NextBatch"/> gave; valid until the next call.</summary>
    public Batch Current => _current ?? throw new InvalidOperationException("There is no current batch: NextBatch has not returned true.");

    private Batch? _current;

    /// <summary>Moves to the next statement and runs it as far as its first row (writes: whole). False when there is none.</summary>
    public bool NextResult()
    {
        _current = null;
        return _session.Advance(this);
    }

    /// <summary>As <see cref="NextResult"/>, waiting for commits without holding a thread.</summary>
    public ValueTask<bool> NextResultAsync(CancellationToken cancellationToken = default) => new(NextResult());

    /// <summary>Reads the next rows of the current statement. False at the end.</summary>
    public bool NextBatch() => false;

    public void Dispose()
    {
    }
}
