using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution;

/// <summary>
/// Makes the operators and evaluators of one plan instance. Columns that an operator's input does not have are outer references: they
/// read a constant vector that the enclosing apply operator sets for each of its rows.
/// </summary>
internal sealed class OperatorBuilder
{
    private readonly Dictionary<PlanColumn, Vector> _outer = [];

    /// <summary>Compiles an expression over batches that have these columns in this order.</summary>
    public Evaluator Compile(BoundExpression expression, IReadOnlyList<PlanColumn> input) => ExpressionCompiler.Compile(expression, input, this);

    /// <summary>The vector through which an outer column is read; made at first use.</summary>
    public Vector OuterVector(PlanColumn column)
    {
        if (!_outer.TryGetValue(column, out Vector? vector))
            _outer.Add(column, vector = Vector.Create(column.Type, 1));
        return vector;
    }
}
