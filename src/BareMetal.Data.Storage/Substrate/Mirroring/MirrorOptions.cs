namespace BareMetal.Data.Storage;

/// <summary>How a mirror behaves.</summary>
public sealed record MirrorOptions
{
    /// <summary>
    /// Name of the data file, when the folders hold other things too: the mirror then concerns itself with this file and those whose names begin with it and
    /// a hyphen, and several databases may be mirrored in the same folders. Empty by default: everything in the folders is mirrored.
    /// </summary>
    public string Scope { get; init; } = "";

    /// <summary>
    /// Whether to open although a side cannot be reached that was current as far as the others know. Default false, because nothing then tells whether
    /// those others are the current ones: give true only when the missing side is gone for good.
    /// </summary>
    public bool AllowMissingSides { get; init; }

    /// <summary>Whether the sides are flushed at the same time, each by a thread, rather than one after another. Default true.</summary>
    public bool ParallelFlush { get; init; } = true;

    /// <summary>Random bytes, for the name of a new mirror.</summary>
    internal RandomFill Random { get; init; } = System.Security.Cryptography.RandomNumberGenerator.Fill;
}
