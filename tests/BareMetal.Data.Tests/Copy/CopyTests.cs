using System.Globalization;
using System.Text;
using BareMetal.Data.Tests.Ado;
using Xunit;

namespace BareMetal.Data.Tests.Copy;

public sealed class CopyTests : AdoTestBase
{
    public CopyTests() => Run("CREATE TABLE t (id integer PRIMARY KEY, name varchar(10), amount decimal(10,2), flag boolean DEFAULT true)");

    private List<string> All(string sql = "SELECT * FROM t ORDER BY 1")
    {
        using BareMetalCommand command = Command(Connection, sql);
        using BareMetalDataReader reader = command.ExecuteReader();
        return [.. Rows(reader).Select(r => string.Join('|', r.Select(v => v is DBNull ? "null" : Convert.ToString(v, CultureInfo.InvariantCulture))))];
    }

    private long From(string command, string data) => Connection.CopyFrom(command, new MemoryStream(Encoding.UTF8.GetBytes(data)));

    private string To(string command)
    {
        using TextReader reader = Connection.BeginTextExport(command);
        return reader.ReadToEnd();
    }

    private BareMetalException Fails(string state, string command, string data)
    {
        BareMetalException error = Assert.Throws<BareMetalException>(() => From(command, data));
        Assert.True(error.SqlState == state, error.ToString());
        return error;
    }

    [Fact]
    public void Csv_rows_become_rows()
    {
        Assert.Equal(3, From("COPY t FROM STDIN (FORMAT csv, HEADER)", "id,name,amount,flag\n1,ann,1.50,t\r\n2,\"b,\"\"c\"\"\nd\",,false\n3,\"\",-2,1"));
        Assert.Equal(["1|ann|1.50|True", "2|b,\"c\"\nd|null|False", "3||-2.00|True"], All());
    }

    [Fact]
    public void The_columns_that_are_named_come_in_their_order_and_the_others_take_defaults()
    {
        Assert.Equal(1, From("COPY t (name, id) FROM STDIN WITH CSV", "x,7\n"));
        Assert.Equal(["7|x|null|True"], All());
    }

    [Fact]
    public void Text_format_knows_its_escapes()
    {
        Assert.Equal(2, From("COPY t (id, name) FROM STDIN", "1\ta\\tb\\\\\\x41\\101\n2\t\\N\n\\.\nnot read"));
        Assert.Equal(["1|a\tb\\AA|null|True", "2|null|null|True"], All());
        Assert.Equal("1\ta\\tb\\\\AA\t\\N\ttrue\n2\t\\N\t\\N\ttrue\n", To("COPY t TO STDOUT"));
        Assert.Equal("1;a\tb\\AA;;true\n2;;;true\n", To("COPY t TO STDOUT (FORMAT csv, DELIMITER ';')"));
    }

    [Fact]
    public void Csv_is_written_with_quotes_where_they_are_needed()
    {
        Run("INSERT INTO t VALUES (1, 'a,b', 1, true), (2, '', NULL, NULL), (3, 'say \"x\"', 2.5, false), (4, E'l\\nm', 0, true)");
        Assert.Equal("id,name,amount,flag\n1,\"a,b\",1.00,true\n2,\"\",,\n3,\"say \"\"x\"\"\",2.50,false\n4,\"l\nm\",0.00,true\n", To("COPY t TO STDOUT (FORMAT csv, HEADER)"));
        Assert.Equal("'a,b'\n", To("COPY (SELECT name FROM t WHERE id = 1) TO STDOUT (FORMAT csv, QUOTE '''')"));
        Assert.Equal("\"1\",\"a,b\"\n", To("COPY (SELECT id, name FROM t WHERE id = 1) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"));
        Assert.Equal("1,\"1.00\"\n", To("COPY (SELECT id, amount FROM t WHERE id = 1) TO STDOUT CSV FORCE QUOTE amount"));
        Assert.Equal("\"say \\\"x\\\"\"\n", To("COPY (SELECT name FROM t WHERE id = 3) TO STDOUT (FORMAT csv, ESCAPE '\\')"));
        Assert.Equal("id,name\n", To("COPY (SELECT id, name FROM t WHERE false) TO STDOUT (FORMAT csv, HEADER true)"));
    }

