using BareMetal.Data.Storage;

namespace BareMetal.Data.Benchmarks.Durable;

/// <summary>Local files, with a count of how often the log was flushed.</summary>
public sealed class CountingProvider(string folder) : IStorageProvider
{
    private readonly LocalStorageProvider _inner = new(folder);
    private long _logFlushes;

    /// <summary>Flushes of log files so far.</summary>
    public long LogFlushes => Interlocked.Read(ref _logFlushes);

    /// <inheritdoc/>
    public string Location => _inner.Location;

    /// <inheritdoc/>
    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false) =>
        new CountingFile(this, _inner.Open(name, mode, readOnly), name.Contains("-log-", StringComparison.Ordinal));

    /// <inheritdoc/>
    public bool Exists(string name) => _inner.Exists(name);

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => _inner.List();

    /// <inheritdoc/>
    public void Delete(string name) => _inner.Delete(name);

    /// <inheritdoc/>
    public void Rename(string name, string newName) => _inner.Rename(name, newName);

    /// <inheritdoc/>
    public void FlushDirectory() => _inner.FlushDirectory();

    /// <inheritdoc/>
    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => _inner.AcquireOwnerLock(name, timeout);

    private sealed class CountingFile(CountingProvider owner, IStorageFile inner, bool isLog) : IStorageFile
    {
        public string Name => inner.Name;

        public long Length => inner.Length;

        public int Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(offset, buffer, cancellationToken);

        public void Write(long offset, ReadOnlySpan<byte> buffer) => inner.Write(offset, buffer);

        public void SetLength(long length) => inner.SetLength(length);

        public void Flush()
        {
            inner.Flush();
            if (isLog)
                Interlocked.Increment(ref owner._logFlushes);
        }

        public void Dispose() => inner.Dispose();
    }
}
