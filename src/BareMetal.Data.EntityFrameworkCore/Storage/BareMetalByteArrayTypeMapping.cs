using System.Data.Common;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="byte" /> arrays to <c>bytea</c>.</summary>
public sealed class BareMetalByteArrayTypeMapping : ByteArrayTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalByteArrayTypeMapping Default { get; } = new("bytea");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalByteArrayTypeMapping(string storeType)
        : base(storeType)
    {
    }

    private BareMetalByteArrayTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalByteArrayTypeMapping(parameters);
}
