using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Simd;

/// <summary>A comparison of numbers, of one pair and of a vector of pairs.</summary>
internal interface IVectorTest
{
    static abstract bool Of<T>(T left, T right)
        where T : IComparisonOperators<T, T, bool>;

    /// <summary>All bits of the elements where it holds.</summary>
    static abstract Vector<T> Of<T>(Vector<T> left, Vector<T> right)
        where T : struct;
}

/// <summary>Compares columns of numbers of 1, 2, 4 or 8 bytes, a byte of ones' vector at a time.</summary>
internal static class CompareLoops
{
    /// <summary>Whether there is a loop for a type.</summary>
    public static bool Has<T>() => Vector.IsHardwareAccelerated && Vector<T>.IsSupported && typeof(T) != typeof(nint) && typeof(T) != typeof(nuint);

    /// <summary>Tests each value of the left column with the same row's value of the right one, or with its only one.</summary>
    /// <param name="left">As many as the target.</param>
    /// <param name="right">As many as the target, or one.</param>
    /// <param name="target">Receives the results.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T, TTest>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<bool> target)
        where T : struct, IComparisonOperators<T, T, bool>
        where TTest : struct, IVectorTest
    {
        int count = target.Length;
        bool one = right.Length == 1 && count != 1;
        left = left[..count];
        if (!one)
            right = right[..count];
        ref T x = ref MemoryMarshal.GetReference(left);
        ref T y = ref MemoryMarshal.GetReference(right);
        ref byte z = ref Unsafe.As<bool, byte>(ref MemoryMarshal.GetReference(target));
        Vector<T> constant = one ? new Vector<T>(right[0]) : default;
        int i = 0;
        for (; i <= count - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector<byte> block = Block<T, TTest>(ref Unsafe.Add(ref x, i), ref Unsafe.Add(ref y, one ? 0 : i), constant, one);
            (block & Vector<byte>.One).StoreUnsafe(ref Unsafe.Add(ref z, i));
        }

        for (; i < count; i++)
            target[i] = TTest.Of(left[i], right[one ? 0 : i]);
    }

    /// <summary>The results of as many rows as a vector has bytes: those of wider values are narrowed, half by half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> Block<T, TTest>(ref T x, ref T y, Vector<T> constant, bool one)
        where T : struct
        where TTest : struct, IVectorTest
    {
        if (Unsafe.SizeOf<T>() == 1)
            return Vector.As<T, byte>(Test<T, TTest>(ref x, ref y, constant, one, 0));
        if (Unsafe.SizeOf<T>() == 2)
            return Vector.Narrow(Vector.As<T, ushort>(Test<T, TTest>(ref x, ref y, constant, one, 0)), Vector.As<T, ushort>(Test<T, TTest>(ref x, ref y, constant, one, 1)));
        if (Unsafe.SizeOf<T>() == 4)
            return Vector.Narrow(Quarter<T, TTest>(ref x, ref y, constant, one, 0), Quarter<T, TTest>(ref x, ref y, constant, one, 2));
        return Vector.Narrow(
            Vector.Narrow(Eighth<T, TTest>(ref x, ref y, constant, one, 0), Eighth<T, TTest>(ref x, ref y, constant, one, 2)),
            Vector.Narrow(Eighth<T, TTest>(ref x, ref y, constant, one, 4), Eighth<T, TTest>(ref x, ref y, constant, one, 6)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<ushort> Quarter<T, TTest>(ref T x, ref T y, Vector<T> constant, bool one, int at)
        where T : struct
        where TTest : struct, IVectorTest => Vector.Narrow(
            Vector.As<T, uint>(Test<T, TTest>(ref x, ref y, constant, one, at)),
            Vector.As<T, uint>(Test<T, TTest>(ref x, ref y, constant, one, at + 1)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Eighth<T, TTest>(ref T x, ref T y, Vector<T> constant, bool one, int at)
        where T : struct
        where TTest : struct, IVectorTest => Vector.Narrow(
            Vector.As<T, ulong>(Test<T, TTest>(ref x, ref y, constant, one, at)),
            Vector.As<T, ulong>(Test<T, TTest>(ref x, ref y, constant, one, at + 1)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Test<T, TTest>(ref T x, ref T y, Vector<T> constant, bool one, int at)
        where T : struct
        where TTest : struct, IVectorTest
    {
        nuint offset = (nuint)(at * Vector<T>.Count);
        return TTest.Of(Vector.LoadUnsafe(ref x, offset), one ? constant : Vector.LoadUnsafe(ref y, offset));
    }

    /// <summary>Whether a float is no number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool AnyNaN<T>(ReadOnlySpan<T> values)
        where T : struct, INumberBase<T>
    {
        int i = 0;
        for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            Vector<T> v = new(values[i..]);
            if (!Vector.EqualsAll(v, v))
                return true;
        }

        for (; i < values.Length; i++)
        {
            if (T.IsNaN(values[i]))
                return true;
        }

        return false;
    }
}
