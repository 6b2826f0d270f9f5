using System.Reflection;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;

namespace Microsoft.EntityFrameworkCore.Migrations;

/// <summary>What BareMetal.Data adds to migrations.</summary>
public static class BareMetalMigrationBuilderExtensions
{
    /// <summary>Whether the migration runs against BareMetal.Data.</summary>
    /// <param name="migrationBuilder">The builder that the migration is given.</param>
    /// <returns>Whether it does.</returns>
    public static bool IsBareMetal(this MigrationBuilder migrationBuilder)
    {
        ArgumentNullException.ThrowIfNull(migrationBuilder);
        return migrationBuilder.ActiveProvider == typeof(BareMetalOptionsExtension).GetTypeInfo().Assembly.GetName().Name;
    }
}
