using BareMetal.Data.Binding;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using TableBinder = BareMetal.Data.Binding.TableBinder;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>Keys, checks and foreign keys: adding and dropping.</summary>
internal sealed partial class DefinitionExecutor
{
    private static bool HasConstraint(Table table, string name) =>
        string.Equals(table.PrimaryKey?.Name, name, StringComparison.OrdinalIgnoreCase)
        || table.UniqueConstraints.Any(k => string.Equals(k.Name, name, StringComparison.OrdinalIgnoreCase))
        || table.ForeignKeys.Any(k => string.Equals(k.Name, name, StringComparison.OrdinalIgnoreCase))
        || table.Checks.Any(k => string.Equals(k.Name, name, StringComparison.OrdinalIgnoreCase));

    private static BareMetalException NoConstraint(Table table, Identifier name) =>
        CatalogErrors.Make(SqlStates.UndefinedObject, $"The table \"{table.Name}\" has no constraint \"{name.Name}\".", name.Position);

    private static string ConstraintName(Table table, Identifier? given, string stem)
    {
        if (given is { } name)
        {
            if (HasConstraint(table, name.Name))
                throw CatalogErrors.Make(SqlStates.DuplicateObject, $"The table \"{table.Name}\" already has a constraint \"{name.Name}\".", name.Position);
            return name.Name;
        }

        string made = stem;
        for (int i = 1; HasConstraint(table, made); i++)
            made = stem + i.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return made;
    }

    private static int[] ColumnIds(Table table, Identifier[] names)
    {
        int[] ids = new int[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            ids[i] = FindColumn(table, names[i]).Id;
            if (Array.IndexOf(ids, ids[i], 0, i) >= 0)
                throw CatalogErrors.Make(SqlStates.DuplicateColumn, $"The column \"{names[i].Name}\" is given twice.", names[i].Position);
        }

        return ids;
    }

