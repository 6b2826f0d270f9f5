using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;

namespace BareMetal.Data.EntityFrameworkCore.Metadata.Conventions;

/// <summary>Makes identity columns the default for integer keys, and writes each property's strategy down for the snapshot.</summary>
public sealed class BareMetalValueGenerationStrategyConvention : IModelInitializedConvention, IModelFinalizingConvention
{
    private readonly ProviderConventionSetBuilderDependencies _dependencies;
    private readonly RelationalConventionSetBuilderDependencies _relationalDependencies;

    /// <summary>Creates the convention.</summary>
    /// <param name="dependencies">Services that all conventions share.</param>
    /// <param name="relationalDependencies">Services that relational conventions share.</param>
    public BareMetalValueGenerationStrategyConvention(
        ProviderConventionSetBuilderDependencies dependencies,
        RelationalConventionSetBuilderDependencies relationalDependencies)
    {
        _dependencies = dependencies;
        _relationalDependencies = relationalDependencies;
    }

    /// <inheritdoc />
    public void ProcessModelInitialized(IConventionModelBuilder modelBuilder, IConventionContext<IConventionModelBuilder> context)
        => modelBuilder.HasAnnotation(
            BareMetalAnnotationNames.ValueGenerationStrategy, BareMetalValueGenerationStrategy.IdentityColumn);

    /// <inheritdoc />
    public void ProcessModelFinalizing(IConventionModelBuilder modelBuilder, IConventionContext<IConventionModelBuilder> context)
    {
        foreach (var entityType in modelBuilder.Metadata.GetEntityTypes())
        {
            foreach (var property in entityType.GetDeclaredProperties())
                Finish(modelBuilder, entityType, property);
        }
    }

    private void Finish(IConventionModelBuilder modelBuilder, IConventionEntityType entityType, IConventionProperty property)
    {
        var table = property.GetMappedStoreObjects(StoreObjectType.Table).FirstOrDefault();
        if (table.Name is null)
            return;

        var strategy = property.GetValueGenerationStrategy(table, _dependencies.TypeMappingSource);
        if (strategy == BareMetalValueGenerationStrategy.None && !MustSayNone(property, table))
            return;

        property.Builder.HasAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy, strategy);
        if (strategy != BareMetalValueGenerationStrategy.Sequence)
            return;

        var sequence = modelBuilder.HasSequence(
            property.GetSequenceName(table) ?? entityType.GetRootType().ShortName() + modelBuilder.Metadata.GetSequenceNameSuffix(),
            property.GetSequenceSchema(table) ?? modelBuilder.Metadata.GetSequenceSchema()).Metadata;
        property.Builder.HasDefaultValueSql(
            _relationalDependencies.UpdateSqlGenerator.GenerateObtainNextSequenceValueOperation(sequence.Name, sequence.Schema));
    }

    // A converted key would be an identity in the snapshot's model, which does not know the converter.
    private bool MustSayNone(IConventionProperty property, in StoreObjectIdentifier table)
    {
        if (property.ValueGenerated != ValueGenerated.OnAdd
            || property.TryGetDefaultValue(table, out _)
            || property.GetDefaultValueSql(table) is not null
            || property.GetComputedColumnSql(table) is not null
            || property.DeclaringType.Model.GetValueGenerationStrategy() != BareMetalValueGenerationStrategy.IdentityColumn)
            return false;

        var converter = property.GetValueConverter()
            ?? (property.FindRelationalTypeMapping(table) ?? _dependencies.TypeMappingSource.FindMapping((IProperty)property))?.Converter;
        return converter?.ProviderClrType.IsInteger() == true;
    }
}
