using BareMetal.Data.Storage;

namespace BareMetal.Data.Catalog;

/// <summary>
/// The catalog of an open database: the newest snapshot, some older ones for readers at older snapshots, and the tree that keeps it.
/// A change is published just before its commit becomes visible, so that a reader never has a snapshot newer than its catalog.
/// </summary>
internal sealed class CatalogStore
{
    /// <summary>The tree with one entry per object; also the name of the lock that DDL transactions take in turn.</summary>
    public static readonly TreeId Tree = new(1);

    private const ulong IdSequence = 1;
    private const ulong RowVersionSequence = 2;
    private const ulong FirstStorageSequence = 1024;
    private const int KeptVersions = 32;

    private readonly StorageEngine _engine;
    private readonly Lock _gate = new();
    private CatalogSnapshot[] _history = [];
    private volatile CatalogSnapshot _newest;
    private ulong _nextRowVersion;
    private ulong _lastRowVersion;

    public CatalogStore(StorageEngine engine)
    {
        _engine = engine;
        using StorageTransaction transaction = engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        _newest = Read(transaction, 1);
        if (_newest.FindSchema(CatalogSnapshot.DefaultSchema) is null && !engine.Options.ReadOnly)
            CreateDefaultSchema();
    }

    /// <summary>The newest committed catalog (it may become visible a moment later).</summary>
    public CatalogSnapshot Newest => _newest;

    /// <summary>The committed catalog that belongs to a transaction's snapshot.</summary>
    public CatalogSnapshot At(StorageTransaction transaction)
    {
        CatalogSnapshot newest = _newest;
        if (newest.Lsn <= transaction.SnapshotLsn)
            return newest;
        CatalogSnapshot[] history = Volatile.Read(ref _history);
        for (int i = history.Length - 1; i >= 0; i--)
        {
            if (history[i].Lsn <= transaction.SnapshotLsn)
                return history[i];
        }

        // Older than everything kept: the tree has it at that snapshot. Its version number is below all that are kept.
        return Read(transaction, 0);
    }

    /// <summary>A number for a new object; never used twice.</summary>
    public long NewId() => checked((long)_engine.ReserveSequence(IdSequence, 1) + 1);

    /// <summary>A storage counter for a new sequence; never used twice.</summary>
    public ulong NewStorageSequence() => FirstStorageSequence + (ulong)NewId();

    /// <summary>The next value of the database's row version counter.</summary>
    public ulong NextRowVersion()
    {
        lock (_gate)
        {
            if (_nextRowVersion >= _lastRowVersion)
            {
                _nextRowVersion = _engine.ReserveSequence(RowVersionSequence, 256) + 1;
                _lastRowVersion = _nextRowVersion + 256;
            }

            return _nextRowVersion++;
        }
    }

    /// <summary>Makes committed changes the newest catalog. DDL transactions hold a common lock, so that they come one after another.</summary>
    public void Publish(IReadOnlyDictionary<long, CatalogObject?> changes, Lsn lsn)
    {
        lock (_gate)
        {
            CatalogSnapshot old = _newest;
            int keep = Math.Min(_history.Length, KeptVersions - 1);
            CatalogSnapshot[] history = new CatalogSnapshot[keep + 1];
            Array.Copy(_history, _history.Length - keep, history, 0, keep);
            history[keep] = old;
            Volatile.Write(ref _history, history);
            _newest = old.With(changes, old.Version + 1, lsn);
        }
    }

    private CatalogSnapshot Read(StorageTransaction transaction, long version)
    {
        List<CatalogObject> objects = [.. SystemCatalog.Objects];
        using TreeCursor cursor = transaction.OpenCursor(Tree);
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
            objects.Add(CatalogCodec.Decode(cursor.Value));
        return new CatalogSnapshot(version, transaction.SnapshotLsn, objects);
    }

    private void CreateDefaultSchema()
    {
        SchemaObject schema = new() { Id = NewId(), Name = CatalogSnapshot.DefaultSchema };
        using StorageTransaction transaction = _engine.Begin();
        transaction.BeginStatement();
        transaction.LockTree(Tree, LockMode.Exclusive);
        transaction.Put(Tree, CatalogCodec.EncodeKey(schema.Id), CatalogCodec.Encode(schema));
        transaction.OnBeforeVisible(lsn => Publish(new Dictionary<long, CatalogObject?> { [schema.Id] = schema }, lsn));
        transaction.Commit();
    }
}
