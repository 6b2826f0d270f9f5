using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// Reads every page that a snapshot sees and checks it: checksum (by reading), id, LSN, order of keys within and across nodes, heads and
/// prefixes, levels, large values, and that the allocation maps name exactly the pages that are referred to, each once. Commits go on
/// meanwhile. What it holds is two bits for each page of the file; problems are handed on as they are found.
/// </summary>
internal sealed unsafe class IntegrityChecker
{
    private const int MaxListed = 10_000;

    private readonly PageStore _store;
    private readonly ulong _lsn;
    private readonly Action<IntegrityProblem> _report;
    private readonly CancellationToken _cancellation;
    private readonly PageBits _seen;
    private readonly PageBits _shared;
    private readonly HashSet<ulong> _damagedTrees = [];
    private readonly List<(TreeId Tree, ulong Root)> _trees = [];
    private readonly List<(byte Kind, ulong Page, long Length, long Left)> _garbage = [];
    private readonly byte[] _lastKey;
    private readonly byte[] _key;
    private int _lastKeyLength;
    private long _valuePages;
    private PageBits? _again;
    private TreeId _tree;
    private bool _isShared;

    private IntegrityChecker(PageStore store, ulong lsn, Action<IntegrityProblem> report, CancellationToken cancellation)
    {
        _store = store;
        _lsn = lsn;
        _report = report;
        _cancellation = cancellation;
        _lastKey = new byte[store.PageSize];
        _key = new byte[store.PageSize];
        PageCount = ReadPageCount();
        _seen = new PageBits(PageCount);
        _shared = new PageBits(PageCount);
    }

    /// <summary>Pages of the file as the snapshot sees it.</summary>
    public ulong PageCount { get; }

    /// <summary>Whether everything that refers to pages could be read: only then is a page that nothing refers to surely free.</summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>Whether an allocation map was found wrong or could not be read.</summary>
    public bool MapsDiffer { get; private set; }

    /// <summary>Trees whose pages are damaged, shared with others or out of order.</summary>
    public IReadOnlySet<ulong> DamagedTrees => _damagedTrees;

    /// <summary>The trees of the directory.</summary>
    public IReadOnlyList<(TreeId Tree, ulong Root)> Trees => _trees;

    /// <summary>Checks the state that is visible now.</summary>
    /// <param name="store">The store; commits may go on meanwhile.</param>
    /// <param name="cancellation">Ends the check.</param>
    /// <returns>What is wrong, the first ten thousand of it: empty when nothing is.</returns>
    public static IReadOnlyList<IntegrityProblem> Check(PageStore store, CancellationToken cancellation = default)
    {
        Snapshot snapshot = store.AcquireSnapshot();
        try
        {
            return Check(store, snapshot, cancellation);
        }
        finally
        {
            store.ReleaseSnapshot(snapshot);
        }
    }

    /// <summary>Checks the state that a snapshot sees.</summary>
    public static IReadOnlyList<IntegrityProblem> Check(PageStore store, Snapshot snapshot, CancellationToken cancellation = default)
    {
        List<IntegrityProblem> problems = [];
        Run(store, snapshot.Lsn, p =>
        {
            if (problems.Count < MaxListed)
            {
                problems.Add(p);
            }
        }, cancellation);
        return problems;
    }

    /// <summary>Checks the state that a snapshot sees, which is held.</summary>
    /// <param name="store">The store.</param>
    /// <param name="lsn">The snapshot's LSN; the newest built state for who keeps builders out.</param>
    /// <param name="report">Told of each problem.</param>
    /// <param name="cancellation">Ends the check.</param>
    public static IntegrityChecker Run(PageStore store, Lsn lsn, Action<IntegrityProblem> report, CancellationToken cancellation)
    {
        var checker = new IntegrityChecker(store, lsn.Value, report, cancellation);
        checker.Run();
        return checker;
    }

    /// <summary>Checks some trees at a snapshot, which is held, without the allocation maps.</summary>
    public static void RunTrees(PageStore store, Lsn lsn, IReadOnlySet<ulong> trees, Action<IntegrityProblem> report, CancellationToken cancellation)
    {
        var checker = new IntegrityChecker(store, lsn.Value, p =>
        {
            if (trees.Contains(p.Tree.Value))
            {
                report(p);
            }
        }, cancellation);
        checker.CheckTree(default, store.DirectoryRoot);
        foreach ((TreeId tree, ulong root) in checker._trees)
        {
            if (trees.Contains(tree.Value))
            {
                checker.CheckTree(tree, root);
            }
        }
        if (checker._isShared)
        {
            checker._trees.RemoveAll(t => !trees.Contains(t.Tree.Value));
            checker.FindSharers();
        }
    }

