using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Functions;
using BareMetal.Data.Functions.Scalars;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Computes one window function over the rows of one partition, some rows at a time in their order; what it knows of a partition goes on from
/// call to call.
/// </summary>
internal sealed class WindowFunction
{
    private const int RowsAtOnce = 1024;

    private readonly WindowFunctionCall _call;
    private readonly int _firstKey;
    private readonly int _keys;
    private readonly SortDirection[] _directions;
    private readonly Accumulator? _accumulator;
    private readonly Vector[] _arguments;
    private readonly Vector _one;
    private int[] _rows = [];
    private WindowRows _store = null!;
    private WindowPeers _peers = null!;
    private int _start;
    private int _end;
    private long? _tiles;
    private int _lastFrom;
    private int _lastTo;
    private int _fromHint;
    private int _toHint;
    private MemoryBudget? _memory;
    private long _held;

    public WindowFunction(WindowFunctionCall call, int firstKey, int keys, SortDirection[] directions, SqlType[] storeTypes)
    {
        _call = call;
        _firstKey = firstKey;
        _keys = keys;
        _directions = directions;
        _accumulator = call.CreateAccumulator?.Invoke();
        _arguments = VectorTools.CreateVectors([.. call.Arguments.Select(a => storeTypes[a])], 1);
        _one = Vector.Create(call.Type, 1);
    }

    /// <summary>Whether it asks which rows are equal in the order keys.</summary>
    public bool NeedsPeers
    {
        get
        {
            if (_accumulator is null && _call.Name is not ("first_value" or "last_value" or "nth_value"))
                return _call.Name is "rank" or "dense_rank" or "percent_rank" or "cume_dist";
            return _call.Frame.Exclusion is not (FrameExclusion.None or FrameExclusion.CurrentRow)
                || (_call.Frame.Unit != FrameUnit.Rows && !(IsUnbounded(_call.Frame.Start) && IsUnbounded(_call.Frame.End)));
        }
    }

    /// <summary>Whether its results may be large and each is another: they are computed for some rows at a time.</summary>
    public bool BuildsValues => _accumulator is not null
        && _call.Type.Kind is SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Array or SqlTypeKind.Record;

    /// <summary>Forgets what it knows of a partition.</summary>
    public void End()
    {
        _accumulator?.Clear();
        _one.Reset();
        _memory?.Release(_held);
        _memory = null;
        _held = 0;
    }

    /// <summary>Begins a partition: rows start…end−1.</summary>
    public void Begin(WindowRows store, WindowPeers peers, int start, int end)
    {
        _store = store;
        _peers = peers;
        _start = start;
        _end = end;
        _lastFrom = -1;
        _lastTo = -1;
        _fromHint = start;
        _toHint = start;
        _tiles = null;
        if (_accumulator is not null)
        {
            _accumulator.Clear();
            _accumulator.EnsureGroups(1);
        }
        else if (_call.Name == "ntile")
        {
            _tiles = Number(_call.Arguments[0], start);
            if (_tiles <= 0)
                throw new BareMetalException(SqlStates.InvalidParameterValue, $"ntile was asked for {_tiles} parts.") { Hint = "Give one or more." };
        }
    }

