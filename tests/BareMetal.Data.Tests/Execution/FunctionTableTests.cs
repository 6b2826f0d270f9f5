using BareMetal.Data.Tests.Ado;
using Xunit;

namespace BareMetal.Data.Tests.Execution;

public sealed class FunctionTableTests : AdoTestBase
{
    [Theory]
    [InlineData("SELECT * FROM unnest(ARRAY[1,2,3], ARRAY['a','b']) AS t(n, s)", "1,a|2,b|3,")]
    [InlineData("SELECT * FROM unnest(ARRAY[1,2], ARRAY['a']) WITH ORDINALITY AS t(n, s, o)", "1,a,1|2,,2")]
    [InlineData("SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['x', 'y']), upper('q')) AS t(a, b, c)", "1,x,Q|2,y,|3,,")]
    [InlineData("SELECT a.id, t.n, t.s FROM (VALUES (1), (2)) AS a(id) CROSS JOIN LATERAL unnest(array[a.id, a.id * 10], array['p']) AS t(n, s)", "1,1,p|1,10,|2,2,p|2,20,")]
    [InlineData("SELECT count(*) FROM unnest(CAST(NULL AS integer[]), ARRAY['a', 'b'])", "2")]
    public void Functions_stand_side_by_side_and_shorter_ones_give_nulls(string sql, string expected)
    {
        using BareMetalCommand command = Command(Connection, sql);
        using BareMetalDataReader reader = command.ExecuteReader();
        Assert.Equal(expected, string.Join("|", Rows(reader).Select(r => string.Join(",", r.Select(v => v is DBNull ? "" : v?.ToString())))));
    }
}
