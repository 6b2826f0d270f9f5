using System.Buffers.Binary;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Spilling;

/// <summary>Row values as bytes for temporary files: each field with its length, −1 for null.</summary>
internal static class RecordCodec
{
    public static void Write(SqlType type, ArrayValue record, RowBuffer buffer)
    {
        for (int i = 0; i < record.Items.Length; i++)
        {
            SqlType field = type.Fields!.Types[i];
            Value item = record.Items[i];
            int start = buffer.Length;
            buffer.Append(4);
            int length = -1;
            if (!item.IsNull)
            {
                if (field.Kind == SqlTypeKind.Record)
                    Write(field, item.As<ArrayValue>(), buffer);
                else
                    ValueCodec.Write(field, item, buffer);
                length = buffer.Length - start - 4;
            }

            BinaryPrimitives.WriteInt32LittleEndian(buffer.WrittenSpan[start..], length);
        }
    }

    public static ArrayValue Read(SqlType type, ReadOnlySpan<byte> bytes)
    {
        Value[] items = new Value[type.Fields!.Types.Count];
        int at = 0;
        for (int i = 0; i < items.Length; i++)
        {
            SqlType field = type.Fields.Types[i];
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);
            at += 4;
            if (length < 0)
            {
                items[i] = Value.Null(field.Kind);
                continue;
            }

            ReadOnlySpan<byte> own = bytes.Slice(at, length);
            items[i] = field.Kind == SqlTypeKind.Record ? Value.From(SqlTypeKind.Record, Read(field, own)) : ValueCodec.Decode(field, own);
            at += length;
        }

        return new ArrayValue(type, items);
    }
}
