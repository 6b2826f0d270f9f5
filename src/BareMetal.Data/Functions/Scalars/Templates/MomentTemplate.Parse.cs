using System.Globalization;

namespace BareMetal.Data.Functions.Scalars.Templates;

internal sealed partial class MomentTemplate
{
    /// <summary>Reads a date and time.</summary>
    /// <param name="text">The text.</param>
    /// <param name="offset">Receives the minutes east of UTC when the text says them, else null.</param>
    /// <returns>The wall clock.</returns>
    /// <exception cref="BareMetalException">22007: the text is not of the template's form; 22008: a field is out of range.</exception>
    public DateTime Parse(string text, out int? offset)
    {
        Reader reader = new(this, text);
        for (int i = 0; i < _nodes.Count; i++)
        {
            Node node = _nodes[i];
            if (node.Pattern is null)
                reader.Skip(node, IsExact);
            else if (!reader.Read(node, i + 1 < _nodes.Count ? _nodes[i + 1] : null, IsExact))
                break;
        }

        offset = reader.Offset;
        return reader.Assemble();
    }

    private static int Width(string pattern) => pattern switch
    {
        "HH" or "HH12" or "HH24" or "MI" or "SS" or "MM" or "DD" or "WW" or "IW" or "CC" or "YY" or "IY" or "FF2" => 2,
        "MS" or "DDD" or "IDDD" or "YYY" or "IYY" or "FF3" => 3,
        "YYYY" or "IYYY" or "FF4" => 4,
        "SSSS" or "SSSSS" or "FF5" => 5,
        "US" or "FF6" => 6,
        "J" => 10,
        "D" or "ID" or "W" or "Q" or "Y" or "I" or "FF1" or "TZH" or "TZM" => 1,
        _ => 0,
    };

    /// <summary>Reads one text.</summary>
    private sealed class Reader(MomentTemplate template, string text)
    {
        private readonly Dictionary<string, int> _fields = [];
        private int _at;
        private bool? _afternoon;
        private bool _beforeChrist;

        /// <summary>Minutes east of UTC, when the text says them.</summary>
        public int? Offset { get; private set; }

        public void Skip(Node node, bool exact)
        {
            if (_at >= text.Length)
                return;
            bool separator = !node.IsQuoted && !char.IsLetterOrDigit(node.Written[0]);
            if (exact || !separator)
            {
                if (!separator && !exact)
                    SkipWhite();
                _at = Math.Min(_at + 1, text.Length);
                return;
            }

            SkipWhite();
            if (_at < text.Length && !char.IsLetterOrDigit(text[_at]) && text[_at] is not ('+' or '-'))
                _at++;
            else if (_at + 1 < text.Length && text[_at] is '+' or '-' && node.Written[0] is not ' ')
                _at++;
        }

