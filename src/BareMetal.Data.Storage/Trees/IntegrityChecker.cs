using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// Reads every page that a snapshot sees and checks it: checksum (by reading), id, LSN, order of keys within and across nodes, heads and
/// prefixes, levels, large values, and that the allocation maps name exactly the pages that are referred to, each once.
/// </summary>
internal sealed unsafe class IntegrityChecker
{
    private const int MaxProblems = 1000;

    private readonly PageStore _store;
    private readonly ulong _lsn;
    private readonly List<IntegrityProblem> _problems = [];
    private readonly HashSet<ulong> _twice = [];
    private readonly ulong[] _seen;
    private readonly ulong _pageCount;
    private readonly CancellationToken _cancellation;
    private TreeId _tree;
    private byte[]? _lastKey;

    private IntegrityChecker(PageStore store, ulong lsn, CancellationToken cancellation)
    {
        _store = store;
        _lsn = lsn;
        _cancellation = cancellation;
        PageImage* map = store.Pool.Pin(PageFormat.FirstMapPage(store.PageSize), lsn);
        _pageCount = *(ulong*)(map->Data + PageFormat.PageCountOffset);
        PagePool.Unpin(map);
        _seen = new ulong[(_pageCount / 64) + 1];
    }

    /// <summary>Checks the state that is visible now.</summary>
    /// <param name="store">The store; commits may go on meanwhile.</param>
    /// <param name="cancellation">Ends the check.</param>
    /// <returns>What is wrong: empty when nothing is.</returns>
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
        IntegrityChecker checker;
        try
        {
            checker = new IntegrityChecker(store, snapshot.Lsn.Value, cancellation);
        }
        catch (StorageException e)
        {
            return [new IntegrityProblem(e.Page, default, e.Message)];
        }
        checker.Run();
        return checker._problems;
    }

    private void Run()
    {
        var trees = new List<(TreeId Tree, ulong Root)>();
        var garbage = new List<(byte Kind, ulong Page, long Length, long Left)>();
        CheckTree(default, _store.DirectoryRoot);
        try
        {
            ReadDirectory(trees, garbage);
        }
        catch (StorageException e)
        {
            Report(e.Page, e.Message);
        }
        foreach ((TreeId tree, ulong root) in trees)
        {
            CheckTree(tree, root);
        }
        _tree = default;
        foreach ((byte kind, ulong page, long length, long left) in garbage)
        {
            if (kind == TreeDirectory.GarbageTree)
            {
                CheckTree(default, page);
            }
            else
            {
                CheckValue(page, length, left == 0 ? OverflowValue.PageCount(_store.PageSize, length) : left);
            }
        }
        CheckMaps();
    }

    private void ReadDirectory(List<(TreeId, ulong)> trees, List<(byte, ulong, long, long)> garbage)
    {
        using var cursor = new PageCursor(_store);
        cursor.Open(_store.DirectoryRoot, _lsn);
        for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
        {
            if (TreeDirectory.TryReadTreeKey(cursor.Key, out TreeId tree) && cursor.ValueLength == TreeDirectory.TreeValueSize)
            {
                trees.Add((tree, TreeDirectory.ReadTreeValue(cursor.Value)));
            }
            else if (TreeDirectory.TryReadGarbageKey(cursor.Key, out byte kind, out ulong page) && cursor.ValueLength == TreeDirectory.GarbageValueSize)
            {
                TreeDirectory.ReadGarbageValue(cursor.Value, out long length, out long left);
                garbage.Add((kind, page, length, left));
            }
            else
            {
                Report(cursor.Leaf, $"the directory entry {Convert.ToHexString(cursor.Key)} is not known");
            }
        }
    }

    private void CheckTree(TreeId tree, ulong root)
    {
        _tree = tree;
        _lastKey = null;
        CheckNode(root, -1, null, null);
    }

    private void CheckNode(ulong id, int level, byte[]? from, byte[]? to)
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
            image = _store.Pool.Pin(id, _lsn);
        }
        catch (StorageException e)
        {
            Report(new PageId(id), e.Message);
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
                Report(new PageId(id), $"a node of level {actual} has the kind {kind}");
                return;
            }
            if (level >= 0 && actual != level)
            {
                Report(new PageId(id), $"the tree is not balanced: level {actual} where {level} belongs");
                return;
            }
            if (Node.Check(page, _store.PageSize) is { } fault)
            {
                Report(new PageId(id), fault);
                return;
            }
            if (actual == 0)
            {
                CheckLeaf(id, page, from, to);
                return;
            }
            int count = Node.Count(page);
            byte[]? lower = from;
            for (int i = 0; i < count; i++)
            {
                byte[] key = FullKey(page, i);
                if ((from is not null && key.AsSpan().SequenceCompareTo(from) < 0) || (to is not null && key.AsSpan().SequenceCompareTo(to) >= 0))
                {
                    Report(new PageId(id), $"separator {i} lies outside the node's range");
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
            CheckNode(child, level - 1, lower, upper);
        }
    }

    private void CheckLeaf(ulong id, byte* page, byte[]? from, byte[]? to)
    {
        for (int i = 0; i < Node.Count(page); i++)
        {
            byte[] key = FullKey(page, i);
            if ((from is not null && key.AsSpan().SequenceCompareTo(from) < 0) || (to is not null && key.AsSpan().SequenceCompareTo(to) >= 0))
            {
                Report(new PageId(id), $"the key of entry {i} lies outside the leaf's range");
            }
            if (_lastKey is not null && _lastKey.AsSpan().SequenceCompareTo(key) >= 0)
            {
                Report(new PageId(id), $"the key of entry {i} does not follow the one before it");
            }
            _lastKey = key;
            if (Node.EntryLsn(page, i) > PageFormat.Lsn(page))
            {
                Report(new PageId(id), $"entry {i} has the LSN {new Lsn(Node.EntryLsn(page, i))}, its page {new Lsn(PageFormat.Lsn(page))}");
            }
            if (key.Length > _store.MaxKeyLength)
            {
                Report(new PageId(id), $"the key of entry {i} has {key.Length} bytes, more than {_store.MaxKeyLength}");
            }
            if (Node.IsOverflow(page, i))
            {
                OverflowValue.ReadReference(Node.Tail(page, i), out ulong top, out long length);
                if (length <= Node.MaxInline(_store.PageSize))
                {
                    Report(new PageId(id), $"entry {i} has a large value of {length} bytes only");
                    continue;
                }
                CheckValue(top, length, OverflowValue.PageCount(_store.PageSize, length));
            }
        }
    }

    private void CheckValue(ulong top, long length, long pages)
    {
        long data = 0;
        int capacity = OverflowValue.DataCapacity(_store.PageSize);
        try
        {
            OverflowValue.Visit(_store.Pool, top, length, pages, _lsn, (id, level) =>
            {
                _cancellation.ThrowIfCancellationRequested();
                if (!Visit(id))
                {
                    throw new StorageException(StorageErrorCode.Corruption, "a part of a large value is referred to twice") { Page = new PageId(id) };
                }
                PageImage* image = _store.Pool.Pin(id, _lsn);
                try
                {
                    CheckHeader(id, image->Data);
                    PageKind expected = level == 0 ? PageKind.OverflowData : PageKind.OverflowIndex;
                    if (PageFormat.Kind(image->Data) != expected || Node.Level(image->Data) != level)
                    {
                        throw new StorageException(StorageErrorCode.Corruption, $"a large value's page holds {PageFormat.Kind(image->Data)}, not {expected}") { Page = new PageId(id) };
                    }
                    if (level == 0)
                    {
                        long here = Math.Min(capacity, length - (data++ * capacity));
                        uint used = *(uint*)(image->Data + Node.CountOffset);
                        if (used != here)
                        {
                            Report(new PageId(id), $"a part of a large value has {used} bytes, not {here}");
                        }
                    }
                }
                finally
                {
                    PagePool.Unpin(image);
                }
            });
        }
        catch (StorageException e)
        {
            Report(e.Page, e.Message);
        }
    }

    private void CheckMaps()
    {
        ulong first = PageFormat.FirstMapPage(_store.PageSize);
        ulong perMap = (ulong)PageFormat.PagesPerMap(_store.PageSize);
        for (ulong map = first; map < _pageCount; map += perMap)
        {
            _cancellation.ThrowIfCancellationRequested();
            Visit(map);
            try
            {
                PageImage* image = _store.Pool.Pin(map, _lsn);
                try
                {
                    CheckMap(map, perMap, image->Data);
                }
                finally
                {
                    PagePool.Unpin(image);
                }
            }
            catch (StorageException e)
            {
                Report(e.Page, e.Message);
            }
        }
    }

    private void CheckMap(ulong map, ulong perMap, byte* page)
    {
        CheckHeader(map, page);
        if (PageFormat.Kind(page) != PageKind.AllocationMap)
        {
            Report(new PageId(map), $"an allocation map holds {PageFormat.Kind(page)}");
            return;
        }
        for (ulong i = 0; i < perMap; i++)
        {
            ulong id = map + i;
            bool used = PageAllocator.GetBit(page, i);
            bool seen = id < _pageCount && (_seen[id / 64] & (1UL << (int)(id % 64))) != 0;
            if (used != seen)
            {
                Report(new PageId(id), used ? "the allocation map says in use, but nothing refers to it" : "it is referred to, but the allocation map says free");
            }
        }
    }

    private void CheckHeader(ulong id, byte* page)
    {
        if (PageFormat.Id(page) != id)
        {
            Report(new PageId(id), $"it carries the id {PageFormat.Id(page)}");
        }
        if (PageFormat.Lsn(page) > _lsn)
        {
            Report(new PageId(id), $"its LSN {new Lsn(PageFormat.Lsn(page))} is after {new Lsn(_lsn)}");
        }
        if (page[PageFormat.EncodingOffset] != 0)
        {
            Report(new PageId(id), $"its encoding {page[PageFormat.EncodingOffset]} is not known");
        }
    }

    private bool Visit(ulong id)
    {
        if (id == 0 || id >= _pageCount)
        {
            Report(new PageId(id), $"it is referred to but lies outside the file's {_pageCount} pages");
            return false;
        }
        ulong mask = 1UL << (int)(id % 64);
        if ((_seen[id / 64] & mask) != 0)
        {
            if (_twice.Add(id))
            {
                Report(new PageId(id), "it is referred to twice");
            }
            return false;
        }
        _seen[id / 64] |= mask;
        return true;
    }

    private static byte[] FullKey(byte* page, int index) => [.. Node.Prefix(page), .. Node.KeySuffix(page, index)];

    private void Report(PageId page, string message)
    {
        if (_problems.Count < MaxProblems)
        {
            _problems.Add(new IntegrityProblem(page, _tree, message));
        }
    }
}
