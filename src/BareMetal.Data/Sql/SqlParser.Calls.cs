using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// Calls of functions with what may follow them: FILTER, WITHIN GROUP, OVER.
internal sealed partial class SqlParser
{
    /// <summary>True where NEXT VALUE FOR begins.</summary>
    private bool IsNextValue(int at) =>
        at + 2 < _tokens.Length && _tokens[at].Keyword == Keyword.Next && _tokens[at + 2].Keyword == Keyword.For
        && _tokens[at + 1].Kind == TokenKind.Word && Text(_tokens[at + 1]).Equals("value", StringComparison.OrdinalIgnoreCase);

    /// <summary>NEXT VALUE FOR s, the standard's spelling of nextval('s').</summary>
    private CallExpression ParseNextValue()
    {
        SourcePosition position = Position;
        Advance();
        Advance();
        Advance();
        SourcePosition at = Position;
        return Call(position, "nextval", new LiteralExpression { Position = at, Kind = LiteralKind.String, Value = Quoted(ParseObjectName("the name of a sequence")) });
    }

    /// <summary>A name as nextval takes it in a text.</summary>
    private static string Quoted(ObjectName name)
    {
        string last = "\"" + name.Name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
        return name.Schema is null ? last : "\"" + name.Schema.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"." + last;
    }

    private static CallExpression Call(SourcePosition position, string name, params Expression[] arguments) =>
        new() { Position = position, Name = new ObjectName { Position = position, Name = name }, Arguments = arguments };

    private CallExpression ParseCall(ObjectName name)
    {
        ExpectOpen();
        bool star = false;
        bool distinct = false;
        bool variadic = false;
        var arguments = new List<Expression>(2);
        List<string?>? names = null;
        SortItem[] orderBy = [];
        if (Is(TokenKind.Star) && Ahead(1).Kind == TokenKind.CloseParenthesis)
        {
            Advance();
            star = true;
        }
        else if (!Is(TokenKind.CloseParenthesis))
        {
            distinct = TryTake(Keyword.Distinct);
            if (!distinct)
                TryTake(Keyword.All);
            do
            {
                if (variadic)
                    throw SqlErrors.Syntax(Position, "VARIADIC goes with the last argument only.");
                variadic = TryTake(Keyword.Variadic);
                if (IsFunctionName(Current) && Ahead(1).Kind is TokenKind.Arrow2 or TokenKind.ColonEquals)
                {
                    if (names is null)
                    {
                        names = [];
                        for (int i = 0; i < arguments.Count; i++)
                            names.Add(null);
                    }

                    names.Add(TakeIdentifier().Name);
                    Advance();
                }
                else
                {
                    names?.Add(null);
                }

                arguments.Add(ParseExpression());
            }
            while (TryTake(TokenKind.Comma));
            orderBy = ParseOrderBy();
        }

        ExpectClose();
        return FinishCall(name, arguments, names, star, distinct, variadic, orderBy);
    }

    /// <summary>What may follow the arguments of a call.</summary>
    private CallExpression FinishCall(ObjectName name, List<Expression> arguments, List<string?>? names, bool star, bool distinct, bool variadic, SortItem[] orderBy)
    {
        SortItem[] within = [];
        if (Is(Keyword.Within, Keyword.Group))
        {
            Advance();
            Advance();
            ExpectOpen();
            if (!Is(Keyword.Order))
                throw Expected("ORDER BY");
            within = ParseOrderBy();
            ExpectClose();
        }

        Expression? filter = null;
        if (Is(Keyword.Filter) && Ahead(1).Kind == TokenKind.OpenParenthesis)
        {
            Advance();
            Advance();
            Expect(Keyword.Where);
            filter = ParseExpression();
            ExpectClose();
        }

        bool ignoreNulls = TryTake(Keyword.Ignore, Keyword.Nulls);
        if (!ignoreNulls)
            TryTake(Keyword.Respect, Keyword.Nulls);
        WindowSpecification? over = null;
        if (Is(Keyword.Over) && (Ahead(1).Kind == TokenKind.OpenParenthesis || IsName(Ahead(1))))
        {
            Advance();
            SourcePosition position = Position;
            over = Is(TokenKind.OpenParenthesis)
                ? ParseWindow()
                : new WindowSpecification { Position = position, BaseName = ParseName("the name of a window"), IsReference = true };
        }

        return new CallExpression
        {
            Position = name.Position,
            Name = name,
            Arguments = [.. arguments],
            ArgumentNames = names?.ToArray(),
            Star = star,
            Distinct = distinct,
            Variadic = variadic,
            OrderBy = orderBy,
            WithinGroup = within,
            Filter = filter,
            IgnoreNulls = ignoreNulls,
            Over = over,
        };
    }

