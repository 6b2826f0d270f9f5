using Xunit;

namespace BareMetal.Data.Tests.Planning;

/// <summary>Indexes on paths into JSON documents: found for the conditions and orders that name the same path.</summary>
public sealed class JsonIndexPlanTests : IDisposable
{
    private readonly SqlHarness _db = new();

    public JsonIndexPlanTests()
    {
        _db.Execute("CREATE TABLE d (id int PRIMARY KEY, doc json, b jsonb)");
        _db.Execute("INSERT INTO d SELECT i, ('{\"a\":{\"name\":\"n' || i || '\"},\"n\":' || (1000 - i) || '}')::json, ('{\"k\":\"v' || i || '\"}')::jsonb FROM generate_series(1, 1000) AS i");
        _db.Execute("INSERT INTO d VALUES (2000, '{}', NULL)");
        _db.Execute("CREATE INDEX i1 ON d ((doc -> 'a' ->> 'name'))");
        _db.Execute("CREATE INDEX i2 ON d ((CAST(doc ->> 'n' AS integer)))");
        _db.Execute("CREATE INDEX i3 ON d (json_value(b, '$.k'))");
    }

    public void Dispose() => _db.Dispose();

    [Theory]
    [InlineData("SELECT id FROM d WHERE (doc -> 'a' ->> 'name') = 'n5'", "i1", "5")]
    [InlineData("SELECT t.id FROM d AS t WHERE (t.doc -> 'a' ->> 'name') IN ('n5', 'n6')", "i1", "5;6")]
    [InlineData("SELECT id FROM d WHERE (doc -> 'a' ->> 'name') LIKE 'n99_'", "i1", "990;991;992;993;994;995;996;997;998;999")]
    [InlineData("SELECT id FROM d WHERE (doc -> 'a' ->> 'name') IS NULL", "i1", "2000")]
    [InlineData("SELECT id FROM d WHERE CAST(doc ->> 'n' AS integer) = 5", "i2", "995")]
    [InlineData("SELECT id FROM d WHERE (doc ->> 'n')::int > 5 AND (doc ->> 'n')::int < 9", "i2", "994;993;992")]
    [InlineData("SELECT id FROM d WHERE json_value(b, '$.k') = 'v7'", "i3", "7")]
    public void Conditions_on_a_path_seek_its_index(string sql, string index, string rows)
    {
        string plan = _db.Explain(sql);
        Assert.Contains("Index Seek on d", plan);
        Assert.Contains("using " + index, plan);
        Assert.Equal(rows, string.Join(';', _db.Query(sql)));
    }

    [Theory]
    [InlineData("SELECT id FROM d ORDER BY CAST(doc ->> 'n' AS integer) LIMIT 3", "using i2", "2000;1000;999")]
    [InlineData("SELECT id FROM d ORDER BY CAST(doc ->> 'n' AS integer) DESC LIMIT 3", "using i2", "1;2;3")]
    [InlineData("SELECT id FROM d WHERE CAST(doc ->> 'n' AS integer) > 5 ORDER BY CAST(doc ->> 'n' AS integer) LIMIT 3", "using i2", "994;993;992")]
    [InlineData("SELECT s.k FROM (SELECT id, doc -> 'a' ->> 'name' AS k FROM d) AS s ORDER BY s.k DESC LIMIT 2", "using i1", "n999;n998")]
    public void An_order_by_a_path_reads_its_index_instead_of_sorting(string sql, string index, string rows)
    {
        string plan = _db.Explain(sql);
        Assert.Contains(index, plan);
        Assert.DoesNotContain("Sort", plan);
        Assert.DoesNotContain("-> Top", plan);
        Assert.Equal(rows, string.Join(';', _db.Query(sql)));
    }

    [Theory]
    [InlineData("SELECT id FROM d ORDER BY CAST(doc ->> 'm' AS integer), id LIMIT 1", "1")]
    [InlineData("SELECT id FROM d ORDER BY CAST(doc ->> 'n' AS bigint) DESC LIMIT 2", "1;2")]
    [InlineData("SELECT id FROM d ORDER BY CAST(doc ->> 'n' AS integer) NULLS LAST LIMIT 2", "1000;999")]
    public void Another_path_type_or_null_order_is_sorted(string sql, string rows)
    {
        Assert.Contains("Top", _db.Explain(sql));
        Assert.Equal(rows, string.Join(';', _db.Query(sql)));
    }

    [Fact]
    public void Indexes_on_paths_follow_updates_and_refuse_duplicates_when_unique()
    {
        _db.Execute("UPDATE d SET doc = json_set(doc, ARRAY['a', 'name'], '\"other\"') WHERE id = 5");
        Assert.Equal(["5"], _db.Query("SELECT id FROM d WHERE (doc -> 'a' ->> 'name') = 'other'"));
        Assert.Empty(_db.Query("SELECT id FROM d WHERE (doc -> 'a' ->> 'name') = 'n5'"));
        _db.Execute("CREATE UNIQUE INDEX u ON d ((b ->> 'k'))");
        BareMetalException error = Assert.Throws<BareMetalException>(() => _db.Execute("INSERT INTO d VALUES (3000, '{}', '{\"k\":\"v9\"}')"));
        Assert.Equal(SqlStates.UniqueViolation, error.SqlState);
        Assert.Empty(_db.Query("CHECK TABLE d"));
    }
}
