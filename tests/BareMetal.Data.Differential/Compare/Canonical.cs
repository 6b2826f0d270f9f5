using System.Globalization;
using System.Text;

namespace BareMetal.Data.Differential.Compare;

/// <summary>One spelling for the values and types of both sides.</summary>
internal static class Canonical
{
    /// <summary>The type's name by PostgreSQL's object id.</summary>
    public static string TypeOf(int id) => id switch
    {
        16 => "boolean",
        17 => "bytea",
        20 => "bigint",
        21 => "smallint",
        23 => "integer",
        25 or 1042 or 1043 => "text",
        114 => "json",
        700 => "real",
        701 => "double precision",
        705 => "text",
        1082 => "date",
        1083 => "time",
        1114 => "timestamp",
        1186 => "interval",
        1184 => "timestamptz",
        1700 => "numeric",
        2950 => "uuid",
        3802 => "jsonb",
        1000 => "boolean[]",
        1005 => "smallint[]",
        1007 => "integer[]",
        1016 => "bigint[]",
        1009 or 1015 => "text[]",
        1231 => "numeric[]",
        1022 => "double precision[]",
        1182 => "date[]",
        _ => "type " + id.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The name for a type's name here.</summary>
    public static string TypeOf(string name)
    {
        bool array = name.EndsWith("[]", StringComparison.Ordinal);
        string element = array ? name[..^2] : name;
        int open = element.IndexOf('(', StringComparison.Ordinal);
        if (open > 0)
            element = element[..open];
        element = element switch
        {
            "decimal" => "numeric",
            "varchar" or "char" or "character varying" or "character" => "text",
            _ => element,
        };
        return array ? element + "[]" : element;
    }

    /// <summary>The spelling of PostgreSQL's text form.</summary>
    public static string FromText(string text, string type)
    {
        if (type.EndsWith("[]", StringComparison.Ordinal))
            return FromArray(text, type[..^2]);
        switch (type)
        {
            case "numeric":
                return Number(text);
            case "double precision" or "real":
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? Float(number) : text;
            case "timestamp" or "time":
                return text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
            case "interval":
                return Interval(text);
            case "timestamptz":
                return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out DateTimeOffset moment) ? Moment(moment.UtcDateTime) : text;
            default:
                return text;
        }
    }

    /// <summary>The spelling of a value that a reader here gives.</summary>
    public static string Of(object value, string type) => value switch
    {
        bool b => b ? "t" : "f",
        string s => s,
        decimal d => Number(d.ToString(CultureInfo.InvariantCulture)),
        double d => Float(d),
        float f => Float(f),
        DateTime t => Moment(t),
        DateTimeOffset t => Moment(t.UtcDateTime),
        DateOnly d => d.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        TimeOnly t => Trimmed(t.ToString("HH:mm:ss.fffffff", CultureInfo.InvariantCulture)),
        Guid g => g.ToString(),
        BareMetalInterval i => Interval(i.Months, i.Days, i.Ticks),
        byte[] bytes => "\\x" + Convert.ToHexStringLower(bytes),
        Array array => OfArray(array, type),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static string OfArray(Array array, string type)
    {
        StringBuilder text = new("{");
        string element = type.EndsWith("[]", StringComparison.Ordinal) ? type[..^2] : type;
        foreach (object? item in array)
            text.Append(item is null or DBNull ? "NULL" : '"' + Of(item, element) + '"').Append(',');
        return text.Append('}').ToString();
    }

    /// <summary>Reads PostgreSQL's array text ("8.15.6 Array Input and Output Syntax").</summary>
    private static string FromArray(string text, string element)
    {
        StringBuilder result = new("{");
        int i = 1;
        while (i < text.Length && text[i] != '}')
        {
            StringBuilder item = new();
            bool quoted = text[i] == '"';
            if (quoted)
            {
                for (i++; text[i] != '"'; i++)
                {
                    if (text[i] == '\\')
                        i++;
                    item.Append(text[i]);
                }

                i++;
            }
            else
            {
                for (; text[i] is not (',' or '}'); i++)
                    item.Append(text[i]);
            }

            string value = item.ToString();
            result.Append(!quoted && value == "NULL" ? "NULL" : '"' + FromText(value, element) + '"').Append(',');
            if (text[i] == ',')
                i++;
        }

        return result.Append('}').ToString();
    }

    private static string Number(string text)
    {
        if (text.Contains('.', StringComparison.Ordinal))
            text = text.TrimEnd('0').TrimEnd('.');
        return text is "-0" or "" or "-" ? "0" : text;
    }

    /// <summary>Reads PostgreSQL's form: years, months and days with their names, then the time.</summary>
    private static string Interval(string text)
    {
        int months = 0, days = 0;
        long ticks = 0;
        string[] words = text.Split(' ');
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i].Contains(':', StringComparison.Ordinal))
            {
                string[] parts = words[i].TrimStart('+', '-').Split(':');
                ticks = (((long.Parse(parts[0], CultureInfo.InvariantCulture) * 60) + long.Parse(parts[1], CultureInfo.InvariantCulture)) * TimeSpan.TicksPerMinute)
                    + (long)(decimal.Parse(parts[2], CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond);
                if (words[i][0] == '-')
                    ticks = -ticks;
                continue;
            }

            int number = int.Parse(words[i++], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            if (words[i].StartsWith("year", StringComparison.Ordinal))
                months += number * 12;
            else if (words[i].StartsWith("mon", StringComparison.Ordinal))
                months += number;
            else
                days += number;
        }

        return Interval(months, days, ticks);
    }

    /// <summary>By value: a month is 30 days and a day 24 hours, as comparisons take them, since equal ones stand for each other in groups.</summary>
    private static string Interval(int months, int days, long ticks) =>
        (((Int128)months * 30 + days) * TimeSpan.TicksPerDay + ticks).ToString(CultureInfo.InvariantCulture);

    private static string Float(double value) => value == 0 ? "0" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Moment(DateTime value) => Trimmed(value.ToString("yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture));

    private static string Trimmed(string text) => text.TrimEnd('0').TrimEnd('.');
}
