using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// Expressions. Precedence from loose to tight, as PostgreSQL's: OR, AND, NOT, IS, comparison, BETWEEN/IN/LIKE, other
// operators, + -, * / %, ^, AT TIME ZONE, COLLATE, sign, subscript, ::, dot.
internal sealed partial class SqlParser
{
    private enum Precedence
    {
        Lowest, Or, And, Not, Is, Comparison, Like, Other, Additive, Multiplicative, Power, At, Collate, Sign, Subscript, Cast,
    }

    private Expression ParseExpression(Precedence minimum = Precedence.Lowest)
    {
        Enter(Position);
        int siblings = _height;
        _height = 0;
        Expression left = ParsePrefix();
        Grow(left.Position);
        left = ParseInfix(left, minimum);
        _height = Math.Max(_height, siblings);
        Leave();
        return left;
    }

    private Expression[] ParseExpressionList()
    {
        var items = new List<Expression>();
        do
        {
            items.Add(ParseExpression());
        }
        while (TryTake(TokenKind.Comma));
        return [.. items];
    }

    private Expression ParsePrefix()
    {
        SourcePosition position = Position;
        switch (Kind)
        {
            case TokenKind.Minus:
            {
                Advance();
                Expression operand = ParseExpression(Precedence.Sign);
                return operand is LiteralExpression literal && Negate(literal, position) is { } negated
                    ? negated
                    : new UnaryExpression { Position = position, Operator = UnaryOperator.Minus, Operand = operand };
            }

            case TokenKind.Plus:
                Advance();
                return new UnaryExpression { Position = position, Operator = UnaryOperator.Plus, Operand = ParseExpression(Precedence.Sign) };
            case TokenKind.Tilde:
                Advance();
                return new UnaryExpression
                {
                    Position = position, Operator = UnaryOperator.BitwiseNot, Operand = ParseExpression(Precedence.Additive),
                };
            case TokenKind.Word when Is(Keyword.Not):
                Advance();
                return new UnaryExpression { Position = position, Operator = UnaryOperator.Not, Operand = ParseExpression(Precedence.Not) };
            default:
                return ParsePrimary();
        }
    }

    /// <summary>The negative number, so that the smallest of a type is that type and no overflow on the way.</summary>
    private static LiteralExpression? Negate(LiteralExpression literal, SourcePosition position) => literal.Value switch
    {
        int value => Integer(position, -(decimal)value),
        long value => Integer(position, -(decimal)value),
        decimal value when literal.Kind == LiteralKind.Integer => Integer(position, -value),
        decimal value => new LiteralExpression { Position = position, Kind = LiteralKind.Decimal, Value = -value },
        double value => new LiteralExpression { Position = position, Kind = LiteralKind.Double, Value = -value },
        _ => null,
    };

