using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;

namespace BareMetal.Data.Storage.Backup;

/// <summary>A chain of the log beside a data file that is being restored: what the next opening replays. Chunks are cut anew to fit it.</summary>
internal sealed class RestoreLog : IDisposable
{
    private readonly IStorageProvider _provider;
    private readonly DatabaseFiles _files;
    private readonly DataFile _data;
    private readonly LogExtents _extents;
    private readonly LogWriter _log;
    private readonly LogPoint _start;
    private readonly List<ulong> _old;
    private readonly List<LogGroup> _groups = [];
    private readonly Lock _gate = new();
    private readonly int _largest;
    private readonly byte[] _chunk;
    private ulong _transaction;
    private uint _chunks;

    public RestoreLog(IStorageProvider provider, DatabaseFiles files, StorageEnvironment environment, DatabaseSettings settings)
    {
        _provider = provider;
        _files = files;
        _largest = settings.Log.MaxPayload;
        _chunk = new byte[_largest];
        _data = DataFile.Open(provider, files.Data, environment, settings.Key);
        _extents = new LogExtents(provider, files, environment, settings.Log) { Cipher = _data.Cipher };
        try
        {
            _old = files.ListExtents(provider);
            DatabaseHeader header = _data.Header;
            _log = LogWriter.Begin(
                _extents, environment, settings.Log, header.DatabaseId, header.TimelineId, _old.Count == 0 ? 1 : _old[^1] + 1, header.CheckpointLsn,
                FlushSite.RecoveredDirectory);
            _start = _log.OpenPoint;
            _transaction = environment.NextRandom() | 1;
        }
        catch
        {
            _extents.Dispose();
            _data.Dispose();
            throw;
        }
    }

    /// <summary>Bytes appended.</summary>
    public long Bytes => _log.AppendedBytes;

    /// <summary>Adds a part of the operations of the commit that follows.</summary>
    public void AppendChunk(ReadOnlySpan<byte> payload) => AppendOps(payload[LogFormat.ChunkHeaderSize..]);

    /// <summary>The commit of the chunks so far is not wanted.</summary>
    public void ForgetChunks()
    {
        _transaction++;
        _chunks = 0;
    }

    /// <summary>Adds a commit.</summary>
    public void AppendCommit(ReadOnlySpan<byte> payload)
    {
        LogCommit commit = LogCommit.Read(payload);
        ReadOnlySpan<byte> ops = payload[LogFormat.CommitHeaderSize..];
        if (payload.Length > _largest)
        {
            AppendOps(ops);
            ops = default;
        }

        int length = LogFormat.CommitHeaderSize + ops.Length;
        Reserve(length);
        Span<byte> target = _log.BeginRecord(length);
        (commit with { Transaction = _chunks > 0 ? _transaction : 0, Chunks = _chunks }).Write(target);
        ops.CopyTo(target[LogFormat.CommitHeaderSize..]);
        _log.EndRecord(LogRecordKind.Commit, length, commit.Lsn);
        ForgetChunks();
    }

    /// <summary>Adds a counter's mark.</summary>
    public void AppendMark(ReadOnlySpan<byte> payload, Lsn lsn)
    {
        Reserve(payload.Length);
        payload.CopyTo(_log.BeginRecord(payload.Length));
        _log.EndRecord(LogRecordKind.SequenceMark, payload.Length, lsn);
    }

    /// <summary>Makes the chain durable and lets the data file's header point to it; what was there before goes.</summary>
    public void Complete()
    {
        _log.WriteOut(FlushSite.RecoveredLog);
        _data.WriteHeader(_data.Header with { LogStart = _start, IsClean = false }, FlushSite.RecoveredHeader);
        foreach (ulong number in _old)
            _provider.Delete(_files.Extent(number));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _log.Dispose();
        _data.Dispose();
    }

    private void AppendOps(ReadOnlySpan<byte> ops)
    {
        while (!ops.IsEmpty)
        {
            int part = Math.Min(ops.Length, _largest - LogFormat.ChunkHeaderSize);
            new LogChunk(_transaction, _chunks++).Write(_chunk);
            ops[..part].CopyTo(_chunk.AsSpan(LogFormat.ChunkHeaderSize));
            int length = LogFormat.ChunkHeaderSize + part;
            Reserve(length);
            _chunk.AsSpan(0, length).CopyTo(_log.BeginRecord(length));
            _log.EndRecord(LogRecordKind.Chunk, length, Lsn.Zero);
            ops = ops[part..];
        }
    }

    private void Reserve(int payload)
    {
        while (true)
        {
            switch (_log.TryReserve(payload))
            {
                case LogRoom.Ready:
                    return;
                case LogRoom.NeedExtent:
                    _log.PrepareExtent(mayUseReserve: false, _gate);
                    break;
                default:
                    _log.TakeGroups(_groups);
                    foreach (LogGroup group in _groups)
                        _log.Write(group);
                    _log.ReleaseGroups(_groups);
                    break;
            }
        }
    }
}
