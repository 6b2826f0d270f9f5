namespace BareMetal.Data.Storage.Transactions;

/// <summary>
/// A signal, not an error: a lock has to be waited for, and its owner waits without a thread. The owner keeps its place in the queue, undoes
/// what it has begun, waits with <see cref="DeferredWait.WaitAsync"/> and begins again.
/// </summary>
internal sealed class LockWaitException : Exception
{
    public static readonly LockWaitException Instance = new();

    private LockWaitException()
        : base("A lock is waited for.")
    {
    }
}
