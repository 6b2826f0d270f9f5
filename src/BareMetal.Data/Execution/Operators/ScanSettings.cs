using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Execution.Operators;

/// <summary>What a scan does, decided by the planner.</summary>
internal sealed record ScanSettings(Table Table, IReadOnlyList<PlanColumn> Columns)
{
    /// <summary>The secondary index read, null for the table's own tree.</summary>
    public TableIndex? Index { get; init; }

    /// <summary>Whether the index entries hold all columns, so that the table is not read.</summary>
    public bool IsCovering { get; init; }

    /// <summary>Where to seek; null reads everything.</summary>
    public IReadOnlyList<SeekSpec>? Seeks { get; init; }

    public bool IsBackward { get; init; }

    /// <summary>Only the first entry of each combination of values of so many leading key parts is read; 0 for all entries. Without seeks and filter, forward.</summary>
    public int DistinctParts { get; init; }

    /// <summary>Condition over <see cref="Columns"/>, checked before the other columns are read.</summary>
    public BoundExpression? Filter { get; init; }

    public RowLockMode Lock { get; init; }

    public RowLockWait LockWait { get; init; }

    /// <summary>Receives the row's key in the table's tree; comes after the columns.</summary>
    public PlanColumn? RowKey { get; init; }

    /// <summary>Rows that the plan above is likely to take; 0 when it takes all.</summary>
    public int RowGoal { get; init; }
}
