using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Computes one window function over the rows of one partition.</summary>
internal sealed class WindowFunction
{
    private readonly WindowFunctionCall _call;
    private readonly int _firstKey;
    private readonly int _keys;
    private readonly ColumnOperations[] _operations;
    private readonly SortDirection[] _directions;
    private readonly Accumulator? _accumulator;
    private readonly Vector[] _arguments;
    private readonly Vector _one;
    private int[] _peerStart = [];
    private int[] _peerEnd = [];
    private int[] _peerGroup = [];
    private int[] _rows = [];

    public WindowFunction(WindowFunctionCall call, int firstKey, int keys, ColumnOperations[] operations, SortDirection[] directions, SqlType[] storeTypes)
    {
        _call = call;
        _firstKey = firstKey;
        _keys = keys;
        _operations = operations;
        _directions = directions;
        _accumulator = call.CreateAccumulator?.Invoke();
        _arguments = VectorTools.CreateVectors([.. call.Arguments.Select(a => storeTypes[a])], 1);
        _one = Vector.Create(call.Type, 1);
    }

    /// <summary>Fills rows start…end−1 of the result.</summary>
    public void Compute(RowStore store, int start, int end, Vector result, QueryContext context)
    {
        if (_accumulator is not null)
        {
            FindPeers(store, start, end);
            ComputeAggregate(store, start, end, result, context);
            return;
        }

        switch (_call.Name)
        {
            case "row_number":
                for (int i = start; i < end; i++)
                    SetLong(result, i, i - start + 1);
                break;
            case "rank":
                FindPeers(store, start, end);
                for (int i = start; i < end; i++)
                    SetLong(result, i, _peerStart[i - start] - start + 1);
                break;
            case "dense_rank":
                FindPeers(store, start, end);
                for (int i = start; i < end; i++)
                    SetLong(result, i, _peerGroup[i - start] + 1);
                break;
            case "percent_rank":
                FindPeers(store, start, end);
                for (int i = start; i < end; i++)
                    SetDouble(result, i, end - start == 1 ? 0 : (double)(_peerStart[i - start] - start) / (end - start - 1));
                break;
            case "cume_dist":
                FindPeers(store, start, end);
                for (int i = start; i < end; i++)
                    SetDouble(result, i, (double)(_peerEnd[i - start] - start) / (end - start));
                break;
            case "ntile":
                ComputeTiles(store, start, end, result);
                break;
            case "lag":
                ComputeShift(store, start, end, result, -1);
                break;
            case "lead":
                ComputeShift(store, start, end, result, 1);
                break;
            case "first_value" or "last_value" or "nth_value":
                FindPeers(store, start, end);
                ComputeFrameValue(store, start, end, result, context);
                break;
            default:
                throw new BareMetalException(SqlStates.UndefinedFunction, $"There is no window function {_call.Name}.");
        }
    }

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

    private void FindPeers(RowStore store, int start, int end)
    {
        int count = end - start;
        if (_peerStart.Length < count)
        {
            int size = Math.Max(count, Math.Max(64, _peerStart.Length * 2));
            _peerStart = new int[size];
            _peerEnd = new int[size];
            _peerGroup = new int[size];
        }

        int first = start;
        int group = 0;
        for (int i = start + 1; i <= end; i++)
        {
            if (i < end && ArePeers(store, i - 1, i))
                continue;
            for (int j = first; j < i; j++)
            {
                _peerStart[j - start] = first;
                _peerEnd[j - start] = i;
                _peerGroup[j - start] = group;
            }

            first = i;
            group++;
        }
    }

    private bool ArePeers(RowStore store, int a, int b)
    {
        for (int k = 0; k < _keys; k++)
        {
            Vector v = store.Columns[_firstKey + k];
            if (!_operations[k].Equal(v, a, v, b))
                return false;
        }

        return true;
    }

    private void ComputeTiles(RowStore store, int start, int end, Vector result)
    {
        long? tiles = Number(store.Columns[_call.Arguments[0]], start);
        if (tiles is null)
        {
            for (int i = start; i < end; i++)
                result.SetNull(i);
            return;
        }

        if (tiles <= 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, $"ntile was asked for {tiles} parts.") { Hint = "Give one or more." };
        long count = end - start;
        long size = count / tiles.Value;
        long larger = count % tiles.Value;
        for (int i = start; i < end; i++)
        {
            long at = i - start;
            long tile = at < larger * (size + 1) ? at / (size + 1) : larger + ((at - (larger * (size + 1))) / Math.Max(size, 1));
            SetLong(result, i, tile + 1);
        }
    }

