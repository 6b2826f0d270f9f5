using System.Data;
using System.Diagnostics;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

public sealed class CommandTests : AdoTestBase
{
    // Runs long enough for any time-out or cancellation to fall into the middle of it.
    private const string Endless = "SELECT count(*) FROM generate_series(1, 2000000000) AS a(x) WHERE x % 7 = 8";

    [Fact]
    public void Parameters_match_by_name_by_number_and_by_position()
    {
        using BareMetalCommand command = Command(Connection, "SELECT @a || @b || @A");
        command.Parameters.AddWithValue("@b", "2");
        command.Parameters.AddWithValue("a", "1");
        Assert.Equal("121", command.ExecuteScalar());
        Assert.Equal("ba", Scalar("SELECT $2 || $1", "a", "b"));
        Assert.Equal("ab", Scalar("SELECT ? || ?", "a", "b"));
        command.CommandText = "SELECT :a || :b";
        Assert.Equal("12", command.ExecuteScalar());
        command.CommandText = "SELECT @missing";
        BareMetalException error = Assert.Throws<BareMetalException>(() => command.ExecuteScalar());
        Assert.Equal("42P02", error.SqlState);
        Assert.Contains("missing", error.Message);
    }

    [Fact]
    public void A_null_without_a_type_takes_it_from_where_it_is_used()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY, g uuid, d date)");
        Run("INSERT INTO t VALUES ($1, $2, $3)", 1, null, DBNull.Value);
        Assert.Equal(1L, Scalar("SELECT count(*) FROM t WHERE g IS NULL AND d IS NULL"));
        Assert.Equal(0L, Scalar("SELECT count(*) FROM t WHERE id = $1", new object?[] { null }));
        Assert.Equal(5, Scalar("SELECT coalesce($1, 5)", new object?[] { null }));
        Assert.Equal(DBNull.Value, Scalar("SELECT $1", new object?[] { null }));
    }

    [Fact]
    public void A_command_runs_again_with_other_values_types_and_text()
    {
        using BareMetalCommand command = Command(Connection, "SELECT $1", 1);
        command.Prepare();
        Assert.Equal(1, command.ExecuteScalar());
        command.Parameters[0].Value = 2;
        Assert.Equal(2, command.ExecuteScalar());
        command.Parameters[0].Value = "text";
        Assert.Equal("text", command.ExecuteScalar());
        command.Parameters[0].Value = 2.5m;
        Assert.Equal(2.5m, command.ExecuteScalar());
        command.CommandText = "SELECT $1 + 1";
        Assert.Equal(3.5m, command.ExecuteScalar());
    }

    [Fact]
    public void A_prepared_command_is_bound_again_after_the_table_changed()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY)");
        Run("INSERT INTO t VALUES (1)");
        using BareMetalCommand command = Command(Connection, "SELECT * FROM t");
        command.Prepare();
        using (BareMetalDataReader reader = command.ExecuteReader())
            Assert.Equal(1, reader.FieldCount);
        Run("ALTER TABLE t ADD COLUMN name text DEFAULT 'x'");
        using (BareMetalDataReader reader = command.ExecuteReader())
        {
            Assert.Equal(2, reader.FieldCount);
            Assert.True(reader.Read());
            Assert.Equal("x", reader.GetString(1));
        }

        Run("DROP TABLE t");
        Assert.Equal("42P01", Assert.Throws<BareMetalException>(() => command.ExecuteReader()).SqlState);
    }

    [Fact]
    public void Lists_are_arrays_and_may_be_empty()
    {
        Assert.Equal(2L, Scalar("SELECT count(*) FROM generate_series(1, 9) AS g(x) WHERE x = ANY ($1)", new List<int> { 3, 5, 77 }));
        Assert.Equal(0L, Scalar("SELECT count(*) FROM generate_series(1, 9) AS g(x) WHERE x = ANY ($1)", Array.Empty<int>()));
        Assert.Equal([1, 2], (int[])Scalar("SELECT $1", new[] { 1, 2 })!);
    }

    [Fact]
    public void Json_given_as_json_is_checked_and_jsonb_normalised()
    {
        using BareMetalCommand command = Command(Connection, "SELECT @j");
        BareMetalParameter parameter = command.Parameters.AddWithValue("j", "{\"b\": 1.50,  \"a\": [1]}");
        parameter.DataTypeName = "json";
        Assert.Equal("{\"b\": 1.50,  \"a\": [1]}", command.ExecuteScalar());
        parameter.DataTypeName = "jsonb";
        Assert.Equal(Scalar("SELECT CAST('{\"b\": 1.50,  \"a\": [1]}' AS jsonb)"), command.ExecuteScalar());
        parameter.Value = "{broken";
        Assert.Equal("22P02", Assert.Throws<BareMetalException>(() => command.ExecuteScalar()).SqlState);
        parameter.DataTypeName = "json";
        Assert.Equal("22P02", Assert.Throws<BareMetalException>(() => command.ExecuteScalar()).SqlState);
    }

    [Fact]
    public void A_scalar_is_the_first_value_null_or_nothing()
    {
        Assert.Equal(1, Scalar("SELECT 1, 2"));
        Assert.Equal(DBNull.Value, Scalar("SELECT CAST(NULL AS text)"));
        Assert.Null(Scalar("SELECT 1 WHERE FALSE"));
        Run("CREATE TABLE t (id integer PRIMARY KEY)");
        Assert.Equal(5, Scalar("INSERT INTO t VALUES (1); SELECT 5; INSERT INTO t VALUES (2)"));
        Assert.Equal(2L, Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Errors_say_what_and_where()
    {
        BareMetalException error = Assert.Throws<BareMetalException>(() => Scalar("SELECT 1,\n  nmae FROM (SELECT 1 AS name) AS s"));
        Assert.Equal("42703", error.SqlState);
        Assert.Equal((2, 3), (error.Line, error.Column));
        Assert.Equal("42601", Assert.Throws<BareMetalException>(() => Scalar("SELEC 1")).SqlState);
        Run("CREATE TABLE t (id integer CONSTRAINT pk_t PRIMARY KEY)");
        Run("INSERT INTO t VALUES (1)");
        error = Assert.Throws<BareMetalException>(() => Run("INSERT INTO t VALUES (1)"));
        Assert.Equal(("23505", "pk_t", "t", false), (error.SqlState, error.ConstraintName, error.TableName, error.IsTransient));
    }

    [Fact]
    public void A_time_out_stops_a_running_query_with_57014()
    {
        using BareMetalCommand command = Command(Connection, Endless);
        command.CommandTimeout = 1;
        Stopwatch clock = Stopwatch.StartNew();
        BareMetalException error = Assert.Throws<BareMetalException>(() => command.ExecuteScalar());
        Assert.Equal("57014", error.SqlState);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.9, 30);
        Assert.Equal(1, Scalar("SELECT 1"));
    }

    [Fact]
    public async Task A_token_stops_a_running_query_with_a_cancellation_that_carries_it()
    {
        await using BareMetalCommand command = Command(Connection, Endless);
        using CancellationTokenSource source = new(200);
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Run(() => command.ExecuteScalarAsync(source.Token)));
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal(1, Scalar("SELECT 1"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => command.ExecuteNonQueryAsync(source.Token));
    }

    [Fact]
    public async Task A_token_stops_reading_in_the_middle()
    {
        await using BareMetalCommand command = Command(Connection, "SELECT x FROM generate_series(1, 2000000000) AS a(x) WHERE x < 5 OR x % 7 = 8");
        await using BareMetalDataReader reader = await command.ExecuteReaderAsync();
        using CancellationTokenSource source = new();
        int rows = 0;
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            source.CancelAfter(200);
            while (await Task.Run(() => reader.ReadAsync(source.Token)))
                rows++;
        });
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.InRange(rows, 0, 4);
    }

    [Fact]
    public async Task Cancel_stops_a_running_query_from_another_thread()
    {
        await using BareMetalCommand command = Command(Connection, Endless);
        Task<object?> running = Task.Run(() => command.ExecuteScalar());
        while (!running.IsCompleted)
        {
            await Task.Delay(50);
            command.Cancel();
        }

        Assert.Equal("57014", (await Assert.ThrowsAsync<BareMetalException>(() => running)).SqlState);
        Assert.Equal(1, Scalar("SELECT 1"));
    }

    [Fact]
    public void Cancelling_when_nothing_runs_harms_nothing()
    {
        using BareMetalCommand command = Command(Connection, "SELECT x FROM generate_series(1, 5000) AS g(x)");
        command.Cancel();
        Assert.Equal(1, command.ExecuteScalar());
        command.Cancel();
        Assert.Equal(1, command.ExecuteScalar());
    }

    [Fact]
    public void A_command_needs_text_and_an_open_connection()
    {
        Assert.Throws<InvalidOperationException>(() => new BareMetalCommand("SELECT 1").ExecuteScalar());
        Assert.Throws<InvalidOperationException>(() => new BareMetalCommand("", Connection).ExecuteScalar());
        Connection.Close();
        Assert.Throws<InvalidOperationException>(() => Scalar("SELECT 1"));
        Assert.Throws<InvalidOperationException>(() => Connection.BeginTransaction());
    }

    [Fact]
    public void A_batch_runs_its_commands_and_counts_each()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY)");
        using BareMetalBatch batch = Connection.CreateBatch();
        batch.BatchCommands.Add("INSERT INTO t VALUES ($1), ($2)").Parameters.AddWithValue(1);
        batch.BatchCommands[0].Parameters.AddWithValue(2);
        batch.BatchCommands.Add("SELECT count(*) FROM t WHERE id >= @low").Parameters.AddWithValue("low", 2);
        batch.BatchCommands.Add("DELETE FROM t WHERE id = 1");
        using (BareMetalDataReader reader = batch.ExecuteReader())
        {
            Assert.True(reader.Read());
            Assert.Equal(1L, reader.GetInt64(0));
            Assert.False(reader.NextResult());
            reader.Close();
            Assert.Equal(3, reader.RecordsAffected);
        }

        Assert.Equal([2, -1, 1], batch.BatchCommands.Select(c => c.RecordsAffected));
        Assert.Equal(1L, Scalar("SELECT count(*) FROM t"));
        batch.BatchCommands.Clear();
        batch.BatchCommands.Add("INSERT INTO t VALUES (10)");
        Assert.Equal(1, batch.ExecuteNonQuery());
        batch.BatchCommands[0].CommandText = "SELECT max(id) FROM t";
        Assert.Equal(10, batch.ExecuteScalar());
    }

    [Fact]
    public async Task A_batch_happens_whole_or_not_at_all()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY)");
        await using BareMetalBatch batch = Connection.CreateBatch();
        batch.BatchCommands.Add("INSERT INTO t VALUES (1)");
        batch.BatchCommands.Add("INSERT INTO t VALUES (1)");
        BareMetalException error = await Assert.ThrowsAsync<BareMetalException>(() => batch.ExecuteNonQueryAsync());
        Assert.Equal("23505", error.SqlState);
        Assert.Same(batch.BatchCommands[1], error.BatchCommand);
        Assert.Equal(0L, Scalar("SELECT count(*) FROM t"));
        batch.BatchCommands[1].CommandText = "INSERT INTO t VALUES (2)";
        Assert.Equal(2, await batch.ExecuteNonQueryAsync());
        Assert.Equal(2L, Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void The_data_source_runs_commands_without_a_connection_of_the_caller()
    {
        using (var command = Source.CreateCommand("CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (3)"))
            command.ExecuteNonQuery();
        Assert.Equal(3, Scalar("SELECT id FROM t"));
    }
}
