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

    /// <summary>Equal for equal values of different scale: hashed without the zeros at the end of the fraction.</summary>
    public static ulong Decimal(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        ulong low = (uint)bits[0] | ((ulong)(uint)bits[1] << 32);
        uint high = (uint)bits[2];
        int scale = (bits[3] >> 16) & 0xFF;
        if (high != 0)
        {
            UInt128 wide = new(high, low);
            while (scale > 0 && wide % 10 == 0)
            {
                wide /= 10;
                scale--;
            }

            low = (ulong)wide;
            high = (uint)(ulong)(wide >> 64);
        }
        else
        {
            while (scale > 0 && low % 10 == 0 && low != 0)
            {
                low /= 10;
                scale--;
            }
        }

        if ((low | high) == 0)
            return Mix(0);
        return Mix(low ^ Mix(((ulong)high << 8) | (uint)scale | (bits[3] < 0 ? 0x80u : 0)));
    }

    public static ulong Bytes(ReadOnlySpan<byte> bytes)
    {
        ulong hash = Mix((ulong)bytes.Length);
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
