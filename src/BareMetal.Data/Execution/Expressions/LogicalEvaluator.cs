using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>Three-valued AND / OR. Later terms are evaluated only for rows that earlier ones have not decided.</summary>
internal sealed class LogicalEvaluator(bool isAnd, Evaluator[] terms, SubBatch[] parts) : Evaluator(SqlType.Boolean)
{
    private readonly Vector<bool> _result = new(SqlType.Boolean, 1);
    private int[] _open = [];

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        int count = input.Count;
        Vector<bool> first = (Vector<bool>)terms[0].Evaluate(input, context);
        _result.Reset();
        _result.EnsureCapacity(count);
        if (first.IsConstant && !first.IsNull(0) && first.Data[0] != isAnd)
        {
            _result.Data[0] = !isAnd;
            _result.IsConstant = true;
            return _result;
        }

        _result.Gather(first, VectorTools.Identity(count), 0);
        if (_open.Length < count)
            _open = new int[Math.Max(count, Batch.DefaultSize)];
        Span<int> open = _open;
        int undecided = 0;
        for (int i = 0; i < count; i++)
        {
            if (_result.Data[i] == isAnd || (_result.HasNulls && _result.Nulls[i]))
                open[undecided++] = i;
        }

        for (int t = 1; t < terms.Length && undecided > 0; t++)
        {
            Batch part = undecided == count ? input : parts[t].Take(input, open[..undecided]);
            Vector<bool> v = (Vector<bool>)terms[t].Evaluate(part, context);
            int stride = v.Stride;
            int left = 0;
            for (int i = 0; i < undecided; i++)
            {
                int row = open[i];
                if (v.HasNulls && v.Nulls[i * stride])
                {
                    _result.SetNull(row);
                    open[left++] = row;
                }
                else if (v.Data[i * stride] != isAnd)
                {
                    _result.Data[row] = !isAnd;
                    if (_result.HasNulls)
                        _result.Nulls[row] = false;
                }
                else
                {
                    open[left++] = row;
                }
            }

            undecided = left;
        }

        return _result;
    }
}
