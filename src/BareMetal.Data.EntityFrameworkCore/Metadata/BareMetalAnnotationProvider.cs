using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;

namespace BareMetal.Data.EntityFrameworkCore.Metadata;

/// <summary>Carries this provider's annotations from the model over to tables, columns and indexes, where migrations see them.</summary>
public sealed class BareMetalAnnotationProvider : RelationalAnnotationProvider
{
    /// <summary>Creates the provider.</summary>
    /// <param name="dependencies">Services that all providers share.</param>
    public BareMetalAnnotationProvider(RelationalAnnotationProviderDependencies dependencies)
        : base(dependencies)
    {
    }

    /// <inheritdoc />
    public override IEnumerable<IAnnotation> For(ITable table, bool designTime)
    {
        foreach (var annotation in base.For(table, designTime))
            yield return annotation;

        // Types that share a table say it once.
        if (designTime && table.EntityTypeMappings.Any(m => m.TypeBase is IEntityType type && type.IsCompressed()))
            yield return new Annotation(BareMetalAnnotationNames.Compression, true);
        if (!designTime)
            yield break;
        foreach (var annotation in ExpressionIndexes.Of(table))
            yield return annotation;
    }

    /// <inheritdoc />
    public override IEnumerable<IAnnotation> For(IColumn column, bool designTime)
    {
        if (!designTime || column.Table is null)
            yield break;

        var table = StoreObjectIdentifier.Table(column.Table.Name, column.Table.Schema);
        foreach (var mapping in column.PropertyMappings)
        {
            var property = mapping.Property;
            if (property.GetValueGenerationStrategy(table) != BareMetalValueGenerationStrategy.IdentityColumn)
                continue;

            yield return new Annotation(
                BareMetalAnnotationNames.ValueGenerationStrategy, BareMetalValueGenerationStrategy.IdentityColumn);
            if (property.GetIdentitySeed(table) is { } seed and not 1)
                yield return new Annotation(BareMetalAnnotationNames.IdentitySeed, seed);
            if (property.GetIdentityIncrement(table) is { } increment and not 1)
                yield return new Annotation(BareMetalAnnotationNames.IdentityIncrement, increment);
            yield break;
        }
    }

    /// <inheritdoc />
    public override IEnumerable<IAnnotation> For(ITableIndex index, bool designTime)
    {
        if (!designTime)
            yield break;

        var modelIndex = index.MappedIndexes.First();
        if (modelIndex.GetAreNullsDistinct() == false)
            yield return new Annotation(BareMetalAnnotationNames.NullsDistinct, false);
        if (modelIndex.GetIncludeProperties() is not { } include)
            yield break;

        // Migrations know columns only.
        var table = StoreObjectIdentifier.Table(index.Table.Name, index.Table.Schema);
        yield return new Annotation(
            BareMetalAnnotationNames.IndexInclude,
            include.Select(name => modelIndex.DeclaringEntityType.FindProperty(name)!.GetColumnName(table)!).ToArray());
    }
}
