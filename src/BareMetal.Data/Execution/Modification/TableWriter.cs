using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>
/// Writes rows of a table with their index entries, and tells the statement which keys must exist and which referenced keys go.
/// Belongs to one plan instance; <see cref="Begin"/> binds it to a running statement.
/// </summary>
internal sealed class TableWriter
{
    private readonly KeyCodec _keys;
    private readonly RowCodec _rows;
    private readonly OperatorBuilder _builder;
    private readonly RowBuffer _key = new(64);
    private readonly RowBuffer _row = new(256);
    private readonly RowBuffer _entryKey = new(64);
    private readonly RowBuffer _oldEntryKey = new(64);
    private readonly RowBuffer _entryValue = new(64);
    private readonly RowBuffer _oldEntryValue = new(64);
    private readonly RowBuffer _foreign = new(64);
    private readonly RowBuffer _oldForeign = new(64);
    private CatalogSnapshot? _catalog;
    private ForeignKeyTarget[] _toParents = [];
    private ForeignKeyTarget[] _fromChildren = [];
    private StatementWrites _writes = null!;
    private StorageTransaction _transaction = null!;
    private RowReader? _reader;
    private int[] _readOrdinals = [];

    public TableWriter(TableRowBinding oldRow, TableRowBinding newRow, OperatorBuilder builder)
    {
        Table = newRow.Table;
        _builder = builder;
        Old = new RowImage(oldRow, builder);
        New = new RowImage(newRow, builder);
        _keys = KeyCodec.For(Table);
        _rows = RowCodec.For(Table);
    }

    public Table Table { get; }

    /// <summary>Rows as they are.</summary>
    public RowImage Old { get; }

    /// <summary>Rows as they are to be.</summary>
    public RowImage New { get; }

    public void Begin(StatementWrites writes)
    {
        _writes = writes;
        _transaction = writes.Transaction;
        CatalogSnapshot catalog = writes.Services.Catalog;
        if (ReferenceEquals(_catalog, catalog))
            return;
        _catalog = catalog;
        List<ForeignKeyTarget> toParents = [];
        foreach (ForeignKey key in Table.ForeignKeys)
        {
            Table parent = key.ReferencedTableId == Table.Id ? Table : catalog.Find<Table>(key.ReferencedTableId)!;
            toParents.Add(new ForeignKeyTarget(Table, key, parent));
        }

        List<ForeignKeyTarget> fromChildren = [];
        foreach (Table child in catalog.ReferencingTables(Table.Id))
        {
            foreach (ForeignKey key in child.ForeignKeys)
            {
                if (key.ReferencedTableId == Table.Id)
                    fromChildren.Add(new ForeignKeyTarget(child, key, Table));
            }
        }

        _toParents = [.. toParents];
        _fromChildren = [.. fromChildren];
    }

    /// <summary>Writes a row of <see cref="New"/> that must not exist yet.</summary>
    public void Insert(int row)
    {
        _key.Clear();
        if (_keys.HasRowId)
        {
            KeyCodec.EncodeRowId(_transaction.EngineOf(Table.RowIdSequence).ReserveSequence(Table.RowIdSequence, 1), _key);
        }
        else
        {
            _keys.Encode(New.Columns, row, _key);
            _writes.LockEntry(Table, Table.Tree, _key.Span);
            if (_transaction.ExistsNewest(Table.Tree, _key.Span))
                throw Duplicate(Table.PrimaryKey!.Name, DescribePrimaryKey(New, row));
            _writes.NoteInserted(Table, _key.Span);
        }

        foreach (IndexImage index in New.Indexes)
        {
            if (index.Covers(row))
                InsertEntry(index, row, deferred: false);
        }

        _row.Clear();
        _rows.Encode(New.Columns, row, _row);
        PutRow();
        _writes.RefuseBrokenOption(New, row);
        foreach (ForeignKeyTarget target in _toParents)
            _writes.RequireParent(target, New, row);
    }

