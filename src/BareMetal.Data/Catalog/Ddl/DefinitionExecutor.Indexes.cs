using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>CREATE, DROP, rename and rebuild of indexes.</summary>
internal sealed partial class DefinitionExecutor
{
    private static BareMetalException NoIndex(ObjectName name) =>
        CatalogErrors.Make(SqlStates.UndefinedObject, $"The index \"{name}\" does not exist.", name.Position);

    private void CreateIndex(CreateIndexStatement statement)
    {
        if (statement.Method is not (null or "btree"))
            throw CatalogErrors.Make(SqlStates.FeatureNotSupported, $"The index method \"{statement.Method}\" is not supported.", statement.Position, "Leave USING out: indexes are B+trees.");
        Table table = FindTable(statement.Table);
        if (table.Id < 0)
            throw SystemObject($"table \"{table.Name}\"", statement.Table.Position);
        LockExclusively(table);
        string name;
        if (statement.Name is { } given)
        {
            name = given.Name;
            if (Current.IsNameTaken(table.Schema!, name))
            {
                if (!statement.IfNotExists)
                    CheckNameIsFree(table.Schema!, name, given.Position);
                _context.Notice($"\"{name}\" already exists, skipping.");
                return;
            }
        }
        else
        {
            IEnumerable<string> parts = statement.Items.Select(i => i.Expression is ColumnExpression { Parts: { Length: 1 } p } ? p[0].Name : "expr");
            name = MakeName(table.Schema!, $"{table.Name}_{string.Join('_', parts)}_idx");
        }

        TableIndex index = new()
        {
            Id = NewId(),
            Schema = table.Schema,
            Name = name,
            Tree = CreateTree(),
            IsUnique = statement.Unique,
            NullsNotDistinct = statement.NullsNotDistinct,
            Keys = [.. statement.Items.Select(i => MakeKeyPart(table, i))],
            IncludedColumnIds = IncludedColumns(table, statement),
            FilterSql = statement.WhereText,
        };
        Table next = table with { Indexes = [.. table.Indexes, index] };
        TableBinder.Validate(next, Current, _context.SearchPath);
        _data.BuildIndex(next, index);
        Save(next);
    }

    private static int[] IncludedColumns(Table table, CreateIndexStatement statement)
    {
        int[] ids = ColumnIds(table, statement.Include);
        foreach (int id in ids)
        {
            if (table.FindColumn(id) is { GeneratedSql: not null, IsStored: false } column)
                throw CatalogErrors.Make(SqlStates.FeatureNotSupported, $"The virtual column \"{column.Name}\" can't be included in an index.", statement.Position, "Make it STORED, or index it as a key.");
        }

        return ids;
    }

    private IndexKeyPart MakeKeyPart(Table table, IndexItem item)
    {
        bool nullsFirst = item.NullsFirst ?? !item.Descending;
        IndexKeyPart part;
        if (item.Expression is ColumnExpression { Parts: { Length: 1 } parts })
        {
            Column column = FindColumn(table, parts[0]);
            CheckKeyColumn(column, item.Position);
            part = new IndexKeyPart(column.Id, item.Descending, nullsFirst) { Type = column.Type };
        }
        else
        {
            TableRowBinding row = TableBindings.For(table, Current, _context.SearchPath);
            BoundExpression bound = TableBinder.BindOver(row, item.Expression, Current, _context.SearchPath);
            if (bound.Type.Kind == SqlTypeKind.Record)
                throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"An expression of type {TypeNames.Format(bound.Type)} can't be part of a key.", item.Position);
            SqlType type = bound.Type.Kind == SqlTypeKind.Unknown ? SqlType.Text : bound.Type;
            part = new IndexKeyPart(0, item.Descending, nullsFirst) { ExpressionSql = item.Text, Type = type };
        }

