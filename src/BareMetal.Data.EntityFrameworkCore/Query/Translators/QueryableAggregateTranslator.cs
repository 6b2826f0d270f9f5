using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>
/// Translates Count and Sum, whose result types in SQL are wider than in C#, and casts them back; the base handles the others.
/// </summary>
internal sealed class QueryableAggregateTranslator(BareMetalSqlExpressionFactory factory) : IAggregateMethodCallTranslator
{
    public SqlExpression? Translate(
        MethodInfo method,
        EnumerableExpression source,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        if (method.DeclaringType != typeof(Queryable))
            return null;
        var definition = method.IsGenericMethod ? method.GetGenericMethodDefinition() : method;

        switch (definition.Name)
        {
            case nameof(Queryable.Count)
                when definition == QueryableMethods.CountWithoutPredicate || definition == QueryableMethods.CountWithPredicate:
                return factory.Convert(Count(source), typeof(int));

            case nameof(Queryable.LongCount)
                when definition == QueryableMethods.LongCountWithoutPredicate || definition == QueryableMethods.LongCountWithPredicate:
                return Count(source);

            case nameof(Queryable.Sum)
                when (QueryableMethods.IsSumWithoutSelector(definition) || QueryableMethods.IsSumWithSelector(definition))
                && source.Selector is SqlExpression selector:
            {
                var resultType = selector.Type;
                var plain = resultType.UnwrapNullable();
                var argument = Aggregate.Argument(factory, source, factory.ApplyDefaultTypeMapping(selector));
                var sumType = plain == typeof(int) || plain == typeof(short) || plain == typeof(byte) || plain == typeof(sbyte)
                    || plain == typeof(ushort) || plain == typeof(uint) ? typeof(long)
                    : plain == typeof(long) || plain == typeof(ulong) ? typeof(decimal)
                    : plain;
                var mapping = argument.TypeMapping;
                var sum = factory.Function(
                    "sum",
                    [argument],
                    nullable: true,
                    argumentsPropagateNullability: Aggregate.NoPropagation,
                    sumType == plain ? resultType : sumType,
                    sumType == plain ? mapping : null);
                return sumType == plain ? sum : factory.Convert(sum, resultType, mapping);
            }

            default:
                return null;
        }
    }

    private SqlExpression Count(EnumerableExpression source)
        => factory.Function(
            "count",
            [Aggregate.Argument(factory, source, source.Selector as SqlExpression ?? factory.Fragment("*"))],
            nullable: false,
            argumentsPropagateNullability: Aggregate.NoPropagation,
            typeof(long));
}
