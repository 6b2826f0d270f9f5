using System.Diagnostics;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// The chains of page images. The data file's copy is the last member of every chain whose oldest image is not marked fresh, whether or
/// not it is in memory: an image that equals it may go from the end of a chain without trace, from the middle only its bytes.
/// </summary>
internal sealed unsafe partial class PagePool
{
    private readonly object _retireLock = new();
    private readonly NativeQueue<int> _retired = new();

    private long _dirtyPages;
    private long _privateUnspilled;
    private int _credit;

    /// <summary>Pages whose newest image the data file does not hold.</summary>
    public long DirtyPages => Volatile.Read(ref _dirtyPages);

    /// <summary>The page at which the data file ends, once it was cut: beyond it there is no older content. Grows again with checkpoints.</summary>
    public ulong FileEnd
    {
        get => Volatile.Read(ref _fileEnd);
        set => Volatile.Write(ref _fileEnd, value);
    }

    private ulong _fileEnd = ulong.MaxValue;

    /// <summary>Superseded images that wait to be reclaimed.</summary>
    public int RetiredImages => _retired.Count;

    /// <summary>As <see cref="RetiredImages"/>, with those that are not queued yet.</summary>
    public int SupersededImages => _retired.Count + _late.Count;

    /// <summary>Puts a new newest image in front of the page's chain and makes its buffer known.</summary>
    public void Publish(int index)
    {
        PageImage* image = At(index);
        int frame = image->Frame;
        lock (Shard(image->PageId))
        {
            LinkHead(index);
        }
        if (frame != 0)
        {
            PutFrame(frame, index);
        }
    }

    /// <summary>Under the shard lock.</summary>
    private void LinkHead(int index)
    {
        PageImage* image = At(index);
        ref int bucket = ref _buckets[Bucket(image->PageId)];
        int old = FindHead(image->PageId);
        CountDirty(image, old, 1);
        if (old == 0)
        {
            image->HashNext = bucket;
            Volatile.Write(ref bucket, index);
            return;
        }
        Debug.Assert(At(old)->Lsn <= image->Lsn || image->Lsn == 0, "Images are published in the order of their LSNs.");
        image->Older = old;
        image->HashNext = At(old)->HashNext;
        ReplaceInBucket(ref bucket, old, index);
    }

    /// <summary>Keeps the number of pages whose newest image is dirty, when a head comes or goes.</summary>
    private void CountDirty(PageImage* image, int older, int sign)
    {
        bool was = older != 0 && (At(older)->Flags & (ImageFlags.Dirty | ImageFlags.Tombstone)) == ImageFlags.Dirty;
        bool now = (image->Flags & (ImageFlags.Dirty | ImageFlags.Tombstone)) == ImageFlags.Dirty;
        if (was != now)
        {
            Interlocked.Add(ref _dirtyPages, now ? sign : -sign);
        }
    }

    private void ReplaceInBucket(ref int bucket, int old, int replacement)
    {
        if (bucket == old)
        {
            Volatile.Write(ref bucket, replacement);
            return;
        }
        int previous = bucket;
        while (At(previous)->HashNext != old)
        {
            previous = At(previous)->HashNext;
        }
        Volatile.Write(ref At(previous)->HashNext, replacement);
    }

    /// <summary>Takes an image out of its chain. Readers that stand on it go on from it. Under the shard lock.</summary>
    private void Unlink(int index)
    {
        PageImage* image = At(index);
        Debug.Assert((image->Flags & ImageFlags.Unlinked) == 0, "An image leaves its chain once.");
        int head = FindHead(image->PageId);
        if (head == index)
        {
            ref int bucket = ref _buckets[Bucket(image->PageId)];
            CountDirty(image, image->Older, -1);
            if (image->Older != 0)
            {
                At(image->Older)->HashNext = image->HashNext;
                ReplaceInBucket(ref bucket, index, image->Older);
            }
            else
            {
                ReplaceInBucket(ref bucket, index, image->HashNext);
            }
        }
        else
        {
            int newer = Newer(head, index);
            Volatile.Write(ref At(newer)->Older, image->Older);
            if ((image->Flags & ImageFlags.OnFile) == 0)
            {
                // Nothing was behind it, so nothing is behind what comes before it. (What is on file stays behind, unseen.)
                At(newer)->Flags |= image->Flags & ImageFlags.Fresh;
            }
        }
        image->Flags |= ImageFlags.Unlinked;
    }

