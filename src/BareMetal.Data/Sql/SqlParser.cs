using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

/// <summary>
/// The parser: recursive descent for statements, precedence climbing for expressions, one token of lookahead and a few more
/// where the grammar asks for it, never a second attempt at the same text, so that time is linear in the length.
/// </summary>
internal sealed partial class SqlParser
{
    /// <summary>How deep parentheses, subqueries and blocks may nest.</summary>
    public const int MaxDepth = 200;

    /// <summary>How high an expression, a chain of joins or of set operations may grow (chains of AND and of OR are flat).</summary>
    public const int MaxHeight = 500;

    private readonly string _text;
    private readonly Token[] _tokens;
    private readonly bool _allowParameters;
    private int _at;
    private int _depth;
    private int _height;

    // SELECT … INTO: only the first SELECT of a statement may have it.
    private bool _intoAllowed;
    private ObjectName? _intoTable;
    private bool _intoTemporary;

    private SqlParser(string text, SqlLexer lexer, bool allowParameters)
    {
        _text = text;
        _allowParameters = allowParameters;
        var tokens = new List<Token>(Math.Min(1024, (text.Length / 5) + 8));
        do
        {
            tokens.Add(lexer.Next());
        }
        while (tokens[^1].Kind != TokenKind.End);
        _tokens = [.. tokens];
    }

    /// <summary>Parses one statement as <see cref="StatementSplitter"/> gives it.</summary>
    /// <exception cref="BareMetalException">42601 with the place, what was found and what was expected; 54001 when it nests too deep.</exception>
    public static Statement ParseStatement(StatementText statement) => ParseStatement(statement.Text);

    /// <summary>Parses a text that holds exactly one statement; its parameters are $1, $2, …</summary>
    /// <exception cref="BareMetalException">42601 with the place, what was found and what was expected; 54001 when it nests too deep.</exception>
    public static Statement ParseStatement(string text)
    {
        var parser = new SqlParser(text, new SqlLexer(text), allowParameters: true);
        Statement statement = parser.ParseTopStatement();
        parser.TryTake(TokenKind.Semicolon);
        parser.ExpectEnd();
        return statement;
    }

    /// <summary>Parses an expression alone: a default, a check, a generated column as the catalog keeps them.</summary>
    public static Expression ParseExpression(string text)
    {
        var parser = new SqlParser(text, new SqlLexer(text), allowParameters: false);
        Expression expression = parser.ParseExpression();
        parser.ExpectEnd();
        return expression;
    }

    /// <summary>Parses a query alone: the text of a view.</summary>
    public static Query ParseQuery(string text)
    {
        var parser = new SqlParser(text, new SqlLexer(text), allowParameters: false);
        Query query = parser.ParseQuery();
        parser.TryTake(TokenKind.Semicolon);
        parser.ExpectEnd();
        return query;
    }

    /// <summary>Parses the name of a type alone.</summary>
    public static TypeName ParseTypeName(string text)
    {
        var parser = new SqlParser(text, new SqlLexer(text), allowParameters: false);
        TypeName type = parser.ParseTypeName();
        parser.ExpectEnd();
        return type;
    }

    /// <summary>Parses the name of an object alone, as nextval('"Sales"."Numbers"') gets it.</summary>
    public static ObjectName ParseQualifiedName(string text)
    {
        var parser = new SqlParser(text, new SqlLexer(text), allowParameters: false);
        ObjectName name = parser.ParseObjectName("a name");
        parser.ExpectEnd();
        return name;
    }

    // ---- tokens

    private ref readonly Token Current => ref _tokens[_at];

    private TokenKind Kind => _tokens[_at].Kind;

    private Keyword Word => _tokens[_at].Keyword;

    private SourcePosition Position => _tokens[_at].Position;

    private ref readonly Token Ahead(int count) => ref _tokens[Math.Min(_at + count, _tokens.Length - 1)];

    private void Advance()
    {
        if (_at < _tokens.Length - 1)
            _at++;
    }

