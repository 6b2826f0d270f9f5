using BareMetal.Data.Catalog;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

// INSERT, UPDATE and DELETE.
internal sealed partial class Binder
{
    private Column TargetColumn(Table table, Ast.Identifier name)
    {
        if (_targetView is not null)
            return TargetViewColumn(name);
        if (table.FindColumn(name.Name) is { } column)
            return column;
        string? near = NameSuggestion.Nearest(name.Name, table.Columns.Select(c => c.Name));
        throw Undefined(name.Position, $"{table.Name}.{name}", near, name.Name, table);
    }

    private static BareMetalException GeneratedAlways(Table table, Column column, SourcePosition position, string what, string? hint) =>
        new(SqlStates.GeneratedAlways, $"The column \"{column.Name}\" {what}.")
        {
            Position = position.IsNone ? 0 : position.Offset + 1,
            Line = position.Line,
            Column = position.Column,
            Hint = hint,
            TableName = table.Name,
            SchemaName = table.Schema,
            ColumnName = column.Name,
        };

    private List<CteDefinition>? BindStatementWith(Ast.WithClause? with)
    {
        if (with is not null)
            return BindWith(with, null);
        _isOutermost = false;
        return null;
    }

    /// <summary>A writing statement with the definitions around all of it.</summary>
    private static LogicalOperator Whole(List<CteDefinition>? definitions, LogicalOperator statement) =>
        definitions is null ? statement : new LogicalWith(definitions, statement);

    // ---- INSERT

    private LogicalOperator BindInsert(Ast.InsertStatement statement)
    {
        CteScope? saved = _ctes;
        List<CteDefinition>? definitions = BindStatementWith(statement.With);
        Table table = ResolveTarget(statement.Table, "INSERT");
        TableRowBinding newRow = WithCheckOptions(BindRow(table));
        var targets = new List<(Column Column, SourcePosition Position)>();
        if (statement.Columns is not null)
        {
            foreach (Ast.Identifier name in statement.Columns)
            {
                Column column = TargetColumn(table, name);
                if (targets.Exists(t => t.Column.Id == column.Id))
                    throw SqlErrors.At(name.Position, SqlStates.DuplicateColumn, $"The column \"{column.Name}\" is given twice.");
                targets.Add((column, name.Position));
            }
        }

        LogicalOperator source;
        var assignments = new List<Assignment>();
        if (statement.Source is null)
        {
            source = new LogicalValues([[]], []);
        }
        else if (statement.Source is { Body: Ast.ValuesBody values, With: null, OrderBy.Length: 0, Limit: null, Offset: null } && !GivesRows(values))
        {
            if (statement.Columns is null)
                AllTargets(table, targets, values.Rows[0].Length, values.Position);
            CheckWidth(targets, values.Rows[0].Length, statement.Columns is null, values.Rows[0].Length > targets.Count ? values.Rows[0][targets.Count].Position : values.Position);
            source = BindInsertValues(table, values, targets, statement.Overriding, assignments);
        }
        else
        {
            var expected = new List<SqlType>();
            if (statement.Columns is null)
                AllTargets(table, targets, int.MaxValue, statement.Source.Position);
            foreach (var (column, _) in targets)
                expected.Add(column.Type);
            source = BindQuery(AsSelect(statement.Source), null, new QueryUse([.. expected], false));
            if (statement.Columns is null && source.Output.Count < targets.Count)
                targets.RemoveRange(source.Output.Count, targets.Count - source.Output.Count);
            CheckWidth(targets, source.Output.Count, statement.Columns is null, statement.Source.Position);
            source = BindInsertQuery(table, source, targets, statement, assignments);
        }

        source = AddDefaults(table, source, assignments, targets);
        bool isWhole = AnyWrites(definitions);
        if (definitions is not null && !isWhole)
            source = new LogicalWith(definitions, source);
        OnConflictAction? conflict = statement.OnConflict is null ? null : BindOnConflict(statement, statement.OnConflict, table, newRow);
        (string alias, string? schema) = NamesOfTarget(table, statement.Alias);
        FromScope scope = TableRange(newRow, alias, schema);
        IReadOnlyList<ProjectItem> returning = BindReturning(statement.Returning, scope);
        _ctes = saved;
        return Whole(isWhole ? definitions : null, new LogicalInsert(table, source, assignments, newRow, conflict, returning));
    }

