using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="Guid" /> to <c>uuid</c>.</summary>
public sealed class BareMetalGuidTypeMapping : GuidTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalGuidTypeMapping Default { get; } = new("uuid");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalGuidTypeMapping(string storeType)
        : base(storeType)
    {
    }

    private BareMetalGuidTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalGuidTypeMapping(parameters);

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => $"UUID '{(Guid)value:D}'";
}
