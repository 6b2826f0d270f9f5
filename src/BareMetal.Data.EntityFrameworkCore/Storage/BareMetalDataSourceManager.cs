using System.Collections.Concurrent;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>
/// Owns the data sources of contexts that name their database by a connection string alone. It lives as long as EF Core's internal
/// services, so that a database in memory outlives the contexts that use it.
/// </summary>
public sealed class BareMetalDataSourceManager : IDisposable, IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string ConnectionString, BareMetalFunctions? Functions), Lazy<BareMetalDataSource>> _dataSources = new();
    private volatile bool _disposed;

    /// <summary>The data source of a connection string.</summary>
    /// <param name="connectionString">The connection string.</param>
    /// <param name="functions">Functions in C# that its connections know, or null for none.</param>
    /// <returns>The one data source of both.</returns>
    /// <exception cref="ObjectDisposedException">The services were disposed of.</exception>
    public BareMetalDataSource GetDataSource(string connectionString, BareMetalFunctions? functions = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _dataSources
            .GetOrAdd((connectionString, functions), static key => new Lazy<BareMetalDataSource>(() => Make(key.ConnectionString, key.Functions)))
            .Value;
    }

    private static BareMetalDataSource Make(string connectionString, BareMetalFunctions? functions) => functions is null
        ? BareMetalDataSource.Create(connectionString)
        : new BareMetalDataSourceBuilder(connectionString).UseFunctions(functions).Build();

    /// <inheritdoc />
    public void Dispose()
    {
        _disposed = true;
        foreach (var (key, _) in _dataSources)
        {
            if (_dataSources.TryRemove(key, out var dataSource) && dataSource.IsValueCreated)
                dataSource.Value.Dispose();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        foreach (var (key, _) in _dataSources)
        {
            if (_dataSources.TryRemove(key, out var dataSource) && dataSource.IsValueCreated)
                await dataSource.Value.DisposeAsync().ConfigureAwait(false);
        }
    }
}
