using Xunit;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Tests.Pages;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Tests.Trees;

/// <summary>A page store beside a model of what it should hold.</summary>
internal sealed class StoreHarness : IDisposable
{
    public sealed class Model : SortedDictionary<byte[], (byte[] Value, ulong Lsn)>
    {
        public Model()
            : base(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)))
        {
        }

        public Model Clone()
        {
            var copy = new Model();
            foreach (KeyValuePair<byte[], (byte[], ulong)> pair in this)
            {
                copy.Add(pair.Key, pair.Value);
            }
            return copy;
        }
    }

    private readonly PageStoreOptions _options;
    private readonly MemoryStorageProvider _temporary = new();

    public StoreHarness(int pageSize = 4096, int frames = 64, Guid? id = null)
    {
        _options = new PageStoreOptions
        {
            PageSize = pageSize,
            CacheBytes = (long)frames * pageSize,
            DatabaseId = id ?? new Guid("0f8fad5b-d9cb-469f-a165-70867728950e"),
            FrameTimeout = TimeSpan.FromSeconds(2),
        };
        File = new MemoryPageFile(pageSize, _options.DatabaseId);
        Store = PageStore.Create(_options, File, _temporary);
        File.Take(Store);
    }

    public PageStore Store { get; private set; }

    public MemoryPageFile File { get; }

    public Lsn Last { get; private set; } = Lsn.Zero;

    public Lsn NextLsn() => Last.Next();

    /// <summary>Makes one commit: prepared if possible, else direct.</summary>
    public void Commit(Action<WriteBatch, Lsn> change, Func<WriteBatch, bool>? prepare = null, bool visible = true)
    {
        Lsn lsn = Last.Next();
        if (prepare is not null)
        {
            WriteBatch batch = Store.BeginBatch();
            if (prepare(batch))
            {
                change(batch, lsn);
                batch.Publish(lsn);
                Done(lsn, visible);
                return;
            }
            batch.AbandonPrepared();
            batch.Rollback();
        }
        WriteBatch direct = Store.BeginBatch(BatchMode.Direct);
        change(direct, lsn);
        direct.Publish(lsn);
        Done(lsn, visible);
    }

    public void Create(ulong tree) => Commit((b, lsn) => b.CreateTree(lsn, new TreeId(tree)));

    public void Put(ulong tree, byte[] key, byte[] value)
        => Commit((b, lsn) => b.Put(lsn, new TreeId(tree), key, value), b => b.Prepare(new TreeId(tree), key, value));

    public void Delete(ulong tree, byte[] key)
        => Commit((b, lsn) => b.Delete(lsn, new TreeId(tree), key), b => b.PrepareDelete(new TreeId(tree), key));

    /// <summary>Notes a commit that a test made by itself.</summary>
    public void Done(Lsn lsn, bool visible = true)
    {
        Last = lsn;
        if (visible)
        {
            Store.AdvanceVisible(lsn);
        }
    }

    /// <summary>Closes the store without a checkpoint and opens it as of the last one.</summary>
    public void Reopen()
    {
        Store.Dispose();
        Store = PageStore.Open(_options, File, _temporary, File.Checkpoint);
        Last = File.Checkpoint;
    }

    /// <summary>Compares a whole tree with the model, both ways, and some seeks.</summary>
    public void Verify(ulong tree, Model model, Lsn lsn, Random random)
    {
        PageCursor cursor = Store.OpenCursor(new TreeId(tree), lsn);
        bool more = cursor.SeekFirst();
        foreach ((byte[] key, (byte[] value, ulong entryLsn)) in model)
        {
            Assert.True(more, $"Missing at {lsn}: {Convert.ToHexString(key)}");
            Assert.True(cursor.Key.SequenceEqual(key), $"At {lsn}: {Convert.ToHexString(cursor.Key)} is not {Convert.ToHexString(key)}");
            Assert.True(cursor.Value.SequenceEqual(value), $"Value of {Convert.ToHexString(key)} at {lsn}");
            Assert.Equal(entryLsn, cursor.EntryLsn);
            Assert.Equal(value.Length, cursor.ValueLength);
            more = cursor.MoveNext();
        }
        Assert.False(more, "More entries than the model has.");
        more = cursor.SeekLast();
        foreach ((byte[] key, _) in model.Reverse())
        {
            Assert.True(more && cursor.Key.SequenceEqual(key), "Backwards.");
            more = cursor.MovePrevious();
        }
        Assert.False(more);
        byte[][] keys = [.. model.Keys];
        for (int i = 0; i < 20; i++)
        {
            byte[] probe = keys.Length > 0 && random.Next(2) == 0 ? keys[random.Next(keys.Length)] : RandomKey(random, 0);
            int at = Array.BinarySearch(keys, probe, model.Comparer);
            bool present = at >= 0;
            int position = present ? at : ~at;
            Expect(cursor, probe, SeekMode.Equal, present ? keys[at] : null);
            Expect(cursor, probe, SeekMode.GreaterOrEqual, position < keys.Length ? keys[position] : null);
            int after = present ? position + 1 : position;
            Expect(cursor, probe, SeekMode.Greater, after < keys.Length ? keys[after] : null);
            Expect(cursor, probe, SeekMode.LessOrEqual, present ? keys[at] : position > 0 ? keys[position - 1] : null);
            Expect(cursor, probe, SeekMode.Less, position > 0 ? keys[position - 1] : null);
            VerifyPoint(tree, lsn, probe, present ? model[probe].Value : null);
        }
        Store.ReturnCursor(cursor);
    }

    private void VerifyPoint(ulong tree, Lsn lsn, byte[] key, byte[]? value)
    {
        var buffer = new byte[Store.PageSize];
        switch (Store.TryGet(Store.FindTree(new TreeId(tree), lsn), lsn, key, buffer, out int length, out _))
        {
            case PointRead.Found:
                Assert.NotNull(value);
                Assert.True(buffer.AsSpan(0, length).SequenceEqual(value));
                break;
            case PointRead.Missing:
                Assert.Null(value);
                break;
        }
    }

    private static void Expect(PageCursor cursor, byte[] probe, SeekMode mode, byte[]? expected)
    {
        bool found = cursor.Seek(probe, mode);
        Assert.True(found == (expected is not null), $"{mode} {Convert.ToHexString(probe)}: found {found}");
        if (found)
        {
            Assert.True(cursor.Key.SequenceEqual(expected), $"{mode} {Convert.ToHexString(probe)}: {Convert.ToHexString(cursor.Key)}");
        }
    }

    /// <summary>Keys of several shapes, so that prefixes, heads and lengths all matter.</summary>
    public static byte[] RandomKey(Random random, int maxLength)
    {
        switch (random.Next(6))
        {
            case 0:
                var number = new byte[8];
                System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(number, random.Next(400));
                return number;
            case 1:
                return System.Text.Encoding.ASCII.GetBytes($"customer/{random.Next(30):d4}/order/{random.Next(20)}");
            case 2:
                var bytes = new byte[random.Next(7)];
                for (int i = 0; i < bytes.Length; i++)
                {
                    bytes[i] = (byte)(random.Next(3) * 127);
                }
                return bytes;
            case 3 when maxLength > 0:
                var text = new byte[random.Next(1, maxLength)];
                Array.Fill(text, (byte)'k');
                text[^1] = (byte)random.Next(256);
                return text;
            default:
                var any = new byte[random.Next(1, 20)];
                random.NextBytes(any);
                return any;
        }
    }

    public static byte[] RandomValue(Random random, int pageSize)
    {
        int length = random.Next(40) switch
        {
            0 => random.Next(pageSize * 5),
            < 4 => random.Next(pageSize / 3),
            _ => random.Next(60),
        };
        var value = new byte[length];
        random.NextBytes(value);
        return value;
    }

    public void Dispose() => Store.Dispose();
}
