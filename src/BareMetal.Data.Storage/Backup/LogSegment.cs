using System.Buffers.Binary;
using BareMetal.Data.Storage.Encryption;
using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Backup;

/// <summary>
/// A piece of the log as a file of its own (docs/format.md, "Log segments"): every commit after one LSN up to another, in order, the chunks of a
/// commit directly before it. The log of a backup and what is archived are such files.
/// </summary>
internal static class LogSegment
{
    public const ulong HeaderMagic = 0x4D474553_42444D42; // "BMDBSEGM"
    public const ulong SealMagic = 0x4C414553_42444D42; // "BMDBSEAL"
    public const uint Version = 1;
    public const int HeaderSize = 512;
    public const int HeaderUsed = 128;
    public const int SealSize = 96;

    /// <summary>The value that seeds the first record's checksum.</summary>
    public static uint Seed(ulong fileId) => Crc32C.Append(0, fileId);
}

/// <summary>What a segment covers.</summary>
internal sealed record LogSegmentInfo
{
    /// <summary>The file's name.</summary>
    public required string Name { get; init; }

    /// <summary>The database.</summary>
    public Guid DatabaseId { get; init; }

    /// <summary>Its timeline.</summary>
    public Guid TimelineId { get; init; }

    /// <summary>Random, in header and seal.</summary>
    public ulong FileId { get; init; }

    /// <summary>Random: with the file's id it makes the subkey of an encrypted segment.</summary>
    public ulong Session { get; init; }

    /// <summary>Commits after this one are in it.</summary>
    public Lsn From { get; init; }

    /// <summary>Commits up to this one are in it.</summary>
    public Lsn To { get; init; }

    /// <summary>Records.</summary>
    public long Records { get; init; }

    /// <summary>When its last commit was made, UTC ticks; 0 when it has none.</summary>
    public long LastUtcTicks { get; init; }

    /// <summary>The time of <see cref="To"/>, UTC ticks: no later commit was made before it.</summary>
    public long EndUtcTicks { get; init; }

    /// <summary>The chain value after the last record.</summary>
    public uint Chain { get; init; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; init; }
}

/// <summary>Writes a segment. It means nothing until it is sealed.</summary>
internal sealed class LogSegmentWriter : IDisposable
{
    private const int BufferSize = 256 << 10;

    private readonly IStorageFile _file;
    private readonly LogSegmentInfo _info;
    private readonly RecordCipher? _cipher;
    private byte[] _buffer = new byte[BufferSize];
    private int _used;
    private long _at = LogSegment.HeaderSize;
    private uint _chain;
    private long _records;
    private long _lastTicks;

    /// <summary>Begins a segment.</summary>
    /// <param name="provider">Where it is to be.</param>
    /// <param name="name">Its name; an older file of that name goes.</param>
    /// <param name="environment">Randomness.</param>
    /// <param name="databaseId">The database.</param>
    /// <param name="timelineId">Its timeline.</param>
    /// <param name="from">Commits after this one will be in it.</param>
    /// <param name="cipher">Encrypts the records, when the database is encrypted.</param>
    public LogSegmentWriter(
        IStorageProvider provider, string name, StorageEnvironment environment, Guid databaseId, Guid timelineId, Lsn from, DatabaseCipher? cipher)
    {
        _info = new LogSegmentInfo
        {
            Name = name,
            DatabaseId = databaseId,
            TimelineId = timelineId,
            FileId = environment.NextRandom(),
            Session = environment.NextRandom(),
            From = from,
        };
        _cipher = cipher?.ForRecords(_info.FileId, _info.Session);
        _chain = LogSegment.Seed(_info.FileId);
        provider.Delete(name);
        _file = provider.Open(name, StorageFileMode.CreateNew);
    }

    /// <summary>When the last commit in it was made, UTC ticks.</summary>
    public long LastUtcTicks => _lastTicks;

    /// <summary>Bytes written so far.</summary>
    public long Length => _at + _used;

