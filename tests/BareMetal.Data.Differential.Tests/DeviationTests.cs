using System.Text.RegularExpressions;
using BareMetal.Data.Differential.Grammar;
using Xunit;

namespace BareMetal.Data.Differential.Tests;

public sealed class DeviationTests
{
    /// <summary>The first cells of the table under a heading.</summary>
    private static List<string> Topics(string page, string heading)
    {
        string[] lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "docs", page));
        int at = Array.FindIndex(lines, l => l == heading);
        Assert.True(at >= 0, $"{page} has no '{heading}'.");
        List<string> topics = [];
        for (at++; at < lines.Length && !lines[at].StartsWith("## ", StringComparison.Ordinal); at++)
        {
            Match row = Regex.Match(lines[at], @"^\| (.+?) \|");
            if (row.Success && row.Groups[1].Value is not ("topic" or "---"))
                topics.Add(row.Groups[1].Value);
        }

        return topics;
    }

    [Theory]
    [InlineData("sql.md", "## Differences from PostgreSQL")]
    [InlineData("functions.md", "## Where results differ from PostgreSQL")]
    public void What_is_masked_is_documented_and_what_is_documented_is_known(string page, string heading)
    {
        string[] known = [.. Deviations.All.Where(d => d.Page == page).Select(d => d.Topic).Order(StringComparer.Ordinal)];
        Assert.Equal(Topics(page, heading).Order(StringComparer.Ordinal), known);
    }

    [Fact]
    public void Texts_for_the_two_sides_part_only_where_a_documented_difference_says_so()
    {
        HashSet<string> used = [];
        for (ulong seed = 1; seed <= 60; seed++)
        {
            foreach (Statement statement in new Generator(seed).Generate(100))
            {
                statement.Root.Visit(n =>
                {
                    foreach (Dual dual in n.Parts.OfType<Dual>())
                        used.Add(Deviations.Known(dual.Deviation));
                });
            }
        }

        Assert.Contains("null order", used);
        Assert.Equal(
            Deviations.All.Where(d => d.Handling == Handling.Rewritten && d.Topic != "aggregates with DISTINCT").Select(d => d.Topic).Order(StringComparer.Ordinal),
            used.Order(StringComparer.Ordinal));
    }
}
