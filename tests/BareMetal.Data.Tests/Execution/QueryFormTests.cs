using System.Globalization;
using BareMetal.Data.Sessions;
using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Execution;

/// <summary>SELECT INTO, TABLESAMPLE, locks through derived tables and views, ties.</summary>
public sealed class QueryFormTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public QueryFormTests() => _db.Run("CREATE TABLE t (id integer PRIMARY KEY, v integer); INSERT INTO t SELECT g, g % 10 FROM generate_series(1, 1000) g");

    public void Dispose() => _db.Dispose();

    [Fact]
    public void Select_into_makes_a_table()
    {
        _db.Run("SELECT id, v * 2 AS w INTO TABLE n FROM t WHERE id < 3");
        Assert.Equal(["1|2", "2|4"], _db.Rows("SELECT id, w FROM n ORDER BY id"));
        _db.Run("WITH x AS (SELECT 5 AS a) SELECT a INTO m FROM x UNION ALL SELECT 6");
        Assert.Equal("2|11", _db.Scalar("SELECT count(*), sum(a) FROM m"));
        _db.Run("SELECT x INTO o FROM (WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r WHERE x < 3) SELECT x FROM r) AS q");
        Assert.Equal("6", _db.Scalar("SELECT sum(x) FROM o"));
        _db.Fails(SqlStates.DuplicateTable, "SELECT 1 AS a INTO m");
        _db.Fails(SqlStates.SyntaxError, "SELECT * FROM (SELECT 1 AS a INTO q) s");
        _db.Fails(SqlStates.SyntaxError, "SELECT 1 AS a UNION SELECT 2 INTO q");
        _db.Fails(SqlStates.SyntaxError, "INSERT INTO t SELECT 1, 2 INTO q");
        _db.Fails(SqlStates.SyntaxError, "WITH x AS (SELECT 1 AS a INTO q) SELECT * FROM x");
    }

    [Theory]
    [InlineData("t")]
    [InlineData("h")]
    public void A_sample_has_about_its_share_and_comes_again_with_its_seed(string table)
    {
        _db.Run("CREATE TABLE h AS SELECT v FROM t");
        Assert.InRange(int.Parse(_db.Scalar($"SELECT count(*) FROM {table} TABLESAMPLE BERNOULLI (30)"), CultureInfo.InvariantCulture), 200, 400);
        string first = _db.Scalar($"SELECT count(*), sum(v) FROM {table} TABLESAMPLE BERNOULLI (30) REPEATABLE (7)");
        Assert.Equal(first, _db.Scalar($"SELECT count(*), sum(v) FROM {table} AS x TABLESAMPLE SYSTEM (30) REPEATABLE (7)".Replace("AS x TABLESAMPLE", "x TABLESAMPLE", StringComparison.Ordinal)));
        Assert.InRange(int.Parse(first.Split('|')[0], CultureInfo.InvariantCulture), 230, 370);
        HashSet<string> samples = [.. Enumerable.Range(0, 8).Select(seed => _db.Scalar($"SELECT count(*), sum(v) FROM {table} TABLESAMPLE BERNOULLI (30) REPEATABLE ({seed})"))];
        Assert.True(samples.Count > 4);
        Assert.Equal("0", _db.Scalar($"SELECT count(*) FROM {table} TABLESAMPLE BERNOULLI (0)"));
        Assert.Equal("1000", _db.Scalar($"SELECT count(*) FROM {table} TABLESAMPLE BERNOULLI (100)"));
    }

    [Fact]
    public void A_condition_looks_at_the_sample()
    {
        List<string> sample = _db.Rows("SELECT id FROM t TABLESAMPLE BERNOULLI (50) REPEATABLE (1) ORDER BY id");
        Assert.Equal(sample.Where(i => int.Parse(i, CultureInfo.InvariantCulture) < 50), _db.Rows("SELECT id FROM t TABLESAMPLE BERNOULLI (50) REPEATABLE (1) WHERE id < 50 ORDER BY id"));
        Assert.Equal(sample.Count.ToString(CultureInfo.InvariantCulture), _db.Scalar("SELECT count(*) FROM t a JOIN t b TABLESAMPLE BERNOULLI (50) REPEATABLE (1) ON a.id = b.id"));
        Assert.Equal(sample.Count, _db.Run("UPDATE t SET v = -1 FROM t s TABLESAMPLE BERNOULLI (50) REPEATABLE (1) WHERE s.id = t.id"));
    }

    [Theory]
    [InlineData("SELECT * FROM t TABLESAMPLE BERNOULLI (101)", SqlStates.InvalidTablesampleArgument)]
    [InlineData("SELECT * FROM t TABLESAMPLE BERNOULLI (NULL)", SqlStates.InvalidTablesampleArgument)]
    [InlineData("SELECT * FROM t TABLESAMPLE BERNOULLI (1) REPEATABLE (NULL)", SqlStates.InvalidTablesampleRepeat)]
    [InlineData("SELECT * FROM t TABLESAMPLE other (1)", SqlStates.UndefinedObject)]
    [InlineData("WITH c AS (SELECT 1) SELECT * FROM c TABLESAMPLE BERNOULLI (1)", SqlStates.WrongObjectType)]
    [InlineData("SELECT * FROM t TABLESAMPLE BERNOULLI", SqlStates.SyntaxError)]
    public void Wrong_samples_have_their_state(string sql, string state) => _db.Fails(state, sql);

    [Theory]
    [InlineData("SELECT * FROM (SELECT id FROM t WHERE id = 5) d FOR UPDATE")]
    [InlineData("SELECT * FROM w WHERE id = 5 FOR UPDATE OF w")]
    [InlineData("SELECT * FROM (SELECT * FROM w) d JOIN (VALUES (5)) v(k) ON k = id FOR NO KEY UPDATE")]
    public void Locks_reach_the_tables_of_queries_and_views(string sql)
    {
        _db.Run("CREATE VIEW w AS SELECT id, v FROM t");
        using Session other = _db.Open(new SessionOptions { LockTimeout = TimeSpan.FromMilliseconds(30) });
        _db.Run("BEGIN");
        Assert.Single(_db.Rows(sql));
        other.Fails(SqlStates.LockNotAvailable, "UPDATE t SET v = 0 WHERE id = 5");
        Assert.Equal(1, other.Run("UPDATE t SET v = 0 WHERE id = 6"));
        _db.Run("COMMIT");
        Assert.Equal(1, other.Run("UPDATE t SET v = 0 WHERE id = 5"));
    }

    [Theory]
    [InlineData("SELECT * FROM (SELECT v FROM t GROUP BY v) d FOR UPDATE")]
    [InlineData("SELECT * FROM (SELECT count(*) FROM t) d FOR UPDATE")]
    [InlineData("SELECT * FROM (SELECT id FROM t UNION SELECT v FROM t) d FOR UPDATE")]
    [InlineData("SELECT unnest(ARRAY[1]) FROM t FOR UPDATE")]
    public void Rows_that_come_from_several_are_not_locked(string sql) => _db.Fails(SqlStates.FeatureNotSupported, sql);

    [Theory]
    [InlineData("SELECT id FROM (VALUES (1, 1), (2, 1), (3, 2), (4, 2), (5, 3)) x(id, k) ORDER BY k FETCH FIRST 1 ROW WITH TIES", "1;2")]
    [InlineData("SELECT id FROM (VALUES (1, 1), (2, 1), (3, 2), (4, 2), (5, 3)) x(id, k) ORDER BY k OFFSET 1 FETCH NEXT 2 ROWS WITH TIES", "2;3;4")]
    [InlineData("SELECT k FROM (VALUES (1), (NULL), (NULL)) x(k) ORDER BY k NULLS FIRST FETCH FIRST ROW WITH TIES", "null;null")]
    [InlineData("SELECT id FROM (VALUES (1, 1), (2, 1)) x(id, k) ORDER BY k FETCH FIRST 0 ROWS WITH TIES", "")]
    [InlineData("VALUES (3), (1), (2) ORDER BY column1 DESC LIMIT 2", "3;2")]
    [InlineData("VALUES (1, 'a'), (2, NULL) ORDER BY 2 NULLS LAST", "1|a;2|null")]
    [InlineData("SELECT * FROM (VALUES (1), (2.5)) v(x) ORDER BY x", "1;2.5")]
    [InlineData("SELECT (VALUES (7))", "7")]
    [InlineData("SELECT 1 WHERE 2 IN (VALUES (1), (2))", "1")]
    public void Ties_and_values_are_as_in_PostgreSQL(string sql, string rows) => Assert.Equal(rows, string.Join(';', _db.Rows(sql)));

    [Fact]
    public void Ties_need_an_order() => _db.Fails(SqlStates.SyntaxError, "SELECT id FROM t FETCH FIRST 1 ROW WITH TIES");

    [Fact]
    public void An_update_from_a_join_writes_each_row_once()
    {
        _db.Run("CREATE TABLE u (id integer PRIMARY KEY, n integer); INSERT INTO u VALUES (1, 0), (2, 0), (3, 0)");
        Assert.Equal(2, _db.Run("UPDATE u SET n = n + 1 FROM (VALUES (1), (1), (2)) s(id) WHERE s.id = u.id"));
        Assert.Equal(["1|1", "2|1", "3|0"], _db.Rows("SELECT * FROM u ORDER BY id"));
        Assert.Equal(3, _db.Run("UPDATE u AS a SET n = b.n + 10 FROM u b LEFT JOIN t ON t.id = b.id + 5000 WHERE a.id = b.id"));
        _db.Fails(SqlStates.DuplicateAlias, "UPDATE u SET n = 1 FROM u");
        Assert.Equal(1, _db.Run("DELETE FROM u USING u o WHERE o.id = u.id + 2"));
        Assert.Equal(["2|11", "3|10"], _db.Rows("SELECT * FROM u ORDER BY id"));
    }
}
