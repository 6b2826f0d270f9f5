using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Simd;

namespace BareMetal.Data.Functions.Aggregates;

/// <summary>A sum of integers, and how many there were.</summary>
internal struct IntegerSum
{
    public Int128 Sum;
    public long Count;
}

/// <summary>A sum in 64 bits: of integers of at most 32 bits, so that no realistic count overflows.</summary>
internal struct LongSum
{
    public long Sum;
    public long Count;
}

/// <summary>A sum of floats.</summary>
internal struct DoubleSum
{
    public double Sum;
    public long Count;
}

/// <summary>
/// An exact sum of decimals: mantissas at the greatest scale seen, in 128 bits and beyond that in a big integer. Only a result that is no
/// decimal is an error, never a state on the way.
/// </summary>
internal struct DecimalSum
{
    private static readonly Int128[] Powers = CreatePowers();

    private Int128 _sum;
    private BigInteger? _big;
    private int _scale;

    public long Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(decimal value)
    {
        Count++;
        Plain plain = Unsafe.As<decimal, Plain>(ref value);
        int scale = PlainLayout ? (plain.Flags >> 16) & 0xFF : value.Scale;
        if (PlainLayout && scale == _scale && _big is null)
        {
            // 96 bits and a sign: the sum of 2^31 such values fits.
            Int128 mantissa = new(plain.High, plain.Low);
            Int128 sum = plain.Flags < 0 ? _sum - mantissa : _sum + mantissa;
            if (Int128.Abs(sum) < Limit)
            {
                _sum = sum;
                return;
            }
        }

        AddSlow(value);
    }

    public void Merge(in DecimalSum other)
    {
        Count += other.Count;
        BigInteger mine = _big ?? (BigInteger)_sum, theirs = other._big ?? (BigInteger)other._sum;
        int scale = Math.Max(_scale, other._scale);
        Store(mine * BigInteger.Pow(10, scale - _scale) + theirs * BigInteger.Pow(10, scale - other._scale), scale);
    }

    public readonly bool TrySum(out decimal result)
    {
        result = 0;
        if (Count == 0)
            return false;
        return ToDecimal(_big ?? (BigInteger)_sum, _scale, out result) ? true : throw Kernels.KernelSupport.OutOfRange(Types.SqlType.Decimal);
    }

    public readonly bool TryAverage(out decimal result)
    {
        result = 0;
        if (Count == 0)
            return false;
        BigInteger total = _big ?? (BigInteger)_sum;
        if (ToDecimal(total, _scale, out decimal sum, exact: true))
        {
            result = sum / Count;
            return true;
        }

        // The sum is no decimal, yet the average is: 28 more digits, then rounded once.
        return ToDecimal(total * BigInteger.Pow(10, 28) / Count, _scale + 28, out result);
    }

    private static readonly Int128 Limit = Int128.MaxValue / 4;

    private static readonly bool PlainLayout = CheckLayout();

    private void AddSlow(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        Int128 mantissa = new((uint)bits[2], (uint)bits[0] | ((ulong)(uint)bits[1] << 32));
        if (bits[3] < 0)
            mantissa = -mantissa;
        int scale = (bits[3] >> 16) & 0xFF;
        if (_big is null)
        {
            int common = Math.Max(scale, _scale);
            if (TryRescale(_sum, common - _scale, out Int128 mine) && TryRescale(mantissa, common - scale, out Int128 theirs))
            {
                _sum = mine + theirs;
                _scale = common;
                return;
            }
        }

        int top = Math.Max(scale, _scale);
        BigInteger sum = (_big ?? (BigInteger)_sum) * BigInteger.Pow(10, top - _scale) + (BigInteger)mantissa * BigInteger.Pow(10, top - scale);
        Store(sum, top);
    }

    private void Store(BigInteger sum, int scale)
    {
        _scale = scale;
        if (BigInteger.Abs(sum) < (BigInteger)Limit)
        {
            _sum = (Int128)sum;
            _big = null;
        }
        else
        {
            _big = sum;
        }
    }

