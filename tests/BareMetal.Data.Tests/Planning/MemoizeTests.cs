using System.Globalization;
using System.Text.RegularExpressions;
using BareMetal.Data.Tests.Values;
using Xunit;

namespace BareMetal.Data.Tests.Planning;

/// <summary>Correlated plans run once for each value of what they depend on, and give what they would give each time.</summary>
public sealed class MemoizeTests : IDisposable
{
    private readonly SqlHarness _harness = new();

    public MemoizeTests()
    {
        _harness.Execute("CREATE TABLE a (id int PRIMARY KEY, k int, v int, s text, n numeric(10,4), f double precision)");
        _harness.Execute("CREATE TABLE b (id int PRIMARY KEY, k int, v int, s text)");
        _harness.Execute("CREATE INDEX b_k ON b (k)");
        _harness.Execute("INSERT INTO a SELECT i, CASE WHEN i % 31 = 0 THEN NULL ELSE i % 50 END, i % 7, CASE i % 4 WHEN 0 THEN 'a' WHEN 1 THEN 'A' WHEN 2 THEN 'b' END, (i % 3)::numeric / 2, CASE i % 3 WHEN 0 THEN -0.0::double precision WHEN 1 THEN 0.0 ELSE i % 5 END FROM generate_series(1, 1000) AS g(i)");
        _harness.Execute("INSERT INTO b SELECT i, i % 40, CASE WHEN i % 11 = 0 THEN NULL ELSE i % 13 END, CASE i % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'B' END FROM generate_series(1, 400) AS g(i)");
        _harness.Execute("ANALYZE");
    }

    public void Dispose() => _harness.Dispose();

    private string Analyze(string sql) => string.Join('\n', _harness.Query("EXPLAIN ANALYZE " + sql));

    /// <summary>Hits and misses of the only memoizing operator of a plan.</summary>
    private (long Hits, long Misses) Counts(string sql)
    {
        string plan = Analyze(sql);
        MatchCollection found = Regex.Matches(plan, @"hits=(\d+) misses=(\d+) evictions=(\d+)");
        Assert.True(found.Count == 1, plan);
        return (long.Parse(found[0].Groups[1].Value, CultureInfo.InvariantCulture), long.Parse(found[0].Groups[2].Value, CultureInfo.InvariantCulture));
    }

