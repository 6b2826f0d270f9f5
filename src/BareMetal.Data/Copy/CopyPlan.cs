using System.Text;
using BareMetal.Data.BulkCopy;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Sessions;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;

namespace BareMetal.Data.Copy;

/// <summary>What a COPY statement means in a catalog.</summary>
internal static class CopyPlan
{
    /// <summary>Where COPY FROM writes.</summary>
    /// <exception cref="BareMetalException">42P01, 42703, 42701, 42809, 428C9.</exception>
    public static BulkTarget Target(CopyStatement statement, Session session, CatalogSnapshot catalog)
    {
        Table table = Find(statement, session, catalog, "FROM");
        return new BulkTarget(() => session, table, [.. Columns(statement, table).Select(c => c.Name)], BareMetalBulkConflict.Fail, null, null, statement.WhereText);
    }

    public static CopyReader Reader(CopyStatement statement, CopyBatch batch) =>
        statement.Options.Format == CopyFormat.JsonLines ? new JsonLinesReader(batch) : new SeparatedReader(statement.Options, batch);

    /// <summary>The query whose rows COPY TO writes.</summary>
    public static string Query(CopyStatement statement, Session session, CatalogSnapshot catalog)
    {
        if (statement.QueryText is not null)
            return statement.QueryText;
        Table table = Find(statement, session, catalog, "TO");
        StringBuilder sql = new("SELECT ");
        sql.AppendJoin(", ", Columns(statement, table).Select(c => Quote(c.Name))).Append(" FROM ");
        if (table.Schema is { } schema)
            sql.Append(Quote(schema)).Append('.');
        return sql.Append(Quote(table.Name)).ToString();
    }

    private static Table Find(CopyStatement statement, Session session, CatalogSnapshot catalog, string direction)
    {
        ObjectName name = statement.Table!;
        CatalogObject? found = catalog.Resolve(name.Schema, name.Name, session.Settings.SearchPath);
        if (found is Table table)
            return table;
        if (found is null)
            throw CatalogErrors.NoTable(name.ToString(), name.Position);
        throw SqlErrors.At(
            name.Position, SqlStates.WrongObjectType, $"\"{found.Name}\" is not a table; COPY {direction} needs one.",
            direction == "TO" ? $"Write COPY (SELECT * FROM {found.Name}) TO ….": null);
    }

    /// <summary>The columns that are named, or all that can be written.</summary>
    private static List<Column> Columns(CopyStatement statement, Table table)
    {
        if (statement.Columns.Length == 0)
            return [.. table.Columns.Where(c => c.GeneratedSql is null && c.Type.Kind != SqlTypeKind.RowVersion)];
        List<Column> columns = [];
        foreach (Identifier name in statement.Columns)
        {
            if (table.FindColumn(name.Name) is not { } column)
            {
                string? near = NameSuggestion.Nearest(name.Name, table.Columns.Select(c => c.Name));
                throw SqlErrors.At(
                    name.Position, SqlStates.UndefinedColumn, $"The table \"{table.Name}\" has no column \"{name}\".", near is null ? null : $"Did you mean \"{near}\"?");
            }

            if (columns.Contains(column))
                throw SqlErrors.At(name.Position, SqlStates.DuplicateColumn, $"The column \"{column.Name}\" is given twice.");
            if (column.GeneratedSql is not null && statement.IsFrom)
                throw SqlErrors.At(name.Position, SqlStates.InvalidColumnReference, $"The column \"{column.Name}\" is generated; it can't be copied.");
            columns.Add(column);
        }

        return columns;
    }

    private static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
}
