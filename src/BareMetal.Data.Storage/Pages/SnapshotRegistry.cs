using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// The snapshots that are being read, each in a cache line of its own, and the LSN up to which commits are visible.
/// A snapshot's slot is published before the visible LSN is read again: whoever reads the visible LSN and then the slots
/// therefore knows every snapshot older than that LSN.
/// </summary>
internal sealed unsafe class SnapshotRegistry : IDisposable
{
    private const int SlotBytes = 128;
    private const int SlotsPerChunk = 64;
    private const int MaxChunks = 1024;

    private readonly nint[] _chunks = new nint[MaxChunks];
    private readonly object _growLock = new();
    private Padded _visible;
    private ulong _floor;
    private int _slots;

    public SnapshotRegistry(Lsn visible)
    {
        _visible.Value = visible.Value;
        Grow();
    }

    ~SnapshotRegistry() => FreeChunks();

    /// <summary>Commits up to here are visible to snapshots taken from now on. Only grows.</summary>
    public ulong Visible
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref _visible.Value);
        set
        {
            if (value < _visible.Value)
            {
                throw new ArgumentOutOfRangeException(nameof(value), "The visible LSN only grows.");
            }
            Interlocked.Exchange(ref _visible.Value, value);
        }
    }

    /// <summary>Snapshots below are given up: what they alone need is kept no longer, and who reads at one gets an error. Only grows.</summary>
    public ulong Floor
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref _floor);
    }

    /// <summary>Gives up the oldest snapshot that may be (and those of the same state).</summary>
    /// <returns>False when none is older than the visible state.</returns>
    public bool GiveUpOldest()
    {
        lock (_growLock)
        {
            return GiveUpOldestLocked();
        }
    }

    private bool GiveUpOldestLocked()
    {
        ulong limit = Visible;
        Interlocked.MemoryBarrier();
        ulong oldest = ulong.MaxValue;
        int slots = Volatile.Read(ref _slots);
        for (int i = 0; i < slots; i++)
        {
            ulong value = Volatile.Read(ref *At(i));
            if (value == 0)
            {
                continue;
            }
            if (IsLasting(i))
            {
                limit = Math.Min(limit, value - 1);
            }
            else if (value > _floor)
            {
                oldest = Math.Min(oldest, value - 1);
            }
        }
        if (oldest >= limit)
        {
            return false;
        }
        Interlocked.Exchange(ref _floor, oldest + 1);
        return true;
    }

    /// <summary>Takes a snapshot of what is visible.</summary>
    /// <param name="isLasting">Whether it is kept whatever that costs: a checkpoint's.</param>
    public Snapshot Acquire(bool isLasting = false)
    {
        if (!isLasting)
        {
            return AcquireSlot(isLasting);
        }
        // Not while snapshots are given up, which could miss the mark.
        lock (_growLock)
        {
            return AcquireSlot(isLasting);
        }
    }

    private Snapshot AcquireSlot(bool isLasting)
    {
        ulong lsn = Visible;
        int slot = Claim(lsn, isLasting);
        ref ulong value = ref *At(slot);
        while (true)
        {
            ulong again = Visible;
            if (again == lsn)
            {
                return new Snapshot(new Lsn(lsn), slot);
            }
            lsn = again;
            Interlocked.Exchange(ref value, lsn + 1);
        }
    }

    /// <summary>Registers the same state once more.</summary>
    /// <param name="snapshot">A snapshot that is still held.</param>
    public Snapshot Duplicate(Snapshot snapshot) => new(snapshot.Lsn, Claim(snapshot.Lsn.Value, IsLasting(snapshot.Slot)));

    /// <summary>Gives the snapshot back; what it alone needed is reclaimed later.</summary>
    public void Release(Snapshot snapshot)
    {
        if (Interlocked.Exchange(ref *At(snapshot.Slot), 0) != snapshot.Lsn.Value + 1)
        {
            throw new InvalidOperationException("The snapshot was released before.");
        }
    }

    /// <summary>
    /// Whether a state in [<paramref name="from"/>, <paramref name="to"/>) is or can still be read: a snapshot lies in it, or it is the
    /// visible one, or <paramref name="to"/> is not visible yet.
    /// </summary>
    public bool Needs(ulong from, ulong to)
    {
        ulong visible = Visible;
        if (to > visible)
        {
            return true;
        }
        Interlocked.MemoryBarrier();
        int slots = Volatile.Read(ref _slots);
        for (int i = 0; i < slots; i++)
        {
            ulong value = Volatile.Read(ref *At(i));
            if (value != 0 && value - 1 >= from && value - 1 < to && (value > _floor || IsLasting(i)))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>How many snapshots are registered.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            int slots = Volatile.Read(ref _slots);
            for (int i = 0; i < slots; i++)
            {
                count += Volatile.Read(ref *At(i)) != 0 ? 1 : 0;
            }
            return count;
        }
    }

    /// <summary>The oldest snapshot, or the visible LSN when there is none.</summary>
    public ulong Oldest()
    {
        ulong oldest = Visible;
        Interlocked.MemoryBarrier();
        int slots = Volatile.Read(ref _slots);
        for (int i = 0; i < slots; i++)
        {
            ulong value = Volatile.Read(ref *At(i));
            if (value != 0 && value - 1 < oldest && (value > _floor || IsLasting(i)))
            {
                oldest = value - 1;
            }
        }
        return oldest;
    }

    public void Dispose()
    {
        FreeChunks();
        GC.SuppressFinalize(this);
    }

    private ulong* At(int slot) => (ulong*)(_chunks[slot / SlotsPerChunk] + (slot % SlotsPerChunk * SlotBytes));

    // The word after a slot's value.
    private bool IsLasting(int slot) => Volatile.Read(ref At(slot)[1]) != 0;

    private int Claim(ulong lsn, bool isLasting)
    {
        while (true)
        {
            int slots = Volatile.Read(ref _slots);
            int start = Environment.CurrentManagedThreadId * 7 % slots;
            for (int i = 0; i < slots; i++)
            {
                int slot = start + i;
                slot = slot >= slots ? slot - slots : slot;
                ulong* p = At(slot);
                if (Volatile.Read(ref *p) == 0 && Interlocked.CompareExchange(ref *p, lsn + 1, 0) == 0)
                {
                    // A mark left by the owner before only makes it last a moment longer; this one is set before the snapshot is used.
                    Volatile.Write(ref p[1], isLasting ? 1UL : 0UL);
                    return slot;
                }
            }
            lock (_growLock)
            {
                if (_slots == slots)
                {
                    Grow();
                }
            }
        }
    }

    private void Grow()
    {
        if (_slots == MaxChunks * SlotsPerChunk)
        {
            throw new StorageException(StorageErrorCode.OutOfMemory, $"More than {_slots} snapshots are open. End readers and transactions that are not needed.");
        }
        void* chunk = NativeMemory.AlignedAlloc(SlotsPerChunk * SlotBytes, SlotBytes);
        NativeMemory.Clear(chunk, SlotsPerChunk * SlotBytes);
        PageMemory.Count(SlotsPerChunk * SlotBytes);
        _chunks[_slots / SlotsPerChunk] = (nint)chunk;
        Volatile.Write(ref _slots, _slots + SlotsPerChunk);
    }

    private void FreeChunks()
    {
        for (int i = 0; i < _chunks.Length && _chunks[i] != 0; i++)
        {
            NativeMemory.AlignedFree((void*)_chunks[i]);
            PageMemory.Count(-(SlotsPerChunk * SlotBytes));
            _chunks[i] = 0;
        }
        _slots = 0;
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Padded
    {
        [FieldOffset(128)]
        public ulong Value;
    }
}
