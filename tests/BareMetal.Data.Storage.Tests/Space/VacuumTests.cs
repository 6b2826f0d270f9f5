using System.Buffers.Binary;
using BareMetal.Data.Storage.Recovery;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Space;

/// <summary>A vacuum gives space back and changes nothing else, whatever goes on beside it.</summary>
public sealed class VacuumTests(ITestOutputHelper output)
{
    private static byte[] Key(int n)
    {
        byte[] key = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(key, n);
        return key;
    }

    private static byte[] Value(Random random, int length)
    {
        byte[] value = new byte[length];
        random.NextBytes(value);
        return value;
    }

    private static void Fill(SpaceHarness harness, TreeId tree, int count, Random random, Func<int, int> length)
    {
        for (int at = 0; at < count; at += 200)
            harness.Write(tree, Enumerable.Range(at, Math.Min(200, count - at)).Select(n => (Key(n), (byte[]?)Value(random, length(n)))));
    }

    [Fact]
    public void The_file_becomes_as_small_as_what_is_left()
    {
        using SpaceHarness harness = new();
        Random random = new(5);
        TreeId tree = harness.Create(), other = harness.Create();
        Fill(harness, tree, 6000, random, n => n % 50 == 0 ? 20_000 : 100);
        Fill(harness, other, 3000, random, _ => 60);
        harness.Engine.Checkpoint();
        long full = harness.FileBytes;
        for (int at = 0; at < 6000; at += 200)
            harness.Write(tree, Enumerable.Range(at, 200).Where(n => n % 10 != 0).Select(n => (Key(n), (byte[]?)null)));
        int steps = 0;
        VacuumProgress done = harness.Vacuum(progress: _ => steps++);
        output.WriteLine($"{full >> 10} KiB before, {done}");
        Assert.True(done.IsDone && !done.IsCutLater && steps > 3);
        Assert.Equal(harness.FileBytes, (long)harness.Pages * harness.PageSize);

        // The file may have grown ahead of its pages, so it is measured against one that was made of what is left.
        using (SpaceHarness fresh = new())
        {
            TreeId left = fresh.Create(), right = fresh.Create();
            for (int at = 0; at < 6000; at += 2000)
                fresh.Write(left, Enumerable.Range(at, 2000).Where(n => n % 10 == 0).Select(n => (Key(n), (byte[]?)Value(random, n % 50 == 0 ? 20_000 : 100))));
            Fill(fresh, right, 3000, random, _ => 60);
            fresh.Engine.Checkpoint();
            output.WriteLine($"{fresh.Pages} pages when made of what is left");
            Assert.True(harness.Pages <= fresh.Pages * 105 / 100, $"{harness.Pages} pages, {fresh.Pages} would do");
            Assert.True(harness.FileBytes < full, $"{full} became {harness.FileBytes}");
        }

        harness.Verify();
        VacuumProgress again = harness.Vacuum();
        Assert.Equal(0, again.Moved);
        Assert.Equal(done.Pages, again.Pages);
        harness.Reopen();
        harness.Verify();

        // What grows again finds its way.
        Fill(harness, tree, 8000, random, _ => 120);
        harness.Engine.Checkpoint();
        harness.Verify();
        harness.Reopen();
        harness.Verify();
    }

    [Fact]
    public void Everything_deleted_leaves_a_few_pages()
    {
        using SpaceHarness harness = new();
        Random random = new(6);
        TreeId tree = harness.Create();
        Fill(harness, tree, 5000, random, n => n % 100 == 0 ? 60_000 : 80);
        harness.Engine.Checkpoint();
        harness.Drop(tree);
        harness.Vacuum();
        Assert.True(harness.Pages <= 12, $"{harness.Pages} pages");
        Assert.True(harness.FileBytes <= 12 * 4096);
        harness.Verify();
    }

    [Fact]
    public void Filling_packs_half_empty_leaves()
    {
        using SpaceHarness harness = new();
        Random random = new(7);
        TreeId tree = harness.Create();
        int[] order = [.. Enumerable.Range(0, 20_000)];
        random.Shuffle(order);
        foreach (int[] part in order.Chunk(200))
            harness.Write(tree, part.Select(n => (Key(n), (byte[]?)Value(random, 40))));
        harness.Vacuum();
        ulong joined = harness.Pages;
        VacuumProgress done = harness.Vacuum(fill: true);
        output.WriteLine($"{joined} pages, {done}");
        Assert.True(harness.Pages < joined * 85 / 100, $"{joined} became {harness.Pages}");
        harness.Verify();
    }

    [Fact]
    public void A_snapshot_keeps_what_it_sees_and_the_file_is_cut_when_it_is_gone()
    {
        using SpaceHarness harness = new(cache: 256 << 10);
        Random random = new(8);
        TreeId tree = harness.Create();
        Fill(harness, tree, 4000, random, n => n % 40 == 0 ? 9000 : 150);
        harness.Engine.Checkpoint();
        SortedDictionary<string, byte[]> before = new(harness.Model[tree], StringComparer.Ordinal);
        StorageTransaction reader = harness.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        long full = harness.FileBytes;
        harness.Write(tree, Enumerable.Range(100, 3800).Select(n => (Key(n), (byte[]?)null)));
        VacuumProgress done = harness.Vacuum();
        Assert.True(done.IsCutLater);
        Assert.Equal(full, harness.FileBytes);
        SpaceHarness.Compare(reader, tree, before);

        // Pages at the end serve again while the old snapshot still reads their former content.
        Fill(harness, tree, 3000, random, n => n % 40 == 0 ? 9000 : 150);
        harness.Engine.Checkpoint();
        SpaceHarness.Compare(reader, tree, before);
        harness.Verify();
        harness.Write(tree, Enumerable.Range(10, 2900).Select(n => (Key(n), (byte[]?)null)));
        harness.Vacuum();
        SpaceHarness.Compare(reader, tree, before);
        reader.Dispose();
        harness.Write(tree, [(Key(1), [1])]);
        harness.Engine.Checkpoint();
        Assert.Equal(harness.FileBytes, (long)harness.Pages * harness.PageSize);
        Assert.True(harness.FileBytes < full / 2);
        harness.Verify();
    }

