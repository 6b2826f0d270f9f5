using System.Text;
using BareMetal.Data.Sessions;
using BareMetal.Data.Tests.Sessions;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Binding;

/// <summary>Statements put together from parts that fit and parts that do not: they run, or fail with a typed error that is no internal one.</summary>
public sealed class StatementFuzzTests(ITestOutputHelper output)
{
    private static readonly string[] Values =
    [
        "1", "-7", "2.50", "1e3", "NULL", "true", "'x'", "'12'", "'2024-02-29'", "X'00FF'", "a", "b", "t.a", "u.a", "u.s", "t.s", "t.j", "t.d", "t.r", "t.n", "u.zz", "nosuch", "$1", "*",
        "DATE '2024-01-01'", "TIMESTAMP '2024-01-01 10:00'", "ARRAY[1, 2]", "'{\"a\": 1}'::json", "(1, 2)", "(SELECT max(a) FROM u)", "(SELECT a FROM t x WHERE x.a = u.a)", "DEFAULT",
        "count(*)", "sum(t.a)", "max(s)", "row_number() OVER (ORDER BY b)", "sum(b) OVER ()", "now()", "lower(t.s)", "length(u.s)", "abs(t.n)", "nextval('q')",
    ];

    private static readonly string[] Plain = ["1", "2", "NULL", "'x'", "true", "b", "a", "count(*)", "b > 1", "1 = 1", "NULL IS NULL", "t.b"];

    private static readonly string[] Forms =
    [
        "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / NULLIF({1}, 0)", "{0} || {1}", "{0} = {1}", "{0} < {1}", "{0} AND {1}", "{0} OR NOT {1}", "{0} IS NULL", "{0} IS NOT DISTINCT FROM {1}",
        "{0} IN ({1}, {0})", "{0} IN (SELECT a FROM u)", "{0} NOT IN (SELECT s FROM t)", "{0} BETWEEN {1} AND {0}", "{0} LIKE {1}", "{0} = ANY ({1})", "{0} > ALL (SELECT a FROM t)", "{0}[{1}]",
        "CASE WHEN {0} THEN {1} ELSE {0} END", "CASE {0} WHEN {1} THEN 1 END", "COALESCE({0}, {1})", "CAST({0} AS integer)", "CAST({0} AS text)", "({0})::timestamp", "{0} -> {1}", "{0} ->> {1}",
        "EXISTS (SELECT 1 FROM u WHERE u.a = {0})", "greatest({0}, {1})", "EXTRACT(year FROM {0})", "substr({0}, {1})", "max({0}) FILTER (WHERE {1})", "-{0}", "{0} COLLATE \"ordinal_ci\"",
        "{0} AT TIME ZONE 'UTC'", "({0}, {1}) < (1, 'x')", "round({0}, {1})", "string_agg({0}, {1})", "lag({0}, {1}) OVER (ORDER BY {0})", "json_array_length({0})",
    ];

