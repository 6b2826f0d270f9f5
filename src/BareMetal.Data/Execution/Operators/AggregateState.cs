using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// One aggregate's states for numbered groups. Rows whose order matters, distinct values beyond the memory budget and rows for states
/// that grow beyond it go through a sorter by group and are added when the group's result is asked for.
/// </summary>
internal sealed class AggregateState
{
    private readonly AggregateCall _call;
    private readonly Accumulator _accumulator;
    private readonly GroupTable? _distinct;
    private readonly ExternalSorter? _sorted;
    private readonly SqlType[] _argumentTypes;
    private readonly SqlType[] _keyTypes;
    private readonly Vector[] _arguments;
    private readonly Vector[] _compact;
    private readonly Vector[] _distinctKeys;
    private readonly Vector<int> _groupVector = new(SqlType.Integer, 1);
    private readonly Vector?[] _scratch;
    private readonly Vector[] _columns;

    // Distinct values that the table has no room for: group, arguments, order keys, sorted by group and arguments.
    private ExternalSorter? _distinctRest;

    // Rows for which a growing state has no room: group, arguments, sorted by group.
    private ExternalSorter? _rest;
    private bool _isSpilling;
    private ExternalSorter? _stream;
    private Batch? _streamBatch;
    private int _streamAt;
    private int _streamArguments;
    private Vector[]? _last;
    private bool _hasLast;
    private int _forgotten;
    private long _finishedBytes;
    private long _preparing;
    private MemoryBudget? _memory;
    private int[] _rows = [];
    private int[] _groups = [];
    private int[] _numbers = [];

    // Rows without nulls in the sorter by group, when the accumulator asks.
    private long[] _counts = [];

    public AggregateState(AggregateCall call)
    {
        _call = call;
        _accumulator = call.CreateAccumulator();
        _argumentTypes = [.. call.Arguments.Select(a => a.Type)];
        _keyTypes = [.. call.OrderKeys.Select(k => k.Type)];
        _arguments = new Vector[_argumentTypes.Length];
        _compact = VectorTools.CreateVectors(_argumentTypes, 1);
        if (call.IsDistinct)
            _distinct = new GroupTable([SqlType.Integer, .. _argumentTypes]);
        _distinctKeys = new Vector[_argumentTypes.Length + 1];
        _scratch = new Vector?[_argumentTypes.Length + _keyTypes.Length];
        _columns = new Vector[1 + _argumentTypes.Length + _keyTypes.Length];
        if (_keyTypes.Length > 0)
        {
            _sorted = new ExternalSorter(
                [SqlType.Integer, .. _keyTypes, .. _argumentTypes],
                0,
                new RowComparer(ColumnOperations.For([SqlType.Integer, .. _keyTypes]), [new SortDirection(false, true), .. call.OrderDirections]));
        }
    }

    public long MemoryBytes => _accumulator.MemoryBytes + (_distinct?.MemoryBytes ?? 0) + (_counts.Length * 8L);

    public long SpilledBytes => (_sorted?.SpilledBytes ?? 0) + (_distinctRest?.SpilledBytes ?? 0) + (_rest?.SpilledBytes ?? 0);

