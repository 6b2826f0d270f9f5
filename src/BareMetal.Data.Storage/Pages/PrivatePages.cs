using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// The pages of a private tree: changed in place, known to the pool by ids of their own, never written to the data file. After a mark a
/// page from before it is copied before it is first changed, and the copy goes in front of it in the page's chain, so that a rewind only
/// drops what was made since.
/// </summary>
internal sealed unsafe class PrivatePages(PageStore store) : PageSpace(store)
{
    private readonly NativeQueue<ulong> _freed = new(8);
    private readonly List<Mark> _marks = [];
    private int _first;

    // Images carry the number of the mark that they were made after in place of an LSN; those below this one are a mark's.
    private ulong _from;
    private ulong _lastMark;

    /// <summary>Pages in use.</summary>
    public int Count { get; private set; }

    /// <summary>Marks that can be rewound to.</summary>
    public int Marks => _marks.Count;

    public override ulong Stamp => 0;

    public override void Free()
    {
        base.Free();
        _freed.Dispose();
    }

    public override byte* ReadNeighbour(ulong id) => Read(id);

    public override byte* Write(ulong id)
    {
        PageImage* image = Pool.Pin(id, ulong.MaxValue);
        Keep(image);
        if (image->Lsn < _from)
        {
            return Copy(image);
        }
        Pool.MakeWritable(image);
        return image->Data;
    }

    public override byte* Allocate(PageKind kind, int level, out ulong id)
    {
        PageImage* image = Make(out int index);
        id = Store.NextPrivateId();
        PageFormat.Format(image->Data, PageSize, id, 0, kind, level);
        Count++;
        return Add(image, index, id, ImageFlags.Fresh);
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
            Drop(_freed.Dequeue());
        }
    }

    /// <summary>Begins to keep the pages as they are now, until <see cref="Rewind"/> or <see cref="Release"/>. Between operations only, as those are.</summary>
    public void SetMark()
    {
        _marks.Add(new Mark { First = _first, Count = Count, From = _from });
        _first = 0;
        _from = ++_lastMark;
    }

    /// <summary>Goes back to the last mark, which ends.</summary>
    public void Rewind()
    {
        ReleasePins();
        _freed.Clear();
        Discard(_first);
        Mark mark = TakeMark();
        (_first, Count, _from) = (mark.First, mark.Count, mark.From);
    }

    /// <summary>Ends the last mark; the pages stay as they are.</summary>
    public void Release()
    {
        Mark mark = TakeMark();
        int last = 0;
        for (int i = _first; i != 0; i = Pool.At(i)->Link)
        {
            last = i;
            int older = Pool.At(i)->Older;
            if (older != 0 && Pool.At(older)->Lsn >= mark.From)
            {
                // Kept for this mark alone.
                TakeOut(older, ref mark.First);
                Pool.Discard(older);
            }
        }
        if (last == 0)
        {
            _first = mark.First;
        }
        else if (mark.First != 0)
        {
            Pool.At(last)->Link = mark.First;
            Pool.At(mark.First)->LinkBack = last;
        }
        _from = mark.From;
        if (mark.Freed is { } freed)
        {
            Count += freed.Count;
            foreach (ulong id in freed)
            {
                Drop(id);
            }
        }
    }

    /// <summary>Frees all pages.</summary>
    public void FreeAll()
    {
        ReleasePins();
        _freed.Clear();
        Discard(_first);
        for (int i = _marks.Count - 1; i >= 0; i--)
        {
            Discard(_marks[i].First);
        }
        _marks.Clear();
        _first = 0;
        _from = _lastMark = 0;
        Count = 0;
    }

    private PageImage* Make(out int index)
    {
        Pool.CheckPrivateRoom();
        index = Pool.AcquireImage();
        Pool.CountPrivate();
        return Pool.At(index);
    }

    private byte* Add(PageImage* image, int index, ulong id, ImageFlags more)
    {
        image->PageId = id;
        image->Lsn = _from;
        image->Flags = ImageFlags.Private | ImageFlags.Mutable | more;
        image->Freq = 1;
        image->Link = _first;
        if (_first != 0)
        {
            Pool.At(_first)->LinkBack = index;
        }
        _first = index;
        Keep(image);
        Pool.Publish(index);
        return image->Data;
    }

    private byte* Copy(PageImage* image)
    {
        PageImage* copy = Make(out int index);
        Buffer.MemoryCopy(image->Data, copy->Data, PageSize, PageSize);
        return Add(copy, index, image->PageId, ImageFlags.None);
    }

    /// <summary>Frees a page that nothing refers to; what of it is older than the last mark stays for that.</summary>
    private void Drop(ulong id)
    {
        int index = Pool.HeadOf(id);
        PageImage* image = Pool.At(index);
        bool isKept = image->Lsn < _from;
        if (!isKept)
        {
            isKept = image->Older != 0;
            TakeOut(index, ref _first);
            Pool.Discard(index);
        }
        if (isKept)
        {
            (_marks[^1].Freed ??= []).Add(id);
        }
        Count--;
    }

    private void TakeOut(int index, ref int first)
    {
        PageImage* image = Pool.At(index);
        if (image->LinkBack != 0)
        {
            Pool.At(image->LinkBack)->Link = image->Link;
        }
        else
        {
            first = image->Link;
        }
        if (image->Link != 0)
        {
            Pool.At(image->Link)->LinkBack = image->LinkBack;
        }
    }

    private void Discard(int first)
    {
        // A store that was disposed meanwhile has taken the pages with it.
        for (int i = Pool.IsDisposed ? 0 : first; i != 0;)
        {
            int next = Pool.At(i)->Link;
            Pool.Discard(i);
            i = next;
        }
    }

    private Mark TakeMark()
    {
        Mark mark = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        return mark;
    }

    /// <summary>What a rewind brings back.</summary>
    private sealed class Mark
    {
        /// <summary>The first of the images made before the mark and after the one before it.</summary>
        public int First;

        public int Count;

        public ulong From;

        /// <summary>Pages that were freed since: their images from before the mark are unseen but stay.</summary>
        public List<ulong>? Freed;
    }
}
