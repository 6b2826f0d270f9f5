using System.Buffers.Binary;
using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Commit;

/// <summary>The building side: one builder at a time works off the queue.</summary>
internal sealed partial class CommitPipeline
{
    private void BuildStep()
    {
        Build();
        AskFlusher();
    }

    /// <summary>Works off the queue. The caller has set <see cref="_building"/>, and hands it on or clears it.</summary>
    private void Build()
    {
        for (int round = 0; ; round++)
        {
            CommitTicket? list;
            lock (_queueLock)
            {
                list = _queueHead;
                if (list is null)
                {
                    _building = false;
                    return;
                }

                if (round < RoundsBeforeHandOver)
                    _queueHead = _queueTail = null;
            }

            if (round > 0)
                AskFlusher(); // what is built need not wait for what is built next
            if (round == RoundsBeforeHandOver)
            {
                // A caller should not build for others without end.
                _buildWorker.Signal();
                return;
            }

            BuildList(list);
        }
    }

    private void BuildList(CommitTicket list)
    {
        int count = 0;
        for (CommitTicket? next = list; next is not null;)
        {
            CommitTicket ticket = next;
            next = ticket.Next;
            ticket.Next = null;
            if (ticket.Kind == TicketKind.Exclusive)
            {
                EndBatch();
                RunWork(ticket);
                continue;
            }

            if (count++ % MaxBatch == 0)
                EndBatch();
            BuildOne(ticket);
        }

        EndBatch();
        bool wantsExtent;
        lock (_gate)
            wantsExtent = _log.WantsExtent && _stopped is null;
        if (wantsExtent)
            _extentWorker.Signal();
        BatchBuilt?.Invoke(_log.AppendedBytes);
    }

    private void RunWork(CommitTicket ticket)
    {
        Exception? error = null;
        try
        {
            ticket.Work!();
        }
        catch (Exception e)
        {
            error = e;
        }

        ticket.Complete(Lsn.Zero, error, _scheduler);
    }

    /// <summary>Builds one commit. What fails before its LSN is the commit's own failure; what fails after stops the database.</summary>
    private void BuildOne(CommitTicket ticket)
    {
        bool taken = false;
        try
        {
            lock (_gate)
                ThrowIfStopped();
            ticket.Cancellation.ThrowIfCancellationRequested();
            if (ticket.Kind == TicketKind.Sequence)
                BuildSequence(ticket, ref taken);
            else
                BuildCommit(ticket, ref taken);
        }
        catch (Exception e) when (!taken)
        {
            Forget();
            ticket.Complete(Lsn.Zero, e, _scheduler);
        }
        catch (Exception e)
        {
            // The ticket waits with the others and is told that its outcome is not known.
            _batchOpen = false;
            Stop(e);
            if (ticket.Kind == TicketKind.Sequence)
                ticket.Complete(Lsn.Zero, StoppedError(e), _scheduler);
        }
    }

    private void BuildCommit(CommitTicket ticket, ref bool taken)
    {
        ICommitRequest request = ticket.Request!;
        if (request.NeedsValidation)
            EndBatch(); // so that it sees everything built before it
        request.Validate();
        if (_log.Extents.InEmergency && !request.OnlyFreesSpace)
        {
            throw new StorageException(
                StorageErrorCode.DiskFull,
                "The log is in its reserve, since no space is left: only deletes are accepted until a checkpoint has freed some. Free space and try again.");
        }

        if (TryPrepare(request, out long size))
            LogAndApply(ticket, request, size, ref taken);
        else
            ApplyAndLog(ticket, request, ref taken);
    }

    /// <summary>Prepares all operations of a commit and adds up what they take in the log.</summary>
    private bool TryPrepare(ICommitRequest request, out long size)
    {
        BeginBatch(direct: false);
        size = 0;
        request.Reset();
        while (request.ReadNextWrite(out WriteOp op))
        {
            size += LogOps.Size(op);
            if (op.Kind is not (WriteOpKind.Put or WriteOpKind.Delete or WriteOpKind.PutCompressed) || size > _log.Settings.MaxPayload - LogFormat.CommitHeaderSize || !_target.Prepare(op))
            {
                _target.AbandonPrepared();
                EndBatch();
                return false;
            }
        }

        return true;
    }

    /// <summary>The usual commit: one record, then changes that can't fail.</summary>
    private void LogAndApply(CommitTicket ticket, ICommitRequest request, long size, ref bool taken)
    {
        int payload = LogFormat.CommitHeaderSize + (int)size;
        while (true)
        {
            LogRoom room;
            lock (_gate)
            {
                ThrowIfStopped();
                room = _log.TryReserve(payload);
                if (room == LogRoom.Ready)
                {
                    AppendCommit(ticket, request, payload, ref taken);
                    break;
                }
            }

            MakeRoom(room, request.OnlyFreesSpace);
        }

        request.Reset();
        while (request.ReadNextWrite(out WriteOp op))
            _target.Apply(ticket.Lsn, op);
        _batchLast = ticket.Lsn;
        if (ticket.Durability == Durability.Full)
            _batchLastFull = ticket.Lsn;
    }

