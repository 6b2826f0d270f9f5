using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

/// <summary>How many rows come out: from the tables' statistics where there are any, from key constraints, and by rules of thumb.</summary>
internal sealed class Cardinality(PlannerOptions options)
{
    private const double DefaultRows = 1000;

    private readonly Dictionary<LogicalOperator, double> _known = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<CteDefinition, double> _ctes = [];
    private readonly Dictionary<Table, double> _tableRows = new(ReferenceEqualityComparer.Instance);
    private readonly Selectivity _selectivity = new(options);

    public double TableRows(Table table)
    {
        if (_tableRows.TryGetValue(table, out double known))
            return known;
        long rows = options.RowCount(table);
        return _tableRows[table] = rows < 0 ? DefaultRows : Math.Max(rows, 1);
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
            case LogicalTableFunction function:
                return FunctionRows(function);
            case LogicalFilter filter:
                return FilterRows(filter);
            case LogicalProject project:
                return Estimate(project.Input);
            case LogicalJoin join:
                return JoinRows(join);
            case LogicalAggregate aggregate:
                return aggregate.Keys.Count == 0 ? 1 : Groups([.. aggregate.Keys.Select(k => k.Expression)], aggregate.Input) * (aggregate.GroupingSets?.Count ?? 1);
            case LogicalWindow window:
                return Estimate(window.Input);
            case LogicalDistinct distinct:
                return Groups(distinct.On ?? [.. distinct.Input.Output.Select(c => (BoundExpression)new BoundColumn(c))], distinct.Input);
            case LogicalSort sort:
                return Estimate(sort.Input);
            case LogicalLimit limit:
            {
                double input = Estimate(limit.Input);
                double skipped = limit.Offset is null ? 0 : LimitRows(limit.Offset) ?? 0;
                double left = Math.Max(input - skipped, 0.01);
                return limit.Limit is null ? left : Math.Min(left, LimitRows(limit.Limit) ?? Math.Min(input, 100));
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

    private static double FunctionRows(LogicalTableFunction function)
    {
        if (function is { Calls: [{ Name: "generate_series" }], Arguments: [BoundConstant from, BoundConstant to, ..] } && LimitValue(from) is { } low && LimitValue(to) is { } high)
        {
            double step = function.Arguments.Count > 2 ? function.Arguments[2] is BoundConstant c && LimitValue(c) is { } s and not 0 ? s : 1 : 1;
            return Math.Max(Math.Floor((high - low) / step) + 1, 0);
        }

        return 20;
    }

    /// <summary>The rows that a LIMIT or OFFSET names, as far as known now.</summary>
    public double? LimitRows(BoundExpression expression)
    {
        if (expression is BoundConstant constant)
            return LimitValue(constant);
        BoundExpression inner = expression is BoundCast cast ? cast.Operand : expression;
        if (inner is not BoundParameter parameter || !options.TryGetValue(inner, out Values.Value value) || value.IsNull)
            return null;
        if (LimitValue(new BoundConstant(value, parameter.Type)) is not { } rows)
            return null;
        options.Guard(inner, "limit", v => v.IsNull ? -1 : PlanGuard.ClassOfRows(LimitValue(new BoundConstant(v, parameter.Type)) ?? 0));
        return rows;
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
        return FilteredRows(filter.Input, ExpressionTools.SplitConjuncts(filter.Predicate), rows);
    }

    /// <summary>Rows of an input that pass conditions.</summary>
    public double FilteredRows(LogicalOperator input, IReadOnlyList<BoundExpression> terms, double rows)
    {
        double groups = 1;
        if (input is LogicalAggregate { GroupingSets: null, Keys.Count: > 0 } aggregate)
        {
            // What HAVING says of sums and averages goes first; the rest is judged as of any other rows.
            double size = Estimate(aggregate.Input) / Math.Max(rows, 1);
            List<BoundExpression> rest = [];
            foreach (BoundExpression term in terms)
            {
                if (GroupSelectivity.Of(term, aggregate, size, _selectivity.StatisticsOf) is { } share)
                    groups *= share;
                else
                    rest.Add(term);
            }

            terms = rest;
        }

        double result = rows * groups * (terms.Count == 0 ? 1 : _selectivity.Of(terms, s => Distinct(s, input, rows)));
        return input is LogicalScan scan ? Math.Min(result, KeyBound(scan, terms, rows)) : result;
    }

    /// <summary>One row when all columns of a unique key are compared for equality.</summary>
    private static double KeyBound(LogicalScan scan, IReadOnlyList<BoundExpression> terms, double rows)
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

    /// <summary>The share of rows for which one condition is true.</summary>
    public double Selectivity(BoundExpression term, LogicalOperator input, double rows) => _selectivity.Of(term, s => Distinct(s, input, rows));

    /// <summary>As the other, of rows of whatever input.</summary>
    public double Selectivity(BoundExpression term, double rows) => _selectivity.Of(term, s => Drawn(DistinctOfAll(s, rows), Math.Max(rows, 1)));

    /// <summary>The share of rows for which all conditions are true.</summary>
    public double Selectivity(IReadOnlyList<BoundExpression> terms, LogicalOperator input, double rows) => _selectivity.Of(terms, s => Distinct(s, input, rows));

    /// <summary>About how many different values an expression has among rows of an input.</summary>
    public double Distinct(BoundExpression expression, LogicalOperator input, double rows)
    {
        double all = DistinctOfAll(expression, rows) * ShareOfValues(expression, input);
        return Drawn(all, Math.Max(rows, 1));
    }

    /// <summary>The share of a column's values that conditions on the column itself leave.</summary>
    private double ShareOfValues(BoundExpression expression, LogicalOperator? input)
    {
        if (expression is not BoundColumn { Column: var column })
            return 1;
        List<BoundExpression> terms = [];
        while (input is LogicalFilter or LogicalProject or LogicalSort or LogicalJoin)
        {
            switch (input)
            {
                case LogicalFilter filter:
                    foreach (BoundExpression term in ExpressionTools.SplitConjuncts(filter.Predicate))
                    {
                        if (term is BoundCall { Function.Name: "=" or "<" or "<=" or ">" or ">=" or "like" or "starts_with" } or BoundInList { IsNegated: false } && ExpressionTools.Columns(term) is { Count: 1 } columns && columns.Contains(column))
                            terms.Add(term);
                    }

                    input = filter.Input;
                    break;
                case LogicalJoin join:
                    input = join.Left.Output.Contains(column) ? join.Left : join.Kind is JoinKind.Semi or JoinKind.Anti ? null : join.Right;
                    break;
                default:
                    input = LogicalTools.Inputs(input)[0];
                    break;
            }
        }

        return terms.Count == 0 ? 1 : Math.Clamp(Selectivity(terms, input!, 1000) / Math.Max(1 - NullShare(expression), 0.001), 0, 1);
    }

    /// <summary>How many of some values are met in rows drawn by chance.</summary>
    private static double Drawn(double values, double rows) => values <= 1 ? 1 : rows >= values * 20 ? values : Math.Max(1, values * (1 - Math.Exp(-rows / values)));

    private double DistinctOfAll(BoundExpression expression, double rows)
    {
        if (expression is BoundCast cast)
            return DistinctOfAll(cast.Operand, rows);
        if (expression is not BoundColumn { Column: { } column })
        {
            if (expression is BoundConstant or BoundParameter)
                return 1;
            return _selectivity.DistinctOfExpression(expression) ?? Math.Max(1, Math.Sqrt(rows));
        }

        if (column.Origin is null || column.OriginTable is null)
            return column.Type.Kind == Types.SqlTypeKind.Boolean ? 2 : Math.Max(1, rows * 0.3);
        Table table = column.OriginTable;
        double tableRows = TableRows(table);
        if (table.PrimaryKey is { ColumnIds: [int id] } && id == column.Origin.Id)
            return tableRows;
        foreach (TableIndex index in table.Indexes)
        {
            if (index.IsUnique && index.FilterSql is null && index.Keys.Count == 1 && index.Keys[0].ExpressionSql is null && index.Keys[0].ColumnId == column.Origin.Id)
                return tableRows;
        }

        if (options.Statistics(table) is { } statistics && statistics.Find(column.Origin) is { } known)
        {
            // Columns that were nearly unique grow with their table; others keep their values.
            double distinct = known.Distinct > statistics.Rows * 0.1 ? known.Distinct * tableRows / Math.Max(statistics.Rows, 1) : known.Distinct;
            return Math.Max(1, distinct);
        }

        if (column.Type.Kind == Types.SqlTypeKind.Boolean)
            return 2;

        // A foreign key has about as many values as its target has rows.
        foreach (ForeignKey key in table.ForeignKeys)
        {
            if (key.ColumnIds.Count == 1 && key.ColumnIds[0] == column.Origin.Id && options.FindTable(key.ReferencedTableId) is { } target)
                return Math.Max(1, Math.Min(tableRows, TableRows(target)));
        }

        return Math.Max(Math.Min(tableRows, 10), Math.Sqrt(tableRows));
    }

    /// <summary>About how many combinations of values there are in an input's rows.</summary>
    public double Groups(IReadOnlyList<BoundExpression> keys, LogicalOperator input)
    {
        double rows = Estimate(input);
        List<BoundExpression> left = [.. keys];
        double groups = 1;
        if (left.Count > 1 && _selectivity.TakePrefix(left, out double together))
            groups = together;
        foreach (BoundExpression key in left)
        {
            double distinct = Math.Max(1, DistinctOfAll(key, rows) * ShareOfValues(key, input));
            if (key is BoundColumn { Column: { IsNullable: true } column } && _selectivity.StatisticsOf(column) is { NullFraction: > 0 })
                distinct++;
            groups *= Math.Min(distinct, Math.Max(rows, 1));
        }

        return Math.Max(1, Math.Min(Drawn(groups, rows), rows));
    }

    private double JoinRows(LogicalJoin join)
    {
        double left = Estimate(join.Left);
        double right = Estimate(join.Right);
        double inner;
        List<BoundExpression> terms = ExpressionTools.SplitConjuncts(join.Condition);
        if (join.IsLateral)
        {
            inner = left * Math.Max(right, 0.1) * (terms.Count == 0 ? 1 : 0.5);
        }
        else
        {
            inner = left * right;
            foreach (BoundExpression term in terms)
                inner *= JoinSelectivity(term, join.Left, left, join.Right, right);
        }

        return join.Kind switch
        {
            JoinKind.Inner => inner,
            JoinKind.Left => Math.Max(left, inner),
            JoinKind.Right => Math.Max(right, inner),
            JoinKind.Full => Math.Max(inner, left + right),
            JoinKind.Semi => Math.Max(Math.Min(left, 1), left * MatchedShare(join, terms, left, right, inner)),
            _ => Math.Max(Math.Min(left, 1), left * (1 - MatchedShare(join, terms, left, right, inner))),
        };
    }

    /// <summary>The share of left rows that have a match.</summary>
    private double MatchedShare(LogicalJoin join, List<BoundExpression> terms, double left, double right, double inner)
    {
        if (join.IsLateral)
            return 0.5;
        double share = Math.Min(1, inner / Math.Max(left, 0.01));
        if (terms.Count == 0)
            return Math.Min(1, right);
        double byValues = 1;
        bool known = false;
        foreach (BoundExpression term in terms)
        {
            if (term is not BoundCall { Function.Name: "=", Arguments: [var a, var b] })
                continue;
            bool aLeft = ExpressionTools.Columns(a).Overlaps(join.Left.Output);
            (BoundExpression l, BoundExpression r) = aLeft ? (a, b) : (b, a);
            double of = DistinctOfAll(l, left);
            double have = Distinct(r, join.Right, right);
            byValues = Math.Min(byValues, Math.Min(1, have / Math.Max(of, 1)) * (1 - NullShare(l)));
            known = true;
        }

        // Several matches of one row do not make up for rows without one.
        return known ? Math.Min(byValues, terms.Count == 1 ? 1 : share) : Math.Min(share, 0.9);
    }

    private double NullShare(BoundExpression e) => e is BoundColumn c ? _selectivity.StatisticsOf(c.Column)?.NullFraction ?? 0 : 0;

    public double JoinSelectivity(BoundExpression term, LogicalOperator left, double leftRows, LogicalOperator right, double rightRows)
    {
        if (term is not BoundCall { Function.Name: "=", Arguments: [var a, var b] })
            return Selectivity(term, left, leftRows);
        if (!ExpressionTools.Columns(a).Overlaps(left.Output))
            (a, b) = (b, a);
        double ofA = ShareOfValues(a, left), ofB = ShareOfValues(b, right);
        double x = Math.Max(1, DistinctOfAll(a, leftRows) * ofA);
        double y = Math.Max(1, DistinctOfAll(b, rightRows) * ofB);
        if (ofA >= 1 && ofB >= 1 && a is BoundColumn p && b is BoundColumn q && _selectivity.StatisticsOf(p.Column) is { } s && _selectivity.StatisticsOf(q.Column) is { } t)
            return Planning.Selectivity.OfEqualJoin(s, x, t, y);
        return (1 - NullShare(a)) * (1 - NullShare(b)) / Math.Max(1, Math.Max(x, y));
    }
}
