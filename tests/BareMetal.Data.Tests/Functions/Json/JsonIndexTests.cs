using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Rows;
using BareMetal.Data.Tests.Planning;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Values;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Functions.Json;

/// <summary>The structural index of stored JSON: every path gives what the text gives, and damage is an error, never another answer.</summary>
public sealed class JsonIndexTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_path_reaches_through_the_index_what_the_text_has_there()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        int indexed = 0, steps = 0;
        for (int i = 0; i < 60; i++)
        {
            byte[] text = Encoding.UTF8.GetBytes(LargeJson(random, 300 + (random.Next(40) == 0 ? 80_000 : random.Next(9_000))));
            ByteSlice slice = RoundTrip(text);
            Assert.True(slice.Span.SequenceEqual(text));
            indexed += slice.IsIndexed ? 1 : 0;
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1000 });
            Walk(slice, document.RootElement, [], random, ref steps);
        }

        output.WriteLine($"{indexed} of 60 documents indexed, {steps} paths");
        Assert.True(indexed > 30 && steps > 1000);
    }

    [Fact]
    public void Of_members_with_one_name_the_last_is_found_and_escaped_names_are_what_they_stand_for()
    {
        StringBuilder json = new("{");
        for (int i = 0; i < 40; i++)
            json.Append($"\"m{i}\": {i}, \"dup\": {i}, \"\\u0041{i}\": \"{new string('x', 20)}{i}\", ");
        json.Append("\"last\": true}");
        ByteSlice slice = RoundTrip(Encoding.UTF8.GetBytes(json.ToString()));
        Assert.True(slice.IsIndexed);
        Assert.Equal("39", Get(slice, "dup"));
        Assert.Equal($"\"{new string('x', 20)}7\"", Get(slice, "A7"));
        Assert.Equal("true", Get(slice, "last"));
        Assert.Null(Get(slice, "\\u0041{i}"));
        Assert.Null(Get(slice, "m40"));
    }

    [Fact]
    public void A_document_with_a_name_that_is_no_text_is_scanned()
    {
        string json = $"{{\"\\ud800\": 1, \"a\": \"{new string('y', 2000)}\", \"b\": 2}}";
        ByteSlice slice = RoundTrip(Encoding.UTF8.GetBytes(json));
        Assert.False(slice.IsIndexed);
        Assert.Equal("2", Get(RoundTrip(Encoding.UTF8.GetBytes(json.Replace("\\ud800", "z"))), "b"));
    }

    [Fact]
    public void Names_made_to_collide_cost_an_index_and_not_the_time_to_build_it()
    {
        string last = "";
        // Names of one hash, found by trying.
        StringBuilder few = new("{\"a\": 0"), many = new("{\"a\": 0");
        byte[] name = new byte[10];
        int found = 0;
        for (int i = 0; found < 70; i++)
        {
            _ = System.Buffers.Text.Utf8Formatter.TryFormat(i, name, out int length);
            if (JsonIndexBuilder.Hash(name.AsSpan(0, length)) != 77)
                continue;
            found++;
            many.Append($", \"{i}\": {i}{new string(' ', 20)}");
            if (found < 40)
                few.Append($", \"{i}\": {i}{new string(' ', 20)}");
            if (found == 30)
                last = i.ToString();
        }

        ByteSlice indexed = RoundTrip(Encoding.UTF8.GetBytes(few + "}"));
        Assert.True(indexed.IsIndexed);
        Assert.Equal(last, Get(indexed, last));
        ByteSlice scanned = RoundTrip(Encoding.UTF8.GetBytes(many + "}"));
        Assert.False(scanned.IsIndexed);
        Assert.Equal(last, Get(scanned, last));
        string same = "{" + string.Join(", ", Enumerable.Range(0, 50_000).Select(i => $"\"k\": {i}")) + "}";
        ByteSlice slice = RoundTrip(Encoding.UTF8.GetBytes(same));
        Assert.True(slice.IsIndexed);
        Assert.Equal("49999", Get(slice, "k"));
    }

    [Fact]
    public void Any_changed_byte_of_an_index_is_found_by_its_checksum()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        byte[] text = Encoding.UTF8.GetBytes(LargeJson(random, 3000));
        byte[] stored = Stored(text);
        Assert.Equal(StoredJson.Marker, stored[0]);
        for (int at = StoredJson.HeaderSize + text.Length; at < stored.Length; at++)
        {
            byte[] damaged = [.. stored];
            damaged[at] ^= (byte)(1 << random.Next(8));
            BareMetalException error = Assert.Throws<BareMetalException>(() => _ = new JsonCursor(StoredJson.Read(damaged)));
            Assert.Equal(SqlStates.DataCorrupted, error.SqlState);
        }
    }

    [Fact]
    public void An_index_that_lies_under_a_right_checksum_never_leads_outside_of_the_text()
    {
        output.WriteLine($"BAREMETAL_SEED={RandomValues.Seed}");
        Random random = new(RandomValues.Seed);
        int errors = 0, answers = 0;
        for (int round = 0; round < 4000; round++)
        {
            byte[] text = Encoding.UTF8.GetBytes(LargeJson(random, 700));
            byte[] stored = Stored(text);
            int indexAt = StoredJson.HeaderSize + text.Length;
            if (stored[0] != StoredJson.Marker)
                continue;
            for (int n = random.Next(1, 4); n > 0; n--)
                stored[random.Next(indexAt + 4, stored.Length)] = (byte)random.Next(256);
            BinaryPrimitives.WriteUInt32LittleEndian(stored.AsSpan(indexAt), JsonIndexBuilder.Checksum(text.Length, stored.AsSpan(indexAt + 4)));
            try
            {
                ByteSlice slice = StoredJson.Read(stored);
                Probe(slice, text);
                answers++;
            }
            catch (BareMetalException e) when (e.SqlState == SqlStates.DataCorrupted)
            {
                errors++;
            }
        }

        output.WriteLine($"{errors} errors, {answers} answers");
        Assert.True(errors > 100);
    }

    [Theory]
    [InlineData("01")]
    [InlineData("0100000000")]
    [InlineData("01FFFFFFFF7B7D")]
    [InlineData("01050000007B7D")]
    public void A_stored_form_that_ends_early_is_an_error(string hex)
    {
        BareMetalException error = Assert.Throws<BareMetalException>(() => StoredJson.Read(Convert.FromHexString(hex)));
        Assert.Equal(SqlStates.DataCorrupted, error.SqlState);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("jsonb")]
    public void Tables_keep_large_documents_through_updates_sorts_and_joins(string type)
    {
        using SqlHarness db = new();
        db.Execute($"CREATE TABLE d (id int PRIMARY KEY, doc {type}, n int)");
        db.Execute("INSERT INTO d SELECT i, (SELECT ('{\"id\":' || i || ',\"tags\":[' || string_agg('{\"k\":\"t' || g || '\",\"v\":' || g || '}', ',') || '],\"tail\":{\"deep\":[1,2,{\"x\":\"y' || i || '\"}]}}') FROM generate_series(1, 200) AS g)::" + type + ", 0 FROM generate_series(1, 20) AS i");
        string[] expected = [.. Enumerable.Range(1, 20).Select(i => $"{i}|t200|y{i}|200")];
        const string Query = "SELECT doc ->> 'id', doc -> 'tags' -> -1 ->> 'k', doc #>> '{tail,deep,2,x}', json_array_length((doc -> 'tags')::json) FROM ";
        Assert.Equal(expected, db.Query(Query + "d ORDER BY id"));
        db.Execute("UPDATE d SET n = 1");
        Assert.Equal(expected, db.Query(Query + "d ORDER BY id"));
        Assert.Equal(expected, db.Query(Query + "(SELECT a.doc, a.id FROM d AS a JOIN d AS b ON (a.doc ->> 'id') = (b.doc ->> 'id') ORDER BY a.doc ->> 'id' LIMIT 20) AS s ORDER BY id"));
        db.Execute("CREATE INDEX i ON d (n) INCLUDE (doc)");
        Assert.Equal(expected, db.Query(Query + "d WHERE n = 1 ORDER BY (doc ->> 'id')::int"));
    }

    private static string? Get(ByteSlice json, string name)
    {
        JsonCursor cursor = new(json);
        return cursor.TryMember(Encoding.UTF8.GetBytes(name)) ? Encoding.UTF8.GetString(cursor.Value) : null;
    }

    private static byte[] Stored(byte[] text)
    {
        RowBuffer buffer = new();
        StoredJson.Append(new ByteSlice(text), buffer);
        return buffer.ToArray();
    }

    private static ByteSlice RoundTrip(byte[] text)
    {
        byte[] stored = Stored(text);
        ByteSlice read = StoredJson.Read(stored, new ByteArena());

        // What was read is written again byte by byte.
        RowBuffer again = new();
        StoredJson.Append(read, again);
        Assert.True(again.Span.SequenceEqual(stored));
        return read;
    }

    private static void Walk(ByteSlice json, JsonElement element, List<byte[]> path, Random random, ref int steps)
    {
        JsonCursor cursor = new(json);
        Assert.True(cursor.TryPath(path.ToArray()));
        Assert.Equal(element.GetRawText(), Encoding.UTF8.GetString(cursor.Value));
        steps++;
        if (element.ValueKind == JsonValueKind.Array)
        {
            int length = element.GetArrayLength();
            Assert.Equal(length, cursor.ArrayLength);
            JsonCursor outside = cursor;
            Assert.False(outside.TryElement(length));
            Assert.False(outside.TryElement(-length - 1));
            for (int i = 0; i < length; i++)
            {
                if (length > 30 && random.Next(10) != 0)
                    continue;
                path.Add(Encoding.UTF8.GetBytes((random.Next(2) == 0 ? i : i - length).ToString()));
                Walk(json, element[i], path, random, ref steps);
                path.RemoveAt(path.Count - 1);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            JsonCursor outside = cursor;
            Assert.False(outside.TryMember("no such member"u8));
            foreach (JsonProperty member in element.EnumerateObject())
            {
                path.Add(Encoding.UTF8.GetBytes(member.Name));
                Walk(json, element.GetProperty(member.Name), path, random, ref steps);
                path.RemoveAt(path.Count - 1);
            }
        }
    }

    /// <summary>Asks for everything that the true document has.</summary>
    private static void Probe(ByteSlice json, byte[] text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        Visit(new JsonCursor(json), document.RootElement);

        static void Visit(JsonCursor cursor, JsonElement element)
        {
            _ = cursor.Value.Length;
            _ = cursor.ArrayLength;
            if (element.ValueKind == JsonValueKind.Array)
            {
                for (int i = 0; i < element.GetArrayLength(); i++)
                {
                    JsonCursor inner = cursor;
                    if (inner.TryElement(i))
                        Visit(inner, element[i]);
                }
            }
            else if (element.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    JsonCursor inner = cursor;
                    if (inner.TryMember(Encoding.UTF8.GetBytes(member.Name)))
                        Visit(inner, member.Value);
                }
            }
        }
    }

    private static string LargeJson(Random random, int size)
    {
        StringBuilder json = new();
        json.Append(random.Next(3) == 0 ? " [" : "{");
        bool isObject = json[^1] == '{';
        for (int i = 0; json.Length < size; i++)
        {
            if (i > 0)
                json.Append(random.Next(3) == 0 ? " , " : ",");
            if (isObject)
                json.Append(JsonSerializer.Serialize("m" + random.Next(400) + (random.Next(9) == 0 ? "é\"\n" : ""))).Append(random.Next(3) == 0 ? " : " : ":");
            json.Append(random.Next(6) == 0 && size > 400 ? LargeJson(random, size / 3) : RandomValues.NextJson(random, 3));
        }

        return json.Append(isObject ? '}' : ']').ToString();
    }
}
