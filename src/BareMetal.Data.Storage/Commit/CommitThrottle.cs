using System.Threading.Tasks.Sources;

namespace BareMetal.Data.Storage.Commit;

/// <summary>
/// Holds committers back while far more is changed than checkpoints have written: until one more checkpoint has ended. Readers are never held back.
/// </summary>
internal sealed class CommitThrottle
{
    private readonly IBackgroundScheduler _scheduler;
    private readonly Func<bool> _isDue;
    private readonly Action _askForCheckpoint;
    private readonly Action<ICommitRequest> _refuse;
    private readonly ManualResetEventSlim _changed = new(true);
    private readonly Lock _gate = new();
    private List<Waiter> _waiters = [];
    private long _ended;
    private bool _closed;

    /// <summary>Makes the throttle of a database.</summary>
    /// <param name="scheduler">Waiting and handing over.</param>
    /// <param name="isDue">Whether too much is changed; cheap.</param>
    /// <param name="askForCheckpoint">Asks for a checkpoint. <see cref="CheckpointEnded"/> follows, whatever becomes of it.</param>
    /// <param name="refuse">Throws when waiting did not help and never will.</param>
    public CommitThrottle(IBackgroundScheduler scheduler, Func<bool> isDue, Action askForCheckpoint, Action<ICommitRequest> refuse)
    {
        _scheduler = scheduler;
        _isDue = isDue;
        _askForCheckpoint = askForCheckpoint;
        _refuse = refuse;
    }

    /// <summary>Whether a committer has to wait now.</summary>
    public bool IsDue => _isDue() && !Volatile.Read(ref _closed);

    /// <summary>Waits, holding the thread.</summary>
    /// <exception cref="StorageException">There is no space for checkpoints: memory would fill with what can't be written.</exception>
    public void Wait(ICommitRequest request)
    {
        long seen = Volatile.Read(ref _ended);
        _askForCheckpoint();
        _scheduler.WaitUntil(() => Volatile.Read(ref _ended) != seen || Volatile.Read(ref _closed), _changed);
        _refuse(request);
    }

    /// <summary>Waits without holding a thread.</summary>
    /// <exception cref="StorageException">There is no space for checkpoints: memory would fill with what can't be written.</exception>
    public async ValueTask WaitAsync(ICommitRequest request)
    {
        Waiter waiter = new();
        lock (_gate)
        {
            if (_closed)
                return;
            _waiters.Add(waiter);
        }

        _askForCheckpoint();
        await waiter.Task.ConfigureAwait(false);
        _refuse(request);
    }

    /// <summary>A checkpoint has ended, well or not: whoever waited goes on.</summary>
    public void CheckpointEnded()
    {
        List<Waiter> waiting;
        lock (_gate)
        {
            _ended++;
            waiting = _waiters;
            if (waiting.Count > 0)
                _waiters = [];
        }

        _changed.Set();
        foreach (Waiter waiter in waiting)
            _scheduler.Queue(waiter);
    }

    /// <summary>No checkpoint follows: nobody waits any more.</summary>
    public void Close()
    {
        Volatile.Write(ref _closed, true);
        CheckpointEnded();
    }

    private sealed class Waiter : IValueTaskSource, IThreadPoolWorkItem
    {
        private ManualResetValueTaskSourceCore<bool> _core;

        public ValueTask Task => new(this, _core.Version);

        public void Execute() => _core.SetResult(true);

        public void GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);
    }
}
