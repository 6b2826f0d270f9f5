using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Text;
using BareMetal.Data.Simulation.Scripts;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Simulation.Storage;

/// <summary>Commits, alone and in groups, and what they promise.</summary>
internal sealed partial class StorageWorkload
{
    private void Commit(StorageActor actor, Durability durability, bool async)
    {
        int state = Prepare(actor, durability);
        if (state < 0)
            return;
        try
        {
            if (async)
            {
                Counts.Add("asynchronous commits");
                actor.Commit = actor.Transaction!.CommitAsync(durability).AsTask();
                if (actor.Commit.IsFaulted)
                    ThrowIfFailed(actor.Commit);
                return;
            }

            actor.Transaction!.Commit(durability);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.SerializationFailure)
        {
            // Refused before it took its place: the state never was.
            actor.Commit = null;
            _history.RemoveAt(state);
            _durabilities.RemoveAt(state);
            throw;
        }

        Acknowledge(actor);
    }

    /// <summary>Commits of all transactions that are ready, built together and flushed together.</summary>
    private void CommitGroup(Durability durability)
    {
        List<StorageActor> ready = [];
        foreach (StorageActor actor in _actors.Values)
        {
            // What could still be refused would leave a gap in the numbers.
            if (actor.Commit is null && actor.Transaction is { HasChanges: true } t && t.Isolation != TransactionIsolation.Serializable)
                ready.Add(actor);
        }

        if (ready.Count == 0)
            return;
        if (ready.Count > 1)
            Counts.Add("commits in groups", ready.Count);
        foreach (StorageActor actor in ready)
            Prepare(actor, durability);
        Engine.Database.Pipeline.RunExclusive(() =>
        {
            foreach (StorageActor actor in ready)
                actor.Commit = actor.Transaction!.CommitAsync(durability).AsTask();
        });
    }

    /// <summary>Writes the mark and notes the state that the commit is to make, which from now on may come back.</summary>
    private int Prepare(StorageActor actor, Durability durability)
    {
        StorageTransaction transaction = actor.Transaction!;
        if (!transaction.HasChanges)
        {
            transaction.Commit();
            actor.End();
            return -1;
        }

        int number = _history.Count;
        byte[] mark = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(mark, number);
        Put(actor, StorageState.Marks, Encoding.UTF8.GetBytes(actor.Name), mark);
        transaction.OnCommitted(_ => Visible(number));
        StorageState next = actor.ApplyTo(_history[^1]);
        _history.Add(next with { Counters = next.Counters.SetItems(_counters) });
        _durabilities.Add(durability);
        actor.Committing = (number, durability);
        Counts.Add("commits");
        return number;
    }

    private void Visible(int number)
    {
        if (number != _visible + 1)
            throw new InvalidOperationException($"Commit {number} became visible after {_visible}.");
        _visible = number;
    }

    /// <summary>Looks which commits on their way have arrived.</summary>
    private void Settle()
    {
        foreach (StorageActor actor in _actors.Values)
        {
            if (actor.Commit is { IsCompleted: true })
                Acknowledge(actor);
        }
    }

    /// <summary>Waits for a commit on its way.</summary>
    private void Finish(StorageActor actor)
    {
        if (actor.Commit is null)
            return;
        _world.Scheduler.RunUntilIdle();
        if (!actor.Commit.IsCompleted && !_world.Disk.IsCrashed)
            throw new ScriptFailureException($"the commit of {actor.Name} does not end though nothing is left to do");
        if (actor.Commit.IsCompleted)
            Acknowledge(actor);
    }

    private void Acknowledge(StorageActor actor)
    {
        if (actor.Commit is { } commit)
            ThrowIfFailed(commit);
        (int state, Durability durability) = actor.Committing;
        if (_visible < state)
            throw new ScriptFailureException($"commit {state} was acknowledged before it was visible");
        if (durability == Durability.Full)
            Must = Math.Max(Must, state);
        actor.End();
    }

    private static void ThrowIfFailed(Task commit)
    {
        if (commit.Exception?.InnerException is { } error)
            ExceptionDispatchInfo.Throw(error);
    }

    private void CompareSnapshot(int index)
    {
        (StorageTransaction transaction, StorageState state, int number) = _snapshots[index];
        CompareTrees(transaction, state, $"a snapshot of state {number}, {_visible - number} commits later");
        Counts.Add("old snapshots compared");
    }

    private void EndSnapshot(int index)
    {
        CompareSnapshot(index);
        _snapshots[index].Transaction.Rollback();
        _snapshots.RemoveAt(index);
    }
}
