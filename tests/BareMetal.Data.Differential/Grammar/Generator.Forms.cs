namespace BareMetal.Data.Differential.Grammar;

/// <summary>Forms of queries and changes that the other productions do not have, over a small table of their own.</summary>
internal sealed partial class Generator
{
    private void Forms()
    {
        Table table = Small("", _dice.Range(4, 9));
        string t = table.Name;
        for (int i = _dice.Range(4, 8); i > 0; i--)
        {
            if (_dice.Chance(0.25))
                MergeOfEveryForm(table);
            else
                Form(table, t);
        }

        Look(t);
        Do("drop table", $"DROP TABLE {t} CASCADE");
    }

    private void Form(Table table, string t)
    {
        string low = Number(0, 5), high = Number(1, 9);
        switch (_dice.Next(13))
        {
            case 0 or 1:
                {
                    (string a, string b) = (_dice.Pick("n % 3", "n + 1", "upper(s)", "n IS NULL", "COALESCE(n, 0)", "length(s)"), _dice.Pick("id % 2", "left(s, 1)", "n * 2", "id > 3"));
                    string sets = _dice.Pick($"ROLLUP ({a}, {b})", $"CUBE ({a}, {b})", $"GROUPING SETS (({a}, {b}), ({b}), ())", $"{a}, ROLLUP ({b})", $"GROUPING SETS (({a}), ({b}))", $"DISTINCT ROLLUP ({a}), ROLLUP ({a}, {b})", $"GROUPING SETS (ROLLUP ({a}), CUBE ({b}))");
                    string having = _dice.Pick("", "", $" HAVING count(*) > 1", $" HAVING GROUPING({(sets.Contains(b, StringComparison.Ordinal) ? b : a)}) = 0");
                    string second = sets.Contains(b, StringComparison.Ordinal) ? b : a;
                    Ask("grouping sets of expressions", $"SELECT {a} AS a, {second} AS b, GROUPING({a}, {second}) AS g, count(*) AS c, sum(id) AS t FROM {t} GROUP BY {sets}{having}");
                    break;
                }

            case 2:
                Ask("with of one name", $"WITH w AS (SELECT id, n FROM {t} WHERE id > {low}) {_dice.Pick("SELECT w.id, v.id AS b FROM w, (WITH w AS (SELECT id + 100 AS id FROM w) SELECT id FROM w) AS v", $"SELECT id FROM w UNION ALL (WITH w (id) AS (VALUES (9), ({high})) SELECT id FROM w)", $", v AS (WITH w AS (SELECT n AS id FROM w) SELECT id FROM w) SELECT v.id, (SELECT count(*) FROM w) AS c FROM v", $"SELECT id FROM {t} WHERE id IN (WITH w (x) AS (SELECT max(id) FROM w) SELECT x FROM w)")}");
                break;
            case 3:
                Ask("values in places", $"SELECT id, {_dice.Pick($"(VALUES ({high}))", "ARRAY(VALUES (1), (n), (id))", "EXISTS (VALUES (n))", $"(SELECT max(x) FROM (VALUES (n), ({low})) AS v (x))")} AS x FROM {t} WHERE {_dice.Pick($"id IN (VALUES ({low}), ({high}))", $"(id, n) IN (VALUES ({low}, {high}), (3, n))", $"n > ALL (VALUES ({low}), (2))", $"id = ANY (VALUES ({high}), (n))", $"n < (VALUES ({high}))")}");
                break;
            case 4:
                Ask("row values", $"SELECT id, ROW(n, s) = ROW({low}, 'a') AS e, (n, id) {_dice.Pick("<", "<=", ">", ">=", "<>")} ({high}, {low}) AS l, (n, s) IS NULL AS z, (n, s) IS DISTINCT FROM (id, s) AS d, ROW(id, n) {_dice.Pick("IN", "NOT IN")} (SELECT n, id FROM {t}) AS i FROM {t}");
                break;
            case 5:
                Ask("rows as documents", $"SELECT {_dice.Pick("to_jsonb(q)", "CAST(row_to_json(q) AS jsonb)", "jsonb_build_object('row', q)", "jsonb_build_array(q, q.id)", "to_jsonb(ROW(q.id, q.s))", "to_jsonb(q) -> 's'", "to_jsonb(q) ->> 'n'")} AS x FROM {t} AS q");
                break;
            case 6:
                Ask("aggregate of rows as documents", $"SELECT {_dice.Pick("jsonb_agg(q ORDER BY id)", "CAST(json_agg(q ORDER BY id DESC) AS jsonb)", "jsonb_object_agg(id, n)", "jsonb_object_agg(id, q)", "jsonb_agg(n ORDER BY id) FILTER (WHERE n > 2)", "jsonb_agg(jsonb_build_object(s, n) ORDER BY id)")} AS x FROM {t} AS q WHERE s IS NOT NULL AND id < {Number(2, 12)}");
                break;
            case 7:
                Ask("regexp_matches in from", $"SELECT q.id, m.* FROM {t} AS q {_dice.Pick("CROSS JOIN LATERAL", "CROSS JOIN")} regexp_matches(q.s, {TextLiteral(_dice.Pick("[ab]", "(a)(b)?", "[^ ]+"))}{_dice.Pick("", ", 'g'", ", 'gi'")}) WITH ORDINALITY AS m (g, o)");
                break;
            case 8:
                Ask("regexp_split_to_table in from", $"SELECT q.id, p.x FROM {t} AS q, regexp_split_to_table(q.s, {TextLiteral(_dice.Pick("[ab]", "b", " *", "(x)"))}{_dice.Pick("", ", 'i'")}) AS p (x)");
                break;
            case 9:
                Ask("string_to_table in from", $"SELECT q.id, p.x FROM {t} AS q {_dice.Pick("", "LEFT ")}JOIN LATERAL string_to_table(q.s, {_dice.Pick("'b'", "' '", "CAST(NULL AS text)", "''")}{_dice.Pick("", ", 'a'", ", ''", ", CAST(NULL AS text)")}) AS p (x) ON true");
                break;
            case 10:
                Ask("jsonb_to_recordset", $"SELECT q.id, r.a, r.b FROM {t} AS q CROSS JOIN LATERAL jsonb_to_recordset(jsonb_build_array(jsonb_build_object('a', q.id, 'b', q.s), jsonb_build_object('b', q.n))) AS r (a integer, b text)");
                break;
            case 11:
                Ask("jsonb_path_query in from", $"SELECT q.id, r.x FROM {t} AS q CROSS JOIN LATERAL jsonb_path_query(jsonb_build_object('a', jsonb_build_array(q.n, q.id, q.s), 'n', {Raw("CAST('" + Document(2) + "' AS jsonb)")}), {TextLiteral(_dice.Pick("$.a[*]", "$.a[*] ? (@ > 2)", "$.*", "$.n.**", "$.a[last]", "strict $.a[1]"))}) AS r (x)");
                break;
            default:
                {
                    string f = Name("fn");
                    switch (_dice.Next(3))
                    {
                        case 0:
                            Do("function body of the standard", $"CREATE FUNCTION {f}(x integer, y integer DEFAULT 3) RETURNS integer {_dice.Pick("", "IMMUTABLE ", "STRICT ")}RETURN x * 2 + y");
                            Ask("function body of the standard", $"SELECT id, {f}(n) AS a, {f}(y => id, x => 1) AS b FROM {t} WHERE {f}(id, {low}) > {high}");
                            break;
                        case 1:
                            Do("function with out parameters", $"CREATE FUNCTION {f}(x integer, OUT twice integer, OUT words text) LANGUAGE sql AS $$ SELECT x * 2, 'w' || x $$");
                            Ask("function with out parameters", $"SELECT {_dice.Pick($"* FROM {f}({high})", $"q.id, r.words FROM {t} AS q CROSS JOIN LATERAL {f}(q.n) AS r", $"({f}({low})).twice AS x")}");
                            break;
                        default:
                            Do("function of whole rows", $"CREATE FUNCTION {f}(x integer) RETURNS SETOF {t} LANGUAGE sql STABLE AS $$ SELECT * FROM {t} WHERE id > x $$");
                            Ask("function of whole rows", $"SELECT {_dice.Pick($"* FROM {f}({low})", $"q.id, r.n FROM {t} AS q JOIN {f}({low}) AS r ON r.id = q.id", $"({f}({high})).id AS x", $"count(*) AS c FROM {f}(NULL)")}");
                            break;
                    }

                    Do("function dropped", $"DROP {_dice.Pick("FUNCTION", "ROUTINE")} {f}");
                    break;
                }
        }
    }

