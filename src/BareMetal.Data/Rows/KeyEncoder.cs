using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>
/// One part of a key as bytes whose memory order is the order of the values, and of which none is a prefix of another, so that parts
/// can be put one behind the other. A nullable part begins with a marker (<see cref="NullFirstMarker"/>, <see cref="ValueMarker"/>,
/// <see cref="NullLastMarker"/>); the value's bytes are inverted for descending order. Immutable and shared.
/// </summary>
internal abstract class KeyEncoder
{
    public const byte NullFirstMarker = 0;
    public const byte ValueMarker = 1;
    public const byte NullLastMarker = 2;

    private protected KeyEncoder(SqlType type, bool descending, bool nullsFirst, bool nullable, bool invertible)
    {
        Type = type;
        IsDescending = descending;
        NullsFirst = nullsFirst;
        IsNullable = nullable;
        IsInvertible = invertible;
        Mask = descending ? (byte)0xFF : (byte)0;
    }

    public SqlType Type { get; }

    public bool IsDescending { get; }

    public bool NullsFirst { get; }

    /// <summary>Whether a marker byte stands before the value. Parts of primary keys have none.</summary>
    public bool IsNullable { get; }

    /// <summary>Whether the value can be read back from the key exactly. Not so for floats (−0), decimals (scale), offsets, JSON and collations other than ordinal.</summary>
    public bool IsInvertible { get; }

    protected byte Mask { get; }

    /// <summary>Makes the encoder of a part.</summary>
    /// <param name="type">The type with its collation.</param>
    /// <param name="descending">Descending order.</param>
    /// <param name="nullsFirst">Where nulls stand, whatever the direction.</param>
    /// <param name="nullable">False for parts that are never null and need no marker (primary keys).</param>
    public static KeyEncoder Create(SqlType type, bool descending = false, bool nullsFirst = true, bool nullable = true) => type.Kind switch
    {
        SqlTypeKind.Boolean => new FixedKeyEncoder<bool>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.TinyInt => new FixedKeyEncoder<sbyte>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.SmallInt => new FixedKeyEncoder<short>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.Integer or SqlTypeKind.Date => new FixedKeyEncoder<int>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.BigInt or SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.TimeSpan =>
            new FixedKeyEncoder<long>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.UTinyInt => new FixedKeyEncoder<byte>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.USmallInt => new FixedKeyEncoder<ushort>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.UInteger => new FixedKeyEncoder<uint>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => new FixedKeyEncoder<ulong>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.Real => new FixedKeyEncoder<float>(type, descending, nullsFirst, nullable, false),
        SqlTypeKind.Double => new FixedKeyEncoder<double>(type, descending, nullsFirst, nullable, false),
        SqlTypeKind.Uuid => new FixedKeyEncoder<Guid>(type, descending, nullsFirst, nullable, true),
        SqlTypeKind.Interval => new FixedKeyEncoder<BareMetalInterval>(type, descending, nullsFirst, nullable, false),
        SqlTypeKind.DateTimeOffset => new FixedKeyEncoder<OffsetInstant>(type, descending, nullsFirst, nullable, false),
        SqlTypeKind.Decimal => new DecimalKeyEncoder(type, descending, nullsFirst, nullable),
        SqlTypeKind.Text => new BytesKeyEncoder(type, descending, nullsFirst, nullable, Collation.Get(type.Collation)),
        SqlTypeKind.Bytea => new BytesKeyEncoder(type, descending, nullsFirst, nullable, Collation.Ordinal),
        SqlTypeKind.Json or SqlTypeKind.Jsonb => new JsonKeyEncoder(type, descending, nullsFirst, nullable),
        SqlTypeKind.Array => new ArrayKeyEncoder(type, descending, nullsFirst, nullable),
        _ => throw new BareMetalException(SqlStates.FeatureNotSupported, $"A value of type {type.Kind} cannot be part of a key."),
    };

    /// <summary>Appends the part.</summary>
    public void Append(RowBuffer buffer, in Value value)
    {
        if (!AppendMarker(buffer, value.IsNull))
            return;
        int start = buffer.Length;
        AppendValue(buffer, value);
        if (Mask != 0)
            KeyText.Invert(buffer.WrittenSpan[start..]);
    }

    /// <summary>Appends the part of a vector row.</summary>
    public void Append(RowBuffer buffer, Vector vector, int row)
    {
        if (!AppendMarker(buffer, vector.IsNull(row)))
            return;
        int start = buffer.Length;
        AppendValue(buffer, vector, row * vector.Stride);
        if (Mask != 0)
            KeyText.Invert(buffer.WrittenSpan[start..]);
    }