    public void Add(Batch batch, ReadOnlySpan<int> groups, int groupCount, QueryContext context)
    {
        _accumulator.EnsureGroups(groupCount);
        int count = batch.Count;
        if (_call.Filter is null && _distinct is null && _sorted is null && !(_isSpilling && _accumulator.Grows))
        {
            for (int i = 0; i < _arguments.Length; i++)
                _arguments[i] = _call.Arguments[i].Evaluate(batch, context);
            _accumulator.AddWithin(_arguments, count, groups, context);
            return;
        }

        if (_rows.Length < count)
        {
            _rows = new int[Math.Max(count, Batch.DefaultSize)];
            _groups = new int[_rows.Length];
            _numbers = new int[_rows.Length];
        }

        if (_call.Filter is null)
            VectorTools.Identity(count).CopyTo(_rows);
        else
            count = VectorTools.SelectTrue(_call.Filter.Evaluate(batch, context), count, _rows);
        if (count == 0)
            return;
        for (int i = 0; i < count; i++)
            _groups[i] = groups.IsEmpty ? 0 : groups[_rows[i]];
        for (int i = 0; i < _arguments.Length; i++)
            _arguments[i] = _call.Arguments[i].Evaluate(batch, context);
        if (_distinct is not null)
            count = KeepNew(batch, count, context);
        if (count == 0)
            return;
        if (_sorted is not null)
        {
            AddTo(_sorted, batch, count, keysFirst: true, context);
            return;
        }

        if (_isSpilling && _accumulator.Grows)
        {
            _rest ??= Sorter([SqlType.Integer, .. _argumentTypes], 1);
            AddTo(_rest, batch, count, keysFirst: true, context);
            return;
        }

        ReadOnlySpan<int> rows = _rows.AsSpan(0, count);
        for (int i = 0; i < _arguments.Length; i++)
            BatchTools.Gather(_arguments[i], rows, _compact[i]);
        _accumulator.AddWithin(_compact, count, _groups.AsSpan(0, count), context);
    }

    /// <summary>Merges the states of another run over other rows: its group i into <paramref name="groups"/>[i].</summary>
    public void Merge(AggregateState other, ReadOnlySpan<int> groups, int groupCount)
    {
        _accumulator.EnsureGroups(groupCount);
        _accumulator.Merge(other._accumulator, groups);
    }

    public void StartSpilling() => _isSpilling = true;

    public void Finish(int groupCount, QueryContext context)
    {
        _accumulator.EnsureGroups(groupCount);
        if (_distinctRest is not null && _sorted is not null)
            SortDistinct(context);
        (_stream, _streamArguments) = _sorted is { Count: > 0 } ? (_sorted, 1 + _keyTypes.Length)
            : _distinctRest is { Count: > 0 } ? (_distinctRest, 1)
            : _rest is { Count: > 0 } ? (_rest, 1)
            : (null, 0);
        _streamBatch = null;
        _streamAt = 0;
        _hasLast = false;
        _forgotten = 0;
        _finishedBytes = _accumulator.MemoryBytes;
        _memory = context.Memory;
        if (_counts.Length < groupCount && _accumulator.NeedsCounts)
            Array.Resize(ref _counts, groupCount);
        _accumulator.Expect(_counts);
        if (_stream is not null)
        {
            _stream.Finish(context);
            _streamBatch = new Batch(VectorTools.CreateVectors(_stream.Types, 1));
        }
    }

    public int Limit(int count, int groupCount, QueryContext context)
    {
        if (!_accumulator.Grows)
            return count;

        // The results are as large as the states.
        long average = Math.Max(1, (_stream?.RowBytes ?? _accumulator.MemoryBytes) / Math.Max(1, groupCount));
        return (int)Math.Clamp(context.Memory.Floor / average, 1, count);
    }

    public void Prepare(int first, int count, QueryContext context)
    {
        if (_stream is null)
            return;
        if (_accumulator.Grows)
        {
            _accumulator.Forget(_forgotten, first - _forgotten);
            CountStates();
        }

        _forgotten = first;
        int end = first + count;
        while (true)
        {
            if (_streamAt >= _streamBatch!.Count && !NextOfStream(context))
                return;
            int[] groups = ((Vector<int>)_streamBatch.Columns[0]).Data;
            int from = _streamAt;
            while (_streamAt < _streamBatch.Count && groups[_streamAt] < end)
                _streamAt++;
            AddRows(from, _streamAt, groups, context);
            if (_streamAt < _streamBatch.Count)
                return;
        }
    }

    public void Result(int first, int count, Vector result) => _accumulator.Result(first, count, result);

