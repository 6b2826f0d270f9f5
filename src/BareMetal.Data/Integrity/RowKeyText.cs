using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Integrity;

/// <summary>Keys of rows for messages.</summary>
internal static class RowKeyText
{
    /// <summary>(a, b)=(1, x) where the key's bytes say it, else the bytes in hexadecimal.</summary>
    public static string Describe(Table table, ReadOnlySpan<byte> key)
    {
        try
        {
            KeyCodec codec = KeyCodec.For(table);
            if (codec.HasRowId)
                return $"(row {KeyCodec.DecodeRowId(key)})";
            List<string> names = [];
            List<Value> values = [];
            List<SqlType> types = [];
            int offset = 0;
            for (int i = 0; i < codec.Parts.Length; i++)
            {
                KeyEncoder part = codec.Parts[i];
                if (!part.IsInvertible)
                    return Convert.ToHexString(key);
                Vector vector = Vector.Create(part.Type, 1);
                part.Read(key, ref offset, vector, 0);
                names.Add(table.Columns[codec.Ordinals[i]].Name);
                values.Add(vector.GetValue(0));
                types.Add(part.Type);
            }

            return WriteErrors.Key(names, values, types);
        }
        catch (Exception e) when (e is BareMetalException or ArgumentException or IndexOutOfRangeException or OverflowException or FormatException)
        {
            return Convert.ToHexString(key); // the key is what is damaged
        }
    }
}
