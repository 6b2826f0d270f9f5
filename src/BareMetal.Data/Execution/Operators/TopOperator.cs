using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// ORDER BY … LIMIT: keeps only the first rows while their number is small, else sorts all (which can spill).
/// </summary>
internal sealed class AdaptiveTopOperator(TopOperator top, LimitOperator sorted, Evaluator? limit, Evaluator? offset) : PhysicalOperator
{
    private const long LargestTop = 10_000;

    private PhysicalOperator _chosen = top;

    public override void Open(QueryContext context)
    {
        long skip = BatchTools.EvaluateCount(offset, context, SqlStates.InvalidRowCountInOffset, "OFFSET") ?? 0;
        long keep = BatchTools.EvaluateCount(limit, context, SqlStates.InvalidRowCountInLimit, "LIMIT") ?? long.MaxValue;
        _chosen = keep > LargestTop || skip > LargestTop ? sorted : top;
        _chosen.Open(context);
    }

    public override Batch? Next(QueryContext context) => _chosen.Next(context);

    public override void Close() => _chosen.Close();
}

/// <summary>
/// The first rows in an order, without sorting the others. When even these outgrow the memory budget, the rest is a sort that spills.
/// </summary>
internal sealed class TopOperator : PhysicalOperator, ISpillingOperator
{
    private readonly PhysicalOperator _input;
    private readonly Evaluator[] _keys;
    private readonly Evaluator? _limit;
    private readonly Evaluator? _offset;
    private readonly RowComparer _comparer;
    private readonly SqlType[] _types;
    private readonly int _width;
    private readonly Vector?[] _scratch;
    private readonly Vector[] _rowVectors;
    private readonly Vector[] _keyVectors;
    private readonly Vector[] _storeKeys;
    private readonly Batch _batch;
    private readonly ExternalSorter _sorter;
    private RowStore _store;
    private RowStore _spare;
    private int[] _order = [];
    private int[] _rows = [];
    private long _keep;
    private long _skip;
    private bool _isSorted;
    private bool _isExternal;
    private bool _hasBound;
    private long _next;
    private long _reserved;
    private QueryContext? _context;

    public TopOperator(PhysicalOperator input, Evaluator[] keys, SortDirection[] directions, Evaluator? limit, Evaluator? offset, IReadOnlyList<SqlType> types)
    {
        _input = input;
        _keys = keys;
        _limit = limit;
        _offset = offset;
        _width = types.Count;
        _types = [.. types, .. keys.Select(k => k.Type)];
        _comparer = new RowComparer(ColumnOperations.For([.. keys.Select(k => k.Type)]), directions);
        _sorter = new ExternalSorter(_types, _width, _comparer);
        _store = new RowStore(_types);
        _spare = new RowStore(_types);
        _scratch = new Vector?[keys.Length];
        _rowVectors = new Vector[_types.Length];
        _keyVectors = new Vector[keys.Length];
        _storeKeys = new Vector[keys.Length];
        _batch = new Batch(VectorTools.CreateVectors(types, 1));
    }

    public long SpilledBytes => _sorter.SpilledBytes;

    public override void Open(QueryContext context)
    {
        Close();
        _context = context;
        _skip = BatchTools.EvaluateCount(_offset, context, SqlStates.InvalidRowCountInOffset, "OFFSET") ?? 0;
        long limit = BatchTools.EvaluateCount(_limit, context, SqlStates.InvalidRowCountInLimit, "LIMIT") ?? long.MaxValue;
        _keep = limit > long.MaxValue - _skip ? long.MaxValue : limit + _skip;
        if (limit > 0)
            _input.Open(context);
        else
            _keep = 0;
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_isSorted)
        {
            if (_keep > 0)
                ReadAll(context);
            _isSorted = true;
            _next = _isExternal ? SkipExternal(context) : Math.Min(_skip, _store.Count);
        }

