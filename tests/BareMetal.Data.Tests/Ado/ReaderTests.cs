using System.Collections.ObjectModel;
using System.Data;
using System.Data.Common;
using System.Text.Json;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

public sealed class ReaderTests : AdoTestBase
{
    private const string AllTypes = """
        SELECT TRUE AS c_bool, CAST(-3 AS tinyint) AS c_tiny, CAST(-300 AS smallint) AS c_small, 70000 AS c_int, CAST(5000000000 AS bigint) AS c_big,
            CAST(200 AS utinyint) AS c_utiny, CAST(60000 AS usmallint) AS c_usmall, CAST(4000000000 AS uinteger) AS c_uint, CAST(7 AS ubigint) AS c_ubig,
            CAST(1.5 AS real) AS c_real, CAST(2.25 AS double precision) AS c_double, 1.50 AS c_decimal, 'häß' AS c_text,
            CAST('00112233-4455-6677-8899-aabbccddeeff' AS uuid) AS c_uuid, CAST('2024-02-29' AS date) AS c_date, CAST('10:11:12.5' AS time) AS c_time,
            CAST('2024-02-29 10:11:12' AS timestamp) AS c_timestamp, CAST('2024-02-29 10:11:12+02:00' AS datetimeoffset) AS c_dto, CAST('1.02:03:04' AS timespan) AS c_span,
            CAST('{"a":1}' AS json) AS c_json, CAST(@bytes AS bytea) AS c_bytes, CAST(@ints AS integer[]) AS c_ints, CAST(NULL AS integer) AS c_null
        """;

    [Fact]
    public void Every_type_is_read_by_its_getter_and_by_no_other()
    {
        using BareMetalDataReader reader = OpenAllTypes();
        Assert.True(reader.Read());
        Assert.True(reader.GetBoolean(0));
        Assert.Equal((sbyte)-3, reader.GetFieldValue<sbyte>(1));
        Assert.Equal((short)-300, reader.GetInt16(2));
        Assert.Equal(70000, reader.GetInt32(3));
        Assert.Equal(5000000000L, reader.GetInt64(4));
        Assert.Equal((byte)200, reader.GetByte(5));
        Assert.Equal((ushort)60000, reader.GetFieldValue<ushort>(6));
        Assert.Equal(4000000000u, reader.GetFieldValue<uint>(7));
        Assert.Equal(7ul, reader.GetFieldValue<ulong>(8));
        Assert.Equal(1.5f, reader.GetFloat(9));
        Assert.Equal(2.25, reader.GetDouble(10));
        Assert.Equal("1.50", reader.GetDecimal(11).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal("häß", reader.GetString(12));
        Assert.Equal(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), reader.GetGuid(13));
        Assert.Equal(new DateOnly(2024, 2, 29), reader.GetDateOnly(14));
        Assert.Equal(new TimeOnly(10, 11, 12, 500), reader.GetTimeOnly(15));
        Assert.Equal(new DateTime(2024, 2, 29, 10, 11, 12), reader.GetDateTime(16));
        Assert.Equal(DateTimeKind.Unspecified, reader.GetDateTime(16).Kind);
        DateTimeOffset moment = reader.GetDateTimeOffset(17);
        Assert.Equal((TimeSpan.FromHours(2), 10), (moment.Offset, moment.Hour));
        Assert.Equal(new TimeSpan(1, 2, 3, 4), reader.GetTimeSpan(18));
        Assert.Equal("""{"a":1}""", reader.GetString(19));
        Assert.Equal(3, reader.GetBytes(20, 0, null, 0, 0));
        Assert.Equal([1, 2, 3], reader.GetFieldValue<int[]>(21));

        Assert.Throws<InvalidCastException>(() => reader.GetInt64(3));
        Assert.Throws<InvalidCastException>(() => reader.GetInt32(4));
        Assert.Throws<InvalidCastException>(() => reader.GetInt32(14));
        Assert.Throws<InvalidCastException>(() => reader.GetInt64(16));
        Assert.Throws<InvalidCastException>(() => reader.GetString(3));
        Assert.Throws<InvalidCastException>(() => reader.GetDouble(9));
        Assert.Throws<InvalidCastException>(() => reader.GetGuid(12));
        Assert.Contains("c_text", Assert.Throws<InvalidCastException>(() => reader.GetBoolean(12)).Message);
    }

