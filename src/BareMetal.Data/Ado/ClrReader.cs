using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>Values of the engine as .NET's: boxed, or as a type that the caller names. What it gives owns its memory.</summary>
internal static class ClrReader
{
    public static bool IsText(SqlTypeKind kind) => kind is SqlTypeKind.Text or SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Unknown;

    public static DateTimeOffset ToDateTimeOffset(OffsetInstant value)
    {
        TimeSpan offset = TimeSpan.FromMinutes(value.OffsetMinutes);
        return new DateTimeOffset(value.UtcTicks + offset.Ticks, offset);
    }

    /// <summary>A row of a vector that is not null, boxed.</summary>
    public static object ToObject(Vector vector, int row)
    {
        int i = row * vector.Stride;
        switch (vector.Type.Kind)
        {
            case SqlTypeKind.Integer:
                return Unsafe.As<Vector<int>>(vector).Data[i];
            case SqlTypeKind.BigInt:
                return Unsafe.As<Vector<long>>(vector).Data[i];
            case SqlTypeKind.Text or SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Unknown:
                return Encoding.UTF8.GetString(Unsafe.As<Vector<ByteSlice>>(vector).Data[i].Span);
            case SqlTypeKind.Bytea:
                return Unsafe.As<Vector<ByteSlice>>(vector).Data[i].Span.ToArray();
            default:
                return ToObject(vector.GetValue(row), vector.Type);
        }
    }

    /// <summary>A value that is not null, boxed.</summary>
    public static object ToObject(in Value value, SqlType type)
    {
        switch (type.Kind)
        {
            case SqlTypeKind.Boolean:
                return value.As<bool>();
            case SqlTypeKind.TinyInt:
                return value.As<sbyte>();
            case SqlTypeKind.SmallInt:
                return value.As<short>();
            case SqlTypeKind.Integer:
                return value.As<int>();
            case SqlTypeKind.BigInt:
                return value.As<long>();
            case SqlTypeKind.UTinyInt:
                return value.As<byte>();
            case SqlTypeKind.USmallInt:
                return value.As<ushort>();
            case SqlTypeKind.UInteger:
                return value.As<uint>();
            case SqlTypeKind.UBigInt or SqlTypeKind.RowVersion:
                return value.As<ulong>();
            case SqlTypeKind.Real:
                return value.As<float>();
            case SqlTypeKind.Double:
                return value.As<double>();
            case SqlTypeKind.Decimal:
                return value.As<decimal>();
            case SqlTypeKind.Uuid:
                return value.As<Guid>();
            case SqlTypeKind.Date:
                return DateOnly.FromDayNumber(value.As<int>());
            case SqlTypeKind.Time:
                return new TimeOnly(value.As<long>());
            case SqlTypeKind.Timestamp:
                return new DateTime(value.As<long>());
            case SqlTypeKind.TimestampTz:
                return new DateTime(value.As<long>(), DateTimeKind.Utc);
            case SqlTypeKind.DateTimeOffset:
                return ToDateTimeOffset(value.As<OffsetInstant>());
            case SqlTypeKind.Interval:
                return value.As<BareMetalInterval>();
            case SqlTypeKind.TimeSpan:
                return new TimeSpan(value.As<long>());
            case SqlTypeKind.Bytea:
                return value.As<ByteSlice>().Span.ToArray();
            case SqlTypeKind.Array:
                return ArrayReader.ToArray(value.As<ArrayValue>(), type);
            case SqlTypeKind.Record:
                return Record(value.As<ArrayValue>());
            default:
                return Encoding.UTF8.GetString(value.As<ByteSlice>().Span);
        }
    }

    /// <summary>A row of a vector that is not null, as a type; false when the type does not fit the column.</summary>
    public static bool TryGet<T>(Vector vector, int row, out T value) => TryGet(vector.GetValue(row), vector.Type, out value);

