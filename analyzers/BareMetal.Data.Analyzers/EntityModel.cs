using System.Collections.Generic;

namespace BareMetal.Data.Analyzers;

/// <summary>A scalar member, of an entity or of an object in it.</summary>
internal sealed class ScalarMember
{
    public ScalarMember(string name, string column, ScalarType type, string sql)
    {
        Name = name;
        Column = column;
        Type = type;
        Sql = sql;
    }

    public string Name { get; }

    public string Column { get; }

    public ScalarType Type { get; }

    /// <summary>The SQL type with modifiers.</summary>
    public string Sql { get; }

    /// <summary>Whether the property can be set after construction.</summary>
    public bool IsSettable { get; set; }

    public bool IsIdentity { get; set; }
}

/// <summary>A member of an entity: a scalar, or an object of scalars.</summary>
internal sealed class EntityMember
{
    public EntityMember(ScalarMember scalar) => Scalar = scalar;

    public EntityMember(string name, string column, string clr, bool isNullable, bool isJson, List<ScalarMember> members)
    {
        Name = name;
        Column = column;
        Clr = clr;
        IsNullable = isNullable;
        IsJson = isJson;
        Members = members;
    }

    public ScalarMember? Scalar { get; }

    public string Name { get; } = "";

    public string Column { get; } = "";

    public string Clr { get; } = "";

    public bool IsNullable { get; }

    public bool IsJson { get; }

    public List<ScalarMember> Members { get; } = new();
}

/// <summary>A class and all that is generated from.</summary>
internal sealed class EntityModel
{
    public EntityModel(string fullName, string clr, string name, string? @namespace, List<string> containers, string table, int version)
    {
        FullName = fullName;
        Clr = clr;
        Name = name;
        Namespace = @namespace;
        Containers = containers;
        Table = table;
        Version = version;
    }

    public string FullName { get; }

    public string Clr { get; }

    public string Name { get; }

    public string? Namespace { get; }

    /// <summary>Declarations of the types around it, outermost first.</summary>
    public List<string> Containers { get; }

    public string Table { get; }

    public int Version { get; }

    public List<EntityMember> Members { get; } = new();

    /// <summary>The columns as they are stored: object members as columns flattened.</summary>
    public List<(string Path, ScalarMember? Scalar, EntityMember? Json, string Column)> Columns { get; } = new();

    public List<int> Keys { get; } = new();

    public List<(string Name, List<int> Columns, bool IsUnique)> Indexes { get; } = new();
}
