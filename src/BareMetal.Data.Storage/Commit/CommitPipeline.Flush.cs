using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Commit;

/// <summary>The flushing side: one flusher at a time, and publication in LSN order.</summary>
internal sealed partial class CommitPipeline
{
    // Under the gate. A flush is due when a batch with a commit that asked for it is built, or when something else asked.
    private bool FlushIsDue => _stopped is null && (_flushAsked || _builtFull > _log.DurableLsn);

    private bool NotFlushing()
    {
        lock (_gate)
            return !_flushing || _stopped is not null;
    }

    private void AskFlusher()
    {
        lock (_gate)
        {
            if (_flushing || !FlushIsDue)
                return;
        }

        _flushWorker.Signal();
    }

    private bool TryBeginFlush()
    {
        lock (_gate)
        {
            if (_flushing || !FlushIsDue)
                return false;
            _flushing = true;
            return true;
        }
    }

    private void FlushStep()
    {
        while (TryBeginFlush())
            FlushOnce();
    }

    /// <summary>Writes all groups; flushes them when that is due. The caller set <see cref="_flushing"/>.</summary>
    private void FlushOnce()
    {
        bool flush;
        lock (_gate)
        {
            if (_stopped is not null)
            {
                _flushing = false;
                return;
            }

            _log.TakeGroups(_groups);
            flush = FlushIsDue;
            _flushAsked = false;
        }

        try
        {
            foreach (LogGroup group in _groups)
                _log.Write(group);
            if (flush)
                _log.Flush(FlushSite.LogGroup);
        }
        catch (Exception e)
        {
            // Whether anything reached the storage is not known, and asking again would not tell: nothing is flushed after this.
            Stop(e);
        }

        bool more;
        lock (_gate)
        {
            _log.ReleaseGroups(_groups);
            _flushing = false;
            more = FlushIsDue;
        }

        _roomEvent.Set();
        PublishDurable();
        if (more)
            _flushWorker.Signal();
    }

    /// <summary>Makes whole batches visible, as far as what they wait for is durable, and completes their commits.</summary>
    private void PublishDurable()
    {
        lock (_publishLock)
        {
            CommitTicket? first;
            Lsn end = Lsn.Zero;
            lock (_gate)
            {
                if (_stopped is not null)
                    return;
                while (_batches.TryPeek(out BatchEnd batch) && batch.LastFull <= _log.DurableLsn)
                    end = _batches.Dequeue().End;
                if (end == Lsn.Zero)
                    return;
                first = _waitHead;
                CommitTicket? last = null;
                for (CommitTicket? t = first; t is not null && t.Lsn <= end; t = t.Next)
                    last = t;
                if (last is null)
                {
                    first = null;
                }
                else
                {
                    _waitHead = last.Next;
                    if (_waitHead is null)
                        _waitTail = null;
                    last.Next = null;
                }
            }

            try
            {
                for (CommitTicket? t = first; t is not null; t = t.Next)
                    t.Request?.BeforeVisible(t.Lsn);
                _target.AdvanceVisible(end);
                lock (_gate)
                    _visible = end;
                for (CommitTicket? t = first; t is not null; t = t.Next)
                    t.Request?.Committed(t.Lsn);
            }
            catch (Exception e)
            {
                Stop(e);
                for (CommitTicket? t = first; t is not null;)
                {
                    CommitTicket ticket = t;
                    t = ticket.Next;
                    ticket.Complete(
                        Lsn.Zero,
                        new StorageException(StorageErrorCode.CommitOutcomeUnknown, $"Publishing commit {ticket.Lsn} failed: {e.Message}", e),
                        _scheduler);
                }

                return;
            }

            for (CommitTicket? t = first; t is not null;)
            {
                CommitTicket ticket = t;
                t = ticket.Next; // before completion, which may hand the ticket to another caller
                ticket.Complete(ticket.Lsn, null, _scheduler);
            }
        }
    }

    private void ExtentStep()
    {
        try
        {
            _log.PrepareExtent(mayUseReserve: false, _gate);
        }
        catch (StorageException)
        {
            // Only a preparation ahead of need: the writer that needs the extent tries again and gets the error.
            return;
        }

    }

    private void OnNormalTimer(object? state)
    {
        lock (_gate)
        {
            _timerRunning = false;
            if (_stopped is not null || _lastNormal <= _log.DurableLsn)
                return;
            _flushAsked = true;
        }

        _flushWorker.Signal();
    }
}
