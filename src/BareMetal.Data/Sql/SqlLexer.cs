namespace BareMetal.Data.Sql;

/// <summary>
/// Cuts a text into tokens, one at a time, without copying it. Comments (<c>--</c> to the end of the line, <c>/* */</c> nested)
/// and blanks are passed over.
/// </summary>
internal struct SqlLexer
{
    private readonly string _text;
    private readonly int _end;
    private int _offset;
    private int _line;
    private int _lineStart;
    private TokenKind _previous;

    /// <summary>Reads the whole text.</summary>
    public SqlLexer(string text)
        : this(text, 0, text.Length, 1, 1)
    {
    }

    /// <summary>Reads a part of the text that begins at the given line and column.</summary>
    public SqlLexer(string text, int start, int end, int line, int column)
    {
        _text = text;
        _offset = start;
        _end = end;
        _line = line;
        _lineStart = start - (column - 1);
    }

    /// <summary>Where the next character stands.</summary>
    private readonly SourcePosition Here => new(_offset, _line, _offset - _lineStart + 1);

    /// <summary>The next token; at the end one of kind End, again and again.</summary>
    /// <exception cref="BareMetalException">42601: an unfinished literal or comment, or a character that means nothing.</exception>
    public Token Next()
    {
        SkipBlanks();
        SourcePosition start = Here;
        if (_offset >= _end)
            return Make(TokenKind.End, start, _end);
        char c = _text[_offset];
        if (IsWordStart(c))
            return ReadWord(start);
        if (char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(Peek(1))))
            return ReadNumber(start);
        switch (c)
        {
            case '\'':
                return Make(TokenKind.String, start, FindQuote(start, _offset + 1, '\'', escapes: false, "string"));
            case '"':
                int end = FindQuote(start, _offset + 1, '"', escapes: false, "quoted name");
                if (end - start.Offset == 2)
                    throw SqlErrors.Syntax(start, "A quoted name is empty.");
                return Make(TokenKind.QuotedIdentifier, start, end);
            case '$':
                return ReadDollar(start);
            case '@' when IsParameterPart(Peek(1)):
                return ReadParameter(start);
            case ':' when IsWordStart(Peek(1)) && _previous is not (TokenKind.OpenBracket or TokenKind.Colon):
                return ReadParameter(start);
            default:
                return ReadSymbol(start, c);
        }
    }

    /// <summary>True when the character may begin a name.</summary>
    public static bool IsWordStart(char c) => char.IsAsciiLetter(c) || c == '_' || (c >= 0x80 && !char.IsWhiteSpace(c));

    /// <summary>True when the character may go on in a name.</summary>
    public static bool IsWordPart(char c) => IsWordStart(c) || char.IsAsciiDigit(c) || c == '$';

    private static bool IsParameterPart(char c) => IsWordStart(c) || char.IsAsciiDigit(c);

    private readonly char Peek(int ahead) => _offset + ahead < _end ? _text[_offset + ahead] : '\0';

    private Token Make(TokenKind kind, SourcePosition start, int end, Keyword keyword = Keyword.None)
    {
        // A literal may hold line ends; nothing else does.
        if (kind is TokenKind.String or TokenKind.EscapeString or TokenKind.DollarString or TokenKind.QuotedIdentifier or TokenKind.HexString)
            CountLines(_offset, end);
        _offset = end;
        _previous = kind;
        return new Token(kind, keyword, start.Offset, end, start.Line, start.Column);
    }

    private void CountLines(int from, int to)
    {
        ReadOnlySpan<char> span = _text.AsSpan(from, to - from);
        int at;
        while ((at = span.IndexOf('\n')) >= 0)
        {
            from += at + 1;
            _line++;
            _lineStart = from;
            span = span[(at + 1)..];
        }
    }

    private void SkipBlanks()
    {
        while (_offset < _end)
        {
            char c = _text[_offset];
            if (c == '\n')
            {
                _offset++;
                _line++;
                _lineStart = _offset;
            }
            else if (c <= ' ' || (c >= 0x80 && (char.IsWhiteSpace(c) || c == '\uFEFF')))
            {
                _offset++;
            }
            else if (c == '-' && Peek(1) == '-')
            {
                int length = _text.AsSpan(_offset, _end - _offset).IndexOf('\n');
                _offset = length < 0 ? _end : _offset + length;
            }
            else if (c == '/' && Peek(1) == '*')
            {
                SkipComment();
            }
            else
            {
                return;
            }
        }
    }

    private void SkipComment()
    {
        SourcePosition start = Here;
        int depth = 0;
        int at = _offset;
        while (at < _end)
        {
            char c = _text[at];
            char next = at + 1 < _end ? _text[at + 1] : '\0';
            if (c == '/' && next == '*')
            {
                depth++;
                at += 2;
            }
            else if (c == '*' && next == '/')
            {
                at += 2;
                if (--depth == 0)
                {
                    CountLines(_offset, at);
                    _offset = at;
                    return;
                }
            }
            else
            {
                at++;
            }
        }
        throw SqlErrors.Syntax(start, "A comment that begins with /* has no end.", "Close it with */; comments nest.");
    }

    private Token ReadWord(SourcePosition start)
    {
        if (Peek(1) == '\'')
        {
            switch (_text[_offset])
            {
                case 'E' or 'e':
                    return Make(TokenKind.EscapeString, start, FindQuote(start, _offset + 2, '\'', escapes: true, "string"));
                case 'X' or 'x':
                    return Make(TokenKind.HexString, start, FindQuote(start, _offset + 2, '\'', escapes: false, "binary literal"));
                case 'N' or 'n':
                    return Make(TokenKind.String, start, FindQuote(start, _offset + 2, '\'', escapes: false, "string"));
            }
        }

        int end = _offset + 1;
        while (end < _end && IsWordPart(_text[end]))
            end++;
        return Make(TokenKind.Word, start, end, Keywords.Find(_text.AsSpan(_offset, end - _offset)));
    }

    /// <summary>The offset behind the closing quote; a doubled quote stands for one.</summary>
    private readonly int FindQuote(SourcePosition start, int at, char quote, bool escapes, string what)
    {
        while (at < _end)
        {
            char c = _text[at];
            if (c == quote)
            {
                if (at + 1 >= _end || _text[at + 1] != quote)
                    return at + 1;
                at += 2;
            }
            else
            {
                at += escapes && c == '\\' ? 2 : 1;
            }
        }
        throw SqlErrors.Syntax(start, $"A {what} that begins here has no closing {quote}.", $"Write {quote}{quote} for a {quote} inside it.");
    }

    private Token ReadNumber(SourcePosition start)
    {
        int at = _offset;
        TokenKind kind = TokenKind.Integer;
        if (_text[at] == '0' && (Peek(1) | 0x20) is 'x' or 'o' or 'b')
        {
            int radix = (Peek(1) | 0x20) switch { 'x' => 16, 'o' => 8, _ => 2 };
            at += 2;
            int first = at;
            while (at < _end && (IsDigit(_text[at], radix) || (_text[at] == '_' && at + 1 < _end && IsDigit(_text[at + 1], radix))))
                at++;
            if (at == first)
                throw SqlErrors.Syntax(start, "A number has no digits behind its prefix.");
        }
        else
        {
            at = Digits(at);
            if (at < _end && _text[at] == '.' && !(at + 1 < _end && _text[at + 1] == '.'))
            {
                kind = TokenKind.Decimal;
                at = Digits(at + 1);
            }

            if (at < _end && (_text[at] | 0x20) == 'e')
            {
                int exponent = at + 1;
                if (exponent < _end && _text[exponent] is '+' or '-')
                    exponent++;
                if (exponent < _end && char.IsAsciiDigit(_text[exponent]))
                {
                    kind = TokenKind.Float;
                    at = Digits(exponent);
                }
            }
        }

        if (at < _end && IsWordPart(_text[at]))
        {
            throw SqlErrors.Syntax(
                start, $"The number {_text.AsSpan(start.Offset, at - start.Offset)} is followed by '{_text[at]}' without a blank.",
                "Separate a number from a name; names do not begin with a digit unless they stand in double quotes.");
        }

        return Make(kind, start, at);
    }

    private readonly int Digits(int at)
    {
        while (at < _end && (char.IsAsciiDigit(_text[at])
            || (_text[at] == '_' && at > 0 && char.IsAsciiDigit(_text[at - 1]) && at + 1 < _end && char.IsAsciiDigit(_text[at + 1]))))
        {
            at++;
        }
        return at;
    }

    private static bool IsDigit(char c, int radix) => radix == 16 ? char.IsAsciiHexDigit(c) : c >= '0' && c < '0' + radix;

    private Token ReadDollar(SourcePosition start)
    {
        int at = _offset + 1;
        if (at < _end && char.IsAsciiDigit(_text[at]))
        {
            while (at < _end && char.IsAsciiDigit(_text[at]))
                at++;
            if (at < _end && IsWordPart(_text[at]))
                throw SqlErrors.Syntax(start, $"The parameter {_text.AsSpan(start.Offset, at - start.Offset)} is followed by '{_text[at]}' without a blank.");
            return Make(TokenKind.NumberedParameter, start, at);
        }

        while (at < _end && _text[at] != '$' && IsWordPart(_text[at]))
            at++;
        if (at >= _end || _text[at] != '$')
            throw SqlErrors.Syntax(start, "A $ begins neither a parameter nor a quoted text.", "Parameters are $1, $2, …; quoted text is $$…$$ or $tag$…$tag$.");
        ReadOnlySpan<char> tag = _text.AsSpan(_offset, at + 1 - _offset);
        int close = _text.AsSpan(at + 1, _end - at - 1).IndexOf(tag, StringComparison.Ordinal);
        if (close < 0)
            throw SqlErrors.Syntax(start, $"The text that begins with {tag} has no closing {tag}.");
        return Make(TokenKind.DollarString, start, at + 1 + close + tag.Length);
    }

    private Token ReadParameter(SourcePosition start)
    {
        int at = _offset + 1;
        while (at < _end && IsParameterPart(_text[at]))
            at++;
        return Make(TokenKind.NamedParameter, start, at);
    }

    private Token ReadSymbol(SourcePosition start, char c)
    {
        char next = Peek(1);
        (TokenKind kind, int length) = c switch
        {
            '(' => (TokenKind.OpenParenthesis, 1),
            ')' => (TokenKind.CloseParenthesis, 1),
            '[' => (TokenKind.OpenBracket, 1),
            ']' => (TokenKind.CloseBracket, 1),
            ',' => (TokenKind.Comma, 1),
            ';' => (TokenKind.Semicolon, 1),
            '.' => (TokenKind.Dot, 1),
            ':' => next == ':' ? (TokenKind.DoubleColon, 2) : next == '=' ? (TokenKind.ColonEquals, 2) : (TokenKind.Colon, 1),
            '=' => next == '>' ? (TokenKind.Arrow2, 2) : (TokenKind.Equal, 1),
            '<' => next == '=' ? (TokenKind.LessOrEqual, 2) : next == '>' ? (TokenKind.NotEqual, 2)
                : next == '<' ? (TokenKind.ShiftLeft, 2) : next == '@' && !IsParameterPart(Peek(2)) ? (TokenKind.LessAt, 2) : (TokenKind.Less, 1),
            '>' => next == '=' ? (TokenKind.GreaterOrEqual, 2) : next == '>' ? (TokenKind.ShiftRight, 2) : (TokenKind.Greater, 1),
            '!' when next == '=' => (TokenKind.NotEqual, 2),
            '!' when next == '~' => Peek(2) == '*' ? (TokenKind.NotTildeStar, 3) : (TokenKind.NotTilde, 2),
            '+' => (TokenKind.Plus, 1),
            '-' => next == '>' ? (Peek(2) == '>' ? (TokenKind.ArrowText, 3) : (TokenKind.Arrow, 2)) : (TokenKind.Minus, 1),
            '*' => (TokenKind.Star, 1),
            '/' => (TokenKind.Slash, 1),
            '%' => (TokenKind.Percent, 1),
            '^' => (TokenKind.Caret, 1),
            '|' => next == '|' ? (TokenKind.Concat, 2) : (TokenKind.Pipe, 1),
            '&' => next == '&' ? (TokenKind.DoubleAmpersand, 2) : (TokenKind.Ampersand, 1),
            '#' => next == '>' ? (Peek(2) == '>' ? (TokenKind.HashArrowText, 3) : (TokenKind.HashArrow, 2))
                : next == '-' && Peek(2) != '-' ? (TokenKind.HashMinus, 2) : (TokenKind.Hash, 1),
            '@' when next == '>' => (TokenKind.AtGreater, 2),
            '@' when next == '?' => (TokenKind.AtQuestion, 2),
            '@' when next == '@' && !IsParameterPart(Peek(2)) => (TokenKind.AtAt, 2),
            '?' => next == '|' && Peek(2) != '|' ? (TokenKind.QuestionPipe, 2)
                : next == '&' && Peek(2) != '&' ? (TokenKind.QuestionAmpersand, 2) : (TokenKind.Question, 1),
            '~' => next == '*' ? (TokenKind.TildeStar, 2) : (TokenKind.Tilde, 1),
            _ => throw SqlErrors.Syntax(
                start, char.IsControl(c) || char.IsSurrogate(c) ? $"The character U+{(int)c:X4} means nothing here." : $"The character '{c}' means nothing here.",
                c switch
                {
                    '`' => "Names are quoted with double quotes: \"name\".",
                    '{' or '}' => "JSON is written as a text: '{ }'::json.",
                    '@' => "A parameter is @name, without a blank.",
                    '\\' => "Commands of psql are not SQL.",
                    _ => null,
                }),
        };
        return Make(kind, start, _offset + length);
    }
}
