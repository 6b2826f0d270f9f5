using System.Globalization;
using System.Text;

namespace BareMetal.Data.Functions.Json.Path;

internal enum JsonPathToken
{
    End, Name, String, Variable, Number, Dollar, At, Symbol,
}

/// <summary>Splits a path into tokens. The rules are those of PostgreSQL's jsonpath.</summary>
internal sealed class JsonPathLexer(string text)
{
    private const string Special = "?%$.[]{}()|&!=<>@#,*:-+/\"\\";

    private int _at;

    public JsonPathToken Kind { get; private set; }

    /// <summary>The text that the token stands for; of symbols their characters.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Where the token begins.</summary>
    public int Position { get; private set; }

    public string Source => text;

    public void Read()
    {
        SkipBlanks();
        Position = _at;
        Text = "";
        if (_at >= text.Length)
        {
            Kind = JsonPathToken.End;
            return;
        }

        char c = text[_at];
        if (c == '"')
        {
            Kind = JsonPathToken.String;
            Text = Quoted();
        }
        else if (c == '$')
        {
            _at++;
            if (_at < text.Length && text[_at] == '"')
            {
                Kind = JsonPathToken.Variable;
                Text = Quoted();
            }
            else if (_at < text.Length && IsNameChar(text[_at]))
            {
                Kind = JsonPathToken.Variable;
                Text = Name();
            }
            else
            {
                Kind = JsonPathToken.Dollar;
            }
        }
        else if (c == '@')
        {
            _at++;
            Kind = JsonPathToken.At;
        }
        else if (char.IsAsciiDigit(c) || (c == '.' && _at + 1 < text.Length && char.IsAsciiDigit(text[_at + 1])))
        {
            Kind = JsonPathToken.Number;
            Text = Number();
        }
        else if (c == '\\' || IsNameChar(c))
        {
            Kind = JsonPathToken.Name;
            Text = Name();
        }
        else
        {
            Kind = JsonPathToken.Symbol;
            string two = _at + 1 < text.Length ? text.Substring(_at, 2) : "";
            Text = two is "&&" or "||" or "==" or "!=" or "<>" or "<=" or ">=" or "**" ? two : c.ToString();
            _at += Text.Length;
        }
    }

    public BareMetalException Error(string what)
    {
        string near = Position < text.Length ? $" at \"{text[Position..Math.Min(text.Length, Position + 20)]}\"" : " at its end";
        return new BareMetalException(SqlStates.SyntaxError, $"The JSON path is not valid{near} (character {Position + 1}): {what}.")
        {
            Detail = $"The path is: {text}",
            Hint = "Write it as $.member[0].\"other member\" ? (@.price > 10).",
        };
    }

    private void SkipBlanks()
    {
        while (_at < text.Length)
        {
            if (text[_at] is ' ' or '\t' or '\n' or '\r' or '\f')
            {
                _at++;
            }
            else if (text[_at] == '/' && _at + 1 < text.Length && text[_at + 1] == '*')
            {
                int end = text.IndexOf("*/", _at + 2, StringComparison.Ordinal);
                if (end < 0)
                {
                    Position = _at;
                    throw Error("a comment is not closed");
                }

                _at = end + 2;
            }
            else
            {
                return;
            }
        }
    }

    private static bool IsNameChar(char c) => c > ' ' && c != '\x7F' && Special.IndexOf(c, StringComparison.Ordinal) < 0;

    private string Number()
    {
        int start = _at;
        Digits();
        if (_at < text.Length && text[_at] == '.')
        {
            _at++;
            Digits();
        }

        if (_at < text.Length && text[_at] is 'e' or 'E')
        {
            _at++;
            if (_at < text.Length && text[_at] is '+' or '-')
                _at++;
            int digits = _at;
            Digits();
            if (_at == digits)
                throw Error("a number has no digits in its exponent");
        }

        if (_at < text.Length && (text[_at] == '\\' || IsNameChar(text[_at])))
            throw Error("a letter follows a number");
        string number = text[start.._at];
        if (number.Length > 1 && number[0] == '0' && char.IsAsciiDigit(number[1]))
            throw Error("a number begins with zero");

        // JSON wants digits on both sides of the point.
        int point = number.IndexOf('.', StringComparison.Ordinal);
        if (point == 0)
            return "0" + number;
        return point > 0 && (point + 1 == number.Length || !char.IsAsciiDigit(number[point + 1])) ? number.Remove(point, 1) : number;

        void Digits()
        {
            while (_at < text.Length && char.IsAsciiDigit(text[_at]))
                _at++;
        }
    }

    private string Name()
    {
        StringBuilder name = new();
        while (_at < text.Length)
        {
            char c = text[_at];
            if (c == '\\')
            {
                Escape(name);
            }
            else if (c == '/' && _at + 1 < text.Length && text[_at + 1] == '*')
            {
                break;
            }
            else if (IsNameChar(c))
            {
                name.Append(c);
                _at++;
            }
            else
            {
                break;
            }
        }

        return name.ToString();
    }

    private string Quoted()
    {
        StringBuilder value = new();
        for (_at++; _at < text.Length;)
        {
            char c = text[_at];
            if (c == '"')
            {
                _at++;
                string result = value.ToString();
                for (int i = 0; i < result.Length; i++)
                {
                    if (char.IsHighSurrogate(result[i]) && i + 1 < result.Length && char.IsLowSurrogate(result[i + 1]))
                        i++;
                    else if (char.IsSurrogate(result[i]))
                        throw Error("a surrogate stands alone");
                }

                return result;
            }

            if (c == '\\')
            {
                Escape(value);
            }
            else
            {
                value.Append(c);
                _at++;
            }
        }

        throw Error("a string is not closed");
    }

    private void Escape(StringBuilder output)
    {
        if (_at + 1 >= text.Length)
            throw Error("an escape ends early");
        char c = text[_at + 1];
        _at += 2;
        switch (c)
        {
            case 'b': output.Append('\b'); break;
            case 'f': output.Append('\f'); break;
            case 'n': output.Append('\n'); break;
            case 'r': output.Append('\r'); break;
            case 't': output.Append('\t'); break;
            case 'v': output.Append('\v'); break;
            case 'x':
                Code(2);
                break;
            case 'u' when _at < text.Length && text[_at] == '{':
            {
                int end = text.IndexOf('}', _at);
                if (end < 0 || end - _at is < 2 or > 7)
                    throw Error("\\u{…} holds one to six hexadecimal digits");
                _at++;
                Code(end - _at);
                _at++;
                break;
            }

            case 'u':
                Code(4);
                break;
            default: output.Append(c); break;
        }

        void Code(int digits)
        {
            if (_at + digits > text.Length || !int.TryParse(text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code))
                throw Error("an escape needs hexadecimal digits");
            _at += digits;
            if (code == 0)
                throw Error("U+0000 cannot stand in a path");
            if (code <= char.MaxValue)
                output.Append((char)code);
            else if (Rune.TryCreate(code, out Rune rune))
                output.Append(rune.ToString());
            else
                throw Error("an escape is beyond Unicode");
        }
    }
}