    /// <summary>Pins a snapshot's version of a page; one that is too new without having been written since is damage, not age.</summary>
    public static PageImage* Pin(PageStore store, ulong id, ulong lsn)
    {
        try
        {
            return store.Pool.Pin(id, lsn);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.SnapshotTooOld)
        {
            PageImage* newest = store.Pool.Pin(id, ulong.MaxValue);
            var found = new Lsn(PageFormat.Lsn(newest->Data));
            PagePool.Unpin(newest);
            if (found <= store.BuiltLsn)
            {
                throw;
            }
            throw new StorageException(StorageErrorCode.Corruption, $"its LSN {found} is after {store.BuiltLsn}, the last commit", e) { Page = new PageId(id) };
        }
    }

    /// <summary>Whether anything refers to the page, allocation maps included.</summary>
    public bool IsReferredTo(ulong id) => _seen.Contains(id);

    private ulong ReadPageCount()
    {
        ulong first = PageFormat.FirstMapPage(_store.PageSize);
        ulong known = _store.PageCount;
        try
        {
            PageImage* map = Pin(first);
            ulong count = *(ulong*)(map->Data + PageFormat.PageCountOffset);
            PagePool.Unpin(map);
            if (count >= first + 2 && count <= Math.Max(known, _store.LargestPageCount))
            {
                return count;
            }
            MapsDiffer = true;
            Report(IntegrityProblemKind.Allocation, new PageId(first), $"it says that the file has {count} pages; it has {known}");
        }
        catch (StorageException)
        {
            // Reported with the maps.
            MapsDiffer = true;
        }
        return known;
    }

    private void Run()
    {
        CheckTree(default, _store.DirectoryRoot);
        foreach ((TreeId tree, ulong root) in _trees)
        {
            CheckTree(tree, root);
        }
        CheckGarbage();
        CheckMaps();
        if (_isShared)
        {
            FindSharers();
        }
    }

    private void CheckGarbage()
    {
        foreach ((byte kind, ulong page, long length, long left) in _garbage)
        {
            _tree = default;
            if (kind == TreeDirectory.GarbageTree)
            {
                CheckTree(default, page, isDirectory: false);
            }
            else
            {
                CheckValue(page, length, left, default);
            }
        }
    }

    /// <summary>Goes through everything once more and names each place that refers to a page with several.</summary>
    private void FindSharers()
    {
        _again = new PageBits(PageCount);
        CheckTree(default, _store.DirectoryRoot);
        foreach ((TreeId tree, ulong root) in _trees)
        {
            CheckTree(tree, root);
        }
        CheckGarbage();
        for (ulong map = PageFormat.FirstMapPage(_store.PageSize); map < PageCount; map += (ulong)PageFormat.PagesPerMap(_store.PageSize))
        {
            _tree = default;
            Visit(map);
        }
    }

    private void CheckTree(TreeId tree, ulong root, bool isDirectory = true)
    {
        _tree = tree;
        _lastKeyLength = -1;
        CheckNode(root, -1, null, null, isDirectory && tree.Value == 0);
    }

