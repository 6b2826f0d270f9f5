using System.Collections.Concurrent;
using BareMetal.Data.Functions.Json.Path;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Rows;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json;

/// <summary>What a function of SQL/JSON does with what its path finds.</summary>
/// <param name="Kind">JSON_EXISTS, JSON_VALUE or JSON_QUERY.</param>
/// <param name="Document">json or jsonb.</param>
/// <param name="Type">The type of the result.</param>
/// <param name="Wrapper">When items become an array.</param>
/// <param name="OmitQuotes">Whether a string is given as its text.</param>
/// <param name="OnEmpty">What is given when nothing is found.</param>
/// <param name="OnError">What is given when the path or the conversion fails.</param>
internal sealed record SqlJsonRule(
    JsonQueryKind Kind, SqlTypeKind Document, SqlType Type, JsonWrapper Wrapper, bool OmitQuotes, JsonBehaviorKind OnEmpty, JsonBehaviorKind OnError);

/// <summary>JSON_EXISTS, JSON_VALUE and JSON_QUERY with their clauses.</summary>
internal static class SqlJson
{
    private static readonly ConcurrentDictionary<SqlJsonRule, ScalarFunction> Functions = new();

    /// <summary>
    /// The function of a rule: of the document, the path, the variables, the defaults on empty and on error. One object for each rule, so that
    /// an expression is the same in an index and in a query.
    /// </summary>
    public static ScalarFunction Function(SqlJsonRule rule) => Functions.GetOrAdd(rule, static r => new ScalarFunction
    {
        Name = r.Kind switch { JsonQueryKind.Exists => "json_exists", JsonQueryKind.Value => "json_value", _ => "json_query" },
        Parameters = [new SqlType(r.Document), SqlType.Text, SqlType.Jsonb, r.Type, r.Type],
        IsStrict = false,
        ResultType = _ => r.Type,
        CreateKernel = (_, _) => Kernel.Values((v, context) => Evaluate(r, v, context), strict: false),
    });

    private static Value Evaluate(SqlJsonRule rule, Value[] v, FunctionContext context)
    {
        if (v[0].IsNull || v[1].IsNull)
            return Value.Null(rule.Type.Kind);
        ByteSlice? variables = v[2].IsNull ? null : v[2].As<ByteSlice>();
        return Evaluate(rule, v[0].As<ByteSlice>(), JsonPathParser.Get(Utf8.ToString(v[1])), variables, v[3], v[4], context);
    }

    /// <summary>Applies a rule to a document.</summary>
    public static Value Evaluate(SqlJsonRule rule, ByteSlice document, JsonPathExpression path, ByteSlice? variables, in Value onEmpty, in Value onError, FunctionContext context)
    {
        bool throws = rule.OnError == JsonBehaviorKind.Error;
        List<JsonPathItem>? found = rule.Kind == JsonQueryKind.Exists ? null : [];
        JsonPathStatus status = JsonPathEvaluator.Evaluate(path, document, variables, throws, found, context.Cancellation);
        if (status == JsonPathStatus.Error)
            return Behave(rule, rule.OnError, onError);
        if (found is null)
            return Truth(rule, status == JsonPathStatus.Ok, context);
        if (found.Count == 0)
        {
            if (rule.OnEmpty == JsonBehaviorKind.Error)
                throw new BareMetalException(JsonPathErrors.NoItem, "The JSON path finds nothing.") { Hint = "ON EMPTY says what is given then." };
            return Behave(rule, rule.OnEmpty, onEmpty);
        }

        try
        {
            return rule.Kind == JsonQueryKind.Value ? Scalar(rule, found, context) : Part(rule, found, context);
        }
        catch (BareMetalException e) when (!throws && e.SqlState[..2] == "22")
        {
            // What does not convert is an error of the data, for which the query says what to give.
            return Behave(rule, rule.OnError, onError);
        }
    }

    private static Value Truth(SqlJsonRule rule, bool exists, FunctionContext context)
    {
        Value value = Value.From(SqlTypeKind.Boolean, exists);
        return rule.Type.Kind == SqlTypeKind.Boolean ? value : Casts.Convert(value, SqlType.Boolean, rule.Type, context);
    }

    private static Value Scalar(SqlJsonRule rule, List<JsonPathItem> found, FunctionContext context)
    {
        if (found.Count > 1)
            throw new BareMetalException(JsonPathErrors.MoreThanOneItem, $"The JSON path finds {found.Count} items where one value is wanted.");
        if (found[0].Kind is '{' or '[')
            throw new BareMetalException(JsonPathErrors.ScalarRequired, "The JSON path finds an object or array where a scalar is wanted.") { Hint = "JSON_QUERY gives objects and arrays." };
        return found[0].Kind == 'n' ? Value.Null(rule.Type.Kind) : JsonRecords.Convert(found[0].Span, rule.Type, context);
    }

    private static Value Part(SqlJsonRule rule, List<JsonPathItem> found, FunctionContext context)
    {
        if (rule.Wrapper == JsonWrapper.None && found.Count > 1)
        {
            throw new BareMetalException(JsonPathErrors.MoreThanOneItem, $"The JSON path finds {found.Count} items, and no wrapper is asked for.")
            {
                Hint = "WITH WRAPPER makes an array of them.",
            };
        }

        bool wrap = rule.Wrapper == JsonWrapper.Unconditional || (rule.Wrapper == JsonWrapper.Conditional && found.Count > 1);
        Value json = wrap ? JsonPathFunctions.ToArray(SqlTypeKind.Jsonb, found) : JsonPathFunctions.ToValue(rule.Document, found[0]);
        ReadOnlySpan<byte> text = json.As<ByteSlice>().Span;
        if (rule.Type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb && !rule.OmitQuotes)
            return JsonRecords.Convert(text, rule.Type, context);
        bool isString = JsonText.KindOf(text) == '"';
        if (isString && rule.OmitQuotes)
        {
            RowBuffer plain = new();
            JsonText.Unescape(JsonText.Trim(text)[1..^1], plain);
            return Casts.Convert(Value.From(SqlTypeKind.Text, new ByteSlice(plain.ToArray())), SqlType.Text, rule.Type, context);
        }

        // As text the JSON is what it is, quotes included.
        if (rule.Type.Kind == SqlTypeKind.Text)
            return Casts.Convert(Value.From(SqlTypeKind.Text, new ByteSlice(text.ToArray())), SqlType.Text, rule.Type, context);
        return JsonRecords.Convert(text, rule.Type, context);
    }

    private static Value Behave(SqlJsonRule rule, JsonBehaviorKind behavior, in Value otherwise)
    {
        switch (behavior)
        {
            case JsonBehaviorKind.Default:
                return otherwise;
            case JsonBehaviorKind.True or JsonBehaviorKind.False:
                return Casts.Convert(Value.From(SqlTypeKind.Boolean, behavior == JsonBehaviorKind.True), SqlType.Boolean, rule.Type);
            case JsonBehaviorKind.Empty or JsonBehaviorKind.EmptyArray or JsonBehaviorKind.EmptyObject:
            {
                Value text = Utf8.ToValue(behavior == JsonBehaviorKind.EmptyObject ? "{}" : "[]");
                return Casts.Convert(text, SqlType.Text, rule.Type);
            }

            case JsonBehaviorKind.Unspecified when rule.Kind == JsonQueryKind.Exists:
                return Casts.Convert(Value.From(SqlTypeKind.Boolean, false), SqlType.Boolean, rule.Type);
            default:
                return Value.Null(rule.Type.Kind);
        }
    }
}
