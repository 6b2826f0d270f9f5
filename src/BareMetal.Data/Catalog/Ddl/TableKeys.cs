using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>Questions about the keys of a table.</summary>
internal static class TableKeys
{
    public static bool SameColumns(IReadOnlyList<int> a, IReadOnlyList<int> b)
    {
        if (a.Count != b.Count)
            return false;
        foreach (int id in a)
        {
            if (!b.Contains(id))
                return false;
        }

        return true;
    }

    /// <summary>Whether a primary key, unique constraint or unfiltered unique index is over exactly these columns, in any order.</summary>
    public static bool HasKey(Table table, IReadOnlyList<int> columnIds) =>
        (table.PrimaryKey is { } key && SameColumns(key.ColumnIds, columnIds)) || FindUniqueIndex(table, columnIds) is not null;

    /// <summary>The unique index over exactly these columns that a foreign key may rely on.</summary>
    public static TableIndex? FindUniqueIndex(Table table, IReadOnlyList<int> columnIds)
    {
        foreach (TableIndex index in table.Indexes)
        {
            if (!index.IsUnique || index.FilterSql is not null || index.Keys.Count != columnIds.Count)
                continue;
            bool all = true;
            foreach (IndexKeyPart part in index.Keys)
                all &= part.ExpressionSql is null && columnIds.Contains(part.ColumnId);
            if (all)
                return index;
        }

        return null;
    }

    public static bool IsNumeric(SqlType type) => type.Kind is >= SqlTypeKind.TinyInt and <= SqlTypeKind.Decimal;
}