        /// <summary>Reads a pattern; false at the end of the text.</summary>
        public bool Read(Node node, Node? next, bool exact)
        {
            if (!exact)
                SkipWhite();
            if (_at >= text.Length)
                return false;
            string pattern = node.Pattern!;
            switch (pattern)
            {
                case "A.M." or "P.M." or "AM" or "PM":
                    _afternoon = Word(["am", "pm", "a.m.", "p.m."], pattern) % 2 == 1;
                    return true;
                case "A.D." or "B.C." or "AD" or "BC":
                    _beforeChrist = Word(["ad", "bc", "a.d.", "b.c."], pattern) % 2 == 1;
                    return true;
                case "MONTH" or "MON":
                    Set("MM", Name(s_months, pattern) + 1, pattern);
                    return true;
                case "DAY" or "DY":
                    Set("D", Name(s_days, pattern) + 1, pattern);
                    return true;
                case "RM":
                    Set("MM", RomanMonth(pattern), pattern);
                    return true;
                case "TZ" or "OF":
                    throw new BareMetalException(SqlStates.FeatureNotSupported, $"\"{pattern}\" is only for to_char.");
                case "TZH" or "TZM":
                    ReadZone(pattern);
                    return true;
                case "Y,YYY":
                    int thousands = Digits(pattern, 9, out _);
                    if (_at >= text.Length || text[_at++] != ',')
                        throw Invalid(pattern);
                    Set("YYYY", (thousands * 1000) + Digits(pattern, 3, out _), pattern);
                    SkipOrdinal(node);
                    return true;
            }

            bool isFixed = !node.Fill && next is { Pattern: { } following } && Width(following) > 0;
            int value = Digits(pattern, isFixed ? Width(pattern) : 9, out int digits);
            if (isFixed && exact && digits < Width(pattern))
                throw Invalid(pattern);
            switch (pattern)
            {
                case "MS" or "US" or "FF1" or "FF2" or "FF3" or "FF4" or "FF5" or "FF6":
                    for (; digits < 7; digits++)
                        value *= 10;
                    for (; digits > 7; digits--)
                        value /= 10;
                    Set("fraction", value, pattern);
                    break;
                case "HH" or "HH12":
                    if (value is < 1 or > 12)
                    {
                        throw new BareMetalException(SqlStates.InvalidDatetimeFormat, $"The hour {value} is not one of the 12-hour clock.")
                        {
                            Hint = "Use HH24, or give an hour between 1 and 12.",
                        };
                    }

                    Set("HH12", value, pattern);
                    break;
                case "SSSSS":
                    Set("SSSS", value, pattern);
                    break;
                case "YYY" or "YY" or "Y":
                    // Of two readings the one nearer to 2020, as PostgreSQL has it.
                    Set("YYYY", digits >= 4 ? value : Near2020(value), pattern);
                    if (pattern == "YY" && digits <= 2)
                        _fields["YY"] = value;
                    break;
                case "IYY" or "IY" or "I":
                    Set("IYYY", digits >= 4 ? value : Near2020(value), pattern);
                    break;
                default:
                    Set(pattern, value, pattern);
                    break;
            }

            SkipOrdinal(node);
            return true;
        }

