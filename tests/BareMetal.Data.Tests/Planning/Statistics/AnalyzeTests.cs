using System.Globalization;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using Xunit;

namespace BareMetal.Data.Tests.Planning.Statistics;

/// <summary>What ANALYZE collects, that it is kept like everything else that is committed, and that plans follow it.</summary>
public sealed class AnalyzeTests : IDisposable
{
    private readonly MemoryStorageProvider _storage = new();
    private Database _database;
    private Session _session;

    public AnalyzeTests()
    {
        _database = Open();
        _session = _database.CreateSession();
    }

    public void Dispose()
    {
        _session.Dispose();
        _database.Release();
    }

    private Database Open() => Database.Acquire(new DatabaseOptions { Path = "analyze", Substrate = _storage });

    private void Reopen()
    {
        Dispose();
        _database = Open();
        _session = _database.CreateSession();
    }

    private List<string> Run(string sql) => Run(_session, sql);

    private static List<string> Run(Session session, string sql)
    {
        List<string> rows = [];
        using CommandExecution execution = session.Execute(session.Prepare(sql, []), []);
        while (execution.NextResult())
        {
            while (execution.NextBatch())
            {
                for (int i = 0; i < execution.Current.Count; i++)
                    rows.Add(string.Join('|', execution.Current.Columns.Select(c => c.IsNull(i) ? "null" : BareMetal.Data.Values.ValueText.Format(c.Type, c.GetValue(i)))));
            }
        }

        return rows;
    }

    private TableStatistics? Statistics(string table = "t") => _database.Statistics.Find(_database.Catalog.Newest.Objects.OfType<Table>().Single(t => t.Name == table));

    private ColumnStatistics Column(string name)
    {
        Table table = _database.Catalog.Newest.Objects.OfType<Table>().Single(t => t.Name == "t");
        return _database.Statistics.Find(table)!.Find(table.FindColumn(name)!)!;
    }

    private void Fill(int rows)
    {
        Run("CREATE TABLE t (id int PRIMARY KEY, few int, skewed text, many int, half int, back int NOT NULL)");
        Run("CREATE INDEX t_few ON t (few, many)");
        Run($"INSERT INTO t SELECT i, i % 7, CASE WHEN i % 10 < 6 THEN 'often' ELSE 's' || i END, (i::bigint * 7919 % 5000)::int, CASE WHEN i % 2 = 0 THEN i END, {rows} - i FROM generate_series(1, {rows}) AS g(i)");
    }

    [Fact]
    public void A_table_that_is_read_whole_is_known_exactly()
    {
        Fill(20_000);
        Run("ANALYZE t");
        Assert.Equal(20_000, Statistics()!.Rows);
        Assert.Equal(20_000, Statistics()!.SampledRows);
        Assert.Equal(7, Column("few").Distinct);
        Assert.Equal(7, Column("few").MostCommon.Count);
        Assert.Equal(8001, Column("skewed").Distinct);
        Assert.Equal(0.6, Column("skewed").MostCommon.Single().Frequency, 3);
        Assert.Equal(5000, Column("many").Distinct);
        Assert.Equal(0.5, Column("half").NullFraction, 3);
        Assert.Equal(1, Column("id").Correlation, 3);
        Assert.Equal(-1, Column("back").Correlation, 3);
        Assert.InRange(Column("many").Correlation, -0.1, 0.1);
        Assert.Equal(4, Column("id").AverageWidth);
        PrefixStatistics few = Statistics()!.Prefixes.Single(p => p.Distinct.Count == 2);
        Assert.Equal([7, 20_000], few.Distinct);
    }

    [Fact]
    public void A_large_table_is_known_from_a_sample()
    {
        Fill(150_000);
        Run("ANALYZE");
        Assert.InRange(Statistics()!.SampledRows, StatisticsCollector.SampleSize * 8 / 10, StatisticsCollector.SampleSize);
        Assert.InRange(Statistics()!.Rows, 140_000, 160_000);
        Assert.Equal(7, Column("few").Distinct);
        Assert.InRange(Column("many").Distinct, 4_500, 5_500);
        Assert.InRange(Column("skewed").MostCommon.First(m => m.Frequency > 0.1).Frequency, 0.58, 0.62);
        Assert.InRange(Column("id").Distinct, 140_000, 160_000);
        Assert.InRange(Column("back").Distinct, 100_000, 160_000);
        Assert.InRange(Column("back").Correlation, -1, -0.99);
        double pairs = Statistics()!.Prefixes.Single(p => p.Distinct.Count == 2).Distinct[1];
        Assert.InRange(pairs, 25_000, 45_000);
    }

