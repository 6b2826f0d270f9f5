using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Functions over dates, times and durations: .NET's results, in ticks of 100 ns.</summary>
internal static partial class DateTimeFunctions
{
    private const long Day = TimeSpan.TicksPerDay;

    public static void Define(Definitions define)
    {
        Operators(define);
        Parts(define);
        Additions(define);
        Making(define);
        Fields(define);
        Clocks(define);
    }

    private static void Operators(Definitions define)
    {
        SqlType timestamp = SqlType.Timestamp, zoned = SqlType.TimestampTz, offset = SqlType.DateTimeOffset, span = SqlType.TimeSpan, time = SqlType.Time, date = SqlType.Date;
        ScalarKernel difference = Kernel.Of<long, long, long>((a, b) => a - b);
        ScalarKernel add = Kernel.Of<long, long, long>((a, b) => Moment(checked(a + b)));
        ScalarKernel subtract = Kernel.Of<long, long, long>((a, b) => Moment(checked(a - b)));
        foreach (SqlType type in new[] { timestamp, zoned })
        {
            define.Add("-", span, difference, type, type);
            define.Add("+", type, add, type, span);
            define.Add("+", type, Kernel.Of<long, long, long>((a, b) => Moment(checked(a + b))), span, type);
            define.Add("-", type, subtract, type, span);
        }

        define.Add("-", span, Kernel.Of<OffsetInstant, OffsetInstant, long>((a, b) => a.UtcTicks - b.UtcTicks), offset, offset);
        define.Add("+", offset, Kernel.Of<OffsetInstant, long, OffsetInstant>((a, b) => Shift(a, b)), offset, span);
        define.Add("+", offset, Kernel.Of<long, OffsetInstant, OffsetInstant>((a, b) => Shift(b, a)), span, offset);
        define.Add("-", offset, Kernel.Of<OffsetInstant, long, OffsetInstant>((a, b) => Shift(a, checked(-b))), offset, span);
        define.Add("+", time, Kernel.Of<long, long, long>((a, b) => Wrap(a + b % Day)), time, span);
        define.Add("-", time, Kernel.Of<long, long, long>((a, b) => Wrap(a - b % Day)), time, span);
        define.Add("-", span, Kernel.Of<long, long, long>((a, b) => Wrap(a - b)), time, time);
        define.Add("+", span, Kernel.Of<long, long, long>((a, b) => checked(a + b)), span, span);
        define.Add("-", span, Kernel.Of<long, long, long>((a, b) => checked(a - b)), span, span);
        define.Add("-", span, Kernel.Of<long, long>(a => checked(-a)), span);
        define.Add("+", span, CopyKernel.Instance, span);
        define.Add("*", span, Kernel.Of<long, double, long>((a, b) => (new TimeSpan(a) * b).Ticks), span, SqlType.Double);
        define.Add("*", span, Kernel.Of<double, long, long>((a, b) => (a * new TimeSpan(b)).Ticks), SqlType.Double, span);
        define.Add("/", span, Kernel.Of<long, double, long>((a, b) => b == 0 ? throw new DivideByZeroException() : (new TimeSpan(a) / b).Ticks), span, SqlType.Double);
        define.Add("/", SqlType.Double, Kernel.Of<long, long, double>((a, b) => new TimeSpan(a) / new TimeSpan(b)), span, span);
        define.Add("abs", span, Kernel.Of<long, long>(a => Math.Abs(a)), span);
        define.Add("sign", SqlType.Integer, Kernel.Of<long, int>(a => Math.Sign(a)), span);
        define.Add("+", date, Kernel.Of<int, int, int>((a, b) => DayNumber((long)a + b)), date, SqlType.Integer);
        define.Add("+", date, Kernel.Of<int, int, int>((a, b) => DayNumber((long)a + b)), SqlType.Integer, date);
        define.Add("-", date, Kernel.Of<int, int, int>((a, b) => DayNumber((long)a - b)), date, SqlType.Integer);
        define.Add("-", SqlType.Integer, Kernel.Of<int, int, int>((a, b) => a - b), date, date);
        define.Add("+", timestamp, Kernel.Of<int, long, long>((a, b) => Moment(checked(a * Day + b))), date, span);
        define.Add("-", timestamp, Kernel.Of<int, long, long>((a, b) => Moment(checked(a * Day - b))), date, span);
        define.Add("+", timestamp, Kernel.Of<int, long, long>((a, b) => a * Day + b), date, time);
    }

