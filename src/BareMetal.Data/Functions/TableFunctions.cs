using System.Text.RegularExpressions;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions;

/// <summary>The functions that give rows. A null argument gives none.</summary>
internal static class TableFunctions
{
    public static void Define(Definitions define)
    {
        Series(define);
        define.Registry.Add(new TableFunction
        {
            Name = "unnest",
            Parameters = [Definitions.AnyArray],
            Columns = types => [("unnest", types[0].Element!)],
            Invoke = (v, _) => v[0].IsNull ? [] : Unnest(v[0].As<ArrayValue>().Items),
        });
        define.Registry.Add(new TableFunction
        {
            Name = "generate_subscripts",
            Parameters = [Definitions.AnyArray, SqlType.Integer],
            Columns = _ => [("generate_subscripts", SqlType.Integer)],
            Invoke = (v, _) => v[0].IsNull || v[1].IsNull || v[1].As<int>() != 1 ? [] : Subscripts(v[0].As<ArrayValue>().Items.Length),
        });
        Json(define, SqlType.Json, "json");
        Json(define, SqlType.Jsonb, "jsonb");
        Add(define, "regexp_split_to_table", [SqlType.Text, SqlType.Text], [("regexp_split_to_table", SqlType.Text)], v => RegexpFunctions.SplitRows(v, "regexp_split_to_table"));
        Add(define, "regexp_split_to_table", [SqlType.Text, SqlType.Text, SqlType.Text], [("regexp_split_to_table", SqlType.Text)], v => RegexpFunctions.SplitRows(v, "regexp_split_to_table"));
        foreach (SqlType[] parameters in new SqlType[][] { [SqlType.Text, SqlType.Text], [SqlType.Text, SqlType.Text, SqlType.Text] })
        {
            define.Registry.Add(new TableFunction
            {
                Name = "string_to_table",
                Parameters = parameters,
                Columns = _ => [("string_to_table", SqlType.Text)],
                Invoke = (v, _) => v.Length == 2 && !v[0].IsNull && !v[1].IsNull && v[0].As<ByteSlice>().Length > 0 ? Split(v[0].As<ByteSlice>(), v[1].As<ByteSlice>())
                    : TextFunctions.SplitToArray(v) is { IsNull: false } parts ? parts.As<ArrayValue>().Items.Select(x => new[] { x }) : [],
            });
        }

        Add(define, "regexp_matches", [SqlType.Text, SqlType.Text], [("regexp_matches", SqlType.ArrayOf(SqlType.Text))], Matches);
        Add(define, "regexp_matches", [SqlType.Text, SqlType.Text, SqlType.Text], [("regexp_matches", SqlType.ArrayOf(SqlType.Text))], Matches);
    }

    private static void Add(Definitions define, string name, SqlType[] parameters, (string Name, SqlType Type)[] columns, Func<Value[], IEnumerable<Value[]>> rows) =>
        define.Registry.Add(new TableFunction
        {
            Name = name,
            Parameters = parameters,
            Columns = _ => columns,
            Invoke = (v, _) => Array.Exists(v, x => x.IsNull) ? [] : rows(v),
        });

    private static void Series(Definitions define)
    {
        foreach (bool stepped in new[] { false, true })
        {
            SqlType[] Of(SqlType type, SqlType step) => stepped ? [type, type, step] : [type, type];
            Add(define, "generate_series", Of(SqlType.Integer, SqlType.Integer), [("generate_series", SqlType.Integer)],
                v => Integers(v[0].As<int>(), v[1].As<int>(), stepped ? v[2].As<int>() : 1).Select(x => new[] { Value.From(SqlTypeKind.Integer, (int)x) }));
            Add(define, "generate_series", Of(SqlType.BigInt, SqlType.BigInt), [("generate_series", SqlType.BigInt)],
                v => Integers(v[0].As<long>(), v[1].As<long>(), stepped ? v[2].As<long>() : 1).Select(x => new[] { Value.From(SqlTypeKind.BigInt, (long)x) }));
            Add(define, "generate_series", Of(SqlType.Decimal, SqlType.Decimal), [("generate_series", SqlType.Decimal)],
                v => Decimals(v[0].As<decimal>(), v[1].As<decimal>(), stepped ? v[2].As<decimal>() : 1));
        }

        foreach (SqlType type in new[] { SqlType.Timestamp, SqlType.TimestampTz })
        {
            Add(define, "generate_series", [type, type, SqlType.TimeSpan], [("generate_series", type)],
                v => Integers(v[0].As<long>(), v[1].As<long>(), v[2].As<long>()).Select(x => new[] { Value.From(type.Kind, (long)x) }));
            define.Registry.Add(new TableFunction
            {
                Name = "generate_series",
                Parameters = [type, type, SqlType.Interval],
                Columns = _ => [("generate_series", type)],
                Invoke = (v, context) => Moments(type.Kind, v[0].As<long>(), v[1].As<long>(), v[2].As<BareMetalInterval>(), type.Kind == SqlTypeKind.TimestampTz ? context.TimeZone : null),
            });
        }
    }

    private static IEnumerable<Int128> Integers(Int128 from, Int128 to, Int128 step)
    {
        if (step == 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, "The step of generate_series must not be zero.");
        return Run(from, to, step);

        static IEnumerable<Int128> Run(Int128 from, Int128 to, Int128 step)
        {
            for (Int128 x = from; step > 0 ? x <= to : x >= to; x += step)
                yield return x;
        }
    }

