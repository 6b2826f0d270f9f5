using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design.Internal;
using Microsoft.EntityFrameworkCore.Metadata;

namespace BareMetal.Data.EntityFrameworkCore.Design;

/// <summary>Writes the annotations of compiled models, without those that only migrations use.</summary>
public sealed class BareMetalCSharpRuntimeAnnotationCodeGenerator : RelationalCSharpRuntimeAnnotationCodeGenerator
{
    /// <summary>Creates the generator.</summary>
    /// <param name="dependencies">Services that all generators share.</param>
    /// <param name="relationalDependencies">Services that relational generators share.</param>
    public BareMetalCSharpRuntimeAnnotationCodeGenerator(
        CSharpRuntimeAnnotationCodeGeneratorDependencies dependencies,
        RelationalCSharpRuntimeAnnotationCodeGeneratorDependencies relationalDependencies)
        : base(dependencies, relationalDependencies)
    {
    }

    /// <inheritdoc />
    public override void Generate(IModel model, CSharpRuntimeAnnotationCodeGeneratorParameters parameters)
    {
        if (!parameters.IsRuntime)
        {
            parameters.Annotations.Remove(BareMetalAnnotationNames.IdentitySeed);
            parameters.Annotations.Remove(BareMetalAnnotationNames.IdentityIncrement);
            parameters.Annotations.Remove(BareMetalAnnotationNames.SequenceNameSuffix);
            parameters.Annotations.Remove(BareMetalAnnotationNames.SequenceSchema);
        }

        base.Generate(model, parameters);
    }

    /// <inheritdoc />
    public override void Generate(IProperty property, CSharpRuntimeAnnotationCodeGeneratorParameters parameters)
    {
        if (!parameters.IsRuntime)
        {
            parameters.Annotations.Remove(BareMetalAnnotationNames.IdentitySeed);
            parameters.Annotations.Remove(BareMetalAnnotationNames.IdentityIncrement);
            parameters.Annotations.Remove(BareMetalAnnotationNames.SequenceName);
            parameters.Annotations.Remove(BareMetalAnnotationNames.SequenceSchema);
            if (!parameters.Annotations.ContainsKey(BareMetalAnnotationNames.ValueGenerationStrategy))
                parameters.Annotations[BareMetalAnnotationNames.ValueGenerationStrategy] = property.GetValueGenerationStrategy();
        }

        base.Generate(property, parameters);
    }

    /// <inheritdoc />
    public override void Generate(IEntityType entityType, CSharpRuntimeAnnotationCodeGeneratorParameters parameters)
    {
        if (!parameters.IsRuntime)
        {
            foreach (var name in parameters.Annotations.Keys.Where(ExpressionIndexes.IsAnnotation).ToList())
                parameters.Annotations.Remove(name);
        }

        base.Generate(entityType, parameters);
    }

    /// <inheritdoc />
    public override void Generate(IColumn column, CSharpRuntimeAnnotationCodeGeneratorParameters parameters)
    {
        if (!parameters.IsRuntime)
        {
            parameters.Annotations.Remove(BareMetalAnnotationNames.ValueGenerationStrategy);
            parameters.Annotations.Remove(BareMetalAnnotationNames.IdentitySeed);
            parameters.Annotations.Remove(BareMetalAnnotationNames.IdentityIncrement);
        }

        base.Generate(column, parameters);
    }

    /// <inheritdoc />
    public override void Generate(IIndex index, CSharpRuntimeAnnotationCodeGeneratorParameters parameters)
    {
        if (!parameters.IsRuntime)
        {
            parameters.Annotations.Remove(BareMetalAnnotationNames.IndexInclude);
            parameters.Annotations.Remove(BareMetalAnnotationNames.NullsDistinct);
        }

        base.Generate(index, parameters);
    }

    /// <inheritdoc />
    public override void Generate(ITableIndex index, CSharpRuntimeAnnotationCodeGeneratorParameters parameters)
    {
        if (!parameters.IsRuntime)
        {
            parameters.Annotations.Remove(BareMetalAnnotationNames.IndexInclude);
            parameters.Annotations.Remove(BareMetalAnnotationNames.NullsDistinct);
        }

        base.Generate(index, parameters);
    }
}
