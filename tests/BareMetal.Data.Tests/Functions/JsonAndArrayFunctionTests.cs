using System.Text.Json;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using Xunit;
using Xunit.Abstractions;
using static BareMetal.Data.Tests.Functions.FunctionHarness;

namespace BareMetal.Data.Tests.Functions;

public sealed class JsonAndArrayFunctionTests(ITestOutputHelper output)
{
    private const string Document = "{\"a\": {\"b\": [10, \"x\\u0041\\n\", null, {\"c\": 1.50}]}, \"n\": null, \"\\u0061\\u0062\": true, \"s\": \"t\"}";

    [Theory]
    [InlineData("json")]
    [InlineData("jsonb")]
    public void Members_and_elements_are_reached(string type)
    {
        Typed json = T(Document, type);
        Assert.Equal("true", Call("->", json, "ab"));
        Assert.Equal("true", Call("->>", json, "ab"));
        Assert.Equal("\"t\"", Call("->", json, "s"));
        Assert.Equal("t", Call("->>", json, "s"));
        Assert.Null(Call("->>", json, "n"));
        Assert.Equal("null", Call("->", json, "n"));
        Assert.Null(Call("->", json, "missing"));
        Assert.Null(Call("->", json, 0));
        Assert.Equal("10", Call("#>", json, T("{a,b,0}", "text[]")));
        Assert.Equal("xA\n", Call("#>>", json, T("{a,b,1}", "text[]")));
        Assert.Equal("1.50", Call("#>>", json, T("{a,b,-1,c}", "text[]")));
        Assert.Null(Call("#>>", json, T("{a,b,9}", "text[]")));
        Assert.Equal("1.50", Call("json_value", json, "$.a.b[3].c"));
        Assert.Equal(true, Call("json_path_exists", json, "$.n"));
        Assert.Equal(false, Call("json_path_exists", json, "$.\"a\".x"));
        Assert.Equal("3", Call("->", T("[1,2,3]", type), -1));
        Assert.Equal(3, Call(type + "_array_length", T("[1,[2,3],{}]", type)));
        Assert.Null(Call(type + "_array_length", T("{}", type)));
        Assert.Equal("object", Call(type + "_typeof", json));
    }

    [Fact]
    public void Documents_are_walked_as_system_text_json_does()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        for (int i = 0; i < 500; i++)
        {
            string text = RandomValues.NextJson(random, 4);
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            Assert.Equal(text, Cast(text, "json"));
            string normal = (string)Cast(text, "jsonb")!;
            Assert.Equal(normal, Cast(normal, "jsonb"));
            Assert.Equal(true, Call("=", T(text, "jsonb"), T(normal, "jsonb")));
            Assert.Equal(0, Rows.JsonOrderOracle.Compare(text, normal));
            if (root.ValueKind == JsonValueKind.Array)
            {
                for (int n = 0; n < root.GetArrayLength(); n++)
                    Assert.Equal(root[n].GetRawText(), Call("->", T(text, "json"), n));
                Assert.Equal(root.EnumerateArray().Select(e => e.GetRawText()), Table("json_array_elements", T(text, "json")).Select(r => (string)r[0]!));
            }
            else if (root.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty member in root.EnumerateObject())
                {
                    Assert.True(root.TryGetProperty(member.Name, out JsonElement last));
                    Assert.Equal(last.GetRawText(), Call("->", T(text, "json"), member.Name));
                }
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1,]")]
    [InlineData("{\"a\" 1}")]
    [InlineData("{a:1}")]
    [InlineData("01")]
    [InlineData("1.")]
    [InlineData("-")]
    [InlineData("1e")]
    [InlineData("\"\\x\"")]
    [InlineData("\"\\u12\"")]
    [InlineData("\"a")]
    [InlineData("\"a\nb\"")]
    [InlineData("nul")]
    [InlineData("[1] 2")]
    [InlineData("[1}")]
    public void Text_that_is_not_json_is_refused(string text)
    {
        Assert.Equal(SqlStates.InvalidTextRepresentation, Assert.Throws<BareMetalException>(() => Cast(text, "json")).SqlState);
        Assert.Equal(false, Call("json_valid", text));
    }

    [Fact]
    public void Nesting_has_a_limit_instead_of_a_stack_overflow()
    {
        Assert.Equal(true, Call("json_valid", new string('[', 1000) + new string(']', 1000)));
        Assert.Equal(SqlStates.StatementTooComplex, Assert.Throws<BareMetalException>(() => Cast(new string('[', 1001), "jsonb")).SqlState);
        Assert.Equal(new string('[', 1000) + new string(']', 1000), Cast(new string('[', 1000) + new string(']', 1000), "jsonb"));
    }

