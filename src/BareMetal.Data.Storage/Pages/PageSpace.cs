namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// What a tree is edited in: a write batch or the pages of a private tree. Pages handed out stay in place until <see cref="ReleasePins"/>,
/// which ends an operation. One thread at a time.
/// </summary>
internal abstract unsafe class PageSpace
{
    private readonly NativeQueue<nint> _pins = new(64);

    protected PageSpace(PageStore store)
    {
        Store = store;
        Pool = store.Pool;
        PageSize = store.PageSize;
    }

    public PageStore Store { get; }

    public int PageSize { get; }

    protected PagePool Pool { get; }

    /// <summary>What the pages changed now are stamped with.</summary>
    public abstract ulong Stamp { get; }

    /// <summary>The newest version of a page, to read.</summary>
    public virtual byte* Read(ulong id)
    {
        PageImage* image = Pool.Pin(id, ulong.MaxValue);
        Keep(image);
        return image->Data;
    }

    /// <summary>The newest version if it is in memory, or null.</summary>
    public byte* TryRead(ulong id)
    {
        PageImage* image = Pool.TryPinResident(id, ulong.MaxValue);
        if (image == null)
        {
            return null;
        }
        Keep(image);
        return image->Data;
    }

    /// <summary>The page to be changed in place. Pointers from <see cref="Read"/> to the same page are stale afterwards.</summary>
    public abstract byte* Write(ulong id);

    /// <summary>A new page, formatted and empty.</summary>
    public abstract byte* Allocate(PageKind kind, int level, out ulong id);

    /// <summary>A page to merge with: null when it is not in memory and reading it now is not allowed.</summary>
    public abstract byte* ReadNeighbour(ulong id);

    /// <summary>Frees a page.</summary>
    public abstract void Free(ulong id);

    /// <summary>Whether so many more pages can be changed than the operation at hand must change. Merging is done only then.</summary>
    public abstract bool CanAfford(int pages);

    /// <summary>Whether freeing the page needs no storage access.</summary>
    public abstract bool CanFree(ulong id);

    /// <summary>A large value is referred to no longer.</summary>
    public abstract void ReleaseOverflow(ulong page, long length);

    /// <summary>Where the pins of an operation begin.</summary>
    public int PinMark => _pins.Count;

    /// <summary>Lets go of the pages handed out since the mark.</summary>
    public void ReleasePins(int mark = 0)
    {
        while (_pins.Count > mark)
        {
            PagePool.Unpin((PageImage*)_pins.Pop());
        }
    }

    /// <summary>Gives back its unmanaged memory.</summary>
    public virtual void Free() => _pins.Dispose();

    protected void Keep(PageImage* image) => _pins.Enqueue((nint)image);
}
