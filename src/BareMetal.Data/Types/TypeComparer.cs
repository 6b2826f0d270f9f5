using System.Collections.Concurrent;
using BareMetal.Data.Values;

namespace BareMetal.Data.Types;

/// <summary>
/// Order, equality and hash of one SQL type, its collation included, over scalars and vector rows. Values compared are not null unless
/// a member says otherwise, and both are of the type. Immutable and shared.
/// </summary>
internal abstract class TypeComparer
{
    private static readonly TypeComparer?[] Simple = new TypeComparer?[32];
    private static readonly ConcurrentDictionary<SqlType, TypeComparer> Others = new();

    /// <summary>The comparer of a type.</summary>
    public static TypeComparer For(SqlType type)
    {
        if (type.Kind != SqlTypeKind.Array && type.Collation is null && type.Fields is null)
            return Simple[(int)type.Kind] ??= Create(type);
        if (Others.TryGetValue(type, out TypeComparer? known))
            return known;
        TypeComparer made = Create(type);
        if (Others.Count < 1000)
            Others.TryAdd(type, made);
        return made;
    }

    public abstract int Compare(in Value left, in Value right);

    public abstract bool Equals(in Value left, in Value right);

    public abstract ulong Hash(in Value value);

    public abstract int Compare(Vector left, int leftRow, Vector right, int rightRow);

    public abstract bool Equals(Vector left, int leftRow, Vector right, int rightRow);

    /// <summary>Compares rows of which either may be null.</summary>
    public int Compare(Vector left, int leftRow, Vector right, int rightRow, bool descending, bool nullsFirst)
    {
        bool leftNull = left.IsNull(leftRow), rightNull = right.IsNull(rightRow);
        if (leftNull || rightNull)
            return leftNull == rightNull ? 0 : leftNull == nullsFirst ? -1 : 1;
        int order = Compare(left, leftRow, right, rightRow);
        return descending ? -order : order;
    }

    /// <summary>IS NOT DISTINCT FROM: nulls equal each other.</summary>
    public bool Same(Vector left, int leftRow, Vector right, int rightRow)
    {
        bool leftNull = left.IsNull(leftRow), rightNull = right.IsNull(rightRow);
        return leftNull || rightNull ? leftNull && rightNull : Equals(left, leftRow, right, rightRow);
    }

    /// <summary>IS NOT DISTINCT FROM over scalars.</summary>
    public bool Same(in Value left, in Value right) =>
        left.IsNull || right.IsNull ? left.IsNull && right.IsNull : Equals(left, right);

    /// <summary>Hashes rows 0…count-1; with <paramref name="combine"/> into the hashes that are there (several key columns). Nulls hash alike.</summary>
    public abstract void Hash(Vector vector, int count, Span<ulong> hashes, bool combine);

    /// <summary>For pairs i: same[i] = same[i] and the rows leftRows[i] and rightRows[i] are not distinct.</summary>
    public abstract void AndSame(Vector left, ReadOnlySpan<int> leftRows, Vector right, ReadOnlySpan<int> rightRows, Span<bool> same);