    private bool Is(TokenKind kind) => Kind == kind;

    private bool Is(Keyword keyword) => Word == keyword;

    private bool Is(Keyword first, Keyword second) => Word == first && Ahead(1).Keyword == second;

    private bool TryTake(TokenKind kind)
    {
        if (Kind != kind)
            return false;
        Advance();
        return true;
    }

    private bool TryTake(Keyword keyword)
    {
        if (Word != keyword)
            return false;
        Advance();
        return true;
    }

    private bool TryTake(Keyword first, Keyword second)
    {
        if (!Is(first, second))
            return false;
        Advance();
        Advance();
        return true;
    }

    private bool TryTake(Keyword first, Keyword second, Keyword third)
    {
        if (!Is(first, second) || Ahead(2).Keyword != third)
            return false;
        Advance();
        Advance();
        Advance();
        return true;
    }

    private void Expect(Keyword keyword)
    {
        if (!TryTake(keyword))
            throw Expected(Keywords.Spell(keyword), Keywords.Spell(keyword));
    }

    private void Expect(TokenKind kind, string spelling)
    {
        if (!TryTake(kind))
            throw Expected(spelling);
    }

    private void ExpectOpen() => Expect(TokenKind.OpenParenthesis, "(");

    private void ExpectClose() => Expect(TokenKind.CloseParenthesis, ")");

    private void ExpectEnd()
    {
        if (Kind != TokenKind.End)
            throw Expected(Kind == TokenKind.Semicolon ? "a single statement" : "the end of the statement or a clause that may follow here");
    }

    /// <summary>True when the current token is the given word, which is no keyword.</summary>
    private bool IsWord(string word) =>
        Kind == TokenKind.Word && Text(Current).Equals(word, StringComparison.OrdinalIgnoreCase);

    private bool TryTakeWord(string word)
    {
        if (!IsWord(word))
            return false;
        Advance();
        return true;
    }

    private ReadOnlySpan<char> Text(in Token token) => _text.AsSpan(token.Start, token.End - token.Start);

    /// <summary>The text from an offset to the end of the last token taken.</summary>
    private string TextFrom(int start) => _text[start.._tokens[_at - 1].End];

    /// <summary>
    /// The text from a token to the last one taken, without parentheses around the whole: what the catalog keeps is the same whether a
    /// definition was written with them or not, so that generating and reading a definition does not change it.
    /// </summary>
    private string BareTextFrom(int first)
    {
        int last = _at - 1;
        while (_tokens[first].Kind == TokenKind.OpenParenthesis && WrapsAll(first, last))
        {
            first++;
            last--;
        }

        return WithNextval(first, last);
    }

    /// <summary>The text with NEXT VALUE FOR written as nextval, by which the catalog knows the sequences that a default draws from.</summary>
    private string WithNextval(int first, int last)
    {
        StringBuilder? text = null;
        int copied = _tokens[first].Start;
        for (int i = first; i + 3 <= last; i++)
        {
            if (!IsNextValue(i))
                continue;
            int end = i + 3;
            while (end + 2 <= last && _tokens[end + 1].Kind == TokenKind.Dot)
                end += 2;
            string name = Quoted(ParseQualifiedName(_text[_tokens[i + 3].Start.._tokens[end].End]));
            text ??= new StringBuilder();
            text.Append(_text, copied, _tokens[i].Start - copied).Append("nextval('").Append(name.Replace("'", "''", StringComparison.Ordinal)).Append("')");
            copied = _tokens[end].End;
            i = end;
        }

        return text is null ? _text[copied.._tokens[last].End] : text.Append(_text, copied, _tokens[last].End - copied).ToString();
    }

