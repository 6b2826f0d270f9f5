using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Tests.Recovery;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Log;

/// <summary>A long run keeps using the same few extents.</summary>
public sealed class ExtentReuseTests
{
    private const int ExtentBytes = 32 << 10;
    private const string Name = "x.bmdb";

    [Fact]
    public void A_long_run_uses_its_extents_again_and_its_log_stays_bounded()
    {
        SimulatedWorld world = new(7);
        DatabaseSettings settings = CrashRun.Tiny with
        {
            CacheBytes = 2 << 20,
            CheckpointDirtyBytes = 0,
            CheckpointLogBytes = 4 * ExtentBytes,
            Log = new LogSettings { FirstExtentBytes = ExtentBytes, LargestExtentBytes = ExtentBytes, GroupBytes = 8 << 10, KeptBytes = 8 * ExtentBytes },
        };
        DatabaseFiles files = new(Name);
        HashSet<ulong> used = [];
        long renames, largest = 0;
        ulong last = 0;
        using (Database database = Database.Open(world.Disk.Provider, Name, StorageFileMode.OpenOrCreate, world.Environment, settings))
        {
            renames = world.Disk.Count(DiskOperation.Rename);
            for (int i = 0; i < 12_000; i++)
            {
                database.Pipeline.Commit(new ListRequest().Put(5, BitConverter.GetBytes(i % 500), new byte[400]), Durability.Full);
                if (i % 20 == 0)
                    world.Scheduler.RunUntilIdle();
                if (i % 100 != 0)
                    continue;
                List<ulong> extents = files.ListExtents(world.Disk.Provider);
                used.UnionWith(extents);
                largest = Math.Max(largest, extents.Count);
                last = extents[^1];
            }

            renames = world.Disk.Count(DiskOperation.Rename) - renames;
        }

        // Each of the 12,000 commits takes two sectors.
        Assert.True(last > 150, $"{last} extents were begun");
        Assert.InRange(largest, 4, 16);
        Assert.True(renames > 130, $"{renames} extents were used again");
        long made = (long)last - renames;
        Assert.True(made <= largest + 2, $"{made} extents were made, {largest} stood at most");
    }
}
