namespace BareMetal.Data.Differential.Grammar;

/// <summary>An expression over values at the edges of its functions: many of them fail, and must then fail alike on both sides.</summary>
/// <param name="Production">Its name in the report.</param>
/// <param name="Text">How it is written; {pool} stands for a value of a pool of <see cref="EdgeRules.Pools"/>.</param>
/// <param name="IsInexact">Its last digits may differ.</param>
internal sealed record EdgeRule(string Production, string Text, bool IsInexact = false);

/// <summary>The functions and operators that are called at their edges, and the values for them.</summary>
internal static partial class EdgeRules
{
    /// <summary>Values by name; all have their type written out, since a value also stands in a VALUES list that the expression then reads.</summary>
    public static readonly Dictionary<string, string[]> Pools = new()
    {
        ["t"] = ["''", "'a'", "'abc'", "' x '", "'Hello World'", "'it''s'", "'a,b,,c'", "'日本語'", "'😀b'", "E'e\\u0301x'", "'AbC dEf'", "'foo.bar/baz'", "'a_b%c'", "'aaa'", "'0123456789'", "'x=1;y=2'", "E'two\\nlines'", "'%s'"],
        ["s"] = ["''", "'a'", "'b'", "','", "' '", "'ab'", "'日'", "'xyz'", "'aa'", "'\\'", "'😀'"],
        ["i"] = ["0", "1", "-1", "2", "-2", "3", "5", "-7", "10", "100", "CAST(NULL AS integer)"],
        ["i2"] = ["CAST(0 AS smallint)", "CAST(1 AS smallint)", "CAST(-1 AS smallint)", "CAST(32767 AS smallint)", "CAST(-32768 AS smallint)", "CAST(200 AS smallint)", "CAST(-7 AS smallint)"],
        ["i4"] = ["0", "1", "-1", "2147483647", "CAST(-2147483648 AS integer)", "46341", "65536", "-7", "12", "18", "100000"],
        ["i8"] = ["CAST(0 AS bigint)", "CAST(1 AS bigint)", "CAST(-1 AS bigint)", "9223372036854775807", "CAST('-9223372036854775808' AS bigint)", "3037000500", "4294967296", "CAST(-7 AS bigint)", "CAST(12 AS bigint)"],
        ["n"] = ["CAST(0 AS numeric)", "CAST(1 AS numeric)", "-1.0", "0.5", "-0.5", "1.5", "2.5", "-2.5", "12345.678", "-0.001", "99.995", "1000000.00", "0.0000001", "123456789.987654321", "-1234.5", "CAST(NULL AS numeric)"],
        ["f"] = ["CAST(0 AS double precision)", "CAST(1 AS double precision)", "CAST(-2.5 AS double precision)", "CAST(0.1 AS double precision)", "CAST(123456.789 AS double precision)", "CAST(-0.5 AS double precision)", "CAST(1.5 AS double precision)", "CAST(1000 AS double precision)"],
        ["p"] = ["CAST(1 AS double precision)", "CAST(2.5 AS double precision)", "CAST(0.1 AS double precision)", "CAST(123456.789 AS double precision)", "CAST(10 AS double precision)"],
        ["d"] = ["DATE '2024-02-29'", "DATE '2023-12-31'", "DATE '2024-01-01'", "DATE '1999-12-31'", "DATE '1900-03-01'", "DATE '1000-01-01'", "DATE '9000-12-31'", "DATE '2020-12-31'", "DATE '1969-07-20'", "DATE '2001-01-01'"],
        ["ts"] = ["TIMESTAMP '2024-02-29 23:59:59.999999'", "TIMESTAMP '2023-12-31 00:00:00'", "TIMESTAMP '2024-03-31 02:30:00'", "TIMESTAMP '1969-12-31 12:34:56.5'", "TIMESTAMP '2000-01-01 00:00:00.000001'", "TIMESTAMP '1990-01-01 06:00:00'", "TIMESTAMP '2021-06-15 13:05:09.25'"],
        ["tz"] = ["TIMESTAMPTZ '2024-02-29 23:59:59.999999+00'", "TIMESTAMPTZ '2024-03-31 01:30:00+00'", "TIMESTAMPTZ '2024-10-27 00:59:59+00'", "TIMESTAMPTZ '1969-12-31 12:34:56.5+03'", "TIMESTAMPTZ '2021-06-15 13:05:09.25-08'"],
        ["tm"] = ["TIME '00:00:00'", "TIME '23:59:59.999999'", "TIME '12:00:00'", "TIME '01:02:03.5'", "TIME '13:30:00'"],
        ["iv"] = ["INTERVAL '1 day'", "INTERVAL '1 mon'", "INTERVAL '-1 mon 5 days'", "INTERVAL '25:30:00'", "INTERVAL '-00:00:01.5'", "INTERVAL '1 year 2 mons -3 days 04:05:06.7'", "INTERVAL '0'", "INTERVAL '35 days'", "INTERVAL '13 mons 40 days -30:00:00'", "INTERVAL '00:15:00'", "INTERVAL '-2 years'"],
        ["tzn"] = ["'UTC'", "'Europe/Berlin'", "'America/New_York'", "'Asia/Kolkata'", "'Nowhere/Else'"],
        ["u"] = ["'microseconds'", "'milliseconds'", "'second'", "'minute'", "'hour'", "'day'", "'week'", "'month'", "'quarter'", "'year'", "'decade'", "'century'", "'millennium'", "'nothing'"],
        ["fu"] = ["century", "day", "decade", "dow", "doy", "epoch", "hour", "isodow", "isoyear", "microseconds", "millennium", "milliseconds", "minute", "month", "quarter", "second", "week", "year"],
        ["fi"] = ["century", "day", "decade", "epoch", "hour", "microseconds", "millennium", "milliseconds", "minute", "month", "quarter", "second", "year", "dow"],
        ["ft"] = ["epoch", "hour", "microseconds", "milliseconds", "minute", "second", "day"],
        ["j"] = [],
        ["k"] = ["'a'", "'b'", "'c'", "'0'", "'1'", "'-1'", "'é'", "''", "'k d'"],
        ["jp"] = ["'$'", "'$.a'", "'$.*'", "'$[*]'", "'$.a[*]'", "'$.**'", "'strict $.a'", "'strict $[0]'", "'$[last]'", "'$.a.b'", "'$[0 to 1]'", "'$.a ? (@ > 1)'", "'$[*] ? (@ == null)'", "'$.* ? (@.type() == \"string\")'", "'$.a.size()'", "'$[*].type()'", "'$.b ? (@ like_regex \"^a\")'", "'$.\"k d\"'", "'$.c[1 to last]'", "'$ ? (exists(@.a))'", "'$.a + 1'", "'-$.a'", "'$.a == 1'", "'$.**{2}'", "'$.c ? (@[*] starts with \"a\")'", "'$.keyvalue().key'", "'$['"],
        ["pa"] = ["'{a}'", "'{a,b}'", "'{0}'", "'{c,1}'", "'{c,-1}'", "'{}'", "'{b,x,y}'", "'{c,0,a}'", "'{\"k d\"}'"],
        ["ia"] = ["CAST('{}' AS integer[])", "ARRAY[1]", "ARRAY[1, 2, 3]", "ARRAY[3, NULL, 1, 3]", "ARRAY[5, 4]", "CAST(NULL AS integer[])", "ARRAY[2, 2, 2, -1]"],
        ["ta"] = ["CAST('{}' AS text[])", "ARRAY[CAST('a' AS text)]", "ARRAY[CAST('a' AS text), 'b', NULL]", "ARRAY[CAST('' AS text), 'x y', 'NULL', '{}']", "CAST('{\"q\\\"r\",s}' AS text[])", "ARRAY[CAST('b' AS text), 'a', 'b']"],
        ["re"] = ["'a'", "'[a-c]+'", "'(a)(b)?'", "'^[a-z]'", "'[a-z0-9]+'", "'[^,;]*'", "'x|y'", "'(\\d)(\\d)'", "'o{1,2}'", "'$'", "'l+?'", "'(?:a|b)c'", "'('"],
        ["rf"] = ["''", "'g'", "'i'", "'gi'", "'c'", "'q'"],
        ["rw"] = ["''", "'<\\&>'", "'\\1-'", "'x'", "'[\\2\\1]'", "'\\\\'"],
        ["by"] = ["CAST('\\x' AS bytea)", "CAST('\\x01' AS bytea)", "CAST('\\x616263' AS bytea)", "CAST('\\xff00ff' AS bytea)", "CAST('\\xc3a9' AS bytea)"],
        ["fm"] = ["'%s'", "'%s and %s'", "'%2$s %1$s'", "'%I=%L'", "'%%'", "'%L'", "'[%5s]'", "'[%-5s]'", "'%I'", "'none'", "'%3$s'", "'%x'", "'%s %s %s'"],
        ["tsf"] = ["'YYYY-MM-DD'", "'HH24:MI:SS'", "'HH12:MI:SS AM'", "'Dy, DD Mon YYYY'", "'FMDay, FMDDth FMMonth YYYY'", "'Q WW IW IYYY ID D'", "'DDD J'", "'MS US FF3 FF6'", "'SSSS SSSSS'", "'YY Y,YYY CC'", "'\"text\" YYYY'", "'MONTH Month month MON'", "'DAY Day day DY'", "'RM rm'", "'HH P.M. p.m.'", "'FMHH24hMImSSs'", "'DDth DDTH'", "'IDDD IYY IY I'", "'TMMonth'", "'W'", "'YYYYMMDDHH24MISSUS'", "'BC B.C. AD'", "''", "'x\\y'", "'FF1FF2FF4FF5'"],
        ["ivf"] = ["'HH24:MI:SS'", "'DD \"d\" HH24 \"h\"'", "'YYYY MM DD'", "'FMHH:MI:SS.MS'", "'US'", "'SSSS'", "'YYYY-MM-DD HH24:MI:SS'", "'Month'"],
        ["nf"] = ["'999'", "'9999.99'", "'000.00'", "'FM999.9'", "'S999'", "'999S'", "'MI999'", "'999MI'", "'PL99'", "'SG99'", "'9,999,999.99'", "'999PR'", "'FM00000'", "'0.000'", "'RN'", "'FMRN'", "'999th'", "'9.9999EEEE'", "'9G999D99'", "'L99'", "'FM9,999,999,999.999'", "'B999'", "'.99'", "'\"n=\"99'", "'09.90'", "''", "'FM'"],
        ["ao"] = ["+", "-", "*", "/", "%"],
        ["bo"] = ["&", "|", "#"],
        ["so"] = ["<<", ">>"],
        ["co"] = ["=", "<>", "<", "<=", ">", ">="],
        ["ac"] = ["@>", "<@", "&&"],
        ["di"] = ["'2024-02-29'", "'2023-02-29'", "'2024-13-01'", "''", "'garbage'", "'1999-12-31'", "' 2024-01-05 '", "'9999-12-31'"],
        ["ti"] = ["'2024-02-29 13:14:15'", "'2024-02-29T13:14:15.5'", "'2024-02-30 00:00:00'", "'2024-02-29 25:00:00'", "'2024-02-29 13:14'", "'now then'", "'2024-02-29'"],
        ["dp"] = ["'2024-02-29', 'YYYY-MM-DD'", "'29 Feb 2024', 'DD Mon YYYY'", "'20240229', 'YYYYMMDD'", "'02/29/2024', 'MM/DD/YYYY'", "'60 2024', 'DDD YYYY'", "'2024-09-4', 'IYYY-IW-ID'", "'24-2-29', 'YY-MM-DD'", "'February 29, 2024', 'Month DD, YYYY'", "'2460370', 'J'", "'2024', 'YYYY'", "'2023-02-29', 'YYYY-MM-DD'", "'garbage', 'YYYY'", "'2024-13-01', 'YYYY-MM-DD'", "' 2024  2 3', 'YYYY MM DD'", "'29.FEB.1999', 'DD.MON.YYYY'"],
        ["tp"] = ["'2024-02-29 13:14:15', 'YYYY-MM-DD HH24:MI:SS'", "'2024-02-29 01:14 PM', 'YYYY-MM-DD HH:MI AM'", "'20240229131415', 'YYYYMMDDHH24MISS'", "'2024 13:14:15.5', 'YYYY HH24:MI:SS.MS'", "'2024-02-29 13:14:15.123456', 'YYYY-MM-DD HH24:MI:SS.US'", "'2024 3600', 'YYYY SSSS'", "'29 Feb 2024 13:14', 'DD Mon YYYY HH24:MI'", "'2024-02-29 25:00:00', 'YYYY-MM-DD HH24:MI:SS'", "'2024-2-9 1:2:3', 'YYYY-MM-DD HH24:MI:SS'", "'2024-02-29 13:00 AM', 'YYYY-MM-DD HH:MI AM'"],
        ["nn"] = ["'999'", "'9999.99'", "'S999'", "'MI999'", "'9,999,999.99'", "'999PR'", "'FM999.9'", "'9G999D99'"],
        ["q"] = ["CAST(2 AS double precision)", "CAST(-4 AS double precision)", "CAST(0.5 AS double precision)", "CAST(10 AS double precision)", "CAST(0 AS double precision)"],
        ["uz"] = ["'microseconds'", "'second'", "'minute'", "'hour'", "'day'", "'week'", "'month'", "'quarter'", "'year'", "'nothing'"],
        ["nt"] = ["'123'", "'-12.5'", "'1,234.50'", "'12.50-'", "'<34>'", "'+7'", "'$5'", "''", "'abc'", "'  42'", "'0012'"],
    };

    /// <summary>Whether the pool's values are operators.</summary>
    public static bool IsOperator(string pool) => pool is "ao" or "bo" or "so" or "co" or "ac";

    /// <summary>Texts for functions that take any type, where a literal alone has none.</summary>
    public static bool IsAnyText(string pool) => pool is "t" or "s" or "k";
}
