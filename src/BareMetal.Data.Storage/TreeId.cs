namespace BareMetal.Data.Storage;

/// <summary>Names a B+tree. Never reused after the tree is dropped.</summary>
/// <param name="Value">The tree's number. 1 to 1023 are reserved for fixed trees that exist in every database.</param>
public readonly record struct TreeId(ulong Value) : IComparable<TreeId>
{
    /// <summary>The first number given to a tree made by <c>StorageTransaction.CreateTree</c>.</summary>
    public const ulong FirstDynamic = 1024;

    /// <inheritdoc/>
    public int CompareTo(TreeId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
