using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// The memory of the page store: buffers in slabs that never move, page images, and the table from page id to the chain of its
/// images. Look-up takes no lock: it happens inside a <see cref="ReaderEpoch"/>. Changes of a chain hold the page's shard lock.
/// Order of locks: replacement, shard, free lists.
/// </summary>
internal sealed unsafe partial class PagePool : IDisposable
{
    private const int ImagesPerChunkBits = 15;
    private const int ImagesPerChunk = 1 << ImagesPerChunkBits;
    private const int MaxImageChunks = 1 << 12;
    private const int ShardCount = 64;
    private const int MinFrames = 16;

    private readonly int _pageSize;
    private readonly int _frameCount;
    private readonly IPageFile _file;
    private readonly SpillFile _spill;
    private readonly SnapshotRegistry _snapshots;
    private readonly TimeSpan _frameTimeout;
    private readonly EngineFaults? _faults;

    private readonly int _slabBits;
    private readonly byte** _slabs;
    private readonly int _slabCount;
    private readonly int* _frameImage;
    private readonly PageImage** _chunks;
    private readonly int* _buckets;
    private readonly int _bucketShift;
    private readonly object[] _shards = new object[ShardCount];

    private readonly object _freeLock = new();
    private readonly NativeQueue<int> _freeFrames = new();
    private readonly NativeQueue<int> _freeImages = new();
    private readonly NativeQueue<LimboEntry> _limbo = new();
    private int _framesMade;
    private int _imageChunks;
    private volatile bool _disposed;
    private bool _freed;
    private long _nativeBytes;
    private int _working;

    public PagePool(PageStoreOptions options, IPageFile file, SpillFile spill, SnapshotRegistry snapshots)
    {
        _pageSize = options.PageSize;
        _frameCount = (int)Math.Clamp(options.CacheBytes / _pageSize, MinFrames, 1 << 28);
        _file = file;
        _spill = spill;
        _snapshots = snapshots;
        _frameTimeout = options.FrameTimeout;
        _faults = options.Faults;
        for (int i = 0; i < ShardCount; i++)
        {
            _shards[i] = new object();
        }
        int framesPerSlab = Math.Max(1, (4 << 20) / _pageSize);
        _slabBits = System.Numerics.BitOperations.Log2((uint)framesPerSlab);
        _slabCount = (_frameCount >> _slabBits) + 1;
        try
        {
            _slabs = (byte**)AllocateZeroed((nuint)_slabCount * (nuint)sizeof(byte*));
            _frameImage = (int*)AllocateZeroed(((nuint)_frameCount + 1) * sizeof(int));
            _chunks = (PageImage**)AllocateZeroed(MaxImageChunks * (nuint)sizeof(PageImage*));
            int bucketBits = System.Numerics.BitOperations.Log2((uint)Math.Max(_frameCount * 2, 1024)) + 1;
            _buckets = (int*)AllocateBlock(sizeof(int) * ((nuint)1 << bucketBits));
            NativeMemory.Clear(_buckets, sizeof(int) * ((nuint)1 << bucketBits));
            _bucketShift = 64 - bucketBits;
            _small = new FrameRing(_frameCount + 1);
            _main = new FrameRing(_frameCount + 1);
            _ghosts = (ulong*)AllocateZeroed(((nuint)1 << bucketBits) * sizeof(ulong));
            _inQueue = (byte*)AllocateZeroed((nuint)_frameCount + 1);
        }
        catch (OutOfMemoryException e)
        {
            FreeMemory();
            GC.SuppressFinalize(this);
            throw NoMemory($"the tables of {_frameCount} page buffers", e);
        }
    }

    ~PagePool() => FreeMemory();

    public int PageSize => _pageSize;

    /// <summary>Whether the pool has ended. Looked at inside an epoch, before its memory is.</summary>
    public bool IsDisposed => _disposed;

    /// <summary>Buffers in all.</summary>
    public int FrameCount => _frameCount;

    /// <summary>Reads from the data file since the start.</summary>
    public long FileReads => Volatile.Read(ref _fileReads);

    /// <summary>Images written to the spill file since the start.</summary>
    public long SpillWrites => PrivateSpills + ChangedSpills + VersionSpills;

    /// <summary>Of those, pages of private trees: changes of transactions that have not ended.</summary>
    public long PrivateSpills => Volatile.Read(ref _privateSpills);