    private static bool TryGetBinary(TokenKind kind, out BinaryOperator op, out Precedence precedence)
    {
        (op, precedence) = kind switch
        {
            TokenKind.Equal => (BinaryOperator.Equal, Precedence.Comparison),
            TokenKind.NotEqual => (BinaryOperator.NotEqual, Precedence.Comparison),
            TokenKind.Less => (BinaryOperator.Less, Precedence.Comparison),
            TokenKind.LessOrEqual => (BinaryOperator.LessOrEqual, Precedence.Comparison),
            TokenKind.Greater => (BinaryOperator.Greater, Precedence.Comparison),
            TokenKind.GreaterOrEqual => (BinaryOperator.GreaterOrEqual, Precedence.Comparison),
            TokenKind.Plus => (BinaryOperator.Add, Precedence.Additive),
            TokenKind.Minus => (BinaryOperator.Subtract, Precedence.Additive),
            TokenKind.Star => (BinaryOperator.Multiply, Precedence.Multiplicative),
            TokenKind.Slash => (BinaryOperator.Divide, Precedence.Multiplicative),
            TokenKind.Percent => (BinaryOperator.Modulo, Precedence.Multiplicative),
            TokenKind.Caret => (BinaryOperator.Power, Precedence.Power),
            TokenKind.Concat => (BinaryOperator.Concat, Precedence.Other),
            TokenKind.Ampersand => (BinaryOperator.BitwiseAnd, Precedence.Other),
            TokenKind.Pipe => (BinaryOperator.BitwiseOr, Precedence.Other),
            TokenKind.Hash => (BinaryOperator.BitwiseXor, Precedence.Other),
            TokenKind.ShiftLeft => (BinaryOperator.ShiftLeft, Precedence.Other),
            TokenKind.ShiftRight => (BinaryOperator.ShiftRight, Precedence.Other),
            TokenKind.Arrow => (BinaryOperator.JsonGet, Precedence.Other),
            TokenKind.ArrowText => (BinaryOperator.JsonGetText, Precedence.Other),
            TokenKind.HashArrow => (BinaryOperator.JsonPath, Precedence.Other),
            TokenKind.HashArrowText => (BinaryOperator.JsonPathText, Precedence.Other),
            TokenKind.HashMinus => (BinaryOperator.JsonDeletePath, Precedence.Other),
            TokenKind.AtGreater => (BinaryOperator.Contains, Precedence.Other),
            TokenKind.LessAt => (BinaryOperator.ContainedBy, Precedence.Other),
            TokenKind.DoubleAmpersand => (BinaryOperator.Overlaps, Precedence.Other),
            TokenKind.Question => (BinaryOperator.JsonExists, Precedence.Other),
            TokenKind.QuestionPipe => (BinaryOperator.JsonExistsAny, Precedence.Other),
            TokenKind.QuestionAmpersand => (BinaryOperator.JsonExistsAll, Precedence.Other),
            TokenKind.AtQuestion => (BinaryOperator.JsonPathExists, Precedence.Other),
            TokenKind.AtAt => (BinaryOperator.JsonPathMatch, Precedence.Other),
            TokenKind.Tilde => (BinaryOperator.RegexMatch, Precedence.Other),
            TokenKind.TildeStar => (BinaryOperator.RegexMatchInsensitive, Precedence.Other),
            TokenKind.NotTilde => (BinaryOperator.RegexNotMatch, Precedence.Other),
            TokenKind.NotTildeStar => (BinaryOperator.RegexNotMatchInsensitive, Precedence.Other),
            _ => (default, Precedence.Lowest),
        };
        return precedence != Precedence.Lowest;
    }

    private Expression ParseInfix(Expression left, Precedence minimum)
    {
        bool compared = false;
        while (true)
        {
            Expression? next;
            if (Kind == TokenKind.Word)
            {
                next = ParseWordInfix(left, minimum);
            }
            else if (Kind == TokenKind.DoubleColon && minimum <= Precedence.Cast)
            {
                SourcePosition position = Position;
                Advance();
                next = new CastExpression { Position = position, Operand = left, Type = ParseTypeName() };
            }
            else if (Kind == TokenKind.OpenBracket && minimum <= Precedence.Subscript)
            {
                next = ParseSubscript(left);
            }
            else if (Kind == TokenKind.Dot && left is not LiteralExpression)
            {
                SourcePosition position = Position;
                Advance();
                next = TryTake(TokenKind.Star)
                    ? new FieldExpression { Position = position, Operand = left, Field = null }
                    : new FieldExpression { Position = position, Operand = left, Field = ParseLabel("the name of a field") };
            }
            else if (TryGetBinary(Kind, out BinaryOperator op, out Precedence precedence) && precedence >= minimum)
            {
                if (precedence == Precedence.Comparison)
                {
                    if (compared)
                    {
                        throw SqlErrors.Syntax(
                            Position, $"Syntax error at {DescribeCurrent()}: comparisons do not chain.", "Join them with AND, or use parentheses.");
                    }
                    compared = true;
                }

                SourcePosition position = Position;
                Advance();
                next = Word is Keyword.Any or Keyword.Some or Keyword.All && Ahead(1).Kind == TokenKind.OpenParenthesis
                    ? ParseQuantified(left, op, null, false, position)
                    : new BinaryExpression { Position = position, Operator = op, Left = left, Right = ParseExpression(precedence + 1) };
            }
            else
            {
                next = null;
            }

            if (next is null)
                return left;
            // A chain of one logical operator is flat wherever it is looked at, so it does not count.
            bool flat = next is BinaryExpression { Operator: BinaryOperator.And or BinaryOperator.Or } logical
                && logical.Left is BinaryExpression inner && inner.Operator == logical.Operator;
            if (!flat)
                Grow(next.Position);
            left = next;
        }
    }