    [Fact]
    public void Nulls_are_told_from_empty_texts()
    {
        From("COPY t (id, name) FROM STDIN (FORMAT csv, NULL 'NIL')", "1,NIL\n2,\"NIL\"\n3,\n");
        From("COPY t (id, name) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (name))", "4,\n5,\"\"\n");
        From("COPY t (id, name) FROM STDIN (FORMAT csv, FORCE_NULL (name))", "6,\n7,\"\"\n");
        Assert.Equal(["1|null", "2|NIL", "3|", "4|", "5|", "6|null", "7|null"], All("SELECT id, name FROM t ORDER BY id"));
    }

    [Fact]
    public void A_header_may_have_to_match()
    {
        From("COPY t (id, name) FROM STDIN (FORMAT csv, HEADER match)", "ID,name\n1,a\n");
        Assert.Contains("line 1", Fails(SqlStates.BadCopyFileFormat, "COPY t (id, name) FROM STDIN (FORMAT csv, HEADER match)", "id,nam\n2,a\n").Message, StringComparison.Ordinal);
        Fails(SqlStates.BadCopyFileFormat, "COPY t (id, name) FROM STDIN (FORMAT csv, HEADER match)", "id\n2,a\n");
        From("COPY t (id, name) FROM STDIN (HEADER match)", "id\tname\n2\tb\n");
    }

