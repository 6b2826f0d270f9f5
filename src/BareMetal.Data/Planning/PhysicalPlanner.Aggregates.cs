using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Planning.Rules;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <remarks>Groups and aggregates.</remarks>
internal sealed partial class PhysicalPlanner
{
    private PlanNode PlanAggregate(LogicalAggregate aggregate)
    {
        if (aggregate.GroupingSets is null && aggregate.Keys.Count == 0 && TryEnds(aggregate) is { } ends)
            return ends;
        if (aggregate.Aggregates.Count == 0 && TryLoose([.. aggregate.Keys.Select(k => k.Expression)], aggregate.Input) is { } loose && aggregate.GroupingSets is null)
            return new ProjectNode(loose, [.. aggregate.Keys.Select(k => k.Expression)], aggregate.Output) { Rows = loose.Rows, Cost = loose.Cost };
        PlanNode input = Plan(aggregate.Input, PlanRequest.None);
        List<PlanColumn> output = [.. aggregate.Output];
        if (aggregate.GroupingSets is not null)
        {
            // Planned again for another request, it is still the same column to those above, whichever of the plans they take.
            PlanColumn number = aggregate.Keys.Count > 0 && _groupingKeys.TryGetValue(aggregate.Keys[0].Column, out (PlanColumn Number, LogicalAggregate Aggregate) known)
                && ReferenceEquals(known.Aggregate.GroupingSets, aggregate.GroupingSets)
                    ? known.Number
                    : new(-1 - _groupingKeys.Count, "grouping set", SqlType.Integer, false);
            output.Add(number);
            foreach (ProjectItem key in aggregate.Keys)
                _groupingKeys[key.Column] = (number, aggregate);
        }

        double rows = _cardinality.Estimate(aggregate);
        double adding = input.Rows * (0.03 + (0.03 * aggregate.Aggregates.Count));
        bool sorted = IsGrouped(aggregate, input);
        double cost = input.Cost + adding + (sorted ? input.Rows * SortedGroupCost : GroupCost(aggregate, input.Rows, rows));
        if (!sorted && FindSeekableScan(aggregate.Input, [], out _) is not null && WantedOrder(aggregate) is { } wanted)
        {
            // An index that gives the groups in order may cost more than a scan and save the table of groups.
            PlanNode ordered = Plan(aggregate.Input, new PlanRequest(wanted, 0));
            double orderedCost = ordered.Cost + adding + (ordered.Rows * SortedGroupCost);
            if (orderedCost < cost && IsGrouped(aggregate, ordered))
                (input, cost, sorted) = (ordered, orderedCost, true);
        }

        return new AggregateNode(input, aggregate, output, sorted, sorted || !_options.Optimize ? null : ParallelRules.FindDivided(aggregate, input, _options.PartRows)) { Rows = rows, Cost = cost, Ordering = sorted ? GroupOrder(aggregate, input) : [] };
    }

    /// <summary>What finding the groups of rows costs; a table that outgrows the processor's caches costs more.</summary>
    private static double GroupCost(LogicalAggregate aggregate, double rows, double groups) =>
        aggregate.Keys.Count == 0 ? 0 : rows * (groups > 100_000 ? 0.25 : 0.05);

    /// <summary>Whether rows of equal keys come together: the keys are the first columns of the input's order, in any sequence.</summary>
    private static bool IsGrouped(LogicalAggregate aggregate, PlanNode input)
    {
        int keys = aggregate.Keys.Count;
        if (aggregate.GroupingSets is not null || keys == 0 || input.Ordering.Count < keys)
            return false;
        // A column that is a key twice leaves one of the leading columns without a key: their number must fit, too.
        HashSet<PlanColumn> leading = [.. input.Ordering.Take(keys).Select(o => o.Column)];
        return aggregate.Keys.All(k => k.Expression is BoundColumn) && leading.SetEquals(aggregate.Keys.Select(k => ((BoundColumn)k.Expression).Column));
    }

    private static List<OrderItem>? WantedOrder(LogicalAggregate aggregate)
    {
        if (aggregate.GroupingSets is not null || aggregate.Keys.Count == 0 || !aggregate.Keys.All(k => k.Expression is BoundColumn))
            return null;
        return [.. aggregate.Keys.Select(k => new OrderItem(((BoundColumn)k.Expression).Column, false, true))];
    }

    private static List<OrderItem> GroupOrder(LogicalAggregate aggregate, PlanNode input)
    {
        List<OrderItem> order = [];
        foreach (OrderItem item in input.Ordering.Take(aggregate.Keys.Count))
            order.Add(item with { Column = aggregate.Keys.First(k => ReferenceEquals(((BoundColumn)k.Expression).Column, item.Column)).Column });
        return order;
    }

    /// <summary>One or several of min and max, each read from an end of an index.</summary>
    private PlanNode? TryEnds(LogicalAggregate aggregate)
    {
        if (aggregate.Aggregates.Count is 0 or > 8)
            return null;
        PlanNode? all = null;
        foreach (AggregateItem item in aggregate.Aggregates)
        {
            if (TryMinMax(new LogicalAggregate(aggregate.Input, [], [item])) is not { } one)
                return null;
            all = all is null
                ? one
                : new HashJoinNode(all, one, [], null, HashJoinMode.Inner, [.. all.Output, .. one.Output]) { Rows = 1, Cost = all.Cost + one.Cost + 1 };
        }

        return all;
    }

