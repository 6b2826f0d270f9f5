using System.Data;
using BareMetal.Data.Storage;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Transactions.Histories;

/// <summary>Real histories under each level, over crashes, are allowed by it; those of an engine with a broken rule are not.</summary>
/// <remarks>BAREMETAL_SEED gives the first seed, BAREMETAL_HISTORIES the number of histories for each level (scripts/histories.sh).</remarks>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private const int TransactionsEach = 1_000;

    private static int Histories => int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_HISTORIES"), out int count) ? count : 2;

    private static ulong FirstSeed => ulong.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out ulong seed) ? seed : 1;

    [Theory]
    [InlineData(IsolationLevel.ReadCommitted, false)]
    [InlineData(IsolationLevel.ReadCommitted, true)]
    [InlineData(IsolationLevel.Snapshot, false)]
    [InlineData(IsolationLevel.Snapshot, true)]
    [InlineData(IsolationLevel.Serializable, false)]
    [InlineData(IsolationLevel.Serializable, true)]
    public void Histories_are_what_the_level_allows(IsolationLevel level, bool crash)
    {
        int committed = 0, aborted = 0, crashes = 0, operations = 0;
        for (ulong seed = FirstSeed; seed < FirstSeed + (ulong)Histories; seed++)
        {
            HistoryRun run = new(level, seed);
            IReadOnlyList<string> problems = run.Run(TransactionsEach, crash);
            Assert.True(problems.Count == 0, $"BAREMETAL_SEED={seed}, {level}:\n{string.Join('\n', problems.Take(5))}");
            committed += run.Committed;
            aborted += run.Aborted;
            crashes += run.Crashes;
            operations += run.Operations;
        }

        output.WriteLine($"{level}: {Histories} histories from seed {FirstSeed}, {committed} transactions committed, {aborted} aborted, {operations} operations, {crashes} crashes");
        Assert.True(committed > TransactionsEach / 4);
        Assert.Equal(crash, crashes > 0);
    }

    [Theory]
    [InlineData(IsolationLevel.Snapshot, nameof(EngineFaults.SkipFirstUpdaterCheck), false)]
    [InlineData(IsolationLevel.ReadCommitted, nameof(EngineFaults.SkipFirstUpdaterCheck), false)]
    [InlineData(IsolationLevel.Serializable, nameof(EngineFaults.SkipSerializableValidation), false)]
    [InlineData(IsolationLevel.ReadCommitted, nameof(EngineFaults.AcknowledgeBeforeFlush), true)]
    [InlineData(IsolationLevel.Snapshot, nameof(EngineFaults.PublishImageEarly), true)]
    public void A_broken_rule_shows_in_the_history(IsolationLevel level, string rule, bool crash)
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            EngineFaults faults = new();
            typeof(EngineFaults).GetProperty(rule)!.SetValue(faults, true);
            IReadOnlyList<string> problems;
            try
            {
                problems = new HistoryRun(level, seed, faults).Run(TransactionsEach, crash);
            }
            catch (BareMetalException e) when (e.SqlState == "XX001")
            {
                continue; // recovery has found it first
            }

            if (problems.Count == 0)
                continue;
            output.WriteLine($"seed {seed}: {problems[0]}");
            return;
        }

        Assert.Fail($"Twenty histories without {rule} look right.");
    }
}
