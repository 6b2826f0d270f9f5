using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Spilling;

/// <summary>Rows that are kept to be read, in order, as often as wanted: in memory while the budget has room, else in a temporary file.</summary>
internal sealed class RowSpool(IReadOnlyList<SqlType> types) : IDisposable
{
    private readonly RowStore _store = new(types);
    private SpillFile? _file;
    private MemoryBudget? _memory;
    private long _reserved;

    /// <summary>Rows in it.</summary>
    public long Count { get; private set; }

    public IReadOnlyList<SqlType> Types => types;

    public void Add(Batch batch, QueryContext context) => Add(batch.Columns, VectorTools.Identity(batch.Count), context);

    /// <summary>Adds some rows of columns.</summary>
    public void Add(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows, QueryContext context)
    {
        if (rows.Length == 0)
            return;
        Count += rows.Length;
        if (_file is null)
        {
            _memory = context.Memory;
            long bytes = VectorTools.RowsBytes(columns, rows);
            bool fits = context.Memory.TryGrow(_reserved, bytes);
            if (fits || context.Temporary is null)
            {
                if (!fits)
                    context.Memory.Reserve(bytes);
                _reserved += bytes;
                _store.Append(columns, rows);
                return;
            }

            _file = new SpillFile(context, types);
            for (int at = 0; at < _store.Count; at += Batch.DefaultSize)
                _file.Append(_store.Columns, VectorTools.Identity(_store.Count).Slice(at, Math.Min(Batch.DefaultSize, _store.Count - at)));
            _store.Clear();
            context.Memory.Release(_reserved);
            _reserved = 0;
        }

        _file.Append(columns, rows);
    }

    /// <summary>Reads from the beginning. Nothing may be added until all readers have ended.</summary>
    public RowSpoolReader Read() => new(_store, _file?.Read(), types);

    /// <summary>Forgets the rows.</summary>
    public void Clear()
    {
        _store.Clear();
        _file?.Dispose();
        _file = null;
        _memory?.Release(_reserved);
        _memory = null;
        _reserved = 0;
        Count = 0;
    }

    public void Dispose() => Clear();
}

/// <summary>Reads a spool's rows in batches. A batch is valid until the next.</summary>
internal sealed class RowSpoolReader(RowStore store, SpillReader? file, IReadOnlyList<SqlType> types) : IDisposable
{
    private Batch? _batch;
    private int _next;

    public Batch? Next(int limit)
    {
        if (file is not null)
            return file.Next();
        if (_next >= store.Count)
            return null;
        int count = Math.Min(limit, store.Count - _next);
        ReadOnlySpan<int> rows = VectorTools.Identity(store.Count).Slice(_next, count);
        _batch ??= new Batch(VectorTools.CreateVectors(types, 1));
        for (int c = 0; c < _batch.Columns.Length; c++)
            Operators.BatchTools.Gather(store.Columns[c], rows, _batch.Columns[c]);
        _next += count;
        _batch.Count = count;
        return _batch;
    }

    public void Dispose() => file?.Dispose();
}
