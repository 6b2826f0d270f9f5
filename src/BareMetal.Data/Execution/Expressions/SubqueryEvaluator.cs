using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>
/// A subquery as an expression. The columns that its plan needs from outside are set row by row; results are remembered by these
/// columns' values while that pays. Without such columns it runs once.
/// </summary>
internal sealed class SubqueryEvaluator : Evaluator, IRunScoped
{
    private const int MemoTrial = 1024;
    private const int MemoLimit = 1 << 16;

    private readonly SubqueryKind _kind;
    private readonly PhysicalOperator _plan;
    private readonly Evaluator[] _operands;
    private readonly ScalarKernel[] _comparisons;
    private readonly (int Ordinal, Vector Outer)[] _bindings;
    private readonly Vector[] _keys;
    private readonly Vector _result;
    private readonly Vector[] _left;
    private readonly Vector<bool> _matches = new(SqlType.Boolean, 1);
    private readonly GroupTable? _memo;
    private Vector _memoResults;
    private long _memoBytes;
    private readonly bool _isHashed;
    private readonly bool _isNegatedSet;
    private readonly SpilledRowSet? _set;
    private readonly Vector[] _operandVectors;
    private readonly Vector?[] _rightRow;
    private int[] _groups = [];
    private long _run = -1;
    private bool _useMemo;
    private int _probes;
    private bool _setHasNull;
    private long _reserved;
    private QueryContext? _context;

    /// <param name="subquery">The subquery.</param>
    /// <param name="plan">Its running plan.</param>
    /// <param name="operands">Left sides of ANY / ALL.</param>
    /// <param name="comparisons">Kernels of ANY / ALL.</param>
    /// <param name="bindings">Columns of the input to set before each run, and their vectors.</param>
    /// <param name="isVolatile">Whether two runs for the same outer row may differ.</param>
    /// <param name="free">Vectors of all outer columns that the plan reads, those set by enclosing operators included.</param>
    public SubqueryEvaluator(
        BoundSubquery subquery,
        PhysicalOperator plan,
        Evaluator[] operands,
        ScalarKernel[] comparisons,
        (int Ordinal, Vector Outer)[] bindings,
        Vector[] free,
        bool isVolatile)
        : base(subquery.Type)
    {
        _kind = subquery.Kind;
        _plan = plan;
        _operands = operands;
        _comparisons = comparisons;
        _bindings = bindings;
        _keys = free;
        _operandVectors = new Vector[operands.Length];
        _rightRow = new Vector?[operands.Length];
        _result = Vector.Create(subquery.Type, 1);
        _memoResults = Vector.Create(subquery.Type, 1);
        _left = [.. operands.Select(o => Vector.Create(o.Type, 1))];
        bool isAny = _kind == SubqueryKind.Any;
        if (_kind is SubqueryKind.Any or SubqueryKind.All && free.Length == 0 && operands.Length == 1 && !isVolatile
            && subquery.Comparisons[0].Name == (isAny ? "=" : "<>"))
        {
            _isHashed = true;
            _isNegatedSet = !isAny;
            _set = new SpilledRowSet([operands[0].Type]);
        }
        else if (_kind is SubqueryKind.Scalar or SubqueryKind.Exists or SubqueryKind.Array && !isVolatile)
        {
            _memo = new GroupTable([.. free.Select(v => v.Type)]);
        }
    }

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        if (_run != context.RunNumber)
        {
            _run = context.RunNumber;
            ForgetMemo();
            _useMemo = _memo is not null;
            _probes = 0;
            if (_isHashed)
                FillSet(context);
        }

        if (_isHashed)
        {
            Vector operand = _operands[0].Evaluate(input, context);
            int probes = operand.IsConstant ? 1 : input.Count;
            if (_groups.Length < probes)
                _groups = new int[Math.Max(probes, Batch.DefaultSize)];
            _set!.Find([operand], probes, _groups, context);
            return InSetEvaluator.Answer(operand, probes, _set.Count == 0 && !_setHasNull, _setHasNull, _isNegatedSet, (Vector<bool>)_result, _groups);
        }

        for (int i = 0; i < _operands.Length; i++)
            _operandVectors[i] = _operands[i].Evaluate(input, context);
        bool constant = _useMemo && _bindings.Length == 0;
        int count = constant ? 1 : input.Count;
        _result.Reset();
        _result.EnsureCapacity(count);
        _result.IsConstant = constant;
        Span<int> group = stackalloc int[1];
        for (int row = 0; row < count; row++)
        {
            foreach ((int ordinal, Vector outer) in _bindings)
            {
                outer.Reset();
                outer.CopyRow(input.Columns[ordinal], row, 0);
                outer.IsConstant = true;
            }

            if (_useMemo)
            {
                int before = _memo!.Count;
                _memo.FindOrAdd(_keys, 1, group);
                if (_memo.Count != before)
                {
                    _memoResults.EnsureCapacity(group[0] + 1);
                    Run(_memoResults, group[0], row, context);
                    _context = context;
                    _memoBytes += VectorTools.RowBytes(_memoResults, group[0]);
                    long more = _memo.MemoryBytes + _memoBytes - _reserved;
                    if (more > 0 && !context.Memory.TryGrow(_reserved, more))
                    {
                        if (_keys.Length > 0)
                        {
                            // No room to remember more: what is there is given up, and each row runs the plan. Rows of this batch refer to it.
                            _result.CopyRow(_memoResults, group[0], row);
                            _memoResults = Vector.Create(Type, 1);
                            ForgetMemo();
                            continue;
                        }

                        context.Memory.Reserve(more);
                    }

                    _reserved += Math.Max(more, 0);
                }

                _result.CopyRow(_memoResults, group[0], row, deep: false);
                if (_keys.Length > 0)
                {
                    _probes++;
                    if ((_probes >= MemoTrial && _memo.Count > _probes - (_probes / 8)) || _memo.Count > MemoLimit)
                        _useMemo = false;
                }
            }
            else
            {
                Run(_result, row, row, context);
            }
        }

