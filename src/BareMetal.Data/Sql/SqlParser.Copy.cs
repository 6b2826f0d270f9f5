using System.Text;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// COPY.
internal sealed partial class SqlParser
{
    private static readonly string[] CopyOptionWords =
        ["FORMAT", "HEADER", "DELIMITER", "NULL", "QUOTE", "ESCAPE", "FORCE_QUOTE", "FORCE_NOT_NULL", "FORCE_NULL", "ENCODING", "FREEZE"];

    private CopyStatement ParseCopy()
    {
        SourcePosition position = Position;
        Advance();
        foreach (Token token in _tokens)
        {
            if (token.Kind is TokenKind.NamedParameter or TokenKind.NumberedParameter)
                throw SqlErrors.NotSupported(token.Position, "COPY takes no parameters.", "Write the values into the text, or copy a view.");
        }

        ObjectName? table = null;
        Identifier[] columns = [];
        Statement? query = null;
        string? queryText = null;
        if (TryTake(TokenKind.OpenParenthesis))
        {
            int start = Current.Start;
            query = ParseTopStatement();
            bool gives = query switch
            {
                QueryStatement => true,
                InsertStatement s => s.Returning is not null,
                UpdateStatement s => s.Returning is not null,
                DeleteStatement s => s.Returning is not null,
                MergeStatement s => s.Returning is not null,
                _ => false,
            };
            if (!gives)
                throw SqlErrors.NotSupported(query.Position, "COPY writes the rows of a query, or of a write with RETURNING.");
            queryText = TextFrom(start);
            ExpectClose();
        }
        else
        {
            table = ParseObjectName("the name of a table");
            if (Is(TokenKind.OpenParenthesis))
                columns = ParseNameList("the name of a column");
        }

        bool isFrom = query is null && TryTake(Keyword.From);
        if (!isFrom)
        {
            if (!Is(Keyword.To))
                throw query is null ? Expected("FROM or TO", "FROM", "TO") : Expected("TO", "TO");
            Advance();
        }

        string? file = null;
        if (IsWord("PROGRAM"))
            throw SqlErrors.NotSupported(Position, "COPY runs no programs.", "Give the program's output to BeginTextImport or CopyFromAsync.");
        if (!TryTakeWord(isFrom ? "STDIN" : "STDOUT"))
            file = ParseString(isFrom ? "the path of a file or STDIN" : "the path of a file or STDOUT");
        CopyOptions options = ParseCopyOptions(isFrom);
        string? where = null;
        if (isFrom && TryTake(Keyword.Where))
        {
            int start = Current.Start;
            ParseExpression();
            where = TextFrom(start);
        }

        return new CopyStatement
        {
            Position = position, Table = table, Columns = columns, Query = query, QueryText = queryText, IsFrom = isFrom, File = file, WhereText = where, Options = options,
        };
    }

    /// <summary>[WITH] (option [value], …), or the older form without parentheses.</summary>
    private CopyOptions ParseCopyOptions(bool isFrom)
    {
        SourcePosition position = Position;
        var options = new CopyOptions();
        var given = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        bool with = TryTake(Keyword.With);
        if (TryTake(TokenKind.OpenParenthesis))
        {
            do
            {
                SourcePosition at = Position;
                if (Kind != TokenKind.Word)
                    throw Expected("an option of COPY", CopyOptionWords);
                string name = Text(Current).ToString().ToUpperInvariant();
                Advance();
                if (!given.Add(name))
                    throw SqlErrors.Syntax(at, $"The option {name} is given twice.");
                ParseCopyOption(name, at, options, isFrom);
            }
            while (TryTake(TokenKind.Comma));
            ExpectClose();
        }
        else
        {
            ParseOldCopyOptions(options, given, isFrom);
            if (with && given.Count == 0)
                throw Expected("(", "(");
        }

        Settle(options, given, position);
        return options;
    }

