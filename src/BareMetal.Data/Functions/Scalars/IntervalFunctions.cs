using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>
/// Intervals: PostgreSQL's arithmetic (manual, 9.9). Months are added by the calendar, then days, then time; over <c>timestamptz</c> months and days
/// are of the session's time zone.
/// </summary>
internal static class IntervalFunctions
{
    private const long Day = TimeSpan.TicksPerDay;
    private const int DaysPerMonth = BareMetalInterval.DaysPerMonth;

    public static void Define(Definitions define)
    {
        Arithmetic(define);
        WithMoments(define);
        Parts(define);
        Making(define);
    }

    /// <summary>A wall clock and an interval.</summary>
    public static long Add(long ticks, BareMetalInterval interval)
    {
        DateTime moment = new(ticks);
        if (interval.Months != 0)
            moment = moment.AddMonths(interval.Months);
        Int128 sum = (Int128)moment.Ticks + ((Int128)interval.Days * Day) + interval.Ticks;
        if (sum < 0 || sum > DateTime.MaxValue.Ticks)
            throw new ArgumentOutOfRangeException(nameof(interval));
        return (long)sum;
    }

    /// <summary>An instant and an interval whose months and days are of a time zone.</summary>
    public static long Add(long utc, BareMetalInterval interval, TimeZoneInfo zone)
    {
        if (interval.Months != 0 || interval.Days != 0)
            utc = TimeZones.ToUtc(Add(TimeZones.FromUtc(utc, zone), interval with { Ticks = 0 }), zone);
        return Add(utc, new BareMetalInterval(0, 0, interval.Ticks));
    }

    public static BareMetalInterval Negate(BareMetalInterval value) => new(checked(-value.Months), checked(-value.Days), checked(-value.Ticks));

    public static BareMetalInterval Sum(BareMetalInterval a, BareMetalInterval b) => new(checked(a.Months + b.Months), checked(a.Days + b.Days), checked(a.Ticks + b.Ticks));

    /// <summary>Parts of months go to days and parts of days to time, as in PostgreSQL's interval_mul.</summary>
    public static BareMetalInterval Multiply(BareMetalInterval value, double factor)
    {
        double monthsExact = value.Months * factor, daysExact = value.Days * factor;
        if (double.IsNaN(factor) || double.IsInfinity(factor))
            throw new OverflowException();
        int months = checked((int)monthsExact), days = checked((int)daysExact);
        double monthDays = Rounded((monthsExact - months) * DaysPerMonth);
        double rest = Rounded((daysExact - days + monthDays - Math.Truncate(monthDays)) * 86_400);
        if (Math.Abs(rest) >= 86_400)
        {
            int more = (int)(rest / 86_400);
            days = checked(days + more);
            rest -= more * 86_400.0;
        }

        days = checked(days + (int)monthDays);
        double ticks = Math.Round((value.Ticks * factor) + (rest * TimeSpan.TicksPerSecond));
        return new BareMetalInterval(months, days, checked((long)ticks));
    }

    // PostgreSQL rounds what is left of a field to microseconds before it goes to the next.
    private static double Rounded(double value) => Math.Round(value * 1_000_000) / 1_000_000;

    private static void Arithmetic(Definitions define)
    {
        SqlType interval = SqlType.Interval, number = SqlType.Double;
        define.Add("+", interval, Kernel.Of<BareMetalInterval, BareMetalInterval, BareMetalInterval>(Sum), interval, interval);
        define.Add("-", interval, Kernel.Of<BareMetalInterval, BareMetalInterval, BareMetalInterval>((a, b) => Sum(a, Negate(b))), interval, interval);
        define.Add("-", interval, Kernel.Of<BareMetalInterval, BareMetalInterval>(Negate), interval);
        define.Add("+", interval, CopyKernel.Instance, interval);
        define.Add("*", interval, Kernel.Of<BareMetalInterval, double, BareMetalInterval>(Multiply), interval, number);
        define.Add("*", interval, Kernel.Of<double, BareMetalInterval, BareMetalInterval>((f, v) => Multiply(v, f)), number, interval);
        define.Add("/", interval, Kernel.Of<BareMetalInterval, double, BareMetalInterval>((v, d) => d == 0 ? throw new DivideByZeroException() : Multiply(v, 1 / d)), interval, number);
    }

