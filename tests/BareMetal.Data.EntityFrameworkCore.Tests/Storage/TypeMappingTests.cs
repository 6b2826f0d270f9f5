using BareMetal.Data.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Storage;

public sealed class TypeMappingTests : IDisposable
{
    private readonly DbContext _context = new(new DbContextOptionsBuilder().UseBareMetal().Options);

    private IRelationalTypeMappingSource Source
        => _context.GetService<IRelationalTypeMappingSource>();

    public void Dispose()
        => _context.Dispose();

    [Theory]
    [InlineData(typeof(bool), "boolean")]
    [InlineData(typeof(sbyte), "tinyint")]
    [InlineData(typeof(short), "smallint")]
    [InlineData(typeof(int), "integer")]
    [InlineData(typeof(long), "bigint")]
    [InlineData(typeof(byte), "utinyint")]
    [InlineData(typeof(ushort), "usmallint")]
    [InlineData(typeof(uint), "uinteger")]
    [InlineData(typeof(ulong), "ubigint")]
    [InlineData(typeof(float), "real")]
    [InlineData(typeof(double), "double precision")]
    [InlineData(typeof(decimal), "decimal")]
    [InlineData(typeof(char), "char(1)")]
    [InlineData(typeof(string), "text")]
    [InlineData(typeof(byte[]), "bytea")]
    [InlineData(typeof(Guid), "uuid")]
    [InlineData(typeof(DateTime), "timestamp")]
    [InlineData(typeof(DateTimeOffset), "datetimeoffset")]
    [InlineData(typeof(DateOnly), "date")]
    [InlineData(typeof(TimeOnly), "time")]
    [InlineData(typeof(TimeSpan), "timespan")]
    [InlineData(typeof(BareMetalInterval), "interval")]
    [InlineData(typeof(DayOfWeek), "integer")]
    [InlineData(typeof(int[]), "json")]
    [InlineData(typeof(List<string>), "json")]
    public void A_type_has_one_column_type_and_comes_back_from_it(Type type, string storeType)
    {
        var mapping = Source.FindMapping(type)!;
        Assert.Equal(storeType, mapping.StoreType);
        if (mapping.Converter is null)
            Assert.Equal(type, Source.FindMapping(storeType)!.ClrType);
    }

    [Theory]
    [InlineData("money", typeof(decimal), "1234.5678")]
    [InlineData("smallmoney", typeof(decimal), "1234.5678")]
    [InlineData("dec(9,4)", typeof(decimal), "1234.5678")]
    [InlineData("nvarchar(20)", typeof(string), "ab")]
    [InlineData("nchar(2)", typeof(string), "ab")]
    [InlineData("citext", typeof(string), "ab")]
    [InlineData("datetime", typeof(DateTime), "2024-02-29T23:59:58.1234567")]
    [InlineData("datetime2(7)", typeof(DateTime), "2024-02-29T23:59:58.1234567")]
    public void Names_that_other_databases_give_to_types_are_understood(string storeType, Type type, string text)
    {
        var mapping = Source.FindMapping(type, storeType)!;
        Assert.Equal((storeType, type), (mapping.StoreType, mapping.ClrType));
        var value = Convert.ChangeType(text, type, System.Globalization.CultureInfo.InvariantCulture);

        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        using var connection = source.OpenConnection();
        using var command = connection.CreateCommand();
        command.CommandText = $"CREATE TABLE t (c {storeType}); INSERT INTO t VALUES ({mapping.GenerateSqlLiteral(value)}); SELECT c FROM t";
        Assert.Equal(value, command.ExecuteScalar());
    }

    [Theory]
    [InlineData("decimal(18,2)", typeof(decimal), 18, 2)]
    [InlineData("numeric(9,4)", typeof(decimal), 9, 4)]
    public void A_decimal_column_keeps_its_precision(string storeType, Type type, int precision, int scale)
    {
        var mapping = Source.FindMapping(type, storeType)!;
        Assert.Equal(storeType, mapping.StoreType);
        Assert.Equal((precision, scale), (mapping.Precision!.Value, mapping.Scale!.Value));
        Assert.Equal(storeType, Source.FindMapping(storeType)!.StoreType);
    }

    [Fact]
    public void A_text_column_keeps_its_length()
    {
        var mapping = Source.FindMapping("varchar(30)")!;
        Assert.Equal((typeof(string), 30), (mapping.ClrType, mapping.Size!.Value));
        Assert.Equal("varchar(12)", Source.FindMapping(typeof(string), null, size: 12)!.StoreType);
        Assert.Equal("char(12)", Source.FindMapping(typeof(string), null, size: 12, fixedLength: true)!.StoreType);
        Assert.Equal(typeof(char), Source.FindMapping("char(1)")!.ClrType);
        Assert.Equal(typeof(string), Source.FindMapping("char(5)")!.ClrType);
    }

