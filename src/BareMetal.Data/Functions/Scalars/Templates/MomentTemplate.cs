using System.Globalization;
using System.Text;

namespace BareMetal.Data.Functions.Scalars.Templates;

/// <summary>
/// A template for dates and times, as to_char, to_date and to_timestamp take it (PostgreSQL manual, 9.8, tables 9.26 and 9.27). Names are English.
/// </summary>
internal sealed partial class MomentTemplate
{
    // Longer patterns before those that they begin with.
    private static readonly string[] s_patterns =
    [
        "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "CC", "DAY", "DDD", "DD", "DY", "D", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "FX", "HH24", "HH12", "HH", "IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I", "J",
        "MI", "MM", "MONTH", "MON", "MS", "OF", "P.M.", "PM", "Q", "RM", "SSSSS", "SSSS", "SS", "TZH", "TZM", "TZ", "US", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y",
    ];

    private static readonly string[] s_capitalised = ["Month", "Mon", "Day", "Dy"];
    private static readonly string[] s_months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
    private static readonly string[] s_days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    private static readonly string[] s_romanMonths = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

    private readonly List<Node> _nodes = [];

    /// <summary>Reads a template; every text is one.</summary>
    public MomentTemplate(string text)
    {
        Text = text;
        for (int at = 0; at < text.Length;)
        {
            bool fill = false, translated = false;
            while (at + 1 < text.Length && text.Substring(at, 2) is "FM" or "fm" or "TM" or "tm")
            {
                fill |= text[at] is 'F' or 'f';
                translated |= text[at] is 'T' or 't';
                at += 2;
            }

            if (at == text.Length)
                break;
            if (Match(text, at) is { } pattern)
            {
                string written = text.Substring(at, pattern.Length);
                at += pattern.Length;
                string? ordinal = at + 1 < text.Length && text.Substring(at, 2) is "TH" or "th" ? text.Substring(at, 2) : null;
                if (ordinal is not null)
                    at += 2;
                else if (at + 1 < text.Length && text.Substring(at, 2) is "SP" or "sp")
                    at += 2;
                if (pattern == "FX")
                    IsExact = true;
                else
                    _nodes.Add(new Node(pattern, written, fill || (translated && pattern.ToUpperInvariant() is "MONTH" or "MON" or "DAY" or "DY"), ordinal));
                continue;
            }

            if (text[at] == '"')
            {
                at++;
                while (at < text.Length && text[at] != '"')
                {
                    if (text[at] == '\\' && at + 1 < text.Length)
                        at++;
                    _nodes.Add(new Node(null, text[at++].ToString(), false, null) { IsQuoted = true });
                }

                at++;
                continue;
            }

            int step = text[at] == '\\' && at + 1 < text.Length && text[at + 1] == '"' ? 2 : 1;
            _nodes.Add(new Node(null, text[at + step - 1].ToString(), false, null));
            at += step;
        }
    }

    /// <summary>The template's text.</summary>
    public string Text { get; }

    private bool IsExact { get; }

    /// <summary>Writes a moment or an interval.</summary>
    /// <exception cref="BareMetalException">22007: the template asks for what intervals do not have.</exception>
    public string Format(in MomentFields fields)
    {
        StringBuilder result = new();
        foreach (Node node in _nodes)
        {
            if (node.Pattern is null)
            {
                result.Append(node.Written);
                continue;
            }

            int start = result.Length;
            Append(result, node, fields);
            if (node.Ordinal is not null && result.Length > start && char.IsAsciiDigit(result[^1]))
                result.Append(NumberTemplate.OrdinalSuffix(result.ToString(start, result.Length - start), node.Ordinal == "th"));
        }

        return result.ToString();
    }

