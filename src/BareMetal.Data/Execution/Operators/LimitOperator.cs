using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>LIMIT and OFFSET; with ties when sort keys are given.</summary>
internal sealed class LimitOperator(PhysicalOperator input, Evaluator? limit, Evaluator? offset, Evaluator[] tieKeys, IReadOnlyList<SqlType> types) : PhysicalOperator
{
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private readonly ColumnOperations[] _tieOperations = [.. tieKeys.Select(k => ColumnOperations.For(k.Type))];
    private readonly Vector[] _lastKeys = [.. tieKeys.Select(k => Vector.Create(k.Type, 1))];
    private long _skip;
    private long _left;
    private bool _isDone;
    private bool _hasLast;

    public override void Open(QueryContext context)
    {
        _skip = BatchTools.EvaluateCount(offset, context, SqlStates.InvalidRowCountInOffset, "OFFSET") ?? 0;
        _left = BatchTools.EvaluateCount(limit, context, SqlStates.InvalidRowCountInLimit, "LIMIT") ?? long.MaxValue;
        _isDone = _left == 0;
        _hasLast = false;
        if (!_isDone)
            input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        while (!_isDone)
        {
            Batch? batch = input.Next(context);
            if (batch is null)
            {
                _isDone = true;
                break;
            }

            int from = (int)Math.Min(_skip, batch.Count);
            _skip -= from;
            int available = batch.Count - from;
            if (available == 0)
                continue;
            int take = (int)Math.Min(_left, available);
            _left -= take;
            if (tieKeys.Length > 0)
                take += Ties(batch, from, take, available, context);
            else if (_left == 0)
                _isDone = true;
            if (take == 0)
            {
                _isDone = true;
                break;
            }

            if (from == 0 && take == batch.Count)
                return batch;
            BatchTools.Gather(batch, VectorTools.Identity(batch.Count).Slice(from, take), _batch);
            return _batch;
        }

        input.Close();
        return null;
    }

    /// <summary>How many rows behind the limit equal the last row within it.</summary>
    private int Ties(Batch batch, int from, int take, int available, QueryContext context)
    {
        int ties = 0;
        Vector[] keys = new Vector[tieKeys.Length];
        for (int i = 0; i < keys.Length; i++)
            keys[i] = tieKeys[i].Evaluate(batch, context);
        if (take > 0)
        {
            for (int i = 0; i < keys.Length; i++)
            {
                _lastKeys[i].Reset();
                _lastKeys[i].CopyRow(keys[i], from + take - 1, 0, deep: true);
            }

            _hasLast = true;
        }

        if (_left > 0 || !_hasLast)
            return 0;
        for (int row = from + take; row < from + available; row++)
        {
            for (int i = 0; i < keys.Length; i++)
            {
                if (!_tieOperations[i].Equal(keys[i], row, _lastKeys[i], 0))
                {
                    _isDone = true;
                    return ties;
                }
            }

            ties++;
        }

        return ties;
    }

    public override void Close()
    {
        _isDone = true;
        input.Close();
    }
}
