using BareMetal.Data;
using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using BareMetal.Data.EntityFrameworkCore.Storage;

namespace Microsoft.EntityFrameworkCore.Infrastructure;

/// <summary>Configures what is special to BareMetal.Data in a context's options.</summary>
public class BareMetalDbContextOptionsBuilder
    : RelationalDbContextOptionsBuilder<BareMetalDbContextOptionsBuilder, BareMetalOptionsExtension>
{
    /// <summary>Creates a builder.</summary>
    /// <param name="optionsBuilder">The options that are built.</param>
    public BareMetalDbContextOptionsBuilder(DbContextOptionsBuilder optionsBuilder)
        : base(optionsBuilder)
    {
    }

    /// <summary>
    /// Lets queries call functions written in C#; declare them with <c>HasDbFunction</c> or <c>[DbFunction]</c> under the same name. For
    /// contexts that are given a connection string; a data source brings functions of its own.
    /// </summary>
    /// <param name="functions">The functions; make them once and use them for every context.</param>
    /// <returns>The same builder.</returns>
    public virtual BareMetalDbContextOptionsBuilder UseFunctions(BareMetalFunctions functions)
        => WithOption(e => e.WithFunctions(functions));

    /// <summary>Repeats operations that failed for a reason that can pass: a serialization failure, a deadlock, a lock time-out.</summary>
    /// <returns>The same builder.</returns>
    public virtual BareMetalDbContextOptionsBuilder EnableRetryOnFailure()
        => ExecutionStrategy(dependencies => new BareMetalRetryingExecutionStrategy(dependencies));

    /// <summary>Repeats operations that failed for a reason that can pass: a serialization failure, a deadlock, a lock time-out.</summary>
    /// <param name="maxRetryCount">The number of repetitions at most.</param>
    /// <returns>The same builder.</returns>
    public virtual BareMetalDbContextOptionsBuilder EnableRetryOnFailure(int maxRetryCount)
        => ExecutionStrategy(dependencies => new BareMetalRetryingExecutionStrategy(dependencies, maxRetryCount));

    /// <summary>Repeats operations that failed for a reason that can pass: a serialization failure, a deadlock, a lock time-out.</summary>
    /// <param name="maxRetryCount">The number of repetitions at most.</param>
    /// <param name="maxRetryDelay">The longest pause between two of them.</param>
    /// <param name="sqlStatesToAdd">SQLSTATEs that are repeated too, or null.</param>
    /// <returns>The same builder.</returns>
    public virtual BareMetalDbContextOptionsBuilder EnableRetryOnFailure(
        int maxRetryCount,
        TimeSpan maxRetryDelay,
        ICollection<string>? sqlStatesToAdd)
        => ExecutionStrategy(
            dependencies => new BareMetalRetryingExecutionStrategy(dependencies, maxRetryCount, maxRetryDelay, sqlStatesToAdd));
}
