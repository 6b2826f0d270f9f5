namespace BareMetal.Data.Sql.Syntax;

/// <summary>A node of the syntax tree. Nodes are immutable and know where in the text they begin.</summary>
internal abstract class SyntaxNode
{
    /// <summary>Where the node begins; for an infix operator, the operator itself.</summary>
    public required SourcePosition Position { get; init; }
}
