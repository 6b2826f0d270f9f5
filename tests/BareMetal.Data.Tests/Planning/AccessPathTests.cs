using Xunit;

namespace BareMetal.Data.Tests.Planning;

/// <summary>Which operators and indexes are chosen, seen through EXPLAIN, and that they give the right rows.</summary>
public sealed class AccessPathTests : IDisposable
{
    private readonly SqlHarness _db = new();

    public AccessPathTests()
    {
        _db.Execute("CREATE TABLE a (id int PRIMARY KEY, x int, y int, s text, flag boolean NOT NULL)");
        _db.Execute("CREATE TABLE b (id int PRIMARY KEY, aid int REFERENCES a (id), z int NOT NULL, s text)");
        _db.Execute("CREATE TABLE k (p int, q bigint, r text, PRIMARY KEY (p, q))");
        _db.Execute("CREATE INDEX b_aid ON b (aid, z DESC)");
        _db.Execute("CREATE UNIQUE INDEX a_s ON a (s) WHERE s IS NOT NULL");
        _db.Execute("CREATE INDEX a_x ON a (x) INCLUDE (y)");
        _db.Execute("CREATE INDEX a_lower ON a (lower(s))");
        _db.Execute("CREATE INDEX a_flag ON a (id) WHERE flag");
        _db.Execute("INSERT INTO a SELECT i, i % 7, i % 3, CASE WHEN i % 4 = 0 THEN NULL ELSE 'S' || i END, i % 50 = 0 FROM generate_series(0, 999) AS g(i)");
        _db.Execute("INSERT INTO b SELECT i, CASE WHEN i % 9 = 0 THEN NULL ELSE i % 150 END, i % 11, 's' || (i % 20) FROM generate_series(0, 2999) AS g(i)");
        _db.Execute("INSERT INTO k SELECT i / 10, i % 10, 'r' || i FROM generate_series(0, 999) AS g(i)");
    }

    public void Dispose() => _db.Dispose();

    private void Uses(string sql, params string[] expected)
    {
        string plan = _db.Explain(sql);
        foreach (string part in expected)
            Assert.True(plan.Contains(part, StringComparison.Ordinal), $"{sql}\nexpected '{part}' in:\n{plan}");
        Same(sql);
    }

    private void Avoids(string sql, params string[] unexpected)
    {
        string plan = _db.Explain(sql);
        foreach (string part in unexpected)
            Assert.False(plan.Contains(part, StringComparison.Ordinal), $"{sql}\nunexpected '{part}' in:\n{plan}");
        Same(sql);
    }

    private void Same(string sql)
    {
        List<string> plain = _db.Run(sql, optimize: false);
        List<string> optimized = _db.Run(sql, optimize: true);
        Assert.Equal(plain.Order(StringComparer.Ordinal), optimized.Order(StringComparer.Ordinal));
        if (sql.Contains("ORDER BY", StringComparison.Ordinal))
            Assert.Equal(plain, optimized);
    }

    [Fact]
    public void Equality_on_the_primary_key_seeks() => Uses("SELECT * FROM a WHERE id = 5", "Primary Key Seek on a", "id = 5");

    [Fact]
    public void A_prefix_of_a_composite_key_and_a_range_on_its_next_part_seek() =>
        Uses("SELECT * FROM k WHERE p = 7 AND q >= 3 AND q < 8", "Primary Key Seek on k", "p = 7 AND q >= 3 AND q < 8");

    [Fact]
    public void An_integer_column_compared_with_a_wider_value_still_seeks() => Uses("SELECT * FROM a WHERE id = 5::bigint", "Primary Key Seek on a");

    [Fact]
    public void A_value_too_large_for_the_column_finds_nothing()
    {
        Uses("SELECT * FROM a WHERE id = 5000000000", "a");
        Assert.Empty(_db.Query("SELECT * FROM a WHERE id = 5000000000"));
    }

    [Fact]
    public void IN_and_OR_over_one_column_are_several_seeks()
    {
        Uses("SELECT * FROM a WHERE id IN (3, 900, 3, NULL)", "Primary Key Seek on a", "id IN (3, 900, 3)");
        Uses("SELECT * FROM a WHERE id = 3 OR id = 4 OR id IN (5, 6)", "Primary Key Seek on a");
        Uses("SELECT * FROM a WHERE id = ANY (ARRAY[7, 7, 8])", "Primary Key Seek on a", "id = ANY");
        Assert.Equal(3, _db.Query("SELECT * FROM a WHERE id IN (3, 900, 3, 4)").Count);
    }

    [Fact]
    public void A_filtered_index_is_used_when_the_condition_implies_its_predicate()
    {
        Uses("SELECT id FROM a WHERE s = 'S5'", "using a_s");
        Avoids("SELECT id FROM a WHERE s IS NULL", "using a_s");
        Uses("SELECT id FROM a WHERE flag AND id > 100", "using a_flag");
    }

    [Fact]
    public void An_index_over_an_expression_is_used_for_that_expression() => Uses("SELECT id FROM a WHERE lower(s) = 's5'", "using a_lower");

    [Fact]
    public void An_index_that_holds_all_columns_covers() => Uses("SELECT y FROM a WHERE x = 3", "Covering Index Seek on a using a_x");

