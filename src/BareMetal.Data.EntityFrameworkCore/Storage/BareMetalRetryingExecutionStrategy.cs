using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Repeats operations that failed for a reason that can pass. It buffers results, since it may have to start again.</summary>
public class BareMetalRetryingExecutionStrategy : ExecutionStrategy
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(5);

    private readonly HashSet<string>? _additionalStates;

    /// <summary>Creates a strategy for a context, with the default number of repetitions (6) and longest pause (30 seconds).</summary>
    /// <param name="context">The context.</param>
    public BareMetalRetryingExecutionStrategy(DbContext context)
        : base(context, DefaultMaxRetryCount, DefaultMaxDelay)
    {
    }

    /// <summary>Creates a strategy with the default number of repetitions (6) and longest pause (30 seconds).</summary>
    /// <param name="dependencies">Services that all strategies share.</param>
    public BareMetalRetryingExecutionStrategy(ExecutionStrategyDependencies dependencies)
        : this(dependencies, DefaultMaxRetryCount)
    {
    }

    /// <summary>Creates a strategy with the default longest pause (30 seconds).</summary>
    /// <param name="dependencies">Services that all strategies share.</param>
    /// <param name="maxRetryCount">The number of repetitions at most.</param>
    public BareMetalRetryingExecutionStrategy(ExecutionStrategyDependencies dependencies, int maxRetryCount)
        : this(dependencies, maxRetryCount, DefaultMaxDelay, null)
    {
    }

    /// <summary>Creates a strategy.</summary>
    /// <param name="dependencies">Services that all strategies share.</param>
    /// <param name="maxRetryCount">The number of repetitions at most.</param>
    /// <param name="maxRetryDelay">The longest pause between two of them.</param>
    /// <param name="sqlStatesToAdd">SQLSTATEs that are repeated too, or null.</param>
    public BareMetalRetryingExecutionStrategy(
        ExecutionStrategyDependencies dependencies,
        int maxRetryCount,
        TimeSpan maxRetryDelay,
        ICollection<string>? sqlStatesToAdd)
        : base(dependencies, maxRetryCount, maxRetryDelay)
        => _additionalStates = sqlStatesToAdd is null ? null : new HashSet<string>(sqlStatesToAdd, StringComparer.Ordinal);

    /// <inheritdoc />
    protected override bool ShouldRetryOn(Exception? exception)
        => BareMetalTransientErrors.IsTransient(exception)
            || (_additionalStates is not null && exception is BareMetalException { SqlState: { } state } && _additionalStates.Contains(state));

    /// <inheritdoc />
    // There is no network in between: what failed because of another transaction can succeed as soon as that one is over.
    protected override TimeSpan? GetNextDelay(Exception lastException)
    {
        var delay = base.GetNextDelay(lastException);
        if (delay is null)
            return null;
        var doublings = Math.Min(ExceptionsEncountered.Count, 20);
        var local = TimeSpan.FromTicks(FirstDelay.Ticks << doublings);
        return local < delay ? local : delay;
    }
}
