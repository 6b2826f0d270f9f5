using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Binding;

/// <summary>Equality, search and rewriting of bound expressions, into the plans of subqueries where it is asked for.</summary>
internal static class BoundTree
{
    /// <summary>Whether two expressions are the same by structure; in subqueries the columns that they produce themselves may be others.</summary>
    public static bool AreEqual(BoundExpression? a, BoundExpression? b) => AreEqual(a, b, null);

    private static bool AreEqual(BoundExpression? a, BoundExpression? b, Dictionary<PlanColumn, PlanColumn>? map)
    {
        if (ReferenceEquals(a, b))
            return true;
        if (a is null || b is null || a.GetType() != b.GetType() || a.Type != b.Type)
            return false;
        switch (a)
        {
            case BoundColumn x:
                return x.Column == ((BoundColumn)b).Column || (map is not null && map.TryGetValue(x.Column, out PlanColumn? same) && same == ((BoundColumn)b).Column);
            case BoundConstant x:
                return SameValue(x.Value, ((BoundConstant)b).Value);
            case BoundParameter x:
                return x.Index == ((BoundParameter)b).Index;
            case BoundCall x:
                return x.Function == ((BoundCall)b).Function && x.Function.Volatility != Volatility.Volatile && AreEqual(x.Arguments, ((BoundCall)b).Arguments, map);
            case BoundCast x:
                return AreEqual(x.Operand, ((BoundCast)b).Operand, map);
            case BoundLogical x:
                return x.IsAnd == ((BoundLogical)b).IsAnd && AreEqual(x.Terms, ((BoundLogical)b).Terms, map);
            case BoundNot x:
                return AreEqual(x.Operand, ((BoundNot)b).Operand, map);
            case BoundIsNull x:
                return x.IsNegated == ((BoundIsNull)b).IsNegated && AreEqual(x.Operand, ((BoundIsNull)b).Operand, map);
            case BoundCase x:
            {
                var y = (BoundCase)b;
                if (x.Whens.Count != y.Whens.Count || !AreEqual(x.Else, y.Else, map))
                    return false;
                for (int i = 0; i < x.Whens.Count; i++)
                {
                    if (!AreEqual(x.Whens[i].Condition, y.Whens[i].Condition, map) || !AreEqual(x.Whens[i].Result, y.Whens[i].Result, map))
                        return false;
                }
                return true;
            }

            case BoundCoalesce x:
                return AreEqual(x.Arguments, ((BoundCoalesce)b).Arguments, map);
            case BoundInList x:
                return x.IsNegated == ((BoundInList)b).IsNegated && AreEqual(x.Operand, ((BoundInList)b).Operand, map) && AreEqual(x.Items, ((BoundInList)b).Items, map);
            case BoundQuantifiedArray x:
            {
                var y = (BoundQuantifiedArray)b;
                return x.IsAll == y.IsAll && x.Comparison == y.Comparison && AreEqual(x.Operand, y.Operand, map) && AreEqual(x.Array, y.Array, map);
            }

            case BoundArray x:
                return AreEqual(x.Items, ((BoundArray)b).Items, map);
            case BoundAggregate x:
            {
                var y = (BoundAggregate)b;
                return x.Function == y.Function && x.IsDistinct == y.IsDistinct && AreEqual(x.Filter, y.Filter, map)
                    && AreEqual(x.Arguments, y.Arguments, map) && AreEqual(x.OrderBy, y.OrderBy, map);
            }

            case BoundGrouping x:
                return AreEqual(x.Arguments, ((BoundGrouping)b).Arguments, map);
            case BoundSubquery x:
            {
                var y = (BoundSubquery)b;
                return x.Kind == y.Kind && x.Comparisons.SequenceEqual(y.Comparisons) && AreEqual(x.Operands, y.Operands, map)
                    && AreEqual(x.Plan, y.Plan, map is null ? [] : map);
            }

            default:
                return false;
        }
    }

