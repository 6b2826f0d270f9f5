using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="TimeSpan" /> to <c>timespan</c>.</summary>
public sealed class BareMetalTimeSpanTypeMapping : TimeSpanTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static new BareMetalTimeSpanTypeMapping Default { get; } = new("timespan");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalTimeSpanTypeMapping(string storeType)
        // DbType has no member for a length of time: Time is a time of day.
        : base(storeType, null)
    {
    }

    private BareMetalTimeSpanTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalTimeSpanTypeMapping(parameters);

    /// <inheritdoc />
    protected override void ConfigureParameter(DbParameter parameter)
        => ((BareMetalParameter)parameter).DataTypeName = "timespan";

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => $"TIMESPAN '{((TimeSpan)value).ToString("c", CultureInfo.InvariantCulture)}'";
}
