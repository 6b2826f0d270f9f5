using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Functions;

/// <summary>Functions, operators and casts as SQL text reaches them: through parser, binder and compiled expressions.</summary>
public sealed class SqlExpressionTests
{
    [Theory]
    [InlineData("1 + 2 * 3", "7")]
    [InlineData("7 / 2", "3")]
    [InlineData("7 / 2.0", "3.5")]
    [InlineData("-7 % 3", "-1")]
    [InlineData("2 ^ 10", "1024")]
    [InlineData("1 << 4 | 1", "17")]
    [InlineData("'a' || 1 || true", "a1true")]
    [InlineData("'a' || NULL", "null")]
    [InlineData("length('a😀')", "2")]
    [InlineData("upper('ä')", "Ä")]
    [InlineData("substring('hello' FROM 2 FOR 3)", "ell")]
    [InlineData("position('l' IN 'hello')", "3")]
    [InlineData("trim(BOTH 'x' FROM 'xxaxx')", "a")]
    [InlineData("overlay('hello' PLACING 'XX' FROM 2 FOR 3)", "hXXo")]
    [InlineData("extract(year FROM TIMESTAMP '2024-02-29 10:09:08')", "2024")]
    [InlineData("extract(second FROM TIMESTAMP '2024-02-29 10:09:08.5')", "8.5")]
    [InlineData("CAST('2024-02-29' AS date) + 1", "2024-03-01")]
    [InlineData("DATE '2024-03-01' - DATE '2024-02-01'", "29")]
    [InlineData("TIMESTAMP '2024-02-29 00:00:00' + TIMESPAN '1.02:00:00'", "2024-03-01 02:00:00")]
    [InlineData("date_trunc('month', TIMESTAMP '2024-02-29 10:00:00')", "2024-02-01 00:00:00")]
    [InlineData("TIMESTAMP '2024-07-01 12:00:00' AT TIME ZONE 'Europe/Berlin'", "2024-07-01 10:00:00+00")]
    [InlineData("coalesce(NULL, 2, 3)", "2")]
    [InlineData("nullif(1, 1)", "null")]
    [InlineData("greatest(1, 2.5, 2)", "2.5")]
    [InlineData("CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END", "b")]
    [InlineData("'abc' LIKE 'a%'", "true")]
    [InlineData("'abc' NOT LIKE '_b_'", "false")]
    [InlineData("'ABC' ILIKE 'a%'", "true")]
    [InlineData("'50%' LIKE '50!%' ESCAPE '!'", "true")]
    [InlineData("'abc' SIMILAR TO '(a|b|c)+'", "true")]
    [InlineData("(DATE '2024-01-01', DATE '2024-02-01') OVERLAPS (DATE '2024-03-01', DATE '2024-01-31')", "true")]
    [InlineData("(DATE '2024-01-01', DATE '2024-02-01') OVERLAPS (DATE '2024-02-01', INTERVAL '5 days')", "false")]
    [InlineData("(TIME '10:00', INTERVAL '2 hours') OVERLAPS (TIME '11:59', TIME '13:00') AND true", "true")]
    [InlineData("(TIMESTAMP '2024-01-01', NULL) OVERLAPS (TIMESTAMP '2023-01-01', TIMESTAMP '2025-01-01')", "true")]
    [InlineData("(TIMESTAMP '2024-01-01', NULL) OVERLAPS (TIMESTAMP '2022-01-01', TIMESTAMP '2023-01-01')", "null")]
    [InlineData("overlay('hello', 'XX', 2, 3)", "hXXo")]
    [InlineData("date_trunc('day', TIMESTAMPTZ '2024-07-01 23:00:00+00', 'Europe/Berlin')", "2024-07-01 22:00:00+00")]
    [InlineData("to_char(DATE '2024-05-01' + TIME '00:00', 'TMMonth|Month|')", "May|May      |")]
    [InlineData("(ARRAY[1, 2])[CAST(NULL AS integer) : 2]", "null")]
    [InlineData("(SELECT string_agg(coalesce(x, '?'), '|') FROM string_to_table('a,,b', ',', '') AS s (x))", "a|?|b")]
    [InlineData("(SELECT string_agg(x, '|') FROM string_to_table('abc', NULL) AS s (x))", "a|b|c")]
    [InlineData("array_dims(ARRAY[4, 5])", "[1:2]")]
    [InlineData("gcd(1.5, 2.5)", "0.5")]
    [InlineData("lcm(1.5, 2.5)", "7.5")]
    [InlineData("min_scale(1.500)", "1")]
    [InlineData("width_bucket(0.1, -0.5, 1, 10)", "5")]
    [InlineData("quote_literal(5)", "'5'")]
    [InlineData("'abc' ~ 'B'", "false")]
    [InlineData("'abc' ~* 'B'", "true")]
    [InlineData("1 IN (2, NULL)", "null")]
    [InlineData("1 = ANY (ARRAY[1, 2])", "true")]
    [InlineData("3 <> ALL (ARRAY[1, 2])", "true")]
    [InlineData("(ARRAY[10, 20, 30])[2]", "20")]
    [InlineData("(ARRAY[10, 20, 30])[2:3]", "{20,30}")]
    [InlineData("ARRAY[1, 2] || 3", "{1,2,3}")]
    [InlineData("ARRAY[1, 2] || ARRAY[3]", "{1,2,3}")]
    [InlineData("ARRAY[1, 2] @> ARRAY[2]", "true")]
    [InlineData("cardinality(ARRAY['a', 'b'])", "2")]
    [InlineData("'{1,2}'::int[]", "{1,2}")]
    [InlineData("'{\"a\": {\"b\": [1, 2]}}'::json -> 'a' -> 'b' ->> 1", "2")]
    [InlineData("'{\"a\": {\"b\": [1, 2]}}'::jsonb #>> ARRAY['a', 'b', '0']", "1")]
    [InlineData("'{\"a\": 1, \"b\": 2}'::jsonb @> '{\"b\": 2}'", "true")]
    [InlineData("jsonb_exists('{\"a\": 1}', 'a')", "true")]
    [InlineData("'{\"a\": 1}'::jsonb = '{ \"a\" : 1.0 }'::jsonb", "true")]
    [InlineData("json_array_length('[1,2,3]')", "3")]
    [InlineData("jsonb_set('{\"a\": 1}'::jsonb, ARRAY['a'], '2'::jsonb)", "{\"a\": 2}")]
    [InlineData("to_json('a\"b'::text)", "\"a\\\"b\"")]
    [InlineData("CAST(1.5 AS integer)", "2")]
    [InlineData("CAST(2.5 AS integer)", "2")]
    [InlineData("CAST(trunc(2.9) AS integer)", "2")]
    [InlineData("CAST(12.345 AS decimal(5,1))", "12.3")]
    [InlineData("CAST(1e20 AS text)", "1E+20")]
    [InlineData("CAST(true AS integer)", "1")]
    [InlineData("CAST('\\xff00' AS bytea)", "\\xff00")]
    [InlineData("X'ff00' || X'01'", "\\xff0001")]
    [InlineData("UUID '3F2504E0-4F89-11D3-9A0C-0305E82C3301'", "3f2504e0-4f89-11d3-9a0c-0305e82c3301")]
    [InlineData("DATETIMEOFFSET '2024-02-29 01:00:00+02:00' = DATETIMEOFFSET '2024-02-28 23:00:00Z'", "true")]
    [InlineData("round(2.5)", "3")]
    [InlineData("round(2.5::double precision)", "2")]
    [InlineData("round(1234.567, 1)", "1234.6")]
    [InlineData("sqrt(4)", "2")]
    [InlineData("abs(-5)", "5")]
    [InlineData("'NaN'::double precision = 'NaN'::double precision", "true")]
    [InlineData("1 IS DISTINCT FROM NULL", "true")]
    [InlineData("concat_ws(',', 'a', NULL, 1)", "a,1")]
    [InlineData("split_part('a,b,c', ',', 2)", "b")]
    [InlineData("encode('\\x0102'::bytea, 'base64')", "AQI=")]
    [InlineData("pg_typeof(1 + 1::bigint)", "bigint")]
    [InlineData("pg_typeof(1.0 + 1::real)", "double precision")]
    [InlineData("'a' COLLATE \"ordinal_ci\" = 'A'", "true")]
    public void An_expression_has_its_value(string expression, string expected)
    {
        using TestDatabase db = new();
        Assert.Equal(expected, db.Scalar($"SELECT ({expression})::text"));
    }

