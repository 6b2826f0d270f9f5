using System.Runtime.CompilerServices;
using BareMetal.Data.Simd;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Columns;

/// <summary>Hash, equality and order of the rows of vectors of one type, as SQL's grouping and sorting see them (nulls are equal).</summary>
internal abstract class ColumnOperations
{
    /// <summary>Mixes the rows' hashes into <paramref name="hashes"/>.</summary>
    public abstract void Hash(Vector vector, int count, Span<uint> hashes);

    /// <summary>Whether two rows are equal; null equals null.</summary>
    public abstract bool Equal(Vector a, int rowA, Vector b, int rowB);

    /// <summary>Compares two rows that are not null.</summary>
    public abstract int Compare(Vector a, int rowA, Vector b, int rowB);

    /// <summary>Whether they are the same to the bit: 1.0 and 1.00 are not, nor are letters that a collation takes as equal. Such values are also equal.</summary>
    public virtual bool Identical(Vector a, int rowA, Vector b, int rowB) => Equal(a, rowA, b, rowB);

    /// <summary>
    /// Numbers that order rows from one on as <see cref="Compare"/> does or leave them equal, for the first step of a sort; any number for a null.
    /// <see cref="IsPrefixExact"/> says whether equal prefixes mean equal rows.
    /// </summary>
    public abstract void Prefixes(Vector vector, int first, Span<ulong> prefixes);

    public abstract bool IsPrefixExact { get; }

    /// <summary>The operations of a type.</summary>
    public static ColumnOperations For(SqlType type) => type.Kind switch
    {
        SqlTypeKind.Boolean => ColumnOperations<bool, BooleanOperations>.Instance,
        SqlTypeKind.TinyInt => ColumnOperations<sbyte, IntegerOperations<sbyte>>.Instance,
        SqlTypeKind.SmallInt => ColumnOperations<short, IntegerOperations<short>>.Instance,
        SqlTypeKind.Integer or SqlTypeKind.Date => ColumnOperations<int, IntegerOperations<int>>.Instance,
        SqlTypeKind.BigInt or SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.TimeSpan => ColumnOperations<long, IntegerOperations<long>>.Instance,
        SqlTypeKind.UTinyInt => ColumnOperations<byte, IntegerOperations<byte>>.Instance,
        SqlTypeKind.USmallInt => ColumnOperations<ushort, IntegerOperations<ushort>>.Instance,
        SqlTypeKind.UInteger => ColumnOperations<uint, IntegerOperations<uint>>.Instance,
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => ColumnOperations<ulong, IntegerOperations<ulong>>.Instance,
        SqlTypeKind.Real => ColumnOperations<float, FloatOperations<float>>.Instance,
        SqlTypeKind.Double => ColumnOperations<double, FloatOperations<double>>.Instance,
        SqlTypeKind.Decimal => ColumnOperations<decimal, DecimalOperations>.Instance,
        SqlTypeKind.Uuid => ColumnOperations<Guid, GuidOperations>.Instance,
        SqlTypeKind.Interval => ColumnOperations<BareMetalInterval, IntervalOperations>.Instance,
        SqlTypeKind.DateTimeOffset => ColumnOperations<OffsetInstant, InstantOperations>.Instance,
        SqlTypeKind.Array or SqlTypeKind.Record => new ComparerOperations(type),
        SqlTypeKind.Text when type.Collation is not null => new ComparerOperations(type),
        SqlTypeKind.Json or SqlTypeKind.Jsonb => new ComparerOperations(type),
        _ => ColumnOperations<ByteSlice, BytesOperations>.Instance,
    };

    public static ColumnOperations[] For(IReadOnlyList<SqlType> types)
    {
        ColumnOperations[] operations = new ColumnOperations[types.Count];
        for (int i = 0; i < operations.Length; i++)
            operations[i] = For(types[i]);
        return operations;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static uint Mix(uint hash, uint value) => (System.Numerics.BitOperations.RotateLeft(hash, 5) ^ value) * KeyLoops.MixMultiplier;
}

/// <summary>Hash, equality and order of one physical value.</summary>
internal interface IValueOperations<T>
{
    static abstract uint Hash(in T value);

    static abstract bool Equal(in T a, in T b);

    static abstract int Compare(in T a, in T b);

    static abstract ulong Prefix(in T value);