    [Fact]
    public void A_text_prefix_is_a_range()
    {
        Uses("SELECT id FROM a WHERE starts_with(s, 'S99')", "using a_s", "starts with 'S99'");
        Uses("SELECT id FROM a WHERE s LIKE 'S99%'", "using a_s", "starts with 'S99'");
    }

    [Fact]
    public void Nulls_are_found_by_seek_and_left_out_of_ranges()
    {
        Uses("SELECT id FROM b WHERE aid IS NULL", "using b_aid", "aid IS NULL");
        Uses("SELECT id, aid FROM b WHERE aid < 2", "using b_aid", "aid < 2");
    }

    [Fact]
    public void An_order_that_an_index_has_needs_no_sort()
    {
        Avoids("SELECT * FROM a ORDER BY id LIMIT 5", "Sort", "Top");
        Avoids("SELECT * FROM a ORDER BY id DESC LIMIT 5", "Sort", "Top");
        Avoids("SELECT * FROM b WHERE aid = 5 ORDER BY z DESC, id LIMIT 3", "Sort", "Top");
        Uses("SELECT * FROM b WHERE aid = 5 ORDER BY z, id DESC LIMIT 3", "Direction: backward");
        Uses("SELECT * FROM b WHERE aid = 5 ORDER BY z, id LIMIT 3", "Top");
    }

    [Fact]
    public void Order_with_a_limit_keeps_only_the_first_rows() => Uses("SELECT id, s FROM b ORDER BY s, id LIMIT 3", "Top");

    [Fact]
    public void Min_and_max_read_one_entry_of_an_index()
    {
        Uses("SELECT max(id) FROM a", "Limit: 1", "backward");
        Uses("SELECT min(x) FROM a", "Limit: 1", "using a_x");
        Uses("SELECT max(z) FROM b WHERE aid = 4", "Limit: 1", "using b_aid");
    }

    [Fact]
    public void A_selective_join_looks_rows_up() => Uses("SELECT a.s, b.z FROM a JOIN b ON b.aid = a.id WHERE a.s = 'S5'", "Apply", "using b_aid");

    [Fact]
    public void A_large_join_hashes() => Uses("SELECT count(*) FROM a JOIN b ON b.aid = a.id", "Hash Join");

    [Fact]
    public void A_constant_passes_over_an_equality_to_the_other_table() =>
        Uses("SELECT a.s, b.z FROM a JOIN b ON b.aid = a.id WHERE a.id = 7", "Primary Key Seek on a", "Seek: aid = 7");

    [Fact]
    public void Exists_and_in_become_semi_joins()
    {
        Uses("SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.aid = a.id AND b.z > 3)", "Semi");
        Uses("SELECT id FROM a WHERE id IN (SELECT aid FROM b WHERE z > 3)", "Semi");
        Uses("SELECT id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.aid = a.id)", "Anti");
    }

    [Fact]
    public void Not_in_is_an_anti_join_only_where_nothing_is_null()
    {
        Uses("SELECT id FROM a WHERE id NOT IN (SELECT z FROM b)", "Anti");
        Avoids("SELECT id FROM a WHERE id NOT IN (SELECT aid FROM b)", "Anti");
        Assert.Empty(_db.Query("SELECT id FROM a WHERE id NOT IN (SELECT aid FROM b)"));
    }

    [Fact]
    public void An_outer_join_whose_missing_side_is_rejected_is_an_inner_join() =>
        Avoids("SELECT a.id FROM a LEFT JOIN b ON b.aid = a.id WHERE b.z = 4", "Left");

    [Fact]
    public void Conditions_go_through_grouping_and_union()
    {
        Uses("SELECT v.x, v.n FROM (SELECT x, count(*) AS n FROM a GROUP BY x) v WHERE v.x = 3", "using a_x");
        Uses("SELECT u.id FROM (SELECT id FROM a UNION ALL SELECT id FROM b) u WHERE u.id = 3", "Primary Key Seek on a", "Primary Key Seek on b");
    }

    [Fact]
    public void A_correlated_limit_is_looked_up_once_hashed()
    {
        Uses(
            "SELECT a.id, t.id FROM a LEFT JOIN LATERAL (SELECT b.id FROM b WHERE b.s = a.s ORDER BY b.z DESC, b.id LIMIT 2) AS t ON TRUE ORDER BY a.id, t.id",
            "Left Apply",
            "Hash Lookup");
    }

    [Fact]
    public void A_limit_of_one_reads_few_rows()
    {
        string plan = string.Join('\n', _db.Query("EXPLAIN ANALYZE SELECT * FROM b LIMIT 1"));
        System.Text.RegularExpressions.Match rows = System.Text.RegularExpressions.Regex.Match(plan, @"Table Scan on b .*actual rows=(\d+)");
        Assert.True(rows.Success && int.Parse(rows.Groups[1].Value) <= 16, plan);
    }

    [Fact]
    public void Conditions_that_are_never_true_read_nothing() => Uses("SELECT * FROM a WHERE 1 = 2 AND x = 3", "Empty");

    [Fact]
    public void Explain_in_json_is_json()
    {
        string json = _db.Query("EXPLAIN (ANALYZE, FORMAT JSON) SELECT count(*) FROM a JOIN b ON a.id = b.aid").Single();
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(json);
        Assert.Equal("Aggregate", document.RootElement[0].GetProperty("Plan").GetProperty("Node Type").GetString());
        Assert.Equal(1, document.RootElement[0].GetProperty("Plan").GetProperty("Actual Rows").GetInt32());
    }
}
