using System.Globalization;
using System.Text;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;

namespace BareMetal.Data.Values;

/// <summary>The text of values, as CAST to text gives it: PostgreSQL's forms with 100 ns and .NET's round-trip numbers.</summary>
internal static class ValueText
{
    /// <summary>The text of a value that is not null; for messages, EXPLAIN and tests.</summary>
    public static string Format(SqlType type, in Value value)
    {
        if (value.IsNull)
            return "NULL";
        RowBuffer buffer = new(64);
        Append(type, value, buffer);
        return Encoding.UTF8.GetString(buffer.Span);
    }

    /// <summary>Appends the text of a value that is not null.</summary>
    public static void Append(SqlType type, in Value value, RowBuffer buffer)
    {
        switch (type.Kind)
        {
            case SqlTypeKind.Boolean: Append(value.As<bool>(), buffer); break;
            case SqlTypeKind.TinyInt: Append(value.As<sbyte>(), buffer); break;
            case SqlTypeKind.SmallInt: Append(value.As<short>(), buffer); break;
            case SqlTypeKind.Integer: Append(value.As<int>(), buffer); break;
            case SqlTypeKind.BigInt: Append(value.As<long>(), buffer); break;
            case SqlTypeKind.UTinyInt: Append(value.As<byte>(), buffer); break;
            case SqlTypeKind.USmallInt: Append(value.As<ushort>(), buffer); break;
            case SqlTypeKind.UInteger: Append(value.As<uint>(), buffer); break;
            case SqlTypeKind.UBigInt or SqlTypeKind.RowVersion: Append(value.As<ulong>(), buffer); break;
            case SqlTypeKind.Real: Append(value.As<float>(), buffer); break;
            case SqlTypeKind.Double: Append(value.As<double>(), buffer); break;
            case SqlTypeKind.Decimal: Append(value.As<decimal>(), buffer); break;
            case SqlTypeKind.Uuid: Append(value.As<Guid>(), buffer); break;
            case SqlTypeKind.Date: AppendDate(value.As<int>(), buffer); break;
            case SqlTypeKind.Time: AppendTime(value.As<long>(), buffer); break;
            case SqlTypeKind.Timestamp: AppendTimestamp(value.As<long>(), buffer); break;
            case SqlTypeKind.TimestampTz: AppendTimestampTz(value.As<long>(), buffer); break;
            case SqlTypeKind.DateTimeOffset: AppendOffset(value.As<OffsetInstant>(), buffer); break;
            case SqlTypeKind.TimeSpan: AppendTimeSpan(value.As<long>(), buffer); break;
            case SqlTypeKind.Interval: IntervalText.Append(value.As<BareMetalInterval>(), buffer); break;
            case SqlTypeKind.Bytea: AppendHex(value.As<ByteSlice>().Span, buffer); break;
            case SqlTypeKind.Array: AppendArray(value.As<ArrayValue>(), buffer); break;
            case SqlTypeKind.Record: AppendRecord(value.As<ArrayValue>(), buffer); break;
            default: buffer.Append(value.As<ByteSlice>().Span); break;
        }
    }

    public static void Append(bool value, RowBuffer buffer) => buffer.Append(value ? "true"u8 : "false"u8);

    /// <summary>Appends a number in .NET's invariant round-trip form.</summary>
    public static void Append<T>(T value, RowBuffer buffer)
        where T : struct, IUtf8SpanFormattable
    {
        value.TryFormat(buffer.GetSpan(64), out int written, default, CultureInfo.InvariantCulture);
        buffer.Advance(written);
    }

    public static void AppendDate(int dayNumber, RowBuffer buffer) => Append(DateOnly.FromDayNumber(dayNumber), "yyyy-MM-dd", buffer);

    public static void AppendTime(long ticks, RowBuffer buffer)
    {
        Append(new TimeOnly(ticks), "HH:mm:ss", buffer);
        AppendFraction(ticks, buffer);
    }

    public static void AppendTimestamp(long ticks, RowBuffer buffer)
    {
        Append(new DateTime(ticks), "yyyy-MM-dd HH:mm:ss", buffer);
        AppendFraction(ticks, buffer);
    }

    public static void AppendTimestampTz(long ticks, RowBuffer buffer)
    {
        AppendTimestamp(ticks, buffer);
        buffer.Append("+00"u8);
    }

    public static void AppendOffset(OffsetInstant value, RowBuffer buffer)
    {
        AppendTimestamp(value.UtcTicks + value.OffsetMinutes * TimeSpan.TicksPerMinute, buffer);
        int minutes = Math.Abs((int)value.OffsetMinutes);
        buffer.AppendByte(value.OffsetMinutes < 0 ? (byte)'-' : (byte)'+');
        AppendTwo(minutes / 60, buffer);
        buffer.AppendByte((byte)':');
        AppendTwo(minutes % 60, buffer);
    }

