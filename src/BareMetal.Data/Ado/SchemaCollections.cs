using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using BareMetal.Data.Catalog;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;

namespace BareMetal.Data;

/// <summary>The tables that GetSchema and GetSchemaTable give.</summary>
internal static partial class SchemaCollections
{
    private const string Databases = "Databases";
    private const string ViewColumns = "ViewColumns";

    private static readonly (string Name, string[] Restrictions, Action<CatalogSnapshot, DataTable, string?[]> Fill)[] s_collections =
    [
        (DbMetaDataCollectionNames.MetaDataCollections, [], FillCollections),
        (DbMetaDataCollectionNames.DataSourceInformation, [], FillDataSource),
        (DbMetaDataCollectionNames.DataTypes, [], FillDataTypes),
        (DbMetaDataCollectionNames.Restrictions, [], FillRestrictions),
        (DbMetaDataCollectionNames.ReservedWords, [], FillReservedWords),
        (Databases, ["Name"], static (_, _, _) => { }),
        ("Schemas", ["Schema"], FillSchemas),
        ("Tables", ["Schema", "Table", "TableType"], FillTables),
        ("Columns", ["Schema", "Table", "Column"], FillColumns),
        ("Views", ["Schema", "Table"], FillViews),
        (ViewColumns, ["Schema", "Table", "Column"], static (_, _, _) => { }),
        ("Indexes", ["Schema", "Table", "Index"], FillIndexes),
        ("IndexColumns", ["Schema", "Table", "Index", "Column"], FillIndexColumns),
        ("Constraints", ["Schema", "Table", "Constraint", "ConstraintType"], FillConstraints),
        ("ConstraintColumns", ["Schema", "Table", "Constraint", "Column"], FillConstraintColumns),
        ("PrimaryKey", ["Schema", "Table", "Constraint"], FillPrimaryKeys),
        ("UniqueKeys", ["Schema", "Table", "Constraint"], FillUniqueKeys),
        ("ForeignKeys", ["Schema", "Table", "Constraint"], FillForeignKeys),
        ("Sequences", ["Schema", "Sequence"], FillSequences),
        ("Functions", ["Schema", "Name"], FillFunctions),
        ("Procedures", ["Schema", "Name"], FillProcedures),
        ("ProcedureParameters", ["Schema", "Name", "Parameter"], FillParameters),
    ];

