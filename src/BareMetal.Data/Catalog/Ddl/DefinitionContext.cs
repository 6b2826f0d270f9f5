using BareMetal.Data.Execution;
using BareMetal.Data.Storage;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>What a DDL statement works with: the transaction, its view of the catalog, and what expressions need to be evaluated.</summary>
internal sealed class DefinitionContext
{
    public required StorageTransaction Transaction { get; init; }

    public required CatalogEditor Catalog { get; init; }

    /// <summary>Schemas in which unqualified names are looked for; the first that exists takes new objects.</summary>
    public required IReadOnlyList<string> SearchPath { get; init; }

    /// <summary>For evaluating defaults, checks and casts.</summary>
    public required QueryContext Query { get; init; }

    /// <summary>Receives notices such as "already exists, skipping".</summary>
    public required Action<string> Notice { get; init; }

    /// <summary>How long a lock is waited for.</summary>
    public TimeSpan? LockTimeout { get; init; }

    public CatalogSnapshot Snapshot => Catalog.Current;
}
