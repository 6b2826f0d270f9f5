using BareMetal.Data.Functions;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Functions.Json.Path;
using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT, JSON_ARRAY and JSON_TABLE.
internal sealed partial class Binder
{
    private BoundCall BindJsonQuery(Ast.JsonQueryExpression query, Scope scope)
    {
        BoundExpression document = BindDocument(query.Document, scope);
        BoundExpression path = Coerce(Bind(query.Path, scope), SqlType.Text, CastContext.Implicit, query.Path.Position);
        SqlType type = query.Options.Returning is { } returning ? TypeNames.Resolve(returning)
            : query.Kind switch { Ast.JsonQueryKind.Exists => SqlType.Boolean, Ast.JsonQueryKind.Value => SqlType.Text, _ => new SqlType(document.Type.Kind) };
        SqlJsonRule rule = Rule(query.Kind, document.Type.Kind, type, query.Options, query.Position);
        return new BoundCall(
            SqlJson.Function(rule),
            [document, path, BindPassing(query.Passing, scope), BindDefault(query.Options.OnEmpty, type, scope), BindDefault(query.Options.OnError, type, scope)],
            type);
    }

    private static SqlJsonRule Rule(Ast.JsonQueryKind kind, SqlTypeKind document, SqlType type, Ast.JsonQueryOptions options, SourcePosition position)
    {
        if (options.OmitQuotes && options.Wrapper != Ast.JsonWrapper.None)
            throw SqlErrors.Syntax(position, "OMIT QUOTES does not go with a wrapper, which gives an array.");
        return new SqlJsonRule(kind, document, type, options.Wrapper, options.OmitQuotes, options.OnEmpty.Kind, options.OnError.Kind);
    }

    /// <summary>A document: json or jsonb; text is taken for json.</summary>
    private BoundExpression BindDocument(Ast.Expression syntax, Scope scope)
    {
        BoundExpression document = Bind(syntax, scope);
        return document.Type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb ? document : Coerce(document, SqlType.Json, CastContext.Explicit, syntax.Position);
    }

    /// <summary>The variables of a path as one object.</summary>
    private BoundExpression BindPassing((Ast.Expression Value, Ast.Identifier Name)[] passing, Scope scope)
    {
        if (passing.Length == 0)
            return Null(SqlType.Jsonb);
        var arguments = new BoundExpression[passing.Length * 2];
        var positions = new SourcePosition[arguments.Length];
        for (int i = 0; i < passing.Length; i++)
        {
            arguments[i * 2] = Text(passing[i].Name.Name, SqlType.Text);
            arguments[(i * 2) + 1] = Known(Bind(passing[i].Value, scope), passing[i].Value.Position);
            positions[i * 2] = positions[(i * 2) + 1] = passing[i].Value.Position;
        }

        return Operator("jsonb_build_object", arguments, positions, positions[0]);
    }

    private BoundExpression BindDefault(Ast.JsonBehavior behavior, SqlType type, Scope scope) =>
        behavior.Default is { } syntax ? Coerce(Bind(syntax, scope), type, CastContext.Assignment, syntax.Position) : Null(type);

    private BoundExpression BindJsonConstructor(Ast.JsonConstructorExpression constructor, Scope scope)
    {
        SqlType type = constructor.Returning is { } returning ? TypeNames.Resolve(returning) : SqlType.Json;
        SqlType built = type.Kind == SqlTypeKind.Jsonb ? SqlType.Jsonb : SqlType.Json;
        var arguments = new BoundExpression[constructor.Items.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            BoundExpression item = constructor.IsObject && i % 2 == 0 ? Bind(constructor.Items[i], scope) : BindJsonArgument(constructor.Items[i], scope);
            arguments[i] = Known(item, constructor.Items[i].Position);
        }

        ScalarFunction function = JsonFunctions.Constructor(built.Kind, constructor.IsObject, constructor.AbsentOnNull, constructor.Unique);
        BoundExpression result = new BoundCall(function, arguments, built);
        return type.Kind == built.Kind ? result : Coerce(result, type, CastContext.Explicit, constructor.Position);
    }

