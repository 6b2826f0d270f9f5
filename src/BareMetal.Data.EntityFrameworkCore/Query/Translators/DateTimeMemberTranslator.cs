using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates the properties of moments, dates, times and lengths of time.</summary>
internal sealed class DateTimeMemberTranslator(BareMetalSqlExpressionFactory factory) : IMemberTranslator
{
    private static readonly Dictionary<string, string> Parts = new(StringComparer.Ordinal)
    {
        ["Year"] = "year",
        ["Month"] = "month",
        ["Day"] = "day",
        ["DayOfYear"] = "day_of_year",
        ["Hour"] = "hour",
        ["Minute"] = "minute",
        ["Second"] = "second",
        ["Millisecond"] = "millisecond",
        ["Microsecond"] = "microsecond",
        ["Nanosecond"] = "nanosecond",
    };

    private static readonly Dictionary<string, string> SpanParts = new(StringComparer.Ordinal)
    {
        ["Days"] = "day",
        ["Hours"] = "hour",
        ["Minutes"] = "minute",
        ["Seconds"] = "second",
        ["Milliseconds"] = "millisecond",
        ["Microseconds"] = "microsecond",
        ["Nanoseconds"] = "nanosecond",
        ["TotalDays"] = "total_days",
        ["TotalHours"] = "total_hours",
        ["TotalMinutes"] = "total_minutes",
        ["TotalSeconds"] = "total_seconds",
        ["TotalMilliseconds"] = "total_milliseconds",
        ["TotalMicroseconds"] = "total_microseconds",
        ["Ticks"] = "ticks",
    };

    public SqlExpression? Translate(
        SqlExpression? instance,
        MemberInfo member,
        Type returnType,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        var type = member.DeclaringType;
        if (type == typeof(TimeSpan))
        {
            return instance is not null && SpanParts.TryGetValue(member.Name, out var part)
                ? factory.Strict(part, [instance], returnType)
                : null;
        }

        if (type != typeof(DateTime) && type != typeof(DateTimeOffset) && type != typeof(DateOnly) && type != typeof(TimeOnly))
            return null;

        if (instance is null)
        {
            var now = (type == typeof(DateTime), member.Name) switch
            {
                (true, nameof(DateTime.Now)) => "now_local",
                (true, nameof(DateTime.UtcNow)) => "now_utc",
                (true, nameof(DateTime.Today)) => "today_local",
                (false, nameof(DateTimeOffset.Now)) => "now_offset",
                (false, nameof(DateTimeOffset.UtcNow)) => "now_utc_offset",
                _ => null,
            };
            return now is null ? null : factory.Function(now, [], nullable: false, argumentsPropagateNullability: [], returnType);
        }

        if (Parts.TryGetValue(member.Name, out var function))
            return factory.Strict(function, [instance], returnType);

        switch (member.Name)
        {
            // The enum's numbers are the function's.
            case nameof(DateTime.DayOfWeek):
                return factory.Strict("day_of_week", [instance], returnType);
            case nameof(DateOnly.DayNumber) when type == typeof(DateOnly):
                return factory.Strict("day_number", [instance], returnType);
            case nameof(DateTime.Ticks):
                return factory.Strict("ticks", [instance], returnType);
            case nameof(DateTime.Date):
                return factory.Strict(
                    "date_trunc",
                    [factory.Constant("day"), type == typeof(DateTime) ? instance : factory.Convert(instance, typeof(DateTime))],
                    returnType);
            case nameof(DateTime.TimeOfDay):
                return factory.Strict("time_of_day", [instance], returnType);
            case nameof(DateTimeOffset.DateTime) when type == typeof(DateTimeOffset):
                return factory.Convert(instance, typeof(DateTime));
            case nameof(DateTimeOffset.UtcDateTime):
                return factory.Strict("utc_datetime", [instance], returnType);
            case nameof(DateTimeOffset.LocalDateTime):
                return factory.Strict("local_datetime", [instance], returnType);
            case nameof(DateTimeOffset.Offset):
                return factory.Strict("utc_offset", [instance], returnType);
            default:
                return null;
        }
    }
}
