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
internal sealed partial class PhysicalPlanner
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
    private readonly Dictionary<BoundSubquery, SubqueryPlan> _subqueries = new(ReferenceEqualityComparer.Instance);
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
