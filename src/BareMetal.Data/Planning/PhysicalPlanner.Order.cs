using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Planning.Rules;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <remarks>Windows, order, limits and DISTINCT.</remarks>
internal sealed partial class PhysicalPlanner
{
    private WindowNode PlanWindow(LogicalWindow window)
    {
        List<SortKey> keys = [.. window.PartitionBy.Select(p => new SortKey(RewriteGrouping(p), false, true)), .. window.OrderBy.Select(k => k with { Expression = RewriteGrouping(k.Expression) })];
        PlanNode input = PlanOrdered(window.Input, keys, 0);
        return new WindowNode(input, window)
        {
            Rows = input.Rows,
            Cost = input.Cost + (input.Rows * 0.2 * window.Functions.Count),
            Ordering = input.Ordering,
        };
    }

    /// <summary>Plans an input and sorts it unless it comes in order.</summary>
    private PlanNode PlanOrdered(LogicalOperator op, IReadOnlyList<SortKey> keys, double rowGoal)
    {
        IReadOnlyList<OrderItem>? wanted = AsOrdering(keys);
        PlanNode input = Plan(op, new PlanRequest(wanted ?? [], wanted is null ? 0 : rowGoal));
        if (keys.Count == 0 || (wanted is not null && Covers(input.Ordering, wanted)))
            return input;
        foreach (SortKey key in keys)
            PlanSubqueries(key.Expression, input.Rows);
        return new SortNode(input, [.. keys.Select(k => k with { Expression = RewriteGrouping(k.Expression) })])
        {
            Rows = input.Rows,
            Cost = input.Cost + SortCost(input.Rows),
            Ordering = wanted ?? [],
        };
    }

    private static IReadOnlyList<OrderItem>? AsOrdering(IReadOnlyList<SortKey> keys)
    {
        OrderItem[] items = new OrderItem[keys.Count];
        for (int i = 0; i < items.Length; i++)
        {
            if (keys[i].Expression is not BoundColumn column)
                return null;
            items[i] = new OrderItem(column.Column, keys[i].Descending, keys[i].NullsFirst);
        }

        return items;
    }

    private PlanNode PlanSort(LogicalSort sort, PlanRequest request, LogicalLimit? limit)
    {
        List<SortKey> keys = [.. sort.Keys.Where(k => k.Expression is not (BoundConstant or BoundParameter))];
        double goal = limit is null ? request.RowGoal : GoalOf(limit, request);
        IReadOnlyList<OrderItem>? wanted = AsOrdering(keys);
        PlanNode input = Plan(sort.Input, new PlanRequest(wanted ?? [], wanted is null ? 0 : goal));
        bool ordered = keys.Count == 0 || (wanted is not null && Covers(input.Ordering, wanted));
        if (!ordered)
        {
            foreach (SortKey key in keys)
                PlanSubqueries(key.Expression, input.Rows);
            keys = [.. keys.Select(k => k with { Expression = RewriteGrouping(k.Expression) })];
        }

        if (limit is null)
            return ordered ? input : new SortNode(input, keys) { Rows = input.Rows, Cost = input.Cost + SortCost(input.Rows), Ordering = wanted ?? [] };
        double rows = Math.Min(input.Rows, goal > 0 ? goal : input.Rows);
        if (ordered)
            return new LimitNode(input, limit.Limit, limit.Offset, limit.WithTies ? keys : []) { Rows = rows, Cost = input.Cost * Math.Min(1, rows / Math.Max(input.Rows, 1)), Ordering = input.Ordering };
        if (limit.WithTies || limit.Limit is null)
        {
            SortNode sorted = new(input, keys) { Rows = input.Rows, Cost = input.Cost + SortCost(input.Rows), Ordering = wanted ?? [] };
            return new LimitNode(sorted, limit.Limit, limit.Offset, limit.WithTies ? keys : []) { Rows = rows, Cost = sorted.Cost, Ordering = sorted.Ordering };
        }

        return new TopNode(input, keys, limit.Limit, limit.Offset) { Rows = rows, Cost = input.Cost + (input.Rows * 0.05) + SortCost(rows), Ordering = wanted ?? [] };
    }

