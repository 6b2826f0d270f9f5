using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

/// <summary>
/// Where tests break binder, planner and operators on purpose, to see that comparisons notice. All null in production, where each costs a
/// look at a static field when a statement is planned or its operators are made, and nothing when it runs.
/// </summary>
internal static class PlanFaults
{
    /// <summary>Changes what the binder gives, before any rule.</summary>
    public static Func<LogicalOperator, LogicalOperator>? Bound { get; set; }

    /// <summary>Changes what the rules give, for the statement and for each subquery and definition.</summary>
    public static Func<LogicalOperator, LogicalOperator>? Optimized { get; set; }

    /// <summary>Changes what a scan is told to do.</summary>
    public static Func<ScanSettings, ScanSettings>? Scan { get; set; }

    /// <summary>Makes another operator than the node's own; null for the node's own.</summary>
    public static Func<PlanNode, OperatorBuilder, PhysicalOperator?>? Operator { get; set; }
}
