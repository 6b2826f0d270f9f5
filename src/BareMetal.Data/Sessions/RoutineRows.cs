using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>
/// The rows that a function gives, until its caller has read them: in memory while the budget of the calling statement has room, else in a
/// temporary file.
/// </summary>
internal sealed class RoutineRows(SqlType[] types, QueryContext context) : IDisposable
{
    private readonly RowSpool _spool = new(types);
    private readonly Batch _pending = new(VectorTools.CreateVectors(types, 16));
    private long _pendingBytes;

    public long Count => _spool.Count + _pending.Count;

    public void Add(Value[] row)
    {
        int at = _pending.Count;
        for (int c = 0; c < types.Length; c++)
        {
            Vector column = _pending.Columns[c];
            column.EnsureCapacity(at + 1);
            column.SetValue(at, row[c]);
            _pendingBytes += VectorTools.RowBytes(column, at);
        }

        _pending.Count = at + 1;
        if (_pending.Count == Batch.DefaultSize || _pendingBytes > context.Memory.BlockBytes)
            Flush();
    }

    /// <summary>The rows, once; they are forgotten when the reading ends.</summary>
    public IEnumerable<Value[]> Read()
    {
        using (this)
        {
            Flush();
            using RowSpoolReader reader = _spool.Read();
            while (reader.Next(Batch.DefaultSize) is { } batch)
            {
                for (int row = 0; row < batch.Count; row++)
                {
                    Value[] values = new Value[types.Length];
                    for (int c = 0; c < values.Length; c++)
                        values[c] = batch.Columns[c].GetValue(row);
                    yield return values;
                }
            }
        }
    }

    public void Dispose()
    {
        _spool.Dispose();
        Forget();
    }

    private void Flush()
    {
        _spool.Add(_pending, context);
        Forget();
    }

    private void Forget()
    {
        foreach (Vector column in _pending.Columns)
            column.Reset();
        _pending.Count = 0;
        _pendingBytes = 0;
    }
}
