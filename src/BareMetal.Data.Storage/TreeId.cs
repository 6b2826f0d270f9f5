namespace BareMetal.Data.Storage;

/// <summary>Names a B+tree. Never reused after the tree is dropped.</summary>
/// <param name="Value">The tree's number. 1 to 1023 are reserved for fixed trees that exist in every database.</param>
public readonly record struct TreeId(ulong Value) : IComparable<TreeId>
{
    /// <summary>The first number given to a tree made by <c>StorageTransaction.CreateTree</c>.</summary>
    public const ulong FirstDynamic = 1024;

    /// <summary>Set in the numbers of trees and counters of a session's own, temporary database; see <c>StorageTransaction.Attach</c>.</summary>
    internal const ulong TemporaryBit = 1UL << 63;

    /// <summary>Whether it is a tree of the temporary database of a session.</summary>
    internal bool IsTemporary => (Value & TemporaryBit) != 0;

    /// <summary>The number within the temporary database.</summary>
    internal TreeId Inner => new(Value & ~TemporaryBit);

    /// <inheritdoc/>
    public int CompareTo(TreeId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
