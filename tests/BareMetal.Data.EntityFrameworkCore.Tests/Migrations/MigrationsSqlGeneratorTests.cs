using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations;

public sealed class MigrationsSqlGeneratorTests : IDisposable
{
    private readonly DbContext _context = new(new DbContextOptionsBuilder().UseBareMetal().Options);

    public void Dispose()
        => _context.Dispose();

    private string Generate(params MigrationOperation[] operations)
        => string.Join(
            "\n",
            _context.GetService<IMigrationsSqlGenerator>().Generate(operations).Select(c => c.CommandText.Trim()));

    private static AddColumnOperation Column(string name, Type type, bool nullable = false)
        => new() { Table = "T", Name = name, ClrType = type, IsNullable = nullable };

    // One of each kind that EF Core has; a kind that is missing here fails the test below it.
    private static readonly MigrationOperation[] OneOfEach =
    [
        Column("A", typeof(int)),
        new AddForeignKeyOperation { Table = "T", Name = "F", Columns = ["A"], PrincipalTable = "P", PrincipalColumns = ["Id"] },
        new AddPrimaryKeyOperation { Table = "T", Name = "K", Columns = ["A"] },
        new AddUniqueConstraintOperation { Table = "T", Name = "U", Columns = ["A"] },
        new AddCheckConstraintOperation { Table = "T", Name = "C", Sql = "\"A\" > 0" },
        new AlterColumnOperation
        {
            Table = "T", Name = "A", ClrType = typeof(long), OldColumn = Column("A", typeof(int)),
        },
        new AlterSequenceOperation { Name = "S", IncrementBy = 2 },
        new AlterTableOperation { Name = "T", Comment = "c" },
        new CreateIndexOperation { Table = "T", Name = "I", Columns = ["A"] },
        new CreateSequenceOperation { Name = "S", ClrType = typeof(long), StartValue = 1 },
        new CreateTableOperation { Name = "T", Columns = { Column("A", typeof(int)) } },
        new DropCheckConstraintOperation { Table = "T", Name = "C" },
        new DropColumnOperation { Table = "T", Name = "A" },
        new DropForeignKeyOperation { Table = "T", Name = "F" },
        new DropIndexOperation { Table = "T", Name = "I" },
        new DropPrimaryKeyOperation { Table = "T", Name = "K" },
        new DropSchemaOperation { Name = "s" },
        new DropSequenceOperation { Name = "S" },
        new DropTableOperation { Name = "T" },
        new DropUniqueConstraintOperation { Table = "T", Name = "U" },
        new EnsureSchemaOperation { Name = "s" },
        new RenameColumnOperation { Table = "T", Name = "A", NewName = "B" },
        new RenameIndexOperation { Table = "T", Name = "I", NewName = "J" },
        new RenameSequenceOperation { Name = "S", NewName = "R" },
        new RenameTableOperation { Name = "T", NewName = "R" },
        new RestartSequenceOperation { Name = "S", StartValue = 3 },
        new SqlOperation { Sql = "SELECT 1" },
        new InsertDataOperation { Table = "T", Columns = ["A"], ColumnTypes = ["integer"], Values = new object[,] { { 1 } } },
        new UpdateDataOperation
        {
            Table = "T", KeyColumns = ["A"], KeyColumnTypes = ["integer"], KeyValues = new object[,] { { 1 } },
            Columns = ["B"], ColumnTypes = ["text"], Values = new object[,] { { "x" } },
        },
        new DeleteDataOperation { Table = "T", KeyColumns = ["A"], KeyColumnTypes = ["integer"], KeyValues = new object[,] { { 1 } } },
    ];

    [Fact]
    public void Every_operation_is_carried_out()
    {
        foreach (var operation in OneOfEach)
            Assert.False(string.IsNullOrWhiteSpace(Generate(operation)), $"{operation.GetType().Name} became nothing");
    }

    [Fact]
    public void No_operation_of_EF_Core_is_forgotten()
    {
        var known = OneOfEach.Select(o => o.GetType()).ToHashSet();
        known.Add(typeof(AlterDatabaseOperation));
        var missing = typeof(MigrationOperation).Assembly.GetTypes()
            .Where(t => t is { IsAbstract: false, IsPublic: true } && t.IsSubclassOf(typeof(MigrationOperation)) && !known.Contains(t)
                && typeof(MigrationOperation) != t && t != typeof(SequenceOperation))
            .Select(t => t.Name);
        Assert.Empty(missing);
    }

