using System.Text;
using System.Text.RegularExpressions;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>PostgreSQL's functions of regular expressions, over those of .NET. Positions count code points.</summary>
internal static class RegexpFunctions
{
    public static void Define(Definitions define)
    {
        SqlType text = SqlType.Text, integer = SqlType.Integer, boolean = SqlType.Boolean, texts = SqlType.ArrayOf(SqlType.Text);
        define.AddValues("regexp_like", boolean, (v, c) => Like(v, c), [text, text]);
        define.AddValues("regexp_like", boolean, (v, c) => Like(v, c), [text, text, text]);
        define.AddValues("regexp_replace", text, (v, c) => Replace(v, Pattern(v, 3, null, out bool all), 1, all ? 0 : 1, c), [text, text, text]);
        define.AddValues("regexp_replace", text, (v, c) => Replace(v, Pattern(v, 3, null, out bool all), 1, all ? 0 : 1, c), [text, text, text, text]);
        define.AddValues("regexp_replace", text, (v, c) => ReplaceFrom(v, c), [text, text, text, integer]);
        define.AddValues("regexp_replace", text, (v, c) => ReplaceFrom(v, c), [text, text, text, integer, integer]);
        define.AddValues("regexp_replace", text, (v, c) => ReplaceFrom(v, c), [text, text, text, integer, integer, text]);
        define.AddValues("regexp_count", integer, (v, c) => Count(v, c), [text, text]);
        define.AddValues("regexp_count", integer, (v, c) => Count(v, c), [text, text, integer]);
        define.AddValues("regexp_count", integer, (v, c) => Count(v, c), [text, text, integer, text]);
        for (int count = 2; count <= 7; count++)
        {
            SqlType[] all = [text, text, integer, integer, integer, text, integer];
            define.AddValues("regexp_instr", integer, (v, c) => Instr(v, c), all[..count]);
        }

        for (int count = 2; count <= 6; count++)
        {
            SqlType[] all = [text, text, integer, integer, text, integer];
            define.AddValues("regexp_substr", text, (v, c) => Substr(v, c), all[..count]);
        }

        define.AddValues("regexp_match", texts, (v, c) => Groups(First(v, c)), [text, text]);
        define.AddValues("regexp_match", texts, (v, c) => Groups(First(v, c)), [text, text, text]);
        define.AddValues("regexp_split_to_array", texts, (v, c) => Value.From(SqlTypeKind.Array, new ArrayValue(SqlType.Text, [.. Split(v, "regexp_split_to_array", c)])), [text, text]);
        define.AddValues("regexp_split_to_array", texts, (v, c) => Value.From(SqlTypeKind.Array, new ArrayValue(SqlType.Text, [.. Split(v, "regexp_split_to_array", c)])), [text, text, text]);

        // substring(text from pattern): the first group, or the whole match.
        define.AddValues("substring", text, (v, c) =>
        {
            Match match = First(v, c);
            return match.Success && match.Groups[match.Groups.Count > 1 ? 1 : 0] is { Success: true } group ? Utf8.ToValue(group.Value) : Value.Null(SqlTypeKind.Text);
        }, [text, text]);
    }

    /// <summary>The parts of a text between the matches of a pattern. Matches of nothing at its ends or behind another match do not count.</summary>
    internal static List<Value> Split(Value[] v, string name, FunctionContext? context)
    {
        string text = Utf8.ToString(v[0]);
        Regex regex = Pattern(v, 2, name, out _);
        return PatternFunctions.Guarded(regex, context, r =>
        {
            List<Value> parts = [];
            int start = 0, previous = 0;
            for (Match match = r.Match(text); match.Success; match = match.NextMatch())
            {
                if (IsWithinCharacter(text, match))
                    continue;
                int end = match.Index + match.Length;
                if (match.Index < text.Length && end > previous)
                {
                    parts.Add(Utf8.ToValue(text[start..match.Index]));
                    start = end;
                }

                previous = end;
            }

            parts.Add(Utf8.ToValue(text[start..]));
            return parts;
        });
    }

