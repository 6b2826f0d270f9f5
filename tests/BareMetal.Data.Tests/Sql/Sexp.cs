using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Tests.Sql;

/// <summary>
/// Writes a syntax tree as one line: (Kind Property:value …), leaving out positions and what has its default value, and with short
/// forms for names, literals and operators, so that a test can state the tree it expects.
/// </summary>
internal static class Sexp
{
    public static string Of(object? node)
    {
        var text = new StringBuilder();
        Write(text, node);
        return text.ToString();
    }

    private static void Write(StringBuilder text, object? value)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case string s:
                text.Append('\'').Append(s).Append('\'');
                break;
            case bool b:
                text.Append(b ? "true" : "false");
                break;
            case Identifier id:
                text.Append(id.Name);
                break;
            case ObjectName name:
                text.Append(name);
                break;
            case TypeName type:
                text.Append(type);
                break;
            case ColumnExpression column:
                text.AppendJoin('.', column.Parts.Select(p => p.Name));
                break;
            case ParameterExpression parameter:
                text.Append('$').Append(parameter.Index + 1);
                break;
            case LiteralExpression literal:
                WriteLiteral(text, literal);
                break;
            case BinaryExpression binary:
                text.Append('(').Append(binary.Operator).Append(' ');
                Write(text, binary.Left);
                text.Append(' ');
                Write(text, binary.Right);
                text.Append(')');
                break;
            case UnaryExpression unary:
                text.Append('(').Append(unary.Operator).Append(' ');
                Write(text, unary.Operand);
                text.Append(')');
                break;
            case SyntaxNode node:
                WriteNode(text, node);
                break;
            case IEnumerable list:
                text.Append('[');
                bool first = true;
                foreach (object? item in list)
                {
                    if (!first)
                        text.Append(' ');
                    first = false;
                    Write(text, item);
                }
                text.Append(']');
                break;
            case IFormattable f:
                text.Append(f.ToString(null, CultureInfo.InvariantCulture));
                break;
            default:
                text.Append(value);
                break;
        }
    }

    private static void WriteLiteral(StringBuilder text, LiteralExpression literal)
    {
        switch (literal.Value)
        {
            case null: text.Append("NULL"); break;
            case bool b: text.Append(b ? "TRUE" : "FALSE"); break;
            case string s: text.Append('\'').Append(s).Append('\''); break;
            case byte[] bytes: text.Append("0x").Append(Convert.ToHexString(bytes)); break;
            case int i: text.Append(CultureInfo.InvariantCulture, $"{i}"); break;
            case long l: text.Append(CultureInfo.InvariantCulture, $"{l}L"); break;
            case decimal d: text.Append(CultureInfo.InvariantCulture, $"{d}M"); break;
            case double d: text.Append(CultureInfo.InvariantCulture, $"{d:R}D"); break;
        }
    }

    private static void WriteNode(StringBuilder text, SyntaxNode node)
    {
        string name = node.GetType().Name;
        foreach (string suffix in (string[])["Expression", "Statement", "Reference", "Body", "Clause", "Action"])
        {
            if (name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal))
                name = name[..^suffix.Length];
        }

        text.Append('(').Append(name);
        foreach (PropertyInfo property in node.GetType().GetProperties())
        {
            object? value = property.GetValue(node);
            if (property.Name == "Position" || value is null || (Nullable.GetUnderlyingType(property.PropertyType) is null && IsDefault(value)))
                continue;
            text.Append(' ').Append(property.Name).Append(':');
            Write(text, value);
        }
        text.Append(')');
    }

    private static bool IsDefault(object value) => value switch
    {
        Array { Length: 0 } => true,
        bool b => !b,
        ValueType v => v.Equals(Activator.CreateInstance(v.GetType())),
        _ => false,
    };
}
