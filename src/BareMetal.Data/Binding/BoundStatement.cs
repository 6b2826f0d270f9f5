using BareMetal.Data.Catalog;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;

namespace BareMetal.Data.Binding;

/// <summary>A statement in the logical algebra, and what it depends on.</summary>
internal sealed class BoundStatement
{
    /// <summary>The plan: a query, or a <see cref="LogicalInsert"/>, <see cref="LogicalUpdate"/> or <see cref="LogicalDelete"/> as its root.</summary>
    public required LogicalOperator Plan { get; init; }

    /// <summary>The type of each parameter ($1 first): as declared, or inferred where it was declared Unknown.</summary>
    public required SqlType[] ParameterTypes { get; init; }

    /// <summary>The catalog objects that it was bound to, with their versions: it must be bound again when one has changed.</summary>
    public required IReadOnlyList<(long Id, int Version)> Objects { get; init; }

    /// <summary>The columns and whole objects that it names, for views' dependencies.</summary>
    public required IReadOnlyList<ObjectDependency> References { get; init; }
}

/// <summary>What binding needs to know beside the statement and the catalog.</summary>
internal sealed class BindingOptions
{
    public static readonly BindingOptions Default = new();

    /// <summary>Schemas in which unqualified names are looked up.</summary>
    public IReadOnlyList<string> SearchPath { get; init; } = [CatalogSnapshot.DefaultSchema];

    public Functions.FunctionRegistry Functions { get; init; } = Data.Functions.FunctionRegistry.Default;

    /// <summary>The variables of the routine or block that the statement belongs to; null without.</summary>
    public VariableScope? Variables { get; init; }

    /// <summary>Whether CALL takes functions, too: commands of the type StoredProcedure do not say which it is.</summary>
    public bool CallFunctions { get; init; }
}