    [Theory]
    [InlineData("1 / 0", SqlStates.DivisionByZero)]
    [InlineData("2147483647 + 1", SqlStates.NumericOutOfRange)]
    [InlineData("'x'::integer", SqlStates.InvalidTextRepresentation)]
    [InlineData("DATE '2023-02-29'", SqlStates.DatetimeOverflow)]
    [InlineData("'abc' LIKE 'a\\'", SqlStates.InvalidEscapeSequence)]
    [InlineData("'a' ~ '('", SqlStates.InvalidRegularExpression)]
    [InlineData("'{'::json", SqlStates.InvalidTextRepresentation)]
    [InlineData("true + 1", SqlStates.UndefinedFunction)]
    [InlineData("lower(1, 2)", SqlStates.UndefinedFunction)]
    [InlineData("CAST(true AS date)", SqlStates.CannotCoerce)]
    [InlineData("'a' COLLATE \"klingon\" = 'b'", SqlStates.UndefinedObject)]
    public void A_bad_expression_has_its_state(string expression, string state)
    {
        using TestDatabase db = new();
        db.Fails(state, $"SELECT {expression}");
    }

    [Fact]
    public void Aggregates_over_rows()
    {
        using TestDatabase db = new();
        db.Run("CREATE TABLE t (id integer PRIMARY KEY, g integer, n integer, d decimal(10,2), s text, f double precision)");
        db.Run("INSERT INTO t SELECT i, i % 3, CASE WHEN i % 5 = 0 THEN NULL ELSE i END, i * 1.25, 'x' || i, i * 0.5 FROM generate_series(1, 100) AS x(i)");
        Assert.Equal("100|80|4000|50|6312.50|63.125|x1|x99|1|99", db.Scalar("SELECT count(*), count(n), sum(n), avg(n), sum(d), avg(d), min(s), max(s), min(n), max(n) FROM t"));
        Assert.Equal(["0|33", "1|34", "2|33"], db.Rows("SELECT g, count(*) FROM t GROUP BY g ORDER BY g"));
        Assert.Equal("x1,x2,x3", db.Scalar("SELECT string_agg(s, ',' ORDER BY id) FROM t WHERE id <= 3"));
        Assert.Equal("{x3,x2,x1}", db.Scalar("SELECT array_agg(s ORDER BY id DESC)::text FROM t WHERE id <= 3"));
        Assert.Equal("3", db.Scalar("SELECT count(DISTINCT g) FROM t"));
        Assert.Equal("34", db.Scalar("SELECT count(*) FILTER (WHERE g = 1) FROM t"));
        Assert.Equal("true|false", db.Scalar("SELECT bool_and(id > 0), bool_and(id > 1) FROM t"));
        Assert.Equal("25.25", db.Scalar("SELECT avg(f) FROM t"));
        Assert.Equal("25.25", db.Scalar("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY f) FROM t"));
        Assert.Equal("50", db.Scalar("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY id) FROM t"));
        Assert.Equal("[1, 2]", db.Scalar("SELECT json_agg(id ORDER BY id)::text FROM t WHERE id <= 2"));
    }

