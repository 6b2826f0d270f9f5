using BareMetal.Data.Tests.Planning;
using Xunit;

namespace BareMetal.Data.Tests.Execution;

/// <summary>Aggregates over parts of a scan, read by several threads, held to one thread.</summary>
public sealed class ParallelAggregateTests : IDisposable
{
    private readonly SqlHarness _sql = new();

    public ParallelAggregateTests()
    {
        _sql.Execute("CREATE TABLE t (id int PRIMARY KEY, g int, n bigint, d decimal, s text, at timestamp, f double precision)");
        _sql.Execute("""
            INSERT INTO t SELECT i, i % 37, CASE WHEN i % 11 = 0 THEN NULL ELSE i * 7 END, i / 8.0, CASE WHEN i % 3 = 0 THEN NULL ELSE 'text ' || i % 101 END,
            timestamp '2024-01-01' + make_timespan(0, 0, 0, i, 0), i * 0.1 FROM generate_series(1, 20000) AS x(i)
            """);
        _sql.Execute("CREATE TABLE small (id int PRIMARY KEY, name text)");
        _sql.Execute("INSERT INTO small SELECT i, 'name ' || i % 5 FROM generate_series(0, 30) AS x(i)");
        _sql.Execute("CREATE INDEX t_g ON t (g)");
    }

    [Theory]
    [InlineData("SELECT count(*), sum(n), avg(n), min(s), max(at), sum(d), avg(d), bool_and(n > 0), bit_xor(g) FROM t")]
    [InlineData("SELECT g, count(*), count(n), sum(n), min(d), max(s), avg(g) FROM t GROUP BY g")]
    [InlineData("SELECT s, g, count(*) FILTER (WHERE n > 5000), max(at) FROM t WHERE id % 2 = 0 GROUP BY s, g")]
    [InlineData("SELECT count(*) FROM t WHERE s LIKE '%9%' OR n IS NULL")]
    [InlineData("SELECT small.name, count(*), sum(t.d) FROM t JOIN small ON small.id = t.g GROUP BY small.name")]
    [InlineData("SELECT small.name, count(*), sum(t.d) FROM t LEFT JOIN small ON small.id = t.g AND small.id < 7 GROUP BY small.name")]
    [InlineData("SELECT g % 4, count(*) FROM t WHERE id % 50 IN (SELECT id FROM small) GROUP BY g % 4")]
    [InlineData("SELECT g % 4, count(*) FROM t WHERE NOT EXISTS (SELECT * FROM small WHERE small.id = t.g) GROUP BY g % 4")]
    [InlineData("SELECT g, s, count(*) FROM t GROUP BY GROUPING SETS ((g), (s), ())")]
    [InlineData("SELECT max(c) FROM (SELECT id % 9, count(*) AS c FROM t GROUP BY id % 9) AS x")]
    [InlineData("SELECT count(*) FROM t WHERE n < 0")]
    public void Parts_together_give_what_one_thread_gives(string query)
    {
        foreach (int threads in new[] { 2, 5, 16 })
        {
            foreach (int batchSize in OperatorHarness.BatchSizes)
            {
                List<string> expected = Serial(query, batchSize), actual = Parallel(query, threads, batchSize);
                Assert.True(_sql.PartsRead >= 2 * 2, $"{_sql.PartsRead} parts were read in two runs");
                Assert.Equal(expected, actual);
            }
        }
    }

    [Theory]
    [InlineData("SELECT sum(f) FROM t")]
    [InlineData("SELECT avg(f), count(*) FROM t")]
    [InlineData("SELECT count(DISTINCT g) FROM t")]
    [InlineData("SELECT string_agg(s, ',' ORDER BY id) FROM t")]
    [InlineData("SELECT array_agg(id) FROM t WHERE id < 100")]
    [InlineData("SELECT count(*) FROM t WHERE random() < 2")]
    [InlineData("WITH x AS MATERIALIZED (SELECT id FROM small) SELECT count(*) FROM t JOIN x ON x.id = t.g")]
    [InlineData("SELECT count(*) FROM t WHERE g < (SELECT max(id) FROM small)")]
    public void What_depends_on_the_division_or_is_shared_stays_with_one_thread(string query)
    {
        List<string> expected = Serial(query, 1024);
        Assert.Equal(expected, Parallel(query, 4, 1024));
        Assert.Equal(0, _sql.PartsRead);
    }

    [Fact]
    public void More_groups_than_fit_into_memory_are_grouped_by_one_thread_that_spills()
    {
        string query = "SELECT id * 2, count(*) FROM t GROUP BY id * 2";
        List<string> expected = Serial(query, 1024);
        _sql.MaxParallelism = 4;
        _sql.PartRows = 1000;
        List<string> actual = _sql.Run(query, true, 1024, 64 << 10);
        Assert.Equal(0, _sql.PartsRead);
        Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_error_in_a_part_is_the_statement_s_error()
    {
        _sql.MaxParallelism = 4;
        _sql.PartRows = 1000;
        BareMetalException e = Assert.Throws<BareMetalException>(() => _sql.Run("SELECT sum(1 / (id - 15000)) FROM t", true));
        Assert.Equal("22012", e.SqlState);
        Assert.Equal(["20000"], Parallel("SELECT count(*) FROM t", 4, 1024));
    }

    [Fact]
    public void Own_changes_are_seen_and_one_thread_reads_them()
    {
        using BareMetalConnection connection = new("Data Source=:memory:;Max Parallelism=4");
        connection.Open();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT i, i FROM generate_series(1, 150000) AS x(i)";
        command.ExecuteNonQuery();
        command.CommandText = "EXPLAIN ANALYZE SELECT count(*), sum(n) FROM t";
        Assert.Contains("Parallel Aggregate", string.Join('\n', Lines(command)), StringComparison.Ordinal);
        command.CommandText = "SELECT sum(n) FROM t";
        long before = (long)command.ExecuteScalar()!;
        using BareMetalTransaction transaction = connection.BeginTransaction();
        command.Transaction = transaction;
        command.CommandText = "UPDATE t SET n = n + 1 WHERE id % 1000 = 0; DELETE FROM t WHERE id = 7; INSERT INTO t VALUES (1000000, 5)";
        command.ExecuteNonQuery();
        command.CommandText = "SELECT sum(n) FROM t";
        Assert.Equal(before + 150 - 7 + 5, command.ExecuteScalar());
    }

    private static List<string> Lines(BareMetalCommand command)
    {
        List<string> lines = [];
        using BareMetalDataReader reader = command.ExecuteReader();
        while (reader.Read())
            lines.Add(reader.GetString(0));
        return lines;
    }

    private List<string> Serial(string query, int batchSize)
    {
        _sql.MaxParallelism = 1;
        _sql.PartRows = long.MaxValue;
        return _sql.Run(query, true, batchSize);
    }

    private List<string> Parallel(string query, int threads, int batchSize)
    {
        _sql.MaxParallelism = threads;
        _sql.PartRows = 1000;
        return _sql.Run(query, true, batchSize);
    }

    public void Dispose() => _sql.Dispose();
}
