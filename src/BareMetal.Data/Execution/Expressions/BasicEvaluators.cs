using BareMetal.Data.Functions;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>A column of the input.</summary>
internal sealed class ColumnEvaluator(int ordinal, SqlType type) : Evaluator(type)
{
    public int Ordinal { get; } = ordinal;

    public override Vector Evaluate(Batch input, QueryContext context) => input.Columns[Ordinal];
}

/// <summary>A constant, or a column of an enclosing row that an apply operator sets.</summary>
internal sealed class FixedEvaluator(Vector vector) : Evaluator(vector.Type)
{
    public override Vector Evaluate(Batch input, QueryContext context) => vector;
}

/// <summary>A parameter of the statement.</summary>
internal sealed class ParameterEvaluator(int index, SqlType type) : Evaluator(type)
{
    private readonly Vector _vector = Vector.Create(type, 1);
    private long _run = -1;

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        if (_run != context.RunNumber)
        {
            _vector.Reset();
            _vector.SetValue(0, context.Parameters[index]);
            _vector.IsConstant = true;
            _run = context.RunNumber;
        }

        return _vector;
    }
}

/// <summary>A call of a scalar function. Once for a batch when all arguments are constant.</summary>
internal sealed class CallEvaluator(Evaluator[] arguments, ScalarKernel kernel, bool isVolatile, SqlType type) : Evaluator(type)
{
    private readonly Vector[] _arguments = new Vector[arguments.Length];
    private readonly Vector _result = Vector.Create(type, 1);
    private readonly bool _builds = type.Kind is SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Array or SqlTypeKind.Record;

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        bool constant = !isVolatile;
        for (int i = 0; i < arguments.Length; i++)
        {
            Vector v = arguments[i].Evaluate(input, context);
            constant &= v.IsConstant;
            _arguments[i] = v;
        }

        int count = constant ? 1 : input.Count;
        _result.Reset();
        _result.EnsureCapacity(count);
        if (_builds)
            Build(count, context);
        else
            kernel.Evaluate(_arguments, count, _result, context.Functions);
        _result.IsConstant = constant;
        return _result;
    }

    /// <summary>Values that may be large are counted as they are built.</summary>
    private void Build(int count, QueryContext context)
    {
        ByteArena arena = _result is Vector<ByteSlice> bytes ? bytes.Arena : ((Vector<ArrayValue>)_result).Arena;
        arena.CountFor(context.Memory);
        long outer = RowBuffer.Allow(Math.Max(context.Memory.Room, 1));
        try
        {
            kernel.Evaluate(_arguments, count, _result, context.Functions);
        }
        catch (OutOfMemoryException e)
        {
            throw MemoryBudget.OutOfMemory(e);
        }
        finally
        {
            RowBuffer.Allow(outer);
        }
    }
}

/// <summary>IS [NOT] NULL.</summary>
internal sealed class IsNullEvaluator(Evaluator operand, bool isNegated) : Evaluator(SqlType.Boolean)
{
    private readonly Vector<bool> _result = new(SqlType.Boolean, 1);

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        Vector v = operand.Evaluate(input, context);
        int count = v.IsConstant ? 1 : input.Count;
        _result.Reset();
        _result.EnsureCapacity(count);
        _result.IsConstant = v.IsConstant;
        Span<bool> data = _result.Data.AsSpan(0, count);
        if (!v.HasNulls)
        {
            data.Fill(isNegated);
            return _result;
        }

        ReadOnlySpan<bool> nulls = v.Nulls.AsSpan(0, count);
        for (int i = 0; i < data.Length; i++)
            data[i] = nulls[i] != isNegated;
        return _result;
    }
}

/// <summary>Three-valued NOT.</summary>
internal sealed class NotEvaluator(Evaluator operand) : Evaluator(SqlType.Boolean)
{
    private readonly Vector<bool> _result = new(SqlType.Boolean, 1);

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        Vector<bool> v = (Vector<bool>)operand.Evaluate(input, context);
        int count = v.IsConstant ? 1 : input.Count;
        _result.Reset();
        _result.EnsureCapacity(count);
        _result.IsConstant = v.IsConstant;
        for (int i = 0; i < count; i++)
        {
            if (v.HasNulls && v.Nulls[i])
                _result.SetNull(i);
            else
                _result.Data[i] = !v.Data[i];
        }

        return _result;
    }
}

/// <summary>ARRAY[…].</summary>
internal sealed class ArrayEvaluator(Evaluator[] items, SqlType type) : Evaluator(type)
{
    private readonly Vector<ArrayValue> _result = new(type, 1);
    private readonly Vector[] _items = new Vector[items.Length];

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        bool constant = true;
        for (int i = 0; i < items.Length; i++)
        {
            _items[i] = items[i].Evaluate(input, context);
            constant &= _items[i].IsConstant;
        }

        int count = constant ? 1 : input.Count;
        _result.Reset();
        _result.Arena.CountFor(context.Memory);
        _result.EnsureCapacity(count);
        _result.IsConstant = constant;
        for (int row = 0; row < count; row++)
        {
            Value[] values = new Value[items.Length];
            for (int i = 0; i < values.Length; i++)
                values[i] = _items[i].GetValue(row);
            _result.Data[row] = new ArrayValue(Type.Element!, values);
            _result.Arena.Note(_result.Data[row].Bytes);
        }

        return _result;
    }
}
