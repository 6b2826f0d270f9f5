using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// CREATE FUNCTION and PROCEDURE, what is done to them, CALL, and what blocks have beside statements.
internal sealed partial class SqlParser
{
    private static readonly string[] RoutineWords = ["RETURNS", "LANGUAGE", "AS", "RETURN", "BEGIN", "IMMUTABLE", "STABLE", "VOLATILE", "STRICT", "CALLED"];

    /// <summary>Whether INTO takes variables: within the text of a block.</summary>
    private bool _inBlock;

    // What the statement that is being parsed puts into variables.
    private Identifier[]? _into;
    private bool _intoStrict;

    private bool IsRoutineWord => IsWord("FUNCTION") || IsWord("PROCEDURE") || IsWord("ROUTINE");

    private RoutineKind? TakeRoutineKind()
    {
        RoutineKind? kind = IsWord("FUNCTION") ? RoutineKind.Function : IsWord("PROCEDURE") ? RoutineKind.Procedure : null;
        Advance();
        return kind;
    }

    /// <summary>A function's or procedure's name, which may be any word that a function may have.</summary>
    private ObjectName ParseRoutineName()
    {
        SourcePosition position = Position;
        if (!IsFunctionName(Current))
            throw Expected("the name of a function or procedure");
        Identifier first = TakeIdentifier();
        if (!TryTake(TokenKind.Dot))
            return new ObjectName { Position = position, Name = first.Name };
        return new ObjectName { Position = position, Schema = first.Name, Name = ParseLabel("the name of a function or procedure").Name };
    }

    private CreateRoutineStatement ParseCreateRoutine(SourcePosition position, bool replace)
    {
        RoutineKind kind = TakeRoutineKind() ?? throw Expected("FUNCTION or PROCEDURE", "FUNCTION", "PROCEDURE");
        ObjectName name = ParseRoutineName();
        List<RoutineParameterSyntax> parameters = ParseRoutineParameters();
        TypeName? returns = null;
        bool returnsSet = false;
        string? language = null;
        string? volatility = null;
        bool strict = false;
        RoutineBodyKind? bodyKind = null;
        string body = "";
        SourcePosition bodyPosition = default;
        while (true)
        {
            SourcePosition start = Position;
            if (TryTakeWord("RETURNS"))
            {
                if (Is(Keyword.Null))
                {
                    Advance();
                    Expect(Keyword.On);
                    Expect(Keyword.Null);
                    if (!TryTakeWord("INPUT"))
                        throw Expected("INPUT", "INPUT");
                    strict = true;
                    continue;
                }

                if (kind == RoutineKind.Procedure)
                    throw SqlErrors.Syntax(start, "A procedure returns no value; its OUT parameters do.", "Use CREATE FUNCTION for a routine that is used in expressions.");
                if (TryTake(Keyword.Table))
                {
                    returnsSet = true;
                    ExpectOpen();
                    do
                    {
                        SourcePosition at = Position;
                        Identifier column = ParseLabel("the name of a column");
                        parameters.Add(new RoutineParameterSyntax { Position = at, Mode = RoutineParameterMode.Table, Name = column, Type = ParseTypeName() });
                    }
                    while (TryTake(TokenKind.Comma));
                    ExpectClose();
                }
                else
                {
                    returnsSet = TryTakeWord("SETOF");
                    returns = ParseTypeName();
                }
            }
            else if (TryTake(Keyword.Language))
            {
                language = IsString ? TakeString() : ParseName("the name of a language").Name;
                if (!language.Equals("sql", StringComparison.OrdinalIgnoreCase) && !language.Equals("plpgsql", StringComparison.OrdinalIgnoreCase))
                    throw SqlErrors.NotSupported(start, $"Routines are not written in {language}.", "The languages are sql and plpgsql; functions in C# are registered with BareMetalFunctions.");
                language = language.ToLowerInvariant();
            }
            else if (IsWord("IMMUTABLE") || IsWord("STABLE") || IsWord("VOLATILE"))
            {
                volatility = Text(Current).ToString().ToLowerInvariant();
                Advance();
            }
            else if (TryTakeWord("STRICT"))
            {
                strict = true;
            }
            else if (TryTakeWord("CALLED"))
            {
                Expect(Keyword.On);
                Expect(Keyword.Null);
                if (!TryTakeWord("INPUT"))
                    throw Expected("INPUT", "INPUT");
                strict = false;
            }
            else if (TryTakeRoutineOption())
            {
                // Says something to a planner or about rights that do not exist here.
            }
            else if (TryTake(Keyword.As))
            {
                bodyKind = RoutineBodyKind.Text;
                bodyPosition = Position;
                body = ParseString("the body, $$ … $$");
            }
            else if (bodyKind is null && TryTakeWord("RETURN"))
            {
                bodyKind = RoutineBodyKind.Return;
                bodyPosition = Position;
                int first = _at;
                RoutineParser(Current.Start, out SqlParser inner);
                inner.ParseExpression();
                SkipTo(inner);
                body = BareTextFrom(first);
                break;
            }
            else if (bodyKind is null && Is(Keyword.Begin) && Ahead(1).Kind == TokenKind.Word && Text(Ahead(1)).Equals("ATOMIC", StringComparison.OrdinalIgnoreCase))
            {
                Advance();
                Advance();
                bodyKind = RoutineBodyKind.Atomic;
                bodyPosition = Position;
                int from = Current.Start;
                RoutineParser(from, out SqlParser inner);
                while (!inner.Is(Keyword.End))
                {
                    inner.ParseTopStatement();
                    inner.Expect(TokenKind.Semicolon, "; behind a statement of the body");
                }

                SkipTo(inner);
                body = _text[from..Current.Start].TrimEnd();
                Expect(Keyword.End);
                break;
            }
            else
            {
                break;
            }
        }

        if (bodyKind is null)
            throw Expected("RETURNS, LANGUAGE, an attribute, or the body: AS $$ … $$, RETURN …, BEGIN ATOMIC … END", RoutineWords);
        if (bodyKind != RoutineBodyKind.Text && language is not (null or "sql"))
            throw SqlErrors.Syntax(bodyPosition, "RETURN … and BEGIN ATOMIC … END are bodies of the language sql.");
        if (language is null && bodyKind == RoutineBodyKind.Text)
            throw SqlErrors.At(position, SqlStates.InvalidFunctionDefinition, "No language is given.", "Write LANGUAGE sql.");
        return new CreateRoutineStatement
        {
            Position = position,
            Kind = kind,
            OrReplace = replace,
            Name = name,
            Parameters = [.. parameters],
            Returns = returns,
            ReturnsSet = returnsSet,
            Language = language ?? "sql",
            Volatility = volatility,
            Strict = strict,
            BodyKind = bodyKind.Value,
            Body = body,
            BodyPosition = bodyPosition,
        };
    }

