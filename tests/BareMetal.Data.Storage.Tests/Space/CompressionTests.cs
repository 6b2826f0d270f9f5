using System.Buffers.Binary;
using System.Text;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Trees;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Space;

/// <summary>Compressed values are the same values in fewer pages, in every way of reading, and damage is an error.</summary>
public sealed unsafe class CompressionTests
{
    private static readonly byte[] Key = [1, 2, 3];

    private static byte[] Text(int length, int seed)
    {
        Random random = new(seed);
        string[] words = ["page", "tree", "commit", "reader", "snapshot", "vacuum", "order", "customer", "total", "€"];
        StringBuilder text = new();
        while (text.Length < length)
            text.Append(words[random.Next(words.Length)]).Append(' ').Append(random.Next(1000)).Append("; ");
        return Encoding.UTF8.GetBytes(text.ToString())[..length];
    }

    private static void Put(SpaceHarness harness, TreeId tree, byte[] key, byte[] value)
    {
        using StorageTransaction transaction = harness.Engine.Begin();
        transaction.BeginStatement();
        transaction.PutCompressible(tree, key, value);
        transaction.Commit();
        harness.Model[tree][Convert.ToHexString(key)] = value;
    }

    [Fact]
    public void Values_read_the_same_whole_and_in_parts_and_take_fewer_pages()
    {
        using SpaceHarness harness = new(), plain = new();
        TreeId tree = harness.Create(), other = plain.Create();
        int[] lengths = [10, 1024, 1025, 4000, 4032, 4033, 9000, 65_536, 300_000, 2_000_001];
        for (int i = 0; i < lengths.Length; i++)
        {
            Put(harness, tree, [(byte)i], Text(lengths[i], i));
            plain.Write(other, [([(byte)i], Text(lengths[i], i))]);
        }

        Assert.True(harness.Pages * 2 < plain.Pages, $"{harness.Pages} pages, {plain.Pages} without");
        harness.Verify();
        harness.Reopen();
        harness.Verify();
        Random random = new(3);
        using StorageTransaction reader = harness.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        using TreeCursor cursor = reader.OpenCursor(tree);
        for (int i = 0; i < lengths.Length; i++)
        {
            byte[] expected = Text(lengths[i], i);
            Assert.True(cursor.Seek([(byte)i], SeekMode.Equal));
            Assert.Equal(expected.Length, cursor.ValueLength);
            for (int n = 0; n < 30; n++)
            {
                int from = random.Next(expected.Length + 10);
                byte[] part = new byte[random.Next(1, n % 5 == 0 ? 100_000 : 3000)];
                int read = cursor.ReadValue(from, part);
                Assert.Equal(Math.Clamp(expected.Length - from, 0, part.Length), read);
                Assert.True(part.AsSpan(0, read).SequenceEqual(expected.AsSpan(Math.Min(from, expected.Length), read)));
            }

            // From the start to the end, as a stream is read.
            byte[] all = new byte[expected.Length];
            for (int at = 0; at < all.Length;)
                at += cursor.ReadValue(at, all.AsSpan(at, Math.Min(5000, all.Length - at)));
            Assert.True(all.AsSpan().SequenceEqual(expected));
        }
    }

    [Fact]
    public void What_does_not_get_smaller_by_a_page_stays_as_it_is()
    {
        using SpaceHarness harness = new(), plain = new();
        TreeId tree = harness.Create(), other = plain.Create();
        byte[] noise = new byte[50_000];
        new Random(4).NextBytes(noise);
        Put(harness, tree, Key, noise);
        Put(harness, tree, [9], Text(2000, 1)); // one page either way
        plain.Write(other, [(Key, noise), ([9], Text(2000, 1))]);
        Assert.Equal(plain.Pages, harness.Pages);
        harness.Verify();
    }

    [Fact]
    public void A_transaction_reads_its_own_and_savepoints_put_back_what_was()
    {
        using SpaceHarness harness = new();
        TreeId tree = harness.Create();
        using StorageTransaction transaction = harness.Engine.Begin();
        transaction.BeginStatement();
        transaction.PutCompressible(tree, Key, Text(30_000, 1));
        Savepoint point = transaction.CreateSavepoint();
        transaction.BeginStatement();
        Assert.True(Read(transaction, tree).SequenceEqual(Text(30_000, 1)));
        transaction.PutCompressible(tree, Key, Text(50_000, 2));
        transaction.BeginStatement();
        Assert.True(Read(transaction, tree).SequenceEqual(Text(50_000, 2)));
        transaction.RollbackTo(point);
        transaction.BeginStatement();
        Assert.True(Read(transaction, tree).SequenceEqual(Text(30_000, 1)));
        transaction.Commit();
        harness.Model[tree][Convert.ToHexString(Key)] = Text(30_000, 1);
        harness.Verify();
        harness.Write(tree, [(Key, [1])]);
        harness.Settle();
        harness.Verify();
    }

