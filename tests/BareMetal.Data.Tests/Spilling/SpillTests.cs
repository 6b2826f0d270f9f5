using BareMetal.Data.Execution;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Sessions;
using BareMetal.Data.Values;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Spilling;

/// <summary>
/// Each operator that can grow gives with little memory what it gives with much, holds no more than its budget and a constant, really writes
/// temporary files, and leaves none behind. Small by default; scripts/spill.sh runs the same with 1 M rows under 1 MB.
/// </summary>
public sealed class SpillTests(ITestOutputHelper output)
{
    private static int Rows { get; } = Number("BAREMETAL_SPILL_ROWS", 16_001);

    private static int Budget { get; } = Number("BAREMETAL_SPILL_BUDGET", 64 * 1024);

    /// <summary>
    /// What an operator may hold beyond the budget: its floor, a batch that it is given, and the buffers of the files that it writes and reads.
    /// </summary>
    internal static long Allowance(long budget, int operators)
    {
        MemoryBudget memory = new(budget);
        return operators * (memory.Floor + (192L * 1024) + (40L * memory.BlockBytes));
    }

    public static TheoryData<string> Names() => [.. SpillCase.All.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Little_memory_gives_the_same_rows(string name)
    {
        SpillCase test = SpillCase.All.Single(c => c.Name == name);
        IStorageProvider substrate = CreateSubstrate(out IDisposable? cleaner);
        using (cleaner)
        using (TestDatabase database = new(substrate))
        {
            database.Run("CREATE TABLE target (id int PRIMARY KEY, k int, t text)");
            string[] statements = test.Statements(Rows);
            if (test.Operator.Length > 0)
                AssertPlanned(database, statements, test.Operator);
            Outcome plenty = Run(database.Main, statements, test.IsOrdered, 1L << 40);
            Outcome little = Run(database.Main, statements, test.IsOrdered, Budget);
            string shown = $"{name}: {plenty.Rows} rows, peak {little.Peak / 1024} KiB of {Budget / 1024} KiB (without limit {plenty.Peak / 1024} KiB), spilled {little.Spilled / 1024} KiB, {little.Elapsed.TotalSeconds:0.0} s";
            output.WriteLine(shown);
            Assert.Equal((plenty.Rows, plenty.Checksum), (little.Rows, little.Checksum));
            Assert.True(plenty.Spilled == 0, $"{shown}: spilled without need");
            Assert.True(little.Spilled > 0, $"{shown}: nothing was spilled");

            // A widest row is held with the next one, or at the head of two runs, and in what is written.
            long allowed = Budget + Allowance(Budget, test.Operators) + (4L * test.Widest)
                + (test.ValueBytes == 0 ? 0 : 2L * (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)test.ValueBytes * (ulong)Rows));
            Assert.True(little.Peak <= allowed, $"{shown}: more than {allowed / 1024} KiB");
            Assert.Equal(0, little.Held);
            Assert.DoesNotContain(database.Substrate.List(), f => f.Contains("-spill-q", StringComparison.Ordinal));
        }
    }

    private static void AssertPlanned(TestDatabase database, string[] statements, string wanted)
    {
        foreach (string sql in statements[..^1])
            database.Run(sql);
        string plan = string.Join('\n', database.Rows("EXPLAIN " + statements[^1]));
        Assert.True(plan.Contains(wanted, StringComparison.Ordinal), $"no {wanted} in\n{plan}");
    }

    private static Outcome Run(Session session, string[] statements, bool isOrdered, long memory)
    {
        session.Run($"SET work_mem = '{memory}B'");
        foreach (string sql in statements[..^1])
            session.Run(sql);
        DateTime start = DateTime.UtcNow;
        long rows = 0;
        ulong checksum = 0;
        long peak, spilled;
        MemoryBudget budget;
        using (CommandExecution execution = session.Begin(statements[^1]))
        {
            budget = execution.Memory;
            long before = budget.SpilledBytes;
            budget.ResetPeak();
            while (execution.NextResult())
            {
                while (execution.NextBatch())
                {
                    for (int row = 0; row < execution.Current.Count; row++)
                    {
                        ulong hash = Hash(execution.Current, row);
                        checksum = isOrdered ? (checksum * 1099511628211ul) + hash : checksum + hash;
                    }

                    rows += execution.Current.Count;
                }
            }

            peak = budget.Peak;
            spilled = budget.SpilledBytes - before;
        }

        return new Outcome(rows, checksum, peak, spilled, budget.Used, DateTime.UtcNow - start);
    }

    private static ulong Hash(Batch batch, int row)
    {
        ulong hash = 14695981039346656037ul;
        foreach (char c in SessionText.Row(batch, row))
            hash = (hash ^ c) * 1099511628211ul;
        return hash ^ (hash >> 29);
    }

    /// <summary>Memory by default; files when BAREMETAL_SPILL_FOLDER names where.</summary>
    private static IStorageProvider CreateSubstrate(out IDisposable? cleaner)
    {
        cleaner = null;
        if (Environment.GetEnvironmentVariable("BAREMETAL_SPILL_FOLDER") is not { Length: > 0 } parent)
            return new MemoryStorageProvider();
        string folder = Path.Combine(parent, Guid.NewGuid().ToString("n"));
        Directory.CreateDirectory(folder);
        cleaner = new Folder(folder);
        return new LocalStorageProvider(folder);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int value) && value > 0 ? value : otherwise;

    private sealed record Outcome(long Rows, ulong Checksum, long Peak, long Spilled, long Held, TimeSpan Elapsed);

    private sealed class Folder(string path) : IDisposable
    {
        public void Dispose() => Directory.Delete(path, recursive: true);
    }
}
