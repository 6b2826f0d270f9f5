using Xunit;

namespace BareMetal.Data.Tests.Ado;

/// <summary>A statement that reads many rows because no index serves its condition is told of, with the index that would help.</summary>
public sealed class FullScanTests : IDisposable
{
    private readonly List<BareMetalLogMessage> _log = [];
    private readonly BareMetalDataSource _source;
    private readonly BareMetalConnection _connection;
    private readonly List<BareMetalFullScanEventArgs> _scans = [];

    public FullScanTests()
    {
        _source = new BareMetalDataSourceBuilder("Data Source=:memory:;Full Scan Rows=500").UseLogger(_log.Add).Build();
        _connection = _source.OpenConnection();
        Run("CREATE TABLE items (id integer PRIMARY KEY, color text NOT NULL, \"Weight\" integer NOT NULL, note text, doc json)");
        Run("INSERT INTO items SELECT i, CASE i % 10 WHEN 0 THEN 'red' ELSE 'blue' END, i % 100, NULL, '{}' FROM generate_series(1, 1000) AS g(i)");
        Run("CREATE SCHEMA s; CREATE TABLE s.small (id integer PRIMARY KEY, ref integer); INSERT INTO s.small SELECT i, i FROM generate_series(1, 100) AS g(i)");
        _connection.FullScan += (_, scan) => _scans.Add(scan);
        _log.Clear();
    }

    public void Dispose()
    {
        _connection.Dispose();
        _source.Dispose();
    }

    private void Run(string sql, params object?[] values)
    {
        using BareMetalCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (object? value in values)
            command.Parameters.AddWithValue(value);
        using BareMetalDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
        }
    }

    [Theory]
    [InlineData("SELECT id FROM items WHERE color = 'red'", "CREATE INDEX ON \"items\" (\"color\")")]
    [InlineData("SELECT id FROM items WHERE \"Weight\" > 5 AND color = 'red' AND id <> 4", "CREATE INDEX ON \"items\" (\"color\", \"Weight\")")]
    [InlineData("SELECT id FROM items WHERE \"Weight\" BETWEEN 5 AND 7 AND note IS NULL", "CREATE INDEX ON \"items\" (\"note\", \"Weight\")")]
    [InlineData("SELECT id FROM items WHERE color IN ('red', 'green')", "CREATE INDEX ON \"items\" (\"color\")")]
    [InlineData("SELECT id FROM items WHERE color = 'red' OR color = 'green'", "CREATE INDEX ON \"items\" (\"color\")")]
    [InlineData("SELECT id FROM items WHERE starts_with(color, 'r')", "CREATE INDEX ON \"items\" (\"color\")")]
    [InlineData("UPDATE items SET note = 'x' WHERE \"Weight\" = 5", "CREATE INDEX ON \"items\" (\"Weight\")")]
    [InlineData("DELETE FROM items WHERE \"Weight\" = 5", "CREATE INDEX ON \"items\" (\"Weight\")")]
    [InlineData("SELECT id FROM items WHERE color LIKE '%d'", null)]
    [InlineData("SELECT id FROM items WHERE color = 'red' OR \"Weight\" = 2", null)]
    public void The_index_that_would_help_is_named_and_does_help(string sql, string? index)
    {
        Run(sql);
        BareMetalFullScanEventArgs scan = Assert.Single(_scans);
        Assert.Equal(("public", "items", index), (scan.SchemaName, scan.TableName, scan.SuggestedIndex));
        Assert.InRange(scan.RowsRead, 500, 1000);
        Assert.Contains("items", scan.CommandText, StringComparison.Ordinal);
        BareMetalLogMessage message = Assert.Single(_log);
        Assert.Equal((BareMetalLogLevel.Warning, "BareMetal.Data.Query"), (message.Level, message.Category));
        Assert.Contains(index ?? "No index", message.Text, StringComparison.Ordinal);
        if (index is null)
            return;
        Run(index);
        _scans.Clear();
        Run(sql);
        Assert.Empty(_scans);
    }

    [Theory]
    [InlineData("SELECT count(*) FROM items")]
    [InlineData("SELECT id FROM items WHERE id < 900")]
    [InlineData("SELECT id FROM s.small WHERE ref = 5")]
    [InlineData("SELECT id FROM items WHERE color = 'red' LIMIT 3")]
    public void What_is_small_or_reads_everything_or_seeks_is_not_told(string sql)
    {
        Run(sql);
        Assert.Empty(_scans);
        Assert.Empty(_log);
    }

    [Fact]
    public void Each_statement_of_a_command_is_told_of_with_its_own_text()
    {
        Run("SELECT id FROM items WHERE color = 'red'; SELECT id FROM items WHERE \"Weight\" = 3");
        Assert.Equal(2, _scans.Count);
        Assert.NotEqual(_scans[0].CommandText, _scans[1].CommandText);
    }

    [Fact]
    public void The_number_of_rows_is_a_setting_and_zero_turns_it_off()
    {
        Run("SET full_scan_rows = 0");
        Run("SELECT id FROM items WHERE color = 'red'");
        Assert.Empty(_scans);
        Run("SET full_scan_rows = 1000");
        Run("SELECT id FROM items WHERE color = 'red'");
        Assert.Single(_scans);
        Run("SET full_scan_rows = 1001");
        Run("SELECT id FROM items WHERE color = 'red'");
        Assert.Single(_scans);
        Assert.Equal("22023", Assert.Throws<BareMetalException>(() => Run("SET full_scan_rows = -1")).SqlState);
        Assert.Equal(100_000, new BareMetalConnectionStringBuilder().FullScanRows);
    }

    [Fact]
    public void What_the_handler_throws_stops_the_statement_and_undoes_it()
    {
        _connection.FullScan += (_, _) => throw new InvalidOperationException("no scans here");
        Assert.Throws<InvalidOperationException>(() => Run("UPDATE items SET note = 'x' WHERE \"Weight\" = 5"));
        using BareMetalCommand count = _connection.CreateCommand();
        count.CommandText = "SELECT count(*) FROM items WHERE id < 2000 AND note = 'x'";
        Assert.Equal(0L, count.ExecuteScalar());
    }

    [Fact]
    public void A_handler_goes_with_its_connection_and_not_with_the_pooled_session()
    {
        _connection.Close();
        using (BareMetalConnection other = _source.OpenConnection())
        {
            using BareMetalCommand command = other.CreateCommand();
            command.CommandText = "SELECT id FROM items WHERE color = 'red'";
            using BareMetalDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
            }
        }

        Assert.Empty(_scans);
        Assert.Single(_log);
    }

    [Fact]
    public void The_connection_counts_the_rows_that_its_statements_read()
    {
        long before = _connection.RowsRead;
        Run("SELECT id FROM items WHERE color = 'red'");
        Assert.Equal(1000, _connection.RowsRead - before);
        Run("SELECT color FROM items WHERE id = 5");
        Assert.Equal(1001, _connection.RowsRead - before);
        _connection.Close();
        Assert.Equal(0, _connection.RowsRead);
        _connection.Open();
        Assert.Equal(0, _connection.RowsRead);
    }
}
