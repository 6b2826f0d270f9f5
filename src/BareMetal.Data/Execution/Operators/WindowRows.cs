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
    private const int MaxBlockRows = 1024;

    // Of each block in the file: where it is, and the number of its first row.
    private readonly List<long> _positions = [];
    private readonly List<int> _firstRows = [];
    private RowStore _store = new(types);
    private RowStore _spare = new(types);
    private SpillFile? _file;
    private RowStore? _tail;
    private Slot[]? _slots;
    private Slot? _last;
    private long _tailBytes;
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

        AppendToFile(columns, rows);
    }

    /// <summary>Moves what is in memory to a file, in blocks that take little memory to read; what is appended follows it there.</summary>
    public void MoveToFile(QueryContext context)
    {
        RowStore store = _store;
        _memory = context.Memory;
        _file = new SpillFile(context, types);
        _tail = _spare;
        _tail.Clear();
        _tailBytes = 0;
        _count = 0;
        for (int at = 0; at < store.Count; at += MaxBlockRows)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            AppendToFile(store.Columns, VectorTools.Identity(store.Count).Slice(at, Math.Min(MaxBlockRows, store.Count - at)));
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
        WriteTail();
        _file.Seal();
        SpilledBytes += _file.Bytes;

        // Fewer where rows are wide; what a function gives and what it looks at may lie in two.
        long room = Math.Max(_memory!.Limit / 2, 2L * CachedBlocks * _memory.BlockBytes);
        int slots = (int)Math.Clamp(room / Math.Max(1, SpillReader.HeldBytes(_file.LargestBlock, types, _memory)), 2, CachedBlocks);
        _slots ??= new Slot[slots];
        for (int i = 0; i < _slots.Length; i++)
            _slots[i] = new Slot { Reader = _file.Read() };
    }

    /// <summary>How many of some rows may be copied into one batch: fewer when they are in a file and wide.</summary>
    public int CountLight(int row, int count, long bytes)
    {
        if (_file is null)
            return count;
        int end = row + count;
        for (int block = FindBlock(row); block < _positions.Count && _firstRows[block] < end; block++)
        {
            bytes -= (block + 1 < _positions.Count ? _positions[block + 1] : _file.Bytes) - _positions[block];
            if (bytes < 0)
                return Math.Max(1, Math.Min(end, block + 1 < _positions.Count ? _firstRows[block + 1] : _count) - row);
        }

        return count;
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

        Slot slot = _last is not null && (uint)(row - _last.FirstRow) < (uint)_last.Batch!.Count ? _last : Load(FindBlock(row));
        index = row - slot.FirstRow;
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
        _firstRows.Clear();
        _store.Clear();
        _spare.Clear();
        _count = 0;
        _memory?.Release(_reserved);
        _memory = null;
        _reserved = 0;
    }

    private long Bytes(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows) => VectorTools.RowsBytes(columns, rows) + ((long)rows.Length * extraBytes);

    private int FindBlock(int row)
    {
        int found = _firstRows.BinarySearch(row);
        return found >= 0 ? found : ~found - 1;
    }

    private void AppendToFile(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows)
    {
        if (rows.Length == 0)
            return;
        long bytes = VectorTools.RowsBytes(columns, rows);
        int blockBytes = _memory!.BlockBytes;
        if (rows.Length > 1 && bytes > blockBytes)
        {
            int half = rows.Length / 2;
            AppendToFile(columns, rows[..half]);
            AppendToFile(columns, rows[half..]);
            return;
        }

        if (_tailBytes + bytes > blockBytes || _tail!.Count + rows.Length > MaxBlockRows)
            WriteTail();
        if (bytes > blockBytes)
        {
            WriteBlock(columns, rows);
            return;
        }

        _tail!.Append(columns, rows);
        _tailBytes += bytes;
        _count += rows.Length;
    }

    private void WriteTail()
    {
        if (_tail!.Count == 0)
            return;
        _count -= _tail.Count;
        WriteBlock(_tail.Columns, VectorTools.Identity(_tail.Count));
        _tail.Clear();
        _tailBytes = 0;
    }

    private void WriteBlock(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows)
    {
        _positions.Add(_file!.Position);
        _firstRows.Add(_count);
        _file.AppendBlock(columns, rows);
        _count += rows.Length;
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
        oldest.FirstRow = _firstRows[block];
        oldest.LastUse = ++_uses;
        return _last = oldest;
    }

    private sealed class Slot
    {
        public required SpillReader Reader { get; init; }

        public Batch? Batch { get; set; }

        public int Block { get; set; } = -1;

        public int FirstRow { get; set; }

        public int LastUse { get; set; }
    }
}