    /// <summary>Of those, newest images that no checkpoint has written.</summary>
    public long ChangedSpills => Volatile.Read(ref _changedSpills);

    /// <summary>Of those, older images that a snapshot or a checkpoint needs.</summary>
    public long VersionSpills => Volatile.Read(ref _versionSpills);

    private long _fileReads;
    private long _privateSpills;
    private long _changedSpills;
    private long _versionSpills;

    private struct LimboEntry
    {
        public int Image;
        public int Frame;
        public long Epoch;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageImage* At(int image) => _chunks[image >> ImagesPerChunkBits] + (image & (ImagesPerChunk - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Bucket(ulong id) => (int)((id * 0x9E3779B97F4A7C15UL) >> _bucketShift);

    private object Shard(ulong id) => _shards[Bucket(id) & (ShardCount - 1)];

    private byte* FrameData(int frame) => _slabs[frame >> _slabBits] + ((nint)(frame & ((1 << _slabBits) - 1)) * _pageSize);

    /// <summary>
    /// The newest image of the page at the snapshot, or null when memory knows none. Only inside an epoch or under the shard lock.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageImage* Find(ulong id, ulong lsn)
    {
        int index = Volatile.Read(ref _buckets[Bucket(id)]);
        while (index != 0)
        {
            PageImage* image = At(index);
            if (image->PageId == id)
            {
                while (image->Lsn > lsn)
                {
                    index = Volatile.Read(ref image->Older);
                    if (index == 0)
                    {
                        return null;
                    }
                    image = At(index);
                }
                // What a given-up snapshot finds may be too old an image; looked at after the search, as images go after the floor rises.
                return lsn < _snapshots.Floor ? null : image;
            }
            index = Volatile.Read(ref image->HashNext);
        }
        return null;
    }

    /// <summary>The head of the page's chain, or 0. Only inside an epoch or under the shard lock.</summary>
    private int FindHead(ulong id)
    {
        int index = Volatile.Read(ref _buckets[Bucket(id)]);
        while (index != 0)
        {
            PageImage* image = At(index);
            if (image->PageId == id)
            {
                return index;
            }
            index = Volatile.Read(ref image->HashNext);
        }
        return 0;
    }

    /// <summary>Keeps the image's bytes in place, unless they are being taken away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPin(PageImage* image)
    {
        while (true)
        {
            int pins = Volatile.Read(ref image->Pins);
            if (pins < 0)
            {
                return false;
            }
            if (Interlocked.CompareExchange(ref image->Pins, pins + 1, pins) == pins)
            {
                return true;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpin(PageImage* image)
    {
        int pins = Interlocked.Decrement(ref image->Pins);
        Debug.Assert(pins >= 0, "A page was unpinned more often than pinned.");
    }

    /// <summary>Fetches the header and the first slots of a page together, where the processor can: a search needs most of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* page)
    {
        if (System.Runtime.Intrinsics.X86.Sse.IsSupported)
        {
            for (int line = 0; line < 8; line++)
            {
                System.Runtime.Intrinsics.X86.Sse.Prefetch0(page + (line * 64));
            }
        }
    }

    /// <summary>Counts a use, for the replacement policy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Touch(PageImage* image)
    {
        if (image->Freq < 3)
        {
            image->Freq++;
        }
    }

    /// <summary>Pins the newest image at the snapshot, reading it from storage when needed.</summary>
    /// <exception cref="StorageException">Reading failed, no buffer became free, or the snapshot needs what is kept no longer.</exception>
    public PageImage* Pin(ulong id, ulong lsn)
    {
        long* epoch = ReaderEpoch.Enter();
        PageImage* image = _disposed ? null : Find(id, lsn);
        if (image != null && image->Data != null && TryPin(image))
        {
            if (image->Data != null)
            {
                ReaderEpoch.Exit(epoch);
                Touch(image);
                return image;
            }
            Unpin(image);
        }
        ReaderEpoch.Exit(epoch);
        return PinSlow(id, lsn);
    }

    /// <summary>Pins the newest image if its bytes are in memory; null otherwise.</summary>
    public PageImage* TryPinResident(ulong id, ulong lsn)
    {
        long* epoch = ReaderEpoch.Enter();
        PageImage* image = _disposed ? null : Find(id, lsn);
        if (image != null && image->Data != null && TryPin(image))
        {
            if (image->Data != null)
            {
                ReaderEpoch.Exit(epoch);
                return image;
            }
            Unpin(image);
        }
        ReaderEpoch.Exit(epoch);
        return null;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private PageImage* PinSlow(ulong id, ulong lsn)
    {
        BeginWork();
        try
        {
            return PinLoading(id, lsn);
        }
        finally
        {
            EndWork();
        }
    }

    /// <summary>Begins what uses the pool's memory without a pin or an epoch; disposal waits for its end.</summary>
    private void BeginWork()
    {
        Interlocked.Increment(ref _working);
        if (_disposed)
        {
            Interlocked.Decrement(ref _working);
            throw new ObjectDisposedException(nameof(PageStore));
        }
    }

    private void EndWork() => Interlocked.Decrement(ref _working);

    private PageImage* PinLoading(ulong id, ulong lsn)
    {
        object shard = Shard(id);
        var spin = default(SpinWait);
        while (true)
        {
            PageImage* image;
            int index;
            bool tail = false;
            bool busy = false;
            lock (shard)
            {
                ObjectDisposedException.ThrowIf(_disposed, typeof(PageStore));
                index = FindVersion(id, lsn, out int oldest, out bool hasFile);
                if (lsn < _snapshots.Floor)
                {
                    throw TooOld(id, lsn);
                }
                if (index != 0)
                {
                    image = At(index);
                    if ((image->Flags & ImageFlags.Loading) != 0)
                    {
                        Monitor.Wait(shard);
                        continue;
                    }
                    if ((image->Flags & ImageFlags.Tombstone) != 0)
                    {
                        throw new StorageException(StorageErrorCode.Corruption, $"Page {id} was freed at {new Lsn(image->Lsn)} but is still referred to at {new Lsn(lsn)}. Run the integrity check.")
                        {
                            Page = new PageId(id),
                        };
                    }
                    if (image->Data != null)
                    {
                        if (TryPin(image))
                        {
                            Touch(image);
                            return image;
                        }
                        busy = true;
                    }
                    else
                    {
                        image->Flags |= ImageFlags.Loading;
                    }
                }
                else
                {
                    ThrowIfNoFileCopy(id, lsn, oldest, hasFile);
                    index = AllocateImage();
                    image = At(index);
                    image->PageId = id;
                    image->Flags = ImageFlags.OnFile | ImageFlags.Loading;
                    tail = true;
                    if (oldest != 0)
                    {
                        Volatile.Write(ref At(oldest)->Older, index);
                    }
                    else
                    {
                        LinkHead(index);
                    }
                }
            }
            if (busy)
            {
                spin.SpinOnce();
                continue;
            }
            Load(shard, index, tail);
            image = At(index);
            if (image->Lsn > lsn)
            {
                Unpin(image);
                throw TooOld(id, lsn);
            }
            return image;
        }
    }

    /// <summary>Reads the bytes of an image marked as loading; leaves it pinned once.</summary>
    private void Load(object shard, int index, bool tail)
    {
        PageImage* image = At(index);
        int frame = 0;
        try
        {
            frame = AcquireFrame();
            byte* data = FrameData(frame);
            if (image->Spill != 0)
            {
                _spill.Read(image->Spill, image->PageId, image->Lsn, (image->Flags & ImageFlags.Private) != 0, data);
            }
            else
            {
                Interlocked.Increment(ref _fileReads);
                _file.Read(new PageId(image->PageId), new Span<byte>(data, _pageSize));
                if (PageFormat.Id(data) != image->PageId)
                {
                    throw new StorageException(StorageErrorCode.Corruption, $"Page {image->PageId} carries the id {PageFormat.Id(data)}. Restore the file from a backup.")
                    {
                        Page = new PageId(image->PageId),
                    };
                }
            }
            if (!PageFormat.IsKnownEncoding(data))
            {
                throw new StorageException(StorageErrorCode.NewerFormat, $"Page {image->PageId} is written in the encoding {data[PageFormat.EncodingOffset]}, which this version does not read. Open the database with a newer version.")
                {
                    Page = new PageId(image->PageId),
                };
            }
            lock (shard)
            {
                if (tail)
                {
                    image->Lsn = PageFormat.Lsn(data);
                }
                image->Frame = frame;
                image->Pins = 1;
                image->Freq = 0;
                Volatile.Write(ref *(nint*)&image->Data, (nint)data);
                image->Flags &= ~ImageFlags.Loading;
                Monitor.PulseAll(shard);
            }
            PutFrame(frame, index);
        }
        catch
        {
            lock (shard)
            {
                image->Flags &= ~ImageFlags.Loading;
                if (tail)
                {
                    image->Pins = -1;
                    Unlink(index);
                    ToLimbo(index, 0);
                }
                Monitor.PulseAll(shard);
            }
            if (frame != 0)
            {
                ReleaseFrame(frame);
            }
            throw;
        }
    }

    private int FindVersion(ulong id, ulong lsn, out int oldest, out bool hasFile)
    {
        oldest = 0;
        hasFile = false;
        for (int i = FindHead(id); i != 0; i = At(i)->Older)
        {
            PageImage* image = At(i);
            if (image->Lsn <= lsn)
            {
                return i;
            }
            hasFile |= (image->Flags & ImageFlags.OnFile) != 0;
            oldest = i;
        }
        return 0;
    }

    private void ThrowIfNoFileCopy(ulong id, ulong lsn, int oldest, bool hasFile)
    {
        if (id >= PageFormat.PrivateBit)
        {
            throw new StorageException(StorageErrorCode.Corruption, $"Private page {id & ~PageFormat.PrivateBit} does not exist.");
        }
        if (hasFile || (oldest != 0 && (At(oldest)->Flags & ImageFlags.Fresh) != 0))
        {
            throw TooOld(id, lsn);
        }
    }

    private static StorageException TooOld(ulong id, ulong lsn)
        => new(StorageErrorCode.SnapshotTooOld, $"The version of page {id} that the snapshot {new Lsn(lsn)} sees is kept no longer. Run the transaction again, in shorter steps, or raise Max Version Size.")
        {
            Page = new PageId(id),
        };

    public void Dispose()
    {
        foreach (object shard in _shards)
        {
            Monitor.Enter(shard);
        }
        _disposed = true;
        foreach (object shard in _shards)
        {
            Monitor.PulseAll(shard);
            Monitor.Exit(shard);
        }
        // Readers that are inside an epoch still look at the memory; who enters later sees that the pool is disposed and looks no further.
        long ended = ReaderEpoch.Advance();
        var spin = default(SpinWait);
        while (Volatile.Read(ref _working) != 0 || ReaderEpoch.MinActive() <= ended)
        {
            spin.SpinOnce();
        }
        if (HasPins())
        {
            // Somebody still holds a page, such as a reader that was not closed: the memory goes when nobody refers to the pool.
            return;
        }
        FreeMemory();
        FreeQueues();
        GC.SuppressFinalize(this);
    }

    private bool HasPins()
    {
        for (int i = 1; i < _imageChunks << ImagesPerChunkBits; i++)
        {
            if (At(i)->Pins > 0)
            {
                return true;
            }
        }
        return false;
    }

    private void FreeMemory()
    {
        if (_freed)
        {
            return;
        }
        _freed = true;
        for (int i = 0; i < _slabCount && _slabs != null; i++)
        {
            PageMemory.Free(_slabs[i]);
            _slabs[i] = null;
        }
        for (int i = 0; i < _imageChunks; i++)
        {
            PageMemory.Free(_chunks[i]);
            _chunks[i] = null;
        }
        _imageChunks = 0;
        NativeMemory.Free(_slabs);
        NativeMemory.Free(_frameImage);
        NativeMemory.Free(_chunks);
        PageMemory.Free(_buckets);
        NativeMemory.Free(_ghosts);
        NativeMemory.Free(_inQueue);
        PageMemory.Count(-_nativeBytes);
        _nativeBytes = 0;
    }

    private void FreeQueues()
    {
        _freeFrames.Dispose();
        _freeImages.Dispose();
        _limbo.Dispose();
        _retired.Dispose();
        _late.Dispose();
        _small.Dispose();
        _main.Dispose();
    }

    private void* AllocateZeroed(nuint bytes)
    {
        void* block = NativeMemory.AllocZeroed(bytes);
        Counted(bytes);
        return block;
    }

    private void Counted(nuint bytes)
    {
        _nativeBytes += (long)bytes;
        PageMemory.Count((long)bytes);
    }
}
