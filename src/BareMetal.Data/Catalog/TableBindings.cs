using System.Runtime.CompilerServices;
using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Catalog;

/// <summary>The bound rows of tables, made once for each table object: their expressions name nothing but the table and functions.</summary>
internal static class TableBindings
{
    private static readonly ConditionalWeakTable<Table, TableRowBinding> Bound = new();

    public static TableRowBinding For(Table table, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        if (Bound.TryGetValue(table, out TableRowBinding? row))
            return row;
        row = TableBinder.Bind(table, catalog, searchPath);
        Bound.AddOrUpdate(table, row);
        return row;
    }
}
