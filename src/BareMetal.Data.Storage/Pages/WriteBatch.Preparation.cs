using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Pages;

// What must be at hand before an operation begins, so that it can't fail half way: pages, images, ids, and the values that stand outside of leaves.
internal sealed unsafe partial class WriteBatch
{
    /// <summary>
    /// Whether the commit goes on with puts into the tree in which it just deletes: they were found to fit into the leaves as they are,
    /// so no leaf is merged before them.
    /// </summary>
    private bool PutsAhead()
    {
        const int Look = 16;
        for (int i = 0; i < _prepared.Count && _prepared[i].Root == _deletingIn; i++)
        {
            if (_prepared[i].IsPut || i == Look)
            {
                return true;
            }
        }
        return false;
    }

    private bool Prepare(TreeId tree, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isDelete, bool compressed)
    {
        CheckOpen();
        if (_mode == BatchMode.Direct)
        {
            return true;
        }
        if (_prepared.Count == 0)
        {
            _commit++;
            _lastLeaf = 0;
        }
        _preparing = true;
        _stamp = _changed ? _stamp : _base;
        var op = new PreparedOperation { IsPut = !isDelete };
        try
        {
            ulong root = Root(tree);
            op.Root = root;
            if (root == 0)
            {
                if (isDelete)
                {
                    _prepared.Enqueue(op);
                    return true;
                }
                if (PageStore.IsFixed(tree))
                {
                    return false;
                }
                throw Store.NoSuchTree(tree);
            }
            bool large = !isDelete && (compressed || !Store.IsInline(value.Length));
            if (large && value.Length / PageSize > _budget)
            {
                return false;
            }
            if (!PrepareEntry(root, key, large ? OverflowValue.ReferenceSize : value.Length, isDelete, ref op, out bool replacesLarge))
            {
                return false;
            }
            if (replacesLarge)
            {
                // The old value's pages are listed in the directory and freed later.
                Span<byte> garbageKey = stackalloc byte[TreeDirectory.GarbageKeySize];
                garbageKey.Fill(0xFF);
                garbageKey[0] = 1;
                _lastLeaf = 0;
                if (!PrepareEntry(Store.DirectoryRoot, garbageKey, TreeDirectory.GarbageValueSize, false, ref op, out _, everySplit: true))
                {
                    return false;
                }
                _lastLeaf = 0;
            }
            if (large)
            {
                _values.Enqueue(new PreparedValue { Page = WriteLarge(value, compressed), Length = value.Length });
                op.Values = 1;
            }
            if (!Reserve(op.Pages, op.Ids))
            {
                return false;
            }
            _prepared.Enqueue(op);
            _owed += op.Pages;
            _owedIds += op.Ids;
            return true;
        }
        finally
        {
            ReleasePins();
            _preparing = false;
        }
    }

    /// <summary>Pins the path to the key and reserves what changing its leaf can take.</summary>
    private bool PrepareEntry(ulong root, ReadOnlySpan<byte> key, int valueLength, bool isDelete, ref PreparedOperation op, out bool replacesLarge, bool everySplit = false)
    {
        replacesLarge = false;
        int depth = 0;
        ulong id = root;
        ulong parent = 0;
        int slot = 0;
        byte* page;
        while (true)
        {
            page = Read(id);
            if (Node.Level(page) == 0)
            {
                break;
            }
            if (!PinInBatch(id))
            {
                return false;
            }
            slot = Node.ChildIndex(page, key);
            parent = id;
            id = Node.Child(page, PageSize, slot);
            depth++;
        }
        if (!ReserveCopy(id))
        {
            return false;
        }
        int position = Node.Search(page, key, out bool found);
        if (found)
        {
            replacesLarge = Node.IsOverflow(page, position);
        }
        if (isDelete)
        {
            return !found || PrepareMerge(id, parent, slot, page, ref op);
        }
        int need = Node.LeafEntryHeader + Node.SlotSize + key.Length + valueLength;
        if (_lastLeaf != id)
        {
            bool seen = !Pool.MarkPrepared(id, _commit);
            _lastLeaf = id;
            _lastFree = seen || everySplit || !Node.SharesPrefix(page, key) ? -1 : Node.FreeSpace(page, PageSize);
        }
        if (_lastFree >= need && Node.SharesPrefix(page, key))
        {
            _lastFree -= need;
            return true;
        }
        _lastFree = !everySplit && need <= PageSize / 16 && Node.SharesPrefix(page, key) ? PageSize / 4 : -1;
        // Each level may get one page more, the root two, and the nodes above the leaf are copied.
        op.Pages += (2 * depth) + 3;
        op.Ids += depth + 2;
        return Reserve(op.Pages, op.Ids);
    }

