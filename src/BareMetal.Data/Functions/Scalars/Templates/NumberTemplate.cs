using System.Globalization;
using System.Text;

namespace BareMetal.Data.Functions.Scalars.Templates;

/// <summary>
/// A template for numbers, as to_char and to_number take it (PostgreSQL manual, 9.8, table 9.29): digits <c>9</c> and <c>0</c>, point <c>.</c> and <c>D</c>, groups
/// <c>,</c> and <c>G</c>, signs <c>S MI PL SG PR</c>, <c>V</c>, <c>EEEE</c>, <c>RN</c>, <c>TH</c>, <c>L</c>, and <c>FM</c> for no filling. Signs, point and groups are those of the
/// invariant culture.
/// </summary>
internal sealed class NumberTemplate
{
    private static readonly (string Text, Kind Kind)[] s_patterns =
    [
        ("EEEE", Kind.Exponent), ("FM", Kind.Fill), ("MI", Kind.Minus), ("PL", Kind.Plus), ("PR", Kind.Bracket), ("RN", Kind.Roman), ("SG", Kind.SignHere), ("TH", Kind.Ordinal), ("SP", Kind.Spell),
        ("9", Kind.Nine), ("0", Kind.Zero), (".", Kind.Point), ("D", Kind.Point), (",", Kind.Group), ("G", Kind.Group), ("L", Kind.Currency), ("S", Kind.Sign), ("V", Kind.Shift), ("B", Kind.Blank), ("C", Kind.Code),
    ];

