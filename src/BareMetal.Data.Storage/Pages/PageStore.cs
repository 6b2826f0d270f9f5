using System.Collections.Concurrent;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// Pages, their images and the trees in them: what the commit pipeline builds batches in, checkpoints take their pages from, and snapshots
/// read. Readers run at any time on any thread; batches are built by one thread at a time; checkpoints are taken one at a time.
/// </summary>
internal sealed unsafe class PageStore : IDisposable
{
    private readonly PageStoreOptions _options;
    private readonly SnapshotRegistry _snapshots;
    private readonly SpillFile _spill;
    private readonly PageAllocator _allocator;
    private readonly WriteBatch _batch;
    private readonly ConcurrentDictionary<ulong, TreeRoot> _roots = new();
    private readonly ConcurrentBag<PageCursor> _cursors = [];
    private readonly int _maxKey;
    private readonly int _maxInline;
    private readonly ConcurrentDictionary<ulong, ulong> _changedAt = new();
    private readonly int _versionLimit;
    private int _versionCheck;
    private long _snapshotsGivenUp;
    private ulong _lastEnd;
    private ulong _lastDrop;
    private ulong _shrunkAt;
    private ulong _privateIds;
    private int _garbage = 1;
    private int _sparse;
    private int _building;
    private int _checkpointing;
    private volatile bool _disposed;
    private readonly ConcurrentBag<PrivateTree> _privateTrees = [];

