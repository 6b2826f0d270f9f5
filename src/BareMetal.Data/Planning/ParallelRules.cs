using BareMetal.Data.Binding;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning;

/// <summary>A scan that may be divided among threads.</summary>
/// <param name="Scan">Which.</param>
/// <param name="MaxParts">Into how many parts at most.</param>
internal sealed record DividedScan(ScanNode Scan, int MaxParts);

/// <summary>
/// Says which aggregations may be divided among threads: those whose result does not depend on how. Sums of binary floating point do, by their
/// rounding; functions of users may not expect several threads; what is volatile or shared by the whole statement is left to one thread.
/// </summary>
internal static class ParallelRules
{
    private const int MaxParts = 64;

    /// <summary>The scan to divide, or null.</summary>
    /// <param name="aggregate">The aggregation.</param>
    /// <param name="input">The plan of its input.</param>
    /// <param name="partRows">Rows for which a thread is worth its beginning; the table must have twice as many.</param>
    public static DividedScan? FindDivided(LogicalAggregate aggregate, PlanNode input, long partRows)
    {
        if (input.Divisible is not { } scan || scan.TableRows / 2 < partRows)
            return null;
        foreach (AggregateItem item in aggregate.Aggregates)
        {
            if (!IsMergeable(item.Aggregate))
                return null;
        }

        bool suits = true;
        Visit(aggregate);
        return suits && LogicalTools.FreeColumns(aggregate).Count == 0 ? new DividedScan(scan, (int)Math.Min(scan.TableRows / partRows, MaxParts)) : null;

        void Visit(LogicalOperator op)
        {
            suits &= op is not (LogicalCteReference or LogicalWith or LogicalTableFunction or LogicalLockRows) && !LogicalTools.IsWrite(op);
            LogicalTools.VisitExpressions(op, e => suits = suits && !ExpressionTools.Any(e, IsSingleThreaded));
            foreach (LogicalOperator below in LogicalTools.Inputs(op))
            {
                if (suits)
                    Visit(below);
            }
        }
    }

    private static bool IsMergeable(BoundAggregate aggregate)
    {
        AggregateFunction function = aggregate.Function;
        if (function.IsUserCode || function.IsOrderedSet || function.IsOrderSensitive || aggregate.OrderBy.Count > 0 || (aggregate.IsDistinct && function.IsDuplicateSensitive))
            return false;
        switch (function.Name)
        {
            case "sum" or "avg":
                return aggregate.Arguments[0].Type.Kind is not (SqlTypeKind.Real or SqlTypeKind.Double);
            case "count" or "min" or "max" or "bool_and" or "bool_or" or "every" or "bit_and" or "bit_or" or "bit_xor":
                return true;
            default:
                return false;
        }
    }

    private static bool IsSingleThreaded(BoundExpression expression) =>
        expression is BoundSubquery || (expression is BoundCall { Function: var function } && (function.IsUserCode || function.Volatility == Volatility.Volatile));
}
