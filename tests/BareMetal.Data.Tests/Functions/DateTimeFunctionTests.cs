using BareMetal.Data.Tests.Values;
using Xunit;
using Xunit.Abstractions;
using static BareMetal.Data.Tests.Functions.FunctionHarness;

namespace BareMetal.Data.Tests.Functions;

public sealed class DateTimeFunctionTests(ITestOutputHelper output)
{
    private static readonly DateTime Moment = new DateTime(2024, 2, 29, 10, 9, 8).AddTicks(1234567);

    [Fact]
    public void Parts_and_additions_agree_with_dotnet()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        for (int i = 0; i < 300; i++)
        {
            DateTime t = new(random.NextInt64(DateTime.MaxValue.Ticks));
            DateTimeOffset o = new(new DateTime(random.NextInt64(TimeSpan.TicksPerDay, DateTime.MaxValue.Ticks - TimeSpan.TicksPerDay)), TimeSpan.FromMinutes(random.Next(-840, 841)));
            DateOnly d = DateOnly.FromDateTime(t);
            TimeOnly c = TimeOnly.FromDateTime(t);
            TimeSpan s = new(random.NextInt64(-TimeSpan.TicksPerDay * 1000, TimeSpan.TicksPerDay * 1000));
            Assert.Equal(t.Year, Call("year", t));
            Assert.Equal(t.Month, Call("month", d));
            Assert.Equal(o.Day, Call("day", o));
            Assert.Equal(t.DayOfYear, Call("day_of_year", t));
            Assert.Equal((int)o.DayOfWeek, Call("day_of_week", o));
            Assert.Equal(o.Hour, Call("hour", o));
            Assert.Equal(c.Minute, Call("minute", c));
            Assert.Equal(t.Second, Call("second", t));
            Assert.Equal(t.Millisecond, Call("millisecond", t));
            Assert.Equal(t.Microsecond, Call("microsecond", t));
            Assert.Equal(t.Nanosecond, Call("nanosecond", t));
            Assert.Equal(s.Days, Call("day", s));
            Assert.Equal(s.Hours, Call("hour", s));
            Assert.Equal(s.Nanoseconds, Call("nanosecond", s));
            Assert.Equal(s.TotalMinutes, Call("total_minutes", s));
            Assert.Equal(o.Ticks, Call("ticks", o));
            Assert.Equal(o.UtcDateTime, DateTime.SpecifyKind((DateTime)Call("utc_datetime", o)!, DateTimeKind.Utc));
            Assert.Equal(o.ToUnixTimeMilliseconds(), Call("unix_time_milliseconds", o));
            double x = (random.NextDouble() - 0.5) * 100;
            int n = random.Next(-20, 20);
            Same(() => t.AddYears(n), "add_years", t, n);
            Same(() => t.AddMonths(n), "add_months", t, n);
            Same(() => d.AddMonths(n), "add_months", d, n);
            Same(() => o.AddMonths(n), "add_months", o, n);
            Same(() => t.AddDays(x), "add_days", t, x);
            Same(() => t.AddHours(x), "add_hours", t, x);
            Same(() => t.AddSeconds(x), "add_seconds", t, x);
            Same(() => t.AddMilliseconds(x), "add_milliseconds", t, x);
            Same(() => o.AddMinutes(x), "add_minutes", o, x);
            Same(() => c.AddHours(x), "add_hours", c, x);
            Same(() => d.AddDays(n), "add_days", d, (double)n);
            Same(() => t + s, "+", t, s);
            Same(() => t - s, "-", t, s);
            Same(() => o + s, "+", o, s);
            Same(() => c.Add(s), "+", c, s);
            Same(() => s * x, "*", s, x);
            Same(() => s / x, "/", s, x);
            Assert.Equal(c - new TimeOnly(12, 0), Call("-", c, new TimeOnly(12, 0)));
            Assert.Equal(t - Moment, Call("-", t, Moment));
            Assert.Equal(TimeSpan.FromHours(x), Call("timespan_from_hours", x));
            Assert.Equal(c.IsBetween(new TimeOnly(22, 0), new TimeOnly(6, 0)), Call("time_is_between", c, new TimeOnly(22, 0), new TimeOnly(6, 0)));
        }
    }

    [Fact]
    public void Dates_count_in_days()
    {
        DateOnly d = new(2024, 2, 29);
        Assert.Equal(new DateOnly(2024, 3, 1), Call("+", d, 1));
        Assert.Equal(29, Call("-", d, new DateOnly(2024, 1, 31)));
        Assert.Equal(new DateTime(2024, 2, 29, 1, 0, 0), Call("+", d, TimeSpan.FromHours(1)));
        Assert.Equal(new DateTime(2024, 2, 29, 10, 9, 0), Call("make_datetime", d, new TimeOnly(10, 9)));
        Fails(SqlStates.DatetimeOverflow, "+", DateOnly.MaxValue, 1);
        Fails(SqlStates.DatetimeOverflow, "add_years", DateTime.MaxValue, 1);
        Fails(SqlStates.DatetimeOverflow, "make_date", 2023, 2, 29);
        Assert.Equal(new DateOnly(2024, 2, 29), Call("make_date", 2024, 2, 29));
        Assert.Equal(new TimeSpan(1, 2, 3, 4, 5), Call("make_timespan", 1, 2, 3, 4, 5));
        Assert.Equal(new DateTime(2024, 2, 29, 1, 2, 3, 500), Call("make_timestamp", 2024, 2, 29, 1, 2, 3.5));
    }

    [Theory]
    [InlineData("year", "2024-01-01")]
    [InlineData("quarter", "2024-01-01")]
    [InlineData("month", "2024-02-01")]
    [InlineData("week", "2024-02-26")]
    [InlineData("day", "2024-02-29")]
    [InlineData("hour", "2024-02-29 10:00:00")]
    [InlineData("minute", "2024-02-29 10:09:00")]
    [InlineData("second", "2024-02-29 10:09:08")]
    [InlineData("milliseconds", "2024-02-29 10:09:08.123")]
    [InlineData("microseconds", "2024-02-29 10:09:08.123456")]
    [InlineData("century", "2001-01-01")]
    [InlineData("decade", "2020-01-01")]
    public void Moments_are_truncated(string field, string expected) =>
        Assert.Equal(DateTime.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), Call("date_trunc", field, Moment));

    [Theory]
    [InlineData("minute", "2024-10-27 00:59:59.5+00", "Europe/Berlin", "2024-10-27 00:59:00+00")]
    [InlineData("hour", "2024-10-27 00:59:59.5+00", "Europe/Berlin", "2024-10-27 00:00:00+00")]
    [InlineData("hour", "2024-10-27 01:59:59.5+00", "Europe/Berlin", "2024-10-27 01:00:00+00")]
    [InlineData("hour", "2024-10-27 00:59:59+00", "Asia/Kolkata", "2024-10-27 00:30:00+00")]
    [InlineData("day", "2024-10-27 00:59:59+00", "Europe/Berlin", "2024-10-26 22:00:00+00")]
    public void Moments_of_an_hour_that_comes_twice_stay_in_it_when_they_are_truncated(string field, string moment, string zone, string expected) =>
        Assert.Equal(Cast(T(expected, "timestamptz"), "timestamptz"), Call("date_trunc", field, T(moment, "timestamptz"), zone));

    [Theory]
    [InlineData("year", "2024")]
    [InlineData("dow", "4")]
    [InlineData("isodow", "4")]
    [InlineData("week", "9")]
    [InlineData("doy", "60")]
    [InlineData("quarter", "1")]
    [InlineData("second", "8.1234567")]
    [InlineData("milliseconds", "8123.4567")]
    [InlineData("epoch", "1709201348.1234567")]
    [InlineData("century", "21")]
    public void Fields_are_extracted(string field, string expected) => Assert.Equal(decimal.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), Call("extract", field, Moment));

    [Fact]
    public void Fields_that_a_type_does_not_have_are_refused()
    {
        Fails(SqlStates.FeatureNotSupported, "extract", "year", new TimeOnly(1, 2));
        Fails(SqlStates.FeatureNotSupported, "extract", "hour", new DateOnly(2024, 1, 1));
        Fails(SqlStates.InvalidParameterValue, "date_trunc", "fortnight", Moment);
    }

    [Fact]
    public void Boundaries_are_counted()
    {
        DateTime a = new(2023, 12, 31, 23, 59, 59), b = new(2024, 1, 1);
        foreach (string unit in new[] { "year", "quarter", "month", "day", "hour", "minute", "second" })
        {
            Assert.Equal(1L, Call("date_diff", unit, a, b));
            Assert.Equal(-1L, Call("date_diff", unit, b, a));
        }

        Assert.Equal(0L, Call("date_diff", "week", a, b));
        Assert.Equal(1L, Call("date_diff", "week", new DateTime(2024, 1, 6), new DateTime(2024, 1, 7)));
        Assert.Equal(366L, Call("date_diff", "day", new DateOnly(2024, 1, 1), new DateOnly(2025, 1, 1)));
    }

    [Fact]
    public void Time_zones_convert_wall_clock_and_instant()
    {
        Assert.Equal("2024-07-01 10:00:00+00", Call("timezone", "Europe/Berlin", new DateTime(2024, 7, 1, 12, 0, 0)));
        Assert.Equal(new DateTime(2024, 7, 1, 12, 0, 0), Call("timezone", "Europe/Berlin", T("2024-07-01 10:00:00Z", "timestamptz")));
        Assert.Equal(new DateTime(2024, 7, 1, 15, 30, 0), Call("timezone", "+05:30", T("2024-07-01 10:00:00Z", "timestamptz")));
        Fails(SqlStates.InvalidParameterValue, "timezone", "Nowhere/Town", Moment);
    }

    [Fact]
    public void Clocks_show_the_start_of_the_statement()
    {
        Assert.Equal("2024-02-29 10:09:08+00", Call("now"));
        Assert.Equal(new DateTime(2024, 2, 29, 10, 9, 8), Call("now_utc"));
        Assert.Equal(new DateTime(2024, 2, 29, 11, 9, 8), Call("localtimestamp"));
        Assert.Equal(new DateOnly(2024, 2, 29), Call("current_date"));
        Assert.Equal(new TimeOnly(11, 9, 8), Call("current_time"));
        Assert.Equal(new DateTimeOffset(2024, 2, 29, 10, 9, 8, TimeSpan.Zero), Call("now_utc_offset"));
    }

    private static void Same<TResult>(Func<TResult> dotnet, string name, params object?[] arguments)
    {
        object? expected;
        try
        {
            expected = dotnet();
        }
        catch (ArgumentOutOfRangeException)
        {
            expected = null;
        }
        catch (OverflowException)
        {
            expected = null;
        }

        if (expected is null)
            Fails(SqlStates.DatetimeOverflow, name, arguments);
        else
            Assert.Equal(expected, Call(name, arguments));
        if (expected is DateTimeOffset offset)
            Assert.Equal(offset.Offset, ((DateTimeOffset)Call(name, arguments)!).Offset);
    }
}