    /// <summary>As <see cref="Split"/>, one part after the other: those of a long text together would take many times its memory.</summary>
    internal static IEnumerable<Value[]> SplitRows(Value[] v, string name)
    {
        string text = Utf8.ToString(v[0]);
        Regex regex = Pattern(v, 2, name, out _);
        return Parts();

        IEnumerable<Value[]> Parts()
        {
            int start = 0, previous = 0;
            for (Match match = PatternFunctions.Guarded(regex, null, r => r.Match(text)); match.Success; match = Following(match))
            {
                if (IsWithinCharacter(text, match))
                    continue;
                int end = match.Index + match.Length;
                if (match.Index < text.Length && end > previous)
                {
                    yield return [Utf8.ToValue(text[start..match.Index])];
                    start = end;
                }

                previous = end;
            }

            yield return [Utf8.ToValue(text[start..])];
        }

        Match Following(Match last) => PatternFunctions.Guarded(regex, null, _ => last.NextMatch());
    }

    /// <summary>The groups of a match, or all of it where the pattern has none; null without a match.</summary>
    internal static Value Groups(Match match)
    {
        if (!match.Success)
            return Value.Null(SqlTypeKind.Array);
        int first = match.Groups.Count > 1 ? 1 : 0;
        Value[] items = new Value[match.Groups.Count - first];
        for (int i = 0; i < items.Length; i++)
            items[i] = match.Groups[i + first].Success ? Utf8.ToValue(match.Groups[i + first].Value) : Value.Null(SqlTypeKind.Text);
        return Value.From(SqlTypeKind.Array, new ArrayValue(SqlType.Text, items));
    }

    /// <summary>The expression of the second argument with the flags of another one, if it is there.</summary>
    /// <param name="v">The arguments.</param>
    /// <param name="flags">The number of the argument with the flags.</param>
    /// <param name="name">The function, if it has no use for the flag g; else null.</param>
    /// <param name="all">Whether the flags say g.</param>
    internal static Regex Pattern(Value[] v, int flags, string? name, out bool all)
    {
        RegexOptions options = RegexOptions.None;
        string pattern = Utf8.ToString(v[1]);
        all = false;
        if (v.Length <= flags)
            return PatternFunctions.Get(pattern, options);
        bool literal = false;
        foreach (char flag in Utf8.ToString(v[flags]))
        {
            switch (flag)
            {
                case 'i': options |= RegexOptions.IgnoreCase; break;
                case 'c': options &= ~RegexOptions.IgnoreCase; break;
                case 'g' when name is null: all = true; break;
                case 'g': throw new BareMetalException(SqlStates.InvalidParameterValue, $"The flag g has no meaning for {name}.");
                case 'n' or 'm': options |= RegexOptions.Multiline; break;
                case 's': options |= RegexOptions.Singleline; break;
                case 'x': options |= RegexOptions.IgnorePatternWhitespace; break;
                case 'q': literal = true; break;
                default: throw new BareMetalException(SqlStates.InvalidParameterValue, $"There is no regular expression flag '{flag}'.");
            }
        }

        return PatternFunctions.Get(literal ? Regex.Escape(pattern) : pattern, literal ? options & RegexOptions.IgnoreCase : options);
    }

    private static Value Like(Value[] v, FunctionContext context) =>
        Value.From(SqlTypeKind.Boolean, PatternFunctions.Guarded(Pattern(v, 2, "regexp_like", out _), context, r => r.IsMatch(Utf8.ToString(v[0]))));

    private static Match First(Value[] v, FunctionContext context) => PatternFunctions.Guarded(Pattern(v, 2, "regexp_match", out _), context, r => r.Match(Utf8.ToString(v[0])));

    private static Value Count(Value[] v, FunctionContext context)
    {
        int start = At(v, 2, "start", 1, 1);
        string text = Utf8.ToString(v[0]);
        Regex regex = Pattern(v, 3, "regexp_count", out _);
        int from = Index(text, start);
        return Value.From(SqlTypeKind.Integer, from < 0 ? 0 : PatternFunctions.Guarded(regex, context, r => r.Count(text, from)));
    }

    private static Value Instr(Value[] v, FunctionContext context)
    {
        int start = At(v, 2, "start", 1, 1), n = At(v, 3, "n", 1, 1), end = At(v, 4, "endoption", 0, 0), part = At(v, 6, "subexpr", 0, 0);
        if (end > 1)
            throw Invalid("endoption", end);
        string text = Utf8.ToString(v[0]);
        return Nth(text, Pattern(v, 5, "regexp_instr", out _), start, n, part, context) is { } group
            ? Value.From(SqlTypeKind.Integer, Utf8.Length(Encoding.UTF8.GetBytes(text[..(group.Index + (end == 1 ? group.Length : 0))])) + 1)
            : Value.From(SqlTypeKind.Integer, 0);
    }

