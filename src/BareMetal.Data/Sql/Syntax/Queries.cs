namespace BareMetal.Data.Sql.Syntax;

/// <summary>A whole query: WITH, a body, and the ORDER BY, LIMIT and locking that bind to all of the body.</summary>
internal sealed class Query : SyntaxNode
{
    public WithClause? With { get; init; }

    public required QueryBody Body { get; init; }

    public SortItem[] OrderBy { get; init; } = [];

    /// <summary>LIMIT or FETCH FIRST; null when absent or LIMIT ALL.</summary>
    public Expression? Limit { get; init; }

    /// <summary>FETCH … WITH TIES.</summary>
    public bool WithTies { get; init; }

    public Expression? Offset { get; init; }

    public LockingClause[] Locking { get; init; } = [];
}

internal sealed class WithClause : SyntaxNode
{
    public required bool Recursive { get; init; }

    public required CommonTableExpression[] Expressions { get; init; }
}

internal sealed class CommonTableExpression : SyntaxNode
{
    public required Identifier Name { get; init; }

    public Identifier[] Columns { get; init; } = [];

    /// <summary>MATERIALIZED true, NOT MATERIALIZED false, null when unsaid.</summary>
    public bool? Materialized { get; init; }

    /// <summary>A <see cref="QueryStatement"/>, or INSERT, UPDATE or DELETE.</summary>
    public required Statement Body { get; init; }
}

internal enum LockStrength : byte
{
    KeyShare, Share, NoKeyUpdate, Update,
}

internal enum LockWait : byte
{
    Wait, NoWait, SkipLocked,
}

internal sealed class LockingClause : SyntaxNode
{
    public required LockStrength Strength { get; init; }

    /// <summary>FOR UPDATE OF …; empty for all tables of the query.</summary>
    public Identifier[] Of { get; init; } = [];

    public LockWait Wait { get; init; }
}

/// <summary>What a query computes its rows from: SELECT, a set operation, VALUES, or a query in parentheses.</summary>
internal abstract class QueryBody : SyntaxNode;

internal sealed class SelectBody : QueryBody
{
    public bool Distinct { get; init; }

    /// <summary>DISTINCT ON (…); empty otherwise.</summary>
    public Expression[] DistinctOn { get; init; } = [];

    public required SelectItem[] Items { get; init; }

    /// <summary>The FROM list; several items are a cross join.</summary>
    public TableReference[] From { get; init; } = [];

    public Expression? Where { get; init; }

    /// <summary>GROUP BY; null when absent, since GROUP BY () groups too.</summary>
    public GroupingElement[]? GroupBy { get; init; }

    public bool GroupByDistinct { get; init; }

    public Expression? Having { get; init; }

    public WindowDefinition[] Windows { get; init; } = [];
}

internal sealed class SelectItem : SyntaxNode
{
    public required Expression Expression { get; init; }

    public Identifier? Alias { get; init; }
}

internal enum SetOperator : byte
{
    Union, Intersect, Except,
}

internal sealed class SetOperationBody : QueryBody
{
    public required SetOperator Operator { get; init; }

    public required bool All { get; init; }

    public required QueryBody Left { get; init; }

    public required QueryBody Right { get; init; }
}

internal sealed class ValuesBody : QueryBody
{
    /// <summary>The rows, all of the same width.</summary>
    public required Expression[][] Rows { get; init; }
}

/// <summary>A query in parentheses with clauses of its own, as an operand of a set operation.</summary>
internal sealed class NestedBody : QueryBody
{
    public required Query Query { get; init; }
}

internal enum GroupingKind : byte
{
    /// <summary>One expression, or <c>(a, b)</c> as one set of several.</summary>
    Expressions,
    Rollup,
    Cube,
    /// <summary>GROUPING SETS (…).</summary>
    Sets,
}

internal sealed class GroupingElement : SyntaxNode
{
    public required GroupingKind Kind { get; init; }

    /// <summary>For Expressions: the expressions; none for <c>()</c>.</summary>
    public Expression[] Expressions { get; init; } = [];

    /// <summary>For Rollup, Cube and Sets: the elements.</summary>
    public GroupingElement[] Elements { get; init; } = [];
}

/// <summary>An item of FROM.</summary>
internal abstract class TableReference : SyntaxNode
{
    public TableAlias? Alias { get; init; }
}

internal sealed class TableAlias : SyntaxNode
{
    public required Identifier Name { get; init; }

    public Identifier[] Columns { get; init; } = [];

    /// <summary>Column definitions, <c>f() AS t(a integer, b text)</c>: the types parallel to <see cref="Columns"/>; null when only names are given.</summary>
    public TypeName[]? ColumnTypes { get; init; }
}

/// <summary>A table, view or common table expression by name.</summary>
internal sealed class NamedTableReference : TableReference
{
    public required ObjectName Name { get; init; }

    /// <summary>ONLY: without derived tables, of which there are none.</summary>
    public bool Only { get; init; }

    /// <summary>TABLESAMPLE; null when absent.</summary>
    public TableSample? Sample { get; init; }
}

/// <summary>TABLESAMPLE method (percentage) [REPEATABLE (seed)].</summary>
internal sealed class TableSample : SyntaxNode
{
    public required Identifier Method { get; init; }

    public required Expression Percentage { get; init; }

    public Expression? Seed { get; init; }
}

internal sealed class DerivedTableReference : TableReference
{
    public required Query Query { get; init; }

    public required bool Lateral { get; init; }
}

/// <summary>One or (ROWS FROM) several functions as a table. Functions see the items before them with or without LATERAL.</summary>
internal sealed class FunctionTableReference : TableReference
{
    public required CallExpression[] Calls { get; init; }

    public bool WithOrdinality { get; init; }

    public bool Lateral { get; init; }
}

internal enum JoinKind : byte
{
    Inner, Left, Right, Full, Cross,
}

internal sealed class JoinReference : TableReference
{
    public required JoinKind Kind { get; init; }

    public required TableReference Left { get; init; }

    public required TableReference Right { get; init; }

    public bool Natural { get; init; }

    public Identifier[] Using { get; init; } = [];

    /// <summary>JOIN … USING (…) AS alias.</summary>
    public Identifier? UsingAlias { get; init; }

    public Expression? On { get; init; }
}
