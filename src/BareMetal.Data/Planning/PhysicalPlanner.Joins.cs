using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Planning.Rules;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <remarks>Joins: by hashing, by look-up, row by row.</remarks>
internal sealed partial class PhysicalPlanner
{
    private PlanNode PlanJoin(LogicalJoin join, PlanRequest request)
    {
        if (join.Kind == JoinKind.Right)
            return PlanJoin(new LogicalJoin(JoinKind.Left, join.Right, join.Left, join.Condition), request);
        HashSet<PlanColumn> leftColumns = [.. join.Left.Output];
        bool correlated = LogicalTools.FreeColumns(join.Right).Overlaps(leftColumns);
        List<BoundExpression> terms = ExpressionTools.SplitConjuncts(join.Condition);
        if (correlated)
            return PlanApply(join, terms, request);
        HashSet<PlanColumn> rightColumns = [.. join.Right.Output];
        List<JoinKey> keys = [];
        List<BoundExpression> rest = [];
        foreach (BoundExpression term in terms)
        {
            if (MatchKey(term, leftColumns, rightColumns) is { } key)
                keys.Add(key);
            else
                rest.Add(term);
        }

        PlanNode left = Plan(join.Left, new PlanRequest([], 0));
        List<PlanNode> candidates = [];
        AddLookups(candidates, join, terms, left, request);
        double outer = _outerRows;
        PlanNode right = Plan(join.Right, PlanRequest.None);
        _outerRows = outer;
        if (join.Kind == JoinKind.Inner && !LogicalTools.FreeColumns(join.Left).Overlaps(rightColumns))
            AddLookups(candidates, new LogicalJoin(JoinKind.Inner, join.Right, join.Left, join.Condition), terms, right, request);
        BoundExpression? condition = ExpressionTools.Combine([.. rest.Select(RewriteGrouping)]);
        foreach (BoundExpression term in rest)
            PlanSubqueries(term, left.Rows);
        if (join.Kind == JoinKind.Semi && TrySemiLookup(join, terms, keys, right) is { } semi)
            candidates.Add(semi);
        if (TryCorrelated(join, terms, left) is { } again)
            candidates.Add(again);
        PlanNode best = MakeHash(join, left, right, keys, condition);
        double bestCost = EffectiveCost(best, request);
        foreach (PlanNode candidate in candidates)
        {
            double cost = EffectiveCost(candidate, request);
            if (cost < bestCost)
                (best, bestCost) = (candidate, cost);
        }

        return best;
    }

    /// <summary>What a plan costs to whoever asks: less when few rows are taken, more when they have to be sorted.</summary>
    private static double EffectiveCost(PlanNode node, PlanRequest request)
    {
        bool ordered = request.Ordering.Count == 0 || Covers(node.Ordering, request.Ordering);
        if (!ordered)
            return node.Cost + SortCost(node.Rows);
        bool streams = node is ApplyNode;
        return streams && request.RowGoal > 0 && node.Rows > request.RowGoal ? node.Cost * (request.RowGoal / node.Rows) : node.Cost;
    }

    /// <summary>Index nested-loop joins: with the outer side as it comes best, and in the order that is asked for.</summary>
    private void AddLookups(List<PlanNode> candidates, LogicalJoin join, List<BoundExpression> terms, PlanNode left, PlanRequest request)
    {
        if (TryLookup(join, terms, left, PlanRequest.None) is not { } lookup)
            return;
        candidates.Add(lookup);
        if (request.Ordering.Count > 0 && !Covers(left.Ordering, request.Ordering) && TryLookup(join, terms, left, request) is { } ordered)
            candidates.Add(ordered);
    }