    private void CheckNode(ulong id, int level, byte[]? from, byte[]? to, bool isDirectory)
    {
        _cancellation.ThrowIfCancellationRequested();
        if (!Visit(id))
        {
            return;
        }
        var children = new List<(ulong Child, byte[]? From, byte[]? To)>();
        PageImage* image;
        try
        {
            image = Pin(id);
        }
        catch (StorageException e) when (e.Code != StorageErrorCode.SnapshotTooOld)
        {
            IsComplete = false;
            Report(IntegrityProblemKind.Page, new PageId(id), e.Message);
            return;
        }
        try
        {
            byte* page = image->Data;
            CheckHeader(id, page);
            PageKind kind = PageFormat.Kind(page);
            int actual = Node.Level(page);
            if (kind != (actual == 0 ? PageKind.Leaf : PageKind.Inner))
            {
                IsComplete = false;
                Report(IntegrityProblemKind.Page, new PageId(id), $"a node of level {actual} has the kind {kind}");
                return;
            }
            if (level >= 0 && actual != level)
            {
                IsComplete = false;
                Report(IntegrityProblemKind.Tree, new PageId(id), $"the tree is not balanced: level {actual} where {level} belongs");
                return;
            }
            if (Node.Check(page, _store.PageSize) is { } fault)
            {
                // What can't be told apart is not followed.
                IsComplete = false;
                Report(IntegrityProblemKind.Tree, new PageId(id), fault);
                return;
            }
            if (actual == 0)
            {
                CheckLeaf(id, page, from, to, isDirectory);
                return;
            }
            int count = Node.Count(page);
            byte[]? lower = from;
            for (int i = 0; i < count; i++)
            {
                byte[] key = FullKey(page, i);
                if ((from is not null && key.AsSpan().SequenceCompareTo(from) < 0) || (to is not null && key.AsSpan().SequenceCompareTo(to) >= 0))
                {
                    Report(IntegrityProblemKind.Tree, new PageId(id), $"separator {i} lies outside the node's range", key);
                }
                children.Add((Node.Child(page, _store.PageSize, i - 1), lower, key));
                lower = key;
            }
            children.Add((Node.Child(page, _store.PageSize, count - 1), lower, to));
            level = actual;
        }
        finally
        {
            PagePool.Unpin(image);
        }
        foreach ((ulong child, byte[]? lower, byte[]? upper) in children)
        {
            CheckNode(child, level - 1, lower, upper, isDirectory);
        }
    }

    private void CheckLeaf(ulong id, byte* page, byte[]? from, byte[]? to, bool isDirectory)
    {
        ReadOnlySpan<byte> prefix = Node.Prefix(page);
        prefix.CopyTo(_key);
        for (int i = 0; i < Node.Count(page); i++)
        {
            ReadOnlySpan<byte> suffix = Node.KeySuffix(page, i);
            suffix.CopyTo(_key.AsSpan(prefix.Length));
            ReadOnlySpan<byte> key = _key.AsSpan(0, prefix.Length + suffix.Length);
            if ((from is not null && key.SequenceCompareTo(from) < 0) || (to is not null && key.SequenceCompareTo(to) >= 0))
            {
                Report(IntegrityProblemKind.Tree, new PageId(id), $"the key of entry {i} lies outside the leaf's range", key);
            }
            if (_lastKeyLength >= 0 && _lastKey.AsSpan(0, _lastKeyLength).SequenceCompareTo(key) >= 0)
            {
                Report(IntegrityProblemKind.Tree, new PageId(id), $"the key of entry {i} does not follow the one before it", key);
            }
            key.CopyTo(_lastKey);
            _lastKeyLength = key.Length;
            if (Node.EntryLsn(page, i) > PageFormat.Lsn(page))
            {
                Report(IntegrityProblemKind.Tree, new PageId(id), $"entry {i} has the LSN {new Lsn(Node.EntryLsn(page, i))}, its page {new Lsn(PageFormat.Lsn(page))}", key);
            }
            if (key.Length > _store.MaxKeyLength)
            {
                Report(IntegrityProblemKind.Tree, new PageId(id), $"the key of entry {i} has {key.Length} bytes, more than {_store.MaxKeyLength}", key);
            }
            if (Node.IsOverflow(page, i))
            {
                OverflowValue.ReadReference(Node.Tail(page, i), out ulong top, out long length);
                CheckValue(top, length, 0, key);
                CheckEncoding(top, OverflowValue.IsCompressed(Node.Tail(page, i)), key);
            }
            else if (isDirectory && _again is null)
            {
                ReadDirectory(new PageId(id), key, Node.Tail(page, i));
            }
        }
    }

    private void ReadDirectory(PageId leaf, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (TreeDirectory.TryReadTreeKey(key, out TreeId tree) && value.Length == TreeDirectory.TreeValueSize)
        {
            _trees.Add((tree, TreeDirectory.ReadTreeValue(value)));
        }
        else if (TreeDirectory.TryReadGarbageKey(key, out byte kind, out ulong page) && value.Length == TreeDirectory.GarbageValueSize)
        {
            TreeDirectory.ReadGarbageValue(value, out long length, out long left);
            _garbage.Add((kind, page, length, left));
        }
        else
        {
            IsComplete = false;
            Report(IntegrityProblemKind.Directory, leaf, $"the directory entry {Convert.ToHexString(key)} is not known", key);
        }
    }

