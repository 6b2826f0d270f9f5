using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Types;

/// <summary>Hashes for joins, groups and plan caches: fast, seeded anew in each process, never stored.</summary>
internal static class Hashing
{
    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64() | 1;

    /// <summary>The hash of SQL NULL.</summary>
    public const ulong NullHash = 0x9E3779B97F4A7C15;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong value)
    {
        // Multiply and fold: both halves of the product depend on every bit.
        ulong high = Math.BigMul(value ^ Seed, 0xD6E8FEB86659FD93, out ulong low);
        return high ^ low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Combine(ulong hash, ulong next) => Mix(((hash << 23) | (hash >> 41)) ^ next);

    public static ulong Bytes(ReadOnlySpan<byte> bytes)
    {
        ulong hash = Seed ^ (ulong)bytes.Length;
        while (bytes.Length >= 8)
        {
            hash = Mix(hash ^ MemoryMarshal.Read<ulong>(bytes));
            bytes = bytes[8..];
        }

        if (bytes.IsEmpty)
            return Mix(hash);
        ulong last = 0;
        for (int i = 0; i < bytes.Length; i++)
            last |= (ulong)bytes[i] << (i * 8);
        return Mix(hash ^ last);
    }
}
