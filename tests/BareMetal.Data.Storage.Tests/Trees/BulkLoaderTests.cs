using Xunit;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Trees;

public sealed class BulkLoaderTests(ITestOutputHelper output)
{
    private const ulong Tree = TreeId.FirstDynamic;

    [Theory]
    [InlineData(4096, 0, 1)]
    [InlineData(4096, 1, 2)]
    [InlineData(4096, 30, 3)]
    [InlineData(4096, 5000, 4)]
    [InlineData(8192, 20000, 5)]
    [InlineData(65536, 20000, 6)]
    public void A_bulk_loaded_tree_holds_its_input_and_takes_changes(int pageSize, int entries, int seed)
    {
        seed = TestSeed.Of(seed);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var harness = new StoreHarness(pageSize, 32);
        harness.Create(Tree);
        var model = new StoreHarness.Model();
        for (int i = 0; i < entries; i++)
        {
            byte[] key = i % 3 == 0 ? StoreHarness.RandomKey(random, harness.Store.MaxKeyLength + 1) : System.Text.Encoding.ASCII.GetBytes($"a long and common beginning/{i:d9}");
            model[key] = (StoreHarness.RandomValue(random, i % 100 == 0 ? pageSize : 600), 0);
        }
        harness.Commit((batch, lsn) =>
        {
            using BulkLoader loader = batch.BeginBulkLoad(lsn, new TreeId(Tree));
            foreach (byte[] key in model.Keys.ToArray())
            {
                model[key] = (model[key].Value, lsn.Value);
                loader.Add(key, model[key].Value);
            }
            loader.Finish();
            Assert.Equal(model.Count, loader.Count);
        });
        harness.Verify(Tree, model, harness.Last, random);
        Assert.Empty(IntegrityChecker.Check(harness.Store));
        harness.File.Take(harness.Store);
        harness.Reopen();
        for (int i = 0; i < 200; i++)
        {
            byte[] key = StoreHarness.RandomKey(random, 100);
            byte[] value = StoreHarness.RandomValue(random, 400);
            harness.Put(Tree, key, value);
            model[key] = (value, harness.Last.Value);
        }
        harness.Verify(Tree, model, harness.Last, random);
        Assert.Empty(IntegrityChecker.Check(harness.Store));
    }

    [Fact]
    public void Keys_out_of_order_and_trees_with_entries_are_refused()
    {
        using var harness = new StoreHarness();
        harness.Create(Tree);
        WriteBatch batch = harness.Store.BeginBatch(BatchMode.Direct);
        using (BulkLoader loader = batch.BeginBulkLoad(harness.NextLsn(), new TreeId(Tree)))
        {
            loader.Add([2], [1]);
            Assert.Throws<ArgumentException>(() => loader.Add([2], [1]));
            Assert.Throws<ArgumentException>(() => loader.Add([1], [1]));
        }
        batch.Rollback();
        harness.Put(Tree, [1], [1]);
        batch = harness.Store.BeginBatch(BatchMode.Direct);
        Assert.Throws<InvalidOperationException>(() => batch.BeginBulkLoad(harness.NextLsn(), new TreeId(Tree)));
        batch.Rollback();
        Assert.Empty(IntegrityChecker.Check(harness.Store));
    }
}
