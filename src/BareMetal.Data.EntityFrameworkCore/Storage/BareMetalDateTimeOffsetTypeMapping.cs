using System.Globalization;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="DateTimeOffset" /> to <c>datetimeoffset</c>, or to <c>timestamptz</c>, which keeps the instant only.</summary>
public sealed class BareMetalDateTimeOffsetTypeMapping : DateTimeOffsetTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalDateTimeOffsetTypeMapping Default { get; } = new("datetimeoffset");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type: <c>datetimeoffset</c> or <c>timestamptz</c>.</param>
    public BareMetalDateTimeOffsetTypeMapping(string storeType)
        : base(storeType, storeType == "timestamptz" ? null : System.Data.DbType.DateTimeOffset)
    {
    }

    private BareMetalDateTimeOffsetTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalDateTimeOffsetTypeMapping(parameters);

    /// <inheritdoc />
    protected override void ConfigureParameter(System.Data.Common.DbParameter parameter)
    {
        if (StoreType == "timestamptz")
            ((BareMetalParameter)parameter).DataTypeName = StoreType;
    }

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
    {
        var text = ((DateTimeOffset)value).ToString("yyyy-MM-dd HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);
        return StoreType == "timestamptz" ? $"TIMESTAMPTZ '{text}'" : $"DATETIMEOFFSET '{text}'";
    }
}
