using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// Transactions, settings and DO blocks.
internal sealed partial class SqlParser
{
    private void SkipTransactionWord()
    {
        if (!TryTake(Keyword.Work))
            TryTake(Keyword.Transaction);
    }

    private BeginStatement ParseBegin()
    {
        SourcePosition position = Position;
        if (TryTake(Keyword.Start))
        {
            Expect(Keyword.Transaction);
        }
        else
        {
            Advance();
            SkipTransactionWord();
        }

        ParseTransactionModes(out IsolationLevelName? isolation, out bool? readOnly, out bool? deferrable);
        return new BeginStatement { Position = position, Isolation = isolation, ReadOnly = readOnly, Deferrable = deferrable };
    }

    private bool ParseTransactionModes(out IsolationLevelName? isolation, out bool? readOnly, out bool? deferrable)
    {
        isolation = null;
        readOnly = null;
        deferrable = null;
        bool any = false;
        while (true)
        {
            bool comma = any && TryTake(TokenKind.Comma);
            if (TryTake(Keyword.Isolation))
            {
                Expect(Keyword.Level);
                if (TryTake(Keyword.Serializable))
                {
                    isolation = IsolationLevelName.Serializable;
                }
                else if (TryTake(Keyword.Snapshot))
                {
                    isolation = IsolationLevelName.Snapshot;
                }
                else if (TryTake(Keyword.Repeatable))
                {
                    Expect(Keyword.Read);
                    isolation = IsolationLevelName.RepeatableRead;
                }
                else
                {
                    Expect(Keyword.Read);
                    isolation = TryTake(Keyword.Committed) ? IsolationLevelName.ReadCommitted
                        : TryTake(Keyword.Uncommitted) ? IsolationLevelName.ReadUncommitted
                        : throw Expected("COMMITTED or UNCOMMITTED", "COMMITTED", "UNCOMMITTED");
                }
            }
            else if (TryTake(Keyword.Read))
            {
                readOnly = TryTake(Keyword.Only) ? true
                    : TryTake(Keyword.Write) ? false
                    : throw Expected("ONLY or WRITE", "ONLY", "WRITE");
            }
            else if (TryTake(Keyword.Deferrable))
            {
                deferrable = true;
            }
            else if (TryTake(Keyword.Not, Keyword.Deferrable))
            {
                deferrable = false;
            }
            else if (comma)
            {
                throw Expected("ISOLATION LEVEL, READ ONLY, READ WRITE or DEFERRABLE", "ISOLATION", "READ", "DEFERRABLE");
            }
            else
            {
                return any;
            }

            any = true;
        }
    }

    private bool ParseChain()
    {
        if (TryTake(Keyword.And, Keyword.Chain))
            return true;
        TryTake(Keyword.And, Keyword.No, Keyword.Chain);
        return false;
    }

    private CommitStatement ParseCommit()
    {
        SourcePosition position = Position;
        Advance();
        SkipTransactionWord();
        return new CommitStatement { Position = position, Chain = ParseChain() };
    }

    private RollbackStatement ParseRollback()
    {
        SourcePosition position = Position;
        Advance();
        SkipTransactionWord();
        if (!TryTake(Keyword.To))
            return new RollbackStatement { Position = position, Chain = ParseChain() };
        TryTake(Keyword.Savepoint);
        return new RollbackStatement { Position = position, Savepoint = ParseName("the name of a savepoint") };
    }

    private SavepointStatement ParseSavepoint()
    {
        SourcePosition position = Position;
        Advance();
        return new SavepointStatement { Position = position, Name = ParseName("the name of a savepoint") };
    }

    private ReleaseSavepointStatement ParseRelease()
    {
        SourcePosition position = Position;
        Advance();
        TryTake(Keyword.Savepoint);
        return new ReleaseSavepointStatement { Position = position, Name = ParseName("the name of a savepoint") };
    }

    private Statement ParseSet()
    {
        SourcePosition position = Position;
        Advance();
        if (Is(Keyword.Session) && Ahead(1).Keyword == Keyword.Characteristics)
        {
            Advance();
            Advance();
            Expect(Keyword.As);
            Expect(Keyword.Transaction);
            return ParseSetTransaction(position, sessionDefault: true);
        }

        if (TryTake(Keyword.Transaction))
            return ParseSetTransaction(position, sessionDefault: false);
        SetScope scope = SetScope.Session;
        if (Is(Keyword.Local) && Ahead(1).Kind == TokenKind.Word)
        {
            Advance();
            scope = SetScope.Local;
        }
        else if (Is(Keyword.Session) && Ahead(1).Kind == TokenKind.Word && Ahead(1).Keyword != Keyword.To)
        {
            Advance();
        }

        if (TryTake(Keyword.Time, Keyword.Zone))
            return new SetStatement { Position = position, Scope = scope, Name = "time zone", Values = ParseSettingValues() };
        string name = ParseSettingName();
        if (!TryTake(Keyword.To))
            Expect(TokenKind.Equal, "TO or =");
        return new SetStatement { Position = position, Scope = scope, Name = name, Values = ParseSettingValues() };
    }

