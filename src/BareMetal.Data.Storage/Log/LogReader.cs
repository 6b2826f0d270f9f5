using System.Buffers.Binary;
using System.Diagnostics;

namespace BareMetal.Data.Storage.Log;

/// <summary>
/// Reads the log's chain group by group. A group is taken whole or not at all. Where the chain ends, <see cref="VerifyEnd"/> tells
/// a torn end (nothing later was ever reported durable) from corruption.
/// </summary>
internal sealed class LogReader : IReadVerifier, IDisposable
{
    private readonly IStorageProvider _provider;
    private readonly DatabaseFiles _files;
    private readonly Guid _databaseId;
    private readonly Guid _timelineId;
    private IStorageFile? _file;
    private byte[] _buffer = new byte[64 << 10];
    private bool _atExtentEnd;
    private bool _ended;
    private Encryption.RecordCipher? _records;
    private LogGroupHeader _found;

    /// <summary>Makes a reader over the log of a database.</summary>
    public LogReader(IStorageProvider provider, DatabaseFiles files, Guid databaseId, Guid timelineId)
    {
        _provider = provider;
        _files = files;
        _databaseId = databaseId;
        _timelineId = timelineId;
    }

    /// <summary>Decrypts the records; null when the database is not encrypted.</summary>
    public Encryption.DatabaseCipher? Cipher { get; init; }

    /// <summary>The header of the current extent.</summary>
    public LogExtentHeader Extent { get; private set; }

    /// <summary>The header of the current group.</summary>
    public LogGroupHeader Header { get; private set; }

    /// <summary>The current group.</summary>
    public LogPoint Point { get; private set; }

    /// <summary>The records of the current group.</summary>
    public ReadOnlySpan<byte> Records => _buffer.AsSpan(LogFormat.GroupHeaderSize, Header.Length - LogFormat.GroupHeaderSize);

    /// <summary>The end of the chain so far: where the next group would be.</summary>
    public LogPosition End { get; private set; }

    /// <summary>The chain value there.</summary>
    public uint Chain { get; private set; }

    /// <summary>Whether the last group read was its extent's last.</summary>
    public bool AtExtentEnd => _atExtentEnd;

    /// <summary>Groups read.</summary>
    public long Groups { get; private set; }

    /// <summary>Positions the reader at a group that is known durable. The group itself is read by <see cref="NextGroup"/>.</summary>
    /// <exception cref="StorageException">The log is missing, of another database or timeline, or damaged there.</exception>
    public void Open(LogPoint start)
    {
        string name = _files.Extent(start.Position.Extent);
        if (!_provider.Exists(name))
        {
            throw Missing(name, "the file does not exist");
        }

        _file?.Dispose();
        _file = _provider.Open(name, StorageFileMode.Open, readOnly: true);
        if (!TryReadBegun(_file, out LogExtentHeader header))
            throw Missing(name, "the file holds no log extent");
        if (header.DatabaseId != _databaseId)
            throw Missing(name, $"it belongs to database {header.DatabaseId}, not {_databaseId}");
        if (header.TimelineId != _timelineId)
        {
            throw new StorageException(
                StorageErrorCode.ForeignTimeline,
                $"{name}: the log belongs to timeline {header.TimelineId}, the data file to {_timelineId}. " +
                "A restored or forked database needs the log that was made with it.") { File = name };
        }

        if (header.Number != start.Position.Extent || header.Epoch != start.Epoch)
            throw Missing(name, "the extent was used again since, or is an older copy");
        ThrowIfCut(_file, header);
        Extent = header;
        End = start.Position;
        Chain = start.Chain;
        _atExtentEnd = false;
        _ended = false;
        if (!TryReadGroup())
        {
            throw new StorageException(
                StorageErrorCode.Corruption,
                $"{name}: the log group at {start.Position}, which the data file's header expects with chain value {start.Chain:x8}, " +
                "is damaged. Restore the database from a backup.") { File = name };
        }

        // The caller reads it by NextGroup.
        End = start.Position;
        Chain = start.Chain;
        _atExtentEnd = false;
        Groups = 0;
    }

    /// <summary>As <see cref="Open"/>, where the group may never have become durable.</summary>
    /// <returns>False when it did not.</returns>
    /// <exception cref="StorageException">It did, and is damaged now.</exception>
    public bool TryOpen(LogPoint start)
    {
        try
        {
            Open(start);
            return true;
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.Corruption)
        {
            _ended = true;
            VerifyEnd(start.Position.Extent + 1);
            return false;
        }
    }

    /// <summary>Reads the next group.</summary>
    /// <returns>False at the end of the chain.</returns>
    public bool NextGroup()
    {
        if (_ended)
            return false;
        if (_atExtentEnd && !NextExtent() || !TryReadGroup())
        {
            _ended = true;
            return false;
        }

        return true;
    }

