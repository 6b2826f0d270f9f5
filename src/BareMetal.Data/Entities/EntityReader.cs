using System.Runtime.CompilerServices;
using System.Text;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>A row for generated code to read from. Valid during the call it is passed to.</summary>
public readonly ref struct EntityReader
{
    private readonly Vector[] _columns;
    private readonly int _row;

    internal EntityReader(Vector[] columns, int row)
    {
        _columns = columns;
        _row = row;
    }

    /// <summary>Whether a column is null.</summary>
    public bool IsNull(int column) => _columns[column].IsNull(_row);

    /// <summary>A column's value, which is not null. The type is the one that belongs to the column's SQL type.</summary>
    /// <exception cref="InvalidCastException">The column is null or of another type.</exception>
    public T Get<T>(int column)
    {
        Vector vector = _columns[column];
        if (!vector.IsNull(_row))
        {
            if (typeof(T) == typeof(int) && vector.Type.Kind == SqlTypeKind.Integer)
                return Take<int, T>(vector);
            if (typeof(T) == typeof(long) && vector.Type.Kind == SqlTypeKind.BigInt)
                return Take<long, T>(vector);
            if (typeof(T) == typeof(bool) && vector.Type.Kind == SqlTypeKind.Boolean)
                return Take<bool, T>(vector);
            if (typeof(T) == typeof(decimal) && vector.Type.Kind == SqlTypeKind.Decimal)
                return Take<decimal, T>(vector);
            if (typeof(T) == typeof(double) && vector.Type.Kind == SqlTypeKind.Double)
                return Take<double, T>(vector);
            if (typeof(T) == typeof(Guid) && vector.Type.Kind == SqlTypeKind.Uuid)
                return Take<Guid, T>(vector);
            if (typeof(T) == typeof(DateTime) && vector.Type.Kind == SqlTypeKind.Timestamp)
            {
                DateTime moment = new(Take<long, long>(vector));
                return Unsafe.As<DateTime, T>(ref moment);
            }

            if (typeof(T) == typeof(string) && ClrReader.IsText(vector.Type.Kind))
                return (T)(object)Encoding.UTF8.GetString(Take<ByteSlice, ByteSlice>(vector).Span);
            if (ClrReader.TryGet(vector, _row, out T value))
                return value;
        }

        throw new InvalidCastException(vector.IsNull(_row)
            ? $"Column {column} is null where the entity has no null."
            : $"Column {column} is of type {DataTypeNames.Format(vector.Type)} and is not read as {typeof(T)}.");
    }

    /// <summary>The UTF-8 text of a json column that is not null. Valid as long as the reader.</summary>
    public ReadOnlySpan<byte> GetJson(int column)
    {
        Vector vector = _columns[column];
        return ClrReader.IsText(vector.Type.Kind)
            ? Take<ByteSlice, ByteSlice>(vector).Span
            : throw new InvalidCastException($"Column {column} is of type {DataTypeNames.Format(vector.Type)}, not json.");
    }

    private TTo Take<TFrom, TTo>(Vector vector)
    {
        Vector<TFrom> typed = Unsafe.As<Vector<TFrom>>(vector);
        return Unsafe.As<TFrom, TTo>(ref typed.Data[_row * typed.Stride]);
    }
}