    private static Value Substr(Value[] v, FunctionContext context)
    {
        int start = At(v, 2, "start", 1, 1), n = At(v, 3, "n", 1, 1), part = At(v, 5, "subexpr", 0, 0);
        return Nth(Utf8.ToString(v[0]), Pattern(v, 4, "regexp_substr", out _), start, n, part, context) is { } group ? Utf8.ToValue(group.Value) : Value.Null(SqlTypeKind.Text);
    }

    /// <summary>A group of the n-th match from a position on; null when there is none.</summary>
    private static Group? Nth(string text, Regex regex, int start, int n, int part, FunctionContext context)
    {
        int from = Index(text, start);
        if (from < 0)
            return null;
        Match match = PatternFunctions.Guarded(regex, context, r =>
        {
            Match m = r.Match(text, from);
            for (int i = 1; i < n && m.Success; i++)
                m = m.NextMatch();
            return m;
        });
        return match.Success && part < match.Groups.Count && match.Groups[part] is { Success: true } group ? group : null;
    }

    private static Value ReplaceFrom(Value[] v, FunctionContext context)
    {
        int start = At(v, 3, "start", 1, 1), n = At(v, 4, "n", 0, 1);
        Regex regex = Pattern(v, 5, null, out bool all);
        return Replace(v, regex, start, v.Length == 4 && all ? 0 : n, context);
    }

    /// <summary>Replaces the n-th match, or all for 0.</summary>
    private static Value Replace(Value[] v, Regex regex, int start, int n, FunctionContext context)
    {
        string text = Utf8.ToString(v[0]), with = Utf8.ToString(v[2]);
        int from = Index(text, start);
        if (from < 0)
            return v[0];
        return PatternFunctions.Guarded(regex, context, r =>
        {
            StringBuilder result = new();
            int at = 0, number = 0;
            for (Match match = r.Match(text, from); match.Success; match = match.NextMatch())
            {
                if (IsWithinCharacter(text, match))
                    continue;
                number++;
                if (n > 0 && number < n)
                    continue;
                result.Append(text, at, match.Index - at);
                Append(result, with, match);
                RowBuffer.CheckAllowed(result.Length);
                at = match.Index + match.Length;
                if (n > 0)
                    break;
            }

            return Utf8.ToValue(result.Append(text, at, text.Length - at).ToString());
        });
    }

    /// <summary>The replacement of a match: \1 to \9 are its groups, \&amp; is all of it, \\ a backslash; any other backslash stands for itself.</summary>
    private static void Append(StringBuilder result, string with, Match match)
    {
        for (int i = 0; i < with.Length; i++)
        {
            char next = with[i] == '\\' && i + 1 < with.Length ? with[i + 1] : '\0';
            if (next is '&' or (>= '1' and <= '9'))
                result.Append(match.Groups[next == '&' ? 0 : next - '0'].ValueSpan);
            else
                result.Append(with[i]);
            if (next is '&' or '\\' or (>= '1' and <= '9'))
                i++;
        }
    }

    private static int At(Value[] v, int index, string name, int low, int otherwise)
    {
        int value = v.Length > index ? v[index].As<int>() : otherwise;
        return value >= low ? value : throw Invalid(name, value);
    }

    private static BareMetalException Invalid(string name, int value) => new(SqlStates.InvalidParameterValue, $"The value {value} is not allowed for '{name}'.");

    /// <summary>Whether a match of nothing lies between the two units of one character.</summary>
    private static bool IsWithinCharacter(string text, Match match) =>
        match.Length == 0 && match.Index > 0 && match.Index < text.Length && char.IsSurrogatePair(text[match.Index - 1], text[match.Index]);

    /// <summary>The index of the code point of a number; −1 beyond the end.</summary>
    private static int Index(string text, int number)
    {
        int index = 0;
        for (int i = 1; i < number; i++)
        {
            if (index >= text.Length)
                return -1;
            index += char.IsHighSurrogate(text[index]) && index + 1 < text.Length ? 2 : 1;
        }

        return index;
    }
}