    private static readonly string[] Queries =
    [
        "SELECT {0}, {1} AS k FROM t", "SELECT {0} FROM t JOIN u ON {1}", "SELECT * FROM t LEFT JOIN u USING (a) WHERE {0} ORDER BY {1}", "SELECT {0} FROM t, u WHERE {1} LIMIT 3",
        "SELECT {0}, count(*) FROM t GROUP BY {0} HAVING {1} ORDER BY 1", "SELECT DISTINCT {0} FROM t ORDER BY {1}", "SELECT {0} UNION SELECT {1} ORDER BY 1", "SELECT {0} FROM t EXCEPT ALL SELECT {1} FROM u",
        "WITH w AS (SELECT {0} AS a FROM t) SELECT {1} FROM w JOIN u ON true", "SELECT {0} FROM u, LATERAL (SELECT {1} AS z FROM t WHERE t.a = u.a) t", "SELECT {0} FROM unnest({1}) AS t(a, b)",
        "SELECT DISTINCT ON ({0}) {1} FROM t ORDER BY {0}", "SELECT {0} FROM t GROUP BY ROLLUP ({1}, a)", "SELECT {0} FROM (VALUES ({1}, 1), (NULL, 2)) AS t(a, b)",
        "INSERT INTO u (a, s) VALUES ({0}, {1})", "INSERT INTO u (a, s) SELECT {0}, {1} FROM t LIMIT 1", "INSERT INTO u VALUES (1, {0}) ON CONFLICT (a) DO UPDATE SET s = {1} RETURNING {0}",
        "UPDATE t SET b = {0} WHERE {1} RETURNING {0}", "UPDATE t SET (b, s) = ({0}, {1})", "UPDATE t SET b = {0} FROM u WHERE {1}", "DELETE FROM u WHERE {0} RETURNING {1}", "DELETE FROM u USING t WHERE {0} AND {1}",
        "EXPLAIN SELECT {0} FROM t WHERE {1}", "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT {0} FROM r, t WHERE {1}",
        "SELECT a FROM t WHERE {0} FOR UPDATE", "SELECT {0} FROM t WINDOW w AS (PARTITION BY {1})", "SELECT * FROM v WHERE {0}",
    ];

    [Fact]
    public void Random_statements_run_or_fail_with_a_typed_error()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int given) ? given : Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var db = new TestDatabase();
        db.Run("CREATE TABLE t (a integer PRIMARY KEY, b integer, s text, j json, d date, r double precision, n decimal(10,2), x integer GENERATED ALWAYS AS (b * 2))");
        db.Run("INSERT INTO t VALUES (1, 10, 'x', '{\"a\": [1]}', '2024-01-01', 1.5, 2.25), (2, NULL, NULL, NULL, NULL, NULL, NULL), (3, 30, 'z', '[1]', '2024-03-01', -1, 0)");
        db.Run("CREATE TABLE u (a integer PRIMARY KEY, s text)");
        db.Run("CREATE INDEX u_s ON u (lower(s))");
        db.Run("INSERT INTO u VALUES (1, 'x'), (2, 'y'), (5, NULL)");
        db.Run("CREATE SEQUENCE q");
        db.Run("CREATE VIEW v AS SELECT t.a, u.s FROM t LEFT JOIN u ON u.a = t.a");
        int ran = 0;
        var failed = new Dictionary<string, int>();
        for (int run = 0; run < 6_000; run++)
        {
            string sql = string.Format(Queries[random.Next(Queries.Length)], Expression(random, 2), Expression(random, 2));
            db.Main.BeginTransaction();
            try
            {
                db.Rows(sql, sql.Contains("$1", StringComparison.Ordinal) ? [null] : []);
                ran++;
            }
            catch (BareMetalException error)
            {
                Assert.True(
                    !error.SqlState.StartsWith("XX", StringComparison.Ordinal) && error.SqlState.Length == 5 && error.Position >= 0 && error.Position <= sql.Length + 1,
                    $"seed {seed}: {error}\nfor: {sql}");
                failed[error.SqlState] = failed.GetValueOrDefault(error.SqlState) + 1;
            }
            catch (Exception error) when (error is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}: {error}\nfor: {sql}");
            }

            db.Main.Rollback();
        }

        output.WriteLine($"{ran} ran; " + string.Join(", ", failed.OrderByDescending(f => f.Value).Select(f => $"{f.Key} {f.Value}")));
        Assert.True(ran > 300, $"seed {seed}: only {ran} statements were valid");
    }

    private static string Expression(Random random, int depth)
    {
        // Half of the statements stay simple, so that many of them are valid.
        if (depth == 0 || random.Next(2) == 0)
            return random.Next(2) == 0 ? Plain[random.Next(Plain.Length)] : Values[random.Next(Values.Length)];
        string form = Forms[random.Next(Forms.Length)];
        var text = new StringBuilder();
        text.Append('(').AppendFormat(form, Expression(random, depth - 1), Expression(random, depth - 1)).Append(')');
        return text.ToString();
    }
}
