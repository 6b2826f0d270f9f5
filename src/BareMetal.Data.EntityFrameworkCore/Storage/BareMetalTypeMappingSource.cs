using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Finds the mapping between CLR types and the engine's types, in either direction.</summary>
public sealed class BareMetalTypeMappingSource : RelationalTypeMappingSource
{
    private static readonly SByteTypeMapping TinyInt = new("tinyint");
    private static readonly ShortTypeMapping SmallInt = new("smallint");
    private static readonly IntTypeMapping Integer = new("integer");
    private static readonly LongTypeMapping BigInt = new("bigint");
    private static readonly ByteTypeMapping UTinyInt = new("utinyint");
    private static readonly UShortTypeMapping USmallInt = new("usmallint");
    private static readonly UIntTypeMapping UInteger = new("uinteger");
    private static readonly ULongTypeMapping UBigInt = new("ubigint");
    private static readonly BareMetalDateTimeTypeMapping TimestampTzDateTime = new("timestamptz");
    private static readonly BareMetalDateTimeOffsetTypeMapping TimestampTz = new("timestamptz");

    private static readonly Dictionary<Type, RelationalTypeMapping> ByClrType = new()
    {
        [typeof(bool)] = BareMetalBoolTypeMapping.Default,
        [typeof(sbyte)] = TinyInt,
        [typeof(short)] = SmallInt,
        [typeof(int)] = Integer,
        [typeof(long)] = BigInt,
        [typeof(byte)] = UTinyInt,
        [typeof(ushort)] = USmallInt,
        [typeof(uint)] = UInteger,
        [typeof(ulong)] = UBigInt,
        [typeof(float)] = BareMetalFloatTypeMapping.Default,
        [typeof(double)] = BareMetalDoubleTypeMapping.Default,
        [typeof(decimal)] = BareMetalDecimalTypeMapping.Default,
        [typeof(char)] = BareMetalCharTypeMapping.Default,
        [typeof(Guid)] = BareMetalGuidTypeMapping.Default,
        [typeof(DateTime)] = BareMetalDateTimeTypeMapping.Default,
        [typeof(DateTimeOffset)] = BareMetalDateTimeOffsetTypeMapping.Default,
        [typeof(DateOnly)] = BareMetalDateOnlyTypeMapping.Default,
        [typeof(TimeOnly)] = BareMetalTimeOnlyTypeMapping.Default,
        [typeof(TimeSpan)] = BareMetalTimeSpanTypeMapping.Default,
        [typeof(BareMetalInterval)] = BareMetalIntervalTypeMapping.Default,
    };

    private static readonly Dictionary<string, RelationalTypeMapping[]> ByStoreType = new(StringComparer.OrdinalIgnoreCase)
    {
        ["boolean"] = [BareMetalBoolTypeMapping.Default],
        ["bool"] = [BareMetalBoolTypeMapping.Default],
        ["tinyint"] = [TinyInt],
        ["smallint"] = [SmallInt],
        ["int2"] = [SmallInt],
        ["integer"] = [Integer],
        ["int"] = [Integer],
        ["int4"] = [Integer],
        ["bigint"] = [BigInt],
        ["int8"] = [BigInt],
        ["utinyint"] = [UTinyInt],
        ["usmallint"] = [USmallInt],
        ["uinteger"] = [UInteger],
        ["ubigint"] = [UBigInt],
        ["real"] = [BareMetalFloatTypeMapping.Default],
        ["float4"] = [BareMetalFloatTypeMapping.Default],
        ["double precision"] = [BareMetalDoubleTypeMapping.Default],
        ["double"] = [BareMetalDoubleTypeMapping.Default],
        ["float8"] = [BareMetalDoubleTypeMapping.Default],
        ["float"] = [BareMetalDoubleTypeMapping.Default],
        ["decimal"] = [BareMetalDecimalTypeMapping.Default],
        ["numeric"] = [new BareMetalDecimalTypeMapping("numeric")],
        ["dec"] = [new BareMetalDecimalTypeMapping("dec")],
        ["money"] = [new BareMetalDecimalTypeMapping("money")],
        ["smallmoney"] = [new BareMetalDecimalTypeMapping("smallmoney")],
        ["text"] = [BareMetalStringTypeMapping.Default],
        ["varchar"] = [new BareMetalStringTypeMapping("varchar")],
        ["character varying"] = [new BareMetalStringTypeMapping("character varying")],
        ["nvarchar"] = [new BareMetalStringTypeMapping("nvarchar")],
        ["nchar"] = [new BareMetalStringTypeMapping("nchar", null, fixedLength: true), new BareMetalCharTypeMapping("nchar(1)")],
        ["citext"] = [new BareMetalStringTypeMapping("citext")],
        ["char"] = [new BareMetalStringTypeMapping("char", null, fixedLength: true), BareMetalCharTypeMapping.Default],
        ["character"] =
            [new BareMetalStringTypeMapping("character", null, fixedLength: true), new BareMetalCharTypeMapping("character(1)")],
        ["bytea"] = [BareMetalByteArrayTypeMapping.Default],
        ["blob"] = [new BareMetalByteArrayTypeMapping("blob")],
        ["varbinary"] = [new BareMetalByteArrayTypeMapping("varbinary")],
        ["binary"] = [new BareMetalByteArrayTypeMapping("binary")],
        ["uuid"] = [BareMetalGuidTypeMapping.Default],
        ["date"] = [BareMetalDateOnlyTypeMapping.Default, new BareMetalDateTimeDateTypeMapping()],
        ["time"] = [BareMetalTimeOnlyTypeMapping.Default],
        ["timestamp"] = [BareMetalDateTimeTypeMapping.Default],
        ["timestamp without time zone"] = [BareMetalDateTimeTypeMapping.Default],
        ["datetime"] = [new BareMetalDateTimeTypeMapping("datetime")],
        ["datetime2"] = [new BareMetalDateTimeTypeMapping("datetime2")],
        ["datetimeoffset"] = [BareMetalDateTimeOffsetTypeMapping.Default],
        ["timestamptz"] = [TimestampTz, TimestampTzDateTime],
        ["timestamp with time zone"] = [TimestampTz, TimestampTzDateTime],
        ["timespan"] = [BareMetalTimeSpanTypeMapping.Default],
        ["interval"] = [BareMetalIntervalTypeMapping.Default],
        ["json"] = [BareMetalStringTypeMapping.Json],
        ["jsonb"] = [BareMetalStringTypeMapping.Jsonb],
        ["rowversion"] =
            [BareMetalRowVersionTypeMapping.Default, BareMetalRowVersionTypeMapping.ULong, BareMetalRowVersionTypeMapping.Long],
    };