    /// <summary>A commit too large or too unusual to prepare: chunks first, then changes that may fail, the record last.</summary>
    private void ApplyAndLog(CommitTicket ticket, ICommitRequest request, ref bool taken)
    {
        EndBatch();
        ulong transaction = ++_nextTransaction;
        uint chunks = 0;
        byte[] record = new byte[_log.Settings.MaxPayload];
        int used = LogFormat.ChunkHeaderSize;
        try
        {
            request.Reset();
            while (request.ReadNextWrite(out WriteOp op))
                used = AppendOp(record, used, op, transaction, ref chunks, request.OnlyFreesSpace);
            if (chunks > 0 && used > LogFormat.ChunkHeaderSize)
            {
                AppendChunk(record, used, transaction, chunks++, request.OnlyFreesSpace);
                used = LogFormat.ChunkHeaderSize;
            }

            BeginBatch(direct: true);
            Lsn lsn;
            lock (_gate)
                lsn = _lastLsn.Next();
            request.Reset();
            while (request.ReadNextWrite(out WriteOp op))
                _target.Apply(lsn, op);

            int ops = used - LogFormat.ChunkHeaderSize;
            int payload = LogFormat.CommitHeaderSize + ops;
            while (true)
            {
                LogRoom room;
                lock (_gate)
                {
                    ThrowIfStopped();
                    room = _log.TryReserve(payload);
                    if (room == LogRoom.Ready)
                    {
                        taken = true;
                        Span<byte> target = _log.BeginRecord(payload);
                        record.AsSpan(LogFormat.ChunkHeaderSize, ops).CopyTo(target[LogFormat.CommitHeaderSize..]);
                        FinishCommit(ticket, target, payload, chunks > 0 ? transaction : 0, chunks);
                        if (_chunkFences.TryGetValue(transaction, out ChunkFence fence))
                            _chunkFences[transaction] = fence with { Lsn = lsn };
                        break;
                    }
                }

                MakeRoom(room, request.OnlyFreesSpace);
            }
        }
        catch when (!taken)
        {
            lock (_gate)
                _chunkFences.Remove(transaction);
            throw;
        }

        _batchLast = ticket.Lsn;
        if (ticket.Durability == Durability.Full)
            _batchLastFull = ticket.Lsn;
        EndBatch();
    }

