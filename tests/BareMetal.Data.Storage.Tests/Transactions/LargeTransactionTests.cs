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
    [InlineData(TransactionIsolation.ReadCommitted)]
    [InlineData(TransactionIsolation.Snapshot)]
    [InlineData(TransactionIsolation.Serializable)]
    public void Savepoints_rewind_a_spilled_transaction(TransactionIsolation isolation)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int given) ? given : 1;
        output.WriteLine($"BAREMETAL_SEED={seed}");
        Random random = new(seed);
        IStorageProvider provider = Simulation.TestSubstrates.Make();
        Dictionary<int, int> committed = [];
        TreeId tree;
        using (StorageEngine engine = Open(provider))
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

    private static StorageEngine Open(IStorageProvider provider) => StorageEngine.Open(new StorageOptions
    {
        Provider = provider,
        Name = "test",
        Settings = new DatabaseSettings { PageSize = 4096, CacheBytes = 512 << 10, CheckpointLogBytes = 1 << 20 },
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

    private static void Delete(StorageTransaction transaction, TreeId tree, int key)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, key);
        transaction.LockKey(tree, bytes, LockMode.Exclusive);
        transaction.Delete(tree, bytes);
    }
}
