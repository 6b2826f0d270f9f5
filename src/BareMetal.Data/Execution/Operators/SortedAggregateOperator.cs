using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Groups rows whose equal keys lie together: no table of groups, memory for some groups at a time, results in the order of the input. Groups
/// are numbered within a window; when it is full its last group, which may go on, is left out of it and begins the next.
/// </summary>
internal sealed class SortedAggregateOperator : PhysicalOperator, ISpillingOperator
{
    private const int WindowGroups = 4096;

    private readonly PhysicalOperator _input;
    private readonly Evaluator[] _keys;
    private readonly GroupedAggregates _aggregates;
    private readonly ColumnOperations[] _operations;
    private readonly Vector[] _keyVectors;
    private readonly Vector?[] _keyScratch;
    private readonly Vector[] _groupKeys;
    private readonly Batch _part;
    private readonly Batch _result;
    private readonly int _calls;
    private int[] _groups = [];
    private int[] _rows = [];
    private Batch? _rest;
    private int _restFrom;
    private int _count;
    private int _finished;
    private int _emitted;
    private bool _isRead;
    private long _reserved;
    private QueryContext? _context;

    /// <param name="input">The rows, equal keys together.</param>
    /// <param name="keys">Grouping expressions, at least one.</param>
    /// <param name="calls">Aggregates.</param>
    /// <param name="inputTypes">Types of the input's columns.</param>
    public SortedAggregateOperator(PhysicalOperator input, Evaluator[] keys, AggregateCall[] calls, IReadOnlyList<SqlType> inputTypes)
    {
        _input = input;
        _keys = keys;
        _calls = calls.Length;
        _aggregates = new GroupedAggregates(calls);
        _operations = [.. keys.Select(k => ColumnOperations.For(k.Type))];
        _keyVectors = new Vector[keys.Length];
        _keyScratch = new Vector?[keys.Length];
        _groupKeys = VectorTools.CreateVectors([.. keys.Select(k => k.Type)], 1);
        _part = new Batch(VectorTools.CreateVectors(inputTypes, 1));
        _result = new Batch(VectorTools.CreateVectors([.. keys.Select(k => k.Type), .. calls.Select(c => c.Type)], 1));
    }

    public long SpilledBytes => _aggregates.SpilledBytes;

    public override void Open(QueryContext context)
    {
        Close();
        _context = context;
        _input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        while (true)
        {
            if (_emitted < _finished)
                return Emit(context);
            if (_finished > 0)
                BeginWindow(context);
            if (_rest is { } rest)
            {
                _rest = null;
                Add(Slice(rest, _restFrom, rest.Count), context);
            }
            else if (_isRead)
            {
                return null;
            }
            else if (_input.Next(context) is { } batch)
            {
                Add(batch, context);
            }
            else
            {
                _isRead = true;
                if (_count == 0)
                    return null;
                FinishWindow(_count, context);
            }
        }
    }

    private void Add(Batch batch, QueryContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        int count = batch.Count;
        if (_groups.Length < count)
        {
            _groups = new int[Math.Max(count, context.BatchSize)];
            _rows = new int[_groups.Length];
        }

        for (int k = 0; k < _keys.Length; k++)
            _keyVectors[k] = BatchTools.Spread(_keys[k].Evaluate(batch, context), count, ref _keyScratch[k]);
        int starts = FindStarts(count);
        int boundary = starts == 0 ? -1 : _rows[starts - 1];
        for (int k = 0; k < _groupKeys.Length; k++)
        {
            _groupKeys[k].EnsureCapacity(_count + starts);
            _groupKeys[k].Gather(_keyVectors[k], _rows.AsSpan(0, starts), _count, deep: true);
        }

        int row = 0;
        for (int g = 0; g <= starts; g++)
        {
            int end = g < starts ? _rows[g] : count;
            _groups.AsSpan(row, end - row).Fill(_count + g - 1);
            row = end;
        }

        _count += starts;
        if (boundary < 0 || _count <= 1 || (_count <= WindowGroups && !IsOverBudget(context)))
        {
            _aggregates.Add(batch, _groups.AsSpan(0, count), _count, context);
            if (IsOverBudget(context) && context.Temporary is not null)
                _aggregates.StartSpilling();
            return;
        }

        // The last group may go on in the next batch: the window ends before it.
        int finished = _count - 1;
        if (boundary > 0)
            _aggregates.Add(Slice(batch, 0, boundary), _groups.AsSpan(0, boundary), finished, context);
        (_rest, _restFrom) = (batch, boundary);
        FinishWindow(finished, context);
    }

