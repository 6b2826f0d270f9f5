namespace BareMetal.Data.Storage.Log;

/// <summary>Who holds the log. The numbers are part of the format of the fences' file.</summary>
internal enum LogFenceKind : byte
{
    /// <summary>A backup in progress.</summary>
    Backup = 1,

    /// <summary>The archive of the log.</summary>
    Archive = 2,

    /// <summary>A consumer of changes: a feed, a replica.</summary>
    Consumer = 3,
}

/// <summary>
/// One holder's claim on the log: extents from its position on are not used again, until it moves on, lets go, or holds more than its
/// limit and is dropped. Its members change under <see cref="LogExtents.Gate"/>.
/// </summary>
internal sealed class LogFence(string name, LogFenceKind kind, bool isDurable, long limitBytes, LogPoint position, Lsn lsn)
{
    /// <summary>The holder's name; unique among durable fences.</summary>
    public string Name { get; } = name;

    /// <summary>What the holder is.</summary>
    public LogFenceKind Kind { get; } = kind;

    /// <summary>Whether it outlives the process that set it.</summary>
    public bool IsDurable { get; } = isDurable;

    /// <summary>Bytes of extents that it may keep from being used again.</summary>
    public long LimitBytes { get; set; } = limitBytes;

    /// <summary>The group from which the holder still has to read.</summary>
    public LogPoint Position { get; set; } = position;

    /// <summary>The last commit that the holder has.</summary>
    public Lsn Lsn { get; set; } = lsn;

    /// <summary>Why the fence no longer holds anything; null while it does.</summary>
    public string? DroppedBecause { get; set; }

    /// <summary>Whether the log behind it may be gone.</summary>
    public bool IsDropped => DroppedBecause is not null;

    /// <summary>Makes sure that the holder's log is still there.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LogReleased"/>: it is not.</exception>
    public void ThrowIfDropped()
    {
        if (DroppedBecause is { } why)
        {
            throw new StorageException(
                StorageErrorCode.LogReleased,
                $"The log is no longer held for {Describe()} after {Lsn}: {why} Begin again from a new backup, or raise the limit.");
        }
    }

    /// <summary>The holder in words.</summary>
    public string Describe() => Kind switch
    {
        LogFenceKind.Backup => $"the backup \"{Name}\"",
        LogFenceKind.Archive => $"the archive \"{Name}\"",
        _ => $"the consumer \"{Name}\"",
    };
}
