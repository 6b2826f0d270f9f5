using BareMetal.Data.Sql;
using Xunit;

namespace BareMetal.Data.Tests.Sql;

public sealed class SyntaxErrorTests
{
    [Theory]
    [InlineData("SELEC 1", 1, "\"SELEC\"", "SELECT")]
    [InlineData("", 1, "the end of the text", null)]
    [InlineData("SELECT 1 +", 11, "the end of the text", null)]
    [InlineData("SELECT a b c", 12, "\"c\"", null)]
    [InlineData("SELECT (1", 10, "the end of the text", null)]
    [InlineData("SELECT 1)", 9, "\")\"", null)]
    [InlineData("SELECT * FROM t ORDER YB a", 23, "\"YB\"", "BY")]
    [InlineData("SELECT * FROM table", 15, "\"table\"", "reserved word")]
    [InlineData("SELECT a < b < c", 14, "do not chain", "AND")]
    [InlineData("SELECT 'abc", 8, "no closing '", null)]
    [InlineData("SELECT \"abc", 8, "no closing \"", null)]
    [InlineData("SELECT \"\"", 8, "empty", null)]
    [InlineData("SELECT /* a /* b */", 8, "no end", null)]
    [InlineData("SELECT $x$abc", 8, "$x$", null)]
    [InlineData("SELECT 12ab", 8, "without a blank", null)]
    [InlineData("SELECT `a`", 8, "means nothing", "double quotes")]
    [InlineData("SELECT CASE WHEN a THEN 1 ELS 2 END", 27, "\"ELS\"", "ELSE")]
    [InlineData("SELECT CASE END", 13, "\"END\"", null)]
    [InlineData("INSERT INTO t (a) VALUE (1)", 19, "\"VALUE\"", "VALUES")]
    [InlineData("INSERT INTO t VALUES (1), (1, 2)", 27, "differ in length", null)]
    [InlineData("UPDATE t SET t.a = 1", 15, "without its table", null)]
    [InlineData("UPDATE t SET (a, b) = 1", 23, "row or a query", null)]
    [InlineData("CREATE TABEL t (a int)", 8, "\"TABEL\"", "TABLE")]
    [InlineData("CREATE TABLE t (a int NOT)", 23, "\"NOT\"", null)]
    [InlineData("SELECT 1; SELECT 2", 11, "end of the statement", null)]
    [InlineData("SELECT a FROM t LIMIT 1, 2", 24, "one number", "OFFSET")]
    [InlineData("SELECT a IN ()", 14, "\")\"", null)]
    [InlineData("DO $$ BEGIN SELECT 1 END $$", 22, "\"END\"", null)]
    [InlineData("DO $$ BEGIN IF a THEN SELECT 1; END; END $$", 36, "\";\"", null)]
    [InlineData("CREATE VIEW v AS SELECT $1 FROM t WHERE", 40, "the end of the text", null)]
    public void Says_where_what_and_how_to_mend_it(string text, int position, string found, string? hint)
    {
        BareMetalException error = Assert.Throws<BareMetalException>(() => SqlParser.ParseStatement(text));
        Assert.Equal(SqlStates.SyntaxError, error.SqlState);
        Assert.Contains(found, error.Message, StringComparison.Ordinal);
        Assert.Equal(position, error.Position);
        if (hint is not null)
            Assert.Contains(hint, error.Hint ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Line_and_column_are_counted()
    {
        BareMetalException error = Assert.Throws<BareMetalException>(() => SqlParser.ParseStatement("SELECT 1,\n 'a\nb' FORM t"));
        Assert.Equal((3, 9), (error.Line, error.Column));
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("NOT (", ")")]
    [InlineData("- (", ")")]
    [InlineData("(SELECT ", ")")]
    [InlineData("((SELECT ", ") + 1)")]
    [InlineData("f(", ")")]
    [InlineData("ARRAY[", "]")]
    [InlineData("CASE WHEN a THEN ", " END")]
    [InlineData("a IN (", ")")]
    [InlineData("EXISTS (SELECT * FROM (SELECT ", ") x)")]
    public void Deep_nesting_is_an_error_and_no_overflow(string open, string close)
    {
        foreach (int depth in (int[])[10_000, 100_000])
        {
            string text = "SELECT " + string.Concat(Enumerable.Repeat(open, depth)) + "1" + string.Concat(Enumerable.Repeat(close, depth));
            BareMetalException error = Assert.Throws<BareMetalException>(() => SqlParser.ParseStatement(text));
            Assert.Equal(SqlStates.StatementTooComplex, error.SqlState);
        }

        SqlParser.ParseStatement("SELECT " + string.Concat(Enumerable.Repeat(open, 25)) + "1" + string.Concat(Enumerable.Repeat(close, 25)));
    }

    [Theory]
    [InlineData("SELECT a", " + 1")]
    [InlineData("SELECT a", "::text")]
    [InlineData("SELECT a", "[1]")]
    [InlineData("SELECT a", " IS NULL")]
    [InlineData("SELECT 1", " UNION ALL SELECT 1")]
    [InlineData("SELECT 1 FROM t", " CROSS JOIN t")]
    [InlineData("SELECT 1 FROM t", " JOIN t")]
    public void Long_chains_that_would_make_a_high_tree_are_an_error(string start, string link)
    {
        BareMetalException error = Assert.Throws<BareMetalException>(
            () => SqlParser.ParseStatement(start + string.Concat(Enumerable.Repeat(link, 100_000))));
        Assert.Equal(SqlStates.StatementTooComplex, error.SqlState);
    }

    [Fact]
    public void Long_flat_lists_are_no_error()
    {
        string many = string.Join(", ", Enumerable.Range(0, 20_000).Select(i => $"-{i} + a"));
        SqlParser.ParseStatement($"SELECT {many} FROM t WHERE a IN ({many})");
        SqlParser.ParseStatement("SELECT a WHERE a = 0" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $" OR a = {i} AND b = {i}")));
        SqlParser.ParseStatement("INSERT INTO t VALUES " + string.Join(", ", Enumerable.Range(0, 20_000).Select(i => $"({i}, 'x' || 'y')")));
    }
}
