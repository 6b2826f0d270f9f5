using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// The rows of a common table expression within a plan instance: computed when first read, in memory or, beyond the budget, in a
/// temporary file. For a recursive one also the rows that the last round added.
/// </summary>
internal sealed class CteBuffer
{
    private PhysicalOperator? _source;
    private PhysicalOperator? _recursive;
    private IReadOnlyList<SqlType> _types = [];
    private bool _isUnionAll;
    private RowStore? _store;
    private RowStore? _working;
    private RowStore? _next;
    private GroupTable? _seen;
    private SpillFile? _file;
    private bool _isFilled;
    private long _reserved;
    private QueryContext? _context;
    private int[] _groups = [];
    private int[] _rows = [];

    /// <summary>Says how the rows are computed; once, when the instance is built.</summary>
    public void Define(PhysicalOperator source, PhysicalOperator? recursive, bool isUnionAll, IReadOnlyList<SqlType> types)
    {
        _source = source;
        _recursive = recursive;
        _isUnionAll = isUnionAll;
        _types = types;
        _store = new RowStore(types);
        if (recursive is not null)
        {
            _working = new RowStore(types);
            _next = new RowStore(types);
            if (!isUnionAll)
                _seen = new GroupTable(types);
        }
    }

    /// <summary>The rows that the recursive term reads in this round.</summary>
    public RowStore Working => _working!;

    public RowStore Store => _store!;

    /// <summary>Set when the rows are in a file.</summary>
    public SpillFile? File => _file;

    public void EnsureFilled(QueryContext context)
    {
        if (_isFilled)
            return;
        _context = context;
        _isFilled = true;
        PhysicalOperator source = _source!;
        source.Open(context);
        try
        {
            while (source.Next(context) is { } batch)
                Add(batch, context);
        }
        finally
        {
            source.Close();
        }

        if (_recursive is null)
            return;
        while (true)
        {
            (_working, _next) = (_next!, _working!);
            _next.Clear();
            if (_working.Count == 0)
                return;
            _recursive.Open(context);
            try
            {
                while (_recursive.Next(context) is { } batch)
                    Add(batch, context);
            }
            finally
            {
                _recursive.Close();
            }
        }
    }

    private void Add(Batch batch, QueryContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        ReadOnlySpan<int> rows = VectorTools.Identity(batch.Count);
        if (_seen is not null)
        {
            if (_groups.Length < batch.Count)
            {
                _groups = new int[Math.Max(batch.Count, context.BatchSize)];
                _rows = new int[_groups.Length];
            }

            int known = _seen.Count;
            _seen.FindOrAdd(batch.Columns, batch.Count, _groups);
            int count = 0;
            for (int i = 0; i < batch.Count; i++)
            {
                if (_groups[i] != known)
                    continue;
                known++;
                _rows[count++] = i;
            }

            rows = _rows.AsSpan(0, count);
        }

        if (rows.Length == 0)
            return;
        if (_recursive is not null)
            _next!.Append(batch.Columns, rows);
        if (_file is null)
        {
            long bytes = VectorTools.BatchBytes(batch);
            if (context.Memory.TryReserve(bytes) || context.Temporary is null)
            {
                _reserved += bytes;
                _store!.Append(batch.Columns, rows);
                return;
            }

            _file = new SpillFile(context, _types);
            for (int at = 0; at < _store!.Count; at += Batch.DefaultSize)
                _file.Append(_store.Columns, VectorTools.Identity(_store.Count).Slice(at, Math.Min(Batch.DefaultSize, _store.Count - at)));
            _store.Clear();
            context.Memory.Release(_reserved);
            _reserved = 0;
        }

        _file.Append(batch.Columns, rows);
    }

    /// <summary>Forgets the rows; the next reader computes them anew.</summary>
    public void Reset()
    {
        _isFilled = false;
        _store?.Clear();
        _working?.Clear();
        _next?.Clear();
        _seen?.Clear();
        _file?.Dispose();
        _file = null;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
    }
}

/// <summary>Runs the body of WITH; its definitions are computed when the body first reads them.</summary>
internal sealed class WithOperator(CteBuffer[] buffers, PhysicalOperator body) : PhysicalOperator
{
    public override void Open(QueryContext context)
    {
        foreach (CteBuffer buffer in buffers)
            buffer.Reset();
        body.Open(context);
    }

    public override Batch? Next(QueryContext context) => body.Next(context);

    public override void Close()
    {
        body.Close();
        foreach (CteBuffer buffer in buffers)
            buffer.Reset();
    }
}

/// <summary>Reads a common table expression, or within its recursive term the last round's rows.</summary>
internal sealed class CteScanOperator(CteBuffer buffer, bool isWorking, IReadOnlyList<SqlType> types) : PhysicalOperator
{
    private readonly Batch _batch = new(VectorTools.CreateVectors(types, 1));
    private SpillReader? _reader;
    private int _next;
    private bool _isStarted;

    public override void Open(QueryContext context)
    {
        _next = 0;
        _reader = null;
        _isStarted = false;
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_isStarted)
        {
            if (!isWorking)
            {
                buffer.EnsureFilled(context);
                _reader = buffer.File?.Read();
            }

            _isStarted = true;
        }

        if (_reader is not null)
            return _reader.Next();
        RowStore store = isWorking ? buffer.Working : buffer.Store;
        if (_next >= store.Count)
            return null;
        int count = Math.Min(context.BatchSize, store.Count - _next);
        ReadOnlySpan<int> rows = VectorTools.Identity(store.Count).Slice(_next, count);
        for (int c = 0; c < _batch.Columns.Length; c++)
            BatchTools.Gather(store.Columns[c], rows, _batch.Columns[c]);
        _next += count;
        _batch.Count = count;
        return _batch;
    }

    public override void Close() => _reader = null;
}
