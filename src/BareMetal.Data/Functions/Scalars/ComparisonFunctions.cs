using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Simd;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Comparison operators, IS DISTINCT FROM as a function, greatest, least, nullif.</summary>
internal static class ComparisonFunctions
{
    public static void Define(Definitions define)
    {
        SqlType[] pair = [Definitions.Any, Definitions.Any];
        Operator<Equal>(define, "=");
        Operator<NotEqual>(define, "<>");
        Operator<Less>(define, "<");
        Operator<LessOrEqual>(define, "<=");
        Operator<Greater>(define, ">");
        Operator<GreaterOrEqual>(define, ">=");
        define.Add("is_distinct_from", _ => SqlType.Boolean, (types, _) => new DistinctKernel(TypeComparer.For(types[0]), negate: false), pair, strict: false, unifies: true);
        define.Add("is_not_distinct_from", _ => SqlType.Boolean, (types, _) => new DistinctKernel(TypeComparer.For(types[0]), negate: true), pair, strict: false, unifies: true);
        define.Add("greatest", types => types[0], (types, _) => new ExtremeKernel(TypeComparer.For(types[0]), 1), [Definitions.Any], strict: false, variadic: true, unifies: true);
        define.Add("least", types => types[0], (types, _) => new ExtremeKernel(TypeComparer.For(types[0]), -1), [Definitions.Any], strict: false, variadic: true, unifies: true);
        define.Add("nullif", types => types[0], (types, _) => new NullIfKernel(TypeComparer.For(types[0])), pair, strict: false, unifies: true);
    }

    private static void Operator<TTest>(Definitions define, string name)
        where TTest : struct, ITest =>
        define.Add(name, _ => SqlType.Boolean, (types, _) => Create<TTest>(Compared(types)), [Definitions.Any, Definitions.Any], unifies: true);

    // Both sides have one kind; the collation is the one that either names.
    private static SqlType Compared(IReadOnlyList<SqlType> types) =>
        types[0].Kind == SqlTypeKind.Text && types[0].Collation is null && types.Count > 1 ? types[1] : types[0];

    private static ScalarKernel Create<TTest>(SqlType type)
        where TTest : struct, ITest
    {
        return type.Kind switch
        {
            SqlTypeKind.TinyInt => new BinaryKernel<sbyte, sbyte, bool, Plain<sbyte, TTest>>(),
            SqlTypeKind.SmallInt => new BinaryKernel<short, short, bool, Plain<short, TTest>>(),
            SqlTypeKind.Integer or SqlTypeKind.Date => new BinaryKernel<int, int, bool, Plain<int, TTest>>(),
            SqlTypeKind.BigInt or SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.TimeSpan =>
                new BinaryKernel<long, long, bool, Plain<long, TTest>>(),
            SqlTypeKind.UTinyInt => new BinaryKernel<byte, byte, bool, Plain<byte, TTest>>(),
            SqlTypeKind.USmallInt => new BinaryKernel<ushort, ushort, bool, Plain<ushort, TTest>>(),
            SqlTypeKind.UInteger => new BinaryKernel<uint, uint, bool, Plain<uint, TTest>>(),
            SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => new BinaryKernel<ulong, ulong, bool, Plain<ulong, TTest>>(),
            SqlTypeKind.Decimal => new BinaryKernel<decimal, decimal, bool, Plain<decimal, TTest>>(),
            SqlTypeKind.Uuid => new BinaryKernel<Guid, Guid, bool, Ordered<Guid, NaturalOrder<Guid>, TTest>>(),
            SqlTypeKind.Boolean => new BinaryKernel<bool, bool, bool, Ordered<bool, NaturalOrder<bool>, TTest>>(),
            SqlTypeKind.Real => new BinaryKernel<float, float, bool, Ordered<float, FloatOrder<float>, TTest>>(),
            SqlTypeKind.Double => new BinaryKernel<double, double, bool, Ordered<double, FloatOrder<double>, TTest>>(),
            SqlTypeKind.Interval => new BinaryKernel<BareMetalInterval, BareMetalInterval, bool, Ordered<BareMetalInterval, IntervalOrder, TTest>>(),
            SqlTypeKind.DateTimeOffset => new BinaryKernel<OffsetInstant, OffsetInstant, bool, Ordered<OffsetInstant, InstantOrder, TTest>>(),
            SqlTypeKind.Bytea or SqlTypeKind.Unknown => new BinaryKernel<ByteSlice, ByteSlice, bool, Ordered<ByteSlice, BytesOrder, TTest>>(),
            SqlTypeKind.Text when Collation.Get(type.Collation).IsOrdinal => new BinaryKernel<ByteSlice, ByteSlice, bool, Ordered<ByteSlice, BytesOrder, TTest>>(),
            _ => new ComparerKernel<TTest>(TypeComparer.For(type)),
        };
    }

