namespace BareMetal.Data.Execution;

/// <summary>
/// Says how many threads beside its own a statement may use: as many as there are processors that no other parallel statement of the process
/// keeps busy.
/// </summary>
internal static class ParallelWorkers
{
    private static int s_busy;

    /// <summary>Takes threads; give them back with <see cref="Release"/>. The caller's own counts as busy from here on.</summary>
    /// <param name="wanted">Threads that there is work for, the caller's included.</param>
    /// <param name="limit">What the session allows; 0 for as many as there are processors.</param>
    /// <returns>Threads to work with, at least 1: the caller's.</returns>
    public static int Take(int wanted, int limit)
    {
        int most = Math.Min(wanted, limit == 0 ? Environment.ProcessorCount : limit);
        while (true)
        {
            int busy = Volatile.Read(ref s_busy);
            int taken = Math.Max(1, limit > 1 ? most : Math.Min(most, Environment.ProcessorCount - busy));
            if (Interlocked.CompareExchange(ref s_busy, busy + taken, busy) == busy)
                return taken;
        }
    }

    /// <summary>Gives threads back.</summary>
    public static void Release(int taken) => Interlocked.Add(ref s_busy, -taken);
}
