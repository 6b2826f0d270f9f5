using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Tests.Recovery;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Commit;

/// <summary>Back-pressure: a writer that changes more than checkpoints have written waits for one.</summary>
public sealed class CommitThrottleTests
{
    private static readonly DatabaseSettings Settings = CrashRun.Tiny with { CacheBytes = 2 << 20, CheckpointDirtyBytes = 64 << 10, CheckpointLogBytes = 64 << 20 };

    [Fact]
    public async Task An_asynchronous_commit_waits_for_a_checkpoint_without_holding_the_thread()
    {
        SynchronizationContext.SetSynchronizationContext(null); // so that continuations run where the simulation completes them
        SimulatedWorld world = new(1);
        using Database database = Database.Open(world.Disk.Provider, "t.bmdb", StorageFileMode.OpenOrCreate, world.Environment, Settings);
        FillUntilHeldBack(world, database);
        long checkpoints = database.Checkpoints.Completed;
        Lsn last = database.Pipeline.LastLsn;

        // The call comes back at once, though nothing of the simulation has gone on meanwhile.
        ValueTask<Lsn> commit = database.Pipeline.CommitAsync(Request(9999), Durability.Full, default);
        Assert.False(commit.IsCompleted);
        Assert.Equal(last, database.Pipeline.LastLsn);
        Assert.Equal(checkpoints, database.Checkpoints.Completed);
        world.Scheduler.RunUntilIdle();
        Assert.True(commit.IsCompleted);
        Assert.Equal(last.Next(), await commit);
        Assert.True(database.Checkpoints.Completed > checkpoints);
        Assert.True(database.Store.DirtyBytes < 2 * Settings.CheckpointDirtyBytes);
    }

    [Fact]
    public void A_synchronous_commit_waits_too_and_goes_on_after_the_checkpoint()
    {
        SimulatedWorld world = new(2);
        using Database database = Database.Open(world.Disk.Provider, "t.bmdb", StorageFileMode.OpenOrCreate, world.Environment, Settings);
        FillUntilHeldBack(world, database);
        long checkpoints = database.Checkpoints.Completed;
        database.Pipeline.Commit(Request(9999), Durability.Full);
        Assert.True(database.Checkpoints.Completed > checkpoints);
    }

    [Fact]
    public async Task Who_waits_when_the_database_is_closed_is_told_so()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        SimulatedWorld world = new(3);
        Database database = Database.Open(world.Disk.Provider, "t.bmdb", StorageFileMode.OpenOrCreate, world.Environment, Settings);
        FillUntilHeldBack(world, database);
        ValueTask<Lsn> commit = database.Pipeline.CommitAsync(Request(9999), Durability.Full, default);
        Assert.False(commit.IsCompleted);
        database.Pipeline.Stop(new StorageException(StorageErrorCode.IoError, "the disk went away"));
        database.Dispose();
        world.Scheduler.RunUntilIdle();
        StorageException stopped = await Assert.ThrowsAsync<StorageException>(async () => await commit);
        Assert.Equal(StorageErrorCode.Stopped, stopped.Code);
    }

    private static ListRequest Request(int key) => new ListRequest().Put(5, BitConverter.GetBytes(key), new byte[900]);

    // Nobody steps the simulation meanwhile, so that no checkpoint comes.
    private static void FillUntilHeldBack(SimulatedWorld world, Database database)
    {
        for (int i = 0; database.Store.DirtyBytes < 2 * Settings.CheckpointDirtyBytes; i++)
        {
            Assert.True(i < 2000, "The limit of changed pages was never reached.");
            database.Pipeline.Commit(Request(i), Durability.Full);
        }
    }
}
