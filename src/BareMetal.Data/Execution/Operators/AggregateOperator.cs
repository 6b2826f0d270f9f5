using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Groups by hashing. When the groups outgrow the memory budget, rows of groups that are not yet known go to temporary files by the
/// hash of their key, and each file is grouped on its own afterwards; states that grow with their rows stop growing. Several grouping
/// sets are computed side by side, each with files of its own.
/// </summary>
internal sealed class AggregateOperator : PhysicalOperator, ISpillingOperator
{
    private readonly PhysicalOperator _input;
    private readonly Evaluator[] _keys;
    private readonly AggregateCall[] _calls;
    private readonly IReadOnlyList<IReadOnlyList<int>>? _sets;
    private readonly SqlType[] _inputTypes;
    private readonly SqlType[] _keyTypes;
    private readonly Grouping[] _groupings;
    private readonly Vector[] _keyVectors;
    private readonly Vector?[] _keyScratch;
    private readonly Batch _batch;
    private readonly Queue<(SpillFile File, int Set, int Depth)> _pending = new();
    private readonly SpillFile?[]?[] _files;
    private readonly List<int> _partitionRows = [];
    private Batch? _knownBatch;
    private int[] _groups = [];
    private int[] _rows = [];
    private bool _isRead;
    private int _set;
    private int _next;
    private bool _isPart;
    private long _reserved;
    private QueryContext? _context;
    private SpillFile? _current;
    private bool _isSpilling;
    private int _first;
    private int _end;
    private int _depth;
    private long _spilled;

    /// <param name="input">The rows.</param>
    /// <param name="keys">Grouping expressions; none: one group, even of no rows.</param>
    /// <param name="calls">Aggregates.</param>
    /// <param name="sets">Keys of each grouping set; null for one set of all keys. With sets, a last integer column gives the set's number.</param>
    /// <param name="inputTypes">Types of the input's columns.</param>
    public AggregateOperator(PhysicalOperator input, Evaluator[] keys, AggregateCall[] calls, IReadOnlyList<IReadOnlyList<int>>? sets, IReadOnlyList<SqlType> inputTypes)
    {
        _input = input;
        _keys = keys;
        _calls = calls;
        _sets = sets;
        _inputTypes = [.. inputTypes];
        _keyTypes = [.. keys.Select(k => k.Type)];
        _keyVectors = new Vector[keys.Length];
        _keyScratch = new Vector?[keys.Length];
        _groupings = new Grouping[sets?.Count ?? 1];
        for (int i = 0; i < _groupings.Length; i++)
            _groupings[i] = new Grouping(sets is null ? [.. Enumerable.Range(0, keys.Length)] : [.. sets[i]], _keyTypes, calls);
        _files = new SpillFile?[]?[_groupings.Length];
        _end = _groupings.Length;
        List<SqlType> types = [.. _keyTypes, .. calls.Select(c => c.Type)];
        if (sets is not null)
            types.Add(SqlType.Integer);
        _batch = new Batch(VectorTools.CreateVectors(types, 1));
    }

    public long SpilledBytes
    {
        get
        {
            long bytes = _spilled;
            foreach (Grouping grouping in _groupings)
                bytes += grouping.SpilledBytes;
            return bytes;
        }
    }

    public override void Open(QueryContext context)
    {
        Close();
        _context = context;
        _input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_isRead)
        {
            while (_input.Next(context) is { } batch)
                Add(batch, context);
            _input.Close();
            Finish(context);
            _isRead = true;
        }

