using System.Diagnostics;
using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Commit;

/// <summary>
/// Takes commits through their stations: validate and prepare (may fail) → LSN → log buffer → page images → one flush for all that wait
/// → visible → complete. One builder at a time works off the queue (whichever caller finds it idle), one flusher at a time writes
/// the log; while a group is being flushed the next one is built.
/// </summary>
/// <remarks>
/// Locks, in the order in which they may be nested: publish → gate; extents → gate; the queue's lock alone.
/// </remarks>
internal sealed partial class CommitPipeline : IDisposable
{
    private const int MaxBatch = 512;
    private const int MaxPooled = 1024;
    private const int RoundsBeforeHandOver = 16;
    private static readonly TimeSpan NormalDelay = TimeSpan.FromMilliseconds(20);

    private readonly ICommitTarget _target;
    private readonly LogWriter _log;
    private readonly StorageEnvironment _environment;
    private readonly IBackgroundScheduler _scheduler;
    private readonly IBackgroundWorker _flushWorker;
    private readonly IBackgroundWorker _buildWorker;
    private readonly IBackgroundWorker _extentWorker;
    private readonly TreeId _sequenceTree;

    // The queue of what is to be built.
    private readonly Lock _queueLock = new();
    private CommitTicket? _queueHead;
    private CommitTicket? _queueTail;
    private CommitTicket? _pool;
    private int _pooled;
    private bool _building;

    // Everything under the gate: log buffers, what waits for durability, watermarks.
    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _roomEvent = new(false); // one waiter: the builder
    private readonly Queue<BatchEnd> _batches = [];
    private readonly List<LogGroup> _groups = [];
    private readonly Dictionary<ulong, ChunkFence> _chunkFences = [];
    private CommitTicket? _waitHead;
    private CommitTicket? _waitTail;
    private Lsn _builtFull;
    private Lsn _lastNormal;
    private Lsn _lastLogged;
    private Lsn _built;
    private Lsn _visible;
    private Lsn _lastLsn;
    private bool _flushing;
    private bool _flushAsked;
    private ITimer? _normalTimer;
    private bool _timerRunning;
    private Exception? _stopped;

    // Publication happens in order.
    private readonly Lock _publishLock = new();

    // The builder's own.
    private readonly byte[] _sequenceKey = new byte[8];
    private readonly byte[] _sequenceBytes = new byte[8];
    private bool _batchOpen;
    private bool _batchDirect;
    private Lsn _batchLast;
    private Lsn _batchLastFull;
    private ulong _nextTransaction;

    /// <summary>Makes the pipeline of an opened database.</summary>
    /// <param name="target">Where commits are built.</param>
    /// <param name="log">The log.</param>
    /// <param name="environment">Time and background work.</param>
    /// <param name="last">The last LSN taken.</param>
    /// <param name="sequenceTree">The tree that keeps counters' high-water marks.</param>
    public CommitPipeline(ICommitTarget target, LogWriter log, StorageEnvironment environment, Lsn last, TreeId sequenceTree)
    {
        _target = target;
        _log = log;
        _environment = environment;
        _scheduler = environment.Scheduler;
        _sequenceTree = sequenceTree;
        _lastLsn = last;
        _lastLogged = log.DurableLsn;
        _built = last;
        _visible = last;
        _nextTransaction = environment.NextRandom();
        _flushWorker = _scheduler.CreateWorker("BareMetal log flusher", FlushStep);
        _buildWorker = _scheduler.CreateWorker("BareMetal commit builder", BuildStep);
        _extentWorker = _scheduler.CreateWorker("BareMetal log extents", ExtentStep);
    }

    /// <summary>Whether commits are refused because the database is opened only for reading.</summary>
    public bool IsReadOnly { get; set; }

    /// <summary>Called with the bytes appended to the log so far when a batch ended, to start checkpoints.</summary>
    public Action<long>? BatchBuilt { get; set; }

    /// <summary>Asked by each committer before it queues; null holds nobody back.</summary>
    public CommitThrottle? Throttle { get; set; }

    /// <summary>The LSN up to which commits are visible.</summary>
    public Lsn VisibleLsn
    {
        get
        {
            lock (_gate)
                return _visible;
        }
    }

    /// <summary>The last LSN taken.</summary>
    public Lsn LastLsn
    {
        get
        {
            lock (_gate)
                return _lastLsn;
        }
    }

    /// <summary>The last commit that was logged.</summary>
    public Lsn LastLogged
    {
        get
        {
            lock (_gate)
                return _lastLogged;
        }
    }

