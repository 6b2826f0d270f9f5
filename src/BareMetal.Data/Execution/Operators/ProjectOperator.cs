using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>Computes columns; those passed on are the input's own vectors.</summary>
internal sealed class ProjectOperator(PhysicalOperator input, Evaluator[] expressions) : PhysicalOperator
{
    private readonly Batch _batch = new(new Vector[expressions.Length]);
    private readonly Vector?[] _scratch = new Vector?[expressions.Length];

    public override void Open(QueryContext context) => input.Open(context);

    public override Batch? Next(QueryContext context)
    {
        Batch? batch = input.Next(context);
        if (batch is null)
            return null;
        BatchTools.Evaluate(expressions, batch, context, _batch.Columns, _scratch);
        _batch.Count = batch.Count;
        return _batch;
    }

    public override void Close() => input.Close();
}
