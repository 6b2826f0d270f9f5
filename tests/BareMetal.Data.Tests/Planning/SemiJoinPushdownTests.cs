using Xunit;

namespace BareMetal.Data.Tests.Planning;

/// <summary>Semi and anti joins go below inner joins, to the side that they are about.</summary>
public sealed class SemiJoinPushdownTests : IDisposable
{
    private readonly SqlHarness _sql = new();

    public SemiJoinPushdownTests()
    {
        _sql.Execute("CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, total int)");
        _sql.Execute("CREATE TABLE lines (order_id int, no int, quantity int, PRIMARY KEY (order_id, no))");
        _sql.Execute("CREATE TABLE customers (id int PRIMARY KEY, name text)");
        _sql.Execute("INSERT INTO orders SELECT i, i % 50, i % 7 FROM generate_series(1, 1000) AS x(i)");
        _sql.Execute("INSERT INTO lines SELECT i / 2, i % 2, i % 13 FROM generate_series(2, 2001) AS x(i)");
        _sql.Execute("INSERT INTO customers SELECT i, 'c' || i FROM generate_series(0, 49) AS x(i)");
    }

    [Theory]
    [InlineData("SELECT c.name, o.id, l.no FROM customers c JOIN orders o ON o.customer = c.id JOIN lines l ON l.order_id = o.id WHERE o.id IN (SELECT order_id FROM lines GROUP BY order_id HAVING sum(quantity) > 22)")]
    [InlineData("SELECT c.name, o.id, l.no FROM customers c JOIN orders o ON o.customer = c.id JOIN lines l ON l.order_id = o.id WHERE NOT EXISTS (SELECT * FROM lines x WHERE x.order_id = o.id AND x.quantity < 9)")]
    public void What_is_dropped_is_dropped_before_the_join(string query)
    {
        string plan = _sql.Explain(query);
        string[] nodes = [.. plan.Split('\n').Select(l => l.TrimStart(' ', '-', '>')).Where(l => l.Contains("Join", StringComparison.Ordinal) || l.Contains("Apply", StringComparison.Ordinal) || l.StartsWith("Hash Distinct", StringComparison.Ordinal))];
        Assert.True(Array.FindIndex(nodes, IsReducing) > Array.FindIndex(nodes, n => !IsReducing(n)) && Array.Exists(nodes, IsReducing), plan);
        Assert.Equal(_sql.Run(query, false).Order(StringComparer.Ordinal), _sql.Run(query, true).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_condition_on_both_sides_stays_above_the_join()
    {
        string query = "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer WHERE EXISTS (SELECT * FROM lines l WHERE l.order_id = o.id AND l.quantity = c.id)";
        Assert.Equal(_sql.Run(query, false).Order(StringComparer.Ordinal), _sql.Run(query, true).Order(StringComparer.Ordinal));
    }

    // A semi join may also be look-ups of the distinct values of its inner side.
    private static bool IsReducing(string node) => node.Contains("Semi", StringComparison.Ordinal) || node.Contains("Anti", StringComparison.Ordinal) || node.Contains("Distinct", StringComparison.Ordinal);

    public void Dispose() => _sql.Dispose();
}