    /// <summary>Expected values are those that PostgreSQL 15 gives (NULLS LAST said where it sorts otherwise).</summary>
    [Theory]
    [InlineData("percentile_cont(0.5) WITHIN GROUP (ORDER BY i)", "2.5")]
    [InlineData("percentile_cont(0.5) WITHIN GROUP (ORDER BY i::smallint)", "2.5")]
    [InlineData("percentile_cont(0.5) WITHIN GROUP (ORDER BY (i * 1.5)::decimal(9,2))", "3.75")]
    [InlineData("percentile_cont(0.25) WITHIN GROUP (ORDER BY i::real DESC)", "3.25")]
    [InlineData("percentile_cont(0.3) WITHIN GROUP (ORDER BY i * interval '1 day')", "1 day 21:36:00")]
    [InlineData("percentile_cont(ARRAY[0.25, 0.5, NULL, 1]) WITHIN GROUP (ORDER BY i)", "{1.75,2.5,NULL,4}")]
    [InlineData("percentile_cont(ARRAY[0.3]) WITHIN GROUP (ORDER BY i * interval '1 month')", "{\"1 mon 27 days\"}")]
    [InlineData("percentile_cont(CAST(ARRAY[] AS double precision[])) WITHIN GROUP (ORDER BY i)", "{}")]
    [InlineData("percentile_cont(NULL) WITHIN GROUP (ORDER BY i)", null)]
    [InlineData("percentile_disc(0.5) WITHIN GROUP (ORDER BY i DESC)", "3")]
    [InlineData("percentile_disc(ARRAY[0.25, 0.5, NULL, 1]) WITHIN GROUP (ORDER BY 'x' || i)", "{x1,x2,NULL,x4}")]
    [InlineData("mode() WITHIN GROUP (ORDER BY i % 3)", "1")]
    [InlineData("rank(3) WITHIN GROUP (ORDER BY i)", "3")]
    [InlineData("rank(3) WITHIN GROUP (ORDER BY i DESC)", "2")]
    [InlineData("rank(NULL) WITHIN GROUP (ORDER BY i NULLS LAST)", "5")]
    [InlineData("rank(NULL) WITHIN GROUP (ORDER BY i NULLS FIRST)", "1")]
    [InlineData("rank(0, 'b') WITHIN GROUP (ORDER BY i % 2, 'x')", "1")]
    [InlineData("rank(1, 'b') WITHIN GROUP (ORDER BY i % 2, CASE i WHEN 1 THEN 'a' ELSE 'b' END)", "4")]
    [InlineData("rank(3) WITHIN GROUP (ORDER BY i) FILTER (WHERE i > 1)", "2")]
    [InlineData("dense_rank(2) WITHIN GROUP (ORDER BY i / 2)", "3")]
    [InlineData("dense_rank(2) WITHIN GROUP (ORDER BY NULLIF(i / 2, 0) NULLS FIRST)", "3")]
    [InlineData("percent_rank(3) WITHIN GROUP (ORDER BY i)", "0.5")]
    [InlineData("percent_rank(3) WITHIN GROUP (ORDER BY i) FILTER (WHERE i > 9)", "0")]
    [InlineData("cume_dist(3) WITHIN GROUP (ORDER BY i)", "0.8")]
    [InlineData("cume_dist(3) WITHIN GROUP (ORDER BY i) FILTER (WHERE i > 9)", "1")]
    public void Ordered_and_hypothetical_sets(string aggregate, string? expected)
    {
        using TestDatabase db = new();
        Assert.Equal(expected ?? "null", db.Scalar($"SELECT ({aggregate})::text FROM generate_series(1, 4) AS g(i)"));

        // What is grouped may stand before WITHIN GROUP, in its own query and in one within.
        Assert.Equal(["1|1", "2|2"], db.Rows("SELECT i, rank(i) WITHIN GROUP (ORDER BY j) FROM generate_series(1, 2) AS g(i), generate_series(1, 3) AS h(j) GROUP BY i ORDER BY i"));
        Assert.Equal(["1|1", "2|2"], db.Rows("SELECT i, (SELECT percentile_disc(i / 3.0) WITHIN GROUP (ORDER BY j) FROM generate_series(1, 3) AS h(j)) FROM generate_series(1, 2) AS g(i)"));

        // Groups, and rows in any order.
        Assert.Equal(
            [$"0|{expected ?? "null"}", $"1|{expected ?? "null"}"],
            db.Rows($"SELECT k, ({aggregate})::text FROM (SELECT g.n % 2 AS k, g.n / 2 AS i FROM generate_series(2, 9) AS g(n) ORDER BY md5(g.n::text) OFFSET 0) AS s GROUP BY k ORDER BY k"));
    }