    private SetTransactionStatement ParseSetTransaction(SourcePosition position, bool sessionDefault)
    {
        if (!ParseTransactionModes(out IsolationLevelName? isolation, out bool? readOnly, out bool? deferrable))
            throw Expected("ISOLATION LEVEL, READ ONLY, READ WRITE or DEFERRABLE", "ISOLATION", "READ", "DEFERRABLE");
        return new SetTransactionStatement
        {
            Position = position, SessionDefault = sessionDefault, Isolation = isolation, ReadOnly = readOnly, Deferrable = deferrable,
        };
    }

    private string ParseSettingName()
    {
        string name = ParseName("the name of a setting").Name;
        while (TryTake(TokenKind.Dot))
            name += "." + ParseLabel("the name of a setting").Name;
        return name;
    }

    private Expression[]? ParseSettingValues()
    {
        if (TryTake(Keyword.Default))
            return null;
        var values = new List<Expression>();
        do
        {
            SourcePosition position = Position;
            if (Kind is TokenKind.Word && Word is not (Keyword.True or Keyword.False or Keyword.Null))
            {
                // ON, LOCAL, and names of collations, levels and the like.
                values.Add(new LiteralExpression { Position = position, Kind = LiteralKind.String, Value = TakeIdentifier().Name });
            }
            else if (Kind == TokenKind.QuotedIdentifier)
            {
                values.Add(new LiteralExpression { Position = position, Kind = LiteralKind.String, Value = TakeIdentifier().Name });
            }
            else
            {
                values.Add(ParseExpression(Precedence.Sign));
            }
        }
        while (TryTake(TokenKind.Comma));
        return [.. values];
    }

    private SetStatement ParseReset()
    {
        SourcePosition position = Position;
        Advance();
        string name;
        if (TryTake(Keyword.All))
            name = "all";
        else if (TryTake(Keyword.Time, Keyword.Zone))
            name = "time zone";
        else
            name = ParseSettingName();
        return new SetStatement { Position = position, Scope = SetScope.Session, Name = name, Values = null };
    }

    private DiscardStatement ParseDiscard()
    {
        SourcePosition position = Position;
        Advance();
        DiscardKind kind = TryTake(Keyword.All) ? DiscardKind.All
            : TryTake(Keyword.Temp) || TryTake(Keyword.Temporary) ? DiscardKind.Temporary
            : TryTakeWord("PLANS") ? DiscardKind.Plans
            : TryTakeWord("SEQUENCES") ? DiscardKind.Sequences
            : throw Expected("ALL, TEMP, PLANS or SEQUENCES", "ALL", "TEMP", "PLANS", "SEQUENCES");
        return new DiscardStatement { Position = position, Kind = kind };
    }

    private ShowStatement ParseShow()
    {
        SourcePosition position = Position;
        Advance();
        string name;
        if (TryTake(Keyword.All))
            name = "all";
        else if (TryTake(Keyword.Time, Keyword.Zone))
            name = "time zone";
        else if (TryTake(Keyword.Transaction, Keyword.Isolation, Keyword.Level))
            name = "transaction_isolation";
        else
            name = ParseSettingName();
        return new ShowStatement { Position = position, Name = name };
    }

    // ---- DO

    private DoStatement ParseDo()
    {
        SourcePosition position = Position;
        Advance();
        ParseLanguage();
        if (!IsString)
            throw Expected("the text of a block, $$ BEGIN … END $$");
        Token token = Current;
        SqlParser body = BlockParser(token);
        Advance();
        ParseLanguage();
        body._depth = _depth;
        VariableDeclaration[] variables = body.ParseDeclarations();
        Statement[] statements = body.ParseBlock();
        body.TryTake(TokenKind.Semicolon);
        body.ExpectEnd();
        return new DoStatement { Position = position, Variables = variables, Body = statements };
    }

    private void ParseLanguage()
    {
        if (!TryTake(Keyword.Language))
            return;
        SourcePosition position = Position;
        string language = IsString ? TakeString() : ParseName("the name of a language").Name;
        if (!language.Equals("plpgsql", StringComparison.OrdinalIgnoreCase) && !language.Equals("sql", StringComparison.OrdinalIgnoreCase))
            throw SqlErrors.NotSupported(position, $"DO blocks are not written in {language}.", "Only statements with IF, RAISE and PERFORM are supported.");
    }

    /// <summary>A parser of the block's text; its positions are those of the whole text wherever the literal has no escapes.</summary>
    private SqlParser BlockParser(in Token token)
    {
        ReadOnlySpan<char> literal = Text(token);
        int open = token.Kind == TokenKind.DollarString ? literal[1..].IndexOf('$') + 2 : literal.IndexOf('\'') + 1;
        int close = token.Kind == TokenKind.DollarString ? open : 1;
        bool verbatim = token.Kind == TokenKind.DollarString || literal[open..^close].IndexOfAny('\'', '\\') < 0;
        if (verbatim)
        {
            var lexer = new SqlLexer(_text, token.Start + open, token.End - close, token.Line, token.Column + open);
            return new SqlParser(_text, lexer, allowParameters: false) { _inBlock = true };
        }

        string text = StringValue(token);
        return new SqlParser(text, new SqlLexer(text), allowParameters: false) { _inBlock = true };
    }

