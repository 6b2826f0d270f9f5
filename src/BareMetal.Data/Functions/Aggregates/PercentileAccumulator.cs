using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Aggregates;

/// <summary>
/// Percentiles of rows that come in order: as each group's rows are counted before they come, only those are kept whose values the result is
/// made of, and a group of any size takes a few bytes.
/// </summary>
/// <param name="type">Type of the values.</param>
/// <param name="isArray">Whether the direct argument is an array of fractions.</param>
/// <param name="between">The value at a place between two rows' values, for continuous percentiles; null: that of the first row at or behind the place.</param>
internal sealed class PercentileAccumulator(SqlType type, bool isArray, Func<Value, Value, double, Value>? between) : Accumulator
{
    private const int GroupBytes = 160;

    private Group?[] _groups = new Group?[1];
    private long[] _counts = [];
    private long _bytes;

    public override bool Grows => true;

    public override bool IsResultLarge => false;

    public override bool NeedsCounts => true;

    public override long MemoryBytes => (_groups.Length * 8L) + _bytes;

    public override void EnsureGroups(int count)
    {
        if (count > _groups.Length)
            Array.Resize(ref _groups, Math.Max(count, _groups.Length * 2));
    }

    public override void Expect(long[] counts) => _counts = counts;

    public override void Add(ReadOnlySpan<Vector> arguments, int count, ReadOnlySpan<int> groups, FunctionContext context)
    {
        for (int i = 0; i < count; i++)
        {
            if (Kernels.KernelSupport.AnyNull(arguments, i))
                continue;
            int number = groups.IsEmpty ? 0 : groups[i];
            Group group = _groups[number] ??= Begin(arguments[0].GetValue(i), _counts[number]);
            if (group.Next < group.Rows.Length && group.Rows[group.Next] == group.Seen)
            {
                Value value = arguments[^1].GetValue(i);
                group.Values[group.Next++] = value;
                _bytes += Size(value);
            }

            group.Seen++;
        }
    }

    public override void Merge(Accumulator other, ReadOnlySpan<int> groups) => throw new NotSupportedException("Rows in order come to one state.");

    public override void Result(int first, int count, Vector result)
    {
        for (int i = 0; i < count; i++)
        {
            if (_groups[first + i] is not { } group)
                result.SetNull(i);
            else if (!isArray)
                result.SetValue(i, At(group, group.Fractions[0]!.Value));
            else
                result.SetValue(i, Value.From(SqlTypeKind.Array, new ArrayValue(type, [.. group.Fractions.Select(f => f is { } fraction ? At(group, fraction) : Value.Null(type.Kind))])));
        }
    }

    public override void Forget(int first, int count)
    {
        for (int i = first; i < first + count && i < _groups.Length; i++)
        {
            if (_groups[i] is not { } group)
                continue;
            _bytes -= BytesOf(group);
            for (int v = 0; v < group.Next; v++)
                _bytes -= Size(group.Values[v]);
            _groups[i] = null;
        }
    }

    public override void Clear()
    {
        if (_groups.Length > KeptGroups)
            _groups = new Group?[1];
        else
            Array.Clear(_groups);
        _counts = [];
        _bytes = 0;
    }

    private Group Begin(in Value direct, long count)
    {
        double?[] fractions = isArray
            ? [.. direct.As<ArrayValue>().Items.Select(item => item.IsNull ? (double?)null : item.As<double>())]
            : [direct.As<double>()];
        SortedSet<long> rows = [];
        foreach (double? given in fractions)
        {
            if (given is not { } fraction)
                continue;
            if (!(fraction is >= 0 and <= 1))
                throw new BareMetalException(SqlStates.NumericOutOfRange, "The fraction of a percentile must be between 0 and 1.");
            long row = Place(fraction, count, out double rest);
            rows.Add(row);
            if (rest > 0)
                rows.Add(row + 1);
        }

        Group group = new([.. rows], fractions, count);
        _bytes += BytesOf(group);
        return group;
    }

    private Value At(Group group, double fraction)
    {
        long row = Place(fraction, group.Count, out double rest);
        Value value = group.Values[Array.BinarySearch(group.Rows, row)];
        return rest > 0 ? between!(value, group.Values[Array.BinarySearch(group.Rows, row + 1)], rest) : value;
    }

    /// <summary>The row at a fraction of a group's rows, and for continuous percentiles how far the place is from it to the next.</summary>
    private long Place(double fraction, long count, out double rest)
    {
        rest = 0;
        if (between is null)
            return Math.Max(0, (long)Math.Ceiling(fraction * count) - 1);
        double at = fraction * (count - 1);
        long row = (long)Math.Floor(at);
        rest = at - row;
        return row;
    }

    private static long BytesOf(Group group) => GroupBytes + (16L * group.Fractions.Length) + (40L * group.Rows.Length);

    private static long Size(in Value value) => value.IsNull ? 0 : value.Kind switch
    {
        SqlTypeKind.Text or SqlTypeKind.Bytea or SqlTypeKind.Json or SqlTypeKind.Jsonb => value.As<ByteSlice>().Length + 24,
        SqlTypeKind.Array or SqlTypeKind.Record => value.As<ArrayValue>().Bytes,
        _ => 0,
    };

    /// <summary>What is known of a group.</summary>
    /// <param name="Rows">Rows whose values are wanted, by number.</param>
    /// <param name="Fractions">The direct argument.</param>
    /// <param name="Count">Rows in all.</param>
    private sealed record Group(long[] Rows, double?[] Fractions, long Count)
    {
        public Value[] Values { get; } = new Value[Rows.Length];

        /// <summary>How many of the wanted rows have come.</summary>
        public int Next { get; set; }

        /// <summary>How many rows have come.</summary>
        public long Seen { get; set; }
    }
}
