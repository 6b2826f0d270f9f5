using System.Numerics;
using System.Runtime.CompilerServices;

namespace BareMetal.Data.Execution.Operators;

/// <summary>A row's number with the number that decides its place first.</summary>
internal readonly struct PrefixedRow(ulong prefix, int row)
{
    public readonly ulong Prefix = prefix;
    public readonly int Row = row;

    private const int DigitBits = 8;
    private const int Buckets = 1 << DigitBits;

    /// <summary>
    /// Sorts by the prefix; rows with equal ones stay in their order. By digits of eight bits from the least significant on (Knuth, The Art of
    /// Computer Programming, volume 3, 5.2.5: distribution sorting); digits that all rows share are passed over.
    /// </summary>
    /// <param name="rows">The rows.</param>
    /// <param name="spare">Room for as many.</param>
    /// <param name="cancellation">Looked at before each digit.</param>
    /// <returns>The one of the two that holds the result.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Span<PrefixedRow> Sort(Span<PrefixedRow> rows, Span<PrefixedRow> spare, CancellationToken cancellation)
    {
        ulong varying = 0;
        foreach (ref readonly PrefixedRow row in rows)
            varying |= row.Prefix ^ rows[0].Prefix;
        Span<int> starts = stackalloc int[Buckets];
        for (int shift = BitOperations.TrailingZeroCount(varying) & ~(DigitBits - 1); shift < 64 && varying >> shift != 0; shift += DigitBits)
        {
            if (((varying >> shift) & (Buckets - 1)) == 0)
                continue;
            cancellation.ThrowIfCancellationRequested();
            starts.Clear();
            foreach (ref readonly PrefixedRow row in rows)
                starts[(int)(row.Prefix >> shift) & (Buckets - 1)]++;
            int start = 0;
            for (int b = 0; b < Buckets; b++)
            {
                int count = starts[b];
                starts[b] = start;
                start += count;
            }

            foreach (ref readonly PrefixedRow row in rows)
                spare[starts[(int)(row.Prefix >> shift) & (Buckets - 1)]++] = row;
            Span<PrefixedRow> sorted = spare[..rows.Length];
            spare = rows;
            rows = sorted;
        }

        return rows;
    }
}
