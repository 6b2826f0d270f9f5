using System.Globalization;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

internal static partial class DateTimeFunctions
{
    /// <summary>EXTRACT, date_part, date_trunc, AT TIME ZONE: PostgreSQL's functions by field name.</summary>
    private static void Fields(Definitions define)
    {
        SqlType text = SqlType.Text;
        foreach ((SqlType type, Func<Value, FunctionContext, MomentParts> parts) in new (SqlType, Func<Value, FunctionContext, MomentParts>)[]
        {
            (SqlType.Timestamp, (v, _) => new MomentParts(v.As<long>(), v.As<long>() - DateTime.UnixEpoch.Ticks, 0, true, true)),
            (SqlType.Date, (v, _) => new MomentParts(v.As<int>() * Day, v.As<int>() * Day - DateTime.UnixEpoch.Ticks, 0, true, false)),
            (SqlType.Time, (v, _) => new MomentParts(v.As<long>(), v.As<long>(), 0, false, true)),
            (SqlType.DateTimeOffset, (v, _) => new MomentParts(Casts.Local(v.As<OffsetInstant>()), v.As<OffsetInstant>().UtcTicks - DateTime.UnixEpoch.Ticks, v.As<OffsetInstant>().OffsetMinutes * 60, true, true)),
            (SqlType.TimestampTz, (v, c) =>
            {
                long utc = v.As<long>(), local = TimeZones.FromUtc(utc, c.TimeZone);
                return new MomentParts(local, utc - DateTime.UnixEpoch.Ticks, (int)((local - utc) / TimeSpan.TicksPerSecond), true, true);
            }),
        })
        {
            Volatility volatility = type.Kind == SqlTypeKind.TimestampTz ? Volatility.Stable : Volatility.Immutable;
            define.AddValues("extract", SqlType.Decimal, (v, c) => Value.From(SqlTypeKind.Decimal, Extract(Utf8.ToString(v[0]), parts(v[1], c))), [text, type], volatility: volatility);
            define.AddValues("date_part", SqlType.Double, (v, c) => Value.From(SqlTypeKind.Double, (double)Extract(Utf8.ToString(v[0]), parts(v[1], c))), [text, type], volatility: volatility);
        }

        define.AddValues("extract", SqlType.Decimal, (v, _) => Value.From(SqlTypeKind.Decimal, ExtractSpan(Utf8.ToString(v[0]), new TimeSpan(v[1].As<long>()))), [text, SqlType.TimeSpan]);
        define.AddValues("date_part", SqlType.Double, (v, _) => Value.From(SqlTypeKind.Double, (double)ExtractSpan(Utf8.ToString(v[0]), new TimeSpan(v[1].As<long>()))), [text, SqlType.TimeSpan]);
        define.AddValues("date_trunc", SqlType.Timestamp, (v, _) => Value.From(SqlTypeKind.Timestamp, Truncate(Utf8.ToString(v[0]), v[1].As<long>())), [text, SqlType.Timestamp]);
        define.AddValues("date_trunc", SqlType.Timestamp, (v, _) => Value.From(SqlTypeKind.Timestamp, Truncate(Utf8.ToString(v[0]), v[1].As<int>() * Day)), [text, SqlType.Date]);
        define.AddValues("date_trunc", SqlType.DateTimeOffset, (v, _) => Value.From(SqlTypeKind.DateTimeOffset,
            OnLocal(v[1].As<OffsetInstant>(), l => new DateTime(Truncate(Utf8.ToString(v[0]), l.Ticks)))), [text, SqlType.DateTimeOffset]);
        define.AddValues("date_trunc", SqlType.TimestampTz, (v, c) => Value.From(SqlTypeKind.TimestampTz,
            TruncateIn(c.TimeZone, Utf8.ToString(v[0]), v[1].As<long>())), [text, SqlType.TimestampTz], volatility: Volatility.Stable);
        define.AddValues("date_trunc", SqlType.TimestampTz, (v, _) => Value.From(SqlTypeKind.TimestampTz,
            TruncateIn(TimeZones.Find(Utf8.ToString(v[2])), Utf8.ToString(v[0]), v[1].As<long>())), [text, SqlType.TimestampTz, text]);
        define.AddValues("date_trunc", SqlType.TimeSpan, (v, _) => Value.From(SqlTypeKind.TimeSpan, TruncateSpan(Utf8.ToString(v[0]), v[1].As<long>())), [text, SqlType.TimeSpan]);
        define.AddValues("timezone", SqlType.TimestampTz, (v, _) => Value.From(SqlTypeKind.TimestampTz, TimeZones.ToUtc(v[1].As<long>(), TimeZones.Find(Utf8.ToString(v[0])))), [text, SqlType.Timestamp]);
        define.AddValues("timezone", SqlType.Timestamp, (v, _) => Value.From(SqlTypeKind.Timestamp, TimeZones.FromUtc(v[1].As<long>(), TimeZones.Find(Utf8.ToString(v[0])))), [text, SqlType.TimestampTz]);
        define.AddValues("timezone", SqlType.Timestamp, (v, _) => Value.From(SqlTypeKind.Timestamp, TimeZones.FromUtc(v[1].As<OffsetInstant>().UtcTicks, TimeZones.Find(Utf8.ToString(v[0])))), [text, SqlType.DateTimeOffset]);
    }

