using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// Which pages are free. The maps on pages are the truth; memory holds the page count, a bounded stock of free ids and which maps may
/// hold more. Used by the builder of batches only. A freed page may serve again from the next batch on: its older contents
/// stay reachable as images of its chain and as the data file's copy, which a checkpoint saves before it overwrites them. Only who
/// writes the data file past the chains (bulk builds) needs pages beyond the last checkpoint's count.
/// </summary>
internal sealed unsafe class PageAllocator
{
    private const int MaxStock = 1 << 16;

    private readonly int _pageSize;
    private readonly ulong _firstMap;
    private readonly ulong _perMap;
    private readonly NativeQueue<ulong> _stock = new();
    private readonly NativeQueue<byte> _mayHaveFree = new();

    private readonly NativeQueue<ulong> _takenFromStock = new();
    private readonly NativeQueue<ulong> _freed = new();
    private ulong _countBefore;
    private ulong _stockLimit = ulong.MaxValue;
    private int _mapsBefore;

    public PageAllocator(int pageSize, ulong pageCount)
    {
        _pageSize = pageSize;
        _firstMap = PageFormat.FirstMapPage(pageSize);
        _perMap = (ulong)PageFormat.PagesPerMap(pageSize);
        PageCount = pageCount;
        LargestPageCount = pageCount;
        for (ulong map = _firstMap; map < pageCount; map += _perMap)
        {
            _mayHaveFree.Enqueue(1);
        }
    }

    /// <summary>Pages of the data file, its header included: no page at or beyond this number is in use.</summary>
    public ulong PageCount { get; private set; }

    /// <summary>The most pages that there were since the start.</summary>
    public ulong LargestPageCount { get; private set; }

    /// <summary>The map that says whether the page is in use.</summary>
    public ulong MapOf(ulong id) => _firstMap + ((id - _firstMap) / _perMap * _perMap);

    public bool IsMap(ulong id) => id >= _firstMap && (id - _firstMap) % _perMap == 0;

    /// <summary>Gives back its unmanaged memory: the store ends.</summary>
    public void Free()
    {
        _stock.Dispose();
        _mayHaveFree.Dispose();
        _takenFromStock.Dispose();
        _freed.Dispose();
    }

    public void Begin()
    {
        _countBefore = PageCount;
        _mapsBefore = _mayHaveFree.Count;
        _takenFromStock.Clear();
        _freed.Clear();
        _stockLimit = ulong.MaxValue;
    }

    /// <summary>
    /// Begins a vacuum's batch: free pages are looked for from the start of the file again, and pages that the vacuum frees at or beyond
    /// the limit are not handed out before all others.
    /// </summary>
    public void BeginVacuum(ulong limit)
    {
        _stockLimit = limit;
        Restock();
    }

    /// <summary>Takes the lowest free page when it lies below a limit; 0 otherwise. Only in a vacuum's batch.</summary>
    public ulong TakeBelow(WriteBatch space, ulong limit)
    {
        if (_stock.Count == 0)
        {
            Scan(space);
        }
        return _stock.Count > 0 && _stock.Peek() < limit ? Take(space) : 0;
    }

    /// <summary>Lowers the page count to behind the last page in use; maps at the end go with what they covered.</summary>
    /// <returns>Whether it changed.</returns>
    public bool Shrink(WriteBatch space)
    {
        ulong count = PageCount;
        while (true)
        {
            int mark = space.PinMark;
            ulong map = MapOf(count - 1);
            byte* page = space.Read(map);
            ulong last = count - 1 - map;
            while (last > 0 && !GetBit(page, last))
            {
                last--;
            }
            space.ReleasePins(mark);
            if (last > 0 || map == _firstMap)
            {
                count = map + last + 1;
                break;
            }
            space.DropMap(map);
            _mayHaveFree.Pop();
            count = map;
        }
        if (count == PageCount)
        {
            return false;
        }
        *(ulong*)(space.Write(_firstMap) + PageFormat.PageCountOffset) = count;
        PageCount = count;
        Restock();
        return true;
    }

    /// <summary>Forgets what is known to be free: the maps say it again.</summary>
    private void Restock()
    {
        _stock.Clear();
        for (int m = 0; m < _mayHaveFree.Count; m++)
        {
            _mayHaveFree[m] = 1;
        }
    }

    /// <summary>Takes a free page and marks it in use.</summary>
    /// <param name="space">The batch that the maps are changed in.</param>
    public ulong Take(WriteBatch space)
    {
        if (_stock.Count == 0)
        {
            Scan(space);
        }
        ulong id;
        if (_stock.Count > 0)
        {
            // The lowest of what was found in a map: the file stays dense.
            id = _stock.Dequeue();
            _takenFromStock.Enqueue(id);
            SetBit(space.Write(MapOf(id)), id, true);
            return id;
        }
        ulong count = PageCount;
        if (IsMap(count))
        {
            byte* map = space.FormatNew(count, PageKind.AllocationMap, 0);
            SetBit(map, count, true);
            _mayHaveFree.Enqueue(0);
            count++;
        }
        id = count++;
        SetBit(space.Write(MapOf(id)), id, true);
        *(ulong*)(space.Write(_firstMap) + PageFormat.PageCountOffset) = count;
        PageCount = count;
        LargestPageCount = Math.Max(LargestPageCount, count);
        return id;
    }

