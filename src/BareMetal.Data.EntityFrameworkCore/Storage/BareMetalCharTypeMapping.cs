using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="char" /> to <c>char(1)</c>.</summary>
public sealed class BareMetalCharTypeMapping : CharTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalCharTypeMapping Default { get; } = new("char(1)");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalCharTypeMapping(string storeType)
        : base(storeType)
    {
    }

    private BareMetalCharTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalCharTypeMapping(parameters);
}
