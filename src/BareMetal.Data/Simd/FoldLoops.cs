using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Simd;

/// <summary>Sums and extremes of runs of numbers.</summary>
internal static class FoldLoops
{
    /// <summary>The sum of at most 2³² integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long Sum(ReadOnlySpan<int> values)
    {
        Vector<long> low = Vector<long>.Zero, high = Vector<long>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector.Widen(new Vector<int>(values[i..]), out Vector<long> a, out Vector<long> b);
            low += a;
            high += b;
        }

        long sum = Vector.Sum(low + high);
        for (; i < values.Length; i++)
            sum += values[i];
        return sum;
    }

    /// <summary>The exact sum of at most 2³¹ integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Int128 Sum(ReadOnlySpan<long> values)
    {
        // Halves are summed apart, as numbers without a sign: each value is 2⁶³ larger for it, which is taken away at the end.
        Vector<ulong> low = Vector<ulong>.Zero, high = Vector<ulong>.Zero;
        Vector<ulong> bias = new(1UL << 63), half = new(uint.MaxValue);
        int i = 0;
        for (; i <= values.Length - Vector<long>.Count; i += Vector<long>.Count)
        {
            Vector<ulong> v = Vector.AsVectorUInt64(new Vector<long>(values[i..])) ^ bias;
            low += v & half;
            high += v >>> 32;
        }

        Int128 sum = Vector.Sum(low) + ((Int128)Vector.Sum(high) << 32) - ((Int128)i << 63);
        for (; i < values.Length; i++)
            sum += values[i];
        return sum;
    }

    /// <summary>The least or the greatest of at least one integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Extreme<T>(ReadOnlySpan<T> values, bool greatest)
        where T : struct, IBinaryInteger<T>
    {
        T best = values[0];
        int i = 0;
        if (Vector.IsHardwareAccelerated && values.Length >= Vector<T>.Count)
        {
            ref T x = ref MemoryMarshal.GetReference(values);
            Vector<T> extreme = Vector.LoadUnsafe(ref x);
            for (i = Vector<T>.Count; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
            {
                Vector<T> v = Vector.LoadUnsafe(ref x, (nuint)i);
                extreme = greatest ? Vector.Max(extreme, v) : Vector.Min(extreme, v);
            }

            best = extreme[0];
            for (int k = 1; k < Vector<T>.Count; k++)
                best = Better(best, extreme[k], greatest);
        }

        for (; i < values.Length; i++)
            best = Better(best, values[i], greatest);
        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Better<T>(T a, T b, bool greatest)
        where T : struct, IBinaryInteger<T> => (b > a) == greatest ? b : a;
}
