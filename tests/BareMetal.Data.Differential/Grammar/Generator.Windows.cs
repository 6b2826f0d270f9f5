namespace BareMetal.Data.Differential.Grammar;

internal sealed partial class Generator
{
    /// <summary>A query with window functions among its columns.</summary>
    private Node WindowQuery(Kind[] kinds, Scope? outer, int depth)
    {
        if (_dice.Chance(0.1))
            return WindowOverGroups(kinds, outer);
        From from = FromClause(outer, depth - 1);
        Scope scope = new(from.Sources, outer);
        List<string>? key = scope.Key();
        Node? where = _dice.Chance(0.5) ? Where(scope, depth - 1) : null;
        string? named = _dice.Chance(0.25) ? Name("win") : null;
        Node? definition = null;
        if (named is not null)
            definition = Make("named window", $" WINDOW {named} AS ({WindowText(scope, key, true, out _)})");
        List<Node> items = [];
        foreach (Kind kind in kinds)
            items.Add(_dice.Chance(0.75) ? WindowCall(kind, scope, key, named) : Expr(kind, scope, 1));
        return QueryNode("select", kinds, $"SELECT {Items(items)} FROM {from.Node}{where}{definition}", items);
    }

    private Node WindowOverGroups(Kind[] kinds, Scope? outer)
    {
        Table table = _dice.Pick(_tables.Where(t => t.Columns.Exists(c => c.Kind is not Kind.Jsonb)).ToList());
        string alias = Name("q");
        TableColumn group = _dice.Pick(table.Columns.Where(c => c.Kind is not Kind.Jsonb).ToList());
        List<Node> items = [];
        foreach (Kind kind in kinds)
        {
            items.Add(kind switch
            {
                Kind.Int8 => Expression("window over group", kind, $"rank() OVER (ORDER BY count(*){Deviations.NullOrder(false)})", 1e6),
                Kind.Num => Expression("window over group", kind, $"sum(count(*)) OVER ()", 1e6),
                Kind.Int4 => Expression("window over group", kind, $"CAST(max(count(*)) OVER (ORDER BY {alias}.{group.Name}{Deviations.NullOrder(false)}) AS integer)", 1e6),
                _ => Expression("min", kind, $"CAST(max({Literal(kind is Kind.Jsonb or Kind.Bytea or Kind.Uuid or Kind.Bool ? Kind.Text : kind)}) AS text)") is var text && kind == Kind.Text ? text : Literal(kind),
            });
        }

        _ = outer;
        return QueryNode("group by", kinds, $"SELECT {Items(items)} FROM {table.Name} AS {alias} GROUP BY {alias}.{group.Name}", items);
    }

    /// <summary>PARTITION BY and ORDER BY; an order over the key leaves no peers.</summary>
    private Node WindowText(Scope scope, List<string>? key, bool wantsTotal, out bool isTotal)
    {
        List<Node> parts = [];
        Scope own = scope.Alone();
        if (_dice.Chance(0.6) && PickColumn(own, _dice.Pick<Kind>(Kinds.Common), false) is { } by)
            parts.Add(Optional("partition by", $"PARTITION BY {by.Sql} "));
        isTotal = false;
        List<Node> order = [];
        if (_dice.Chance(0.7) && PickColumn(own, _dice.Pick<Kind>(Kinds.Common), false) is { } first)
            order.Add(OrderItem("order by expression", Raw(first.Sql)));
        if (key is not null && wantsTotal)
        {
            foreach (string column in key)
                order.Add(OrderItem("order by expression", Raw(column)));
            isTotal = true;
        }

        if (order.Count > 0)
            parts.Add(Make("window order by", $"ORDER BY {Join(", ", order)}"));
        return new Node("", Role.Other, [.. parts]);
    }

    private Node WindowCall(Kind kind, Scope scope, List<string>? key, string? named)
    {
        Scope own = scope.Alone();
        bool wantsTotal = key is not null && _dice.Chance(0.8);
        Node window;
        bool isTotal;
        if (named is not null && _dice.Chance(0.5))
        {
            isTotal = key is not null;
            window = Make("named window", $" OVER {named}");
            return Call(kind, own, isTotal, window, null);
        }

        Node text = WindowText(scope, key, wantsTotal, out isTotal);
        bool ordered = text.Parts.Any(p => p is Node { Production: "window order by" });
        bool oneKey = ordered && text.Parts.OfType<Node>().First(p => p.Production == "window order by").Parts.OfType<Node>().First().Parts.Length == 1;
        return Call(kind, own, isTotal, null, (text, ordered, oneKey));
    }

