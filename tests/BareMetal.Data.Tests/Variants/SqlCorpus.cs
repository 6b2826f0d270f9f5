using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using BareMetal.Data.Sessions;
using BareMetal.Data.Tests.Planning;
using BareMetal.Data.Tests.Sessions;
using BareMetal.Data.Tests.Values;

namespace BareMetal.Data.Tests.Variants;

/// <summary>
/// Some hundred statements in a row: scripts in Corpus/*.sql, and queries that a seed makes. A result is the rows (in order only where the
/// statement orders them) or the SQLSTATE of the error.
/// </summary>
internal static class SqlCorpus
{
    private const string Expected = "expected.txt";
    private const int Generated = 80;

    private static readonly string[] RandomTables =
    [
        "CREATE TABLE a (id int PRIMARY KEY, x int, y int, s text)",
        "CREATE TABLE b (id int PRIMARY KEY, aid int, z int NOT NULL, s text)",
        "CREATE TABLE c (k int, n int NOT NULL, w int, t text, PRIMARY KEY (k, n))",
        "CREATE INDEX b_aid ON b (aid, z DESC)",
        "INSERT INTO a SELECT i, i % 7, CASE WHEN i % 5 = 0 THEN NULL ELSE i % 9 END, CASE WHEN i % 4 = 0 THEN NULL ELSE 's' || i END FROM generate_series(0, 24) AS g(i)",
        "INSERT INTO b SELECT i, CASE WHEN i % 9 = 0 THEN NULL ELSE i % 13 END, i % 8, 's' || (i % 6) FROM generate_series(0, 39) AS g(i)",
        "INSERT INTO c SELECT i % 8, i / 8, CASE WHEN i % 3 = 0 THEN NULL ELSE i % 10 END, CASE WHEN i % 2 = 0 THEN 's' || (i % 4) END FROM generate_series(0, 29) AS g(i)",
    ];

    /// <param name="Name">Script and number.</param>
    /// <param name="Sql">The text.</param>
    /// <param name="IsOrdered">Whether the order of its rows is given.</param>
    internal sealed record Entry(string Name, string Sql, bool IsOrdered);

    /// <summary>The scripts' statements.</summary>
    public static IReadOnlyList<Entry> Scripts { get; } = [.. ReadScripts()];

    /// <summary>The scripts' statements and those that the seed makes.</summary>
    public static IReadOnlyList<Entry> All { get; } = [.. Scripts, .. Generate()];

    /// <summary>Runs a statement; what it gave as text.</summary>
    public static string Run(Session session, Entry entry)
    {
        try
        {
            List<string> rows = [];
            long affected = -1;
            using (CommandExecution execution = session.Begin(entry.Sql))
            {
                while (execution.NextResult())
                {
                    while (execution.NextBatch())
                    {
                        for (int row = 0; row < execution.Current.Count; row++)
                            rows.Add(SessionText.Row(execution.Current, row));
                    }

                    affected = execution.RowsAffected;
                }
            }

            if (!entry.IsOrdered)
                rows.Sort(StringComparer.Ordinal);
            return $"{rows.Count} rows, {affected} affected\n{string.Join('\n', rows)}";
        }
        catch (BareMetalException e)
        {
            return $"error {e.SqlState}";
        }
    }

    /// <summary>What the scripts' statements are to give: hash and first line by name.</summary>
    public static Dictionary<string, string> ReadExpected()
    {
        Dictionary<string, string> expected = [];
        foreach (string line in Resource(Expected).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            expected[line[..space]] = line[(space + 1)..];
        }

        return expected;
    }

    /// <summary>A result in one line: its head, and a hash of all of it.</summary>
    public static string Digest(string result)
    {
        ulong hash = 14695981039346656037ul;
        foreach (char c in result)
            hash = (hash ^ c) * 1099511628211ul;
        return hash.ToString("x16", CultureInfo.InvariantCulture) + " " + result.Split('\n')[0];
    }

    public static void WriteExpected(IEnumerable<(string Name, string Result)> results, [CallerFilePath] string here = "") =>
        File.WriteAllLines(Path.Combine(Path.GetDirectoryName(here)!, "Corpus", Expected), results.Select(r => $"{r.Name} {Digest(r.Result)}"));

    private static IEnumerable<Entry> ReadScripts()
    {
        foreach (string script in new[] { "01-tables", "02-queries", "03-windows", "04-values", "05-changes" })
        {
            int number = 0;
            foreach (string line in Resource(script + ".sql").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                yield return new Entry($"{script}#{++number}", line.TrimEnd(';'), IsOrdered(line));
        }
    }

    private static IEnumerable<Entry> Generate()
    {
        int number = 0;
        foreach (string sql in RandomTables)
            yield return new Entry($"seed {RandomValues.Seed}#{++number}", sql, false);
        RandomQuery queries = new(new Random(RandomValues.Seed));
        for (int i = 0; i < Generated; i++)
        {
            (string sql, bool isOrdered) = queries.Next();
            yield return new Entry($"seed {RandomValues.Seed}#{++number}", sql, isOrdered);
        }
    }

    /// <summary>Whether ORDER BY stands outside of all parentheses.</summary>
    private static bool IsOrdered(string sql)
    {
        if (sql.Contains("WITH TIES", StringComparison.Ordinal))
            return false;
        int depth = 0;
        for (int i = 0; i < sql.Length; i++)
        {
            depth += sql[i] == '(' ? 1 : sql[i] == ')' ? -1 : 0;
            if (depth == 0 && string.CompareOrdinal(sql, i, "ORDER BY", 0, 8) == 0)
                return true;
        }

        return false;
    }

    private static string Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("corpus/" + name)
            ?? throw new InvalidOperationException($"There is no resource corpus/{name}.");
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