    /// <summary>Computes rows from…to−1 of the partition, which follow those of the last call, into the result from a place on.</summary>
    public void Compute(int from, int to, Vector result, int at, QueryContext context)
    {
        if (_accumulator is not null)
        {
            ComputeAggregate(from, to, result, at, context);
            return;
        }

        long count = _end - _start;
        for (int i = from; i < to; i++, at++)
        {
            if (((i - from) & 1023) == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            switch (_call.Name)
            {
                case "row_number":
                    SetLong(result, at, i - _start + 1);
                    break;
                case "rank":
                    SetLong(result, at, _peers.Start(i) - _start + 1);
                    break;
                case "dense_rank":
                    SetLong(result, at, _peers.Group(i) + 1);
                    break;
                case "percent_rank":
                    SetDouble(result, at, count == 1 ? 0 : (double)(_peers.Start(i) - _start) / (count - 1));
                    break;
                case "cume_dist":
                    SetDouble(result, at, (double)(_peers.End(i) - _start) / count);
                    break;
                case "ntile":
                    SetTile(result, at, i);
                    break;
                case "lag":
                    SetShifted(result, at, i, -1);
                    break;
                case "lead":
                    SetShifted(result, at, i, 1);
                    break;
                case "first_value" or "last_value" or "nth_value":
                    SetFrameValue(result, at, i);
                    break;
                default:
                    throw new BareMetalException(SqlStates.UndefinedFunction, $"There is no window function {_call.Name}.");
            }
        }
    }

    private static bool IsUnbounded(FrameBoundKind kind) => kind is FrameBoundKind.UnboundedPreceding or FrameBoundKind.UnboundedFollowing;

    private static void SetLong(Vector result, int row, long value)
    {
        switch (result)
        {
            case Vector<long> l:
                l.Data[row] = value;
                break;
            case Vector<int> i:
                i.Data[row] = (int)value;
                break;
            default:
                throw new BareMetalException(SqlStates.InternalError, $"A ranking function of type {result.Type.Kind}.");
        }

        if (result.HasNulls)
            result.Nulls[row] = false;
    }

    private static void SetDouble(Vector result, int row, double value)
    {
        ((Vector<double>)result).Data[row] = value;
        if (result.HasNulls)
            result.Nulls[row] = false;
    }

    private void SetTile(Vector result, int at, int row)
    {
        if (_tiles is not { } tiles)
        {
            result.SetNull(at);
            return;
        }

        long count = _end - _start;
        long size = count / tiles;
        long larger = count % tiles;
        long place = row - _start;
        long tile = place < larger * (size + 1) ? place / (size + 1) : larger + ((place - (larger * (size + 1))) / Math.Max(size, 1));
        SetLong(result, at, tile + 1);
    }

    private void SetShifted(Vector result, int at, int row, int sign)
    {
        long? offset = _call.Arguments.Length > 1 ? Number(_call.Arguments[1], row) : 1;
        if (offset is null)
        {
            result.SetNull(at);
            return;
        }

        Int128 target = row + ((Int128)sign * offset.Value);
        if (target >= _start && target < _end)
            CopyTo(result, at, _call.Arguments[0], (int)target);
        else if (_call.Arguments.Length > 2)
            CopyTo(result, at, _call.Arguments[2], row);
        else
            result.SetNull(at);
    }

    private void CopyTo(Vector result, int at, int column, int row)
    {
        Vector[] columns = _store.Locate(row, out int index);
        result.CopyRow(columns[column], index, at, deep: _store.IsSpilled);
    }

    private void SetFrameValue(Vector result, int at, int row)
    {
        (int from, int to) = Frame(row);
        int found;
        switch (_call.Name)
        {
            case "first_value":
                found = NthIncluded(from, to, row, 1);
                break;
            case "last_value":
                found = LastIncluded(from, to, row);
                break;
            default:
                long? n = Number(_call.Arguments[1], row);
                if (n <= 0)
                    throw new BareMetalException(SqlStates.InvalidParameterValue, $"nth_value was asked for row {n}.") { Hint = "Rows are counted from one." };
                found = n is null ? -1 : NthIncluded(from, to, row, n.Value);
                break;
        }

        if (found < 0)
            result.SetNull(at);
        else
            CopyTo(result, at, _call.Arguments[0], found);
    }

    /// <summary>The rows that EXCLUDE takes out of the frame of a row: from, the first after, and whether the row itself stays in.</summary>
    private (int From, int To, bool KeepsRow) Excluded(int row) => _call.Frame.Exclusion switch
    {
        FrameExclusion.CurrentRow => (row, row + 1, false),
        FrameExclusion.Group => (_peers.Start(row), _peers.End(row), false),
        FrameExclusion.Ties => (_peers.Start(row), _peers.End(row), true),
        _ => (row, row, false),
    };

    private int NthIncluded(int from, int to, int row, long n)
    {
        (int gap, int behind, bool keepsRow) = Excluded(row);
        long before = Math.Max(0, Math.Min(to, gap) - from);
        if (n <= before)
            return (int)(from + n - 1);
        n -= before;
        if (keepsRow && row >= from && row < to && --n == 0)
            return row;
        long found = Math.Max(from, behind) + n - 1;
        return found < to ? (int)found : -1;
    }

    private int LastIncluded(int from, int to, int row)
    {
        (int gap, int behind, bool keepsRow) = Excluded(row);
        int last = to - 1;
        if (last >= gap && last < behind)
        {
            // The frame ends within the gap.
            if (keepsRow && row >= from && row <= last)
                return row;
            last = gap - 1;
        }

        return last >= from ? last : -1;
    }

    private void ComputeAggregate(int from, int to, Vector result, int at, QueryContext context)
    {
        bool growsOnly = _call.Frame.Start == FrameBoundKind.UnboundedPreceding && _call.Frame.Exclusion == FrameExclusion.None;
        for (int i = from; i < to; i++, at++)
        {
            if (((i - from) & 1023) == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            (int frameFrom, int frameTo) = Frame(i);
            if (growsOnly)
            {
                int added = _lastTo < 0 ? _start : _lastTo;
                if (_lastTo < 0 || frameTo > added)
                {
                    Add(Math.Min(added, frameTo), frameTo, -1, context);
                    TakeResult(result, context);
                }

                _lastTo = Math.Max(added, frameTo);
            }
            else if (frameFrom != _lastFrom || frameTo != _lastTo || _call.Frame.Exclusion != FrameExclusion.None)
            {
                _accumulator!.Clear();
                _accumulator.EnsureGroups(1);
                Add(frameFrom, frameTo, i, context);
                TakeResult(result, context);
                _lastFrom = frameFrom;
                _lastTo = frameTo;
            }

            result.CopyRow(_one, 0, at, deep: true);
        }
    }

    private void TakeResult(Vector results, QueryContext context)
    {
        CountState(context);
        _one.Reset();
        _accumulator!.Result(0, 1, _one);

        // Arrays are shared by the rows that have the same; texts are copied, and counted where they are.
        if (results is Vector<ArrayValue> arrays && !_one.IsNull(0))
            arrays.Arena.Note(((Vector<ArrayValue>)_one).Data[0].Bytes);
    }

    /// <summary>Counts a state that grows with the rows of the frame, and the result that is made of it, which is as large.</summary>
    private void CountState(QueryContext context)
    {
        if (!_accumulator!.Grows)
            return;
        long bytes = 2 * _accumulator.MemoryBytes;
        _memory = context.Memory;
        if (bytes > _held)
            _memory.Take(bytes - _held);
        else
            _memory.Release(_held - bytes);
        _held = bytes;
    }

    /// <summary>Adds rows of a frame to the accumulator; with a current row, exclusion applies.</summary>
    private void Add(int from, int to, int row, QueryContext context)
    {
        (int gap, int behind, bool keepsRow) = row < 0 ? (0, 0, false) : Excluded(row);
        if (_rows.Length == 0)
            _rows = new int[RowsAtOnce];
        while (from < to)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Vector[] columns = _store.Locate(from, out int index, out int following);
            int end = Math.Min(Math.Min(to, from + following), from + RowsAtOnce);
            Vector<bool>? filter = _call.Filter >= 0 ? (Vector<bool>)columns[_call.Filter] : null;
            int count = 0;
            for (int r = from; r < end; r++, index++)
            {
                bool isOut = r >= gap && r < behind && !(keepsRow && r == row);
                if (!isOut && (filter is null || VectorTools.IsTrue(filter, index)))
                    _rows[count++] = index;
            }

            from = end;
            if (count == 0)
                continue;
            for (int a = 0; a < _arguments.Length; a++)
                BatchTools.Gather(columns[_call.Arguments[a]], _rows.AsSpan(0, count), _arguments[a]);
            _accumulator!.AddWithin(_arguments, count, default, context);
            CountState(context);
        }
    }

    /// <summary>The rows of the frame of a row: from, and the first after.</summary>
    private (int From, int To) Frame(int row)
    {
        int from = Bound(_call.Frame.Start, _call.StartOffset, row, isStart: true);
        int to = Bound(_call.Frame.End, _call.EndOffset, row, isStart: false);
        return (Math.Clamp(from, _start, _end), Math.Clamp(Math.Max(to, from), _start, _end));
    }

    private int Bound(FrameBoundKind kind, int offsetColumn, int row, bool isStart)
    {
        FrameUnit unit = _call.Frame.Unit;
        switch (kind)
        {
            case FrameBoundKind.UnboundedPreceding:
                return _start;
            case FrameBoundKind.UnboundedFollowing:
                return _end;
            case FrameBoundKind.CurrentRow:
                if (unit == FrameUnit.Rows)
                    return isStart ? row : row + 1;
                return isStart ? _peers.Start(row) : _peers.End(row);
        }

        bool preceding = kind == FrameBoundKind.Preceding;
        if (unit == FrameUnit.Range)
            return RangeBound(row, offsetColumn, preceding, isStart);
        long offset = Number(offsetColumn, row)
            ?? throw new BareMetalException(SqlStates.NullValueNotAllowed, "A window frame's offset is null.");
        if (offset < 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, $"A window frame's offset is {offset}, which is negative.");
        if (unit == FrameUnit.Rows)
        {
            Int128 target = preceding ? row - (Int128)offset : row + (Int128)offset;
            return (int)Int128.Clamp(isStart ? target : target + 1, _start, _end);
        }

        Int128 group = preceding ? _peers.Group(row) - (Int128)offset : _peers.Group(row) + (Int128)offset;
        Limit limit = new() { Group = isStart ? group : group + 1 };
        return Search(in limit, ref isStart ? ref _fromHint : ref _toHint);
    }

    /// <summary>RANGE with an offset: rows whose key lies within the distance of the row's key.</summary>
    private int RangeBound(int row, int offsetColumn, bool preceding, bool isStart)
    {
        if (_keys != 1)
            throw new BareMetalException(SqlStates.WindowingError, "RANGE with an offset needs exactly one ORDER BY key.");
        Vector[] columns = _store.Locate(row, out int index);
        Vector key = columns[_firstKey];
        if (key.IsNull(index))
            return isStart ? _peers.Start(row) : _peers.End(row);
        Vector offsets = columns[offsetColumn];
        if (offsets.IsNull(index))
            throw new BareMetalException(SqlStates.NullValueNotAllowed, "A window frame's offset is null.");
        decimal sign = preceding != _directions[0].Descending ? -1 : 1;
        Limit limit = new() { IsKey = true, IsStart = isStart };
        if (key is Vector<double> or Vector<float>)
        {
            double d = Float(offsets, index);
            if (!(d >= 0))
                throw new BareMetalException(SqlStates.InvalidParameterValue, $"A window frame's offset is {d}, which is negative.");
            limit.IsFloat = true;
            limit.Float = Float(key, index) + ((double)sign * d);
        }
        else if (offsets is Vector<BareMetalInterval> intervals)
        {
            BareMetalInterval offset = intervals.Data[index * intervals.Stride];
            if (offset < BareMetalInterval.Zero)
                throw new BareMetalException(SqlStates.InvalidParameterValue, $"A window frame's offset is {offset}, which is negative.");
            limit.Exact = Shifted(key, index, sign < 0 ? IntervalFunctions.Negate(offset) : offset);
        }
        else
        {
            decimal distance = Exact(offsets, index, key.Type.Kind == SqlTypeKind.Date && offsets.Type.Kind == SqlTypeKind.TimeSpan);
            if (distance < 0)
                throw new BareMetalException(SqlStates.InvalidParameterValue, $"A window frame's offset is {distance}, which is negative.");
            limit.Exact = Exact(key, index, false) + (sign * distance);
        }

        return Search(in limit, ref isStart ? ref _fromHint : ref _toHint);
    }

    /// <summary>
    /// The first row of the partition that does not lie before the limit. Bounds mostly move a little from row to row: the search begins at the
    /// last one and widens.
    /// </summary>
    private int Search(in Limit limit, ref int hint)
    {
        int at = Math.Clamp(hint, _start, _end);
        int low, high;
        if (at < _end && IsBefore(at, in limit))
        {
            int step = 1;
            low = at;
            while (low + step < _end && IsBefore(low + step, in limit))
            {
                low += step;
                step *= 2;
            }

            high = Math.Min(low + step, _end);
        }
        else
        {
            int step = 1;
            high = at;
            while (high - step >= _start && !IsBefore(high - step, in limit))
            {
                high -= step;
                step *= 2;
            }

            low = Math.Max(high - step, _start - 1);
        }

        // Before the limit: low. Not before it: high.
        while (high - low > 1)
        {
            int middle = low + ((high - low) / 2);
            if (IsBefore(middle, in limit))
                low = middle;
            else
                high = middle;
        }

        return hint = high;
    }

    private bool IsBefore(int row, in Limit limit)
    {
        if (!limit.IsKey)
            return _peers.Group(row) < limit.Group;
        Vector[] columns = _store.Locate(row, out int index);
        Vector key = columns[_firstKey];
        if (key.IsNull(index))
            return _directions[0].NullsFirst;
        int c = limit.IsFloat ? FloatOperations<double>.Compare(Float(key, index), limit.Float) : decimal.Compare(Exact(key, index, false), limit.Exact);
        if (_directions[0].Descending)
            c = -c;

        // For the start: the first row not before the limit; for the end: the first row beyond it.
        return limit.IsStart ? c < 0 : c <= 0;
    }

    /// <summary>What a bound of a frame is compared with: the number of a group of equal rows, or a key.</summary>
    private struct Limit
    {
        public bool IsKey;
        public bool IsStart;
        public bool IsFloat;
        public Int128 Group;
        public double Float;
        public decimal Exact;
    }

    /// <summary>A key moved by an interval, by the calendar of UTC; beyond the first and last moments there are, those.</summary>
    private static decimal Shifted(Vector key, int row, BareMetalInterval offset)
    {
        decimal value = Exact(key, row, false);
        switch (key.Type.Kind)
        {
            case SqlTypeKind.Interval:
                return value + (decimal)offset.Length;
            case SqlTypeKind.Time:
                return value + offset.Ticks;
            case SqlTypeKind.Date or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.DateTimeOffset:
                long unit = key.Type.Kind == SqlTypeKind.Date ? TimeSpan.TicksPerDay : 1;
                try
                {
                    return (decimal)IntervalFunctions.Add((long)value * unit, offset) / unit;
                }
                catch (ArgumentOutOfRangeException)
                {
                    return offset < BareMetalInterval.Zero ? -1 : decimal.MaxValue;
                }

            default:
                throw new BareMetalException(SqlStates.WindowingError, $"RANGE with an interval does not work over {TypeNames.Format(key.Type)}.") { Hint = "Use an offset of the key's own kind, or ROWS or GROUPS." };
        }
    }

    private static double Float(Vector v, int row) => v switch
    {
        Vector<double> d => d.Data[row],
        Vector<float> f => f.Data[row],
        _ => (double)Exact(v, row, false),
    };

    private static decimal Exact(Vector v, int row, bool ticksAsDays) => v switch
    {
        Vector<decimal> d => d.Data[row],
        Vector<long> l => ticksAsDays ? (decimal)l.Data[row] / TimeSpan.TicksPerDay : l.Data[row],
        Vector<int> i => i.Data[row],
        Vector<short> s => s.Data[row],
        Vector<sbyte> b => b.Data[row],
        Vector<byte> b => b.Data[row],
        Vector<ushort> s => s.Data[row],
        Vector<uint> i => i.Data[row],
        Vector<ulong> l => l.Data[row],
        Vector<OffsetInstant> o => o.Data[row].UtcTicks,
        Vector<BareMetalInterval> i => (decimal)i.Data[row].Length,
        _ => throw new BareMetalException(SqlStates.WindowingError, $"RANGE with an offset does not work over {v.Type.Kind}.") { Hint = "Use ROWS or GROUPS." },
    };

    private long? Number(int column, int row)
    {
        Vector[] columns = _store.Locate(row, out int index);
        Vector v = columns[column];
        if (v.IsNull(index))
            return null;
        decimal d = Exact(v, index, false);
        return d > long.MaxValue ? long.MaxValue : d < long.MinValue ? long.MinValue : (long)d;
    }
}