    [Fact]
    public void A_row_version_is_eight_bytes_or_a_number()
    {
        foreach (var type in new[] { typeof(byte[]), typeof(ulong), typeof(long) })
        {
            var mapping = Source.FindMapping(type, null, rowVersion: true)!;
            Assert.Equal("rowversion", mapping.StoreType);
            Assert.Equal(type, mapping.ClrType);
        }
    }

    [Fact]
    public void Literals_are_of_the_type_that_they_stand_for()
    {
        Assert.Equal("TRUE", Literal(true));
        Assert.Equal("1.50", Literal(1.50m));
        Assert.Equal("2.0", Literal(2m));
        Assert.Equal("2E0", Literal(2d));
        Assert.Equal("CAST('NaN' AS double precision)", Literal(double.NaN));
        Assert.Equal("CAST(1.5 AS real)", Literal(1.5f));
        Assert.Equal("'it''s'", Literal("it's"));
        Assert.Equal("X'00FF'", Literal(new byte[] { 0, 255 }));
        Assert.Equal("UUID '01020304-0506-0708-090a-0b0c0d0e0f10'", Literal(Guid.Parse("01020304-0506-0708-090a-0b0c0d0e0f10")));
        Assert.Equal("DATE '2024-02-29'", Literal(new DateOnly(2024, 2, 29)));
        Assert.Equal("TIME '10:09:08.5'", Literal(new TimeOnly(10, 9, 8, 500)));
        Assert.Equal("TIMESTAMP '2024-02-29 10:09:08.0000001'", Literal(new DateTime(2024, 2, 29, 10, 9, 8).AddTicks(1)));
        Assert.Equal(
            "DATETIMEOFFSET '2024-02-29 10:09:08+02:30'",
            Literal(new DateTimeOffset(2024, 2, 29, 10, 9, 8, new TimeSpan(2, 30, 0))));
        Assert.Equal("TIMESPAN '1.02:03:04.5000000'", Literal(new TimeSpan(1, 2, 3, 4, 500)));
        Assert.Equal("TIMESPAN '-00:00:01'", Literal(TimeSpan.FromSeconds(-1)));

        string Literal(object value)
            => Source.FindMapping(value.GetType())!.GenerateSqlLiteral(value);
    }

    [Fact]
    public void A_collection_goes_out_as_an_array_of_what_its_elements_are_stored_as()
    {
        using var connection = new BareMetalConnection("Data Source=:memory:");
        using var command = connection.CreateCommand();
        var mapping = new BareMetalArrayTypeMapping(typeof(IEnumerable<DayOfWeek>), Source.FindMapping(typeof(DayOfWeek))!);
        var parameter = (BareMetalParameter)mapping.CreateParameter(
            command, "p", new HashSet<DayOfWeek> { DayOfWeek.Monday, DayOfWeek.Friday });
        Assert.Equal("integer[]", parameter.DataTypeName);
        Assert.Equal([1, 5], Assert.IsType<int[]>(parameter.Value));

        var nullable = new BareMetalArrayTypeMapping(typeof(int?[]), Source.FindMapping(typeof(int))!);
        Assert.Equal([1, null], Assert.IsType<int?[]>(nullable.CreateParameter(command, "p", new int?[] { 1, null }).Value));
        Assert.Equal("CAST(ARRAY[1, NULL] AS integer[])", nullable.GenerateSqlLiteral(new int?[] { 1, null }));
        Assert.Equal(DBNull.Value, nullable.CreateParameter(command, "p", null).Value);
    }

    [Theory]
    [InlineData(typeof(string), "varchar(5)", "text[]")]
    [InlineData(typeof(char), null, "text[]")]
    [InlineData(typeof(decimal), "decimal(18,2)", "decimal[]")]
    [InlineData(typeof(double), null, "double precision[]")]
    public void An_array_has_no_facets_of_a_column(Type elementType, string? columnType, string expected)
        => Assert.Equal(
            expected,
            new BareMetalArrayTypeMapping(elementType.MakeArrayType(), Source.FindMapping(elementType, columnType)!).StoreType);

    [Fact]
    public void Every_mapping_is_public_with_a_public_default_so_that_compiled_models_can_name_it()
    {
        var mappings = typeof(BareMetalTypeMappingSource).Assembly.GetTypes()
            .Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(RelationalTypeMapping)))
            .ToList();
        Assert.True(mappings.Count >= 14);
        foreach (var type in mappings)
        {
            Assert.True(type.IsPublic, type.Name);
            var defaultProperty = type.GetProperty("Default", System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static
                | System.Reflection.BindingFlags.DeclaredOnly);
            Assert.NotNull(defaultProperty);
            Assert.Equal(type, defaultProperty.PropertyType);
            Assert.IsType(type, ((RelationalTypeMapping)defaultProperty.GetValue(null)!).WithStoreTypeAndSize("text", null));
        }
    }
}
