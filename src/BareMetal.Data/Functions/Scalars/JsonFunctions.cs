using BareMetal.Data.Functions.Json;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Functions over json and jsonb. Results of the same kind as the argument; jsonb results are normalised.</summary>
internal static class JsonFunctions
{
    private static readonly SqlType Texts = SqlType.ArrayOf(SqlType.Text);

    /// <summary>A row as an object: the names of its columns, then their values. Called by the binder, not by name.</summary>
    public static readonly ScalarFunction RowObject = new()
    {
        Name = "row_to_json",
        Parameters = [Texts, Definitions.Any],
        IsVariadic = true,
        IsStrict = false,
        ResultType = _ => SqlType.Json,
        CreateKernel = (types, _) => Kernel.Values((v, _) => Write(SqlTypeKind.Json, output =>
        {
            Value[] names = v[0].As<ArrayValue>().Items;
            output.AppendByte((byte)'{');
            for (int i = 0; i < names.Length; i++)
            {
                if (i > 0)
                    output.AppendByte((byte)',');
                JsonText.WriteString(Bytes(names[i]), output);
                output.AppendByte((byte)':');
                JsonWriter.Write(types[i + 1], v[i + 1], output);
            }

            output.AppendByte((byte)'}');
        }), strict: false),
    };

    private static readonly Dictionary<(SqlTypeKind, bool, bool, bool), ScalarFunction> Constructors = MakeConstructors();

    /// <summary>JSON_OBJECT and JSON_ARRAY. Called by the binder, not by name.</summary>
    public static ScalarFunction Constructor(SqlTypeKind kind, bool isObject, bool absentOnNull, bool unique) => Constructors[(kind, isObject, absentOnNull, unique)];

    private static Dictionary<(SqlTypeKind, bool, bool, bool), ScalarFunction> MakeConstructors()
    {
        Dictionary<(SqlTypeKind, bool, bool, bool), ScalarFunction> all = [];
        foreach (SqlTypeKind kind in new[] { SqlTypeKind.Json, SqlTypeKind.Jsonb })
        {
            for (int i = 0; i < 8; i++)
            {
                (bool isObject, bool absent, bool unique) = ((i & 4) != 0, (i & 2) != 0, (i & 1) != 0);
                all.Add((kind, isObject, absent, unique), new ScalarFunction
                {
                    Name = isObject ? "json_object" : "json_array",
                    Parameters = [Definitions.Any],
                    IsVariadic = true,
                    IsStrict = false,
                    ResultType = _ => new SqlType(kind),
                    CreateKernel = (types, _) => Kernel.Values((v, _) => Write(kind, output => Construct(types, v, isObject, absent, unique, output)), strict: false),
                });
            }
        }

        return all;
    }

    private static void Construct(IReadOnlyList<SqlType> types, Value[] v, bool isObject, bool absentOnNull, bool unique, RowBuffer output)
    {
        int step = isObject ? 2 : 1;
        HashSet<string> names = new(StringComparer.Ordinal);
        bool first = true;
        output.AppendByte(isObject ? (byte)'{' : (byte)'[');
        RowBuffer name = new();
        for (int i = 0; i < v.Length; i += step)
        {
            Value value = v[i + step - 1];
            if (isObject)
            {
                if (v[i].IsNull)
                    throw new BareMetalException(SqlStates.NullValueNotAllowed, $"The name at argument {i + 1} is null.");
                name.Clear();
                ValueText.Append(types[i], v[i], name);
                if (unique && !names.Add(Utf8.ToString(name.Span)))
                    throw new BareMetalException("22030", $"The object would have two members \"{Utf8.ToString(name.Span)}\".");
            }

            if (absentOnNull && value.IsNull)
                continue;
            if (!first)
                output.Append(", "u8);
            first = false;
            if (isObject)
            {
                JsonText.WriteString(name.Span, output);
                output.Append(" : "u8);
            }

            JsonWriter.Write(types[i + step - 1], value, output);
        }

        output.AppendByte(isObject ? (byte)'}' : (byte)']');
    }

