using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// Queries: WITH, set operations, SELECT, FROM.
internal sealed partial class SqlParser
{
    private bool IsQueryStart =>
        Word is Keyword.Select or Keyword.With or Keyword.Table || (Word == Keyword.Values && Ahead(1).Kind == TokenKind.OpenParenthesis);

    private bool IsQueryContinuation =>
        Word is Keyword.Union or Keyword.Intersect or Keyword.Except or Keyword.Order or Keyword.Limit or Keyword.Offset or Keyword.Fetch or Keyword.For;

    private Query ParseQuery()
    {
        SourcePosition position = Position;
        return ParseQueryAfterWith(Is(Keyword.With) ? ParseWith() : null, position);
    }

    private Query ParseQueryAfterWith(WithClause? with, SourcePosition position)
    {
        Enter(position);
        int siblings = _height;
        _height = 0;
        QueryBody body = ParseSetOperations(ParseQueryOperand(), isIntersect: false);
        Query query = ParseQueryTail(with, body, position);
        _height = Math.Max(_height, siblings);
        Leave();
        return query;
    }

    /// <summary>A query whose first operand, in parentheses, has been taken already.</summary>
    private Query ParseQueryContinuation(Query first)
    {
        Enter(first.Position);
        QueryBody body = ParseSetOperations(new NestedBody { Position = first.Position, Query = first }, isIntersect: false);
        Query query = ParseQueryTail(null, body, first.Position);
        Leave();
        return query;
    }

