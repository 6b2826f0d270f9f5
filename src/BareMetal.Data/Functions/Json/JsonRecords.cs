using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json;

/// <summary>Objects as rows of columns that the query defines: jsonb_to_record, jsonb_to_recordset.</summary>
internal static class JsonRecords
{
    /// <summary>Whether a function's columns are defined where it is called.</summary>
    public static bool IsRecordFunction(string name) =>
        name.ToLowerInvariant() is "json_to_record" or "jsonb_to_record" or "json_to_recordset" or "jsonb_to_recordset";

    /// <summary>The function with its columns.</summary>
    public static TableFunction Create(string name, IReadOnlyList<(string Name, SqlType Type)> columns)
    {
        string lower = name.ToLowerInvariant();
        bool isSet = lower.EndsWith("set", StringComparison.Ordinal);
        byte[][] names = [.. columns.Select(c => Utf8.ToBytes(c.Name))];
        SqlType[] types = [.. columns.Select(c => c.Type)];
        return new TableFunction
        {
            Name = lower,
            Parameters = [lower.StartsWith("jsonb", StringComparison.Ordinal) ? SqlType.Jsonb : SqlType.Json],
            Columns = _ => columns,
            Invoke = (v, context) => v[0].IsNull ? [] : isSet ? Rows(v[0].As<ByteSlice>(), names, types, context) : [Row(v[0].As<ByteSlice>().Span, names, types, context)],
        };
    }

    /// <summary>A JSON value as a value of a type: null is null, JSON stays JSON, arrays go element by element, the rest by its text.</summary>
    public static Value Convert(ReadOnlySpan<byte> json, SqlType type, FunctionContext context)
    {
        json = JsonText.Trim(json);
        if (json[0] == 'n')
            return type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb ? JsonWriter.ToValue(type.Kind, Buffer(json)) : Value.Null(type.Kind);
        switch (type.Kind)
        {
            case SqlTypeKind.Json or SqlTypeKind.Jsonb:
                return JsonWriter.ToValue(type.Kind, Buffer(json));
            case SqlTypeKind.Array when json[0] == '[':
            {
                List<Value> items = [];
                JsonElements elements = new(json);
                while (elements.Next())
                    items.Add(Convert(elements.Value, type.Element!, context));
                return Value.From(SqlTypeKind.Array, new ArrayValue(type.Element!, [.. items]));
            }

            default:
            {
                RowBuffer text = new(json.Length);
                JsonText.WriteAsText(json, text);
                Value value = Value.From(SqlTypeKind.Text, new ByteSlice(text.ToArray()));
                return Casts.Convert(value, SqlType.Text, type, context);
            }
        }
    }

    private static IEnumerable<Value[]> Rows(ByteSlice json, byte[][] names, SqlType[] types, FunctionContext context)
    {
        if (JsonText.KindOf(json.Span) != '[')
            throw new BareMetalException(SqlStates.InvalidParameterValue, "Rows are made of an array of objects, but the document is no array.");
        List<Value[]> rows = [];
        JsonElements elements = new(json.Span);
        while (elements.Next())
            rows.Add(Row(elements.Value, names, types, context));
        return rows;
    }

    private static Value[] Row(ReadOnlySpan<byte> json, byte[][] names, SqlType[] types, FunctionContext context)
    {
        if (JsonText.KindOf(json) != '{')
            throw new BareMetalException(SqlStates.InvalidParameterValue, "A row is made of an object, but the value is none.");
        Value[] row = new Value[names.Length];
        for (int i = 0; i < row.Length; i++)
            row[i] = JsonText.TryMember(json, names[i], out ReadOnlySpan<byte> value) ? Convert(value, types[i], context) : Value.Null(types[i].Kind);
        return row;
    }

    private static RowBuffer Buffer(ReadOnlySpan<byte> json)
    {
        RowBuffer buffer = new(json.Length);
        buffer.Append(json);
        return buffer;
    }
}