    private static bool TryRescale(Int128 value, int digits, out Int128 result)
    {
        result = value;
        if (digits == 0 || value == 0)
            return Int128.Abs(value) < Limit;
        Int128 power = Powers[digits];
        if (Int128.Abs(value) >= Limit / power)
            return false;
        result = value * power;
        return true;
    }

    /// <summary>mantissa × 10^−scale as a decimal, rounded half to even where its 96 bits do not hold all digits.</summary>
    internal static bool ToDecimal(BigInteger mantissa, int scale, out decimal result, bool exact = false)
    {
        bool negative = mantissa.Sign < 0;
        BigInteger value = BigInteger.Abs(mantissa);
        result = 0;
        int drop = Math.Max(0, scale - 28);
        BigInteger rounded;
        while (true)
        {
            rounded = Round(value, drop);
            if (rounded.GetBitLength() <= 96)
                break;
            if (exact || drop == scale)
                return false;
            drop++;
        }

        if (exact && drop > 0)
            return false;
        UInt128 bits = (UInt128)rounded;
        result = new decimal((int)(uint)(ulong)bits, (int)(uint)((ulong)bits >> 32), (int)(uint)(ulong)(bits >> 64), negative && !rounded.IsZero, (byte)(scale - drop));
        return true;
    }

    private static BigInteger Round(BigInteger value, int digits)
    {
        if (digits == 0)
            return value;
        BigInteger unit = BigInteger.Pow(10, digits);
        BigInteger quotient = BigInteger.DivRem(value, unit, out BigInteger rest);
        int order = (rest * 2).CompareTo(unit);
        return order > 0 || (order == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    private static Int128[] CreatePowers()
    {
        Int128[] powers = new Int128[29];
        powers[0] = 1;
        for (int i = 1; i < powers.Length; i++)
            powers[i] = powers[i - 1] * 10;
        return powers;
    }

    private static bool CheckLayout()
    {
        if (!BitConverter.IsLittleEndian || Unsafe.SizeOf<decimal>() != 16)
            return false;
        decimal probe = new(0x01020304, 0x05060708, 0x090A0B0C, true, 5);
        Plain plain = Unsafe.As<decimal, Plain>(ref probe);
        return plain.Flags == unchecked((int)0x80050000) && plain.High == 0x090A0B0C && plain.Low == 0x0506070801020304;
    }

    /// <summary>System.Decimal in memory, where the check says so.</summary>
    private readonly struct Plain(int flags, uint high, ulong low)
    {
        public readonly int Flags = flags;
        public readonly uint High = high;
        public readonly ulong Low = low;
    }
}

/// <summary>sum of integers up to 32 bits as bigint.</summary>
internal readonly struct SumToLong<T> : IFold<T, LongSum, long>
    where T : struct, IBinaryInteger<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ref LongSum state, T value)
    {
        state.Sum = checked(state.Sum + long.CreateTruncating(value));
        state.Count++;
    }

    public static void Merge(ref LongSum state, in LongSum other)
    {
        state.Sum = checked(state.Sum + other.Sum);
        state.Count += other.Count;
    }

    public static bool Result(in LongSum state, out long result)
    {
        result = state.Sum;
        return state.Count != 0;
    }

    public static bool AddRun(ref LongSum state, ReadOnlySpan<T> values)
    {
        if (typeof(T) != typeof(int))
            return false;
        // A run is a batch: far too short to overflow 64 bits.
        ReadOnlySpan<int> run = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, int>(ref MemoryMarshal.GetReference(values)), values.Length);
        state.Sum = checked(state.Sum + FoldLoops.Sum(run));
        state.Count += run.Length;
        return true;
    }
}