    /// <summary>A parser over the same tokens that takes $n for parameters of the routine.</summary>
    private void RoutineParser(int start, out SqlParser inner)
    {
        inner = new SqlParser(_text, new SqlLexer(_text, start, _tokens[^1].End, Current.Line, Current.Column), allowParameters: true) { _depth = _depth };
    }

    /// <summary>Goes on behind what another parser of the same text has taken.</summary>
    private void SkipTo(SqlParser inner)
    {
        int offset = inner.Current.Start;
        while (Kind != TokenKind.End && Current.Start < offset)
            Advance();
    }

    /// <summary>Options that PostgreSQL's routines have and that mean nothing here.</summary>
    private bool TryTakeRoutineOption()
    {
        if (TryTakeWord("COST"))
        {
            ParseSignedInteger("a cost");
            return true;
        }

        if (Is(Keyword.Rows))
        {
            Advance();
            ParseSignedInteger("a number of rows");
            return true;
        }

        if (TryTakeWord("PARALLEL"))
        {
            ParseLabel("SAFE, RESTRICTED or UNSAFE");
            return true;
        }

        if (IsWord("LEAKPROOF") || IsWord("WINDOW"))
        {
            Advance();
            return true;
        }

        if (IsWord("SECURITY") || IsWord("EXTERNAL"))
        {
            if (TryTakeWord("EXTERNAL") && !IsWord("SECURITY"))
                throw Expected("SECURITY", "SECURITY");
            Advance();
            if (!TryTakeWord("INVOKER") && !TryTakeWord("DEFINER"))
                throw Expected("INVOKER or DEFINER", "INVOKER", "DEFINER");
            return true;
        }

        return false;
    }

