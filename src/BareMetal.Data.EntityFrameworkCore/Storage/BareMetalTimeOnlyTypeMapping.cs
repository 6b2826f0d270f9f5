using System.Globalization;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="TimeOnly" /> to <c>time</c>.</summary>
public sealed class BareMetalTimeOnlyTypeMapping : TimeOnlyTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalTimeOnlyTypeMapping Default { get; } = new("time");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalTimeOnlyTypeMapping(string storeType)
        : base(storeType)
    {
    }

    private BareMetalTimeOnlyTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalTimeOnlyTypeMapping(parameters);

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => $"TIME '{((TimeOnly)value).ToString("HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture)}'";
}