    /// <summary>The failure that stopped the database; null while it runs.</summary>
    public Exception? Failure => Volatile.Read(ref _stopped);

    /// <summary>The log.</summary>
    public LogWriter Log => _log;

    /// <summary>Commits and waits, flushing itself when nobody else does.</summary>
    /// <exception cref="StorageException">The commit failed; with <see cref="StorageErrorCode.CommitOutcomeUnknown"/> perhaps not.</exception>
    public Lsn Commit(ICommitRequest request, Durability durability)
    {
        if (Throttle is { IsDue: true } throttle)
            throttle.Wait(request);
        CommitTicket ticket = Rent();
        ticket.StartCommit(request, durability, CancellationToken.None);
        Enqueue(ticket);
        return Wait(ticket);
    }

    /// <summary>Commits without holding a thread during the flush.</summary>
    /// <param name="request">What to commit.</param>
    /// <param name="durability">What to wait for.</param>
    /// <param name="cancellation">Honoured until the LSN is taken.</param>
    public ValueTask<Lsn> CommitAsync(ICommitRequest request, Durability durability, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<Lsn>(cancellation);
        return Throttle is { IsDue: true } throttle
            ? CommitThrottledAsync(throttle, request, durability, cancellation)
            : BeginCommit(request, durability, cancellation);
    }

    private async ValueTask<Lsn> CommitThrottledAsync(
        CommitThrottle throttle, ICommitRequest request, Durability durability, CancellationToken cancellation)
    {
        await throttle.WaitAsync(request).ConfigureAwait(false);
        return await BeginCommit(request, durability, cancellation).ConfigureAwait(false);
    }

    private ValueTask<Lsn> BeginCommit(ICommitRequest request, Durability durability, CancellationToken cancellation)
    {
        CommitTicket ticket = Rent();
        ticket.StartCommit(request, durability, cancellation);
        Enqueue(ticket);
        AskFlusher();
        return ticket.AsTask();
    }

    /// <summary>Logs that no number of a counter at or above a value was given out. Returns when later commits follow it in the log.</summary>
    public void LogSequence(ulong sequence, ulong value)
    {
        CommitTicket ticket = Rent();
        ticket.StartSequence(sequence, value);
        Enqueue(ticket);
        Wait(ticket);
    }

    /// <summary>Runs something on a builder's rights: no commit is built meanwhile.</summary>
    public void RunExclusive(Action work)
    {
        CommitTicket ticket = Rent();
        ticket.StartExclusive(work);
        Enqueue(ticket);
        Wait(ticket);
    }

    /// <summary>
    /// Makes everything built durable and visible. Only within <see cref="RunExclusive"/>, so that nothing is built meanwhile.
    /// </summary>
    /// <returns>The LSN of a batch's end and the log group from which replay would begin after it.</returns>
    /// <exception cref="StorageException">The database is stopped.</exception>
    public (Lsn Lsn, LogPoint Start) FlushAll()
    {
        while (true)
        {
            bool mine;
            lock (_gate)
            {
                ThrowIfStopped();
                mine = !_flushing;
                if (mine && !_log.HasUnwritten && _log.IsFlushed)
                    break;
                if (mine)
                    _flushing = _flushAsked = true;
            }

            if (mine)
                FlushOnce();
            else
                _scheduler.WaitUntil(NotFlushing, _roomEvent);
        }

        PublishDurable();
        lock (_gate)
            return (_built, _log.DurablePoint);
    }

    /// <summary>Logs and flushes that the database is closed cleanly. Only within <see cref="RunExclusive"/>, after <see cref="FlushAll"/>.</summary>
    /// <param name="lsn">The last LSN.</param>
    /// <returns>The group that says so.</returns>
    public LogPoint LogClose(Lsn lsn)
    {
        while (true)
        {
            LogRoom room;
            lock (_gate)
            {
                ThrowIfStopped();
                room = _log.TryReserve(LogWriter.MarkSize);
                if (room == LogRoom.Ready)
                {
                    _log.AppendMark(LogRecordKind.CleanClose, lsn, _environment.Clock.GetUtcNow().UtcTicks);
                    break;
                }
            }

            MakeRoom(room, mayUseReserve: true);
        }

        try
        {
            lock (_gate)
                _log.WriteOut(FlushSite.CleanCloseLog);
        }
        catch (Exception e)
        {
            Stop(e);
            throw;
        }

        return _log.DurablePoint;
    }

