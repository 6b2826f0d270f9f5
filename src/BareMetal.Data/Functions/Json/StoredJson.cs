using System.Buffers.Binary;
using BareMetal.Data.Rows;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json;

/// <summary>
/// JSON as rows hold it: the text alone, or <c>01</c>, the length of the index (32 bits), the text, its structural index
/// (<see cref="JsonIndexBuilder"/>). No JSON text begins with <c>01</c>, so the two cannot be taken for each other.
/// </summary>
internal static class StoredJson
{
    /// <summary>Shorter texts are scanned as fast as an index is opened (docs/decisions/0012-json-structural-index.md).</summary>
    public const int MinIndexedLength = 512;

    internal const byte Marker = 1;
    internal const int HeaderSize = 5;

    /// <summary>Appends the stored form. An index that came with the text is taken over, otherwise one is built when it pays.</summary>
    public static void Append(ByteSlice json, RowBuffer buffer)
    {
        if (json.IsIndexed)
        {
            // What goes to storage again is checked first: a damaged index must not get a fresh page checksum.
            ReadOnlySpan<byte> whole = Whole(json);
            if (JsonIndex.IsIntact(json.Span, whole[(HeaderSize + json.Length)..]))
            {
                buffer.Append(whole);
                return;
            }
        }

        ReadOnlySpan<byte> text = json.Span;
        if (text.Length < MinIndexedLength)
        {
            buffer.Append(text);
            return;
        }

        int start = buffer.Length;
        buffer.AppendByte(Marker);
        buffer.Append(4);
        buffer.Append(text);
        int indexAt = buffer.Length;
        if (JsonIndexBuilder.TryBuild(text, buffer))
        {
            BinaryPrimitives.WriteInt32LittleEndian(buffer.WrittenSpan[(start + 1)..], buffer.Length - indexAt);
            return;
        }

        buffer.Length = start;
        buffer.Append(text);
    }

    /// <summary>The text in its stored form.</summary>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> stored) =>
        stored.Length > 0 && stored[0] == Marker ? stored.Slice(HeaderSize, TextLength(stored)) : stored;

    /// <summary>Copies the stored form and gives the text in it.</summary>
    public static ByteSlice Read(ReadOnlySpan<byte> stored, ByteArena arena) => Place(stored, arena.Copy(stored));

    /// <summary>Copies the stored form and gives the text in it.</summary>
    public static ByteSlice Read(ReadOnlySpan<byte> stored) => Place(stored, new ByteSlice(stored.ToArray()));

    /// <summary>A copy of an indexed slice with all that belongs to it.</summary>
    public static ByteSlice Copy(ByteSlice json) => Read(Whole(json));

    /// <summary>A copy of an indexed slice with all that belongs to it.</summary>
    public static ByteSlice Copy(ByteSlice json, ByteArena arena) => Read(Whole(json), arena);

    /// <summary>The structural index of an indexed slice.</summary>
    public static ReadOnlySpan<byte> Index(ByteSlice json) => Whole(json)[(HeaderSize + json.Length)..];

    private static ReadOnlySpan<byte> Whole(ByteSlice json)
    {
        int start = json.Offset - HeaderSize;
        int length = BinaryPrimitives.ReadInt32LittleEndian(json.Array.AsSpan(start + 1));
        return json.Array.AsSpan(start, HeaderSize + json.Length + length);
    }

    private static ByteSlice Place(ReadOnlySpan<byte> stored, ByteSlice copy) =>
        stored.Length > 0 && stored[0] == Marker ? ByteSlice.Indexed(copy.Array, copy.Offset + HeaderSize, TextLength(stored)) : copy;

    private static int TextLength(ReadOnlySpan<byte> stored)
    {
        int index = stored.Length >= HeaderSize ? BinaryPrimitives.ReadInt32LittleEndian(stored[1..]) : -1;
        int text = stored.Length - HeaderSize - index;
        return index >= 0 && text > 0 ? text : throw RowErrors.Corrupted("a JSON value's structural index is longer than the value");
    }
}