    /// <summary>After the end of the chain: makes sure that nothing beyond it was ever known durable.</summary>
    /// <exception cref="StorageException">Something was: the chain is broken by damage, not by a crash.</exception>
    /// <param name="before">The extent at which another chain begins, when this one is not the last.</param>
    public void VerifyEnd(ulong before = ulong.MaxValue)
    {
        Debug.Assert(_ended);
        if (_file is not null && !_atExtentEnd)
        {
            CheckGroups(_file, Extent.Number, End.Offset, Extent.Size, Extent.Epoch);
        }

        foreach (ulong number in _files.ListExtents(_provider))
        {
            if (number >= before || number <= End.Extent && !(_atExtentEnd && number == End.Extent + 1))
                continue;
            using IStorageFile file = _provider.Open(_files.Extent(number), StorageFileMode.Open, readOnly: true);
            if (TryReadBegun(file, out LogExtentHeader header) && header.Number == number &&
                header.DatabaseId == _databaseId && header.TimelineId == _timelineId)
            {
                CheckLater(header.Durable, header.DurableEnd, new LogPosition(number, 0));
            }
            else if (number == End.Extent + 1 && _atExtentEnd)
            {
                // Where the chain should go on: if only the header is damaged, the groups behind it tell.
                CheckGroups(file, number, LogFormat.ExtentHeaderSize, file.Length, epoch: null);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _records?.Dispose();
    }

    /// <summary>Reads an extent's header.</summary>
    public static bool TryReadHeader(IStorageFile file, out LogExtentHeader header) => TryReadBegun(file, out header) && header.Size <= file.Length;

    /// <summary>Reads the header of an extent that was begun, however much of the extent is left.</summary>
    private static bool TryReadBegun(IStorageFile file, out LogExtentHeader header)
    {
        Span<byte> block = stackalloc byte[LogFormat.ExtentHeaderUsed];
        file.ReadVerified(0, block, ExtentHeaderVerifier.Instance, out int count);
        return LogExtentHeader.TryRead(block[..Math.Max(count, 0)], out header);
    }

    // An extent has its whole length, durably, before anything is written to it: a shorter one was cut later.
    private static void ThrowIfCut(IStorageFile file, in LogExtentHeader header)
    {
        if (file.Length < header.Size)
        {
            throw new StorageException(
                StorageErrorCode.Truncated,
                $"{file.Name}: the log extent has {file.Length} bytes, its header says {header.Size}. It was cut or copied in part; " +
                "put the whole file back, or restore the database from a backup.") { File = file.Name };
        }
    }

    /// <summary>Looks for groups that say that something beyond the end was durable.</summary>
    /// <param name="file">The extent.</param>
    /// <param name="number">Its number.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="to">Where to end.</param>
    /// <param name="epoch">The epoch of the groups; null takes each group's own. Groups of earlier uses of the extent name earlier positions.</param>
    private void CheckGroups(IStorageFile file, ulong number, long from, long to, ulong? epoch)
    {
        byte[] sector = new byte[64 << 10];
        for (long at = from; at < to; at += sector.Length)
        {
            int count = file.ReadFull(at, sector);
            for (int i = 0; i + LogFormat.GroupHeaderSize <= count; i += LogFormat.GroupAlignment)
            {
                ReadOnlySpan<byte> head = sector.AsSpan(i, LogFormat.GroupHeaderSize);
                if (LogGroupHeader.TryRead(head, epoch ?? BinaryPrimitives.ReadUInt64LittleEndian(head[8..]), out LogGroupHeader later))
                    CheckLater(later.Durable, later.DurableEnd, new LogPosition(number, at + i));
            }
        }
    }

    private static StorageException Missing(string name, string why) =>
        new(StorageErrorCode.LogMissing,
            $"{name}: the log that the data file expects is missing or not this database's: {why}. " +
            "Put the log files back beside the data file, or restore a backup.") { File = name };

    private void CheckLater(Lsn durable, LogPosition durableEnd, LogPosition found)
    {
        if (durableEnd.CompareTo(End) <= 0)
            return;
        string name = _files.Extent(End.Extent);
        throw new StorageException(
            StorageErrorCode.Corruption,
            $"{name}: the log is damaged at {End}: what follows at {found} says that everything up to {durableEnd} (LSN {durable}) was durable. " +
            "Restore the database from a backup, or the extent from a mirror.") { File = name };
    }

    private bool NextExtent()
    {
        ulong number = Extent.Number + 1;
        string name = _files.Extent(number);
        if (!_provider.Exists(name))
            throw Missing(name, "the extent before it is full, so it must have existed");
        IStorageFile next = _provider.Open(name, StorageFileMode.Open, readOnly: true);
        if (next.Length < LogFormat.ExtentHeaderSize)
        {
            long length = next.Length;
            next.Dispose();
            throw new StorageException(
                StorageErrorCode.Truncated,
                $"{name}: the log extent has {length} bytes, though the extent before it is full. It was cut; put the whole file back, " +
                "or restore the database from a backup.") { File = name };
        }

        if (!TryReadBegun(next, out LogExtentHeader header) || header.Number != number || header.DatabaseId != _databaseId ||
            header.TimelineId != _timelineId || header.Previous != Extent.Number || header.PreviousEpoch != Extent.Epoch ||
            header.PreviousChain != Chain)
        {
            next.Dispose(); // prepared, but never begun
            return false;
        }

        _file!.Dispose();
        _file = next;
        ThrowIfCut(_file, header);
        Extent = header;
        End = new LogPosition(number, LogFormat.ExtentHeaderSize);
        _atExtentEnd = false;
        return true;
    }

    private bool TryReadGroup()
    {
        // The header first, which says how long the group is; then the whole, judged with its header.
        long offset = End.Offset;
        if (!_file!.ReadVerified(offset, _buffer.AsSpan(0, LogFormat.GroupHeaderSize), this, out _))
            return false;
        int length = _found.Length;
        if (_buffer.Length < length)
            _buffer = new byte[Math.Max(length, _buffer.Length * 2)];
        if (length > LogFormat.GroupHeaderSize && !_file.ReadVerified(offset, _buffer.AsSpan(0, length), this, out _))
            return false;
        if (length == LogFormat.GroupHeaderSize && _found.ChainAfter != LogFormat.GroupSeed(Chain, Extent.Epoch, _found.Session))
            return false;
        if (Cipher is not null || _found.Encoding != 0)
            Decrypt(_found, offset);
        Point = new LogPoint(End, Extent.Epoch, Chain);
        Header = _found;
        Chain = _found.ChainAfter;
        End = new LogPosition(Extent.Number, LogFormat.AlignGroup(offset + length));
        _atExtentEnd = _found.IsLast;
        Groups++;
        return true;
    }

    /// <summary>Whether the bytes are the group's header that continues the chain; with more bytes: whether they are the whole group.</summary>
    bool IReadVerifier.IsGood(long offset, ReadOnlySpan<byte> bytes)
    {
        if (!LogGroupHeader.TryRead(bytes, Extent.Epoch, out LogGroupHeader header) ||
            header.ChainBefore != Chain || header.Length > Extent.Size - offset)
        {
            return false;
        }

        if (bytes.Length == LogFormat.GroupHeaderSize)
        {
            _found = header;
            return true;
        }

        if (header.Length != bytes.Length || !TryWalk(bytes, header, Extent.Epoch))
            return false;
        _found = header;
        return true;
    }

    /// <summary>Whether the records of a group are whole and end in its chain value.</summary>
    internal static bool TryWalk(ReadOnlySpan<byte> group, LogGroupHeader header, ulong epoch)
    {
        uint chain = LogFormat.GroupSeed(header.ChainBefore, epoch, header.Session);
        for (int at = LogFormat.GroupHeaderSize; at < header.Length;)
        {
            ReadOnlySpan<byte> rest = group[at..header.Length];
            if (rest.Length < LogFormat.RecordHeaderSize)
                return false;
            int payload = BinaryPrimitives.ReadInt32LittleEndian(rest);
            if (payload < 0 || payload > rest.Length || LogFormat.RecordSize(payload) > rest.Length)
                return false;
            int size = LogFormat.RecordSize(payload);
            uint crc = LogFormat.RecordChecksum(rest[..size], chain);
            if (crc != BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]))
                return false;
            chain = crc;
            at += size;
        }

        return chain == header.ChainAfter;
    }

