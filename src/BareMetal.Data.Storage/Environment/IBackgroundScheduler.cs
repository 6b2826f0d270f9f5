namespace BareMetal.Data.Storage;

/// <summary>
/// The hand-over between threads. In production each worker has a thread and completions go to the thread pool;
/// in a simulation everything runs on one thread, in an order that the seed decides.
/// </summary>
internal interface IBackgroundScheduler
{
    /// <summary>Runs an item soon, on a thread other than the caller's (in a simulation: at a later step).</summary>
    void Queue(IThreadPoolWorkItem item);

    /// <summary>Makes a worker that runs a step after each signal; signals that come while it is due are one.</summary>
    /// <param name="name">Name, for debuggers and traces.</param>
    /// <param name="step">The step. It must not throw.</param>
    IBackgroundWorker CreateWorker(string name, Action step);

    /// <summary>Waits until a condition holds. Whoever makes it true sets the signal afterwards.</summary>
    /// <param name="condition">The condition, cheap and callable from any thread.</param>
    /// <param name="signal">Set when the condition may have changed.</param>
    void WaitUntil(Func<bool> condition, ManualResetEventSlim signal);

    /// <summary>Lets others go on for a while. In a simulation nothing: there others go on at every step.</summary>
    /// <param name="time">How long at least.</param>
    void Pause(TimeSpan time)
    {
    }
}

/// <summary>A background worker: runs its step once for each signal, never twice at a time.</summary>
internal interface IBackgroundWorker : IDisposable
{
    /// <summary>Asks for a run of the step.</summary>
    void Signal();
}
