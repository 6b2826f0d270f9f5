using BareMetal.Data.Types;

namespace BareMetal.Data.Values;

/// <summary>An array value: elements of one type, each possibly null, possibly arrays themselves.</summary>
internal sealed class ArrayValue(SqlType elementType, Value[] items)
{
    public SqlType ElementType { get; } = elementType;

    public Value[] Items { get; } = items;

    /// <summary>Approximate bytes that it takes in memory, its elements included.</summary>
    public long Bytes
    {
        get
        {
            long bytes = 40 + (32L * Items.Length);
            foreach (Value v in Items)
            {
                if (v.IsNull)
                    continue;
                if (v.Kind is SqlTypeKind.Array or SqlTypeKind.Record)
                    bytes += v.As<ArrayValue>().Bytes;
                else if (v.Kind is SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb)
                    bytes += 24 + v.As<ByteSlice>().Length;
            }

            return bytes;
        }
    }
}
