using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Recovery;

public sealed class CrashTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whatever_was_acknowledged_survives_a_crash_at_any_operation(int group)
    {
        int points = 0, recoveryPoints = 0;
        long checkpoints = 0;
        ulong seed = (ulong)TestSeed.Of(group * 1000);
        while (points < 1500)
        {
            CrashRun run = new(seed++);
            run.Run(steps: 60);
            points += run.Points;
            recoveryPoints += run.RecoveryPoints;
            checkpoints += run.Checkpoints;
        }

        output.WriteLine($"{points} crash points, {recoveryPoints} of them also during recovery, {checkpoints} checkpoints, seeds up to {seed - 1}");
        Assert.True(checkpoints > 0 && recoveryPoints > 0);
    }

    [Fact]
    public void Equal_seeds_give_equal_runs_to_the_byte()
    {
        static ulong Run(ulong seed)
        {
            CrashRun run = new(seed);
            run.Run(steps: 150, crashes: false);
            return run.Trace;
        }

        Assert.Equal(Run(5), Run(5));
        Assert.NotEqual(Run(5), Run(6));
    }
}
