namespace BareMetal.Data.Differential.Grammar;

internal sealed partial class Generator
{
    /// <summary>The text of a FROM clause and the items that it brings.</summary>
    private readonly record struct From(Node Node, List<Source> Sources);

    private readonly List<(string Name, List<Column> Columns)> _with = [];

    private Table? Tables(Func<Table, bool> test)
    {
        List<Table> fitting = [.. _tables.Where(test)];
        return fitting.Count == 0 ? null : _dice.Pick(fitting);
    }

    private static Source SourceOf(Table table, string alias) => new(
        [.. table.Columns.Select(c => new Column($"{alias}.{c.Name}", c.Kind, c.Magnitude, c.Scale))],
        table.Key.Count == 0 ? null : [.. table.Key.Select(k => $"{alias}.{k}")]);

    private From FromClause(Scope? outer, int depth)
    {
        int joins = _dice.Pick(0, 0, 0, 1, 1, 1, 2);
        if (depth <= 0)
            joins = Math.Min(joins, 1);
        bool alone = _alone;
        _alone = joins == 0;
        From from = FromItem(outer, depth);
        _alone = false;
        for (int i = 0; i < joins; i++)
            from = JoinItem(from, outer, depth - 1);
        _alone = alone;
        return from;
    }

    private From FromItem(Scope? outer, int depth)
    {
        string alias = Name("q");
        int choice = _dice.Next(100);
        if (_with.Count > 0 && choice < 30)
        {
            (string name, List<Column> columns) = _dice.Pick(_with);
            return new From(Make("from with", $"{name} AS {alias}"), [new Source([.. columns.Select(c => c with { Sql = $"{alias}.{c.Sql}" })], null)]);
        }

        if (choice < 68 || depth < 0)
        {
            // A large table stands alone: joined with another it would be most of the run's time.
            Table table = _dice.Pick(_tables);
            while (table.IsLarge && !_alone)
                table = _dice.Pick(_tables);
            if (_dice.Chance(0.06))
            {
                string[] names = [.. table.Columns.Select(_ => Name("x"))];
                return new From(
                    Make("from columns alias", $"{table.Name} AS {alias} ({string.Join(", ", names)})"),
                    [new Source([.. table.Columns.Select((c, i) => new Column($"{alias}.{names[i]}", c.Kind, c.Magnitude, c.Scale))], null)]);
            }

            string keyword = _dice.Pick(" AS ", " ");
            return new From(Make(table.IsView ? "from view" : "from table", $"{table.Name}{keyword}{alias}"), [SourceOf(table, alias)]);
        }

        if (choice < 84 && depth > 0)
        {
            Kind[] kinds = Some(1, 3);
            (Node query, string name, string[] names) = Derived(kinds, null, depth - 1);
            return new From(Make("from subquery", $"({query}) AS {name} ({string.Join(", ", names)})"), [SourceOf(query, name, names)]);
        }

        if (choice < 91)
        {
            Kind[] kinds = Some(1, 3);
            string[] names = [.. kinds.Select(_ => Name("x"))];
            List<Node> rows = [];
            double[] magnitudes = new double[kinds.Length];
            for (int r = _dice.Range(1, 4); r > 0; r--)
                rows.Add(Make("", $"({Join(", ", kinds.Select((k, i) => Bounded(Literal(k), ref magnitudes[i])))})"));
            return new From(
                Make("from values", $"(VALUES {List(", ", rows)}) AS {alias} ({string.Join(", ", names)})"),
                [new Source([.. kinds.Select((k, i) => new Column($"{alias}.{names[i]}", k, magnitudes[i], 2))], null)]);
        }

        if (choice < 95)
        {
            string column = Name("g");
            int low = _dice.Range(-2, 3), high = _dice.Range(0, 6);
            string step = _dice.Pick("", "", ", 2", ", 3");
            return _dice.Chance(0.3)
                ? new From(
                    Make("with ordinality", $"generate_series({low}, {high}{step}) WITH ORDINALITY AS {alias} ({column}, {column}o)"),
                    [new Source([new Column($"{alias}.{column}", Kind.Int4, 10, 0), new Column($"{alias}.{column}o", Kind.Int8, 10, 0)], [$"{alias}.{column}"])])
                : new From(
                    Make("from generate_series", $"generate_series({low}, {high}{step}) AS {alias} ({column})"),
                    [new Source([new Column($"{alias}.{column}", Kind.Int4, 10, 0)], [$"{alias}.{column}"])]);
        }

        string element = Name("u");
        if (_dice.Chance(0.4))
            return FunctionItem(alias, element);
        bool numbers = _dice.Chance(0.5);
        return new From(
            Make("from unnest", $"unnest({Literal(numbers ? Kind.IntArray : Kind.TextArray)}) WITH ORDINALITY AS {alias} ({element}, {element}o)"),
            [new Source([new Column($"{alias}.{element}", numbers ? Kind.Int4 : Kind.Text, 10, 0), new Column($"{alias}.{element}o", Kind.Int8, 10, 0)], [$"{alias}.{element}o"])]);
    }

