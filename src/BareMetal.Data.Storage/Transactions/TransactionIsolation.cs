namespace BareMetal.Data.Storage;

/// <summary>How much a transaction sees of others.</summary>
public enum TransactionIsolation
{
    /// <summary>Each statement sees what was committed before it began. The default.</summary>
    ReadCommitted,

    /// <summary>The whole transaction sees one snapshot; changing a row that another changed since is a serialization failure.</summary>
    Snapshot,

    /// <summary>As <see cref="Snapshot"/>, and what was read must be unchanged at commit.</summary>
    Serializable,
}