    public static void Define(Definitions define)
    {
        SqlType text = SqlType.Text, integer = SqlType.Integer, boolean = SqlType.Boolean;
        foreach (SqlType json in new[] { SqlType.Json, SqlType.Jsonb })
        {
            SqlTypeKind kind = json.Kind;
            string prefix = kind == SqlTypeKind.Json ? "json" : "jsonb";
            define.Add("->", json, new JsonGetKernel(asText: false), json, text);
            define.Add("->", json, new JsonGetKernel(asText: false), json, integer);
            define.Add("->>", text, new JsonGetKernel(asText: true), json, text);
            define.Add("->>", text, new JsonGetKernel(asText: true), json, integer);
            define.Add("#>", json, new JsonPathArrayKernel(asText: false), json, Texts);
            define.Add("#>>", text, new JsonPathArrayKernel(asText: true), json, Texts);
            define.Add(prefix + "_extract_path", _ => json, (_, _) => new JsonExtractKernel(asText: false), [json, text], variadic: true);
            define.Add(prefix + "_extract_path_text", _ => text, (_, _) => new JsonExtractKernel(asText: true), [json, text], variadic: true);
            define.Add("@>", boolean, Kernel.FromBytes((a, b) => JsonEdit.Contains(a, b)), json, json);
            define.Add("<@", boolean, Kernel.FromBytes((a, b) => JsonEdit.Contains(b, a)), json, json);
            define.Add(kind == SqlTypeKind.Jsonb ? ["?", "jsonb_exists"] : ["?"], boolean, Kernel.FromBytes(HasKey), json, text);
            define.AddValues("?|", boolean, (v, _) => Boolean(Keys(v[1]).Any(k => HasKey(Bytes(v[0]), k))), [json, Texts]);
            define.AddValues("?&", boolean, (v, _) => Boolean(Keys(v[1]).All(k => HasKey(Bytes(v[0]), k))), [json, Texts]);
            JsonEditFunctions.Define(define, json, prefix);
            define.Add(prefix + "_array_length", integer, new LengthKernel(), json);
            define.Add(prefix + "_typeof", text, Kernel.Bytes((j, output) =>
            {
                output.Append(TypeOf(j));
                return true;
            }), json);
            define.Add(prefix + "_pretty", text, Kernel.Bytes((j, output) =>
            {
                Pretty(j, 0, output);
                return true;
            }), json);
            Build(define, kind, prefix);
        }

        // Of untyped text first the kind that keeps it as it is.
        SqlPath(define, SqlType.Json);
        SqlPath(define, SqlType.Jsonb);
        define.Add("json_valid", boolean, Kernel.FromBytes(IsValid), text);
        foreach (SqlType type in new[] { text, SqlType.Json, SqlType.Jsonb })
            define.AddValues("is_json", boolean, (v, _) => Boolean(IsJson(Bytes(v[0]), Utf8.ToString(v[1]), v[2].As<bool>())), [type, text, boolean]);
    }

