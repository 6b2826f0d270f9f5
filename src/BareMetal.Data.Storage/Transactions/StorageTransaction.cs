using System.Collections.Immutable;
using BareMetal.Data.Storage.Transactions;

namespace BareMetal.Data.Storage;

/// <summary>
/// A transaction: a snapshot and an overlay of its own changes. A statement (see <see cref="BeginStatement"/>) reads the overlay as it
/// was when it began, so that it does not see its own changes. Used by one thread at a time; may move between threads.
/// </summary>
public sealed class StorageTransaction : IDisposable
{
    private readonly List<(Savepoint Point, ImmutableDictionary<TreeId, ImmutableList<OverlayEntry>> Overlay, ImmutableHashSet<TreeId> Dropped)> _savepoints = [];
    private readonly HashSet<TreeId> _read = [];
    private ImmutableDictionary<TreeId, ImmutableList<StoredEntry>> _snapshot;
    private ImmutableDictionary<TreeId, ImmutableList<OverlayEntry>> _statementOverlay = ImmutableDictionary<TreeId, ImmutableList<OverlayEntry>>.Empty;
    private ImmutableHashSet<TreeId> _statementDropped = [];
    private ImmutableHashSet<TreeId> _dropped = [];
    private uint _statement;
    private List<Action<Lsn>>? _beforeVisible;
    private List<Action<Lsn>>? _committed;

    internal StorageTransaction(StorageEngine engine, long id, TransactionIsolation isolation, bool readOnly)
    {
        Engine = engine;
        Owner = new LockOwner(id);
        Isolation = isolation;
        IsReadOnly = readOnly;
        (SnapshotLsn, _snapshot) = engine.TakeSnapshot();
    }

    /// <summary>Its database.</summary>
    public StorageEngine Engine { get; }

    /// <summary>Its number, for messages; grows, not durable.</summary>
    public long Id => Owner.Id;

    /// <summary>Its isolation level.</summary>
    public TransactionIsolation Isolation { get; }

    /// <summary>Whether it refuses to write.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Whether it was neither committed nor rolled back.</summary>
    public bool IsActive { get; private set; } = true;

    /// <summary>The commit up to which the current statement sees others' changes.</summary>
    public Lsn SnapshotLsn { get; private set; }

    /// <summary>Whether it has changes of its own.</summary>
    public bool HasChanges => Overlay.Count > 0 || _dropped.Count > 0;

    internal LockOwner Owner { get; }

    internal ImmutableDictionary<TreeId, ImmutableList<OverlayEntry>> Overlay { get; private set; } = ImmutableDictionary<TreeId, ImmutableList<OverlayEntry>>.Empty;

    internal IEnumerable<TreeId> DroppedTrees => _dropped;

    /// <summary>Begins a statement: under Read Committed takes a new snapshot, and fixes what of the own changes it sees.</summary>
    public void BeginStatement()
    {
        EnsureActive();
        _statement++;
        if (Isolation == TransactionIsolation.ReadCommitted)
            (SnapshotLsn, _snapshot) = Engine.TakeSnapshot();
        _statementOverlay = Overlay;
        _statementDropped = _dropped;
    }

    /// <summary>Undoes what the current statement changed; its locks stay. For failed statements and before running one again.</summary>
    public void RollbackStatement()
    {
        Overlay = _statementOverlay;
        _dropped = _statementDropped;
    }

    /// <summary>Makes the current statement's changes visible to the statements that follow within it (a trigger-like step of the same statement).</summary>
    public Savepoint CreateSavepoint()
    {
        EnsureActive();
        Savepoint point = new(++_statement);
        _savepoints.Add((point, Overlay, _dropped));
        return point;
    }

    /// <summary>Undoes what was changed after the savepoint; locks stay. The savepoint stays too; later ones end.</summary>
    public void RollbackTo(Savepoint savepoint)
    {
        int i = IndexOf(savepoint);
        Overlay = _statementOverlay = _savepoints[i].Overlay;
        _dropped = _statementDropped = _savepoints[i].Dropped;
        _savepoints.RemoveRange(i + 1, _savepoints.Count - i - 1);
    }

