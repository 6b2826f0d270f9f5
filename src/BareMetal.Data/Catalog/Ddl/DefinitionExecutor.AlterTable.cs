using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>ALTER TABLE. Each action leaves the table whole, data included, before the next begins.</summary>
internal sealed partial class DefinitionExecutor
{
    private void AlterTable(AlterTableStatement statement)
    {
        Table? table = FindTable(statement.Name, statement.IfExists);
        if (table is null)
        {
            _context.Notice($"The table \"{statement.Name}\" does not exist, skipping.");
            return;
        }

        if (table.Id < 0)
            throw SystemObject($"table \"{table.Name}\"", statement.Name.Position);
        LockExclusively(table);
        foreach (AlterTableAction action in statement.Actions)
        {
            table = Current.Find<Table>(table.Id)!;
            Table next = Apply(table, action);
            if (!ReferenceEquals(next, table))
            {
                // The version counts from what the catalog has by now: an action may have touched the table on its way.
                Catalog.Put(next with { Version = Current.Find<Table>(table.Id)!.Version + 1 });
            }
        }
    }

    private Table Apply(Table table, AlterTableAction action) => action switch
    {
        AddColumnAction a => AddColumn(table, a),
        DropColumnAction a => DropColumn(table, a),
        AlterColumnTypeAction a => AlterType(table, a),
        AlterColumnDefaultAction a => AlterDefault(table, a),
        AlterColumnNullAction a => AlterNull(table, a),
        AlterColumnIdentityAction a => AlterIdentity(table, a),
        AlterColumnExpressionAction a => AlterExpression(table, a),
        RenameColumnAction a => RenameColumn(table, a),
        RenameConstraintAction a => RenameConstraint(table, a),
        AddConstraintAction a => AddConstraint(table, a),
        DropConstraintAction a => DropConstraint(table, a),
        SetTableOptionsAction a => SetOptions(table, a.Options),
        _ => throw CatalogErrors.Make(SqlStates.FeatureNotSupported, $"{action.GetType().Name} is not supported.", action.Position),
    };

    /// <summary>The table with options of WITH, SET or RESET.</summary>
    private static Table SetOptions(Table table, TableOption[] options)
    {
        foreach (TableOption option in options)
        {
            if (!option.Name.Is("compression"))
                throw CatalogErrors.Make(SqlStates.InvalidParameterValue, $"\"{option.Name.Name}\" is not an option of a table.", option.Position, "There is compression = brotli | none.");
            TableCompression compression = option.Value?.ToLowerInvariant() switch
            {
                null or "none" or "off" or "false" => TableCompression.None,
                "brotli" or "on" or "true" => TableCompression.Brotli,
                _ => throw CatalogErrors.Make(SqlStates.InvalidParameterValue, $"\"{option.Value}\" is not a way to compress.", option.Position, "Give brotli or none."),
            };
            table = table with { Compression = compression };
        }

        return table;
    }

    private Table AddConstraint(Table table, AddConstraintAction action) => action.Constraint switch
    {
        Sql.Syntax.KeyConstraint key => AddKey(table, key, isNew: false),
        Sql.Syntax.CheckConstraint check => AddCheck(table, check, isNew: false, validate: !action.NotValid),
        ForeignKeyConstraint foreignKey => AddForeignKey(table, foreignKey, validate: !action.NotValid),
        _ => throw CatalogErrors.Make(SqlStates.FeatureNotSupported, "This kind of constraint is not supported.", action.Position),
    };

