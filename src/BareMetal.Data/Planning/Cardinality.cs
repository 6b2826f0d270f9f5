using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

/// <summary>Guesses of how many rows come out: from row counts of tables, key constraints and rules of thumb for conditions.</summary>
internal sealed class Cardinality(PlannerOptions options)
{
    private const double DefaultRows = 1000;

    private readonly Dictionary<LogicalOperator, double> _known = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<CteDefinition, double> _ctes = [];

    public double TableRows(Table table)
    {
        long rows = options.RowCount(table);
        return rows < 0 ? DefaultRows : Math.Max(rows, 1);
    }

    public double Estimate(LogicalOperator op)
    {
        if (_known.TryGetValue(op, out double known))
            return known;
        double rows = Math.Max(Compute(op), 0.01);
        _known[op] = rows;
        return rows;
    }

    private double Compute(LogicalOperator op)
    {
        switch (op)
        {
            case LogicalScan scan:
                return TableRows(scan.Table);
            case LogicalValues values:
                return values.Rows.Count;
            case LogicalTableFunction:
                return 20;
            case LogicalFilter filter:
                return FilterRows(filter);
            case LogicalProject project:
                return Estimate(project.Input);
            case LogicalJoin join:
                return JoinRows(join);
            case LogicalAggregate aggregate:
            {
                if (aggregate.Keys.Count == 0)
                    return 1;
                double input = Estimate(aggregate.Input);
                double groups = 1;
                foreach (ProjectItem key in aggregate.Keys)
                    groups *= Distinct(key.Expression, aggregate.Input, input);
                return Math.Min(groups, input) * (aggregate.GroupingSets?.Count ?? 1);
            }

            case LogicalWindow window:
                return Estimate(window.Input);
            case LogicalDistinct distinct:
                return Math.Max(1, Estimate(distinct.Input) * 0.7);
            case LogicalSort sort:
                return Estimate(sort.Input);
            case LogicalLimit limit:
            {
                double input = Estimate(limit.Input);
                return limit.Limit is BoundConstant c && LimitValue(c) is { } n ? Math.Min(input, n) : limit.Limit is null ? input : Math.Min(input, 100);
            }

            case LogicalSetOperation set:
            {
                double left = Estimate(set.Left);
                double right = Estimate(set.Right);
                return set.Kind switch
                {
                    SetOperationKind.Union => (left + right) * (set.IsAll ? 1 : 0.8),
                    SetOperationKind.Intersect => Math.Min(left, right) * 0.5,
                    _ => left * 0.5,
                };
            }

            case LogicalWith with:
                return Estimate(with.Body);
            case LogicalCteReference reference:
                if (_ctes.TryGetValue(reference.Definition, out double cte))
                    return cte;
                _ctes[reference.Definition] = 100;
                double rows = Estimate(reference.Definition.Plan) * (reference.Definition.RecursiveTerm is null ? 1 : 10);
                _ctes[reference.Definition] = rows;
                return rows;
            default:
                IReadOnlyList<LogicalOperator> inputs = LogicalTools.Inputs(op);
                return inputs.Count > 0 ? Estimate(inputs[0]) : DefaultRows;
        }
    }

    /// <summary>A constant limit.</summary>
    public static double? LimitValue(BoundConstant constant)
    {
        if (constant.Value.IsNull)
            return null;
        return constant.Type.Kind switch
        {
            Types.SqlTypeKind.BigInt => constant.Value.As<long>(),
            Types.SqlTypeKind.Integer => constant.Value.As<int>(),
            Types.SqlTypeKind.SmallInt => constant.Value.As<short>(),
            _ => null,
        };
    }

    private double FilterRows(LogicalFilter filter)
    {
        double rows = Estimate(filter.Input);
        List<BoundExpression> terms = ExpressionTools.SplitConjuncts(filter.Predicate);
        double selectivity = 1;
        foreach (BoundExpression term in terms)
            selectivity *= Selectivity(term, filter.Input, rows);
        double result = rows * selectivity;
        if (filter.Input is LogicalScan scan)
            result = Math.Min(result, KeyBound(scan, terms, rows));
        return result;
    }

    /// <summary>One row when all columns of a unique key are compared for equality.</summary>
    private static double KeyBound(LogicalScan scan, List<BoundExpression> terms, double rows)
    {
        HashSet<int> equal = [];
        foreach (BoundExpression term in terms)
        {
            if (term is not BoundCall { Function.Name: "=" } call)
                continue;
            foreach (BoundExpression side in call.Arguments)
            {
                if (side is BoundColumn { Column.Origin: { } origin } column && scan.Columns.Contains(column.Column))
                    equal.Add(origin.Id);
            }
        }

        if (equal.Count == 0)
            return rows;
        if (scan.Table.PrimaryKey is { } key && key.ColumnIds.All(equal.Contains))
            return 1;
        foreach (TableIndex index in scan.Table.Indexes)
        {
            if (index.IsUnique && index.FilterSql is null && index.Keys.All(k => k.ExpressionSql is null && equal.Contains(k.ColumnId)))
                return 1;
        }

        return rows;
    }

