namespace BareMetal.Data.Functions.Json.Path;

/// <summary>What a step of a path expression is.</summary>
internal enum JsonPathKind
{
    // Where a path begins.
    Root, Current, Last, Literal, Variable,

    // Accessors: each is applied to what Left gives.
    Member, AnyMember, Elements, AnyElement, Descendants, Filter, Method,

    // Arithmetic.
    Add, Subtract, Multiply, Divide, Modulo, Plus, Minus,

    // Predicates.
    And, Or, Not, IsUnknown, Exists, StartsWith, LikeRegex,
    Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual,
}

/// <summary>
/// A node of a parsed path. Accessors are chains: <see cref="Next"/> is applied to each item that the node gives. Immutable once parsed.
/// </summary>
internal sealed class JsonPathNode(JsonPathKind kind)
{
    public JsonPathKind Kind { get; } = kind;

    /// <summary>The first operand; of a filter its condition; of a subscript list nothing.</summary>
    public JsonPathNode? Left { get; init; }

    public JsonPathNode? Right { get; init; }

    /// <summary>The accessor that is applied to the result.</summary>
    public JsonPathNode? Next { get; set; }

    /// <summary>A literal as JSON, the name of a member or variable as UTF-8.</summary>
    public byte[] Bytes { get; init; } = [];

    /// <summary>The name of a method, or the pattern of a regular expression.</summary>
    public string Text { get; init; } = "";

    /// <summary>The regular expression of like_regex.</summary>
    public System.Text.RegularExpressions.Regex? Regex { get; init; }

    /// <summary>Subscripts: single ones have no end.</summary>
    public IReadOnlyList<(JsonPathNode From, JsonPathNode? To)> Subscripts { get; init; } = [];

    /// <summary>Arguments of a method.</summary>
    public IReadOnlyList<JsonPathNode> Arguments { get; init; } = [];

    /// <summary>Levels of <c>**</c>; −1 is the last.</summary>
    public int FirstLevel { get; init; }

    public int LastLevel { get; init; }

    public bool IsPredicate => Kind >= JsonPathKind.And && Next is null;
}

/// <summary>A parsed path.</summary>
/// <param name="Root">The expression.</param>
/// <param name="IsLax">Whether structural errors are passed over, and arrays opened and made as accessors need them.</param>
internal sealed record JsonPathExpression(JsonPathNode Root, bool IsLax);
