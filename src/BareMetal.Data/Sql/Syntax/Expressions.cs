namespace BareMetal.Data.Sql.Syntax;

/// <summary>A scalar (or row) expression.</summary>
internal abstract class Expression : SyntaxNode;

internal enum LiteralKind : byte
{
    Null,
    /// <summary>Value is bool.</summary>
    Boolean,
    /// <summary>Value is int when it fits, else long, else decimal.</summary>
    Integer,
    /// <summary>Value is decimal: digits with a point and no exponent.</summary>
    Decimal,
    /// <summary>Value is double: a number with an exponent, or one beyond decimal's domain.</summary>
    Double,
    /// <summary>Value is string; its type is still unknown, the context decides it.</summary>
    String,
    /// <summary>Value is byte[].</summary>
    Bytes,
}

internal sealed class LiteralExpression : Expression
{
    public required LiteralKind Kind { get; init; }

    public object? Value { get; init; }
}

/// <summary>A typed literal, <c>DATE '2024-02-29'</c>: the text is converted when the statement is bound.</summary>
internal sealed class TypedLiteralExpression : Expression
{
    public required TypeName Type { get; init; }

    public required string Text { get; init; }

    /// <summary>Of an interval the fields that are written behind its text, such as <c>day</c> or <c>hour to second</c>; else null.</summary>
    public string? Fields { get; init; }
}

/// <summary>A parameter, numbered per statement from 0 in the order that <see cref="StatementText.Parameters"/> lists.</summary>
internal sealed class ParameterExpression : Expression
{
    public required int Index { get; init; }
}

/// <summary>A column by name: <c>c</c>, <c>t.c</c>, <c>s.t.c</c>; the binder also tries a whole row and field access.</summary>
internal sealed class ColumnExpression : Expression
{
    public required Identifier[] Parts { get; init; }
}

/// <summary><c>*</c>, <c>t.*</c> or <c>s.t.*</c>, in a select list, RETURNING or <c>count(*)</c>.</summary>
internal sealed class StarExpression : Expression
{
    public Identifier[] Qualifier { get; init; } = [];
}

/// <summary><c>(expr).field</c>; <see cref="Field"/> is null for <c>(expr).*</c>.</summary>
internal sealed class FieldExpression : Expression
{
    public required Expression Operand { get; init; }

    public required Identifier? Field { get; init; }
}

/// <summary><c>a[i]</c> or <c>a[low:high]</c>.</summary>
internal sealed class SubscriptExpression : Expression
{
    public required Expression Operand { get; init; }

    public Expression? Lower { get; init; }

    public Expression? Upper { get; init; }

    /// <summary>False for <c>a[i]</c>, whose index is <see cref="Lower"/>.</summary>
    public bool IsSlice { get; init; }
}

internal enum UnaryOperator : byte
{
    Plus, Minus, Not, BitwiseNot,
}

internal sealed class UnaryExpression : Expression
{
    public required UnaryOperator Operator { get; init; }

    public required Expression Operand { get; init; }
}

internal enum BinaryOperator : byte
{
    Or, And,
    Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual,
    Add, Subtract, Multiply, Divide, Modulo, Power,
    Concat, BitwiseAnd, BitwiseOr, BitwiseXor, ShiftLeft, ShiftRight,
    JsonGet, JsonGetText, JsonPath, JsonPathText, JsonDeletePath,
    Contains, ContainedBy, Overlaps,
    JsonExists, JsonExistsAny, JsonExistsAll, JsonPathExists, JsonPathMatch,
    RegexMatch, RegexMatchInsensitive, RegexNotMatch, RegexNotMatchInsensitive,
}

internal sealed class BinaryExpression : Expression
{
    public required BinaryOperator Operator { get; init; }

    public required Expression Left { get; init; }

    public required Expression Right { get; init; }
}

/// <summary><c>IS [NOT] DISTINCT FROM</c>.</summary>
internal sealed class DistinctFromExpression : Expression
{
    public required Expression Left { get; init; }

    public required Expression Right { get; init; }

