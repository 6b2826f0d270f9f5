using System.Text;
using BareMetal.Data.EntityFrameworkCore.Metadata;
using BareMetal.Data.EntityFrameworkCore.Update;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;

namespace BareMetal.Data.EntityFrameworkCore.Migrations;

/// <summary>Writes the statements of migrations. Every operation is carried out or refused with an exception.</summary>
public sealed class BareMetalMigrationsSqlGenerator : MigrationsSqlGenerator
{
    private const int RowsPerInsert = 128;
    private const string DefaultSchema = "public";

    /// <summary>Creates the generator.</summary>
    /// <param name="dependencies">Services that all generators share.</param>
    public BareMetalMigrationsSqlGenerator(MigrationsSqlGeneratorDependencies dependencies)
        : base(dependencies)
    {
    }

    private ISqlGenerationHelper Helper
        => Dependencies.SqlGenerationHelper;

    private string Quote(string name, string? schema = null)
        => Helper.DelimitIdentifier(name, schema);

    private void End(MigrationCommandListBuilder builder)
    {
        builder.AppendLine(Helper.StatementTerminator);
        EndStatement(builder);
    }

    /// <inheritdoc />
    // Indexes on expressions go before the columns that they are on, and come when those are there.
    public override IReadOnlyList<MigrationCommand> Generate(
        IReadOnlyList<MigrationOperation> operations,
        IModel? model = null,
        MigrationsSqlGenerationOptions options = MigrationsSqlGenerationOptions.Default)
    {
        ArgumentNullException.ThrowIfNull(operations);
        List<MigrationOperation>? drops = null, creates = null;
        foreach (var operation in operations)
        {
            if (operation is not AlterTableOperation alter)
                continue;
            var before = ExpressionIndexes.In(alter.OldTable).ToDictionary();
            var after = ExpressionIndexes.In(alter).ToDictionary();
            foreach (var (name, sql) in before)
            {
                if (after.GetValueOrDefault(name) != sql)
                    (drops ??= []).Add(new SqlOperation { Sql = $"DROP INDEX IF EXISTS {Quote(name, alter.Schema)};" });
            }

            foreach (var (name, sql) in after)
            {
                if (before.GetValueOrDefault(name) != sql)
                    (creates ??= []).Add(ExpressionIndex(alter.Name, alter.Schema, name, sql));
            }
        }

        return base.Generate(drops is null && creates is null ? operations : [.. drops ?? [], .. operations, .. creates ?? []], model, options);
    }

    private SqlOperation ExpressionIndex(string table, string? schema, string name, string sql)
    {
        var unique = sql.StartsWith(ExpressionIndexes.Unique, StringComparison.Ordinal);
        var expressions = unique ? sql[ExpressionIndexes.Unique.Length..] : sql;
        return new SqlOperation { Sql = $"CREATE {(unique ? "UNIQUE " : "")}INDEX {Quote(name)} ON {Quote(table, schema)} ({expressions});" };
    }

    private MigrationCommandListBuilder AlterTable(MigrationCommandListBuilder builder, string table, string? schema)
        => builder.Append("ALTER TABLE ").Append(Quote(table, schema)).Append(" ");

    private static string Text(string value)
        => "'" + value.Replace("'", "''") + "'";

    private static bool IsIdentity(IMutableAnnotatable operation)
        => operation[BareMetalAnnotationNames.ValueGenerationStrategy] is BareMetalValueGenerationStrategy.IdentityColumn;

    /// <inheritdoc />
    protected override void Generate(AlterDatabaseOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        if (operation.Collation != operation.OldDatabase.Collation)
        {
            throw new NotSupportedException(
                "BareMetal.Data has no collation of a whole database. Configure it for columns, with UseCollation on properties or in "
                + "ConfigureConventions.");
        }

        base.Generate(operation, model, builder);
    }

    /// <inheritdoc />
    protected override void Generate(EnsureSchemaOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        builder.Append("CREATE SCHEMA IF NOT EXISTS ").Append(Quote(operation.Name));
        End(builder);
    }