    /// <summary>Creates the source.</summary>
    /// <param name="dependencies">Services that all type mapping sources share.</param>
    /// <param name="relationalDependencies">Services that relational sources share.</param>
    public BareMetalTypeMappingSource(
        TypeMappingSourceDependencies dependencies,
        RelationalTypeMappingSourceDependencies relationalDependencies)
        : base(dependencies, relationalDependencies)
    {
    }

    /// <summary>The mapping of a collection parameter to a native array.</summary>
    /// <param name="collectionType">The type of the collection.</param>
    /// <param name="elementMapping">The mapping of its elements.</param>
    /// <returns>A mapping to an array of the element's store type.</returns>
    internal static BareMetalArrayTypeMapping GetArrayMapping(Type collectionType, RelationalTypeMapping elementMapping)
        => new(collectionType, elementMapping);

    /// <inheritdoc />
    protected override RelationalTypeMapping? FindMapping(in RelationalTypeMappingInfo mappingInfo)
        => base.FindMapping(mappingInfo) ?? FindRawMapping(mappingInfo)?.WithTypeMappingInfo(mappingInfo) ?? FindArrayMapping(mappingInfo);

    // Scaffolding knows the store's type only.
    private static BareMetalArrayTypeMapping? FindArrayMapping(in RelationalTypeMappingInfo info)
    {
        if (info.ClrType is not null || info.StoreTypeName is not { } storeType || !storeType.EndsWith("[]", StringComparison.Ordinal))
            return null;
        var element = FindRawMapping(new RelationalTypeMappingInfo(storeType[..^2], storeType[..^2], unicode: null, size: null, precision: null, scale: null));
        return element is null ? null : new BareMetalArrayTypeMapping(element.ClrType.MakeArrayType(), element);
    }

