using BareMetal.Data.Storage.Commit;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Transactions;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage;

/// <summary>
/// A database at the storage level: trees of (key bytes → value bytes) with transactions. One engine owns the files of a database.
/// Members may be called from several threads at once.
/// </summary>
public sealed partial class StorageEngine : IDisposable, IAsyncDisposable
{
    // Numbers of counters are below this one, which gives the numbers of trees.
    private const ulong TreeCounter = ulong.MaxValue;

    private const int MaxNamed = 100_000;

    private readonly IDisposable? _ownerLock;
    private readonly DurableCounters _counters;
    private long _lastTransaction;
    private IStorageProvider? _temporary;
    private int _disposed;

    private StorageEngine(StorageOptions options, IDisposable? ownerLock, Database database)
    {
        Options = options;
        _ownerLock = ownerLock;
        Database = database;
        SerializableReadLimit = options.Settings?.SerializableReadLimit ?? new DatabaseSettings().SerializableReadLimit;
        UndoInterval = options.Settings?.UndoInterval ?? new DatabaseSettings().UndoInterval;
        _counters = new DurableCounters(database.Pipeline, database.ReadSequences());
        WatchLogHolders();
    }

    /// <summary>The options it was opened with.</summary>
    public StorageOptions Options { get; }

    /// <summary>The newest commit that new snapshots see.</summary>
    public Lsn VisibleLsn => Store.VisibleLsn;

    /// <summary>The largest key in bytes that the page size allows.</summary>
    public int MaxKeyLength => Store.MaxKeyLength - Overlay.PrefixLength;

    internal LockManager Locks { get; } = new();

    /// <summary>What opening found and did, in a line.</summary>
    public string OpenReport => Database.Report.ToString();

    internal PageStore Store => Database.Store;

    internal int SerializableReadLimit { get; }

    /// <summary>See <see cref="DatabaseSettings.UndoInterval"/>.</summary>
    internal int UndoInterval { get; }

    internal Database Database { get; }

    /// <summary>Opens or creates a database, recovering it when it was not closed cleanly.</summary>
    /// <param name="options">Where it is and how to open it.</param>
    /// <exception cref="StorageException">It does not exist, is not a database, is damaged, locked, of a newer format …</exception>
    public static StorageEngine Open(StorageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.Name);
        StorageEnvironment environment = options.Environment ?? StorageEnvironment.Default;
        DatabaseSettings settings = options.Settings ?? new DatabaseSettings
        {
            PageSize = options.PageSize,
            CacheBytes = options.CacheBytes,
            CheckpointLogBytes = options.CheckpointLogBytes,
            VersionLimitBytes = options.MaxVersionBytes,
            CheckpointDirtyBytes = options.CheckpointDirtyBytes,
            CheckpointBytesPerSecond = options.CheckpointBytesPerSecond,

            // Twice, because the log grows on while a checkpoint is written: what is used in turn is not made anew each time.
            Log = new LogSettings { MaxLogBytes = options.MaxLogBytes, KeptBytes = 2 * options.CheckpointLogBytes },
        };
        settings = settings with { ReadOnly = options.ReadOnly };
        if ((options.Mode == StorageFileMode.Open || options.ReadOnly) && !options.Provider.Exists(options.Name))
        {
            throw new StorageException(
                StorageErrorCode.DoesNotExist, $"{options.Name}: there is no such database in {options.Provider.Location}.") { File = options.Name };
        }

