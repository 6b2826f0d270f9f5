namespace BareMetal.Data.Sessions;

/// <summary>The isolation levels that the engine has. Read uncommitted is read committed, repeatable read is snapshot.</summary>
internal enum IsolationMode
{
    /// <summary>A snapshot per statement.</summary>
    ReadCommitted,

    /// <summary>A snapshot per transaction; the first updater wins.</summary>
    Snapshot,

    /// <summary>As snapshot, and what was read must be unchanged at commit.</summary>
    Serializable,
}