    private Table AddColumn(Table table, AddColumnAction action)
    {
        ColumnDefinition definition = action.Column;
        if (table.FindColumn(definition.Name.Name) is { } existing)
        {
            if (!action.IfNotExists)
                throw CatalogErrors.Make(SqlStates.DuplicateColumn, $"The table \"{table.Name}\" already has a column \"{existing.Name}\".", definition.Name.Position);
            _context.Notice($"The table \"{table.Name}\" already has a column \"{existing.Name}\", skipping.");
            return table;
        }

        if (table.Columns.Count >= MaxColumns)
            throw CatalogErrors.Make(SqlStates.TooManyColumns, $"A table has at most {MaxColumns} columns.", definition.Position);
        Column column = MakeColumn(table, definition);
        Table next = Append(table, column);
        bool stored = column.GeneratedSql is null || column.IsStored;
        if (stored)
            next = WithNewLayout(next);
        TableBinder.Validate(next, Current, _context.SearchPath);
        if (stored && _data.HasRows(table))
            next = FillNewColumn(table, next, column);

        List<TableConstraint> constraints = [.. definition.Constraints];
        foreach (TableConstraint constraint in constraints)
        {
            // The catalog has the column before constraints over it are checked against its rows.
            Catalog.Put(next);
            next = AddConstraint(next, new AddConstraintAction { Constraint = constraint, Position = constraint.Position });
        }

        return next;
    }

    /// <summary>What the rows that are there have in a new column: a stable default is kept once, anything else is written into the rows.</summary>
    private Table FillNewColumn(Table table, Table next, Column column)
    {
        if (column.Identity is not null || column.GeneratedSql is not null)
            return Rewrite(table, next);
        if (column.Type.Kind == SqlTypeKind.RowVersion)
            return WithMissingValue(next, column, ValueCodec.Encode(column.Type, Value.From(SqlTypeKind.RowVersion, Catalog.Store.NextRowVersion())));
        if (column.DefaultSql is null)
        {
            return column.IsNullable ? next : throw CatalogErrors.Constraint(SqlStates.NotNullViolation,
                $"The column \"{column.Name}\" can't be NOT NULL without a default: the table \"{table.Name}\" has rows.", table, null, column.Name);
        }

        BoundExpression bound = TableBinder.BindDefault(next, next.Columns[^1], Current, _context.SearchPath);
        if (TableBinder.IsVolatile(bound))
            return Rewrite(table, next);
        Value value = _data.Evaluate(bound);
        if (!value.IsNull)
            return WithMissingValue(next, column, ValueCodec.Encode(column.Type, value));
        return column.IsNullable ? next : throw CatalogErrors.Constraint(SqlStates.NotNullViolation,
            $"The default of the column \"{column.Name}\" is null, but the column is NOT NULL and the table \"{table.Name}\" has rows.", table, null, column.Name);
    }

    private static Table WithMissingValue(Table table, Column column, byte[] value) =>
        table with { Columns = [.. table.Columns.Select(c => c.Id == column.Id ? c with { MissingValue = value } : c)] };

    private Table DropColumn(Table table, DropColumnAction action)
    {
        Column? column = table.FindColumn(action.Column.Name);
        if (column is null)
        {
            if (!action.IfExists)
                throw CatalogErrors.NoColumn(table, action.Column.Name, action.Column.Position);
            _context.Notice($"The table \"{table.Name}\" has no column \"{action.Column.Name}\", skipping.");
            return table;
        }

        if (table.Columns.Count == 1)
            throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"The column \"{column.Name}\" is the only one of table \"{table.Name}\".", action.Column.Position, "Drop the table.");
        string what = $"The column \"{column.Name}\" of table \"{table.Name}\"";
        DropDependentViews(table.Id, column.Id, what, action.Cascade);

        // Generated columns over it go with CASCADE only; indexes and constraints over it go in any case, as in PostgreSQL.
        TableRowBinding row = TableBindings.For(table, Current, _context.SearchPath);
        List<string> generated = [];
        foreach ((int ordinal, BoundExpression expression) in row.Generated)
        {
            if (ordinal != column.Ordinal && TableBinder.Uses(expression, row.Columns[column.Ordinal]))
                generated.Add(table.Columns[ordinal].Name);
        }

        if (generated.Count > 0)
        {
            if (!action.Cascade)
                throw CatalogErrors.Dependents(what, generated.Select(g => $"generated column \"{g}\""));
            foreach (string name in generated)
            {
                Table now = Current.Find<Table>(table.Id)!;
                Table without = DropColumn(now, new DropColumnAction { Column = new Identifier(name, action.Column.Position), Cascade = true, Position = action.Position });
                Save(without);
            }

            return DropColumn(Current.Find<Table>(table.Id)!, action);
        }

