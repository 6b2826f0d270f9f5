using System.Globalization;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="double" /> to <c>double precision</c>.</summary>
public sealed class BareMetalDoubleTypeMapping : DoubleTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalDoubleTypeMapping Default { get; } = new("double precision");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalDoubleTypeMapping(string storeType)
        : base(storeType)
    {
    }

    private BareMetalDoubleTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalDoubleTypeMapping(parameters);

    /// <inheritdoc />
    // A number with an exponent is a double in the dialect, one with a point only is a decimal.
    protected override string GenerateNonNullSqlLiteral(object value)
    {
        var number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        if (double.IsNaN(number))
            return "CAST('NaN' AS double precision)";
        if (double.IsInfinity(number))
            return number > 0 ? "CAST('Infinity' AS double precision)" : "CAST('-Infinity' AS double precision)";
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        return text.Contains('E') ? text : text + "E0";
    }
}