    private void MergeOfEveryForm(Table table)
    {
        string t = table.Name;
        Scope both = new([SourceOf(table, "x"), new Source([new Column("y.k", Kind.Int4, 100, 0), new Column("y.v", Kind.Int4, 100, 0)], null)], null);
        Scope source = new([both.Sources[1]], null);
        List<Node> clauses = [];
        for (int i = _dice.Range(1, 4); i > 0; i--)
        {
            bool matched = _dice.Chance(0.6);
            Node? condition = _dice.Chance(0.6) ? Optional("merge condition", $" AND {NoSubquery(() => Condition(matched ? both : source, 1))}") : null;
            Node action = matched
                ? _dice.Next(5) switch
                {
                    0 => Make("merge delete", $"DELETE"),
                    1 => Make("merge do nothing", $"DO NOTHING"),
                    2 => Make("merge update row", $"UPDATE SET (n, s) = ({_dice.Pick("y.v", "x.n + 1", "NULL", "y.k * 2")}, 'm')"),
                    3 => Make("merge update default", $"UPDATE SET n = DEFAULT, s = x.s || 'u'"),
                    _ => Make("merge update", $"UPDATE SET n = y.v"),
                }
                : _dice.Next(4) switch
                {
                    0 => Make("merge do nothing", $"DO NOTHING"),
                    1 => Make("merge insert", $"INSERT VALUES (y.k, y.v, 'new')"),
                    2 => Make("merge insert default", $"INSERT (id, n) VALUES (y.k, DEFAULT)"),
                    _ => Make("merge insert", $"INSERT (id, s) VALUES (y.k, 'q')"),
                };
            clauses.Add(Make("", $" WHEN {(matched ? "MATCHED" : "NOT MATCHED")}{condition} THEN {action}"));
        }

        // A source row that comes twice is an error where its target is written twice.
        string more = _dice.Chance(0.1) ? ", (1, 5)" : "";
        string values = $"(1, {Number(0, 9)}), ({Number(2, 4)}, NULL), ({Number(10, 40)}, {Number(0, 9)}), ({Number(41, 60)}, 2){more}";
        string from = _dice.Pick($"(VALUES {values}) AS y (k, v)", $"(SELECT id + {Number(0, 4)}, n FROM {t}) AS y (k, v)");
        Do("merge of every form", $"MERGE INTO {t} AS x USING {from} ON x.id = y.k{Join("", clauses)}");
    }
}
