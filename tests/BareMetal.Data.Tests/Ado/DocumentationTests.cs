using System.Text.RegularExpressions;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

/// <summary>Every rule of docs/adonet.md names a test, and that test is there.</summary>
public sealed partial class DocumentationTests
{
    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "BareMetal.Data.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The solution is not above the tests.");
        return folder;
    }

    [GeneratedRegex(@"public (?:async )?(?:void|Task) (\w+)\(")]
    private static partial Regex Methods();

    [GeneratedRegex(@"`(\w+?)_?(…?)`")]
    private static partial Regex Names();

    [Fact]
    public void Every_rule_names_tests_that_exist()
    {
        string root = Root();
        HashSet<string> methods = [];
        foreach (string project in new[] { "BareMetal.Data.Tests", "BareMetal.Data.EntityFrameworkCore.Tests" })
        {
            foreach (string file in Directory.EnumerateFiles(Path.Combine(root, "tests", project), "*.cs", SearchOption.AllDirectories))
            {
                if (file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
                    continue;
                foreach (Match method in Methods().Matches(File.ReadAllText(file)))
                    methods.Add(method.Groups[1].Value);
            }
        }

        bool inTable = false;
        int rules = 0;
        List<string> problems = [];
        foreach (string line in File.ReadLines(Path.Combine(root, "docs", "adonet.md")))
        {
            if (!line.StartsWith('|'))
            {
                inTable = false;
                continue;
            }

            string[] cells = line.Replace("\\|", "", StringComparison.Ordinal).Trim('|', ' ').Split('|');
            if (cells[^1].Trim() == "test")
            {
                inTable = true;
                continue;
            }

            if (!inTable || line.StartsWith("|-", StringComparison.Ordinal))
                continue;
            rules++;
            MatchCollection names = Names().Matches(cells[^1]);
            if (names.Count == 0)
                problems.Add("no test: " + line);
            foreach (Match name in names)
            {
                string text = name.Groups[1].Value;
                if (name.Groups[2].Length > 0 ? !methods.Any(m => m.StartsWith(text, StringComparison.Ordinal)) : !methods.Contains(text))
                    problems.Add("no such test: " + name.Value);
            }
        }

        Assert.Empty(problems);
        Assert.InRange(rules, 40, 500);
    }
}
