using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Planning.Rules;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <remarks>Scans, filters and projections.</remarks>
internal sealed partial class PhysicalPlanner
{
    private PlanNode PlanScan(LogicalScan scan, IReadOnlyList<BoundExpression> terms, PlanRequest request)
    {
        List<BoundExpression> simple = [];
        List<BoundExpression> hard = [];
        List<BoundExpression> checks = ChecksOf(scan, terms);
        foreach (BoundExpression term in terms)
        {
            if (IsOfNotNull(term, scan) is { } known)
            {
                if (!known)
                    return new EmptyNode(PhysicalOutput(scan)) { Rows = 0 };
                continue;
            }

            // A value that a subquery gives once can be sought like another.
            (ExpressionTools.ContainsSubquery(term) && !SeekMatching.IsComparedWithSubquery(term, scan) ? hard : simple).Add(RewriteGrouping(term));
        }

        if (_options.Optimize && Implication.AreContradictory(simple, checks))
            return new EmptyNode(PhysicalOutput(scan)) { Rows = 0 };
        AccessPath best = Choose(scan, simple, request, out bool backward, out IReadOnlyList<OrderItem> ordering, out double bestCost);
        foreach (BoundExpression term in best.Residual.ToArray())
        {
            // Where no seek uses it, the subquery comes after the conditions that cost less.
            if (ExpressionTools.ContainsSubquery(term) && best.Residual.Remove(term))
                hard.Add(term);
        }

        if (best.Settings.Seeks is not null)
        {
            foreach (BoundExpression term in simple)
            {
                if (!best.Residual.Contains(term))
                    PlanSubqueries(term, 1);
            }
        }

        PlanNode? several = _options.Optimize && hard.Count == 0 && !simple.Exists(ExpressionTools.ContainsSubquery) ? _keySets.Find(scan, simple) : null;
        if (several is not null && several.Cost + (request.Ordering.Count > 0 ? SortCost(several.Rows) : 0) >= bestCost)
            several = null;
        PlanNode node = several ?? MakeScan(best, backward, ordering, hard.Count == 0 ? request.RowGoal : 0);
        return hard.Count == 0 ? node : MakeFilter(node, hard);
    }

    /// <summary>What IS NULL and IS NOT NULL are for a column that is never null; null for other conditions.</summary>
    private bool? IsOfNotNull(BoundExpression term, LogicalScan scan) =>
        _options.Optimize && term is BoundIsNull { Operand: BoundColumn { Column: { Origin.IsNullable: false } column } } isNull && scan.Columns.Contains(column) ? isNull.IsNegated : null;

    /// <summary>The table's checks as conditions on the scan's columns; only when one of its own conditions may contradict them.</summary>
    private List<BoundExpression> ChecksOf(LogicalScan scan, IReadOnlyList<BoundExpression> terms)
    {
        List<BoundExpression> checks = [];
        if (!_options.Optimize || scan.Table.Checks.Count == 0 || terms.Count == 0 || _options.BindTable?.Invoke(scan.Table) is not { } binding)
            return checks;
        foreach ((_, BoundExpression check) in binding.Checks)
        {
            foreach (BoundExpression part in ExpressionTools.SplitConjuncts(check))
            {
                if (AccessPaths.Rebase(part, scan, binding) is { } own)
                    checks.Add(own);
            }
        }

        return checks;
    }

    private ScanNode MakeScan(AccessPath path, bool backward, IReadOnlyList<OrderItem> ordering, double rowGoal)
    {
        ScanSettings settings = path.Settings with
        {
            IsBackward = backward,
            Filter = ExpressionTools.Combine(path.Residual),
            RowGoal = rowGoal is > 0 and < 1024 && path.Residual.Count == 0 ? (int)rowGoal : 0,
        };
        if (PlanFaults.Scan is { } fault)
            settings = fault(settings);
        return new ScanNode(settings, path.KeyNames) { TableRows = _cardinality.TableRows(settings.Table), Rows = path.Rows, Cost = path.Cost, Ordering = ordering };
    }

