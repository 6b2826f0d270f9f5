using BareMetal.Data.Storage;

namespace BareMetal.Data.Tests.Transactions.Histories;

/// <summary>Lets several threads use a substrate that is made for one: one operation at a time.</summary>
internal sealed class SharedProvider(IStorageProvider inner) : IStorageProvider
{
    private readonly Lock _gate = new();

    public string Location => inner.Location;

    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false)
    {
        lock (_gate)
            return new SharedFile(inner.Open(name, mode, readOnly), _gate);
    }

    public bool Exists(string name)
    {
        lock (_gate)
            return inner.Exists(name);
    }

    public IReadOnlyList<string> List()
    {
        lock (_gate)
            return inner.List();
    }

    public void Delete(string name)
    {
        lock (_gate)
            inner.Delete(name);
    }

    public void Rename(string name, string newName)
    {
        lock (_gate)
            inner.Rename(name, newName);
    }

    public void FlushDirectory()
    {
        lock (_gate)
            inner.FlushDirectory();
    }

    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout)
    {
        lock (_gate)
            return inner.AcquireOwnerLock(name, timeout);
    }

    private sealed class SharedFile(IStorageFile inner, Lock gate) : IStorageFile
    {
        public string Name => inner.Name;

        public long Length
        {
            get
            {
                lock (gate)
                    return inner.Length;
            }
        }

        public int Read(long offset, Span<byte> buffer)
        {
            lock (gate)
                return inner.Read(offset, buffer);
        }

        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(offset, buffer.Span));

        public void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            lock (gate)
                inner.Write(offset, buffer);
        }

        public void SetLength(long length)
        {
            lock (gate)
                inner.SetLength(length);
        }

        public void Flush()
        {
            lock (gate)
                inner.Flush();
        }

        public void Dispose()
        {
            lock (gate)
                inner.Dispose();
        }
    }
}
