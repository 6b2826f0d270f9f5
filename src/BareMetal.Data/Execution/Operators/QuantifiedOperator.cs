using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>ANY and ALL over a subquery's rows: one row with true, false or null, for the left sides that the vectors hold when it is read.</summary>
internal sealed class QuantifiedOperator(PhysicalOperator input, bool isAll, Vector[] left, ScalarKernel[] comparisons) : PhysicalOperator
{
    private readonly Vector<bool> _matches = new(SqlType.Boolean, 1);
    private readonly Vector<bool> _part = new(SqlType.Boolean, 1);
    private readonly Vector?[] _right = new Vector?[left.Length];
    private readonly Vector<bool> _answer = new(SqlType.Boolean, 1);
    private Batch? _batch;
    private bool _isDone;

    public override void Open(QueryContext context)
    {
        _isDone = false;
        input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        if (_isDone)
            return null;
        _isDone = true;
        _answer.Reset();
        if (Answer(context) is { } value)
            _answer.Data[0] = value;
        else
            _answer.SetNull(0);
        return _batch ??= new Batch([_answer]) { Count = 1 };
    }

    public override void Close() => input.Close();

    private bool? Answer(QueryContext context)
    {
        bool sawNull = false;
        while (input.Next(context) is { } batch)
        {
            Compare(batch, context);
            for (int r = 0; r < batch.Count; r++)
            {
                if (_matches.IsNull(r))
                    sawNull = true;
                else if (_matches.Data[r] != isAll)
                    return !isAll;
            }
        }

        return sawNull ? null : isAll;
    }

    /// <summary>Compares the left sides with all rows of a batch: true, false or null for each.</summary>
    private void Compare(Batch batch, QueryContext context)
    {
        // A row comparison is decided by its parts: for ANY (=) one that is false decides, for ALL (<>) one that is true.
        bool decisive = isAll;
        _matches.Reset();
        _matches.EnsureCapacity(batch.Count);
        comparisons[0].Evaluate([left[0], BatchTools.Spread(batch.Columns[0], batch.Count, ref _right[0])], batch.Count, _matches, context.Functions);
        for (int i = 1; i < left.Length; i++)
        {
            _part.Reset();
            _part.EnsureCapacity(batch.Count);
            comparisons[i].Evaluate([left[i], BatchTools.Spread(batch.Columns[i], batch.Count, ref _right[i])], batch.Count, _part, context.Functions);
            for (int r = 0; r < batch.Count; r++)
            {
                if (!_matches.IsNull(r) && _matches.Data[r] == decisive)
                    continue;
                if (_part.IsNull(r))
                {
                    _matches.SetNull(r);
                }
                else if (_part.Data[r] == decisive)
                {
                    _matches.Data[r] = decisive;
                    if (_matches.HasNulls)
                        _matches.Nulls[r] = false;
                }
            }
        }
    }
}
