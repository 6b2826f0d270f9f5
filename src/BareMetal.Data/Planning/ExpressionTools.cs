using BareMetal.Data.Binding;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

/// <summary>Walks and rewrites bound expressions.</summary>
internal static class ExpressionTools
{
    /// <summary>Calls an action for the direct parts of an expression (not into the plans of subqueries).</summary>
    public static void VisitChildren(BoundExpression expression, Action<BoundExpression> visit)
    {
        switch (expression)
        {
            case BoundCall call:
                VisitAll(call.Arguments, visit);
                break;
            case BoundCast cast:
                visit(cast.Operand);
                break;
            case BoundLogical logical:
                VisitAll(logical.Terms, visit);
                break;
            case BoundNot not:
                visit(not.Operand);
                break;
            case BoundIsNull isNull:
                visit(isNull.Operand);
                break;
            case BoundCase @case:
                foreach (BoundWhen when in @case.Whens)
                {
                    visit(when.Condition);
                    visit(when.Result);
                }

                if (@case.Else is not null)
                    visit(@case.Else);
                break;
            case BoundCoalesce coalesce:
                VisitAll(coalesce.Arguments, visit);
                break;
            case BoundInList inList:
                visit(inList.Operand);
                VisitAll(inList.Items, visit);
                break;
            case BoundQuantifiedArray quantified:
                visit(quantified.Operand);
                visit(quantified.Array);
                break;
            case BoundArray array:
                VisitAll(array.Items, visit);
                break;
            case BoundSubquery subquery:
                VisitAll(subquery.Operands, visit);
                break;
            case BoundAggregate aggregate:
                VisitAll(aggregate.Arguments, visit);
                if (aggregate.Filter is not null)
                    visit(aggregate.Filter);
                foreach (SortKey key in aggregate.OrderBy)
                    visit(key.Expression);
                break;
            case BoundGrouping grouping:
                VisitAll(grouping.Arguments, visit);
                break;
            case NarrowedInteger narrowed:
                visit(narrowed.Operand);
                break;
        }
    }

    private static void VisitAll(IReadOnlyList<BoundExpression> expressions, Action<BoundExpression> visit)
    {
        for (int i = 0; i < expressions.Count; i++)
            visit(expressions[i]);
    }

    /// <summary>Rebuilds an expression with its direct parts replaced; the same object when nothing changed.</summary>
    public static BoundExpression MapChildren(BoundExpression expression, Func<BoundExpression, BoundExpression> map)
    {
        switch (expression)
        {
            case BoundCall call:
                return MapAll(call.Arguments, map, out var arguments) ? call with { Arguments = arguments } : call;
            case BoundCast cast:
                BoundExpression operand = map(cast.Operand);
                return ReferenceEquals(operand, cast.Operand) ? cast : cast with { Operand = operand };
            case BoundLogical logical:
                return MapAll(logical.Terms, map, out var terms) ? logical with { Terms = terms } : logical;
            case BoundNot not:
                operand = map(not.Operand);
                return ReferenceEquals(operand, not.Operand) ? not : new BoundNot(operand);
            case BoundIsNull isNull:
                operand = map(isNull.Operand);
                return ReferenceEquals(operand, isNull.Operand) ? isNull : isNull with { Operand = operand };
            case BoundCase @case:
            {
                bool changed = false;
                List<BoundWhen> whens = new(@case.Whens.Count);
                foreach (BoundWhen when in @case.Whens)
                {
                    BoundWhen mapped = new(map(when.Condition), map(when.Result));
                    changed |= !ReferenceEquals(mapped.Condition, when.Condition) || !ReferenceEquals(mapped.Result, when.Result);
                    whens.Add(mapped);
                }

                BoundExpression? otherwise = @case.Else is null ? null : map(@case.Else);
                changed |= !ReferenceEquals(otherwise, @case.Else);
                return changed ? @case with { Whens = whens, Else = otherwise } : @case;
            }

            case BoundCoalesce coalesce:
                return MapAll(coalesce.Arguments, map, out arguments) ? coalesce with { Arguments = arguments } : coalesce;
            case BoundInList inList:
            {
                operand = map(inList.Operand);
                bool changed = MapAll(inList.Items, map, out var items) | !ReferenceEquals(operand, inList.Operand);
                return changed ? inList with { Operand = operand, Items = items } : inList;
            }

            case BoundQuantifiedArray quantified:
            {
                operand = map(quantified.Operand);
                BoundExpression array = map(quantified.Array);
                return ReferenceEquals(operand, quantified.Operand) && ReferenceEquals(array, quantified.Array)
                    ? quantified
                    : quantified with { Operand = operand, Array = array };
            }

            case BoundArray array:
                return MapAll(array.Items, map, out var elements) ? array with { Items = elements } : array;
            case BoundSubquery subquery:
                return MapAll(subquery.Operands, map, out var operands) ? subquery with { Operands = operands } : subquery;
            case BoundAggregate aggregate:
            {
                bool changed = MapAll(aggregate.Arguments, map, out arguments);
                BoundExpression? filter = aggregate.Filter is null ? null : map(aggregate.Filter);
                changed |= !ReferenceEquals(filter, aggregate.Filter);
                changed |= MapKeys(aggregate.OrderBy, map, out var order);
                return changed ? aggregate with { Arguments = arguments, Filter = filter, OrderBy = order } : aggregate;
            }

            case BoundGrouping grouping:
                return MapAll(grouping.Arguments, map, out arguments) ? new BoundGrouping(arguments) : grouping;
            case NarrowedInteger narrowed:
                operand = map(narrowed.Operand);
                return ReferenceEquals(operand, narrowed.Operand) ? narrowed : narrowed with { Operand = operand };
            default:
                return expression;
        }
    }

