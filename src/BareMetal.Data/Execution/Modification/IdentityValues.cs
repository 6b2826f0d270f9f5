using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>Values of sequences as values of integer columns.</summary>
internal static class IdentityValues
{
    /// <exception cref="BareMetalException">22003: the value lies outside the type.</exception>
    public static Value ToValue(long value, SqlType type)
    {
        if (type.Kind == SqlTypeKind.BigInt)
            return Value.From(SqlTypeKind.BigInt, value);
        if (type.Kind == SqlTypeKind.Integer && value is >= int.MinValue and <= int.MaxValue)
            return Value.From(SqlTypeKind.Integer, (int)value);
        return Casts.Convert(Value.From(SqlTypeKind.BigInt, value), SqlType.BigInt, type);
    }

    /// <summary>The value as a 64-bit number; null when it is beyond that.</summary>
    public static long? ToInt64(in Value value, SqlType type)
    {
        switch (type.Kind)
        {
            case SqlTypeKind.BigInt: return value.As<long>();
            case SqlTypeKind.Integer: return value.As<int>();
            case SqlTypeKind.SmallInt: return value.As<short>();
            case SqlTypeKind.TinyInt: return value.As<sbyte>();
            case SqlTypeKind.UTinyInt: return value.As<byte>();
            case SqlTypeKind.USmallInt: return value.As<ushort>();
            case SqlTypeKind.UInteger: return value.As<uint>();
            case SqlTypeKind.UBigInt:
                ulong u = value.As<ulong>();
                return u <= long.MaxValue ? (long)u : null;
            case SqlTypeKind.Decimal:
                decimal d = value.As<decimal>();
                return d is >= long.MinValue and <= long.MaxValue ? (long)d : null;
            default: return null;
        }
    }
}
