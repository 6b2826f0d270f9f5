using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Modification;

/// <summary>WITH whose definitions write: one statement on one snapshot.</summary>
public sealed class WritingWithTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public WritingWithTests() => _db.Run("""
        CREATE TABLE t (id integer PRIMARY KEY, v integer);
        CREATE TABLE log (id integer, v integer, what text);
        INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)
        """);

    public void Dispose() => _db.Dispose();

    [Fact]
    public void Rows_move_from_one_table_to_another()
    {
        Assert.Equal(2, _db.Run("WITH d AS (DELETE FROM t WHERE id < 3 RETURNING *) INSERT INTO log SELECT id, v, 'gone' FROM d"));
        Assert.Equal(["3|30"], _db.Rows("SELECT * FROM t"));
        Assert.Equal(["1|10|gone", "2|20|gone"], _db.Rows("SELECT * FROM log ORDER BY id"));
    }

    [Fact]
    public void A_query_reads_the_snapshot_and_what_is_returned()
    {
        List<string> rows = _db.Rows("""
            WITH u AS (UPDATE t SET v = v + 1 WHERE id = 2 RETURNING id, v)
            SELECT t.id, t.v, u.v FROM t LEFT JOIN u ON u.id = t.id ORDER BY t.id
            """);
        Assert.Equal(["1|10|null", "2|20|21", "3|30|null"], rows);
        Assert.Equal("21", _db.Scalar("SELECT v FROM t WHERE id = 2"));
    }

    [Fact]
    public void What_is_not_read_runs_all_the_same_and_once()
    {
        Assert.Equal(["1"], _db.Rows("WITH a AS (INSERT INTO log VALUES (1, 1, 'a')), b AS (INSERT INTO log VALUES (2, 2, 'b') RETURNING id) SELECT 1"));
        Assert.Equal(["1|a", "2|b"], _db.Rows("SELECT id, what FROM log ORDER BY id"));
        Assert.Equal(["5|5"], _db.Rows("WITH n AS (INSERT INTO t VALUES (5, 50) RETURNING id) SELECT a.id, b.id FROM n a, n b"));
        Assert.Equal("4", _db.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_limit_above_does_not_stop_a_write()
    {
        Assert.Single(_db.Rows("WITH d AS (DELETE FROM t RETURNING id) SELECT id FROM d LIMIT 1"));
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Of_two_writes_to_a_row_one_takes_place()
    {
        _db.Run("WITH u AS (UPDATE t SET v = 100 WHERE id = 1) UPDATE t SET v = v + 1");
        Assert.Contains(_db.Scalar("SELECT v FROM t WHERE id = 1"), new[] { "100", "11" });
        Assert.Equal(["21", "31"], _db.Rows("SELECT v FROM t WHERE id > 1 ORDER BY id"));

        _db.Run("WITH u AS (UPDATE t SET v = 7 WHERE id = 2 RETURNING id) DELETE FROM t WHERE id IN (SELECT id FROM u)");
        Assert.Equal("7", _db.Scalar("SELECT v FROM t WHERE id = 2"));
    }

    [Fact]
    public void A_key_may_go_and_come_back_in_one_statement()
    {
        _db.Run("WITH d AS (DELETE FROM t WHERE id = 1 RETURNING *) INSERT INTO t SELECT id, v * 2 FROM d");
        Assert.Equal(["1|20", "2|20", "3|30"], _db.Rows("SELECT * FROM t ORDER BY id"));
    }

    [Fact]
    public void Foreign_keys_are_judged_when_all_have_written()
    {
        _db.Run("CREATE TABLE c (id integer PRIMARY KEY, t integer REFERENCES t)");
        _db.Run("WITH x AS (INSERT INTO c VALUES (1, 9)) INSERT INTO t VALUES (9, 90)");
        Assert.Equal("9", _db.Scalar("SELECT t FROM c"));
        _db.Run("WITH x AS (DELETE FROM t WHERE id = 9) DELETE FROM c");
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM c"));
        _db.Fails(SqlStates.ForeignKeyViolation, "WITH x AS (INSERT INTO c VALUES (2, 77)) INSERT INTO t VALUES (78, 0)");
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM t WHERE id > 70"));
    }

    [Fact]
    public void A_failure_undoes_every_part()
    {
        _db.Fails(SqlStates.UniqueViolation, "WITH a AS (INSERT INTO log VALUES (1, 1, 'a')) INSERT INTO t VALUES (3, 3)");
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM log"));
    }

    [Fact]
    public void Definitions_may_read_one_another_and_plain_ones()
    {
        List<string> rows = _db.Rows("""
            WITH big AS (SELECT id FROM t WHERE v > 15),
                 d AS (DELETE FROM t WHERE id IN (SELECT id FROM big) RETURNING id, v),
                 l AS (INSERT INTO log SELECT id, v, 'x' FROM d WHERE id > (SELECT min(id) FROM d) RETURNING id)
            SELECT (SELECT count(*) FROM big), (SELECT count(*) FROM d), (SELECT count(*) FROM l)
            """);
        Assert.Equal(["2|2|1"], rows);
    }

    [Fact]
    public void Returning_of_the_statement_sees_the_definitions()
    {
        Assert.Equal(["4|10"], _db.Rows("WITH d AS (DELETE FROM t WHERE id = 1 RETURNING v) INSERT INTO t VALUES (4, 40) RETURNING id, (SELECT v FROM d)"));
    }

    [Fact]
    public void On_conflict_does_not_update_what_the_statement_has_written()
    {
        _db.Fails(SqlStates.CardinalityViolation,
            "WITH a AS (INSERT INTO t VALUES (8, 1)) INSERT INTO t VALUES (8, 2) ON CONFLICT (id) DO UPDATE SET v = 3");
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM t WHERE id = 8"));
    }

    [Fact]
    public void Writing_is_for_the_outermost_with()
    {
        _db.Fails(SqlStates.FeatureNotSupported, "SELECT * FROM (WITH d AS (DELETE FROM t RETURNING id) SELECT * FROM d) x");
        _db.Fails(SqlStates.FeatureNotSupported, "INSERT INTO log WITH d AS (DELETE FROM t RETURNING id) SELECT id, 1, 'x' FROM d");
        _db.Fails(SqlStates.FeatureNotSupported, "CREATE VIEW w AS WITH d AS (DELETE FROM t RETURNING id) SELECT * FROM d");
        _db.Fails(SqlStates.FeatureNotSupported, "WITH d AS (DELETE FROM t) SELECT * FROM d");
        Assert.Equal("3", _db.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void The_plan_shows_every_part()
    {
        List<string> lines = _db.Rows("EXPLAIN WITH d AS (DELETE FROM t WHERE id = 1 RETURNING *) INSERT INTO log SELECT id, v, 'x' FROM d");
        Assert.Contains(lines, l => l.Contains("Delete on t", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("Insert on log", StringComparison.Ordinal));
        List<string> run = _db.Rows("EXPLAIN ANALYZE WITH d AS (DELETE FROM t WHERE id = 1 RETURNING *) SELECT * FROM d");
        Assert.Contains(run, l => l.Contains("Delete on t", StringComparison.Ordinal));
        Assert.Equal("2", _db.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task A_statement_that_meets_a_newer_row_starts_anew_as_a_whole()
    {
        using Data.Sessions.Session other = _db.Open();
        _db.Run("BEGIN; UPDATE t SET v = 11 WHERE id = 1");
        Task<long> waiting = Task.Run(() => other.Run("WITH a AS (INSERT INTO log VALUES (1, 1, 'once') RETURNING id) UPDATE t SET v = v + 1 FROM a WHERE t.id = a.id"));
        await Task.Delay(50);
        _db.Run("COMMIT");
        Assert.Equal(1, await waiting);
        Assert.Equal("12", _db.Scalar("SELECT v FROM t WHERE id = 1"));
        Assert.Equal("1", _db.Scalar("SELECT count(*) FROM log"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_statements_agree_with_a_model(int seed)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int given))
            seed = given;
        Random random = new(seed);
        _db.Run("DELETE FROM t");
        SortedDictionary<int, int> t = [];
        List<int> log = [];
        for (int step = 0; step < 150; step++)
        {
            int low = random.Next(20), high = low + random.Next(8), key = random.Next(20), value = random.Next(1000);
            List<int> hit = [.. t.Keys.Where(k => k >= low && k < high)];
            string context = $"seed {seed}, step {step}";
            switch (random.Next(4))
            {
                case 0:
                    _db.Run($"WITH d AS (DELETE FROM t WHERE id >= {low} AND id < {high} RETURNING id) INSERT INTO log SELECT id, 0, 'd' FROM d");
                    log.AddRange(hit);
                    hit.ForEach(k => t.Remove(k));
                    break;
                case 1:
                    // The insert sees the snapshot: a key that the definition deletes is free, one that it leaves is not.
                    bool fails = t.ContainsKey(key) && !hit.Contains(key);
                    string sql = $"WITH d AS (DELETE FROM t WHERE id >= {low} AND id < {high} RETURNING id) INSERT INTO t SELECT {key}, count(*) + {value} FROM d";
                    if (fails)
                    {
                        _db.Fails(SqlStates.UniqueViolation, sql);
                        break;
                    }

                    _db.Run(sql);
                    hit.ForEach(k => t.Remove(k));
                    t[key] = hit.Count + value;
                    break;
                case 2:
                    {
                        List<string> rows = _db.Rows($"WITH u AS (UPDATE t SET v = v + 1 WHERE id >= {low} AND id < {high} RETURNING id, v) SELECT count(*), coalesce(sum(u.v - t.v), 0) FROM u JOIN t ON t.id = u.id");
                        Assert.True(rows[0] == $"{hit.Count}|{hit.Count}", context);
                        hit.ForEach(k => t[k]++);
                        break;
                    }

                default:
                    if (t.ContainsKey(key))
                        break;
                    Assert.True(_db.Scalar($"WITH i AS (INSERT INTO t VALUES ({key}, {value}) RETURNING id) SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM i)") == (t.Count + 1).ToString(System.Globalization.CultureInfo.InvariantCulture), context);
                    t[key] = value;
                    break;
            }

            Assert.True(_db.Rows("SELECT id, v FROM t ORDER BY id").SequenceEqual(t.Select(p => $"{p.Key}|{p.Value}")), context);
            Assert.True(_db.Rows("SELECT id FROM log ORDER BY id").SequenceEqual(log.Order().Select(k => $"{k}")), context);
        }
    }
}