    public static bool MapAll(IReadOnlyList<BoundExpression> expressions, Func<BoundExpression, BoundExpression> map, out IReadOnlyList<BoundExpression> result)
    {
        BoundExpression[]? mapped = null;
        for (int i = 0; i < expressions.Count; i++)
        {
            BoundExpression e = map(expressions[i]);
            if (mapped is null && !ReferenceEquals(e, expressions[i]))
            {
                mapped = new BoundExpression[expressions.Count];
                for (int j = 0; j < i; j++)
                    mapped[j] = expressions[j];
            }

            if (mapped is not null)
                mapped[i] = e;
        }

        result = mapped ?? expressions;
        return mapped is not null;
    }

    public static bool MapKeys(IReadOnlyList<SortKey> keys, Func<BoundExpression, BoundExpression> map, out IReadOnlyList<SortKey> result)
    {
        SortKey[]? mapped = null;
        for (int i = 0; i < keys.Count; i++)
        {
            BoundExpression e = map(keys[i].Expression);
            if (mapped is null && !ReferenceEquals(e, keys[i].Expression))
            {
                mapped = new SortKey[keys.Count];
                for (int j = 0; j < i; j++)
                    mapped[j] = keys[j];
            }

            if (mapped is not null)
                mapped[i] = ReferenceEquals(e, keys[i].Expression) ? keys[i] : keys[i] with { Expression = e };
        }

        result = mapped ?? keys;
        return mapped is not null;
    }

    /// <summary>Replaces columns everywhere, plans of subqueries included.</summary>
    public static BoundExpression Substitute(BoundExpression expression, IReadOnlyDictionary<PlanColumn, BoundExpression> map)
    {
        if (map.Count == 0)
            return expression;
        return Replace(expression);

        BoundExpression Replace(BoundExpression e)
        {
            if (e is BoundColumn column)
                return map.TryGetValue(column.Column, out BoundExpression? replacement) ? replacement : e;
            BoundExpression mapped = MapChildren(e, Replace);
            if (mapped is BoundSubquery subquery)
            {
                LogicalOperator plan = LogicalTools.MapExpressionsDeep(subquery.Plan, Replace);
                if (!ReferenceEquals(plan, subquery.Plan))
                    mapped = subquery with { Plan = plan };
            }

            return mapped;
        }
    }

    /// <summary>Collects the columns that an expression needs from outside, those needed by the plans of its subqueries included.</summary>
    public static void CollectColumns(BoundExpression expression, ISet<PlanColumn> columns)
    {
        switch (expression)
        {
            case BoundColumn column:
                columns.Add(column.Column);
                return;
            case BoundSubquery subquery:
                foreach (PlanColumn c in LogicalTools.FreeColumns(subquery.Plan))
                    columns.Add(c);
                break;
        }

        VisitChildren(expression, e => CollectColumns(e, columns));
    }

    public static HashSet<PlanColumn> Columns(BoundExpression expression)
    {
        HashSet<PlanColumn> columns = [];
        CollectColumns(expression, columns);
        return columns;
    }

    /// <summary>Whether some part of the expression (plans of subqueries excluded unless themselves parts) meets a condition.</summary>
    public static bool Any(BoundExpression expression, Func<BoundExpression, bool> condition)
    {
        if (condition(expression))
            return true;
        bool found = false;
        VisitChildren(expression, e => found = found || Any(e, condition));
        return found;
    }

    public static bool ContainsSubquery(BoundExpression expression) => Any(expression, e => e is BoundSubquery);

    /// <summary>Whether two evaluations in one statement may differ.</summary>
    public static bool IsVolatile(BoundExpression expression) => Any(expression, e =>
        (e is BoundCall call && call.Function.Volatility == Volatility.Volatile)
        || (e is BoundSubquery s && LogicalTools.IsVolatile(s.Plan)));

