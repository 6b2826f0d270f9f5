using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Simd;
using BareMetal.Data.Types;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Operators over numbers: checked for integers and decimals, IEEE for floats.</summary>
internal static class ArithmeticFunctions
{
    public static void Define(Definitions define)
    {
        // Integer comes first: what stays untyped is an integer.
        Number<int>(define, SqlType.Integer);
        Number<long>(define, SqlType.BigInt);
        Number<short>(define, SqlType.SmallInt);
        Number<sbyte>(define, SqlType.TinyInt);
        Number<byte>(define, SqlType.UTinyInt);
        Number<ushort>(define, SqlType.USmallInt);
        Number<uint>(define, SqlType.UInteger);
        Number<ulong>(define, SqlType.UBigInt);
        Number<decimal>(define, SqlType.Decimal);
        Number<double>(define, SqlType.Double);
        Number<float>(define, SqlType.Real);
        Signed<int>(define, SqlType.Integer);
        Signed<long>(define, SqlType.BigInt);
        Signed<short>(define, SqlType.SmallInt);
        Signed<sbyte>(define, SqlType.TinyInt);
        Signed<decimal>(define, SqlType.Decimal);
        Signed<double>(define, SqlType.Double);
        Signed<float>(define, SqlType.Real);
        Bits<int>(define, SqlType.Integer);
        Bits<long>(define, SqlType.BigInt);
        Bits<short>(define, SqlType.SmallInt);
        Bits<sbyte>(define, SqlType.TinyInt);
        Bits<byte>(define, SqlType.UTinyInt);
        Bits<ushort>(define, SqlType.USmallInt);
        Bits<uint>(define, SqlType.UInteger);
        Bits<ulong>(define, SqlType.UBigInt);
        define.Add("&", SqlType.Boolean, Kernel.Of<bool, bool, bool>((a, b) => a & b), SqlType.Boolean, SqlType.Boolean);
        define.Add("|", SqlType.Boolean, Kernel.Of<bool, bool, bool>((a, b) => a | b), SqlType.Boolean, SqlType.Boolean);
        define.Add("#", SqlType.Boolean, Kernel.Of<bool, bool, bool>((a, b) => a ^ b), SqlType.Boolean, SqlType.Boolean);
        define.Add("~", SqlType.Boolean, Kernel.Of<bool, bool>(a => !a), SqlType.Boolean);
    }

    private static void Number<T>(Definitions define, SqlType type)
        where T : struct, INumber<T>
    {
        define.Add("+", type, new BinaryKernel<T, T, T, Add<T>>(), type, type);
        define.Add("-", type, new BinaryKernel<T, T, T, Subtract<T>>(), type, type);
        define.Add("*", type, new BinaryKernel<T, T, T, Multiply<T>>(), type, type);
        define.Add("/", type, new BinaryKernel<T, T, T, Divide<T>>(), type, type);
        define.Add(["%", "mod"], type, new BinaryKernel<T, T, T, Remainder<T>>(), type, type);
        define.Add("+", type, CopyKernel.Instance, type);
    }

    private static void Signed<T>(Definitions define, SqlType type)
        where T : struct, INumber<T> => define.Add("-", type, new UnaryKernel<T, T, Negate<T>>(), type);

    private static void Bits<T>(Definitions define, SqlType type)
        where T : struct, IBinaryInteger<T>
    {
        define.Add("&", type, new BinaryKernel<T, T, T, And<T>>(), type, type);
        define.Add("|", type, new BinaryKernel<T, T, T, Or<T>>(), type, type);
        define.Add("#", type, new BinaryKernel<T, T, T, Xor<T>>(), type, type);
        define.Add("~", type, new UnaryKernel<T, T, Not<T>>(), type);
        define.Add("<<", type, new BinaryKernel<T, int, T, ShiftLeft<T>>(), type, SqlType.Integer);
        define.Add(">>", type, new BinaryKernel<T, int, T, ShiftRight<T>>(), type, SqlType.Integer);
    }

    private static bool TryRunIntegers<T, TOperation>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<T> target)
        where TOperation : struct, IVectorOperation
    {
        if (typeof(T) == typeof(int))
            return ArithmeticLoops.TryRun<int, TOperation>(Cast<T, int>(left), Cast<T, int>(right), Cast<T, int>(target));
        return typeof(T) == typeof(long) && ArithmeticLoops.TryRun<long, TOperation>(Cast<T, long>(left), Cast<T, long>(right), Cast<T, long>(target));
    }

    private static Span<TTo> Cast<TFrom, TTo>(ReadOnlySpan<TFrom> values) =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<TFrom, TTo>(ref MemoryMarshal.GetReference(values)), values.Length);

    private readonly struct Add<T> : IBinaryOperation<T, T, T>
        where T : struct, INumber<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply(T left, T right) => checked(left + right);

        public static bool TryRun(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<T> target) => TryRunIntegers<T, VectorAdd>(left, right, target);
    }

    private readonly struct Subtract<T> : IBinaryOperation<T, T, T>
        where T : struct, INumber<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply(T left, T right) => checked(left - right);

        public static bool TryRun(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<T> target) => TryRunIntegers<T, VectorSubtract>(left, right, target);
    }

    private readonly struct Multiply<T> : IBinaryOperation<T, T, T>
        where T : struct, INumber<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply(T left, T right) => checked(left * right);
    }

    private readonly struct Divide<T> : IBinaryOperation<T, T, T>
        where T : struct, INumber<T>
    {
        // Integers of 8 and 16 bits divide as wider ones, and are then cut without a check: the smallest by −1 is taken as a negation, which is checked.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply(T left, T right) =>
            (typeof(T) == typeof(short) || typeof(T) == typeof(sbyte)) && right == -T.One ? checked(-left) : checked(left / right);
    }

    private readonly struct Remainder<T> : IBinaryOperation<T, T, T>
        where T : struct, INumber<T>
    {
        // The smallest integer % −1 traps on some processors; it is zero.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply(T left, T right) =>
            (typeof(T) == typeof(int) || typeof(T) == typeof(long)) && right == -T.One ? T.Zero : left % right;
    }

    private readonly struct Negate<T> : IUnaryOperation<T, T>
        where T : struct, INumber<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply(T value) => checked(-value);
    }

    private readonly struct And<T> : IBinaryOperation<T, T, T>
        where T : struct, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => left & right;
    }

    private readonly struct Or<T> : IBinaryOperation<T, T, T>
        where T : struct, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => left | right;
    }

    private readonly struct Xor<T> : IBinaryOperation<T, T, T>
        where T : struct, IBinaryInteger<T>
    {
        public static T Apply(T left, T right) => left ^ right;
    }

    private readonly struct Not<T> : IUnaryOperation<T, T>
        where T : struct, IBinaryInteger<T>
    {
        public static T Apply(T value) => ~value;
    }

    private readonly struct ShiftLeft<T> : IBinaryOperation<T, int, T>
        where T : struct, IBinaryInteger<T>
    {
        public static T Apply(T left, int right) => left << right;
    }

    private readonly struct ShiftRight<T> : IBinaryOperation<T, int, T>
        where T : struct, IBinaryInteger<T>
    {
        public static T Apply(T left, int right) => left >> right;
    }
}
