using System.Diagnostics;

namespace BareMetal.Data.Storage.Log;

/// <summary>
/// The files of the log: prepares the next extent (from one that is used again, else new and really written), keeps one in reserve
/// for a full disk, limits the whole. Its members are called by one thread at a time, under <see cref="Gate"/>.
/// </summary>
internal sealed class LogExtents : IDisposable
{
    private const long ZeroStep = 2 << 20;

    private readonly IStorageProvider _provider;
    private readonly DatabaseFiles _files;
    private readonly StorageEnvironment _environment;
    private readonly LogSettings _settings;
    private readonly List<LogExtent> _live = [];
    private readonly List<LogExtent> _recyclable = [];
    private LogExtent? _reserve;
    private long _liveBytes;
    private int _nextSize;
    private ulong _needed;

    public LogExtents(IStorageProvider provider, DatabaseFiles files, StorageEnvironment environment, LogSettings settings)
    {
        _provider = provider;
        _files = files;
        _environment = environment;
        _settings = settings;
        _nextSize = settings.FirstExtentBytes;
        Fences = new LogFences(provider, files, environment);
    }

    /// <summary>Who else holds the log.</summary>
    public LogFences Fences { get; }

    /// <summary>Taken around every call, by whoever may wait for storage.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Encrypts what is written to the extents; null when the database is not encrypted.</summary>
    public Encryption.DatabaseCipher? Cipher { get; init; }

    /// <summary>Bytes of the extents in use, the prepared one included.</summary>
    public long LiveBytes => Volatile.Read(ref _liveBytes);

    /// <summary>The number of the oldest extent that the database itself needs: what lies before it is only held for others.</summary>
    public ulong Needed
    {
        get => _needed;
        set => _needed = value;
    }

    /// <summary>Whether the reserve is in use: only what frees space is accepted until a checkpoint gives extents back.</summary>
    public bool InEmergency { get; private set; }

    /// <summary>Registers an extent that the log continues in.</summary>
    public void AddLive(LogExtent extent)
    {
        _live.Add(extent);
        Volatile.Write(ref _liveBytes, _liveBytes + extent.Size);
        _nextSize = (int)Math.Clamp(extent.Size, _settings.FirstExtentBytes, _settings.LargestExtentBytes);
    }

    /// <summary>Takes over an extent of an earlier chain that only a fence holds.</summary>
    public void AddHeld(string fileName, ulong number)
    {
        IStorageFile file = _provider.Open(fileName, StorageFileMode.Open);
        LogExtent extent = new(file, fileName, number, file.Length);
        int at = 0;
        while (at < _live.Count && _live[at].Number < number)
            at++;
        _live.Insert(at, extent);
        Volatile.Write(ref _liveBytes, _liveBytes + extent.Size);
    }

    /// <summary>Takes over a file that no commit needs any more.</summary>
    public void AddRecyclable(string fileName, ulong number)
    {
        IStorageFile file = _provider.Open(fileName, StorageFileMode.Open);
        long size = file.Length;
        if (size < _settings.FirstExtentBytes || size % LogFormat.GroupAlignment != 0)
        {
            file.Dispose();
            _provider.Delete(fileName); // cut short while it was being made
            return;
        }

        _recyclable.Add(new LogExtent(file, fileName, number, size) { MayBeVolatile = true });
    }

    /// <summary>Takes over the reserve if there is a whole one.</summary>
    public void AdoptReserve()
    {
        if (!_provider.Exists(_files.Reserve))
            return;
        IStorageFile file = _provider.Open(_files.Reserve, StorageFileMode.Open);
        if (file.Length >= _settings.FirstExtentBytes && file.Length % LogFormat.GroupAlignment == 0)
        {
            _reserve = new LogExtent(file, _files.Reserve, 0, file.Length) { MayBeVolatile = true };
            return;
        }

        file.Dispose();
        _provider.Delete(_files.Reserve);
    }

    /// <summary>Prepares an extent: durable space under its final name, not begun.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="mayUseReserve">Whether the reserve may be used when there is no space.</param>
    /// <param name="zeros">The site that flushes new zeros; null when the caller flushes the file anyway before relying on it.</param>
    /// <param name="directory">The site that flushes the directory.</param>
    /// <exception cref="StorageException">No space, or the limit of the log is reached.</exception>
    public LogExtent Prepare(ulong number, bool mayUseReserve, FlushSite? zeros, FlushSite directory)
    {
        string name = _files.Extent(number);
        LogExtent extent;
        while (_liveBytes + (_recyclable.Count > 0 ? _recyclable[0].Size : _nextSize) > _settings.MaxLogBytes && DropFence())
        {
        }

        long size = _recyclable.Count > 0 ? _recyclable[0].Size : _nextSize;
        if (_liveBytes + size > _settings.MaxLogBytes && _live.Count > 0)
        {
            extent = mayUseReserve && _reserve is not null
                ? UseReserve(name)
                : throw new StorageException(
                    StorageErrorCode.DiskFull,
                    $"{_files.Data}: the log has reached its limit of {_settings.MaxLogBytes} bytes. " +
                    "Let a checkpoint finish, end long transactions, or raise the limit.") { File = _files.Data };
        }
        else if (_recyclable.Count > 0)
        {
            extent = _recyclable[0];
            MakeDurable(extent);
            _provider.Rename(extent.FileName, name);
            _recyclable.RemoveAt(0);
        }
        else
        {
            try
            {
                extent = MakeOrTake(name, zeros);
                _nextSize = Math.Min(_nextSize * 2, _settings.LargestExtentBytes);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull && mayUseReserve && _reserve is not null)
            {
                extent = UseReserve(name);
            }
        }

        extent.FileName = name;
        extent.Number = number;
        try
        {
            _environment.FlushDirectory(_provider, directory);
        }
        catch (StorageException)
        {
            _recyclable.Insert(0, extent); // another attempt takes it first
            throw;
        }

        _live.Add(extent);
        Volatile.Write(ref _liveBytes, _liveBytes + extent.Size);
        return extent;
    }