    private static void Parts(Definitions define)
    {
        OfMoment(define, "year", t => new DateTime(t).Year);
        OfMoment(define, "month", t => new DateTime(t).Month);
        OfMoment(define, "day", t => new DateTime(t).Day);
        OfMoment(define, "day_of_year", t => new DateTime(t).DayOfYear);
        OfMoment(define, "day_of_week", t => (int)new DateTime(t).DayOfWeek);
        OfMoment(define, "quarter", t => (new DateTime(t).Month + 2) / 3);
        OfClock(define, "hour", t => (int)(t / TimeSpan.TicksPerHour));
        OfClock(define, "minute", t => (int)(t / TimeSpan.TicksPerMinute % 60));
        OfClock(define, "second", t => (int)(t / TimeSpan.TicksPerSecond % 60));
        OfClock(define, "millisecond", t => (int)(t / TimeSpan.TicksPerMillisecond % 1000));
        OfClock(define, "microsecond", t => (int)(t / TimeSpan.TicksPerMicrosecond % 1000));
        OfClock(define, "nanosecond", t => (int)(t % TimeSpan.TicksPerMicrosecond * 100));
        OfSpan(define, "day", t => t.Days);
        OfSpan(define, "hour", t => t.Hours);
        OfSpan(define, "minute", t => t.Minutes);
        OfSpan(define, "second", t => t.Seconds);
        OfSpan(define, "millisecond", t => t.Milliseconds);
        OfSpan(define, "microsecond", t => t.Microseconds);
        OfSpan(define, "nanosecond", t => t.Nanoseconds);
        Total(define, "total_days", t => t.TotalDays);
        Total(define, "total_hours", t => t.TotalHours);
        Total(define, "total_minutes", t => t.TotalMinutes);
        Total(define, "total_seconds", t => t.TotalSeconds);
        Total(define, "total_milliseconds", t => t.TotalMilliseconds);
        Total(define, "total_microseconds", t => t.TotalMicroseconds);
        Total(define, "total_nanoseconds", t => t.TotalNanoseconds);
        foreach (SqlType type in new[] { SqlType.Timestamp, SqlType.TimestampTz, SqlType.Time, SqlType.TimeSpan })
            define.Add("ticks", SqlType.BigInt, Kernel.Of<long, long>(t => t), type);
        define.Add("ticks", SqlType.BigInt, Kernel.Of<OffsetInstant, long>(Casts.Local), SqlType.DateTimeOffset);
        define.Add("utc_ticks", SqlType.BigInt, Kernel.Of<OffsetInstant, long>(o => o.UtcTicks), SqlType.DateTimeOffset);
        define.Add("day_number", SqlType.Integer, Kernel.Of<int, int>(d => d), SqlType.Date);
        define.Add("time_of_day", SqlType.TimeSpan, Kernel.Of<long, long>(t => t % Day), SqlType.Timestamp);
        define.Add("time_of_day", SqlType.TimeSpan, Kernel.Of<OffsetInstant, long>(o => Casts.Local(o) % Day), SqlType.DateTimeOffset);
        define.Add("time_is_between", SqlType.Boolean, Kernel.Of<long, long, long, bool>((t, a, b) => a <= b ? a <= t && t < b : a <= t || t < b), SqlType.Time, SqlType.Time, SqlType.Time);
        SqlType offset = SqlType.DateTimeOffset;
        define.Add("utc_datetime", SqlType.Timestamp, Kernel.Of<OffsetInstant, long>(o => o.UtcTicks), offset);
        define.Add("local_datetime", SqlType.Timestamp, Kernel.Of<OffsetInstant, long>(o => TimeZones.FromUtc(o.UtcTicks, TimeZoneInfo.Local)), Volatility.Stable, offset);
        define.Add("utc_offset", SqlType.TimeSpan, Kernel.Of<OffsetInstant, long>(o => o.OffsetMinutes * TimeSpan.TicksPerMinute), offset);
        define.Add("unix_time_seconds", SqlType.BigInt, Kernel.Of<OffsetInstant, long>(o => new DateTimeOffset(o.UtcTicks, default).ToUnixTimeSeconds()), offset);
        define.Add("unix_time_milliseconds", SqlType.BigInt, Kernel.Of<OffsetInstant, long>(o => new DateTimeOffset(o.UtcTicks, default).ToUnixTimeMilliseconds()), offset);
        define.Add("unix_time_seconds_to_datetimeoffset", offset, Kernel.Of<long, OffsetInstant>(s => new OffsetInstant(DateTimeOffset.FromUnixTimeSeconds(s).UtcTicks, 0)), SqlType.BigInt);
        define.Add("unix_time_milliseconds_to_datetimeoffset", offset, Kernel.Of<long, OffsetInstant>(s => new OffsetInstant(DateTimeOffset.FromUnixTimeMilliseconds(s).UtcTicks, 0)), SqlType.BigInt);
        define.Add("to_universal_time", offset, Kernel.Of<OffsetInstant, OffsetInstant>(o => new OffsetInstant(o.UtcTicks, 0)), offset);
        define.Add("to_offset", offset, Kernel.Of<OffsetInstant, long, OffsetInstant>((o, s) => Offset(o.UtcTicks, s)), offset, SqlType.TimeSpan);
        define.Add("make_datetimeoffset", offset, Kernel.Of<long, long, OffsetInstant>((t, s) => Offset(t - s, s)), SqlType.Timestamp, SqlType.TimeSpan);
        define.Add("to_timestamp", SqlType.TimestampTz, Kernel.Of<double, long>(s => Moment(DateTime.UnixEpoch.Ticks + (long)checked((decimal)s * TimeSpan.TicksPerSecond))), SqlType.Double);
        define.AddValues("date_diff", SqlType.BigInt, (v, _) => Difference(Utf8.ToString(v[0]), v[1].As<long>(), v[2].As<long>()), [SqlType.Text, SqlType.Timestamp, SqlType.Timestamp]);
        define.AddValues("date_diff", SqlType.BigInt, (v, _) => Difference(Utf8.ToString(v[0]), v[1].As<int>() * Day, v[2].As<int>() * Day), [SqlType.Text, SqlType.Date, SqlType.Date]);
        define.AddValues("date_diff", SqlType.BigInt, (v, _) => Difference(Utf8.ToString(v[0]), v[1].As<OffsetInstant>().UtcTicks, v[2].As<OffsetInstant>().UtcTicks), [SqlType.Text, SqlType.DateTimeOffset, SqlType.DateTimeOffset]);
        define.AddValues("date_diff", SqlType.BigInt, (v, _) => Difference(Utf8.ToString(v[0]), v[1].As<long>(), v[2].As<long>()), [SqlType.Text, SqlType.TimestampTz, SqlType.TimestampTz]);
        define.AddValues("date_diff", SqlType.BigInt, (v, _) => Difference(Utf8.ToString(v[0]), v[1].As<long>(), v[2].As<long>()), [SqlType.Text, SqlType.Time, SqlType.Time]);
    }

