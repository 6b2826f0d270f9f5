using System.Data;
using System.Data.Common;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

/// <summary>What is closed, disposed, of another type, null or out of range is refused with the exception that ADO.NET's users expect, and nothing else changes.</summary>
public sealed class EdgeTests : AdoTestBase
{
    private BareMetalDataReader Row()
    {
        BareMetalDataReader reader = Command(Connection, "SELECT 1 AS id, 'text' AS name, CAST(NULL AS integer) AS nothing, decode('0102', 'hex') AS bytes").ExecuteReader();
        Assert.True(reader.Read());
        return reader;
    }

    // Readers.

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    [InlineData(int.MaxValue)]
    public void An_ordinal_out_of_range_is_an_index_error_of_every_member(int ordinal)
    {
        using BareMetalDataReader reader = Row();
        Action<int>[] members =
        [
            i => reader.GetInt32(i), i => reader.GetString(i), i => reader.GetValue(i), i => reader.GetFieldValue<int>(i), i => reader.IsDBNull(i), i => reader.GetFieldType(i),
            i => reader.GetName(i), i => reader.GetDataTypeName(i), i => reader.GetStream(i), i => reader.GetTextReader(i), i => reader.GetBytes(i, 0, new byte[1], 0, 1),
            i => reader.GetChars(i, 0, new char[1], 0, 1), i => _ = reader[i], i => reader.GetGuid(i), i => reader.GetDateTime(i), i => reader.GetDecimal(i), i => reader.GetBoolean(i),
            i => reader.GetProviderSpecificValue(i), i => reader.GetProviderSpecificFieldType(i), i => reader.GetFieldValueAsync<int>(i).Wait(),
        ];
        foreach (Action<int> member in members)
        {
            Exception error = Assert.ThrowsAny<Exception>(() => member(ordinal));
            Assert.IsType<IndexOutOfRangeException>(error is AggregateException { InnerException: { } inner } ? inner : error);
        }

        Assert.Equal(1, reader.GetInt32(0));
    }

    [Fact]
    public void A_name_that_is_not_there_is_an_index_error()
    {
        using BareMetalDataReader reader = Row();
        Assert.Throws<IndexOutOfRangeException>(() => reader.GetOrdinal("missing"));
        Assert.Throws<IndexOutOfRangeException>(() => reader["missing"]);
        Assert.Throws<ArgumentNullException>(() => reader.GetOrdinal(null!));
        Assert.Equal(1, reader["ID"]);
    }

    [Fact]
    public void Before_the_first_row_and_after_the_last_there_are_columns_and_no_values()
    {
        using BareMetalDataReader reader = Command(Connection, "SELECT 1 AS id").ExecuteReader();
        Assert.Equal("id", reader.GetName(0));
        Assert.Equal(typeof(int), reader.GetFieldType(0));
        Assert.Throws<InvalidOperationException>(() => reader.GetInt32(0));
        Assert.Throws<InvalidOperationException>(() => reader.IsDBNull(0));
        Assert.Throws<InvalidOperationException>(() => reader.GetValues(new object[1]));
        Assert.True(reader.Read());
        Assert.False(reader.Read());
        Assert.False(reader.Read());
        Assert.Throws<InvalidOperationException>(() => reader.GetValue(0));
        Assert.Equal(1, reader.FieldCount);
        Assert.False(reader.NextResult());
        Assert.False(reader.NextResult());
        Assert.False(reader.Read());
    }

    [Fact]
    public void A_value_of_another_type_or_null_is_a_cast_error_and_the_row_stays()
    {
        using BareMetalDataReader reader = Row();
        Assert.Throws<InvalidCastException>(() => reader.GetInt64(0));
        Assert.Throws<InvalidCastException>(() => reader.GetString(0));
        Assert.Throws<InvalidCastException>(() => reader.GetInt32(1));
        Assert.Throws<InvalidCastException>(() => reader.GetGuid(1));
        Assert.Throws<InvalidCastException>(() => reader.GetInt32(2));
        Assert.Throws<InvalidCastException>(() => reader.GetFieldValue<int>(2));
        Assert.Null(reader.GetFieldValue<int?>(2));
        Assert.Equal(DBNull.Value, reader.GetFieldValue<object>(2));
        Assert.Equal(DBNull.Value, reader.GetValue(2));
        Assert.True(reader.IsDBNull(2));
        Assert.Throws<InvalidCastException>(() => reader.GetFieldValue<Version>(1));
        Assert.Equal((1, "text"), (reader.GetInt32(0), reader.GetString(1)));
    }

