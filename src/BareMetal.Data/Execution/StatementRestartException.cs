namespace BareMetal.Data.Execution;

/// <summary>
/// A signal, not an error: a Read Committed statement has locked a row that is newer than its snapshot (the lock is kept), or has found
/// that its plan is older than the catalog. The session rewinds the statement, takes a new snapshot and runs it again.
/// </summary>
internal sealed class StatementRestartException : Exception
{
    public static readonly StatementRestartException RowIsNewer = new("A locked row is newer than the statement's snapshot.");

    public static readonly StatementRestartException CatalogIsNewer = new("The statement's plan is older than the catalog.");

    private StatementRestartException(string message)
        : base(message)
    {
    }
}
