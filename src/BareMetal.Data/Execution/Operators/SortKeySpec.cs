using System.Buffers;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Simd;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Direction and place of nulls of a sort key.</summary>
internal readonly record struct SortDirection(bool Descending, bool NullsFirst);

/// <summary>Compares rows by several keys.</summary>
internal sealed class RowComparer(ColumnOperations[] operations, SortDirection[] directions)
{
    /// <summary>Rows from which on they are sorted by digits rather than by comparisons.</summary>
    private const int RadixRows = 1024;

    public ColumnOperations[] Operations { get; } = operations;

    public SortDirection[] Directions { get; } = directions;

    public int Compare(ReadOnlySpan<Vector> a, int rowA, ReadOnlySpan<Vector> b, int rowB, int firstKey = 0)
    {
        for (int k = firstKey; k < Operations.Length; k++)
        {
            bool nullA = a[k].IsNull(rowA);
            bool nullB = b[k].IsNull(rowB);
            if (nullA | nullB)
            {
                if (nullA & nullB)
                    continue;
                return nullA == Directions[k].NullsFirst ? -1 : 1;
            }

            int c = Operations[k].Compare(a[k], rowA, b[k], rowB);
            if (c != 0)
                return Directions[k].Descending ? -c : c;
        }

        return 0;
    }

    /// <summary>Sorts row numbers 0…count−1 by key columns; equal rows stay in their order.</summary>
    /// <param name="keys">The key columns.</param>
    /// <param name="count">Rows.</param>
    /// <param name="order">Receives the row numbers in order; grown when needed.</param>
    /// <param name="cancellation">Looked at every some thousand comparisons, or rows of a pass.</param>
    public void Sort(Vector[] keys, int count, ref int[] order, CancellationToken cancellation = default)
    {
        if (order.Length < count)
            order = new int[Math.Max(count, 1024)];
        if (count < 2 || Operations.Length == 0)
        {
            for (int i = 0; i < count; i++)
                order[i] = i;
            return;
        }

        // The first key as a number decides most of it without touching the columns. Nulls stand outside of it.
        ArrayPool<PrefixedRow> pool = ArrayPool<PrefixedRow>.Shared;
        PrefixedRow[] rows = pool.Rent(count);
        PrefixedRow[] spare = count < RadixRows ? [] : pool.Rent(count);
        try
        {
            int nulls = FillPrefixes(keys[0], count, rows);
            Span<PrefixedRow> values = rows.AsSpan(0, count - nulls), none = rows.AsSpan(count - nulls, nulls);
            bool isExact = Operations[0].IsPrefixExact;
            TieComparer ties = new(this, keys, isExact ? 1 : 0, cancellation);
            if (values.Length < RadixRows)
            {
                values.Sort(new PrefixComparer(ties));
            }
            else
            {
                values = PrefixedRow.Sort(values, spare, cancellation);
                if (!isExact || Operations.Length > 1)
                    SortTies(values, ties);
            }

            if (nulls > 1 && Operations.Length > 1)
                none.Sort(new TieComparer(this, keys, 1, cancellation));
            Span<int> target = order.AsSpan(0, count);
            bool nullsFirst = Directions[0].NullsFirst;
            Copy(none, nullsFirst ? target : target[values.Length..]);
            Copy(values, nullsFirst ? target[nulls..] : target);
        }
        catch (InvalidOperationException e) when (e.InnerException is OperationCanceledException)
        {
            // The sort of spans wraps what its comparer throws.
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
        finally
        {
            pool.Return(rows);
            if (spare.Length > 0)
                pool.Return(spare);
        }
    }

    /// <summary>Fills in the rows that have a first key, in their order; those without one follow, in theirs.</summary>
    /// <returns>How many have none.</returns>
    private int FillPrefixes(Vector key, int count, PrefixedRow[] rows)
    {
        ulong turn = Directions[0].Descending ? ulong.MaxValue : 0;
        int nulls = key.HasNulls ? (key.IsConstant ? (key.Nulls[0] ? count : 0) : MaskLoops.Count(key.Nulls.AsSpan(0, count))) : 0;
        int next = 0, nextNull = count - nulls;
        Span<ulong> prefixes = stackalloc ulong[512];
        for (int first = 0; first < count; first += prefixes.Length)
        {
            Span<ulong> part = prefixes[..Math.Min(prefixes.Length, count - first)];
            Operations[0].Prefixes(key, first, part);
            for (int i = 0; i < part.Length; i++)
            {
                if (nulls > 0 && key.IsNull(first + i))
                    rows[nextNull++] = new PrefixedRow(0, first + i);
                else
                    rows[next++] = new PrefixedRow(part[i] ^ turn, first + i);
            }
        }

        return nulls;
    }

    /// <summary>Sorts each run of rows with one prefix by what the prefix leaves open.</summary>
    private static void SortTies(Span<PrefixedRow> rows, TieComparer ties)
    {
        int start = 0;
        for (int i = 1; i <= rows.Length; i++)
        {
            if (i < rows.Length && rows[i].Prefix == rows[start].Prefix)
                continue;
            if (i - start > 1)
                rows[start..i].Sort(ties);
            start = i;
        }
    }

    private static void Copy(ReadOnlySpan<PrefixedRow> rows, Span<int> target)
    {
        for (int i = 0; i < rows.Length; i++)
            target[i] = rows[i].Row;
    }

    /// <summary>Orders rows by keys from one on, equal ones by their number.</summary>
    private sealed class TieComparer(RowComparer owner, Vector[] keys, int firstKey, CancellationToken cancellation) : IComparer<PrefixedRow>
    {
        private int _comparisons;

        public int Compare(PrefixedRow x, PrefixedRow y)
        {
            if ((++_comparisons & 0xFFFF) == 0)
                cancellation.ThrowIfCancellationRequested();
            int c = x.Row == y.Row ? 0 : owner.Compare(keys, x.Row, keys, y.Row, firstKey);
            return c != 0 ? c : x.Row.CompareTo(y.Row);
        }
    }

    /// <summary>Orders rows by their prefixes, then as told.</summary>
    private sealed class PrefixComparer(TieComparer ties) : IComparer<PrefixedRow>
    {
        public int Compare(PrefixedRow x, PrefixedRow y) => x.Prefix != y.Prefix ? (x.Prefix < y.Prefix ? -1 : 1) : ties.Compare(x, y);
    }
}