    private AccessPath Choose(LogicalScan scan, IReadOnlyList<BoundExpression> terms, PlanRequest request, out bool backward, out IReadOnlyList<OrderItem> ordering, out double bestCost)
    {
        AccessPath? best = null;
        bestCost = double.MaxValue;
        backward = false;
        ordering = [];
        foreach (AccessPath path in _paths.Find(scan, terms))
        {
            bool ordered = Satisfies(path, request.Ordering, out bool reverse);
            double cost = path.Cost;
            if (request.Ordering.Count > 0 && !ordered)
                cost += SortCost(path.Rows);
            else if (request.RowGoal > 0 && path.Rows > request.RowGoal && (request.Ordering.Count == 0 || ordered))
                cost *= Math.Max(request.RowGoal / path.Rows, 0.0001);
            if (path.IsPoint)
                cost *= 0.9;
            if (cost >= bestCost)
                continue;
            best = path;
            bestCost = cost;
            backward = ordered && reverse && request.Ordering.Count > 0;
            ordering = ordered && request.Ordering.Count > 0 ? request.Ordering : [.. path.Ordering.TakeWhile(o => o.Expression is null)];
        }

        return best!;
    }

    private static double SortCost(double rows) => PlanCost.Sort(rows);

    /// <summary>Whether a path gives the wanted order, forward or backward.</summary>
    private static bool Satisfies(AccessPath path, IReadOnlyList<OrderItem> wanted, out bool reverse)
    {
        reverse = false;
        if (wanted.Count == 0 || path.IsPoint)
            return true;
        bool? direction = null;
        int at = 0;
        HashSet<PlanColumn> done = [];
        foreach (OrderItem item in wanted)
        {
            if (path.Fixed.Contains(item.Column) || !done.Add(item.Column))
                continue;
            while (at < path.Ordering.Count && path.Fixed.Contains(path.Ordering[at].Column))
                at++;
            if (at >= path.Ordering.Count || !path.Ordering[at].IsOfSame(item))
                return false;
            OrderItem have = path.Ordering[at++];
            bool turned = have.Descending != item.Descending;
            bool nullsFit = !item.Column.IsNullable && item.Column.Origin is { IsNullable: false } || (have.NullsFirst != turned) == item.NullsFirst;
            if (!nullsFit || (direction is not null && direction != turned))
                return false;
            direction = turned;
        }

        reverse = direction ?? false;
        return true;
    }

    private FilterNode MakeFilter(PlanNode input, IReadOnlyList<BoundExpression> terms, double? foreseen = null)
    {
        // Cheap conditions first; those that may fail keep their order behind those that cannot.
        List<BoundExpression> ordered = [.. terms.OrderBy(t => ExpressionTools.ContainsSubquery(t) ? 2 : ExpressionTools.CannotFail(t) ? 0 : 1)];
        double rows = input.Rows;
        foreach (BoundExpression term in ordered)
            rows *= ExpressionTools.ContainsSubquery(term) ? 0.4 : _cardinality.Selectivity(term, input.Rows);
        foreach (BoundExpression term in ordered)
            PlanSubqueries(term, input.Rows);
        return new FilterNode(input, RewriteGrouping(ExpressionTools.Combine(ordered)!))
        {
            Rows = Math.Max(foreseen ?? rows, 0.01),
            Cost = input.Cost + (input.Rows * 0.05),
            Ordering = input.Ordering,
        };
    }

    /// <summary>Plans subqueries now, knowing about how often they will run.</summary>
    private void PlanSubqueries(BoundExpression expression, double rows)
    {
        if (!ExpressionTools.ContainsSubquery(expression))
            return;
        double outer = _outerRows;
        _outerRows = Math.Max(1, outer * rows);
        ExpressionTools.Any(expression, e =>
        {
            if (e is BoundSubquery s)
                PlanSubquery(s);
            return false;
        });
        _outerRows = outer;
    }

