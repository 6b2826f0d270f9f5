using BareMetal.Data.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;

namespace BareMetal.Data.EntityFrameworkCore.Update;

/// <summary>Creates the batches that SaveChanges sends.</summary>
public sealed class BareMetalModificationCommandBatchFactory : IModificationCommandBatchFactory
{
    private readonly ModificationCommandBatchFactoryDependencies _dependencies;
    private readonly int? _maxBatchSize;

    /// <summary>Creates the factory.</summary>
    /// <param name="dependencies">Services that all batches share.</param>
    /// <param name="options">The options of the context.</param>
    public BareMetalModificationCommandBatchFactory(
        ModificationCommandBatchFactoryDependencies dependencies,
        IDbContextOptions options)
    {
        _dependencies = dependencies;
        _maxBatchSize = options.FindExtension<BareMetalOptionsExtension>()?.MaxBatchSize;
    }

    /// <inheritdoc />
    public ModificationCommandBatch Create()
        => new BareMetalModificationCommandBatch(_dependencies, StandAlone ? 1 : _maxBatchSize);

    // Who turns transactions off wants each change to be kept that succeeds before one fails.
    private bool StandAlone
        => _dependencies.CurrentContext.Context.Database is
            {
                AutoTransactionBehavior: AutoTransactionBehavior.Never,
                CurrentTransaction: null,
            }
            && _dependencies.CurrentContext.Context.GetService<IDbContextTransactionManager>() is not ITransactionEnlistmentManager { EnlistedTransaction: not null }
            && System.Transactions.Transaction.Current is null;
}
