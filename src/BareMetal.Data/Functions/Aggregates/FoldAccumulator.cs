using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Simd;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Aggregates;

/// <summary>How values of one column fold into a state; as a struct so that loops over it are compiled for it.</summary>
internal interface IFold<TValue, TState, TResult>
    where TState : struct
{
    static abstract void Add(ref TState state, TValue value);

    static abstract void Merge(ref TState state, in TState other);

    /// <summary>False gives null.</summary>
    static abstract bool Result(in TState state, out TResult result);

    /// <summary>Adds a run without nulls faster than one by one; false when there is no such way.</summary>
    static virtual bool AddRun(ref TState state, ReadOnlySpan<TValue> values) => false;
}

/// <summary>An aggregate of one column whose state is a struct.</summary>
internal sealed class FoldAccumulator<TValue, TState, TResult, TFold> : Accumulator
    where TState : struct
    where TFold : struct, IFold<TValue, TState, TResult>
{
    private TState[] _states = new TState[1];
    private int _count;

    public override long MemoryBytes => (long)_states.Length * Unsafe.SizeOf<TState>();

    public override void EnsureGroups(int count)
    {
        if (count > _states.Length)
            Array.Resize(ref _states, Math.Max(count, _states.Length * 2));
        _count = Math.Max(_count, count);
    }

    public override void Add(ReadOnlySpan<Vector> arguments, int count, ReadOnlySpan<int> groups, FunctionContext context)
    {
        try
        {
            AddChecked(arguments, count, groups);
        }
        catch (OverflowException e)
        {
            throw OutOfRange(e);
        }
    }

    private static BareMetalException OutOfRange(OverflowException e) =>
        new(SqlStates.NumericOutOfRange, "The result of an aggregate is out of range.", e) { Hint = "Cast the argument to a wider type." };

    private void AddChecked(ReadOnlySpan<Vector> arguments, int count, ReadOnlySpan<int> groups)
    {
        Vector<TValue> vector = (Vector<TValue>)arguments[0];
        TState[] states = _states;
        TValue[] data = vector.Data;
        int stride = vector.Stride;
        bool plain = !vector.HasNulls && stride == 1;
        if (groups.IsEmpty)
        {
            TState state = states[0];
            if (plain)
            {
                AddRun(ref state, data.AsSpan(0, count));
            }
            else if (stride == 1)
            {
                ReadOnlySpan<bool> nulls = vector.Nulls.AsSpan(0, count);
                for (int start = 0; NextRun(nulls, ref start, out int length); start += length)
                    AddRun(ref state, data.AsSpan(start, length));
            }
            else
            {
                for (int i = 0; i < count; i++)
                {
                    if (!vector.IsNull(i))
                        TFold.Add(ref state, data[i * stride]);
                }
            }

            states[0] = state;
            return;
        }

        if (plain)
        {
            for (int i = 0; i < groups.Length && i < data.Length; i++)
                TFold.Add(ref states[groups[i]], data[i]);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            if (!vector.IsNull(i))
                TFold.Add(ref states[groups[i]], data[i * stride]);
        }
    }

    private static void AddRun(ref TState state, ReadOnlySpan<TValue> run)
    {
        if (TFold.AddRun(ref state, run))
            return;
        foreach (TValue value in run)
            TFold.Add(ref state, value);
    }

    public override void Merge(Accumulator other, ReadOnlySpan<int> groups)
    {
        TState[] from = ((FoldAccumulator<TValue, TState, TResult, TFold>)other)._states;
        try
        {
            for (int i = 0; i < groups.Length; i++)
                TFold.Merge(ref _states[groups[i]], from[i]);
        }
        catch (OverflowException e)
        {
            throw OutOfRange(e);
        }
    }

    public override void Result(int first, int count, Vector result)
    {
        TResult[] target = ((Vector<TResult>)result).Data;
        try
        {
            for (int i = 0; i < count; i++)
            {
                if (!TFold.Result(_states[first + i], out target[i]))
                    result.SetNull(i);
            }
        }
        catch (OverflowException e)
        {
            throw OutOfRange(e);
        }
    }

    public override void Clear()
    {
        if (_states.Length > KeptGroups)
            _states = new TState[1];
        else
            Array.Clear(_states);
        _count = 0;
    }
}

