using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Microsoft.EntityFrameworkCore;

/// <summary>What BareMetal.Data adds to the configuration of models.</summary>
public static class BareMetalModelBuilderExtensions
{
    /// <summary>Generates integer keys with identity columns, unless a property says otherwise. This is the default.</summary>
    /// <param name="modelBuilder">The model builder.</param>
    /// <returns>The same builder.</returns>
    public static ModelBuilder UseIdentityColumns(this ModelBuilder modelBuilder)
    {
        modelBuilder.Model.SetValueGenerationStrategy(BareMetalValueGenerationStrategy.IdentityColumn);
        return modelBuilder;
    }

    /// <summary>Generates integer keys on the client, in blocks that a sequence hands out.</summary>
    /// <param name="modelBuilder">The model builder.</param>
    /// <param name="name">The name of the sequence, or null for the conventional one.</param>
    /// <param name="schema">The schema of the sequence, or null for the default one.</param>
    /// <returns>The same builder.</returns>
    public static ModelBuilder UseHiLo(this ModelBuilder modelBuilder, string? name = null, string? schema = null)
    {
        var model = modelBuilder.Model;
        name ??= BareMetalModelExtensions.DefaultHiLoSequenceName;
        if (model.FindSequence(name, schema) is null)
            modelBuilder.HasSequence(name, schema).IncrementsBy(10);
        model.SetValueGenerationStrategy(BareMetalValueGenerationStrategy.SequenceHiLo);
        model.SetOrRemoveAnnotation(BareMetalAnnotationNames.HiLoSequenceName, name);
        model.SetOrRemoveAnnotation(BareMetalAnnotationNames.HiLoSequenceSchema, schema);
        return modelBuilder;
    }

    /// <summary>Generates integer keys with one sequence per hierarchy, as column defaults.</summary>
    /// <param name="modelBuilder">The model builder.</param>
    /// <param name="nameSuffix">The suffix after the root entity type's name, or null for the conventional one.</param>
    /// <param name="schema">The schema of the sequences, or null for the default one.</param>
    /// <returns>The same builder.</returns>
    public static ModelBuilder UseKeySequences(this ModelBuilder modelBuilder, string? nameSuffix = null, string? schema = null)
    {
        var model = modelBuilder.Model;
        model.SetValueGenerationStrategy(BareMetalValueGenerationStrategy.Sequence);
        model.SetOrRemoveAnnotation(
            BareMetalAnnotationNames.SequenceNameSuffix, nameSuffix ?? BareMetalModelExtensions.DefaultSequenceNameSuffix);
        model.SetOrRemoveAnnotation(BareMetalAnnotationNames.SequenceSchema, schema);
        return modelBuilder;
    }
}