    private static void Additions(Definitions define)
    {
        ByCalendar(define, "add_years", (d, n) => d.AddYears(n));
        ByCalendar(define, "add_months", (d, n) => d.AddMonths(n));
        define.Add("add_days", SqlType.Date, Kernel.Of<int, double, int>((d, n) => DayNumber(d + checked((long)n))), SqlType.Date, SqlType.Double);
        ByClock(define, "add_days", (d, n) => d.AddDays(n));
        ByClock(define, "add_hours", (d, n) => d.AddHours(n));
        ByClock(define, "add_minutes", (d, n) => d.AddMinutes(n));
        ByClock(define, "add_seconds", (d, n) => d.AddSeconds(n));
        ByClock(define, "add_milliseconds", (d, n) => d.AddMilliseconds(n));
        ByClock(define, "add_microseconds", (d, n) => d.AddMicroseconds(n));
        define.Add("add_hours", SqlType.Time, Kernel.Of<long, double, long>((t, n) => new TimeOnly(t).AddHours(n).Ticks), SqlType.Time, SqlType.Double);
        define.Add("add_minutes", SqlType.Time, Kernel.Of<long, double, long>((t, n) => new TimeOnly(t).AddMinutes(n).Ticks), SqlType.Time, SqlType.Double);
        define.Add("add_ticks", SqlType.Timestamp, Kernel.Of<long, long, long>((t, n) => Moment(checked(t + n))), SqlType.Timestamp, SqlType.BigInt);
        define.Add("add_ticks", SqlType.DateTimeOffset, Kernel.Of<OffsetInstant, long, OffsetInstant>((t, n) => Shift(t, n)), SqlType.DateTimeOffset, SqlType.BigInt);
        Span(define, "timespan_from_days", TimeSpan.FromDays);
        Span(define, "timespan_from_hours", TimeSpan.FromHours);
        Span(define, "timespan_from_minutes", TimeSpan.FromMinutes);
        Span(define, "timespan_from_seconds", TimeSpan.FromSeconds);
        Span(define, "timespan_from_milliseconds", TimeSpan.FromMilliseconds);
        Span(define, "timespan_from_microseconds", TimeSpan.FromMicroseconds);
        define.Add("timespan_from_ticks", SqlType.TimeSpan, Kernel.Of<long, long>(t => t), SqlType.BigInt);
    }

