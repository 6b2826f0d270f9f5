using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Backup;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Faults;

/// <summary>What holds the log holds it up to a limit, and the log itself has one: no dead consumer and no long transaction fills a disk.</summary>
public sealed class LogLimitTests(ITestOutputHelper output)
{
    private const string Name = "l.bmdb";
    private static readonly DatabaseSettings Settings = FaultRun.Settings with { CacheBytes = 1 << 20 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_dead_consumer_is_dropped_at_its_limit_and_the_log_is_used_again(bool durable)
    {
        const long Limit = 160 << 10;
        SimulatedDisk disk = new();
        SimulatedWorld world = new(1, disk);
        Database database = Database.Open(disk.Provider, Name, StorageFileMode.CreateNew, world.Environment, Settings);
        LogFence fence = Hold(database, durable, Limit);
        long most = 0;
        for (int i = 0; i < 400; i++)
        {
            Put(database, i % 40, 1500);
            world.Scheduler.RunUntilIdle();
            most = Math.Max(most, LogBytes(disk));
        }

        Assert.True(fence.IsDropped);
        StorageException e = Assert.Throws<StorageException>(fence.ThrowIfDropped);
        Assert.Equal(StorageErrorCode.LogReleased, e.Code);
        Assert.Contains("consumer", e.Message);
        Assert.InRange(most, Limit, Limit + (10 * 32 << 10));
        Assert.Equal(40, Count(database));
        database.Close();
        output.WriteLine($"the log had {most >> 10} KiB at most with a limit of {Limit >> 10} KiB");
    }

    [Fact]
    public void A_dead_consumer_gives_way_when_the_disk_is_full()
    {
        int dropped = 0;
        for (long capacity = 640 << 10; capacity <= 1000 << 10; capacity += 37 << 10)
        {
            // A checkpoint that the full disk put off has more to write: some more space than without a consumer is needed.
            if (!Fill(capacity - (160 << 10), isHeld: false, out _, out _))
                continue;
            Assert.True(Fill(capacity, isHeld: true, out bool isDropped, out string error), $"capacity {capacity}: {error}");
            dropped += isDropped ? 1 : 0;
        }

        Assert.True(dropped > 5, $"{dropped} times the consumer stood in the way");
    }

    /// <summary>Writes forty rows again and again: but for a consumer there is space for ever.</summary>
    private static bool Fill(long capacity, bool isHeld, out bool isDropped, out string error)
    {
        SimulatedDisk disk = new() { Capacity = capacity };
        SimulatedWorld world = new(1, disk);
        using Database database = Database.Open(disk.Provider, Name, StorageFileMode.CreateNew, world.Environment, Settings);
        LogFence? fence = isHeld ? Hold(database, durable: capacity % 2 == 0, limit: 1L << 40) : null;
        isDropped = false;
        error = string.Empty;
        try
        {
            for (int i = 0; i < 700; i++)
            {
                Put(database, i % 40, 1500);
                world.Scheduler.RunUntilIdle();
            }
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull)
        {
            Assert.Null(database.Pipeline.Failure);
            error = $"{e}; {fence?.IsDropped}, checkpoints {database.Checkpoints.Completed}, {database.CheckpointFailure?.Message}, log {LogBytes(disk)}, files {string.Join(", ", disk.Files.Select(f => $"{f} {disk.ReadAll(f).Length}"))}";
            return false;
        }

        isDropped = fence?.IsDropped ?? false;
        Assert.Equal(40, Count(database));
        return true;
    }

    [Fact]
    public void At_the_limit_of_the_log_writers_are_refused_before_anything_happens_and_deletes_and_checkpoints_are_not()
    {
        SimulatedDisk disk = new();
        SimulatedWorld world = new(1, disk);
        Database database = Database.Open(
            disk.Provider, Name, StorageFileMode.CreateNew, world.Environment,
            Settings with { AutomaticCheckpoints = false, CacheBytes = 8 << 20, Log = Settings.Log with { MaxLogBytes = 160 << 10 } });
        StorageException? refused = null;
        int rows = 0;
        Lsn last = default;
        for (; refused is null && rows < 2000; rows++)
        {
            last = database.Pipeline.LastLsn;
            try
            {
                Put(database, rows, 900);
            }
            catch (StorageException e)
            {
                refused = e;
                rows--;
            }
        }

        Assert.NotNull(refused);
        Assert.Equal(StorageErrorCode.DiskFull, refused.Code);
        Assert.Contains("limit", refused.Message);
        Assert.Equal(last, database.Pipeline.LastLsn);
        Assert.Null(database.Pipeline.Failure);
        Assert.Equal(rows, Count(database));
        Assert.InRange(LogBytes(disk), 1, (160 << 10) + (32 << 10));
        for (int i = 0; i < 10; i++)
            database.Pipeline.Commit(new ListRequest().Delete(2000, FaultModel.Key(i)), Durability.Full);
        Assert.Equal(rows - 10, Count(database));
        Assert.Equal(StorageErrorCode.DiskFull, Assert.Throws<StorageException>(() => Put(database, 5000, 900)).Code);
        database.Checkpoints.Run();
        for (int i = 0; i < 50; i++)
            Put(database, 6000 + i, 900);
        Assert.Equal(rows + 40, Count(database));
        disk.LosePower(3);
        Dispose(database);
        using Database again = Database.Open(disk.Provider, Name, StorageFileMode.Open, new SimulatedWorld(2, disk).Environment, Settings);
        Assert.Equal(rows + 40, Count(again));
    }

    private static void Dispose(Database database)
    {
        try
        {
            database.Dispose();
        }
        catch (SimulatedCrashException)
        {
            // Its machine is gone.
        }
    }

    private static LogFence Hold(Database database, bool durable, long limit)
    {
        database.Pipeline.Commit(new ListRequest().Create(2000), Durability.Full);
        lock (database.Log.Extents.Gate)
        {
            return database.Log.Extents.Fences.Add(
                "dead", LogFenceKind.Consumer, durable, limit, database.Log.DurablePoint, database.Log.DurableLsn);
        }
    }

    private static void Put(Database database, int key, int length)
    {
        ListRequest request = new();
        if (database.Pipeline.LastLsn == Lsn.Zero)
            request.Create(2000);
        database.Pipeline.Commit(request.Put(2000, FaultModel.Key(key), new byte[length]), Durability.Full);
    }

    private static long LogBytes(SimulatedDisk disk)
    {
        long sum = 0;
        foreach (string file in disk.Files)
        {
            if (new DatabaseFiles(Name).IsExtent(file, out _))
                sum += disk.ReadAll(file).Length;
        }

        return sum;
    }

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
}
