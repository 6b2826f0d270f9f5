using Microsoft.EntityFrameworkCore.Migrations;

namespace BareMetal.Data.EntityFrameworkCore.Migrations;

/// <summary>What operations that drop or rename something must know of it: nothing beyond its name.</summary>
public sealed class BareMetalMigrationsAnnotationProvider : MigrationsAnnotationProvider
{
    /// <summary>Creates the provider.</summary>
    /// <param name="dependencies">Services that all providers share.</param>
    public BareMetalMigrationsAnnotationProvider(MigrationsAnnotationProviderDependencies dependencies)
        : base(dependencies)
    {
    }
}