    [Fact]
    public void The_field_type_is_the_type_of_the_value()
    {
        using BareMetalDataReader reader = OpenAllTypes();
        Assert.True(reader.Read());
        for (int i = 0; i < reader.FieldCount - 1; i++)
            Assert.Equal(reader.GetFieldType(i), reader.GetValue(i).GetType());
        Assert.Equal(typeof(int), reader.GetFieldType(reader.FieldCount - 1));
        Assert.Equal(DBNull.Value, reader["c_null"]);
        Assert.Equal("double precision", reader.GetDataTypeName(10));
        Assert.Equal("integer[]", reader.GetDataTypeName(21));
    }

    [Fact]
    public void Field_values_take_nullable_enum_stream_and_memory_forms()
    {
        using BareMetalDataReader reader = OpenAllTypes();
        Assert.True(reader.Read());
        Assert.Equal(70000, reader.GetFieldValue<int?>(3));
        Assert.Null(reader.GetFieldValue<int?>(22));
        Assert.Equal(DayOfWeek.Sunday, reader.GetFieldValue<DayOfWeek>(3) - 70000);
        Assert.Null(reader.GetFieldValue<DayOfWeek?>(22));
        Assert.Equal([1, 2, 255], reader.GetFieldValue<byte[]>(20));
        Assert.Equal([1, 2, 255], reader.GetFieldValue<Memory<byte>>(20).ToArray());
        Assert.Equal([1, 2, 255], reader.GetFieldValue<ReadOnlyMemory<byte>>(20).ToArray());
        Assert.Equal([1, 2, 255], reader.GetFieldValue<MemoryStream>(20).ToArray());
        using (Stream stream = reader.GetFieldValue<Stream>(20))
            Assert.Equal(3, stream.Length);
        using (Stream stream = reader.GetStream(20))
            Assert.Equal(1, stream.ReadByte());
        using (TextReader text = reader.GetTextReader(12))
            Assert.Equal("häß", text.ReadToEnd());
        Assert.Equal([1, 2, 3], reader.GetFieldValue<List<int>>(21));
        Assert.Equal([1, 2, 3], reader.GetFieldValue<int?[]>(21));
        Assert.Equal(new DateTime(2024, 2, 29), reader.GetFieldValue<DateTime>(14));
        Assert.Equal(new TimeSpan(0, 10, 11, 12, 500), reader.GetFieldValue<TimeSpan>(15));
        Assert.Equal(1, reader.GetFieldValue<JsonElement>(19).GetProperty("a").GetInt32());
        Assert.Equal(70000, reader.GetFieldValue<object>(3));
        Assert.Equal(DBNull.Value, reader.GetFieldValue<object>(22));
        Assert.Throws<InvalidCastException>(() => reader.GetFieldValue<int>(22));
        Assert.Throws<InvalidCastException>(() => reader.GetInt32(22));
        Assert.Throws<InvalidCastException>(() => reader.GetFieldValue<Version>(3));
    }

    [Fact]
    public void Bytes_and_characters_are_copied_in_parts()
    {
        using BareMetalDataReader reader = OpenAllTypes();
        Assert.True(reader.Read());
        byte[] bytes = new byte[4];
        Assert.Equal(2, reader.GetBytes(20, 1, bytes, 1, 10));
        Assert.Equal([0, 2, 255, 0], bytes);
        Assert.Equal(0, reader.GetBytes(20, 3, bytes, 0, 4));
        char[] chars = new char[2];
        Assert.Equal(3, reader.GetChars(12, 0, null, 0, 0));
        Assert.Equal(2, reader.GetChars(12, 1, chars, 0, 2));
        Assert.Equal("äß", new string(chars));
    }

