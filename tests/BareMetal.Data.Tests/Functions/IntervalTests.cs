using System.Globalization;
using BareMetal.Data.Tests.Values;
using Xunit;

namespace BareMetal.Data.Tests.Functions;

/// <summary>Intervals through SQL: what PostgreSQL 15 answers to the same text; error classes stand behind an exclamation mark.</summary>
public sealed class IntervalTests
{
    [Theory]
    [InlineData("select interval '1 year 2 mons 3 days 04:05:06.7'::text", "1 year 2 mons 3 days 04:05:06.7")]
    [InlineData("select interval '1 year -2 mons +3 days -04:05:06'::text", "10 mons 3 days -04:05:06")]
    [InlineData("select interval '-1 year +2 days'::text", "-1 years +2 days")]
    [InlineData("select interval 'P1Y2M3DT4H5M6.5S'::text", "1 year 2 mons 3 days 04:05:06.5")]
    [InlineData("select interval 'P-1Y2W'::text", "-1 years +14 days")]
    [InlineData("select interval '1-2'::text", "1 year 2 mons")]
    [InlineData("select interval '-1-2'::text", "-1 years -2 mons")]
    [InlineData("select interval '3 4:05:06'::text", "3 days 04:05:06")]
    [InlineData("select interval '1.5 years'::text", "1 year 6 mons")]
    [InlineData("select interval '1.5 months'::text", "1 mon 15 days")]
    [InlineData("select interval '1.5 days'::text", "1 day 12:00:00")]
    [InlineData("select interval '1.5 weeks'::text", "10 days 12:00:00")]
    [InlineData("select interval '@ 1 day 2 hours ago'::text", "-1 days -02:00:00")]
    [InlineData("select interval '5'::text", "00:00:05")]
    [InlineData("select interval '1' day", "1 day")]
    [InlineData("select interval '1.5' hour", "01:00:00")]
    [InlineData("select interval '90' minute", "01:30:00")]
    [InlineData("select (interval '1 2:03:04.5' day to minute)::text", "1 day 02:03:00")]
    [InlineData("select (interval '1-3' year to month)::text", "1 year 3 mons")]
    [InlineData("select (interval '2' year to month)::text", "2 mons")]
    [InlineData("select (interval '1.23456' second(2))::text", "00:00:01.23")]
    [InlineData("select interval '1 decade 1 century 1 millennium'::text", "1110 years")]
    [InlineData("select interval '100 ms 5 us'::text", "00:00:00.100005")]
    [InlineData("select interval '12:30.5'::text", "00:12:30.5")]
    [InlineData("select interval '1 mon' = interval '30 days'", "t")]
    [InlineData("select interval '1 mon' < interval '31 days'", "t")]
    [InlineData("select (interval '1 mon 1 day' * 1.5)::text", "1 mon 16 days 12:00:00")]
    [InlineData("select (interval '1 year 3 days 04:00' / 3)::text", "4 mons 1 day 01:20:00")]
    [InlineData("select (interval '1 day' * 0.3)::text", "07:12:00")]
    [InlineData("select (interval '7 days 3 hours' - interval '1 month 4 hours')::text", "-1 mons +7 days -01:00:00")]
    [InlineData("select (-interval '1 day -3 hours')::text", "-1 days +03:00:00")]
    [InlineData("select (timestamp '2024-01-31' + interval '1 month')::text", "2024-02-29 00:00:00")]
    [InlineData("select (timestamp '2023-01-31 10:00' + interval '1 month 1 day -11 hours')::text", "2023-02-28 23:00:00")]
    [InlineData("select (date '2024-03-31' - interval '1 month')::text", "2024-02-29 00:00:00")]
    [InlineData("select (time '23:00' + interval '2 hours 3 days')::text", "01:00:00")]
    [InlineData("select (timestamp '2024-03-31' - interval '1 mon 30 days 12:00')::text", "2024-01-29 12:00:00")]
    [InlineData("select age(timestamp '2024-03-01', timestamp '2024-01-31')::text", "1 mon 1 day")]
    [InlineData("select age(timestamp '2001-04-10', timestamp '1957-06-13')::text", "43 years 9 mons 27 days")]
    [InlineData("select age(timestamp '1957-06-13', timestamp '2001-04-10')::text", "-43 years -9 mons -27 days")]
    [InlineData("select age(timestamp '2024-01-31 10:00', timestamp '2024-03-01 09:00:30.5')::text", "-1 mons -23:00:30.5")]
    [InlineData("select extract(month from interval '-14 months')::text", "-2")]
    [InlineData("select extract(quarter from interval '-14 months')::text", "1")]
    [InlineData("select extract(hour from interval '1 day 100 hours')::text", "100")]
    [InlineData("select date_trunc('month', interval '1 year 2 mons 10 days')::text", "1 year 2 mons")]
    [InlineData("select date_trunc('hour', interval '1 day 05:06:07')::text", "1 day 05:00:00")]
    [InlineData("select date_trunc('quarter', interval '-5 mons')::text", "-3 mons")]
    [InlineData("select justify_hours(interval '-27 hours 1 day 5 days')::text", "!22007")]
    [InlineData("select justify_days(interval '35 days -1 mon')::text", "5 days")]
    [InlineData("select justify_interval(interval '1 mon -1 hour')::text", "29 days 23:00:00")]
    [InlineData("select justify_interval(interval '-1 mon 45 days 30:00')::text", "16 days 06:00:00")]
    [InlineData("select make_interval(1,2,3,4,5,6,7.5)::text", "1 year 2 mons 25 days 05:06:07.5")]
    [InlineData("select make_interval()::text", "00:00:00")]
    [InlineData("select date_bin('15 minutes', timestamp '2020-02-11 15:44:17', timestamp '2001-01-01')::text", "2020-02-11 15:30:00")]
    [InlineData("select date_bin('1 day 3 hours', timestamp '1999-02-11 15:44:17', timestamp '2001-01-01')::text", "1999-02-11 09:00:00")]
    [InlineData("select (sum(i))::text from (values (interval '1 mon'), (interval '2 days'), (interval '-3 hours')) as t(i)", "1 mon 2 days -03:00:00")]
    [InlineData("select (avg(i))::text from (values (interval '1 mon'), (interval '2 days'), (interval '-3 hours')) as t(i)", "10 days 15:00:00")]
    [InlineData("select max(i)::text, min(i)::text from (values (interval '1 mon'), (interval '29 days'), (interval '725 hours')) as t(i)", "725:00:00|29 days")]
    [InlineData("select g::text from generate_series(timestamp '2024-01-31', timestamp '2024-06-30', interval '1 month') as g", "2024-01-31 00:00:00 / 2024-02-29 00:00:00 / 2024-03-29 00:00:00 / 2024-04-29 00:00:00 / 2024-05-29 00:00:00 / 2024-06-29 00:00:00")]
    [InlineData("select g::text from generate_series(timestamp '2024-03-31', timestamp '2024-01-01', interval '-1 month') as g", "2024-03-31 00:00:00 / 2024-02-29 00:00:00 / 2024-01-29 00:00:00")]
    [InlineData("select (time '10:00')::interval::text", "10:00:00")]
    [InlineData("select (interval '1 day 25:10')::time::text", "01:10:00")]
    [InlineData("select (timestamp '2024-01-01 10:00' at time zone interval '2 hours')::text", "2024-01-01 08:00:00+00")]
    [InlineData("select i::text, count(*) over (order by i range between interval '1 day' preceding and interval '1 day' following) from (values (interval '1 day'), (interval '2 days'), (interval '4 days')) as t(i)", "1 day|2 / 2 days|2 / 4 days|1")]
    [InlineData("select d::text, count(*) over (order by d range between interval '1 month' preceding and current row) from (values (date '2024-01-31'), (date '2024-02-28'), (date '2024-03-01'), (date '2024-04-15')) as t(d)", "2024-01-31|1 / 2024-02-28|2 / 2024-03-01|2 / 2024-04-15|1")]
    [InlineData("select 'x' || interval '1 day'", "x1 day")]
    [InlineData("select array[interval '1 day', interval '1 mon']::text", "{\"1 day\",\"1 mon\"}")]
    [InlineData("select to_json(interval '1 day 2 hours')::text", "\"1 day 02:00:00\"")]
    [InlineData("select interval '1 foo'", "!22007")]
    [InlineData("select interval ''", "!22007")]
    [InlineData("select interval '178956971 years'", "!22008")]
    [InlineData("select interval '1 day' / 0", "!22012")]
    public void Intervals_are_what_they_are_in_PostgreSQL(string query, string expected) => Assert.Equal(expected, Answer(query));