    private PlanNode PlanFilter(LogicalFilter filter, PlanRequest request)
    {
        List<BoundExpression> terms = ExpressionTools.SplitConjuncts(filter.Predicate);
        LogicalOperator input = filter.Input;
        while (input is LogicalFilter inner)
        {
            terms.AddRange(ExpressionTools.SplitConjuncts(inner.Predicate));
            input = inner.Input;
        }

        foreach (BoundExpression term in terms)
        {
            if (!ConstantTools.IsNeverTrue(term))
                continue;
            _isGroupingDropped = true;
            return new EmptyNode(PhysicalOutput(input)) { Rows = 0 };
        }

        if (terms.Count == 0)
            return Plan(input, request);
        PlanNode? direct = input is LogicalScan scan ? PlanScan(scan, terms, request) : null;
        PlanNode? spooled = TrySpool(input, terms, direct);
        if (spooled is not null)
            return spooled;
        if (direct is not null)
            return direct;
        PlanNode node = Plan(input, request with { RowGoal = request.RowGoal > 0 ? request.RowGoal * 3 : 0 });
        return MakeFilter(node, terms, input is LogicalAggregate && !terms.Exists(ExpressionTools.ContainsSubquery) ? _cardinality.FilteredRows(input, terms, node.Rows) : null);
    }

    private static List<PlanColumn> PhysicalOutput(LogicalOperator op)
    {
        List<PlanColumn> output = [.. op.Output];
        foreach (PlanColumn key in RowKeys(op))
        {
            if (!output.Contains(key))
                output.Add(key);
        }

        return output;
    }

    /// <summary>
    /// For a plan that runs for many outer rows: when its input does not depend on them, the input is read once and hashed by what is
    /// compared with outer values.
    /// </summary>
    private PlanNode? TrySpool(LogicalOperator input, List<BoundExpression> terms, PlanNode? direct)
    {
        if (_outerRows < 2 || input is LogicalScan { Lock: not RowLockMode.None })
            return null;
        if (LogicalTools.FreeColumns(input).Count > 0 || LogicalTools.IsVolatile(input) || LogicalTools.Any(input, o => o is LogicalCteReference))
            return null;
        HashSet<PlanColumn> own = [.. input.Output];
        List<BoundExpression> inside = [];
        List<BoundExpression> rest = [];
        List<(BoundExpression, BoundExpression)> keys = [];
        foreach (BoundExpression term in terms)
        {
            HashSet<PlanColumn> columns = ExpressionTools.Columns(term);
            if (columns.IsSubsetOf(own) && !ExpressionTools.IsVolatile(term))
            {
                inside.Add(term);
                continue;
            }

            if (term is BoundCall { Function.Name: "=" } call && !ExpressionTools.ContainsSubquery(term) && call.Arguments[0].Type.Kind == call.Arguments[1].Type.Kind)
            {
                HashSet<PlanColumn> left = ExpressionTools.Columns(call.Arguments[0]);
                HashSet<PlanColumn> right = ExpressionTools.Columns(call.Arguments[1]);
                if (left.Count > 0 && left.IsSubsetOf(own) && !right.Overlaps(own))
                {
                    keys.Add((call.Arguments[0], call.Arguments[1]));
                    continue;
                }

                if (right.Count > 0 && right.IsSubsetOf(own) && !left.Overlaps(own))
                {
                    keys.Add((call.Arguments[1], call.Arguments[0]));
                    continue;
                }
            }

            rest.Add(term);
        }

        if (keys.Count == 0 && rest.Count == 0)
            return null;
        LogicalOperator source = inside.Count == 0 ? input : new LogicalFilter(input, ExpressionTools.Combine(inside)!);
        double outer = _outerRows;
        _outerRows = 1;
        PlanNode once = Plan(source, PlanRequest.None);
        _outerRows = outer;
        double matches = keys.Count == 0 ? once.Rows : Math.Max(once.Rows / Math.Max(1, Math.Sqrt(once.Rows)), 1);
        double spoolCost = once.Cost + (once.Rows * HashBuildCost) + (outer * (0.3 + (matches * 0.05)));
        double directCost = direct is null ? outer * (once.Cost + OpenCost) : outer * (direct.Cost + OpenCost);
        if (spoolCost >= directCost)
            return null;
        PlanNode spool = new SpoolNode(once, keys) { Rows = matches, Cost = spoolCost / outer };
        return rest.Count == 0 ? spool : MakeFilter(spool, rest);
    }