    private Statement[] ParseBlock()
    {
        if (!TryTake(Keyword.Begin))
            throw Expected("BEGIN", "BEGIN");
        Statement[] statements = ParseBlockStatements();
        if (IsWord("EXCEPTION"))
            throw SqlErrors.NotSupported(Position, "Exception handlers in DO blocks are not supported.");
        if (!TryTake(Keyword.End))
            throw Expected("a statement or END", StatementWords);
        return statements;
    }

    private Statement[] ParseBlockStatements()
    {
        var statements = new List<Statement>();
        while (!(Word is Keyword.End or Keyword.Else or Keyword.Elsif or Keyword.Elseif || Is(TokenKind.End) || IsWord("EXCEPTION")))
        {
            statements.Add(ParseBlockStatement());
            Expect(TokenKind.Semicolon, "; behind a statement of the block");
        }
        return [.. statements];
    }

    private Statement ParseBlockStatement()
    {
        SourcePosition position = Position;
        switch (Word)
        {
            case Keyword.If:
                return ParseIf();
            case Keyword.Raise:
                return ParseRaise();
            case Keyword.Perform:
            {
                // PERFORM is SELECT whose rows are thrown away.
                Query query = ParsePerform();
                return new PerformStatement { Position = position, Query = query };
            }

            case Keyword.Null when Ahead(1).Kind == TokenKind.Semicolon:
                Advance();
                return new PerformStatement { Position = position, Query = null };
            case Keyword.Begin or Keyword.Declare:
            {
                Enter(position);
                VariableDeclaration[] variables = ParseDeclarations();
                Statement[] body = ParseBlock();
                Leave();
                return new DoStatement { Position = position, Variables = variables, Body = body };
            }

            case Keyword.Commit or Keyword.Rollback or Keyword.Start or Keyword.Savepoint or Keyword.Release or Keyword.Do:
                throw SqlErrors.NotSupported(position, $"{Keywords.Spell(Word)} cannot stand in a block.", "Begin and end transactions around the block.");
            default:
                return TryParseBlockOnly() ?? ParseBlockSql();
        }
    }

    private Query ParsePerform()
    {
        SourcePosition position = Position;
        Enter(position);
        QueryBody body = ParseSetOperations(ParseSelect(), isIntersect: false);
        Query query = ParseQueryTail(null, body, position);
        Leave();
        return query;
    }

    private IfStatement ParseIf()
    {
        SourcePosition position = Position;
        Enter(position);
        var branches = new List<IfBranch>();
        do
        {
            SourcePosition start = Position;
            Advance();
            Expression condition = ParseExpression();
            Expect(Keyword.Then);
            branches.Add(new IfBranch { Position = start, Condition = condition, Body = ParseBlockStatements() });
        }
        while (Word is Keyword.Elsif or Keyword.Elseif);
        Statement[] otherwise = TryTake(Keyword.Else) ? ParseBlockStatements() : [];
        if (!TryTake(Keyword.End))
            throw Expected("a statement, ELSIF, ELSE or END IF", "ELSIF", "ELSE", "END");
        Expect(Keyword.If);
        Leave();
        return new IfStatement { Position = position, Branches = [.. branches], Else = otherwise };
    }

    private static readonly string[] RaiseLevels = ["exception", "warning", "notice", "info", "log", "debug"];

    private RaiseStatement ParseRaise()
    {
        SourcePosition position = Position;
        Advance();
        string level = "exception";
        if (Kind == TokenKind.Word && Word != Keyword.Using)
        {
            string word = Text(Current).ToString().ToLowerInvariant();
            if (Array.IndexOf(RaiseLevels, word) < 0)
                throw Expected("EXCEPTION, WARNING, NOTICE, INFO, LOG, DEBUG or a message", RaiseLevels);
            level = word;
            Advance();
        }

        string message = ParseString("the message");
        var arguments = new List<Expression>();
        while (TryTake(TokenKind.Comma))
            arguments.Add(ParseExpression());
        string? state = null;
        if (TryTake(Keyword.Using))
        {
            Expect(Keyword.Errcode);
            Expect(TokenKind.Equal, "=");
            SourcePosition statePosition = Position;
            state = ParseString("a SQLSTATE");
            if (state.Length != 5 || !state.AsSpan().ContainsOnlyStateCharacters())
                throw SqlErrors.At(statePosition, SqlStates.InvalidParameterValue, $"'{state}' is no SQLSTATE.", "A SQLSTATE has five digits or capital letters.");
        }

        return new RaiseStatement { Position = position, Level = level, Message = message, Arguments = [.. arguments], SqlState = state };
    }
}

file static class StateCharacters
{
    public static bool ContainsOnlyStateCharacters(this ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiDigit(c) && !char.IsAsciiLetterUpper(c))
                return false;
        }
        return true;
    }
}
