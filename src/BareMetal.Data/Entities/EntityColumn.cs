using BareMetal.Data.Types;

namespace BareMetal.Data;

/// <summary>A column of an entity's table. Immutable; made by generated code.</summary>
public sealed class EntityColumn
{
    /// <summary>Makes the column.</summary>
    /// <param name="memberName">The member's name, for a member of a nested object <c>Object.Member</c>.</param>
    /// <param name="columnName">The column's name.</param>
    /// <param name="typeName">The SQL type's name.</param>
    /// <exception cref="ArgumentException">No type has this name.</exception>
    public EntityColumn(string memberName, string columnName, string typeName)
    {
        ArgumentException.ThrowIfNullOrEmpty(memberName);
        ArgumentException.ThrowIfNullOrEmpty(columnName);
        ArgumentException.ThrowIfNullOrEmpty(typeName);
        MemberName = memberName;
        ColumnName = columnName;
        TypeName = typeName;
        Type = DataTypeNames.Parse(typeName);
    }

    /// <summary>The member's name, for a member of a nested object <c>Object.Member</c>.</summary>
    public string MemberName { get; }

    /// <summary>The column's name.</summary>
    public string ColumnName { get; }

    /// <summary>The SQL type's name, with modifiers.</summary>
    public string TypeName { get; }

    /// <summary>Whether it may be null. Default false.</summary>
    public bool IsNullable { get; init; }

    /// <summary>Whether the database gives its values when they are not given. Default false.</summary>
    public bool IsIdentity { get; init; }

    /// <summary>SQL text of the value that rows get which were written before the column was there; null for none (the column is nullable).</summary>
    public string? AddedDefault { get; init; }

    /// <summary>Names and numbers of the enum that the column holds; null when it holds none.</summary>
    public IReadOnlyDictionary<string, long>? EnumMembers { get; init; }

    /// <summary>Members of the object that a json column holds; empty for other columns.</summary>
    public IReadOnlyList<EntityJsonMember> JsonMembers { get; init; } = [];

    internal SqlType Type { get; }
}

/// <summary>A scalar member of an object in a json column. Immutable; made by generated code.</summary>
public sealed class EntityJsonMember
{
    /// <summary>Makes the member.</summary>
    /// <param name="name">Its name in the class and in the JSON text.</param>
    /// <param name="typeName">The SQL type of its values.</param>
    /// <exception cref="ArgumentException">No type has this name.</exception>
    public EntityJsonMember(string name, string typeName)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(typeName);
        Name = name;
        TypeName = typeName;
        Type = DataTypeNames.Parse(typeName);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The SQL type of its values.</summary>
    public string TypeName { get; }

    /// <summary>Whether it may be null. Default false.</summary>
    public bool IsNullable { get; init; }

    /// <summary>Names and numbers of the enum that it holds; null when it holds none.</summary>
    public IReadOnlyDictionary<string, long>? EnumMembers { get; init; }

    internal SqlType Type { get; }
}

/// <summary>A secondary index of an entity's table. Immutable; made by generated code.</summary>
public sealed class EntityIndex
{
    /// <summary>Makes the index.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="columns">Positions of its columns, in key order.</param>
    /// <param name="isUnique">Whether no two rows may have the same values.</param>
    public EntityIndex(string name, int[] columns, bool isUnique)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(columns);
        Name = name;
        Columns = Array.AsReadOnly((int[])columns.Clone());
        IsUnique = isUnique;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Positions of its columns, in key order.</summary>
    public IReadOnlyList<int> Columns { get; }

    /// <summary>Whether no two rows may have the same values.</summary>
    public bool IsUnique { get; }
}
