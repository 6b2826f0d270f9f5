using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

/// <summary>Binding for definitions: the expressions of a table, and queries of views and CREATE TABLE … AS.</summary>
internal static class TableBinder
{
    /// <summary>The expressions of a table over new plan columns, one for each of its columns.</summary>
    public static TableRowBinding Bind(Table table, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) =>
        Binder.ForDefinitions(catalog, searchPath).Row(table);

    /// <summary>Checks every expression of a table: types, names, and that those which are kept are immutable.</summary>
    /// <exception cref="BareMetalException">42P17 for a function that may change its result, and whatever binding finds.</exception>
    public static void Validate(Table table, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        TableRowBinding row = Bind(table, catalog, searchPath);
        var stored = new HashSet<PlanColumn>();
        foreach ((int ordinal, BoundExpression expression) in row.Generated)
        {
            Column column = table.Columns[ordinal];
            RequireImmutable(expression, $"the generated column \"{column.Name}\"");
            stored.Clear();
            BoundTree.CollectColumns(expression, stored);
            if (stored.Contains(row.Columns[ordinal]))
            {
                throw new BareMetalException(SqlStates.InvalidObjectDefinition, $"The generated column \"{column.Name}\" refers to itself.")
                {
                    TableName = table.Name, ColumnName = column.Name,
                };
            }
        }

        foreach ((CheckConstraint check, BoundExpression expression) in row.Checks)
            RequireNotVolatile(expression, $"the check \"{check.Name}\"");
        foreach ((TableIndex index, BoundExpression expression) in row.IndexFilters)
            RequireImmutable(expression, $"the predicate of the index \"{index.Name}\"");
        foreach (((TableIndex index, _), BoundExpression expression) in row.IndexExpressions)
            RequireImmutable(expression, $"the index \"{index.Name}\"");
        foreach (Column column in table.Columns)
        {
            if (column.DefaultSql is not null)
                BindDefault(table, column, catalog, searchPath);
        }
    }

    /// <summary>What the expressions of a table need beside its columns: routines.</summary>
    public static IReadOnlyCollection<long> ObjectsOf(Table table, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        Binder binder = Binder.ForDefinitions(catalog, searchPath);
        binder.Row(table);
        foreach (Column column in table.Columns)
        {
            if (column.DefaultSql is not null)
                binder.Default(table, column);
        }

        return binder.ObjectIds;
    }

    /// <summary>An expression over a row that is bound already, converted to a type when one is given.</summary>
    public static BoundExpression BindOver(
        TableRowBinding row, Ast.Expression expression, CatalogSnapshot catalog, IReadOnlyList<string> searchPath, SqlType? type = null) =>
        Binder.ForDefinitions(catalog, searchPath).Over(row, expression, type);

    /// <summary>The default of a column, as the column's type.</summary>
    public static BoundExpression BindDefault(Table table, Column column, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) =>
        Binder.ForDefinitions(catalog, searchPath).Default(table, column);

    /// <summary>The explicit conversion of a column's value, as ALTER COLUMN TYPE applies it.</summary>
    /// <exception cref="BareMetalException">42804: there is no such conversion.</exception>
    public static BoundExpression Cast(BoundExpression value, SqlType type, Column column, SourcePosition position)
    {
        if (value.Type == type)
            return value;
        if (Casts.Find(value.Type, type) is null)
        {
            throw SqlErrors.At(
                position, SqlStates.DatatypeMismatch,
                $"The column \"{column.Name}\" cannot be converted from {TypeNames.Format(value.Type)} to {TypeNames.Format(type)}.",
                "Say how with USING.");
        }
        return new BoundCast(value, type, true);
    }

    /// <summary>Whether the expression may give another result at each evaluation.</summary>
    public static bool IsVolatile(BoundExpression expression) => BoundTree.Any(expression, e => e is BoundCall { Function.Volatility: Volatility.Volatile });