    /// <summary>A comparison in its three forms: of an order, by operators, and whether equality decides it.</summary>
    private interface ITest : IVectorTest
    {
        /// <summary>1: equality, −1: inequality, 0: order.</summary>
        static abstract int Equality { get; }

        static abstract bool Of(int order);
    }

    private readonly struct Equal : ITest
    {
        public static int Equality => 1;

        public static bool Of(int order) => order == 0;

        public static bool Of<T>(T left, T right)
            where T : IComparisonOperators<T, T, bool> => left == right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static System.Numerics.Vector<T> Of<T>(System.Numerics.Vector<T> left, System.Numerics.Vector<T> right)
            where T : struct => System.Numerics.Vector.Equals(left, right);
    }

    private readonly struct NotEqual : ITest
    {
        public static int Equality => -1;

        public static bool Of(int order) => order != 0;

        public static bool Of<T>(T left, T right)
            where T : IComparisonOperators<T, T, bool> => left != right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static System.Numerics.Vector<T> Of<T>(System.Numerics.Vector<T> left, System.Numerics.Vector<T> right)
            where T : struct => ~System.Numerics.Vector.Equals(left, right);
    }

    private readonly struct Less : ITest
    {
        public static int Equality => 0;

        public static bool Of(int order) => order < 0;

        public static bool Of<T>(T left, T right)
            where T : IComparisonOperators<T, T, bool> => left < right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static System.Numerics.Vector<T> Of<T>(System.Numerics.Vector<T> left, System.Numerics.Vector<T> right)
            where T : struct => System.Numerics.Vector.LessThan(left, right);
    }

    private readonly struct LessOrEqual : ITest
    {
        public static int Equality => 0;

        public static bool Of(int order) => order <= 0;

        public static bool Of<T>(T left, T right)
            where T : IComparisonOperators<T, T, bool> => left <= right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static System.Numerics.Vector<T> Of<T>(System.Numerics.Vector<T> left, System.Numerics.Vector<T> right)
            where T : struct => System.Numerics.Vector.LessThanOrEqual(left, right);
    }

    private readonly struct Greater : ITest
    {
        public static int Equality => 0;

        public static bool Of(int order) => order > 0;

        public static bool Of<T>(T left, T right)
            where T : IComparisonOperators<T, T, bool> => left > right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static System.Numerics.Vector<T> Of<T>(System.Numerics.Vector<T> left, System.Numerics.Vector<T> right)
            where T : struct => System.Numerics.Vector.GreaterThan(left, right);
    }

    private readonly struct GreaterOrEqual : ITest
    {
        public static int Equality => 0;

        public static bool Of(int order) => order >= 0;

        public static bool Of<T>(T left, T right)
            where T : IComparisonOperators<T, T, bool> => left >= right;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static System.Numerics.Vector<T> Of<T>(System.Numerics.Vector<T> left, System.Numerics.Vector<T> right)
            where T : struct => System.Numerics.Vector.GreaterThanOrEqual(left, right);
    }

    /// <summary>Types whose operators are the database's comparison.</summary>
    private readonly struct Plain<T, TTest> : IBinaryOperation<T, T, bool>
        where T : struct, IComparisonOperators<T, T, bool>
        where TTest : struct, ITest
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Apply(T left, T right) => TTest.Of(left, right);