    private static void Build(Definitions define, SqlTypeKind kind, string prefix)
    {
        SqlType json = new(kind);
        define.Add("to_" + prefix, _ => json, (types, _) => Kernel.Values((v, _) => Write(kind, output => JsonWriter.Write(types[0], v[0], output))), [Definitions.Any]);
        if (kind == SqlTypeKind.Json)
        {
            define.Add("array_to_json", _ => json, (types, _) => Kernel.Values((v, _) => Write(kind, output => JsonWriter.Write(types[0], v[0], output))), [Definitions.AnyArray]);
            define.Add("row_to_json", _ => json, (types, _) => Kernel.Values((v, _) => Write(kind, output => JsonWriter.Write(types[0], v[0], output))), [new SqlType(SqlTypeKind.Record)]);
        }

        define.Add(prefix + "_build_array", _ => json, (types, _) => Kernel.Values((v, _) => Write(kind, output =>
        {
            output.AppendByte((byte)'[');
            for (int i = 0; i < v.Length; i++)
            {
                if (i > 0)
                    output.Append(", "u8);
                JsonWriter.Write(types[i], v[i], output);
            }

            output.AppendByte((byte)']');
        }), strict: false), [Definitions.Any], strict: false, variadic: true);
        define.Add(prefix + "_build_object", _ => json, (types, _) => Kernel.Values((v, _) => Write(kind, output => BuildObject(types, v, output)), strict: false), [Definitions.Any], strict: false, variadic: true);
        define.AddValues(prefix + "_object", json, (v, _) => Write(kind, output =>
        {
            Value[] items = v[0].As<ArrayValue>().Items;
            if (items.Length % 2 != 0)
                throw new BareMetalException("2202E", "The array must hold pairs of names and values.");
            BuildObject([.. items.Select(_ => SqlType.Text)], items, output);
        }), [Texts]);
        define.AddValues(prefix + "_object", json, (v, _) => Write(kind, output =>
        {
            Value[] names = v[0].As<ArrayValue>().Items, values = v[1].As<ArrayValue>().Items;
            if (names.Length != values.Length)
                throw new BareMetalException("2202E", "The arrays of names and values must be of one length.");
            Value[] pairs = new Value[names.Length * 2];
            for (int i = 0; i < names.Length; i++)
                (pairs[i * 2], pairs[i * 2 + 1]) = (names[i], values[i]);
            BuildObject([.. pairs.Select(_ => SqlType.Text)], pairs, output);
        }), [Texts, Texts]);
    }

    /// <summary>json_value and json_query as functions: a path that finds nothing, or several items, gives null.</summary>
    private static void SqlPath(Definitions define, SqlType json)
    {
        SqlTypeKind kind = json.Kind;
        define.AddValues("json_value", SqlType.Text, (v, context) =>
        {
            RowBuffer output = new();
            return JsonPathFunctions.Find(v, silent: true, context) is [{ Kind: not ('{' or '[') } item] && JsonText.WriteAsText(item.Span, output)
                ? Value.From(SqlTypeKind.Text, new ByteSlice(output.ToArray()))
                : Value.Null(SqlTypeKind.Text);
        }, [json, SqlType.Text]);
        define.AddValues("json_query", json, (v, context) => JsonPathFunctions.Find(v, silent: true, context) is [var item]
            ? JsonPathFunctions.ToValue(kind, item)
            : Value.Null(kind), [json, SqlType.Text]);
    }

    /// <summary>IS JSON: of a kind (value, object, array, scalar), and perhaps without names that come twice.</summary>
    private static bool IsJson(ReadOnlySpan<byte> text, string kind, bool unique)
    {
        if (!IsValid(text))
            return false;
        char first = JsonText.KindOf(text);
        bool fits = kind switch { "object" => first == '{', "array" => first == '[', "scalar" => first is not ('{' or '['), _ => true };
        return fits && (!unique || HasUniqueNames(text));
    }

    private static bool HasUniqueNames(ReadOnlySpan<byte> json)
    {
        JsonMembers members = new(json);
        HashSet<string> names = new(StringComparer.Ordinal);
        RowBuffer name = new();
        while (members.Next())
        {
            name.Clear();
            JsonText.Unescape(members.RawName, name);
            if (!names.Add(Utf8.ToString(name.Span)) || !HasUniqueNames(members.Value))
                return false;
        }

        JsonElements elements = new(json);
        while (elements.Next())
        {
            if (!HasUniqueNames(elements.Value))
                return false;
        }

        return true;
    }

    private static bool IsValid(ReadOnlySpan<byte> text)
    {
        try
        {
            JsonText.Validate(text);
            return true;
        }
        catch (BareMetalException)
        {
            // The question was whether it is valid.
            return false;
        }
    }

    private static bool HasKey(ReadOnlySpan<byte> json, ReadOnlySpan<byte> key)
    {
        switch (JsonText.KindOf(json))
        {
            case '{':
                return JsonText.TryMember(json, key, out _);
            case '[':
                JsonElements elements = new(json);
                while (elements.Next())
                {
                    if (elements.Value[0] == '"' && JsonText.NameIs(elements.Value[1..^1], key))
                        return true;
                }

                return false;
            case '"':
                return JsonText.NameIs(JsonText.Trim(json)[1..^1], key);
            default:
                return false;
        }
    }

