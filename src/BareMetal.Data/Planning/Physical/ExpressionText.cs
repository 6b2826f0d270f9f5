using System.Globalization;
using System.Text;
using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>Expressions as text, for EXPLAIN: meant to be read, not parsed.</summary>
internal static class ExpressionText
{
    public static string Format(BoundExpression expression)
    {
        StringBuilder text = new();
        Append(expression, text);
        return text.ToString();
    }

    public static string Format(Binding.SortKey key) => Format(key.Expression) + (key.Descending ? " DESC" : "") + (key.NullsFirst == key.Descending ? key.NullsFirst ? " NULLS FIRST" : " NULLS LAST" : "");

    public static string Format(PlanColumn column) => column.Origin is not null && column.OriginTable is not null ? $"{column.OriginTable.Name}.{column.Origin.Name}" : column.Name;

    private static void Append(BoundExpression expression, StringBuilder text)
    {
        switch (expression)
        {
            case BoundColumn column:
                text.Append(Format(column.Column));
                break;
            case BoundConstant constant:
                text.Append(FormatConstant(constant));
                break;
            case BoundParameter parameter:
                text.Append('$').Append(parameter.Index + 1);
                break;
            case BoundCall call when call.Arguments.Count == 2 && !char.IsLetter(call.Function.Name[0]):
                text.Append('(');
                Append(call.Arguments[0], text);
                text.Append(' ').Append(call.Function.Name).Append(' ');
                Append(call.Arguments[1], text);
                text.Append(')');
                break;
            case BoundCall call:
                text.Append(call.Function.Name);
                AppendList(call.Arguments, text);
                break;
            case BoundCast cast:
                text.Append("CAST(");
                Append(cast.Operand, text);
                text.Append(" AS ").Append(cast.Type.Kind.ToString().ToLowerInvariant()).Append(')');
                break;
            case BoundLogical logical:
                text.Append('(');
                for (int i = 0; i < logical.Terms.Count; i++)
                {
                    if (i > 0)
                        text.Append(logical.IsAnd ? " AND " : " OR ");
                    Append(logical.Terms[i], text);
                }

                text.Append(')');
                break;
            case BoundNot not:
                text.Append("NOT ");
                Append(not.Operand, text);
                break;
            case BoundIsNull isNull:
                Append(isNull.Operand, text);
                text.Append(isNull.IsNegated ? " IS NOT NULL" : " IS NULL");
                break;
            case BoundCase @case:
                text.Append("CASE");
                foreach (BoundWhen when in @case.Whens)
                {
                    text.Append(" WHEN ");
                    Append(when.Condition, text);
                    text.Append(" THEN ");
                    Append(when.Result, text);
                }

                if (@case.Else is not null)
                {
                    text.Append(" ELSE ");
                    Append(@case.Else, text);
                }

                text.Append(" END");
                break;
            case BoundCoalesce coalesce:
                text.Append("coalesce");
                AppendList(coalesce.Arguments, text);
                break;
            case BoundInList inList:
                Append(inList.Operand, text);
                text.Append(inList.IsNegated ? " NOT IN " : " IN ");
                AppendList(inList.Items, text);
                break;
            case BoundQuantifiedArray quantified:
                Append(quantified.Operand, text);
                text.Append(' ').Append(quantified.Comparison.Name).Append(quantified.IsAll ? " ALL (" : " ANY (");
                Append(quantified.Array, text);
                text.Append(')');
                break;
            case BoundArray array:
                text.Append("ARRAY");
                AppendList(array.Items, text);
                break;
            case BoundSubquery subquery:
                if (subquery.Operands.Count > 0)
                    AppendList(subquery.Operands, text);
                text.Append(subquery.Kind switch
                {
                    SubqueryKind.Exists => "EXISTS",
                    SubqueryKind.Any => $" {subquery.Comparisons[0].Name} ANY ",
                    SubqueryKind.All => $" {subquery.Comparisons[0].Name} ALL ",
                    SubqueryKind.Array => "ARRAY",
                    _ => "",
                });
                text.Append("(subquery)");
                break;
            case BoundAggregate aggregate:
                text.Append(aggregate.Function.Name).Append('(');
                if (aggregate.IsDistinct)
                    text.Append("DISTINCT ");
                if (aggregate.Arguments.Count == 0)
                    text.Append('*');
                for (int i = 0; i < aggregate.Arguments.Count; i++)
                {
                    if (i > 0)
                        text.Append(", ");
                    Append(aggregate.Arguments[i], text);
                }

                text.Append(')');
                if (aggregate.Filter is not null)
                {
                    text.Append(" FILTER (WHERE ");
                    Append(aggregate.Filter, text);
                    text.Append(')');
                }

                break;
            case NarrowedInteger narrowed:
                Append(narrowed.Operand, text);
                break;
            default:
                text.Append(expression.GetType().Name);
                break;
        }
    }

    private static void AppendList(IReadOnlyList<BoundExpression> expressions, StringBuilder text)
    {
        text.Append('(');
        for (int i = 0; i < expressions.Count; i++)
        {
            if (i > 0)
                text.Append(", ");
            if (i == 20)
            {
                text.Append('…').Append(CultureInfo.InvariantCulture, $" {expressions.Count - 20} more");
                break;
            }

            Append(expressions[i], text);
        }

        text.Append(')');
    }

    private static string FormatConstant(BoundConstant constant)
    {
        if (constant.Value.IsNull)
            return "NULL";
        return constant.Type.Kind switch
        {
            SqlTypeKind.Boolean => constant.Value.As<bool>() ? "TRUE" : "FALSE",
            SqlTypeKind.SmallInt => constant.Value.As<short>().ToString(CultureInfo.InvariantCulture),
            SqlTypeKind.Integer => constant.Value.As<int>().ToString(CultureInfo.InvariantCulture),
            SqlTypeKind.BigInt => constant.Value.As<long>().ToString(CultureInfo.InvariantCulture),
            SqlTypeKind.Double => constant.Value.As<double>().ToString("R", CultureInfo.InvariantCulture),
            SqlTypeKind.Decimal => constant.Value.As<decimal>().ToString(CultureInfo.InvariantCulture),
            SqlTypeKind.Uuid => $"'{constant.Value.As<Guid>()}'",
            SqlTypeKind.Text => $"'{Shorten(Encoding.UTF8.GetString(constant.Value.As<ByteSlice>().Span))}'",
            _ => constant.Type.Kind.ToString().ToLowerInvariant() + " constant",
        };
    }

    private static string Shorten(string text) => (text.Length > 40 ? text[..40] + "…" : text).Replace("'", "''", StringComparison.Ordinal);
}
