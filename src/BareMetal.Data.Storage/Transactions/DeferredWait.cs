namespace BareMetal.Data.Storage.Transactions;

/// <summary>A place in a lock's queue that is waited for without a thread.</summary>
internal sealed class DeferredWait(LockManager manager, LockManager.Waiter waiter, TimeSpan timeout)
{
    /// <summary>Waits until the lock is granted.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="StorageException">The lock time-out has passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task WaitAsync(CancellationToken cancellation)
    {
        try
        {
            await waiter.Completion!.Task.WaitAsync(timeout, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Finishing says which it was, unless the lock was granted at the last moment.
        }

        manager.Finish(waiter.Owner, waiter, timeout, cancellation);
    }
}
