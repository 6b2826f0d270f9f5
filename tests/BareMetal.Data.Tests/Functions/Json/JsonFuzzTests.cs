using System.Text;
using System.Text.Json;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Functions.Json.Path;
using BareMetal.Data.Rows;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Values;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Functions.Json;

/// <summary>Bad JSON and bad paths are errors of their own kind, whatever the bytes; BAREMETAL_SEED repeats a run.</summary>
public sealed class JsonFuzzTests(ITestOutputHelper output)
{
    private static readonly string[] Fragments =
    [
        "$", "@", ".a", ".*", ".**", ".**{1 to last}", "[0]", "[*]", "[1 to last]", "[last - 1]", " ? (", ")", "(", "@.a > 1", "exists(", " && ", " || ", "!", " == ", " <> ", " >= ", "1", "-", "+", " * ", " / ",
        " % ", "\"x\"", "null", "true", ".size()", ".type()", ".double()", ".keyvalue()", ".datetime()", ".abs()", " is unknown", " starts with ", " like_regex \"a\" flag \"i\"", "$v", "strict ", "lax ", " to ", "\\u0041",
        "\"", "/*", "*/", "1e5", ".5", "'", "\\", "é", ",", "{", "}", ".decimal(5,2)", ".integer()", ".string()", ".boolean()",
    ];

