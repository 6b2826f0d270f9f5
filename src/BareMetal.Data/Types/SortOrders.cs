using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Rows;
using BareMetal.Data.Values;

namespace BareMetal.Data.Types;

/// <summary>Order, equality and hash of a physical type. Implemented by structs so that loops over it are compiled for each.</summary>
internal interface ISortOrder<T>
{
    int Compare(T left, T right);

    bool Equal(T left, T right);

    /// <summary>Equal values have equal hashes. Differs from process to process.</summary>
    ulong Hash(T value);
}

/// <summary>Types whose own comparison is the database's.</summary>
internal readonly struct NaturalOrder<T> : ISortOrder<T>
    where T : struct, IComparable<T>, IEquatable<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Compare(T left, T right) => left.CompareTo(right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Equal(T left, T right) => left.Equals(right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Hash(T value)
    {
        if (typeof(T) == typeof(Guid))
        {
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<Guid, ulong>(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, Guid>(ref value), 1));
            return Hashing.Mix(words[0] ^ Hashing.Mix(words[1]));
        }

        if (typeof(T) == typeof(decimal))
            return Hashing.Decimal((decimal)(object)value);
        if (typeof(T) == typeof(long) || typeof(T) == typeof(ulong))
            return Hashing.Mix(Unsafe.As<T, ulong>(ref value));
        return Hashing.Mix((uint)value.GetHashCode());
    }
}

/// <summary>Floats: NaN equals NaN and sorts highest, −0 equals +0.</summary>
internal readonly struct FloatOrder<T> : ISortOrder<T>
    where T : struct, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Compare(T left, T right)
    {
        if (left < right)
            return -1;
        if (left > right)
            return 1;
        if (left == right)
            return 0;
        return T.IsNaN(left) ? (T.IsNaN(right) ? 0 : 1) : -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Equal(T left, T right) => left == right || (T.IsNaN(left) && T.IsNaN(right));

    public ulong Hash(T value) => Hashing.Mix(T.IsNaN(value) ? 0x7FF8_0000_0000_0000 : value == T.Zero ? 0 : BitConverter.DoubleToUInt64Bits(double.CreateTruncating(value)));
}

/// <summary>Instants with an offset: the offset does not count.</summary>
internal readonly struct InstantOrder : ISortOrder<OffsetInstant>
{
    public int Compare(OffsetInstant left, OffsetInstant right) => left.UtcTicks.CompareTo(right.UtcTicks);

    public bool Equal(OffsetInstant left, OffsetInstant right) => left.UtcTicks == right.UtcTicks;

    public ulong Hash(OffsetInstant value) => Hashing.Mix((ulong)value.UtcTicks);
}

/// <summary>Intervals by their length, months of 30 days.</summary>
internal readonly struct IntervalOrder : ISortOrder<BareMetalInterval>
{
    public int Compare(BareMetalInterval left, BareMetalInterval right) => left.CompareTo(right);

    public bool Equal(BareMetalInterval left, BareMetalInterval right) => left.Length == right.Length;

    public ulong Hash(BareMetalInterval value)
    {
        Int128 length = value.Length;
        return Hashing.Mix((ulong)length ^ ((ulong)(length >> 64) << 1));
    }
}

/// <summary>Bytes, and text by code point.</summary>
internal readonly struct BytesOrder : ISortOrder<ByteSlice>
{
    public int Compare(ByteSlice left, ByteSlice right) => left.Span.SequenceCompareTo(right.Span);

    public bool Equal(ByteSlice left, ByteSlice right) => left.Span.SequenceEqual(right.Span);

    public ulong Hash(ByteSlice value) => Hashing.Bytes(value.Span);
}

/// <summary>Text by a collation other than ordinal.</summary>
internal readonly struct CollationOrder(Collation collation) : ISortOrder<ByteSlice>
{
    public int Compare(ByteSlice left, ByteSlice right) => collation.Compare(left.Span, right.Span);

    public bool Equal(ByteSlice left, ByteSlice right) => left.Span.SequenceEqual(right.Span) || collation.Equals(left.Span, right.Span);

    public ulong Hash(ByteSlice value)
    {
        RowBuffer key = Scratch.Rent();
        collation.AppendSortKey(value.Span, key);
        ulong hash = Hashing.Bytes(key.Span);
        Scratch.Return(key);
        return hash;
    }
}

/// <summary>JSON by value.</summary>
internal readonly struct JsonOrder : ISortOrder<ByteSlice>
{
    public int Compare(ByteSlice left, ByteSlice right) => JsonNormal.Compare(left.Span, right.Span);

    public bool Equal(ByteSlice left, ByteSlice right) => JsonNormal.Compare(left.Span, right.Span) == 0;

    public ulong Hash(ByteSlice value)
    {
        RowBuffer key = Scratch.Rent();
        JsonNormal.AppendSortKey(value.Span, key);
        ulong hash = Hashing.Bytes(key.Span);
        Scratch.Return(key);
        return hash;
    }
}

/// <summary>Arrays element by element, null above values, then by length.</summary>
internal readonly struct ArrayOrder(TypeComparer element) : ISortOrder<ArrayValue>
{
    public int Compare(ArrayValue left, ArrayValue right)
    {
        Value[] a = left.Items, b = right.Items;
        for (int i = 0; i < a.Length && i < b.Length; i++)
        {
            int order = a[i].IsNull || b[i].IsNull
                ? a[i].IsNull.CompareTo(b[i].IsNull)
                : element.Compare(a[i], b[i]);
            if (order != 0)
                return order;
        }

        return a.Length.CompareTo(b.Length);
    }

    public bool Equal(ArrayValue left, ArrayValue right) => left.Items.Length == right.Items.Length && Compare(left, right) == 0;

    public ulong Hash(ArrayValue value)
    {
        ulong hash = (ulong)value.Items.Length;
        foreach (Value item in value.Items)
            hash = Hashing.Combine(hash, item.IsNull ? 1 : element.Hash(item));
        return hash;
    }
}

/// <summary>Field by field; a null field equals another and comes first.</summary>
/// <param name="fields">The comparers of the fields; null where only the values tell their types.</param>
internal readonly struct RecordOrder(TypeComparer[]? fields) : ISortOrder<ArrayValue>
{
    public int Compare(ArrayValue left, ArrayValue right)
    {
        Value[] a = left.Items, b = right.Items;
        for (int i = 0; i < a.Length && i < b.Length; i++)
        {
            int order = a[i].IsNull || b[i].IsNull ? b[i].IsNull.CompareTo(a[i].IsNull) : Field(i, a[i]).Compare(a[i], b[i]);
            if (order != 0)
                return order;
        }

        return a.Length.CompareTo(b.Length);
    }

    public bool Equal(ArrayValue left, ArrayValue right)
    {
        Value[] a = left.Items, b = right.Items;
        if (a.Length != b.Length)
            return false;
        for (int i = 0; i < a.Length; i++)
        {
            if (!Field(i, a[i].IsNull ? b[i] : a[i]).Same(a[i], b[i]))
                return false;
        }

        return true;
    }

    public ulong Hash(ArrayValue value)
    {
        ulong hash = (ulong)value.Items.Length;
        for (int i = 0; i < value.Items.Length; i++)
            hash = Hashing.Combine(hash, value.Items[i].IsNull ? 1 : Field(i, value.Items[i]).Hash(value.Items[i]));
        return hash;
    }

    private TypeComparer Field(int index, in Value value) => fields is not null && index < fields.Length ? fields[index] : TypeComparer.For(new SqlType(value.Kind));
}
