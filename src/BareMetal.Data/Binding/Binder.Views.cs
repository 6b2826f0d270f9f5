using BareMetal.Data.Catalog;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// Views as the targets of changes: a view over one table, or over another such view, whose rows are rows of the table.
internal sealed partial class Binder
{
    /// <summary>The view through which the statement writes its table; null for a table itself.</summary>
    private UpdatableView? _targetView;

    /// <summary>A view that can be written through: its columns' names, and what it reads.</summary>
    private sealed record UpdatableView(View View, Ast.SelectBody Body, string Alias, Table Table, UpdatableView? Inner);

    /// <summary>Why a view can't be written through; null when it can.</summary>
    internal static string? WhyNotUpdatable(View view, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        Binder binder = ForDefinitions(catalog, searchPath);
        return binder.FindUpdatable(view, 0, out string? reason) is null ? reason : null;
    }

    /// <summary>The columns of a view that changes may name; empty when it can't be written through.</summary>
    internal static IReadOnlyList<string> UpdatableColumns(View view, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        Binder binder = ForDefinitions(catalog, searchPath);
        if (binder.FindUpdatable(view, 0, out _) is not { } updatable)
            return [];
        return [.. binder.ViewRange(updatable, binder.BindRow(updatable.Table), view.Name, view.Schema).Columns.Where(c => c.Origin is not null).Select(c => c.Name)];
    }

    private UpdatableView? FindUpdatable(View view, int depth, out string? reason)
    {
        reason = null;
        Ast.Query query = SqlParser.ParseQuery(view.Sql);
        if (depth >= MaxViewDepth)
            reason = "it nests too deep";
        else if (query.With is not null)
            reason = "it has WITH";
        else if (query.Body is not Ast.SelectBody)
            reason = "it is no plain SELECT";
        else if (query.Limit is not null || query.Offset is not null)
            reason = "it has LIMIT or OFFSET";
        else if (query.Body is Ast.SelectBody { Distinct: true } or Ast.SelectBody { DistinctOn.Length: > 0 })
            reason = "it has DISTINCT";
        else if (query.Body is Ast.SelectBody { GroupBy: not null } or Ast.SelectBody { Having: not null })
            reason = "it has GROUP BY or HAVING";
        else if (query.Body is not Ast.SelectBody { From: [Ast.NamedTableReference] })
            reason = "it does not read one table alone";
        if (reason is not null)
            return null;
        var body = (Ast.SelectBody)query.Body;
        var from = (Ast.NamedTableReference)body.From[0];
        if (from.Alias is { Columns.Length: > 0 })
        {
            reason = "it renames the columns of its table in FROM";
            return null;
        }

        if (from.Sample is not null)
        {
            reason = "it has TABLESAMPLE";
            return null;
        }

        Table? table;
        UpdatableView? inner = null;
        switch (_catalog.Resolve(from.Name.Schema, from.Name.Name, _options.SearchPath))
        {
            case Table read:
                table = read;
                break;
            case View below when below.Id > 0:
                inner = FindUpdatable(below, depth + 1, out reason);
                if (inner is null)
                {
                    reason = $"the view \"{below.Name}\" that it reads can't be: {reason}";
                    return null;
                }

                table = inner.Table;
                break;
            default:
                reason = "it does not read a table";
                return null;
        }

        // Aggregates, window functions and functions of rows show in the plan.
        if (LogicalTools.Any(ExpandView(view, default), op => op is not (LogicalProject or LogicalFilter or LogicalSort or LogicalScan)))
        {
            reason = "it has aggregates, window functions or functions of rows";
            return null;
        }

        return new UpdatableView(view, body, from.Alias?.Name.Name ?? from.Name.Name, table, inner);
    }

    private Table ResolveTargetView(View view, Ast.ObjectName name, string verb)
    {
        if (view.Id < 0)
            throw SqlErrors.At(name.Position, SqlStates.WrongObjectType, $"\"{name}\" is a view of the engine; {verb} needs a table.");
        Depend(view);
        if (FindUpdatable(view, 0, out string? reason) is not { } updatable)
        {
            throw SqlErrors.At(
                name.Position, SqlStates.ObjectNotInPrerequisiteState, $"{verb} can't go through the view \"{view.Name}\": {reason}.",
                "Change the tables that it reads. Views over one table without DISTINCT, GROUP BY, LIMIT, set operations and aggregates can be written through.");
        }

        _targetView = updatable;
        for (UpdatableView? v = updatable; v is not null; v = v.Inner)
            _objects[v.View.Id] = v.View.Version;
        _objects[updatable.Table.Id] = updatable.Table.Version;
        return updatable.Table;
    }