    [Fact]
    public void Histograms_cut_the_values_into_equal_parts()
    {
        Fill(20_000);
        Run("ANALYZE t (id)");
        ColumnStatistics id = Column("id");
        Assert.Equal(StatisticsCollector.Target + 1, id.Histogram.Count);
        for (int i = 1; i < 20; i++)
        {
            byte[] key = KeyedValue.Of(KeyedValue.EncoderOf(id.Type)!, BareMetal.Data.Values.Value.From(id.Type.Kind, i * 1000)).Key;
            Assert.Equal(i * 1000 / 20_000.0, id.Below(key, true), 2);
        }
    }

    [Fact]
    public void Naming_columns_leaves_what_is_known_of_others()
    {
        Fill(5_000);
        Run("ANALYZE t (few)");
        Assert.Single(Statistics()!.Columns);
        Run("ANALYZE t");
        Run("UPDATE t SET few = 1, many = 1");
        Run("ANALYZE t (few)");
        Assert.Equal(1, Column("few").Distinct);
        Assert.True(Column("many").Distinct > 1000);
        BareMetalException e = Assert.Throws<BareMetalException>(() => Run("ANALYZE t (nothing)"));
        Assert.Equal(SqlStates.UndefinedColumn, e.SqlState);
        Assert.Equal(SqlStates.UndefinedTable, Assert.Throws<BareMetalException>(() => Run("ANALYZE nothing")).SqlState);
    }

    [Fact]
    public void Statistics_survive_a_restart_and_are_read_when_asked_for()
    {
        Fill(3_000);
        Run("ANALYZE t");
        double before = Column("skewed").Distinct;
        string shown = string.Join('\n', Run("SELECT * FROM bm_catalog.statistics ORDER BY column_name"));
        Reopen();
        Assert.Equal(before, Column("skewed").Distinct);
        Assert.Equal(shown, string.Join('\n', Run("SELECT * FROM bm_catalog.statistics ORDER BY column_name")));
    }

    [Fact]
    public void A_transaction_that_is_rolled_back_leaves_no_statistics()
    {
        Fill(1_000);
        Run("BEGIN; ANALYZE t; ROLLBACK");
        Assert.Null(Statistics());
        Run("BEGIN; ANALYZE t; COMMIT");
        Assert.NotNull(Statistics());
    }

    [Fact]
    public void The_statistics_of_a_dropped_table_go()
    {
        Fill(1_000);
        Run("ANALYZE t");
        Run("DROP TABLE t");
        using StorageTransaction transaction = _database.Engine.Begin();
        using TreeCursor cursor = transaction.OpenCursor(StatisticsStore.Tree);
        Assert.False(cursor.SeekFirst());
        Assert.Empty(Run("CHECK DATABASE"));
    }

    [Fact]
    public void The_view_shows_values_and_shares()
    {
        Fill(1_000);
        Run("ANALYZE t");
        Assert.Equal("7|{0,1,2,3,4,5,6}", Run("SELECT distinct_values, most_common_values FROM bm_catalog.statistics WHERE column_name = 'few'").Single());
        Assert.Equal("1|7\n2|1000", string.Join('\n', Run("SELECT parts, distinct_values FROM bm_catalog.statistics_prefixes WHERE key_name = 't_few' ORDER BY parts")));
    }

