using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Transactions;

/// <summary>A registered snapshot that a transaction and its open cursors share; given back when the last lets go.</summary>
internal sealed class SnapshotHandle(PageStore store)
{
    private Snapshot _snapshot = store.AcquireSnapshot();
    private int _references = 1;

    /// <summary>Commits up to here are seen.</summary>
    public Lsn Lsn => _snapshot.Lsn;

    /// <summary>One more holder.</summary>
    public SnapshotHandle Share()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>One holder less.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
            store.ReleaseSnapshot(_snapshot);
    }

    /// <summary>A handle on what is visible now: this one when nothing has changed or nobody shares it, else a new one. The caller's hold moves over.</summary>
    public SnapshotHandle Renew()
    {
        if (_snapshot.Lsn == store.VisibleLsn)
            return this;
        if (Volatile.Read(ref _references) != 1)
        {
            Release();
            return new SnapshotHandle(store);
        }

        Snapshot old = _snapshot;
        _snapshot = store.AcquireSnapshot();
        store.ReleaseSnapshot(old);
        return this;
    }
}
