using System.Globalization;

namespace BareMetal.Data.Differential.Grammar;

internal sealed partial class Generator
{
    private static readonly string[] Words =
        ["", "a", "b", "ab", "abc", "B", "A", "x%y", "x_y", "zz", "Ab", " a", "a ", "Zq", "ba", "cab", "héé", "日本", "😀b", "it's", "a\\b", "AbA", "  ", "bbb"];

    private static Node Expression(string production, Kind kind, Sql sql, double magnitude = 0, int scale = 0) =>
        new(Productions.Known(production), Role.Expression, sql.Parts) { Kind = kind, Magnitude = magnitude, Scale = scale };

    /// <summary>An expression of the type over what the scope shows.</summary>
    private Node Expr(Kind kind, Scope scope, int depth)
    {
        if (scope.AggregateInput is not null && _dice.Chance(0.4))
            return Aggregate(kind, scope.AggregateInput);
        if (depth <= 0 || _dice.Chance(0.22))
            return Leaf(kind, scope);
        int choice = _dice.Next(100);
        if (choice < 6)
            return CaseOf(kind, scope, depth);
        if (choice < 9)
        {
            Node a = Expr(kind, scope, depth - 1), b = Expr(kind, scope, depth - 1);
            return Expression("coalesce", kind, $"COALESCE({a}, {b})", Math.Max(a.Magnitude, b.Magnitude), Math.Max(a.Scale, b.Scale));
        }

        if (choice < 11 && kind != Kind.Jsonb)
        {
            Node a = Expr(kind, scope, depth - 1);
            return Expression("nullif", kind, $"NULLIF({a}, {Expr(kind, scope, depth - 1)})", a.Magnitude, a.Scale);
        }

        if (choice < 13 && kind is not (Kind.Bool or Kind.Jsonb))
        {
            Node a = Expr(kind, scope, depth - 1), b = Expr(kind, scope, depth - 1);
            bool greatest = _dice.Chance(0.5);
            return Expression(greatest ? "greatest" : "least", kind, $"{(greatest ? "GREATEST" : "LEAST")}({a}, {b})", Math.Max(a.Magnitude, b.Magnitude), Math.Max(a.Scale, b.Scale));
        }

        if (choice < 15)
        {
            Node a = Expr(kind, scope, depth - 1);
            return kind == Kind.Num ? a : _dice.Chance(0.5)
                ? Expression("cast", kind, $"CAST({a} AS {Kinds.Name(kind)})", a.Magnitude, a.Scale)
                : Expression("cast ::", kind, $"({a})::{Kinds.Name(kind)}", a.Magnitude, a.Scale);
        }

        if (choice < 16)
        {
            Node a = Expr(kind, scope, depth - 1);
            return Expression("parenthesis", kind, $"({a})", a.Magnitude, a.Scale);
        }

        if (choice < 22 && _noSubquery == 0 && depth > 0)
            return ScalarSubquery(kind, scope, depth - 1);
        if (kind == Kind.Bool && _dice.Chance(0.93))
            return Condition(scope, depth);
        return Function(kind, scope, depth) ?? Leaf(kind, scope);
    }

    private Node? Function(Kind kind, Scope scope, int depth)
    {
        FunctionRule[] rules = FunctionRules.Giving(kind);
        if (rules.Length == 0)
            return null;
        FunctionRule rule = _dice.Pick<FunctionRule>(rules);
        if (rule.IsInexact && (!_allowInexact || scope.AggregateInput is not null))
            return null;
        Node[] arguments = new Node[rule.Arguments.Length];
        double[] magnitudes = new double[arguments.Length];
        int[] scales = new int[arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = rule.TakesLeaves ? Leaf(rule.Arguments[i], scope) : Expr(rule.Arguments[i], scope, depth - 1);
            magnitudes[i] = arguments[i].Magnitude;
            scales[i] = arguments[i].Scale;
            if (arguments[i].IsInexact)
                return null;
        }

        double magnitude = rule.Magnitude?.Invoke(magnitudes) ?? 0;
        int scale = rule.Scale?.Invoke(scales) ?? (scales.Length == 0 ? 0 : scales.Max());
        if (Kinds.IsNumber(kind) && (magnitude >= Kinds.Limit(kind) || scale > 8))
            return null;
        return new Node(rule.Production, Role.Expression, Fill(rule, arguments)) { Kind = kind, Magnitude = magnitude, Scale = scale, IsInexact = rule.IsInexact };
    }

