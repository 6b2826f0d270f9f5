using System.Buffers.Binary;
using BareMetal.Data.Storage.Commit;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Transactions;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage;

/// <summary>
/// A database at the storage level: trees of (key bytes → value bytes) with transactions. One engine owns the files of a database.
/// Members may be called from several threads at once.
/// </summary>
public sealed class StorageEngine : IDisposable, IAsyncDisposable
{
    private readonly Lock _commit = new();
    private readonly Dictionary<ulong, ulong> _sequences = [];
    private Lsn _last;
    private long _lastTransaction;
    private ulong _lastTree = TreeId.FirstDynamic - 1;

    private StorageEngine(StorageOptions options)
    {
        Options = options;
        Store = PageStore.Create(
            new PageStoreOptions { PageSize = options.PageSize, CacheBytes = options.CacheBytes, DatabaseId = Guid.NewGuid(), SpillName = options.Name + "-spill" },
            new NoPageFile(options.PageSize),
            options.Provider);
        _last = Store.VisibleLsn;
    }

    /// <summary>The options it was opened with.</summary>
    public StorageOptions Options { get; }

    /// <summary>The newest commit that new snapshots see.</summary>
    public Lsn VisibleLsn => Store.VisibleLsn;

    /// <summary>The largest key in bytes that the page size allows.</summary>
    public int MaxKeyLength => Store.MaxKeyLength - Overlay.PrefixLength;

    internal LockManager Locks { get; } = new();

    internal PageStore Store { get; }

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

    /// <summary>Approximate number of entries of a tree in the newest visible state, for planning: exact to a small factor, cheap.</summary>
    public long EstimateEntries(TreeId tree)
    {
        Snapshot snapshot = Store.AcquireSnapshot();
        try
        {
            return Store.TryFindTree(tree, snapshot.Lsn, out ulong root) && root != 0 ? TreeEstimate.Entries(Store.Pool, root, snapshot.Lsn) : 0;
        }
        finally
        {
            Store.ReleaseSnapshot(snapshot);
        }
    }

    /// <summary>Closes the database cleanly.</summary>
    public void Dispose() => Store.Dispose();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>An owner of locks that is not a transaction: a session's advisory locks.</summary>
    internal LockOwner CreateLockOwner() => new(Interlocked.Increment(ref _lastTransaction));

    internal TreeId NextTreeId() => new(Interlocked.Increment(ref _lastTree));

    internal Lsn Commit(ICommitRequest request, Durability durability)
    {
        lock (_commit)
        {
            request.Validate();
            Lsn lsn = _last.Next();
            WriteBatch batch = Store.BeginBatch(BatchMode.Direct);
            request.Reset();
            while (request.ReadNextWrite(out WriteOp op))
            {
                switch (op.Kind)
                {
                    case WriteOpKind.Put:
                        batch.Put(lsn, op.Tree, op.Key, op.Value);
                        break;
                    case WriteOpKind.Delete:
                        batch.Delete(lsn, op.Tree, op.Key);
                        break;
                    case WriteOpKind.CreateTree:
                        batch.CreateTree(lsn, op.Tree);
                        break;
                    case WriteOpKind.DropTree:
                        batch.DropTree(lsn, op.Tree);
                        break;
                }
            }

            batch.Publish(lsn);
            _last = lsn;
            request.BeforeVisible(lsn);
            Store.AdvanceVisible(lsn);
            request.Committed(lsn);
            return lsn;
        }
    }

    internal ValueTask<Lsn> CommitAsync(ICommitRequest request, Durability durability) => new(Commit(request, durability));

    private sealed class NoPageFile(int pageSize) : IPageFile
    {
        public int PageSize => pageSize;

        public void Read(PageId id, Span<byte> buffer) => throw new StorageException(StorageErrorCode.Corruption, $"Page {id} is nowhere.");

        public ValueTask ReadAsync(PageId id, Memory<byte> buffer, CancellationToken cancellationToken) => throw new StorageException(StorageErrorCode.Corruption, $"Page {id} is nowhere.");
    }
}
