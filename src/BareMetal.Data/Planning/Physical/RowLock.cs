using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Planning;

/// <summary>A table whose rows are locked, the column that names the row, how they are locked, and what is done when that is not possible at once.</summary>
internal sealed record RowLock(PlanColumn RowKey, Table Table, RowLockMode Mode, RowLockWait Wait)
{
    private LockMode StorageMode => Mode switch
    {
        RowLockMode.KeyShare => LockMode.KeyShared,
        RowLockMode.Share => LockMode.Shared,
        RowLockMode.NoKeyUpdate => LockMode.Update,
        _ => LockMode.Exclusive,
    };

    /// <summary>Locks a row.</summary>
    /// <returns>False: it is to be left out.</returns>
    /// <exception cref="StatementRestartException">It is newer than the snapshot.</exception>
    /// <exception cref="BareMetalException">55P03: its lock is not free, and is not to be waited for.</exception>
    public bool Take(ReadOnlySpan<byte> key, QueryContext context)
    {
        StorageTransaction transaction = context.Transaction!;
        switch (transaction.LockKey(Table.Tree, key, StorageMode, Wait == RowLockWait.Wait ? context.LockTimeout : TimeSpan.Zero, context.Cancellation))
        {
            case LockOutcome.Granted:
                return true;
            case LockOutcome.GrantedNewer:
                // A row that is gone can be left out as it is; one that has changed may match differently.
                if (Wait == RowLockWait.SkipLocked && !transaction.ExistsNewest(Table.Tree, key))
                    return false;
                context.IsRestartNeeded = true;
                throw StatementRestartException.RowIsNewer;
            default:
                if (Wait == RowLockWait.SkipLocked)
                    return false;
                throw new BareMetalException(SqlStates.LockNotAvailable, $"A row of the table \"{Table.Name}\" is locked by another transaction.")
                {
                    Hint = "Try again later, leave NOWAIT out to wait, or use SKIP LOCKED to leave such rows out.",
                    TableName = Table.Name,
                    SchemaName = Table.Schema,
                };
        }
    }
}
