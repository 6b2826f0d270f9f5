using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Reads a table by its own tree or through a secondary index: everything, ranges, or one row by its key. The filter is evaluated on
/// the columns it needs before the others are read. The first batch is small, so that a reader of few rows does not read many.
/// </summary>
internal sealed unsafe class ScanOperator : PhysicalOperator, ITableReadingOperator
{
    private const int FirstBatch = 16;
    private const int BlockSize = 256;

    private readonly ScanSettings _settings;
    private readonly TreeId _tree;
    private readonly SeekRanges? _seeks;
    private readonly bool _isPoint;
    private readonly RowReader _reader;
    private readonly RowReader? _filterReader;
    private readonly RowReader? _restReader;
    private readonly IndexEntryCodec? _entryCodec;
    private readonly int[] _slots;
    private readonly Evaluator? _filter;
    private readonly int[] _filterColumns;
    private readonly int[] _restColumns;
    private readonly Batch _filterBatch;
    private readonly Vector[] _filterTargets;
    private readonly Vector[] _restTargets;
    private readonly Vector[] _tableTargets;
    private readonly Batch _batch;
    private readonly Vector<ByteSlice>? _rowKey;
    private readonly EntryRef[] _entries = new EntryRef[BlockSize];
    private readonly RowRange[] _rows = new RowRange[BlockSize];
    private readonly RowRange[] _selectedRows = new RowRange[BlockSize];
    private readonly int[] _selected = new int[BlockSize];
    private readonly bool _needsKeys;
    private TreeCursor? _cursor;
    private TreeCursor? _rowCursor;
    private int _range;
    private bool _isPositioned;
    private bool _isDone;
    private bool _pastRange;
    private RowBuffer? _next;
    private int _target;
    private long _run = -1;
    private long _fullScanRows;
    private ScanPart? _part;

    public ScanOperator(ScanSettings settings, OperatorBuilder builder)
    {
        _settings = settings;
        bool viaIndex = settings.Index is not null;
        _tree = viaIndex ? settings.Index!.Tree : settings.Table.Tree;
        RowCodec rowCodec = RowCodec.For(settings.Table);
        _entryCodec = viaIndex ? IndexEntryCodec.For(settings.Table, settings.Index!) : null;
        int width = settings.Columns.Count;
        int[] ordinals = new int[width];
        _slots = new int[width];
        Vector[] vectors = new Vector[width + (settings.RowKey is null ? 0 : 1)];
        for (int i = 0; i < width; i++)
        {
            PlanColumn column = settings.Columns[i];
            ordinals[i] = column.Origin!.Ordinal;
            _slots[i] = settings.IsCovering ? _entryCodec!.FindSlot(column.Origin.Id) : -1;
            vectors[i] = Vector.Create(column.Type, 1);
        }

        if (settings.RowKey is not null)
            vectors[width] = _rowKey = new Vector<ByteSlice>(SqlType.Bytea, 1);
        _batch = new Batch(vectors);
        _tableTargets = vectors[..width];
        _reader = rowCodec.CreateReader(ordinals);
        if (settings.Seeks is not null)
        {
            ReadOnlySpan<KeyEncoder> parts = viaIndex ? _entryCodec!.Parts : KeyCodec.For(settings.Table).Parts;
            _seeks = new SeekRanges(parts, !viaIndex || settings.Index!.IsUnique, settings.Seeks, builder);
            _isPoint = _seeks.IsPoint;
        }

        HashSet<PlanColumn> filterColumns = [];
        if (settings.Filter is not null)
        {
            _filter = builder.Compile(settings.Filter, settings.Columns);
            ExpressionTools.CollectColumns(settings.Filter, filterColumns);
        }

        _filterColumns = [.. Enumerable.Range(0, width).Where(i => filterColumns.Contains(settings.Columns[i]))];
        _restColumns = [.. Enumerable.Range(0, width).Where(i => !filterColumns.Contains(settings.Columns[i]))];
        Vector[] filterVectors = new Vector[width];
        foreach (int i in _filterColumns)
            filterVectors[i] = Vector.Create(settings.Columns[i].Type, 1);
        _filterBatch = new Batch(filterVectors);
        _filterTargets = [.. _filterColumns.Select(i => filterVectors[i])];
        _restTargets = [.. _restColumns.Select(i => vectors[i])];
        if (_filter is not null && !viaIndex)
        {
            _filterReader = rowCodec.CreateReader([.. _filterColumns.Select(i => ordinals[i])]);
            _restReader = rowCodec.CreateReader([.. _restColumns.Select(i => ordinals[i])]);
        }

        _needsKeys = viaIndex || settings.RowKey is not null || settings.Lock != RowLockMode.None || settings.IsBackward;
    }

