using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Commit;
using BareMetal.Data.Storage.Log;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Commit;

public sealed class CommitPipelineTests
{
    private static readonly DatabaseFiles Files = new("t.bmdb");

    [Fact]
    public void A_lone_synchronous_commit_costs_one_flush_and_happens_in_order()
    {
        using Rig rig = new(1);
        List<string> steps = [];
        long flushes = rig.World.Disk.Count(DiskOperation.Flush);
        Lsn lsn = rig.Pipeline.Commit(
            new ListRequest
            {
                OnValidate = () => steps.Add("validate"),
                OnBeforeVisible = _ => steps.Add("before visible at " + rig.Target.Visible.Sequence),
                OnCommitted = l => steps.Add("committed " + (rig.Target.Visible == l)),
            }.Put(1, [1], [2]),
            Durability.Full);
        Assert.Equal(1, rig.World.Disk.Count(DiskOperation.Flush) - flushes);
        Assert.Equal(["validate", "before visible at 0", "committed True"], steps);
        Assert.Equal(lsn, rig.Pipeline.VisibleLsn);
        Assert.Equal(lsn, rig.Target.State[(1, "01")].Lsn);
    }

    [Fact]
    public void A_commit_that_fails_validation_or_preparation_leaves_nothing_and_hinders_nobody()
    {
        using Rig rig = new(2);
        Assert.Throws<StorageException>(() => rig.Pipeline.Commit(
            new ListRequest { OnValidate = () => throw new StorageException(StorageErrorCode.SerializationFailure, "no") }.Put(1, [1], [1]),
            Durability.Full));
        rig.Target.Failure = (_, key, preparing) => preparing && key == "07" ? new StorageException(StorageErrorCode.IoError, "bad page") : null;
        Assert.Throws<StorageException>(() => rig.Pipeline.Commit(new ListRequest().Put(1, [6], [1]).Put(1, [7], [1]), Durability.Full));
        Assert.Empty(rig.Target.State);
        Lsn lsn = rig.Pipeline.Commit(new ListRequest().Put(1, [8], [1]), Durability.Full);
        Assert.Equal(Lsn.Create(1), lsn);
    }

    [Fact]
    public void A_failure_after_the_lsn_stops_the_database_and_the_outcome_is_unknown()
    {
        using Rig rig = new(3);
        rig.Target.Failure = (_, _, preparing) => preparing ? null : new InvalidOperationException("defect");
        StorageException unknown = Assert.Throws<StorageException>(() => rig.Pipeline.Commit(new ListRequest().Put(1, [1], [1]), Durability.Full));
        Assert.Equal(StorageErrorCode.CommitOutcomeUnknown, unknown.Code);
        rig.Target.Failure = null;
        StorageException stopped = Assert.Throws<StorageException>(() => rig.Pipeline.Commit(new ListRequest().Put(1, [2], [1]), Durability.Full));
        Assert.Equal(StorageErrorCode.Stopped, stopped.Code);
        Assert.Equal(Lsn.Zero, rig.Target.Visible);
    }

    [Fact]
    public async Task After_a_failed_flush_nothing_is_acknowledged_or_flushed_again()
    {
        using Rig rig = new(4);
        rig.Pipeline.Commit(new ListRequest().Put(1, [1], [1]), Durability.Full);
        rig.World.Disk.FailAt(DiskOperation.Flush, rig.World.Disk.Count(DiskOperation.Flush) + 1, DiskFault.FlushLosesData);
        ValueTask<Lsn> first = rig.Pipeline.CommitAsync(new ListRequest().Put(1, [2], [1]), Durability.Full, default);
        ValueTask<Lsn> second = rig.Pipeline.CommitAsync(new ListRequest().Put(1, [3], [1]), Durability.Full, default);
        rig.World.Scheduler.RunUntilIdle();
        Assert.Equal(StorageErrorCode.CommitOutcomeUnknown, (await Assert.ThrowsAsync<StorageException>(async () => await first)).Code);
        Assert.Equal(StorageErrorCode.CommitOutcomeUnknown, (await Assert.ThrowsAsync<StorageException>(async () => await second)).Code);
        long flushes = rig.World.Disk.Count(DiskOperation.Flush);
        ValueTask<Lsn> third = rig.Pipeline.CommitAsync(new ListRequest().Put(1, [4], [1]), Durability.Full, default);
        Assert.Equal(StorageErrorCode.Stopped, (await Assert.ThrowsAsync<StorageException>(async () => await third)).Code);
        Assert.Equal(flushes, rig.World.Disk.Count(DiskOperation.Flush));
        Assert.Equal(Lsn.Create(1), rig.Target.Visible);
    }

