using Xunit;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Trees;

public sealed class PrivateTreeTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(4096, 16, 1)]
    [InlineData(4096, 16, 2)]
    [InlineData(4096, 40, 3)]
    [InlineData(8192, 200, 4)]
    [InlineData(65536, 16, 5)]
    public void A_private_tree_behaves_as_a_dictionary_while_cursors_stand_in_it(int pageSize, int frames, int seed)
    {
        seed = TestSeed.Of(seed);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var harness = new StoreHarness(pageSize, frames);
        using var tree = new PrivateTree(harness.Store);
        using var cursor = new PageCursor(harness.Store);
        tree.Open(cursor);
        var model = new StoreHarness.Model();
        for (int step = 0; step < 3000; step++)
        {
            byte[] key = StoreHarness.RandomKey(random, harness.Store.MaxKeyLength + 1);
            if (random.Next(3) == 0 && model.Count > 0)
            {
                key = random.Next(2) == 0 ? key : model.Keys.ElementAt(random.Next(model.Count));
                Assert.Equal(model.Remove(key), tree.Delete(key));
            }
            else
            {
                byte[] value = StoreHarness.RandomValue(random, pageSize);
                tree.Put(key, value, (ulong)step);
                model[key] = (value, (ulong)step);
            }
            Assert.Equal(model.Count, tree.Count);
            if (random.Next(4) == 0 && cursor.IsValid)
            {
                byte[] at = cursor.Key.ToArray();
                byte[]? next = model.Keys.FirstOrDefault(k => k.AsSpan().SequenceCompareTo(at) > 0);
                Assert.Equal(next is not null, cursor.MoveNext());
                if (next is not null)
                {
                    Assert.Equal(next, cursor.Key.ToArray());
                    Assert.Equal(model[next].Lsn, cursor.EntryLsn);
                    Assert.True(cursor.Value.SequenceEqual(model[next].Value));
                }
            }
            else if (!cursor.IsValid)
            {
                cursor.SeekFirst();
            }
            if (step == 2000)
            {
                tree.Clear();
                model.Clear();
                Assert.Equal(0, tree.PageCount);
                Assert.False(cursor.SeekFirst());
            }
        }
        using var walk = new PageCursor(harness.Store);
        tree.Open(walk);
        bool more = walk.SeekFirst();
        foreach ((byte[] key, (byte[] value, ulong tag)) in model)
        {
            Assert.True(more && walk.Key.SequenceEqual(key) && walk.Value.SequenceEqual(value) && walk.EntryLsn == tag);
            more = walk.MoveNext();
        }
        Assert.False(more);
    }

    [Theory]
    [InlineData(4096, 24, 1)]
    [InlineData(4096, 40, 2)]
    [InlineData(8192, 200, 3)]
    [InlineData(65536, 24, 4)]
    public void A_private_tree_goes_back_to_its_marks(int pageSize, int frames, int seed)
    {
        seed = TestSeed.Of(seed);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var harness = new StoreHarness(pageSize, frames);
        var tree = new PrivateTree(harness.Store);
        using var cursor = new PageCursor(harness.Store);
        tree.Open(cursor);
        List<StoreHarness.Model> kept = [];
        List<int> pages = [];
        var model = new StoreHarness.Model();
        int rewinds = 0, releases = 0;
        for (int step = 0; step < 4000; step++)
        {
            int what = random.Next(1000);
            if (what < 8 && tree.Count > 0 && kept.Count < 6)
            {
                tree.SetMark();
                kept.Add(Copy(model));
                pages.Add(tree.PageCount);
            }
            else if (what < 14 && kept.Count > 0)
            {
                bool atOnce = random.Next(3) == 0;
                do
                {
                    tree.Rewind();
                    model = kept[^1];
                    Assert.Equal(pages[^1], tree.PageCount);
                    kept.RemoveAt(kept.Count - 1);
                    pages.RemoveAt(pages.Count - 1);
                    rewinds++;
                }
                while (atOnce && kept.Count > 0);
                Check();
            }
            else if (what < 19 && kept.Count > 0)
            {
                int before = tree.PageCount;
                tree.Release();
                Assert.Equal(before, tree.PageCount);
                kept.RemoveAt(kept.Count - 1);
                pages.RemoveAt(pages.Count - 1);
                releases++;
                Check();
            }
            else if (what < 400 && model.Count > 0)
            {
                byte[] key = model.Keys.ElementAt(random.Next(model.Count));
                Assert.Equal(model.Remove(key), tree.Delete(key));
            }
            else
            {
                byte[] key = StoreHarness.RandomKey(random, harness.Store.MaxKeyLength + 1);
                byte[] value = StoreHarness.RandomValue(random, pageSize);
                tree.Put(key, value, (ulong)step);
                model[key] = (value, (ulong)step);
            }
            Assert.Equal(model.Count, tree.Count);
            if (cursor.IsValid && random.Next(4) == 0)
            {
                byte[] at = cursor.Key.ToArray();
                byte[]? next = model.Keys.FirstOrDefault(k => k.AsSpan().SequenceCompareTo(at) > 0);
                Assert.Equal(next is not null, cursor.MoveNext());
                if (next is not null)
                {
                    Assert.Equal(next, cursor.Key.ToArray());
                }
            }
            else if (!cursor.IsValid)
            {
                cursor.SeekFirst();
            }
        }
        Assert.True(rewinds > 2 && releases > 2, $"{rewinds} rewinds, {releases} releases");
        cursor.Close();
        tree.Dispose();
        Assert.Equal(0, harness.Store.SpilledBytes);

        static StoreHarness.Model Copy(StoreHarness.Model model)
        {
            var copy = new StoreHarness.Model();
            foreach ((byte[] key, (byte[], ulong) value) in model)
            {
                copy[key] = value;
            }
            return copy;
        }

        void Check()
        {
            using var walk = new PageCursor(harness.Store);
            tree.Open(walk);
            bool more = walk.SeekFirst();
            foreach ((byte[] key, (byte[] value, ulong tag)) in model)
            {
                Assert.True(more && walk.Key.SequenceEqual(key) && walk.Value.SequenceEqual(value) && walk.EntryLsn == tag);
                more = walk.MoveNext();
            }
            Assert.False(more);
        }
    }

    [Fact]
    public void Dropping_a_private_tree_gives_back_its_memory_and_its_spill_space()
    {
        using var harness = new StoreHarness(4096, 32);
        using (var tree = new PrivateTree(harness.Store))
        {
            for (int i = 0; i < 2000; i++)
            {
                tree.Put(BitConverter.GetBytes(i), new byte[200], 0);
            }
            Assert.True(harness.Store.SpilledBytes > 0);
        }
        Assert.Equal(0, harness.Store.SpilledBytes);
    }

    [Fact]
    public void A_large_value_is_read_in_parts_from_a_stream()
    {
        using var harness = new StoreHarness(4096, 32);
        using var tree = new PrivateTree(harness.Store);
        var value = new byte[1_000_003];
        new Random(7).NextBytes(value);
        tree.Put("big"u8, new MemoryStream(value), value.Length, 1);
        using var cursor = new PageCursor(harness.Store);
        tree.Open(cursor);
        Assert.True(cursor.Seek("big"u8, SeekMode.Equal));
        Assert.True(cursor.IsLarge);
        Assert.Equal(value.Length, cursor.ValueLength);
        var part = new byte[10_000];
        Assert.Equal(10_000, cursor.ReadValue(600_001, part));
        Assert.True(part.AsSpan().SequenceEqual(value.AsSpan(600_001, 10_000)));
        Assert.Equal(3, cursor.ReadValue(1_000_000, part));
        Assert.Equal(0, cursor.ReadValue(1_000_003, part));
    }
}
