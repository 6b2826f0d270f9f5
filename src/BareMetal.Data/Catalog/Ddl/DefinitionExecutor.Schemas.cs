using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>Schemas, DROP, RENAME, SET SCHEMA and COMMENT.</summary>
internal sealed partial class DefinitionExecutor
{
    private void CreateSchema(CreateSchemaStatement statement)
    {
        if (Temporary.IsSchema(statement.Name.Name))
            throw ReservedSchema(statement.Name);
        if (Current.FindSchema(statement.Name.Name) is { } existing)
        {
            if (!statement.IfNotExists)
                throw CatalogErrors.Make(SqlStates.DuplicateSchema, $"The schema \"{existing.Name}\" already exists.", statement.Name.Position);
            _context.Notice($"The schema \"{existing.Name}\" already exists, skipping.");
            return;
        }

        Catalog.Put(new SchemaObject { Id = NewId(), Name = statement.Name.Name });
    }

    private void Drop(DropStatement statement)
    {
        foreach (ObjectName name in statement.Names)
        {
            switch (statement.Kind)
            {
                case ObjectKind.Schema:
                    DropSchema(name, statement.IfExists, statement.Cascade);
                    break;
                case ObjectKind.Index:
                    DropIndex(name, statement.IfExists, statement.Cascade);
                    break;
                default:
                    DropRelation(statement.Kind, name, statement.IfExists, statement.Cascade);
                    break;
            }
        }
    }

    private void DropSchema(ObjectName name, bool ifExists, bool cascade)
    {
        SchemaObject? schema = Current.FindSchema(name.Name);
        if (schema is null)
        {
            if (!ifExists)
                throw CatalogErrors.Make(SqlStates.SchemaDoesNotExist, $"The schema \"{name.Name}\" does not exist.", name.Position);
            _context.Notice($"The schema \"{name.Name}\" does not exist, skipping.");
            return;
        }

        if (schema.Id < 0 || schema.IsTemporary())
            throw SystemObject($"schema \"{schema.Name}\"", name.Position);
        List<CatalogObject> members = Members(schema);
        if (members.Count > 0 && !cascade)
            throw CatalogErrors.Dependents($"The schema \"{schema.Name}\"", members.Select(Describe));
        foreach (CatalogObject member in members)
        {
            if (Current.TryGet(member.Id, out CatalogObject? found))
                DropObject(found, cascade: true);
        }

        Catalog.Remove(schema);
    }

    private static BareMetalException ReservedSchema(Identifier name) =>
        CatalogErrors.Make(SqlStates.ReservedName, $"The name \"{name}\" is that of the schema of temporary objects.", name.Position);

    private List<CatalogObject> Members(SchemaObject schema)
    {
        List<CatalogObject> members = [];
        foreach (CatalogObject o in Current.Objects)
        {
            if (o.Schema is not null && string.Equals(o.Schema, schema.Name, StringComparison.OrdinalIgnoreCase))
                members.Add(o);
        }

        return members;
    }

    private void DropRelation(ObjectKind kind, ObjectName name, bool ifExists, bool cascade)
    {
        CatalogObject? o = Current.Resolve(name.Schema, name.Name, _context.SearchPath);
        if (o is null)
        {
            string kindName = kind.ToString().ToLowerInvariant();
            if (!ifExists)
                throw CatalogErrors.Make(SqlStates.UndefinedTable, $"The {kindName} \"{name}\" does not exist.", name.Position);
            _context.Notice($"The {kindName} \"{name}\" does not exist, skipping.");
            return;
        }

        CheckKind(o, kind, name.Position);
        DropObject(o, cascade);
    }

    private static void CheckKind(CatalogObject o, ObjectKind kind, SourcePosition at)
    {
        bool matches = kind switch
        {
            ObjectKind.Table => o is Table,
            ObjectKind.View => o is View,
            ObjectKind.Sequence => o is Sequence,
            _ => false,
        };
        if (!matches)
            throw CatalogErrors.Make(SqlStates.WrongObjectType, $"\"{o.Name}\" is not a {kind.ToString().ToLowerInvariant()} but a {KindName(o)}.", at);
        if (o.Id < 0)
            throw SystemObject($"{KindName(o)} \"{o.Name}\"", at);
    }

    private void DropObject(CatalogObject o, bool cascade)
    {
        switch (o)
        {
            case Table table:
                DropTable(table, cascade);
                break;
            case View view:
                DropDependentViews(view.Id, 0, $"The view \"{view.Name}\"", cascade);
                Catalog.Remove(view);
                break;
            case Sequence sequence:
                DropSequence(sequence, cascade);
                break;
            case Routine routine:
                DropRoutine(routine, cascade);
                break;
        }
    }

    /// <summary>What an object of the catalog names; empty for those that keep no list.</summary>
    private static IReadOnlyList<ObjectDependency> DependenciesOf(CatalogObject o) => o switch
    {
        View view => view.Dependencies,
        Routine routine => routine.Dependencies,
        _ => [],
    };

