namespace BareMetal.Data;

/// <summary>An index over members of an entity.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true, Inherited = false)]
public sealed class EntityIndexAttribute : Attribute
{
    /// <summary>Makes the index.</summary>
    /// <param name="members">Names of the members, in the order of the key.</param>
    public EntityIndexAttribute(params string[] members) => Members = members;

    /// <summary>Names of the members, in the order of the key.</summary>
    public string[] Members { get; }

    /// <summary>The index's name; made of the table's and the columns' by default.</summary>
    public string? Name { get; set; }

    /// <summary>Whether no two entities may have the same values.</summary>
    public bool IsUnique { get; set; }
}
