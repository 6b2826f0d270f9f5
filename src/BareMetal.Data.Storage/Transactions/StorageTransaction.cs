using BareMetal.Data.Storage.Commit;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Transactions;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage;

/// <summary>
/// A transaction: a snapshot and an overlay of its own changes. A statement (see <see cref="BeginStatement"/>) reads the overlay as it
/// was when it began, so that it does not see its own changes. Used by one thread at a time; may move between threads.
/// </summary>
public sealed class StorageTransaction : IDisposable
{
    private const int KeptCompressionBuffer = 1 << 20;

    private readonly SerializableReads? _reads;
    private SnapshotHandle _snapshot;
    private Overlay? _overlay;
    private byte[] _compressed = [];
    private List<TreeChange>? _treeChanges;
    private List<Savepoint>? _savepoints;
    private List<Action<Lsn>>? _beforeVisible;
    private List<Action<Lsn>>? _committed;
    private LockOwner? _owner;
    private uint _statement;
    private uint _statementStart;

    private int _depth;

    // The outermost of the statements that are running.
    private uint _outerStart;

    // The part of the transaction that lies in the session's temporary database; null without. And the other way.
    private StorageTransaction? _temporary;
    private StorageTransaction? _main;

    internal StorageTransaction(StorageEngine engine, long id, TransactionIsolation isolation, bool readOnly)
    {
        Engine = engine;
        Id = id;
        Isolation = isolation;
        IsReadOnly = readOnly;
        if (isolation != TransactionIsolation.Serializable || readOnly)
        {
            _snapshot = new SnapshotHandle(engine.Store);
            return;
        }

        // From before the snapshot on no leaf is joined, which would look like a change of what it has read.
        engine.Store.LeafWatch.Enter();
        try
        {
            engine.Database.ShowJoined();
            _snapshot = new SnapshotHandle(engine.Store);
        }
        catch
        {
            engine.Store.LeafWatch.Exit();
            throw;
        }

        _reads = new SerializableReads(engine.SerializableReadLimit);
    }

    /// <summary>Its database.</summary>
    public StorageEngine Engine { get; }

    /// <summary>Its number, for messages; grows, not durable.</summary>
    public long Id { get; }

    /// <summary>Its isolation level.</summary>
    public TransactionIsolation Isolation { get; }

    /// <summary>Whether it refuses to write.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Whether it was neither committed nor rolled back.</summary>
    public bool IsActive { get; private set; } = true;

    /// <summary>The commit up to which the current statement sees others' changes.</summary>
    public Lsn SnapshotLsn => _snapshot.Lsn;

    /// <summary>Whether it has changes of its own.</summary>
    public bool HasChanges => HasOwnChanges || _temporary is { HasChanges: true };

    private bool HasOwnChanges => _overlay is { Count: > 0 } || _treeChanges is { Count: > 0 };

    internal bool NeedsValidation => _reads is not null;

    /// <summary>Whether it deletes and drops and puts nothing.</summary>
    internal bool OnlyFreesSpace => _overlay is null or { HasPuts: false } && !(_treeChanges?.Exists(c => c.IsCreate) ?? false);

    /// <summary>The party that waits for its locks; null: itself. Set before the first lock.</summary>
    internal LockParty? LockParty { get; init; }

    internal LockOwner Owner => _owner ??= new LockOwner(Id, LockParty);

    internal Overlay? Overlay => _overlay;

    internal IReadOnlyList<TreeChange> TreeChanges => _treeChanges ?? (IReadOnlyList<TreeChange>)[];

    /// <summary>Begins a statement: under Read Committed takes a new snapshot, and fixes what of the own changes it sees.</summary>
    public void BeginStatement()
    {
        EnsureActive();
        _statementStart = ++_statement;
        if (_depth == 0)
            ReleaseMarks();
        if (Isolation == TransactionIsolation.ReadCommitted)
            _snapshot = _snapshot.Renew();
        _temporary?.Follow(this);
    }