    private PageStore(PageStoreOptions options, IPageFile file, IStorageProvider temporary, Lsn at, bool create)
    {
        if (!PageFormat.IsValidPageSize(options.PageSize))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.PageSize, "A page size is a power of two from 4096 to 65536.");
        }
        _options = options;
        PageSize = options.PageSize;
        _maxKey = Node.MaxKey(PageSize);
        _maxInline = Node.MaxInline(PageSize);
        DirectoryRoot = PageFormat.DirectoryRoot(PageSize);
        _versionLimit = _versionCheck = (int)Math.Clamp(options.VersionLimitBytes / PageSize, 1, int.MaxValue / 2);
        _snapshots = new SnapshotRegistry(at);
        _lastEnd = at.Value;
        _spill = new SpillFile(temporary, options.SpillName, PageSize, options.DatabaseId, options.SpillLimitBytes, options.Cipher is not null);
        Pool = new PagePool(options, file, _spill, _snapshots);
        try
        {
            ulong pageCount = DirectoryRoot + 1;
            if (create)
            {
                MakeFirstPages(pageCount);
            }
            else
            {
                pageCount = ReadPageCount();
            }
            _allocator = new PageAllocator(PageSize, pageCount);
            _batch = new WriteBatch(this, _allocator);
        }
        catch
        {
            Pool.Dispose();
            _spill.Dispose();
            throw;
        }
    }

    /// <summary>Makes the pages of a new database: in memory, and dirty until the first checkpoint.</summary>
    /// <param name="options">Page size, memory, names.</param>
    /// <param name="file">The data file.</param>
    /// <param name="temporary">Where spilled images go.</param>
    public static PageStore Create(PageStoreOptions options, IPageFile file, IStorageProvider temporary)
        => new(options, file, temporary, Lsn.Zero, create: true);

    /// <summary>Opens the pages of an existing database as of its last checkpoint.</summary>
    /// <param name="options">Page size, memory, names.</param>
    /// <param name="file">The data file.</param>
    /// <param name="temporary">Where spilled images go.</param>
    /// <param name="checkpoint">The LSN of that checkpoint.</param>
    /// <exception cref="StorageException">The first pages can't be read.</exception>
    public static PageStore Open(PageStoreOptions options, IPageFile file, IStorageProvider temporary, Lsn checkpoint)
        => new(options, file, temporary, checkpoint, create: false);

    /// <summary>Bytes per page.</summary>
    public int PageSize { get; }

    /// <summary>The database's id.</summary>
    public Guid DatabaseId => _options.DatabaseId;

    /// <summary>Makes a copy of a page ready for storage: encrypted when the database is, and with its checksum.</summary>
    public void Seal(PageId id, Span<byte> page)
    {
        if (_options.Cipher is { } cipher)
            cipher.SealPage(id, page);
        else
            PageChecksum.Seal(DatabaseId, id, page);
    }

    /// <summary>The longest key.</summary>
    public int MaxKeyLength => _maxKey;

    /// <summary>The root page of tree 0.</summary>
    internal ulong DirectoryRoot { get; }

    internal PagePool Pool { get; }

    internal SnapshotRegistry Snapshots => _snapshots;

    /// <summary>Commits up to here are seen by snapshots taken now.</summary>
    public Lsn VisibleLsn => new(_snapshots.Visible);

    /// <summary>The end of the newest batch that was published, visible or not.</summary>
    public Lsn BuiltLsn => new(Volatile.Read(ref _lastEnd));

    /// <summary>Times a prepared batch had reserved too little; not zero is a defect.</summary>
    public long PreparationShortfalls => _batch.Shortfalls;

    /// <summary>Bytes of the spill file in use.</summary>
    public long SpilledBytes => _spill.UsedBytes;

    /// <summary>Pages in the data file as of the newest batch.</summary>
    public ulong PageCount => _allocator.PageCount;

    /// <summary>The most pages that the data file has had since it was opened: no snapshot refers to a page at or beyond it.</summary>
    internal ulong LargestPageCount => _allocator.LargestPageCount;

    /// <summary>Bytes of pages that the next checkpoint has to write, about.</summary>
    public long DirtyBytes => Pool.DirtyPages * PageSize;

    /// <summary>Whether pages of dropped trees and replaced large values may wait to be freed; see <see cref="WriteBatch.ReclaimDropped"/>.</summary>
    public bool HasGarbage => Volatile.Read(ref _garbage) != 0;

    /// <summary>Whether deletes have left leaves too empty; see <see cref="WriteBatch.JoinSparse"/>.</summary>
    public bool HasSparse => Volatile.Read(ref _sparse) != 0;

    /// <summary>Who must not find leaves joined.</summary>
    public LeafWatch LeafWatch { get; } = new();

    /// <summary>Takes a snapshot of what is visible. Give it back with <see cref="ReleaseSnapshot"/>.</summary>
    public Snapshot AcquireSnapshot() => _snapshots.Acquire();

    /// <summary>Registers the same state once more.</summary>
    public Snapshot DuplicateSnapshot(Snapshot snapshot) => _snapshots.Duplicate(snapshot);

    /// <summary>Gives a snapshot back.</summary>
    public void ReleaseSnapshot(Snapshot snapshot)
    {
        _snapshots.Release(snapshot);
        if (Pool.RetiredImages > 0)
        {
            Pool.ReclaimSome(64, snapshot.Lsn.Value < _snapshots.Visible && _snapshots.Oldest() > snapshot.Lsn.Value);
        }
    }

    /// <summary>How many snapshots are held.</summary>
    public int SnapshotCount => _snapshots.Count;

    /// <summary>Makes published batches visible: those up to and including this end.</summary>
    /// <param name="end">The end of a published batch.</param>
    public void AdvanceVisible(Lsn end)
    {
        if (end.Value > _lastEnd)
        {
            throw new ArgumentOutOfRangeException(nameof(end), "Only published batches become visible.");
        }
        _snapshots.Visible = end.Value;
        if (Pool.RetiredImages > 0)
        {
            Pool.ReclaimSome(64, oldestGone: false);
            if (Pool.SupersededImages > Volatile.Read(ref _versionCheck))
            {
                BoundVersions();
            }
        }
    }

    /// <summary>Frees page images that no snapshot needs. Happens by itself in small steps; this looks at all.</summary>
    /// <returns>How many were freed.</returns>
    public int Reclaim()
    {
        Pool.AdoptLate();
        return Pool.Reclaim(int.MaxValue);
    }

    /// <summary>Gives the oldest snapshots up when old versions exceed their limit.</summary>
    private void BoundVersions()
    {
        Reclaim();
        int given = 0;
        while (Pool.SupersededImages > _versionLimit && given < 1000 && _snapshots.GiveUpOldest())
        {
            given++;
            Reclaim();
        }
        Interlocked.Add(ref _snapshotsGivenUp, given);

        // To look at all of them costs as much as there are: not again before there are some more.
        Volatile.Write(ref _versionCheck, Math.Max(_versionLimit, Pool.SupersededImages + (_versionLimit / 8)));
    }

    /// <summary>How many times a snapshot was given up because old versions exceeded their limit.</summary>
    public long SnapshotsGivenUp => Volatile.Read(ref _snapshotsGivenUp);

    /// <summary>Bytes of superseded page versions, most of which snapshots still need.</summary>
    public long VersionBytes => (long)Pool.SupersededImages * PageSize;

    /// <summary>Notes that a commit that is being built changes a tree.</summary>
    internal void NoteChange(TreeId tree, ulong lsn) => _changedAt[tree.Value] = lsn;

    /// <summary>Whether a tree has changed since a snapshot, batches not yet visible included.</summary>
    public bool ChangedSince(TreeId tree, Lsn snapshot) => _changedAt.TryGetValue(tree.Value, out ulong lsn) && lsn > snapshot.Value;

    /// <summary>Begins a batch: one at a time.</summary>
    public WriteBatch BeginBatch(BatchMode mode = BatchMode.Prepared)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Interlocked.Exchange(ref _building, 1) != 0)
        {
            throw new InvalidOperationException("One batch is built at a time.");
        }
        _batch.Begin(mode, _lastEnd);
        return _batch;
    }

    /// <summary>
    /// Begins a checkpoint of what is visible: takes a snapshot; the pages that differ from the data file are found when asked for.
    /// One at a time.
    /// </summary>
    /// <param name="rewriteFrom">Pages in use from here …</param>
    /// <param name="rewriteTo">… to before here are written although the data file holds them.</param>
    public CheckpointPages BeginCheckpoint(ulong rewriteFrom = 0, ulong rewriteTo = 0)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Interlocked.Exchange(ref _checkpointing, 1) != 0)
        {
            throw new InvalidOperationException("One checkpoint is taken at a time.");
        }
        try
        {
            return new CheckpointPages(this, _snapshots.Acquire(isLasting: true), rewriteFrom, rewriteTo);
        }
        catch
        {
            CheckpointEnded();
            throw;
        }
    }

    internal void CheckpointEnded() => Volatile.Write(ref _checkpointing, 0);

    /// <summary>Whether a leaf has changed, moved or gone since a snapshot, batches not yet visible included. May read the page.</summary>
    public bool ChangedSince(PageId leaf, Lsn snapshot) => Pool.ChangedSince(leaf.Value, snapshot.Value);

    /// <summary>Copies a page as a snapshot sees it; the checksum is the caller's to set.</summary>
    /// <param name="id">The page; in use at that snapshot.</param>
    /// <param name="lsn">The snapshot, which is held.</param>
    /// <param name="buffer">Receives one page.</param>
    public void CopyPage(PageId id, Lsn lsn, Span<byte> buffer)
    {
        PageImage* image = Pool.Pin(id.Value, lsn.Value);
        new ReadOnlySpan<byte>(image->Data, PageSize).CopyTo(buffer);
        PagePool.Unpin(image);
    }

    /// <summary>The LSN of a page's last change as a snapshot sees it.</summary>
    public Lsn PageLsnAt(PageId id, Lsn lsn)
    {
        PageImage* image = Pool.Pin(id.Value, lsn.Value);
        Lsn result = new(PageFormat.Lsn(image->Data));
        PagePool.Unpin(image);
        return result;
    }

    /// <summary>Pages of the database as a snapshot sees it, header pages included.</summary>
    public ulong PageCountAt(Lsn lsn)
    {
        PageImage* map = Pool.Pin(PageFormat.FirstMapPage(PageSize), lsn.Value);
        ulong count = *(ulong*)(map->Data + PageFormat.PageCountOffset);
        PagePool.Unpin(map);
        return count;
    }

    /// <summary>Finds a tree.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="lsn">The snapshot, which is held.</param>
    /// <param name="root">Its root page; 0 for a fixed tree that holds nothing yet.</param>
    /// <returns>Whether it exists.</returns>
    public bool TryFindTree(TreeId tree, Lsn lsn, out ulong root)
    {
        if (tree.Value == 0)
        {
            root = DirectoryRoot;
            return true;
        }
        if (_roots.TryGetValue(tree.Value, out TreeRoot? known)
            && known.Created <= lsn.Value
            && known.SeenAt >= Volatile.Read(ref _lastDrop))
        {
            root = known.Root;
            return true;
        }
        PageCursor cursor = RentCursor();
        try
        {
            Span<byte> key = stackalloc byte[TreeDirectory.TreeKeySize];
            TreeDirectory.WriteTreeKey(key, tree);
            cursor.Open(DirectoryRoot, lsn.Value);
            if (!cursor.Seek(key, SeekMode.Equal))
            {
                root = 0;
                return IsFixed(tree);
            }
            root = TreeDirectory.ReadTreeValue(cursor.Value);
            // A drop that is built later makes the entry unusable, because it was seen before.
            _roots[tree.Value] = new TreeRoot(root, cursor.EntryLsn, lsn.Value);
            return true;
        }
        finally
        {
            ReturnCursor(cursor);
        }
    }

    /// <summary>The tree's root page, or 0 for an empty fixed tree.</summary>
    /// <exception cref="StorageException">There is no such tree at the snapshot.</exception>
    public ulong FindTree(TreeId tree, Lsn lsn) => TryFindTree(tree, lsn, out ulong root) ? root : throw NoSuchTree(tree);

    /// <summary>A cursor, closed; give it back with <see cref="ReturnCursor"/>.</summary>
    public PageCursor RentCursor() => _cursors.TryTake(out PageCursor? cursor) ? cursor : new PageCursor(this);

    /// <summary>Closes a cursor and keeps it for the next who needs one.</summary>
    public void ReturnCursor(PageCursor cursor)
    {
        cursor.Close();
        cursor.Observer = null;
        if (!_disposed)
        {
            _cursors.Add(cursor);
            DropKeptIfDisposed();
        }
    }

    /// <summary>An empty private tree; give it back with <see cref="ReturnPrivateTree"/>, or dispose it.</summary>
    public PrivateTree RentPrivateTree() => _privateTrees.TryTake(out PrivateTree? tree) ? tree : new PrivateTree(this);

    /// <summary>Drops the tree's content and keeps the object for the next who needs one. Its cursors are closed.</summary>
    public void ReturnPrivateTree(PrivateTree tree)
    {
        if (_disposed)
        {
            tree.Dispose();
            return;
        }
        tree.Reset();
        _privateTrees.Add(tree);
        DropKeptIfDisposed();
    }

    /// <summary>A cursor over a tree at a snapshot that is held.</summary>
    public PageCursor OpenCursor(TreeId tree, Lsn lsn)
    {
        ulong root = FindTree(tree, lsn);
        PageCursor cursor = RentCursor();
        cursor.Open(root, lsn.Value);
        return cursor;
    }

    /// <summary>Reads one entry without a cursor, if its value is in its leaf and fits.</summary>
    /// <param name="root">The tree's root page, from <see cref="FindTree"/>.</param>
    /// <param name="lsn">The snapshot, which is held.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">Receives the value.</param>
    /// <param name="length">The value's length.</param>
    /// <param name="entryLsn">The commit that last changed it.</param>
    /// <returns>Found, missing, or not to be had this way: use a cursor.</returns>
    public PointRead TryGet(ulong root, Lsn lsn, ReadOnlySpan<byte> key, Span<byte> value, out int length, out Lsn entryLsn)
    {
        length = 0;
        entryLsn = default;
        if (root == 0)
        {
            return PointRead.Missing;
        }
        var result = PointRead.UseCursor;
        long* epoch = ReaderEpoch.Enter();
        if (_disposed)
        {
            ReaderEpoch.Exit(epoch);
            throw new ObjectDisposedException(nameof(PageStore));
        }
        ulong id = root;
        for (int depth = 0; depth < 64; depth++)
        {
            PageImage* image = Pool.Find(id, lsn.Value);
            byte* page;
            if (image == null || (page = (byte*)Volatile.Read(ref *(nint*)&image->Data)) == null)
            {
                break;
            }
            PagePool.Prefetch(page);
            PagePool.Touch(image);
            PageKind kind = PageFormat.Kind(page);
            if (kind == PageKind.Inner)
            {
                id = Node.Child(page, PageSize, Node.ChildIndex(page, key));
                continue;
            }
            if (kind != PageKind.Leaf)
            {
                break;
            }
            int position = Node.Search(page, key, out bool found);
            if (!found)
            {
                result = PointRead.Missing;
                break;
            }
            Span<byte> tail = Node.Tail(page, position);
            if (!Node.IsOverflow(page, position) && tail.Length <= value.Length)
            {
                tail.CopyTo(value);
                length = tail.Length;
                entryLsn = new Lsn(Node.EntryLsn(page, position));
                result = PointRead.Found;
            }
            break;
        }
        ReaderEpoch.Exit(epoch);
        return result;
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        DropKept();
        if (Interlocked.Exchange(ref _building, 1) == 0)
        {
            // Nobody builds, and nobody will. A batch that was given up in the middle keeps its memory until nobody refers to it.
            _batch.Free();
            _allocator.Free();
        }
        Pool.Dispose();
        _spill.Dispose();
        _snapshots.Dispose();
    }

    private void DropKeptIfDisposed()
    {
        if (_disposed)
        {
            DropKept();
        }
    }

    /// <summary>
    /// Lets go of what is kept for use again. The bags hold it per thread, for as long as the thread lives: what is in them refers to this store, so
    /// that without this a closed database would stay in memory.
    /// </summary>
    private void DropKept()
    {
        while (_cursors.TryTake(out _))
        {
        }
        while (_privateTrees.TryTake(out PrivateTree? tree))
        {
            tree.Dispose();
        }
    }

    internal static bool IsFixed(TreeId tree) => tree.Value < TreeId.FirstDynamic;

    internal bool IsInline(long valueLength) => valueLength <= _maxInline;

    internal void CheckKey(ReadOnlySpan<byte> key)
    {
        if (key.Length > _maxKey)
        {
            throw new StorageException(StorageErrorCode.KeyTooLong, $"A key of {key.Length} bytes exceeds {_maxKey}, the longest with pages of {PageSize} bytes. Index shorter values or use larger pages.");
        }
    }

    /// <summary>Keys of private trees may carry a tree id before a key of any tree.</summary>
    internal void CheckPrivateKey(ReadOnlySpan<byte> key)
    {
        if (key.Length > _maxKey + Node.PrivateKeyExtra)
        {
            CheckKey(key[..^Node.PrivateKeyExtra]);
        }
    }

    internal StorageException NoSuchTree(TreeId tree) => new(StorageErrorCode.NoSuchTree, $"Tree {tree} does not exist.");

    internal ulong NextPrivateId() => PageFormat.PrivateBit | Interlocked.Increment(ref _privateIds);

    internal void NoteSparse(bool any) => Volatile.Write(ref _sparse, any ? 1 : 0);

    internal void NoteGarbage() => Volatile.Write(ref _garbage, 1);

    internal void NoGarbage() => Volatile.Write(ref _garbage, 0);

    /// <summary>The last time that the file was to become shorter; 0 when it is as short as that.</summary>
    internal ulong ShrunkAt => Volatile.Read(ref _shrunkAt);

    internal void NoteShrink(ulong lsn) => Volatile.Write(ref _shrunkAt, lsn);

    /// <summary>The file was cut after a shrink: what lay behind its end is gone.</summary>
    internal void ShrinkDone(ulong lsn, ulong filePages)
    {
        Pool.FileEnd = filePages;
        Interlocked.CompareExchange(ref _shrunkAt, 0, lsn);
    }

    internal void NoteDrop(ulong lsn) => Volatile.Write(ref _lastDrop, lsn);

    internal void BatchEnded(Lsn end)
    {
        if (end.Value > _lastEnd)
        {
            Volatile.Write(ref _lastEnd, end.Value);
        }
        Volatile.Write(ref _building, 0);
    }

    /// <summary>
    /// The page count in the first allocation map. When that page is damaged the store opens all the same, so that the rest can be read and
    /// checked and the maps rebuilt; what needs the map, as every new page does, fails with its damage.
    /// </summary>
    private ulong ReadPageCount()
    {
        try
        {
            PageImage* map = Pool.Pin(PageFormat.FirstMapPage(PageSize), ulong.MaxValue);
            ulong count = *(ulong*)(map->Data + PageFormat.PageCountOffset);
            PagePool.Unpin(map);
            return count;
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.Corruption && _options.PageCount > 0)
        {
            return _options.PageCount;
        }
    }

    private void MakeFirstPages(ulong pageCount)
    {
        int index = Pool.AcquireImage();
        PageImage* map = Pool.At(index);
        map->PageId = PageFormat.FirstMapPage(PageSize);
        map->Flags = ImageFlags.Dirty | ImageFlags.Fresh;
        PageFormat.Format(map->Data, PageSize, map->PageId, 0, PageKind.AllocationMap);
        *(ulong*)(map->Data + PageFormat.PageCountOffset) = pageCount;
        map->Data[PageFormat.BodyOffset] = 0b11;
        Pool.Publish(index);
        PagePool.Unpin(map);

        index = Pool.AcquireImage();
        PageImage* directory = Pool.At(index);
        directory->PageId = DirectoryRoot;
        directory->Flags = ImageFlags.Dirty | ImageFlags.Fresh;
        Node.FormatEmpty(directory->Data, PageSize, DirectoryRoot, 0);
        Pool.Publish(index);
        PagePool.Unpin(directory);
    }

    private sealed record TreeRoot(ulong Root, ulong Created, ulong SeenAt);
}
