using BareMetal.Data.Catalog;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// MERGE.
internal sealed partial class Binder
{
    /// <summary>What merge_action() means while RETURNING of MERGE is bound.</summary>
    private PlanColumn? _mergeAction;

    private LogicalOperator BindMerge(Ast.MergeStatement statement)
    {
        CteScope? saved = _ctes;
        List<CteDefinition>? definitions = BindStatementWith(statement.With);
        Table table = ResolveTarget(statement.Table, "MERGE");
        (string alias, string? schema) = NamesOfTarget(table, statement.Alias);
        bool inserts = Array.Exists(statement.Whens, w => w.Match == Ast.MergeMatch.NotMatchedByTarget);
        bool alone = Array.Exists(statement.Whens, w => w.Match == Ast.MergeMatch.NotMatchedBySource);

        var (scan, _, oldRow, target, _) = BindTarget(table, alias, schema, []);
        var targetScan = (LogicalScan)scan with { Lock = RowLockMode.None };
        (LogicalOperator source, FromScope sourceScope) = BindTable(statement.Source, new FromContext(null, null, null, alone, false));
        CheckAliases(target, sourceScope, statement.Source.Position);
        PlanColumn present = NewColumn("source row", SqlType.Boolean, false);
        source = new LogicalProject(source, [.. source.Output.Select(c => new ProjectItem(c, new BoundColumn(c))), new ProjectItem(present, Boolean(true))]);

        FromScope both = FromScope.Combine(target, sourceScope);
        BoundExpression condition = BindCondition(statement.On, new Scope(null, both) { Clause = "ON" });
        JoinKind kind = inserts ? alone ? JoinKind.Full : JoinKind.Right : alone ? JoinKind.Left : JoinKind.Inner;
        LogicalOperator joined = new LogicalJoin(kind, OfTargetView(targetScan, oldRow), source, condition);

        TableRowBinding newRow = WithCheckOptions(BindRow(table));
        var clauses = new List<MergeClause>(statement.Whens.Length);
        foreach (Ast.MergeWhen when in statement.Whens)
            clauses.Add(BindMergeWhen(when, table, target, sourceScope, both));
        PlanColumn action = NewColumn("merge_action", SqlType.Text, false);
        _mergeAction = action;
        IReadOnlyList<ProjectItem> returning = BindReturning(statement.Returning, FromScope.Combine(sourceScope, TableRange(newRow, alias, schema)));
        _mergeAction = null;
        _ctes = saved;
        return Whole(definitions, new LogicalMerge(table, joined, targetScan.RowKey!, present, oldRow, newRow, clauses, action, returning));
    }

    private MergeClause BindMergeWhen(Ast.MergeWhen when, Table table, FromScope target, FromScope source, FromScope both)
    {
        FromScope visible = when.Match switch
        {
            Ast.MergeMatch.Matched => both,
            Ast.MergeMatch.NotMatchedByTarget => source,
            _ => target,
        };
        var scope = new Scope(null, visible) { Clause = "WHEN" };
        BoundExpression? condition = when.Condition is null ? null : BindCondition(when.Condition, scope);
        List<Assignment> assignments = [];
        if (when.Action == Ast.MergeAction.Update)
        {
            scope.Clause = "SET";
            assignments = BindAssignments(table, when.Assignments, scope);
        }
        else if (when.Action == Ast.MergeAction.Insert)
        {
            scope.Clause = "VALUES";
            assignments = BindMergeInsert(when, table, scope);
        }

        return new MergeClause(when.Match, condition, when.Action, assignments);
    }

    private List<Assignment> BindMergeInsert(Ast.MergeWhen when, Table table, Scope scope)
    {
        var targets = new List<(Column Column, SourcePosition Position)>();
        if (when.Columns is not null)
        {
            foreach (Ast.Identifier name in when.Columns)
            {
                Column column = TargetColumn(table, name);
                if (targets.Exists(t => t.Column.Id == column.Id))
                    throw SqlErrors.At(name.Position, SqlStates.DuplicateColumn, $"The column \"{column.Name}\" is given twice.");
                targets.Add((column, name.Position));
            }
        }

        Ast.Expression[] values = when.Values ?? [];
        if (when.Columns is null)
            AllTargets(table, targets, values.Length, when.Position);
        CheckWidth(targets, values.Length, when.Columns is null, when.Position);
        var assignments = new List<Assignment>();
        for (int i = 0; i < values.Length; i++)
        {
            Column column = targets[i].Column;
            Ast.Expression syntax = values[i];
            if (syntax is Ast.DefaultExpression)
                continue;
            if (IsComputed(column, when.Overriding, out string? what, out string? hint))
                throw GeneratedAlways(table, column, syntax.Position, what, hint);
            if (when.Overriding == Ast.OverridingKind.User && column.Identity is not null)
                continue;
            assignments.Add(new Assignment(column.Ordinal, Assign(Bind(syntax, scope), table, column, syntax.Position)));
        }

        foreach (Column column in table.Columns)
        {
            if (column.DefaultSql is null || column.GeneratedSql is not null || assignments.Exists(a => a.Ordinal == column.Ordinal))
                continue;
            if (BindDefault(table, column, false) is { } value)
                assignments.Add(new Assignment(column.Ordinal, value));
        }

        return assignments;
    }
}