    private static TypeComparer Create(SqlType type) => type.Kind switch
    {
        SqlTypeKind.Boolean => new TypeComparer<bool, NaturalOrder<bool>>(default),
        SqlTypeKind.TinyInt => new TypeComparer<sbyte, NaturalOrder<sbyte>>(default),
        SqlTypeKind.SmallInt => new TypeComparer<short, NaturalOrder<short>>(default),
        SqlTypeKind.Integer or SqlTypeKind.Date => new TypeComparer<int, NaturalOrder<int>>(default),
        SqlTypeKind.BigInt or SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.TimeSpan =>
            new TypeComparer<long, NaturalOrder<long>>(default),
        SqlTypeKind.UTinyInt => new TypeComparer<byte, NaturalOrder<byte>>(default),
        SqlTypeKind.USmallInt => new TypeComparer<ushort, NaturalOrder<ushort>>(default),
        SqlTypeKind.UInteger => new TypeComparer<uint, NaturalOrder<uint>>(default),
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => new TypeComparer<ulong, NaturalOrder<ulong>>(default),
        SqlTypeKind.Real => new TypeComparer<float, FloatOrder<float>>(default),
        SqlTypeKind.Double => new TypeComparer<double, FloatOrder<double>>(default),
        SqlTypeKind.Decimal => new TypeComparer<decimal, NaturalOrder<decimal>>(default),
        SqlTypeKind.Uuid => new TypeComparer<Guid, NaturalOrder<Guid>>(default),
        SqlTypeKind.Interval => new TypeComparer<BareMetalInterval, IntervalOrder>(default),
        SqlTypeKind.DateTimeOffset => new TypeComparer<OffsetInstant, InstantOrder>(default),
        SqlTypeKind.Json or SqlTypeKind.Jsonb => new TypeComparer<ByteSlice, JsonOrder>(default),
        SqlTypeKind.Record => new TypeComparer<ArrayValue, RecordOrder>(new RecordOrder(type.Fields is null ? null : [.. type.Fields.Types.Select(For)])),
        SqlTypeKind.Array => new TypeComparer<ArrayValue, ArrayOrder>(new ArrayOrder(For(type.Element!))),
        SqlTypeKind.Text when !Collation.Get(type.Collation).IsOrdinal =>
            new TypeComparer<ByteSlice, CollationOrder>(new CollationOrder(Collation.Get(type.Collation))),
        SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Unknown => new TypeComparer<ByteSlice, BytesOrder>(default),
        _ => throw new BareMetalException(SqlStates.FeatureNotSupported, $"Values of type {type.Kind} are not compared."),
    };
}

/// <summary>The comparer over a physical type.</summary>
internal sealed class TypeComparer<T, TOrder>(TOrder sortOrder) : TypeComparer
    where TOrder : struct, ISortOrder<T>
{
    private readonly TOrder _order = sortOrder;

    public override int Compare(in Value left, in Value right) => _order.Compare(left.As<T>(), right.As<T>());

    public override bool Equals(in Value left, in Value right) => _order.Equal(left.As<T>(), right.As<T>());

    public override ulong Hash(in Value value) => _order.Hash(value.As<T>());

    public override int Compare(Vector left, int leftRow, Vector right, int rightRow) =>
        _order.Compare(((Vector<T>)left).Data[leftRow * left.Stride], ((Vector<T>)right).Data[rightRow * right.Stride]);

    public override bool Equals(Vector left, int leftRow, Vector right, int rightRow) =>
        _order.Equal(((Vector<T>)left).Data[leftRow * left.Stride], ((Vector<T>)right).Data[rightRow * right.Stride]);

    public override void Hash(Vector vector, int count, Span<ulong> hashes, bool combine)
    {
        T[] data = ((Vector<T>)vector).Data;
        TOrder order = _order;
        if (!combine && !vector.HasNulls && !vector.IsConstant)
        {
            for (int i = 0; i < count; i++)
                hashes[i] = order.Hash(data[i]);
            return;
        }

        int stride = vector.Stride;
        for (int i = 0; i < count; i++)
        {
            ulong hash = vector.IsNull(i) ? Hashing.NullHash : order.Hash(data[i * stride]);
            hashes[i] = combine ? Hashing.Combine(hashes[i], hash) : hash;
        }
    }

    public override void AndSame(Vector left, ReadOnlySpan<int> leftRows, Vector right, ReadOnlySpan<int> rightRows, Span<bool> same)
    {
        T[] a = ((Vector<T>)left).Data, b = ((Vector<T>)right).Data;
        int leftStride = left.Stride, rightStride = right.Stride;
        TOrder order = _order;
        if (!left.HasNulls && !right.HasNulls)
        {
            for (int i = 0; i < leftRows.Length; i++)
            {
                if (same[i])
                    same[i] = order.Equal(a[leftRows[i] * leftStride], b[rightRows[i] * rightStride]);
            }

            return;
        }

        for (int i = 0; i < leftRows.Length; i++)
        {
            if (!same[i])
                continue;
            bool leftNull = left.IsNull(leftRows[i]), rightNull = right.IsNull(rightRows[i]);
            same[i] = leftNull || rightNull ? leftNull && rightNull : order.Equal(a[leftRows[i] * leftStride], b[rightRows[i] * rightStride]);
        }
    }
}
