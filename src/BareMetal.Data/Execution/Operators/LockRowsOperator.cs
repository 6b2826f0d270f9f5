using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Locks the rows that pass: those that are to be written, and those of SELECT … FOR UPDATE / SHARE. A row newer than the snapshot restarts
/// the statement. Under SKIP LOCKED rows that others have locked are left out; a limit above says how many are to be locked at most.
/// </summary>
internal sealed class LockRowsOperator(PhysicalOperator input, (int Column, RowLock Lock)[] locks, Evaluator? limit, Evaluator? offset, IReadOnlyList<SqlType> types) : PhysicalOperator
{
    private int[] _taken = [];
    private Batch? _rest;
    private long _left;

    public override void Open(QueryContext context)
    {
        _left = BatchTools.EvaluateCount(limit, context, SqlStates.InvalidRowCountInLimit, "LIMIT") ?? long.MaxValue;
        long skipped = BatchTools.EvaluateCount(offset, context, SqlStates.InvalidRowCountInOffset, "OFFSET") ?? 0;
        _left = _left > long.MaxValue - skipped ? long.MaxValue : _left + skipped;
        input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        while (_left > 0 && input.Next(context) is { } batch)
        {
            if (_taken.Length < batch.Count)
                _taken = new int[Math.Max(batch.Count, 16)];
            int taken = 0;
            for (int row = 0; row < batch.Count && _left > 0; row++)
            {
                if (!Lock(batch, row, context))
                    continue;
                _taken[taken++] = row;
                _left--;
            }

            if (taken == batch.Count)
                return batch;
            if (taken == 0)
                continue;
            _rest ??= new Batch(VectorTools.CreateVectors(types, 1));
            BatchTools.Gather(batch, _taken.AsSpan(0, taken), _rest);
            return _rest;
        }

        return null;
    }

    public override void Close() => input.Close();

    private bool Lock(Batch batch, int row, QueryContext context)
    {
        foreach ((int column, RowLock rowLock) in locks)
        {
            // The missing side of an outer join has no row to lock.
            Vector<ByteSlice> keys = (Vector<ByteSlice>)batch.Columns[column];
            if (!keys.IsNull(row) && !rowLock.Take(keys.Data[row * keys.Stride].Span, context))
                return false;
        }

        return true;
    }
}