    private static void WithMoments(Definitions define)
    {
        SqlType interval = SqlType.Interval, timestamp = SqlType.Timestamp, zoned = SqlType.TimestampTz, offset = SqlType.DateTimeOffset, date = SqlType.Date, time = SqlType.Time;
        define.Add("+", timestamp, Kernel.Of<long, BareMetalInterval, long>(Add), timestamp, interval);
        define.Add("+", timestamp, Kernel.Of<BareMetalInterval, long, long>((i, t) => Add(t, i)), interval, timestamp);
        define.Add("-", timestamp, Kernel.Of<long, BareMetalInterval, long>((t, i) => Add(t, Negate(i))), timestamp, interval);
        define.Add("+", timestamp, Kernel.Of<int, BareMetalInterval, long>((d, i) => Add(d * Day, i)), date, interval);
        define.Add("+", timestamp, Kernel.Of<BareMetalInterval, int, long>((i, d) => Add(d * Day, i)), interval, date);
        define.Add("-", timestamp, Kernel.Of<int, BareMetalInterval, long>((d, i) => Add(d * Day, Negate(i))), date, interval);
        define.Add("+", time, Kernel.Of<long, BareMetalInterval, long>(AddToTime), time, interval);
        define.Add("+", time, Kernel.Of<BareMetalInterval, long, long>((i, t) => AddToTime(t, i)), interval, time);
        define.Add("-", time, Kernel.Of<long, BareMetalInterval, long>((t, i) => AddToTime(t, Negate(i))), time, interval);
        define.Add("+", offset, Kernel.Of<OffsetInstant, BareMetalInterval, OffsetInstant>(AddLocal), offset, interval);
        define.Add("+", offset, Kernel.Of<BareMetalInterval, OffsetInstant, OffsetInstant>((i, o) => AddLocal(o, i)), interval, offset);
        define.Add("-", offset, Kernel.Of<OffsetInstant, BareMetalInterval, OffsetInstant>((o, i) => AddLocal(o, Negate(i))), offset, interval);
        define.AddValues("+", zoned, (v, c) => Zoned(Add(v[0].As<long>(), v[1].As<BareMetalInterval>(), c.TimeZone)), [zoned, interval], volatility: Volatility.Stable);
        define.AddValues("+", zoned, (v, c) => Zoned(Add(v[1].As<long>(), v[0].As<BareMetalInterval>(), c.TimeZone)), [interval, zoned], volatility: Volatility.Stable);
        define.AddValues("-", zoned, (v, c) => Zoned(Add(v[0].As<long>(), Negate(v[1].As<BareMetalInterval>()), c.TimeZone)), [zoned, interval], volatility: Volatility.Stable);
        define.AddValues("timezone", zoned, (v, _) => Zoned(Add(v[1].As<long>(), Negate(FixedOffset(v[0])))), [interval, timestamp]);
        define.AddValues("timezone", timestamp, (v, _) => Value.From(SqlTypeKind.Timestamp, Add(v[1].As<long>(), FixedOffset(v[0]))), [interval, zoned]);
        foreach (SqlType type in new[] { timestamp, zoned })
        {
            define.AddValues("date_bin", type, (v, _) => Value.From(type.Kind, Bin(v[0].As<BareMetalInterval>(), v[1].As<long>(), v[2].As<long>())), [interval, type, type]);
            define.AddValues("age", interval, (v, c) => Value.From(SqlTypeKind.Interval, Age(Local(v[0], c), Local(v[1], c))), [type, type], volatility: VolatilityOf(type));
            define.AddValues("age", interval, (v, c) => Value.From(SqlTypeKind.Interval, Age(TimeZones.FromUtc(c.StatementTime.UtcTicks, c.TimeZone) / Day * Day, Local(v[0], c))), [type], volatility: Volatility.Stable);
        }

        static Value Zoned(long utc) => Value.From(SqlTypeKind.TimestampTz, utc);

        static long Local(Value value, FunctionContext context) => value.Kind == SqlTypeKind.TimestampTz ? TimeZones.FromUtc(value.As<long>(), context.TimeZone) : value.As<long>();

        static Volatility VolatilityOf(SqlType type) => type.Kind == SqlTypeKind.TimestampTz ? Volatility.Stable : Volatility.Immutable;
    }

    internal static long AddToTime(long time, BareMetalInterval interval)
    {
        long sum = (time + (interval.Ticks % Day)) % Day;
        return sum < 0 ? sum + Day : sum;
    }

    private static OffsetInstant AddLocal(OffsetInstant value, BareMetalInterval interval) =>
        value with { UtcTicks = Add(Add(Casts.Local(value), interval), new BareMetalInterval(0, 0, -value.OffsetMinutes * TimeSpan.TicksPerMinute)) };

    private static BareMetalInterval FixedOffset(Value value)
    {
        BareMetalInterval offset = value.As<BareMetalInterval>();
        if (offset.Months != 0 || offset.Days != 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, $"The interval {offset} is no time zone: it has months or days.");
        return offset;
    }

