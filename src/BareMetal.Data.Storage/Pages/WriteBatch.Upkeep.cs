using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Pages;

// Upkeep beside the commits: dropped trees and garbage, maps, vacuum, sparse leaves, a smaller file.
internal sealed unsafe partial class WriteBatch
{
    /// <summary>
    /// Frees pages of dropped trees and of large values that were replaced. Takes an LSN but is not logged: after a crash it is done again.
    /// Only in <see cref="BatchMode.Direct"/>.
    /// </summary>
    /// <param name="lsn">The LSN of this step.</param>
    /// <param name="pages">About how many pages to free.</param>
    /// <returns>Whether there may be more.</returns>
    public bool ReclaimDropped(Lsn lsn, int pages)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            bool more = new GarbageCollector(this, _editor).Step(pages);
            EndOperation();
            return more;
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>
    /// Gives up freeing what is next in turn, because its pages can't be read: they stay in use until the allocation maps are rebuilt. Only in
    /// <see cref="BatchMode.Direct"/>.
    /// </summary>
    public void AbandonGarbage(Lsn lsn)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            new GarbageCollector(this, _editor).Skip();
            EndOperation();
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>Writes all allocation maps anew. Only in <see cref="BatchMode.Direct"/>, and alone in its batch.</summary>
    /// <param name="lsn">The LSN of the change.</param>
    /// <param name="found">What refers to pages in the newest state.</param>
    public void RebuildMaps(Lsn lsn, IntegrityChecker found)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            _allocator.Rebuild(this, found);
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
    /// One step of a vacuum. Takes an LSN but is not logged: after a crash the pages lie where the last checkpoint has them. Only in
    /// <see cref="BatchMode.Direct"/>, and alone in its batch.
    /// </summary>
    /// <param name="lsn">The LSN of this step.</param>
    /// <param name="at">Where to go on; moved on.</param>
    /// <param name="budget">About how many pages to change.</param>
    /// <returns>Whether the tree goes on.</returns>
    public bool VacuumStep(Lsn lsn, VacuumPosition at, int budget)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            _allocator.BeginVacuum(at.Limit);
            bool more = new Vacuumer(this, _editor).Step(at, budget);
            EndOperation();
            return more;
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>
    /// Joins leaves that deletes have left too empty. Takes an LSN but is not logged: after a crash they are as empty as they were. Only in
    /// <see cref="BatchMode.Direct"/>.
    /// </summary>
    /// <param name="lsn">The LSN of this step.</param>
    /// <param name="leaves">How many leaves to look at.</param>
    public void JoinSparse(Lsn lsn, int leaves)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            Span<byte> key = stackalloc byte[SparseKey];
            for (; leaves > 0 && _sparse.Count > 0; leaves--)
            {
                SparseLeaf at = _sparse.Dequeue();
                new ReadOnlySpan<byte>(at.Key, at.Length).CopyTo(key);
                ulong root = Root(new TreeId(at.Tree));
                if (root != 0)
                {
                    _editor.Compact(root, key[..at.Length], fill: false, dense: false);
                }
                ReleasePins();
            }
            Store.NoteSparse(_sparse.Count > 0);
            EndOperation();
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    private void NoteSparse(TreeId tree, ReadOnlySpan<byte> key)
    {
        if (_sparse.Count == MaxSparse)
        {
            return; // a vacuum finds it
        }
        var at = new SparseLeaf { Tree = tree.Value, Length = (byte)Math.Min(key.Length, SparseKey) };
        key[..at.Length].CopyTo(new Span<byte>(at.Key, SparseKey));
        _sparse.Enqueue(at);
        Store.NoteSparse(true);
    }

    /// <summary>Takes free pages off the end of the file. Only in <see cref="BatchMode.Direct"/>, and alone in its batch.</summary>
    /// <returns>How many.</returns>
    public ulong Shrink(Lsn lsn)
    {
        CheckDirect();
        BeginOperation(lsn);
        try
        {
            ulong before = _allocator.PageCount;
            if (_allocator.Shrink(this))
            {
                Store.NoteShrink(lsn.Value);
            }
            EndOperation();
            return before - _allocator.PageCount;
        }
        catch
        {
            _broken = true;
            ReleasePins();
            throw;
        }
    }

    /// <summary>Gives a page's content a lower place and frees the page. The caller changes what refers to it.</summary>
    /// <returns>The new page; 0 when none below the limit is free.</returns>
    internal ulong MovePage(ulong id, ulong limit)
    {
        byte* source = Read(id);
        ulong target = _allocator.TakeBelow(this, limit);
        if (target == 0)
        {
            return 0;
        }
        byte* copy = FormatNew(target, PageFormat.Kind(source), PageFormat.Level(source));
        Buffer.MemoryCopy(source, copy, PageSize, PageSize);
        *(ulong*)(copy + PageFormat.IdOffset) = target;
        PageFormat.SetLsn(copy, _stamp);
        Free(id);
        return target;
    }

    /// <summary>Moves a tree's root: snapshots from this commit on find it in its new place, older ones where it was.</summary>
    /// <returns>False when no page below the limit is free.</returns>
    internal bool MoveRoot(TreeId tree, ulong root, ulong limit)
    {
        ulong target = MovePage(root, limit);
        if (target == 0)
        {
            return false;
        }
        TreeDirectory.WriteTreeKey(_directoryKey, tree);
        Span<byte> value = stackalloc byte[TreeDirectory.TreeValueSize];
        TreeDirectory.WriteTreeValue(value, target);
        _editor.Put(Store.DirectoryRoot, _directoryKey.AsSpan(0, TreeDirectory.TreeKeySize), _stamp, value);
        _lastTree = 0;
        Store.NoteDrop(_stamp);
        return true;
    }

    /// <summary>An allocation map at the end of the file goes.</summary>
    internal void DropMap(ulong id)
    {
        PageImage* head = Pool.Pin(id, ulong.MaxValue);
        Keep(head);
        if ((head->Flags & ImageFlags.Mutable) != 0)
        {
            Pool.MakeTombstone(head);
            return;
        }
        EndReservation(head);
        int index = Pool.AllocateImage();
        Add(index, id, ImageFlags.Tombstone | ImageFlags.Mutable);
    }
}
