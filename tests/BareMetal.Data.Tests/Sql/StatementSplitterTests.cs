using BareMetal.Data.Sql;
using Xunit;

namespace BareMetal.Data.Tests.Sql;

public sealed class StatementSplitterTests
{
    private static string Show(string command) =>
        string.Join(" | ", StatementSplitter.Split(command).Select(
            s => s.Text + string.Concat(s.Parameters.Select(p => $" [{p.Name ?? p.Ordinal.ToString(System.Globalization.CultureInfo.InvariantCulture)}]"))));

    [Theory]
    [InlineData("SELECT 1", "SELECT 1")]
    [InlineData("", "")]
    [InlineData(" ; ;-- nothing\n;/* */", "")]
    [InlineData("SELECT 1; SELECT 2;", "SELECT 1 | SELECT 2")]
    [InlineData("-- tag\n SELECT 1 -- end", "SELECT 1")]
    [InlineData("SELECT ';', \"a;b\", $$;$$, E'\\';' /* ; */", "SELECT ';', \"a;b\", $$;$$, E'\\';'")]
    [InlineData("SELECT @a, @b, @A", "SELECT $1, $2, $1 [a] [b]")]
    [InlineData("SELECT $2, $1, $2", "SELECT $1, $2, $1 [1] [0]")]
    [InlineData("SELECT $1, $2", "SELECT $1, $2 [0] [1]")]
    [InlineData("SELECT :a::text, b[1:2], c[:d], e::int", "SELECT $1::text, b[1:2], c[:d], e::int [a]")]
    [InlineData("SELECT ?, ? ; SELECT ?", "SELECT $1, $2 [0] [1] | SELECT $1 [2]")]
    [InlineData("SELECT a ? 'x', @p", "SELECT a ? 'x', $1 [p]")]
    [InlineData("SELECT a @> @p, a <@ b, a <@p", "SELECT a @> $1, a <@ b, a <$1 [p]")]
    [InlineData("INSERT INTO t VALUES (@p0, @p1); SELECT @p1", "INSERT INTO t VALUES ($1, $2) [p0] [p1] | SELECT $1 [p1]")]
    [InlineData("SELECT @__p_0, @0", "SELECT $1, $2 [__p_0] [0]")]
    [InlineData("SELECT '@a' || \"@b\" || $$ :c $1 $$", "SELECT '@a' || \"@b\" || $$ :c $1 $$")]
    public void Splits_and_numbers_anew(string command, string expected) => Assert.Equal(expected, Show(command));

    [Fact]
    public void The_same_statement_has_the_same_text_whatever_its_parameters_are_called()
    {
        string a = StatementSplitter.Split("SELECT 1;  SELECT * FROM t WHERE a = @x AND b = @y; ")[1].Text;
        string b = StatementSplitter.Split("SELECT * FROM t WHERE a = :first AND b = :second")[0].Text;
        Assert.Equal(a, b);
        string command = "SELECT * FROM t WHERE a = $1";
        Assert.Same(command, StatementSplitter.Split(command)[0].Text);
    }

    [Fact]
    public void Offsets_lead_back_to_the_command()
    {
        const string Command = "SELECT 1; SELECT @long_name, 2, @b, x";
        StatementText second = StatementSplitter.Split(Command)[1];
        Assert.Equal("SELECT $1, 2, $2, x", second.Text);
        foreach (char marker in "2x")
            Assert.Equal(marker, Command[second.ToCommandOffset(second.Text.LastIndexOf(marker is '2' ? " 2" : " x", StringComparison.Ordinal) + 1)]);
        const string Wrong = "SELECT 1;\nSELECT @long_name,\n FROM t";
        StatementText wrong = StatementSplitter.Split(Wrong)[1];
        BareMetalException inner = Assert.Throws<BareMetalException>(() => SqlParser.ParseStatement(wrong));
        Assert.Equal((2, 2), (inner.Line, inner.Column));
        BareMetalException error = wrong.Relocate(inner, Wrong);
        Assert.Equal((3, 2), (error.Line, error.Column));
        Assert.Equal(Wrong.IndexOf("FROM", StringComparison.Ordinal) + 1, error.Position);
        Assert.Equal(inner.Hint, error.Hint);
    }

    [Fact]
    public void There_is_no_parameter_nought() =>
        Assert.Equal(SqlStates.SyntaxError, Assert.Throws<BareMetalException>(() => StatementSplitter.Split("SELECT $0")).SqlState);
}
