using System.Buffers;
using System.Buffers.Binary;
using BareMetal.Data.Storage.Encryption;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// A temporary file for page images that do not fit in memory: changed pages beyond the cache and old ones that a snapshot
/// still needs. It is made when first needed, never flushed, checksummed, limited in size, deleted at open and at close.
/// </summary>
internal sealed unsafe class SpillFile : IReadVerifier, IDisposable
{
    private readonly IStorageProvider _provider;
    private readonly string _name;
    private readonly int _pageSize;
    private readonly Guid _databaseId;
    private readonly int _maxSlots;
    private readonly SpillCipher? _cipher;
    private readonly object _lock = new();
    private readonly NativeQueue<int> _free = new();
    private uint[] _sums = new uint[64];
    private IStorageFile? _file;
    private bool _refused;
    private int _slots;
    private bool _disposed;

    public SpillFile(IStorageProvider provider, string name, int pageSize, Guid databaseId, long limitBytes, bool encrypt = false)
    {
        _provider = provider;
        _name = name;
        _pageSize = pageSize;
        _databaseId = databaseId;
        _cipher = encrypt ? new SpillCipher(databaseId) : null;
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

    /// <summary>How many more images can be written: up to the limit, or in what the file has while the storage gives no more.</summary>
    public long Room
    {
        get
        {
            lock (_lock)
            {
                return (_refused ? 0 : _maxSlots - _slots) + _free.Count;
            }
        }
    }

    /// <summary>There is no room for a transaction's changes; whoever tries next asks the storage again.</summary>
    public StorageException NoRoom()
    {
        lock (_lock)
        {
            bool refused = _refused;
            _refused = false;
            return new StorageException(
                StorageErrorCode.DiskFull,
                refused
                    ? $"There is no space for the spill file {_name}, which has {(long)_slots * _pageSize} bytes, and what a transaction changes does not fit in memory. Free space, change less at once, or raise the cache size."
                    : $"The spill file {_name} has reached its limit of {(long)_maxSlots * _pageSize} bytes. End long transactions and readers, or raise the limit or the cache size.")
            {
                File = _name,
            };
        }
    }

    /// <summary>Writes an image.</summary>
    /// <param name="page">The page; its checksum field is written.</param>
    /// <returns>The slot, from 1.</returns>
    /// <exception cref="StorageException">The limit is reached, or the write failed.</exception>
    public int Write(byte* page)
    {
        var id = new PageId(PageFormat.Id(page));
        var span = new Span<byte>(page, _pageSize);
        byte[]? sealedCopy = null;
        if (_cipher is not null)
        {
            // The image itself is read by others meanwhile.
            sealedCopy = ArrayPool<byte>.Shared.Rent(_pageSize);
            span.CopyTo(sealedCopy);
            span = sealedCopy.AsSpan(0, _pageSize);
            _cipher.Encrypt(span);
        }
        PageChecksum.Seal(_databaseId, id, span);
        try
        {
            return WriteSealed(span);
        }
        finally
        {
            if (sealedCopy is not null)
            {
                ArrayPool<byte>.Shared.Return(sealedCopy);
            }
        }
    }

    private int WriteSealed(ReadOnlySpan<byte> span)
    {
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
                throw NoRoom();
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
            _refused = false;
        }
        catch (Exception e)
        {
            _refused = e is StorageException { Code: StorageErrorCode.DiskFull };
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
        bool isGood = file.ReadVerified((long)(slot - 1) * _pageSize, span, this, out int read);
        uint expected = 0, actual = 0;
        if (read != _pageSize
            || !isGood
            || !PageChecksum.Verify(_databaseId, new PageId(pageId), span, out expected, out actual)
            || PageFormat.Id(page) != pageId
            || actual != Volatile.Read(ref _sums)[slot - 1]
            || (_cipher is not null && !_cipher.TryDecrypt(span))
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

    /// <summary>Whether a page read from the file carries the checksum that its content demands; which page it is the caller checks.</summary>
    bool IReadVerifier.IsGood(long offset, ReadOnlySpan<byte> bytes) =>
        bytes.Length == _pageSize
        && PageChecksum.Verify(_databaseId, new PageId(BinaryPrimitives.ReadUInt64LittleEndian(bytes)), bytes, out _, out _);

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
            _cipher?.Dispose();
            if (_file is not null)
            {
                _file.Dispose();
                _provider.Delete(_name);
            }
        }
    }
}