    private static IEnumerable<Value[]> Moments(SqlTypeKind kind, long from, long to, BareMetalInterval step, TimeZoneInfo? zone)
    {
        int direction = step.CompareTo(BareMetalInterval.Zero);
        if (direction == 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, "The step of generate_series must not be zero.");
        return Run();

        IEnumerable<Value[]> Run()
        {
            for (long x = from; direction > 0 ? x <= to : x >= to;)
            {
                yield return [Value.From(kind, x)];
                if (!TryAdd(ref x))
                    yield break;
            }
        }

        bool TryAdd(ref long moment)
        {
            try
            {
                moment = zone is null ? Scalars.IntervalFunctions.Add(moment, step) : Scalars.IntervalFunctions.Add(moment, step, zone);
                return true;
            }
            catch (ArgumentOutOfRangeException)
            {
                return false; // beyond the last moment there is
            }
        }
    }

    private static IEnumerable<Value[]> Decimals(decimal from, decimal to, decimal step)
    {
        if (step == 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, "The step of generate_series must not be zero.");
        return Run(from, to, step);

        static IEnumerable<Value[]> Run(decimal from, decimal to, decimal step)
        {
            for (decimal x = from; step > 0 ? x <= to : x >= to; x += step)
            {
                yield return [Value.From(SqlTypeKind.Decimal, x)];
                if (step > 0 ? x > decimal.MaxValue - step : x < decimal.MinValue - step)
                    yield break;
            }
        }
    }

    private static IEnumerable<Value[]> Unnest(Value[] items)
    {
        foreach (Value item in items)
            yield return [item];
    }

    private static IEnumerable<Value[]> Subscripts(int count)
    {
        for (int i = 1; i <= count; i++)
            yield return [Value.From(SqlTypeKind.Integer, i)];
    }

    private static void Json(Definitions define, SqlType json, string prefix)
    {
        SqlTypeKind kind = json.Kind;
        Add(define, prefix + "_array_elements", [json], [("value", json)], v => Elements(v[0].As<ByteSlice>(), kind, asText: false));
        Add(define, prefix + "_array_elements_text", [json], [("value", SqlType.Text)], v => Elements(v[0].As<ByteSlice>(), kind, asText: true));
        Add(define, prefix + "_each", [json], [("key", SqlType.Text), ("value", json)], v => Members(v[0].As<ByteSlice>(), kind, asText: false));
        Add(define, prefix + "_each_text", [json], [("key", SqlType.Text), ("value", SqlType.Text)], v => Members(v[0].As<ByteSlice>(), kind, asText: true));
        Add(define, prefix + "_object_keys", [json], [(prefix + "_object_keys", SqlType.Text)], v => Members(v[0].As<ByteSlice>(), kind, asText: true).Select(m => new[] { m[0] }));
    }

    // One row after the other: the rows of a large document together would be many times as large.
    private static IEnumerable<Value[]> Elements(ByteSlice json, SqlTypeKind kind, bool asText)
    {
        RowBuffer text = new();
        int at = JsonElements.Start;
        while (NextElement(json, ref at, kind, asText, text) is { } row)
            yield return row;
    }

    private static Value[]? NextElement(ByteSlice json, ref int at, SqlTypeKind kind, bool asText, RowBuffer text)
    {
        JsonElements elements = new(json.Span, at);
        if (!elements.Next())
            return null;
        at = elements.Position;
        return [Part(elements.Value, kind, asText, text)];
    }

    private static IEnumerable<Value[]> Members(ByteSlice json, SqlTypeKind kind, bool asText)
    {
        RowBuffer text = new();
        int at = JsonMembers.Start;
        while (NextMember(json, ref at, kind, asText, text) is { } row)
            yield return row;
    }

    private static Value[]? NextMember(ByteSlice json, ref int at, SqlTypeKind kind, bool asText, RowBuffer text)
    {
        JsonMembers members = new(json.Span, at);
        if (!members.Next())
            return null;
        at = members.Position;
        text.Clear();
        JsonText.Unescape(members.RawName, text);
        Value name = Value.From(SqlTypeKind.Text, new ByteSlice(text.ToArray()));
        return [name, Part(members.Value, kind, asText, text)];
    }

    /// <summary>The parts of a text between separators; one part when there is no separator.</summary>
    private static IEnumerable<Value[]> Split(ByteSlice text, ByteSlice separator)
    {
        for (int at = 0; at <= text.Length;)
        {
            int length = separator.Length == 0 ? -1 : text.Span[at..].IndexOf(separator.Span);
            int end = length < 0 ? text.Length : at + length;
            yield return [Value.From(SqlTypeKind.Text, new ByteSlice(text.Span[at..end].ToArray()))];
            if (length < 0)
                yield break;
            at = end + separator.Length;
        }
    }

    private static Value Part(ReadOnlySpan<byte> json, SqlTypeKind kind, bool asText, RowBuffer text)
    {
        if (!asText)
            return Value.From(kind, new ByteSlice(json.ToArray()));
        text.Clear();
        return JsonText.WriteAsText(json, text) ? Value.From(SqlTypeKind.Text, new ByteSlice(text.ToArray())) : Value.Null(SqlTypeKind.Text);
    }

    private static IEnumerable<Value[]> Matches(Value[] v)
    {
        Regex regex = RegexpFunctions.Pattern(v, 2, null, out bool all);
        Match match = PatternFunctions.Guarded(regex, null, r => r.Match(Utf8.ToString(v[0])));
        while (match.Success)
        {
            yield return [RegexpFunctions.Groups(match)];
            if (!all)
                yield break;
            Match last = match;
            match = PatternFunctions.Guarded(regex, null, _ => last.NextMatch());
        }
    }
}
