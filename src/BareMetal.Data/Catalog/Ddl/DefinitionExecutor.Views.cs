using BareMetal.Data.Binding;
using BareMetal.Data.Sql.Syntax;
using TableBinder = BareMetal.Data.Binding.TableBinder;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>CREATE VIEW, and the upkeep of view texts when what they name is renamed.</summary>
internal sealed partial class DefinitionExecutor
{
    private void CreateView(CreateViewStatement statement)
    {
        if (statement.Temporary)
            throw CatalogErrors.Make(SqlStates.FeatureNotSupported, "Temporary views are not supported.", statement.Position);
        string schema = CreationSchema(statement.Name);
        CatalogObject? existing = Current.Find(schema, statement.Name.Name);
        if (existing is not View && existing is not null || (existing is not null && !statement.OrReplace))
            throw CatalogErrors.Exists(KindName(existing), statement.Name.Name, statement.Name.Position);
        if (existing is null)
            CheckNameIsFree(schema, statement.Name.Name, statement.Name.Position);

        string[]? names = statement.Columns.Length == 0 ? null : [.. statement.Columns.Select(c => c.Name)];
        View view = new()
        {
            Id = existing?.Id ?? NewId(),
            Version = existing is null ? 1 : existing.Version + 1,
            Schema = schema,
            Name = statement.Name.Name,
            Comment = existing?.Comment,
            Sql = statement.Text,
            ColumnNames = names,
            CheckOption = statement.CheckOption,
        };
        (IReadOnlyList<ViewColumn> columns, IReadOnlyList<ObjectDependency> dependencies) = TableBinder.BindView(view, statement.Query, Current, _context.SearchPath);
        if (existing is View old)
            CheckReplacement(old, columns, statement);
        foreach (ObjectDependency d in dependencies)
        {
            if (Temporary.IsTemporary(d.ObjectId))
                throw CatalogErrors.Make(SqlStates.FeatureNotSupported, "A view can't read a temporary table.", statement.Name.Position);
            if (d.ObjectId == view.Id)
                throw CatalogErrors.Make(SqlStates.InvalidObjectDefinition, $"The view \"{view.Name}\" would be defined by itself.", statement.Name.Position);
        }

        view = view with { Columns = columns, Dependencies = dependencies };
        if (view.CheckOption != ViewCheckOption.None && TableBinder.WhyNotUpdatable(view, Current, _context.SearchPath) is { } reason)
            throw CatalogErrors.Make(SqlStates.FeatureNotSupported, $"WITH CHECK OPTION goes with views that can be written through: {reason}.", statement.Position);
        Catalog.Put(view);
    }

    private void CheckReplacement(View old, IReadOnlyList<ViewColumn> columns, CreateViewStatement statement)
    {
        if (DependentViews(old.Id, 0).Count == 0)
            return;
        for (int i = 0; i < old.Columns.Count; i++)
        {
            if (i >= columns.Count || !string.Equals(old.Columns[i].Name, columns[i].Name, StringComparison.OrdinalIgnoreCase) || old.Columns[i].Type.Kind != columns[i].Type.Kind)
                throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"The view \"{old.Name}\" is named by other views: its columns can't be renamed, retyped or removed, only added at the end.", statement.Name.Position);
        }
    }

    /// <summary>Renames an object (or a column of it) in the texts of the views that name it; the columns of the views keep their names.</summary>
    private void RenameInViews(long objectId, string from, string to, int columnId = 0)
    {
        foreach (CatalogObject dependent in DependentViews(objectId, columnId))
        {
            CatalogObject now = Current.Find<CatalogObject>(dependent.Id)!;
            if (IsAmbiguousIn(now, objectId, from, columnId != 0))
                throw ViewsInTheWay($"\"{from}\" can't be renamed", [now]);
            Catalog.Put(now switch
            {
                View view => view with
                {
                    Version = now.Version + 1,
                    Sql = SqlText.RenameIdentifier(view.Sql, from, to),
                    ColumnNames = [.. view.Columns.Select(c => c.Name)],
                },
                Routine routine => routine with { Version = now.Version + 1, Body = SqlText.RenameIdentifier(routine.Body, from, to) },
                _ => throw new InvalidOperationException(now.GetType().Name),
            });
        }
    }

    /// <summary>Whether the name means something else too in the view's text, so that replacing it token by token would be wrong.</summary>
    private bool IsAmbiguousIn(CatalogObject dependent, long objectId, string name, bool isColumn)
    {
        HashSet<long> seen = [];
        if (dependent is Routine routine && routine.Parameters.Any(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase)))
            return true;
        foreach (ObjectDependency d in DependenciesOf(dependent))
        {
            if (!seen.Add(d.ObjectId) || !Current.TryGet(d.ObjectId, out CatalogObject? o))
                continue;
            if (string.Equals(o.Name, name, StringComparison.OrdinalIgnoreCase) && (isColumn || o.Id != objectId))
                return true;
            bool hasColumn = o switch
            {
                Table t => t.FindColumn(name) is not null,
                View v => v.Columns.Any(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase)),
                _ => false,
            };
            if (hasColumn && !(isColumn && o.Id == objectId))
                return true;
        }

        return false;
    }
}