/// <summary>count(*) and count(x).</summary>
internal sealed class CountAccumulator(bool star) : Accumulator
{
    private long[] _counts = new long[1];

    public override long MemoryBytes => _counts.Length * 8L;

    public override void EnsureGroups(int count)
    {
        if (count > _counts.Length)
            Array.Resize(ref _counts, Math.Max(count, _counts.Length * 2));
    }

    public override void Add(ReadOnlySpan<Vector> arguments, int count, ReadOnlySpan<int> groups, FunctionContext context)
    {
        long[] counts = _counts;
        bool all = star || !arguments[0].HasNulls;
        if (groups.IsEmpty)
        {
            if (all)
            {
                counts[0] += count;
                return;
            }

            Vector argument = arguments[0];
            counts[0] += argument.IsConstant ? (argument.Nulls[0] ? 0 : count) : count - MaskLoops.Count(argument.Nulls.AsSpan(0, count));
            return;
        }

        for (int i = 0; i < count; i++)
        {
            if (all || !arguments[0].IsNull(i))
                counts[groups[i]]++;
        }
    }

    public override void Merge(Accumulator other, ReadOnlySpan<int> groups)
    {
        long[] from = ((CountAccumulator)other)._counts;
        for (int i = 0; i < groups.Length; i++)
            _counts[groups[i]] += from[i];
    }

    public override void Result(int first, int count, Vector result) =>
        _counts.AsSpan(first, count).CopyTo(((Vector<long>)result).Data);

    public override void Clear()
    {
        if (_counts.Length > KeptGroups)
            _counts = new long[1];
        else
            Array.Clear(_counts);
    }
}

/// <summary>min and max by any order.</summary>
internal sealed class ExtremeAccumulator<T, TOrder>(TOrder order, int sign) : Accumulator
    where TOrder : struct, ISortOrder<T>
{
    private readonly TOrder _order = order;
    private T[] _values = new T[1];
    private bool[] _any = new bool[1];
    private long _bytes;

    public override long MemoryBytes => (long)_values.Length * (Unsafe.SizeOf<T>() + 1) + _bytes;

    public override void EnsureGroups(int count)
    {
        if (count <= _values.Length)
            return;
        int size = Math.Max(count, _values.Length * 2);
        Array.Resize(ref _values, size);
        Array.Resize(ref _any, size);
    }

    public override void Add(ReadOnlySpan<Vector> arguments, int count, ReadOnlySpan<int> groups, FunctionContext context)
    {
        Vector<T> vector = (Vector<T>)arguments[0];
        T[] data = vector.Data;
        int stride = vector.Stride;
        if (groups.IsEmpty && stride == 1 && TryAddRuns(vector, count))
            return;
        for (int i = 0; i < count; i++)
        {
            if (!vector.IsNull(i))
                Add(groups.IsEmpty ? 0 : groups[i], data[i * stride]);
        }
    }

    /// <summary>Adds the rows by runs without nulls, where there is a loop for the type.</summary>
    private bool TryAddRuns(Vector<T> vector, int count)
    {
        if (typeof(T) != typeof(int) && typeof(T) != typeof(long))
            return false;
        ReadOnlySpan<bool> nulls = vector.HasNulls ? vector.Nulls.AsSpan(0, count) : default;
        int length = count;
        for (int start = 0; nulls.IsEmpty ? start < count : NextRun(nulls, ref start, out length); start += length)
        {
            ref T first = ref vector.Data[start];
            if (typeof(T) == typeof(int))
                Add(0, (T)(object)FoldLoops.Extreme(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, int>(ref first), length), sign > 0));
            else
                Add(0, (T)(object)FoldLoops.Extreme(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, long>(ref first), length), sign > 0));
        }

        return true;
    }

    public override void Merge(Accumulator other, ReadOnlySpan<int> groups)
    {
        ExtremeAccumulator<T, TOrder> from = (ExtremeAccumulator<T, TOrder>)other;
        for (int i = 0; i < groups.Length; i++)
        {
            if (from._any[i])
                Add(groups[i], from._values[i]);
        }
    }

    public override void Result(int first, int count, Vector result)
    {
        T[] target = ((Vector<T>)result).Data;
        for (int i = 0; i < count; i++)
        {
            if (_any[first + i])
                target[i] = _values[first + i];
            else
                result.SetNull(i);
        }
    }

    public override void Clear()
    {
        if (_values.Length > KeptGroups)
        {
            _values = new T[1];
            _any = new bool[1];
        }
        else
        {
            Array.Clear(_values);
            Array.Clear(_any);
        }

        _bytes = 0;
    }

    private void Add(int group, T value)
    {
        if (_any[group] && _order.Compare(value, _values[group]) * sign <= 0)
            return;
        if (typeof(T) == typeof(ByteSlice))
        {
            // The batch's bytes do not outlive it.
            ByteSlice slice = (ByteSlice)(object)value!;
            _bytes += slice.Length - (_any[group] ? ((ByteSlice)(object)_values[group]!).Length : 0);
            value = (T)(object)new ByteSlice(slice.Span.ToArray());
        }

        _values[group] = value;
        _any[group] = true;
    }
}

