using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// rank(value, …) WITHIN GROUP (ORDER BY key, …) and its kin: where a row of the values would come among the rows. That is a count of rows
// that come before it, for which nothing has to be sorted.
internal sealed partial class Binder
{
    private static bool IsHypotheticalSet(string name) => name.ToLowerInvariant() is "rank" or "dense_rank" or "percent_rank" or "cume_dist";

    private BoundExpression BindHypotheticalSet(Ast.CallExpression call, Scope scope)
    {
        string name = call.Name.Name.ToLowerInvariant();
        if (call.Arguments.Length != call.WithinGroup.Length)
        {
            throw SqlErrors.At(
                call.Position, SqlStates.UndefinedFunction, $"{name} has {call.Arguments.Length} values for {call.WithinGroup.Length} keys of WITHIN GROUP.",
                "Give a value for each key.");
        }

        if (call.Distinct)
            throw SqlErrors.Syntax(call.Position, "DISTINCT does not go with WITHIN GROUP.");
        (BoundExpression[] values, BoundExpression row, BoundExpression before, BoundExpression same, BoundExpression? filter) =
            InAggregate(call, scope, () => BindPlace(call, scope));
        BoundAggregate counted = Count(name == "cume_dist" ? new BoundLogical(false, [before, same]) : before, name == "dense_rank" ? row : null);
        SelectContext owner = OwnerOf(counted, call, scope);
        owner.DirectArguments.AddRange(values);
        BoundExpression count = new BoundColumn(AggregateColumn(owner, counted, "count"));
        if (name is "rank" or "dense_rank")
            return Arithmetic("+", count, One);
        BoundExpression all = new BoundColumn(AggregateColumn(owner, Count(null, null), "count"));
        if (name == "cume_dist")
            return Arithmetic("/", AsDouble(Arithmetic("+", count, One)), AsDouble(Arithmetic("+", all, One)));
        BoundExpression isNone = Compare(Ast.BinaryOperator.Equal, all, Zero, call.Position, call.Position, call.Position);
        return new BoundCase([new BoundWhen(isNone, AsDouble(Zero))], Arithmetic("/", AsDouble(count), AsDouble(all)), SqlType.Double);

        BoundAggregate Count(BoundExpression? condition, BoundExpression? distinct)
        {
            BoundExpression[] arguments = distinct is null ? [] : [distinct];
            ResolvedFunction<AggregateFunction> function = _options.Functions.ResolveAggregate("count", TypesOf(arguments))!;
            BoundExpression? both = condition is null || filter is null ? condition ?? filter : new BoundLogical(true, [filter, condition]);
            return new BoundAggregate(function.Function, arguments, distinct is not null, both, [], function.ResultType);
        }

        BoundExpression Arithmetic(string symbol, BoundExpression left, BoundExpression right) => Operator(symbol, [left, right], [call.Position, call.Position], call.Position);

        BoundExpression AsDouble(BoundExpression value) => Coerce(value, SqlType.Double, CastContext.Explicit, call.Position);
    }

    private static BoundConstant Zero => new(Value.From(SqlTypeKind.BigInt, 0L), SqlType.BigInt);

    private static BoundConstant One => new(Value.From(SqlTypeKind.BigInt, 1L), SqlType.BigInt);

    /// <summary>The values, the keys as a row, whether these come before the values, whether they are their equals, and the filter.</summary>
    private (BoundExpression[] Values, BoundExpression Row, BoundExpression Before, BoundExpression Same, BoundExpression? Filter) BindPlace(Ast.CallExpression call, Scope scope)
    {
        int count = call.WithinGroup.Length;
        var keys = new BoundExpression[count];
        var values = new BoundExpression[count];
        var names = new string[count];
        var equal = new BoundExpression[count];
        var before = new BoundExpression[count];
        for (int i = 0; i < count; i++)
        {
            Ast.SortItem item = call.WithinGroup[i];
            SourcePosition valuePosition = call.Arguments[i].Position;
            BoundExpression[] pair = [Bind(item.Expression, scope), Bind(call.Arguments[i], scope)];
            Unify(pair, [item.Position, valuePosition], "WITHIN GROUP");
            (BoundExpression key, BoundExpression value) = (pair[0], pair[1]);
            names[i] = $"f{i + 1}";
            keys[i] = key;
            values[i] = value;
            equal[i] = DistinctFrom(key, value, same: true, HasGroupingSets(scope), item.Position, item.Position, valuePosition);
            BoundExpression sooner = Compare(
                item.Descending ? Ast.BinaryOperator.Greater : Ast.BinaryOperator.Less, key, value, item.Position, item.Position, valuePosition);
            bool nullsFirst = item.NullsFirst ?? !item.Descending;
            BoundExpression byNull = new BoundLogical(true, [new BoundIsNull(key, !nullsFirst), new BoundIsNull(value, nullsFirst)]);
            before[i] = new BoundLogical(false, [sooner, byNull]);
        }

        // Before by the first key; or its equal, and before by the next.
        BoundExpression place = before[^1];
        for (int i = count - 2; i >= 0; i--)
            place = new BoundLogical(false, [before[i], new BoundLogical(true, [equal[i], place])]);
        BoundExpression same = count == 1 ? equal[0] : new BoundLogical(true, equal);
        return (values, MakeRow(names, keys), place, same, call.Filter is null ? null : BindCondition(call.Filter, scope));
    }
}
