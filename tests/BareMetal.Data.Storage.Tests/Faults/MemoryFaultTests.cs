using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Recovery;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Faults;

/// <summary>
/// Memory and space for what does not fit in it run out, at every number of allocations and every limit until a run ends clean: the error is typed, the
/// statement is undone, transaction and database go on.
/// </summary>
public sealed class MemoryFaultTests(ITestOutputHelper output)
{
    private const string Name = "m.bmdb";
    private TreeId _tree;

    [Fact]
    public void Any_allocation_of_page_memory_may_fail_once()
    {
        ulong seed = (ulong)TestSeed.Of(1);
        int number = 1, said = 0;
        for (; ; number++)
        {
            int allocations = 0;
            FaultRun run = new(seed, f => f.FailAllocation = _ => ++allocations == number);
            run.Run();
            if (allocations < number)
            {
                Assert.Empty(run.Errors);
                break;
            }

            Assert.False(run.Stopped, $"allocation {number}: {string.Join('\n', run.Errors)}");
            Assert.All(run.Errors, e => Assert.Contains(nameof(StorageErrorCode.OutOfMemory), e));
            said += run.Errors.Count > 0 ? 1 : 0; // or another attempt, or the buffers that were there, did
        }

        output.WriteLine($"{number - 1} allocations failed, {said} were said, and each run went on");
        Assert.True(number > 8 && said > 4);
    }

    [Fact]
    public void When_the_system_gives_no_more_memory_the_buffers_that_are_there_serve()
    {
        bool refuse = false;
        using StorageEngine engine = Open(new SimulatedDisk(), FaultRun.Settings with { CacheBytes = 12 << 20, CheckpointDirtyBytes = 64 << 20 }, f => f.FailAllocation = _ => refuse);
        FaultModel model = MakeTree(engine);
        refuse = true;
        for (int i = 0; i < 12; i++)
        {
            model = Put(engine, model, i * 60, 60, 3900); // in the end more than the first slab of buffers holds
            engine.Checkpoint();
        }

        Compare(engine, model);
        refuse = false;
        model = Put(engine, model, 0, 300, 3900);
        Compare(engine, model);
    }

