using System.Globalization;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="DateTime" /> to <c>timestamp</c>: a wall clock of 100 ns without kind.</summary>
public sealed class BareMetalDateTimeTypeMapping : DateTimeTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalDateTimeTypeMapping Default { get; } = new("timestamp");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type: <c>timestamp</c> or <c>timestamptz</c>.</param>
    public BareMetalDateTimeTypeMapping(string storeType)
        : base(storeType, storeType == "timestamptz" ? null : System.Data.DbType.DateTime2)
    {
    }

    private BareMetalDateTimeTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalDateTimeTypeMapping(parameters);

    /// <inheritdoc />
    protected override void ConfigureParameter(System.Data.Common.DbParameter parameter)
    {
        if (StoreType == "timestamptz")
            ((BareMetalParameter)parameter).DataTypeName = StoreType;
    }

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
    {
        var text = ((DateTime)value).ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
        return StoreType == "timestamptz" ? $"TIMESTAMPTZ '{text}Z'" : $"TIMESTAMP '{text}'";
    }
}
