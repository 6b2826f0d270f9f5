using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Commit;
using BareMetal.Data.Storage.Log;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Log;

public sealed class LogTests
{
    private static readonly DatabaseFiles Files = new("t.bmdb");
    private static readonly Guid Database = new("11111111-2222-3333-4444-555555555555");
    private static readonly Guid Timeline = new("99999999-2222-3333-4444-555555555555");
    private static readonly LogSettings Tiny = new()
    {
        FirstExtentBytes = 16 << 10,
        LargestExtentBytes = 32 << 10,
        GroupBytes = 8 << 10,
        KeptBytes = 64 << 10,
    };

    [Fact]
    public void Checksum_is_the_published_one()
    {
        // The check value of CRC-32C for the digits 1 to 9.
        Assert.Equal(0xE3069283u, Crc32C.Append(0, "123456789"u8));
        Assert.Equal(Crc32C.Append(0, "abcdefghijklmnopq"u8), Crc32C.Append(Crc32C.Append(0, "abcdefghijk"u8), "lmnopq"u8));
    }

    [Fact]
    public void Operations_survive_the_round_trip_and_a_cut_one_asks_for_more()
    {
        byte[] buffer = new byte[2000];
        WriteOp op = new(WriteOpKind.Put, new TreeId(ulong.MaxValue), "key"u8, new byte[300]);
        int size = LogOps.Write(buffer, op);
        Assert.Equal(LogOps.Size(op), size);
        Assert.Equal(size, LogOps.Read(buffer, out WriteOp back));
        Assert.Equal(WriteOpKind.Put, back.Kind);
        Assert.Equal(ulong.MaxValue, back.Tree.Value);
        Assert.True(back.Key.SequenceEqual("key"u8));
        Assert.Equal(300, back.Value.Length);
        for (int cut = 0; cut < size; cut++)
            Assert.Equal(0, LogOps.Read(buffer.AsSpan(0, cut), out _));
        Assert.Equal(-1, LogOps.Read([77, 1, 2], out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void After_a_power_loss_the_log_ends_at_or_after_what_was_flushed(ulong firstSeed)
    {
        for (ulong seed = firstSeed * 1000; seed < (firstSeed * 1000) + 60; seed++)
        {
            SimulatedWorld world = new(seed);
            SplitMix random = new(seed);
            using Driver driver = new(world);
            int steps = random.Next(60) + 1;
            for (int i = 0; i < steps; i++)
                driver.Append(random.Next(10) == 0 ? random.Next(1700) : random.Next(200), flush: random.Chance(60));
            world.Disk.LosePower(seed);
            List<Lsn> read = driver.ReadBack();
            Assert.True(read.Count >= driver.Durable, $"seed {seed}: {read.Count} records read, {driver.Durable} were durable");
            for (int i = 0; i < read.Count; i++)
                Assert.Equal(Lsn.Create((ulong)i + 1), read[i]);
        }
    }

    [Fact]
    public void Damage_before_the_durable_end_is_corruption_and_never_a_shorter_log()
    {
        int corruptions = 0;
        for (ulong seed = 1; seed <= 60; seed++)
        {
            SimulatedWorld world = new(seed, new SimulatedDisk());
            SplitMix random = new(seed);
            using Driver driver = new(world);
            for (int i = 0; i < 80; i++)
                driver.Append(random.Next(400), flush: true);
            List<string> extents = world.Disk.Files.Where(f => Files.IsExtent(f, out _)).ToList();
            string victim = extents[0];
            world.Disk.Damage(victim, LogFormat.ExtentHeaderSize + random.Next(8000), 40, seed);
            try
            {
                // Padding may have been hit: then nothing is lost.
                Assert.Equal(80, driver.ReadBack().Count);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.Corruption)
            {
                Assert.Contains(victim, e.Message);
                corruptions++;
            }
        }

        Assert.True(corruptions > 20, $"{corruptions} corruptions");
    }

    [Fact]
    public void A_missing_foreign_or_reused_extent_is_named()
    {
        SimulatedWorld world = new(7, new SimulatedDisk());
        using Driver driver = new(world);
        for (int i = 0; i < 100; i++)
            driver.Append(500, flush: true);
        string second = Files.Extent(2);
        byte[] kept = world.Disk.ReadAll(second);
        world.Disk.Remove(second);
        StorageException missing = Assert.Throws<StorageException>(() => driver.ReadBack());
        Assert.Equal(StorageErrorCode.LogMissing, missing.Code);
        Assert.Contains(second, missing.Message);
        world.Disk.WriteAll(second, kept);
        Assert.Equal(100, driver.ReadBack().Count);

        string first = Files.Extent(1);
        Assert.Equal(
            StorageErrorCode.ForeignTimeline,
            Assert.Throws<StorageException>(() => driver.ReadBack(timeline: Guid.NewGuid())).Code);
        Assert.Equal(
            StorageErrorCode.LogMissing,
            Assert.Throws<StorageException>(() => driver.ReadBack(database: Guid.NewGuid())).Code);
        world.Disk.Remove(first);
        Assert.Equal(StorageErrorCode.LogMissing, Assert.Throws<StorageException>(() => driver.ReadBack()).Code);
    }

    [Fact]
    public void Extents_are_used_again_with_another_epoch_and_old_content_never_reads_as_new()
    {
        for (ulong seed = 1; seed <= 30; seed++)
        {
            SimulatedWorld world = new(seed);
            SplitMix random = new(seed);
            using Driver driver = new(world);
            for (int round = 0; round < 12; round++)
            {
                for (int i = 0; i < 25; i++)
                    driver.Append(random.Next(600), flush: true);
                driver.RecycleUpToDurable();
            }

            Assert.True(world.Disk.Count(DiskOperation.Rename) > 4);
            driver.Append(10, flush: false);
            world.Disk.LosePower(seed);
            List<Lsn> read = driver.ReadBack();
            Assert.True((int)read[^1].Sequence >= driver.Durable, $"seed {seed}: read up to {read[^1]}, durable {driver.Durable}");
        }
    }

    [Fact]
    public void The_limit_refuses_what_takes_space_and_the_reserve_serves_what_frees_it()
    {
        SimulatedWorld world = new(3, new SimulatedDisk());
        using Driver driver = new(world, Tiny with { MaxLogBytes = 64 << 10 });
        driver.Writer.Extents.FillReserve();
        StorageException full = Assert.Throws<StorageException>(() =>
        {
            for (int i = 0; i < 1000; i++)
                driver.Append(1000, flush: true);
        });
        Assert.Equal(StorageErrorCode.DiskFull, full.Code);
        int before = driver.Durable;
        driver.MayUseReserve = true;
        driver.Append(1000, flush: true);
        Assert.True(driver.Writer.Extents.InEmergency);
        Assert.Equal(before + 1, driver.Durable);
        driver.RecycleUpToDurable();
        Assert.False(driver.Writer.Extents.InEmergency);
    }

    private sealed class Driver : IDisposable
    {
        private readonly SimulatedWorld _world;
        private readonly Lock _gate = new();
        private LogPoint _start;
        private int _appended;

        public Driver(SimulatedWorld world, LogSettings? settings = null)
        {
            _world = world;
            LogExtents extents = new(world.Disk.Provider, Files, world.Environment, settings ?? Tiny);
            Writer = LogWriter.Begin(
                extents, world.Environment, settings ?? Tiny, Database, Timeline, 1, Lsn.Zero, FlushSite.CreatedLogDirectory);
            Writer.WriteOut(FlushSite.CreatedLog);
            _start = Writer.DurablePoint;
        }

        public LogWriter Writer { get; }

        public bool MayUseReserve { get; set; }

        public int Durable { get; private set; }

        public void Append(int payload, bool flush)
        {
            payload += LogFormat.CommitHeaderSize;
            while (true)
            {
                LogRoom room = Writer.TryReserve(payload);
                if (room == LogRoom.Ready)
                    break;
                if (room == LogRoom.NeedExtent)
                    Writer.PrepareExtent(MayUseReserve, _gate);
                else
                    WriteGroups(flush: false);
            }

            Lsn lsn = Lsn.Create((ulong)++_appended);
            Span<byte> bytes = Writer.BeginRecord(payload);
            bytes.Fill((byte)_appended);
            new LogCommit(lsn, 0, 0, 0).Write(bytes);
            Writer.EndRecord(LogRecordKind.Commit, payload, lsn);
            if (flush)
                WriteGroups(flush: true);
        }

        public void RecycleUpToDurable()
        {
            _start = Writer.DurablePoint;
            Writer.Extents.Recycle(_start.Position.Extent);
        }

        public List<Lsn> ReadBack(Guid? database = null, Guid? timeline = null)
        {
            using LogReader reader = new(_world.Disk.Provider, Files, database ?? Database, timeline ?? Timeline);
            reader.Open(_start);
            List<Lsn> lsns = [];
            while (reader.NextGroup())
            {
                LogRecords records = new(reader.Records);
                while (records.Next())
                {
                    if (records.Kind == LogRecordKind.Commit)
                        lsns.Add(LogCommit.Read(records.Payload).Lsn);
                }
            }

            reader.VerifyEnd();
            return lsns;
        }

        public void Dispose() => Writer.Dispose();

        private void WriteGroups(bool flush)
        {
            List<LogGroup> groups = [];
            Writer.TakeGroups(groups);
            foreach (LogGroup group in groups)
                Writer.Write(group);
            Writer.ReleaseGroups(groups);
            if (!flush)
                return;
            Writer.Flush(FlushSite.LogGroup);
            Durable = _appended;
        }
    }
}
