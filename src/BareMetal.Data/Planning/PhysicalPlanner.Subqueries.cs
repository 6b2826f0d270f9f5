using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Planning.Rules;

namespace BareMetal.Data.Planning;

/// <remarks>Subqueries in expressions, and what correlated plans have given before.</remarks>
internal sealed partial class PhysicalPlanner
{
    /// <summary>Outer rows below which remembering is not worth its beginning.</summary>
    private const double MinRememberedRows = 16;

    /// <summary>Runs that cost this much are remembered even where only some values are expected to come again.</summary>
    private const double DearRun = 10;

    /// <summary>The plan of a subquery in an expression.</summary>
    public SubqueryPlan PlanSubquery(BoundSubquery subquery)
    {
        lock (_gate)
        {
            if (_subqueries.TryGetValue(subquery, out SubqueryPlan? known))
                return known;
            LogicalOperator plan = _options.Optimize ? LogicalOptimizer.Optimize(subquery.Plan, _cardinality) : subquery.Plan;
            bool isRepeatable = LogicalTools.IsRepeatable(plan);
            List<(PlanColumn, BoundExpression)> computed = [];
            if (_options.Optimize && isRepeatable)
                plan = OuterExpressions.Lift(plan, computed);
            List<PlanColumn> free = [.. LogicalTools.FreeColumns(plan)];
            double outer = _outerRows;
            _outerRows = free.Count > 0 ? Math.Max(outer, 1000) : 1;
            bool isExistence = subquery.Kind == SubqueryKind.Exists;
            double goal = isExistence ? 1 : subquery.Kind == SubqueryKind.Scalar ? 2 : 0;
            PlanNode node = PlanLocking(plan, new PlanRequest([], goal));
            if (!isExistence)
                node = Arrange(node, subquery.Plan.Output);
            _outerRows = outer;
            if (_options.Optimize && isRepeatable)
            {
                if (free.Count > 0)
                    node = new MemoizeNode(node, free, isExistence, 0) { Rows = node.Rows, Cost = node.Cost, Ordering = node.Ordering };
                else if (subquery.Kind is SubqueryKind.Any or SubqueryKind.All)
                    node = new SpoolNode(node, []) { Rows = node.Rows, Cost = node.Cost };
            }

            SubqueryPlan result = new(node, free, computed, LogicalTools.IsVolatile(plan), isRepeatable, _options.Optimize && isRepeatable);
            _subqueries.Add(subquery, result);
            return result;
        }
    }

    /// <summary>
    /// The inner side of a join that is run for each outer row, remembering what it gave when its columns' values are expected to come again;
    /// and how often it is then expected to run.
    /// </summary>
    private (PlanNode Inner, double Runs, double Lookups) Remember(PlanNode inner, LogicalOperator plan, LogicalOperator left, double leftRows, bool isExistence)
    {
        double rows = Math.Max(1, _outerRows) * leftRows;
        if (!_options.Optimize || rows < MinRememberedRows || !LogicalTools.IsRepeatable(plan))
            return (inner, leftRows, 0);
        List<PlanColumn> keys = [.. LogicalTools.FreeColumns(plan)];
        List<BoundExpression> own = [.. keys.Where(left.Output.Contains).Select(k => (BoundExpression)new BoundColumn(k))];
        if (own.Count == 0)
            return (inner, leftRows, 0);
        if (own.Count < keys.Count)
            rows = leftRows;
        double values = Math.Min(_cardinality.Groups(own, left), rows);
        if (values > rows * (inner.Cost >= DearRun ? 0.9 : 0.5))
            return (inner, leftRows, 0);
        MemoizeNode node = new(inner, keys, isExistence, values) { Rows = inner.Rows, Cost = inner.Cost, Ordering = inner.Ordering };

        // Estimates of different values are uncertain, and what is remembered may have to go.
        return (node, Math.Min(leftRows, leftRows * values / rows * 1.2), leftRows);
    }
}
