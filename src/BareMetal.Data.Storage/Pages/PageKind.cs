namespace BareMetal.Data.Storage.Pages;

/// <summary>What a page holds.</summary>
internal enum PageKind : byte
{
    /// <summary>Nothing: a page that was never written.</summary>
    None = 0,

    /// <summary>A bit per page of a range: allocated or free.</summary>
    AllocationMap = 1,

    /// <summary>A leaf of a B+tree.</summary>
    Leaf = 2,

    /// <summary>An inner node of a B+tree.</summary>
    Inner = 3,

    /// <summary>A part of a value that is too large for a leaf.</summary>
    OverflowData = 4,

    /// <summary>Page ids of the parts of such a value, or of further index pages.</summary>
    OverflowIndex = 5,
}
