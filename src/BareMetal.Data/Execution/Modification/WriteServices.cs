using BareMetal.Data.Catalog;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Execution.Modification;

/// <summary>What writing statements need beyond their plan: the catalog that the statement sees and the one that is newest.</summary>
internal sealed class WriteServices
{
    /// <summary>The catalog of the statement, the transaction's own changes included.</summary>
    public required CatalogSnapshot Catalog { get; init; }

    public required CatalogStore Store { get; init; }

    /// <summary>Binds the generated columns, checks and index expressions of a table of the catalog.</summary>
    public required Func<Table, TableRowBinding> BindTable { get; init; }

    /// <summary>Binds the default of a column, cast to its type; null when it has none.</summary>
    public required Func<Table, Column, Binding.BoundExpression?> BindDefault { get; init; }

    /// <summary>Whether the transaction itself changed the object: then it holds the object's lock and no newer version can exist.</summary>
    public required Func<long, bool> IsChangedHere { get; init; }
}
