using System.Globalization;
using System.Numerics;
using System.Text;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;

namespace BareMetal.Data.Values;

/// <summary>
/// Values of their text, as CAST from text and typed literals read it: invariant, white space around allowed. What is not a value is
/// 22P02 (dates and times 22007), what is out of range 22003 or 22008.
/// </summary>
internal static class ValueParser
{
    /// <summary>Parses text of any type.</summary>
    public static Value Parse(SqlType type, ReadOnlySpan<byte> text, TimeZoneInfo? zone = null)
    {
        SqlTypeKind kind = type.Kind;
        return kind switch
        {
            SqlTypeKind.Boolean => Value.From(kind, Boolean(text)),
            SqlTypeKind.TinyInt => Value.From(kind, Number<sbyte>(text, type)),
            SqlTypeKind.SmallInt => Value.From(kind, Number<short>(text, type)),
            SqlTypeKind.Integer => Value.From(kind, Number<int>(text, type)),
            SqlTypeKind.BigInt => Value.From(kind, Number<long>(text, type)),
            SqlTypeKind.UTinyInt => Value.From(kind, Number<byte>(text, type)),
            SqlTypeKind.USmallInt => Value.From(kind, Number<ushort>(text, type)),
            SqlTypeKind.UInteger => Value.From(kind, Number<uint>(text, type)),
            SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => Value.From(kind, Number<ulong>(text, type)),
            SqlTypeKind.Real => Value.From(kind, Number<float>(text, type)),
            SqlTypeKind.Double => Value.From(kind, Number<double>(text, type)),
            SqlTypeKind.Decimal => Value.From(kind, Number<decimal>(text, type)),
            SqlTypeKind.Uuid => Value.From(kind, Uuid(text)),
            SqlTypeKind.Date => Value.From(kind, Date(text)),
            SqlTypeKind.Time => Value.From(kind, Time(text)),
            SqlTypeKind.Timestamp => Value.From(kind, Timestamp(text)),
            SqlTypeKind.TimestampTz => Value.From(kind, TimestampTz(text, zone)),
            SqlTypeKind.DateTimeOffset => Value.From(kind, Offset(text)),
            SqlTypeKind.TimeSpan => Value.From(kind, Span(text)),
            SqlTypeKind.Interval => Value.From(kind, Interval(text)),
            SqlTypeKind.Bytea => Value.From(kind, new ByteSlice(Bytes(text))),
            SqlTypeKind.Json => Value.From(kind, new ByteSlice(Json(text).ToArray())),
            SqlTypeKind.Jsonb => Value.From(kind, new ByteSlice(Jsonb(text))),
            SqlTypeKind.Array => Value.From(kind, Array(type, text, zone)),
            SqlTypeKind.Text or SqlTypeKind.Unknown => Value.From(kind, new ByteSlice(text.ToArray())),
            _ => throw new BareMetalException(SqlStates.FeatureNotSupported, $"Text is not converted to {TypeNames.Format(type)}."),
        };
    }

    public static bool Boolean(ReadOnlySpan<byte> text)
    {
        string word = Encoding.UTF8.GetString(Trim(text)).ToLowerInvariant();
        return word switch
        {
            "true" or "t" or "yes" or "y" or "on" or "1" => true,
            "false" or "f" or "no" or "n" or "off" or "0" => false,
            _ => throw Invalid(SqlType.Boolean, text),
        };
    }