    public double Selectivity(BoundExpression term, LogicalOperator input, double rows)
    {
        switch (term)
        {
            case BoundConstant:
                return Execution.ConstantTools.IsTrue(term) ? 1 : 0;
            case BoundLogical { IsAnd: true } and:
            {
                double s = 1;
                foreach (BoundExpression t in and.Terms)
                    s *= Selectivity(t, input, rows);
                return s;
            }

            case BoundLogical or:
            {
                double s = 0;
                foreach (BoundExpression t in or.Terms)
                    s += Selectivity(t, input, rows);
                return Math.Min(s, 1);
            }

            case BoundNot not:
                return Math.Max(0, 1 - Selectivity(not.Operand, input, rows));
            case BoundIsNull isNull:
                return isNull.IsNegated ? 0.95 : 0.05;
            case BoundInList inList:
            {
                double s = Math.Min(1, inList.Items.Count / Distinct(inList.Operand, input, rows));
                return inList.IsNegated ? 1 - s : s;
            }

            case BoundQuantifiedArray { Comparison.Name: "=", IsAll: false } any:
                return Math.Min(1, 10 / Distinct(any.Operand, input, rows));
            case BoundCall { Function.Name: "=" } call:
                return 1 / Math.Max(Distinct(call.Arguments[0], input, rows), Distinct(call.Arguments[1], input, rows));
            case BoundCall { Function.Name: "<>" or "!=" }:
                return 0.9;
            case BoundCall { Function.Name: "<" or "<=" or ">" or ">=" }:
                return 0.3;
            case BoundCall { Function.Name: "starts_with" }:
                return 0.02;
            case BoundCall { Function.Name: "like" or "ilike" or "contains" or "ends_with" }:
                return 0.1;
            case BoundColumn:
                return 0.5;
            default:
                return 0.3;
        }
    }

    /// <summary>Guessed number of distinct values of an expression among rows.</summary>
    public double Distinct(BoundExpression expression, LogicalOperator input, double rows)
    {
        if (expression is BoundCast cast)
            return Distinct(cast.Operand, input, rows);
        if (expression is not BoundColumn { Column: { } column })
            return expression is BoundConstant or BoundParameter ? 1 : Math.Max(1, Math.Sqrt(rows));
        if (column.Type.Kind == Types.SqlTypeKind.Boolean)
            return 2;
        if (column.Origin is null || column.OriginTable is null)
            return Math.Max(1, rows * 0.3);
        Table table = column.OriginTable;
        double tableRows = TableRows(table);
        if (table.PrimaryKey is { ColumnIds: [int id] } && id == column.Origin.Id)
            return tableRows;
        foreach (TableIndex index in table.Indexes)
        {
            if (index.IsUnique && index.Keys.Count == 1 && index.Keys[0].ExpressionSql is null && index.Keys[0].ColumnId == column.Origin.Id)
                return tableRows;
        }

        // A foreign key has about as many values as its target has rows.
        foreach (ForeignKey key in table.ForeignKeys)
        {
            if (key.ColumnIds.Count == 1 && key.ColumnIds[0] == column.Origin.Id && options.FindTable(key.ReferencedTableId) is { } target)
                return Math.Max(1, Math.Min(tableRows, TableRows(target)));
        }

        _ = input;
        return Math.Max(Math.Min(tableRows, 10), Math.Sqrt(tableRows));
    }

    private double JoinRows(LogicalJoin join)
    {
        double left = Estimate(join.Left);
        double right = Estimate(join.Right);
        double inner;
        if (join.IsLateral)
        {
            inner = left * Math.Max(right, 0.1) * (join.Condition is null || Execution.ConstantTools.IsTrue(join.Condition) ? 1 : 0.5);
        }
        else
        {
            inner = left * right;
            foreach (BoundExpression term in ExpressionTools.SplitConjuncts(join.Condition))
                inner *= JoinSelectivity(term, join.Left, left, join.Right, right);
        }

        return join.Kind switch
        {
            JoinKind.Inner => inner,
            JoinKind.Left => Math.Max(left, inner),
            JoinKind.Right => Math.Max(right, inner),
            JoinKind.Full => Math.Max(inner, left + right),
            JoinKind.Semi => Math.Max(1, Math.Min(left, inner)),
            _ => Math.Max(1, left * 0.5),
        };
    }

    public double JoinSelectivity(BoundExpression term, LogicalOperator left, double leftRows, LogicalOperator right, double rightRows)
    {
        if (term is BoundCall { Function.Name: "=" } call)
        {
            double a = Distinct(call.Arguments[0], left, leftRows);
            double b = Distinct(call.Arguments[1], right, rightRows);
            return 1 / Math.Max(1, Math.Max(a, b));
        }

        return Selectivity(term, left, leftRows);
    }
}
