using System.Buffers.Binary;
using Xunit;

namespace BareMetal.Data.Storage.Tests.Trees;

public sealed class TreeSplitsTests : IDisposable
{
    private readonly StorageEngine _engine = StorageEngine.Open(new StorageOptions { Provider = new MemoryStorageProvider(), Name = "t.bmdb", CacheBytes = 32 << 20, PageSize = 4096 });

    [Theory]
    [InlineData(0, 4)]
    [InlineData(10, 4)]
    [InlineData(2_000, 3)]
    [InlineData(60_000, 2)]
    [InlineData(60_000, 7)]
    [InlineData(60_000, 64)]
    public void Parts_are_disjoint_complete_and_of_about_equal_size(int entries, int parts)
    {
        TreeId tree;
        using (StorageTransaction t = _engine.Begin())
        {
            t.BeginStatement();
            tree = t.CreateTree();
            byte[] key = new byte[12];
            for (int i = 0; i < entries; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(key, i);
                t.Put(tree, key, new byte[40]);
            }

            t.Commit();
        }

        using StorageTransaction reader = _engine.Begin();
        reader.BeginStatement();
        Assert.True(reader.AllowsParallelReads);
        IReadOnlyList<byte[]> keys = reader.SplitTree(tree, parts);
        Assert.True(keys.Count < parts);
        if (entries >= 60_000)
            Assert.Equal(parts - 1, keys.Count);
        List<int> sizes = [];
        int next = 0;
        for (int part = 0; part <= keys.Count; part++)
        {
            using TreeCursor cursor = reader.OpenCursor(tree);
            int size = 0;
            for (bool more = part == 0 ? cursor.SeekFirst() : cursor.Seek(keys[part - 1]); more; more = cursor.MoveNext())
            {
                if (part < keys.Count && cursor.Key.SequenceCompareTo(keys[part]) >= 0)
                    break;
                Assert.Equal(next++, BinaryPrimitives.ReadInt32BigEndian(cursor.Key));
                size++;
            }

            sizes.Add(size);
        }

        Assert.Equal(entries, next);
        if (keys.Count == parts - 1)
            Assert.All(sizes, s => Assert.InRange(s, entries / parts / 2, entries / parts * 2));
    }

    [Fact]
    public void Own_changes_and_noted_reads_keep_a_statement_to_one_thread()
    {
        using StorageTransaction t = _engine.Begin();
        t.BeginStatement();
        TreeId tree = t.CreateTree();
        Assert.False(t.AllowsParallelReads);
        t.Put(tree, "k"u8, "v"u8);
        t.Commit();
        using StorageTransaction serializable = _engine.Begin(TransactionIsolation.Serializable);
        Assert.False(serializable.AllowsParallelReads);
    }

    public void Dispose() => _engine.Dispose();
}
