using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Scaffolding;

namespace BareMetal.Data.EntityFrameworkCore.Scaffolding;

/// <summary>Writes the call that makes a scaffolded context use the provider.</summary>
public sealed class BareMetalCodeGenerator : ProviderCodeGenerator
{
    private static readonly MethodInfo UseBareMetal = typeof(BareMetalDbContextOptionsBuilderExtensions).GetRuntimeMethod(
        nameof(BareMetalDbContextOptionsBuilderExtensions.UseBareMetal),
        [typeof(DbContextOptionsBuilder), typeof(string), typeof(Action<BareMetalDbContextOptionsBuilder>)])!;

    /// <summary>Creates the generator.</summary>
    /// <param name="dependencies">Services that all generators share.</param>
    public BareMetalCodeGenerator(ProviderCodeGeneratorDependencies dependencies)
        : base(dependencies)
    {
    }

    /// <inheritdoc />
    public override MethodCallCodeFragment GenerateUseProvider(string connectionString, MethodCallCodeFragment? providerOptions)
        => new(
            UseBareMetal,
            providerOptions is null
                ? [connectionString]
                : [connectionString, new NestedClosureCodeFragment("x", providerOptions)]);
}