    [Fact]
    public void A_collation_of_the_database_is_refused()
    {
        Assert.Throws<NotSupportedException>(() => Generate(new AlterDatabaseOperation { Collation = "de-DE" }));
        Assert.Equal("", Generate(new AlterDatabaseOperation()));
    }

    [Fact]
    public void Identity_seed_and_increment_reach_the_column()
    {
        var column = Column("Id", typeof(int));
        column[BareMetalAnnotationNames.ValueGenerationStrategy] = BareMetalValueGenerationStrategy.IdentityColumn;
        column[BareMetalAnnotationNames.IdentitySeed] = 100L;
        column[BareMetalAnnotationNames.IdentityIncrement] = 5;
        Assert.Equal(
            "ALTER TABLE \"T\" ADD \"Id\" integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 100 INCREMENT BY 5);",
            Generate(column));
    }

    [Fact]
    public void Nothing_of_an_index_is_lost()
        => Assert.Equal(
            "CREATE UNIQUE INDEX \"I\" ON \"s\".\"T\" (\"A\", \"B\" DESC) INCLUDE (\"C\", \"D\") WHERE \"A\" > 0;",
            Generate(
                new CreateIndexOperation
                {
                    Schema = "s", Table = "T", Name = "I", Columns = ["A", "B"], IsUnique = true, IsDescending = [false, true],
                    Filter = "\"A\" > 0", [BareMetalAnnotationNames.IndexInclude] = new[] { "C", "D" },
                }));

    [Fact]
    public void A_column_that_becomes_required_first_fills_its_nulls()
        => Assert.Equal(
            """
            UPDATE "T" SET "A" = 7 WHERE "A" IS NULL;
            ALTER TABLE "T" ALTER COLUMN "A" SET NOT NULL;
            ALTER TABLE "T" ALTER COLUMN "A" SET DEFAULT 7;
            """,
            Generate(
                new AlterColumnOperation
                {
                    Table = "T", Name = "A", ClrType = typeof(int), DefaultValue = 7, OldColumn = Column("A", typeof(int), nullable: true),
                }).ReplaceLineEndings());

    [Fact]
    public void A_type_change_lets_go_of_the_default_first()
    {
        var old = Column("A", typeof(int));
        old.DefaultValue = 1;
        Assert.Equal(
            """
            ALTER TABLE "T" ALTER COLUMN "A" DROP DEFAULT;
            ALTER TABLE "T" ALTER COLUMN "A" TYPE bigint;
            ALTER TABLE "T" ALTER COLUMN "A" SET DEFAULT 2;
            """,
            Generate(
                new AlterColumnOperation { Table = "T", Name = "A", ClrType = typeof(long), DefaultValue = 2L, OldColumn = old })
                .ReplaceLineEndings());
    }

    [Fact]
    public void Computed_columns_are_stored_or_virtual()
    {
        var column = Column("A", typeof(int), nullable: true);
        column.ComputedColumnSql = "\"B\" + 1";
        Assert.Equal("ALTER TABLE \"T\" ADD \"A\" integer GENERATED ALWAYS AS (\"B\" + 1) VIRTUAL;", Generate(column));
        column.IsStored = true;
        Assert.Equal("ALTER TABLE \"T\" ADD \"A\" integer GENERATED ALWAYS AS (\"B\" + 1) STORED;", Generate(column));
    }

    [Fact]
    public void Rows_of_seed_data_share_a_statement()
    {
        var values = new object?[300, 2];
        for (var i = 0; i < 300; i++)
            (values[i, 0], values[i, 1]) = (i, i % 2 == 0 ? null : "it's");
        var sql = Generate(
            new InsertDataOperation { Table = "T", Columns = ["A", "B"], ColumnTypes = ["integer", "text"], Values = values });
        Assert.Equal(3, sql.Split("INSERT INTO").Length - 1);
        Assert.Contains("(1, 'it''s')", sql);
        Assert.Contains("(2, NULL)", sql);
        Assert.DoesNotContain("RETURNING", sql);
    }

    [Fact]
    public void A_table_moves_to_another_schema_under_another_name()
        => Assert.Equal(
            """
            ALTER TABLE "a"."T" RENAME TO "R";
            ALTER TABLE "a"."R" SET SCHEMA "b";
            """,
            Generate(new RenameTableOperation { Name = "T", Schema = "a", NewName = "R", NewSchema = "b" }).ReplaceLineEndings());
}
