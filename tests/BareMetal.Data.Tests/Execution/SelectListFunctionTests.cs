using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Execution;

/// <summary>Functions of rows in select lists; the results are PostgreSQL 15's, but for the order of nulls.</summary>
public sealed class SelectListFunctionTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public SelectListFunctionTests() => _db.Run("CREATE TABLE t (id integer, a integer[]); INSERT INTO t VALUES (1, '{1,2}'), (2, '{3}'), (3, '{}'), (4, NULL)");

    public void Dispose() => _db.Dispose();

    [Theory]
    [InlineData("SELECT generate_series(1, 3), unnest(ARRAY['a', 'b'])", "1|a;2|b;3|null")]
    [InlineData("SELECT id, unnest(a) FROM t ORDER BY 1, 2", "1|1;1|2;2|3")]
    [InlineData("SELECT id, unnest(a) + id AS s, generate_series(1, 2) FROM t ORDER BY id, 3", "1|2|1;1|3|2;2|5|1;2|null|2;3|null|1;3|null|2;4|null|1;4|null|2")]
    [InlineData("SELECT generate_series(1, generate_series(1, 3))", "1;1;2;1;2;3")]
    [InlineData("SELECT generate_series(1, generate_series(1, 2)), generate_series(10, 13)", "1|10;1|11;2|11")]
    [InlineData("SELECT count(*), generate_series(1, 2) FROM t", "4|1;4|2")]
    [InlineData("SELECT unnest(a) u, count(*) FROM t GROUP BY 1 ORDER BY 1", "1|1;2|1;3|1")]
    [InlineData("SELECT unnest(a) + 1, count(*) FROM t GROUP BY unnest(a) ORDER BY 1", "2|1;3|1;4|1")]
    [InlineData("SELECT DISTINCT unnest(ARRAY[1, 1, 2]) ORDER BY 1", "1;2")]
    [InlineData("SELECT generate_series(1, 5) LIMIT 2", "1;2")]
    [InlineData("SELECT id FROM t ORDER BY unnest(a), id", "1;1;2")]
    [InlineData("SELECT id, row_number() OVER (ORDER BY id), unnest(a) FROM t ORDER BY 1, 3", "1|1|1;1|1|2;2|2|3")]
    [InlineData("SELECT generate_series(1, 2), generate_series(1, 2), generate_series(1, 3) + 1", "1|1|2;2|2|3;null|null|4")]
    [InlineData("SELECT (SELECT unnest(ARRAY[7])), 1", "7|1")]
    [InlineData("SELECT generate_series(1, 2) UNION ALL SELECT 9 ORDER BY 1", "1;2;9")]
    [InlineData("SELECT sum(x) FROM (SELECT unnest(a) x FROM t) s WHERE x > 1", "5")]
    [InlineData("SELECT id, generate_series(1, count(*)) FROM t WHERE id < 3 GROUP BY id ORDER BY 1, 2", "1|1;2|1")]
    [InlineData("SELECT generate_series(1, 3) HAVING true", "1;2;3")]
    [InlineData("SELECT id, unnest(a) FROM t WHERE id = 4", "")]
    [InlineData("SELECT ARRAY(SELECT generate_series(1, 3))", "{1,2,3}")]
    [InlineData("SELECT EXISTS (SELECT generate_series(1, 0))", "false")]
    [InlineData("SELECT abs(generate_series(-2, 0)), -generate_series(1, 2)", "2|-1;1|-2;0|null")]
    [InlineData("SELECT DISTINCT ON (generate_series(1, 2)) generate_series(1, 2), 5", "1|5;2|5")]
    [InlineData("SELECT s.id, x.u FROM t s, LATERAL (SELECT unnest(s.a) u) x ORDER BY 1, 2", "1|1;1|2;2|3")]
    [InlineData("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT generate_series(n + 1, 2) FROM r WHERE n < 3) SELECT n FROM r ORDER BY 1", "1;2")]
    [InlineData("INSERT INTO t (id) VALUES (generate_series(7, 8)) RETURNING id", "7;8")]
    [InlineData("INSERT INTO t SELECT generate_series(7, 8), ARRAY[1] RETURNING id", "7;8")]
    public void Rows_are_those_of_PostgreSQL(string sql, string rows) => Assert.Equal(rows, string.Join(';', _db.Rows(sql)));

    [Theory]
    [InlineData("SELECT CASE WHEN true THEN generate_series(1, 2) END")]
    [InlineData("SELECT coalesce(generate_series(1, 2), 3)")]
    [InlineData("SELECT 1 FROM t WHERE generate_series(1, 2) = 1")]
    [InlineData("SELECT sum(generate_series(1, 2))")]
    [InlineData("SELECT * FROM t LIMIT generate_series(1, 2)")]
    [InlineData("UPDATE t SET id = generate_series(1, 2)")]
    [InlineData("DELETE FROM t RETURNING unnest(a)")]
    [InlineData("INSERT INTO t (id) VALUES (generate_series(1, 2)), (3)")]
    [InlineData("SELECT 1 FROM t HAVING generate_series(1, 2) = 1")]
    [InlineData("SELECT 1 FROM t a JOIN t b ON generate_series(1, 2) = 1")]
    public void They_stand_in_select_lists_only(string sql) => _db.Fails(SqlStates.FeatureNotSupported, sql);

    [Fact]
    public void Arguments_that_do_not_fit_are_errors()
    {
        _db.Fails(SqlStates.UndefinedFunction, "SELECT unnest(1)");
        _db.Fails(SqlStates.UndefinedFunction, "SELECT unnest(ARRAY[1], ARRAY[2])");
        _db.Fails(SqlStates.GroupingError, "SELECT unnest(a), count(*) FROM t");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_lists_agree_with_rows_from(int seed)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int given))
            seed = given;
        Random random = new(seed);
        for (int round = 0; round < 60; round++)
        {
            string[] calls = new string[random.Next(1, 4)];
            for (int i = 0; i < calls.Length; i++)
                calls[i] = random.Next(3) switch { 0 => "unnest(a)", 1 => $"generate_series({random.Next(3)}, id)", _ => $"generate_series(1, {random.Next(4)})" };
            calls = [.. calls.Distinct()];
            string where = random.Next(2) == 0 ? "" : $"WHERE s.id > {random.Next(4)}";
            string names = string.Join(", ", calls.Select((_, i) => $"c{i}"));
            List<string> list = _db.Rows($"SELECT id, {string.Join(", ", calls)} FROM t s {where} ORDER BY 1, {string.Join(", ", calls.Select((_, i) => i + 2))}");
            List<string> from = _db.Rows($"SELECT id, {names} FROM t s, LATERAL ROWS FROM ({string.Join(", ", calls)}) AS r ({names}) {where} ORDER BY 1, {names}");
            Assert.True(list.SequenceEqual(from), $"seed {seed}: {string.Join(", ", calls)} {where}");
        }
    }
}
