using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// INSERT, UPDATE, DELETE, TRUNCATE and the statements about plans and upkeep.
internal sealed partial class SqlParser
{
    private InsertStatement ParseInsert(WithClause? with)
    {
        SourcePosition position = Position;
        Expect(Keyword.Insert);
        Expect(Keyword.Into);
        ObjectName table = ParseObjectName("the name of a table");
        Identifier? alias = TryTake(Keyword.As) ? ParseName("an alias") : null;
        Identifier[]? columns = null;
        if (Is(TokenKind.OpenParenthesis)
            && !(Ahead(1).Kind == TokenKind.OpenParenthesis || Ahead(1).Keyword is Keyword.Select or Keyword.With or Keyword.Table
                || (Ahead(1).Keyword == Keyword.Values && Ahead(2).Kind == TokenKind.OpenParenthesis)))
        {
            columns = ParseNameList("the name of a column");
        }

        OverridingKind overriding = ParseOverriding();
        Query? source = null;
        if (TryTake(Keyword.Default))
        {
            Expect(Keyword.Values);
            if (columns is not null)
                throw SqlErrors.Syntax(position, "DEFAULT VALUES goes without a list of columns.");
        }
        else if (IsQueryStart || Is(TokenKind.OpenParenthesis))
        {
            source = ParseQuery();
        }
        else
        {
            throw Expected("VALUES, a query or DEFAULT VALUES", "VALUES", "SELECT", "DEFAULT");
        }

        OnConflictClause? conflict = Is(Keyword.On, Keyword.Conflict) ? ParseOnConflict() : null;
        return new InsertStatement
        {
            Position = position,
            With = with,
            Table = table,
            Alias = alias,
            Columns = columns,
            Overriding = overriding,
            Source = source,
            OnConflict = conflict,
            Returning = ParseReturning(),
        };
    }

    private OnConflictClause ParseOnConflict()
    {
        SourcePosition position = Position;
        Advance();
        Advance();
        var target = new List<ConflictTargetItem>();
        Expression? targetWhere = null;
        Identifier? constraint = null;
        if (TryTake(TokenKind.OpenParenthesis))
        {
            do
            {
                SourcePosition start = Position;
                Expression item = ParseExpression();
                ObjectName? collation = null;
                if (item is CollateExpression collate)
                {
                    item = collate.Operand;
                    collation = collate.Collation;
                }
                target.Add(new ConflictTargetItem { Position = start, Expression = item, Collation = collation });
            }
            while (TryTake(TokenKind.Comma));
            ExpectClose();
            if (TryTake(Keyword.Where))
                targetWhere = ParseExpression();
        }
        else if (TryTake(Keyword.On))
        {
            Expect(Keyword.Constraint);
            constraint = ParseName("the name of a constraint");
        }

        Expect(Keyword.Do);
        if (TryTake(Keyword.Nothing))
        {
            return new OnConflictClause { Position = position, Target = [.. target], TargetWhere = targetWhere, Constraint = constraint };
        }

        if (!TryTake(Keyword.Update))
            throw Expected("NOTHING or UPDATE", "NOTHING", "UPDATE");
        if (target.Count == 0 && constraint is null)
            throw SqlErrors.Syntax(position, "ON CONFLICT DO UPDATE needs a target.", "Name the columns of a unique key: ON CONFLICT (id) DO UPDATE ….");
        Expect(Keyword.Set);
        Assignment[] update = ParseAssignments();
        Expression? where = TryTake(Keyword.Where) ? ParseExpression() : null;
        return new OnConflictClause
        {
            Position = position, Target = [.. target], TargetWhere = targetWhere, Constraint = constraint, Update = update, Where = where,
        };
    }

    private SelectItem[]? ParseReturning()
    {
        if (!TryTake(Keyword.Returning))
            return null;
        SelectItem[] items = ParseSelectItems();
        TryParseIntoVariables();
        return items;
    }

    private Assignment[] ParseAssignments()
    {
        var assignments = new List<Assignment>();
        do
        {
            SourcePosition position = Position;
            bool isRow = Is(TokenKind.OpenParenthesis);
            Identifier[] columns;
            if (isRow)
            {
                columns = ParseNameList("the name of a column");
            }
            else
            {
                columns = [ParseName("the name of a column")];
                if (Is(TokenKind.Dot))
                    throw SqlErrors.Syntax(Position, "The column that SET assigns stands without its table.", "Write SET column = …; the table is the one updated.");
            }

            Expect(TokenKind.Equal, "=");
            SourcePosition valuePosition = Position;
            Expression value = ParseExpression();
            if (isRow && columns.Length > 1)
            {
                if (value is RowExpression row)
                {
                    if (row.Items.Length != columns.Length)
                        throw SqlErrors.Syntax(valuePosition, $"{columns.Length} columns are assigned, but {row.Items.Length} values given.");
                }
                else if (value is not SubqueryExpression)
                {
                    throw SqlErrors.Syntax(valuePosition, "Several columns are assigned from a row or a query.", "Write (a, b) = (x, y) or (a, b) = (SELECT x, y …).");
                }
            }

            assignments.Add(new Assignment { Position = position, Columns = columns, Value = value, IsRow = isRow });
        }
        while (TryTake(TokenKind.Comma));
        return [.. assignments];
    }

