using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// FROM: tables, views, subqueries, functions and joins.
internal sealed partial class Binder
{
    /// <summary>How an item of FROM is bound.</summary>
    /// <param name="Outer">What a subquery without LATERAL sees.</param>
    /// <param name="Lateral">What LATERAL and functions see beside that: the items to the left.</param>
    /// <param name="Locking">FOR UPDATE of the query, if any.</param>
    /// <param name="Nullable">Whether an outer join makes the item's rows null.</param>
    /// <param name="OnSeesLateral">Whether ON sees the items to the left of the join too: in the FROM of UPDATE and DELETE.</param>
    private readonly record struct FromContext(Scope? Outer, Scope? Lateral, RowLocking? Locking, bool Nullable, bool OnSeesLateral);

    private (LogicalOperator Plan, FromScope Scope) BindFromList(Ast.TableReference[] items, Scope? outer, RowLocking? locking)
    {
        if (items.Length == 0)
            return (new LogicalValues([[]], []), FromScope.Empty);
        return BindFromItems(null, FromScope.Empty, items, new FromContext(outer, null, locking, false, false));
    }

    /// <summary>Joins the items of a FROM list to what stands before them (the target of an UPDATE, or nothing).</summary>
    private (LogicalOperator Plan, FromScope Scope) BindFromItems(LogicalOperator? plan, FromScope scope, Ast.TableReference[] items, FromContext context)
    {
        foreach (Ast.TableReference item in items)
        {
            var left = new Scope(context.Outer, scope) { Clause = "FROM" };
            (LogicalOperator right, FromScope added) = BindTable(item, context with { Lateral = plan is null ? context.Lateral : left });
            CheckAliases(scope, added, item.Position);
            plan = plan is null ? right : new LogicalJoin(JoinKind.Inner, plan, right, null, left.Referenced);
            scope = FromScope.Combine(scope, added);
        }
        return (plan!, scope);
    }

    private static void CheckAliases(FromScope left, FromScope right, SourcePosition position)
    {
        foreach (RangeTable a in left.Tables)
        {
            foreach (RangeTable b in right.Tables)
            {
                if (Ast.Identifier.Comparer.Equals(a.Alias, b.Alias) && (a.Schema is null || b.Schema is null || Ast.Identifier.Comparer.Equals(a.Schema, b.Schema)))
                {
                    throw SqlErrors.At(
                        position, SqlStates.DuplicateAlias, $"The name \"{b.Alias}\" stands for two items of FROM.", "Give one of them an alias.");
                }
            }
        }
    }

    private (LogicalOperator Plan, FromScope Scope) BindTable(Ast.TableReference table, FromContext context)
    {
        EnsureStack(table.Position);
        return table switch
        {
            Ast.NamedTableReference named => BindNamed(named, context),
            Ast.DerivedTableReference derived => BindDerived(derived, context),
            Ast.FunctionTableReference function => BindFunctionTable(function, context),
            Ast.JsonTableReference json => BindJsonTable(json, context),
            Ast.JoinReference join => BindJoin(join, context),
            _ => throw new InvalidOperationException(table.GetType().Name),
        };
    }

    private (LogicalOperator Plan, FromScope Scope) BindNamed(Ast.NamedTableReference named, FromContext context)
    {
        string alias = named.Alias?.Name.Name ?? named.Name.Name;
        if (named.Sample is not null)
            return BindSample(named, named.Sample, alias, context);
        if (named.Name.Schema is null && FindCte(named.Name.Name) is { } cte)
        {
            if (cte.Definition is null)
            {
                throw SqlErrors.At(
                    named.Position, SqlStates.InvalidRecursion, $"The recursive query \"{cte.Name}\" reads itself in its first term.",
                    "Only the term behind UNION may do so.");
            }

            if (cte.Columns.Count == 0 && LogicalTools.IsWrite(cte.Definition.Plan))
                throw SqlErrors.NotSupported(named.Position, $"\"{cte.Name}\" gives no rows to read.", "Add RETURNING to it.");
            cte.Referenced = true;
            var columns = new PlanColumn[cte.Columns.Count];
            for (int i = 0; i < columns.Length; i++)
            {
                PlanColumn c = cte.Columns[i];
                columns[i] = new PlanColumn(_nextColumn++, c.Name, c.Type, c.IsNullable || context.Nullable) { Origin = c.Origin, OriginTable = c.OriginTable };
            }
            return (new LogicalCteReference(cte.Definition, columns), Range(alias, null, columns, named.Alias));
        }

        CatalogObject found = ResolveRelation(named.Name);
        Depend(found);
        switch (found)
        {
            case Table table:
            {
                (RowLockMode mode, RowLockWait wait) = context.Locking?.For(alias) ?? default;
                LogicalScan scan = Scan(table, alias, context.Nullable, out ScopeColumn[] columns) with { Lock = mode, LockWait = wait };
                return (scan, Range(alias, named.Alias is null ? table.Schema : null, columns, named.Alias, table));
            }

            case View view:
            {
                InheritLock(context.Locking, alias, named.Position);
                LogicalOperator plan = ExpandView(view, named.Position);
                IReadOnlyList<PlanColumn> output = NullableOutput(ref plan, context.Nullable);
                var columns = new ScopeColumn[output.Count];
                for (int i = 0; i < columns.Length; i++)
                    columns[i] = new ScopeColumn(view.ColumnNames is { } names && i < names.Count ? names[i] : output[i].Name, new BoundColumn(output[i]));
                return (plan, Range(alias, named.Alias is null ? view.Schema : null, columns, named.Alias));
            }

            default:
                throw SqlErrors.At(
                    named.Position, SqlStates.WrongObjectType, $"\"{named.Name}\" is a sequence, not a table.", $"Use nextval('{named.Name}') or currval('{named.Name}').");
        }
    }