    /// <summary>Whether two plans are the same but for the columns that they produce, which are noted in the map.</summary>
    private static bool AreEqual(LogicalOperator a, LogicalOperator b, Dictionary<PlanColumn, PlanColumn> map)
    {
        if (a.GetType() != b.GetType() || a.Output.Count != b.Output.Count)
            return false;
        switch (a)
        {
            case LogicalScan x:
                return x.Table == ((LogicalScan)b).Table && x.Lock == ((LogicalScan)b).Lock && Note();
            case LogicalValues x:
            {
                var y = (LogicalValues)b;
                if (x.Rows.Count != y.Rows.Count)
                    return false;
                for (int i = 0; i < x.Rows.Count; i++)
                {
                    if (!AreEqual(x.Rows[i], y.Rows[i], map))
                        return false;
                }
                return Note();
            }

            case LogicalTableFunction x:
                return x.Calls.SequenceEqual(((LogicalTableFunction)b).Calls) && AreEqual(x.Arguments, ((LogicalTableFunction)b).Arguments, map) && Note();
            case LogicalFilter x:
                return AreEqual(x.Input, ((LogicalFilter)b).Input, map) && AreEqual(x.Predicate, ((LogicalFilter)b).Predicate, map);
            case LogicalProject x:
            {
                var y = (LogicalProject)b;
                if (!AreEqual(x.Input, y.Input, map))
                    return false;
                for (int i = 0; i < x.Items.Count; i++)
                {
                    if (!AreEqual(x.Items[i].Expression, y.Items[i].Expression, map))
                        return false;
                }
                return Note();
            }

            case LogicalJoin x:
            {
                var y = (LogicalJoin)b;
                return x.Kind == y.Kind && x.IsLateral == y.IsLateral && AreEqual(x.Left, y.Left, map) && AreEqual(x.Right, y.Right, map)
                    && AreEqual(x.Condition, y.Condition, map);
            }

            case LogicalAggregate x:
            {
                var y = (LogicalAggregate)b;
                if (x.GroupingSets is not null || y.GroupingSets is not null || x.Keys.Count != y.Keys.Count || !AreEqual(x.Input, y.Input, map))
                    return false;
                for (int i = 0; i < x.Keys.Count; i++)
                {
                    if (!AreEqual(x.Keys[i].Expression, y.Keys[i].Expression, map))
                        return false;
                }

                for (int i = 0; i < x.Aggregates.Count; i++)
                {
                    if (!AreEqual(x.Aggregates[i].Aggregate, y.Aggregates[i].Aggregate, map))
                        return false;
                }
                return Note();
            }

            case LogicalDistinct { On: null } x:
                return ((LogicalDistinct)b).On is null && AreEqual(x.Input, ((LogicalDistinct)b).Input, map);
            case LogicalSort x:
                return AreEqual(x.Input, ((LogicalSort)b).Input, map) && AreEqual(x.Keys, ((LogicalSort)b).Keys, map);
            case LogicalLimit x:
            {
                var y = (LogicalLimit)b;
                return x.WithTies == y.WithTies && AreEqual(x.Input, y.Input, map) && AreEqual(x.Limit, y.Limit, map) && AreEqual(x.Offset, y.Offset, map);
            }

            default:
                return false;
        }

        bool Note()
        {
            for (int i = 0; i < a.Output.Count; i++)
            {
                if (a.Output[i] != b.Output[i])
                    map[a.Output[i]] = b.Output[i];
            }
            return true;
        }
    }

    public static bool AreEqual(IReadOnlyList<BoundExpression> a, IReadOnlyList<BoundExpression> b) => AreEqual(a, b, null);

    private static bool AreEqual(IReadOnlyList<BoundExpression> a, IReadOnlyList<BoundExpression> b, Dictionary<PlanColumn, PlanColumn>? map)
    {
        if (a.Count != b.Count)
            return false;
        for (int i = 0; i < a.Count; i++)
        {
            if (!AreEqual(a[i], b[i], map))
                return false;
        }
        return true;
    }

    public static bool AreEqual(IReadOnlyList<SortKey> a, IReadOnlyList<SortKey> b) => AreEqual(a, b, null);

    private static bool AreEqual(IReadOnlyList<SortKey> a, IReadOnlyList<SortKey> b, Dictionary<PlanColumn, PlanColumn>? map)
    {
        if (a.Count != b.Count)
            return false;
        for (int i = 0; i < a.Count; i++)
        {
            if (a[i].Descending != b[i].Descending || a[i].NullsFirst != b[i].NullsFirst || !AreEqual(a[i].Expression, b[i].Expression, map))
                return false;
        }
        return true;
    }

    private static bool SameValue(in Value a, in Value b)
    {
        if (a.IsNull || b.IsNull)
            return a.IsNull && b.IsNull;
        if (a.Kind != b.Kind)
            return false;
        return a.Kind switch
        {
            SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb => a.As<ByteSlice>().Span.SequenceEqual(b.As<ByteSlice>().Span),
            SqlTypeKind.Array => SameItems(a.As<ArrayValue>(), b.As<ArrayValue>()),
            _ => a.As<UInt128>() == b.As<UInt128>(),
        };
    }

