using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Tests.Recovery;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Substrate;

/// <summary>The crash runs over mirrors, whose two disks lose their power at one time and each something else, and over encryption.</summary>
public sealed class SubstrateCrashTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(TestSubstrate.Mirrored)]
    [InlineData(TestSubstrate.Encrypted)]
    [InlineData(TestSubstrate.EncryptedMirror)]
    public void Whatever_was_acknowledged_survives_a_crash_at_any_operation_over(TestSubstrate substrate)
    {
        int points = 0, recoveryPoints = 0, agreements = 0;
        ulong seed = (ulong)TestSeed.Of(7000 + (int)substrate);
        int wanted = TestSeed.Scaled(600);
        while (points < wanted)
        {
            CrashRun run = new(seed++, substrate: substrate);
            run.Run(steps: 60);
            points += run.Points;
            recoveryPoints += run.RecoveryPoints;
            agreements += run.Agreements;
        }

        output.WriteLine(
            $"{substrate}: {points} crash points, {recoveryPoints} of them also during recovery, {agreements} comparisons of the sides, seeds up to {seed - 1}");
        Assert.True(recoveryPoints > 0);
        Assert.Equal(TestSubstrates.IsMirrored(substrate), agreements > 0);
    }
}
