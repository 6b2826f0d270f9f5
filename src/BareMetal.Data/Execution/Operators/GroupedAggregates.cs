using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Functions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>The states of several aggregates for numbered groups: FILTER, DISTINCT and ORDER BY are dealt with here, accumulators see plain rows.</summary>
internal sealed class GroupedAggregates
{
    private readonly State[] _states;

    public GroupedAggregates(AggregateCall[] calls)
    {
        _states = new State[calls.Length];
        for (int i = 0; i < calls.Length; i++)
            _states[i] = new State(calls[i]);
    }

    /// <summary>Approximate bytes held.</summary>
    public long MemoryBytes
    {
        get
        {
            long bytes = 0;
            foreach (State state in _states)
                bytes += state.MemoryBytes;
            return bytes;
        }
    }

    /// <summary>Adds rows of a batch; row i belongs to groups[i], all to group 0 when it is empty.</summary>
    public void Add(Batch batch, ReadOnlySpan<int> groups, int groupCount, QueryContext context)
    {
        foreach (State state in _states)
            state.Add(batch, groups, groupCount, context);
    }

    /// <summary>Merges the states of another run over other rows: its group i into <paramref name="groups"/>[i]. Not for DISTINCT and ORDER BY.</summary>
    public void Merge(GroupedAggregates other, ReadOnlySpan<int> groups, int groupCount)
    {
        for (int i = 0; i < _states.Length; i++)
            _states[i].Merge(other._states[i], groups, groupCount);
    }

    /// <summary>Ends the input: sorted aggregates take their rows now.</summary>
    public void Finish(int groupCount, QueryContext context)
    {
        foreach (State state in _states)
            state.Finish(groupCount, context);
    }

    public void Result(int aggregate, int first, int count, Vector result) => _states[aggregate].Result(first, count, result);

    public void Clear()
    {
        foreach (State state in _states)
            state.Clear();
    }

    private sealed class State
    {
        private readonly AggregateCall _call;
        private readonly Accumulator _accumulator;
        private readonly GroupTable? _distinct;
        private readonly RowStore? _sorted;
        private readonly RowComparer? _comparer;
        private readonly Vector[] _arguments;
        private readonly Vector[] _compact;
        private readonly Vector[] _distinctKeys;
        private readonly Vector<int> _groupVector = new(SqlType.Integer, 1);
        private readonly Vector?[] _scratch;
        private int[] _rows = [];
        private int[] _groups = [];
        private int[] _numbers = [];

        public State(AggregateCall call)
        {
            _call = call;
            _accumulator = call.CreateAccumulator();
            SqlType[] types = [.. call.Arguments.Select(a => a.Type)];
            _arguments = new Vector[types.Length];
            _compact = VectorTools.CreateVectors(types, 1);
            if (call.IsDistinct)
                _distinct = new GroupTable([SqlType.Integer, .. types]);
            _distinctKeys = new Vector[types.Length + 1];
            SqlType[] keyTypes = [.. call.OrderKeys.Select(k => k.Type)];
            _scratch = new Vector?[types.Length + keyTypes.Length];
            if (keyTypes.Length > 0)
            {
                _sorted = new RowStore([SqlType.Integer, .. keyTypes, .. types]);
                _comparer = new RowComparer(
                    ColumnOperations.For([SqlType.Integer, .. keyTypes]),
                    [new SortDirection(false, true), .. call.OrderDirections]);
            }
        }

        public long MemoryBytes => _accumulator.MemoryBytes + (_distinct?.MemoryBytes ?? 0) + (_sorted?.MemoryBytes ?? 0);

        public void Add(Batch batch, ReadOnlySpan<int> groups, int groupCount, QueryContext context)
        {
            _accumulator.EnsureGroups(groupCount);
            int count = batch.Count;
            if (_call.Filter is null && _distinct is null && _sorted is null)
            {
                for (int i = 0; i < _arguments.Length; i++)
                    _arguments[i] = _call.Arguments[i].Evaluate(batch, context);
                _accumulator.Add(_arguments, count, groups, context.Functions);
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
                count = KeepNew(count);
            if (_sorted is not null)
            {
                AddSorted(batch, count, context);
                return;
            }

            ReadOnlySpan<int> rows = _rows.AsSpan(0, count);
            for (int i = 0; i < _arguments.Length; i++)
                BatchTools.Gather(_arguments[i], rows, _compact[i]);
            _accumulator.Add(_compact, count, _groups.AsSpan(0, count), context.Functions);
        }

        /// <summary>Drops rows whose group and arguments came before.</summary>
        private int KeepNew(int count)
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

            int known = _distinct!.Count;
            _distinct.FindOrAdd(_distinctKeys, count, _numbers);
            int kept = 0;
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

        private void AddSorted(Batch batch, int count, QueryContext context)
        {
            if (count == 0)
                return;
            ReadOnlySpan<int> rows = _rows.AsSpan(0, count);
            Vector[] columns = new Vector[_sorted!.Columns.Length];
            Vector<int> groupColumn = new(SqlType.Integer, batch.Count);
            for (int i = 0; i < count; i++)
                groupColumn.Data[rows[i]] = _groups[i];
            columns[0] = groupColumn;
            int at = 1;
            for (int k = 0; k < _call.OrderKeys.Length; k++)
                columns[at++] = BatchTools.Spread(_call.OrderKeys[k].Evaluate(batch, context), batch.Count, ref _scratch[k]);
            for (int i = 0; i < _arguments.Length; i++)
                columns[at++] = BatchTools.Spread(_arguments[i], batch.Count, ref _scratch[_call.OrderKeys.Length + i]);
            _sorted.Append(columns, rows);
        }

        public void Finish(int groupCount, QueryContext context)
        {
            _accumulator.EnsureGroups(groupCount);
            if (_sorted is null || _sorted.Count == 0)
                return;
            int keys = 1 + _call.OrderKeys.Length;
            int[] order = [];
            _comparer!.Sort(_sorted.Columns[..keys], _sorted.Count, ref order);
            int[] groups = ((Vector<int>)_sorted.Columns[0]).Data;
            int[] batchGroups = new int[Batch.DefaultSize];
            for (int at = 0; at < _sorted.Count; at += Batch.DefaultSize)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                ReadOnlySpan<int> rows = order.AsSpan(at, Math.Min(Batch.DefaultSize, _sorted.Count - at));
                for (int i = 0; i < _compact.Length; i++)
                    BatchTools.Gather(_sorted.Columns[keys + i], rows, _compact[i]);
                for (int i = 0; i < rows.Length; i++)
                    batchGroups[i] = groups[rows[i]];
                _accumulator.Add(_compact, rows.Length, batchGroups.AsSpan(0, rows.Length), context.Functions);
            }

            _sorted.Clear();
        }

        public void Merge(State other, ReadOnlySpan<int> groups, int groupCount)
        {
            _accumulator.EnsureGroups(groupCount);
            _accumulator.Merge(other._accumulator, groups);
        }

        public void Result(int first, int count, Vector result) => _accumulator.Result(first, count, result);

        public void Clear()
        {
            _accumulator.Clear();
            _distinct?.Clear();
            _sorted?.Clear();
        }
    }
}
