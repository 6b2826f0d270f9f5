using System.Globalization;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Values;

/// <summary>
/// Text of intervals: PostgreSQL's form, ISO 8601 durations and the SQL standard's <c>1-2</c> and <c>3 04:05:06</c> are read (PostgreSQL 15 manual, 8.5.4),
/// PostgreSQL's is written. Fractions go down: half a year is six months, half a month 15 days, half a day 12 hours.
/// </summary>
internal static class IntervalText
{
    private const decimal DaysPerMonth = BareMetalInterval.DaysPerMonth;

    private static readonly string[] s_units =
        ["millennium", "century", "decade", "year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"];

    /// <summary>What reading came to.</summary>
    public enum Outcome
    {
        Read,
        Invalid,
        OutOfRange,
    }

    /// <summary>Reads an interval.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fields">The fields of the literal's type, such as <c>day</c> or <c>hour to second</c>: the unit of a number without one, and what is cut off; null for none.</param>
    /// <param name="value">Receives it.</param>
    public static Outcome Read(string text, string? fields, out BareMetalInterval value)
    {
        value = default;
        string trimmed = text.Trim();
        if (trimmed.Length == 0)
            return Outcome.Invalid;
        Parts parts = default;
        string last = fields is null ? "second" : fields[(fields.LastIndexOf(' ') + 1)..];
        try
        {
            bool read = trimmed[0] is 'P' or 'p' ? ReadIso(trimmed[1..], ref parts) : ReadWords(trimmed, last, ref parts);
            if (!read || parts.HasTwice)
                return Outcome.Invalid;
            value = Cut(parts.ToInterval(), last);
            return Outcome.Read;
        }
        catch (OverflowException)
        {
            return Outcome.OutOfRange;
        }
    }

    /// <summary>Appends the text of an interval.</summary>
    public static void Append(BareMetalInterval value, RowBuffer buffer)
    {
        bool any = false, negative = false;
        Field(value.Months / 12, "year");
        Field(value.Months % 12, "mon");
        Field(value.Days, "day");
        if (any && value.Ticks == 0)
            return;
        if (any)
            buffer.Append(" "u8);
        if (value.Ticks < 0)
            buffer.Append("-"u8);
        else if (negative)
            buffer.Append("+"u8);
        ulong ticks = value.Ticks < 0 ? (ulong)-(Int128)value.Ticks : (ulong)value.Ticks;
        ulong seconds = ticks / TimeSpan.TicksPerSecond, fraction = ticks % TimeSpan.TicksPerSecond;
        Number(seconds / 3600);
        buffer.Append(":"u8);
        Number(seconds / 60 % 60);
        buffer.Append(":"u8);
        Number(seconds % 60);
        if (fraction == 0)
            return;
        buffer.Append(System.Text.Encoding.ASCII.GetBytes("." + fraction.ToString("0000000", CultureInfo.InvariantCulture).TrimEnd('0')));

        void Field(int amount, string unit)
        {
            if (amount == 0)
                return;
            if (any)
                buffer.Append(" "u8);
            if (negative && amount > 0)
                buffer.Append("+"u8);
            ValueText.Append(amount, buffer);
            buffer.Append(System.Text.Encoding.ASCII.GetBytes(" " + unit + (amount == 1 ? "" : "s")));
            any = true;
            negative = amount < 0;
        }

        void Number(ulong number) => buffer.Append(System.Text.Encoding.ASCII.GetBytes(number.ToString("00", CultureInfo.InvariantCulture)));
    }

    /// <summary>Cuts off what is finer than a field.</summary>
    private static BareMetalInterval Cut(BareMetalInterval value, string field) => field switch
    {
        "year" => new BareMetalInterval(value.Months / 12 * 12, 0, 0),
        "month" => new BareMetalInterval(value.Months, 0, 0),
        "day" => new BareMetalInterval(value.Months, value.Days, 0),
        "hour" => value with { Ticks = value.Ticks / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour },
        "minute" => value with { Ticks = value.Ticks / TimeSpan.TicksPerMinute * TimeSpan.TicksPerMinute },
        _ => value,
    };

