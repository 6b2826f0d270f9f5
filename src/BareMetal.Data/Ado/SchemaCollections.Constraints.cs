using System.Data;
using System.Data.Common;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Sql.Syntax;
using KeyConstraint = BareMetal.Data.Catalog.KeyConstraint;
using CheckConstraint = BareMetal.Data.Catalog.CheckConstraint;

namespace BareMetal.Data;

/// <summary>Constraints, columns of views, routines.</summary>
internal static partial class SchemaCollections
{
    private static void FillDatabases(BareMetalConnection connection, DataTable table, string?[] restrictions)
    {
        Define(table, ("DATABASE_NAME", typeof(string)), ("DATA_SOURCE", typeof(string)));
        if (Matches(restrictions, 0, connection.Database))
            table.Rows.Add(connection.Database, connection.DataSource);
    }

    private static void FillViewColumns(BareMetalConnection connection, CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("COLUMN_NAME", typeof(string)), ("ORDINAL_POSITION", typeof(int)),
            ("IS_NULLABLE", typeof(bool)), ("DATA_TYPE", typeof(string)));
        foreach (View found in Objects<View>(catalog, restrictions))
        {
            for (int i = 0; i < found.Columns.Count; i++)
                Add(found, found.Columns[i].Name, i + 1, found.Columns[i].IsNullable, DataTypeNames.Format(found.Columns[i].Type));
            if (found.Columns.Count > 0)
                continue;

            // The engine's own views say what their columns are when they are bound.
            using BareMetalCommand command = new($"SELECT * FROM {SqlText.Quote(found.Schema!, found.Name)}", connection);
            using BareMetalDataReader reader = command.ExecuteReader(CommandBehavior.SchemaOnly);
            foreach (DbColumn column in reader.GetColumnSchema())
                Add(found, column.ColumnName, column.ColumnOrdinal!.Value + 1, column.AllowDBNull ?? true, column.DataTypeName!);
        }

        void Add(View view, string name, int position, bool isNullable, string type)
        {
            if (Matches(restrictions, 2, name))
                table.Rows.Add(view.Schema, view.Name, name, position, isNullable, type);
        }
    }

    private static void FillConstraints(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("CONSTRAINT_NAME", typeof(string)), ("CONSTRAINT_TYPE", typeof(string)),
            ("CHECK_CLAUSE", typeof(string)), ("COMMENT", typeof(string)));
        foreach (Table found in Objects<Table>(catalog, restrictions))
        {
            foreach ((string name, string type, string? check, string? comment, _) in ConstraintsOf(found))
            {
                if (Matches(restrictions, 2, name) && Matches(restrictions, 3, type))
                    table.Rows.Add(found.Schema, found.Name, name, type, check, comment);
            }
        }
    }

    private static void FillConstraintColumns(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("CONSTRAINT_NAME", typeof(string)), ("CONSTRAINT_TYPE", typeof(string)),
            ("COLUMN_NAME", typeof(string)), ("ORDINAL_POSITION", typeof(int)));
        foreach (Table found in Objects<Table>(catalog, restrictions))
        {
            foreach ((string name, string type, _, _, IReadOnlyList<int> columns) in ConstraintsOf(found))
            {
                for (int i = 0; i < columns.Count; i++)
                {
                    string? column = NameOf(found, columns[i]);
                    if (Matches(restrictions, 2, name) && Matches(restrictions, 3, column))
                        table.Rows.Add(found.Schema, found.Name, name, type, column, i + 1);
                }
            }
        }
    }

    private static IEnumerable<(string Name, string Type, string? Check, string? Comment, IReadOnlyList<int> Columns)> ConstraintsOf(Table table)
    {
        if (table.PrimaryKey is { } primary)
            yield return (primary.Name, "PRIMARY KEY", null, primary.Comment, primary.ColumnIds);
        foreach (KeyConstraint unique in table.UniqueConstraints)
            yield return (unique.Name, "UNIQUE", null, unique.Comment, unique.ColumnIds);
        foreach (ForeignKey key in table.ForeignKeys)
            yield return (key.Name, "FOREIGN KEY", null, key.Comment, key.ColumnIds);
        foreach (CheckConstraint check in table.Checks)
            yield return (check.Name, "CHECK", check.Sql, check.Comment, []);
    }

    private static void FillPrimaryKeys(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
        => FillKeys(catalog, table, restrictions, static t => t.PrimaryKey is { } key ? [key] : []);

    private static void FillUniqueKeys(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
        => FillKeys(catalog, table, restrictions, static t => t.UniqueConstraints);

    private static void FillKeys(CatalogSnapshot catalog, DataTable table, string?[] restrictions, Func<Table, IReadOnlyList<KeyConstraint>> keysOf)
    {
        Define(table,
            ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("CONSTRAINT_NAME", typeof(string)), ("COLUMN_NAME", typeof(string)), ("ORDINAL_POSITION", typeof(int)));
        foreach (Table found in Objects<Table>(catalog, restrictions))
        {
            foreach (KeyConstraint key in keysOf(found))
            {
                if (!Matches(restrictions, 2, key.Name))
                    continue;
                for (int i = 0; i < key.ColumnIds.Count; i++)
                    table.Rows.Add(found.Schema, found.Name, key.Name, NameOf(found, key.ColumnIds[i]), i + 1);
            }
        }
    }

    private static void FillFunctions(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
        => FillRoutines(catalog, table, restrictions, RoutineKind.Function);

    private static void FillProcedures(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
        => FillRoutines(catalog, table, restrictions, RoutineKind.Procedure);

    private static void FillRoutines(CatalogSnapshot catalog, DataTable table, string?[] restrictions, RoutineKind kind)
    {
        Define(table,
            ("ROUTINE_SCHEMA", typeof(string)), ("ROUTINE_NAME", typeof(string)), ("SPECIFIC_NAME", typeof(string)), ("ROUTINE_TYPE", typeof(string)),
            ("DATA_TYPE", typeof(string)), ("RETURNS_SET", typeof(bool)), ("EXTERNAL_LANGUAGE", typeof(string)), ("ROUTINE_DEFINITION", typeof(string)), ("COMMENT", typeof(string)));
        foreach (Routine found in Objects<Routine>(catalog, restrictions))
        {
            if (found.Kind == kind)
            {
                table.Rows.Add(
                    found.Schema, found.Name, found.Signature, kind.ToString().ToUpperInvariant(), found.ReturnType is { } type ? DataTypeNames.Format(type) : null,
                    found.IsTable, found.Language, found.Body, found.Comment);
            }
        }
    }

    private static void FillParameters(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            ("ROUTINE_SCHEMA", typeof(string)), ("ROUTINE_NAME", typeof(string)), ("SPECIFIC_NAME", typeof(string)), ("ROUTINE_TYPE", typeof(string)),
            ("ORDINAL_POSITION", typeof(int)), ("PARAMETER_MODE", typeof(string)), ("PARAMETER_NAME", typeof(string)), ("DATA_TYPE", typeof(string)), ("PARAMETER_DEFAULT", typeof(string)));
        foreach (Routine found in Objects<Routine>(catalog, restrictions))
        {
            for (int i = 0; i < found.Parameters.Count; i++)
            {
                RoutineParameter parameter = found.Parameters[i];
                if (!Matches(restrictions, 2, parameter.Name))
                    continue;
                table.Rows.Add(
                    found.Schema, found.Name, found.Signature, found.Kind.ToString().ToUpperInvariant(), i + 1, parameter.Mode.ToString().ToUpperInvariant(), parameter.Name,
                    DataTypeNames.Format(parameter.Type), parameter.DefaultSql);
            }
        }
    }
}
