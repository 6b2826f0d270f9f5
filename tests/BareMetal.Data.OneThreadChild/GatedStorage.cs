using BareMetal.Data.Storage;

namespace BareMetal.Data.OneThreadChild;

/// <summary>A folder whose log can't be flushed while a gate is closed: a disk that takes its time.</summary>
internal sealed class GatedStorage(string folder) : IStorageProvider
{
    private readonly LocalStorageProvider _inner = new(folder);

    /// <summary>Open at first.</summary>
    public ManualResetEventSlim Gate { get; } = new(true);

    public string Location => _inner.Location;

    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false) =>
        new GatedFile(this, _inner.Open(name, mode, readOnly), name.Contains("-log-", StringComparison.Ordinal));

    public bool Exists(string name) => _inner.Exists(name);

    public IReadOnlyList<string> List() => _inner.List();

    public void Delete(string name) => _inner.Delete(name);

    public void Rename(string name, string newName) => _inner.Rename(name, newName);

    public void FlushDirectory() => _inner.FlushDirectory();

    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => _inner.AcquireOwnerLock(name, timeout);

    private sealed class GatedFile(GatedStorage owner, IStorageFile inner, bool isLog) : IStorageFile
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
            if (isLog)
                owner.Gate.Wait();
            inner.Flush();
        }

        public void Dispose() => inner.Dispose();
    }
}