    /// <summary>
    /// Few outer rows over an inner side that is more than a table: its plan is made anew for one outer row's values and run for each, where they reach an index.
    /// </summary>
    private ApplyNode? TryCorrelated(LogicalJoin join, List<BoundExpression> terms, PlanNode left)
    {
        if (!_options.Optimize || terms.Count == 0 || join.Kind == JoinKind.Full || left.Rows > MaxCorrelatedRows || _correlatedTrials >= MaxCorrelatedTrials)
            return null;
        if (FindSeekableScan(join.Right, terms, out _) is not null || LogicalTools.IsVolatile(join.Right) || LogicalTools.Any(join.Right, o => o is LogicalCteReference or LogicalScan { Lock: not RowLockMode.None } or LogicalValues or LogicalTableFunction))
            return null;
        _correlatedTrials++;
        LogicalOperator inner = JoinOrdering.Apply(LogicalOptimizer.PushFilters(new LogicalFilter(join.Right, ExpressionTools.Combine(terms)!)), _cardinality);
        double outer = _outerRows;
        _outerRows = 1;
        bool oneRow = join.Kind is JoinKind.Semi or JoinKind.Anti;
        PlanNode right = Arrange(Plan(inner, new PlanRequest([], oneRow ? 1 : 0)), join.Right.Output);
        _outerRows = outer;
        ApplyKind kind = join.Kind switch
        {
            JoinKind.Inner => ApplyKind.Inner,
            JoinKind.Left => ApplyKind.Left,
            JoinKind.Semi => ApplyKind.Semi,
            _ => ApplyKind.Anti,
        };
        HashSet<PlanColumn> leftColumns = [.. join.Left.Output];
        (right, double runs, double lookups) = Remember(right, inner, join.Left, left.Rows, oneRow);
        return new ApplyNode(left, right, kind, [.. LogicalTools.FreeColumns(inner).Where(leftColumns.Contains)])
        {
            Rows = _cardinality.Estimate(join),
            Cost = left.Cost + (runs * (right.Cost + PlanCost.Reopen)) + (lookups * PlanCost.Remembered),
            Ordering = left.Ordering,
        };
    }

    private PlanNode MakeHash(LogicalJoin join, PlanNode left, PlanNode right, List<JoinKey> keys, BoundExpression? condition)
    {
        double rows = _cardinality.Estimate(join);
        double pairCost = keys.Count == 0 ? left.Rows * right.Rows * 0.02 : 0;
        double buildRight = (right.Rows * HashBuildCost) + (left.Rows * HashProbeCost);
        double buildLeft = (left.Rows * HashBuildCost) + (right.Rows * HashProbeCost);
        bool swap = buildLeft * 1.2 < buildRight && join.Kind != JoinKind.Full;
        double cost = left.Cost + right.Cost + Math.Min(buildLeft, buildRight) + pairCost + (rows * 0.05);
        HashJoinMode mode = join.Kind switch
        {
            JoinKind.Inner => HashJoinMode.Inner,
            JoinKind.Left => swap ? HashJoinMode.BuildOuter : HashJoinMode.ProbeOuter,
            JoinKind.Full => HashJoinMode.Full,
            JoinKind.Semi => swap ? HashJoinMode.BuildSemi : HashJoinMode.ProbeSemi,
            _ => swap ? HashJoinMode.BuildAnti : HashJoinMode.ProbeAnti,
        };
        bool oneSide = join.Kind is JoinKind.Semi or JoinKind.Anti;
        if (swap)
        {
            List<JoinKey> turned = [.. keys.Select(k => new JoinKey(k.Right, k.Left, k.NullsMatch))];
            return new HashJoinNode(right, left, turned, condition, mode, oneSide ? left.Output : [.. right.Output, .. left.Output]) { Rows = rows, Cost = cost };
        }

        return new HashJoinNode(left, right, keys, condition, mode, oneSide ? left.Output : [.. left.Output, .. right.Output]) { Rows = rows, Cost = cost };
    }

    private static bool Covers(IReadOnlyList<OrderItem> have, IReadOnlyList<OrderItem> wanted)
    {
        if (have.Count < wanted.Count)
            return false;
        for (int i = 0; i < wanted.Count; i++)
        {
            if (have[i] != wanted[i])
                return false;
        }

        return true;
    }

