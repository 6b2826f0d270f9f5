using BareMetal.Data.Simulation;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Tests.Transactions.Histories;

/// <summary>Real threads whose work ends quietly when the simulated machine under it crashes, instead of ending the test.</summary>
internal sealed class CrashingScheduler : IBackgroundScheduler
{
    public void Queue(IThreadPoolWorkItem item) => ThreadScheduler.Instance.Queue(new Item(item));

    public IBackgroundWorker CreateWorker(string name, Action step) => ThreadScheduler.Instance.CreateWorker(name, () => Run(step));

    public void WaitUntil(Func<bool> condition, ManualResetEventSlim signal) => ThreadScheduler.Instance.WaitUntil(condition, signal);

    private static void Run(Action step)
    {
        try
        {
            step();
        }
        catch (SimulatedCrashException)
        {
            // As whatever else the machine was doing.
        }
    }

    private sealed class Item(IThreadPoolWorkItem inner) : IThreadPoolWorkItem
    {
        public void Execute() => Run(inner.Execute);
    }
}
