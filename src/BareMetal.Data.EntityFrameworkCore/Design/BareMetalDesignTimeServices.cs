using BareMetal.Data.EntityFrameworkCore.Scaffolding;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Design.Internal;
using Microsoft.EntityFrameworkCore.Scaffolding;
using Microsoft.Extensions.DependencyInjection;

[assembly: DesignTimeProviderServices("BareMetal.Data.EntityFrameworkCore.Design.BareMetalDesignTimeServices")]

namespace BareMetal.Data.EntityFrameworkCore.Design;

/// <summary>Registers what <c>dotnet ef</c> needs.</summary>
public sealed class BareMetalDesignTimeServices : IDesignTimeServices
{
    /// <inheritdoc />
    public void ConfigureDesignTimeServices(IServiceCollection serviceCollection)
    {
        serviceCollection.AddEntityFrameworkBareMetal();
        new EntityFrameworkRelationalDesignServicesBuilder(serviceCollection)
            .TryAdd<IAnnotationCodeGenerator, BareMetalAnnotationCodeGenerator>()
            .TryAdd<ICSharpRuntimeAnnotationCodeGenerator, BareMetalCSharpRuntimeAnnotationCodeGenerator>()
            .TryAdd<IDatabaseModelFactory, BareMetalDatabaseModelFactory>()
            .TryAdd<IProviderConfigurationCodeGenerator, BareMetalCodeGenerator>()
            .TryAddCoreServices();
    }
}
