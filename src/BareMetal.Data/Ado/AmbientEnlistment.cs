using System.Transactions;
using BareMetal.Data.Sessions;

namespace BareMetal.Data;

/// <summary>
/// A session's part in a System.Transactions transaction. When it is the only one, the transaction commits in one step here; beside
/// others it votes yes and commits when told (a failure between the two leaves the outcome in doubt, as with every resource
/// that keeps no prepared state).
/// </summary>
internal sealed class AmbientEnlistment : ISinglePhaseNotification
{
    private readonly AmbientSessions _owner;
    private readonly BareMetalDataSource _source;
    private readonly int _generation;
    private readonly Lock _gate = new();
    private BareMetalConnection? _connection;
    private bool _finished;

    public AmbientEnlistment(AmbientSessions owner, BareMetalDataSource source, Transaction transaction, Session session, int generation)
    {
        _owner = owner;
        _source = source;
        _generation = generation;
        Transaction = transaction;
        Session = session;
    }

    public Transaction Transaction { get; }

    public Session Session { get; }

    public int Generation => _generation;

    /// <summary>Lends the session to a connection.</summary>
    /// <exception cref="InvalidOperationException">Another open connection has it.</exception>
    public void Attach(BareMetalConnection connection)
    {
        lock (_gate)
        {
            if (_finished)
                throw new TransactionException("The ambient transaction has ended.");
            if (_connection is not null && _connection != connection)
            {
                throw new InvalidOperationException(
                    "Another open connection of this data source takes part in the ambient transaction. Close it first, or share it: connections one after another join the same transaction.");
            }

            _connection = connection;
        }
    }

    /// <summary>Takes the session back from a connection that closes. False when the transaction has ended: then the session is the connection's to return.</summary>
    public bool Park()
    {
        lock (_gate)
        {
            if (_finished)
                return false;
            _connection = null;
            return true;
        }
    }

    public void SinglePhaseCommit(SinglePhaseEnlistment enlistment)
    {
        try
        {
            Finish(commit: true);
        }
        catch (BareMetalException e) when (e.SqlState == SqlStates.TransactionResolutionUnknown)
        {
            enlistment.InDoubt(e);
            return;
        }
        catch (Exception e)
        {
            enlistment.Aborted(e);
            return;
        }

        enlistment.Committed();
    }

    public void Prepare(PreparingEnlistment enlistment)
    {
        if (Session.InTransaction)
            enlistment.Prepared();
        else
            enlistment.ForceRollback(new InvalidOperationException("The session's transaction has ended before the ambient one."));
    }

    public void Commit(Enlistment enlistment)
    {
        Finish(commit: true);
        enlistment.Done();
    }

    // A time-out or another participant may roll back from any thread, also while a command runs: it is told to stop, and the session's
    // transaction ends when it has.
    public void Rollback(Enlistment enlistment)
    {
        Session.WhenIdle(() => Finish(commit: false));
        enlistment.Done();
    }

    public void InDoubt(Enlistment enlistment)
    {
        Session.WhenIdle(() => Finish(commit: false));
        enlistment.Done();
    }

    private void Finish(bool commit)
    {
        BareMetalConnection? connection;
        lock (_gate)
        {
            if (_finished)
                return;
            _finished = true;
            connection = _connection;
            _connection = null;
        }

        _owner.Forget(Transaction);
        try
        {
            if (commit)
                Session.Commit();
            else if (Session.InTransaction)
                Session.Rollback();
        }
        finally
        {
            if (connection is null)
                _source.Return(Session, _generation);
            else
                connection.AmbientEnded(this, commit);
        }
    }
}