    private int Newer(int head, int index)
    {
        int newer = head;
        while (At(newer)->Older != index)
        {
            newer = At(newer)->Older;
        }
        return newer;
    }

    /// <summary>Whether a state that is or can be read has this image as its version of the page. Under the shard lock.</summary>
    private bool IsNeeded(int index)
    {
        PageImage* image = At(index);
        int head = FindHead(image->PageId);

        // A private tree says itself when an image goes.
        if (head == index || (image->Flags & ImageFlags.Private) != 0)
        {
            return true;
        }
        return _snapshots.Needs(image->Lsn, At(Newer(head, index))->Lsn);
    }

    private void DropSpill(PageImage* image)
    {
        if (image->Spill != 0)
        {
            _spill.Free(image->Spill);
            image->Spill = 0;
            if ((image->Flags & ImageFlags.Private) != 0)
            {
                Interlocked.Increment(ref _privateUnspilled);
            }
        }
    }

    /// <summary>
    /// Makes sure that the changes of open transactions leave half of the buffers to everybody else: what is in no spill file can't leave memory.
    /// </summary>
    /// <exception cref="StorageException">They would not: the spill file is at its limit, or its storage full.</exception>
    public void CheckPrivateRoom()
    {
        long unspilled = Volatile.Read(ref _privateUnspilled);
        if (unspilled >= _frameCount / 2 && unspilled >= (_frameCount / 2) + _spill.Room)
        {
            throw _spill.NoRoom();
        }
    }

    /// <summary>A private page was made.</summary>
    public void CountPrivate() => Interlocked.Increment(ref _privateUnspilled);

    /// <summary>Forgets the spilled copy of a pinned image that is about to be changed in place.</summary>
    public void MakeWritable(PageImage* image)
    {
        Debug.Assert((image->Flags & ImageFlags.Mutable) != 0, "Only its owner changes an image, before it is published.");
        if (image->Spill != 0)
        {
            lock (Shard(image->PageId))
            {
                DropSpill(image);
            }
        }
    }

    /// <summary>Ends the time in which the image may change; what it supersedes is reclaimed when no snapshot needs it.</summary>
    public void Freeze(int index)
    {
        PageImage* image = At(index);
        int older;
        bool tombstone;
        lock (Shard(image->PageId))
        {
            image->Flags &= ~ImageFlags.Mutable;
            older = image->Older;
            if (older != 0 && (At(older)->Flags & ImageFlags.Retired) == 0)
            {
                At(older)->Flags |= ImageFlags.Retired;
            }
            else
            {
                older = 0;
            }
            tombstone = (image->Flags & ImageFlags.Tombstone) != 0;
            if (tombstone)
            {
                image->Flags |= ImageFlags.Retired;
            }
        }
        if (older != 0 || tombstone)
        {
            lock (_retireLock)
            {
                if (older != 0)
                {
                    _retired.Enqueue(older);
                }
                if (tombstone)
                {
                    _retired.Enqueue(index);
                }
                _credit = Math.Min(_credit + 3, int.MaxValue / 2);
            }
        }
    }

    /// <summary>Takes back an image that was never visible: a batch that is given up, a private page that is freed.</summary>
    public void Discard(int index)
    {
        PageImage* image = At(index);
        var spin = default(SpinWait);
        while (true)
        {
            lock (Shard(image->PageId))
            {
                if ((image->Flags & ImageFlags.Loading) == 0 && Interlocked.CompareExchange(ref image->Pins, -1, 0) == 0)
                {
                    Unlink(index);
                    int frame = image->Frame;
                    image->Frame = 0;
                    Volatile.Write(ref *(nint*)&image->Data, 0);
                    DropSpill(image);
                    if ((image->Flags & ImageFlags.Private) != 0)
                    {
                        Interlocked.Decrement(ref _privateUnspilled);
                    }
                    ToLimbo(index, frame);
                    return;
                }
            }
            // The replacement policy is writing it to the spill file.
            spin.SpinOnce();
        }
    }