    /// <summary>A value as a type; false when the type does not fit the column. Null gives the type's null, or false.</summary>
    public static bool TryGet<T>(in Value value, SqlType type, out T result)
    {
        if (value.IsNull)
        {
            result = default!;
            return default(T) is null;
        }

        SqlTypeKind kind = type.Kind;
        if (IsText(kind))
        {
            ReadOnlySpan<byte> utf8 = value.As<ByteSlice>().Span;
            if (typeof(T) == typeof(char) || typeof(T) == typeof(char?))
            {
                string text = Encoding.UTF8.GetString(utf8);
                result = default!;
                return text.Length == 1 && Unbox(text[0], out result);
            }

            if (typeof(T) == typeof(char[]))
                return Cast(Encoding.UTF8.GetString(utf8).ToCharArray(), out result);
            if (typeof(T) == typeof(TextReader) || typeof(T) == typeof(StringReader))
                return Cast(new StringReader(Encoding.UTF8.GetString(utf8)), out result);
            if (typeof(T) == typeof(JsonDocument))
                return Cast(JsonDocument.Parse(utf8.ToArray()), out result);
            if (typeof(T) == typeof(JsonElement))
                return Cast(JsonElementOf(utf8), out result);
            if (typeof(T) == typeof(JsonNode))
                return Cast(JsonNode.Parse(utf8)!, out result);
            if (Nullable.GetUnderlyingType(typeof(T)) is var e && (e ?? typeof(T)) is { IsEnum: true } named)
            {
                result = default!;
                return Enum.TryParse(named, Encoding.UTF8.GetString(utf8), ignoreCase: true, out object? member) && Cast(member!, out result);
            }
        }

        if (IsText(kind) || kind is SqlTypeKind.Bytea)
        {
            byte[] bytes = value.As<ByteSlice>().Span.ToArray();
            if (typeof(T) == typeof(byte[]))
                return Cast(bytes, out result);
            if (typeof(T) == typeof(MemoryStream) || typeof(T) == typeof(Stream))
                return Cast(new MemoryStream(bytes, 0, bytes.Length, writable: false, publiclyVisible: true), out result);
            if (typeof(T) == typeof(Memory<byte>) || typeof(T) == typeof(Memory<byte>?))
                return Unbox(bytes.AsMemory(), out result);
            if (typeof(T) == typeof(ReadOnlyMemory<byte>) || typeof(T) == typeof(ReadOnlyMemory<byte>?))
                return Unbox((ReadOnlyMemory<byte>)bytes, out result);
            if (typeof(T) == typeof(ArraySegment<byte>) || typeof(T) == typeof(ArraySegment<byte>?))
                return Unbox(new ArraySegment<byte>(bytes), out result);
        }

        switch (kind)
        {
            case SqlTypeKind.RowVersion:
                ulong version = value.As<ulong>();
                if (typeof(T) == typeof(long) || typeof(T) == typeof(long?))
                    return Unbox(unchecked((long)version), out result);
                if (typeof(T) == typeof(byte[]) || typeof(T) == typeof(Stream) || typeof(T) == typeof(MemoryStream))
                {
                    byte[] bytes = new byte[8];
                    BinaryPrimitives.WriteUInt64BigEndian(bytes, version);
                    return typeof(T) == typeof(byte[]) ? Cast(bytes, out result) : Cast(new MemoryStream(bytes, writable: false), out result);
                }

                break;
            case SqlTypeKind.Date when typeof(T) == typeof(DateTime) || typeof(T) == typeof(DateTime?):
                return Unbox(DateOnly.FromDayNumber(value.As<int>()).ToDateTime(TimeOnly.MinValue), out result);
            case SqlTypeKind.Time when typeof(T) == typeof(TimeSpan) || typeof(T) == typeof(TimeSpan?):
                return Unbox(new TimeSpan(value.As<long>()), out result);
            case SqlTypeKind.TimestampTz when typeof(T) == typeof(DateTimeOffset) || typeof(T) == typeof(DateTimeOffset?):
                return Unbox(new DateTimeOffset(value.As<long>(), TimeSpan.Zero), out result);
            case SqlTypeKind.Array:
                result = default!;
                return ArrayReader.TryMake(value.As<ArrayValue>(), type, typeof(T), out object? array) && Cast(array, out result);
        }

        object own = ToObject(value, type);
        Type target = Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T);
        if (target.IsEnum && IsInteger(kind))
        {
            object member = Enum.ToObject(target, own);
            return Cast(member, out result);
        }

        if (target.IsInstanceOfType(own))
            return Cast(own, out result);
        result = default!;
        return false;
    }

    private static bool IsInteger(SqlTypeKind kind) => kind is >= SqlTypeKind.TinyInt and <= SqlTypeKind.UBigInt;

    private static bool Cast<T>(object value, out T result)
    {
        result = (T)value;
        return true;
    }

    // T is the type of the value or its nullable form.
    private static bool Unbox<TFrom, T>(TFrom value, out T result)
        where TFrom : struct
    {
        if (typeof(T) == typeof(TFrom))
        {
            result = Unsafe.As<TFrom, T>(ref value);
            return true;
        }

        TFrom? nullable = value;
        result = Unsafe.As<TFrom?, T>(ref nullable);
        return true;
    }

    private static JsonElement JsonElementOf(ReadOnlySpan<byte> utf8)
    {
        using JsonDocument document = JsonDocument.Parse(utf8.ToArray());
        return document.RootElement.Clone();
    }

    private static object[] Record(ArrayValue record)
    {
        object[] fields = new object[record.Items.Length];
        for (int i = 0; i < fields.Length; i++)
        {
            Value item = record.Items[i];
            fields[i] = item.IsNull ? DBNull.Value : ToObject(item, item.Kind == SqlTypeKind.Array ? ClrTypes.ArrayOf(item.As<ArrayValue>().ElementType) : new SqlType(item.Kind));
        }

        return fields;
    }
}