        string lockName = new DatabaseFiles(options.Name).Lock;
        IDisposable ownerLock = options.ReadOnly
            ? options.Provider.AcquireSharedLock(lockName, options.OwnerLockTimeout)
            : options.Provider.AcquireOwnerLock(lockName, options.OwnerLockTimeout);
        Database? database = null;
        try
        {
            database = Database.Open(options.Provider, options.Name, options.Mode, environment, settings);
            return new StorageEngine(options, ownerLock, database);
        }
        catch
        {
            database?.Dispose(); // what its first reads found may be damage
            ownerLock.Dispose();
            throw;
        }
    }

    /// <summary>Deletes the files of a database that is not open.</summary>
    /// <param name="provider">Where it is.</param>
    /// <param name="name">The data file's name.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Locked"/>: it is open somewhere.</exception>
    public static bool Delete(IStorageProvider provider, string name)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentException.ThrowIfNullOrEmpty(name);
        DatabaseFiles files = new(name);
        bool existed = provider.Exists(name);
        using (provider.AcquireOwnerLock(files.Lock, TimeSpan.Zero))
        {
            provider.Delete(name); // first: what is left without it is no database
            foreach (string file in provider.List())
            {
                if (files.IsSibling(file) && file != files.Lock)
                    provider.Delete(file);
            }
        }

        provider.Delete(files.Lock);
        provider.FlushDirectory();
        return existed;
    }

    /// <summary>Begins a transaction. It is not bound to a thread, but used by one at a time.</summary>
    /// <param name="isolation">How much it sees of others.</param>
    /// <param name="readOnly">Whether it refuses to write.</param>
    public StorageTransaction Begin(TransactionIsolation isolation = TransactionIsolation.ReadCommitted, bool readOnly = false) =>
        new(this, Interlocked.Increment(ref _lastTransaction), isolation, readOnly || Options.ReadOnly);

    /// <summary>As the other; a party waits for its locks.</summary>
    internal StorageTransaction Begin(TransactionIsolation isolation, bool readOnly, LockParty party) =>
        new(this, Interlocked.Increment(ref _lastTransaction), isolation, readOnly || Options.ReadOnly) { LockParty = party };

    /// <summary>
    /// Takes numbers from a durable counter, outside any transaction: a crash may skip numbers, and
    /// never repeats one that a durable commit followed. Counters begin at 0.
    /// </summary>
    /// <param name="sequence">The counter; any number that the caller has not used for another purpose.</param>
    /// <param name="count">How many numbers, at least 1.</param>
    /// <returns>The first of <paramref name="count"/> consecutive numbers.</returns>
    public ulong ReserveSequence(ulong sequence, ulong count) => _counters.Reserve(sequence, count);

    /// <summary>Moves a durable counter so that the next number is at least <paramref name="next"/>; never back.</summary>
    public void AdvanceSequence(ulong sequence, ulong next) => _counters.Advance(sequence, next);

    /// <summary>The number that a durable counter gives next, without taking it.</summary>
    public ulong PeekSequence(ulong sequence) => _counters.Peek(sequence);

    /// <summary>Writes everything committed so far to the data file and lets the log be recycled. Nothing happens in a database opened only for reading.</summary>
    /// <exception cref="StorageException">It failed; unless the database is stopped it goes on, and the log keeps everything.</exception>
    public void Checkpoint()
    {
        if (!Options.ReadOnly)
            Database.Checkpoints.Run();
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

    /// <summary>
    /// Checks files, pages, trees and allocation maps: on storage and as a snapshot sees them. Commits go on meanwhile.
    /// </summary>
    /// <param name="lsn">The snapshot to check, which the caller holds.</param>
    /// <param name="report">Told of each problem.</param>
    /// <param name="cancellation">Ends the check.</param>
    /// <returns>What was found out beside the problems.</returns>
    internal IntegrityChecker CheckIntegrity(Lsn lsn, Action<IntegrityProblem> report, CancellationToken cancellation)
    {
        // A page that is damaged on storage is named once, by the tree that needs it if there is one.
        HashSet<PageId> named = [];
        IntegrityChecker result = IntegrityChecker.Run(Store, lsn, p =>
        {
            if (named.Count < MaxNamed)
                named.Add(p.Page);
            report(p);
        }, cancellation);
        FileChecker.CheckOpen(Database, p =>
        {
            if (p.Page.IsNone || !named.Contains(p.Page))
                report(p);
        }, cancellation);
        return result;
    }

    /// <summary>Changes the passphrase or key of an encrypted database: the data key is wrapped anew, nothing else is written again.</summary>
    /// <param name="newKey">The new passphrase or key.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NotEncrypted"/>; the storage failed, and either the old or the new one counts.</exception>
    public void ChangeKey(EncryptionKey newKey)
    {
        ArgumentNullException.ThrowIfNull(newKey);
        if (Options.ReadOnly)
            throw new StorageException(StorageErrorCode.ReadOnly, $"{Options.Name}: the database is open only for reading.") { File = Options.Name };
        Database.ChangeKey(newKey);
    }

    /// <summary>
    /// Encrypts everything anew with a new random data key, while the database is in use: for when the old passphrase and a copy of the files may be in wrong
    /// hands. Costs as much as writing the whole database twice. When it is cancelled or the process ends, the next call goes on.
    /// </summary>
    /// <param name="key">The passphrase or key that counts from now on: a new one, or the same.</param>
    /// <param name="cancellationToken">Ends it between two steps.</param>
    /// <returns>True when nothing needs the old data key any more; false while a backup, an archive or a feed holds older parts of the log: call again later.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NotEncrypted"/>; the storage failed.</exception>
    public bool RotateDataKey(EncryptionKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (Options.ReadOnly)
            throw new StorageException(StorageErrorCode.ReadOnly, $"{Options.Name}: the database is open only for reading.") { File = Options.Name };
        return Database.RotateDataKey(key, cancellationToken);
    }

    /// <summary>Where temporary files go: encrypted, with keys that are never stored, when the database is.</summary>
    internal IStorageProvider Temporary => Database.Data.Cipher is null ? Options.Provider : _temporary ??= new Encryption.TemporaryStorageProvider(Database.Provider);

    /// <summary>How the names of temporary files begin that a statement makes: what a killed process leaves is deleted at the next open.</summary>
    internal string TemporaryPrefix => _temporaryPrefix ??= new DatabaseFiles(Options.Name).SpillPrefix + "-q";

    private string? _temporaryPrefix;

    /// <summary>Closes the database cleanly.</summary>
    /// <exception cref="StorageException">Commits of durability Normal or Off could not be made durable any more.</exception>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        try
        {
            if (Database.Pipeline.Failure is null && !Options.ReadOnly)
                _counters.Settle();
            CloseLogArchive();
            Database.Close();
        }
        catch (StorageException) when (Database.IsDurable)
        {
            // The last checkpoint failed, on a full disk perhaps. Nothing is lost: the log has everything, and the next open replays it.
            Database.Dispose();
        }
        finally
        {
            _ownerLock?.Dispose();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>An owner of locks that is not a transaction: a session's advisory locks.</summary>
    internal LockOwner CreateLockOwner(LockParty? party = null) => new(Interlocked.Increment(ref _lastTransaction), party);

    /// <summary>The number that the next new tree gets, without taking it.</summary>
    internal TreeId PeekTreeId() => new(TreeId.FirstDynamic + _counters.Peek(TreeCounter));

    internal TreeId NextTreeId() => new(TreeId.FirstDynamic + _counters.Reserve(TreeCounter, 1));

    internal Lsn Commit(ICommitRequest request, Durability durability) => Database.Pipeline.Commit(request, durability);

    internal ValueTask<Lsn> CommitAsync(ICommitRequest request, Durability durability) =>
        Database.Pipeline.CommitAsync(request, durability, CancellationToken.None);
}