    [Theory]
    [InlineData("1e2", "100")]
    [InlineData("1.50E1", "15.0")]
    [InlineData("1e-3", "0.001")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "0.0")]
    [InlineData("-1.5e-1", "-0.15")]
    [InlineData("0e5", "0")]
    [InlineData("0.00e-1", "0.000")]
    [InlineData("12345678901234567890.123456789", "12345678901234567890.123456789")]
    public void Numbers_of_jsonb_keep_their_digits(string text, string expected) => Assert.Equal(expected, Cast(text, "jsonb"));

    [Fact]
    public void Partial_updates_leave_the_rest_as_it_was_written()
    {
        Assert.Equal("{\"a\": {\"b\":7}, \"c\": 1}".Replace(" ", ""), ((string)Call("json_set", T("{\"a\": {\"b\":  [1, 2]}, \"c\": 1}", "json"), T("{a,b}", "text[]"), T("7", "json"))!).Replace(" ", ""));
        Assert.Equal("[1, 9, 3]", Call("jsonb_set", T("[1,2,3]", "jsonb"), T("{1}", "text[]"), T("9", "jsonb")));
        Assert.Equal("[1, 2, 9]", Call("jsonb_set", T("[1,2]", "jsonb"), T("{5}", "text[]"), T("9", "jsonb")));
        Assert.Equal("{\"a\": 1, \"b\": 2}", Call("jsonb_set", T("{\"a\":1}", "jsonb"), T("{b}", "text[]"), T("2", "jsonb")));
        Assert.Equal("{\"a\": 1}", Call("jsonb_set", T("{\"a\":1}", "jsonb"), T("{b}", "text[]"), T("2", "jsonb"), false));
        Assert.Equal("{\"a\": 1}", Call("jsonb_set", T("{\"a\":1}", "jsonb"), T("{x,y}", "text[]"), T("2", "jsonb")));
        Assert.Equal("{\"b\": 2}", Call("-", T("{\"a\":1,\"b\":2}", "jsonb"), "a"));
        Assert.Equal("[1, 3]", Call("-", T("[1,2,3]", "jsonb"), 1));
        Assert.Equal("{\"a\": {}}", Call("#-", T("{\"a\":{\"b\":2}}", "jsonb"), T("{a,b}", "text[]")));
        Assert.Equal("{\"a\": [null]}", Call("jsonb_strip_nulls", T("{\"a\":[null],\"b\":null}", "jsonb")));
    }

    [Theory]
    [InlineData("{\"a\":1,\"b\":[1,2]}", "{\"b\":[2]}", true)]
    [InlineData("[1,[2,3]]", "[[3]]", true)]
    [InlineData("[1,2]", "[1,1]", true)]
    [InlineData("[1,2]", "1", true)]
    [InlineData("{\"a\":1.0}", "{\"a\":1}", true)]
    [InlineData("{\"a\":[1]}", "{\"a\":1}", false)]
    [InlineData("1", "[1]", false)]
    [InlineData("{}", "[]", false)]
    public void Containment_is_postgresqls(string left, string right, bool expected)
    {
        Assert.Equal(expected, Call("@>", T(left, "jsonb"), T(right, "jsonb")));
        Assert.Equal(expected, Call("<@", T(right, "jsonb"), T(left, "jsonb")));
    }

    [Fact]
    public void Keys_are_tested()
    {
        Typed json = T("{\"a\":1,\"b\":2}", "jsonb");
        Assert.Equal(true, Call("?", json, "a"));
        Assert.Equal(true, Call("?", T("[\"x\"]", "jsonb"), "x"));
        Assert.Equal(true, Call("?|", json, T("{x,b}", "text[]")));
        Assert.Equal(false, Call("?&", json, T("{a,x}", "text[]")));
    }

    [Fact]
    public void Values_become_json_as_ef_core_writes_them_and_come_back()
    {
        DateTime moment = new DateTime(2024, 2, 29, 10, 9, 8).AddTicks(1234500);
        (object Value, string Type)[] cases =
        [
            (true, "boolean"), (42, "integer"), (1.50m, "decimal"), (0.1, "double precision"), ("a\"b", "text"), (moment, "timestamp"),
            (new DateOnly(2024, 2, 29), "date"), (new TimeOnly(10, 9, 8, 5), "time"), (new TimeSpan(1, 2, 3, 4, 5), "timespan"),
            (new DateTimeOffset(moment, TimeSpan.FromHours(2)), "datetimeoffset"), (Guid.Parse("3f2504e0-4f89-11d3-9a0c-0305e82c3301"), "uuid"), (ulong.MaxValue, "ubigint"),
        ];
        foreach ((object value, string type) in cases)
        {
            string json = (string)Call("to_json", value)!;
            string text = (string)Call("->>", T("[" + json + "]", "json"), 0)!;
            Assert.Equal(value, Cast(text, type));
        }

        Assert.Equal("\"AQI=\"", Call("to_json", new byte[] { 1, 2 }));
        Assert.Equal("[1,null]", Call("to_json", T("{1,NULL}", "int[]")));
        Assert.Equal("{\"a\" : 1, \"b\" : [\"x\"]}", Call("json_build_object", "a", 1, "b", T("{x}", "text[]")));
        Assert.Equal("[1, \"x\", null]", Call("json_build_array", 1, "x", null));
        Fails(SqlStates.InvalidParameterValue, "json_build_object", "a");
    }

    [Fact]
    public void What_the_json_writer_of_dotnet_writes_is_read()
    {
        // The default encoder escapes everything beyond ASCII.
        string json = JsonSerializer.Serialize(new object[] { new DateTimeOffset(2024, 2, 29, 1, 2, 3, TimeSpan.FromHours(2)), "ä<😀", 1.5m, TimeSpan.FromMinutes(90).ToString("g", System.Globalization.CultureInfo.InvariantCulture) });
        Assert.Contains("\\u003C", json);
        Assert.Equal(new DateTimeOffset(2024, 2, 29, 1, 2, 3, TimeSpan.FromHours(2)), Cast(Call("->>", T(json, "json"), 0), "datetimeoffset"));
        Assert.Equal("ä<😀", Call("->>", T(json, "json"), 1));
        Assert.Equal(TimeSpan.FromMinutes(90), Cast(Call("->>", T(json, "json"), 3), "timespan"));
    }

    [Fact]
    public void Arrays_are_subscripted_searched_and_compared()
    {
        Typed array = T("{5,NULL,7}", "int[]");
        Assert.Equal(5, Call("subscript", array, 1));
        Assert.Null(Call("subscript", array, 2));
        Assert.Null(Call("subscript", array, 0));
        Assert.Null(Call("subscript", array, 4));
        Assert.Equal("{NULL,7}", Call("slice", array, 2, 9));
        Assert.Equal(3, Call("cardinality", array));
        Assert.Equal(3, Call("array_length", array, 1));
        Assert.Null(Call("array_length", T("{}", "int[]"), 1));
        Assert.Equal(3, Call("array_position", array, 7L));
        Assert.Equal(2, Call("array_position", array, null));
        Assert.Null(Call("array_position", array, 8));
        Assert.Null(Call("array_position", T(null, "int[]"), 8));
        Assert.Equal(true, Call("@>", array, T("{7,5}", "int[]")));
        Assert.Equal(false, Call("@>", array, T("{NULL}", "int[]")));
        Assert.Equal(true, Call("<@", T("{7}", "bigint[]"), array));
        Assert.Equal(true, Call("&&", array, T("{1,7}", "int[]")));
        Assert.Equal("{5,NULL,7,8}", Call("array_append", array, 8));
        Assert.Equal("{5,7}", Call("array_remove", array, null));
        Assert.Equal("5,*,7", Call("array_to_string", array, ",", "*"));
        Assert.Equal("{a,b}", Call("string_to_array", "a-b", "-"));
        Assert.Equal(true, Call("<", T("{1,2}", "int[]"), T("{1,2,0}", "int[]")));
        Assert.Equal(true, Call("=", T("{1.0,NULL}", "decimal[]"), T("{1,NULL}", "decimal[]")));
    }

    [Fact]
    public void Table_functions_give_rows()
    {
        Assert.Equal([1, 3, 5], Table("generate_series", 1, 6, 2).Select(r => (int)r[0]!));
        Assert.Equal([3, 2, 1], Table("generate_series", 3, 1, -1).Select(r => (int)r[0]!));
        Assert.Equal([int.MaxValue], Table("generate_series", int.MaxValue, int.MaxValue).Select(r => (int)r[0]!));
        Assert.Equal([1m, 1.5m, 2m], Table("generate_series", 1m, 2m, 0.5m).Select(r => (decimal)r[0]!));
        Assert.Equal(3, Table("generate_series", new DateTime(2024, 1, 1), new DateTime(2024, 1, 3), TimeSpan.FromDays(1)).Length);
        Assert.Equal(["a", null], Table("unnest", T("{a,NULL}", "text[]")).Select(r => (string?)r[0]));
        Assert.Empty(Table("unnest", T(null, "text[]")));
        Assert.Equal(["1", "x", null], Table("json_array_elements_text", T("[1,\"x\",null]", "json")).Select(r => (string?)r[0]));
        Assert.Empty(Table("json_array_elements", T("{\"a\":1}", "json")));
        Assert.Equal([("a", "1"), ("b", "\"x\"")], Table("json_each", T("{\"a\":1,\"b\":\"x\"}", "json")).Select(r => ((string)r[0]!, (string)r[1]!)));
        Assert.Equal(SqlStates.InvalidParameterValue, Assert.Throws<BareMetalException>(() => Table("generate_series", 1, 2, 0)).SqlState);
    }
}
