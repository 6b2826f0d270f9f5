using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Planning.Rules;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>What the plan above wants of the plan below. Wishes, not orders: the result says what it gives.</summary>
/// <param name="Ordering">A useful order; empty when none is.</param>
/// <param name="RowGoal">Rows that are likely to be taken; 0 for all.</param>
internal readonly record struct PlanRequest(IReadOnlyList<OrderItem> Ordering, double RowGoal)
{
    public static readonly PlanRequest None = new([], 0);
}

/// <summary>Chooses operators for a logical plan. One object per statement; also plans the subqueries of its expressions, once each.</summary>
internal sealed class PhysicalPlanner
{
    private const double HashBuildCost = PlanCost.HashBuild;
    private const double HashProbeCost = PlanCost.HashProbe;
    private const double OpenCost = 1.5;
    private const double MaxCorrelatedRows = 20_000;
    private const int MaxCorrelatedTrials = 24;
    private const double SortedGroupCost = 0.015;

    private readonly PlannerOptions _options;
    private readonly Cardinality _cardinality;
    private readonly AccessPaths _paths;
    private readonly KeySets _keySets;
    private readonly Dictionary<BoundSubquery, PlanNode> _subqueries = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<PlanColumn, (PlanColumn Number, LogicalAggregate Aggregate)> _groupingKeys = [];
    private readonly Lock _gate = new();

    /// <summary>An input was replaced by no rows, and may have had grouping sets: GROUPING over it may be anything.</summary>
    private bool _isGroupingDropped;
    private double _outerRows = 1;
    private int _correlatedTrials;

    public PhysicalPlanner(PlannerOptions options)
    {
        _options = options;
        _cardinality = new Cardinality(options);
        _paths = new AccessPaths(options, _cardinality);
        _keySets = new KeySets(_paths, _cardinality);
    }

    public Cardinality Cardinality => _cardinality;

    /// <summary>Plans a statement that the rules have been applied to.</summary>
    public PlanNode PlanStatement(LogicalOperator statement)
    {
        if (statement is LogicalWith with && LogicalTools.Writes(with))
            return PlanWrites(with);
        if (LogicalTools.IsWrite(statement))
        {
            PlanNode source = PlanLocking(LogicalTools.Inputs(statement)[0], PlanRequest.None);
            return new ModificationNode(statement, source) { Rows = statement.Output.Count == 0 ? 0 : source.Rows, Cost = source.Cost + (source.Rows * 5) };
        }

        return PlanLocking(statement, PlanRequest.None);
    }

    /// <summary>A statement with definitions that write, all of them together one statement.</summary>
    private WriteWithNode PlanWrites(LogicalWith with)
    {
        List<(CteDefinition, PlanNode, PlanNode?)> definitions = [];
        double cost = 0;
        foreach (CteDefinition definition in with.Definitions)
        {
            PlanNode plan = LogicalTools.IsWrite(definition.Plan)
                ? PlanStatement(definition.Plan) : Arrange(PlanLocking(definition.Plan, PlanRequest.None), definition.Plan.Output);
            PlanNode? recursive = definition.RecursiveTerm is null ? null : Arrange(PlanLocking(definition.RecursiveTerm, PlanRequest.None), definition.RecursiveTerm.Output);
            definitions.Add((definition, plan, recursive));
            cost += plan.Cost;
        }

        PlanNode body = LogicalTools.IsWrite(with.Body) ? PlanStatement(with.Body) : Arrange(PlanLocking(with.Body, PlanRequest.None), with.Output);
        return new WriteWithNode(definitions, body) { Rows = body.Rows, Cost = body.Cost + cost };
    }

    private PlanNode PlanLocking(LogicalOperator plan, PlanRequest request)
    {
        List<RowLock> locks = [];
        LogicalOperator lifted = LockLifting.Apply(plan, locks);
        PlanNode node = Plan(lifted, request);
        return locks.Count == 0 ? node : MakeLock(node, locks, null, null);
    }

    private static LockRowsNode MakeLock(PlanNode node, IReadOnlyList<RowLock> locks, BoundExpression? limit, BoundExpression? offset) =>
        new(node, locks, limit, offset) { Rows = node.Rows, Cost = node.Cost + (node.Rows * 0.5), Ordering = node.Ordering };

    /// <summary>The plan of a subquery in an expression.</summary>
    public PlanNode PlanSubquery(BoundSubquery subquery)
    {
        lock (_gate)
        {
            if (_subqueries.TryGetValue(subquery, out PlanNode? node))
                return node;
            LogicalOperator plan = _options.Optimize ? LogicalOptimizer.Optimize(subquery.Plan, _cardinality) : subquery.Plan;
            double outer = _outerRows;
            _outerRows = LogicalTools.FreeColumns(plan).Count > 0 ? Math.Max(outer, 1000) : 1;
            double goal = subquery.Kind == SubqueryKind.Exists ? 1 : subquery.Kind == SubqueryKind.Scalar ? 2 : 0;
            node = PlanLocking(plan, new PlanRequest([], goal));
            if (!SameColumns(node.Output, subquery.Plan.Output) && subquery.Kind != SubqueryKind.Exists)
                node = Passing(node, subquery.Plan.Output);
            _outerRows = outer;
            _subqueries.Add(subquery, node);
            return node;
        }
    }

