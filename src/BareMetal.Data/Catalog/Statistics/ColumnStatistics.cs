using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Catalog.Statistics;

/// <summary>
/// What a sample says of one column. Values stand beside their keys, bytes in the order of the values, so that comparing with them is
/// comparing bytes. Immutable.
/// </summary>
internal sealed class ColumnStatistics
{
    private const double SmallestShare = 1e-9;

    /// <summary>The column.</summary>
    public required int ColumnId { get; init; }

    /// <summary>Its type when the sample was taken; statistics of another type are not used.</summary>
    public required SqlType Type { get; init; }

    /// <summary>The share of rows that are null, 0 to 1.</summary>
    public required double NullFraction { get; init; }

    /// <summary>About how many different values there are, nulls not counted.</summary>
    public required double Distinct { get; init; }

    /// <summary>Mean bytes of a value that is not null.</summary>
    public required double AverageWidth { get; init; }

    /// <summary>How the order of values agrees with the order of rows in the table's tree: 1 the same, −1 the opposite, 0 unrelated.</summary>
    public required double Correlation { get; init; }

    /// <summary>The most common values, in key order.</summary>
    public required IReadOnlyList<CommonValue> MostCommon { get; init; }

    /// <summary>
    /// Bounds of ranges that hold about equally many of the other values, in key order: one more than there are ranges; empty when nothing is left.
    /// </summary>
    public required IReadOnlyList<KeyedValue> Histogram { get; init; }

    /// <summary>The share of all rows that the most common values take.</summary>
    public double CommonFraction { get; private set; }

    /// <summary>The share of all rows whose values are not among the most common ones.</summary>
    public double RestFraction => Math.Max(0, 1 - NullFraction - CommonFraction);

    /// <summary>Sums up; called once by who made it.</summary>
    public ColumnStatistics Complete()
    {
        double sum = 0;
        foreach (CommonValue common in MostCommon)
            sum += common.Frequency;
        CommonFraction = Math.Min(sum, 1);
        return this;
    }

    /// <summary>The share of rows that equal a value that is not known.</summary>
    public double EqualToUnknown => Math.Max((1 - NullFraction) / Math.Max(Distinct, 1), SmallestShare);

    /// <summary>The share of rows that equal the value of a key.</summary>
    public double EqualTo(ReadOnlySpan<byte> key)
    {
        if (Find(key) is { } common)
            return common.Frequency;
        double rest = RestFraction;
        if (rest <= 0 && MostCommon.Count > 0)
            return SmallestShare;
        double others = Math.Max(Distinct - MostCommon.Count, 1);
        double share = rest / others;
        foreach (CommonValue c in MostCommon)
            share = Math.Min(share, c.Frequency);
        return Math.Max(share, SmallestShare);
    }

    /// <summary>The share of rows below a key (or at it, when <paramref name="inclusive"/>).</summary>
    public double Below(ReadOnlySpan<byte> key, bool inclusive, double? number = null)
    {
        double share = 0;
        foreach (CommonValue c in MostCommon)
        {
            int order = c.Value.Key.AsSpan().SequenceCompareTo(key);
            if (order < 0 || (order == 0 && inclusive))
                share += c.Frequency;
        }

        share += RestFraction * HistogramBelow(key, inclusive, number);
        return Math.Clamp(share, 0, 1 - NullFraction);
    }

    /// <summary>The share of rows whose keys begin with a prefix that has an end.</summary>
    public double Between(ReadOnlySpan<byte> low, ReadOnlySpan<byte> high) => Math.Max(Below(high, false) - Below(low, false), SmallestShare);

    /// <summary>The common value of a key.</summary>
    public CommonValue? Find(ReadOnlySpan<byte> key)
    {
        int from = 0, to = MostCommon.Count - 1;
        while (from <= to)
        {
            int middle = (from + to) >> 1;
            int order = MostCommon[middle].Value.Key.AsSpan().SequenceCompareTo(key);
            if (order == 0)
                return MostCommon[middle];
            if (order < 0)
                from = middle + 1;
            else
                to = middle - 1;
        }

        return null;
    }