    private PlanNode PlanProject(LogicalProject project, PlanRequest request)
    {
        List<OrderItem> below = [];
        foreach (OrderItem item in request.Ordering)
        {
            if (BelowProject(project, item) is not { } lower)
            {
                below.Clear();
                break;
            }

            below.Add(lower);
        }

        PlanNode input = Plan(project.Input, new PlanRequest(below, request.RowGoal));
        foreach (ProjectItem item in project.Items)
            PlanSubqueries(item.Expression, input.Rows);
        List<OrderItem> ordering = [];
        foreach (OrderItem item in input.Ordering)
        {
            if (ordering.Count < below.Count && below[ordering.Count] == item)
            {
                ordering.Add(request.Ordering[ordering.Count]);
                continue;
            }

            ProjectItem? passed = project.Items.FirstOrDefault(p => p.Expression is BoundColumn c && ReferenceEquals(c.Column, item.Column));
            if (passed is null)
                break;
            ordering.Add(item with { Column = passed.Column });
        }

        // The key of a row that is to be written passes through every projection.
        List<BoundExpression> expressions = [.. project.Items.Select(i => RewriteGrouping(i.Expression))];
        List<PlanColumn> output = [.. project.Output];
        foreach (PlanColumn column in RowKeys(project.Input))
        {
            if (!output.Contains(column))
            {
                output.Add(column);
                expressions.Add(new BoundColumn(column));
            }
        }

        if (SameColumns(input.Output, output) && expressions.TrueForAll(e => e is BoundColumn c && output.Contains(c.Column)) && IsIdentity(expressions, output))
            return input;
        return new ProjectNode(input, expressions, output) { Rows = input.Rows, Cost = input.Cost + (input.Rows * 0.02 * expressions.Count(e => e is not BoundColumn)), Ordering = ordering };
    }

    /// <summary>An item of a wanted order as the input of a projection would have to give it: a column, or an expression that an index may hold.</summary>
    private static OrderItem? BelowProject(LogicalProject project, OrderItem item)
    {
        BoundExpression? source = null;
        if (item.Expression is { } expression)
        {
            Dictionary<PlanColumn, BoundExpression> map = [];
            foreach (ProjectItem p in project.Items)
                map[p.Column] = p.Expression;
            source = ExpressionTools.Substitute(expression, map);
        }
        else
        {
            foreach (ProjectItem p in project.Items)
            {
                if (ReferenceEquals(p.Column, item.Column))
                    source = p.Expression;
            }
        }

        return source switch
        {
            null => null,
            BoundColumn column => new OrderItem(column.Column, item.Descending, item.NullsFirst),
            _ when ExpressionTools.ContainsSubquery(source) || ExpressionTools.IsVolatile(source) || ExpressionTools.Columns(source).Count == 0 => null,
            _ => OrderItem.Of(source, item.Descending, item.NullsFirst),
        };
    }

    private static bool IsIdentity(List<BoundExpression> expressions, List<PlanColumn> output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            if (!ReferenceEquals(((BoundColumn)expressions[i]).Column, output[i]))
                return false;
        }

        return true;
    }

    private static IEnumerable<PlanColumn> RowKeys(LogicalOperator op)
    {
        switch (op)
        {
            case LogicalScan { RowKey: { } key }:
                return [key];
            case LogicalFilter or LogicalProject or LogicalSort or LogicalLimit or LogicalWindow or LogicalWith:
                return RowKeys(LogicalTools.Inputs(op)[^1]);
            case LogicalJoin join:
                return join.Kind is JoinKind.Semi or JoinKind.Anti ? RowKeys(join.Left) : RowKeys(join.Left).Concat(RowKeys(join.Right));
            default:
                return [];
        }
    }
}