    private static void CheckKeyColumn(Column column, SourcePosition at)
    {
        if (column.Type.Kind == SqlTypeKind.Record)
            throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"The column \"{column.Name}\" of type {TypeNames.Format(column.Type)} can't be part of a key.", at);
    }

    private Table AddKey(Table table, Sql.Syntax.KeyConstraint syntax, bool isNew)
    {
        int[] ids = ColumnIds(table, syntax.Columns);
        for (int i = 0; i < ids.Length; i++)
            CheckKeyColumn(table.FindColumn(ids[i])!, syntax.Columns[i].Position);
        if (syntax.IsPrimary)
            return AddPrimaryKey(table, syntax, ids, isNew);

        string stem = $"{table.Name}_{string.Join('_', syntax.Columns.Select(c => table.FindColumn(c.Name)!.Name))}_key";
        string name = syntax.Name is null
            ? MakeName(table.Schema!, stem, n => HasConstraint(table, n) || HasIndex(table, n))
            : ConstraintName(table, syntax.Name, stem);
        if (Current.IsNameTaken(table.Schema!, name) || HasIndex(table, name))
            throw CatalogErrors.Exists("index", name, syntax.Position);
        TableIndex index = new()
        {
            Id = NewId(),
            Schema = table.Schema,
            Name = name,
            Tree = CreateTree(),
            IsUnique = true,
            NullsNotDistinct = syntax.NullsNotDistinct,
            Keys = [.. ids.Select(id => new IndexKeyPart(id, false, true) { Type = table.FindColumn(id)!.Type })],
            IncludedColumnIds = ColumnIds(table, syntax.Include),
        };
        table = table with
        {
            Indexes = [.. table.Indexes, index],
            UniqueConstraints = [.. table.UniqueConstraints, new KeyConstraint(KeyConstraintKind.Unique, name, ids) { IndexId = index.Id }],
        };
        if (!isNew)
            _data.BuildIndex(table, index);
        return table;
    }

    private static bool HasIndex(Table table, string name) => table.Indexes.Any(i => string.Equals(i.Name, name, StringComparison.OrdinalIgnoreCase));

    private Table AddPrimaryKey(Table table, Sql.Syntax.KeyConstraint syntax, int[] ids, bool isNew)
    {
        if (table.PrimaryKey is not null)
            throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"The table \"{table.Name}\" already has a primary key.", syntax.Position);
        foreach (int id in ids)
        {
            Column column = table.FindColumn(id)!;
            if (column.GeneratedSql is not null && !column.IsStored)
                throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"The virtual column \"{column.Name}\" can't be part of the primary key.", syntax.Position);
            if (!isNew && column.IsNullable)
                _data.CheckNotNull(table, column);
        }

        string name = ConstraintName(table, syntax.Name, $"{table.Name}_pkey");
        Table next = table with
        {
            PrimaryKey = new KeyConstraint(KeyConstraintKind.PrimaryKey, name, ids),
            RowIdSequence = 0,
            Columns = [.. table.Columns.Select(c => Array.IndexOf(ids, c.Id) >= 0 && c.IsNullable ? c with { IsNullable = false } : c)],
        };
        return isNew ? next : Rewrite(table, next);
    }

    private Table AddCheck(Table table, Sql.Syntax.CheckConstraint syntax, bool isNew, bool validate)
    {
        string? onlyColumn = null;
        foreach (Column column in table.Columns)
        {
            if (!SqlText.Mentions(syntax.Text, column.Name))
                continue;
            onlyColumn = onlyColumn is null ? column.Name : "";
        }

        string stem = string.IsNullOrEmpty(onlyColumn) ? $"{table.Name}_check" : $"{table.Name}_{onlyColumn}_check";
        CheckConstraint check = new(ConstraintName(table, syntax.Name, stem), syntax.Text);
        Table next = table with { Checks = [.. table.Checks, check] };
        if (isNew)
            return next;
        TableBinder.Validate(next, Current, _context.SearchPath);
        if (validate)
            _data.CheckRows(next, check);
        return next;
    }

    private Table AddForeignKey(Table table, ForeignKeyConstraint syntax, bool validate)
    {
        if (syntax.Deferrable || syntax.InitiallyDeferred)
            throw CatalogErrors.Make(SqlStates.FeatureNotSupported, "Deferrable constraints are not supported: NO ACTION is checked at the end of each statement.", syntax.Position);
        int[] ids = ColumnIds(table, syntax.Columns);
        Table parent = FindTable(syntax.Table);
        if (parent.IsTemporary() != table.IsTemporary())
            throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, "Temporary and permanent tables can't refer to one another.", syntax.Table.Position);
        if (parent.Id == table.Id)
            parent = table;
        else
            LockExclusively(parent);

        int[] parentIds;
        if (syntax.ReferencedColumns.Length > 0)
            parentIds = ColumnIds(parent, syntax.ReferencedColumns);
        else if (parent.PrimaryKey is { } primary)
            parentIds = [.. primary.ColumnIds];
        else
            throw CatalogErrors.Make(SqlStates.UndefinedObject, $"The table \"{parent.Name}\" has no primary key to refer to.", syntax.Table.Position, "Name the columns of a unique constraint.");
        if (parentIds.Length != ids.Length)
            throw CatalogErrors.Make(SqlStates.InvalidForeignKey, $"The foreign key has {ids.Length} columns, the key that it refers to {parentIds.Length}.", syntax.Position);
        if (!TableKeys.HasKey(parent, parentIds))
            throw CatalogErrors.Make(SqlStates.InvalidForeignKey, $"The table \"{parent.Name}\" has no primary key or unique constraint over exactly these columns.", syntax.Table.Position);
        for (int i = 0; i < ids.Length; i++)
        {
            SqlType child = table.FindColumn(ids[i])!.Type;
            SqlType target = parent.FindColumn(parentIds[i])!.Type;
            if (child.Kind != target.Kind && !(TableKeys.IsNumeric(child) && TableKeys.IsNumeric(target)))
            {
                throw CatalogErrors.Make(SqlStates.DatatypeMismatch,
                    $"The foreign key can't be made: column \"{syntax.Columns[i].Name}\" has type {TypeNames.Format(child)}, the column that it refers to {TypeNames.Format(target)}.", syntax.Columns[i].Position);
            }
        }

        if (syntax.MatchFull && ids.Length > 1)
            throw CatalogErrors.Make(SqlStates.FeatureNotSupported, "MATCH FULL is not supported for keys of several columns.", syntax.Position);
        ReferentialAction onDelete = Action(syntax.OnDelete), onUpdate = Action(syntax.OnUpdate);
        if (onDelete == ReferentialAction.SetNull || onUpdate is ReferentialAction.SetNull or ReferentialAction.SetDefault or ReferentialAction.Cascade || onDelete == ReferentialAction.SetDefault)
        {
            foreach (int id in ids)
            {
                if (table.FindColumn(id) is { GeneratedSql: not null } generated)
                    throw CatalogErrors.Make(SqlStates.InvalidForeignKey, $"The action of the foreign key would have to change the generated column \"{generated.Name}\".", syntax.Position);
            }
        }

        string stem = $"{table.Name}_{string.Join('_', ids.Select(id => table.FindColumn(id)!.Name))}_fkey";
        ForeignKey key = new(ConstraintName(table, syntax.Name, stem), ids, parent.Id, parentIds, onDelete, onUpdate);
        Table next = table with { ForeignKeys = [.. table.ForeignKeys, key] };
        if (validate)
            _data.CheckRows(next, key, parent);
        if (parent.Id != table.Id)
            Touch(parent.Id);
        return next;
    }

    private static ReferentialAction Action(ReferentialActionName name) => name switch
    {
        ReferentialActionName.Restrict => ReferentialAction.Restrict,
        ReferentialActionName.Cascade => ReferentialAction.Cascade,
        ReferentialActionName.SetNull => ReferentialAction.SetNull,
        ReferentialActionName.SetDefault => ReferentialAction.SetDefault,
        _ => ReferentialAction.NoAction,
    };

    private Table DropConstraint(Table table, DropConstraintAction action)
    {
        Identifier name = action.Constraint;
        if (!HasConstraint(table, name.Name))
        {
            if (!action.IfExists)
                throw NoConstraint(table, name);
            _context.Notice($"The table \"{table.Name}\" has no constraint \"{name.Name}\", skipping.");
            return table;
        }

        if (table.PrimaryKey is { } primary && name.Is(primary.Name))
        {
            table = DropReferences(table, primary.ColumnIds, $"The primary key \"{primary.Name}\"", action.Cascade);
            return Rewrite(table, table with { PrimaryKey = null, RowIdSequence = NewCounter() });
        }

        foreach (KeyConstraint unique in table.UniqueConstraints)
        {
            if (!name.Is(unique.Name))
                continue;
            table = DropReferences(table, unique.ColumnIds, $"The unique constraint \"{unique.Name}\"", action.Cascade);
            return RemoveIndex(table, unique.IndexId) with { UniqueConstraints = [.. table.UniqueConstraints.Where(k => k != unique)] };
        }

        foreach (ForeignKey key in table.ForeignKeys)
        {
            if (name.Is(key.Name) && key.ReferencedTableId != table.Id)
                Touch(key.ReferencedTableId);
        }

        return table with
        {
            ForeignKeys = [.. table.ForeignKeys.Where(k => !name.Is(k.Name))],
            Checks = [.. table.Checks.Where(k => !name.Is(k.Name))],
        };
    }

    /// <summary>Drops (or refuses to leave without their key) the foreign keys that refer to a key which goes.</summary>
    private Table DropReferences(Table table, IReadOnlyList<int> columnIds, string what, bool cascade)
    {
        List<string> dependents = [];
        foreach (Table child in Current.ReferencingTables(table.Id))
        {
            foreach (ForeignKey key in child.ForeignKeys)
            {
                if (key.ReferencedTableId == table.Id && TableKeys.SameColumns(key.ReferencedColumnIds, columnIds))
                    dependents.Add($"foreign key \"{key.Name}\" of table \"{child.Name}\"");
            }
        }

        if (dependents.Count == 0)
            return table;
        if (!cascade)
            throw CatalogErrors.Dependents(what, dependents);
        foreach (Table child in Current.ReferencingTables(table.Id).ToArray())
        {
            bool Stays(ForeignKey k) => k.ReferencedTableId != table.Id || !TableKeys.SameColumns(k.ReferencedColumnIds, columnIds);
            if (child.Id == table.Id)
            {
                table = table with { ForeignKeys = [.. table.ForeignKeys.Where(Stays)] };
                continue;
            }

            LockExclusively(child);
            Table now = Current.Find<Table>(child.Id)!;
            Save(now with { ForeignKeys = [.. now.ForeignKeys.Where(Stays)] });
        }

        return table;
    }

    private Table RemoveIndex(Table table, long indexId)
    {
        foreach (TableIndex index in table.Indexes)
        {
            if (index.Id == indexId)
                Transaction.DropTree(index.Tree);
        }

        return table with { Indexes = [.. table.Indexes.Where(i => i.Id != indexId)] };
    }

    private Table RenameConstraint(Table table, RenameConstraintAction action)
    {
        Identifier from = action.Constraint;
        string to = action.NewName.Name;
        if (!HasConstraint(table, from.Name))
            throw NoConstraint(table, from);
        if (!from.Is(to) && HasConstraint(table, to))
            throw CatalogErrors.Make(SqlStates.DuplicateObject, $"The table \"{table.Name}\" already has a constraint \"{to}\".", action.NewName.Position);
        foreach (KeyConstraint unique in table.UniqueConstraints)
        {
            if (!from.Is(unique.Name))
                continue;
            if (!from.Is(to))
                CheckNameIsFree(table.Schema!, to, action.NewName.Position);
            table = table with { Indexes = [.. table.Indexes.Select(i => i.Id == unique.IndexId ? i with { Name = to, Version = i.Version + 1 } : i)] };
        }

        return table with
        {
            PrimaryKey = table.PrimaryKey is { } key && from.Is(key.Name) ? key with { Name = to } : table.PrimaryKey,
            UniqueConstraints = [.. table.UniqueConstraints.Select(k => from.Is(k.Name) ? k with { Name = to } : k)],
            ForeignKeys = [.. table.ForeignKeys.Select(k => from.Is(k.Name) ? k with { Name = to } : k)],
            Checks = [.. table.Checks.Select(k => from.Is(k.Name) ? k with { Name = to } : k)],
        };
    }
}
