namespace BareMetal.Data.Sql.Syntax;

/// <summary>
/// A type as written. Names of several words come normalised: <c>character varying</c> is <c>varchar</c>,
/// <c>timestamp with time zone</c> is <c>timestamptz</c>, <c>time without time zone</c> is <c>time</c>,
/// <c>double precision</c> stays as it is.
/// </summary>
internal sealed class TypeName : SyntaxNode
{
    public string? Schema { get; init; }

    /// <summary>The name in the spelling of the text (well-known multi-word names normalised, lower case).</summary>
    public required string Name { get; init; }

    /// <summary>The numbers in parentheses: length, or precision and scale.</summary>
    public int[] Arguments { get; init; } = [];

    /// <summary>How many times <c>[]</c> (or <c>ARRAY</c>) follows; 0 for a scalar.</summary>
    public int ArrayDimensions { get; init; }

    public override string ToString()
    {
        string text = Schema is null ? Name : Schema + "." + Name;
        if (Arguments.Length > 0)
            text += "(" + string.Join(',', Arguments) + ")";
        for (int i = 0; i < ArrayDimensions; i++)
            text += "[]";
        return text;
    }
}
