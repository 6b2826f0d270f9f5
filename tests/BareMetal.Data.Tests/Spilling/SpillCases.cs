namespace BareMetal.Data.Tests.Spilling;

/// <summary>
/// A statement whose operator outgrows its memory. {N} is the number of rows; {N/k} a part of it.
/// </summary>
/// <param name="Name">What grows.</param>
/// <param name="Operator">What EXPLAIN must show, so that the case tests what it says; empty when it shows nothing of it.</param>
/// <param name="Sql">The statement; queries when several are parted by semicolons: all but the last prepare.</param>
/// <param name="IsOrdered">Whether the order of the rows is part of the result.</param>
/// <param name="Operators">Growing operators in the plan.</param>
/// <param name="Widest">Bytes of the widest row where it counts.</param>
/// <param name="ValueBytes">Bytes for each row of the one value that the statement builds of all: it can't be divided, and counts as a state and as what is made of it.</param>
internal sealed record SpillCase(string Name, string Operator, string Sql, bool IsOrdered = false, int Operators = 1, int Widest = 0, int ValueBytes = 0)
{
    // Keys that are not in order, none twice: a prime that divides no row count in use.
    private const string Mixed = "(i::bigint * 7919 % {N})::int";
    private const string Rows = "generate_series(0, {N} - 1) AS g(i)";

