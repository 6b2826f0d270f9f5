using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;

namespace BareMetal.Data.Planning.Logical;

/// <summary>A node of the logical algebra. Immutable; rules make new nodes.</summary>
internal abstract record LogicalOperator
{
    /// <summary>The columns that it produces, in order.</summary>
    public abstract IReadOnlyList<PlanColumn> Output { get; }
}

/// <summary>Reads a table; <see cref="Columns"/> are the columns read (all, until pruning), each with its Origin.</summary>
internal sealed record LogicalScan(Table Table, IReadOnlyList<PlanColumn> Columns, string Alias) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Columns;

    /// <summary>Row locks to take (SELECT … FOR UPDATE / SHARE, and the target of UPDATE and DELETE).</summary>
    public RowLockMode Lock { get; init; }

    /// <summary>What happens when a row's lock is not free.</summary>
    public RowLockWait LockWait { get; init; }

    /// <summary>For the target of DML: receives the encoded primary key (bytea) so that the row can be found again.</summary>
    public PlanColumn? RowKey { get; init; }
}

/// <summary>Strengths of row locks, each one including those before it.</summary>
internal enum RowLockMode
{
    None,
    KeyShare,
    Share,
    NoKeyUpdate,
    Update,
}

/// <summary>What happens when a row's lock is not free.</summary>
internal enum RowLockWait
{
    Wait,
    SkipLocked,
    NoWait,
}

/// <summary>
/// Locks the rows that pass, and leaves out those that are to be skipped. With counts it stops when so many rows are locked as the limit
/// above it takes: SKIP LOCKED must choose its rows before they are counted, and lock no other.
/// </summary>
internal sealed record LogicalLockRows(LogicalOperator Input, IReadOnlyList<RowLock> Locks, BoundExpression? Limit, BoundExpression? Offset) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Input.Output;
}

/// <summary>Rows of expressions; VALUES, and the single empty row of a SELECT without FROM.</summary>
internal sealed record LogicalValues(IReadOnlyList<IReadOnlyList<BoundExpression>> Rows, IReadOnlyList<PlanColumn> Columns) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Columns;
}

/// <summary>A function in FROM: generate_series, unnest, json_each … Arguments may be outer references (implicitly lateral).</summary>
/// <summary>
/// Functions in FROM, side by side: the first row of each, the second of each, null for one that has no more.
/// The arguments of all calls follow one another.
/// </summary>
internal sealed record LogicalTableFunction(
    IReadOnlyList<TableCall> Calls,
    IReadOnlyList<BoundExpression> Arguments,
    IReadOnlyList<PlanColumn> Columns,
    PlanColumn? Ordinality) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Ordinality is null ? Columns : [.. Columns, Ordinality];
}

internal sealed record LogicalFilter(LogicalOperator Input, BoundExpression Predicate) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Input.Output;
}

/// <summary>Computes columns. A column that is passed on is a <see cref="BoundColumn"/> item whose Column is the input's own object.</summary>
internal sealed record LogicalProject(LogicalOperator Input, IReadOnlyList<ProjectItem> Items) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output { get; } = [.. Items.Select(i => i.Column)];
}

internal sealed record ProjectItem(PlanColumn Column, BoundExpression Expression);

internal enum JoinKind
{
    Inner,
    Left,
    Right,
    Full,

    /// <summary>Left rows that have a match; output is the left side's.</summary>
    Semi,

    /// <summary>Left rows that have no match; output is the left side's.</summary>
    Anti,
}

/// <summary>A join. When <see cref="IsLateral"/> the right side may refer to the left side's columns.</summary>
internal sealed record LogicalJoin(JoinKind Kind, LogicalOperator Left, LogicalOperator Right, BoundExpression? Condition, bool IsLateral = false) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output { get; } = Kind is JoinKind.Semi or JoinKind.Anti ? Left.Output : [.. Left.Output, .. Right.Output];
}

