using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Catalog.Statistics;

/// <summary>
/// Looks at a table: all rows of a small one, otherwise a sample of <see cref="SampleSize"/> rows, 300 for each of the 100 ranges of a histogram (Chaudhuri,
/// Motwani, Narasayya, SIGMOD 1998, as PostgreSQL's ANALYZE has it). Rows are picked one by one along random paths through the tree, so that
/// neighbours, which are often alike, do not come together. Numbers of different values are estimated by Duj1 (Haas, Stokes, JASA 1998);
/// those of leading key parts by how often an index entry differs from the one before it. The same table gives the same result.
/// </summary>
internal sealed class StatisticsCollector(StorageTransaction transaction, Table table, CancellationToken cancellation)
{
    /// <summary>Rows of a sample.</summary>
    public const int SampleSize = 30_000;

    /// <summary>Ranges of a histogram, and most common values, at most.</summary>
    public const int Target = 100;

    /// <summary>Tables up to this many rows are read whole.</summary>
    private const int WholeRows = 2 * SampleSize;

    /// <summary>Bytes of rows that a sample holds at most.</summary>
    private const long SampleBytes = 32L << 20;

    /// <summary>Pairs of neighbours that are compared in an index.</summary>
    private const int Pairs = 8_000;

    /// <summary>Fewer differing neighbours than this say too little: the rows' sample says more then.</summary>
    private const int FewPairs = 20;

    private readonly Random _random = new(unchecked((int)table.Id * 397));
    private readonly RowBuffer _rows = new(1 << 16);
    private readonly List<RowRange> _ranges = [];

    /// <summary>Collects.</summary>
    /// <param name="only">The columns to look at; null for all. Others keep what <paramref name="before"/> says of them.</param>
    /// <param name="before">What was known before.</param>
    public TableStatistics Collect(IReadOnlyCollection<Column>? only, TableStatistics? before)
    {
        long entries = transaction.Engine.EstimateEntries(table.Tree);
        double rows = ReadRows(entries);
        List<ColumnStatistics> columns = [];
        RowCodec codec = RowCodec.For(table);
        foreach (Column column in table.Columns)
        {
            if (!codec.IsStored(column.Ordinal))
                continue;
            if (only is not null && !only.Contains(column))
            {
                if (before?.Find(column) is { } known)
                    columns.Add(known);
                continue;
            }

            cancellation.ThrowIfCancellationRequested();
            ColumnSample sample = new(column, Read(codec, column), _ranges.Count, rows);
            columns.Add(sample.Compute());
        }

        List<PrefixStatistics> prefixes = [];
        if (table.PrimaryKey is not null)
            prefixes.Add(Prefixes(0, table.Tree, KeyCodec.For(table).Parts, rows));
        foreach (TableIndex index in table.Indexes)
            prefixes.Add(Prefixes(index.Id, index.Tree, IndexEntryCodec.For(table, index).Parts, -1));
        Improve(columns, prefixes, rows);
        return new TableStatistics { TableId = table.Id, Rows = rows, Entries = Math.Max(entries, 0), SampledRows = _ranges.Count, Columns = columns, Prefixes = prefixes };
    }

    private bool HasOwnChanges(TreeId tree) => transaction.Overlay?.Touches(tree) ?? false;

    /// <summary>Fills the sample; gives the number of rows of the table.</summary>
    private double ReadRows(long entries)
    {
        using TreeCursor cursor = transaction.OpenCursor(table.Tree);
        if (HasOwnChanges(table.Tree) || entries <= WholeRows)
            return ReadWhole(cursor, entries);
        // A few rows first, to learn how large they are.
        const int Probes = 256;
        Sample(cursor, Probes);
        int wanted = (int)Math.Clamp(SampleBytes * Probes / Math.Max(_rows.Length, 1), 1000, SampleSize);
        _rows.Clear();
        _ranges.Clear();
        return Sample(cursor, wanted);
    }

