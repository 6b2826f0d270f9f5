namespace BareMetal.Data.Rows;

/// <summary>Reads integers of seven bits per byte, least significant first.</summary>
internal static class VarInt
{
    /// <summary>Reads one at <paramref name="offset"/> and moves past it. Bytes that end early are 'data corrupted'.</summary>
    public static ulong Read(ReadOnlySpan<byte> bytes, ref int offset)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64 && (uint)offset < (uint)bytes.Length; shift += 7)
        {
            byte b = bytes[offset++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }

        throw RowErrors.Corrupted("a length ends early");
    }

    public static int ReadInt32(ReadOnlySpan<byte> bytes, ref int offset)
    {
        ulong value = Read(bytes, ref offset);
        return value <= int.MaxValue ? (int)value : throw RowErrors.Corrupted("a length is out of range");
    }

    public static int SizeOf(ulong value)
    {
        int size = 1;
        while (value >= 0x80)
        {
            value >>= 7;
            size++;
        }

        return size;
    }
}