    public required bool Negated { get; init; }
}

internal enum IsTest : byte
{
    Null, True, False, Unknown,
}

/// <summary><c>IS [NOT] NULL | TRUE | FALSE | UNKNOWN</c>, also ISNULL and NOTNULL.</summary>
internal sealed class IsExpression : Expression
{
    public required Expression Operand { get; init; }

    public required IsTest Test { get; init; }

    public required bool Negated { get; init; }
}

internal sealed class BetweenExpression : Expression
{
    public required Expression Operand { get; init; }

    public required Expression Low { get; init; }

    public required Expression High { get; init; }

    public required bool Negated { get; init; }

    public required bool Symmetric { get; init; }
}

internal enum LikeKind : byte
{
    Like, ILike, SimilarTo,
}

internal sealed class LikeExpression : Expression
{
    public required LikeKind Kind { get; init; }

    public required Expression Operand { get; init; }

    public required Expression Pattern { get; init; }

    /// <summary>The escape, or null for the default, the backslash.</summary>
    public Expression? Escape { get; init; }

    public required bool Negated { get; init; }
}

/// <summary><c>x [NOT] IN (a, b, …)</c>; never empty.</summary>
internal sealed class InListExpression : Expression
{
    public required Expression Operand { get; init; }

    public required Expression[] Items { get; init; }

    public required bool Negated { get; init; }
}

/// <summary><c>x [NOT] IN (SELECT …)</c>.</summary>
internal sealed class InQueryExpression : Expression
{
    public required Expression Operand { get; init; }

    public required Query Query { get; init; }

    public required bool Negated { get; init; }
}

/// <summary><c>x op ANY | SOME | ALL (array)</c> or over a query: exactly one of the two is set.</summary>
internal sealed class QuantifiedExpression : Expression
{
    public required Expression Left { get; init; }

    public required BinaryOperator Operator { get; init; }

    /// <summary>LIKE and ILIKE may be quantified too; then <see cref="Operator"/> has no meaning.</summary>
    public LikeKind? Like { get; init; }

    /// <summary>NOT LIKE ANY and so on.</summary>
    public bool Negated { get; init; }

    public required bool All { get; init; }

    public Expression? Array { get; init; }

    public Query? Query { get; init; }
}

internal sealed class ExistsExpression : Expression
{
    public required Query Query { get; init; }
}

/// <summary>A query in parentheses used as a value; several columns make a row, for row comparison and UPDATE SET (…) =.</summary>
internal sealed class SubqueryExpression : Expression
{
    public required Query Query { get; init; }
}

/// <summary><c>CAST(x AS t)</c>, <c>x::t</c>; with <see cref="Try"/> <c>TRY_CAST(x AS t)</c>.</summary>
internal sealed class CastExpression : Expression
{
    public required Expression Operand { get; init; }

    public required TypeName Type { get; init; }

    public bool Try { get; init; }
}

internal sealed class CollateExpression : Expression
{
    public required Expression Operand { get; init; }

    public required ObjectName Collation { get; init; }
}

/// <summary><c>x AT TIME ZONE z</c>; z is null for <c>AT LOCAL</c>.</summary>
internal sealed class AtTimeZoneExpression : Expression
{
    public required Expression Operand { get; init; }

    public required Expression? Zone { get; init; }
}

internal sealed class CaseWhen : SyntaxNode
{
    public required Expression Condition { get; init; }

    public required Expression Result { get; init; }
}

internal sealed class CaseExpression : Expression
{
    /// <summary>The value that each WHEN is compared with; null for a searched CASE.</summary>
    public Expression? Operand { get; init; }

    public required CaseWhen[] Whens { get; init; }

    public Expression? Else { get; init; }
}

/// <summary><c>ARRAY[…]</c>; nested brackets come as nested array expressions.</summary>
internal sealed class ArrayExpression : Expression
{
    public required Expression[] Items { get; init; }
}

/// <summary><c>ARRAY(SELECT …)</c>.</summary>
internal sealed class ArrayQueryExpression : Expression
{
    public required Query Query { get; init; }
}

