using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning.Rules;

/// <summary>Drops columns that nothing above asks for, down to what scans read; merges projections that follow one another.</summary>
internal static class ProjectionPruning
{
    public static LogicalOperator Apply(LogicalOperator plan) => Prune(plan, [.. plan.Output], true);

    private static LogicalOperator Prune(LogicalOperator op, HashSet<PlanColumn> needed, bool isRoot)
    {
        switch (op)
        {
            case LogicalScan scan:
            {
                List<PlanColumn> columns = [.. scan.Columns.Where(needed.Contains)];
                return columns.Count == scan.Columns.Count ? scan : new LogicalScan(scan.Table, columns, scan.Alias) { Lock = scan.Lock, LockWait = scan.LockWait, RowKey = scan.RowKey };
            }

            case LogicalProject project:
                return PruneProject(project, needed, isRoot);
            case LogicalFilter filter:
                Add(filter.Predicate, needed);
                return new LogicalFilter(Prune(filter.Input, needed, false), filter.Predicate);
            case LogicalJoin { Kind: JoinKind.Left } left when !needed.Overlaps(left.Right.Output) && Uniqueness.MatchesAtMostOnce(left):
                return Prune(left.Left, needed, isRoot);
            case LogicalJoin { Kind: JoinKind.Inner } inner when !needed.Overlaps(inner.Right.Output) && Uniqueness.HasParent(inner.Left, inner.Right, inner.Condition):
                return Prune(inner.Left, needed, isRoot);
            case LogicalJoin { Kind: JoinKind.Inner } inner when !needed.Overlaps(inner.Left.Output) && Uniqueness.HasParent(inner.Right, inner.Left, inner.Condition):
                return Prune(inner.Right, needed, isRoot);
            case LogicalJoin join:
            {
                if (join.Condition is not null)
                    Add(join.Condition, needed);
                HashSet<PlanColumn> forLeft = [.. needed];
                forLeft.UnionWith(LogicalTools.FreeColumns(join.Right));
                return new LogicalJoin(join.Kind, Prune(join.Left, forLeft, false), Prune(join.Right, [.. needed], false), join.Condition, join.IsLateral);
            }

            case LogicalAggregate aggregate:
            {
                List<AggregateItem> aggregates = [.. aggregate.Aggregates.Where(a => needed.Contains(a.Column))];
                HashSet<PlanColumn> below = [];
                foreach (ProjectItem key in aggregate.Keys)
                    Add(key.Expression, below);
                foreach (AggregateItem item in aggregates)
                    Add(item.Aggregate, below);
                return new LogicalAggregate(Prune(aggregate.Input, below, false), aggregate.Keys, aggregates, aggregate.GroupingSets);
            }

            case LogicalWindow window:
            {
                List<WindowItem> functions = [.. window.Functions.Where(f => needed.Contains(f.Column))];
                if (functions.Count == 0)
                    return Prune(window.Input, needed, isRoot);
                LogicalWindow kept = new(window.Input, window.PartitionBy, window.OrderBy, functions);
                LogicalTools.VisitExpressions(kept, e => Add(e, needed));
                return new LogicalWindow(Prune(window.Input, needed, false), window.PartitionBy, window.OrderBy, functions);
            }

            case LogicalSort sort:
                foreach (SortKey key in sort.Keys)
                    Add(key.Expression, needed);
                return new LogicalSort(Prune(sort.Input, needed, false), sort.Keys);
            case LogicalLimit limit:
                return new LogicalLimit(Prune(limit.Input, needed, isRoot), limit.Limit, limit.Offset, limit.WithTies);
            case LogicalDistinct distinct:
                if (distinct.On is null)
                {
                    // Every column takes part in the comparison.
                    needed.UnionWith(distinct.Input.Output);
                    return new LogicalDistinct(LogicalOptimizer.KeepOutput(distinct.Input, Prune(distinct.Input, needed, true)), null);
                }

                foreach (BoundExpression e in distinct.On)
                    Add(e, needed);
                return new LogicalDistinct(Prune(distinct.Input, needed, false), distinct.On);
            case LogicalSetOperation set:
                return PruneSetOperation(set, needed, isRoot);
            case LogicalWith with:
                return new LogicalWith(with.Definitions, Prune(with.Body, needed, isRoot));
            case LogicalInsert or LogicalUpdate or LogicalDelete or LogicalMerge:
                return LogicalTools.MapInputs(op, source => Prune(source, Needs(op, source), true));
            default:
                return LogicalTools.MapInputs(op, input => Prune(input, [.. input.Output], true));
        }
    }

