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
