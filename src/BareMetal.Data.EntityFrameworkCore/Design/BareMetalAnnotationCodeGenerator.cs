using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using BareMetal.Data.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BareMetal.Data.EntityFrameworkCore.Design;

/// <summary>Writes this provider's annotations as the calls that make them, in snapshots and scaffolded contexts.</summary>
public sealed class BareMetalAnnotationCodeGenerator : AnnotationCodeGenerator
{
    private static readonly MethodInfo s_toTable = typeof(RelationalEntityTypeBuilderExtensions).GetRuntimeMethod(
        nameof(RelationalEntityTypeBuilderExtensions.ToTable),
        [typeof(EntityTypeBuilder), typeof(Action<TableBuilder>)])!;

    /// <summary>Creates the generator.</summary>
    /// <param name="dependencies">Services that all generators share.</param>
    public BareMetalAnnotationCodeGenerator(AnnotationCodeGeneratorDependencies dependencies)
        : base(dependencies)
    {
    }

    /// <inheritdoc />
    public override IReadOnlyList<MethodCallCodeFragment> GenerateFluentApiCalls(
        IModel model,
        IDictionary<string, IAnnotation> annotations)
    {
        var fragments = new List<MethodCallCodeFragment>(base.GenerateFluentApiCalls(model, annotations));
        if (!TryTake<BareMetalValueGenerationStrategy>(annotations, BareMetalAnnotationNames.ValueGenerationStrategy, out var strategy))
            return fragments;

        switch (strategy)
        {
            case BareMetalValueGenerationStrategy.IdentityColumn:
                fragments.Add(Call(typeof(BareMetalModelBuilderExtensions), nameof(BareMetalModelBuilderExtensions.UseIdentityColumns)));
                break;
            case BareMetalValueGenerationStrategy.SequenceHiLo:
                fragments.Add(
                    Call(
                        typeof(BareMetalModelBuilderExtensions),
                        nameof(BareMetalModelBuilderExtensions.UseHiLo),
                        NameAndSchema(
                            annotations, BareMetalAnnotationNames.HiLoSequenceName, BareMetalAnnotationNames.HiLoSequenceSchema)));
                break;
            case BareMetalValueGenerationStrategy.Sequence:
                fragments.Add(
                    Call(
                        typeof(BareMetalModelBuilderExtensions),
                        nameof(BareMetalModelBuilderExtensions.UseKeySequences),
                        NameAndSchema(
                            annotations, BareMetalAnnotationNames.SequenceNameSuffix, BareMetalAnnotationNames.SequenceSchema)));
                break;
        }

        return fragments;
    }

    /// <inheritdoc />
    public override IReadOnlyList<MethodCallCodeFragment> GenerateFluentApiCalls(
        IProperty property,
        IDictionary<string, IAnnotation> annotations)
    {
        // A scaffolded column has both, the value where its text is a plain one.
        if (annotations.ContainsKey(RelationalAnnotationNames.DefaultValue))
            annotations.Remove(RelationalAnnotationNames.DefaultValueSql);

        var fragments = new List<MethodCallCodeFragment>(base.GenerateFluentApiCalls(property, annotations));
        if (!TryTake<BareMetalValueGenerationStrategy>(annotations, BareMetalAnnotationNames.ValueGenerationStrategy, out var strategy))
            return fragments;

        switch (strategy)
        {
            case BareMetalValueGenerationStrategy.IdentityColumn:
                TryTake<long>(annotations, BareMetalAnnotationNames.IdentitySeed, out var seed);
                TryTake<int>(annotations, BareMetalAnnotationNames.IdentityIncrement, out var increment);
                fragments.Add(
                    Call(
                        typeof(BareMetalPropertyBuilderExtensions),
                        nameof(BareMetalPropertyBuilderExtensions.UseIdentityColumn),
                        (seed, increment) switch
                        {
                            (0, 0) => [],
                            (_, 0) => [seed],
                            _ => [seed == 0 ? 1L : seed, increment],
                        }));
                break;
            case BareMetalValueGenerationStrategy.SequenceHiLo:
                fragments.Add(
                    Call(
                        typeof(BareMetalPropertyBuilderExtensions),
                        nameof(BareMetalPropertyBuilderExtensions.UseHiLo),
                        NameAndSchema(
                            annotations, BareMetalAnnotationNames.HiLoSequenceName, BareMetalAnnotationNames.HiLoSequenceSchema)));
                break;
            case BareMetalValueGenerationStrategy.Sequence:
                fragments.Add(
                    Call(
                        typeof(BareMetalPropertyBuilderExtensions),
                        nameof(BareMetalPropertyBuilderExtensions.UseSequence),
                        NameAndSchema(annotations, BareMetalAnnotationNames.SequenceName, BareMetalAnnotationNames.SequenceSchema)));
                break;
            case BareMetalValueGenerationStrategy.None:
                fragments.Add(
                    new MethodCallCodeFragment(
                        nameof(PropertyBuilder.HasAnnotation),
                        BareMetalAnnotationNames.ValueGenerationStrategy,
                        BareMetalValueGenerationStrategy.None));
                break;
        }

        return fragments;
    }

