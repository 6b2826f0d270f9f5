using BareMetal.Data.Binding;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using TableBinder = BareMetal.Data.Binding.TableBinder;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>CREATE TABLE, DROP TABLE, TRUNCATE.</summary>
internal sealed partial class DefinitionExecutor
{
    private const int MaxColumns = 1600;

    private void CreateTable(CreateTableStatement statement)
    {
        if (statement.OnCommit != OnCommit.PreserveRows && !_temporary)
            throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, "ON COMMIT goes with temporary tables only.", statement.Position, "Write CREATE TEMPORARY TABLE.");
        string schema = CreationSchema(statement.Name);
        string name = statement.Name.Name;
        if (Current.IsNameTaken(schema, name))
        {
            if (!statement.IfNotExists)
                CheckNameIsFree(schema, name, statement.Name.Position);
            _context.Notice($"\"{name}\" already exists, skipping.");
            return;
        }

        if (statement.As is not null)
        {
            CreateTableAs(statement, schema);
            return;
        }

        Table table = SetOptions(NewTable(schema, name), statement.Options) with { OnCommit = statement.OnCommit };
        foreach (ColumnDefinition definition in statement.Columns)
        {
            if (table.FindColumn(definition.Name.Name) is not null)
                throw CatalogErrors.Make(SqlStates.DuplicateColumn, $"The column \"{definition.Name.Name}\" is given twice.", definition.Name.Position);
            table = Append(table, MakeColumn(table, definition));
        }

        if (table.Columns.Count > MaxColumns)
            throw CatalogErrors.Make(SqlStates.TooManyColumns, $"A table has at most {MaxColumns} columns; {table.Columns.Count} are given.", statement.Position);
        table = table with { SchemaHistory = [new RowSchema(table.RowSchemaVersion, StoredColumns(table.Columns))] };

