using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;

namespace BareMetal.Data.EntityFrameworkCore.Metadata.Conventions;

/// <summary>Leaves out of the runtime model what only migrations use.</summary>
public sealed class BareMetalRuntimeModelConvention : RelationalRuntimeModelConvention
{
    /// <summary>Creates the convention.</summary>
    /// <param name="dependencies">Services that all conventions share.</param>
    /// <param name="relationalDependencies">Services that relational conventions share.</param>
    public BareMetalRuntimeModelConvention(
        ProviderConventionSetBuilderDependencies dependencies,
        RelationalConventionSetBuilderDependencies relationalDependencies)
        : base(dependencies, relationalDependencies)
    {
    }

    /// <inheritdoc />
    protected override void ProcessModelAnnotations(
        Dictionary<string, object?> annotations,
        IModel model,
        RuntimeModel runtimeModel,
        bool runtime)
    {
        base.ProcessModelAnnotations(annotations, model, runtimeModel, runtime);
        if (!runtime)
        {
            annotations.Remove(BareMetalAnnotationNames.IdentitySeed);
            annotations.Remove(BareMetalAnnotationNames.IdentityIncrement);
            annotations.Remove(BareMetalAnnotationNames.SequenceName);
            annotations.Remove(BareMetalAnnotationNames.SequenceSchema);
            annotations.Remove(BareMetalAnnotationNames.SequenceNameSuffix);
        }
    }

    /// <inheritdoc />
    protected override void ProcessEntityTypeAnnotations(
        Dictionary<string, object?> annotations,
        IEntityType entityType,
        RuntimeEntityType runtimeEntityType,
        bool runtime)
    {
        base.ProcessEntityTypeAnnotations(annotations, entityType, runtimeEntityType, runtime);
        if (!runtime)
        {
            annotations.Remove(BareMetalAnnotationNames.Compression);
            foreach (var name in annotations.Keys.Where(ExpressionIndexes.IsAnnotation).ToList())
                annotations.Remove(name);
        }
    }

    /// <inheritdoc />
    protected override void ProcessPropertyAnnotations(
        Dictionary<string, object?> annotations,
        IProperty property,
        RuntimeProperty runtimeProperty,
        bool runtime)
    {
        base.ProcessPropertyAnnotations(annotations, property, runtimeProperty, runtime);
        if (!runtime)
        {
            annotations.Remove(BareMetalAnnotationNames.IdentitySeed);
            annotations.Remove(BareMetalAnnotationNames.IdentityIncrement);
            annotations.Remove(BareMetalAnnotationNames.SequenceName);
            annotations.Remove(BareMetalAnnotationNames.SequenceSchema);
            if (!annotations.ContainsKey(BareMetalAnnotationNames.ValueGenerationStrategy))
                annotations[BareMetalAnnotationNames.ValueGenerationStrategy] = property.GetValueGenerationStrategy();
        }
    }

    /// <inheritdoc />
    protected override void ProcessIndexAnnotations(
        Dictionary<string, object?> annotations,
        IIndex index,
        RuntimeIndex runtimeIndex,
        bool runtime)
    {
        base.ProcessIndexAnnotations(annotations, index, runtimeIndex, runtime);
        if (!runtime)
        {
            annotations.Remove(BareMetalAnnotationNames.IndexInclude);
            annotations.Remove(BareMetalAnnotationNames.NullsDistinct);
        }
    }
}