        bool inPrimaryKey = table.PrimaryKey?.ColumnIds.Contains(column.Id) == true;
        if (inPrimaryKey)
            table = DropReferences(table, table.PrimaryKey!.ColumnIds, $"The primary key \"{table.PrimaryKey.Name}\"", action.Cascade);
        foreach (TableIndex index in table.Indexes)
        {
            if (IndexUses(index, column, row) && index.IsUnique)
            {
                int[] columns = [.. index.Keys.Select(k => k.ColumnId)];
                table = DropReferences(table, columns, $"The index \"{index.Name}\"", action.Cascade);
            }
        }

        foreach (ForeignKey key in table.ForeignKeys)
        {
            if (key.ColumnIds.Contains(column.Id) && key.ReferencedTableId != table.Id)
                Touch(key.ReferencedTableId);
        }

        foreach (TableIndex index in table.Indexes)
        {
            if (IndexUses(index, column, row))
                table = RemoveIndex(table, index.Id);
        }

        HashSet<CheckConstraint> goneChecks = [];
        foreach ((CheckConstraint check, BoundExpression expression) in row.Checks)
        {
            if (TableBinder.Uses(expression, row.Columns[column.Ordinal]))
                goneChecks.Add(check);
        }

        Table next = table with
        {
            UniqueConstraints = [.. table.UniqueConstraints.Where(k => !k.ColumnIds.Contains(column.Id))],
            ForeignKeys = [.. table.ForeignKeys.Where(k => !k.ColumnIds.Contains(column.Id))],
            Checks = [.. table.Checks.Where(c => !goneChecks.Contains(c))],
            Columns = Renumber(table.Columns.Where(c => c.Id != column.Id)),
        };
        if (column.Identity is { } identity && Current.Find<Sequence>(identity.SequenceId) is { } sequence)
            Catalog.Remove(sequence);
        foreach (CatalogObject o in Current.Objects.ToArray())
        {
            if (o is Sequence { OwnedBy: { } owner } owned && owner.TableId == table.Id && owner.ColumnId == column.Id)
                Catalog.Remove(owned);
        }

