using BareMetal.Data.Storage;

namespace BareMetal.Data.Simulation.Storage;

/// <summary>One of several transactions that a simulation steps: what the database has of it and what the model has.</summary>
internal sealed class StorageActor(string name)
{
    private readonly List<StorageChange> changes = [];
    private readonly List<(Savepoint Point, int Changes)> savepoints = [];
    private StorageState? view;

    public string Name { get; } = name;

    /// <summary>The open transaction.</summary>
    public StorageTransaction? Transaction { get; private set; }

    /// <summary>The commit that is on its way.</summary>
    public Task<Lsn>? Commit { get; set; }

    /// <summary>The number of the state that it makes, and whether that must survive once acknowledged.</summary>
    public (int State, Durability Durability) Committing { get; set; }

    /// <summary>What was changed so far, in order.</summary>
    public IReadOnlyList<StorageChange> Changes => changes;

    /// <summary>The number of savepoints.</summary>
    public int Savepoints => savepoints.Count;

    /// <summary>The state that its statement reads from: what others committed.</summary>
    public StorageState Base { get; private set; } = StorageState.Empty;

    /// <summary>What it sees: that, and its own changes.</summary>
    public StorageState View
    {
        get
        {
            if (view is null)
            {
                view = Base;
                foreach (StorageChange change in changes)
                    view = change.Apply(view);
            }

            return view;
        }
    }

    public void Begin(StorageTransaction transaction, StorageState state)
    {
        Transaction = transaction;
        Base = state;
        view = null;
        changes.Clear();
        savepoints.Clear();
    }

    /// <summary>Begins a statement, on a newer state if its level says so.</summary>
    public void BeginStatement(StorageState newest)
    {
        Transaction!.BeginStatement();
        if (Transaction.Isolation == TransactionIsolation.ReadCommitted && !ReferenceEquals(Base, newest))
        {
            Base = newest;
            view = null;
        }
    }

    public void Add(StorageChange change)
    {
        StorageState before = View;
        changes.Add(change);
        view = change.Apply(before);
    }

    /// <summary>Forgets the changes after a number of them: a statement that was undone.</summary>
    public void Truncate(int count)
    {
        changes.RemoveRange(count, changes.Count - count);
        view = null;
    }

    public void Save() => savepoints.Add((Transaction!.CreateSavepoint(), changes.Count));

    public void BackTo(int index)
    {
        Transaction!.RollbackTo(savepoints[index].Point);
        Truncate(savepoints[index].Changes);
        savepoints.RemoveRange(index + 1, savepoints.Count - index - 1);
    }

    public void Release(int index)
    {
        Transaction!.Release(savepoints[index].Point);
        savepoints.RemoveRange(index, savepoints.Count - index);
    }

    public StorageState ApplyTo(StorageState state)
    {
        foreach (StorageChange change in changes)
            state = change.Apply(state);
        return state;
    }

    /// <summary>The transaction has ended one way or another.</summary>
    public void End()
    {
        Transaction = null;
        Commit = null;
        changes.Clear();
        savepoints.Clear();
        view = null;
    }
}
