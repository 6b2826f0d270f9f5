using BareMetal.Data.Binding;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

/// <summary>Walks and rewrites the logical algebra. Nodes whose Output is computed once are always made anew, never by <c>with</c>.</summary>
internal static class LogicalTools
{
    public static IReadOnlyList<LogicalOperator> Inputs(LogicalOperator op) => op switch
    {
        LogicalFilter f => [f.Input],
        LogicalProject p => [p.Input],
        LogicalJoin j => [j.Left, j.Right],
        LogicalAggregate a => [a.Input],
        LogicalWindow w => [w.Input],
        LogicalDistinct d => [d.Input],
        LogicalSort s => [s.Input],
        LogicalLimit l => [l.Input],
        LogicalLockRows l => [l.Input],
        LogicalSetOperation s => [s.Left, s.Right],
        LogicalWith w => [.. Definitions(w), w.Body],
        LogicalInsert i => [i.Source],
        LogicalUpdate u => [u.Source],
        LogicalDelete d => [d.Source],
        LogicalMerge m => [m.Source],
        _ => [],
    };

    /// <summary>Whether the node itself writes.</summary>
    public static bool IsWrite(LogicalOperator op) => op is LogicalInsert or LogicalUpdate or LogicalDelete or LogicalMerge;

    /// <summary>Whether a statement writes, itself or in its definitions.</summary>
    public static bool Writes(LogicalOperator statement)
    {
        if (IsWrite(statement))
            return true;
        if (statement is not LogicalWith with)
            return false;
        if (IsWrite(with.Body))
            return true;
        foreach (CteDefinition definition in with.Definitions)
        {
            if (IsWrite(definition.Plan))
                return true;
        }

        return false;
    }

    private static IEnumerable<LogicalOperator> Definitions(LogicalWith with)
    {
        foreach (CteDefinition d in with.Definitions)
        {
            yield return d.Plan;
            if (d.RecursiveTerm is not null)
                yield return d.RecursiveTerm;
        }
    }

