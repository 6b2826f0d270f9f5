using BareMetal.Data.Binding;
using BareMetal.Data.Planning;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>Some rows of a batch as a batch of their own, with only those columns filled that given expressions read.</summary>
internal sealed class SubBatch
{
    private readonly int[] _ordinals;
    private readonly int _width;
    private Batch? _batch;

    public SubBatch(IEnumerable<BoundExpression> expressions, IReadOnlyList<PlanColumn> input)
    {
        HashSet<PlanColumn> columns = [];
        foreach (BoundExpression e in expressions)
            ExpressionTools.CollectColumns(e, columns);
        List<int> ordinals = [];
        for (int i = 0; i < input.Count; i++)
        {
            if (columns.Contains(input[i]))
                ordinals.Add(i);
        }

        _ordinals = [.. ordinals];
        _width = input.Count;
    }

    /// <summary>The rows as a batch; valid until the next call.</summary>
    public Batch Take(Batch input, ReadOnlySpan<int> rows)
    {
        if (_batch is null)
        {
            Vector[] columns = new Vector[_width];
            foreach (int i in _ordinals)
                columns[i] = Vector.Create(input.Columns[i].Type, rows.Length);
            _batch = new Batch(columns);
        }

        foreach (int i in _ordinals)
        {
            Vector target = _batch.Columns[i];
            target.Reset();
            target.EnsureCapacity(rows.Length);
            target.Gather(input.Columns[i], rows, 0);
        }

        _batch.Count = rows.Length;
        return _batch;
    }
}
