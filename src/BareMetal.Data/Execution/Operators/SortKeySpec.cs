using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Direction and place of nulls of a sort key.</summary>
internal readonly record struct SortDirection(bool Descending, bool NullsFirst);

/// <summary>Compares rows by several keys.</summary>
internal sealed class RowComparer(ColumnOperations[] operations, SortDirection[] directions)
{
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
    /// <param name="cancellation">Looked at every some thousand comparisons.</param>
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

        // The first key as a number decides most comparisons without touching the columns. Nulls stand outside of it.
        PrefixedRow[] rows = System.Buffers.ArrayPool<PrefixedRow>.Shared.Rent(count);
        Vector first = keys[0];
        SortDirection direction = Directions[0];
        for (int i = 0; i < count; i++)
        {
            if (first.IsNull(i))
            {
                rows[i] = new PrefixedRow(direction.NullsFirst ? 0 : ulong.MaxValue, direction.NullsFirst ? (byte)0 : (byte)2, i);
                continue;
            }

            ulong prefix = Operations[0].Prefix(first, i);
            rows[i] = new PrefixedRow(direction.Descending ? ~prefix : prefix, 1, i);
        }

        bool isExact = Operations[0].IsPrefixExact;
        try
        {
            _comparisons = 0;
            _cancellation = cancellation;
            rows.AsSpan(0, count).Sort(new PrefixComparer(this, keys, isExact));
            for (int i = 0; i < count; i++)
                order[i] = rows[i].Row;
        }
        catch (InvalidOperationException e) when (e.InnerException is OperationCanceledException)
        {
            // The sort of spans wraps what its comparer throws.
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
        finally
        {
            System.Buffers.ArrayPool<PrefixedRow>.Shared.Return(rows);
            _cancellation = default;
        }
    }

    private CancellationToken _cancellation;
    private int _comparisons;

    private readonly struct PrefixedRow(ulong prefix, byte nullClass, int row)
    {
        public readonly ulong Prefix = prefix;
        public readonly byte NullClass = nullClass;
        public readonly int Row = row;
    }

    private readonly struct PrefixComparer(RowComparer owner, Vector[] keys, bool isExact) : IComparer<PrefixedRow>
    {
        public int Compare(PrefixedRow x, PrefixedRow y)
        {
            if ((++owner._comparisons & 0xFFFF) == 0)
                owner._cancellation.ThrowIfCancellationRequested();
            if (x.NullClass != y.NullClass)
                return x.NullClass < y.NullClass ? -1 : 1;
            if (x.Prefix != y.Prefix)
                return x.Prefix < y.Prefix ? -1 : 1;
            if (x.Row == y.Row)
                return 0;
            int c = isExact && owner.Operations.Length == 1 ? 0 : owner.Compare(keys, x.Row, keys, y.Row, isExact ? 1 : 0);
            return c != 0 ? c : x.Row < y.Row ? -1 : 1;
        }
    }
}
