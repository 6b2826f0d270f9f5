using BareMetal.Data.Tests.Ado;
using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Execution;

/// <summary>Rows as values; the results are PostgreSQL 15's, but for the order of nulls and the text of booleans.</summary>
public sealed class RowValueTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public RowValueTests() => _db.Run("""
        CREATE TABLE t (id integer NOT NULL, v text);
        CREATE TABLE u (id integer NOT NULL, w integer);
        INSERT INTO t VALUES (1, 'a'), (2, 'b c'), (3, NULL);
        INSERT INTO u VALUES (1, 10), (1, 11)
        """);

    public void Dispose() => _db.Dispose();

    [Theory]
    [InlineData("SELECT t FROM t ORDER BY id", "(1,a);(2,\"b c\");(3,)")]
    [InlineData("SELECT ROW(1, 'x', NULL), ROW(), ROW(5)", "(1,x,)|()|(5)")]
    [InlineData("SELECT (1, 'a,b', '', 'q\"z')", "(1,\"a,b\",\"\",\"q\"\"z\")")]
    [InlineData("SELECT (t).v, (t).* FROM t WHERE id = 1", "a|1|a")]
    [InlineData("SELECT (ROW(1, 'x')).f2", "x")]
    [InlineData("SELECT t.id, u FROM t LEFT JOIN u ON t.id = u.id ORDER BY 1, 2", "1|(1,10);1|(1,11);2|null;3|null")]
    [InlineData("SELECT count(u) FROM t LEFT JOIN u ON t.id = u.id", "2")]
    [InlineData("SELECT ROW(1, 'a') = t, t = ROW(1, 'a'), t < ROW(2, 'a') FROM t ORDER BY id", "true|true|true;false|false|false;false|false|false")]
    [InlineData("SELECT count(DISTINCT (id, w)), count(DISTINCT u) FROM u", "2|2")]
    [InlineData("SELECT DISTINCT (1, w > 0) FROM u", "(1,true)")]
    [InlineData("SELECT ROW(id, 1), count(*) FROM u GROUP BY ROW(id, 1)", null)]
    [InlineData("SELECT u, count(*) FROM u GROUP BY u ORDER BY u DESC", "(1,11)|1;(1,10)|1")]
    [InlineData("SELECT id FROM t ORDER BY ROW(v, id) DESC", "2;1;3")]
    [InlineData("SELECT t IS NULL, t IS NOT NULL FROM t ORDER BY id", "false|true;false|true;false|false")]
    [InlineData("SELECT ROW(NULL, NULL) IS NULL, ROW(1, NULL) IS NULL, ROW(1, NULL) IS NOT NULL", "true|false|false")]
    [InlineData("SELECT x.r, (x.r).f1 FROM (SELECT ROW(id, w) AS r FROM u) x ORDER BY x.r", "(1,10)|1;(1,11)|1")]
    [InlineData("SELECT CASE WHEN id = 1 THEN ROW(1, 'a') ELSE ROW(2, 'b') END FROM t ORDER BY id", "(1,a);(2,b);(2,b)")]
    [InlineData("SELECT ROW(1, 2) UNION SELECT ROW(1, 2)", "(1,2)")]
    [InlineData("SELECT ROW(1, 2) UNION ALL SELECT ROW(1, 2.5)", "(1,2);(1,2.5)")]
    [InlineData("SELECT ROW(1, 2) IS DISTINCT FROM ROW(1, 2), u IS DISTINCT FROM u FROM u", "false|false;false|false")]
    [InlineData("SELECT (ROW(1, 2) = ROW(1, NULL)) IS NULL", "true")]
    [InlineData("SELECT u = (SELECT u FROM u WHERE w = 10) FROM u ORDER BY w", "true;false")]
    [InlineData("SELECT row_to_json(x.r) FROM (SELECT ROW(id, w) AS r FROM u WHERE w = 10) x", "{\"f1\":1,\"f2\":10}")]
    [InlineData("SELECT to_json(x.r) FROM (SELECT u AS r FROM u WHERE w = 10) x", "{\"id\":1,\"w\":10}")]
    [InlineData("SELECT CAST(ROW(1, 'a b') AS text)", "(1,\"a b\")")]
    [InlineData("SELECT u IN (ROW(1, 10), ROW(1, 99)) FROM u ORDER BY w", "true;false")]
    [InlineData("SELECT ROW(1.5, DATE '2024-01-01', ARRAY[1, 2])", "(1.5,2024-01-01,\"{1,2}\")")]
    [InlineData("SELECT ROW(1, ROW(2, 'x y'))", "(1,\"(2,\"\"x y\"\")\")")]
    [InlineData("SELECT coalesce(NULL, ROW(1, 2))", "(1,2)")]
    [InlineData("SELECT a.id FROM u a JOIN u b ON a = b ORDER BY a.w", "1;1")]
    [InlineData("SELECT (SELECT t FROM t WHERE t.id = u.id) FROM u", "(1,a);(1,a)")]
    [InlineData("SELECT row_number() OVER (ORDER BY u DESC), w FROM u ORDER BY w", "2|10;1|11")]
    [InlineData("DELETE FROM u WHERE w = 10 RETURNING u, (u).*", "(1,10)|1|10")]
    public void Values_are_those_of_PostgreSQL(string sql, string? rows)
    {
        List<string> have = _db.Rows(sql);
        Assert.Equal(rows ?? "(1,1)|2", string.Join(';', have));
    }

    [Theory]
    [InlineData("SELECT ROW(1, 2) = ROW(1, 2, 3)", SqlStates.SyntaxError)]
    [InlineData("SELECT (t).nope FROM t", SqlStates.UndefinedColumn)]
    [InlineData("SELECT (id).x FROM t", SqlStates.WrongObjectType)]
    [InlineData("SELECT (id).* FROM t", SqlStates.WrongObjectType)]
    [InlineData("SELECT (x.r).a FROM (SELECT y AS r FROM (SELECT 1 AS a, 2 AS a) y) x", SqlStates.AmbiguousColumn)]
    [InlineData("SELECT 1 WHERE (t).* FROM t", SqlStates.SyntaxError)]
    [InlineData("CREATE TABLE c AS SELECT ROW(1, 2) AS r", SqlStates.InvalidTableDefinition)]
    [InlineData("SELECT ARRAY[ROW(1, 2)]", SqlStates.FeatureNotSupported)]
    [InlineData("SELECT array_agg(u) FROM u", SqlStates.FeatureNotSupported)]
    [InlineData("SELECT ROW(1, 2) UNION SELECT ROW(1)", SqlStates.DatatypeMismatch)]
    public void Mistakes_have_their_state(string sql, string state) => _db.Fails(state, sql);

    [Fact]
    public void A_function_of_several_columns_gives_rows_in_a_select_list()
    {
        Assert.Equal(["(a,1)", "(b,2)"], _db.Rows("SELECT json_each('{\"a\": 1, \"b\": 2}')"));
        Assert.Equal(["a|1", "b|2"], _db.Rows("SELECT (json_each('{\"a\": 1, \"b\": 2}')).*"));
    }

    [Fact]
    public void A_view_gives_rows_also_after_reopening()
    {
        _db.Run("CREATE VIEW w AS SELECT id, t AS r FROM t");
        Assert.Equal(["(1,a)|a"], _db.Rows("SELECT r, (r).v FROM w WHERE id = 1"));
        _db.Reopen();
        Assert.Equal(["(1,a)|a"], _db.Rows("SELECT r, (r).v FROM w WHERE id = 1"));
        Assert.Equal("record", _db.Scalar("SELECT data_type FROM information_schema.columns WHERE table_name = 'w' AND column_name = 'r'"));
    }

    [Fact]
    public void Rows_survive_a_temporary_file()
    {
        using Data.Sessions.Session small = _db.Open(new Data.Sessions.SessionOptions { WorkMemory = 64 << 10 });
        List<string> rows = small.Rows("SELECT r FROM (SELECT ROW(g, 'text ' || g, CASE WHEN g % 3 = 0 THEN NULL ELSE ROW(g, ARRAY[g]) END) AS r FROM generate_series(1, 20000) g) x ORDER BY r DESC LIMIT 3 OFFSET 10000");
        Assert.Equal(["(10000,\"text 10000\",\"(10000,{10000})\")", "(9999,\"text 9999\",)", "(9998,\"text 9998\",\"(9998,{9998})\")"], rows);
        Assert.Equal(["20000"], small.Rows("SELECT count(*) FROM (SELECT DISTINCT ROW(g, NULL, 'x') FROM generate_series(1, 20000) g) x"));
    }

    [Fact]
    public void A_client_reads_a_row_as_its_values()
    {
        using BareMetalDataSource source = BareMetalDataSource.Create("Data Source=:memory:");
        using BareMetalConnection connection = source.OpenConnection();
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = "SELECT ROW(1, 'x', NULL, ROW(true)) AS r";
        using BareMetalDataReader reader = command.ExecuteReader();
        Assert.True(reader.Read());
        Assert.Equal(typeof(object[]), reader.GetFieldType(0));
        Assert.Equal("record", reader.GetDataTypeName(0));
        object[] row = Assert.IsType<object[]>(reader.GetValue(0));
        Assert.Equal(1, row[0]);
        Assert.Equal("x", row[1]);
        Assert.Equal(DBNull.Value, row[2]);
        Assert.Equal([true], Assert.IsType<object[]>(row[3]));
        Assert.Equal(row.Length, reader.GetFieldValue<object[]>(0).Length);
    }
}
