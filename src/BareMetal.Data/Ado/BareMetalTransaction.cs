using System.Data;
using System.Data.Common;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;

namespace BareMetal.Data;

/// <summary>A transaction. Disposing it without a commit rolls it back.</summary>
public sealed class BareMetalTransaction : DbTransaction
{
    private readonly Session _session;
    private readonly long _id;
    private BareMetalConnection? _connection;

    internal BareMetalTransaction(BareMetalConnection connection, Session session, IsolationLevel level)
    {
        _connection = connection;
        _session = session;
        _id = session.TransactionId;
        IsolationLevel = level;
    }

    /// <summary>The connection; null once the transaction has ended.</summary>
    public new BareMetalConnection? Connection => IsActive ? _connection : null;

    /// <summary>
    /// The level that the engine gives: ReadCommitted, Snapshot or Serializable. ReadUncommitted stays what it was called; it is
    /// read committed, as in PostgreSQL, since nothing uncommitted is ever seen.
    /// </summary>
    public override IsolationLevel IsolationLevel { get; }

    /// <summary>What its commit waits for. Until it is set it is what <c>synchronous_commit</c> says, which the connection string begins with.</summary>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    public Durability Durability
    {
        get
        {
            ThrowIfEnded();
            return _session.Transaction!.Durability ?? _session.Settings.Durability;
        }

        set
        {
            if (value is < Durability.Full or > Durability.Off)
                throw new ArgumentOutOfRangeException(nameof(value), value, "Full, Normal or Off.");
            ThrowIfEnded();
            _session.Transaction!.Durability = value;
        }
    }

    /// <summary>True.</summary>
    public override bool SupportsSavepoints => true;

    /// <inheritdoc/>
    protected override DbConnection? DbConnection => Connection;

    /// <summary>Whether it is still the transaction of its connection's session.</summary>
    internal bool IsActive => _connection is { } connection && connection.SessionOrNull == _session && _session.TransactionId == _id;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    /// <exception cref="BareMetalException">40001: another transaction was in the way, run the whole again; 08007: the outcome is not known.</exception>
    public override void Commit()
    {
        ThrowIfEnded();
        try
        {
            _session.Commit();
        }
        finally
        {
            EndUnlessActive();
        }
    }

    /// <inheritdoc/>
    public override async Task CommitAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfEnded();
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await _session.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            EndUnlessActive();
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    public override void Rollback()
    {
        ThrowIfEnded();
        try
        {
            _session.Rollback();
        }
        finally
        {
            EndUnlessActive();
        }
    }

    /// <inheritdoc/>
    public override Task RollbackAsync(CancellationToken cancellationToken = default)
        => Run(static (transaction, _) => transaction.Rollback(), "", cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    public override void Save(string savepointName)
    {
        ArgumentException.ThrowIfNullOrEmpty(savepointName);
        ThrowIfEnded();
        _session.CreateSavepoint(savepointName);
    }

    /// <inheritdoc/>
    public override Task SaveAsync(string savepointName, CancellationToken cancellationToken = default)
        => Run(static (transaction, name) => transaction.Save(name), savepointName, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    /// <exception cref="BareMetalException">3B001: no savepoint has this name.</exception>
    public override void Rollback(string savepointName)
    {
        ArgumentException.ThrowIfNullOrEmpty(savepointName);
        ThrowIfEnded();
        _session.RollbackToSavepoint(savepointName);
    }

    /// <inheritdoc/>
    public override Task RollbackAsync(string savepointName, CancellationToken cancellationToken = default)
        => Run(static (transaction, name) => transaction.Rollback(name), savepointName, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    /// <exception cref="BareMetalException">3B001: no savepoint has this name.</exception>
    public override void Release(string savepointName)
    {
        ArgumentException.ThrowIfNullOrEmpty(savepointName);
        ThrowIfEnded();
        _session.ReleaseSavepoint(savepointName);
    }

    /// <inheritdoc/>
    public override Task ReleaseAsync(string savepointName, CancellationToken cancellationToken = default)
        => Run(static (transaction, name) => transaction.Release(name), savepointName, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Parts from a connection that closes; the session's return rolls back.</summary>
    internal void Detach() => _connection = null;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (IsActive)
                Rollback();
            End();
        }

        base.Dispose(disposing);
    }

    private Task Run(Action<BareMetalTransaction, string> action, string name, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);
        try
        {
            action(this, name);
            return Task.CompletedTask;
        }
        catch (Exception e)
        {
            return Task.FromException(e);
        }
    }

    private void ThrowIfEnded()
    {
        if (!IsActive)
            throw new InvalidOperationException("The transaction has ended: it was committed, rolled back, or its connection was closed.");
    }

    // A commit that failed may leave the transaction open (a deferred check) or have ended it (a serialization failure).
    private void EndUnlessActive()
    {
        if (!IsActive)
            End();
    }

    private void End()
    {
        _connection?.TransactionEnded(this);
        _connection = null;
    }
}
