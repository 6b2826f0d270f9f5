using System.Globalization;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="float" /> to <c>real</c>.</summary>
public sealed class BareMetalFloatTypeMapping : FloatTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalFloatTypeMapping Default { get; } = new("real");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalFloatTypeMapping(string storeType)
        : base(storeType)
    {
    }

    private BareMetalFloatTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalFloatTypeMapping(parameters);

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
    {
        var number = Convert.ToSingle(value, CultureInfo.InvariantCulture);
        var text = float.IsNaN(number) ? "'NaN'"
            : float.IsInfinity(number) ? number > 0 ? "'Infinity'" : "'-Infinity'"
            : number.ToString("R", CultureInfo.InvariantCulture);
        return $"CAST({text} AS real)";
    }
}
