namespace BareMetal.Data.Storage.Transactions;

/// <summary>
/// One who waits for at most one lock at a time: a node of the waits-for graph. A session is one, with all the owners that it locks for:
/// its transactions and its advisory locks.
/// </summary>
internal class LockParty
{
    /// <summary>What is awaited; guarded by the lock manager.</summary>
    public LockManager.Waiter? Waiting { get; set; }

    /// <summary>A wait that was put off, to be done without a thread; used by the party's thread alone.</summary>
    public DeferredWait? Deferred { get; set; }

    /// <summary>Whether a request that has to wait throws <see cref="LockWaitException"/> instead of blocking its thread.</summary>
    public bool DefersWaits { get; set; }
}
