using static BareMetal.Data.Differential.Grammar.Kind;

namespace BareMetal.Data.Differential.Grammar;

/// <summary>A function or operator of the grammar.</summary>
/// <param name="Production">Its name in the report.</param>
/// <param name="Result">The type of its result.</param>
/// <param name="Text">How it is written; {0} … are the arguments.</param>
/// <param name="Arguments">The arguments' types.</param>
internal sealed record FunctionRule(string Production, Kind Result, string Text, params Kind[] Arguments)
{
    /// <summary>A bound of the result, from those of the arguments.</summary>
    public Func<double[], double>? Magnitude { get; init; }

    /// <summary>A bound of the result's digits behind the point, from those of the arguments.</summary>
    public Func<int[], int>? Scale { get; init; }

    /// <summary>How the other side writes it where that differs, with the deviation's topic.</summary>
    public string? Theirs { get; init; }

    public string Deviation { get; init; } = "";

    /// <summary>Computed inexactly: only where nothing compares its result.</summary>
    public bool IsInexact { get; init; }

    /// <summary>Arguments that must be plain columns or literals (errors or deviations lie beyond).</summary>
    public bool TakesLeaves { get; init; }
}

/// <summary>The functions and operators that expressions are generated of.</summary>
internal static class FunctionRules
{
    private static readonly Func<double[], double> Thousand = static _ => 1000;
    private static readonly Func<double[], double> First = static a => a[0];