    private static void Making(Definitions define)
    {
        SqlType i = SqlType.Integer, d = SqlType.Double;
        define.Add("make_date", SqlType.Date, Kernel.Of<int, int, int, int>((y, m, day) => new DateOnly(y, m, day).DayNumber), i, i, i);
        define.Add("make_time", SqlType.Time, Kernel.Of<int, int, double, long>(TimeOf), i, i, d);
        define.AddValues("make_timestamp", SqlType.Timestamp, (v, _) => Value.From(SqlTypeKind.Timestamp,
            new DateTime(v[0].As<int>(), v[1].As<int>(), v[2].As<int>()).Ticks + TimeOf(v[3].As<int>(), v[4].As<int>(), v[5].As<double>())), [i, i, i, i, i, d]);
        define.AddValues("make_timestamptz", SqlType.TimestampTz, (v, context) => Value.From(SqlTypeKind.TimestampTz, TimeZones.ToUtc(
            new DateTime(v[0].As<int>(), v[1].As<int>(), v[2].As<int>()).Ticks + TimeOf(v[3].As<int>(), v[4].As<int>(), v[5].As<double>()), context.TimeZone)), [i, i, i, i, i, d], volatility: Volatility.Stable);
        define.AddValues("make_timespan", SqlType.TimeSpan, (v, _) => Value.From(SqlTypeKind.TimeSpan,
            new TimeSpan(v[0].As<int>(), v[1].As<int>(), v[2].As<int>(), v[3].As<int>(), v[4].As<int>()).Ticks), [i, i, i, i, i]);
        define.AddValues("make_timespan", SqlType.TimeSpan, (v, _) => Value.From(SqlTypeKind.TimeSpan,
            new TimeSpan(v[0].As<int>(), v[1].As<int>(), v[2].As<int>(), v[3].As<int>(), v[4].As<int>(), v[5].As<int>()).Ticks), [i, i, i, i, i, i]);
        define.Add("make_datetime", SqlType.Timestamp, Kernel.Of<int, long, long>((date, time) => date * Day + time), SqlType.Date, SqlType.Time);
    }

