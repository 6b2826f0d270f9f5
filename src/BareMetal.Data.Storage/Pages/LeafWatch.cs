namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// Keeps the joining of leaves, which is nobody's change, away from transactions that look at their commit whether a leaf that they read
/// has changed: it is put off while any of them is under way, and one that begins waits for the step that is being applied.
/// </summary>
internal sealed class LeafWatch
{
    private const int Joining = -1;

    // Transactions under way, or Joining.
    private int _state;
    private ulong _joined;

    /// <summary>The LSN of the last step that joined leaves. It may not be visible yet: a snapshot below it finds leaves changed.</summary>
    public Lsn Joined => new(Volatile.Read(ref _joined));

    /// <summary>Whether leaves may be joined now.</summary>
    public bool IsFree => Volatile.Read(ref _state) == 0;

    /// <summary>A transaction that validates its reads begins; it takes its snapshot afterwards.</summary>
    public void Enter()
    {
        SpinWait spin = default;
        while (true)
        {
            int state = Volatile.Read(ref _state);
            if (state != Joining && Interlocked.CompareExchange(ref _state, state + 1, state) == state)
                return;
            spin.SpinOnce();
        }
    }

    /// <summary>It has ended.</summary>
    public void Exit() => Interlocked.Decrement(ref _state);

    /// <summary>Runs a step that joins leaves, unless such a transaction is under way.</summary>
    /// <param name="step">Applies the step and gives its LSN.</param>
    /// <returns>Whether it ran.</returns>
    public bool TryJoin(Func<Lsn> step)
    {
        if (Interlocked.CompareExchange(ref _state, Joining, 0) != 0)
            return false;
        try
        {
            Volatile.Write(ref _joined, step().Value);
            return true;
        }
        finally
        {
            Volatile.Write(ref _state, 0);
        }
    }
}