    /// <summary>Puts columns into the order of the logical plan, which results depend on.</summary>
    public static PlanNode Arrange(PlanNode node, IReadOnlyList<PlanColumn> columns) => SameColumns(node.Output, columns) ? node : Passing(node, columns);

    private static ProjectNode Passing(PlanNode node, IReadOnlyList<PlanColumn> columns) =>
        new(node, [.. columns.Select(c => (BoundExpression)new BoundColumn(c))], columns) { Rows = node.Rows, Cost = node.Cost, Ordering = node.Ordering };

    private static bool SameColumns(IReadOnlyList<PlanColumn> a, IReadOnlyList<PlanColumn> b)
    {
        if (a.Count != b.Count)
            return false;
        for (int i = 0; i < a.Count; i++)
        {
            if (!ReferenceEquals(a[i], b[i]))
                return false;
        }

        return true;
    }

    public PlanNode Plan(LogicalOperator op, PlanRequest request)
    {
        switch (op)
        {
            case LogicalScan scan:
                return PlanScan(scan, [], request);
            case LogicalValues values:
                _isGroupingDropped |= values.Rows.Count == 0;
                return values.Rows.Count == 0 ? new EmptyNode(values.Columns) { Rows = 0 } : new ValuesNode(values) { Rows = values.Rows.Count, Cost = values.Rows.Count * 0.2 };
            case LogicalTableFunction function:
                return new TableFunctionNode(function) { Rows = _cardinality.Estimate(function), Cost = 5 };
            case LogicalFilter filter:
                return PlanFilter(filter, request);
            case LogicalProject project:
                return PlanProject(project, request);
            case LogicalJoin join:
                return PlanJoin(join, request);
            case LogicalAggregate aggregate:
                return PlanAggregate(aggregate);
            case LogicalWindow window:
                return PlanWindow(window);
            case LogicalDistinct distinct:
                return PlanDistinct(distinct, request);
            case LogicalSort sort:
                return PlanSort(sort, request, null);
            case LogicalLimit limit:
                return PlanLimit(limit, request);
            case LogicalLockRows locking:
                return MakeLock(Plan(locking.Input, request), locking.Locks, locking.Limit, locking.Offset);
            case LogicalSetOperation set:
                return PlanSetOperation(set, request);
            case LogicalWith with:
                return PlanWith(with, request);
            case LogicalCteReference reference:
                return new CteNode(reference.Definition, reference.Columns) { Rows = _cardinality.Estimate(reference), Cost = _cardinality.Estimate(reference) * 0.05 };
            default:
                throw new BareMetalException(SqlStates.InternalError, $"{op.GetType().Name} cannot be planned.");
        }
    }

    // ---- scans ----

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

    private FilterNode MakeFilter(PlanNode input, IReadOnlyList<BoundExpression> terms)
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
            Rows = Math.Max(rows, 0.01),
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

    // ---- filters ----

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
        return MakeFilter(node, terms);
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

    // ---- project ----

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

    // ---- joins ----

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
        return new ApplyNode(left, right, kind, [.. LogicalTools.FreeColumns(inner).Where(leftColumns.Contains)])
        {
            Rows = _cardinality.Estimate(join),
            Cost = left.Cost + (left.Rows * (right.Cost + PlanCost.Reopen)),
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
        return TryLookup(new LogicalJoin(JoinKind.Inner, join.Right, join.Left, join.Condition), terms, distinct, PlanRequest.None);
    }

    /// <summary>An index nested-loop join: the right side is a table that the condition can seek in.</summary>
    private ApplyNode? TryLookup(LogicalJoin join, List<BoundExpression> terms, PlanNode left, PlanRequest request)
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

        return new ApplyNode(left, right, kind, [.. LogicalTools.FreeColumns(inner).Where(leftColumns.Contains)])
        {
            Rows = _cardinality.Estimate(join),
            Cost = left.Cost + (left.Rows * (right.Cost + 0.7)),
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
        return new ApplyNode(left, right, kind, [.. LogicalTools.FreeColumns(inner).Where(leftColumns.Contains)])
        {
            Rows = Math.Max(left.Rows * (oneRow ? 0.5 : Math.Max(right.Rows, kind == ApplyKind.Left ? 1 : 0.1)), 0.01),
            Cost = left.Cost + (left.Rows * (right.Cost + 0.7)),
            Ordering = left.Ordering,
        };
    }

