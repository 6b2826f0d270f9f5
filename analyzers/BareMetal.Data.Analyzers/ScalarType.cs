using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;

namespace BareMetal.Data.Analyzers;

/// <summary>A .NET type that a column can hold: its SQL type, and how code spells it.</summary>
internal sealed class ScalarType
{
    private ScalarType(string clr, string sql, string added)
    {
        Clr = clr;
        Sql = sql;
        AddedDefault = added;
    }

    /// <summary>The type as code spells it, without nullability; for an enum the enum.</summary>
    public string Clr { get; private set; }

    /// <summary>The type that is stored; differs from <see cref="Clr"/> for enums.</summary>
    public string Stored { get; private set; } = "";

    public string Sql { get; }

    /// <summary>SQL of the value that stands for .NET's default.</summary>
    public string AddedDefault { get; }

    public bool IsNullable { get; private set; }

    public bool IsValueType { get; private set; }

    public KeyValuePair<string, long>[]? EnumMembers { get; private set; }

    public bool IsInteger => Sql is "smallint" or "integer" or "bigint" or "uinteger" or "ubigint";

    /// <summary>The scalar of a type; null when it is none.</summary>
    public static ScalarType? Of(ITypeSymbol type)
    {
        bool nullable = false;
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } wrapped)
        {
            nullable = true;
            type = wrapped.TypeArguments[0];
        }
        else if (!type.IsValueType)
        {
            nullable = type.NullableAnnotation != NullableAnnotation.NotAnnotated;
        }

        KeyValuePair<string, long>[]? members = null;
        ITypeSymbol stored = type;
        if (type is INamedTypeSymbol { TypeKind: TypeKind.Enum, EnumUnderlyingType: { } underlying })
        {
            members = type.GetMembers().OfType<IFieldSymbol>().Where(f => f.HasConstantValue)
                .Select(f => new KeyValuePair<string, long>(f.Name, ToLong(f.ConstantValue!))).ToArray();
            stored = underlying;
        }

        ScalarType? scalar = Plain(stored);
        if (scalar is null)
            return null;
        scalar.Stored = scalar.Clr;
        if (members is not null)
            scalar.Clr = type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
        scalar.EnumMembers = members;
        scalar.IsNullable = nullable;
        scalar.IsValueType = type.IsValueType;
        return scalar;
    }

    private static long ToLong(object constant) => constant is ulong big ? unchecked((long)big) : System.Convert.ToInt64(constant, System.Globalization.CultureInfo.InvariantCulture);

    private static ScalarType? Plain(ITypeSymbol type)
    {
        switch (type.SpecialType)
        {
            case SpecialType.System_Boolean:
                return new ScalarType("bool", "boolean", "FALSE");
            case SpecialType.System_SByte:
                return new ScalarType("sbyte", "tinyint", "0");
            case SpecialType.System_Int16:
                return new ScalarType("short", "smallint", "0");
            case SpecialType.System_Int32:
                return new ScalarType("int", "integer", "0");
            case SpecialType.System_Int64:
                return new ScalarType("long", "bigint", "0");
            case SpecialType.System_Byte:
                return new ScalarType("byte", "utinyint", "0");
            case SpecialType.System_UInt16:
                return new ScalarType("ushort", "usmallint", "0");
            case SpecialType.System_UInt32:
                return new ScalarType("uint", "uinteger", "0");
            case SpecialType.System_UInt64:
                return new ScalarType("ulong", "ubigint", "0");
            case SpecialType.System_Single:
                return new ScalarType("float", "real", "0");
            case SpecialType.System_Double:
                return new ScalarType("double", "double precision", "0");
            case SpecialType.System_Decimal:
                return new ScalarType("decimal", "decimal", "0");
            case SpecialType.System_String:
                return new ScalarType("string", "text", "''");
            case SpecialType.System_Char:
                return new ScalarType("char", "text", "' '");
            case SpecialType.System_DateTime:
                return new ScalarType("global::System.DateTime", "timestamp", "CAST('0001-01-01 00:00:00' AS timestamp)");
        }

        if (type is IArrayTypeSymbol { Rank: 1, ElementType.SpecialType: SpecialType.System_Byte })
            return new ScalarType("byte[]", "bytea", "CAST('\\x' AS bytea)");
        return type.ToDisplayString() switch
        {
            "System.Guid" => new ScalarType("global::System.Guid", "uuid", "CAST('00000000-0000-0000-0000-000000000000' AS uuid)"),
            "System.DateTimeOffset" => new ScalarType("global::System.DateTimeOffset", "datetimeoffset", "CAST('0001-01-01 00:00:00+00:00' AS datetimeoffset)"),
            "System.DateOnly" => new ScalarType("global::System.DateOnly", "date", "CAST('0001-01-01' AS date)"),
            "System.TimeOnly" => new ScalarType("global::System.TimeOnly", "time", "CAST('00:00:00' AS time)"),
            "System.TimeSpan" => new ScalarType("global::System.TimeSpan", "timespan", "CAST('00:00:00' AS timespan)"),
            _ => null,
        };
    }
}