    public static readonly FunctionRule[] All =
    [
        // integers
        .. Arithmetic(Int2), .. Arithmetic(Int4), .. Arithmetic(Int8), .. Arithmetic(Num), .. Arithmetic(Float),
        new("integer /", Int4, "({0} / NULLIF({1}, 0))", Int4, Int4) { Magnitude = First },
        new("bigint /", Int8, "({0} / NULLIF({1}, 0))", Int8, Int8) { Magnitude = First },
        new("integer %", Int4, "({0} % NULLIF({1}, 0))", Int4, Int4) { Magnitude = First },
        new("mod", Int8, "mod({0}, NULLIF({1}, 0))", Int8, Int8) { Magnitude = First },
        new("integer &", Int4, "({0} & {1})", Int4, Int4) { Magnitude = static a => 2 * Math.Max(a[0], a[1]) },
        new("integer |", Int4, "({0} | {1})", Int4, Int4) { Magnitude = static a => 2 * (a[0] + a[1]) },
        new("integer #", Int4, "({0} # {1})", Int4, Int4) { Magnitude = static a => 2 * (a[0] + a[1]) },
        new("integer ~", Int4, "(~ {0})", Int4) { Magnitude = static a => a[0] + 1 },
        new("integer <<", Int4, "({0} << 2)", Int4) { Magnitude = static a => a[0] * 4 },
        new("integer >>", Int4, "({0} >> 1)", Int4) { Magnitude = static a => a[0] + 1 },
        new("gcd", Int4, "gcd({0}, {1})", Int4, Int4) { Magnitude = static a => a[0] + a[1] },
        new("sign", Int4, "CAST(sign({0}) AS integer)", Int4) { Magnitude = static _ => 1 },
        new("integer from bigint", Int4, "CAST({0} % 1000 AS integer)", Int8) { Magnitude = Thousand },
        new("integer from numeric", Int4, "CAST(round({0}) AS integer)", Num) { Magnitude = static a => a[0] + 1 },
        new("bigint from integer", Int8, "CAST({0} AS bigint)", Int4) { Magnitude = First },
        new("smallint from integer", Int2, "CAST({0} % 100 AS smallint)", Int4) { Magnitude = static _ => 100 },
        new("integer from boolean", Int4, "CAST({0} AS integer)", Bool) { Magnitude = static _ => 1 },
        new("integer from smallint", Int4, "CAST({0} AS integer)", Int2) { Magnitude = First },
        new("numeric from integer", Num, "CAST({0} AS numeric)", Int4) { Magnitude = First, Scale = static _ => 0 },
        new("numeric from bigint", Num, "CAST({0} % 1000000 AS numeric(12,2))", Int8) { Magnitude = static _ => 1e6, Scale = static _ => 2 },
        new("double from integer", Float, "CAST({0} AS double precision)", Int4) { Magnitude = First },
        new("width_bucket", Int4, "width_bucket({0}, 0, 100, 5)", Float) { Magnitude = static _ => 6 },
        // numeric
        new("numeric /", Num, "round({0} / NULLIF({1}, 0), 4)", Num, Num) { Magnitude = static a => a[0] * 100, Scale = static _ => 4, TakesLeaves = true, Deviation = "decimal" },
        new("numeric %", Num, "({0} % NULLIF({1}, 0))", Num, Num) { Magnitude = First },
        new("round", Num, "round({0}, 1)", Num) { Magnitude = static a => a[0] + 1, Scale = static _ => 1 },
        new("round to integer", Num, "round({0})", Num) { Magnitude = static a => a[0] + 1, Scale = static _ => 0 },
        new("trunc", Num, "trunc({0}, 1)", Num) { Magnitude = First, Scale = static _ => 1 },
        new("floor", Num, "floor({0})", Num) { Magnitude = static a => a[0] + 1, Scale = static _ => 0 },
        new("ceil", Num, "ceil({0})", Num) { Magnitude = static a => a[0] + 1, Scale = static _ => 0 },
        new("div", Num, "div({0}, NULLIF({1}, 0))", Num, Num) { Magnitude = static a => a[0] * 100, Scale = static _ => 0, TakesLeaves = true },
        new("numeric cast", Num, "CAST({0} AS numeric(14,3))", Num) { Magnitude = First, Scale = static _ => 3, TakesLeaves = true },
        // double
        new("double /", Float, "({0} / 4)", Float) { Magnitude = First, TakesLeaves = true },
        new("floor double", Float, "floor({0})", Float) { Magnitude = static a => a[0] + 1 },
        new("sqrt", Float, "sqrt(abs({0}))", Float) { IsInexact = true, Magnitude = First },
        new("exp", Float, "exp({0} / 100)", Float) { IsInexact = true, TakesLeaves = true, Magnitude = static _ => 1e6 },
        new("ln", Float, "ln(abs({0}) + 1)", Float) { IsInexact = true, Magnitude = First },
        new("power", Float, "power({0}, 2)", Float) { IsInexact = true, TakesLeaves = true, Magnitude = static _ => 1e8 },
        new("sin", Float, "sin({0})", Float) { IsInexact = true, TakesLeaves = true, Magnitude = static _ => 1 },
        new("atan2", Float, "atan2({0}, {1})", Float, Float) { IsInexact = true, TakesLeaves = true, Magnitude = static _ => 4 },
        new("^", Float, "({0} ^ 2)", Float) { IsInexact = true, TakesLeaves = true, Magnitude = static _ => 1e8 },
        // text
        new("||", Text, "({0} || {1})", Text, Text),
        new("|| integer", Text, "({0} || {1})", Text, Int4),
        new("upper", Text, "upper({0})", Text),
        new("lower", Text, "lower({0})", Text),
        new("reverse", Text, "reverse({0})", Text),
        new("substr", Text, "substr({0}, {1})", Text, Int4) { TakesLeaves = true },
        new("substring from for", Text, "substring({0} FROM 2 FOR 2)", Text),
        new("left", Text, "left({0}, 2)", Text),
        new("right", Text, "right({0}, -1)", Text),
        new("replace", Text, "replace({0}, {1}, {2})", Text, Text, Text) { TakesLeaves = true },
        new("btrim", Text, "btrim({0})", Text),
        new("trim both", Text, "TRIM(BOTH 'a' FROM {0})", Text),
        new("ltrim", Text, "ltrim({0}, 'ab')", Text),
        new("rtrim", Text, "rtrim({0})", Text),
        new("lpad", Text, "lpad({0}, 5, '*')", Text),
        new("rpad", Text, "rpad({0}, 4)", Text),
        new("repeat", Text, "repeat({0}, 2)", Text) { TakesLeaves = true },
        new("overlay", Text, "overlay({0} PLACING 'xy' FROM 2 FOR 1)", Text),
        new("split_part", Text, "split_part({0}, 'b', 1)", Text),
        new("translate", Text, "translate({0}, 'abc', 'xy')", Text),
        new("concat", Text, "concat({0}, {1}, {2})", Text, Int4, Text),
        new("concat_ws", Text, "concat_ws('-', {0}, {1})", Text, Text),
        new("initcap", Text, "initcap({0})", Text) { TakesLeaves = true },
        new("md5", Text, "md5({0})", Text),
        new("chr", Text, "chr(65 + abs({0} % 26))", Int4),
        new("to_hex", Text, "to_hex(abs({0}))", Int4),
        new("format", Text, "format('%s/%s', {0}, {1})", Text, Int4),
        new("quote_literal", Text, "quote_literal({0})", Text) { TakesLeaves = true },
        new("quote_ident", Text, "quote_ident({0})", Text) { TakesLeaves = true },
        new("regexp_replace", Text, "regexp_replace({0}, '[aeiou]+', '<\\&>', 'g')", Text),
        new("text from integer", Text, "CAST({0} AS text)", Int4),
        new("text from bigint", Text, "CAST({0} AS text)", Int8),
        new("text from boolean", Text, "CAST({0} AS text)", Bool),
        new("text from date", Text, "CAST({0} AS text)", Date),
        new("text from timestamp", Text, "CAST({0} AS text)", Timestamp),
        new("text from uuid", Text, "CAST({0} AS text)", Uuid),
        new("text from time", Text, "CAST({0} AS text)", Time),
        new("encode", Text, "encode({0}, 'hex')", Bytea),
        new("array_to_string", Text, "array_to_string({0}, ',', '?')", IntArray),
        new("array_to_string text", Text, "array_to_string({0}, '|')", TextArray),
        new("jsonb ->>", Text, "({0} ->> 's')", Jsonb),
        new("jsonb #>>", Text, "({0} #>> ARRAY['o', 'x'])", Jsonb),
        new("jsonb_typeof", Text, "jsonb_typeof({0})", Jsonb),
        new("text from jsonb", Text, "CAST({0} AS text)", Jsonb),
        new("length", Int4, "length({0})", Text) { Magnitude = Thousand },
        new("char_length", Int4, "char_length({0})", Text) { Magnitude = Thousand },
        new("octet_length", Int4, "octet_length({0})", Text) { Magnitude = static _ => 4000 },
        new("bit_length", Int4, "bit_length({0})", Text) { Magnitude = static _ => 32000 },
        new("strpos", Int4, "strpos({0}, {1})", Text, Text) { Magnitude = Thousand },
        new("position", Int4, "POSITION('b' IN {0})", Text) { Magnitude = Thousand },
        new("ascii", Int4, "ascii({0})", Text) { Magnitude = static _ => 1200000 },
        new("starts_with", Bool, "starts_with({0}, {1})", Text, Text),
        // dates
        new("extract year", Int4, "CAST(EXTRACT(year FROM {0}) AS integer)", Date) { Magnitude = static _ => 10000 },
        new("extract month", Int4, "CAST(EXTRACT(month FROM {0}) AS integer)", Timestamp) { Magnitude = static _ => 12 },
        new("extract dow", Int4, "CAST(EXTRACT(dow FROM {0}) AS integer)", Date) { Magnitude = static _ => 7 },
        new("extract doy", Int4, "CAST(EXTRACT(doy FROM {0}) AS integer)", Timestamp) { Magnitude = static _ => 366 },
        new("extract week", Int4, "CAST(EXTRACT(week FROM {0}) AS integer)", Date) { Magnitude = static _ => 54 },
        new("extract hour", Int4, "CAST(EXTRACT(hour FROM {0}) AS integer)", Time) { Magnitude = static _ => 24 },
        new("extract second", Num, "EXTRACT(second FROM {0})", Timestamp) { Magnitude = static _ => 60, Scale = static _ => 6 },
        new("extract epoch", Num, "EXTRACT(epoch FROM {0})", Timestamp) { Magnitude = static _ => 1e10, Scale = static _ => 6 },
        new("extract epoch difference", Num, "EXTRACT(epoch FROM ({0} - {1}))", Timestamp, Timestamp) { Magnitude = static _ => 1e10, Scale = static _ => 6, TakesLeaves = true },
        new("date_part", Float, "date_part('quarter', {0})", Timestamp) { Magnitude = static _ => 4 },
        new("date - date", Int4, "({0} - {1})", Date, Date) { Magnitude = static _ => 1e6 },
        new("date + integer", Date, "({0} + {1} % 100)", Date, Int4),
        new("date - integer", Date, "({0} - 3)", Date),
        new("date from timestamp", Date, "CAST({0} AS date)", Timestamp),
        new("make_date", Date, "make_date(2000 + abs({0} % 20), 3, 1)", Int4),
        new("timestamp from date", Timestamp, "CAST({0} AS timestamp)", Date),
        new("date + time", Timestamp, "({0} + {1})", Date, Time),
        new("date_trunc", Timestamp, "date_trunc('month', {0})", Timestamp),
        new("date_trunc hour", Timestamp, "date_trunc('hour', {0})", Timestamp),
        new("at time zone", TimestampTz, "({0} AT TIME ZONE 'Europe/Berlin')", Timestamp),
        new("timestamptz at time zone", Timestamp, "({0} AT TIME ZONE 'America/New_York')", TimestampTz),
        new("make_timestamp", Timestamp, "make_timestamp(2020, 1 + abs({0} % 12), 5, 10, 20, 30)", Int4),
        new("time from timestamp", Time, "CAST({0} AS time)", Timestamp),
        new("make_time", Time, "make_time(abs({0} % 24), 15, 2)", Int4),
        // intervals
        new("timestamp + interval", Timestamp, "({0} + {1})", Timestamp, Interval) { TakesLeaves = true },
        new("timestamp - interval", Timestamp, "({0} - {1})", Timestamp, Interval) { TakesLeaves = true },
        new("timestamptz + interval", TimestampTz, "({0} + {1})", TimestampTz, Interval) { TakesLeaves = true },
        new("date + interval", Timestamp, "({0} + {1})", Date, Interval) { TakesLeaves = true },
        new("time + interval", Time, "({0} + {1})", Time, Interval),
        new("interval + interval", Interval, "({0} + {1})", Interval, Interval) { TakesLeaves = true },
        new("interval - interval", Interval, "({0} - {1})", Interval, Interval) { TakesLeaves = true },
        new("- interval", Interval, "(- {0})", Interval),
        new("interval *", Interval, "({0} * 3)", Interval) { TakesLeaves = true },
        new("interval /", Interval, "({0} / 2)", Interval) { TakesLeaves = true },
        new("age", Interval, "age({0}, {1})", Timestamp, Timestamp) { TakesLeaves = true },
        new("justify_interval", Interval, "justify_interval({0})", Interval),
        new("justify_days", Interval, "justify_days({0})", Interval),
        new("justify_hours", Interval, "justify_hours({0})", Interval),
        new("make_interval", Interval, "make_interval(0, {0} % 12, 0, {1} % 100)", Int4, Int4),
        new("date_trunc interval", Interval, "date_trunc('day', {0})", Interval),
        new("interval from time", Interval, "CAST({0} AS interval)", Time),
        new("date_bin", Timestamp, "date_bin(INTERVAL '15 minutes', {0}, TIMESTAMP '2020-01-01 00:07:00')", Timestamp),
        new("extract day of interval", Int4, "CAST(EXTRACT(day FROM {0}) AS integer)", Interval) { Magnitude = static _ => 1e6 },
        new("extract epoch of interval", Num, "EXTRACT(epoch FROM {0})", Interval) { TakesLeaves = true, Magnitude = static _ => 1e10, Scale = static _ => 6 },
        new("text from interval", Text, "CAST({0} AS text)", Interval) { TakesLeaves = true },
        // functions of the round's schema
        new("SQL function", Int4, "twice_and({0} % 1000, {1} % 1000)", Int4, Int4) { Magnitude = static _ => 5000 },
        new("SQL function with a query", Int8, "rows_below({0})", Int4) { Magnitude = Thousand },
        new("SQL function of text", Text, "wrapped({0})", Text),
        // others
        new("uuid from text", Uuid, "CAST('00000000-0000-4000-8000-0000000000' || lpad(CAST(abs({0} % 100) AS text), 2, '0') AS uuid)", Int4),
        new("convert_to", Bytea, "convert_to({0}, 'UTF8')", Text),
        new("bytea ||", Bytea, "({0} || {1})", Bytea, Bytea),
        new("sha256", Bytea, "sha256({0})", Bytea),
        new("length bytea", Int4, "length({0})", Bytea) { Magnitude = Thousand },
        new("substr bytea", Bytea, "substr({0}, 1, 2)", Bytea),
        // arrays
        new("array constructor", IntArray, "ARRAY[{0}, {1}]", Int4, Int4),
        new("array constructor text", TextArray, "ARRAY[CAST({0} AS text), {1}]", Text, Text),
        new("array ||", IntArray, "({0} || {1})", IntArray, IntArray),
        new("array || element", IntArray, "({0} || {1})", IntArray, Int4),
        new("array_append", TextArray, "array_append({0}, {1})", TextArray, Text),
        new("array_prepend", IntArray, "array_prepend({0}, {1})", Int4, IntArray),
        new("array_remove", IntArray, "array_remove({0}, {1})", IntArray, Int4),
        new("array_replace", TextArray, "array_replace({0}, {1}, {2})", TextArray, Text, Text),
        new("array slice", IntArray, "({0})[1:2]", IntArray),
        new("string_to_array", TextArray, "string_to_array({0}, 'b')", Text),
        new("regexp_split_to_array", TextArray, "regexp_split_to_array({0}, '[ab]')", Text) { TakesLeaves = true },
        new("subscript", Int4, "({0})[1]", IntArray) { Magnitude = static _ => 1e6 },
        new("subscript text", Text, "({0})[2]", TextArray),
        new("cardinality", Int4, "cardinality({0})", IntArray) { Magnitude = Thousand },
        new("array_length", Int4, "array_length({0}, 1)", TextArray) { Magnitude = Thousand },
        new("array_position", Int4, "array_position({0}, {1})", IntArray, Int4) { Magnitude = Thousand },
        new("array @>", Bool, "({0} @> {1})", IntArray, IntArray),
        new("array <@", Bool, "({0} <@ {1})", TextArray, TextArray),
        new("array &&", Bool, "({0} && {1})", IntArray, IntArray),
        // jsonb
        new("to_jsonb", Jsonb, "to_jsonb({0})", Int4),
        new("to_jsonb text", Jsonb, "to_jsonb(CAST({0} AS text))", Text),
        new("jsonb_build_object", Jsonb, "jsonb_build_object('n', {0}, 's', {1})", Int4, Text),
        new("jsonb_build_array", Jsonb, "jsonb_build_array({0}, {1}, null)", Int4, Bool),
        new("jsonb ->", Jsonb, "({0} -> 'n')", Jsonb),
        new("jsonb -> integer", Jsonb, "({0} -> 'a' -> 1)", Jsonb) { TakesLeaves = true },
        new("jsonb #>", Jsonb, "({0} #> ARRAY['a', '0'])", Jsonb),
        new("jsonb || ", Jsonb, "(jsonb_build_object('z', {0}) || jsonb_build_object('n', {1}))", Text, Int4),
        new("jsonb -", Jsonb, "(jsonb_build_object('z', {0}, 'n', {1}) - 'z')", Text, Int4),
        new("jsonb_set", Jsonb, "jsonb_set(jsonb_build_object('n', {0}), ARRAY['n'], to_jsonb({1}))", Int4, Int4),
        new("jsonb_path_exists", Bool, "jsonb_path_exists({0}, '$.a[*] ? (@ == 1)')", Jsonb),
        new("jsonb_path_query_array", Jsonb, "jsonb_path_query_array({0}, '$.*')", Jsonb),
        new("jsonb_path_query_first", Jsonb, "jsonb_path_query_first({0}, '$.a[last]')", Jsonb),
        new("jsonb @@", Bool, "({0} @@ '$.n > 1')", Jsonb),
        new("jsonb @?", Bool, "jsonb_path_exists({0}, '$.s ? (@ starts with \"a\")')", Jsonb) { Theirs = "({0} @? '$.s ? (@ starts with \"a\")')", Deviation = "`?`" },
        new("jsonb_strip_nulls", Jsonb, "jsonb_strip_nulls({0})", Jsonb),
        new("jsonb_pretty", Text, "jsonb_pretty({0})", Jsonb),
        new("jsonb #-", Jsonb, "(jsonb_build_object('n', {0}, 'o', jsonb_build_object('x', 1)) #- ARRAY['o', 'x'])", Int4),
        new("jsonb - integer", Jsonb, "(jsonb_build_array({0}, 1, {1}) - 1)", Int4, Text) { TakesLeaves = true },
        new("jsonb_insert", Jsonb, "jsonb_insert(jsonb_build_object('a', jsonb_build_array({0})), ARRAY['a', '0'], to_jsonb({0}))", Int4) { TakesLeaves = true },
        new("regexp_match", TextArray, "regexp_match({0}, '([ab])([a-z ]?)')", Text),
        new("regexp_count", Int4, "regexp_count({0}, '[ab]')", Text) { Magnitude = Thousand },
        new("regexp_substr", Text, "regexp_substr({0}, '[b-z]+')", Text),
        new("array_positions", IntArray, "array_positions({0}, {1})", IntArray, Int4),
        new("trim_array", IntArray, "trim_array(ARRAY[{0}, {1}], 1)", Int4, Int4),
        new("array_fill", IntArray, "array_fill({0}, ARRAY[2])", Int4),
        new("get_byte", Int4, "get_byte(sha256({0}), 3)", Bytea) { Magnitude = static _ => 255 },
        new("array comparison", Bool, "({0} < {1})", IntArray, IntArray),
        new("jsonb comparison", Bool, "({0} > {1})", Jsonb, Jsonb),
        new("jsonb @>", Bool, "({0} @> {1})", Jsonb, Jsonb),
        new("jsonb <@", Bool, "({0} <@ {1})", Jsonb, Jsonb),
        new("jsonb ?", Bool, "jsonb_exists({0}, 'n')", Jsonb) { Theirs = "({0} ? 'n')", Deviation = "`?`" },
        new("jsonb ?|", Bool, "({0} ?| ARRAY['n', 'q'])", Jsonb),
        new("jsonb ?&", Bool, "({0} ?& ARRAY['n', 's'])", Jsonb),
        new("jsonb_array_length", Int4, "CASE WHEN jsonb_typeof({0}) = 'array' THEN 7 ELSE jsonb_array_length(jsonb_build_array({1}, 2)) END", Jsonb, Int4) { Magnitude = Thousand },
        new("number in jsonb", Num, "CASE WHEN jsonb_typeof({0} -> 'n') = 'number' THEN CAST({0} ->> 'n' AS numeric) END", Jsonb) { TakesLeaves = true, Magnitude = static _ => 1e10, Scale = static _ => 6 },
    ];

    private static readonly Dictionary<Kind, FunctionRule[]> ByResult = All.GroupBy(r => r.Result).ToDictionary(g => g.Key, g => g.ToArray());

    public static FunctionRule[] Giving(Kind kind) => ByResult.TryGetValue(kind, out FunctionRule[]? rules) ? rules : [];

    private static IEnumerable<FunctionRule> Arithmetic(Kind kind)
    {
        string type = Kinds.Name(kind);
        yield return new FunctionRule(type + " +", kind, "({0} + {1})", kind, kind) { Magnitude = static a => a[0] + a[1] };
        yield return new FunctionRule(type + " -", kind, "({0} - {1})", kind, kind) { Magnitude = static a => a[0] + a[1] };
        yield return new FunctionRule(type + " *", kind, "({0} * {1})", kind, kind) { Magnitude = static a => a[0] * a[1], Scale = static s => s[0] + s[1] };
        yield return new FunctionRule(type + " unary -", kind, "(- {0})", kind) { Magnitude = First };
        yield return new FunctionRule(type + " abs", kind, "abs({0})", kind) { Magnitude = First };
    }
}
