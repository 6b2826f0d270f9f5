using System.Buffers;
using System.Text;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Functions.Json;

/// <summary>
/// Works on JSON as UTF-8 text without parsing it into objects: skipping over values, finding members and elements, reading and
/// writing strings. All but <see cref="Validate"/> expect text that has passed it.
/// </summary>
internal static class JsonText
{
    /// <summary>How deep documents may nest.</summary>
    public const int MaxDepth = 1000;

    private static readonly SearchValues<byte> Structural = SearchValues.Create("\"[]{}"u8);
    private static readonly SearchValues<byte> StringEnd = SearchValues.Create("\"\\"u8);
    private static readonly SearchValues<byte> ToEscape = SearchValues.Create(EscapeSet());

    public static readonly byte[] NullLiteral = "null"u8.ToArray();

    public static int SkipWhite(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && json[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            at++;
        return at;
    }

    /// <summary>The text of the value without white space around it.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> json)
    {
        int start = SkipWhite(json, 0);
        int end = json.Length;
        while (end > start && json[end - 1] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            end--;
        return json[start..end];
    }

    /// <summary>The kind of a value: its first byte, with '0' for every number.</summary>
    public static char KindOf(ReadOnlySpan<byte> value)
    {
        int at = SkipWhite(value, 0);
        if (at == value.Length)
            throw RowErrors.Corrupted("an empty JSON value");
        byte b = value[at];
        return b == '-' || (uint)(b - '0') <= 9 ? '0' : (char)b;
    }

    /// <summary>The index behind the string that begins at <paramref name="at"/>.</summary>
    public static int SkipString(ReadOnlySpan<byte> json, int at) => SkipString(json, at, out _);

    /// <summary>The index behind the string that begins at <paramref name="at"/>, and whether it holds escapes.</summary>
    public static int SkipString(ReadOnlySpan<byte> json, int at, out bool hasEscapes)
    {
        hasEscapes = false;
        at++;

        // Most strings are short: looking at some bytes one by one is faster than setting up a vector search.
        int near = Math.Min(json.Length, at + 24);
        for (; at < near; at++)
        {
            byte b = json[at];
            if (b == '"')
                return at + 1;
            if (b == '\\')
                break;
        }

        while (true)
        {
            int found = at <= json.Length ? json[at..].IndexOfAny(StringEnd) : -1;
            if (found < 0)
                throw RowErrors.Corrupted("a JSON string without end");
            at += found;
            if (json[at] == '"')
                return at + 1;
            hasEscapes = true;
            at += 2;
        }
    }

    /// <summary>The index behind the value that begins at <paramref name="at"/> (not white space).</summary>
    public static int SkipValue(ReadOnlySpan<byte> json, int at)
    {
        switch (ByteAt(json, at))
        {
            case (byte)'"':
                return SkipString(json, at);
            case (byte)'{' or (byte)'[':
                int depth = 0;
                while (true)
                {
                    // Structure is dense in small documents: the next byte of it is usually near.
                    int near = Math.Min(json.Length, at + 16);
                    while (at < near && json[at] is not ((byte)'"' or (byte)'{' or (byte)'}' or (byte)'[' or (byte)']'))
                        at++;
                    if (at == near)
                    {
                        int found = json[at..].IndexOfAny(Structural);
                        if (found < 0)
                            throw RowErrors.Corrupted("a JSON value without end");
                        at += found;
                    }

                    switch (json[at])
                    {
                        case (byte)'"':
                            at = SkipString(json, at);
                            break;
                        case (byte)'{' or (byte)'[':
                            depth++;
                            at++;
                            break;
                        default:
                            at++;
                            if (--depth == 0)
                                return at;
                            break;
                    }
                }

            default:
                while (at < json.Length && json[at] is not ((byte)',' or (byte)']' or (byte)'}' or (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
                    at++;
                return at;
        }
    }

    /// <summary>A byte that valid JSON has at this place; an error of stored bytes when the text ends before.</summary>
    internal static byte ByteAt(ReadOnlySpan<byte> json, int at) => (uint)at < (uint)json.Length ? json[at] : throw RowErrors.Corrupted("a JSON text without end");

    /// <summary>The value of the last member with that name; false when the value is no object or has none.</summary>
    public static bool TryMember(ReadOnlySpan<byte> json, scoped ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        bool found = false;
        JsonMembers members = new(json);
        while (members.Next())
        {
            if (members.NameIs(name))
            {
                value = members.Value;
                found = true;
            }
        }

        return found;
    }

    /// <summary>The element at an index from 0, negative from the end; false when the value is no array or has none.</summary>
    public static bool TryElement(ReadOnlySpan<byte> json, long index, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (index < 0)
        {
            int length = ArrayLength(json);
            if (length < 0)
                return false;
            index += length;
            if (index < 0)
                return false;
        }

        JsonElements elements = new(json);
        while (elements.Next())
        {
            if (index-- == 0)
            {
                value = elements.Value;
                return true;
            }
        }

        return false;
    }

    /// <summary>The number of elements, −1 when the value is no array.</summary>
    public static int ArrayLength(ReadOnlySpan<byte> json)
    {
        if (KindOf(json) != '[')
            return -1;
        int count = 0;
        JsonElements elements = new(json);
        while (elements.Next())
            count++;
        return count;
    }

    /// <summary>Goes down a path of names (on arrays: indexes from 0, negative from the end).</summary>
    public static bool TryPath(ReadOnlySpan<byte> json, ReadOnlySpan<byte[]> path, out ReadOnlySpan<byte> value)
    {
        value = Trim(json);
        foreach (byte[] step in path)
        {
            ReadOnlySpan<byte> next = value;
            switch (KindOf(value))
            {
                case '{':
                    if (!TryMember(value, step, out next))
                        return false;
                    break;
                case '[':
                    if (!System.Buffers.Text.Utf8Parser.TryParse(step, out int index, out int used) || used != step.Length || !TryElement(value, index, out next))
                        return false;
                    break;
                default:
                    return false;
            }

            value = next;
        }

        return true;
    }

    /// <summary>Whether a member name as written (between its quotes) is the name given as UTF-8.</summary>
    public static bool NameIs(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> name)
    {
        if (raw.IndexOf((byte)'\\') < 0)
            return raw.SequenceEqual(name);
        RowBuffer buffer = new(raw.Length);
        Unescape(raw, buffer);
        return buffer.Span.SequenceEqual(name);
    }

    /// <summary>Appends the text that a string stands for; <paramref name="raw"/> is what lies between its quotes.</summary>
    public static void Unescape(ReadOnlySpan<byte> raw, RowBuffer buffer)
    {
        while (true)
        {
            int at = raw.IndexOf((byte)'\\');
            if (at < 0)
            {
                buffer.Append(raw);
                return;
            }

            buffer.Append(raw[..at]);
            byte escape = raw[at + 1];
            raw = raw[(at + 2)..];
            switch (escape)
            {
                case (byte)'b': buffer.AppendByte((byte)'\b'); break;
                case (byte)'f': buffer.AppendByte((byte)'\f'); break;
                case (byte)'n': buffer.AppendByte((byte)'\n'); break;
                case (byte)'r': buffer.AppendByte((byte)'\r'); break;
                case (byte)'t': buffer.AppendByte((byte)'\t'); break;
                case (byte)'u':
                    int unit = Hex4(raw);
                    raw = raw[4..];
                    if (char.IsHighSurrogate((char)unit) && raw.Length >= 6 && raw[0] == '\\' && raw[1] == 'u' && char.IsLowSurrogate((char)Hex4(raw[2..])))
                    {
                        unit = char.ConvertToUtf32((char)unit, (char)Hex4(raw[2..]));
                        raw = raw[6..];
                    }

                    if (!Rune.TryCreate(unit, out Rune rune))
                        throw new BareMetalException(SqlStates.CharacterNotInRepertoire, "A JSON string holds a lone surrogate, which is not text.");
                    buffer.Advance(rune.EncodeToUtf8(buffer.GetSpan(4)));
                    break;
                default: buffer.AppendByte(escape); break;
            }
        }
    }

    /// <summary>Whether what lies between a string's quotes stands for text: no surrogate is alone.</summary>
    public static bool IsText(ReadOnlySpan<byte> raw)
    {
        int at = 0;
        while (raw[at..].IndexOf((byte)'\\') is >= 0 and int found)
        {
            at += found;
            if (raw[at + 1] != 'u')
            {
                at += 2;
                continue;
            }

            char unit = (char)Hex4(raw[(at + 2)..]);
            at += 6;
            if (char.IsLowSurrogate(unit))
                return false;
            if (!char.IsHighSurrogate(unit))
                continue;
            if (raw.Length - at < 6 || raw[at] != '\\' || raw[at + 1] != 'u' || !char.IsLowSurrogate((char)Hex4(raw[(at + 2)..])))
                return false;
            at += 6;
        }

        return true;
    }

    /// <summary>Appends a text as a JSON string with its quotes; only what must be escaped is.</summary>
    public static void WriteString(ReadOnlySpan<byte> text, RowBuffer buffer)
    {
        buffer.AppendByte((byte)'"');
        while (true)
        {
            int at = text.IndexOfAny(ToEscape);
            if (at < 0)
                break;
            buffer.Append(text[..at]);
            WriteEscape(text[at], buffer);
            text = text[(at + 1)..];
        }

        buffer.Append(text);
        buffer.AppendByte((byte)'"');
    }

    /// <summary>Appends a value as <c>-&gt;&gt;</c> gives it: strings unescaped, others as their text. False for JSON null.</summary>
    public static bool WriteAsText(ReadOnlySpan<byte> value, RowBuffer buffer)
    {
        value = Trim(value);
        switch (value[0])
        {
            case (byte)'n':
                return false;
            case (byte)'"':
                Unescape(value[1..^1], buffer);
                return true;
            default:
                buffer.Append(value);
                return true;
        }
    }

    /// <summary>Throws 22P02 with the position unless the text is one JSON value (RFC 8259).</summary>
    public static void Validate(ReadOnlySpan<byte> json)
    {
        Span<byte> stack = stackalloc byte[MaxDepth];
        int depth = 0;
        int at = SkipWhite(json, 0);
        while (true)
        {
            // A value is expected at 'at'.
            if (at >= json.Length)
                throw Invalid(json, at, "the text ends where a value is expected");
            byte b = json[at];
            if (b is (byte)'{' or (byte)'[')
            {
                if (depth == MaxDepth)
                    throw new BareMetalException(SqlStates.StatementTooComplex, $"The JSON text nests deeper than {MaxDepth} levels.");
                stack[depth++] = b;
                at = SkipWhite(json, at + 1);
                byte close = b == '{' ? (byte)'}' : (byte)']';
                if (at < json.Length && json[at] == close)
                {
                    depth--;
                    at++;
                }
                else if (b == '{')
                {
                    at = ValidateName(json, at);
                    continue;
                }
                else
                {
                    continue;
                }
            }
            else
            {
                at = ValidateScalar(json, at);
            }

            // A value has ended.
            while (true)
            {
                at = SkipWhite(json, at);
                if (depth == 0)
                {
                    if (at < json.Length)
                        throw Invalid(json, at, "there is more text behind the value");
                    return;
                }

                if (at >= json.Length)
                    throw Invalid(json, at, stack[depth - 1] == '{' ? "an object is not closed" : "an array is not closed");
                byte next = json[at];
                if (next == ',')
                {
                    at = SkipWhite(json, at + 1);
                    if (stack[depth - 1] == '{')
                        at = ValidateName(json, at);
                    break;
                }

                if (next != (stack[depth - 1] == '{' ? (byte)'}' : (byte)']'))
                    throw Invalid(json, at, "a comma or the end of the object or array is expected");
                depth--;
                at++;
            }
        }
    }

    private static int ValidateName(ReadOnlySpan<byte> json, int at)
    {
        if (at >= json.Length || json[at] != '"')
            throw Invalid(json, at, "a member name in double quotes is expected");
        at = SkipWhite(json, ValidateString(json, at));
        if (at >= json.Length || json[at] != ':')
            throw Invalid(json, at, "a colon is expected");
        return SkipWhite(json, at + 1);
    }

    private static int ValidateScalar(ReadOnlySpan<byte> json, int at)
    {
        ReadOnlySpan<byte> rest = json[at..];
        switch (rest[0])
        {
            case (byte)'"':
                return ValidateString(json, at);
            case (byte)'t' when rest.StartsWith("true"u8):
                return at + 4;
            case (byte)'f' when rest.StartsWith("false"u8):
                return at + 5;
            case (byte)'n' when rest.StartsWith("null"u8):
                return at + 4;
        }

        int start = at;
        if (json[at] == '-')
            at++;
        int digits = Digits(json, ref at);
        if (digits == 0 || (digits > 1 && json[at - digits] == '0'))
            throw Invalid(json, start, "this is not a JSON value");
        if (at < json.Length && json[at] == '.')
        {
            at++;
            if (Digits(json, ref at) == 0)
                throw Invalid(json, start, "a number has no digits after its point");
        }

        if (at < json.Length && json[at] is (byte)'e' or (byte)'E')
        {
            at++;
            if (at < json.Length && json[at] is (byte)'+' or (byte)'-')
                at++;
            if (Digits(json, ref at) == 0)
                throw Invalid(json, start, "a number has no digits in its exponent");
        }

        return at;
    }

    private static int ValidateString(ReadOnlySpan<byte> json, int at)
    {
        int start = at++;
        while (true)
        {
            int found = at < json.Length ? json[at..].IndexOfAny(ToEscape) : -1;
            if (found < 0)
                throw Invalid(json, start, "a string is not closed");
            at += found;
            byte b = json[at];
            if (b == '"')
                return at + 1;
            if (b != '\\')
                throw Invalid(json, at, "a control character stands in a string unescaped");
            if (at + 1 >= json.Length)
                throw Invalid(json, start, "a string is not closed");
            byte escape = json[at + 1];
            if (escape == 'u')
            {
                if (at + 6 > json.Length || Hex4OrNegative(json[(at + 2)..]) < 0)
                    throw Invalid(json, at, "\\u needs four hexadecimal digits");
                at += 6;
            }
            else if (escape is (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t')
            {
                at += 2;
            }
            else
            {
                throw Invalid(json, at, "this escape does not exist");
            }
        }
    }

    private static int Digits(ReadOnlySpan<byte> json, ref int at)
    {
        int start = at;
        while (at < json.Length && (uint)(json[at] - '0') <= 9)
            at++;
        return at - start;
    }

    private static int Hex4(ReadOnlySpan<byte> text)
    {
        int value = Hex4OrNegative(text);
        return value >= 0 ? value : throw RowErrors.Corrupted("a JSON escape without four digits");
    }

    private static int Hex4OrNegative(ReadOnlySpan<byte> text)
    {
        if (text.Length < 4)
            return -1;
        int value = 0;
        for (int i = 0; i < 4; i++)
        {
            int c = text[i];
            int digit = (uint)(c - '0') <= 9 ? c - '0' : (uint)((c | 0x20) - 'a') <= 5 ? (c | 0x20) - 'a' + 10 : -1;
            if (digit < 0)
                return -1;
            value = (value << 4) | digit;
        }

        return value;
    }

    private static void WriteEscape(byte b, RowBuffer buffer)
    {
        buffer.AppendByte((byte)'\\');
        switch (b)
        {
            case (byte)'"': buffer.AppendByte((byte)'"'); break;
            case (byte)'\\': buffer.AppendByte((byte)'\\'); break;
            case (byte)'\b': buffer.AppendByte((byte)'b'); break;
            case (byte)'\f': buffer.AppendByte((byte)'f'); break;
            case (byte)'\n': buffer.AppendByte((byte)'n'); break;
            case (byte)'\r': buffer.AppendByte((byte)'r'); break;
            case (byte)'\t': buffer.AppendByte((byte)'t'); break;
            default:
                buffer.Append("u00"u8);
                buffer.AppendByte((byte)"0123456789abcdef"[b >> 4]);
                buffer.AppendByte((byte)"0123456789abcdef"[b & 15]);
                break;
        }
    }

    private static byte[] EscapeSet()
    {
        byte[] set = new byte[34];
        for (int i = 0; i < 32; i++)
            set[i] = (byte)i;
        set[32] = (byte)'"';
        set[33] = (byte)'\\';
        return set;
    }

    private static BareMetalException Invalid(ReadOnlySpan<byte> json, int at, string what)
    {
        int shown = Math.Min(json.Length, 60);
        return new BareMetalException(SqlStates.InvalidTextRepresentation, $"The text is not JSON: {what} (byte {Math.Min(at, json.Length) + 1}).")
        {
            Detail = $"The text begins with: {Encoding.UTF8.GetString(json[..shown])}",
        };
    }
}

/// <summary>Steps through the members of an object; gives none for other values.</summary>
internal ref struct JsonMembers
{
    private readonly ReadOnlySpan<byte> _json;
    private int _at;
    private bool _hasEscapes;

    /// <summary>Where nothing was read yet.</summary>
    public const int Start = int.MinValue;

    /// <summary>Goes on where another left off.</summary>
    /// <param name="json">The same bytes.</param>
    /// <param name="position">Its <see cref="Position"/>, or <see cref="Start"/>.</param>
    public JsonMembers(ReadOnlySpan<byte> json, int position)
        : this(position == Start ? json : default)
    {
        _json = json;
        if (position != Start)
            _at = position;
    }

    public JsonMembers(ReadOnlySpan<byte> json)
    {
        _json = json;
        int at = JsonText.SkipWhite(json, 0);
        _at = at < json.Length && json[at] == '{' ? at + 1 : -1;
    }

    /// <summary>The name as written, without its quotes.</summary>
    public ReadOnlySpan<byte> RawName { get; private set; }

    /// <summary>Where the next begins.</summary>
    public readonly int Position => _at;

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Whether the member has the name given as UTF-8.</summary>
    public readonly bool NameIs(ReadOnlySpan<byte> name) => _hasEscapes ? JsonText.NameIs(RawName, name) : RawName.SequenceEqual(name);

    public bool Next()
    {
        if (_at < 0)
            return false;
        int at = JsonText.SkipWhite(_json, _at);
        if (JsonText.ByteAt(_json, at) == ',')
            at = JsonText.SkipWhite(_json, at + 1);
        if (JsonText.ByteAt(_json, at) == '}')
        {
            _at = -1;
            return false;
        }

        int end = JsonText.SkipString(_json, at, out _hasEscapes);
        RawName = _json[(at + 1)..(end - 1)];
        at = JsonText.SkipWhite(_json, end);
        at = JsonText.SkipWhite(_json, at + 1);
        end = JsonText.SkipValue(_json, at);
        Value = _json[at..end];
        _at = end;
        return true;
    }
}

/// <summary>Steps through the elements of an array; gives none for other values.</summary>
internal ref struct JsonElements
{
    private readonly ReadOnlySpan<byte> _json;
    private int _at;

    /// <summary>Where nothing was read yet.</summary>
    public const int Start = int.MinValue;

    /// <summary>Goes on where another left off.</summary>
    /// <param name="json">The same bytes.</param>
    /// <param name="position">Its <see cref="Position"/>, or <see cref="Start"/>.</param>
    public JsonElements(ReadOnlySpan<byte> json, int position)
        : this(position == Start ? json : default)
    {
        _json = json;
        if (position != Start)
            _at = position;
    }

    public JsonElements(ReadOnlySpan<byte> json)
    {
        _json = json;
        int at = JsonText.SkipWhite(json, 0);
        _at = at < json.Length && json[at] == '[' ? at + 1 : -1;
    }

    /// <summary>Where the next begins.</summary>
    public readonly int Position => _at;

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool Next()
    {
        if (_at < 0)
            return false;
        int at = JsonText.SkipWhite(_json, _at);
        if (JsonText.ByteAt(_json, at) == ',')
            at = JsonText.SkipWhite(_json, at + 1);
        if (JsonText.ByteAt(_json, at) == ']')
        {
            _at = -1;
            return false;
        }

        int end = JsonText.SkipValue(_json, at);
        Value = _json[at..end];
        _at = end;
        return true;
    }
}
