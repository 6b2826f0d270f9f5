using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>
/// The stored bytes of one value that is not null, without its length: fixed-width types as <see cref="FixedCodec"/>, text, bytea and
/// JSON as they are, arrays as count, null bitmap and elements (variable ones behind their length).
/// </summary>
internal static class ValueCodec
{
    /// <summary>Bytes of a fixed-width type, or −1 for text, bytea, JSON and arrays.</summary>
    public static int FixedSize(SqlTypeKind kind) => kind switch
    {
        SqlTypeKind.Boolean or SqlTypeKind.TinyInt or SqlTypeKind.UTinyInt => 1,
        SqlTypeKind.SmallInt or SqlTypeKind.USmallInt => 2,
        SqlTypeKind.Integer or SqlTypeKind.UInteger or SqlTypeKind.Real or SqlTypeKind.Date => 4,
        SqlTypeKind.BigInt or SqlTypeKind.UBigInt or SqlTypeKind.Double or SqlTypeKind.Time or SqlTypeKind.Timestamp
            or SqlTypeKind.TimestampTz or SqlTypeKind.TimeSpan or SqlTypeKind.RowVersion => 8,
        SqlTypeKind.DateTimeOffset => 10,
        SqlTypeKind.Decimal or SqlTypeKind.Uuid or SqlTypeKind.Interval => 16,
        _ => -1,
    };

    /// <summary>The stored bytes of a value that is not null: also the form of <c>Column.MissingValue</c>.</summary>
    public static byte[] Encode(SqlType type, in Value value)
    {
        RowBuffer buffer = new(32);
        Write(type, value, buffer);
        return buffer.ToArray();
    }

    /// <summary>Appends the stored bytes of a value that is not null.</summary>
    public static void Write(SqlType type, in Value value, RowBuffer buffer)
    {
        switch (type.Kind)
        {
            case SqlTypeKind.Boolean: WriteFixed<bool>(value, buffer); break;
            case SqlTypeKind.TinyInt: WriteFixed<sbyte>(value, buffer); break;
            case SqlTypeKind.SmallInt: WriteFixed<short>(value, buffer); break;
            case SqlTypeKind.Integer or SqlTypeKind.Date: WriteFixed<int>(value, buffer); break;
            case SqlTypeKind.UTinyInt: WriteFixed<byte>(value, buffer); break;
            case SqlTypeKind.USmallInt: WriteFixed<ushort>(value, buffer); break;
            case SqlTypeKind.UInteger: WriteFixed<uint>(value, buffer); break;
            case SqlTypeKind.UBigInt or SqlTypeKind.RowVersion: WriteFixed<ulong>(value, buffer); break;
            case SqlTypeKind.Real: WriteFixed<float>(value, buffer); break;
            case SqlTypeKind.Double: WriteFixed<double>(value, buffer); break;
            case SqlTypeKind.Decimal: WriteFixed<decimal>(value, buffer); break;
            case SqlTypeKind.Uuid: WriteFixed<Guid>(value, buffer); break;
            case SqlTypeKind.Interval: WriteFixed<BareMetalInterval>(value, buffer); break;
            case SqlTypeKind.DateTimeOffset: WriteFixed<OffsetInstant>(value, buffer); break;
            case SqlTypeKind.BigInt or SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.TimeSpan:
                WriteFixed<long>(value, buffer);
                break;
            case SqlTypeKind.Array: WriteArray(type, value.As<ArrayValue>(), buffer); break;
            case SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb:
                buffer.Append(value.As<ByteSlice>().Span);
                break;
            default: throw new ArgumentException($"Values of type {type.Kind} are not stored.", nameof(type));
        }
    }

    /// <summary>Appends an array: count, null bitmap, elements.</summary>
    public static void WriteArray(SqlType type, ArrayValue array, RowBuffer buffer)
    {
        SqlType element = type.Element ?? array.ElementType;
        Value[] items = array.Items;
        buffer.AppendVarUInt((ulong)items.Length);
        int bitmapAt = buffer.Length;
        buffer.Append((items.Length + 7) / 8).Clear();
        bool isFixed = FixedSize(element.Kind) > 0;
        for (int i = 0; i < items.Length; i++)
        {
            if (items[i].IsNull)
            {
                buffer.WrittenSpan[bitmapAt + (i >> 3)] |= (byte)(1 << (i & 7));
            }
            else if (isFixed)
            {
                Write(element, items[i], buffer);
            }
            else if (element.Kind == SqlTypeKind.Array)
            {
                RowBuffer inner = new();
                Write(element, items[i], inner);
                buffer.AppendVarUInt((ulong)inner.Length);
                buffer.Append(inner.Span);
            }
            else
            {
                ReadOnlySpan<byte> bytes = items[i].As<ByteSlice>().Span;
                buffer.AppendVarUInt((ulong)bytes.Length);
                buffer.Append(bytes);
            }
        }
    }