    private static bool SameItems(ArrayValue a, ArrayValue b)
    {
        if (ReferenceEquals(a, b))
            return true;
        if (a.Items.Length != b.Items.Length || a.ElementType.Kind != b.ElementType.Kind)
            return false;
        for (int i = 0; i < a.Items.Length; i++)
        {
            if (!SameValue(a.Items[i], b.Items[i]))
                return false;
        }
        return true;
    }

    /// <summary>Adds the columns that the expression reads, those of subqueries' outer references included.</summary>
    public static void CollectColumns(BoundExpression expression, HashSet<PlanColumn> columns) =>
        Visit(expression, e =>
        {
            if (e is BoundColumn c)
                columns.Add(c.Column);
        });

    public static bool Any(BoundExpression expression, Func<BoundExpression, bool> test)
    {
        bool found = false;
        Visit(expression, e => found |= test(e));
        return found;
    }

    /// <summary>Calls the action for the expression and everything within it, plans of subqueries included.</summary>
    public static void Visit(BoundExpression expression, Action<BoundExpression> action) =>
        Rewrite(expression, e =>
        {
            action(e);
            return null;
        });

    /// <summary>
    /// Replaces parts of an expression: the function gives the replacement, or null to go on within. Unchanged parts stay the same objects.
    /// </summary>
    public static BoundExpression Rewrite(BoundExpression expression, Func<BoundExpression, BoundExpression?> replace)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        if (replace(expression) is { } replacement)
            return replacement;
        switch (expression)
        {
            case BoundCall x:
                return Rewrite(x.Arguments, replace, out var arguments) ? x with { Arguments = arguments } : x;
            case BoundCast x:
            {
                BoundExpression operand = Rewrite(x.Operand, replace);
                return ReferenceEquals(operand, x.Operand) ? x : x with { Operand = operand };
            }

            case BoundLogical x:
                return Rewrite(x.Terms, replace, out var terms) ? x with { Terms = terms } : x;
            case BoundNot x:
            {
                BoundExpression operand = Rewrite(x.Operand, replace);
                return ReferenceEquals(operand, x.Operand) ? x : x with { Operand = operand };
            }

            case BoundIsNull x:
            {
                BoundExpression operand = Rewrite(x.Operand, replace);
                return ReferenceEquals(operand, x.Operand) ? x : x with { Operand = operand };
            }

            case BoundCase x:
            {
                bool changed = false;
                var whens = new BoundWhen[x.Whens.Count];
                for (int i = 0; i < whens.Length; i++)
                {
                    BoundWhen when = x.Whens[i];
                    BoundExpression condition = Rewrite(when.Condition, replace);
                    BoundExpression result = Rewrite(when.Result, replace);
                    bool same = ReferenceEquals(condition, when.Condition) && ReferenceEquals(result, when.Result);
                    whens[i] = same ? when : new BoundWhen(condition, result);
                    changed |= !same;
                }

                BoundExpression? otherwise = x.Else is null ? null : Rewrite(x.Else, replace);
                return changed || !ReferenceEquals(otherwise, x.Else) ? x with { Whens = whens, Else = otherwise } : x;
            }

            case BoundCoalesce x:
                return Rewrite(x.Arguments, replace, out var values) ? x with { Arguments = values } : x;
            case BoundInList x:
            {
                BoundExpression operand = Rewrite(x.Operand, replace);
                bool changed = Rewrite(x.Items, replace, out var items);
                return changed || !ReferenceEquals(operand, x.Operand) ? x with { Operand = operand, Items = items } : x;
            }

            case BoundQuantifiedArray x:
            {
                BoundExpression operand = Rewrite(x.Operand, replace);
                BoundExpression array = Rewrite(x.Array, replace);
                return ReferenceEquals(operand, x.Operand) && ReferenceEquals(array, x.Array) ? x : x with { Operand = operand, Array = array };
            }

            case BoundArray x:
                return Rewrite(x.Items, replace, out var elements) ? x with { Items = elements } : x;
            case BoundSubquery x:
            {
                bool changed = Rewrite(x.Operands, replace, out var operands);
                LogicalOperator plan = Rewrite(x.Plan, replace);
                return changed || !ReferenceEquals(plan, x.Plan) ? x with { Operands = operands, Plan = plan } : x;
            }

            case BoundAggregate x:
            {
                bool changed = Rewrite(x.Arguments, replace, out var inputs);
                BoundExpression? filter = x.Filter is null ? null : Rewrite(x.Filter, replace);
                changed |= Rewrite(x.OrderBy, replace, out var keys);
                return changed || !ReferenceEquals(filter, x.Filter) ? x with { Arguments = inputs, Filter = filter, OrderBy = keys } : x;
            }

            case BoundGrouping x:
                return Rewrite(x.Arguments, replace, out var grouped) ? x with { Arguments = grouped } : x;
            default:
                return expression;
        }
    }

    /// <summary>True when one of the expressions changed.</summary>
    public static bool Rewrite(IReadOnlyList<BoundExpression> list, Func<BoundExpression, BoundExpression?> replace, out IReadOnlyList<BoundExpression> result)
    {
        BoundExpression[]? changed = null;
        for (int i = 0; i < list.Count; i++)
        {
            BoundExpression item = Rewrite(list[i], replace);
            if (changed is null && !ReferenceEquals(item, list[i]))
                changed = [.. list];
            if (changed is not null)
                changed[i] = item;
        }

        result = changed ?? list;
        return changed is not null;
    }

    public static bool Rewrite(IReadOnlyList<SortKey> list, Func<BoundExpression, BoundExpression?> replace, out IReadOnlyList<SortKey> result)
    {
        SortKey[]? changed = null;
        for (int i = 0; i < list.Count; i++)
        {
            BoundExpression item = Rewrite(list[i].Expression, replace);
            if (ReferenceEquals(item, list[i].Expression))
                continue;
            changed ??= [.. list];
            changed[i] = list[i] with { Expression = item };
        }

        result = changed ?? list;
        return changed is not null;
    }

    private static bool Rewrite(IReadOnlyList<ProjectItem> list, Func<BoundExpression, BoundExpression?> replace, out IReadOnlyList<ProjectItem> result)
    {
        ProjectItem[]? changed = null;
        for (int i = 0; i < list.Count; i++)
        {
            BoundExpression item = Rewrite(list[i].Expression, replace);
            if (ReferenceEquals(item, list[i].Expression))
                continue;
            changed ??= [.. list];
            changed[i] = list[i] with { Expression = item };
        }

        result = changed ?? list;
        return changed is not null;
    }

    /// <summary>Rewrites every expression of a query's plan. Plans of common table expressions are shared and stay as they are.</summary>
    public static LogicalOperator Rewrite(LogicalOperator plan, Func<BoundExpression, BoundExpression?> replace)
    {
        switch (plan)
        {
            case LogicalValues x:
            {
                IReadOnlyList<BoundExpression>[]? rows = null;
                for (int i = 0; i < x.Rows.Count; i++)
                {
                    if (Rewrite(x.Rows[i], replace, out var row))
                        (rows ??= [.. x.Rows])[i] = row;
                }
                return rows is null ? x : x with { Rows = rows };
            }

            case LogicalTableFunction x:
                return Rewrite(x.Arguments, replace, out var arguments) ? x with { Arguments = arguments } : x;
            case LogicalFilter x:
            {
                LogicalOperator input = Rewrite(x.Input, replace);
                BoundExpression predicate = Rewrite(x.Predicate, replace);
                return ReferenceEquals(input, x.Input) && ReferenceEquals(predicate, x.Predicate) ? x : new LogicalFilter(input, predicate);
            }

            case LogicalProject x:
            {
                LogicalOperator input = Rewrite(x.Input, replace);
                bool changed = Rewrite(x.Items, replace, out var items);
                return changed || !ReferenceEquals(input, x.Input) ? new LogicalProject(input, items) : x;
            }

            case LogicalJoin x:
            {
                LogicalOperator left = Rewrite(x.Left, replace);
                LogicalOperator right = Rewrite(x.Right, replace);
                BoundExpression? condition = x.Condition is null ? null : Rewrite(x.Condition, replace);
                return ReferenceEquals(left, x.Left) && ReferenceEquals(right, x.Right) && ReferenceEquals(condition, x.Condition)
                    ? x : new LogicalJoin(x.Kind, left, right, condition, x.IsLateral);
            }

            case LogicalAggregate x:
            {
                LogicalOperator input = Rewrite(x.Input, replace);
                bool changed = Rewrite(x.Keys, replace, out var keys);
                AggregateItem[] aggregates = [.. x.Aggregates];
                for (int i = 0; i < aggregates.Length; i++)
                {
                    if (Rewrite(aggregates[i].Aggregate, replace) is BoundAggregate a && !ReferenceEquals(a, aggregates[i].Aggregate))
                    {
                        aggregates[i] = aggregates[i] with { Aggregate = a };
                        changed = true;
                    }
                }
                return changed || !ReferenceEquals(input, x.Input) ? new LogicalAggregate(input, keys, aggregates, x.GroupingSets) : x;
            }

            case LogicalWindow x:
            {
                LogicalOperator input = Rewrite(x.Input, replace);
                Rewrite(x.PartitionBy, replace, out var partition);
                Rewrite(x.OrderBy, replace, out IReadOnlyList<SortKey> order);
                WindowItem[] functions = [.. x.Functions];
                for (int i = 0; i < functions.Length; i++)
                {
                    Rewrite(functions[i].Arguments, replace, out var values);
                    functions[i] = functions[i] with
                    {
                        Arguments = values,
                        Aggregate = functions[i].Aggregate is { } a ? (BoundAggregate)Rewrite(a, replace) : null,
                    };
                }
                return new LogicalWindow(input, partition, order, functions);
            }

            case LogicalDistinct x:
            {
                LogicalOperator input = Rewrite(x.Input, replace);
                IReadOnlyList<BoundExpression>? on = x.On;
                if (on is not null)
                    Rewrite(on, replace, out on);
                return ReferenceEquals(input, x.Input) && ReferenceEquals(on, x.On) ? x : new LogicalDistinct(input, on);
            }

            case LogicalSort x:
            {
                LogicalOperator input = Rewrite(x.Input, replace);
                bool changed = Rewrite(x.Keys, replace, out var keys);
                return changed || !ReferenceEquals(input, x.Input) ? new LogicalSort(input, keys) : x;
            }

            case LogicalLimit x:
            {
                LogicalOperator input = Rewrite(x.Input, replace);
                BoundExpression? limit = x.Limit is null ? null : Rewrite(x.Limit, replace);
                BoundExpression? offset = x.Offset is null ? null : Rewrite(x.Offset, replace);
                return ReferenceEquals(input, x.Input) && ReferenceEquals(limit, x.Limit) && ReferenceEquals(offset, x.Offset)
                    ? x : new LogicalLimit(input, limit, offset, x.WithTies);
            }

            case LogicalSetOperation x:
            {
                LogicalOperator left = Rewrite(x.Left, replace);
                LogicalOperator right = Rewrite(x.Right, replace);
                return ReferenceEquals(left, x.Left) && ReferenceEquals(right, x.Right) ? x : x with { Left = left, Right = right };
            }

            case LogicalWith x:
            {
                foreach (CteDefinition definition in x.Definitions)
                {
                    definition.Plan = Rewrite(definition.Plan, replace);
                    if (definition.RecursiveTerm is { } term)
                        definition.RecursiveTerm = Rewrite(term, replace);
                }

                LogicalOperator body = Rewrite(x.Body, replace);
                return ReferenceEquals(body, x.Body) ? x : x with { Body = body };
            }

            default:
                return plan;
        }
    }

    /// <summary>Whether the expression may be null, as far as it can be told cheaply.</summary>
    public static bool IsNullable(BoundExpression expression) => expression switch
    {
        BoundColumn x => x.Column.IsNullable,
        BoundConstant x => x.Value.IsNull,
        BoundLogical x => AnyNullable(x.Terms),
        BoundNot x => IsNullable(x.Operand),
        BoundIsNull => false,
        BoundCast x => IsNullable(x.Operand),
        BoundCall x => !IsTotal(x.Function.Name) || AnyNullable(x.Arguments),
        BoundCoalesce x => AllNullable(x.Arguments),
        BoundInList x => IsNullable(x.Operand) || AnyNullable(x.Items),
        BoundCase x => x.Else is null || IsNullable(x.Else) || x.Whens.Any(w => IsNullable(w.Result)),
        BoundSubquery x => x.Kind is not (SubqueryKind.Exists or SubqueryKind.Array),
        BoundArray or BoundGrouping => false,
        _ => true,
    };

    private static bool AnyNullable(IReadOnlyList<BoundExpression> list)
    {
        foreach (BoundExpression e in list)
        {
            if (IsNullable(e))
                return true;
        }
        return false;
    }

    private static bool AllNullable(IReadOnlyList<BoundExpression> list)
    {
        foreach (BoundExpression e in list)
        {
            if (!IsNullable(e))
                return false;
        }
        return true;
    }

    /// <summary>Functions that give null only for null.</summary>
    private static bool IsTotal(string name) => name is "=" or "<>" or "<" or "<=" or ">" or ">=" or "+" or "-" or "*" or "/" or "%" or "||"
        or "&" or "|" or "#" or "~" or "<<" or ">>" or "like" or "ilike" or "lower" or "upper" or "length" or "abs" or "substr" or "replace" or "contains"
        or "starts_with" or "ends_with" or "now" or "nextval" or "gen_random_uuid" or "gen_uuid_v7";
}
