using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Simd;

/// <summary>
/// Loops over masks: a byte for each row, 0 or 1. As all loops of this folder they are compiled for speed at once: there is nothing to learn of
/// them while they run, and a first query should not go through them slowly.
/// </summary>
internal static class MaskLoops
{
    private const ulong AllEight = 0x0101_0101_0101_0101;

    /// <summary>Sets the rows that are set in one of two masks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Or(ReadOnlySpan<bool> a, ReadOnlySpan<bool> b, Span<bool> target)
    {
        int count = target.Length;
        ReadOnlySpan<byte> x = MemoryMarshal.AsBytes(a)[..count], y = MemoryMarshal.AsBytes(b)[..count];
        Span<byte> z = MemoryMarshal.AsBytes(target);
        int i = 0;
        for (; i <= count - Vector<byte>.Count; i += Vector<byte>.Count)
            (new Vector<byte>(x[i..]) | new Vector<byte>(y[i..])).CopyTo(z[i..]);
        for (; i < count; i++)
            z[i] = (byte)(x[i] | y[i]);
    }

    /// <summary>How many rows are set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Count(ReadOnlySpan<bool> mask)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(mask);
        int count = 0;
        int i = 0;
        while (bytes.Length - i >= Vector<byte>.Count)
        {
            // A byte of the sum holds at most 255 rows.
            int end = Math.Min(bytes.Length, i + (255 * Vector<byte>.Count));
            Vector<byte> sum = Vector<byte>.Zero;
            for (; i <= end - Vector<byte>.Count; i += Vector<byte>.Count)
                sum += new Vector<byte>(bytes[i..]);
            Vector.Widen(sum, out Vector<ushort> low, out Vector<ushort> high);
            count += Vector.Sum(low + high);
        }

        for (; i < bytes.Length; i++)
            count += bytes[i];
        return count;
    }

    /// <summary>Collects the numbers of the rows that are set.</summary>
    /// <param name="mask">The mask.</param>
    /// <param name="rows">Receives the numbers; as long as the mask, for what lies beyond the last one is written over too.</param>
    public static int Select(ReadOnlySpan<bool> mask, Span<int> rows) => Select(mask, default, rows);

    /// <summary>As <see cref="Select(ReadOnlySpan{bool}, Span{int})"/>, without the rows that another mask has; an empty one has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Select(ReadOnlySpan<bool> mask, ReadOnlySpan<bool> without, Span<int> rows)
    {
        int count = mask.Length;
        ref byte set = ref Unsafe.As<bool, byte>(ref MemoryMarshal.GetReference(mask));
        ref byte unset = ref Unsafe.As<bool, byte>(ref MemoryMarshal.GetReference(without));
        bool some = !without.IsEmpty;
        rows = rows[..count];
        if (some)
            without = without[..count];
        int n = 0;
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref set, i));
            if (some)
                word &= ~Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref unset, i));
            if (word == 0)
                continue;
            if (word == AllEight)
            {
                for (int k = 0; k < 8; k++)
                    rows[n + k] = i + k;
                n += 8;
                continue;
            }

            // Without branches: which rows are set is rarely foreseeable. Byte k is row k on every machine that .NET runs on (little endian).
            for (int k = 0; k < 8; k++)
            {
                rows[n] = i + k;
                n += (int)((word >> (k * 8)) & 1);
            }
        }

        for (; i < count; i++)
        {
            if (mask[i] && !(some && without[i]))
                rows[n++] = i;
        }

        return n;
    }
}
