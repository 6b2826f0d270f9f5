namespace BareMetal.Data.Storage;

/// <summary>A substrate in memory: as fast as storage gets, gone with the process. Each instance is a folder of its own.</summary>
public sealed class MemoryStorageProvider : IStorageProvider
{
    private readonly Dictionary<string, MemoryStorageFile> files = new(StringComparer.Ordinal);
    private readonly HashSet<string> locks = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Location => "memory";

    /// <inheritdoc/>
    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        lock (files)
        {
            if (files.TryGetValue(name, out MemoryStorageFile? file))
            {
                return mode == StorageFileMode.CreateNew
                    ? throw new StorageException(StorageErrorCode.AlreadyExists, $"{name}: the file exists in memory.") { File = name }
                    : file;
            }

            if (mode == StorageFileMode.Open || readOnly)
                throw new StorageException(StorageErrorCode.DoesNotExist, $"{name}: the file does not exist in memory.") { File = name };
            file = new MemoryStorageFile(name);
            files.Add(name, file);
            return file;
        }
    }

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        lock (files)
            return files.ContainsKey(name);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        lock (files)
            return [.. files.Keys];
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        lock (files)
            files.Remove(name);
    }

    /// <inheritdoc/>
    public void Rename(string name, string newName)
    {
        lock (files)
        {
            if (!files.Remove(name, out MemoryStorageFile? file))
                throw new StorageException(StorageErrorCode.DoesNotExist, $"{name}: the file does not exist in memory.") { File = name };
            file.Name = newName;
            files[newName] = file;
        }
    }

    /// <inheritdoc/>
    public void FlushDirectory()
    {
    }

    /// <inheritdoc/>
    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            lock (locks)
            {
                if (locks.Add(name))
                    return new Lock(this, name);
            }

            if (timeout != Timeout.InfiniteTimeSpan && System.Diagnostics.Stopwatch.GetElapsedTime(start) >= timeout)
            {
                throw new StorageException(
                    StorageErrorCode.Locked, $"{name}: the database in memory is held by another engine of this process.") { File = name };
            }

            Thread.Sleep(5);
        }
    }

    private sealed class Lock(MemoryStorageProvider owner, string name) : IDisposable
    {
        private int released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref released, 1) != 0)
                return;
            lock (owner.locks)
                owner.locks.Remove(name);
        }
    }
}
