using System.Diagnostics;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>What EXPLAIN ANALYZE reports of an operator.</summary>
internal sealed class OperatorCounters
{
    public long Rows { get; set; }

    /// <summary>Rows or index entries that a scan read to find its rows; −1 for operators that read no table.</summary>
    public long RowsRead { get; set; } = -1;

    public long Opens { get; set; }

    /// <summary>Time within the operator and those below it, in Stopwatch ticks.</summary>
    public long Ticks { get; set; }

    /// <summary>Bytes written to temporary files.</summary>
    public long SpilledBytes { get; set; }

    /// <summary>Look-ups that were answered from what was remembered; −1 for operators that remember nothing.</summary>
    public long Hits { get; set; } = -1;

    /// <summary>Look-ups that were not.</summary>
    public long Misses { get; set; }

    /// <summary>Remembered results that were given up.</summary>
    public long Evictions { get; set; }

    /// <summary>Forgets what was counted.</summary>
    public void Clear()
    {
        Rows = 0;
        RowsRead = -1;
        Opens = 0;
        Ticks = 0;
        SpilledBytes = 0;
        Hits = -1;
        Misses = 0;
        Evictions = 0;
    }

    /// <summary>Adds what a parallel part has counted: rows and bytes together, the longest time.</summary>
    public void Add(OperatorCounters part)
    {
        Rows += part.Rows;
        if (part.RowsRead >= 0)
            RowsRead = Math.Max(RowsRead, 0) + part.RowsRead;
        Opens = Math.Max(Opens, part.Opens);
        Ticks = Math.Max(Ticks, part.Ticks);
        SpilledBytes += part.SpilledBytes;
        if (part.Hits < 0)
            return;
        Hits = Math.Max(Hits, 0) + part.Hits;
        Misses += part.Misses;
        Evictions += part.Evictions;
    }
}

/// <summary>Counts rows and time of another operator.</summary>
internal sealed class CountingOperator(PhysicalOperator inner, OperatorCounters counters) : PhysicalOperator
{
    public override void Open(QueryContext context)
    {
        long start = Stopwatch.GetTimestamp();
        counters.Opens++;
        inner.Open(context);
        counters.Ticks += Stopwatch.GetTimestamp() - start;
    }

    public override Batch? Next(QueryContext context)
    {
        long start = Stopwatch.GetTimestamp();
        Batch? batch = inner.Next(context);
        counters.Ticks += Stopwatch.GetTimestamp() - start;
        counters.Rows += batch?.Count ?? 0;
        if (inner is ITableReadingOperator scan)
            counters.RowsRead = scan.RowsRead;
        if (inner is ISpillingOperator spilling)
            counters.SpilledBytes = spilling.SpilledBytes;
        return batch;
    }

    public override void Close()
    {
        inner.Close();
        if (inner is not IMemoizingOperator memo || memo.Hits + memo.Misses == 0)
            return;
        counters.Hits = memo.Hits;
        counters.Misses = memo.Misses;
        counters.Evictions = memo.Evictions;
    }
}

/// <summary>An operator that may write temporary files.</summary>
internal interface ISpillingOperator
{
    /// <summary>Bytes written to temporary files since it was made.</summary>
    long SpilledBytes { get; }
}
