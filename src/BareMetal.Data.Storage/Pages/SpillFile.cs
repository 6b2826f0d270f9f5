using System.Buffers.Binary;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// A temporary file for page images that do not fit in memory: changed pages beyond the cache and old ones that a snapshot
/// still needs. It is made when first needed, never flushed, checksummed, limited in size, deleted at open and at close.
/// </summary>
internal sealed unsafe class SpillFile : IDisposable
{
    private readonly IStorageProvider _provider;
    private readonly string _name;
    private readonly int _pageSize;
    private readonly Guid _databaseId;
    private readonly int _maxSlots;
    private readonly object _lock = new();
    private readonly NativeQueue<int> _free = new();
    private uint[] _sums = new uint[64];
    private IStorageFile? _file;
    private int _slots;
    private bool _disposed;

    public SpillFile(IStorageProvider provider, string name, int pageSize, Guid databaseId, long limitBytes)
    {
        _provider = provider;
        _name = name;
        _pageSize = pageSize;
        _databaseId = databaseId;
        _maxSlots = (int)Math.Clamp(limitBytes / pageSize, 0, int.MaxValue - 1);
        if (provider.Exists(name))
        {
            provider.Delete(name);
        }
    }

    /// <summary>Bytes in use.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_lock)
            {
                return (long)(_slots - _free.Count) * _pageSize;
            }
        }
    }

    /// <summary>Writes an image.</summary>
    /// <param name="page">The page; its checksum field is written.</param>
    /// <returns>The slot, from 1.</returns>
    /// <exception cref="StorageException">The limit is reached, or the write failed.</exception>
    public int Write(byte* page)
    {
        var span = new Span<byte>(page, _pageSize);
        PageChecksum.Seal(_databaseId, new PageId(PageFormat.Id(page)), span);
        uint sum = BinaryPrimitives.ReadUInt32LittleEndian(span[^PageFormat.ChecksumSize..]);
        int slot;
        IStorageFile file;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            file = _file ??= _provider.Open(_name, StorageFileMode.OpenOrCreate);
            if (_free.Count > 0)
            {
                slot = _free.Pop();
            }
            else if (_slots < _maxSlots)
            {
                slot = ++_slots;
            }
            else
            {
                throw new StorageException(
                    StorageErrorCode.DiskFull,
                    $"The spill file {_name} has reached its limit of {(long)_maxSlots * _pageSize} bytes. End long transactions and readers, or raise the limit or the cache size.")
                {
                    File = _name,
                };
            }
            if (slot > _sums.Length)
            {
                Array.Resize(ref _sums, Math.Min(_sums.Length * 2, _maxSlots));
            }
            _sums[slot - 1] = sum;
        }
        try
        {
            file.Write((long)(slot - 1) * _pageSize, span);
        }
        catch
        {
            Free(slot);
            throw;
        }
        return slot;
    }

    /// <summary>Reads an image back.</summary>
    public void Read(int slot, ulong pageId, ulong lsn, bool anyLsn, byte* page)
    {
        IStorageFile? file = _file;
        ObjectDisposedException.ThrowIf(_disposed || file is null, this);
        var span = new Span<byte>(page, _pageSize);
        int read = file.ReadFull((long)(slot - 1) * _pageSize, span);
        uint expected = 0, actual = 0;
        if (read != _pageSize
            || !PageChecksum.Verify(_databaseId, new PageId(pageId), span, out expected, out actual)
            || PageFormat.Id(page) != pageId
            || actual != Volatile.Read(ref _sums)[slot - 1]
            || (!anyLsn && PageFormat.Lsn(page) < lsn))
        {
            throw new StorageException(
                StorageErrorCode.Corruption,
                $"Page {pageId} in slot {slot} of the spill file {_name} is damaged: {read} of {_pageSize} bytes, checksum {actual:x8}, expected {expected:x8}. The storage returned something else than was written; check the device.")
            {
                File = _name,
                Page = new PageId(pageId),
            };
        }
    }

    public void Free(int slot)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _free.Enqueue(slot);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
            _disposed = true;
            _free.Dispose();
            if (_file is not null)
            {
                _file.Dispose();
                _provider.Delete(_name);
            }
        }
    }
}
