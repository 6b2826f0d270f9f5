using System.Buffers.Binary;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Functions.Json;

/// <summary>
/// The value behind a JSON text: jsonb's normal form (members sorted by length and bytes of their names, the last of equal names kept,
/// numbers without exponent, one space behind colons and commas), and bytes in the order of PostgreSQL's jsonb comparison.
/// </summary>
internal static class JsonNormal
{
    // Kinds in ascending order.
    private const byte EmptyTopArray = 1, Null = 2, String = 3, Number = 4, False = 5, True = 6, Array = 7, Object = 8;

    // Exponents beyond this are not written out as zeros.
    private const int MaxWrittenExponent = 1000;

    /// <summary>Appends the normal form of valid JSON.</summary>
    public static void Write(ReadOnlySpan<byte> json, RowBuffer buffer)
    {
        json = JsonText.Trim(json);
        switch (json[0])
        {
            case (byte)'{':
                buffer.AppendByte((byte)'{');
                bool first = true;
                foreach (Member member in SortedMembers(json))
                {
                    if (!first)
                        buffer.Append(", "u8);
                    first = false;
                    JsonText.WriteString(member.Name, buffer);
                    buffer.Append(": "u8);
                    Write(json.Slice(member.Offset, member.Length), buffer);
                }

                buffer.AppendByte((byte)'}');
                break;
            case (byte)'[':
                buffer.AppendByte((byte)'[');
                bool firstElement = true;
                JsonElements elements = new(json);
                while (elements.Next())
                {
                    if (!firstElement)
                        buffer.Append(", "u8);
                    firstElement = false;
                    Write(elements.Value, buffer);
                }

                buffer.AppendByte((byte)']');
                break;
            case (byte)'"':
                if (json.IndexOf((byte)'\\') < 0)
                {
                    buffer.Append(json);
                }
                else
                {
                    RowBuffer text = new(json.Length);
                    JsonText.Unescape(json[1..^1], text);
                    JsonText.WriteString(text.Span, buffer);
                }

                break;
            case (byte)'t' or (byte)'f' or (byte)'n':
                buffer.Append(json);
                break;
            default:
                WriteNumber(json, buffer);
                break;
        }
    }

    /// <summary>Appends bytes whose memory order is the order of the values; prefix-free; equal for equal values.</summary>
    public static void AppendSortKey(ReadOnlySpan<byte> json, RowBuffer buffer)
    {
        json = JsonText.Trim(json);
        if (json[0] == '[' && JsonText.ArrayLength(json) == 0)
            buffer.AppendByte(EmptyTopArray);
        else
            AppendKey(json, buffer);
    }