    private void Append(StringBuilder result, Node node, in MomentFields f)
    {
        int ticks = f.Ticks;
        switch (node.Pattern)
        {
            case "A.M." or "P.M.":
                Name(f.Hour % 24 >= 12 ? "P.M." : "A.M.", 0);
                break;
            case "AM" or "PM":
                Name(f.Hour % 24 >= 12 ? "PM" : "AM", 0);
                break;
            case "A.D." or "B.C.":
                RequireDate(f);
                Name(f.Year <= 0 ? "B.C." : "A.D.", 0);
                break;
            case "AD" or "BC":
                RequireDate(f);
                Name(f.Year <= 0 ? "BC" : "AD", 0);
                break;
            case "HH" or "HH12":
                Number(f.Hour % 12 == 0 ? 12 : f.Hour % 12, 2);
                break;
            case "HH24":
                Number(f.Hour, 2);
                break;
            case "MI":
                Number(f.Minute, 2);
                break;
            case "SS":
                Number(f.Second, 2);
                break;
            case "FF1":
                Fraction(1_000_000, 1);
                break;
            case "FF2":
                Fraction(100_000, 2);
                break;
            case "FF3" or "MS":
                Fraction(10_000, 3);
                break;
            case "FF4":
                Fraction(1_000, 4);
                break;
            case "FF5":
                Fraction(100, 5);
                break;
            case "FF6" or "US":
                Fraction(10, 6);
                break;
            case "SSSS" or "SSSSS":
                Number((f.Hour * 3600) + (f.Minute * 60) + f.Second, 0);
                break;
            case "TZ":
                RequireDate(f);
                result.Append(node.IsLower ? f.Zone.ToLowerInvariant() : f.Zone);
                break;
            case "TZH":
                RequireDate(f);
                result.Append(f.Offset < 0 ? '-' : '+').Append((Math.Abs(f.Offset) / 3600).ToString("00", CultureInfo.InvariantCulture));
                break;
            case "TZM":
                RequireDate(f);
                result.Append((Math.Abs(f.Offset) / 60 % 60).ToString("00", CultureInfo.InvariantCulture));
                break;
            case "OF":
                RequireDate(f);
                result.Append(f.Offset < 0 ? '-' : '+').Append((Math.Abs(f.Offset) / 3600).ToString(node.Fill ? "0" : "00", CultureInfo.InvariantCulture));
                if (f.Offset / 60 % 60 != 0)
                    result.Append(':').Append((Math.Abs(f.Offset) / 60 % 60).ToString("00", CultureInfo.InvariantCulture));
                break;
            case "MONTH":
                Name(s_months[RequireMonth(f) - 1], 9);
                break;
            case "MON":
                Name(s_months[RequireMonth(f) - 1][..3], 0);
                break;
            case "MM":
                Number(f.Month, 2);
                break;
            case "DAY":
                Name(s_days[(int)RequireDate(f).DayOfWeek], 9);
                break;
            case "DY":
                Name(s_days[(int)RequireDate(f).DayOfWeek][..3], 0);
                break;
            case "DDD":
                Number(f.Date?.DayOfYear ?? (f.Year * 360) + (f.Month * 30) + f.Day, 3);
                break;
            case "IDDD":
                DateTime isoDate = RequireDate(f);
                Number(((ISOWeek.GetWeekOfYear(isoDate) - 1) * 7) + IsoDay(isoDate), 3);
                break;
            case "DD":
                Number(f.Day, 2);
                break;
            case "D":
                Number((int)RequireDate(f).DayOfWeek + 1, 0);
                break;
            case "ID":
                Number(IsoDay(RequireDate(f)), 0);
                break;
            case "WW":
                Number(((f.Date?.DayOfYear ?? (f.Year * 360) + (f.Month * 30) + f.Day) - 1) / 7 + 1, 2);
                break;
            case "IW":
                Number(ISOWeek.GetWeekOfYear(RequireDate(f)), 2);
                break;
            case "W":
                Number(((f.Day - 1) / 7) + 1, 0);
                break;
            case "Q":
                if (f.Month != 0)
                    Number((f.Month + 2) / 3, 0);
                break;
            case "CC":
                Number(f.Date is null ? f.Year / 100 : (f.Year + 99) / 100, f.Year >= 9901 || f.Date is null && f.Year / 100 > 99 ? 0 : 2);
                break;
            case "Y,YYY":
                result.Append((f.Year / 1000).ToString(CultureInfo.InvariantCulture)).Append(',').Append((f.Year % 1000).ToString("000", CultureInfo.InvariantCulture));
                break;
            case "YYYY":
                Number(f.Year, 4);
                break;
            case "YYY":
                Number(f.Year % 1000, 3);
                break;
            case "YY":
                Number(f.Year % 100, 2);
                break;
            case "Y":
                Number(f.Year % 10, 1);
                break;
            case "IYYY":
                Number(IsoYear(f), 4);
                break;
            case "IYY":
                Number(IsoYear(f) % 1000, 3);
                break;
            case "IY":
                Number(IsoYear(f) % 100, 2);
                break;
            case "I":
                Number(IsoYear(f) % 10, 1);
                break;
            case "RM":
                if (f.Month == 0)
                    break;
                string roman = s_romanMonths[f.Month < 0 ? f.Month + 12 : f.Month - 1];
                result.Append((node.IsLower ? roman.ToLowerInvariant() : roman).PadRight(node.Fill ? 0 : 4));
                break;
            case "J":
                Number(1_721_426 + (RequireDate(f).Ticks / TimeSpan.TicksPerDay), 0);
                break;
        }

        void Fraction(int unit, int width) => result.Append(ticks < 0 ? "-" : "").Append(Math.Abs(ticks / unit).ToString(CultureInfo.InvariantCulture).PadLeft(width, '0'));

        void Number(long number, int width)
        {
            string digits = Math.Abs(number).ToString(CultureInfo.InvariantCulture);
            if (!node.Fill)
                digits = digits.PadLeft(number < 0 && node.Pattern is "DD" or "DDD" or "WW" ? width - 1 : width, '0');
            result.Append(number < 0 ? "-" : "").Append(digits);
        }

        void Name(string name, int width)
        {
            string cased = node.IsLower ? name.ToLowerInvariant() : node.IsUpper ? name.ToUpperInvariant() : name;
            result.Append(cased.PadRight(node.Fill ? 0 : width));
        }
    }

