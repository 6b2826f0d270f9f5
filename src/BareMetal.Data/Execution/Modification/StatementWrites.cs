using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>
/// What a writing statement has to do at its end: enter keys that others of its rows may have had before (so that an UPDATE may swap
/// keys), carry out referential actions, and judge foreign keys. Also gives a writer per table that the statement reaches.
/// </summary>
internal sealed class StatementWrites
{
    private const int MaxConfirmed = 100_000;

    /// <summary>Key locks that a statement takes in a table before it tries to lock the table instead.</summary>
    private const int MaxKeyLocks = 10_000;

    private readonly Dictionary<long, TableWriter> _writers = [];
    private readonly HashSet<long> _locked = [];
    private readonly PendingEntries _pending = new();
    private readonly List<WrittenKeys> _keySets = [];
    private readonly Queue<ParentChange> _changes = new();
    private readonly List<ParentChange> _judgements = [];
    private readonly Dictionary<ForeignKeyTarget, ParentChecks> _parentChecks = [];
    private readonly RowBuffer _lockName = new(64);
    private readonly HashSet<long> _ownedTables = [];
    private readonly Dictionary<long, WrittenKeys> _touched = [];
    private int _keyLocks;

    /// <summary>Whether several parts of one statement write.</summary>
    public bool IsShared { get; private set; }

    public QueryContext Context { get; private set; } = null!;

    public StorageTransaction Transaction { get; private set; } = null!;

    public WriteServices Services { get; private set; } = null!;

    /// <summary>Forgets the statement before and serves the next; the object belongs to a plan instance, so that small writes allocate little.</summary>
    /// <param name="context">The running statement.</param>
    /// <param name="isShared">Whether several parts of the statement write; who begins it then also ends it.</param>
    public void Begin(QueryContext context, bool isShared = false)
    {
        End();
        IsShared = isShared;
        Context = context;
        Transaction = context.Transaction ?? throw new InvalidOperationException("A writing statement needs a transaction.");
        Services = context.Writes ?? throw new InvalidOperationException("A writing statement needs the services of its session.");
        _writers.Clear();
        _locked.Clear();
        _changes.Clear();
        _judgements.Clear();
        _parentChecks.Clear();
        _ownedTables.Clear();
        _keyLocks = 0;
    }

    /// <summary>Lets go of what is kept in memory and files.</summary>
    public void End()
    {
        _pending.Clear();
        foreach (WrittenKeys keys in _keySets)
            keys.Dispose();
        _keySets.Clear();
        _touched.Clear();
    }

    /// <summary>
    /// Locks a key that is to be entered or removed. A statement with very many of them takes the whole table when it is free, since every
    /// other writer would have announced itself there.
    /// </summary>
    public void LockEntry(Table table, TreeId tree, ReadOnlySpan<byte> key)
    {
        if (_ownedTables.Count > 0 && _ownedTables.Contains(table.Id))
            return;
        if (++_keyLocks % MaxKeyLocks == 0 && Transaction.LockTree(table.Tree, LockMode.Exclusive, TimeSpan.Zero, Context.Cancellation))
        {
            _ownedTables.Add(table.Id);
            return;
        }

        Transaction.LockName(tree, key, LockMode.Exclusive, Context.LockTimeout, Context.Cancellation);
    }

    /// <summary>
    /// The keys of rows of a table that the statement has written, for a part of it that must not write a row twice. All parts of a statement see
    /// the same snapshot, so that the second would undo what the first has done.
    /// </summary>
    public WrittenKeys Touched(Table table)
    {
        if (IsShared && _touched.TryGetValue(table.Id, out WrittenKeys? keys))
            return keys;
        _keySets.Add(keys = new WrittenKeys(Context));
        if (IsShared)
            _touched.Add(table.Id, keys);
        return keys;
    }

    /// <summary>Notes the key of a row that was inserted, where another part of the statement may meet it.</summary>
    public void NoteInserted(Table table, ReadOnlySpan<byte> key)
    {
        if (IsShared)
            Touched(table).Add(key);
    }

    /// <summary>The writer of a table that the statement names.</summary>
    public TableWriter Use(TableWriter writer)
    {
        LockTable(writer.Table, LockMode.IntentExclusive);
        writer.Begin(this);
        _writers[writer.Table.Id] = writer;
        return writer;
    }