    /// <inheritdoc />
    protected override void Generate(
        CreateTableOperation operation,
        IModel? model,
        MigrationCommandListBuilder builder,
        bool terminate = true)
    {
        if (!terminate && (ExpressionIndexes.In(operation).Any() || operation.Comment is not null || operation.Columns.Any(c => c.Comment is not null)))
            throw new NotSupportedException("A table with comments or indexes on expressions cannot be a part of another statement.");

        if (operation[BareMetalAnnotationNames.Compression] is true)
        {
            base.Generate(operation, model, builder, terminate: false);
            builder.Append(" WITH (compression = brotli)");
            if (terminate)
                End(builder);
        }
        else
        {
            base.Generate(operation, model, builder, terminate);
        }

        foreach (var (name, sql) in ExpressionIndexes.In(operation))
            Generate(ExpressionIndex(operation.Name, operation.Schema, name, sql), model, builder);
        if (operation.Comment is not null)
            Comment("TABLE", Quote(operation.Name, operation.Schema), operation.Comment, builder);
        foreach (var column in operation.Columns)
        {
            if (column.Comment is not null)
                ColumnComment(operation.Name, operation.Schema, column.Name, column.Comment, builder);
        }
    }

    /// <inheritdoc />
    protected override void Generate(AlterTableOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        var compress = operation[BareMetalAnnotationNames.Compression] is true;
        if (compress != operation.OldTable[BareMetalAnnotationNames.Compression] is true)
        {
            AlterTable(builder, operation.Name, operation.Schema).Append(compress ? "SET (compression = brotli)" : "RESET (compression)");
            End(builder);
        }

        if (operation.Comment != operation.OldTable.Comment)
            Comment("TABLE", Quote(operation.Name, operation.Schema), operation.Comment, builder);
    }

    /// <inheritdoc />
    protected override void Generate(RenameTableOperation operation, IModel? model, MigrationCommandListBuilder builder)
        => RenameAndMove("TABLE", operation.Name, operation.Schema, operation.NewName, operation.NewSchema, builder);

    /// <inheritdoc />
    protected override void Generate(RenameSequenceOperation operation, IModel? model, MigrationCommandListBuilder builder)
        => RenameAndMove("SEQUENCE", operation.Name, operation.Schema, operation.NewName, operation.NewSchema, builder);

    /// <inheritdoc />
    protected override void Generate(AlterSequenceOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        builder.Append("ALTER SEQUENCE ").Append(Quote(operation.Name, operation.Schema));

        // The start has an operation of its own, which comes after this; but it may have to change for new limits to be possible.
        var sequence = model?.GetRelationalModel().FindSequence(operation.Name, operation.Schema);
        var limitsChange = operation.MinValue != operation.OldSequence.MinValue || operation.MaxValue != operation.OldSequence.MaxValue;
        if (sequence is not null && limitsChange)
            builder.Append(" START WITH ").Append(Number(sequence.StartValue));
        SequenceOptions(operation.Schema, operation.Name, operation, model, builder, forAlter: true);
        End(builder);
    }

    /// <inheritdoc />
    protected override void Generate(RestartSequenceOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        builder.Append("ALTER SEQUENCE ").Append(Quote(operation.Name, operation.Schema));

        // The start is a setting of its own, to which a later RESTART without a number goes back.
        if (operation.StartValue is { } start)
            builder.Append(" START WITH ").Append(Number(start)).Append(" RESTART WITH ").Append(Number(start));
        else
            builder.Append(" RESTART");
        End(builder);
    }

    private void RenameAndMove(
        string kind,
        string name,
        string? schema,
        string? newName,
        string? newSchema,
        MigrationCommandListBuilder builder)
    {
        if (newName is not null && newName != name)
        {
            builder.Append("ALTER ").Append(kind).Append(" ").Append(Quote(name, schema)).Append(" RENAME TO ").Append(Quote(newName));
            End(builder);
            name = newName;
        }

        // Without a name it is the default schema, on either side.
        newSchema ??= DefaultSchema;
        if (newSchema != (schema ?? DefaultSchema))
        {
            builder.Append("ALTER ").Append(kind).Append(" ").Append(Quote(name, schema)).Append(" SET SCHEMA ").Append(Quote(newSchema));
            End(builder);
        }
    }

    /// <inheritdoc />
    protected override void Generate(RenameColumnOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        AlterTable(builder, operation.Table, operation.Schema)
            .Append("RENAME COLUMN ").Append(Quote(operation.Name)).Append(" TO ").Append(Quote(operation.NewName));
        End(builder);
    }

