using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// Which buffer is given up. The policy is that of S3-FIFO (Yang et al., SOSP 2023): new pages pass through a small queue and enter the
/// main one only when they were used again, so that a scan does not drive out what is hot; a ghost table remembers what left
/// the small queue, and admits it to the main queue at once when it comes back.
/// </summary>
internal sealed unsafe partial class PagePool
{
    private const int EvictBatch = 16;

    private readonly object _evictLock = new();
    private readonly FrameRing _small;
    private readonly FrameRing _main;
    private readonly ulong* _ghosts;
    private readonly byte* _inQueue;
    private volatile bool _memoryRefused;

    /// <summary>Takes a buffer, giving up another page's when none is free. Never inside an epoch or a shard lock.</summary>
    /// <exception cref="StorageException">All buffers stayed pinned, or a changed page could not be spilled.</exception>
    public int AcquireFrame()
    {
        if (TryAcquireFrame(out int frame))
        {
            return frame;
        }
        return AcquireFrameSlow();
    }

    private bool TryAcquireFrame(out int frame)
    {
        lock (_freeLock)
        {
            if (_freeFrames.Count == 0)
            {
                // What was given up lately is still in the processor's caches; new memory is not.
                DrainLimbo();
            }
            if (_freeFrames.Count == 0)
            {
                if (_framesMade == _frameCount)
                {
                    frame = 0;
                    return false;
                }
                return TryMakeFrame(out frame);
            }
            frame = _freeFrames.Pop();
            return true;
        }
    }

    private int AcquireFrameSlow()
    {
        Debug.Assert(!ReaderEpoch.IsInside, "A buffer is never waited for inside an epoch.");
        var spin = default(SpinWait);
        long deadline = 0;
        int fullRounds = 0;
        Span<Victim> victims = stackalloc Victim[EvictBatch];
        while (true)
        {
            int count;
            lock (_evictLock)
            {
                if (TryAcquireFrame(out int raced))
                {
                    return raced;
                }
                count = PickVictims(victims[..Math.Clamp(_frameCount / 8, 1, EvictBatch)]);
            }
            try
            {
                GiveUp(victims[..count]);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull && fullRounds++ < 2 * _frameCount / Math.Clamp(_frameCount / 8, 1, EvictBatch) + 8)
            {
                // None of these could be spilled: there may be others that need not be.
            }
            ReaderEpoch.Advance();
            if (TryAcquireFrame(out int frame))
            {
                return frame;
            }
            bool waiting;
            lock (_freeLock)
            {
                waiting = _limbo.Count > 0;
            }
            if (count > 0 || waiting)
            {
                spin.SpinOnce();
                continue;
            }
            if (_memoryRefused)
            {
                throw NoMemory($"page buffers beyond {_framesMade} of {_frameCount}, all of which are in use", null);
            }
            long now = Stopwatch.GetTimestamp();
            if (deadline == 0)
            {
                deadline = now + (long)(_frameTimeout.TotalSeconds * Stopwatch.Frequency);
            }
            else if (now > deadline)
            {
                throw new StorageException(StorageErrorCode.OutOfMemory, $"All {_frameCount} page buffers of {_pageSize} bytes are in use. Raise Cache Size or run fewer readers at the same time.");
            }
            spin.SpinOnce();
        }
    }

    /// <summary>Buffers that could be had without waiting, roughly.</summary>
    public int FreeFrames
    {
        get
        {
            lock (_freeLock)
            {
                return _freeFrames.Count + _frameCount - _framesMade;
            }
        }
    }

    /// <summary>Makes another buffer. When the system has no memory for it, those that are there have to do.</summary>
    private bool TryMakeFrame(out int frame)
    {
        frame = _framesMade + 1;
        int slab = frame >> _slabBits;
        if (_slabs[slab] == null)
        {
            // Frame numbers start at 1; the last slab is only as large as its frames need.
            int frames = Math.Min(1 << _slabBits, _frameCount + 1 - (slab << _slabBits));
            try
            {
                _slabs[slab] = (byte*)AllocateBlock((nuint)frames * (nuint)_pageSize);
            }
            catch (OutOfMemoryException)
            {
                _memoryRefused = true; // whoever finds nothing to give up either says so
                frame = 0;
                return false;
            }
        }
        _memoryRefused = false;
        _framesMade = frame;
        return true;
    }

    private void* AllocateBlock(nuint bytes)
    {
        if (_faults?.FailAllocation is { } fails && fails((long)bytes))
        {
            throw new OutOfMemoryException();
        }
        void* block = PageMemory.Allocate(bytes);
        Counted(bytes);
        return block;
    }