    /// <summary>Rows or index entries read in the current run, those that the filter refused included.</summary>
    public long RowsRead { get; private set; }

    public override void Open(QueryContext context)
    {
        if (_run != context.RunNumber)
        {
            // A scan that is opened again for each row of another counts on.
            _run = context.RunNumber;
            RowsRead = 0;
            _fullScanRows = _seeks is null && _settings.Filter is not null && context.FullScan is not null ? context.FullScanRows : 0;
        }

        _part = ReferenceEquals(context.Part?.Scan, _settings) ? context.Part : null;
        _cursor?.Dispose();
        _cursor = null;
        _range = -1;
        _pastRange = false;
        _isPositioned = false;
        _isDone = false;
        _target = _settings.RowGoal > 0 ? Math.Min(_settings.RowGoal, context.BatchSize) : Math.Min(FirstBatch, context.BatchSize);
        if (_seeks is not null && !_isPoint)
            _seeks.Build(context, _seeks.Skips ? Cursor(context) : null);
    }

    public override Batch? Next(QueryContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        if (_isDone)
            return null;
        foreach (Vector v in _batch.Columns)
            v.Reset();
        int count = _isPoint ? ReadPoint(context) : _settings.DistinctParts > 0 ? ReadDistinct(context) : ReadRanges(context);
        if (count == 0)
        {
            _isDone = true;
            CloseCursors();
            return null;
        }

        _batch.Count = count;
        _target = Math.Min(context.BatchSize, Math.Max(_target * 8, FirstBatch));
        return _batch;
    }

    public override void Close()
    {
        CloseCursors();
        _isDone = true;
    }

    private void CloseCursors()
    {
        _cursor?.Dispose();
        _cursor = null;
        _rowCursor?.Dispose();
        _rowCursor = null;
    }

    private TreeCursor Cursor(QueryContext context) => _cursor ??= context.Transaction!.OpenCursor(_tree);

    private int ReadPoint(QueryContext context)
    {
        _isDone = true;
        if (!_seeks!.TryBuildPoint(context, out ReadOnlySpan<byte> key))
            return 0;
        TreeCursor cursor = Cursor(context);
        int count = 0;
        if (cursor.Seek(key, SeekMode.Equal))
        {
            ReadOnlySpan<byte> value = cursor.Value;
            Count(1, context);
            count = _entryCodec is null ? AddTableRow(key, value, 0, context) : AddEntry(key, value, 0, context);
        }

        CloseCursors();
        return count;
    }

    /// <summary>Reads an entry and goes to the first one with other values in the leading parts.</summary>
    private int ReadDistinct(QueryContext context)
    {
        TreeCursor cursor = Cursor(context);
        ReadOnlySpan<KeyEncoder> parts = _entryCodec is null ? KeyCodec.For(_settings.Table).Parts : _entryCodec.Parts;
        int count = 0;
        while (count < _target)
        {
            bool found = !_isPositioned ? cursor.SeekFirst() : _next!.Length > 0 && cursor.Seek(_next.Span);
            _isPositioned = true;
            _next ??= new RowBuffer(64);
            _next.Clear();
            if (!found)
                break;
            ReadOnlySpan<byte> key = cursor.Key;
            int end = 0;
            for (int p = 0; p < _settings.DistinctParts; p++)
                end = parts[p].Skip(key, end);
            _next.Append(key[..end]);
            Count(1, context);
            count += _entryCodec is null ? AddTableRow(key, cursor.Value, count, context) : AddEntry(key, cursor.Value, count, context);
            if (!KeyRanges.TryMakeEnd(_next))
                _next.Clear();
            context.Cancellation.ThrowIfCancellationRequested();
        }

        return count;
    }

