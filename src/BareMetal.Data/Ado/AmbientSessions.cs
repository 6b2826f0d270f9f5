using System.Transactions;
using BareMetal.Data.Sessions;

namespace BareMetal.Data;

/// <summary>
/// The sessions of a data source that take part in System.Transactions' transactions: one per transaction. A connection that closes
/// parks its session here; the next that opens under the same transaction gets it, so that both commit together.
/// </summary>
internal sealed class AmbientSessions
{
    // Which data source of the process takes part in a transaction.
    private static readonly Dictionary<Transaction, AmbientSessions> s_owners = [];

    private readonly Dictionary<Transaction, AmbientEnlistment> _enlisted = [];

    /// <summary>The enlistment of a transaction, made when there is none.</summary>
    public AmbientEnlistment Enlist(BareMetalDataSource source, Transaction transaction, Session? session, int generation, CancellationToken cancellationToken)
    {
        lock (_enlisted)
        {
            if (_enlisted.TryGetValue(transaction, out AmbientEnlistment? found))
                return found;
        }

        lock (s_owners)
        {
            if (s_owners.TryGetValue(transaction, out AmbientSessions? owner) && owner != this)
            {
                throw new NotSupportedException(
                    "Another data source takes part in the ambient transaction. Two databases can't commit as one: use a transaction for each, or Enlist=false.");
            }
        }

        bool rented = session is null;
        session ??= source.Rent(out generation, cancellationToken);
        try
        {
            Transaction clone = transaction.Clone();
            session.BeginTransaction(ConnectionSettings.ToMode(ToLevel(transaction.IsolationLevel)));
            AmbientEnlistment enlistment = new(this, source, clone, session, generation);
            lock (_enlisted)
                _enlisted.Add(clone, enlistment);
            lock (s_owners)
                s_owners[clone] = this;
            try
            {
                clone.EnlistVolatile(enlistment, EnlistmentOptions.None);
            }
            catch
            {
                Forget(clone);
                throw;
            }

            return enlistment;
        }
        catch
        {
            if (session.InTransaction)
                session.Rollback();
            if (rented)
                source.Return(session, generation);
            throw;
        }
    }

    /// <summary>The enlistment of a transaction whose session no connection uses now.</summary>
    public AmbientEnlistment? Find(Transaction transaction)
    {
        lock (_enlisted)
            return _enlisted.GetValueOrDefault(transaction);
    }

    public void Forget(Transaction transaction)
    {
        lock (_enlisted)
            _enlisted.Remove(transaction);
        lock (s_owners)
            s_owners.Remove(transaction);
    }

    private static System.Data.IsolationLevel ToLevel(IsolationLevel level) => level switch
    {
        IsolationLevel.Serializable => System.Data.IsolationLevel.Serializable,
        IsolationLevel.RepeatableRead => System.Data.IsolationLevel.RepeatableRead,
        IsolationLevel.Snapshot => System.Data.IsolationLevel.Snapshot,
        IsolationLevel.ReadCommitted => System.Data.IsolationLevel.ReadCommitted,
        IsolationLevel.ReadUncommitted => System.Data.IsolationLevel.ReadUncommitted,
        _ => System.Data.IsolationLevel.Unspecified,
    };
}