    /// <summary>
    /// Joins a transaction of another engine, the session's temporary database: trees whose numbers say so are its. It sees statements and savepoints as
    /// this one does, and commits when this one has.
    /// </summary>
    internal void Attach(StorageTransaction temporary)
    {
        _temporary = temporary;
        temporary._main = this;
        temporary.Follow(this);
    }

    /// <summary>The engine that holds a counter.</summary>
    internal StorageEngine EngineOf(ulong counter) => (counter & TreeId.TemporaryBit) != 0 ? _temporary!.Engine : Engine;

    /// <summary>As <see cref="CreateTree"/>, in the temporary database.</summary>
    internal TreeId CreateTemporaryTree() => new(_temporary!.CreateTree().Value | TreeId.TemporaryBit);

    private StorageTransaction TemporaryOf(TreeId tree) =>
        _temporary ?? throw new StorageException(StorageErrorCode.Ended, $"Tree {tree.Inner} belongs to a temporary database that has ended.");

    private void Follow(StorageTransaction main)
    {
        (_statement, _statementStart) = (main._statement, main._statementStart);
        if (main._depth == 0)
            ReleaseMarks();
        if (Isolation == TransactionIsolation.ReadCommitted)
            _snapshot = _snapshot.Renew();
    }

    /// <summary>
    /// Lets statements run within the current one, as the functions do that it calls: each begins as any other and sees what was changed before it;
    /// <see cref="LeaveInner"/> goes back to what the outer one sees. Rolling the outer one back undoes them too.
    /// </summary>
    internal InnerStatements EnterInner()
    {
        EnsureActive();
        if (_depth++ == 0)
            _outerStart = _statementStart;
        return new InnerStatements(_snapshot.Share(), _statementStart);
    }

    /// <summary>Goes back to the statement that was current at <see cref="EnterInner"/>. Also after an error.</summary>
    internal void LeaveInner(InnerStatements outer)
    {
        if (!IsActive)
        {
            outer.Snapshot.Release();
            return;
        }

        _snapshot.Release();
        _snapshot = outer.Snapshot;
        _statementStart = outer.Start;
        _depth--;
        _temporary?.Follow(this);
    }

    /// <summary>Undoes what the current statement changed; its locks stay. For failed statements and before running one again.</summary>
    public void RollbackStatement() => RollbackToStatement(_statementStart);

    /// <summary>Marks a point that <see cref="RollbackTo"/> goes back to.</summary>
    public Savepoint CreateSavepoint()
    {
        EnsureActive();
        Savepoint point = new(++_statement);
        (_savepoints ??= []).Add(point);
        _temporary?.Follow(this);
        return point;
    }

    /// <summary>Undoes what was changed after the savepoint; locks stay. The savepoint stays too; later ones end.</summary>
    public void RollbackTo(Savepoint savepoint)
    {
        int i = IndexOf(savepoint);
        RollbackToStatement(savepoint.Statement);
        _savepoints!.RemoveRange(i + 1, _savepoints.Count - i - 1);
    }

    /// <summary>Forgets a savepoint and later ones; changes stay.</summary>
    public void Release(Savepoint savepoint)
    {
        int i = IndexOf(savepoint);
        _savepoints!.RemoveRange(i, _savepoints.Count - i);
    }

