using Microsoft.Win32.SafeHandles;

namespace BareMetal.Data.Storage.Local;

/// <summary>A file of the local file system, by positional system calls: no shared seek position, no buffer in between.</summary>
internal sealed class LocalStorageFile : IStorageFile
{
    private const int ZeroChunk = 1 << 18;

    private readonly SafeFileHandle handle;
    private readonly string path;
    private long length;

    public LocalStorageFile(string name, string path, SafeFileHandle handle)
    {
        Name = name;
        this.path = path;
        this.handle = handle;
        length = RandomAccess.GetLength(handle);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public long Length => Volatile.Read(ref length);

    /// <inheritdoc/>
    public int Read(long offset, Span<byte> buffer)
    {
        try
        {
            int total = 0;
            while (total < buffer.Length)
            {
                int read = RandomAccess.Read(handle, buffer[total..], offset + total);
                if (read == 0)
                    break;
                total += read;
            }

            return total;
        }
        catch (Exception e) when (IsSystemError(e))
        {
            throw StorageErrors.From(e, path, $"reading {buffer.Length} bytes at {offset}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            int total = 0;
            while (total < buffer.Length)
            {
                int read = await RandomAccess.ReadAsync(handle, buffer[total..], offset + total, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    break;
                total += read;
            }

            return total;
        }
        catch (Exception e) when (IsSystemError(e))
        {
            throw StorageErrors.From(e, path, $"reading {buffer.Length} bytes at {offset}");
        }
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> buffer)
    {
        try
        {
            RandomAccess.Write(handle, buffer, offset);
        }
        catch (Exception e) when (IsSystemError(e))
        {
            throw StorageErrors.From(e, path, $"writing {buffer.Length} bytes at {offset}");
        }

        Grow(offset + buffer.Length);
    }

    /// <inheritdoc/>
    public void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        long current = Length;
        try
        {
            if (length <= current)
            {
                RandomAccess.SetLength(handle, length);
                Volatile.Write(ref this.length, length);
                return;
            }

            byte[] zeros = new byte[(int)Math.Min(ZeroChunk, length - current)];
            for (long at = current; at < length;)
            {
                int count = (int)Math.Min(zeros.Length, length - at);
                RandomAccess.Write(handle, zeros.AsSpan(0, count), at);
                at += count;
                Grow(at);
            }
        }
        catch (Exception e) when (IsSystemError(e))
        {
            throw StorageErrors.From(e, path, $"setting the length to {length}");
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        int errno;
        try
        {
            errno = SystemCalls.FlushFile(handle);
        }
        catch (ObjectDisposedException e)
        {
            throw StorageErrors.From(e, path, "flushing");
        }

        if (errno != 0)
            throw StorageErrors.FromErrno(errno, path, "flushing");
    }

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    private static bool IsSystemError(Exception e) =>
        e is IOException or UnauthorizedAccessException or ObjectDisposedException or NotSupportedException;

    private void Grow(long end)
    {
        long seen = Volatile.Read(ref length);
        while (end > seen)
        {
            long found = Interlocked.CompareExchange(ref length, end, seen);
            if (found == seen)
                return;
            seen = found;
        }
    }
}
