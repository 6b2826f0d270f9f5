using Xunit;

namespace BareMetal.Data.Tests.Functions;

public sealed class CustomFunctionTests : IDisposable
{
    private readonly BareMetalDataSource _source;
    private readonly BareMetalConnection _connection;
    private int _calls;

    public CustomFunctionTests()
    {
        BareMetalFunctions functions = new BareMetalFunctions()
            .AddScalar("twice", (int x) => x * 2, isDeterministic: true)
            .AddScalar("twice", (string s) => s + s)
            .AddScalar("or_zero", (decimal? x) => x ?? 0)
            .AddScalar("counted", () => ++_calls)
            .AddScalar("joined", (string? a, Guid? b, DateOnly c) => $"{a ?? "-"}|{b?.ToString()[..4] ?? "-"}|{c:yyyyMMdd}")
            .AddScalar("four", (long a, double b, bool c, int[] d) => c ? (a + b + d.Sum()).ToString("0.0", System.Globalization.CultureInfo.InvariantCulture) : null)
            .AddScalar("fails", (int x) => x == 3 ? throw new InvalidOperationException("three") : x)
            .AddAggregate("product", () => 1m, (decimal state, decimal x) => state * x, state => state)
            .AddAggregate("last_text", () => (string?)null, (string? _, string? x) => x ?? "null", x => x)
            .AddTable("countdown", (int n) => Enumerable.Range(0, n).Select(i => n - i))
            .AddTable("words", (string? text, char separator) => (text?.Split(separator) ?? []).Select((w, i) => new { Position = i + 1, Word = w, Length = (long?)w.Length }));
        _source = new BareMetalDataSourceBuilder("Data Source=:memory:").UseFunctions(functions).Build();
        _connection = _source.OpenConnection();
        Execute("CREATE TABLE t (id integer PRIMARY KEY, g text, x decimal); INSERT INTO t VALUES (1, 'a', 2), (2, 'a', 3), (3, 'b', 5), (4, 'b', NULL), (5, NULL, 7)");
        Assert.Throws<InvalidOperationException>(() => functions.AddScalar("late", () => 1));
    }

    public void Dispose()
    {
        _connection.Dispose();
        _source.Dispose();
    }

    [Theory]
    [InlineData("SELECT twice(21)", "42")]
    [InlineData("SELECT twice('ab')", "abab")]
    [InlineData("SELECT app.twice(21) + dbo.\"TWICE\"(1)", "44")]
    [InlineData("SELECT app.product(x) FROM t WHERE id < 4", "30")]
    [InlineData("SELECT count(*) FROM app.countdown(3)", "3")]
    [InlineData("SELECT twice(CAST(NULL AS integer)) IS NULL", "True")]
    [InlineData("SELECT or_zero(NULL)", "0")]
    [InlineData("SELECT joined(NULL, NULL, date '2026-02-03')", "-|-|20260203")]
    [InlineData("SELECT joined('x', '12345678-0000-0000-0000-000000000000', date '2026-02-03')", "x|1234|20260203")]
    [InlineData("SELECT four(1, 2.5, true, ARRAY[1, 2])", "6.5")]
    [InlineData("SELECT four(1, 2.5, false, ARRAY[1, 2]) IS NULL", "True")]
    [InlineData("SELECT sum(twice(id)) FROM t WHERE twice(id) > 4", "24")]
    [InlineData("SELECT string_agg(g || ':' || p, ',' ORDER BY g) FROM (SELECT coalesce(g, 'none') AS g, product(x) AS p FROM t GROUP BY g) AS s", "a:6,b:5,none:7")]
    [InlineData("SELECT product(x) FILTER (WHERE id < 3) FROM t", "6")]
    [InlineData("SELECT product(DISTINCT g.x) FROM t CROSS JOIN (VALUES (2.0), (2.0), (4.0)) AS g(x)", "8.00")]
    [InlineData("SELECT product(x) FROM t WHERE false", "1")]
    [InlineData("SELECT last_text(g ORDER BY id DESC) FROM t", "a")]
    [InlineData("SELECT last_text(g ORDER BY id) FROM t", "null")]
    [InlineData("SELECT string_agg(CAST(p AS text), ',' ORDER BY id) FROM (SELECT id, product(x) OVER (ORDER BY id) AS p FROM t) AS s", "2,6,30,30,210")]
    [InlineData("SELECT string_agg(CAST(value AS text), ',') FROM countdown(3)", "3,2,1")]
    [InlineData("SELECT string_agg(w.word || w.position || w.length, ',' ORDER BY w.position) FROM words('to be or', ' ') AS w", "to12,be22,or32")]
    [InlineData("SELECT count(*) FROM t CROSS JOIN LATERAL countdown(t.id) AS c(n) WHERE n > 1", "10")]
    [InlineData("SELECT count(*) FROM words(NULL, ' ')", "0")]
    public void Functions_in_CSharp_are_called_as_the_engines_own(string sql, string expected) => Assert.Equal(expected, Execute(sql)?.ToString());

