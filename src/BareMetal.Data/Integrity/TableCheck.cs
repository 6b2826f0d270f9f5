using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Trees;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Integrity;

/// <summary>
/// A table's rows on the check's snapshot: each decoded and encoded again, its constraints evaluated, its index entries looked up. An index
/// whose entries are as many as were found has no others; else they are gone through one by one.
/// </summary>
internal sealed class TableCheck
{
    private const int Size = 512;
    private const ulong RowVersionCounter = 2;

    private readonly DatabaseCheck _check;
    private readonly Table _table;
    private readonly CatalogSnapshot _catalog;
    private readonly StorageTransaction _transaction;
    private readonly QueryContext _context;
    private readonly IReadOnlyList<string> _searchPath;
    private readonly byte[][] _keys = new byte[Size][];
    private readonly RowBuffer _buffer = new(64);
    private readonly RowBuffer _value = new(64);
    private readonly List<IndexState> _indexes = [];
    private readonly List<(ForeignKeyTarget Target, TreeCursor Cursor)> _foreignKeys = [];
    private RowImage _image = null!;
    private RowImage _single = null!;
    private RowReader _singleReader = null!;
    private Vector[] _singleVectors = [];
    private ulong _highestRowId;
    private ulong _highestRowVersion;
    private bool _hasRows;

    public TableCheck(
        DatabaseCheck check, Table table, CatalogSnapshot catalog, StorageTransaction transaction, QueryContext context, IReadOnlyList<string> searchPath)
    {
        _check = check;
        _table = table;
        _catalog = catalog;
        _transaction = transaction;
        _context = context;
        _searchPath = searchPath;
    }

    private sealed class IndexState(TableIndex index, int position, TreeCursor? cursor)
    {
        public TableIndex Index { get; } = index;

        public int Position { get; } = position;

        public TreeCursor? Cursor { get; set; } = cursor;

        public long Found { get; set; }
    }

    public void Run()
    {
        try
        {
            Prepare();
        }
        catch (Exception e) when (e is BareMetalException or StorageException or ArgumentException)
        {
            _check.Report(BareMetalIntegrityProblemKind.Catalog, _table, "its rows can't be checked: " + e.Message);
            Release();
            return;
        }

        try
        {
            bool whole = CheckRows();
            foreach (IndexState index in _indexes)
                CheckEntries(index, whole);
            CheckCounters();
        }
        finally
        {
            Release();
        }
    }

    private PageStoreAccess Access => new(_transaction.Engine.Store, _transaction.SnapshotLsn);

    private void Prepare()
    {
        _image = new RowImage(TableBindings.For(_table, _catalog, _searchPath), new OperatorBuilder());
        _single = new RowImage(TableBindings.For(_table, _catalog, _searchPath), new OperatorBuilder());
        (int[] ordinals, _singleVectors) = TableReader.StoredVectors(_single, 1);
        _singleReader = RowCodec.For(_table).CreateReader(ordinals);
        for (int i = 0; i < _table.Indexes.Count; i++)
        {
            // One whose tree is missing was named with the catalog.
            if (Access.TryFind(_table.Indexes[i].Tree, out _))
                _indexes.Add(new IndexState(_table.Indexes[i], i, _transaction.OpenCursor(_table.Indexes[i].Tree)));
        }

        foreach (ForeignKey key in _table.ForeignKeys)
        {
            Table? parent = key.ReferencedTableId == _table.Id ? _table : _catalog.Find<Table>(key.ReferencedTableId);
            if (parent is null)
                continue;
            ForeignKeyTarget target = new(_table, key, parent);
            if (Access.TryFind(target.Tree, out _))
                _foreignKeys.Add((target, _transaction.OpenCursor(target.Tree)));
        }
    }

    private void Release()
    {
        foreach (IndexState index in _indexes)
            index.Cursor?.Dispose();
        foreach ((_, TreeCursor cursor) in _foreignKeys)
            cursor.Dispose();
    }

    /// <returns>Whether every row could be read.</returns>
    private bool CheckRows()
    {
        if (!Access.TryFind(_table.Tree, out ulong root))
            return false;
        (int[] ordinals, Vector[] vectors) = TableReader.StoredVectors(_image, Size);
        RowReader reader = RowCodec.For(_table).CreateReader(ordinals);
        TreeWalker rows = Access.Walk(root, (e, key) =>
        {
            if (!key.IsEmpty)
                _check.Report(BareMetalIntegrityProblemKind.Row, _table, "its row can't be read: " + e.Message, RowKeyText.Describe(_table, key.Span));
        });
        bool whole = true;
        for (bool more = true; more;)
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            foreach (Vector vector in vectors)
                vector.Reset();
            int n = 0;
            while (n < Size && (more = rows.MoveNext()))
            {
                try
                {
                    reader.Read(rows.Value, vectors, n);
                    _keys[n++] = rows.Key.ToArray();
                }
                catch (Exception e) when (IsDecoding(e))
                {
                    whole = false;
                    _check.Report(BareMetalIntegrityProblemKind.Row, _table, "its row can't be decoded: " + e.Message, RowKeyText.Describe(_table, rows.Key));
                    reader = RowCodec.For(_table).CreateReader(ordinals);
                }
            }

            _image.Count = n;
            if (n > 0)
                CheckBatch();
        }

