using BareMetal.Data.Execution;
using BareMetal.Data.Tests.Values;
using Xunit;

namespace BareMetal.Data.Tests.Planning;

/// <summary>
/// Random queries give the same rows whatever the planner does: without rules and indexes' help as the reference, with them under
/// several batch sizes, and with so little memory that everything spills.
/// </summary>
public sealed class PlanEquivalenceTests
{
    private static readonly string[] Schema =
    [
        "CREATE TABLE a (id int PRIMARY KEY, x int, y int, s text)",
        "CREATE TABLE b (id int PRIMARY KEY, aid int, z int NOT NULL, s text)",
        "CREATE TABLE c (k int, n int NOT NULL, w int, t text, PRIMARY KEY (k, n))",
        "CREATE INDEX b_aid ON b (aid, z DESC)",
        "CREATE INDEX b_s ON b (s)",
        "CREATE INDEX a_x ON a (x) INCLUDE (y)",
        "CREATE UNIQUE INDEX a_s ON a (s) WHERE s IS NOT NULL",
        "CREATE INDEX c_w ON c (w DESC NULLS LAST, n)",
        "INSERT INTO a SELECT i, i % 7, CASE WHEN i % 5 = 0 THEN NULL ELSE i % 9 END, CASE WHEN i % 4 = 0 THEN NULL ELSE 's' || i END FROM generate_series(0, 24) AS g(i)",
        "INSERT INTO b SELECT i, CASE WHEN i % 9 = 0 THEN NULL ELSE i % 13 END, i % 8, 's' || (i % 6) FROM generate_series(0, 39) AS g(i)",
        "INSERT INTO c SELECT i % 8, i / 8, CASE WHEN i % 3 = 0 THEN NULL ELSE i % 10 END, CASE WHEN i % 2 = 0 THEN 's' || (i % 4) END FROM generate_series(0, 29) AS g(i)",
    ];

    /// <summary>The same with no index beyond the keys.</summary>
    private static SqlHarness Create(bool withIndexes)
    {
        SqlHarness harness = new();
        foreach (string sql in Schema)
        {
            if (withIndexes || !sql.Contains("INDEX", StringComparison.Ordinal))
                harness.Execute(sql);
        }

        return harness;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Rules_indexes_batch_sizes_and_memory_do_not_change_results(int part)
    {
        int seed = unchecked((RandomValues.Seed * 31) + part);
        RandomQuery queries = new(new Random(seed));
        using SqlHarness plain = Create(withIndexes: false);
        using SqlHarness indexed = Create(withIndexes: true);
        for (int i = 0; i < 30; i++)
        {
            (string sql, bool isOrdered) = queries.Next();
            string where = $"seed {seed}, query {i} (BAREMETAL_SEED={RandomValues.Seed}): {sql}";
            List<string> expected;
            try
            {
                expected = plain.Run(sql, optimize: false);
            }
            catch (BareMetalException e)
            {
                throw new InvalidOperationException(where, e);
            }

            foreach ((bool optimize, int batchSize, long memory) in new[] { (true, 1024, MemoryBudget.DefaultLimit), (false, 7, MemoryBudget.DefaultLimit), (true, 1, MemoryBudget.DefaultLimit), (true, 3, 600L) })
            {
                try
                {
                    Compare(expected, indexed.Run(sql, optimize, batchSize, memory), isOrdered, $"optimize {optimize}, batch {batchSize}, memory {memory}, {where}");
                }
                catch (Exception e) when (e is not Xunit.Sdk.XunitException)
                {
                    throw new InvalidOperationException($"optimize {optimize}, batch {batchSize}, memory {memory}, {where}", e);
                }
            }
        }
    }

    private static void Compare(List<string> expected, List<string> actual, bool isOrdered, string where)
    {
        List<string> wanted = isOrdered ? expected : [.. expected.Order(StringComparer.Ordinal)];
        List<string> have = isOrdered ? actual : [.. actual.Order(StringComparer.Ordinal)];
        Assert.True(wanted.SequenceEqual(have), $"{where}\nexpected {expected.Count}: {string.Join("; ", wanted.Take(20))}\nactual {actual.Count}: {string.Join("; ", have.Take(20))}");
    }
}