    private static void Clocks(Definitions define)
    {
        Clock(define, ["now", "current_timestamp", "transaction_timestamp", "statement_timestamp"], SqlType.TimestampTz, c => Value.From(SqlTypeKind.TimestampTz, c.StatementTime.UtcTicks));
        Clock(define, ["localtimestamp"], SqlType.Timestamp, c => Value.From(SqlTypeKind.Timestamp, TimeZones.FromUtc(c.StatementTime.UtcTicks, c.TimeZone)));
        Clock(define, ["current_date"], SqlType.Date, c => Value.From(SqlTypeKind.Date, (int)(TimeZones.FromUtc(c.StatementTime.UtcTicks, c.TimeZone) / Day)));
        Clock(define, ["current_time", "localtime"], SqlType.Time, c => Value.From(SqlTypeKind.Time, TimeZones.FromUtc(c.StatementTime.UtcTicks, c.TimeZone) % Day));
        Clock(define, ["now_utc"], SqlType.Timestamp, c => Value.From(SqlTypeKind.Timestamp, c.StatementTime.UtcTicks));
        Clock(define, ["now_local"], SqlType.Timestamp, c => Value.From(SqlTypeKind.Timestamp, TimeZones.FromUtc(c.StatementTime.UtcTicks, TimeZoneInfo.Local)));
        Clock(define, ["today_local"], SqlType.Timestamp, c => Value.From(SqlTypeKind.Timestamp, TimeZones.FromUtc(c.StatementTime.UtcTicks, TimeZoneInfo.Local) / Day * Day));
        Clock(define, ["now_utc_offset"], SqlType.DateTimeOffset, c => Value.From(SqlTypeKind.DateTimeOffset, new OffsetInstant(c.StatementTime.UtcTicks, 0)));
        Clock(define, ["now_offset"], SqlType.DateTimeOffset, c =>
        {
            long utc = c.StatementTime.UtcTicks;
            return Value.From(SqlTypeKind.DateTimeOffset, Offset(utc, TimeZones.FromUtc(utc, TimeZoneInfo.Local) - utc));
        });
        define.AddValues("clock_timestamp", SqlType.TimestampTz, (_, _) => Value.From(SqlTypeKind.TimestampTz, DateTime.UtcNow.Ticks), [], volatility: Volatility.Volatile);
    }

    private static void Clock(Definitions define, string[] names, SqlType type, Func<FunctionContext, Value> read)
    {
        foreach (string name in names)
            define.AddValues(name, type, (_, context) => read(context), [], volatility: Volatility.Stable);
    }

    private static void OfMoment(Definitions define, string name, Func<long, int> part)
    {
        define.Add(name, SqlType.Integer, Kernel.Of(part), SqlType.Timestamp);
        define.Add(name, SqlType.Integer, Kernel.Of<int, int>(d => part(d * Day)), SqlType.Date);
        define.Add(name, SqlType.Integer, Kernel.Of<OffsetInstant, int>(o => part(Casts.Local(o))), SqlType.DateTimeOffset);
        define.Add(name, SqlType.Integer, new ZonedKernel<int>(part), Volatility.Stable, SqlType.TimestampTz);
    }

    private static void OfClock(Definitions define, string name, Func<long, int> part)
    {
        define.Add(name, SqlType.Integer, Kernel.Of<long, int>(t => part(t % Day)), SqlType.Timestamp);
        define.Add(name, SqlType.Integer, Kernel.Of<OffsetInstant, int>(o => part(Casts.Local(o) % Day)), SqlType.DateTimeOffset);
        define.Add(name, SqlType.Integer, Kernel.Of(part), SqlType.Time);
        define.Add(name, SqlType.Integer, new ZonedKernel<int>(t => part(t % Day)), Volatility.Stable, SqlType.TimestampTz);
    }

    private static void OfSpan(Definitions define, string name, Func<TimeSpan, int> part) =>
        define.Add(name, SqlType.Integer, Kernel.Of<long, int>(t => part(new TimeSpan(t))), SqlType.TimeSpan);

    private static void Total(Definitions define, string name, Func<TimeSpan, double> total) =>
        define.Add(name, SqlType.Double, Kernel.Of<long, double>(t => total(new TimeSpan(t))), SqlType.TimeSpan);

