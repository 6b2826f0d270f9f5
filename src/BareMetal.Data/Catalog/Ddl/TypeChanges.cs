using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>What a change of a column's type means for stored rows and keys.</summary>
internal static class TypeChanges
{
    /// <summary>Whether every value of the old type is one of the new type, so that rows can stay as they are.</summary>
    public static bool KeepsStoredValues(SqlType from, SqlType to)
    {
        if (from.Kind == to.Kind)
        {
            return from.Kind switch
            {
                SqlTypeKind.Text => to.Length is null || (from.Length is { } length && length <= to.Length),
                SqlTypeKind.Decimal => to.Precision is null
                    || (from.Precision is { } p && to.Scale.GetValueOrDefault() == from.Scale.GetValueOrDefault() && p <= to.Precision),
                SqlTypeKind.Array => from.Element is not null && to.Element is not null && from.Element.Kind == to.Element.Kind && KeepsStoredValues(from.Element, to.Element),
                _ => true,
            };
        }

        return (from.Kind, to.Kind) switch
        {
            (SqlTypeKind.TinyInt, SqlTypeKind.SmallInt or SqlTypeKind.Integer or SqlTypeKind.BigInt) => true,
            (SqlTypeKind.SmallInt, SqlTypeKind.Integer or SqlTypeKind.BigInt) => true,
            (SqlTypeKind.Integer, SqlTypeKind.BigInt) => true,
            (SqlTypeKind.UTinyInt, SqlTypeKind.USmallInt or SqlTypeKind.UInteger or SqlTypeKind.UBigInt or SqlTypeKind.SmallInt or SqlTypeKind.Integer or SqlTypeKind.BigInt) => true,
            (SqlTypeKind.USmallInt, SqlTypeKind.UInteger or SqlTypeKind.UBigInt or SqlTypeKind.Integer or SqlTypeKind.BigInt) => true,
            (SqlTypeKind.UInteger, SqlTypeKind.UBigInt or SqlTypeKind.BigInt) => true,
            (>= SqlTypeKind.TinyInt and <= SqlTypeKind.UBigInt, SqlTypeKind.Decimal) => to.Precision is null,
            (SqlTypeKind.Real, SqlTypeKind.Double) => true,
            _ => false,
        };
    }

    /// <summary>Whether keys over the column have the same bytes under both types.</summary>
    public static bool KeepsKeys(SqlType from, SqlType to) => from.Kind == to.Kind && from.Collation == to.Collation;
}