    private From FunctionItem(string alias, string name)
    {
        Column Of(string suffix, Kind kind) => new($"{alias}.{name}{suffix}", kind, 1000, 0);
        switch (_dice.Next(6))
        {
            case 0:
                return new From(
                    Make("from generate_series of moments", $"generate_series(TIMESTAMP '2024-01-30 10:00:00', TIMESTAMP '2024-0{_dice.Range(2, 6)}-15 00:00:00', INTERVAL '{_dice.Pick("1 mon", "10 days", "20 days 12:00:00")}') AS {alias} ({name})"),
                    [new Source([Of("", Kind.Timestamp)], [$"{alias}.{name}"])]);
            case 1:
                return new From(
                    Make("from unnest of two", $"unnest({Literal(Kind.IntArray)}, {Literal(Kind.TextArray)}) AS {alias} ({name}, {name}t)"),
                    [new Source([Of("", Kind.Int4), Of("t", Kind.Text)], null)]);
            case 2:
                return new From(
                    Make("from jsonb_each", $"jsonb_each(jsonb_build_object('a', {Literal(Kind.Int4)}, 'b', {Literal(Kind.Jsonb)})) AS {alias} ({name}, {name}j)"),
                    [new Source([Of("", Kind.Text), Of("j", Kind.Jsonb)], null)]);
            case 3:
                return new From(
                    Make("from jsonb_array_elements", $"jsonb_array_elements(jsonb_build_array({Literal(Kind.Int4)}, {Literal(Kind.Jsonb)}, {Literal(Kind.Bool)})) WITH ORDINALITY AS {alias} ({name}, {name}o)"),
                    [new Source([Of("", Kind.Jsonb), Of("o", Kind.Int8)], [$"{alias}.{name}o"])]);
            case 4:
                return new From(
                    Make("from string_to_table", $"string_to_table({Literal(Kind.Text)}, 'b') AS {alias} ({name})"),
                    [new Source([Of("", Kind.Text)], null)]);
            default:
                return new From(
                    Make("rows from", $"ROWS FROM (generate_series(1, {_dice.Range(1, 4)}), unnest({Literal(Kind.TextArray)})) WITH ORDINALITY AS {alias} ({name}, {name}t, {name}o)"),
                    [new Source([Of("", Kind.Int4), Of("t", Kind.Text), Of("o", Kind.Int8)], [$"{alias}.{name}o"])]);
        }
    }

    private static Node Bounded(Node literal, ref double magnitude)
    {
        magnitude = Math.Max(magnitude, literal.Magnitude);
        return literal;
    }

    private static Source SourceOf(Node query, string alias, string[] names) =>
        new([.. names.Select((n, i) => new Column($"{alias}.{n}", query.Columns![i], query.Magnitude, query.Scale))], null);

    private Kind[] Some(int low, int high)
    {
        Kind[] kinds = new Kind[_dice.Range(low, high)];
        for (int i = 0; i < kinds.Length; i++)
            kinds[i] = _dice.Chance(0.85) ? _dice.Pick<Kind>(Kinds.Common) : _dice.Pick<Kind>(Kinds.All);
        return kinds;
    }

