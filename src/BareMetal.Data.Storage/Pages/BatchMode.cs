namespace BareMetal.Data.Storage.Pages;

/// <summary>How a write batch does its work.</summary>
internal enum BatchMode
{
    /// <summary>Changes are prepared first (which may read, wait and fail) and then made without I/O, managed allocation or failure.</summary>
    Prepared,

    /// <summary>
    /// Changes are made at once, with whatever I/O they need, and may fail; the batch is then rolled back whole. For commits too large to
    /// prepare, for DDL, recovery and maintenance. The commit's log record is appended only after its changes are built.
    /// </summary>
    Direct,
}
