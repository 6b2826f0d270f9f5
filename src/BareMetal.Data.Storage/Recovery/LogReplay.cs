using System.Buffers.Binary;
using BareMetal.Data.Storage.Commit;
using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Recovery;

/// <summary>The second pass: applies every commit after the checkpoint to the page store, in LSN order.</summary>
internal sealed class LogReplay
{
    private const int CommitsPerBatch = 256;

    private readonly ICommitTarget _target;
    private readonly Lsn _checkpoint;
    private readonly TreeId _sequenceTree;
    private readonly LogChunks _chunks;
    private readonly byte[] _key = new byte[8];
    private readonly byte[] _value = new byte[8];
    private readonly OpBuffer _ops = new();
    private Lsn _last;
    private int _inBatch;

    /// <summary>Prepares a replay.</summary>
    /// <param name="target">Where the commits are applied.</param>
    /// <param name="checkpoint">What the target holds already.</param>
    /// <param name="sequenceTree">The tree that keeps counters' marks.</param>
    /// <param name="openReader">Makes a reader of the same log, to read the chunks of a large commit.</param>
    public LogReplay(ICommitTarget target, Lsn checkpoint, TreeId sequenceTree, Func<LogReader> openReader)
    {
        _target = target;
        _checkpoint = checkpoint;
        _sequenceTree = sequenceTree;
        _chunks = new LogChunks(openReader);
        _last = checkpoint;
    }

    /// <summary>Commits applied.</summary>
    public long Commits { get; private set; }

    /// <summary>Operations applied.</summary>
    public long Operations { get; private set; }

    /// <summary>Replays the chain from where the reader was opened.</summary>
    public void Run(LogReader reader)
    {
        while (reader.NextGroup())
        {
            LogRecords records = new(reader.Records);
            while (records.Next())
            {
                switch (records.Kind)
                {
                    case LogRecordKind.Commit:
                        Commit(records.Payload);
                        break;
                    case LogRecordKind.Chunk:
                        _chunks.Note(records.Payload, reader.Point);
                        break;
                    case LogRecordKind.SequenceMark:
                        SequenceMark(records.Payload);
                        break;
                }
            }
        }

        EndBatch();
    }

    private void Commit(ReadOnlySpan<byte> payload)
    {
        LogCommit commit = LogCommit.Read(payload);
        if (commit.Lsn <= _checkpoint)
            return;
        if (commit.Lsn <= _last)
            throw Damaged($"commit {commit.Lsn} follows {_last}");
        Begin();
        if (commit.Transaction != 0)
            ApplyChunks(commit);
        _ops.Append(payload[LogFormat.CommitHeaderSize..]);
        ApplyOps(commit.Lsn);
        if (!_ops.IsEmpty)
            throw Damaged($"the operations of commit {commit.Lsn} are cut");
        _last = commit.Lsn;
        Commits++;
        if (++_inBatch == CommitsPerBatch)
            EndBatch();
    }

    private void ApplyChunks(LogCommit commit) => _chunks.Read(commit, (_, chunk) =>
    {
        _ops.Append(chunk[LogFormat.ChunkHeaderSize..]);
        ApplyOps(commit.Lsn);
    });

    private void ApplyOps(Lsn lsn)
    {
        while (_ops.Next(out WriteOp op))
        {
            _target.Apply(lsn, op);
            Operations++;
        }
    }

    private void SequenceMark(ReadOnlySpan<byte> payload)
    {
        LogSequenceMark mark = LogSequenceMark.Read(payload);
        if (mark.Lsn <= _checkpoint)
            return;
        Begin();
        BinaryPrimitives.WriteUInt64BigEndian(_key, mark.Sequence);
        BinaryPrimitives.WriteUInt64BigEndian(_value, mark.Value);
        _target.Apply(mark.Lsn, new WriteOp(WriteOpKind.Put, _sequenceTree, _key, _value));
        _last = mark.Lsn;
        Commits++;
        if (++_inBatch == CommitsPerBatch)
            EndBatch();
    }

    private void Begin()
    {
        if (_inBatch == 0)
            _target.Begin(direct: true);
    }

    private void EndBatch()
    {
        if (_inBatch == 0)
            return;
        _inBatch = 0;
        _target.Publish(_last);
        _target.AdvanceVisible(_last);
    }

    private static StorageException Damaged(string what) =>
        new(StorageErrorCode.Corruption, $"The log contradicts itself: {what}. Restore the database from a backup.");

    /// <summary>Operations that arrive in pieces.</summary>
    private sealed class OpBuffer
    {
        private byte[] _bytes = new byte[4096];
        private int _start;
        private int _end;

        public bool IsEmpty => _start == _end;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            if (_end + bytes.Length > _bytes.Length)
            {
                byte[] target = _end - _start + bytes.Length > _bytes.Length
                    ? new byte[Math.Max(_end - _start + bytes.Length, Math.Min(_bytes.Length * 2L, Array.MaxLength))]
                    : _bytes;
                Buffer.BlockCopy(_bytes, _start, target, 0, _end - _start);
                _end -= _start;
                _start = 0;
                _bytes = target;
            }

            bytes.CopyTo(_bytes.AsSpan(_end));
            _end += bytes.Length;
        }

        public bool Next(out WriteOp op)
        {
            int size = LogOps.Read(_bytes.AsSpan(_start, _end - _start), out op);
            if (size < 0)
                throw Damaged("a record holds an unknown operation");
            _start += size;
            return size > 0;
        }
    }
}