/// <summary>avg of integers up to 32 bits as decimal.</summary>
internal readonly struct AverageOfInteger<T> : IFold<T, LongSum, decimal>
    where T : struct, IBinaryInteger<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ref LongSum state, T value) => SumToLong<T>.Add(ref state, value);

    public static void Merge(ref LongSum state, in LongSum other) => SumToLong<T>.Merge(ref state, other);

    public static bool AddRun(ref LongSum state, ReadOnlySpan<T> values) => SumToLong<T>.AddRun(ref state, values);

    public static bool Result(in LongSum state, out decimal result)
    {
        result = state.Count == 0 ? 0 : (decimal)state.Sum / state.Count;
        return state.Count != 0;
    }
}

/// <summary>sum of 64-bit integers as decimal.</summary>
internal readonly struct SumToDecimal<T> : IFold<T, IntegerSum, decimal>
    where T : struct, IBinaryInteger<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ref IntegerSum state, T value)
    {
        state.Sum += Int128.CreateTruncating(value);
        state.Count++;
    }

    public static bool AddRun(ref IntegerSum state, ReadOnlySpan<T> values)
    {
        if (typeof(T) != typeof(long))
            return false;
        state.Sum += FoldLoops.Sum(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, long>(ref MemoryMarshal.GetReference(values)), values.Length));
        state.Count += values.Length;
        return true;
    }

    public static void Merge(ref IntegerSum state, in IntegerSum other)
    {
        state.Sum += other.Sum;
        state.Count += other.Count;
    }

    public static bool Result(in IntegerSum state, out decimal result)
    {
        result = (decimal)state.Sum;
        return state.Count != 0;
    }
}

/// <summary>avg of 64-bit integers as decimal.</summary>
internal readonly struct AverageOfLong<T> : IFold<T, IntegerSum, decimal>
    where T : struct, IBinaryInteger<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ref IntegerSum state, T value) => SumToDecimal<T>.Add(ref state, value);

    public static bool AddRun(ref IntegerSum state, ReadOnlySpan<T> values) => SumToDecimal<T>.AddRun(ref state, values);

    public static void Merge(ref IntegerSum state, in IntegerSum other) => SumToDecimal<T>.Merge(ref state, other);

    public static bool Result(in IntegerSum state, out decimal result)
    {
        result = state.Count == 0 ? 0 : (decimal)state.Sum / state.Count;
        return state.Count != 0;
    }
}

/// <summary>sum of floats: added in double.</summary>
internal readonly struct SumOfFloat<T> : IFold<T, DoubleSum, T>
    where T : struct, IFloatingPoint<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ref DoubleSum state, T value)
    {
        state.Sum += double.CreateTruncating(value);
        state.Count++;
    }

    public static void Merge(ref DoubleSum state, in DoubleSum other)
    {
        state.Sum += other.Sum;
        state.Count += other.Count;
    }

    public static bool Result(in DoubleSum state, out T result)
    {
        result = T.CreateTruncating(state.Sum);
        return state.Count != 0;
    }
}

/// <summary>avg of floats as double.</summary>
internal readonly struct AverageOfFloat<T> : IFold<T, DoubleSum, double>
    where T : struct, IFloatingPoint<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ref DoubleSum state, T value) => SumOfFloat<T>.Add(ref state, value);

    public static void Merge(ref DoubleSum state, in DoubleSum other) => SumOfFloat<T>.Merge(ref state, other);

    public static bool Result(in DoubleSum state, out double result)
    {
        result = state.Sum / state.Count;
        return state.Count != 0;
    }
}

internal readonly struct SumOfDecimal : IFold<decimal, DecimalSum, decimal>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ref DecimalSum state, decimal value) => state.Add(value);

    public static void Merge(ref DecimalSum state, in DecimalSum other) => state.Merge(other);

    public static bool Result(in DecimalSum state, out decimal result) => state.TrySum(out result);
}

internal readonly struct AverageOfDecimal : IFold<decimal, DecimalSum, decimal>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ref DecimalSum state, decimal value) => state.Add(value);

    public static void Merge(ref DecimalSum state, in DecimalSum other) => state.Merge(other);

    public static bool Result(in DecimalSum state, out decimal result) => state.TryAverage(out result);
}

