using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="bool" /> to <c>boolean</c>.</summary>
public sealed class BareMetalBoolTypeMapping : BoolTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalBoolTypeMapping Default { get; } = new("boolean");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalBoolTypeMapping(string storeType)
        : base(storeType)
    {
    }

    private BareMetalBoolTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalBoolTypeMapping(parameters);

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => (bool)value ? "TRUE" : "FALSE";
}
