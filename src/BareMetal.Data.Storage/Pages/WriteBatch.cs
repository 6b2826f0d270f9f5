using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// Builds the page images of one or more commits; one batch at a time. Within the batch a page is copied once and then changed in
/// place. <see cref="Publish"/> ends it; snapshots see it when <see cref="PageStore.AdvanceVisible"/> moves past it.
/// </summary>
internal sealed unsafe partial class WriteBatch : PageSpace
{
    private TreeId _notedTree;
    private Lsn _notedLsn;
    private const int MaxSparse = 256;
    private const int SparseKey = 48;

    private readonly PageAllocator _allocator;
    private readonly NativeQueue<SparseLeaf> _sparse = new(MaxSparse);
    private readonly TreeEditor _editor;
    private readonly NativeQueue<int> _stock = new();
    private readonly NativeQueue<nint> _batchPins = new();
    private readonly NativeQueue<ulong> _pageIds = new();
    private readonly NativeQueue<PreparedOperation> _prepared = new();
    private readonly NativeQueue<PreparedValue> _values = new();
    private readonly NativeQueue<PreparedValue> _garbage = new();
    private readonly byte[] _directoryKey = new byte[TreeDirectory.GarbageKeySize];
    private BatchMode _mode;
    private bool _open;
    private bool _preparing;
    private bool _changed;
    private bool _broken;
    private int _serial;
    private int _commit;
    private int _first;
    private int _owed;
    private int _owedIds;
    private int _budget;
    private ulong _base;
    private ulong _stamp;
    private ulong _lastTree;
    private ulong _lastRoot;
    private ulong _lastLeaf;
    private ulong _deletingIn;
    private int _lastFree;

    internal WriteBatch(PageStore store, PageAllocator allocator)
        : base(store)
    {
        _allocator = allocator;
        _editor = new TreeEditor(this);
    }

    /// <summary>Where a leaf became too empty: the beginning of a key is enough to find it or one beside it.</summary>
    private struct SparseLeaf
    {
        public ulong Tree;
        public byte Length;
        public fixed byte Key[SparseKey];
    }

    private struct PreparedOperation
    {
        public int Pages;
        public int Ids;
        public int Values;
        public bool IsPut;
        public ulong Root;
    }

    private struct PreparedValue
    {
        public ulong Page;
        public long Length;
    }

    /// <summary>How the batch works.</summary>
    public BatchMode Mode => _mode;

    public override ulong Stamp => _stamp;

    /// <summary>Gives back its unmanaged memory: the store ends, and with it whatever built batches.</summary>
    public override void Free()
    {
        base.Free();
        _editor.Dispose();
        _sparse.Dispose();
        _stock.Dispose();
        _batchPins.Dispose();
        _pageIds.Dispose();
        _prepared.Dispose();
        _values.Dispose();
        _garbage.Dispose();
    }

    /// <summary>Times that preparation had reserved too little, since the start. Not zero is a defect, though a harmless one.</summary>
    public long Shortfalls { get; private set; }

    internal bool MayReadStorage => _mode == BatchMode.Direct || _preparing;

    internal void Begin(BatchMode mode, ulong lastEnd)
    {
        if (_open)
        {
            throw new InvalidOperationException("One batch is built at a time.");
        }
        _open = true;
        _mode = mode;
        _serial += 2;
        _first = 0;
        _owed = 0;
        _owedIds = 0;
        _base = lastEnd + 1;
        _stamp = _base;
        _changed = false;
        _broken = false;
        _lastTree = 0;
        _lastRoot = 0;
        _lastLeaf = 0;
        _budget = Pool.FrameCount / 3;
        _prepared.Clear();
        _values.Clear();
        _garbage.Clear();
        _allocator.Begin();
    }

