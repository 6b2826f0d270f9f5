using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>operand [NOT] IN over items that do not depend on the row: a hash set, built once for a run.</summary>
internal sealed class InSetEvaluator(Evaluator operand, Evaluator[] items, bool isNegated) : Evaluator(SqlType.Boolean)
{
    private static readonly Batch OneRow = new([]) { Count = 1 };

    private readonly GroupTable _set = new([operand.Type]);
    private readonly Vector<bool> _result = new(SqlType.Boolean, 1);
    private int[] _groups = [];
    private long _run = -1;
    private bool _hasNull;

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        if (_run != context.RunNumber)
        {
            Fill(context);
            _run = context.RunNumber;
        }

        Vector v = operand.Evaluate(input, context);
        int count = v.IsConstant ? 1 : input.Count;
        if (_groups.Length < count)
            _groups = new int[Math.Max(count, Batch.DefaultSize)];
        _set.Find([v], count, _groups);
        return Answer(v, count, _set.Count == 0 && !_hasNull, _hasNull, isNegated, _result, _groups);
    }

    /// <summary>Three-valued membership, by what the set says of each row.</summary>
    internal static Vector Answer(Vector v, int count, bool isEmpty, bool setHasNull, bool isNegated, Vector<bool> result, int[] groups)
    {
        result.Reset();
        result.EnsureCapacity(count);
        result.IsConstant = v.IsConstant;
        for (int i = 0; i < count; i++)
        {
            if (isEmpty)
                result.Data[i] = isNegated;
            else if (v.HasNulls && v.Nulls[i])
                result.SetNull(i);
            else if (groups[i] >= 0)
                result.Data[i] = !isNegated;
            else if (setHasNull)
                result.SetNull(i);
            else
                result.Data[i] = isNegated;
        }

        return result;
    }

    private void Fill(QueryContext context)
    {
        _set.Clear();
        _hasNull = false;
        Span<int> group = stackalloc int[1];
        foreach (Evaluator item in items)
        {
            Vector v = item.Evaluate(OneRow, context);
            if (v.IsNull(0))
                _hasNull = true;
            else
                _set.FindOrAdd([v], 1, group);
        }
    }
}

/// <summary>operand [NOT] IN over items that depend on the row.</summary>
internal sealed class InListEvaluator(Evaluator operand, Evaluator[] items, bool isNegated) : Evaluator(SqlType.Boolean)
{
    private readonly ColumnOperations _operations = ColumnOperations.For(operand.Type);
    private readonly Vector<bool> _result = new(SqlType.Boolean, 1);
    private readonly Vector[] _items = new Vector[items.Length];

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        Vector v = operand.Evaluate(input, context);
        for (int i = 0; i < items.Length; i++)
            _items[i] = items[i].Evaluate(input, context);
        _result.Reset();
        _result.EnsureCapacity(input.Count);
        for (int row = 0; row < input.Count; row++)
        {
            if (v.IsNull(row))
            {
                _result.SetNull(row);
                continue;
            }

            bool found = false;
            bool sawNull = false;
            foreach (Vector item in _items)
            {
                if (item.IsNull(row))
                {
                    sawNull = true;
                }
                else if (_operations.Equal(v, row, item, row))
                {
                    found = true;
                    break;
                }
            }

            if (!found && sawNull)
                _result.SetNull(row);
            else
                _result.Data[row] = found != isNegated;
        }

        return _result;
    }
}

/// <summary>operand = ANY (array) and operand &lt;&gt; ALL (array) over an array that does not depend on the row.</summary>
internal sealed class ArraySetEvaluator(Evaluator operand, Evaluator array, bool isAll) : Evaluator(SqlType.Boolean)
{
    private static readonly Batch OneRow = new([]) { Count = 1 };

    private readonly GroupTable _set = new([operand.Type]);
    private readonly Vector _item = Vector.Create(operand.Type, 1);
    private readonly Vector<bool> _result = new(SqlType.Boolean, 1);
    private int[] _groups = [];
    private long _run = -1;
    private bool _hasNull;
    private bool _isNull;

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        if (_run != context.RunNumber)
        {
            Fill(context);
            _run = context.RunNumber;
        }

        if (_isNull)
        {
            _result.Reset();
            _result.EnsureCapacity(1);
            _result.SetNull(0);
            _result.IsConstant = true;
            return _result;
        }

        Vector v = operand.Evaluate(input, context);
        int count = v.IsConstant ? 1 : input.Count;
        if (_groups.Length < count)
            _groups = new int[Math.Max(count, Batch.DefaultSize)];
        _set.Find([v], count, _groups);
        return InSetEvaluator.Answer(v, count, _set.Count == 0 && !_hasNull, _hasNull, isAll, _result, _groups);
    }

    private void Fill(QueryContext context)
    {
        _set.Clear();
        _hasNull = false;
        Vector v = array.Evaluate(OneRow, context);
        _isNull = v.IsNull(0);
        if (_isNull)
            return;
        Span<int> group = stackalloc int[1];
        foreach (Value item in ((Vector<ArrayValue>)v).Data[0].Items)
        {
            if (item.IsNull)
            {
                _hasNull = true;
                continue;
            }

            _item.Reset();
            _item.SetValue(0, item);
            _set.FindOrAdd([_item], 1, group);
        }
    }
}

/// <summary>operand op ANY / ALL (array), in general.</summary>
internal sealed class QuantifiedArrayEvaluator(Evaluator operand, Evaluator array, ScalarKernel comparison, SqlType elementType, bool isAll) : Evaluator(SqlType.Boolean)
{
    private readonly Vector _left = Vector.Create(operand.Type, 1);
    private readonly Vector _items = Vector.Create(elementType, 16);
    private readonly Vector<bool> _matches = new(SqlType.Boolean, 16);
    private readonly Vector<bool> _result = new(SqlType.Boolean, 1);

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        Vector left = operand.Evaluate(input, context);
        Vector arrays = array.Evaluate(input, context);
        bool constant = left.IsConstant && arrays.IsConstant;
        int count = constant ? 1 : input.Count;
        _result.Reset();
        _result.EnsureCapacity(count);
        _result.IsConstant = constant;
        for (int row = 0; row < count; row++)
        {
            if (arrays.IsNull(row))
            {
                _result.SetNull(row);
                continue;
            }

            Value[] items = ((Vector<ArrayValue>)arrays).Data[row * arrays.Stride].Items;
            _left.Reset();
            _left.CopyRow(left, row, 0);
            _left.IsConstant = true;
            _items.Reset();
            _items.EnsureCapacity(items.Length);
            for (int i = 0; i < items.Length; i++)
                _items.SetValue(i, items[i]);
            _matches.Reset();
            _matches.EnsureCapacity(items.Length);
            if (items.Length > 0)
                comparison.Evaluate([_left, _items], items.Length, _matches, context.Functions);
            bool sawNull = false;
            bool decided = false;
            for (int i = 0; i < items.Length && !decided; i++)
            {
                if (_matches.IsNull(i))
                    sawNull = true;
                else if (_matches.Data[i] != isAll)
                    decided = true;
            }

            if (!decided && sawNull)
                _result.SetNull(row);
            else
                _result.Data[row] = decided != isAll;
        }

        return _result;
    }
}
