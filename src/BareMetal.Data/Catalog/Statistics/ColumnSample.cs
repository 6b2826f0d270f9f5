using System.Buffers.Binary;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Catalog.Statistics;

/// <summary>The values of one column in a sample of rows, which stand in the order of the table's tree.</summary>
internal sealed class ColumnSample(Column column, Vector values, int rows, double tableRows)
{
    /// <summary>Values of more bytes are counted but not kept: they are hardly ever compared for equality.</summary>
    private const int MaxKeptBytes = 512;

    /// <summary>How much more often than the mean a value must occur to be called common.</summary>
    private const double CommonFactor = 1.25;

    public ColumnStatistics Compute()
    {
        (int nulls, double width) = Count();
        int present = rows - nulls;
        double nullFraction = rows == 0 ? 0 : (double)nulls / rows;
        double averageWidth = present == 0 ? 0 : width / present;
        KeyEncoder? encoder = KeyedValue.EncoderOf(column.Type);
        if (encoder is null || present == 0)
            return Make(nullFraction, present == 0 ? 0 : Math.Max(1, tableRows * (1 - nullFraction) * 0.3), averageWidth, 0, [], []);
        Item[] items = Sort(encoder, present);
        List<(int From, int Count)> runs = Runs(items);
        double presentRows = tableRows * (1 - nullFraction);
        double distinct = EstimateDistinct(runs, present, presentRows);
        HashSet<int> common = ChooseCommon(runs, items, present, presentRows, distinct);
        List<CommonValue> mostCommon = [];
        List<int> rest = [];
        for (int r = 0; r < runs.Count; r++)
        {
            (int from, int count) = runs[r];
            if (common.Contains(r))
            {
                mostCommon.Add(new CommonValue(KeyedValue.Of(encoder, values.GetValue(items[from].Row)), (double)count / rows));
                continue;
            }

            for (int i = 0; i < count; i++)
                rest.Add(items[from + i].Row);
        }

        return Make(nullFraction, distinct, averageWidth, Correlation(items), mostCommon, Bounds(encoder, rest));
    }

    /// <summary>Nulls, and bytes of the other values.</summary>
    private (int Nulls, double Bytes) Count()
    {
        int nulls = 0;
        double bytes = 0;
        int width = ValueCodec.FixedSize(column.Type.Kind);
        Vector<ByteSlice>? slices = values as Vector<ByteSlice>;
        for (int row = 0; row < rows; row++)
        {
            if (values.IsNull(row))
                nulls++;
            else
                bytes += slices is null ? Math.Max(width, 16) : slices.Data[row].Length;
        }

        return (nulls, width > 0 ? (double)(rows - nulls) * width : bytes);
    }

    private ColumnStatistics Make(double nulls, double distinct, double width, double correlation, IReadOnlyList<CommonValue> common, IReadOnlyList<KeyedValue> histogram) => new ColumnStatistics
    {
        ColumnId = column.Id,
        Type = column.Type,
        NullFraction = nulls,
        Distinct = distinct,
        AverageWidth = width,
        Correlation = correlation,
        MostCommon = common,
        Histogram = histogram,
    }.Complete();

    private Item[] Sort(KeyEncoder encoder, int present)
    {
        Item[] items = new Item[present];
        RowBuffer key = new(64);
        int n = 0;
        Span<byte> head = stackalloc byte[8];
        for (int row = 0; row < rows; row++)
        {
            if (values.IsNull(row))
                continue;
            key.Clear();
            encoder.Append(key, values, row);
            head.Clear();
            key.Span[..Math.Min(8, key.Length)].CopyTo(head);
            items[n] = new Item(BinaryPrimitives.ReadUInt64BigEndian(head), key.Length > 8 ? key.Span[8..].ToArray() : null, row, n);
            n++;
        }

        Array.Sort(items, static (a, b) =>
        {
            int c = a.Compare(b);
            return c != 0 ? c : a.Row.CompareTo(b.Row);
        });
        return items;
    }

