using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Microsoft.EntityFrameworkCore;

/// <summary>What BareMetal.Data adds to the configuration of properties.</summary>
public static class BareMetalPropertyBuilderExtensions
{
    /// <summary>Generates values with an identity column.</summary>
    /// <param name="propertyBuilder">The builder of the property.</param>
    /// <param name="seed">The first value.</param>
    /// <param name="increment">The distance between values.</param>
    /// <returns>The same builder.</returns>
    public static PropertyBuilder UseIdentityColumn(this PropertyBuilder propertyBuilder, long seed = 1, int increment = 1)
    {
        var property = propertyBuilder.Metadata;
        property.SetValueGenerationStrategy(BareMetalValueGenerationStrategy.IdentityColumn);
        property.SetOrRemoveAnnotation(BareMetalAnnotationNames.IdentitySeed, seed == 1 ? null : seed);
        property.SetOrRemoveAnnotation(BareMetalAnnotationNames.IdentityIncrement, increment == 1 ? null : increment);
        return propertyBuilder;
    }

    /// <summary>Generates values with an identity column.</summary>
    /// <typeparam name="TProperty">The type of the property.</typeparam>
    /// <param name="propertyBuilder">The builder of the property.</param>
    /// <param name="seed">The first value.</param>
    /// <param name="increment">The distance between values.</param>
    /// <returns>The same builder.</returns>
    public static PropertyBuilder<TProperty> UseIdentityColumn<TProperty>(
        this PropertyBuilder<TProperty> propertyBuilder,
        long seed = 1,
        int increment = 1)
        => (PropertyBuilder<TProperty>)UseIdentityColumn((PropertyBuilder)propertyBuilder, seed, increment);

    /// <summary>Generates values on the client, in blocks that a sequence hands out.</summary>
    /// <param name="propertyBuilder">The builder of the property.</param>
    /// <param name="name">The name of the sequence, or null for the conventional one.</param>
    /// <param name="schema">The schema of the sequence, or null for the default one.</param>
    /// <returns>The same builder.</returns>
    public static PropertyBuilder UseHiLo(this PropertyBuilder propertyBuilder, string? name = null, string? schema = null)
    {
        var property = propertyBuilder.Metadata;
        var model = property.DeclaringType.Model;
        name ??= BareMetalModelExtensions.DefaultHiLoSequenceName;
        if (model.FindSequence(name, schema) is null)
            model.AddSequence(name, schema).IncrementBy = 10;
        property.SetValueGenerationStrategy(BareMetalValueGenerationStrategy.SequenceHiLo);
        property.SetOrRemoveAnnotation(BareMetalAnnotationNames.HiLoSequenceName, name);
        property.SetOrRemoveAnnotation(BareMetalAnnotationNames.HiLoSequenceSchema, schema);
        return propertyBuilder;
    }

    /// <summary>Generates values on the client, in blocks that a sequence hands out.</summary>
    /// <typeparam name="TProperty">The type of the property.</typeparam>
    /// <param name="propertyBuilder">The builder of the property.</param>
    /// <param name="name">The name of the sequence, or null for the conventional one.</param>
    /// <param name="schema">The schema of the sequence, or null for the default one.</param>
    /// <returns>The same builder.</returns>
    public static PropertyBuilder<TProperty> UseHiLo<TProperty>(
        this PropertyBuilder<TProperty> propertyBuilder,
        string? name = null,
        string? schema = null)
        => (PropertyBuilder<TProperty>)UseHiLo((PropertyBuilder)propertyBuilder, name, schema);

    /// <summary>Generates values with a sequence that is the column's default.</summary>
    /// <param name="propertyBuilder">The builder of the property.</param>
    /// <param name="name">The name of the sequence, or null for the conventional one.</param>
    /// <param name="schema">The schema of the sequence, or null for the model's.</param>
    /// <returns>The same builder.</returns>
    public static PropertyBuilder UseSequence(this PropertyBuilder propertyBuilder, string? name = null, string? schema = null)
    {
        var property = propertyBuilder.Metadata;
        property.SetValueGenerationStrategy(BareMetalValueGenerationStrategy.Sequence);
        property.SetOrRemoveAnnotation(BareMetalAnnotationNames.SequenceName, name);
        property.SetOrRemoveAnnotation(BareMetalAnnotationNames.SequenceSchema, schema);
        return propertyBuilder;
    }

    /// <summary>Generates values with a sequence that is the column's default.</summary>
    /// <typeparam name="TProperty">The type of the property.</typeparam>
    /// <param name="propertyBuilder">The builder of the property.</param>
    /// <param name="name">The name of the sequence, or null for the conventional one.</param>
    /// <param name="schema">The schema of the sequence, or null for the model's.</param>
    /// <returns>The same builder.</returns>
    public static PropertyBuilder<TProperty> UseSequence<TProperty>(
        this PropertyBuilder<TProperty> propertyBuilder,
        string? name = null,
        string? schema = null)
        => (PropertyBuilder<TProperty>)UseSequence((PropertyBuilder)propertyBuilder, name, schema);
}