    /// <summary>Replaces inputs (not the definitions of WITH, which <see cref="CteDefinition"/> holds by reference).</summary>
    public static LogicalOperator MapInputs(LogicalOperator op, Func<LogicalOperator, LogicalOperator> map)
    {
        switch (op)
        {
            case LogicalFilter f:
            {
                LogicalOperator input = map(f.Input);
                return ReferenceEquals(input, f.Input) ? f : new LogicalFilter(input, f.Predicate);
            }

            case LogicalProject p:
            {
                LogicalOperator input = map(p.Input);
                return ReferenceEquals(input, p.Input) ? p : new LogicalProject(input, p.Items);
            }

            case LogicalJoin j:
            {
                LogicalOperator left = map(j.Left);
                LogicalOperator right = map(j.Right);
                return ReferenceEquals(left, j.Left) && ReferenceEquals(right, j.Right) ? j : new LogicalJoin(j.Kind, left, right, j.Condition, j.IsLateral);
            }

            case LogicalAggregate a:
            {
                LogicalOperator input = map(a.Input);
                return ReferenceEquals(input, a.Input) ? a : new LogicalAggregate(input, a.Keys, a.Aggregates, a.GroupingSets);
            }

            case LogicalWindow w:
            {
                LogicalOperator input = map(w.Input);
                return ReferenceEquals(input, w.Input) ? w : new LogicalWindow(input, w.PartitionBy, w.OrderBy, w.Functions);
            }

            case LogicalDistinct d:
            {
                LogicalOperator input = map(d.Input);
                return ReferenceEquals(input, d.Input) ? d : new LogicalDistinct(input, d.On);
            }

            case LogicalSort s:
            {
                LogicalOperator input = map(s.Input);
                return ReferenceEquals(input, s.Input) ? s : new LogicalSort(input, s.Keys);
            }

            case LogicalLimit l:
            {
                LogicalOperator input = map(l.Input);
                return ReferenceEquals(input, l.Input) ? l : new LogicalLimit(input, l.Limit, l.Offset, l.WithTies);
            }

            case LogicalLockRows l:
            {
                LogicalOperator input = map(l.Input);
                return ReferenceEquals(input, l.Input) ? l : new LogicalLockRows(input, l.Locks, l.Limit, l.Offset);
            }

            case LogicalSetOperation s:
            {
                LogicalOperator left = map(s.Left);
                LogicalOperator right = map(s.Right);
                return ReferenceEquals(left, s.Left) && ReferenceEquals(right, s.Right) ? s : new LogicalSetOperation(s.Kind, s.IsAll, left, right, s.Columns);
            }

            case LogicalWith w:
            {
                LogicalOperator body = map(w.Body);
                return ReferenceEquals(body, w.Body) ? w : new LogicalWith(w.Definitions, body);
            }

            case LogicalInsert i:
            {
                LogicalOperator source = map(i.Source);
                return ReferenceEquals(source, i.Source) ? i : new LogicalInsert(i.Table, source, i.Assignments, i.NewRow, i.OnConflict, i.Returning);
            }

            case LogicalUpdate u:
            {
                LogicalOperator source = map(u.Source);
                return ReferenceEquals(source, u.Source) ? u : new LogicalUpdate(u.Table, source, u.RowKey, u.OldRow, u.NewRow, u.Assignments, u.Returning);
            }

            case LogicalDelete d:
            {
                LogicalOperator source = map(d.Source);
                return ReferenceEquals(source, d.Source) ? d : new LogicalDelete(d.Table, source, d.RowKey, d.OldRow, d.Returning);
            }

            case LogicalMerge m:
            {
                LogicalOperator source = map(m.Source);
                return ReferenceEquals(source, m.Source)
                    ? m : new LogicalMerge(m.Table, source, m.RowKey, m.SourcePresent, m.OldRow, m.NewRow, m.Clauses, m.ActionName, m.Returning);
            }

            default:
                return op;
        }
    }

