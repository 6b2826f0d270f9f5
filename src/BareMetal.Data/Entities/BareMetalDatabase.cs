using System.Collections.Concurrent;
using System.Data;
using BareMetal.Data.Sessions;

namespace BareMetal.Data;

/// <summary>
/// A database seen as sets of entities. Thread-safe: share one, dispose it at the end. Each operation is a transaction of its own;
/// <see cref="BeginTransaction"/> joins several.
/// </summary>
public sealed class BareMetalDatabase : IDisposable, IAsyncDisposable
{
    private readonly bool _ownsSource;
    private readonly ConcurrentDictionary<Type, object> _models = new();
    private readonly Lock _installing = new();

    private BareMetalDatabase(BareMetalDataSource source, bool ownsSource)
    {
        DataSource = source;
        _ownsSource = ownsSource;
    }

    /// <summary>The data source, for SQL beside the sets.</summary>
    public BareMetalDataSource DataSource { get; }

    /// <summary>Opens a database.</summary>
    /// <param name="connectionString">See <see cref="BareMetalConnectionStringBuilder"/>.</param>
    /// <exception cref="ArgumentException">A key is not known or a value is not valid.</exception>
    /// <exception cref="BareMetalException">The database can't be opened.</exception>
    public static BareMetalDatabase Open(string connectionString)
    {
        BareMetalDataSource source = BareMetalDataSource.Create(connectionString);
        try
        {
            using BareMetalConnection connection = source.OpenConnection();
            return new BareMetalDatabase(source, ownsSource: true);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Sees a data source's database as sets. The data source stays the caller's.</summary>
    public static BareMetalDatabase Open(BareMetalDataSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new BareMetalDatabase(source, ownsSource: false);
    }

    /// <summary>The set of an entity. Its first use brings the table to the entity's schema: makes it, or adds what is new in its version.</summary>
    /// <exception cref="InvalidOperationException">The database holds a newer version, a changed schema under the same version, or a table that does not fit.</exception>
    public EntitySet<T> Set<T>()
        where T : class, IEntity<T>
        => new(this, Model<T>(), null);

    /// <summary>Begins a transaction; operations on its sets are committed together.</summary>
    /// <param name="isolationLevel">As for a connection.</param>
    public EntityTransaction BeginTransaction(IsolationLevel isolationLevel = IsolationLevel.Unspecified)
    {
        BareMetalConnection connection = DataSource.OpenConnection();
        try
        {
            return new EntityTransaction(this, connection, connection.BeginTransaction(isolationLevel));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsSource)
            DataSource.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _ownsSource ? DataSource.DisposeAsync() : ValueTask.CompletedTask;

    /// <summary>What belongs to an entity in this database; made, and the table brought up, at first use.</summary>
    internal EntityModel<T> Model<T>()
        where T : class, IEntity<T>
    {
        if (_models.TryGetValue(typeof(T), out object? found))
            return (EntityModel<T>)found;
        lock (_installing)
        {
            if (_models.TryGetValue(typeof(T), out found))
                return (EntityModel<T>)found;
            EntityModel<T> model = new();
            // In a session of its own: an open transaction that is rolled back must not take the table with it.
            Session own = DataSource.Rent(out int generation, default);
            try
            {
                EntitySchemaInstaller.Install(own, T.Schema, default);
            }
            finally
            {
                DataSource.Return(own, generation);
            }

            _models[typeof(T)] = model;
            return model;
        }
    }
}