    private WithClause ParseWith()
    {
        SourcePosition position = Position;
        Expect(Keyword.With);
        bool recursive = TryTake(Keyword.Recursive);
        var expressions = new List<CommonTableExpression>();
        do
        {
            SourcePosition start = Position;
            Identifier name = ParseName("the name of a common table expression");
            Identifier[] columns = Is(TokenKind.OpenParenthesis) ? ParseNameList("the name of a column") : [];
            Expect(Keyword.As);
            bool? materialized = null;
            if (TryTake(Keyword.Materialized))
                materialized = true;
            else if (TryTake(Keyword.Not, Keyword.Materialized))
                materialized = false;
            ExpectOpen();
            Enter(start);
            Statement body = Word switch
            {
                Keyword.Insert => ParseInsert(null),
                Keyword.Update => ParseUpdate(null),
                Keyword.Delete => ParseDelete(null),
                Keyword.With => ParseWithStatement(),
                _ when IsWord("MERGE") => ParseMerge(null),
                _ when IsQueryStart || Is(TokenKind.OpenParenthesis) => ParseQueryStatement(),
                _ => throw Expected("a query, INSERT, UPDATE, DELETE or MERGE", "SELECT", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"),
            };
            Leave();
            ExpectClose();
            expressions.Add(new CommonTableExpression
            {
                Position = start, Name = name, Columns = columns, Materialized = materialized, Body = body,
            });
        }
        while (TryTake(TokenKind.Comma));
        return new WithClause { Position = position, Recursive = recursive, Expressions = [.. expressions] };
    }

    private QueryBody ParseQueryOperand()
    {
        SourcePosition position = Position;
        switch (Word)
        {
            case Keyword.Select:
                return ParseSelect();
            case Keyword.Values:
                return ParseValues();
            case Keyword.Table:
            {
                Advance();
                ObjectName name = ParseObjectName("the name of a table");
                return new SelectBody
                {
                    Position = position,
                    Items = [new SelectItem { Position = position, Expression = new StarExpression { Position = position } }],
                    From = [new NamedTableReference { Position = name.Position, Name = name }],
                };
            }
        }

        if (!TryTake(TokenKind.OpenParenthesis))
            throw Expected("SELECT, VALUES, TABLE or a query in parentheses", "SELECT", "VALUES", "TABLE");
        Query query = ParseQuery();
        ExpectClose();
        return new NestedBody { Position = position, Query = query };
    }

    /// <summary>UNION and EXCEPT from left to right, INTERSECT before them.</summary>
    private QueryBody ParseSetOperations(QueryBody left, bool isIntersect)
    {
        if (!isIntersect)
            left = ParseSetOperations(left, isIntersect: true);
        while (isIntersect ? Is(Keyword.Intersect) : Word is Keyword.Union or Keyword.Except)
        {
            SourcePosition position = Position;
            SetOperator op = Word switch
            {
                Keyword.Union => SetOperator.Union,
                Keyword.Intersect => SetOperator.Intersect,
                _ => SetOperator.Except,
            };
            Advance();
            bool all = TryTake(Keyword.All);
            if (!all)
                TryTake(Keyword.Distinct);
            QueryBody right = ParseQueryOperand();
            if (!isIntersect)
                right = ParseSetOperations(right, isIntersect: true);
            left = new SetOperationBody { Position = position, Operator = op, All = all, Left = left, Right = right };
            Grow(position);
        }
        return left;
    }

    private Query ParseQueryTail(WithClause? with, QueryBody body, SourcePosition position)
    {
        SortItem[] orderBy = ParseOrderBy();
        Expression? limit = null;
        Expression? offset = null;
        bool hasLimit = false;
        bool withTies = false;
        List<LockingClause>? locking = null;
        while (true)
        {
            switch (Word)
            {
                case Keyword.Limit:
                    if (hasLimit)
                        ThrowDuplicate("LIMIT");
                    hasLimit = true;
                    Advance();
                    if (!TryTake(Keyword.All))
                        limit = ParseExpression();
                    if (Is(TokenKind.Comma))
                        throw SqlErrors.Syntax(Position, "LIMIT takes one number.", "Write LIMIT count OFFSET start.");
                    continue;
                case Keyword.Offset:
                    if (offset is not null)
                        ThrowDuplicate("OFFSET");
                    Advance();
                    offset = ParseExpression();
                    if (Word is Keyword.Row or Keyword.Rows)
                        Advance();
                    continue;
                case Keyword.Fetch:
                    if (hasLimit)
                        ThrowDuplicate("LIMIT");
                    hasLimit = true;
                    SourcePosition fetch = Position;
                    Advance();
                    if (!TryTake(Keyword.First) && !TryTake(Keyword.Next))
                        throw Expected("FIRST or NEXT", "FIRST", "NEXT");
                    limit = Word is Keyword.Row or Keyword.Rows ? Integer(fetch, 1) : ParseExpression(Precedence.Additive);
                    if (!TryTake(Keyword.Row) && !TryTake(Keyword.Rows))
                        throw Expected("ROW or ROWS", "ROW", "ROWS");
                    if (TryTake(Keyword.With, Keyword.Ties))
                        withTies = true;
                    else if (!TryTake(Keyword.Only))
                        throw Expected("ONLY or WITH TIES", "ONLY");
                    if (withTies && orderBy.Length == 0)
                        throw SqlErrors.Syntax(fetch, "WITH TIES needs an ORDER BY.");
                    continue;
                case Keyword.For:
                    (locking ??= []).Add(ParseLocking());
                    continue;
            }

            break;
        }

        return new Query
        {
            Position = position,
            With = with,
            Body = body,
            OrderBy = orderBy,
            Limit = limit,
            WithTies = withTies,
            Offset = offset,
            Locking = locking is null ? [] : [.. locking],
        };
    }

    private LockingClause ParseLocking()
    {
        SourcePosition position = Position;
        Advance();
        LockStrength strength;
        if (TryTake(Keyword.Update))
        {
            strength = LockStrength.Update;
        }
        else if (TryTake(Keyword.Share))
        {
            strength = LockStrength.Share;
        }
        else if (TryTake(Keyword.Key))
        {
            Expect(Keyword.Share);
            strength = LockStrength.KeyShare;
        }
        else if (TryTake(Keyword.No))
        {
            Expect(Keyword.Key);
            Expect(Keyword.Update);
            strength = LockStrength.NoKeyUpdate;
        }
        else
        {
            throw Expected("UPDATE, NO KEY UPDATE, SHARE or KEY SHARE", "UPDATE", "SHARE");
        }

        var of = new List<Identifier>();
        if (TryTake(Keyword.Of))
        {
            do
            {
                of.Add(ParseName("the name of a table"));
            }
            while (TryTake(TokenKind.Comma));
        }

        LockWait wait = LockWait.Wait;
        if (TryTake(Keyword.Nowait))
        {
            wait = LockWait.NoWait;
        }
        else if (TryTake(Keyword.Skip))
        {
            Expect(Keyword.Locked);
            wait = LockWait.SkipLocked;
        }

        return new LockingClause { Position = position, Strength = strength, Of = [.. of], Wait = wait };
    }

    private SortItem[] ParseOrderBy()
    {
        if (!Is(Keyword.Order))
            return [];
        Advance();
        Expect(Keyword.By);
        var items = new List<SortItem>();
        do
        {
            SourcePosition position = Position;
            Expression expression = ParseExpression();
            bool descending = TryTake(Keyword.Desc);
            if (!descending)
                TryTake(Keyword.Asc);
            items.Add(new SortItem { Position = position, Expression = expression, Descending = descending, NullsFirst = ParseNullsOrder() });
        }
        while (TryTake(TokenKind.Comma));
        return [.. items];
    }

    private bool? ParseNullsOrder()
    {
        if (TryTake(Keyword.Nulls, Keyword.First))
            return true;
        return TryTake(Keyword.Nulls, Keyword.Last) ? false : null;
    }

    private ValuesBody ParseValues()
    {
        SourcePosition position = Position;
        Expect(Keyword.Values);
        var rows = new List<Expression[]>();
        do
        {
            SourcePosition row = Position;
            ExpectOpen();
            rows.Add(ParseExpressionList());
            ExpectClose();
            if (rows[^1].Length != rows[0].Length)
            {
                throw SqlErrors.Syntax(
                    row, $"The rows of VALUES differ in length: this one has {rows[^1].Length} values, the first {rows[0].Length}.");
            }
        }
        while (TryTake(TokenKind.Comma));
        return new ValuesBody { Position = position, Rows = [.. rows] };
    }

    private SelectBody ParseSelect()
    {
        SourcePosition position = Position;
        bool intoAllowed = _intoAllowed;
        _intoAllowed = false;
        Advance();
        bool distinct = false;
        Expression[] distinctOn = [];
        if (TryTake(Keyword.Distinct))
        {
            if (TryTake(Keyword.On))
            {
                ExpectOpen();
                distinctOn = ParseExpressionList();
                ExpectClose();
            }
            else
            {
                distinct = true;
            }
        }
        else
        {
            TryTake(Keyword.All);
        }

        SelectItem[] items = IsSelectListEnd ? [] : ParseSelectItems();
        if (!TryParseIntoVariables() && Is(Keyword.Into))
            ParseInto(intoAllowed);
        TableReference[] from = TryTake(Keyword.From) ? ParseFromList() : [];
        Expression? where = TryTake(Keyword.Where) ? ParseExpression() : null;
        GroupingElement[]? groupBy = null;
        bool groupByDistinct = false;
        if (TryTake(Keyword.Group))
        {
            Expect(Keyword.By);
            groupByDistinct = TryTake(Keyword.Distinct);
            if (!groupByDistinct)
                TryTake(Keyword.All);
            groupBy = ParseGroupingElements();
        }

        Expression? having = TryTake(Keyword.Having) ? ParseExpression() : null;
        var windows = new List<WindowDefinition>();
        if (TryTake(Keyword.Window))
        {
            do
            {
                SourcePosition start = Position;
                Identifier name = ParseName("the name of a window");
                Expect(Keyword.As);
                windows.Add(new WindowDefinition { Position = start, Name = name, Specification = ParseWindow() });
            }
            while (TryTake(TokenKind.Comma));
        }

        return new SelectBody
        {
            Position = position,
            Distinct = distinct,
            DistinctOn = distinctOn,
            Items = items,
            From = from,
            Where = where,
            GroupBy = groupBy,
            GroupByDistinct = groupByDistinct,
            Having = having,
            Windows = [.. windows],
        };
    }

    /// <summary>INTO [TEMP | TEMPORARY | UNLOGGED] [TABLE] name.</summary>
    private void ParseInto(bool isAllowed)
    {
        if (!isAllowed)
            throw SqlErrors.Syntax(Position, "SELECT … INTO stands in the first SELECT of a statement only.", "Use CREATE TABLE … AS, or INSERT INTO … SELECT ….");
        Advance();
        _intoTemporary = TryTake(Keyword.Temp) || TryTake(Keyword.Temporary);
        if (!_intoTemporary)
            TryTakeWord("UNLOGGED");
        TryTake(Keyword.Table);
        _intoTable = ParseObjectName("the name of a table");
    }

    private bool IsSelectListEnd =>
        Kind is TokenKind.End or TokenKind.CloseParenthesis or TokenKind.Semicolon
        || Word is Keyword.From or Keyword.Into or Keyword.Where or Keyword.Union or Keyword.Intersect or Keyword.Except or Keyword.Limit or Keyword.Offset;

    private SelectItem[] ParseSelectItems()
    {
        var items = new List<SelectItem>();
        do
        {
            SourcePosition position = Position;
            Expression expression = ParseExpression();
            Identifier? alias = null;
            if (TryTake(Keyword.As))
                alias = ParseLabel("a name behind AS");
            else if (IsBareLabel)
                alias = TakeIdentifier();
            items.Add(new SelectItem { Position = position, Expression = expression, Alias = alias });
        }
        while (TryTake(TokenKind.Comma));
        return [.. items];
    }

    /// <summary>True when the word may name a result column without AS: any that cannot go on an expression or a clause.</summary>
    private bool IsBareLabel => Kind == TokenKind.QuotedIdentifier
        || (Kind == TokenKind.Word && !Keywords.IsReserved(Word)
            && Word is not (Keyword.Isnull or Keyword.Notnull or Keyword.Filter or Keyword.Over or Keyword.Within or Keyword.Without
                or Keyword.Precision or Keyword.Varying or Keyword.Char or Keyword.Character or Keyword.Is or Keyword.Like or Keyword.Ilike
                or Keyword.Similar or Keyword.Between or Keyword.Overlaps));

    private GroupingElement[] ParseGroupingElements()
    {
        var elements = new List<GroupingElement>();
        do
        {
            elements.Add(ParseGroupingElement());
        }
        while (TryTake(TokenKind.Comma));
        return [.. elements];
    }

    private GroupingElement ParseGroupingElement()
    {
        SourcePosition position = Position;
        if (Is(TokenKind.OpenParenthesis) && Ahead(1).Kind == TokenKind.CloseParenthesis)
        {
            Advance();
            Advance();
            return new GroupingElement { Position = position, Kind = GroupingKind.Expressions };
        }

        GroupingKind? kind = null;
        if (Is(Keyword.Grouping, Keyword.Sets))
        {
            Advance();
            Advance();
            kind = GroupingKind.Sets;
        }
        else if (Word is Keyword.Rollup or Keyword.Cube && Ahead(1).Kind == TokenKind.OpenParenthesis)
        {
            kind = Is(Keyword.Rollup) ? GroupingKind.Rollup : GroupingKind.Cube;
            Advance();
        }

        if (kind is { } sets)
        {
            Enter(position);
            ExpectOpen();
            GroupingElement[] elements = ParseGroupingElements();
            ExpectClose();
            Leave();
            return new GroupingElement { Position = position, Kind = sets, Elements = elements };
        }

        Expression expression = ParseExpression();
        return new GroupingElement
        {
            Position = position,
            Kind = GroupingKind.Expressions,
            Expressions = expression is RowExpression row ? row.Items : [expression],
        };
    }

    // ---- FROM

    private TableReference[] ParseFromList()
    {
        var items = new List<TableReference>();
        do
        {
            items.Add(ParseTableReference());
        }
        while (TryTake(TokenKind.Comma));
        return [.. items];
    }

    private TableReference ParseTableReference()
    {
        Enter(Position);
        int siblings = _height;
        _height = 0;
        TableReference table = ParseJoins(ParseTablePrimary());
        _height = Math.Max(_height, siblings);
        Leave();
        return table;
    }

    private TableReference ParseJoins(TableReference left)
    {
        while (true)
        {
            SourcePosition position = Position;
            bool natural = TryTake(Keyword.Natural);
            JoinKind kind;
            if (TryTake(Keyword.Cross))
            {
                Expect(Keyword.Join);
                kind = JoinKind.Cross;
            }
            else if (Word is Keyword.Left or Keyword.Right or Keyword.Full)
            {
                kind = Word switch { Keyword.Left => JoinKind.Left, Keyword.Right => JoinKind.Right, _ => JoinKind.Full };
                Advance();
                TryTake(Keyword.Outer);
                Expect(Keyword.Join);
            }
            else if (TryTake(Keyword.Inner))
            {
                Expect(Keyword.Join);
                kind = JoinKind.Inner;
            }
            else if (TryTake(Keyword.Join))
            {
                kind = JoinKind.Inner;
            }
            else if (natural)
            {
                throw Expected("JOIN behind NATURAL", "JOIN", "LEFT", "RIGHT", "FULL", "INNER");
            }
            else
            {
                return left;
            }

            if (natural || kind == JoinKind.Cross)
            {
                if (natural && kind == JoinKind.Cross)
                    throw SqlErrors.Syntax(position, "A join is either NATURAL or CROSS.");
                TableReference other = ParseTablePrimary();
                left = new JoinReference { Position = position, Kind = kind, Left = left, Right = other, Natural = natural };
                Grow(position);
                continue;
            }

            // a JOIN b JOIN c ON … ON …: the inner pair closes first.
            TableReference right = ParseTablePrimary();
            while (!Is(Keyword.On) && !Is(Keyword.Using) && IsJoinStart)
                right = ParseNestedJoin(right);
            if (TryTake(Keyword.On))
            {
                left = new JoinReference { Position = position, Kind = kind, Left = left, Right = right, On = ParseExpression() };
            }
            else if (TryTake(Keyword.Using))
            {
                Identifier[] columns = ParseNameList("the name of a column");
                Identifier? alias = TryTake(Keyword.As) ? ParseName("an alias") : null;
                left = new JoinReference { Position = position, Kind = kind, Left = left, Right = right, Using = columns, UsingAlias = alias };
            }
            else
            {
                throw Expected("ON or USING of the join", "ON", "USING");
            }

            Grow(position);
        }
    }

    private bool IsJoinStart =>
        Word is Keyword.Join or Keyword.Inner or Keyword.Left or Keyword.Right or Keyword.Full or Keyword.Cross or Keyword.Natural;

    /// <summary>One join whose left side is the right side of a join still open.</summary>
    private TableReference ParseNestedJoin(TableReference left)
    {
        Enter(Position);
        SourcePosition position = Position;
        bool natural = TryTake(Keyword.Natural);
        JoinKind kind = Word switch
        {
            Keyword.Left => JoinKind.Left,
            Keyword.Right => JoinKind.Right,
            Keyword.Full => JoinKind.Full,
            Keyword.Cross => JoinKind.Cross,
            _ => JoinKind.Inner,
        };
        if (!Is(Keyword.Join))
            Advance();
        if (kind is JoinKind.Left or JoinKind.Right or JoinKind.Full)
            TryTake(Keyword.Outer);
        Expect(Keyword.Join);
        TableReference right = ParseTablePrimary();
        Expression? on = null;
        Identifier[] columns = [];
        if (!natural && kind != JoinKind.Cross)
        {
            while (!Is(Keyword.On) && !Is(Keyword.Using) && IsJoinStart)
                right = ParseNestedJoin(right);
            if (TryTake(Keyword.On))
            {
                on = ParseExpression();
            }
            else
            {
                if (!TryTake(Keyword.Using))
                    throw Expected("ON or USING of the join", "ON", "USING");
                columns = ParseNameList("the name of a column");
            }
        }

        Grow(position);
        Leave();
        return new JoinReference { Position = position, Kind = kind, Left = left, Right = right, Natural = natural, Using = columns, On = on };
    }

    private TableReference ParseTablePrimary()
    {
        SourcePosition position = Position;
        bool lateral = TryTake(Keyword.Lateral);
        if (Is(TokenKind.OpenParenthesis))
        {
            Advance();
            TableReference table = ParseTableInParentheses(position, lateral, out Query? query);
            return query is null ? table : DerivedTable(query, lateral, position);
        }

        if (Is(Keyword.Rows, Keyword.From) && Ahead(2).Kind == TokenKind.OpenParenthesis)
        {
            Advance();
            Advance();
            Advance();
            var calls = new List<CallExpression>();
            do
            {
                calls.Add(ParseFunctionCall());
            }
            while (TryTake(TokenKind.Comma));
            ExpectClose();
            return FunctionTable([.. calls], lateral, position);
        }

        if (IsWord("json_table") && Ahead(1).Kind == TokenKind.OpenParenthesis)
            return ParseJsonTable(position);
        if (IsFunctionCall)
            return FunctionTable([ParseFunctionCall()], lateral, position);
        if (lateral)
            throw Expected("a query in parentheses or a function behind LATERAL");
        bool only = TryTake(Keyword.Only);
        ObjectName name = ParseObjectName("the name of a table, a function, or a query in parentheses");
        if (only)
            TryTake(TokenKind.Star);
        TableAlias? alias = ParseTableAlias();
        return new NamedTableReference { Position = position, Name = name, Only = only, Alias = alias, Sample = Is(Keyword.Tablesample) ? ParseSample() : null };
    }

    /// <summary>TABLESAMPLE method (percentage) [REPEATABLE (seed)].</summary>
    private TableSample ParseSample()
    {
        SourcePosition position = Position;
        Advance();
        Identifier method = ParseLabel("BERNOULLI or SYSTEM");
        ExpectOpen();
        Expression percentage = ParseExpression();
        ExpectClose();
        Expression? seed = null;
        if (TryTake(Keyword.Repeatable))
        {
            ExpectOpen();
            seed = ParseExpression();
            ExpectClose();
        }

        return new TableSample { Position = position, Method = method, Percentage = percentage, Seed = seed };
    }

    private bool IsFunctionCall =>
        (IsFunctionName(Current) && Ahead(1).Kind == TokenKind.OpenParenthesis)
        || (IsName(Current) && Ahead(1).Kind == TokenKind.Dot && Ahead(3).Kind == TokenKind.OpenParenthesis);

    private CallExpression ParseFunctionCall()
    {
        if (!IsFunctionCall)
            throw Expected("a function");
        SourcePosition position = Position;
        Identifier first = TakeIdentifier();
        if (!TryTake(TokenKind.Dot))
            return ParseCall(new ObjectName { Position = position, Name = first.Name });
        Identifier second = ParseLabel("the name of a function");
        return ParseCall(new ObjectName { Position = position, Schema = first.Name, Name = second.Name });
    }

    private FunctionTableReference FunctionTable(CallExpression[] calls, bool lateral, SourcePosition position)
    {
        bool ordinality = TryTake(Keyword.With, Keyword.Ordinality);
        return new FunctionTableReference
        {
            Position = position, Calls = calls, WithOrdinality = ordinality, Lateral = lateral, Alias = ParseTableAlias(allowTypes: true),
        };
    }

    private DerivedTableReference DerivedTable(Query query, bool lateral, SourcePosition position) =>
        new() { Position = position, Query = query, Lateral = lateral, Alias = ParseTableAlias() };

    /// <summary>
    /// What stands behind an opening parenthesis in FROM, with the closing one: a query, told through <paramref name="query"/>, or a
    /// join in parentheses. Nothing is parsed twice.
    /// </summary>
    private TableReference ParseTableInParentheses(SourcePosition position, bool lateral, out Query? query)
    {
        Enter(position);
        query = null;
        TableReference? table;
        if (IsQueryStart)
        {
            query = ParseQuery();
            table = null;
        }
        else if (Is(TokenKind.OpenParenthesis))
        {
            SourcePosition inner = Position;
            Advance();
            table = ParseTableInParentheses(inner, lateral: false, out Query? innerQuery);
            if (innerQuery is not null)
            {
                if (IsQueryContinuation)
                {
                    query = ParseQueryContinuation(innerQuery);
                    table = null;
                }
                else if (Is(TokenKind.CloseParenthesis))
                {
                    query = innerQuery;
                    table = null;
                }
                else
                {
                    table = ParseJoins(DerivedTable(innerQuery, false, inner));
                }
            }
            else
            {
                table = ParseJoins(table);
            }
        }
        else
        {
            table = ParseTableReference();
        }

        ExpectClose();
        Leave();
        if (query is not null)
            return null!;
        if (lateral)
            throw SqlErrors.Syntax(position, "LATERAL goes with a query or a function, not with a join in parentheses.");
        if (ParseTableAlias() is not { } alias)
            return table!;
        throw SqlErrors.NotSupported(alias.Position, "An alias of a join in parentheses is not supported.", "Give the tables within it aliases of their own.");
    }

    private TableAlias? ParseTableAlias(bool allowTypes = false)
    {
        SourcePosition position = Position;
        Identifier name;
        if (TryTake(Keyword.As))
        {
            if (allowTypes && Is(TokenKind.OpenParenthesis))
                throw SqlErrors.NotSupported(Position, "A list of column definitions needs an alias before it.", "Write f(…) AS t(column type, …).");
            name = ParseName("an alias behind AS");
        }
        else if (IsName(Current) && Word != Keyword.Set)
        {
            name = TakeIdentifier();
        }
        else
        {
            return null;
        }

        if (!TryTake(TokenKind.OpenParenthesis))
            return new TableAlias { Position = position, Name = name };
        var columns = new List<Identifier>();
        List<TypeName>? types = null;
        do
        {
            columns.Add(ParseName("the name of a column"));
            if (allowTypes && Kind is TokenKind.Word or TokenKind.QuotedIdentifier && (types is not null || columns.Count == 1))
                (types ??= []).Add(ParseTypeName());
            else if (types is not null)
                throw Expected("the type of the column");
        }
        while (TryTake(TokenKind.Comma));
        ExpectClose();
        return new TableAlias { Position = position, Name = name, Columns = [.. columns], ColumnTypes = types?.ToArray() };
    }
}
