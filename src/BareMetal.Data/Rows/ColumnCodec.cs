using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Rows;

/// <summary>
/// Reads and writes one column in rows of one layout. Rows given to the reading members have passed <see cref="RowLayout.Check"/>,
/// so that the header, the bitmap, the fixed part and the offset table are known to be there.
/// </summary>
internal abstract class ColumnCodec
{
    protected ColumnCodec(SqlType type, int nullByte, byte nullMask)
    {
        Type = type;
        NullByte = nullByte;
        NullMask = nullMask;
    }

    public SqlType Type { get; }

    protected int NullByte { get; }

    protected byte NullMask { get; }

    public virtual bool IsNull(ReadOnlySpan<byte> row) => (row[NullByte] & NullMask) != 0;

    /// <summary>Reads into a vector row.</summary>
    public abstract void Read(ReadOnlySpan<byte> row, Vector target, int at);

    /// <summary>Reads many rows of the block to positions from <paramref name="at"/> on.</summary>
    public abstract void ReadMany(ReadOnlySpan<byte> block, ReadOnlySpan<RowRange> rows, Vector target, int at);

    /// <summary>Reads as a scalar; bytes are copied.</summary>
    public abstract Value ReadValue(ReadOnlySpan<byte> row);

    /// <summary>The stored bytes of the value, without a copy. Meaningless when null.</summary>
    public abstract ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> row);

    public abstract void Write(RowBuffer buffer, int rowStart, Vector source, int row);

    public abstract void Write(RowBuffer buffer, int rowStart, in Value value);

    protected static void MarkNotNull(Vector target, int at)
    {
        if (target.HasNulls)
            target.Nulls[at] = false;
    }
}

/// <summary>A column of fixed width.</summary>
internal sealed class FixedColumnCodec<T>(SqlType type, int nullByte, byte nullMask, int offset) : ColumnCodec(type, nullByte, nullMask)
{
    public int Offset { get; } = offset;

    /// <summary>The value of a row that is not null here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Get(ReadOnlySpan<byte> row) => FixedCodec.Read<T>(ref Unsafe.Add(ref MemoryMarshal.GetReference(row), Offset));

    public override void Read(ReadOnlySpan<byte> row, Vector target, int at)
    {
        if (IsNull(row))
        {
            target.SetNull(at);
            return;
        }

        ((Vector<T>)target).Data[at] = Get(row);
        MarkNotNull(target, at);
    }

    public override void ReadMany(ReadOnlySpan<byte> block, ReadOnlySpan<RowRange> rows, Vector target, int at)
    {
        T[] data = ((Vector<T>)target).Data;
        int nullByte = NullByte;
        byte nullMask = NullMask;
        int offset = Offset;
        ref byte start = ref MemoryMarshal.GetReference(block);
        Span<T> window = data.AsSpan(at, rows.Length);
        if (target.HasNulls)
            Array.Clear(target.Nulls, at, rows.Length);
        for (int i = 0; i < rows.Length; i++)
        {
            ref byte row = ref Unsafe.Add(ref start, rows[i].Offset);
            if ((Unsafe.Add(ref row, nullByte) & nullMask) != 0)
                target.SetNull(at + i);
            else
                window[i] = FixedCodec.Read<T>(ref Unsafe.Add(ref row, offset));
        }
    }

    public override Value ReadValue(ReadOnlySpan<byte> row) => IsNull(row) ? Value.Null(Type.Kind) : Value.From(Type.Kind, Get(row));

    public override ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> row) => row.Slice(Offset, FixedCodec.Size<T>());

    public override void Write(RowBuffer buffer, int rowStart, Vector source, int row)
    {
        if (source.IsNull(row))
            buffer.WrittenSpan[rowStart + NullByte] |= NullMask;
        else
            FixedCodec.Write(ref buffer.WrittenSpan.Slice(rowStart + Offset, FixedCodec.Size<T>())[0], ((Vector<T>)source).Data[row * source.Stride]);
    }

    public override void Write(RowBuffer buffer, int rowStart, in Value value)
    {
        if (value.IsNull)
            buffer.WrittenSpan[rowStart + NullByte] |= NullMask;
        else
            FixedCodec.Write(ref buffer.WrittenSpan.Slice(rowStart + Offset, FixedCodec.Size<T>())[0], value.As<T>());
    }
}

