using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Binding;

/// <summary>
/// A typed expression of the logical algebra. Columns are named by <see cref="PlanColumn"/>, never by position, so that rules
/// move expressions freely. A column that no input of the operator produces is an outer (correlated) reference.
/// </summary>
internal abstract record BoundExpression(SqlType Type);

/// <summary>A column that an operator produces. Identity is the object; <see cref="Id"/> is unique within a query.</summary>
internal sealed class PlanColumn(int id, string name, SqlType type, bool isNullable)
{
    public int Id { get; } = id;
    public string Name { get; } = name;
    public SqlType Type { get; } = type;
    public bool IsNullable { get; } = isNullable;

    /// <summary>The table column it comes from unchanged, for schema information and statistics.</summary>
    public Column? Origin { get; init; }

    /// <summary>The table that <see cref="Origin"/> belongs to.</summary>
    public Table? OriginTable { get; init; }

    public override string ToString() => $"{Name}#{Id}";
}

internal sealed record BoundColumn(PlanColumn Column) : BoundExpression(Column.Type);

internal sealed record BoundConstant(Value Value, SqlType Type) : BoundExpression(Type);

/// <summary>A parameter by its index in the statement's renumbered parameter list.</summary>
internal sealed record BoundParameter(int Index, SqlType Type) : BoundExpression(Type);

/// <summary>A call of a scalar function or operator (operators are functions named by their symbol).</summary>
internal sealed record BoundCall(ScalarFunction Function, IReadOnlyList<BoundExpression> Arguments, SqlType Type) : BoundExpression(Type);

internal sealed record BoundCast(BoundExpression Operand, SqlType Type, bool IsExplicit) : BoundExpression(Type);

/// <summary>Three-valued AND / OR over two or more terms.</summary>
internal sealed record BoundLogical(bool IsAnd, IReadOnlyList<BoundExpression> Terms) : BoundExpression(SqlType.Boolean);

internal sealed record BoundNot(BoundExpression Operand) : BoundExpression(SqlType.Boolean);

internal sealed record BoundIsNull(BoundExpression Operand, bool IsNegated) : BoundExpression(SqlType.Boolean);

/// <summary>Searched CASE; a simple CASE is bound to this. Branches are evaluated only for rows that take them.</summary>
internal sealed record BoundCase(IReadOnlyList<BoundWhen> Whens, BoundExpression? Else, SqlType Type) : BoundExpression(Type);

internal sealed record BoundWhen(BoundExpression Condition, BoundExpression Result);

/// <summary>First argument that is not null; later ones are evaluated only where needed.</summary>
internal sealed record BoundCoalesce(IReadOnlyList<BoundExpression> Arguments, SqlType Type) : BoundExpression(Type);

/// <summary>operand [NOT] IN (list); operand and items have one type.</summary>
internal sealed record BoundInList(BoundExpression Operand, IReadOnlyList<BoundExpression> Items, bool IsNegated) : BoundExpression(SqlType.Boolean);

/// <summary>operand op ANY/ALL (array).</summary>
internal sealed record BoundQuantifiedArray(BoundExpression Operand, ScalarFunction Comparison, BoundExpression Array, bool IsAll) : BoundExpression(SqlType.Boolean);

/// <summary>ARRAY[…].</summary>
internal sealed record BoundArray(IReadOnlyList<BoundExpression> Items, SqlType Type) : BoundExpression(Type);

internal enum SubqueryKind
{
    /// <summary>One value; null when no row; 21000 when more than one.</summary>
    Scalar,
    Exists,

    /// <summary>operands comparison ANY (subquery); IN is = ANY.</summary>
    Any,

    /// <summary>operands comparison ALL (subquery); NOT IN is &lt;&gt; ALL.</summary>
    All,

    /// <summary>ARRAY(subquery).</summary>
    Array,
}

/// <summary>A subquery as an expression; its plan may hold outer references.</summary>
internal sealed record BoundSubquery(
    SubqueryKind Kind,
    LogicalOperator Plan,
    IReadOnlyList<BoundExpression> Operands,
    IReadOnlyList<ScalarFunction> Comparisons,
    SqlType Type) : BoundExpression(Type);

/// <summary>An aggregate call; stands only in <see cref="LogicalAggregate"/>.</summary>
internal sealed record BoundAggregate(
    AggregateFunction Function,
    IReadOnlyList<BoundExpression> Arguments,
    bool IsDistinct,
    BoundExpression? Filter,
    IReadOnlyList<SortKey> OrderBy,
    SqlType Type) : BoundExpression(Type);

/// <summary>GROUPING(…); stands only above a <see cref="LogicalAggregate"/> with grouping sets.</summary>
internal sealed record BoundGrouping(IReadOnlyList<BoundExpression> Arguments) : BoundExpression(SqlType.Integer);

/// <summary>A sort key with its direction and the place of nulls (default: first ascending, last descending).</summary>
internal sealed record SortKey(BoundExpression Expression, bool Descending, bool NullsFirst);
