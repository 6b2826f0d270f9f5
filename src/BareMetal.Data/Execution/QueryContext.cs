using BareMetal.Data.Functions;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution;

/// <summary>
/// What a running statement has at hand. One object per open statement; a session keeps and refills it, so that a repeated statement
/// allocates nothing.
/// </summary>
internal sealed class QueryContext
{
    /// <summary>Clock, time zone, sequences and settings for functions. Set by the session before Open.</summary>
    public FunctionContext Functions { get; set; } = null!;

    /// <summary>Parameter values by index, each already of the type that the plan's parameter has.</summary>
    public Value[] Parameters { get; set; } = [];

    /// <summary>The transaction whose current statement this is. Null only for expressions that read no table.</summary>
    public StorageTransaction? Transaction { get; set; }

    /// <summary>Set by a scan that locked a row newer than the statement's snapshot: undo the statement, take a new snapshot, run it again.</summary>
    public bool IsRestartNeeded { get; set; }

    /// <summary>How long row locks are waited for; null takes the database's default.</summary>
    public TimeSpan? LockTimeout { get; set; }

    public CancellationToken Cancellation { get; set; }

    /// <summary>Number of the current opening of the plan instance: what was computed from parameters is valid while it stays.</summary>
    public long RunNumber { get; internal set; }

    /// <summary>Rows that a batch holds at most.</summary>
    public int BatchSize { get; set; } = Batch.DefaultSize;

    public MemoryBudget Memory { get; set; } = new();

    /// <summary>Where operators put what does not fit their memory.</summary>
    public IStorageProvider? Temporary { get; set; }

    /// <summary>Threads that the statement may use; 0 for as many as there are processors.</summary>
    public int MaxParallelism { get; set; } = 1;

    /// <summary>The part of a scan that this context reads when several share it; null: all of it.</summary>
    public Operators.ScanPart? Part { get; set; }

    /// <summary>Parts that parallel operators have read so far.</summary>
    public int PartsRead { get; set; }

    /// <summary>How temporary files' names begin: a name that the database deletes at its next open, should the process die.</summary>
    public string TemporaryPrefix { get; set; } = "bmtemp";

    /// <summary>Whether operators count rows and time for EXPLAIN ANALYZE.</summary>
    public bool IsAnalyzing { get; set; }

    /// <summary>Counts what scans read; the session's.</summary>
    public ScanCounter Scans { get; set; } = new();

    /// <summary>Rows after which a scan without a seek is reported; 0 never.</summary>
    public long FullScanRows { get; set; }

    /// <summary>Told of a scan that has read <see cref="FullScanRows"/> rows to find those that its filter passes.</summary>
    public Action<Operators.ScanSettings, long>? FullScan { get; set; }

    /// <summary>What writing statements need of the session; null when nothing can be written.</summary>
    public Modification.WriteServices? Writes { get; set; }

    /// <summary>Set while several parts of one statement write: what they have to do together at its end.</summary>
    public Modification.StatementWrites? SharedWrites { get; set; }
}
