using BareMetal.Data.Binding;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>Turns bound expressions into evaluators.</summary>
internal static class ExpressionCompiler
{
    public static Evaluator Compile(BoundExpression expression, IReadOnlyList<PlanColumn> input, OperatorBuilder builder) =>
        throw new BareMetalException(SqlStates.FeatureNotSupported, $"{expression.GetType().Name} cannot be evaluated.");

    /// <summary>Evaluates an expression without columns to one value.</summary>
    public static Value EvaluateConstant(BoundExpression expression, QueryContext context)
    {
        OperatorBuilder builder = new();
        return builder.Compile(expression, []).Evaluate(new Batch([]) { Count = 1 }, context).GetValue(0);
    }
}