    /// <summary>The different values of leading parts of an index: after each the scan goes to the next, when statistics say that they are few.</summary>
    private ScanNode? TryLoose(IReadOnlyList<BoundExpression> keys, LogicalOperator input)
    {
        if (!_options.Optimize)
            return null;
        while (input is LogicalProject project && project.Items.All(i => i.Expression is BoundColumn c && ReferenceEquals(c.Column, i.Column)))
            input = project.Input;
        if (input is not LogicalScan { Lock: RowLockMode.None, RowKey: null } scan || keys.Count == 0 || !keys.All(k => k is BoundColumn c && scan.Columns.Contains(c.Column)))
            return null;
        HashSet<PlanColumn> wanted = [.. keys.Select(k => ((BoundColumn)k).Column)];
        ScanNode? best = null;
        foreach (AccessPath path in _paths.Find(new LogicalScan(scan.Table, [.. wanted], scan.Alias), []))
        {
            if (path.Settings.Index is { IsUnique: true } or { FilterSql: not null } || (path.Settings.Index is not null && !path.Settings.IsCovering) || path.Ordering.Count < wanted.Count
                || !path.Ordering.Take(wanted.Count).All(o => wanted.Contains(o.Column))
                || _options.Statistics(scan.Table)?.FindPrefixes(path.Settings.Index?.Id ?? 0) is not { } prefixes || prefixes.Distinct.Count < wanted.Count)
                continue;
            double values = Math.Max(1, prefixes.Distinct[wanted.Count - 1]);
            double cost = values * PlanCost.Seek * 1.5;
            if (cost >= prefixes.Entries * PlanCost.Entry || (best is not null && best.Cost <= cost))
                continue;
            best = new ScanNode(path.Settings with { DistinctParts = wanted.Count }, path.KeyNames) { TableRows = prefixes.Entries, Rows = values, Cost = cost, Ordering = path.Ordering };
        }

        return best;
    }

    /// <summary>min or max over a column that an index leads to: the first entry that is not null.</summary>
    private AggregateNode? TryMinMax(LogicalAggregate aggregate)
    {
        if (aggregate.Aggregates.Count != 1 || aggregate.Aggregates[0].Aggregate is not { Filter: null, Arguments: [BoundColumn column], Function.Name: var name })
            return null;
        bool isMin = string.Equals(name, "min", StringComparison.OrdinalIgnoreCase);
        if (!isMin && !string.Equals(name, "max", StringComparison.OrdinalIgnoreCase))
            return null;
        List<BoundExpression> terms = [];
        LogicalOperator input = aggregate.Input;
        while (input is LogicalFilter filter)
        {
            ExpressionTools.SplitConjuncts(filter.Predicate, terms);
            input = filter.Input;
        }

        if (input is LogicalProject project && project.Items.All(i => i.Expression is BoundColumn c && ReferenceEquals(c.Column, i.Column)))
            input = project.Input;
        if (input is not LogicalScan scan || terms.Any(ExpressionTools.ContainsSubquery) || !scan.Columns.Contains(column.Column))
            return null;
        if (column.Column.IsNullable)
            terms.Add(new BoundIsNull(column, true));
        PlanRequest request = new([new OrderItem(column.Column, !isMin, isMin)], 1);
        AccessPath path = Choose(scan, terms, request, out bool backward, out IReadOnlyList<OrderItem> ordering, out _);
        if (path.Settings.Index is null && !path.IsSeek && path.Ordering.Count == 0)
            return null;
        if (!Satisfies(path, request.Ordering, out _))
            return null;
        ScanNode node = MakeScan(path, backward, ordering, 1);
        LimitNode first = new(node, new BoundConstant(Value.From(SqlTypeKind.BigInt, 1L), SqlType.BigInt), null, []) { Rows = 1, Cost = node.Cost / Math.Max(1, node.Rows) };
        return new AggregateNode(first, aggregate, aggregate.Output) { Rows = 1, Cost = first.Cost };
    }

    /// <summary>GROUPING(…) as a choice over the number of the grouping set.</summary>
    private BoundExpression RewriteGrouping(BoundExpression expression)
    {
        if (_groupingKeys.Count == 0 && !_isGroupingDropped)
            return expression;
        if (expression is not BoundGrouping grouping)
            return ExpressionTools.MapChildren(expression, RewriteGrouping);
        if (!_groupingKeys.TryGetValue(((BoundColumn)grouping.Arguments[0]).Column, out (PlanColumn Number, LogicalAggregate Aggregate) of))
            return new BoundConstant(Value.From(SqlTypeKind.Integer, 0), SqlType.Integer);
        (PlanColumn number, LogicalAggregate aggregate) = of;
        Dictionary<int, List<BoundExpression>> setsByValue = [];
        for (int s = 0; s < aggregate.GroupingSets!.Count; s++)
        {
            int value = 0;
            foreach (BoundExpression argument in grouping.Arguments)
            {
                int key = 0;
                while (!ReferenceEquals(aggregate.Keys[key].Column, ((BoundColumn)argument).Column))
                    key++;
                value = (value << 1) | (aggregate.GroupingSets[s].Contains(key) ? 0 : 1);
            }

            if (!setsByValue.TryGetValue(value, out List<BoundExpression>? sets))
                setsByValue.Add(value, sets = []);
            sets.Add(new BoundConstant(Value.From(SqlTypeKind.Integer, s), SqlType.Integer));
        }

        List<BoundWhen> whens = [];
        foreach ((int value, List<BoundExpression> sets) in setsByValue)
            whens.Add(new BoundWhen(new BoundInList(new BoundColumn(number), sets, false), new BoundConstant(Value.From(SqlTypeKind.Integer, value), SqlType.Integer)));
        return new BoundCase(whens, null, SqlType.Integer);
    }
}
