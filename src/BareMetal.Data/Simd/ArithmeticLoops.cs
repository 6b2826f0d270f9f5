using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Simd;

/// <summary>An operation on vectors of numbers.</summary>
internal interface IVectorOperation
{
    static abstract Vector<T> Of<T>(Vector<T> left, Vector<T> right)
        where T : struct;

    /// <summary>Elements whose sign bit is set are out of range; for signed integers.</summary>
    static abstract Vector<T> Overflow<T>(Vector<T> left, Vector<T> right, Vector<T> result)
        where T : struct;
}

internal readonly struct VectorAdd : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Of<T>(Vector<T> left, Vector<T> right)
        where T : struct => left + right;

    // The operands have one sign and the result has the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Overflow<T>(Vector<T> left, Vector<T> right, Vector<T> result)
        where T : struct => (left ^ result) & (right ^ result);
}

internal readonly struct VectorSubtract : IVectorOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Of<T>(Vector<T> left, Vector<T> right)
        where T : struct => left - right;

    // The operands' signs differ, and the result has that of what was taken away.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Overflow<T>(Vector<T> left, Vector<T> right, Vector<T> result)
        where T : struct => (left ^ right) & (left ^ result);
}

/// <summary>Adds and subtracts columns of signed integers of 32 and 64 bits.</summary>
internal static class ArithmeticLoops
{
    /// <summary>Computes each row of the left column with the same row of the right one, or with its only value.</summary>
    /// <returns>False when some result is out of range: the target then holds nothing of use.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryRun<T, TOperation>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<T> target)
        where T : struct, IBinaryInteger<T>
        where TOperation : struct, IVectorOperation
    {
        int count = target.Length;
        bool one = right.Length == 1 && count != 1;
        if (!Vector.IsHardwareAccelerated || count < Vector<T>.Count)
            return false;
        left = left[..count];
        if (!one)
            right = right[..count];
        ref T x = ref MemoryMarshal.GetReference(left);
        ref T y = ref MemoryMarshal.GetReference(right);
        ref T z = ref MemoryMarshal.GetReference(target);
        Vector<T> constant = one ? new Vector<T>(right[0]) : default;
        Vector<T> overflow = Vector<T>.Zero;
        int last = count - Vector<T>.Count;
        for (int i = 0; ; i += Vector<T>.Count)
        {
            // The last vector lies over the one before it, as far as it must.
            nuint at = (nuint)Math.Min(i, last);
            Vector<T> a = Vector.LoadUnsafe(ref x, at);
            Vector<T> b = one ? constant : Vector.LoadUnsafe(ref y, at);
            Vector<T> result = TOperation.Of(a, b);
            overflow |= TOperation.Overflow(a, b, result);
            result.StoreUnsafe(ref z, at);
            if (i >= last)
                break;
        }

        return !Vector.LessThanAny(overflow, Vector<T>.Zero);
    }
}
