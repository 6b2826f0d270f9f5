using System.Data;
using System.Reflection;
using BareMetal.Data;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using BareMetal.Data.Storage;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

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

    /// <summary>Begins a transaction with a durability of its own.</summary>
    /// <param name="database">The facade.</param>
    /// <param name="isolationLevel">Its level; unspecified takes the connection string's.</param>
    /// <param name="durability">What its commit waits for.</param>
    /// <returns>The transaction.</returns>
    public static IDbContextTransaction BeginTransaction(this DatabaseFacade database, IsolationLevel isolationLevel, Durability durability)
    {
        ArgumentNullException.ThrowIfNull(database);
        return With(database.BeginTransaction(isolationLevel), durability);
    }

    /// <summary>Begins a transaction with a durability of its own.</summary>
    /// <param name="database">The facade.</param>
    /// <param name="isolationLevel">Its level; unspecified takes the connection string's.</param>
    /// <param name="durability">What its commit waits for.</param>
    /// <param name="cancellationToken">Cancels the beginning.</param>
    /// <returns>The transaction.</returns>
    public static async Task<IDbContextTransaction> BeginTransactionAsync(
        this DatabaseFacade database, IsolationLevel isolationLevel, Durability durability, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        return With(await database.BeginTransactionAsync(isolationLevel, cancellationToken).ConfigureAwait(false), durability);
    }

    private static IDbContextTransaction With(IDbContextTransaction transaction, Durability durability)
    {
        ((BareMetalTransaction)transaction.GetDbTransaction()).Durability = durability;
        return transaction;
    }
}
