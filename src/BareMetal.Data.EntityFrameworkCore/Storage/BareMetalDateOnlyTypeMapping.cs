using System.Globalization;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="DateOnly" /> to <c>date</c>.</summary>
public sealed class BareMetalDateOnlyTypeMapping : DateOnlyTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalDateOnlyTypeMapping Default { get; } = new("date");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalDateOnlyTypeMapping(string storeType)
        : base(storeType)
    {
    }

    private BareMetalDateOnlyTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalDateOnlyTypeMapping(parameters);

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => $"DATE '{((DateOnly)value).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}'";
}
