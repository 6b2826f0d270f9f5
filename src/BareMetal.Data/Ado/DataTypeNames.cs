using System.Globalization;
using BareMetal.Data.Types;

namespace BareMetal.Data;

/// <summary>SQL names of types as ADO.NET users write and read them.</summary>
internal static class DataTypeNames
{
    private static readonly Dictionary<string, SqlType> s_byName = new(StringComparer.OrdinalIgnoreCase)
    {
        ["boolean"] = SqlType.Boolean,
        ["bool"] = SqlType.Boolean,
        ["tinyint"] = SqlType.TinyInt,
        ["smallint"] = SqlType.SmallInt,
        ["int2"] = SqlType.SmallInt,
        ["integer"] = SqlType.Integer,
        ["int"] = SqlType.Integer,
        ["int4"] = SqlType.Integer,
        ["bigint"] = SqlType.BigInt,
        ["int8"] = SqlType.BigInt,
        ["utinyint"] = SqlType.UTinyInt,
        ["usmallint"] = SqlType.USmallInt,
        ["uinteger"] = SqlType.UInteger,
        ["ubigint"] = SqlType.UBigInt,
        ["real"] = SqlType.Real,
        ["float4"] = SqlType.Real,
        ["double precision"] = SqlType.Double,
        ["double"] = SqlType.Double,
        ["float8"] = SqlType.Double,
        ["decimal"] = SqlType.Decimal,
        ["numeric"] = SqlType.Decimal,
        ["text"] = SqlType.Text,
        ["varchar"] = SqlType.Text,
        ["character varying"] = SqlType.Text,
        ["char"] = SqlType.Text,
        ["character"] = SqlType.Text,
        ["bytea"] = SqlType.Bytea,
        ["uuid"] = SqlType.Uuid,
        ["date"] = SqlType.Date,
        ["time"] = SqlType.Time,
        ["timestamp"] = SqlType.Timestamp,
        ["timestamptz"] = SqlType.TimestampTz,
        ["datetimeoffset"] = SqlType.DateTimeOffset,
        ["timespan"] = SqlType.TimeSpan,
        ["interval"] = SqlType.Interval,
        ["json"] = SqlType.Json,
        ["jsonb"] = SqlType.Jsonb,
        ["rowversion"] = SqlType.RowVersion,
    };

    /// <summary>The names of the scalar types, in the order in which GetSchema lists them.</summary>
    public static readonly (string Name, SqlType Type)[] All =
    [
        ("boolean", SqlType.Boolean), ("tinyint", SqlType.TinyInt), ("smallint", SqlType.SmallInt), ("integer", SqlType.Integer),
        ("bigint", SqlType.BigInt), ("utinyint", SqlType.UTinyInt), ("usmallint", SqlType.USmallInt), ("uinteger", SqlType.UInteger),
        ("ubigint", SqlType.UBigInt), ("real", SqlType.Real), ("double precision", SqlType.Double), ("decimal", SqlType.Decimal),
        ("text", SqlType.Text), ("bytea", SqlType.Bytea), ("uuid", SqlType.Uuid), ("date", SqlType.Date), ("time", SqlType.Time),
        ("timestamp", SqlType.Timestamp), ("timestamptz", SqlType.TimestampTz), ("datetimeoffset", SqlType.DateTimeOffset),
        ("timespan", SqlType.TimeSpan), ("interval", SqlType.Interval), ("json", SqlType.Json), ("jsonb", SqlType.Jsonb), ("rowversion", SqlType.RowVersion),
    ];

    /// <summary>The type of a name. Lengths, precision and scale are accepted and not kept: a parameter's value is never cut.</summary>
    /// <exception cref="ArgumentException">No type has this name.</exception>
    public static SqlType Parse(string name)
    {
        ReadOnlySpan<char> rest = name.AsSpan().Trim();
        int dimensions = 0;
        while (rest.EndsWith("[]", StringComparison.Ordinal))
        {
            rest = rest[..^2].TrimEnd();
            dimensions++;
        }

        int open = rest.IndexOf('(');
        if (open > 0 && rest[^1] == ')')
            rest = rest[..open].TrimEnd();
        if (!s_byName.TryGetValue(rest.ToString(), out SqlType? type))
            throw new ArgumentException($"'{name}' is not the name of a data type. Types are {string.Join(", ", All.Select(t => t.Name))}, and arrays of these as in 'integer[]'.", nameof(name));
        for (int i = 0; i < dimensions; i++)
            type = ClrTypes.ArrayOf(type);
        return type;
    }

    /// <summary>The name of a type, with its modifiers.</summary>
    public static string Format(SqlType type)
    {
        switch (type.Kind)
        {
            case SqlTypeKind.Array:
                return Format(type.Element ?? SqlType.Text) + "[]";
            case SqlTypeKind.Text when type.Length is { } length:
                return string.Create(CultureInfo.InvariantCulture, $"{(type.IsFixedLength ? "char" : "varchar")}({length})");
            case SqlTypeKind.Decimal when type.Precision is { } precision:
                return string.Create(CultureInfo.InvariantCulture, $"decimal({precision},{type.Scale ?? 0})");
            case SqlTypeKind.Unknown:
                return "text";
            case SqlTypeKind.Record:
                return "record";
            default:
                foreach ((string name, SqlType candidate) in All)
                {
                    if (candidate.Kind == type.Kind)
                        return name;
                }

                return type.Kind.ToString().ToLowerInvariant();
        }
    }
}