    /// <summary>An operator that is a word, or null when the word is none that binds as tightly as is asked.</summary>
    private Expression? ParseWordInfix(Expression left, Precedence minimum)
    {
        SourcePosition position = Position;
        switch (Word)
        {
            case Keyword.Or when minimum <= Precedence.Or:
                Advance();
                return new BinaryExpression
                {
                    Position = position, Operator = BinaryOperator.Or, Left = left, Right = ParseExpression(Precedence.And),
                };
            case Keyword.And when minimum <= Precedence.And:
                Advance();
                return new BinaryExpression
                {
                    Position = position, Operator = BinaryOperator.And, Left = left, Right = ParseExpression(Precedence.Not),
                };
            case Keyword.Is when minimum <= Precedence.Is:
                return ParseIs(left);
            case Keyword.Isnull when minimum <= Precedence.Is:
                Advance();
                return new IsExpression { Position = position, Operand = left, Test = IsTest.Null, Negated = false };
            case Keyword.Notnull when minimum <= Precedence.Is:
                Advance();
                return new IsExpression { Position = position, Operand = left, Test = IsTest.Null, Negated = true };
            case Keyword.Not when minimum <= Precedence.Like
                && Ahead(1).Keyword is Keyword.In or Keyword.Like or Keyword.Ilike or Keyword.Between or Keyword.Similar:
                Advance();
                return ParseLikeLevel(left, negated: true, position);
            case Keyword.In or Keyword.Like or Keyword.Ilike or Keyword.Between or Keyword.Similar when minimum <= Precedence.Like:
                return ParseLikeLevel(left, negated: false, position);
            case Keyword.Overlaps when minimum <= Precedence.Like && left is RowExpression:
                return ParseOverlaps((RowExpression)left, position);
            case Keyword.At when minimum <= Precedence.At:
                if (Is(Keyword.At, Keyword.Local))
                {
                    Advance();
                    Advance();
                    return new AtTimeZoneExpression { Position = position, Operand = left, Zone = null };
                }

                if (Ahead(1).Keyword != Keyword.Time)
                    return null;
                Advance();
                Advance();
                Expect(Keyword.Zone);
                return new AtTimeZoneExpression { Position = position, Operand = left, Zone = ParseExpression(Precedence.Collate) };
            case Keyword.Collate when minimum <= Precedence.Collate:
                Advance();
                return new CollateExpression { Position = position, Operand = left, Collation = ParseCollationName() };
            default:
                return null;
        }
    }

    private Expression ParseIs(Expression left)
    {
        SourcePosition position = Position;
        Advance();
        bool negated = TryTake(Keyword.Not);
        if (TryTake(Keyword.Distinct))
        {
            Expect(Keyword.From);
            return new DistinctFromExpression
            {
                Position = position, Left = left, Right = ParseExpression(Precedence.Comparison), Negated = negated,
            };
        }

        if (IsWord("json"))
            return ParseIsJson(left, position, negated);
        IsTest test = Word switch
        {
            Keyword.Null => IsTest.Null,
            Keyword.True => IsTest.True,
            Keyword.False => IsTest.False,
            Keyword.Unknown => IsTest.Unknown,
            _ => throw Expected("NULL, TRUE, FALSE, UNKNOWN, JSON or DISTINCT FROM", "NULL", "TRUE", "FALSE", "UNKNOWN", "JSON", "DISTINCT"),
        };
        Advance();
        return new IsExpression { Position = position, Operand = left, Test = test, Negated = negated };
    }

