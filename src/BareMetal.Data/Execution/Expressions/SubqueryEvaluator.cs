using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>
/// A subquery as an expression. The columns that its plan needs from outside are set row by row. A plan that needs none of the input's runs once
/// for a batch, and once for the whole run when it needs none at all. <c>= ANY</c> and <c>&lt;&gt; ALL</c> look into a hashed set while the columns
/// that the plan needs from further outside stay the same.
/// </summary>
internal sealed class SubqueryEvaluator : Evaluator, IRunScoped
{
    private readonly SubqueryKind _kind;
    private readonly PhysicalOperator _plan;
    private readonly Evaluator[] _operands;
    private readonly (Evaluator Source, Vector Outer)[] _bindings;
    private readonly Vector[] _sources;
    private readonly Vector _result;
    private readonly Vector[] _left;
    private readonly bool _isRepeatable;
    private readonly bool _isSameForBatch;
    private readonly Vector? _kept;
    private readonly bool _isHashed;
    private readonly bool _isNegatedSet;
    private readonly SpilledRowSet? _set;
    private readonly GroupTable? _setKey;
    private readonly Vector[] _outer;
    private readonly Vector[] _operandVectors;
    private readonly MemoizeOperator? _answers;
    private int[] _groups = [];
    private long _run = -1;
    private bool _isKept;
    private bool _isFilled;
    private bool _setHasNull;
    private long _reserved;
    private QueryContext? _context;

    /// <param name="subquery">The subquery.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="root">Its running plan.</param>
    /// <param name="operands">Left sides of ANY / ALL.</param>
    /// <param name="comparisons">Kernels of ANY / ALL.</param>
    /// <param name="bindings">What is to be evaluated over the input and set before each run, and where to.</param>
    /// <param name="outer">Vectors of all outer columns that the plan reads, those set by enclosing operators included.</param>
    public SubqueryEvaluator(
        BoundSubquery subquery,
        SubqueryPlan plan,
        PhysicalOperator root,
        Evaluator[] operands,
        ScalarKernel[] comparisons,
        (Evaluator Source, Vector Outer)[] bindings,
        Vector[] outer)
        : base(subquery.Type)
    {
        _kind = subquery.Kind;
        _plan = root;
        _operands = operands;
        _bindings = bindings;
        _sources = new Vector[bindings.Length];
        _outer = outer;
        _operandVectors = new Vector[operands.Length];
        _result = Vector.Create(subquery.Type, 1);
        _left = [.. operands.Select(o => Vector.Create(o.Type, 1))];
        foreach (Vector v in _left)
            v.IsConstant = true;
        _isRepeatable = plan.IsRepeatable;
        bool isAny = _kind == SubqueryKind.Any;
        if (_kind is SubqueryKind.Any or SubqueryKind.All)
        {
            if (bindings.Length == 0 && operands.Length == 1 && !plan.IsVolatile && subquery.Comparisons[0].Name == (isAny ? "=" : "<>"))
            {
                _isHashed = true;
                _isNegatedSet = !isAny;
                _set = new SpilledRowSet([operands[0].Type]);
                _setKey = new GroupTable([.. outer.Select(v => v.Type)], areIdentical: true);
            }
            else
            {
                _plan = new QuantifiedOperator(root, !isAny, _left, comparisons);
                if (plan.IsRemembered)
                    _plan = _answers = new MemoizeOperator(_plan, [.. outer, .. _left], [SqlType.Boolean], isExistence: false, expectedKeys: 0);
            }
        }
        else if (bindings.Length == 0 && !plan.IsVolatile)
        {
            _isSameForBatch = true;
            if (outer.Length == 0 && plan.IsRepeatable)
                _kept = Vector.Create(subquery.Type, 1);
        }
    }

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        if (_run != context.RunNumber || !ReferenceEquals(_context, context))
        {
            EndRun();
            _run = context.RunNumber;
            _context = context;
        }