    private void ComputeShift(RowStore store, int start, int end, Vector result, int sign)
    {
        Vector source = store.Columns[_call.Arguments[0]];
        for (int i = start; i < end; i++)
        {
            long? offset = _call.Arguments.Length > 1 ? Number(store.Columns[_call.Arguments[1]], i) : 1;
            if (offset is null)
            {
                result.SetNull(i);
                continue;
            }

            long target = i + (sign * offset.Value);
            if (target >= start && target < end)
                result.CopyRow(source, (int)target, i);
            else if (_call.Arguments.Length > 2)
                result.CopyRow(store.Columns[_call.Arguments[2]], i, i);
            else
                result.SetNull(i);
        }
    }

    private void ComputeFrameValue(RowStore store, int start, int end, Vector result, QueryContext context)
    {
        Vector source = store.Columns[_call.Arguments[0]];
        for (int i = start; i < end; i++)
        {
            (int from, int to) = Frame(store, start, end, i, context);
            int row = -1;
            switch (_call.Name)
            {
                case "first_value":
                    row = NthIncluded(from, to, i, start, 1);
                    break;
                case "last_value":
                    for (int r = to - 1; r >= from && row < 0; r--)
                    {
                        if (IsIncluded(r, i, start))
                            row = r;
                    }

                    break;
                default:
                    long? n = Number(store.Columns[_call.Arguments[1]], i);
                    if (n <= 0)
                        throw new BareMetalException(SqlStates.InvalidParameterValue, $"nth_value was asked for row {n}.") { Hint = "Rows are counted from one." };
                    row = n is null ? -1 : NthIncluded(from, to, i, start, n.Value);
                    break;
            }

            if (row < 0)
                result.SetNull(i);
            else
                result.CopyRow(source, row, i);
        }
    }

    private int NthIncluded(int from, int to, int row, int start, long n)
    {
        if (_call.Frame.Exclusion == FrameExclusion.None)
            return from + n - 1 < to ? (int)(from + n - 1) : -1;
        for (int r = from; r < to; r++)
        {
            if (IsIncluded(r, row, start) && --n == 0)
                return r;
        }

        return -1;
    }

    private bool IsIncluded(int candidate, int row, int start) => _call.Frame.Exclusion switch
    {
        FrameExclusion.CurrentRow => candidate != row,
        FrameExclusion.Group => candidate < _peerStart[row - start] || candidate >= _peerEnd[row - start],
        FrameExclusion.Ties => candidate == row || candidate < _peerStart[row - start] || candidate >= _peerEnd[row - start],
        _ => true,
    };