        List<TableConstraint> constraints = [];
        foreach (ColumnDefinition definition in statement.Columns)
            constraints.AddRange(definition.Constraints);
        constraints.AddRange(statement.Constraints);
        CreateConstraints(table, constraints);
    }

    /// <summary>Keys first, since foreign keys refer to them, then checks, then foreign keys.</summary>
    private void CreateConstraints(Table table, List<TableConstraint> constraints)
    {
        foreach (TableConstraint constraint in constraints)
        {
            if (constraint is Sql.Syntax.KeyConstraint key)
                table = AddKey(table, key, isNew: true);
        }

        foreach (TableConstraint constraint in constraints)
        {
            if (constraint is Sql.Syntax.CheckConstraint check)
                table = AddCheck(table, check, isNew: true, validate: false);
        }

        if (table.PrimaryKey is null)
            table = table with { RowIdSequence = NewCounter() };
        Catalog.Put(table);
        TableBinder.Validate(table, Current, _context.SearchPath);
        foreach (TableConstraint constraint in constraints)
        {
            if (constraint is ForeignKeyConstraint foreignKey)
            {
                table = AddForeignKey(table, foreignKey, validate: false);
                Catalog.Put(table);
            }
        }
    }

    private Table NewTable(string schema, string name) => new()
    {
        Id = NewId(),
        Schema = schema,
        Name = name,
        Tree = CreateTree(),
        Columns = [],
        RowSchemaVersion = 1,
        SchemaHistory = [],
    };

    private static Table Append(Table table, Column column) => table with
    {
        Columns = [.. table.Columns, column with { Ordinal = table.Columns.Count }],
        NextColumnId = table.NextColumnId + 1,
    };

    /// <summary>The column of a definition, with the table's next column id; the sequence of an identity column is made too.</summary>
    private Column MakeColumn(Table table, ColumnDefinition definition)
    {
        (SqlType type, IdentityKind identity) = ColumnType(definition);
        bool isIdentity = identity != IdentityKind.None;
        Column column = new()
        {
            Id = table.NextColumnId,
            Ordinal = table.Columns.Count,
            Name = definition.Name.Name,
            Type = type,
            IsNullable = !definition.NotNull && !isIdentity && type.Kind != SqlTypeKind.RowVersion,
            DefaultSql = definition.DefaultText,
            GeneratedSql = definition.Generated == GeneratedKind.None ? null : definition.GeneratedText,
            IsStored = definition.Generated == GeneratedKind.Stored,
        };
        if (column.GeneratedSql is not null && (column.DefaultSql is not null || isIdentity))
            throw CatalogErrors.Make(SqlStates.SyntaxError, $"The generated column \"{column.Name}\" can have neither a default nor an identity.", definition.Position);
        if (isIdentity && column.DefaultSql is not null)
            throw CatalogErrors.Make(SqlStates.SyntaxError, $"The identity column \"{column.Name}\" can't have a default.", definition.Position);
        return isIdentity ? column with { Identity = MakeIdentity(table, column, identity, definition.IdentityOptions) } : column;
    }

    private static (SqlType Type, IdentityKind Identity) ColumnType(ColumnDefinition definition)
    {
        SqlType? serial = definition.Type.Name.ToLowerInvariant() switch
        {
            "serial" or "serial4" => SqlType.Integer,
            "bigserial" or "serial8" => SqlType.BigInt,
            "smallserial" or "serial2" => SqlType.SmallInt,
            _ => null,
        };
        if (serial is not null && definition.Type.ArrayDimensions == 0)
            return (serial, IdentityKind.ByDefault);
        SqlType type = ResolveType(definition.Type, definition.Collation);
        if (type.Kind is SqlTypeKind.Record or SqlTypeKind.Unknown)
            throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"A column can't have the type {definition.Type}.", definition.Type.Position);
        return (type, definition.Identity);
    }

    private IdentityOptions MakeIdentity(Table table, Column column, IdentityKind kind, SequenceOptions? options)
    {
        if (!IsInteger(column.Type) && column.Type.Kind != SqlTypeKind.Decimal)
            throw CatalogErrors.Make(SqlStates.InvalidParameterValue, $"The identity column \"{column.Name}\" must have an integer type.", options?.Position ?? default);
        string name = MakeName(table.Schema!, $"{table.Name}_{column.Name}_seq");
        Sequence sequence = NewSequence(table.Schema!, name, column.Type, options) with { OwnedBy = (table.Id, column.Id) };
        Catalog.Put(sequence);
        return new IdentityOptions(kind == IdentityKind.Always, sequence.Id);
    }

    private void CreateTableAs(CreateTableStatement statement, string schema)
    {
        IReadOnlyList<ViewColumn> columns = TableBinder.BindQuery(statement.As!, Current, _context.SearchPath);
        if (statement.AsColumns.Length > columns.Count)
            throw CatalogErrors.Make(SqlStates.SyntaxError, "More column names are given than the query has columns.", statement.AsColumns[columns.Count].Position);
        Table table = NewTable(schema, statement.Name.Name);
        for (int i = 0; i < columns.Count; i++)
        {
            string name = i < statement.AsColumns.Length ? statement.AsColumns[i].Name : columns[i].Name;
            if (table.FindColumn(name) is not null)
                throw CatalogErrors.Make(SqlStates.DuplicateColumn, $"The column \"{name}\" is given twice.", statement.Position, "Name the columns of the query with AS.");
            if (columns[i].Type.Kind == SqlTypeKind.Record)
                throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, $"The column \"{name}\" would hold rows, which are not stored.", statement.Position, "Name the fields as columns of their own, or use to_jsonb.");
            SqlType type = columns[i].Type.Kind == SqlTypeKind.Unknown ? SqlType.Text : columns[i].Type;
            table = Append(table, new Column { Id = table.NextColumnId, Ordinal = i, Name = name, Type = type });
        }

        Catalog.Put(table with
        {
            SchemaHistory = [new RowSchema(table.RowSchemaVersion, StoredColumns(table.Columns))],
            RowIdSequence = NewCounter(),
            OnCommit = statement.OnCommit,
        });
    }

    private void DropTable(Table table, bool cascade)
    {
        LockExclusively(table);
        List<string> dependents = [];
        List<(Table Table, ForeignKey Key)> foreignKeys = [];
        foreach (Table child in Current.ReferencingTables(table.Id))
        {
            if (child.Id == table.Id)
                continue;
            foreach (ForeignKey key in child.ForeignKeys)
            {
                if (key.ReferencedTableId == table.Id)
                {
                    foreignKeys.Add((child, key));
                    dependents.Add($"foreign key \"{key.Name}\" of table \"{child.Name}\"");
                }
            }
        }

        foreach (CatalogObject o in DependentViews(table.Id, 0))
            dependents.Add(Describe(o));
        if (dependents.Count > 0 && !cascade)
            throw CatalogErrors.Dependents($"The table \"{table.Name}\"", dependents);
        foreach ((Table child, ForeignKey key) in foreignKeys)
        {
            LockExclusively(child);
            Table now = Current.Find<Table>(child.Id)!;
            Save(now with { ForeignKeys = [.. now.ForeignKeys.Where(k => k.Name != key.Name)] });
        }

        DropDependentViews(table.Id, 0, $"The table \"{table.Name}\"", cascade);
        foreach (CatalogObject o in Current.Objects.ToArray())
        {
            if (o is Sequence { OwnedBy: { } owner } sequence && owner.TableId == table.Id)
                Catalog.Remove(sequence);
        }

        foreach (ForeignKey key in table.ForeignKeys)
        {
            if (key.ReferencedTableId != table.Id)
                Touch(key.ReferencedTableId);
        }

        Catalog.Remove(Current.Find<Table>(table.Id)!);
        DropTrees(table);
    }

    private void DropTrees(Table table)
    {
        Transaction.DropTree(table.Tree);
        foreach (TableIndex index in table.Indexes)
            Transaction.DropTree(index.Tree);
    }

    private void Truncate(TruncateStatement statement)
    {
        List<Table> tables = [];
        foreach (ObjectName name in statement.Tables)
            AddToTruncate(FindTable(name), statement, tables);
        foreach (Table table in tables)
        {
            LockExclusively(table);
            DropTrees(table);
            RowSchema schema = new(table.RowSchemaVersion + 1, StoredColumns(table.Columns));
            Table next = table with
            {
                Tree = CreateTree(),
                Indexes = [.. table.Indexes.Select(i => i with { Tree = CreateTree(), Version = i.Version + 1 })],
                RowSchemaVersion = schema.Version,
                SchemaHistory = [schema],
            };
            Save(next);
            if (!statement.RestartIdentity)
                continue;
            foreach (CatalogObject o in Current.Objects.ToArray())
            {
                if (o is Sequence { OwnedBy: { } owner } sequence && owner.TableId == table.Id)
                    Catalog.Put(Altered(sequence, new SequenceOptions { Restart = true, Position = statement.Position }));
            }
        }
    }

    private void AddToTruncate(Table table, TruncateStatement statement, List<Table> tables)
    {
        if (tables.Exists(t => t.Id == table.Id))
            return;
        tables.Add(table);
        foreach (Table child in Current.ReferencingTables(table.Id))
        {
            if (child.Id == table.Id || tables.Exists(t => t.Id == child.Id))
                continue;
            if (statement.Cascade)
                AddToTruncate(child, statement, tables);
            else if (!Array.Exists(statement.Tables, n => FindTable(n).Id == child.Id))
                throw CatalogErrors.Make(SqlStates.FeatureNotSupported, $"The table \"{table.Name}\" can't be truncated because \"{child.Name}\" refers to it by a foreign key.", statement.Position, "Truncate both in one statement, or use CASCADE.");
        }
    }
}
