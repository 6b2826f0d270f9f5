using System.Text;
using BareMetal.Data.Tests.Ado;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Copy;

/// <summary>Random data through COPY's readers: what was written comes back, rows agree with a plain reading of RFC 4180, and garbage is an error.</summary>
public sealed class CopyFuzzTests(ITestOutputHelper output) : AdoTestBase
{
    private static readonly string[] s_pieces = ["a", "b", ",", "\"", "\"\"", "\n", "\r\n", "\r", ";", "\\", "\\N", "\\.", "\t", "é", "😀", "", "NULL", " ", "\\n", "x\"y"];

    private int Seed(int seed)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int given))
            seed = given;
        output.WriteLine($"seed {seed}");
        return seed;
    }

    private static string Text(Random random)
    {
        StringBuilder text = new();
        for (int i = random.Next(6); i > 0; i--)
            text.Append(s_pieces[random.Next(s_pieces.Length)]);
        return text.ToString();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_was_written_comes_back(int seed)
    {
        Random random = new(Seed(seed));
        string[] formats =
        [
            "(FORMAT csv)", "(FORMAT csv, HEADER)", "(FORMAT text)", "(FORMAT jsonl)", "(FORMAT csv, DELIMITER ';', QUOTE '''', NULL 'NULL')", "(FORMAT csv, ESCAPE '\\')",
            "(FORMAT text, DELIMITER ',', NULL 'NULL')", "(FORMAT csv, DELIMITER E'\\t', NULL '\\N')", "(FORMAT csv, HEADER match, QUOTE 'x')",
        ];
        Run("CREATE TABLE a (id integer PRIMARY KEY, s text, t text); CREATE TABLE b (id integer PRIMARY KEY, s text, t text)");
        for (int round = 0; round < 60; round++)
        {
            Run("DELETE FROM a; DELETE FROM b");
            for (int i = random.Next(12); i >= 0; i--)
                Run("INSERT INTO a VALUES ($1, $2, $3)", i, random.Next(5) == 0 ? null : Text(random), random.Next(5) == 0 ? null : Text(random));
            string format = formats[random.Next(formats.Length)];
            MemoryStream data = new();
            Connection.CopyTo("COPY a TO STDOUT " + format.Replace(" match", "", StringComparison.Ordinal), data);
            data.Position = 0;
            Connection.CopyFrom("COPY b FROM STDIN " + format, new Trickle(data, random));
            Assert.True((long)Scalar("SELECT count(*) FROM (TABLE a EXCEPT TABLE b) x")! == 0 && (long)Scalar("SELECT count(*) FROM b")! == (long)Scalar("SELECT count(*) FROM a")!,
                $"{format}: {Encoding.UTF8.GetString(data.ToArray())}");
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void Rows_agree_with_a_plain_reading_of_the_rfc(int seed)
    {
        Random random = new(Seed(seed));
        Run("CREATE TABLE a (n integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s text, t text)");
        int good = 0;
        for (int round = 0; round < 800; round++)
        {
            StringBuilder text = new();
            for (int i = random.Next(14); i > 0; i--)
            {
                text.Append(random.Next(3) switch
                {
                    0 => s_pieces[random.Next(s_pieces.Length)],
                    1 => "x,\"y\"\n",
                    _ => ",",
                });
            }

            List<List<string?>>? expected = Plain(text.ToString());
            if (expected is not null && expected.Exists(r => r.Count != 2))
                expected = null;
            MemoryStream data = new(Encoding.UTF8.GetBytes(text.ToString()));
            if (expected is null)
            {
                BareMetalException error = Assert.Throws<BareMetalException>(() => Connection.CopyFrom("COPY a (s, t) FROM STDIN CSV", new Trickle(data, random)));
                Assert.True(error.SqlState == SqlStates.BadCopyFileFormat, $"{error.Message} for {text}");
                continue;
            }

            good++;
            Connection.CopyFrom("COPY a (s, t) FROM STDIN CSV", new Trickle(data, random));
            using BareMetalCommand command = Command(Connection, "DELETE FROM a RETURNING n, s, t");
            using BareMetalDataReader reader = command.ExecuteReader();
            List<object?[]> rows = [.. Rows(reader).OrderBy(r => (int)r[0]!)];
            Assert.True(
                rows.Count == expected.Count && rows.Zip(expected).All(p => Equals(p.First[1], (object?)p.Second[0] ?? DBNull.Value) && Equals(p.First[2], (object?)p.Second[1] ?? DBNull.Value)),
                text.ToString());
        }

        Assert.True(good > 100, $"{good} texts were rows");
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public void Garbage_is_an_error_or_rows_and_leaves_the_table_whole(int seed)
    {
        Random random = new(Seed(seed));
        Run("CREATE TABLE a (i integer, s text, d date, j jsonb, r text[])");
        string[] formats = ["(FORMAT csv)", "(FORMAT text)", "(FORMAT jsonl)", "(FORMAT csv, HEADER match)", "(FORMAT csv, ESCAPE '\\', NULL 'x')"];
        string[] words = ["1", "{\"i\":", "}", "2024-01-01", "{}", "[", "\"", ",", "\n", "\\", "null", "{a,b}", "\t", "\"s\":\"", ":", "i,s,d,j,r"];
        for (int round = 0; round < 800; round++)
        {
            MemoryStream data = new();
            for (int i = random.Next(25); i > 0; i--)
            {
                if (random.Next(6) == 0)
                    data.WriteByte((byte)random.Next(256));
                else
                    data.Write(Encoding.UTF8.GetBytes(words[random.Next(words.Length)]));
            }

            data.Position = 0;
            long before = (long)Scalar("SELECT count(*) FROM a")!;
            long added = 0;
            try
            {
                added = Connection.CopyFrom("COPY a FROM STDIN " + formats[random.Next(formats.Length)], new Trickle(data, random));
            }
            catch (BareMetalException e)
            {
                Assert.True(e.SqlState[..2] is "22" or "23", $"{e} for {Convert.ToBase64String(data.ToArray())}");
            }

            Assert.Equal(before + added, (long)Scalar("SELECT count(*) FROM a")!);
        }
    }

    /// <summary>RFC 4180 over the whole text at once, with lines ended by LF, CR LF or CR; null where a quote has no end.</summary>
    private static List<List<string?>>? Plain(string text)
    {
        List<List<string?>> rows = [];
        int at = 0;
        while (at < text.Length)
        {
            List<string?> row = [];
            while (true)
            {
                StringBuilder field = new();
                bool quoted = false;
                while (at < text.Length && text[at] is not (',' or '\r' or '\n'))
                {
                    if (text[at] != '"')
                    {
                        field.Append(text[at++]);
                        continue;
                    }

                    quoted = true;
                    for (at++; ; at++)
                    {
                        if (at >= text.Length)
                            return null;
                        if (text[at] == '"' && at + 1 < text.Length && text[at + 1] == '"')
                            at++;
                        else if (text[at] == '"')
                            break;
                        field.Append(text[at]);
                    }

                    at++;
                }

                row.Add(field.Length == 0 && !quoted ? null : field.ToString());
                if (at >= text.Length || text[at] != ',')
                    break;
                at++;
            }

            if (at < text.Length)
                at += text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n' ? 2 : 1;
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class Trickle(MemoryStream inner, Random random) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, 1 + random.Next(7)));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void SetLength(long value) => inner.SetLength(value);

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
