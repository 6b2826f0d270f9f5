using BareMetal.Data.Functions.Json;
using BareMetal.Data.Functions.Json.Path;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Functions and operators of the SQL/JSON path language: <c>@?</c>, <c>@@</c>, jsonb_path_query and its kin.</summary>
internal static class JsonPathFunctions
{
    public static void Define(Definitions define)
    {
        foreach (SqlType json in new[] { SqlType.Json, SqlType.Jsonb })
        {
            SqlTypeKind kind = json.Kind;
            string prefix = kind == SqlTypeKind.Json ? "json" : "jsonb";
            define.AddValues("@?", SqlType.Boolean, (v, c) => Exists(v, silent: true, c), [json, SqlType.Text]);
            define.AddValues("@@", SqlType.Boolean, (v, c) => Match(v, silent: true, c), [json, SqlType.Text]);

            // With the variables and whether errors are passed over left out, given, or both given.
            SqlType[][] forms = [[json, SqlType.Text], [json, SqlType.Text, json], [json, SqlType.Text, json, SqlType.Boolean]];
            foreach (SqlType[] form in forms)
            {
                foreach (string suffix in new[] { "", "_tz" })
                {
                    Add("exists", SqlType.Boolean, Exists);
                    Add("match", SqlType.Boolean, Match);
                    Add("query_array", json, (v, silent, c) => Array(kind, v, silent, c));
                    Add("query_first", json, (v, silent, c) => First(kind, v, silent, c));
                    string rows = $"{prefix}_path_query{suffix}";
                    define.Registry.Add(new TableFunction
                    {
                        Name = rows,
                        Parameters = form,
                        Columns = _ => [(rows, json)],
                        Invoke = (v, c) => System.Array.Exists(v, x => x.IsNull) ? [] : Find(v, Silent(v), c).Select(i => new[] { ToValue(kind, i) }),
                    });

                    void Add(string name, SqlType result, Func<Value[], bool, FunctionContext, Value> function) =>
                        define.AddValues($"{prefix}_path_{name}{suffix}", result, (v, c) => function(v, Silent(v), c), form);
                }
            }
        }

        define.AddValues("json_path_exists", SqlType.Boolean, (v, c) => Exists(v, silent: false, c), [SqlType.Jsonb, SqlType.Text]);
        define.AddValues("jsonpath", SqlType.Text, (v, _) =>
        {
            JsonPathParser.Get(Utf8.ToString(v[0]));
            return v[0];
        }, [SqlType.Text]);
    }

    /// <summary>The items that a path finds; of a document, a path and variables that may be left out.</summary>
    internal static List<JsonPathItem> Find(Value[] v, bool silent, FunctionContext context)
    {
        List<JsonPathItem> found = [];
        _ = Evaluate(v, silent, found, context);
        return found;
    }

    /// <summary>An item as a value of its own.</summary>
    internal static Value ToValue(SqlTypeKind kind, JsonPathItem item)
    {
        if (kind == SqlTypeKind.Json)
            return Value.From(kind, new ByteSlice(item.Span.ToArray()));
        RowBuffer json = new(item.Span.Length + 8);
        JsonNormal.Write(item.Span, json);
        return Value.From(kind, new ByteSlice(json.ToArray()));
    }

    /// <summary>The items as one array.</summary>
    internal static Value ToArray(SqlTypeKind kind, List<JsonPathItem> items)
    {
        RowBuffer json = new(64);
        json.AppendByte((byte)'[');
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                json.Append(", "u8);
            json.Append(items[i].Span);
        }

        json.AppendByte((byte)']');
        return JsonWriter.ToValue(kind, json);
    }

    private static JsonPathStatus Evaluate(Value[] v, bool silent, List<JsonPathItem>? found, FunctionContext context) =>
        JsonPathEvaluator.Evaluate(
            JsonPathParser.Get(Utf8.ToString(v[1])), v[0].As<ByteSlice>(), v.Length > 2 ? v[2].As<ByteSlice>() : null, !silent, found, context.Cancellation);

    private static bool Silent(Value[] v) => v.Length > 3 && v[3].As<bool>();

    private static Value Exists(Value[] v, bool silent, FunctionContext context) => Evaluate(v, silent, null, context) switch
    {
        JsonPathStatus.Ok => Value.From(SqlTypeKind.Boolean, true),
        JsonPathStatus.NotFound => Value.From(SqlTypeKind.Boolean, false),
        _ => Value.Null(SqlTypeKind.Boolean),
    };

    private static Value Match(Value[] v, bool silent, FunctionContext context)
    {
        List<JsonPathItem> found = [];
        JsonPathStatus status = Evaluate(v, silent, found, context);
        if (status != JsonPathStatus.Error && found is [var only])
        {
            switch (only.Kind)
            {
                case 't' or 'f':
                    return Value.From(SqlTypeKind.Boolean, only.Kind == 't');
                case 'n':
                    return Value.Null(SqlTypeKind.Boolean);
            }
        }

        if (silent)
            return Value.Null(SqlTypeKind.Boolean);
        throw new BareMetalException(JsonPathErrors.SingletonRequired, "The JSON path does not give a single truth value.") { Hint = "Write a condition, such as $.price > 10; for a filter use jsonb_path_exists." };
    }

    private static Value Array(SqlTypeKind kind, Value[] v, bool silent, FunctionContext context) => ToArray(kind, Find(v, silent, context));

    private static Value First(SqlTypeKind kind, Value[] v, bool silent, FunctionContext context) =>
        Find(v, silent, context) is [var first, ..] ? ToValue(kind, first) : Value.Null(kind);
}