    [Theory]
    [InlineData("select extract(epoch from interval '1 year 1 mon 1 day 01:01:01.5')", "34239661.5")]
    [InlineData("select extract(second from interval '00:00:59.123')", "59.123")]
    [InlineData("select timestamp '9999-01-01' + interval '1 year'", "!22008")]
    [InlineData("select interval '1.02:03:04'", "1 day 02:03:04")]
    [InlineData("select (timestamp '2024-01-01' + '1 day')::date", "2024-01-02")]
    [InlineData("select interval '1 mon'::timespan", "!22008")]
    [InlineData("select (interval '1 day 01:00')::timespan::text", "1.01:00:00")]
    [InlineData("select timespan '1.12:00:00'::interval", "1 day 12:00:00")]
    public void What_is_other_or_more_here_is_as_documented(string query, string expected) => Assert.Equal(expected, Answer(query));

    [Fact]
    public void Text_and_back_gives_the_same_parts()
    {
        Random random = new(RandomValues.Seed);
        for (int i = 0; i < 2000; i++)
        {
            // The smallest numbers have no positive counterpart to be written with.
            BareMetalInterval value = new(random.Next(-5000, 5000), random.Next(-5000, 5000), random.NextInt64(-1L << 60, 1L << 60));
            if (random.Next(3) == 0)
                value = value with { Ticks = random.Next(-1, 2) };
            Assert.True(BareMetalInterval.TryParse(value.ToString(), out BareMetalInterval read), $"seed {RandomValues.Seed}: {value}");
            Assert.Equal(value, read);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("1 2 3")]
    [InlineData("day")]
    [InlineData("1 day ago ago")]
    [InlineData("P")]
    [InlineData("P1H")]
    [InlineData("1:2:3:4")]
    [InlineData("1:60")]
    [InlineData("1-12")]
    [InlineData("--1 day")]
    [InlineData("1..5 days")]
    public void What_is_no_interval_is_refused(string text)
    {
        Assert.False(BareMetalInterval.TryParse(text, out _));
        Assert.Throws<FormatException>(() => BareMetalInterval.Parse(text));
        Assert.Equal("!22007", Answer($"select interval '{text}'"));
    }

    [Fact]
    public void Random_text_is_an_interval_or_a_typed_error()
    {
        Random random = new(RandomValues.Seed);
        string[] pieces = ["1", "-", "+", " ", "day", "mon", "P", "T", ":", ".", "5", "99999999999", "year", "ago", "@", "H", "e9", "week", "x", "00"];
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => pieces[random.Next(pieces.Length)]));
            if (BareMetalInterval.TryParse(text, out BareMetalInterval value))
                Assert.Equal(value, BareMetalInterval.Parse(value.ToString()));
        }
    }

    [Fact]
    public void Months_and_days_over_an_instant_are_of_the_session_s_zone()
    {
        Assert.Equal("2024-03-31 10:00:00+00", Answer("set timezone to 'Europe/Berlin'; select timestamptz '2024-03-30 12:00+01' + interval '1 day'", text: true)[..22]);
        Assert.Equal("2024-03-31 11:00:00+00", Answer("set timezone to 'Europe/Berlin'; select timestamptz '2024-03-30 12:00+01' + interval '24 hours'", text: true)[..22]);
    }

    [Fact]
    public void Columns_keys_parameters_and_values_of_intervals_work_through_ADO_NET()
    {
        using BareMetalConnection connection = new("Data Source=:memory:");
        connection.Open();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = """
            CREATE TABLE t (i interval PRIMARY KEY, j interval(1) NOT NULL DEFAULT '1 day', k interval[]);
            CREATE INDEX t_j ON t (j DESC) INCLUDE (k);
            INSERT INTO t (i, k) VALUES ('1 mon', ARRAY[interval '1 day', NULL]), ('1 day', NULL);
            INSERT INTO t VALUES (@p, @q, NULL)
            """;
        command.Parameters.AddWithValue("p", new BareMetalInterval(0, 31, 0));
        command.Parameters.AddWithValue("q", new BareMetalInterval(0, 0, 12_345_678));
        command.ExecuteNonQuery();
        command.CommandText = "SELECT i, j, k FROM t WHERE i > @p - interval '2 days' ORDER BY i";
        using (BareMetalDataReader reader = command.ExecuteReader())
        {
            Assert.Equal(typeof(BareMetalInterval), reader.GetFieldType(0));
            Assert.Equal("interval", reader.GetDataTypeName(0));
            Assert.True(reader.Read());
            Assert.Equal(new BareMetalInterval(1, 0, 0), reader.GetFieldValue<BareMetalInterval>(0));
            Assert.Equal(new BareMetalInterval(0, 1, 0), reader.GetValue(1));
            Assert.Equal([new BareMetalInterval(0, 1, 0), null], reader.GetFieldValue<BareMetalInterval?[]>(2));
            Assert.True(reader.Read());
            Assert.Equal(new BareMetalInterval(0, 0, 12_000_000), reader.GetValue(1));
            Assert.False(reader.Read());
        }

        command.CommandText = "INSERT INTO t (i) VALUES ('30 days')";
        Assert.Equal("23505", Assert.Throws<BareMetalException>(() => command.ExecuteNonQuery()).SqlState);
    }

    [Fact]
    public void Operators_in_code_give_what_SQL_gives()
    {
        BareMetalInterval i = BareMetalInterval.Parse("1 mon 1 day 06:00");
        DateTime moment = new(2024, 1, 31, 12, 0, 0);
        Assert.Equal(new DateTime(2024, 3, 1, 18, 0, 0), moment + i);
        Assert.Equal(new DateTime(2023, 12, 30, 6, 0, 0), moment - i);
        Assert.Equal(new DateTimeOffset(2024, 3, 1, 18, 0, 0, TimeSpan.FromHours(2)), new DateTimeOffset(moment, TimeSpan.FromHours(2)) + i);
        Assert.Equal("2 mons 2 days 12:00:00", (i + i).ToString());
        Assert.Equal(i, i + i - i);
        Assert.Equal("-1 mons -1 days -06:00:00", (-i).ToString());
        Assert.Equal("15 days 15:00:00", (i * 0.5).ToString());
        Assert.True(i > BareMetalInterval.Zero && BareMetalInterval.Zero <= i && -i < i);
        Assert.Equal(TimeSpan.FromHours(30), new BareMetalInterval(0, 1, TimeSpan.TicksPerHour * 6).ToTimeSpan());
        Assert.Throws<InvalidOperationException>(() => i.ToTimeSpan());
    }

    private static string Answer(string query, bool text = false)
    {
        using BareMetalConnection connection = new("Data Source=:memory:");
        connection.Open();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = text ? query.Replace("; select ", "; select (", StringComparison.Ordinal) + ")::text" : query;
        try
        {
            List<string> rows = [];
            using BareMetalDataReader reader = command.ExecuteReader();
            while (reader.Read())
                rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => Show(reader.GetValue(i)))));
            return string.Join(" / ", rows);
        }
        catch (BareMetalException e)
        {
            return "!" + e.SqlState;
        }
    }

    private static string Show(object value) => value switch
    {
        DBNull => "",
        bool b => b ? "t" : "f",
        DateOnly d => d.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