    [Fact]
    public void Deterministic_functions_of_constants_are_called_once_and_others_for_each_row()
    {
        Assert.Equal(5L, Execute("SELECT count(DISTINCT counted()) FROM t"));
        Assert.Equal(5, _calls);
        Assert.Equal(3L, Execute("SELECT count(*) FROM t WHERE id >= twice(1) AND id < twice(2) + 1"));
    }

    [Fact]
    public void What_a_function_throws_ends_the_statement_only()
    {
        BareMetalException failed = Assert.Throws<BareMetalException>(() => Execute("UPDATE t SET x = fails(id)"));
        Assert.Equal("38000", failed.SqlState);
        Assert.Contains("\"fails\"", failed.Message);
        Assert.IsType<InvalidOperationException>(failed.InnerException);
        Assert.Equal(17m, Execute("SELECT sum(x) FROM t"));
    }

    [Theory]
    [InlineData("CREATE INDEX i ON t (twice(id))")]
    [InlineData("ALTER TABLE t ADD CHECK (twice(id) > 0)")]
    [InlineData("ALTER TABLE t ADD y integer DEFAULT twice(1)")]
    [InlineData("ALTER TABLE t ADD y integer GENERATED ALWAYS AS (twice(id)) STORED")]
    [InlineData("CREATE VIEW v AS SELECT twice(id) FROM t")]
    public void The_schema_can_not_use_them(string sql) => Assert.Equal("42883", Assert.Throws<BareMetalException>(() => Execute(sql)).SqlState);

    [Fact]
    public void Connections_with_other_functions_have_plans_of_their_own()
    {
        string name = $"Data Source=:memory:functions{Guid.NewGuid():N}";
        using BareMetalDataSource one = new BareMetalDataSourceBuilder(name).UseFunctions(new BareMetalFunctions().AddScalar("who", () => "one")).Build();
        using BareMetalDataSource two = new BareMetalDataSourceBuilder(name).UseFunctions(new BareMetalFunctions().AddScalar("who", () => "two")).Build();
        using BareMetalDataSource none = BareMetalDataSource.Create(name);
        using BareMetalConnection a = one.OpenConnection();
        using BareMetalConnection b = two.OpenConnection();
        using BareMetalConnection c = none.OpenConnection();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("one", Execute(a, "SELECT who()"));
            Assert.Equal("two", Execute(b, "SELECT who()"));
            Assert.Equal("42883", Assert.Throws<BareMetalException>(() => Execute(c, "SELECT who()")).SqlState);
        }
    }

    private static object? Execute(BareMetalConnection connection, string sql)
    {
        using BareMetalCommand command = new(sql, connection);
        return command.ExecuteScalar();
    }

    private object? Execute(string sql) => Execute(_connection, sql);
}