    private void ParseCopyOption(string name, SourcePosition at, CopyOptions options, bool isFrom)
    {
        switch (name)
        {
            case "FORMAT":
                string format = (IsString ? TakeString() : ParseLabel("csv, text or jsonl").Name).ToLowerInvariant();
                options.Format = format switch
                {
                    "text" => CopyFormat.Text,
                    "csv" => CopyFormat.Csv,
                    "json" or "jsonl" or "ndjson" => CopyFormat.JsonLines,
                    "binary" => throw SqlErrors.NotSupported(at, "The binary format of COPY is not supported.", "Use csv, text or jsonl."),
                    _ => throw SqlErrors.At(at, SqlStates.InvalidParameterValue, $"COPY knows no format \"{format}\".", "Use csv, text or jsonl."),
                };
                break;
            case "HEADER":
                if (Is(TokenKind.Comma) || Is(TokenKind.CloseParenthesis))
                    options.Header = CopyHeader.Names;
                else if (TryTake(Keyword.Match))
                    options.Header = isFrom ? CopyHeader.Match : throw SqlErrors.NotSupported(at, "HEADER MATCH is for COPY FROM.");
                else
                    options.Header = ParseCopyFlag() ? CopyHeader.Names : CopyHeader.None;
                break;
            case "DELIMITER":
                options.Delimiter = SingleByte("delimiter", at);
                break;
            case "NULL":
                options.Null = NullText(at);
                break;
            case "QUOTE":
                options.Quote = SingleByte("quote", at);
                break;
            case "ESCAPE":
                options.Escape = SingleByte("escape", at);
                break;
            case "FORCE_QUOTE":
                if (isFrom)
                    throw SqlErrors.NotSupported(at, "FORCE_QUOTE is for COPY TO.");
                options.ForceQuoteAll = TryTake(TokenKind.Star);
                if (!options.ForceQuoteAll)
                    options.ForceQuote = ParseNameList("the name of a column");
                break;
            case "FORCE_NOT_NULL":
                if (!isFrom)
                    throw SqlErrors.NotSupported(at, "FORCE_NOT_NULL is for COPY FROM.");
                options.ForceNotNullAll = TryTake(TokenKind.Star);
                if (!options.ForceNotNullAll)
                    options.ForceNotNull = ParseNameList("the name of a column");
                break;
            case "FORCE_NULL":
                if (!isFrom)
                    throw SqlErrors.NotSupported(at, "FORCE_NULL is for COPY FROM.");
                options.ForceNullAll = TryTake(TokenKind.Star);
                if (!options.ForceNullAll)
                    options.ForceNull = ParseNameList("the name of a column");
                break;
            case "ENCODING":
                SourcePosition place = Position;
                string encoding = ParseString("the name of an encoding");
                if (!encoding.Replace("-", "", StringComparison.Ordinal).Equals("utf8", StringComparison.OrdinalIgnoreCase))
                    throw SqlErrors.NotSupported(place, $"The encoding \"{encoding}\" is not supported.", "COPY reads and writes UTF-8. Give other text to BeginTextImport, which takes characters.");
                break;
            case "FREEZE":
                if (!Is(TokenKind.Comma) && !Is(TokenKind.CloseParenthesis))
                    ParseCopyFlag();
                break;
            default:
                string? near = NameSuggestion.Nearest(name, CopyOptionWords);
                throw SqlErrors.Syntax(at, $"COPY knows no option \"{name}\".", near is null ? null : $"Did you mean {near}?");
        }
    }

    /// <summary>CSV HEADER DELIMITER AS ';' NULL AS '' QUOTE '"' ESCAPE '"' FORCE QUOTE a, b FORCE NOT NULL a, b.</summary>
    private void ParseOldCopyOptions(CopyOptions options, HashSet<string> given, bool isFrom)
    {
        while (Kind == TokenKind.Word && !Is(Keyword.Where))
        {
            SourcePosition at = Position;
            string name = Text(Current).ToString().ToUpperInvariant();
            if (name is not ("CSV" or "HEADER" or "DELIMITER" or "NULL" or "QUOTE" or "ESCAPE" or "FORCE"))
                throw Expected("an option of COPY", "CSV", "HEADER", "DELIMITER", "NULL", "QUOTE", "ESCAPE", "FORCE");
            Advance();
            if (name == "FORCE")
            {
                bool quote = IsWord("QUOTE");
                name = quote ? "FORCE_QUOTE" : "FORCE_NOT_NULL";
                if (quote)
                {
                    Advance();
                }
                else
                {
                    Expect(Keyword.Not);
                    Expect(Keyword.Null);
                }

                if (isFrom == quote)
                    throw SqlErrors.NotSupported(at, quote ? "FORCE QUOTE is for COPY TO." : "FORCE NOT NULL is for COPY FROM.");
                var names = new List<Identifier>();
                do
                {
                    names.Add(ParseName("the name of a column"));
                }
                while (TryTake(TokenKind.Comma));
                if (quote)
                    options.ForceQuote = [.. names];
                else
                    options.ForceNotNull = [.. names];
            }
            else if (name == "CSV")
            {
                options.Format = CopyFormat.Csv;
                name = "FORMAT";
            }
            else if (name == "HEADER")
            {
                options.Header = CopyHeader.Names;
            }
            else
            {
                TryTake(Keyword.As);
                ParseCopyOption(name, at, options, isFrom);
            }

            if (!given.Add(name))
                throw SqlErrors.Syntax(at, $"The option {name} is given twice.");
        }
    }