    /// <summary>The start of the bin of a moment, bins being as long as the stride and beginning at the origin.</summary>
    private static long Bin(BareMetalInterval stride, long moment, long origin)
    {
        if (stride.Months != 0)
            throw new BareMetalException(SqlStates.FeatureNotSupported, $"The bins of date_bin can't have months, as {stride} has.");
        long length = checked((stride.Days * Day) + stride.Ticks);
        if (length <= 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, "The stride of date_bin must be greater than zero.");
        long difference = moment - origin, rest = difference % length;
        return Add(moment, new BareMetalInterval(0, 0, rest < 0 ? -rest - length : -rest));
    }

    /// <summary>The difference in years, months, days and time, by the calendar.</summary>
    private static BareMetalInterval Age(long a, long b)
    {
        bool negative = a < b;
        DateTime late = new(negative ? b : a), early = new(negative ? a : b);
        long ticks = late.Ticks % Day - (early.Ticks % Day);
        int days = late.Day - early.Day, months = ((late.Year - early.Year) * 12) + late.Month - early.Month;
        if (ticks < 0)
        {
            ticks += Day;
            days--;
        }

        if (days < 0)
        {
            // A month is borrowed: the earlier date's when time runs forward, else the later's of the call's own order, as PostgreSQL has it.
            DateTime second = new(b), first = new(a);
            days += negative ? DateTime.DaysInMonth(first.Year, first.Month) : DateTime.DaysInMonth(second.Year, second.Month);
            months--;
        }

        BareMetalInterval age = new(months, days, ticks);
        return negative ? Negate(age) : age;
    }

    private static void Parts(Definitions define)
    {
        SqlType interval = SqlType.Interval, text = SqlType.Text;
        define.AddValues("extract", SqlType.Decimal, (v, _) => Value.From(SqlTypeKind.Decimal, Extract(Utf8.ToString(v[0]), v[1].As<BareMetalInterval>())), [text, interval]);
        define.AddValues("date_part", SqlType.Double, (v, _) => Value.From(SqlTypeKind.Double, (double)Extract(Utf8.ToString(v[0]), v[1].As<BareMetalInterval>())), [text, interval]);
        define.AddValues("date_trunc", interval, (v, _) => Value.From(SqlTypeKind.Interval, Truncate(Utf8.ToString(v[0]), v[1].As<BareMetalInterval>())), [text, interval]);
        define.Add("isfinite", SqlType.Boolean, Kernel.Of<BareMetalInterval, bool>(_ => true), interval);
        define.Add("justify_hours", interval, Kernel.Of<BareMetalInterval, BareMetalInterval>(JustifyHours), interval);
        define.Add("justify_days", interval, Kernel.Of<BareMetalInterval, BareMetalInterval>(JustifyDays), interval);
        define.Add("justify_interval", interval, Kernel.Of<BareMetalInterval, BareMetalInterval>(Justify), interval);
    }

    private static decimal Extract(string field, BareMetalInterval value)
    {
        long ticks = value.Ticks;
        int years = value.Months / 12, months = value.Months % 12;
        return field.Trim().ToLowerInvariant() switch
        {
            "millennium" => years / 1000,
            "century" => years / 100,
            "decade" => years / 10,
            "year" => years,
            "quarter" => (months / 3) + 1,
            "month" => months,
            "day" => value.Days,
            "hour" => ticks / TimeSpan.TicksPerHour,
            "minute" => ticks / TimeSpan.TicksPerMinute % 60,
            "second" => Trim(ticks % TimeSpan.TicksPerMinute / 10_000_000m),
            "milliseconds" or "millisecond" => Trim(ticks % TimeSpan.TicksPerMinute / 10_000m),
            "microseconds" or "microsecond" => Trim(ticks % TimeSpan.TicksPerMinute / 10m),
            "epoch" => Trim((years * 31_557_600m) + (((months * (decimal)DaysPerMonth) + value.Days) * 86_400) + (ticks / 10_000_000m)),
            _ => throw new BareMetalException(StateOf(field), $"The field \"{field}\" is not known for intervals.")
            {
                Hint = "Fields are millennium, century, decade, year, quarter, month, day, hour, minute, second, milliseconds, microseconds and epoch.",
            },
        };
    }

    private static decimal Trim(decimal value) => value / 1.0000000000000000000000000000m;