    /// <summary>Finds the rows of a batch at which groups begin.</summary>
    /// <returns>How many; they are in <see cref="_rows"/>.</returns>
    private int FindStarts(int count)
    {
        int starts = 0;
        if (_count == 0 || !Equals(0, _groupKeys, _count - 1))
            _rows[starts++] = 0;
        if (_keyVectors.Length == 1 && _keyVectors[0] is Vector<int> { HasNulls: false } ints)
            return FindStarts(ints.Data.AsSpan(0, count), starts);
        if (_keyVectors.Length == 1 && _keyVectors[0] is Vector<long> { HasNulls: false } longs)
            return FindStarts(longs.Data.AsSpan(0, count), starts);
        for (int i = 1; i < count; i++)
        {
            if (!Equals(i, _keyVectors, i - 1))
                _rows[starts++] = i;
        }

        return starts;
    }

    private int FindStarts<T>(ReadOnlySpan<T> keys, int starts)
        where T : System.Numerics.IBinaryInteger<T>
    {
        Span<int> rows = _rows;
        for (int i = 1; i < keys.Length; i++)
        {
            if (keys[i] != keys[i - 1])
                rows[starts++] = i;
        }

        return starts;
    }

    private bool Equals(int row, Vector[] others, int other)
    {
        for (int k = 0; k < _operations.Length; k++)
        {
            if (!_operations[k].Equal(_keyVectors[k], row, others[k], other))
                return false;
        }

        return true;
    }

    private bool IsOverBudget(QueryContext context)
    {
        long more = _aggregates.MemoryBytes - _reserved;
        if (more <= 0)
            return false;
        bool over = !context.Memory.TryGrow(_reserved, more);
        if (over)
            context.Memory.Reserve(more);
        _reserved += more;
        return over;
    }

    private Batch Slice(Batch batch, int from, int to)
    {
        if (from == 0 && to == batch.Count)
            return batch;
        for (int i = from; i < to; i++)
            _rows[i - from] = i;
        BatchTools.Gather(batch, _rows.AsSpan(0, to - from), _part);
        return _part;
    }

    private void FinishWindow(int groups, QueryContext context)
    {
        _aggregates.Finish(groups, context);
        _finished = groups;
        _emitted = 0;
    }

    private void BeginWindow(QueryContext context)
    {
        _aggregates.Clear();
        foreach (Vector key in _groupKeys)
            key.Reset();
        context.Memory.Release(_reserved);
        _reserved = 0;
        _count = 0;
        _finished = 0;
        _emitted = 0;
    }

    private Batch Emit(QueryContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        int count = _aggregates.Limit(Math.Min(context.BatchSize, _finished - _emitted), _finished, context);
        _aggregates.Prepare(_emitted, count, context);
        if (_rows.Length < count)
            _rows = new int[count];
        for (int i = 0; i < count; i++)
            _rows[i] = _emitted + i;
        for (int k = 0; k < _groupKeys.Length; k++)
        {
            Vector v = _result.Columns[k];
            v.Reset();
            v.EnsureCapacity(count);
            v.Gather(_groupKeys[k], _rows.AsSpan(0, count), 0);
        }

        for (int a = 0; a < _calls; a++)
        {
            Vector v = _result.Columns[_groupKeys.Length + a];
            v.Reset();
            v.EnsureCapacity(count);
            _aggregates.Result(a, _emitted, count, v);
        }

        _emitted += count;
        _result.Count = count;
        return _result;
    }

    public override void Close()
    {
        _input.Close();
        if (_context is { } context)
            BeginWindow(context);
        _context = null;
        _rest = null;
        _isRead = false;
    }
}
