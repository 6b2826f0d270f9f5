using System.Numerics;
using System.Runtime.CompilerServices;

namespace BareMetal.Data.Simd;

/// <summary>Hashes and sort prefixes of columns of integers, as <c>ColumnOperations</c> makes them one by one.</summary>
internal static class KeyLoops
{
    /// <summary>2⁶⁴ divided by the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4: Fibonacci hashing).</summary>
    public const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;

    /// <summary>The same of 2³².</summary>
    public const uint MixMultiplier = 0x9E37_79B1;

    private const ulong SignBit = 1UL << 63;

    /// <summary>Mixes the values' hashes into those that are there.</summary>
    /// <returns>How many rows were done, from the first on.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Hash(ReadOnlySpan<int> values, Span<uint> hashes)
    {
        Vector<ulong> multiplier = new(Multiplier);
        int i = 0;
        for (; i <= values.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector.Widen(new Vector<int>(values[i..]), out Vector<long> low, out Vector<long> high);
            Mix((Vector.AsVectorUInt64(low) * multiplier) >>> 32, (Vector.AsVectorUInt64(high) * multiplier) >>> 32, hashes[i..]);
        }

        return i;
    }

    /// <inheritdoc cref="Hash(ReadOnlySpan{int}, Span{uint})"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Hash(ReadOnlySpan<long> values, Span<uint> hashes)
    {
        Vector<ulong> multiplier = new(Multiplier);
        int i = 0;
        for (; i <= values.Length - Vector<uint>.Count; i += Vector<uint>.Count)
        {
            Vector<ulong> low = Vector.AsVectorUInt64(new Vector<long>(values[i..])), high = Vector.AsVectorUInt64(new Vector<long>(values[(i + Vector<long>.Count)..]));
            Mix((low * multiplier) >>> 32, (high * multiplier) >>> 32, hashes[i..]);
        }

        return i;
    }

    /// <summary>Numbers without a sign that are in the values' order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Prefixes(ReadOnlySpan<int> values, Span<ulong> prefixes)
    {
        Vector<ulong> sign = new(SignBit);
        int i = 0;
        for (; i <= values.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector.Widen(new Vector<int>(values[i..]), out Vector<long> low, out Vector<long> high);
            (Vector.AsVectorUInt64(low) ^ sign).CopyTo(prefixes[i..]);
            (Vector.AsVectorUInt64(high) ^ sign).CopyTo(prefixes[(i + Vector<long>.Count)..]);
        }

        for (; i < values.Length; i++)
            prefixes[i] = (ulong)values[i] ^ SignBit;
    }

    /// <inheritdoc cref="Prefixes(ReadOnlySpan{int}, Span{ulong})"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Prefixes(ReadOnlySpan<long> values, Span<ulong> prefixes)
    {
        Vector<ulong> sign = new(SignBit);
        int i = 0;
        for (; i <= values.Length - Vector<long>.Count; i += Vector<long>.Count)
            (Vector.AsVectorUInt64(new Vector<long>(values[i..])) ^ sign).CopyTo(prefixes[i..]);
        for (; i < values.Length; i++)
            prefixes[i] = (ulong)values[i] ^ SignBit;
    }

    private static void Mix(Vector<ulong> low, Vector<ulong> high, Span<uint> hashes)
    {
        Vector<uint> hash = new(hashes);
        Vector<uint> turned = (hash << 5) | (hash >>> 27);
        ((turned ^ Vector.Narrow(low, high)) * new Vector<uint>(MixMultiplier)).CopyTo(hashes);
    }
}