/// <summary>sum of timespans, exact until the result.</summary>
internal readonly struct SumOfSpan : IFold<long, IntegerSum, long>
{
    public static void Add(ref IntegerSum state, long value) => SumToDecimal<long>.Add(ref state, value);

    public static bool AddRun(ref IntegerSum state, ReadOnlySpan<long> values) => SumToDecimal<long>.AddRun(ref state, values);

    public static void Merge(ref IntegerSum state, in IntegerSum other) => SumToDecimal<long>.Merge(ref state, other);

    public static bool Result(in IntegerSum state, out long result)
    {
        result = 0;
        if (state.Count == 0)
            return false;
        if (state.Sum > long.MaxValue || state.Sum < long.MinValue)
            throw Kernels.KernelSupport.OutOfRange(Types.SqlType.TimeSpan);
        result = (long)state.Sum;
        return true;
    }
}

/// <summary>avg of timespans.</summary>
internal readonly struct AverageOfSpan : IFold<long, IntegerSum, long>
{
    public static void Add(ref IntegerSum state, long value) => SumToDecimal<long>.Add(ref state, value);

    public static bool AddRun(ref IntegerSum state, ReadOnlySpan<long> values) => SumToDecimal<long>.AddRun(ref state, values);

    public static void Merge(ref IntegerSum state, in IntegerSum other) => SumToDecimal<long>.Merge(ref state, other);

    public static bool Result(in IntegerSum state, out long result)
    {
        result = state.Count == 0 ? 0 : (long)(state.Sum / state.Count);
        return state.Count != 0;
    }
}

/// <summary>A sum of intervals, part by part.</summary>
internal struct IntervalSum
{
    public Int128 Months;
    public Int128 Days;
    public Int128 Ticks;
    public long Count;
}

/// <summary>sum of intervals.</summary>
internal readonly struct SumOfInterval : IFold<BareMetalInterval, IntervalSum, BareMetalInterval>
{
    public static void Add(ref IntervalSum state, BareMetalInterval value)
    {
        state.Months += value.Months;
        state.Days += value.Days;
        state.Ticks += value.Ticks;
        state.Count++;
    }

    public static void Merge(ref IntervalSum state, in IntervalSum other)
    {
        state.Months += other.Months;
        state.Days += other.Days;
        state.Ticks += other.Ticks;
        state.Count += other.Count;
    }

    public static bool Result(in IntervalSum state, out BareMetalInterval result)
    {
        result = state.Count == 0 ? default : new BareMetalInterval(checked((int)state.Months), checked((int)state.Days), checked((long)state.Ticks));
        return state.Count != 0;
    }
}

/// <summary>avg of intervals: their sum divided as SQL divides an interval.</summary>
internal readonly struct AverageOfInterval : IFold<BareMetalInterval, IntervalSum, BareMetalInterval>
{
    public static void Add(ref IntervalSum state, BareMetalInterval value) => SumOfInterval.Add(ref state, value);

    public static void Merge(ref IntervalSum state, in IntervalSum other) => SumOfInterval.Merge(ref state, other);

    public static bool Result(in IntervalSum state, out BareMetalInterval result)
    {
        bool any = SumOfInterval.Result(state, out result);
        if (any)
            result = Scalars.IntervalFunctions.Multiply(result, 1.0 / state.Count);
        return any;
    }
}

/// <summary>Whether all or any were true.</summary>
internal struct BooleanState
{
    public bool Any;
    public bool Value;
}

internal readonly struct AllTrue : IFold<bool, BooleanState, bool>
{
    public static void Add(ref BooleanState state, bool value)
    {
        state.Value = (!state.Any || state.Value) && value;
        state.Any = true;
    }

    public static void Merge(ref BooleanState state, in BooleanState other)
    {
        if (other.Any)
            Add(ref state, other.Value);
    }

    public static bool Result(in BooleanState state, out bool result)
    {
        result = state.Value;
        return state.Any;
    }
}

