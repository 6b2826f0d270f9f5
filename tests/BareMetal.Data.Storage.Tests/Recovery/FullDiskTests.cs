using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Recovery;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Recovery;

public sealed class FullDiskTests
{
    private const string Name = "f.bmdb";
    private static readonly DatabaseSettings Settings = CrashRun.Tiny with { CacheBytes = 1 << 20, CheckpointDirtyBytes = 0 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_full_disk_refuses_writers_and_nothing_else(bool delayedAllocation)
    {
        int filled = 0;
        for (long capacity = 70 << 10; capacity < 400 << 10; capacity += 3 << 10)
            filled += Fill(capacity, delayedAllocation, skipped: null) ? 1 : 0;
        Assert.True(filled > 30, $"{filled} runs got a database and filled the disk");
    }

    [Fact]
    public void Without_the_flush_of_new_log_extents_a_full_disk_stops_the_database()
    {
        int stopped = 0;
        for (long capacity = 70 << 10; capacity < 400 << 10; capacity += 3 << 10)
        {
            try
            {
                Fill(capacity, delayedAllocation: true, FlushSite.LogExtent);
            }
            catch (StorageException e) when (e.Code is StorageErrorCode.CommitOutcomeUnknown or StorageErrorCode.Stopped)
            {
                stopped++;
            }
        }

        Assert.True(stopped > 0);
    }

    /// <summary>Writes until the disk is full, then reads, deletes, makes space, writes on and loses power.</summary>
    /// <returns>Whether there was space for a database at all.</returns>
    private static bool Fill(long capacity, bool delayedAllocation, FlushSite? skipped)
    {
        SimulatedWorld world = new((ulong)capacity, new SimulatedDisk { Capacity = capacity, DelayedAllocation = delayedAllocation }) { SkippedSite = skipped };
        Database database;
        try
        {
            database = Database.Open(world.Disk.Provider, Name, StorageFileMode.OpenOrCreate, world.Environment, Settings);
            database.Pipeline.Commit(new ListRequest().Create(2000), Durability.Full);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull)
        {
            return false;
        }

        int written = 0;
        StorageException? full = null;
        while (full is null && written < 3000)
        {
            try
            {
                database.Pipeline.Commit(new ListRequest().Put(2000, KeyOf(written), new byte[300]), Durability.Full);
                written++;
                world.Scheduler.RunUntilIdle();
            }
            catch (StorageException e)
            {
                full = e;
            }
        }

        if (full is null)
            throw new InvalidOperationException($"3,000 rows fit on a disk of {capacity} bytes.");
        if (full.Code != StorageErrorCode.DiskFull || database.Pipeline.Failure is not null)
            throw full;

        Assert.Equal(written, Count(database));
        int deleted = 0;
        try
        {
            for (; deleted < Math.Min(5, written); deleted++)
                database.Pipeline.Commit(new ListRequest().Delete(2000, KeyOf(deleted)), Durability.Full);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull && !HadReserve(world))
        {
            // The disk was so small that there never was a reserve.
        }

        Assert.Equal(written - deleted, Count(database));
        Assert.Null(database.Pipeline.Failure);

        world.Disk.Capacity = long.MaxValue;
        database.Checkpoints.Run();
        world.Scheduler.RunUntilIdle();
        for (int i = 0; i < 20; i++)
            database.Pipeline.Commit(new ListRequest().Put(2000, KeyOf(10_000 + i), new byte[300]), Durability.Full);
        Assert.Equal(written - deleted + 20, Count(database));

        world.Disk.LosePower((ulong)capacity);
        using Database again = Database.Open(
            world.Disk.Provider, Name, StorageFileMode.Open, new SimulatedWorld(1, world.Disk).Environment, Settings);
        Assert.Equal(written - deleted + 20, Count(again));
        return true;
    }

    private static bool HadReserve(SimulatedWorld world) => world.Disk.Files.Contains(new DatabaseFiles(Name).Reserve);

    private static int Count(Database database)
    {
        Storage.Pages.Snapshot snapshot = database.Store.AcquireSnapshot();
        Storage.Trees.PageCursor cursor = database.Store.OpenCursor(new TreeId(2000), snapshot.Lsn);
        int count = 0;
        for (bool found = cursor.SeekFirst(); found; found = cursor.MoveNext())
            count++;
        database.Store.ReturnCursor(cursor);
        database.Store.ReleaseSnapshot(snapshot);
        return count;
    }

    private static byte[] KeyOf(int number) => [(byte)(number >> 16), (byte)(number >> 8), (byte)number];
}
