namespace BareMetal.Data;

/// <summary>A transaction over sets. Disposing it without a commit rolls it back. Used by one thread at a time.</summary>
public sealed class EntityTransaction : IDisposable, IAsyncDisposable
{
    private readonly BareMetalDatabase _database;

    internal EntityTransaction(BareMetalDatabase database, BareMetalConnection connection, BareMetalTransaction transaction)
    {
        _database = database;
        Connection = connection;
        Transaction = transaction;
    }

    /// <summary>The connection, for SQL in the same transaction.</summary>
    public BareMetalConnection Connection { get; }

    /// <summary>The transaction, for savepoints.</summary>
    public BareMetalTransaction Transaction { get; }

    /// <summary>The set of an entity, within the transaction.</summary>
    public EntitySet<T> Set<T>()
        where T : class, IEntity<T>
        => new(_database, _database.Model<T>(), this);

    /// <summary>Commits.</summary>
    /// <exception cref="BareMetalException">40001: another transaction was in the way, run the whole again.</exception>
    public void Commit() => Transaction.Commit();

    /// <summary>Commits.</summary>
    public Task CommitAsync(CancellationToken cancellationToken = default) => Transaction.CommitAsync(cancellationToken);

    /// <summary>Undoes everything.</summary>
    public void Rollback() => Transaction.Rollback();

    /// <inheritdoc/>
    public void Dispose()
    {
        Transaction.Dispose();
        Connection.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Transaction.DisposeAsync().ConfigureAwait(false);
        await Connection.DisposeAsync().ConfigureAwait(false);
    }
}
