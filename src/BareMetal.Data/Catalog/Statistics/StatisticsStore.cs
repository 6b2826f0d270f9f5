using System.Collections.Concurrent;
using System.Diagnostics;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Catalog.Statistics;

/// <summary>
/// The statistics of an open database: entries of a tree of their own, read when a plan first asks for a table and then kept. They are
/// written by transactions like everything else, and published when the commit becomes visible. Also counts changes of rows, and looks at a
/// table again in the background when many have changed.
/// </summary>
internal sealed class StatisticsStore : IDisposable
{
    private bool _disposed;

    /// <summary>The tree with one entry per table.</summary>
    public static readonly TreeId Tree = new(3);

    /// <summary>Tables whose statistics are kept in memory; more than these are forgotten and read again.</summary>
    private const int MaxKept = 4096;

    private readonly StorageEngine _engine;
    private readonly CatalogStore _catalog;
    private readonly ConcurrentDictionary<long, Entry> _entries = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();
    private readonly Queue<long> _waiting = [];
    private Task? _worker;
    private int _epoch;

    /// <param name="engine">The engine.</param>
    /// <param name="catalog">The catalog.</param>
    /// <param name="threshold">The share of a table's rows that must change before it is looked at again by itself; 0 for never.</param>
    public StatisticsStore(StorageEngine engine, CatalogStore catalog, double threshold)
    {
        _engine = engine;
        _catalog = catalog;
        Threshold = engine.Options.ReadOnly ? 0 : threshold;
    }

    /// <summary>Rows that must have changed besides the share, so that small tables, which need no statistics, are left alone.</summary>
    public const long MinChanges = 5_000;

    /// <summary>The share of a table's rows that must change before it is looked at again by itself; 0 for never.</summary>
    public double Threshold { get; }

    /// <summary>Grows with each change of any statistics.</summary>
    public int Epoch => Volatile.Read(ref _epoch);

    /// <summary>Whether the background looks at tables, instead of <see cref="RunWaiting"/> being called.</summary>
    public bool RunsInBackground { get; set; } = true;

    /// <summary>The statistics of a table; null when there are none.</summary>
    public TableStatistics? Find(Table table) => table.Id < 0 || table.IsTemporary() ? null : EntryOf(table.Id).Statistics;

    /// <summary>Writes statistics with a transaction; they count when it commits. The caller holds the shared lock of the catalog's tree.</summary>
    public void Put(StorageTransaction transaction, TableStatistics statistics)
    {
        byte[] key = CatalogCodec.EncodeKey(statistics.TableId);
        transaction.LockName(Tree, key, LockMode.Exclusive);
        transaction.Put(Tree, key, StatisticsCodec.Encode(statistics));
        transaction.OnBeforeVisible(_ => Publish(statistics.TableId, statistics));
    }

    /// <summary>Removes the statistics of a table that goes.</summary>
    public static void Remove(StorageTransaction transaction, long tableId)
    {
        byte[] key = CatalogCodec.EncodeKey(tableId);
        using TreeCursor cursor = transaction.OpenCursor(Tree, CursorSource.Newest);
        if (cursor.Seek(key, SeekMode.Equal))
            transaction.Delete(Tree, key);
    }

    /// <summary>
    /// Notes that a statement changed rows of a table. True when so many have changed since the last look that the table should be looked at
    /// again: the caller then calls <see cref="Schedule"/> when the transaction has committed.
    /// </summary>
    public bool NoteChanges(Table table, long rows)
    {
        if (rows <= 0 || Threshold <= 0 || table.Id < 0 || table.IsTemporary())
            return false;
        Entry entry = EntryOf(table.Id);
        long changes = Interlocked.Add(ref entry.Changes, rows);
        if (changes < MinChanges)
            return false;
        return changes >= MinChanges + (Threshold * (entry.Statistics?.Rows ?? 0));
    }

    /// <summary>Puts a table on the list of those to be looked at.</summary>
    public void Schedule(long tableId)
    {
        lock (_gate)
        {
            if (_closing.IsCancellationRequested || _waiting.Contains(tableId))
                return;
            _waiting.Enqueue(tableId);
            if (RunsInBackground)
                _worker ??= Task.Run(RunWaiting);
        }
    }

    /// <summary>Looks at the tables that wait for it; what can't be done now is left to the next time.</summary>
    public void RunWaiting()
    {
        while (true)
        {
            long tableId;
            lock (_gate)
            {
                if (_closing.IsCancellationRequested || !_waiting.TryDequeue(out tableId))
                {
                    _worker = null;
                    return;
                }
            }

            try
            {
                Collect(tableId, _closing.Token);
            }
            catch (Exception e) when (e is StorageException or BareMetalException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                // Nobody waits for it, and the plans are right without it.
                Trace.TraceInformation($"The statistics of table {tableId} were not collected: {e.Message}");
            }
        }
    }

    public void Dispose()
    {
        Task? worker;
        lock (_gate)
        {
            // A database whose files failed is closed again.
            if (_disposed)
                return;
            _disposed = true;
            _closing.Cancel();
            _waiting.Clear();
            worker = _worker;
        }

        worker?.Wait();
        _closing.Dispose();
    }

    private void Collect(long tableId, CancellationToken cancellation)
    {
        TableStatistics collected;
        Table table;
        using (StorageTransaction reading = _engine.Begin(TransactionIsolation.Snapshot, readOnly: true))
        {
            if (_catalog.At(reading).Find<Table>(tableId) is not { } found)
                return;
            table = found;
            reading.BeginStatement();
            collected = new StatisticsCollector(reading, table, cancellation).Collect(null, null);
        }

        using StorageTransaction writing = _engine.Begin();
        writing.BeginStatement();
        if (!writing.LockTree(CatalogStore.Tree, LockMode.Shared, TimeSpan.Zero, cancellation))
            return; // Somebody defines something: the next change of the table asks again.
        if (_catalog.Newest.Find<Table>(tableId) is not { } now || now.Version != table.Version)
            return;
        Put(writing, collected);
        writing.Commit(Durability.Off);
    }

    private void Publish(long tableId, TableStatistics statistics)
    {
        _entries[tableId] = new Entry { Statistics = statistics };
        Interlocked.Increment(ref _epoch);
    }

    private Entry EntryOf(long tableId)
    {
        if (_entries.TryGetValue(tableId, out Entry? known))
            return known;
        if (_entries.Count >= MaxKept)
        {
            _entries.Clear();
            Interlocked.Increment(ref _epoch);
        }

        return _entries.GetOrAdd(tableId, new Entry { Statistics = Read(tableId) });
    }

    private TableStatistics? Read(long tableId)
    {
        using StorageTransaction transaction = _engine.Begin(TransactionIsolation.Snapshot, readOnly: true);
        using TreeCursor cursor = transaction.OpenCursor(Tree);
        return cursor.Seek(CatalogCodec.EncodeKey(tableId), SeekMode.Equal) ? StatisticsCodec.Decode(cursor.Value) : null;
    }

    private sealed class Entry
    {
        public TableStatistics? Statistics { get; init; }

        /// <summary>Rows changed since.</summary>
        public long Changes;
    }
}
