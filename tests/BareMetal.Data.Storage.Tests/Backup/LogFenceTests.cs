using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Backup;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Tests.Recovery;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Backup;

public sealed class LogFenceTests
{
    private static readonly DatabaseSettings Settings = CrashRun.Tiny with { AutomaticCheckpoints = false };

    [Fact]
    public void A_consumer_reads_what_was_committed_since_even_across_crashes_and_checkpoints()
    {
        for (ulong seed = 1; seed <= 25; seed++)
        {
            BackupWorkload work = new(seed);
            Lsn start = work.Last;
            List<Lsn> seen = [];
            LogConsumer consumer = Open(work);
            for (int round = 0; round < 12; round++)
            {
                work.Steps(work.Next(15));
                if (work.Chance(60))
                {
                    // What is read and not acknowledged comes again.
                    if (work.Chance(30))
                        consumer.Read((_, _) => { }, default);
                    ReadAll(consumer, seen);
                    consumer.Acknowledge();
                }

                if (work.Chance(40))
                {
                    consumer.Dispose();
                    work.Reopen(crash: work.Chance(70));
                    consumer = Open(work);
                }
            }

            ReadAll(consumer, seen);
            Assert.Equal(work.History.Select(h => h.Lsn).Where(l => l > start), seen);
            work.Database.Dispose();
        }

        static LogConsumer Open(BackupWorkload work) => LogConsumer.Open(work.Database, "feed", LogFenceKind.Consumer, isDurable: true, long.MaxValue);

        static void ReadAll(LogConsumer consumer, List<Lsn> seen) => consumer.Read(
            (kind, payload) =>
            {
                if (kind != LogRecordKind.Chunk)
                    seen.Add(kind == LogRecordKind.Commit ? LogCommit.Read(payload).Lsn : LogSequenceMark.Read(payload).Lsn);
            },
            default);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_dead_consumer_is_dropped_at_its_limit_and_told_so(bool durable)
    {
        SimulatedWorld world = new(1);
        Database database = Open(world, Settings);
        List<LogFence> dropped = [];
        database.Log.Extents.Fences.Dropped = dropped.Add;
        LogConsumer dead = LogConsumer.Open(database, "dead", LogFenceKind.Consumer, durable, 100 << 10);
        LogConsumer alive = LogConsumer.Open(database, "alive", LogFenceKind.Consumer, durable, 100 << 10);
        long most = 0;
        for (int i = 0; i < 400; i++)
        {
            Write(database, i);
            if (i % 10 == 0)
            {
                database.Checkpoints.Run();
                alive.Read((_, _) => { }, default);
                alive.Acknowledge();
            }

            most = Math.Max(most, database.Log.Extents.LiveBytes);
        }

        Assert.Equal("dead", Assert.Single(dropped).Name);
        Assert.InRange(most, 100 << 10, 300 << 10);
        StorageException error = Assert.Throws<StorageException>(() => dead.Read((_, _) => { }, default));
        Assert.Equal(StorageErrorCode.LogReleased, error.Code);
        Assert.Contains("\"dead\"", error.Message);
        Assert.Equal(StorageErrorCode.LogReleased, Assert.Throws<StorageException>(() => { lock (database.Log.Extents.Gate) database.Log.Extents.Fences.Advance(dead.Fence, dead.Fence.Position, dead.Lsn); }).Code);
        database.Close();
        if (durable)
        {
            database = Open(world, Settings);
            Assert.Equal(
                StorageErrorCode.LogReleased,
                Assert.Throws<StorageException>(() => LogConsumer.Open(database, "dead", LogFenceKind.Consumer, true, 1)).Code);
            Assert.True(LogConsumer.Remove(database, "dead"));
            LogConsumer.Open(database, "dead", LogFenceKind.Consumer, true, 100 << 10).Read((_, _) => Assert.Fail("it began anew"), default);
            database.Close();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Writers_go_on_when_only_a_consumer_stands_between_them_and_space(bool byLimit)
    {
        SimulatedWorld world = new(2);
        DatabaseSettings settings = byLimit ? Settings with { Log = Settings.Log with { MaxLogBytes = 160 << 10 } } : Settings;
        Database database = Open(world, settings);
        Write(database, 0);
        database.Checkpoints.Run();
        LogConsumer dead = LogConsumer.Open(database, "dead", LogFenceKind.Consumer, isDurable: true, long.MaxValue);
        if (!byLimit)
            world.Disk.Capacity = 600 << 10;
        for (int i = 1; i < 600; i++)
        {
            Write(database, i % 20);
            if (i % 8 == 0)
                database.Checkpoints.Run();
        }

        Assert.True(dead.Fence.IsDropped);
        Assert.Equal(StorageErrorCode.LogReleased, Assert.Throws<StorageException>(() => dead.Read((_, _) => { }, default)).Code);
        database.Close();
        Open(world, settings).Close();
    }

    [Fact]
    public void A_backup_that_holds_too_much_log_is_given_up_and_the_database_goes_on()
    {
        BackupWorkload work = new(3);
        MemoryStorageProvider store = new();
        work.Steps(20);
        using (BackupRun run = new(work.Database, new BackupOptions { Target = store, PagesPerFile = 2, MaxHeldLogBytes = 40 << 10 }, default))
        {
            StorageException error = Assert.Throws<StorageException>(() =>
            {
                while (run.Step())
                {
                    work.Steps(20);
                    work.Database.Checkpoints.Run();
                }
            });
            Assert.Equal(StorageErrorCode.LogReleased, error.Code);
        }

        Assert.Empty(StorageBackup.List(store, BackupWorkload.Name));
        work.Steps(5);
        BackupInfo next = work.Backup(store);
        work.RestoreAndCompare(work.To(store), work.StateAt(next.End), "the next");
        work.Database.Dispose();
    }

    [Fact]
    public void An_archive_that_can_not_be_written_is_dropped_at_its_limit_and_begins_anew_when_told()
    {
        BackupWorkload work = new(4);
        SimulatedDisk disk = new(512) { Capacity = 8 << 10 };
        LogArchiveOptions options = new() { Target = disk.Provider, MaxHeldLogBytes = 64 << 10, Interval = TimeSpan.FromMilliseconds(40), SegmentBytes = 4096 };
        LogArchive archive = new(work.Database, options);
        for (int i = 0; i < 40 && work.Database.Log.Extents.Fences.DroppedCount == 0; i++)
            work.Steps(20);
        Assert.Equal(1, work.Database.Log.Extents.Fences.DroppedCount);
        Assert.Equal(StorageErrorCode.LogReleased, Assert.Throws<StorageException>(() => archive.Archive(default)).Code);
        Assert.NotNull(archive.Status.Failure);
        archive.Dispose();
        Assert.Equal(StorageErrorCode.LogReleased, Assert.Throws<StorageException>(() => new LogArchive(work.Database, options)).Code);
        work.Reopen(crash: true);
        Assert.Equal(StorageErrorCode.LogReleased, Assert.Throws<StorageException>(() => new LogArchive(work.Database, options)).Code);

        // Told that a gap is all right, it begins anew; what was archived before leads nowhere, and a new backup leads on.
        disk.Capacity = long.MaxValue;
        MemoryStorageProvider store = new();
        using (archive = new LogArchive(work.Database, options with { AllowGap = true }))
        {
            work.Steps(10);
            BackupInfo backup = work.Backup(store);
            work.Steps(10);
            archive.Archive(default);
            work.RestoreAndCompare(work.To(store) with { Archive = disk.Provider, ToLsn = work.Last }, work.StateAt(Lsn.Max), "after the gap");
            Assert.True(backup.End < work.Last);
        }

        work.Database.Dispose();
    }

    [Fact]
    public void A_reader_of_the_log_tells_damage_from_an_end()
    {
        BackupWorkload work = new(6);
        LogConsumer consumer = LogConsumer.Open(work.Database, "feed", LogFenceKind.Consumer, isDurable: true, long.MaxValue);
        work.Steps(30);
        consumer.Dispose();
        work.Reopen(crash: true);
        consumer = LogConsumer.Open(work.Database, "feed", LogFenceKind.Consumer, isDurable: true, long.MaxValue);
        work.Steps(5);

        // The extent that only the consumer still needs.
        LogPoint at = consumer.Fence.Position;
        string extent = new DatabaseFiles(BackupWorkload.Name).Extent(at.Position.Extent);
        work.World.Disk.Damage(extent, at.Position.Offset + LogFormat.GroupHeaderSize + 700, 1, 5);
        StorageException error = Assert.Throws<StorageException>(() => consumer.Read((_, _) => { }, default));
        Assert.Equal(StorageErrorCode.Corruption, error.Code);
        work.Database.Dispose();
    }

    private static Database Open(SimulatedWorld world, DatabaseSettings settings) =>
        Database.Open(world.Disk.Provider, "f.bmdb", StorageFileMode.OpenOrCreate, world.Environment, settings);

    private static void Write(Database database, int number)
    {
        ListRequest request = new();
        if (number == 0 && !database.Store.TryFindTree(new TreeId(2000), database.Store.VisibleLsn, out _))
            request.Create(2000);
        database.Pipeline.Commit(request.Put(2000, [(byte)(number % 50)], new byte[900]), Durability.Full);
    }
}
