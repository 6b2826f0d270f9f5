using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Window functions over an input that is sorted by partition and order keys: keeps the rows of whole partitions, computes, gives the
/// input's columns followed by the functions'. A partition that does not fit the memory budget is kept in a temporary file and computed from
/// there, some rows at a time.
/// </summary>
internal sealed class WindowOperator : PhysicalOperator, ISpillingOperator
{
    private readonly PhysicalOperator _input;
    private readonly Evaluator[] _extra;
    private readonly int _width;
    private readonly int _partitionKeys;
    private readonly WindowFunction[] _functions;
    private readonly ColumnOperations[] _keyOperations;
    private readonly Vector[] _rowVectors;
    private readonly Vector?[] _scratch;
    private readonly Batch _batch;
    private readonly Vector[] _results;
    private readonly WindowRows _rows;
    private readonly WindowPeers _peers;
    private readonly bool _needsPeers;
    private readonly bool _isLazy;
    private int _partition;
    private readonly List<int> _starts = [];
    private readonly Vector[] _lastKeys;
    private Batch? _rest;
    private int _restFrom;
    private int _lastStart;
    private int _ready;
    private int _next;
    private bool _hasLastKeys;
    private bool _inputEnded;
    private int[] _identity = [];

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
        SqlType[] extraTypes = [.. extra.Select(e => e.Type)];
        SqlType[] storeTypes = [.. types, .. extraTypes];
        _rows = new WindowRows(storeTypes, 17 * calls.Length);
        _peers = new WindowPeers(_width + partitionKeys, extraTypes[partitionKeys..(partitionKeys + orderKeys)]);
        _rowVectors = new Vector[storeTypes.Length];
        _scratch = new Vector?[extra.Length];
        _keyOperations = ColumnOperations.For(extraTypes[..partitionKeys]);
        _lastKeys = VectorTools.CreateVectors(extraTypes[..partitionKeys], 1);
        _functions = [.. calls.Select(c => new WindowFunction(c, _width + partitionKeys, orderKeys, directions, storeTypes))];
        _needsPeers = Array.Exists(_functions, f => f.NeedsPeers);
        _isLazy = Array.Exists(_functions, f => f.BuildsValues);
        _results = VectorTools.CreateVectors([.. calls.Select(c => c.Type)], 1);
        _batch = new Batch(VectorTools.CreateVectors([.. types, .. calls.Select(c => c.Type)], 1));
    }

    public long SpilledBytes => _rows.SpilledBytes + _peers.SpilledBytes;

    public override void Open(QueryContext context)
    {
        Close();
        _input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        if (_next >= _ready && !Fill(context))
            return null;
        int count = Math.Min(context.BatchSize, _ready - _next);
        if (_isLazy || _rows.IsSpilled)
            count = ComputeSome(_rows.CountLight(_next, count, Math.Max(VectorTools.LightBytes, context.Memory.Floor)), context);
        if (_rows.Memory is { } store)
        {
            ReadOnlySpan<int> rows = VectorTools.Identity(_ready).Slice(_next, count);
            for (int c = 0; c < _width; c++)
                BatchTools.Gather(store.Columns[c], rows, _batch.Columns[c]);
            for (int f = 0; f < _results.Length && !_isLazy; f++)
                BatchTools.Gather(_results[f], rows, _batch.Columns[_width + f]);
        }
        else
        {
            GatherSpilled(count);
        }

        _next += count;
        _batch.Count = count;
        return _batch;
    }

    /// <summary>Computes the functions for some of the next rows: fewer than asked for when their values are large.</summary>
    private int ComputeSome(int count, QueryContext context)
    {
        Span<Vector> results = _batch.Columns.AsSpan(_width);
        foreach (Vector v in results)
        {
            v.Reset();
            v.EnsureCapacity(count);
            if (v is Vector<ByteSlice> bytes)
                bytes.Arena.CountFor(context.Memory);
            else if (v is Vector<ArrayValue> arrays)
                arrays.Arena.CountFor(context.Memory);
        }

        int done = 0;
        while (done < count && !(done > 0 && VectorTools.IsHeavy(results, context)))
        {
            int row = _next + done;
            int end = _ready;
            if (!_rows.IsSpilled)
            {
                while (_partition + 1 < _starts.Count && row >= _starts[_partition + 1])
                    _partition++;
                end = Math.Min(_partition + 1 < _starts.Count ? _starts[_partition + 1] : _rows.Count, _ready);
                if (row == _starts[_partition])
                {
                    foreach (WindowFunction function in _functions)
                        function.Begin(_rows, _peers, row, end);
                }
            }

            int to = Math.Min(Math.Min(end, _next + count), _isLazy ? row + 1 : int.MaxValue);
            for (int f = 0; f < _functions.Length; f++)
                _functions[f].Compute(row, to, results[f], done, context);
            done = to - _next;
        }

        return done;
    }

    /// <summary>Rows of a partition in a file.</summary>
    private void GatherSpilled(int count)
    {
        foreach (Vector v in _batch.Columns.AsSpan(0, _width))
        {
            v.Reset();
            v.EnsureCapacity(count);
        }

        for (int at = 0; at < count;)
        {
            Vector[] columns = _rows.Locate(_next + at, out int index, out int following);
            int run = Math.Min(following, count - at);
            ReadOnlySpan<int> rows = VectorTools.Identity(index + run)[index..];
            for (int c = 0; c < _width; c++)
                _batch.Columns[c].Gather(columns[c], rows, at, deep: true);
            at += run;
        }
    }

    /// <summary>Reads until some partitions are whole, and computes them.</summary>
    private bool Fill(QueryContext context)
    {
        DropGiven();
        bool isFull = false;
        while (!_inputEnded && !isFull && _lastStart < context.BatchSize)
        {
            Batch? batch = _rest;
            if (batch is null)
            {
                batch = _input.Next(context);
                _restFrom = 0;
                if (batch is null)
                {
                    _inputEnded = true;
                    _input.Close();
                    break;
                }

                Evaluate(batch, context);
            }

            context.Cancellation.ThrowIfCancellationRequested();
            _rest = null;
            isFull = Append(batch, context);
        }

        if (_rows.IsSpilled)
        {
            _rows.EndAppending();
            if (_needsPeers)
                _peers.Find(_rows, _starts, _rows.Count, context);
            _ready = _rows.Count;
            foreach (WindowFunction function in _functions)
                function.Begin(_rows, _peers, 0, _rows.Count);
            return _ready > 0;
        }

        _ready = _inputEnded ? _rows.Count : _lastStart;
        if (_ready == 0)
            return false;
        ComputeAll(context);
        return true;
    }

    private void ComputeAll(QueryContext context)
    {
        if (_needsPeers)
            _peers.Find(_rows, _starts, _ready, context);
        _partition = 0;
        if (_isLazy)
            return;
        foreach (Vector result in _results)
        {
            result.Reset();
            result.EnsureCapacity(_ready);
        }

        for (int p = 0; p < _starts.Count && _starts[p] < _ready; p++)
        {
            int end = Math.Min(p + 1 < _starts.Count ? _starts[p + 1] : _rows.Count, _ready);
            context.Cancellation.ThrowIfCancellationRequested();
            for (int f = 0; f < _functions.Length; f++)
            {
                _functions[f].Begin(_rows, _peers, _starts[p], end);
                _functions[f].Compute(_starts[p], end, _results[f], _starts[p], context);
            }
        }
    }

    /// <summary>Forgets rows that were given; those of the unfinished partition stay.</summary>
    private void DropGiven()
    {
        if (_ready == 0)
            return;
        if (_rows.IsSpilled || _ready == _rows.Count)
            _rows.Clear();
        else
            _rows.KeepFrom(_ready);
        _peers.Clear();
        _ready = 0;
        _next = 0;
        _lastStart = 0;
        _starts.Clear();
        if (_rows.Count > 0)
            _starts.Add(0);
        else
            _hasLastKeys = false;
    }

    private void Evaluate(Batch batch, QueryContext context)
    {
        for (int c = 0; c < _width; c++)
            _rowVectors[c] = batch.Columns[c];
        for (int e = 0; e < _extra.Length; e++)
            _rowVectors[_width + e] = BatchTools.Spread(_extra[e].Evaluate(batch, context), batch.Count, ref _scratch[e]);
    }

    /// <summary>
    /// Keeps the rows of a batch that were not kept yet. True when what is kept has to be computed before more is: memory is full of whole
    /// partitions, or one partition in a file has ended. The rest of the batch waits then.
    /// </summary>
    private bool Append(Batch batch, QueryContext context)
    {
        if (_identity.Length < batch.Count)
            _identity = VectorTools.Identity(batch.Count).ToArray();
        ReadOnlySpan<int> rows = _identity.AsSpan(_restFrom, batch.Count - _restFrom);
        if (!_rows.IsSpilled && context.Temporary is not null && _rows.Count > 0 && !_rows.HasRoom(_rowVectors, rows, context))
        {
            if (_lastStart > 0)
            {
                _rest = batch;
                return true;
            }

            _rows.MoveToFile(context);
        }

        if (!_rows.IsSpilled)
        {
            int first = _rows.Count;
            _rows.Append(_rowVectors, rows, context);
            for (int i = 0; i < rows.Length; i++)
            {
                if (Continues(rows[i]))
                    continue;
                _starts.Add(first + i);
                _lastStart = first + i;
            }

            return false;
        }

        int same = 0;
        while (same < rows.Length && Continues(rows[same]))
            same++;
        _rows.Append(_rowVectors, rows[..same], context);
        if (same < rows.Length)
        {
            // The row that was compared last begins the next partition: it is compared anew then.
            _hasLastKeys = false;
            _rest = batch;
            _restFrom += same;
        }

        return same < rows.Length;
    }

    /// <summary>Whether a row of the current batch belongs to the partition of the row before.</summary>
    private bool Continues(int row)
    {
        bool same = _hasLastKeys;
        for (int k = 0; k < _partitionKeys && same; k++)
            same = _keyOperations[k].Equal(_lastKeys[k], 0, _rowVectors[_width + k], row);
        if (same)
            return true;
        for (int k = 0; k < _partitionKeys; k++)
        {
            _lastKeys[k].Reset();
            _lastKeys[k].CopyRow(_rowVectors[_width + k], row, 0, deep: true);
        }

        _hasLastKeys = true;
        return false;
    }

    public override void Close()
    {
        _input.Close();
        foreach (WindowFunction function in _functions)
            function.End();
        _rows.Clear();
        _peers.Clear();
        _starts.Clear();
        _rest = null;
        _restFrom = 0;
        _lastStart = 0;
        _ready = 0;
        _next = 0;
        _hasLastKeys = false;
        _inputEnded = false;
    }
}