    /// <summary>Adds a record.</summary>
    public void Append(LogRecordKind kind, ReadOnlySpan<byte> payload)
    {
        int size = LogFormat.RecordSize(payload.Length);
        if (_buffer.Length - _used < size)
        {
            WriteOut();
            if (_buffer.Length < size)
                _buffer = new byte[size];
        }

        Span<byte> record = _buffer.AsSpan(_used, size);
        payload.CopyTo(record[LogFormat.RecordHeaderSize..]);
        _chain = LogFormat.FinishRecord(record, kind, payload.Length, _chain, _cipher, _at + _used);
        _used += size;
        _records++;
        if (kind is LogRecordKind.Commit or LogRecordKind.SequenceMark)
            _lastTicks = BinaryPrimitives.ReadInt64LittleEndian(payload[8..]);
    }

    /// <summary>Completes the file and makes it durable; the directory is the caller's.</summary>
    /// <param name="environment">Flushes.</param>
    /// <param name="to">The last commit that it covers.</param>
    /// <param name="utcTicks">The time up to which it covers them.</param>
    public LogSegmentInfo Seal(StorageEnvironment environment, Lsn to, long utcTicks)
    {
        WriteOut();
        LogSegmentInfo info = _info with { To = to, Records = _records, LastUtcTicks = _lastTicks, EndUtcTicks = utcTicks, Chain = _chain, Length = _at + LogSegment.SealSize };
        byte[] seal = new byte[LogSegment.SealSize];
        BinaryPrimitives.WriteUInt64LittleEndian(seal, LogSegment.SealMagic);
        BinaryPrimitives.WriteUInt64LittleEndian(seal.AsSpan(16), info.FileId);
        BinaryPrimitives.WriteUInt64LittleEndian(seal.AsSpan(24), info.From.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(seal.AsSpan(32), info.To.Value);
        BinaryPrimitives.WriteInt64LittleEndian(seal.AsSpan(40), info.Records);
        BinaryPrimitives.WriteInt64LittleEndian(seal.AsSpan(48), info.Length);
        BinaryPrimitives.WriteInt64LittleEndian(seal.AsSpan(56), info.LastUtcTicks);
        BinaryPrimitives.WriteUInt32LittleEndian(seal.AsSpan(64), info.Chain);
        BinaryPrimitives.WriteInt64LittleEndian(seal.AsSpan(72), info.EndUtcTicks);
        BinaryPrimitives.WriteUInt32LittleEndian(seal.AsSpan(8), Crc32C.Append(0, seal.AsSpan(12)));
        _file.Write(_at, seal);

        byte[] header = new byte[LogSegment.HeaderSize];
        BinaryPrimitives.WriteUInt64LittleEndian(header, LogSegment.HeaderMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), LogSegment.Version);
        info.DatabaseId.TryWriteBytes(header.AsSpan(16));
        info.TimelineId.TryWriteBytes(header.AsSpan(32));
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(48), info.FileId);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(56), info.From.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(64), info.Session);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), Crc32C.Append(0, header.AsSpan(12)));
        _file.Write(0, header);
        environment.Flush(_file, FlushSite.BackupLog);
        return info;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cipher?.Dispose();
        _file.Dispose();
    }

    private void WriteOut()
    {
        if (_used == 0)
            return;
        _file.Write(_at, _buffer.AsSpan(0, _used));
        _at += _used;
        _used = 0;
    }
}

/// <summary>Reads a sealed segment and checks every byte of it.</summary>
internal sealed class LogSegmentReader : IDisposable
{
    private readonly IStorageFile _file;
    private byte[] _buffer = new byte[256 << 10];

    private LogSegmentReader(IStorageFile file, LogSegmentInfo info)
    {
        _file = file;
        Info = info;
    }

    /// <summary>What it covers.</summary>
    public LogSegmentInfo Info { get; }