        if (item.Collation is not { } collation)
            return part;
        if (part.Type.Kind != SqlTypeKind.Text)
            throw CatalogErrors.Make(SqlStates.DatatypeMismatch, "Only text has a collation.", collation.Position);
        Collation found = Collation.Get(collation.Name);
        return part with { Type = part.Type with { Collation = found.IsOrdinal ? null : found.Name } };
    }

    private void DropIndex(ObjectName name, bool ifExists, bool cascade)
    {
        if (!Current.TryResolveIndex(name.Schema, name.Name, _context.SearchPath, out Table? table, out TableIndex? index))
        {
            if (!ifExists)
                throw NoIndex(name);
            _context.Notice($"The index \"{name}\" does not exist, skipping.");
            return;
        }

        foreach (KeyConstraint unique in table.UniqueConstraints)
        {
            if (unique.IndexId == index.Id)
                throw CatalogErrors.Make(SqlStates.DependentObjectsStillExist, $"The index \"{index.Name}\" enforces a unique constraint of table \"{table.Name}\".", name.Position, "ALTER TABLE … DROP CONSTRAINT.");
        }

        LockExclusively(table);
        Table next = RemoveIndex(table, index.Id);
        if (index.IsUnique)
        {
            int[] columns = [.. index.Keys.Select(k => k.ColumnId)];
            if (TableKeys.HasKey(table, columns) && !TableKeys.HasKey(next, columns))
                next = DropReferences(next, columns, $"The index \"{index.Name}\"", cascade);
        }

        Save(next);
    }

    private void RenameIndex(RenameStatement statement)
    {
        ObjectName name = statement.Name;
        if (!Current.TryResolveIndex(name.Schema, name.Name, _context.SearchPath, out Table? table, out TableIndex? index))
        {
            if (!statement.IfExists)
                throw NoIndex(name);
            _context.Notice($"The index \"{name}\" does not exist, skipping.");
            return;
        }

        LockExclusively(table);
        if (!statement.NewName.Is(index.Name))
            CheckNameIsFree(table.Schema!, statement.NewName.Name, statement.NewName.Position);
        string to = statement.NewName.Name;
        Save(table with
        {
            Indexes = [.. table.Indexes.Select(i => i.Id == index.Id ? i with { Name = to, Version = i.Version + 1 } : i)],
            UniqueConstraints = [.. table.UniqueConstraints.Select(k => k.IndexId == index.Id ? k with { Name = to } : k)],
        });
    }

    private void Reindex(ReindexStatement statement)
    {
        Table? table;
        TableIndex? only = null;
        if (statement.Kind == ObjectKind.Index)
        {
            if (!Current.TryResolveIndex(statement.Name.Schema, statement.Name.Name, _context.SearchPath, out table, out only))
                throw NoIndex(statement.Name);
        }
        else
        {
            table = FindTable(statement.Name);
        }

        LockExclusively(table);
        Save(RebuildIndexes(table, i => only is null || i.Id == only.Id));
    }

    /// <summary>Builds an index anew for a repair.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="index">The index.</param>
    /// <param name="forgetPages">Whether its pages can't be trusted to be its own: then they are not freed but left to a rebuild of the allocation maps.</param>
    public void Rebuild(Table table, TableIndex index, bool forgetPages)
    {
        LockExclusively(table);
        Save(RebuildIndexes(table, i => i.Id == index.Id, forgetPages));
    }

    /// <summary>Builds indexes anew, in new trees, from the rows of the table's tree.</summary>
    private Table RebuildIndexes(Table table, Func<TableIndex, bool> which, bool forgetPages = false)
    {
        List<TableIndex> indexes = [];
        foreach (TableIndex index in table.Indexes)
        {
            if (!which(index))
            {
                indexes.Add(index);
                continue;
            }

            if (Transaction.Engine.Store.TryFindTree(index.Tree, Transaction.SnapshotLsn, out _))
                Transaction.DropTree(index.Tree, forgetPages);
            indexes.Add(index with { Tree = CreateTree(), Version = index.Version + 1 });
        }

        Table next = table with { Indexes = indexes };
        foreach (TableIndex index in indexes)
        {
            if (which(index))
                _data.BuildIndex(next, index);
        }

        return next;
    }
}
