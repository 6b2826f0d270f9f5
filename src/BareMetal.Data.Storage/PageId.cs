namespace BareMetal.Data.Storage;

/// <summary>Names a page of the data file. The page lies at byte offset <c>Value × page size</c>.</summary>
/// <param name="Value">The page's number; 0 is the null page.</param>
public readonly record struct PageId(ulong Value) : IComparable<PageId>
{
    /// <summary>No page.</summary>
    public static PageId None => default;

    /// <summary>Whether this names no page.</summary>
    public bool IsNone => Value == 0;

    /// <inheritdoc/>
    public int CompareTo(PageId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
