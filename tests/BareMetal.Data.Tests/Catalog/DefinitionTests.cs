using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Catalog;

/// <summary>DDL on filled tables: what it keeps, what it refuses, what it undoes.</summary>
public sealed class DefinitionTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public DefinitionTests()
    {
        _db.Run("CREATE TABLE t (id integer PRIMARY KEY, name text, n integer)");
        _db.Run("INSERT INTO t VALUES (1, 'one', 10), (2, 'two', 20), (3, NULL, NULL)");
    }

    public void Dispose() => _db.Dispose();

    [Fact]
    public void An_added_column_has_its_default_in_old_rows_even_after_the_default_changes()
    {
        _db.Run("ALTER TABLE t ADD COLUMN a integer NOT NULL DEFAULT 5, ADD COLUMN b text");
        Assert.Equal(["1|5|null", "2|5|null", "3|5|null"], _db.Rows("SELECT id, a, b FROM t ORDER BY id"));
        _db.Run("ALTER TABLE t ALTER COLUMN a SET DEFAULT 6");
        _db.Run("INSERT INTO t (id) VALUES (4)");
        Assert.Equal(["5", "5", "5", "6"], _db.Rows("SELECT a FROM t ORDER BY id"));
        _db.Run("UPDATE t SET name = 'x' WHERE id = 1");
        Assert.Equal(["5", "5", "5", "6"], _db.Rows("SELECT a FROM t ORDER BY id"));
        _db.Fails(SqlStates.NotNullViolation, "ALTER TABLE t ADD COLUMN c integer NOT NULL");
        _db.Fails(SqlStates.DuplicateColumn, "ALTER TABLE t ADD COLUMN A integer");
        _db.Run("ALTER TABLE t ADD COLUMN IF NOT EXISTS a integer");
    }

    [Fact]
    public void A_volatile_default_gives_each_old_row_its_own_value()
    {
        _db.Run("ALTER TABLE t ADD COLUMN u uuid NOT NULL DEFAULT gen_random_uuid()");
        Assert.Equal("3", _db.Scalar("SELECT count(DISTINCT u) FROM t"));
    }

    [Fact]
    public void Stored_columns_and_identities_are_computed_for_old_rows()
    {
        _db.Run("ALTER TABLE t ADD COLUMN d integer GENERATED ALWAYS AS (n * 2) STORED");
        _db.Run("ALTER TABLE t ADD COLUMN k integer GENERATED ALWAYS AS IDENTITY");
        Assert.Equal(["20|1", "40|2", "null|3"], _db.Rows("SELECT d, k FROM t ORDER BY id"));
        Assert.Equal("4", _db.Scalar("INSERT INTO t (id, n) VALUES (9, 1) RETURNING k"));
    }

    [Fact]
    public void A_dropped_column_does_not_come_back_with_its_name()
    {
        _db.Run("ALTER TABLE t DROP COLUMN n");
        _db.Run("ALTER TABLE t ADD COLUMN n integer");
        Assert.Equal(["one|null", "two|null", "null|null"], _db.Rows("SELECT name, n FROM t ORDER BY id"));
        _db.Fails(SqlStates.UndefinedColumn, "ALTER TABLE t DROP COLUMN missing");
        _db.Run("ALTER TABLE t DROP COLUMN IF EXISTS missing");
    }

    [Fact]
    public void Dropping_a_column_takes_indexes_and_checks_over_it_along()
    {
        _db.Run("ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0)");
        _db.Run("CREATE INDEX t_n ON t (n); CREATE INDEX t_lower ON t (lower(name)) WHERE n > 1");
        _db.Run("ALTER TABLE t DROP COLUMN n");
        Assert.Empty(_db.Rows("SELECT * FROM bm_catalog.indexes WHERE table_name = 't'"));
        Assert.Empty(_db.Rows("SELECT * FROM information_schema.check_constraints"));
    }

    [Fact]
    public void Renames_keep_rows_indexes_and_expressions()
    {
        _db.Run("ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0); CREATE INDEX t_f ON t (name) WHERE n > 5; ALTER TABLE t ADD COLUMN d integer GENERATED ALWAYS AS (n + 1) VIRTUAL");
        _db.Run("ALTER TABLE t RENAME COLUMN n TO \"Number\"; ALTER TABLE t RENAME TO \"Things\"");
        Assert.Equal(["1|10|11", "2|20|21", "3|null|null"], _db.Rows("SELECT id, number, d FROM things ORDER BY id"));
        _db.Fails(SqlStates.CheckViolation, "INSERT INTO Things VALUES (4, 'x', -1)");
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM t");
        Assert.Equal("\"Number\" > 5", _db.Scalar("SELECT filter_sql FROM bm_catalog.indexes WHERE index_name = 't_f'"));
        _db.Run("ALTER INDEX t_f RENAME TO f2; ALTER TABLE things RENAME CONSTRAINT positive TO above_zero");
        BareMetalException e = _db.Fails(SqlStates.CheckViolation, "UPDATE things SET \"Number\" = 0");
        Assert.Equal("above_zero", e.ConstraintName);
    }

    [Fact]
    public void Widening_a_type_keeps_rows_and_rebuilds_what_depends()
    {
        _db.Run("CREATE INDEX t_n ON t (n)");
        _db.Run("ALTER TABLE t ALTER COLUMN n TYPE bigint, ALTER COLUMN id TYPE bigint");
        _db.Run("INSERT INTO t VALUES (5000000000, 'big', 6000000000)");
        Assert.Equal(["10", "20", "6000000000"], _db.Rows("SELECT n FROM t WHERE n IS NOT NULL ORDER BY n"));
        Assert.Equal("big", _db.Scalar("SELECT name FROM t WHERE n = 6000000000"));
        Assert.Equal("two", _db.Scalar("SELECT name FROM t WHERE id = 2"));
    }

    [Fact]
    public void A_conversion_that_fails_says_which_row_and_changes_nothing()
    {
        _db.Run("ALTER TABLE t ALTER COLUMN n TYPE text");
        Assert.Equal(["10", "20"], _db.Rows("SELECT n FROM t WHERE n IS NOT NULL ORDER BY id"));
        _db.Run("UPDATE t SET n = 'twenty' WHERE id = 2");
        BareMetalException e = _db.Fails(SqlStates.InvalidTextRepresentation, "ALTER TABLE t ALTER COLUMN n TYPE integer");
        Assert.Contains("(id)=(2)", e.Detail);
        Assert.Contains("twenty", e.Detail);
        Assert.Equal("twenty", _db.Scalar("SELECT n FROM t WHERE id = 2"));
        _db.Run("ALTER TABLE t ALTER COLUMN n TYPE integer USING CASE WHEN n = 'twenty' THEN 20 ELSE CAST(n AS integer) END");
        Assert.Equal("30", _db.Scalar("SELECT sum(n) FROM t"));
    }

    [Fact]
    public void Narrowing_text_checks_the_rows()
    {
        _db.Run("ALTER TABLE t ALTER COLUMN name TYPE varchar(5)");
        BareMetalException e = _db.Fails(SqlStates.InvalidTextRepresentation, "ALTER TABLE t ALTER COLUMN name TYPE varchar(2)");
        Assert.Contains("one", e.Detail);
        _db.Fails(SqlStates.StringTooLong, "INSERT INTO t VALUES (9, 'longer', 1)");
    }

    [Fact]
    public void Not_null_is_checked_against_the_rows()
    {
        BareMetalException e = _db.Fails(SqlStates.NotNullViolation, "ALTER TABLE t ALTER COLUMN name SET NOT NULL");
        Assert.Equal("name", e.ColumnName);
        _db.Run("UPDATE t SET name = 'three' WHERE id = 3; ALTER TABLE t ALTER COLUMN name SET NOT NULL");
        _db.Fails(SqlStates.NotNullViolation, "UPDATE t SET name = NULL");
        _db.Run("ALTER TABLE t ALTER COLUMN name DROP NOT NULL; UPDATE t SET name = NULL");
    }

    [Fact]
    public void Keys_and_indexes_are_built_over_rows_that_are_there()
    {
        _db.Run("CREATE UNIQUE INDEX t_n ON t (n) INCLUDE (name)");
        Assert.Equal("two", _db.Scalar("SELECT name FROM t WHERE n = 20"));
        _db.Run("INSERT INTO t VALUES (4, 'four', NULL), (5, 'one', 50)");
        BareMetalException e = _db.Fails(SqlStates.UniqueViolation, "ALTER TABLE t ADD CONSTRAINT names UNIQUE (name)");
        Assert.Contains("(name)=(one)", e.Detail);
        _db.Fails(SqlStates.CheckViolation, "ALTER TABLE t ADD CONSTRAINT small CHECK (n < 50)");
        _db.Run("ALTER TABLE t ADD CONSTRAINT small CHECK (n < 51)");
        _db.Run("DROP INDEX t_n");
        _db.Run("INSERT INTO t VALUES (6, 'x', 10)");
    }

    [Fact]
    public void Indexes_larger_than_the_memory_of_a_statement_are_built_in_runs()
    {
        _db.Run("CREATE TABLE big (id integer PRIMARY KEY, v integer, w integer); INSERT INTO big SELECT i, (i * 7919) % 10000, i / 2 FROM generate_series(1, 9999) AS s(i)");
        _db.Run("SET work_mem = '64kB'; CREATE UNIQUE INDEX big_v ON big (v)");
        Assert.Equal("7919", _db.Scalar("SELECT v FROM big WHERE id = 1"));
        Assert.Equal("1", _db.Scalar("SELECT id FROM big WHERE v = 7919"));
        Assert.Equal("9999", _db.Scalar("SELECT count(*) FROM big WHERE v >= 0"));
        _db.Fails(SqlStates.UniqueViolation, "CREATE UNIQUE INDEX big_w ON big (w)");
        _db.Run("UPDATE big SET v = 10001 WHERE id = 9000; UPDATE big SET w = 77 WHERE id = 1");
        _db.Fails(SqlStates.UniqueViolation, "CREATE UNIQUE INDEX big_w ON big ((w * 0 + CASE WHEN id IN (3, 9990) THEN 1 ELSE id + 10 END))");
    }

    [Fact]
    public void The_primary_key_can_be_dropped_and_another_made()
    {
        _db.Run("CREATE INDEX t_name ON t (name); UPDATE t SET n = 30 WHERE id = 3");
        _db.Run("ALTER TABLE t DROP CONSTRAINT t_pkey");
        _db.Run("INSERT INTO t VALUES (1, 'again', 40)");
        _db.Fails(SqlStates.UniqueViolation, "ALTER TABLE t ADD PRIMARY KEY (id)");
        _db.Run("ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (n, id)");
        Assert.Equal(["1|10", "2|20", "3|30", "1|40"], _db.Rows("SELECT id, n FROM t ORDER BY n"));
        Assert.Equal("20", _db.Scalar("SELECT n FROM t WHERE name = 'two'"));
        _db.Fails(SqlStates.NotNullViolation, "INSERT INTO t VALUES (7, 'x', NULL)");
    }

    [Fact]
    public void Foreign_keys_check_the_rows_when_they_are_added()
    {
        _db.Run("CREATE TABLE c (id integer, t integer); INSERT INTO c VALUES (1, 1), (2, 9)");
        BareMetalException e = _db.Fails(SqlStates.ForeignKeyViolation, "ALTER TABLE c ADD CONSTRAINT ct FOREIGN KEY (t) REFERENCES t (id)");
        Assert.Contains("(t)=(9)", e.Detail);
        _db.Run("DELETE FROM c WHERE id = 2; ALTER TABLE c ADD CONSTRAINT ct FOREIGN KEY (t) REFERENCES t (id)");
        _db.Fails(SqlStates.ForeignKeyViolation, "DELETE FROM t WHERE id = 1");
        _db.Fails(SqlStates.DependentObjectsStillExist, "DROP TABLE t");
        _db.Fails(SqlStates.DependentObjectsStillExist, "ALTER TABLE t DROP CONSTRAINT t_pkey");
        _db.Fails(SqlStates.InvalidForeignKey, "ALTER TABLE c ADD FOREIGN KEY (t) REFERENCES t (n)");
        _db.Run("DROP TABLE t CASCADE");
        Assert.Equal(1, _db.Run("UPDATE c SET t = 77"));
    }

    [Fact]
    public void Views_are_checked_kept_and_protect_what_they_name()
    {
        _db.Run("CREATE VIEW v (key, label) AS SELECT id, upper(name) FROM t WHERE n > 5");
        Assert.Equal(["1|ONE", "2|TWO"], _db.Rows("SELECT * FROM v ORDER BY key"));
        _db.Fails(SqlStates.UndefinedColumn, "CREATE VIEW w AS SELECT nothing FROM t");
        _db.Fails(SqlStates.DependentObjectsStillExist, "DROP TABLE t");
        _db.Fails(SqlStates.DependentObjectsStillExist, "ALTER TABLE t DROP COLUMN name");
        _db.Run("ALTER TABLE t RENAME COLUMN name TO title; ALTER TABLE t RENAME TO things");
        Assert.Equal(["1|ONE", "2|TWO"], _db.Rows("SELECT key, label FROM v ORDER BY key"));
        _db.Run("CREATE OR REPLACE VIEW v AS SELECT id AS key, title AS label, n FROM things");
        Assert.Equal("3", _db.Scalar("SELECT count(*) FROM v"));
        _db.Run("DROP TABLE things CASCADE");
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM v");
    }

    [Fact]
    public void Everything_is_undone_by_rollback_and_by_savepoints()
    {
        _db.Run("""
            BEGIN;
            CREATE TABLE x (id integer);
            INSERT INTO x VALUES (1);
            SAVEPOINT s;
            ALTER TABLE t DROP COLUMN n;
            DROP TABLE x;
            CREATE INDEX t_name ON t (name);
            ROLLBACK TO s
            """);
        Assert.Equal("1", _db.Scalar("SELECT * FROM x"));
        Assert.Equal("30", _db.Scalar("SELECT sum(n) FROM t"));
        _db.Run("ALTER TABLE t ALTER COLUMN id TYPE bigint; TRUNCATE t; ROLLBACK");
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM x");
        Assert.Equal("3|30", _db.Scalar("SELECT count(*), sum(n) FROM t"));
        _db.Run("CREATE TABLE x (other text)");
    }

    [Fact]
    public void A_failing_definition_leaves_nothing_behind_in_its_transaction()
    {
        _db.Run("BEGIN");
        _db.Fails(SqlStates.UndefinedTable, "CREATE TABLE y (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p integer REFERENCES nowhere)");
        _db.Run("CREATE TABLE y (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY)");
        _db.Run("COMMIT");
        Assert.Equal("y_id_seq", _db.Scalar("SELECT sequence_name FROM information_schema.sequences"));
    }

    [Fact]
    public void Truncate_empties_and_restarts()
    {
        _db.Run("CREATE TABLE k (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text UNIQUE); INSERT INTO k (v) VALUES ('a'), ('b')");
        _db.Run("TRUNCATE k");
        Assert.Equal("3", _db.Scalar("INSERT INTO k (v) VALUES ('a') RETURNING id"));
        _db.Run("TRUNCATE k RESTART IDENTITY");
        Assert.Equal("1", _db.Scalar("INSERT INTO k (v) VALUES ('a') RETURNING id"));
        _db.Run("CREATE TABLE c (k integer REFERENCES k)");
        _db.Fails(SqlStates.FeatureNotSupported, "TRUNCATE k");
        _db.Run("TRUNCATE k, c");
    }

    [Fact]
    public void Next_value_for_is_nextval_in_queries_and_in_defaults()
    {
        _db.Run("CREATE SCHEMA app; CREATE SEQUENCE app.\"No's\" START WITH 7");
        Assert.Equal("7", _db.Scalar("SELECT NEXT VALUE FOR app.\"No's\""));
        Assert.Equal("18", _db.Scalar("SELECT 10 + next value for app.\"No's\" AS next"));
        _db.Run("CREATE TABLE n (id bigint PRIMARY KEY DEFAULT ((NEXT VALUE FOR app.\"No's\") * 10), \"next\" integer)");
        _db.Run("ALTER SEQUENCE app.\"No's\" RENAME TO \"No\"");
        Assert.Equal("90", _db.Scalar("INSERT INTO n (next) VALUES (1) RETURNING id"));
        _db.Fails("2BP01", "DROP SEQUENCE app.\"No\"");
        Assert.Equal("1", _db.Scalar("SELECT next FROM n"));
        _db.Fails("42601", "SELECT NEXT VALUE FOR");
    }

    [Fact]
    public void A_sequence_that_is_used_up_stays_where_it_is()
    {
        _db.Run("CREATE SEQUENCE s INCREMENT BY 5 MINVALUE 5 MAXVALUE 10");
        Assert.Equal("5", _db.Scalar("SELECT nextval('s')"));
        Assert.Equal("10", _db.Scalar("SELECT nextval('s')"));
        for (int i = 0; i < 3; i++)
            _db.Fails("2200H", "SELECT nextval('s')");
        _db.Run("ALTER SEQUENCE s MAXVALUE 100");
        Assert.Equal("15", _db.Scalar("SELECT nextval('s')"));
    }

    [Fact]
    public void Sequences_count_cycle_and_restart()
    {
        _db.Run("CREATE SEQUENCE s START WITH 5 INCREMENT BY 5 MAXVALUE 15");
        Assert.Equal(["5", "10", "15"], [_db.Scalar("SELECT nextval('s')"), _db.Scalar("SELECT nextval('s')"), _db.Scalar("SELECT nextval('s')")]);
        _db.Fails("2200H", "SELECT nextval('s')");
        _db.Run("ALTER SEQUENCE s RESTART WITH 10 CYCLE");
        Assert.Equal(["10", "15", "1", "6"], Enumerable.Range(0, 4).Select(_ => _db.Scalar("SELECT nextval('s')")));
        _db.Run("CREATE TABLE q (id bigint PRIMARY KEY DEFAULT nextval('s'))");
        _db.Fails(SqlStates.DependentObjectsStillExist, "DROP SEQUENCE s");
        _db.Run("ALTER SEQUENCE s RENAME TO s2; INSERT INTO q DEFAULT VALUES");
        Assert.Equal("11", _db.Scalar("SELECT id FROM q"));
        _db.Run("BEGIN; ALTER SEQUENCE s2 RESTART; ROLLBACK");
        Assert.Equal("1", _db.Scalar("SELECT nextval('s2')"));
    }

    [Fact]
    public void Schemas_hold_their_own_names()
    {
        _db.Run("CREATE SCHEMA sales; CREATE TABLE sales.t (v text); INSERT INTO sales.t VALUES ('s')");
        Assert.Equal("s", _db.Scalar("SELECT v FROM sales.t"));
        _db.Run("SET search_path TO sales, public");
        Assert.Equal("s", _db.Scalar("SELECT v FROM t"));
        _db.Run("RESET search_path");
        Assert.Equal("3", _db.Scalar("SELECT count(*) FROM t"));
        _db.Fails(SqlStates.DependentObjectsStillExist, "DROP SCHEMA sales");
        _db.Fails(SqlStates.DuplicateTable, "ALTER TABLE sales.t SET SCHEMA public");
        _db.Run("ALTER TABLE sales.t RENAME TO moved; ALTER TABLE sales.moved SET SCHEMA public; DROP SCHEMA sales");
        Assert.Equal("s", _db.Scalar("SELECT v FROM public.moved"));
    }

    [Fact]
    public void Names_are_found_in_any_case_and_keep_their_spelling()
    {
        _db.Run("CREATE TABLE \"MixedCase\" (\"Id\" integer PRIMARY KEY, value TEXT)");
        _db.Run("insert into MIXEDCASE (ID, VALUE) values (1, 'x')");
        Assert.Equal("MixedCase|Id", _db.Scalar("SELECT table_name, column_name FROM information_schema.columns WHERE table_name = 'MixedCase' AND ordinal_position = 1"));
        _db.Fails(SqlStates.DuplicateTable, "CREATE TABLE mixedcase (v integer)");
    }

    [Fact]
    public void Definitions_survive_a_restart()
    {
        _db.Run("""
            CREATE SCHEMA s;
            CREATE TABLE s.a (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v varchar(20) COLLATE ordinal_ci UNIQUE, w decimal(10,2) DEFAULT 1.5 CHECK (w > 0), x timestamp, y integer[]);
            CREATE TABLE s.b (id integer PRIMARY KEY, a integer REFERENCES s.a ON DELETE CASCADE);
            CREATE INDEX b_a ON s.b (a DESC) WHERE a > 0;
            CREATE VIEW s.v AS SELECT v FROM s.a;
            COMMENT ON TABLE s.a IS 'about a';
            ALTER TABLE t ADD COLUMN late integer DEFAULT 3;
            INSERT INTO s.a (v) VALUES ('x')
            """);
        List<string> before = _db.Rows("SELECT * FROM bm_catalog.columns ORDER BY table_name, ordinal_position");
        List<string> constraints = _db.Rows("SELECT * FROM bm_catalog.constraints ORDER BY table_name, constraint_name");
        _db.Reopen();
        Assert.Equal(before, _db.Rows("SELECT * FROM bm_catalog.columns ORDER BY table_name, ordinal_position"));
        Assert.Equal(constraints, _db.Rows("SELECT * FROM bm_catalog.constraints ORDER BY table_name, constraint_name"));
        Assert.Equal("about a", _db.Scalar("SELECT comment FROM bm_catalog.tables WHERE table_name = 'a'"));
        Assert.Equal(["3", "3", "3"], _db.Rows("SELECT late FROM t"));
        _db.Fails(SqlStates.UniqueViolation, "INSERT INTO s.a (v) VALUES ('X')");
        Assert.Equal("x", _db.Scalar("SELECT * FROM s.v"));
    }

    [Fact]
    public void A_table_can_be_made_of_a_query()
    {
        _db.Run("CREATE TABLE copy AS SELECT id, upper(name) AS name FROM t WHERE n IS NOT NULL");
        Assert.Equal(["1|ONE", "2|TWO"], _db.Rows("SELECT * FROM copy ORDER BY id"));
    }
}