    private void ComputeAggregate(RowStore store, int start, int end, Vector result, QueryContext context)
    {
        bool growsOnly = _call.Frame.Start == FrameBoundKind.UnboundedPreceding && _call.Frame.Exclusion == FrameExclusion.None;
        int lastFrom = -1;
        int lastTo = -1;
        _accumulator!.Clear();
        _accumulator.EnsureGroups(1);
        for (int i = start; i < end; i++)
        {
            (int from, int to) = Frame(store, start, end, i, context);
            if (growsOnly)
            {
                int added = lastTo < 0 ? start : lastTo;
                if (lastTo < 0 || to > added)
                {
                    Add(store, Math.Min(added, to), to, -1, start, context);
                    _one.Reset();
                    _accumulator.Result(0, 1, _one);
                }

                lastTo = Math.Max(added, to);
            }
            else if (from != lastFrom || to != lastTo || _call.Frame.Exclusion != FrameExclusion.None)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                _accumulator.Clear();
                _accumulator.EnsureGroups(1);
                Add(store, from, to, i, start, context);
                _one.Reset();
                _accumulator.Result(0, 1, _one);
                lastFrom = from;
                lastTo = to;
            }

            result.CopyRow(_one, 0, i, deep: true);
        }
    }

    /// <summary>Adds rows of a frame to the accumulator; with a current row, exclusion applies.</summary>
    private void Add(RowStore store, int from, int to, int row, int start, QueryContext context)
    {
        if (to <= from)
            return;
        if (_rows.Length < to - from)
            _rows = new int[Math.Max(to - from, 64)];
        Vector<bool>? filter = _call.Filter >= 0 ? (Vector<bool>)store.Columns[_call.Filter] : null;
        int count = 0;
        for (int r = from; r < to; r++)
        {
            if ((filter is null || VectorTools.IsTrue(filter, r)) && (row < 0 || IsIncluded(r, row, start)))
                _rows[count++] = r;
        }

        if (count == 0)
            return;
        for (int a = 0; a < _arguments.Length; a++)
            BatchTools.Gather(store.Columns[_call.Arguments[a]], _rows.AsSpan(0, count), _arguments[a]);
        _accumulator!.Add(_arguments, count, default, context.Functions);
    }

    /// <summary>The rows of the frame of a row: from, and the first after.</summary>
    private (int From, int To) Frame(RowStore store, int start, int end, int row, QueryContext context)
    {
        WindowFrame frame = _call.Frame;
        int from = Bound(frame.Start, _call.StartOffset, true);
        int to = Bound(frame.End, _call.EndOffset, false);
        _ = context;
        return (Math.Clamp(from, start, end), Math.Clamp(Math.Max(to, from), start, end));

        int Bound(FrameBoundKind kind, int offsetColumn, bool isStart)
        {
            int at = row - start;
            switch (kind)
            {
                case FrameBoundKind.UnboundedPreceding:
                    return start;
                case FrameBoundKind.UnboundedFollowing:
                    return end;
                case FrameBoundKind.CurrentRow:
                    if (frame.Unit == FrameUnit.Rows)
                        return isStart ? row : row + 1;
                    return isStart ? _peerStart[at] : _peerEnd[at];
            }

            bool preceding = kind == FrameBoundKind.Preceding;
            if (frame.Unit == FrameUnit.Range)
                return RangeBound(store, start, end, row, offsetColumn, preceding, isStart);
            long offset = Number(store.Columns[offsetColumn], row)
                ?? throw new BareMetalException(SqlStates.NullValueNotAllowed, "A window frame's offset is null.");
            if (offset < 0)
                throw new BareMetalException(SqlStates.InvalidParameterValue, $"A window frame's offset is {offset}, which is negative.");
            if (frame.Unit == FrameUnit.Rows)
            {
                long target = preceding ? row - offset : row + offset;
                return (int)Math.Clamp(isStart ? target : target + 1, start, end);
            }

            long group = preceding ? _peerGroup[at] - offset : _peerGroup[at] + offset;
            int r = start;
            if (isStart)
            {
                while (r < end && _peerGroup[r - start] < group)
                    r = _peerEnd[r - start];
                return r;
            }

            while (r < end && _peerGroup[r - start] <= group)
                r = _peerEnd[r - start];
            return r;
        }
    }

    /// <summary>RANGE with an offset: rows whose key lies within the distance of the row's key.</summary>
    private int RangeBound(RowStore store, int start, int end, int row, int offsetColumn, bool preceding, bool isStart)
    {
        if (_keys != 1)
            throw new BareMetalException(SqlStates.WindowingError, "RANGE with an offset needs exactly one ORDER BY key.");
        Vector key = store.Columns[_firstKey];
        if (key.IsNull(row))
            return isStart ? _peerStart[row - start] : _peerEnd[row - start];
        Vector offsets = store.Columns[offsetColumn];
        if (offsets.IsNull(row))
            throw new BareMetalException(SqlStates.NullValueNotAllowed, "A window frame's offset is null.");
        bool descending = _directions[0].Descending;
        decimal sign = preceding != descending ? -1 : 1;
        if (key is Vector<double> or Vector<float>)
        {
            double d = Float(offsets, row);
            if (!(d >= 0))
                throw new BareMetalException(SqlStates.InvalidParameterValue, $"A window frame's offset is {d}, which is negative.");
            double limit = Float(key, row) + ((double)sign * d);
            return Search(r => Float(key, r).CompareTo(limit));
        }

        decimal distance = Exact(offsets, row, key.Type.Kind == SqlTypeKind.Date && offsets.Type.Kind == SqlTypeKind.TimeSpan);
        if (distance < 0)
            throw new BareMetalException(SqlStates.InvalidParameterValue, $"A window frame's offset is {distance}, which is negative.");
        decimal bound = Exact(key, row, false) + (sign * distance);
        return Search(r => Exact(key, r, false).CompareTo(bound));

        int Search(Func<int, int> compare)
        {
            // For the start: the first row not before the limit; for the end: the first row beyond it.
            for (int r = start; r < end; r++)
            {
                if (key.IsNull(r))
                {
                    if (_directions[0].NullsFirst)
                        continue;
                    return r;
                }

                int c = compare(r);
                if (descending)
                    c = -c;
                if (isStart ? c >= 0 : c > 0)
                    return r;
            }

            return end;
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
        _ => throw new BareMetalException(SqlStates.WindowingError, $"RANGE with an offset does not work over {v.Type.Kind}.") { Hint = "Use ROWS or GROUPS." },
    };

    private static long? Number(Vector v, int row)
    {
        if (v.IsNull(row))
            return null;
        decimal d = Exact(v, row, false);
        return d > long.MaxValue ? long.MaxValue : d < long.MinValue ? long.MinValue : (long)d;
    }
}
