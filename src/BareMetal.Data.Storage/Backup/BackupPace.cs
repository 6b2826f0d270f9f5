namespace BareMetal.Data.Storage.Backup;

/// <summary>Keeps a backup within its budget, tells how far it is, and ends it when that is asked for.</summary>
internal sealed class BackupPace(TimeProvider clock, long bytesPerSecond, IProgress<BackupProgress>? progress, CancellationToken cancellation)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly long _started = clock.GetTimestamp();
    private long _bytes;

    /// <summary>Asked for between pieces.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Pages that there are.</summary>
    public long Total { get; set; }

    /// <summary>Pages were looked at, nothing was written.</summary>
    public void Looked(long pages)
    {
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new BackupProgress(pages, Total, _bytes));
    }

    /// <summary>Something was written: waits as long as the budget demands.</summary>
    /// <exception cref="OperationCanceledException">The backup was cancelled.</exception>
    public void Wrote(long bytes, long pages)
    {
        _bytes += bytes;
        Looked(pages);
        if (bytesPerSecond <= 0)
            return;
        while (true)
        {
            TimeSpan due = TimeSpan.FromSeconds((double)_bytes / bytesPerSecond) - clock.GetElapsedTime(_started);
            if (due <= TimeSpan.Zero)
                return;

            // In pieces, by the clock that was given: a wait may be long, and the budget is in that clock's time.
            using ManualResetEventSlim elapsed = new(false);
            using ITimer timer = clock.CreateTimer(static e => ((ManualResetEventSlim)e!).Set(), elapsed, due < LongestWait ? due : LongestWait, Timeout.InfiniteTimeSpan);
            elapsed.Wait(cancellation);
        }
    }
}