    /// <summary>Replaces a row of <see cref="Old"/> by the same row of <see cref="New"/>. The caller holds the lock of the row.</summary>
    /// <param name="row">The row of both images.</param>
    /// <param name="rowKey">The key of the old row.</param>
    public void Update(int row, ReadOnlySpan<byte> rowKey)
    {
        _key.Clear();
        bool moves = false;
        if (_keys.HasRowId)
        {
            _key.Append(rowKey);
        }
        else
        {
            _keys.Encode(New.Columns, row, _key);
            moves = !_key.Span.SequenceEqual(rowKey);
        }

        for (int i = 0; i < New.Indexes.Length; i++)
            UpdateEntry(Old.Indexes[i], New.Indexes[i], row, rowKey, moves);

        _row.Clear();
        _rows.Encode(New.Columns, row, _row);
        if (moves)
        {
            _transaction.Delete(Table.Tree, rowKey);
            _writes.Defer(Table, Table.PrimaryKey!.Name, Table.Tree, _key.ToArray(), _row.ToArray(), null);
        }
        else
        {
            PutRow();
        }

        _writes.RefuseBrokenOption(New, row);
        foreach (ForeignKeyTarget target in _toParents)
        {
            if (Differs(target.ChildOrdinals, row))
                _writes.RequireParent(target, New, row);
        }

        foreach (ForeignKeyTarget target in _fromChildren)
        {
            if (!Differs(target.ParentOrdinals, row))
                continue;
            _oldForeign.Clear();
            _foreign.Clear();
            if (!target.EncodeFromParent(Old.Columns, row, _oldForeign))
                continue;
            bool keeps = target.EncodeFromParent(New.Columns, row, _foreign) && _foreign.Span.SequenceEqual(_oldForeign.Span);
            if (!keeps)
                _writes.ParentChanged(target, _oldForeign.Span, target.ParentValues(Old.Columns, row), target.ParentValues(New.Columns, row));
        }
    }

    /// <summary>Removes a row of <see cref="Old"/>. The caller holds the lock of the row.</summary>
    public void Delete(int row, ReadOnlySpan<byte> rowKey)
    {
        foreach (IndexImage index in Old.Indexes)
        {
            if (index.Covers(row))
                DeleteEntry(index, row, rowKey);
        }

        _transaction.Delete(Table.Tree, rowKey);
        foreach (ForeignKeyTarget target in _fromChildren)
        {
            _oldForeign.Clear();
            if (target.EncodeFromParent(Old.Columns, row, _oldForeign))
                _writes.ParentChanged(target, _oldForeign.Span, target.ParentValues(Old.Columns, row), null);
        }
    }

    private void PutRow()
    {
        if (Table.Compression == TableCompression.Brotli)
            _transaction.PutCompressible(Table.Tree, _key.Span, _row.Span);
        else
            _transaction.Put(Table.Tree, _key.Span, _row.Span);
    }

    /// <summary>Carries a referential action out on a referencing row, unless it is gone or refers to something else by now.</summary>
    public void Act(ForeignKeyTarget target, byte[] rowKey, ReferentialAction action, byte[] oldKey, Value[]? newValues)
    {
        if (!ReadOld(rowKey, CursorSource.Newest))
            return;
        _foreign.Clear();
        if (!target.EncodeFromChild(Old.Columns, 0, _foreign) || !_foreign.Span.SequenceEqual(oldKey))
            return;
        if (newValues is null && action == ReferentialAction.Cascade)
        {
            Delete(0, rowKey);
            return;
        }

        New.Count = 1;
        for (int i = 0; i < Table.Columns.Count; i++)
            New.Columns[i] = Old.Columns[i];
        ReadOnlySpan<int> ordinals = target.ChildOrdinals;
        for (int i = 0; i < ordinals.Length; i++)
        {
            int ordinal = ordinals[i];
            Column column = Table.Columns[ordinal];
            switch (action)
            {
                case ReferentialAction.SetNull:
                    New.SetNulls(ordinal);
                    break;
                case ReferentialAction.SetDefault:
                    SetDefault(column);
                    break;
                default:
                    SqlType parentType = target.Parent.Columns[target.ParentOrdinals[i]].Type;
                    New.Own(ordinal, 1).SetValue(0, Casts.Convert(newValues![i], parentType, column.Type));
                    break;
            }
        }

        StampRowVersions(1);
        New.ComputeGenerated(_writes.Context, stored: true);
        New.CheckRows(_writes.Context);
        New.PrepareIndexes(_writes.Context);
        Update(0, rowKey);

        // The default may be the very key that goes: then nothing differs, and yet the parent is missing.
        if (action == ReferentialAction.SetDefault)
            _writes.RequireParent(target, New, 0);
    }

