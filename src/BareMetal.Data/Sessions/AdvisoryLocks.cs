using System.Text;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Transactions;

namespace BareMetal.Data.Sessions;

/// <summary>The advisory locks of a session: by name, re-entrant, kept until unlocked or the session ends.</summary>
internal sealed class AdvisoryLocks(StorageEngine engine)
{
    // A reserved tree that holds nothing: it gives the locks their space of names.
    private static readonly TreeId Names = new(2);

    private readonly Dictionary<string, Held> _held = new(StringComparer.Ordinal);

    /// <summary>Takes a lock; false when it is not free and <paramref name="wait"/> is false.</summary>
    public bool Acquire(string name, bool wait, TimeSpan timeout, CancellationToken cancellation)
    {
        if (_held.TryGetValue(name, out Held? held))
        {
            held.Count++;
            return true;
        }

        LockOwner owner = engine.CreateLockOwner();
        if (!engine.Locks.Acquire(owner, Names, Encoding.UTF8.GetBytes(name), LockMode.Exclusive, wait ? timeout : TimeSpan.Zero, cancellation))
            return false;
        _held.Add(name, new Held(owner));
        return true;
    }

    /// <summary>Gives a lock back as often as it was taken; false when it is not held.</summary>
    public bool Release(string name)
    {
        if (!_held.TryGetValue(name, out Held? held))
            return false;
        if (--held.Count == 0)
        {
            _held.Remove(name);
            engine.Locks.ReleaseAll(held.Owner);
        }

        return true;
    }

    public void ReleaseAll()
    {
        foreach (Held held in _held.Values)
            engine.Locks.ReleaseAll(held.Owner);
        _held.Clear();
    }

    private sealed class Held(LockOwner owner)
    {
        public LockOwner Owner { get; } = owner;

        public int Count { get; set; } = 1;
    }
}
