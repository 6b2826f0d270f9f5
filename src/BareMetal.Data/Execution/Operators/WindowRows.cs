using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Rows by number, for the functions of a window: in memory, or in blocks of a temporary file of which the last used are at hand.
/// </summary>
/// <param name="types">Types of the columns.</param>
/// <param name="extraBytes">What each row in memory takes elsewhere.</param>
internal sealed class WindowRows(SqlType[] types, int extraBytes = 0)
{
    private const int CachedBlocks = 6;

    private readonly List<long> _positions = [];
    private RowStore _store = new(types);
    private RowStore _spare = new(types);
    private SpillFile? _file;
    private RowStore? _tail;
    private Slot[]? _slots;
    private Slot? _last;
    private int _blockRows;
    private int _count;
    private int _uses;
    private long _reserved;
    private MemoryBudget? _memory;

    public int Count => _file is null ? _store.Count : _count;

    /// <summary>Whether rows are in a file: bytes of a located row are then valid only until others are located.</summary>
    public bool IsSpilled => _file is not null;

    public long SpilledBytes { get; private set; }

    /// <summary>The rows in memory; null when they are in a file.</summary>
    public RowStore? Memory => _file is null ? _store : null;

    /// <summary>Whether a batch fits the budget; nothing is added.</summary>
    public bool HasRoom(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows, QueryContext context)
    {
        long bytes = Bytes(columns, rows);
        if (!context.Memory.TryGrow(_reserved, bytes))
            return false;
        context.Memory.Release(bytes);
        return true;
    }

    /// <summary>Appends rows: to the file when there is one, else in memory whether there is room or not.</summary>
    public void Append(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows, QueryContext context)
    {
        if (_file is null)
        {
            long bytes = Bytes(columns, rows);
            _memory = context.Memory;
            context.Memory.Reserve(bytes);
            _reserved += bytes;
            _store.Append(columns, rows);
            return;
        }

        for (int at = 0; at < rows.Length;)
        {
            int count = Math.Min(_blockRows - _tail!.Count, rows.Length - at);
            _tail.Append(columns, rows.Slice(at, count));
            at += count;
            _count += count;
            if (_tail.Count == _blockRows)
                WriteTail();
        }
    }

    /// <summary>Moves what is in memory to a file; what is appended follows it there.</summary>
    public void MoveToFile(QueryContext context)
    {
        RowStore store = _store;
        long average = Math.Max(1, store.MemoryBytes / Math.Max(1, store.Count));
        _blockRows = (int)Math.Clamp(context.Memory.BlockBytes / average, 8, 1024);
        _file = new SpillFile(context, types);
        _tail = _spare;
        _tail.Clear();
        _count = 0;
        for (int at = 0; at < store.Count; at += _blockRows)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Append(store.Columns, VectorTools.Identity(store.Count).Slice(at, Math.Min(_blockRows, store.Count - at)), context);
        }

        store.Clear();
        context.Memory.Release(_reserved);
        _reserved = 0;
    }

    /// <summary>Ends appending: from here on rows can be located.</summary>
    public void EndAppending()
    {
        if (_file is null)
            return;
        if (_tail!.Count > 0)
            WriteTail();
        _file.Seal();
        SpilledBytes += _file.Bytes;
        _slots ??= new Slot[CachedBlocks];
        for (int i = 0; i < _slots.Length; i++)
            _slots[i] = new Slot { Reader = _file.Read() };
    }

    /// <summary>The columns that hold a row, the row's index in them, and how many of the rows that follow are there too (itself included).</summary>
    public Vector[] Locate(int row, out int index, out int following)
    {
        if (_file is null)
        {
            index = row;
            following = _store.Count - row;
            return _store.Columns;
        }

        int block = row / _blockRows;
        index = row % _blockRows;
        Slot slot = _last is not null && _last.Block == block ? _last : Load(block);
        following = slot.Batch!.Count - index;
        return slot.Batch.Columns;
    }

    public Vector[] Locate(int row, out int index) => Locate(row, out index, out _);

    /// <summary>Forgets the rows before one; those from it on are renumbered from 0. Only in memory.</summary>
    public void KeepFrom(int row)
    {
        int rest = _store.Count - row;
        _spare.Clear();
        if (rest > 0)
            _spare.Append(_store.Columns, VectorTools.Identity(_store.Count)[row..]);
        (_store, _spare) = (_spare, _store);
        _spare.Clear();
        long held = _store.MemoryBytes + ((long)_store.Count * extraBytes);
        _memory?.Release(_reserved - held);
        _reserved = held;
    }

    public void Clear()
    {
        foreach (Slot? slot in _slots ?? [])
            slot?.Reader.Dispose();
        _slots = null;
        _last = null;
        _file?.Dispose();
        _file = null;
        _tail = null;
        _positions.Clear();
        _store.Clear();
        _spare.Clear();
        _count = 0;
        _memory?.Release(_reserved);
        _memory = null;
        _reserved = 0;
    }

    private long Bytes(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows) => VectorTools.RowsBytes(columns, rows) + ((long)rows.Length * extraBytes);

    private void WriteTail()
    {
        _positions.Add(_file!.Position);
        _file.AppendBlock(_tail!.Columns, VectorTools.Identity(_tail.Count));
        _tail.Clear();
    }

    private Slot Load(int block)
    {
        Slot oldest = _slots![0];
        foreach (Slot slot in _slots)
        {
            if (slot.Block == block)
            {
                slot.LastUse = ++_uses;
                return _last = slot;
            }

            if (slot.LastUse < oldest.LastUse)
                oldest = slot;
        }

        oldest.Reader.Position = _positions[block];
        oldest.Batch = oldest.Reader.Next();
        oldest.Block = block;
        oldest.LastUse = ++_uses;
        return _last = oldest;
    }

    private sealed class Slot
    {
        public required SpillReader Reader { get; init; }

        public Batch? Batch { get; set; }

        public int Block { get; set; } = -1;

        public int LastUse { get; set; }
    }
}
