using BareMetal.Data.Simulation.Scripts;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Simulation.Tests;

public sealed class SqlCrashTests(ITestOutputHelper output)
{
    private const int Points = 1500;

    [Fact]
    public void What_SQL_acknowledged_survives_a_crash_at_any_operation()
    {
        ulong seed = ulong.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out ulong given) ? given : 1;
        CrashCounts counts = new();
        ulong last = Campaign.RunUntil("sql", seed, Points, new CrashOptions { Every = 2 }, counts);
        output.WriteLine($"Seeds {seed} to {last}: {counts}");
        Assert.True(counts.Points >= Points);
        string[] kinds =
        [
            "log write", "log flush", "data write", "data flush", "checkpoint write", "recovery stopped", "stops in a row: 4", "of the machine itself", "clean close",
            "SQL: commits", "SQL: asynchronous commits", "SQL: bulk inserts", "SQL: old snapshots compared", "SQL: statements refused for a lock", "SQL: went on after a crash",
            "SQL: functions defined",
        ];
        Assert.All(kinds, kind => Assert.True(counts[kind] > 0, kind));
    }

    [Fact]
    public void Equal_seeds_give_equal_runs_to_the_byte()
    {
        foreach (ulong seed in (ulong[])[2, 3, 5])
        {
            Script script = Campaign.Draw("sql", seed);
            ulong first = Campaign.Run(script, CrashOptions.None, new CrashCounts());
            Assert.Equal(first, Campaign.Run(script, CrashOptions.None, new CrashCounts()));
            Assert.Equal(first, Campaign.Run(Script.Parse(script.ToString()), new CrashOptions { Every = 40 }, new CrashCounts()));
        }
    }

    [Fact]
    public void A_missing_flush_shrinks_to_a_few_lines_that_fail_with_it_and_pass_without()
    {
        ScriptFailureException failure = Failures.WithoutFlush("sql", "LogGroup");
        output.WriteLine(failure.Message);
        string text = failure.Script!.ToString();
        Assert.InRange(Script.Parse(text).Steps.Count, 1, 8);
        Assert.Throws<ScriptFailureException>(() => Campaign.Run(Script.Parse(text), CrashOptions.None, new CrashCounts()));
        Campaign.Run(Script.Parse(text) with { SkippedFlush = null }, CrashOptions.None, new CrashCounts());
    }
}