        return whole && rows.Damaged == 0;
    }

    private void CheckBatch()
    {
        _hasRows = true;
        CheckKeys();
        try
        {
            _image.ComputeGenerated(_context, stored: false);
            _image.FindViolations(_context, ReportViolation);
            _image.PrepareIndexes(_context);
        }
        catch (BareMetalException e)
        {
            _check.Report(BareMetalIntegrityProblemKind.Row, _table, "expressions of its rows fail: " + e.Message, RowKeyText.Describe(_table, _keys[0]) + " and following");
            return;
        }

        foreach (IndexState index in _indexes)
        {
            for (int row = 0; row < _image.Count && index.Cursor is not null; row++)
                CheckEntry(index, row);
        }

        foreach ((ForeignKeyTarget target, TreeCursor cursor) in _foreignKeys)
        {
            for (int row = 0; row < _image.Count; row++)
                CheckReference(target, cursor, row);
        }
    }

    private void CheckKeys()
    {
        KeyCodec codec = KeyCodec.For(_table);
        for (int row = 0; row < _image.Count; row++)
        {
            if (codec.HasRowId)
            {
                if (_keys[row].Length == 8)
                    _highestRowId = Math.Max(_highestRowId, KeyCodec.DecodeRowId(_keys[row]));
                else
                    _check.Report(BareMetalIntegrityProblemKind.Row, _table, $"a row id has {_keys[row].Length} bytes", Convert.ToHexString(_keys[row]));
                continue;
            }

            _buffer.Clear();
            bool hasNull = false;
            foreach (int ordinal in codec.Ordinals)
                hasNull |= _image.Columns[ordinal].IsNull(row);
            if (!hasNull)
                codec.Encode(_image.Columns, row, _buffer);
            if (hasNull || !_buffer.Span.SequenceEqual(_keys[row]))
                _check.Report(BareMetalIntegrityProblemKind.Row, _table, "the row's columns do not give the key under which it stands", RowKeyText.Describe(_table, _keys[row]));
        }

        foreach (Column column in _table.Columns)
        {
            if (column.Type.Kind != SqlTypeKind.RowVersion || _image.Columns[column.Ordinal] is not Vector<ulong> versions)
                continue;
            for (int row = 0; row < _image.Count; row++)
            {
                if (!versions.IsNull(row))
                    _highestRowVersion = Math.Max(_highestRowVersion, versions.Data[row * versions.Stride]);
            }
        }
    }

    private void ReportViolation(int row, Column? column, CheckConstraint? check)
    {
        string key = RowKeyText.Describe(_table, _keys[row]);
        if (column is not null)
            _check.Report(BareMetalIntegrityProblemKind.NotNull, _table, $"the column \"{column.Name}\" is null", key);
        else
            _check.Report(BareMetalIntegrityProblemKind.Check, _table, $"the check constraint \"{check!.Name}\" is broken", key, check.Name);
    }

    private void CheckEntry(IndexState index, int row)
    {
        IndexImage image = _image.Indexes[index.Position];
        if (!image.Covers(row))
            return;
        _buffer.Clear();
        _value.Clear();
        bool keyInside = image.EncodeKey(row, _keys[row], _buffer);
        image.EncodeValue(row, _keys[row], keyInside, _value);
        try
        {
            if (!index.Cursor!.Seek(_buffer.Span, SeekMode.Equal))
            {
                _check.Report(BareMetalIntegrityProblemKind.IndexEntryMissing, _table, index.Index, "the row has no entry", RowKeyText.Describe(_table, _keys[row]));
                return;
            }

            if (index.Cursor.Value.SequenceEqual(_value.Span))
            {
                index.Found++;
                return;
            }

            ReportOtherValue(index, row, keyInside);
        }
        catch (Exception e) when (e is StorageException || IsDecoding(e))
        {
            // Pages were named before; what the index should hold is looked up no further.
            _check.Report(BareMetalIntegrityProblemKind.IndexEntryWrong, _table, index.Index, "its entries can't be looked up: " + e.Message, RowKeyText.Describe(_table, _keys[row]));
            index.Cursor?.Dispose();
            index.Cursor = null;
        }
    }

    private void ReportOtherValue(IndexState index, int row, bool keyInside)
    {
        string key = RowKeyText.Describe(_table, _keys[row]);
        if (!keyInside)
        {
            byte[] other = IndexEntryCodec.For(_table, index.Index).PrimaryKey(index.Cursor!.Key, index.Cursor.Value).ToArray();
            if (!other.AsSpan().SequenceEqual(_keys[row]) && Gives(index, other, index.Cursor.Key))
            {
                _check.Report(BareMetalIntegrityProblemKind.Unique, _table, index.Index, $"the row has the same key as {RowKeyText.Describe(_table, other)}", key, canRepair: false);
                return;
            }
        }

        _check.Report(BareMetalIntegrityProblemKind.IndexEntryWrong, _table, index.Index, "the entry holds something else than the row gives", key);
    }

    private void CheckReference(ForeignKeyTarget target, TreeCursor cursor, int row)
    {
        bool exists;
        try
        {
            _buffer.Clear();
            if (!target.EncodeFromChild(_image.Columns, row, _buffer))
                return;
            exists = cursor.Seek(_buffer.Span, SeekMode.Equal);
        }
        catch (StorageException)
        {
            return; // the damage is the parent's, and named there
        }
        catch (Exception e) when (e is OverflowException or BareMetalException)
        {
            exists = false; // no referenced row can have such a value
        }

        if (!exists)
        {
            _check.Report(
                BareMetalIntegrityProblemKind.ForeignKey, _table, $"{target.DescribeChild(_image.Columns, row)} is not in table \"{target.Parent.Name}\"",
                RowKeyText.Describe(_table, _keys[row]), target.Key.Name);
        }
    }

    /// <summary>Goes through an index's entries, when there are others than were found from the rows.</summary>
    private void CheckEntries(IndexState index, bool rowsWhole)
    {
        if (!Access.TryFind(index.Index.Tree, out ulong root))
            return;
        long count = 0;
        TreeWalker entries = Access.Walk(root, null);
        while (entries.MoveNext())
        {
            if ((++count & 4095) == 0)
                _context.Cancellation.ThrowIfCancellationRequested();
        }

        if (count == index.Found && entries.Damaged == 0)
            return;
        IndexEntryCodec codec = IndexEntryCodec.For(_table, index.Index);
        entries = Access.Walk(root, null);
        while (entries.MoveNext())
        {
            if ((++count & 255) == 0)
                _context.Cancellation.ThrowIfCancellationRequested();
            try
            {
                ReadOnlySpan<byte> primary = codec.PrimaryKey(entries.Key, entries.Value);
                if (!Gives(index, primary, entries.Key))
                {
                    _check.Report(
                        BareMetalIntegrityProblemKind.IndexEntryExtra, _table, index.Index, "no row has this entry; it names the row " + RowKeyText.Describe(_table, primary),
                        Convert.ToHexString(entries.Key));
                }
            }
            catch (StorageException) when (!rowsWhole)
            {
                // Whether the row has the entry can't be told, because the row can't be read.
            }
            catch (Exception e) when (IsDecoding(e) || e is StorageException)
            {
                _check.Report(BareMetalIntegrityProblemKind.IndexEntryWrong, _table, index.Index, "an entry can't be decoded: " + e.Message, Convert.ToHexString(entries.Key));
            }
        }
    }

    /// <summary>Whether there is a row of a key, and it gives an index entry of a key.</summary>
    private bool Gives(IndexState index, ReadOnlySpan<byte> rowKey, ReadOnlySpan<byte> entryKey)
    {
        using TreeCursor cursor = _transaction.OpenCursor(_table.Tree);
        if (!cursor.Seek(rowKey, SeekMode.Equal))
            return false;
        foreach (Vector vector in _singleVectors)
            vector.Reset();
        _singleReader.Read(cursor.Value, _singleVectors, 0);
        _single.Count = 1;
        _single.ComputeGenerated(_context, stored: false);
        IndexImage image = _single.Indexes[index.Position];
        image.Prepare(_context);
        if (!image.Covers(0))
            return false;
        RowBuffer key = new(64);
        image.EncodeKey(0, rowKey, key);
        return key.Span.SequenceEqual(entryKey);
    }

    private void CheckCounters()
    {
        StorageEngine engine = _transaction.Engine;
        if (_hasRows && KeyCodec.For(_table).HasRowId)
        {
            ulong next = engine.PeekSequence(_table.RowIdSequence);
            if (next <= _highestRowId)
            {
                _check.LowCounters[_table.RowIdSequence] = _highestRowId + 1;
                _check.Report(BareMetalIntegrityProblemKind.Counter, _table, $"the counter of row ids stands at {next}, but row {_highestRowId} exists", canRepair: true);
            }
        }

        ulong given = engine.PeekSequence(RowVersionCounter);
        if (given < _highestRowVersion)
        {
            _check.LowCounters[RowVersionCounter] = Math.Max(_highestRowVersion, _check.LowCounters.GetValueOrDefault(RowVersionCounter));
            _check.Report(BareMetalIntegrityProblemKind.Counter, _table, $"the counter of row versions stands at {given}, but version {_highestRowVersion} exists", canRepair: true);
        }
    }

    private static bool IsDecoding(Exception e) =>
        e is BareMetalException or ArgumentException or IndexOutOfRangeException or OverflowException or InvalidCastException or FormatException;

    /// <summary>The trees of the snapshot, without the transaction's own changes: it has none.</summary>
    private readonly struct PageStoreAccess(Storage.Pages.PageStore store, Lsn lsn)
    {
        public bool TryFind(TreeId tree, out ulong root)
        {
            try
            {
                return store.TryFindTree(tree, lsn, out root);
            }
            catch (StorageException)
            {
                root = 0;
                return false; // the directory is damaged, which was named
            }
        }

        public TreeWalker Walk(ulong root, Action<StorageException, ReadOnlyMemory<byte>>? damage) => new(store, lsn, root, damage);
    }
}
