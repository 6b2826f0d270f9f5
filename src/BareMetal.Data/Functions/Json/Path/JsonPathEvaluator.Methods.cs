using System.Globalization;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json.Path;

// Methods of items: .type(), .size(), .double() …
internal sealed partial class JsonPathEvaluator
{
    private static readonly SqlType[] MomentTypes = [SqlType.Date, SqlType.Time, SqlType.Timestamp, SqlType.TimestampTz];

    private JsonPathStatus Method(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found, bool unwrap)
    {
        switch (node.Text)
        {
            case "type":
                return Next(node, new JsonPathItem(Quoted(TypeName(item))), found);
            case "size":
                if (item.Kind != '[' && !_path.IsLax)
                    return _ignoresStructure ? JsonPathStatus.NotFound : Error(JsonPathErrors.ArrayNotFound, "The method .size() of a strict JSON path is applied to something that is no array.");
                return Next(node, Number(item.Kind == '[' ? JsonText.ArrayLength(item.Span) : 1), found);
        }

        if (unwrap && item.Kind == '[')
            return Children(node, item, found, 1, 1, 1, false, false);
        if (node.Text == "keyvalue")
            return KeyValue(node, item, found);
        JsonPathItem? result;
        try
        {
            result = node.Text switch
            {
                "abs" or "floor" or "ceiling" => Rounded(node.Text, item),
                "double" => Double(item),
                "number" or "decimal" => Exact(node, item),
                "integer" => Whole(item, int.MinValue, int.MaxValue),
                "bigint" => Whole(item, long.MinValue, long.MaxValue),
                "boolean" => Truth(item),
                "string" => item.Kind switch { '"' => new JsonPathItem(item.Json), '0' or 't' or 'f' => new JsonPathItem(Quoted(Utf8.ToString(item.Span))), _ => null },
                _ => Moment(node, item),
            };
        }
        catch (BareMetalException e) when (!_throws && e.SqlState[..2] == "22")
        {
            // An error of the data; whoever evaluates quietly asked for the status.
            return JsonPathStatus.Error;
        }

        if (result is { } value)
            return Next(node, value, found);
        string state = node.Text is "datetime" or "date" or "time" or "timestamp" or "timestamp_tz" ? JsonPathErrors.InvalidMoment : JsonPathErrors.NonNumericItem;
        return Error(state, $"The method .{node.Text}() of a JSON path does not apply to {Describe(item)}.");
    }

    private static string Describe(JsonPathItem item) => item.Kind switch
    {
        '{' => "an object",
        '[' => "an array",
        'n' => "null",
        _ => item.Span.Length <= 60 ? $"the value {Utf8.ToString(item.Span)}" : $"a {TypeName(item)}",
    };

    private static string TypeName(JsonPathItem item) => item.MomentType?.Kind switch
    {
        SqlTypeKind.Date => "date",
        SqlTypeKind.Time => "time without time zone",
        SqlTypeKind.Timestamp => "timestamp without time zone",
        SqlTypeKind.TimestampTz => "timestamp with time zone",
        _ => item.Kind switch { '{' => "object", '[' => "array", '"' => "string", 't' or 'f' => "boolean", 'n' => "null", _ => "number" },
    };

    private static byte[] Quoted(string text)
    {
        RowBuffer json = new(text.Length + 2);
        JsonText.WriteString(Utf8.ToBytes(text), json);
        return json.ToArray();
    }

    private static JsonPathItem? Rounded(string method, JsonPathItem item)
    {
        if (item.Kind != '0')
            return null;
        if (method == "abs")
            return item.Span[0] == '-' ? item.Part(item.Span[1..]) : item;
        if (!TryDecimal(item, out decimal value))
            throw new BareMetalException(SqlStates.NumericOutOfRange, $"The method .{method}() of a JSON path is applied to a number that is out of range.");
        return Number(method == "floor" ? decimal.Floor(value) : decimal.Ceiling(value));
    }

