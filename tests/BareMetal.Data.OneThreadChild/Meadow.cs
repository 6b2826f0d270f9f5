using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;

namespace BareMetal.Data.OneThreadChild;

/// <summary>A context with three migrations, for processes that migrate at once. A migration that ran twice would leave its row twice.</summary>
public sealed class MeadowContext(DbContextOptions options) : DbContext(options)
{
    public static string[] AllMigrations { get; } = ["20250101000000_Create", "20250102000000_Change", "20250103000000_Grow"];
}

[DbContext(typeof(MeadowContext))]
[Migration("20250101000000_Create")]
public sealed class Create : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "Flowers",
            table => new
            {
                Id = table.Column<int>(type: "integer", nullable: false).Annotation("BareMetal:ValueGenerationStrategy", BareMetalValueGenerationStrategy.IdentityColumn),
                Name = table.Column<string>(type: "varchar(40)", nullable: false),
            },
            constraints: table => table.PrimaryKey("PK_Flowers", f => f.Id));
        migrationBuilder.InsertData("Flowers", ["Name"], ["varchar(40)"], new object[] { "first" });
    }
}

[DbContext(typeof(MeadowContext))]
[Migration("20250102000000_Change")]
public sealed class Change : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.RenameColumn("Name", "Flowers", "Label");
        migrationBuilder.AddColumn<int>("Height", "Flowers", type: "integer", nullable: false, defaultValue: 3);
        migrationBuilder.InsertData("Flowers", ["Label", "Height"], ["varchar(40)", "integer"], new object[] { "second", 5 });
        migrationBuilder.CreateIndex("IX_Flowers_Label", "Flowers", "Label");
    }
}

[DbContext(typeof(MeadowContext))]
[Migration("20250103000000_Grow")]
public sealed class Grow : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql("UPDATE \"Flowers\" SET \"Height\" = \"Height\" * 2");
        migrationBuilder.InsertData("Flowers", ["Label", "Height"], ["varchar(40)", "integer"], new object[] { "third", 7 });
    }
}
