using BareMetal.Data.Functions.Json.Path;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json;

/// <summary>A column of JSON_TABLE as it is evaluated: a number of its row, or a rule over a path; or nested columns.</summary>
/// <param name="Place">Its place among all columns; −1 for nested ones.</param>
/// <param name="Path">The path from the row's item.</param>
/// <param name="Rule">What is done with what the path finds; null for FOR ORDINALITY.</param>
/// <param name="OnEmpty">The argument that holds the default on empty, −1 when there is none.</param>
/// <param name="OnError">The argument that holds the default on error, −1 when there is none.</param>
/// <param name="Nested">The columns of a nested path.</param>
internal sealed record JsonTableColumnRule(int Place, JsonPathExpression? Path, SqlJsonRule? Rule, int OnEmpty, int OnError, JsonTableColumnRule[]? Nested);

/// <summary>JSON_TABLE: the items that a path finds as rows, with the items of nested paths joined to them.</summary>
internal static class JsonTable
{
    /// <summary>The function of a definition; arguments are the document, the variables and the columns' defaults.</summary>
    public static TableFunction Create(
        SqlTypeKind document, JsonPathExpression path, JsonTableColumnRule[] columns, IReadOnlyList<(string Name, SqlType Type)> shape, SqlType[] parameters, bool errorOnError) => new()
    {
        Name = "json_table",
        Parameters = parameters,
        Columns = _ => shape,
        Invoke = (v, context) => v[0].IsNull ? [] : Rows(new Run(v, v[1].IsNull ? null : v[1].As<ByteSlice>(), shape, context), v[0].As<ByteSlice>(), path, columns, errorOnError),
    };

    private static IEnumerable<Value[]> Rows(Run run, ByteSlice document, JsonPathExpression path, JsonTableColumnRule[] columns, bool throws)
    {
        List<JsonPathItem> items = [];
        if (JsonPathEvaluator.Evaluate(path, document, run.Variables, throws, items, run.Context.Cancellation) == JsonPathStatus.Error)
            yield break;
        int number = 0;
        foreach (JsonPathItem item in items)
        {
            Value[] row = new Value[run.Shape.Count];
            for (int i = 0; i < row.Length; i++)
                row[i] = Value.Null(run.Shape[i].Type.Kind);
            foreach (Value[] complete in Complete(run, row, item, ++number, columns))
                yield return complete;
        }
    }

    /// <summary>Fills a row's own columns, and gives it for each item of each nested path, once when there is none.</summary>
    private static IEnumerable<Value[]> Complete(Run run, Value[] row, JsonPathItem item, int number, JsonTableColumnRule[] columns)
    {
        row = (Value[])row.Clone();
        foreach (JsonTableColumnRule column in columns)
        {
            if (column.Nested is not null)
                continue;
            row[column.Place] = column.Rule is null
                ? Value.From(SqlTypeKind.Integer, number)
                : SqlJson.Evaluate(column.Rule, item.Json, column.Path!, run.Variables, run.Default(column.OnEmpty), run.Default(column.OnError), run.Context);
        }

        bool any = false;
        foreach (JsonTableColumnRule column in columns)
        {
            if (column.Nested is null)
                continue;
            List<JsonPathItem> items = [];
            _ = JsonPathEvaluator.Evaluate(column.Path!, item.Json, run.Variables, throws: false, items, run.Context.Cancellation);
            int inner = 0;
            foreach (JsonPathItem nested in items)
            {
                foreach (Value[] complete in Complete(run, row, nested, ++inner, column.Nested))
                {
                    any = true;
                    yield return complete;
                }
            }
        }

        if (!any)
            yield return row;
    }

    private sealed record Run(Value[] Arguments, ByteSlice? Variables, IReadOnlyList<(string Name, SqlType Type)> Shape, FunctionContext Context)
    {
        public Value Default(int argument) => argument < 0 ? Value.Null() : Arguments[argument];
    }
}