    private static JsonPathItem? Double(JsonPathItem item)
    {
        if (item.Kind is not ('0' or '"') || item.MomentType is not null)
            return null;
        string text = item.Kind == '"' ? TextOf(item).Trim() : Utf8.ToString(item.Span);
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
            return null;
        return item.Kind == '0' ? item : new JsonPathItem(Normal(value.ToString("R", CultureInfo.InvariantCulture)));
    }

    private static byte[] Normal(string number)
    {
        RowBuffer json = new();
        JsonNormal.Write(Utf8.ToBytes(number), json);
        return json.ToArray();
    }

    private JsonPathItem? Exact(JsonPathNode node, JsonPathItem item)
    {
        if (item.Kind is not ('0' or '"') || item.MomentType is not null)
            return null;
        string text = item.Kind == '"' ? TextOf(item).Trim() : Utf8.ToString(item.Span);
        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value))
            return null;
        if (node.Arguments.Count == 0)
            return item.Kind == '0' ? item : Number(value);
        int precision = Argument(node.Arguments[0]);
        int scale = node.Arguments.Count > 1 ? Argument(node.Arguments[1]) : 0;
        if (precision is < 1 or > 28 || scale < 0 || scale > precision)
            throw new BareMetalException(SqlStates.InvalidParameterValue, "The method .decimal() of a JSON path takes a precision of 1 to 28 and a scale of 0 to the precision.");
        value = decimal.Round(value, scale, MidpointRounding.AwayFromZero);
        if (Math.Abs(value) >= (decimal)Math.Pow(10, precision - scale))
            return null;
        return new JsonPathItem(Utf8.ToBytes(value.ToString("F" + scale.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)));
    }

    private int Argument(JsonPathNode node)
    {
        List<JsonPathItem> items = [];
        if (Item(node, _current, items, _path.IsLax) == JsonPathStatus.Ok && items is [{ Kind: '0' } number] && TryDecimal(number, out decimal value)
            && value is >= int.MinValue and <= int.MaxValue)
        {
            return (int)value;
        }

        throw new BareMetalException(SqlStates.InvalidParameterValue, "An argument of a JSON path's method is not a whole number.");
    }

    private static JsonPathItem? Whole(JsonPathItem item, long least, long most)
    {
        decimal value;
        if (item.Kind == '0' && TryDecimal(item, out value))
            value = decimal.Round(value, 0, MidpointRounding.AwayFromZero);
        else if (item is not { Kind: '"', MomentType: null } || !decimal.TryParse(TextOf(item), NumberStyles.Integer, CultureInfo.InvariantCulture, out value))
            return null;
        return value >= least && value <= most ? Number(value) : null;
    }

    private static JsonPathItem? Truth(JsonPathItem item)
    {
        bool? value = item.Kind switch
        {
            't' => true,
            'f' => false,
            '0' when TryDecimal(item, out decimal number) && decimal.Truncate(number) == number => number != 0,
            '"' when item.MomentType is null => TextOf(item).Trim().ToLowerInvariant() switch
            {
                "t" or "tr" or "tru" or "true" or "y" or "ye" or "yes" or "on" or "1" => true,
                "f" or "fa" or "fal" or "fals" or "false" or "n" or "no" or "of" or "off" or "0" => false,
                _ => null,
            },
            _ => null,
        };
        return value is { } known ? new JsonPathItem(known ? "true"u8.ToArray() : "false"u8.ToArray()) : null;
    }

    /// <summary>The moment that a string stands for, in ISO 8601.</summary>
    private static JsonPathItem? Moment(JsonPathNode node, JsonPathItem item)
    {
        if (node.Arguments.Count > 0 && node.Text == "datetime")
            throw new BareMetalException(SqlStates.FeatureNotSupported, "A template for .datetime() is not supported.") { Hint = "Without one it takes ISO 8601." };
        if (node.Text == "time_tz")
            throw new BareMetalException(SqlStates.FeatureNotSupported, "There is no type of times with a zone.") { Hint = "Use .time() or .timestamp_tz()." };
        if (item.Kind != '"')
            return null;
        string text = TextOf(item);
        foreach (SqlType type in MomentTypes)
        {
            if (TryMoment(text, type, out Value moment))
                return Converted(node.Text, type, moment);
        }

        return null;
    }

    private static JsonPathItem? Converted(string method, SqlType type, Value moment)
    {
        SqlType wanted = method switch { "date" => SqlType.Date, "time" => SqlType.Time, "timestamp" => SqlType.Timestamp, "timestamp_tz" => SqlType.TimestampTz, _ => type };
        long ticks = type.Kind == SqlTypeKind.Date ? moment.As<int>() * TimeSpan.TicksPerDay : moment.As<long>();
        return (type.Kind, wanted.Kind) switch
        {
            var (from, to) when from == to => new JsonPathItem(type, moment),
            (SqlTypeKind.Time, _) or (SqlTypeKind.Date, SqlTypeKind.Time) => null,
            (_, SqlTypeKind.Date) => new JsonPathItem(wanted, Value.From(SqlTypeKind.Date, (int)(ticks / TimeSpan.TicksPerDay))),
            (_, SqlTypeKind.Time) => new JsonPathItem(wanted, Value.From(SqlTypeKind.Time, ticks % TimeSpan.TicksPerDay)),
            _ => new JsonPathItem(wanted, Value.From(wanted.Kind, ticks)),
        };
    }

    private static bool TryMoment(string text, SqlType type, out Value moment)
    {
        const DateTimeStyles Styles = DateTimeStyles.None;
        moment = default;
        switch (type.Kind)
        {
            case SqlTypeKind.Date:
                if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, Styles, out DateOnly date))
                    return false;
                moment = Value.From(SqlTypeKind.Date, date.DayNumber);
                return true;
            case SqlTypeKind.Time:
                if (!TimeOnly.TryParseExact(text, ["HH:mm:ss", "HH:mm:ss.FFFFFFF"], CultureInfo.InvariantCulture, Styles, out TimeOnly time))
                    return false;
                moment = Value.From(SqlTypeKind.Time, time.Ticks);
                return true;
            case SqlTypeKind.Timestamp:
                if (!DateTime.TryParseExact(text, ["yyyy-MM-dd HH:mm:ss.FFFFFFF", "yyyy-MM-ddTHH:mm:ss.FFFFFFF"], CultureInfo.InvariantCulture, Styles, out DateTime local))
                    return false;
                moment = Value.From(SqlTypeKind.Timestamp, local.Ticks);
                return true;
            default:
                if (text.Length < 20 || text.AsSpan(19).IndexOfAny("+-Z") < 0
                    || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset instant))
                    return false;
                moment = Value.From(SqlTypeKind.TimestampTz, instant.UtcTicks);
                return true;
        }
    }

    private JsonPathStatus KeyValue(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found)
    {
        if (item.Kind != '{')
            return Error(JsonPathErrors.ObjectNotFound, $"The method .keyvalue() of a JSON path does not apply to {Describe(item)}.");
        JsonPathStatus result = JsonPathStatus.NotFound;

        // Objects of one document are told apart by where they begin.
        int id = ReferenceEquals(item.Json.Array, _root.Json.Array) ? item.Json.Offset - _root.Json.Offset : 0;
        JsonMembers members = new(item.Span);
        while (members.Next())
        {
            RowBuffer json = new();
            json.Append("{\"id\": "u8);
            json.AppendAscii(id.ToString(CultureInfo.InvariantCulture));
            json.Append(", \"key\": \""u8);
            json.Append(members.RawName);
            json.Append("\", \"value\": "u8);
            json.Append(members.Value);
            json.AppendByte((byte)'}');
            result = Next(node, new JsonPathItem(json.ToArray()), found);
            if (result == JsonPathStatus.Error || (result == JsonPathStatus.Ok && found is null))
                return result;
        }

        return result;
    }
}
