namespace BareMetal.Data.Storage;

/// <summary>How a backup is taken.</summary>
public sealed record BackupOptions
{
    /// <summary>Where the backup goes: a folder of its own is best, and one on another device.</summary>
    public required IStorageProvider Target { get; init; }

    /// <summary>The name that the backups of this database share there. Default: the data file's name.</summary>
    public string? Set { get; init; }

    /// <summary>Whether only what changed since an earlier backup is written. Default false: a full backup.</summary>
    public bool Incremental { get; init; }

    /// <summary>Number of the backup that an incremental one builds on. Default 0: the newest.</summary>
    public long Parent { get; init; }

    /// <summary>Bytes per second that are written at most. Default 0: as fast as it goes.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>
    /// Bytes of log that the backup may keep the database from using again; beyond that it is given up, so that it can't fill the disk.
    /// Default 1 GiB.
    /// </summary>
    public long MaxHeldLogBytes { get; init; } = 1L << 30;

    /// <summary>Told how far the backup is, from the thread that takes it.</summary>
    public IProgress<BackupProgress>? Progress { get; init; }

    /// <summary>Pages in a file of the backup at most.</summary>
    internal int PagesPerFile { get; init; } = 1 << 16;

    /// <summary>Bytes between two looks at budget, progress and cancellation.</summary>
    internal long PaceBytes { get; init; } = 1 << 20;
}

/// <summary>How far a backup, a verification or a restore is.</summary>
/// <param name="PagesDone">Pages that were looked at.</param>
/// <param name="PagesTotal">Pages that there are to look at.</param>
/// <param name="BytesDone">Bytes that were written, or read where nothing is written.</param>
public readonly record struct BackupProgress(long PagesDone, long PagesTotal, long BytesDone);
