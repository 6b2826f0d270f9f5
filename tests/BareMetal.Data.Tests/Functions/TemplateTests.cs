using BareMetal.Data.Tests.Values;
using Xunit;

namespace BareMetal.Data.Tests.Functions;

/// <summary>to_char, to_date, to_timestamp and to_number: what PostgreSQL 15 answers; error classes stand behind an exclamation mark.</summary>
public sealed class TemplateTests
{
    [Theory]
    [InlineData("select (to_date('2024-02-29','YYYY-MM-DD'))::text", "2024-02-29")]
    [InlineData("select (to_date('29.02.2024','DD.MM.YYYY'))::text", "2024-02-29")]
    [InlineData("select (to_date('20240229','YYYYMMDD'))::text", "2024-02-29")]
    [InlineData("select (to_date('29 Feb 24','DD Mon YY'))::text", "2024-02-29")]
    [InlineData("select (to_date('February 3, 1999','Month DD, YYYY'))::text", "1999-02-03")]
    [InlineData("select (to_date('2024-060','YYYY-DDD'))::text", "2024-02-29")]
    [InlineData("select (to_date('2024-W09-4','IYYY-\"W\"IW-ID'))::text", "2024-02-29")]
    [InlineData("select (to_date('2460000','J'))::text", "2023-02-24")]
    [InlineData("select (to_date('99','YY'))::text", "1999-01-01")]
    [InlineData("select (to_date('69 1','YY MM'))::text", "2069-01-01")]
    [InlineData("select (to_date('70 1','YY MM'))::text", "1970-01-01")]
    [InlineData("select (to_date('5/7/24','MM/DD/YY'))::text", "2024-05-07")]
    [InlineData("select (to_date('2024-02-30','YYYY-MM-DD'))::text", "!22008")]
    [InlineData("select (to_date('2024-13-01','YYYY-MM-DD'))::text", "!22008")]
    [InlineData("select (to_date('abc','YYYY'))::text", "!22007")]
    [InlineData("select (to_date('2024 Foo','YYYY Mon'))::text", "!22007")]
    [InlineData("select (to_date('3rd March 2020','DDth Month YYYY'))::text", "2020-03-03")]
    [InlineData("select (to_date('2020  12','YYYY MM'))::text", "2020-12-01")]
    [InlineData("select (to_date('XII 2020','RM YYYY'))::text", "2020-12-01")]
    [InlineData("select (to_date('21 2001','CC YYYY'))::text", "2001-01-01")]
    [InlineData("select (to_date('20 45','CC YY'))::text", "1945-01-01")]
    [InlineData("select (to_timestamp('2024-02-29 10:11:12','YYYY-MM-DD HH24:MI:SS')::timestamp)::text", "2024-02-29 10:11:12")]
    [InlineData("select (to_timestamp('2024-02-29 10:11:12.345','YYYY-MM-DD HH24:MI:SS.MS')::timestamp)::text", "2024-02-29 10:11:12.345")]
    [InlineData("select (to_timestamp('2024-02-29 10:11:12.345678','YYYY-MM-DD HH24:MI:SS.US')::timestamp)::text", "2024-02-29 10:11:12.345678")]
    [InlineData("select (to_timestamp('2024-02-29 01:11 PM','YYYY-MM-DD HH12:MI PM')::timestamp)::text", "2024-02-29 13:11:00")]
    [InlineData("select (to_timestamp('2024-02-29 12:11 am','YYYY-MM-DD HH:MI AM')::timestamp)::text", "2024-02-29 00:11:00")]
    [InlineData("select (to_timestamp('2024-02-29 13:11 PM','YYYY-MM-DD HH12:MI PM')::timestamp)::text", "!22007")]
    [InlineData("select (to_timestamp('2024-02-29 25:11','YYYY-MM-DD HH24:MI')::timestamp)::text", "!22008")]
    [InlineData("select (to_timestamp('20240229101112','YYYYMMDDHH24MISS')::timestamp)::text", "2024-02-29 10:11:12")]
    [InlineData("select (to_timestamp('2024 45000','YYYY SSSS')::timestamp)::text", "2024-01-01 12:30:00")]
    [InlineData("select (to_timestamp('12.3','SS.MS')::timestamp::time)::text", "00:00:12.3")]
    [InlineData("select (to_timestamp('2024-02-29T10:11','YYYY-MM-DD\"T\"HH24:MI')::timestamp)::text", "2024-02-29 10:11:00")]
    [InlineData("select (to_timestamp('2024-02-29 10+02','YYYY-MM-DD HH24TZH') at time zone 'UTC')::text", "2024-02-29 08:00:00")]
    [InlineData("select (to_timestamp('2024 IW','YYYY IW'))::text", "!22007")]
    [InlineData("select (to_date('2024-01-01','YYYY-IW-ID'))::text", "!22007")]
    [InlineData("select to_char(0.5,'.99')", " .##")]
    [InlineData("select to_char(-0.5,'FM.99')", "-.##")]
    [InlineData("select to_char(12,'9.9')", " #.#")]
    [InlineData("select to_char(1234567.891::numeric,'9,999,999.99')", " 1,234,567.89")]
    [InlineData("select to_char(485,'L999')", "  485")]
    [InlineData("select to_char(485,'\"Good number:\"999')", "Good number: 485")]
    [InlineData("select to_char(12,'99V999')", " 12000")]
    [InlineData("select to_char(12.4,'99V999')", " 12400")]
    [InlineData("select to_char(-485,'9SG99')", "4-85")]
    [InlineData("select to_char(148.5,'999D999')", " 148.500")]
    [InlineData("select to_char(3148.5,'9G999D999')", " 3,148.500")]
    [InlineData("select to_char(485,'FM\"x\"999\"y\"')", "x485y")]
    [InlineData("select to_char(1, '999th')", "   1st")]
    [InlineData("select to_char(112, '999TH')", " 112TH")]
    [InlineData("select to_char((0)::int, 'PL,9990,D99')", "+     0,.00")]
    [InlineData("select to_char(timestamp '7386-09-28 03:42:19.592359', 'AM IWMIth-FMD/')", "AM 3942nd-5/")]
    [InlineData("select to_char((-0.1)::numeric, 'FM9099PR')", "000")]
    [InlineData("select to_char((0.2646)::float8, 'S,0099.90')", " +0000.26")]
    [InlineData("select to_char((0)::float8, 'S09')", "+00")]
    [InlineData("select to_char((0)::numeric, 'FMS99.90PL')", "!42601")]
    [InlineData("select to_char(timestamp '5188-08-03 13:58:59.012553', 'FMSSSS/IYYY FMCCTH ')", "50339/5188 52ND ")]
    [InlineData("select to_char(interval '28 months 4 days 11:34:37.5', 'FMDD:FMDD US US ')", "4:4 500000 500000 ")]
    [InlineData("select to_number('1,234.5', 'S99.9')", "!22003")]
    [InlineData("select to_char((-7)::int, 'S99,99.90')", "    -7.00")]
    [InlineData("select to_char(timestamp '6101-12-18 08:36:31.472516', 'DMONTH/')", "1DECEMBER /")]
    [InlineData("select to_char((12)::numeric, '0999.9MI')", "0012.0 ")]
    [InlineData("select to_char(2578, 'FMRN')", "MMDLXXVIII")]
    [InlineData("select to_char(timestamp '0529-04-21 12:04:21.792880', 'FMAM rm-mi-HHTH ')", "PM iv  -04-12TH ")]
    [InlineData("select to_char(timestamp '9153-05-04 17:03:48.686541', 'QTH ')", "2ND ")]
    [InlineData("select to_char((1234.5)::float8, '999,90.9')", "  12,34.5")]
    [InlineData("select to_char(timestamp '4338-03-24 12:23:57.234929', 'FMD IDDD/IY')", "5 081/38")]
    [InlineData("select to_char(timestamp '6175-09-02 10:07:33.014240', 'HH MONTH hh24FMJ\"x\"IY/')", "10 SEPTEMBER 103976677x75/")]
    [InlineData("select to_char(timestamp '2576-09-06 00:33:43.981676', 'W\"x\"')", "1x")]
    [InlineData("select to_number('1,234.5', '99G999D9S')", "1234.5")]
    [InlineData("select to_number('1234', '99G999D9S')", "1234")]
    [InlineData("select to_char(timestamp '6046-04-05 15:02:07.145703', 'FMDth\"x\"FMIW FMday\"x\"Y MONTH/')", "5thx14 thursdayx6 APRIL    /")]
    [InlineData("select to_char(timestamp '5233-08-22 02:21:47.085427', 'b.c.-yyyy day:IWth ')", "a.d.-5233 monday   :34th ")]
    [InlineData("select to_char(timestamp '1401-10-08 22:54:21.238984', 'Q DD ')", "4 08 ")]
    [InlineData("select to_number('  45', '99.99')", "45")]
    [InlineData("select to_char(timestamp '8937-02-21 11:45:58.589632', 'CC ')", "90 ")]
    [InlineData("select to_char(timestamp '4091-04-17 00:38:16.881227', 'J-FMMONTH\"x\"MONTH ')", "3215374-APRILxAPRIL     ")]
    [InlineData("select to_char(timestamp '4681-09-06 08:38:08.177228', 'YYTH HH12 ')", "81ST 08 ")]
    [InlineData("select to_char(timestamp '8965-03-17 08:23:24.539712', 'HHth-')", "08th-")]
    [InlineData("select to_char(interval '15 months -1 days 26:03:19.5', 'HH12 DD:')", "02 -1:")]
    [InlineData("select to_char(timestamp '1060-02-25 14:36:45.948066', 'IY')", "60")]
    [InlineData("select to_char(timestamp '6242-05-05 20:45:56.737963', 'FMRM HH24 ')", "V 20 ")]
    [InlineData("select to_char((1234)::int, '90,9,.90')", " ##,#,.##")]
    [InlineData("select to_char((0)::float8, 'S99')", " +0")]
    [InlineData("select to_number('0.5', '0.0')", "0.5")]
    [InlineData("select to_char((1234.5)::float8, 'FM999.99PL')", "###.##+")]
    [InlineData("select to_char((0)::float8, 'SG9900')", "+  00")]
    [InlineData("select to_char((-0.8677)::float8, 'SG999.th')", "-  1")]
    [InlineData("select to_char(timestamp '6412-04-05 06:09:21.545637', 'Y,YYY\"x\"Qrm-FMWWTH J\"x\"')", "6,412x2iv  -14TH 4063090x")]
    [InlineData("select to_char(interval '18 months -13 days 35:37:56.5', 'US:DD:HH24:MI:')", "500000:-13:35:37:")]
    [InlineData("select to_char(-824604.7962897343::numeric, '9EEEE')", "-8e+05")]
    [InlineData("select to_char((1234.5)::numeric, '99.90')", " ##.##")]
    [InlineData("select to_char(interval '20 months 15 days 16:26:22.5', 'HH12 YY HH24 MM ')", "04 01 16 08 ")]
    [InlineData("select to_number('-12.3', 'S99.9')", "-12.3")]
    [InlineData("select to_char((815.401)::numeric, '999,.99th')", " 815,.40")]
    [InlineData("select to_number('12,454.8-', '9999')", "124")]
    [InlineData("select to_char((1234)::int, '99.99')", " ##.##")]
    [InlineData("select to_char(705463.7111034628::numeric, '9.9EEEE')", " 7.1e+05")]
    [InlineData("select to_char(interval '14 months 40 days 40:58:45.5', 'FMSS:MS YY:')", "45:500 01:")]
    [InlineData("select to_char(timestamp '5145-08-11 16:24:50.190346', 'SS-mi-YYYY ')", "50-24-5145 ")]
    [InlineData("select to_char((12)::float8, 'MI990999.909MI')", "   0012.000 ")]
    [InlineData("select to_char(interval '-3 months -13 days 9:10:31.5', 'US SSSS:')", "500000 33031:")]
    [InlineData("select to_char((0)::int, 'MI9')", " 0")]
    [InlineData("select to_char(timestamp '4555-09-14 14:51:34.909802', 'IY WFMHH CC Y,YYY-')", "55 22 46 4,555-")]
    [InlineData("select to_char(timestamp '7141-07-14 19:16:50.032578', 'mi/YYYYb.c.\"x\"')", "16/7141a.d.x")]
    [InlineData("select to_char(-108449.85754723591::numeric, '9.99EEEE')", "-1.08e+05")]
    [InlineData("select to_char((-7)::int, 'SG09.99')", "-07.00")]
    [InlineData("select to_char(1048, 'FMRN')", "MXLVIII")]
    [InlineData("select to_char((-77720)::int, 'SG0.00')", "-#.##")]
    [InlineData("select to_char(timestamp '1763-01-21 09:57:46.897822', 'WW\"x\"DD-WW IW IY-')", "03x21-03 03 63-")]
    [InlineData("select to_char((1234.5)::numeric, ',99S')", " ##+")]
    [InlineData("select to_char((68611)::float8, '9009,,D99PL')", " ####,,.##+")]
    [InlineData("select to_char(timestamp '3138-11-16 21:57:05.828628', 'RMTH/FMYYYYthDDDth FMUSthY-')", "XI  /3138th320th 828628th8-")]
    [InlineData("select to_char(timestamp '0403-01-15 19:38:10.141562', 'DDD\"x\"b.c./SSSS-')", "015xa.d./70690-")]
    [InlineData("select to_char((250)::int, 'FM,099D99PL')", "250.+")]
    [InlineData("select to_char((0.5)::numeric, 'FMS999.S')", "!42601")]
    [InlineData("select to_char(timestamp '9637-11-02 12:51:21.470937', 'AD\"x\"IWth:AM:')", "ADx45th:PM:")]
    [InlineData("select to_char((-7)::numeric, 'MI,.00')", "- .##")]
    [InlineData("select to_char(timestamp '9718-10-05 08:53:02.355302', 'SSSSth:HH12TH-W:Y,YYY\"x\"')", "31982nd:08TH-1:9,718x")]
    [InlineData("select to_char(timestamp '0301-01-27 03:11:00.658612', 'SSSS FMDth month/')", "11460 1st january  /")]
    [InlineData("select to_char(timestamp '7510-12-05 06:58:12.338344', 'SS:MI/FF1 HH24\"x\"hh24th\"x\"')", "12:58/3 06x06thx")]
    [InlineData("select to_number('0.5', 'S99.9')", "0.5")]
    [InlineData("select to_char((-85560)::int, '099999.909PR')", "<085560.000>")]
    [InlineData("select to_char(timestamp '9512-04-25 09:55:22.293867', 'W:FMMM-IY FMMONth:Month ')", "4:4-12 APR:April     ")]
    [InlineData("select to_char((-30394)::int, '90999.9')", "-30394.0")]
    [InlineData("select to_char(timestamp '2943-09-23 15:01:56.260271', 'RMth:month-IYYY')", "IX  :september-2943")]
    [InlineData("select to_char(timestamp '0520-11-03 22:21:48.878532', 'FMMI-SSSS:MM\"x\"')", "21-80508:11x")]
    [InlineData("select to_char(timestamp '2339-11-13 21:00:42.310674', 'Dayth AM-Day-')", "Monday    PM-Monday   -")]
    [InlineData("select to_char(timestamp '9186-10-24 18:06:32.031247', 'AD W')", "AD 4")]
    [InlineData("select to_char(timestamp '7845-05-14 13:13:10.364961', 'IY:YY-pm-D-HH24-')", "45:45-pm-4-13-")]
    [InlineData("select to_char((0.5)::numeric, '99,099D99PR')", "    000.50 ")]
    [InlineData("select to_char(timestamp '6069-10-18 17:58:22.604715', 'HH12 Month W\"x\"DDDYYY')", "05 October   3x291069")]
    [InlineData("select to_char((12)::numeric, 'FMS99,')", "+12,")]
    [InlineData("select to_char((39982)::float8, 'PL999,00.00')", "+ 399,82.00")]
    [InlineData("select to_char((-820.012)::numeric, 'FM,,9.909PL')", "-#.###")]
    [InlineData("select to_char(timestamp '9876-11-27 13:53:51.746364', 'ID MON\"x\"J FMAD:YY ')", "1 NOVx5328526 AD:76 ")]
    [InlineData("select to_number('  45', '9999')", "45")]
    [InlineData("select to_char(interval '5 months 24 days 14:44:33.5', 'SS YY MS:')", "33 00 500:")]
    [InlineData("select to_char(timestamp '8851-07-25 09:21:53.419491', 'HH12-MS ')", "09-419 ")]
    [InlineData("select to_char(timestamp '1430-10-25 04:06:24.290073', 'IYYY ')", "1430 ")]
    public void Templates_give_what_they_give_in_PostgreSQL(string query, string expected) => Assert.Equal(expected, Answer(query));