    /// <summary>The index behind the part that begins at <paramref name="at"/>.</summary>
    public int Skip(ReadOnlySpan<byte> key, int at) => IsNullAt(key, ref at) ? at : SkipValue(key, at);

    /// <summary>Whether the part that begins at <paramref name="at"/> is null.</summary>
    public bool IsNull(ReadOnlySpan<byte> key, int at) => IsNullAt(key, ref at);

    /// <summary>Reads the part back into a vector row and moves past it. Only when <see cref="IsInvertible"/>.</summary>
    public void Read(ReadOnlySpan<byte> key, ref int at, Vector target, int row)
    {
        if (IsNullAt(key, ref at))
            target.SetNull(row);
        else
            target.SetValue(row, ReadValue(key, ref at));
    }

    /// <summary>Reads the part back and moves past it. Only when <see cref="IsInvertible"/>.</summary>
    public Value Read(ReadOnlySpan<byte> key, ref int at) => IsNullAt(key, ref at) ? Value.Null(Type.Kind) : ReadValue(key, ref at);

    protected abstract void AppendValue(RowBuffer buffer, in Value value);

    protected abstract void AppendValue(RowBuffer buffer, Vector vector, int index);

    protected abstract int SkipValue(ReadOnlySpan<byte> key, int at);

    protected abstract Value ReadValue(ReadOnlySpan<byte> key, ref int at);

    /// <summary>For encoders inside arrays: the value without marker and inversion.</summary>
    internal void AppendBare(RowBuffer buffer, in Value value) => AppendValue(buffer, value);

    internal int SkipBare(ReadOnlySpan<byte> key, int at) => SkipValue(key, at);

    internal Value ReadBare(ReadOnlySpan<byte> key, ref int at) => ReadValue(key, ref at);

    private bool AppendMarker(RowBuffer buffer, bool isNull)
    {
        if (!IsNullable)
            return !isNull ? true : throw new ArgumentException("A part of a primary key is null.");
        buffer.AppendByte(!isNull ? ValueMarker : NullsFirst ? NullFirstMarker : NullLastMarker);
        return !isNull;
    }

    private bool IsNullAt(ReadOnlySpan<byte> key, ref int at)
    {
        if (!IsNullable)
            return false;
        if ((uint)at >= (uint)key.Length)
            throw RowErrors.Corrupted("a key ends early");
        return key[at++] != ValueMarker;
    }
}