    public static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.SequenceEqual(right))
            return 0;
        RowBuffer a = new(left.Length + 16), b = new(right.Length + 16);
        AppendSortKey(left, a);
        AppendSortKey(right, b);
        return a.Span.SequenceCompareTo(b.Span);
    }

    /// <summary>The members of an object in normal order, the last of equal names only.</summary>
    internal static List<Member> SortedMembers(ReadOnlySpan<byte> json)
    {
        List<Member> list = [];
        JsonMembers members = new(json);
        RowBuffer name = new(32);
        while (members.Next())
        {
            name.Clear();
            JsonText.Unescape(members.RawName, name);
            int offset = (int)System.Runtime.CompilerServices.Unsafe.ByteOffset(
                ref System.Runtime.InteropServices.MemoryMarshal.GetReference(json),
                ref System.Runtime.InteropServices.MemoryMarshal.GetReference(members.Value));
            list.Add(new Member(name.ToArray(), offset, members.Value.Length, list.Count));
        }

        list.Sort(static (a, b) =>
        {
            int order = a.Name.Length.CompareTo(b.Name.Length);
            if (order == 0)
                order = a.Name.AsSpan().SequenceCompareTo(b.Name);
            return order != 0 ? order : a.Index.CompareTo(b.Index);
        });
        for (int i = list.Count - 2; i >= 0; i--)
        {
            if (list[i].Name.AsSpan().SequenceEqual(list[i + 1].Name))
                list.RemoveAt(i);
        }

        return list;
    }

    private static void AppendKey(ReadOnlySpan<byte> json, RowBuffer buffer)
    {
        json = JsonText.Trim(json);
        switch (json[0])
        {
            case (byte)'n':
                buffer.AppendByte(Null);
                break;
            case (byte)'t':
                buffer.AppendByte(True);
                break;
            case (byte)'f':
                buffer.AppendByte(False);
                break;
            case (byte)'"':
                buffer.AppendByte(String);
                RowBuffer text = new(json.Length);
                JsonText.Unescape(json[1..^1], text);
                KeyText.AppendEscaped(text.Span, buffer);
                break;
            case (byte)'[':
                buffer.AppendByte(Array);
                BinaryPrimitives.WriteInt32BigEndian(buffer.Append(4), JsonText.ArrayLength(json));
                JsonElements elements = new(json);
                while (elements.Next())
                    AppendKey(elements.Value, buffer);
                break;
            case (byte)'{':
                buffer.AppendByte(Object);
                List<Member> members = SortedMembers(json);
                BinaryPrimitives.WriteInt32BigEndian(buffer.Append(4), members.Count);
                foreach (Member member in members)
                {
                    KeyText.AppendEscaped(member.Name, buffer);
                    AppendKey(json.Slice(member.Offset, member.Length), buffer);
                }

                break;
            default:
                buffer.AppendByte(Number);
                Parts number = Split(json);
                KeyText.AppendNumber(number.Negative, number.Exponent + number.Digits.Length, number.Digits, buffer);
                break;
        }
    }

    private static void WriteNumber(ReadOnlySpan<byte> json, RowBuffer buffer)
    {
        bool hasExponent = json.IndexOfAny((byte)'e', (byte)'E') >= 0;
        bool negative = json[0] == '-';
        if (!hasExponent)
        {
            // A negative zero is zero.
            if (negative && json.IndexOfAnyInRange((byte)'1', (byte)'9') < 0)
                json = json[1..];
            buffer.Append(json);
            return;
        }

        Parts raw = Split(json, keepZeros: true);
        if (Math.Abs(raw.Exponent) > MaxWrittenExponent)
        {
            buffer.Append(json);
            return;
        }

        ReadOnlySpan<byte> digits = raw.Digits;
        if (negative && digits.IndexOfAnyInRange((byte)'1', (byte)'9') >= 0)
            buffer.AppendByte((byte)'-');
        int point = digits.Length + (int)raw.Exponent;
        if (point > 1 && digits.IndexOfAnyInRange((byte)'1', (byte)'9') < 0)
        {
            digits = digits[..1];
            point = 1;
        }

        if (point <= 0)
        {
            buffer.Append("0."u8);
            for (int i = point; i < 0; i++)
                buffer.AppendByte((byte)'0');
            buffer.Append(digits);
            return;
        }

        // Leading zeros go as far as a digit before the point remains.
        int skip = 0;
        while (skip < digits.Length - 1 && skip < point - 1 && digits[skip] == '0')
            skip++;
        for (int i = skip; i < point; i++)
            buffer.AppendByte(i < digits.Length ? digits[i] : (byte)'0');
        if (point < digits.Length)
        {
            buffer.AppendByte((byte)'.');
            buffer.Append(digits[point..]);
        }
    }

    /// <summary>Splits a number into digits × 10^exponent; digits without zeros at both ends unless told to keep them (none for zero).</summary>
    private static Parts Split(ReadOnlySpan<byte> json, bool keepZeros = false)
    {
        bool negative = json[0] == '-';
        if (negative)
            json = json[1..];
        long exponent = 0;
        int e = json.IndexOfAny((byte)'e', (byte)'E');
        if (e >= 0)
        {
            ReadOnlySpan<byte> text = json[(e + 1)..];
            bool minus = text[0] == '-';
            if (text[0] is (byte)'-' or (byte)'+')
                text = text[1..];
            foreach (byte b in text)
                exponent = Math.Min(exponent * 10 + (b - '0'), 1_000_000_000);
            if (minus)
                exponent = -exponent;
            json = json[..e];
        }

        byte[] digits;
        int point = json.IndexOf((byte)'.');
        if (point >= 0)
        {
            digits = [.. json[..point], .. json[(point + 1)..]];
            exponent -= json.Length - point - 1;
        }
        else
        {
            digits = json.ToArray();
        }

        if (!keepZeros)
        {
            int start = 0, end = digits.Length;
            while (start < end && digits[start] == '0')
                start++;
            while (end > start && digits[end - 1] == '0')
            {
                end--;
                exponent++;
            }

            digits = digits[start..end];
            if (digits.Length == 0)
            {
                exponent = 0;
                negative = false;
            }
        }

        return new Parts(negative, exponent, digits);
    }

    internal readonly record struct Member(byte[] Name, int Offset, int Length, int Index);

    private readonly record struct Parts(bool Negative, long Exponent, byte[] Digits);
}
