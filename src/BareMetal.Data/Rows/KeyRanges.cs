namespace BareMetal.Data.Rows;

/// <summary>Bounds for scans over keys.</summary>
internal static class KeyRanges
{
    /// <summary>
    /// Turns a prefix into the smallest key above all keys that begin with it. False when there is none (the prefix is empty or all FF):
    /// the range has no end.
    /// </summary>
    public static bool TryMakeEnd(RowBuffer prefix)
    {
        while (prefix.Length > 0)
        {
            ref byte last = ref prefix.WrittenSpan[prefix.Length - 1];
            if (last != 0xFF)
            {
                last++;
                return true;
            }

            prefix.Length--;
        }

        return false;
    }

    /// <summary>
    /// Appends the start of a range of texts that begin with a prefix (ordinal collation, ascending): the part without its end mark.
    /// Keys of such texts begin with these bytes; <see cref="TryMakeEnd"/> gives the range's end.
    /// </summary>
    public static void AppendTextPrefix(KeyEncoder part, ReadOnlySpan<byte> prefix, RowBuffer buffer)
    {
        if (part.IsNullable)
            buffer.AppendByte(KeyEncoder.ValueMarker);
        int start = buffer.Length;
        KeyText.AppendEscaped(prefix, buffer);
        buffer.Length -= 2;
        if (part.IsDescending)
            KeyText.Invert(buffer.WrittenSpan[start..]);
    }
}
