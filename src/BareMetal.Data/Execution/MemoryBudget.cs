namespace BareMetal.Data.Execution;

/// <summary>
/// Memory that the growing operators of one statement may hold together. Operators ask before they grow; refused, they spill to
/// temporary files. Not thread-safe: a statement runs on one thread at a time.
/// </summary>
internal sealed class MemoryBudget(long limit = MemoryBudget.DefaultLimit)
{
    /// <summary>64 MB.</summary>
    public const long DefaultLimit = 64L << 20;

    /// <summary>Bytes.</summary>
    public long Limit { get; set; } = limit;

    /// <summary>Bytes held now.</summary>
    public long Used { get; private set; }

    /// <summary>Most bytes held at once since <see cref="ResetPeak"/>.</summary>
    public long Peak { get; private set; }

    /// <summary>Bytes written to temporary files since the budget was made.</summary>
    public long SpilledBytes { get; set; }

    /// <summary>What every growing operator may hold even when others hold all the rest: it must go on somehow, and runs of a few rows would be slow.</summary>
    public long Floor => Math.Min(Limit / 8, 1L << 20);

    /// <summary>Bytes that are written to and read from a temporary file at once: small where memory is scarce, for many files are open together.</summary>
    public int BlockBytes => (int)Math.Clamp(Limit / 64, 4096, 65536);

    /// <summary>Sorted runs that are merged at once.</summary>
    public int FanIn => (int)Math.Clamp(Limit / (4L * BlockBytes), 4, 64);

    /// <summary>Takes bytes for an operator that holds some already: when they fit, or when it stays within its floor.</summary>
    public bool TryGrow(long held, long bytes)
    {
        if (Used + bytes > Limit && held + bytes > Floor)
            return false;
        Reserve(bytes);
        return true;
    }

    /// <summary>Takes bytes when they fit.</summary>
    public bool TryReserve(long bytes)
    {
        if (Used + bytes > Limit)
            return false;
        Reserve(bytes);
        return true;
    }

    /// <summary>Takes bytes that cannot be done without (a single row, one group), over the limit if need be.</summary>
    public void Reserve(long bytes)
    {
        Used += bytes;
        if (Used > Peak)
            Peak = Used;
    }

    public void Release(long bytes) => Used -= bytes;

    public void ResetPeak() => Peak = Used;
}