    private static List<(int From, int Count)> Runs(Item[] items)
    {
        List<(int, int)> runs = [];
        int from = 0;
        for (int i = 1; i <= items.Length; i++)
        {
            if (i < items.Length && items[i].Compare(items[from]) == 0)
                continue;
            runs.Add((from, i - from));
            from = i;
        }

        return runs;
    }

    private static double EstimateDistinct(List<(int From, int Count)> runs, double sampled, double all)
    {
        double once = 0;
        foreach ((_, int count) in runs)
            once += count == 1 ? 1 : 0;
        return Duj1(runs.Count, once, sampled, all);
    }

    /// <summary>Duj1: n·d / (n − f1 + f1·n/N), with d values, f1 of them once, among the n of the sample of N.</summary>
    public static double Duj1(double values, double once, double sampled, double all)
    {
        if (sampled >= all)
            return values;
        if (once >= values)
            return all;
        return Math.Clamp(sampled * values / (sampled - once + (once * sampled / all)), values, all);
    }

    private HashSet<int> ChooseCommon(List<(int From, int Count)> runs, Item[] items, int present, double presentRows, double distinct)
    {
        List<int> candidates = [];
        bool knowsAll = runs.Count <= StatisticsCollector.Target && (present >= presentRows || distinct <= runs.Count * 1.05);
        double mean = present / Math.Max(distinct, 1);
        for (int r = 0; r < runs.Count; r++)
        {
            if ((knowsAll || (runs[r].Count > 1 && runs[r].Count > mean * CommonFactor)) && !IsLong(items[runs[r].From].Row))
                candidates.Add(r);
        }

        candidates.Sort((a, b) => runs[b].Count != runs[a].Count ? runs[b].Count.CompareTo(runs[a].Count) : a.CompareTo(b));
        return [.. candidates.Take(StatisticsCollector.Target)];
    }

    private bool IsLong(int row) => values is Vector<ByteSlice> bytes && bytes.Data[row].Length > MaxKeptBytes;

    private List<KeyedValue> Bounds(KeyEncoder encoder, List<int> rest)
    {
        List<KeyedValue> bounds = [];
        int ranges = Math.Min(StatisticsCollector.Target, rest.Count - 1);
        for (int b = 0; b <= ranges; b++)
        {
            int at = ranges == 0 ? 0 : (int)((long)b * (rest.Count - 1) / ranges);
            bounds.Add(KeyedValue.Of(encoder, Cut(values.GetValue(rest[at]))));
        }

        return bounds;
    }

    private Value Cut(Value value)
    {
        if (column.Type.Kind is not (SqlTypeKind.Text or SqlTypeKind.Bytea))
            return value;
        ByteSlice bytes = value.As<ByteSlice>();
        if (bytes.Length <= KeyedValue.MaxBytes)
            return value;
        int length = KeyedValue.MaxBytes;
        ReadOnlySpan<byte> span = bytes.Span;
        if (column.Type.Kind == SqlTypeKind.Text)
        {
            // Not within a character.
            while (length > 0 && (span[length] & 0xC0) == 0x80)
                length--;
        }

        return Value.From(column.Type.Kind, new ByteSlice(span[..length].ToArray()));
    }

    /// <summary>Pearson's correlation between the places of values in their own order and in the table's.</summary>
    private static double Correlation(Item[] items)
    {
        double n = items.Length;
        if (n < 2)
            return 1;
        double products = 0;
        for (int i = 0; i < items.Length; i++)
            products += (double)i * items[i].Place;
        double sum = n * (n - 1) / 2;
        double squares = (n - 1) * n * ((2 * n) - 1) / 6;
        return Math.Clamp(((n * products) - (sum * sum)) / ((n * squares) - (sum * sum)), -1, 1);
    }

    /// <summary>A value's key, its first 8 bytes as a number; its row in the sample and its place among those that are not null.</summary>
    private readonly record struct Item(ulong Head, byte[]? Tail, int Row, int Place)
    {
        public int Compare(in Item other)
        {
            int c = Head.CompareTo(other.Head);
            return c != 0 || (Tail is null && other.Tail is null) ? c : ((ReadOnlySpan<byte>)Tail).SequenceCompareTo(other.Tail);
        }
    }
}
