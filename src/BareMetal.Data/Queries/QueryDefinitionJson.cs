using System.Buffers;
using System.Collections;
using System.Text;
using System.Text.Json;

namespace BareMetal.Data;

/// <summary>
/// The JSON form: <c>{"where": {"and": [{"field": "City", "op": "eq", "value": "Oslo"}, {"or": […]}]}, "sort": [{"field": "Name",
/// "desc": true}], "skip": 0, "take": 20}</c>; a group with <c>"not": true</c> is negated. Written by hand so that nothing needs reflection.
/// </summary>
internal static class QueryDefinitionJson
{
    private static readonly (string Name, QueryOperator Operator)[] s_operators =
    [
        ("eq", QueryOperator.Equal), ("ne", QueryOperator.NotEqual), ("lt", QueryOperator.Less), ("le", QueryOperator.LessOrEqual),
        ("gt", QueryOperator.Greater), ("ge", QueryOperator.GreaterOrEqual), ("in", QueryOperator.In), ("notIn", QueryOperator.NotIn),
        ("between", QueryOperator.Between), ("isNull", QueryOperator.IsNull), ("isNotNull", QueryOperator.IsNotNull),
        ("startsWith", QueryOperator.StartsWith), ("endsWith", QueryOperator.EndsWith), ("contains", QueryOperator.Contains),
    ];

    public static string NameOf(QueryOperator @operator)
    {
        foreach ((string name, QueryOperator candidate) in s_operators)
        {
            if (candidate == @operator)
                return name;
        }

        return @operator.ToString();
    }

    public static QueryDefinition Read(string json)
    {
        List<QueryProblem> problems = [];
        QueryDefinition definition = new();
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = (QueryGroup.MaxDepth * 2) + 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                problems.Add(new QueryProblem("$", $"Expected an object, found {Describe(document.RootElement)}."));
            else
                ReadDefinition(document.RootElement, definition, problems);
        }
        catch (JsonException e)
        {
            problems.Add(new QueryProblem("$", $"Not JSON, at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {e.Message}"));
        }

