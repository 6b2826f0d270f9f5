using System.Buffers.Binary;

namespace BareMetal.Data.Storage.Checkpoints;

/// <summary>
/// Remembers the checksum that each page of the data file has, so that an old copy of a page, whole in itself, is told from the one that was written last: a
/// write that the storage acknowledged and lost. Kept in a file beside the data file, in blocks with two slots that are written in turn, so that
/// the state before a checkpoint stays readable until the header has moved. What is not known is not judged: a missing or damaged block costs protection, not data.
/// </summary>
internal sealed class PageStamps : IDisposable
{
    private const int SlotSize = 4096;
    private const int SlotHeader = 64;
    private const int PerBlock = (SlotSize - SlotHeader) / 4;
    private const int MaxCached = 256;
    private const ulong Magic = 0x504D5453_42444D42; // "BMDBSTMP"
    private const uint Version = 1;

    private readonly IStorageProvider _provider;
    private readonly string _name;
    private readonly StorageEnvironment _environment;
    private readonly bool _readOnly;
    private readonly Lock _gate = new();
    private readonly Dictionary<long, byte[]?> _blocks = [];
    private readonly List<(PageId Page, uint Sum)> _pending = [];
    private DatabaseHeader _header;
    private IStorageFile? _file;

    /// <summary>Opens the stamps of a data file, if there are any.</summary>
    public PageStamps(IStorageProvider provider, string name, StorageEnvironment environment, DatabaseHeader header, bool readOnly)
    {
        _header = header;
        _provider = provider;
        _name = name;
        _environment = environment;
        _readOnly = readOnly;
        if (provider.Exists(name))
            _file = provider.Open(name, StorageFileMode.Open, readOnly);
    }

    /// <summary>Whether a page has the checksum with which it was written last, as far as that is known.</summary>
    /// <param name="page">The page.</param>
    /// <param name="sum">The checksum that it carries.</param>
    /// <param name="expected">The checksum that it was written with.</param>
    public bool Check(PageId page, uint sum, out uint expected)
    {
        expected = 0;
        if (_file is null)
            return true;
        long number = (long)(page.Value / PerBlock);
        lock (_gate)
        {
            if (!_blocks.TryGetValue(number, out byte[]? block))
            {
                if (_blocks.Count == MaxCached)
                    _blocks.Clear();
                block = Load(number, out _);
                _blocks.Add(number, block);
            }

            if (block is null)
                return true;
            expected = BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(SlotHeader + ((int)(page.Value % PerBlock) * 4)));
            return expected == 0 || expected == sum;
        }
    }

    /// <summary>The header has moved: blocks are read anew.</summary>
    public void Move(DatabaseHeader header)
    {
        lock (_gate)
        {
            _header = header;
            _blocks.Clear();
        }
    }

    /// <summary>Makes durable space for the stamps of a number of pages, so that writing them can't meet a full disk.</summary>
    public void Grow(ulong pageCount)
    {
        long needed = (long)((pageCount + PerBlock - 1) / PerBlock) * 2 * SlotSize;
        IStorageFile file = _file ??= _provider.Open(_name, StorageFileMode.OpenOrCreate);
        if (file.Length >= needed)
            return;
        long length = file.Length;
        try
        {
            file.SetLength(needed);
            _environment.Flush(file, FlushSite.DataFileGrowth);
        }
        catch (StorageException)
        {
            if (file.Length > length)
                file.SetLength(length);
            throw;
        }
    }

    /// <summary>Begins to note the pages of a checkpoint.</summary>
    public void Begin() => _pending.Clear();

    /// <summary>Notes a page that was written in place.</summary>
    public void Note(PageId page, uint sum) => _pending.Add((page, sum));

    /// <summary>Writes the stamps of the noted pages and makes them durable. They count when the header says the checkpoint.</summary>
    /// <param name="to">The checkpoint's LSN.</param>
    public void Write(Lsn to)
    {
        if (_pending.Count == 0 || _readOnly)
            return;
        IStorageFile file = _file ??= _provider.Open(_name, StorageFileMode.OpenOrCreate);
        _pending.Sort(static (a, b) => a.Page.Value.CompareTo(b.Page.Value));
        for (int i = 0; i < _pending.Count;)
        {
            long number = (long)(_pending[i].Page.Value / PerBlock);
            byte[]? block = Load(number, out int slot);
            if (block is null)
            {
                // Nothing of the other slot may ever count, and it must not be blank: a blank slot is one that was lost.
                block = new byte[SlotSize];
                Seal(block, number, Lsn.Zero);
                file.Write(((number * 2) + 1 - slot) * SlotSize, block);
                _environment.Flush(file, FlushSite.PageStamps);
            }

            for (; i < _pending.Count && (long)(_pending[i].Page.Value / PerBlock) == number; i++)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(
                    block.AsSpan(SlotHeader + ((int)(_pending[i].Page.Value % PerBlock) * 4)), _pending[i].Sum);
            }

            Seal(block, number, to);
            file.Write(((number * 2) + slot) * SlotSize, block);
        }

        _environment.Flush(file, FlushSite.PageStamps);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private void Seal(byte[] block, long number, Lsn lsn)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(12), Version);
        _header.DatabaseId.TryWriteBytes(block.AsSpan(16));
        _header.TimelineId.TryWriteBytes(block.AsSpan(32));
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(48), lsn.Value);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(56), number);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(8), Crc32C.Append(0, block.AsSpan(12)));
    }

    /// <summary>Reads the block as of the header's checkpoint.</summary>
    /// <param name="number">The block.</param>
    /// <param name="free">The slot that is to be written next.</param>
    /// <returns>Null when nothing is known.</returns>
    private byte[]? Load(long number, out int free)
    {
        byte[] slots = new byte[2 * SlotSize];
        free = 0;
        if (_file!.ReadFull(number * slots.Length, slots) < slots.Length)
            return null;
        int found = -1;
        ulong newest = 0;
        for (int slot = 0; slot < 2; slot++)
        {
            ReadOnlySpan<byte> bytes = slots.AsSpan(slot * SlotSize, SlotSize);
            if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic ||
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Crc32C.Append(0, bytes[12..]) ||
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) != Version ||
                BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]) != number)
            {
                return null; // never written; or which of the two was the newer can't be told
            }

            ulong lsn = BinaryPrimitives.ReadUInt64LittleEndian(bytes[48..]);
            if (new Guid(bytes.Slice(16, 16)) == _header.DatabaseId && new Guid(bytes.Slice(32, 16)) == _header.TimelineId &&
                lsn <= _header.CheckpointLsn.Value && lsn > newest)
            {
                found = slot;
                newest = lsn;
            }
        }

        if (found < 0)
            return null; // another's, or a later one's

        free = 1 - found;
        return slots.AsSpan(found * SlotSize, SlotSize).ToArray();
    }
}