    private CteScope? FindCte(string name)
    {
        for (CteScope? cte = _ctes; cte is not null; cte = cte.Parent)
        {
            if (Ast.Identifier.Comparer.Equals(cte.Name, name))
                return cte;
        }
        return null;
    }

    private LogicalOperator ExpandView(View view, SourcePosition position)
    {
        if (_viewDepth >= MaxViewDepth)
            throw SqlErrors.At(position, SqlStates.InvalidObjectDefinition, $"Views nest deeper than {MaxViewDepth} levels at \"{view.Name}\".");
        CteScope? ctes = _ctes;
        string? restricted = _restricted;
        VariableScope? variables = _variables;
        _ctes = null;
        _restricted = null;
        _variables = null;
        _viewDepth++;
        try
        {
            return BindQuery(SqlParser.ParseQuery(view.Sql), null, QueryUse.Top);
        }
        catch (BareMetalException e)
        {
            // The places are those of the view's text.
            throw new BareMetalException(e.SqlState, $"The view \"{view.Name}\" is no longer valid. {e.PlainMessage}", e)
            {
                Position = position.IsNone ? 0 : position.Offset + 1,
                Line = position.Line,
                Column = position.Column,
            };
        }
        finally
        {
            _viewDepth--;
            _ctes = ctes;
            _restricted = restricted;
            _variables = variables;
        }
    }

    /// <summary>A scan of all stored columns; virtual generated columns are expressions over them.</summary>
    private LogicalScan Scan(Table table, string alias, bool nullable, out ScopeColumn[] columns)
    {
        var stored = new List<PlanColumn>(table.Columns.Count);
        var plan = new PlanColumn[table.Columns.Count];
        for (int i = 0; i < plan.Length; i++)
        {
            Column column = table.Columns[i];
            if (IsVirtual(column))
                continue;
            plan[i] = TableColumn(table, column, nullable);
            stored.Add(plan[i]);
        }

        columns = TableScope(table, plan);
        return new LogicalScan(table, stored, alias);
    }

    private PlanColumn TableColumn(Table table, Column column, bool nullable) =>
        new(_nextColumn++, column.Name, column.Type, column.IsNullable || nullable) { Origin = column, OriginTable = table };

    private static bool IsVirtual(Column column) => column.GeneratedSql is not null && !column.IsStored;