    // ---- JSON_TABLE

    private (LogicalOperator Plan, FromScope Scope) BindJsonTable(Ast.JsonTableReference reference, FromContext context)
    {
        var scope = new Scope(context.Lateral ?? context.Outer, FromScope.Empty) { Clause = "FROM" };
        var arguments = new List<BoundExpression> { BindDocument(reference.Document, scope), BindPassing(reference.Passing, scope) };
        var shape = new List<(string Name, SqlType Type)>();
        var columns = new List<PlanColumn>();
        JsonTableColumnRule[] rules = BindJsonColumns(reference.Columns, arguments[0].Type.Kind, reference.ErrorOnError, scope, arguments, shape, columns);
        JsonPathExpression path = PathOf(reference.Path);
        TableFunction function = JsonTable.Create(arguments[0].Type.Kind, path, rules, shape, [.. arguments.Select(a => a.Type)], reference.ErrorOnError);
        var plan = new LogicalTableFunction([new TableCall(function, arguments.Count, shape.Count)], arguments, columns, null);
        return (plan, Range(reference.Alias?.Name.Name ?? "json_table", null, [.. plan.Output], reference.Alias));
    }

    private static JsonPathExpression PathOf(Ast.Expression syntax)
    {
        if (syntax is not Ast.LiteralExpression { Kind: Ast.LiteralKind.String, Value: string text })
            throw SqlErrors.Syntax(syntax.Position, "The path of JSON_TABLE is a text.");
        return PathOf(text, syntax.Position);
    }

    private static JsonPathExpression PathOf(string text, SourcePosition position)
    {
        try
        {
            return JsonPathParser.Get(text);
        }
        catch (BareMetalException e)
        {
            throw e.WithPosition(position.Offset + 1, position.Line, position.Column);
        }
    }

    private JsonTableColumnRule[] BindJsonColumns(
        Ast.JsonTableColumn[] syntax, SqlTypeKind document, bool errorOnError, Scope scope, List<BoundExpression> arguments, List<(string Name, SqlType Type)> shape, List<PlanColumn> columns)
    {
        var rules = new JsonTableColumnRule[syntax.Length];
        for (int i = 0; i < rules.Length; i++)
        {
            Ast.JsonTableColumn column = syntax[i];
            if (column.Nested is { } nested)
            {
                rules[i] = new JsonTableColumnRule(-1, PathOf(column.Path!, column.Position), null, -1, -1, BindJsonColumns(nested, document, errorOnError, scope, arguments, shape, columns));
                continue;
            }

            string name = column.Name!.Value.Name;
            SqlType type = column.Type is null ? SqlType.Integer : TypeNames.Resolve(column.Type);
            int place = shape.Count;
            shape.Add((name, type));
            columns.Add(NewColumn(name, type, true));
            if (column.Type is null)
            {
                rules[i] = new JsonTableColumnRule(place, null, null, -1, -1, null);
                continue;
            }

            Ast.JsonQueryKind kind = column.IsExists ? Ast.JsonQueryKind.Exists
                : type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Array || column.Options.Wrapper != Ast.JsonWrapper.None || column.Options.OmitQuotes ? Ast.JsonQueryKind.Query
                : Ast.JsonQueryKind.Value;
            SqlJsonRule rule = Rule(kind, document, type, column.Options, column.Position);
            if (errorOnError && rule.OnError == Ast.JsonBehaviorKind.Unspecified)
                rule = rule with { OnError = Ast.JsonBehaviorKind.Error };
            JsonPathExpression path = PathOf(column.Path ?? "$.\"" + name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"", column.Position);
            rules[i] = new JsonTableColumnRule(place, path, rule, Default(column.Options.OnEmpty), Default(column.Options.OnError), null);

            int Default(Ast.JsonBehavior behavior)
            {
                if (behavior.Default is null)
                    return -1;
                arguments.Add(BindDefault(behavior, type, scope));
                return arguments.Count - 1;
            }
        }

        return rules;
    }
}