    [Fact]
    public void A_cached_plan_is_made_anew_when_statistics_change()
    {
        Run("CREATE TABLE t (id int PRIMARY KEY, a int, b int)");
        Run("CREATE INDEX t_a ON t (a)");
        Run("CREATE INDEX t_b ON t (b)");
        Run("INSERT INTO t SELECT i, i % 2, i % 1000 FROM generate_series(1, 20000) AS g(i)");
        const string Sql = "EXPLAIN SELECT * FROM t WHERE a = 1 AND b = 5";
        Run(Sql);
        Run("ANALYZE t");
        Assert.Contains("using t_b", string.Join('\n', Run(Sql)), StringComparison.Ordinal);
        Run("UPDATE t SET a = id, b = 5");
        Run("ANALYZE t");
        Assert.Contains("using t_a", string.Join('\n', Run(Sql)), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_changes_have_a_table_looked_at_again()
    {
        _database.Statistics.RunsInBackground = false;
        Fill(4_000);
        _database.Statistics.RunWaiting();
        Assert.Null(Statistics());
        Run("UPDATE t SET back = back");
        Assert.Null(Statistics());
        _database.Statistics.RunWaiting();
        Assert.Equal(4_000, Statistics()!.Rows);

        // Rolled back, nothing has changed.
        Run("BEGIN; INSERT INTO t SELECT i, 1, 'x', 1, 1, 1 FROM generate_series(10001, 20000) AS g(i); ROLLBACK");
        _database.Statistics.RunWaiting();
        Assert.Equal(4_000, Statistics()!.Rows);
        Run("INSERT INTO t SELECT i, 1, 'x', 1, 1, 1 FROM generate_series(10001, 20000) AS g(i)");
        _database.Statistics.RunWaiting();
        Assert.Equal(14_000, Statistics()!.Rows);
    }

    [Theory]
    [InlineData("sum(v) > 900")]
    [InlineData("sum(v) <= 300")]
    [InlineData("sum(v) > 550")]
    [InlineData("600 < sum(v)")]
    [InlineData("avg(v) > 60")]
    public void Groups_that_HAVING_passes_are_foreseen_from_the_spread_of_the_values(string condition)
    {
        Run("CREATE TABLE t (id int PRIMARY KEY, g int NOT NULL, v int NOT NULL)");
        Run("INSERT INTO t SELECT i, i / 10, (random() * 100)::int FROM generate_series(1, 20000) AS x(i)");
        Run("ANALYZE t");
        double actual = Run($"SELECT count(*) FROM (SELECT g FROM t GROUP BY g HAVING {condition}) AS x") is var rows && rows.Count == 1 ? double.Parse(rows[0], CultureInfo.InvariantCulture) : -1;
        string plan = string.Join('\n', Run($"EXPLAIN SELECT g FROM t GROUP BY g HAVING {condition}"));
        double foreseen = double.Parse(System.Text.RegularExpressions.Regex.Match(plan, @"Filter  \(rows=(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.True(foreseen <= Math.Max(actual * 2.5, 30) && foreseen >= actual / 2.5, $"{actual} groups pass, {foreseen} are foreseen\n{plan}");
    }

    [Fact]
    public void Values_that_lie_together_in_an_index_or_in_the_table_are_not_taken_for_rare_ones()
    {
        Run("CREATE TABLE t (id int PRIMARY KEY, supplier int NOT NULL, day int NOT NULL)");
        Run("INSERT INTO t SELECT i, (i::bigint * 7919 % 1000)::int, i / 200 FROM generate_series(1, 200000) AS g(i)");
        Run("CREATE INDEX t_supplier ON t (supplier)");
        Run("ANALYZE t");
        Table table = _database.Catalog.Newest.Objects.OfType<Table>().Single(t => t.Name == "t");
        foreach (string name in new[] { "supplier", "day" })
        {
            double distinct = Statistics()!.Find(table.Columns.Single(c => c.Name == name))!.Distinct;
            Assert.True(distinct is > 650 and < 1_500, $"{name} has 1,000 values; {distinct} are foreseen");
        }
    }

    [Theory]
    [InlineData("MERGE INTO t USING generate_series(1, 20000) AS s(i) ON t.id = s.i WHEN NOT MATCHED THEN INSERT (id) VALUES (s.i)")]
    [InlineData("WITH w AS (INSERT INTO t (id) SELECT i FROM generate_series(1, 20000) AS s(i) RETURNING id) INSERT INTO u SELECT id FROM w")]
    public void What_MERGE_and_WITH_write_counts_too(string statement)
    {
        _database.Statistics.RunsInBackground = false;
        Run("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)");
        Run(statement);
        _database.Statistics.RunWaiting();
        Assert.Equal(20_000, Statistics()?.Rows);
    }

    [Fact]
    public void The_background_looks_at_a_table_by_itself_unless_told_not_to()
    {
        Fill(20_000);
        DateTime limit = DateTime.UtcNow.AddSeconds(60);
        while (Statistics() is null && DateTime.UtcNow < limit)
            Thread.Sleep(5);
        Assert.NotNull(Statistics());
        Database never = Database.Acquire(new DatabaseOptions { Path = "never", InMemory = true, AnalyzeThreshold = 0 });
        using (Session session = never.CreateSession())
        {
            Run(session, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT i FROM generate_series(1, 20000) AS g(i)");
            never.Statistics.RunWaiting();
            Assert.Null(never.Statistics.Find(never.Catalog.Newest.Objects.OfType<Table>().Single(t => t.Name == "t")));
        }

        never.Release();
    }

    [Fact]
    public void A_table_has_as_many_rows_as_it_has_grown()
    {
        Fill(30_000);
        Run("ANALYZE t");
        Run("DELETE FROM t WHERE id > 3000");
        double rows = Statistics()!.RowsNow(_database.Engine.EstimateEntries(_database.Catalog.Newest.Objects.OfType<Table>().Single(t => t.Name == "t").Tree));
        Assert.True(rows is > 1_500 and < 6_000, rows.ToString(CultureInfo.InvariantCulture));
    }
}
