using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Tests.Recovery;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace BareMetal.Data.Storage.Tests.Faults;

/// <summary>
/// The suites can fail: with one rule of the engine broken on purpose, the run that the suite makes anyway finds it, within the suite's size.
/// (Leaving out a flush, one test for each flush, is <see cref="FlushSiteTests"/>.)
/// </summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    [Fact]
    public void A_flush_that_is_skipped_is_found_by_the_crash_suite() =>
        Notice(seed => new CrashRun(seed, FlushSite.LogGroup).Run(steps: 60), "promised", "lost");

    [Fact]
    public void A_commit_acknowledged_before_its_flush_is_found_by_the_crash_suite() =>
        Notice(seed => new CrashRun(seed, faults: new EngineFaults { AcknowledgeBeforeFlush = true }).Run(steps: 60), "promised", "lost");

    [Fact]
    public void A_checksum_that_is_not_looked_at_is_found_by_the_damage_suite() =>
        Notice(
            seed =>
            {
                DamagedDatabase database = new(DamageEnd.Closed, new EngineFaults { SkipPageChecksum = true });
                DamageTests.FlipPages(database, new SplitMix(seed), factor: 1);
            },
            "bit");

    [Fact]
    public void An_image_published_early_is_found_by_the_fault_suite() =>
        Notice(seed => new FaultRun(seed, f => f.PublishImageEarly = true).Run(), "visible before its log is flushed");

    [Fact]
    public void A_page_freed_early_is_found_by_the_fault_suite() =>
        Notice(seed => new FaultRun(seed, f => f.FreePageEarly = true).Run(), "snapshot");

    private void Notice(Action<ulong> run, params string[] words)
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            try
            {
                run(seed);
            }
            catch (Exception e) when (e is XunitException or CrashRunException)
            {
                output.WriteLine($"noticed in run {seed}: {e.Message}");
                Assert.Contains(words, w => e.Message.Contains(w, StringComparison.OrdinalIgnoreCase));
                return;
            }
        }

        Assert.Fail("20 runs did not show it.");
    }
}
