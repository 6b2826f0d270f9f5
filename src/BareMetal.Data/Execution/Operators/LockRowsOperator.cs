using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Locks the rows that pass: those that are to be written, and those of SELECT … FOR UPDATE / SHARE. A row newer than the snapshot restarts the statement.</summary>
internal sealed class LockRowsOperator(PhysicalOperator input, (int Column, TreeId Tree, RowLockMode Mode)[] locks) : PhysicalOperator
{
    public override void Open(QueryContext context) => input.Open(context);

    public override Batch? Next(QueryContext context)
    {
        Batch? batch = input.Next(context);
        if (batch is null)
            return null;
        foreach ((int column, TreeId tree, RowLockMode mode) in locks)
        {
            Vector<ByteSlice> keys = (Vector<ByteSlice>)batch.Columns[column];
            LockMode wanted = mode == RowLockMode.Share ? LockMode.Shared : LockMode.Exclusive;
            for (int i = 0; i < batch.Count; i++)
            {
                // The missing side of an outer join has no row to lock.
                if (keys.IsNull(i))
                    continue;
                if (context.Transaction!.LockKey(tree, keys.Data[i].Span, wanted, context.LockTimeout, context.Cancellation) != LockOutcome.GrantedNewer)
                    continue;
                context.IsRestartNeeded = true;
                throw StatementRestartException.RowIsNewer;
            }
        }

        return batch;
    }

    public override void Close() => input.Close();
}