    /// <summary>The name and schema by which the statement knows its target.</summary>
    private (string Alias, string? Schema) NamesOfTarget(Table table, Ast.Identifier? alias) =>
        alias is { } given ? (given.Name, null) : _targetView is { View: var view } ? (view.Name, view.Schema) : (table.Name, table.Schema);

    /// <summary>The columns of a view over the row of its table. Those that are columns of the table know it.</summary>
    private RangeTable ViewRange(UpdatableView view, TableRowBinding row, string alias, string? schema)
    {
        FromScope inner = Below(view, row);
        return InBody(null, null, () =>
        {
            var scope = new Scope(null, inner) { Clause = "SELECT" };
            List<SelectColumn> items = ExpandItems(view.Body.Items, scope);
            var columns = new ScopeColumn[items.Count];
            for (int i = 0; i < columns.Length; i++)
            {
                BoundExpression value = Known(items[i].Expression ?? Bind(items[i].Syntax!, scope), items[i].Position);
                Column? origin = null;
                foreach (ScopeColumn column in inner.Columns)
                {
                    if (column.Origin is not null && value is BoundColumn { Column: var read } && column.Expression is BoundColumn { Column: var below } && read == below)
                        origin = column.Origin;
                }

                columns[i] = new ScopeColumn(view.View.ColumnNames is { } names && i < names.Count ? names[i] : items[i].Name, value) { Origin = origin };
            }

            return new RangeTable(alias, schema, columns) { Table = row.Table };
        });
    }

    /// <summary>What a view's own query reads.</summary>
    private FromScope Below(UpdatableView view, TableRowBinding row) =>
        new(view.Inner is { } inner ? ViewRange(inner, row, view.Alias, null) : TableRangeOf(row, view.Alias, null));

    /// <summary>The condition of a view over the row of its table; null without one.</summary>
    private BoundExpression? OwnFilter(UpdatableView view, TableRowBinding row) =>
        view.Body.Where is null ? null : InBody(null, null, () => BindCondition(view.Body.Where, new Scope(null, Below(view, row)) { Clause = "WHERE" }));

    /// <summary>The rows of the table that the target's view shows.</summary>
    private LogicalOperator OfTargetView(LogicalOperator plan, TableRowBinding row)
    {
        for (UpdatableView? view = _targetView; view is not null; view = view.Inner)
        {
            if (OwnFilter(view, row) is { } filter)
                plan = new LogicalFilter(plan, filter);
        }

        return plan;
    }

    /// <summary>The row to be written with what CHECK OPTION asks of it, as further checks.</summary>
    private TableRowBinding WithCheckOptions(TableRowBinding row)
    {
        if (_targetView is null)
            return row;
        var checks = new List<(CheckConstraint, BoundExpression)>(row.Checks);
        bool cascades = false;
        for (UpdatableView? view = _targetView; view is not null; view = view.Inner)
        {
            if ((cascades || view.View.CheckOption != ViewCheckOption.None) && OwnFilter(view, row) is { } filter)
            {
                // Not known is not enough: the row would not be seen.
                var holds = new BoundCoalesce([filter, Boolean(false)], SqlType.Boolean);
                checks.Add((new CheckConstraint(view.View.Name, "") { IsViewOption = true }, holds));
            }

            cascades |= view.View.CheckOption == ViewCheckOption.Cascaded;
        }

        return new TableRowBinding(row.Table, row.Columns)
        {
            Generated = row.Generated, Checks = checks, IndexFilters = row.IndexFilters, IndexExpressions = row.IndexExpressions,
        };
    }

    /// <summary>The columns that a change without a list names.</summary>
    private IEnumerable<Column> ColumnsOfTarget(Table table, SourcePosition position)
    {
        if (_targetView is null)
            return table.Columns;
        return ViewRange(_targetView, BindRow(table), _targetView.View.Name, null).Columns.Select(c => c.Origin ?? throw ReadOnlyColumn(c.Name, position));
    }

    /// <summary>The column of the table that a name of the target's view means.</summary>
    private Column TargetViewColumn(Ast.Identifier name)
    {
        RangeTable range = ViewRange(_targetView!, BindRow(_targetView!.Table), _targetView.View.Name, null);
        foreach (ScopeColumn column in range.Columns)
        {
            if (name.Is(column.Name))
                return column.Origin ?? throw ReadOnlyColumn(column.Name, name.Position);
        }

        string? near = NameSuggestion.Nearest(name.Name, range.Columns.Select(c => c.Name));
        throw Undefined(name.Position, $"{range.Alias}.{name}", near, name.Name, null);
    }

    private BareMetalException ReadOnlyColumn(string name, SourcePosition position) => SqlErrors.At(
        position, SqlStates.FeatureNotSupported, $"The column \"{name}\" of the view \"{_targetView!.View.Name}\" is computed and can't be written.", "Write the columns that it is computed of.");
}