    private static void Span(Definitions define, string name, Func<double, TimeSpan> from) =>
        define.Add(name, SqlType.TimeSpan, Kernel.Of<double, long>(x => double.IsNaN(x) ? throw new OverflowException() : from(x).Ticks), SqlType.Double);

    private static void ByCalendar(Definitions define, string name, Func<DateTime, int, DateTime> add)
    {
        define.Add(name, SqlType.Timestamp, Kernel.Of<long, int, long>((t, n) => add(new DateTime(t), n).Ticks), SqlType.Timestamp, SqlType.Integer);
        define.Add(name, SqlType.Date, Kernel.Of<int, int, int>((d, n) => (int)(add(new DateTime(d * Day), n).Ticks / Day)), SqlType.Date, SqlType.Integer);
        define.Add(name, SqlType.DateTimeOffset, Kernel.Of<OffsetInstant, int, OffsetInstant>((o, n) => OnLocal(o, l => add(l, n))), SqlType.DateTimeOffset, SqlType.Integer);
        define.Add(name, SqlType.TimestampTz, Kernel.Of<long, int, long>((t, n) => add(new DateTime(t), n).Ticks), SqlType.TimestampTz, SqlType.Integer);
    }

    private static void ByClock(Definitions define, string name, Func<DateTime, double, DateTime> add)
    {
        define.Add(name, SqlType.Timestamp, Kernel.Of<long, double, long>((t, n) => add(new DateTime(t), n).Ticks), SqlType.Timestamp, SqlType.Double);
        define.Add(name, SqlType.DateTimeOffset, Kernel.Of<OffsetInstant, double, OffsetInstant>((o, n) => OnLocal(o, l => add(l, n))), SqlType.DateTimeOffset, SqlType.Double);
        define.Add(name, SqlType.TimestampTz, Kernel.Of<long, double, long>((t, n) => add(new DateTime(t), n).Ticks), SqlType.TimestampTz, SqlType.Double);
    }

    private static OffsetInstant OnLocal(OffsetInstant value, Func<DateTime, DateTime> change)
    {
        long local = change(new DateTime(Casts.Local(value))).Ticks;
        return value with { UtcTicks = Moment(local - value.OffsetMinutes * TimeSpan.TicksPerMinute) };
    }

    private static OffsetInstant Shift(OffsetInstant value, long ticks)
    {
        OffsetInstant moved = value with { UtcTicks = Moment(checked(value.UtcTicks + ticks)) };
        Moment(Casts.Local(moved));
        return moved;
    }

    private static OffsetInstant Offset(long utc, long offset)
    {
        long minutes = offset / TimeSpan.TicksPerMinute;
        if (offset % TimeSpan.TicksPerMinute != 0 || Math.Abs(minutes) > 14 * 60)
            throw new OverflowException();
        Moment(utc + offset);
        return new OffsetInstant(Moment(utc), (short)minutes);
    }

    private static long Moment(long ticks) => (ulong)ticks <= (ulong)DateTime.MaxValue.Ticks ? ticks : throw new OverflowException();

    private static int DayNumber(long day) => (ulong)day <= (ulong)DateOnly.MaxValue.DayNumber ? (int)day : throw new OverflowException();

    private static long Wrap(long ticks) => (ticks %= Day) < 0 ? ticks + Day : ticks;

    private static long TimeOf(int hour, int minute, double second)
    {
        if ((uint)hour > 23 || (uint)minute > 59 || !(second >= 0 && second < 60))
            throw new OverflowException();
        return Math.Min(((hour * 60L + minute) * 60) * TimeSpan.TicksPerSecond + (long)Math.Round(second * TimeSpan.TicksPerSecond), Day - 1);
    }

    /// <summary>A part of the session's wall clock at an instant.</summary>
    private sealed class ZonedKernel<TResult>(Func<long, TResult> part) : RowKernel
    {
        protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context) =>
            ((Vector<TResult>)result).Data[row] = part(TimeZones.FromUtc(Get<long>(arguments[0], row), context.TimeZone));
    }
}
