using BareMetal.Data.Types;

namespace BareMetal.Data;

/// <summary>The table of an entity as its class declares it. Immutable; made by generated code.</summary>
public sealed class EntitySchema
{
    /// <summary>Makes the schema.</summary>
    /// <param name="entityName">Full name of the class.</param>
    /// <param name="tableName">Name of the table.</param>
    /// <param name="version">The declared version, 1 or more.</param>
    /// <param name="hash">A hash over names, types, keys and indexes, in hexadecimal; the same schema gives the same hash on every machine.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="keys">Positions of the key's columns, in key order.</param>
    /// <param name="indexes">The secondary indexes.</param>
    /// <exception cref="ArgumentException">A position lies outside the columns, or there is no key.</exception>
    public EntitySchema(string entityName, string tableName, int version, string hash, EntityColumn[] columns, int[] keys, EntityIndex[] indexes)
    {
        ArgumentException.ThrowIfNullOrEmpty(entityName);
        ArgumentException.ThrowIfNullOrEmpty(tableName);
        ArgumentException.ThrowIfNullOrEmpty(hash);
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(indexes);
        if (keys.Length == 0)
            throw new ArgumentException("An entity has a key.", nameof(keys));
        EntityName = entityName;
        TableName = tableName;
        Version = version;
        Hash = hash;
        Columns = Array.AsReadOnly((EntityColumn[])columns.Clone());
        Keys = Array.AsReadOnly((int[])keys.Clone());
        Indexes = Array.AsReadOnly((EntityIndex[])indexes.Clone());
        Identity = -1;
        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i].IsIdentity)
                Identity = i;
        }

        foreach (int key in keys)
            _ = columns[key];
    }

    /// <summary>Full name of the class.</summary>
    public string EntityName { get; }

    /// <summary>Name of the table.</summary>
    public string TableName { get; }

    /// <summary>The declared version.</summary>
    public int Version { get; }

    /// <summary>A hash over names, types, keys and indexes, in hexadecimal.</summary>
    public string Hash { get; }

    /// <summary>The columns.</summary>
    public IReadOnlyList<EntityColumn> Columns { get; }

    /// <summary>Positions of the key's columns, in key order.</summary>
    public IReadOnlyList<int> Keys { get; }

    /// <summary>The secondary indexes.</summary>
    public IReadOnlyList<EntityIndex> Indexes { get; }

    /// <summary>Position of the identity column, −1 without.</summary>
    internal int Identity { get; }

    /// <summary>Finds what a query names: a member, a member of a nested object as <c>Object.Member</c>, without regard to case.</summary>
    internal bool TryFindField(string path, out EntityField field)
    {
        foreach (EntityColumn column in Columns)
        {
            if (string.Equals(column.MemberName, path, StringComparison.OrdinalIgnoreCase))
            {
                field = new EntityField(column, null);
                return true;
            }

            foreach (EntityJsonMember member in column.JsonMembers)
            {
                if (path.Length == column.MemberName.Length + 1 + member.Name.Length && path[column.MemberName.Length] == '.'
                    && path.StartsWith(column.MemberName, StringComparison.OrdinalIgnoreCase) && path.EndsWith(member.Name, StringComparison.OrdinalIgnoreCase))
                {
                    field = new EntityField(column, member);
                    return true;
                }
            }
        }

        field = default;
        return false;
    }
}

/// <summary>A column that a query may name, or a member inside a json column.</summary>
internal readonly record struct EntityField(EntityColumn Column, EntityJsonMember? Member)
{
    public SqlType Type => Member?.Type ?? Column.Type;

    public bool IsNullable => Column.IsNullable || Member is { IsNullable: true };

    public IReadOnlyDictionary<string, long>? EnumMembers => Member is null ? Column.EnumMembers : Member.EnumMembers;
}