/// <summary>Aggregates with a state object per group, one row at a time: the rarely used ones.</summary>
internal sealed class ObjectAccumulator<TState>(
    Action<TState, Value[]> add,
    Action<TState, TState> merge,
    Func<TState, Value> result,
    Func<TState, long> size,
    bool skipNulls = true,
    bool grows = true,
    bool isResultLarge = true) : Accumulator
    where TState : class, new()
{
    /// <summary>Bytes that states may grow by before the growth is held to what the statement has left.</summary>
    private const long UnseenBytes = 64 * 1024;

    private TState?[] _states = new TState?[1];
    private Value[] _row = [];

    private long _bytes;

    public override long MemoryBytes => (_states.Length * 8L) + _bytes;

    public override bool Grows => grows;

    public override bool IsResultLarge => grows && isResultLarge;

    public override void EnsureGroups(int count)
    {
        if (count > _states.Length)
            Array.Resize(ref _states, Math.Max(count, _states.Length * 2));
    }

    public override void Add(ReadOnlySpan<Vector> arguments, int count, ReadOnlySpan<int> groups, FunctionContext context)
    {
        if (_row.Length != arguments.Length)
            _row = new Value[arguments.Length];
        long seen = _bytes;
        for (int i = 0; i < count; i++)
        {
            if (skipNulls && Kernels.KernelSupport.AnyNull(arguments, i))
                continue;
            for (int a = 0; a < _row.Length; a++)
                _row[a] = arguments[a].GetValue(i);
            ref TState? state = ref _states[groups.IsEmpty ? 0 : groups[i]];
            if (state is null)
                state = new TState();
            else
                _bytes -= size(state);
            add(state, _row);
            _bytes += size(state);
            if (_bytes - seen > UnseenBytes)
            {
                Rows.RowBuffer.Use(_bytes - seen);
                seen = _bytes;
            }
        }
    }

    public override void Merge(Accumulator other, ReadOnlySpan<int> groups)
    {
        TState?[] from = ((ObjectAccumulator<TState>)other)._states;
        for (int i = 0; i < groups.Length; i++)
        {
            if (from[i] is not { } state)
                continue;
            ref TState? own = ref _states[groups[i]];
            if (own is null)
                own = new TState();
            else
                _bytes -= size(own);
            merge(own, state);
            _bytes += size(own);
        }
    }

    public override void Result(int first, int count, Vector vector)
    {
        for (int i = 0; i < count; i++)
        {
            if (_states[first + i] is { } state)
                vector.SetValue(i, result(state));
            else
                vector.SetNull(i);
        }
    }

    public override void Forget(int first, int count)
    {
        for (int i = first; i < first + count && i < _states.Length; i++)
        {
            if (_states[i] is not { } state)
                continue;
            _bytes -= size(state);
            _states[i] = null;
        }
    }

    public override void Clear()
    {
        // Room for very many groups is not kept for the next few.
        if (_states.Length > KeptGroups)
            _states = new TState?[1];
        else
            Array.Clear(_states);
        _bytes = 0;
    }
}