internal readonly struct AnyTrue : IFold<bool, BooleanState, bool>
{
    public static void Add(ref BooleanState state, bool value)
    {
        state.Value |= value;
        state.Any = true;
    }

    public static void Merge(ref BooleanState state, in BooleanState other)
    {
        if (other.Any)
            Add(ref state, other.Value);
    }

    public static bool Result(in BooleanState state, out bool result)
    {
        result = state.Value;
        return state.Any;
    }
}

/// <summary>Bits combined, and whether there were any.</summary>
internal struct BitState<T>
{
    public bool Any;
    public T Value;
}

internal readonly struct BitAnd<T> : IFold<T, BitState<T>, T>
    where T : struct, IBinaryInteger<T>
{
    public static void Add(ref BitState<T> state, T value)
    {
        state.Value = state.Any ? state.Value & value : value;
        state.Any = true;
    }

    public static void Merge(ref BitState<T> state, in BitState<T> other)
    {
        if (other.Any)
            Add(ref state, other.Value);
    }

    public static bool Result(in BitState<T> state, out T result)
    {
        result = state.Value;
        return state.Any;
    }
}

internal readonly struct BitOr<T> : IFold<T, BitState<T>, T>
    where T : struct, IBinaryInteger<T>
{
    public static void Add(ref BitState<T> state, T value)
    {
        state.Value |= value;
        state.Any = true;
    }

    public static void Merge(ref BitState<T> state, in BitState<T> other)
    {
        if (other.Any)
            Add(ref state, other.Value);
    }

    public static bool Result(in BitState<T> state, out T result)
    {
        result = state.Value;
        return state.Any;
    }
}

internal readonly struct BitXor<T> : IFold<T, BitState<T>, T>
    where T : struct, IBinaryInteger<T>
{
    public static void Add(ref BitState<T> state, T value)
    {
        state.Value ^= value;
        state.Any = true;
    }

    public static void Merge(ref BitState<T> state, in BitState<T> other)
    {
        if (other.Any)
            Add(ref state, other.Value);
    }

    public static bool Result(in BitState<T> state, out T result)
    {
        result = state.Value;
        return state.Any;
    }
}

/// <summary>Count, mean and sum of squared differences from it (Welford), so that large values lose nothing.</summary>
internal struct VarianceState
{
    public long Count;
    public double Mean;
    public double Squares;

    public void Add(double value)
    {
        Count++;
        double difference = value - Mean;
        Mean += difference / Count;
        Squares += difference * (value - Mean);
    }

    public void Merge(in VarianceState other)
    {
        if (other.Count == 0)
            return;
        if (Count == 0)
        {
            this = other;
            return;
        }

        double difference = other.Mean - Mean;
        long count = Count + other.Count;
        Squares += other.Squares + difference * difference * ((double)Count * other.Count / count);
        Mean += difference * other.Count / count;
        Count = count;
    }
}

internal interface IVarianceKind
{
    static abstract bool IsSample { get; }

    static abstract bool IsRoot { get; }
}

internal readonly struct VarianceSample : IVarianceKind
{
    public static bool IsSample => true;

    public static bool IsRoot => false;
}

internal readonly struct VariancePopulation : IVarianceKind
{
    public static bool IsSample => false;

    public static bool IsRoot => false;
}

internal readonly struct DeviationSample : IVarianceKind
{
    public static bool IsSample => true;

    public static bool IsRoot => true;
}

internal readonly struct DeviationPopulation : IVarianceKind
{
    public static bool IsSample => false;

    public static bool IsRoot => true;
}

internal readonly struct Variance<TKind> : IFold<double, VarianceState, double>
    where TKind : struct, IVarianceKind
{
    public static void Add(ref VarianceState state, double value) => state.Add(value);

    public static void Merge(ref VarianceState state, in VarianceState other) => state.Merge(other);

    public static bool Result(in VarianceState state, out double result)
    {
        long divisor = state.Count - (TKind.IsSample ? 1 : 0);
        result = divisor > 0 ? state.Squares / divisor : 0;
        if (TKind.IsRoot)
            result = Math.Sqrt(result);
        return divisor > 0;
    }
}
