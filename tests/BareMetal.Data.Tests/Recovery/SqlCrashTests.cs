using System.Diagnostics;
using BareMetal.Data.Storage;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace BareMetal.Data.Tests.Recovery;

public sealed class SqlCrashTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_SQL_acknowledged_survives_a_crash_at_any_operation(int group)
    {
        ulong seed = ulong.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out ulong given) ? given : (ulong)group * 1000;
        int goal = int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_CRASH_POINTS"), out int more) ? more : 400;
        int points = 0, recoveryPoints = 0, commits = 0;
        Stopwatch time = Stopwatch.StartNew();
        while (points < goal)
        {
            // A step's length that differs from seed to seed: together they look at every operation.
            SqlCrashRun run = new(seed, everyNth: 1 + (int)(seed % 4));
            output.WriteLine($"seed {seed}");
            seed++;
            run.Run(steps: seed % 5 == 0 ? 300 : 70);
            points += run.Points;
            recoveryPoints += run.RecoveryPoints;
            commits += run.Commits;
        }

        output.WriteLine($"{points} crash points, {recoveryPoints} of them also while opening, {commits} commits, {time.Elapsed.TotalSeconds:F1} s");
        Assert.True(recoveryPoints > 0 && commits > 0);
    }

    [Fact]
    public void A_commit_that_is_not_flushed_is_found_missing()
    {
        // What the other test relies on: that it can fail.
        XunitException e = Assert.ThrowsAny<XunitException>(() =>
        {
            for (ulong seed = 1; seed < 10; seed++)
                new SqlCrashRun(seed, everyNth: 2, FlushSite.LogGroup).Run(steps: 70);
        });
        Assert.Contains("promised", e.Message, StringComparison.Ordinal);
    }
}