    private int ReadRanges(QueryContext context)
    {
        int count = 0;
        TreeCursor cursor = Cursor(context);
        while (count < _target)
        {
            if (!_isPositioned && !Position(cursor, context))
                break;
            int wanted = Math.Min(BlockSize, _target - count);
            int read = ReadBlock(cursor, wanted);
            if (read == 0)
            {
                _isPositioned = false;
                continue;
            }

            Count(read, context);
            count = _entryCodec is null ? AddTableRows(read, count, context) : AddEntries(read, count, context);
            context.Cancellation.ThrowIfCancellationRequested();
            if (count > 0 && VectorTools.IsHeavy(_batch.Columns, context))
                break;
        }

        return count;
    }

    private void Count(int read, QueryContext context)
    {
        RowsRead += read;
        context.Scans.RowsRead += read;
        if (_fullScanRows == 0 || RowsRead < _fullScanRows)
            return;
        _fullScanRows = 0;
        context.FullScan!(_settings, RowsRead);
    }

    /// <summary>Goes to the next range.</summary>
    private bool Position(TreeCursor cursor, QueryContext context)
    {
        if (_seeks is null)
        {
            if (++_range > 0)
                return false;
            if (_part is { Low.Length: > 0 } part)
                return _isPositioned = cursor.Seek(part.Low);
            return _isPositioned = _settings.IsBackward ? cursor.SeekLast() : cursor.SeekFirst();
        }

        while (++_range < _seeks.Count)
        {
            if ((_range & 63) == 63)
                context.Cancellation.ThrowIfCancellationRequested();
            int range = _settings.IsBackward ? _seeks.Count - 1 - _range : _range;
            if (_settings.IsBackward)
            {
                ReadOnlySpan<byte> high = _seeks.High(range);
                if (high.IsEmpty ? cursor.SeekLast() : cursor.Seek(high, SeekMode.Less))
                    return _isPositioned = true;
            }
            else
            {
                ReadOnlySpan<byte> low = _seeks.Low(range);
                if (low.IsEmpty ? cursor.SeekFirst() : cursor.Seek(low))
                    return _isPositioned = true;
            }
        }

        return false;
    }

    private int ReadBlock(TreeCursor cursor, int wanted)
    {
        if (!_settings.IsBackward)
            return cursor.ReadBlock(_entries.AsSpan(0, wanted), _needsKeys, _seeks is null ? _part?.High : _seeks.High(_range));
        int read = cursor.ReadBlock(_entries.AsSpan(0, wanted), withKeys: true, default, backward: true);
        if (_seeks is null)
            return read;
        ReadOnlySpan<byte> low = _seeks.Low(_seeks.Count - 1 - _range);
        for (int i = 0; i < read; i++)
        {
            if (_entries[i].KeySpan.SequenceCompareTo(low) >= 0)
                continue;
            // What follows lies before the range: the next call has to find its end.
            _pastRange = true;
            return i == 0 ? EndRange() : i;
        }

        if (_pastRange)
            return EndRange();
        return read;
    }

    private int EndRange()
    {
        _pastRange = false;
        return 0;
    }