    private void AssertSame(string sql, long memory = 64L << 20)
    {
        List<string> expected = [.. _harness.Run(sql, optimize: false).Order(StringComparer.Ordinal)];
        foreach (int batch in (int[])[1, 7, 1024])
            Assert.Equal(expected, _harness.Run(sql, optimize: true, batch, memory).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("SELECT count(*) FROM a WHERE v > (SELECT avg(v) FROM b WHERE b.k < a.k)", 51)]
    [InlineData("SELECT count(*) FROM a WHERE v > (SELECT avg(v) FROM b WHERE b.k < a.k % 10)", 11)]
    [InlineData("SELECT a.id, (SELECT max(b.id) FROM b WHERE b.k = a.k) FROM a", 51)]
    [InlineData("SELECT a.id, EXISTS (SELECT 1 FROM b WHERE b.k > a.k) FROM a", 51)]
    [InlineData("SELECT a.id, ARRAY(SELECT b.id FROM b WHERE b.k > a.k + 30 ORDER BY 1) FROM a", 51)]
    [InlineData("SELECT a.id, x.m FROM a CROSS JOIN LATERAL (SELECT max(b.v) AS m, a.k AS ak FROM b WHERE b.k < a.k) AS x", 51)]
    [InlineData("SELECT a.id, x.id FROM a LEFT JOIN LATERAL (SELECT b.id FROM b WHERE b.k > a.k ORDER BY b.v, b.id LIMIT 2) AS x ON true", 51)]
    [InlineData("SELECT a.id, (SELECT count(*) FROM b WHERE b.v < a.v AND b.k < a.k % 3) FROM a", 28)]
    public void A_subquery_runs_once_for_each_value_that_it_depends_on(string sql, long values)
    {
        Assert.Equal((1000 - values, values), Counts(sql));
        AssertSame(sql);
        AssertSame(sql, memory: 4096);
    }

    [Fact]
    public void An_expression_over_outer_columns_that_can_fail_is_not_evaluated_before_its_time()
    {
        Assert.Equal(["0"], _harness.Run("SELECT count(*) FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.id < 0 AND b.v < 10 / (a.v - a.v)) OR a.id < 0", optimize: true));
        Assert.Contains("a.k % 10", Analyze("SELECT count(*) FROM a WHERE v > (SELECT avg(v) FROM b WHERE b.k < a.k % 10)"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_that_the_subquery_also_reads_bare_stays_the_key()
    {
        const string sql = "SELECT a.id, (SELECT count(*) FROM b WHERE b.k < a.k % 10 AND b.v < a.k) FROM a";
        Assert.Equal((949L, 51L), Counts(sql));
        AssertSame(sql);
    }

    [Theory]
    [InlineData("SELECT a.id, (SELECT min(a.s || b.s) FROM b WHERE b.id < 30 AND b.s IS NOT NULL) FROM a")]
    [InlineData("SELECT a.id, (SELECT min((a.s COLLATE ordinal_ci) || b.s) FROM b WHERE b.id < 30) FROM a")]
    [InlineData("SELECT a.id, (SELECT max(a.f::text || b.k::text) FROM b WHERE b.id < 10) FROM a")]
    [InlineData("SELECT t.n::text, (SELECT max(t.n::text || b.k::text) FROM b WHERE b.id < 5) FROM (SELECT CASE a.id % 3 WHEN 0 THEN 1.0 WHEN 1 THEN 1.00 ELSE 1 END AS n FROM a) AS t")]
    [InlineData("SELECT t.s, (SELECT max(t.s || b.k::text) FROM b WHERE b.id < 5) FROM (SELECT s COLLATE ordinal_ci AS s FROM a OFFSET 0) AS t")]
    [InlineData("SELECT t.i::text, (SELECT max(t.i::text || b.k::text) FROM b WHERE b.id < 5) FROM (SELECT CASE a.id % 2 WHEN 0 THEN interval '1 month' ELSE interval '30 days' END AS i FROM a OFFSET 0) AS t")]
    public void Equal_values_that_look_different_have_results_of_their_own(string sql) => AssertSame(sql);

    [Theory]
    [InlineData("SELECT a.id, (SELECT count(*) FROM b WHERE b.k < a.v AND random() < 2) FROM a")]
    [InlineData("SELECT a.id, (SELECT nextval('counter') FROM b WHERE b.id = a.v + 1) FROM a")]
    public void What_may_differ_from_call_to_call_is_never_remembered(string sql)
    {
        _harness.Execute("CREATE SEQUENCE counter");
        Assert.DoesNotContain("Memoize", Analyze(sql), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sequence_in_a_subquery_moves_on_for_each_row()
    {
        _harness.Execute("CREATE SEQUENCE counter");
        Assert.Equal(["1000"], _harness.Query("SELECT count(DISTINCT n) FROM (SELECT (SELECT nextval('counter') + 0 * a.v) AS n FROM a OFFSET 0) AS t"));
    }

    [Fact]
    public void Locked_rows_are_not_remembered() =>
        Assert.DoesNotContain("Memoize", Analyze("SELECT a.id, x.v FROM a CROSS JOIN LATERAL (SELECT b.v FROM b WHERE b.id = a.v + 1 FOR UPDATE) AS x"), StringComparison.Ordinal);

    [Fact]
    public void Without_the_rules_nothing_is_remembered()
    {
        const string sql = "SELECT a.id, (SELECT max(b.id) FROM b WHERE b.k = a.k) FROM a WHERE a.id < 10";
        _harness.Run(sql, optimize: true);
        Assert.Contains("Memoize", _harness.LastPlan, StringComparison.Ordinal);
        Assert.Contains("Keys: a.k", _harness.LastPlan, StringComparison.Ordinal);
        _harness.Run(sql, optimize: false);
        Assert.DoesNotContain("Memoize", _harness.LastPlan, StringComparison.Ordinal);
    }

    [Fact]
    public void A_definition_that_depends_on_the_outer_row_is_read_anew_for_each_row()
    {
        const string sql = "SELECT a.id, (WITH x AS MATERIALIZED (SELECT a.k AS k, 1 AS one) SELECT sum(b.v) FROM b WHERE b.id < 50 AND b.k < (SELECT max(x.k) FROM x)) FROM a WHERE a.id < 100";
        AssertSame(sql);
        Assert.Equal(
            _harness.Query("SELECT a.id, (SELECT sum(b.v) FROM b WHERE b.id < 50 AND b.k < a.k) FROM a WHERE a.id < 100 ORDER BY 1"),
            _harness.Query(sql + " ORDER BY 1"));
        Assert.Equal(
            _harness.Query("SELECT a.id, (SELECT count(*) FROM b WHERE b.k NOT IN (a.k, a.v)) FROM a WHERE a.id < 100 ORDER BY 1"),
            _harness.Query("SELECT a.id, (WITH x AS MATERIALIZED (SELECT a.k AS k UNION ALL SELECT a.v) SELECT count(*) FROM b WHERE b.k NOT IN (SELECT x.k FROM x)) FROM a WHERE a.id < 100 ORDER BY 1"));
    }

    [Fact]
    public void Rows_of_a_recursion_are_read_anew_in_each_round() =>
        Assert.Equal(["1|1", "2|2", "3|3", "4|4"], _harness.Query(
            "WITH RECURSIVE t(n, m) AS (SELECT 1, 1 UNION ALL SELECT x.n + 1, x.n + 1 FROM (SELECT 1 AS one) AS o CROSS JOIN LATERAL (SELECT t.n, o.one FROM t WHERE t.n < 4 AND o.one = 1 OFFSET 0) AS x) SELECT * FROM t ORDER BY 1"));

    [Fact]
    public void A_lateral_side_of_many_rows_keeps_its_outer_row_while_others_look_at_the_batch()
    {
        // The subquery is asked for rows of odd numbers only: the last that it is asked for need not be the one that the inner side stands at.
        const string sql = "SELECT count(*), sum(x.k), sum(CASE WHEN x.k * a.id % 2 = 1 THEN (SELECT count(*) FROM b WHERE b.k = a.k) END) FROM a CROSS JOIN LATERAL (SELECT a.k + b.id * 0 AS k FROM b CROSS JOIN generate_series(1, 3) AS g(i) OFFSET 0) AS x WHERE a.id < 8";
        Assert.Equal(["8400|33600|48000"], _harness.Run(sql, optimize: true, 1024));
        AssertSame(sql);
    }

    [Theory]
    [InlineData("SELECT count(*) FROM a WHERE a.v NOT IN (SELECT b.v FROM b)")]
    [InlineData("SELECT count(*) FROM a WHERE a.v NOT IN (SELECT b.v FROM b WHERE b.v IS NOT NULL AND b.v > 3)")]
    [InlineData("SELECT count(*) FROM a WHERE a.v <> ALL (SELECT b.v FROM b WHERE b.v > 3)")]
    [InlineData("SELECT count(*) FROM a WHERE (a.v, a.k) NOT IN (SELECT b.v, b.k FROM b)")]
    [InlineData("SELECT count(*) FROM a WHERE (a.v, a.k) NOT IN (SELECT b.v, b.k FROM b WHERE b.k > 3)")]
    [InlineData("SELECT count(*) FROM a WHERE (a.v > ALL (SELECT b.v FROM b WHERE b.v < 3)) IS TRUE")]
    [InlineData("SELECT count(*) FROM a WHERE (a.v IN (SELECT b.v FROM b WHERE b.k = a.k)) IS NULL")]
    [InlineData("SELECT count(*) FROM a WHERE a.v NOT IN (SELECT b.v FROM b WHERE b.k = a.k % 9)")]
    public void Sets_with_nulls_answer_as_row_by_row_and_are_read_once(string sql)
    {
        AssertSame(sql);
        AssertSame(sql, memory: 4096);
        string plan = Analyze(sql);
        foreach (Match read in Regex.Matches(plan, @"(?:on|using) b\b.* read=(\d+)"))
            Assert.True(long.Parse(read.Groups[1].Value, CultureInfo.InvariantCulture) <= 400, plan);
    }

    [Theory]
    [InlineData("SELECT count(*) FROM a WHERE a.v NOT IN (SELECT b.v FROM b WHERE b.k > a.v)", 7)]
    [InlineData("SELECT count(*) FROM a WHERE a.v > ALL (SELECT b.v FROM b WHERE b.k > 3)", 7)]
    [InlineData("SELECT count(*) FROM a WHERE (a.v, a.id % 3) NOT IN (SELECT b.v, b.k FROM b WHERE b.k > 3)", 21)]
    public void A_comparison_with_all_rows_is_made_once_for_each_left_side(string sql, int values)
    {
        string plan = Analyze(sql);
        MatchCollection loops = Regex.Matches(plan[plan.IndexOf("Subquery", StringComparison.Ordinal)..], @"loops=(\d+) ");
        Assert.True(loops.Count > 0 && loops.All(l => int.Parse(l.Groups[1].Value, CultureInfo.InvariantCulture) <= values), plan);
        AssertSame(sql);
    }

    [Fact]
    public void Cancellation_reaches_subqueries_whose_results_are_remembered()
    {
        using CancellationTokenSource source = new();
        _harness.Cancellation = source.Token;
        try
        {
            source.Cancel();
            Assert.ThrowsAny<OperationCanceledException>(() => _harness.Run("SELECT a.id, (SELECT max(b.id) FROM b WHERE b.k < a.k) FROM a", optimize: true));
        }
        finally
        {
            _harness.Cancellation = default;
        }
    }

    [Fact]
    public void A_set_that_depends_on_a_row_further_outside_is_made_once_for_its_values()
    {
        const string sql = "SELECT g.i, (SELECT count(*) FROM a WHERE a.v NOT IN (SELECT b.v FROM b WHERE b.v <> g.i % 3)) FROM generate_series(1, 12) AS g(i)";
        AssertSame(sql);
        AssertSame(sql, memory: 4096);
        string plan = Analyze(sql);
        Assert.True(Regex.IsMatch(plan, @"on b .* read=400 loops=1 "), plan);
        Assert.DoesNotMatch(@"loops=\d{2,}", plan[plan.IndexOf("Spool", StringComparison.Ordinal)..]);
    }

    [Fact]
    public void Random_correlated_queries_give_the_same_as_without_rules()
    {
        int seed = RandomValues.Seed;
        Random random = new(seed);
        string[] outer = ["a.k", "a.v", "a.k % 6", "a.k / 9", "lower(a.s)", "length(a.s)", "a.id % 20", "coalesce(a.k, 3)", "a.v::bigint"];
        string[] inner = ["b.k", "b.v", "b.id % 17", "length(b.s)"];
        string[] compare = ["=", "<", ">", "<>", "IS NOT DISTINCT FROM"];
        for (int i = 0; i < 60; i++)
        {
            string Condition() => outer[random.Next(outer.Length)] is var o && o.StartsWith("lower", StringComparison.Ordinal)
                ? $"{o} {compare[random.Next(3)]} b.s" : $"{o} {compare[random.Next(compare.Length)]} {inner[random.Next(inner.Length)]}";
            string where = Condition() + (random.Next(2) == 0 ? " AND " + Condition() : "") + (random.Next(5) == 0 ? " OR " + Condition() : "");
            string sql = random.Next(7) switch
            {
                0 => $"SELECT a.id, (SELECT count(*) FROM b WHERE {where}) FROM a",
                1 => $"SELECT a.id, (SELECT max(b.v) FROM b WHERE {where} AND b.k IN (SELECT c.v FROM b AS c WHERE c.k <= a.v)) FROM a",
                2 => $"SELECT a.id, EXISTS (SELECT 1 FROM b WHERE {where}) FROM a",
                3 => $"SELECT a.id FROM a WHERE a.v IN (SELECT b.v FROM b WHERE {where}) OR a.id < 5",
                4 => $"SELECT a.id FROM a WHERE a.v NOT IN (SELECT b.v FROM b WHERE {where})",
                5 => $"SELECT a.id, x.id FROM a LEFT JOIN LATERAL (SELECT b.id FROM b WHERE {where} ORDER BY b.id LIMIT 3) AS x ON true",
                _ => $"SELECT a.id, x.c, x.m FROM a CROSS JOIN LATERAL (SELECT count(*) AS c, max(b.id + a.v) AS m FROM b WHERE {where}) AS x WHERE x.c > 0",
            };
            sql = sql.Replace("FROM a", "FROM (SELECT * FROM a WHERE id % 7 = " + random.Next(7) + ") AS a", StringComparison.Ordinal);
            List<string> expected = [.. _harness.Run(sql, optimize: false).Order(StringComparer.Ordinal)];
            foreach ((int batch, long memory) in ((int, long)[])[(1024, 64L << 20), (random.Next(1, 40), 2048L << random.Next(8))])
            {
                List<string> actual = [.. _harness.Run(sql, optimize: true, batch, memory).Order(StringComparer.Ordinal)];
                Assert.True(expected.SequenceEqual(actual), $"BAREMETAL_SEED={seed}, query {i}, batch {batch}, memory {memory}: {sql}");
            }
        }
    }
}