    private static bool ReadIso(string text, ref Parts parts)
    {
        bool time = false, any = false;
        int at = 0;
        while (at < text.Length)
        {
            if (text[at] is 'T' or 't')
            {
                if (time)
                    return false;
                time = true;
                at++;
                continue;
            }

            if (!ReadNumber(text, ref at, out decimal amount, out _) || at >= text.Length)
                return false;
            string? unit = (char.ToUpperInvariant(text[at++]), time) switch
            {
                ('Y', false) => "year",
                ('M', false) => "month",
                ('W', false) => "week",
                ('D', false) => "day",
                ('H', true) => "hour",
                ('M', true) => "minute",
                ('S', true) => "second",
                _ => null,
            };
            if (unit is null)
                return false;
            parts.Add(amount, unit);
            any = true;
        }

        return any;
    }

    private static bool ReadWords(string text, string last, ref Parts parts)
    {
        int at = 0;
        bool any = false, ago = false;
        if (text[0] == '@')
            at++;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            if (at == text.Length)
                break;
            if (ago)
                return false;
            if (char.IsAsciiLetter(text[at]))
            {
                if (!any || !ReadWord(text, ref at).Equals("ago", StringComparison.OrdinalIgnoreCase))
                    return false;
                ago = true;
                continue;
            }

            int start = at;
            if (!ReadNumber(text, ref at, out decimal amount, out bool negative))
                return false;
            if (at < text.Length && text[at] == ':')
            {
                at = start;
                if (!ReadTime(text, ref at, last, ref parts))
                    return false;
            }
            else if (at < text.Length && text[at] == '-' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]))
            {
                // Years and months; the sign holds for both.
                at++;
                if (!ReadNumber(text, ref at, out decimal months, out _) || months is < 0 or >= 12)
                    return false;
                parts.Add(amount, "year");
                parts.Add(negative ? -months : months, "month");
            }
            else
            {
                int before = at;
                while (at < text.Length && char.IsWhiteSpace(text[at]))
                    at++;
                if (at < text.Length && char.IsAsciiLetter(text[at]))
                {
                    if (Unit(ReadWord(text, ref at)) is not { } unit)
                        return false;
                    parts.Add(amount, unit);
                }
                else
                {
                    // A number alone is of the literal's last field; before a time it is days.
                    bool isDays = at < text.Length && at > before && IsTime(text, at);
                    parts.Add(amount, isDays ? "day" : last);
                    any = true;
                    if (!isDays && at < text.Length)
                        return false;
                    continue;
                }
            }

            any = true;
        }

        if (ago)
            parts.Negate();
        return any;
    }

    private static bool IsTime(string text, int at)
    {
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] is '+' or '-'))
            at++;
        return at < text.Length && text[at] == ':';
    }

    /// <summary>[±][days.]hours:minutes[:seconds[.fraction]].</summary>
    private static bool ReadTime(string text, ref int at, string last, ref Parts parts)
    {
        bool negative = text[at] == '-';
        if (text[at] is '+' or '-')
            at++;
        decimal sign = negative ? -1 : 1;
        List<decimal> fields = [];
        int dot = text.IndexOf('.', at), colon = text.IndexOf(':', at);
        if (dot >= 0 && dot < colon)
        {
            // .NET's form of a time span has its days before a dot.
            if (!decimal.TryParse(text.AsSpan(at, dot - at), NumberStyles.None, CultureInfo.InvariantCulture, out decimal days))
                return false;
            parts.Add(sign * days, "day");
            at = dot + 1;
        }

        while (true)
        {
            int start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || (text[at] == '.' && fields.Count > 0)))
                at++;
            if (!decimal.TryParse(text.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal field))
                return false;
            fields.Add(field);
            if (at >= text.Length || text[at] != ':' || fields.Count == 3)
                break;
            at++;
        }

        if (fields.Count < 2 || fields[1] >= 60 || (fields.Count == 3 && (fields[2] >= 61 || fields[1] != decimal.Truncate(fields[1]))))
            return false;

        // Two fields with a fraction are minutes and seconds.
        bool isShort = fields.Count == 2 && fields[1] != decimal.Truncate(fields[1]);
        if (isShort)
            fields.Insert(0, 0);
        parts.Add(sign * fields[0], "hour");
        parts.Add(sign * fields[1], "minute");
        if (fields.Count == 3)
            parts.Add(sign * fields[2], "second");
        return at == text.Length || char.IsWhiteSpace(text[at]);
    }

    private static bool ReadNumber(string text, ref int at, out decimal number, out bool negative)
    {
        int start = at;
        negative = at < text.Length && text[at] == '-';
        if (at < text.Length && text[at] is '+' or '-')
            at++;
        int digits = at;
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            at++;
        number = 0;
        if (at == digits)
            return false;

        // 1.02:03:04 is .NET's form of a time span: the number ends at its dot, the caller reads it as a time.
        if (at < text.Length && text[at] == ':')
            return true;
        if (at < text.Length && text[at] is 'e' or 'E' && at + 1 < text.Length && (char.IsAsciiDigit(text[at + 1]) || text[at + 1] is '+' or '-'))
        {
            at += 2;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
                at++;
        }

        return decimal.TryParse(text.AsSpan(start, at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }

    private static string ReadWord(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiLetter(text[at]))
            at++;
        return text[start..at];
    }

    private static string? Unit(string word) => word.ToLowerInvariant() switch
    {
        "microseconds" or "microsecond" or "usecs" or "usec" or "us" or "microsec" or "microsecs" => "microsecond",
        "milliseconds" or "millisecond" or "msecs" or "msec" or "ms" or "millisec" or "millisecs" => "millisecond",
        "seconds" or "second" or "secs" or "sec" or "s" => "second",
        "minutes" or "minute" or "mins" or "min" or "m" => "minute",
        "hours" or "hour" or "hrs" or "hr" or "h" => "hour",
        "days" or "day" or "d" => "day",
        "weeks" or "week" or "w" => "week",
        "months" or "month" or "mons" or "mon" => "month",
        "quarters" or "quarter" or "qtr" => "quarter",
        "years" or "year" or "yrs" or "yr" or "y" => "year",
        "decades" or "decade" or "decs" or "dec" => "decade",
        "centuries" or "century" or "cent" or "c" => "century",
        "millennia" or "millennium" or "mils" or "mil" => "millennium",
        _ => null,
    };

    /// <summary>The sums of what was read.</summary>
    private struct Parts
    {
        private decimal _months;
        private decimal _days;
        private decimal _ticks;
        private int _units;

        /// <summary>Whether a unit came more than once.</summary>
        public bool HasTwice { get; private set; }

        public void Add(decimal amount, string unit)
        {
            int bit = 1 << Array.IndexOf(s_units, unit);
            HasTwice |= (_units & bit) != 0;
            _units |= bit;
            switch (unit)
            {
                case "millennium": AddMonths(amount * 12_000); break;
                case "century": AddMonths(amount * 1_200); break;
                case "decade": AddMonths(amount * 120); break;
                case "year": AddMonths(decimal.Round(amount * 12, 7)); break;
                case "quarter": AddMonths(amount * 3); break;
                case "month": AddMonthsAndDays(amount); break;
                case "week": AddDays(amount * 7); break;
                case "day": AddDays(amount); break;
                case "hour": _ticks += amount * TimeSpan.TicksPerHour; break;
                case "minute": _ticks += amount * TimeSpan.TicksPerMinute; break;
                case "second": _ticks += amount * TimeSpan.TicksPerSecond; break;
                case "millisecond": _ticks += amount * TimeSpan.TicksPerMillisecond; break;
                default: _ticks += amount * TimeSpan.TicksPerMicrosecond; break;
            }
        }

        public void Negate()
        {
            _months = -_months;
            _days = -_days;
            _ticks = -_ticks;
        }

        public readonly BareMetalInterval ToInterval() =>
            new(decimal.ToInt32(_months), decimal.ToInt32(_days), decimal.ToInt64(decimal.Round(_ticks, MidpointRounding.ToEven)));

        // Of years and longer the fraction of a month is rounded away.
        private void AddMonths(decimal months) => _months += decimal.Round(months, MidpointRounding.ToEven);

        private void AddMonthsAndDays(decimal months)
        {
            decimal whole = decimal.Truncate(months);
            _months += whole;
            AddDays((months - whole) * DaysPerMonth);
        }

        private void AddDays(decimal days)
        {
            decimal whole = decimal.Truncate(days);
            _days += whole;
            _ticks += (days - whole) * TimeSpan.TicksPerDay;
        }
    }
}
