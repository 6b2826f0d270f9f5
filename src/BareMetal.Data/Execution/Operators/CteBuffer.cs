using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Execution.Spilling;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// The rows of a common table expression within a plan instance: computed when first read, in memory or, beyond the budget, in a
/// temporary file. For a recursive one also the rows that the last round added.
/// </summary>
internal sealed class CteBuffer
{
    private PhysicalOperator? _source;
    private PhysicalOperator? _recursive;
    private RowSpool? _store;
    private RowSpool? _working;
    private RowSpool? _next;
    private SpilledRowSet? _seen;
    private bool _isFilled;
    private int[] _rows = [];

    /// <summary>Says how the rows are computed; once, when the instance is built.</summary>
    public void Define(PhysicalOperator source, PhysicalOperator? recursive, bool isUnionAll, IReadOnlyList<SqlType> types)
    {
        _source = source;
        _recursive = recursive;
        _store = new RowSpool(types);
        if (recursive is null)
            return;
        _working = new RowSpool(types);
        _next = new RowSpool(types);
        if (!isUnionAll)
            _seen = new SpilledRowSet([.. types]);
    }

    /// <summary>The rows that the recursive term reads in this round.</summary>
    public RowSpool Working => _working!;

    public RowSpool Store => _store!;

    public void EnsureFilled(QueryContext context)
    {
        if (_isFilled)
            return;
        _isFilled = true;
        Run(_source!, context);
        if (_recursive is null)
            return;
        while (true)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            (_working, _next) = (_next!, _working!);
            _next.Clear();
            if (_working.Count == 0)
                return;
            Run(_recursive, context);
        }
    }

    private void Run(PhysicalOperator source, QueryContext context)
    {
        source.Open(context);
        try
        {
            while (source.Next(context) is { } batch)
                Add(batch, context);
        }
        finally
        {
            source.Close();
        }
    }

    private void Add(Batch batch, QueryContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        ReadOnlySpan<int> rows = VectorTools.Identity(batch.Count);
        if (_seen is not null)
        {
            if (_rows.Length < batch.Count)
                _rows = new int[Math.Max(batch.Count, context.BatchSize)];
            rows = _rows.AsSpan(0, _seen.Add(batch.Columns, batch.Count, _rows, context));
        }

        if (_recursive is not null)
            _next!.Add(batch.Columns, rows, context);
        _store!.Add(batch.Columns, rows, context);
    }

    /// <summary>Forgets the rows; the next reader computes them anew.</summary>
    public void Reset()
    {
        _isFilled = false;
        _store?.Clear();
        _working?.Clear();
        _next?.Clear();
        _seen?.Clear();
    }
}