    private double Sample(TreeCursor cursor, int wanted)
    {
        double sum = 0;
        RowBuffer last = new(64);
        double[] places = RandomPlaces(wanted);
        for (int i = 0; i < wanted; i++)
        {
            if ((i & 255) == 0)
                cancellation.ThrowIfCancellationRequested();
            if (!cursor.SeekFraction(places[i], out double estimate))
                continue;
            sum += estimate;

            // Leaves that are less full give the same row twice, which would pass for two rows of one value.
            if (i > 0 && cursor.Key.SequenceEqual(last.Span))
                continue;
            last.Clear();
            last.Append(cursor.Key);
            Add(cursor.Value);
        }

        return sum / wanted;
    }

    private unsafe double ReadWhole(TreeCursor cursor, long entries)
    {
        long step = Math.Max(1, entries / WholeRows);
        long row = 0;
        EntryRef[] block = new EntryRef[256];
        for (bool more = cursor.SeekFirst(); more;)
        {
            int read = cursor.ReadBlock(block, withKeys: false, default);
            more = read > 0;
            for (int i = 0; i < read; i++)
            {
                // By chance, not every nth: what repeats itself would be seen at one phase only.
                row++;
                if (step == 1 || _random.NextInt64(step) == 0)
                    Add(block[i].ValueSpan);
            }

            if (_rows.Length > SampleBytes && step < 1 << 20)
            {
                // Rows are large, or more than was thought: half of the sample goes.
                step *= 2;
                Thin();
            }

            cancellation.ThrowIfCancellationRequested();
        }

        return row;
    }

    private void Thin()
    {
        RowBuffer kept = new(_rows.Length / 2);
        List<RowRange> ranges = [];
        for (int i = 0; i < _ranges.Count; i++)
        {
            if (_random.Next(2) == 0)
                continue;
            ranges.Add(new RowRange(kept.Length, _ranges[i].Length));
            kept.Append(_rows.Span.Slice(_ranges[i].Offset, _ranges[i].Length));
        }

        _rows.Clear();
        _rows.Append(kept.Span);
        _ranges.Clear();
        _ranges.AddRange(ranges);
    }

    private void Add(ReadOnlySpan<byte> row)
    {
        _ranges.Add(new RowRange(_rows.Length, row.Length));
        _rows.Append(row);
    }

