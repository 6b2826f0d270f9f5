using BareMetal.Data.Catalog;
using BareMetal.Data.Types;

namespace BareMetal.Data.Sessions;

/// <summary>A column of a result: what a data reader's schema says of it.</summary>
internal sealed record ResultColumn(string Name, SqlType Type, bool IsNullable)
{
    /// <summary>The table it comes from unchanged, if any.</summary>
    public Table? OriginTable { get; init; }

    /// <summary>The table column it comes from unchanged, if any.</summary>
    public Column? OriginColumn { get; init; }

    /// <summary>Whether it is part of the origin table's primary key.</summary>
    public bool IsKey => OriginTable?.PrimaryKey is { } key && OriginColumn is { } column && Contains(key, column.Id);

    /// <summary>Whether it alone is unique in the origin table.</summary>
    public bool IsUnique
    {
        get
        {
            if (OriginTable is null || OriginColumn is null)
                return false;
            if (OriginTable.PrimaryKey is { ColumnIds.Count: 1 } key && key.ColumnIds[0] == OriginColumn.Id)
                return true;
            foreach (KeyConstraint unique in OriginTable.UniqueConstraints)
            {
                if (unique.ColumnIds.Count == 1 && unique.ColumnIds[0] == OriginColumn.Id)
                    return true;
            }

            return false;
        }
    }

    /// <summary>Whether the engine gives its values on INSERT by a counter.</summary>
    public bool IsIdentity => OriginColumn?.Identity is not null;

    /// <summary>Whether it can't be written: an expression, a generated column, a row version, or GENERATED ALWAYS AS IDENTITY.</summary>
    public bool IsReadOnly => OriginColumn is null || OriginColumn.GeneratedSql is not null
        || OriginColumn.Type.Kind == SqlTypeKind.RowVersion || OriginColumn.Identity is { IsAlways: true };

    private static bool Contains(KeyConstraint key, int columnId)
    {
        foreach (int id in key.ColumnIds)
        {
            if (id == columnId)
                return true;
        }

        return false;
    }
}
