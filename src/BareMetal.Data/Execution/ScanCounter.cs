namespace BareMetal.Data.Execution;

/// <summary>Counts rows and index entries that the scans of a session read.</summary>
internal sealed class ScanCounter
{
    /// <summary>Rows and index entries read since the session was made.</summary>
    public long RowsRead { get; set; }
}