    [Theory]
    [InlineData("percentile_cont(1.5) WITHIN GROUP (ORDER BY i)", SqlStates.NumericOutOfRange)]
    [InlineData("percentile_cont(ARRAY[0.5, -0.1]) WITHIN GROUP (ORDER BY i)", SqlStates.NumericOutOfRange)]
    [InlineData("rank(1, 2) WITHIN GROUP (ORDER BY i)", SqlStates.UndefinedFunction)]
    [InlineData("rank() WITHIN GROUP (ORDER BY i)", SqlStates.UndefinedFunction)]
    [InlineData("rank('a'::text) WITHIN GROUP (ORDER BY i)", SqlStates.DatatypeMismatch)]
    [InlineData("rank(DISTINCT 1) WITHIN GROUP (ORDER BY i)", SqlStates.SyntaxError)]
    [InlineData("sum(rank(1) WITHIN GROUP (ORDER BY i))", SqlStates.GroupingError)]
    [InlineData("rank(1)", SqlStates.WindowingError)]
    [InlineData("rank(i) WITHIN GROUP (ORDER BY i)", SqlStates.GroupingError)]
    [InlineData("percentile_disc(i / 10.0) WITHIN GROUP (ORDER BY i)", SqlStates.GroupingError)]
    public void Sets_that_cannot_be(string aggregate, string state)
    {
        using TestDatabase db = new();
        db.Fails(state, $"SELECT {aggregate} FROM generate_series(1, 4) AS g(i)");
    }