    /// <inheritdoc />
    protected override void Generate(RenameIndexOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        builder.Append("ALTER INDEX ").Append(Quote(operation.Name, operation.Schema)).Append(" RENAME TO ").Append(Quote(operation.NewName));
        End(builder);
    }

    /// <inheritdoc />
    protected override void Generate(
        DropIndexOperation operation,
        IModel? model,
        MigrationCommandListBuilder builder,
        bool terminate = true)
    {
        builder.Append("DROP INDEX ").Append(Quote(operation.Name, operation.Schema));
        if (terminate)
            End(builder);
    }

    /// <inheritdoc />
    protected override void Generate(
        AddColumnOperation operation,
        IModel? model,
        MigrationCommandListBuilder builder,
        bool terminate = true)
    {
        base.Generate(operation, model, builder, terminate);
        if (operation.Comment is null)
            return;
        if (!terminate)
            throw new NotSupportedException("A column with a comment cannot be a part of another statement.");
        ColumnComment(operation.Table, operation.Schema, operation.Name, operation.Comment, builder);
    }

    /// <inheritdoc />
    protected override void Generate(AlterColumnOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        var old = operation.OldColumn;
        var table = operation.Table;
        var schema = operation.Schema;
        var column = Quote(operation.Name);

        if (operation.ComputedColumnSql is not null
            && (operation.ComputedColumnSql != old.ComputedColumnSql || operation.IsStored != old.IsStored))
        {
            ReplaceComputedColumn(operation, model, builder);
            return;
        }

        if (operation.ComputedColumnSql is null && old.ComputedColumnSql is not null)
        {
            // The values of a stored column stay; those of a virtual one never were there.
            if (old.IsStored != true)
            {
                ReplaceComputedColumn(operation, model, builder);
                return;
            }

            AlterColumn().Append("DROP EXPRESSION");
            End(builder);
        }

        var newType = operation.ColumnType ?? GetColumnType(schema, table, operation.Name, operation, model);

        // A migration written by hand may leave out what the column was; to set the type it has changes nothing.
        var oldType = old.ColumnType ?? (old.ClrType is null ? null : GetColumnType(schema, table, operation.Name, old, model));
        var typeChanges = !string.Equals(newType, oldType, StringComparison.OrdinalIgnoreCase) || operation.Collation != old.Collation;
        var defaultChanges = !Equals(operation.DefaultValue, old.DefaultValue)
            || operation.DefaultValueSql != old.DefaultValueSql
            || typeChanges;
        var identity = IsIdentity(operation);
        var wasIdentity = IsIdentity(old);

        if (wasIdentity && !identity)
        {
            AlterColumn().Append("DROP IDENTITY");
            End(builder);
        }

        var hadDefault = old.DefaultValue is not null || old.DefaultValueSql is not null;
        if (defaultChanges && hadDefault)
        {
            AlterColumn().Append("DROP DEFAULT");
            End(builder);
        }

        if (typeChanges)
        {
            AlterColumn().Append("TYPE ").Append(newType);
            if (operation.Collation is not null)
                builder.Append(" COLLATE ").Append(Quote(operation.Collation));
            End(builder);
        }

        if (old.IsNullable && !operation.IsNullable)
        {
            // What was null takes the default, as the migration's author was told; without one the engine refuses.
            if (operation.DefaultValueSql is not null || operation.DefaultValue is not null)
            {
                var value = operation.DefaultValueSql
                    ?? (Dependencies.TypeMappingSource.FindMapping(operation.DefaultValue!.GetType(), newType)
                        ?? Dependencies.TypeMappingSource.GetMappingForValue(operation.DefaultValue)).GenerateSqlLiteral(operation.DefaultValue);
                builder.Append("UPDATE ").Append(Quote(table, schema))
                    .Append(" SET ").Append(column).Append(" = ").Append(value)
                    .Append(" WHERE ").Append(column).Append(" IS NULL");
                End(builder);
            }

            AlterColumn().Append("SET NOT NULL");
            End(builder);
        }
        else if (!old.IsNullable && operation.IsNullable)
        {
            AlterColumn().Append("DROP NOT NULL");
            End(builder);
        }

        if (defaultChanges && (operation.DefaultValue is not null || operation.DefaultValueSql is not null))
        {
            AlterColumn().Append("SET");
            DefaultValue(operation.DefaultValue, operation.DefaultValueSql, newType, builder);
            End(builder);
        }

        if (identity && !wasIdentity)
        {
            AlterColumn().Append("ADD ");
            AppendIdentity(operation, builder);
            End(builder);
        }
        else if (identity
            && (!Equals(operation[BareMetalAnnotationNames.IdentitySeed], old[BareMetalAnnotationNames.IdentitySeed])
                || !Equals(operation[BareMetalAnnotationNames.IdentityIncrement], old[BareMetalAnnotationNames.IdentityIncrement])))
        {
            AlterColumn()
                .Append("SET INCREMENT BY ").Append(Number(operation[BareMetalAnnotationNames.IdentityIncrement] ?? 1))
                .Append(" SET START WITH ").Append(Number(operation[BareMetalAnnotationNames.IdentitySeed] ?? 1));
            End(builder);
        }

        if (operation.Comment != old.Comment)
            ColumnComment(table, schema, operation.Name, operation.Comment, builder);

        MigrationCommandListBuilder AlterColumn()
            => AlterTable(builder, table, schema).Append("ALTER COLUMN ").Append(column).Append(" ");
    }

