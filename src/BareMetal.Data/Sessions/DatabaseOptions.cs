using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Recovery;

namespace BareMetal.Data.Sessions;

/// <summary>How a database is opened. The first opener's options hold for the engine, which all openers of the same place share.</summary>
internal sealed record DatabaseOptions
{
    /// <summary>Path of the data file; for a database in memory its name (empty: a private one).</summary>
    public required string Path { get; init; }

    /// <summary>Whether the database lives in memory only, as long as something refers to it.</summary>
    public bool InMemory { get; init; }

    /// <summary>Storage to use instead of local files; <see cref="Path"/> then names the data file within it.</summary>
    public IStorageProvider? Substrate { get; init; }

    /// <summary>Whether a missing database is made.</summary>
    public bool CreateIfMissing { get; init; } = true;

    /// <summary>Whether the database is opened for reading only.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Bytes per page when the database is made; 4 to 64 KiB, a power of two.</summary>
    public int PageSize { get; init; } = 8192;

    /// <summary>Bytes of memory for pages.</summary>
    public long CacheSize { get; init; } = 256L << 20;

    /// <summary>Bytes that the log may take; 0 is unlimited.</summary>
    public long MaxLogSize { get; init; }

    /// <summary>Bytes of old page versions that are kept for long-running readers; 0 takes the default.</summary>
    public long MaxVersionSize { get; init; }

    /// <summary>Bytes of log after which a checkpoint is started; 0 takes the default.</summary>
    public long CheckpointSize { get; init; }

    /// <summary>Bytes per second that a checkpoint writes while commits go on; 0 for no fixed limit.</summary>
    public long CheckpointRate { get; init; }

    /// <summary>Per cent of a table's rows that must change before its statistics are collected anew; 0 for never by itself.</summary>
    public int AnalyzeThreshold { get; init; } = 10;

    /// <summary>How long to wait for another process that holds the database.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What opens the database when it is encrypted, or encrypts it when it is made; null when it is not encrypted.</summary>
    public EncryptionKey? Key { get; init; }

    /// <summary>Folders that hold the database too; empty when it is not mirrored.</summary>
    public IReadOnlyList<string> MirrorPaths { get; init; } = [];

    /// <summary>False turns the planner's rewrite rules off: tests compare both.</summary>
    public bool Optimize { get; init; } = true;

    /// <summary>Whether to open although a side of the mirror is missing that was current.</summary>
    public bool MirrorDegraded { get; init; }

    /// <summary>Whether sides that are out of date are rebuilt after opening.</summary>
    public bool MirrorRebuild { get; init; } = true;

    /// <summary>Clock, random numbers and background work of the engine, when they are not the system's.</summary>
    public StorageEnvironment? Environment { get; init; }

    /// <summary>Settings of the storage layer that replace those that follow from the other options.</summary>
    public DatabaseSettings? Settings { get; init; }
}
