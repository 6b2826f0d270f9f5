using System.Globalization;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Types;

/// <summary>Names of types in SQL, with PostgreSQL's aliases.</summary>
internal static class TypeNames
{
    /// <summary>The most digits that decimal(p, s) may declare; values are System.Decimal's whatever is declared.</summary>
    public const int MaxDecimalPrecision = 38;

    private static readonly Dictionary<string, SqlType> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["boolean"] = SqlType.Boolean, ["bool"] = SqlType.Boolean,
        ["tinyint"] = SqlType.TinyInt, ["int1"] = SqlType.TinyInt,
        ["smallint"] = SqlType.SmallInt, ["int2"] = SqlType.SmallInt,
        ["integer"] = SqlType.Integer, ["int"] = SqlType.Integer, ["int4"] = SqlType.Integer,
        ["bigint"] = SqlType.BigInt, ["int8"] = SqlType.BigInt,
        ["utinyint"] = SqlType.UTinyInt, ["uint1"] = SqlType.UTinyInt,
        ["usmallint"] = SqlType.USmallInt, ["uint2"] = SqlType.USmallInt,
        ["uinteger"] = SqlType.UInteger, ["uint"] = SqlType.UInteger, ["uint4"] = SqlType.UInteger,
        ["ubigint"] = SqlType.UBigInt, ["uint8"] = SqlType.UBigInt,
        ["real"] = SqlType.Real, ["float4"] = SqlType.Real,
        ["double precision"] = SqlType.Double, ["double"] = SqlType.Double, ["float8"] = SqlType.Double, ["float"] = SqlType.Double,
        ["decimal"] = SqlType.Decimal, ["numeric"] = SqlType.Decimal, ["dec"] = SqlType.Decimal,
        ["money"] = SqlType.Decimal with { Precision = 19, Scale = 4 }, ["smallmoney"] = SqlType.Decimal with { Precision = 10, Scale = 4 },
        ["text"] = SqlType.Text, ["string"] = SqlType.Text, ["name"] = SqlType.Text,
        ["varchar"] = SqlType.Text, ["character varying"] = SqlType.Text, ["nvarchar"] = SqlType.Text,
        ["char"] = SqlType.Text, ["character"] = SqlType.Text, ["bpchar"] = SqlType.Text, ["nchar"] = SqlType.Text,
        ["citext"] = SqlType.Text with { Collation = "ordinal_ci" },
        ["bytea"] = SqlType.Bytea, ["blob"] = SqlType.Bytea, ["varbinary"] = SqlType.Bytea, ["binary"] = SqlType.Bytea,
        ["uuid"] = SqlType.Uuid,
        ["date"] = SqlType.Date,
        ["time"] = SqlType.Time, ["time without time zone"] = SqlType.Time,
        ["timestamp"] = SqlType.Timestamp, ["timestamp without time zone"] = SqlType.Timestamp, ["datetime"] = SqlType.Timestamp, ["datetime2"] = SqlType.Timestamp,
        ["timestamptz"] = SqlType.TimestampTz, ["timestamp with time zone"] = SqlType.TimestampTz,
        ["datetimeoffset"] = SqlType.DateTimeOffset,
        ["timespan"] = SqlType.TimeSpan,
        ["interval"] = SqlType.Interval,
        ["json"] = SqlType.Json,
        ["jsonb"] = SqlType.Jsonb,
        ["rowversion"] = SqlType.RowVersion,
    };

    /// <summary>The type that a name in SQL text means. Unknown names are 42704, bad modifiers 22023, both with the position.</summary>
    public static SqlType Resolve(TypeName name)
    {
        try
        {
            return Create(name.Schema is null || name.Schema.Equals("pg_catalog", StringComparison.OrdinalIgnoreCase) ? name.Name : name.Schema + "." + name.Name, name.Arguments, name.ArrayDimensions);
        }
        catch (BareMetalException e)
        {
            throw new BareMetalException(e.SqlState, PlainMessage(e)) { Hint = e.Hint, Position = name.Position.Offset + 1, Line = name.Position.Line, Column = name.Position.Column };
        }
    }

    /// <summary>Reads a type's name such as <c>decimal(18,2)</c>, <c>varchar(20)[]</c> or <c>timestamp without time zone</c>. Unknown names are 42704.</summary>
    public static SqlType Parse(string text)
    {
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        int dimensions = 0;
        while (rest.EndsWith("]"))
        {
            int open = rest.LastIndexOf('[');
            if (open < 0 || rest[(open + 1)..^1].Trim().Length != 0)
                throw Unknown(text);
            dimensions++;
            rest = rest[..open].TrimEnd();
        }

        int[] arguments = [];
        string name;
        int parenthesis = rest.IndexOf('(');
        if (parenthesis >= 0)
        {
            // The modifier may stand inside a name of several words: timestamp(3) without time zone.
            int close = rest.IndexOf(')');
            if (close < parenthesis)
                throw Unknown(text);
            string[] parts = rest[(parenthesis + 1)..close].ToString().Split(',');
            arguments = new int[parts.Length];
            for (int i = 0; i < parts.Length; i++)
            {
                if (!int.TryParse(parts[i], NumberStyles.Integer, CultureInfo.InvariantCulture, out arguments[i]))
                    throw Unknown(text);
            }

            name = rest[..parenthesis].TrimEnd().ToString() + rest[(close + 1)..].ToString();
        }
        else
        {
            name = rest.ToString();
        }

        return Create(string.Join(' ', name.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), arguments, dimensions);
    }

    /// <summary>The type of a name without modifiers, null when there is none.</summary>
    public static SqlType? Find(string name) => Names.GetValueOrDefault(name);

    /// <summary>The name by which the type is written in SQL.</summary>
    public static string Format(SqlType type)
    {
        switch (type.Kind)
        {
            case SqlTypeKind.Text when type.Length is { } length:
                return (type.IsFixedLength ? "char(" : "varchar(") + length.ToString(CultureInfo.InvariantCulture) + ")";
            case SqlTypeKind.Decimal when type.Precision is { } precision:
                return string.Create(CultureInfo.InvariantCulture, $"decimal({precision},{type.Scale ?? 0})");
            case SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.DateTimeOffset or SqlTypeKind.TimeSpan or SqlTypeKind.Interval when type.Precision is { } digits:
                return string.Create(CultureInfo.InvariantCulture, $"{FormatKind(type.Kind)}({digits})");
            case SqlTypeKind.Array:
                return Format(type.Element!) + "[]";
            default:
                return FormatKind(type.Kind);
        }
    }

    /// <summary>The name of a kind without modifiers.</summary>
    public static string FormatKind(SqlTypeKind kind) => kind switch
    {
        SqlTypeKind.Boolean => "boolean",
        SqlTypeKind.TinyInt => "tinyint",
        SqlTypeKind.SmallInt => "smallint",
        SqlTypeKind.Integer => "integer",
        SqlTypeKind.BigInt => "bigint",
        SqlTypeKind.UTinyInt => "utinyint",
        SqlTypeKind.USmallInt => "usmallint",
        SqlTypeKind.UInteger => "uinteger",
        SqlTypeKind.UBigInt => "ubigint",
        SqlTypeKind.Real => "real",
        SqlTypeKind.Double => "double precision",
        SqlTypeKind.Decimal => "decimal",
        SqlTypeKind.Text => "text",
        SqlTypeKind.Bytea => "bytea",
        SqlTypeKind.Uuid => "uuid",
        SqlTypeKind.Date => "date",
        SqlTypeKind.Time => "time",
        SqlTypeKind.Timestamp => "timestamp",
        SqlTypeKind.TimestampTz => "timestamptz",
        SqlTypeKind.DateTimeOffset => "datetimeoffset",
        SqlTypeKind.TimeSpan => "timespan",
        SqlTypeKind.Interval => "interval",
        SqlTypeKind.Json => "json",
        SqlTypeKind.Jsonb => "jsonb",
        SqlTypeKind.Array => "array",
        SqlTypeKind.RowVersion => "rowversion",
        SqlTypeKind.Record => "record",
        _ => "unknown",
    };

    private static SqlType Create(string name, ReadOnlySpan<int> arguments, int dimensions)
    {
        if (!Names.TryGetValue(name, out SqlType? type))
            throw Unknown(name);
        if (arguments.Length > 0)
            type = WithModifiers(type, name, arguments);
        else if (IsFixedName(name))
            type = type with { Length = 1, IsFixedLength = true };
        for (int i = 0; i < dimensions; i++)
            type = SqlType.ArrayOf(type);
        return type;
    }

    private static SqlType WithModifiers(SqlType type, string name, ReadOnlySpan<int> arguments)
    {
        switch (type.Kind)
        {
            case SqlTypeKind.Text when arguments.Length == 1 && !name.Equals("text", StringComparison.OrdinalIgnoreCase):
                if (arguments[0] < 1)
                    throw Modifier(name, "the length must be at least 1");
                return type with { Length = arguments[0], IsFixedLength = IsFixedName(name) };
            case SqlTypeKind.Decimal when arguments.Length <= 2:
                int scale = arguments.Length == 2 ? arguments[1] : 0;
                if (arguments[0] is < 1 or > MaxDecimalPrecision)
                    throw Modifier(name, $"the precision must be between 1 and {MaxDecimalPrecision}");
                if (scale < 0 || scale > arguments[0] || scale > 28)
                    throw Modifier(name, "the scale must be between 0 and the precision, and at most 28");
                return type with { Precision = arguments[0], Scale = scale };
            case SqlTypeKind.Double when arguments.Length == 1 && name.Equals("float", StringComparison.OrdinalIgnoreCase):
                if (arguments[0] is < 1 or > 53)
                    throw Modifier(name, "the precision must be between 1 and 53 bits");
                return arguments[0] <= 24 ? SqlType.Real : SqlType.Double;
            case SqlTypeKind.Time or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.DateTimeOffset or SqlTypeKind.TimeSpan or SqlTypeKind.Interval when arguments.Length == 1:
                if (arguments[0] is < 0 or > 7)
                    throw Modifier(name, "seconds have 0 to 7 fraction digits");
                return arguments[0] == 7 ? type : type with { Precision = arguments[0] };
            case SqlTypeKind.Bytea when arguments.Length == 1 && !name.Equals("bytea", StringComparison.OrdinalIgnoreCase):
                // varbinary(n) is taken for the data sets that use it; bytea has no length.
                return type;
            default:
                throw Modifier(name, "it takes no such modifiers");
        }
    }

    private static bool IsFixedName(string name) => name.ToLowerInvariant() is "char" or "character" or "bpchar" or "nchar";

    private static BareMetalException Modifier(string name, string what) =>
        new(SqlStates.InvalidParameterValue, $"The modifiers of type {name} are not valid: {what}.");

    private static BareMetalException Unknown(string name)
    {
        const string Hint = "Types are boolean, tinyint, smallint, integer, bigint, their unsigned forms utinyint, usmallint, uinteger, ubigint, real, double precision, decimal, text, varchar(n), char(n), bytea, uuid, date, time, timestamp, timestamptz, datetimeoffset, timespan, interval, json, jsonb, rowversion, and arrays of them.";
        return new BareMetalException(SqlStates.UndefinedObject, $"The type \"{name}\" does not exist.") { Hint = Hint };
    }

    // The message without the SQLSTATE in front and the hint behind, which the new exception adds again.
    private static string PlainMessage(BareMetalException e)
    {
        string message = e.Message[(e.SqlState.Length + 2)..];
        int hint = e.Hint is null ? -1 : message.IndexOf(" Hint: ", StringComparison.Ordinal);
        return hint < 0 ? message : message[..hint];
    }
}
