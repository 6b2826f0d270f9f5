using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata.Conventions;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace BareMetal.Data.EntityFrameworkCore.Metadata.Conventions;

/// <summary>Builds the set of conventions that models for BareMetal.Data follow.</summary>
public sealed class BareMetalConventionSetBuilder : RelationalConventionSetBuilder
{
    private const int MaxIdentifierLength = 128;

    /// <summary>Creates the builder.</summary>
    /// <param name="dependencies">Services that all builders share.</param>
    /// <param name="relationalDependencies">Services that relational builders share.</param>
    public BareMetalConventionSetBuilder(
        ProviderConventionSetBuilderDependencies dependencies,
        RelationalConventionSetBuilderDependencies relationalDependencies)
        : base(dependencies, relationalDependencies)
    {
    }

    /// <inheritdoc />
    public override ConventionSet CreateConventionSet()
    {
        var set = base.CreateConventionSet();
        set.Add(new BareMetalValueGenerationStrategyConvention(Dependencies, RelationalDependencies));
        set.Add(new RelationalMaxIdentifierLengthConvention(MaxIdentifierLength, Dependencies, RelationalDependencies));
        set.Replace<StoreGenerationConvention>(new BareMetalStoreGenerationConvention(Dependencies, RelationalDependencies));
        set.Replace<ValueGenerationConvention>(new BareMetalValueGenerationConvention(Dependencies, RelationalDependencies));
        set.Replace<SharedTableConvention>(new BareMetalSharedTableConvention(Dependencies, RelationalDependencies));
        set.Replace<RuntimeModelConvention>(new BareMetalRuntimeModelConvention(Dependencies, RelationalDependencies));
        return set;
    }

    /// <summary>Builds a set for code that makes models outside of a context.</summary>
    /// <returns>The set.</returns>
    public static ConventionSet Build()
    {
        using var scope = CreateServiceScope();
        using var context = scope.ServiceProvider.GetRequiredService<DbContext>();
        return ConventionSet.CreateConventionSet(context);
    }

    /// <summary>Creates a model builder with these conventions outside of a context.</summary>
    /// <returns>The model builder.</returns>
    public static ModelBuilder CreateModelBuilder()
    {
        using var scope = CreateServiceScope();
        using var context = scope.ServiceProvider.GetRequiredService<DbContext>();
        return new ModelBuilder(ConventionSet.CreateConventionSet(context), context.GetService<ModelDependencies>());
    }

    private static IServiceScope CreateServiceScope()
        => new ServiceCollection()
            .AddEntityFrameworkBareMetal()
            .AddDbContext<DbContext>((provider, options) => options.UseBareMetal().UseInternalServiceProvider(provider))
            .BuildServiceProvider()
            .CreateScope();
}
