using System.Reflection;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Microsoft.EntityFrameworkCore;

/// <summary>What BareMetal.Data adds to <c>context.Database</c>.</summary>
public static class BareMetalDatabaseFacadeExtensions
{
    /// <summary>Whether the context uses BareMetal.Data.</summary>
    /// <param name="database">The facade.</param>
    /// <returns>Whether it does.</returns>
    public static bool IsBareMetal(this DatabaseFacade database)
    {
        ArgumentNullException.ThrowIfNull(database);
        return database.ProviderName == typeof(BareMetalOptionsExtension).GetTypeInfo().Assembly.GetName().Name;
    }
}