    /// <summary>Reads a row into <see cref="Old"/>, with virtual columns and index entries prepared. False when there is none.</summary>
    public bool ReadOld(ReadOnlySpan<byte> rowKey, CursorSource source)
    {
        using TreeCursor cursor = _transaction.OpenCursor(Table.Tree, source);
        if (!cursor.Seek(rowKey, SeekMode.Equal))
            return false;
        (_readOrdinals, Vector[] vectors) = TableReader.StoredVectors(Old, 1);
        _reader ??= _rows.CreateReader(_readOrdinals);
        _reader.Read(cursor.Value, vectors, 0);
        Old.Count = 1;
        Old.ComputeGenerated(_writes.Context, stored: false);
        Old.PrepareIndexes(_writes.Context);
        return true;
    }

    /// <summary>Gives every row version column of <see cref="New"/> fresh values.</summary>
    public void StampRowVersions(int count)
    {
        foreach (Column column in Table.Columns)
        {
            if (column.Type.Kind != SqlTypeKind.RowVersion)
                continue;
            Vector<ulong> vector = (Vector<ulong>)New.Own(column.Ordinal, count);
            for (int i = 0; i < count; i++)
                vector.Data[i] = _writes.Services.Store.NextRowVersion();
        }
    }

    /// <summary>The key of a unique value for a message.</summary>
    public static string DescribeKey(Table table, IndexEntryCodec? codec, string constraint, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        List<string> names = [];
        List<Value> values = [];
        List<SqlType> types = [];
        if (codec is null)
        {
            RowCodec rows = RowCodec.For(table);
            foreach (int ordinal in KeyCodec.For(table).Ordinals)
            {
                names.Add(table.Columns[ordinal].Name);
                types.Add(table.Columns[ordinal].Type);
                values.Add(rows.GetValue(value, ordinal));
            }
        }
        else
        {
            foreach (TableIndex index in table.Indexes)
            {
                if (index.Name != constraint)
                    continue;
                for (int i = 0; i < index.Keys.Count; i++)
                {
                    names.Add(index.Keys[i].ExpressionSql ?? table.FindColumn(index.Keys[i].ColumnId)!.Name);
                    types.Add(index.Keys[i].Type);
                    values.Add(codec.GetValue(key, value, i));
                }
            }
        }

        return WriteErrors.Key(names, values, types);
    }

    private string DescribePrimaryKey(RowImage image, int row)
    {
        List<Value> values = [];
        List<SqlType> types = [];
        List<string> names = [];
        foreach (int ordinal in _keys.Ordinals)
        {
            names.Add(Table.Columns[ordinal].Name);
            types.Add(Table.Columns[ordinal].Type);
            values.Add(image.Columns[ordinal].GetValue(row));
        }

        return WriteErrors.Key(names, values, types);
    }

    private bool Differs(ReadOnlySpan<int> ordinals, int row)
    {
        foreach (int ordinal in ordinals)
        {
            Vector a = Old.Columns[ordinal], b = New.Columns[ordinal];
            if (ReferenceEquals(a, b))
                continue;
            bool aNull = a.IsNull(row), bNull = b.IsNull(row);
            if (aNull != bNull || (!aNull && !TypeComparer.For(Table.Columns[ordinal].Type).Equals(a.GetValue(row), b.GetValue(row))))
                return true;
        }

        return false;
    }

