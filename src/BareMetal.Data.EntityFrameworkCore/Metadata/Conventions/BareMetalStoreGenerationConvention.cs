using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;

namespace BareMetal.Data.EntityFrameworkCore.Metadata.Conventions;

/// <summary>Keeps defaults, computed values and generation strategies from being configured on one property together.</summary>
public sealed class BareMetalStoreGenerationConvention : StoreGenerationConvention
{
    /// <summary>Creates the convention.</summary>
    /// <param name="dependencies">Services that all conventions share.</param>
    /// <param name="relationalDependencies">Services that relational conventions share.</param>
    public BareMetalStoreGenerationConvention(
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
        if (annotation is null || oldAnnotation?.Value is not null)
            return;

        var fromDataAnnotation = annotation.GetConfigurationSource() != ConfigurationSource.Convention;
        var undone = name switch
        {
            RelationalAnnotationNames.DefaultValue
                => RemoveStrategy() == null && propertyBuilder.HasDefaultValue(null, fromDataAnnotation) is not null,
            RelationalAnnotationNames.DefaultValueSql
                => propertyBuilder.Metadata.GetValueGenerationStrategy() != BareMetalValueGenerationStrategy.Sequence
                && RemoveStrategy() == null
                && propertyBuilder.HasDefaultValueSql(null, fromDataAnnotation) is not null,
            RelationalAnnotationNames.ComputedColumnSql
                => RemoveStrategy() == null && propertyBuilder.HasComputedColumnSql(null, fromDataAnnotation) is not null,
            BareMetalAnnotationNames.ValueGenerationStrategy
                => (propertyBuilder.HasDefaultValue(null, fromDataAnnotation) == null
                    // The default that draws from a sequence is the strategy's own.
                    | (annotation.Value is not BareMetalValueGenerationStrategy.Sequence
                        && propertyBuilder.HasDefaultValueSql(null, fromDataAnnotation) == null)
                    | propertyBuilder.HasComputedColumnSql(null, fromDataAnnotation) == null)
                && RemoveStrategy() is not null,
            _ => false,
        };
        if (undone)
        {
            context.StopProcessing();
            return;
        }

        base.ProcessPropertyAnnotationChanged(propertyBuilder, name, annotation, oldAnnotation, context);

        IConventionPropertyBuilder? RemoveStrategy()
            => propertyBuilder.HasNonNullAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy, null, fromDataAnnotation);
    }

    /// <inheritdoc />
    protected override void Validate(IConventionProperty property, in StoreObjectIdentifier storeObject)
    {
        if (property.FindAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy)?.GetConfigurationSource()
                is { } source and not ConfigurationSource.Convention
            && property.GetValueGenerationStrategy(storeObject)
                is var strategy and not (BareMetalValueGenerationStrategy.None or BareMetalValueGenerationStrategy.Sequence)
            && (property.TryGetDefaultValue(storeObject, out _)
                || property.GetDefaultValueSql(storeObject) is not null
                || property.GetComputedColumnSql(storeObject) is not null))
        {
            throw new InvalidOperationException(
                $"The property '{property.DeclaringType.DisplayName()}.{property.Name}' is configured ({source}) with the value "
                + $"generation strategy {strategy} and with a default or computed value. Remove one of them.");
        }

        base.Validate(property, storeObject);
    }
}
