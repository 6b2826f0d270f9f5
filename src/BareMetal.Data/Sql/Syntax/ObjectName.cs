namespace BareMetal.Data.Sql.Syntax;

/// <summary>The name of a table, view, index, sequence, function or type, with or without its schema.</summary>
internal sealed class ObjectName : SyntaxNode
{
    /// <summary>The schema, or null when the name is not qualified.</summary>
    public string? Schema { get; init; }

    public required string Name { get; init; }

    public override string ToString() => Schema is null ? Name : Schema + "." + Name;
}