    /// <summary>Forgets a savepoint and later ones; changes stay.</summary>
    public void Release(Savepoint savepoint)
    {
        int i = IndexOf(savepoint);
        _savepoints.RemoveRange(i, _savepoints.Count - i);
    }

    /// <summary>Opens a cursor; dispose it soon: it may hold a page.</summary>
    public TreeCursor OpenCursor(TreeId tree, CursorSource source = CursorSource.Statement)
    {
        EnsureActive();
        if (Isolation == TransactionIsolation.Serializable)
            _read.Add(tree);
        if (source == CursorSource.Newest)
            return new TreeCursor(Engine.TakeSnapshot().Trees.GetValueOrDefault(tree), Overlay.GetValueOrDefault(tree));
        return new TreeCursor(_snapshot.GetValueOrDefault(tree), _statementOverlay.GetValueOrDefault(tree));
    }

    /// <summary>Sets an entry. The caller holds the lock that protects the key.</summary>
    /// <exception cref="StorageException">Read only, key too long, budget used up.</exception>
    public void Put(TreeId tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        EnsureWritable();
        if (key.Length > Engine.MaxKeyLength)
            throw new StorageException(StorageErrorCode.KeyTooLong, $"A key of {key.Length} bytes exceeds the largest key of {Engine.MaxKeyLength} bytes for pages of {Engine.Options.PageSize} bytes (tree {tree}). Use a shorter key or create the database with larger pages.");
        Set(tree, new OverlayEntry(key.ToArray(), value.ToArray()));
    }

    /// <summary>Removes an entry; one that does not exist is no error. The caller holds the lock that protects the key.</summary>
    public void Delete(TreeId tree, ReadOnlySpan<byte> key)
    {
        EnsureWritable();
        Set(tree, new OverlayEntry(key.ToArray(), null));
    }

    /// <summary>Makes an empty tree, visible to others when this transaction commits.</summary>
    public TreeId CreateTree()
    {
        EnsureWritable();
        return Engine.NextTreeId();
    }

    /// <summary>Drops a tree with all entries when this transaction commits. The caller holds its exclusive lock.</summary>
    public void DropTree(TreeId tree)
    {
        EnsureWritable();
        _dropped = _dropped.Add(tree);
        Overlay = Overlay.Remove(tree);
    }

    /// <summary>
    /// Locks a key. Under <see cref="TransactionIsolation.ReadCommitted"/> says whether the entry is newer than the statement's snapshot;
    /// under the higher levels that is a serialization failure.
    /// </summary>
    /// <param name="tree">The tree.</param>
    /// <param name="key">The key, present or not. The locks of keys are unrelated to the bytes' order.</param>
    /// <param name="mode"><see cref="LockMode.Shared"/> or <see cref="LockMode.Exclusive"/>.</param>
    /// <param name="timeout">How long to wait; null takes the database's default, zero does not wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public LockOutcome LockKey(TreeId tree, ReadOnlySpan<byte> key, LockMode mode, TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        EnsureActive();
        if (!Engine.Locks.Acquire(Owner, tree, key, mode, timeout ?? Engine.Options.LockTimeout, cancellation))
            return LockOutcome.NotAvailable;
        Lsn newest = EntryLsn(Engine.TakeSnapshot().Trees, tree, key, out bool existsNow);
        EntryLsn(_snapshot, tree, key, out bool existed);
        bool newer = existsNow ? newest > SnapshotLsn : existed;
        if (!newer)
            return LockOutcome.Granted;
        if (Isolation != TransactionIsolation.ReadCommitted)
        {
            throw new StorageException(
                StorageErrorCode.SerializationFailure,
                $"An entry of tree {tree} was changed by another transaction after the snapshot {SnapshotLsn} of transaction {Id}. Run the transaction again.");
        }

