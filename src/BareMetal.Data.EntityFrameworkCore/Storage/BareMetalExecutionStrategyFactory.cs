using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Creates execution strategies.</summary>
public sealed class BareMetalExecutionStrategyFactory : RelationalExecutionStrategyFactory
{
    /// <summary>Creates the factory.</summary>
    /// <param name="dependencies">Services that all strategies share.</param>
    public BareMetalExecutionStrategyFactory(ExecutionStrategyDependencies dependencies)
        : base(dependencies)
    {
    }

    /// <inheritdoc />
    protected override IExecutionStrategy CreateDefaultStrategy(ExecutionStrategyDependencies dependencies)
        => new BareMetalExecutionStrategy(dependencies);
}