    /// <summary>Whether a single row of VALUES calls a function of rows: as in PostgreSQL it is then a select list.</summary>
    private bool GivesRows(Ast.ValuesBody values) =>
        values.Rows.Length == 1
        && Array.Exists(values.Rows[0], e => e is Ast.CallExpression call && IsSetFunction(call.Name.Name))
        && !Array.Exists(values.Rows[0], e => e is Ast.DefaultExpression);

    private Ast.Query AsSelect(Ast.Query query)
    {
        if (query.Body is not Ast.ValuesBody values || !GivesRows(values))
            return query;
        Ast.SelectItem[] items = [.. values.Rows[0].Select(e => new Ast.SelectItem { Position = e.Position, Expression = e })];
        return new Ast.Query { Position = query.Position, Body = new Ast.SelectBody { Position = values.Position, Items = items } };
    }

    /// <summary>INSERT without a list names every column in order; those that are always computed take DEFAULT.</summary>
    private void AllTargets(Table table, List<(Column, SourcePosition)> targets, int count, SourcePosition position)
    {
        foreach (Column column in ColumnsOfTarget(table, position).Take(count))
            targets.Add((column, position));
    }

    private static void CheckWidth(List<(Column Column, SourcePosition Position)> targets, int width, bool implied, SourcePosition position)
    {
        if (width > targets.Count)
        {
            throw SqlErrors.Syntax(position, $"INSERT gives {width} values for {targets.Count} columns.", implied ? null : "Name the missing columns in the list, or leave the values out.");
        }

        if (width < targets.Count)
            throw SqlErrors.Syntax(targets[width].Position, $"INSERT names {targets.Count} columns, but gives {width} values.");
    }

    private LogicalValues BindInsertValues(
        Table table, Ast.ValuesBody values, List<(Column Column, SourcePosition Position)> targets, Ast.OverridingKind overriding, List<Assignment> assignments)
    {
        int width = targets.Count;
        var scope = new Scope(null, FromScope.Empty) { Clause = "VALUES" };
        // Columns for which every row says DEFAULT are as if they were not named.
        var given = new List<int>();
        for (int c = 0; c < width; c++)
        {
            bool all = true;
            Ast.Expression? explicitValue = null;
            foreach (Ast.Expression[] row in values.Rows)
            {
                if (row[c] is Ast.DefaultExpression)
                    continue;
                all = false;
                explicitValue ??= row[c];
            }

            Column column = targets[c].Column;
            if (explicitValue is not null && IsComputed(column, overriding, out string? what, out string? hint))
                throw GeneratedAlways(table, column, explicitValue.Position, what, hint);
            if (!all && !(overriding == Ast.OverridingKind.User && column.Identity is not null))
                given.Add(c);
        }

        var rows = new BoundExpression[values.Rows.Length][];
        var nullable = new bool[given.Count];
        for (int r = 0; r < rows.Length; r++)
        {
            rows[r] = new BoundExpression[given.Count];
            for (int i = 0; i < given.Count; i++)
            {
                Column column = targets[given[i]].Column;
                Ast.Expression syntax = values.Rows[r][given[i]];
                rows[r][i] = syntax is Ast.DefaultExpression
                    ? BindDefault(table, column, true) ?? Null(column.Type)
                    : Assign(Bind(syntax, scope), table, column, syntax.Position);
                nullable[i] |= BoundTree.IsNullable(rows[r][i]);
            }
        }

        var columns = new PlanColumn[given.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            Column column = targets[given[i]].Column;
            columns[i] = NewColumn(column.Name, column.Type, nullable[i]);
            assignments.Add(new Assignment(column.Ordinal, new BoundColumn(columns[i])));
        }
        return new LogicalValues(rows, columns);
    }

