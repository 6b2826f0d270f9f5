namespace BareMetal.Data.Execution.Operators;

/// <summary>How rows are dealt out to temporary files by the hash of their keys.</summary>
internal static class HashPartition
{
    /// <summary>Files at each split.</summary>
    public const int Count = 16;

    /// <summary>Splits after which the hash has no bits left.</summary>
    public const int MaxDepth = 6;

    /// <summary>The file of a hash: another part of it at each depth, so that what came into one file is split again.</summary>
    public static int Of(uint hash, int depth) => (int)(((hash ^ (hash >> 15)) * 0x85ebca6bu >> (28 - (depth * 4))) & (Count - 1));
}