    [Fact]
    public void Bytes_and_characters_keep_to_their_buffers()
    {
        using BareMetalDataReader reader = Row();
        Assert.Equal(2, reader.GetBytes(3, 0, null, 0, 0));
        Assert.Equal(0, reader.GetBytes(3, 2, new byte[4], 0, 4));
        Assert.Equal(0, reader.GetBytes(3, 99, new byte[4], 0, 4));
        Assert.ThrowsAny<ArgumentException>(() => reader.GetBytes(3, -1, new byte[4], 0, 4));
        Assert.ThrowsAny<ArgumentException>(() => reader.GetBytes(3, 0, new byte[4], 5, 1));
        Assert.ThrowsAny<ArgumentException>(() => reader.GetBytes(3, 0, new byte[4], -1, 1));
        Assert.ThrowsAny<ArgumentException>(() => reader.GetBytes(3, 0, new byte[4], 0, -1));
        Assert.Equal(4, reader.GetChars(1, 0, null, 0, 0));
        Assert.ThrowsAny<ArgumentException>(() => reader.GetChars(1, -1, new char[4], 0, 4));
        Assert.ThrowsAny<ArgumentException>(() => reader.GetChars(1, 0, new char[2], 3, 1));
        Assert.Throws<InvalidCastException>(() => reader.GetBytes(0, 0, new byte[4], 0, 4));
        Assert.Throws<InvalidCastException>(() => reader.GetChars(0, 0, new char[4], 0, 4));
    }

    [Fact]
    public void GetValues_fills_what_fits()
    {
        using BareMetalDataReader reader = Row();
        object[] small = new object[2];
        Assert.Equal(2, reader.GetValues(small));
        Assert.Equal([1, "text"], small);
        object[] large = new object[6];
        Assert.Equal(4, reader.GetValues(large));
        Assert.Null(large[5]);
        Assert.Equal(0, reader.GetValues([]));
        Assert.Throws<ArgumentNullException>(() => reader.GetValues(null!));
    }

    [Fact]
    public async Task A_closed_reader_refuses_everything_but_closing()
    {
        BareMetalDataReader reader = Row();
        await reader.DisposeAsync();
        await reader.DisposeAsync();
        reader.Close();
        Assert.True(reader.IsClosed);
        Action[] members =
        [
            () => reader.Read(), () => reader.NextResult(), () => reader.GetInt32(0), () => reader.GetValue(0), () => _ = reader.FieldCount, () => _ = reader.HasRows, () => reader.GetName(0),
            () => reader.GetOrdinal("id"), () => reader.GetSchemaTable(), () => reader.GetColumnSchema(), () => reader.IsDBNull(0), () => reader.GetValues(new object[1]), () => _ = reader.Depth,
        ];
        foreach (Action member in members)
            Assert.Throws<InvalidOperationException>(member);
        await Assert.ThrowsAsync<InvalidOperationException>(() => reader.ReadAsync());
        Assert.Equal(-1, reader.RecordsAffected);
    }

