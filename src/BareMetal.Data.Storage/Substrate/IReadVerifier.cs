namespace BareMetal.Data.Storage;

/// <summary>
/// Tells whether bytes that were read are what was written. A provider that holds several copies asks it before it answers, tries
/// another copy when one is bad, and repairs that one.
/// </summary>
public interface IReadVerifier
{
    /// <summary>Whether the bytes are whole. Called by the reading thread, possibly several times for one read.</summary>
    /// <param name="offset">Where in the file they were read.</param>
    /// <param name="bytes">What was read: shorter than asked for when the file ended.</param>
    bool IsGood(long offset, ReadOnlySpan<byte> bytes);
}