    /// <summary>What the writing operators read: everything their source gives.</summary>
    private static HashSet<PlanColumn> Needs(LogicalOperator statement, LogicalOperator source)
    {
        HashSet<PlanColumn> needed = [.. source.Output];
        LogicalTools.VisitExpressions(statement, e => Add(e, needed));
        return needed;
    }

    private static void Add(BoundExpression expression, HashSet<PlanColumn> columns) => ExpressionTools.CollectColumns(expression, columns);

    private static LogicalOperator PruneProject(LogicalProject project, HashSet<PlanColumn> needed, bool isRoot)
    {
        List<ProjectItem> items = isRoot ? [.. project.Items] : [.. project.Items.Where(i => needed.Contains(i.Column))];
        LogicalOperator input = project.Input;
        while (input is LogicalProject below && CanMerge(items, below))
        {
            Dictionary<PlanColumn, BoundExpression> map = [];
            foreach (ProjectItem item in below.Items)
                map[item.Column] = item.Expression;
            items = [.. items.Select(i => new ProjectItem(i.Column, ExpressionTools.Substitute(i.Expression, map)))];
            input = below.Input;
        }

        HashSet<PlanColumn> columns = [];
        foreach (ProjectItem item in items)
            Add(item.Expression, columns);
        LogicalOperator pruned = Prune(input, columns, false);
        return new LogicalProject(pruned, items);
    }

    /// <summary>Whether putting the lower expressions into the upper ones computes nothing twice.</summary>
    private static bool CanMerge(List<ProjectItem> items, LogicalProject below)
    {
        Dictionary<PlanColumn, int> uses = [];
        foreach (ProjectItem item in items)
            Count(item.Expression, uses);
        foreach (ProjectItem item in below.Items)
        {
            int count = uses.GetValueOrDefault(item.Column);
            if (item.Expression is BoundColumn or BoundConstant or BoundParameter || count == 0)
                continue;
            if (count > 1 || ExpressionTools.IsVolatile(item.Expression) || ExpressionTools.ContainsSubquery(item.Expression))
                return false;
        }

        return true;
    }

    private static void Count(BoundExpression expression, Dictionary<PlanColumn, int> uses)
    {
        if (expression is BoundColumn column)
            uses[column.Column] = uses.GetValueOrDefault(column.Column) + 1;
        if (expression is BoundSubquery subquery)
        {
            // Within a subquery it may be computed for every row.
            foreach (PlanColumn free in LogicalTools.FreeColumns(subquery.Plan))
                uses[free] = uses.GetValueOrDefault(free) + 2;
        }

        ExpressionTools.VisitChildren(expression, e => Count(e, uses));
    }

    private static LogicalSetOperation PruneSetOperation(LogicalSetOperation set, HashSet<PlanColumn> needed, bool isRoot)
    {
        if (!isRoot && set is { Kind: SetOperationKind.Union, IsAll: true })
        {
            List<int> kept = [.. Enumerable.Range(0, set.Columns.Count).Where(i => needed.Contains(set.Columns[i]))];
            if (kept.Count < set.Columns.Count)
                return new LogicalSetOperation(set.Kind, true, Side(set.Left, kept), Side(set.Right, kept), [.. kept.Select(i => set.Columns[i])]);
        }

        List<int> all = [.. Enumerable.Range(0, set.Columns.Count)];
        return new LogicalSetOperation(set.Kind, set.IsAll, Side(set.Left, all), Side(set.Right, all), set.Columns);

        static LogicalOperator Side(LogicalOperator side, List<int> kept)
        {
            IReadOnlyList<PlanColumn> output = side.Output;
            LogicalProject narrowed = new(side, [.. kept.Select(i => new ProjectItem(output[i], new BoundColumn(output[i])))]);
            return Prune(narrowed, [.. narrowed.Output], true);
        }
    }
}