    /// <summary>Whether the parentheses at both ends belong together and hold one plain expression: no row, no query.</summary>
    private bool WrapsAll(int first, int last)
    {
        int depth = 0;
        for (int i = first; i <= last; i++)
        {
            switch (_tokens[i].Kind)
            {
                case TokenKind.OpenParenthesis:
                    depth++;
                    break;
                case TokenKind.CloseParenthesis when --depth == 0:
                    return i == last && last > first + 1;
                case TokenKind.Comma when depth == 1:
                    return false;
                case TokenKind.Word when i == first + 1 && _tokens[i].Keyword is (Keyword.Select or Keyword.Values or Keyword.With):
                    return false;
            }
        }

        return false;
    }

    // ---- errors

    private BareMetalException Expected(string what, params ReadOnlySpan<string> words)
    {
        string? hint = null;
        if (Kind == TokenKind.Word && words.Length > 0)
        {
            string? near = NameSuggestion.Nearest(Text(Current).ToString(), words.ToArray());
            if (near is not null)
                hint = $"Did you mean {near}?";
        }

        if (hint is null && Kind == TokenKind.Word && Keywords.IsReserved(Word) && what.Contains("name", StringComparison.Ordinal))
            hint = $"{Keywords.Spell(Word)} is a reserved word; as a name it stands in double quotes: \"{Text(Current)}\".";
        return SqlErrors.Syntax(Position, $"Syntax error at {DescribeCurrent()}: expected {what}.", hint);
    }

    private string DescribeCurrent()
    {
        if (Kind == TokenKind.End)
            return "the end of the text";
        ReadOnlySpan<char> text = Text(Current);
        return text.Length > 40 ? string.Concat("\"", text[..40], "…\"") : string.Concat("\"", text, "\"");
    }

    // ---- limits

    private void Enter(SourcePosition position)
    {
        if (++_depth > MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw SqlErrors.At(
                position, SqlStates.StatementTooComplex, $"The statement nests deeper than {MaxDepth} levels here.",
                "Split it, or put parts of it into WITH or a view.");
        }
    }

    private void Leave() => _depth--;

    /// <summary>Notes that the node being built stands on all that was parsed since the height was last put to nought.</summary>
    private void Grow(SourcePosition position)
    {
        if (++_height > MaxHeight)
        {
            throw SqlErrors.At(
                position, SqlStates.StatementTooComplex, $"A chain of operators, joins or set operations is longer than {MaxHeight} here.",
                "Use IN, = ANY, VALUES, concat or parentheses that balance it.");
        }
    }

    // ---- names

    /// <summary>True when the token may name a column, table or other object without quotes.</summary>
    private static bool IsName(in Token token) => token.Kind switch
    {
        TokenKind.QuotedIdentifier => true,
        TokenKind.Word => !Keywords.IsReserved(token.Keyword) && !Keywords.IsFunctionNameOnly(token.Keyword),
        _ => false,
    };

    /// <summary>True when the token may begin the name of a type or function.</summary>
    private static bool IsFunctionName(in Token token) => token.Kind switch
    {
        TokenKind.QuotedIdentifier => true,
        TokenKind.Word => !Keywords.IsReserved(token.Keyword),
        _ => false,
    };

    private Identifier TakeIdentifier()
    {
        Token token = Current;
        string name;
        if (token.Kind == TokenKind.QuotedIdentifier)
        {
            ReadOnlySpan<char> inner = _text.AsSpan(token.Start + 1, token.End - token.Start - 2);
            name = inner.Contains('"') ? inner.ToString().Replace("\"\"", "\"", StringComparison.Ordinal) : inner.ToString();
            CheckText(name, token.Position);
        }
        else
        {
            name = Text(token).ToString();
            CheckText(name, token.Position);
        }

        Advance();
        return new Identifier(name, token.Position);
    }

    private Identifier ParseName(string what)
    {
        if (!IsName(Current))
            throw Expected(what);
        return TakeIdentifier();
    }

    /// <summary>A name behind a dot or AS, where every word is allowed.</summary>
    private Identifier ParseLabel(string what)
    {
        if (Kind is not (TokenKind.Word or TokenKind.QuotedIdentifier))
            throw Expected(what);
        return TakeIdentifier();
    }