    [Fact]
    public async Task A_cancelled_token_reads_nothing()
    {
        using BareMetalDataReader reader = Command(Connection, "SELECT x FROM generate_series(1, 10) AS g(x)").ExecuteReader();
        CancellationToken cancelled = new(true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader.ReadAsync(cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader.NextResultAsync(cancelled));
        Assert.True(await reader.ReadAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader.GetFieldValueAsync<int>(0, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader.IsDBNullAsync(0, cancelled));
        Assert.Equal(1, reader.GetInt32(0));
    }

    // Commands.

    [Fact]
    public async Task A_command_needs_text_connection_and_an_open_one()
    {
        using BareMetalCommand command = new();
        Assert.Throws<InvalidOperationException>(() => command.ExecuteNonQuery());
        command.CommandText = "SELECT 1";
        Assert.Throws<InvalidOperationException>(() => command.ExecuteScalar());
        command.Connection = new BareMetalConnection("Data Source=:memory:");
        Assert.Throws<InvalidOperationException>(() => command.ExecuteReader());
        await Assert.ThrowsAsync<InvalidOperationException>(() => command.ExecuteReaderAsync());
        Assert.Throws<InvalidOperationException>(() => command.Prepare());
        command.Connection = Connection;
        command.CommandText = null;
        Assert.Throws<InvalidOperationException>(() => command.ExecuteNonQuery());
        command.CommandText = "SELECT 1";
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => command.ExecuteScalarAsync(new CancellationToken(true)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => command.ExecuteNonQueryAsync(new CancellationToken(true)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => command.ExecuteReaderAsync(new CancellationToken(true)));
        Assert.Equal(1, command.ExecuteScalar());
        Assert.Throws<ArgumentOutOfRangeException>(() => command.CommandTimeout = -1);
        Assert.Throws<InvalidCastException>(() => ((DbCommand)command).Connection = new OtherConnection());
        ((DbCommand)command).Transaction = null;
    }

    [Fact]
    public void A_disposed_command_can_still_tell_its_text_and_a_reader_outlives_it()
    {
        BareMetalCommand command = Command(Connection, "SELECT x FROM generate_series(1, 3) AS g(x)");
        using BareMetalDataReader reader = command.ExecuteReader();
        command.Dispose();
        command.Dispose();
        Assert.True(reader.Read());
        Assert.Equal("SELECT x FROM generate_series(1, 3) AS g(x)", command.CommandText);
    }

    [Fact]
    public void Text_of_nothing_but_comments_runs_nothing()
    {
        using BareMetalCommand command = Command(Connection, "-- nothing\n/* here */ ;;");
        Assert.Equal(-1, command.ExecuteNonQuery());
        Assert.Null(command.ExecuteScalar());
        using BareMetalDataReader reader = command.ExecuteReader();
        Assert.False(reader.Read());
        Assert.Equal(0, reader.FieldCount);
    }

    [Fact]
    public void Parameters_that_are_missing_or_left_over()
    {
        using BareMetalCommand command = Command(Connection, "SELECT @a");
        Assert.Equal("42P02", Assert.Throws<BareMetalException>(() => command.ExecuteScalar()).SqlState);
        command.Parameters.AddWithValue("a", 5);
        command.Parameters.AddWithValue("unused", 6);
        Assert.Equal(5, command.ExecuteScalar());
        command.Parameters["a"].Value = new object();
        Assert.Throws<InvalidCastException>(() => command.ExecuteScalar());
        command.Parameters["a"].Value = DBNull.Value;
        Assert.Equal(DBNull.Value, command.ExecuteScalar());
    }

    // Parameters and their collection.

    [Fact]
    public void The_collection_refuses_what_is_no_parameter_and_what_is_not_there()
    {
        BareMetalParameterCollection parameters = new BareMetalCommand().Parameters;
        BareMetalParameter a = parameters.AddWithValue("a", 1);
        Assert.Throws<ArgumentNullException>(() => parameters.Add((object)null!));
        Assert.Throws<ArgumentNullException>(() => parameters.Add((BareMetalParameter)null!));
        Assert.Throws<ArgumentNullException>(() => parameters.AddRange(null!));
        Assert.Throws<InvalidCastException>(() => parameters.AddRange(new object[] { "text" }));
        Assert.Throws<InvalidCastException>(() => parameters.Insert(0, 5));
        Assert.Throws<InvalidCastException>(() => parameters.Remove("a"));
        Assert.ThrowsAny<ArgumentException>(() => parameters["b"]);
        Assert.ThrowsAny<ArgumentException>(() => parameters.RemoveAt("b"));
        Assert.Throws<ArgumentOutOfRangeException>(() => parameters[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => parameters[-1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => parameters.RemoveAt(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => parameters.Insert(3, new BareMetalParameter()));
        Assert.Throws<ArgumentNullException>(() => parameters[0] = null!);
        Assert.False(parameters.Contains("b"));
        Assert.False(parameters.Contains(new object()));
        Assert.Equal(-1, parameters.IndexOf("b"));
        Assert.Equal(-1, parameters.IndexOf((string)null!));
        Assert.Equal(0, parameters.IndexOf("@A"));
        parameters.Remove(new BareMetalParameter("other", 1));
        Assert.Same(a, Assert.Single(parameters.Cast<BareMetalParameter>()));
        BareMetalParameter[] copy = new BareMetalParameter[2];
        parameters.CopyTo(copy, 1);
        Assert.Same(a, copy[1]);
        ((DbParameterCollection)parameters)[0] = new BareMetalParameter("c", 2);
        Assert.True(parameters.Contains("c"));
        parameters.Clear();
        Assert.Empty(parameters);
    }

    // Connections.

    [Fact]
    public async Task A_connection_refuses_what_its_state_does_not_allow()
    {
        using BareMetalConnection connection = new();
        Assert.Throws<InvalidOperationException>(() => connection.Open());
        connection.ConnectionString = "Data Source=:memory:";
        Assert.Throws<InvalidOperationException>(() => connection.BeginTransaction());
        connection.Close();
        connection.Open();
        Assert.Throws<InvalidOperationException>(() => connection.Open());
        Assert.Throws<InvalidOperationException>(() => connection.ConnectionString = "Data Source=x");
        Assert.Throws<ArgumentException>(() => connection.BeginTransaction(IsolationLevel.Chaos));
        Assert.Throws<NotSupportedException>(() => connection.ChangeDatabase("other"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await connection.BeginTransactionAsync(new CancellationToken(true)));
        await connection.CloseAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.OpenAsync(new CancellationToken(true)));
        Assert.Equal(ConnectionState.Closed, connection.State);
        await connection.DisposeAsync();
        await connection.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => connection.Open());
        Assert.Throws<ArgumentException>(() => new BareMetalConnection("Data Sorce=x"));
        Assert.Throws<ArgumentException>(() => new BareMetalConnection("Data Source=x;Command Timeout=soon"));
    }

    [Fact]
    public void Notices_reach_a_handler_that_came_after_opening()
    {
        List<string> notices = [];
        Connection.Notice += (_, notice) => notices.Add(notice.Text);
        Run("DO $$ BEGIN RAISE NOTICE 'hello'; END $$");
        Assert.Equal(["hello"], notices);
    }

    // Transactions.

    [Fact]
    public async Task An_ended_transaction_refuses_everything_but_disposal()
    {
        BareMetalTransaction transaction = Connection.BeginTransaction();
        transaction.Commit();
        Assert.Throws<InvalidOperationException>(() => transaction.Commit());
        Assert.Throws<InvalidOperationException>(() => transaction.Rollback());
        Assert.Throws<InvalidOperationException>(() => transaction.Save("a"));
        Assert.Throws<InvalidOperationException>(() => transaction.Rollback("a"));
        Assert.Throws<InvalidOperationException>(() => transaction.Release("a"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => transaction.CommitAsync());
        Assert.Null(transaction.Connection);
        transaction.Dispose();
        await transaction.DisposeAsync();
        BareMetalTransaction open = Connection.BeginTransaction();
        Assert.ThrowsAny<ArgumentException>(() => open.Save(""));
        Assert.Throws<ArgumentNullException>(() => open.Save(null!));
        Assert.Equal("3B001", Assert.Throws<BareMetalException>(() => open.Rollback("missing")).SqlState);
        Connection.Close();
        Assert.Throws<InvalidOperationException>(() => open.Commit());
        open.Dispose();
    }

    // Batches.

    [Fact]
    public async Task A_batch_refuses_what_a_command_refuses()
    {
        using BareMetalBatch batch = new();
        Assert.Throws<InvalidOperationException>(() => batch.ExecuteNonQuery());
        batch.Connection = Connection;
        Assert.Throws<InvalidOperationException>(() => batch.ExecuteNonQuery());
        batch.BatchCommands.Add(new BareMetalBatchCommand("SELECT 1"));
        Assert.Equal(1, batch.ExecuteScalar());
        Assert.Throws<InvalidCastException>(() => ((DbBatch)batch).BatchCommands.Add(new OtherBatchCommand()));
        Assert.Throws<ArgumentNullException>(() => ((DbBatch)batch).BatchCommands.Add(null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.BatchCommands[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Timeout = -5);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => batch.ExecuteNonQueryAsync(new CancellationToken(true)));
        batch.BatchCommands.Add(new BareMetalBatchCommand("SELECT broken"));
        Assert.Equal("42703", (await Assert.ThrowsAsync<BareMetalException>(() => batch.ExecuteNonQueryAsync())).SqlState);
    }

    private sealed class OtherConnection : DbConnection
    {
        [System.Diagnostics.CodeAnalysis.AllowNull]
        public override string ConnectionString { get; set; } = "";

        public override string Database => "";

        public override string DataSource => "";

        public override string ServerVersion => "";

        public override ConnectionState State => ConnectionState.Closed;

        public override void ChangeDatabase(string databaseName) => throw new NotSupportedException();

        public override void Close() => throw new NotSupportedException();

        public override void Open() => throw new NotSupportedException();

        protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => throw new NotSupportedException();

        protected override DbCommand CreateDbCommand() => throw new NotSupportedException();
    }

    private sealed class OtherBatchCommand : DbBatchCommand
    {
        public override string CommandText { get; set; } = "";

        public override CommandType CommandType { get; set; }

        public override int RecordsAffected => 0;

        protected override DbParameterCollection DbParameterCollection => throw new NotSupportedException();
    }
}