        /// <summary>Makes one moment of the fields.</summary>
        public DateTime Assemble()
        {
            int hour = Get("HH24", -1), minute = Get("MI", 0), second = Get("SS", 0);
            if (_fields.TryGetValue("HH12", out int half))
                hour = half % 12 + (_afternoon == true ? 12 : 0);
            else if (hour >= 0 && _afternoon is { } pm && hour <= 12)
                hour = hour % 12 + (pm ? 12 : 0);
            if (_fields.TryGetValue("SSSS", out int seconds))
                (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            hour = Math.Max(hour, 0);
            DateTime date = AssembleDate();
            if (hour > 23 || minute > 59 || second > 59)
                throw OutOfRange();
            return date.AddTicks((((hour * 60L) + minute) * 60 + second) * TimeSpan.TicksPerSecond + Get("fraction", 0));
        }

        private DateTime AssembleDate()
        {
            bool iso = _fields.ContainsKey("IYYY") || _fields.ContainsKey("IW") || _fields.ContainsKey("IDDD") || _fields.ContainsKey("ID");
            bool gregorian = _fields.ContainsKey("YYYY") || _fields.ContainsKey("MM") || _fields.ContainsKey("DD") || _fields.ContainsKey("DDD") || _fields.ContainsKey("WW") || _fields.ContainsKey("W");
            if (iso && gregorian)
            {
                throw new BareMetalException(SqlStates.InvalidDatetimeFormat, "Dates of weeks and dates of months are mixed in one template.")
                {
                    Hint = "Use either IYYY, IW and ID, or YYYY, MM and DD.",
                };
            }

            try
            {
                if (_fields.TryGetValue("J", out int julian))
                    return new DateTime(checked((julian - 1_721_426L) * TimeSpan.TicksPerDay));
                if (iso)
                {
                    int isoYear = Get("IYYY", 1);
                    DateTime first = ISOWeek.GetYearStart(isoYear);
                    return _fields.TryGetValue("IDDD", out int isoDay) ? first.AddDays(isoDay - 1) : first.AddDays(((Get("IW", 1) - 1) * 7) + Get("ID", 1) - 1);
                }

                int year = Get("YYYY", 0);
                if (_fields.TryGetValue("CC", out int century))
                    year = _fields.TryGetValue("YY", out int ofCentury) ? ((century - 1) * 100) + ofCentury + (ofCentury == 0 ? 100 : 0) : _fields.ContainsKey("YYYY") ? year : ((century - 1) * 100) + 1;
                if (_beforeChrist)
                    throw OutOfRange();
                year = year == 0 ? 1 : year;
                if (_fields.TryGetValue("DDD", out int dayOfYear) || (_fields.TryGetValue("WW", out int week) && (dayOfYear = ((week - 1) * 7) + 1) != 0))
                {
                    if (!_fields.ContainsKey("DD"))
                        return dayOfYear >= 1 && dayOfYear <= (DateTime.IsLeapYear(year) ? 366 : 365) ? new DateTime(year, 1, 1).AddDays(dayOfYear - 1) : throw OutOfRange();
                }

                int day = _fields.TryGetValue("W", out int weekOfMonth) && !_fields.ContainsKey("DD") ? ((weekOfMonth - 1) * 7) + 1 : Get("DD", 1);
                return new DateTime(year, Get("MM", 1), day);
            }
            catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
            {
                throw OutOfRange();
            }
        }

        private int Get(string field, int otherwise) => _fields.GetValueOrDefault(field, otherwise);

        private void Set(string field, int value, string pattern)
        {
            if (_fields.TryGetValue(field, out int before) && before != value)
                throw new BareMetalException(SqlStates.InvalidDatetimeFormat, $"The text \"{text}\" gives two values for \"{pattern}\".");
            _fields[field] = value;
        }

        private static int Near2020(int year) => year switch
        {
            < 70 => year + 2000,
            < 100 => year + 1900,
            < 520 => year + 2000,
            < 1000 => year + 1000,
            _ => year,
        };

        private int Digits(string pattern, int most, out int count)
        {
            int start = _at;
            if (_at < text.Length && text[_at] is '+' or '-' && most == 9 && Width(pattern) > 0 && pattern is not ("MS" or "US"))
                _at++;
            int first = _at;
            while (_at < text.Length && _at - first < most && char.IsAsciiDigit(text[_at]))
                _at++;
            count = _at - first;
            if (count == 0)
                throw Invalid(pattern, start);
            return int.Parse(text.AsSpan(start, _at - start), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        }

        private void ReadZone(string pattern)
        {
            int sign = 1;
            if (pattern == "TZH")
            {
                if (_at < text.Length && text[_at] is '+' or '-')
                    sign = text[_at++] == '-' ? -1 : 1;
                Offset = sign * Digits(pattern, 2, out _) * 60;
                return;
            }

            int minutes = Digits(pattern, 2, out _);
            Offset = Offset is { } hours ? hours + (hours < 0 ? -minutes : minutes) : minutes;
        }

        private int Word(string[] words, string pattern)
        {
            // Those with dots are longer, and come last.
            for (int i = words.Length - 1; i >= 0; i--)
            {
                if (string.Compare(text, _at, words[i], 0, words[i].Length, StringComparison.OrdinalIgnoreCase) == 0)
                {
                    _at += words[i].Length;
                    return i;
                }
            }

            throw Invalid(pattern);
        }

        private int Name(string[] names, string pattern)
        {
            for (int i = 0; i < names.Length; i++)
            {
                int length = pattern is "MON" or "DY" ? 3 : names[i].Length;
                if (string.Compare(text, _at, names[i], 0, length, StringComparison.OrdinalIgnoreCase) == 0)
                {
                    _at += length;
                    return i;
                }
            }

            throw Invalid(pattern);
        }

        private int RomanMonth(string pattern)
        {
            int best = -1;
            for (int i = 0; i < s_romanMonths.Length; i++)
            {
                if (string.Compare(text, _at, s_romanMonths[i], 0, s_romanMonths[i].Length, StringComparison.OrdinalIgnoreCase) == 0 && (best < 0 || s_romanMonths[i].Length > s_romanMonths[best].Length))
                    best = i;
            }

            if (best < 0)
                throw Invalid(pattern);
            _at += s_romanMonths[best].Length;
            return best + 1;
        }

        private void SkipWhite()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                _at++;
        }

        private void SkipOrdinal(Node node)
        {
            if (node.Ordinal is not null)
                _at = Math.Min(_at + 2, text.Length);
        }

        private BareMetalException Invalid(string pattern, int? at = null)
        {
            int from = at ?? _at;
            string rest = text.Substring(from, Math.Min(text.Length - from, 20));
            return new BareMetalException(SqlStates.InvalidDatetimeFormat, $"The text \"{rest}\" is no value for \"{pattern}\" of the template \"{template.Text}\".");
        }

        private BareMetalException OutOfRange() => new(SqlStates.DatetimeOverflow, $"The text \"{text}\" has a field that is out of range.");
    }
}