    /// <summary>Prepares a put: reads and pins what it touches, reserves buffers and page ids, and writes a large value to its own pages.</summary>
    /// <returns>False when the change cannot be prepared within the memory at hand, or is one that is never prepared: end the batch
    /// and do the commit in a <see cref="BatchMode.Direct"/> batch.</returns>
    /// <exception cref="StorageException">Reading failed, the key is too long, the tree does not exist.</exception>
    public bool Prepare(TreeId tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool compressed = false)
    {
        Store.CheckKey(key);
        return Prepare(tree, key, value, isDelete: false, compressed);
    }

    /// <summary>Prepares a delete; see <see cref="Prepare(TreeId, ReadOnlySpan{byte}, ReadOnlySpan{byte}, bool)"/>.</summary>
    public bool PrepareDelete(TreeId tree, ReadOnlySpan<byte> key) => Prepare(tree, key, default, isDelete: true, compressed: false);

    /// <summary>Forgets what was prepared and not done. Before the commit's LSN is taken.</summary>
    public void AbandonPrepared()
    {
        CheckOpen();
        while (_prepared.Count > 0)
        {
            PreparedOperation op = _prepared.Dequeue();
            _owed -= op.Pages;
            _owedIds -= op.Ids;
        }
        _preparing = true;
        try
        {
            while (_values.Count > 0)
            {
                PreparedValue value = _values.Dequeue();
                OverflowValue.FreeNow(this, value.Page, value.Length);
            }
        }
        finally
        {
            _preparing = false;
        }
        _lastLeaf = 0;
    }