    /// <summary>Enters the entry of a new row (its key in _key).</summary>
    private void InsertEntry(IndexImage index, int row, bool deferred)
    {
        _entryKey.Clear();
        _entryValue.Clear();
        bool keyInside = index.EncodeKey(row, _key.Span, _entryKey);
        index.EncodeValue(row, _key.Span, keyInside, _entryValue);
        EnterEntry(index, keyInside, deferred);
    }

    private void EnterEntry(IndexImage index, bool keyInside, bool deferred)
    {
        if (keyInside)
        {
            _transaction.Put(index.Index.Tree, _entryKey.Span, _entryValue.Span);
            return;
        }

        if (deferred)
        {
            _writes.Defer(Table, index.Index.Name, index.Index.Tree, _entryKey.ToArray(), _entryValue.ToArray(), index.Codec);
            return;
        }

        LockEntry(index, _entryKey.Span);
        if (_transaction.ExistsNewest(index.Index.Tree, _entryKey.Span))
            throw Duplicate(index.Index.Name, DescribeKey(Table, index.Codec, index.Index.Name, _entryKey.Span, _entryValue.Span));
        _transaction.Put(index.Index.Tree, _entryKey.Span, _entryValue.Span);
    }

    private BareMetalException Duplicate(string constraint, string key)
    {
        BareMetalException error = WriteErrors.Unique(Table, constraint, key);
        error.Row = _writes.InputRow;
        return error;
    }

    private void LockEntry(IndexImage index, ReadOnlySpan<byte> key) =>
        _writes.LockEntry(Table, index.Index.Tree, key);

    private void DeleteEntry(IndexImage index, int row, ReadOnlySpan<byte> rowKey)
    {
        _oldEntryKey.Clear();
        bool keyInside = index.EncodeKey(row, rowKey, _oldEntryKey);
        if (!keyInside)
            LockEntry(index, _oldEntryKey.Span);
        _transaction.Delete(index.Index.Tree, _oldEntryKey.Span);
    }

    private void UpdateEntry(IndexImage old, IndexImage @new, int row, ReadOnlySpan<byte> rowKey, bool moves)
    {
        bool had = old.Covers(row), has = @new.Covers(row);
        if (!had)
        {
            if (has)
                InsertEntry(@new, row, deferred: true);
            return;
        }

        if (!has)
        {
            DeleteEntry(old, row, rowKey);
            return;
        }

        _oldEntryKey.Clear();
        bool oldInside = old.EncodeKey(row, rowKey, _oldEntryKey);
        _entryKey.Clear();
        _entryValue.Clear();
        bool newInside = @new.EncodeKey(row, _key.Span, _entryKey);
        @new.EncodeValue(row, _key.Span, newInside, _entryValue);
        if (_entryKey.Span.SequenceEqual(_oldEntryKey.Span))
        {
            // The same key, so no question of uniqueness; the value may hold another primary key, original or included column.
            _oldEntryValue.Clear();
            old.EncodeValue(row, rowKey, oldInside, _oldEntryValue);
            if (moves || !_entryValue.Span.SequenceEqual(_oldEntryValue.Span))
                _transaction.Put(@new.Index.Tree, _entryKey.Span, _entryValue.Span);
            return;
        }

        if (!oldInside)
            LockEntry(old, _oldEntryKey.Span);
        _transaction.Delete(old.Index.Tree, _oldEntryKey.Span);
        EnterEntry(@new, newInside, deferred: true);
    }

    private void SetDefault(Column column)
    {
        BoundExpression? bound = _writes.Services.BindDefault(Table, column);
        if (bound is null)
            New.SetNulls(column.Ordinal);
        else
            New.Own(column.Ordinal, 1).SetValue(0, _builder.Compile(bound, []).Evaluate(new Batch([]) { Count = 1 }, _writes.Context).GetValue(0));
    }
}
