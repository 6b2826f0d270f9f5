using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations.Catalogue;

/// <summary>
/// For each feature of the catalogue: its migration leads from the database without it to the one with it and back, a second migration is empty, and the context that is scaffolded from
/// the database has no difference from the model.
/// </summary>
public sealed class CatalogueTests(CatalogueFixture fixture) : IClassFixture<CatalogueFixture>
{
    public static TheoryData<Feature> Features
        => new(FeatureCatalogue.All);

    private static string Text(IEnumerable<MigrationOperation> operations, DbContext services)
        => string.Join(
            "\n",
            operations.Select(o => o.GetType().Name + ": " + string.Join(" ", services.GetService<IMigrationsSqlGenerator>().Generate([o]).Select(c => c.CommandText.Trim()))));

    private static string Schema(DbContext context, IReadOnlyList<MigrationOperation> operations, IModel model, bool withDefaults)
    {
        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        using var connection = source.OpenConnection();
        CatalogueFixture.Run(connection, context, operations, model);
        return SchemaText.Of(connection, withDefaults);
    }

    [Theory]
    [MemberData(nameof(Features))]
    public void The_migration_leads_there_and_back(Feature feature)
    {
        using var before = CatalogueFixture.Before(feature);
        using var after = CatalogueFixture.After(feature);
        var (from, to) = (CatalogueFixture.Model(before), CatalogueFixture.Model(after));
        var migration = fixture.Create<Migration>(feature, "Change");
        migration.ActiveProvider = "BareMetal.Data.EntityFrameworkCore";
        Assert.NotEmpty(migration.UpOperations);

        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        using var connection = source.OpenConnection();
        CatalogueFixture.Run(connection, after, CatalogueFixture.Difference(after, null, from), from.Model);
        // A required column that is added has a default for the rows that are there, which stays with the column, as everywhere in EF Core.
        var withDefaults = !migration.UpOperations.Concat(migration.DownOperations)
            .Any(o => o is AddColumnOperation { DefaultValue: not null } or AlterColumnOperation { DefaultValue: not null, IsNullable: false, OldColumn.IsNullable: true })
            || feature.Name.StartsWith("default", StringComparison.Ordinal);
        var empty = Schema(before, CatalogueFixture.Difference(after, null, from), from.Model, withDefaults);
        CatalogueFixture.Run(connection, after, migration.UpOperations, to.Model);
        Assert.Equal(Schema(after, CatalogueFixture.Difference(after, null, to), to.Model, withDefaults), SchemaText.Of(connection, withDefaults));
        CatalogueFixture.Run(connection, before, migration.DownOperations, from.Model);
        Assert.Equal(empty, SchemaText.Of(connection, withDefaults));
    }

    [Theory]
    [MemberData(nameof(Features))]
    public void A_second_migration_is_empty(Feature feature)
    {
        using var after = CatalogueFixture.After(feature);
        var model = CatalogueFixture.Model(after);
        var snapshot = CatalogueFixture.Process(after, fixture.Create<ModelSnapshot>(feature, "Snapshot").Model);
        Assert.Equal("", Text(CatalogueFixture.Difference(after, snapshot, model), after));
        Assert.Equal("", Text(CatalogueFixture.Difference(after, model, snapshot), after));
    }

    [Theory]
    [MemberData(nameof(Features))]
    public void A_scaffolded_context_has_no_difference(Feature feature)
    {
        using var after = CatalogueFixture.After(feature);
        var model = CatalogueFixture.Model(after);
        using var scaffolded = fixture.Create<DbContext>(feature, "Scaffolded.ScaffoldedContext");
        var other = CatalogueFixture.Model(scaffolded);
        foreach (var (from, to) in new[] { (other, model), (model, other) })
        {
            var operations = CatalogueFixture.Difference(after, from, to)
                .Where(o => o is not (InsertDataOperation or DeleteDataOperation or UpdateDataOperation)).ToList();
            if (feature.Lost.Length == 0)
                Assert.True(operations.Count == 0, Text(operations, after) + "\n\n" + fixture.Code(feature));
            else
                Assert.Equal(feature.Lost, operations.Select(o => o.GetType().Name.Replace("Operation", "")).Select(n => n.Replace("Drop", "").Replace("Add", "").Replace("Create", "")).Distinct().Order());
        }
    }

    [Theory]
    [MemberData(nameof(Features))]
    public void A_compiled_model_has_the_same_tables(Feature feature)
    {
        var compiled = (IModel)fixture.Type(feature, "Compiled.FeatureContextModel").GetProperty("Instance")!.GetValue(null)!;
        using var after = CatalogueFixture.After(feature);
        // And it reads and writes: each table is asked for through it.
        var options = new DbContextOptionsBuilder().UseModel(compiled).UseBareMetal(CatalogueFixture.ConnectionOf(feature)).Options;
        using var context = new DbContext(options);
        Assert.Same(compiled, context.Model);
        Assert.Equal(Columns(after.Model), Columns(context.Model));
        foreach (var type in compiled.GetEntityTypes().Where(t => t.GetTableName() is not null && !t.IsOwned() && !CatalogueFixture.Model(after).Model.FindEntityType(t.Name)!.IsTableExcludedFromMigrations()))
            Assert.Equal(feature.Name == "seeds" ? 2 : 0, Count(context, type));

        static string Columns(IModel model)
            => string.Join("\n", model.GetRelationalModel().Tables.SelectMany(t => t.Columns.Select(c =>
                $"{t.Schema}.{t.Name}.{c.Name} {c.StoreType} {c.IsNullable} {c.StoreTypeMapping.GetType().Name} {c.StoreTypeMapping.ClrType} {c.PropertyMappings.FirstOrDefault()?.Property.ValueGenerated}")).Order());
    }

    private static int Count(DbContext context, IEntityType type)
        => (int)typeof(CatalogueTests).GetMethod(nameof(CountOf), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
            .MakeGenericMethod(type.ClrType).Invoke(null, [context, type.HasSharedClrType ? type.Name : null])!;

    private static int CountOf<T>(DbContext context, string? name)
        where T : class
    {
        var set = name is null ? context.Set<T>() : context.Set<T>(name);
        return set.AsNoTracking().ToList().Count;
    }

    [Fact]
    public void Names_in_the_catalogue_are_distinct()
        => Assert.Equal(FeatureCatalogue.All.Length, FeatureCatalogue.All.Select(f => f.Name).Distinct().Count());
}