    /// <summary>(a, b) OVERLAPS (c, d) is a call.</summary>
    private CallExpression ParseOverlaps(RowExpression left, SourcePosition position)
    {
        Advance();
        Expression right = ParseExpression(Precedence.Other);
        if (right is not RowExpression { Items.Length: 2 } row || left.Items.Length != 2)
            throw SqlErrors.At(position, SqlStates.SyntaxError, "OVERLAPS stands between two rows of two values.", "Write (start, end) OVERLAPS (start, end).");
        return Call(position, "overlaps", left.Items[0], left.Items[1], row.Items[0], row.Items[1]);
    }

    private Expression ParseLikeLevel(Expression left, bool negated, SourcePosition position)
    {
        Keyword word = Word;
        Advance();
        switch (word)
        {
            case Keyword.In:
                return ParseIn(left, negated, position);
            case Keyword.Between:
            {
                bool symmetric = TryTake(Keyword.Symmetric);
                if (!symmetric)
                    TryTake(Keyword.Asymmetric);
                Expression low = ParseExpression(Precedence.Other);
                Expect(Keyword.And);
                Expression high = ParseExpression(Precedence.Other);
                return new BetweenExpression
                {
                    Position = position, Operand = left, Low = low, High = high, Negated = negated, Symmetric = symmetric,
                };
            }
        }

        LikeKind kind = word switch { Keyword.Like => LikeKind.Like, Keyword.Ilike => LikeKind.ILike, _ => LikeKind.SimilarTo };
        if (kind == LikeKind.SimilarTo)
            Expect(Keyword.To);
        else if (Word is Keyword.Any or Keyword.Some or Keyword.All && Ahead(1).Kind == TokenKind.OpenParenthesis)
            return ParseQuantified(left, default, kind, negated, position);
        Expression pattern = ParseExpression(Precedence.Other);
        Expression? escape = TryTake(Keyword.Escape) ? ParseExpression(Precedence.Other) : null;
        return new LikeExpression { Position = position, Kind = kind, Operand = left, Pattern = pattern, Escape = escape, Negated = negated };
    }

    private Expression ParseIn(Expression left, bool negated, SourcePosition position)
    {
        ExpectOpen();
        if (ParseQueryOrExpression(out Expression? first) is { } query)
        {
            ExpectClose();
            return new InQueryExpression { Position = position, Operand = left, Query = query, Negated = negated };
        }

        var items = new List<Expression> { first! };
        while (TryTake(TokenKind.Comma))
            items.Add(ParseExpression());
        ExpectClose();
        return new InListExpression { Position = position, Operand = left, Items = [.. items], Negated = negated };
    }

    private QuantifiedExpression ParseQuantified(Expression left, BinaryOperator op, LikeKind? like, bool negated, SourcePosition position)
    {
        bool all = Is(Keyword.All);
        Advance();
        ExpectOpen();
        Query? query = ParseQueryOrExpression(out Expression? array);
        ExpectClose();
        return new QuantifiedExpression
        {
            Position = position, Left = left, Operator = op, Like = like, Negated = negated, All = all, Array = array, Query = query,
        };
    }

    /// <summary>
    /// What stands behind an opening parenthesis that may hold a query or an expression, without parsing anything twice: a query
    /// in parentheses of its own begins as an expression and turns into a query when a set operation or ORDER BY follows it.
    /// </summary>
    /// <returns>The query, or null and the first expression.</returns>
    private Query? ParseQueryOrExpression(out Expression? expression)
    {
        expression = null;
        if (IsQueryStart)
            return ParseQuery();
        bool parenthesised = Is(TokenKind.OpenParenthesis);
        expression = ParseExpression();
        if (!parenthesised || expression is not SubqueryExpression subquery)
            return null;
        if (IsQueryContinuation)
        {
            expression = null;
            return ParseQueryContinuation(subquery.Query);
        }

        if (!Is(TokenKind.CloseParenthesis))
            return null;
        expression = null;
        return subquery.Query;
    }

