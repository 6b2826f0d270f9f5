namespace BareMetal.Data.Differential.Grammar;

internal sealed partial class Generator
{
    private static Node QueryNode(string production, Kind[] kinds, Sql sql, IEnumerable<Node> items) => new(Productions.Known(production), Role.Query, sql.Parts)
    {
        Columns = kinds,
        Magnitude = items.Select(i => i.Magnitude).DefaultIfEmpty(0).Max(),
        Scale = items.Select(i => i.Scale).DefaultIfEmpty(0).Max(),
    };

    private static Node Wrap(string production, Node query, Sql sql, double? magnitude = null) => new(Productions.Known(production), Role.Query, sql.Parts)
    {
        Columns = query.Columns, Magnitude = magnitude ?? query.Magnitude, Scale = query.Scale, IsInexact = query.IsInexact,
    };

    private Node Where(Scope scope, int depth) => _noSubquery == 0 && depth > 0 && _dice.Chance(0.12)
        ? Optional("where", $" WHERE {SubqueryCondition(_dice.Pick<Kind>(Kinds.Common), scope, depth - 1)}")
        : Optional("where", $" WHERE {Condition(scope, Math.Max(depth, 1))}");

    /// <summary>A query for FROM with names for its alias and columns.</summary>
    private (Node Query, string Alias, string[] Names) Derived(Kind[] kinds, Scope? outer, int depth, bool limited = false)
    {
        Node query = Query(kinds, outer, depth);
        string[] names = [.. kinds.Select(_ => Name("c"))];
        string alias = Name("q");
        if (limited && _dice.Chance(0.6))
            query = Limited(query, kinds);
        string inner = Name("q");
        return (Wrap("query in parentheses", query, $"SELECT * FROM ({query}) AS {inner} ({string.Join(", ", names)})"), alias, names);
    }

    /// <summary>The first rows by an order that leaves no choice.</summary>
    private Node Limited(Node query, Kind[] kinds)
    {
        string alias = Name("q");
        Node order = Order(kinds, []);
        int limit = _dice.Range(0, 5);
        Node tail = _dice.Next(6) switch
        {
            0 => Make("fetch first", $" FETCH FIRST {limit} ROWS ONLY"),
            1 => Make("offset", $" OFFSET {_dice.Range(0, 4)}{_dice.Pick("", " ROWS")}"),
            2 => Make("offset", $" LIMIT {limit} OFFSET {_dice.Range(0, 3)}"),
            3 => Make("offset", $" OFFSET {_dice.Range(0, 3)} ROWS FETCH NEXT {limit} ROWS ONLY"),
            _ => Make("limit", $" LIMIT {limit}"),
        };
        return Wrap("order by in subquery", query, $"SELECT * FROM ({query}) AS {alias} ORDER BY {order}{tail}");
    }

