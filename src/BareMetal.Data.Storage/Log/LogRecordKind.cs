namespace BareMetal.Data.Storage.Log;

/// <summary>What a record of the log says. The numbers are part of the format.</summary>
internal enum LogRecordKind : byte
{
    /// <summary>A commit: its LSN, time, and its operations or the last part of them.</summary>
    Commit = 1,

    /// <summary>A part of a large transaction's operations, before its commit record.</summary>
    Chunk = 2,

    /// <summary>A counter's high-water mark, outside any transaction.</summary>
    SequenceMark = 3,

    /// <summary>Pages written outside the log by a transaction: tree, root, runs, checksum.</summary>
    Bulk = 4,

    /// <summary>The log begins here: after creation and after recovery.</summary>
    Begin = 5,

    /// <summary>The database was closed cleanly.</summary>
    CleanClose = 6,
}
