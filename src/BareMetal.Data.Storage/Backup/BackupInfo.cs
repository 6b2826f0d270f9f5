namespace BareMetal.Data.Storage;

/// <summary>A complete backup.</summary>
public sealed record BackupInfo
{
    /// <summary>Its number within its set, from 1.</summary>
    public required long Number { get; init; }

    /// <summary>The name of its manifest; its other files begin with it.</summary>
    public required string Name { get; init; }

    /// <summary>What is wrong with its manifest; null when nothing is. Nothing below is known then.</summary>
    public string? Problem { get; init; }

    /// <summary>Its id.</summary>
    public Guid Id { get; init; }

    /// <summary>The number of the backup that it builds on; 0 for a full one.</summary>
    public long ParentNumber { get; init; }

    /// <summary>The id of that backup.</summary>
    public Guid ParentId { get; init; }

    /// <summary>Whether it holds only what changed since its parent.</summary>
    public bool IsIncremental => ParentNumber != 0;

    /// <summary>The database's id.</summary>
    public Guid DatabaseId { get; init; }

    /// <summary>The database's timeline: each restore begins another.</summary>
    public Guid TimelineId { get; init; }

    /// <summary>Pages changed after this LSN are in it; zero for a full one.</summary>
    public Lsn From { get; init; }

    /// <summary>Its pages are those of this LSN: nothing before it can be restored from this backup.</summary>
    public Lsn Cut { get; init; }

    /// <summary>Its own log goes up to here: what it restores to when nothing else is asked for.</summary>
    public Lsn End { get; init; }

    /// <summary>When it was cut.</summary>
    public DateTimeOffset CutTime { get; init; }

    /// <summary>The time of <see cref="End"/>.</summary>
    public DateTimeOffset EndTime { get; init; }

    /// <summary>Bytes per page.</summary>
    public int PageSize { get; init; }

    /// <summary>Pages in it.</summary>
    public long Pages { get; init; }

    /// <summary>Pages of the database, free ones included.</summary>
    public long DatabasePages { get; init; }

    /// <summary>Bytes of all its files.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether it is encrypted: as the database was, with the same passphrase or key as then.</summary>
    public bool IsEncrypted => Encryption is not null;

    /// <summary>How it is encrypted; null when it is not.</summary>
    internal Encryption.EncryptionSlot? Encryption { get; init; }

    /// <summary>Files with pages.</summary>
    internal int PageFiles { get; init; }

    /// <summary>When the database was made, UTC ticks.</summary>
    internal long CreatedUtcTicks { get; init; }

    /// <summary>The id in its log's file.</summary>
    internal ulong LogFileId { get; init; }

    /// <summary>Names a file with pages.</summary>
    internal string PagesName(int index) => $"{Name}-pages-{index:d5}";

    /// <summary>The name of its log.</summary>
    internal string LogName => Name + "-log";

    /// <summary>What the headers of its page files carry, so that none of another backup passes.</summary>
    internal ulong Tag => BitConverter.ToUInt64(Id.ToByteArray());

    /// <inheritdoc/>
    public override string ToString() => Problem is { } problem
        ? $"backup {Number}: {problem}"
        : $"backup {Number}: {(IsIncremental ? $"incremental to {ParentNumber}" : "full")}, LSN {Cut} to {End}, {EndTime:u}, {Pages} pages, {Bytes} bytes";
}
