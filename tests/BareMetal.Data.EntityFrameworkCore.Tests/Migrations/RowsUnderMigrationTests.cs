using System.Globalization;
using BareMetal.Data.EntityFrameworkCore.Tests.Migrations.Catalogue;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations;

/// <summary>What migrations do to rows that are there.</summary>
public sealed class RowsUnderMigrationTests
{
    private static string Run(string name, Action<ModelBuilder> before, Action<ModelBuilder> after, string insert, string select)
    {
        using var from = new FeatureContext(name + " before", before, "Data Source=:memory:");
        using var to = new FeatureContext(name + " after", after, "Data Source=:memory:");
        var (source, target) = (CatalogueFixture.Model(from), CatalogueFixture.Model(to));
        using var data = BareMetalDataSource.Create("Data Source=:memory:");
        using var connection = data.OpenConnection();
        CatalogueFixture.Run(connection, from, CatalogueFixture.Difference(from, null, source), source.Model);
        using var command = connection.CreateCommand();
        command.CommandText = insert;
        command.ExecuteNonQuery();
        CatalogueFixture.Run(connection, to, CatalogueFixture.Difference(to, source, target), target.Model);
        command.CommandText = select;
        using var reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
            rows.Add(string.Join("|", Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "null" : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))));
        return string.Join(" ", rows);
    }

    private static Action<ModelBuilder> Thing(Action<Microsoft.EntityFrameworkCore.Metadata.Builders.EntityTypeBuilder> more)
        => b => b.Entity("Thing", e => { e.Property<int>("Id").ValueGeneratedNever(); e.HasKey("Id"); e.ToTable("Thing"); more(e); });

    private const string TwoRows = """INSERT INTO "Thing" ("Id") VALUES (10), (20)""";

    [Fact]
    public void An_identity_column_that_is_added_numbers_the_rows_and_goes_on()
        => Assert.Equal(
            "10|1 20|2 30|3",
            Run("add identity", Thing(_ => { }), Thing(e => e.Property<int>("No").UseIdentityColumn()), TwoRows,
                """INSERT INTO "Thing" ("Id") VALUES (30); SELECT "Id", "No" FROM "Thing" ORDER BY "Id" """));

    [Fact]
    public void A_required_document_that_is_added_is_an_empty_one()
        => Assert.Equal(
            "10|{} 20|{}",
            Run("add json", Thing(_ => { }), Thing(e => e.Property<string>("Doc").IsRequired().HasColumnType("jsonb")), TwoRows, """SELECT "Id", "Doc" FROM "Thing" ORDER BY "Id" """));

    [Fact]
    public void A_type_change_converts_what_can_be_converted()
        => Assert.Equal(
            "10|5|2.50 20|null|null",
            Run("convert", Thing(e => { e.Property<string>("A"); e.Property<double?>("B"); }), Thing(e => { e.Property<int?>("A"); e.Property<decimal?>("B").HasPrecision(9, 2); }),
                """INSERT INTO "Thing" ("Id", "A", "B") VALUES (10, '5', 2.5), (20, NULL, NULL)""", """SELECT "Id", "A", "B" FROM "Thing" ORDER BY "Id" """));

    [Fact]
    public void A_value_that_can_not_be_converted_is_named_and_nothing_changes()
        => Assert.StartsWith(
            "22P02",
            Assert.Throws<InvalidOperationException>(
                () => Run("convert badly", Thing(e => e.Property<string>("A")), Thing(e => e.Property<int?>("A")), """INSERT INTO "Thing" ("Id", "A") VALUES (10, 'five')""", "SELECT 1")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Limits_of_a_sequence_may_leave_its_start_behind()
        => Assert.Equal(
            "50",
            Run("sequence", b => b.HasSequence("S"), b => b.HasSequence("S").StartsAt(50).HasMin(20).HasMax(90), "SELECT nextval('\"S\"')", "SELECT nextval('\"S\"')"));
}
