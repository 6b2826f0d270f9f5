using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>A function in FROM; its arguments may be outer columns.</summary>
internal sealed class TableFunctionOperator(
    TableFunction function,
    Evaluator[] arguments,
    IReadOnlyList<SqlType> types,
    int[] columns,
    int ordinality) : PhysicalOperator
{
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private IEnumerator<Value[]>? _rows;
    private long _ordinal;

    public override void Open(QueryContext context)
    {
        Close();
        Value[] values = new Value[arguments.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = arguments[i].Evaluate(BatchTools.OneRow, context).GetValue(0);
        _rows = function.Invoke(values, context.Functions).GetEnumerator();
        _ordinal = 0;
    }

    public override Batch? Next(QueryContext context)
    {
        if (_rows is null)
            return null;
        context.Cancellation.ThrowIfCancellationRequested();
        foreach (Vector v in _batch.Columns)
        {
            v.Reset();
            v.EnsureCapacity(context.BatchSize);
        }

        int count = 0;
        while (count < context.BatchSize && _rows.MoveNext())
        {
            Value[] row = _rows.Current;
            _ordinal++;
            for (int c = 0; c < columns.Length; c++)
                _batch.Columns[c].SetValue(count, row[columns[c]]);
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
        _rows?.Dispose();
        _rows = null;
    }
}
