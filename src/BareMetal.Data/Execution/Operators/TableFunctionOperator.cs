using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Functions in FROM, side by side; their arguments may be outer columns. A function that has ended gives nulls.</summary>
internal sealed class TableFunctionOperator(TableCall[] calls, Evaluator[] arguments, IReadOnlyList<SqlType> types, int ordinality) : PhysicalOperator
{
    /// <summary>A batch of rows ends when it has as many bytes as this, or as an operator may always hold.</summary>
    private const long HeavyBytes = 64 * 1024;

    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private readonly IEnumerator<Value[]>?[] _rows = new IEnumerator<Value[]>?[calls.Length];
    private readonly bool[] _mayBeLarge = [.. types.Select(t => t.Kind is SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Array or SqlTypeKind.Record)];
    private MemoryBudget? _memory;
    private long _reserved;
    private long _batchBytes;
    private long _ordinal;
    private bool _open;

    public override void Open(QueryContext context)
    {
        Close();
        int argument = 0;
        for (int c = 0; c < calls.Length; c++)
        {
            Value[] values = new Value[calls[c].Arguments];
            for (int i = 0; i < values.Length; i++)
            {
                // The function keeps its own copy for as long as it gives rows.
                Vector given = arguments[argument++].Evaluate(BatchTools.OneRow, context);
                Hold(VectorTools.RowBytes(given, 0), context);
                values[i] = given.GetValue(0);
            }

            IEnumerable<Value[]> rows = calls[c].Function is { } function ? function.Invoke(values, context.Functions) : [values];
            _rows[c] = rows.GetEnumerator();
        }

        _ordinal = 0;
        _open = true;
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_open)
            return null;
        context.Cancellation.ThrowIfCancellationRequested();
        foreach (Vector v in _batch.Columns)
        {
            v.Reset();
            v.EnsureCapacity(context.BatchSize);
        }

        int count = 0;
        _batchBytes = 0;
        while (count < context.BatchSize && _batchBytes <= Math.Max(HeavyBytes, context.Memory.Floor) && NextRow(count))
        {
            _ordinal++;
            if (ordinality >= 0)
                ((Vector<long>)_batch.Columns[ordinality]).Data[count] = _ordinal;
            count++;
        }

        if (count == 0)
        {
            Close();
            return null;
        }

        _batch.Count = count;
        return _batch;
    }

    public override void Close()
    {
        _open = false;
        for (int c = 0; c < _rows.Length; c++)
            End(c);
        _memory?.Release(_reserved);
        _memory = null;
        _reserved = 0;
    }

    private void Hold(long bytes, QueryContext context)
    {
        context.Memory.Take(bytes);
        _memory = context.Memory;
        _reserved += bytes;
    }

    private bool NextRow(int row)
    {
        bool any = false;
        int column = 0;
        for (int c = 0; c < calls.Length; c++)
        {
            if (_rows[c] is { } rows && !rows.MoveNext())
                End(c);
            Value[]? values = _rows[c]?.Current;
            any |= values is not null;
            for (int i = 0; i < calls[c].Width; i++, column++)
            {
                _batch.Columns[column].SetValue(row, values is null ? Value.Null(types[column].Kind) : values[i]);
                if (_mayBeLarge[column])
                    _batchBytes += VectorTools.RowBytes(_batch.Columns[column], row);
            }
        }

        return any;
    }

    private void End(int call)
    {
        _rows[call]?.Dispose();
        _rows[call] = null;
    }
}