    private SubscriptExpression ParseSubscript(Expression left)
    {
        SourcePosition position = Position;
        Advance();
        Expression? lower = Is(TokenKind.Colon) ? null : ParseExpression();
        if (!TryTake(TokenKind.Colon))
        {
            Expect(TokenKind.CloseBracket, "]");
            return new SubscriptExpression { Position = position, Operand = left, Lower = lower };
        }

        Expression? upper = Is(TokenKind.CloseBracket) ? null : ParseExpression();
        Expect(TokenKind.CloseBracket, "]");
        return new SubscriptExpression { Position = position, Operand = left, Lower = lower, Upper = upper, IsSlice = true };
    }

    private Expression ParsePrimary()
    {
        Token token = Current;
        SourcePosition position = token.Position;
        switch (token.Kind)
        {
            case TokenKind.Integer or TokenKind.Decimal or TokenKind.Float:
            {
                LiteralExpression number = NumberValue(token);
                Advance();
                return number;
            }

            case TokenKind.String or TokenKind.EscapeString or TokenKind.DollarString:
                return new LiteralExpression { Position = position, Kind = LiteralKind.String, Value = TakeString() };
            case TokenKind.HexString:
                Advance();
                return new LiteralExpression { Position = position, Kind = LiteralKind.Bytes, Value = HexValue(token) };
            case TokenKind.NumberedParameter:
                return ParseParameter();
            case TokenKind.NamedParameter:
                throw SqlErrors.Syntax(
                    position, $"The parameter {Text(token)} cannot stand here.",
                    "Definitions, DO blocks and texts that the catalog keeps have no parameters.");
            case TokenKind.OpenParenthesis:
                return ParseParenthesised();
            case TokenKind.Star:
                Advance();
                return new StarExpression { Position = position };
            case TokenKind.QuotedIdentifier:
                return ParseNamed();
            case TokenKind.Word:
                return ParseWordPrimary();
            default:
                throw Expected("an expression");
        }
    }

    private ParameterExpression ParseParameter()
    {
        Token token = Current;
        if (!_allowParameters)
        {
            throw SqlErrors.Syntax(
                token.Position, $"The parameter {Text(token)} cannot stand here.",
                "Definitions, DO blocks and texts that the catalog keeps have no parameters.");
        }

        if (!int.TryParse(Text(token)[1..], out int number) || number is < 1 or > 65535)
            throw SqlErrors.Syntax(token.Position, $"There is no parameter {Text(token)}.", "Parameters are numbered from $1 to $65535.");
        Advance();
        return new ParameterExpression { Position = token.Position, Index = number - 1 };
    }

