using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>
/// The default strategy: runs operations once, so that results stream, and names the retrying one when an error could have passed.
/// </summary>
public sealed class BareMetalExecutionStrategy : IExecutionStrategy
{
    private readonly ExecutionStrategyDependencies _dependencies;

    /// <summary>Creates the strategy.</summary>
    /// <param name="dependencies">Services that all strategies share.</param>
    public BareMetalExecutionStrategy(ExecutionStrategyDependencies dependencies)
        => _dependencies = dependencies;

    /// <inheritdoc />
    public bool RetriesOnFailure
        => false;

    /// <inheritdoc />
    public TResult Execute<TState, TResult>(
        TState state,
        Func<DbContext, TState, TResult> operation,
        Func<DbContext, TState, ExecutionResult<TResult>>? verifySucceeded)
    {
        try
        {
            return operation(_dependencies.CurrentContext.Context, state);
        }
        catch (Exception exception) when (ExecutionStrategy.CallOnWrappedException(exception, BareMetalTransientErrors.IsTransient))
        {
            throw Hint(exception);
        }
    }

    /// <inheritdoc />
    public async Task<TResult> ExecuteAsync<TState, TResult>(
        TState state,
        Func<DbContext, TState, CancellationToken, Task<TResult>> operation,
        Func<DbContext, TState, CancellationToken, Task<ExecutionResult<TResult>>>? verifySucceeded,
        CancellationToken cancellationToken)
    {
        try
        {
            return await operation(_dependencies.CurrentContext.Context, state, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (ExecutionStrategy.CallOnWrappedException(exception, BareMetalTransientErrors.IsTransient))
        {
            throw Hint(exception);
        }
    }

    private static InvalidOperationException Hint(Exception exception)
        => new(
            "An exception has been raised that is likely due to a transient failure, such as a serialization failure or a deadlock. "
            + "Consider running the work again, or letting EF Core do so by adding 'EnableRetryOnFailure()' to the 'UseBareMetal' call.",
            exception);
}
