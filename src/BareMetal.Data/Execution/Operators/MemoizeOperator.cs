using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// The inner side of a correlated plan, whose rows are remembered by the outer values that they depend on. Each opening looks for the values
/// that the outer vectors have now: found, the rows come from memory; not found, they come from below and are kept. What is kept stays
/// within a share of the memory budget (all of it is given up when there is no more room), and nothing is kept any more when values hardly
/// ever come again.
/// </summary>
/// <param name="input">The plan below.</param>
/// <param name="keys">The vectors of the outer columns that the plan reads.</param>
/// <param name="types">Types of its columns.</param>
/// <param name="isExistence">Whether only the first row is taken, and none of its columns.</param>
/// <param name="expectedKeys">About how many different values are to come; 0 when not known.</param>
internal sealed class MemoizeOperator(PhysicalOperator input, Vector[] keys, SqlType[] types, bool isExistence, double expectedKeys) : PhysicalOperator, IRunScoped, IMemoizingOperator
{
    /// <summary>Rows of one value beyond which they are not kept.</summary>
    private const int MaxRows = 1024;

    /// <summary>Look-ups after which the hits among them are judged, where few values are expected.</summary>
    private const int MinWindow = 4096;
    private const int MaxWindow = 65536;

    /// <summary>One look-up of so many has to hit.</summary>
    private const int RareHits = 16;
    private const int EntryBytes = 8;

    /// <summary>What may stay with a plan instance between runs.</summary>
    private const int MaxIdleBytes = 64 * 1024;

    private readonly int _window = (int)Math.Clamp(expectedKeys * 2, MinWindow, MaxWindow);
    private readonly Batch _batch = new(VectorTools.CreateVectors(isExistence ? [] : types, 1));
    private readonly int[] _group = new int[1];
    private GroupTable? _table;
    private RowStore? _rows;
    private (int First, int Count)[] _entries = [];
    private QueryContext? _context;
    private long _run = -1;
    private long _reserved;
    private bool _isOn;
    private int _last = -1;
    private int _lookups;
    private int _hits;
    private State _state;
    private int _at;
    private int _left;
    private int _first;
    private int[] _replayed = [];

    private enum State
    {
        Closed,
        Passing,
        Recording,
        Replaying,
    }

    public long Hits { get; private set; }

    public long Misses { get; private set; }

    public long Evictions { get; private set; }

    public override void Open(QueryContext context)
    {
        if (_run != context.RunNumber || !ReferenceEquals(_context, context))
            Begin(context);
        Close();
        if (_isOn)
        {
            int entry = Find();
            if (entry >= 0)
            {
                (_at, _left) = _entries[entry];
                _state = State.Replaying;
                return;
            }
        }

        _state = _isOn ? State.Recording : State.Passing;
        _first = _rows?.Count ?? 0;
        input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        if (_state == State.Replaying)
            return Replay(context);
        if (_state == State.Closed)
            return null;
        Batch? batch = input.Next(context);
        if (_state == State.Passing)
            return batch;
        if (isExistence)
            End(batch is null ? 0 : 1);
        else if (batch is null)
            End(_rows!.Count - _first);
        else
            Record(batch);
        return batch;
    }

    public override void Close()
    {
        if (_state is State.Passing or State.Recording)
            input.Close();
        _state = State.Closed;
    }

    public void EndRun()
    {
        Close();
        if (_table is not null && _reserved <= MaxIdleBytes)
        {
            // Nothing refers to it any more, and the next run of the statement allocates less.
            _table.Clear();
            _rows!.Clear();
            _last = -1;
            Release();
        }
        else
        {
            Forget();
        }

        _context = null;
        _run = -1;
    }

    private void Begin(QueryContext context)
    {
        EndRun();
        _context = context;
        _run = context.RunNumber;
        _isOn = true;
        _lookups = 0;
        _hits = 0;
        Hits = 0;
        Misses = 0;
        Evictions = 0;
    }

    /// <summary>The entry of the outer vectors' values; −1 when there is none.</summary>
    private int Find()
    {
        _table ??= new GroupTable(Array.ConvertAll(keys, k => k.Type), areIdentical: true);
        _rows ??= new RowStore(isExistence ? [] : types);
        _lookups++;

        // Rows that follow one another often have the same values.
        if (_last < 0 || !_table.IsIdentical(_last, keys, 0))
        {
            _table.Find(keys, 1, _group);
            _last = _group[0];
        }

        if (_last >= 0)
        {
            Hits++;
            _hits++;
            return _last;
        }

        Misses++;
        if (_lookups >= _window)
        {
            if (_hits < _lookups / RareHits)
                GiveUp();
            _lookups = 0;
            _hits = 0;
        }

        return -1;
    }

    private Batch? Replay(QueryContext context)
    {
        if (_left == 0)
            return null;
        if (isExistence)
        {
            _left = 0;
            return BatchTools.OneRow;
        }

        int count = Math.Min(_left, context.BatchSize);
        if (_replayed.Length < count)
            _replayed = new int[Math.Max(count, 16)];
        Span<int> rows = _replayed.AsSpan(0, count);
        for (int i = 0; i < count; i++)
            rows[i] = _at + i;
        for (int c = 0; c < _batch.Columns.Length; c++)
            BatchTools.Gather(_rows!.Columns[c], rows, _batch.Columns[c]);
        _batch.Count = count;
        _at += count;
        _left -= count;
        return _batch;
    }

    private void Record(Batch batch)
    {
        if (_rows!.Count - _first + batch.Count > MaxRows)
        {
            _state = State.Passing;
            return;
        }

        if (Charge(VectorTools.BatchBytes(batch)))
            _rows.Append(batch);
        else
            Evict();
    }

    private void End(int count)
    {
        _state = State.Passing;
        long before = _table!.MemoryBytes;
        _table.FindOrAdd(keys, 1, _group);
        _last = _group[0];
        if (_last >= _entries.Length)
            Array.Resize(ref _entries, Math.Max(16, _entries.Length * 2));
        _entries[_last] = (_first, count);
        if (!Charge(_table.MemoryBytes - before + EntryBytes))
            Evict();
    }

    /// <summary>Takes memory for more to keep: up to a quarter of the statement's, for others grow beside it.</summary>
    private bool Charge(long bytes)
    {
        MemoryBudget memory = _context!.Memory;
        if (_reserved + bytes > Math.Max(memory.Limit / 4, memory.Floor) || !memory.TryGrow(_reserved, bytes))
            return false;
        _reserved += bytes;
        return true;
    }

    private void Evict()
    {
        Evictions += _table!.Count;
        Forget();
        if (_state == State.Recording)
            _state = State.Passing;
    }

    private void GiveUp()
    {
        Evict();
        _isOn = false;
    }

    /// <summary>Lets go of what is kept. Rows that were given from it may still be referred to, so that it is not written over.</summary>
    private void Forget()
    {
        _table = null;
        _rows = null;
        _entries = [];
        _last = -1;
        Release();
    }

    private void Release()
    {
        _context?.Memory.Release(_reserved);
        _reserved = 0;
    }
}

/// <summary>An operator that remembers what it has given.</summary>
internal interface IMemoizingOperator
{
    /// <summary>Look-ups in the current run that were answered from memory.</summary>
    long Hits { get; }

    /// <summary>Look-ups that were not.</summary>
    long Misses { get; }

    /// <summary>Entries that were given up: there was no room, or they were hardly ever asked for.</summary>
    long Evictions { get; }
}