    private Expression ParseWordPrimary()
    {
        SourcePosition position = Position;
        TokenKind following = Ahead(1).Kind;
        switch (Word)
        {
            case Keyword.Null:
                Advance();
                return new LiteralExpression { Position = position, Kind = LiteralKind.Null };
            case Keyword.True or Keyword.False:
            {
                bool value = Is(Keyword.True);
                Advance();
                return new LiteralExpression { Position = position, Kind = LiteralKind.Boolean, Value = value };
            }

            case Keyword.Default:
                Advance();
                return new DefaultExpression { Position = position };
            case Keyword.Case:
                return ParseCase();
            case Keyword.Cast or Keyword.TryCast when following == TokenKind.OpenParenthesis:
            {
                bool attempt = Is(Keyword.TryCast);
                Advance();
                Advance();
                Expression operand = ParseExpression();
                Expect(Keyword.As);
                TypeName type = ParseTypeName();
                ExpectClose();
                return new CastExpression { Position = position, Operand = operand, Type = type, Try = attempt };
            }

            case Keyword.Array:
                return ParseArray();
            case Keyword.Row when following == TokenKind.OpenParenthesis:
            {
                Advance();
                Advance();
                Expression[] items = Is(TokenKind.CloseParenthesis) ? [] : ParseExpressionList();
                ExpectClose();
                return new RowExpression { Position = position, Items = items };
            }

            case Keyword.Exists when following == TokenKind.OpenParenthesis:
            {
                Advance();
                Advance();
                Query query = ParseQuery();
                ExpectClose();
                return new ExistsExpression { Position = position, Query = query };
            }

            case Keyword.Extract when following == TokenKind.OpenParenthesis:
                return ParseExtract();
            case Keyword.Substring when following == TokenKind.OpenParenthesis:
                return ParseSubstring();
            case Keyword.Trim when following == TokenKind.OpenParenthesis:
                return ParseTrim();
            case Keyword.Position when following == TokenKind.OpenParenthesis:
            {
                Advance();
                Advance();
                Expression part = ParseExpression(Precedence.Other);
                Expect(Keyword.In);
                Expression whole = ParseExpression(Precedence.Other);
                ExpectClose();
                return Call(position, "position", whole, part);
            }

            case Keyword.Overlay when following == TokenKind.OpenParenthesis:
            {
                Advance();
                Advance();
                Expression whole = ParseExpression();
                if (TryTake(TokenKind.Comma))
                {
                    // The same as a plain call.
                    List<Expression> arguments = [whole];
                    do
                        arguments.Add(ParseExpression());
                    while (TryTake(TokenKind.Comma));
                    ExpectClose();
                    return Call(position, "overlay", [.. arguments]);
                }

                Expect(Keyword.Placing);
                Expression part = ParseExpression();
                Expect(Keyword.From);
                Expression start = ParseExpression();
                Expression? length = TryTake(Keyword.For) ? ParseExpression() : null;
                ExpectClose();
                return length is null ? Call(position, "overlay", whole, part, start) : Call(position, "overlay", whole, part, start, length);
            }

            case Keyword.CurrentDate or Keyword.CurrentTime or Keyword.CurrentTimestamp or Keyword.Localtime or Keyword.Localtimestamp
                or Keyword.CurrentUser or Keyword.SessionUser or Keyword.CurrentRole or Keyword.User or Keyword.CurrentCatalog:
            {
                string name = Keywords.Spell(Word).ToLowerInvariant();
                Advance();
                if (Is(TokenKind.OpenParenthesis) && Ahead(1).Kind == TokenKind.Integer)
                {
                    Advance();
                    Expression precision = ParseExpression();
                    ExpectClose();
                    return Call(position, name, precision);
                }

                return Call(position, name);
            }

            case Keyword.Next when IsNextValue(_at):
                return ParseNextValue();
            case Keyword.CurrentSchema when following != TokenKind.OpenParenthesis:
                Advance();
                return Call(position, "current_schema");
            case Keyword.Timestamp or Keyword.Time or Keyword.Double or Keyword.Character or Keyword.Char or Keyword.National
                when IsTypedLiteral():
            {
                TypeName type = ParseTypeName();
                return new TypedLiteralExpression { Position = position, Type = type, Text = ParseString("the text of the literal") };
            }
        }

        if (IsFunctionName(Current))
            return ParseNamed();
        throw Expected("an expression");
    }

    /// <summary>True when the type that begins here, which may have several words, is followed by a text.</summary>
    private bool IsTypedLiteral()
    {
        int at = 1;
        switch (Word)
        {
            case Keyword.Double:
                if (Ahead(1).Keyword == Keyword.Precision)
                    at = 2;
                break;
            case Keyword.National or Keyword.Char or Keyword.Character:
                if (Word == Keyword.National)
                    at = 2;
                if (Ahead(at).Keyword == Keyword.Varying)
                    at++;
                break;
        }

        if (Ahead(at).Kind == TokenKind.OpenParenthesis && Ahead(at + 1).Kind == TokenKind.Integer && Ahead(at + 2).Kind == TokenKind.CloseParenthesis)
            at += 3;
        if (Ahead(at).Keyword is Keyword.With or Keyword.Without && Ahead(at + 1).Keyword == Keyword.Time && Ahead(at + 2).Keyword == Keyword.Zone)
            at += 3;
        return Ahead(at).Kind is TokenKind.String or TokenKind.EscapeString or TokenKind.DollarString;
    }

    private static bool IsInterval(Identifier name) => name.Name.Equals("interval", StringComparison.OrdinalIgnoreCase);

