using Xunit;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Trees;

/// <summary>Random commits, snapshots, checkpoints and reopenings against a sorted dictionary.</summary>
public sealed class TreeModelTests(ITestOutputHelper output)
{
    public static TheoryData<int, int, int> Configurations()
    {
        var data = new TheoryData<int, int, int>();
        foreach ((int pageSize, int frames) in new[] { (4096, 16), (4096, 24), (4096, 300), (8192, 32), (65536, 20) })
        {
            for (int seed = 1; seed <= 8; seed++)
            {
                data.Add(pageSize, frames, seed);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void A_tree_holds_what_a_sorted_dictionary_holds_at_every_open_snapshot(int pageSize, int frames, int seed)
    {
        seed = TestSeed.Of(seed);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var harness = new StoreHarness(pageSize, frames);
        const ulong tree = TreeId.FirstDynamic;
        harness.Create(tree);
        var model = new StoreHarness.Model();
        StoreHarness.Model atCheckpoint = model.Clone();
        harness.File.Take(harness.Store);
        var snapshots = new List<(Snapshot Snapshot, StoreHarness.Model Model)>();
        int maxKey = harness.Store.MaxKeyLength;
        int rounds = 60;
        for (int round = 0; round < rounds; round++)
        {
            int operations = random.Next(1, random.Next(3) == 0 ? 120 : 12);
            double deletes = random.Next(4) switch { 0 => 0.9, 1 => 0.5, _ => 0.2 };
            var changes = new SortedDictionary<byte[], byte[]?>(model.Comparer);
            for (int i = 0; i < operations; i++)
            {
                bool delete = random.NextDouble() < deletes;
                byte[] key = delete && model.Count > 0 && random.Next(5) > 0
                    ? model.Keys.ElementAt(random.Next(model.Count))
                    : StoreHarness.RandomKey(random, maxKey + 1);
                changes[key] = delete ? null : StoreHarness.RandomValue(random, pageSize);
            }
            harness.Commit(
                (batch, lsn) =>
                {
                    foreach ((byte[] key, byte[]? value) in changes)
                    {
                        if (value is null)
                        {
                            Assert.Equal(model.Remove(key), batch.Delete(lsn, new TreeId(tree), key));
                        }
                        else
                        {
                            batch.Put(lsn, new TreeId(tree), key, value);
                            model[key] = (value, lsn.Value);
                        }
                    }
                },
                random.Next(3) == 0
                    ? null
                    : batch =>
                    {
                        foreach ((byte[] key, byte[]? value) in changes)
                        {
                            if (!(value is null ? batch.PrepareDelete(new TreeId(tree), key) : batch.Prepare(new TreeId(tree), key, value)))
                            {
                                return false;
                            }
                        }
                        return true;
                    });
            switch (random.Next(12))
            {
                case 0 or 1:
                    snapshots.Add((harness.Store.AcquireSnapshot(), model.Clone()));
                    break;
                case 2 when snapshots.Count > 0:
                    int which = random.Next(snapshots.Count);
                    harness.Store.ReleaseSnapshot(snapshots[which].Snapshot);
                    snapshots.RemoveAt(which);
                    break;
                case 3:
                    harness.File.Take(harness.Store);
                    atCheckpoint = model.Clone();
                    break;
                case 4:
                    WriteBatch batch = harness.Store.BeginBatch(BatchMode.Direct);
                    foreach (byte[] key in model.Keys.Take(30))
                    {
                        batch.Delete(harness.NextLsn(), new TreeId(tree), key);
                        batch.Put(harness.NextLsn(), new TreeId(tree), [.. key.Take(3), 1, 2, 3], new byte[pageSize * 2]);
                    }
                    batch.Rollback();
                    break;
                case 5:
                    harness.Commit((b, lsn) => b.ReclaimDropped(lsn, random.Next(1, 20)));
                    break;
                case 6 when round % 3 == 0:
                    foreach ((Snapshot snapshot, _) in snapshots)
                    {
                        harness.Store.ReleaseSnapshot(snapshot);
                    }
                    snapshots.Clear();
                    harness.Reopen();
                    model = atCheckpoint.Clone();
                    break;
            }
            if (round % 5 == 0 || round == rounds - 1)
            {
                harness.Verify(tree, model, harness.Last, random);
                Assert.Empty(IntegrityChecker.Check(harness.Store));
                foreach ((Snapshot snapshot, StoreHarness.Model old) in snapshots)
                {
                    harness.Verify(tree, old, snapshot.Lsn, random);
                    Assert.Empty(IntegrityChecker.Check(harness.Store, snapshot));
                }
            }
        }
        Assert.Equal(0, harness.Store.PreparationShortfalls);
        foreach ((Snapshot snapshot, _) in snapshots)
        {
            harness.Store.ReleaseSnapshot(snapshot);
        }
    }
}
