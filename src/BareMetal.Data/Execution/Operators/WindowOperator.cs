using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Window functions over an input that is sorted by partition and order keys: keeps the rows of whole partitions, computes, gives the
/// input's columns followed by the functions'.
/// </summary>
internal sealed class WindowOperator : PhysicalOperator
{
    private readonly PhysicalOperator _input;
    private readonly Evaluator[] _extra;
    private readonly int _width;
    private readonly int _partitionKeys;
    private readonly WindowFunction[] _functions;
    private readonly ColumnOperations[] _keyOperations;
    private readonly Vector[] _rowVectors;
    private readonly Vector?[] _scratch;
    private readonly Batch _rowBatch;
    private readonly Batch _batch;
    private readonly Vector[] _results;
    private RowStore _store;
    private RowStore _spare;
    private int _lastStart;
    private readonly List<int> _starts = [];
    private int _ready;
    private int _next;
    private bool _inputEnded;
    private long _reserved;
    private QueryContext? _context;

    /// <param name="input">Sorted rows.</param>
    /// <param name="extra">Partition keys, then order keys, then arguments, filters and offsets: columns of the store after the input's.</param>
    /// <param name="partitionKeys">Number of partition keys.</param>
    /// <param name="orderKeys">Number of order keys.</param>
    /// <param name="directions">Directions of the order keys.</param>
    /// <param name="calls">The functions.</param>
    /// <param name="types">Types of the input's columns.</param>
    public WindowOperator(
        PhysicalOperator input,
        Evaluator[] extra,
        int partitionKeys,
        int orderKeys,
        SortDirection[] directions,
        WindowFunctionCall[] calls,
        IReadOnlyList<SqlType> types)
    {
        _input = input;
        _extra = extra;
        _width = types.Count;
        _partitionKeys = partitionKeys;
        SqlType[] storeTypes = [.. types, .. extra.Select(e => e.Type)];
        _store = new RowStore(storeTypes);
        _spare = new RowStore(storeTypes);
        _rowVectors = new Vector[storeTypes.Length];
        _rowBatch = new Batch(_rowVectors);
        _scratch = new Vector?[extra.Length];
        _keyOperations = ColumnOperations.For([.. extra.Take(partitionKeys + orderKeys).Select(e => e.Type)]);
        _functions = [.. calls.Select(c => new WindowFunction(c, _width + partitionKeys, orderKeys, _keyOperations[partitionKeys..], directions, storeTypes))];
        _results = VectorTools.CreateVectors([.. calls.Select(c => c.Type)], 1);
        _batch = new Batch(VectorTools.CreateVectors([.. types, .. calls.Select(c => c.Type)], 1));
    }

    public override void Open(QueryContext context)
    {
        Close();
        _context = context;
        _input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        if (_next >= _ready && !Fill(context))
            return null;
        int count = Math.Min(context.BatchSize, _ready - _next);
        ReadOnlySpan<int> rows = VectorTools.Identity(_ready).Slice(_next, count);
        for (int c = 0; c < _width; c++)
            BatchTools.Gather(_store.Columns[c], rows, _batch.Columns[c]);
        for (int f = 0; f < _results.Length; f++)
            BatchTools.Gather(_results[f], rows, _batch.Columns[_width + f]);
        _next += count;
        _batch.Count = count;
        return _batch;
    }

    /// <summary>Reads until some partitions are whole, and computes them.</summary>
    private bool Fill(QueryContext context)
    {
        DropGiven(context);
        if (_inputEnded && _store.Count == 0)
            return false;
        while (!_inputEnded && _lastStart < context.BatchSize)
        {
            Batch? batch = _input.Next(context);
            if (batch is null)
            {
                _inputEnded = true;
                _input.Close();
                break;
            }

            context.Cancellation.ThrowIfCancellationRequested();
            Append(batch, context);
        }

        _ready = _inputEnded ? _store.Count : _lastStart;
        _next = 0;
        if (_ready == 0)
            return false;
        foreach (Vector result in _results)
        {
            result.Reset();
            result.EnsureCapacity(_ready);
        }

        for (int p = 0; p < _starts.Count && _starts[p] < _ready; p++)
        {
            int end = p + 1 < _starts.Count ? _starts[p + 1] : _store.Count;
            context.Cancellation.ThrowIfCancellationRequested();
            for (int f = 0; f < _functions.Length; f++)
                _functions[f].Compute(_store, _starts[p], end, _results[f], context);
        }

        return true;
    }

    /// <summary>Forgets rows that were given; those of the unfinished partition stay.</summary>
    private void DropGiven(QueryContext context)
    {
        if (_ready == 0)
            return;
        int rest = _store.Count - _ready;
        _spare.Clear();
        if (rest > 0)
            _spare.Append(_store.Columns, VectorTools.Identity(_store.Count).Slice(_ready, rest));
        (_store, _spare) = (_spare, _store);
        _spare.Clear();
        _ready = 0;
        _next = 0;
        _lastStart = 0;
        _starts.Clear();
        if (rest > 0)
            _starts.Add(0);
        long held = _store.MemoryBytes;
        context.Memory.Release(_reserved - held);
        _reserved = held;
    }

    private void Append(Batch batch, QueryContext context)
    {
        for (int c = 0; c < _width; c++)
            _rowVectors[c] = batch.Columns[c];
        for (int e = 0; e < _extra.Length; e++)
            _rowVectors[_width + e] = BatchTools.Spread(_extra[e].Evaluate(batch, context), batch.Count, ref _scratch[e]);
        _rowBatch.Count = batch.Count;
        int first = _store.Count;
        _store.Append(_rowBatch);
        long more = _store.MemoryBytes - _reserved;
        context.Memory.Reserve(more);
        _reserved += more;
        for (int row = first; row < _store.Count; row++)
        {
            if (row > 0 && SamePartition(row - 1, row))
                continue;
            _starts.Add(row);
            _lastStart = row;
        }
    }

    private bool SamePartition(int a, int b)
    {
        for (int k = 0; k < _partitionKeys; k++)
        {
            Vector v = _store.Columns[_width + k];
            if (!_keyOperations[k].Equal(v, a, v, b))
                return false;
        }

        return true;
    }

    public override void Close()
    {
        _input.Close();
        _store.Clear();
        _spare.Clear();
        _starts.Clear();
        _lastStart = 0;
        _ready = 0;
        _next = 0;
        _inputEnded = false;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
    }
}