    private static BareMetalInterval Truncate(string field, BareMetalInterval value) => field.Trim().ToLowerInvariant() switch
    {
        "millennium" => new BareMetalInterval(value.Months / 12_000 * 12_000, 0, 0),
        "century" => new BareMetalInterval(value.Months / 1_200 * 1_200, 0, 0),
        "decade" => new BareMetalInterval(value.Months / 120 * 120, 0, 0),
        "year" => new BareMetalInterval(value.Months / 12 * 12, 0, 0),
        "quarter" => new BareMetalInterval(value.Months / 3 * 3, 0, 0),
        "month" => new BareMetalInterval(value.Months, 0, 0),
        "day" => value with { Ticks = 0 },
        "hour" => value with { Ticks = value.Ticks - (value.Ticks % TimeSpan.TicksPerHour) },
        "minute" => value with { Ticks = value.Ticks - (value.Ticks % TimeSpan.TicksPerMinute) },
        "second" => value with { Ticks = value.Ticks - (value.Ticks % TimeSpan.TicksPerSecond) },
        "milliseconds" or "millisecond" => value with { Ticks = value.Ticks - (value.Ticks % TimeSpan.TicksPerMillisecond) },
        "microseconds" or "microsecond" => value with { Ticks = value.Ticks - (value.Ticks % TimeSpan.TicksPerMicrosecond) },
        "week" => throw new BareMetalException(SqlStates.FeatureNotSupported, "An interval is not cut to weeks: months have no whole number of them."),
        _ => throw new BareMetalException(StateOf(field), $"The field \"{field}\" is not known for intervals."),
    };

    private static string StateOf(string field) => DateTimeFunctions.IsField(field) ? SqlStates.FeatureNotSupported : SqlStates.InvalidParameterValue;

    private static BareMetalInterval JustifyHours(BareMetalInterval value)
    {
        int days = checked(value.Days + (int)(value.Ticks / Day));
        long ticks = value.Ticks % Day;
        if (days > 0 && ticks < 0)
            return new BareMetalInterval(value.Months, days - 1, ticks + Day);
        return days < 0 && ticks > 0 ? new BareMetalInterval(value.Months, days + 1, ticks - Day) : new BareMetalInterval(value.Months, days, ticks);
    }

    private static BareMetalInterval JustifyDays(BareMetalInterval value)
    {
        int months = checked(value.Months + (value.Days / DaysPerMonth)), days = value.Days % DaysPerMonth;
        if (months > 0 && days < 0)
            return new BareMetalInterval(months - 1, days + DaysPerMonth, value.Ticks);
        return months < 0 && days > 0 ? new BareMetalInterval(months + 1, days - DaysPerMonth, value.Ticks) : new BareMetalInterval(months, days, value.Ticks);
    }

    private static BareMetalInterval Justify(BareMetalInterval value)
    {
        Int128 allDays = (Int128)value.Days + (value.Ticks / Day);
        long ticks = value.Ticks % Day;
        int months = checked(value.Months + (int)(allDays / DaysPerMonth)), days = (int)(allDays % DaysPerMonth);
        if (months > 0 && (days < 0 || (days == 0 && ticks < 0)))
            (months, days) = (months - 1, days + DaysPerMonth);
        else if (months < 0 && (days > 0 || (days == 0 && ticks > 0)))
            (months, days) = (months + 1, days - DaysPerMonth);
        if (days > 0 && ticks < 0)
            (days, ticks) = (days - 1, ticks + Day);
        else if (days < 0 && ticks > 0)
            (days, ticks) = (days + 1, ticks - Day);
        return new BareMetalInterval(months, days, ticks);
    }

    /// <summary>make_interval(years, months, weeks, days, hours, mins, secs), any number of them.</summary>
    private static void Making(Definitions define)
    {
        SqlType[] all = [SqlType.Integer, SqlType.Integer, SqlType.Integer, SqlType.Integer, SqlType.Integer, SqlType.Integer, SqlType.Double];
        for (int count = 0; count <= all.Length; count++)
        {
            define.AddValues("make_interval", SqlType.Interval, (v, _) =>
            {
                int Part(int i) => i < v.Length ? v[i].As<int>() : 0;
                double seconds = v.Length == all.Length ? v[6].As<double>() : 0;
                if (!double.IsFinite(seconds))
                    throw new OverflowException();
                return Value.From(SqlTypeKind.Interval, new BareMetalInterval(
                    checked((Part(0) * 12) + Part(1)),
                    checked((Part(2) * 7) + Part(3)),
                    checked((Part(4) * TimeSpan.TicksPerHour) + (Part(5) * TimeSpan.TicksPerMinute) + (long)Math.Round(seconds * TimeSpan.TicksPerSecond))));
            }, all[..count]);
        }
    }
}
