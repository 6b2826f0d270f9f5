using System.Globalization;
using System.Text;

namespace BareMetal.Data.Sql;

/// <summary>
/// Splits a command's text into its statements without parsing them, and numbers each statement's parameters anew, so that
/// the same statement has the same key whatever stands around it and however its parameters are called.
/// </summary>
internal static class StatementSplitter
{
    /// <summary>The statements of a command, empty ones left out.</summary>
    /// <param name="command">
    /// The text. Parameters are <c>@name</c>, <c>:name</c> and <c>$n</c>; where none of these occurs, each <c>?</c> is the next
    /// parameter in order (otherwise it is an operator).
    /// </param>
    /// <exception cref="BareMetalException">42601: an unfinished literal or comment, or a character that means nothing.</exception>
    /// <exception cref="ArgumentNullException">The text is null.</exception>
    public static StatementText[] Split(string command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var tokens = new List<Token>(32);
        bool hasMarkers = false;
        bool hasQuestions = false;
        var lexer = new SqlLexer(command);
        while (true)
        {
            Token token = lexer.Next();
            if (token.Kind is TokenKind.NamedParameter or TokenKind.NumberedParameter)
                hasMarkers = true;
            else if (token.Kind == TokenKind.Question)
                hasQuestions = true;
            tokens.Add(token);
            if (token.Kind == TokenKind.End)
                break;
        }

        bool questionsAreMarkers = hasQuestions && !hasMarkers;
        var statements = new List<StatementText>(1);
        int first = 0;
        int nextQuestion = 0;
        bool isRoutine = false;
        int depth = 0;
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i == first)
            {
                isRoutine = IsRoutineDefinition(command, tokens, i);
                depth = 0;
            }

            if (isRoutine && tokens[i].Kind == TokenKind.Word)
                depth += Nesting(command, tokens, i, depth);
            if (tokens[i].Kind is not (TokenKind.Semicolon or TokenKind.End) || (depth > 0 && tokens[i].Kind == TokenKind.Semicolon))
                continue;
            if (i > first)
                statements.Add(Normalise(command, tokens, first, i, questionsAreMarkers, isRoutine, ref nextQuestion));
            first = i + 1;
        }

        return [.. statements];
    }

    /// <summary>Whether a statement is CREATE [OR REPLACE] FUNCTION or PROCEDURE: its body may hold semicolons, and its $n are its own.</summary>
    private static bool IsRoutineDefinition(string command, List<Token> tokens, int first)
    {
        if (tokens[first].Keyword != Keyword.Create)
            return false;
        int at = first + 1;
        if (at + 1 < tokens.Count && tokens[at].Keyword == Keyword.Or && tokens[at + 1].Keyword == Keyword.Replace)
            at += 2;
        return at < tokens.Count && (IsWord(command, tokens[at], "FUNCTION") || IsWord(command, tokens[at], "PROCEDURE"));
    }

    private static bool IsWord(string command, Token token, string word) =>
        token.Kind == TokenKind.Word && command.AsSpan(token.Start, token.End - token.Start).Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>How a word changes the nesting of BEGIN ATOMIC … END and the CASE … END within.</summary>
    private static int Nesting(string command, List<Token> tokens, int at, int depth) => tokens[at].Keyword switch
    {
        Keyword.Begin when at + 1 < tokens.Count && IsWord(command, tokens[at + 1], "ATOMIC") => 1,
        Keyword.Case when depth > 0 => 1,
        Keyword.End when depth > 0 => -1,
        _ => 0,
    };

    private static StatementText Normalise(
        string command, List<Token> tokens, int first, int end, bool questionsAreMarkers, bool isRoutine, ref int nextQuestion)
    {
        int start = tokens[first].Start;
        int stop = tokens[end - 1].End;
        List<ParameterReference>? parameters = null;
        List<(int, int)>? shifts = null;
        StringBuilder? text = null;
        int copied = start;
        for (int i = first; i < end; i++)
        {
            Token token = tokens[i];
            ParameterReference reference;
            switch (token.Kind)
            {
                case TokenKind.NamedParameter:
                    reference = new ParameterReference(command[(token.Start + 1)..token.End], -1);
                    break;
                case TokenKind.NumberedParameter when isRoutine:
                    continue;
                case TokenKind.NumberedParameter:
                    reference = new ParameterReference(null, ParseNumber(command, token));
                    break;
                case TokenKind.Question when questionsAreMarkers:
                    reference = new ParameterReference(null, nextQuestion++);
                    break;
                default:
                    continue;
            }

            parameters ??= [];
            int index = IndexOf(parameters, reference);
            if (index < 0)
            {
                index = parameters.Count;
                parameters.Add(reference);
            }

            // A marker that is written as the normalised text writes it stays in the part that is copied.
            if (token.Kind == TokenKind.NumberedParameter && reference.Ordinal == index && command[token.Start + 1] != '0')
                continue;
            text ??= new StringBuilder(stop - start + 16);
            text.Append(command, copied, token.Start - copied);
            text.Append('$').Append(CultureInfo.InvariantCulture, $"{index + 1}");
            copied = token.End;
            // Within the marker offsets are its beginning's; behind it they run on from its end.
            (shifts ??= []).Add((text.Length, copied));
        }

        string normalised;
        if (text is not null)
            normalised = text.Append(command, copied, stop - copied).ToString();
        else if (start == 0 && stop == command.Length)
            normalised = command;
        else
            normalised = command[start..stop];
        return new StatementText
        {
            Text = normalised,
            Parameters = parameters is null ? [] : [.. parameters],
            Start = tokens[first].Position,
            Shifts = shifts is null ? [] : [.. shifts],
        };
    }

    private static int ParseNumber(string command, Token token)
    {
        if (!int.TryParse(command.AsSpan(token.Start + 1, token.End - token.Start - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            || number is < 1 or > 65535)
        {
            throw SqlErrors.Syntax(
                token.Position, $"There is no parameter {command.AsSpan(token.Start, token.End - token.Start)}.", "Parameters are numbered from $1 to $65535.");
        }

        return number - 1;
    }

    private static int IndexOf(List<ParameterReference> parameters, ParameterReference reference)
    {
        for (int i = 0; i < parameters.Count; i++)
        {
            if (parameters[i].Ordinal == reference.Ordinal
                && string.Equals(parameters[i].Name, reference.Name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }
        return -1;
    }
}