    /// <summary>What the database is called in names of three parts and in the information schema.</summary>
    internal const string DatabaseName = "main";

    private ObjectName ParseObjectName(string what)
    {
        SourcePosition position = Position;
        Identifier first = ParseName(what);
        if (!TryTake(TokenKind.Dot))
            return new ObjectName { Position = position, Name = first.Name };
        Identifier second = ParseLabel(what);
        if (Is(TokenKind.Dot))
        {
            // As in PostgreSQL the first of three parts can only be the database that the connection sees.
            if (!string.Equals(first.Name, DatabaseName, StringComparison.OrdinalIgnoreCase))
                throw SqlErrors.NotSupported(Position, $"\"{first.Name}\" is not this database; a connection sees one.", $"Write schema.name, or {DatabaseName}.schema.name.");
            _ = TryTake(TokenKind.Dot);
            first = second;
            second = ParseLabel(what);
        }

        return new ObjectName { Position = position, Schema = first.Name, Name = second.Name };
    }

    /// <summary>Collations and functions may be called by words that name no table.</summary>
    private ObjectName ParseCollationName()
    {
        SourcePosition position = Position;
        if (!IsFunctionName(Current))
            throw Expected("the name of a collation");
        Identifier first = TakeIdentifier();
        return TryTake(TokenKind.Dot)
            ? new ObjectName { Position = position, Schema = first.Name, Name = ParseLabel("the name of a collation").Name }
            : new ObjectName { Position = position, Name = first.Name };
    }

    private Identifier[] ParseNameList(string what)
    {
        ExpectOpen();
        var names = new List<Identifier>();
        do
        {
            names.Add(ParseName(what));
        }
        while (TryTake(TokenKind.Comma));
        ExpectClose();
        return [.. names];
    }

    // ---- literals

