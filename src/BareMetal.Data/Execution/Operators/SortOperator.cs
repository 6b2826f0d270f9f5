using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Sorts; runs that do not fit the memory budget go to temporary files and are merged. Stable.</summary>
internal sealed class SortOperator : PhysicalOperator, ISpillingOperator
{
    private readonly PhysicalOperator _input;
    private readonly Evaluator[] _keys;
    private readonly RowComparer _comparer;
    private readonly SqlType[] _types;
    private readonly int _width;
    private readonly RowStore _store;
    private readonly Vector[] _rowVectors;
    private readonly Vector?[] _scratch;
    private readonly Vector[] _storeKeys;
    private readonly Batch _rowBatch;
    private readonly Batch _batch;
    private readonly List<SpillFile> _runs = [];
    private RunMerger? _merger;
    private int[] _order = [];
    private long _reserved;
    private int _next;
    private bool _isSorted;
    private QueryContext? _context;

    public SortOperator(PhysicalOperator input, Evaluator[] keys, SortDirection[] directions, IReadOnlyList<SqlType> types)
    {
        _input = input;
        _keys = keys;
        _width = types.Count;
        _types = [.. types, .. keys.Select(k => k.Type)];
        _comparer = new RowComparer(ColumnOperations.For([.. keys.Select(k => k.Type)]), directions);
        _store = new RowStore(_types);
        _rowVectors = new Vector[_types.Length];
        _scratch = new Vector?[keys.Length];
        _storeKeys = new Vector[keys.Length];
        _rowBatch = new Batch(_rowVectors);
        _batch = new Batch(VectorTools.CreateVectors(types, 1));
    }

    public long SpilledBytes { get; private set; }

    public override void Open(QueryContext context)
    {
        Close();
        _context = context;
        _input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_isSorted)
        {
            ReadAll(context);
            _isSorted = true;
        }

        if (_merger is not null)
            return _merger.Next(_batch, context);
        if (_next >= _store.Count)
            return null;
        int count = Math.Min(context.BatchSize, _store.Count - _next);
        ReadOnlySpan<int> rows = _order.AsSpan(_next, count);
        for (int c = 0; c < _width; c++)
            BatchTools.Gather(_store.Columns[c], rows, _batch.Columns[c]);
        _batch.Count = count;
        _next += count;
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
                _rowVectors[_width + k] = BatchTools.Spread(_keys[k].Evaluate(batch, context), batch.Count, ref _scratch[k]);
            _rowBatch.Count = batch.Count;
            long bytes = VectorTools.BatchBytes(_rowBatch) + (batch.Count * 28L);
            if (!context.Memory.TryReserve(bytes))
            {
                if (_store.Count > 0)
                    SpillRun(context);
                context.Memory.Reserve(bytes);
            }

            _reserved += bytes;
            _store.Append(_rowBatch);
        }

        _input.Close();
        if (_runs.Count > 0)
        {
            SpillRun(context);
            _merger = new RunMerger(_runs, _comparer, _width, _types);
            return;
        }

        SortStore();
    }

    private void SortStore()
    {
        for (int k = 0; k < _keys.Length; k++)
            _storeKeys[k] = _store.Columns[_width + k];
        _comparer.Sort(_storeKeys, _store.Count, ref _order);
    }

    private void SpillRun(QueryContext context)
    {
        if (_store.Count == 0)
            return;
        SortStore();
        SpillFile run = new(context, _types);
        _runs.Add(run);
        for (int at = 0; at < _store.Count; at += RunMerger.BatchRows)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            run.Append(_store.Columns, _order.AsSpan(at, Math.Min(RunMerger.BatchRows, _store.Count - at)));
        }

        SpilledBytes += run.Bytes;
        _store.Clear();
        context.Memory.Release(_reserved);
        _reserved = 0;
    }

    public override void Close()
    {
        _input.Close();
        _store.Clear();
        _merger = null;
        foreach (SpillFile run in _runs)
            run.Dispose();
        _runs.Clear();
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
        _next = 0;
        _isSorted = false;
        if (_order.Length > 1 << 16)
            _order = [];
    }
}

/// <summary>Merges sorted runs; equal rows come in the order of their runs.</summary>
internal sealed class RunMerger
{
    /// <summary>Rows in a batch of a run: small enough that a batch of each of many runs fits in memory.</summary>
    public const int BatchRows = 256;

    private readonly RowComparer _comparer;
    private readonly int _width;
    private readonly Source[] _heap;
    private int _count;

    public RunMerger(List<SpillFile> runs, RowComparer comparer, int width, IReadOnlyList<SqlType> types)
    {
        _comparer = comparer;
        _width = width;
        _heap = new Source[runs.Count];
        for (int i = 0; i < runs.Count; i++)
        {
            Source source = new(runs[i].Read(), i, types.Count - width);
            if (source.Load(width))
                _heap[_count++] = source;
        }

        for (int i = (_count / 2) - 1; i >= 0; i--)
            Sink(i);
    }

    public Batch? Next(Batch batch, QueryContext context)
    {
        if (_count == 0)
            return null;
        context.Cancellation.ThrowIfCancellationRequested();
        foreach (Vector v in batch.Columns)
        {
            v.Reset();
            v.EnsureCapacity(context.BatchSize);
        }

        int rows = 0;
        while (rows < context.BatchSize && _count > 0)
        {
            Source top = _heap[0];
            for (int c = 0; c < _width; c++)
                batch.Columns[c].CopyRow(top.Batch!.Columns[c], top.Row, rows, deep: true);
            rows++;
            if (++top.Row >= top.Batch!.Count && !top.Load(_width))
                _heap[0] = _heap[--_count];
            if (_count > 1)
                Sink(0);
        }

        batch.Count = rows;
        return batch;
    }

    private void Sink(int i)
    {
        while (true)
        {
            int child = (2 * i) + 1;
            if (child >= _count)
                return;
            if (child + 1 < _count && Less(_heap[child + 1], _heap[child]))
                child++;
            if (!Less(_heap[child], _heap[i]))
                return;
            (_heap[i], _heap[child]) = (_heap[child], _heap[i]);
            i = child;
        }
    }

    private bool Less(Source a, Source b)
    {
        int c = _comparer.Compare(a.Keys, a.Row, b.Keys, b.Row);
        return c != 0 ? c < 0 : a.Number < b.Number;
    }

    private sealed class Source(SpillReader reader, int number, int keys)
    {
        public int Number { get; } = number;

        public Batch? Batch { get; private set; }

        public Vector[] Keys { get; } = new Vector[keys];

        public int Row { get; set; }

        public bool Load(int width)
        {
            Batch = reader.Next();
            Row = 0;
            if (Batch is null)
                return false;
            for (int k = 0; k < Keys.Length; k++)
                Keys[k] = Batch.Columns[width + k];
            return true;
        }
    }
}