    /// <summary>Appends a duration in .NET's "c" form with trailing zeros of the fraction cut.</summary>
    public static void AppendTimeSpan(long ticks, RowBuffer buffer)
    {
        new TimeSpan(ticks).TryFormat(buffer.GetSpan(64), out int written, "c", CultureInfo.InvariantCulture);
        buffer.Advance(written);
        if (ticks % TimeSpan.TicksPerSecond != 0)
        {
            while (buffer.Span[^1] == '0')
                buffer.Length--;
        }
    }

    public static void AppendHex(ReadOnlySpan<byte> bytes, RowBuffer buffer)
    {
        buffer.Append("\\x"u8);
        AppendHexDigits(bytes, buffer);
    }

    public static void AppendHexDigits(ReadOnlySpan<byte> bytes, RowBuffer buffer)
    {
        Span<byte> target = buffer.Append(checked(bytes.Length * 2));
        ReadOnlySpan<byte> digits = "0123456789abcdef"u8;
        for (int i = 0; i < bytes.Length; i++)
        {
            target[i * 2] = digits[bytes[i] >> 4];
            target[i * 2 + 1] = digits[bytes[i] & 15];
        }
    }

    public static void AppendArray(ArrayValue array, RowBuffer buffer)
    {
        buffer.AppendByte((byte)'{');
        RowBuffer item = new(32);
        for (int i = 0; i < array.Items.Length; i++)
        {
            if (i > 0)
                buffer.AppendByte((byte)',');
            if (array.Items[i].IsNull)
            {
                buffer.Append("NULL"u8);
                continue;
            }

            item.Clear();
            Append(array.ElementType, array.Items[i], item);
            if (array.ElementType.Kind == SqlTypeKind.Array || !NeedsQuotes(item.Span))
                buffer.Append(item.Span);
            else
                AppendQuoted(item.Span, buffer);
        }

        buffer.AppendByte((byte)'}');
    }

    private static void AppendRecord(ArrayValue record, RowBuffer buffer)
    {
        buffer.AppendByte((byte)'(');
        for (int i = 0; i < record.Items.Length; i++)
        {
            if (i > 0)
                buffer.AppendByte((byte)',');
            Value item = record.Items[i];
            if (item.IsNull)
                continue;
            RowBuffer field = new(32);
            Append(item.Kind == SqlTypeKind.Array ? SqlType.ArrayOf(item.As<ArrayValue>().ElementType) : new SqlType(item.Kind), item, field);
            AppendField(field.Span, buffer);
        }

        buffer.AppendByte((byte)')');
    }

    /// <summary>A field within a row, in quotes where its text would not be told from the row's.</summary>
    private static void AppendField(ReadOnlySpan<byte> text, RowBuffer buffer)
    {
        if (!text.IsEmpty && text.IndexOfAny("(),\"\\ \t\n\r\v\f"u8) < 0)
        {
            buffer.Append(text);
            return;
        }

        buffer.AppendByte((byte)'"');
        foreach (byte b in text)
        {
            if (b is (byte)'"' or (byte)'\\')
                buffer.AppendByte(b);
            buffer.AppendByte(b);
        }

        buffer.AppendByte((byte)'"');
    }

    private static bool NeedsQuotes(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text.IndexOfAny("{}\",\\ \t\n\r\v\f"u8) >= 0)
            return true;
        return text.Length == 4 && (text[0] | 32) == 'n' && (text[1] | 32) == 'u' && (text[2] | 32) == 'l' && (text[3] | 32) == 'l';
    }

    private static void AppendQuoted(ReadOnlySpan<byte> text, RowBuffer buffer)
    {
        buffer.AppendByte((byte)'"');
        foreach (byte b in text)
        {
            if (b is (byte)'"' or (byte)'\\')
                buffer.AppendByte((byte)'\\');
            buffer.AppendByte(b);
        }

        buffer.AppendByte((byte)'"');
    }

    private static void Append<T>(T value, string format, RowBuffer buffer)
        where T : struct, IUtf8SpanFormattable
    {
        value.TryFormat(buffer.GetSpan(32), out int written, format, CultureInfo.InvariantCulture);
        buffer.Advance(written);
    }

    private static void AppendTwo(int value, RowBuffer buffer)
    {
        buffer.AppendByte((byte)('0' + value / 10));
        buffer.AppendByte((byte)('0' + value % 10));
    }

    private static void AppendFraction(long ticks, RowBuffer buffer)
    {
        long fraction = ticks % TimeSpan.TicksPerSecond;
        if (fraction == 0)
            return;
        buffer.AppendByte((byte)'.');
        for (long unit = TimeSpan.TicksPerSecond / 10; fraction != 0; unit /= 10)
        {
            buffer.AppendByte((byte)('0' + fraction / unit));
            fraction %= unit;
        }
    }
}