    /// <summary>The fields behind an interval's text: DAY, YEAR TO MONTH, SECOND(3) …; null when there are none.</summary>
    private string? ParseIntervalFields(out int[] digits)
    {
        digits = [];
        if (TakeField() is not { } first)
            return null;
        string fields = first;
        if (TryTake(Keyword.To))
        {
            string last = TakeField() ?? throw Expected("a field of the interval");
            if (Array.IndexOf(s_intervalFields, last) <= Array.IndexOf(s_intervalFields, first) || (first is "year" && last is not "month") || first is "month")
                throw Expected("a finer field of the interval");
            fields += " to " + last;
        }

        if (fields.EndsWith("second", StringComparison.Ordinal))
            digits = ParseTypeArguments();
        return fields;

        string? TakeField()
        {
            foreach (string field in s_intervalFields)
            {
                if (TryTakeWord(field))
                    return field;
            }

            return null;
        }
    }

    private static readonly string[] s_intervalFields = ["year", "month", "day", "hour", "minute", "second"];

    /// <summary>A column, a typed literal or a call: everything that begins with a name.</summary>
    private Expression ParseNamed()
    {
        SourcePosition position = Position;
        Token first = Current;
        Identifier name = TakeIdentifier();
        if (IsString && Kind != TokenKind.DollarString)
        {
            var type = new TypeName { Position = position, Name = name.Name };
            string text = TakeString();
            if (IsInterval(name) && ParseIntervalFields(out int[] digits) is { } fields)
                return new TypedLiteralExpression { Position = position, Type = new TypeName { Position = position, Name = name.Name, Arguments = digits }, Text = text, Fields = fields };
            return new TypedLiteralExpression { Position = position, Type = type, Text = text };
        }

        if (IsInterval(name) && Is(TokenKind.OpenParenthesis) && Ahead(1).Kind == TokenKind.Integer && Ahead(2).Kind == TokenKind.CloseParenthesis && Ahead(3).Kind is TokenKind.String or TokenKind.EscapeString)
        {
            int[] precision = ParseTypeArguments();
            return new TypedLiteralExpression { Position = position, Type = new TypeName { Position = position, Name = name.Name, Arguments = precision }, Text = TakeString() };
        }

        if (Is(TokenKind.OpenParenthesis))
            return ParseJsonCall(position, name.Name) ?? ParseCall(new ObjectName { Position = position, Name = name.Name });
        if (!Is(TokenKind.Dot))
        {
            if (!IsName(first))
            {
                _at--;
                throw Expected("an expression");
            }
            return new ColumnExpression { Position = position, Parts = [name] };
        }

        var parts = new List<Identifier>(3) { name };
        while (TryTake(TokenKind.Dot))
        {
            if (TryTake(TokenKind.Star))
                return new StarExpression { Position = position, Qualifier = [.. parts] };
            parts.Add(ParseLabel("the name of a column"));
        }

        if (!Is(TokenKind.OpenParenthesis))
            return new ColumnExpression { Position = position, Parts = [.. parts] };
        if (parts.Count > 2)
            throw SqlErrors.NotSupported(position, "A function's name has at most two parts.", "Write schema.function(…).");
        return ParseCall(new ObjectName { Position = position, Schema = parts[0].Name, Name = parts[1].Name });
    }

    private CaseExpression ParseCase()
    {
        SourcePosition position = Position;
        Advance();
        Expression? operand = Is(Keyword.When) ? null : ParseExpression();
        var whens = new List<CaseWhen>();
        while (Is(Keyword.When))
        {
            SourcePosition when = Position;
            Advance();
            Expression condition = ParseExpression();
            Expect(Keyword.Then);
            whens.Add(new CaseWhen { Position = when, Condition = condition, Result = ParseExpression() });
        }

        if (whens.Count == 0)
            throw Expected("WHEN", "WHEN");
        Expression? otherwise = TryTake(Keyword.Else) ? ParseExpression() : null;
        if (!TryTake(Keyword.End))
            throw Expected("WHEN, ELSE or END of the CASE", "WHEN", "ELSE", "END");
        return new CaseExpression { Position = position, Operand = operand, Whens = [.. whens], Else = otherwise };
    }

