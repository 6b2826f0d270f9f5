using System.Buffers.Binary;
using BareMetal.Data.Storage.Recovery;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Transactions;

/// <summary>Transactions whose changes do not fit in memory: savepoints, rollback in any depth, reading what was changed, against a model.</summary>
public sealed class LargeTransactionTests(ITestOutputHelper output)
{
    private const int Keys = 6_000;

    [Theory]
    [InlineData(TransactionIsolation.ReadCommitted, 64)]
    [InlineData(TransactionIsolation.ReadCommitted, 500)]
    [InlineData(TransactionIsolation.ReadCommitted, 1_000_000)]
    [InlineData(TransactionIsolation.Snapshot, 150)]
    [InlineData(TransactionIsolation.Serializable, 1)]
    public void Savepoints_rewind_a_spilled_transaction(TransactionIsolation isolation, int undoInterval)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int given) ? given : 1;
        output.WriteLine($"BAREMETAL_SEED={seed}");
        Random random = new(seed);
        IStorageProvider provider = Simulation.TestSubstrates.Make();
        Dictionary<int, int> committed = [];
        TreeId tree;
        using (StorageEngine engine = Open(provider, undoInterval))
        {
            using (StorageTransaction setup = engine.Begin())
            {
                setup.BeginStatement();
                tree = setup.CreateTree();
                for (int key = 0; key < Keys; key += 3)
                {
                    Put(setup, tree, key, -1);
                    committed[key] = -1;
                }

                setup.Commit();
            }

            long spilled = 0;
            for (int round = 0; round < 3; round++)
            {
                using StorageTransaction transaction = engine.Begin(isolation);
                Dictionary<int, int> model = new(committed);
                Stack<(Savepoint Point, Dictionary<int, int> Model)> points = new();
                for (int step = 0; step < 40; step++)
                {
                    switch (random.Next(10))
                    {
                        case < 2:
                            points.Push((transaction.CreateSavepoint(), new(model)));
                            break;
                        case 2 when points.Count > 0:
                            // To one of any depth: those within it go.
                            for (int n = random.Next(points.Count); n > 0; n--)
                                points.Pop();
                            transaction.RollbackTo(points.Peek().Point);
                            model = new(points.Peek().Model);
                            break;
                        case 3 when points.Count > 0:
                            transaction.Release(points.Pop().Point);
                            break;
                        case 4:
                            // A statement that fails.
                            transaction.BeginStatement();
                            for (int i = 0; i < 200; i++)
                                Put(transaction, tree, random.Next(Keys), 999_999);
                            transaction.RollbackStatement();
                            break;
                        default:
                            transaction.BeginStatement();
                            int from = random.Next(Keys);
                            for (int i = 0; i < 400; i++)
                            {
                                int key = (from + (i * 7)) % Keys;
                                if (random.Next(4) == 0)
                                {
                                    Delete(transaction, tree, key);
                                    model.Remove(key);
                                }
                                else
                                {
                                    Put(transaction, tree, key, step);
                                    model[key] = step;
                                }
                            }

                            break;
                    }

                    if (step % 8 == 0)
                    {
                        transaction.BeginStatement();
                        Check(transaction, tree, model);
                    }

                    spilled = Math.Max(spilled, engine.Store.SpilledBytes);
                }

                transaction.BeginStatement();
                Check(transaction, tree, model);
                if (round == 1)
                {
                    transaction.Rollback();
                    continue;
                }

                transaction.Commit();
                committed = model;
            }

            Assert.True(spilled > 1 << 20, $"Only {spilled} bytes were spilled.");
        }

        using StorageEngine again = Open(provider);
        using StorageTransaction reader = again.Begin();
        Check(reader, tree, committed);
    }

    [Theory]
    [InlineData(100, 100_000)]
    [InlineData(70_000, 50_000)]
    public void A_statement_that_is_undone_costs_little_however_much_it_wrote(int before, int count)
    {
        IStorageProvider provider = Simulation.TestSubstrates.Make();
        using StorageEngine engine = Open(provider, new DatabaseSettings().UndoInterval, cache: 8 << 20);
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        TreeId tree = transaction.CreateTree();
        Dictionary<int, int> model = [];
        for (int i = 0; i < before; i++)
        {
            transaction.BeginStatement();
            Write(transaction, tree, i * 7, i);
            model[i * 7] = i;
        }

        for (int round = 0; round < 2; round++)
        {
            long singly = transaction.Overlay!.UndoneSingly;
            transaction.BeginStatement();
            for (int i = 0; i < count; i++)
            {
                if (i % 5 == 0)
                    transaction.Delete(tree, Key(i * 3));
                else
                    Write(transaction, tree, i * 3, -i);
            }

            Assert.True(transaction.Overlay!.HasMarks);
            transaction.RollbackStatement();
            Assert.InRange(transaction.Overlay!.UndoneSingly - singly, 0, engine.UndoInterval + 1);
            Assert.False(transaction.Overlay!.HasMarks);
            transaction.BeginStatement();
            Check(transaction, tree, model);
        }

        // The same by a savepoint, with small statements and large ones after it; an inner one of them goes too.
        Savepoint outer = transaction.CreateSavepoint();
        for (int i = 0; i < count; i++)
        {
            if (i % 3 < 2)
                transaction.BeginStatement();
            Write(transaction, tree, i * 2, -i);
            if (i == count / 2)
                transaction.CreateSavepoint();
        }

        long undone = transaction.Overlay!.UndoneSingly;
        transaction.RollbackTo(outer);
        Assert.InRange(transaction.Overlay!.UndoneSingly - undone, 0, engine.UndoInterval + 1);
        transaction.BeginStatement();
        Check(transaction, tree, model);
        transaction.Commit();
        using StorageTransaction reader = engine.Begin();
        Check(reader, tree, model);
    }

    [Fact]
    public void A_mark_ends_with_what_it_is_for()
    {
        IStorageProvider provider = Simulation.TestSubstrates.Make();
        using StorageEngine engine = Open(provider, 50);
        using StorageTransaction transaction = engine.Begin();
        transaction.BeginStatement();
        TreeId tree = transaction.CreateTree();
        Fill(1);
        Assert.False(transaction.Overlay!.HasMarks); // nothing is before it
        long pages = transaction.Overlay!.Tree.PageCount;
        transaction.BeginStatement();
        Fill(2);
        Assert.True(transaction.Overlay!.HasMarks);
        Savepoint point = transaction.CreateSavepoint();
        transaction.BeginStatement();
        Assert.False(transaction.Overlay!.HasMarks); // the statement has ended before the savepoint
        Fill(3);
        transaction.BeginStatement();
        Assert.True(transaction.Overlay!.HasMarks); // for the savepoint
        transaction.Release(point);
        InnerStatements inner = transaction.EnterInner();
        transaction.BeginStatement();
        transaction.LeaveInner(inner);
        Assert.True(transaction.Overlay!.HasMarks); // who runs within another gives up nothing
        transaction.BeginStatement();
        Assert.False(transaction.Overlay!.HasMarks);
        Assert.True(pages > 10);

        void Fill(int value)
        {
            for (int i = 0; i < 300; i++)
                Write(transaction, tree, i, value);
        }
    }

    [Fact]
    public void Changes_of_a_dropped_tree_are_not_undone_one_by_one_nor_committed()
    {
        IStorageProvider provider = Simulation.TestSubstrates.Make();
        using StorageEngine engine = Open(provider, 50);
        TreeId kept, dropped, late;
        using (StorageTransaction transaction = engine.Begin())
        {
            transaction.BeginStatement();
            TreeId first = transaction.CreateTree();
            kept = transaction.CreateTree();
            dropped = transaction.CreateTree();
            late = transaction.CreateTree();
            foreach (TreeId tree in new[] { first, kept, dropped, late })
            {
                for (int i = 0; i < 100; i++)
                    Write(transaction, tree, i, i);
            }

            Savepoint point = transaction.CreateSavepoint();
            transaction.BeginStatement();
            int version = transaction.Overlay!.Version;
            transaction.DropTree(kept);
            Assert.Equal(version, transaction.Overlay!.Version);
            transaction.RollbackTo(point);
            transaction.BeginStatement();
            transaction.DropTree(first);
            transaction.DropTree(dropped);
            transaction.Commit();
        }

        using StorageTransaction reader = engine.Begin();
        Dictionary<int, int> all = Enumerable.Range(0, 100).ToDictionary(i => i);
        Check(reader, kept, all);
        Check(reader, late, all);
        Assert.Throws<StorageException>(() => reader.OpenCursor(dropped));
    }

    private static StorageEngine Open(IStorageProvider provider, int undoInterval = 100, int cache = 512 << 10) => StorageEngine.Open(new StorageOptions
    {
        Provider = provider,
        Name = "test",
        Settings = new DatabaseSettings { PageSize = 4096, CacheBytes = cache, CheckpointLogBytes = 1 << 20, UndoInterval = undoInterval },
    });

    private static void Check(StorageTransaction transaction, TreeId tree, Dictionary<int, int> model)
    {
        int found = 0;
        using TreeCursor cursor = transaction.OpenCursor(tree);
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
        {
            Assert.Equal(model[BinaryPrimitives.ReadInt32BigEndian(cursor.Key)], BinaryPrimitives.ReadInt32LittleEndian(cursor.Value));
            found++;
        }

        Assert.Equal(model.Count, found);
    }

    private static void Put(StorageTransaction transaction, TreeId tree, int key, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, key);
        Span<byte> content = stackalloc byte[300];
        content.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(content, value);
        transaction.LockKey(tree, bytes, LockMode.Exclusive);
        transaction.Put(tree, bytes, content);
    }

    /// <summary>As <see cref="Put"/>, without a lock: for transactions that are alone.</summary>
    private static void Write(StorageTransaction transaction, TreeId tree, int key, int value)
    {
        byte[] content = new byte[40];
        BinaryPrimitives.WriteInt32LittleEndian(content, value);
        transaction.Put(tree, Key(key), content);
    }

    private static byte[] Key(int key)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, key);
        return bytes;
    }

    private static void Delete(StorageTransaction transaction, TreeId tree, int key)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, key);
        transaction.LockKey(tree, bytes, LockMode.Exclusive);
        transaction.Delete(tree, bytes);
    }
}
