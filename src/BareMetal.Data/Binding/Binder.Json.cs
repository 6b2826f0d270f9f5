using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Rows as arguments of functions that write JSON: row_to_json(t), json_agg(t), to_jsonb(ROW(…)).
internal sealed partial class Binder
{
    private static bool WritesJson(string name) => name.ToLowerInvariant() is "row_to_json" or "to_json" or "to_jsonb"
        or "json_agg" or "jsonb_agg" or "json_agg_strict" or "jsonb_agg_strict" or "json_build_array" or "jsonb_build_array"
        or "json_build_object" or "jsonb_build_object" or "json_object_agg" or "jsonb_object_agg";

    /// <summary>An argument of a function that writes JSON: a row, or the alias of an item of FROM, becomes an object with its columns.</summary>
    private BoundExpression BindJsonArgument(Ast.Expression argument, Scope scope)
    {
        switch (argument)
        {
            case Ast.RowExpression { Items.Length: not 1 } row:
            {
                var names = new string[row.Items.Length];
                var values = new BoundExpression[names.Length];
                for (int i = 0; i < names.Length; i++)
                {
                    names[i] = $"f{i + 1}";
                    values[i] = Known(BindJsonArgument(row.Items[i], scope), row.Items[i].Position);
                }

                return RowObject(names, values);
            }

            case Ast.ColumnExpression { Parts: [var name] } when WholeRow(name, scope) is { } table:
            {
                var names = new string[table.Columns.Count];
                var values = new BoundExpression[names.Length];
                for (int i = 0; i < names.Length; i++)
                {
                    names[i] = table.Columns[i].Name;
                    values[i] = Reference(table.Columns[i], argument.Position);
                }

                return RowObject(names, values);
            }

            default:
                return Bind(argument, scope);
        }
    }

    /// <summary>The item of FROM with that alias, when no column has the name.</summary>
    private static RangeTable? WholeRow(Ast.Identifier name, Scope scope)
    {
        for (Scope? s = scope; s is not null; s = s.Parent)
        {
            foreach (ScopeColumn column in s.From.Columns)
            {
                if (name.Is(column.Name))
                    return null;
            }

            foreach (RangeTable table in s.From.Tables)
            {
                if (!name.Is(table.Alias))
                    continue;
                s.Referenced = true;
                return table;
            }
        }

        return null;
    }

    private static BoundCall RowObject(string[] names, BoundExpression[] values)
    {
        var items = new Value[names.Length];
        for (int i = 0; i < items.Length; i++)
            items[i] = Functions.Utf8.ToValue(names[i]);
        SqlType texts = SqlType.ArrayOf(SqlType.Text);
        var header = new BoundConstant(Value.From(SqlTypeKind.Array, new ArrayValue(SqlType.Text, items)), texts);
        return new BoundCall(JsonFunctions.RowObject, [header, .. values], SqlType.Json);
    }
}
