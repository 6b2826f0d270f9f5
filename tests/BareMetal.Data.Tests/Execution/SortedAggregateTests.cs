using BareMetal.Data.Tests.Planning;
using Xunit;

namespace BareMetal.Data.Tests.Execution;

/// <summary>Grouping of rows that come in the order of their groups, held to grouping by hashing.</summary>
public sealed class SortedAggregateTests : IDisposable
{
    private const int Groups = 9_000;

    private readonly SqlHarness _sql = new();

    public SortedAggregateTests()
    {
        // More groups than fit into one window, one that spans many batches, and nulls behind an index.
        _sql.Execute("CREATE TABLE t (a int, b int, v int, s text, PRIMARY KEY (a, b))");
        _sql.Execute($"INSERT INTO t SELECT g / 3, g, CASE WHEN g % 7 = 0 THEN NULL ELSE g % 11 END, CASE WHEN g % 5 = 0 THEN NULL ELSE 's' || g / 100 END FROM generate_series(0, {(Groups * 3) - 1}) AS x(g)");
        _sql.Execute("INSERT INTO t SELECT 700, 100000 + g, g, 'many' FROM generate_series(1, 3000) AS x(g)");
        _sql.Execute("CREATE INDEX t_s ON t (s, v)");
    }

    public static TheoryData<int, string, string> Cases()
    {
        TheoryData<int, string, string> cases = [];
        foreach (int batchSize in OperatorHarness.BatchSizes)
        {
            cases.Add(batchSize, "a", "count(*), sum(v), min(s), max(v)");
            cases.Add(batchSize, "a", "count(DISTINCT v), string_agg(s, ',' ORDER BY b DESC), count(*) FILTER (WHERE v > 3)");
            cases.Add(batchSize, "a, b", "sum(v)");
            cases.Add(batchSize, "b, a", "avg(v)");
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_order_of_a_key_gives_the_groups_that_hashing_gives(int batchSize, string keys, string aggregates)
    {
        string sorted = $"SELECT {keys}, {aggregates} FROM t GROUP BY {keys}";
        string hashed = $"SELECT {keys}, {aggregates} FROM (SELECT a + 0 AS a, b + 0 AS b, v, s FROM t) AS u GROUP BY {keys}";
        Assert.Contains("Sorted Aggregate", _sql.Explain(sorted), StringComparison.Ordinal);
        Assert.Contains("Hash Aggregate", _sql.Explain(hashed), StringComparison.Ordinal);
        List<string> expected = _sql.Run(hashed, true), actual = _sql.Run(sorted, true, batchSize);
        expected.Sort(StringComparer.Ordinal);
        actual.Sort(StringComparer.Ordinal);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Nulls_are_one_group_and_the_order_needs_no_sort()
    {
        string sql = "SELECT s, count(*), sum(v) FROM t GROUP BY s ORDER BY s";
        string plan = _sql.Explain(sql);
        Assert.Contains("Sorted Aggregate", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Sort ", plan, StringComparison.Ordinal);
        List<string> expected = _sql.Run("SELECT s, count(*), sum(v) FROM (SELECT s || '' AS s, v FROM t) AS u GROUP BY s ORDER BY s", true);
        Assert.Equal(expected, _sql.Run(sql, true, 7));
        Assert.StartsWith("null|5400|", expected[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_that_is_a_key_twice_makes_the_groups_of_one()
    {
        string twice = "SELECT min(b) FROM (SELECT DISTINCT ON (s) s, b, v FROM t ORDER BY s, b) AS u GROUP BY COALESCE(s, NULL), s ORDER BY 1";
        Assert.Equal(_sql.Run("SELECT min(b) FROM t GROUP BY s ORDER BY 1", true), _sql.Run(twice, true));
    }

    [Fact]
    public void A_small_budget_ends_windows_early_and_changes_nothing()
    {
        string sql = "SELECT a, string_agg(s, ',' ORDER BY b) FROM t GROUP BY a";
        Assert.Equal(_sql.Run(sql, true), _sql.Run(sql, true, 100, 4096));
    }

    public void Dispose() => _sql.Dispose();
}