    /// <summary>Marks a page free.</summary>
    public void Return(WriteBatch space, ulong id)
    {
        SetBit(space.Write(MapOf(id)), id, false);
        _freed.Enqueue(id);
    }

    /// <summary>The batch is built: what it freed may be used again.</summary>
    public void Commit()
    {
        while (_freed.Count > 0)
        {
            ulong id = _freed.Dequeue();
            if (_stock.Count < MaxStock && id < _stockLimit)
            {
                _stock.Enqueue(id);
            }
            else
            {
                _mayHaveFree[(int)((id - _firstMap) / _perMap)] = 1;
            }
        }
    }

    /// <summary>The batch is given up.</summary>
    public void Rollback()
    {
        PageCount = _countBefore;
        while (_mayHaveFree.Count > _mapsBefore)
        {
            _mayHaveFree.Pop();
        }
        while (_mayHaveFree.Count < _mapsBefore)
        {
            _mayHaveFree.Enqueue(1);
        }
        while (_takenFromStock.Count > 0)
        {
            _stock.Enqueue(_takenFromStock.Dequeue());
        }
        // What the batch took and freed again was either in the stock or beyond the count; what it only freed is still in use.
        _freed.Clear();
    }

    /// <summary>
    /// Makes all maps anew from what refers to pages. What the check could not read may refer to anything: then no page is freed, and where the
    /// old map is lost all pages count as used.
    /// </summary>
    public void Rebuild(WriteBatch space, IntegrityChecker found)
    {
        ulong count = found.PageCount;
        _stock.Clear();
        _mayHaveFree.Clear();
        var before = new byte[_pageSize];
        for (ulong map = _firstMap; map < count; map += _perMap)
        {
            bool hadMap = TryCopyMap(space, map, before);
            byte* page = space.FormatNew(map, PageKind.AllocationMap, 0);
            for (ulong i = 0; i < _perMap && map + i < count; i++)
            {
                bool used = found.IsReferredTo(map + i);
                if (!used && !found.IsComplete)
                {
                    fixed (byte* b = before)
                    {
                        used = !hadMap || GetBit(b, i);
                    }
                }
                if (used)
                {
                    page[PageFormat.BodyOffset + (int)(i >> 3)] |= (byte)(1 << (int)(i & 7));
                }
            }
            if (map == _firstMap)
            {
                *(ulong*)(page + PageFormat.PageCountOffset) = count;
            }
            _mayHaveFree.Enqueue(1);
            space.ReleasePins();
        }
        PageCount = count;
        LargestPageCount = Math.Max(LargestPageCount, count);
        _mapsBefore = _mayHaveFree.Count;
    }

    private bool TryCopyMap(WriteBatch space, ulong map, byte[] copy)
    {
        try
        {
            byte* page = space.Read(map);
            new ReadOnlySpan<byte>(page, _pageSize).CopyTo(copy);
            return PageFormat.Kind(page) == PageKind.AllocationMap;
        }
        catch (StorageException)
        {
            return false; // that it can't be read is why it is made anew
        }
    }

    public static bool GetBit(byte* map, ulong index) => (map[PageFormat.BodyOffset + (int)(index >> 3)] & (1 << (int)(index & 7))) != 0;

    private void SetBit(byte* map, ulong id, bool used)
    {
        ulong index = (id - _firstMap) % _perMap;
        ref byte b = ref map[PageFormat.BodyOffset + (int)(index >> 3)];
        int mask = 1 << (int)(index & 7);
        if (((b & mask) != 0) == used)
        {
            throw new StorageException(StorageErrorCode.Corruption, $"The allocation map says that page {id} is {(used ? "in use" : "free")} already. Run the integrity check.")
            {
                Page = new PageId(id),
            };
        }
        b = (byte)(used ? b | mask : b & ~mask);
    }

    private void Scan(WriteBatch space)
    {
        for (int m = 0; m < _mayHaveFree.Count && _stock.Count == 0; m++)
        {
            if (_mayHaveFree[m] == 0)
            {
                continue;
            }
            if (!space.MayReadStorage)
            {
                return;
            }
            int mark = space.PinMark;
            ulong first = _firstMap + ((ulong)m * _perMap);
            byte* map = space.Read(first);
            bool all = true;
            ulong end = Math.Min(_perMap, PageCount - first);
            for (ulong i = 1; i < end; i++)
            {
                if ((i & 7) == 0 && map[PageFormat.BodyOffset + (int)(i >> 3)] == 0xFF)
                {
                    i += 7;
                    continue;
                }
                if (GetBit(map, i) || IsFreedNow(first + i))
                {
                    continue;
                }
                if (_stock.Count == MaxStock)
                {
                    all = false;
                    break;
                }
                _stock.Enqueue(first + i);
            }
            if (all)
            {
                _mayHaveFree[m] = 0;
            }
            space.ReleasePins(mark);
        }
    }

    private bool IsFreedNow(ulong id)
    {
        for (int i = 0; i < _freed.Count; i++)
        {
            if (_freed[i] == id)
            {
                return true;
            }
        }
        return false;
    }
}
