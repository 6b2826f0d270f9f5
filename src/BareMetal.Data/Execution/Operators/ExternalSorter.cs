using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Sorts rows of columns, stable. What does not fit the memory budget goes to temporary files as sorted runs, which are merged in as many
/// passes as the budget's fan-in asks for.
/// </summary>
internal sealed class ExternalSorter(SqlType[] types, int firstKey, RowComparer comparer)
{
    private const int OrderBytes = 44;
    private const int RunBatch = 256;

    private readonly RowStore _store = new(types);
    private readonly Vector[] _keys = new Vector[comparer.Operations.Length];
    private List<SpillFile> _runs = [];
    private RunMerger? _merger;
    private int[] _order = [];
    private long _reserved;
    private long _spilled;
    private int _next;
    private MemoryBudget? _memory;

    /// <summary>Rows that were added.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes that the rows take.</summary>
    public long RowBytes { get; private set; }

    /// <summary>Bytes written to temporary files since it was made.</summary>
    public long SpilledBytes => _spilled;

    public SqlType[] Types => types;

    /// <summary>Adds some rows of columns, one for each type.</summary>
    public void Add(ReadOnlySpan<Vector> columns, ReadOnlySpan<int> rows, QueryContext context)
    {
        if (rows.Length == 0)
            return;
        _memory = context.Memory;
        long data = VectorTools.RowsBytes(columns, rows);
        long bytes = data + ((long)rows.Length * OrderBytes);
        if (!context.Memory.TryGrow(_reserved, bytes))
        {
            if (_store.Count > 0 && context.Temporary is not null)
                SpillRun(context);
            if (rows.Length > 1 && bytes > context.Memory.Floor && context.Temporary is not null)
            {
                // A batch that is too large for what is left goes in by halves, so that its runs stay within the floor.
                int half = rows.Length / 2;
                Add(columns, rows[..half], context);
                Add(columns, rows[half..], context);
                return;
            }

            context.Memory.Reserve(bytes);
        }

        _reserved += bytes;
        RowBytes += data;
        Count += rows.Length;
        _store.Append(columns, rows);
    }

    /// <summary>Ends the input.</summary>
    public void Finish(QueryContext context)
    {
        _next = 0;
        if (_runs.Count == 0)
        {
            SortStore(context);
            return;
        }

        SpillRun(context);
        MergePasses(context);
        _merger = new RunMerger(_runs, comparer, firstKey, types);
    }

    /// <summary>The next rows in order, at most so many: the target takes the first columns that it has; false at the end.</summary>
    public bool Next(Batch target, int limit, QueryContext context)
    {
        if (_merger is not null)
            return _merger.Next(target, limit, context);
        int count = (int)Math.Min(limit, _store.Count - _next);
        if (count <= 0)
            return false;
        ReadOnlySpan<int> rows = _order.AsSpan(_next, count);
        for (int c = 0; c < target.Columns.Length; c++)
            BatchTools.Gather(_store.Columns[c], rows, target.Columns[c]);
        target.Count = count;
        _next += count;
        return true;
    }

    /// <summary>Forgets the rows, with files and memory.</summary>
    public void Clear()
    {
        _merger?.Dispose();
        _merger = null;
        foreach (SpillFile run in _runs)
            run.Dispose();
        _runs.Clear();
        _store.Clear();
        _memory?.Release(_reserved);
        _memory = null;
        _reserved = 0;
        _next = 0;
        Count = 0;
        RowBytes = 0;
        if (_order.Length > 1 << 16)
            _order = [];
    }

    private void SortStore(QueryContext context)
    {
        for (int k = 0; k < _keys.Length; k++)
            _keys[k] = _store.Columns[firstKey + k];
        comparer.Sort(_keys, _store.Count, ref _order, context.Cancellation);
    }

    private void SpillRun(QueryContext context)
    {
        if (_store.Count == 0)
            return;
        SortStore(context);
        SpillFile run = new(context, types);
        _runs.Add(run);
        for (int at = 0; at < _store.Count; at += RunBatch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            run.Append(_store.Columns, _order.AsSpan(at, Math.Min(RunBatch, _store.Count - at)));
        }

        run.Seal();
        _spilled += run.Bytes;
        _store.Clear();
        if (_order.Length > 1 << 16)
            _order = [];
        context.Memory.Release(_reserved);
        _reserved = 0;
    }

    /// <summary>How many runs from one on are merged at once: fewer where rows are wide, but two if there are.</summary>
    private int FanIn(int first, MemoryBudget memory)
    {
        int most = Math.Min(memory.FanIn, _runs.Count - first);
        long room = Math.Max(memory.Limit / 2, 2L * memory.FanIn * memory.BlockBytes);
        int count = 0;
        while (count < most)
        {
            room -= SpillReader.HeldBytes(_runs[first + count].LargestBlock, types, memory);
            if (room < 0 && count >= 2)
                break;
            count++;
        }

        return count;
    }

    /// <summary>Merges neighbouring runs until one merge can read them all.</summary>
    private void MergePasses(QueryContext context)
    {
        Batch batch = new(VectorTools.CreateVectors(types, 1));
        while (FanIn(0, context.Memory) < _runs.Count)
        {
            List<SpillFile> merged = [];
            List<SpillFile> part = [];
            int taken = 0;
            try
            {
                while (taken < _runs.Count)
                {
                    part = _runs.GetRange(taken, FanIn(taken, context.Memory));
                    taken += part.Count;
                    if (part.Count == 1)
                    {
                        merged.Add(part[0]);
                        continue;
                    }

                    SpillFile run = new(context, types);
                    merged.Add(run);
                    using (RunMerger merger = new(part, comparer, firstKey, types))
                    {
                        while (merger.Next(batch, RunBatch, context))
                            run.Append(batch);
                    }

                    run.Seal();
                    _spilled += run.Bytes;
                    foreach (SpillFile done in part)
                        done.Dispose();
                }
            }
            catch
            {
                // What was merged already is gone from the old list; both lists hold files to delete.
                foreach (SpillFile run in merged)
                    run.Dispose();
                throw;
            }

            _runs = merged;
        }
    }
}
