namespace BareMetal.Data.Storage;

/// <summary>What a commit waits for before it is acknowledged.</summary>
public enum Durability
{
    /// <summary>Durable on storage before it is acknowledged or visible. The default.</summary>
    Full,

    /// <summary>Acknowledged when visible; flushed within a bounded delay. A crash may lose the last moments, never half a commit.</summary>
    Normal,

    /// <summary>Acknowledged when visible; flushed when convenient.</summary>
    Off,
}
