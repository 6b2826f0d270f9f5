using BareMetal.Data.Types;

namespace BareMetal.Data.Values;

/// <summary>Maps SQL types to physical types.</summary>
internal static class VectorFactory
{
    public static Vector Create(SqlType type, int capacity) => type.Kind switch
    {
        SqlTypeKind.Boolean => new Vector<bool>(type, capacity),
        SqlTypeKind.TinyInt => new Vector<sbyte>(type, capacity),
        SqlTypeKind.SmallInt => new Vector<short>(type, capacity),
        SqlTypeKind.Integer or SqlTypeKind.Date => new Vector<int>(type, capacity),
        SqlTypeKind.BigInt or SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.TimeSpan => new Vector<long>(type, capacity),
        SqlTypeKind.UTinyInt => new Vector<byte>(type, capacity),
        SqlTypeKind.USmallInt => new Vector<ushort>(type, capacity),
        SqlTypeKind.UInteger => new Vector<uint>(type, capacity),
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => new Vector<ulong>(type, capacity),
        SqlTypeKind.Real => new Vector<float>(type, capacity),
        SqlTypeKind.Double => new Vector<double>(type, capacity),
        SqlTypeKind.Decimal => new Vector<decimal>(type, capacity),
        SqlTypeKind.Uuid => new Vector<Guid>(type, capacity),
        SqlTypeKind.Interval => new Vector<BareMetalInterval>(type, capacity),
        SqlTypeKind.DateTimeOffset => new Vector<OffsetInstant>(type, capacity),
        SqlTypeKind.Array or SqlTypeKind.Record => new Vector<ArrayValue>(type, capacity),
        _ => new Vector<ByteSlice>(type, capacity),
    };
}
