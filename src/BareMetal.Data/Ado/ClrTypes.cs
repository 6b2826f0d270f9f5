using System.Collections;
using System.Data;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>Between .NET's types and SQL's: which belongs to which, and parameters' values as the engine takes them.</summary>
internal static class ClrTypes
{
    /// <summary>UTF-8 that refuses lone surrogates instead of replacing them.</summary>
    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    private static readonly SqlType[] s_arrays = MakeArrays();

    /// <summary>The array type over an element type, shared for the plain element types.</summary>
    public static SqlType ArrayOf(SqlType element)
    {
        SqlType shared = s_arrays[(int)element.Kind];
        return shared.Element == element ? shared : SqlType.ArrayOf(element);
    }

    public static DbType DbTypeOf(SqlType type) => type.Kind switch
    {
        SqlTypeKind.Boolean => DbType.Boolean,
        SqlTypeKind.TinyInt => DbType.SByte,
        SqlTypeKind.SmallInt => DbType.Int16,
        SqlTypeKind.Integer => DbType.Int32,
        SqlTypeKind.BigInt => DbType.Int64,
        SqlTypeKind.UTinyInt => DbType.Byte,
        SqlTypeKind.USmallInt => DbType.UInt16,
        SqlTypeKind.UInteger => DbType.UInt32,
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => DbType.UInt64,
        SqlTypeKind.Real => DbType.Single,
        SqlTypeKind.Double => DbType.Double,
        SqlTypeKind.Decimal => DbType.Decimal,
        SqlTypeKind.Bytea => DbType.Binary,
        SqlTypeKind.Uuid => DbType.Guid,
        SqlTypeKind.Date => DbType.Date,
        SqlTypeKind.Time => DbType.Time,
        SqlTypeKind.Timestamp => DbType.DateTime2,
        SqlTypeKind.TimestampTz => DbType.DateTime,
        SqlTypeKind.DateTimeOffset => DbType.DateTimeOffset,
        SqlTypeKind.TimeSpan or SqlTypeKind.Interval or SqlTypeKind.Array or SqlTypeKind.Record => DbType.Object,
        _ => DbType.String,
    };

    /// <summary>The SQL type of a DbType; null for Object, where the value decides.</summary>
    public static SqlType? FromDbType(DbType type) => type switch
    {
        DbType.Boolean => SqlType.Boolean,
        DbType.SByte => SqlType.TinyInt,
        DbType.Int16 => SqlType.SmallInt,
        DbType.Int32 => SqlType.Integer,
        DbType.Int64 => SqlType.BigInt,
        DbType.Byte => SqlType.UTinyInt,
        DbType.UInt16 => SqlType.USmallInt,
        DbType.UInt32 => SqlType.UInteger,
        DbType.UInt64 => SqlType.UBigInt,
        DbType.Single => SqlType.Real,
        DbType.Double => SqlType.Double,
        DbType.Decimal or DbType.Currency or DbType.VarNumeric => SqlType.Decimal,
        DbType.Binary => SqlType.Bytea,
        DbType.Guid => SqlType.Uuid,
        DbType.Date => SqlType.Date,
        DbType.Time => SqlType.Time,
        DbType.DateTime or DbType.DateTime2 => SqlType.Timestamp,
        DbType.DateTimeOffset => SqlType.DateTimeOffset,
        DbType.Object => null,
        _ => SqlType.Text,
    };

