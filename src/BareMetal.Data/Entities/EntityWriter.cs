using System.Buffers;
using System.Text.Json;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>Takes the values of an entity from generated code. Used for one entity at a time.</summary>
public sealed class EntityWriter
{
    private readonly Value[] _values;
    private readonly SqlType[] _types;
    private ArrayBufferWriter<byte>? _buffer;
    private Utf8JsonWriter? _json;

    internal EntityWriter(EntitySchema schema)
    {
        _values = new Value[schema.Columns.Count];
        _types = new SqlType[schema.Columns.Count];
        for (int i = 0; i < _types.Length; i++)
            _types[i] = schema.Columns[i].Type;
    }

    internal Value[] Values => _values;

    /// <summary>Sets a column to null.</summary>
    public void SetNull(int column) => _values[column] = Value.Null(_types[column].Kind);

    /// <summary>Sets a column to a value of the type that belongs to it.</summary>
    /// <exception cref="InvalidCastException">The column is of another type.</exception>
    public void Set<T>(int column, T value)
        where T : notnull
    {
        if (ClrTypes.TryToValue(value, out Value own, out SqlType type) && type.Kind == _types[column].Kind)
            _values[column] = own;
        else
            _values[column] = ClrTypes.ToValue(value, _types[column]);
    }

    /// <summary>Begins the text of a json column; <see cref="EndJson"/> follows before anything else.</summary>
    public Utf8JsonWriter BeginJson()
    {
        _buffer ??= new ArrayBufferWriter<byte>();
        _buffer.ResetWrittenCount();
        _json ??= new Utf8JsonWriter(_buffer);
        _json.Reset(_buffer);
        return _json;
    }

    /// <summary>Sets a column to the text written since <see cref="BeginJson"/>.</summary>
    public void EndJson(int column)
    {
        _json!.Flush();
        _values[column] = Value.From(_types[column].Kind, new ByteSlice(_buffer!.WrittenSpan.ToArray()));
    }
}
