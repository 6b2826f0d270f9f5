using BareMetal.Data.Differential.Compare;
using BareMetal.Data.Differential.Grammar;
using Xunit;

namespace BareMetal.Data.Differential.Tests;

public sealed class GeneratorTests
{
    [Fact]
    public void The_same_seed_gives_the_same_statements()
    {
        string[] first = [.. new Generator(7).Generate(80).Select(s => s.Root.Ours())];
        string[] second = [.. new Generator(7).Generate(80).Select(s => s.Root.Ours())];
        Assert.Equal(first, second);
        Assert.NotEqual(first, [.. new Generator(8).Generate(80).Select(s => s.Root.Ours())]);
    }

    [Fact]
    public void Every_production_is_generated()
    {
        HashSet<string> used = [];
        for (ulong seed = 1; seed <= 400 && used.Count < Productions.Count; seed++)
        {
            foreach (Statement statement in new Generator(seed).Generate(150))
                statement.Root.Visit(n => used.Add(n.Production));
            used.Remove("");
        }

        Assert.Equal([], Productions.Report().Select(p => p.Name).Where(n => !used.Contains(n)));
    }

    [Fact]
    public void Shrinking_keeps_what_matters_and_drops_the_rest()
    {
        Node part = new("comparison", Role.Expression, ["(needle = 1)"]) { Kind = Kind.Bool };
        Node other = new("comparison", Role.Expression, ["(other = 2)"]) { Kind = Kind.Bool };
        Node and = new("and", Role.Expression, ["(", other, " AND ", part, ")"]) { Kind = Kind.Bool };
        Node where = new("where", Role.Optional, [" WHERE ", and]);
        Node limit = new("limit", Role.Optional, [" LIMIT 3"]);
        Statement statement = new(new Node("select", Role.Query, ["SELECT 1 FROM t", where, limit]) { Columns = [Kind.Int4] });
        Statement small = Shrinker.Shrink(statement, s => s.Root.Ours().Contains("needle", StringComparison.Ordinal));
        Assert.Equal("SELECT 1 FROM t WHERE (needle = 1)", small.Root.Ours());
    }

    [Theory]
    [InlineData("1.50", "numeric", "1.5")]
    [InlineData("-0.00", "numeric", "0")]
    [InlineData("{1,NULL,3}", "integer[]", "{\"1\",NULL,\"3\",}")]
    [InlineData("{\"a,b\",\"NULL\",NULL,\"q\\\"\"}", "text[]", "{\"a,b\",\"NULL\",NULL,\"q\"\",}")]
    [InlineData("2024-01-02 03:04:05.500000", "timestamp", "2024-01-02 03:04:05.5")]
    [InlineData("2024-01-02 03:04:05+02", "timestamptz", "2024-01-02 01:04:05")]
    public void Values_of_PostgreSQL_get_one_spelling(string text, string type, string expected) => Assert.Equal(expected, Canonical.FromText(text, type));
}
