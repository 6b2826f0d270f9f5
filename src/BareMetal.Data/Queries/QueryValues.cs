using System.Globalization;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>Values of clauses as values of fields: strict where the parameter conversion is generous, since they come from outside.</summary>
internal static class QueryValues
{
    /// <summary>The value as the field's type; false, with what was expected, when it does not fit.</summary>
    public static bool TryConvert(object? value, SqlType type, IReadOnlyDictionary<string, long>? enumMembers, out Value result, out string expected)
    {
        result = default;
        if (value is Enum named && enumMembers is not null)
            value = Convert.ToInt64(named, CultureInfo.InvariantCulture);
        if (value is string name && enumMembers is not null)
        {
            expected = $"one of {string.Join(", ", enumMembers.Keys)}";
            long? number = null;
            foreach ((string member, long candidate) in enumMembers)
            {
                if (string.Equals(member, name, StringComparison.OrdinalIgnoreCase))
                    number = candidate;
            }

            if (number is null)
                return false;
            value = number.Value;
        }

        expected = Expected(type.Kind);
        bool fits = type.Kind switch
        {
            SqlTypeKind.Boolean => value is bool,
            >= SqlTypeKind.TinyInt and <= SqlTypeKind.UBigInt => IsWhole(value),
            SqlTypeKind.Decimal or SqlTypeKind.Double or SqlTypeKind.Real => IsNumber(value),
            SqlTypeKind.Text => value is string or char,
            SqlTypeKind.Bytea => value is byte[] or string,
            SqlTypeKind.Json or SqlTypeKind.Jsonb or SqlTypeKind.Array or SqlTypeKind.Record => false,
            _ => value is not null && !IsNumber(value) && value is not bool,
        };
        if (!fits)
            return false;
        try
        {
            if (type.Kind == SqlTypeKind.Bytea && value is string base64)
                value = Convert.FromBase64String(base64);
            result = value is char c ? ClrTypes.ToValue(c.ToString(), type) : ClrTypes.ToValue(value, type);
            return true;
        }
        catch (Exception e) when (e is InvalidCastException or OverflowException or FormatException or BareMetalException)
        {
            return false;
        }
    }

    public static string Describe(object? value) => value switch
    {
        null => "null",
        string s => $"\"{s}\"",
        System.Collections.IEnumerable => "a list",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "?",
    };

    private static bool IsNumber(object? value)
        => value is sbyte or short or int or long or byte or ushort or uint or ulong or decimal or double or float;

    private static bool IsWhole(object? value) => value switch
    {
        decimal d => decimal.Truncate(d) == d,
        double d => Math.Truncate(d) == d,
        float f => MathF.Truncate(f) == f,
        _ => IsNumber(value),
    };

    private static string Expected(SqlTypeKind kind) => kind switch
    {
        SqlTypeKind.Boolean => "true or false",
        >= SqlTypeKind.TinyInt and <= SqlTypeKind.UBigInt => "a whole number in the field's range",
        SqlTypeKind.Decimal or SqlTypeKind.Double or SqlTypeKind.Real => "a number",
        SqlTypeKind.Text => "a text",
        SqlTypeKind.Bytea => "bytes as base64 text",
        SqlTypeKind.Uuid => "a GUID",
        SqlTypeKind.Date => "a date as yyyy-MM-dd",
        SqlTypeKind.Time => "a time of day as HH:mm:ss",
        SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz => "a date and time as yyyy-MM-ddTHH:mm:ss",
        SqlTypeKind.DateTimeOffset => "a date and time with offset as yyyy-MM-ddTHH:mm:ss+00:00",
        SqlTypeKind.Interval => "an interval such as 1 year 2 mons 3 days 04:05:06",
        SqlTypeKind.TimeSpan => "a duration as d.hh:mm:ss",
        _ => "nothing: fields of this type can't be compared",
    };
}
