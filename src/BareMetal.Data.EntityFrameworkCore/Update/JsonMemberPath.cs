using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Update;

namespace BareMetal.Data.EntityFrameworkCore.Update;

/// <summary>
/// The paths of partial updates. EF Core joins the names of members with dots and without quotes, so that a name with a dot or a bracket
/// reads as something else; here the steps are found again with the help of the model, and written with quotes where they are needed:
/// <c>$[2].Name."a.b"</c>, with a backslash before quotes and backslashes.
/// </summary>
internal static class JsonMemberPath
{
    private const string AnnotationName = "BareMetal:JsonNamesNeedQuotes";

    /// <summary>The path with quotes, or the same text where no name of the document needs them.</summary>
    public static string Quoted(string path, string columnName, IProperty? property, IReadOnlyList<IUpdateEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (entry.EntityType.IsMappedToJson() && entry.EntityType.GetContainerColumnName() == columnName)
                return Quoted(path, property, Root(entry.EntityType));
        }

        return path;
    }

    private static IEntityType Root(IEntityType entityType)
    {
        while (entityType.FindOwnership()!.PrincipalEntityType is { } owner && owner.IsMappedToJson())
            entityType = owner;
        return entityType;
    }

    private static string Quoted(string path, IProperty? property, IEntityType root)
    {
        if (root.FindRuntimeAnnotationValue(AnnotationName) is not bool needed)
            root.SetRuntimeAnnotation(AnnotationName, needed = NeedsQuotes(root));
        if (!needed)
            return path;

        var found = new List<string>(1);
        var result = new StringBuilder("$");
        var at = AfterIndex(path, 1, !root.FindOwnership()!.IsUnique);
        result.Append(path, 1, at - 1);
        Find(path, at, root, property, result, found);
        return found.Count switch
        {
            1 => found[0],
            0 => throw new InvalidOperationException($"The JSON path '{path}' does not lead to a member of '{root.DisplayName()}'."),
            _ => throw new InvalidOperationException(
                $"The JSON path '{path}' leads to more than one member of '{root.DisplayName()}': {string.Join(", ", found)}. "
                + "Give the members names without dots."),
        };
    }

    private static bool NeedsQuotes(IEntityType entityType)
    {
        foreach (var property in entityType.GetProperties())
        {
            if (property.GetJsonPropertyName() is { } name && !IsPlain(name))
                return true;
        }

        foreach (var navigation in Members(entityType))
        {
            if (!IsPlain(navigation.TargetEntityType.GetJsonPropertyName()!) || NeedsQuotes(navigation.TargetEntityType))
                return true;
        }

        return false;
    }

    private static IEnumerable<INavigation> Members(IEntityType entityType)
    {
        foreach (var navigation in entityType.GetNavigations())
        {
            if (navigation is { IsOnDependent: false, ForeignKey.IsOwnership: true }
                && navigation.TargetEntityType.IsMappedToJson()
                && navigation.TargetEntityType.GetJsonPropertyName() is not null)
                yield return navigation;
        }
    }

    // Every way to read the rest of the path as members of the type.
    private static void Find(string path, int at, IEntityType entityType, IProperty? property, StringBuilder result, List<string> found)
    {
        if (at == path.Length)
        {
            if (property is null)
                found.Add(result.ToString());
            return;
        }

        if (path[at] != '.')
            return;
        var rest = path.AsSpan(at + 1);
        var length = result.Length;
        if (property is not null && property.DeclaringType == entityType && rest.SequenceEqual(property.GetJsonPropertyName()))
        {
            Append(result, rest);
            found.Add(result.ToString());
            result.Length = length;
        }

        foreach (var navigation in Members(entityType))
        {
            var name = navigation.TargetEntityType.GetJsonPropertyName()!;
            if (!rest.StartsWith(name))
                continue;
            var end = AfterIndex(path, at + 1 + name.Length, navigation.IsCollection);
            Append(result, name);
            result.Append(path, at + 1 + name.Length, end - at - 1 - name.Length);
            Find(path, end, navigation.TargetEntityType, property, result, found);
            result.Length = length;
        }
    }

    private static int AfterIndex(string path, int at, bool isCollection)
    {
        if (!isCollection || at >= path.Length || path[at] != '[')
            return at;
        var close = path.IndexOf(']', at);
        return close > at + 1 && int.TryParse(path.AsSpan(at + 1, close - at - 1), NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? close + 1
            : at;
    }

    private static bool IsPlain(ReadOnlySpan<char> name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
                return false;
        }

        return name.Length > 0;
    }

    private static void Append(StringBuilder result, ReadOnlySpan<char> name)
    {
        result.Append('.');
        if (IsPlain(name))
        {
            result.Append(name);
            return;
        }

        result.Append('"');
        foreach (var c in name)
        {
            if (c is '"' or '\\')
                result.Append('\\');
            result.Append(c);
        }

        result.Append('"');
    }

    /// <summary>The steps of a path: names, and indexes as digits.</summary>
    /// <exception cref="InvalidOperationException">The path cannot be read.</exception>
    public static List<string> Steps(string path)
    {
        var steps = new List<string>();
        var at = path.StartsWith('$') ? 1 : 0;
        while (at < path.Length)
        {
            switch (path[at])
            {
                case '.' when at + 1 < path.Length && path[at + 1] == '"':
                {
                    var name = new StringBuilder();
                    for (at += 2; at < path.Length && path[at] != '"'; at++)
                    {
                        if (path[at] == '\\' && at + 1 < path.Length)
                            at++;
                        name.Append(path[at]);
                    }

                    steps.Add(name.ToString());
                    at++;
                    break;
                }

                case '.':
                {
                    var end = path.AsSpan(at + 1).IndexOfAny('.', '[');
                    end = end < 0 ? path.Length : at + 1 + end;
                    steps.Add(path[(at + 1)..end]);
                    at = end;
                    break;
                }

                case '[' when path.IndexOf(']', at) is > 0 and var close:
                    steps.Add(path[(at + 1)..close]);
                    at = close + 1;
                    break;

                default:
                    throw new InvalidOperationException(
                        string.Create(CultureInfo.InvariantCulture, $"The JSON path '{path}' cannot be read at position {at}."));
            }
        }

        return steps;
    }
}
