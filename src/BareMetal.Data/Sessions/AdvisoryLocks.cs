using System.Text;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Transactions;

namespace BareMetal.Data.Sessions;

/// <summary>
/// The advisory locks of a session: by name, re-entrant, kept until unlocked or the session ends. They are awaited in the session's
/// name, so that a cycle through them and its transaction's locks is found. A statement that runs again takes back what it did.
/// </summary>
internal sealed class AdvisoryLocks(StorageEngine engine, LockParty party)
{
    // A reserved tree that holds nothing: it gives the locks their space of names.
    private static readonly TreeId Names = new(2);

    private readonly Dictionary<string, Held> _held = new(StringComparer.Ordinal);

    // What statements that may run again have done: name, and +1 or −1.
    private readonly List<(string Name, int Change)> _journal = [];
    private int _depth;

    /// <summary>Takes a lock; false when it is not free and <paramref name="wait"/> is false.</summary>
    public bool Acquire(string name, bool wait, TimeSpan timeout, CancellationToken cancellation)
    {
        if (!_held.TryGetValue(name, out Held? held))
        {
            // One owner for each lock, since owners release all that they hold.
            held = new Held(engine.CreateLockOwner(party));
            try
            {
                if (!engine.Locks.Acquire(held.Owner, Names, Encoding.UTF8.GetBytes(name), LockMode.Exclusive, wait ? timeout : TimeSpan.Zero, cancellation))
                    return false;
            }
            catch (LockWaitException)
            {
                // It will be there when the statement runs again.
                _held.Add(name, held);
                throw;
            }

            _held.Add(name, held);
        }

        held.Count++;
        if (_depth > 0)
            _journal.Add((name, 1));
        return true;
    }

    /// <summary>Gives a lock back as often as it was taken; false when it is not held.</summary>
    public bool Release(string name)
    {
        if (!_held.TryGetValue(name, out Held? held) || held.Count == 0)
            return false;
        held.Count--;
        if (_depth > 0)
            _journal.Add((name, -1));
        else if (held.Count == 0)
            Free(name, held);
        return true;
    }

    /// <summary>Begins what may run again.</summary>
    /// <returns>The point for <see cref="Rewind"/>.</returns>
    public int Enter()
    {
        _depth++;
        return _journal.Count;
    }

    /// <summary>Takes back what was done since a point. A lock that was new is kept until <see cref="Leave"/>, for the next attempt.</summary>
    public void Rewind(int point)
    {
        for (int i = _journal.Count - 1; i >= point; i--)
            _held[_journal[i].Name].Count -= _journal[i].Change;
        _journal.RemoveRange(point, _journal.Count - point);
    }

    /// <summary>Ends what may run again. <paramref name="willRetry"/>: it is about to, so locks are kept.</summary>
    public void Leave(bool willRetry)
    {
        if (--_depth == 0 && !willRetry)
            Settle();
    }

    /// <summary>Gives back the locks that attempts had left and that were not taken in the end.</summary>
    public void Settle()
    {
        _journal.Clear();
        if (_held.Count == 0)
            return;
        List<string>? free = null;
        foreach ((string name, Held held) in _held)
        {
            if (held.Count == 0)
                (free ??= []).Add(name);
        }

        if (free is null)
            return;
        foreach (string name in free)
            Free(name, _held[name]);
    }

    public void ReleaseAll()
    {
        foreach (Held held in _held.Values)
            engine.Locks.ReleaseAll(held.Owner);
        _held.Clear();
        _journal.Clear();
    }

    private void Free(string name, Held held)
    {
        _held.Remove(name);
        engine.Locks.ReleaseAll(held.Owner);
    }

    private sealed class Held(LockOwner owner)
    {
        public LockOwner Owner { get; } = owner;

        public int Count { get; set; }
    }
}
