namespace BareMetal.Data.Values;

/// <summary>A run of bytes in an array: the physical form of text (UTF-8), bytea and JSON in vectors. Valid while its batch is.</summary>
internal readonly struct ByteSlice(byte[] array, int offset, int length)
{
    public static readonly ByteSlice Empty = new([], 0, 0);

    public readonly byte[] Array = array;
    public readonly int Offset = offset;
    public readonly int Length = length;

    public ByteSlice(byte[] array)
        : this(array, 0, array.Length)
    {
    }

    public ReadOnlySpan<byte> Span => new(Array, Offset, Length);
}