    private UpdateStatement ParseUpdate(WithClause? with)
    {
        SourcePosition position = Position;
        Expect(Keyword.Update);
        TryTake(Keyword.Only);
        ObjectName table = ParseObjectName("the name of a table");
        Identifier? alias = ParseTargetAlias();
        Expect(Keyword.Set);
        Assignment[] assignments = ParseAssignments();
        TableReference[] from = TryTake(Keyword.From) ? ParseFromList() : [];
        Expression? where = TryTake(Keyword.Where) ? ParseExpression() : null;
        return new UpdateStatement
        {
            Position = position,
            With = with,
            Table = table,
            Alias = alias,
            Assignments = assignments,
            From = from,
            Where = where,
            Returning = ParseReturning(),
        };
    }

    private DeleteStatement ParseDelete(WithClause? with)
    {
        SourcePosition position = Position;
        Expect(Keyword.Delete);
        Expect(Keyword.From);
        TryTake(Keyword.Only);
        ObjectName table = ParseObjectName("the name of a table");
        Identifier? alias = ParseTargetAlias();
        TableReference[] from = TryTake(Keyword.Using) ? ParseFromList() : [];
        Expression? where = TryTake(Keyword.Where) ? ParseExpression() : null;
        return new DeleteStatement
        {
            Position = position, With = with, Table = table, Alias = alias, Using = from, Where = where, Returning = ParseReturning(),
        };
    }

    private Identifier? ParseTargetAlias()
    {
        if (TryTake(Keyword.As))
            return ParseName("an alias");
        return IsName(Current) && Word != Keyword.Set ? TakeIdentifier() : null;
    }

    private TruncateStatement ParseTruncate()
    {
        SourcePosition position = Position;
        Advance();
        TryTake(Keyword.Table);
        var tables = new List<ObjectName>();
        do
        {
            TryTake(Keyword.Only);
            tables.Add(ParseObjectName("the name of a table"));
        }
        while (TryTake(TokenKind.Comma));
        bool restart = TryTake(Keyword.Restart, Keyword.Identity);
        if (!restart)
            TryTake(Keyword.Continue, Keyword.Identity);
        return new TruncateStatement { Position = position, Tables = [.. tables], RestartIdentity = restart, Cascade = ParseDropBehaviour() };
    }

    private ExplainStatement ParseExplain()
    {
        SourcePosition position = Position;
        Advance();
        bool analyze = false;
        bool verbose = false;
        ExplainFormat format = ExplainFormat.Text;
        if (Is(TokenKind.OpenParenthesis) && Ahead(1).Kind == TokenKind.Word
            && Ahead(1).Keyword is not (Keyword.Select or Keyword.With or Keyword.Values or Keyword.Table))
        {
            Advance();
            do
            {
                if (TryTake(Keyword.Analyze))
                {
                    analyze = ParseOptionFlag();
                }
                else if (TryTake(Keyword.Verbose))
                {
                    verbose = ParseOptionFlag();
                }
                else if (TryTake(Keyword.Format))
                {
                    if (TryTakeWord("JSON"))
                        format = ExplainFormat.Json;
                    else if (!TryTakeWord("TEXT"))
                        throw Expected("TEXT or JSON", "TEXT", "JSON");
                }
                else
                {
                    throw Expected("an option of EXPLAIN: ANALYZE, VERBOSE or FORMAT", "ANALYZE", "VERBOSE", "FORMAT");
                }
            }
            while (TryTake(TokenKind.Comma));
            ExpectClose();
        }
        else
        {
            analyze = TryTake(Keyword.Analyze);
            verbose = TryTake(Keyword.Verbose);
        }

        Statement statement = ParseTopStatement();
        if (statement is not (QueryStatement or InsertStatement or UpdateStatement or DeleteStatement or MergeStatement or CreateTableStatement { As: not null }))
            throw SqlErrors.Syntax(statement.Position, "EXPLAIN shows the plan of a query, INSERT, UPDATE, DELETE, MERGE or CREATE TABLE … AS.");
        return new ExplainStatement { Position = position, Statement = statement, Analyze = analyze, Verbose = verbose, Format = format };
    }

    private bool ParseOptionFlag()
    {
        if (TryTake(Keyword.True) || TryTake(Keyword.On))
            return true;
        if (TryTake(Keyword.False) || TryTakeWord("OFF"))
            return false;
        if (!Is(TokenKind.Integer))
            return true;
        bool on = Text(Current) is not "0";
        Advance();
        return on;
    }

