using BareMetal.Data.Storage;

namespace BareMetal.Data.Simulation;

/// <summary>Background work on the simulation's one thread: what is due runs when a test steps, in an order that the seed decides.</summary>
internal sealed class SimulatedScheduler(SplitMix random) : IBackgroundScheduler
{
    private readonly List<object> due = [];

    /// <summary>Whether anything waits to run.</summary>
    public bool HasWork => due.Count > 0;

    /// <inheritdoc/>
    public void Queue(IThreadPoolWorkItem item) => due.Add(item);

    /// <inheritdoc/>
    public IBackgroundWorker CreateWorker(string name, Action step) => new Worker(this, step);

    /// <inheritdoc/>
    public void WaitUntil(Func<bool> condition, ManualResetEventSlim signal)
    {
        while (!condition())
        {
            if (!Step())
                throw new InvalidOperationException("The simulation waits for something that no due work will bring about.");
        }
    }

    /// <summary>Runs one piece of due work.</summary>
    /// <returns>False when there was none.</returns>
    public bool Step()
    {
        if (due.Count == 0)
            return false;
        int index = random.Next(due.Count);
        object item = due[index];
        due.RemoveAt(index);
        if (item is Worker worker)
            worker.Run();
        else
            ((IThreadPoolWorkItem)item).Execute();
        return true;
    }

    /// <summary>Runs due work until there is none.</summary>
    public void RunUntilIdle()
    {
        while (Step())
        {
        }
    }

    private sealed class Worker(SimulatedScheduler scheduler, Action step) : IBackgroundWorker
    {
        private bool signalled;
        private bool disposed;

        public void Signal()
        {
            if (signalled || disposed)
                return;
            signalled = true;
            scheduler.due.Add(this);
        }

        public void Run()
        {
            signalled = false;
            if (!disposed)
                step();
        }

        public void Dispose() => disposed = true;
    }
}