    private Node Call(Kind kind, Scope own, bool isTotal, Node? over, (Node Text, bool Ordered, bool OneKey)? window)
    {
        Node Over(bool framed)
        {
            if (over is not null)
                return over;
            Node? frame = framed && _dice.Chance(0.75) ? Frame(isTotal, window!.Value.Ordered) : null;
            return Make("", $" OVER ({window!.Value.Text}{frame})");
        }

        int choice = _dice.Next(10);
        switch (kind)
        {
            case Kind.Int8 when choice < 3:
                {
                    string name = isTotal ? _dice.Pick("row_number", "rank", "dense_rank") : _dice.Pick("rank", "dense_rank");
                    return Expression(name, kind, $"{name}(){Over(false)}", 1e6);
                }

            case Kind.Float when choice < 6:
                {
                    string name = _dice.Pick("percent_rank", "cume_dist");
                    return new Node(Productions.Known(name), Role.Expression, ((Sql)$"{name}(){Over(false)}").Parts) { Kind = kind, Magnitude = 1 };
                }

            case Kind.Int4 when choice < 2 && isTotal:
                return Expression("ntile", kind, $"ntile({_dice.Range(1, 4)}){Over(false)}", 10);
            case not (Kind.Int8 or Kind.Bool) when choice < 5 && isTotal:
                {
                    string name = _dice.Pick("lag", "lead");
                    Node argument = Typed(Leaf(kind, own));
                    return _dice.Next(3) switch
                    {
                        0 => Expression(name, kind, $"{name}({argument}){Over(false)}", argument.Magnitude, argument.Scale),
                        1 => Expression(name, kind, $"{name}({argument}, {_dice.Range(0, 3)}){Over(false)}", argument.Magnitude, argument.Scale),
                        _ => Expression(name, kind, $"{name}({argument}, 2, {argument}){Over(false)}", argument.Magnitude, argument.Scale),
                    };
                }

            case not Kind.Int8 when choice < 8 && isTotal:
                {
                    string name = _dice.Pick("first_value", "last_value", "nth_value");
                    Node argument = Typed(Leaf(kind, own));
                    return name == "nth_value"
                        ? Expression(name, kind, $"nth_value({argument}, {_dice.Range(1, 3)}){Over(true)}", argument.Magnitude, argument.Scale)
                        : Expression(name, kind, $"{name}({argument}){Over(true)}", argument.Magnitude, argument.Scale);
                }
        }

        Node? filter = _dice.Chance(0.1) ? Optional("window filter", $" FILTER (WHERE {Leaf(Kind.Bool, own)})") : null;
        switch (kind)
        {
            case Kind.Int8:
                return choice < 6
                    ? Expression("window aggregate", kind, $"count(*){filter}{Over(true)}", 1e6)
                    : Expression("window aggregate", kind, $"sum({Leaf(Kind.Int4, own)}){filter}{Over(true)}", 1e9);
            case Kind.Num:
                {
                    Node argument = Leaf(kind, own);
                    return argument.Magnitude > 1e6 ? Literal(kind) : choice < 9
                        ? Expression("window aggregate", kind, $"sum({argument}){filter}{Over(true)}", argument.Magnitude * 1e4, argument.Scale)
                        : Expression("window aggregate", kind, $"round(avg({Leaf(Kind.Int4, own)}){filter}{Over(true)}, 4)", 1e7, 4);
                }

            case Kind.Int2 or Kind.Int4 or Kind.Text or Kind.Date or Kind.Timestamp or Kind.TimestampTz or Kind.Time or Kind.Float:
                {
                    Node argument = Leaf(kind, own);
                    return Expression("window aggregate", kind, $"{_dice.Pick("min", "max")}({argument}){filter}{Over(true)}", argument.Magnitude, argument.Scale);
                }

            case Kind.Bool:
                return Expression("window aggregate", kind, $"{_dice.Pick("bool_and", "bool_or")}({Leaf(kind, own)}){filter}{Over(true)}");
            default:
                return Leaf(kind, own);
        }
    }

    /// <summary>A text literal is of no type yet, and a function over any type can't tell.</summary>
    private static Node Typed(Node leaf) => leaf is { Kind: Kind.Text } ? Expression("cast", Kind.Text, $"CAST({leaf} AS text)") : leaf;

