using System.Data;

namespace BareMetal.Data.BulkCopy;

/// <summary>The current row of a reader.</summary>
internal readonly struct ReaderRow(IDataReader reader, int[] ordinals) : IBulkRow
{
    public object? Get(int column) => reader.GetValue(ordinals[column]);
}
