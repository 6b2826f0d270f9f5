using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Recovery;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Recovery;

/// <summary>Every flush of the engine is there for a reason: without it the crash suite fails.</summary>
public sealed class FlushSiteTests(ITestOutputHelper output)
{
    public static TheoryData<int> Sites
    {
        get
        {
            TheoryData<int> data = [];
            foreach (FlushSite site in Enum.GetValues<FlushSite>())
            {
                // These two have tests of their own below: they are there for full disks and for memory, not for crashes.
                // Those of fences, backups and restores are with the tests of backups.
                if (site is not (FlushSite.LogExtent or FlushSite.CheckpointPaced) && site < FlushSite.LogFences)
                    data.Add((int)site);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Sites))]
    public void Leaving_out_a_flush_is_noticed(int number)
    {
        FlushSite site = (FlushSite)number;
        int points = 0;
        for (ulong seed = 1; seed <= 60; seed++)
        {
            CrashRun run = new(seed, site);
            try
            {
                run.Run(steps: 60);
            }
            catch (CrashRunException e)
            {
                output.WriteLine($"{site}: noticed after {points + run.Points} crash points: {e.Message}");
                return;
            }

            points += run.Points;
        }

        Assert.Fail($"{points} crash points did not show that the flush {site} is missing");
    }

    [Fact]
    public void A_checkpoint_never_leaves_much_unflushed_and_the_paced_flush_is_why()
    {
        const long Limit = 64 << 10;
        Assert.InRange(MostUnflushed(null), 1, Limit);
        Assert.True(MostUnflushed(FlushSite.CheckpointPaced) > Limit);

        static long MostUnflushed(FlushSite? skipped)
        {
            SimulatedWorld world = new(1) { SkippedSite = skipped };
            using Database database = Database.Open(
                world.Disk.Provider, "p.bmdb", StorageFileMode.CreateNew, world.Environment,
                CrashRun.Tiny with { CheckpointPaceBytes = 16 << 10, AutomaticCheckpoints = false });
            ListRequest create = new ListRequest().Create(2000);
            for (int i = 0; i < 200; i++)
                create.Put(2000, [(byte)i, 1], new byte[900]);
            database.Pipeline.Commit(create, Durability.Full);
            database.Checkpoints.Run();
            return world.Disk.MostUnflushedBytes(new DatabaseFiles("p.bmdb").Checkpoint(0));
        }
    }
}
