using System.Data;
using System.Data.Common;
using System.Globalization;
using BareMetal.Data.Catalog;
using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Scaffolding;
using Microsoft.EntityFrameworkCore.Scaffolding.Metadata;
using EfReferentialAction = Microsoft.EntityFrameworkCore.Migrations.ReferentialAction;

namespace BareMetal.Data.EntityFrameworkCore.Scaffolding;

/// <summary>Reads the schema of a database for <c>dotnet ef dbcontext scaffold</c>, from the engine's catalog.</summary>
public sealed class BareMetalDatabaseModelFactory : DatabaseModelFactory
{
    /// <inheritdoc />
    public override DatabaseModel Create(string connectionString, DatabaseModelFactoryOptions options)
    {
        using var connection = new BareMetalConnection(connectionString);
        return Create(connection, options, alternateKeysAside: true);
    }

    /// <inheritdoc />
    public override DatabaseModel Create(DbConnection connection, DatabaseModelFactoryOptions options)
        => Create(connection, options, alternateKeysAside: false);

    // The scaffolder comes by a connection string. It makes unique indexes of unique constraints, so that for it alternate keys go past that; who looks at
    // the database through an open connection sees it as it is.
    private static DatabaseModel Create(DbConnection connection, DatabaseModelFactoryOptions options, bool alternateKeysAside)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(options);
        if (connection is not BareMetalConnection own)
            throw new ArgumentException($"The connection is a {connection.GetType().Name}, not a {nameof(BareMetalConnection)}.", nameof(connection));