    private Node Frame(bool isTotal, bool isOrdered)
    {
        string mode = isTotal ? _dice.Pick("ROWS", "ROWS", "RANGE", "GROUPS") : isOrdered ? _dice.Pick("RANGE", "GROUPS") : "RANGE";
        string production = mode == "ROWS" ? "rows frame" : mode == "RANGE" ? "range frame" : "groups frame";
        bool offsets = mode != "RANGE";
        int end;
        string startText, text;
        int start = offsets ? _dice.Pick(0, 1, 2, 2, 2, 3) : _dice.Next(2);
        startText = start switch
        {
            0 => "UNBOUNDED PRECEDING",
            1 => "CURRENT ROW",
            2 => $"{_dice.Range(0, 3)} PRECEDING",
            _ => $"{_dice.Range(0, 2)} FOLLOWING",
        };
        if (_dice.Chance(0.2) && start != 3)
        {
            text = startText;
        }
        else
        {
            end = _dice.Next(offsets ? 4 : 2);
            if (start == 3 && end is 1 or 3 || start == 1 && end == 3)
                end = 0;
            text = $"BETWEEN {startText} AND " + end switch
            {
                0 => "UNBOUNDED FOLLOWING",
                1 => "CURRENT ROW",
                2 => $"{_dice.Range(0, 3)} FOLLOWING",
                _ => $"{_dice.Range(0, 2)} PRECEDING",
            };
        }

        Node? exclude = null;
        if (_dice.Chance(0.25))
        {
            exclude = _dice.Next(4) switch
            {
                0 => Optional("exclude current row", $" EXCLUDE CURRENT ROW"),
                1 => Optional("exclude group", $" EXCLUDE GROUP"),
                2 => Optional("exclude ties", $" EXCLUDE TIES"),
                _ => Optional("exclude no others", $" EXCLUDE NO OTHERS"),
            };
            if (!isTotal && exclude.Production == "exclude current row")
                exclude = null;
        }

        return Optional(production, $" {mode} {text}{exclude}");
    }

    /// <summary>RANGE with a distance, over one numeric key.</summary>
    private Node RangeQuery()
    {
        Table table = _dice.Pick(_tables);
        string alias = Name("q");
        Source source = SourceOf(table, alias);
        Column? column = PickColumn(new Scope([source], null), Kind.Int4, false);
        if (column is null)
            return Query([Kind.Int4], null, 1);
        bool descending = _dice.Chance(0.4);
        string start = _dice.Pick("UNBOUNDED PRECEDING", "2 PRECEDING", "CURRENT ROW", "1 FOLLOWING");
        string end = _dice.Pick("UNBOUNDED FOLLOWING", "3 FOLLOWING", "2 FOLLOWING");
        Node frame = Make("range offset frame", $"ORDER BY {column.Sql}{(descending ? " DESC" : "")}{Deviations.NullOrder(descending)} RANGE BETWEEN {start} AND {end}");
        Node count = Expression("window aggregate", Kind.Int8, $"count(*) OVER ({frame})");
        Node sum = Expression("window aggregate", Kind.Int8, $"sum({column.Sql}) OVER ({frame})");
        return QueryNode("select", [Kind.Int4, Kind.Int8, Kind.Int8], $"SELECT {column.Sql}, {count}, {sum} FROM {table.Name} AS {alias}", [count, sum]);
    }

