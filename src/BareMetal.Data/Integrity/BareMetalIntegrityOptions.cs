namespace BareMetal.Data;

/// <summary>What an integrity check looks at, and whether it repairs.</summary>
public sealed record BareMetalIntegrityOptions
{
    /// <summary>The table to check, perhaps with its schema before a point; null (the default) checks the whole database.</summary>
    public string? Table { get; init; }

    /// <summary>
    /// Whether to check rows, index entries and constraints beside files, pages and trees. True by default; without them the check reads
    /// each page once and looks nothing up.
    /// </summary>
    public bool Rows { get; init; } = true;

    /// <summary>
    /// Whether to repair what follows from other data: indexes are built anew from the rows, the allocation maps from what refers to
    /// pages, counters moved beyond what exists. What can't be derived is reported and left as it is. False by default.
    /// </summary>
    public bool Repair { get; init; }
}
