namespace BareMetal.Data.Storage;

/// <summary>Background work on real threads: a thread per worker, started at its first signal and ended when it stays idle.</summary>
internal sealed class ThreadScheduler : IBackgroundScheduler
{
    /// <summary>The one instance; it has no state.</summary>
    public static ThreadScheduler Instance { get; } = new();

    /// <inheritdoc/>
    public void Queue(IThreadPoolWorkItem item) => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);

    /// <inheritdoc/>
    public IBackgroundWorker CreateWorker(string name, Action step) => new Worker(name, step);

    /// <inheritdoc/>
    public void WaitUntil(Func<bool> condition, ManualResetEventSlim signal)
    {
        while (true)
        {
            signal.Reset();
            if (condition())
                return;

            // Where several wait on one signal, one may reset what the other has not seen yet: look again now and then.
            signal.Wait(20);
        }
    }

    /// <inheritdoc/>
    public void Pause(TimeSpan time) => Thread.Sleep(time);

    private sealed class Worker(string name, Action step) : IBackgroundWorker
    {
        private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(10);

        private readonly object gate = new();
        private bool signalled;
        private bool hasThread;
        private bool stepping;
        private bool disposed;

        public void Signal()
        {
            lock (gate)
            {
                if (disposed || signalled)
                    return;
                signalled = true;
                if (hasThread)
                {
                    Monitor.PulseAll(gate);
                    return;
                }

                hasThread = true;
            }

            // A dedicated thread: a flush blocks for its whole duration, which would starve a pool of few threads.
            new Thread(Loop, 512 * 1024) { IsBackground = true, Name = name }.UnsafeStart();
        }

        public void Dispose()
        {
            lock (gate)
            {
                disposed = true;
                signalled = false;
                Monitor.PulseAll(gate);
                while (stepping)
                    Monitor.Wait(gate);
            }
        }

        private void Loop()
        {
            while (true)
            {
                lock (gate)
                {
                    stepping = false;
                    Monitor.PulseAll(gate);
                    while (!signalled)
                    {
                        if (disposed || !Monitor.Wait(gate, IdleLimit) && !signalled)
                        {
                            hasThread = false;
                            return;
                        }
                    }

                    signalled = false;
                    stepping = true;
                }

                step();
            }
        }
    }
}
