using System.Buffers.Binary;

namespace BareMetal.Data.Rows;

/// <summary>Order-preserving, prefix-free forms of byte strings and of numbers of any length.</summary>
internal static class KeyText
{
    /// <summary>Appends bytes with 00 as 00 FF and 00 00 at the end: memory order stays the order of the bytes, no form is a prefix of another.</summary>
    public static void AppendEscaped(ReadOnlySpan<byte> bytes, RowBuffer buffer)
    {
        while (true)
        {
            int zero = bytes.IndexOf((byte)0);
            if (zero < 0)
                break;
            buffer.Append(bytes[..(zero + 1)]);
            buffer.AppendByte(0xFF);
            bytes = bytes[(zero + 1)..];
        }

        buffer.Append(bytes);
        buffer.AppendByte(0);
        buffer.AppendByte(0);
    }

    /// <summary>The index behind an escaped string that begins at <paramref name="at"/>; the bytes may be inverted (<paramref name="mask"/> FF).</summary>
    public static int SkipEscaped(ReadOnlySpan<byte> key, int at, byte mask)
    {
        while (true)
        {
            int zero = (uint)at < (uint)key.Length ? key[at..].IndexOf(mask) : -1;
            if (zero < 0 || at + zero + 1 >= key.Length)
                throw RowErrors.Corrupted("a text in a key has no end");
            at += zero + 2;
            if (key[at - 1] == mask)
                return at;
        }
    }

    /// <summary>Appends the bytes that an escaped string stands for and moves past it.</summary>
    public static void ReadEscaped(ReadOnlySpan<byte> key, ref int at, byte mask, RowBuffer buffer)
    {
        int end = SkipEscaped(key, at, mask);
        ReadOnlySpan<byte> source = key[at..(end - 2)];
        at = end;
        int start = buffer.Length;
        while (true)
        {
            int zero = source.IndexOf(mask);
            if (zero < 0)
                break;
            buffer.Append(source[..(zero + 1)]);
            source = source[(zero + 2)..];
        }

        buffer.Append(source);
        if (mask != 0)
            Invert(buffer.WrittenSpan[start..]);
    }

    /// <summary>
    /// Appends a number given as 0.d1d2… × 10^exponent with ASCII digits that have no zeros at either end (none at all for zero):
    /// class, exponent, digits in pairs, end; the latter three inverted for negative numbers.
    /// </summary>
    public static void AppendNumber(bool negative, long exponent, ReadOnlySpan<byte> digits, RowBuffer buffer)
    {
        if (digits.IsEmpty)
        {
            buffer.AppendByte(2);
            return;
        }

        buffer.AppendByte(negative ? (byte)1 : (byte)3);
        int start = buffer.Length;
        BinaryPrimitives.WriteInt32BigEndian(buffer.Append(4), (int)Math.Clamp(exponent, int.MinValue, int.MaxValue) ^ int.MinValue);
        AppendDigits(digits, buffer);
        if (negative)
            Invert(buffer.WrittenSpan[start..]);
    }

    /// <summary>Appends a decimal: like <see cref="AppendNumber"/> with an exponent of one byte.</summary>
    public static void AppendDecimal(decimal value, RowBuffer buffer)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        UInt128 mantissa = new((uint)bits[2], (uint)bits[0] | ((ulong)(uint)bits[1] << 32));
        if (mantissa == UInt128.Zero)
        {
            buffer.AppendByte(2);
            return;
        }

        // 29 digits at most: two runs of a 64-bit number.
        Span<byte> digits = stackalloc byte[30];
        int count = 0;
        const ulong split = 1_000_000_000_000_000;
        if (mantissa <= ulong.MaxValue)
        {
            ((ulong)mantissa).TryFormat(digits, out count);
        }
        else
        {
            (UInt128 high, UInt128 low) = UInt128.DivRem(mantissa, split);
            ((ulong)high).TryFormat(digits, out count);
            ((ulong)low).TryFormat(digits[count..], out int lower, "D15");
            count += lower;
        }

        int exponent = count - ((bits[3] >> 16) & 0xFF);
        while (digits[count - 1] == '0')
            count--;
        bool negative = bits[3] < 0;
        buffer.AppendByte(negative ? (byte)1 : (byte)3);
        int start = buffer.Length;
        buffer.AppendByte((byte)(exponent + 64));
        AppendDigits(digits[..count], buffer);
        if (negative)
            Invert(buffer.WrittenSpan[start..]);
    }

    /// <summary>The index behind a decimal that begins at <paramref name="at"/>.</summary>
    public static int SkipDecimal(ReadOnlySpan<byte> key, int at, byte mask)
    {
        if ((uint)at >= (uint)key.Length)
            throw RowErrors.Corrupted("a number in a key has no end");
        int sign = key[at] ^ mask;
        if (sign == 2)
            return at + 1;
        byte end = (byte)((sign == 1 ? 0xFF : 0) ^ mask);
        int length = at + 2 <= key.Length ? key[(at + 2)..].IndexOf(end) : -1;
        return length >= 0 ? at + 2 + length + 1 : throw RowErrors.Corrupted("a number in a key has no end");
    }

    public static void Invert(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)~bytes[i];
    }

    private static void AppendDigits(ReadOnlySpan<byte> digits, RowBuffer buffer)
    {
        for (int i = 0; i < digits.Length; i += 2)
        {
            int pair = (digits[i] - '0') * 10 + (i + 1 < digits.Length ? digits[i + 1] - '0' : 0);
            buffer.AppendByte((byte)(pair + 1));
        }

        buffer.AppendByte(0);
    }
}