    private int IsoYear(in MomentFields f) => f.Date is { } date ? ISOWeek.GetYear(date) : f.Year;

    private static int IsoDay(DateTime date) => date.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)date.DayOfWeek;

    private int RequireMonth(in MomentFields f)
    {
        RequireDate(f);
        return f.Month;
    }

    private DateTime RequireDate(in MomentFields f) => f.Date ?? throw new BareMetalException(SqlStates.InvalidDatetimeFormat, $"The template \"{Text}\" is not valid for an interval.")
    {
        Hint = "Intervals are not tied to dates of the calendar: they have no names, weeks and time zones.",
    };

    private static string? Match(string text, int at)
    {
        foreach (string name in s_capitalised)
        {
            if (string.CompareOrdinal(text, at, name, 0, name.Length) == 0)
                return name.ToUpperInvariant();
        }

        foreach (string pattern in s_patterns)
        {
            if (string.CompareOrdinal(text, at, pattern, 0, pattern.Length) == 0 || string.CompareOrdinal(text, at, pattern.ToLowerInvariant(), 0, pattern.Length) == 0)
                return pattern;
        }

        return null;
    }

    /// <summary>A part of a template: a pattern, or a character.</summary>
    private sealed record Node(string? Pattern, string Written, bool Fill, string? Ordinal)
    {
        /// <summary>Whether a character came in double quotes.</summary>
        public bool IsQuoted { get; init; }

        public bool IsUpper => Written.Length > 1 ? char.IsUpper(Written[1]) || Written[1] == '.' && char.IsUpper(Written[0]) : char.IsUpper(Written[0]);

        public bool IsLower => char.IsLower(Written[0]);
    }
}