    [Fact]
    public void Json_lines_go_in_and_out()
    {
        Run("CREATE TABLE j (id integer PRIMARY KEY, doc jsonb, raw json, tags text[], data bytea, at timestamp, span timespan, u uuid)");
        Assert.Equal(2, From("COPY j FROM STDIN (FORMAT jsonl)", """
            {"id": 1, "doc": {"a": [1, 2]}, "raw": {"b" :1}, "tags": ["x", null, "y\"z"], "data": "AQI=", "at": "2024-02-29T12:00:00.5", "span": "1:02:03:04", "u": "00000000-0000-0000-0000-000000000001"}

            {"ID": "2", "doc": null}
            """));
        Assert.Equal(["1|2|2|y\"z|2024"], All("SELECT id, doc->'a'->>1, length(data), tags[3], extract(year from at)::int FROM j WHERE id = 1"));
        Assert.Equal(["1|8"], All("SELECT count(*), sum((doc IS NULL)::int + (raw IS NULL)::int + (tags IS NULL)::int + (data IS NULL)::int + (at IS NULL)::int + (span IS NULL)::int + (u IS NULL)::int) + 1 FROM j WHERE id = 2"));
        string text = To("COPY j TO STDOUT (FORMAT ndjson)");
        Assert.Equal(2, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Run("CREATE TABLE k AS SELECT * FROM j; DELETE FROM j");
        Assert.Equal(2, From("COPY j FROM STDIN (FORMAT json)", text));
        Assert.Equal(["0"], All("SELECT count(*) FROM j JOIN k USING (id) WHERE (j.doc, j.tags, j.data, j.at, j.span, j.u) IS DISTINCT FROM (k.doc, k.tags, k.data, k.at, k.span, k.u) AND j.id = 1"));
        Assert.Contains("line 2", Fails(SqlStates.BadCopyFileFormat, "COPY j FROM STDIN (FORMAT jsonl)", "{\"id\": 3}\n{\"idd\": 4}").Message, StringComparison.Ordinal);
        Fails(SqlStates.InvalidTextRepresentation, "COPY j FROM STDIN (FORMAT jsonl)", "{\"id\": 3");
        Fails(SqlStates.BadCopyFileFormat, "COPY j FROM STDIN (FORMAT jsonl)", "[3]");
        Fails(SqlStates.InvalidTextRepresentation, "COPY j FROM STDIN (FORMAT jsonl)", "{\"id\": 3} {\"id\": 4}");
    }

    [Fact]
    public void Mistakes_in_the_data_name_line_and_column_and_leave_nothing()
    {
        BareMetalException error = Fails(SqlStates.InvalidTextRepresentation, "COPY t (id, name) FROM STDIN CSV", "1,a\n2,b\nthree,c\n");
        Assert.Contains("line 3, column \"id\", value \"three\"", error.Message, StringComparison.Ordinal);
        Assert.Equal("id", error.ColumnName);
        Assert.Contains("line 2, column \"name\"", Fails(SqlStates.BadCopyFileFormat, "COPY t (id, name) FROM STDIN CSV", "1,a\n2\n").Message, StringComparison.Ordinal);
        Assert.Contains("line 1", Fails(SqlStates.BadCopyFileFormat, "COPY t (id, name) FROM STDIN CSV", "1,a,b\n").Message, StringComparison.Ordinal);
        Assert.Contains("line 2", Fails(SqlStates.BadCopyFileFormat, "COPY t (id, name) FROM STDIN CSV", "1,a\n2,\"b\n3,c\n").Message, StringComparison.Ordinal);
        Assert.Contains("line 4", Fails(SqlStates.UniqueViolation, "COPY t (id, name) FROM STDIN CSV", "1,a\n2,\"b\nb\"\n1,c\n").Message, StringComparison.Ordinal);
        Assert.Contains("line 2, column \"name\"", Fails(SqlStates.StringTooLong, "COPY t (id, name) FROM STDIN CSV", "1,a\n2,abcdefghijklm\n").Message, StringComparison.Ordinal);
        Assert.Contains("line 1, column \"amount\"", Fails(SqlStates.NumericOutOfRange, "COPY t (id, amount) FROM STDIN CSV", "1,123456789.5\n").Message, StringComparison.Ordinal);
        Fails(SqlStates.NotNullViolation, "COPY t (name) FROM STDIN CSV", "a\n");
        BareMetalException bytes = Assert.Throws<BareMetalException>(() => Connection.CopyFrom("COPY t (id, name) FROM STDIN CSV", new MemoryStream([(byte)'1', (byte)',', 0xC3, 0x28, 10])));
        Assert.Equal(SqlStates.CharacterNotInRepertoire, bytes.SqlState);
        Assert.Empty(All());
    }

    [Theory]
    [InlineData("COPY q FROM STDIN", SqlStates.UndefinedTable)]
    [InlineData("COPY t (q) FROM STDIN", SqlStates.UndefinedColumn)]
    [InlineData("COPY t (id, id) FROM STDIN", SqlStates.DuplicateColumn)]
    [InlineData("COPY v FROM STDIN", SqlStates.WrongObjectType)]
    [InlineData("COPY t FROM STDIN (FORMAT xml)", SqlStates.InvalidParameterValue)]
    [InlineData("COPY t FROM STDIN (FORMAT binary)", SqlStates.FeatureNotSupported)]
    [InlineData("COPY t FROM STDIN (FORMAT csv, FORMAT csv)", SqlStates.SyntaxError)]
    [InlineData("COPY t FROM STDIN (FORMATT csv)", SqlStates.SyntaxError)]
    [InlineData("COPY t FROM STDIN (DELIMITER ',,')", SqlStates.FeatureNotSupported)]
    [InlineData("COPY t FROM STDIN (QUOTE '\"')", SqlStates.FeatureNotSupported)]
    [InlineData("COPY t FROM STDIN (FORMAT csv, QUOTE ',')", SqlStates.InvalidParameterValue)]
    [InlineData("COPY t FROM STDIN (DELIMITER 'a')", SqlStates.InvalidParameterValue)]
    [InlineData("COPY t FROM STDIN (FORMAT csv, ENCODING 'latin1')", SqlStates.FeatureNotSupported)]
    [InlineData("COPY t FROM STDIN (FORMAT csv, FORCE_QUOTE *)", SqlStates.FeatureNotSupported)]
    [InlineData("COPY t (id) FROM STDIN (FORMAT csv, FORCE_NULL (name))", SqlStates.InvalidColumnReference)]
    [InlineData("COPY t FROM STDIN (FORMAT csv, NULL ',')", SqlStates.InvalidParameterValue)]
    [InlineData("COPY t FROM PROGRAM 'ls'", SqlStates.FeatureNotSupported)]
    [InlineData("COPY t FROM STDIN WHERE id > $1", SqlStates.FeatureNotSupported)]
    [InlineData("COPY t FROM STDIN (FORMAT csv) WHERE nope > 1", SqlStates.UndefinedColumn)]
    [InlineData("COPY t FROM", SqlStates.SyntaxError)]
    public void Mistakes_in_the_statement_have_their_state(string sql, string state)
    {
        Run("CREATE VIEW v AS SELECT 1 AS a");
        BareMetalException error = Assert.Throws<BareMetalException>(() => From(sql, "1,a,2,true\n"));
        Assert.True(error.SqlState == state, error.ToString());
        Assert.Equal(1, Run("INSERT INTO t VALUES (1)"));
    }

    [Fact]
    public void Only_copy_with_a_stream_is_taken_by_the_methods_with_streams()
    {
        Assert.Throws<ArgumentException>(() => Connection.BeginTextImport("SELECT 1"));
        Assert.Throws<ArgumentException>(() => Connection.BeginTextImport("COPY t TO STDOUT"));
        Assert.Throws<ArgumentException>(() => Connection.BeginTextExport("COPY t FROM STDIN"));
        Assert.Throws<ArgumentException>(() => Connection.BeginTextImport("COPY t FROM '/tmp/x'"));
        Assert.Equal(SqlStates.FeatureNotSupported, Assert.Throws<BareMetalException>(() => Run("COPY t FROM STDIN")).SqlState);
    }

    [Fact]
    public void A_condition_leaves_rows_out()
    {
        Assert.Equal(2, From("COPY t (id, name) FROM STDIN (FORMAT csv) WHERE id > 1 AND t.name <> 'c'", "1,a\n2,b\n3,c\n4,d\n"));
        Assert.Equal(["2", "4"], All("SELECT id FROM t ORDER BY id"));
    }

    [Fact]
    public void A_writer_completes_when_it_is_disposed_and_undoes_when_cancelled()
    {
        using (BareMetalCopyTextWriter writer = Connection.BeginTextImport("COPY t (id, name) FROM STDIN CSV"))
        {
            writer.WriteLine("1,a");
            writer.Write("2,");
            writer.Write('b');
            writer.Write("\n");
        }

        using (BareMetalCopyTextWriter writer = Connection.BeginTextImport("COPY t (id, name) FROM STDIN CSV"))
        {
            writer.WriteLine("3,a");
            writer.Cancel();
        }

        BareMetalCopyTextWriter failing = Connection.BeginTextImport("COPY t (id, name) FROM STDIN CSV");
        failing.WriteLine("4,a");
        failing.WriteLine("x,a");
        Assert.Throws<BareMetalException>(failing.Dispose);
        failing.Dispose();
        Assert.Equal(["1|a", "2|b"], All("SELECT id, name FROM t ORDER BY id"));
    }

    [Fact]
    public async Task Asynchronous_copies_report_their_progress()
    {
        StringBuilder data = new();
        for (int i = 0; i < 10_000; i++)
            data.Append(CultureInfo.InvariantCulture, $"{i},n{i % 100}\n");
        List<long> told = [];
        long rows = await Connection.CopyFromAsync("COPY t (id, name) FROM STDIN CSV", new MemoryStream(Encoding.UTF8.GetBytes(data.ToString())), new Told(told));
        Assert.Equal(10_000, rows);
        Assert.Equal(10_000, told[^1]);
        Assert.True(told.Count >= 3);
        MemoryStream output = new();
        Assert.Equal(10_000, await Connection.CopyToAsync("COPY (SELECT id, name FROM t ORDER BY id) TO STDOUT CSV", output));
        Assert.Equal(data.ToString(), Encoding.UTF8.GetString(output.ToArray()));
        await using (BareMetalCopyTextWriter writer = await Connection.BeginTextImportAsync("COPY t (id) FROM STDIN"))
        {
            await writer.WriteLineAsync("20000");
            await writer.WriteAsync("20001");
        }

        Assert.Equal(10_002L, Scalar("SELECT count(*) FROM t"));
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Connection.CopyFromAsync("COPY t (id) FROM STDIN", new MemoryStream("1\n"u8.ToArray()), null, cancelled.Token));
    }