    [Fact]
    public void Columns_are_found_by_name_exactly_and_then_without_case()
    {
        using BareMetalCommand command = Command(Connection, "SELECT 1 AS \"Aa\", 2 AS \"aA\", 3 AS b");
        using BareMetalDataReader reader = command.ExecuteReader();
        Assert.Equal(0, reader.GetOrdinal("Aa"));
        Assert.Equal(1, reader.GetOrdinal("aA"));
        Assert.Equal(0, reader.GetOrdinal("AA"));
        Assert.Equal(2, reader.GetOrdinal("B"));
        Assert.Contains("'c'", Assert.Throws<IndexOutOfRangeException>(() => reader.GetOrdinal("c")).Message);
        Assert.Throws<IndexOutOfRangeException>(() => reader.GetName(3));
    }

    [Fact]
    public void Rows_are_there_or_not_before_they_are_read()
    {
        using BareMetalCommand command = Command(Connection, "SELECT x FROM generate_series(1, 3) AS g(x) WHERE x > $1", 1);
        using (BareMetalDataReader reader = command.ExecuteReader())
        {
            Assert.True(reader.HasRows);
            Assert.Throws<InvalidOperationException>(() => reader.GetValue(0));
            Assert.True(reader.Read());
            Assert.True(reader.HasRows);
            Assert.True(reader.Read());
            Assert.False(reader.Read());
            Assert.False(reader.Read());
            Assert.True(reader.HasRows);
            Assert.Throws<InvalidOperationException>(() => reader.GetValue(0));
            Assert.Equal(0, reader.Depth);
        }

        command.Parameters[0].Value = 9;
        using (BareMetalDataReader reader = command.ExecuteReader())
        {
            Assert.False(reader.HasRows);
            Assert.False(reader.Read());
        }
    }

