namespace BareMetal.Data.Values;

/// <summary>A run of bytes in an array: the physical form of text (UTF-8), bytea and JSON in vectors. Valid while its batch is.</summary>
internal readonly struct ByteSlice
{
    public static readonly ByteSlice Empty = new([], 0, 0);

    // The sign bit says that a structural index lies around the bytes (StoredJson); lengths never need it.
    private const int IndexedBit = int.MinValue;

    public readonly byte[] Array;
    public readonly int Offset;
    private readonly int _length;

    public ByteSlice(byte[] array, int offset, int length)
    {
        Array = array;
        Offset = offset;
        _length = length;
    }

    public ByteSlice(byte[] array)
        : this(array, 0, array.Length)
    {
    }

    public int Length => _length & ~IndexedBit;

    /// <summary>
    /// Whether the bytes are JSON that lies in <see cref="Array"/> in its stored form, with its structural index behind it. What copies
    /// the bytes alone loses the index and nothing else.
    /// </summary>
    public bool IsIndexed => _length < 0;

    /// <summary>The length with the mark of an index, to keep a slice in other fields.</summary>
    internal int RawLength => _length;

    public ReadOnlySpan<byte> Span => new(Array, Offset, Length);

    /// <summary>A slice of JSON around which its stored form lies.</summary>
    internal static ByteSlice Indexed(byte[] array, int offset, int length) => new(array, offset, length | IndexedBit);
}