    /// <summary>Views and routines that name an object (or one of its columns, when it is not 0).</summary>
    private List<CatalogObject> DependentViews(long objectId, int columnId)
    {
        List<CatalogObject> dependents = [];
        foreach (CatalogObject o in Current.Objects)
        {
            foreach (ObjectDependency d in DependenciesOf(o))
            {
                if (d.ObjectId == objectId && (columnId == 0 || d.ColumnId == columnId))
                {
                    dependents.Add(o);
                    break;
                }
            }
        }

        return dependents;
    }

    private static string Describe(CatalogObject o) => o is Routine routine ? $"{KindName(o)} {routine.Signature}" : $"{KindName(o)} \"{o.Name}\"";

    private void DropDependentViews(long objectId, int columnId, string what, bool cascade)
    {
        List<CatalogObject> dependents = DependentViews(objectId, columnId);
        if (dependents.Count > 0 && !cascade)
            throw CatalogErrors.Dependents(what, dependents.Select(Describe));
        foreach (CatalogObject dependent in dependents)
        {
            if (Current.TryGet(dependent.Id, out CatalogObject? found))
                DropObject(found, cascade: true);
        }
    }

    private void Rename(RenameStatement statement)
    {
        Identifier to = statement.NewName;
        if (statement.Kind == ObjectKind.Schema)
        {
            RenameSchema(statement);
            return;
        }

        if (statement.Kind == ObjectKind.Index)
        {
            RenameIndex(statement);
            return;
        }

        CatalogObject? o = Current.Resolve(statement.Name.Schema, statement.Name.Name, _context.SearchPath);
        if (o is null)
        {
            if (!statement.IfExists)
                throw CatalogErrors.Make(SqlStates.UndefinedTable, $"The {statement.Kind.ToString().ToLowerInvariant()} \"{statement.Name}\" does not exist.", statement.Name.Position);
            _context.Notice($"\"{statement.Name}\" does not exist, skipping.");
            return;
        }

        // As in PostgreSQL, ALTER TABLE renames any relation.
        CheckKind(o, statement.Kind == ObjectKind.Table && o is View ? ObjectKind.View : statement.Kind == ObjectKind.Table && o is Sequence ? ObjectKind.Sequence : statement.Kind, statement.Name.Position);
        if (!to.Is(o.Name))
            CheckNameIsFree(o.Schema!, to.Name, to.Position);
        switch (o)
        {
            case Table table:
                LockExclusively(table);
                RenameInViews(table.Id, table.Name, to.Name);
                RenameInOwnTexts(ref table, table.Name, to.Name);
                Save(table with { Name = to.Name });
                foreach (Table child in Current.ReferencingTables(table.Id).ToArray())
                {
                    if (child.Id != table.Id)
                        Touch(child.Id);
                }

                break;
            case View view:
                RenameInViews(view.Id, view.Name, to.Name);
                Catalog.Put(view with { Name = to.Name, Version = view.Version + 1 });
                break;
            case Sequence sequence:
                RenameInDefaults(sequence, sequence.Schema!, to.Name);
                Catalog.Put(sequence with { Name = to.Name, Version = sequence.Version + 1 });
                break;
        }
    }

    private void RenameSchema(RenameStatement statement)
    {
        SchemaObject schema = FindSchema(statement.Name.Name, statement.Name.Position);
        if (schema.Id < 0)
            throw SystemObject($"schema \"{schema.Name}\"", statement.Name.Position);
        if (schema.IsTemporary())
            throw SystemObject($"schema \"{schema.Name}\"", statement.Name.Position);
        if (Temporary.IsSchema(statement.NewName.Name))
            throw ReservedSchema(statement.NewName);
        if (Current.FindSchema(statement.NewName.Name) is { } other && other.Id != schema.Id)
            throw CatalogErrors.Make(SqlStates.DuplicateSchema, $"The schema \"{other.Name}\" already exists.", statement.NewName.Position);
        List<CatalogObject> members = Members(schema);
        foreach (CatalogObject member in members)
        {
            List<CatalogObject> dependents = DependentViews(member.Id, 0);
            if (member is Routine routine)
                dependents.AddRange(TablesCalling(routine));
            if (dependents.Count > 0)
                throw ViewsInTheWay($"The schema \"{schema.Name}\" can't be renamed", dependents);
        }

        // Names lead from the objects to the schema: it goes first, its members follow.
        Catalog.Put(schema with { Name = statement.NewName.Name, Version = schema.Version + 1 });
        foreach (CatalogObject member in members)
            MoveTo(member, statement.NewName.Name);
    }