    // An expression cannot be exchanged in place: the column is made anew, and so are its indexes.
    private void ReplaceComputedColumn(AlterColumnOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        var table = model?.GetRelationalModel().FindTable(operation.Table, operation.Schema);
        var indexes = table?.Indexes.Where(index => index.Columns.Any(c => c.Name == operation.Name)).ToList() ?? [];
        if (table?.FindColumn(operation.Name) is { } current
            && (table.UniqueConstraints.Any(c => c.Columns.Contains(current))
                || table.ForeignKeyConstraints.Any(c => c.Columns.Contains(current))))
        {
            throw new NotSupportedException(
                $"The computed column '{operation.Name}' of '{operation.Table}' is part of a key, so its expression cannot be changed. "
                + "Drop the key in the migration, change the column, and add the key again.");
        }

        foreach (var index in indexes)
            Generate(new DropIndexOperation { Name = index.Name, Table = operation.Table, Schema = operation.Schema }, model, builder);
        Generate(
            new DropColumnOperation { Name = operation.Name, Table = operation.Table, Schema = operation.Schema }, model, builder);
        var add = new AddColumnOperation
        {
            Name = operation.Name,
            Table = operation.Table,
            Schema = operation.Schema,
            ClrType = operation.ClrType,
            ColumnType = operation.ColumnType,
            IsUnicode = operation.IsUnicode,
            IsFixedLength = operation.IsFixedLength,
            MaxLength = operation.MaxLength,
            Precision = operation.Precision,
            Scale = operation.Scale,
            IsRowVersion = operation.IsRowVersion,
            IsNullable = operation.IsNullable,
            DefaultValue = operation.DefaultValue,
            DefaultValueSql = operation.DefaultValueSql,
            ComputedColumnSql = operation.ComputedColumnSql,
            IsStored = operation.IsStored,
            Comment = operation.Comment,
            Collation = operation.Collation,
        };
        add.AddAnnotations(operation.GetAnnotations());
        Generate(add, model, builder);
        foreach (var index in indexes)
            Generate(CreateIndexOperation.CreateFrom(index), model, builder);
    }

    /// <inheritdoc />
    protected override void ColumnDefinition(
        string? schema,
        string table,
        string name,
        ColumnOperation operation,
        IModel? model,
        MigrationCommandListBuilder builder)
    {
        if (operation.ComputedColumnSql is not null)
        {
            ComputedColumnDefinition(schema, table, name, operation, model, builder);
            return;
        }

        var columnType = operation.ColumnType ?? GetColumnType(schema, table, name, operation, model);
        builder.Append(Quote(name)).Append(" ").Append(columnType);
        if (operation.Collation is not null)
            builder.Append(" COLLATE ").Append(Quote(operation.Collation));
        builder.Append(operation.IsNullable ? " NULL" : " NOT NULL");
        if (IsIdentity(operation))
        {
            // Rows that are there are numbered; the default that EF Core adds for them would say the same of all.
            builder.Append(" ");
            AppendIdentity(operation, builder);
            return;
        }

        // Of a required document EF Core knows that it is a string; an empty one is none.
        var defaultValue = operation.DefaultValue is "" && columnType is "json" or "jsonb" ? "{}" : operation.DefaultValue;
        DefaultValue(defaultValue, operation.DefaultValueSql, columnType, builder);
    }