    static abstract bool IsPrefixExact { get; }
}

internal sealed class ColumnOperations<T, TOps> : ColumnOperations
    where TOps : struct, IValueOperations<T>
{
    public static readonly ColumnOperations<T, TOps> Instance = new();

    public override void Hash(Vector vector, int count, Span<uint> hashes)
    {
        Vector<T> v = (Vector<T>)vector;
        T[] data = v.Data;
        int stride = v.Stride;
        if (v.HasNulls)
        {
            bool[] nulls = v.Nulls;
            for (int i = 0; i < count; i++)
                hashes[i] = Mix(hashes[i], nulls[i * stride] ? 0x5bd1e995u : TOps.Hash(in data[i * stride]));
            return;
        }

        int done = 0;
        if (stride == 1 && typeof(T) == typeof(int))
            done = KeyLoops.Hash(Unsafe.As<T[], int[]>(ref data).AsSpan(0, count), hashes);
        else if (stride == 1 && typeof(T) == typeof(long))
            done = KeyLoops.Hash(Unsafe.As<T[], long[]>(ref data).AsSpan(0, count), hashes);
        for (int i = done; i < count; i++)
            hashes[i] = Mix(hashes[i], TOps.Hash(in data[i * stride]));
    }

    public override bool Equal(Vector a, int rowA, Vector b, int rowB)
    {
        Vector<T> x = Unsafe.As<Vector<T>>(a);
        Vector<T> y = Unsafe.As<Vector<T>>(b);
        int i = rowA * x.Stride;
        int j = rowB * y.Stride;
        bool nullX = x.HasNulls && x.Nulls[i];
        bool nullY = y.HasNulls && y.Nulls[j];
        if (nullX || nullY)
            return nullX && nullY;
        return TOps.Equal(in x.Data[i], in y.Data[j]);
    }

    public override int Compare(Vector a, int rowA, Vector b, int rowB)
    {
        Vector<T> x = Unsafe.As<Vector<T>>(a);
        Vector<T> y = Unsafe.As<Vector<T>>(b);
        return TOps.Compare(in x.Data[rowA * x.Stride], in y.Data[rowB * y.Stride]);
    }

    public override bool Identical(Vector a, int rowA, Vector b, int rowB)
    {
        if (typeof(T) == typeof(decimal) && !a.IsNull(rowA) && !b.IsNull(rowB))
        {
            decimal x = ((Vector<decimal>)a).Data[rowA * a.Stride];
            decimal y = ((Vector<decimal>)b).Data[rowB * b.Stride];
            return x == y && x.Scale == y.Scale && decimal.IsNegative(x) == decimal.IsNegative(y);
        }

        if (typeof(T) == typeof(OffsetInstant) && !a.IsNull(rowA) && !b.IsNull(rowB))
            return ((Vector<OffsetInstant>)a).Data[rowA * a.Stride] == ((Vector<OffsetInstant>)b).Data[rowB * b.Stride];
        if (typeof(T) == typeof(BareMetalInterval) && !a.IsNull(rowA) && !b.IsNull(rowB))
            return ((Vector<BareMetalInterval>)a).Data[rowA * a.Stride] == ((Vector<BareMetalInterval>)b).Data[rowB * b.Stride];
        if (typeof(T) == typeof(double) && !a.IsNull(rowA) && !b.IsNull(rowB))
            return BitConverter.DoubleToInt64Bits(((Vector<double>)a).Data[rowA * a.Stride]) == BitConverter.DoubleToInt64Bits(((Vector<double>)b).Data[rowB * b.Stride]);
        if (typeof(T) == typeof(float) && !a.IsNull(rowA) && !b.IsNull(rowB))
            return BitConverter.SingleToInt32Bits(((Vector<float>)a).Data[rowA * a.Stride]) == BitConverter.SingleToInt32Bits(((Vector<float>)b).Data[rowB * b.Stride]);
        return Equal(a, rowA, b, rowB);
    }

    public override void Prefixes(Vector vector, int first, Span<ulong> prefixes)
    {
        T[] data = ((Vector<T>)vector).Data;
        int stride = vector.Stride;
        if (stride == 1 && typeof(T) == typeof(int))
        {
            KeyLoops.Prefixes(Unsafe.As<T[], int[]>(ref data).AsSpan(first, prefixes.Length), prefixes);
            return;
        }

        if (stride == 1 && typeof(T) == typeof(long))
        {
            KeyLoops.Prefixes(Unsafe.As<T[], long[]>(ref data).AsSpan(first, prefixes.Length), prefixes);
            return;
        }

        for (int i = 0; i < prefixes.Length; i++)
            prefixes[i] = vector.IsNull(first + i) ? 0 : TOps.Prefix(in data[(first + i) * stride]);
    }

    public override bool IsPrefixExact => TOps.IsPrefixExact;
}

internal readonly struct BooleanOperations : IValueOperations<bool>
{
    public static bool IsPrefixExact => true;

    public static uint Hash(in bool value) => value ? 0x85ebca6bu : 0xc2b2ae35u;

    public static bool Equal(in bool a, in bool b) => a == b;

    public static int Compare(in bool a, in bool b) => a.CompareTo(b);

    public static ulong Prefix(in bool value) => value ? 1u : 0u;
}

internal readonly struct IntegerOperations<T> : IValueOperations<T>
    where T : unmanaged, System.Numerics.IBinaryInteger<T>, System.Numerics.IMinMaxValue<T>
{
    public static bool IsPrefixExact => true;

    public static uint Hash(in T value)
    {
        ulong x = ulong.CreateTruncating(value) * KeyLoops.Multiplier;
        return (uint)(x >> 32);
    }

    public static bool Equal(in T a, in T b) => a == b;

    public static int Compare(in T a, in T b) => a < b ? -1 : a > b ? 1 : 0;

    public static ulong Prefix(in T value) => T.IsNegative(T.MinValue) ? (ulong)long.CreateTruncating(value) ^ 0x8000_0000_0000_0000ul : ulong.CreateTruncating(value);
}

internal readonly struct FloatOperations<T> : IValueOperations<T>
    where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    public static bool IsPrefixExact => true;