    /// <summary>Opens a cursor; dispose it soon: it may hold a page.</summary>
    /// <exception cref="StorageException">There is no such tree at the snapshot.</exception>
    public TreeCursor OpenCursor(TreeId tree, CursorSource source = CursorSource.Statement)
    {
        if (tree.IsTemporary)
            return TemporaryOf(tree).OpenCursor(tree.Inner, source);
        EnsureActive();
        PageStore store = Engine.Store;
        bool newest = source == CursorSource.Newest;
        SnapshotHandle snapshot = newest && _snapshot.Lsn != store.VisibleLsn ? new SnapshotHandle(store) : _snapshot.Share();
        PageCursor? stored = null;
        try
        {
            bool known = store.TryFindTree(tree, snapshot.Lsn, out ulong root);
            if (!known && !IsCreatedHere(tree))
                throw store.NoSuchTree(tree);
            stored = store.RentCursor();
            stored.Open(known ? root : 0, snapshot.Lsn.Value);
            if (_reads is not null)
                _reads.Watch(tree, known ? root : 0, stored);
            OverlayCursor? own = _overlay is not null && _overlay.Touches(tree)
                ? new OverlayCursor(_overlay, tree, newest ? uint.MaxValue : _statementStart)
                : null;
            return new TreeCursor(this, snapshot, stored, own);
        }
        catch
        {
            if (stored is not null)
                store.ReturnCursor(stored);
            snapshot.Release();
            throw;
        }
    }

    /// <summary>
    /// Whether cursors of one statement may be opened and used by several threads at once, each by one at a time: it has no changes of its own to
    /// merge in and notes no reads.
    /// </summary>
    public bool AllowsParallelReads => IsActive && !HasChanges && _reads is null && _temporary is null;

    /// <summary>Keys that divide a tree, as the current statement sees it, into parts of about equal size.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="parts">How many parts are wanted.</param>
    /// <returns>Keys in ascending order, at most one fewer than <paramref name="parts"/>; fewer when the tree is small.</returns>
    /// <exception cref="StorageException">There is no such tree at the snapshot.</exception>
    public IReadOnlyList<byte[]> SplitTree(TreeId tree, int parts)
    {
        EnsureActive();
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        SnapshotHandle snapshot = _snapshot.Share();
        try
        {
            ulong root = Engine.Store.FindTree(tree, snapshot.Lsn);
            return root == 0 || parts == 1 ? [] : TreeSplits.Find(Engine.Store.Pool, root, snapshot.Lsn, parts);
        }
        finally
        {
            snapshot.Release();
        }
    }

    /// <summary>Whether an entry exists in the newest visible state with the own changes: what a cursor on <see cref="CursorSource.Newest"/> would find, cheaper.</summary>
    /// <exception cref="StorageException">There is no such tree.</exception>
    internal bool ExistsNewest(TreeId tree, ReadOnlySpan<byte> key)
    {
        if (tree.IsTemporary)
            return TemporaryOf(tree).ExistsNewest(tree.Inner, key);
        EnsureActive();
        if (_reads is not null)
        {
            // What a serializable transaction looks at is noted by the cursor.
            using TreeCursor cursor = OpenCursor(tree, CursorSource.Newest);
            return cursor.Seek(key, SeekMode.Equal);
        }

        if (_overlay is not null && _overlay.TryFind(tree, key, out bool isDelete))
            return !isDelete;
        PageStore store = Engine.Store;
        if (store.VisibleLsn == _snapshot.Lsn)
            return ExistsAt(store, tree, _snapshot.Lsn, key);
        Snapshot newest = store.AcquireSnapshot();
        try
        {
            return ExistsAt(store, tree, newest.Lsn, key);
        }
        finally
        {
            store.ReleaseSnapshot(newest);
        }
    }

    /// <summary>Notes that the transaction relies on an entry, present or not, which it knows by other means; means something to serializable ones only.</summary>
    internal void NoteRead(TreeId tree, ReadOnlySpan<byte> key)
    {
        if (_reads is null)
            return;
        using TreeCursor cursor = OpenCursor(tree);
        cursor.Seek(key, SeekMode.Equal);
    }

    /// <summary>Notes that the transaction relies on all of a tree.</summary>
    internal void NoteRead(TreeId tree)
    {
        if (_reads is null)
            return;
        using TreeCursor cursor = OpenCursor(tree);
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
        {
        }
    }

