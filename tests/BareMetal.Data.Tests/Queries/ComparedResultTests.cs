using BareMetal.Data.Tests.Ado;
using Xunit;

namespace BareMetal.Data.Tests.Queries;

/// <summary>What random comparison with PostgreSQL has found, one case each.</summary>
public sealed class ComparedResultTests : AdoTestBase
{
    [Theory]
    [InlineData("SELECT CAST(1 AS bigint)", "int8")]
    [InlineData("SELECT 1::double precision", "float8")]
    [InlineData("SELECT CAST('{1}' AS integer[])", "int4")]
    [InlineData("SELECT DATE '2024-01-01'", "date")]
    [InlineData("SELECT true", "?column?")]
    [InlineData("SELECT CAST(length('a') AS bigint)", "length")]
    [InlineData("SELECT CASE WHEN true THEN 1 ELSE length('a') END", "length")]
    [InlineData("SELECT CASE WHEN true THEN 1 ELSE CAST(2 AS integer) END", "case")]
    public void An_unnamed_column_has_the_name_that_PostgreSQL_gives(string sql, string name)
    {
        using BareMetalCommand command = Command(Connection, sql);
        using BareMetalDataReader reader = command.ExecuteReader();
        Assert.Equal(name, reader.GetName(0));
    }

    [Theory]
    [InlineData("SELECT GROUPING(a, b) FROM (VALUES (1, 2)) AS v (a, b) GROUP BY ROLLUP (a, b) HAVING 1 = 2")]
    [InlineData("SELECT GROUPING(a, b) FROM (VALUES (1, 2)) AS v (a, b) WHERE DATE '2024-01-01' = DATE '2024-01-02' GROUP BY GROUPING SETS ((a, b), (b))")]
    public void Grouping_over_no_rows_is_no_error(string sql) => Assert.Null(Scalar(sql));

    /// <summary>Which plan is taken for the sets is decided among several; GROUPING tells those of the plan that was taken.</summary>
    [Theory]
    [InlineData("ORDER BY 1")]
    [InlineData("ORDER BY n.id, n.name, 2")]
    [InlineData("ORDER BY 2 FETCH FIRST 5 ROWS WITH TIES")]
    public void Grouping_tells_the_sets_whatever_is_planned_above(string order)
    {
        Run("CREATE TABLE n (id integer PRIMARY KEY, name text)");
        Run("INSERT INTO n VALUES (1, 'a'), (2, 'b')");
        using BareMetalCommand command = Command(
            Connection, $"SELECT n.name, GROUPING(n.id, n.name) FROM n GROUP BY CUBE (n.id, n.name) HAVING EXISTS (SELECT 1 FROM n AS q WHERE q.id = n.id) {order}");
        using BareMetalDataReader reader = command.ExecuteReader();
        string[] rows = [.. Rows(reader).Select(r => string.Join('|', r.Select(v => v is DBNull ? "null" : Convert.ToString(v, System.Globalization.CultureInfo.InvariantCulture))))];
        Assert.Equal(["a|0", "b|0", "null|1", "null|1"], rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Grouping_may_stand_in_a_subquery_of_a_grouped_query() => Assert.Equal(
        3L,
        Scalar("SELECT count(*) FROM (SELECT a FROM (VALUES (1), (2)) AS v (a) GROUP BY ROLLUP (a) HAVING EXISTS (SELECT GROUPING(x, y) FROM (VALUES (1, 2)) AS w (x, y) GROUP BY CUBE (x, y))) AS q"));

    [Theory]
    [InlineData("ARRAY[1] || CAST(NULL AS integer)", "{1,NULL}")]
    [InlineData("CAST(NULL AS integer) || ARRAY[1]", "{NULL,1}")]
    [InlineData("ARRAY[1] || CAST(NULL AS integer[])", "{1}")]
    [InlineData("CAST(NULL AS integer[]) || 2", "{2}")]
    public void Arrays_are_joined_with_null_as_with_an_element_or_an_empty_array(string expression, string expected) =>
        Assert.Equal(expected, Scalar($"SELECT CAST({expression} AS text)"));

    [Theory]
    [InlineData("plain_1", "plain_1")]
    [InlineData("select", "\"select\"")]
    [InlineData("Ab", "\"Ab\"")]
    [InlineData("a b", "\"a b\"")]
    [InlineData("1a", "\"1a\"")]
    [InlineData("", "\"\"")]
    public void Quote_ident_quotes_where_it_must(string name, string expected) => Assert.Equal(expected, Scalar("SELECT quote_ident($1)", name));

    [Theory]
    [InlineData("ARRAY[1, NULL]", 1L)]
    [InlineData("CAST('{a,b}' AS text[])", 2L)]
    public void A_grouped_expression_with_an_array_in_it_is_known_again(string array, long groups) => Assert.Equal(
        groups,
        Scalar($"SELECT count(*) FROM (SELECT COALESCE(x, {array}) FROM (VALUES ({array}), (NULL), (CASE WHEN {groups} = 2 THEN {array} || {array} ELSE NULL END)) AS v (x) GROUP BY COALESCE(x, {array})) AS q"));

    [Fact]
    public void A_key_that_is_never_null_is_null_in_a_grouping_set_without_it()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
        Assert.Equal(1L, Scalar("SELECT count(*) FROM (SELECT id IS NOT DISTINCT FROM CAST(NULL AS integer) AS none FROM t GROUP BY ROLLUP (id)) AS q WHERE none"));
        Assert.Equal(1L, Scalar("SELECT count(*) FROM (SELECT (SELECT 5 FROM (VALUES (CAST(NULL AS integer))) AS v (x) WHERE t.id IS NOT DISTINCT FROM v.x) AS five FROM t GROUP BY CUBE (id)) AS q WHERE five = 5"));
        Assert.Equal(1L, Scalar("SELECT count(*) FROM (SELECT id FROM t GROUP BY ROLLUP (id)) AS q WHERE id IS NULL"));
    }
}