    /// <summary>Replaces the expressions of one node.</summary>
    public static LogicalOperator MapExpressions(LogicalOperator op, Func<BoundExpression, BoundExpression> map)
    {
        switch (op)
        {
            case LogicalValues v:
            {
                bool changed = false;
                List<IReadOnlyList<BoundExpression>> rows = new(v.Rows.Count);
                foreach (IReadOnlyList<BoundExpression> row in v.Rows)
                {
                    changed |= ExpressionTools.MapAll(row, map, out IReadOnlyList<BoundExpression> mapped);
                    rows.Add(mapped);
                }

                return changed ? new LogicalValues(rows, v.Columns) : v;
            }

            case LogicalTableFunction f:
                return ExpressionTools.MapAll(f.Arguments, map, out IReadOnlyList<BoundExpression> arguments)
                    ? f with { Arguments = arguments }
                    : f;
            case LogicalFilter f:
            {
                BoundExpression predicate = map(f.Predicate);
                return ReferenceEquals(predicate, f.Predicate) ? f : new LogicalFilter(f.Input, predicate);
            }

            case LogicalProject p:
                return MapItems(p.Items, map, out IReadOnlyList<ProjectItem> items) ? new LogicalProject(p.Input, items) : p;
            case LogicalJoin j when j.Condition is not null:
            {
                BoundExpression condition = map(j.Condition);
                return ReferenceEquals(condition, j.Condition) ? j : new LogicalJoin(j.Kind, j.Left, j.Right, condition, j.IsLateral);
            }

            case LogicalAggregate a:
            {
                bool changed = MapItems(a.Keys, map, out IReadOnlyList<ProjectItem> keys);
                List<AggregateItem> aggregates = new(a.Aggregates.Count);
                foreach (AggregateItem item in a.Aggregates)
                {
                    BoundAggregate mapped = (BoundAggregate)ExpressionTools.MapChildren(item.Aggregate, map);
                    changed |= !ReferenceEquals(mapped, item.Aggregate);
                    aggregates.Add(ReferenceEquals(mapped, item.Aggregate) ? item : new AggregateItem(item.Column, mapped));
                }

                return changed ? new LogicalAggregate(a.Input, keys, aggregates, a.GroupingSets) : a;
            }

            case LogicalWindow w:
            {
                bool changed = ExpressionTools.MapAll(w.PartitionBy, map, out IReadOnlyList<BoundExpression> partition);
                changed |= ExpressionTools.MapKeys(w.OrderBy, map, out IReadOnlyList<SortKey> order);
                List<WindowItem> functions = new(w.Functions.Count);
                foreach (WindowItem item in w.Functions)
                {
                    bool itemChanged = ExpressionTools.MapAll(item.Arguments, map, out IReadOnlyList<BoundExpression> args);
                    BoundAggregate? aggregate = item.Aggregate is null ? null : (BoundAggregate)ExpressionTools.MapChildren(item.Aggregate, map);
                    itemChanged |= !ReferenceEquals(aggregate, item.Aggregate);
                    BoundExpression? start = item.Frame.StartOffset is null ? null : map(item.Frame.StartOffset);
                    BoundExpression? end = item.Frame.EndOffset is null ? null : map(item.Frame.EndOffset);
                    itemChanged |= !ReferenceEquals(start, item.Frame.StartOffset) || !ReferenceEquals(end, item.Frame.EndOffset);
                    changed |= itemChanged;
                    functions.Add(itemChanged
                        ? new WindowItem(item.Column, item.Name, args, aggregate, item.Frame with { StartOffset = start, EndOffset = end })
                        : item);
                }

                return changed ? new LogicalWindow(w.Input, partition, order, functions) : w;
            }

            case LogicalDistinct { On: not null } d:
                return ExpressionTools.MapAll(d.On, map, out IReadOnlyList<BoundExpression> on) ? new LogicalDistinct(d.Input, on) : d;
            case LogicalSort s:
                return ExpressionTools.MapKeys(s.Keys, map, out IReadOnlyList<SortKey> sortKeys) ? new LogicalSort(s.Input, sortKeys) : s;
            case LogicalLimit l:
            {
                BoundExpression? limit = l.Limit is null ? null : map(l.Limit);
                BoundExpression? offset = l.Offset is null ? null : map(l.Offset);
                return ReferenceEquals(limit, l.Limit) && ReferenceEquals(offset, l.Offset) ? l : new LogicalLimit(l.Input, limit, offset, l.WithTies);
            }

            default:
                return op;
        }
    }

    private static bool MapItems(IReadOnlyList<ProjectItem> items, Func<BoundExpression, BoundExpression> map, out IReadOnlyList<ProjectItem> result)
    {
        bool changed = false;
        List<ProjectItem> mapped = new(items.Count);
        foreach (ProjectItem item in items)
        {
            BoundExpression e = map(item.Expression);
            bool same = ReferenceEquals(e, item.Expression);
            changed |= !same;
            mapped.Add(same ? item : new ProjectItem(item.Column, e));
        }

        result = changed ? mapped : items;
        return changed;
    }

    /// <summary>Replaces the expressions of a whole plan. Definitions of WITH are changed in place when they are affected.</summary>
    public static LogicalOperator MapExpressionsDeep(LogicalOperator op, Func<BoundExpression, BoundExpression> map)
    {
        if (op is LogicalWith with)
        {
            foreach (CteDefinition d in with.Definitions)
            {
                d.Plan = MapExpressionsDeep(d.Plan, map);
                if (d.RecursiveTerm is not null)
                    d.RecursiveTerm = MapExpressionsDeep(d.RecursiveTerm, map);
            }
        }

        return MapExpressions(MapInputs(op, input => MapExpressionsDeep(input, map)), map);
    }