    private static JoinKey? MatchKey(BoundExpression term, HashSet<PlanColumn> left, HashSet<PlanColumn> right)
    {
        if (term is not BoundCall { Arguments: [var a, var b] } call || ExpressionTools.ContainsSubquery(term))
            return null;
        bool nullsMatch = call.Function.Name == "IS NOT DISTINCT FROM" || call.Function.Name == "is_not_distinct";
        if (call.Function.Name != "=" && !nullsMatch)
            return null;
        if (a.Type.Kind != b.Type.Kind || a.Type.Collation != b.Type.Collation || ExpressionTools.IsVolatile(term))
            return null;
        HashSet<PlanColumn> columnsA = ExpressionTools.Columns(a);
        HashSet<PlanColumn> columnsB = ExpressionTools.Columns(b);
        if (columnsA.Overlaps(left) && !columnsA.Overlaps(right) && columnsB.Overlaps(right) && !columnsB.Overlaps(left))
            return new JoinKey(a, b, nullsMatch);
        if (columnsA.Overlaps(right) && !columnsA.Overlaps(left) && columnsB.Overlaps(left) && !columnsB.Overlaps(right))
            return new JoinKey(b, a, nullsMatch);
        return null;
    }

    /// <summary>A semi join as look-ups of the distinct values of its inner side: for few values over a large table.</summary>
    private ApplyNode? TrySemiLookup(LogicalJoin join, List<BoundExpression> terms, List<JoinKey> keys, PlanNode right)
    {
        if (keys.Count != terms.Count || keys.Count == 0 || keys.Exists(k => k.NullsMatch || k.Right is not BoundColumn))
            return null;
        List<BoundExpression> values = [.. keys.Select(k => k.Right)];
        PlanNode distinct = new DistinctNode(Arrange(right, [.. values.Select(v => ((BoundColumn)v).Column).Distinct()]), values, false)
        {
            Rows = right.Rows,
            Cost = right.Cost + (right.Rows * 0.1),
        };
        return TryLookup(new LogicalJoin(JoinKind.Inner, join.Right, join.Left, join.Condition), terms, distinct, PlanRequest.None, areDistinct: true);
    }

    /// <summary>An index nested-loop join: the right side is a table that the condition can seek in.</summary>
    private ApplyNode? TryLookup(LogicalJoin join, List<BoundExpression> terms, PlanNode left, PlanRequest request, bool areDistinct = false)
    {
        if (terms.Count == 0 || join.Kind == JoinKind.Full)
            return null;
        if (FindSeekableScan(join.Right, terms, out List<BoundExpression> all) is not { } scan)
            return null;
        HashSet<PlanColumn> leftColumns = [.. join.Left.Output];
        List<BoundExpression> simple = [.. all.Where(t => !ExpressionTools.ContainsSubquery(t))];
        bool seeks = false;
        foreach (AccessPath path in _paths.Find(scan, simple))
        {
            // The seek must use the outer row, or it is the same each time.
            seeks |= path.IsSeek && path.Residual.Count(t => ExpressionTools.Columns(t).Overlaps(leftColumns)) < simple.Count(t => ExpressionTools.Columns(t).Overlaps(leftColumns));
        }

        if (!seeks)
            return null;
        LogicalOperator inner = PushInto(join.Right, terms);
        double outer = _outerRows;
        _outerRows = 1;
        bool oneRow = join.Kind is JoinKind.Semi or JoinKind.Anti;
        PlanNode right = Plan(inner, new PlanRequest([], oneRow ? 1 : 0));
        _outerRows = outer;
        ApplyKind kind = join.Kind switch
        {
            JoinKind.Inner => ApplyKind.Inner,
            JoinKind.Left => ApplyKind.Left,
            JoinKind.Semi => ApplyKind.Semi,
            _ => ApplyKind.Anti,
        };
        if (request.Ordering.Count > 0 && !Covers(left.Ordering, request.Ordering))
        {
            if (!request.Ordering.All(o => leftColumns.Contains(o.Column)))
                return null;
            left = Plan(join.Left, new PlanRequest(request.Ordering, request.RowGoal));
        }

        double runs = left.Rows;
        double lookups = 0;
        if (!areDistinct)
            (right, runs, lookups) = Remember(right, inner, join.Left, left.Rows, oneRow);
        return new ApplyNode(left, right, kind, [.. LogicalTools.FreeColumns(inner).Where(leftColumns.Contains)])
        {
            Rows = _cardinality.Estimate(join),
            Cost = left.Cost + (runs * (right.Cost + PlanCost.Reopen)) + (lookups * PlanCost.Remembered),
            Ordering = left.Ordering,
        };
    }