    /// <summary>
    /// The trees that a serializable transaction has read, or meant to write, in the order of their ids: with locks on them it can't fail by what
    /// others write. Also after it has ended.
    /// </summary>
    internal List<(TreeId Tree, LockMode Mode)> LocksForRetry()
    {
        SortedDictionary<ulong, LockMode> modes = [];
        foreach (TreeId tree in _reads?.Trees ?? [])
            modes[tree.Value] = LockMode.Shared;
        foreach (TreeId tree in _owner?.TreesToWrite() ?? [])
            modes[tree.Value] = LockMode.Exclusive;
        return [.. modes.Select(m => (new TreeId(m.Key), m.Value))];
    }

    /// <summary>What a serializable transaction has read; null for others.</summary>
    internal SerializableReads? Reads => _reads;

    /// <summary>Takes a new snapshot; only before anything was read or changed.</summary>
    internal void RenewSnapshot()
    {
        _snapshot = _snapshot.Renew();
        _temporary?.RenewSnapshot();
    }

    /// <summary>Sets an entry. The caller holds the lock that protects the key.</summary>
    /// <exception cref="StorageException">Read only, key too long, budget used up.</exception>
    public void Put(TreeId tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (tree.IsTemporary)
        {
            TemporaryOf(tree).Put(tree.Inner, key, value);
            return;
        }

        EnsureWritable();
        if (key.Length > Engine.MaxKeyLength)
            throw new StorageException(StorageErrorCode.KeyTooLong, $"A key of {key.Length} bytes exceeds the largest key of {Engine.MaxKeyLength} bytes for pages of {Engine.Store.PageSize} bytes (tree {tree}). Use a shorter key or create the database with larger pages.");
        OverlayToWrite().Put(tree, key, value, _statement);
    }

    /// <summary>As <see cref="Put(TreeId, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>; a value that takes fewer pages compressed is stored so.</summary>
    internal void PutCompressible(TreeId tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (tree.IsTemporary)
        {
            TemporaryOf(tree).PutCompressible(tree.Inner, key, value);
            return;
        }

        if (!ValueCompression.TryCompress(value, Engine.Store.PageSize, ref _compressed, out int length))
        {
            Put(tree, key, value);
            return;
        }

        EnsureWritable();
        if (key.Length > Engine.MaxKeyLength)
            Put(tree, key, default); // says what is wrong with the key
        OverlayToWrite().PutCompressed(tree, key, _compressed.AsSpan(0, length), _statement);
        if (_compressed.Length > KeptCompressionBuffer)
            _compressed = [];
    }

    /// <summary>Removes an entry; one that does not exist is no error. The caller holds the lock that protects the key.</summary>
    public void Delete(TreeId tree, ReadOnlySpan<byte> key)
    {
        if (tree.IsTemporary)
        {
            TemporaryOf(tree).Delete(tree.Inner, key);
            return;
        }

        EnsureWritable();
        OverlayToWrite().Delete(tree, key, _statement);
    }

    /// <summary>Makes an empty tree, visible to others when this transaction commits.</summary>
    public TreeId CreateTree()
    {
        EnsureWritable();
        TreeId tree = Engine.NextTreeId();
        (_treeChanges ??= []).Add(new TreeChange(tree, IsCreate: true, _statement));
        return tree;
    }

    /// <summary>Drops a tree with all entries when this transaction commits. The caller holds its exclusive lock.</summary>
    public void DropTree(TreeId tree) => DropTree(tree, forget: false);

    /// <summary>Drops a tree; when <paramref name="forget"/> its pages are damaged or shared, and are left to a rebuild of the allocation maps.</summary>
    internal void DropTree(TreeId tree, bool forget)
    {
        if (tree.IsTemporary)
        {
            TemporaryOf(tree).DropTree(tree.Inner, forget);
            return;
        }

        EnsureWritable();
        (_treeChanges ??= []).Add(new TreeChange(tree, IsCreate: false, _statement, forget));
    }