        if (column.GeneratedSql is null || column.IsStored)
            next = WithNewLayout(next);
        return inPrimaryKey
            ? Rewrite(table, next with { PrimaryKey = null, RowIdSequence = NewCounter() })
            : next;
    }

    private static bool IndexUses(TableIndex index, Column column, TableRowBinding row)
    {
        PlanColumn plan = row.Columns[column.Ordinal];
        for (int i = 0; i < index.Keys.Count; i++)
        {
            if (index.Keys[i].ExpressionSql is null)
            {
                if (index.Keys[i].ColumnId == column.Id)
                    return true;
            }
            else if (row.IndexExpressions.TryGetValue((index, i), out BoundExpression? expression) && TableBinder.Uses(expression, plan))
            {
                return true;
            }
        }

        return index.IncludedColumnIds.Contains(column.Id)
            || (row.IndexFilters.TryGetValue(index, out BoundExpression? filter) && TableBinder.Uses(filter, plan));
    }

    private Table AlterType(Table table, AlterColumnTypeAction action)
    {
        Column column = FindColumn(table, action.Column);
        if (column.GeneratedSql is not null && action.Using is not null)
            throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"The type of the generated column \"{column.Name}\" is changed without USING: its values follow from its expression.", action.Position);
        SqlType type = ResolveType(action.Type, action.Collation);
        if (type.Kind is SqlTypeKind.Record or SqlTypeKind.Unknown)
            throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"A column can't have the type {action.Type}.", action.Type.Position);
        if (type == column.Type && action.Using is null)
            return table;
        if (DependentViews(table.Id, column.Id) is { Count: > 0 } views)
            throw ViewsInTheWay($"The type of the column \"{column.Name}\" can't be changed", views);
        if (column.Identity is not null && !IsInteger(type) && type.Kind != SqlTypeKind.Decimal)
            throw CatalogErrors.Make(SqlStates.InvalidParameterValue, $"The identity column \"{column.Name}\" must have an integer type.", action.Position);

        TableRowBinding row = TableBindings.For(table, Current, _context.SearchPath);
        BoundExpression value = action.Using is not null
            ? TableBinder.BindOver(row, action.Using, Current, _context.SearchPath, type)
            : TableBinder.Cast(new BoundColumn(row.Columns[column.Ordinal]), type, column, action.Position);

        Table next = table with
        {
            Columns = [.. table.Columns.Select(c => c.Id == column.Id ? c with { Type = type, MissingValue = null } : c)],
            Indexes = [.. table.Indexes.Select(i => Retyped(i, column, type))],
        };
        CheckForeignKeyTypes(next, column, action);
        if (column.Identity is { } identity && Current.Find<Sequence>(identity.SequenceId) is { } sequence && IsInteger(type))
            Catalog.Put(Altered(sequence, new SequenceOptions { Type = action.Type, Position = action.Position }));

        bool dependents = row.Generated.Any(g => g.Ordinal != column.Ordinal && TableBinder.Uses(g.Expression, row.Columns[column.Ordinal]));
        bool virtualColumn = column.GeneratedSql is not null && !column.IsStored;
        if (virtualColumn)
        {
            TableBinder.Validate(next, Current, _context.SearchPath);
            return RebuildIndexes(next, i => IndexUses(table.Indexes.First(o => o.Id == i.Id), column, row));
        }

        bool keepsRows = action.Using is null && !dependents && column.GeneratedSql is null && TypeChanges.KeepsStoredValues(column.Type, type);
        if (!keepsRows)
        {
            next = WithNewLayout(next);
            TableBinder.Validate(next, Current, _context.SearchPath);
            return Rewrite(table, next, (column.Id, value));
        }

        // Old rows are read through the wider type; what was kept for rows older than the column is converted now.
        byte[]? missing = column.MissingValue is null ? null : ValueCodec.Encode(type, Casts.Convert(ValueCodec.Decode(column.Type, column.MissingValue), column.Type, type));
        next = next with { Columns = [.. next.Columns.Select(c => c.Id == column.Id ? c with { MissingValue = missing } : c)] };
        next = WithNewLayout(next);
        TableBinder.Validate(next, Current, _context.SearchPath);
        bool sameKeys = TypeChanges.KeepsKeys(column.Type, type);
        if (sameKeys)
            return next;
        if (table.PrimaryKey?.ColumnIds.Contains(column.Id) == true)
            return Rewrite(table, next);
        return RebuildIndexes(next, i => IndexUses(table.Indexes.First(o => o.Id == i.Id), column, row));
    }

    private static TableIndex Retyped(TableIndex index, Column column, SqlType type)
    {
        foreach (IndexKeyPart part in index.Keys)
        {
            if (part.ExpressionSql is null && part.ColumnId == column.Id)
            {
                return index with
                {
                    Version = index.Version + 1,
                    Keys = [.. index.Keys.Select(k => k.ExpressionSql is null && k.ColumnId == column.Id ? k with { Type = type } : k)],
                };
            }
        }

        return index;
    }

    private void CheckForeignKeyTypes(Table next, Column column, AlterColumnTypeAction action)
    {
        foreach (ForeignKey key in next.ForeignKeys)
        {
            Table parent = key.ReferencedTableId == next.Id ? next : Current.Find<Table>(key.ReferencedTableId)!;
            CheckForeignKeyTypes(next, key, parent, column, action);
        }

        foreach (Table child in Current.ReferencingTables(next.Id))
        {
            if (child.Id == next.Id)
                continue;
            foreach (ForeignKey key in child.ForeignKeys)
            {
                if (key.ReferencedTableId == next.Id)
                    CheckForeignKeyTypes(child, key, next, column, action);
            }
        }
    }

    private static void CheckForeignKeyTypes(Table child, ForeignKey key, Table parent, Column column, AlterColumnTypeAction action)
    {
        for (int i = 0; i < key.ColumnIds.Count; i++)
        {
            SqlType a = child.FindColumn(key.ColumnIds[i])!.Type;
            SqlType b = parent.FindColumn(key.ReferencedColumnIds[i])!.Type;
            if (a.Kind != b.Kind && !(TableKeys.IsNumeric(a) && TableKeys.IsNumeric(b)))
                throw CatalogErrors.Make(SqlStates.DatatypeMismatch, $"The type of the column \"{column.Name}\" can't be changed to {TypeNames.Format(b)}: the foreign key \"{key.Name}\" would compare {TypeNames.Format(a)} with {TypeNames.Format(b)}.", action.Position, "Drop the foreign key first.");
        }
    }

    private Table AlterDefault(Table table, AlterColumnDefaultAction action)
    {
        Column column = FindColumn(table, action.Column);
        if (column.GeneratedSql is not null || column.Identity is not null)
            throw CatalogErrors.Make(SqlStates.SyntaxError, $"The column \"{column.Name}\" is {(column.Identity is null ? "a generated" : "an identity")} column and can't have a default.", action.Position);
        Table next = Replace(table, column with { DefaultSql = action.Default is null ? null : action.Text });
        if (action.Default is not null)
            TableBinder.BindDefault(next, next.FindColumn(column.Id)!, Current, _context.SearchPath);
        return next;
    }

    private static Table Replace(Table table, Column column) =>
        table with { Columns = [.. table.Columns.Select(c => c.Id == column.Id ? column : c)] };

    private Table AlterNull(Table table, AlterColumnNullAction action)
    {
        Column column = FindColumn(table, action.Column);
        if (action.NotNull)
        {
            if (!column.IsNullable)
                return table;
            _data.CheckNotNull(table, column);
            return Replace(table, column with { IsNullable = false });
        }

        if (table.PrimaryKey?.ColumnIds.Contains(column.Id) == true)
            throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"The column \"{column.Name}\" is part of the primary key and stays NOT NULL.", action.Position);
        if (column.Identity is not null)
            throw CatalogErrors.Make(SqlStates.SyntaxError, $"The column \"{column.Name}\" is an identity column and stays NOT NULL.", action.Position);
        return Replace(table, column with { IsNullable = true });
    }

    private Table AlterIdentity(Table table, AlterColumnIdentityAction action)
    {
        Column column = FindColumn(table, action.Column);
        switch (action.Change)
        {
            case IdentityChange.Add:
                if (column.Identity is not null)
                    throw CatalogErrors.Make(SqlStates.ObjectNotInPrerequisiteState, $"The column \"{column.Name}\" already is an identity column.", action.Position);
                if (column.DefaultSql is not null || column.GeneratedSql is not null)
                    throw CatalogErrors.Make(SqlStates.ObjectNotInPrerequisiteState, $"The column \"{column.Name}\" has a default or is generated.", action.Position, "DROP DEFAULT first.");
                if (column.IsNullable)
                    _data.CheckNotNull(table, column);
                IdentityOptions identity = MakeIdentity(table, column, action.Kind, action.Options);
                Table added = Replace(table, column with { Identity = identity, IsNullable = false });
                if (action.Options?.Start is null && _data.HighestValue(table, column) is { } highest)
                    SequenceValues.MoveBeyond(Current.Find<Sequence>(identity.SequenceId)!, highest, Transaction.EngineOf(Current.Find<Sequence>(identity.SequenceId)!.StorageSequence));
                return added;
            case IdentityChange.Drop:
                if (column.Identity is null)
                {
                    if (!action.IfExists)
                        throw NotIdentity(column, action.Position);
                    return table;
                }

                if (Current.Find<Sequence>(column.Identity.SequenceId) is { } dropped)
                    Catalog.Remove(dropped);
                return Replace(table, column with { Identity = null });
            default:
                if (column.Identity is null)
                    throw NotIdentity(column, action.Position);
                if (action.Options is not null && Current.Find<Sequence>(column.Identity.SequenceId) is { } sequence)
                    Catalog.Put(Altered(sequence, action.Options));
                return action.Kind == IdentityKind.None
                    ? Replace(table, column)
                    : Replace(table, column with { Identity = column.Identity with { IsAlways = action.Kind == IdentityKind.Always } });
        }
    }

    private static BareMetalException NotIdentity(Column column, SourcePosition at) =>
        CatalogErrors.Make(SqlStates.ObjectNotInPrerequisiteState, $"The column \"{column.Name}\" is not an identity column.", at);

    private Table AlterExpression(Table table, AlterColumnExpressionAction action)
    {
        Column column = FindColumn(table, action.Column);
        if (column.GeneratedSql is null)
        {
            if (action.IfExists)
                return table;
            throw CatalogErrors.Make(SqlStates.ObjectNotInPrerequisiteState, $"The column \"{column.Name}\" is not a generated column.", action.Position);
        }

        if (action.Expression is null)
        {
            if (!column.IsStored)
                throw CatalogErrors.Make(SqlStates.FeatureNotSupported, $"The virtual column \"{column.Name}\" has no stored values that could stay.", action.Position, "Drop the column, or make it STORED first.");
            return Replace(table, column with { GeneratedSql = null, IsStored = false });
        }

        Table next = Replace(table, column with { GeneratedSql = action.Text });
        TableBinder.Validate(next, Current, _context.SearchPath);
        if (column.IsStored)
            return Rewrite(table, WithNewLayout(next));
        TableRowBinding row = TableBindings.For(table, Current, _context.SearchPath);
        return RebuildIndexes(next, i => IndexUses(table.Indexes.First(o => o.Id == i.Id), column, row));
    }

    private Table RenameColumn(Table table, RenameColumnAction action)
    {
        Column column = FindColumn(table, action.Column);
        string to = action.NewName.Name;
        if (!action.Column.Is(to) && table.FindColumn(to) is not null)
            throw CatalogErrors.Make(SqlStates.DuplicateColumn, $"The table \"{table.Name}\" already has a column \"{to}\".", action.NewName.Position);
        RenameInViews(table.Id, column.Name, to, column.Id);
        Table next = Replace(table, column with { Name = to });
        RenameInOwnTexts(ref next, column.Name, to);
        TableBinder.Validate(next, Current, _context.SearchPath);
        return next;
    }

    /// <summary>Renames a column (or the table) in the table's checks, generated columns, index predicates and index expressions.</summary>
    private static void RenameInOwnTexts(ref Table table, string from, string to)
    {
        string Renamed(string sql) => SqlText.RenameIdentifier(sql, from, to);
        table = table with
        {
            Columns = [.. table.Columns.Select(c => c.GeneratedSql is { } sql ? c with { GeneratedSql = Renamed(sql) } : c)],
            Checks = [.. table.Checks.Select(c => c with { Sql = Renamed(c.Sql) })],
            Indexes = [.. table.Indexes.Select(i => i with
            {
                FilterSql = i.FilterSql is { } filter ? Renamed(filter) : null,
                Keys = [.. i.Keys.Select(k => k.ExpressionSql is { } expression ? k with { ExpressionSql = Renamed(expression) } : k)],
            })],
        };
    }

    /// <summary>Writes all rows anew into new trees: under a new layout, with converted or computed columns, or under another key.</summary>
    private Table Rewrite(Table table, Table next, (int ColumnId, BoundExpression Value)? converted = null)
    {
        RowSchema schema = new(next.RowSchemaVersion + 1, StoredColumns(next.Columns));
        next = next with
        {
            Tree = CreateTree(),
            Indexes = [.. next.Indexes.Select(i => i with { Tree = CreateTree(), Version = i.Version + 1 })],
            RowSchemaVersion = schema.Version,
            SchemaHistory = [schema],
            Columns = [.. next.Columns.Select(c => c.MissingValue is null ? c : c with { MissingValue = null })],
        };
        _data.CopyRows(table, next, converted, Current, _context.SearchPath);
        DropTrees(table with { Indexes = [.. table.Indexes.Where(i => next.Indexes.Any(n => n.Id == i.Id))] });
        foreach (TableIndex index in next.Indexes)
            _data.BuildIndex(next, index);
        return next;
    }
}