    /// <summary>Calls an action for each expression of one node (aggregates as wholes).</summary>
    public static void VisitExpressions(LogicalOperator op, Action<BoundExpression> visit)
    {
        switch (op)
        {
            case LogicalValues v:
                foreach (IReadOnlyList<BoundExpression> row in v.Rows)
                {
                    foreach (BoundExpression e in row)
                        visit(e);
                }

                break;
            case LogicalTableFunction f:
                foreach (BoundExpression e in f.Arguments)
                    visit(e);
                break;
            case LogicalFilter f:
                visit(f.Predicate);
                break;
            case LogicalProject p:
                foreach (ProjectItem item in p.Items)
                    visit(item.Expression);
                break;
            case LogicalJoin { Condition: not null } j:
                visit(j.Condition);
                break;
            case LogicalAggregate a:
                foreach (ProjectItem key in a.Keys)
                    visit(key.Expression);
                foreach (AggregateItem item in a.Aggregates)
                    visit(item.Aggregate);
                break;
            case LogicalWindow w:
                foreach (BoundExpression e in w.PartitionBy)
                    visit(e);
                foreach (SortKey key in w.OrderBy)
                    visit(key.Expression);
                foreach (WindowItem item in w.Functions)
                {
                    foreach (BoundExpression e in item.Arguments)
                        visit(e);
                    if (item.Aggregate is not null)
                        visit(item.Aggregate);
                    if (item.Frame.StartOffset is not null)
                        visit(item.Frame.StartOffset);
                    if (item.Frame.EndOffset is not null)
                        visit(item.Frame.EndOffset);
                }

                break;
            case LogicalDistinct { On: not null } d:
                foreach (BoundExpression e in d.On)
                    visit(e);
                break;
            case LogicalSort s:
                foreach (SortKey key in s.Keys)
                    visit(key.Expression);
                break;
            case LogicalLimit l:
                if (l.Limit is not null)
                    visit(l.Limit);
                if (l.Offset is not null)
                    visit(l.Offset);
                break;
            case LogicalInsert i:
                VisitAssignments(i.Assignments, visit);
                VisitRow(i.NewRow, visit);
                if (i.OnConflict is { } conflict)
                {
                    if (conflict.Assignments is not null)
                        VisitAssignments(conflict.Assignments, visit);
                    if (conflict.Where is not null)
                        visit(conflict.Where);
                }

                foreach (ProjectItem item in i.Returning)
                    visit(item.Expression);
                break;
            case LogicalUpdate u:
                VisitAssignments(u.Assignments, visit);
                VisitRow(u.NewRow, visit);
                foreach (ProjectItem item in u.Returning)
                    visit(item.Expression);
                break;
            case LogicalDelete d:
                foreach (ProjectItem item in d.Returning)
                    visit(item.Expression);
                break;
            case LogicalMerge m:
                foreach (MergeClause clause in m.Clauses)
                {
                    if (clause.Condition is not null)
                        visit(clause.Condition);
                    VisitAssignments(clause.Assignments, visit);
                }

                VisitRow(m.NewRow, visit);
                foreach (ProjectItem item in m.Returning)
                    visit(item.Expression);
                break;
        }
    }

    private static void VisitAssignments(IReadOnlyList<Assignment> assignments, Action<BoundExpression> visit)
    {
        foreach (Assignment a in assignments)
            visit(a.Value);
    }

    private static void VisitRow(TableRowBinding row, Action<BoundExpression> visit)
    {
        foreach ((_, BoundExpression e) in row.Generated)
            visit(e);
        foreach ((_, BoundExpression e) in row.Checks)
            visit(e);
    }

    /// <summary>Columns that a plan needs from outside: its correlation.</summary>
    public static HashSet<PlanColumn> FreeColumns(LogicalOperator plan) => FreeColumns(plan, null, null);