    private List<RoutineParameterSyntax> ParseRoutineParameters()
    {
        var parameters = new List<RoutineParameterSyntax>();
        ExpectOpen();
        if (TryTake(TokenKind.CloseParenthesis))
            return parameters;
        do
        {
            SourcePosition position = Position;
            RoutineParameterMode mode = RoutineParameterMode.In;
            Identifier? name = null;
            if (TryTakeMode(ref mode))
            {
                if (!IsTypeEnd(1))
                    name = ParseParameterName();
            }
            else if (!IsTypeEnd(1) && !IsTypeOfSeveralWords)
            {
                // name [mode] type, as PostgreSQL takes it too
                name = ParseParameterName();
                TryTakeMode(ref mode);
            }

            TypeName type = ParseTypeName();
            string? text = null;
            if (TryTake(Keyword.Default) || TryTake(TokenKind.Equal) || TryTake(TokenKind.ColonEquals))
            {
                if (mode == RoutineParameterMode.Out)
                    throw SqlErrors.At(position, SqlStates.InvalidFunctionDefinition, "Only input parameters have defaults.");
                int first = _at;
                ParseExpression();
                text = BareTextFrom(first);
            }

            parameters.Add(new RoutineParameterSyntax { Position = position, Mode = mode, Name = name, Type = type, DefaultText = text });
        }
        while (TryTake(TokenKind.Comma));
        ExpectClose();
        return parameters;
    }

    private bool TryTakeMode(ref RoutineParameterMode mode)
    {
        if (Is(Keyword.Variadic))
            throw SqlErrors.NotSupported(Position, "VARIADIC parameters are not supported.", "Take an array.");
        if (Is(Keyword.In))
        {
            Advance();
            mode = TryTakeWord("OUT") ? RoutineParameterMode.InOut : RoutineParameterMode.In;
            return true;
        }

        if (IsWord("OUT") && !IsTypeEnd(1))
        {
            Advance();
            mode = RoutineParameterMode.Out;
            return true;
        }

        if (IsWord("INOUT") && !IsTypeEnd(1))
        {
            Advance();
            mode = RoutineParameterMode.InOut;
            return true;
        }

        return false;
    }

    private Identifier ParseParameterName()
    {
        if (!IsFunctionName(Current))
            throw Expected("the name of a parameter");
        return TakeIdentifier();
    }

    /// <summary>Whether a type that begins here may end before the token ahead: there is no name in front of it.</summary>
    private bool IsTypeEnd(int ahead) => Ahead(ahead).Kind is TokenKind.Comma or TokenKind.CloseParenthesis or TokenKind.OpenParenthesis or TokenKind.OpenBracket
        or TokenKind.Equal or TokenKind.ColonEquals or TokenKind.Dot || Ahead(ahead).Keyword is Keyword.Default or Keyword.Array;

    private bool IsTypeOfSeveralWords => Is(Keyword.Double, Keyword.Precision) || (Word is Keyword.Character or Keyword.Char && Ahead(1).Keyword == Keyword.Varying)
        || Is(Keyword.National) || (Word is Keyword.Timestamp or Keyword.Time && Ahead(1).Keyword is Keyword.With or Keyword.Without);

    private RoutineReference ParseRoutineReference()
    {
        SourcePosition position = Position;
        ObjectName name = ParseRoutineName();
        if (!Is(TokenKind.OpenParenthesis))
            return new RoutineReference { Position = position, Name = name };
        var types = new List<TypeName>();
        foreach (RoutineParameterSyntax parameter in ParseRoutineParameters())
        {
            // Output parameters may be written and say nothing.
            if (parameter.Mode != RoutineParameterMode.Out)
                types.Add(parameter.Type);
        }

        return new RoutineReference { Position = position, Name = name, Arguments = [.. types] };
    }

    private DropRoutineStatement ParseDropRoutine(SourcePosition position)
    {
        RoutineKind? kind = TakeRoutineKind();
        bool ifExists = ParseIfExists();
        var routines = new List<RoutineReference>();
        do
        {
            routines.Add(ParseRoutineReference());
        }
        while (TryTake(TokenKind.Comma));
        return new DropRoutineStatement { Position = position, Kind = kind, Routines = [.. routines], IfExists = ifExists, Cascade = ParseDropBehaviour() };
    }