    /// <summary>Decrypts the records of the group in the buffer.</summary>
    /// <exception cref="StorageException">They were not written by this database.</exception>
    private void Decrypt(LogGroupHeader header, long offset)
    {
        if (Cipher is null || header.Encoding == 0)
            throw Forged(offset, header.Encoding == 0 ? "they are not encrypted" : "they are encrypted, the database is not");
        if (_records is null || !_records.IsFor(header.Epoch, header.Session, header.Encoding))
        {
            _records?.Dispose();
            _records = Cipher.ForRecords(header.Epoch, header.Session, header.Encoding) ??
                throw Forged(offset, "they are encrypted with a key that the database does not have");
        }

        uint chain = LogFormat.GroupSeed(header.ChainBefore, header.Epoch, header.Session);
        for (int at = LogFormat.GroupHeaderSize; at < header.Length;)
        {
            Span<byte> record = _buffer.AsSpan(at, header.Length - at);
            int payload = BinaryPrimitives.ReadInt32LittleEndian(record);
            record = record[..LogFormat.RecordSize(payload)];
            uint next = BinaryPrimitives.ReadUInt32LittleEndian(record[4..]);
            if (record[LogFormat.EncodingOffset] != header.Encoding || !_records.TryDecrypt(record, payload, chain, offset + at))
                throw Forged(offset + at, "their authentication fails although their checksum is right");
            chain = next;
            at += record.Length;
        }
    }

    private StorageException Forged(long offset, string why)
    {
        string name = _files.Extent(Extent.Number);
        return new StorageException(
            StorageErrorCode.Corruption,
            $"{name}: the records at {offset} were not written by this database: {why}. Somebody without the key changed them. " +
            "Restore the database from a backup.") { File = name };
    }

    private sealed class ExtentHeaderVerifier : IReadVerifier
    {
        public static readonly ExtentHeaderVerifier Instance = new();

        public bool IsGood(long offset, ReadOnlySpan<byte> bytes) => LogExtentHeader.TryRead(bytes, out _);
    }
}