    private From JoinItem(From left, Scope? outer, int depth)
    {
        int choice = _dice.Next(100);
        if (choice < 10)
        {
            // A query that sees the items before it.
            Kind[] kinds = Some(1, 2);
            (Node query, string name, string[] names) = Derived(kinds, new Scope(left.Sources, outer), Math.Max(depth, 0), limited: true);
            bool outerJoin = _dice.Chance(0.5);
            Node node = outerJoin
                ? Make("left lateral", $"{left.Node} LEFT JOIN LATERAL ({query}) AS {name} ({string.Join(", ", names)}) ON true")
                : Make("lateral", $"{left.Node} CROSS JOIN LATERAL ({query}) AS {name} ({string.Join(", ", names)})");
            return new From(node, [.. left.Sources, SourceOf(query, name, names)]);
        }

        if (choice < 14)
        {
            string alias = Name("f"), column = Name("v");
            Node bound = Leaf(Kind.Int4, new Scope(left.Sources, outer));
            return new From(
                Make("lateral function", $"{left.Node} CROSS JOIN LATERAL generate_series(1, {bound} % 4) AS {alias} ({column})"),
                [.. left.Sources, new Source([new Column($"{alias}.{column}", Kind.Int4, 10, 0)], null)]);
        }

        if (choice < 24)
        {
            // Both sides name a column alike.
            Kind kind = _dice.Pick<Kind>(Kind.Int4, Kind.Int4, Kind.Text, Kind.Int8);
            string shared = Name("k");
            Kind[] more = [kind, .. Some(1, 1)];
            (Node query, string name, string[] names) = Derived(more, null, Math.Max(depth, 0));
            (Node query2, string name2, string[] names2) = Derived([kind, .. Some(1, 1)], null, Math.Max(depth, 0));
            names[0] = names2[0] = shared;
            bool natural = _dice.Chance(0.5);
            string how = _dice.Pick("", "LEFT ", "RIGHT ", "FULL ");
            Source right = SourceOf(query2, name2, names2);
            Source both = SourceOf(query, name, names);
            Column merged = new(shared, kind, Math.Max(query.Magnitude, query2.Magnitude), Math.Max(query.Scale, query2.Scale)) { IsPlain = how != "FULL " };
            List<Column> columns = [merged, .. both.Columns.Skip(1), .. right.Columns.Skip(1)];
            Node pair = natural
                ? Make("natural join", $"(({query}) AS {name} ({string.Join(", ", names)}) NATURAL {how}JOIN ({query2}) AS {name2} ({string.Join(", ", names2)}))")
                : Make("join using", $"(({query}) AS {name} ({string.Join(", ", names)}) {how}JOIN ({query2}) AS {name2} ({string.Join(", ", names2)}) USING ({shared}))");
            return new From(Make("cross join", $"{left.Node} CROSS JOIN {pair}"), [.. left.Sources, new Source(columns, null)]);
        }

        From item = FromItem(outer, depth);
        List<Source> sources = [.. left.Sources, .. item.Sources];
        Node rightNode = item.Node;
        if (_dice.Chance(0.05) && depth > 0)
        {
            From inner = JoinItem(item, outer, depth - 1);
            rightNode = Make("from parenthesis", $"({inner.Node})");
            sources = [.. left.Sources, .. inner.Sources];
        }

        if (choice < 30)
            return new From(Make("cross join", $"{left.Node} CROSS JOIN {rightNode}"), sources);
        if (choice < 34)
            return new From(Make("from comma", $"{left.Node} CROSS JOIN ({rightNode} CROSS JOIN (VALUES (1)) AS {Name("one")} (x))"), sources);
        Scope scope = new(sources, outer);
        Node condition = JoinCondition(new Scope(left.Sources, null), new Scope(sources[left.Sources.Count..], null), scope, depth, out bool isEquality);
        (string production, string keyword) = _dice.Next(isEquality ? 12 : 9) switch
        {
            < 4 => ("inner join", _dice.Pick("JOIN", "INNER JOIN")),
            < 7 => ("left join", _dice.Pick("LEFT JOIN", "LEFT OUTER JOIN")),
            < 9 => ("right join", "RIGHT JOIN"),
            _ => ("full join", _dice.Pick("FULL JOIN", "FULL OUTER JOIN")),
        };
        if (production != "full join" && _dice.Chance(0.3))
        {
            Node more = Optional("and", $" AND {Condition(scope, 1)}");
            condition = Make("", $"{condition}{more}");
        }

        return new From(Make(production, $"{left.Node} {keyword} {rightNode} ON {condition}"), sources);
    }

    private Node JoinCondition(Scope left, Scope right, Scope both, int depth, out bool isEquality)
    {
        isEquality = false;
        for (int attempt = 0; attempt < 3 && !isEquality; attempt++)
        {
            Kind kind = _dice.Pick<Kind>(Kind.Int4, Kind.Int4, Kind.Int4, Kind.Text, Kind.Int8, Kind.Num, Kind.Int2, Kind.Date);
            if (PickColumn(left, kind, false) is { } a && PickColumn(right, kind, false) is { } b && _dice.Chance(0.85))
            {
                isEquality = true;
                string one = a.Sql, two = b.Sql;
                if (_dice.Chance(0.5))
                    (one, two) = (two, one);
                return Bool("comparison", $"{one} = {two}");
            }
        }

        return Condition(both, Math.Max(depth, 0) + 1);
    }
}
