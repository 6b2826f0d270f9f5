using BareMetal.Data.Catalog;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Expressions that the catalog keeps as text: generated columns, checks, index predicates and expressions.
internal sealed partial class Binder
{
    /// <summary>What writing to a table needs, over new plan columns or those given.</summary>
    private TableRowBinding BindRow(Table table, PlanColumn[]? columns = null)
    {
        if (columns is null)
        {
            columns = new PlanColumn[table.Columns.Count];
            for (int i = 0; i < columns.Length; i++)
                columns[i] = TableColumn(table, table.Columns[i], false);
        }

        int viewDepth = _viewDepth;
        _viewDepth++; // What the table itself refers to is no dependency of the statement.
        try
        {
            ScopeColumn[] names = TableScope(table, columns);
            var scope = new Scope(null, new FromScope(new RangeTable(table.Name, table.Schema, names) { Table = table })) { Clause = "a definition" };
            var generated = new List<(int, BoundExpression)>();
            var done = new HashSet<int>();
            for (int i = 0; i < table.Columns.Count; i++)
                AddGenerated(i, 0);
            var checks = new List<(CheckConstraint, BoundExpression)>();
            foreach (CheckConstraint check in table.Checks)
            {
                checks.Add((check, Stored(table, check.Sql, $"The check \"{check.Name}\"", () =>
                    Restricted("a check", () => BindCondition(SqlParser.ParseExpression(check.Sql), scope)))));
            }

            var filters = new Dictionary<TableIndex, BoundExpression>(ReferenceEqualityComparer.Instance);
            var expressions = new Dictionary<(TableIndex, int), BoundExpression>();
            foreach (TableIndex index in table.Indexes)
            {
                if (index.FilterSql is { } filter)
                {
                    filters.Add(index, Stored(table, filter, $"The predicate of the index \"{index.Name}\"", () =>
                        Restricted("an index", () => BindCondition(SqlParser.ParseExpression(filter), scope))));
                }

                for (int i = 0; i < index.Keys.Count; i++)
                {
                    if (index.Keys[i].ExpressionSql is { } sql)
                    {
                        expressions.Add((index, i), Stored(table, sql, $"An expression of the index \"{index.Name}\"", () =>
                            Restricted("an index", () => Known(Bind(SqlParser.ParseExpression(sql), scope), default))));
                    }
                }
            }

            return new TableRowBinding(table, columns) { Generated = generated, Checks = checks, IndexFilters = filters, IndexExpressions = expressions };

            void AddGenerated(int ordinal, int depth)
            {
                Column column = table.Columns[ordinal];
                if (column.GeneratedSql is null || !done.Add(ordinal) || depth > table.Columns.Count)
                    return;
                BoundExpression expression = IsVirtual(column) ? names[ordinal].Expression : BindGenerated(table, column, scope);
                // A stored column that reads another stored one comes behind it.
                var read = new HashSet<PlanColumn>();
                BoundTree.CollectColumns(expression, read);
                for (int i = 0; i < columns.Length; i++)
                {
                    if (i != ordinal && read.Contains(columns[i]))
                        AddGenerated(i, depth + 1);
                }
                generated.Add((ordinal, expression));
            }
        }
        finally
        {
            _viewDepth = viewDepth;
        }
    }

    private BoundExpression BindGenerated(Table table, Column column, Scope scope) =>
        Stored(table, column.GeneratedSql!, $"The expression of the generated column \"{column.Name}\"", () =>
            Restricted("a generated column", () =>
                Coerce(Bind(SqlParser.ParseExpression(column.GeneratedSql!), scope), column.Type, CastContext.Assignment, default, $"The column \"{column.Name}\"")));

    private T Restricted<T>(string what, Func<T> bind)
    {
        string? before = _restricted;
        VariableScope? variables = _variables;
        _restricted = what;
        _variables = null;
        try
        {
            return bind();
        }
        finally
        {
            _restricted = before;
            _variables = variables;
        }
    }

    /// <summary>Binds a text of the catalog: an error in it names what it belongs to, and no place in the statement.</summary>
    private static BoundExpression Stored(Table table, string sql, string what, Func<BoundExpression> bind)
    {
        try
        {
            return bind();
        }
        catch (BareMetalException e) when (e.Detail is null)
        {
            throw new BareMetalException(e.SqlState, $"{what} of the table \"{table.Name}\" is not valid. {e.PlainMessage}", e)
            {
                Hint = e.Hint,
                Detail = sql,
                TableName = table.Name,
                SchemaName = table.Schema,
                ColumnName = e.ColumnName,
            };
        }
    }
}