    /// <summary>The names of a table's columns over their plan columns, which virtual ones have no use of.</summary>
    private ScopeColumn[] TableScope(Table table, PlanColumn[] plan)
    {
        var columns = new ScopeColumn[plan.Length];
        bool hasVirtual = false;
        for (int i = 0; i < plan.Length; i++)
        {
            Column column = table.Columns[i];
            if (IsVirtual(column))
                hasVirtual = true;
            else
                columns[i] = new ScopeColumn(column.Name, new BoundColumn(plan[i])) { Origin = column };
        }

        if (!hasVirtual)
            return columns;
        ScopeColumn[] known = Array.FindAll(columns, c => c is not null);
        var scope = new Scope(null, new FromScope(new RangeTable(table.Name, table.Schema, known)));
        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i] is null)
                columns[i] = new ScopeColumn(table.Columns[i].Name, BindGenerated(table, table.Columns[i], scope)) { Origin = table.Columns[i] };
        }
        return columns;
    }

    private FromScope Range(string alias, string? schema, PlanColumn[] output, Ast.TableAlias? names)
    {
        var columns = new ScopeColumn[output.Length];
        for (int i = 0; i < columns.Length; i++)
            columns[i] = new ScopeColumn(output[i].Name, new BoundColumn(output[i]));
        return Range(alias, schema, columns, names);
    }

    private static FromScope Range(string alias, string? schema, ScopeColumn[] columns, Ast.TableAlias? names, Table? table = null)
    {
        if (names is { Columns.Length: > 0 })
        {
            CheckAliasCount(names.Name, names.Columns, columns.Length);
            for (int i = 0; i < names.Columns.Length; i++)
                columns[i] = columns[i] with { Name = names.Columns[i].Name };
        }
        return new FromScope(new RangeTable(alias, schema, columns) { Table = table });
    }

    private (LogicalOperator Plan, FromScope Scope) BindDerived(Ast.DerivedTableReference derived, FromContext context)
    {
        InheritLock(context.Locking, derived.Alias?.Name.Name, derived.Position);
        LogicalOperator plan = BindQuery(derived.Query, derived.Lateral ? context.Lateral ?? context.Outer : context.Outer, QueryUse.Top);
        if (derived.Alias is null)
        {
            // As in PostgreSQL 16, an alias may be left out; the columns are then known by their names alone.
            IReadOnlyList<PlanColumn> unnamed = NullableOutput(ref plan, context.Nullable);
            var columns = new ScopeColumn[unnamed.Count];
            for (int i = 0; i < columns.Length; i++)
                columns[i] = new ScopeColumn(unnamed[i].Name, new BoundColumn(unnamed[i]));
            return (plan, new FromScope([], columns));
        }

        PlanColumn[] output = [.. NullableOutput(ref plan, context.Nullable)];
        return (plan, Range(derived.Alias.Name.Name, null, output, derived.Alias));
    }

    /// <summary>The plan's columns; on the side of an outer join that may be missing, new ones that may be null.</summary>
    private IReadOnlyList<PlanColumn> NullableOutput(ref LogicalOperator plan, bool nullable)
    {
        bool change = false;
        foreach (PlanColumn column in plan.Output)
            change |= nullable && !column.IsNullable;
        if (!change)
            return plan.Output;
        var items = new ProjectItem[plan.Output.Count];
        for (int i = 0; i < items.Length; i++)
        {
            PlanColumn c = plan.Output[i];
            PlanColumn column = c.IsNullable ? c : new PlanColumn(_nextColumn++, c.Name, c.Type, true) { Origin = c.Origin, OriginTable = c.OriginTable };
            items[i] = new ProjectItem(column, new BoundColumn(c));
        }
        plan = new LogicalProject(plan, items);
        return plan.Output;
    }

    private (LogicalOperator Plan, FromScope Scope) BindFunctionTable(Ast.FunctionTableReference reference, FromContext context)
    {
        bool definesColumns = reference.Calls is [var only] && JsonRecords.IsRecordFunction(only.Name.Name);
        if (reference.Alias?.ColumnTypes is not null && !definesColumns)
            throw SqlErrors.NotSupported(reference.Alias.Position, "A list of column definitions goes with json_to_record and json_to_recordset only.", "Take the fields from the JSON with -> and ->>.");
        if (definesColumns && reference.Alias?.ColumnTypes is null)
            throw SqlErrors.Syntax(reference.Position, $"{reference.Calls[0].Name} needs a list of column definitions.", "Write … AS t(a integer, b text).");
        var scope = new Scope(context.Lateral ?? context.Outer, FromScope.Empty) { Clause = "FROM" };
        var calls = new List<TableCall>();
        var arguments = new List<BoundExpression>();
        var columns = new List<PlanColumn>();
        if (reference.Calls.Length == 1 && BindRoutineTable(reference, context, scope) is { } routine)
            return routine;
        foreach (Ast.CallExpression call in reference.Calls)
        {
            BoundExpression[] own = BindArguments(call, scope, allowNames: RoutinesNamed(call.Name).Count > 0);
            if (own.Length > 1 && string.Equals(call.Name.Name, "unnest", StringComparison.OrdinalIgnoreCase))
            {
                // unnest of several arrays is several functions side by side.
                foreach (BoundExpression array in own)
                    BindTableCall(call, [array], reference, scope, calls, arguments, columns);
            }
            else
            {
                BindTableCall(call, own, reference, scope, calls, arguments, columns);
            }
        }

        // Functions side by side may end at different rows, so that any column may be null.
        if (calls is [{ Function: null }])
        {
            // A value is a table of one row.
            var items = new List<ProjectItem> { new(columns[0], arguments[0]) };
            if (reference.WithOrdinality)
                items.Add(new ProjectItem(NewColumn("ordinality", SqlType.BigInt, context.Nullable), new BoundConstant(Values.Value.From(SqlTypeKind.BigInt, 1L), SqlType.BigInt)));
            return (new LogicalProject(new LogicalValues([[]], []), items), Named([.. items.Select(i => i.Column)]));
        }

        PlanColumn? ordinality = reference.WithOrdinality ? NewColumn("ordinality", SqlType.BigInt, context.Nullable) : null;
        var plan = new LogicalTableFunction(calls, arguments, columns, ordinality);
        return (plan, Named([.. plan.Output]));

        FromScope Named(PlanColumn[] output) => Range(reference.Alias?.Name.Name ?? reference.Calls[0].Name.Name, null, output, reference.Alias);
    }

    private void BindTableCall(
        Ast.CallExpression call, BoundExpression[] own, Ast.FunctionTableReference reference, Scope scope, List<TableCall> calls, List<BoundExpression> arguments, List<PlanColumn> columns)
    {
        // The only column of the only function is named by the alias.
        string? alias = reference.Calls.Length == 1 && call.Arguments.Length == own.Length ? reference.Alias?.Name.Name : null;
        string name = call.Name.Name;
        if (reference.Alias is { ColumnTypes: { } types } definition)
        {
            if (own.Length != 1)
                throw UndefinedFunction(call, own, "table function");
            var shape = new (string Name, SqlType Type)[types.Length];
            for (int i = 0; i < shape.Length; i++)
                shape[i] = (definition.Columns[i].Name, TypeNames.Resolve(types[i]));
            TableFunction records = JsonRecords.Create(name, shape);
            CoerceArguments(own, [.. records.Parameters], call);
            foreach ((string column, SqlType type) in shape)
                columns.Add(NewColumn(column, type, true));
            arguments.AddRange(own);
            calls.Add(new TableCall(records, 1, shape.Length));
        }
        else if (CallRoutineTable(call, own, alias) is { } routine)
        {
            IReadOnlyList<(string Name, SqlType Type)> shape = routine.Function.Columns([]);
            foreach ((string column, SqlType type) in shape)
                columns.Add(NewColumn(column, type, true));
            arguments.AddRange(routine.Arguments);
            calls.Add(new TableCall(routine.Function, routine.Arguments.Length, shape.Count));
        }
        else if (_options.Functions.ResolveTable(name, TypesOf(own)) is { } resolved)
        {
            CoerceArguments(own, resolved.ArgumentTypes, call);
            IReadOnlyList<(string Name, SqlType Type)> shape = resolved.Function.Columns(resolved.ArgumentTypes);
            foreach ((string column, SqlType type) in shape)
                columns.Add(NewColumn(shape.Count == 1 && alias is not null ? alias : column, type, true));
            arguments.AddRange(own);
            calls.Add(new TableCall(resolved.Function, own.Length, shape.Count));
        }
        else if (_options.Functions.FindTable(name).Count == 0 && (_options.Functions.FindScalar(name).Count > 0 || RoutinesNamed(call.Name).Count > 0))
        {
            BoundExpression value = Known(BindCall(call, scope), call.Position);
            columns.Add(NewColumn(alias ?? name, value.Type, true));
            arguments.Add(value);
            calls.Add(new TableCall(null, 1, 1));
        }
        else
        {
            throw UndefinedFunction(call, own, "table function");
        }
    }

    // ---- joins

    private (LogicalOperator Plan, FromScope Scope) BindJoin(Ast.JoinReference join, FromContext context)
    {
        bool leftNullable = join.Kind is Ast.JoinKind.Right or Ast.JoinKind.Full;
        bool rightNullable = join.Kind is Ast.JoinKind.Left or Ast.JoinKind.Full;
        (LogicalOperator left, FromScope leftScope) = BindTable(join.Left, context with { Nullable = context.Nullable || leftNullable });
        var visible = new Scope(context.Lateral ?? context.Outer, leftScope) { Clause = "FROM" };
        (LogicalOperator right, FromScope rightScope) = BindTable(join.Right, context with { Lateral = visible, Nullable = context.Nullable || rightNullable });
        CheckAliases(leftScope, rightScope, join.Right.Position);
        bool lateral = visible.Referenced;
        if (lateral && leftNullable)
        {
            throw SqlErrors.At(
                join.Position, SqlStates.InvalidColumnReference, "The right side of a RIGHT or FULL join cannot refer to the left one.", "Use an INNER or LEFT join.");
        }

        JoinKind kind = join.Kind switch
        {
            Ast.JoinKind.Left => JoinKind.Left,
            Ast.JoinKind.Right => JoinKind.Right,
            Ast.JoinKind.Full => JoinKind.Full,
            _ => JoinKind.Inner,
        };
        FromScope combined = FromScope.Combine(leftScope, rightScope);
        BoundExpression? condition = null;
        IReadOnlyList<string> shared = join.Natural ? SharedColumns(leftScope, rightScope) : [.. join.Using.Select(u => u.Name)];
        if (join.Natural || join.Using.Length > 0)
        {
            (condition, combined) = Merge(join, kind, leftScope, rightScope, combined, shared);
        }
        else if (join.On is not null)
        {
            var scope = new Scope(context.OnSeesLateral ? context.Lateral ?? context.Outer : context.Outer, combined) { Clause = "JOIN … ON" };
            condition = BindCondition(join.On, scope);
            if (condition is BoundConstant { Value.IsNull: false } constant && constant.Value.As<bool>())
                condition = null;
        }

        return (new LogicalJoin(kind, left, right, condition, lateral), combined);
    }

    private static List<string> SharedColumns(FromScope left, FromScope right)
    {
        var shared = new List<string>();
        foreach (ScopeColumn column in left.Columns)
        {
            if (HasColumn(right, column.Name) && !shared.Contains(column.Name, Ast.Identifier.Comparer))
                shared.Add(column.Name);
        }
        return shared;
    }

    /// <summary>USING: equality of the shared columns, which come once and first.</summary>
    private (BoundExpression? Condition, FromScope Scope) Merge(
        Ast.JoinReference join, JoinKind kind, FromScope left, FromScope right, FromScope combined, IReadOnlyList<string> shared)
    {
        if (shared.Count == 0)
            return (null, combined);
        var terms = new List<BoundExpression>();
        var merged = new List<ScopeColumn>();
        for (int i = 0; i < shared.Count; i++)
        {
            SourcePosition position = i < join.Using.Length ? join.Using[i].Position : join.Position;
            ScopeColumn l = Single(left, shared[i], position, "left");
            ScopeColumn r = Single(right, shared[i], position, "right");
            terms.Add(Compare(Ast.BinaryOperator.Equal, Reference(l, position), Reference(r, position), position, position, position));
            BoundExpression expression = kind switch
            {
                JoinKind.Right => r.Expression,
                JoinKind.Full => Coalesce([Reference(l, position), Reference(r, position)], [position, position]),
                _ => l.Expression,
            };
            merged.Add(new ScopeColumn(l.Name, expression) { Origin = kind == JoinKind.Right ? r.Origin : kind == JoinKind.Full ? null : l.Origin });
        }

        var columns = new List<ScopeColumn>(merged);
        foreach (ScopeColumn c in left.Columns)
        {
            if (!shared.Contains(c.Name, Ast.Identifier.Comparer))
                columns.Add(c);
        }

        foreach (ScopeColumn c in right.Columns)
        {
            if (!shared.Contains(c.Name, Ast.Identifier.Comparer))
                columns.Add(c);
        }

        IReadOnlyList<RangeTable> tables = join.UsingAlias is { } alias
            ? [.. combined.Tables, new RangeTable(alias.Name, null, merged)]
            : combined.Tables;
        return (terms.Count == 1 ? terms[0] : new BoundLogical(true, terms), new FromScope(tables, columns));
    }

    private static ScopeColumn Single(FromScope scope, string name, SourcePosition position, string side)
    {
        ScopeColumn? found = null;
        foreach (ScopeColumn column in scope.Columns)
        {
            if (!Ast.Identifier.Comparer.Equals(column.Name, name))
                continue;
            if (found is not null)
                throw SqlErrors.At(position, SqlStates.AmbiguousColumn, $"The column \"{name}\" in USING occurs several times on the {side} side.");
            found = column;
        }

        if (found is not null)
            return found;
        string? near = NameSuggestion.Nearest(name, scope.Columns.Select(c => c.Name));
        throw SqlErrors.At(
            position, SqlStates.UndefinedColumn, $"The column \"{name}\" in USING does not exist on the {side} side.", near is null ? null : $"Did you mean \"{near}\"?");
    }
}