        var wasClosed = own.State != ConnectionState.Open;
        if (wasClosed)
            own.Open();
        try
        {
            return Build(own.Session.Catalog, options, new ConstantDefaults(own), alternateKeysAside);
        }
        finally
        {
            if (wasClosed)
                own.Close();
        }
    }

    private static DatabaseModel Build(CatalogSnapshot catalog, DatabaseModelFactoryOptions options, ConstantDefaults defaults, bool alternateKeysAside)
    {
        var model = new DatabaseModel();
        var filter = new ObjectFilter(options);
        var tables = new Dictionary<long, (Table Source, DatabaseTable Target)>();
        var owned = new HashSet<long>();

        foreach (var found in catalog.Objects)
        {
            switch (found)
            {
                case Table table when filter.Includes(table.Schema, table.Name):
                {
                    var target = BuildTable(model, catalog, table, owned, defaults, alternateKeysAside);
                    tables.Add(table.Id, (table, target));
                    model.Tables.Add(target);
                    break;
                }

                case View { Id: > 0 } view when filter.Includes(view.Schema, view.Name):
                    model.Tables.Add(BuildView(model, view));
                    break;
            }
        }

        foreach (var (source, target) in tables.Values)
            AddForeignKeys(source, target, tables);

        foreach (var found in catalog.Objects)
        {
            if (found is Sequence { OwnedBy: null } sequence && !owned.Contains(sequence.Id) && filter.IncludesSchema(sequence.Schema))
                model.Sequences.Add(BuildSequence(model, sequence));
        }

        return model;
    }

    // A model without schemas means the default one; naming it would make the next migration move every table.
    private static string? SchemaOf(CatalogObject found)
        => string.Equals(found.Schema, CatalogSnapshot.DefaultSchema, StringComparison.OrdinalIgnoreCase) ? null : found.Schema;

    private static DatabaseTable BuildTable(DatabaseModel model, CatalogSnapshot catalog, Table table, HashSet<long> ownedSequences, ConstantDefaults defaults, bool alternateKeysAside)
    {
        var target = new DatabaseTable { Database = model, Name = table.Name, Schema = SchemaOf(table), Comment = table.Comment };
        if (table.Compression != TableCompression.None)
            target[BareMetalAnnotationNames.Compression] = true;
        if (table.Checks.Count > 0)
            target[BareMetalAnnotationNames.ScaffoldedChecks] = table.Checks.SelectMany(c => new[] { c.Name, c.Sql }).ToArray();
        var byId = new Dictionary<int, DatabaseColumn>();
        foreach (var column in table.Columns)
        {
            var storeType = DataTypeNames.Format(column.Type);
            var databaseColumn = new DatabaseColumn
            {
                Table = target,
                Name = column.Name,
                StoreType = storeType,
                IsNullable = column.IsNullable,
                DefaultValue = defaults.Find(column, storeType),
                DefaultValueSql = column.DefaultSql,
                ComputedColumnSql = column.GeneratedSql,
                IsStored = column.GeneratedSql is null ? null : column.IsStored,
                Comment = column.Comment,
                Collation = column.Type.Collation,
            };
            if (storeType == "rowversion")
            {
                databaseColumn.ValueGenerated = ValueGenerated.OnAddOrUpdate;
                databaseColumn["ConcurrencyToken"] = true;
            }
            else if (column.GeneratedSql is not null)
            {
                databaseColumn.ValueGenerated = ValueGenerated.OnAddOrUpdate;
            }
            else if (column.Identity is { } identity)
            {
                ownedSequences.Add(identity.SequenceId);
                databaseColumn.ValueGenerated = ValueGenerated.OnAdd;
                databaseColumn[BareMetalAnnotationNames.ValueGenerationStrategy] = BareMetalValueGenerationStrategy.IdentityColumn;
                if (catalog.Find<Sequence>(identity.SequenceId) is { } sequence)
                {
                    if (sequence.StartValue != 1)
                        databaseColumn[BareMetalAnnotationNames.IdentitySeed] = sequence.StartValue;
                    if (sequence.Increment != 1)
                        databaseColumn[BareMetalAnnotationNames.IdentityIncrement] = (int)sequence.Increment;
                }
            }

            byId.Add(column.Id, databaseColumn);
            target.Columns.Add(databaseColumn);
        }

        if (table.PrimaryKey is { } primaryKey)
        {
            var key = new DatabasePrimaryKey { Table = target, Name = primaryKey.Name };
            foreach (var id in primaryKey.ColumnIds)
                key.Columns.Add(byId[id]);
            target.PrimaryKey = key;
        }

        var keyIndexes = new HashSet<long>();
        if (table.PrimaryKey is { } primary)
            keyIndexes.Add(primary.IndexId);
        var alternateKeys = new List<string[]>();
        foreach (var unique in table.UniqueConstraints)
        {
            keyIndexes.Add(unique.IndexId);
            if (alternateKeysAside && IsAlternateKey(unique))
            {
                alternateKeys.Add([unique.Name, .. unique.ColumnIds.Select(id => byId[id].Name)]);
                continue;
            }

            var constraint = new DatabaseUniqueConstraint { Table = target, Name = unique.Name };
            foreach (var id in unique.ColumnIds)
                constraint.Columns.Add(byId[id]);
            target.UniqueConstraints.Add(constraint);
        }

        if (alternateKeys.Count > 0)
            target[BareMetalAnnotationNames.ScaffoldedKeys] = alternateKeys.ToArray();

        foreach (var index in table.Indexes)
        {
            if (keyIndexes.Contains(index.Id))
                continue;

            // Indexes over expressions have no counterpart in an EF Core model: they are annotations of ours. Those with a filter or more columns stay outside of models.
            if (index.Keys.Any(k => k.ExpressionSql is not null))
            {
                if (index.FilterSql is null && index.IncludedColumnIds.Count == 0 && !index.NullsNotDistinct)
                {
                    target[BareMetalAnnotationNames.ExpressionIndex + index.Name] = (index.IsUnique ? ExpressionIndexes.Unique : "")
                        + string.Join(", ", index.Keys.Select(k => (k.ExpressionSql ?? '"' + byId[k.ColumnId].Name.Replace("\"", "\"\"") + '"') + (k.Descending ? " DESC" : "")));
                }

                continue;
            }

            var databaseIndex = new DatabaseIndex { Table = target, Name = index.Name, IsUnique = index.IsUnique, Filter = index.FilterSql };
            foreach (var key in index.Keys)
            {
                databaseIndex.Columns.Add(byId[key.ColumnId]);
                databaseIndex.IsDescending.Add(key.Descending);
            }

            if (index.IncludedColumnIds.Count > 0)
                databaseIndex[BareMetalAnnotationNames.IndexInclude] = index.IncludedColumnIds.Select(id => byId[id].Name).ToArray();
            if (index.NullsNotDistinct)
                databaseIndex[BareMetalAnnotationNames.NullsDistinct] = false;
            target.Indexes.Add(databaseIndex);
        }

        return target;

        // EF Core makes unique indexes of unique constraints. What a model can have as an alternate key goes past it, but for what foreign keys refer to: there it looks for an index.
        bool IsAlternateKey(KeyConstraint unique)
        {
            foreach (var id in unique.ColumnIds)
            {
                if (byId[id].IsNullable)
                    return false;
            }

            foreach (var other in catalog.Objects)
            {
                if (other is Table referrer && referrer.ForeignKeys.Any(k => k.ReferencedTableId == table.Id && k.ReferencedColumnIds.SequenceEqual(unique.ColumnIds)))
                    return false;
            }

            return true;
        }
    }

    private static DatabaseView BuildView(DatabaseModel model, View view)
    {
        var target = new DatabaseView { Database = model, Name = view.Name, Schema = SchemaOf(view), Comment = view.Comment };
        foreach (var column in view.Columns)
        {
            target.Columns.Add(
                new DatabaseColumn
                {
                    Table = target,
                    Name = column.Name,
                    StoreType = DataTypeNames.Format(column.Type),
                    IsNullable = column.IsNullable,
                });
        }

        return target;
    }

    private static void AddForeignKeys(
        Table source,
        DatabaseTable target,
        Dictionary<long, (Table Source, DatabaseTable Target)> tables)
    {
        foreach (var foreignKey in source.ForeignKeys)
        {
            // The other table may be outside of what was asked for.
            if (!tables.TryGetValue(foreignKey.ReferencedTableId, out var principal))
                continue;
            var databaseKey = new DatabaseForeignKey
            {
                Table = target,
                Name = foreignKey.Name,
                PrincipalTable = principal.Target,
                OnDelete = foreignKey.OnDelete switch
                {
                    Catalog.ReferentialAction.Cascade => EfReferentialAction.Cascade,
                    Catalog.ReferentialAction.Restrict => EfReferentialAction.Restrict,
                    Catalog.ReferentialAction.SetNull => EfReferentialAction.SetNull,
                    Catalog.ReferentialAction.SetDefault => EfReferentialAction.SetDefault,
                    _ => EfReferentialAction.NoAction,
                },
            };
            foreach (var id in foreignKey.ColumnIds)
                databaseKey.Columns.Add(Column(source, target, id));
            foreach (var id in foreignKey.ReferencedColumnIds)
                databaseKey.PrincipalColumns.Add(Column(principal.Source, principal.Target, id));
            target.ForeignKeys.Add(databaseKey);
        }

        static DatabaseColumn Column(Table table, DatabaseTable target, int id)
        {
            for (var i = 0; i < table.Columns.Count; i++)
            {
                if (table.Columns[i].Id == id)
                    return target.Columns[i];
            }

            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"The catalog names a column {id} of '{table.Name}' that does not exist."));
        }
    }

    private static DatabaseSequence BuildSequence(DatabaseModel model, Sequence sequence)
    {
        var storeType = DataTypeNames.Format(sequence.Type);
        var (smallest, largest) = storeType switch
        {
            "tinyint" => (sbyte.MinValue, sbyte.MaxValue),
            "smallint" => (short.MinValue, short.MaxValue),
            "integer" => (int.MinValue, int.MaxValue),
            "utinyint" => (0L, byte.MaxValue),
            "usmallint" => (0L, ushort.MaxValue),
            "uinteger" => (0L, uint.MaxValue),
            "ubigint" => (0L, long.MaxValue),
            _ => (long.MinValue, long.MaxValue),
        };
        return new DatabaseSequence
        {
            Database = model,
            Name = sequence.Name,
            Schema = SchemaOf(sequence),
            StoreType = storeType,
            StartValue = sequence.StartValue,
            IncrementBy = (int)sequence.Increment,
            MinValue = sequence.MinValue == (sequence.Increment > 0 ? 1 : smallest) ? null : sequence.MinValue,
            MaxValue = sequence.MaxValue == (sequence.Increment > 0 ? largest : -1) ? null : sequence.MaxValue,
            IsCyclic = sequence.IsCycle,
        };
    }

    private sealed class ObjectFilter(DatabaseModelFactoryOptions options)
    {
        private readonly HashSet<string> _schemas = new(options.Schemas, StringComparer.OrdinalIgnoreCase);
        private readonly List<(string? Schema, string Name)> _tables = Parse(options.Tables);

        internal bool IncludesSchema(string? schema)
            => (_schemas.Count == 0 && _tables.Count == 0) || _schemas.Contains(schema ?? CatalogSnapshot.DefaultSchema);

        internal bool Includes(string? schema, string name)
        {
            if (schema is "information_schema" or "bm_catalog" or "pg_catalog")
                return false;
            if (name == Microsoft.EntityFrameworkCore.Migrations.HistoryRepository.DefaultTableName)
                return false;
            if (IncludesSchema(schema))
                return true;
            foreach (var (wantedSchema, wantedName) in _tables)
            {
                if (string.Equals(wantedName, name, StringComparison.OrdinalIgnoreCase)
                    && (wantedSchema is null
                        || string.Equals(wantedSchema, schema ?? CatalogSnapshot.DefaultSchema, StringComparison.OrdinalIgnoreCase)))
                    return true;
            }

            return false;
        }

        // "table", "schema.table", either part in quotes.
        private static List<(string? Schema, string Name)> Parse(IEnumerable<string> names)
        {
            var parsed = new List<(string? Schema, string Name)>();
            foreach (var name in names)
            {
                var dot = name.StartsWith('"') ? name.IndexOf("\".", StringComparison.Ordinal) + 1 : name.IndexOf('.');
                parsed.Add(dot > 0 ? (name[..dot].Trim('"'), name[(dot + 1)..].Trim('"')) : (null, name.Trim('"')));
            }

            return parsed;
        }
    }
}
