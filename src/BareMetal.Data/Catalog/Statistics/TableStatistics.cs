namespace BareMetal.Data.Catalog.Statistics;

/// <summary>What ANALYZE found out about a table. Immutable: each ANALYZE makes another.</summary>
internal sealed class TableStatistics
{
    /// <summary>The table.</summary>
    public required long TableId { get; init; }

    /// <summary>Its rows, counted or, in a large table, estimated from many paths through its tree.</summary>
    public required double Rows { get; init; }

    /// <summary>What the storage's quick guess of the number of entries was at the same time: how it has changed since says how the table has grown.</summary>
    public required long Entries { get; init; }

    /// <summary>Rows that were looked at.</summary>
    public required int SampledRows { get; init; }

    /// <summary>Columns that were looked at.</summary>
    public required IReadOnlyList<ColumnStatistics> Columns { get; init; }

    /// <summary>How many different values the leading parts of keys have.</summary>
    public required IReadOnlyList<PrefixStatistics> Prefixes { get; init; }

    public ColumnStatistics? Find(Column column)
    {
        foreach (ColumnStatistics c in Columns)
        {
            if (c.ColumnId == column.Id)
                return c.Type.Kind == column.Type.Kind && c.Type.Collation == column.Type.Collation ? c : null;
        }

        return null;
    }

    public PrefixStatistics? FindPrefixes(long indexId)
    {
        foreach (PrefixStatistics p in Prefixes)
        {
            if (p.IndexId == indexId)
                return p;
        }

        return null;
    }

    /// <summary>About how many rows the table has now, given what the storage's quick guess is now.</summary>
    public double RowsNow(long entries)
    {
        if (entries < 0)
            return Rows;
        return Entries <= 0 ? Math.Max(entries, Rows) : Rows * (entries / (double)Entries);
    }
}

/// <summary>The number of different values of the first part of a key, of the first two, and so on.</summary>
/// <param name="IndexId">The index; 0 is the primary key.</param>
/// <param name="Entries">Entries of the index.</param>
/// <param name="Distinct">For one part, two parts …; nulls count as values.</param>
internal sealed record PrefixStatistics(long IndexId, double Entries, IReadOnlyList<double> Distinct);
