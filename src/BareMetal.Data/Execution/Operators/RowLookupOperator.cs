using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Reads the rows of a table whose keys come from below: those that several indexes found together.</summary>
internal sealed class RowLookupOperator : PhysicalOperator, ITableReadingOperator
{
    private readonly PhysicalOperator _keys;
    private readonly ScanSettings _settings;
    private readonly RowReader _reader;
    private readonly Evaluator? _filter;
    private readonly Batch _rows;
    private readonly Batch _batch;
    private readonly Vector<ByteSlice>? _rowKey;
    private readonly Vector[] _targets;
    private int[] _selected = [];
    private TreeCursor? _cursor;
    private long _run = -1;

    public RowLookupOperator(PhysicalOperator keys, ScanSettings settings, OperatorBuilder builder)
    {
        _keys = keys;
        _settings = settings;
        int width = settings.Columns.Count;
        int[] ordinals = new int[width];
        Vector[] vectors = new Vector[width + (settings.RowKey is null ? 0 : 1)];
        for (int i = 0; i < width; i++)
        {
            ordinals[i] = settings.Columns[i].Origin!.Ordinal;
            vectors[i] = Vector.Create(settings.Columns[i].Type, 1);
        }

        if (settings.RowKey is not null)
            vectors[width] = _rowKey = new Vector<ByteSlice>(SqlType.Bytea, 1);
        _targets = vectors[..width];
        _reader = RowCodec.For(settings.Table).CreateReader(ordinals);
        _rows = new Batch(vectors);
        _batch = new Batch(VectorTools.CreateVectors([.. vectors.Select(v => v.Type)], 1));
        if (settings.Filter is not null)
            _filter = builder.Compile(settings.Filter, settings.Columns);
    }

    /// <summary>Rows read in the current run, those that the filter refused included.</summary>
    public long RowsRead { get; private set; }

    public override void Open(QueryContext context)
    {
        Close();
        if (_run != context.RunNumber)
        {
            _run = context.RunNumber;
            RowsRead = 0;
        }

        _keys.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        while (_keys.Next(context) is { } keys)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            foreach (Vector v in _rows.Columns)
            {
                v.Reset();
                v.EnsureCapacity(keys.Count);
            }

            Vector<ByteSlice> wanted = (Vector<ByteSlice>)keys.Columns[0];
            _cursor ??= context.Transaction!.OpenCursor(_settings.Table.Tree);
            for (int i = 0; i < keys.Count; i++)
                Read(wanted.Data[i * wanted.Stride].Span, i, context);
            RowsRead += keys.Count;
            context.Scans.RowsRead += keys.Count;
            _rows.Count = keys.Count;
            if (_filter is null)
                return _rows;
            if (_selected.Length < keys.Count)
                _selected = new int[Math.Max(keys.Count, context.BatchSize)];
            int count = VectorTools.SelectTrue(_filter.Evaluate(_rows, context), keys.Count, _selected);
            if (count == 0)
                continue;
            if (count == keys.Count)
                return _rows;
            BatchTools.Gather(_rows, _selected.AsSpan(0, count), _batch);
            return _batch;
        }

        return null;
    }

    private void Read(ReadOnlySpan<byte> key, int row, QueryContext context)
    {
        if (!_cursor!.Seek(key, SeekMode.Equal))
        {
            throw new BareMetalException(SqlStates.DataCorrupted, $"An index of table {_settings.Table.Name} names a row that does not exist.")
            {
                TableName = _settings.Table.Name,
                Hint = "Run CHECK TABLE with REPAIR.",
            };
        }

        _reader.Read(_cursor.Value, _targets, row);
        if (_rowKey is not null)
            _rowKey.Data[row] = _rowKey.Arena.Copy(key);
    }

    public override void Close()
    {
        _keys.Close();
        _cursor?.Dispose();
        _cursor = null;
    }
}

/// <summary>An operator that reads a table's rows.</summary>
internal interface ITableReadingOperator
{
    /// <summary>Rows or index entries read in the current run.</summary>
    long RowsRead { get; }
}
