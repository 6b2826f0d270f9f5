using System.Reflection;
using BareMetal.Data.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates string.Join and string.Concat over a group to <c>string_agg</c>.</summary>
internal sealed class StringAggregateTranslator(BareMetalSqlExpressionFactory factory) : IAggregateMethodCallTranslator
{
    private static readonly MethodInfo Join =
        typeof(string).GetRuntimeMethod(nameof(string.Join), [typeof(string), typeof(IEnumerable<string>)])!;

    private static readonly MethodInfo Concat =
        typeof(string).GetRuntimeMethod(nameof(string.Concat), [typeof(IEnumerable<string>)])!;

    public SqlExpression? Translate(
        MethodInfo method,
        EnumerableExpression source,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        if (source.Selector is not SqlExpression text || (method != Join && method != Concat))
            return null;

        // Join takes a null for an empty text, string_agg skips it.
        var item = Aggregate.Argument(factory, source, factory.Coalesce(text, factory.Constant(string.Empty)));
        var mapping = text.TypeMapping ?? BareMetalStringTypeMapping.Default;
        var callArguments = new List<SqlExpression>
        {
            factory.ApplyTypeMapping(item, mapping),
            factory.ApplyTypeMapping(method == Join ? arguments[0] : factory.Constant(string.Empty), mapping),
        };

        // Orderings follow as pairs of key and direction; the SQL generator writes them as ORDER BY inside of the call.
        foreach (var ordering in source.Orderings)
        {
            callArguments.Add(ordering.Expression);
            callArguments.Add(factory.Constant(ordering.IsAscending));
        }

        return factory.Coalesce(
            factory.Function(
                "string_agg",
                callArguments,
                nullable: true,
                argumentsPropagateNullability: callArguments.Select(_ => false),
                typeof(string),
                BareMetalStringTypeMapping.Default),
            factory.Constant(string.Empty));
    }
}