    private static StorageException NoMemory(string what, Exception? inner) => new(
        StorageErrorCode.OutOfMemory, $"The system has no memory for {what}. Lower Cache Size, or give the process more memory.", inner);

    /// <summary>Makes a buffer that an image has taken known to the replacement policy.</summary>
    private void PutFrame(int frame, int image)
    {
        lock (_evictLock)
        {
            _frameImage[frame] = image;
            if (_inQueue[frame] != 0)
            {
                return;
            }
            _inQueue[frame] = 1;
            ulong id = At(image)->PageId;
            ref ulong ghost = ref _ghosts[Bucket(id)];
            if (ghost == id)
            {
                ghost = 0;
                _main.Push(frame);
            }
            else
            {
                _small.Push(frame);
            }
        }
    }

    /// <summary>Gives back a buffer that no image has.</summary>
    private void ReleaseFrame(int frame)
    {
        Poison(frame);
        lock (_freeLock)
        {
            _freeFrames.Enqueue(frame);
        }
    }

    private void ToLimbo(int image, int frame)
    {
        lock (_freeLock)
        {
            _limbo.Enqueue(new LimboEntry { Image = image, Frame = frame, Epoch = ReaderEpoch.Current });
        }
    }

    /// <summary>Frees what every reader has left. Under the free lock.</summary>
    private void DrainLimbo()
    {
        if (_limbo.Count == 0)
        {
            return;
        }
        long min = ReaderEpoch.MinActive();
        if (_limbo.Peek().Epoch == ReaderEpoch.Current)
        {
            ReaderEpoch.Advance();
        }
        while (_limbo.Count > 0 && _limbo.Peek().Epoch < min)
        {
            LimboEntry entry = _limbo.Dequeue();
            if (entry.Frame != 0)
            {
                Poison(entry.Frame);
                _freeFrames.Enqueue(entry.Frame);
            }
            if (entry.Image != 0)
            {
                *At(entry.Image) = default;
                _freeImages.Enqueue(entry.Image);
            }
        }
    }

    [Conditional("DEBUG")]
    private void Poison(int frame) => new Span<byte>(FrameData(frame), _pageSize).Fill(0xDD);

    /// <summary>Takes a free image record; grows the table of records when there is none.</summary>
    public int AllocateImage()
    {
        lock (_freeLock)
        {
            if (_freeImages.Count == 0)
            {
                DrainLimbo();
            }
            if (_freeImages.Count == 0)
            {
                if (_imageChunks == MaxImageChunks)
                {
                    throw new StorageException(StorageErrorCode.OutOfMemory, "Too many page versions are kept. End long transactions and readers.");
                }
                void* chunk;
                try
                {
                    chunk = AllocateBlock(ImagesPerChunk * (nuint)sizeof(PageImage));
                }
                catch (OutOfMemoryException e)
                {
                    throw NoMemory($"more than {_imageChunks * ImagesPerChunk} page versions", e);
                }
                NativeMemory.Clear(chunk, ImagesPerChunk * (nuint)sizeof(PageImage));
                _chunks[_imageChunks] = (PageImage*)chunk;
                int first = _imageChunks++ << ImagesPerChunkBits;
                for (int i = ImagesPerChunk - 1; i >= 0; i--)
                {
                    if (first + i != 0)
                    {
                        _freeImages.Enqueue(first + i);
                    }
                }
            }
            return _freeImages.Pop();
        }
    }

    /// <summary>Takes an image record with a buffer, for a page that is about to be made.</summary>
    public int AcquireImage()
    {
        BeginWork();
        try
        {
            int frame = AcquireFrame();
            int index;
            try
            {
                index = AllocateImage();
            }
            catch
            {
                ReleaseFrame(frame);
                throw;
            }
            PageImage* image = At(index);
            image->Frame = frame;
            image->Data = FrameData(frame);
            image->Pins = 1;
            return index;
        }
        finally
        {
            EndWork();
        }
    }

    /// <summary>Gives back what <see cref="AcquireImage"/> gave and nobody linked.</summary>
    public void ReturnImage(int index)
    {
        PageImage* image = At(index);
        int frame = image->Frame;
        image->Frame = 0;
        Volatile.Write(ref image->Pins, -1);
        ToLimbo(index, frame);
    }

    private struct Victim
    {
        public int Image;
        public int Frame;
        public bool FromSmall;
    }

