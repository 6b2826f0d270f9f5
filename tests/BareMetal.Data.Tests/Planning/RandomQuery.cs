using System.Text;

namespace BareMetal.Data.Tests.Planning;

/// <summary>Makes random queries over the tables a, b and c of the equivalence tests, which always bind and never fail.</summary>
internal sealed class RandomQuery(Random random)
{
    private static readonly Dictionary<string, (string[] Numbers, string[] Texts)> Tables = new()
    {
        ["a"] = (["id", "x", "y"], ["s"]),
        ["b"] = (["id", "aid", "z"], ["s"]),
        ["c"] = (["k", "n", "w"], ["t"]),
    };

    private int _aliases;

    private sealed record Source(string Sql, List<string> Numbers, List<string> Texts);

    /// <summary>A whole statement; its rows have a fixed order only when it says so.</summary>
    public (string Sql, bool IsOrdered) Next()
    {
        if (random.Next(8) == 0)
        {
            string op = Pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL");
            return ($"{Select(2, [], 2)} {op} {Select(2, [], 2)}", false);
        }

        int columns = random.Next(1, 4);
        if (random.Next(6) == 0)
        {
            // Distinct, so that joining it with itself stays small.
            string inner = Select(2, [], 2);
            int cte = ++_aliases;
            return ($"WITH q{cte}(p, q) AS (SELECT DISTINCT d.p, d.q FROM ({inner}) AS d(p, q)) SELECT u.p, v.q FROM q{cte} u JOIN q{cte} v ON u.p = v.p" + (random.Next(2) == 0 ? " WHERE u.q > 2" : ""), false);
        }

        string select = Select(columns, [], 3);
        if (random.Next(3) != 0)
            return (select, false);
        string keys = string.Join(", ", Enumerable.Range(1, columns).Select(i => i + Pick(" ASC NULLS FIRST", " DESC NULLS LAST", " DESC NULLS FIRST", " ASC NULLS LAST")));
        string limit = random.Next(2) == 0 ? $" LIMIT {random.Next(0, 30)}" + (random.Next(2) == 0 ? $" OFFSET {random.Next(0, 10)}" : "") : "";
        return ($"{select} ORDER BY {keys}{limit}", true);
    }

    private string Pick(params string[] options) => options[random.Next(options.Length)];

    private T Pick<T>(IReadOnlyList<T> options) => options[random.Next(options.Count)];

    private string Select(int columns, List<string> outer, int depth)
    {
        Source from = From(outer, depth);
        StringBuilder sql = new("SELECT ");
        bool grouped = random.Next(4) == 0;
        if (grouped)
        {
            string key = Pick(from.Numbers) + Pick("", "", " + 1");
            sql.Append(key);
            for (int i = 1; i < columns; i++)
                sql.Append(", ").Append(Aggregate(from));
            sql.Append(" FROM ").Append(from.Sql).Append(Where(from, outer, depth)).Append(" GROUP BY ").Append(key);
            if (random.Next(3) == 0)
                sql.Append(" HAVING ").Append(Pick("count(*) > 1", $"min({Pick(from.Numbers)}) > 2", $"{key} > 3"));
            return sql.ToString();
        }

        if (random.Next(6) == 0)
            sql.Append("DISTINCT ");
        for (int i = 0; i < columns; i++)
        {
            if (i > 0)
                sql.Append(", ");
            sql.Append(Number(from, outer, depth));
        }

        return sql.Append(" FROM ").Append(from.Sql).Append(Where(from, outer, depth)).ToString();
    }

    private string Where(Source from, List<string> outer, int depth)
    {
        if (random.Next(5) == 0)
            return "";
        int terms = random.Next(1, 4);
        return " WHERE " + string.Join(" AND ", Enumerable.Range(0, terms).Select(_ => Condition(from, outer, depth)));
    }

    private Source Table(int depth)
    {
        string alias = "t" + ++_aliases;
        if (depth > 0 && random.Next(4) == 0)
        {
            string inner = random.Next(3) == 0
                ? $"SELECT id, {Pick("row_number() OVER (PARTITION BY z ORDER BY id)", "sum(z) OVER (PARTITION BY aid ORDER BY id)", "rank() OVER (ORDER BY z)", "count(*) OVER (PARTITION BY z)")} FROM b"
                : Select(2, [], depth - 1);
            return new Source($"({inner}) AS {alias}(p, q)", [alias + ".p", alias + ".q"], []);
        }

        string table = Pick("a", "b", "c");
        (string[] numbers, string[] texts) = Tables[table];
        return new Source($"{table} AS {alias}", [.. numbers.Select(n => alias + "." + n)], [.. texts.Select(t => alias + "." + t)]);
    }