    private static RelationalTypeMapping? FindRawMapping(in RelationalTypeMappingInfo info)
    {
        var clrType = info.ClrType;
        if (clrType == typeof(JsonTypePlaceholder))
        {
            return info.StoreTypeName switch
            {
                null or "json" => BareMetalJsonTypeMapping.Default,
                "jsonb" => BareMetalJsonTypeMapping.Jsonb,
                var name when ByStoreType.TryGetValue(info.StoreTypeNameBase ?? name, out var text)
                    && text[0] is BareMetalStringTypeMapping => new BareMetalJsonTypeMapping(name),
                _ => null,
            };
        }

        if (info.StoreTypeName is { } storeType)
        {
            if (!ByStoreType.TryGetValue(storeType, out var mappings)
                && !ByStoreType.TryGetValue(info.StoreTypeNameBase!, out mappings))
                return null;

            // Scaffolding knows the store's type only and takes the first.
            if (clrType is null)
            {
                // char(1) is a char, anything longer a string.
                return mappings[0] is BareMetalStringTypeMapping { IsFixedLength: true } && info.Size is 1 ? mappings[1] : mappings[0];
            }

            foreach (var mapping in mappings)
            {
                if (mapping.ClrType == clrType)
                {
                    return mapping is BareMetalStringTypeMapping { IsFixedLength: false } && info.Size is { } size
                        ? new BareMetalStringTypeMapping(mapping.StoreTypeNameBase, size)
                        : mapping;
                }
            }

            return null;
        }

        if (clrType is null)
            return null;

        if (info.IsRowVersion == true)
        {
            if (clrType == typeof(byte[]))
                return BareMetalRowVersionTypeMapping.Default;
            if (clrType == typeof(ulong))
                return BareMetalRowVersionTypeMapping.ULong;
            if (clrType == typeof(long))
                return BareMetalRowVersionTypeMapping.Long;
        }

        if (ByClrType.TryGetValue(clrType, out var found))
            return found;

        if (clrType == typeof(string))
        {
            return info.Size is { } size and > 0
                ? info.IsFixedLength == true
                    ? new BareMetalStringTypeMapping("char", size, fixedLength: true)
                    : new BareMetalStringTypeMapping("varchar", size)
                : BareMetalStringTypeMapping.Default;
        }

        return clrType == typeof(byte[]) && info.ElementTypeMapping is null ? BareMetalByteArrayTypeMapping.Default : null;
    }

    /// <inheritdoc />
    // A collection is json unless its column says otherwise, so that it can be queried inside and outside of documents alike.
    [SuppressMessage("Usage", "EF1001", Justification = "The base method is the provider's extension point.")]
    protected override RelationalTypeMapping? FindCollectionMapping(
        RelationalTypeMappingInfo info,
        Type modelType,
        Type? providerType,
        CoreTypeMapping? elementMapping)
    {
        if (info.StoreTypeName is { } name && name.EndsWith("[]", StringComparison.Ordinal))
            return FindArrayMapping(name[..^2], modelType, elementMapping);

        if (info.StoreTypeName is null)
        {
            info = new RelationalTypeMappingInfo(
                info.CoreTypeMappingInfo.ClrType ?? modelType,
                (RelationalTypeMapping?)info.CoreTypeMappingInfo.ElementTypeMapping ?? elementMapping as RelationalTypeMapping,
                storeTypeName: "json",
                storeTypeNameBase: "json");
        }

        return base.FindCollectionMapping(info, modelType, providerType, elementMapping);
    }

    private RelationalTypeMapping? FindArrayMapping(string elementStoreType, Type modelType, CoreTypeMapping? elementMapping)
    {
        if (GetSequenceElement(modelType) is not { } elementType)
            return null;
        var element = elementMapping as RelationalTypeMapping ?? FindMapping(elementType, elementStoreType);
        return element is { ElementTypeMapping: null, Converter: null } ? new BareMetalArrayTypeMapping(modelType, element) : null;
    }

    // What an array can be read as: arrays, lists, and the interfaces of arrays.
    private static Type? GetSequenceElement(Type type)
    {
        if (type.IsArray)
            return type.GetElementType();
        if (type is not { IsGenericType: true, GenericTypeArguments: [var element] })
            return null;
        return type.GetGenericTypeDefinition() == typeof(List<>) || (type.IsInterface && type.IsAssignableFrom(element.MakeArrayType()))
            ? element
            : null;
    }

    /// <inheritdoc />
    protected override string? ParseStoreTypeName(
        string? storeTypeName,
        ref bool? unicode,
        ref int? size,
        ref int? precision,
        ref int? scale)
    {
        if (storeTypeName is null || storeTypeName.EndsWith("[]", StringComparison.Ordinal))
            return storeTypeName;

        var givenSize = size;
        var name = base.ParseStoreTypeName(storeTypeName, ref unicode, ref size, ref precision, ref scale);

        // A facet that is not closed is for the engine to refuse when a column of it is made; until then the type is known.
        if (name is not null && name.IndexOf('(') is > 0 and var open && name.IndexOf(')') < 0)
            name = name[..open].TrimEnd();

        // The first number of a decimal or of a moment in time is a precision, not a size.
        if (size.HasValue
            && (storeTypeName.StartsWith("dec", StringComparison.OrdinalIgnoreCase)
                || storeTypeName.StartsWith("numeric", StringComparison.OrdinalIgnoreCase)
                || storeTypeName.StartsWith("time", StringComparison.OrdinalIgnoreCase)
                || storeTypeName.StartsWith("date", StringComparison.OrdinalIgnoreCase)))
        {
            precision = size;
            size = givenSize;
        }

        return name;
    }
}