    private static decimal Extract(string field, MomentParts p)
    {
        string name = field.Trim().ToLowerInvariant();
        long clock = p.Local % Day;
        if (p.HasTime)
        {
            switch (name)
            {
                case "hour": return clock / TimeSpan.TicksPerHour;
                case "minute": return clock / TimeSpan.TicksPerMinute % 60;
                case "second": return Seconds(clock % TimeSpan.TicksPerMinute);
                case "milliseconds" or "millisecond": return Trim(clock % TimeSpan.TicksPerMinute / 10_000m);
                case "microseconds" or "microsecond": return Trim(clock % TimeSpan.TicksPerMinute / 10m);
                case "timezone" when p.HasDate: return p.OffsetSeconds;
                case "timezone_hour" when p.HasDate: return p.OffsetSeconds / 3600;
                case "timezone_minute" when p.HasDate: return p.OffsetSeconds / 60 % 60;
            }
        }

        if (name == "epoch")
            return Seconds(p.Epoch);
        if (p.HasDate)
        {
            DateTime date = new(p.Local);
            switch (name)
            {
                case "year": return date.Year;
                case "month": return date.Month;
                case "day": return date.Day;
                case "quarter": return (date.Month + 2) / 3;
                case "decade": return date.Year / 10;
                case "century": return (date.Year + 99) / 100;
                case "millennium": return (date.Year + 999) / 1000;
                case "dow": return (int)date.DayOfWeek;
                case "isodow": return date.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)date.DayOfWeek;
                case "doy": return date.DayOfYear;
                case "week": return ISOWeek.GetWeekOfYear(date);
                case "isoyear": return ISOWeek.GetYear(date);
                case "julian": return 1721426 + p.Local / Day + Trim(clock / (decimal)Day);
            }
        }

