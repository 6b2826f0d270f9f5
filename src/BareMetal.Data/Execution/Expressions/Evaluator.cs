using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>A compiled expression. Belongs to one plan instance: it reuses its result vector.</summary>
internal abstract class Evaluator(SqlType type)
{
    public SqlType Type { get; } = type;

    /// <summary>
    /// Computes the expression for all rows of a batch. The result is constant (one row stands for all) or has one row for each of the
    /// batch's; it is valid until the next call and may be a column of the input itself.
    /// </summary>
    public abstract Vector Evaluate(Batch input, QueryContext context);
}