    private AnalyzeStatement ParseAnalyze()
    {
        SourcePosition position = Position;
        Advance();
        TryTake(Keyword.Verbose);
        if (!IsName(Current))
            return new AnalyzeStatement { Position = position };
        ObjectName table = ParseObjectName("the name of a table");
        Identifier[] columns = Is(TokenKind.OpenParenthesis) ? ParseNameList("the name of a column") : [];
        return new AnalyzeStatement { Position = position, Table = table, Columns = columns };
    }

    private static readonly string[] IgnoredVacuumOptions =
        ["FREEZE", "DISABLE_PAGE_SKIPPING", "SKIP_LOCKED", "INDEX_CLEANUP", "PROCESS_MAIN", "PROCESS_TOAST", "TRUNCATE", "PARALLEL", "BUFFER_USAGE_LIMIT"];

    /// <summary>VACUUM [(option [value], …) | FULL VERBOSE ANALYZE] [table [(columns)], …]; options that have no meaning here are taken and change nothing.</summary>
    private VacuumStatement ParseVacuum()
    {
        SourcePosition position = Position;
        Advance();
        bool full = false, verbose = false, analyze = false;
        if (TryTake(TokenKind.OpenParenthesis))
        {
            do
            {
                if (TryTake(Keyword.Full))
                    full = ParseOptionFlag();
                else if (TryTake(Keyword.Verbose))
                    verbose = ParseOptionFlag();
                else if (TryTake(Keyword.Analyze))
                    analyze = ParseOptionFlag();
                else if (Array.Exists(IgnoredVacuumOptions, o => Text(Current).Equals(o, StringComparison.OrdinalIgnoreCase)))
                    SkipVacuumOption();
                else
                    throw Expected("an option of VACUUM: FULL, VERBOSE or ANALYZE", "FULL", "VERBOSE", "ANALYZE");
            }
            while (TryTake(TokenKind.Comma));
            ExpectClose();
        }
        else
        {
            full = TryTake(Keyword.Full);
            TryTakeWord("FREEZE");
            verbose = TryTake(Keyword.Verbose);
            analyze = TryTake(Keyword.Analyze);
        }

        List<ObjectName> tables = [];
        if (IsName(Current))
        {
            do
            {
                tables.Add(ParseObjectName("the name of a table"));
                if (Is(TokenKind.OpenParenthesis))
                    ParseNameList("the name of a column");
            }
            while (TryTake(TokenKind.Comma));
        }

        return new VacuumStatement { Position = position, Full = full, Verbose = verbose, Analyze = analyze, Tables = [.. tables] };
    }

    private void SkipVacuumOption()
    {
        Advance();
        if (!Is(TokenKind.Comma) && !Is(TokenKind.CloseParenthesis))
            Advance();
    }

    /// <summary>CHECK { DATABASE | TABLE name } [REPAIR].</summary>
    private CheckStatement ParseCheck()
    {
        SourcePosition position = Position;
        Advance();
        ObjectName? table = null;
        if (TryTake(Keyword.Table))
            table = ParseObjectName("the name of a table");
        else if (!TryTake(Keyword.Database))
            throw Expected("DATABASE or TABLE", "DATABASE", "TABLE");
        return new CheckStatement { Position = position, Table = table, Repair = TryTakeWord("REPAIR") };
    }

    /// <summary>PRAGMA integrity_check, as users of SQLite know it: 'ok', or a row for each problem.</summary>
    private CheckStatement ParsePragma()
    {
        SourcePosition position = Position;
        Advance();
        if (!TryTakeWord("integrity_check"))
            throw SqlErrors.At(Position, SqlStates.FeatureNotSupported, "PRAGMA knows integrity_check only.", "Settings are made by SET; see CHECK DATABASE.");
        return new CheckStatement { Position = position, AsPragma = true };
    }

    /// <summary>BACKUP DATABASE TO 'folder' [INCREMENTAL].</summary>
    private BackupStatement ParseBackup()
    {
        SourcePosition position = Position;
        Advance();
        Expect(Keyword.Database);
        Expect(Keyword.To);
        string folder = ParseString("the path of a folder");
        return new BackupStatement { Position = position, Folder = folder, Incremental = TryTakeWord("INCREMENTAL") };
    }

    private CheckpointStatement ParseCheckpoint()
    {
        SourcePosition position = Position;
        Advance();
        return new CheckpointStatement { Position = position };
    }

    /// <summary>CASCADE or RESTRICT; true for CASCADE.</summary>
    private bool ParseDropBehaviour()
    {
        if (TryTake(Keyword.Cascade))
            return true;
        TryTake(Keyword.Restrict);
        return false;
    }
}