    [Fact]
    public void They_move_with_a_vacuum_and_are_freed_when_replaced()
    {
        using SpaceHarness harness = new();
        TreeId tree = harness.Create();
        for (int i = 0; i < 60; i++)
            Put(harness, tree, [(byte)i], Text(60_000 + i, i));
        for (int i = 0; i < 50; i++)
            harness.Write(tree, [([(byte)i], null)]);
        harness.Settle();
        ulong before = harness.Pages;
        harness.Vacuum();
        Assert.True(harness.Pages < before / 3, $"{before} became {harness.Pages}");
        harness.Verify();
        harness.Reopen();
        harness.Verify();
    }

    [Theory]
    [InlineData("stream")]
    [InlineData("bomb")]
    [InlineData("longer")]
    [InlineData("flag")]
    public void Wrong_content_with_a_right_checksum_is_a_typed_error_and_found_by_the_check(string what)
    {
        using SpaceHarness harness = new();
        TreeId tree = harness.Create();
        Put(harness, tree, Key, Text(30_000, 1));
        using StorageTransaction reader = harness.Engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        using TreeCursor cursor = reader.OpenCursor(tree);
        harness.Engine.Store.TryFindTree(tree, harness.Engine.VisibleLsn, out ulong root);
        PageImage* leaf = harness.Engine.Store.Pool.Pin(root, ulong.MaxValue);
        OverflowValue.ReadReference(Node.Tail(leaf->Data, 0), out ulong top, out long stored);
        PagePool.Unpin(leaf);
        ulong data = top;
        PageImage* index = harness.Engine.Store.Pool.Pin(top, ulong.MaxValue);
        if (PageFormat.Kind(index->Data) == PageKind.OverflowIndex)
            data = *(ulong*)(index->Data + PageFormat.BodyOffset);
        PageImage* page = harness.Engine.Store.Pool.Pin(data, ulong.MaxValue);
        Assert.True(OverflowValue.PageCount(4096, stored) < OverflowValue.PageCount(4096, 30_000));
        byte* body = page->Data + PageFormat.BodyOffset;
        switch (what)
        {
            case "stream":
                for (int i = 100; i < 160; i++)
                    body[i] ^= 0x55;
                break;
            case "bomb":
                BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(body, 8), long.MaxValue / 2);
                break;
            case "longer":
                BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(body, 8), 30_001);
                break;
            default:
                index->Data[PageFormat.EncodingOffset] = 0;
                break;
        }

        PagePool.Unpin(page);
        PagePool.Unpin(index);
        Assert.True(cursor.Seek(Key, SeekMode.Equal));
        StorageException e = Assert.Throws<StorageException>(() => cursor.Value.Length);
        Assert.Equal(StorageErrorCode.Corruption, e.Code);
        Assert.Equal(top, e.Page.Value);
        StorageException parts = Assert.Throws<StorageException>(() =>
        {
            byte[] all = new byte[40_000];
            int at = 0;
            for (int n = 1; n > 0; at += n)
                n = cursor.ReadValue(at, all.AsSpan(at, 1000));
            if (!all.AsSpan(0, at).SequenceEqual(Text(30_000, 1)))
                throw new StorageException(StorageErrorCode.Corruption, "other bytes") { Page = new PageId(top) };
        });
        Assert.Equal(StorageErrorCode.Corruption, parts.Code);
        TreeWalker walker = new(harness.Engine.Store, reader.SnapshotLsn, root, null);
        Assert.False(walker.MoveNext());
        Assert.Equal(1, walker.Damaged);
        if (what == "flag")
            Assert.Contains(IntegrityChecker.Check(harness.Engine.Store), p => p.Kind == IntegrityProblemKind.Value && p.Page.Value == top);
    }

    private static byte[] Read(StorageTransaction transaction, TreeId tree)
    {
        using TreeCursor cursor = transaction.OpenCursor(tree);
        Assert.True(cursor.Seek(Key, SeekMode.Equal));
        return cursor.Value.ToArray();
    }
}
