using Xunit;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Tests.Trees;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Tests.Pages;

public sealed class PageStoreTests
{
    private const ulong Tree = TreeId.FirstDynamic;

    private static byte[] Key(int i)
    {
        var key = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(key, i);
        return key;
    }

    private static ulong LeafOf(StoreHarness harness, int key)
    {
        using var cursor = new PageCursor(harness.Store);
        cursor.Open(harness.Store.FindTree(new TreeId(Tree), harness.Last), ulong.MaxValue);
        cursor.Seek(Key(key));
        return cursor.Leaf.Value;
    }

    [Fact]
    public void A_page_keeps_no_more_versions_than_snapshots_and_one()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        var snapshots = new List<Snapshot>();
        for (int i = 0; i < 60; i++)
        {
            harness.Put(Tree, Key(1), BitConverter.GetBytes(i));
            if (i % 6 == 0)
            {
                snapshots.Add(harness.Store.AcquireSnapshot());
            }
            if (i % 15 == 0)
            {
                harness.Store.ReleaseSnapshot(snapshots[snapshots.Count / 2]);
                snapshots.RemoveAt(snapshots.Count / 2);
            }
            harness.Store.Reclaim();
            Assert.InRange(harness.Store.Pool.CountVersions(LeafOf(harness, 1)), 1, snapshots.Count + 1);
        }
        foreach (Snapshot snapshot in snapshots)
        {
            harness.Store.ReleaseSnapshot(snapshot);
        }
        harness.Store.Reclaim();
        Assert.Equal(1, harness.Store.Pool.CountVersions(LeafOf(harness, 1)));
        Assert.Equal(0, harness.Store.Pool.RetiredImages);
    }

    [Fact]
    public void Built_batches_are_not_seen_before_they_are_made_visible()
    {
        using var harness = new StoreHarness();
        harness.Create(Tree);
        harness.Put(Tree, Key(1), [1]);
        harness.Commit((b, lsn) => b.Put(lsn, new TreeId(Tree), Key(1), [2]), visible: false);
        Snapshot before = harness.Store.AcquireSnapshot();
        harness.Commit((b, lsn) => b.Put(lsn, new TreeId(Tree), Key(1), [3]), visible: false);
        Assert.Equal(1, Read(harness, before.Lsn));
        harness.Store.AdvanceVisible(new Lsn(harness.Last.Value - (1UL << Lsn.NodeBits)));
        Snapshot middle = harness.Store.AcquireSnapshot();
        harness.Store.AdvanceVisible(harness.Last);
        Snapshot after = harness.Store.AcquireSnapshot();
        Assert.Equal((1, 2, 3), (Read(harness, before.Lsn), Read(harness, middle.Lsn), Read(harness, after.Lsn)));
    }

    private static int Read(StoreHarness harness, Lsn lsn)
    {
        PageCursor cursor = harness.Store.OpenCursor(new TreeId(Tree), lsn);
        Assert.True(cursor.Seek(Key(1), SeekMode.Equal));
        int value = cursor.Value[0];
        harness.Store.ReturnCursor(cursor);
        return value;
    }

    [Fact]
    public void A_checkpoint_writes_the_state_at_its_lsn_although_commits_go_on()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        for (int i = 0; i < 300; i++)
        {
            harness.Put(Tree, Key(i), new byte[30]);
        }
        using (CheckpointPages pages = harness.Store.BeginCheckpoint())
        {
            Lsn at = pages.Lsn;
            for (int i = 0; i < 300; i++)
            {
                harness.Put(Tree, Key(i), new byte[60]);
            }
            var buffer = new byte[4096];
            while (pages.Next(out _, buffer))
            {
                Assert.True(BitConverter.ToUInt64(buffer, PageFormat.LsnOffset) <= at.Value);
            }
        }
        Assert.True(harness.Store.DirtyBytes > 0);
        Assert.True(harness.File.Take(harness.Store) > 0);
        Assert.Equal(0, harness.Store.DirtyBytes);
        Assert.Equal(0, harness.File.Take(harness.Store));
    }

    [Fact]
    public void A_snapshot_keeps_its_state_over_checkpoints_that_overwrite_the_file()
    {
        using var harness = new StoreHarness(4096, 16);
        harness.Create(Tree);
        for (int i = 0; i < 400; i++)
        {
            harness.Put(Tree, Key(i), BitConverter.GetBytes(i));
        }
        harness.File.Take(harness.Store);
        Snapshot snapshot = harness.Store.AcquireSnapshot();
        for (int round = 1; round <= 3; round++)
        {
            for (int i = 0; i < 400; i++)
            {
                harness.Put(Tree, Key(i), BitConverter.GetBytes(i + (round * 1000)));
            }
            harness.File.Take(harness.Store);
        }
        PageCursor cursor = harness.Store.OpenCursor(new TreeId(Tree), snapshot.Lsn);
        int n = 0;
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext(), n++)
        {
            Assert.Equal(n, BitConverter.ToInt32(cursor.Value));
        }
        Assert.Equal(400, n);
    }

    [Fact]
    public void Freed_pages_are_used_again()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        ulong after = 0;
        for (int round = 0; round < 6; round++)
        {
            harness.Commit((b, lsn) =>
            {
                for (int i = 0; i < 3000; i++)
                {
                    b.Put(lsn, new TreeId(Tree), Key(i), new byte[100]);
                }
            });
            harness.Commit((b, lsn) =>
            {
                for (int i = 0; i < 3000; i++)
                {
                    b.Delete(lsn, new TreeId(Tree), Key(i));
                }
            });
            if (round == 0)
            {
                after = harness.Store.PageCount;
            }
            if (round == 3)
            {
                // Also what the maps on pages say is found again.
                harness.File.Take(harness.Store);
                harness.Reopen();
            }
            Assert.Empty(IntegrityChecker.Check(harness.Store));
        }
        Assert.InRange(harness.Store.PageCount, after, after + 8);
    }

    [Fact]
    public void Leaves_are_merged_also_by_prepared_deletes()
    {
        using var harness = new StoreHarness(4096, 256);
        harness.Create(Tree);
        for (int i = 0; i < 3000; i++)
        {
            harness.Put(Tree, Key(i), new byte[100]);
        }
        int before = CountLeaves(harness);
        for (int i = 0; i < 3000; i++)
        {
            if (i % 20 != 0)
            {
                harness.Delete(Tree, Key(i));
            }
        }
        Assert.InRange(CountLeaves(harness), 1, before / 5);
        for (int i = 0; i < 3000; i += 20)
        {
            harness.Delete(Tree, Key(i));
        }
        Assert.Equal(1, CountLeaves(harness));
        Assert.Equal(0, harness.Store.PreparationShortfalls);
        Assert.Empty(IntegrityChecker.Check(harness.Store));
    }

    private static int CountLeaves(StoreHarness harness)
    {
        var seen = new Recorder();
        PageCursor cursor = harness.Store.OpenCursor(new TreeId(Tree), harness.Last);
        cursor.Observer = seen;
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
        {
        }
        harness.Store.ReturnCursor(cursor);
        return seen.Leaves.Count;
    }

    [Fact]
    public void A_reader_that_outlives_the_store_gets_an_error_and_may_still_be_closed()
    {
        var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        harness.Put(Tree, Key(1), [7]);
        ulong root = harness.Store.FindTree(new TreeId(Tree), harness.Last);
        PageCursor standing = harness.Store.OpenCursor(new TreeId(Tree), harness.Last);
        PageCursor idle = harness.Store.OpenCursor(new TreeId(Tree), harness.Last);
        PrivateTree own = harness.Store.RentPrivateTree();
        own.Put(Key(1), [1], 1);
        Assert.True(standing.SeekFirst());
        harness.Dispose();
        Assert.Equal(7, standing.Value[0]);
        Assert.Throws<ObjectDisposedException>(() => standing.Seek(Key(1)));
        Assert.Throws<ObjectDisposedException>(() => idle.SeekFirst());
        Assert.Throws<ObjectDisposedException>(() => harness.Store.TryGet(root, harness.Last, Key(1), new byte[8], out _, out _));
        Assert.Throws<ObjectDisposedException>(() => own.Put(Key(2), [1], 1));
        standing.Close();
        own.Dispose();
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(65536)]
    public void A_private_tree_takes_the_longest_key_of_a_tree_behind_a_tree_id(int pageSize)
    {
        using var harness = new StoreHarness(pageSize, 64);
        PrivateTree tree = harness.Store.RentPrivateTree();
        var key = new byte[harness.Store.MaxKeyLength + 8];
        for (int i = 0; i < 200; i++)
        {
            key[i % 40] = (byte)i;
            tree.Put(key, new byte[pageSize / 4], 1);
        }
        using var cursor = new PageCursor(harness.Store);
        tree.Open(cursor);
        int n = 0;
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
        {
            Assert.Equal(key.Length, cursor.Key.Length);
            n++;
        }
        Assert.Equal(tree.Count, n);
        Assert.Throws<StorageException>(() => tree.Put(new byte[key.Length + 1], [1], 1));
        harness.Store.ReturnPrivateTree(tree);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void From_the_lsn_to_publication_nothing_is_allocated_read_or_spilled(int seed)
    {
        // The runtime allocates on this thread, too, when it compiles a path anew while other tests run; what the path itself allocates it allocates in every run.
        long allocated = long.MaxValue;
        for (int run = 0; run < 6 && allocated != 0; run++)
            allocated = Math.Min(allocated, AllocatedWhilePublishing(seed));
        Assert.Equal(0, allocated);
    }

    private static long AllocatedWhilePublishing(int seed)
    {
        var random = new Random(TestSeed.Of(seed));
        using var harness = new StoreHarness(4096, 200);
        harness.Create(Tree);
        harness.Commit((b, lsn) =>
        {
            for (int i = 0; i < 12_000; i++)
            {
                b.Put(lsn, new TreeId(Tree), Key(i), new byte[100]);
            }
        });
        harness.File.Take(harness.Store);
        var tree = new TreeId(Tree);
        var keys = new byte[6][];
        var values = new byte[6][];
        long allocated = 0;
        int prepared = 0;
        for (int commit = 0; commit < 3000; commit++)
        {
            int from = random.Next(15_000);
            for (int i = 0; i < keys.Length; i++)
            {
                keys[i] = Key(from + (i * random.Next(1, 4)));
                values[i] = new byte[random.Next(600)];
            }
            bool delete = (commit / 500) % 2 == 0;
            WriteBatch batch = harness.Store.BeginBatch();
            bool ready = true;
            for (int i = 0; i < keys.Length && ready; i++)
            {
                ready = delete ? batch.PrepareDelete(tree, keys[i]) : batch.Prepare(tree, keys[i], values[i]);
            }
            if (!ready)
            {
                batch.AbandonPrepared();
                batch.Rollback();
                continue;
            }
            prepared++;
            Lsn lsn = harness.NextLsn();
            PagePool pool = harness.Store.Pool;
            long before = GC.GetAllocatedBytesForCurrentThread(), reads = pool.FileReads, spills = pool.SpillWrites;
            for (int i = 0; i < keys.Length; i++)
            {
                if (delete)
                {
                    batch.Delete(lsn, tree, keys[i]);
                }
                else
                {
                    batch.Put(lsn, tree, keys[i], values[i]);
                }
            }
            batch.Publish(lsn);
            allocated += commit < 1000 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(reads, pool.FileReads);
            Assert.Equal(spills, pool.SpillWrites);
            harness.Done(lsn);
            if (commit % 100 == 0)
            {
                harness.File.Take(harness.Store);
            }
        }
        Assert.InRange(prepared, 2000, 3000);
        Assert.Equal(0, harness.Store.PreparationShortfalls);
        Assert.Empty(IntegrityChecker.Check(harness.Store));
        return allocated;
    }

    [Fact]
    public void A_page_in_an_encoding_of_a_later_version_is_refused()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        harness.Put(Tree, Key(1), [1]);
        ulong leaf = LeafOf(harness, 1);
        harness.File.Take(harness.Store);
        harness.Reopen();
        harness.File.Edit(leaf, page => page[PageFormat.EncodingOffset] = 1);
        PageCursor cursor = harness.Store.OpenCursor(new TreeId(Tree), harness.Last);
        Assert.Equal(StorageErrorCode.NewerFormat, Assert.Throws<StorageException>(() => cursor.SeekFirst()).Code);
    }

    [Fact]
    public void A_dropped_tree_is_freed_step_by_step_also_after_reopening()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        harness.Create(Tree + 1);
        harness.Commit((b, lsn) =>
        {
            for (int i = 0; i < 4000; i++)
            {
                b.Put(lsn, new TreeId(Tree), Key(i), new byte[i % 500 == 0 ? 20_000 : 100]);
            }
        });
        ulong pages = harness.Store.PageCount;
        Snapshot old = harness.Store.AcquireSnapshot();
        harness.Commit((b, lsn) => b.DropTree(lsn, new TreeId(Tree)));
        Assert.Equal(StorageErrorCode.NoSuchTree, Assert.Throws<StorageException>(() => harness.Store.FindTree(new TreeId(Tree), harness.Last)).Code);
        Assert.True(harness.Store.HasGarbage);
        harness.Commit((b, lsn) => b.ReclaimDropped(lsn, 20));
        Assert.NotEqual(0UL, harness.Store.FindTree(new TreeId(Tree), old.Lsn));
        PageCursor cursor = harness.Store.OpenCursor(new TreeId(Tree), old.Lsn);
        int n = 0;
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
        {
            n++;
        }
        Assert.Equal(4000, n);
        harness.Store.ReturnCursor(cursor);
        harness.Store.ReleaseSnapshot(old);
        harness.File.Take(harness.Store);
        harness.Reopen();
        Assert.True(harness.Store.HasGarbage);
        while (harness.Store.HasGarbage)
        {
            harness.Commit((b, lsn) => b.ReclaimDropped(lsn, 20));
            Assert.Empty(IntegrityChecker.Check(harness.Store));
        }
        harness.Commit((b, lsn) =>
        {
            for (int i = 0; i < 4000; i++)
            {
                b.Put(lsn, new TreeId(Tree + 1), Key(i), new byte[100]);
            }
        });
        Assert.InRange(harness.Store.PageCount, 1UL, pages);
    }

    [Fact]
    public void A_large_value_survives_replacement_in_prepared_batches_and_frees_its_pages()
    {
        using var harness = new StoreHarness(8192, 4000);
        harness.Create(Tree);
        var value = new byte[16 << 20];
        new Random(5).NextBytes(value);
        harness.Put(Tree, Key(1), value);
        Snapshot old = harness.Store.AcquireSnapshot();
        ulong pages = harness.Store.PageCount;
        byte[] second = value[..(4 << 20)];
        harness.Put(Tree, Key(1), second);
        PageCursor cursor = harness.Store.OpenCursor(new TreeId(Tree), old.Lsn);
        Assert.True(cursor.Seek(Key(1), SeekMode.Equal) && cursor.Value.SequenceEqual(value));
        var part = new byte[100_000];
        Assert.Equal(part.Length, cursor.ReadValue(9_999_999, part));
        Assert.True(part.AsSpan().SequenceEqual(value.AsSpan(9_999_999, part.Length)));
        harness.Store.ReturnCursor(cursor);
        harness.Store.ReleaseSnapshot(old);
        while (harness.Store.HasGarbage)
        {
            harness.Commit((b, lsn) => b.ReclaimDropped(lsn, 500));
        }
        harness.Put(Tree, Key(2), value[..(10 << 20)]);
        Assert.InRange(harness.Store.PageCount, 1UL, pages + 540);
        Assert.Empty(IntegrityChecker.Check(harness.Store));
        Assert.Equal(0, harness.Store.PreparationShortfalls);
    }

    [Fact]
    public void A_leaf_counts_as_changed_when_its_range_splits_or_goes()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        for (int i = 0; i < 60; i++)
        {
            harness.Put(Tree, Key(i * 10), new byte[100]);
        }
        Lsn at = harness.Last;
        var leaf = new PageId(LeafOf(harness, 55));
        Assert.False(harness.Store.ChangedSince(leaf, at));
        harness.Put(Tree, Key(595), new byte[10]);
        Assert.False(harness.Store.ChangedSince(leaf, at));
        for (int i = 0; i < 30; i++)
        {
            harness.Put(Tree, Key(56 + i), new byte[100]);
        }
        Assert.True(harness.Store.ChangedSince(leaf, at));
        at = harness.Last;
        leaf = new PageId(LeafOf(harness, 300));
        Snapshot snapshot = harness.Store.AcquireSnapshot();
        for (int i = 0; i < 600; i++)
        {
            harness.Delete(Tree, Key(i));
        }
        Assert.True(harness.Store.ChangedSince(leaf, at));
        harness.Store.ReleaseSnapshot(snapshot);
    }

    [Fact]
    public void A_cursor_names_every_leaf_it_read_also_where_a_key_is_missing()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        var seen = new Recorder();
        PageCursor cursor = harness.Store.OpenCursor(new TreeId(Tree), harness.Last);
        cursor.Observer = seen;
        Assert.False(cursor.Seek(Key(1), SeekMode.Equal));
        Assert.Single(seen.Leaves);
        harness.Store.ReturnCursor(cursor);
        for (int i = 0; i < 200; i++)
        {
            harness.Put(Tree, Key(i), new byte[100]);
        }
        seen.Leaves.Clear();
        cursor = harness.Store.OpenCursor(new TreeId(Tree), harness.Last);
        cursor.Observer = seen;
        int leaves = 1;
        PageId last = default;
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
        {
            leaves += last.IsNone || last == cursor.Leaf ? 0 : 1;
            last = cursor.Leaf;
        }
        Assert.Equal(leaves, seen.Leaves.Count);
        Assert.True(leaves > 3);
    }

    private sealed class Recorder : ILeafObserver
    {
        public HashSet<PageId> Leaves { get; } = [];

        public void LeafRead(PageId leaf) => Leaves.Add(leaf);
    }

    [Fact]
    public void Damage_to_a_page_is_an_error_that_names_it_and_the_check_finds_it()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        for (int i = 0; i < 500; i++)
        {
            harness.Put(Tree, Key(i), new byte[100]);
        }
        ulong leaf = LeafOf(harness, 250);
        harness.File.Take(harness.Store);
        harness.Reopen();
        harness.File.Damage(leaf, 2000);
        PageCursor cursor = harness.Store.OpenCursor(new TreeId(Tree), harness.Last);
        var error = Assert.Throws<StorageException>(() => cursor.Seek(Key(250)));
        Assert.Equal(StorageErrorCode.Corruption, error.Code);
        Assert.Equal(leaf, error.Page.Value);
        Assert.Contains(IntegrityChecker.Check(harness.Store), p => p.Page.Value == leaf);
        Assert.True(cursor.Seek(Key(1)));
    }

    [Theory]
    [InlineData(Node.CountOffset, 1)]
    [InlineData(Node.HeaderSize + 2, 1)]
    [InlineData(PageFormat.LevelOffset, 1)]
    [InlineData(PageFormat.LsnOffset + 7, 0x7F)]
    public void The_check_finds_faults_under_a_right_checksum(int offset, byte change)
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        for (int i = 0; i < 500; i++)
        {
            harness.Put(Tree, Key(i), new byte[100]);
        }
        ulong leaf = LeafOf(harness, 250);
        harness.File.Take(harness.Store);
        harness.Reopen();
        Assert.Empty(IntegrityChecker.Check(harness.Store));
        harness.Reopen();
        harness.File.Edit(leaf, page => page[offset] ^= change);
        Assert.Contains(IntegrityChecker.Check(harness.Store), p => p.Page.Value == leaf);
    }

    [Fact]
    public void The_check_finds_leaked_and_doubly_used_pages()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        harness.File.Take(harness.Store);
        harness.Reopen();
        ulong map = PageFormat.FirstMapPage(4096);
        harness.File.Edit(map, page => page[PageFormat.BodyOffset] ^= 0x84);
        harness.Reopen();
        IReadOnlyList<IntegrityProblem> problems = IntegrityChecker.Check(harness.Store);
        Assert.Equal(2, problems.Count);
    }

    [Fact]
    public void A_full_spill_file_fails_the_change_and_leaves_the_store_as_it_was()
    {
        var file = new MemoryPageFile(4096, default);
        using PageStore store = PageStore.Create(new PageStoreOptions { PageSize = 4096, CacheBytes = 16 * 4096, SpillLimitBytes = 8 * 4096 }, file, new MemoryStorageProvider());
        var tree = new TreeId(Tree);
        Lsn lsn = Lsn.Zero.Next();
        WriteBatch batch = store.BeginBatch(BatchMode.Direct);
        batch.CreateTree(lsn, tree);
        batch.Put(lsn, tree, Key(1), [1]);
        batch.Publish(lsn);
        store.AdvanceVisible(lsn);
        batch = store.BeginBatch(BatchMode.Direct);
        var error = Assert.Throws<StorageException>(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                batch.Put(lsn.Next(), tree, Key(i), new byte[500]);
            }
        });
        Assert.Equal(StorageErrorCode.DiskFull, error.Code);
        Assert.Throws<InvalidOperationException>(() => batch.Publish(lsn.Next()));
        batch.Rollback();
        Assert.Empty(IntegrityChecker.Check(store));
        PageCursor cursor = store.OpenCursor(tree, lsn);
        Assert.True(cursor.SeekFirst() && cursor.Value.SequenceEqual(new byte[] { 1 }) && !cursor.MoveNext());
    }

    [Fact]
    public void A_key_beyond_the_limit_is_refused_and_one_at_the_limit_is_not()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        harness.Put(Tree, new byte[harness.Store.MaxKeyLength], [1]);
        var error = Assert.Throws<StorageException>(() => harness.Put(Tree, new byte[harness.Store.MaxKeyLength + 1], [1]));
        Assert.Equal(StorageErrorCode.KeyTooLong, error.Code);
    }

    [Fact]
    public void A_fixed_tree_is_empty_until_it_is_written()
    {
        using var harness = new StoreHarness(4096, 64);
        PageCursor cursor = harness.Store.OpenCursor(new TreeId(7), harness.Last);
        Assert.False(cursor.SeekFirst());
        harness.Put(7, Key(1), [1]);
        cursor = harness.Store.OpenCursor(new TreeId(7), harness.Last);
        Assert.True(cursor.SeekFirst());
    }

    [Fact]
    public void A_scan_does_not_drive_out_what_is_used_again()
    {
        using var harness = new StoreHarness(4096, 64);
        harness.Create(Tree);
        harness.Create(Tree + 1);
        harness.Commit((b, lsn) =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                b.Put(lsn, new TreeId(Tree), Key(i), new byte[100]);
                if (i < 300)
                {
                    b.Put(lsn, new TreeId(Tree + 1), Key(i), new byte[100]);
                }
            }
        });
        harness.File.Take(harness.Store);
        PageCursor hot = harness.Store.OpenCursor(new TreeId(Tree + 1), harness.Last);
        PageCursor scan = harness.Store.OpenCursor(new TreeId(Tree), harness.Last);
        for (int i = 0; i < 900; i++)
        {
            hot.Seek(Key(i % 300));
        }
        long before = harness.Store.Pool.FileReads;
        long hotReads = 0;
        int n = 0;
        for (bool more = scan.SeekFirst(); more; more = scan.MoveNext())
        {
            if (n++ % 200 == 0)
            {
                long reads = harness.Store.Pool.FileReads;
                for (int i = 0; i < 300; i += 20)
                {
                    hot.Seek(Key(i));
                }
                hotReads += harness.Store.Pool.FileReads - reads;
            }
        }
        long scanReads = harness.Store.Pool.FileReads - before - hotReads;
        Assert.True(scanReads > 200, $"The scan read {scanReads} pages.");
        Assert.True(hotReads < scanReads / 10, $"{hotReads} hot pages were read again in a scan of {scanReads}.");
    }
}
