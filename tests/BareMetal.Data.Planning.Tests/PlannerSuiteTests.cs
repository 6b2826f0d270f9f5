using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Planning.Tests;

/// <summary>
/// Queries over a million rows, each with a bound on the rows that its plan reads (EXPLAIN ANALYZE), and, where one table is asked, with the number of
/// rows foreseen to a factor of four.
/// </summary>
[Collection(ShopCollection.Name)]
public sealed class PlannerSuiteTests(ShopFixture shop, ITestOutputHelper output)
{
    private const double Factor = 4;

    public static TheoryData<string, long> SingleTable => Load(PlannerSuite.SingleTable);

    public static TheoryData<string, long> SeveralTables => Load(PlannerSuite.SeveralTables);

    private static TheoryData<string, long> Load((string Sql, long Read)[] queries)
    {
        TheoryData<string, long> data = [];
        foreach ((string sql, long read) in queries)
            data.Add(sql, read);
        return data;
    }

    [Theory]
    [MemberData(nameof(SingleTable))]
    public void One_table_is_read_as_little_as_needed_and_its_rows_are_foreseen(string sql, long bound)
    {
        (string plan, long read, double expected, double actual) = shop.Analyze(sql);
        output.WriteLine($"LEDGER {read} of {bound} read, {expected} expected, {actual} came: {sql}\n{plan}");
        Assert.True(read <= bound, $"{read} rows read, {bound} allowed\n{sql}\n{plan}");
        double more = Math.Max(Math.Max(expected, actual), 1), less = Math.Max(Math.Min(expected, actual), 1);
        Assert.True(more / less <= Factor, $"{expected} rows expected, {actual} came\n{sql}\n{plan}");
    }

    [Theory]
    [MemberData(nameof(SeveralTables))]
    public void Several_tables_are_read_as_little_as_needed(string sql, long bound)
    {
        (string plan, long read, _, _) = shop.Analyze(sql);
        output.WriteLine($"LEDGER {read} of {bound} read: {sql}\n{plan}");
        Assert.True(read <= bound, $"{read} rows read, {bound} allowed\n{sql}\n{plan}");
    }

    [Fact]
    public void The_suite_has_at_least_two_hundred_queries_over_a_million_rows()
    {
        Assert.True(PlannerSuite.SingleTable.Length >= 100, $"{PlannerSuite.SingleTable.Length} over one table");
        Assert.True(PlannerSuite.SingleTable.Length + PlannerSuite.SeveralTables.Length >= 200, $"{PlannerSuite.SeveralTables.Length} over several");
        long rows = long.Parse(shop.Run("SELECT (SELECT count(*) FROM customers) + (SELECT count(*) FROM products) + (SELECT count(*) FROM orders) + (SELECT count(*) FROM lines)")[0]);
        Assert.True(rows >= 990_000, $"{rows} rows");
    }
}