    /// <summary>Brings the neighbours of a leaf that may become too empty into memory, so that it can be merged.</summary>
    private bool PrepareMerge(ulong id, ulong parent, int slot, byte* page, ref PreparedOperation op)
    {
        if (parent == 0 || Node.UsedSpace(page, PageSize) > PageSize / 2)
        {
            return true;
        }
        byte* p = Read(parent);
        if (!PinInBatch(_allocator.MapOf(id)) || !PinInBatch(_allocator.MapOf(parent)))
        {
            return false;
        }
        for (int neighbour = slot - 1; neighbour <= slot + 1; neighbour += 2)
        {
            if (neighbour < -1 || neighbour >= Node.Count(p))
            {
                continue;
            }
            ulong other = Node.Child(p, PageSize, neighbour);
            if (!PinInBatch(other) || !PinInBatch(_allocator.MapOf(other)))
            {
                return false;
            }
        }
        // One merge copies a neighbour, the parent and a map.
        op.Pages += TreeEditor.MergePages;
        return Reserve(op.Pages, op.Ids);
    }

    private ulong WriteLarge(ReadOnlySpan<byte> value, bool compressed) =>
        compressed ? OverflowValue.WriteCompressed(this, value) : OverflowValue.Write(this, value);

    /// <summary>Keeps a page in memory for the rest of the batch.</summary>
    private bool PinInBatch(ulong id)
    {
        PageImage* image = Pool.Pin(id, ulong.MaxValue);
        if ((image->BatchMark & ~1) == _serial)
        {
            PagePool.Unpin(image);
            return true;
        }
        image->BatchMark = _serial;
        _batchPins.Enqueue((nint)image);
        return _batchPins.Count + _stock.Count <= _budget;
    }

    /// <summary>Keeps a page in memory for the rest of the batch and reserves the buffer for its copy, once.</summary>
    private bool ReserveCopy(ulong id)
    {
        PageImage* image = Pool.Pin(id, ulong.MaxValue);
        bool pinned = (image->BatchMark & ~1) == _serial;
        if (pinned)
        {
            PagePool.Unpin(image);
            if (image->BatchMark != _serial || (image->Flags & ImageFlags.Mutable) != 0)
            {
                return true;
            }
        }
        else
        {
            _batchPins.Enqueue((nint)image);
            image->BatchMark = _serial;
            if ((image->Flags & ImageFlags.Mutable) != 0)
            {
                return _batchPins.Count + _stock.Count <= _budget;
            }
        }
        image->BatchMark = _serial + 1;
        _owed++;
        return Reserve(0, 0);
    }

    /// <summary>The copy that was reserved for an image is being made, or needed no longer.</summary>
    private void EndReservation(PageImage* image)
    {
        if (image->BatchMark == _serial + 1)
        {
            image->BatchMark = _serial;
            _owed--;
        }
    }

    /// <summary>Adds buffers and page ids to those at hand; they count as owed by the caller's operation.</summary>
    private bool Reserve(int pages, int ids)
    {
        int wantPages = _owed + pages;
        int wantIds = _owedIds + ids;
        while (_pageIds.Count < wantIds)
        {
            if (_batchPins.Count + _stock.Count + 4 > _budget)
            {
                return false;
            }
            _pageIds.Enqueue(_allocator.Take(this));
        }
        while (_stock.Count < wantPages)
        {
            if (_batchPins.Count + _stock.Count >= _budget)
            {
                return false;
            }
            _stock.Enqueue(Pool.AcquireImage());
        }
        return true;
    }

    private int TakeImage()
    {
        if (_mode == BatchMode.Direct || _preparing)
        {
            return Pool.AcquireImage();
        }
        if (_stock.Count > 0)
        {
            return _stock.Pop();
        }
        Shortfalls++;
        return Pool.AcquireImage();
    }
}