    [Fact]
    public async Task Many_asynchronous_commits_share_a_flush()
    {
        using Rig rig = new(5);
        long flushes = rig.World.Disk.Count(DiskOperation.Flush);
        List<ValueTask<Lsn>> waiting = [];
        for (byte i = 0; i < 50; i++)
            waiting.Add(rig.Pipeline.CommitAsync(new ListRequest().Put(1, [i], [i]), Durability.Full, default));
        Assert.DoesNotContain(waiting, w => w.IsCompleted);
        Assert.Equal(Lsn.Zero, rig.Target.Visible);
        rig.World.Scheduler.RunUntilIdle();
        for (int i = 0; i < waiting.Count; i++)
            Assert.Equal(Lsn.Create((ulong)i + 1), await waiting[i]);
        Assert.Equal(1, rig.World.Disk.Count(DiskOperation.Flush) - flushes);
        Assert.Equal(Lsn.Create(50), rig.Target.Visible);
    }

    [Fact]
    public async Task Weaker_durability_is_acknowledged_at_once_except_behind_a_full_commit()
    {
        using Rig rig = new(6);
        ValueTask<Lsn> off = rig.Pipeline.CommitAsync(new ListRequest().Put(1, [1], [1]), Durability.Off, default);
        Assert.True(off.IsCompletedSuccessfully);
        Assert.Equal(await off, rig.Target.Visible);
        ValueTask<Lsn> full = rig.Pipeline.CommitAsync(new ListRequest().Put(1, [2], [1]), Durability.Full, default);
        ValueTask<Lsn> behind = rig.Pipeline.CommitAsync(new ListRequest().Put(1, [3], [1]), Durability.Off, default);
        Assert.False(full.IsCompleted);
        Assert.False(behind.IsCompleted);
        rig.World.Scheduler.RunUntilIdle();
        Assert.Equal(Lsn.Create(2), await full);
        Assert.Equal(Lsn.Create(3), await behind);
    }

    [Fact]
    public void Normal_durability_is_flushed_when_its_delay_is_over()
    {
        using Rig rig = new(7);
        rig.Pipeline.Commit(new ListRequest().Put(1, [1], [1]), Durability.Normal);
        rig.World.Scheduler.RunUntilIdle();
        Assert.Equal(Lsn.Zero, rig.Log.DurableLsn);
        rig.World.Clock.Advance(TimeSpan.FromSeconds(1));
        rig.World.Scheduler.RunUntilIdle();
        Assert.Equal(Lsn.Create(1), rig.Log.DurableLsn);
    }

