using System.Reflection;

namespace BareMetal.Data.BulkCopy;

/// <summary>An object whose properties are the row's values.</summary>
internal sealed class ObjectRow(PropertyInfo[] properties) : IBulkRow
{
    public object? Current { get; set; }

    public object? Get(int column) => properties[column].GetValue(Current);
}