    private static object[] Fill(FunctionRule rule, Node[] arguments)
    {
        List<object> parts = Split(rule.Text, arguments);
        if (rule.Theirs is null)
            return [.. parts];
        List<object> theirs = Split(rule.Theirs, arguments);
        for (int i = 0; i < parts.Count; i++)
        {
            if (parts[i] is string ours)
                parts[i] = Deviations.Because(rule.Deviation, ours, (string)theirs[i]);
        }

        return [.. parts];
    }

    private static List<object> Split(string text, Node[] arguments)
    {
        List<object> parts = [];
        int at = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '{' || i + 2 >= text.Length || text[i + 2] != '}')
                continue;
            parts.Add(text[at..i]);
            parts.Add(arguments[text[i + 1] - '0']);
            at = i + 3;
        }

        parts.Add(text[at..]);
        return parts;
    }

    /// <summary>A column, a literal or a null.</summary>
    private Node Leaf(Kind kind, Scope scope)
    {
        if (_dice.Chance(0.8))
        {
            Scope? at = scope;
            bool outer = false;
            if (scope.Outer is not null && _dice.Chance(0.2))
            {
                at = scope.Outer;
                outer = true;
            }

            for (; at is not null; at = at.Outer, outer = true)
            {
                if (PickColumn(at, kind, outer) is { } column)
                    return Expression(outer ? "outer column" : "column", kind, $"{column.Sql}", column.Magnitude, column.Scale);
            }
        }

        return Literal(kind);
    }

    /// <summary>A leaf for a subquery: of the enclosing queries only what subqueries may read.</summary>
    private Node OuterLeaf(Kind kind, Scope scope) => Leaf(kind, new Scope([], scope));

    private Column? PickColumn(Scope scope, Kind kind, bool outer)
    {
        int count = 0;
        foreach (Source source in scope.Sources)
        {
            foreach (Column column in source.Columns)
            {
                if (column.Kind == kind && (!outer || column.IsPlain))
                    count++;
            }
        }

        if (count == 0)
            return null;
        int pick = _dice.Next(count);
        foreach (Source source in scope.Sources)
        {
            foreach (Column column in source.Columns)
            {
                if (column.Kind == kind && (!outer || column.IsPlain) && pick-- == 0)
                    return column;
            }
        }

        return null;
    }

    private Node Literal(Kind kind)
    {
        if (_dice.Chance(0.05))
            return Expression("typed null", kind, $"CAST(NULL AS {Kinds.Name(kind)})");
        (string text, double magnitude, int scale) = LiteralText(kind);
        return Expression("literal", kind, $"{text}", magnitude, scale);
    }

    private (string Text, double Magnitude, int Scale) LiteralText(Kind kind)
    {
        switch (kind)
        {
            case Kind.Int2:
                return ($"CAST({Number(-5, 30)} AS smallint)", 30, 0);
            case Kind.Int4:
                return (Number(-5, 30), 30, 0);
            case Kind.Int8:
                return _dice.Chance(0.2) ? (_dice.Pick("5000000000", "-9999999999"), 1e10, 0) : ($"CAST({Number(-5, 1000)} AS bigint)", 1000, 0);
            case Kind.Num:
                return (_dice.Pick("1.5", "0.25", "-2.75", "10.0", "3.14", "0.00", "99.99"), 100, 2);
            case Kind.Float:
                return ($"CAST({_dice.Pick("1.5", "0.25", "-2.75", "10", "-0.5", "100")} AS double precision)", 100, 0);
            case Kind.Bool:
                return (_dice.Pick("true", "false"), 0, 0);
            case Kind.Text:
                return (TextLiteral(_dice.Pick<string>(Words)), 0, 0);
            case Kind.Date:
                return ($"DATE '{DateText()}'", 0, 0);
            case Kind.Time:
                return ($"TIME '{TimeText()}'", 0, 0);
            case Kind.Timestamp:
                return ($"TIMESTAMP '{DateText()} {TimeText()}'", 0, 0);
            case Kind.TimestampTz:
                return ($"TIMESTAMPTZ '{DateText()} {TimeText()}+0{_dice.Next(3)}'", 0, 0);
            case Kind.Uuid:
                return ($"UUID '{UuidText()}'", 0, 0);
            case Kind.Bytea:
                return ($"CAST('\\x{_dice.Pick("", "00", "ff00", "616263", "ab", "0102030405")}' AS bytea)", 0, 0);
            case Kind.Jsonb:
                return ($"CAST('{JsonText()}' AS jsonb)", 0, 0);
            case Kind.Interval:
                return ($"INTERVAL '{IntervalText()}'", 0, 0);
            case Kind.IntArray:
                return ($"CAST('{{{string.Join(",", Enumerable.Range(0, _dice.Next(4)).Select(_ => _dice.Chance(0.1) ? "NULL" : Number(-3, 9)))}}}' AS integer[])", 0, 0);
            default:
                return ($"CAST('{{{string.Join(",", Enumerable.Range(0, _dice.Next(4)).Select(_ => _dice.Pick("a", "b", "NULL", "\"x y\"", "\"\"", "ab")))}}}' AS text[])", 0, 0);
        }
    }

    private static string TextLiteral(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    private string Number(int low, int high) => _dice.Range(low, high).ToString(CultureInfo.InvariantCulture);

    private string DateText() => string.Create(CultureInfo.InvariantCulture, $"20{_dice.Range(20, 25)}-{_dice.Range(1, 12):00}-{_dice.Range(1, 28):00}");

    private string TimeText() => string.Create(CultureInfo.InvariantCulture, $"{_dice.Range(0, 23):00}:{_dice.Range(0, 59):00}:{_dice.Range(0, 59):00}{_dice.Pick("", "", ".5", ".25", ".123456")}");

    private string IntervalText() => _dice.Pick("1 day", "02:30:00", "1 mon 3 days", "-5 days 01:00:00", "1 year 2 mons", "00:00:01.5", "-00:15:00", "10 days", "2 years -3 days", "00:00:00");

    private string UuidText() => string.Create(CultureInfo.InvariantCulture, $"00000000-0000-4000-8000-0000000000{_dice.Range(0, 12):00}");

    private string JsonText() => _dice.Pick(
        "{}", "{\"n\": 1}", "{\"n\": 2.5, \"s\": \"a\"}", "{\"s\": \"b\", \"n\": null}", "{\"o\": {\"x\": \"deep\", \"y\": [1, 2]}, \"n\": 7}", "[]", "[1, 2, 3]", "[\"n\", {\"n\": 1}]",
        "{\"a\": [1, \"two\", null, {\"k\": true}], \"s\": \"é\"}", "{\"n\": 10, \"b\": false, \"a\": [[1], []]}", "[null, true, 1.50, \"x\"]", "{\"s\": \"it is \\\"q\\\"\", \"n\": -3}");

    private Node CaseOf(Kind kind, Scope scope, int depth)
    {
        Node a = Expr(kind, scope, depth - 1), b = Expr(kind, scope, depth - 1);
        double magnitude = Math.Max(a.Magnitude, b.Magnitude);
        int scale = Math.Max(a.Scale, b.Scale);
        switch (_dice.Next(3))
        {
            case 0:
                return Expression("case searched", kind, $"CASE WHEN {Condition(scope, depth - 1)} THEN {a} ELSE {b} END", magnitude, scale);
            case 1:
                Kind by = _dice.Pick<Kind>(Kinds.Common);
                Node otherwise = Leaf(kind, scope);
                return Expression(
                    "case simple",
                    kind,
                    $"CASE {Expr(by, scope, depth - 1)} WHEN {Leaf(by, scope)} THEN {a} WHEN {Leaf(by, scope)} THEN {b} ELSE {otherwise} END",
                    Math.Max(magnitude, otherwise.Magnitude),
                    Math.Max(scale, otherwise.Scale));
            default:
                return Expression("case without else", kind, $"CASE WHEN {Condition(scope, depth - 1)} THEN {a} WHEN {Condition(scope, depth - 1)} THEN {b} END", magnitude, scale);
        }
    }

    private Node ScalarSubquery(Kind kind, Scope scope, int depth)
    {
        if (kind == Kind.IntArray || kind == Kind.TextArray)
        {
            Kind element = kind == Kind.IntArray ? Kind.Int4 : Kind.Text;
            (Node query, string alias, string[] names) = Derived([element], scope, depth);
            return Expression("array subquery", kind, $"ARRAY(SELECT CAST({alias}.{names[0]} AS {Kinds.Name(element)}) FROM ({query}) AS {alias} ORDER BY 1{Deviations.NullOrder(false)})");
        }

        if (_dice.Chance(0.5) && kind is not (Kind.Jsonb or Kind.Bytea or Kind.Uuid or Kind.Time or Kind.Timestamp or Kind.TimestampTz))
        {
            From from = FromClause(scope, Math.Min(depth, 1));
            Scope inner = new(from.Sources, scope);
            Node aggregate = Aggregate(kind, inner);
            Node? where = _dice.Chance(0.8) ? Where(inner, depth) : null;
            return Expression("scalar subquery aggregate", kind, $"(SELECT {aggregate} FROM {from.Node}{where})", aggregate.Magnitude, aggregate.Scale);
        }

        if (_dice.Chance(0.3))
        {
            // By a whole key: at most one row, without LIMIT.
            Table? table = Tables(t => t.Key.Count == 1 && t.Columns.Exists(c => c.Name == t.Key[0] && c.Kind == Kind.Int4));
            if (table is not null)
            {
                string alias = Name("q");
                Scope inner = new([SourceOf(table, alias)], scope);
                Node value = Leaf(kind, inner.Alone());
                return Expression("scalar subquery correlated key", kind, $"(SELECT {value} FROM {table.Name} AS {alias} WHERE {alias}.{table.Key[0]} = {OuterLeaf(Kind.Int4, scope)})", value.Magnitude, value.Scale);
            }
        }

        (Node body, string name, string[] columns) = Derived([kind, Kind.Int4], scope, depth);
        return Expression("scalar subquery limit", kind, $"(SELECT {name}.{columns[0]} FROM ({body}) AS {name} ORDER BY 1{Deviations.NullOrder(false)}, {name}.{columns[1]}{Deviations.NullOrder(false)} LIMIT 1)", body.Magnitude, body.Scale);
    }

    private Node Bool(string production, Sql sql) => Expression(production, Kind.Bool, sql);

    /// <summary>A condition.</summary>
    private Node Condition(Scope scope, int depth)
    {
        Kind kind = _dice.Pick<Kind>(Kinds.Common);
        int d = depth - 1;
        int choice = _dice.Next(depth <= 0 ? 62 : 115);
        switch (choice)
        {
            case < 24:
                if (_dice.Chance(0.15))
                    kind = _dice.Pick<Kind>(Kinds.All);
                if (_dice.Chance(0.35))
                    return Bool("comparison", $"({Leaf(kind, scope)} {_dice.Pick("=", "=", "=", "<>", "<", "<=", ">", ">=")} {Literal(kind)})");
                return Bool("comparison", $"({Expr(kind, scope, d)} {_dice.Pick("=", "=", "<>", "<", "<=", ">", ">=")} {Expr(kind, scope, d)})");
            case < 28:
                return Bool("is null", $"({Expr(kind, scope, d)} IS NULL)");
            case < 32:
                return Bool("is not null", $"({Expr(kind, scope, d)} IS NOT NULL)");
            case < 35:
                return Bool("is distinct from", $"({Expr(kind, scope, d)} IS {_dice.Pick("", "NOT ")}DISTINCT FROM {Expr(kind, scope, d)})");
            case < 38:
                return Bool("is true", $"({Expr(Kind.Bool, scope, d)} IS {_dice.Pick("", "NOT ")}{_dice.Pick("TRUE", "FALSE", "UNKNOWN")})");
            case < 41:
                return Bool("in list", $"({Expr(kind, scope, d)} IN ({List(", ", Leaves(kind, scope, _dice.Range(1, 4)))}))");
            case < 44:
                return Bool("not in list", $"({Expr(kind, scope, d)} NOT IN ({List(", ", Leaves(kind, scope, _dice.Range(1, 4)))}))");
            case < 47:
                return Bool("between", $"({Expr(kind, scope, d)} BETWEEN {Expr(kind, scope, d)} AND {Expr(kind, scope, d)})");
            case < 49:
                return _dice.Chance(0.5)
                    ? Bool("not between", $"({Expr(kind, scope, d)} NOT BETWEEN {Leaf(kind, scope)} AND {Leaf(kind, scope)})")
                    : Bool("between symmetric", $"({Expr(kind, scope, d)} BETWEEN SYMMETRIC {Leaf(kind, scope)} AND {Leaf(kind, scope)})");
            case < 56:
                return Pattern(scope, d);
            case < 58:
                return Bool("boolean column", $"{Leaf(Kind.Bool, scope)}");
            case < 60:
                return Bool("any array", $"({Leaf(Kind.Int4, scope)} {_dice.Pick("=", "=", "<", ">=")} ANY (ARRAY[{List(", ", Leaves(Kind.Int4, scope, _dice.Range(1, 3)))}]))");
            case < 61:
                return Bool("all array", $"({Leaf(Kind.Text, scope)} {_dice.Pick("<>", "<", ">=")} ALL (ARRAY[{List(", ", Leaves(Kind.Text, scope, _dice.Range(1, 3)))}]))");
            case < 62:
                return Bool("collate", $"({Leaf(Kind.Text, scope)} {_dice.Pick("<", "=", ">")} {Leaf(Kind.Text, scope)} COLLATE {Deviations.Because("default collation", "\"ordinal\"", "\"C\"")})");
            case < 74:
                return Bool("and", $"({Condition(scope, d)} AND {Condition(scope, d)})");
            case < 82:
                return Bool("or", $"({Condition(scope, d)} OR {Condition(scope, d)})");
            case < 86:
                return Bool("not", $"(NOT {Condition(scope, d)})");
            case < 88:
                return Bool("row comparison", $"(({Expr(kind, scope, d)}, {Expr(Kind.Int4, scope, d)}) {_dice.Pick("=", "<>", "<", ">=")} ({Expr(kind, scope, d)}, {Expr(Kind.Int4, scope, d)}))");
            case < 90:
                return Bool("row in list", $"(({Expr(kind, scope, d)}, {Expr(Kind.Int4, scope, d)}) {_dice.Pick("", "NOT ")}IN (({Leaf(kind, scope)}, {Leaf(Kind.Int4, scope)}), ({Leaf(kind, scope)}, {Leaf(Kind.Int4, scope)})))");
            case < 92:
                return Function(Kind.Bool, scope, depth) ?? Leaf(Kind.Bool, scope);
            default:
                return _noSubquery > 0 ? Leaf(Kind.Bool, scope) : SubqueryCondition(kind, scope, d);
        }
    }

    private Node SubqueryCondition(Kind kind, Scope scope, int depth)
    {
        switch (_dice.Next(10))
        {
            case 0 or 1:
                return Bool("in subquery", $"({Expr(kind, scope, depth)} IN ({Query([kind], scope, depth)}))");
            case 2 or 3:
                return Bool("not in subquery", $"({Expr(kind, scope, depth)} NOT IN ({Query([kind], scope, depth)}))");
            case 4 or 6 when Correlated(scope) is { } inner:
                return _dice.Chance(0.5) ? Bool("exists correlated", $"EXISTS ({inner})") : Bool("not exists correlated", $"(NOT EXISTS ({inner}))");
            case 4 or 5:
                return Bool("exists", $"EXISTS ({Query([kind], scope, depth)})");
            case 6:
                return Bool("not exists", $"(NOT EXISTS ({Query([kind], scope, depth)}))");
            case 7:
                return Bool("any subquery", $"({Expr(kind, scope, depth)} {_dice.Pick("=", "<", ">=", "<>")} {_dice.Pick("ANY", "SOME")} ({Query([kind], scope, depth)}))");
            case 8:
                return Bool("all subquery", $"({Expr(kind, scope, depth)} {_dice.Pick("=", "<", ">=", "<>")} ALL ({Query([kind], scope, depth)}))");
            default:
                return Bool("row in subquery", $"(({Expr(kind, scope, depth)}, {Expr(Kind.Int4, scope, depth)}) {_dice.Pick("", "NOT ")}IN ({Query([kind, Kind.Int4], scope, depth)}))");
        }
    }

    /// <summary>A query over a table that meets the enclosing one in an equality.</summary>
    private Node? Correlated(Scope scope)
    {
        Table table = _dice.Pick(_tables);
        Kind kind = _dice.Pick<Kind>(Kind.Int4, Kind.Int4, Kind.Text, Kind.Int8, Kind.Date);
        string alias = Name("q");
        Scope own = new([SourceOf(table, alias)], scope);
        if (PickColumn(own, kind, false) is not { } inner || PickColumn(scope, kind, true) is not { } outer)
            return null;
        Node? more = _dice.Chance(0.4) ? Optional("and", $" AND {Condition(own, 1)}") : null;
        return QueryNode("select", [kind], $"SELECT {inner.Sql} FROM {table.Name} AS {alias} WHERE {inner.Sql} = {outer.Sql}{more}", []);
    }

    private Node Pattern(Scope scope, int depth)
    {
        Node text = Expr(Kind.Text, scope, depth);
        string pattern = TextLiteral(_dice.Pick("a%", "%b", "_", "%", "a_", "%A%", "x\\%y", "", "%a%b%", "ab", "_b%", "日%"));
        switch (_dice.Next(7))
        {
            case 0 or 1:
                return Bool("like", $"({text} LIKE {pattern})");
            case 2:
                return Bool("not like", $"({text} NOT LIKE {pattern})");
            case 3:
                return Bool("ilike", $"({text} {_dice.Pick("", "NOT ")}ILIKE {pattern})");
            case 4:
                return Bool("like escape", $"({text} LIKE {TextLiteral(_dice.Pick("x!%y", "a!_%", "%!!", "x!_y"))} ESCAPE '!')");
            case 5:
                return Bool("similar to", $"({text} {_dice.Pick("", "NOT ")}SIMILAR TO {TextLiteral(_dice.Pick("(a|b)%", "[a-c]+", "a_?", "%(b|z){2}%", "a*"))})");
            default:
                return Bool("regex match", $"({text} {_dice.Pick("~", "~*", "!~", "!~*")} {TextLiteral(_dice.Pick("^a", "b$", "[a-c]{2}", "^(a|b)+$", "\\d", "A.?b"))})");
        }
    }

    private Node[] Leaves(Kind kind, Scope scope, int count)
    {
        Node[] items = new Node[count];
        for (int i = 0; i < count; i++)
            items[i] = Leaf(kind, scope);
        return items;
    }
}