        if (_isHashed)
            return FindInSet(input, context);
        if (_isSameForBatch)
            return EvaluateOnce(context);
        for (int i = 0; i < _operands.Length; i++)
            _operandVectors[i] = _operands[i].Evaluate(input, context);
        for (int i = 0; i < _bindings.Length; i++)
            _sources[i] = _bindings[i].Source.Evaluate(input, context);
        _result.Reset();
        CountBuilt(context);
        _result.EnsureCapacity(input.Count);
        for (int row = 0; row < input.Count; row++)
        {
            for (int i = 0; i < _bindings.Length; i++)
            {
                Vector outer = _bindings[i].Outer;
                outer.Reset();
                outer.CopyRow(_sources[i], row, 0);
                outer.IsConstant = true;
            }

            for (int i = 0; i < _left.Length; i++)
            {
                _left[i].Reset();
                _left[i].CopyRow(_operandVectors[i], row, 0);
                _left[i].IsConstant = true;
            }

            Run(_result, row, context);
        }

        return _result;
    }

    public void EndRun()
    {
        _run = -1;
        _isKept = false;
        _isFilled = false;
        _set?.Clear();
        _setKey?.Clear();
        _kept?.Reset();
        _answers?.EndRun();
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
    }

    /// <summary>Results that may be large are counted as they are kept.</summary>
    private void CountBuilt(QueryContext context)
    {
        if (_result is Vector<ByteSlice> bytes)
            bytes.Arena.CountFor(context.Memory);
        else if (_result is Vector<ArrayValue> arrays)
            arrays.Arena.CountFor(context.Memory);
    }

    private Vector EvaluateOnce(QueryContext context)
    {
        _result.Reset();
        CountBuilt(context);
        if (_kept is null)
        {
            Run(_result, 0, context);
        }
        else
        {
            if (!_isKept)
            {
                Run(_kept, 0, context);
                _isKept = true;
                _reserved = VectorTools.RowBytes(_kept, 0);
                context.Memory.Reserve(_reserved);
            }

            _result.CopyRow(_kept, 0, 0);
        }

        _result.IsConstant = true;
        return _result;
    }

    private Vector FindInSet(Batch input, QueryContext context)
    {
        if (!_isFilled || !_isRepeatable || !_setKey!.IsIdentical(0, _outer, 0))
        {
            FillSet(context);
            _setKey!.Clear();
            _setKey.FindOrAdd(_outer, 1, stackalloc int[1]);
            _isFilled = true;
        }

        Vector operand = _operands[0].Evaluate(input, context);
        int probes = operand.IsConstant ? 1 : input.Count;
        if (_groups.Length < probes)
            _groups = new int[Math.Max(probes, Batch.DefaultSize)];
        _set!.Find([operand], probes, _groups, context);
        return InSetEvaluator.Answer(operand, probes, _set.Count == 0 && !_setHasNull, _setHasNull, _isNegatedSet, (Vector<bool>)_result, _groups);
    }

    /// <summary>Runs the plan for the current outer row.</summary>
    private void Run(Vector target, int at, QueryContext context)
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
                case SubqueryKind.Array:
                    RunArray((Vector<ArrayValue>)target, at, context);
                    break;
                default:
                    RunScalar(target, at, context);
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
        long held = 0;
        try
        {
            while (_plan.Next(context) is { } batch)
            {
                // Once in the list, once in the array.
                long bytes = (64L * batch.Count) + VectorTools.RowsBytes(batch.Columns.AsSpan(0, 1), VectorTools.Identity(batch.Count));
                context.Memory.Take(bytes);
                held += bytes;
                for (int i = 0; i < batch.Count; i++)
                    items.Add(batch.Columns[0].GetValue(i));
            }

            target.Data[at] = new ArrayValue(Type.Element!, [.. items]);
        }
        finally
        {
            context.Memory.Release(held);
        }

        target.Arena.Note(target.Data[at].Bytes);
        if (target.HasNulls)
            target.Nulls[at] = false;
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
