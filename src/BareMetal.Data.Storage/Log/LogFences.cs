using System.Text;

namespace BareMetal.Data.Storage.Log;

/// <summary>
/// Who holds the log, and up to where. A holder that keeps more than its limit, or that stands in the way when there is no other space, is
/// dropped and told so when it asks again: no dead consumer fills a disk. All members are called under <see cref="LogExtents.Gate"/>.
/// </summary>
internal sealed class LogFences(IStorageProvider provider, DatabaseFiles files, StorageEnvironment environment) : IDisposable
{
    private readonly List<LogFence> _fences = [];
    private IStorageFile? _file;
    private Guid _databaseId;
    private Guid _timelineId;
    private ulong _generation;

    /// <summary>Called when a fence was dropped; must be short.</summary>
    public Action<LogFence>? Dropped { get; set; }

    /// <summary>All fences, dropped durable ones included.</summary>
    public IReadOnlyList<LogFence> All => _fences;

    /// <summary>How many were dropped since the database was opened.</summary>
    public long DroppedCount { get; private set; }

    /// <summary>Reads the durable fences of a database that is being opened.</summary>
    public void Open(Guid databaseId, Guid timelineId)
    {
        _databaseId = databaseId;
        _timelineId = timelineId;
        if (!provider.Exists(files.Fences))
            return;
        _file = provider.Open(files.Fences, StorageFileMode.Open);
        _generation = LogFenceFile.Read(_file, databaseId, timelineId, _fences);
        foreach (LogFence fence in _fences)
        {
            if (!fence.IsDropped && !IsThere(fence.Position))
                fence.DroppedBecause = "its log is gone.";
        }
    }

    /// <summary>The number of the oldest extent that somebody holds; the largest number when nobody does.</summary>
    public ulong Oldest()
    {
        ulong oldest = ulong.MaxValue;
        foreach (LogFence fence in _fences)
        {
            if (!fence.IsDropped)
                oldest = Math.Min(oldest, fence.Position.Position.Extent);
        }

        return oldest;
    }

    /// <summary>A durable fence by its name.</summary>
    public LogFence? Find(string name)
    {
        foreach (LogFence fence in _fences)
        {
            if (fence.IsDurable && fence.Name == name)
                return fence;
        }

        return null;
    }

    /// <summary>Sets a fence.</summary>
    /// <exception cref="StorageException">There are too many durable ones, or writing them failed; the fence is not set then.</exception>
    public LogFence Add(string name, LogFenceKind kind, bool isDurable, long limitBytes, LogPoint position, Lsn lsn)
    {
        LogFence fence = new(name, kind, isDurable, limitBytes, position, lsn);
        if (isDurable)
        {
            if (Encoding.UTF8.GetByteCount(name) > LogFenceFile.MaxName)
                throw new ArgumentException($"The name has more than {LogFenceFile.MaxName} bytes in UTF-8.", nameof(name));
            if (Find(name) is not null)
                throw new StorageException(StorageErrorCode.AlreadyExists, $"{files.Data}: the log is already held for \"{name}\".");
            if (_fences.FindAll(static f => f.IsDurable).Count == LogFenceFile.MaxFences)
            {
                throw new StorageException(
                    StorageErrorCode.TooLarge, $"{files.Data}: the log is held for {LogFenceFile.MaxFences} consumers, which is the most. Remove one.");
            }
        }

        _fences.Add(fence);
        try
        {
            if (isDurable)
                Save();
        }
        catch
        {
            _fences.Remove(fence);
            throw;
        }

        return fence;
    }

    /// <summary>Moves a fence on; durable first, since what it leaves is used again.</summary>
    /// <exception cref="StorageException">It was dropped, or writing failed.</exception>
    public void Advance(LogFence fence, LogPoint position, Lsn lsn)
    {
        fence.ThrowIfDropped();
        (LogPoint oldPosition, Lsn oldLsn) = (fence.Position, fence.Lsn);
        (fence.Position, fence.Lsn) = (position, lsn);
        try
        {
            if (fence.IsDurable)
                Save();
        }
        catch
        {
            (fence.Position, fence.Lsn) = (oldPosition, oldLsn);
            throw;
        }
    }

    /// <summary>Takes a fence away.</summary>
    public void Remove(LogFence fence)
    {
        if (_fences.Remove(fence) && fence.IsDurable)
            Save();
    }

    /// <summary>Drops every fence that keeps more than its limit from being used again.</summary>
    /// <param name="live">The extents in use, by ascending number.</param>
    /// <param name="needed">The oldest extent that the database itself needs.</param>
    public void Enforce(List<LogExtent> live, ulong needed)
    {
        for (int i = _fences.Count - 1; i >= 0; i--)
        {
            LogFence fence = _fences[i];
            if (fence.IsDropped)
                continue;
            long held = Held(fence, live, needed);
            if (held > fence.LimitBytes)
                Drop(fence, $"{held} bytes were held, {fence.LimitBytes} is its limit.");
        }
    }

    /// <summary>Drops the fence that holds the most, because a writer finds no space otherwise.</summary>
    /// <returns>Whether that makes any extent free.</returns>
    public bool DropForSpace(List<LogExtent> live, ulong needed)
    {
        LogFence? most = null;
        long bytes = 0;
        foreach (LogFence fence in _fences)
        {
            if (!fence.IsDropped && Held(fence, live, needed) is var held && held > bytes)
                (most, bytes) = (fence, held);
        }

        if (most is null)
            return false;
        Drop(most, $"{bytes} bytes were held when there was no other space for the log.");
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static long Held(LogFence fence, List<LogExtent> live, ulong needed)
    {
        long bytes = 0;
        foreach (LogExtent extent in live)
        {
            if (extent.Number >= fence.Position.Position.Extent && extent.Number < needed)
                bytes += extent.Size;
        }

        return bytes;
    }

    private void Drop(LogFence fence, string why)
    {
        fence.DroppedBecause = why;
        DroppedCount++;
        if (fence.IsDurable)
        {
            try
            {
                Save();
            }
            catch (StorageException e)
            {
                // On a full disk the file may stay as it was: at the next open the log that it names is found gone, which says the same.
                fence.DroppedBecause = $"{why} ({e.Message})";
            }
        }
        else
        {
            _fences.Remove(fence);
        }

        Dropped?.Invoke(fence);
    }

    private void Save()
    {
        bool isNew = _file is null;
        _file ??= provider.Open(files.Fences, StorageFileMode.OpenOrCreate);
        LogFenceFile.Write(_file, _databaseId, _timelineId, _generation + 1, _fences);
        environment.Flush(_file, FlushSite.LogFences);
        _generation++;
        if (isNew)
            environment.FlushDirectory(provider, FlushSite.LogFencesDirectory);
    }

    private bool IsThere(LogPoint point)
    {
        string name = files.Extent(point.Position.Extent);
        if (!provider.Exists(name))
            return false;
        using IStorageFile file = provider.Open(name, StorageFileMode.Open, readOnly: true);
        return LogReader.TryReadHeader(file, out LogExtentHeader header) && header.Number == point.Position.Extent &&
            header.Epoch == point.Epoch && header.DatabaseId == _databaseId && header.TimelineId == _timelineId;
    }
}