    private void SetSchema(SetSchemaStatement statement)
    {
        CatalogObject? o = Current.Resolve(statement.Name.Schema, statement.Name.Name, _context.SearchPath);
        if (o is null)
        {
            if (!statement.IfExists)
                throw CatalogErrors.Make(SqlStates.UndefinedTable, $"The {statement.Kind.ToString().ToLowerInvariant()} \"{statement.Name}\" does not exist.", statement.Name.Position);
            _context.Notice($"\"{statement.Name}\" does not exist, skipping.");
            return;
        }

        CheckKind(o, statement.Kind == ObjectKind.Table && o is not Table ? (o is View ? ObjectKind.View : ObjectKind.Sequence) : statement.Kind, statement.Name.Position);
        SchemaObject schema = FindSchema(statement.NewSchema.Name, statement.NewSchema.Position);
        if (schema.IsTemporary() || o.IsTemporary())
            throw CatalogErrors.Make(SqlStates.FeatureNotSupported, "Objects can't be moved into or out of the temporary schema.", statement.Name.Position);
        if (schema.Id < 0)
            throw SystemObject($"schema \"{schema.Name}\"", statement.NewSchema.Position);
        if (string.Equals(schema.Name, o.Schema, StringComparison.OrdinalIgnoreCase))
            return;
        CheckNameIsFree(schema.Name, o.Name, statement.NewSchema.Position);
        if (DependentViews(o.Id, 0) is { Count: > 0 } views)
            throw ViewsInTheWay($"\"{o.Name}\" can't be moved to another schema", views);
        MoveTo(o, schema.Name);
    }

    private void MoveTo(CatalogObject o, string schema)
    {
        switch (o)
        {
            case Table table:
                LockExclusively(table);
                Save(table with { Schema = schema, Indexes = [.. table.Indexes.Select(i => i with { Schema = schema })] });
                foreach (CatalogObject owned in Current.Objects.ToArray())
                {
                    if (owned is Sequence { OwnedBy: { } owner } sequence && owner.TableId == table.Id && sequence.Schema != schema)
                        MoveTo(sequence, schema);
                }

                break;
            case View view:
                Catalog.Put(view with { Schema = schema, Version = view.Version + 1 });
                break;
            case Routine routine:
                Catalog.Put(routine with { Schema = schema, Version = routine.Version + 1 });
                break;
            case Sequence sequence:
                RenameInDefaults(sequence, schema, sequence.Name);
                Catalog.Put(sequence with { Schema = schema, Version = sequence.Version + 1 });
                break;
        }
    }

    private static BareMetalException ViewsInTheWay(string what, List<CatalogObject> dependents) =>
        CatalogErrors.Make(SqlStates.DependentObjectsStillExist, what + " because others name it.", detail: string.Join("; ", dependents.Select(Describe)) + ".", hint: "Drop these, make the change and create them anew.");

    private void Comment(CommentStatement statement)
    {
        switch (statement.Kind)
        {
            case ObjectKind.Schema:
                SchemaObject schema = FindSchema(statement.Name.Name, statement.Name.Position);
                if (schema.Id < 0)
                    throw SystemObject($"schema \"{schema.Name}\"", statement.Name.Position);
                Catalog.Put(schema with { Comment = statement.Comment, Version = schema.Version + 1 });
                break;
            case ObjectKind.Column:
                Table table = FindTable(statement.Name);
                Column column = FindColumn(table, statement.Member!.Value);
                Save(table with { Columns = [.. table.Columns.Select(c => c.Id == column.Id ? c with { Comment = statement.Comment } : c)] });
                break;
            case ObjectKind.Constraint:
                CommentOnConstraint(statement);
                break;
            case ObjectKind.Index:
                if (!Current.TryResolveIndex(statement.Name.Schema, statement.Name.Name, _context.SearchPath, out Table? owner, out TableIndex? index))
                    throw NoIndex(statement.Name);
                Save(owner with { Indexes = [.. owner.Indexes.Select(i => i.Id == index.Id ? i with { Comment = statement.Comment } : i)] });
                break;
            case ObjectKind.Table or ObjectKind.View or ObjectKind.Sequence:
                CatalogObject o = Current.Resolve(statement.Name.Schema, statement.Name.Name, _context.SearchPath)
                    ?? throw CatalogErrors.Make(SqlStates.UndefinedTable, $"The {statement.Kind.ToString().ToLowerInvariant()} \"{statement.Name}\" does not exist.", statement.Name.Position);
                CheckKind(o, statement.Kind, statement.Name.Position);
                Catalog.Put(o with { Comment = statement.Comment, Version = o.Version + 1 });
                break;
            default:
                throw CatalogErrors.Make(SqlStates.FeatureNotSupported, $"A {statement.Kind.ToString().ToLowerInvariant()} can't have a comment.", statement.Position);
        }
    }

    private void CommentOnConstraint(CommentStatement statement)
    {
        Table table = FindTable(statement.Name);
        Identifier name = statement.Member!.Value;
        Table next = table with
        {
            PrimaryKey = table.PrimaryKey is { } key && name.Is(key.Name) ? key with { Comment = statement.Comment } : table.PrimaryKey,
            UniqueConstraints = [.. table.UniqueConstraints.Select(k => name.Is(k.Name) ? k with { Comment = statement.Comment } : k)],
            ForeignKeys = [.. table.ForeignKeys.Select(k => name.Is(k.Name) ? k with { Comment = statement.Comment } : k)],
            Checks = [.. table.Checks.Select(k => name.Is(k.Name) ? k with { Comment = statement.Comment } : k)],
        };
        if (!HasConstraint(table, name.Name))
            throw NoConstraint(table, name);
        Save(next);
    }
}