/// <summary><c>ROW(a, b)</c> or <c>(a, b)</c>.</summary>
internal sealed class RowExpression : Expression
{
    public required Expression[] Items { get; init; }
}

/// <summary><c>DEFAULT</c> in a VALUES row of an INSERT or in UPDATE … SET; anywhere else the binder refuses it.</summary>
internal sealed class DefaultExpression : Expression;

/// <summary>
/// A call of a function or aggregate, window functions included. The standard's special forms arrive as ordinary calls:
/// EXTRACT(f FROM x) as <c>extract('f', x)</c>, SUBSTRING(s FROM a FOR b) as <c>substring(s, a, b)</c>, TRIM(BOTH c FROM s) as
/// <c>btrim(s, c)</c> (LEADING ltrim, TRAILING rtrim), POSITION(a IN b) as <c>position(b, a)</c>, OVERLAY as <c>overlay(s, r, from[, for])</c>,
/// CURRENT_TIMESTAMP and its kin as calls of that name (lower case) without arguments; COALESCE, NULLIF, GREATEST, LEAST are calls as well.
/// </summary>
internal sealed class CallExpression : Expression
{
    public required ObjectName Name { get; init; }

    /// <summary>The arguments; for <c>count(*)</c> none, and <see cref="Star"/> is set.</summary>
    public required Expression[] Arguments { get; init; }

    /// <summary>Names of arguments passed as <c>name => value</c>, parallel to the arguments; null when none is named.</summary>
    public string?[]? ArgumentNames { get; init; }

    public bool Star { get; init; }

    public bool Distinct { get; init; }

    /// <summary>True when the last argument was passed as VARIADIC.</summary>
    public bool Variadic { get; init; }

    /// <summary>ORDER BY within the arguments: <c>string_agg(x, ',' ORDER BY y)</c>.</summary>
    public SortItem[] OrderBy { get; init; } = [];

    /// <summary>WITHIN GROUP (ORDER BY …); empty when absent.</summary>
    public SortItem[] WithinGroup { get; init; } = [];

    public Expression? Filter { get; init; }

    /// <summary>IGNORE NULLS of a window function.</summary>
    public bool IgnoreNulls { get; init; }

    /// <summary>OVER (…); null when this is no window function.</summary>
    public WindowSpecification? Over { get; init; }
}

internal sealed class SortItem : SyntaxNode
{
    public required Expression Expression { get; init; }

    public required bool Descending { get; init; }

    /// <summary>True for NULLS FIRST, false for NULLS LAST, null for the default: first ascending, last descending.</summary>
    public bool? NullsFirst { get; init; }
}

internal enum FrameUnit : byte
{
    Range, Rows, Groups,
}

internal enum FrameBoundKind : byte
{
    UnboundedPreceding, Preceding, CurrentRow, Following, UnboundedFollowing,
}

internal enum FrameExclusion : byte
{
    NoOthers, CurrentRow, Group, Ties,
}

internal sealed class WindowFrame : SyntaxNode
{
    public required FrameUnit Unit { get; init; }

    public required FrameBoundKind Start { get; init; }

    public Expression? StartOffset { get; init; }

    public required FrameBoundKind End { get; init; }

    public Expression? EndOffset { get; init; }

    public FrameExclusion Exclusion { get; init; }
}

/// <summary>A window: <c>OVER w</c> has only <see cref="BaseName"/> and <see cref="IsReference"/>; <c>OVER (w ORDER BY …)</c> extends w.</summary>
internal sealed class WindowSpecification : SyntaxNode
{
    public Identifier? BaseName { get; init; }

    public bool IsReference { get; init; }

    public Expression[] PartitionBy { get; init; } = [];

    public SortItem[] OrderBy { get; init; } = [];

    public WindowFrame? Frame { get; init; }
}

internal sealed class WindowDefinition : SyntaxNode
{
    public required Identifier Name { get; init; }

    public required WindowSpecification Specification { get; init; }
}
