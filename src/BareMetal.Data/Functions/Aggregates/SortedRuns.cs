using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Aggregates;

/// <summary>
/// What ordered-set aggregates keep of rows that come in order: each value once, with how many rows lie up to its last. Values are in a
/// column of their type, so that a group of millions of different numbers takes a few bytes for each.
/// </summary>
internal sealed class SortedRuns
{
    private readonly List<int> _ends = [];
    private Vector? _values;
    private long _valueBytes;

    /// <summary>The direct argument.</summary>
    public Value Direct { get; private set; }

    /// <summary>The type of the values.</summary>
    public SqlType Type { get; private set; } = SqlType.Unknown;

    /// <summary>Rows.</summary>
    public int Count => _ends.Count == 0 ? 0 : _ends[^1];

    /// <summary>Approximate bytes held.</summary>
    public long Bytes => 64 + _valueBytes + (_ends.Capacity * 4L) + ((_values?.Capacity ?? 0) * RowBytes(_values));

    /// <summary>The value of a row.</summary>
    public Value this[int row]
    {
        get
        {
            int run = _ends.BinarySearch(row + 1);
            return _values!.GetValue(run < 0 ? ~run : run);
        }
    }

    /// <summary>Says what comes, before the first row does.</summary>
    public void Begin(SqlType type, in Value direct) => (Type, Direct) = (type, direct);

    /// <summary>Adds rows of a value that is not before the last one's.</summary>
    public void Add(in Value value, int rows, TypeComparer comparer)
    {
        int last = _ends.Count - 1;
        if (last >= 0 && comparer.Equals(_values!.GetValue(last), value))
        {
            _ends[last] = checked(_ends[last] + rows);
            return;
        }

        _values ??= Vector.Create(Type, 4);
        _values.EnsureCapacity(last + 2);
        _values.SetValue(last + 1, value);
        _ends.Add(checked(Count + rows));
        if (_values is Vector<ByteSlice> bytes)
            _valueBytes += bytes.Data[last + 1].Length + 24;
        else if (_values is Vector<ArrayValue>)
            _valueBytes += value.As<ArrayValue>().Bytes;
    }

    /// <summary>Adds the rows of another, which are not before the last one's.</summary>
    public void Append(SortedRuns other, TypeComparer comparer)
    {
        if (Count == 0)
            Begin(other.Type, other.Direct);
        for (int run = 0; run < other._ends.Count; run++)
            Add(other._values!.GetValue(run), other._ends[run] - (run == 0 ? 0 : other._ends[run - 1]), comparer);
    }

    /// <summary>The value of most rows, the first of several.</summary>
    public Value Longest()
    {
        int best = 0, bestRows = 0;
        for (int run = 0; run < _ends.Count; run++)
        {
            int rows = _ends[run] - (run == 0 ? 0 : _ends[run - 1]);
            if (rows > bestRows)
                (best, bestRows) = (run, rows);
        }

        return _values!.GetValue(best);
    }

    private static long RowBytes(Vector? values) => values switch
    {
        null => 0,
        Vector<int> or Vector<float> or Vector<uint> => 5,
        Vector<long> or Vector<double> or Vector<ulong> => 9,
        _ => 17,
    };
}