/// <summary>A column of variable width: its end is entry <paramref name="index"/> of the row's offset table.</summary>
internal sealed class VariableColumnCodec(SqlType type, int nullByte, byte nullMask, int index, int tableOffset, int variableCount, bool indexDocuments)
    : ColumnCodec(type, nullByte, nullMask)
{
    private readonly bool _isArray = type.Kind == SqlTypeKind.Array;
    private readonly bool _isJson = type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb;

    public override void Read(ReadOnlySpan<byte> row, Vector target, int at)
    {
        if (IsNull(row))
        {
            target.SetNull(at);
            return;
        }

        ReadOnlySpan<byte> bytes = Stored(row);
        if (_isArray)
        {
            ((Vector<ArrayValue>)target).Data[at] = ValueCodec.ReadArray(Type, bytes);
        }
        else
        {
            Vector<ByteSlice> vector = (Vector<ByteSlice>)target;
            vector.Data[at] = _isJson ? StoredJson.Read(bytes, vector.Arena) : vector.Arena.Copy(bytes);
        }

        MarkNotNull(target, at);
    }

    public override void ReadMany(ReadOnlySpan<byte> block, ReadOnlySpan<RowRange> rows, Vector target, int at)
    {
        for (int i = 0; i < rows.Length; i++)
            Read(block.Slice(rows[i].Offset, rows[i].Length), target, at + i);
    }

    public override Value ReadValue(ReadOnlySpan<byte> row)
    {
        if (IsNull(row))
            return Value.Null(Type.Kind);
        ReadOnlySpan<byte> bytes = Stored(row);
        return _isJson ? Value.From(Type.Kind, StoredJson.Read(bytes)) : ValueCodec.Decode(Type, bytes);
    }

    public override ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> row) => _isJson ? StoredJson.Text(Stored(row)) : Stored(row);

    private ReadOnlySpan<byte> Stored(ReadOnlySpan<byte> row)
    {
        int start, end, data;
        ref byte table = ref Unsafe.Add(ref MemoryMarshal.GetReference(row), tableOffset);
        if ((row[0] & 1) == 0)
        {
            start = index == 0 ? 0 : FixedCodec.Read<ushort>(ref Unsafe.Add(ref table, (index - 1) * 2));
            end = FixedCodec.Read<ushort>(ref Unsafe.Add(ref table, index * 2));
            data = tableOffset + variableCount * 2;
        }
        else
        {
            start = index == 0 ? 0 : FixedCodec.Read<int>(ref Unsafe.Add(ref table, (index - 1) * 4));
            end = FixedCodec.Read<int>(ref Unsafe.Add(ref table, index * 4));
            data = tableOffset + variableCount * 4;
        }

        if (start < 0 || end < start || end > row.Length - data)
            throw RowErrors.Corrupted("an offset lies outside its row");
        return row.Slice(data + start, end - start);
    }

    public override void Write(RowBuffer buffer, int rowStart, Vector source, int row)
    {
        if (source.IsNull(row))
            buffer.WrittenSpan[rowStart + NullByte] |= NullMask;
        else if (_isArray)
            ValueCodec.WriteArray(Type, ((Vector<ArrayValue>)source).Data[row * source.Stride], buffer);
        else if (_isJson && indexDocuments)
            StoredJson.Append(((Vector<ByteSlice>)source).Data[row * source.Stride], buffer);
        else
            buffer.Append(((Vector<ByteSlice>)source).Data[row * source.Stride].Span);
        SetEnd(buffer, rowStart);
    }

    public override void Write(RowBuffer buffer, int rowStart, in Value value)
    {
        if (value.IsNull)
            buffer.WrittenSpan[rowStart + NullByte] |= NullMask;
        else if (_isJson && indexDocuments)
            StoredJson.Append(value.As<ByteSlice>(), buffer);
        else
            ValueCodec.Write(Type, value, buffer);
        SetEnd(buffer, rowStart);
    }

    private void SetEnd(RowBuffer buffer, int rowStart)
    {
        Span<byte> row = buffer.WrittenSpan[rowStart..];
        if ((row[0] & 1) == 0)
        {
            // An end beyond 64 KiB is noticed by the layout, which then writes the row anew with wide offsets.
            int end = row.Length - (tableOffset + variableCount * 2);
            FixedCodec.Write(ref row[tableOffset + index * 2], (ushort)Math.Min(end, ushort.MaxValue));
        }
        else
        {
            FixedCodec.Write(ref row[tableOffset + index * 4], row.Length - (tableOffset + variableCount * 4));
        }
    }
}
