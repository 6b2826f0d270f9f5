namespace BareMetal.Data.Storage;

/// <summary>
/// Files in memory up to a budget; then the file that grows moves to a temporary file of another provider and goes on there. Nothing is ever
/// flushed: what lies here need not outlive the process.
/// </summary>
/// <param name="spill">Where files go that memory has no room for.</param>
/// <param name="prefix">What their names there begin with, so that the next open of the database deletes those that a crash left.</param>
/// <param name="budget">The bytes of all files that are kept in memory.</param>
internal sealed class SpillingStorageProvider(IStorageProvider spill, string prefix, long budget) : IStorageProvider, IDisposable
{
    private static long s_lastFile;

    private readonly MemoryStorageProvider _locks = new();
    private readonly Dictionary<string, SpillingFile> _files = new(StringComparer.Ordinal);
    private long _used;

    /// <inheritdoc/>
    public string Location => "memory, then " + spill.Location;

    /// <summary>The files that no longer lie in memory.</summary>
    public int SpilledFiles
    {
        get
        {
            lock (_files)
                return _files.Values.Count(f => f.SpillName is not null);
        }
    }

    /// <inheritdoc/>
    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false)
    {
        lock (_files)
        {
            if (_files.TryGetValue(name, out SpillingFile? file))
            {
                return mode == StorageFileMode.CreateNew
                    ? throw new StorageException(StorageErrorCode.AlreadyExists, $"{name}: the temporary file exists.") { File = name }
                    : file;
            }

            if (mode == StorageFileMode.Open || readOnly)
                throw new StorageException(StorageErrorCode.DoesNotExist, $"{name}: the temporary file does not exist.") { File = name };
            _files.Add(name, file = new SpillingFile(this, name));
            return file;
        }
    }

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        lock (_files)
            return _files.ContainsKey(name);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        lock (_files)
            return [.. _files.Keys];
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        SpillingFile? file;
        lock (_files)
            _files.Remove(name, out file);

        file?.End();
    }

    /// <inheritdoc/>
    public void Rename(string name, string newName)
    {
        SpillingFile? replaced;
        lock (_files)
        {
            if (!_files.Remove(name, out SpillingFile? file))
                throw new StorageException(StorageErrorCode.DoesNotExist, $"{name}: the temporary file does not exist.") { File = name };
            _files.Remove(newName, out replaced);
            file.Name = newName;
            _files.Add(newName, file);
        }

        replaced?.End();
    }

    /// <inheritdoc/>
    public void FlushDirectory()
    {
    }

    /// <inheritdoc/>
    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => _locks.AcquireOwnerLock(name, timeout);

    /// <summary>Deletes everything.</summary>
    public void Dispose()
    {
        SpillingFile[] files;
        lock (_files)
        {
            files = [.. _files.Values];
            _files.Clear();
        }

        foreach (SpillingFile file in files)
            file.End();
    }

    private sealed class SpillingFile(SpillingStorageProvider owner, string name) : IStorageFile
    {
        private readonly Lock _gate = new();
        private volatile IStorageFile _inner = new MemoryStorageFile(name);
        private long _counted;

        public string Name { get; set; } = name;

        public string? SpillName { get; private set; }

        public long Length => _inner.Length;

        public int Read(long offset, Span<byte> buffer) => _inner.Read(offset, buffer);

        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default) => _inner.ReadAsync(offset, buffer, cancellationToken);

        public void Write(long offset, ReadOnlySpan<byte> buffer)
        {
            lock (_gate)
            {
                MakeRoom(offset + buffer.Length);
                _inner.Write(offset, buffer);
            }
        }

        public void SetLength(long length)
        {
            lock (_gate)
            {
                MakeRoom(length);
                _inner.SetLength(length);
                Count(SpillName is null ? length : 0);
            }
        }

        public void Flush()
        {
        }

        /// <summary>Files stay open until they are deleted: the engine opens them by name again.</summary>
        public void Dispose()
        {
        }

        public void End()
        {
            lock (_gate)
            {
                Count(0);
                if (SpillName is not { } spilled)
                    return;
                SpillName = null;
                _inner.Dispose();
                owner.Spill.Delete(spilled);
            }
        }

        private void Count(long bytes)
        {
            Interlocked.Add(ref owner._used, bytes - _counted);
            _counted = bytes;
        }

        /// <summary>Before the file reaches a length: moves it when memory has no room for that.</summary>
        private void MakeRoom(long length)
        {
            if (SpillName is not null || length <= _counted)
                return;
            if (Interlocked.Read(ref owner._used) - _counted + length <= owner.Budget)
            {
                Count(length);
                return;
            }

            IStorageFile memory = _inner;
            string spilled = $"{owner.Prefix}-{Environment.ProcessId:x}-t{Interlocked.Increment(ref s_lastFile):x}";
            IStorageFile file = owner.Spill.Open(spilled, StorageFileMode.CreateNew);
            byte[] part = new byte[1 << 16];
            long end = memory.Length;
            for (long at = 0; at < end;)
            {
                int count = memory.Read(at, part);
                file.Write(at, part.AsSpan(0, count));
                at += count;
            }

            // Who reads from memory just now finds there what was before this write.
            SpillName = spilled;
            _inner = file;
            Count(0);
        }
    }

    private IStorageProvider Spill => spill;

    private string Prefix => prefix;

    private long Budget => budget;
}
