using System.Collections.Immutable;

namespace BareMetal.Data.Simulation.Storage;

/// <summary>What a database holds, at the storage level: trees and how far each counter was used. A value; states share what they have in common.</summary>
internal sealed record StorageState(ImmutableSortedDictionary<ulong, TreeState> Trees, ImmutableSortedDictionary<ulong, ulong> Counters)
{
    /// <summary>The tree of the commits' marks. Entry: who committed; value: the number of the last state that it made.</summary>
    public const ulong Marks = 600;

    public static readonly StorageState Empty = new(
        ImmutableSortedDictionary<ulong, TreeState>.Empty.Add(Marks, TreeState.Create(Marks, 0, isIndex: true)),
        ImmutableSortedDictionary<ulong, ulong>.Empty);

    /// <summary>The trees that rows are written to: those that are not an index.</summary>
    public IEnumerable<TreeState> Tables
    {
        get
        {
            foreach (TreeState tree in Trees.Values)
            {
                if (!tree.IsIndex)
                    yield return tree;
            }
        }
    }

    public StorageState With(TreeState tree) => this with { Trees = Trees.SetItem(tree.Id, tree) };

    public StorageState Without(ulong tree) => this with { Trees = Trees.Remove(tree) };
}

/// <summary>A tree: its entries, what its keys look like, and its index if it has one.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Shape">What its keys look like: see <see cref="StorageKeys"/>.</param>
/// <param name="Index">The tree that is kept as an index of this one; 0 for none.</param>
/// <param name="IsIndex">Whether it is an index itself.</param>
/// <param name="Entries">Keys and values.</param>
internal sealed record TreeState(ulong Id, int Shape, ulong Index, bool IsIndex, ImmutableSortedDictionary<byte[], byte[]> Entries)
{
    public static TreeState Create(ulong id, int shape, bool isIndex) =>
        new(id, shape, 0, isIndex, ImmutableSortedDictionary.Create<byte[], byte[]>(ByteOrder.Instance));

    public TreeState Put(byte[] key, byte[] value) => this with { Entries = Entries.SetItem(key, value) };

    public TreeState Delete(byte[] key) => this with { Entries = Entries.Remove(key) };
}

/// <summary>The order of keys: bytes, unsigned.</summary>
internal sealed class ByteOrder : IComparer<byte[]>
{
    public static readonly ByteOrder Instance = new();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
}
