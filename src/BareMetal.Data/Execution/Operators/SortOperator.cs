using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Sorts; runs that do not fit the memory budget go to temporary files and are merged. Stable.</summary>
internal sealed class SortOperator : PhysicalOperator, ISpillingOperator
{
    private readonly PhysicalOperator _input;
    private readonly Evaluator[] _keys;
    private readonly int _width;
    private readonly ExternalSorter _sorter;
    private readonly Vector[] _rowVectors;
    private readonly Vector?[] _scratch;
    private readonly Batch _batch;
    private bool _isSorted;

    public SortOperator(PhysicalOperator input, Evaluator[] keys, SortDirection[] directions, IReadOnlyList<SqlType> types)
    {
        _input = input;
        _keys = keys;
        _width = types.Count;
        SqlType[] keyTypes = [.. keys.Select(k => k.Type)];
        _sorter = new ExternalSorter([.. types, .. keyTypes], _width, new RowComparer(ColumnOperations.For(keyTypes), directions));
        _rowVectors = new Vector[_width + keys.Length];
        _scratch = new Vector?[keys.Length];
        _batch = new Batch(VectorTools.CreateVectors(types, 1));
    }

    public long SpilledBytes => _sorter.SpilledBytes;

    public override void Open(QueryContext context)
    {
        Close();
        _input.Open(context);
    }

    public override Batch? Next(QueryContext context)
    {
        if (!_isSorted)
        {
            ReadAll(context);
            _isSorted = true;
        }

        return _sorter.Next(_batch, context.BatchSize, context) ? _batch : null;
    }

    private void ReadAll(QueryContext context)
    {
        while (_input.Next(context) is { } batch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            for (int c = 0; c < _width; c++)
                _rowVectors[c] = batch.Columns[c];
            for (int k = 0; k < _keys.Length; k++)
                _rowVectors[_width + k] = BatchTools.Spread(_keys[k].Evaluate(batch, context), batch.Count, ref _scratch[k]);
            _sorter.Add(_rowVectors, VectorTools.Identity(batch.Count), context);
        }

        _input.Close();
        _sorter.Finish(context);
    }

    public override void Close()
    {
        _input.Close();
        _sorter.Clear();
        _isSorted = false;
    }
}
