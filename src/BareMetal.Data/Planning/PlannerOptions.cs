using BareMetal.Data.Catalog;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning;

/// <summary>What the planner may ask about the database.</summary>
internal sealed class PlannerOptions
{
    /// <summary>About how many rows a table has; −1 when not known.</summary>
    public Func<Table, long> RowCount { get; init; } = static _ => -1;

    /// <summary>About how many entries an index has (fewer than the table has rows when it is filtered); −1 when not known.</summary>
    public Func<TableIndex, long> EntryCount { get; init; } = static _ => -1;

    /// <summary>A table by its id, for what foreign keys say about numbers of values; null when not known.</summary>
    public Func<long, Table?> FindTable { get; init; } = static _ => null;

    /// <summary>
    /// The table's columns as plan columns with the bound predicates and expressions of its indexes; needed only for tables that have
    /// filtered indexes or indexes over expressions. Null: such indexes are not used.
    /// </summary>
    public Func<Table, TableRowBinding>? BindTable { get; init; }

    /// <summary>False turns the rewrite rules off (not the access paths that correctness needs): tests compare both.</summary>
    public bool Optimize { get; init; } = true;
}