    /// <summary>Sets or replaces an entry.</summary>
    /// <exception cref="StorageException">In <see cref="BatchMode.Direct"/> only: roll the batch back.</exception>
    public void Put(Lsn lsn, TreeId tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool compressed = false)
    {
        int values = BeginOperation(lsn);
        try
        {
            if (_mode == BatchMode.Direct)
            {
                Store.CheckKey(key);
            }
            NoteChange(lsn, tree);
            ulong root = RootForWrite(tree);
            if (!compressed && Store.IsInline(value.Length))
            {
                _editor.Put(root, key, lsn.Value, value);
            }
            else
            {
                PreparedValue large = values > 0
                    ? _values.Dequeue()
                    : new PreparedValue { Page = WriteLarge(value, compressed), Length = value.Length };
                _editor.PutOverflow(root, key, lsn.Value, large.Page, compressed ? large.Length | OverflowValue.CompressedFlag : large.Length);
            }
            EndOperation();
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>Keeps when each tree changed last, for serializable transactions that read much of it.</summary>
    private void NoteChange(Lsn lsn, TreeId tree)
    {
        if (tree == _notedTree && lsn == _notedLsn)
        {
            return;
        }
        _notedTree = tree;
        _notedLsn = lsn;
        Store.NoteChange(tree, lsn.Value);
    }

    /// <summary>Sets an entry to a large value that is read from a stream. Only in <see cref="BatchMode.Direct"/>.</summary>
    public void Put(Lsn lsn, TreeId tree, ReadOnlySpan<byte> key, Stream value, long length)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            Store.CheckKey(key);
            NoteChange(lsn, tree);
            ulong root = RootForWrite(tree);
            if (Store.IsInline(length))
            {
                var bytes = new byte[length];
                value.ReadExactly(bytes);
                _editor.Put(root, key, lsn.Value, bytes);
            }
            else
            {
                _editor.PutOverflow(root, key, lsn.Value, OverflowValue.Write(this, value, length), length);
            }
            EndOperation();
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>Removes an entry; a missing one is no error.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Delete(Lsn lsn, TreeId tree, ReadOnlySpan<byte> key)
    {
        BeginOperation(lsn);
        try
        {
            NoteChange(lsn, tree);
            ulong root = Root(tree);
            _deletingIn = root;
            bool found = root != 0 && _editor.Delete(root, key);
            if (found && _editor.LeftSparse)
            {
                NoteSparse(tree, key);
            }
            EndOperation();
            return found;
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>Makes an empty tree. Only in <see cref="BatchMode.Direct"/>.</summary>
    /// <exception cref="StorageException">There is one with this id.</exception>
    public void CreateTree(Lsn lsn, TreeId tree)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            NoteChange(lsn, tree);
            if (Root(tree) != 0)
            {
                throw new StorageException(StorageErrorCode.AlreadyExists, $"Tree {tree} exists. Tree ids are never used twice.");
            }
            MakeTree(tree);
            EndOperation();
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>Drops a tree; its pages are freed later, by <see cref="ReclaimDropped"/>. Only in <see cref="BatchMode.Direct"/>.</summary>
    /// <param name="lsn">The LSN of the change.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="forget">Whether its pages are not to be freed, since they may not be its own.</param>
    /// <exception cref="StorageException">There is none with this id.</exception>
    public void DropTree(Lsn lsn, TreeId tree, bool forget = false)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            NoteChange(lsn, tree);
            ulong root = Root(tree);
            if (root == 0)
            {
                throw Store.NoSuchTree(tree);
            }
            TreeDirectory.WriteTreeKey(_directoryKey, tree);
            _editor.Delete(Store.DirectoryRoot, _directoryKey.AsSpan(0, TreeDirectory.TreeKeySize));
            if (!forget)
            {
                AddGarbage(TreeDirectory.GarbageTree, root, 0);
            }
            _lastTree = 0;
            Store.NoteDrop(lsn.Value);
            EndOperation();
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>
    /// Begins to fill an empty tree with entries in ascending order, built bottom-up into new pages. Only in <see cref="BatchMode.Direct"/>;
    /// no other change is made until <see cref="BulkLoader.Finish"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The tree holds entries.</exception>
    public BulkLoader BeginBulkLoad(Lsn lsn, TreeId tree)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            ulong root = RootForWrite(tree);
            byte* page = Read(root);
            if (Node.Level(page) != 0 || Node.Count(page) != 0)
            {
                throw new InvalidOperationException($"Tree {tree} is not empty: only an empty tree is bulk loaded.");
            }
            EndOperation();
            return new BulkLoader(this, root, lsn.Value);
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>A change failed half-way: the batch can only be rolled back.</summary>
    internal void Break()
    {
        _broken = true;
        ReleasePins();
    }

    /// <summary>Ends the batch: its images stand, and will be seen by snapshots at or after <paramref name="end"/>.</summary>
    /// <param name="end">The LSN of the batch's last commit.</param>
    public void Publish(Lsn end)
    {
        CheckOpen();
        if (_broken)
        {
            throw new InvalidOperationException("A change failed: the batch can only be rolled back.");
        }
        if (end.Value < _stamp && _changed)
        {
            throw new ArgumentOutOfRangeException(nameof(end), "The end of a batch is the LSN of its last commit.");
        }
        if (!_changed)
        {
            Rollback();
            Store.BatchEnded(end); // a commit without effect has an LSN all the same
            return;
        }
        while (_pageIds.Count > 0)
        {
            _allocator.Return(this, _pageIds.Pop());
        }
        ReleasePins();
        for (int i = _first; i != 0;)
        {
            int next = Pool.At(i)->Link;
            Pool.At(i)->Link = 0;
            Pool.Freeze(i);
            i = next;
        }
        _first = 0;
        _allocator.Commit();
        ReleaseReservations();
        _open = false;
        Store.BatchEnded(end);
    }

    /// <summary>Gives the batch up whole: in <see cref="BatchMode.Direct"/>, or before any change was made.</summary>
    public void Rollback()
    {
        CheckOpen();
        if (_mode == BatchMode.Prepared && _changed)
        {
            throw new InvalidOperationException("A prepared batch that holds changes is only published: its commits have LSNs.");
        }
        ReleasePins();
        ReleaseReservations();
        for (int i = _first; i != 0;)
        {
            int next = Pool.At(i)->Link;
            Pool.Discard(i);
            i = next;
        }
        _first = 0;
        _pageIds.Clear();
        _allocator.Rollback();
        _open = false;
        Store.BatchEnded(default);
    }

    /// <inheritdoc/>
    public override byte* Write(ulong id)
    {
        PageImage* image = Pool.Pin(id, ulong.MaxValue);
        if ((image->Flags & ImageFlags.Mutable) != 0)
        {
            Pool.MakeWritable(image);
            Keep(image);
            PageFormat.SetLsn(image->Data, _stamp);
            return image->Data;
        }
        Keep(image);
        EndReservation(image);
        int index = TakeImage();
        PageImage* copy = Pool.At(index);
        new ReadOnlySpan<byte>(image->Data, PageSize).CopyTo(new Span<byte>(copy->Data, PageSize));
        PageFormat.SetLsn(copy->Data, _stamp);
        Add(index, id, ImageFlags.Dirty | ImageFlags.Mutable);
        return copy->Data;
    }

    /// <inheritdoc/>
    public override byte* Allocate(PageKind kind, int level, out ulong id)
    {
        if (_pageIds.Count > 0 && !_preparing)
        {
            id = _pageIds.Pop();
        }
        else
        {
            if (_mode == BatchMode.Prepared && !_preparing)
            {
                Shortfalls++;
            }
            id = _allocator.Take(this);
        }
        return FormatNew(id, kind, level);
    }

    /// <summary>Makes the first image of a page that was free.</summary>
    internal byte* FormatNew(ulong id, PageKind kind, int level)
    {
        int index = TakeImage();
        byte* data = Pool.At(index)->Data;
        PageFormat.Format(data, PageSize, id, _stamp, kind, level);
        Add(index, id, ImageFlags.Dirty | ImageFlags.Mutable | (Pool.IsKnown(id) ? 0 : ImageFlags.Fresh));
        return data;
    }

    /// <inheritdoc/>
    public override void Free(ulong id)
    {
        PageImage* head = Pool.Pin(id, ulong.MaxValue);
        _allocator.Return(this, id);
        if ((head->Flags & ImageFlags.Mutable) != 0)
        {
            // The batch's own image becomes the mark; its buffer goes when the operation ends.
            Keep(head);
            Pool.MakeTombstone(head);
            return;
        }
        Keep(head);
        EndReservation(head);
        int index = Pool.AllocateImage();
        Add(index, id, ImageFlags.Tombstone | ImageFlags.Mutable);
    }

    /// <inheritdoc/>
    public override byte* ReadNeighbour(ulong id) => _mode == BatchMode.Direct ? Read(id) : TryRead(id);

    /// <inheritdoc/>
    public override bool CanAfford(int pages) => _mode == BatchMode.Direct || (_stock.Count - _owed >= pages && !PutsAhead());

    /// <inheritdoc/>
    public override bool CanFree(ulong id) => _mode == BatchMode.Direct || Pool.IsWritableWithin(_allocator.MapOf(id), _serial);

    /// <inheritdoc/>
    public override void ReleaseOverflow(ulong page, long length) => _garbage.Enqueue(new PreparedValue { Page = page, Length = length });

    internal void AddGarbage(byte kind, ulong page, long length)
    {
        TreeDirectory.WriteGarbageKey(_directoryKey, kind, page);
        Span<byte> value = stackalloc byte[TreeDirectory.GarbageValueSize];
        TreeDirectory.WriteGarbageValue(value, length);
        _editor.Put(Store.DirectoryRoot, _directoryKey.AsSpan(0, TreeDirectory.GarbageKeySize), _stamp, value);
        Store.NoteGarbage();
    }

    /// <summary>The tree's root as this batch sees it, or 0.</summary>
    internal ulong Root(TreeId tree)
    {
        if (tree.Value == 0)
        {
            return Store.DirectoryRoot;
        }
        if (tree.Value == _lastTree)
        {
            return _lastRoot;
        }
        int mark = PinMark;
        TreeDirectory.WriteTreeKey(_directoryKey, tree);
        ulong root = _editor.TryGet(Store.DirectoryRoot, _directoryKey.AsSpan(0, TreeDirectory.TreeKeySize), out ReadOnlySpan<byte> value, out _, out _)
            ? TreeDirectory.ReadTreeValue(value)
            : 0;
        ReleasePins(mark);
        if (root != 0)
        {
            _lastTree = tree.Value;
            _lastRoot = root;
        }
        return root;
    }

    private ulong RootForWrite(TreeId tree)
    {
        ulong root = Root(tree);
        if (root != 0)
        {
            return root;
        }
        if (!PageStore.IsFixed(tree))
        {
            throw Store.NoSuchTree(tree);
        }
        return MakeTree(tree);
    }

    private ulong MakeTree(TreeId tree)
    {
        Allocate(PageKind.Leaf, 0, out ulong root);
        Node.FormatEmpty(Write(root), PageSize, root, _stamp);
        TreeDirectory.WriteTreeKey(_directoryKey, tree);
        Span<byte> value = stackalloc byte[TreeDirectory.TreeValueSize];
        TreeDirectory.WriteTreeValue(value, root);
        _editor.Put(Store.DirectoryRoot, _directoryKey.AsSpan(0, TreeDirectory.TreeKeySize), _stamp, value);
        _lastTree = tree.Value;
        _lastRoot = root;
        return root;
    }

    /// <summary>Publishes a new image of the batch; it stays pinned until the operation ends, and until the batch ends when prepared.</summary>
    private void Add(int index, ulong id, ImageFlags flags)
    {
        PageImage* image = Pool.At(index);
        image->PageId = id;
        image->Lsn = _stamp;
        image->Flags = flags;
        image->Link = _first;
        image->Freq = 1;
        _first = index;
        if (image->Data != null)
        {
            Keep(image);
            if (_mode == BatchMode.Prepared && PageFormat.Kind(image->Data) is not (PageKind.OverflowData or PageKind.OverflowIndex))
            {
                image->Pins++;
                image->BatchMark = _serial;
                _batchPins.Enqueue((nint)image);
            }
        }
        Pool.Publish(index);
    }

    private int BeginOperation(Lsn lsn)
    {
        CheckOpen();
        if (_broken)
        {
            throw new InvalidOperationException("A change failed: the batch can only be rolled back.");
        }
        if (lsn.Value < _base || lsn.Value < _stamp)
        {
            throw new ArgumentOutOfRangeException(nameof(lsn), "LSNs only grow.");
        }
        _stamp = lsn.Value;
        _changed = true;
        if (_prepared.Count == 0)
        {
            if (_mode == BatchMode.Prepared)
            {
                Shortfalls++;
            }
            return 0;
        }
        PreparedOperation op = _prepared.Dequeue();
        _owed -= op.Pages;
        _owedIds -= op.Ids;
        return op.Values;
    }

    private void EndOperation()
    {
        ReleasePins();
        while (_garbage.Count > 0)
        {
            PreparedValue value = _garbage.Dequeue();
            AddGarbage(TreeDirectory.GarbageValue, value.Page, value.Length);
            ReleasePins();
        }
    }

    private void ReleaseReservations()
    {
        while (_batchPins.Count > 0)
        {
            PagePool.Unpin((PageImage*)_batchPins.Pop());
        }
        while (_stock.Count > 0)
        {
            Pool.ReturnImage(_stock.Pop());
        }
        _prepared.Clear();
        _values.Clear();
        _owed = 0;
        _owedIds = 0;
    }

    private void CheckOpen()
    {
        if (!_open)
        {
            throw new InvalidOperationException("The batch has ended.");
        }
    }

    private void CheckDirect()
    {
        CheckOpen();
        if (_mode != BatchMode.Direct)
        {
            throw new InvalidOperationException("Only a direct batch does this.");
        }
    }
}