    /// <summary>Chooses buffers to give up and takes them away from readers to come. Under the replacement lock.</summary>
    private int PickVictims(Span<Victim> victims)
    {
        int picked = 0;
        int smallTarget = Math.Max(_frameCount / 10, 1);
        int attempts = 4 * (_small.Count + _main.Count) + 8;
        while (picked < victims.Length && attempts-- > 0 && _small.Count + _main.Count > 0)
        {
            bool fromSmall = _small.Count > 0 && (_main.Count == 0 || _small.Count > smallTarget);
            int frame = (fromSmall ? _small : _main).Pop();
            int index = _frameImage[frame];
            if (index == 0 || At(index)->Frame != frame)
            {
                _frameImage[frame] = 0;
                _inQueue[frame] = 0;
                continue;
            }
            PageImage* image = At(index);
            if (Volatile.Read(ref image->Pins) != 0)
            {
                // In use is used again; and pinned pages must not keep the search in the small queue.
                _main.Push(frame);
                continue;
            }
            if (image->Freq > 0)
            {
                image->Freq = fromSmall ? (byte)0 : (byte)(image->Freq - 1);
                _main.Push(frame);
                continue;
            }
            // Inside the epoch the record can't become another image's between the look and the exchange.
            long* epoch = ReaderEpoch.Enter();
            bool taken = image->Frame == frame && image->Data != null && Interlocked.CompareExchange(ref image->Pins, -1, 0) == 0;
            ReaderEpoch.Exit(epoch);
            if (!taken)
            {
                _main.Push(frame);
                continue;
            }
            _frameImage[frame] = 0;
            _inQueue[frame] = 0;
            if (fromSmall)
            {
                _ghosts[Bucket(image->PageId)] = image->PageId;
            }
            victims[picked++] = new Victim { Image = index, Frame = frame, FromSmall = fromSmall };
        }
        return picked;
    }

    /// <summary>Frees the buffers of pages that were taken, spilling what is needed and stored nowhere else. No lock is held meanwhile.</summary>
    private void GiveUp(ReadOnlySpan<Victim> victims)
    {
        int kept = 0;
        for (int i = 0; i < victims.Length; i++)
        {
            try
            {
                GiveUp(victims[i].Image, victims[i].Frame);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.DiskFull && ++kept < victims.Length)
            {
                // Reads go on while the disk is full, as long as any page needs no spilling.
                PutFrame(victims[i].Frame, victims[i].Image);
                Volatile.Write(ref At(victims[i].Image)->Pins, 0);
            }
            catch
            {
                for (; i < victims.Length; i++)
                {
                    PutFrame(victims[i].Frame, victims[i].Image);
                    Volatile.Write(ref At(victims[i].Image)->Pins, 0);
                }
                throw;
            }
        }
    }

    private void GiveUp(int index, int frame)
    {
        PageImage* image = At(index);
        object shard = Shard(image->PageId);
        bool spill, newest;
        lock (shard)
        {
            newest = FindHead(image->PageId) == index;
            spill = image->Spill == 0 && (image->Flags & ImageFlags.OnFile) == 0 && IsNeeded(index);
        }
        int slot = 0;
        if (spill)
        {
            slot = _spill.Write(image->Data);
            Interlocked.Increment(ref (image->Flags & ImageFlags.Private) != 0 ? ref _privateSpills : ref newest ? ref _changedSpills : ref _versionSpills);
        }
        lock (shard)
        {
            if (slot != 0)
            {
                image->Spill = slot;
                if ((image->Flags & ImageFlags.Private) != 0)
                {
                    Interlocked.Decrement(ref _privateUnspilled);
                }
            }
            Volatile.Write(ref *(nint*)&image->Data, 0);
            image->Frame = 0;
            bool onFile = (image->Flags & ImageFlags.OnFile) != 0;
            if ((onFile && image->Older == 0) || (!onFile && image->Spill == 0))
            {
                // The data file's copy stands behind every chain; what nobody needs goes.
                Unlink(index);
                DropSpill(image);
                ToLimbo((image->Flags & ImageFlags.Retired) != 0 ? 0 : index, frame);
                return;
            }
            ToLimbo(0, frame);
            Volatile.Write(ref image->Pins, 0);
        }
    }

    /// <summary>A ring of frame numbers with room for all of them.</summary>
    private sealed class FrameRing(int capacity)
    {
        private readonly NativeQueue<int> _queue = new(Math.Min(capacity, 1024));

        public int Count => _queue.Count;

        public void Push(int frame) => _queue.Enqueue(frame);

        public int Pop() => _queue.Dequeue();

        public void Dispose() => _queue.Dispose();
    }
}
