using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Metadata;

/// <summary>
/// Indexes on expressions. EF Core's models have none, so they are annotations of tables: the name behind a prefix, and the expressions as SQL. Those on members of JSON documents are
/// given by the properties' names, and become SQL when the model is complete.
/// </summary>
internal static class ExpressionIndexes
{
    /// <summary>What stands before the expressions of a unique index.</summary>
    public const string Unique = "UNIQUE ";

    /// <summary>The annotations of a table's indexes.</summary>
    public static IEnumerable<IAnnotation> Of(ITable table)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var mapping in table.EntityTypeMappings)
        {
            if (mapping.TypeBase is not IEntityType entityType)
                continue;
            foreach (var annotation in entityType.GetAnnotations())
            {
                var text = annotation.Value as string ?? "";
                if (annotation.Name.StartsWith(BareMetalAnnotationNames.ExpressionIndex, StringComparison.Ordinal))
                {
                    found[annotation.Name] = text;
                }
                else if (annotation.Name.StartsWith(BareMetalAnnotationNames.JsonIndex, StringComparison.Ordinal))
                {
                    var paths = annotation.Name[BareMetalAnnotationNames.JsonIndex.Length..].Split(',');
                    var unique = text.StartsWith(Unique, StringComparison.Ordinal);
                    var name = unique ? text[Unique.Length..] : text;
                    if (name.Length == 0)
                        name = $"IX_{table.Name}_{string.Join("_", paths).Replace('.', '_')}";
                    found[BareMetalAnnotationNames.ExpressionIndex + name] = (unique ? Unique : "") + string.Join(", ", paths.Select(p => Sql(entityType, p)));
                }
            }
        }

        return found.Select(f => new Annotation(f.Key, f.Value));
    }

    /// <summary>The indexes among a table operation's annotations, by name.</summary>
    public static IEnumerable<KeyValuePair<string, string>> In(IAnnotatable operation)
    {
        foreach (var annotation in operation.GetAnnotations())
        {
            if (annotation.Name.StartsWith(BareMetalAnnotationNames.ExpressionIndex, StringComparison.Ordinal) && annotation.Value is string sql)
                yield return new(annotation.Name[BareMetalAnnotationNames.ExpressionIndex.Length..], sql);
        }
    }

    /// <summary>Whether an annotation is of this kind.</summary>
    public static bool IsAnnotation(string name)
        => name.StartsWith(BareMetalAnnotationNames.ExpressionIndex, StringComparison.Ordinal)
            || name.StartsWith(BareMetalAnnotationNames.JsonIndex, StringComparison.Ordinal);

    // The same words as in queries, so that the engine knows the one in the other.
    private static string Sql(IEntityType entityType, string path)
    {
        var names = path.Split('.');
        ITypeBase type = entityType;
        string? column = null;
        var steps = new List<string>();
        for (var i = 0; i < names.Length - 1; i++)
        {
            ITypeBase next;
            if (type.FindComplexProperty(names[i]) is { IsCollection: false } complex)
                next = complex.ComplexType;
            else if ((type as IEntityType)?.FindNavigation(names[i]) is { IsCollection: false, ForeignKey.IsOwnership: true } navigation)
                next = navigation.TargetEntityType;
            else
                throw Invalid($"'{names[i]}' is no complex property or owned reference of '{type.DisplayName()}'");
            var isJson = next switch { IComplexType complexType => complexType.IsMappedToJson(), IEntityType owned => owned.IsMappedToJson(), _ => false };
            if (!isJson)
                throw Invalid($"'{names[i]}' is not mapped to JSON");
            if (column is null)
                column = next.GetContainerColumnName() ?? throw Invalid($"'{names[i]}' has no column");
            else
                steps.Add((next is IComplexType inner ? inner.GetJsonPropertyName() : ((IEntityType)next).GetJsonPropertyName()) ?? names[i]);
            type = next;
        }

        var property = type.FindProperty(names[^1]) ?? throw Invalid($"'{names[^1]}' is no property of '{type.DisplayName()}'");
        if (column is null)
            throw Invalid("it names a column, not a member of a JSON document: use HasIndex");
        if (property.IsPrimitiveCollection)
            throw Invalid("it ends in a collection");
        steps.Add(property.GetJsonPropertyName() ?? names[^1]);
        var mapping = property.GetRelationalTypeMapping();
        var member = new StringBuilder().Append('"').Append(column.Replace("\"", "\"\"")).Append('"');
        for (var i = 0; i < steps.Count; i++)
            member.Append(i == steps.Count - 1 ? " ->> '" : " -> '").Append(steps[i].Replace("'", "''")).Append('\'');
        return mapping switch
        {
            BareMetal.Data.EntityFrameworkCore.Storage.BareMetalStringTypeMapping => $"({member})",
            BareMetal.Data.EntityFrameworkCore.Storage.BareMetalByteArrayTypeMapping => $"decode({member}, 'base64')",
            _ => $"(CAST({member} AS {mapping.StoreType}))",
        };

        InvalidOperationException Invalid(string what)
            => new($"The index on '{path}' of '{entityType.DisplayName()}' is not possible: {what}.");
    }
}
