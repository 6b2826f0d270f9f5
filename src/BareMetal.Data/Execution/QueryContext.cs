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

    public CancellationToken Cancellation { get; set; }

    /// <summary>Rows that a batch holds at most.</summary>
    public int BatchSize { get; set; } = Batch.DefaultSize;

    public MemoryBudget Memory { get; set; } = new();

    /// <summary>Where operators put what does not fit their memory.</summary>
    public IStorageProvider? Temporary { get; set; }

    /// <summary>Whether operators count rows and time for EXPLAIN ANALYZE.</summary>
    public bool IsAnalyzing { get; set; }
}