/// <summary>Fixed-width parts: big-endian with the sign bit turned; floats with −0 as +0 and one NaN above all.</summary>
internal sealed class FixedKeyEncoder<T>(SqlType type, bool descending, bool nullsFirst, bool nullable, bool invertible)
    : KeyEncoder(type, descending, nullsFirst, nullable, invertible)
{
    // Offsets are not part of an instant's key.
    private static readonly int Size = typeof(T) == typeof(OffsetInstant) ? 8 : FixedCodec.Size<T>();

    protected override void AppendValue(RowBuffer buffer, in Value value) => Write(buffer.Append(Size), value.As<T>());

    protected override void AppendValue(RowBuffer buffer, Vector vector, int index) => Write(buffer.Append(Size), Unsafe.As<Vector<T>>(vector).Data[index]);

    protected override int SkipValue(ReadOnlySpan<byte> key, int at) =>
        key.Length - at >= Size ? at + Size : throw RowErrors.Corrupted("a key ends early");

    protected override Value ReadValue(ReadOnlySpan<byte> key, ref int at)
    {
        Span<byte> bytes = stackalloc byte[16];
        int end = SkipValue(key, at);
        key[at..end].CopyTo(bytes);
        at = end;
        if (Mask != 0)
            KeyText.Invert(bytes);
        return Value.From(Type.Kind, Decode(bytes));
    }

    private static void Write(Span<byte> target, T value)
    {
        if (typeof(T) == typeof(bool))
            target[0] = (bool)(object)value! ? (byte)1 : (byte)0;
        else if (typeof(T) == typeof(sbyte))
            target[0] = (byte)((sbyte)(object)value! ^ sbyte.MinValue);
        else if (typeof(T) == typeof(byte))
            target[0] = (byte)(object)value!;
        else if (typeof(T) == typeof(short))
            BinaryPrimitives.WriteInt16BigEndian(target, (short)((short)(object)value! ^ short.MinValue));
        else if (typeof(T) == typeof(ushort))
            BinaryPrimitives.WriteUInt16BigEndian(target, (ushort)(object)value!);
        else if (typeof(T) == typeof(int))
            BinaryPrimitives.WriteInt32BigEndian(target, (int)(object)value! ^ int.MinValue);
        else if (typeof(T) == typeof(uint))
            BinaryPrimitives.WriteUInt32BigEndian(target, (uint)(object)value!);
        else if (typeof(T) == typeof(long))
            BinaryPrimitives.WriteInt64BigEndian(target, (long)(object)value! ^ long.MinValue);
        else if (typeof(T) == typeof(ulong))
            BinaryPrimitives.WriteUInt64BigEndian(target, (ulong)(object)value!);
        else if (typeof(T) == typeof(float))
            BinaryPrimitives.WriteInt32BigEndian(target, Ordered((float)(object)value!));
        else if (typeof(T) == typeof(double))
            BinaryPrimitives.WriteInt64BigEndian(target, Ordered((double)(object)value!));
        else if (typeof(T) == typeof(OffsetInstant))
            BinaryPrimitives.WriteInt64BigEndian(target, ((OffsetInstant)(object)value!).UtcTicks ^ long.MinValue);
        else if (typeof(T) == typeof(BareMetalInterval))
            BinaryPrimitives.WriteInt128BigEndian(target, ((BareMetalInterval)(object)value!).Length ^ Int128.MinValue);
        else
            ((Guid)(object)value!).TryWriteBytes(target, bigEndian: true, out _);
    }

    private static T Decode(ReadOnlySpan<byte> bytes)
    {
        if (typeof(T) == typeof(bool))
            return (T)(object)(bytes[0] != 0);
        if (typeof(T) == typeof(sbyte))
            return (T)(object)(sbyte)(bytes[0] ^ 0x80);
        if (typeof(T) == typeof(byte))
            return (T)(object)bytes[0];
        if (typeof(T) == typeof(short))
            return (T)(object)(short)(BinaryPrimitives.ReadInt16BigEndian(bytes) ^ short.MinValue);
        if (typeof(T) == typeof(ushort))
            return (T)(object)BinaryPrimitives.ReadUInt16BigEndian(bytes);
        if (typeof(T) == typeof(int))
            return (T)(object)(BinaryPrimitives.ReadInt32BigEndian(bytes) ^ int.MinValue);
        if (typeof(T) == typeof(uint))
            return (T)(object)BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (typeof(T) == typeof(long))
            return (T)(object)(BinaryPrimitives.ReadInt64BigEndian(bytes) ^ long.MinValue);
        if (typeof(T) == typeof(ulong))
            return (T)(object)BinaryPrimitives.ReadUInt64BigEndian(bytes);
        if (typeof(T) == typeof(Guid))
            return (T)(object)new Guid(bytes[..16], bigEndian: true);
        throw new InvalidOperationException($"A key part of {typeof(T).Name} does not give its value back.");
    }

    private static int Ordered(float value)
    {
        if (float.IsNaN(value))
            return -1;
        int bits = BitConverter.SingleToInt32Bits(value == 0 ? 0f : value);
        return bits < 0 ? ~bits : bits ^ int.MinValue;
    }

    private static long Ordered(double value)
    {
        if (double.IsNaN(value))
            return -1;
        long bits = BitConverter.DoubleToInt64Bits(value == 0 ? 0d : value);
        return bits < 0 ? ~bits : bits ^ long.MinValue;
    }
}

/// <summary>Decimals by value, whatever their scale.</summary>
internal sealed class DecimalKeyEncoder(SqlType type, bool descending, bool nullsFirst, bool nullable)
    : KeyEncoder(type, descending, nullsFirst, nullable, invertible: false)
{
    protected override void AppendValue(RowBuffer buffer, in Value value) => KeyText.AppendDecimal(value.As<decimal>(), buffer);

    protected override void AppendValue(RowBuffer buffer, Vector vector, int index) =>
        KeyText.AppendDecimal(Unsafe.As<Vector<decimal>>(vector).Data[index], buffer);

    protected override int SkipValue(ReadOnlySpan<byte> key, int at) => KeyText.SkipDecimal(key, at, Mask);

    protected override Value ReadValue(ReadOnlySpan<byte> key, ref int at) =>
        throw new InvalidOperationException("A decimal in a key does not give its scale back.");
}

