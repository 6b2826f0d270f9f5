using System.Threading.Tasks.Sources;

namespace BareMetal.Data.Storage.Commit;

/// <summary>What a ticket asks of the builder.</summary>
internal enum TicketKind
{
    /// <summary>To commit a request.</summary>
    Commit,

    /// <summary>To log a counter's high-water mark.</summary>
    Sequence,

    /// <summary>To run something while no commit is built.</summary>
    Exclusive,
}

/// <summary>One caller's place in the pipeline; pooled. Completion is handed to another thread, never run by the flusher.</summary>
internal sealed class CommitTicket : IValueTaskSource<Lsn>, IThreadPoolWorkItem
{
    private const int Pending = 0;
    private const int Awaited = 1;
    private const int Completed = 2;

    private readonly CommitPipeline _owner;
    private readonly ManualResetEventSlim _event = new(false, spinCount: 20);
    private ManualResetValueTaskSourceCore<Lsn> _core;
    private Exception? _error;
    private int _state;

    public CommitTicket(CommitPipeline owner)
    {
        _owner = owner;
        HasCompleted = () => IsCompleted;
    }

    /// <summary><see cref="IsCompleted"/> as a delegate, made once.</summary>
    public Func<bool> HasCompleted { get; }

    public TicketKind Kind { get; private set; }

    public ICommitRequest? Request { get; private set; }

    public Action? Work { get; private set; }

    public ulong Sequence { get; private set; }

    public ulong SequenceValue { get; private set; }

    public Durability Durability { get; private set; }

    public CancellationToken Cancellation { get; private set; }

    public Lsn Lsn { get; set; }

    /// <summary>The next ticket in the queue that this one is in.</summary>
    public CommitTicket? Next { get; set; }

    public bool IsCompleted => Volatile.Read(ref _state) == Completed;

    public ManualResetEventSlim Event => _event;

    public void StartCommit(ICommitRequest request, Durability durability, CancellationToken cancellation)
    {
        Kind = TicketKind.Commit;
        Request = request;
        Durability = durability;
        Cancellation = cancellation;
        Start();
    }

    public void StartSequence(ulong sequence, ulong value)
    {
        Kind = TicketKind.Sequence;
        Sequence = sequence;
        SequenceValue = value;
        Durability = Durability.Off;
        Start();
    }

    public void StartExclusive(Action work)
    {
        Kind = TicketKind.Exclusive;
        Work = work;
        Start();
    }

    /// <summary>Completes the ticket; whoever waits goes on elsewhere.</summary>
    public void Complete(Lsn lsn, Exception? error, IBackgroundScheduler scheduler)
    {
        Lsn = lsn;
        _error = error;
        if (Interlocked.CompareExchange(ref _state, Completed, Pending) == Awaited)
            scheduler.Queue(this);
        else
            _event.Set();
    }

    /// <summary>For a caller that goes away and is called back: the task, completed already if the ticket is.</summary>
    public ValueTask<Lsn> AsTask()
    {
        if (Interlocked.CompareExchange(ref _state, Awaited, Pending) == Pending)
            return new ValueTask<Lsn>(this, _core.Version);
        return TakeError(out Exception? error) ? ValueTask.FromException<Lsn>(error!) : new ValueTask<Lsn>(TakeResult());
    }

    /// <summary>For a caller that waited until <see cref="IsCompleted"/>.</summary>
    public Lsn Result() => TakeError(out Exception? error) ? throw error! : TakeResult();

    void IThreadPoolWorkItem.Execute()
    {
        if (_error is { } error)
            _core.SetException(error);
        else
            _core.SetResult(Lsn);
    }

    Lsn IValueTaskSource<Lsn>.GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            Reset();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<Lsn>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<Lsn>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Start()
    {
        Next = null;
        Lsn = Lsn.Zero;
        _error = null;
        _state = Pending;
        if (_event.IsSet)
            _event.Reset();
    }

    private bool TakeError(out Exception? error)
    {
        error = _error;
        if (error is null)
            return false;
        Reset();
        return true;
    }

    private Lsn TakeResult()
    {
        Lsn lsn = Lsn;
        Reset();
        return lsn;
    }

    private void Reset()
    {
        Request = null;
        Work = null;
        Cancellation = default;
        _error = null;
        _core.Reset();
        _owner.Return(this);
    }
}
