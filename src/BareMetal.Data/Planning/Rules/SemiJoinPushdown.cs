using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning.Rules;

/// <summary>
/// Moves semi and anti joins below inner joins to the one side that their condition speaks of, where that side is no larger than the join: what
/// they drop need not be joined.
/// </summary>
internal static class SemiJoinPushdown
{
    // A join by a key keeps its rows; estimates of it are off by some.
    private const double Tolerance = 1.5;

    public static LogicalOperator Apply(LogicalOperator plan, Cardinality cardinality)
    {
        LogicalOperator op = LogicalTools.MapInputs(plan, input => Apply(input, cardinality));
        return op is LogicalJoin { Kind: JoinKind.Semi or JoinKind.Anti, IsLateral: false } join && TryPush(join.Left, join, cardinality) is { } pushed ? pushed : op;
    }

    /// <summary>The input with the join somewhere below it; null when it is best where it is.</summary>
    private static LogicalOperator? TryPush(LogicalOperator input, LogicalJoin join, Cardinality cardinality)
    {
        switch (input)
        {
            case LogicalFilter filter:
                return TryPush(filter.Input, join, cardinality) is { } below ? new LogicalFilter(below, filter.Predicate) : null;
            case LogicalJoin { Kind: JoinKind.Inner, IsLateral: false } inner:
            {
                HashSet<PlanColumn> used = ExpressionTools.Columns(join.Condition!);
                used.ExceptWith(join.Right.Output);
                if (used.Count == 0)
                    return null;
                if (used.IsSubsetOf(inner.Left.Output))
                    return Place(inner.Left) is { } left ? new LogicalJoin(JoinKind.Inner, left, inner.Right, inner.Condition) : null;
                if (used.IsSubsetOf(inner.Right.Output))
                    return Place(inner.Right) is { } right ? new LogicalJoin(JoinKind.Inner, inner.Left, right, inner.Condition) : null;
                return null;

                LogicalOperator? Place(LogicalOperator side)
                {
                    if (TryPush(side, join, cardinality) is { } deeper)
                        return deeper;
                    return cardinality.Estimate(side) <= cardinality.Estimate(inner) * Tolerance ? new LogicalJoin(join.Kind, side, join.Right, join.Condition) : null;
                }
            }

            default:
                return null;
        }
    }
}
