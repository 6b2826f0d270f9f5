using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>Results as text in which equal values look equal.</summary>
internal static class Comparison
{
    /// <summary>Null when both are the same; otherwise where they differ.</summary>
    public static string? Differ(object? expected, object? actual, bool isSequence, bool isOrdered, string? include)
    {
        if (!isSequence)
        {
            string one = Text(expected, include);
            string other = Text(actual, include);
            return one == other ? null : $"expected {one}, was {other}";
        }

        List<string> wanted = [.. ((IEnumerable)expected!).Cast<object?>().Select(o => Text(o, include))];
        List<string> got = [.. ((IEnumerable)actual!).Cast<object?>().Select(o => Text(o, include))];
        if (!isOrdered)
        {
            wanted.Sort(StringComparer.Ordinal);
            got.Sort(StringComparer.Ordinal);
        }

        if (wanted.Count != got.Count)
            return $"expected {wanted.Count} rows, were {got.Count}:\n  {string.Join("\n  ", wanted.Take(12))}\n but\n  {string.Join("\n  ", got.Take(12))}";
        for (int i = 0; i < wanted.Count; i++)
        {
            if (wanted[i] != got[i])
                return $"row {i}: expected {wanted[i]}, was {got[i]}";
        }

        return null;
    }

    private static string Text(object? value, string? include)
    {
        StringBuilder text = new();
        Append(text, value, include);
        return text.ToString();
    }

    private static void Append(StringBuilder text, object? value, string? include)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case string s:
                text.Append('"').Append(s).Append('"');
                break;
            case double d:
                text.Append(Math.Round(d, 9).ToString("G12", CultureInfo.InvariantCulture));
                break;
            case decimal d:
                text.Append(Math.Round(d, 18).ToString("0.##################", CultureInfo.InvariantCulture));
                break;
            case DateTimeOffset d:
                text.Append(d.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
                break;
            case DateTime d:
                text.Append(d.ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture));
                break;
            case IFormattable f:
                text.Append(f.ToString(null, CultureInfo.InvariantCulture));
                break;
            case Party or Project or Item or Label:
                AppendEntity(text, value, include);
                break;
            case IEnumerable items:
                text.Append('[');
                foreach (object? item in items)
                {
                    Append(text, item, include);
                    text.Append(' ');
                }

                text.Append(']');
                break;
            default:
                if (!value.GetType().Name.StartsWith("Row`", StringComparison.Ordinal))
                {
                    text.Append(value);
                    break;
                }

                text.Append('(');
                foreach (PropertyInfo property in value.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public))
                {
                    Append(text, property.GetValue(value), include);
                    text.Append("; ");
                }

                text.Append(')');
                break;
        }
    }

    /// <summary>An entity is its type, key and some of its content, with what was to be loaded along.</summary>
    private static void AppendEntity(StringBuilder text, object entity, string? include)
    {
        text.Append(entity.GetType().Name).Append('#').Append(entity.GetType().GetProperty("Id")!.GetValue(entity));
        if (entity is Project project)
        {
            text.Append(CultureInfo.InvariantCulture, $"<{project.Code} {project.Note} {project.Budget:0.##} {project.Place.Town} {project.Place.Zip} {project.Plan.Title} {project.Plan.Steps.Count} {string.Join('+', project.Words)} {string.Join('+', project.Numbers)} {project.Start:O}>");
        }

        object? at = entity;
        foreach (string part in include?.Split('.') ?? [])
        {
            at = at?.GetType().GetProperty(part) is { } property ? property.GetValue(at) : null;
            text.Append('.').Append(part).Append('=');
            if (at is IEnumerable many)
            {
                text.AppendJoin(',', many.Cast<object>().Select(o => (int)o.GetType().GetProperty("Id")!.GetValue(o)!).Order());
                break;
            }

            text.Append(at is null ? "null" : at.GetType().GetProperty("Id")!.GetValue(at)!.ToString());
        }
    }
}
