using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;

namespace BareMetal.Data.Execution.Operators;

/// <summary>One aggregate of a running aggregation.</summary>
internal sealed class AggregateCall
{
    public required Evaluator[] Arguments { get; init; }

    public required Func<Accumulator> CreateAccumulator { get; init; }

    public bool IsDistinct { get; init; }

    public Evaluator? Filter { get; init; }

    /// <summary>Order in which rows are added; the keys of ordered-set aggregates are also their last arguments.</summary>
    public Evaluator[] OrderKeys { get; init; } = [];

    public SortDirection[] OrderDirections { get; init; } = [];

    public required SqlType Type { get; init; }
}