    /// <summary>The writer of a table that a referential action reaches.</summary>
    public TableWriter For(Table table)
    {
        if (_writers.TryGetValue(table.Id, out TableWriter? writer))
            return writer;
        OperatorBuilder builder = new();
        return Use(new TableWriter(Services.BindTable(table), Services.BindTable(table), builder));
    }

    /// <summary>Announces the use of a table and makes sure that the statement's catalog has its newest version.</summary>
    public void LockTable(Table table, LockMode mode)
    {
        if (mode == LockMode.IntentShared && !_locked.Add(table.Id))
            return;
        Transaction.LockTree(table.Tree, mode, Context.LockTimeout, Context.Cancellation);
        if (Services.IsChangedHere(table.Id))
            return;
        Table? newest = Services.Store.Newest.Find<Table>(table.Id);
        if (newest is not null && newest.Version == table.Version)
            return;
        if (Transaction.Isolation == TransactionIsolation.ReadCommitted)
            throw StatementRestartException.CatalogIsNewer;
        throw WriteErrors.Serialization($"The table \"{table.Name}\" was changed by another transaction's DDL.");
    }

    /// <summary>1-based number of the input row that an INSERT is writing, for its errors; 0 outside.</summary>
    public int InputRow { get; set; }

    /// <summary>Enters a key at the end of the statement, when every key that goes is gone.</summary>
    public void Defer(Table table, string constraint, TreeId tree, byte[] key, byte[] value, IndexEntryCodec? codec) =>
        _pending.Add(table, constraint, tree, key, value, codec, Context);

    /// <summary>Notes that a row refers to a key; it must exist at the end of the statement.</summary>
    public void RequireParent(ForeignKeyTarget target, RowImage image, int row)
    {
        if (!_parentChecks.TryGetValue(target, out ParentChecks? checks))
        {
            LockTable(target.Parent, LockMode.IntentShared);
            _parentChecks.Add(target, checks = new ParentChecks());
        }

        RowBuffer buffer = checks.Buffer;
        buffer.Clear();
        try
        {
            if (!target.EncodeFromChild(image.Columns, row, buffer))
                return;
        }
        catch (BareMetalException e) when (e.SqlState == SqlStates.NumericOutOfRange)
        {
            throw WriteErrors.ParentMissing(target.Child, target.Key, target.Parent, target.DescribeChild(image.Columns, row));
        }

        var confirmed = checks.Confirmed.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (confirmed.Contains(buffer.Span))
            return;
        target.LockExistence(Context, buffer.Span, LockMode.Shared, _lockName);
        if (target.Exists(Transaction, buffer.Span))
        {
            if (checks.Confirmed.Count < MaxConfirmed)
                confirmed.Add(buffer.Span);
            return;
        }

        checks.Missing.TryAdd(buffer.ToArray(), (target.DescribeChild(image.Columns, row), InputRow));
    }

    /// <summary>Notes that a referenced key goes or changes.</summary>
    public void ParentChanged(ForeignKeyTarget target, ReadOnlySpan<byte> oldKey, Value[] oldValues, Value[]? newValues)
    {
        target.LockExistence(Context, oldKey, LockMode.Exclusive, _lockName);
        _changes.Enqueue(new ParentChange(target, oldKey.ToArray(), oldValues, newValues));
    }

    /// <summary>Does what is left to do when all of the statement's own rows are written.</summary>
    public void Finish()
    {
        EnterPending();
        while (_changes.TryDequeue(out ParentChange? change))
        {
            Context.Cancellation.ThrowIfCancellationRequested();
            Act(change);
            if (_changes.Count == 0)
                EnterPending();
        }

        EnterPending();
        foreach (ParentChange judgement in _judgements)
        {
            Context.Cancellation.ThrowIfCancellationRequested();
            Judge(judgement);
        }

        foreach ((ForeignKeyTarget target, ParentChecks checks) in _parentChecks)
        {
            foreach ((byte[] key, (string description, int row)) in checks.Missing)
            {
                Context.Cancellation.ThrowIfCancellationRequested();
                if (target.Exists(Transaction, key))
                    continue;
                BareMetalException missing = WriteErrors.ParentMissing(target.Child, target.Key, target.Parent, description);
                missing.Row = row;
                throw missing;
            }
        }
    }