    private AlterRoutineStatement ParseAlterRoutine(SourcePosition position)
    {
        RoutineKind? kind = TakeRoutineKind();
        RoutineReference routine = ParseRoutineReference();
        if (TryTake(Keyword.Rename, Keyword.To))
            return new AlterRoutineStatement { Position = position, Kind = kind, Routine = routine, NewName = ParseParameterName() };
        if (TryTake(Keyword.Set, Keyword.Schema))
            return new AlterRoutineStatement { Position = position, Kind = kind, Routine = routine, NewSchema = ParseName("the name of a schema") };
        string? volatility = null;
        bool? strict = null;
        bool any = false;
        while (true)
        {
            if (IsWord("IMMUTABLE") || IsWord("STABLE") || IsWord("VOLATILE"))
            {
                volatility = Text(Current).ToString().ToLowerInvariant();
                Advance();
            }
            else if (TryTakeWord("STRICT"))
            {
                strict = true;
            }
            else if (TryTakeWord("CALLED") || (IsWord("RETURNS") && Ahead(1).Keyword == Keyword.Null))
            {
                strict = TryTakeWord("RETURNS");
                if (strict.Value)
                    Expect(Keyword.Null);
                Expect(Keyword.On);
                Expect(Keyword.Null);
                if (!TryTakeWord("INPUT"))
                    throw Expected("INPUT", "INPUT");
            }
            else if (!TryTakeRoutineOption())
            {
                break;
            }

            any = true;
        }

        if (!any)
            throw Expected("RENAME TO, SET SCHEMA or an attribute", "RENAME", "SET", "IMMUTABLE", "STABLE", "VOLATILE", "STRICT");
        return new AlterRoutineStatement { Position = position, Kind = kind, Routine = routine, Volatility = volatility, Strict = strict };
    }

    private CallStatement ParseCallStatement()
    {
        SourcePosition position = Position;
        Advance();
        ParameterExpression? result = null;
        if (Kind == TokenKind.NumberedParameter)
        {
            result = ParseParameter();
            Expect(TokenKind.Equal, "=");
        }

        ObjectName name = ParseRoutineName();
        if (!Is(TokenKind.OpenParenthesis))
            throw Expected("( and the arguments");
        CallExpression call = ParseCall(name);
        if (call.Star || call.Distinct || call.Variadic || call.OrderBy.Length > 0 || call.Over is not null || call.Filter is not null || call.WithinGroup.Length > 0)
            throw SqlErrors.Syntax(call.Position, "CALL takes arguments only.");
        return new CallStatement { Position = position, Call = call, Result = result };
    }

    // ---- bodies

    /// <summary>The statements of a routine's body of the language sql.</summary>
    public static Statement[] ParseSqlBody(string text)
    {
        var parser = new SqlParser(text, new SqlLexer(text), allowParameters: true);
        var statements = new List<Statement>();
        while (parser.TryTake(TokenKind.Semicolon))
        {
        }

        while (parser.Kind != TokenKind.End)
        {
            statements.Add(parser.ParseTopStatement());
            if (parser.Kind != TokenKind.End)
                parser.Expect(TokenKind.Semicolon, "; behind a statement of the body");
            while (parser.TryTake(TokenKind.Semicolon))
            {
            }
        }

        return [.. statements];
    }

    /// <summary>An expression whose parameters are $n: the body RETURN ….</summary>
    public static Expression ParseRoutineExpression(string text)
    {
        var parser = new SqlParser(text, new SqlLexer(text), allowParameters: true);
        Expression expression = parser.ParseExpression();
        parser.ExpectEnd();
        return expression;
    }

    /// <summary>The block of a routine's body of the language plpgsql.</summary>
    public static DoStatement ParseBlockBody(string text)
    {
        var parser = new SqlParser(text, new SqlLexer(text), allowParameters: true) { _inBlock = true };
        SourcePosition position = parser.Position;
        VariableDeclaration[] variables = parser.ParseDeclarations();
        Statement[] body = parser.ParseBlock();
        parser.TryTake(TokenKind.Semicolon);
        parser.ExpectEnd();
        return new DoStatement { Position = position, Variables = variables, Body = body };
    }

