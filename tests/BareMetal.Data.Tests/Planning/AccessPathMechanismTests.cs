using Xunit;

namespace BareMetal.Data.Tests.Planning;

/// <summary>Each way of reading a table or joining that the planner knows: that it is taken, and that it gives what the plain plan gives.</summary>
public sealed class AccessPathMechanismTests : IDisposable
{
    private readonly SqlHarness _db = new();

    public AccessPathMechanismTests()
    {
        _db.Execute("CREATE TABLE a (id int PRIMARY KEY, g int NOT NULL, x int, y int, s text, n numeric(10,2), flag boolean NOT NULL, CHECK (g >= 0))");
        _db.Execute("CREATE TABLE b (id int PRIMARY KEY, aid int NOT NULL REFERENCES a (id), z int NOT NULL, s text)");
        _db.Execute("CREATE INDEX a_g ON a (g, x)");
        _db.Execute("CREATE INDEX a_x ON a (x)");
        _db.Execute("CREATE INDEX a_y ON a (y)");
        _db.Execute("CREATE INDEX a_big ON a (y) WHERE x > 100");
        _db.Execute("CREATE INDEX a_in ON a (s) WHERE g IN (1, 2)");
        _db.Execute("CREATE INDEX b_aid ON b (aid, z)");
        _db.Execute("CREATE INDEX b_z ON b (z)");
        _db.Execute("INSERT INTO a SELECT i, i % 5, CASE WHEN i % 11 = 0 THEN NULL ELSE (i * 7919 % 1000) END, (i * 104729 % 700), 's' || (i % 100), (i % 1000) / 3.0, i % 2 = 0 FROM generate_series(0, 9999) AS g(i)");
        _db.Execute("INSERT INTO b SELECT i, (i * 31) % 10000, i % 400, 't' || (i % 20) FROM generate_series(0, 19999) AS g(i)");
        _db.Execute("ANALYZE");
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
        List<string> planned = _db.Query(sql);
        if (sql.Contains("ORDER BY", StringComparison.Ordinal))
            Assert.Equal(plain, planned);
        else
            Assert.Equal(plain.Order(StringComparer.Ordinal), planned.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Alternatives_over_several_indexes_unite_their_keys()
    {
        Uses("SELECT * FROM a WHERE x = 5 OR y = 7", "Row Lookup on a", "Append", "using a_x", "using a_y");
        Uses("SELECT id, s FROM a WHERE (x = 5 AND flag) OR y IN (7, 8) OR id = 3", "Row Lookup on a", "Primary Key Seek on a");
        Avoids("SELECT * FROM a WHERE x = 5 OR s = 's7'", "Row Lookup");
    }

    [Fact]
    public void Conditions_over_several_indexes_intersect_their_keys() =>
        Uses("SELECT * FROM a WHERE x BETWEEN 10 AND 40 AND y BETWEEN 10 AND 40 AND flag", "Row Lookup on a", "Semi Join", "using a_x", "using a_y");

    [Fact]
    public void Rows_changed_by_the_transaction_itself_are_found_through_several_indexes()
    {
        _db.Execute("BEGIN; UPDATE a SET x = 5 WHERE id = 1; DELETE FROM a WHERE y = 7 AND id NOT IN (SELECT aid FROM b)");
        List<string> united = _db.Query("SELECT id FROM a WHERE x = 5 OR y = 7 ORDER BY id");
        Assert.Equal(_db.Query("SELECT id FROM a WHERE x + 0 = 5 OR y + 0 = 7 ORDER BY id"), united);
        Assert.Contains("1", united);
        _db.Execute("ROLLBACK");
    }

    [Fact]
    public void Alternatives_of_one_index_are_several_ranges_in_order()
    {
        Uses("SELECT * FROM a WHERE (g = 1 AND x = 3) OR (g = 2 AND x > 990) ORDER BY g, x, id", "using a_g", "OR");
        Avoids("SELECT * FROM a WHERE (g = 1 AND x = 3) OR (g = 2 AND x > 990) ORDER BY g, x, id", "Sort");
        Avoids("SELECT id, aid, z FROM b WHERE (aid, z) > (9990, 3) ORDER BY aid, z, id LIMIT 7", "Sort", "Top", "Table Scan");
        Uses("SELECT * FROM b WHERE z <> 3 AND aid = 5", "using b_aid");
    }

    [Fact]
    public void A_leading_part_of_few_values_is_skipped_over()
    {
        _db.Execute("DROP INDEX a_x; DROP INDEX a_big");
        Uses("SELECT * FROM a WHERE x = 77", "using a_g", "each g");
        Uses("SELECT id FROM a WHERE x BETWEEN 70 AND 75", "each g");
        Uses("SELECT id FROM a WHERE x IS NULL AND flag", "a");
        _db.Execute("BEGIN; INSERT INTO a VALUES (100000, 6, 77, 1, 'new', 1, true)");
        Assert.Contains("100000", _db.Query("SELECT id FROM a WHERE x = 77"));
        _db.Execute("ROLLBACK");
    }

    [Fact]
    public void Different_values_are_read_one_by_one_from_an_index()
    {
        Uses("SELECT DISTINCT g FROM a", "Distinct: g");
        Uses("SELECT g FROM a GROUP BY g", "Distinct: g");
        Uses("SELECT count(*) FROM (SELECT DISTINCT g FROM a) v", "Distinct: g");
        Avoids("SELECT DISTINCT g FROM a WHERE flag", "Distinct: g");
        Assert.Equal(5, _db.Query("SELECT DISTINCT g FROM a").Count);
    }

    [Fact]
    public void Both_ends_are_read_from_an_index()
    {
        Uses("SELECT min(x), max(x) FROM a", "backward", "Limit: 1");
        Uses("SELECT min(x), max(y), max(id) FROM a", "Limit: 1");
        Avoids("SELECT min(x), max(s) FROM a", "Limit: 1");
    }

    [Fact]
    public void A_filtered_index_is_used_when_the_conditions_prove_its_predicate()
    {
        Uses("SELECT * FROM a WHERE x > 900 AND y = 5 AND x < 995", "a");
        Uses("SELECT id FROM a WHERE x > 150 AND y = 5", "using a_big");
        Uses("SELECT id FROM a WHERE y = 5 AND x > 100", "using a_big");
        Avoids("SELECT id FROM a WHERE y = 5 AND x > 99", "using a_big");
        Avoids("SELECT id FROM a WHERE y = 5 AND x >= 100", "using a_big");
        Uses("SELECT id FROM a WHERE s = 's1' AND g = 1", "using a_in");
        Avoids("SELECT id FROM a WHERE s = 's1' AND g = 3", "using a_in");
        Avoids("SELECT id FROM a WHERE s = 's1'", "using a_in");
    }

    [Fact]
    public void What_can_not_be_reads_nothing()
    {
        Uses("SELECT * FROM a WHERE x = 1 AND x = 2", "Empty");
        Uses("SELECT * FROM a WHERE x > 5 AND x < 3", "Empty");
        Uses("SELECT * FROM a WHERE g = -1", "Empty");
        Uses("SELECT * FROM a WHERE id IS NULL", "Empty");
        Uses("SELECT * FROM a JOIN b ON b.aid = a.id WHERE a.id = 3 AND b.aid = 4", "Empty");
        Avoids("SELECT * FROM a WHERE x >= 5 AND x <= 5", "Empty");
        Avoids("SELECT * FROM a WHERE g = 0", "Empty");
    }

    [Fact]
    public void A_value_that_a_subquery_gives_is_sought()
    {
        Uses("SELECT * FROM b WHERE aid = (SELECT max(id) FROM a)", "Seek on b using b_aid");
        Uses("SELECT * FROM a WHERE id > (SELECT max(id) - 3 FROM a)", "Primary Key Seek on a");
        Assert.Empty(_db.Query("SELECT * FROM b WHERE aid = (SELECT id FROM a WHERE id < 0)"));
        Assert.Throws<BareMetalException>(() => _db.Query("SELECT * FROM b WHERE aid = (SELECT id FROM a WHERE id < 5)"));
    }

    [Fact]
    public void Joins_that_change_nothing_are_left_out()
    {
        Avoids("SELECT b.id FROM b LEFT JOIN a ON a.id = b.aid", "Join", "Apply", "on a");
        Avoids("SELECT b.id FROM b JOIN a ON a.id = b.aid", "Join", "Apply", "on a");
        Avoids("SELECT count(*) FROM b LEFT JOIN (SELECT g, count(*) AS c FROM a GROUP BY g) v ON v.g = b.z", "Join", "on a");
        Uses("SELECT b.id FROM b JOIN a ON a.id = b.aid AND a.flag", "on a");
        Uses("SELECT b.id FROM b LEFT JOIN a ON a.x = b.z", "on a");
        Uses("SELECT a.id FROM a LEFT JOIN b ON b.aid = a.id", "on b");
        Uses("SELECT a.id FROM a JOIN b ON b.aid = a.id", "on b");
    }

    [Fact]
    public void Few_rows_reach_into_a_join_by_its_indexes()
    {
        Avoids("SELECT a.id FROM a WHERE a.id < 5 AND EXISTS (SELECT 1 FROM b JOIN a c ON c.id = b.z WHERE b.aid = a.id AND c.flag)", "Table Scan");
        Avoids("SELECT a.id FROM a WHERE a.id < 5 AND EXISTS (SELECT 1 FROM b WHERE b.aid = a.id AND EXISTS (SELECT 1 FROM a d WHERE d.id = 9))", "Table Scan on b");
        Avoids("SELECT a.id, v.n FROM a LEFT JOIN (SELECT aid, count(*) AS n FROM b GROUP BY aid) v ON v.aid = a.id WHERE a.id < 4", "Table Scan on b");
        Avoids("SELECT a.id, a.s, b.z FROM a JOIN b ON b.aid = a.id ORDER BY a.id LIMIT 5", "Sort", "Top");
    }

    [Fact]
    public void Ranges_are_narrowed_by_a_limit_in_the_order_of_an_index()
    {
        Avoids("SELECT * FROM a WHERE y > 100 ORDER BY y, id LIMIT 3", "Sort", "Top");
        Uses("SELECT * FROM a WHERE y > 100 ORDER BY y DESC, id DESC LIMIT 3", "backward");
    }

    [Fact]
    public void Ranges_and_lists_pass_over_an_equality_to_the_other_table()
    {
        Uses("SELECT a.s, b.s FROM a JOIN b ON b.z = a.g WHERE a.g > 7", "using b_z", "z > 7");
        Uses("SELECT a.id, b.s FROM a JOIN b ON b.z = a.y WHERE a.y IN (3, 4)", "using a_y", "using b_z");
        Uses("SELECT a.id, b.id FROM a LEFT JOIN b ON b.z = a.y WHERE a.y < 2", "using a_y");
    }
}