    /// <summary>Whether the expression reads the column.</summary>
    public static bool Uses(BoundExpression expression, PlanColumn column) => BoundTree.Any(expression, e => e is BoundColumn c && c.Column == column);

    /// <summary>Binds a query, INSERT, UPDATE or DELETE.</summary>
    public static BoundStatement BindStatement(
        Ast.Statement statement, IReadOnlyList<SqlType> parameterTypes, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) =>
        Binder.Bind(statement, catalog, new BindingOptions { SearchPath = searchPath }, [.. parameterTypes]);

    /// <summary>A query's columns.</summary>
    public static IReadOnlyList<ViewColumn> BindQuery(Ast.Query query, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) =>
        Columns(Binder.Bind(query, catalog, new BindingOptions { SearchPath = searchPath }));

    /// <summary>The columns of a view by its names for them, and what its query depends on.</summary>
    /// <exception cref="BareMetalException">42701: two columns of one name; 42601: more names than columns; and whatever binding finds.</exception>
    public static (IReadOnlyList<ViewColumn> Columns, IReadOnlyList<ObjectDependency> Dependencies) BindView(
        View view, Ast.Query query, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        BoundStatement bound = Binder.Bind(query, catalog, new BindingOptions { SearchPath = searchPath });
        if (bound.ParameterTypes.Length > 0)
            throw SqlErrors.At(query.Position, SqlStates.UndefinedParameter, "A view has no parameters.");
        ViewColumn[] columns = Columns(bound);
        if (view.ColumnNames is { } names)
        {
            if (names.Count > columns.Length)
                throw SqlErrors.Syntax(query.Position, $"The view names {names.Count} columns, but its query has {columns.Length}.");
            for (int i = 0; i < names.Count; i++)
                columns[i] = columns[i] with { Name = names[i] };
        }

        var seen = new HashSet<string>(Ast.Identifier.Comparer);
        foreach (ViewColumn column in columns)
        {
            if (!seen.Add(column.Name))
                throw SqlErrors.At(query.Position, SqlStates.DuplicateColumn, $"The view has two columns \"{column.Name}\".", "Give one of them an alias.");
        }
        return (columns, bound.References);
    }

    /// <summary>Why changes can't go through a view; null when they can.</summary>
    public static string? WhyNotUpdatable(View view, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) => Binder.WhyNotUpdatable(view, catalog, searchPath);

    /// <summary>The columns of a view that changes may name; empty when they can't go through it, or it is not valid any more.</summary>
    public static IReadOnlyList<string> UpdatableColumns(View view, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        try
        {
            return Binder.UpdatableColumns(view, catalog, searchPath);
        }
        catch (BareMetalException)
        {
            // What it reads is not there any more: using it says so.
            return [];
        }
    }

    private static ViewColumn[] Columns(BoundStatement bound)
    {
        var columns = new ViewColumn[bound.Plan.Output.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            PlanColumn c = bound.Plan.Output[i];
            columns[i] = new ViewColumn(c.Name, c.Type, c.IsNullable);
        }
        return columns;
    }

    private static void RequireImmutable(BoundExpression expression, string what) => Require(expression, what, Volatility.Immutable);

    private static void RequireNotVolatile(BoundExpression expression, string what) => Require(expression, what, Volatility.Stable);

    private static void Require(BoundExpression expression, string what, Volatility allowed) =>
        BoundTree.Visit(expression, e =>
        {
            string? found = e switch
            {
                BoundCall c when c.Function.Volatility > allowed => c.Function.Name,
                BoundCast c when Casts.Find(c.Operand.Type, c.Type) is { } cast && cast.Volatility > allowed => $"CAST … AS {TypeNames.Format(c.Type)}",
                _ => null,
            };
            if (found is not null)
            {
                throw new BareMetalException(SqlStates.InvalidObjectDefinition, $"{found} may give different results for the same row and cannot stand in {what}.")
                {
                    Hint = "Use functions that depend on their arguments only.",
                };
            }
        });
}