    private static HashSet<PlanColumn> FreeColumns(LogicalOperator plan, LogicalOperator? recursive, HashSet<CteDefinition>? definitions)
    {
        HashSet<PlanColumn> used = [];
        HashSet<PlanColumn> produced = [];
        Collect(plan);
        if (recursive is not null)
            Collect(recursive);
        used.ExceptWith(produced);
        return used;

        void Collect(LogicalOperator op)
        {
            foreach (PlanColumn c in op.Output)
                produced.Add(c);
            switch (op)
            {
                case LogicalUpdate u:
                    produced.UnionWith(u.NewRow.Columns);
                    produced.UnionWith(u.OldRow.Columns);
                    break;
                case LogicalMerge m:
                    produced.UnionWith(m.NewRow.Columns);
                    produced.UnionWith(m.OldRow.Columns);
                    produced.Add(m.ActionName);
                    break;
                case LogicalInsert i:
                    produced.UnionWith(i.NewRow.Columns);
                    if (i.OnConflict is not null)
                        produced.UnionWith(i.OnConflict.Existing.Columns);
                    break;
                case LogicalScan { RowKey: { } key }:
                    produced.Add(key);
                    break;
                case LogicalCteReference { Definition: { } definition } when (definitions ??= []).Add(definition):
                    // Its rows depend on what the definition depends on, which may lie outside of the plan.
                    used.UnionWith(FreeColumns(definition.Plan, definition.RecursiveTerm, definitions));
                    break;
            }

            VisitExpressions(op, e => ExpressionTools.CollectColumns(e, used));
            foreach (LogicalOperator input in Inputs(op))
                Collect(input);
        }
    }

    public static bool IsVolatile(LogicalOperator plan)
    {
        bool found = false;
        VisitExpressions(plan, e => found = found || ExpressionTools.IsVolatile(e));
        if (found)
            return true;
        foreach (LogicalOperator input in Inputs(plan))
        {
            if (IsVolatile(input))
                return true;
        }

        return false;
    }

    /// <summary>
    /// Whether a plan gives the same rows for the same outer values whenever it is run within one run of the statement, and running it less often
    /// changes nothing else: nothing volatile, no locks, no writes, and no rows of a definition outside of it that change meanwhile.
    /// </summary>
    public static bool IsRepeatable(LogicalOperator plan)
    {
        HashSet<CteDefinition> inside = [];
        return Check(plan);

        bool Check(LogicalOperator op)
        {
            if (IsWrite(op) || op is LogicalLockRows or LogicalScan { Lock: not RowLockMode.None })
                return false;
            if (op is LogicalTableFunction function && function.Calls.Any(c => c.Function is { IsVolatile: true }))
                return false;
            if (op is LogicalWith with)
                inside.UnionWith(with.Definitions);
            if (op is LogicalCteReference { Definition: { } definition } && !inside.Contains(definition) && (definition.RecursiveTerm is not null || IsWrite(definition.Plan) || IsVolatile(definition.Plan)))
                return false;
            bool holds = true;
            VisitExpressions(op, e => holds = holds && CheckExpression(e));
            if (!holds)
                return false;
            foreach (LogicalOperator input in Inputs(op))
            {
                if (!Check(input))
                    return false;
            }

            return true;
        }

        bool CheckExpression(BoundExpression expression) => !ExpressionTools.Any(expression, e =>
            (e is BoundCall call && call.Function.Volatility == Volatility.Volatile) || (e is BoundSubquery s && !Check(s.Plan)));
    }

    /// <summary>Whether some node of a plan (subqueries in expressions excluded) meets a condition.</summary>
    public static bool Any(LogicalOperator plan, Func<LogicalOperator, bool> condition)
    {
        if (condition(plan))
            return true;
        foreach (LogicalOperator input in Inputs(plan))
        {
            if (Any(input, condition))
                return true;
        }

        return false;
    }
}