    /// <summary>
    /// Looks at some superseded images, in proportion to those that came since, so that many which an old snapshot keeps cost little.
    /// </summary>
    /// <param name="budget">How many to look at, at most.</param>
    /// <param name="oldestGone">Whether the oldest snapshot was given back: all are worth a look again.</param>
    public void ReclaimSome(int budget, bool oldestGone)
    {
        int credit = oldestGone ? _credit = _retired.Count : _credit;
        if (credit > 0)
        {
            Reclaim(Math.Min(budget, credit));
        }
    }

    /// <summary>Frees superseded images that no snapshot needs.</summary>
    /// <param name="budget">How many to look at.</param>
    /// <returns>How many were freed.</returns>
    public int Reclaim(int budget)
    {
        if (!Monitor.TryEnter(_retireLock))
        {
            return 0;
        }
        try
        {
            int freed = 0;
            int looks = Math.Min(budget, _retired.Count);
            _credit = Math.Max(_credit - looks, 0);
            for (int n = looks; n > 0; n--)
            {
                int index = _retired.Dequeue();
                if (TryReclaim(index))
                {
                    freed++;
                }
                else
                {
                    _retired.Enqueue(index);
                }
            }
            return freed;
        }
        finally
        {
            Monitor.Exit(_retireLock);
        }
    }

    private bool TryReclaim(int index)
    {
        PageImage* image = At(index);
        lock (Shard(image->PageId))
        {
            if ((image->Flags & ImageFlags.Unlinked) != 0)
            {
                ToLimbo(index, 0);
                return true;
            }
            int head = FindHead(image->PageId);
            int newer = 0;
            if (head == index)
            {
                // A freed page is remembered while a snapshot sees it in use.
                if (image->Older != 0 || _snapshots.Oldest() < image->Lsn)
                {
                    return false;
                }
            }
            else
            {
                newer = Newer(head, index);
                if (_snapshots.Needs(image->Lsn, At(newer)->Lsn) && _faults is not { FreePageEarly: true })
                {
                    return false;
                }
            }
            if ((image->Flags & ImageFlags.Loading) != 0 || Interlocked.CompareExchange(ref image->Pins, -1, 0) != 0)
            {
                return false;
            }
            Unlink(index);
            int frame = image->Frame;
            image->Frame = 0;
            Volatile.Write(ref *(nint*)&image->Data, 0);
            DropSpill(image);
            ToLimbo(index, frame);
            if (newer != 0)
            {
                DropTail(newer);
            }
            return true;
        }
    }

    /// <summary>Drops an image at the end of a chain whose bytes are only in the data file. Under the shard lock.</summary>
    private void DropTail(int index)
    {
        PageImage* image = At(index);
        if ((image->Flags & (ImageFlags.OnFile | ImageFlags.Loading)) == ImageFlags.OnFile
            && image->Data == null
            && image->Older == 0
            && Interlocked.CompareExchange(ref image->Pins, -1, 0) == 0)
        {
            Unlink(index);
            DropSpill(image);
            if ((image->Flags & ImageFlags.Retired) == 0)
            {
                ToLimbo(index, 0);
            }
        }
    }

