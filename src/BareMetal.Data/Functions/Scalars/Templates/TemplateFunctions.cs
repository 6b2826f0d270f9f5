using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars.Templates;

/// <summary>to_char, to_date, to_timestamp and to_number.</summary>
internal static class TemplateFunctions
{
    // A statement uses one template for all its rows.
    private static volatile MomentTemplate? s_moment;
    private static volatile NumberTemplate? s_number;

    public static void Define(Definitions define)
    {
        SqlType text = SqlType.Text;
        Moment(define, SqlType.Timestamp, (v, _) => Fields(v.As<long>(), 0, ""), Volatility.Immutable);
        Moment(define, SqlType.DateTimeOffset, (v, _) => Fields(Casts.Local(v.As<OffsetInstant>()), v.As<OffsetInstant>().OffsetMinutes * 60, ""), Volatility.Immutable);
        Moment(define, SqlType.TimestampTz, (v, c) =>
        {
            long utc = v.As<long>(), local = TimeZones.FromUtc(utc, c.TimeZone);
            return Fields(local, (int)((local - utc) / TimeSpan.TicksPerSecond), c.TimeZone.Id);
        }, Volatility.Stable);
        Moment(define, SqlType.Interval, (v, _) => Fields(v.As<BareMetalInterval>()), Volatility.Immutable);
        foreach (SqlType type in new[] { SqlType.Integer, SqlType.BigInt, SqlType.Decimal })
        {
            define.AddValues("to_char", text, (v, _) => Text(Number(v[1]).Format(v[0].Kind switch
            {
                SqlTypeKind.Integer => v[0].As<int>(),
                SqlTypeKind.BigInt => v[0].As<long>(),
                _ => v[0].As<decimal>(),
            })), [type, text]);
        }

        define.AddValues("to_char", text, (v, _) => Text(Number(v[1]).Format(v[0].As<double>())), [SqlType.Double, text]);
        define.AddValues("to_number", SqlType.Decimal, (v, _) => Value.From(SqlTypeKind.Decimal, Number(v[1]).Parse(Utf8.ToString(v[0]))), [text, text]);
        define.AddValues("to_date", SqlType.Date, (v, _) => Value.From(SqlTypeKind.Date, (int)(Template(v[1]).Parse(Utf8.ToString(v[0]), out int? _).Ticks / TimeSpan.TicksPerDay)), [text, text]);
        define.AddValues("to_timestamp", SqlType.TimestampTz, (v, c) =>
        {
            long local = Template(v[1]).Parse(Utf8.ToString(v[0]), out int? offset).Ticks;
            long utc = offset is { } minutes ? local - (minutes * TimeSpan.TicksPerMinute) : TimeZones.ToUtc(local, c.TimeZone);
            return utc >= 0 && utc <= DateTime.MaxValue.Ticks ? Value.From(SqlTypeKind.TimestampTz, utc) : throw new ArgumentOutOfRangeException(nameof(define));
        }, [text, text], volatility: Volatility.Stable);
    }

    private static void Moment(Definitions define, SqlType type, Func<Value, FunctionContext, MomentFields> fields, Volatility volatility) =>
        define.AddValues("to_char", SqlType.Text, (v, c) => v[1].As<ByteSlice>().Length == 0 ? Value.Null(SqlTypeKind.Text) : Text(Template(v[1]).Format(fields(v[0], c))), [type, SqlType.Text], volatility: volatility);

    private static MomentFields Fields(long ticks, int offset, string zone)
    {
        DateTime date = new(ticks);
        return new MomentFields
        {
            Year = date.Year,
            Month = date.Month,
            Day = date.Day,
            Hour = date.Hour,
            Minute = date.Minute,
            Second = date.Second,
            Ticks = (int)(ticks % TimeSpan.TicksPerSecond),
            Date = date,
            Offset = offset,
            Zone = zone,
        };
    }

    private static MomentFields Fields(BareMetalInterval value) => new()
    {
        Year = value.Months / 12,
        Month = value.Months % 12,
        Day = value.Days,
        Hour = value.Ticks / TimeSpan.TicksPerHour,
        Minute = (int)(value.Ticks / TimeSpan.TicksPerMinute % 60),
        Second = (int)(value.Ticks / TimeSpan.TicksPerSecond % 60),
        Ticks = (int)(value.Ticks % TimeSpan.TicksPerSecond),
        Zone = "",
    };

    private static MomentTemplate Template(Value text)
    {
        string wanted = Utf8.ToString(text);
        return s_moment is { } last && last.Text == wanted ? last : s_moment = new MomentTemplate(wanted);
    }

    private static NumberTemplate Number(Value text)
    {
        string wanted = Utf8.ToString(text);
        return s_number is { } last && last.Text == wanted ? last : s_number = new NumberTemplate(wanted);
    }

    private static Value Text(string text) => Value.From(SqlTypeKind.Text, new ByteSlice(System.Text.Encoding.UTF8.GetBytes(text)));
}
