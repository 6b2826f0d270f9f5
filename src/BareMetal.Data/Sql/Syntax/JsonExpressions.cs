namespace BareMetal.Data.Sql.Syntax;

internal enum JsonQueryKind : byte
{
    Exists, Value, Query,
}

/// <summary>What a function of SQL/JSON gives when its path finds nothing, or fails.</summary>
internal enum JsonBehaviorKind : byte
{
    Unspecified, Null, Error, Empty, EmptyArray, EmptyObject, True, False, Unknown, Default,
}

internal enum JsonWrapper : byte
{
    None, Conditional, Unconditional,
}

/// <summary><c>NULL ON EMPTY</c>, <c>DEFAULT 0 ON ERROR</c> …</summary>
internal readonly record struct JsonBehavior(JsonBehaviorKind Kind, Expression? Default);

/// <summary>The clauses that follow the path of JSON_VALUE, JSON_QUERY, JSON_EXISTS and of a column of JSON_TABLE.</summary>
internal sealed class JsonQueryOptions
{
    public TypeName? Returning { get; set; }

    public JsonWrapper Wrapper { get; set; }

    public bool OmitQuotes { get; set; }

    public JsonBehavior OnEmpty { get; set; }

    public JsonBehavior OnError { get; set; }
}

/// <summary><c>JSON_EXISTS | JSON_VALUE | JSON_QUERY (document, path …)</c>.</summary>
internal sealed class JsonQueryExpression : Expression
{
    public required JsonQueryKind Kind { get; init; }

    public required Expression Document { get; init; }

    public required Expression Path { get; init; }

    /// <summary>PASSING value AS name: the path's variables.</summary>
    public required (Expression Value, Identifier Name)[] Passing { get; init; }

    public required JsonQueryOptions Options { get; init; }
}

/// <summary><c>JSON_OBJECT(…)</c> and <c>JSON_ARRAY(…)</c>: of an object names and values in turn.</summary>
internal sealed class JsonConstructorExpression : Expression
{
    public required bool IsObject { get; init; }

    public required Expression[] Items { get; init; }

    public required bool AbsentOnNull { get; init; }

    public required bool Unique { get; init; }

    public TypeName? Returning { get; init; }
}

/// <summary>A column of JSON_TABLE; with <see cref="Nested"/> the columns of a nested path.</summary>
internal sealed class JsonTableColumn : SyntaxNode
{
    public Identifier? Name { get; init; }

    /// <summary>Null for FOR ORDINALITY and nested paths.</summary>
    public TypeName? Type { get; init; }

    public bool IsExists { get; init; }

    /// <summary>The path as text; by default the member with the column's name.</summary>
    public string? Path { get; init; }

    public JsonQueryOptions Options { get; init; } = new();

    public JsonTableColumn[]? Nested { get; init; }
}

/// <summary><c>JSON_TABLE(document, path COLUMNS (…))</c> in FROM.</summary>
internal sealed class JsonTableReference : TableReference
{
    public required Expression Document { get; init; }

    public required Expression Path { get; init; }

    public required (Expression Value, Identifier Name)[] Passing { get; init; }

    public required JsonTableColumn[] Columns { get; init; }

    public required bool ErrorOnError { get; init; }
}