    public void Clear()
    {
        _accumulator.Clear();
        _distinct?.Clear();
        _sorted?.Clear();
        _distinctRest?.Clear();
        _rest?.Clear();
        _stream = null;
        _streamBatch = null;
        _streamAt = 0;
        _hasLast = false;
        _forgotten = 0;
        _isSpilling = false;
        _counts = [];
        _memory?.Release(_preparing);
        _memory = null;
        _preparing = 0;
    }

    /// <summary>Counts what states have grown by since the input ended, and the results that are made of them, which may be as large.</summary>
    private void CountStates()
    {
        long bytes = (_accumulator.IsResultLarge ? 2 : 1) * Math.Max(0, _accumulator.MemoryBytes - _finishedBytes);
        if (bytes > _preparing)
            _memory!.Take(bytes - _preparing);
        else
            _memory!.Release(_preparing - bytes);
        _preparing = bytes;
    }

    private bool NextOfStream(QueryContext context)
    {
        _streamAt = 0;
        if (_stream!.Next(_streamBatch!, Batch.DefaultSize, context))
            return true;
        _streamBatch!.Count = 0;
        return false;
    }

    private void AddRows(int from, int to, int[] groups, QueryContext context)
    {
        if (from == to)
            return;
        EnsureRows(to - from);
        int count = 0;
        for (int row = from; row < to; row++)
        {
            if (_stream == _distinctRest && !IsNewKey(_streamBatch!, row))
                continue;
            _groups[count] = groups[row];
            _rows[count++] = row;
        }

        if (count == 0)
            return;
        for (int i = 0; i < _compact.Length; i++)
            BatchTools.Gather(_streamBatch!.Columns[_streamArguments + i], _rows.AsSpan(0, count), _compact[i]);
        _accumulator.AddWithin(_compact, count, _groups.AsSpan(0, count), context);
        if (_accumulator.Grows)
            CountStates();
    }

    private void EnsureRows(int count)
    {
        if (_rows.Length >= count)
            return;
        _rows = new int[Math.Max(count, Batch.DefaultSize)];
        _groups = new int[_rows.Length];
        _numbers = new int[_rows.Length];
    }

    /// <summary>Whether group and arguments differ from the row before, in the order of the sorter of distinct values.</summary>
    private bool IsNewKey(Batch batch, int row)
    {
        _last ??= VectorTools.CreateVectors([SqlType.Integer, .. _argumentTypes], 1);
        bool same = _hasLast;
        for (int i = 0; i < _last.Length && same; i++)
            same = ColumnOperations.For(_last[i].Type).Equal(_last[i], 0, batch.Columns[i], row);
        if (same)
            return false;
        for (int i = 0; i < _last.Length; i++)
        {
            _last[i].Reset();
            _last[i].CopyRow(batch.Columns[i], row, 0, deep: true);
        }

        _hasLast = true;
        return true;
    }

    /// <summary>Drops rows whose group and arguments came before; new ones beyond the memory budget go to a sorter instead.</summary>
    private int KeepNew(Batch batch, int count, QueryContext context)
    {
        ReadOnlySpan<int> rows = _rows.AsSpan(0, count);
        _groupVector.Reset();
        _groupVector.EnsureCapacity(count);
        _groups.AsSpan(0, count).CopyTo(_groupVector.Data);
        _distinctKeys[0] = _groupVector;
        for (int i = 0; i < _arguments.Length; i++)
        {
            BatchTools.Gather(_arguments[i], rows, _compact[i]);
            _distinctKeys[i + 1] = _compact[i];
        }

        int kept = 0;
        if (_isSpilling)
        {
            _distinct!.Find(_distinctKeys, count, _numbers);
            for (int i = 0; i < count; i++)
            {
                if (_numbers[i] >= 0)
                    continue;
                _rows[kept] = _rows[i];
                _groups[kept] = _groups[i];
                kept++;
            }

            _distinctRest ??= Sorter([SqlType.Integer, .. _argumentTypes, .. _keyTypes], 1 + _argumentTypes.Length);
            if (kept > 0)
                AddTo(_distinctRest, batch, kept, keysFirst: false, context);
            return 0;
        }

        int known = _distinct!.Count;
        _distinct.FindOrAdd(_distinctKeys, count, _numbers);
        for (int i = 0; i < count; i++)
        {
            if (_numbers[i] != known)
                continue;
            known++;
            _rows[kept] = _rows[i];
            _groups[kept] = _groups[i];
            kept++;
        }

        return kept;
    }

