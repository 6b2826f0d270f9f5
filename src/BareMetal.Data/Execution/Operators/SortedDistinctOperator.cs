using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>DISTINCT over rows whose equal keys lie together: a row passes when its key differs from the one before.</summary>
internal sealed class SortedDistinctOperator(PhysicalOperator input, Evaluator[] keys, IReadOnlyList<SqlType> types) : PhysicalOperator
{
    private readonly ColumnOperations[] _operations = [.. keys.Select(k => ColumnOperations.For(k.Type))];
    private readonly Vector[] _last = [.. keys.Select(k => Vector.Create(k.Type, 1))];
    private readonly Vector[] _keys = new Vector[keys.Length];
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private int[] _rows = [];
    private bool _hasLast;

    public override void Open(QueryContext context)
    {
        _hasLast = false;
        input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        while (input.Next(context) is { } batch)
        {
            if (_rows.Length < batch.Count)
                _rows = new int[Math.Max(batch.Count, context.BatchSize)];
            for (int k = 0; k < keys.Length; k++)
                _keys[k] = keys[k].Evaluate(batch, context);
            int count = 0;
            for (int i = 0; i < batch.Count; i++)
            {
                bool same = i > 0 || _hasLast;
                for (int k = 0; k < keys.Length && same; k++)
                    same = i > 0 ? _operations[k].Equal(_keys[k], i, _keys[k], i - 1) : _operations[k].Equal(_keys[k], 0, _last[k], 0);
                if (!same)
                    _rows[count++] = i;
            }

            for (int k = 0; k < keys.Length; k++)
            {
                _last[k].Reset();
                _last[k].CopyRow(_keys[k], batch.Count - 1, 0, deep: true);
            }

            _hasLast = true;
            if (count == 0)
                continue;
            if (count == batch.Count)
                return batch;
            BatchTools.Gather(batch, _rows.AsSpan(0, count), _batch);
            return _batch;
        }

        return null;
    }

    public override void Close() => input.Close();
}
