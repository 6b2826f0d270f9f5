namespace BareMetal.Data.Storage.Log;

/// <summary>Sizes of the log. Tests make them tiny, so that everything happens often.</summary>
internal sealed record LogSettings
{
    /// <summary>Bytes of the first extent and of the reserve.</summary>
    public int FirstExtentBytes { get; init; } = 512 << 10;

    /// <summary>Bytes of the largest extent; each new one doubles until there.</summary>
    public int LargestExtentBytes { get; init; } = 16 << 20;

    /// <summary>Bytes of a group's buffer at most.</summary>
    public int GroupBytes { get; init; } = 256 << 10;

    /// <summary>Bytes of all extents in use above which only what frees space is accepted.</summary>
    public long MaxLogBytes { get; init; } = 4L << 30;

    /// <summary>Bytes of recycled extents that are kept for later use.</summary>
    public long KeptBytes { get; init; } = 64L << 20;

    /// <summary>The largest payload of one record; larger transactions are written in chunks.</summary>
    public int MaxPayload =>
        Math.Min(64 << 10, (Math.Min(FirstExtentBytes - LogFormat.ExtentHeaderSize, GroupBytes) / 4) - 256);

    /// <summary>Space that must remain in an extent for another group to begin there.</summary>
    public int MinGroupBytes => (int)LogFormat.AlignGroup(LogFormat.GroupHeaderSize + LogFormat.RecordSize(MaxPayload));
}