    // ---- aggregates ----

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
            PlanColumn number = new(-1 - _groupingKeys.Count, "grouping set", SqlType.Integer, false);
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
        HashSet<PlanColumn> leading = [.. input.Ordering.Take(keys).Select(o => o.Column)];
        return leading.Count == keys && aggregate.Keys.All(k => k.Expression is BoundColumn column && leading.Contains(column.Column));
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

    // ---- windows, order, limits ----

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

    // ---- set operations, WITH ----

    private PlanNode PlanSetOperation(LogicalSetOperation set, PlanRequest request)
    {
        if (set.Kind == SetOperationKind.Union)
        {
            List<PlanNode> inputs = [];
            Collect(set);
            PlanNode all = new ConcatNode(inputs, set.Columns) { Rows = inputs.Sum(i => i.Rows), Cost = inputs.Sum(i => i.Cost) };
            if (set.IsAll)
                return all;
            return new DistinctNode(all, [.. set.Columns.Select(c => (BoundExpression)new BoundColumn(c))], false)
            {
                Rows = all.Rows * 0.8,
                Cost = all.Cost + (all.Rows * 0.1),
            };

            void Collect(LogicalSetOperation union)
            {
                foreach (LogicalOperator side in (LogicalOperator[])[union.Left, union.Right])
                {
                    // A UNION ALL within is part of the same list; a UNION within a UNION as well, as the outer one removes duplicates.
                    if (side is LogicalSetOperation { Kind: SetOperationKind.Union } nested && (nested.IsAll || !set.IsAll) && SameTypes(nested.Columns, set.Columns))
                        Collect(nested);
                    else
                        inputs.Add(Arrange(Plan(side, new PlanRequest([], set.IsAll ? request.RowGoal : 0)), side.Output));
                }
            }
        }

        PlanNode left = Arrange(Plan(set.Left, PlanRequest.None), set.Left.Output);
        PlanNode right = Arrange(Plan(set.Right, PlanRequest.None), set.Right.Output);
        if (!set.IsAll && SameTypes(set.Left.Output, set.Right.Output) && set.Left.Output.Distinct().Count() == set.Columns.Count && set.Right.Output.Distinct().Count() == set.Columns.Count)
        {
            // Without duplicates it is a semi or anti join on all columns, nulls equal: both parts can spill.
            DistinctNode distinct = new(left, [.. set.Left.Output.Select(c => (BoundExpression)new BoundColumn(c))], false) { Rows = left.Rows, Cost = left.Cost + (left.Rows * 0.1) };
            List<JoinKey> keys = [];
            for (int i = 0; i < set.Columns.Count; i++)
                keys.Add(new JoinKey(new BoundColumn(set.Left.Output[i]), new BoundColumn(set.Right.Output[i]), true));
            double rows = _cardinality.Estimate(set);
            double cost = distinct.Cost + right.Cost + (right.Rows * HashBuildCost) + (left.Rows * HashProbeCost);
            HashJoinNode join = new(distinct, right, keys, null, set.Kind == SetOperationKind.Except ? HashJoinMode.ProbeAnti : HashJoinMode.ProbeSemi, distinct.Output) { Rows = rows, Cost = cost };
            return new ConcatNode([join], set.Columns) { Rows = rows, Cost = cost };
        }

        return new CountedSetNode(left, right, set.Kind == SetOperationKind.Except, set.IsAll, set.Columns)
        {
            Rows = _cardinality.Estimate(set),
            Cost = left.Cost + right.Cost + ((left.Rows + right.Rows) * 0.12),
        };
    }

    private static bool SameTypes(IReadOnlyList<PlanColumn> a, IReadOnlyList<PlanColumn> b)
    {
        for (int i = 0; i < a.Count; i++)
        {
            if (a[i].Type.Kind != b[i].Type.Kind)
                return false;
        }

        return true;
    }

    private WithNode PlanWith(LogicalWith with, PlanRequest request)
    {
        List<(CteDefinition, PlanNode, PlanNode?)> definitions = [];
        foreach (CteDefinition definition in with.Definitions)
        {
            PlanNode plan = Arrange(PlanLocking(definition.Plan, PlanRequest.None), definition.Plan.Output);
            PlanNode? recursive = definition.RecursiveTerm is null ? null : Arrange(PlanLocking(definition.RecursiveTerm, PlanRequest.None), definition.RecursiveTerm.Output);
            definitions.Add((definition, plan, recursive));
        }

        PlanNode body = Plan(with.Body, request);
        return new WithNode(definitions, body) { Rows = body.Rows, Cost = body.Cost + definitions.Sum(d => d.Item2.Cost), Ordering = body.Ordering };
    }
}