    private VariableDeclaration[] ParseDeclarations()
    {
        if (!TryTake(Keyword.Declare))
            return [];
        var variables = new List<VariableDeclaration>();
        while (!Is(Keyword.Begin))
        {
            SourcePosition position = Position;
            Identifier name = ParseParameterName();
            bool constant = TryTakeWord("CONSTANT");
            if (IsWord("ALIAS") || IsWord("CURSOR"))
                throw SqlErrors.NotSupported(Position, $"{Text(Current).ToString().ToUpperInvariant()} is not supported.", "Variables have types of columns.");
            TypeName type = ParseTypeName();
            if (Is(TokenKind.Percent))
                throw SqlErrors.NotSupported(Position, "%TYPE and %ROWTYPE are not supported.", "Write the type.");
            bool notNull = TryTake(Keyword.Not, Keyword.Null);
            Expression? value = TryTake(Keyword.Default) || TryTake(TokenKind.Equal) || TryTake(TokenKind.ColonEquals) ? ParseExpression() : null;
            Expect(TokenKind.Semicolon, "; behind a variable");
            variables.Add(new VariableDeclaration { Position = position, Name = name, Type = type, Value = value, IsConstant = constant, NotNull = notNull });
        }

        return [.. variables];
    }

    /// <summary>INTO [STRICT] variables, when it stands here and means variables.</summary>
    private bool TryParseIntoVariables()
    {
        if (!_inBlock || !Is(Keyword.Into))
            return false;
        if (_into is not null)
            ThrowDuplicate("INTO");
        Advance();
        _intoStrict = TryTakeWord("STRICT");
        var targets = new List<Identifier>();
        do
        {
            targets.Add(ParseParameterName());
        }
        while (TryTake(TokenKind.Comma));
        _into = [.. targets];
        return true;
    }

    /// <summary>A statement of a block, wrapped when it puts its row into variables.</summary>
    private Statement ParseBlockSql()
    {
        SourcePosition position = Position;
        _into = null;
        Statement statement = ParseTopStatement();
        Identifier[]? targets = _into;
        _into = null;
        return targets is null ? statement : new IntoStatement { Position = position, Inner = statement, Targets = targets, Strict = _intoStrict };
    }

    /// <summary>The statements that only blocks have; null when this is none of them.</summary>
    private Statement? TryParseBlockOnly()
    {
        SourcePosition position = Position;
        if (IsFunctionName(Current) && Ahead(1).Kind is TokenKind.ColonEquals or TokenKind.Equal)
        {
            Identifier target = TakeIdentifier();
            Advance();
            return new AssignmentStatement { Position = position, Target = target, Value = ParseExpression() };
        }

        if (TryTakeWord("RETURN"))
        {
            if (Is(TokenKind.Semicolon))
                return new ReturnStatement { Position = position };
            if (TryTakeWord("QUERY"))
                return new ReturnStatement { Position = position, Query = ParseTopStatement() };
            if (Is(Keyword.Next))
                throw SqlErrors.NotSupported(Position, "RETURN NEXT is not supported.", "Use RETURN QUERY SELECT ….");
            return new ReturnStatement { Position = position, Value = ParseExpression() };
        }

        if (IsWord("GET"))
        {
            Advance();
            TryTake(Keyword.Current);
            if (!TryTakeWord("DIAGNOSTICS"))
                throw Expected("DIAGNOSTICS", "DIAGNOSTICS");
            var targets = new List<Identifier>();
            do
            {
                targets.Add(ParseParameterName());
                if (!TryTake(TokenKind.Equal) && !TryTake(TokenKind.ColonEquals))
                    throw Expected("=");
                if (!TryTakeWord("ROW_COUNT"))
                    throw Expected("ROW_COUNT", "ROW_COUNT");
            }
            while (TryTake(TokenKind.Comma));
            return new DiagnosticsStatement { Position = position, Targets = [.. targets] };
        }

        if (IsWord("WHILE") || IsWord("LOOP"))
        {
            Enter(position);
            Expression? condition = TryTakeWord("WHILE") ? ParseExpression() : null;
            if (!TryTakeWord("LOOP"))
                throw Expected("LOOP", "LOOP");
            Statement[] body = ParseBlockStatements();
            if (!TryTake(Keyword.End) || !TryTakeWord("LOOP"))
                throw Expected("a statement or END LOOP", StatementWords);
            Leave();
            return new LoopStatement { Position = position, Condition = condition, Body = body };
        }

        if (IsWord("EXIT") || Is(Keyword.Continue))
        {
            bool isContinue = Is(Keyword.Continue);
            Advance();
            return new LeaveLoopStatement { Position = position, IsContinue = isContinue, When = TryTake(Keyword.When) ? ParseExpression() : null };
        }

        if (Is(Keyword.For) || IsWord("FOREACH"))
            throw SqlErrors.NotSupported(position, "FOR loops are not supported.", "Use WHILE, or one statement over all rows.");
        return null;
    }
}