    [Fact]
    public void A_text_is_json_here_exactly_when_system_text_json_takes_it()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        int valid = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] text = Encoding.UTF8.GetBytes(RandomValues.NextJson(random, 4));
            for (int n = random.Next(4); n > 0 && text.Length > 0; n--)
            {
                int at = random.Next(text.Length);
                text = random.Next(3) switch
                {
                    0 => [.. text[..at], .. text[(at + 1)..]],
                    1 => [.. text[..at], (byte)"{}[],:\"\\ 01eE+-.tfnu"[random.Next(20)], .. text[at..]],
                    _ => [.. text[..at], .. text[at..], .. text[at..]],
                };
            }

            bool expected;
            try
            {
                using JsonDocument document = JsonDocument.Parse(text);
                expected = true;
            }
            catch (JsonException)
            {
                expected = false;
            }

            bool actual;
            try
            {
                JsonText.Validate(text);
                actual = true;
            }
            catch (BareMetalException e)
            {
                Assert.Equal(SqlStates.InvalidTextRepresentation, e.SqlState);
                actual = false;
            }

            Assert.True(expected == actual, Encoding.UTF8.GetString(text));
            valid += expected ? 1 : 0;
            if (!actual)
                continue;

            // What is valid is normalised to what is valid and the same, unless a name or string is no text.
            RowBuffer normal = new();
            try
            {
                JsonNormal.Write(text, normal);
            }
            catch (BareMetalException e) when (e.SqlState == SqlStates.CharacterNotInRepertoire)
            {
                continue;
            }

            JsonText.Validate(normal.Span);
            Assert.Equal(0, JsonNormal.Compare(text, normal.Span));
        }

        output.WriteLine($"{valid} of 20000 texts valid");
        Assert.InRange(valid, 4000, 19_000);
    }

    [Fact]
    public void Any_path_over_any_document_gives_items_or_an_error_with_a_state()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        ByteSlice variables = new("{\"v\": 2, \"x\": \"y\"}"u8.ToArray());
        int parsed = 0, found = 0;
        for (int i = 0; i < 30_000; i++)
        {
            StringBuilder path = new(random.Next(4) == 0 ? "" : "$");
            for (int n = random.Next(1, 9); n > 0; n--)
                path.Append(Fragments[random.Next(Fragments.Length)]);
            if (random.Next(3) == 0)
                path = new StringBuilder(Valid(random, 3));
            try
            {
                JsonPathExpression expression = JsonPathParser.Get(path.ToString());
                parsed++;
                ByteSlice document = new(Encoding.UTF8.GetBytes(RandomValues.NextJson(random, 4)));
                List<JsonPathItem> loud = [], quiet = [];
                JsonPathStatus status = JsonPathEvaluator.Evaluate(expression, document, variables, throws: false, quiet);
                foreach (JsonPathItem item in quiet)
                    JsonText.Validate(item.Span);
                found += quiet.Count;
                bool threw = false;
                try
                {
                    _ = JsonPathEvaluator.Evaluate(expression, document, variables, throws: true, loud);
                }
                catch (BareMetalException)
                {
                    threw = true;
                }

                // Errors are thrown exactly when the quiet run ends by one.
                Assert.True(threw == (status == JsonPathStatus.Error), path.ToString());
                if (!threw)
                    Assert.Equal(quiet.Select(q => Encoding.UTF8.GetString(q.Span)), loud.Select(q => Encoding.UTF8.GetString(q.Span)));
            }
            catch (BareMetalException e)
            {
                Assert.False(string.IsNullOrEmpty(e.SqlState));
            }
        }

        output.WriteLine($"{parsed} of 30000 paths parsed, {found} items");
        Assert.True(parsed > 9000 && found > 3000);
    }

    [Fact]
    public void Deep_nesting_is_refused_before_the_stack_ends()
    {
        foreach (string path in new[] { new string('(', 100_000), "$" + string.Concat(Enumerable.Repeat(" ? (@", 50_000)), "1" + string.Concat(Enumerable.Repeat(" + 1", 200_000)), new string('-', 100_000) + "1", "$" + string.Concat(Enumerable.Repeat(".a", 200_000)) })
        {
            try
            {
                _ = JsonPathEvaluator.Evaluate(JsonPathParser.Get(path), new ByteSlice("{}"u8.ToArray()), null, throws: true, []);
            }
            catch (BareMetalException e)
            {
                Assert.Contains(e.SqlState, new[] { SqlStates.StatementTooComplex, SqlStates.SyntaxError, SqlStates.InvalidTextRepresentation });
            }
        }
    }

    /// <summary>A path that the grammar allows.</summary>
    private static string Valid(Random random, int depth) => (random.Next(4) == 0 ? "strict " : "") + Expression(random, depth, false);

    private static string Expression(Random random, int depth, bool inFilter)
    {
        if (depth == 0 || random.Next(3) == 0)
            return Path(random, depth, inFilter);
        return random.Next(4) switch
        {
            0 => $"({Expression(random, depth - 1, inFilter)} {"+-*/%"[random.Next(5)]} {Expression(random, depth - 1, inFilter)})",
            1 => "-" + Path(random, depth - 1, inFilter),
            2 => random.Next(-3, 9).ToString(),
            _ => "\"a\"",
        };
    }

    private static string Path(Random random, int depth, bool inFilter)
    {
        StringBuilder path = new(inFilter && random.Next(3) > 0 ? "@" : "$");
        for (int n = random.Next(4); n > 0; n--)
        {
            path.Append(random.Next(9) switch
            {
                0 or 1 or 2 => ".a",
                3 => "[*]",
                4 => $"[{random.Next(3)}]",
                5 => ".**",
                6 => ".type()",
                7 when depth > 0 => $" ? ({Condition(random, depth - 1)})",
                _ => ".b",
            });
        }

        return path.ToString();
    }

    private static string Condition(Random random, int depth) => random.Next(depth > 0 ? 5 : 2) switch
    {
        0 => $"{Expression(random, depth, true)} {new[] { "==", "!=", "<", ">=" }[random.Next(4)]} {Expression(random, depth, true)}",
        1 => $"exists({Path(random, depth, true)})",
        2 => $"({Condition(random, depth - 1)}) && ({Condition(random, depth - 1)})",
        3 => $"!({Condition(random, depth - 1)})",
        _ => $"({Condition(random, depth - 1)}) is unknown",
    };
}
