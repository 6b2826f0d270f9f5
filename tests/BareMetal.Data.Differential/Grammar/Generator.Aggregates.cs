namespace BareMetal.Data.Differential.Grammar;

internal sealed partial class Generator
{
    /// <summary>An aggregate of the type over rows of the scope.</summary>
    private Node Aggregate(Kind kind, Scope input)
    {
        Scope own = input.Alone();
        _noSubquery++;
        try
        {
            return Aggregate(kind, own, _dice.Chance(0.15) ? Optional("filter", $" FILTER (WHERE {Condition(own, 1)})") : null);
        }
        finally
        {
            _noSubquery--;
        }
    }

    private Node Argument(Kind kind, Scope own) => Expr(kind, new Scope(own.Sources, null), _dice.Pick(0, 0, 1));

    private Node Aggregate(Kind kind, Scope own, Node? filter)
    {
        int choice = _dice.Next(12);
        switch (kind)
        {
            case Kind.Int8 when choice < 3:
                return Expression("count(*)", kind, $"count(*){filter}", 1e6);
            case Kind.Int8 when choice < 5:
                return Expression("count", kind, $"count({Argument(_dice.Pick<Kind>(Kinds.Common), own)}){filter}", 1e6);
            case Kind.Int8 when choice < 7:
                return Expression("count distinct", kind, $"count(DISTINCT {Argument(_dice.Pick<Kind>(Kinds.Common), own)}){filter}", 1e6);
            case Kind.Int8 when choice < 10:
                {
                    Node argument = Argument(_dice.Pick(Kind.Int4, Kind.Int4, Kind.Int2), own);
                    bool distinct = _dice.Chance(0.25);
                    return Expression(distinct ? "sum distinct" : "sum", kind, $"sum({(distinct ? "DISTINCT " : "")}{argument}){filter}", argument.Magnitude * 1e6);
                }

            case Kind.Int8 when choice < 11:
                return HypotheticalSet(kind, _dice.Pick("rank", "dense_rank"), own, filter);

            case Kind.Int4 when choice < 2:
                return Named(_dice.Pick("bit_and", "bit_or"), Leaf(kind, own), filter);
            case Kind.Int4 or Kind.Num or Kind.Date or Kind.Timestamp or Kind.Int2 when choice < 3:
                {
                    Node argument = Typed(Leaf(kind, own));
                    return _dice.Chance(0.3)
                        ? Expression("mode", kind, $"mode() WITHIN GROUP (ORDER BY {argument}){filter}", argument.Magnitude, argument.Scale)
                        : Expression("percentile_disc", kind, $"percentile_disc({Fraction()}) WITHIN GROUP (ORDER BY {argument}{Descending()}){filter}", argument.Magnitude, argument.Scale);
                }

            case Kind.Text when choice < 2:
                return Expression("mode", kind, $"mode() WITHIN GROUP (ORDER BY {Typed(Leaf(kind, own))}){filter}");
            case Kind.IntArray when choice < 3:
                return Expression("percentile_disc array", kind, $"percentile_disc(ARRAY[{Fraction()}, NULL, {Fraction()}]) WITHIN GROUP (ORDER BY {Leaf(Kind.Int4, own)}{Descending()}){filter}");
            case Kind.Text when choice < 5:
                return _dice.Chance(0.4)
                    ? Expression("aggregate distinct", kind, Ordered("string_agg(DISTINCT ", Typed(Leaf(kind, own)), ", ','", filter, true))
                    : Expression("string_agg", kind, Ordered("string_agg(", Argument(kind, own), ", ','", filter, false));
            case Kind.IntArray when choice < 9:
                return Expression("array_agg", kind, Ordered("array_agg(", Leaf(Kind.Int4, own), "", filter, false));
            case Kind.TextArray when choice < 9:
                return Expression("array_agg", kind, Ordered(_dice.Pick("array_agg(", "array_agg(DISTINCT "), Typed(Leaf(Kind.Text, own)), "", filter, true));
            case Kind.IntArray or Kind.TextArray:
                return Expression("parenthesis", kind, $"({Literal(kind)})");
            case Kind.Jsonb when choice < 5:
                return Expression("jsonb_agg", kind, Ordered("jsonb_agg(", Leaf(Kind.Int4, own), "", filter, false));
            case Kind.Jsonb:
                return Expression("jsonb_object_agg", kind, Ordered("jsonb_object_agg('k' || ", Expression("coalesce", Kind.Text, $"COALESCE({Leaf(Kind.Text, own)}, '')"), ", 1", filter, false));
            case Kind.Bool:
                {
                    if (choice < 2)
                    {
                        Node argument = Leaf(kind, own);
                        return Expression("min of boolean", kind, $"{Deviations.Because("aggregates", "min", "bool_and")}({argument}){filter}");
                    }

                    bool and = _dice.Chance(0.5);
                    return Expression(and ? "bool_and" : "bool_or", kind, $"{(and ? _dice.Pick("bool_and", "every") : "bool_or")}({Argument(kind, own)}){filter}");
                }

            case Kind.Interval when choice < 6:
                return Expression("sum of interval", kind, $"sum({Leaf(kind, own)}){filter}");
            case Kind.Uuid:
                {
                    Node argument = Leaf(kind, own);
                    return Expression("min of uuid", kind, $"CAST({Deviations.Because("aggregates", "CAST(max(", "CAST(max(CAST(")}{argument}{Deviations.Because("aggregates", ")", " AS text))")}{filter} AS text) AS uuid)");
                }

            case Kind.Num when choice < 5:
                {
                    Node argument = _dice.Chance(0.3) ? Leaf(Kind.Int8, own) : Argument(kind, own);
                    return argument.Magnitude > 1e11 ? Extreme(kind, own, filter) : Expression("sum", kind, $"sum({argument}){filter}", argument.Magnitude * 1e6, argument.Scale) is var sum && sum.Magnitude < 1e12 ? sum : Extreme(kind, own, filter);
                }

            case Kind.Num when choice < 8:
                {
                    Node argument = Leaf(_dice.Pick(Kind.Int4, Kind.Num, Kind.Int8), own);
                    return Expression("avg", kind, $"round(avg({argument}){filter}, 4)", argument.Magnitude + 1, 4);
                }

            case Kind.Float when choice < 3:
                {
                    Node argument = Leaf(kind, own);
                    return Expression("sum", kind, $"sum({argument}){filter}", argument.Magnitude * 1e6) is var sum && sum.Magnitude < 1e12 ? sum : Extreme(kind, own, filter);
                }

            case Kind.Float when choice < 6:
                {
                    // Sums of what comes of it must be exact: quarters of halves are.
                    Node argument = Leaf(_dice.Pick(Kind.Float, Kind.Int4, Kind.Int2), own);
                    return _dice.Chance(0.3)
                        ? Expression("percentile_cont array", kind, $"(percentile_cont(ARRAY[{ExactFraction()}, {ExactFraction()}]) WITHIN GROUP (ORDER BY {argument}){filter})[2]", 1e10)
                        : Expression("percentile_cont", kind, $"percentile_cont({ExactFraction()}) WITHIN GROUP (ORDER BY {argument}{Descending()}){filter}", 1e10);
                }

            case Kind.Num when choice == 8:
                {
                    Node share = HypotheticalSet(Kind.Float, _dice.Pick("percent_rank", "cume_dist"), own, filter);
                    return Expression("cast", kind, $"round(CAST({share} AS numeric), 4)", 1, 4);
                }

            case Kind.Num when choice == 9:
                {
                    Node argument = Leaf(kind, own);
                    Node middle = Expression("percentile_cont", Kind.Float, $"percentile_cont({ExactFraction()}) WITHIN GROUP (ORDER BY {argument}){filter}");
                    return Expression("cast", kind, $"round(CAST({middle} AS numeric), 4)", argument.Magnitude, 4);
                }

            case Kind.Bytea:
                return Expression("bytea ||", kind, $"convert_to(COALESCE(max({Leaf(Kind.Text, own)}){filter}, ''), 'UTF8')");
            default:
                return Extreme(kind, own, filter);
        }
    }

    private string Fraction() => _dice.Pick("0.5", "0.25", "1", "0", "0.9");

    private string ExactFraction() => _dice.Pick("0.5", "0.25", "1", "0");

    private string Descending() => _dice.Chance(0.2) ? " DESC" : "";

    /// <summary>Where a row of literals would come among the rows.</summary>
    private Node HypotheticalSet(Kind kind, string name, Scope own, Node? filter)
    {
        List<Node> values = [], keys = [];
        for (int i = _dice.Chance(0.3) ? 2 : 1; i > 0; i--)
        {
            Kind type = _dice.Pick(Kind.Int4, Kind.Text, Kind.Num, Kind.Date, Kind.Int8);
            bool descending = _dice.Chance(0.3);
            values.Add(_dice.Chance(0.1) ? Make("", $"NULL") : Typed(Literal(type)));
            keys.Add(Make("", $"{Typed(Leaf(type, own))}{(descending ? " DESC" : "")}{Deviations.NullOrder(descending)}"));
        }

        return Expression(name + " of values", kind, $"{name}({Items(values)}) WITHIN GROUP (ORDER BY {Items(keys)}){filter}", 1e6);
    }

    private static Node Named(string name, Node argument, Node? filter) =>
        Expression(name, argument.Kind!.Value, $"{name}({argument}){filter}", Math.Max(argument.Magnitude * 2, 1e7), argument.Scale);

    private Node Extreme(Kind kind, Scope own, Node? filter)
    {
        Node argument = Argument(kind, own);
        bool min = _dice.Chance(0.5);
        return Expression(min ? "min" : "max", kind, $"{(min ? "min" : "max")}({argument}){filter}", argument.Magnitude, argument.Scale);
    }

    /// <summary>An aggregate that depends on the order of its rows, with the order said.</summary>
    private Sql Ordered(string start, Node argument, string end, Node? filter, bool plain)
    {
        if (start.EndsWith("|| ", StringComparison.Ordinal))
            return $"{start}{argument}{end}){filter}";
        bool descending = _dice.Chance(0.3);
        Node order = Make("aggregate order by", $" ORDER BY {argument}{(descending ? " DESC" : "")}{Deviations.NullOrder(descending)}");
        _ = plain;
        return $"{start}{argument}{end}{order}){filter}";
    }

    /// <summary>Aggregates whose last digits may differ, over a whole query; nothing compares their results.</summary>
    private Node InexactQuery()
    {
        From from = FromClause(null, 1);
        Scope scope = new(from.Sources, null);
        Node? where = _dice.Chance(0.5) ? Where(scope, 1) : null;
        if (_dice.Chance(0.4))
        {
            _allowInexact = true;
            Node[] items = [Function(Kind.Float, scope, 2) ?? Leaf(Kind.Float, scope), Function(Kind.Float, scope, 2) ?? Leaf(Kind.Float, scope), Leaf(Kind.Int4, scope)];
            _allowInexact = false;
            return new Node("select", Role.Query, ((Sql)$"SELECT {Items(items)} FROM {from.Node}{where}").Parts) { Columns = [Kind.Float, Kind.Float, Kind.Int4], IsInexact = true };
        }

        List<Node> list = [];
        for (int i = _dice.Range(1, 3); i > 0; i--)
        {
            Node x = Leaf(Kind.Float, scope), y = Leaf(Kind.Float, scope), n = Leaf(_dice.Pick(Kind.Int4, Kind.Num), scope);
            list.Add(_dice.Next(4) switch
            {
                0 => Expression("variance", Kind.Float, $"{Cast(Make("", $"{_dice.Pick("variance", "var_pop", "var_samp")}({n})"))}"),
                1 => Expression("stddev", Kind.Float, $"{Cast(Make("", $"{_dice.Pick("stddev", "stddev_pop", "stddev_samp")}({n})"))}"),
                2 => Expression("corr", Kind.Float, $"{_dice.Pick("covar_pop", "covar_samp")}({x}, {y})"),
                _ => Expression("regr", Kind.Float, $"{_dice.Pick("regr_avgx", "regr_count", "regr_sxx")}({x}, {y})"),
            });
        }

        list.Add(Expression("avg", Kind.Num, $"avg({Leaf(Kind.Int4, scope)})"));
        return new Node("aggregate without group by", Role.Query, ((Sql)$"SELECT {Items(list)} FROM {from.Node}{where}").Parts) { Columns = [.. list.Select(i => i.Kind!.Value)], IsInexact = true };
    }

    private static Node Cast(Node aggregate) => Make(
        "",
        $"{Deviations.Because("`avg`, `variance` and their kin", "", "CAST(")}{aggregate}{Deviations.Because("`avg`, `variance` and their kin", "", " AS double precision)")}");
}