    /// <summary>Reads a value back; bytes are copied.</summary>
    public static Value Decode(SqlType type, ReadOnlySpan<byte> bytes)
    {
        int size = FixedSize(type.Kind);
        if (size >= 0)
        {
            if (bytes.Length != size)
                throw RowErrors.Corrupted($"a {type.Kind} of {bytes.Length} bytes");
            return ReadFixed(type.Kind, bytes);
        }

        return type.Kind == SqlTypeKind.Array
            ? Value.From(SqlTypeKind.Array, ReadArray(type, bytes))
            : Value.From(type.Kind, new ByteSlice(bytes.ToArray()));
    }

    /// <summary>Reads an array's bytes.</summary>
    public static ArrayValue ReadArray(SqlType type, ReadOnlySpan<byte> bytes)
    {
        SqlType element = type.Element ?? throw new ArgumentException("An array type needs its element type.", nameof(type));
        int offset = 0;
        int count = VarInt.ReadInt32(bytes, ref offset);
        int bitmapAt = offset;
        offset += (int)(((long)count + 7) / 8);
        if (offset > bytes.Length)
            throw RowErrors.Corrupted("an array's bitmap ends early");
        int size = FixedSize(element.Kind);
        Value[] items = count == 0 ? [] : new Value[count];
        for (int i = 0; i < count; i++)
        {
            if ((bytes[bitmapAt + (i >> 3)] & (1 << (i & 7))) != 0)
            {
                items[i] = Value.Null(element.Kind);
                continue;
            }

            int length = size >= 0 ? size : VarInt.ReadInt32(bytes, ref offset);
            if (bytes.Length - offset < length)
                throw RowErrors.Corrupted("an array's element ends early");
            items[i] = Decode(element, bytes.Slice(offset, length));
            offset += length;
        }

        return new ArrayValue(element, items);
    }

    private static Value ReadFixed(SqlTypeKind kind, ReadOnlySpan<byte> bytes)
    {
        ref byte at = ref System.Runtime.InteropServices.MemoryMarshal.GetReference(bytes);
        return kind switch
        {
            SqlTypeKind.Boolean => Value.From(kind, FixedCodec.Read<bool>(ref at)),
            SqlTypeKind.TinyInt => Value.From(kind, FixedCodec.Read<sbyte>(ref at)),
            SqlTypeKind.SmallInt => Value.From(kind, FixedCodec.Read<short>(ref at)),
            SqlTypeKind.Integer or SqlTypeKind.Date => Value.From(kind, FixedCodec.Read<int>(ref at)),
            SqlTypeKind.UTinyInt => Value.From(kind, FixedCodec.Read<byte>(ref at)),
            SqlTypeKind.USmallInt => Value.From(kind, FixedCodec.Read<ushort>(ref at)),
            SqlTypeKind.UInteger => Value.From(kind, FixedCodec.Read<uint>(ref at)),
            SqlTypeKind.UBigInt or SqlTypeKind.RowVersion => Value.From(kind, FixedCodec.Read<ulong>(ref at)),
            SqlTypeKind.Real => Value.From(kind, FixedCodec.Read<float>(ref at)),
            SqlTypeKind.Double => Value.From(kind, FixedCodec.Read<double>(ref at)),
            SqlTypeKind.Decimal => Value.From(kind, FixedCodec.Read<decimal>(ref at)),
            SqlTypeKind.Uuid => Value.From(kind, FixedCodec.Read<Guid>(ref at)),
            SqlTypeKind.Interval => Value.From(kind, FixedCodec.Read<BareMetalInterval>(ref at)),
            SqlTypeKind.DateTimeOffset => Value.From(kind, FixedCodec.Read<OffsetInstant>(ref at)),
            _ => Value.From(kind, FixedCodec.Read<long>(ref at)),
        };
    }

    private static void WriteFixed<T>(in Value value, RowBuffer buffer) =>
        FixedCodec.Write(ref buffer.Append(FixedCodec.Size<T>())[0], value.As<T>());
}