    private Vector Read(RowCodec codec, Column column)
    {
        Vector vector = Vector.Create(column.Type, Math.Max(_ranges.Count, 1));
        codec.CreateReader([column.Ordinal]).ReadMany(_rows.Span, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ranges), [vector]);
        return vector;
    }

    /// <summary>How many different values the leading parts of an index have.</summary>
    private PrefixStatistics Prefixes(long indexId, TreeId tree, ReadOnlySpan<KeyEncoder> parts, double rows)
    {
        long[] differing = new long[parts.Length];
        double sum = 0;
        long pairs = 0, probes = 0;
        long entries = transaction.Engine.EstimateEntries(tree);
        RowBuffer last = new(64), probe = new(64);
        long[] changed = new long[parts.Length], runs = new long[parts.Length], single = new long[parts.Length], lengths = new long[parts.Length];
        using (TreeCursor cursor = transaction.OpenCursor(tree))
        {
            if (HasOwnChanges(tree) || entries <= WholeRows)
            {
                for (bool more = cursor.SeekFirst(); more; more = cursor.MoveNext())
                {
                    if (probes++ > 0)
                    {
                        pairs++;
                        Compare(last.Span, cursor.Key, parts, differing);
                    }

                    last.Clear();
                    last.Append(cursor.Key);
                    if ((probes & 1023) == 0)
                        cancellation.ThrowIfCancellationRequested();
                }

                double[] exact = new double[parts.Length];
                for (int p = 0; p < exact.Length; p++)
                    exact[p] = probes == 0 ? 0 : differing[p] + 1;
                return new PrefixStatistics(indexId, probes, exact);
            }

            double[] places = RandomPlaces(Pairs);
            for (int i = 0; i < Pairs; i++)
            {
                if ((i & 255) == 0)
                    cancellation.ThrowIfCancellationRequested();
                if (!cursor.SeekFraction(places[i], out double estimate))
                    continue;
                probes++;
                sum += estimate;

                // Entries come in order: equal ones of the sample are neighbours in it.
                Array.Clear(changed);
                if (probes > 1)
                    Compare(probe.Span, cursor.Key, parts, changed);
                for (int p = 0; p < parts.Length; p++)
                {
                    if (probes > 1 && changed[p] == 0)
                    {
                        lengths[p]++;
                        continue;
                    }

                    runs[p]++;
                    single[p] += lengths[p] == 1 ? 1 : 0;
                    lengths[p] = 1;
                }

                probe.Clear();
                probe.Append(cursor.Key);
                last.Clear();
                last.Append(cursor.Key);
                if (!cursor.MoveNext())
                    continue;
                pairs++;
                Compare(last.Span, cursor.Key, parts, differing);
            }
        }

        double count = rows >= 0 ? rows : sum / Math.Max(probes, 1);
        double[] distinct = new double[parts.Length];
        for (int p = 0; p < distinct.Length; p++)
        {
            double byPairs = 1 + (count * differing[p] / Math.Max(pairs, 1));
            double bySample = ColumnSample.Duj1(runs[p], single[p] + (lengths[p] == 1 ? 1 : 0), probes, count);
            distinct[p] = differing[p] >= FewPairs ? byPairs : bySample;
            if (p > 0)
                distinct[p] = Math.Max(distinct[p], distinct[p - 1]);
        }

        return new PrefixStatistics(indexId, count, distinct);
    }

    /// <summary>
    /// Places in a tree in order: at random and not at even distances, since Duj1 takes values that come once for rare ones, and entries at even
    /// distances differ too often where equal ones lie together.
    /// </summary>
    private double[] RandomPlaces(int count)
    {
        double[] places = new double[count];
        for (int i = 0; i < count; i++)
            places[i] = _random.NextDouble();
        Array.Sort(places);
        return places;
    }

    private static void Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<KeyEncoder> parts, long[] differing)
    {
        int common = a.CommonPrefixLength(b);
        int at = 0;
        for (int p = 0; p < parts.Length; p++)
        {
            at = parts[p].Skip(b, at);
            if (at > common)
                differing[p]++;
        }
    }

    /// <summary>An index knows the number of its leading column's values better than a sample of rows does.</summary>
    private void Improve(List<ColumnStatistics> columns, List<PrefixStatistics> prefixes, double rows)
    {
        if (_ranges.Count >= rows)
            return;
        foreach (PrefixStatistics p in prefixes)
        {
            int leading = p.IndexId == 0 ? table.PrimaryKey!.ColumnIds[0] : LeadingColumn(p.IndexId);
            int at = columns.FindIndex(c => c.ColumnId == leading);
            if (at < 0 || p.Distinct[0] < rows * FewPairs / Pairs)
                continue; // too few neighbours differed: the sample of rows knows better
            ColumnStatistics c = columns[at];
            double distinct = Math.Max(p.Distinct[0] - (c.NullFraction > 0 ? 1 : 0), c.MostCommon.Count + 1);
            columns[at] = new ColumnStatistics
            {
                ColumnId = c.ColumnId, Type = c.Type, NullFraction = c.NullFraction, Distinct = distinct, AverageWidth = c.AverageWidth,
                Correlation = c.Correlation, MostCommon = c.MostCommon, Histogram = c.Histogram,
            }.Complete();
        }
    }

    private int LeadingColumn(long indexId)
    {
        foreach (TableIndex index in table.Indexes)
        {
            if (index.Id == indexId)
                return index.FilterSql is null && index.Keys[0].ExpressionSql is null ? index.Keys[0].ColumnId : -1;
        }

        return -1;
    }
}
