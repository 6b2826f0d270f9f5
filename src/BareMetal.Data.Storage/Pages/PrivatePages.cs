using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Pages;

/// <summary>The pages of a private tree: changed in place, known to the pool by ids of their own, never written to the data file.</summary>
internal sealed unsafe class PrivatePages(PageStore store) : PageSpace(store)
{
    private readonly NativeQueue<ulong> _freed = new(8);
    private int _first;

    /// <summary>Pages in use.</summary>
    public int Count { get; private set; }

    public override ulong Stamp => 0;

    public override byte* ReadNeighbour(ulong id) => Read(id);

    public override byte* Write(ulong id)
    {
        PageImage* image = Pool.Pin(id, ulong.MaxValue);
        Keep(image);
        Pool.MakeWritable(image);
        return image->Data;
    }

    public override byte* Allocate(PageKind kind, int level, out ulong id)
    {
        Pool.CheckPrivateRoom();
        int index = Pool.AcquireImage();
        PageImage* image = Pool.At(index);
        Pool.CountPrivate();
        id = Store.NextPrivateId();
        PageFormat.Format(image->Data, PageSize, id, 0, kind, level);
        image->PageId = id;
        image->Flags = ImageFlags.Private | ImageFlags.Mutable | ImageFlags.Fresh;
        image->Freq = 1;
        image->Link = _first;
        if (_first != 0)
        {
            Pool.At(_first)->LinkBack = index;
        }
        _first = index;
        Count++;
        Keep(image);
        Pool.Publish(index);
        return image->Data;
    }

    public override void Free(ulong id) => _freed.Enqueue(id);

    public override bool CanAfford(int pages) => true;

    public override bool CanFree(ulong id) => true;

    public override void ReleaseOverflow(ulong page, long length) => OverflowValue.FreeNow(this, page, length);

    /// <summary>Ends an operation: lets go of its pages, then frees what it gave up.</summary>
    public void End()
    {
        ReleasePins();
        while (_freed.Count > 0)
        {
            int index = Pool.HeadOf(_freed.Dequeue());
            PageImage* image = Pool.At(index);
            if (image->LinkBack != 0)
            {
                Pool.At(image->LinkBack)->Link = image->Link;
            }
            else
            {
                _first = image->Link;
            }
            if (image->Link != 0)
            {
                Pool.At(image->Link)->LinkBack = image->LinkBack;
            }
            Pool.Discard(index);
            Count--;
        }
    }

    /// <summary>Frees all pages.</summary>
    public void FreeAll()
    {
        ReleasePins();
        _freed.Clear();
        // A store that was disposed meanwhile has taken the pages with it.
        for (int i = Pool.IsDisposed ? 0 : _first; i != 0;)
        {
            int next = Pool.At(i)->Link;
            Pool.Discard(i);
            i = next;
        }
        _first = 0;
        Count = 0;
    }
}
