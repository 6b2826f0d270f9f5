using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>The rows of RETURNING, kept until the statement is complete.</summary>
internal sealed class ReturningRows
{
    private const int RowsPerBatch = 1024;

    private readonly Evaluator[] _items;
    private readonly IReadOnlyList<ProjectItem> _projection;
    private readonly List<Batch> _batches = [];
    private KeptBatches? _overflow;
    private int _used;
    private int _read;
    private long _bytes;

    public ReturningRows(IReadOnlyList<ProjectItem> items, IReadOnlyList<PlanColumn> input, OperatorBuilder builder)
    {
        _projection = items;
        _items = new Evaluator[items.Count];
        for (int i = 0; i < _items.Length; i++)
            _items[i] = builder.Compile(items[i].Expression, input);
    }

    public bool IsWanted => _items.Length > 0;

    public void Clear()
    {
        _used = 0;
        _read = 0;
        _bytes = 0;
        _overflow?.Dispose();
        _overflow = null;
        foreach (Batch batch in _batches)
            batch.Count = 0;
    }

    /// <summary>Evaluates the items over all rows of a batch.</summary>
    public void Add(Batch rows, QueryContext context)
    {
        if (!IsWanted || rows.Count == 0)
            return;
        Vector[] results = new Vector[_items.Length];
        for (int i = 0; i < results.Length; i++)
            results[i] = _items[i].Evaluate(rows, context);
        for (int row = 0; row < rows.Count; row++)
        {
            Batch target = Target(context);
            for (int i = 0; i < results.Length; i++)
            {
                target.Columns[i].CopyRow(results[i], row, target.Count, deep: true);
                _bytes += Columns.VectorTools.RowBytes(target.Columns[i], target.Count);
            }

            target.Count++;
        }
    }

    /// <summary>The next kept batch, null at the end.</summary>
    public Batch? Next() => _overflow?.Next() ?? (_read < _used ? _batches[_read++] : null);

    /// <summary>Beyond one batch rows go to where they count and may leave memory; what is here follows them.</summary>
    private void MoveFull(QueryContext context)
    {
        _overflow ??= new KeptBatches();
        for (int i = 0; i < _used; i++)
            _overflow.Add(_batches[i], context);
        _used = 0;
        _bytes = 0;
    }

    private Batch Target(QueryContext context)
    {
        if (_used > 0 && (_batches[_used - 1].Count == RowsPerBatch || _bytes > context.Memory.Floor))
            MoveFull(context);
        if (_used > 0 && _batches[_used - 1].Count < RowsPerBatch)
        {
            Batch last = _batches[_used - 1];
            foreach (Vector vector in last.Columns)
                vector.EnsureCapacity(last.Count + 1);
            return last;
        }

        if (_used == _batches.Count)
        {
            Vector[] columns = new Vector[_items.Length];
            for (int i = 0; i < columns.Length; i++)
                columns[i] = Vector.Create(_projection[i].Column.Type, 8);
            _batches.Add(new Batch(columns));
        }

        Batch next = _batches[_used++];
        next.Count = 0;
        foreach (Vector vector in next.Columns)
            vector.Reset();
        return next;
    }
}
