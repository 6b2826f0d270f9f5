namespace BareMetal.Data.Values;

/// <summary>The physical form of datetimeoffset: an instant and the offset it was written with. Compared by instant.</summary>
internal readonly record struct OffsetInstant(long UtcTicks, short OffsetMinutes) : IComparable<OffsetInstant>
{
    public int CompareTo(OffsetInstant other) => UtcTicks.CompareTo(other.UtcTicks);
}
