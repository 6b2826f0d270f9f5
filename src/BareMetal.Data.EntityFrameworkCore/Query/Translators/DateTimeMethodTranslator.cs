using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Query.SqlExpressions;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Translates the methods of moments, dates, times and lengths of time.</summary>
internal sealed class DateTimeMethodTranslator(BareMetalSqlExpressionFactory factory) : IMethodCallTranslator
{
    private static readonly Dictionary<string, (string Name, Type Amount)> Additions = new(StringComparer.Ordinal)
    {
        ["AddYears"] = ("add_years", typeof(int)),
        ["AddMonths"] = ("add_months", typeof(int)),
        ["AddDays"] = ("add_days", typeof(double)),
        ["AddHours"] = ("add_hours", typeof(double)),
        ["AddMinutes"] = ("add_minutes", typeof(double)),
        ["AddSeconds"] = ("add_seconds", typeof(double)),
        ["AddMilliseconds"] = ("add_milliseconds", typeof(double)),
        ["AddMicroseconds"] = ("add_microseconds", typeof(double)),
        ["AddTicks"] = ("add_ticks", typeof(long)),
    };

    private static readonly Dictionary<string, string> SpanMakers = new(StringComparer.Ordinal)
    {
        [nameof(TimeSpan.FromDays)] = "timespan_from_days",
        [nameof(TimeSpan.FromHours)] = "timespan_from_hours",
        [nameof(TimeSpan.FromMinutes)] = "timespan_from_minutes",
        [nameof(TimeSpan.FromSeconds)] = "timespan_from_seconds",
        [nameof(TimeSpan.FromMilliseconds)] = "timespan_from_milliseconds",
        [nameof(TimeSpan.FromMicroseconds)] = "timespan_from_microseconds",
    };

    public SqlExpression? Translate(
        SqlExpression? instance,
        MethodInfo method,
        IReadOnlyList<SqlExpression> arguments,
        IDiagnosticsLogger<DbLoggerCategory.Query> logger)
    {
        var type = method.DeclaringType;
        if (type == typeof(TimeSpan))
            return Span(instance, method, arguments);
        if (type != typeof(DateTime) && type != typeof(DateTimeOffset) && type != typeof(DateOnly) && type != typeof(TimeOnly))
            return null;

        if (instance is null)
        {
            return (method.Name, arguments.Count) switch
            {
                (nameof(DateOnly.FromDateTime), 1) => Cast(arguments[0], type),
                (nameof(TimeOnly.FromTimeSpan), 1) => Cast(arguments[0], type),
                (nameof(DateTimeOffset.FromUnixTimeSeconds), 1)
                    => factory.Strict("unix_time_seconds_to_datetimeoffset", [Default(arguments[0])], typeof(DateTimeOffset)),
                (nameof(DateTimeOffset.FromUnixTimeMilliseconds), 1)
                    => factory.Strict("unix_time_milliseconds_to_datetimeoffset", [Default(arguments[0])], typeof(DateTimeOffset)),
                _ => null,
            };
        }

        if (arguments.Count == 1 && Additions.TryGetValue(method.Name, out var addition))
        {
            var amount = Default(arguments[0]);
            if (amount.Type != addition.Amount)
                amount = factory.Convert(amount, addition.Amount);
            return factory.Strict(addition.Name, [instance, amount], instance.Type, instance.TypeMapping);
        }

        switch (method.Name, arguments.Count)
        {
            case (nameof(DateTime.Add), 1) when arguments[0].Type.UnwrapNullable() == typeof(TimeSpan):
                return factory.Add(instance, arguments[0]);
            case (nameof(DateTime.Subtract), 1):
                return factory.Subtract(instance, arguments[0]);
            case (nameof(DateOnly.ToDateTime), 1) when type == typeof(DateOnly):
                return factory.Strict("make_datetime", [instance, Default(arguments[0])], typeof(DateTime));
            case (nameof(TimeOnly.ToTimeSpan), 0) when type == typeof(TimeOnly):
                return Cast(instance, typeof(TimeSpan));
            case (nameof(TimeOnly.IsBetween), 2) when type == typeof(TimeOnly):
                return factory.Strict(
                    "time_is_between",
                    [
                        instance,
                        factory.ApplyTypeMapping(arguments[0], instance.TypeMapping),
                        factory.ApplyTypeMapping(arguments[1], instance.TypeMapping),
                    ],
                    typeof(bool));
            case (nameof(DateTimeOffset.ToUnixTimeSeconds), 0):
                return factory.Strict("unix_time_seconds", [instance], typeof(long));
            case (nameof(DateTimeOffset.ToUnixTimeMilliseconds), 0):
                return factory.Strict("unix_time_milliseconds", [instance], typeof(long));
            case (nameof(DateTimeOffset.ToUniversalTime), 0) when type == typeof(DateTimeOffset):
                return factory.Strict("to_universal_time", [instance], typeof(DateTimeOffset), instance.TypeMapping);
            default:
                return null;
        }
    }

    private SqlExpression? Span(SqlExpression? instance, MethodInfo method, IReadOnlyList<SqlExpression> arguments)
    {
        if (instance is not null)
        {
            return (method.Name, arguments.Count) switch
            {
                (nameof(TimeSpan.Add), 1) => factory.Add(instance, arguments[0]),
                (nameof(TimeSpan.Subtract), 1) => factory.Subtract(instance, arguments[0]),
                (nameof(TimeSpan.Negate), 0) => factory.Negate(instance),
                (nameof(TimeSpan.Duration), 0) => factory.Strict("abs", [instance], typeof(TimeSpan), instance.TypeMapping),
                _ => null,
            };
        }

        if (method.Name == nameof(TimeSpan.FromTicks) && arguments.Count == 1)
            return factory.Strict("timespan_from_ticks", [Default(arguments[0])], typeof(TimeSpan));

        // The overloads with several whole units add further arguments, which this does not take.
        if (arguments.Count != 1 || !SpanMakers.TryGetValue(method.Name, out var function))
            return null;
        var amount = Default(arguments[0]);
        if (amount.Type.UnwrapNullable() != typeof(double))
            amount = factory.Convert(amount, typeof(double));
        return factory.Strict(function, [amount], typeof(TimeSpan));
    }

    private SqlExpression Default(SqlExpression expression)
        => factory.ApplyDefaultTypeMapping(expression);

    private SqlExpression Cast(SqlExpression expression, Type type)
        => factory.Convert(Default(expression), type);
}
