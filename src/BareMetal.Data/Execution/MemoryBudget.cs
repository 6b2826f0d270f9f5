using BareMetal.Data.Values;

namespace BareMetal.Data.Execution;

/// <summary>
/// Memory that the growing operators of one statement may hold together. Operators ask before they grow; refused, they spill to
/// temporary files. Not thread-safe: a statement runs on one thread at a time.
/// </summary>
internal sealed class MemoryBudget(long limit = MemoryBudget.DefaultLimit) : IArenaLimit
{
    /// <summary>8 MB: what a statement may hold beyond its limit for things that can't be divided or written to a file.</summary>
    public const long DefaultHeadroom = 8L << 20;

    /// <summary>64 MB.</summary>
    public const long DefaultLimit = 64L << 20;

    /// <summary>Bytes.</summary>
    public long Limit { get; set; } = limit;

    /// <summary>
    /// Bytes beyond <see cref="Limit"/> that values and states may take which can't be divided: what functions build, one group's state, one
    /// row. A statement that needs more ends with an error.
    /// </summary>
    public long Headroom { get; set; } = DefaultHeadroom;

    /// <summary>Bytes of values that functions have built for the batches at hand; beside <see cref="Used"/>.</summary>
    public long Built { get; private set; }

    /// <summary>Bytes of such values since the budget was made, given back or not.</summary>
    public long BuiltInAll { get; private set; }

    /// <summary>Bytes that something which can't be divided may still take; 0 or less when there is no room.</summary>
    public long Room => Math.Min(Limit, long.MaxValue >> 1) + Headroom - Used - Built;

    /// <summary>Number of the statement that it counts for: what was built for another is forgotten.</summary>
    public int Statement { get; private set; }

    /// <summary>Bytes held now.</summary>
    public long Used { get; private set; }

    /// <summary>Most bytes held at once since <see cref="ResetPeak"/>.</summary>
    public long Peak { get; private set; }

    /// <summary>As <see cref="Peak"/>, with <see cref="Built"/>: never more than the limit, the headroom and what growing operators may always hold.</summary>
    public long PeakWithBuilt { get; private set; }

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
        Peak = Math.Max(Peak, Used);
        PeakWithBuilt = Math.Max(PeakWithBuilt, Used + Built);
    }

    /// <summary>Takes bytes for something that can't be divided and has no other place.</summary>
    /// <exception cref="BareMetalException">53200: the limit and what it may be passed by are used up. Nothing is taken then.</exception>
    public void Take(long bytes)
    {
        if (bytes > Room)
            throw Exceeded(bytes);
        Reserve(bytes);
    }

    /// <summary>Takes bytes for a value that a function builds.</summary>
    /// <exception cref="BareMetalException">53200: as <see cref="Take"/>.</exception>
    public void TakeBuilt(long bytes)
    {
        if (bytes > Room)
            throw Exceeded(bytes);
        Built += bytes;
        BuiltInAll += bytes;
        PeakWithBuilt = Math.Max(PeakWithBuilt, Used + Built);
    }

    /// <summary>Gives back what was built, unless the statement it was built for has ended.</summary>
    public void ReleaseBuilt(long bytes, int statement)
    {
        if (statement == Statement)
            Built -= bytes;
    }

    public void Release(long bytes) => Used -= bytes;

    /// <summary>Takes as its own limit what another budget has left: a statement that runs within another's.</summary>
    public void LiveWithin(MemoryBudget outer)
    {
        Limit = Math.Max(outer.Limit - outer.Used - outer.Built, outer.Floor);
        Headroom = Math.Clamp(outer.Room - Limit, 0, DefaultHeadroom);
    }

    /// <summary>The statement has ended: nobody reads what functions built for it.</summary>
    public void EndStatement()
    {
        Built = 0;
        Statement++;
    }

    public void ResetPeak()
    {
        Peak = Used;
        PeakWithBuilt = Used + Built;
    }

    /// <summary>The error of a statement that can't go on within its memory.</summary>
    public BareMetalException Exceeded(long bytes, Exception? inner = null) => Exceeded(bytes, $" than its {Limit} bytes of memory", inner);

    /// <summary>The error of a statement for whose values the process has no memory.</summary>
    public static BareMetalException OutOfMemory(OutOfMemoryException inner) => Exceeded(-1, " memory than there is", inner);

    private static BareMetalException Exceeded(long bytes, string than, Exception? inner) => new(
        SqlStates.OutOfMemory,
        $"The statement needs more{than}{(bytes < 0 ? "" : $": {bytes} bytes more for a value or a group, which can't be divided")}.",
        inner)
    {
        Hint = "Raise work_mem, or build smaller values.",
    };
}
