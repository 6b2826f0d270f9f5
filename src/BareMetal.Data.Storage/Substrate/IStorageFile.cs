namespace BareMetal.Data.Storage;

/// <summary>A file of the substrate, read and written at positions. Members may be called from several threads at once.</summary>
public interface IStorageFile : IDisposable
{
    /// <summary>The file's name within its provider.</summary>
    string Name { get; }

    /// <summary>The length in bytes.</summary>
    long Length { get; }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    /// <param name="offset">Byte offset.</param>
    /// <param name="buffer">Receives the bytes.</param>
    /// <returns>The number of bytes read: less than the buffer's length only at the end of the file.</returns>
    int Read(long offset, Span<byte> buffer);

    /// <summary>
    /// Reads, and lets a verifier judge what came. Where there are several copies, the first good one is returned and bad ones are repaired.
    /// </summary>
    /// <param name="offset">Byte offset.</param>
    /// <param name="buffer">Receives the bytes.</param>
    /// <param name="verifier">Judges them.</param>
    /// <param name="count">The number of bytes read.</param>
    /// <returns>Whether the verifier accepts what is in the buffer.</returns>
    bool ReadVerified(long offset, Span<byte> buffer, IReadVerifier verifier, out int count)
    {
        ArgumentNullException.ThrowIfNull(verifier);
        count = this.ReadFull(offset, buffer);
        return verifier.IsGood(offset, buffer[..count]);
    }

    /// <summary>Reads until the buffer is full or the file ends, without holding a thread.</summary>
    ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default);

    /// <summary>Writes all bytes; grows the file when needed. Not durable before <see cref="Flush"/>.</summary>
    void Write(long offset, ReadOnlySpan<byte> buffer);

    /// <summary>Sets the length: cuts, or grows with zeros that are really written.</summary>
    void SetLength(long length);

    /// <summary>Makes everything written to this file before the call durable.</summary>
    void Flush();
}