    /// <summary>A number of an integer, float or decimal type.</summary>
    public static T Number<T>(ReadOnlySpan<byte> text, SqlType type)
        where T : struct, INumberBase<T>
    {
        bool isInteger = typeof(T) != typeof(float) && typeof(T) != typeof(double) && typeof(T) != typeof(decimal);
        ReadOnlySpan<byte> trimmed = Trim(text);
        if (T.TryParse(trimmed, isInteger ? NumberStyles.AllowLeadingSign : NumberStyles.Float, CultureInfo.InvariantCulture, out T value))
            return value;
        if (isInteger && BigInteger.TryParse(Encoding.UTF8.GetString(trimmed), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            throw OutOfRange(type, text);
        if (typeof(T) == typeof(decimal) && double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out double approximate) && double.IsFinite(approximate))
            throw OutOfRange(type, text);
        throw Invalid(type, text);
    }

    public static Guid Uuid(ReadOnlySpan<byte> text) =>
        Guid.TryParse(Encoding.UTF8.GetString(Trim(text)), out Guid value) ? value : throw Invalid(SqlType.Uuid, text);

    public static int Date(ReadOnlySpan<byte> text)
    {
        MomentReader reader = new(Trim(text));
        if (!reader.Date(out int year, out int month, out int day) || !(reader.AtEnd || (reader.Separator() && reader.TimeOfDay(out _) && (reader.AtEnd || reader.Offset(out _)) && reader.AtEnd)))
            throw InvalidMoment(SqlType.Date, text);
        return DayNumber(year, month, day, SqlType.Date, text);
    }

    public static long Time(ReadOnlySpan<byte> text)
    {
        MomentReader reader = new(Trim(text));
        if (!reader.TimeOfDay(out long ticks) || !reader.AtEnd)
            throw InvalidMoment(SqlType.Time, text);
        return ticks < TimeSpan.TicksPerDay ? ticks : throw OutOfRange(SqlType.Time, text);
    }

    /// <summary>A wall clock; an offset behind it is read over.</summary>
    public static long Timestamp(ReadOnlySpan<byte> text) => Moment(text, SqlType.Timestamp, out _, out _);

    /// <summary>An instant in UTC ticks; without an offset the wall clock of the zone (UTC when none is given).</summary>
    public static long TimestampTz(ReadOnlySpan<byte> text, TimeZoneInfo? zone)
    {
        long local = Moment(text, SqlType.TimestampTz, out bool hasOffset, out int minutes);
        if (!hasOffset)
            minutes = zone is null ? 0 : (int)(zone.GetUtcOffset(new DateTime(local)).Ticks / TimeSpan.TicksPerMinute);
        long utc = local - minutes * TimeSpan.TicksPerMinute;
        return utc >= 0 && utc <= DateTime.MaxValue.Ticks ? utc : throw OutOfRange(SqlType.TimestampTz, text);
    }

    public static OffsetInstant Offset(ReadOnlySpan<byte> text)
    {
        long local = Moment(text, SqlType.DateTimeOffset, out _, out int minutes);
        long utc = local - minutes * TimeSpan.TicksPerMinute;
        if (Math.Abs(minutes) > 14 * 60 || utc < 0 || utc > DateTime.MaxValue.Ticks)
            throw OutOfRange(SqlType.DateTimeOffset, text);
        return new OffsetInstant(utc, (short)minutes);
    }

    public static long Span(ReadOnlySpan<byte> text)
    {
        string trimmed = Encoding.UTF8.GetString(Trim(text));
        try
        {
            return TimeSpan.Parse(trimmed, CultureInfo.InvariantCulture).Ticks;
        }
        catch (FormatException)
        {
            throw InvalidMoment(SqlType.TimeSpan, text);
        }
        catch (OverflowException)
        {
            throw OutOfRange(SqlType.TimeSpan, text);
        }
    }

    public static BareMetalInterval Interval(ReadOnlySpan<byte> text) => IntervalText.Read(Encoding.UTF8.GetString(text), null, out BareMetalInterval value) switch
    {
        IntervalText.Outcome.Read => value,
        IntervalText.Outcome.OutOfRange => throw OutOfRange(SqlType.Interval, text),
        _ => throw InvalidMoment(SqlType.Interval, text),
    };

    /// <summary>Bytes as <c>\x</c> and hexadecimal digits, or PostgreSQL's escape form.</summary>
    public static byte[] Bytes(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("\\x"u8))
            return Hex(text[2..]);
        RowBuffer buffer = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                buffer.AppendByte(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == '\\')
            {
                buffer.AppendByte((byte)'\\');
                i++;
            }
            else if (i + 3 < text.Length && text[i + 1] is >= (byte)'0' and <= (byte)'3' && text[i + 2] is >= (byte)'0' and <= (byte)'7' && text[i + 3] is >= (byte)'0' and <= (byte)'7')
            {
                buffer.AppendByte((byte)((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0'));
                i += 3;
            }
            else
            {
                throw Invalid(SqlType.Bytea, text);
            }
        }

        return buffer.ToArray();
    }

    /// <summary>Bytes of hexadecimal digits; white space between pairs is allowed.</summary>
    public static byte[] Hex(ReadOnlySpan<byte> text)
    {
        RowBuffer buffer = new(text.Length / 2 + 1);
        int high = -1;
        foreach (byte b in text)
        {
            int digit = HexDigit(b);
            if (digit < 0)
            {
                if (high < 0 && b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
                    continue;
                throw Invalid(SqlType.Bytea, text);
            }

            if (high < 0)
            {
                high = digit;
            }
            else
            {
                buffer.AppendByte((byte)((high << 4) | digit));
                high = -1;
            }
        }

        return high < 0 ? buffer.ToArray() : throw Invalid(SqlType.Bytea, text);
    }

    /// <summary>The text itself when it is JSON.</summary>
    public static ReadOnlySpan<byte> Json(ReadOnlySpan<byte> text)
    {
        JsonText.Validate(text);
        return text;
    }

    public static byte[] Jsonb(ReadOnlySpan<byte> text)
    {
        JsonText.Validate(text);
        RowBuffer buffer = new(text.Length + 16);
        JsonNormal.Write(text, buffer);
        return buffer.ToArray();
    }

    /// <summary>PostgreSQL's array literal: <c>{1,NULL,"a b",{…}}</c>.</summary>
    public static ArrayValue Array(SqlType type, ReadOnlySpan<byte> text, TimeZoneInfo? zone = null)
    {
        int at = 0;
        ReadOnlySpan<byte> trimmed = Trim(text);
        ArrayValue value = ArrayAt(type, trimmed, ref at, zone, 0);
        return at == trimmed.Length ? value : throw Invalid(type, text);
    }

    public static BareMetalException Invalid(SqlType type, ReadOnlySpan<byte> text) =>
        new(SqlStates.InvalidTextRepresentation, $"The text {Shown(text)} is not a value of type {TypeNames.Format(type)}.");

    private static ArrayValue ArrayAt(SqlType type, ReadOnlySpan<byte> text, ref int at, TimeZoneInfo? zone, int depth)
    {
        if (type.Kind != SqlTypeKind.Array || at >= text.Length || text[at] != '{' || depth > 100)
            throw Invalid(type, text);
        SqlType element = type.Element!;
        at++;
        List<Value> items = [];
        SkipWhite(text, ref at);
        if (at < text.Length && text[at] == '}')
        {
            at++;
            return new ArrayValue(element, []);
        }

        while (true)
        {
            SkipWhite(text, ref at);
            if (at >= text.Length)
                throw Invalid(type, text);
            if (element.Kind == SqlTypeKind.Array && text[at] == '{')
            {
                items.Add(Value.From(SqlTypeKind.Array, ArrayAt(element, text, ref at, zone, depth + 1)));
            }
            else
            {
                RowBuffer item = new(32);
                bool quoted = ArrayItem(type, text, ref at, item);
                bool isNull = !quoted && item.Length == 4 && Encoding.ASCII.GetString(item.Span).Equals("null", StringComparison.OrdinalIgnoreCase);
                items.Add(isNull ? Value.Null(element.Kind) : Parse(element, item.Span, zone));
            }

            SkipWhite(text, ref at);
            if (at >= text.Length || text[at] is not ((byte)',' or (byte)'}'))
                throw Invalid(type, text);
            if (text[at++] == '}')
                return new ArrayValue(element, [.. items]);
        }
    }

    private static bool ArrayItem(SqlType type, ReadOnlySpan<byte> text, ref int at, RowBuffer item)
    {
        if (text[at] == '"')
        {
            at++;
            while (at < text.Length && text[at] != '"')
            {
                if (text[at] == '\\' && ++at >= text.Length)
                    break;
                item.AppendByte(text[at++]);
            }

            if (at >= text.Length)
                throw Invalid(type, text);
            at++;
            return true;
        }

        while (at < text.Length && text[at] is not ((byte)',' or (byte)'}' or (byte)'{' or (byte)'"'))
        {
            if (text[at] == '\\' && ++at >= text.Length)
                break;
            item.AppendByte(text[at++]);
        }

        while (item.Length > 0 && item.Span[^1] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
            item.Length--;
        return item.Length > 0 ? false : throw Invalid(type, text);
    }

    private static long Moment(ReadOnlySpan<byte> text, SqlType type, out bool hasOffset, out int minutes)
    {
        MomentReader reader = new(Trim(text));
        long timeOfDay = 0;
        hasOffset = false;
        minutes = 0;
        if (!reader.Date(out int year, out int month, out int day))
            throw InvalidMoment(type, text);
        if (!reader.AtEnd)
        {
            if (!reader.Separator() || !reader.TimeOfDay(out timeOfDay))
                throw InvalidMoment(type, text);
            if (!reader.AtEnd)
            {
                hasOffset = true;
                if (!reader.Offset(out minutes) || !reader.AtEnd)
                    throw InvalidMoment(type, text);
            }
        }

        long ticks = DayNumber(year, month, day, type, text) * TimeSpan.TicksPerDay + timeOfDay;
        return ticks <= DateTime.MaxValue.Ticks ? ticks : throw OutOfRange(type, text);
    }

    private static int DayNumber(int year, int month, int day, SqlType type, ReadOnlySpan<byte> text)
    {
        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
            throw OutOfRange(type, text);
        return new DateOnly(year, month, day).DayNumber;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\n\r\v\f"u8);

    private static void SkipWhite(ReadOnlySpan<byte> text, ref int at)
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
            at++;
    }

    private static int HexDigit(byte b) => (uint)(b - '0') <= 9 ? b - '0' : (uint)((b | 0x20) - 'a') <= 5 ? (b | 0x20) - 'a' + 10 : -1;

    private static BareMetalException InvalidMoment(SqlType type, ReadOnlySpan<byte> text) =>
        new(SqlStates.InvalidDatetimeFormat, $"The text {Shown(text)} is not a value of type {TypeNames.Format(type)}.")
        {
            Hint = type.Kind switch
            {
                SqlTypeKind.Date => "Write it as 2024-02-29.",
                SqlTypeKind.Time => "Write it as 10:09:08 or 10:09:08.1234567.",
                SqlTypeKind.Interval => "Write it as 1 year 2 mons 3 days 04:05:06, or P1Y2M3DT4H5M6S.",
                SqlTypeKind.TimeSpan => "Write it as [-][d.]hh:mm:ss[.fffffff].",
                SqlTypeKind.Timestamp => "Write it as 2024-02-29 10:09:08.1234567.",
                _ => "Write it as 2024-02-29 10:09:08.1234567+02:00.",
            },
        };

    private static BareMetalException OutOfRange(SqlType type, ReadOnlySpan<byte> text) =>
        new(TypeRules.IsNumeric(type.Kind) || type.Kind == SqlTypeKind.RowVersion ? SqlStates.NumericOutOfRange : SqlStates.DatetimeOverflow, $"The text {Shown(text)} is out of range for type {TypeNames.Format(type)}.");

    private static string Shown(ReadOnlySpan<byte> text)
    {
        string full = Encoding.UTF8.GetString(text.Length > 200 ? text[..200] : text);
        return full.Length > 60 ? $"'{full[..60]}…'" : $"'{full}'";
    }

    /// <summary>Reads ISO 8601 parts from left to right.</summary>
    private ref struct MomentReader(ReadOnlySpan<byte> text)
    {
        private ReadOnlySpan<byte> _rest = text;

        public readonly bool AtEnd => _rest.IsEmpty;

        public bool Date(out int year, out int month, out int day)
        {
            month = day = 0;
            return Digits(4, 4, out year) && Skip((byte)'-') && Digits(1, 2, out month) && Skip((byte)'-') && Digits(1, 2, out day);
        }

        public bool Separator()
        {
            if (_rest.IsEmpty || _rest[0] is not ((byte)'T' or (byte)'t' or (byte)' '))
                return false;
            _rest = _rest[1..].TrimStart((byte)' ');
            return true;
        }

        public bool TimeOfDay(out long ticks)
        {
            ticks = 0;
            int second = 0;
            long fraction = 0;
            if (!Digits(1, 2, out int hour) || !Skip((byte)':') || !Digits(2, 2, out int minute))
                return false;
            if (Skip((byte)':'))
            {
                if (!Digits(2, 2, out second))
                    return false;
                if (Skip((byte)'.') && !Fraction(out fraction))
                    return false;
            }

            if (hour > 23 || minute > 59 || second > 59)
                return false;
            ticks = ((hour * 60 + minute) * 60 + second) * TimeSpan.TicksPerSecond + fraction;
            return true;
        }

        public bool Offset(out int minutes)
        {
            minutes = 0;
            _rest = _rest.TrimStart((byte)' ');
            if (Skip((byte)'Z') || Skip((byte)'z'))
                return true;
            bool negative = !_rest.IsEmpty && _rest[0] == '-';
            if (!Skip((byte)'-') && !Skip((byte)'+'))
                return false;
            if (!Digits(1, 2, out int hours))
                return false;
            int rest = 0;
            if (Skip((byte)':') ? !Digits(2, 2, out rest) : !AtEnd && !Digits(2, 2, out rest))
                return false;
            minutes = hours * 60 + rest;
            if (negative)
                minutes = -minutes;
            return hours <= 23 && rest <= 59;
        }

        private bool Fraction(out long ticks)
        {
            ticks = 0;
            int count = 0;
            bool roundUp = false;
            while (!_rest.IsEmpty && (uint)(_rest[0] - '0') <= 9)
            {
                if (count < 7)
                    ticks = ticks * 10 + (_rest[0] - '0');
                else if (count == 7)
                    roundUp = _rest[0] >= '5';
                count++;
                _rest = _rest[1..];
            }

            for (int i = count; i < 7; i++)
                ticks *= 10;
            if (roundUp)
                ticks++;
            return count > 0;
        }

        private bool Digits(int least, int most, out int value)
        {
            value = 0;
            int count = 0;
            while (count < most && count < _rest.Length && (uint)(_rest[count] - '0') <= 9)
                value = value * 10 + (_rest[count++] - '0');
            if (count < least)
                return false;
            _rest = _rest[count..];
            return true;
        }

        private bool Skip(byte expected)
        {
            if (_rest.IsEmpty || _rest[0] != expected)
                return false;
            _rest = _rest[1..];
            return true;
        }
    }
}
