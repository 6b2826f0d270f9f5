using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;

namespace BareMetal.Data.Planning.Logical;

/// <summary>
/// What a write needs to know of its table, bound once per table version: a plan column for each table column (by ordinal), and over
/// these columns the generated columns, check constraints, index predicates and index expressions.
/// </summary>
internal sealed class TableRowBinding(Table table, IReadOnlyList<PlanColumn> columns)
{
    public Table Table { get; } = table;

    /// <summary>One for each of <see cref="Table.Columns"/>, in that order.</summary>
    public IReadOnlyList<PlanColumn> Columns { get; } = columns;

    /// <summary>Expressions of generated columns, by column ordinal, in an order in which each finds its inputs computed.</summary>
    public IReadOnlyList<(int Ordinal, BoundExpression Expression)> Generated { get; init; } = [];

    public IReadOnlyList<(CheckConstraint Constraint, BoundExpression Expression)> Checks { get; init; } = [];

    /// <summary>Predicates of filtered indexes.</summary>
    public IReadOnlyDictionary<TableIndex, BoundExpression> IndexFilters { get; init; } = new Dictionary<TableIndex, BoundExpression>();

    /// <summary>Expressions of index key parts that are not plain columns, by index and key position.</summary>
    public IReadOnlyDictionary<(TableIndex Index, int Position), BoundExpression> IndexExpressions { get; init; } = new Dictionary<(TableIndex, int), BoundExpression>();
}

/// <summary>INSERT. <see cref="Source"/> produces one column for each column that is given or defaulted; see <see cref="Assignments"/>.</summary>
internal sealed record LogicalInsert(
    Table Table,
    LogicalOperator Source,
    IReadOnlyList<Assignment> Assignments,
    TableRowBinding NewRow,
    OnConflictAction? OnConflict,
    IReadOnlyList<ProjectItem> Returning) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output { get; } = [.. Returning.Select(r => r.Column)];
}

/// <summary>Assigns a column (by ordinal). In INSERT: over Source's columns, defaults included, identity excepted when not given. In UPDATE: over Source's columns (target's and FROM's).</summary>
internal sealed record Assignment(int Ordinal, BoundExpression Value);

/// <summary>
/// ON CONFLICT. The arbiter is <see cref="Arbiter"/>, or the primary key when <see cref="ArbiterIsPrimaryKey"/>, or (DO NOTHING without a
/// target) every unique key. Assignments are null for DO NOTHING. Expressions see the existing row (<see cref="Existing"/>) and the proposed one
/// (the insert's NewRow, EXCLUDED).
/// </summary>
internal sealed record OnConflictAction(
    TableIndex? Arbiter,
    TableRowBinding Existing,
    IReadOnlyList<Assignment>? Assignments,
    BoundExpression? Where)
{
    public bool ArbiterIsPrimaryKey { get; init; }
}

/// <summary>
/// UPDATE. <see cref="Source"/> produces the target's columns (<see cref="OldRow"/>), its row key, and FROM's columns; a target row that
/// comes several times is updated once. RETURNING is over <see cref="NewRow"/> and FROM's columns.
/// </summary>
internal sealed record LogicalUpdate(
    Table Table,
    LogicalOperator Source,
    PlanColumn RowKey,
    TableRowBinding OldRow,
    TableRowBinding NewRow,
    IReadOnlyList<Assignment> Assignments,
    IReadOnlyList<ProjectItem> Returning) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output { get; } = [.. Returning.Select(r => r.Column)];
}

/// <summary>DELETE. As <see cref="LogicalUpdate"/>; RETURNING is over the old row and USING's columns.</summary>
internal sealed record LogicalDelete(
    Table Table,
    LogicalOperator Source,
    PlanColumn RowKey,
    TableRowBinding OldRow,
    IReadOnlyList<ProjectItem> Returning) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output { get; } = [.. Returning.Select(r => r.Column)];
}

/// <summary>
/// MERGE. <see cref="Source"/> joins the target (the columns of <see cref="OldRow"/> and its row key, null where there is no such row) with the source, whose
/// rows have true in <see cref="SourcePresent"/> (null: no such row). RETURNING is over <see cref="NewRow"/> (the old row for DELETE), the source's columns and
/// <see cref="ActionName"/>.
/// </summary>
internal sealed record LogicalMerge(
    Table Table,
    LogicalOperator Source,
    PlanColumn RowKey,
    PlanColumn SourcePresent,
    TableRowBinding OldRow,
    TableRowBinding NewRow,
    IReadOnlyList<MergeClause> Clauses,
    PlanColumn ActionName,
    IReadOnlyList<ProjectItem> Returning) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output { get; } = [.. Returning.Select(r => r.Column)];
}

/// <summary>A WHEN clause of MERGE: the first whose kind of match and condition fit a row acts on it.</summary>
internal sealed record MergeClause(Sql.Syntax.MergeMatch Match, BoundExpression? Condition, Sql.Syntax.MergeAction Action, IReadOnlyList<Assignment> Assignments);