    /// <summary>All columns by position or name, in any order.</summary>
    private Node Order(Kind[] kinds, string[] names)
    {
        int[] order = [.. Enumerable.Range(0, kinds.Length)];
        for (int i = order.Length - 1; i > 0; i--)
        {
            int j = _dice.Next(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return Join(", ", order.Select(i => names.Length > 0 && _dice.Chance(0.5) ? OrderItem("order by name", Raw(names[i])) : OrderItem("order by position", Raw((i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)))));
    }

    private Node OrderItem(string production, Node key)
    {
        bool descending = _dice.Chance(0.4);
        string direction = descending ? " DESC" : _dice.Pick("", " ASC");
        if (descending)
            production = _dice.Chance(0.5) ? "order by desc" : production;
        return _dice.Chance(0.3)
            ? Make("order by nulls", $"{key}{direction} NULLS {_dice.Pick("FIRST", "LAST")}")
            : Make(production, $"{key}{direction}{Deviations.NullOrder(descending)}");
    }

    /// <summary>A query of these column types.</summary>
    private Node Query(Kind[] kinds, Scope? outer, int depth)
    {
        int choice = _dice.Next(100);
        bool comparable = !kinds.Contains(Kind.Jsonb);
        if (depth > 0)
        {
            if (choice < 9 && comparable)
                return SetOperation(kinds, outer, depth - 1);
            if (choice < 12)
                return With(kinds, outer, depth - 1);
            if (choice < 17)
                return DistinctOn(kinds, outer, depth - 1);
            if (choice < 20)
                return Limited(Query(kinds, outer, depth - 1), kinds);
            if (choice < 30)
                return WindowQuery(kinds, outer, depth);
        }

        if (choice < 32)
            return ValuesQuery(kinds);
        if (choice < 46)
            return GroupedQuery(kinds, outer, depth);
        return SimpleSelect(kinds, outer, depth);
    }

    private Node ValuesQuery(Kind[] kinds)
    {
        double magnitude = 0;
        List<Node> rows = [];
        for (int r = _dice.Range(1, 4); r > 0; r--)
            rows.Add(Make("", $"({Join(", ", kinds.Select(k => Bounded(Literal(k), ref magnitude)))})"));
        return new Node(Productions.Known("values query"), Role.Query, [Raw("VALUES "), List(", ", rows)]) { Columns = kinds, Magnitude = magnitude, Scale = 2 };
    }

    private Node SimpleSelect(Kind[] kinds, Scope? outer, int depth)
    {
        From from = FromClause(outer, depth);
        Scope scope = new(from.Sources, outer);
        Node[] items = [.. kinds.Select(k => Expr(k, scope, depth))];
        Node? where = _dice.Chance(0.65) ? Where(scope, depth) : null;
        if (_dice.Chance(0.12))
            return QueryNode("select distinct", kinds, $"SELECT DISTINCT {Items(items)} FROM {from.Node}{where}", items);
        return QueryNode("select", kinds, $"SELECT {Items(items)} FROM {from.Node}{where}", items);
    }

    private static Node Items(IEnumerable<Node> items) => Join(", ", items);

    private Node GroupedQuery(Kind[] kinds, Scope? outer, int depth)
    {
        From from = FromClause(outer, depth);
        Scope scope = new(from.Sources, outer);
        Node? where = _dice.Chance(0.5) ? Where(scope, depth) : null;
        List<(Node Node, Column Column)> keys = [];
        int wanted = _dice.Pick(0, 1, 1, 1, 2, 2, 3);
        bool sets = wanted > 1 && _dice.Chance(0.4);

        // PostgreSQL before 18 forgets the null of a key that a subquery in FROM gives as a constant.
        Scope tables = new([.. from.Sources.Where(s => s.Key is not null)], null);
        for (int i = 0; i < wanted; i++)
        {
            Kind kind = i < kinds.Length && _dice.Chance(0.6) && kinds[i] != Kind.Jsonb ? kinds[i] : _dice.Pick<Kind>(Kinds.Common);
            if (PickColumn(sets ? tables : scope.Alone(), kind, false) is { } column)
            {
                keys.Add((Expression("column", kind, $"{column.Sql}", column.Magnitude, column.Scale), column));
                if (!sets && _dice.Chance(0.2))
                {
                    _noSubquery++;
                    Node key = Expression("group by expression", kind, $"COALESCE({column.Sql}, {Literal(kind)})", Math.Max(column.Magnitude, 1e10), 2);
                    _noSubquery--;
                    keys[^1] = (key, new Column(key.Ours(), kind, key.Magnitude, Math.Max(key.Scale, column.Scale)) { IsPlain = false });
                }
            }
        }

        Scope grouped = new([new Source([.. keys.Select(k => k.Column)], null)], outer) { AggregateInput = scope.Alone() };
        Node[] items = new Node[kinds.Length];
        for (int i = 0; i < items.Length; i++)
        {
            if (kinds[i] == Kind.Int4 && sets && keys.Count > 0 && _dice.Chance(0.5))
                items[i] = Expression("grouping()", Kind.Int4, $"GROUPING({string.Join(", ", keys.Select(k => k.Column.Sql))})", 8);
            else
                items[i] = Expr(kinds[i], grouped, Math.Min(depth, 1));
        }

        Node? having = _dice.Chance(0.25) ? Optional("having", $" HAVING {Condition(grouped, 1)}") : null;
        if (keys.Count == 0)
            return QueryNode("aggregate without group by", kinds, $"SELECT {Items(items.Select(i => Aggregated(i, scope)))} FROM {from.Node}{where}{having}", items);
        Node group;
        string[] names = [.. keys.Select(k => k.Column.Sql)];
        if (sets)
        {
            group = _dice.Next(4) switch
            {
                0 => Make("rollup", $"ROLLUP ({string.Join(", ", names)})"),
                1 => Make("cube", $"CUBE ({string.Join(", ", names)})"),
                2 => Make("rollup", $"{names[0]}, ROLLUP ({string.Join(", ", names[1..].DefaultIfEmpty(names[0]))})"),
                _ => Make("grouping sets", $"GROUPING SETS (({string.Join(", ", names)}), ({names[^1]}), ())"),
            };
        }
        else
        {
            group = List(", ", keys.Select(k => Make("group by", $"{k.Node}")));
        }

        return QueryNode("group by", kinds, $"SELECT {Items(items)} FROM {from.Node}{where} GROUP BY {group}{having}", items);
    }

    /// <summary>Without GROUP BY the select list needs an aggregate to be a grouped query at all.</summary>
    private Node Aggregated(Node item, Scope scope)
    {
        bool has = false;
        item.Visit(n => has |= n.Production is "count(*)" or "min" or "max" or "sum");
        _ = scope;
        return has || item.Kind != Kind.Int8 ? item : Expression("count(*)", Kind.Int8, $"count(*)", 1e6);
    }

    private Node SetOperation(Kind[] kinds, Scope? outer, int depth)
    {
        (string production, string keyword) = _dice.Next(6) switch
        {
            0 => ("union", "UNION"),
            1 => ("union all", "UNION ALL"),
            2 => ("intersect", "INTERSECT"),
            3 => ("intersect all", "INTERSECT ALL"),
            4 => ("except", "EXCEPT"),
            _ => ("except all", "EXCEPT ALL"),
        };
        // Half of them over one table, so that the operands have rows in common, some of them several times.
        Table table = _dice.Pick(_tables);
        bool related = _dice.Chance(0.5);
        Node a = related ? Part(kinds, table) : Query(kinds, outer, depth), b = related ? Part(kinds, table) : Query(kinds, outer, depth);
        return new Node(Productions.Known(production), Role.Query, ["(", a, ") " + keyword + " (", b, ")"])
        {
            Columns = kinds, Magnitude = Math.Max(a.Magnitude, b.Magnitude), Scale = Math.Max(a.Scale, b.Scale),
        };
    }

    private Node Part(Kind[] kinds, Table table)
    {
        string alias = Name("q");
        Scope scope = new([SourceOf(table, alias)], null);
        Node[] items = [.. kinds.Select(k => table.Columns.FindLast(c => c.Kind == k) is { } c ? Expression("column", k, $"{alias}.{c.Name}", c.Magnitude, c.Scale) : NotNullLiteral(k))];
        Node? where = _dice.Chance(0.6) ? Where(scope, 1) : null;
        return QueryNode("select", kinds, $"SELECT {Items(items)} FROM {table.Name} AS {alias}{where}", items);
    }

    private Node With(Kind[] kinds, Scope? outer, int depth)
    {
        if (_dice.Chance(0.3))
            return Recursive(kinds, outer, depth);
        Kind[] inner = Some(1, 3);
        Node definition = Query(inner, null, depth);
        string name = Name("w");
        string[] names = [.. inner.Select(_ => Name("c"))];
        _with.Add((name, [.. names.Select((n, i) => new Column(n, inner[i], definition.Magnitude, definition.Scale))]));
        Node body = Query(kinds, outer, depth);
        _with.RemoveAt(_with.Count - 1);
        (string production, string hint) = _dice.Next(4) switch
        {
            0 => ("with materialized", "MATERIALIZED "),
            1 => ("with not materialized", "NOT MATERIALIZED "),
            2 => ("with columns", ""),
            _ => ("with", ""),
        };
        return Wrap(production, body, $"WITH {name} ({string.Join(", ", names)}) AS {hint}({definition}) {body}");
    }

    private Node Recursive(Kind[] kinds, Scope? outer, int depth)
    {
        string name = Name("r");
        string[] names = [Name("c"), Name("c")];
        Node definition;
        string production;
        switch (_dice.Next(3))
        {
            case 0:
                production = "recursive counter";
                definition = Make(production, $"SELECT {Number(0, 3)}, 'a' UNION ALL SELECT {names[0]} + 1, {names[1]} || 'b' FROM {name} WHERE {names[0]} < {_dice.Range(3, 8)}");
                break;
            case 1:
                production = "recursive union";
                definition = Make(production, $"SELECT {Number(0, 3)}, 'a' UNION SELECT ({names[0]} * 3 + 1) % 17, substr({names[1]} || 'ab', 1, 3) FROM {name}");
                break;
            default:
                production = "recursive tree";
                Table? table = Tables(t => t.Key.Count == 1 && t.Columns.Count(c => c.Kind == Kind.Int4) > 1 && t.Columns.Exists(c => c.Name == t.Key[0] && c.Kind == Kind.Int4));
                if (table is null)
                    goto case 0;
                string key = table.Key[0];
                string other = _dice.Pick(table.Columns.Where(c => c.Kind == Kind.Int4 && c.Name != key).ToList()).Name;
                definition = Make(production, $"SELECT s.{key}, CAST(s.{other} AS text) FROM {table.Name} AS s WHERE s.{key} < {_dice.Range(3, 15)} UNION SELECT t.{key}, CAST(t.{other} AS text) FROM {table.Name} AS t JOIN {name} AS w ON t.{other} = w.{names[0]}");
                break;
        }

        _with.Add((name, [new Column(names[0], Kind.Int4, 1000, 0), new Column(names[1], Kind.Text, 0, 0)]));
        Node body = Query(kinds, outer, depth);
        _with.RemoveAt(_with.Count - 1);
        return Wrap(production, body, $"WITH RECURSIVE {name} ({string.Join(", ", names)}) AS ({definition}) {body}");
    }

    private Node DistinctOn(Kind[] kinds, Scope? outer, int depth)
    {
        if (kinds.Contains(Kind.Jsonb))
            return SimpleSelect(kinds, outer, depth);
        (Node query, string alias, string[] names) = Derived(kinds, outer, depth);
        int keys = _dice.Range(1, Math.Min(2, kinds.Length));
        Node order = Join(", ", names.Select(n => OrderItem("order by name", Raw($"{alias}.{n}"))));
        return Wrap("select distinct on", query, $"SELECT DISTINCT ON ({string.Join(", ", names.Take(keys).Select(n => $"{alias}.{n}"))}) {string.Join(", ", names.Select(n => $"{alias}.{n}"))} FROM ({query}) AS {alias} ORDER BY {order}");
    }
}