    private int AddTableRows(int read, int at, QueryContext context)
    {
        byte* first = _entries[0].Value;
        byte* last = first;
        for (int i = 1; i < read; i++)
        {
            byte* value = _entries[i].Value;
            first = value < first ? value : first;
            last = value > last ? value : last;
        }

        if (last - first > 1 << 30)
        {
            // Entries of the page and of the transaction's own changes may lie far apart.
            for (int i = 0; i < read; i++)
                at += AddTableRow(_entries[i].KeySpan, _entries[i].ValueSpan, at, context);
            return at;
        }

        int end = 0;
        for (int i = 0; i < read; i++)
        {
            int offset = (int)(_entries[i].Value - first);
            _rows[i] = new RowRange(offset, _entries[i].ValueLength);
            end = Math.Max(end, offset + _entries[i].ValueLength);
        }

        ReadOnlySpan<byte> block = new(first, end);
        if (_filter is null)
        {
            Grow(at + read);
            _reader.ReadMany(block, _rows.AsSpan(0, read), _tableTargets, at);
            for (int i = 0; i < read; i++)
                _selected[i] = i;
            return Finish(read, at, context);
        }

        for (int i = 0; i < _filterTargets.Length; i++)
        {
            _filterTargets[i].Reset();
            _filterTargets[i].EnsureCapacity(read);
        }

        _filterReader!.ReadMany(block, _rows.AsSpan(0, read), _filterTargets);
        _filterBatch.Count = read;
        int selected = VectorTools.SelectTrue(_filter.Evaluate(_filterBatch, context), read, _selected);
        if (selected == 0)
            return at;
        Grow(at + selected);
        ReadOnlySpan<int> rows = _selected.AsSpan(0, selected);
        foreach (int c in _filterColumns)
            _batch.Columns[c].Gather(_filterBatch.Columns[c], rows, at, deep: true);
        if (_restColumns.Length > 0)
        {
            for (int i = 0; i < selected; i++)
                _selectedRows[i] = _rows[rows[i]];
            _restReader!.ReadMany(block, _selectedRows.AsSpan(0, selected), _restTargets, at);
        }

        return Finish(selected, at, context);
    }

    /// <summary>Locks the rows just added and notes their keys.</summary>
    private int Finish(int selected, int at, QueryContext context)
    {
        if (_settings.Lock == RowLockMode.None && _rowKey is null)
            return at + selected;
        for (int i = 0; i < selected; i++)
        {
            ReadOnlySpan<byte> key = _entries[_selected[i]].KeySpan;
            LockRow(key, context);
            if (_rowKey is not null)
                _rowKey.Data[at + i] = _rowKey.Arena.Copy(key);
        }

        return at + selected;
    }

    private void LockRow(ReadOnlySpan<byte> key, QueryContext context)
    {
        if (_settings.Lock == RowLockMode.None)
            return;
        RowLock rowLock = new(null!, _settings.Table, _settings.Lock, _settings.LockWait);
        if (!rowLock.Take(key, context))
            throw new BareMetalException(SqlStates.FeatureNotSupported, $"SKIP LOCKED can't choose rows of \"{_settings.Table.Name}\" here.") { Hint = "Put the locking SELECT into FROM or a subquery of its own." };
    }

    /// <summary>Adds one row when it passes the filter; the number of rows added.</summary>
    private int AddTableRow(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, int at, QueryContext context)
    {
        Grow(at + 1);
        if (_filter is not null)
        {
            if (!PassesFilter(key, value, context))
                return 0;
        }

        _reader.Read(value, _tableTargets, at);
        LockRow(key, context);
        if (_rowKey is not null)
            _rowKey.Data[at] = _rowKey.Arena.Copy(key);
        return 1;
    }

    private bool PassesFilter(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, QueryContext context)
    {
        for (int i = 0; i < _filterTargets.Length; i++)
        {
            _filterTargets[i].Reset();
            _filterTargets[i].EnsureCapacity(1);
        }

        if (_filterReader is not null)
        {
            _filterReader.Read(value, _filterTargets, 0);
        }
        else if (_settings.IsCovering)
        {
            foreach (int c in _filterColumns)
                _entryCodec!.Read(key, value, _slots[c], _filterBatch.Columns[c], 0);
        }

        _filterBatch.Count = 1;
        return VectorTools.IsTrue((Vector<bool>)_filter!.Evaluate(_filterBatch, context), 0);
    }