    public static uint Hash(in T value) => IntegerOperations<ulong>.Hash(Prefix(in value));

    public static bool Equal(in T a, in T b) => a == b || (T.IsNaN(a) && T.IsNaN(b));

    /// <summary>NaN is the highest, −0 equals +0.</summary>
    public static int Compare(in T a, in T b)
    {
        if (a < b)
            return -1;
        if (a > b)
            return 1;
        if (a == b)
            return 0;
        return T.IsNaN(a) ? (T.IsNaN(b) ? 0 : 1) : -1;
    }

    public static ulong Prefix(in T value)
    {
        if (T.IsNaN(value))
            return ulong.MaxValue;
        long bits = BitConverter.DoubleToInt64Bits(double.CreateTruncating(value) + 0.0);
        return bits < 0 ? ~(ulong)bits : (ulong)bits | 0x8000_0000_0000_0000ul;
    }
}

internal readonly struct DecimalOperations : IValueOperations<decimal>
{
    public static bool IsPrefixExact => false;

    public static uint Hash(in decimal value) => (uint)value.GetHashCode();

    public static bool Equal(in decimal a, in decimal b) => a == b;

    public static int Compare(in decimal a, in decimal b) => decimal.Compare(a, b);

    public static ulong Prefix(in decimal value)
    {
        // The whole part: conversion to double rounds twice and does not keep order.
        long whole = value >= long.MaxValue ? long.MaxValue : value <= long.MinValue ? long.MinValue : (long)value;
        return (ulong)whole ^ 0x8000_0000_0000_0000ul;
    }
}

internal readonly struct GuidOperations : IValueOperations<Guid>
{
    public static bool IsPrefixExact => false;

    public static uint Hash(in Guid value)
    {
        ReadOnlySpan<ulong> parts = System.Runtime.InteropServices.MemoryMarshal.Cast<Guid, ulong>(new ReadOnlySpan<Guid>(in value));
        return IntegerOperations<ulong>.Hash(parts[0] ^ (parts[1] * KeyLoops.Multiplier));
    }

    public static bool Equal(in Guid a, in Guid b) => a == b;

    public static int Compare(in Guid a, in Guid b) => a.CompareTo(b);

    public static ulong Prefix(in Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}

internal readonly struct InstantOperations : IValueOperations<OffsetInstant>
{
    public static bool IsPrefixExact => true;

    public static uint Hash(in OffsetInstant value) => IntegerOperations<long>.Hash(value.UtcTicks);

    public static bool Equal(in OffsetInstant a, in OffsetInstant b) => a.UtcTicks == b.UtcTicks;

    public static int Compare(in OffsetInstant a, in OffsetInstant b) => a.UtcTicks.CompareTo(b.UtcTicks);

    public static ulong Prefix(in OffsetInstant value) => (ulong)value.UtcTicks ^ 0x8000_0000_0000_0000ul;
}

internal readonly struct IntervalOperations : IValueOperations<BareMetalInterval>
{
    public static bool IsPrefixExact => false;

    public static uint Hash(in BareMetalInterval value) => IntegerOperations<long>.Hash((long)value.Length);

    public static bool Equal(in BareMetalInterval a, in BareMetalInterval b) => a.Length == b.Length;

    public static int Compare(in BareMetalInterval a, in BareMetalInterval b) => a.Length.CompareTo(b.Length);

    // Lengths have at most 78 bits.
    public static ulong Prefix(in BareMetalInterval value) => (ulong)(long)(value.Length >> 16) ^ 0x8000_0000_0000_0000ul;
}

internal readonly struct BytesOperations : IValueOperations<ByteSlice>
{
    public static bool IsPrefixExact => false;

    public static uint Hash(in ByteSlice value) => Hash(value.Span);

    public static uint Hash(ReadOnlySpan<byte> bytes)
    {
        ulong h = 0xcbf29ce484222325ul ^ (ulong)bytes.Length;
        while (bytes.Length >= 8)
        {
            h = (h ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * KeyLoops.Multiplier;
            h ^= h >> 29;
            bytes = bytes[8..];
        }

        ulong tail = 0;
        for (int i = 0; i < bytes.Length; i++)
            tail = (tail << 8) | bytes[i];
        h = (h ^ tail) * KeyLoops.Multiplier;
        return (uint)(h >> 32);
    }

    public static bool Equal(in ByteSlice a, in ByteSlice b) => a.Length == b.Length && a.Span.SequenceEqual(b.Span);

    public static int Compare(in ByteSlice a, in ByteSlice b) => a.Span.SequenceCompareTo(b.Span);

    public static ulong Prefix(in ByteSlice value)
    {
        ReadOnlySpan<byte> bytes = value.Span;
        if (bytes.Length >= 8)
            return System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes);
        ulong prefix = 0;
        for (int i = 0; i < 8; i++)
            prefix = (prefix << 8) | (i < bytes.Length ? bytes[i] : (byte)0);
        return prefix;
    }
}