    /// <summary>
    /// Locks a key. Under <see cref="TransactionIsolation.ReadCommitted"/> says whether the entry is newer than the statement's snapshot;
    /// under the higher levels that is a serialization failure.
    /// </summary>
    /// <param name="tree">The tree.</param>
    /// <param name="key">The key, present or not. The locks of keys are unrelated to the bytes' order.</param>
    /// <param name="mode"><see cref="LockMode.Shared"/> or <see cref="LockMode.Exclusive"/>, <see cref="LockMode.KeyShared"/> or <see cref="LockMode.Update"/>.</param>
    /// <param name="timeout">How long to wait; null takes the database's default, zero does not wait.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public LockOutcome LockKey(TreeId tree, ReadOnlySpan<byte> key, LockMode mode, TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        // Nobody else is there.
        if (tree.IsTemporary)
            return LockOutcome.Granted;
        if (!LockName(tree, key, mode, timeout, cancellation))
            return LockOutcome.NotAvailable;
        if (!IsNewer(tree, key) || Engine.Options.Environment?.Faults is { SkipFirstUpdaterCheck: true })
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
        if (tree.IsTemporary)
            return true;
        TimeSpan wait = timeout ?? Engine.Options.LockTimeout;
        return key.IsEmpty
            ? Engine.Locks.AcquireTree(Owner, tree, mode, wait, cancellation)
            : Engine.Locks.AcquireKey(Owner, tree, key, mode, wait, cancellation);
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
    /// <exception cref="StorageException">A serialization failure (nothing was changed), or the outcome is not known because a flush failed.</exception>
    public Lsn Commit(Durability? durability = null)
    {
        EnsureActive();
        if (!HasOwnChanges)
        {
            Lsn seen = SnapshotLsn;
            CommitTemporary();
            End();
            return seen;
        }

        try
        {
            Lsn lsn;
            using (CommitWrites writes = new(this))
                lsn = Engine.Commit(writes, durability ?? Engine.Options.Durability);
            CommitTemporary();
            return lsn;
        }
        finally
        {
            End();
        }
    }

    /// <summary>Commits without holding a thread while waiting.</summary>
    /// <param name="durability">Null takes the database's.</param>
    /// <param name="cancellation">Looked at before the commit begins; a commit that has begun runs to its end.</param>
    public ValueTask<Lsn> CommitAsync(Durability? durability = null, CancellationToken cancellation = default)
    {
        EnsureActive();
        cancellation.ThrowIfCancellationRequested();
        if (!HasOwnChanges)
        {
            Lsn seen = SnapshotLsn;
            CommitTemporary();
            End();
            return new ValueTask<Lsn>(seen);
        }

        return CommitChangesAsync(durability ?? Engine.Options.Durability);
    }

    /// <summary>Undoes everything and releases the locks. No error when it has ended.</summary>
    public void Rollback() => End();

    /// <summary>Rolls back when still active.</summary>
    public void Dispose() => End();

    /// <summary>Called by the commit pipeline in LSN order, before the commit takes its LSN.</summary>
    internal void Validate()
    {
        if (Engine.Options.Environment?.Faults is not { SkipSerializableValidation: true })
            _reads?.Validate(this);
    }

    internal void RunBeforeVisible(Lsn lsn)
    {
        if (_beforeVisible is null)
            return;
        foreach (Action<Lsn> action in _beforeVisible)
            action(lsn);
    }

    /// <summary>The commit is visible: tells who asked and lets the next holders of its locks go on, before the committer itself wakes up.</summary>
    internal void RunCommitted(Lsn lsn)
    {
        if (_committed is not null)
        {
            foreach (Action<Lsn> action in _committed)
                action(lsn);
        }

        if (_owner is not null)
            Engine.Locks.ReleaseAll(_owner);
    }

    internal void ThrowEnded() =>
        throw new StorageException(StorageErrorCode.Ended, $"Transaction {Id} has ended. Begin another.");

    private async ValueTask<Lsn> CommitChangesAsync(Durability durability)
    {
        try
        {
            Lsn lsn;
            using (CommitWrites writes = new(this))
                lsn = await Engine.CommitAsync(writes, durability).ConfigureAwait(false);
            CommitTemporary();
            return lsn;
        }
        finally
        {
            End();
        }
    }

