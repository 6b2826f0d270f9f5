using BareMetal.Data.Storage;

namespace BareMetal.Data.Tests.Spilling;

internal enum TemporaryOperation
{
    Open,
    Read,
    Write,
}

/// <summary>Tells of each operation on statements' temporary files before it happens; what is told may cancel or throw.</summary>
internal sealed class ObservedStorageProvider(IStorageProvider inner) : IStorageProvider
{
    public const string Part = "-spill-q";

    /// <summary>Told of each operation, with its number from 1.</summary>
    public Action<TemporaryOperation, long>? Observer { get; set; }

    /// <summary>Operations so far.</summary>
    public long Count { get; private set; }

    public string Location => inner.Location;

    public void Reset(Action<TemporaryOperation, long>? observer = null)
    {
        Count = 0;
        Observer = observer;
    }

    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false)
    {
        if (!name.Contains(Part, StringComparison.Ordinal))
            return inner.Open(name, mode, readOnly);
        Tell(TemporaryOperation.Open);
        return new Temporary(this, inner.Open(name, mode, readOnly));
    }

    public bool Exists(string name) => inner.Exists(name);

    public IReadOnlyList<string> List() => inner.List();

    public void Delete(string name) => inner.Delete(name);

    public void Rename(string name, string newName) => inner.Rename(name, newName);

    public void FlushDirectory() => inner.FlushDirectory();

    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => inner.AcquireOwnerLock(name, timeout);

    private void Tell(TemporaryOperation operation)
    {
        Count++;
        Observer?.Invoke(operation, Count);
    }

    private sealed class Temporary(ObservedStorageProvider owner, IStorageFile file) : IStorageFile
    {
        public string Name => file.Name;

        public long Length => file.Length;

        public int Read(long offset, Span<byte> buffer)
        {
            owner.Tell(TemporaryOperation.Read);
            return file.Read(offset, buffer);
        }

        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default) => file.ReadAsync(offset, buffer, cancellationToken);

        public void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            owner.Tell(TemporaryOperation.Write);
            file.Write(offset, buffer);
        }

        public void SetLength(long length) => file.SetLength(length);

        public void Flush() => file.Flush();

        public void Dispose() => file.Dispose();
    }
}