    private double HistogramBelow(ReadOnlySpan<byte> key, bool inclusive, double? number)
    {
        int bounds = Histogram.Count;
        if (bounds < 2)
        {
            // One value or none: half of what is not known lies on each side.
            if (bounds == 0)
                return 0.5;
            int order = Histogram[0].Key.AsSpan().SequenceCompareTo(key);
            return order < 0 || (order == 0 && inclusive) ? 1 : 0;
        }

        if (key.SequenceCompareTo(Histogram[0].Key) < 0)
            return 0;
        if (key.SequenceCompareTo(Histogram[bounds - 1].Key) > 0)
            return 1;
        int from = 0, to = bounds - 1;
        while (to - from > 1)
        {
            int middle = (from + to) >> 1;
            if (Histogram[middle].Key.AsSpan().SequenceCompareTo(key) <= 0)
                from = middle;
            else
                to = middle;
        }

        double within = number is { } x && double.IsFinite(x) && Histogram[from].Number is { } low && Histogram[to].Number is { } high && high > low
            ? Math.Clamp((x - low) / (high - low), 0, 1)
            : Fraction(Histogram[from].Key, Histogram[to].Key, key, Type.Kind == SqlTypeKind.Text);
        return (from + within) / (bounds - 1);
    }

    /// <summary>
    /// Where a key lies between two others, from the bytes behind what all have in common, taken as a number: of text to the base of the characters
    /// that occur there (digits, or letters of one case, as a whole), since text uses few of the bytes that there are.
    /// </summary>
    internal static double Fraction(ReadOnlySpan<byte> low, ReadOnlySpan<byte> high, ReadOnlySpan<byte> key, bool isText)
    {
        int common = low.CommonPrefixLength(high);
        int first = 0, last = 255;
        if (isText)
        {
            (first, last) = (255, 0);
            Note(low, common, ref first, ref last);
            Note(high, common, ref first, ref last);
            Note(key, common, ref first, ref last);
            Widen('0', '9', ref first, ref last);
            Widen('a', 'z', ref first, ref last);
            Widen('A', 'Z', ref first, ref last);
        }

        double a = Number(low, common, first, last), b = Number(high, common, first, last), x = Number(key, common, first, last);
        return b <= a ? 0.5 : Math.Clamp((x - a) / (b - a), 0, 1);

        static double Number(ReadOnlySpan<byte> bytes, int from, int first, int last)
        {
            // An end comes before every character.
            double value = 0, unit = 1, size = last - first + 2;
            for (int i = from; i < from + 10; i++)
            {
                unit /= size;
                value += unit * (i < bytes.Length ? Math.Max(0, bytes[i] - first + 1) : 0);
            }

            return value;
        }

        static void Note(ReadOnlySpan<byte> bytes, int from, ref int first, ref int last)
        {
            for (int i = from; i < Math.Min(from + 3, bytes.Length); i++)
            {
                if (bytes[i] < 32)
                    break; // the key's end mark
                first = Math.Min(first, bytes[i]);
                last = Math.Max(last, bytes[i]);
            }
        }

        static void Widen(char from, char to, ref int first, ref int last)
        {
            if (first <= to && last >= from)
                (first, last) = (Math.Min(first, from), Math.Max(last, to));
        }
    }
}

/// <summary>A value and the bytes that order it.</summary>
internal sealed record KeyedValue(Value Value, byte[] Key)
{
    /// <summary>The value as a number, where its key's bytes do not grow evenly with it; null for others.</summary>
    public double? Number { get; } = NumberOf(Value);

    /// <summary>The number that a value between others is judged by; null where bytes do as well.</summary>
    public static double? NumberOf(in Value value) => value.IsNull ? null : value.Kind switch
    {
        SqlTypeKind.Decimal => (double)value.As<decimal>(),
        SqlTypeKind.Double => value.As<double>(),
        SqlTypeKind.Real => value.As<float>(),
        _ => null,
    };

    /// <summary>Bytes of a text or binary that a histogram keeps: longer ones are cut, which keeps their order.</summary>
    public const int MaxBytes = 64;

    /// <summary>The encoder of a column's keys: ascending, never null.</summary>
    public static KeyEncoder? EncoderOf(SqlType type) => type.Kind is SqlTypeKind.Unknown or SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Array or SqlTypeKind.Record
        ? null
        : KeyEncoder.Create(type, nullable: false);

    /// <summary>The value with its key.</summary>
    public static KeyedValue Of(KeyEncoder encoder, in Value value)
    {
        RowBuffer buffer = new(32);
        encoder.Append(buffer, value);
        return new KeyedValue(value, buffer.ToArray());
    }
}

/// <summary>A common value and the share of rows that have it.</summary>
internal sealed record CommonValue(KeyedValue Value, double Frequency);
