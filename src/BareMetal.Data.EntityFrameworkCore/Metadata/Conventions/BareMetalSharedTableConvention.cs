using Microsoft.EntityFrameworkCore.Metadata.Conventions;
using Microsoft.EntityFrameworkCore.Metadata.Conventions.Infrastructure;

namespace BareMetal.Data.EntityFrameworkCore.Metadata.Conventions;

/// <summary>Keeps the names of what entity types in shared tables define apart: index names are unique in a schema.</summary>
public sealed class BareMetalSharedTableConvention : SharedTableConvention
{
    /// <summary>Creates the convention.</summary>
    /// <param name="dependencies">Services that all conventions share.</param>
    /// <param name="relationalDependencies">Services that relational conventions share.</param>
    public BareMetalSharedTableConvention(
        ProviderConventionSetBuilderDependencies dependencies,
        RelationalConventionSetBuilderDependencies relationalDependencies)
        : base(dependencies, relationalDependencies)
    {
    }

    /// <inheritdoc />
    protected override bool KeysUniqueAcrossTables
        => true;

    /// <inheritdoc />
    protected override bool IndexesUniqueAcrossTables
        => true;

    /// <inheritdoc />
    protected override bool ForeignKeysUniqueAcrossTables
        => false;

    /// <inheritdoc />
    protected override bool CheckConstraintsUniqueAcrossTables
        => false;
}