    private LogicalOperator BindInsertQuery(
        Table table, LogicalOperator source, List<(Column Column, SourcePosition Position)> targets, Ast.InsertStatement statement, List<Assignment> assignments)
    {
        var types = new SqlType[source.Output.Count];
        for (int i = 0; i < types.Length; i++)
        {
            (Column column, SourcePosition position) = targets[i];
            if (IsComputed(column, statement.Overriding, out string? what, out string? hint))
                throw GeneratedAlways(table, column, position, what, hint);
            SqlType from = source.Output[i].Type;
            types[i] = column.Type;
            if (Casts.Find(from, column.Type) is not { Context: <= CastContext.Assignment })
                throw NotAssignable(from, table, column, position);
        }

        source = CoerceOutput(source, types, statement.Source!.Position, "the query", CastContext.Assignment);
        for (int i = 0; i < types.Length; i++)
        {
            Column column = targets[i].Column;
            if (statement.Overriding != Ast.OverridingKind.User || column.Identity is null)
                assignments.Add(new Assignment(column.Ordinal, new BoundColumn(source.Output[i])));
        }
        return source;
    }

    /// <summary>Whether a value must not be given for the column.</summary>
    private static bool IsComputed(
        Column column, Ast.OverridingKind overriding, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? what, out string? hint)
    {
        what = null;
        hint = null;
        if (column.GeneratedSql is not null)
            what = "is generated; it takes no value but DEFAULT";
        else if (column.Type.Kind == SqlTypeKind.RowVersion)
            what = "is a row version, which the database writes; it takes no value but DEFAULT";
        else if (column.Identity is { IsAlways: true } && overriding == Ast.OverridingKind.None)
            (what, hint) = ("is an identity GENERATED ALWAYS", "Use OVERRIDING SYSTEM VALUE to give it a value.");
        return what is not null;
    }

    /// <summary>Adds the defaults of columns that are not assigned, to every row.</summary>
    private LogicalOperator AddDefaults(
        Table table, LogicalOperator source, List<Assignment> assignments, List<(Column Column, SourcePosition Position)> targets)
    {
        List<ProjectItem>? items = null;
        foreach (Column column in table.Columns)
        {
            if (column.DefaultSql is null || column.GeneratedSql is not null || assignments.Exists(a => a.Ordinal == column.Ordinal))
                continue;
            if (BindDefault(table, column, false) is not { } value)
                continue;
            if (items is null)
            {
                items = new List<ProjectItem>(source.Output.Count + 4);
                foreach (PlanColumn c in source.Output)
                    items.Add(new ProjectItem(c, new BoundColumn(c)));
            }

            PlanColumn added = NewColumn(column.Name, value);
            items.Add(new ProjectItem(added, value));
            assignments.Add(new Assignment(column.Ordinal, new BoundColumn(added)));
        }
        return items is null ? source : new LogicalProject(source, items);
    }