    private void BuildSequence(CommitTicket ticket, ref bool taken)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_sequenceKey, ticket.Sequence);
        BinaryPrimitives.WriteUInt64BigEndian(_sequenceBytes, ticket.SequenceValue);
        WriteOp op = new(WriteOpKind.Put, _sequenceTree, _sequenceKey, _sequenceBytes);
        BeginBatch(direct: false);
        bool prepared = _target.Prepare(op);
        if (!prepared)
        {
            _target.AbandonPrepared();
            EndBatch();
            BeginBatch(direct: true);
            Lsn lsn;
            lock (_gate)
                lsn = _lastLsn.Next();
            _target.Apply(lsn, op);
        }

        while (true)
        {
            LogRoom room;
            lock (_gate)
            {
                ThrowIfStopped();
                room = _log.TryReserve(LogSequenceMark.Size);
                if (room == LogRoom.Ready)
                {
                    taken = true;
                    TakeLsn(ticket);
                    new LogSequenceMark(ticket.Lsn, _environment.Clock.GetUtcNow().UtcTicks, ticket.Sequence, ticket.SequenceValue)
                        .Write(_log.BeginRecord(LogSequenceMark.Size));
                    _log.EndRecord(LogRecordKind.SequenceMark, LogSequenceMark.Size, ticket.Lsn);
                    break;
                }
            }

            MakeRoom(room, mayUseReserve: true);
        }

        if (prepared)
            _target.Apply(ticket.Lsn, op);
        _batchLast = ticket.Lsn;
        if (!prepared)
            EndBatch();

        // Nobody waits for it to be visible: whatever uses the numbers follows it in the log.
        ticket.Complete(ticket.Lsn, null, _scheduler);
    }

    /// <summary>Adds an operation to the chunk being filled, writing chunks as they fill up.</summary>
    /// <returns>The bytes used in the chunk.</returns>
    private int AppendOp(byte[] record, int used, in WriteOp op, ulong transaction, ref uint chunks, bool mayUseReserve)
    {
        Span<byte> head = stackalloc byte[LogOps.MaxOverhead];
        int length = LogOps.WriteHead(head, op);
        used = AppendBytes(record, used, head[..length], transaction, ref chunks, mayUseReserve);
        used = AppendBytes(record, used, op.Key, transaction, ref chunks, mayUseReserve);
        if (op.Kind is WriteOpKind.Put or WriteOpKind.PutCompressed)
        {
            length = LogOps.WriteNumber(head, (ulong)op.Value.Length);
            used = AppendBytes(record, used, head[..length], transaction, ref chunks, mayUseReserve);
            used = AppendBytes(record, used, op.Value, transaction, ref chunks, mayUseReserve);
        }

        return used;
    }

    private int AppendBytes(byte[] record, int used, scoped ReadOnlySpan<byte> bytes, ulong transaction, ref uint chunks, bool mayUseReserve)
    {
        // The last chunk's bytes may go into the commit record instead, whose head is larger.
        int limit = record.Length - (LogFormat.CommitHeaderSize - LogFormat.ChunkHeaderSize);
        while (!bytes.IsEmpty)
        {
            if (used == limit)
            {
                AppendChunk(record, used, transaction, chunks++, mayUseReserve);
                used = LogFormat.ChunkHeaderSize;
            }

            int part = Math.Min(bytes.Length, limit - used);
            bytes[..part].CopyTo(record.AsSpan(used));
            used += part;
            bytes = bytes[part..];
        }

        return used;
    }

    private void AppendChunk(byte[] record, int used, ulong transaction, uint index, bool mayUseReserve)
    {
        new LogChunk(transaction, index).Write(record);
        while (true)
        {
            LogRoom room;
            lock (_gate)
            {
                ThrowIfStopped();
                room = _log.TryReserve(used);
                if (room == LogRoom.Ready)
                {
                    record.AsSpan(0, used).CopyTo(_log.BeginRecord(used));
                    _log.EndRecord(LogRecordKind.Chunk, used, Lsn.Zero);
                    _chunkFences.TryAdd(transaction, new ChunkFence(_log.OpenPoint, Lsn.Max));
                    return;
                }
            }

            MakeRoom(room, mayUseReserve);
        }
    }

    // Under the gate, with room made.
    private void AppendCommit(CommitTicket ticket, ICommitRequest request, int payload, ref bool taken)
    {
        Span<byte> target = _log.BeginRecord(payload);
        int at = LogFormat.CommitHeaderSize;
        request.Reset();
        while (request.ReadNextWrite(out WriteOp op))
            at += LogOps.Write(target[at..], op);
        if (at != payload)
            throw new InvalidOperationException($"A commit gave {at} bytes of operations after it had announced {payload}.");
        taken = true;
        FinishCommit(ticket, target, payload, transaction: 0, chunks: 0);
    }

    private void FinishCommit(CommitTicket ticket, Span<byte> target, int payload, ulong transaction, uint chunks)
    {
        TakeLsn(ticket);
        new LogCommit(ticket.Lsn, _environment.Clock.GetUtcNow().UtcTicks, transaction, chunks).Write(target);
        _log.EndRecord(LogRecordKind.Commit, payload, ticket.Lsn);
        if (_waitTail is null)
            _waitHead = ticket;
        else
            _waitTail.Next = ticket;
        _waitTail = ticket;
        if (ticket.Durability == Durability.Normal)
        {
            _lastNormal = ticket.Lsn;
            if (!_timerRunning)
            {
                _timerRunning = true;
                _normalTimer ??= _environment.Clock.CreateTimer(OnNormalTimer, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _normalTimer.Change(NormalDelay, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void TakeLsn(CommitTicket ticket)
    {
        _lastLsn = _lastLsn.Next();
        _lastLogged = _lastLsn;
        ticket.Lsn = _lastLsn;
    }

    private void BeginBatch(bool direct)
    {
        if (_batchOpen && (_batchDirect || direct))
            EndBatch();
        if (_batchOpen)
            return;
        _target.Begin(direct);
        _batchOpen = true;
        _batchDirect = direct;
        _batchLast = Lsn.Zero;
        _batchLastFull = Lsn.Zero;
    }

    /// <summary>Ends the open batch, so that its commits may become visible.</summary>
    private void EndBatch()
    {
        if (!_batchOpen)
            return;
        _batchOpen = false;
        if (_batchLast == Lsn.Zero)
        {
            _target.Rollback();
            return;
        }

        try
        {
            _target.Publish(_batchLast);
        }
        catch (Exception e)
        {
            Stop(e);
            return;
        }

        lock (_gate)
        {
            _built = _batchLast;
            if (_batchLastFull > _builtFull)
                _builtFull = _batchLastFull;
            if (_stopped is null)
                _batches.Enqueue(new BatchEnd(_batchLast, _batchLastFull));
        }

        PublishDurable();
    }

    /// <summary>A commit failed before its LSN: nothing of it stays in the open batch.</summary>
    private void Forget()
    {
        if (!_batchOpen)
            return;
        if (_batchDirect)
        {
            _batchOpen = false;
            _target.Rollback();
        }
        else
        {
            _target.AbandonPrepared();
        }
    }

    /// <summary>Waits for space in the log, or makes it. May fail: no LSN has been taken.</summary>
    private void MakeRoom(LogRoom room, bool mayUseReserve)
    {
        if (room == LogRoom.NeedExtent)
        {
            _log.PrepareExtent(mayUseReserve, _gate);
            return;
        }

        bool mine;
        lock (_gate)
        {
            mine = !_flushing && _stopped is null;
            if (mine)
                _flushing = true;
        }

        if (mine)
            FlushOnce();
        else
            _scheduler.WaitUntil(NotFlushing, _roomEvent);
    }
}
