using System.Text;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>Changes of names within the SQL texts that the catalog keeps, token by token.</summary>
internal static class SqlText
{
    /// <summary>A name as an identifier in double quotes.</summary>
    public static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>A name with its schema.</summary>
    public static string Quote(string schema, string name) => Quote(schema) + "." + Quote(name);

    /// <summary>Whether an identifier stands in the text (as anything but a function's name).</summary>
    public static bool Mentions(string sql, string name) => !ReferenceEquals(RenameIdentifier(sql, name, name + "?"), sql);

    /// <summary>The text with every identifier of a name replaced by another; function names and types behind :: stay. The same object when there is none.</summary>
    public static string RenameIdentifier(string sql, string from, string to)
    {
        StringBuilder? result = null;
        int copied = 0;
        SqlLexer lexer = new(sql);
        Token previous = default;
        Token token = lexer.Next();
        while (token.Kind != TokenKind.End)
        {
            Token next = lexer.Next();
            bool isName = token.Kind is TokenKind.Word or TokenKind.QuotedIdentifier
                && next.Kind != TokenKind.OpenParenthesis
                && previous.Kind != TokenKind.DoubleColon
                && NameOf(sql, token).Equals(from, StringComparison.OrdinalIgnoreCase);
            if (isName)
            {
                result ??= new StringBuilder();
                result.Append(sql, copied, token.Start - copied).Append(Quote(to));
                copied = token.End;
            }

            previous = token;
            token = next;
        }

        return result is null ? sql : result.Append(sql, copied, sql.Length - copied).ToString();
    }

    /// <summary>Whether a function of a name is called in the text.</summary>
    public static bool Calls(string sql, string name)
    {
        SqlLexer lexer = new(sql);
        Token token = lexer.Next();
        while (token.Kind != TokenKind.End)
        {
            Token next = lexer.Next();
            if (token.Kind is TokenKind.Word or TokenKind.QuotedIdentifier && next.Kind == TokenKind.OpenParenthesis && NameOf(sql, token).Equals(name, StringComparison.OrdinalIgnoreCase))
                return true;
            token = next;
        }

        return false;
    }

    /// <summary>Whether a text literal that is the argument of nextval names the sequence.</summary>
    public static bool NamesSequence(string sql, Sequence sequence, IReadOnlyList<string> searchPath) =>
        !ReferenceEquals(RenameSequence(sql, sequence, searchPath, sequence.Schema!, sequence.Name + "?"), sql);

    /// <summary>The text with the arguments of nextval that name the sequence replaced.</summary>
    public static string RenameSequence(string sql, Sequence sequence, IReadOnlyList<string> searchPath, string schema, string name)
    {
        StringBuilder? result = null;
        int copied = 0;
        SqlLexer lexer = new(sql);
        Token beforeLast = default;
        Token previous = default;
        for (Token token = lexer.Next(); token.Kind != TokenKind.End; token = lexer.Next())
        {
            bool isArgument = token.Kind == TokenKind.String
                && previous.Kind == TokenKind.OpenParenthesis
                && beforeLast.Kind is TokenKind.Word or TokenKind.QuotedIdentifier
                && NameOf(sql, beforeLast).Equals("nextval", StringComparison.OrdinalIgnoreCase);
            if (isArgument && Means(sql[(token.Start + 1)..(token.End - 1)].Replace("''", "'", StringComparison.Ordinal), sequence, searchPath))
            {
                result ??= new StringBuilder();
                string argument = Quote(schema, name).Replace("'", "''", StringComparison.Ordinal);
                result.Append(sql, copied, token.Start - copied).Append('\'').Append(argument).Append('\'');
                copied = token.End;
            }

            beforeLast = previous;
            previous = token;
        }

        return result is null ? sql : result.Append(sql, copied, sql.Length - copied).ToString();
    }

    private static bool Means(string text, Sequence sequence, IReadOnlyList<string> searchPath)
    {
        ObjectName name;
        try
        {
            name = SqlParser.ParseQualifiedName(text);
        }
        catch (BareMetalException)
        {
            // Not a name, so not this sequence's; using the default will say so.
            return false;
        }

        if (!name.Name.Equals(sequence.Name, StringComparison.OrdinalIgnoreCase))
            return false;
        if (name.Schema is not null)
            return name.Schema.Equals(sequence.Schema, StringComparison.OrdinalIgnoreCase);
        foreach (string schema in searchPath)
        {
            if (schema.Equals(sequence.Schema, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    private static string NameOf(string sql, Token token) => token.Kind == TokenKind.QuotedIdentifier
        ? sql[(token.Start + 1)..(token.End - 1)].Replace("\"\"", "\"", StringComparison.Ordinal)
        : sql[token.Start..token.End];
}
