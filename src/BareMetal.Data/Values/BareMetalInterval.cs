using System.Diagnostics.CodeAnalysis;
using System.Text;
using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Rows;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>
/// A duration in months, days and time, as SQL's <c>interval</c>: how long a month or a day is depends on the date that it is added to, so the
/// three are kept apart. For durations of fixed length use <see cref="TimeSpan"/>, the type <c>timespan</c>.
/// </summary>
/// <remarks>
/// <see cref="CompareTo"/> compares as the database does, taking a month for 30 days and a day for 24 hours; <see cref="Equals(BareMetalInterval)"/> compares part by part,
/// so that <c>1 mon</c> and <c>30 days</c> come together in an order and are still two values.
/// </remarks>
/// <param name="Months">Months; a year is twelve.</param>
/// <param name="Days">Days.</param>
/// <param name="Ticks">Time in units of 100 ns.</param>
public readonly record struct BareMetalInterval(int Months, int Days, long Ticks) : IComparable<BareMetalInterval>, IComparable
{
    /// <summary>Days that a month is taken for where lengths are compared or divided.</summary>
    internal const int DaysPerMonth = 30;

    /// <summary>No time at all.</summary>
    public static readonly BareMetalInterval Zero;

    /// <summary>The time as a <see cref="TimeSpan"/>; may be longer than a day, and negative.</summary>
    public TimeSpan Time => new(Ticks);

    /// <summary>Its length in ticks with months of 30 days and days of 24 hours.</summary>
    internal Int128 Length => ((((Int128)Months * DaysPerMonth) + Days) * TimeSpan.TicksPerDay) + Ticks;

    /// <summary>An interval of whole days and the rest of a time span.</summary>
    public static BareMetalInterval FromTimeSpan(TimeSpan value) => new(0, value.Days, value.Ticks % TimeSpan.TicksPerDay);

    /// <summary>The interval as a time span, a day being 24 hours.</summary>
    /// <exception cref="InvalidOperationException">It has months, whose length is not known.</exception>
    /// <exception cref="OverflowException">It is longer than a time span can be.</exception>
    public TimeSpan ToTimeSpan() => Months == 0
        ? new TimeSpan(checked((Days * TimeSpan.TicksPerDay) + Ticks))
        : throw new InvalidOperationException($"The interval {this} has months, whose length depends on the date that they are added to.");

    /// <summary>Reads an interval as the database reads it: <c>1 year 2 mons -3 days 04:05:06.7</c>, <c>P1Y2M3DT4H</c>, <c>1-2</c>, <c>3 04:05:06</c>.</summary>
    /// <exception cref="FormatException">It is not an interval.</exception>
    public static BareMetalInterval Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out BareMetalInterval value) ? value : throw new FormatException($"\"{text}\" is not an interval. Write it as 1 year 2 mons 3 days 04:05:06, or P1Y2M3DT4H5M6S.");
    }

    /// <summary>Reads an interval; false when it is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out BareMetalInterval value)
    {
        value = default;
        return text is not null && IntervalText.Read(text, null, out value) == IntervalText.Outcome.Read;
    }

    /// <inheritdoc/>
    public int CompareTo(BareMetalInterval other) => Length.CompareTo(other.Length);

    int IComparable.CompareTo(object? obj) => obj switch
    {
        null => 1,
        BareMetalInterval other => CompareTo(other),
        _ => throw new ArgumentException($"A {obj.GetType()} is not compared with an interval.", nameof(obj)),
    };

    /// <summary>The interval as the database writes it: <c>1 year 2 mons -3 days +04:05:06.7</c>.</summary>
    public override string ToString()
    {
        RowBuffer buffer = new(48);
        IntervalText.Append(this, buffer);
        return Encoding.ASCII.GetString(buffer.Span);
    }

    /// <summary>Adds part by part.</summary>
    /// <exception cref="OverflowException">A part is out of range.</exception>
    public static BareMetalInterval operator +(BareMetalInterval left, BareMetalInterval right) => IntervalFunctions.Sum(left, right);

    /// <summary>Subtracts part by part.</summary>
    /// <exception cref="OverflowException">A part is out of range.</exception>
    public static BareMetalInterval operator -(BareMetalInterval left, BareMetalInterval right) => IntervalFunctions.Sum(left, IntervalFunctions.Negate(right));

    /// <summary>Turns the sign of every part.</summary>
    /// <exception cref="OverflowException">A part is out of range.</exception>
    public static BareMetalInterval operator -(BareMetalInterval value) => IntervalFunctions.Negate(value);

    /// <summary>Multiplies; fractions of months go to days of which a month has 30, fractions of days to time.</summary>
    /// <exception cref="OverflowException">A part is out of range, or the factor is no number.</exception>
    public static BareMetalInterval operator *(BareMetalInterval value, double factor) => IntervalFunctions.Multiply(value, factor);

    /// <summary>A moment and an interval: months by the calendar (31 January and a month is the last of February), then days, then time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The result is beyond the moments there are.</exception>
    public static DateTime operator +(DateTime moment, BareMetalInterval interval) => new(IntervalFunctions.Add(moment.Ticks, interval), moment.Kind);

    /// <summary>A moment less an interval.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The result is beyond the moments there are.</exception>
    public static DateTime operator -(DateTime moment, BareMetalInterval interval) => moment + (-interval);

    /// <summary>A moment and an interval, at the moment's offset.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The result is beyond the moments there are.</exception>
    public static DateTimeOffset operator +(DateTimeOffset moment, BareMetalInterval interval) => new(moment.DateTime + interval, moment.Offset);

    /// <summary>A moment less an interval, at the moment's offset.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The result is beyond the moments there are.</exception>
    public static DateTimeOffset operator -(DateTimeOffset moment, BareMetalInterval interval) => moment + (-interval);

    /// <summary>Whether it is shorter.</summary>
    public static bool operator <(BareMetalInterval left, BareMetalInterval right) => left.CompareTo(right) < 0;

    /// <summary>Whether it is longer.</summary>
    public static bool operator >(BareMetalInterval left, BareMetalInterval right) => left.CompareTo(right) > 0;

    /// <summary>Whether it is not longer.</summary>
    public static bool operator <=(BareMetalInterval left, BareMetalInterval right) => left.CompareTo(right) <= 0;

    /// <summary>Whether it is not shorter.</summary>
    public static bool operator >=(BareMetalInterval left, BareMetalInterval right) => left.CompareTo(right) >= 0;
}