    [Fact]
    public void A_copy_within_a_transaction_fails_alone()
    {
        using BareMetalTransaction transaction = Connection.BeginTransaction();
        Run("INSERT INTO t VALUES (1, 'kept')");
        StringBuilder data = new();
        for (int i = 2; i < 9000; i++)
            data.Append(CultureInfo.InvariantCulture, $"{i},x\n");
        data.Append("1,y\n");
        Assert.Contains("line 8999", Fails(SqlStates.UniqueViolation, "COPY t (id, name) FROM STDIN CSV", data.ToString()).Message, StringComparison.Ordinal);
        Assert.Equal(1, From("COPY t (id, name) FROM STDIN CSV", "2,z\n"));
        transaction.Commit();
        Assert.Equal(["1|kept", "2|z"], All("SELECT id, name FROM t ORDER BY id"));
    }

    [Fact]
    public void Files_need_permission()
    {
        Assert.Equal(SqlStates.InsufficientPrivilege, Assert.Throws<BareMetalException>(() => Run("COPY t TO '/tmp/never'")).SqlState);
        string folder = Directory.CreateTempSubdirectory("copy").FullName;
        try
        {
            using BareMetalDataSource source = new BareMetalDataSourceBuilder("Data Source=:memory:").UseCopyFiles().Build();
            using BareMetalConnection connection = source.OpenConnection();
            Run(connection, "CREATE TABLE t (id integer PRIMARY KEY, name text)");
            string path = Path.Combine(folder, "t.csv");
            File.WriteAllText(path, "\uFEFFid,name\n1,a\n2,b\n", new UTF8Encoding(false));
            Assert.Equal(2, Run(connection, $"COPY t FROM '{path}' (FORMAT csv, HEADER)"));
            string other = Path.Combine(folder, "u.txt");
            Assert.Equal(2, Run(connection, $"COPY (SELECT * FROM t ORDER BY id DESC) TO '{other}' WITH (FORMAT csv, HEADER)"));
            Assert.Equal("id,name\n2,b\n1,a\n", File.ReadAllText(other));
            Assert.Equal(SqlStates.UniqueViolation, Assert.Throws<BareMetalException>(() => Run(connection, $"COPY t FROM '{path}' (FORMAT csv, HEADER)")).SqlState);
            Assert.Equal(SqlStates.UndefinedFile, Assert.Throws<BareMetalException>(() => Run(connection, $"COPY t FROM '{path}x'")).SqlState);
            Assert.Equal(SqlStates.DivisionByZero, Assert.Throws<BareMetalException>(() => Run(connection, $"COPY (SELECT 1 / (id - 2) FROM t ORDER BY id) TO '{other}'")).SqlState);
            Assert.Equal("id,name\n2,b\n1,a\n", File.ReadAllText(other));
            Assert.Equal(2, Directory.GetFiles(folder).Length);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public void Returned_rows_can_be_copied()
    {
        Assert.Equal("1,a\n2,b\n", To("COPY (INSERT INTO t (id, name) VALUES (1, 'a'), (2, 'b') RETURNING id, name) TO STDOUT CSV"));
        Assert.Equal(2L, Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Identities_and_generated_columns_go_their_ways()
    {
        Run("CREATE TABLE g (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a integer, b integer GENERATED ALWAYS AS (a * 2) STORED)");
        Assert.Equal(2, From("COPY g (a) FROM STDIN CSV", "5\n6\n"));
        Assert.Equal("1,5\n2,6\n", To("COPY g TO STDOUT CSV"));
        Assert.Equal(1, From("COPY g FROM STDIN CSV", "9,7\n"));
        Assert.Equal(["9|7|14"], All("SELECT * FROM g WHERE id = 9"));
        Fails(SqlStates.InvalidColumnReference, "COPY g (b) FROM STDIN CSV", "1\n");
    }

    private sealed class Told(List<long> told) : IProgress<long>
    {
        public void Report(long value) => told.Add(value);
    }
}
