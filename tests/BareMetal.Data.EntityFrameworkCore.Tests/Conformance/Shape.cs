using System.Linq.Expressions;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>A scalar that an element of a query has.</summary>
internal sealed record Field(Func<Expression, Expression> Get, Type Type, bool MaybeNull, bool IsDocument = false, bool Navigates = false);

/// <summary>What the elements of a query are.</summary>
/// <param name="Type">The elements' type.</param>
/// <param name="Fields">Their scalars.</param>
/// <param name="Unique">Scalars that together no two elements share; empty when none are known.</param>
internal sealed record Shape(Type Type, IReadOnlyList<Field> Fields, IReadOnlyList<Field> Unique)
{
    /// <summary>Whether collections of entities can be reached: EF Core does not correlate behind set operations and inside groups.</summary>
    public bool HasCollections { get; init; } = true;

    /// <summary>Whether JSON parts can be reached.</summary>
    public Shape Grouped => this with { HasCollections = false, Fields = [.. Fields.Where(f => !f.IsDocument)] };

    public static readonly Shape Project = Entity(
        typeof(Project),
        typeof(Project).GetProperties().Where(p => IsScalar(p.PropertyType)).Select(p => p.Name)
            .Concat(["Place.Town", "Place.Zip", "Place.Latitude", "Plan.Title", "Plan.Weight", "Owner.Id", "Owner.Name", "Owner.City", "Reviewer.Id", "Reviewer.Name", "Reviewer.Born", "Reviewer.Boss.Name"]));

    public static readonly Shape Item = Entity(
        typeof(Item),
        ["Id", "ProjectId", "Sku", "Quantity", "Price", "At", "ParentId", "Project.Code", "Project.Note", "Project.Budget", "Project.Grade", "Project.Owner.Name", "Parent.Sku", "Parent.Quantity", "Parent.At"]);

    public static readonly Shape Party = Entity(typeof(Party), ["Id", "Name", "City"]);

    public static readonly Shape Human = Entity(typeof(Human), ["Id", "Name", "City", "Born", "BossId", "Boss.Name", "Boss.City", "Boss.Born", "Boss.Boss.Id"]);

    public static readonly Shape Company = Entity(typeof(Company), ["Id", "Name", "City", "Capital", "Vat"]);

    public static readonly Shape Label = Entity(typeof(Label), ["Id", "Text"]);

    public bool IsEntity => HasCollections && Unique.Count == 1 && Type.Namespace == typeof(Shape).Namespace && !Type.IsGenericType;

    /// <summary>Whether a type is one that columns have.</summary>
    public static bool IsScalar(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(decimal) || type == typeof(DateTime) || type == typeof(DateOnly)
            || type == typeof(TimeOnly) || type == typeof(TimeSpan) || type == typeof(DateTimeOffset) || type == typeof(Guid);
    }

    private static Shape Entity(Type type, IEnumerable<string> paths)
    {
        List<Field> fields = [.. paths.Select(p => Path(type, p))];
        return new Shape(type, fields, [fields[0]]);
    }

    private static Field Path(Type type, string path)
    {
        string[] parts = path.Split('.');
        Expression probe = Walk(Expression.Parameter(type), parts, out bool optional);
        bool maybeNull = optional || path is "Note" or "City" or "Vat" or "Place.Zip" or "Owner.City" or "Project.Note" or "Boss.City";
        Type scalar = optional && probe.Type.IsValueType && Nullable.GetUnderlyingType(probe.Type) is null ? typeof(Nullable<>).MakeGenericType(probe.Type) : probe.Type;
        return new Field(
            e =>
            {
                Expression value = Walk(e, parts, out _);
                return value.Type == scalar ? value : Expression.Convert(value, scalar);
            },
            scalar,
            maybeNull,
            parts[0] == nameof(Conformance.Project.Plan),
            parts[0] is "Owner" or "Reviewer" or "Boss" or "Parent" or "Project");
    }

    private static Expression Walk(Expression start, string[] parts, out bool optional)
    {
        optional = false;
        foreach (string part in parts)
        {
            start = Expression.Property(start, part);
            optional |= part is "Reviewer" or "Boss" or "Parent";
        }

        return start;
    }
}