    /// <inheritdoc />
    protected override void ComputedColumnDefinition(
        string? schema,
        string table,
        string name,
        ColumnOperation operation,
        IModel? model,
        MigrationCommandListBuilder builder)
    {
        builder.Append(Quote(name)).Append(" ").Append(operation.ColumnType ?? GetColumnType(schema, table, name, operation, model));
        if (operation.Collation is not null)
            builder.Append(" COLLATE ").Append(Quote(operation.Collation));
        builder.Append(" GENERATED ALWAYS AS (").Append(operation.ComputedColumnSql!)
            .Append(operation.IsStored == true ? ") STORED" : ") VIRTUAL");
        if (!operation.IsNullable)
            builder.Append(" NOT NULL");
    }

    private static void AppendIdentity(ColumnOperation operation, MigrationCommandListBuilder builder)
    {
        builder.Append("GENERATED BY DEFAULT AS IDENTITY");
        var seed = operation[BareMetalAnnotationNames.IdentitySeed];
        var increment = operation[BareMetalAnnotationNames.IdentityIncrement];
        if (seed is null && increment is null)
            return;
        builder.Append(" (START WITH ").Append(Number(seed ?? 1)).Append(" INCREMENT BY ").Append(Number(increment ?? 1)).Append(")");
    }

    private static string Number(object value)
        => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!;

    /// <inheritdoc />
    protected override void IndexOptions(MigrationOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        if (operation is CreateIndexOperation && operation[BareMetalAnnotationNames.IndexInclude] is string[] { Length: > 0 } include)
            builder.Append(" INCLUDE (").Append(ColumnList(include)).Append(")");
        if (operation is CreateIndexOperation && operation[BareMetalAnnotationNames.NullsDistinct] is false)
            builder.Append(" NULLS NOT DISTINCT");
        base.IndexOptions(operation, model, builder);
    }

    private void Comment(string kind, string name, string? comment, MigrationCommandListBuilder builder)
    {
        builder.Append("COMMENT ON ").Append(kind).Append(" ").Append(name).Append(" IS ")
            .Append(comment is null ? "NULL" : Text(comment));
        End(builder);
    }

    private void ColumnComment(string table, string? schema, string column, string? comment, MigrationCommandListBuilder builder)
        => Comment("COLUMN", Quote(table, schema) + "." + Quote(column), comment, builder);

    /// <inheritdoc />
    protected override void Generate(
        InsertDataOperation operation,
        IModel? model,
        MigrationCommandListBuilder builder,
        bool terminate = true)
    {
        var text = new StringBuilder();
        var rows = new List<IReadOnlyModificationCommand>(RowsPerInsert);
        foreach (var command in GenerateModificationCommands(operation, model))
        {
            rows.Add(command);
            if (rows.Count == RowsPerInsert)
                Flush();
        }

        if (rows.Count > 0)
            Flush();
        builder.Append(text.ToString());
        if (terminate)
            EndStatement(builder);

        void Flush()
        {
            ((IBareMetalUpdateSqlGenerator)SqlGenerator).AppendInsertRows(text, rows);
            rows.Clear();
        }
    }

    /// <inheritdoc />
    protected override void Generate(UpdateDataOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        var text = new StringBuilder();
        foreach (var command in GenerateModificationCommands(operation, model))
            ((IBareMetalUpdateSqlGenerator)SqlGenerator).AppendPlainUpdate(text, command);
        builder.Append(text.ToString());
        EndStatement(builder);
    }

    /// <inheritdoc />
    protected override void Generate(DeleteDataOperation operation, IModel? model, MigrationCommandListBuilder builder)
    {
        var text = new StringBuilder();
        foreach (var command in GenerateModificationCommands(operation, model))
            ((IBareMetalUpdateSqlGenerator)SqlGenerator).AppendPlainDelete(text, command);
        builder.Append(text.ToString());
        EndStatement(builder);
    }
}