    [Fact]
    public void Results_follow_one_another_and_statements_without_rows_are_passed()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY, name text)");
        using BareMetalCommand command = Command(Connection, "INSERT INTO t VALUES (1, 'a'), (2, 'b'); SELECT id FROM t ORDER BY id; UPDATE t SET name = 'x' WHERE id = 1; SELECT name FROM t ORDER BY id; DELETE FROM t WHERE id = 2");
        using BareMetalDataReader reader = command.ExecuteReader();
        Assert.Equal("id", reader.GetName(0));
        Assert.Equal(2, reader.RecordsAffected);
        Assert.Equal([[1], [2]], Rows(reader));
        Assert.True(reader.NextResult());
        Assert.Equal("name", reader.GetName(0));
        Assert.True(reader.Read());
        Assert.Equal("x", reader.GetString(0));
        Assert.False(reader.NextResult());
        Assert.Equal(0, reader.FieldCount);
        Assert.False(reader.Read());
        reader.Close();
        Assert.Equal(4, reader.RecordsAffected);
        Assert.Equal(1L, Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Closing_runs_the_statements_that_were_not_reached()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY)");
        using (BareMetalDataReader reader = Command(Connection, "SELECT 1; INSERT INTO t VALUES (7)").ExecuteReader())
            Assert.True(reader.Read());
        Assert.Equal(7, Scalar("SELECT id FROM t"));
    }

    [Fact]
    public void Records_affected_counts_changes_only()
    {
        Assert.Equal(-1, Run("CREATE TABLE t (id integer PRIMARY KEY, v integer)"));
        Assert.Equal(3, Run("INSERT INTO t SELECT x, 0 FROM generate_series(1, 3) AS g(x)"));
        Assert.Equal(-1, Run("SELECT * FROM t"));
        Assert.Equal(2, Run("UPDATE t SET v = 1 WHERE id > 1"));
        Assert.Equal(0, Run("UPDATE t SET v = 1 WHERE id > 100"));
        Assert.Equal(4, Run("INSERT INTO t VALUES (10, 1); SELECT 1; DELETE FROM t WHERE v = 1"));
        using BareMetalDataReader reader = Command(Connection, "INSERT INTO t VALUES (20, 1), (21, 1) RETURNING id").ExecuteReader();
        Assert.Equal([[20], [21]], Rows(reader));
        Assert.Equal(2, reader.RecordsAffected);
    }

    [Fact]
    public void Behaviours_are_kept()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY)");
        using (BareMetalDataReader reader = Command(Connection, "INSERT INTO t VALUES (1) RETURNING id").ExecuteReader(CommandBehavior.SchemaOnly))
        {
            Assert.Equal(typeof(int), reader.GetFieldType(0));
            Assert.False(reader.Read());
        }

        Assert.Equal(0L, Scalar("SELECT count(*) FROM t"));
        using (BareMetalDataReader reader = Command(Connection, "SELECT x FROM generate_series(1, 5000) AS g(x)").ExecuteReader(CommandBehavior.SingleRow))
            Assert.Single(Rows(reader));
        using (BareMetalDataReader reader = Command(Connection, "SELECT 1; INSERT INTO t VALUES (9); SELECT 2").ExecuteReader(CommandBehavior.SingleResult))
        {
            Assert.Single(Rows(reader));
            Assert.False(reader.NextResult());
        }

        Assert.Equal(1L, Scalar("SELECT count(*) FROM t"));
        using (BareMetalDataReader reader = Command(Connection, "SELECT 1 AS a, 2 AS b").ExecuteReader(CommandBehavior.SequentialAccess))
        {
            Assert.True(reader.Read());
            Assert.Equal((2, 1, 2), (reader.GetInt32(1), reader.GetInt32(0), reader.GetInt32(1)));
        }

        using BareMetalConnection other = Source.OpenConnection();
        using (BareMetalDataReader reader = Command(other, "SELECT 1").ExecuteReader(CommandBehavior.CloseConnection))
            Assert.Equal(ConnectionState.Open, other.State);
        Assert.Equal(ConnectionState.Closed, other.State);
        other.Open();
        Assert.Throws<BareMetalException>(() => Command(other, "SELECT nothing").ExecuteReader(CommandBehavior.CloseConnection));
        Assert.Equal(ConnectionState.Closed, other.State);
    }

    [Fact]
    public void The_schema_says_where_columns_come_from()
    {
        Run("CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL, price decimal(10,2), twice decimal GENERATED ALWAYS AS (price * 2) STORED)");
        using BareMetalDataReader reader = Command(Connection, "SELECT id, name AS title, price, price + 1 AS more, twice FROM t").ExecuteReader(CommandBehavior.KeyInfo);
        ReadOnlyCollection<DbColumn> columns = reader.GetColumnSchema();
        Assert.Equal(["id", "title", "price", "more", "twice"], columns.Select(c => c.ColumnName));
        Assert.Equal((true, true, true, false), (columns[0].IsKey, columns[0].IsUnique, columns[0].IsAutoIncrement, columns[0].AllowDBNull));
        Assert.Equal(("t", "name", 20, true, false), (columns[1].BaseTableName, columns[1].BaseColumnName, columns[1].ColumnSize, columns[1].IsAliased, columns[1].AllowDBNull));
        Assert.Equal((10, 2, typeof(decimal), true), (columns[2].NumericPrecision, columns[2].NumericScale, columns[2].DataType, columns[2].AllowDBNull));
        Assert.Equal((true, true, null), (columns[3].IsExpression, columns[3].IsReadOnly, columns[3].BaseTableName));
        Assert.True(columns[4].IsReadOnly);
        DataTable table = reader.GetSchemaTable()!;
        Assert.Equal(5, table.Rows.Count);
        Assert.Equal("title", table.Rows[1][SchemaTableColumn.ColumnName]);
        Assert.Equal(typeof(decimal), table.Rows[2][SchemaTableColumn.DataType]);
        DataTable loaded = new();
        loaded.Load(reader);
        Assert.Equal(5, loaded.Columns.Count);
    }

    [Fact]
    public void Several_readers_and_a_write_share_a_connection()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY)");
        Run("INSERT INTO t SELECT x FROM generate_series(1, 5000) AS g(x)");
        using BareMetalDataReader first = Command(Connection, "SELECT id FROM t ORDER BY id").ExecuteReader();
        using BareMetalDataReader second = Command(Connection, "SELECT id FROM t ORDER BY id DESC").ExecuteReader();
        int count = 0;
        while (first.Read())
        {
            Assert.True(second.Read());
            count++;
            Assert.Equal(5001, first.GetInt32(0) + second.GetInt32(0));
            if (count == 2000)
                Assert.Equal(1, Run("DELETE FROM t WHERE id = 4999"));
        }

        Assert.Equal(5000, count);
        Assert.Equal(4999L, Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void One_command_may_run_again_while_its_reader_is_open()
    {
        using BareMetalCommand command = Command(Connection, "SELECT x + $1 FROM generate_series(1, 3000) AS g(x)", 0);
        using BareMetalDataReader first = command.ExecuteReader();
        Assert.True(first.Read());
        command.Parameters[0].Value = 100000;
        using BareMetalDataReader second = command.ExecuteReader();
        Assert.Equal(2999, Rows(first).Count(r => (int)r[0]! <= 3000));
        Assert.Equal(3000, Rows(second).Count(r => (int)r[0]! > 100000));
    }

    [Fact]
    public void A_later_statement_sees_the_values_that_its_own_execution_was_given()
    {
        using BareMetalCommand command = Command(Connection, "SELECT $1; SELECT $1 + 1", 1);
        using BareMetalDataReader first = command.ExecuteReader();
        command.Parameters[0].Value = 100;
        using BareMetalDataReader second = command.ExecuteReader();
        Assert.True(first.NextResult() && first.Read());
        Assert.Equal(2, first.GetInt32(0));
        Assert.True(second.NextResult() && second.Read());
        Assert.Equal(101, second.GetInt32(0));
    }

    [Fact]
    public void A_closed_reader_says_so()
    {
        BareMetalDataReader reader = Command(Connection, "SELECT 1").ExecuteReader();
        reader.Close();
        reader.Close();
        Assert.True(reader.IsClosed);
        Assert.Throws<InvalidOperationException>(() => reader.Read());
        Assert.Throws<InvalidOperationException>(() => reader.FieldCount);
        Assert.Throws<InvalidOperationException>(() => reader.NextResult());
        BareMetalDataReader left = Command(Connection, "SELECT 1").ExecuteReader();
        Connection.Close();
        Assert.True(left.IsClosed);
    }

    [Fact]
    public async Task Reading_asynchronously_gives_the_same()
    {
        await using BareMetalCommand command = Command(Connection, "SELECT x FROM generate_series(1, 3000) AS g(x); SELECT 'end'");
        await using BareMetalDataReader reader = await command.ExecuteReaderAsync();
        int sum = 0;
        while (await reader.ReadAsync())
            sum += await reader.GetFieldValueAsync<int>(0);
        Assert.Equal(3000 * 3001 / 2, sum);
        Assert.True(await reader.NextResultAsync());
        Assert.True(await reader.ReadAsync());
        Assert.False(await reader.IsDBNullAsync(0));
        Assert.Equal("end", reader.GetString(0));
        Assert.False(await reader.NextResultAsync());
    }

    private BareMetalDataReader OpenAllTypes()
    {
        BareMetalCommand command = Command(Connection, AllTypes);
        command.Parameters.AddWithValue("bytes", new byte[] { 1, 2, 255 });
        command.Parameters.AddWithValue("@ints", new[] { 1, 2, 3 });
        return command.ExecuteReader();
    }
}
