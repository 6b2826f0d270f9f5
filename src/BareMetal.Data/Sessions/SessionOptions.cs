using BareMetal.Data.Functions;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>Defaults of a session; SET changes them until the session is reset.</summary>
internal sealed record SessionOptions
{
    public static readonly SessionOptions Default = new();

    /// <summary>How long a lock is waited for; infinite with <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a statement may run; zero is unlimited. A command's own timeout counts as well.</summary>
    public TimeSpan StatementTimeout { get; init; }

    /// <summary>The level of transactions that name none.</summary>
    public IsolationMode DefaultIsolation { get; init; }

    /// <summary>Whether transactions only read unless they say otherwise.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>What commits wait for.</summary>
    public Durability Durability { get; init; }

    /// <summary>What statements may call: the engine's functions, and those that the data source adds.</summary>
    public FunctionRegistry Functions { get; init; } = FunctionRegistry.Default;

    /// <summary>Rows per batch.</summary>
    public int BatchSize { get; init; } = Batch.DefaultSize;

    /// <summary>Rows after which a scan without an index is reported to <see cref="Session.FullScan"/>; 0 never.</summary>
    public long FullScanRows { get; init; } = 100_000;

    /// <summary>Threads that each statement may use; 0 for as many as there are processors.</summary>
    public int MaxParallelism { get; init; }

    /// <summary>Whether COPY may read and write files of this machine.</summary>
    public bool CopyFiles { get; init; }

    /// <summary>Bytes that each statement may hold before it spills.</summary>
    public long WorkMemory { get; init; } = 64L << 20;
}
