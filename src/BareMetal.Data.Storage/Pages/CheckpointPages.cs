namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// The pages that a checkpoint writes: those whose newest version at its LSN the data file does not hold, in the order of their ids.
/// Holds a snapshot; what older snapshots need of the data file's copies is saved before the first page is handed out.
/// </summary>
internal sealed unsafe class CheckpointPages : IDisposable
{
    private readonly PageStore _store;
    private readonly Snapshot _snapshot;
    private readonly List<ulong> _pages = [];
    private int _next;
    private ulong _pageCount;
    private bool _collected;
    private bool _ended;

    private readonly ulong _rewriteFrom;
    private readonly ulong _rewriteTo;
    private HashSet<ulong>? _rewritten;

    /// <param name="store">The pages.</param>
    /// <param name="snapshot">The state.</param>
    /// <param name="rewriteFrom">Pages in use from here …</param>
    /// <param name="rewriteTo">… to before here are written although the data file holds them.</param>
    internal CheckpointPages(PageStore store, Snapshot snapshot, ulong rewriteFrom = 0, ulong rewriteTo = 0)
    {
        _rewriteFrom = rewriteFrom;
        _rewriteTo = rewriteTo;
        _store = store;
        _snapshot = snapshot;
    }

    /// <summary>The batch end whose state the pages hold.</summary>
    public Lsn Lsn => _snapshot.Lsn;

    /// <summary>How many pages there are.</summary>
    public int Count => Pages.Count;

    /// <summary>The length of the data file in pages, as of <see cref="Lsn"/>: the file is grown to it.</summary>
    public ulong PageCount
    {
        get
        {
            Collect();
            return _pageCount;
        }
    }

    /// <summary>The ids of the pages, ascending.</summary>
    public IReadOnlyList<ulong> Pages
    {
        get
        {
            Collect();
            return _pages;
        }
    }

    /// <summary>Finds the pages when first asked for them: commits go on meanwhile, for the snapshot holds the state.</summary>
    private void Collect()
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        if (_collected)
        {
            return;
        }
        _pages.Clear();
        _store.Pool.CollectDirty(_snapshot.Lsn.Value, _pages);
        _pages.Sort();
        foreach (ulong id in _pages)
        {
            _store.Pool.SaveFileCopy(id, _snapshot.Lsn.Value);
        }
        if (_rewriteTo > _rewriteFrom)
        {
            AddUnchanged();
        }
        _store.Pool.AdoptLate();
        PageImage* map = _store.Pool.Pin(PageFormat.FirstMapPage(_store.PageSize), _snapshot.Lsn.Value);
        _pageCount = *(ulong*)(map->Data + PageFormat.PageCountOffset);
        PagePool.Unpin(map);
        _collected = true;
    }

    /// <summary>Adds pages whose content the data file has: they are written again only to be encrypted with another key.</summary>
    private void AddUnchanged()
    {
        HashSet<ulong> changed = [.. _pages];
        _rewritten = [];
        ulong first = PageFormat.FirstMapPage(_store.PageSize);
        ulong perMap = (ulong)PageFormat.PagesPerMap(_store.PageSize);
        for (ulong id = Math.Max(_rewriteFrom, first); id < _rewriteTo;)
        {
            ulong mapId = first + ((id - first) / perMap * perMap);
            PageImage* map = _store.Pool.Pin(mapId, _snapshot.Lsn.Value);
            try
            {
                for (; id < _rewriteTo && id < mapId + perMap; id++)
                {
                    if (PageAllocator.GetBit(map->Data, id - mapId) && !changed.Contains(id))
                    {
                        _rewritten.Add(id);
                    }
                }
            }
            finally
            {
                PagePool.Unpin(map);
            }
        }
        _pages.AddRange(_rewritten);
        _pages.Sort();
    }

    /// <summary>Copies the next page, checksum set.</summary>
    /// <param name="id">The page.</param>
    /// <param name="buffer">Receives one page.</param>
    /// <returns>False when there are no more; <see cref="Restart"/> begins again.</returns>
    /// <exception cref="StorageException">A spilled page can't be read.</exception>
    public bool Next(out PageId id, Span<byte> buffer)
    {
        Collect();
        if (_next == _pages.Count)
        {
            id = default;
            return false;
        }
        id = new PageId(_pages[_next++]);
        PageImage* image = _store.Pool.Pin(id.Value, _snapshot.Lsn.Value);
        try
        {
            new ReadOnlySpan<byte>(image->Data, _store.PageSize).CopyTo(buffer);
        }
        finally
        {
            PagePool.Unpin(image);
        }
        _store.Seal(id, buffer[.._store.PageSize]);
        return true;
    }

    /// <summary>Begins again with the first page.</summary>
    public void Restart() => _next = 0;

    /// <summary>The data file holds all pages, durably, and its header says so.</summary>
    public void Complete()
    {
        Collect();
        foreach (ulong id in _pages)
        {
            if (_rewritten?.Contains(id) != true)
            {
                _store.Pool.MarkOnFile(id, _snapshot.Lsn.Value);
            }
        }
        Dispose();
    }

    /// <summary>Ends the checkpoint; without <see cref="Complete"/> its pages stay dirty.</summary>
    public void Dispose()
    {
        if (_ended)
        {
            return;
        }
        _ended = true;
        _store.ReleaseSnapshot(_snapshot);
        _store.CheckpointEnded();
    }
}
