using System.Globalization;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;
using Xunit.Abstractions;
using static BareMetal.Data.Tests.Functions.FunctionHarness;

namespace BareMetal.Data.Tests.Types;

public sealed class CastTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_value_comes_back_from_its_text()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        foreach (SqlType type in RandomValues.Types)
        {
            if (type.Kind == SqlTypeKind.Jsonb)
                continue;
            for (int i = 0; i < 100; i++)
            {
                Value value = RandomValues.Next(random, type);
                Value text = Casts.Convert(value, type, SqlType.Text);
                Value back = Casts.Convert(text, SqlType.Text, type);
                bool same = type.Kind is SqlTypeKind.Real or SqlTypeKind.Double ? RandomValues.Compare(type, value, back) == 0 : RandomValues.Identical(type, value, back);
                Assert.True(same, $"{TypeNames.Format(type)}: {RandomValues.TextOf(text)}");
            }
        }
    }

    [Fact]
    public void Numbers_convert_as_dotnet_does_or_say_that_they_do_not_fit()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        for (int i = 0; i < 2000; i++)
        {
            decimal d = RandomValues.NextDecimal(random);
            double f = (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 25));
            Check(d, "integer", () => checked((int)decimal.Round(d)));
            Check(d, "utinyint", () => checked((byte)decimal.Round(d)));
            Check(d, "bigint", () => checked((long)decimal.Round(d)));
            Check(d, "double precision", () => (double)d);
            Check(f, "integer", () => checked((int)Math.Round(f)));
            Check(f, "bigint", () => checked((long)Math.Round(f)));
            Check(f, "ubigint", () => checked((ulong)Math.Round(f)));
            Check(f, "decimal", () => (decimal)f);
            Check(f, "real", () => (float)f);
            long l = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(60);
            Check(l, "smallint", () => checked((short)l));
            Check(l, "uinteger", () => checked((uint)l));
            Check(l, "tinyint", () => checked((sbyte)l));
            Check(l, "decimal", () => (decimal)l);
        }
    }

    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(1.5, 2)]
    [InlineData(2.5, 2)]
    [InlineData(-2.5, -2)]
    public void Fractions_round_half_to_even(double value, int expected)
    {
        Assert.Equal(expected, Cast(value, "integer"));
        Assert.Equal(expected, Cast((decimal)value, "integer"));
        Assert.Equal(expected, Cast((float)value, "integer"));
    }

    [Theory]
    [InlineData("boolean", " Yes ", true)]
    [InlineData("boolean", "f", false)]
    [InlineData("integer", " -42 ", -42)]
    [InlineData("double precision", "1e3", 1000.0)]
    [InlineData("double precision", "-Infinity", double.NegativeInfinity)]
    [InlineData("real", "NaN", float.NaN)]
    [InlineData("varchar(3)", "abc", "abc")]
    [InlineData("bytea", "\\xDEADbeef", "\\xdeadbeef")]
    [InlineData("bytea", "a\\\\b\\001", "\\x615c6201")]
    [InlineData("integer[]", "{1, NULL ,3}", "{1,NULL,3}")]
    [InlineData("text[]", "{\"a b\",\"NULL\",null,\"q\\\"\"}", "{\"a b\",\"NULL\",NULL,\"q\\\"\"}")]
    [InlineData("int[][]", "{{1,2},{3}}", "{{1,2},{3}}")]
    [InlineData("jsonb", " {\"bb\":1,\"a\":[1e2, -0.0, \"\\u0041\"],\"a\":null} ", "{\"a\": null, \"bb\": 1}")]
    [InlineData("json", " {\"a\" : 1 } ", " {\"a\" : 1 } ")]
    public void Text_is_read(string type, string text, object expected) => Assert.Equal(expected, Cast(text, type));

    [Theory]
    [InlineData("integer", "4x", SqlStates.InvalidTextRepresentation)]
    [InlineData("integer", "1.5", SqlStates.InvalidTextRepresentation)]
    [InlineData("integer", "99999999999", SqlStates.NumericOutOfRange)]
    [InlineData("utinyint", "-1", SqlStates.NumericOutOfRange)]
    [InlineData("decimal", "1e400", SqlStates.InvalidTextRepresentation)]
    [InlineData("decimal", "1e40", SqlStates.NumericOutOfRange)]
    [InlineData("boolean", "maybe", SqlStates.InvalidTextRepresentation)]
    [InlineData("uuid", "123", SqlStates.InvalidTextRepresentation)]
    [InlineData("date", "2024-13-01", SqlStates.DatetimeOverflow)]
    [InlineData("date", "2023-02-29", SqlStates.DatetimeOverflow)]
    [InlineData("date", "yesterday", SqlStates.InvalidDatetimeFormat)]
    [InlineData("time", "25:00", SqlStates.InvalidDatetimeFormat)]
    [InlineData("timestamp", "2024-01-01 10", SqlStates.InvalidDatetimeFormat)]
    [InlineData("datetimeoffset", "2024-01-01T00:00:00+15:00", SqlStates.DatetimeOverflow)]
    [InlineData("timespan", "1:2:3:4:5", SqlStates.InvalidDatetimeFormat)]
    [InlineData("timespan", "99999999.00:00:00", SqlStates.DatetimeOverflow)]
    [InlineData("json", "{\"a\":}", SqlStates.InvalidTextRepresentation)]
    [InlineData("jsonb", "[1,2", SqlStates.InvalidTextRepresentation)]
    [InlineData("bytea", "\\x123", SqlStates.InvalidTextRepresentation)]
    [InlineData("integer[]", "{1,2", SqlStates.InvalidTextRepresentation)]
    [InlineData("varchar(2)", "abc", SqlStates.StringTooLong)]
    [InlineData("char(1)", "😀", SqlStates.StringTooLong)]
    [InlineData("decimal(4,2)", "100", SqlStates.NumericOutOfRange)]
    public void Text_that_is_no_value_is_a_typed_error(string type, string text, string state) =>
        Assert.Equal(state, Assert.Throws<BareMetalException>(() => Cast(text, type)).SqlState);

    [Fact]
    public void Moments_are_read_in_iso_forms_with_a_hundred_nanoseconds()
    {
        Assert.Equal(new DateTime(2024, 2, 29, 10, 9, 8).AddTicks(1234567), Cast("2024-02-29T10:09:08.1234567", "timestamp"));
        Assert.Equal(new DateTime(2024, 2, 29, 10, 9, 8).AddTicks(1234568), Cast("2024-02-29 10:09:08.12345678", "timestamp"));
        Assert.Equal(new DateTime(2024, 2, 29, 10, 9, 0), Cast("2024-02-29 10:09Z", "timestamp"));
        Assert.Equal(new DateTimeOffset(2024, 2, 29, 10, 9, 8, TimeSpan.FromMinutes(-210)), Cast("2024-02-29 10:09:08-03:30", "datetimeoffset"));
        Assert.Equal(new DateTimeOffset(2024, 2, 29, 10, 9, 8, TimeSpan.Zero), Cast("2024-02-29 10:09:08Z", "datetimeoffset"));
        Assert.Equal(new DateOnly(2024, 2, 29), Cast("2024-02-29T23:59:59", "date"));
        Assert.Equal(new TimeOnly(10, 9, 8), Cast("10:09:08.0000000", "time"));
        Assert.Equal(new TimeSpan(1, 2, 3, 4, 500), Cast("1:2:03:04.5", "timespan"));
        Assert.Equal(-new TimeSpan(0, 2, 3, 4), Cast("-02:03:04", "timespan"));
        Assert.Equal(DateTime.MaxValue, Cast("9999-12-31T23:59:59.9999999", "timestamp"));
        Assert.Equal(DateTime.MinValue, Cast("0001-01-01", "timestamp"));
    }

    [Fact]
    public void Text_of_values_is_as_documented()
    {
        Assert.Equal("1.50", Cast(1.50m, "text"));
        Assert.Equal(1e20.ToString("R", CultureInfo.InvariantCulture), Cast(1e20, "text"));
        Assert.Equal("true", Cast(true, "text"));
        Assert.Equal("2024-02-29", Cast(new DateOnly(2024, 2, 29), "text"));
        Assert.Equal("10:09:08.05", Cast(new TimeOnly(10, 9, 8, 50), "text"));
        Assert.Equal("2024-02-29 10:09:08", Cast(new DateTime(2024, 2, 29, 10, 9, 8), "text"));
        Assert.Equal("2024-02-29 10:09:08.1+02:00", Cast(new DateTimeOffset(2024, 2, 29, 10, 9, 8, 100, TimeSpan.FromHours(2)), "text"));
        Assert.Equal("1.02:03:04.5", Cast(new TimeSpan(1, 2, 3, 4, 500), "text"));
        Assert.Equal("00000000-0000-0000-0000-00000000000a", Cast(Guid.Parse("00000000-0000-0000-0000-00000000000A"), "text"));
    }

    [Fact]
    public void Moments_convert_between_each_other()
    {
        DateTimeOffset offset = new(2024, 2, 29, 23, 9, 8, TimeSpan.FromHours(-5));
        Assert.Equal(offset.DateTime, Cast(offset, "timestamp"));
        Assert.Equal(new DateOnly(2024, 2, 29), Cast(offset, "date"));
        Assert.Equal(new TimeOnly(23, 9, 8), Cast(offset, "time"));
        Assert.Equal(new DateTimeOffset(2024, 2, 29, 0, 0, 0, TimeSpan.Zero), Cast(new DateOnly(2024, 2, 29), "datetimeoffset"));
        Assert.Equal(TimeSpan.Zero, ((DateTimeOffset)Cast(new DateTime(2024, 1, 1), "datetimeoffset")!).Offset);
        Assert.Equal(new TimeSpan(10, 0, 0), Cast(new TimeOnly(10, 0), "timespan"));
        Assert.Equal(SqlStates.DatetimeOverflow, Assert.Throws<BareMetalException>(() => Cast(TimeSpan.FromDays(1), "time")).SqlState);
        Assert.Equal(SqlStates.DatetimeOverflow, Assert.Throws<BareMetalException>(() => Cast(TimeSpan.FromTicks(-1), "time")).SqlState);

        // The session's zone is Europe/Berlin: in summer two hours ahead of UTC.
        Assert.Equal("2024-07-01 10:00:00+00", Cast(new DateTime(2024, 7, 1, 12, 0, 0), "timestamptz"));
        Assert.Equal("2024-01-01 11:00:00+00", Cast("2024-01-01 12:00:00", "timestamptz"));
        Assert.Equal(new DateTime(2024, 7, 1, 14, 0, 0), Cast(T("2024-07-01 12:00:00Z", "timestamptz"), "timestamp"));
    }

    [Fact]
    public void Modifiers_round_and_refuse()
    {
        Assert.Equal("1.24", Text(Cast(1.235m, "decimal(5,2)")));
        Assert.Equal("1.00", Text(Cast(1, "decimal(5,2)")));
        Assert.Equal("-1.24", Text(Cast(-1.235m, "decimal(5,2)")));
        Assert.Equal(SqlStates.NumericOutOfRange, Assert.Throws<BareMetalException>(() => Cast(999.995m, "decimal(5,2)")).SqlState);
        Assert.Equal(new DateTime(2024, 1, 1, 0, 0, 1), Cast(new DateTime(2024, 1, 1).AddMilliseconds(500), "timestamp(0)"));
        Assert.Equal("ab", Cast("ab", "char(2)"));
        Assert.True(Casts.Find(TypeNames.Parse("varchar(3)"), TypeNames.Parse("varchar(5)"))!.IsNoOp);
        Assert.False(Casts.Find(TypeNames.Parse("varchar(5)"), TypeNames.Parse("varchar(3)"))!.IsNoOp);
        Assert.True(Casts.Find(TypeNames.Parse("varchar(5)"), SqlType.Text)!.IsNoOp);
        Assert.False(Casts.Find(SqlType.Decimal, TypeNames.Parse("decimal(5,2)"))!.IsNoOp);
    }

    [Fact]
    public void Contexts_say_what_happens_by_itself()
    {
        Assert.Equal(CastContext.Implicit, Casts.Find(SqlType.Integer, SqlType.BigInt)!.Context);
        Assert.Equal(CastContext.Implicit, Casts.Find(SqlType.UInteger, SqlType.BigInt)!.Context);
        Assert.Equal(CastContext.Implicit, Casts.Find(SqlType.BigInt, SqlType.Decimal)!.Context);
        Assert.Equal(CastContext.Assignment, Casts.Find(SqlType.BigInt, SqlType.Integer)!.Context);
        Assert.Equal(CastContext.Assignment, Casts.Find(SqlType.Integer, SqlType.UInteger)!.Context);
        Assert.Equal(CastContext.Assignment, Casts.Find(SqlType.Double, SqlType.Decimal)!.Context);
        Assert.Equal(CastContext.Explicit, Casts.Find(SqlType.Text, SqlType.Integer)!.Context);
        Assert.Equal(CastContext.Assignment, Casts.Find(SqlType.Integer, SqlType.Text)!.Context);
        Assert.Equal(CastContext.Explicit, Casts.Find(SqlType.Boolean, SqlType.Integer)!.Context);
        Assert.Equal(CastContext.Implicit, Casts.Find(SqlType.Unknown, SqlType.Uuid)!.Context);
        Assert.Null(Casts.Find(SqlType.Uuid, SqlType.Integer));
        Assert.Null(Casts.Find(SqlType.Boolean, SqlType.Date));
    }

    private static string Text(object? value) => ((IFormattable)value!).ToString(null, CultureInfo.InvariantCulture);

    private static void Check(object value, string type, Func<object> expected)
    {
        object? dotnet;
        try
        {
            dotnet = expected();
        }
        catch (OverflowException)
        {
            dotnet = null;
        }

        if (dotnet is null || dotnet is float f && float.IsInfinity(f))
            Assert.Equal(SqlStates.NumericOutOfRange, Assert.Throws<BareMetalException>(() => Cast(value, type)).SqlState);
        else
            Assert.Equal(dotnet, Cast(value, type));
    }
}