    private static readonly string[] s_ones = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
    private static readonly string[] s_tens = ["", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"];
    private static readonly string[] s_hundreds = ["", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM"];

    private readonly List<Node> _nodes = [];
    private readonly bool _fill;
    private readonly bool _hasPoint;
    private readonly bool _isExponent;
    private readonly bool _isRoman;
    private readonly bool _isBracket;
    private readonly int _whole;
    private readonly int _fraction;
    private readonly int _shift;
    private readonly int _firstZero = -1;
    private readonly Sign _sign;

    /// <summary>Reads a template.</summary>
    /// <exception cref="BareMetalException">42601: parts that do not go together.</exception>
    public NumberTemplate(string text)
    {
        Text = text;
        bool shifted = false, digits = false;
        for (int at = 0; at < text.Length;)
        {
            if (text[at] == '"')
            {
                at++;
                while (at < text.Length && text[at] != '"')
                {
                    if (text[at] == '\\' && at + 1 < text.Length)
                        at++;
                    _nodes.Add(new Node(Kind.Literal, text[at++].ToString(), false));
                }

                at++;
                continue;
            }

            if (Match(text, at) is not { } found)
            {
                int step = text[at] == '\\' && at + 1 < text.Length && text[at + 1] == '"' ? 2 : 1;
                _nodes.Add(new Node(Kind.Literal, text[at + step - 1].ToString(), false));
                at += step;
                continue;
            }

            bool lower = char.IsLower(text[at]);
            at += found.Text.Length;
            if (_isExponent && found.Kind is not (Kind.Literal or Kind.Fill))
                throw Invalid("\"EEEE\" must be the last pattern");
            switch (found.Kind)
            {
                case Kind.Fill:
                    _fill = true;
                    continue;
                case Kind.Nine or Kind.Zero:
                    if (_isBracket)
                        throw Invalid("\"PR\" must be behind the digits");
                    digits = true;
                    if (_hasPoint)
                    {
                        _fraction++;
                    }
                    else
                    {
                        if (found.Kind == Kind.Zero && _firstZero < 0)
                            _firstZero = _whole;
                        _whole++;
                        _shift += shifted ? 1 : 0;
                    }

                    break;
                case Kind.Point:
                    if (_hasPoint)
                        throw Invalid("there is more than one point");
                    if (shifted)
                        throw Invalid("\"V\" and a point can't be used together");
                    _hasPoint = true;
                    break;
                case Kind.Shift:
                    if (_hasPoint)
                        throw Invalid("\"V\" and a point can't be used together");
                    shifted = true;
                    continue;
                case Kind.Sign:
                    if (_sign != Sign.None || Any(Kind.Minus) || Any(Kind.Plus) || Any(Kind.SignHere) || _isBracket)
                        throw Invalid("\"S\" can't be used twice or with \"PL\", \"MI\", \"SG\" and \"PR\"");
                    _sign = digits || _hasPoint ? Sign.After : Sign.Before;
                    break;
                case Kind.Minus or Kind.Plus or Kind.SignHere or Kind.Bracket when _sign != Sign.None:
                    throw Invalid("\"S\" can't be used with \"PL\", \"MI\", \"SG\" and \"PR\"");
                case Kind.Bracket:
                    if (Any(Kind.Minus) || Any(Kind.Plus) || Any(Kind.SignHere))
                        throw Invalid("\"PR\" can't be used with \"S\", \"PL\", \"MI\" and \"SG\"");
                    _isBracket = true;
                    continue;
                case Kind.Exponent:
                    if (_fill || shifted || _sign != Sign.None || _isBracket || Any(Kind.Minus) || Any(Kind.Plus) || Any(Kind.SignHere) || Any(Kind.Roman))
                        throw Invalid("\"EEEE\" is only for digits and a point");
                    _isExponent = true;
                    continue;
                case Kind.Roman:
                    _isRoman = true;
                    break;
                case Kind.Blank or Kind.Code or Kind.Spell:
                    continue;
            }

            _nodes.Add(new Node(found.Kind, found.Text, lower));
        }
    }

    private enum Kind
    {
        Literal,
        Nine,
        Zero,
        Point,
        Group,
        Sign,
        Minus,
        Plus,
        SignHere,
        Bracket,
        Currency,
        Shift,
        Exponent,
        Roman,
        Ordinal,
        Fill,
        Blank,
        Code,
        Spell,
    }

    private enum Sign
    {
        None,
        Before,
        After,
    }

    /// <summary>The template's text.</summary>
    public string Text { get; }

    /// <summary>Writes a number that is one.</summary>
    public string Format(decimal value)
    {
        if (_isRoman)
            return Roman(decimal.Round(value, MidpointRounding.AwayFromZero));
        if (_isExponent)
            return Scientific(value.ToString("E" + _fraction.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
        decimal scaled = value;
        for (int i = 0; i < _shift; i++)
            scaled *= 10;
        decimal rounded = decimal.Round(scaled, Math.Min(_fraction, 28), MidpointRounding.AwayFromZero);
        string digits = Math.Abs(rounded).ToString("F" + _fraction.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return Write(digits, rounded < 0);
    }

    /// <summary>Writes a binary floating-point number; 15 digits of it are there.</summary>
    public string Format(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value) || Math.Abs(value) >= 7e27)
        {
            if (_isExponent && double.IsFinite(value))
                return Scientific(value.ToString("E" + _fraction.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
            return Write(null, value < 0);
        }

        if (_isRoman || _isExponent)
            return Format((decimal)value);
        for (int i = 0; i < _shift; i++)
            value *= 10;
        return Write(RoundedDigits(Math.Abs(value)), value < 0);
    }

    /// <summary>The digits of a binary number, rounded as its exact value demands, ties to even.</summary>
    private string RoundedDigits(double value)
    {
        const int Enough = 40;
        string exact = value.ToString("F" + (_fraction + Enough).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int cut = exact.IndexOf('.', StringComparison.Ordinal) + 1 + _fraction;
        string kept = _fraction == 0 ? exact[..(cut - 1)] : exact[..cut];
        int half = string.CompareOrdinal(exact[cut..], "5" + new string('0', Enough - 1));
        if (half < 0 || (half == 0 && (kept[^1] - '0') % 2 == 0))
            return kept;
        char[] digits = kept.ToCharArray();
        for (int i = digits.Length - 1; i >= 0; i--)
        {
            if (digits[i] == '.')
                continue;
            if (digits[i] != '9')
            {
                digits[i]++;
                return new string(digits);
            }

            digits[i] = '0';
        }

        return "1" + new string(digits);
    }

    /// <summary>Reads a number.</summary>
    /// <exception cref="BareMetalException">22P02: there is none.</exception>
    public decimal Parse(string text)
    {
        if (_isExponent)
            throw new BareMetalException(SqlStates.FeatureNotSupported, "\"EEEE\" is not supported in to_number.");
        if (_isRoman)
            throw new BareMetalException(SqlStates.FeatureNotSupported, "\"RN\" is not supported in to_number.");
        StringBuilder digits = new();
        bool negative = false, point = false;
        int at = 0;
        foreach (Node node in _nodes)
        {
            switch (node.Kind)
            {
                case Kind.Nine or Kind.Zero or Kind.Point or Kind.Sign or Kind.SignHere or Kind.Minus or Kind.Plus:
                    while (at < text.Length && text[at] == ' ')
                        at++;
                    if (at < text.Length && (text[at] is '-' or '+' || (text[at] == '<' && _isBracket)) && (digits.Length == 0 || node.Kind is Kind.Sign or Kind.SignHere or Kind.Minus or Kind.Plus))
                        negative |= text[at++] is '-' or '<';
                    if (node.Kind is not (Kind.Nine or Kind.Zero or Kind.Point) || at >= text.Length)
                        break;

                    // A place of a digit or the point takes what is there; what is neither is passed over.
                    if (char.IsAsciiDigit(text[at]))
                    {
                        digits.Append(text[at]);
                    }
                    else if (text[at] == '.' && !point && _hasPoint)
                    {
                        point = true;
                        digits.Append('.');
                        if (node.Kind != Kind.Point && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]))
                            digits.Append(text[++at]);
                    }

                    at++;
                    break;
                case Kind.Group:
                    if (at < text.Length && text[at] == ',')
                        at++;
                    break;
                default:
                    // A literal stands for a character of the text that is no part of a number.
                    if (at < text.Length && !char.IsAsciiDigit(text[at]) && text[at] is not ('.' or ',' or '+' or '-'))
                        at++;
                    break;
            }
        }

        if (_sign == Sign.After && at < text.Length && text[at] == '-')
            negative = true;
        if (!decimal.TryParse(digits.ToString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value))
            throw new BareMetalException(SqlStates.InvalidTextRepresentation, $"The text \"{text}\" is no number of the form \"{Text}\".");
        decimal limit = 1;
        for (int i = 0; i < Math.Min(_whole, 28); i++)
            limit *= 10;
        if (value >= limit && _whole < 28)
            throw new BareMetalException(SqlStates.NumericOutOfRange, $"The number {value.ToString(CultureInfo.InvariantCulture)} has more digits than the template \"{Text}\".");
        for (int i = 0; i < _shift; i++)
            value /= 10;
        return negative ? -value : value;
    }

    private static (string Text, Kind Kind)? Match(string text, int at)
    {
        foreach ((string pattern, Kind kind) in s_patterns)
        {
            ReadOnlySpan<char> part = text.AsSpan(at, Math.Min(pattern.Length, text.Length - at));
            if (part.SequenceEqual(pattern) || (part.Length == pattern.Length && part.Equals(pattern, StringComparison.OrdinalIgnoreCase) && part.ToString() == pattern.ToLowerInvariant()))
                return (pattern, kind);
        }

        return null;
    }

    private bool Any(Kind kind) => _nodes.Exists(n => n.Kind == kind);

    /// <param name="digits">The number without its sign, with as many digits behind the point as the template has; null when it has no digits.</param>
    /// <param name="negative">Whether it is below zero.</param>
    private string Write(string? digits, bool negative)
    {
        int pointAt = digits is null ? -1 : digits.IndexOf('.', StringComparison.Ordinal);
        string whole = digits is null ? "" : pointAt < 0 ? digits : digits[..pointAt], fraction = pointAt < 0 ? "" : digits![(pointAt + 1)..];
        bool overflows = digits is null || whole.Length > _whole;

        // A single zero before the point is shown where the template says 0, and where nothing follows.
        bool hidesZero = !overflows && whole == "0" && _firstZero < 0 && _fraction > 0;
        if (hidesZero || (whole == "0" && _whole == 0))
            whole = "";
        int first = overflows ? 0 : _whole - whole.Length;
        if (_firstZero >= 0)
            first = Math.Min(first, _firstZero);

        // Without filling, zeros at the end of the fraction that stand for 9 are not shown.
        int shown = fraction.Length;
        if (_fill && !overflows)
        {
            int lastZero = LastFractionZero();
            while (shown > lastZero && shown > 0 && fraction[shown - 1] == '0')
                shown--;
        }

        StringBuilder result = new();
        bool signed = false, started = false, behind = false;
        int position = 0, behindPoint = 0;
        bool ownSign = _sign == Sign.None && !_isBracket && !Any(Kind.Minus) && !Any(Kind.SignHere);
        bool roundsToNothing = hidesZero && _fill && shown == 0;
        foreach (Node node in _nodes)
        {
            switch (node.Kind)
            {
                case Kind.Nine or Kind.Zero when !behind:
                    if (position >= first || (position == _whole - 1 && roundsToNothing))
                    {
                        Start();
                        int index = position - (_whole - whole.Length);
                        result.Append(overflows ? '#' : index < 0 ? '0' : whole[index]);
                        started = position >= first;
                    }
                    else if (!_fill)
                    {
                        result.Append(' ');
                    }

                    position++;
                    if (position == _whole && !_hasPoint)
                        End();
                    break;
                case Kind.Nine or Kind.Zero:
                    Start();
                    if (overflows)
                        result.Append('#');
                    else if (behindPoint < shown)
                        result.Append(fraction[behindPoint]);
                    behindPoint++;
                    if (behindPoint == _fraction)
                        End();
                    break;
                case Kind.Point:
                    behind = true;
                    Start();
                    if (_fraction == 0 && !overflows)
                        return result.ToString(); // as PostgreSQL: a point that nothing follows ends the number and the template
                    result.Append('.');
                    if (_fraction == 0)
                        End();
                    break;
                case Kind.Group:
                    if (started && !behind)
                        result.Append(',');
                    else if (behind)
                        result.Append(',');
                    else if (!_fill)
                        result.Append(' ');
                    break;
                case Kind.Minus:
                    if (negative)
                        result.Append('-');
                    else if (!_fill)
                        result.Append(' ');
                    break;
                case Kind.Plus:
                    if (!negative)
                        result.Append('+');
                    else if (!_fill)
                        result.Append(' ');
                    break;
                case Kind.SignHere:
                    result.Append(negative ? '-' : '+');
                    break;
                case Kind.Currency:
                    if (!_fill)
                        result.Append(' ');
                    break;
                case Kind.Ordinal:
                    if (!negative && !_hasPoint && !overflows && whole.Length > 0)
                        result.Append(OrdinalSuffix(whole, node.IsLower));
                    break;
                case Kind.Literal:
                    result.Append(node.Text);
                    break;
            }
        }

        return result.ToString();

        void Start()
        {
            started = true;
            if (signed)
                return;
            signed = true;
            if (_isBracket)
                Put(negative ? '<' : ' ');
            else if (_sign == Sign.Before)
                result.Append(negative ? '-' : '+');
            else if (ownSign)
                Put(negative ? '-' : ' ');
        }

        void End()
        {
            if (_isBracket)
                Put(negative ? '>' : ' ');
            else if (_sign == Sign.After)
                result.Append(negative ? '-' : '+');
        }

        void Put(char c)
        {
            if (c != ' ' || !_fill)
                result.Append(c);
        }
    }

    /// <summary>How many digits behind the point are kept because of a 0 in the template.</summary>
    private int LastFractionZero()
    {
        int last = 0, at = 0;
        bool behind = false;
        foreach (Node node in _nodes)
        {
            if (node.Kind == Kind.Point)
            {
                behind = true;
            }
            else if (behind && node.Kind is Kind.Nine or Kind.Zero)
            {
                at++;
                if (node.Kind == Kind.Zero)
                    last = at;
            }
        }

        return last;
    }

    private string Scientific(string text)
    {
        // .NET writes 1.5E+004, the template wants 1.5e+04.
        int e = text.IndexOf('E', StringComparison.Ordinal);
        int exponent = int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string number = text[..e] + "e" + (exponent < 0 ? "-" : "+") + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
        return number[0] == '-' ? number : " " + number;
    }

    private string Roman(decimal value)
    {
        if (value is < 1 or > 3999)
            return new string('#', 15);
        int n = (int)value;
        string roman = new string('M', n / 1000) + s_hundreds[n / 100 % 10] + s_tens[n / 10 % 10] + s_ones[n % 10];
        StringBuilder result = new();
        foreach (Node node in _nodes)
        {
            if (node.Kind == Kind.Roman)
                result.Append((node.IsLower ? roman.ToLowerInvariant() : roman).PadLeft(_fill ? 0 : 15));
            else if (node.Kind == Kind.Literal)
                result.Append(node.Text);
        }

        return result.ToString();
    }

    /// <summary>st, nd, rd or th.</summary>
    internal static string OrdinalSuffix(string number, bool lower)
    {
        char last = number[^1];
        bool teen = number.Length > 1 && number[^2] == '1';
        string suffix = teen ? "TH" : last switch { '1' => "ST", '2' => "ND", '3' => "RD", _ => "TH" };
        return lower ? suffix.ToLowerInvariant() : suffix;
    }

    private BareMetalException Invalid(string what) => new(SqlStates.SyntaxError, $"The template \"{Text}\" for numbers is not valid: {what}.");

    private readonly record struct Node(Kind Kind, string Text, bool IsLower);
}
