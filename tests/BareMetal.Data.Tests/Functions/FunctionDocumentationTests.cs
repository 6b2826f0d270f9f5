using System.Text.RegularExpressions;
using BareMetal.Data.Functions;
using Xunit;

namespace BareMetal.Data.Tests.Functions;

public sealed class FunctionDocumentationTests
{
    [Fact]
    public void Every_function_is_in_the_documentation()
    {
        string page = File.ReadAllText(Path.Combine(Root(), "docs", "functions.md"));

        // A line that says "also `jsonb_…`" names the same functions for jsonb.
        string words = page + " " + Regex.Replace(string.Join(' ', page.Split('\n').Where(l => l.Contains("`jsonb_…`"))), @"\bjson_", "jsonb_");
        HashSet<string> documented = [.. Regex.Matches(words, "[a-z_0-9]+").Select(m => m.Value)];
        string[] missing = [.. FunctionRegistry.Default.Names.Distinct().Where(n => char.IsLetter(n[0]) && !documented.Contains(n))];
        Assert.True(missing.Length == 0, "Not in docs/functions.md: " + string.Join(", ", missing));
    }

    [Fact]
    public void Every_function_that_the_documentation_calls_exists()
    {
        string page = File.ReadAllText(Path.Combine(Root(), "docs", "functions.md"));
        string[] statements = ["exists", "cast", "ordinal", "varchar", "char", "decimal", "timestamp", "time", "count", "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "over", "values", "any", "all", "coalesce", "in", "lateral", "mode", "select"];
        string[] unknown =
        [
            .. Regex.Matches(page, @"`[^`\n]*`").SelectMany(code => Regex.Matches(code.Value, @"(?<![\w@.""])([a-z][a-z_0-9]+)\s?\(")).Select(m => m.Groups[1].Value).Distinct()
                .Where(n => !statements.Contains(n) && FunctionRegistry.Default.FindScalar(n).Count + FunctionRegistry.Default.FindAggregate(n).Count + FunctionRegistry.Default.FindTable(n).Count == 0),
        ];
        Assert.True(unknown.Length == 0, "In docs/functions.md, but not in the registry: " + string.Join(", ", unknown));
    }

    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "BareMetal.Data.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("The repository's root is not above the test's folder.");
    }
}