    /// <summary>Makes the reserve when it is missing and there is space.</summary>
    public void FillReserve()
    {
        if (_reserve is null && _recyclable.Count > 0)
        {
            LogExtent extent = _recyclable[^1];
            _provider.Rename(extent.FileName, _files.Reserve);
            _recyclable.RemoveAt(_recyclable.Count - 1);
            extent.FileName = _files.Reserve;
            _reserve = extent;
        }

        if (_reserve is null)
        {
            try
            {
                _reserve = Make(_files.Reserve, _settings.FirstExtentBytes, FlushSite.LogExtent);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull)
            {
                return; // no reserve until there is space again
            }
        }

        InEmergency = false;
    }

    /// <summary>
    /// Gives space back to the storage, for a checkpoint that needs it: extents that wait to be used again, then log that is held for
    /// somebody else, then the reserve.
    /// </summary>
    /// <returns>Whether there was any.</returns>
    public bool FreeSpace()
    {
        if (_recyclable.Count > 0 || DropFence() && _recyclable.Count > 0)
        {
            Trim(0);
            return true;
        }

        if (_reserve is null)
            return false;
        _reserve.File.Dispose();
        _provider.Delete(_reserve.FileName);
        _reserve = null;
        return true;
    }

    /// <summary>Makes every extent before one available for later use, unless somebody else holds it.</summary>
    /// <param name="needed">The number of the oldest extent that the database itself still needs.</param>
    public void Recycle(ulong needed)
    {
        _needed = Math.Max(_needed, needed);
        Fences.Enforce(_live, _needed);
        Recycle();
    }

    /// <summary>A fence has moved or gone: makes what nobody holds any more available.</summary>
    public void Recycle()
    {
        ulong fence = Math.Min(_needed, Fences.Oldest());
        while (_live.Count > 0 && _live[0].Number < fence)
        {
            LogExtent extent = _live[0];
            Debug.Assert(!extent.IsUnflushed);
            _live.RemoveAt(0);
            Volatile.Write(ref _liveBytes, _liveBytes - extent.Size);
            _recyclable.Add(extent);
        }

        if (_reserve is null || InEmergency)
            FillReserve();
        Trim(_settings.KeptBytes);
    }

    /// <summary>Deletes extents that wait to be used again, beyond a number of bytes.</summary>
    public void Trim(long keptBytes)
    {
        long kept = 0;
        for (int i = 0; i < _recyclable.Count; i++)
        {
            kept += _recyclable[i].Size;
            if (kept <= keptBytes)
                continue;
            LogExtent extent = _recyclable[i];
            _recyclable.RemoveAt(i--);
            kept -= extent.Size;
            extent.File.Dispose();
            _provider.Delete(extent.FileName);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Fences.Dispose();
        foreach (LogExtent extent in _live)
            extent.File.Dispose();
        foreach (LogExtent extent in _recyclable)
            extent.File.Dispose();
        _reserve?.File.Dispose();
    }

    // Where storage is full, log that is only held for somebody else goes first.
    private LogExtent MakeOrTake(string name, FlushSite? zeros)
    {
        while (true)
        {
            try
            {
                return Make(name, _nextSize, zeros);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull && DropFence())
            {
                if (_recyclable.Count == 0)
                    continue;
                LogExtent extent = _recyclable[0];
                MakeDurable(extent);
                _provider.Rename(extent.FileName, name);
                _recyclable.RemoveAt(0);
                return extent;
            }
        }
    }

    private bool DropFence()
    {
        if (!Fences.DropForSpace(_live, _needed))
            return false;
        Recycle();
        return true;
    }

    // A group that says that it is an extent's last relies on the next one having its size, not only its name.
    private void MakeDurable(LogExtent extent)
    {
        if (!extent.MayBeVolatile)
            return;
        extent.Flush(_environment, FlushSite.LogExtent);
        extent.MayBeVolatile = false;
    }

    private LogExtent UseReserve(string name)
    {
        LogExtent extent = _reserve!;
        MakeDurable(extent);
        _provider.Rename(_files.Reserve, name);
        _reserve = null;
        InEmergency = true;
        return extent;
    }

    private LogExtent Make(string name, int size, FlushSite? zeros)
    {
        IStorageFile file = _provider.Open(name, StorageFileMode.OpenOrCreate);
        try
        {
            // In parts, each flushed: commits meanwhile wait for one part at most, not for the whole.
            file.SetLength(0);
            for (long length = Math.Min(ZeroStep, size); ; length = Math.Min(length + ZeroStep, size))
            {
                file.SetLength(length);
                if (zeros is { } site)
                    _environment.Flush(file, site);
                if (length == size)
                    break;
            }

            return new LogExtent(file, name, 0, size);
        }
        catch (StorageException)
        {
            file.Dispose();
            _provider.Delete(name);
            throw;
        }
    }
}