    /// <summary>A query at the top: its order, limit and column names.</summary>
    private Statement TopQuery()
    {
        int special = _dice.Next(100);
        if (special < 3)
            return new Statement(InexactQuery());
        if (special < 4)
            return new Statement(RangeQuery());
        if (special < 5)
            return new Statement(Other());
        Kind[] kinds = Some(1, 4);
        Node query = Query(kinds, null, _dice.Pick(0, 1, 1, 1, 2, 2, 3));
        bool sortable = !kinds.Contains(Kind.Float) && !query.IsInexact;
        int tail = _dice.Next(100);
        if (tail < 55 || !sortable)
            return new Statement(query);
        string[] names = [.. kinds.Select(_ => Name("c"))];
        string alias = Name("q");
        string head = $"SELECT {string.Join(", ", names.Select(n => $"{alias}.{n}"))} FROM (";
        string rest = $") AS {alias} ({string.Join(", ", names)})";
        if (tail < 60 && kinds[0] != Kind.Jsonb)
        {
            // The rows that tie with the last are all there: whatever comes first, the set is the same.
            Node tied = OrderItem("order by position", Raw("1"));
            return new Statement(Wrap("with ties", query, $"{head}{query}{rest} ORDER BY {tied} FETCH FIRST {_dice.Range(1, 5)} ROWS WITH TIES"));
        }

        Node order = Order(kinds, names);
        if (_dice.Chance(0.2) && kinds[0] is Kind.Int4 or Kind.Text)
        {
            Node key = OrderItem("order by expression", Raw(kinds[0] == Kind.Int4 ? $"abs({alias}.{names[0]})" : $"length({alias}.{names[0]})"));
            order = Make("order by expression", $"{key}, {order}");
        }

        Node limit = _dice.Next(6) switch
        {
            0 => Optional("limit", $" LIMIT {_dice.Range(0, 8)}"),
            1 => Optional("offset", $" LIMIT {_dice.Range(0, 8)} OFFSET {_dice.Range(0, 5)}"),
            2 => Optional("fetch first", $" FETCH FIRST {_dice.Range(1, 5)} ROWS ONLY"),
            3 => Optional("limit all", $" LIMIT ALL"),
            _ => Raw(""),
        };
        return new Statement(Wrap("order by position", query, $"{head}{query}{rest} ORDER BY {order}{limit}"), IsOrdered: true);
    }

    /// <summary>Small things that no other production covers.</summary>
    private Node Other()
    {
        Table table = Tables(t => t.Key.Count > 0)!;
        switch (_dice.Next(11))
        {
            case 7 or 8:
                {
                    // A null length or an empty array leaves the row out, unless the other function has more.
                    string alias = Name("q");
                    Scope scope = new([SourceOf(table, alias)], null);
                    Node first = Make("select functions of rows", $"generate_series(1, {Leaf(Kind.Int4, scope)} % 4)");
                    Node second = _dice.Chance(0.5) ? Make("select functions of rows", $", unnest({Leaf(Kind.IntArray, scope)}) AS u") : Raw("");
                    return QueryNode("select functions of rows", [Kind.Int4], $"SELECT {Leaf(Kind.Text, scope)} AS x, {first} AS g{second} FROM {table.Name} AS {alias}{Where(scope, 1)}", []);
                }

            case 9:
                return QueryNode("tablesample", [Kind.Int8], $"SELECT count(*) AS n FROM {table.Name} TABLESAMPLE {_dice.Pick("BERNOULLI", "SYSTEM")} ({_dice.Pick("100", "0")})", []);

            case 5:
                {
                    TableColumn by = _dice.Pick(table.Columns.Where(c => c.Kind is not Kind.Jsonb).ToList());
                    string order = _dice.Pick("", " HAVING count(*) > 1");
                    return QueryNode("group by position", [by.Kind, Kind.Int8], $"SELECT {by.Name}, count(*) AS n FROM {table.Name} GROUP BY 1{order}", []);
                }

            case 6:
                {
                    string name = Name("w"), c = Name("c"), d = Name("c");
                    Node definition = Query([Kind.Int4, Kind.Text], null, 1);
                    return QueryNode("with used twice", [Kind.Int4, Kind.Text], $"WITH {name} ({c}, {d}) AS ({definition}) SELECT x.{c}, y.{d} FROM {name} AS x {_dice.Pick("", "LEFT ")}JOIN {name} AS y ON x.{c} = y.{c}", []);
                }

            case 0:
                return new Node(Productions.Known("exponent literal"), Role.Query, ["SELECT ", Deviations.Exponent(_dice.Pick("1e3", "2.5e-1", "1E2")), " * 2 AS x"]) { Columns = [Kind.Float] };
            case 1:
                return QueryNode("nextval", [Kind.Int8], $"SELECT nextval('s1') AS x", []);
            case 2:
                return QueryNode("setval", [Kind.Int8], $"SELECT setval('s1', {_sequence += 30 * _dice.Range(1, 9)}) AS x", []);
            case 3:
                return QueryNode("currval", [Kind.Int8], $"SELECT nextval('s1') - currval('s1') AS x", []);
            default:
                return QueryNode("for update", [Kind.Int4], $"SELECT * FROM {table.Name} WHERE {table.Key[0]} IS NOT NULL FOR {_dice.Pick("UPDATE", "SHARE", "NO KEY UPDATE", "KEY SHARE")}", []);
        }
    }
}
