using System.Text;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Planning.Tests;

/// <summary>A cached plan serves the values that it is good for; for others there is another, and the results are the same.</summary>
[Collection(ShopCollection.Name)]
public sealed class ParameterPlanTests(ShopFixture shop)
{
    private static (string, SqlType, Value) Text(string? value) =>
        ("p", SqlType.Text, value is null ? Value.Null(SqlTypeKind.Text) : Value.From(SqlTypeKind.Text, new ByteSlice(Encoding.UTF8.GetBytes(value))));

    private static (string, SqlType, Value) Int(int? value) => ("p", SqlType.Integer, value is { } v ? Value.From(SqlTypeKind.Integer, v) : Value.Null(SqlTypeKind.Integer));

    private static (string, SqlType, Value) Date(int year, int month, int day) => ("p", SqlType.Date, Value.From(SqlTypeKind.Date, new DateOnly(year, month, day).DayNumber));

    private void Reads(string sql, (string, SqlType, Value) value, long bound, string expected)
    {
        (string plan, long read, _, _) = shop.Analyze(sql, value);
        Assert.True(read <= bound, $"{read} rows read\n{plan}");
        Assert.Contains(expected, plan, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rare_value_and_a_common_one_have_plans_of_their_own_whichever_comes_first()
    {
        const string Sql = "SELECT * FROM orders WHERE status = @p";
        Reads(Sql, Text("lost"), 250, "using orders_status");
        Reads(Sql, Text("done"), 200_000, "Table Scan");
        Reads(Sql, Text("lost"), 250, "using orders_status");
        const string Turned = "SELECT * FROM orders o WHERE o.status = @p";
        Reads(Turned, Text("done"), 200_000, "Table Scan");
        Reads(Turned, Text("lost"), 250, "using orders_status");
        Assert.Equal(200, shop.Run(Sql, Text("lost")).Count);
        Assert.Equal(180_000, shop.Run(Sql, Text("done")).Count);
        Assert.Empty(shop.Run(Sql, Text(null)));
    }

    [Fact]
    public void A_range_that_is_narrow_seeks_and_a_wide_one_scans()
    {
        const string Sql = "SELECT * FROM orders WHERE placed >= @p";
        Reads(Sql, Date(2022, 9, 20), 1_500, "using orders_placed");
        Reads(Sql, Date(2020, 1, 2), 200_000, "Table Scan");
        Reads(Sql, Date(2022, 9, 20), 1_500, "using orders_placed");
    }

    [Fact]
    public void A_pattern_that_is_a_parameter_seeks_by_what_it_begins_with()
    {
        const string Sql = "SELECT * FROM orders WHERE code LIKE @p";
        Reads(Sql, Text("ORD-0123%"), 250, "using orders_code");
        Reads(Sql, Text("%123"), 200_000, "Table Scan");
        Reads(Sql, Text("ORD-0123%"), 250, "using orders_code");
        List<string> bySeek = shop.Run("SELECT id FROM orders WHERE code LIKE @p ORDER BY id", Text("ORD-0123%"));
        Assert.Equal(shop.Run("SELECT id FROM orders WHERE left(code, 8) = 'ORD-0123' ORDER BY id"), bySeek);
        Assert.Equal(shop.Run("SELECT count(*) FROM orders WHERE right(code, 3) = '123'"), shop.Run("SELECT count(*) FROM orders WHERE code LIKE @p", Text("%123")));
    }

    [Theory]
    [InlineData("SELECT count(*) FROM orders WHERE (@p IS NULL OR customer_id = @p)")]
    [InlineData("SELECT count(*) FROM orders WHERE customer_id = COALESCE(@p, customer_id)")]
    [InlineData("SELECT count(*) FROM orders WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = customer_id AND (@p IS NULL OR c.id = @p))")]
    public void An_optional_filter_seeks_when_it_is_given_and_goes_when_it_is_not(string sql)
    {
        Reads(sql, Int(77), 1_000, "customer_id");
        Assert.Equal("200000", shop.Run(sql, Int(null)).Single());
        Reads(sql, Int(77), 1_000, "customer_id");
        Assert.Equal("10", shop.Run(sql, Int(77)).Single());
        Assert.Equal("200000", shop.Run(sql, Int(null)).Single());
    }

    [Fact]
    public void A_limit_that_is_a_parameter_counts_as_what_it_is()
    {
        const string Sql = "SELECT * FROM orders WHERE region = 3 ORDER BY placed LIMIT @p";
        Reads(Sql, Int(5), 200, "using orders_placed");
        Assert.Equal(25_000, shop.Run(Sql, Int(100_000)).Count);
        Assert.Equal(5, shop.Run(Sql, Int(5)).Count);
    }

    [Fact]
    public void Plans_for_many_kinds_of_values_are_bounded()
    {
        const string Sql = "SELECT count(*) FROM orders WHERE placed > @p AND id < @q AND (@r IS NULL OR region = @r)";
        for (int i = 0; i < 90; i++)
        {
            (string, SqlType, Value)[] values =
            [
                Date(2020 + (i % 3), 1 + (i % 12), 1), ("q", SqlType.Integer, Value.From(SqlTypeKind.Integer, 1 << (i % 17))),
                ("r", SqlType.Integer, i % 2 == 0 ? Value.Null(SqlTypeKind.Integer) : Value.From(SqlTypeKind.Integer, i % 8)),
            ];
            shop.Run(Sql, values);
        }

        Assert.InRange(shop.Variants(Sql, [("p", SqlType.Date, default), ("q", SqlType.Integer, default), ("r", SqlType.Integer, default)]), 3, 16);
    }
}
