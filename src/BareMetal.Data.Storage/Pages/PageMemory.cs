using System.Runtime.InteropServices;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// Unmanaged memory for pages and their tables. Large blocks ask the system for large pages where that is a matter of advice (Linux), which
/// saves most of the address translations of a random look-up.
/// </summary>
internal static unsafe partial class PageMemory
{
    private const nuint LargePage = 2 << 20;
    private const int AdviseHugePage = 14;

    private static long s_held;

    /// <summary>
    /// Bytes of unmanaged memory that open databases of this process hold: buffers, images and their tables, queues, scratch pages. Closing a
    /// database gives its own back at once, whether the collector runs or not.
    /// </summary>
    public static long HeldBytes => Volatile.Read(ref s_held);

    /// <summary>Notes that unmanaged memory was taken, or, with a negative number, given back.</summary>
    public static void Count(long bytes) => Interlocked.Add(ref s_held, bytes);

    /// <summary>Allocates, aligned at least to 4,096 bytes; not cleared.</summary>
    public static void* Allocate(nuint bytes)
    {
        if (bytes < LargePage)
        {
            return NativeMemory.AlignedAlloc(bytes, 4096);
        }
        void* block = NativeMemory.AlignedAlloc(bytes, LargePage);
        if (OperatingSystem.IsLinux())
        {
            // Advice only: where it is not taken, everything works as before.
            _ = Advise(block, bytes & ~(LargePage - 1), AdviseHugePage);
        }
        return block;
    }

    public static void Free(void* block) => NativeMemory.AlignedFree(block);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