    private bool ParseCopyFlag()
    {
        if (IsString)
            return TakeString().ToLowerInvariant() is "true" or "on" or "1";
        if (TryTake(Keyword.True) || TryTake(Keyword.On))
            return true;
        if (TryTake(Keyword.False) || TryTakeWord("OFF"))
            return false;
        if (!Is(TokenKind.Integer))
            throw Expected("true or false", "TRUE", "FALSE");
        bool on = Text(Current) is not "0";
        Advance();
        return on;
    }

    private byte SingleByte(string what, SourcePosition at)
    {
        string text = ParseString("a text of one character");
        return text.Length == 1 && text[0] < 128 && text[0] != 0
            ? (byte)text[0]
            : throw SqlErrors.NotSupported(at, $"The {what} of COPY is a single ASCII character.");
    }

    private byte[] NullText(SourcePosition at)
    {
        string text = ParseString("a text");
        return text.AsSpan().IndexOfAny('\r', '\n') < 0
            ? Encoding.UTF8.GetBytes(text)
            : throw SqlErrors.At(at, SqlStates.InvalidParameterValue, "What stands for null in COPY holds no line end.");
    }

    /// <summary>Fills in what depends on the format, and refuses what does not go together.</summary>
    private static void Settle(CopyOptions options, HashSet<string> given, SourcePosition position)
    {
        if (options.Format == CopyFormat.Csv)
        {
            if (!given.Contains("DELIMITER"))
                options.Delimiter = (byte)',';
            if (!given.Contains("NULL"))
                options.Null = [];
            if (!given.Contains("ESCAPE"))
                options.Escape = options.Quote;
        }
        else
        {
            foreach (string name in (ReadOnlySpan<string>)["QUOTE", "ESCAPE", "FORCE_QUOTE", "FORCE_NOT_NULL", "FORCE_NULL"])
            {
                if (given.Contains(name))
                    throw SqlErrors.NotSupported(position, $"The option {name} goes with the csv format only.");
            }
        }

        if (options.Format == CopyFormat.JsonLines)
        {
            foreach (string name in (ReadOnlySpan<string>)["DELIMITER", "NULL", "HEADER"])
            {
                if (given.Contains(name))
                    throw SqlErrors.NotSupported(position, $"The option {name} does not go with JSON lines.");
            }

            return;
        }

        bool isLineEnd = options.Delimiter is (byte)'\r' or (byte)'\n' || (options.Format == CopyFormat.Csv && (options.Quote is (byte)'\r' or (byte)'\n' || options.Escape is (byte)'\r' or (byte)'\n'));
        if (isLineEnd)
            throw SqlErrors.At(position, SqlStates.InvalidParameterValue, "Delimiter, quote and escape of COPY are no line ends.");
        if (options.Format == CopyFormat.Csv && options.Delimiter == options.Quote)
            throw SqlErrors.At(position, SqlStates.InvalidParameterValue, "The delimiter and the quote of COPY differ.");
        if (options.Format == CopyFormat.Text && (char.IsAsciiLetterOrDigit((char)options.Delimiter) || options.Delimiter is (byte)'\\' or (byte)'.'))
            throw SqlErrors.At(position, SqlStates.InvalidParameterValue, $"\"{(char)options.Delimiter}\" can't be the delimiter of the text format.", "It takes part in escapes; use another one.");
        if (options.Null.Contains(options.Delimiter))
            throw SqlErrors.At(position, SqlStates.InvalidParameterValue, "What stands for null in COPY holds no delimiter.");
        if (options.Format == CopyFormat.Csv && options.Null.Contains(options.Quote))
            throw SqlErrors.At(position, SqlStates.InvalidParameterValue, "What stands for null in COPY holds no quote.");
    }
}