        if (_isExternal)
            return NextExternal(context);
        int end = (int)Math.Min(_keep, _store.Count);
        if (_next >= end)
            return null;
        int count = (int)Math.Min(context.BatchSize, end - _next);
        ReadOnlySpan<int> rows = _order.AsSpan((int)_next, count);
        for (int c = 0; c < _width; c++)
            BatchTools.Gather(_store.Columns[c], rows, _batch.Columns[c]);
        _batch.Count = count;
        _next += count;
        return _batch;
    }

    private long SkipExternal(QueryContext context)
    {
        long at = 0;
        while (at < _skip && _sorter.Next(_batch, (int)Math.Min(context.BatchSize, _skip - at), context))
            at += _batch.Count;
        return at;
    }

    private Batch? NextExternal(QueryContext context)
    {
        if (_next >= _keep || !_sorter.Next(_batch, (int)Math.Min(context.BatchSize, _keep - _next), context))
            return null;
        _next += _batch.Count;
        return _batch;
    }

    private void ReadAll(QueryContext context)
    {
        while (_input.Next(context) is { } batch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            for (int c = 0; c < _width; c++)
                _rowVectors[c] = batch.Columns[c];
            for (int k = 0; k < _keys.Length; k++)
            {
                _keyVectors[k] = BatchTools.Spread(_keys[k].Evaluate(batch, context), batch.Count, ref _scratch[k]);
                _rowVectors[_width + k] = _keyVectors[k];
            }

            if (_isExternal)
            {
                _sorter.Add(_rowVectors, VectorTools.Identity(batch.Count), context);
                continue;
            }

            if (_rows.Length < batch.Count)
                _rows = new int[Math.Max(batch.Count, context.BatchSize)];
            int count = 0;
            for (int i = 0; i < batch.Count; i++)
            {
                // A row that is not before the worst of those kept can not come into the result.
                if (!_hasBound || _comparer.Compare(_keyVectors, i, _storeKeys, (int)_keep - 1) < 0)
                    _rows[count++] = i;
            }

            if (count == 0)
                continue;
            _store.Append(_rowVectors, _rows.AsSpan(0, count));
            if (_keep < int.MaxValue / 4 && _store.Count >= (2 * _keep) + context.BatchSize)
                Cut();
            Account(context);
        }

        _input.Close();
        if (_isExternal)
            _sorter.Finish(context);
        else
            Sort();
    }

    private void Account(QueryContext context)
    {
        long held = _store.MemoryBytes + _spare.MemoryBytes;
        if (!context.Memory.TryGrow(_reserved, held - _reserved))
        {
            if (_keep < _store.Count)
            {
                Cut();
                held = _store.MemoryBytes;
            }

            if (!context.Memory.TryGrow(_reserved, held - _reserved))
            {
                if (context.Temporary is not null)
                {
                    MoveToSorter(context);
                    return;
                }

                context.Memory.Reserve(held - _reserved);
            }
        }

        _reserved = held;
    }

    /// <summary>What is kept does not fit: it is sorted with all that follows.</summary>
    private void MoveToSorter(QueryContext context)
    {
        _isExternal = true;
        context.Memory.Release(_reserved);
        _reserved = 0;
        for (int at = 0; at < _store.Count; at += Batch.DefaultSize)
            _sorter.Add(_store.Columns, VectorTools.Identity(_store.Count).Slice(at, Math.Min(Batch.DefaultSize, _store.Count - at)), context);
        _store.Clear();
        _spare.Clear();
        _hasBound = false;
    }

    private void Sort()
    {
        for (int k = 0; k < _keys.Length; k++)
            _storeKeys[k] = _store.Columns[_width + k];
        _comparer.Sort(_storeKeys, _store.Count, ref _order);
    }

    /// <summary>Keeps the best rows, in order.</summary>
    private void Cut()
    {
        Sort();
        _spare.Clear();
        _spare.Append(_store.Columns, _order.AsSpan(0, (int)_keep));
        (_store, _spare) = (_spare, _store);
        _spare.Clear();
        for (int k = 0; k < _keys.Length; k++)
            _storeKeys[k] = _store.Columns[_width + k];
        _hasBound = true;
    }

    public override void Close()
    {
        _input.Close();
        _store.Clear();
        _spare.Clear();
        _sorter.Clear();
        _isSorted = false;
        _isExternal = false;
        _hasBound = false;
        _next = 0;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
    }
}
