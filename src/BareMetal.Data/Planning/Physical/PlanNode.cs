using BareMetal.Data.Binding;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning;

/// <summary>A column of a known order of rows.</summary>
internal readonly record struct OrderItem(PlanColumn Column, bool Descending, bool NullsFirst)
{
    /// <summary>
    /// What the rows are ordered by when it is no column of theirs but an expression over them, as an index may hold it; the column then only
    /// stands for it.
    /// </summary>
    public BoundExpression? Expression { get; init; }

    /// <summary>Whether both are of the same column or expression.</summary>
    public bool IsOfSame(OrderItem other) =>
        ReferenceEquals(Column, other.Column) || (Expression is not null && other.Expression is not null && ExpressionTools.AreSame(Expression, other.Expression));

    /// <summary>An order by an expression.</summary>
    public static OrderItem Of(BoundExpression expression, bool descending, bool nullsFirst) =>
        new(new PlanColumn(-1, "order", expression.Type, true), descending, nullsFirst) { Expression = expression };
}

/// <summary>
/// A node of a physical plan: the operator to run, its columns, and what the planner expects of it. Immutable once planned; makes
/// running operators for plan instances.
/// </summary>
internal abstract class PlanNode(IReadOnlyList<PlanColumn> output)
{
    /// <summary>Columns of its batches, in order.</summary>
    public IReadOnlyList<PlanColumn> Output { get; } = output;

    /// <summary>Rows expected.</summary>
    public double Rows { get; init; } = 1;

    /// <summary>Expected cost up to the last row, in microseconds or so.</summary>
    public double Cost { get; init; }

    /// <summary>The order in which its rows come, as far as known.</summary>
    public IReadOnlyList<OrderItem> Ordering { get; init; } = [];

    /// <summary>
    /// The scan that may be divided among several runs of the plan, so that their rows together are the plan's; null when there is none.
    /// </summary>
    public virtual ScanNode? Divisible => null;

    public abstract string Name { get; }

    public virtual IReadOnlyList<PlanNode> Inputs => [];

    /// <summary>Properties for EXPLAIN, in order.</summary>
    public virtual void Describe(ExplainProperties properties)
    {
    }

    public SqlType[] Types
    {
        get
        {
            SqlType[] types = new SqlType[Output.Count];
            for (int i = 0; i < types.Length; i++)
                types[i] = Output[i].Type;
            return types;
        }
    }

    /// <summary>Makes the operator and those below it.</summary>
    public PhysicalOperator Build(OperatorBuilder builder)
    {
        PhysicalOperator op = PlanFaults.Operator?.Invoke(this, builder) ?? BuildOperator(builder);
        if (op is IRunScoped scoped)
            builder.RunScoped.Add(scoped);
        if (!builder.IsAnalyzing || op is ModificationOperator)
            return op;
        if (!builder.Counters.TryGetValue(this, out OperatorCounters? counters))
            builder.Counters.Add(this, counters = new OperatorCounters());
        return new CountingOperator(op, counters);
    }

    protected abstract PhysicalOperator BuildOperator(OperatorBuilder builder);
}