    /// <summary>A column's default as an expression; null for none.</summary>
    private BoundExpression? BindDefault(Table table, Column column, bool withIdentity)
    {
        if (column.Identity is { } identity)
        {
            if (!withIdentity || _catalog.Find<Sequence>(identity.SequenceId) is not { } sequence)
                return null;
            string name = $"\"{sequence.Schema!.Replace("\"", "\"\"", StringComparison.Ordinal)}\".\"{sequence.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
            BoundExpression next = Operator("nextval", [Text(name, SqlType.Text)], [default], default);
            return Coerce(next, column.Type, CastContext.Assignment, default);
        }

        if (column.DefaultSql is null)
            return null;
        return Stored(table, column.DefaultSql, $"The default of the column \"{column.Name}\"", () => Restricted("a default", () =>
            Coerce(Bind(SqlParser.ParseExpression(column.DefaultSql), new Scope(null, FromScope.Empty) { Clause = "a default" }), column.Type, CastContext.Assignment, default, $"The column \"{column.Name}\"")));
    }

    private BoundExpression Assign(BoundExpression value, Table table, Column column, SourcePosition position)
    {
        if (value.Type.Kind != SqlTypeKind.Unknown && Casts.Find(value.Type, column.Type) is not { Context: <= CastContext.Assignment })
            throw NotAssignable(value.Type, table, column, position);
        return Coerce(value, column.Type, CastContext.Assignment, position);
    }

    private static BareMetalException NotAssignable(SqlType from, Table table, Column column, SourcePosition position) =>
        new(SqlStates.DatatypeMismatch, $"The column \"{column.Name}\" is of type {TypeNames.Format(column.Type)}, but the value is of type {TypeNames.Format(from)}.")
        {
            Position = position.IsNone ? 0 : position.Offset + 1,
            Line = position.Line,
            Column = position.Column,
            Hint = Casts.Find(from, column.Type) is null ? null : $"Convert it with CAST(… AS {TypeNames.Format(column.Type)}).",
            TableName = table.Name,
            SchemaName = table.Schema,
            ColumnName = column.Name,
        };

    private FromScope TableRange(TableRowBinding row, string alias, string? schema) => new(RangeOf(row, alias, schema));

    /// <summary>The row of the target by its names: those of the view, when the statement writes through one.</summary>
    private RangeTable RangeOf(TableRowBinding row, string alias, string? schema) =>
        _targetView is { } view ? ViewRange(view, row, alias, schema) : TableRangeOf(row, alias, schema);

    private static RangeTable TableRangeOf(TableRowBinding row, string alias, string? schema)
    {
        var columns = new ScopeColumn[row.Columns.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            Column column = row.Table.Columns[i];
            BoundExpression expression = new BoundColumn(row.Columns[i]);
            if (IsVirtual(column))
            {
                foreach (var (ordinal, generated) in row.Generated)
                {
                    if (ordinal == column.Ordinal)
                        expression = generated;
                }
            }
            columns[i] = new ScopeColumn(column.Name, expression) { Origin = column };
        }
        return new RangeTable(alias, schema, columns) { Table = row.Table };
    }

    private OnConflictAction BindOnConflict(Ast.InsertStatement statement, Ast.OnConflictClause clause, Table table, TableRowBinding newRow)
    {
        TableIndex? arbiter = null;
        bool isPrimaryKey = false;
        if (clause.Constraint is { } name)
            FindConstraint(table, name, out arbiter, out isPrimaryKey);
        else if (clause.Target.Length > 0)
            FindArbiter(table, clause, out arbiter, out isPrimaryKey);
        TableRowBinding existing = BindRow(table);
        if (clause.Update is null)
            return new OnConflictAction(arbiter, existing, null, null) { ArbiterIsPrimaryKey = isPrimaryKey };
        (string alias, string? schema) = NamesOfTarget(table, statement.Alias);
        RangeTable target = RangeOf(existing, alias, schema);
        RangeTable excluded = RangeOf(newRow, "excluded", null);
        var scope = new Scope(null, new FromScope([target, excluded], [.. target.Columns, .. excluded.Columns])) { Clause = "ON CONFLICT" };
        List<Assignment> assignments = BindAssignments(table, clause.Update, scope);
        BoundExpression? where = clause.Where is null ? null : BindCondition(clause.Where, scope);
        return new OnConflictAction(arbiter, existing, assignments, where) { ArbiterIsPrimaryKey = isPrimaryKey };
    }

    private static void FindConstraint(Table table, Ast.Identifier name, out TableIndex? arbiter, out bool isPrimaryKey)
    {
        arbiter = null;
        isPrimaryKey = table.PrimaryKey is { } primary && name.Is(primary.Name);
        if (isPrimaryKey)
            return;
        foreach (KeyConstraint key in table.UniqueConstraints)
        {
            if (!name.Is(key.Name))
                continue;
            foreach (TableIndex index in table.Indexes)
            {
                if (index.Id == key.IndexId)
                {
                    arbiter = index;
                    return;
                }
            }
        }

        throw SqlErrors.At(name.Position, SqlStates.UndefinedObject, $"The table \"{table.Name}\" has no primary key or unique constraint \"{name}\".");
    }

    private void FindArbiter(Table table, Ast.OnConflictClause clause, out TableIndex? arbiter, out bool isPrimaryKey)
    {
        var columns = new HashSet<int>();
        bool plain = true;
        foreach (Ast.ConflictTargetItem item in clause.Target)
        {
            if (item.Expression is Ast.ColumnExpression { Parts: [var column] })
                columns.Add(TargetColumn(table, column).Id);
            else
                plain = false;
        }

        arbiter = null;
        isPrimaryKey = plain && clause.TargetWhere is null && table.PrimaryKey is { } primary && columns.SetEquals(primary.ColumnIds);
        if (isPrimaryKey)
            return;
        BoundExpression[]? expressions = null;
        foreach (TableIndex index in table.Indexes)
        {
            if (!index.IsUnique || (index.FilterSql is not null && clause.TargetWhere is null))
                continue;
            bool hasExpressions = false;
            var keys = new HashSet<int>();
            foreach (IndexKeyPart part in index.Keys)
            {
                if (part.ExpressionSql is null)
                    keys.Add(part.ColumnId);
                else
                    hasExpressions = true;
            }

            if (!keys.SetEquals(columns) || hasExpressions == plain)
                continue;
            if (hasExpressions || index.FilterSql is not null)
            {
                TableRowBinding row = BindRow(table);
                var scope = new Scope(null, TableRange(row, table.Name, table.Schema));
                if (hasExpressions)
                {
                    expressions = [.. clause.Target.Where(t => t.Expression is not Ast.ColumnExpression).Select(t => Bind(t.Expression, scope))];
                    bool all = index.Keys.Select((_, i) => i).Where(i => row.IndexExpressions.ContainsKey((index, i)))
                        .All(i => expressions.Any(e => BoundTree.AreEqual(e, row.IndexExpressions[(index, i)])));
                    if (!all)
                        continue;
                }

                // The target's WHERE must be the index's, or say more.
                if (index.FilterSql is not null && BindCondition(clause.TargetWhere!, scope) is var where
                    && !BoundTree.AreEqual(where, row.IndexFilters[index]) && !Implication.Proves([where], row.IndexFilters[index]))
                    continue;
            }

            arbiter = index;
            return;
        }

        throw SqlErrors.At(
            clause.Target[0].Position, SqlStates.InvalidColumnReference, $"The table \"{table.Name}\" has no unique key over exactly the columns of ON CONFLICT.",
            "Name the columns of the primary key, of a unique constraint or of a unique index.");
    }

    // ---- UPDATE and DELETE

    private List<Assignment> BindAssignments(Table table, Ast.Assignment[] syntax, Scope scope)
    {
        var assignments = new List<Assignment>();
        foreach (Ast.Assignment assignment in syntax)
        {
            for (int i = 0; i < assignment.Columns.Length; i++)
            {
                Ast.Identifier name = assignment.Columns[i];
                Column column = TargetColumn(table, name);
                if (assignments.Exists(a => a.Ordinal == column.Ordinal))
                    throw SqlErrors.At(name.Position, SqlStates.DuplicateColumn, $"The column \"{column.Name}\" is assigned twice.");
                if (assignment.Columns.Length > 1 && assignment.Value is Ast.SubqueryExpression subquery)
                {
                    var expected = new SqlType[assignment.Columns.Length];
                    for (int j = 0; j < expected.Length; j++)
                        expected[j] = TargetColumn(table, assignment.Columns[j]).Type;
                    CheckUpdatable(table, column, name.Position);
                    BoundSubquery value = SubqueryColumn(subquery, scope, i, assignment.Columns.Length, expected);
                    assignments.Add(new Assignment(column.Ordinal, Assign(value, table, column, subquery.Position)));
                    continue;
                }

                Ast.Expression item = assignment is { IsRow: true, Value: Ast.RowExpression row } ? row.Items[i] : assignment.Value;
                if (item is Ast.DefaultExpression)
                {
                    if (column.GeneratedSql is not null || column.Type.Kind == SqlTypeKind.RowVersion)
                        continue;
                    assignments.Add(new Assignment(column.Ordinal, BindDefault(table, column, true) ?? Null(column.Type)));
                    continue;
                }

                CheckUpdatable(table, column, name.Position);
                assignments.Add(new Assignment(column.Ordinal, Assign(Bind(item, scope), table, column, item.Position)));
            }
        }
        return assignments;
    }

    private static void CheckUpdatable(Table table, Column column, SourcePosition position)
    {
        if (column.Identity is { IsAlways: true })
            throw GeneratedAlways(table, column, position, "is an identity GENERATED ALWAYS; it can be set to DEFAULT only", null);
        if (IsComputed(column, Ast.OverridingKind.System, out string? what, out string? hint))
            throw GeneratedAlways(table, column, position, what, hint);
    }

    /// <summary>The target of an UPDATE or DELETE joined with its FROM list: rows with their key, and what names see.</summary>
    private (LogicalOperator Source, LogicalScan Scan, TableRowBinding OldRow, FromScope Scope, FromScope Others) BindTarget(
        Table table, string alias, string? schema, Ast.TableReference[] from)
    {
        PlanColumn rowKey = NewColumn("row key", SqlType.Bytea, false);
        var columns = new PlanColumn[table.Columns.Count];
        var stored = new List<PlanColumn>();
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = TableColumn(table, table.Columns[i], false);
            if (!IsVirtual(table.Columns[i]))
                stored.Add(columns[i]);
        }

        TableRowBinding oldRow = BindRow(table, columns);
        var scan = new LogicalScan(table, stored, alias) { Lock = RowLockMode.Update, RowKey = rowKey };
        var target = new FromScope(RangeOf(oldRow, alias, schema));
        if (from.Length == 0)
            return (scan, scan, oldRow, target, FromScope.Empty);
        (LogicalOperator source, FromScope scope) = BindFromItems(scan, target, from, new FromContext(null, null, null, false, true));
        RangeTable[] others = [.. scope.Tables.Where(t => t != target.Tables[0])];
        ScopeColumn[] otherColumns = [.. scope.Columns.Skip(target.Columns.Count)];
        return (source, scan, oldRow, scope, new FromScope(others, otherColumns));
    }

    private LogicalOperator BindUpdate(Ast.UpdateStatement statement)
    {
        CteScope? saved = _ctes;
        List<CteDefinition>? definitions = BindStatementWith(statement.With);
        Table table = ResolveTarget(statement.Table, "UPDATE");
        (string alias, string? schema) = NamesOfTarget(table, statement.Alias);
        var (source, scan, oldRow, from, others) = BindTarget(table, alias, schema, statement.From);
        source = OfTargetView(source, oldRow);
        var scope = new Scope(null, from) { Clause = "WHERE" };
        if (statement.Where is not null)
            source = new LogicalFilter(source, BindCondition(statement.Where, scope));
        scope.Clause = "SET";
        List<Assignment> assignments = BindAssignments(table, statement.Assignments, scope);
        bool isWhole = AnyWrites(definitions);
        if (definitions is not null && !isWhole)
        {
            // Subqueries in SET may read the definitions: their values are computed within.
            var items = new List<ProjectItem>();
            foreach (PlanColumn c in source.Output)
                items.Add(new ProjectItem(c, new BoundColumn(c)));
            for (int i = 0; i < assignments.Count; i++)
            {
                PlanColumn value = NewColumn(table.Columns[assignments[i].Ordinal].Name, assignments[i].Value);
                items.Add(new ProjectItem(value, assignments[i].Value));
                assignments[i] = assignments[i] with { Value = new BoundColumn(value) };
            }
            source = new LogicalWith(definitions, new LogicalProject(source, items));
        }

        TableRowBinding newRow = WithCheckOptions(BindRow(table));
        FromScope result = FromScope.Combine(TableRange(newRow, alias, schema), others);
        IReadOnlyList<ProjectItem> returning = BindReturning(statement.Returning, result);
        _ctes = saved;
        if (!assignments.Exists(a => IsInKey(table, table.Columns[a.Ordinal])))
            source = WithLock(source, scan, RowLockMode.NoKeyUpdate);
        return Whole(isWhole ? definitions : null, new LogicalUpdate(table, source, scan.RowKey!, oldRow, newRow, assignments, returning));
    }

    /// <summary>Whether a column is part of a key that others may rely on: the primary one, or one of a unique index (whose expressions may read any column).</summary>
    private static bool IsInKey(Table table, Column column)
    {
        // A generated column may be part of a key, and read any other.
        foreach (Column other in table.Columns)
        {
            if (other.GeneratedSql is not null && IsKeyPart(table, other))
                return true;
        }

        return IsKeyPart(table, column);
    }

    private static bool IsKeyPart(Table table, Column column)
    {
        if (table.PrimaryKey is { } primary && primary.ColumnIds.Contains(column.Id))
            return true;
        foreach (TableIndex index in table.Indexes)
        {
            if (!index.IsUnique)
                continue;
            foreach (var key in index.Keys)
            {
                if (key.ExpressionSql is not null || key.ColumnId == column.Id)
                    return true;
            }
        }

        return false;
    }

    private static LogicalOperator WithLock(LogicalOperator plan, LogicalScan scan, RowLockMode mode) =>
        ReferenceEquals(plan, scan) ? scan with { Lock = mode } : LogicalTools.MapInputs(plan, input => WithLock(input, scan, mode));

    private LogicalOperator BindDelete(Ast.DeleteStatement statement)
    {
        CteScope? saved = _ctes;
        List<CteDefinition>? definitions = BindStatementWith(statement.With);
        Table table = ResolveTarget(statement.Table, "DELETE");
        (string alias, string? schema) = NamesOfTarget(table, statement.Alias);
        var (source, scan, oldRow, from, _) = BindTarget(table, alias, schema, statement.Using);
        source = OfTargetView(source, oldRow);
        var scope = new Scope(null, from) { Clause = "WHERE" };
        if (statement.Where is not null)
            source = new LogicalFilter(source, BindCondition(statement.Where, scope));
        bool isWhole = AnyWrites(definitions);
        if (definitions is not null && !isWhole)
            source = new LogicalWith(definitions, source);
        IReadOnlyList<ProjectItem> returning = BindReturning(statement.Returning, from);
        _ctes = saved;
        return Whole(isWhole ? definitions : null, new LogicalDelete(table, source, scan.RowKey!, oldRow, returning));
    }

    private IReadOnlyList<ProjectItem> BindReturning(Ast.SelectItem[]? syntax, FromScope from)
    {
        if (syntax is null)
            return [];
        var scope = new Scope(null, from) { Clause = "RETURNING" };
        List<SelectColumn> items = ExpandItems(syntax, scope);
        var projected = new ProjectItem[items.Count];
        for (int i = 0; i < projected.Length; i++)
        {
            BoundExpression value = Known(items[i].Expression ?? Bind(items[i].Syntax!, scope), items[i].Position);
            projected[i] = new ProjectItem(NewColumn(items[i].Name, value), value);
        }
        return projected;
    }
}