    private WindowSpecification ParseWindow()
    {
        SourcePosition position = Position;
        ExpectOpen();
        Identifier? baseName = null;
        if (IsName(Current) && Word is not (Keyword.Partition or Keyword.Range or Keyword.Rows or Keyword.Groups))
            baseName = TakeIdentifier();
        Expression[] partitionBy = TryTake(Keyword.Partition, Keyword.By) ? ParseExpressionList() : [];
        SortItem[] orderBy = ParseOrderBy();
        WindowFrame? frame = Word is Keyword.Range or Keyword.Rows or Keyword.Groups ? ParseFrame() : null;
        ExpectClose();
        return new WindowSpecification
        {
            Position = position, BaseName = baseName, PartitionBy = partitionBy, OrderBy = orderBy, Frame = frame,
        };
    }

    private WindowFrame ParseFrame()
    {
        SourcePosition position = Position;
        FrameUnit unit = Word switch { Keyword.Range => FrameUnit.Range, Keyword.Rows => FrameUnit.Rows, _ => FrameUnit.Groups };
        Advance();
        FrameBoundKind start;
        FrameBoundKind end = FrameBoundKind.CurrentRow;
        Expression? startOffset;
        Expression? endOffset = null;
        if (TryTake(Keyword.Between))
        {
            start = ParseFrameBound(out startOffset);
            Expect(Keyword.And);
            end = ParseFrameBound(out endOffset);
        }
        else
        {
            start = ParseFrameBound(out startOffset);
        }

        if (start == FrameBoundKind.UnboundedFollowing || end == FrameBoundKind.UnboundedPreceding || start > end)
            throw SqlErrors.At(position, SqlStates.WindowingError, "The window frame ends before it begins.");
        FrameExclusion exclusion = FrameExclusion.NoOthers;
        if (TryTake(Keyword.Exclude))
        {
            if (TryTake(Keyword.Current))
            {
                Expect(Keyword.Row);
                exclusion = FrameExclusion.CurrentRow;
            }
            else if (TryTake(Keyword.Group))
            {
                exclusion = FrameExclusion.Group;
            }
            else if (TryTake(Keyword.Ties))
            {
                exclusion = FrameExclusion.Ties;
            }
            else
            {
                Expect(Keyword.No);
                Expect(Keyword.Others);
            }
        }

        return new WindowFrame
        {
            Position = position, Unit = unit, Start = start, StartOffset = startOffset, End = end, EndOffset = endOffset, Exclusion = exclusion,
        };
    }

    private FrameBoundKind ParseFrameBound(out Expression? offset)
    {
        offset = null;
        if (TryTake(Keyword.Unbounded))
        {
            if (TryTake(Keyword.Preceding))
                return FrameBoundKind.UnboundedPreceding;
            Expect(Keyword.Following);
            return FrameBoundKind.UnboundedFollowing;
        }

        if (TryTake(Keyword.Current, Keyword.Row))
            return FrameBoundKind.CurrentRow;
        offset = ParseExpression(Precedence.Not);
        if (TryTake(Keyword.Preceding))
            return FrameBoundKind.Preceding;
        Expect(Keyword.Following);
        return FrameBoundKind.Following;
    }
}
