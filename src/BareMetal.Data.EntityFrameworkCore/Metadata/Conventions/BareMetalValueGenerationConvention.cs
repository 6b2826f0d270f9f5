using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata.Internal;

namespace BareMetal.Data.EntityFrameworkCore.Metadata.Conventions;

/// <summary>Says when values of a property are generated: on insert for identities and sequences.</summary>
public sealed class BareMetalValueGenerationConvention : RelationalValueGenerationConvention
{
    /// <summary>Creates the convention.</summary>
    /// <param name="dependencies">Services that all conventions share.</param>
    /// <param name="relationalDependencies">Services that relational conventions share.</param>
    public BareMetalValueGenerationConvention(
        ProviderConventionSetBuilderDependencies dependencies,
        RelationalConventionSetBuilderDependencies relationalDependencies)
        : base(dependencies, relationalDependencies)
    {
    }

    /// <inheritdoc />
    public override void ProcessPropertyAnnotationChanged(
        IConventionPropertyBuilder propertyBuilder,
        string name,
        IConventionAnnotation? annotation,
        IConventionAnnotation? oldAnnotation,
        IConventionContext<IConventionAnnotation> context)
    {
        if (name == BareMetalAnnotationNames.ValueGenerationStrategy)
        {
            propertyBuilder.ValueGenerated(GetValueGenerated(propertyBuilder.Metadata));
            return;
        }

        base.ProcessPropertyAnnotationChanged(propertyBuilder, name, annotation, oldAnnotation, context);
    }

    /// <inheritdoc />
    // An identity belongs to a table, a sequence may serve several: with either, every mapping strategy can generate keys.
    protected override bool MappingStrategyAllowsValueGeneration(IConventionProperty property, string? mappingStrategy)
        => true;

    /// <inheritdoc />
    protected override ValueGenerated? GetValueGenerated(IConventionProperty property)
    {
        var table = property.GetMappedStoreObjects(StoreObjectType.Table).FirstOrDefault();
        if (table.Name is null)
        {
            return property.DeclaringType.IsMappedToJson()
                && property.IsOrdinalKeyProperty()
                && (property.DeclaringType as IReadOnlyEntityType)?.FindOwnership()?.IsUnique == false
                    ? ValueGenerated.OnAddOrUpdate
                    : null;
        }

        return GetValueGenerated(property, table)
            ?? (property.GetValueGenerationStrategy(table, Dependencies.TypeMappingSource) != BareMetalValueGenerationStrategy.None
                ? ValueGenerated.OnAdd
                : null);
    }
}
