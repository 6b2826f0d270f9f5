using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Passes the rows whose predicate is true.</summary>
internal sealed class FilterOperator(PhysicalOperator input, Evaluator predicate, IReadOnlyList<SqlType> types) : PhysicalOperator
{
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private int[] _rows = [];

    public override void Open(QueryContext context) => input.Open(context);

    public override Batch? Next(QueryContext context)
    {
        while (input.Next(context) is { } batch)
        {
            if (_rows.Length < batch.Count)
                _rows = new int[Math.Max(batch.Count, context.BatchSize)];
            int count = VectorTools.SelectTrue(predicate.Evaluate(batch, context), batch.Count, _rows);
            if (count == batch.Count)
                return batch;
            if (count == 0)
                continue;
            BatchTools.Gather(batch, _rows.AsSpan(0, count), _batch);
            return _batch;
        }

        return null;
    }

    public override void Close() => input.Close();
}