    /// <summary>What is temporary is in memory and waits for nothing.</summary>
    private void CommitTemporary() => _temporary?.Commit(Durability.Off);

    private void RollbackToStatement(uint statement)
    {
        _temporary?.RollbackToStatement(statement);
        _overlay?.RollbackTo(statement);
        _treeChanges?.RemoveAll(c => c.Statement >= statement);
    }

    private Overlay OverlayToWrite()
    {
        Overlay overlay = _overlay ??= new Overlay(Engine.Store, Engine.UndoInterval);
        if (overlay.IsMarkDue)
            overlay.SetMark(_statement, (_main ?? this).NewestPoint());
        return overlay;
    }

    /// <summary>The first statement after the newest point that the transaction can be rolled back to.</summary>
    private uint NewestPoint() => Math.Max(_depth > 0 ? _outerStart : _statementStart, _savepoints is { Count: > 0 } points ? points[^1].Statement : 0);

    private void ReleaseMarks()
    {
        if (_overlay is not { HasMarks: true })
            return;
        StorageTransaction main = _main ?? this;
        _overlay.ReleaseMarks(main._savepoints, main._statementStart);
    }

    private bool IsCreatedHere(TreeId tree)
    {
        if (_treeChanges is null)
            return false;
        foreach (TreeChange change in _treeChanges)
        {
            if (change.Tree == tree && change.IsCreate)
                return true;
        }

        return false;
    }

    /// <summary>Whether the newest visible state of an entry is later than the statement's snapshot.</summary>
    private bool IsNewer(TreeId tree, ReadOnlySpan<byte> key)
    {
        PageStore store = Engine.Store;
        if (store.VisibleLsn == SnapshotLsn)
            return false;
        Snapshot newest = store.AcquireSnapshot();
        try
        {
            Lsn? now = FindEntryLsn(store, tree, newest.Lsn, key);
            return now is { } lsn ? lsn > SnapshotLsn : FindEntryLsn(store, tree, SnapshotLsn, key) is not null;
        }
        finally
        {
            store.ReleaseSnapshot(newest);
        }
    }

    private bool ExistsAt(PageStore store, TreeId tree, Lsn at, ReadOnlySpan<byte> key)
    {
        if (!store.TryFindTree(tree, at, out ulong root) && !IsCreatedHere(tree))
            throw store.NoSuchTree(tree);

        Span<byte> ignored = stackalloc byte[512];
        return store.TryGet(root, at, key, ignored, out _, out _) switch
        {
            PointRead.Missing => false,
            PointRead.Found => true,
            _ => FindEntryLsn(store, tree, at, key) is not null,
        };
    }

    private static Lsn? FindEntryLsn(PageStore store, TreeId tree, Lsn at, ReadOnlySpan<byte> key)
    {
        if (!store.TryFindTree(tree, at, out ulong root) || root == 0)
            return null;
        PageCursor cursor = store.RentCursor();
        try
        {
            cursor.Open(root, at.Value);
            return cursor.Seek(key, SeekMode.Equal) ? new Lsn(cursor.EntryLsn) : null;
        }
        finally
        {
            store.ReturnCursor(cursor);
        }
    }

    private int IndexOf(Savepoint savepoint)
    {
        EnsureActive();
        int i = _savepoints?.IndexOf(savepoint) ?? -1;
        return i >= 0 ? i : throw new InvalidOperationException("The savepoint was released or rolled back past.");
    }

    private void EnsureActive()
    {
        if (!IsActive)
            ThrowEnded();
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
        _temporary?.End();
        _overlay?.Dispose();
        _overlay = null;
        _snapshot.Release();
        if (_reads is not null)
            Engine.Store.LeafWatch.Exit();
        if (_owner is not null)
            Engine.Locks.ReleaseAll(_owner);
    }
}
