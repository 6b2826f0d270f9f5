using System.Buffers.Binary;
using System.Diagnostics;

namespace BareMetal.Data.Storage.Log;

/// <summary>What stands between a writer and space in the log.</summary>
internal enum LogRoom
{
    /// <summary>Nothing: the record fits.</summary>
    Ready,

    /// <summary>All buffers wait to be written out.</summary>
    NeedBuffer,

    /// <summary>The next extent is not prepared.</summary>
    NeedExtent,
}

/// <summary>
/// The writing end of the log. Appending (to a buffer) and taking sealed groups happen under the caller's gate and never touch
/// storage; <see cref="Write"/>, <see cref="Flush"/> are called by one flusher at a time, <see cref="PrepareExtent"/> by whoever needs it.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    /// <summary>Bytes of the payload of <see cref="AppendMark"/>.</summary>
    public const int MarkSize = 16;

    private readonly StorageEnvironment _environment;
    private readonly LogSettings _settings;
    private readonly Guid _databaseId;
    private readonly Guid _timelineId;
    private readonly ulong _session;
    private readonly Stack<LogGroup> _free = [];
    private readonly Queue<LogGroup> _sealed = [];
    private readonly List<LogExtent> _unflushed = [];
    private LogExtent _extent;
    private LogExtent? _prepared;
    private LogGroup? _open;
    private long _offset;
    private uint _chain;
    private int _buffers;
    private Lsn _written;
    private LogPosition _writtenEnd;
    private LogPoint _writtenPoint;
    private Encryption.RecordCipher? _records;

    private LogWriter(
        LogExtents extents, StorageEnvironment environment, LogSettings settings, Guid databaseId, Guid timelineId,
        LogExtent extent, long offset, uint chain)
    {
        Extents = extents;
        _environment = environment;
        _settings = settings;
        _databaseId = databaseId;
        _timelineId = timelineId;
        _session = environment.NextRandom();
        _extent = extent;
        _offset = offset;
        _chain = chain;
    }

    /// <summary>The files.</summary>
    public LogExtents Extents { get; }

    /// <summary>Sizes.</summary>
    public LogSettings Settings => _settings;

    /// <summary>The LSN known durable.</summary>
    public Lsn DurableLsn { get; private set; }

    /// <summary>The end of the log known durable.</summary>
    public LogPosition DurableEnd { get; private set; }

    /// <summary>The last group known durable: where replay begins after a checkpoint at <see cref="DurableLsn"/>.</summary>
    public LogPoint DurablePoint { get; private set; }

    /// <summary>Bytes that the log has taken since it was opened: records, and what the groups that are closed were filled up with.</summary>
    public long AppendedBytes { get; private set; }

    /// <summary>Whether anything is not yet written out.</summary>
    public bool HasUnwritten => _sealed.Count > 0 || _open is { IsEmpty: false };

    /// <summary>Whether everything written is flushed. While nobody flushes.</summary>
    public bool IsFlushed => _unflushed.Count == 0;

    /// <summary>Whether half of the current extent is used and the next one should be prepared.</summary>
    public bool WantsExtent => _prepared is null && _offset > _extent.Size / 2;

    /// <summary>Where the group being filled starts, for fences. Valid after <see cref="TryReserve"/>.</summary>
    public LogPoint OpenPoint => _open!.Point;

    /// <summary>Begins a chain in a fresh extent, with a record that says so; not flushed.</summary>
    public static LogWriter Begin(
        LogExtents extents, StorageEnvironment environment, LogSettings settings, Guid databaseId, Guid timelineId,
        ulong number, Lsn lsn, FlushSite directory)
    {
        LogExtent extent;
        lock (extents.Gate)
            extent = extents.Prepare(number, mayUseReserve: true, zeros: null, directory);
        extent.Epoch = environment.NextRandom();
        LogWriter writer = new(extents, environment, settings, databaseId, timelineId, extent, LogFormat.ExtentHeaderSize, 0);
        extent.PendingHeader = writer.HeaderOf(extent, 0, 0, 0);
        writer.AppendMark(LogRecordKind.Begin, lsn, environment.Clock.GetUtcNow().UtcTicks);
        return writer;
    }

    /// <summary>Continues a chain after its clean end.</summary>
    /// <param name="extents">The files; the current extent is among the live ones.</param>
    /// <param name="environment">Time and randomness.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="databaseId">The database.</param>
    /// <param name="timelineId">Its timeline.</param>
    /// <param name="extent">The last extent.</param>
    /// <param name="point">The last group.</param>
    /// <param name="end">Its end.</param>
    /// <param name="chain">The chain value after it.</param>
    /// <param name="isLast">Whether it was the extent's last.</param>
    /// <param name="lsn">The last LSN.</param>
    /// <param name="prepared">The next extent, when it was prepared before the close.</param>
    public static LogWriter Continue(
        LogExtents extents, StorageEnvironment environment, LogSettings settings, Guid databaseId, Guid timelineId,
        LogExtent extent, LogPoint point, LogPosition end, uint chain, bool isLast, Lsn lsn, LogExtent? prepared) =>
        new(extents, environment, settings, databaseId, timelineId, extent, isLast ? extent.Size : end.Offset, chain)
        {
            DurableLsn = lsn,
            DurableEnd = end,
            DurablePoint = point,
            _written = lsn,
            _writtenEnd = end,
            _writtenPoint = point,
            _prepared = prepared,
        };

    /// <summary>Makes room for one record in the group being filled. Under the gate.</summary>
    /// <param name="payload">Bytes of its payload, at most <see cref="LogSettings.MaxPayload"/>.</param>
    public LogRoom TryReserve(int payload)
    {
        Debug.Assert(payload <= _settings.MaxPayload);
        int size = LogFormat.RecordSize(payload);
        if (_open is not null)
        {
            if (_open.Length + size <= _open.Capacity)
                return FillsExtent(_open.Offset + _open.Length + size) ? LogRoom.NeedExtent : LogRoom.Ready;
            SealOpen();
        }

        if (_free.Count == 0 && _buffers == 2)
            return LogRoom.NeedBuffer;
        if (_extent.Size - _offset < _settings.MinGroupBytes)
        {
            if (_prepared is null)
                return LogRoom.NeedExtent;
            LogExtent previous = _extent;
            _extent = _prepared;
            _prepared = null;
            _extent.Epoch = _environment.NextRandom();
            _extent.PendingHeader = HeaderOf(_extent, previous.Number, previous.Epoch, _chain);
            _offset = LogFormat.ExtentHeaderSize;
        }
        else if (FillsExtent(_offset + LogFormat.GroupHeaderSize + size))
        {
            return LogRoom.NeedExtent;
        }

        if (!_free.TryPop(out _open))
        {
            _open = new LogGroup(_settings.GroupBytes);
            _buffers++;
        }

        _open.Begin(_extent, _offset, _chain, _session);
        _open.Encoding = ChooseCipher();
        Debug.Assert(_open.Capacity >= LogFormat.GroupHeaderSize + size);
        return LogRoom.Ready;
    }

    /// <summary>Space for the payload of a record for which room was made. Under the gate, like everything until <see cref="EndRecord"/>.</summary>
    public Span<byte> BeginRecord(int payload) => _open!.Buffer.AsSpan(_open.Length + LogFormat.RecordHeaderSize, payload);

    /// <summary>Completes the record.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="payload">Bytes of its payload.</param>
    /// <param name="lsn">The LSN that it carries; zero for none.</param>
    public void EndRecord(LogRecordKind kind, int payload, Lsn lsn)
    {
        LogGroup group = _open!;
        int size = LogFormat.RecordSize(payload);
        group.Chain = LogFormat.FinishRecord(group.Buffer.AsSpan(group.Length, size), kind, payload, group.Chain, _records, group.Offset + group.Length);
        group.Length += size;
        AppendedBytes += size;
        if (lsn > group.LastLsn)
            group.LastLsn = lsn;
    }

    /// <summary>Appends a record of an LSN and a time. The caller made room, or nothing else has been appended yet.</summary>
    public void AppendMark(LogRecordKind kind, Lsn lsn, long utcTicks)
    {
        LogRoom room = TryReserve(MarkSize);
        Debug.Assert(room == LogRoom.Ready);
        Span<byte> payload = BeginRecord(MarkSize);
        BinaryPrimitives.WriteUInt64LittleEndian(payload, lsn.Value);
        BinaryPrimitives.WriteInt64LittleEndian(payload[8..], utcTicks);
        EndRecord(kind, MarkSize, lsn);
    }

    /// <summary>Takes all groups that have records, to be written in order. Under the gate.</summary>
    public void TakeGroups(List<LogGroup> groups)
    {
        if (_open is { IsEmpty: false })
            SealOpen();
        while (_sealed.TryDequeue(out LogGroup? group))
            groups.Add(group);
    }

    /// <summary>Gives written groups' buffers back. Under the gate.</summary>
    public void ReleaseGroups(List<LogGroup> groups)
    {
        foreach (LogGroup group in groups)
            _free.Push(group);
        groups.Clear();
    }

    /// <summary>Writes a group to its extent. By the flusher only.</summary>
    public void Write(LogGroup group)
    {
        LogExtent extent = group.Extent;
        if (!extent.IsUnflushed)
        {
            extent.IsUnflushed = true;
            _unflushed.Add(extent);
        }

        if (extent.PendingHeader is { } header)
        {
            byte[] block = new byte[LogFormat.ExtentHeaderSize];
            (header with { Durable = DurableLsn, DurableEnd = DurableEnd }).Write(block);
            extent.Write(0, block);
            extent.PendingHeader = null;
        }

        new LogGroupHeader
        {
            Epoch = extent.Epoch,
            Durable = DurableLsn,
            DurableEnd = DurableEnd,
            ChainBefore = group.ChainBefore,
            ChainAfter = group.Chain,
            Length = group.Length,
            Session = _session,
            Encoding = group.Encoding,
            Flags = group.IsLast ? LogFormat.LastGroupFlag : (byte)0,
        }.Write(group.Buffer);
        int padded = (int)LogFormat.AlignGroup(group.Length);
        group.Buffer.AsSpan(group.Length, padded - group.Length).Clear();
        extent.Write(group.Offset, group.Buffer.AsSpan(0, padded));
        if (group.LastLsn > _written)
            _written = group.LastLsn;
        _writtenEnd = group.End;
        _writtenPoint = group.Point;
    }

    /// <summary>Makes everything written durable. By the flusher only.</summary>
    public void Flush(FlushSite site)
    {
        foreach (LogExtent extent in _unflushed)
        {
            extent.Flush(_environment, site);
            extent.IsUnflushed = false;
        }

        _unflushed.Clear();
        DurableLsn = _written;
        DurableEnd = _writtenEnd;
        DurablePoint = _writtenPoint;
    }

    /// <summary>Prepares the next extent if that is not done. Waits for storage; not under the gate.</summary>
    /// <param name="mayUseReserve">Whether the reserve may be used when there is no space.</param>
    /// <param name="gate">The gate, taken to publish the extent.</param>
    public void PrepareExtent(bool mayUseReserve, Lock gate)
    {
        lock (Extents.Gate)
        {
            ulong number;
            lock (gate)
            {
                if (_prepared is not null)
                    return;
                number = _extent.Number + 1;
            }

            LogExtent extent = Extents.Prepare(number, mayUseReserve, FlushSite.LogExtent, FlushSite.LogDirectory);
            lock (gate)
                _prepared = extent;
        }
    }

    /// <summary>Writes out and flushes everything appended. For creation, recovery and close, when there is no other flusher.</summary>
    public void WriteOut(FlushSite site)
    {
        List<LogGroup> groups = [];
        TakeGroups(groups);
        foreach (LogGroup group in groups)
            Write(group);
        ReleaseGroups(groups);
        Flush(site);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _records?.Dispose();
        Extents.Dispose();
    }

    /// <summary>The cipher of the group being begun: one for each use of an extent and data key.</summary>
    /// <returns>The group's encoding.</returns>
    private byte ChooseCipher()
    {
        if (Extents.Cipher is not { } cipher)
            return 0;
        byte encoding = (byte)(Encryption.PageSealing.EncryptedBit | (cipher.CurrentKey << Encryption.PageSealing.KeyShift));
        if (_records is null || !_records.IsFor(_extent.Epoch, _session, encoding))
        {
            _records?.Dispose();
            _records = cipher.ForRecords(_extent.Epoch, _session);
        }

        return _records!.Encoding;
    }

    // The group that says "the next one is in the next extent" must not become durable before that extent exists:
    // a missing extent is then a lost one, not one that was never made.
    private bool FillsExtent(long end) => _prepared is null && _extent.Size - LogFormat.AlignGroup(end) < _settings.MinGroupBytes;

    private void SealOpen()
    {
        LogGroup group = _open!;
        _open = null;
        _chain = group.Chain;
        _offset = group.Offset + LogFormat.AlignGroup(group.Length);
        AppendedBytes += LogFormat.GroupHeaderSize + LogFormat.AlignGroup(group.Length) - group.Length;
        group.IsLast = _extent.Size - _offset < _settings.MinGroupBytes;
        Debug.Assert(!group.IsLast || _prepared is not null);
        _sealed.Enqueue(group);
    }

    private LogExtentHeader HeaderOf(LogExtent extent, ulong previous, ulong previousEpoch, uint previousChain) => new()
    {
        DatabaseId = _databaseId,
        TimelineId = _timelineId,
        Number = extent.Number,
        Epoch = extent.Epoch,
        Size = extent.Size,
        Previous = previous,
        PreviousEpoch = previousEpoch,
        PreviousChain = previousChain,
    };
}
