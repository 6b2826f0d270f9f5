using System.Data.Common;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.Json;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Maps <see cref="string" /> to <c>text</c>, <c>varchar(n)</c>, <c>char(n)</c>, <c>json</c> or <c>jsonb</c>.</summary>
public sealed class BareMetalStringTypeMapping : StringTypeMapping
{
    /// <summary>The mapping to <c>text</c>.</summary>
    public static new BareMetalStringTypeMapping Default { get; } = new("text");

    /// <summary>The mapping of strings that hold JSON to <c>json</c>.</summary>
    public static BareMetalStringTypeMapping Json { get; } = new("json");

    /// <summary>The mapping of strings that hold JSON to <c>jsonb</c>.</summary>
    public static BareMetalStringTypeMapping Jsonb { get; } = new("jsonb");

    /// <summary>Creates a mapping for a store type.</summary>
    /// <param name="storeType">The name of the store type, without a size.</param>
    /// <param name="size">The greatest length in UTF-16 units, or null when there is none.</param>
    /// <param name="fixedLength">Whether the store type is <c>char</c>.</param>
    public BareMetalStringTypeMapping(string storeType, int? size = null, bool fixedLength = false)
        : base(
            new RelationalTypeMappingParameters(
                new CoreTypeMappingParameters(typeof(string), jsonValueReaderWriter: JsonStringReaderWriter.Instance),
                storeType,
                size is null ? StoreTypePostfix.None : StoreTypePostfix.Size,
                System.Data.DbType.String,
                unicode: true,
                size: size,
                fixedLength: fixedLength))
    {
    }

    private BareMetalStringTypeMapping(RelationalTypeMappingParameters parameters)
        : base(parameters)
    {
    }

    private bool IsJson => StoreType is "json" or "jsonb";

    /// <inheritdoc />
    protected override RelationalTypeMapping Clone(RelationalTypeMappingParameters parameters)
        => new BareMetalStringTypeMapping(parameters);

    /// <inheritdoc />
    protected override string GenerateNonNullSqlLiteral(object value)
        => IsJson ? $"CAST({base.GenerateNonNullSqlLiteral(value)} AS {StoreType})" : base.GenerateNonNullSqlLiteral(value);

    /// <inheritdoc />
    protected override void ConfigureParameter(DbParameter parameter)
    {
        if (IsJson)
            ((BareMetalParameter)parameter).DataTypeName = StoreType;
    }
}