    private void CheckValue(ulong top, long length, long left, ReadOnlySpan<byte> key)
    {
        int capacity = OverflowValue.DataCapacity(_store.PageSize);
        if (length <= 0 || (ulong)(length / capacity) > PageCount)
        {
            IsComplete = false;
            Report(IntegrityProblemKind.Value, new PageId(top), $"a large value of {length} bytes can't be", key);
            return;
        }
        long total = OverflowValue.PageCount(_store.PageSize, length);
        long pages = left == 0 ? total : left;
        if (pages < 0 || pages > total)
        {
            IsComplete = false;
            Report(IntegrityProblemKind.Value, new PageId(top), $"a large value of {total} pages can't have {pages} left", key);
            return;
        }
        _valuePages = 0;
        CheckValueLevel(top, OverflowValue.Levels(_store.PageSize, total), ref pages, length, key);
    }

    /// <summary>The top page says whether the value is compressed, as its reference does.</summary>
    private void CheckEncoding(ulong top, bool isCompressed, ReadOnlySpan<byte> key)
    {
        try
        {
            PageImage* image = Pin(top);
            bool says = image->Data[PageFormat.EncodingOffset] == PageFormat.CompressedBit;
            PagePool.Unpin(image);
            if (says != isCompressed)
            {
                Report(IntegrityProblemKind.Value, new PageId(top), $"its page says {(says ? "compressed" : "not compressed")}, what refers to it does not", key);
            }
        }
        catch (StorageException e) when (e.Code is not StorageErrorCode.SnapshotTooOld)
        {
            // The page itself was named just before.
        }
    }

    private void CheckValueLevel(ulong id, int level, ref long left, long length, ReadOnlySpan<byte> key)
    {
        _cancellation.ThrowIfCancellationRequested();
        long reach = 1;
        int fanOut = OverflowValue.IndexCapacity(_store.PageSize);
        for (int i = 0; i < level; i++)
        {
            reach *= fanOut;
        }
        if (!Visit(id))
        {
            Skip(ref left, reach);
            return;
        }
        PageImage* image;
        try
        {
            image = Pin(id);
        }
        catch (StorageException e) when (e.Code != StorageErrorCode.SnapshotTooOld)
        {
            IsComplete = false;
            Report(IntegrityProblemKind.Page, new PageId(id), e.Message, key);
            Skip(ref left, reach);
            return;
        }
        try
        {
            byte* page = image->Data;
            CheckHeader(id, page);
            PageKind expected = level == 0 ? PageKind.OverflowData : PageKind.OverflowIndex;
            if (PageFormat.Kind(page) != expected || Node.Level(page) != level)
            {
                IsComplete = false;
                Report(IntegrityProblemKind.Value, new PageId(id), $"a large value's page holds {PageFormat.Kind(page)} of level {Node.Level(page)}, not {expected} of level {level}", key);
                Skip(ref left, reach);
                return;
            }
            if (level == 0)
            {
                // Pages that wait to be freed go from the end: those left are the first.
                int capacity = OverflowValue.DataCapacity(_store.PageSize);
                long number = _valuePages++;
                long here = Math.Min(capacity, length - (number * capacity));
                uint used = *(uint*)(page + Node.CountOffset);
                if (used != here)
                {
                    Report(IntegrityProblemKind.Value, new PageId(id), $"a part of a large value has {used} bytes, not {here}", key);
                }
                left--;
                return;
            }
            for (int i = 0; i < fanOut && left > 0; i++)
            {
                CheckValueLevel(((ulong*)(page + PageFormat.BodyOffset))[i], level - 1, ref left, length, key);
            }
        }
        finally
        {
            PagePool.Unpin(image);
        }
    }

    private void Skip(ref long left, long pages)
    {
        pages = Math.Min(left, pages);
        left -= pages;
        _valuePages += pages;
    }

    private void CheckMaps()
    {
        _tree = default;
        ulong first = PageFormat.FirstMapPage(_store.PageSize);
        ulong perMap = (ulong)PageFormat.PagesPerMap(_store.PageSize);
        for (ulong map = first; map < PageCount; map += perMap)
        {
            Visit(map);
        }
        for (ulong map = first; map < PageCount; map += perMap)
        {
            _cancellation.ThrowIfCancellationRequested();
            try
            {
                PageImage* image = Pin(map);
                try
                {
                    CheckMap(map, perMap, image->Data);
                }
                finally
                {
                    PagePool.Unpin(image);
                }
            }
            catch (StorageException e) when (e.Code != StorageErrorCode.SnapshotTooOld)
            {
                MapsDiffer = true;
                Report(IntegrityProblemKind.Allocation, new PageId(map), "an allocation map can't be read: " + e.Message);
            }
        }
    }