    private Expression ParseArray()
    {
        SourcePosition position = Position;
        Advance();
        if (Is(TokenKind.OpenBracket))
            return ParseArrayItems(position);
        if (!TryTake(TokenKind.OpenParenthesis))
            throw Expected("[ or ( behind ARRAY");
        Query query = ParseQuery();
        ExpectClose();
        return new ArrayQueryExpression { Position = position, Query = query };
    }

    private ArrayExpression ParseArrayItems(SourcePosition position)
    {
        Enter(position);
        Advance();
        var items = new List<Expression>();
        if (!Is(TokenKind.CloseBracket))
        {
            do
            {
                items.Add(Is(TokenKind.OpenBracket) ? ParseArrayItems(Position) : ParseExpression());
            }
            while (TryTake(TokenKind.Comma));
        }

        Expect(TokenKind.CloseBracket, "]");
        Leave();
        return new ArrayExpression { Position = position, Items = [.. items] };
    }

    private Expression ParseExtract()
    {
        SourcePosition position = Position;
        Advance();
        Advance();
        SourcePosition fieldPosition = Position;
        string field;
        if (IsString)
            field = TakeString();
        else if (Kind is TokenKind.Word or TokenKind.QuotedIdentifier)
            field = TakeIdentifier().Name;
        else
            throw Expected("a field such as YEAR");
        Expect(Keyword.From);
        Expression source = ParseExpression();
        ExpectClose();
        return Call(
            position, "extract",
            new LiteralExpression { Position = fieldPosition, Kind = LiteralKind.String, Value = field.ToLowerInvariant() }, source);
    }

    private Expression ParseSubstring()
    {
        SourcePosition position = Position;
        Advance();
        Advance();
        Expression source = ParseExpression();
        if (TryTake(TokenKind.Comma))
        {
            Expression[] rest = ParseExpressionList();
            ExpectClose();
            return Call(position, "substring", [source, .. rest]);
        }

        Expression? start = null;
        Expression? length = null;
        while (Word is Keyword.From or Keyword.For)
        {
            bool isStart = Is(Keyword.From);
            if ((isStart ? start : length) is not null)
                ThrowDuplicate(isStart ? "FROM" : "FOR");
            Advance();
            if (isStart)
                start = ParseExpression();
            else
                length = ParseExpression();
        }

        if (start is null && length is null)
            throw Expected("FROM, FOR or a comma", "FROM", "FOR");
        ExpectClose();
        start ??= Integer(position, 1);
        return length is null ? Call(position, "substring", source, start) : Call(position, "substring", source, start, length);
    }

    private Expression ParseTrim()
    {
        SourcePosition position = Position;
        Advance();
        Advance();
        string name = "btrim";
        bool sided = true;
        if (TryTake(Keyword.Leading))
            name = "ltrim";
        else if (TryTake(Keyword.Trailing))
            name = "rtrim";
        else
            sided = TryTake(Keyword.Both);

        Expression? characters = null;
        Expression source;
        if (sided && TryTake(Keyword.From))
        {
            source = ParseExpression();
        }
        else
        {
            source = ParseExpression();
            if (TryTake(Keyword.From))
            {
                characters = source;
                source = ParseExpression();
            }
        }

        if (characters is null && TryTake(TokenKind.Comma))
            characters = ParseExpression();
        ExpectClose();
        return characters is null ? Call(position, name, source) : Call(position, name, source, characters);
    }

    private Expression ParseParenthesised()
    {
        SourcePosition position = Position;
        Advance();
        if (ParseQueryOrExpression(out Expression? first) is { } query)
        {
            ExpectClose();
            return new SubqueryExpression { Position = position, Query = query };
        }

        if (TryTake(TokenKind.CloseParenthesis))
            return first!;

        if (!Is(TokenKind.Comma))
            throw Expected(") or ,");
        var items = new List<Expression> { first! };
        while (TryTake(TokenKind.Comma))
            items.Add(ParseExpression());
        ExpectClose();
        return new RowExpression { Position = position, Items = [.. items] };
    }
}