        while (true)
        {
            Batch? result = Emit(context);
            if (result is not null)
                return result;
            if (!TakePartition(context))
                return null;
        }
    }

    /// <summary>
    /// Reads the whole input as one of several parts, whose groups another operator takes over by <see cref="OpenMerged"/>. Nothing is spilled.
    /// </summary>
    /// <returns>False when the groups outgrew the budget, or <paramref name="isAbandoned"/> said to stop.</returns>
    public bool ReadPart(QueryContext context, Func<bool> isAbandoned)
    {
        _isPart = true;
        Open(context);
        while (_input.Next(context) is { } batch)
        {
            Add(batch, context);
            if (context.Memory.Used > context.Memory.Limit || isAbandoned())
                return false;
        }

        _input.Close();
        Finish(context);
        return true;
    }

    /// <summary>Begins with groups that parts have read, instead of an input.</summary>
    public void OpenMerged(QueryContext context, IEnumerable<AggregateOperator> parts)
    {
        Close();
        _context = context;
        _isRead = true;
        foreach (AggregateOperator part in parts)
        {
            for (int i = 0; i < _groupings.Length; i++)
                _groupings[i].Absorb(part._groupings[i]);
        }

        long held = 0;
        foreach (Grouping grouping in _groupings)
            held += grouping.MemoryBytes;
        context.Memory.Reserve(held);
        _reserved = held;
        Finish(context);
    }

    private Batch? Emit(QueryContext context)
    {
        while (_set < _end)
        {
            Grouping grouping = _groupings[_set];
            if (_next >= grouping.Count)
            {
                _set++;
                _next = 0;
                continue;
            }

            context.Cancellation.ThrowIfCancellationRequested();
            int count = grouping.Prepare(_next, Math.Min(context.BatchSize, grouping.Count - _next), context);
            grouping.Write(_batch, _next, count, _keys.Length, _calls.Length);
            if (_sets is not null)
            {
                Vector<int> number = (Vector<int>)_batch.Columns[^1];
                number.Reset();
                number.EnsureCapacity(count);
                number.Data.AsSpan(0, count).Fill(_set);
            }

            _next += count;
            _batch.Count = count;
            return _batch;
        }

        return null;
    }

    private void Add(Batch batch, QueryContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        int count = batch.Count;
        if (_groups.Length < count)
        {
            _groups = new int[Math.Max(count, context.BatchSize)];
            _rows = new int[_groups.Length];
        }

        for (int k = 0; k < _keys.Length; k++)
            _keyVectors[k] = BatchTools.Spread(_keys[k].Evaluate(batch, context), count, ref _keyScratch[k]);
        for (int set = _first; set < _end; set++)
        {
            if (_isSpilling && _groupings[set].HasKeys)
                AddToKnown(batch, set, context);
            else
                _groupings[set].Add(batch, _keyVectors, _groups, context);
        }

        Account(context);
    }

    private void Account(QueryContext context)
    {
        long held = 0;
        for (int set = _first; set < _end; set++)
            held += _groupings[set].MemoryBytes;
        long more = held - _reserved;
        if (more <= 0)
            return;
        if (!context.Memory.TryGrow(_reserved, more))
        {
            if (_isSpilling)
                context.Memory.Take(more);
            else
                context.Memory.Reserve(more);
            if (!_isSpilling && !_isPart && _depth < HashPartition.MaxDepth && context.Temporary is not null)
            {
                _isSpilling = true;
                for (int set = _first; set < _end; set++)
                    _groupings[set].StartSpilling();
            }
        }

        _reserved = held;
    }

    /// <summary>Over budget: groups that are known go on, rows of others wait in files.</summary>
    private void AddToKnown(Batch batch, int set, QueryContext context)
    {
        Grouping grouping = _groupings[set];
        ReadOnlySpan<uint> hashes = grouping.Find(_keyVectors, batch.Count, _groups);
        int known = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            if (_groups[i] >= 0)
                _rows[known++] = i;
        }

        SpillFile?[] files = _files[set] ??= new SpillFile?[HashPartition.Count];
        for (int p = 0; p < HashPartition.Count && known < batch.Count; p++)
        {
            _partitionRows.Clear();
            for (int i = 0; i < batch.Count; i++)
            {
                if (_groups[i] < 0 && HashPartition.Of(hashes[i], _depth) == p)
                    _partitionRows.Add(i);
            }

            if (_partitionRows.Count == 0)
                continue;
            SpillFile file = files[p] ??= new SpillFile(context, _inputTypes);
            file.Append(batch.Columns, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_partitionRows));
        }

        if (known == batch.Count)
        {
            grouping.AddKnown(batch, _groups.AsSpan(0, known), context);
        }
        else if (known > 0)
        {
            for (int i = 0; i < known; i++)
                _groups[i] = _groups[_rows[i]];
            _knownBatch ??= new Batch(VectorTools.CreateVectors(_inputTypes, 1));
            BatchTools.Gather(batch, _rows.AsSpan(0, known), _knownBatch);
            grouping.AddKnown(_knownBatch, _groups.AsSpan(0, known), context);
        }
    }

    private void Finish(QueryContext context)
    {
        QueueFiles();
        for (int set = _first; set < _end; set++)
            _groupings[set].Finish(context);
        _isSpilling = false;
    }

    private bool TakePartition(QueryContext context)
    {
        foreach (Grouping grouping in _groupings)
            grouping.Clear();
        context.Memory.Release(_reserved);
        _reserved = 0;
        if (!_pending.TryDequeue(out (SpillFile File, int Set, int Depth) part))
            return false;
        _current = part.File;
        _depth = part.Depth;
        _first = part.Set;
        _end = part.Set + 1;
        _set = _first;
        _next = 0;
        using (SpillReader reader = part.File.Read())
        {
            while (reader.Next() is { } batch)
                Add(batch, context);
        }

        _current.Dispose();
        _current = null;
        Finish(context);
        return true;
    }

    private void QueueFiles()
    {
        for (int set = 0; set < _files.Length; set++)
        {
            foreach (SpillFile? file in _files[set] ?? [])
            {
                if (file is null)
                    continue;
                file.Seal();
                _spilled += file.Bytes;
                _pending.Enqueue((file, set, _depth + 1));
            }

            _files[set] = null;
        }
    }

    public override void Close()
    {
        _input.Close();
        foreach (Grouping grouping in _groupings)
            grouping.Clear();
        foreach (SpillFile?[]? files in _files)
        {
            foreach (SpillFile? file in files ?? [])
                file?.Dispose();
        }

        Array.Clear(_files);
        while (_pending.TryDequeue(out (SpillFile File, int Set, int Depth) pending))
            pending.File.Dispose();
        _current?.Dispose();
        _current = null;
        _context?.Memory.Release(_reserved);
        _context = null;
        _reserved = 0;
        _isRead = false;
        _isSpilling = false;
        _first = 0;
        _end = _groupings.Length;
        _set = 0;
        _next = 0;
        _depth = 0;
    }

    /// <summary>The groups of one grouping set.</summary>
    private sealed class Grouping(int[] columns, SqlType[] keyTypes, AggregateCall[] calls)
    {
        private readonly GroupTable? _table = columns.Length == 0 ? null : new GroupTable([.. columns.Select(c => keyTypes[c])]);
        private readonly GroupedAggregates _aggregates = new(calls);
        private readonly Vector[] _keys = new Vector[columns.Length];

        public int Count => _table?.Count ?? 1;

        public bool HasKeys => _table is not null;

        public long SpilledBytes => _aggregates.SpilledBytes;

        public long MemoryBytes => (_table?.MemoryBytes ?? 0) + _aggregates.MemoryBytes;

        public void Add(Batch batch, Vector[] keys, int[] groups, QueryContext context)
        {
            if (_table is null)
            {
                _aggregates.Add(batch, default, 1, context);
                return;
            }

            Take(keys);
            _table.FindOrAdd(_keys, batch.Count, groups);
            _aggregates.Add(batch, groups.AsSpan(0, batch.Count), _table.Count, context);
        }

        public void Absorb(Grouping other)
        {
            int[] numbers = new int[other.Count];
            _table?.FindOrAdd(other._table!.Keys, other.Count, numbers);
            _aggregates.Merge(other._aggregates, numbers, Count);
        }

        public ReadOnlySpan<uint> Find(Vector[] keys, int count, Span<int> groups)
        {
            Take(keys);
            _table!.Find(_keys, count, groups);
            return _table.Hash(_keys, count);
        }

        public void AddKnown(Batch batch, ReadOnlySpan<int> groups, QueryContext context) => _aggregates.Add(batch, groups, _table!.Count, context);

        public void StartSpilling() => _aggregates.StartSpilling();

        public void Finish(QueryContext context) => _aggregates.Finish(Count, context);

        /// <summary>Makes the results of the next groups ready; gives how many.</summary>
        public int Prepare(int first, int count, QueryContext context)
        {
            count = _aggregates.Limit(count, Count, context);
            _aggregates.Prepare(first, count, context);
            return count;
        }

        public void Write(Batch target, int first, int count, int keyCount, int aggregateCount)
        {
            for (int k = 0; k < keyCount; k++)
            {
                Vector v = target.Columns[k];
                v.Reset();
                v.EnsureCapacity(count);
                int at = Array.IndexOf(columns, k);
                if (at >= 0)
                {
                    for (int i = 0; i < count; i++)
                        v.CopyRow(_table!.Keys[at], first + i, i);
                }
                else
                {
                    for (int i = 0; i < count; i++)
                        v.SetNull(i);
                }
            }

            for (int a = 0; a < aggregateCount; a++)
            {
                Vector v = target.Columns[keyCount + a];
                v.Reset();
                v.EnsureCapacity(count);
                _aggregates.Result(a, first, count, v);
            }
        }

        public void Clear()
        {
            _table?.Clear();
            _aggregates.Clear();
        }

        private void Take(Vector[] keys)
        {
            for (int i = 0; i < columns.Length; i++)
                _keys[i] = keys[columns[i]];
        }
    }
}