        public static bool TryRun(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<bool> target)
        {
            if (!CompareLoops.Has<T>())
                return false;
            CompareLoops.Run<T, TTest>(left, right, target);
            return true;
        }
    }

    /// <summary>Types that need an order of their own.</summary>
    private readonly struct Ordered<T, TOrder, TTest> : IBinaryOperation<T, T, bool>
        where TOrder : struct, ISortOrder<T>
        where TTest : struct, ITest
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Apply(T left, T right)
        {
            TOrder order = default;
            return TTest.Equality == 0 ? TTest.Of(order.Compare(left, right)) : order.Equal(left, right) == (TTest.Equality > 0);
        }

        public static bool TryRun(ReadOnlySpan<T> left, ReadOnlySpan<T> right, Span<bool> target)
        {
            if (typeof(T) == typeof(double))
                return TryRunFloats(Cast<double>(left), Cast<double>(right), target);
            return typeof(T) == typeof(float) && TryRunFloats(Cast<float>(left), Cast<float>(right), target);
        }

        // The processor's order of floats is the database's but for what is no number.
        private static bool TryRunFloats<TFloat>(ReadOnlySpan<TFloat> left, ReadOnlySpan<TFloat> right, Span<bool> target)
            where TFloat : struct, IBinaryFloatingPointIeee754<TFloat>
        {
            if (!CompareLoops.Has<TFloat>() || CompareLoops.AnyNaN(left) || CompareLoops.AnyNaN(right))
                return false;
            CompareLoops.Run<TFloat, TTest>(left, right, target);
            return true;
        }

        private static ReadOnlySpan<TFloat> Cast<TFloat>(ReadOnlySpan<T> values) =>
            MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, TFloat>(ref MemoryMarshal.GetReference(values)), values.Length);
    }

    /// <summary>Comparison by a comparer object: collations, JSON, arrays.</summary>
    private sealed class ComparerKernel<TTest>(TypeComparer comparer) : RowKernel
        where TTest : struct, ITest
    {
        protected override void Row(ReadOnlySpan<Values.Vector> arguments, int row, Values.Vector result, FunctionContext context)
        {
            bool value = TTest.Equality == 0
                ? TTest.Of(comparer.Compare(arguments[0], row, arguments[1], row))
                : comparer.Equals(arguments[0], row, arguments[1], row) == (TTest.Equality > 0);
            ((Values.Vector<bool>)result).Data[row] = value;
        }
    }

    private sealed class DistinctKernel(TypeComparer comparer, bool negate) : ScalarKernel
    {
        public override void Evaluate(ReadOnlySpan<Values.Vector> arguments, int count, Values.Vector result, FunctionContext context)
        {
            bool[] target = ((Values.Vector<bool>)result).Data;
            for (int i = 0; i < count; i++)
                target[i] = comparer.Same(arguments[0], i, arguments[1], i) == negate;
        }
    }

    private sealed class ExtremeKernel(TypeComparer comparer, int sign) : ScalarKernel
    {
        public override void Evaluate(ReadOnlySpan<Values.Vector> arguments, int count, Values.Vector result, FunctionContext context)
        {
            for (int i = 0; i < count; i++)
            {
                int best = -1;
                for (int a = 0; a < arguments.Length; a++)
                {
                    if (!arguments[a].IsNull(i) && (best < 0 || comparer.Compare(arguments[a], i, arguments[best], i) * sign > 0))
                        best = a;
                }

                if (best < 0)
                    result.SetNull(i);
                else
                    result.CopyRow(arguments[best], i, i);
            }
        }
    }

    private sealed class NullIfKernel(TypeComparer comparer) : ScalarKernel
    {
        public override void Evaluate(ReadOnlySpan<Values.Vector> arguments, int count, Values.Vector result, FunctionContext context)
        {
            for (int i = 0; i < count; i++)
            {
                if (arguments[0].IsNull(i) || (!arguments[1].IsNull(i) && comparer.Equals(arguments[0], i, arguments[1], i)))
                    result.SetNull(i);
                else
                    result.CopyRow(arguments[0], i, i);
            }
        }
    }
}
