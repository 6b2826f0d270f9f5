using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Recovery;

/// <summary>What a database is opened with, below the public options.</summary>
internal sealed record DatabaseSettings
{
    /// <summary>Sizes of the log.</summary>
    public LogSettings Log { get; init; } = new();

    /// <summary>What opens the database when it is encrypted, or encrypts it when it is made now.</summary>
    public EncryptionKey? Key { get; init; }

    /// <summary>Bytes per page of a database that is made now.</summary>
    public int PageSize { get; init; } = 8192;

    /// <summary>Bytes of memory for pages.</summary>
    public long CacheBytes { get; init; } = 64L << 20;

    /// <summary>The most bytes of page images that do not fit in memory: transactions' changes and versions for old snapshots. 1 TiB by default.</summary>
    public long SpillLimitBytes { get; init; } = 1L << 40;

    /// <summary>The most bytes of old page versions for snapshots; beyond it the oldest snapshots are given up. 4 GiB by default.</summary>
    public long VersionLimitBytes { get; init; } = 4L << 30;

    /// <summary>How many leaves a serializable transaction notes one by one; beyond it whole trees. 65,536 by default.</summary>
    public int SerializableReadLimit { get; init; } = 65_536;

    /// <summary>
    /// How many changes of a transaction a rollback to a statement or savepoint may undo one by one; more of them are kept apart, to be dropped at once.
    /// 16,384 by default.
    /// </summary>
    public int UndoInterval { get; init; } = 16_384;

    /// <summary>How long a caller waits for a page buffer while all of them are pinned. 10 seconds by default.</summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Log bytes after which a checkpoint is started.</summary>
    public long CheckpointLogBytes { get; init; } = 64L << 20;

    /// <summary>Bytes of changed pages after which a checkpoint is started; above twice that writers wait for it. 0: three eighths of the cache.</summary>
    public long CheckpointDirtyBytes { get; init; }

    /// <summary>Bytes of a checkpoint between flushes, after which it may rest.</summary>
    public long CheckpointPaceBytes { get; init; } = 1 << 20;

    /// <summary>The most that a checkpoint writes in a second on average. 0: as much as leaves half of the storage's time to commits.</summary>
    public long CheckpointBytesPerSecond { get; init; }

    /// <summary>A checkpoint file up to this size is kept for the next one. 0: as many as start a checkpoint, at least 64 MiB.</summary>
    public long KeptCheckpointBytes { get; init; }

    /// <summary>Whether nothing is written: only a database that was closed cleanly can be opened, and no commit is taken.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether checkpoints start by themselves.</summary>
    public bool AutomaticCheckpoints { get; init; } = true;
}