    [Fact]
    public void Table_functions_join_laterally()
    {
        using TestDatabase db = new();
        db.Run("CREATE TABLE t (id integer PRIMARY KEY, tags text[], doc json)");
        db.Run("INSERT INTO t VALUES (1, ARRAY['a', 'b'], '[1, {\"x\": 2}]'), (2, NULL, NULL), (3, '{}', '[]')");
        Assert.Equal(["1|a|1", "1|b|2"], db.Rows("SELECT t.id, u.value, u.ordinality FROM t CROSS JOIN LATERAL unnest(t.tags) WITH ORDINALITY AS u(value, ordinality) ORDER BY 1, 3"));
        Assert.Equal(["1|1|1", "1|{\"x\": 2}|2"], db.Rows("SELECT t.id, j.value::text, j.ordinality FROM t, json_array_elements(t.doc) WITH ORDINALITY AS j(value, ordinality) ORDER BY 3"));
        Assert.Equal(["1", "3", "5"], db.Rows("SELECT * FROM generate_series(1, 5, 2)"));
    }

    [Fact]
    public void Every_type_is_stored_indexed_ordered_and_found()
    {
        (string Type, string[] Ascending)[] cases =
        [
            ("boolean", ["false", "true"]),
            ("tinyint", ["-128", "0", "127"]),
            ("smallint", ["-32768", "5", "32767"]),
            ("integer", ["-2147483648", "-1", "0", "7"]),
            ("bigint", ["-9223372036854775808", "0", "9223372036854775807"]),
            ("utinyint", ["0", "200", "255"]),
            ("usmallint", ["0", "65535"]),
            ("uinteger", ["0", "4294967295"]),
            ("ubigint", ["0", "18446744073709551615"]),
            ("real", ["-Infinity", "-1.5", "0", "3.25", "NaN"]),
            ("double precision", ["-1E+300", "-1E-300", "0", "1E+300", "Infinity", "NaN"]),
            ("decimal", ["-79228162514264337593543950335", "-0.5", "0.00", "0.010", "2", "10.50"]),
            ("decimal(8,3)", ["-1.500", "0.000", "99999.999"]),
            ("text", ["", "A", "B", "a", "ab", "ä", "😀"]),
            ("varchar(3)", ["a", "abc"]),
            ("bytea", ["\\x", "\\x00", "\\x0001", "\\xff"]),
            ("uuid", ["00000000-0000-0000-0000-000000000001", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
            ("date", ["0001-01-01", "2024-02-29", "9999-12-31"]),
            ("time", ["00:00:00", "10:09:08.0000001", "23:59:59.9999999"]),
            ("timestamp", ["0001-01-01 00:00:00", "2024-02-29 10:09:08.1234567", "9999-12-31 23:59:59.9999999"]),
            ("timestamptz", ["2024-02-29 10:09:08.1234567+00", "2024-03-01 00:00:00+00"]),
            ("datetimeoffset", ["2024-02-29 10:00:00+02:00", "2024-02-29 09:00:00+00:00", "2024-02-29 09:00:00.0000001-05:00"]),
            ("timespan", ["-1.00:00:00", "00:00:00", "10.23:59:59.9999999"]),
            ("jsonb", ["null", "\"a\"", "1", "1.5", "false", "[1]", "{\"a\": 1}"]),
            ("integer[]", ["{}", "{1}", "{1,2}", "{1,NULL}", "{2}"]),
            ("text[]", ["{a}", "{a,b}", "{b}"]),
        ];
        using TestDatabase db = new();
        int n = 0;
        foreach ((string type, string[] ascending) in cases)
        {
            string table = "t" + n++;
            db.Run($"CREATE TABLE {table} (id integer PRIMARY KEY, v {type}, w {type})");
            db.Run($"CREATE INDEX {table}_v ON {table} (v DESC) INCLUDE (w)");
            for (int i = ascending.Length - 1; i >= 0; i--)
                db.Run($"INSERT INTO {table} VALUES ({i}, '{ascending[i].Replace("'", "''")}', '{ascending[i].Replace("'", "''")}')");
            db.Run($"INSERT INTO {table} VALUES (1000, NULL, NULL)");

            // Instants with different offsets are ordered by the instant: the middle two of that list are.
            string[] expected = [.. ascending];
            if (type == "datetimeoffset")
                Array.Sort(expected, (a, b) => DateTimeOffset.Parse(a).CompareTo(DateTimeOffset.Parse(b)));
            Assert.Equal(["null", .. expected], db.Rows($"SELECT v::text FROM {table} ORDER BY {table}.v"));
            Assert.Equal([.. expected.Reverse(), "null"], db.Rows($"SELECT w::text FROM {table} ORDER BY {table}.v DESC"));
            for (int i = 0; i < ascending.Length; i++)
            {
                Assert.Equal($"{i}|{ascending[i]}", db.Scalar($"SELECT id, v::text FROM {table} WHERE v = '{ascending[i]}'"));
                Assert.Equal(ascending[i], db.Scalar($"SELECT w::text FROM {table} WHERE v = '{ascending[i]}'"));
                int position = Array.IndexOf(expected, ascending[i]);
                Assert.Equal(position.ToString(), db.Scalar($"SELECT count(*) FROM {table} WHERE v < '{ascending[i]}'"));
            }

            Assert.Equal(expected[^1], db.Scalar($"SELECT max(v)::text FROM {table}"));
            Assert.Equal((expected.Length + 1).ToString(), db.Scalar($"SELECT count(*) FROM (SELECT v FROM {table} GROUP BY v) x"));

            // The same as a primary key.
            db.Run($"CREATE TABLE k{table} (v {type} PRIMARY KEY, n integer)");
            db.Run($"INSERT INTO k{table} SELECT v, id FROM {table} WHERE v IS NOT NULL");
            Assert.Equal(expected, db.Rows($"SELECT v::text FROM k{table} ORDER BY k{table}.v"));
            for (int i = 0; i < ascending.Length; i++)
                Assert.Equal(i.ToString(), db.Scalar($"SELECT n FROM k{table} WHERE v = '{ascending[i]}'"));
            db.Fails(SqlStates.UniqueViolation, $"INSERT INTO k{table} VALUES ('{ascending[0]}', 0)");
        }
    }
}
