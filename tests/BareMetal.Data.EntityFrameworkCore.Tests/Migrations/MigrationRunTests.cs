using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations;

public sealed class MigrationRunTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"bm_migrations_{Guid.NewGuid():N}.bmdb");

    public void Dispose()
    {
        using var context = Create();
        context.Database.EnsureDeleted();
    }

    private PlantContext Create()
        => new(new DbContextOptionsBuilder<PlantContext>().UseBareMetal($"Data Source={_path}").Options);

    public sealed class PlantContext(DbContextOptions<PlantContext> options) : DbContext(options);

    [DbContext(typeof(PlantContext))]
    [Migration("20240101000000_First")]
    public sealed class First : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                "Plants",
                table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("BareMetal:ValueGenerationStrategy", BareMetalValueGenerationStrategy.IdentityColumn),
                    Name = table.Column<string>(type: "varchar(20)", nullable: false),
                    Height = table.Column<int>(type: "integer", nullable: true),
                    Old = table.Column<string>(type: "text", nullable: true),
                },
                constraints: table => table.PrimaryKey("PK_Plants", x => x.Id));
            migrationBuilder.InsertData(
                "Plants", ["Id", "Name", "Height", "Old"], ["integer", "varchar(20)", "integer", "text"],
                new object?[,] { { 1, "oak", 20, "1.5" }, { 2, "fir", null, "2.25" } });
        }

        protected override void Down(MigrationBuilder migrationBuilder)
            => migrationBuilder.DropTable("Plants");
    }

    [DbContext(typeof(PlantContext))]
    [Migration("20240201000000_Second")]
    public sealed class Second : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.RenameColumn("Name", "Plants", "Species");
            migrationBuilder.AlterColumn<string>(
                "Species", "Plants", type: "varchar(50)", nullable: false, oldClrType: typeof(string), oldType: "varchar(20)");
            migrationBuilder.AlterColumn<long>(
                "Height", "Plants", type: "bigint", nullable: false, defaultValue: 0L, oldClrType: typeof(int), oldType: "integer", oldNullable: true);
            migrationBuilder.AddColumn<bool>("IsTree", "Plants", type: "boolean", nullable: false, defaultValue: true);
            migrationBuilder.AlterColumn<decimal>(
                "Old", "Plants", type: "decimal", nullable: true, oldClrType: typeof(string), oldType: "text", oldNullable: true);
            migrationBuilder.RenameTable("Plants", newName: "Flora");
            migrationBuilder.CreateIndex("IX_Flora_Species", "Flora", "Species", unique: true);
            migrationBuilder.CreateTable(
                "Leaves",
                table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false),
                    PlantId = table.Column<int>(type: "integer", nullable: false),
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Leaves", x => x.Id);
                    table.ForeignKey("FK_Leaves_Flora", x => x.PlantId, "Flora", "Id", onDelete: ReferentialAction.Cascade);
                });
        }

        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable("Leaves");
            migrationBuilder.DropIndex("IX_Flora_Species", "Flora");
            migrationBuilder.RenameTable("Flora", newName: "Plants");
            migrationBuilder.DropColumn("IsTree", "Plants");
            migrationBuilder.RenameColumn("Species", "Plants", "Name");
            migrationBuilder.AlterColumn<int>(
                "Height", "Plants", type: "integer", nullable: true, oldClrType: typeof(long), oldType: "bigint", oldDefaultValue: 0L);
        }
    }

    private List<string> Rows(PlantContext context, string sql)
    {
        using var command = context.Database.GetDbConnection().CreateCommand();
        command.CommandText = sql;
        context.Database.OpenConnection();
        try
        {
            using var reader = command.ExecuteReader();
            var rows = new List<string>();
            while (reader.Read())
            {
                var values = new object[reader.FieldCount];
                reader.GetValues(values);
                rows.Add(string.Join("|", values.Select(v => v is DBNull ? "null" : FormattableString.Invariant($"{v}"))));
            }

            return rows;
        }
        finally
        {
            context.Database.CloseConnection();
        }
    }

    [Fact]
    public void Migrations_change_a_table_with_its_rows_and_back()
    {
        using var context = Create();
        context.Database.Migrate("20240101000000_First");
        Assert.Equal(["20240101000000_First"], context.Database.GetAppliedMigrations());
        Assert.Equal(["20240201000000_Second"], context.Database.GetPendingMigrations());

        context.Database.Migrate();
        Assert.Equal(
            ["1|oak|20|True|1.5", "2|fir|0|True|2.25"],
            Rows(context, """SELECT "Id", "Species", "Height", "IsTree", "Old" FROM "Flora" ORDER BY "Id" """));
        Assert.Empty(context.Database.GetPendingMigrations());

        // The key's counter went on through the rename.
        Assert.Equal(["3"], Rows(context, """INSERT INTO "Flora" ("Species") VALUES ('elm') RETURNING "Id" """));
        Assert.Throws<BareMetalException>(() => Rows(context, """INSERT INTO "Flora" ("Species") VALUES ('elm')"""));
        Assert.Throws<BareMetalException>(() => Rows(context, """INSERT INTO "Leaves" VALUES (1, 77)"""));

        context.Database.Migrate("20240101000000_First");
        Assert.Equal(["1|oak|20", "2|fir|0", "3|elm|0"], Rows(context, """SELECT "Id", "Name", "Height" FROM "Plants" ORDER BY "Id" """));
        context.Database.Migrate("0");
        Assert.Empty(context.Database.GetAppliedMigrations());
        Assert.Empty(Rows(context, "SELECT table_name FROM information_schema.tables WHERE table_name IN ('Plants', 'Flora')"));
    }

    [Fact]
    public void An_idempotent_script_can_run_twice()
    {
        using var context = Create();
        context.Database.EnsureCreated();
        var script = context.GetService<IMigrator>().GenerateScript(options: MigrationsSqlGenerationOptions.Idempotent);
        Rows(context, script);
        Rows(context, script);
        Assert.Equal(["2"], Rows(context, """SELECT CAST(count(*) AS integer) FROM "__EFMigrationsHistory" """));
        Assert.Equal(["1|oak", "2|fir"], Rows(context, """SELECT "Id", "Species" FROM "Flora" ORDER BY "Id" """));
    }

    [Fact]
    public void Eight_contexts_at_once_apply_each_migration_once()
    {
        Parallel.For(
            0, 8, _ =>
            {
                using var context = Create();
                context.Database.Migrate();
            });
        using var other = Create();
        Assert.Equal(2, other.Database.GetAppliedMigrations().Count());
        Assert.Equal(["2"], Rows(other, """SELECT CAST(count(*) AS integer) FROM "Flora" """));
    }

    [Fact]
    public void A_database_is_created_found_and_deleted()
    {
        using var context = Create();
        Assert.False(context.Database.CanConnect());
        Assert.True(context.Database.EnsureCreated());
        Assert.True(context.Database.CanConnect());
        Assert.True(context.Database.EnsureDeleted());
        Assert.False(context.Database.EnsureDeleted());
        Assert.False(context.Database.CanConnect());
    }
}
