using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions;

/// <summary>One overload of a scalar function or operator (operators are named by their symbol, unary minus is "-" with one argument).</summary>
internal sealed class ScalarFunction
{
    public required string Name { get; init; }

    /// <summary>
    /// Parameter types; the last repeats when <see cref="IsVariadic"/>. An Unknown-kind entry takes any type, an array of Unknown any
    /// array. Where an array of Unknown stands beside Unknown entries, or <see cref="UnifiesUnknown"/> is set, the binder brings all of
    /// them to one type (elements of the arrays included), as PostgreSQL's anycompatible.
    /// </summary>
    public required IReadOnlyList<SqlType> Parameters { get; init; }

    /// <summary>Whether all arguments at Unknown entries come as one type: comparisons, greatest, nullif; not concat.</summary>
    public bool UnifiesUnknown { get; init; }

    public bool IsVariadic { get; init; }

    public Volatility Volatility { get; init; } = Volatility.Immutable;

    /// <summary>Whether it is a user's code, which may not expect to be called by several threads at once.</summary>
    public bool IsUserCode { get; init; }

    /// <summary>Null in any argument gives null without a call.</summary>
    public bool IsStrict { get; init; } = true;

    /// <summary>The result type for given argument types (after coercion to <see cref="Parameters"/>).</summary>
    public required Func<IReadOnlyList<SqlType>, SqlType> ResultType { get; init; }

    /// <summary>Makes the code that evaluates it over batches.</summary>
    public required Func<IReadOnlyList<SqlType>, SqlType, ScalarKernel> CreateKernel { get; init; }
}

/// <summary>Evaluates a function over a batch. Stateless and shared unless its function says otherwise by making one per plan.</summary>
internal abstract class ScalarKernel
{
    /// <summary>
    /// Computes rows 0…count-1 of <paramref name="result"/> (reset by the caller, capacity sufficient). Arguments may be constant vectors
    /// (index with Stride). The kernel sets nulls, for strict functions as well.
    /// </summary>
    public abstract void Evaluate(ReadOnlySpan<Vector> arguments, int count, Vector result, FunctionContext context);
}
