namespace BareMetal.Data.Values;

/// <summary>What counts the bytes that functions build.</summary>
internal interface IArenaLimit
{
    /// <summary>Number of the statement that is counted for.</summary>
    int Statement { get; }

    /// <summary>Bytes that may still be taken.</summary>
    long Room { get; }

    /// <summary>Takes bytes, or throws when there is no room.</summary>
    void TakeBuilt(long bytes);

    /// <summary>Gives bytes back that were taken for a statement.</summary>
    void ReleaseBuilt(long bytes, int statement);
}