    [Fact]
    public async Task A_cancelled_commit_never_happens_once_it_is_reported()
    {
        using Rig rig = new(8);
        using CancellationTokenSource source = new();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await rig.Pipeline.CommitAsync(new ListRequest().Put(1, [1], [1]), Durability.Full, source.Token));
        Assert.Empty(rig.Target.State);
    }

    [Fact]
    public void Large_and_unpreparable_commits_go_through_chunks_or_a_direct_batch_and_failures_there_are_their_own()
    {
        using Rig rig = new(9);
        rig.Target.Unpreparable.Add(5);
        rig.Pipeline.Commit(new ListRequest().Create(5).Put(5, [1], [1]), Durability.Full);
        ListRequest large = new();
        for (int i = 0; i < 200; i++)
            large.Put(1, [(byte)i], new byte[300 + i]);
        Lsn lsn = rig.Pipeline.Commit(large, Durability.Full);
        Assert.Equal(201, rig.Target.State.Count);
        Assert.Equal(lsn, rig.Target.State[(1, "07")].Lsn);

        rig.Target.Failure = (_, key, preparing) => !preparing && key == "C6" ? new StorageException(StorageErrorCode.DiskFull, "spill") : null;
        ListRequest failing = new();
        for (int i = 0; i < 200; i++)
            failing.Put(2, [(byte)i], new byte[300 + i]);
        Assert.Equal(StorageErrorCode.DiskFull, Assert.Throws<StorageException>(() => rig.Pipeline.Commit(failing, Durability.Full)).Code);
        Assert.Equal(201, rig.Target.State.Count);
        Assert.Equal(lsn.Next(), rig.Pipeline.Commit(new ListRequest().Put(1, [1], [1]), Durability.Full));
        Assert.Equal(rig.Log.DurablePoint.Position, rig.Pipeline.FenceFor(lsn, rig.Log.DurablePoint).Position);
        Assert.True(rig.Pipeline.FenceFor(Lsn.Create(1), rig.Log.DurablePoint).Position.CompareTo(rig.Log.DurablePoint.Position) < 0);
    }

    [Fact]
    public void Exclusive_work_sees_everything_durable_after_a_flush_of_all()
    {
        using Rig rig = new(10);
        rig.Pipeline.Commit(new ListRequest().Put(1, [1], [1]), Durability.Off);
        rig.Pipeline.LogSequence(9, 100);
        Lsn seen = Lsn.Zero;
        rig.Pipeline.RunExclusive(() => seen = rig.Pipeline.FlushAll().Lsn);
        Assert.Equal(Lsn.Create(2), seen);
        Assert.Equal(Lsn.Create(2), rig.Log.DurableLsn);
        Assert.Equal(Lsn.Create(2), rig.Target.Visible);
        rig.Pipeline.RunExclusive(() => rig.Pipeline.ApplyUnlogged(_ => { }));
        Assert.Equal(Lsn.Create(3), rig.Target.Visible);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_log_limit_refuses_writers_before_anything_happens_and_deletes_go_on(ulong seed)
    {
        using Rig rig = new(seed, new LogSettings { FirstExtentBytes = 16 << 10, LargestExtentBytes = 16 << 10, GroupBytes = 8 << 10, MaxLogBytes = 64 << 10 });
        lock (rig.Log.Extents.Gate)
            rig.Log.Extents.FillReserve();
        StorageException? full = null;
        int done = 0;
        while (full is null && done < 1000)
        {
            try
            {
                rig.Pipeline.Commit(new ListRequest().Put(1, [(byte)done, (byte)(done >> 8)], new byte[200]), Durability.Full);
                done++;
            }
            catch (StorageException e)
            {
                full = e;
            }
        }

        Assert.Equal(StorageErrorCode.DiskFull, full!.Code);
        Assert.Equal(done, rig.Target.State.Count);
        rig.Pipeline.Commit(new ListRequest().Delete(1, [0, 0]), Durability.Full);
        Assert.Equal(done - 1, rig.Target.State.Count);
        Assert.Null(rig.Pipeline.Failure);
    }

    [Fact]
    public async Task Writers_on_many_threads_all_commit_with_LSNs_of_their_own_and_see_their_commit()
    {
        MemoryStorageProvider provider = new();
        StorageEnvironment environment = StorageEnvironment.Default;
        LogSettings settings = new() { FirstExtentBytes = 64 << 10, LargestExtentBytes = 256 << 10, GroupBytes = 32 << 10 };
        LogExtents extents = new(provider, Files, environment, settings);
        LogWriter log = LogWriter.Begin(extents, environment, settings, Guid.NewGuid(), Guid.NewGuid(), 1, Lsn.Zero, FlushSite.CreatedLogDirectory);
        log.WriteOut(FlushSite.CreatedLog);
        DictionaryTarget target = new();
        using CommitPipeline pipeline = new(target, log, environment, Lsn.Zero, new TreeId(2));
        HashSet<Lsn> seen = [];
        const int PerWriter = 300;
        async Task Writer(int id, bool synchronous)
        {
            for (int i = 0; i < PerWriter; i++)
            {
                ListRequest request = new ListRequest().Put((ulong)id, BitConverter.GetBytes(i), new byte[i % 700]);
                Durability durability = i % 5 == 0 ? Durability.Off : Durability.Full;
                Lsn lsn = synchronous ? pipeline.Commit(request, durability) : await pipeline.CommitAsync(request, durability, default);
                Assert.True(pipeline.VisibleLsn >= lsn);
                lock (seen)
                    Assert.True(seen.Add(lsn));
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => Writer(i, i % 3 == 0))));
        Assert.Equal(12 * PerWriter, seen.Count);
        Assert.Equal(12 * PerWriter, target.State.Count);
        Assert.Equal(Lsn.Create(12 * PerWriter), target.Visible);
        log.Dispose();
    }

    private sealed class Rig : IDisposable
    {
        public Rig(ulong seed, LogSettings? settings = null)
        {
            World = new SimulatedWorld(seed, new SimulatedDisk { Substrate = TestSubstrate.Plain }); // it counts flushes
            settings ??= new LogSettings { FirstExtentBytes = 16 << 10, LargestExtentBytes = 32 << 10, GroupBytes = 8 << 10 };
            LogExtents extents = new(World.Disk.Provider, Files, World.Environment, settings);
            Log = LogWriter.Begin(
                extents, World.Environment, settings, Guid.NewGuid(), Guid.NewGuid(), 1, Lsn.Zero, FlushSite.CreatedLogDirectory);
            Log.WriteOut(FlushSite.CreatedLog);
            Pipeline = new CommitPipeline(Target, Log, World.Environment, Lsn.Zero, new TreeId(2));
        }

        public SimulatedWorld World { get; }

        public DictionaryTarget Target { get; } = new();

        public LogWriter Log { get; }

        public CommitPipeline Pipeline { get; }

        public void Dispose()
        {
            Pipeline.Dispose();
            Log.Dispose();
        }
    }
}
