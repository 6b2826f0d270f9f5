using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Rows of expressions.</summary>
internal sealed class ValuesOperator(Evaluator[][] rows, IReadOnlyList<SqlType> types) : PhysicalOperator
{
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private int _next;

    public override void Open(QueryContext context) => _next = 0;

    public override Batch? Next(QueryContext context)
    {
        if (_next >= rows.Length)
            return null;
        context.Cancellation.ThrowIfCancellationRequested();
        int count = Math.Min(rows.Length - _next, context.BatchSize);
        foreach (Vector v in _batch.Columns)
        {
            v.Reset();
            v.EnsureCapacity(count);
        }

        for (int r = 0; r < count; r++)
        {
            Evaluator[] row = rows[_next + r];
            for (int c = 0; c < row.Length; c++)
            {
                Vector v = row[c].Evaluate(BatchTools.OneRow, context);
                _batch.Columns[c].CopyRow(v, 0, r);
            }
        }

        _next += count;
        _batch.Count = count;
        return _batch;
    }

    public override void Close()
    {
    }
}

/// <summary>No rows.</summary>
internal sealed class EmptyOperator : PhysicalOperator
{
    public override void Open(QueryContext context)
    {
    }

    public override Batch? Next(QueryContext context) => null;

    public override void Close()
    {
    }
}
