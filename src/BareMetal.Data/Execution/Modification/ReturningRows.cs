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
    private int _used;
    private int _read;

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
        foreach (Batch batch in _batches)
            batch.Count = 0;
        if (_batches.Count > 16)
            _batches.RemoveRange(16, _batches.Count - 16);
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
            Batch target = Target();
            for (int i = 0; i < results.Length; i++)
                target.Columns[i].CopyRow(results[i], row, target.Count, deep: true);
            target.Count++;
        }
    }

    /// <summary>The next kept batch, null at the end.</summary>
    public Batch? Next() => _read < _used ? _batches[_read++] : null;

    private Batch Target()
    {
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
