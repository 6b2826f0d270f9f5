using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Microsoft.EntityFrameworkCore;

/// <summary>What BareMetal.Data adds to the metadata of models.</summary>
public static class BareMetalModelExtensions
{
    /// <summary>The conventional name of the sequence behind hi-lo keys.</summary>
    public const string DefaultHiLoSequenceName = "EntityFrameworkHiLoSequence";

    /// <summary>The conventional suffix of the names of key sequences.</summary>
    public const string DefaultSequenceNameSuffix = "Sequence";

    /// <summary>How values of integer keys are generated unless a property says otherwise.</summary>
    /// <param name="model">The model.</param>
    /// <returns>The strategy, or null when none is set.</returns>
    public static BareMetalValueGenerationStrategy? GetValueGenerationStrategy(this IReadOnlyModel model)
        => (BareMetalValueGenerationStrategy?)model[BareMetalAnnotationNames.ValueGenerationStrategy];

    /// <summary>Sets how values of integer keys are generated unless a property says otherwise.</summary>
    /// <param name="model">The model.</param>
    /// <param name="value">The strategy, or null for none.</param>
    public static void SetValueGenerationStrategy(this IMutableModel model, BareMetalValueGenerationStrategy? value)
        => model.SetOrRemoveAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy, value);

    /// <summary>Sets how values of integer keys are generated unless a property says otherwise.</summary>
    /// <param name="model">The model.</param>
    /// <param name="value">The strategy, or null for none.</param>
    /// <param name="fromDataAnnotation">Whether an attribute says so.</param>
    /// <returns>The configured strategy.</returns>
    public static BareMetalValueGenerationStrategy? SetValueGenerationStrategy(
        this IConventionModel model,
        BareMetalValueGenerationStrategy? value,
        bool fromDataAnnotation = false)
        => (BareMetalValueGenerationStrategy?)model.SetOrRemoveAnnotation(
            BareMetalAnnotationNames.ValueGenerationStrategy, value, fromDataAnnotation)?.Value;

    /// <summary>Where the strategy of the model comes from.</summary>
    /// <param name="model">The model.</param>
    /// <returns>The source, or null when none is set.</returns>
    public static ConfigurationSource? GetValueGenerationStrategyConfigurationSource(this IConventionModel model)
        => model.FindAnnotation(BareMetalAnnotationNames.ValueGenerationStrategy)?.GetConfigurationSource();

    /// <summary>The name of the sequence behind hi-lo keys.</summary>
    /// <param name="model">The model.</param>
    /// <returns>The name.</returns>
    public static string GetHiLoSequenceName(this IReadOnlyModel model)
        => (string?)model[BareMetalAnnotationNames.HiLoSequenceName] ?? DefaultHiLoSequenceName;

    /// <summary>The schema of the sequence behind hi-lo keys.</summary>
    /// <param name="model">The model.</param>
    /// <returns>The schema, or null for the default one.</returns>
    public static string? GetHiLoSequenceSchema(this IReadOnlyModel model)
        => (string?)model[BareMetalAnnotationNames.HiLoSequenceSchema];

    /// <summary>The suffix of the names of key sequences.</summary>
    /// <param name="model">The model.</param>
    /// <returns>The suffix.</returns>
    public static string GetSequenceNameSuffix(this IReadOnlyModel model)
        => (string?)model[BareMetalAnnotationNames.SequenceNameSuffix] ?? DefaultSequenceNameSuffix;

    /// <summary>The schema of key sequences.</summary>
    /// <param name="model">The model.</param>
    /// <returns>The schema, or null for the default one.</returns>
    public static string? GetSequenceSchema(this IReadOnlyModel model)
        => (string?)model[BareMetalAnnotationNames.SequenceSchema];
}
