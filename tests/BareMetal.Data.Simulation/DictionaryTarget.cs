using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Commit;

namespace BareMetal.Data.Simulation;

/// <summary>A commit target over plain dictionaries, for tests of the pipeline and the log alone.</summary>
internal sealed class DictionaryTarget : ICommitTarget
{
    private Dictionary<(ulong Tree, string Key), (byte[] Value, Lsn Lsn)>? _before;
    private bool _open;

    /// <summary>The newest built state.</summary>
    public Dictionary<(ulong Tree, string Key), (byte[] Value, Lsn Lsn)> State { get; private set; } = [];

    /// <summary>The end of the last visible batch.</summary>
    public Lsn Visible { get; private set; }

    /// <summary>Ends of all published batches.</summary>
    public List<Lsn> Published { get; } = [];

    /// <summary>Trees whose operations can't be prepared.</summary>
    public HashSet<ulong> Unpreparable { get; } = [];

    /// <summary>Makes preparing or applying fail.</summary>
    public Func<WriteOpKind, string, bool, Exception?>? Failure { get; set; }

    /// <inheritdoc/>
    public void Begin(bool direct)
    {
        if (_open)
            throw new InvalidOperationException("A batch is open.");
        _open = true;
        _before = direct ? new(State) : null;
    }

    /// <inheritdoc/>
    public bool Prepare(in WriteOp op)
    {
        if (Failure?.Invoke(op.Kind, Name(op.Key), true) is { } error)
            throw error;
        return !Unpreparable.Contains(op.Tree.Value);
    }

    /// <inheritdoc/>
    public void AbandonPrepared()
    {
    }

    /// <inheritdoc/>
    public void Apply(Lsn lsn, in WriteOp op)
    {
        if (!_open)
            throw new InvalidOperationException("No batch is open.");
        if (Failure?.Invoke(op.Kind, Name(op.Key), false) is { } error)
            throw error;
        switch (op.Kind)
        {
            case WriteOpKind.Put:
                State[(op.Tree.Value, Name(op.Key))] = (op.Value.ToArray(), lsn);
                break;
            case WriteOpKind.Delete:
                State.Remove((op.Tree.Value, Name(op.Key)));
                break;
            case WriteOpKind.DropTree:
                foreach ((ulong Tree, string Key) key in State.Keys)
                {
                    if (key.Tree == op.Tree.Value)
                        State.Remove(key);
                }

                break;
        }
    }

    /// <inheritdoc/>
    public void Publish(Lsn end)
    {
        _open = false;
        lock (Published)
            Published.Add(end);
    }

    /// <inheritdoc/>
    public void Rollback()
    {
        _open = false;
        State = _before ?? State;
    }

    /// <inheritdoc/>
    public void AdvanceVisible(Lsn end)
    {
        if (end <= Visible)
            throw new InvalidOperationException($"Visible went from {Visible} to {end}.");
        lock (Published)
        {
            if (!Published.Contains(end))
                throw new InvalidOperationException($"{end} is not the end of a batch.");
        }

        Visible = end;
    }

    private static string Name(ReadOnlySpan<byte> key) => Convert.ToHexString(key);
}
