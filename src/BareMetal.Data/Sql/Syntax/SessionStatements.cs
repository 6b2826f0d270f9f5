namespace BareMetal.Data.Sql.Syntax;

internal enum IsolationLevelName : byte
{
    ReadUncommitted, ReadCommitted, RepeatableRead, Snapshot, Serializable,
}

/// <summary>BEGIN or START TRANSACTION.</summary>
internal sealed class BeginStatement : Statement
{
    /// <summary>The level; null for the session's default.</summary>
    public IsolationLevelName? Isolation { get; init; }

    public bool? ReadOnly { get; init; }

    public bool? Deferrable { get; init; }
}

internal sealed class CommitStatement : Statement
{
    /// <summary>AND CHAIN.</summary>
    public bool Chain { get; init; }
}

internal sealed class RollbackStatement : Statement
{
    public bool Chain { get; init; }

    /// <summary>ROLLBACK TO [SAVEPOINT] name; null for the whole transaction.</summary>
    public Identifier? Savepoint { get; init; }
}

internal sealed class SavepointStatement : Statement
{
    public required Identifier Name { get; init; }
}

internal sealed class ReleaseSavepointStatement : Statement
{
    public required Identifier Name { get; init; }
}

/// <summary>SET TRANSACTION, or SET SESSION CHARACTERISTICS AS TRANSACTION.</summary>
internal sealed class SetTransactionStatement : Statement
{
    public required bool SessionDefault { get; init; }

    public IsolationLevelName? Isolation { get; init; }

    public bool? ReadOnly { get; init; }

    public bool? Deferrable { get; init; }
}

internal enum SetScope : byte
{
    Session, Local,
}

/// <summary>SET name = value and RESET name (<see cref="Values"/> null: the default).</summary>
internal sealed class SetStatement : Statement
{
    public required SetScope Scope { get; init; }

    /// <summary>The setting, with its parts joined by dots; "time zone" for SET TIME ZONE; "all" for RESET ALL.</summary>
    public required string Name { get; init; }

    /// <summary>The values (literals, or names as string literals); null for DEFAULT and RESET.</summary>
    public required Expression[]? Values { get; init; }
}

internal enum DiscardKind : byte
{
    All, Temporary, Plans, Sequences,
}

/// <summary>DISCARD ALL | TEMP | PLANS | SEQUENCES.</summary>
internal sealed class DiscardStatement : Statement
{
    public required DiscardKind Kind { get; init; }
}

/// <summary>SHOW name.</summary>
internal sealed class ShowStatement : Statement
{
    /// <summary>The setting; "all" for all of them.</summary>
    public required string Name { get; init; }
}

/// <summary>DO $$ BEGIN … END $$.</summary>
internal sealed class DoStatement : Statement
{
    /// <summary>The statements of the block, <see cref="IfStatement"/>s among them. Positions are those of the whole text.</summary>
    public required Statement[] Body { get; init; }

    /// <summary>DECLARE …: the variables of the block.</summary>
    public VariableDeclaration[] Variables { get; init; } = [];
}

/// <summary>IF … THEN … ELSIF … ELSE … END IF, within a block.</summary>
internal sealed class IfStatement : Statement
{
    public required IfBranch[] Branches { get; init; }

    public Statement[] Else { get; init; } = [];
}

internal sealed class IfBranch : SyntaxNode
{
    public required Expression Condition { get; init; }

    public required Statement[] Body { get; init; }
}

/// <summary>RAISE EXCEPTION 'format', args within a block.</summary>
internal sealed class RaiseStatement : Statement
{
    /// <summary>exception, warning, notice, info, log or debug (lower case).</summary>
    public required string Level { get; init; }

    public required string Message { get; init; }

    public Expression[] Arguments { get; init; } = [];

    /// <summary>USING ERRCODE = '…'; null when unsaid.</summary>
    public string? SqlState { get; init; }
}

/// <summary>NULL; or PERFORM query; within a block: a null query does nothing.</summary>
internal sealed class PerformStatement : Statement
{
    public required Query? Query { get; init; }
}