    private void CheckMap(ulong map, ulong perMap, byte* page)
    {
        CheckHeader(map, page);
        if (PageFormat.Kind(page) != PageKind.AllocationMap)
        {
            MapsDiffer = true;
            Report(IntegrityProblemKind.Allocation, new PageId(map), $"an allocation map holds {PageFormat.Kind(page)}");
            return;
        }
        for (ulong i = 0; i < perMap; i++)
        {
            ulong id = map + i;
            bool used = PageAllocator.GetBit(page, i);
            bool seen = _seen.Contains(id);
            if (used == seen || (used && !IsComplete))
            {
                // What could not be read may refer to it.
                continue;
            }
            MapsDiffer = true;
            Report(IntegrityProblemKind.Allocation, new PageId(id), used ? "the allocation map says in use, but nothing refers to it" : "it is referred to, but the allocation map says free");
        }
    }

    private PageImage* Pin(ulong id) => Pin(_store, id, _lsn);

    private void CheckHeader(ulong id, byte* page)
    {
        if (PageFormat.Id(page) != id)
        {
            Report(IntegrityProblemKind.Page, new PageId(id), $"it carries the id {PageFormat.Id(page)}");
        }
        if (PageFormat.Lsn(page) > _lsn)
        {
            Report(IntegrityProblemKind.Page, new PageId(id), $"its LSN {new Lsn(PageFormat.Lsn(page))} is after {new Lsn(_lsn)}");
        }
        if (!PageFormat.IsKnownEncoding(page))
        {
            Report(IntegrityProblemKind.Page, new PageId(id), $"its encoding {page[PageFormat.EncodingOffset]} is not known");
        }
    }

    private bool Visit(ulong id)
    {
        if (_again is not null)
        {
            if (_shared.Contains(id))
            {
                ReportAlways(IntegrityProblemKind.Shared, new PageId(id), "it is referred to more than once, here among others", default);
            }
            return _again.Add(id);
        }
        if (id < PageFormat.FirstMapPage(_store.PageSize) || id >= PageCount)
        {
            Report(IntegrityProblemKind.Page, new PageId(id), $"it is referred to but lies outside the file's {PageCount} pages");
            IsComplete = false;
            return false;
        }
        if (_seen.Add(id))
        {
            return true;
        }
        _shared.Add(id);
        _isShared = true;
        return false;
    }

    private static byte[] FullKey(byte* page, int index) => [.. Node.Prefix(page), .. Node.KeySuffix(page, index)];

    private void Report(IntegrityProblemKind kind, PageId page, string message, ReadOnlySpan<byte> key = default)
    {
        if (_again is null)
        {
            ReportAlways(kind, page, message, key);
        }
    }

    private void ReportAlways(IntegrityProblemKind kind, PageId page, string message, ReadOnlySpan<byte> key)
    {
        if (kind != IntegrityProblemKind.Allocation)
        {
            _damagedTrees.Add(_tree.Value);
        }
        _report(new IntegrityProblem(page, _tree, message) { Kind = kind, Key = key.IsEmpty ? null : key.ToArray() });
    }

    /// <summary>A bit for each page, in memory that comes as it is needed.</summary>
    private sealed class PageBits(ulong count)
    {
        private const int PagesPerPart = 1 << 16;

        private readonly ulong[]?[] _parts = new ulong[(int)(count / PagesPerPart) + 1][];

        public bool Contains(ulong id)
        {
            ulong part = id / PagesPerPart;
            return part < (ulong)_parts.Length && _parts[part] is { } bits && (bits[(id % PagesPerPart) / 64] & (1UL << (int)(id % 64))) != 0;
        }

        /// <returns>False when it was there.</returns>
        public bool Add(ulong id)
        {
            ulong part = id / PagesPerPart;
            if (part >= (ulong)_parts.Length)
            {
                return false;
            }
            ref ulong word = ref (_parts[part] ??= new ulong[PagesPerPart / 64])[(id % PagesPerPart) / 64];
            ulong mask = 1UL << (int)(id % 64);
            bool isNew = (word & mask) == 0;
            word |= mask;
            return isNew;
        }
    }
}
