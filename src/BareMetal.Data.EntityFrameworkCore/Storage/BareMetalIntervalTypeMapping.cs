using System.Data.Common;
using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="BareMetalInterval" /> to <c>interval</c>.</summary>
public sealed class BareMetalIntervalTypeMapping : RelationalTypeMapping
{
    /// <summary>The mapping with its defaults.</summary>
    public static BareMetalIntervalTypeMapping Default { get; } = new("interval");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type.</param>
    public BareMetalIntervalTypeMapping(string storeType)
        : base(storeType, typeof(BareMetalInterval))
    {
    }

    private BareMetalIntervalTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    /// <inheritdoc />
    public override Expression GenerateCodeLiteral(object value)
    {
        var interval = (BareMetalInterval)value;
        return Expression.New(
            typeof(BareMetalInterval).GetConstructor([typeof(int), typeof(int), typeof(long)])!,
            Expression.Constant(interval.Months),
            Expression.Constant(interval.Days),
            Expression.Constant(interval.Ticks));
    }

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalIntervalTypeMapping(parameters);

    /// <inheritdoc />
    protected override void ConfigureParameter(DbParameter parameter)
        => ((BareMetalParameter)parameter).DataTypeName = "interval";

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => $"INTERVAL '{value}'";
}
