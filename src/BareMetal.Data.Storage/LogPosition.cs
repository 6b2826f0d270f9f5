namespace BareMetal.Data.Storage;

/// <summary>A position in the log: an extent's number and a byte offset in it.</summary>
/// <param name="Extent">The number of the extent; grows with every use of an extent file.</param>
/// <param name="Offset">Byte offset within the extent.</param>
public readonly record struct LogPosition(ulong Extent, long Offset) : IComparable<LogPosition>
{
    /// <inheritdoc/>
    public int CompareTo(LogPosition other)
    {
        int c = Extent.CompareTo(other.Extent);
        return c != 0 ? c : Offset.CompareTo(other.Offset);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Extent}:{Offset}";
}
