using BareMetal.Data.Sessions;
using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Routines;

/// <summary>Functions written in SQL: what they give, how they are chosen, what the planner makes of them, what they may do.</summary>
public sealed class FunctionTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public FunctionTests() => _db.Run("""
        CREATE TABLE orders (id integer PRIMARY KEY, customer integer NOT NULL, total decimal NOT NULL);
        CREATE INDEX orders_customer ON orders (customer);
        INSERT INTO orders SELECT i, i % 10, i * 1.5 FROM generate_series(1, 200) AS g(i);
        """);

    public void Dispose() => _db.Dispose();

    [Theory]
    [InlineData("CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE SQL AS $$ SELECT a * 10 + b $$")]
    [InlineData("CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 10 + $2;'")]
    [InlineData("CREATE FUNCTION f(a int, b int) RETURNS int RETURN a * 10 + b")]
    [InlineData("CREATE FUNCTION f(a int, b int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a IS NULL THEN 0 ELSE a * 10 + b END; END")]
    [InlineData("CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE SQL VOLATILE AS $$ SELECT a * 10 + f.b $$")]
    [InlineData("CREATE FUNCTION f(a int, b int, OUT c int) LANGUAGE SQL AS $$ SELECT a * 10 + b $$")]
    [InlineData("CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE c int := a * 10; BEGIN c := c + b; RETURN c; END $$")]
    public void Every_form_of_a_body_gives_its_value(string create)
    {
        _db.Run(create);
        Assert.Equal("42", _db.Scalar("SELECT f(4, 2)"));
        if (create.Contains("a int", StringComparison.Ordinal))
        {
            Assert.Equal("42", _db.Scalar("SELECT f(b => 2, a => 4)"));
            Assert.Equal("42", _db.Scalar("SELECT public.f(4, b => 2)"));
        }

        Assert.Equal(["11", "12"], _db.Rows("SELECT f(1, x) FROM generate_series(1, 2) AS g(x) ORDER BY 1"));
        _db.Reopen();
        Assert.Equal("42", _db.Scalar("SELECT f(4, 2)"));
    }

    [Fact]
    public void A_table_function_of_one_query_is_seen_through_by_the_planner()
    {
        _db.Run("""
            CREATE FUNCTION orders_of(c int) RETURNS TABLE (id int, total decimal) LANGUAGE SQL AS $$
                SELECT o.id, o.total FROM orders AS o WHERE o.customer = c $$
            """);
        Assert.Equal("20", _db.Scalar("SELECT count(*) FROM orders_of(3)"));
        Assert.Equal(["3|4.5", "13|19.5"], _db.Rows("SELECT * FROM orders_of(3) AS o WHERE o.id < 20 ORDER BY o.id"));
        string plan = string.Join("\n", _db.Rows("EXPLAIN SELECT * FROM orders_of(3)"));
        Assert.Contains("orders_customer", plan);
        Assert.DoesNotContain("orders_of", plan);
        Assert.Equal("2|20", _db.Scalar("SELECT c.x, (SELECT count(*) FROM orders_of(c.x)) FROM (VALUES (2)) AS c(x)"));
        Assert.Equal("200", _db.Scalar("SELECT count(*) FROM generate_series(0, 9) AS g(x) CROSS JOIN LATERAL orders_of(g.x)"));
        Assert.Equal("1", _db.Scalar("SELECT count(*) FROM (VALUES (77)) AS v(x) LEFT JOIN LATERAL orders_of(v.x) AS o ON true WHERE o.id IS NULL"));
        Assert.Equal(["3|1", "13|2"], _db.Rows("SELECT id, ordinality FROM orders_of(3) WITH ORDINALITY ORDER BY id LIMIT 2"));
    }

    [Fact]
    public void A_scalar_function_over_a_table_uses_its_index()
    {
        _db.Run("CREATE FUNCTION total_of(o int) RETURNS decimal LANGUAGE SQL AS $$ SELECT total FROM orders WHERE id = o $$");
        Assert.Equal("15.0", _db.Scalar("SELECT total_of(10)"));
        Assert.Equal("null", _db.Scalar("SELECT total_of(1000)"));
        Assert.Contains("orders", string.Join("\n", _db.Rows("EXPLAIN SELECT total_of(10)")));
        _db.Run("CREATE FUNCTION any_order(c int) RETURNS int LANGUAGE SQL STABLE AS $$ SELECT id FROM orders WHERE customer = c ORDER BY id DESC $$");
        Assert.Equal("193", _db.Scalar("SELECT any_order(3)")); // the first row counts
        Assert.Equal("10", _db.Scalar("SELECT count(DISTINCT any_order(customer)) FROM orders"));
    }

    [Fact]
    public void Overloads_are_chosen_by_the_types_of_arguments()
    {
        _db.Run("""
            CREATE FUNCTION kind(x int) RETURNS text RETURN 'int';
            CREATE FUNCTION kind(x text) RETURNS text RETURN 'text';
            CREATE FUNCTION kind(x int, y int DEFAULT 5) RETURNS text RETURN 'two';
            CREATE FUNCTION kind(x int, y text, z text DEFAULT 'zz') RETURNS text RETURN y || z;
            """);
        Assert.Equal("int|text|two|azz|ab", _db.Scalar("SELECT kind(1), kind('a'), kind(1, 2), kind(1, 'a'::text), kind(1, z => 'b', y => 'a')"));
        Assert.Equal("two", _db.Scalar("SELECT kind(y => 3, x => 1)"));
        Assert.Contains("kind(integer)", _db.Fails(SqlStates.UndefinedFunction, "SELECT kind(DATE '2024-01-01')").Hint);
        _db.Fails(SqlStates.DuplicateFunction, "CREATE FUNCTION kind(other int) RETURNS text RETURN 'again'");
        _db.Fails(SqlStates.AmbiguousFunction, "DROP FUNCTION kind");
        _db.Run("DROP FUNCTION kind(text), kind(int, int)");
        _db.Fails(SqlStates.UndefinedFunction, "DROP FUNCTION kind(text)");
        _db.Run("DROP FUNCTION IF EXISTS kind(text)");
        _db.Run("DROP FUNCTION kind(int)");
        _db.Fails(SqlStates.UndefinedFunction, "SELECT kind(1)");
    }

    [Fact]
    public void Null_arguments_of_a_strict_function_give_null_without_running_it()
    {
        _db.Run("""
            CREATE FUNCTION s(a int) RETURNS int LANGUAGE SQL STRICT AS $$ SELECT coalesce(a, 99) $$;
            CREATE FUNCTION n(a int) RETURNS int LANGUAGE SQL CALLED ON NULL INPUT AS $$ SELECT coalesce(a, 99) $$;
            CREATE FUNCTION t(a int) RETURNS SETOF int LANGUAGE SQL RETURNS NULL ON NULL INPUT AS $$ SELECT 1 $$;
            CREATE FUNCTION v(a int) RETURNS int LANGUAGE SQL STRICT VOLATILE AS $$ SELECT coalesce(a, 99) $$;
            """);
        Assert.Equal("null|99|null|7|7", _db.Scalar("SELECT s(NULL), n(NULL), v(NULL), s(7), v(7)"));
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM t(NULL)"));
        Assert.Equal("1", _db.Scalar("SELECT count(*) FROM t(1)"));
    }

    [Fact]
    public void An_argument_that_may_change_is_computed_once()
    {
        _db.Run("CREATE SEQUENCE q; CREATE FUNCTION same(a bigint) RETURNS boolean LANGUAGE SQL AS $$ SELECT a = a AND a < 1000 $$");
        Assert.Equal(["true", "true"], _db.Rows("SELECT same(nextval('q')) FROM generate_series(1, 2)"));
        Assert.Equal("3", _db.Scalar("SELECT nextval('q')"));
    }

    [Fact]
    public void Recursion_ends_or_says_so()
    {
        _db.Run("""
            CREATE FUNCTION fac(n bigint) RETURNS bigint LANGUAGE SQL AS $$ SELECT CASE WHEN n <= 1 THEN 1 ELSE n * fac(n - 1) END $$;
            CREATE FUNCTION endless(n int) RETURNS int LANGUAGE SQL AS $$ SELECT endless(n + 1) $$;
            """);
        Assert.Equal("2432902008176640000", _db.Scalar("SELECT fac(20)"));
        _db.Fails(SqlStates.StatementTooComplex, "SELECT endless(1)");
        Assert.Equal("120", _db.Scalar("SELECT fac(5)")); // the session goes on
    }

    [Fact]
    public void A_volatile_function_changes_rows_and_its_caller_does_not_see_that()
    {
        _db.Run("""
            CREATE TABLE log (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, seen bigint);
            CREATE FUNCTION note(t text) RETURNS int LANGUAGE SQL AS $$
                INSERT INTO log (note, seen) VALUES (t, (SELECT count(*) FROM log));
                INSERT INTO log (note, seen) SELECT t || '!', count(*) FROM log RETURNING id $$;
            """);
        Assert.Equal(["2|0", "4|0"], _db.Rows("SELECT note('n' || x), (SELECT count(*) FROM log) FROM generate_series(1, 2) AS g(x)"));
        Assert.Equal(["n1|0", "n1!|1", "n2|2", "n2!|3"], _db.Rows("SELECT note, seen FROM log ORDER BY id"));
        _db.Run("BEGIN; SELECT note('gone'); ROLLBACK");
        Assert.Equal("4", _db.Scalar("SELECT count(*) FROM log"));

        // What fails undoes what the functions did that it called.
        _db.Fails(SqlStates.DivisionByZero, "SELECT note('x'), 1 / (x - 1) FROM generate_series(0, 5) AS g(x)");
        Assert.Equal("4", _db.Scalar("SELECT count(*) FROM log"));
    }

    [Fact]
    public void A_volatile_function_sees_what_the_statement_has_changed_so_far_and_a_stable_one_does_not()
    {
        _db.Run("""
            CREATE TABLE t (a bigint);
            CREATE FUNCTION now_there() RETURNS bigint LANGUAGE SQL VOLATILE AS $$ SELECT count(*) FROM t $$;
            CREATE FUNCTION then_there() RETURNS bigint LANGUAGE SQL STABLE AS $$ SELECT 1; SELECT count(*) FROM t $$;
            SET batch_size = 1;
            INSERT INTO t SELECT now_there() FROM generate_series(1, 3);
            """);
        Assert.Equal(["0", "1", "2"], _db.Rows("SELECT a FROM t ORDER BY a"));
        _db.Run("DELETE FROM t; INSERT INTO t SELECT then_there() FROM generate_series(1, 3)");
        Assert.Equal(["0", "0", "0"], _db.Rows("SELECT a FROM t"));
    }

    [Fact]
    public void Functions_that_are_not_volatile_only_read()
    {
        _db.Run("CREATE TABLE t (a int)");
        _db.Fails(SqlStates.InvalidFunctionDefinition, "CREATE FUNCTION w() RETURNS int LANGUAGE SQL STABLE AS $$ INSERT INTO t VALUES (1) RETURNING a $$");
        _db.Run("CREATE FUNCTION b() RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN IF true THEN INSERT INTO t VALUES (1); END IF; RETURN 1; END $$");
        _db.Fails(SqlStates.FeatureNotSupported, "SELECT b()");
        _db.Run("CREATE FUNCTION d() RETURNS void LANGUAGE SQL AS $$ CREATE TABLE u (a int) $$");
        _db.Fails(SqlStates.FeatureNotSupported, "SELECT d()");
        _db.Fails(SqlStates.FeatureNotSupported, "CREATE FUNCTION c() RETURNS void LANGUAGE SQL AS $$ COMMIT $$");
    }

    [Fact]
    public void What_a_view_a_default_or_another_function_uses_is_not_dropped_without_cascade()
    {
        _db.Run("""
            CREATE FUNCTION base(a int) RETURNS int IMMUTABLE RETURN a + 1;
            CREATE FUNCTION above(a int) RETURNS int LANGUAGE SQL AS $$ SELECT base(a) * 2 $$;
            CREATE VIEW v AS SELECT base(id) AS b FROM orders;
            CREATE TABLE t (a int DEFAULT base(1), b int, CHECK (base(b) > 0));
            """);
        BareMetalException e = _db.Fails(SqlStates.DependentObjectsStillExist, "DROP FUNCTION base");
        Assert.Contains("above(integer)", e.Detail);
        Assert.Contains("view \"v\"", e.Detail);
        Assert.Contains("table \"t\"", e.Detail);
        _db.Fails(SqlStates.DependentObjectsStillExist, "ALTER FUNCTION base RENAME TO other");
        _db.Run("INSERT INTO t (b) VALUES (1)");
        Assert.Equal("2|1", _db.Scalar("SELECT * FROM t"));
        _db.Fails(SqlStates.CheckViolation, "INSERT INTO t (b) VALUES (-5)");
        _db.Run("CREATE OR REPLACE FUNCTION base(a int) RETURNS int IMMUTABLE RETURN a + 100");
        _db.Run("INSERT INTO t (b) VALUES (-5)");
        Assert.Equal("101|-5", _db.Scalar("SELECT * FROM t WHERE b = -5"));
        Assert.Equal("202", _db.Scalar("SELECT above(1)"));
        Assert.Equal("101", _db.Scalar("SELECT min(b) FROM v"));
        _db.Run("DROP FUNCTION base CASCADE");
        _db.Fails(SqlStates.UndefinedFunction, "SELECT above(1)");
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM v");
        _db.Run("INSERT INTO t (b) VALUES (-7)");
        Assert.Equal("null|-7", _db.Scalar("SELECT * FROM t WHERE b = -7"));
    }

    [Fact]
    public void A_function_of_an_index_can_not_be_replaced()
    {
        _db.Run("CREATE FUNCTION half(a int) RETURNS int RETURN a / 2; CREATE INDEX i ON orders ((half(id)))");
        Assert.Contains("i", string.Join("\n", _db.Rows("EXPLAIN SELECT id FROM orders WHERE half(id) = 7")));
        Assert.Equal(["14", "15"], _db.Rows("SELECT id FROM orders WHERE half(id) = 7 ORDER BY id"));
        _db.Fails(SqlStates.DependentObjectsStillExist, "CREATE OR REPLACE FUNCTION half(a int) RETURNS int RETURN a / 3");
        _db.Run("CREATE FUNCTION reads(a int) RETURNS int LANGUAGE SQL IMMUTABLE AS $$ SELECT max(id) FROM orders $$");
        _db.Fails(SqlStates.FeatureNotSupported, "CREATE INDEX j ON orders ((reads(id)))");
        _db.Fails(SqlStates.FeatureNotSupported, "CREATE FUNCTION r() RETURNS double precision RETURN random(); CREATE TABLE g (a int, b double precision GENERATED ALWAYS AS (a + r()) STORED)");
    }

    [Fact]
    public void Bodies_of_the_standard_form_depend_on_their_tables_and_follow_renames()
    {
        _db.Run("CREATE FUNCTION n() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM orders WHERE customer >= 0; END");
        _db.Run("CREATE FUNCTION loose() RETURNS bigint LANGUAGE SQL AS $$ SELECT count(*) FROM orders $$");
        _db.Fails(SqlStates.DependentObjectsStillExist, "DROP TABLE orders");
        _db.Fails(SqlStates.DependentObjectsStillExist, "ALTER TABLE orders DROP COLUMN customer");
        _db.Run("ALTER TABLE orders RENAME TO sales; ALTER TABLE sales RENAME COLUMN customer TO buyer");
        Assert.Equal("200", _db.Scalar("SELECT n()"));
        Assert.Contains("loose()", _db.Fails(SqlStates.UndefinedTable, "SELECT loose()").Message);
        _db.Run("DROP TABLE sales CASCADE");
        _db.Fails(SqlStates.UndefinedFunction, "SELECT n()");
    }

    [Fact]
    public void Definitions_are_transactional()
    {
        _db.Run("BEGIN; CREATE FUNCTION f() RETURNS int RETURN 1");
        Assert.Equal("1", _db.Scalar("SELECT f()"));
        _db.Open().Fails(SqlStates.UndefinedFunction, "SELECT f()");
        _db.Run("SAVEPOINT s; CREATE OR REPLACE FUNCTION f() RETURNS int RETURN 2");
        Assert.Equal("2", _db.Scalar("SELECT f()"));
        _db.Run("ROLLBACK TO s");
        Assert.Equal("1", _db.Scalar("SELECT f()"));
        _db.Run("COMMIT");
        Session other = _db.Open();
        Assert.Equal("1", other.Scalar("SELECT f()"));
        _db.Run("CREATE OR REPLACE FUNCTION f() RETURNS int RETURN 3");
        Assert.Equal("3", other.Scalar("SELECT f()"));
    }

    [Theory]
    [InlineData(SqlStates.InvalidFunctionDefinition, "CREATE FUNCTION f() LANGUAGE SQL AS $$ SELECT 1 $$")]
    [InlineData(SqlStates.InvalidFunctionDefinition, "CREATE FUNCTION f() RETURNS int LANGUAGE SQL AS $$ SELECT 1, 2 $$")]
    [InlineData(SqlStates.InvalidFunctionDefinition, "CREATE FUNCTION f() RETURNS int LANGUAGE SQL AS $$ SELECT DATE '2024-01-01' $$")]
    [InlineData(SqlStates.InvalidFunctionDefinition, "CREATE FUNCTION f() RETURNS int LANGUAGE SQL AS $$ DELETE FROM orders $$")]
    [InlineData(SqlStates.InvalidFunctionDefinition, "CREATE FUNCTION f(a int, a int) RETURNS int RETURN 1")]
    [InlineData(SqlStates.InvalidFunctionDefinition, "CREATE FUNCTION f(a int DEFAULT 1, b int) RETURNS int RETURN 1")]
    [InlineData(SqlStates.InvalidFunctionDefinition, "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$")]
    [InlineData(SqlStates.UndefinedTable, "CREATE FUNCTION f() RETURNS int LANGUAGE SQL AS $$ SELECT a FROM nowhere $$")]
    [InlineData(SqlStates.UndefinedColumn, "CREATE FUNCTION f(a int) RETURNS int RETURN b")]
    [InlineData(SqlStates.UndefinedParameter, "CREATE FUNCTION f(a int) RETURNS int LANGUAGE SQL AS $$ SELECT $2 $$")]
    [InlineData(SqlStates.UndefinedObject, "CREATE FUNCTION f(a what) RETURNS int RETURN 1")]
    [InlineData(SqlStates.SyntaxError, "CREATE FUNCTION f() RETURNS int LANGUAGE SQL AS $$ SELEC 1 $$")]
    [InlineData(SqlStates.SyntaxError, "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; $$")]
    [InlineData(SqlStates.FeatureNotSupported, "CREATE FUNCTION f() RETURNS int LANGUAGE python AS $$ 1 $$")]
    public void A_definition_that_can_not_run_is_refused_and_leaves_nothing(string state, string sql)
    {
        BareMetalException e = _db.Fails(state, sql);
        Assert.True(e.Position > 0, e.Message);
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM information_schema.routines"));
        _db.Fails(SqlStates.UndefinedFunction, "SELECT f()");
    }

    [Fact]
    public void Spelling_decides_between_a_column_and_a_parameter_of_one_name()
    {
        _db.Run("""
            CREATE TABLE "Entity" ("Id" int PRIMARY KEY, "Name" text);
            INSERT INTO "Entity" VALUES (1, 'one'), (2, 'two');
            CREATE FUNCTION name_of(id int) RETURNS text LANGUAGE SQL AS $$ SELECT "Name" FROM "Entity" WHERE "Id" = id $$;
            CREATE FUNCTION same_case("Id" int) RETURNS bigint LANGUAGE SQL AS $$ SELECT count(*) FROM "Entity" WHERE "Id" = "Id" $$;
            CREATE FUNCTION unclear("Id" int) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM "Entity" WHERE "Id" = 1); END $$;
            """);
        Assert.Equal("two", _db.Scalar("SELECT name_of(2)"));
        Assert.Equal("2", _db.Scalar("SELECT same_case(2)"));
        Assert.Contains("unclear", _db.Fails(SqlStates.AmbiguousColumn, "SELECT unclear(2)").Detail);
    }

    [Fact]
    public void Rows_come_from_tables_sets_and_output_parameters()
    {
        _db.Run("""
            CREATE FUNCTION few(n int) RETURNS SETOF orders LANGUAGE SQL AS $$ SELECT * FROM orders WHERE id <= n $$;
            CREATE FUNCTION numbers(n int) RETURNS SETOF int LANGUAGE SQL AS $$ SELECT x FROM generate_series(1, n) AS g(x) $$;
            CREATE FUNCTION two(a int, OUT twice int, OUT square int) LANGUAGE SQL AS $$ SELECT a * 2, a * a $$;
            CREATE FUNCTION busy(n int) RETURNS TABLE (a int, b text) LANGUAGE plpgsql AS $$
            DECLARE i int := 1;
            BEGIN
                WHILE i <= n LOOP
                    RETURN QUERY SELECT i, 'row ' || i;
                    EXIT WHEN i = 3;
                    i := i + 1;
                END LOOP;
            END $$;
            """);
        Assert.Equal(["1|1|1.5", "2|2|3.0"], _db.Rows("SELECT * FROM few(2) ORDER BY id"));
        Assert.Equal(["1", "2", "3"], _db.Rows("SELECT n FROM numbers(3) AS n"));
        Assert.Equal("8|16", _db.Scalar("SELECT * FROM two(4)"));
        Assert.Equal(["1|row 1", "2|row 2"], _db.Rows("SELECT * FROM busy(2)"));
        Assert.Equal("3", _db.Scalar("SELECT count(*) FROM busy(7)"));
        Assert.Equal(["1|a", "2|a", "1|b"], _db.Rows("SELECT numbers(v.n), v.t FROM (VALUES (2, 'a'), (1, 'b')) AS v(n, t) ORDER BY 2, 1"));
        _db.Fails(SqlStates.FeatureNotSupported, "SELECT 1 WHERE numbers(3) = 1");
    }

    [Fact]
    public void The_information_schema_lists_routines_and_their_parameters()
    {
        _db.Run("""
            CREATE SCHEMA s;
            CREATE FUNCTION s.f(a int, b text DEFAULT 'x') RETURNS decimal IMMUTABLE RETURN a;
            CREATE PROCEDURE p(IN a int, OUT b bigint, INOUT c text) LANGUAGE SQL AS $$ SELECT a, c $$;
            COMMENT ON FUNCTION s.f IS 'gives a';
            """);
        Assert.Equal(["public|p|PROCEDURE|null|NO", "s|f|FUNCTION|decimal|YES"], _db.Rows(
            "SELECT routine_schema, routine_name, routine_type, data_type, is_deterministic FROM information_schema.routines ORDER BY 1"));
        Assert.Equal(["1|IN|a|integer|null", "2|IN|b|text|'x'"], _db.Rows(
            "SELECT ordinal_position, parameter_mode, parameter_name, data_type, parameter_default FROM information_schema.parameters WHERE specific_schema = 's' ORDER BY 1"));
        Assert.Equal(["IN|a", "OUT|b", "INOUT|c"], _db.Rows(
            "SELECT parameter_mode, parameter_name FROM information_schema.parameters WHERE specific_schema = 'public' ORDER BY ordinal_position"));
        Assert.Equal("gives a", _db.Scalar("SELECT comment FROM bm_catalog.routines WHERE routine_name = 'f'"));
        Assert.Equal("1", _db.Scalar("SELECT s.f(1)"));
        _db.Fails(SqlStates.UndefinedFunction, "SELECT f(1)");
        _db.Run("ALTER FUNCTION s.f SET SCHEMA public; ALTER FUNCTION f(int, text) RENAME TO g; ALTER ROUTINE g STRICT");
        Assert.Equal("null", _db.Scalar("SELECT g(NULL)"));
        _db.Run("ALTER FUNCTION g SET SCHEMA s; DROP SCHEMA s CASCADE");
        _db.Fails(SqlStates.UndefinedFunction, "SELECT g(1)");
    }

    [Fact]
    public void An_error_in_a_body_says_where_it_is()
    {
        _db.Run("""
            CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$
            BEGIN
                RETURN (SELECT x FROM nowhere);
            END $$
            """);
        BareMetalException e = _db.Fails(SqlStates.UndefinedTable, "SELECT f(1)");
        Assert.Equal("In the function f(integer), line 3 of its body.", e.Detail);
        Assert.Equal(0, e.Position);
    }

    [Fact]
    public void A_function_can_be_cancelled_by_its_time_limit()
    {
        _db.Run("CREATE FUNCTION spin() RETURNS int LANGUAGE plpgsql AS $$ BEGIN WHILE true LOOP NULL; END LOOP; RETURN 1; END $$");
        _db.Run("SET statement_timeout = 100");
        _db.Fails(SqlStates.QueryCanceled, "SELECT spin()");
        _db.Fails(SqlStates.QueryCanceled, "SELECT x FROM generate_series(1, 3) AS g(x) WHERE spin() = x");
        Assert.Equal("1", _db.Scalar("SELECT 1"));
    }

    [Fact]
    public void Grouped_ordered_and_limited_bodies_take_columns_of_their_caller()
    {
        _db.Run("""
            CREATE FUNCTION "CountsOf"("customerId" INT) RETURNS TABLE ("Customer" INT, "Count" INT, "Even" INT) AS $$
                SELECT customer, COUNT(id)::INT, (id % 2)::INT FROM orders WHERE customer = $1 GROUP BY customer, id % 2 ORDER BY id % 2 DESC
            $$ LANGUAGE SQL;
            CREATE FUNCTION "Busy"("customerId" INT) RETURNS TABLE ("Order" INT, "Customer" INT) AS $$
                SELECT o.id, $1 FROM orders AS o JOIN orders AS p ON p.id = o.id + 10 WHERE o.customer = $1 GROUP BY o.id HAVING COUNT(p.id) > 0
            $$ LANGUAGE SQL;
            CREATE FUNCTION "Largest"() RETURNS TABLE ("Id" INT) AS $$ SELECT id AS biggest FROM orders ORDER BY biggest DESC LIMIT 2 $$ LANGUAGE SQL;
            CREATE FUNCTION "MostAfter"(least decimal) RETURNS INTEGER AS $$
                SELECT customer FROM orders WHERE total > $1 GROUP BY customer ORDER BY COUNT(id) DESC, customer LIMIT 1 $$ LANGUAGE SQL;
            CREATE FUNCTION stars(n INTEGER, value TEXT) RETURNS TEXT AS $$ SELECT repeat('*', $1) || $2 $$ LANGUAGE SQL;
            CREATE FUNCTION stars(n INTEGER, value INTEGER) RETURNS TEXT AS $$ SELECT repeat('*', $1) || $2 $$ LANGUAGE SQL;
            """);
        Assert.Equal(["3|20|1"], _db.Rows("""SELECT * FROM "CountsOf"(3)"""));
        Assert.Equal(["1|20", "2|20"], _db.Rows("""SELECT c.x, f."Count" FROM (VALUES (1), (2)) AS c(x) JOIN LATERAL "CountsOf"(c.x) AS f ON true ORDER BY 1"""));
        Assert.Equal(["1|19", "2|19"], _db.Rows("""SELECT c.x, (SELECT count(*) FROM "Busy"(c.x)) FROM (VALUES (1), (2)) AS c(x) ORDER BY 1"""));
        Assert.Equal(["7|7"], _db.Rows("""SELECT DISTINCT c.x, b."Customer" FROM (VALUES (7)) AS c(x), "Busy"(c.x) AS b"""));
        Assert.Equal(["199", "200"], _db.Rows("""SELECT "Id" FROM "Largest"() ORDER BY "Id" """));
        Assert.Equal("0|8", _db.Scalar("""SELECT "MostAfter"(0), "MostAfter"(-1 * "MostAfter"(0) + 294.1 - 0.0) + 8"""));
        Assert.Equal("**a|*7", _db.Scalar("SELECT stars(2, 'a'::text), stars(1, 7)"));
        Assert.Equal(["0|20", "1|20"], _db.Rows("""SELECT customer, count(*) FROM orders GROUP BY customer HAVING customer < "MostAfter"(0) + 2 ORDER BY 1"""));
        Assert.Equal(["*0|20", "*1|20"], _db.Rows("SELECT stars(1, customer), count(*) FROM orders WHERE customer < 2 GROUP BY stars(1, customer) ORDER BY 1"));
    }
}
