using System.Collections.Immutable;

namespace BareMetal.Data.Storage;

using BareMetal.Data.Storage.Transactions;

/// <summary>
/// A database at the storage level: trees of (key bytes → value bytes) with transactions. One engine owns the files of a database.
/// Members may be called from several threads at once.
/// </summary>
public sealed class StorageEngine : IDisposable, IAsyncDisposable
{
    private readonly Lock _commit = new();
    private readonly Dictionary<ulong, ulong> _sequences = [];
    private ImmutableDictionary<TreeId, ImmutableList<StoredEntry>> _trees = ImmutableDictionary<TreeId, ImmutableList<StoredEntry>>.Empty;
    private Lsn _visible = Lsn.Create(1);
    private long _lastTransaction;
    private ulong _lastTree = TreeId.FirstDynamic - 1;

    private StorageEngine(StorageOptions options) => Options = options;

    /// <summary>The options it was opened with.</summary>
    public StorageOptions Options { get; }

    /// <summary>The newest commit that new snapshots see.</summary>
    public Lsn VisibleLsn => _visible;

    /// <summary>The largest key in bytes that the page size allows.</summary>
    public int MaxKeyLength => Options.PageSize / 5;

    internal LockManager Locks { get; } = new();

    /// <summary>Opens or creates a database, recovering it when it was not closed cleanly.</summary>
    /// <param name="options">Where it is and how to open it.</param>
    /// <exception cref="StorageException">It does not exist, is not a database, is damaged, locked, of a newer format …</exception>
    public static StorageEngine Open(StorageOptions options) => new(options);

    /// <summary>Begins a transaction. It is not bound to a thread, but used by one at a time.</summary>
    /// <param name="isolation">How much it sees of others.</param>
    /// <param name="readOnly">Whether it refuses to write.</param>
    public StorageTransaction Begin(TransactionIsolation isolation = TransactionIsolation.ReadCommitted, bool readOnly = false) =>
        new(this, Interlocked.Increment(ref _lastTransaction), isolation, readOnly || Options.ReadOnly);

    /// <summary>
    /// Takes numbers from a durable counter, outside any transaction: a crash may skip numbers, never repeat them. Counters begin at 0.
    /// </summary>
    /// <param name="sequence">The counter; any number that the caller has not used for another purpose.</param>
    /// <param name="count">How many numbers, at least 1.</param>
    /// <returns>The first of <paramref name="count"/> consecutive numbers.</returns>
    public ulong ReserveSequence(ulong sequence, ulong count)
    {
        lock (_sequences)
        {
            ulong first = _sequences.GetValueOrDefault(sequence);
            _sequences[sequence] = checked(first + count);
            return first;
        }
    }

    /// <summary>Moves a durable counter so that the next number is at least <paramref name="next"/>; never back.</summary>
    public void AdvanceSequence(ulong sequence, ulong next)
    {
        lock (_sequences)
            _sequences[sequence] = Math.Max(_sequences.GetValueOrDefault(sequence), next);
    }

    /// <summary>The number that a durable counter gives next, without taking it.</summary>
    public ulong PeekSequence(ulong sequence)
    {
        lock (_sequences)
            return _sequences.GetValueOrDefault(sequence);
    }

    /// <summary>Writes everything committed so far to the data file and lets the log be recycled.</summary>
    public void Checkpoint()
    {
    }

    /// <summary>An owner of locks that is not a transaction: a session's advisory locks.</summary>
    internal LockOwner CreateLockOwner() => new(Interlocked.Increment(ref _lastTransaction));

    /// <summary>Approximate number of entries of a tree in the newest visible state, for planning.</summary>
    public long EstimateEntries(TreeId tree) => _trees.TryGetValue(tree, out ImmutableList<StoredEntry>? list) ? list.Count : 0;

    /// <summary>Closes the database cleanly.</summary>
    public void Dispose()
    {
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    internal (Lsn Lsn, ImmutableDictionary<TreeId, ImmutableList<StoredEntry>> Trees) TakeSnapshot()
    {
        lock (_commit)
            return (_visible, _trees);
    }

    internal TreeId NextTreeId() => new(Interlocked.Increment(ref _lastTree));

    internal Lsn Commit(StorageTransaction transaction)
    {
        lock (_commit)
        {
            transaction.Validate(_trees);
            Lsn lsn = _visible.Next();
            ImmutableDictionary<TreeId, ImmutableList<StoredEntry>> trees = _trees;
            foreach ((TreeId tree, ImmutableList<OverlayEntry> entries) in transaction.Overlay)
            {
                ImmutableList<StoredEntry>.Builder list = trees.GetValueOrDefault(tree, ImmutableList<StoredEntry>.Empty).ToBuilder();
                foreach (OverlayEntry entry in entries)
                {
                    int at = StoredEntry.Find(list, entry.Key);
                    if (entry.Value is null)
                    {
                        if (at >= 0)
                            list.RemoveAt(at);
                    }
                    else if (at >= 0)
                    {
                        list[at] = new StoredEntry(entry.Key, entry.Value, lsn);
                    }
                    else
                    {
                        list.Insert(~at, new StoredEntry(entry.Key, entry.Value, lsn));
                    }
                }

                trees = trees.SetItem(tree, list.ToImmutable());
            }

            foreach (TreeId dropped in transaction.DroppedTrees)
                trees = trees.Remove(dropped);
            transaction.BeforeVisible(lsn);
            _trees = trees;
            _visible = lsn;
            return lsn;
        }
    }
}