    /// <summary>The scan under filters and passing projections, with all conditions on it.</summary>
    private static LogicalScan? FindSeekableScan(LogicalOperator op, List<BoundExpression> terms, out List<BoundExpression> all)
    {
        all = [.. terms];
        while (true)
        {
            switch (op)
            {
                case LogicalScan { Lock: RowLockMode.None } scan:
                    return scan;
                case LogicalFilter filter:
                    ExpressionTools.SplitConjuncts(filter.Predicate, all);
                    op = filter.Input;
                    continue;
                case LogicalProject project:
                {
                    Dictionary<PlanColumn, BoundExpression> map = [];
                    foreach (ProjectItem item in project.Items)
                    {
                        if (item.Expression is not BoundColumn column || !ReferenceEquals(column.Column, item.Column))
                            map[item.Column] = item.Expression;
                    }

                    for (int i = 0; i < all.Count; i++)
                        all[i] = ExpressionTools.Substitute(all[i], map);
                    op = project.Input;
                    continue;
                }

                default:
                    return null;
            }
        }
    }

    /// <summary>Puts conditions under filters and projections, directly over the scan.</summary>
    private static LogicalOperator PushInto(LogicalOperator op, List<BoundExpression> terms)
    {
        if (op is LogicalProject project)
        {
            Dictionary<PlanColumn, BoundExpression> map = [];
            foreach (ProjectItem item in project.Items)
            {
                if (item.Expression is not BoundColumn column || !ReferenceEquals(column.Column, item.Column))
                    map[item.Column] = item.Expression;
            }

            return new LogicalProject(PushInto(project.Input, [.. terms.Select(t => ExpressionTools.Substitute(t, map))]), project.Items);
        }

        return new LogicalFilter(op, ExpressionTools.Combine(terms)!);
    }

    private PlanNode PlanApply(LogicalJoin join, List<BoundExpression> terms, PlanRequest request)
    {
        HashSet<PlanColumn> leftColumns = [.. join.Left.Output];
        List<OrderItem> wanted = request.Ordering.All(o => leftColumns.Contains(o.Column)) ? [.. request.Ordering] : [];
        PlanNode left = Plan(join.Left, new PlanRequest(wanted, wanted.Count == request.Ordering.Count ? request.RowGoal : 0));
        LogicalOperator inner = terms.Count == 0 ? join.Right : new LogicalFilter(join.Right, ExpressionTools.Combine(terms)!);
        if (_options.Optimize && terms.Count > 0)
            inner = LogicalOptimizer.PushFilters(inner);
        double outer = _outerRows;
        _outerRows = Math.Max(1, outer * left.Rows);
        bool oneRow = join.Kind is JoinKind.Semi or JoinKind.Anti;
        PlanNode right = Plan(inner, new PlanRequest([], oneRow ? 1 : 0));
        _outerRows = outer;
        ApplyKind kind = join.Kind switch
        {
            JoinKind.Inner => ApplyKind.Inner,
            JoinKind.Left => ApplyKind.Left,
            JoinKind.Semi => ApplyKind.Semi,
            JoinKind.Anti => ApplyKind.Anti,
            _ => throw new BareMetalException(SqlStates.FeatureNotSupported, "A RIGHT or FULL join cannot have a LATERAL side."),
        };
        (PlanNode remembered, double runs, double lookups) = Remember(right, inner, join.Left, left.Rows, oneRow);
        return new ApplyNode(left, remembered, kind, [.. LogicalTools.FreeColumns(inner).Where(leftColumns.Contains)])
        {
            Rows = Math.Max(left.Rows * (oneRow ? 0.5 : Math.Max(right.Rows, kind == ApplyKind.Left ? 1 : 0.1)), 0.01),
            Cost = left.Cost + (runs * (right.Cost + PlanCost.Reopen)) + (lookups * PlanCost.Remembered),
            Ordering = left.Ordering,
        };
    }
}