        return LockOutcome.GrantedNewer;
    }

    /// <summary>Locks a key that stands for something other than an entry's version (a unique value, a parent's existence): nothing is compared with the snapshot.</summary>
    /// <returns>False when <paramref name="timeout"/> is zero and the lock is not free.</returns>
    public bool LockName(TreeId tree, ReadOnlySpan<byte> key, LockMode mode, TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        EnsureActive();
        return Engine.Locks.Acquire(Owner, tree, key, mode, timeout ?? Engine.Options.LockTimeout, cancellation);
    }

    /// <summary>Locks a tree as a whole, or announces locks on its keys.</summary>
    /// <returns>False when <paramref name="timeout"/> is zero and the lock is not free.</returns>
    public bool LockTree(TreeId tree, LockMode mode, TimeSpan? timeout = null, CancellationToken cancellation = default) =>
        LockName(tree, default, mode, timeout, cancellation);

    /// <summary>Registers what runs with the commit's LSN just before the commit becomes visible. Must not fail.</summary>
    public void OnBeforeVisible(Action<Lsn> action) => (_beforeVisible ??= []).Add(action);

    /// <summary>Registers what runs after the commit became visible, before locks are released. Must not fail.</summary>
    public void OnCommitted(Action<Lsn> action) => (_committed ??= []).Add(action);

    /// <summary>Commits and waits for what the durability asks.</summary>
    /// <param name="durability">Null takes the database's.</param>
    /// <returns>The commit's LSN; the snapshot's when nothing was changed.</returns>
    public Lsn Commit(Durability? durability = null)
    {
        EnsureActive();
        Lsn lsn = SnapshotLsn;
        try
        {
            if (HasChanges)
            {
                lsn = Engine.Commit(this);
                foreach (Action<Lsn> action in _committed ?? [])
                    action(lsn);
            }
        }
        finally
        {
            End();
        }

        return lsn;
    }

    /// <summary>Commits without holding a thread while waiting.</summary>
    public ValueTask<Lsn> CommitAsync(Durability? durability = null, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        return new(Commit(durability));
    }

    /// <summary>Undoes everything and releases the locks. No error when it has ended.</summary>
    public void Rollback() => End();

    /// <summary>Rolls back when still active.</summary>
    public void Dispose() => End();

    internal void Validate(ImmutableDictionary<TreeId, ImmutableList<StoredEntry>> newest)
    {
        foreach (TreeId tree in _read)
        {
            if (!ReferenceEquals(newest.GetValueOrDefault(tree), _snapshot.GetValueOrDefault(tree)))
                throw new StorageException(StorageErrorCode.SerializationFailure, $"Tree {tree}, which transaction {Id} read, was changed by another transaction. Run the transaction again.");
        }
    }

    internal void BeforeVisible(Lsn lsn)
    {
        foreach (Action<Lsn> action in _beforeVisible ?? [])
            action(lsn);
    }

    private static Lsn EntryLsn(ImmutableDictionary<TreeId, ImmutableList<StoredEntry>> trees, TreeId tree, ReadOnlySpan<byte> key, out bool exists)
    {
        exists = false;
        if (!trees.TryGetValue(tree, out ImmutableList<StoredEntry>? list))
            return Lsn.Zero;
        int at = StoredEntry.Find(list, key);
        exists = at >= 0;
        return exists ? list[at].Lsn : Lsn.Zero;
    }

    private void Set(TreeId tree, OverlayEntry entry)
    {
        ImmutableList<OverlayEntry> list = Overlay.GetValueOrDefault(tree, ImmutableList<OverlayEntry>.Empty);
        int at = OverlayEntry.Find(list, entry.Key);
        Overlay = Overlay.SetItem(tree, at >= 0 ? list.SetItem(at, entry) : list.Insert(~at, entry));
    }

    private int IndexOf(Savepoint savepoint)
    {
        EnsureActive();
        int i = _savepoints.FindIndex(s => s.Point == savepoint);
        return i >= 0 ? i : throw new InvalidOperationException("The savepoint was released or rolled back past.");
    }

    private void EnsureActive()
    {
        if (!IsActive)
            throw new StorageException(StorageErrorCode.Ended, $"Transaction {Id} has ended. Begin another.");
    }

    private void EnsureWritable()
    {
        EnsureActive();
        if (IsReadOnly)
            throw new StorageException(StorageErrorCode.ReadOnly, $"Transaction {Id} only reads. Begin one that may write, and open the database for writing.");
    }

    private void End()
    {
        if (!IsActive)
            return;
        IsActive = false;
        Overlay = ImmutableDictionary<TreeId, ImmutableList<OverlayEntry>>.Empty;
        Engine.Locks.ReleaseAll(Owner);
    }
}
