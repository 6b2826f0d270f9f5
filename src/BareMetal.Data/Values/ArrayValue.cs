using BareMetal.Data.Types;

namespace BareMetal.Data.Values;

/// <summary>An array value: elements of one type, each possibly null, possibly arrays themselves.</summary>
internal sealed class ArrayValue(SqlType elementType, Value[] items)
{
    public SqlType ElementType { get; } = elementType;

    public Value[] Items { get; } = items;
}