    private Source From(List<string> outer, int depth)
    {
        Source source = Table(depth);
        int joins = depth >= 2 ? random.Next(0, 4) : random.Next(0, 2);
        for (int i = 0; i < joins; i++)
        {
            if (depth > 0 && random.Next(5) == 0)
            {
                string alias = "l" + ++_aliases;
                string lateral = Select(2, source.Numbers, depth - 1) + (random.Next(2) == 0 ? $" ORDER BY 1 NULLS FIRST, 2 NULLS FIRST LIMIT {random.Next(1, 4)}" : "");
                source = new Source(
                    $"{source.Sql} {Pick("LEFT JOIN", "JOIN")} LATERAL ({lateral}) AS {alias}(p, q) ON {Pick("TRUE", $"{alias}.p > 2")}",
                    [.. source.Numbers, alias + ".p", alias + ".q"],
                    source.Texts);
                continue;
            }

            Source right = Table(depth - 1);
            string on = $"{Pick(source.Numbers)} = {Pick(right.Numbers)}";
            if (random.Next(3) == 0)
                on += $" AND {Compare(Pick(source.Numbers.Concat(right.Numbers).ToList()))}";
            if (random.Next(4) == 0 && source.Texts.Count > 0 && right.Texts.Count > 0)
                on = $"{Pick(source.Texts)} = {Pick(right.Texts)}";
            source = new Source(
                $"{source.Sql} {Pick("JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")} {right.Sql} ON {on}",
                [.. source.Numbers, .. right.Numbers],
                [.. source.Texts, .. right.Texts]);
        }

        return source;
    }

    private string Aggregate(Source from) => Pick("count(*)", $"sum({Pick(from.Numbers)})", $"min({Pick(from.Numbers)})", $"max({Pick(from.Numbers)})", $"count(DISTINCT {Pick(from.Numbers)})", $"count({Pick(from.Numbers)}) FILTER (WHERE {Compare(Pick(from.Numbers))})");

    private string Compare(string column) => $"{column} {Pick("=", "<>", "<", "<=", ">", ">=")} {random.Next(0, 9)}";

    private string Number(Source from, List<string> outer, int depth)
    {
        List<string> all = [.. from.Numbers, .. outer];
        string column = Pick(from.Numbers);
        return random.Next(12) switch
        {
            0 => $"{column} + {Pick(all)}",
            1 => $"CASE WHEN {Compare(Pick(all))} THEN {column} WHEN {Compare(Pick(all))} THEN 1 ELSE {Pick("NULL", "0", Pick(all))} END",
            2 => $"coalesce({column}, {Pick(all)}, -1)",
            3 when depth > 0 => $"(SELECT {Pick("count(*)", "max(s.z)", "min(s.id)")} FROM b AS s WHERE s.aid = {column})::int",
            4 => random.Next(10).ToString(),
            _ => column,
        };
    }

    private string Condition(Source from, List<string> outer, int depth)
    {
        List<string> all = [.. from.Numbers, .. outer];
        string column = Pick(from.Numbers);
        switch (random.Next(16))
        {
            case 0:
                return $"{column} IN ({random.Next(9)}, {random.Next(9)}, {Pick("NULL", "3", Pick(all))})";
            case 1:
                return $"{column} IS {Pick("", "NOT ")}NULL";
            case 2:
                return $"({Condition(from, outer, depth)} OR {Condition(from, outer, depth)})";
            case 3:
                return $"NOT ({Condition(from, outer, depth)})";
            case 4 when depth > 0:
                return $"{Pick("", "NOT ")}EXISTS ({Select(1, from.Numbers, depth - 1)})";
            case 5 when depth > 0:
                return $"{column} {Pick("IN", "NOT IN", "= ANY", "<> ALL", "> ALL", "< ANY")} ({Select(1, random.Next(2) == 0 ? from.Numbers : [], depth - 1)})";
            case 6 when depth > 0:
                return $"{column} {Pick("=", "<", ">=")} (SELECT {Pick("count(*)", "max(s.z)", "sum(s.id)")} FROM b AS s WHERE s.aid = {Pick(all)})";
            case 7 when from.Texts.Count > 0:
                return $"{Pick(from.Texts)} {Pick("=", "<>", ">")} '{Pick("s1", "s2", "S3", "s11")}'";
            case 8 when from.Texts.Count > 0:
                return $"starts_with({Pick(from.Texts)}, '{Pick("s", "s1", "S")}')";
            case 9:
                return $"{column} BETWEEN {random.Next(4)} AND {random.Next(3, 9)}";
            case 10:
                return $"{column} = ANY (ARRAY[{random.Next(9)}, {random.Next(9)}, {random.Next(9)}])";
            case 11:
                return $"{column} {Pick("=", "<", ">")} {Pick(all)}";
            case 12:
                return $"{column} IS {Pick("", "NOT ")}DISTINCT FROM {Pick(all)}";
            default:
                return Compare(column);
        }
    }
}
