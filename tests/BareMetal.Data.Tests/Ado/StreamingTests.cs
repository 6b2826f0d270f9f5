using Dapper;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

/// <summary>Rows are given while a statement runs: of a large table one row arrives after few were read. Judged by what scans read, not by time.</summary>
public sealed class StreamingTests : IClassFixture<StreamingTests.Table>
{
    private const int Few = 2000;
    private readonly Table _table;

    public StreamingTests(Table table) => _table = table;

    /// <summary>A table of a million rows, made once.</summary>
    public sealed class Table : IDisposable
    {
        public const int Rows = 1_000_000;

        public Table()
        {
            Source = BareMetalDataSource.Create("Data Source=:memory:;Cache Size=512MB");
            using BareMetalConnection connection = Source.OpenConnection();
            using BareMetalCommand command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE numbers (id integer PRIMARY KEY, half integer NOT NULL, kind text NOT NULL)";
            command.ExecuteNonQuery();
            BareMetalBulkCopy copy = new(connection) { DestinationTableName = "numbers" };
            copy.WriteToServer(Enumerable.Range(0, Rows).Select(i => new Number { Id = i, Half = i / 2, Kind = i % 3 == 0 ? "fizz" : "plain" }));
        }

        public BareMetalDataSource Source { get; }

        public void Dispose() => Source.Dispose();
    }

    public sealed class Number
    {
        public int Id { get; set; }

        public int Half { get; set; }

        public string Kind { get; set; } = "";
    }

    [Theory]
    [InlineData("SELECT * FROM numbers", 0)]
    [InlineData("SELECT id, half FROM numbers ORDER BY id", 0)]
    [InlineData("SELECT id, half FROM numbers ORDER BY id DESC", Table.Rows - 1)]
    [InlineData("SELECT id FROM numbers WHERE half > 700", 1402)]
    [InlineData("SELECT id, half * 2 + 1, upper(kind) FROM numbers WHERE kind = 'plain'", 1)]
    [InlineData("SELECT id FROM numbers OFFSET 1000", 1000)]
    [InlineData("SELECT id FROM numbers ORDER BY id OFFSET 1000 LIMIT 500000", 1000)]
    [InlineData("SELECT id FROM numbers UNION ALL SELECT half FROM numbers", 0)]
    public async Task A_row_of_a_million_arrives_after_few_were_read(string sql, int first)
    {
        await using BareMetalConnection connection = await _table.Source.OpenConnectionAsync();
        await using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (bool awaited in new[] { false, true })
        {
            long before = connection.RowsRead;
            await using BareMetalDataReader reader = awaited ? await command.ExecuteReaderAsync() : command.ExecuteReader();
            Assert.True(awaited ? await reader.ReadAsync() : reader.Read());
            Assert.Equal(first, reader.GetInt32(0));
            Assert.InRange(connection.RowsRead - before, 1, Few);
            await reader.CloseAsync();
            Assert.InRange(connection.RowsRead - before, 1, Few);
        }
    }

    [Fact]
    public void The_count_would_show_a_statement_that_reads_everything_first()
    {
        using BareMetalConnection connection = _table.Source.OpenConnection();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM numbers ORDER BY half DESC, id DESC";
        using BareMetalDataReader reader = command.ExecuteReader();
        Assert.True(reader.Read());
        Assert.Equal(Table.Rows, connection.RowsRead);
    }

    [Fact]
    public async Task Dapper_without_a_buffer_takes_row_after_row()
    {
        using BareMetalConnection connection = _table.Source.OpenConnection();
        foreach (Number number in connection.Query<Number>("SELECT id, half, kind FROM numbers WHERE id >= @from", new { from = 10 }, buffered: false))
        {
            Assert.Equal((10, 5), (number.Id, number.Half));
            Assert.InRange(connection.RowsRead, 1, Few);
            break;
        }

        long before = connection.RowsRead;
        await foreach (Number number in connection.QueryUnbufferedAsync<Number>("SELECT id, half, kind FROM numbers ORDER BY id DESC"))
        {
            Assert.Equal(Table.Rows - 1, number.Id);
            Assert.InRange(connection.RowsRead - before, 1, Few);
            break;
        }
    }

    [Fact]
    public void Reading_on_reads_on()
    {
        using BareMetalConnection connection = _table.Source.OpenConnection();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM numbers ORDER BY id";
        using BareMetalDataReader reader = command.ExecuteReader();
        for (int i = 0; i < 100_000; i++)
            Assert.True(reader.Read());
        Assert.InRange(connection.RowsRead, 100_000, 100_000 + 10_000);
    }
}
