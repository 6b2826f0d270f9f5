using BareMetal.Data.Rows;
using BareMetal.Data.Values;

namespace BareMetal.Data.Catalog.Statistics;

/// <summary>Statistics as entries of their tree: key = table id (8 bytes, big-endian), value = format version, fields.</summary>
internal static class StatisticsCodec
{
    private const byte FormatVersion = 1;

    public static byte[] Encode(TableStatistics s)
    {
        CatalogWriter w = new();
        w.Byte(FormatVersion);
        w.Int(s.TableId);
        WriteDouble(w, s.Rows);
        w.Int(s.Entries);
        w.Int(s.SampledRows);
        w.UInt((ulong)s.Columns.Count);
        foreach (ColumnStatistics c in s.Columns)
        {
            w.Int(c.ColumnId);
            w.Type(c.Type);
            WriteDouble(w, c.NullFraction);
            WriteDouble(w, c.Distinct);
            WriteDouble(w, c.AverageWidth);
            WriteDouble(w, c.Correlation);
            w.UInt((ulong)c.MostCommon.Count);
            foreach (CommonValue common in c.MostCommon)
            {
                w.OptionalBytes(ValueCodec.Encode(c.Type, common.Value.Value));
                WriteDouble(w, common.Frequency);
            }

            w.UInt((ulong)c.Histogram.Count);
            foreach (KeyedValue bound in c.Histogram)
                w.OptionalBytes(ValueCodec.Encode(c.Type, bound.Value));
        }

        w.UInt((ulong)s.Prefixes.Count);
        foreach (PrefixStatistics p in s.Prefixes)
        {
            w.Int(p.IndexId);
            WriteDouble(w, p.Entries);
            w.UInt((ulong)p.Distinct.Count);
            foreach (double d in p.Distinct)
                WriteDouble(w, d);
        }

        return w.ToArray();
    }

    /// <summary>Reads an entry; null when a later version wrote it: statistics are worth no refusal.</summary>
    public static TableStatistics? Decode(ReadOnlySpan<byte> bytes)
    {
        CatalogReader r = new(bytes);
        byte format = r.Byte();
        if (format > FormatVersion)
            return null;
        if (format == 0)
            throw CatalogReader.Damaged();
        long tableId = r.Int();
        double rows = ReadDouble(ref r);
        long entries = r.Int();
        int sampled = r.Int32();
        ColumnStatistics[] columns = new ColumnStatistics[r.Count()];
        for (int i = 0; i < columns.Length; i++)
            columns[i] = ReadColumn(ref r);
        PrefixStatistics[] prefixes = new PrefixStatistics[r.Count()];
        for (int i = 0; i < prefixes.Length; i++)
        {
            long indexId = r.Int();
            double indexEntries = ReadDouble(ref r);
            double[] distinct = new double[r.Count()];
            for (int d = 0; d < distinct.Length; d++)
                distinct[d] = ReadDouble(ref r);
            prefixes[i] = new PrefixStatistics(indexId, indexEntries, distinct);
        }

        if (!r.IsAtEnd)
            throw CatalogReader.Damaged();
        return new TableStatistics { TableId = tableId, Rows = rows, Entries = entries, SampledRows = sampled, Columns = columns, Prefixes = prefixes };
    }

    private static ColumnStatistics ReadColumn(ref CatalogReader r)
    {
        int id = r.Int32();
        Types.SqlType type = r.Type();
        KeyEncoder? encoder = KeyedValue.EncoderOf(type);
        double nulls = ReadDouble(ref r);
        double distinct = ReadDouble(ref r);
        double width = ReadDouble(ref r);
        double correlation = ReadDouble(ref r);
        CommonValue[] common = new CommonValue[r.Count()];
        for (int i = 0; i < common.Length; i++)
            common[i] = new CommonValue(ReadValue(ref r, type, encoder), ReadDouble(ref r));
        KeyedValue[] histogram = new KeyedValue[r.Count()];
        for (int i = 0; i < histogram.Length; i++)
            histogram[i] = ReadValue(ref r, type, encoder);
        return new ColumnStatistics
        {
            ColumnId = id,
            Type = type,
            NullFraction = nulls,
            Distinct = distinct,
            AverageWidth = width,
            Correlation = correlation,
            MostCommon = common,
            Histogram = histogram,
        }.Complete();
    }

    private static KeyedValue ReadValue(ref CatalogReader r, Types.SqlType type, KeyEncoder? encoder)
    {
        if (encoder is null || r.OptionalBytes() is not { } bytes)
            throw CatalogReader.Damaged();
        return KeyedValue.Of(encoder, ValueCodec.Decode(type, bytes));
    }

    private static void WriteDouble(CatalogWriter w, double value) => w.Fixed(BitConverter.DoubleToUInt64Bits(value));

    private static double ReadDouble(ref CatalogReader r)
    {
        double value = BitConverter.UInt64BitsToDouble(r.Fixed());
        return double.IsFinite(value) ? value : throw CatalogReader.Damaged();
    }
}
