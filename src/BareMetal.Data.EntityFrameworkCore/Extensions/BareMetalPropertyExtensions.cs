using BareMetal.Data.EntityFrameworkCore;
using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace Microsoft.EntityFrameworkCore;

/// <summary>What BareMetal.Data adds to the metadata of properties.</summary>
public static class BareMetalPropertyExtensions
{
    /// <summary>How values of the property are generated, wherever it is mapped.</summary>
    /// <param name="property">The property.</param>
    /// <returns>The strategy, <see cref="BareMetalValueGenerationStrategy.None" /> when this provider generates none.</returns>
    public static BareMetalValueGenerationStrategy GetValueGenerationStrategy(this IReadOnlyProperty property)
    {
        if (property.FindAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy) is { } annotation)
            return (BareMetalValueGenerationStrategy?)annotation.Value ?? BareMetalValueGenerationStrategy.None;

        var modelDefault = property.DeclaringType.Model.GetValueGenerationStrategy() ?? BareMetalValueGenerationStrategy.None;
        return modelDefault == BareMetalValueGenerationStrategy.None
            || property.ValueGenerated != ValueGenerated.OnAdd
            || property.IsForeignKey()
            || property.TryGetDefaultValue(out _)
            || (modelDefault != BareMetalValueGenerationStrategy.Sequence && property.GetDefaultValueSql() is not null)
            || property.GetComputedColumnSql() is not null
            || !IsCompatible(property, null)
                ? BareMetalValueGenerationStrategy.None
                : modelDefault;
    }

    /// <summary>How values of the property are generated in one table.</summary>
    /// <param name="property">The property.</param>
    /// <param name="storeObject">The table.</param>
    /// <returns>The strategy, <see cref="BareMetalValueGenerationStrategy.None" /> when this provider generates none.</returns>
    public static BareMetalValueGenerationStrategy GetValueGenerationStrategy(
        this IReadOnlyProperty property,
        in StoreObjectIdentifier storeObject)
        => GetValueGenerationStrategy(property, storeObject, null);

    internal static BareMetalValueGenerationStrategy GetValueGenerationStrategy(
        this IReadOnlyProperty property,
        in StoreObjectIdentifier storeObject,
        ITypeMappingSource? typeMappingSource)
    {
        if (property.FindOverrides(storeObject)?.FindAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy) is { } forTable)
            return (BareMetalValueGenerationStrategy?)forTable.Value ?? BareMetalValueGenerationStrategy.None;

        var annotation = property.FindAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy);
        if (annotation?.Value is not null
            && StoreObjectIdentifier.Create(property.DeclaringType, storeObject.StoreObjectType) == storeObject)
            return (BareMetalValueGenerationStrategy)annotation.Value;

        if (property.FindSharedStoreObjectRootProperty(storeObject) is { } root)
        {
            return root.GetValueGenerationStrategy(storeObject, typeMappingSource) == BareMetalValueGenerationStrategy.IdentityColumn
                && storeObject.StoreObjectType == StoreObjectType.Table
                && !LinksToAnotherRow(property, storeObject)
                    ? BareMetalValueGenerationStrategy.IdentityColumn
                    : BareMetalValueGenerationStrategy.None;
        }

        if (property.ValueGenerated != ValueGenerated.OnAdd
            || storeObject.StoreObjectType != StoreObjectType.Table
            || property.TryGetDefaultValue(storeObject, out _)
            || property.GetDefaultValueSql(storeObject) is not null
            || property.GetComputedColumnSql(storeObject) is not null
            || LinksToAnotherRow(property, storeObject))
            return BareMetalValueGenerationStrategy.None;

        var modelDefault = property.DeclaringType.Model.GetValueGenerationStrategy();
        if (modelDefault is null or BareMetalValueGenerationStrategy.None
            || !IsCompatible(
                property,
                (property.FindRelationalTypeMapping(storeObject) ?? typeMappingSource?.FindMapping((IProperty)property))?.Converter
                    ?.ProviderClrType))
            return BareMetalValueGenerationStrategy.None;

        if (annotation is not null)
            return (BareMetalValueGenerationStrategy?)annotation.Value ?? BareMetalValueGenerationStrategy.None;

        // Tables of one hierarchy must not give the same key twice.
        return modelDefault == BareMetalValueGenerationStrategy.IdentityColumn
            && property.DeclaringType.GetMappingStrategy() == RelationalAnnotationNames.TpcMappingStrategy
                ? BareMetalValueGenerationStrategy.Sequence
                : modelDefault.Value;
    }

    // A key that is also a foreign key takes its value from the row it refers to.
    private static bool LinksToAnotherRow(IReadOnlyProperty property, in StoreObjectIdentifier storeObject)
    {
        // Unless the model says that it is generated: two rows that point at each other have to begin somewhere. The row of a derived type's own table never does, and snapshots
        // say so of every key.
        var isSaid = property is IConventionProperty { ValueGenerated: ValueGenerated.OnAdd } configured
            && configured.GetValueGeneratedConfigurationSource() == ConfigurationSource.Explicit;

        foreach (var foreignKey in property.GetContainingForeignKeys())
        {
            if (!foreignKey.IsBaseLinking()
                ? !isSaid
                : (StoreObjectIdentifier.Create(foreignKey.PrincipalEntityType, StoreObjectType.Table) is { } principal
                    && foreignKey.GetConstraintName(storeObject, principal) is not null))
                return true;
        }

        return false;
    }

    private static bool IsCompatible(IReadOnlyProperty property, Type? providerType)
    {
        var type = (property.GetValueConverter()?.ProviderClrType
            ?? providerType
            ?? property.FindTypeMapping()?.Converter?.ProviderClrType
            ?? property.ClrType).UnwrapNullable();
        return type.IsInteger() || type.IsEnum;
    }

    /// <summary>Whether this provider can generate values of the property: it is an integer or stored as one.</summary>
    /// <param name="property">The property.</param>
    /// <returns>Whether it can.</returns>
    public static bool IsCompatibleWithValueGeneration(IReadOnlyProperty property)
        => IsCompatible(property, null);

    /// <summary>Sets how values of the property are generated.</summary>
    /// <param name="property">The property.</param>
    /// <param name="value">The strategy, or null for the model's default.</param>
    public static void SetValueGenerationStrategy(this IMutableProperty property, BareMetalValueGenerationStrategy? value)
        => property.SetOrRemoveAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy, value);

    /// <summary>Sets how values of the property are generated.</summary>
    /// <param name="property">The property.</param>
    /// <param name="value">The strategy, or null for the model's default.</param>
    /// <param name="fromDataAnnotation">Whether an attribute says so.</param>
    /// <returns>The configured strategy.</returns>
    public static BareMetalValueGenerationStrategy? SetValueGenerationStrategy(
        this IConventionProperty property,
        BareMetalValueGenerationStrategy? value,
        bool fromDataAnnotation = false)
        => (BareMetalValueGenerationStrategy?)property.SetOrRemoveAnnotation(
            BareMetalAnnotationNames.ValueGenerationStrategy, value, fromDataAnnotation)?.Value;

    /// <summary>Where the strategy of the property comes from.</summary>
    /// <param name="property">The property.</param>
    /// <returns>The source, or null when none is set.</returns>
    public static ConfigurationSource? GetValueGenerationStrategyConfigurationSource(this IConventionProperty property)
        => property.FindAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy)?.GetConfigurationSource();

    /// <summary>The first value of the identity column.</summary>
    /// <param name="property">The property.</param>
    /// <returns>The value, 1 unless configured.</returns>
    public static long GetIdentitySeed(this IReadOnlyProperty property)
        => (long?)property[BareMetalAnnotationNames.IdentitySeed] ?? 1;

    /// <summary>The first value of the identity column in one table.</summary>
    /// <param name="property">The property.</param>
    /// <param name="storeObject">The table.</param>
    /// <returns>The value, 1 unless configured.</returns>
    public static long GetIdentitySeed(this IReadOnlyProperty property, in StoreObjectIdentifier storeObject)
        => (long?)property.FindOverrides(storeObject)?.FindAnnotation(BareMetalAnnotationNames.IdentitySeed)?.Value
            ?? (long?)property[BareMetalAnnotationNames.IdentitySeed]
            ?? property.FindSharedStoreObjectRootProperty(storeObject)?.GetIdentitySeed(storeObject)
            ?? 1;

    /// <summary>The distance between values of the identity column.</summary>
    /// <param name="property">The property.</param>
    /// <returns>The distance, 1 unless configured.</returns>
    public static int GetIdentityIncrement(this IReadOnlyProperty property)
        => (int?)property[BareMetalAnnotationNames.IdentityIncrement] ?? 1;

    /// <summary>The distance between values of the identity column in one table.</summary>
    /// <param name="property">The property.</param>
    /// <param name="storeObject">The table.</param>
    /// <returns>The distance, 1 unless configured.</returns>
    public static int GetIdentityIncrement(this IReadOnlyProperty property, in StoreObjectIdentifier storeObject)
        => (int?)property.FindOverrides(storeObject)?.FindAnnotation(BareMetalAnnotationNames.IdentityIncrement)?.Value
            ?? (int?)property[BareMetalAnnotationNames.IdentityIncrement]
            ?? property.FindSharedStoreObjectRootProperty(storeObject)?.GetIdentityIncrement(storeObject)
            ?? 1;

    /// <summary>The sequence behind the property's hi-lo values.</summary>
    /// <param name="property">The property.</param>
    /// <returns>The sequence, or null when the model has none of the configured name.</returns>
    public static IReadOnlySequence? FindHiLoSequence(this IReadOnlyProperty property)
    {
        var model = property.DeclaringType.Model;
        var name = (string?)property[BareMetalAnnotationNames.HiLoSequenceName] ?? model.GetHiLoSequenceName();
        var schema = (string?)property[BareMetalAnnotationNames.HiLoSequenceSchema] ?? model.GetHiLoSequenceSchema();
        return model.FindSequence(name, schema);
    }

    /// <summary>The name of the sequence that gives the column its default.</summary>
    /// <param name="property">The property.</param>
    /// <param name="storeObject">The table.</param>
    /// <returns>The name, or null for the conventional one.</returns>
    public static string? GetSequenceName(this IReadOnlyProperty property, in StoreObjectIdentifier storeObject)
        => (string?)property[BareMetalAnnotationNames.SequenceName]
            ?? property.FindSharedStoreObjectRootProperty(storeObject)?.GetSequenceName(storeObject);

    /// <summary>The schema of the sequence that gives the column its default.</summary>
    /// <param name="property">The property.</param>
    /// <param name="storeObject">The table.</param>
    /// <returns>The schema, or null for the model's.</returns>
    public static string? GetSequenceSchema(this IReadOnlyProperty property, in StoreObjectIdentifier storeObject)
        => (string?)property[BareMetalAnnotationNames.SequenceSchema]
            ?? property.FindSharedStoreObjectRootProperty(storeObject)?.GetSequenceSchema(storeObject);
}
