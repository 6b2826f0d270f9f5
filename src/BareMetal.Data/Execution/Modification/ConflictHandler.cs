using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>ON CONFLICT: row by row, each proposed row is inserted, or meets a row with the same key and is dropped or updates that row.</summary>
internal sealed class ConflictHandler
{
    private readonly OnConflictAction _action;
    private readonly TableWriter _inserter;
    private readonly TableWriter _updater;
    private readonly RowImage _proposed;
    private readonly (int Ordinal, Evaluator Value)[] _assignments = [];
    private readonly Evaluator? _where;
    private readonly Batch _pair;
    private readonly RowImage _result;
    private readonly KeyCodec _keys;
    private readonly RowBuffer _key = new(64);
    private StatementWrites _writes = null!;
    private WrittenKeys _touched = null!;

    public ConflictHandler(LogicalInsert insert, TableWriter inserter, OperatorBuilder builder)
    {
        _action = insert.OnConflict!;
        _inserter = inserter;
        _keys = KeyCodec.For(insert.Table);
        // The proposed row in vectors of its own, one row at a time; beside it the row that exists, for SET and WHERE.
        _updater = new TableWriter(_action.Existing, insert.NewRow, builder);
        _proposed = new RowImage(insert.NewRow, builder);
        _result = new RowImage(insert.NewRow, builder);
        int n = insert.Table.Columns.Count;
        _pair = new Batch(new Vector[2 * n]) { Count = 1 };
        IReadOnlyList<PlanColumn> columns = [.. _action.Existing.Columns, .. insert.NewRow.Columns];
        if (_action.Where is not null)
            _where = builder.Compile(_action.Where, columns);
        if (_action.Assignments is null)
            return;
        _assignments = new (int, Evaluator)[_action.Assignments.Count];
        for (int i = 0; i < _assignments.Length; i++)
            _assignments[i] = (_action.Assignments[i].Ordinal, builder.Compile(_action.Assignments[i].Value, columns));
    }

    public void Begin(StatementWrites writes)
    {
        _writes = writes;
        _updater.Begin(writes);
        _touched = writes.Touched(_inserter.Table);
    }

    /// <summary>Writes the rows of the image; returns how many were inserted or updated, which are also the rows returned.</summary>
    public int Write(RowImage rows, ReturningRows returning)
    {
        QueryContext context = _writes.Context;
        rows.PrepareIndexes(context);
        int affected = 0;
        for (int row = 0; row < rows.Count; row++)
        {
            byte[]? existing = FindConflict(rows, row);
            if (existing is null)
            {
                _inserter.Insert(row);
                if (!_keys.HasRowId)
                    _touched.Add(PrimaryKey(rows, row));
                Return(rows.Columns, row, returning);
                affected++;
            }
            else if (_action.Assignments is not null && Update(rows, row, existing, returning))
            {
                affected++;
            }
        }

        return affected;
    }

    private byte[] PrimaryKey(RowImage rows, int row)
    {
        _key.Clear();
        _keys.Encode(rows.Columns, row, _key);
        return _key.ToArray();
    }

    /// <summary>The key of a row that has the proposed row's key, by the arbiter.</summary>
    private byte[]? FindConflict(RowImage rows, int row)
    {
        bool any = _action.Arbiter is null && !_action.ArbiterIsPrimaryKey;
        if ((any || _action.ArbiterIsPrimaryKey) && !_keys.HasRowId)
        {
            byte[] key = PrimaryKey(rows, row);
            if (Find(rows.Table.Tree, key, null) is not null)
                return key;
        }

        foreach (IndexImage index in rows.Indexes)
        {
            bool isArbiter = any ? index.Index.IsUnique : ReferenceEquals(index.Index, _action.Arbiter) || index.Index.Id == _action.Arbiter?.Id;
            if (!isArbiter || !index.Covers(row))
                continue;
            _key.Clear();
            if (index.EncodeKey(row, default, _key))
                continue;
            if (Find(index.Index.Tree, _key.ToArray(), index.Codec) is { } found)
                return found;
        }

        return null;
    }

    private byte[]? Find(TreeId tree, byte[] key, IndexEntryCodec? codec)
    {
        StorageTransaction transaction = _writes.Transaction;
        transaction.LockName(tree, key, LockMode.Exclusive, _writes.Context.LockTimeout, _writes.Context.Cancellation);
        using TreeCursor cursor = transaction.OpenCursor(tree, CursorSource.Newest);
        if (!cursor.Seek(key, SeekMode.Equal))
            return null;
        if (transaction.Isolation != TransactionIsolation.ReadCommitted && !cursor.IsOwn && cursor.EntryLsn > transaction.SnapshotLsn)
            throw WriteErrors.Serialization("A row with the same key was written by another transaction after this one's snapshot.");
        return codec is null ? key : codec.PrimaryKey(cursor.Key, cursor.Value).ToArray();
    }

    private bool Update(RowImage rows, int row, byte[] existing, ReturningRows returning)
    {
        QueryContext context = _writes.Context;
        if (_touched.Contains(existing))
        {
            throw new BareMetalException(SqlStates.CardinalityViolation, "ON CONFLICT DO UPDATE meets a row for the second time in one statement.")
            {
                Hint = "Make sure that no two rows proposed have the same key.",
                TableName = rows.Table.Name,
                SchemaName = rows.Table.Schema,
            };
        }

        if (_writes.Transaction.LockKey(rows.Table.Tree, existing, LockMode.Exclusive, context.LockTimeout, context.Cancellation) == LockOutcome.GrantedNewer)
            throw StatementRestartException.RowIsNewer;
        if (!_updater.ReadOld(existing, CursorSource.Newest))
            throw StatementRestartException.RowIsNewer;

        int n = rows.Table.Columns.Count;
        _proposed.Count = 1;
        for (int i = 0; i < n; i++)
        {
            Vector vector = _proposed.Own(i, 1);
            vector.CopyRow(rows.Columns[i], row, 0);
            _pair.Columns[i] = _updater.Old.Columns[i];
            _pair.Columns[n + i] = vector;
        }

        if (_where is not null)
        {
            Vector condition = _where.Evaluate(_pair, context);
            if (condition.IsNull(0) || !((Vector<bool>)condition).Data[0])
                return false;
        }

        RowImage target = _updater.New;
        target.Count = 1;
        for (int i = 0; i < n; i++)
            target.Columns[i] = _updater.Old.Columns[i];
        foreach ((int ordinal, Evaluator value) in _assignments)
            target.Columns[ordinal] = value.Evaluate(_pair, context);
        _updater.StampRowVersions(1);
        target.ComputeGenerated(context, stored: true);
        target.CheckRows(context);
        target.PrepareIndexes(context);
        _updater.Update(0, existing);
        _touched.Add(existing);
        Return(target.Columns, 0, returning);
        return true;
    }

    private void Return(Vector[] columns, int row, ReturningRows returning)
    {
        if (!returning.IsWanted)
            return;
        _result.Count = 1;
        for (int i = 0; i < columns.Length; i++)
            _result.Own(i, 1).CopyRow(columns[i], row, 0);
        returning.Add(_result.Batch, _writes.Context);
    }
}
