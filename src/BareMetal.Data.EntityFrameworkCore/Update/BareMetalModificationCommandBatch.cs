using System.Numerics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;

namespace BareMetal.Data.EntityFrameworkCore.Update;

/// <summary>
/// One command for many changes. Successive inserts of one table and one set of columns share a statement of rows; updates and
/// deletes of one shape have one text, which the engine plans once, and each returns a row of its own, so that a row that is missing
/// is known.
/// </summary>
public sealed class BareMetalModificationCommandBatch : AffectedCountModificationCommandBatch
{
    /// <summary>The number of rows that one INSERT has at most.</summary>
    /// <remarks>
    /// Groups are cut into powers of two up to this, so that the engine sees few different texts, all short enough for its caches.
    /// </remarks>
    private const int MaxRowsPerInsert = 128;

    private readonly List<IReadOnlyModificationCommand> _pendingInserts = [];

    // The first change of each statement, so that an error names the change that it comes from.
    private readonly List<int> _firstChanges = [];
    private int _changes;

    /// <summary>Creates a batch.</summary>
    /// <param name="dependencies">Services that all batches share.</param>
    /// <param name="maxBatchSize">The number of changes at most, or null for the default.</param>
    public BareMetalModificationCommandBatch(ModificationCommandBatchFactoryDependencies dependencies, int? maxBatchSize)
        : base(dependencies, maxBatchSize)
    {
    }

    private new IBareMetalUpdateSqlGenerator UpdateSqlGenerator
        => (IBareMetalUpdateSqlGenerator)base.UpdateSqlGenerator;

    /// <inheritdoc />
    public override bool TryAddCommand(IReadOnlyModificationCommand modificationCommand)
    {
        if (_pendingInserts.Count > 0 && !BelongsTogether(_pendingInserts[0], modificationCommand))
            FlushInserts();
        return base.TryAddCommand(modificationCommand);
    }

    /// <inheritdoc />
    protected override void AddCommand(IReadOnlyModificationCommand modificationCommand)
    {
        if (modificationCommand is { EntityState: EntityState.Added, StoreStoredProcedure: null })
        {
            _pendingInserts.Add(modificationCommand);
            AddParameters(modificationCommand);
            return;
        }

        base.AddCommand(modificationCommand);
        AddStatement(1);
    }

    /// <inheritdoc />
    public override void Complete(bool moreBatchesExpected)
    {
        FlushInserts();

        // A statement that fails undoes itself; only several of them need a transaction to fail together.
        SetRequiresTransaction(_firstChanges.Count > 1);
        base.Complete(moreBatchesExpected);
    }

    /// <inheritdoc />
    public override void Execute(IRelationalConnection connection)
    {
        try
        {
            base.Execute(connection);
        }
        catch (DbUpdateException e) when (FindFailed(e) is { } failed)
        {
            throw new DbUpdateException(e.Message, e.InnerException, failed.Entries);
        }
    }

    /// <inheritdoc />
    public override async Task ExecuteAsync(IRelationalConnection connection, CancellationToken cancellationToken = default)
    {
        try
        {
            await base.ExecuteAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (DbUpdateException e) when (FindFailed(e) is { } failed)
        {
            throw new DbUpdateException(e.Message, e.InnerException, failed.Entries);
        }
    }

    // The engine says which statement failed, and which row of an INSERT; the base would name every entity of the batch.
    private IReadOnlyModificationCommand? FindFailed(DbUpdateException exception)
    {
        if (exception is DbUpdateConcurrencyException
            || exception.InnerException is not BareMetalException error
            || error.Statement < 1
            || error.Statement > _firstChanges.Count)
            return null;
        var first = _firstChanges[error.Statement - 1];
        var end = error.Statement < _firstChanges.Count ? _firstChanges[error.Statement] : _changes;
        var change = error.Row > 0 ? first + error.Row - 1 : first;
        return change < end && (error.Row > 0 || end - first == 1) ? ModificationCommands[change] : null;
    }

    private void AddStatement(int changes)
    {
        _firstChanges.Add(_changes);
        _changes += changes;
    }

    private void FlushInserts()
    {
        var start = 0;
        while (start < _pendingInserts.Count)
        {
            var remaining = _pendingInserts.Count - start;
            var rows = Math.Min(MaxRowsPerInsert, 1 << BitOperations.Log2((uint)remaining));

            // DEFAULT VALUES has room for one row.
            if (!HasWrites(_pendingInserts[start]))
                rows = 1;

            var mapping = UpdateSqlGenerator.AppendInsertRows(SqlBuilder, _pendingInserts.GetRange(start, rows));
            for (var i = 0; i < rows; i++)
                ResultSetMappings.Add(mapping);
            if (mapping != ResultSetMapping.NoResults)
                ResultSetMappings[^1] = ResultSetMapping.LastInResultSet;
            start += rows;
            AddStatement(rows);
        }

        _pendingInserts.Clear();
    }

    private static bool HasWrites(IReadOnlyModificationCommand command)
    {
        foreach (var column in command.ColumnModifications)
        {
            if (column.IsWrite)
                return true;
        }

        return false;
    }

    private static bool BelongsTogether(IReadOnlyModificationCommand first, IReadOnlyModificationCommand second)
    {
        if (second is not { EntityState: EntityState.Added, StoreStoredProcedure: null }
            || first.TableName != second.TableName
            || first.Schema != second.Schema
            || first.ColumnModifications.Count != second.ColumnModifications.Count)
            return false;
        for (var i = 0; i < first.ColumnModifications.Count; i++)
        {
            var left = first.ColumnModifications[i];
            var right = second.ColumnModifications[i];
            if (left.ColumnName != right.ColumnName || left.IsWrite != right.IsWrite || left.IsRead != right.IsRead)
                return false;
        }

        return true;
    }
}
