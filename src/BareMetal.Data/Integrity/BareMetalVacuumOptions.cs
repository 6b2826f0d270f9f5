namespace BareMetal.Data;

/// <summary>What a vacuum does.</summary>
public sealed record BareMetalVacuumOptions
{
    /// <summary>The table, perhaps with its schema before a point; null (the default) for the whole database.</summary>
    public string? Table { get; init; }

    /// <summary>
    /// Whether leaves are packed although they can't be joined with a neighbour: the smallest file, for writing nearly every page anew. False by
    /// default: sparse leaves are joined, and pages move only from the end of the file.
    /// </summary>
    public bool Full { get; init; }

    /// <summary>
    /// How many pages to change at most, about; 0 (the default) for no limit. With a limit a vacuum can be run again and again for a little
    /// at a time; the file is cut as far as its end is free.
    /// </summary>
    public long MaxPages { get; init; }
}

/// <summary>How far a vacuum is, and at its end what it did.</summary>
/// <param name="LeavesRead">Leaves gone through.</param>
/// <param name="LeavesJoined">Leaves joined with a neighbour or filled from it.</param>
/// <param name="PagesMoved">Pages moved from the end of the file.</param>
/// <param name="PagesBefore">Pages of the data file when it began.</param>
/// <param name="PagesNow">Pages that it needs now.</param>
/// <param name="FileBytes">Bytes of the data file.</param>
/// <param name="IsCompleted">Whether this is the end.</param>
/// <param name="IsCutLater">Whether the file becomes shorter only with a later checkpoint, because older snapshots still read from its end.</param>
public readonly record struct BareMetalVacuumProgress(
    long LeavesRead, long LeavesJoined, long PagesMoved, long PagesBefore, long PagesNow, long FileBytes, bool IsCompleted, bool IsCutLater);
