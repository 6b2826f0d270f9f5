using System.Globalization;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="decimal" /> to <c>decimal</c>, with precision and scale when they are configured.</summary>
public sealed class BareMetalDecimalTypeMapping : DecimalTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalDecimalTypeMapping Default { get; } = new("decimal");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalDecimalTypeMapping(string storeType)
        : base(
            new RelationalTypeMappingParameters(
                new CoreTypeMappingParameters(
                    typeof(decimal),
                    jsonValueReaderWriter: Microsoft.EntityFrameworkCore.Storage.Json.JsonDecimalReaderWriter.Instance),
                storeType,
                StoreTypePostfix.PrecisionAndScale,
                System.Data.DbType.Decimal))
    {
    }

    private BareMetalDecimalTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalDecimalTypeMapping(parameters);

    /// <inheritdoc />
    // The point makes it a decimal for the parser, whatever its value, so that division is a decimal's.
    protected override string GenerateNonNullSqlLiteral(object value)
    {
        var text = Convert.ToDecimal(value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        return text.Contains('.') ? text : text + ".0";
    }
}