    public static IReadOnlyList<SpillCase> All { get; } =
    [
        new("sort by number", "Sort", $"SELECT i, {Mixed} AS k FROM {Rows} ORDER BY k", true),
        new("sort by text descending", "Sort", $"SELECT 'text ' || {Mixed} AS t, i FROM {Rows} ORDER BY t DESC", true),
        new("sort of equal keys keeps their order", "Sort", $"SELECT i % 3 AS k, i FROM {Rows} ORDER BY k", true),
        new("sort of wide rows", "Sort", $"SELECT i, repeat('x', 100 + i % 50) || i AS t FROM generate_series(0, {{N/4}}) AS g(i) ORDER BY i % 1000, t", true),
        new("sort with a few very wide rows", "Sort", $"SELECT i, CASE WHEN i % 5000 = 0 THEN repeat('w', 100000) ELSE 'n' END AS t FROM {Rows} ORDER BY {Mixed}", true, Widest: 100_000),
        new("top with wide rows", "Top", $"SELECT i, repeat('y', 500) || i AS t FROM {Rows} ORDER BY {Mixed} LIMIT {{N/8}} OFFSET 3", true),
        new("top of very many", "Top", $"SELECT i FROM {Rows} ORDER BY {Mixed} DESC LIMIT {{N/2}} OFFSET {{N/4}}", true),
        new("inner join", "Hash Join", $"SELECT a.i, b.t FROM {Rows.Replace("g(i)", "a(i)")} JOIN (SELECT {Mixed} AS k, 'b' || i AS t FROM {Rows}) AS b ON a.i = b.k"),
        new("left join", "Hash Left Join", $"SELECT a.i, b.t FROM {Rows.Replace("g(i)", "a(i)")} LEFT JOIN (SELECT {Mixed} * 2 AS k, 'b' || i AS t FROM {Rows}) AS b ON a.i = b.k"),
        new("right join with a condition", "Hash", $"SELECT a.i, b.k FROM {Rows.Replace("g(i)", "a(i)")} RIGHT JOIN (SELECT {Mixed} * 2 AS k, i AS j FROM {Rows}) AS b ON a.i = b.k AND a.i + b.j > {{N/2}}"),
        new("full join", "Hash Full Join", $"SELECT a.k, b.k FROM (SELECT {Mixed} * 2 AS k FROM {Rows}) AS a FULL JOIN (SELECT i * 3 AS k FROM {Rows}) AS b ON a.k = b.k"),
        new("semi join", "Semi", $"SELECT a.i FROM {Rows.Replace("g(i)", "a(i)")} WHERE EXISTS (SELECT 1 FROM (SELECT {Mixed} * 2 AS k, i AS j FROM {Rows}) AS b WHERE b.k = a.i)"),
        new("semi join with a condition", "Semi", $"SELECT a.i FROM {Rows.Replace("g(i)", "a(i)")} WHERE EXISTS (SELECT 1 FROM (SELECT {Mixed} * 2 AS k, i AS j FROM {Rows}) AS b WHERE b.k = a.i AND b.j < a.i)"),
        new("anti join", "Anti", $"SELECT a.i FROM {Rows.Replace("g(i)", "a(i)")} WHERE NOT EXISTS (SELECT 1 FROM (SELECT {Mixed} * 2 AS k FROM {Rows}) AS b WHERE b.k = a.i)"),
        new("left join on one key that very many rows have", "Hash Left Join", $"SELECT a.i, b.j FROM generate_series(-5, {{N/2}} + {{N/2}} + {{N/2}}) AS a(i) LEFT JOIN (SELECT 1 AS k, i AS j FROM {Rows}) AS b ON a.i = b.k"),
        new("semi join of many rows on one key", "Semi", $"SELECT a.i FROM (SELECT i, i % 3 AS x FROM generate_series(1, {{N/2}} * 3) AS g(i)) AS a WHERE EXISTS (SELECT 1 FROM (SELECT 1 AS k, i AS j FROM {Rows}) AS b WHERE b.k = a.i AND b.j > a.x)"),
        new("anti join of many rows on one key", "Anti", $"SELECT a.i FROM (SELECT i, i % 3 AS x FROM generate_series(1, {{N/2}} * 3) AS g(i)) AS a WHERE NOT EXISTS (SELECT 1 FROM (SELECT 1 AS k, i AS j FROM {Rows}) AS b WHERE b.k = a.i AND b.j > a.x)"),
        new("full join on one key that very many rows have", "Hash Full Join", $"SELECT a.x, b.k, count(*), sum(b.i) FROM (SELECT i % 3 AS x FROM generate_series(1, 7) AS g(i)) AS a FULL JOIN (SELECT CASE WHEN i % 1000 = 0 THEN 5 ELSE 1 END AS k, i FROM {Rows}) AS b ON a.x = b.k GROUP BY a.x, b.k"),
        new("nested loop over a kept side", "Nested Loop", "DELETE FROM target; INSERT INTO target SELECT i, i, repeat('w', 5000) FROM generate_series(1, {N/800}) AS g(i); SELECT a.x, count(*), max(b.t || a.x) FROM generate_series(1, {N/500}) AS a(x) LEFT JOIN target AS b ON b.k < a.x AND length(b.t) > a.x GROUP BY a.x", Operators: 2),
        new("group by with many groups", "Hash Aggregate", $"SELECT {Mixed} / 2 AS k, count(*), sum(i), min(i), max('t' || i) FROM {Rows} GROUP BY k"),
        new("group by with wide keys", "Hash Aggregate", $"SELECT 'key ' || repeat('k', 40) || {Mixed} / 3 AS k, avg(i) FROM {Rows} GROUP BY k"),
        new("grouping sets", "Hash Aggregate", $"SELECT {Mixed} / 4 AS a, i % 1000 AS b, count(*), sum(i) FROM {Rows} GROUP BY GROUPING SETS (({Mixed} / 4), (i % 1000), ({Mixed} / 4, i % 1000), ())", Operators: 4),
        new("rollup", "Hash Aggregate", $"SELECT i % 20 AS a, {Mixed} / 2 AS b, count(*), grouping(i % 20, {Mixed} / 2) FROM {Rows} GROUP BY ROLLUP (i % 20, {Mixed} / 2)", Operators: 3),
        new("distinct values of one group", "Aggregate", $"SELECT count(DISTINCT {Mixed}), sum(DISTINCT {Mixed} / 2), count(*) FROM {Rows}", Operators: 3),
        new("distinct values of many groups", "Hash Aggregate", $"SELECT i % 100 AS k, count(DISTINCT {Mixed}), sum(i) FROM {Rows} GROUP BY k", Operators: 2),
        new("distinct values in an order", "Aggregate", $"SELECT md5(string_agg(DISTINCT 'v' || {Mixed} / 2, ',' ORDER BY 'v' || {Mixed} / 2 DESC)) FROM {Rows}", Operators: 3, ValueBytes: 4),
        new("distinct values of groups in an order", "Hash Aggregate", $"SELECT i % 500 AS k, md5(string_agg(DISTINCT 'v' || {Mixed} / 2, ',' ORDER BY 'v' || {Mixed} / 2 DESC)) FROM {Rows} GROUP BY k", Operators: 3),
        new("values in an order", "Hash Aggregate", $"SELECT i % 500 AS k, string_agg('v' || i, ',' ORDER BY {Mixed}) FROM {Rows} GROUP BY k", Operators: 2),
        new("arrays that grow", "Hash Aggregate", $"SELECT i % 500 AS k, array_agg(i), count(*) FROM {Rows} GROUP BY k", Operators: 2),
        new("texts that grow", "Hash Aggregate", $"SELECT i % 500 AS k, string_agg('value ' || i, '+'), max(i) FROM {Rows} GROUP BY k", Operators: 2),
        new("documents that grow", "Hash Aggregate", $"SELECT i % 500 AS k, jsonb_agg(i) FROM {Rows} GROUP BY k", Operators: 2),
        new("ordered sets", "Hash Aggregate", $"SELECT i % 200 AS k, percentile_cont(0.25) WITHIN GROUP (ORDER BY {Mixed}), percentile_disc(0.5) WITHIN GROUP (ORDER BY {Mixed}), mode() WITHIN GROUP (ORDER BY i / 1000) FROM {Rows} GROUP BY k", Operators: 4),
        new("distinct", "Hash Distinct", $"SELECT DISTINCT {Mixed} / 2, 'd' || {Mixed} / 2 FROM {Rows}"),
        new("distinct on", "Distinct", $"SELECT DISTINCT ON (k) k, i FROM (SELECT {Mixed} / 3 AS k, i FROM {Rows}) AS s ORDER BY k, i DESC", true, 2),
        new("union", "Distinct", $"SELECT {Mixed} FROM {Rows} UNION SELECT i * 2 FROM {Rows}"),
        new("intersect", "Semi", $"SELECT {Mixed} FROM {Rows} INTERSECT SELECT i * 2 FROM {Rows}"),
        new("intersect all", "Intersect All", $"SELECT {Mixed} / 2 FROM {Rows} INTERSECT ALL SELECT i / 3 FROM {Rows}"),
        new("except", "Anti", $"SELECT {Mixed} / 2 FROM {Rows} EXCEPT SELECT i * 2 FROM {Rows}"),
        new("except with a small right side", "Anti", $"SELECT {Mixed} / 2 FROM {Rows} EXCEPT SELECT i FROM generate_series(1, 50) AS g(i)"),
        new("except all", "Except All", $"SELECT {Mixed} / 3 FROM {Rows} EXCEPT ALL SELECT i / 2 FROM {Rows}"),
        new("window over one partition", "Window", $"SELECT i, row_number() OVER w, rank() OVER w, sum(i) OVER w, lag(i, 3) OVER w, lead(i) OVER w FROM {Rows} WINDOW w AS (ORDER BY {Mixed} / 5)", Operators: 3),
        new("window functions that look at the whole partition", "Window", $"SELECT i, ntile(7) OVER w, percent_rank() OVER w, cume_dist() OVER w, last_value(i) OVER (ORDER BY {Mixed} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM {Rows} WINDOW w AS (ORDER BY {Mixed})", Operators: 6),
        new("window frames", "Window", $"SELECT i, sum(i) OVER (ORDER BY {Mixed} ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING), count(*) OVER (ORDER BY {Mixed} RANGE BETWEEN 10 PRECEDING AND 5 FOLLOWING), max(i) OVER (ORDER BY {Mixed} GROUPS BETWEEN 2 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM {Rows}", Operators: 6),
        new("window over some partitions", "Window", $"SELECT i % 5, sum(i) OVER (PARTITION BY i % 5 ORDER BY i), first_value(i) OVER (PARTITION BY i % 5 ORDER BY i), avg(i) OVER (PARTITION BY i % 5) FROM {Rows}", Operators: 6),
        new("window over texts", "Window", $"SELECT lag('t' || i) OVER (ORDER BY {Mixed}), min('m' || i) OVER (ORDER BY {Mixed}) FROM {Rows}", Operators: 3),
        new("common table expression", "CTE Scan", $"WITH c AS MATERIALIZED (SELECT i, 'c' || i AS t FROM {Rows}) SELECT a.i, a.t FROM c AS a WHERE a.i % 2 = 0 UNION ALL SELECT i, t FROM c"),
        new("recursion", "", "WITH RECURSIVE r(n, t) AS (SELECT i, 'r' || i FROM generate_series(1, {N/4}) AS g(i) UNION ALL SELECT n + {N/4}, t FROM r WHERE n <= {N} / 4 * 3) SELECT n, t FROM r", Operators: 3),
        new("recursion that forgets rows seen", "", "WITH RECURSIVE r(n) AS (SELECT i FROM generate_series(1, {N/4}) AS g(i) UNION SELECT (n * 3 + 1) % {N} FROM r) SELECT n FROM r", Operators: 4),
        new("rows looked up by key", "Hash Lookup", $"DELETE FROM target; INSERT INTO target SELECT i, {Mixed} / 2, 't' || i FROM {Rows}; SELECT a.i, b.id FROM generate_series(0, {{N/4}}) AS a(i), LATERAL (SELECT id FROM target WHERE target.k = a.i ORDER BY id DESC LIMIT 1) AS b", Operators: 2),
        new("rows read again for each outer row", "Spool", $"DELETE FROM target; INSERT INTO target SELECT i, {Mixed}, 't' || i FROM {Rows}; SELECT a.i, b.id FROM generate_series(-10, 10) AS a(i), LATERAL (SELECT x.id FROM target AS x JOIN target AS y ON x.id = y.k WHERE x.k < a.i ORDER BY x.t LIMIT 2) AS b", Operators: 3),
        new("a set of values", "", $"SELECT a.i, a.i IN (SELECT {Mixed} * 2 FROM {Rows}), a.i NOT IN (SELECT i * 3 FROM {Rows}) FROM {Rows.Replace("g(i)", "a(i)")}", Operators: 2),
        new("rows returned by a write", "", $"DELETE FROM target; INSERT INTO target SELECT i, {Mixed}, 'row ' || i FROM {Rows} RETURNING id, k, t", Operators: 2),
        new("rows returned by an update with a join", "", $"DELETE FROM target; INSERT INTO target SELECT i, {Mixed}, 'row ' || i FROM {Rows}; UPDATE target SET t = 'new' FROM (SELECT i / 2 AS j FROM {Rows}) AS s WHERE s.j = target.id RETURNING id, target.t", Operators: 4),
        new("keys that are entered at the end", "", $"DELETE FROM target; INSERT INTO target SELECT i, {Mixed}, 'row ' || i FROM {Rows}; UPDATE target SET id = id + 1 RETURNING id", Operators: 3),
        new("rows of a table, sorted", "Sort", $"DELETE FROM target; INSERT INTO target SELECT i, {Mixed}, 'row ' || i FROM {Rows}; SELECT k, t FROM target ORDER BY t", true),
    ];

    /// <summary>The statements at a number of rows.</summary>
    public string[] Statements(int rows) =>
        [.. Sql.Replace("{N/800}", (rows / 800).ToString()).Replace("{N/500}", (rows / 500).ToString()).Replace("{N/8}", (rows / 8).ToString()).Replace("{N/4}", (rows / 4).ToString()).Replace("{N/2}", (rows / 2).ToString()).Replace("{N}", rows.ToString())
            .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    public override string ToString() => Name;
}
