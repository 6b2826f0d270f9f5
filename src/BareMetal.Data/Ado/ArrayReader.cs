using System.Diagnostics.CodeAnalysis;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>SQL arrays as .NET arrays and lists, one or two dimensions deep, without making types at run time.</summary>
internal static class ArrayReader
{
    /// <summary>The array type that GetValue gives for an array column.</summary>
    [return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.PublicProperties)]
    public static Type TypeOf(SqlType type)
    {
        SqlType element = type.Element ?? SqlType.Text;
        bool nested = element.Kind == SqlTypeKind.Array;
        return (nested ? element.Element ?? SqlType.Text : element).Kind switch
        {
            SqlTypeKind.Boolean => nested ? typeof(bool[][]) : typeof(bool[]),
            SqlTypeKind.TinyInt => nested ? typeof(sbyte[][]) : typeof(sbyte[]),
            SqlTypeKind.SmallInt => nested ? typeof(short[][]) : typeof(short[]),
            SqlTypeKind.Integer => nested ? typeof(int[][]) : typeof(int[]),
            SqlTypeKind.BigInt => nested ? typeof(long[][]) : typeof(long[]),
            SqlTypeKind.UTinyInt => nested ? typeof(byte[][]) : typeof(byte[]),
            SqlTypeKind.USmallInt => nested ? typeof(ushort[][]) : typeof(ushort[]),
            SqlTypeKind.UInteger => nested ? typeof(uint[][]) : typeof(uint[]),
            SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => nested ? typeof(ulong[][]) : typeof(ulong[]),
            SqlTypeKind.Real => nested ? typeof(float[][]) : typeof(float[]),
            SqlTypeKind.Double => nested ? typeof(double[][]) : typeof(double[]),
            SqlTypeKind.Decimal => nested ? typeof(decimal[][]) : typeof(decimal[]),
            SqlTypeKind.Uuid => nested ? typeof(Guid[][]) : typeof(Guid[]),
            SqlTypeKind.Date => nested ? typeof(DateOnly[][]) : typeof(DateOnly[]),
            SqlTypeKind.Time => nested ? typeof(TimeOnly[][]) : typeof(TimeOnly[]),
            SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz => nested ? typeof(DateTime[][]) : typeof(DateTime[]),
            SqlTypeKind.DateTimeOffset => nested ? typeof(DateTimeOffset[][]) : typeof(DateTimeOffset[]),
            SqlTypeKind.Interval => nested ? typeof(BareMetalInterval[][]) : typeof(BareMetalInterval[]),
            SqlTypeKind.TimeSpan => nested ? typeof(TimeSpan[][]) : typeof(TimeSpan[]),
            SqlTypeKind.Bytea => nested ? typeof(byte[][][]) : typeof(byte[][]),
            SqlTypeKind.Array or SqlTypeKind.Record => typeof(object[]),
            _ => nested ? typeof(string[][]) : typeof(string[]),
        };
    }

    /// <summary>The array as GetValue gives it.</summary>
    /// <exception cref="InvalidCastException">An element is null and its type has no null.</exception>
    public static object ToArray(ArrayValue array, SqlType type)
    {
        Type target = TypeOf(type);
        if (target == typeof(object[]))
        {
            object[] items = new object[array.Items.Length];
            for (int i = 0; i < items.Length; i++)
                items[i] = array.Items[i].IsNull ? DBNull.Value : ClrReader.ToObject(array.Items[i], array.ElementType);
            return items;
        }

        return TryMake(array, type, target, out object? made)
            ? made
            : throw new InvalidCastException($"The array has null elements, which {target} can't hold. Read it with GetFieldValue as an array of the nullable type.");
    }

    /// <summary>The array as an array or list type that the caller names; false when the type does not fit.</summary>
    public static bool TryMake(ArrayValue array, SqlType type, Type target, [NotNullWhen(true)] out object? made)
    {
        SqlType element = type.Element ?? array.ElementType;
        if (element.Kind != SqlTypeKind.Array)
        {
            made = element.Kind switch
            {
                SqlTypeKind.Boolean => Make<bool>(array, element, target) ?? Make<bool?>(array, element, target),
                SqlTypeKind.TinyInt => Make<sbyte>(array, element, target) ?? Make<sbyte?>(array, element, target),
                SqlTypeKind.SmallInt => Make<short>(array, element, target) ?? Make<short?>(array, element, target),
                SqlTypeKind.Integer => Make<int>(array, element, target) ?? Make<int?>(array, element, target),
                SqlTypeKind.BigInt => Make<long>(array, element, target) ?? Make<long?>(array, element, target),
                SqlTypeKind.UTinyInt => Make<byte>(array, element, target) ?? Make<byte?>(array, element, target),
                SqlTypeKind.USmallInt => Make<ushort>(array, element, target) ?? Make<ushort?>(array, element, target),
                SqlTypeKind.UInteger => Make<uint>(array, element, target) ?? Make<uint?>(array, element, target),
                SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => Make<ulong>(array, element, target) ?? Make<ulong?>(array, element, target),
                SqlTypeKind.Real => Make<float>(array, element, target) ?? Make<float?>(array, element, target),
                SqlTypeKind.Double => Make<double>(array, element, target) ?? Make<double?>(array, element, target),
                SqlTypeKind.Decimal => Make<decimal>(array, element, target) ?? Make<decimal?>(array, element, target),
                SqlTypeKind.Uuid => Make<Guid>(array, element, target) ?? Make<Guid?>(array, element, target),
                SqlTypeKind.Date => Make<DateOnly>(array, element, target) ?? Make<DateOnly?>(array, element, target),
                SqlTypeKind.Time => Make<TimeOnly>(array, element, target) ?? Make<TimeOnly?>(array, element, target),
                SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz => Make<DateTime>(array, element, target) ?? Make<DateTime?>(array, element, target),
                SqlTypeKind.DateTimeOffset => Make<DateTimeOffset>(array, element, target) ?? Make<DateTimeOffset?>(array, element, target),
                SqlTypeKind.Interval => Make<BareMetalInterval>(array, element, target) ?? Make<BareMetalInterval?>(array, element, target),
                SqlTypeKind.TimeSpan => Make<TimeSpan>(array, element, target) ?? Make<TimeSpan?>(array, element, target),
                SqlTypeKind.Bytea => Make<byte[]>(array, element, target),
                _ => Make<string>(array, element, target),
            };
            return made is not null;
        }

        made = (element.Element ?? SqlType.Text).Kind switch
        {
            SqlTypeKind.Boolean => Make<bool[]>(array, element, target) ?? Make<bool?[]>(array, element, target),
            SqlTypeKind.TinyInt => Make<sbyte[]>(array, element, target) ?? Make<sbyte?[]>(array, element, target),
            SqlTypeKind.SmallInt => Make<short[]>(array, element, target) ?? Make<short?[]>(array, element, target),
            SqlTypeKind.Integer => Make<int[]>(array, element, target) ?? Make<int?[]>(array, element, target),
            SqlTypeKind.BigInt => Make<long[]>(array, element, target) ?? Make<long?[]>(array, element, target),
            SqlTypeKind.UTinyInt => Make<byte[]>(array, element, target) ?? Make<byte?[]>(array, element, target),
            SqlTypeKind.USmallInt => Make<ushort[]>(array, element, target) ?? Make<ushort?[]>(array, element, target),
            SqlTypeKind.UInteger => Make<uint[]>(array, element, target) ?? Make<uint?[]>(array, element, target),
            SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => Make<ulong[]>(array, element, target) ?? Make<ulong?[]>(array, element, target),
            SqlTypeKind.Real => Make<float[]>(array, element, target) ?? Make<float?[]>(array, element, target),
            SqlTypeKind.Double => Make<double[]>(array, element, target) ?? Make<double?[]>(array, element, target),
            SqlTypeKind.Decimal => Make<decimal[]>(array, element, target) ?? Make<decimal?[]>(array, element, target),
            SqlTypeKind.Uuid => Make<Guid[]>(array, element, target) ?? Make<Guid?[]>(array, element, target),
            SqlTypeKind.Date => Make<DateOnly[]>(array, element, target) ?? Make<DateOnly?[]>(array, element, target),
            SqlTypeKind.Time => Make<TimeOnly[]>(array, element, target) ?? Make<TimeOnly?[]>(array, element, target),
            SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz => Make<DateTime[]>(array, element, target) ?? Make<DateTime?[]>(array, element, target),
            SqlTypeKind.DateTimeOffset => Make<DateTimeOffset[]>(array, element, target) ?? Make<DateTimeOffset?[]>(array, element, target),
            SqlTypeKind.Interval => Make<BareMetalInterval[]>(array, element, target) ?? Make<BareMetalInterval?[]>(array, element, target),
            SqlTypeKind.TimeSpan => Make<TimeSpan[]>(array, element, target) ?? Make<TimeSpan?[]>(array, element, target),
            SqlTypeKind.Bytea => Make<byte[][]>(array, element, target),
            _ => Make<string[]>(array, element, target),
        };
        return made is not null;
    }

    private static object? Make<T>(ArrayValue array, SqlType element, Type target)
    {
        bool list = target == typeof(List<T>);
        if (!list && target != typeof(T[]) && target != typeof(IEnumerable<T>) && target != typeof(IReadOnlyList<T>)
            && target != typeof(IReadOnlyCollection<T>) && target != typeof(IList<T>) && target != typeof(ICollection<T>))
            return null;
        T[] items = new T[array.Items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            if (!ClrReader.TryGet(array.Items[i], element, out items[i]))
                return null;
        }

        return list ? new List<T>(items) : items;
    }
}