    /// <summary>Whether evaluating it for rows that would not otherwise be evaluated can do no harm: no error, no effect.</summary>
    public static bool CannotFail(BoundExpression expression) => expression switch
    {
        BoundColumn or BoundConstant or BoundParameter => true,
        BoundIsNull isNull => CannotFail(isNull.Operand),
        BoundNot not => CannotFail(not.Operand),
        BoundLogical logical => AllCannotFail(logical.Terms),
        BoundInList inList => CannotFail(inList.Operand) && AllCannotFail(inList.Items),
        BoundQuantifiedArray q => CannotFail(q.Operand) && CannotFail(q.Array) && IsComparison(q.Comparison.Name),
        BoundCoalesce coalesce => AllCannotFail(coalesce.Arguments),
        BoundCall call => IsComparison(call.Function.Name) && AllCannotFail(call.Arguments),
        _ => false,
    };

    private static bool AllCannotFail(IReadOnlyList<BoundExpression> expressions)
    {
        for (int i = 0; i < expressions.Count; i++)
        {
            if (!CannotFail(expressions[i]))
                return false;
        }

        return true;
    }

    public static bool IsComparison(string name) => name is "=" or "<>" or "!=" or "<" or "<=" or ">" or ">=" or "IS DISTINCT FROM" or "IS NOT DISTINCT FROM" or "starts_with";

    /// <summary>Splits a condition into its AND terms.</summary>
    public static void SplitConjuncts(BoundExpression? condition, List<BoundExpression> terms)
    {
        switch (condition)
        {
            case null:
                return;
            case BoundLogical { IsAnd: true } and:
                foreach (BoundExpression term in and.Terms)
                    SplitConjuncts(term, terms);
                return;
            case BoundConstant { Value.IsNull: false } constant when constant.Type.Kind == Types.SqlTypeKind.Boolean && constant.Value.As<bool>():
                return;
            default:
                terms.Add(condition);
                return;
        }
    }

    public static List<BoundExpression> SplitConjuncts(BoundExpression? condition)
    {
        List<BoundExpression> terms = [];
        SplitConjuncts(condition, terms);
        return terms;
    }

    /// <summary>Joins terms by AND; null when there are none.</summary>
    public static BoundExpression? Combine(IReadOnlyList<BoundExpression> terms) => terms.Count switch
    {
        0 => null,
        1 => terms[0],
        _ => new BoundLogical(true, [.. terms]),
    };

    /// <summary>Whether two expressions are the same by structure, and so equal for equal rows.</summary>
    public static bool AreSame(BoundExpression a, BoundExpression b)
    {
        if (ReferenceEquals(a, b))
            return true;
        if (a.GetType() != b.GetType() || a.Type.Kind != b.Type.Kind)
            return false;
        switch (a)
        {
            case BoundColumn column:
                return ReferenceEquals(column.Column, ((BoundColumn)b).Column);
            case BoundParameter parameter:
                return parameter.Index == ((BoundParameter)b).Index;
            case BoundConstant constant:
                return Execution.ConstantTools.AreSame(constant, (BoundConstant)b);
            case BoundCall call:
            {
                BoundCall other = (BoundCall)b;
                return ReferenceEquals(call.Function, other.Function) && call.Function.Volatility != Volatility.Volatile && call.Type.Equals(other.Type) && AreSame(call.Arguments, other.Arguments);
            }

            case BoundCast cast:
                return cast.Type.Equals(b.Type) && AreSame(cast.Operand, ((BoundCast)b).Operand);
            case BoundLogical logical:
                return logical.IsAnd == ((BoundLogical)b).IsAnd && AreSame(logical.Terms, ((BoundLogical)b).Terms);
            case BoundNot not:
                return AreSame(not.Operand, ((BoundNot)b).Operand);
            case BoundIsNull isNull:
                return isNull.IsNegated == ((BoundIsNull)b).IsNegated && AreSame(isNull.Operand, ((BoundIsNull)b).Operand);
            case BoundCoalesce coalesce:
                return AreSame(coalesce.Arguments, ((BoundCoalesce)b).Arguments);
            case BoundInList inList:
            {
                BoundInList other = (BoundInList)b;
                return inList.IsNegated == other.IsNegated && AreSame(inList.Operand, other.Operand) && AreSame(inList.Items, other.Items);
            }

            default:
                return false;
        }
    }

    private static bool AreSame(IReadOnlyList<BoundExpression> a, IReadOnlyList<BoundExpression> b)
    {
        if (a.Count != b.Count)
            return false;
        for (int i = 0; i < a.Count; i++)
        {
            if (!AreSame(a[i], b[i]))
                return false;
        }

        return true;
    }
}
