using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>(a, b) OVERLAPS (c, d): whether two periods, each given by its ends in any order or by a start and a length, have a moment in common.</summary>
internal static class OverlapFunctions
{
    public static void Define(Definitions define)
    {
        foreach (SqlType type in new[] { SqlType.Timestamp, SqlType.TimestampTz, SqlType.Time })
        {
            Volatility volatility = type.Kind == SqlTypeKind.TimestampTz ? Volatility.Stable : Volatility.Immutable;
            foreach (SqlType first in new[] { type, SqlType.Interval })
            {
                foreach (SqlType second in new[] { type, SqlType.Interval })
                {
                    define.AddValues("overlaps", SqlType.Boolean, (v, c) => Overlap(Moment(v[0]), End(v[0], v[1], c), Moment(v[2]), End(v[2], v[3], c)),
                        [type, first, type, second], strict: false, volatility: volatility);
                }
            }
        }

        // Dates are the midnights that they begin with.
        foreach (SqlType first in new[] { SqlType.Date, SqlType.Interval })
        {
            foreach (SqlType second in new[] { SqlType.Date, SqlType.Interval })
            {
                define.AddValues("overlaps", SqlType.Boolean, (v, c) => Overlap(Moment(v[0]), End(v[0], v[1], c), Moment(v[2]), End(v[2], v[3], c)),
                    [SqlType.Date, first, SqlType.Date, second], strict: false);
            }
        }
    }

    private static long? Moment(in Value value) => value.IsNull ? null : value.Kind == SqlTypeKind.Date ? value.As<int>() * TimeSpan.TicksPerDay : value.As<long>();

    private static long? End(in Value start, in Value end, FunctionContext context)
    {
        if (end.Kind != SqlTypeKind.Interval)
            return Moment(end);
        if (start.IsNull || end.IsNull)
            return null;
        BareMetalInterval length = end.As<BareMetalInterval>();
        return start.Kind switch
        {
            SqlTypeKind.Time => IntervalFunctions.AddToTime(start.As<long>(), length),
            SqlTypeKind.TimestampTz => IntervalFunctions.Add(start.As<long>(), length, context.TimeZone),
            _ => IntervalFunctions.Add(Moment(start)!.Value, length),
        };
    }

    /// <summary>With a null end a period is known to hold its other end; what follows from nothing known is null.</summary>
    private static Value Overlap(long? start, long? end, long? otherStart, long? otherEnd)
    {
        Order(ref start, ref end);
        Order(ref otherStart, ref otherEnd);
        if (start is null || otherStart is null)
            return Value.Null(SqlTypeKind.Boolean);
        if (start == otherStart)
            return end is null || otherEnd is null ? Value.Null(SqlTypeKind.Boolean) : Value.From(SqlTypeKind.Boolean, true);
        (long later, long? laterEnd, long? earlierEnd) = start > otherStart ? (start.Value, end, otherEnd) : (otherStart.Value, otherEnd, end);
        if (earlierEnd is null)
            return Value.Null(SqlTypeKind.Boolean);
        if (later < earlierEnd)
            return Value.From(SqlTypeKind.Boolean, true);
        return laterEnd is null ? Value.Null(SqlTypeKind.Boolean) : Value.From(SqlTypeKind.Boolean, false);
    }

    private static void Order(ref long? start, ref long? end)
    {
        if (start is null || start > end)
            (start, end) = (end, start);
    }
}
