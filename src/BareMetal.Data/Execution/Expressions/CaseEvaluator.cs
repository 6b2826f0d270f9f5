using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>CASE: each condition only for rows that no earlier branch took, each result only for the rows of its branch.</summary>
internal sealed class CaseEvaluator(
    Evaluator[] conditions,
    SubBatch[] conditionParts,
    Evaluator[] results,
    SubBatch[] resultParts,
    SqlType type) : Evaluator(type)
{
    private readonly Vector _result = Vector.Create(type, 1);
    private int[] _open = [];
    private int[] _taken = [];

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        int count = input.Count;
        if (_open.Length < count)
        {
            _open = new int[Math.Max(count, Batch.DefaultSize)];
            _taken = new int[_open.Length];
        }

        bool started = false;
        VectorTools.Identity(count).CopyTo(_open);
        int undecided = count;
        for (int b = 0; b < conditions.Length && undecided > 0; b++)
        {
            Batch part = undecided == count ? input : conditionParts[b].Take(input, _open.AsSpan(0, undecided));
            Vector<bool> v = (Vector<bool>)conditions[b].Evaluate(part, context);
            int taken = 0;
            int left = 0;
            for (int i = 0; i < undecided; i++)
            {
                int row = _open[i];
                if (VectorTools.IsTrue(v, i))
                    _taken[taken++] = row;
                else
                    _open[left++] = row;
            }

            undecided = left;
            if (taken == count)
                return results[b].Evaluate(input, context);
            if (taken > 0)
                Put(b, _taken.AsSpan(0, taken));
        }

        if (undecided == count && results.Length > conditions.Length)
            return results[^1].Evaluate(input, context);
        if (undecided > 0)
        {
            if (results.Length > conditions.Length)
            {
                Put(conditions.Length, _open.AsSpan(0, undecided));
            }
            else
            {
                Start();
                for (int i = 0; i < undecided; i++)
                    _result.SetNull(_open[i]);
            }
        }

        return _result;

        void Start()
        {
            if (started)
                return;
            started = true;
            _result.Reset();
            _result.EnsureCapacity(count);
        }

        void Put(int branch, ReadOnlySpan<int> rows)
        {
            Start();
            Batch part = resultParts[branch].Take(input, rows);
            _result.Scatter(results[branch].Evaluate(part, context), rows);
        }
    }
}

/// <summary>COALESCE: later arguments only for rows whose earlier ones are null.</summary>
internal sealed class CoalesceEvaluator(Evaluator[] arguments, SubBatch[] parts, SqlType type) : Evaluator(type)
{
    private readonly Vector _result = Vector.Create(type, 1);
    private int[] _open = [];

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        int count = input.Count;
        Vector first = arguments[0].Evaluate(input, context);
        if (!first.HasNulls || (first.IsConstant && !first.IsNull(0)))
            return first;
        if (_open.Length < count)
            _open = new int[Math.Max(count, Batch.DefaultSize)];
        _result.Reset();
        _result.EnsureCapacity(count);
        _result.Gather(first, VectorTools.Identity(count), 0);
        int open = 0;
        for (int i = 0; i < count; i++)
        {
            if (_result.HasNulls && _result.Nulls[i])
                _open[open++] = i;
        }

        for (int a = 1; a < arguments.Length && open > 0; a++)
        {
            ReadOnlySpan<int> rows = _open.AsSpan(0, open);
            Vector v = arguments[a].Evaluate(open == count ? input : parts[a].Take(input, rows), context);
            _result.Scatter(v, rows);
            int left = 0;
            for (int i = 0; i < open; i++)
            {
                if (_result.Nulls[_open[i]])
                    _open[left++] = _open[i];
            }

            open = left;
        }

        return _result;
    }
}