    /// <inheritdoc />
    public override IReadOnlyList<MethodCallCodeFragment> GenerateFluentApiCalls(
        IEntityType entityType,
        IDictionary<string, IAnnotation> annotations)
    {
        var fragments = new List<MethodCallCodeFragment>(base.GenerateFluentApiCalls(entityType, annotations));
        var table = new List<MethodCallCodeFragment>();
        if (TryTake<bool>(annotations, BareMetalAnnotationNames.Compression, out var isCompressed))
        {
            var call = Call(typeof(BareMetalTableExtensions), nameof(BareMetalTableExtensions.HasCompression), isCompressed ? [] : [false]);
            table.Add(call);
        }

        if (TryTake<string[]>(annotations, BareMetalAnnotationNames.ScaffoldedChecks, out var checks))
        {
            for (var i = 0; i < checks.Length; i += 2)
                table.Add(new MethodCallCodeFragment(nameof(TableBuilder.HasCheckConstraint), checks[i], checks[i + 1]));
        }

        foreach (var call in table)
            fragments.Add(new MethodCallCodeFragment(s_toTable, new NestedClosureCodeFragment("t", call)));

        foreach (var name in annotations.Keys.Where(n => n.StartsWith(BareMetalAnnotationNames.ExpressionIndex, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList())
        {
            if (!TryTake<string>(annotations, name, out var sql))
                continue;
            var unique = sql.StartsWith(ExpressionIndexes.Unique, StringComparison.Ordinal);
            var index = name[BareMetalAnnotationNames.ExpressionIndex.Length..];
            object?[] arguments = unique ? [index, sql[ExpressionIndexes.Unique.Length..], true] : [index, sql];
            fragments.Add(Call(typeof(BareMetalJsonIndexExtensions), nameof(BareMetalJsonIndexExtensions.HasExpressionIndex), arguments));
        }

        if (TryTake<string[][]>(annotations, BareMetalAnnotationNames.ScaffoldedKeys, out var keys))
        {
            foreach (var key in keys)
            {
                var properties = key.Skip(1).Select(column => entityType.GetProperties().First(p => p.GetColumnName() == column).Name).ToArray<object?>();
                fragments.Add(
                    new MethodCallCodeFragment(nameof(EntityTypeBuilder.HasAlternateKey), properties)
                        .Chain(new MethodCallCodeFragment(nameof(RelationalKeyBuilderExtensions.HasName), key[0])));
            }
        }

        return fragments;
    }

    /// <inheritdoc />
    public override IReadOnlyList<MethodCallCodeFragment> GenerateFluentApiCalls(
        IIndex index,
        IDictionary<string, IAnnotation> annotations)
    {
        var fragments = new List<MethodCallCodeFragment>(base.GenerateFluentApiCalls(index, annotations));
        if (TryTake<string[]>(annotations, BareMetalAnnotationNames.IndexInclude, out var include))
        {
            fragments.Add(
                Call(typeof(BareMetalIndexExtensions), nameof(BareMetalIndexExtensions.IncludeProperties), [include]));
        }

        if (TryTake<bool>(annotations, BareMetalAnnotationNames.NullsDistinct, out var nullsDistinct))
            fragments.Add(Call(typeof(BareMetalIndexExtensions), nameof(BareMetalIndexExtensions.AreNullsDistinct), nullsDistinct));

        return fragments;
    }

    /// <inheritdoc />
    protected override bool IsHandledByConvention(IModel model, IAnnotation annotation)
        => annotation.Name == BareMetalAnnotationNames.ValueGenerationStrategy
            ? annotation.Value is BareMetalValueGenerationStrategy.IdentityColumn
            : base.IsHandledByConvention(model, annotation);

    private static MethodCallCodeFragment Call(Type type, string name, params object?[] arguments)
        => new(
            type.GetMethods().First(m => m.Name == name && !m.IsGenericMethodDefinition),
            arguments);

    private static object?[] NameAndSchema(IDictionary<string, IAnnotation> annotations, string nameKey, string schemaKey)
    {
        TryTake<string>(annotations, nameKey, out var name);
        TryTake<string>(annotations, schemaKey, out var schema);
        return schema is not null ? [name, schema] : name is not null ? [name] : [];
    }

    private static bool TryTake<T>(IDictionary<string, IAnnotation> annotations, string name, [NotNullWhen(true)] out T? value)
    {
        if (annotations.TryGetValue(name, out var annotation) && annotation.Value is T found)
        {
            annotations.Remove(name);
            value = found;
            return true;
        }

        value = default;
        return false;
    }
}