    [Fact]
    public void Random_templates_and_texts_give_a_value_or_a_typed_error()
    {
        Random random = new(RandomValues.Seed);
        string[] pieces = ["YYYY", "MM", "DD", "HH24", "9", "0", ".", ",", "FM", "TH", "S", "MI", "\"", "\\", " ", "-", "RN", "EEEE", "Mon", "J", "IW", "x", "V", "PR", "é"];
        string[] texts = ["2024", "-", "12", ".", ",", " ", "Feb", "pm", "99999999999", "x", "<", ">", "1e9"];
        for (int i = 0; i < 5_000; i++)
        {
            string template = Mix(pieces), text = Mix(texts);
            foreach (string query in new[] { $"select to_char(timestamp '2024-02-29 10:11:12', '{template}')", $"select to_char(-12345.678, '{template}')", $"select to_number('{text}', '{template}')", $"select to_date('{text}', '{template}')" })
                Answer(query);
        }

        string Mix(string[] from) => string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => from[random.Next(from.Length)]));
    }

    [Fact]
    public void What_floats_can_t_show_is_shown_as_hashes() => Assert.Equal(" ##.#", Answer("select to_char('NaN'::float8, '99.9')"));

    private static readonly BareMetalConnection s_connection = Open();

    private static BareMetalConnection Open()
    {
        BareMetalConnection connection = new("Data Source=:memory:");
        connection.Open();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = "SET timezone TO 'UTC'";
        command.ExecuteNonQuery();
        return connection;
    }

    private static string Answer(string query)
    {
        lock (s_connection)
        {
            using BareMetalCommand command = s_connection.CreateCommand();
            command.CommandText = query;
            try
            {
                return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture)!;
            }
            catch (BareMetalException e)
            {
                return "!" + e.SqlState;
            }
        }
    }
}