    /// <summary>The pages whose newest image up to <paramref name="upTo"/> the data file does not hold, in no order.</summary>
    public void CollectDirty(ulong upTo, List<ulong> pages)
    {
        int buckets = 1 << (64 - _bucketShift);
        for (int shard = 0; shard < ShardCount; shard++)
        {
            lock (_shards[shard])
            {
                for (int b = shard; b < buckets; b += ShardCount)
                {
                    for (int head = _buckets[b]; head != 0; head = At(head)->HashNext)
                    {
                        ulong id = At(head)->PageId;
                        if (id >= PageFormat.PrivateBit)
                        {
                            continue;
                        }
                        int index = FindVersion(id, upTo, out _, out _);
                        if (index != 0 && (At(index)->Flags & (ImageFlags.Dirty | ImageFlags.Tombstone)) == ImageFlags.Dirty)
                        {
                            pages.Add(id);
                        }
                    }
                }
            }
        }
    }

    /// <summary>
    /// Before a checkpoint overwrites the page in the data file: whatever a snapshot older than the checkpoint's state needs of it is
    /// brought into memory and from now on kept by the pool.
    /// </summary>
    public void SaveFileCopy(ulong id, ulong upTo)
    {
        if (id >= FileEnd)
        {
            // The file was cut before this page, when no snapshot needed it any more, and has not held it since.
            return;
        }
        object shard = Shard(id);
        while (true)
        {
            ulong load;
            lock (shard)
            {
                int index = FindVersion(id, upTo, out _, out _);
                int oldest = index;
                int newer = index;
                int onFile = 0;
                for (int i = At(index)->Older; i != 0; i = At(i)->Older)
                {
                    if ((At(i)->Flags & ImageFlags.OnFile) != 0)
                    {
                        onFile = i;
                        newer = oldest;
                    }
                    oldest = i;
                }
                if (onFile != 0)
                {
                    PageImage* image = At(onFile);
                    if ((image->Flags & ImageFlags.Loading) != 0)
                    {
                        Monitor.Wait(shard);
                        continue;
                    }
                    if (!_snapshots.Needs(image->Lsn, At(newer)->Lsn) && Volatile.Read(ref image->Pins) == 0 && image->Data == null)
                    {
                        if (Interlocked.CompareExchange(ref image->Pins, -1, 0) != 0)
                        {
                            continue;
                        }
                        Unlink(onFile);
                        DropSpill(image);
                        if ((image->Flags & ImageFlags.Retired) == 0)
                        {
                            ToLimbo(onFile, 0);
                        }
                        return;
                    }
                    if ((image->Data != null && Volatile.Read(ref image->Pins) >= 0) || image->Spill != 0)
                    {
                        image->Flags &= ~ImageFlags.OnFile;
                        if ((image->Flags & ImageFlags.Retired) == 0)
                        {
                            image->Flags |= ImageFlags.Retired;
                            RetireLater(onFile);
                        }
                        return;
                    }
                    if (image->Data != null)
                    {
                        // It is being evicted this moment.
                        Monitor.Wait(shard, 1);
                        continue;
                    }
                    load = image->Lsn;
                }
                else
                {
                    if ((At(oldest)->Flags & ImageFlags.Fresh) != 0 || At(oldest)->Lsn == 0 || _snapshots.Oldest() >= At(oldest)->Lsn)
                    {
                        return;
                    }
                    load = At(oldest)->Lsn - 1;
                }
            }
            PageImage* pinned = Pin(id, load);
            try
            {
                lock (shard)
                {
                    pinned->Flags &= ~ImageFlags.OnFile;
                    if ((pinned->Flags & ImageFlags.Retired) == 0)
                    {
                        pinned->Flags |= ImageFlags.Retired;
                        RetireLater(FindVersion(id, load, out _, out _));
                    }
                }
            }
            finally
            {
                Unpin(pinned);
            }
            return;
        }
    }