    private static void BuildObject(IReadOnlyList<SqlType> types, Value[] v, RowBuffer output)
    {
        if (v.Length % 2 != 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, "An object is built from names and values in turn; the number of arguments must be even.");
        output.AppendByte((byte)'{');
        RowBuffer name = new();
        for (int i = 0; i < v.Length; i += 2)
        {
            if (v[i].IsNull)
                throw new BareMetalException(SqlStates.InvalidParameterValue, $"The name at argument {i + 1} is null.");
            if (i > 0)
                output.Append(", "u8);
            name.Clear();
            ValueText.Append(types[i], v[i], name);
            JsonText.WriteString(name.Span, output);
            output.Append(" : "u8);
            JsonWriter.Write(types[i + 1], v[i + 1], output);
        }

        output.AppendByte((byte)'}');
    }

    private static Value Write(SqlTypeKind kind, Action<RowBuffer> write)
    {
        RowBuffer output = new(64);
        write(output);
        return JsonWriter.ToValue(kind, output);
    }

    private static ReadOnlySpan<byte> TypeOf(ReadOnlySpan<byte> json) => JsonText.KindOf(json) switch
    {
        '{' => "object"u8,
        '[' => "array"u8,
        '"' => "string"u8,
        't' or 'f' => "boolean"u8,
        'n' => "null"u8,
        _ => "number"u8,
    };

    private static void Pretty(ReadOnlySpan<byte> json, int depth, RowBuffer output)
    {
        json = JsonText.Trim(json);
        bool first = true;
        if (json[0] == '{')
        {
            output.AppendByte((byte)'{');
            JsonMembers members = new(json);
            while (members.Next())
            {
                NewLine(output, depth + 1, ref first);
                output.AppendByte((byte)'"');
                output.Append(members.RawName);
                output.Append("\": "u8);
                Pretty(members.Value, depth + 1, output);
            }

            Close(output, depth, first, (byte)'}');
        }
        else if (json[0] == '[')
        {
            output.AppendByte((byte)'[');
            JsonElements elements = new(json);
            while (elements.Next())
            {
                NewLine(output, depth + 1, ref first);
                Pretty(elements.Value, depth + 1, output);
            }

            Close(output, depth, first, (byte)']');
        }
        else
        {
            output.Append(json);
        }
    }

    private static void NewLine(RowBuffer output, int depth, ref bool first)
    {
        if (!first)
            output.AppendByte((byte)',');
        first = false;
        output.AppendByte((byte)'\n');
        output.Append(depth * 4).Fill((byte)' ');
    }

    private static void Close(RowBuffer output, int depth, bool empty, byte bracket)
    {
        if (empty)
        {
            output.AppendByte((byte)'\n');
            output.Append(depth * 4).Fill((byte)' ');
        }
        else
        {
            bool first = true;
            NewLine(output, depth, ref first);
        }

        output.AppendByte(bracket);
    }

    private static byte[][] Keys(in Value array)
    {
        Value[] items = array.As<ArrayValue>().Items;
        List<byte[]> keys = new(items.Length);
        foreach (Value item in items)
        {
            if (!item.IsNull)
                keys.Add(Bytes(item).ToArray());
        }

        return [.. keys];
    }

    private static ReadOnlySpan<byte> Bytes(in Value value) => value.As<ByteSlice>().Span;

    private static Value Boolean(bool value) => Value.From(SqlTypeKind.Boolean, value);

    private sealed class LengthKernel : RowKernel
    {
        protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context)
        {
            int length = new JsonCursor(Get<ByteSlice>(arguments[0], row)).ArrayLength;
            if (length < 0)
                result.SetNull(row);
            else
                ((Vector<int>)result).Data[row] = length;
        }
    }
}