    /// <summary>Refuses text that has no UTF-8 form.</summary>
    private static void CheckText(string text, SourcePosition position)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
                continue;
            }

            throw SqlErrors.At(
                position, SqlStates.CharacterNotInRepertoire, $"The text holds a lone surrogate, U+{(int)text[i]:X4}.",
                "Text is Unicode; store other data as bytea.");
        }
    }

    private bool IsString => Kind is TokenKind.String or TokenKind.EscapeString or TokenKind.DollarString;

    private string ParseString(string what)
    {
        if (!IsString)
            throw Expected(what);
        return TakeString();
    }

    private string TakeString()
    {
        Token token = Current;
        string value = StringValue(token);
        Advance();
        if (token.Kind != TokenKind.DollarString && Kind == TokenKind.String && Current.Line > token.Line && IsContinuation(token))
        {
            // The standard joins literals that are separated by a line end.
            var joined = new StringBuilder(value);
            Token last = token;
            while (Kind == TokenKind.String && IsContinuation(last))
            {
                last = Current;
                joined.Append(StringValue(last));
                Advance();
            }
            value = joined.ToString();
        }

        CheckText(value, token.Position);
        return value;
    }

    private bool IsContinuation(in Token last) =>
        _text[Current.Start] == '\'' && _text.AsSpan(last.End, Current.Start - last.End).Contains('\n');

    private string StringValue(in Token token)
    {
        ReadOnlySpan<char> text = Text(token);
        switch (token.Kind)
        {
            case TokenKind.DollarString:
                int tag = text[1..].IndexOf('$') + 2;
                return text[tag..^tag].ToString();
            case TokenKind.EscapeString:
                return Unescape(text[2..^1], token.Position);
            default:
                text = text[(text[0] == '\'' ? 1 : 2)..^1];
                return text.Contains('\'') ? text.ToString().Replace("''", "'", StringComparison.Ordinal) : text.ToString();
        }
    }

    private static string Unescape(ReadOnlySpan<char> text, SourcePosition position)
    {
        var value = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\'')
            {
                value.Append('\'');
                i++; // doubled
                continue;
            }

            if (c != '\\' || i + 1 >= text.Length)
            {
                value.Append(c);
                continue;
            }

            c = text[++i];
            switch (c)
            {
                case 'b': value.Append('\b'); break;
                case 'f': value.Append('\f'); break;
                case 'n': value.Append('\n'); break;
                case 'r': value.Append('\r'); break;
                case 't': value.Append('\t'); break;
                case 'x' when i + 1 < text.Length && char.IsAsciiHexDigit(text[i + 1]):
                    value.Append((char)TakeDigits(text, ref i, 2, 16));
                    break;
                case 'u' or 'U':
                    int length = c == 'u' ? 4 : 8;
                    int before = i;
                    long code = TakeDigits(text, ref i, length, 16);
                    if (i - before != length || code > 0x10FFFF)
                        throw SqlErrors.At(position, SqlStates.SyntaxError, $"A Unicode escape in the text is not \\{c} and {length} hexadecimal digits up to 10FFFF.");
                    if (code > 0xFFFF)
                        value.Append(char.ConvertFromUtf32((int)code));
                    else
                        value.Append((char)code);
                    break;
                case >= '0' and <= '7':
                    i--;
                    value.Append((char)(TakeDigits(text, ref i, 3, 8) & 0xFF));
                    break;
                default:
                    value.Append(c);
                    break;
            }
        }

        return value.ToString();
    }

    private static long TakeDigits(ReadOnlySpan<char> text, ref int at, int max, int radix)
    {
        long value = 0;
        for (int taken = 0; taken < max && at + 1 < text.Length; taken++)
        {
            char c = text[at + 1];
            if (!char.IsAsciiHexDigit(c) || (radix == 8 && c > '7'))
                break;
            value = (value * radix) + Convert.ToInt32(c.ToString(), 16);
            at++;
        }
        return value;
    }

    private byte[] HexValue(in Token token)
    {
        ReadOnlySpan<char> digits = Text(token)[2..^1];
        try
        {
            return Convert.FromHexString(digits);
        }
        catch (FormatException)
        {
            throw SqlErrors.At(
                token.Position, SqlStates.InvalidTextRepresentation, "A binary literal X'…' holds something else than pairs of hexadecimal digits.");
        }
    }

    private LiteralExpression NumberValue(in Token token)
    {
        ReadOnlySpan<char> text = Text(token);
        if (text.Contains('_'))
            text = text.ToString().Replace("_", "", StringComparison.Ordinal);
        if (token.Kind == TokenKind.Integer)
        {
            if (text.Length > 2 && char.IsAsciiLetter(text[1]))
                return Integer(token.Position, RadixValue(text, token.Position));
            if (decimal.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out decimal whole) && text.TrimStart('0').Length <= 28)
                return Integer(token.Position, whole);
        }
        else if (token.Kind == TokenKind.Decimal
            && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal exact))
        {
            return new LiteralExpression { Position = token.Position, Kind = LiteralKind.Decimal, Value = exact };
        }

        double value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (double.IsInfinity(value))
        {
            throw SqlErrors.At(
                token.Position, SqlStates.NumericOutOfRange, $"The number {DescribeCurrent()} is larger than double precision holds.");
        }

        return new LiteralExpression { Position = token.Position, Kind = LiteralKind.Double, Value = value };
    }

    private static decimal RadixValue(ReadOnlySpan<char> text, SourcePosition position)
    {
        int radix = (text[1] | 0x20) switch { 'x' => 16, 'o' => 8, _ => 2 };
        UInt128 value = 0;
        foreach (char c in text[2..])
        {
            value = (value * (uint)radix) + (uint)Convert.ToInt32(c.ToString(), 16);
            if (value > ulong.MaxValue)
                throw SqlErrors.At(position, SqlStates.NumericOutOfRange, $"The number {text} does not fit 64 bits.");
        }
        return (ulong)value;
    }

    private static LiteralExpression Integer(SourcePosition position, decimal value)
    {
        object boxed = value switch
        {
            >= int.MinValue and <= int.MaxValue => (object)(int)value,
            >= long.MinValue and <= long.MaxValue => (object)(long)value,
            _ => value,
        };
        return new LiteralExpression { Position = position, Kind = LiteralKind.Integer, Value = boxed };
    }

    private long ParseSignedInteger(string what)
    {
        SourcePosition position = Position;
        bool negative = Is(TokenKind.Minus);
        if (negative || Is(TokenKind.Plus))
            Advance();
        if (!Is(TokenKind.Integer))
            throw Expected(what);
        object? value = NumberValue(Current).Value;
        Advance();
        decimal number = value switch { int i => i, long l => l, decimal d => d, _ => decimal.MaxValue };
        if (negative)
            number = -number;
        if (number is < long.MinValue or > long.MaxValue)
            throw SqlErrors.At(position, SqlStates.NumericOutOfRange, "The number does not fit a bigint.");
        return (long)number;
    }

    // ---- types

    private TypeName ParseTypeName()
    {
        SourcePosition position = Position;
        if (!IsFunctionName(Current))
            throw Expected("the name of a type");
        TryTakeWord("setof");
        string? schema = null;
        string name;
        int[] arguments = [];
        switch (Word)
        {
            case Keyword.Double:
                Advance();
                TryTake(Keyword.Precision);
                name = "double precision";
                break;
            case Keyword.Character or Keyword.Char:
                Advance();
                name = TryTake(Keyword.Varying) ? "varchar" : "char";
                break;
            case Keyword.National:
                Advance();
                if (!TryTake(Keyword.Character) && !TryTake(Keyword.Char))
                    throw Expected("CHARACTER");
                name = TryTake(Keyword.Varying) ? "varchar" : "char";
                break;
            case Keyword.Timestamp or Keyword.Time:
                name = Is(Keyword.Timestamp) ? "timestamp" : "time";
                Advance();
                arguments = ParseTypeArguments();
                if (TryTake(Keyword.With, Keyword.Time, Keyword.Zone))
                    name += "tz";
                else
                    TryTake(Keyword.Without, Keyword.Time, Keyword.Zone);
                break;
            default:
                Identifier first = TakeIdentifier();
                if (TryTake(TokenKind.Dot))
                {
                    schema = first.Name;
                    first = ParseLabel("the name of a type");
                }
                name = first.Name;
                break;
        }

        if (arguments.Length == 0)
            arguments = ParseTypeArguments();
        int dimensions = 0;
        while (Is(TokenKind.OpenBracket))
        {
            Advance();
            TryTake(TokenKind.Integer); // a size, which means nothing, as in PostgreSQL
            Expect(TokenKind.CloseBracket, "]");
            dimensions++;
        }

        if (dimensions == 0 && TryTake(Keyword.Array))
        {
            dimensions = 1;
            if (TryTake(TokenKind.OpenBracket))
            {
                if (!TryTake(TokenKind.Integer))
                    throw Expected("the size of the array");
                Expect(TokenKind.CloseBracket, "]");
            }
        }

        return new TypeName { Position = position, Schema = schema, Name = name, Arguments = arguments, ArrayDimensions = dimensions };
    }

    private int[] ParseTypeArguments()
    {
        if (!TryTake(TokenKind.OpenParenthesis))
            return [];
        var arguments = new List<int>(2);
        do
        {
            SourcePosition position = Position;
            long value = ParseSignedInteger("a length, precision or scale");
            if (value is < -1000 or > int.MaxValue)
                throw SqlErrors.At(position, SqlStates.InvalidParameterValue, $"{value} is no length, precision or scale.");
            arguments.Add((int)value);
        }
        while (TryTake(TokenKind.Comma));
        ExpectClose();
        return [.. arguments];
    }

    // ---- statements

    private static readonly string[] StatementWords =
    [
        "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "WITH", "VALUES", "TABLE", "CREATE", "ALTER", "DROP", "TRUNCATE", "COMMENT", "EXPLAIN", "ANALYZE",
        "VACUUM", "CHECK", "CHECKPOINT", "BACKUP", "REINDEX", "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "RESET", "SHOW", "DO", "CALL", "DISCARD",
    ];

    private Statement ParseTopStatement()
    {
        Enter(Position);
        Statement statement = Word switch
        {
            Keyword.Select or Keyword.Values or Keyword.Table => ParseQueryStatement(),
            Keyword.With => ParseWithStatement(),
            Keyword.Insert => ParseInsert(null),
            Keyword.Update => ParseUpdate(null),
            Keyword.Delete => ParseDelete(null),
            Keyword.Create => ParseCreate(),
            Keyword.Alter => ParseAlter(),
            Keyword.Drop => ParseDrop(),
            Keyword.Truncate => ParseTruncate(),
            Keyword.Comment => ParseComment(),
            Keyword.Explain => ParseExplain(),
            Keyword.Analyze => ParseAnalyze(),
            Keyword.Vacuum => ParseVacuum(),
            Keyword.Check => ParseCheck(),
            Keyword.Checkpoint => ParseCheckpoint(),
            Keyword.Reindex => ParseReindex(),
            Keyword.Begin or Keyword.Start => ParseBegin(),
            Keyword.Commit or Keyword.End => ParseCommit(),
            Keyword.Rollback => ParseRollback(),
            Keyword.Savepoint => ParseSavepoint(),
            Keyword.Release => ParseRelease(),
            Keyword.Set => ParseSet(),
            Keyword.Reset => ParseReset(),
            Keyword.Show => ParseShow(),
            Keyword.Do => ParseDo(),
            _ when Is(TokenKind.OpenParenthesis) => ParseQueryStatement(),
            _ when IsWord("MERGE") => ParseMerge(null),
            _ when IsWord("COPY") => ParseCopy(),
            _ when IsWord("CALL") => ParseCallStatement(),
            _ when IsWord("DISCARD") => ParseDiscard(),
            _ when IsWord("PRAGMA") => ParsePragma(),
            _ when IsWord("BACKUP") => ParseBackup(),
            _ => throw Expected("a statement", StatementWords),
        };
        Leave();
        return statement;
    }

    private Statement ParseQueryStatement()
    {
        SourcePosition position = Position;
        if (_depth > 1)
            return new QueryStatement { Position = position, Query = ParseQuery() };
        _intoAllowed = true;
        return IntoTable(new QueryStatement { Position = position, Query = ParseQuery() });
    }

    /// <summary>SELECT … INTO t is CREATE TABLE t AS SELECT ….</summary>
    private Statement IntoTable(QueryStatement statement)
    {
        _intoAllowed = false;
        if (_intoTable is not { } into)
            return statement;
        _intoTable = null;
        return new CreateTableStatement { Position = statement.Position, Name = into, Temporary = _intoTemporary, As = statement.Query };
    }

    private Statement ParseWithStatement()
    {
        SourcePosition position = Position;
        WithClause with = ParseWith();
        return Word switch
        {
            Keyword.Insert => ParseInsert(with),
            Keyword.Update => ParseUpdate(with),
            Keyword.Delete => ParseDelete(with),
            _ when IsWord("MERGE") => ParseMerge(with),
            _ => ParseQueryOf(with, position),
        };
    }

    private Statement ParseQueryOf(WithClause with, SourcePosition position)
    {
        if (_depth > 1)
            return new QueryStatement { Position = position, Query = ParseQueryAfterWith(with, position) };
        _intoAllowed = true;
        return IntoTable(new QueryStatement { Position = position, Query = ParseQueryAfterWith(with, position) });
    }

    [DoesNotReturn]
    private void ThrowDuplicate(string clause) =>
        throw SqlErrors.Syntax(Position, $"{clause} is given twice.");
}
