using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// Protects readers that walk page images without locks: a thread publishes the epoch in its own cache line while it walks, and a
/// frame or image that was taken out of the structures is used again only after every thread has left the epochs up to then.
/// One table serves all stores of the process. Nothing that blocks happens inside an epoch.
/// </summary>
internal static unsafe class ReaderEpoch
{
    private const int SlotBytes = 128;
    private const int SlotsPerChunk = 256;
    private const int MaxChunks = 1024;

    private static readonly object s_lock = new();
    private static readonly nint[] s_chunks = new nint[MaxChunks];
    private static readonly Stack<nint> s_free = new();
    private static int s_used;
    private static Padded s_epoch = new() { Value = 1 };

    [ThreadStatic]
    private static Slot? t_slot;

    /// <summary>Enters; what is reached from now on stays in place until <see cref="Exit"/>.</summary>
    /// <returns>The token to leave with, on the same thread.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long* Enter()
    {
        long* slot = (t_slot ?? Claim()).Address;
        Debug.Assert(*slot == 0, "A thread is inside one epoch at a time.");
        Interlocked.Exchange(ref *slot, Volatile.Read(ref s_epoch.Value));
        return slot;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exit(long* slot) => Volatile.Write(ref *slot, 0);

    /// <summary>Whether the calling thread is inside; for assertions.</summary>
    public static bool IsInside => t_slot is { } slot && *slot.Address != 0;

    /// <summary>Starts a new epoch.</summary>
    /// <returns>The epoch that ended: what was taken out before this call is free once <see cref="MinActive"/> exceeds it.</returns>
    public static long Advance() => Interlocked.Increment(ref s_epoch.Value) - 1;

    /// <summary>The epoch to stamp what is taken out now.</summary>
    public static long Current => Volatile.Read(ref s_epoch.Value);

    /// <summary>The oldest epoch that a thread is in, or <see cref="long.MaxValue"/>.</summary>
    public static long MinActive()
    {
        Interlocked.MemoryBarrier();
        long min = long.MaxValue;
        int used = Volatile.Read(ref s_used);
        for (int i = 0; i < used; i++)
        {
            long value = Volatile.Read(ref *At(i));
            if (value != 0 && value < min)
            {
                min = value;
            }
        }
        return min;
    }

    private static long* At(int index) => (long*)(s_chunks[index / SlotsPerChunk] + (index % SlotsPerChunk * SlotBytes));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Slot Claim()
    {
        lock (s_lock)
        {
            if (!s_free.TryPop(out nint address))
            {
                int index = s_used;
                if (index == MaxChunks * SlotsPerChunk)
                {
                    throw new StorageException(StorageErrorCode.OutOfMemory, $"More than {index} threads read databases at the same time. Use fewer threads.");
                }
                if (index % SlotsPerChunk == 0)
                {
                    void* chunk = NativeMemory.AlignedAlloc(SlotsPerChunk * SlotBytes, SlotBytes);
                    NativeMemory.Clear(chunk, SlotsPerChunk * SlotBytes);
                    s_chunks[index / SlotsPerChunk] = (nint)chunk;
                }
                address = (nint)At(index);
                Volatile.Write(ref s_used, index + 1);
            }
            return t_slot = new Slot((long*)address);
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Padded
    {
        [FieldOffset(128)]
        public long Value;
    }

    /// <summary>A thread's slot; goes back when the thread has ended and this is collected.</summary>
    private sealed class Slot(long* address)
    {
        public readonly long* Address = address;

        ~Slot()
        {
            Volatile.Write(ref *Address, 0);
            lock (s_lock)
            {
                s_free.Push((nint)Address);
            }
        }
    }
}
