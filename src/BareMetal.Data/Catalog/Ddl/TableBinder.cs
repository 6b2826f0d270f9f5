using BareMetal.Data.Binding;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>Binding as definitions need it: the expressions that the catalog keeps as text, and questions about bound expressions.</summary>
internal static class TableBinder
{
    /// <summary>Binds the generated columns, checks and index expressions of a table.</summary>
    public static TableRowBinding Bind(Table table, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) => throw Unavailable();

    /// <summary>Binds everything that the table keeps as text, and refuses what may not stand there.</summary>
    public static void Validate(Table table, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) => throw Unavailable();

    /// <summary>Binds a column's default, cast to its type.</summary>
    public static BoundExpression BindDefault(Table table, Column column, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) => throw Unavailable();

    /// <summary>Binds an expression over a row of a table; cast to a type when one is given.</summary>
    public static BoundExpression BindOver(TableRowBinding row, Expression expression, CatalogSnapshot catalog, IReadOnlyList<string> searchPath, SqlType? type = null) => throw Unavailable();

    /// <summary>The explicit cast of an expression; 42846 when there is none.</summary>
    public static BoundExpression Cast(BoundExpression expression, SqlType type, Column column, SourcePosition at) => throw Unavailable();

    public static (IReadOnlyList<ViewColumn> Columns, IReadOnlyList<ObjectDependency> Dependencies) BindView(View view, Query query, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) => throw Unavailable();

    public static IReadOnlyList<ViewColumn> BindQuery(Query query, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) => throw Unavailable();

    /// <summary>Binds a query, INSERT, UPDATE or DELETE.</summary>
    public static BoundStatement BindStatement(Statement statement, IReadOnlyList<SqlType> parameterTypes, CatalogSnapshot catalog, IReadOnlyList<string> searchPath) => throw Unavailable();

    /// <summary>Whether the plan locks rows.</summary>
    public static bool LocksRows(LogicalOperator plan) => false;

    /// <summary>Whether the expression may give another value each time.</summary>
    public static bool IsVolatile(BoundExpression expression) => throw Unavailable();

    /// <summary>Whether the expression names the column.</summary>
    public static bool Uses(BoundExpression expression, PlanColumn column) => throw Unavailable();

    private static BareMetalException Unavailable() => new(SqlStates.FeatureNotSupported, "Expressions can't be bound yet.");
}
