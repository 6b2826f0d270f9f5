using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Spilling;

/// <summary>Batches as bytes for temporary files: column by column, in the machine's byte order. Never read by another process.</summary>
internal static class BatchSerializer
{
    public static void Write(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows, RowBuffer buffer)
    {
        foreach (Vector column in columns)
            WriteColumn(column, rows, buffer);
    }

    /// <summary>Reads a batch of <paramref name="count"/> rows, whose texts and the like stay where they are: it is valid as long as the bytes.</summary>
    public static void Read(byte[] bytes, int count, Batch batch)
    {
        int at = 0;
        foreach (Vector column in batch.Columns)
        {
            column.Reset();
            column.EnsureCapacity(count);
            ReadColumn(column, count, bytes, ref at);
        }

        batch.Count = count;
    }

    private static void WriteColumn(Vector column, ReadOnlySpan<int> rows, RowBuffer buffer)
    {
        buffer.AppendByte(column.HasNulls ? (byte)1 : (byte)0);
        if (column.HasNulls)
        {
            Span<byte> nulls = buffer.Append(rows.Length);
            for (int i = 0; i < rows.Length; i++)
                nulls[i] = column.IsNull(rows[i]) ? (byte)1 : (byte)0;
        }

        switch (column)
        {
            case Vector<bool> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<sbyte> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<short> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<int> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<long> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<byte> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<ushort> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<uint> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<ulong> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<float> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<double> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<decimal> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<Guid> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<OffsetInstant> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<BareMetalInterval> v:
                WriteFixed(v, rows, buffer);
                break;
            case Vector<ByteSlice> v:
                foreach (int row in rows)
                {
                    ReadOnlySpan<byte> bytes = v.IsNull(row) ? default : v.Data[row * v.Stride].Span;
                    BinaryPrimitives.WriteInt32LittleEndian(buffer.Append(4), bytes.Length);
                    buffer.Append(bytes);
                }

                break;
            case Vector<ArrayValue> v:
                WriteArrays(v, rows, buffer);
                break;
            default:
                throw new BareMetalException(SqlStates.InternalError, $"A column of {column.Type.Kind} cannot be written to a temporary file.");
        }
    }

    private static void WriteFixed<T>(Vector<T> column, ReadOnlySpan<int> rows, RowBuffer buffer)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        Span<byte> bytes = buffer.Append(size * rows.Length);
        int stride = column.Stride;
        T[] data = column.Data;
        for (int i = 0; i < rows.Length; i++)
            MemoryMarshal.Write(bytes[(i * size)..], in data[rows[i] * stride]);
    }

    private static void WriteArrays(Vector<ArrayValue> column, ReadOnlySpan<int> rows, RowBuffer buffer)
    {
        foreach (int row in rows)
        {
            int start = buffer.Length;
            buffer.Append(4);
            if (!column.IsNull(row) && column.Type.Kind == SqlTypeKind.Record)
                RecordCodec.Write(column.Type, column.Data[row * column.Stride], buffer);
            else if (!column.IsNull(row))
                ValueCodec.WriteArray(column.Type, column.Data[row * column.Stride], buffer);
            BinaryPrimitives.WriteInt32LittleEndian(buffer.WrittenSpan[start..], buffer.Length - start - 4);
        }
    }

    private static void ReadColumn(Vector column, int count, byte[] array, ref int at)
    {
        ReadOnlySpan<byte> bytes = array;
        if (bytes[at++] != 0)
        {
            for (int i = 0; i < count; i++)
            {
                if (bytes[at + i] != 0)
                    column.SetNull(i);
            }

            at += count;
        }

        switch (column)
        {
            case Vector<bool> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<sbyte> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<short> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<int> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<long> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<byte> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<ushort> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<uint> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<ulong> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<float> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<double> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<decimal> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<Guid> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<OffsetInstant> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<BareMetalInterval> v:
                ReadFixed(v, count, bytes, ref at);
                break;
            case Vector<ByteSlice> v:
                for (int i = 0; i < count; i++)
                {
                    int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);
                    v.Data[i] = new ByteSlice(array, at + 4, length);
                    at += 4 + length;
                }

                break;
            case Vector<ArrayValue> v:
                for (int i = 0; i < count; i++)
                {
                    int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);
                    if (v.Type.Kind == SqlTypeKind.Record && !v.IsNull(i))
                        v.Data[i] = RecordCodec.Read(v.Type, bytes.Slice(at + 4, length));
                    else if (length > 0)
                        v.Data[i] = ValueCodec.ReadArray(v.Type, bytes.Slice(at + 4, length));
                    at += 4 + length;
                }

                break;
        }
    }

    private static void ReadFixed<T>(Vector<T> column, int count, ReadOnlySpan<byte> bytes, ref int at)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        bytes.Slice(at, size * count).CopyTo(MemoryMarshal.AsBytes(column.Data.AsSpan(0, count)));
        at += size * count;
    }
}