/// <summary>Text by its collation, and bytea.</summary>
internal sealed class BytesKeyEncoder(SqlType type, bool descending, bool nullsFirst, bool nullable, Collation collation)
    : KeyEncoder(type, descending, nullsFirst, nullable, collation.IsOrdinal)
{
    protected override void AppendValue(RowBuffer buffer, in Value value) => Append(value.As<ByteSlice>().Span, buffer);

    protected override void AppendValue(RowBuffer buffer, Vector vector, int index) =>
        Append(Unsafe.As<Vector<ByteSlice>>(vector).Data[index].Span, buffer);

    protected override int SkipValue(ReadOnlySpan<byte> key, int at) => KeyText.SkipEscaped(key, at, Mask);

    protected override Value ReadValue(ReadOnlySpan<byte> key, ref int at)
    {
        if (!IsInvertible)
            throw new InvalidOperationException("A text under this collation is not read back from a key.");
        RowBuffer buffer = new(32);
        KeyText.ReadEscaped(key, ref at, Mask, buffer);
        return Value.From(Type.Kind, new ByteSlice(buffer.ToArray()));
    }

    private void Append(ReadOnlySpan<byte> bytes, RowBuffer buffer)
    {
        if (collation.IsOrdinal)
        {
            KeyText.AppendEscaped(bytes, buffer);
            return;
        }

        RowBuffer sortKey = new(bytes.Length + 16);
        collation.AppendSortKey(bytes, sortKey);
        KeyText.AppendEscaped(sortKey.Span, buffer);
    }
}

/// <summary>JSON by value; escaped as a whole so that it can be skipped without knowing its structure.</summary>
internal sealed class JsonKeyEncoder(SqlType type, bool descending, bool nullsFirst, bool nullable)
    : KeyEncoder(type, descending, nullsFirst, nullable, invertible: false)
{
    protected override void AppendValue(RowBuffer buffer, in Value value) => Append(value.As<ByteSlice>().Span, buffer);

    protected override void AppendValue(RowBuffer buffer, Vector vector, int index) =>
        Append(Unsafe.As<Vector<ByteSlice>>(vector).Data[index].Span, buffer);

    protected override int SkipValue(ReadOnlySpan<byte> key, int at) => KeyText.SkipEscaped(key, at, Mask);

    protected override Value ReadValue(ReadOnlySpan<byte> key, ref int at) =>
        throw new InvalidOperationException("JSON in a key does not give its text back.");

    private static void Append(ReadOnlySpan<byte> json, RowBuffer buffer)
    {
        RowBuffer sortKey = new(json.Length + 16);
        JsonNormal.AppendSortKey(json, sortKey);
        KeyText.AppendEscaped(sortKey.Span, buffer);
    }
}

/// <summary>Arrays element by element: 01 before a value, 02 for null (above values), 00 at the end.</summary>
internal sealed class ArrayKeyEncoder : KeyEncoder
{
    private readonly KeyEncoder _element;

    public ArrayKeyEncoder(SqlType type, bool descending, bool nullsFirst, bool nullable)
        : this(type, descending, nullsFirst, nullable, Create(type.Element!, descending, nullsFirst: false, nullable: false))
    {
    }

    private ArrayKeyEncoder(SqlType type, bool descending, bool nullsFirst, bool nullable, KeyEncoder element)
        : base(type, descending, nullsFirst, nullable, element.IsInvertible) => _element = element;

    protected override void AppendValue(RowBuffer buffer, in Value value) => Append(value.As<ArrayValue>(), buffer);

    protected override void AppendValue(RowBuffer buffer, Vector vector, int index) =>
        Append(Unsafe.As<Vector<ArrayValue>>(vector).Data[index], buffer);

    protected override int SkipValue(ReadOnlySpan<byte> key, int at)
    {
        while (true)
        {
            if ((uint)at >= (uint)key.Length)
                throw RowErrors.Corrupted("an array in a key has no end");
            switch (key[at++] ^ Mask)
            {
                case 0: return at;
                case 1: at = _element.SkipBare(key, at); break;
            }
        }
    }

    protected override Value ReadValue(ReadOnlySpan<byte> key, ref int at)
    {
        List<Value> items = [];
        while (true)
        {
            if ((uint)at >= (uint)key.Length)
                throw RowErrors.Corrupted("an array in a key has no end");
            switch (key[at++] ^ Mask)
            {
                case 0: return Value.From(SqlTypeKind.Array, new ArrayValue(Type.Element!, [.. items]));
                case 1: items.Add(_element.ReadBare(key, ref at)); break;
                default: items.Add(Value.Null(Type.Element!.Kind)); break;
            }
        }
    }

    // The element's own inversion is not applied here: the whole array is inverted by the caller.
    private void Append(ArrayValue array, RowBuffer buffer)
    {
        foreach (Value item in array.Items)
        {
            if (item.IsNull)
            {
                buffer.AppendByte(2);
                continue;
            }

            buffer.AppendByte(1);
            _element.AppendBare(buffer, item);
        }

        buffer.AppendByte(0);
    }
}