        throw UnknownField(field);
    }

    private static decimal ExtractSpan(string field, TimeSpan span) => field.Trim().ToLowerInvariant() switch
    {
        "day" => span.Days,
        "hour" => span.Hours,
        "minute" => span.Minutes,
        "second" => Seconds(span.Ticks % TimeSpan.TicksPerMinute),
        "milliseconds" or "millisecond" => Trim(span.Ticks % TimeSpan.TicksPerMinute / 10_000m),
        "microseconds" or "microsecond" => Trim(span.Ticks % TimeSpan.TicksPerMinute / 10m),
        "epoch" => Seconds(span.Ticks),
        _ => throw UnknownField(field),
    };

    private static long Truncate(string field, long ticks)
    {
        DateTime date = new(ticks);
        switch (field.Trim().ToLowerInvariant())
        {
            case "microseconds" or "microsecond": return ticks - ticks % TimeSpan.TicksPerMicrosecond;
            case "milliseconds" or "millisecond": return ticks - ticks % TimeSpan.TicksPerMillisecond;
            case "second": return ticks - ticks % TimeSpan.TicksPerSecond;
            case "minute": return ticks - ticks % TimeSpan.TicksPerMinute;
            case "hour": return ticks - ticks % TimeSpan.TicksPerHour;
            case "day": return ticks - ticks % Day;
            case "week": return Moment((ticks / Day - ((int)date.DayOfWeek + 6) % 7) * Day);
            case "month": return new DateTime(date.Year, date.Month, 1).Ticks;
            case "quarter": return new DateTime(date.Year, (date.Month - 1) / 3 * 3 + 1, 1).Ticks;
            case "year": return new DateTime(date.Year, 1, 1).Ticks;
            case "decade": return new DateTime(Math.Max(1, date.Year / 10 * 10), 1, 1).Ticks;
            case "century": return new DateTime((date.Year - 1) / 100 * 100 + 1, 1, 1).Ticks;
            case "millennium": return new DateTime((date.Year - 1) / 1000 * 1000 + 1, 1, 1).Ticks;
            default: throw UnknownField(field);
        }
    }

    /// <summary>Truncates a moment as the clocks of a zone show it. Within a day the clock is not set: of an hour that comes twice each stays itself.</summary>
    private static long TruncateIn(TimeZoneInfo zone, string field, long utc)
    {
        long local = TimeZones.FromUtc(utc, zone);
        long truncated = Truncate(field, local);
        bool isWithinDay = field.Trim().ToLowerInvariant() is "hour" or "minute" or "second" or "milliseconds" or "millisecond" or "microseconds" or "microsecond";
        return isWithinDay ? utc - (local - truncated) : TimeZones.ToUtc(truncated, zone);
    }

    private static long TruncateSpan(string field, long ticks)
    {
        long unit = field.Trim().ToLowerInvariant() switch
        {
            "microseconds" or "microsecond" => TimeSpan.TicksPerMicrosecond,
            "milliseconds" or "millisecond" => TimeSpan.TicksPerMillisecond,
            "second" => TimeSpan.TicksPerSecond,
            "minute" => TimeSpan.TicksPerMinute,
            "hour" => TimeSpan.TicksPerHour,
            "day" => Day,
            _ => throw UnknownField(field),
        };
        return ticks - ticks % unit;
    }

    /// <summary>Number of unit boundaries from the first moment to the second.</summary>
    private static Value Difference(string unit, long from, long to)
    {
        DateTime a = new(from), b = new(to);
        long difference = unit.Trim().ToLowerInvariant() switch
        {
            "year" => b.Year - a.Year,
            "quarter" => (b.Year * 4 + (b.Month - 1) / 3) - (a.Year * 4 + (a.Month - 1) / 3),
            "month" => (b.Year * 12 + b.Month) - (a.Year * 12 + a.Month),

            // Weeks begin on Sunday, as SQL Server's DATEDIFF counts them; day 0 (0001-01-01) is a Monday.
            "week" => (to / Day + 1) / 7 - (from / Day + 1) / 7,
            "day" => to / Day - from / Day,
            "hour" => to / TimeSpan.TicksPerHour - from / TimeSpan.TicksPerHour,
            "minute" => to / TimeSpan.TicksPerMinute - from / TimeSpan.TicksPerMinute,
            "second" => to / TimeSpan.TicksPerSecond - from / TimeSpan.TicksPerSecond,
            "millisecond" => to / TimeSpan.TicksPerMillisecond - from / TimeSpan.TicksPerMillisecond,
            "microsecond" => to / TimeSpan.TicksPerMicrosecond - from / TimeSpan.TicksPerMicrosecond,
            "nanosecond" => checked((to - from) * 100),
            _ => throw UnknownField(unit),
        };
        return Value.From(SqlTypeKind.BigInt, difference);
    }

    private static decimal Seconds(long ticks) => Trim(ticks / 10_000_000m);

    // PostgreSQL shows six digits here; ours show what is there.
    private static decimal Trim(decimal value) => value / 1.0000000000000000000000000000m;

    /// <summary>Whether some type has a field of that name.</summary>
    internal static bool IsField(string field) => s_fields.Contains(field.Trim().ToLowerInvariant());

    private static BareMetalException UnknownField(string field) =>
        new(IsField(field) ? SqlStates.FeatureNotSupported : SqlStates.InvalidParameterValue, $"The field \"{field}\" is not known for this type.")
        {
            Hint = "Fields are year, month, day, hour, minute, second, quarter, week, dow, doy, epoch and their kin; times and durations have no dates.",
        };

    /// <summary>All there are, each of which some types do not have.</summary>
    private static readonly HashSet<string> s_fields =
    [
        "century", "day", "decade", "dow", "doy", "epoch", "hour", "isodow", "isoyear", "julian", "microseconds", "microsecond", "millennium", "milliseconds", "millisecond",
        "minute", "month", "quarter", "second", "timezone", "timezone_hour", "timezone_minute", "week", "year",
    ];

    private readonly record struct MomentParts(long Local, long Epoch, int OffsetSeconds, bool HasDate, bool HasTime);
}