    /// <summary>The .NET type that a column's GetValue gives.</summary>
    [return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.PublicProperties)]
    public static Type TypeOf(SqlType type) => type.Kind switch
    {
        SqlTypeKind.Boolean => typeof(bool),
        SqlTypeKind.TinyInt => typeof(sbyte),
        SqlTypeKind.SmallInt => typeof(short),
        SqlTypeKind.Integer => typeof(int),
        SqlTypeKind.BigInt => typeof(long),
        SqlTypeKind.UTinyInt => typeof(byte),
        SqlTypeKind.USmallInt => typeof(ushort),
        SqlTypeKind.UInteger => typeof(uint),
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => typeof(ulong),
        SqlTypeKind.Real => typeof(float),
        SqlTypeKind.Double => typeof(double),
        SqlTypeKind.Decimal => typeof(decimal),
        SqlTypeKind.Bytea => typeof(byte[]),
        SqlTypeKind.Uuid => typeof(Guid),
        SqlTypeKind.Date => typeof(DateOnly),
        SqlTypeKind.Time => typeof(TimeOnly),
        SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz => typeof(DateTime),
        SqlTypeKind.DateTimeOffset => typeof(DateTimeOffset),
        SqlTypeKind.TimeSpan => typeof(TimeSpan),
        SqlTypeKind.Interval => typeof(BareMetalInterval),
        SqlTypeKind.Array => ArrayReader.TypeOf(type),
        SqlTypeKind.Record => typeof(object[]),
        _ => typeof(string),
    };

    /// <summary>The SQL type that a value has by itself; Unknown for null.</summary>
    public static SqlType Infer(object? value)
    {
        _ = ToValue(value, out SqlType type);
        return type;
    }

    /// <summary>A value by its own type.</summary>
    /// <exception cref="InvalidCastException">The .NET type has no SQL type.</exception>
    public static Value ToValue(object? value, out SqlType type)
    {
        switch (value)
        {
            case null or DBNull:
                type = SqlType.Unknown;
                return Value.Null();
            case int v:
                type = SqlType.Integer;
                return Value.From(SqlTypeKind.Integer, v);
            case string v:
                type = SqlType.Text;
                return Text(v, SqlTypeKind.Text);
            case long v:
                type = SqlType.BigInt;
                return Value.From(SqlTypeKind.BigInt, v);
            case Enum v:
                return Enumeration(v, out type);
            case bool v:
                TryToValue(v, out Value result, out type);
                return result;
            case Guid v:
                TryToValue(v, out result, out type);
                return result;
            case decimal v:
                TryToValue(v, out result, out type);
                return result;
            case double v:
                TryToValue(v, out result, out type);
                return result;
            case DateTime v:
                TryToValue(v, out result, out type);
                return result;
            case DateTimeOffset v:
                TryToValue(v, out result, out type);
                return result;
            case DateOnly v:
                TryToValue(v, out result, out type);
                return result;
            case TimeOnly v:
                TryToValue(v, out result, out type);
                return result;
            case TimeSpan v:
                TryToValue(v, out result, out type);
                return result;
            case BareMetalInterval v:
                TryToValue(v, out result, out type);
                return result;
            case short v:
                TryToValue(v, out result, out type);
                return result;
            case byte v:
                TryToValue(v, out result, out type);
                return result;
            case float v:
                TryToValue(v, out result, out type);
                return result;
            case sbyte v:
                TryToValue(v, out result, out type);
                return result;
            case ushort v:
                TryToValue(v, out result, out type);
                return result;
            case uint v:
                TryToValue(v, out result, out type);
                return result;
            case ulong v:
                TryToValue(v, out result, out type);
                return result;
            case char v:
                type = SqlType.Text;
                return Text(v.ToString(), SqlTypeKind.Text);
            case Array v when v is byte[] && v.GetType() == typeof(byte[]):
                type = SqlType.Bytea;
                return Value.From(SqlTypeKind.Bytea, new ByteSlice((byte[])v));
            case Memory<byte> v:
                type = SqlType.Bytea;
                return Bytes(v.Span);
            case ReadOnlyMemory<byte> v:
                type = SqlType.Bytea;
                return Bytes(v.Span);
            case ArraySegment<byte> v:
                type = SqlType.Bytea;
                return Bytes(v.AsSpan());
            case Stream v:
                type = SqlType.Bytea;
                return Value.From(SqlTypeKind.Bytea, new ByteSlice(ReadAll(v)));
            case char[] v:
                type = SqlType.Text;
                return Text(new string(v), SqlTypeKind.Text);
            case ReadOnlyMemory<char> v:
                type = SqlType.Text;
                return Text(v.ToString(), SqlTypeKind.Text);
            case TextReader v:
                type = SqlType.Text;
                return Text(v.ReadToEnd(), SqlTypeKind.Text);
            case JsonDocument v:
                type = SqlType.Json;
                return Text(v.RootElement.GetRawText(), SqlTypeKind.Json);
            case JsonElement v:
                type = SqlType.Json;
                return Text(v.GetRawText(), SqlTypeKind.Json);
            case JsonNode v:
                type = SqlType.Json;
                return Text(v.ToJsonString(), SqlTypeKind.Json);
            case IEnumerable v:
                return Collection(v, out type);
            default:
                throw new InvalidCastException($"{value.GetType()} has no SQL type. Convert the value first.");
        }
    }

    /// <summary>A value as a given type.</summary>
    /// <exception cref="InvalidCastException">The value does not convert.</exception>
    /// <exception cref="OverflowException">It is out of the type's range.</exception>
    /// <exception cref="FormatException">It is text that does not read as the type.</exception>
    public static Value ToValue(object? value, SqlType type)
    {
        SqlTypeKind kind = type.Kind;
        if (value is null or DBNull)
            return Value.Null(kind);
        if (value is Enum e && kind is not (SqlTypeKind.Text or SqlTypeKind.Json or SqlTypeKind.Jsonb))
            value = Convert.ChangeType(e, e.GetTypeCode(), CultureInfo.InvariantCulture);
        CultureInfo invariant = CultureInfo.InvariantCulture;
        switch (kind)
        {
            case SqlTypeKind.Boolean:
                return Value.From(kind, value is bool b ? b : Convert.ToBoolean(value, invariant));
            case SqlTypeKind.TinyInt:
                return Value.From(kind, Convert.ToSByte(value, invariant));
            case SqlTypeKind.SmallInt:
                return Value.From(kind, Convert.ToInt16(value, invariant));
            case SqlTypeKind.Integer:
                return Value.From(kind, value is int i ? i : Convert.ToInt32(value, invariant));
            case SqlTypeKind.BigInt:
                return Value.From(kind, value is long l ? l : Convert.ToInt64(value, invariant));
            case SqlTypeKind.UTinyInt:
                return Value.From(kind, Convert.ToByte(value, invariant));
            case SqlTypeKind.USmallInt:
                return Value.From(kind, Convert.ToUInt16(value, invariant));
            case SqlTypeKind.UInteger:
                return Value.From(kind, Convert.ToUInt32(value, invariant));
            case SqlTypeKind.UBigInt:
                return Value.From(kind, Convert.ToUInt64(value, invariant));
            case SqlTypeKind.RowVersion:
                return Value.From(kind, RowVersion(value));
            case SqlTypeKind.Real:
                return Value.From(kind, Convert.ToSingle(value, invariant));
            case SqlTypeKind.Double:
                return Value.From(kind, Convert.ToDouble(value, invariant));
            case SqlTypeKind.Decimal:
                return Value.From(kind, value is decimal d ? d : Convert.ToDecimal(value, invariant));
            case SqlTypeKind.Uuid:
                return Value.From(kind, value switch
                {
                    Guid g => g,
                    byte[] { Length: 16 } rfc => new Guid(rfc, bigEndian: true),
                    string s => Guid.Parse(s),
                    _ => throw NoCast(value, type),
                });
            case SqlTypeKind.Date:
                return Value.From(kind, value switch
                {
                    DateOnly v => v,
                    DateTime v => DateOnly.FromDateTime(v),
                    DateTimeOffset v => DateOnly.FromDateTime(v.DateTime),
                    string s => DateOnly.Parse(s, invariant),
                    _ => throw NoCast(value, type),
                } is var date ? date.DayNumber : 0);
            case SqlTypeKind.Time:
                return Value.From(kind, value switch
                {
                    TimeOnly v => v.Ticks,
                    TimeSpan v => TimeOnly.FromTimeSpan(v).Ticks,
                    DateTime v => v.TimeOfDay.Ticks,
                    string s => TimeOnly.Parse(s, invariant).Ticks,
                    _ => throw NoCast(value, type),
                });
            case SqlTypeKind.Timestamp:
                return Value.From(kind, value switch
                {
                    DateTime v => v.Ticks,
                    DateOnly v => v.ToDateTime(TimeOnly.MinValue).Ticks,
                    DateTimeOffset v => v.Ticks,
                    string s => DateTime.Parse(s, invariant, DateTimeStyles.RoundtripKind).Ticks,
                    _ => throw NoCast(value, type),
                });
            case SqlTypeKind.TimestampTz:
                return Value.From(kind, value switch
                {
                    DateTime { Kind: DateTimeKind.Local } v => v.ToUniversalTime().Ticks,
                    DateTime v => v.Ticks,
                    DateTimeOffset v => v.UtcTicks,
                    string s => DateTimeOffset.Parse(s, invariant, DateTimeStyles.AssumeUniversal).UtcTicks,
                    _ => throw NoCast(value, type),
                });
            case SqlTypeKind.DateTimeOffset:
                return Value.From(kind, Instant(value switch
                {
                    DateTimeOffset v => v,
                    DateTime { Kind: DateTimeKind.Unspecified } v => new DateTimeOffset(v, TimeSpan.Zero),
                    DateTime v => new DateTimeOffset(v),
                    string s => DateTimeOffset.Parse(s, invariant, DateTimeStyles.AssumeUniversal),
                    _ => throw NoCast(value, type),
                }));
            case SqlTypeKind.Interval:
                return Value.From(kind, value switch
                {
                    BareMetalInterval v => v,
                    TimeSpan v => BareMetalInterval.FromTimeSpan(v),
                    TimeOnly v => new BareMetalInterval(0, 0, v.Ticks),
                    string s => BareMetalInterval.Parse(s),
                    _ => throw NoCast(value, type),
                });
            case SqlTypeKind.TimeSpan:
                return Value.From(kind, value switch
                {
                    TimeSpan v => v.Ticks,
                    TimeOnly v => v.Ticks,
                    string s => TimeSpan.Parse(s, invariant).Ticks,
                    _ => throw NoCast(value, type),
                });
            case SqlTypeKind.Bytea:
                Value bytes = value is string or Guid ? throw NoCast(value, type) : ToValue(value, out SqlType own);
                return own.Kind == SqlTypeKind.Bytea ? bytes : throw NoCast(value, type);
            case SqlTypeKind.Json or SqlTypeKind.Jsonb:
                return value switch
                {
                    string s => Text(s, kind),
                    JsonDocument v => Text(v.RootElement.GetRawText(), kind),
                    JsonElement v => Text(v.GetRawText(), kind),
                    JsonNode v => Text(v.ToJsonString(), kind),
                    byte[] utf8 => Text(s_utf8.GetString(utf8), kind),
                    TextReader v => Text(v.ReadToEnd(), kind),
                    _ => throw NoCast(value, type),
                };
            case SqlTypeKind.Text:
                return value switch
                {
                    string s => Text(s, kind),
                    char[] v => Text(new string(v), kind),
                    ReadOnlyMemory<char> v => Text(v.ToString(), kind),
                    TextReader v => Text(v.ReadToEnd(), kind),
                    DateTime v => Text(v.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF", invariant), kind),
                    DateOnly v => Text(v.ToString("yyyy-MM-dd", invariant), kind),
                    TimeOnly v => Text(v.ToString("HH:mm:ss.FFFFFFF", invariant), kind),
                    bool v => Text(v ? "true" : "false", kind),
                    IFormattable v => Text(v.ToString(null, invariant), kind),
                    _ when value is IConvertible v => Text(v.ToString(invariant), kind),
                    _ => throw NoCast(value, type),
                };
            case SqlTypeKind.Array:
                return value is IEnumerable items && value is not string
                    ? Items(items, type.Element ?? SqlType.Text)
                    : throw NoCast(value, type);
            default:
                return ToValue(value, out _);
        }
    }

    /// <summary>A value of a statically known type, without boxing; false for types that need the general way.</summary>
    public static bool TryToValue<T>(T? value, out Value result, out SqlType type)
    {
        if (typeof(T) == typeof(bool))
            return Set(SqlType.Boolean, value, out result, out type);
        if (typeof(T) == typeof(sbyte))
            return Set(SqlType.TinyInt, value, out result, out type);
        if (typeof(T) == typeof(short))
            return Set(SqlType.SmallInt, value, out result, out type);
        if (typeof(T) == typeof(int))
            return Set(SqlType.Integer, value, out result, out type);
        if (typeof(T) == typeof(long))
            return Set(SqlType.BigInt, value, out result, out type);
        if (typeof(T) == typeof(byte))
            return Set(SqlType.UTinyInt, value, out result, out type);
        if (typeof(T) == typeof(ushort))
            return Set(SqlType.USmallInt, value, out result, out type);
        if (typeof(T) == typeof(uint))
            return Set(SqlType.UInteger, value, out result, out type);
        if (typeof(T) == typeof(ulong))
            return Set(SqlType.UBigInt, value, out result, out type);
        if (typeof(T) == typeof(float))
            return Set(SqlType.Real, value, out result, out type);
        if (typeof(T) == typeof(double))
            return Set(SqlType.Double, value, out result, out type);
        if (typeof(T) == typeof(decimal))
            return Set(SqlType.Decimal, value, out result, out type);
        if (typeof(T) == typeof(Guid))
            return Set(SqlType.Uuid, value, out result, out type);
        if (typeof(T) == typeof(DateOnly))
            return Set(SqlType.Date, As<T, DateOnly>(value).DayNumber, out result, out type);
        if (typeof(T) == typeof(TimeOnly))
            return Set(SqlType.Time, As<T, TimeOnly>(value).Ticks, out result, out type);
        if (typeof(T) == typeof(DateTime))
            return Set(SqlType.Timestamp, As<T, DateTime>(value).Ticks, out result, out type);
        if (typeof(T) == typeof(TimeSpan))
            return Set(SqlType.TimeSpan, As<T, TimeSpan>(value).Ticks, out result, out type);
        if (typeof(T) == typeof(BareMetalInterval))
            return Set(SqlType.Interval, As<T, BareMetalInterval>(value), out result, out type);
        if (typeof(T) == typeof(DateTimeOffset))
            return Set(SqlType.DateTimeOffset, Instant(As<T, DateTimeOffset>(value)), out result, out type);
        if (typeof(T) == typeof(string))
        {
            type = SqlType.Text;
            result = value is null ? Value.Null(SqlTypeKind.Text) : Text((string)(object)value, SqlTypeKind.Text);
            return true;
        }

        result = default;
        type = SqlType.Unknown;
        return false;
    }

    private static TTo As<T, TTo>(T? value) => Unsafe.As<T, TTo>(ref value!);

    private static bool Set<T>(SqlType type, T value, out Value result, out SqlType typeOut)
    {
        typeOut = type;
        result = Value.From(type.Kind, value);
        return true;
    }

    private static OffsetInstant Instant(DateTimeOffset value) => new(value.UtcTicks, (short)value.TotalOffsetMinutes);

    private static Value Bytes(ReadOnlySpan<byte> bytes) => Value.From(SqlTypeKind.Bytea, new ByteSlice(bytes.ToArray()));

    private static Value Text(string text, SqlTypeKind kind)
    {
        try
        {
            byte[] utf8 = s_utf8.GetBytes(text);
            if (kind == SqlTypeKind.Json)
                _ = ValueParser.Json(utf8);
            else if (kind == SqlTypeKind.Jsonb)
                utf8 = ValueParser.Jsonb(utf8);
            return Value.From(kind, new ByteSlice(utf8));
        }
        catch (EncoderFallbackException e)
        {
            throw new BareMetalException(SqlStates.CharacterNotInRepertoire, $"A text holds half of a surrogate pair at index {e.Index}; it has no UTF-8 form.", e)
            {
                Hint = "Give whole characters; text was cut in the middle of one.",
            };
        }
    }

    private static byte[] ReadAll(Stream stream)
    {
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static ulong RowVersion(object value) => value switch
    {
        ulong v => v,
        long v => unchecked((ulong)v),
        byte[] { Length: 8 } v => System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(v),
        _ => Convert.ToUInt64(value, CultureInfo.InvariantCulture),
    };

    private static InvalidCastException NoCast(object value, SqlType type)
        => new($"{value.GetType()} is not given as {DataTypeNames.Format(type)}.");

    private static Value Enumeration(Enum value, out SqlType type)
    {
        object number = Convert.ChangeType(value, value.GetTypeCode(), CultureInfo.InvariantCulture);
        return ToValue(number, out type);
    }

    private static Value Collection(IEnumerable items, out SqlType type)
    {
        SqlType? element = ElementOf(items);
        if (element is null)
        {
            foreach (object? item in items)
            {
                if (item is null or DBNull)
                    continue;
                element = Infer(item);
                break;
            }
        }

        element ??= SqlType.Unknown;
        type = ArrayOf(element);
        return Items(items, element);
    }

    private static SqlType? ElementOf(IEnumerable items) => items switch
    {
        Array array => OfClr(array.GetType().GetElementType()!),
        IEnumerable<int> or IEnumerable<int?> => SqlType.Integer,
        IEnumerable<long> or IEnumerable<long?> => SqlType.BigInt,
        IEnumerable<string> => SqlType.Text,
        IEnumerable<Guid> or IEnumerable<Guid?> => SqlType.Uuid,
        IEnumerable<bool> or IEnumerable<bool?> => SqlType.Boolean,
        IEnumerable<short> or IEnumerable<short?> => SqlType.SmallInt,
        IEnumerable<sbyte> or IEnumerable<sbyte?> => SqlType.TinyInt,
        IEnumerable<byte> or IEnumerable<byte?> => SqlType.UTinyInt,
        IEnumerable<ushort> or IEnumerable<ushort?> => SqlType.USmallInt,
        IEnumerable<uint> or IEnumerable<uint?> => SqlType.UInteger,
        IEnumerable<ulong> or IEnumerable<ulong?> => SqlType.UBigInt,
        IEnumerable<float> or IEnumerable<float?> => SqlType.Real,
        IEnumerable<double> or IEnumerable<double?> => SqlType.Double,
        IEnumerable<decimal> or IEnumerable<decimal?> => SqlType.Decimal,
        IEnumerable<DateTime> or IEnumerable<DateTime?> => SqlType.Timestamp,
        IEnumerable<DateTimeOffset> or IEnumerable<DateTimeOffset?> => SqlType.DateTimeOffset,
        IEnumerable<DateOnly> or IEnumerable<DateOnly?> => SqlType.Date,
        IEnumerable<TimeOnly> or IEnumerable<TimeOnly?> => SqlType.Time,
        IEnumerable<TimeSpan> or IEnumerable<TimeSpan?> => SqlType.TimeSpan,
        IEnumerable<BareMetalInterval> or IEnumerable<BareMetalInterval?> => SqlType.Interval,
        IEnumerable<byte[]> => SqlType.Bytea,
        _ => null,
    };

    /// <summary>The SQL type of a .NET type, null where only values tell.</summary>
    public static SqlType? OfClr(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsArray && type != typeof(byte[]))
            return OfClr(type.GetElementType()!) is { } element ? ArrayOf(element) : null;
        switch (Type.GetTypeCode(type))
        {
            case TypeCode.Boolean:
                return SqlType.Boolean;
            case TypeCode.SByte:
                return SqlType.TinyInt;
            case TypeCode.Int16:
                return SqlType.SmallInt;
            case TypeCode.Int32:
                return SqlType.Integer;
            case TypeCode.Int64:
                return SqlType.BigInt;
            case TypeCode.Byte:
                return SqlType.UTinyInt;
            case TypeCode.UInt16:
                return SqlType.USmallInt;
            case TypeCode.UInt32:
                return SqlType.UInteger;
            case TypeCode.UInt64:
                return SqlType.UBigInt;
            case TypeCode.Single:
                return SqlType.Real;
            case TypeCode.Double:
                return SqlType.Double;
            case TypeCode.Decimal:
                return SqlType.Decimal;
            case TypeCode.String or TypeCode.Char:
                return SqlType.Text;
            case TypeCode.DateTime:
                return SqlType.Timestamp;
        }

        if (type == typeof(Guid))
            return SqlType.Uuid;
        if (type == typeof(DateTimeOffset))
            return SqlType.DateTimeOffset;
        if (type == typeof(DateOnly))
            return SqlType.Date;
        if (type == typeof(TimeOnly))
            return SqlType.Time;
        if (type == typeof(TimeSpan))
            return SqlType.TimeSpan;
        if (type == typeof(BareMetalInterval))
            return SqlType.Interval;
        if (type == typeof(byte[]) || type == typeof(Memory<byte>) || type == typeof(ReadOnlyMemory<byte>))
            return SqlType.Bytea;
        if (type == typeof(JsonDocument) || type == typeof(JsonElement) || typeof(JsonNode).IsAssignableFrom(type))
            return SqlType.Json;
        return null;
    }

    private static Value Items(IEnumerable items, SqlType element)
    {
        Value[]? values = items switch
        {
            int[] a when items.GetType() == typeof(int[]) && element.Kind == SqlTypeKind.Integer => Fast<int>(a, element.Kind),
            List<int> a when element.Kind == SqlTypeKind.Integer => Fast<int>(CollectionsMarshal.AsSpan(a), element.Kind),
            long[] a when items.GetType() == typeof(long[]) && element.Kind == SqlTypeKind.BigInt => Fast<long>(a, element.Kind),
            List<long> a when element.Kind == SqlTypeKind.BigInt => Fast<long>(CollectionsMarshal.AsSpan(a), element.Kind),
            Guid[] a when element.Kind == SqlTypeKind.Uuid => Fast<Guid>(a, element.Kind),
            List<Guid> a when element.Kind == SqlTypeKind.Uuid => Fast<Guid>(CollectionsMarshal.AsSpan(a), element.Kind),
            _ => null,
        };
        if (values is null)
        {
            List<Value> list = items is ICollection { Count: var count } ? new List<Value>(count) : [];
            foreach (object? item in items)
                list.Add(element.Kind == SqlTypeKind.Unknown ? ToValue(item, out _) : ToValue(item, element));
            values = list.ToArray();
        }

        return Value.From(SqlTypeKind.Array, new ArrayValue(element, values));
    }

    private static Value[] Fast<T>(ReadOnlySpan<T> items, SqlTypeKind kind)
    {
        Value[] values = new Value[items.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = Value.From(kind, items[i]);
        return values;
    }

    private static SqlType[] MakeArrays()
    {
        SqlType[] arrays = new SqlType[(int)SqlTypeKind.Record + 1];
        for (int i = 0; i < arrays.Length; i++)
            arrays[i] = SqlType.ArrayOf(new SqlType((SqlTypeKind)i));
        return arrays;
    }
}
