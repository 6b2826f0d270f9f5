using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// The inner side of a correlated plan whose input does not depend on outer rows: read once for a run, hashed by the keys that are
/// compared with outer values; each opening gives the rows of one key. Without keys it gives all rows each time.
/// </summary>
internal sealed class LookupSpoolOperator : PhysicalOperator, IRunScoped
{
    private readonly PhysicalOperator _input;
    private readonly Evaluator[] _keys;
    private readonly Evaluator[] _probes;
    private readonly GroupTable _table;
    private readonly RowStore _store;
    private readonly Batch _batch;
    private readonly Vector[] _keyVectors;
    private readonly Vector[] _probeVectors;
    private readonly Vector?[] _scratch;
    private int[] _groups = [];
    private int[] _heads = [];
    private int[] _tails = [];
    private int[] _chain = [];
    private int[] _rows = [];
    private int _linked;
    private long _run = -1;
    private int _position;
    private long _reserved;
    private QueryContext? _context;

    public LookupSpoolOperator(PhysicalOperator input, Evaluator[] keys, Evaluator[] probes, IReadOnlyList<SqlType> types)
    {
        _input = input;
        _keys = keys;
        _probes = probes;
        _table = new GroupTable([.. keys.Select(k => k.Type)]);
        _store = new RowStore(types);
        _batch = new Batch(VectorTools.CreateVectors(types, 1));
        _keyVectors = new Vector[keys.Length];
        _probeVectors = new Vector[keys.Length];
        _scratch = new Vector?[keys.Length];
    }

    public override void Open(QueryContext context)
    {
        if (_run != context.RunNumber || !ReferenceEquals(_context, context))
        {
            Forget();
            _context = context;
            Fill(context);
            _run = context.RunNumber;
        }

        for (int k = 0; k < _probes.Length; k++)
        {
            _probeVectors[k] = _probes[k].Evaluate(BatchTools.OneRow, context);
            if (_probeVectors[k].IsNull(0))
            {
                _position = -1;
                return;
            }
        }

        Span<int> group = stackalloc int[1];
        _table.Find(_probeVectors, 1, group);
        _position = group[0] >= 0 ? _heads[group[0]] : -1;
    }

    public override Batch? Next(QueryContext context)
    {
        if (_position < 0)
            return null;
        if (_rows.Length < context.BatchSize)
            _rows = new int[context.BatchSize];
        int count = 0;
        while (_position >= 0 && count < context.BatchSize)
        {
            _rows[count++] = _position;
            _position = _chain[_position];
        }

        ReadOnlySpan<int> rows = _rows.AsSpan(0, count);
        for (int c = 0; c < _batch.Columns.Length; c++)
            BatchTools.Gather(_store.Columns[c], rows, _batch.Columns[c]);
        _batch.Count = count;
        return _batch;
    }

    /// <summary>What is kept stays for the next opening of the same run.</summary>
    public override void Close() => _position = -1;

    /// <summary>Ends the run.</summary>
    public void EndRun() => Forget();

    private void Fill(QueryContext context)
    {
        _input.Open(context);
        try
        {
            while (_input.Next(context) is { } batch)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                long bytes = VectorTools.BatchBytes(batch) + (batch.Count * 24L);
                context.Memory.Reserve(bytes);
                _reserved += bytes;
                int first = _store.Count;
                for (int k = 0; k < _keys.Length; k++)
                    _keyVectors[k] = BatchTools.Spread(_keys[k].Evaluate(batch, context), batch.Count, ref _scratch[k]);
                _store.Append(batch);
                Link(first, batch.Count);
            }
        }
        finally
        {
            _input.Close();
        }
    }

    private void Link(int first, int count)
    {
        if (_groups.Length < count)
            _groups = new int[Math.Max(count, Batch.DefaultSize)];
        if (_chain.Length < first + count)
            Array.Resize(ref _chain, Math.Max(first + count, _chain.Length * 2));
        _table.FindOrAdd(_keyVectors, count, _groups);
        if (_heads.Length < _table.Count)
        {
            int size = Math.Max(_table.Count, Math.Max(64, _heads.Length * 2));
            Array.Resize(ref _heads, size);
            Array.Resize(ref _tails, size);
        }

        for (int i = 0; i < count; i++)
        {
            int row = first + i;
            _chain[row] = -1;
            int group = _groups[i];
            if (group >= _linked)
            {
                _heads[group] = row;
                _linked = group + 1;
            }
            else
            {
                _chain[_tails[group]] = row;
            }

            _tails[group] = row;
        }
    }

    private void Forget()
    {
        _store.Clear();
        _table.Clear();
        _linked = 0;
        _run = -1;
        _position = -1;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
        if (_chain.Length > 1 << 16)
        {
            _chain = [];
            _heads = [];
            _tails = [];
        }
    }
}