    /// <summary>A collection of what the database has; restrictions compare without regard to case, null matches everything.</summary>
    /// <exception cref="ArgumentException">There is no such collection, or there are too many restrictions.</exception>
    public static DataTable Get(BareMetalConnection connection, string? name, string?[]? restrictions)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        CatalogSnapshot catalog = connection.Session.Catalog;
        restrictions ??= [];
        foreach ((string candidate, string[] allowed, Action<CatalogSnapshot, DataTable, string?[]> fill) in s_collections)
        {
            if (!string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase))
                continue;
            if (restrictions.Length > allowed.Length)
                throw new ArgumentException($"The schema collection '{candidate}' has {allowed.Length} restriction(s) ({string.Join(", ", allowed)}), {restrictions.Length} given.", nameof(restrictions));
            DataTable table = new(candidate);
            if (candidate == Databases)
                FillDatabases(connection, table, restrictions);
            else if (candidate == ViewColumns)
                FillViewColumns(connection, catalog, table, restrictions);
            else
                fill(catalog, table, restrictions);
            return table;
        }

        throw new ArgumentException($"The schema collection '{name}' does not exist. Collections are {string.Join(", ", s_collections.Select(c => c.Name))}.", nameof(name));
    }

    private static void Define(DataTable table, params ReadOnlySpan<(string Name, Type Type)> columns)
    {
        foreach ((string name, Type type) in columns)
            AddColumn(table, name, type);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "Only simple value types and strings are stored.")]
    [UnconditionalSuppressMessage("Trimming", "IL2111", Justification = "Only simple value types and strings are stored.")]
    private static void AddColumn(DataTable table, string name, Type type) => table.Columns.Add(name, type);

    private static bool Matches(string?[] restrictions, int index, string? value)
        => index >= restrictions.Length || string.IsNullOrEmpty(restrictions[index]) || string.Equals(restrictions[index], value, StringComparison.OrdinalIgnoreCase);

    private static void FillCollections(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            (DbMetaDataColumnNames.CollectionName, typeof(string)), (DbMetaDataColumnNames.NumberOfRestrictions, typeof(int)), (DbMetaDataColumnNames.NumberOfIdentifierParts, typeof(int)));
        foreach ((string name, string[] allowed, _) in s_collections)
            table.Rows.Add(name, allowed.Length, PartsOf(name));
    }

    /// <summary>How many names it takes to say which row of a collection is meant.</summary>
    private static int PartsOf(string collection) => collection switch
    {
        Databases or "Schemas" => 1,
        "Tables" or "Views" or "Sequences" or "Functions" or "Procedures" => 2,
        "Columns" or ViewColumns or "Indexes" or "Constraints" or "PrimaryKey" or "UniqueKeys" or "ForeignKeys" or "ProcedureParameters" => 3,
        "IndexColumns" or "ConstraintColumns" => 4,
        _ => 0,
    };

    private static void FillDataSource(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            (DbMetaDataColumnNames.CompositeIdentifierSeparatorPattern, typeof(string)), (DbMetaDataColumnNames.DataSourceProductName, typeof(string)),
            (DbMetaDataColumnNames.DataSourceProductVersion, typeof(string)), (DbMetaDataColumnNames.DataSourceProductVersionNormalized, typeof(string)),
            (DbMetaDataColumnNames.GroupByBehavior, typeof(GroupByBehavior)), (DbMetaDataColumnNames.IdentifierPattern, typeof(string)),
            (DbMetaDataColumnNames.IdentifierCase, typeof(IdentifierCase)), (DbMetaDataColumnNames.OrderByColumnsInSelect, typeof(bool)),
            (DbMetaDataColumnNames.ParameterMarkerFormat, typeof(string)), (DbMetaDataColumnNames.ParameterMarkerPattern, typeof(string)),
            (DbMetaDataColumnNames.ParameterNameMaxLength, typeof(int)), (DbMetaDataColumnNames.ParameterNamePattern, typeof(string)),
            (DbMetaDataColumnNames.QuotedIdentifierPattern, typeof(string)), (DbMetaDataColumnNames.QuotedIdentifierCase, typeof(IdentifierCase)),
            (DbMetaDataColumnNames.StatementSeparatorPattern, typeof(string)), (DbMetaDataColumnNames.StringLiteralPattern, typeof(string)),
            (DbMetaDataColumnNames.SupportedJoinOperators, typeof(SupportedJoinOperators)));
        Version version = typeof(SchemaCollections).Assembly.GetName().Version ?? new Version(0, 0, 0);
        table.Rows.Add(
            "\\.", "BareMetal.Data", version.ToString(3), $"{version.Major:D4}.{version.Minor:D4}.{Math.Max(version.Build, 0):D4}",
            GroupByBehavior.Unrelated, "(^[\\p{L}_][\\p{L}\\p{N}_$]*$)", IdentifierCase.Insensitive, false,
            "@{0}", "@[\\p{L}_][\\p{L}\\p{N}_$]*", 128, "^[\\p{L}_][\\p{L}\\p{N}_$]*$",
            "\"(([^\"]|\"\")*)\"", IdentifierCase.Insensitive, ";", "'(([^']|'')*)'",
            SupportedJoinOperators.Inner | SupportedJoinOperators.LeftOuter | SupportedJoinOperators.RightOuter | SupportedJoinOperators.FullOuter);
    }

    private static void FillDataTypes(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            (DbMetaDataColumnNames.TypeName, typeof(string)), (DbMetaDataColumnNames.ProviderDbType, typeof(int)), (DbMetaDataColumnNames.DataType, typeof(string)),
            (DbMetaDataColumnNames.CreateFormat, typeof(string)), (DbMetaDataColumnNames.CreateParameters, typeof(string)),
            (DbMetaDataColumnNames.IsAutoIncrementable, typeof(bool)), (DbMetaDataColumnNames.IsCaseSensitive, typeof(bool)), (DbMetaDataColumnNames.IsFixedLength, typeof(bool)),
            (DbMetaDataColumnNames.IsNullable, typeof(bool)), (DbMetaDataColumnNames.IsSearchable, typeof(bool)), (DbMetaDataColumnNames.IsUnsigned, typeof(bool)));
        foreach ((string name, SqlType type) in DataTypeNames.All)
        {
            bool integer = type.Kind is >= SqlTypeKind.TinyInt and <= SqlTypeKind.UBigInt;
            table.Rows.Add(
                name, (int)ClrTypes.DbTypeOf(type), ClrTypes.TypeOf(type).FullName,
                type.Kind == SqlTypeKind.Decimal ? "decimal({0},{1})" : name, type.Kind == SqlTypeKind.Decimal ? "precision,scale" : DBNull.Value,
                integer, ClrReader.IsText(type.Kind), type.Kind is not (SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb),
                true, type.Kind is not SqlTypeKind.Json,
                integer || type.Kind is SqlTypeKind.Decimal or SqlTypeKind.Real or SqlTypeKind.Double ? type.Kind is >= SqlTypeKind.UTinyInt and <= SqlTypeKind.UBigInt : DBNull.Value);
        }
    }

    private static void FillRestrictions(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table, (DbMetaDataColumnNames.CollectionName, typeof(string)), ("RestrictionName", typeof(string)), ("RestrictionNumber", typeof(int)));
        foreach ((string name, string[] allowed, _) in s_collections)
        {
            for (int i = 0; i < allowed.Length; i++)
                table.Rows.Add(name, allowed[i], i + 1);
        }
    }

    private static void FillReservedWords(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table, (DbMetaDataColumnNames.ReservedWord, typeof(string)));
        foreach (Keyword keyword in Enum.GetValues<Keyword>())
        {
            if (Keywords.IsReserved(keyword))
                table.Rows.Add(Keywords.Spell(keyword));
        }
    }

    private static void FillSchemas(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table, ("TABLE_SCHEMA", typeof(string)));
        foreach (SchemaObject schema in catalog.Schemas.OrderBy(s => s.Name, StringComparer.OrdinalIgnoreCase))
        {
            if (Matches(restrictions, 0, schema.Name))
                table.Rows.Add(schema.Name);
        }
    }

    // The engine's own views are listed only when their schema is asked for.
    private static IEnumerable<T> Objects<T>(CatalogSnapshot catalog, string?[] restrictions)
        where T : CatalogObject
        => catalog.Objects.OfType<T>()
            .Where(o => Matches(restrictions, 0, o.Schema) && Matches(restrictions, 1, o.Name) && (o.Id > 0 || (restrictions.Length > 0 && restrictions[0] is not null)))
            .OrderBy(o => o.Schema, StringComparer.OrdinalIgnoreCase).ThenBy(o => o.Name, StringComparer.OrdinalIgnoreCase);

    private static void FillTables(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table, ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("TABLE_TYPE", typeof(string)), ("COMMENT", typeof(string)), ("IS_COMPRESSED", typeof(bool)));
        if (Matches(restrictions, 2, "BASE TABLE"))
        {
            foreach (Table found in Objects<Table>(catalog, restrictions))
                table.Rows.Add(found.Schema, found.Name, "BASE TABLE", found.Comment, found.Compression != TableCompression.None);
        }

        if (Matches(restrictions, 2, "VIEW"))
        {
            foreach (View found in Objects<View>(catalog, restrictions))
                table.Rows.Add(found.Schema, found.Name, "VIEW", found.Comment, false);
        }
    }

    private static void FillColumns(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("COLUMN_NAME", typeof(string)), ("ORDINAL_POSITION", typeof(int)),
            ("COLUMN_DEFAULT", typeof(string)), ("IS_NULLABLE", typeof(bool)), ("DATA_TYPE", typeof(string)), ("CHARACTER_MAXIMUM_LENGTH", typeof(int)),
            ("NUMERIC_PRECISION", typeof(int)), ("NUMERIC_SCALE", typeof(int)), ("COLLATION_NAME", typeof(string)), ("IS_IDENTITY", typeof(bool)),
            ("GENERATION_EXPRESSION", typeof(string)), ("PRIMARY_KEY_POSITION", typeof(int)), ("COMMENT", typeof(string)),
            ("IS_STORED", typeof(bool)), ("IDENTITY_GENERATION", typeof(string)), ("IDENTITY_START", typeof(long)), ("IDENTITY_INCREMENT", typeof(long)));
        foreach (Table found in Objects<Table>(catalog, restrictions))
        {
            foreach (Column column in found.Columns)
            {
                if (!Matches(restrictions, 2, column.Name))
                    continue;
                int key = found.PrimaryKey is { } primary ? primary.ColumnIds.ToList().IndexOf(column.Id) : -1;
                table.Rows.Add(
                    found.Schema, found.Name, column.Name, column.Ordinal + 1, column.DefaultSql, column.IsNullable, DataTypeNames.Format(column.Type),
                    (object?)column.Type.Length ?? DBNull.Value, (object?)column.Type.Precision ?? DBNull.Value, (object?)column.Type.Scale ?? DBNull.Value,
                    column.Type.Collation, column.Identity is not null, column.GeneratedSql, key < 0 ? DBNull.Value : key + 1, column.Comment,
                    column.IsStored, column.Identity is null ? null : column.Identity.IsAlways ? "ALWAYS" : "BY DEFAULT",
                    (object?)SequenceOf(catalog, column)?.StartValue ?? DBNull.Value, (object?)SequenceOf(catalog, column)?.Increment ?? DBNull.Value);
            }
        }
    }

    private static Sequence? SequenceOf(CatalogSnapshot catalog, Column column)
        => column.Identity is { } identity ? catalog.Find<Sequence>(identity.SequenceId) : null;

    private static void FillViews(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table, ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("VIEW_DEFINITION", typeof(string)));
        foreach (View found in Objects<View>(catalog, restrictions))
            table.Rows.Add(found.Schema, found.Name, found.Sql);
    }

    private static void FillIndexes(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("INDEX_NAME", typeof(string)), ("IS_UNIQUE", typeof(bool)),
            ("IS_PRIMARY", typeof(bool)), ("FILTER", typeof(string)), ("NULLS_NOT_DISTINCT", typeof(bool)));
        foreach (Table found in Objects<Table>(catalog, restrictions))
        {
            if (found.PrimaryKey is { } primary && Matches(restrictions, 2, primary.Name))
                table.Rows.Add(found.Schema, found.Name, primary.Name, true, true, DBNull.Value, false);
            foreach (TableIndex index in found.Indexes)
            {
                if (Matches(restrictions, 2, index.Name))
                    table.Rows.Add(found.Schema, found.Name, index.Name, index.IsUnique, false, index.FilterSql, index.NullsNotDistinct);
            }
        }
    }

    private static void FillIndexColumns(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("INDEX_NAME", typeof(string)), ("COLUMN_NAME", typeof(string)),
            ("ORDINAL_POSITION", typeof(int)), ("IS_DESCENDING", typeof(bool)), ("IS_INCLUDED", typeof(bool)), ("EXPRESSION", typeof(string)));
        foreach (Table found in Objects<Table>(catalog, restrictions))
        {
            if (found.PrimaryKey is { } primary && Matches(restrictions, 2, primary.Name))
            {
                for (int i = 0; i < primary.ColumnIds.Count; i++)
                    Add(found, primary.Name, NameOf(found, primary.ColumnIds[i]), i + 1, false, false, null);
            }

            foreach (TableIndex index in found.Indexes)
            {
                if (!Matches(restrictions, 2, index.Name))
                    continue;
                int position = 0;
                foreach (IndexKeyPart part in index.Keys)
                    Add(found, index.Name, part.ExpressionSql is null ? NameOf(found, part.ColumnId) : null, ++position, part.Descending, false, part.ExpressionSql);
                foreach (int included in index.IncludedColumnIds)
                    Add(found, index.Name, NameOf(found, included), ++position, false, true, null);
            }
        }

        void Add(Table owner, string index, string? column, int position, bool descending, bool included, string? expression)
        {
            if (Matches(restrictions, 3, column))
                table.Rows.Add(owner.Schema, owner.Name, index, column, position, descending, included, expression);
        }
    }

    private static void FillForeignKeys(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            ("TABLE_SCHEMA", typeof(string)), ("TABLE_NAME", typeof(string)), ("CONSTRAINT_NAME", typeof(string)), ("COLUMN_NAME", typeof(string)),
            ("ORDINAL_POSITION", typeof(int)), ("REFERENCED_TABLE_SCHEMA", typeof(string)), ("REFERENCED_TABLE_NAME", typeof(string)),
            ("REFERENCED_COLUMN_NAME", typeof(string)), ("UPDATE_RULE", typeof(string)), ("DELETE_RULE", typeof(string)));
        foreach (Table found in Objects<Table>(catalog, restrictions))
        {
            foreach (ForeignKey key in found.ForeignKeys)
            {
                if (!Matches(restrictions, 2, key.Name) || catalog.Find<Table>(key.ReferencedTableId) is not { } referenced)
                    continue;
                for (int i = 0; i < key.ColumnIds.Count; i++)
                {
                    table.Rows.Add(
                        found.Schema, found.Name, key.Name, NameOf(found, key.ColumnIds[i]), i + 1, referenced.Schema, referenced.Name,
                        NameOf(referenced, key.ReferencedColumnIds[i]), Rule(key.OnUpdate), Rule(key.OnDelete));
                }
            }
        }
    }

    private static void FillSequences(CatalogSnapshot catalog, DataTable table, string?[] restrictions)
    {
        Define(table,
            ("SEQUENCE_SCHEMA", typeof(string)), ("SEQUENCE_NAME", typeof(string)), ("DATA_TYPE", typeof(string)), ("START_VALUE", typeof(long)),
            ("INCREMENT", typeof(long)), ("MINIMUM_VALUE", typeof(long)), ("MAXIMUM_VALUE", typeof(long)), ("IS_CYCLE", typeof(bool)));
        foreach (Sequence found in Objects<Sequence>(catalog, restrictions))
            table.Rows.Add(found.Schema, found.Name, DataTypeNames.Format(found.Type), found.StartValue, found.Increment, found.MinValue, found.MaxValue, found.IsCycle);
    }

    private static string? NameOf(Table table, int columnId)
    {
        foreach (Column column in table.Columns)
        {
            if (column.Id == columnId)
                return column.Name;
        }

        return null;
    }

    private static string Rule(ReferentialAction action) => action switch
    {
        ReferentialAction.Restrict => "RESTRICT",
        ReferentialAction.Cascade => "CASCADE",
        ReferentialAction.SetNull => "SET NULL",
        ReferentialAction.SetDefault => "SET DEFAULT",
        _ => "NO ACTION",
    };
}
