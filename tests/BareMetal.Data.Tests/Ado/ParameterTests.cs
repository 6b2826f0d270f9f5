using System.Data;
using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Nodes;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

public sealed class ParameterTests
{
    public enum Colour : short
    {
        Red = 1,
        Blue = 7,
    }

    public static TheoryData<object, string, DbType> Inferred() => new()
    {
        { true, "boolean", DbType.Boolean },
        { (sbyte)-3, "tinyint", DbType.SByte },
        { (short)-300, "smallint", DbType.Int16 },
        { 70000, "integer", DbType.Int32 },
        { 1L << 40, "bigint", DbType.Int64 },
        { (byte)200, "utinyint", DbType.Byte },
        { (ushort)60000, "usmallint", DbType.UInt16 },
        { 4000000000u, "uinteger", DbType.UInt32 },
        { ulong.MaxValue, "ubigint", DbType.UInt64 },
        { 1.5f, "real", DbType.Single },
        { -2.25, "double precision", DbType.Double },
        { 1.50m, "decimal", DbType.Decimal },
        { "häß\U0001F600", "text", DbType.String },
        { 'x', "text", DbType.String },
        { new byte[] { 1, 2 }, "bytea", DbType.Binary },
        { Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), "uuid", DbType.Guid },
        { new DateTime(2024, 2, 29, 1, 2, 3).AddTicks(7), "timestamp", DbType.DateTime2 },
        { new DateTimeOffset(2024, 2, 29, 1, 2, 3, TimeSpan.FromMinutes(-210)), "datetimeoffset", DbType.DateTimeOffset },
        { new DateOnly(1, 1, 1), "date", DbType.Date },
        { new TimeOnly(23, 59, 59, 999), "time", DbType.Time },
        { TimeSpan.FromDays(-3.5), "timespan", DbType.Object },
        { Colour.Blue, "smallint", DbType.Int16 },
        { new[] { 1, 2 }, "integer[]", DbType.Object },
        { new List<string?> { "a", null }, "text[]", DbType.Object },
        { new int?[] { 1, null }, "integer[]", DbType.Object },
        { new int[][] { [1], [] }, "integer[][]", DbType.Object },
        { new[] { Colour.Red }, "smallint[]", DbType.Object },
        { new HashSet<Guid> { Guid.Empty }, "uuid[]", DbType.Object },
    };

    [Theory]
    [MemberData(nameof(Inferred))]
    public void The_type_follows_from_the_value(object value, string name, DbType dbType)
    {
        BareMetalParameter parameter = new("@p", value);
        Value bound = parameter.Bind(out SqlType type);
        Assert.Equal(name, DataTypeNames.Format(type));
        Assert.Equal(dbType, parameter.DbType);
        Assert.Equal(type.Kind, bound.Kind);
        Assert.False(bound.IsNull);
    }

    [Theory]
    [MemberData(nameof(Inferred))]
    public void A_value_comes_back_through_a_vector_as_it_went_in(object value, string name, DbType dbType)
    {
        _ = (name, dbType);
        Value bound = new BareMetalParameter("p", value).Bind(out SqlType type);
        Vector vector = Vector.Create(type, 4);
        vector.SetValue(2, bound);
        vector.SetNull(1);
        if (value is List<string?> or int?[])
            return; // null elements: GetValue has no form for them, see the array tests
        object back = ClrReader.ToObject(vector, 2);
        Assert.Equal(ClrTypes.TypeOf(type), back.GetType());
        Assert.Equal(value switch
        {
            char c => c.ToString(),
            Colour c => (short)c,
            Colour[] c => c.Select(x => (short)x).ToArray(),
            HashSet<Guid> set => set.ToArray(),
            _ => value,
        }, back);
    }

    [Fact]
    public void Nulls_have_the_declared_type_or_none()
    {
        foreach (object? nothing in new object?[] { null, DBNull.Value })
        {
            BareMetalParameter parameter = new("p", nothing);
            Assert.True(parameter.Bind(out SqlType type).IsNull);
            Assert.Equal(SqlTypeKind.Unknown, type.Kind);
            parameter.DbType = DbType.Int32;
            Assert.True(parameter.Bind(out type).IsNull);
            Assert.Equal(SqlTypeKind.Integer, type.Kind);
            parameter.DataTypeName = "uuid";
            parameter.Bind(out type);
            Assert.Equal(SqlTypeKind.Uuid, type.Kind);
            parameter.DataTypeName = null;
            parameter.Bind(out type);
            Assert.Equal(SqlTypeKind.Integer, type.Kind);
            parameter.ResetDbType();
            parameter.Bind(out type);
            Assert.Equal(SqlTypeKind.Unknown, type.Kind);
        }
    }

    [Theory]
    [InlineData(DbType.Int64, 5, "bigint")]
    [InlineData(DbType.Decimal, 5, "decimal")]
    [InlineData(DbType.Double, 5, "double precision")]
    [InlineData(DbType.String, 5, "text")]
    [InlineData(DbType.Int16, "12", "smallint")]
    [InlineData(DbType.Guid, "00112233-4455-6677-8899-aabbccddeeff", "uuid")]
    [InlineData(DbType.Date, "2024-02-29", "date")]
    public void A_declared_type_converts_the_value(DbType dbType, object value, string name)
    {
        BareMetalParameter parameter = new("p", dbType) { Value = value };
        Value bound = parameter.Bind(out SqlType type);
        Assert.Equal(name, DataTypeNames.Format(type));
        Assert.Equal(type.Kind, bound.Kind);
    }

    [Fact]
    public void Dates_and_times_convert_between_their_clr_types()
    {
        DateTime moment = new(2024, 2, 29, 10, 11, 12);
        Assert.Equal(DateOnly.FromDateTime(moment).DayNumber, new BareMetalParameter("p", DbType.Date) { Value = moment }.Bind(out _).As<int>());
        Assert.Equal(moment.TimeOfDay.Ticks, new BareMetalParameter("p", DbType.Time) { Value = moment.TimeOfDay }.Bind(out _).As<long>());
        Assert.Equal(moment.Ticks, new BareMetalParameter("p", DbType.DateTime) { Value = DateTime.SpecifyKind(moment, DateTimeKind.Utc) }.Bind(out _).As<long>());
        OffsetInstant instant = new BareMetalParameter("p", new DateTimeOffset(moment, TimeSpan.FromHours(2))).Bind(out _).As<OffsetInstant>();
        Assert.Equal((moment.Ticks - TimeSpan.TicksPerHour * 2, 120), (instant.UtcTicks, instant.OffsetMinutes));
    }

    [Theory]
    [InlineData(DbType.Byte, 256)]
    [InlineData(DbType.Int32, "twelve")]
    [InlineData(DbType.Guid, 5)]
    [InlineData(DbType.Binary, "text")]
    [InlineData(DbType.Int32, 5000000000L)]
    public void A_value_that_does_not_convert_names_the_parameter(DbType dbType, object value)
    {
        InvalidCastException error = Assert.Throws<InvalidCastException>(() => new BareMetalParameter("@quantity", dbType) { Value = value }.Bind(out _));
        Assert.Contains("@quantity", error.Message);
    }

    [Fact]
    public void A_lone_surrogate_is_an_error_and_not_replaced()
    {
        BareMetalException error = Assert.Throws<BareMetalException>(() => new BareMetalParameter("p", "a\uD800b").Bind(out _));
        Assert.Equal("22021", error.SqlState);
    }

    [Fact]
    public void A_size_never_cuts()
    {
        BareMetalParameter parameter = new("p", DbType.String) { Size = 2, Value = "abcdef" };
        Assert.Equal(6, parameter.Bind(out SqlType type).As<ByteSlice>().Length);
        Assert.Null(type.Length);
    }

    [Fact]
    public void Json_documents_and_streams_are_values()
    {
        using JsonDocument document = JsonDocument.Parse("""{"a": [1, 2.50]}""");
        Assert.Equal("json", NameOf(document));
        Assert.Equal("json", NameOf(document.RootElement));
        Assert.Equal("json", NameOf(JsonNode.Parse("[1]")!));
        Assert.Equal("bytea", NameOf(new MemoryStream([1, 2, 3])));
        Assert.Equal("bytea", NameOf(new Memory<byte>([1])));
        Assert.Equal("text", NameOf(new StringReader("abc")));
        Assert.Equal("text[]", NameOf(Array.Empty<string>()));
        Assert.Throws<InvalidCastException>(() => NameOf(new Version(1, 2)));

        static string NameOf(object value)
        {
            new BareMetalParameter("p", value).Bind(out SqlType type);
            return DataTypeNames.Format(type);
        }
    }

    [Fact]
    public void A_typed_parameter_binds_like_an_untyped_one()
    {
        Assert.Equal(42, new BareMetalParameter<int>("p", 42).Bind(out SqlType type).As<int>());
        Assert.Equal(SqlTypeKind.Integer, type.Kind);
        Assert.True(new BareMetalParameter<int?>("p", null).Bind(out type).IsNull);
        Assert.Equal(7L, new BareMetalParameter<long?>("p", 7).Bind(out type).As<long>());
        Assert.Equal(SqlTypeKind.BigInt, type.Kind);
        Assert.True(new BareMetalParameter<string?>("p", null).Bind(out type).IsNull);
        Assert.Equal(SqlTypeKind.Text, type.Kind);
        Assert.Equal((short)7, new BareMetalParameter<Colour>("p", Colour.Blue).Bind(out _).As<short>());
        BareMetalParameter<int> parameter = new("p", 1) { Value = 5 };
        Assert.Equal(5, parameter.TypedValue);
        Assert.Equal(5, parameter.Value);
        parameter.DataTypeName = "bigint";
        Assert.Equal(5L, parameter.Bind(out _).As<long>());
    }

    [Fact]
    public void Type_names_parse_with_modifiers_and_brackets()
    {
        Assert.Equal("decimal", DataTypeNames.Format(DataTypeNames.Parse("NUMERIC(10, 2)")));
        Assert.Equal("text[][]", DataTypeNames.Format(DataTypeNames.Parse("character varying(20)[][]")));
        Assert.Contains("integer[]", Assert.Throws<ArgumentException>(() => new BareMetalParameter { DataTypeName = "string" }).Message);
        foreach ((string name, SqlType type) in DataTypeNames.All)
            Assert.Equal(name, DataTypeNames.Format(DataTypeNames.Parse(name) with { Collation = type.Collation }));
    }

    [Fact]
    public void Names_match_with_or_without_the_marker()
    {
        using BareMetalCommand command = new();
        command.Parameters.AddWithValue("@Id", 1);
        command.Parameters.AddWithValue("name", "x");
        command.Parameters.AddWithValue(null, 3);
        Assert.Equal(0, command.Parameters.IndexOf("Id"));
        Assert.Equal(0, command.Parameters.IndexOf("@id"));
        Assert.Equal(1, command.Parameters.IndexOf("@name"));
        Assert.Equal(1, command.Parameters["NAME"].ParameterName == "name" ? 1 : -1);
        Assert.False(command.Parameters.Contains("other"));
        Assert.Contains("'other'", Assert.Throws<ArgumentException>(() => command.Parameters["other"]).Message);
        command.Parameters.RemoveAt("@name");
        Assert.Equal(2, command.Parameters.Count);
        Assert.Throws<InvalidCastException>(() => command.Parameters.Add(new object()));
    }

    [Fact]
    public void Directions_and_types_of_commands_are_those_that_exist()
    {
        BareMetalParameter parameter = new();
        Assert.Equal(ParameterDirection.Input, parameter.Direction);
        parameter.Direction = ParameterDirection.Output;
        Assert.Throws<ArgumentOutOfRangeException>(() => parameter.Direction = (ParameterDirection)99);
        Assert.Throws<ArgumentException>(() => new BareMetalCommand().CommandType = CommandType.TableDirect);
    }

    [Fact]
    public void The_factory_makes_every_part()
    {
        DbProviderFactory factory = BareMetalFactory.Instance;
        Assert.IsType<BareMetalConnection>(factory.CreateConnection());
        Assert.IsType<BareMetalCommand>(factory.CreateCommand());
        Assert.IsType<BareMetalParameter>(factory.CreateParameter());
        Assert.IsType<BareMetalConnectionStringBuilder>(factory.CreateConnectionStringBuilder());
        Assert.IsType<BareMetalBatch>(factory.CreateBatch());
        Assert.IsType<BareMetalBatchCommand>(factory.CreateBatchCommand());
        Assert.IsType<BareMetalDataSource>(factory.CreateDataSource("Data Source=:memory:"));
        using BareMetalConnection connection = new();
        Assert.Same(factory, DbProviderFactories.GetFactory(connection));
    }

    [Fact]
    public void Arrays_are_read_as_arrays_lists_and_with_nulls()
    {
        Value value = new BareMetalParameter("p", new int?[] { 1, null, 3 }).Bind(out SqlType type);
        Assert.True(ClrReader.TryGet(value, type, out int?[] array));
        Assert.Equal([1, null, 3], array);
        Assert.True(ClrReader.TryGet(value, type, out List<int?> list));
        Assert.Equal([1, null, 3], list);
        Assert.False(ClrReader.TryGet(value, type, out int[] _));
        Assert.Throws<InvalidCastException>(() => ClrReader.ToObject(value, type));
        value = new BareMetalParameter("p", new[] { "a", "b" }).Bind(out type);
        Assert.True(ClrReader.TryGet(value, type, out IReadOnlyList<string> texts));
        Assert.Equal(["a", "b"], texts);
        Assert.False(ClrReader.TryGet(value, type, out int[] _));
    }
}