    /// <summary>About how many rows a limit takes; 0 when it is not known to be few.</summary>
    private double GoalOf(LogicalLimit limit, PlanRequest request)
    {
        if (limit.Limit is null)
            return request.RowGoal;
        double? rows = _cardinality.LimitRows(limit.Limit) ?? (limit.Limit is BoundParameter or BoundCast ? 50 : null);
        double? skip = limit.Offset is null ? 0 : _cardinality.LimitRows(limit.Offset) ?? (limit.Offset is BoundConstant ? null : 50);
        return rows is null || skip is null ? request.RowGoal : Math.Max(1, rows.Value + skip.Value);
    }

    private PlanNode PlanLimit(LogicalLimit limit, PlanRequest request)
    {
        switch (limit.Input)
        {
            case LogicalSort sort:
                return PlanSort(sort, request, limit);
            case LogicalProject { Input: LogicalSort below } project when !limit.WithTies:
                // The projection costs less over the rows that are left.
                return PlanProject(new LogicalProject(new LogicalLimit(below, limit.Limit, limit.Offset), project.Items), request);
        }

        double goal = GoalOf(limit, request);
        PlanNode input = Plan(limit.Input, new PlanRequest(request.Ordering, goal));
        double rows = goal > 0 ? Math.Min(goal, input.Rows) : input.Rows;
        return new LimitNode(input, limit.Limit, limit.Offset, []) { Rows = rows, Cost = input.Cost * Math.Min(1, rows / Math.Max(input.Rows, 1)), Ordering = input.Ordering };
    }

    private PlanNode PlanDistinct(LogicalDistinct distinct, PlanRequest request)
    {
        IReadOnlyList<BoundExpression> keys = distinct.On ?? [.. distinct.Input.Output.Select(c => (BoundExpression)new BoundColumn(c))];
        if (distinct.On is null && TryLoose(keys, distinct.Input) is { } loose)
            return Arrange(loose, distinct.Input.Output);
        LogicalOperator source = distinct.Input;
        if (distinct.On is not null && source is LogicalSort sort && sort.Keys.Count < keys.Count)
        {
            // Fewer sort keys than distinct ones: the others decide among equals, so that the result keeps the order that was asked for.
            List<SortKey> all = [.. sort.Keys];
            foreach (BoundExpression key in keys)
            {
                if (!all.Any(s => ExpressionTools.AreSame(s.Expression, key)))
                    all.Add(new SortKey(key, false, false));
            }

            source = new LogicalSort(sort.Input, all);
        }

        PlanNode input = Plan(source, distinct.On is null ? new PlanRequest(request.Ordering, 0) : PlanRequest.None);
        bool sorted = keys.Count <= input.Ordering.Count;
        HashSet<PlanColumn> leading = [];
        for (int i = 0; i < keys.Count && sorted; i++)
            leading.Add(input.Ordering[i].Column);
        foreach (BoundExpression key in keys)
            sorted &= key is BoundColumn column && leading.Contains(column.Column);

        // DISTINCT ON takes the first row of each key in the order of its input, which a sort by other expressions may have made.
        if (distinct.On is not null && !sorted && source is LogicalSort { Keys: var sortKeys } && sortKeys.Count >= keys.Count)
            sorted = keys.All(k => sortKeys.Take(keys.Count).Any(s => ExpressionTools.AreSame(s.Expression, k)));
        return new DistinctNode(input, [.. keys.Select(RewriteGrouping)], sorted)
        {
            Rows = _cardinality.Estimate(distinct),
            Cost = input.Cost + (input.Rows * (sorted ? 0.03 : 0.1)),

            // Keys that a hash table has no room for come later, out of order.
            Ordering = sorted ? input.Ordering : [],
        };
    }
}
