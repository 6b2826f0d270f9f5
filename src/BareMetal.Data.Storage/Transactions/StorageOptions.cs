namespace BareMetal.Data.Storage;

/// <summary>How a database is opened.</summary>
public sealed record StorageOptions
{
    /// <summary>Where its files are.</summary>
    public required IStorageProvider Provider { get; init; }

    /// <summary>Name of the data file within the provider; the other files derive theirs from it.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the database must exist, must not, or is made when missing.</summary>
    public StorageFileMode Mode { get; init; } = StorageFileMode.OpenOrCreate;

    /// <summary>
    /// Whether nothing may be written. The database must exist and have been closed cleanly (else <see cref="StorageErrorCode.NeedsRecovery"/>).
    /// Several engines and processes may have it open so at a time, none of them together with one that may write. The files stay as they
    /// are; only a statement that needs more memory than it may have makes a temporary file beside them. Default false.
    /// </summary>
    public bool ReadOnly { get; init; }

    /// <summary>Bytes per page for a database that is made now: a power of two, 4096 to 65536. Default 8192.</summary>
    public int PageSize { get; init; } = 8192;

    /// <summary>Bytes of memory for pages. Default 64 MiB.</summary>
    public long CacheBytes { get; init; } = 64L << 20;

    /// <summary>Durability of commits that do not say. Default <see cref="Durability.Full"/>.</summary>
    public Durability Durability { get; init; }

    /// <summary>How long a lock is waited for. Default 30 s; <see cref="Timeout.InfiniteTimeSpan"/> waits without end.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long another process's hold on the database is waited for. Default 0.</summary>
    public TimeSpan OwnerLockTimeout { get; init; }

    /// <summary>Largest size of the log in bytes before writers are refused (53100). Default 4 GiB.</summary>
    public long MaxLogBytes { get; init; } = 4L << 30;

    /// <summary>Log bytes after which a checkpoint is started. Default 64 MiB.</summary>
    public long CheckpointLogBytes { get; init; } = 64L << 20;

    /// <summary>
    /// Bytes of old page versions that are kept for snapshots. Beyond it the oldest are given up: who reads at one gets
    /// <see cref="StorageErrorCode.SnapshotTooOld"/>. Default 4 GiB.
    /// </summary>
    public long MaxVersionBytes { get; init; } = 4L << 30;

    /// <summary>
    /// Bytes of changed pages after which a checkpoint is started; with twice as many, commits wait until one has ended. Default 0: three eighths of
    /// <see cref="CacheBytes"/>.
    /// </summary>
    public long CheckpointDirtyBytes { get; init; }

    /// <summary>
    /// The most bytes per second that a checkpoint writes while commits go on. Default 0: no fixed limit, but half of the storage's time is left
    /// to commits as long as there are any. A checkpoint that commits wait for does not hold back.
    /// </summary>
    public long CheckpointBytesPerSecond { get; init; }

    /// <summary>Time, randomness and background work; null takes the real ones.</summary>
    internal StorageEnvironment? Environment { get; init; }

    /// <summary>All sizes, in place of those above; for tests.</summary>
    internal Recovery.DatabaseSettings? Settings { get; init; }
}
