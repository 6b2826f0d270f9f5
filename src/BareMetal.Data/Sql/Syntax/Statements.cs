namespace BareMetal.Data.Sql.Syntax;

/// <summary>A statement of its own.</summary>
internal abstract class Statement : SyntaxNode;

/// <summary>SELECT, VALUES or TABLE as a statement.</summary>
internal sealed class QueryStatement : Statement
{
    public required Query Query { get; init; }
}

internal enum OverridingKind : byte
{
    None, System, User,
}

internal sealed class InsertStatement : Statement
{
    public WithClause? With { get; init; }

    public required ObjectName Table { get; init; }

    public Identifier? Alias { get; init; }

    /// <summary>The column list; null when absent.</summary>
    public Identifier[]? Columns { get; init; }

    public OverridingKind Overriding { get; init; }

    /// <summary>The rows; null for DEFAULT VALUES. A bare VALUES body may hold <see cref="DefaultExpression"/>.</summary>
    public Query? Source { get; init; }

    public OnConflictClause? OnConflict { get; init; }

    /// <summary>RETURNING; null when absent.</summary>
    public SelectItem[]? Returning { get; init; }
}

internal sealed class OnConflictClause : SyntaxNode
{
    /// <summary>The target columns or expressions; empty for none.</summary>
    public ConflictTargetItem[] Target { get; init; } = [];

    /// <summary>The WHERE of the target, which names a partial index.</summary>
    public Expression? TargetWhere { get; init; }

    /// <summary>ON CONSTRAINT name.</summary>
    public Identifier? Constraint { get; init; }

    /// <summary>DO UPDATE SET; null for DO NOTHING.</summary>
    public Assignment[]? Update { get; init; }

    public Expression? Where { get; init; }
}

internal sealed class ConflictTargetItem : SyntaxNode
{
    public required Expression Expression { get; init; }

    public ObjectName? Collation { get; init; }
}

/// <summary><c>a = x</c>, <c>(a, b) = (x, y)</c> or <c>(a, b) = (SELECT …)</c>.</summary>
internal sealed class Assignment : SyntaxNode
{
    /// <summary>The columns; one, unless they stood in parentheses.</summary>
    public required Identifier[] Columns { get; init; }

    /// <summary>For a list of columns a <see cref="RowExpression"/> or <see cref="SubqueryExpression"/>.</summary>
    public required Expression Value { get; init; }

    /// <summary>True when the columns stood in parentheses.</summary>
    public required bool IsRow { get; init; }
}

internal sealed class UpdateStatement : Statement
{
    public WithClause? With { get; init; }

    public required ObjectName Table { get; init; }

    public Identifier? Alias { get; init; }

    public required Assignment[] Assignments { get; init; }

    public TableReference[] From { get; init; } = [];

    public Expression? Where { get; init; }

    public SelectItem[]? Returning { get; init; }
}

internal sealed class DeleteStatement : Statement
{
    public WithClause? With { get; init; }

    public required ObjectName Table { get; init; }

    public Identifier? Alias { get; init; }

    public TableReference[] Using { get; init; } = [];

    public Expression? Where { get; init; }

    public SelectItem[]? Returning { get; init; }
}

/// <summary>Which rows a WHEN clause of MERGE is for.</summary>
internal enum MergeMatch : byte
{
    /// <summary>Rows of the target with a row of the source.</summary>
    Matched,

    /// <summary>Rows of the source without one of the target.</summary>
    NotMatchedByTarget,

    /// <summary>Rows of the target without one of the source.</summary>
    NotMatchedBySource,
}

internal enum MergeAction : byte
{
    Nothing, Insert, Update, Delete,
}

/// <summary>MERGE INTO t USING s ON … WHEN ….</summary>
internal sealed class MergeStatement : Statement
{
    public WithClause? With { get; init; }

    public required ObjectName Table { get; init; }

    public Identifier? Alias { get; init; }

    public required TableReference Source { get; init; }

    public required Expression On { get; init; }

    public required MergeWhen[] Whens { get; init; }

    public SelectItem[]? Returning { get; init; }
}

/// <summary>WHEN [NOT] MATCHED … THEN ….</summary>
internal sealed class MergeWhen : SyntaxNode
{
    public required MergeMatch Match { get; init; }

    public Expression? Condition { get; init; }

    public required MergeAction Action { get; init; }

    /// <summary>UPDATE SET.</summary>
    public Assignment[] Assignments { get; init; } = [];

    /// <summary>The column list of INSERT; null when absent.</summary>
    public Identifier[]? Columns { get; init; }

    public OverridingKind Overriding { get; init; }

    /// <summary>The values of INSERT, which may hold <see cref="DefaultExpression"/>; null for DEFAULT VALUES.</summary>
    public Expression[]? Values { get; init; }
}

internal sealed class TruncateStatement : Statement
{
    public required ObjectName[] Tables { get; init; }

    public bool RestartIdentity { get; init; }

    public bool Cascade { get; init; }
}

internal enum ExplainFormat : byte
{
    Text, Json,
}

internal sealed class ExplainStatement : Statement
{
    public required Statement Statement { get; init; }

    public bool Analyze { get; init; }

    public bool Verbose { get; init; }

    public ExplainFormat Format { get; init; }
}

/// <summary>ANALYZE [table [(columns)]]: gathers statistics; all tables when none is named.</summary>
internal sealed class AnalyzeStatement : Statement
{
    public ObjectName? Table { get; init; }

    public Identifier[] Columns { get; init; } = [];
}

internal sealed class VacuumStatement : Statement
{
    /// <summary>The tables; none for the whole database.</summary>
    public ObjectName[] Tables { get; init; } = [];

    public bool Full { get; init; }

    public bool Verbose { get; init; }

    public bool Analyze { get; init; }
}

/// <summary>CHECK DATABASE, CHECK TABLE, PRAGMA integrity_check.</summary>
internal sealed class CheckStatement : Statement
{
    /// <summary>Null for the whole database.</summary>
    public ObjectName? Table { get; init; }

    public bool Repair { get; init; }

    /// <summary>Whether the result is one column of text, 'ok' when nothing is wrong.</summary>
    public bool AsPragma { get; init; }
}

/// <summary>BACKUP DATABASE TO 'folder' [INCREMENTAL].</summary>
internal sealed class BackupStatement : Statement
{
    public required string Folder { get; init; }

    public bool Incremental { get; init; }
}

internal sealed class CheckpointStatement : Statement;