    /// <summary>Opens a segment.</summary>
    /// <exception cref="StorageException">It is not there, not whole, or of a newer format.</exception>
    public static LogSegmentReader Open(IStorageProvider provider, string name)
    {
        if (!provider.Exists(name))
            throw new StorageException(StorageErrorCode.BackupMissing, $"{name}: the file is missing in {provider.Location}. Put it back, or use another backup.") { File = name };
        IStorageFile file = provider.Open(name, StorageFileMode.Open, readOnly: true);
        try
        {
            return new LogSegmentReader(file, ReadInfo(file, name));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Gives all records in order.</summary>
    /// <param name="cipher">Decrypts them, when they are encrypted.</param>
    /// <param name="sink">Takes them; null only verifies checksums, for which no key is needed.</param>
    /// <param name="cancellation">Ends reading.</param>
    public void ReadAll(DatabaseCipher? cipher, LogRecordSink? sink, CancellationToken cancellation)
    {
        RecordCipher? records = null;
        try
        {
            ReadAll(cipher, ref records, sink, cancellation);
        }
        finally
        {
            records?.Dispose();
        }
    }

    private void ReadAll(DatabaseCipher? cipher, ref RecordCipher? records, LogRecordSink? sink, CancellationToken cancellation)
    {
        long end = Info.Length - LogSegment.SealSize;
        long at = LogSegment.HeaderSize;
        uint chain = LogSegment.Seed(Info.FileId);
        long count = 0;
        Lsn last = Info.From;
        int have = 0, used = 0;
        while (at < end)
        {
            if (have - used < LogFormat.RecordHeaderSize)
                Fill(LogFormat.RecordHeaderSize);
            int payload = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(used));
            if (payload < 0 || payload > end - at)
                throw Damaged(Info.Name, $"a record at {at} has a length of {payload} bytes");
            int size = LogFormat.RecordSize(payload);
            if (size > end - at)
                throw Damaged(Info.Name, $"a record at {at} reaches beyond the end");
            if (have - used < size)
                Fill(size);
            Span<byte> record = _buffer.AsSpan(used, size);
            uint before = chain;
            chain = LogFormat.RecordChecksum(record, before);
            if (chain != BinaryPrimitives.ReadUInt32LittleEndian(record[4..]))
                throw Damaged(Info.Name, $"the record at {at} fails its checksum");
            byte encoding = record[LogFormat.EncodingOffset];
            if (encoding != 0 && (cipher is not null || sink is not null))
                Decrypt(cipher, ref records, encoding, record, payload, before, at);
            else if (encoding == 0 && cipher is not null)
                throw Damaged(Info.Name, $"the record at {at} is not encrypted, as all of this database are");
            bool isReadable = encoding == 0 || cipher is not null;
            LogRecordKind kind = (LogRecordKind)record[8];
            ReadOnlySpan<byte> body = record.Slice(LogFormat.RecordHeaderSize, payload);
            if (!isReadable)
            {
                cancellation.ThrowIfCancellationRequested();
            }
            else if (kind is LogRecordKind.Commit or LogRecordKind.SequenceMark)
            {
                Lsn lsn = new(BinaryPrimitives.ReadUInt64LittleEndian(body));
                if (lsn <= last || lsn > Info.To)
                    throw Damaged(Info.Name, $"commit {lsn} follows {last}");
                last = lsn;
                cancellation.ThrowIfCancellationRequested();
            }
            else if (kind != LogRecordKind.Chunk)
            {
                throw new StorageException(
                    StorageErrorCode.NewerFormat, $"{Info.Name}: holds a record of kind {(int)kind}, which this engine does not know.") { File = Info.Name };
            }

            sink?.Invoke(kind, body);
            at += size;
            used += size;
            count++;
        }

        if (count != Info.Records || chain != Info.Chain)
            throw Damaged(Info.Name, $"{count} records are there, {Info.Records} were sealed");

        void Fill(int needed)
        {
            _buffer.AsSpan(used, have - used).CopyTo(_buffer);
            have -= used;
            used = 0;
            if (_buffer.Length < needed)
                Array.Resize(ref _buffer, Math.Max(needed, _buffer.Length * 2));
            int wanted = (int)Math.Min(_buffer.Length - have, end - at - have);
            int read = _file.ReadFull(at + have, _buffer.AsSpan(have, wanted));
            have += read;
            if (have < needed)
                throw Damaged(Info.Name, $"the file ends at {at + have}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Decrypt(
        DatabaseCipher? cipher, ref RecordCipher? records, byte encoding, Span<byte> record, int payload, uint chain, long at)
    {
        if (cipher is null)
            throw new StorageException(StorageErrorCode.KeyRequired, $"{Info.Name}: the log is encrypted. Give the key of the database.") { File = Info.Name };
        if (records is null || !records.IsFor(Info.FileId, Info.Session, encoding))
        {
            records?.Dispose();
            records = cipher.ForRecords(Info.FileId, Info.Session, encoding) ?? throw new StorageException(
                StorageErrorCode.WrongKey,
                $"{Info.Name}: the log was encrypted after the database's data was given a new key. Restore from a backup taken after that.") { File = Info.Name };
        }

        if (!records.TryDecrypt(record, payload, chain, at))
            throw Damaged(Info.Name, $"the record at {at} fails its authentication although its checksum is right: somebody without the key changed it");
    }

    private static LogSegmentInfo ReadInfo(IStorageFile file, string name)
    {
        byte[] header = new byte[LogSegment.HeaderSize];
        long length = file.Length;
        if (length < LogSegment.HeaderSize + LogSegment.SealSize || file.ReadFull(0, header) < header.Length ||
            BinaryPrimitives.ReadUInt64LittleEndian(header) != LogSegment.HeaderMagic)
        {
            throw Damaged(name, "it does not begin as a log segment does");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8)) != Crc32C.Append(0, header.AsSpan(12)))
            throw Damaged(name, "its header fails its checksum");
        if (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12)) > LogSegment.Version)
            throw new StorageException(StorageErrorCode.NewerFormat, $"{name}: the log segment is of a newer format. Use a newer release.") { File = name };
        byte[] seal = new byte[LogSegment.SealSize];
        if (file.ReadFull(length - seal.Length, seal) < seal.Length ||
            BinaryPrimitives.ReadUInt64LittleEndian(seal) != LogSegment.SealMagic ||
            BinaryPrimitives.ReadUInt32LittleEndian(seal.AsSpan(8)) != Crc32C.Append(0, seal.AsSpan(12)))
        {
            throw Damaged(name, "its seal is missing or fails its checksum");
        }

