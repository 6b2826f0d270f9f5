using BareMetal.Data.Functions;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using Xunit;
using Xunit.Abstractions;
using static BareMetal.Data.Tests.Functions.FunctionHarness;

namespace BareMetal.Data.Tests.Functions;

public sealed class TextFunctionTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("length", 3, "a😀ä")]
    [InlineData("octet_length", 7, "a😀ä")]
    [InlineData("lower", "straße äb", "STRAßE ÄB")]
    [InlineData("upper", "ÄB", "äb")]
    [InlineData("initcap", "Hello, World", "hELLO, wORLD")]
    [InlineData("reverse", "ä😀a", "a😀ä")]
    [InlineData("ascii", 128512, "😀x")]
    [InlineData("ascii", 0, "")]
    [InlineData("btrim", "x y", "  x y ")]
    [InlineData("trim_ws", "x", "\u00A0 \tx\n\u2003")]
    [InlineData("ltrim_ws", "x ", " \tx ")]
    [InlineData("rtrim_ws", " x", " x \r\n")]
    [InlineData("md5", "900150983cd24fb0d6963f7d28e17f72", "abc")]
    [InlineData("quote_ident", "\"a\"\"b\"", "a\"b")]
    [InlineData("quote_literal", "'a''b'", "a'b")]
    public void One_argument(string name, object expected, string argument) => Assert.Equal(expected, Call(name, argument));

    [Theory]
    [InlineData("substr", "ello", "hello", 2)]
    [InlineData("substr", "", "hello", 9)]
    [InlineData("substr", "hello", "hello", -3)]
    [InlineData("left", "he", "hello", 2)]
    [InlineData("left", "hel", "hello", -2)]
    [InlineData("left", "", "hello", -9)]
    [InlineData("right", "lo", "hello", 2)]
    [InlineData("right", "llo", "hello", -2)]
    [InlineData("repeat", "abab", "ab", 2)]
    [InlineData("repeat", "", "ab", -1)]
    [InlineData("pad_left", "  ab", "ab", 4)]
    [InlineData("pad_left", "abcd", "abcd", 2)]
    [InlineData("lpad", "ab", "abcd", 2)]
    [InlineData("pad_right", "ab  ", "ab", 4)]
    public void Text_and_number(string name, object expected, string text, int number) => Assert.Equal(expected, Call(name, text, number));

    [Theory]
    [InlineData("strpos", 3, "aäb", "b")]
    [InlineData("strpos", 1, "aäb", "")]
    [InlineData("strpos", 0, "aäb", "x")]
    [InlineData("starts_with", true, "aäb", "aä")]
    [InlineData("starts_with", true, "a", "")]
    [InlineData("starts_with", false, "a%b", "a_")]
    [InlineData("ends_with", true, "aäb", "äb")]
    [InlineData("contains", true, "aäb", "ä")]
    [InlineData("contains", false, "aäb", "Ä")]
    [InlineData("btrim", "b", "xybyx", "xy")]
    [InlineData("ltrim", "byx", "xybyx", "xy")]
    [InlineData("rtrim", "xyb", "xybyx", "xy")]
    public void Two_texts(string name, object expected, string a, string b) => Assert.Equal(expected, Call(name, a, b));

    [Fact]
    public void Substring_counts_a_start_below_one_against_the_count()
    {
        Assert.Equal("h", Call("substr", "hello", -1, 3));
        Assert.Equal("", Call("substr", "hello", -5, 3));
        Assert.Equal("llo", Call("substring", "hello", 3, int.MaxValue));
        Assert.Equal("😀", Call("substr", "a😀b", 2, 1));
        Fails("22011", "substr", "hello", 1, -1);
    }

    [Fact]
    public void Substring_agrees_with_dotnet_over_random_texts()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        for (int i = 0; i < 500; i++)
        {
            string text = RandomValues.TextOf(RandomValues.Next(random, SqlType.Text));
            string[] runes = [.. text.EnumerateRunes().Select(r => r.ToString())];
            int start = random.Next(1, 7), count = random.Next(0, 7);
            Assert.Equal(string.Concat(runes.Skip(start - 1).Take(count)), Call("substr", text, start, count));
            string part = RandomValues.TextOf(RandomValues.Next(random, SqlType.Text));
            int index = text.IndexOf(part, StringComparison.Ordinal);
            Assert.Equal(index < 0 ? 0 : text[..index].EnumerateRunes().Count() + 1, Call("strpos", text, part));
            Assert.Equal(text.StartsWith(part, StringComparison.Ordinal), Call("starts_with", text, part));
            Assert.Equal(text.EndsWith(part, StringComparison.Ordinal), Call("ends_with", text, part));
            if (part.Length > 0)
                Assert.Equal(text.Replace(part, "<>", StringComparison.Ordinal), Call("replace", text, part, "<>"));
            Assert.Equal(text.ToUpperInvariant(), Call("upper", text));
            Assert.Equal(text.Trim(), Call("trim_ws", text));
            Assert.Equal(string.Concat(runes.Reverse()), Call("reverse", text));
        }
    }

    [Fact]
    public void Strpos_from_a_start_finds_at_or_behind_it()
    {
        Assert.Equal(4, Call("strpos", "abcabc", "a", 2));
        Assert.Equal(1, Call("strpos", "abcabc", "a", 1));
        Assert.Equal(0, Call("strpos", "abcabc", "a", 5));
        Assert.Equal(7, Call("strpos", "abcabc", "", 7));
        Assert.Equal(0, Call("strpos", "abcabc", "", 8));
    }

    [Fact]
    public void Concatenating_functions_skip_nulls()
    {
        Assert.Equal("a1.5true", Call("concat", "a", null, 1.5m, true));
        Assert.Equal("a,b", Call("concat_ws", ",", "a", null, "b"));
        Assert.Null(Call("concat_ws", null, "a"));
        Assert.Equal("x 1 'it''s' c %", Call("format", "%s %s %L %I %%", "x", 1, "it's", "c"));
    }

    [Theory]
    [InlineData("abc", "abc", true)]
    [InlineData("abc", "a%", true)]
    [InlineData("abc", "%c", true)]
    [InlineData("abc", "%b%", true)]
    [InlineData("abc", "_b_", true)]
    [InlineData("abc", "a_", false)]
    [InlineData("a😀c", "a_c", true)]
    [InlineData("ab", "a%b%", true)]
    [InlineData("aXbXc", "a%b%c", true)]
    [InlineData("aXbX", "a%b%c", false)]
    [InlineData("", "%", true)]
    [InlineData("", "", true)]
    [InlineData("a", "", false)]
    [InlineData("50%", "50\\%", true)]
    [InlineData("50x", "50\\%", false)]
    [InlineData("a\\b", "a\\\\b", true)]
    [InlineData("mississippi", "%is%ip_i", true)]
    [InlineData("ABC", "abc", false)]
    public void Like_matches(string text, string pattern, bool expected) => Assert.Equal(expected, Call("like", text, pattern));

    [Fact]
    public void Like_knows_escapes_case_and_collations()
    {
        Assert.Equal(true, Call("like", "50%", "50!%", "!"));
        Assert.Equal(true, Call("like", "a\\%", "a\\%", ""));
        Assert.Equal(true, Call("ilike", "ÄBC", "ä_C"));
        Assert.Equal(true, Call("similar_to", "abcabc", "(abc|d)+"));
        Assert.Equal(false, Call("similar_to", "xabc", "abc"));
        Assert.Equal(true, Call("similar_to", "a.b", "a.b"));
        Assert.Equal(false, Call("similar_to", "axb", "a.b"));
        Fails(SqlStates.InvalidEscapeSequence, "like", "a", "a\\");
        Fails(SqlStates.InvalidEscapeSequence, "like", "a", "a", "xy");
        ResolvedFunction<ScalarFunction> starts = FunctionRegistry.Default.ResolveScalar("starts_with", [SqlType.Text with { Collation = "ordinal_ci" }, SqlType.Text])!;
        Assert.Equal("ordinal_ci", starts.ArgumentTypes[0].Collation);
    }

    [Fact]
    public void Like_agrees_with_a_regular_expression_over_random_patterns()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        for (int i = 0; i < 3000; i++)
        {
            string text = Pick(random, "ab😀", 8), pattern = Pick(random, "ab😀%_", 6);
            string regex = "^" + string.Concat(pattern.EnumerateRunes().Select(r => r.Value == '%' ? "(?:[\\s\\S])*" : r.Value == '_' ? "(?:[\\ud800-\\udbff][\\udc00-\\udfff]|[^\\ud800-\\udfff])" : r.ToString())) + "$";
            Assert.Equal(System.Text.RegularExpressions.Regex.IsMatch(text, regex), Call("like", text, pattern));
        }

        static string Pick(Random random, string alphabet, int most)
        {
            string[] runes = [.. alphabet.EnumerateRunes().Select(r => r.ToString())];
            return string.Concat(Enumerable.Range(0, random.Next(most)).Select(_ => runes[random.Next(runes.Length)]));
        }
    }

    [Fact]
    public void Regular_expressions()
    {
        Assert.Equal(true, Call("~", "abc", "^a.c$"));
        Assert.Equal(true, Call("~*", "ABC", "^a"));
        Assert.Equal(true, Call("!~", "ABC", "^a"));
        Assert.Equal(true, Call("regex_is_match", "ABC", "b", 1));
        Assert.Equal("a[1]b2", Call("regexp_replace", "a1b2", "([0-9])", "[\\1]"));
        Assert.Equal("a[1]b[2]", Call("regexp_replace", "a1b2", "([0-9])", "[\\1]", "g"));
        Assert.Equal("a$1", Call("regexp_replace", "ab", "b", "$1"));
        Assert.Equal("{b,c}", Call("regexp_match", "abc", "(b)(c)"));
        Assert.Null(Call("regexp_match", "abc", "x"));
        Assert.Equal(2, Call("regexp_count", "abab", "a"));
        Assert.Equal("{a,b,c}", Call("regexp_split_to_array", "a1b2c", "[0-9]"));

        // Groups of the pattern are no parts; matches of nothing do not cut at the ends.
        Assert.Equal("{a,c}", Call("regexp_split_to_array", "abc", "(b)"));
        Assert.Equal("{a,b}", Call("regexp_split_to_array", "ab", "x*"));
        Assert.Equal("{a,b}", Call("regexp_split_to_array", "aXb", "x", "i"));
        Assert.Equal("{😀,b}", Call("regexp_split_to_array", "😀b", "x*"));
        Assert.Equal("-😀-b-", Call("regexp_replace", "😀b", "x*", "-", "g"));
        Assert.Equal(1, Call("regexp_count", "abab", "a", 2));
        Assert.Equal(3, Call("regexp_instr", "😀bab", "a"));
        Assert.Equal(5, Call("regexp_instr", "abab", "(a)(b)", 1, 2, 1));
        Assert.Equal(4, Call("regexp_instr", "abab", "(a)(b)", 1, 2, 0, "i", 2));
        Assert.Equal(0, Call("regexp_instr", "ab", "b", 9));
        Assert.Equal("b", Call("regexp_substr", "a1b2", "[a-z]", 1, 2));
        Assert.Equal("abX", Call("regexp_replace", "abb", "b", "X", 3));
        Assert.Equal("aXX", Call("regexp_replace", "abb", "b", "X", 1, 0));
        Assert.Equal("-", Call("regexp_replace", "b", "b", "\\1-"));
        Assert.Equal(true, Call("regexp_like", "a.b", "A.", "qi"));
        Assert.Equal("[   ab][x  ]", Call("format", "[%5s][%-3s]", "ab", "x"));
        Assert.Equal("[ab  ]", Call("format", "[%*s]", -4, "ab"));
        Fails(SqlStates.InvalidRegularExpression, "~", "a", "(");
    }

    [Fact]
    public void Bytes()
    {
        byte[] bytes = [1, 2, 250];
        Assert.Equal(3, Call("length", bytes));
        Assert.Equal("\\x02fa", Call("substr", bytes, 2));
        Assert.Equal(250, Call("get_byte", bytes, 2));
        Fails(SqlStates.ArraySubscriptError, "get_byte", bytes, 3);
        Assert.Equal("0102fa", Call("encode", bytes, "hex"));
        Assert.Equal(Convert.ToBase64String(bytes), Call("encode", bytes, "base64"));
        Assert.Equal("\\x0102fa", Call("decode", Convert.ToBase64String(bytes), "base64"));
        Assert.Equal(true, Call("contains", bytes, new byte[] { 2, 250 }));
        Assert.Equal(true, Call("contains", bytes, (byte)250));
        Assert.Equal(false, Call("contains", bytes, (byte)251));
        Assert.Equal("ä", Call("convert_from", new byte[] { 0xC3, 0xA4 }, "UTF8"));
        Fails(SqlStates.CharacterNotInRepertoire, "convert_from", new byte[] { 0xC3 }, "UTF8");
        Assert.Equal("\\xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Call("sha256", new byte[] { 97, 98, 99 }));
    }
}