    private int AddEntries(int read, int at, QueryContext context)
    {
        if (!_settings.IsCovering || _rowKey is not null || _settings.Lock != RowLockMode.None)
        {
            for (int i = 0; i < read; i++)
                at += AddEntry(_entries[i].KeySpan, _entries[i].ValueSpan, at, context);
            return at;
        }

        if (_filter is null)
        {
            Grow(at + read);
            for (int c = 0; c < _slots.Length; c++)
            {
                for (int i = 0; i < read; i++)
                    _entryCodec!.Read(_entries[i].KeySpan, _entries[i].ValueSpan, _slots[c], _batch.Columns[c], at + i);
            }

            return at + read;
        }

        foreach (Vector v in _filterTargets)
        {
            v.Reset();
            v.EnsureCapacity(read);
        }

        foreach (int c in _filterColumns)
        {
            Vector target = _filterBatch.Columns[c];
            for (int i = 0; i < read; i++)
                _entryCodec!.Read(_entries[i].KeySpan, _entries[i].ValueSpan, _slots[c], target, i);
        }

        _filterBatch.Count = read;
        int selected = VectorTools.SelectTrue(_filter.Evaluate(_filterBatch, context), read, _selected);
        Grow(at + selected);
        ReadOnlySpan<int> rows = _selected.AsSpan(0, selected);
        foreach (int c in _filterColumns)
            _batch.Columns[c].Gather(_filterBatch.Columns[c], rows, at, deep: true);
        foreach (int c in _restColumns)
        {
            for (int i = 0; i < selected; i++)
                _entryCodec!.Read(_entries[rows[i]].KeySpan, _entries[rows[i]].ValueSpan, _slots[c], _batch.Columns[c], at + i);
        }

        return at + selected;
    }

    private int AddEntry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, int at, QueryContext context)
    {
        if (!_settings.IsCovering)
        {
            ReadOnlySpan<byte> primaryKey = _entryCodec!.PrimaryKey(key, value);
            _rowCursor ??= context.Transaction!.OpenCursor(_settings.Table.Tree);
            if (!_rowCursor.Seek(primaryKey, SeekMode.Equal))
            {
                throw new BareMetalException(SqlStates.DataCorrupted, $"Index {_settings.Index!.Name} of table {_settings.Table.Name} names a row that does not exist.")
                {
                    TableName = _settings.Table.Name,
                    Hint = "Drop the index and create it again.",
                };
            }

            return AddFetchedRow(primaryKey, _rowCursor.Value, at, context);
        }

        Grow(at + 1);
        if (_filter is not null && !PassesFilter(key, value, context))
            return 0;
        for (int c = 0; c < _slots.Length; c++)
            _entryCodec!.Read(key, value, _slots[c], _tableTargets[c], at);
        if (_rowKey is not null || _settings.Lock != RowLockMode.None)
        {
            ReadOnlySpan<byte> primaryKey = _entryCodec!.PrimaryKey(key, value);
            LockRow(primaryKey, context);
            if (_rowKey is not null)
                _rowKey.Data[at] = _rowKey.Arena.Copy(primaryKey);
        }

        return 1;
    }

    private int AddFetchedRow(ReadOnlySpan<byte> primaryKey, ReadOnlySpan<byte> row, int at, QueryContext context)
    {
        Grow(at + 1);
        _reader.Read(row, _tableTargets, at);
        if (_filter is not null)
        {
            foreach (int c in _filterColumns)
            {
                Vector v = _filterBatch.Columns[c];
                v.Reset();
                v.CopyRow(_batch.Columns[c], at, 0);
            }

            _filterBatch.Count = 1;
            if (!VectorTools.IsTrue((Vector<bool>)_filter.Evaluate(_filterBatch, context), 0))
                return 0;
        }

        LockRow(primaryKey, context);
        if (_rowKey is not null)
            _rowKey.Data[at] = _rowKey.Arena.Copy(primaryKey);
        return 1;
    }

    private void Grow(int rows)
    {
        foreach (Vector v in _batch.Columns)
            v.EnsureCapacity(rows);
    }
}