        return problems.Count == 0 ? definition : throw new QueryDefinitionException(problems);
    }

    public static string Write(QueryDefinition definition)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter writer = new(buffer);
        writer.WriteStartObject();
        if (definition.Where is { } where)
        {
            writer.WritePropertyName("where");
            WriteNode(writer, where);
        }

        if (definition.Sort.Count > 0)
        {
            writer.WriteStartArray("sort");
            foreach (QuerySort sort in definition.Sort)
            {
                writer.WriteStartObject();
                writer.WriteString("field", sort.Field);
                if (sort.Descending)
                    writer.WriteBoolean("desc", true);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (definition.Skip is { } skip)
            writer.WriteNumber("skip", skip);
        if (definition.Take is { } take)
            writer.WriteNumber("take", take);
        writer.WriteEndObject();
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void ReadDefinition(JsonElement element, QueryDefinition definition, List<QueryProblem> problems)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            switch (property.Name)
            {
                case "where":
                    if (property.Value.ValueKind != JsonValueKind.Null)
                        definition.Where = ReadNode(property.Value, "where", problems, 0);
                    break;
                case "sort":
                    ReadSorts(property.Value, definition, problems);
                    break;
                case "skip":
                    definition.Skip = ReadCount(property.Value, "skip", problems);
                    break;
                case "take":
                    definition.Take = ReadCount(property.Value, "take", problems);
                    break;
                default:
                    problems.Add(new QueryProblem(property.Name, "Not known. A definition has where, sort, skip and take."));
                    break;
            }
        }
    }

    private static long? ReadCount(JsonElement element, string path, List<QueryProblem> problems)
    {
        if (element.ValueKind == JsonValueKind.Null)
            return null;
        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out long count) && count >= 0)
            return count;
        problems.Add(new QueryProblem(path, $"Expected a whole number, 0 or more, found {Describe(element)}."));
        return null;
    }

    private static void ReadSorts(JsonElement element, QueryDefinition definition, List<QueryProblem> problems)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            problems.Add(new QueryProblem("sort", $"Expected a list, found {Describe(element)}."));
            return;
        }

        int index = 0;
        foreach (JsonElement item in element.EnumerateArray())
        {
            string path = $"sort[{index++}]";
            string? field = null;
            bool descending = false;
            if (item.ValueKind == JsonValueKind.String)
            {
                field = item.GetString();
            }
            else if (item.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty property in item.EnumerateObject())
                {
                    if (property.Name == "field" && property.Value.ValueKind == JsonValueKind.String)
                        field = property.Value.GetString();
                    else if (property.Name == "desc" && property.Value.ValueKind is JsonValueKind.True or JsonValueKind.False)
                        descending = property.Value.GetBoolean();
                    else
                        problems.Add(new QueryProblem($"{path}.{property.Name}", "Not known or of the wrong type. A sort has field (text) and desc (true or false)."));
                }
            }

            if (field is null)
                problems.Add(new QueryProblem(path, "Expected a field's name, or an object with field and desc."));
            else
                definition.Sort.Add(new QuerySort(field, descending));
        }
    }

    private static QueryNode? ReadNode(JsonElement element, string path, List<QueryProblem> problems, int depth)
    {
        if (depth > QueryGroup.MaxDepth)
        {
            problems.Add(new QueryProblem(path, $"Groups are nested more than {QueryGroup.MaxDepth} deep."));
            return null;
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new QueryProblem(path, $"Expected a clause or a group, found {Describe(element)}."));
            return null;
        }

        bool and = element.TryGetProperty("and", out JsonElement items);
        bool or = !and && element.TryGetProperty("or", out items);
        return and || or
            ? ReadGroup(element, and ? QueryGroupKind.And : QueryGroupKind.Or, items, path, problems, depth)
            : ReadClause(element, path, problems);
    }

    private static QueryGroup ReadGroup(JsonElement element, QueryGroupKind kind, JsonElement items, string path, List<QueryProblem> problems, int depth)
    {
        string name = kind == QueryGroupKind.And ? "and" : "or";
        QueryGroup group = new(kind);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Name == name)
                continue;
            if (property.Name == "not" && property.Value.ValueKind is JsonValueKind.True or JsonValueKind.False)
                group.IsNegated = property.Value.GetBoolean();
            else
                problems.Add(new QueryProblem($"{path}.{property.Name}", $"Not known beside '{name}'. A group has and or or, and not (true or false)."));
        }

        if (items.ValueKind != JsonValueKind.Array)
        {
            problems.Add(new QueryProblem($"{path}.{name}", $"Expected a list, found {Describe(items)}."));
            return group;
        }

        int index = 0;
        foreach (JsonElement item in items.EnumerateArray())
        {
            if (ReadNode(item, $"{path}.{name}[{index++}]", problems, depth + 1) is { } node)
                group.Items.Add(node);
        }

        return group;
    }

    private static QueryClause? ReadClause(JsonElement element, string path, List<QueryProblem> problems)
    {
        string? field = null;
        QueryOperator? found = null;
        object? value = null;
        foreach (JsonProperty property in element.EnumerateObject())
        {
            switch (property.Name)
            {
                case "field" when property.Value.ValueKind == JsonValueKind.String:
                    field = property.Value.GetString();
                    break;
                case "op" when property.Value.ValueKind == JsonValueKind.String:
                    string name = property.Value.GetString()!;
                    foreach ((string candidate, QueryOperator @operator) in s_operators)
                    {
                        if (candidate == name)
                            found = @operator;
                    }

                    if (found is null)
                    {
                        problems.Add(new QueryProblem($"{path}.op", $"'{name}' is not an operator. Operators are {string.Join(", ", s_operators.Select(o => o.Name))}."));
                        found = QueryOperator.IsNull;
                    }

                    break;
                case "value":
                    value = ReadValue(property.Value, $"{path}.value", problems);
                    break;
                default:
                    problems.Add(new QueryProblem($"{path}.{property.Name}", "Not known or of the wrong type. A clause has field (text), op (text) and value; a group has and or or."));
                    break;
            }
        }

        if (field is null)
            problems.Add(new QueryProblem($"{path}.field", "Missing: the name of the field."));
        if (found is null)
            problems.Add(new QueryProblem($"{path}.op", "Missing: the operator."));
        return field is null || found is null ? null : new QueryClause(field, found.Value, value);
    }

    private static object? ReadValue(JsonElement element, string path, List<QueryProblem> problems)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return element.GetString();
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.Number:
                if (element.TryGetInt64(out long whole))
                    return whole;
                return element.TryGetDecimal(out decimal exact) ? exact : element.GetDouble();
            case JsonValueKind.Array:
                List<object?> items = [];
                foreach (JsonElement item in element.EnumerateArray())
                    items.Add(ReadValue(item, $"{path}[{items.Count}]", problems));
                return items;
            default:
                problems.Add(new QueryProblem(path, $"Expected a scalar or a list, found {Describe(element)}."));
                return null;
        }
    }

    private static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.Null => "null",
        _ => element.GetRawText(),
    };

    private static void WriteNode(Utf8JsonWriter writer, QueryNode node)
    {
        writer.WriteStartObject();
        if (node is QueryGroup group)
        {
            if (group.IsNegated)
                writer.WriteBoolean("not", true);
            writer.WriteStartArray(group.Kind == QueryGroupKind.And ? "and" : "or");
            foreach (QueryNode item in group.Items)
                WriteNode(writer, item);
            writer.WriteEndArray();
        }
        else
        {
            QueryClause clause = (QueryClause)node;
            writer.WriteString("field", clause.Field);
            writer.WriteString("op", NameOf(clause.Operator));
            if (clause.Operator is not (QueryOperator.IsNull or QueryOperator.IsNotNull))
            {
                writer.WritePropertyName("value");
                WriteValue(writer, clause.Value);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string v:
                writer.WriteStringValue(v);
                break;
            case bool v:
                writer.WriteBooleanValue(v);
                break;
            case Enum v:
                writer.WriteStringValue(v.ToString());
                break;
            case sbyte or short or int or long or byte or ushort or uint:
                writer.WriteNumberValue(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
            case ulong v:
                writer.WriteNumberValue(v);
                break;
            case decimal v:
                writer.WriteNumberValue(v);
                break;
            case double v:
                writer.WriteNumberValue(v);
                break;
            case float v:
                writer.WriteNumberValue(v);
                break;
            case Guid v:
                writer.WriteStringValue(v);
                break;
            case DateTime v:
                writer.WriteStringValue(v);
                break;
            case DateTimeOffset v:
                writer.WriteStringValue(v);
                break;
            case DateOnly v:
                writer.WriteStringValue(v.ToString("O", System.Globalization.CultureInfo.InvariantCulture));
                break;
            case TimeOnly v:
                writer.WriteStringValue(v.ToString("O", System.Globalization.CultureInfo.InvariantCulture));
                break;
            case TimeSpan v:
                writer.WriteStringValue(v.ToString("c", System.Globalization.CultureInfo.InvariantCulture));
                break;
            case BareMetalInterval v:
                writer.WriteStringValue(v.ToString());
                break;
            case byte[] v:
                writer.WriteBase64StringValue(v);
                break;
            case IEnumerable v:
                writer.WriteStartArray();
                foreach (object? item in v)
                    WriteValue(writer, item);
                writer.WriteEndArray();
                break;
            default:
                throw new NotSupportedException($"A value of type {value.GetType()} has no JSON form in a query definition.");
        }
    }
}
