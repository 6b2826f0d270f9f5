using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>
/// The target rows of UPDATE and DELETE out of the source's batches: each once, locked (by the scan, or here), with all columns of the table. A column that the
/// source does not give is read by the row's key.
/// </summary>
internal sealed class TargetRows
{
    private readonly RowImage _image;
    private readonly int _rowKey;
    private readonly int[] _places;
    private readonly int[] _missing;
    private readonly Vector[] _missingVectors;
    private readonly RowReader _reader;
    private readonly bool _mayRepeat;
    private readonly bool _isLocked;
    private readonly Vector[] _compacted;
    private readonly List<int> _kept = [];
    private readonly bool _mustBeOnce;
    private WrittenKeys _seen = null!;
    private bool _removesSeen;

    /// <param name="source">What gives the rows.</param>
    /// <param name="rowKey">The column that names the row.</param>
    /// <param name="image">Receives the rows.</param>
    /// <param name="sourceColumns">The columns of the source's batches.</param>
    /// <param name="mustBeOnce">Whether a row that comes again is an error (MERGE) rather than left out.</param>
    public TargetRows(LogicalOperator source, PlanColumn rowKey, RowImage image, IReadOnlyList<PlanColumn> sourceColumns, bool mustBeOnce = false)
    {
        _image = image;
        _mustBeOnce = mustBeOnce;
        _rowKey = IndexOf(sourceColumns, rowKey);
        if (_rowKey < 0)
            throw new ArgumentException("The source of a write does not give the keys of the rows.", nameof(sourceColumns));
        _mayRepeat = MayRepeat(source);
        _isLocked = LogicalTools.Any(source, op => op is LogicalScan { Lock: RowLockMode.Update or RowLockMode.NoKeyUpdate } scan && ReferenceEquals(scan.RowKey, rowKey));
        Table table = image.Table;
        _places = new int[table.Columns.Count];
        List<int> missing = [];
        for (int i = 0; i < _places.Length; i++)
        {
            _places[i] = IndexOf(sourceColumns, image.Binding.Columns[i]);
            Column column = table.Columns[i];
            if (_places[i] < 0 && (column.GeneratedSql is null || column.IsStored))
                missing.Add(i);
        }

        _missing = [.. missing];
        _missingVectors = new Vector[_missing.Length];
        _reader = RowCodec.For(table).CreateReader(_missing);
        _compacted = new Vector[sourceColumns.Count];
        Batch = new Batch(_compacted);
    }

    /// <summary>The source's rows that are to be written.</summary>
    public Batch Batch { get; private set; }

    public void Begin(StatementWrites writes)
    {
        _removesSeen = _mayRepeat || _mustBeOnce || writes.IsShared;
        if (_removesSeen)
            _seen = writes.Touched(_image.Table);
    }

    public ReadOnlySpan<byte> Key(int row)
    {
        Vector<ByteSlice> keys = (Vector<ByteSlice>)Batch.Columns[_rowKey];
        return keys.Data[row * keys.Stride].Span;
    }

    /// <summary>Takes the next rows in; false when none of them is to be written.</summary>
    public bool Take(Batch batch, StatementWrites writes)
    {
        Batch = batch;
        if (_removesSeen)
            RemoveSeen(batch);
        if (Batch.Count == 0)
            return false;
        QueryContext context = writes.Context;
        TreeId tree = _image.Table.Tree;
        for (int row = 0; !_isLocked && row < Batch.Count; row++)
        {
            if (writes.Transaction.LockKey(tree, Key(row), LockMode.Exclusive, context.LockTimeout, context.Cancellation) == LockOutcome.GrantedNewer)
                throw StatementRestartException.RowIsNewer;
        }

        _image.Count = Batch.Count;
        for (int i = 0; i < _places.Length; i++)
        {
            if (_places[i] >= 0)
                _image.Columns[i] = Batch.Columns[_places[i]];
            else
                _image.SetNulls(i);
        }

        if (_missing.Length > 0)
            ReadMissing(writes);
        _image.ComputeGenerated(context, stored: false);
        _image.PrepareIndexes(context);
        return true;
    }

    private void ReadMissing(StatementWrites writes)
    {
        for (int i = 0; i < _missing.Length; i++)
            _missingVectors[i] = _image.Own(_missing[i], Batch.Count);
        using TreeCursor cursor = writes.Transaction.OpenCursor(_image.Table.Tree);
        for (int row = 0; row < Batch.Count; row++)
        {
            if (!cursor.Seek(Key(row), SeekMode.Equal))
                throw StatementRestartException.RowIsNewer;
            _reader.Read(cursor.Value, _missingVectors, row);
        }
    }

    private void RemoveSeen(Batch batch)
    {
        _kept.Clear();
        for (int row = 0; row < batch.Count; row++)
        {
            Vector<ByteSlice> keys = (Vector<ByteSlice>)batch.Columns[_rowKey];
            // A row key of null stands for no row: the outer side of a join without a match.
            if (keys.IsNull(row))
                continue;
            if (_seen.Add(keys.Data[row * keys.Stride].Span))
                _kept.Add(row);
            else if (_mustBeOnce)
                throw WriteErrors.MergedTwice(_image.Table);
        }

        if (_kept.Count == batch.Count)
            return;
        for (int i = 0; i < _compacted.Length; i++)
        {
            Vector vector = _compacted[i] ??= Vector.Create(batch.Columns[i].Type, batch.Count);
            vector.Reset();
            vector.EnsureCapacity(_kept.Count);
            vector.Gather(batch.Columns[i], System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_kept), 0);
        }

        Batch = new Batch(_compacted) { Count = _kept.Count };
    }

    /// <summary>Whether a target row can come several times: only joins multiply rows.</summary>
    private static bool MayRepeat(LogicalOperator source) => source switch
    {
        LogicalScan => false,
        LogicalFilter filter => MayRepeat(filter.Input),
        LogicalProject project => MayRepeat(project.Input),
        LogicalSort sort => MayRepeat(sort.Input),
        LogicalLimit limit => MayRepeat(limit.Input),
        LogicalJoin { Kind: JoinKind.Semi or JoinKind.Anti } join => MayRepeat(join.Left),
        _ => true,
    };

    private static int IndexOf(IReadOnlyList<PlanColumn> columns, PlanColumn column)
    {
        for (int i = 0; i < columns.Count; i++)
        {
            if (ReferenceEquals(columns[i], column))
                return i;
        }

        return -1;
    }
}
