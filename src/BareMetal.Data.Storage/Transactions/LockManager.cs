using System.Diagnostics;

namespace BareMetal.Data.Storage.Transactions;

/// <summary>
/// Locks on keys and trees with fair queues (first come, first served; an upgrade goes first), deadlock detection over the
/// waits-for graph at the moment a request would wait, time-out and cancellation. The requester that would close a cycle is the
/// victim, so that a deadlock never forms.
/// </summary>
internal sealed class LockManager
{
    private readonly Lock _gate = new();
    private readonly Dictionary<LockName, LockEntry> _entries = new(LockNameComparer.Instance);
    private readonly Dictionary<LockName, LockEntry>.AlternateLookup<LockNameSpan> _lookup;
    private readonly Stack<LockEntry> _free = new();
    private readonly Func<long> _timestamp;

    public LockManager(Func<long>? timestamp = null)
    {
        _timestamp = timestamp ?? Stopwatch.GetTimestamp;
        _lookup = _entries.GetAlternateLookup<LockNameSpan>();
    }

    /// <summary>Locks that are held or waited for now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _entries.Count;
        }
    }

    /// <summary>Takes a lock, waiting when needed. An empty key is the tree as a whole.</summary>
    /// <returns>False when <paramref name="timeout"/> is zero and the lock is not free.</returns>
    /// <exception cref="StorageException">Deadlock or lock time-out.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while waiting.</exception>
    public bool Acquire(LockOwner owner, TreeId tree, ReadOnlySpan<byte> key, LockMode mode, TimeSpan timeout, CancellationToken cancellation)
    {
        Waiter? waiter = TryGrantOrQueue(owner, tree, key, mode, timeout != TimeSpan.Zero, out bool granted);
        if (waiter is null)
            return granted;
        if (owner.Party.DefersWaits)
        {
            // The caller unwinds with its place in the queue kept, waits without a thread, and asks again.
            owner.Party.Deferred = new DeferredWait(this, waiter, timeout);
            throw LockWaitException.Instance;
        }

        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(static w => ((Waiter)w!).Wake(), waiter);
        long start = _timestamp();
        lock (waiter)
        {
            while (!waiter.Granted && !cancellation.IsCancellationRequested)
            {
                if (timeout == Timeout.InfiniteTimeSpan)
                {
                    Monitor.Wait(waiter);
                    continue;
                }

                TimeSpan left = timeout - Stopwatch.GetElapsedTime(start, _timestamp());
                if (left <= TimeSpan.Zero)
                    break;
                Monitor.Wait(waiter, left);
            }
        }

        return Finish(owner, waiter, timeout, cancellation);
    }

    /// <summary>
    /// Takes the lock that a key needs: announces the intent on its tree first, and when many keys of the tree are locked, tries for the tree
    /// instead of further keys. It only tries: to wait for the tree could close a cycle with those who wait for one of the keys.
    /// </summary>
    /// <inheritdoc cref="Acquire"/>
    public bool AcquireKey(LockOwner owner, TreeId tree, ReadOnlySpan<byte> key, LockMode mode, TimeSpan timeout, CancellationToken cancellation)
    {
        TreeLocks locks = owner.In(tree);
        if (locks.Covers(mode))
            return true;
        if (!locks.HasIntent(mode) && !AcquireTree(owner, tree, mode <= LockMode.Shared ? LockMode.IntentShared : LockMode.IntentExclusive, timeout, cancellation))
            return false;
        if (!Acquire(owner, tree, key, mode, timeout, cancellation))
            return false;
        if (locks.NoteKey(mode) && AcquireTree(owner, tree, locks.HasExclusiveKeys ? LockMode.Exclusive : LockMode.Shared, TimeSpan.Zero, cancellation))
            ReleaseKeys(owner, tree);
        return true;
    }

    /// <summary>Takes a lock on a tree as a whole.</summary>
    /// <inheritdoc cref="Acquire"/>
    public bool AcquireTree(LockOwner owner, TreeId tree, LockMode mode, TimeSpan timeout, CancellationToken cancellation)
    {
        if (!Acquire(owner, tree, default, mode, timeout, cancellation))
            return false;
        owner.In(tree).NoteTree(mode);
        return true;
    }

    /// <summary>Releases everything an owner holds and wakes who can go on.</summary>
    public void ReleaseAll(LockOwner owner)
    {
        if (owner.Held.Count == 0 && owner.Party.Waiting is null)
            return;
        lock (_gate)
        {
            // An owner that ends with a wait of its own undone leaves the queue.
            if (owner.Party.Waiting is { } waiting && waiting.Owner == owner)
                Withdraw(waiting);
            foreach (LockEntry entry in owner.Held)
            {
                entry.RemoveHolder(owner);
                GrantWaiters(entry);
                FreeIfUnused(entry);
            }

            owner.Held.Clear();
        }
    }

    /// <summary>Releases the locks on a tree's keys, which a lock on the tree has made superfluous.</summary>
    private void ReleaseKeys(LockOwner owner, TreeId tree)
    {
        lock (_gate)
        {
            int kept = 0;
            for (int i = 0; i < owner.Held.Count; i++)
            {
                LockEntry entry = owner.Held[i];
                if (entry.Name.Tree != tree || entry.Name.Key.IsEmpty)
                {
                    owner.Held[kept++] = entry;
                    continue;
                }

                entry.RemoveHolder(owner);
                GrantWaiters(entry);
                FreeIfUnused(entry);
            }

            owner.Held.RemoveRange(kept, owner.Held.Count - kept);
        }
    }

    private Waiter? TryGrantOrQueue(LockOwner owner, TreeId tree, ReadOnlySpan<byte> key, LockMode mode, bool mayWait, out bool granted)
    {
        lock (_gate)
        {
            if (!_lookup.TryGetValue(new LockNameSpan(tree, key), out LockEntry? entry))
            {
                entry = _free.Count > 0 ? _free.Pop() : new LockEntry();
                entry.Name = LockName.Create(tree, key, entry.Name.Buffer);
                _entries.Add(entry.Name, entry);
            }

            int held = entry.FindHolder(owner);
            LockMode wanted = held >= 0 ? Combine(entry.Holders[held].Mode, mode) : mode;
            if (held >= 0 && entry.Holders[held].Mode == wanted)
            {
                granted = true;
                return null;
            }

            // A fresh request queues behind earlier waiters; an upgrade does not, for they wait for its holder anyway.
            if (entry.CompatibleWithHolders(owner, wanted) && (held >= 0 || entry.Waiters.Count == 0))
            {
                Grant(entry, owner, held, wanted);
                granted = true;
                return null;
            }

            granted = false;
            if (!mayWait)
            {
                FreeIfUnused(entry);
                return null;
            }

            Waiter waiter = new(owner, entry, wanted, held >= 0);
            owner.Party.Waiting = waiter;
            if (waiter.IsUpgrade)
                entry.Waiters.Insert(0, waiter);
            else
                entry.Waiters.Add(waiter);
            if (ClosesCycle(owner.Party))
            {
                owner.Party.Waiting = null;
                entry.Waiters.Remove(waiter);
                GrantWaiters(entry);
                throw new StorageException(
                    StorageErrorCode.Deadlock,
                    $"Deadlock: transaction {owner.Id} waits for a {wanted} lock on {entry.Name} that is held or awaited by a transaction which waits for it. Run the transaction again.");
            }

            return waiter;
        }
    }

    /// <summary>Ends a wait: granted, or given up.</summary>
    internal bool Finish(LockOwner owner, Waiter waiter, TimeSpan timeout, CancellationToken cancellation)
    {
        lock (_gate)
        {
            owner.Party.Waiting = null;
            if (waiter.Granted)
                return true;
            string holders = waiter.Entry.DescribeHolders();
            string name = waiter.Entry.Name.ToString();
            Withdraw(waiter);
            cancellation.ThrowIfCancellationRequested();
            throw new StorageException(
                StorageErrorCode.LockTimeout,
                $"A {waiter.Mode} lock on {name} was not granted within {timeout.TotalSeconds:0.###} s; held by transaction {holders}. Raise the lock time-out or end that transaction.");
        }
    }

    /// <summary>Takes a waiter out of its queue. Under the gate.</summary>
    private void Withdraw(Waiter waiter)
    {
        waiter.Owner.Party.Waiting = null;
        if (!waiter.Entry.Waiters.Remove(waiter))
            return;
        GrantWaiters(waiter.Entry);
        FreeIfUnused(waiter.Entry);
    }

    private static void Grant(LockEntry entry, LockOwner owner, int held, LockMode mode)
    {
        if (held >= 0)
        {
            entry.Holders[held] = new Holder(owner, mode);
            return;
        }

        entry.Holders.Add(new Holder(owner, mode));
        owner.Held.Add(entry);
    }

    private static void GrantWaiters(LockEntry entry)
    {
        while (entry.Waiters.Count > 0)
        {
            Waiter next = entry.Waiters[0];
            if (!entry.CompatibleWithHolders(next.Owner, next.Mode))
                return;
            entry.Waiters.RemoveAt(0);
            Grant(entry, next.Owner, entry.FindHolder(next.Owner), next.Mode);
            next.Owner.Party.Waiting = null;
            next.Grant();
        }
    }

    private void FreeIfUnused(LockEntry entry)
    {
        if (entry.Holders.Count > 0 || entry.Waiters.Count > 0)
            return;
        _entries.Remove(entry.Name);
        if (_free.Count >= 1024)
            return;

        // An entry that waits for its next use keeps a short buffer for the next key.
        if (entry.Name.Buffer.Length > LockName.KeptLength)
            entry.Name = default;
        _free.Push(entry);
    }

    /// <summary>Whether following "waits for" from a party leads back to it. Iterative: chains may be long.</summary>
    private static bool ClosesCycle(LockParty start)
    {
        HashSet<LockParty> seen = [];
        Stack<(LockParty Party, LockEntry? From)> pending = new();
        pending.Push((start, null));
        while (pending.TryPop(out (LockParty Party, LockEntry? From) next))
        {
            Waiter? waiting = next.Party.Waiting;
            if (waiting is null)
                continue;
            LockEntry entry = waiting.Entry;
            foreach (Holder holder in entry.Holders)
            {
                if (holder.Owner == waiting.Owner || Compatible(holder.Mode, waiting.Mode))
                    continue;
                if (holder.Owner.Party == start)
                    return true;
                if (seen.Add(holder.Owner.Party))
                    pending.Push((holder.Owner.Party, null));
            }

            // It also waits for those before it in the queue: seen already, when it was found there itself.
            if (next.From == entry)
                continue;
            foreach (Waiter earlier in entry.Waiters)
            {
                if (earlier == waiting)
                    break;
                if (earlier.Owner.Party == start)
                    return true;
                if (seen.Add(earlier.Owner.Party))
                    pending.Push((earlier.Owner.Party, entry));
            }
        }

        return false;
    }

    // Trees are locked in the intent modes, shared and exclusive; keys in the others. Each key mode includes those before it.
    private static bool Compatible(LockMode a, LockMode b) => (a, b) switch
    {
        (LockMode.Update, LockMode.KeyShared) or (LockMode.KeyShared, LockMode.Update) => true,
        (LockMode.Update, _) or (_, LockMode.Update) => false,
        (LockMode.Exclusive, _) or (_, LockMode.Exclusive) => false,
        (LockMode.IntentExclusive, LockMode.Shared) or (LockMode.Shared, LockMode.IntentExclusive) => false,
        _ => true,
    };

    /// <summary>The weakest mode that includes both (shared with intent to change is taken as exclusive).</summary>
    private static LockMode Combine(LockMode a, LockMode b)
    {
        if (a == b)
            return a;
        if ((a is LockMode.Shared && b is LockMode.IntentExclusive) || (a is LockMode.IntentExclusive && b is LockMode.Shared))
            return LockMode.Exclusive;
        return a > b ? a : b;
    }

    internal readonly record struct Holder(LockOwner Owner, LockMode Mode);

    internal sealed class LockEntry
    {
        public LockName Name;

        public List<Holder> Holders { get; } = new(1);

        public List<Waiter> Waiters { get; } = new(0);

        public int FindHolder(LockOwner owner)
        {
            for (int i = 0; i < Holders.Count; i++)
            {
                if (Holders[i].Owner == owner)
                    return i;
            }

            return -1;
        }

        public void RemoveHolder(LockOwner owner)
        {
            int i = FindHolder(owner);
            if (i >= 0)
                Holders.RemoveAt(i);
        }

        public bool CompatibleWithHolders(LockOwner owner, LockMode mode)
        {
            foreach (Holder holder in Holders)
            {
                if (holder.Owner != owner && !Compatible(holder.Mode, mode))
                    return false;
            }

            return true;
        }

        public string DescribeHolders() => string.Join(", ", Holders.Select(h => h.Owner.Id));
    }

    internal sealed class Waiter(LockOwner owner, LockEntry entry, LockMode mode, bool isUpgrade)
    {
        public LockOwner Owner { get; } = owner;

        public LockEntry Entry { get; } = entry;

        public LockMode Mode { get; } = mode;

        public bool IsUpgrade { get; } = isUpgrade;

        public bool Granted { get; private set; }

        /// <summary>Ends when the lock is granted; for who waits without a thread.</summary>
        public TaskCompletionSource? Completion { get; } = owner.Party.DefersWaits ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;

        public void Grant()
        {
            Completion?.TrySetResult();
            lock (this)
            {
                Granted = true;
                Monitor.PulseAll(this);
            }
        }

        public void Wake()
        {
            lock (this)
                Monitor.PulseAll(this);
        }
    }

    /// <summary>What is locked. The buffer belongs to the entry, which uses it again when it stands for something else.</summary>
    internal readonly struct LockName
    {
        /// <summary>The longest buffer that is kept for another use.</summary>
        public const int KeptLength = 64;

        private readonly byte[]? _buffer;
        private readonly int _length;

        private LockName(TreeId tree, byte[] buffer, int length)
        {
            Tree = tree;
            _buffer = buffer;
            _length = length;
        }

        public TreeId Tree { get; }

        public byte[] Buffer => _buffer ?? [];

        public ReadOnlySpan<byte> Key => _buffer.AsSpan(0, _length);

        public static LockName Create(TreeId tree, ReadOnlySpan<byte> key, byte[] buffer)
        {
            if (buffer.Length < key.Length)
                buffer = new byte[key.Length];
            key.CopyTo(buffer);
            return new LockName(tree, buffer, key.Length);
        }

        public override string ToString() => _length == 0 ? $"tree {Tree}" : $"tree {Tree}, key {Convert.ToHexString(Key[..Math.Min(_length, 32)])}";
    }

    private readonly ref struct LockNameSpan(TreeId tree, ReadOnlySpan<byte> key)
    {
        public readonly TreeId Tree = tree;
        public readonly ReadOnlySpan<byte> Key = key;
    }

    private sealed class LockNameComparer : IEqualityComparer<LockName>, IAlternateEqualityComparer<LockNameSpan, LockName>
    {
        public static readonly LockNameComparer Instance = new();

        public bool Equals(LockName a, LockName b) => a.Tree == b.Tree && a.Key.SequenceEqual(b.Key);

        public int GetHashCode(LockName name) => Hash(name.Tree, name.Key);

        public bool Equals(LockNameSpan a, LockName b) => a.Tree == b.Tree && a.Key.SequenceEqual(b.Key);

        public int GetHashCode(LockNameSpan name) => Hash(name.Tree, name.Key);

        public LockName Create(LockNameSpan name) => LockName.Create(name.Tree, name.Key, []);

        private static int Hash(TreeId tree, ReadOnlySpan<byte> key)
        {
            HashCode hash = default;
            hash.Add(tree.Value);
            hash.AddBytes(key);
            return hash.ToHashCode();
        }
    }
}