        return _result;
    }

    public void EndRun()
    {
        _run = -1;
        ForgetMemo();
        _set?.Clear();
    }

    private void ForgetMemo()
    {
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
        _memoBytes = 0;
        _useMemo = false;
        _memo?.Clear();
        if (_memoResults.Capacity > 1 << 14)
            _memoResults = Vector.Create(Type, 1);
        else
            _memoResults.Reset();
    }

    /// <summary>Runs the plan for the current outer row.</summary>
    private void Run(Vector target, int at, int row, QueryContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        try
        {
            _plan.Open(context);
            switch (_kind)
            {
                case SubqueryKind.Exists:
                    Set((Vector<bool>)target, at, _plan.Next(context) is not null);
                    break;
                case SubqueryKind.Scalar:
                    RunScalar(target, at, context);
                    break;
                case SubqueryKind.Array:
                    RunArray((Vector<ArrayValue>)target, at, context);
                    break;
                default:
                    RunQuantified((Vector<bool>)target, at, row, context);
                    break;
            }
        }
        finally
        {
            _plan.Close();
        }
    }

    private static void Set(Vector<bool> target, int at, bool value)
    {
        target.Data[at] = value;
        if (target.HasNulls)
            target.Nulls[at] = false;
    }

    private void RunScalar(Vector target, int at, QueryContext context)
    {
        Batch? batch = _plan.Next(context);
        if (batch is null)
        {
            target.SetNull(at);
            return;
        }

        if (batch.Count == 1)
            target.CopyRow(batch.Columns[0], 0, at, deep: true);
        if (batch.Count > 1 || _plan.Next(context) is not null)
        {
            throw new BareMetalException(SqlStates.CardinalityViolation, "A subquery used as an expression gave more than one row.")
            {
                Hint = "Add LIMIT 1, an aggregate, or a condition that selects one row.",
            };
        }
    }

    private void RunArray(Vector<ArrayValue> target, int at, QueryContext context)
    {
        List<Value> items = [];
        while (_plan.Next(context) is { } batch)
        {
            for (int i = 0; i < batch.Count; i++)
                items.Add(batch.Columns[0].GetValue(i));
        }

        target.Data[at] = new ArrayValue(Type.Element!, [.. items]);
        if (target.HasNulls)
            target.Nulls[at] = false;
    }

    private void RunQuantified(Vector<bool> target, int at, int row, QueryContext context)
    {
        bool isAll = _kind == SubqueryKind.All;
        for (int i = 0; i < _left.Length; i++)
        {
            _left[i].Reset();
            _left[i].CopyRow(_operandVectors[i], row, 0);
            _left[i].IsConstant = true;
        }

        bool sawNull = false;
        while (_plan.Next(context) is { } batch)
        {
            // A row comparison is decided by its parts: for ANY all must hold; for ALL (<>) one must.
            for (int r = 0; r < batch.Count; r++)
            {
                bool? value = CompareRow(batch, r, isAll, context);
                if (value is null)
                {
                    sawNull = true;
                }
                else if (value.Value != isAll)
                {
                    Set(target, at, !isAll);
                    return;
                }
            }
        }

        if (sawNull)
            target.SetNull(at);
        else
            Set(target, at, isAll);
    }

    private bool? CompareRow(Batch batch, int row, bool isAll, QueryContext context)
    {
        // ANY with several operands is AND of equalities, ALL is OR of inequalities.
        bool decisive = isAll;
        bool sawNull = false;
        for (int i = 0; i < _left.Length; i++)
        {
            Vector right = batch.Columns[i];
            Vector one = _rightRow[i] ??= Vector.Create(right.Type, 1);
            one.Reset();
            one.CopyRow(right, row, 0);
            _matches.Reset();
            _comparisons[i].Evaluate([_left[i], one], 1, _matches, context.Functions);
            if (_matches.IsNull(0))
                sawNull = true;
            else if (_left.Length == 1)
                return _matches.Data[0];
            else if (_matches.Data[0] == decisive)
                return decisive;
        }

        return sawNull ? null : !decisive;
    }

    private void FillSet(QueryContext context)
    {
        _set!.Clear();
        _setHasNull = false;
        try
        {
            _plan.Open(context);
            while (_plan.Next(context) is { } batch)
            {
                Vector v = batch.Columns[0];
                if (_groups.Length < batch.Count)
                    _groups = new int[Math.Max(batch.Count, Batch.DefaultSize)];
                if (v.HasNulls)
                {
                    for (int i = 0; i < batch.Count; i++)
                    {
                        if (v.IsNull(i))
                            _setHasNull = true;
                        else
                            AddOne(v, i, context);
                    }
                }
                else
                {
                    _set.Add([v], batch.Count, _groups, context);
                }
            }
        }
        finally
        {
            _plan.Close();
        }
    }

    private void AddOne(Vector v, int row, QueryContext context)
    {
        Vector one = _left[0];
        one.Reset();
        one.CopyRow(v, row, 0);
        Span<int> group = stackalloc int[1];
        _set!.Add([one], 1, group, context);
    }
}
