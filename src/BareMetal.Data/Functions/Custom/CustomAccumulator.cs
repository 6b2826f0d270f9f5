using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Custom;

/// <summary>
/// An aggregate in C#. A state can't be merged or measured from outside, so that the values are kept by group and folded when the
/// result is asked for: merging is then appending, and a window may ask several times.
/// </summary>
internal sealed class CustomAccumulator<T, TState, TResult>(
    string name, Func<TState> seed, Func<TState, T, TState> step, Func<TState, TResult> finish, SqlType type) : Accumulator
{
    // The list, an element's share of spare room, and what a reference may point to.
    private const int GroupBytes = 64;
    private const int ValueBytes = 48;

    private readonly List<List<T>?> _groups = [];
    private long _values;
    private long _bytes;

    public override long MemoryBytes => (_groups.Count * (long)GroupBytes) + (_values * ValueBytes) + _bytes;

    public override bool Grows => true;

    public override void Forget(int first, int count)
    {
        for (int i = first; i < first + count && i < _groups.Count; i++)
        {
            _values -= _groups[i]?.Count ?? 0;
            foreach (T value in _groups[i] ?? [])
                _bytes -= BytesOf(value);
            _groups[i] = null;
        }
    }

    public override void EnsureGroups(int count)
    {
        while (_groups.Count < count)
            _groups.Add(null);
    }

    public override void Add(ReadOnlySpan<Vector> arguments, int count, ReadOnlySpan<int> groups, FunctionContext context)
    {
        Vector vector = arguments[0];
        bool takesNull = Argument.TakesNull(typeof(T));
        for (int i = 0; i < count; i++)
        {
            Value value = vector.GetValue(i * vector.Stride);
            if (value.IsNull && !takesNull)
                continue;
            T given = Custom.Call(name, () => Argument.Get<T>(new Argument(value, vector.Type)));
            ListOf(groups.IsEmpty ? 0 : groups[i]).Add(given);
            _values++;
            _bytes += BytesOf(given);
        }
    }

    public override void Merge(Accumulator other, ReadOnlySpan<int> groups)
    {
        CustomAccumulator<T, TState, TResult> from = (CustomAccumulator<T, TState, TResult>)other;
        for (int i = 0; i < groups.Length; i++)
        {
            if (from._groups[i] is { } values)
            {
                ListOf(groups[i]).AddRange(values);
                _values += values.Count;
                foreach (T value in values)
                    _bytes += BytesOf(value);
            }
        }
    }

    public override void Result(int first, int count, Vector result)
    {
        for (int i = 0; i < count; i++)
        {
            List<T>? values = _groups[first + i];
            result.SetValue(i, Custom.Call(name, () => Custom.ToValue(Fold(values), type)));
        }
    }

    public override void Clear()
    {
        _groups.Clear();
        _values = 0;
        _bytes = 0;
    }

    private static long BytesOf(T value) => value switch
    {
        string text => 2L * text.Length,
        Array array => 8L * array.Length,
        _ => 0,
    };

    private List<T> ListOf(int group) => _groups[group] ??= [];

    private TResult Fold(List<T>? values)
    {
        TState state = seed();
        foreach (T value in values ?? [])
            state = step(state, value);
        return finish(state);
    }
}
