using BareMetal.Data.Sql;

namespace BareMetal.Data.Sessions;

/// <summary>
/// A command's text split into statements, with its parameters matched to the declarations. Immutable and shared by all sessions of a
/// database; it stays usable after DDL, since every execution checks the plans against the catalog it sees.
/// </summary>
internal sealed class PreparedCommand
{
    /// <summary>The command's text.</summary>
    public required string Text { get; init; }

    /// <summary>The parameters as they were declared; <c>Execute</c> takes one value for each.</summary>
    public required ParameterDeclaration[] Parameters { get; init; }

    /// <summary>The statements, in order. Empty for a text without any.</summary>
    internal required PreparedStatement[] Statements { get; init; }

    /// <summary>Whether it gives one result at most: it has one statement, and that is no CALL.</summary>
    public bool IsSingle => Statements.Length == 1 && !Statements[0].Text.Text.StartsWith("call", StringComparison.OrdinalIgnoreCase);

    /// <summary>The same command under another string object of the same text.</summary>
    internal PreparedCommand WithText(string text) => new() { Text = text, Parameters = Parameters, Statements = Statements };
}

/// <summary>A statement of a command.</summary>
internal sealed class PreparedStatement
{
    public required StatementText Text { get; init; }

    /// <summary>For each $n of the statement the index of the command's parameter.</summary>
    public required int[] ParameterMap { get; init; }

    /// <summary>Its syntax and plans, shared by every command that has this statement with these parameter types.</summary>
    public required CachedStatement Cached { get; init; }
}