    [Fact]
    public void When_every_buffer_is_pinned_readers_and_writers_are_told_and_go_on_afterwards()
    {
        using StorageEngine engine = Open(new SimulatedDisk(), FaultRun.Settings with { CacheBytes = 24 * 4096, FrameTimeout = TimeSpan.FromMilliseconds(20) });
        FaultModel model = Put(engine, MakeTree(engine), 0, 200, 900);
        engine.Checkpoint();
        using StorageTransaction holder = engine.Begin(readOnly: true);
        holder.BeginStatement();
        List<TreeCursor> cursors = [];
        StorageException? error = null;
        for (int key = 0; key < 200 && error is null; key++)
        {
            TreeCursor cursor = holder.OpenCursor(_tree);
            cursors.Add(cursor);
            try
            {
                Assert.True(cursor.Seek(FaultModel.Key(key), SeekMode.Equal));
                Assert.True(cursor.Value.SequenceEqual(FaultModel.Value(key, model.Rows[key].Length)));
            }
            catch (StorageException e)
            {
                error = e;
            }
        }

        Assert.NotNull(error);
        Assert.Equal(StorageErrorCode.OutOfMemory, error.Code);
        Assert.Contains("Cache Size", error.Message);
        int failed = 0;
        for (int i = 0; i < 4; i++)
        {
            // Writers too, and nothing of what they tried is left.
            using StorageTransaction writer = engine.Begin();
            writer.BeginStatement();
            try
            {
                writer.Put(_tree, FaultModel.Key(1000 + i), FaultModel.Value(1, 3000));
                writer.Commit();
                model = model.Put(1000 + i, 1, 3000);
            }
            catch (StorageException e)
            {
                Assert.Equal(StorageErrorCode.OutOfMemory, e.Code);
                failed++;
            }
        }

        Assert.Null(engine.Database.Pipeline.Failure);
        Assert.True(failed > 0);
        foreach (TreeCursor cursor in cursors)
            cursor.Dispose();
        model = Put(engine, model, 50, 20, 900);
        Compare(engine, model);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_write_set_beyond_the_limit_fails_its_statement_and_no_more(bool wide)
    {
        int refused = 0, atCommit = 0;
        for (int pages = 0; ; pages += pages < 12 ? 1 : 9)
        {
            using StorageEngine engine = Open(
                new SimulatedDisk(), FaultRun.Settings with { CacheBytes = 24 * 4096, SpillLimitBytes = pages * 4096L, AutomaticCheckpoints = false });
            FaultModel model = Put(engine, MakeTree(engine), 0, 20, 300);
            engine.Checkpoint();
            using StorageTransaction transaction = engine.Begin();
            transaction.BeginStatement();
            FaultModel small = Write(transaction, model, 10, 8, 100);
            Savepoint savepoint = transaction.CreateSavepoint();
            transaction.BeginStatement();
            FaultModel large = small;
            StorageException? error = null;
            try
            {
                large = wide ? Write(transaction, small, 100, 12, 14_000) : Write(transaction, small, 0, 150, 1200);
            }
            catch (StorageException e)
            {
                error = e;
                Assert.True(e.Code == StorageErrorCode.DiskFull, e.ToString());
                Assert.Contains("-spill", e.Message);
                transaction.RollbackStatement();
                refused++;
            }

            FaultModel expected = error is null ? large : small;
            Assert.Null(expected.Difference(transaction, _tree));
            bool committed = false;
            try
            {
                transaction.Commit();
                committed = true;
            }
            catch (StorageException e)
            {
                Assert.True(e.Code is StorageErrorCode.DiskFull or StorageErrorCode.OutOfMemory, e.ToString());
                atCommit++;
            }

            Assert.Null(engine.Database.Pipeline.Failure);
            model = committed ? expected : model;
            Compare(engine, model);
            model = Put(engine, model, 3, 5, 200);
            Compare(engine, model);
            if (error is null && committed)
                break;
            Assert.True(pages < 2000, "no limit was enough");
        }

        output.WriteLine($"{refused} statements and {atCommit} commits were refused");
        Assert.True(refused > 5);
    }

    private FaultModel MakeTree(StorageEngine engine)
    {
        using StorageTransaction transaction = engine.Begin();
        _tree = transaction.CreateTree();
        transaction.Commit();
        return FaultModel.Empty;
    }

    private FaultModel Put(StorageEngine engine, FaultModel model, int from, int count, int length)
    {
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        FaultModel next = Write(transaction, model, from, count, length);
        transaction.Commit();
        return next;
    }

    private FaultModel Write(StorageTransaction transaction, FaultModel model, int from, int count, int length)
    {
        for (int key = from; key < from + count; key++)
        {
            int version = model.Rows.TryGetValue(key, out (int Version, int) old) ? old.Version + 1 : key;
            transaction.Put(_tree, FaultModel.Key(key), FaultModel.Value(version, length));
            model = model.Put(key, version, length);
        }

        return model;
    }

    private void Compare(StorageEngine engine, FaultModel model)
    {
        using StorageTransaction transaction = engine.Begin(readOnly: true);
        Assert.Null(model.Difference(transaction, _tree));
    }

    private static StorageEngine Open(SimulatedDisk disk, DatabaseSettings settings, Action<EngineFaults>? configure = null)
    {
        EngineFaults faults = new();
        configure?.Invoke(faults);
        return StorageEngine.Open(new StorageOptions
        {
            Provider = disk.Provider,
            Name = Name,
            Environment = new SimulatedWorld(1, disk, faults).Environment,
            Settings = settings,
        });
    }
}