    /// <summary>After a checkpoint: the data file holds the page's newest image up to <paramref name="upTo"/>.</summary>
    public void MarkOnFile(ulong id, ulong upTo)
    {
        lock (Shard(id))
        {
            int index = FindVersion(id, upTo, out _, out _);
            if (index == 0)
            {
                return;
            }
            PageImage* image = At(index);
            if ((image->Flags & ImageFlags.Dirty) != 0 && FindHead(id) == index)
            {
                Interlocked.Decrement(ref _dirtyPages);
            }
            image->Flags = (image->Flags & ~ImageFlags.Dirty) | ImageFlags.OnFile;
            int older = image->Older;
            if ((image->Flags & ImageFlags.Loading) == 0)
            {
                if (image->Data != null || Volatile.Read(ref image->Pins) == 0)
                {
                    DropSpill(image);
                }
                DropTail(index);
            }
            for (int i = older; i != 0; i = At(i)->Older)
            {
                At(i)->Flags &= ~ImageFlags.Dirty;
                if (At(i)->Older == 0)
                {
                    // The file's copy now stands above it, not behind it.
                    At(i)->Flags |= ImageFlags.Fresh;
                }
            }
        }
    }

    /// <summary>Whether the page has changed, been moved or freed since the snapshot, unpublished batches included.</summary>
    public bool ChangedSince(ulong id, ulong lsn)
    {
        long* epoch = ReaderEpoch.Enter();
        PageImage* image = _disposed ? null : Find(id, ulong.MaxValue);
        bool known = image != null && (image->Flags & ImageFlags.Loading) == 0;
        bool changed = known && image->Lsn > lsn;
        ReaderEpoch.Exit(epoch);
        if (known)
        {
            return changed;
        }
        image = PinSlow(id, ulong.MaxValue);
        changed = image->Lsn > lsn;
        Unpin(image);
        return changed;
    }

    /// <summary>How many images of the page are in its chain; for tests.</summary>
    public int CountVersions(ulong id)
    {
        lock (Shard(id))
        {
            int count = 0;
            for (int i = FindHead(id); i != 0; i = At(i)->Older)
            {
                count++;
            }
            return count;
        }
    }

    /// <summary>The head of the page's chain. For who owns the page.</summary>
    public int HeadOf(ulong id)
    {
        lock (Shard(id))
        {
            return FindHead(id);
        }
    }

    /// <summary>Whether memory knows any image of the page.</summary>
    public bool IsKnown(ulong id) => HeadOf(id) != 0;

    /// <summary>Turns a batch's own image into the mark that the page was freed.</summary>
    public void MakeTombstone(PageImage* image)
    {
        lock (Shard(image->PageId))
        {
            int frame = image->Frame;
            if ((image->Flags & ImageFlags.Dirty) != 0)
            {
                Interlocked.Decrement(ref _dirtyPages);
            }
            image->Flags = (image->Flags & ~ImageFlags.Dirty) | ImageFlags.Tombstone;
            image->Frame = 0;
            Volatile.Write(ref *(nint*)&image->Data, 0);
            DropSpill(image);
            ToLimbo(0, frame);
        }
    }

    /// <summary>Whether the page is in memory for the rest of the batch.</summary>
    public bool IsWritableWithin(ulong id, int batch)
    {
        lock (Shard(id))
        {
            int head = FindHead(id);
            PageImage* image = At(head);
            return head != 0 && image->Data != null && ((image->Flags & ImageFlags.Mutable) != 0 || (image->BatchMark & ~1) == batch);
        }
    }

    /// <summary>Notes that a commit's preparation has counted the page.</summary>
    /// <returns>False when it had before.</returns>
    public bool MarkPrepared(ulong id, int commit)
    {
        lock (Shard(id))
        {
            PageImage* image = At(FindHead(id));
            bool first = image->LinkBack != commit;
            image->LinkBack = commit;
            return first;
        }
    }

    private void RetireLater(int index)
    {
        // The shard lock is held: the queue's lock comes before it elsewhere, so it is only tried here.
        lock (_lateLock)
        {
            _late.Enqueue(index);
        }
    }

    private readonly object _lateLock = new();
    private readonly NativeQueue<int> _late = new();

    /// <summary>Moves images that were found superseded under a shard lock into the queue.</summary>
    public void AdoptLate()
    {
        lock (_retireLock)
        {
            lock (_lateLock)
            {
                while (_late.Count > 0)
                {
                    _retired.Enqueue(_late.Dequeue());
                }
            }
        }
    }
}
