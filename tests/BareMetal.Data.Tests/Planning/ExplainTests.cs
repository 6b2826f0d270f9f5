using System.Text.Json;
using BareMetal.Data.Tests.Ado;
using Xunit;

namespace BareMetal.Data.Tests.Planning;

/// <summary>EXPLAIN tells the same in text and JSON, and with ANALYZE what really happened.</summary>
public sealed class ExplainTests : AdoTestBase
{
    public ExplainTests()
    {
        Run("CREATE TABLE items (id integer PRIMARY KEY, color text NOT NULL, weight integer NOT NULL)");
        Run("INSERT INTO items SELECT i, CASE i % 10 WHEN 0 THEN 'red' ELSE 'blue' END, i % 100 FROM generate_series(1, 1000) AS g(i)");
        Run("CREATE INDEX items_weight ON items (weight)");
    }

    private JsonElement Json(string sql, params object?[] values)
    {
        string text = (string)Scalar(sql, values)!;
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement root = document.RootElement;
        Assert.Equal(JsonValueKind.Array, root.ValueKind);
        return Assert.Single(root.EnumerateArray()).Clone();
    }

    private static IEnumerable<JsonElement> Nodes(JsonElement node)
    {
        yield return node;
        if (!node.TryGetProperty("Plans", out JsonElement plans))
            yield break;
        foreach (JsonElement input in plans.EnumerateArray())
        {
            foreach (JsonElement below in Nodes(input))
                yield return below;
        }
    }

    private List<string> Lines(string sql, params object?[] values)
    {
        using BareMetalCommand command = Command(Connection, sql, values);
        using BareMetalDataReader reader = command.ExecuteReader();
        return [.. Rows(reader).Select(r => (string)r[0]!)];
    }

    [Fact]
    public void Json_is_one_document_with_a_node_for_each_line_of_text()
    {
        const string query = "SELECT i.color, count(*) FROM items AS i JOIN items AS j ON j.id = i.weight WHERE i.weight > $1 GROUP BY i.color ORDER BY 2";
        JsonElement plan = Json("EXPLAIN (FORMAT JSON) " + query, 10);
        List<JsonElement> nodes = [.. Nodes(plan.GetProperty("Plan"))];
        List<string> lines = Lines("EXPLAIN " + query, 10);
        Assert.Equal(lines.Count(l => l.Contains("(rows=", StringComparison.Ordinal)), nodes.Count);
        Assert.All(nodes, n => Assert.Contains(lines, l => l.Contains(n.GetProperty("Node Type").GetString()!, StringComparison.Ordinal)));
        Assert.All(nodes, n => Assert.True(n.GetProperty("Plan Rows").GetDouble() >= 0 && n.GetProperty("Total Cost").GetDouble() >= 0));
        Assert.All(nodes, n => Assert.False(n.TryGetProperty("Actual Rows", out _)));
        Assert.False(plan.TryGetProperty("Execution Time", out _));
    }

    [Fact]
    public void Explain_alone_runs_nothing()
    {
        Json("EXPLAIN (FORMAT JSON) DELETE FROM items");
        Lines("EXPLAIN DELETE FROM items");
        Assert.Equal(1000L, Scalar("SELECT count(*) FROM items"));
        JsonElement plan = Json("EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM items WHERE color = 'red'");
        Assert.True(plan.TryGetProperty("Execution Time", out _));
        Assert.Equal(900L, Scalar("SELECT count(*) FROM items"));
    }

    [Fact]
    public void Analyze_says_how_many_rows_came_out_and_how_many_were_read()
    {
        JsonElement byFilter = Json("EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM items WHERE color = $1", "red");
        JsonElement scan = Nodes(byFilter.GetProperty("Plan")).Single(n => n.TryGetProperty("Table", out _));
        Assert.Equal(("Table Scan", 100L, 1000L), (scan.GetProperty("Node Type").GetString(), scan.GetProperty("Actual Rows").GetInt64(), scan.GetProperty("Rows Read").GetInt64()));

        JsonElement bySeek = Json("EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM items WHERE weight = 7");
        scan = Nodes(bySeek.GetProperty("Plan")).Single(n => n.TryGetProperty("Index", out _));
        Assert.Equal((10L, 10L), (scan.GetProperty("Actual Rows").GetInt64(), scan.GetProperty("Rows Read").GetInt64()));
        Assert.Contains("actual rows=10 read=10 loops=1", string.Join('\n', Lines("EXPLAIN ANALYZE SELECT id FROM items WHERE weight = 7")), StringComparison.Ordinal);
        Assert.Contains("actual rows=1 read=1 loops=1", string.Join('\n', Lines("EXPLAIN ANALYZE SELECT color FROM items WHERE id = 7")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("EXPLAIN (FORMAT XML) SELECT 1")]
    [InlineData("EXPLAIN (COSTS) SELECT 1")]
    [InlineData("EXPLAIN (FORMAT JSON) VACUUM")]
    public void What_is_not_known_is_a_syntax_error(string sql)
        => Assert.Equal("42601", Assert.Throws<BareMetalException>(() => Scalar(sql)).SqlState);

    [Fact]
    public void A_value_that_text_must_escape_does_not_break_the_document()
    {
        JsonElement plan = Json("EXPLAIN (FORMAT JSON) SELECT id FROM items WHERE color = 'a\"b\\c' || chr(10)");
        Assert.Contains(Nodes(plan.GetProperty("Plan")), n => n.TryGetProperty("Filter", out JsonElement filter) && filter.GetString()!.Contains("a\"b\\c", StringComparison.Ordinal));
    }
}
