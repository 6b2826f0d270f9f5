namespace BareMetal.Data.Storage.Transactions;

/// <summary>Who holds and awaits locks: a transaction, or a session for locks that outlive transactions.</summary>
internal sealed class LockOwner(long id)
{
    /// <summary>Names the owner in messages.</summary>
    public long Id { get; } = id;

    /// <summary>What is held; guarded by the lock manager.</summary>
    public List<LockManager.LockEntry> Held { get; } = [];

    /// <summary>What is awaited; guarded by the lock manager.</summary>
    public LockManager.Waiter? Waiting { get; set; }
}