    /// <summary>Takes an LSN for a change that is not logged (maintenance). Only within <see cref="RunExclusive"/>.</summary>
    /// <param name="change">Makes the change in a direct batch.</param>
    public void ApplyUnlogged(Action<Lsn> change)
    {
        lock (_gate)
            ThrowIfStopped();
        _target.Begin(direct: true);
        Lsn lsn = _lastLsn.Next();
        try
        {
            change(lsn);
        }
        catch
        {
            _target.Rollback();
            throw;
        }

        lock (_gate)
            _lastLsn = lsn;
        try
        {
            _target.Publish(lsn);
        }
        catch (Exception e)
        {
            Stop(e);
            throw;
        }

        lock (_gate)
        {
            _built = lsn;
            _batches.Enqueue(new BatchEnd(lsn, Lsn.Zero));
        }

        PublishDurable();
    }

    /// <summary>The oldest group that replay needs after a checkpoint: chunks of commits that are not in it.</summary>
    public LogPoint FenceFor(Lsn checkpoint, LogPoint start)
    {
        lock (_gate)
        {
            foreach (ChunkFence fence in _chunkFences.Values)
            {
                if (fence.Lsn > checkpoint && fence.Point.Position.CompareTo(start.Position) < 0)
                    start = fence.Point;
            }

            return start;
        }
    }

    /// <summary>A checkpoint is durable: forget the fences that it passed.</summary>
    public void CheckpointCompleted(Lsn checkpoint)
    {
        lock (_gate)
        {
            foreach ((ulong id, ChunkFence fence) in _chunkFences)
            {
                if (fence.Lsn <= checkpoint)
                    _chunkFences.Remove(id);
            }
        }
    }

    /// <summary>Stops the database for writing: whatever is not yet acknowledged will not be.</summary>
    public void Stop(Exception cause)
    {
        CommitTicket? waiting;
        lock (_gate)
        {
            if (_stopped is not null)
                return;
            Volatile.Write(ref _stopped, cause);
            waiting = _waitHead;
            _waitHead = _waitTail = null;
            _batches.Clear();
        }

        _roomEvent.Set();
        while (waiting is not null)
        {
            CommitTicket ticket = waiting;
            waiting = ticket.Next;
            ticket.Complete(
                Lsn.Zero,
                new StorageException(
                    StorageErrorCode.CommitOutcomeUnknown,
                    $"The log could not be made durable, so it is not known whether commit {ticket.Lsn} will survive: {cause.Message} " +
                    "Reopen the database and look.",
                    cause),
                _scheduler);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _normalTimer?.Dispose();
            _normalTimer = null;
        }

        _buildWorker.Dispose();
        _flushWorker.Dispose();
        _extentWorker.Dispose();
    }

    internal void Return(CommitTicket ticket)
    {
        lock (_queueLock)
        {
            if (_pooled >= MaxPooled)
                return;
            ticket.Next = _pool;
            _pool = ticket;
            _pooled++;
        }
    }

    private CommitTicket Rent()
    {
        lock (_queueLock)
        {
            if (_pool is { } ticket)
            {
                _pool = ticket.Next;
                _pooled--;
                return ticket;
            }
        }

        return new CommitTicket(this);
    }

    private void Enqueue(CommitTicket ticket)
    {
        lock (_queueLock)
        {
            if (_queueTail is null)
                _queueHead = ticket;
            else
                _queueTail.Next = ticket;
            _queueTail = ticket;
            if (_building)
                return;
            _building = true;
        }

        Build();
    }

    private Lsn Wait(CommitTicket ticket)
    {
        while (!ticket.IsCompleted)
        {
            if (TryBeginFlush())
                FlushOnce();
            else if (!ticket.IsCompleted)
                _scheduler.WaitUntil(ticket.HasCompleted, ticket.Event);
        }

        AskFlusher(); // this caller may have built commits of others, who rely on somebody to flush them
        return ticket.Result();
    }

    private void ThrowIfStopped()
    {
        if (IsReadOnly)
            throw new StorageException(StorageErrorCode.ReadOnly, "The database is opened only for reading. Open it for writing.");
        if (_stopped is { } cause)
            throw StoppedError(cause);
    }

    private static StorageException StoppedError(Exception cause) => new(
        StorageErrorCode.Stopped,
        $"An earlier failure stopped the database for writing; reads go on, reopening recovers: {cause.Message}",
        cause);

    private readonly record struct BatchEnd(Lsn End, Lsn LastFull);

    /// <summary>Where the chunks of a large commit begin; its LSN is the largest until it has one.</summary>
    private readonly record struct ChunkFence(LogPoint Point, Lsn Lsn);
}
