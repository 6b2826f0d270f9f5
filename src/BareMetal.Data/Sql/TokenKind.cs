namespace BareMetal.Data.Sql;

internal enum TokenKind : byte
{
    End,

    /// <summary>A word without quotes; <see cref="Token.Keyword"/> says whether it is a known one.</summary>
    Word,
    QuotedIdentifier,
    String,

    /// <summary>E'…', with backslash escapes.</summary>
    EscapeString,
    DollarString,

    /// <summary>X'…'.</summary>
    HexString,
    Integer,
    Decimal,
    Float,

    /// <summary>@name or :name.</summary>
    NamedParameter,

    /// <summary>$n.</summary>
    NumberedParameter,

    OpenParenthesis, CloseParenthesis, OpenBracket, CloseBracket,
    Comma, Semicolon, Dot, Colon, DoubleColon, ColonEquals, Arrow2,
    Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual,
    Plus, Minus, Star, Slash, Percent, Caret,
    Concat, Ampersand, Pipe, Hash, ShiftLeft, ShiftRight,
    Arrow, ArrowText, HashArrow, HashArrowText, HashMinus,
    AtGreater, LessAt, DoubleAmpersand,
    Question, QuestionPipe, QuestionAmpersand, AtQuestion, AtAt,
    Tilde, TildeStar, NotTilde, NotTildeStar,
}

/// <summary>A piece of the text: its kind and place. What it means is read from the text when it is needed.</summary>
internal readonly record struct Token(TokenKind Kind, Keyword Keyword, int Start, int End, int Line, int Column)
{
    public SourcePosition Position => new(Start, Line, Column);
}