    [Fact]
    public void It_stops_when_cancelled_and_goes_on_later()
    {
        using SpaceHarness harness = new();
        Random random = new(9);
        TreeId tree = harness.Create();
        Fill(harness, tree, 8000, random, _ => 100);
        harness.Write(tree, Enumerable.Range(0, 7000).Select(n => (Key(n), (byte[]?)null)));
        using CancellationTokenSource stop = new();
        int steps = 0;
        Assert.Throws<OperationCanceledException>(() => harness.Vacuum(progress: _ =>
        {
            if (++steps == 2)
                stop.Cancel();
        }, cancellation: stop.Token));
        harness.Verify();
        ulong pages = harness.Pages;
        VacuumProgress some = harness.Vacuum(maxPages: 20);
        Assert.InRange(some.Moved + some.Joined, 1, 60);
        harness.Verify();
        harness.Vacuum();
        Assert.True(harness.Pages < pages);
        harness.Verify();
    }

    [Fact]
    public void Random_changes_snapshots_and_vacuums_agree_with_a_model()
    {
        int seed = TestSeed.Of(20_2511);
        output.WriteLine($"BAREMETAL_SEED={seed}");
        Random random = new(seed);
        using SpaceHarness harness = new(cache: 256 << 10);
        List<TreeId> trees = [harness.Create()];
        List<(StorageTransaction Reader, TreeId Tree, SortedDictionary<string, byte[]> State)> readers = [];
        for (int step = 0; step < 150; step++)
        {
            TreeId tree = trees[random.Next(trees.Count)];
            switch (random.Next(12))
            {
                case < 5:
                    harness.Write(tree, Enumerable.Range(0, 1 + random.Next(120)).Select(_ =>
                        (Key(random.Next(3000)), random.Next(10) < 7 ? Value(random, random.Next(30) == 0 ? 2000 + random.Next(40_000) : random.Next(300)) : null)));
                    break;
                case 5:
                    int from = random.Next(3000);
                    harness.Write(tree, Enumerable.Range(from, random.Next(1200)).Select(n => (Key(n), (byte[]?)null)));
                    break;
                case 6 when trees.Count < 5:
                    trees.Add(harness.Create());
                    break;
                case 6:
                    harness.Drop(tree);
                    trees.Remove(tree);
                    readers.RemoveAll(r =>
                    {
                        if (r.Tree == tree)
                            r.Reader.Dispose();
                        return r.Tree == tree;
                    });
                    break;
                case 7 when readers.Count < 4:
                    readers.Add((harness.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true), tree, new(harness.Model[tree], StringComparer.Ordinal)));
                    break;
                case 7:
                    readers[0].Reader.Dispose();
                    readers.RemoveAt(0);
                    break;
                case 8:
                    harness.Engine.Checkpoint();
                    break;
                case 9 when readers.Count == 0:
                    harness.Reopen();
                    break;
                default:
                    harness.Vacuum(fill: random.Next(2) == 0, maxPages: random.Next(3) == 0 ? 1 + random.Next(60) : 0);
                    break;
            }

            foreach ((StorageTransaction reader, TreeId seen, SortedDictionary<string, byte[]> state) in readers)
                SpaceHarness.Compare(reader, seen, state);
            if (step % 10 == 9)
                harness.Verify();
        }

        foreach ((StorageTransaction reader, _, _) in readers)
            reader.Dispose();
        harness.Verify();
        harness.Vacuum();
        harness.Verify();
        Assert.Equal(harness.FileBytes, (long)harness.Pages * harness.PageSize);
    }

    [Fact]
    public async Task Writers_and_readers_go_on_beside_it()
    {
        using SpaceHarness harness = new(cache: 512 << 10);
        Random random = new(11);
        TreeId tree = harness.Create(), still = harness.Create();
        Fill(harness, tree, 6000, random, n => n % 60 == 0 ? 8000 : 120);
        Fill(harness, still, 2000, random, _ => 100);
        harness.Write(tree, Enumerable.Range(0, 6000).Where(n => n % 3 != 0).Select(n => (Key(n), (byte[]?)null)));
        using CancellationTokenSource stop = new();
        Task<int> reading = Task.Run(() =>
        {
            int rounds = 0;
            for (; !stop.IsCancellationRequested || rounds == 0; rounds++)
            {
                using StorageTransaction reader = harness.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
                SpaceHarness.Compare(reader, still, harness.Model[still]);
            }

            return rounds;
        });
        Task writing = Task.Run(() =>
        {
            Random own = new(12);
            for (int i = 0; !stop.IsCancellationRequested || i < 20; i++)
                harness.Write(tree, Enumerable.Range(0, 20).Select(_ => (Key(own.Next(6000)), own.Next(3) == 0 ? null : Value(own, own.Next(400)))));
        });
        for (int i = 0; i < 6; i++)
            harness.Vacuum(fill: i % 2 == 1);
        stop.Cancel();
        await writing;
        Assert.True(await reading > 0);
        harness.Verify();
        harness.Vacuum();
        harness.Verify();
        harness.Reopen();
        harness.Verify();
    }
}