/// <summary>Groups and aggregates. Without keys one row comes even from no input. Sets, when given, list the keys of each grouping set by index.</summary>
internal sealed record LogicalAggregate(
    LogicalOperator Input,
    IReadOnlyList<ProjectItem> Keys,
    IReadOnlyList<AggregateItem> Aggregates,
    IReadOnlyList<IReadOnlyList<int>>? GroupingSets = null) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output { get; } = [.. Keys.Select(k => k.Column), .. Aggregates.Select(a => a.Column)];
}

internal sealed record AggregateItem(PlanColumn Column, BoundAggregate Aggregate);

/// <summary>Window functions over one window; adds their columns to the input's.</summary>
internal sealed record LogicalWindow(
    LogicalOperator Input,
    IReadOnlyList<BoundExpression> PartitionBy,
    IReadOnlyList<SortKey> OrderBy,
    IReadOnlyList<WindowItem> Functions) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output { get; } = [.. Input.Output, .. Functions.Select(f => f.Column)];
}

/// <summary>A window function: <see cref="Name"/> is a ranking or value function, or <see cref="Aggregate"/> is set.</summary>
internal sealed record WindowItem(PlanColumn Column, string Name, IReadOnlyList<BoundExpression> Arguments, BoundAggregate? Aggregate, WindowFrame Frame);

internal enum FrameUnit
{
    Rows,
    Range,
    Groups,
}

internal enum FrameBoundKind
{
    UnboundedPreceding,
    Preceding,
    CurrentRow,
    Following,
    UnboundedFollowing,
}

internal enum FrameExclusion
{
    None,
    CurrentRow,
    Group,
    Ties,
}

internal sealed record WindowFrame(
    FrameUnit Unit,
    FrameBoundKind Start,
    BoundExpression? StartOffset,
    FrameBoundKind End,
    BoundExpression? EndOffset,
    FrameExclusion Exclusion);

internal sealed record LogicalDistinct(LogicalOperator Input, IReadOnlyList<BoundExpression>? On = null) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Input.Output;
}

internal sealed record LogicalSort(LogicalOperator Input, IReadOnlyList<SortKey> Keys) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Input.Output;
}

internal sealed record LogicalLimit(LogicalOperator Input, BoundExpression? Limit, BoundExpression? Offset, bool WithTies = false) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Input.Output;
}

internal enum SetOperationKind
{
    Union,
    Intersect,
    Except,
}

/// <summary>A set operation; both inputs have the same number and types of columns, matched by position.</summary>
internal sealed record LogicalSetOperation(
    SetOperationKind Kind,
    bool IsAll,
    LogicalOperator Left,
    LogicalOperator Right,
    IReadOnlyList<PlanColumn> Columns) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Columns;
}

/// <summary>A definition of WITH; referenced by <see cref="LogicalCteReference"/>s in <see cref="Body"/> and in later definitions.</summary>
internal sealed record LogicalWith(IReadOnlyList<CteDefinition> Definitions, LogicalOperator Body) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Body.Output;
}

/// <summary>A common table expression. For a recursive one <see cref="Plan"/> is the non-recursive term and <see cref="RecursiveTerm"/> the other.</summary>
internal sealed class CteDefinition(string name, LogicalOperator plan)
{
    public string Name { get; } = name;
    public LogicalOperator Plan { get; set; } = plan;
    public LogicalOperator? RecursiveTerm { get; set; }
    public bool IsUnionAll { get; set; }

    /// <summary>Null: the planner decides (inline when referenced once).</summary>
    public bool? IsMaterialized { get; set; }
}

/// <summary>Reads a common table expression; its columns are new ones, matched to the definition's by position.</summary>
internal sealed record LogicalCteReference(CteDefinition Definition, IReadOnlyList<PlanColumn> Columns) : LogicalOperator
{
    public override IReadOnlyList<PlanColumn> Output => Columns;
}