        LogSegmentInfo info = new()
        {
            Name = name,
            DatabaseId = new Guid(header.AsSpan(16, 16)),
            TimelineId = new Guid(header.AsSpan(32, 16)),
            FileId = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(48)),
            From = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(56))),
            Session = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(64)),
            To = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(seal.AsSpan(32))),
            Records = BinaryPrimitives.ReadInt64LittleEndian(seal.AsSpan(40)),
            Length = BinaryPrimitives.ReadInt64LittleEndian(seal.AsSpan(48)),
            LastUtcTicks = BinaryPrimitives.ReadInt64LittleEndian(seal.AsSpan(56)),
            Chain = BinaryPrimitives.ReadUInt32LittleEndian(seal.AsSpan(64)),
            EndUtcTicks = BinaryPrimitives.ReadInt64LittleEndian(seal.AsSpan(72)),
        };
        if (info.FileId != BinaryPrimitives.ReadUInt64LittleEndian(seal.AsSpan(16)) ||
            info.From.Value != BinaryPrimitives.ReadUInt64LittleEndian(seal.AsSpan(24)) || info.Length != length)
        {
            throw Damaged(name, "its seal belongs to another file");
        }

        return info;
    }

    private static StorageException Damaged(string name, string what) =>
        new(StorageErrorCode.Corruption, $"{name}: the log segment is damaged: {what}. Use another copy of the file, or another backup.") { File = name };
}