    /// <summary>Throws 44000 for a row that breaks the CHECK OPTION of a view. It was written: a key that is there already comes first, as in PostgreSQL.</summary>
    public void RefuseBrokenOption(RowImage image, int row)
    {
        if (image.BrokenOption(row) is not { } option)
            return;
        EnterPending();
        throw WriteErrors.Check(image, option, row);
    }

    private void EnterPending()
    {
        if (!_pending.IsEmpty)
            _pending.Drain(Enter, Context);
    }

    private void Enter(PendingEntries.Target target, byte[] key, byte[] value)
    {
        LockEntry(target.Table, target.Tree, key);
        if (Transaction.ExistsNewest(target.Tree, key))
            throw WriteErrors.Unique(target.Table, target.Constraint, TableWriter.DescribeKey(target.Table, target.Codec, target.Constraint, key, value));
        if (target.Table.Compression == TableCompression.Brotli && target.Tree == target.Table.Tree)
            Transaction.PutCompressible(target.Tree, key, value);
        else
            Transaction.Put(target.Tree, key, value);
    }

    private void Act(ParentChange change)
    {
        ForeignKeyTarget target = change.Target;
        ReferentialAction action = change.NewValues is null ? target.Key.OnDelete : target.Key.OnUpdate;
        if (action is ReferentialAction.NoAction or ReferentialAction.Restrict)
        {
            _judgements.Add(change);
            return;
        }

        LockTable(target.Child, LockMode.IntentShared);
        TableWriter writer = For(target.Child);
        foreach (byte[] key in Children(change, int.MaxValue, out _))
        {
            Context.Cancellation.ThrowIfCancellationRequested();

            // The lock says when a snapshot can't see the row (a serialization failure); under Read Committed the newest row counts.
            Transaction.LockKey(target.Child.Tree, key, LockMode.Exclusive, Context.LockTimeout, Context.Cancellation);
            writer.Act(target, key, action, change.OldKey, change.NewValues);
        }
    }

    private void Judge(ParentChange change)
    {
        ForeignKeyTarget target = change.Target;
        ReferentialAction action = change.NewValues is null ? target.Key.OnDelete : target.Key.OnUpdate;
        if (action == ReferentialAction.NoAction && target.Exists(Transaction, change.OldKey))
            return;
        if (Children(change, 1, out bool isNewer).Count == 0)
            return;
        if (isNewer && Transaction.Isolation != TransactionIsolation.ReadCommitted)
            throw WriteErrors.Serialization($"Rows of table \"{target.Child.Name}\" that refer to a changed row were written by another transaction.");
        throw WriteErrors.StillReferenced(target.Parent, target.Key, target.Child, target.Describe(change.OldValues, asChild: false));
    }

    private List<byte[]> Children(ParentChange change, int limit, out bool isNewer)
    {
        ForeignKeyTarget target = change.Target;
        List<byte[]> keys = [];
        if (target.HasAccess)
        {
            target.FindChildren(Transaction, change.OldValues, keys, out isNewer, limit, Context.Cancellation);
            return keys;
        }

        isNewer = false;
        OperatorBuilder builder = new();
        using TableReader reader = new(Transaction, new RowImage(Services.BindTable(target.Child), builder), CursorSource.Newest);
        RowBuffer buffer = new(64);
        while (reader.Next())
        {
            Context.Cancellation.ThrowIfCancellationRequested();
            reader.Image.ComputeGenerated(Context, stored: false);
            for (int row = 0; row < reader.Image.Count; row++)
            {
                buffer.Clear();
                if (target.EncodeFromChild(reader.Image.Columns, row, buffer) && buffer.Span.SequenceEqual(change.OldKey))
                {
                    keys.Add(reader.Key(row));
                    if (keys.Count >= limit)
                        return keys;
                }
            }
        }

        return keys;
    }

    private sealed record ParentChange(ForeignKeyTarget Target, byte[] OldKey, Value[] OldValues, Value[]? NewValues);

    private sealed class ParentChecks
    {
        public RowBuffer Buffer { get; } = new(64);

        public HashSet<byte[]> Confirmed { get; } = new(ByteKeyComparer.Instance);

        public Dictionary<byte[], (string Description, int Row)> Missing { get; } = new(ByteKeyComparer.Instance);
    }
}
