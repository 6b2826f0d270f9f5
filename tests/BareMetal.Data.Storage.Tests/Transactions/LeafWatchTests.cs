using System.Buffers.Binary;
using BareMetal.Data.Simulation;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Transactions;

/// <summary>Joining leaves is nobody's change: it refuses no serializable transaction, whenever it comes.</summary>
public sealed class LeafWatchTests
{
    private const int Keys = 4000;
    private const int Part = 1600;

    [Theory]
    [InlineData(Durability.Full)]
    [InlineData(Durability.Normal)]
    public void A_serializable_transaction_is_not_refused_for_leaves_that_are_joined(Durability durability)
    {
        int due = 0;
        for (ulong seed = 1; seed <= 40; seed++)
        {
            SimulatedWorld world = new(seed, new SimulatedDisk());
            using StorageEngine engine = StorageEngine.Open(new StorageOptions { Provider = world.Disk.Provider, Name = "t.bmdb", Environment = world.Environment, CacheBytes = 4 << 20 });
            TreeId tree = Fill(engine);
            world.Scheduler.RunUntilIdle();
            Delete(engine, tree, 0, durability);
            due += engine.Store.HasSparse ? 1 : 0;

            // The join may have run, may have run and wait for the flush of what was committed before it, or be due.
            for (ulong steps = seed % 5; steps > 0 && world.Scheduler.Step(); steps--)
            {
            }

            using (StorageTransaction transaction = engine.Begin(TransactionIsolation.Serializable))
            {
                transaction.BeginStatement();
                int seen = 0;
                using (TreeCursor cursor = transaction.OpenCursor(tree))
                {
                    for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
                        seen++;
                }

                Assert.Equal(Keys - Part + (Part / 16), seen);
                world.Scheduler.RunUntilIdle();
                transaction.Put(tree, Key(Keys + 1), "new"u8);
                transaction.Commit(durability);
            }

            // What was put off comes with what is committed next.
            Delete(engine, tree, Part, Durability.Full);
            world.Scheduler.RunUntilIdle();
            Assert.False(engine.Store.HasSparse);
        }

        Assert.True(due > 20, $"a join was due in {due} runs");
    }

    [Fact]
    public void Leaves_wait_for_transactions_that_validate_and_for_no_others()
    {
        SimulatedWorld world = new(1, new SimulatedDisk());
        using StorageEngine engine = StorageEngine.Open(new StorageOptions { Provider = world.Disk.Provider, Name = "t.bmdb", Environment = world.Environment, CacheBytes = 4 << 20 });
        TreeId tree = Fill(engine);
        world.Scheduler.RunUntilIdle();
        StorageTransaction validating = engine.Begin(TransactionIsolation.Serializable);
        Delete(engine, tree, 0, Durability.Full);
        world.Scheduler.RunUntilIdle();
        Assert.True(engine.Store.HasSparse);
        validating.Rollback();
        validating.Dispose();
        using StorageTransaction snapshot = engine.Begin(TransactionIsolation.Snapshot);
        using StorageTransaction reading = engine.Begin(TransactionIsolation.Serializable, readOnly: true);
        Delete(engine, tree, Part, Durability.Full);
        world.Scheduler.RunUntilIdle();
        Assert.False(engine.Store.HasSparse);
    }

    private static TreeId Fill(StorageEngine engine)
    {
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        TreeId tree = transaction.CreateTree();
        for (int i = 0; i < Keys; i++)
            transaction.Put(tree, Key(i), new byte[40]);
        transaction.Commit();
        return tree;
    }

    /// <summary>Deletes all but every 16th entry of what lies behind the others, a few in each commit, so that leaves are left for a join that is due.</summary>
    private static void Delete(StorageEngine engine, TreeId tree, int from, Durability durability)
    {
        for (int i = from; i < from + Part; i += 90)
        {
            using StorageTransaction transaction = engine.Begin();
            transaction.BeginStatement();
            for (int k = i; k < Math.Min(i + 90, from + Part); k++)
            {
                if (k % 16 != 0)
                    transaction.Delete(tree, Key(k));
            }

            transaction.Commit(durability);
        }
    }

    private static byte[] Key(int i)
    {
        byte[] key = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(key, i);
        return key;
    }
}
