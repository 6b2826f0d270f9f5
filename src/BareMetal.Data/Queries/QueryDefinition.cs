namespace BareMetal.Data;

/// <summary>
/// A query as data: conditions in nested groups, an order, and which part of the result is wanted. It travels as JSON, is checked
/// against a schema with every problem reported, and runs through the same planner as SQL and LINQ. Values are always parameters.
/// </summary>
public sealed class QueryDefinition
{
    /// <summary>What rows must satisfy; null for all rows.</summary>
    public QueryNode? Where { get; set; }

    /// <summary>The order, most significant first. Without one, rows come in the order of the key when a part of the result is asked for.</summary>
    public IList<QuerySort> Sort { get; init; } = [];

    /// <summary>Rows to leave out at the beginning; null for none.</summary>
    public long? Skip { get; set; }

    /// <summary>Rows wanted at most; null for all.</summary>
    public long? Take { get; set; }

    /// <summary>Reads a definition from JSON.</summary>
    /// <exception cref="QueryDefinitionException">The text is not JSON or not a definition; every problem is listed with its place.</exception>
    public static QueryDefinition FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return QueryDefinitionJson.Read(json);
    }

    /// <summary>The definition as JSON.</summary>
    /// <exception cref="NotSupportedException">A value has no JSON form.</exception>
    public string ToJson() => QueryDefinitionJson.Write(this);

    /// <summary>Checks the definition against a schema.</summary>
    /// <returns>Every problem with its place; empty when there is none.</returns>
    public IReadOnlyList<QueryProblem> Validate(EntitySchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return QueryDefinitionCompiler.Compile(schema, this).Problems;
    }
}

/// <summary>A condition: a clause or a group.</summary>
public abstract class QueryNode
{
    private protected QueryNode()
    {
    }

    /// <summary>A clause.</summary>
    public static QueryClause Field(string field, QueryOperator @operator, object? value = null) => new(field, @operator, value);

    /// <summary>A group of which all items must hold.</summary>
    public static QueryGroup And(params QueryNode[] items) => new(QueryGroupKind.And, items);

    /// <summary>A group of which one item must hold.</summary>
    public static QueryGroup Or(params QueryNode[] items) => new(QueryGroupKind.Or, items);
}

/// <summary>How the items of a group are joined.</summary>
public enum QueryGroupKind
{
    /// <summary>All must hold. A group without items holds.</summary>
    And,

    /// <summary>One must hold. A group without items does not hold.</summary>
    Or,
}

/// <summary>Conditions joined by And or Or, nested as deep as <see cref="MaxDepth"/>.</summary>
public sealed class QueryGroup : QueryNode
{
    /// <summary>Groups within groups at most.</summary>
    public const int MaxDepth = 64;

    /// <summary>Makes a group.</summary>
    public QueryGroup(QueryGroupKind kind, params QueryNode[] items)
    {
        Kind = kind;
        Items = new List<QueryNode>(items);
    }

    /// <summary>How the items are joined.</summary>
    public QueryGroupKind Kind { get; set; }

    /// <summary>Whether the whole is negated.</summary>
    public bool IsNegated { get; set; }

    /// <summary>The conditions.</summary>
    public IList<QueryNode> Items { get; }
}

/// <summary>What a clause asks of a field. Comparisons follow .NET: null equals null and differs from every value.</summary>
public enum QueryOperator
{
    /// <summary><c>eq</c>: equal; null is allowed.</summary>
    Equal,

    /// <summary><c>ne</c>: not equal; null is allowed.</summary>
    NotEqual,

    /// <summary><c>lt</c>: less.</summary>
    Less,

    /// <summary><c>le</c>: less or equal.</summary>
    LessOrEqual,

    /// <summary><c>gt</c>: greater.</summary>
    Greater,

    /// <summary><c>ge</c>: greater or equal.</summary>
    GreaterOrEqual,

    /// <summary><c>in</c>: one of a list.</summary>
    In,

    /// <summary><c>notIn</c>: none of a list.</summary>
    NotIn,

    /// <summary><c>between</c>: between two values of a list, both included.</summary>
    Between,

    /// <summary><c>isNull</c>: null; no value.</summary>
    IsNull,

    /// <summary><c>isNotNull</c>: not null; no value.</summary>
    IsNotNull,

    /// <summary><c>startsWith</c>: text that begins with the value, by ordinal comparison.</summary>
    StartsWith,

    /// <summary><c>endsWith</c>: text that ends with the value, by ordinal comparison.</summary>
    EndsWith,

    /// <summary><c>contains</c>: text that contains the value, by ordinal comparison.</summary>
    Contains,
}

/// <summary>A condition on one field.</summary>
public sealed class QueryClause : QueryNode
{
    /// <summary>Makes a clause.</summary>
    /// <param name="field">A member's name, or <c>Object.Member</c>; without regard to case.</param>
    /// <param name="operator">What is asked.</param>
    /// <param name="value">The value, or a list of values for In, NotIn and Between.</param>
    public QueryClause(string field, QueryOperator @operator, object? value = null)
    {
        ArgumentNullException.ThrowIfNull(field);
        Field = field;
        Operator = @operator;
        Value = value;
    }

    /// <summary>A member's name, or <c>Object.Member</c>.</summary>
    public new string Field { get; }

    /// <summary>What is asked.</summary>
    public QueryOperator Operator { get; }

    /// <summary>The value, or a list of values for In, NotIn and Between.</summary>
    public object? Value { get; }
}

/// <summary>A field to order by. Nulls are first ascending, last descending.</summary>
/// <param name="Field">A member's name, or <c>Object.Member</c>.</param>
/// <param name="Descending">Whether greater values come first.</param>
public sealed record QuerySort(string Field, bool Descending = false);

/// <summary>Something that is wrong with a definition.</summary>
/// <param name="Path">Where, for example <c>where.and[1].value</c>.</param>
/// <param name="Message">What, and what to do.</param>
public sealed record QueryProblem(string Path, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Message}";
}
