using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using Xunit;

namespace BareMetal.Data.Tests.Sessions;

/// <summary>Temporary tables: one session's, gone with it, part of its transactions, and no part of the database.</summary>
public sealed class TemporaryTableTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public void Dispose() => _db.Dispose();

    [Fact]
    public void A_temporary_table_is_a_table_with_keys_indexes_identities_and_checks()
    {
        _db.Run("""
            CREATE TEMP TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text UNIQUE, b int CHECK (b > 0), c int GENERATED ALWAYS AS (b * 2) STORED);
            CREATE INDEX t_b ON t (b);
            CREATE TEMPORARY TABLE child (id int PRIMARY KEY, t int REFERENCES t ON DELETE CASCADE);
            """);
        Assert.Equal(["1", "2"], _db.Rows("INSERT INTO t (a, b) VALUES ('x', 1), ('y', 2) RETURNING id"));
        _db.Run("INSERT INTO child VALUES (1, 1), (2, 2)");
        _db.Fails(SqlStates.UniqueViolation, "INSERT INTO t (a) VALUES ('x')");
        _db.Fails(SqlStates.CheckViolation, "INSERT INTO t (b) VALUES (-1)");
        _db.Fails(SqlStates.ForeignKeyViolation, "INSERT INTO child VALUES (3, 77)");
        _db.Run("INSERT INTO t (b) SELECT x FROM generate_series(10, 3000) AS g(x)");
        Assert.Contains("t_b", string.Join("\n", _db.Rows("EXPLAIN SELECT id FROM t WHERE b = 500")));
        Assert.Equal("1000", _db.Scalar("SELECT c FROM t WHERE b = 500"));
        _db.Run("DELETE FROM t WHERE a = 'x'; UPDATE t SET b = 7 WHERE a = 'y'; ALTER TABLE t ADD COLUMN d text DEFAULT 'd'; ALTER TABLE t RENAME TO u");
        Assert.Equal("y|7|14|d", _db.Scalar("SELECT a, b, c, d FROM u WHERE a = 'y'"));
        Assert.Equal("2", _db.Scalar("SELECT id FROM child"));
        _db.Run("TRUNCATE u CASCADE; DROP TABLE child; DROP TABLE u");
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM u");
    }

    [Fact]
    public void It_hides_a_permanent_table_from_its_session_only()
    {
        Session other = _db.Open();
        _db.Run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
        const string Sql = "SELECT a FROM t";
        Assert.Equal("1", _db.Scalar(Sql));
        Assert.Equal("1", other.Scalar(Sql));
        _db.Run("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (2)");
        Assert.Equal("2", _db.Scalar(Sql));
        Assert.Equal("1", other.Scalar(Sql));
        Assert.Equal("1|2", _db.Scalar("SELECT p.a, q.a FROM public.t AS p, pg_temp.t AS q"));
        other.Run("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (3)");
        Assert.Equal("2", _db.Scalar(Sql));
        Assert.Equal("3", other.Scalar(Sql));
        _db.Run("DROP TABLE t");
        Assert.Equal("1", _db.Scalar(Sql));
        Assert.Equal("3", other.Scalar(Sql));
        Assert.Equal("1", _db.Open().Scalar(Sql));
        _db.Run("UPDATE t SET a = 10");
        Assert.Equal("10", _db.Open().Scalar(Sql));
    }

    [Fact]
    public void It_goes_with_transactions_and_savepoints()
    {
        _db.Run("BEGIN; CREATE TEMP TABLE gone (a int); INSERT INTO gone VALUES (1); ROLLBACK");
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM gone");
        _db.Run("CREATE TABLE p (a int); CREATE TEMP TABLE t (a int)");
        _db.Run("BEGIN; INSERT INTO t VALUES (1); INSERT INTO p VALUES (1); SAVEPOINT s; INSERT INTO t VALUES (2); INSERT INTO p VALUES (2); CREATE TEMP TABLE v (a int); ROLLBACK TO s");
        Assert.Equal("1", _db.Scalar("SELECT t.a FROM t JOIN p ON t.a = p.a"));
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM v");
        _db.Run("INSERT INTO t VALUES (3); COMMIT");
        Assert.Equal(["1", "3"], _db.Rows("SELECT a FROM t ORDER BY a"));
        _db.Run("BEGIN; DELETE FROM t; ROLLBACK");
        Assert.Equal("2", _db.Scalar("SELECT count(*) FROM t"));
        _db.Fails(SqlStates.DivisionByZero, "INSERT INTO t SELECT 1 / x FROM generate_series(-5, 5) AS g(x)");
        Assert.Equal("2", _db.Scalar("SELECT count(*) FROM t"));

        // A statement does not see what it changes itself.
        _db.Run("INSERT INTO t SELECT a + 100 FROM t");
        Assert.Equal(["1", "3", "101", "103"], _db.Rows("SELECT a FROM t ORDER BY a"));
        _db.Run("BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET a = a + 1; INSERT INTO p SELECT a FROM t; COMMIT");
        Assert.Equal("5", _db.Scalar("SELECT count(*) FROM p"));
    }

    [Fact]
    public void On_commit_says_what_becomes_of_it()
    {
        _db.Run("CREATE TEMP TABLE d (a int PRIMARY KEY, b int UNIQUE) ON COMMIT DELETE ROWS; CREATE LOCAL TEMP TABLE k (a int) ON COMMIT PRESERVE ROWS");
        _db.Run("INSERT INTO d VALUES (1, 1)");
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM d"));
        _db.Run("BEGIN; INSERT INTO d VALUES (1, 1); INSERT INTO k VALUES (1)");
        Assert.Equal("1", _db.Scalar("SELECT count(*) FROM d"));
        _db.Run("COMMIT");
        Assert.Equal("0|1", _db.Scalar("SELECT (SELECT count(*) FROM d), (SELECT count(*) FROM k)"));
        _db.Run("BEGIN; CREATE TEMP TABLE x (a int) ON COMMIT DROP; INSERT INTO x VALUES (1); CREATE TEMP TABLE y ON COMMIT DROP AS SELECT a + 1 AS b FROM x");
        Assert.Equal("1|2", _db.Scalar("SELECT * FROM x, y"));
        _db.Run("COMMIT");
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM x");
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM y");
        _db.Run("CREATE TEMP TABLE x (a int)");
        _db.Fails(SqlStates.InvalidTableDefinition, "CREATE TABLE n (a int) ON COMMIT DROP");
    }

    [Fact]
    public void It_is_made_of_a_query_and_joins_permanent_tables()
    {
        _db.Run("CREATE TABLE p (a int PRIMARY KEY, b text); INSERT INTO p SELECT x, 'p' || x FROM generate_series(1, 100) AS g(x)");
        _db.Run("CREATE TEMP TABLE t AS SELECT a, b FROM p WHERE a % 10 = 0");
        Assert.Equal("10", _db.Scalar("SELECT count(*) FROM t JOIN p USING (a)"));
        _db.Run("SELECT a, b INTO TEMP s FROM t WHERE a > 50");
        Assert.Equal("5", _db.Scalar("SELECT count(*) FROM pg_temp.s"));
        Assert.Equal(10, _db.Run("DELETE FROM p USING t WHERE p.a = t.a"));
        Assert.Equal(10, _db.Run("INSERT INTO p SELECT * FROM t"));
        Assert.Equal("100", _db.Scalar("SELECT count(*) FROM p"));
        Assert.Equal(10, _db.Run("MERGE INTO t USING p ON t.a = p.a WHEN MATCHED THEN UPDATE SET b = 'm'"));
    }

    [Fact]
    public void It_ends_with_the_session_its_reset_and_discard()
    {
        Session session = _db.Open();
        session.Run("CREATE TEMP TABLE t (a int)");
        session.Reset(session.Options);
        session.Fails(SqlStates.UndefinedTable, "SELECT * FROM t");
        session.Run("CREATE TEMP TABLE t (a int); DISCARD TEMP");
        session.Fails(SqlStates.UndefinedTable, "SELECT * FROM t");
        session.Run("CREATE TEMP TABLE t (a int); CREATE TEMP SEQUENCE q");
        Assert.Equal(["1", "2"], [session.Scalar("SELECT nextval('q')"), session.Scalar("SELECT nextval('q')")]);
        session.Run("SET work_mem = '1MB'; DISCARD ALL");
        session.Fails(SqlStates.UndefinedTable, "SELECT * FROM t");
        session.Fails(SqlStates.UndefinedTable, "SELECT nextval('q')");
        session.Run("BEGIN");
        session.Fails(SqlStates.ActiveTransaction, "DISCARD ALL");
    }

    [Fact]
    public void What_is_permanent_does_not_rely_on_it()
    {
        _db.Run("CREATE TABLE p (a int PRIMARY KEY); CREATE TEMP TABLE t (a int PRIMARY KEY)");
        _db.Fails(SqlStates.InvalidTableDefinition, "CREATE TABLE c (a int REFERENCES t)");
        _db.Fails(SqlStates.InvalidTableDefinition, "CREATE TEMP TABLE c (a int REFERENCES p)");
        _db.Fails(SqlStates.FeatureNotSupported, "CREATE VIEW v AS SELECT * FROM t");
        _db.Fails(SqlStates.FeatureNotSupported, "CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM t; END");
        _db.Fails(SqlStates.FeatureNotSupported, "ALTER TABLE t SET SCHEMA public");
        _db.Fails(SqlStates.InvalidTableDefinition, "CREATE TEMP TABLE public.x (a int)");
        _db.Fails(SqlStates.ReservedName, "CREATE SCHEMA pg_temp");
        _db.Run("CREATE TABLE pg_temp.x (a int); DROP TABLE pg_temp.x, t");
    }

    [Fact]
    public void Nothing_of_it_is_logged_or_survives()
    {
        _db.Run("CREATE TABLE p (a int)");
        Session session = _db.Open();
        session.Run("CREATE TEMP TABLE warm (a int)");
        Lsn before = _db.Database.Engine.VisibleLsn;
        session.Run("CREATE TEMP TABLE t (id int GENERATED ALWAYS AS IDENTITY, a text)");
        session.Run("INSERT INTO t (a) SELECT 'x' FROM generate_series(1, 5000)");
        session.Run("CREATE INDEX i ON t (a); DELETE FROM t WHERE id > 10");
        Assert.Equal(before, _db.Database.Engine.VisibleLsn);
        _db.Reopen();
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM t");
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM bm_catalog.tables WHERE schema_name = 'pg_temp'"));
    }

    [Fact]
    public void What_is_large_goes_to_files_that_are_deleted_with_it()
    {
        Session session = _db.Open();
        session.Run("SET work_mem = '1MB'; CREATE TEMP TABLE t (id int PRIMARY KEY, a text); CREATE INDEX i ON t (a)");
        string[] before = [.. _db.Substrate.List()];
        for (int part = 0; part < 8; part++)
            session.Run($"INSERT INTO t SELECT x, repeat('x', 400) || x FROM generate_series({part * 8000}, {(part * 8000) + 7999}) AS g(x)");
        Assert.True(session.Temporary!.SpilledFiles > 0);
        Assert.NotEqual(before, _db.Substrate.List());
        Assert.Equal("64000|2047968000", session.Scalar("SELECT count(*), sum(id::bigint) FROM t"));
        Assert.Equal("63999", session.Scalar("SELECT id FROM t WHERE a = repeat('x', 400) || '63999'"));
        session.Run("DELETE FROM t WHERE id % 2 = 0; UPDATE t SET a = 'y' WHERE id % 3 = 0");
        Assert.Equal("32000|10667", session.Scalar("SELECT count(*), sum(CASE WHEN a = 'y' THEN 1 ELSE 0 END) FROM t"));
        session.Dispose();
        Assert.DoesNotContain(_db.Substrate.List(), f => f.Contains("-t", StringComparison.Ordinal) && f.Contains("spill", StringComparison.Ordinal));
    }

    [Fact]
    public void Definitions_of_it_wait_for_nobody()
    {
        Session other = _db.Open();
        other.Run("BEGIN; CREATE TABLE p (a int)");
        _db.Run("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1); CREATE INDEX i ON t (a); DROP TABLE t");
        other.Run("COMMIT");
        _db.Run("BEGIN; CREATE TEMP TABLE t (a int)");
        other.Run("CREATE TABLE q (a int)");
        _db.Run("ALTER TABLE q ADD COLUMN b int; COMMIT");
        Assert.Equal("0", _db.Scalar("SELECT count(b) FROM q"));
    }

    [Fact]
    public void Routines_use_it()
    {
        _db.Run("""
            CREATE PROCEDURE fill(n int) LANGUAGE SQL AS $$
                CREATE TEMP TABLE IF NOT EXISTS work (a int) ON COMMIT DROP;
                INSERT INTO work SELECT x FROM generate_series(1, n) AS g(x);
                SELECT sum(a) FROM work;
            $$;
            """);
        Assert.Equal("10", _db.Scalar("CALL fill(4)"));
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM work");
        _db.Run("BEGIN");
        Assert.Equal("10", _db.Scalar("CALL fill(4)"));
        Assert.Equal("11", _db.Scalar("CALL fill(1)"));
        _db.Run("COMMIT");
    }
}
