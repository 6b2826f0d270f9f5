namespace BareMetal.Data.Sql.Syntax;

internal enum RoutineKind : byte
{
    Function, Procedure,
}

internal enum RoutineParameterMode : byte
{
    In, Out, InOut,

    /// <summary>A column of RETURNS TABLE (…).</summary>
    Table,
}

internal enum RoutineBodyKind : byte
{
    /// <summary>A text, as AS $$ … $$ gives it: its names are looked up when it runs.</summary>
    Text,

    /// <summary>RETURN expression.</summary>
    Return,

    /// <summary>BEGIN ATOMIC … END.</summary>
    Atomic,
}

internal sealed class RoutineParameterSyntax : SyntaxNode
{
    public required RoutineParameterMode Mode { get; init; }

    /// <summary>The name; null for a parameter that is known by its number only.</summary>
    public Identifier? Name { get; init; }

    public required TypeName Type { get; init; }

    /// <summary>The default as it was written; null without.</summary>
    public string? DefaultText { get; init; }
}

/// <summary>CREATE [OR REPLACE] FUNCTION | PROCEDURE.</summary>
internal sealed class CreateRoutineStatement : Statement
{
    public required RoutineKind Kind { get; init; }

    public bool OrReplace { get; init; }

    public required ObjectName Name { get; init; }

    public required RoutineParameterSyntax[] Parameters { get; init; }

    /// <summary>RETURNS type; null for RETURNS TABLE, for procedures and where OUT parameters say it.</summary>
    public TypeName? Returns { get; init; }

    /// <summary>RETURNS SETOF, or RETURNS TABLE.</summary>
    public bool ReturnsSet { get; init; }

    /// <summary>sql or plpgsql.</summary>
    public required string Language { get; init; }

    /// <summary>immutable, stable or volatile; null when unsaid.</summary>
    public string? Volatility { get; init; }

    public bool Strict { get; init; }

    public required RoutineBodyKind BodyKind { get; init; }

    /// <summary>The body as it was written: the text itself, the expression, or the statements between BEGIN ATOMIC and END.</summary>
    public required string Body { get; init; }

    /// <summary>Where the body begins.</summary>
    public required SourcePosition BodyPosition { get; init; }
}

/// <summary>A routine by its name and, where there are several, the types of its input parameters.</summary>
internal sealed class RoutineReference : SyntaxNode
{
    public required ObjectName Name { get; init; }

    /// <summary>Null when no types are given.</summary>
    public TypeName[]? Arguments { get; init; }
}

/// <summary>DROP FUNCTION | PROCEDURE | ROUTINE.</summary>
internal sealed class DropRoutineStatement : Statement
{
    /// <summary>Null for ROUTINE, either kind.</summary>
    public required RoutineKind? Kind { get; init; }

    public required RoutineReference[] Routines { get; init; }

    public bool IfExists { get; init; }

    public bool Cascade { get; init; }
}

/// <summary>ALTER FUNCTION | PROCEDURE | ROUTINE … RENAME TO, SET SCHEMA, or other attributes.</summary>
internal sealed class AlterRoutineStatement : Statement
{
    public required RoutineKind? Kind { get; init; }

    public required RoutineReference Routine { get; init; }

    public Identifier? NewName { get; init; }

    public Identifier? NewSchema { get; init; }

    public string? Volatility { get; init; }

    public bool? Strict { get; init; }
}

/// <summary>COMMENT ON FUNCTION | PROCEDURE | ROUTINE.</summary>
internal sealed class CommentRoutineStatement : Statement
{
    public required RoutineKind? Kind { get; init; }

    public required RoutineReference Routine { get; init; }

    public required string? Comment { get; init; }
}

/// <summary>CALL [$n =] procedure(…).</summary>
internal sealed class CallStatement : Statement
{
    public required CallExpression Call { get; init; }

    /// <summary>The parameter that takes what the routine returns; null without.</summary>
    public ParameterExpression? Result { get; init; }
}

/// <summary>A variable of a block: DECLARE name type [:= value].</summary>
internal sealed class VariableDeclaration : SyntaxNode
{
    public required Identifier Name { get; init; }

    public required TypeName Type { get; init; }

    public Expression? Value { get; init; }

    public bool IsConstant { get; init; }

    public bool NotNull { get; init; }
}

/// <summary>variable := value, within a block.</summary>
internal sealed class AssignmentStatement : Statement
{
    public required Identifier Target { get; init; }

    public required Expression Value { get; init; }
}

/// <summary>A statement whose first row goes into variables, within a block.</summary>
internal sealed class IntoStatement : Statement
{
    public required Statement Inner { get; init; }

    public required Identifier[] Targets { get; init; }

    /// <summary>STRICT: exactly one row.</summary>
    public bool Strict { get; init; }
}

/// <summary>RETURN [value] or RETURN QUERY query, within a block.</summary>
internal sealed class ReturnStatement : Statement
{
    public Expression? Value { get; init; }

    public Statement? Query { get; init; }
}

/// <summary>GET DIAGNOSTICS variable = ROW_COUNT, within a block.</summary>
internal sealed class DiagnosticsStatement : Statement
{
    public required Identifier[] Targets { get; init; }
}

/// <summary>[WHILE condition] LOOP … END LOOP, within a block.</summary>
internal sealed class LoopStatement : Statement
{
    public Expression? Condition { get; init; }

    public required Statement[] Body { get; init; }
}

/// <summary>EXIT or CONTINUE [WHEN condition], within a loop.</summary>
internal sealed class LeaveLoopStatement : Statement
{
    public required bool IsContinue { get; init; }

    public Expression? When { get; init; }
}