    /// <summary>A sorter by its first columns.</summary>
    private static ExternalSorter Sorter(SqlType[] types, int keys) =>
        new(types, 0, new RowComparer(ColumnOperations.For(types[..keys]), [.. Enumerable.Repeat(new SortDirection(false, true), keys)]));

    /// <summary>Adds the chosen rows with their groups: order keys before the arguments, or behind them.</summary>
    private void AddTo(ExternalSorter sorter, Batch batch, int count, bool keysFirst, QueryContext context)
    {
        ReadOnlySpan<int> rows = _rows.AsSpan(0, count);
        _groupVector.Reset();
        _groupVector.EnsureCapacity(batch.Count);
        for (int i = 0; i < count; i++)
            _groupVector.Data[rows[i]] = _groups[i];
        bool hasKeys = sorter != _rest;
        _columns[0] = _groupVector;
        int key = keysFirst ? 1 : 1 + _arguments.Length;
        int argument = keysFirst && hasKeys ? 1 + _keyTypes.Length : 1;
        for (int k = 0; k < _keyTypes.Length && hasKeys; k++)
            _columns[key++] = BatchTools.Spread(_call.OrderKeys[k].Evaluate(batch, context), batch.Count, ref _scratch[k]);
        for (int i = 0; i < _arguments.Length; i++)
            _columns[argument++] = BatchTools.Spread(_arguments[i], batch.Count, ref _scratch[_keyTypes.Length + i]);
        if (sorter == _sorted)
            CountRows(rows);
        sorter.Add(_columns.AsSpan(0, sorter.Types.Length), rows, context);
    }

    /// <summary>Counts rows of <see cref="_columns"/> that go to the sorter of ordered rows.</summary>
    private void CountRows(ReadOnlySpan<int> rows)
    {
        if (!_accumulator.NeedsCounts)
            return;
        int[] groups = ((Vector<int>)_columns[0]).Data;
        ReadOnlySpan<Vector> arguments = _columns.AsSpan(1 + _keyTypes.Length);
        foreach (int row in rows)
        {
            if (Functions.Kernels.KernelSupport.AnyNull(arguments, row))
                continue;
            if (groups[row] >= _counts.Length)
                Array.Resize(ref _counts, Math.Max(groups[row] + 1, _counts.Length * 2));
            _counts[groups[row]]++;
        }
    }

    /// <summary>Distinct values in files take their way through the order that is asked for.</summary>
    private void SortDistinct(QueryContext context)
    {
        ExternalSorter rest = _distinctRest!;
        rest.Finish(context);
        Batch batch = new(VectorTools.CreateVectors(rest.Types, 1));
        int width = _argumentTypes.Length;
        _hasLast = false;
        while (rest.Next(batch, Batch.DefaultSize, context))
        {
            EnsureRows(batch.Count);
            int count = 0;
            for (int row = 0; row < batch.Count; row++)
            {
                if (IsNewKey(batch, row))
                    _rows[count++] = row;
            }

            _columns[0] = batch.Columns[0];
            for (int k = 0; k < _keyTypes.Length; k++)
                _columns[1 + k] = batch.Columns[1 + width + k];
            for (int i = 0; i < width; i++)
                _columns[1 + _keyTypes.Length + i] = batch.Columns[1 + i];
            CountRows(_rows.AsSpan(0, count));
            _sorted!.Add(_columns, _rows.AsSpan(0, count), context);
        }

        rest.Clear();
    }
}
