namespace BareMetal.Data.Storage.Pages;

/// <summary>How a page store is set up.</summary>
internal sealed record PageStoreOptions
{
    /// <summary>Bytes per page: a power of two from 4,096 to 65,536. 8,192 by default.</summary>
    public int PageSize { get; init; } = PageFormat.DefaultPageSize;

    /// <summary>Bytes of memory for pages. 64 MiB by default; at least 16 pages.</summary>
    public long CacheBytes { get; init; } = 64L << 20;

    /// <summary>Pages of the data file by its header: what counts when the first allocation map can't be read. 0: it must be readable.</summary>
    public ulong PageCount { get; init; }

    /// <summary>The database's id, which every page's checksum covers.</summary>
    public Guid DatabaseId { get; init; }

    /// <summary>The name of the temporary file for images that do not fit in memory.</summary>
    public string SpillName { get; init; } = "bmdb-spill";

    /// <summary>The most bytes that the temporary file may take. 1 TiB by default.</summary>
    public long SpillLimitBytes { get; init; } = 1L << 40;

    /// <summary>For tests only: rules that are broken on purpose. Null in production.</summary>
    public EngineFaults? Faults { get; init; }

    /// <summary>Encrypts pages for storage; null when the database is not encrypted.</summary>
    public Encryption.DatabaseCipher? Cipher { get; init; }

    /// <summary>The most bytes of superseded page images that are kept for snapshots; beyond it the oldest snapshots are given up. 4 GiB by default.</summary>
    public long VersionLimitBytes { get; init; } = 4L << 30;

    /// <summary>How long a caller waits for a page buffer while all of them are pinned, before it fails. 10 seconds by default.</summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
