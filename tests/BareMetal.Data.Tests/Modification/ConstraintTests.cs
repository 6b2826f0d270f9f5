using BareMetal.Data.Tests.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Modification;

public sealed class ConstraintTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public void Dispose() => _db.Dispose();

    [Fact]
    public void Not_null_names_table_column_and_row()
    {
        _db.Run("CREATE TABLE t (id integer PRIMARY KEY, v text NOT NULL)");
        BareMetalException e = _db.Fails(SqlStates.NotNullViolation, "INSERT INTO t VALUES (1, 'a'), (2, NULL)");
        Assert.Equal(("t", "v"), (e.TableName, e.ColumnName));
        Assert.Contains("(2, null)", e.Detail);
        _db.Run("INSERT INTO t VALUES (1, 'a')");
        _db.Fails(SqlStates.NotNullViolation, "UPDATE t SET v = NULL");
    }

    [Fact]
    public void Checks_are_three_valued_and_named()
    {
        _db.Run("CREATE TABLE t (a integer, b integer, CONSTRAINT ordered CHECK (a < b))");
        _db.Run("INSERT INTO t VALUES (1, 2), (5, NULL)");
        BareMetalException e = _db.Fails(SqlStates.CheckViolation, "INSERT INTO t VALUES (3, 3)");
        Assert.Equal("ordered", e.ConstraintName);
        _db.Fails(SqlStates.CheckViolation, "UPDATE t SET b = 0 WHERE a = 1");
    }

    [Fact]
    public void Unique_violations_name_the_constraint_and_the_key()
    {
        _db.Run("CREATE TABLE t (id integer CONSTRAINT pk PRIMARY KEY, a integer, b text, CONSTRAINT ab UNIQUE (a, b))");
        _db.Run("INSERT INTO t VALUES (1, 1, 'x'), (2, 1, NULL), (3, 1, NULL)");
        BareMetalException e = _db.Fails(SqlStates.UniqueViolation, "INSERT INTO t VALUES (4, 1, 'x')");
        Assert.Equal("ab", e.ConstraintName);
        Assert.Contains("(a, b)=(1, x)", e.Detail);
        e = _db.Fails(SqlStates.UniqueViolation, "INSERT INTO t VALUES (3, 9, 'z')");
        Assert.Equal("pk", e.ConstraintName);
        Assert.Contains("(id)=(3)", e.Detail);
        e = _db.Fails(SqlStates.UniqueViolation, "UPDATE t SET b = 'x'");
        Assert.Equal("ab", e.ConstraintName);
    }

    [Fact]
    public void Nulls_not_distinct_counts_nulls_as_equal()
    {
        _db.Run("CREATE TABLE t (a integer, UNIQUE NULLS NOT DISTINCT (a))");
        _db.Run("INSERT INTO t VALUES (NULL)");
        _db.Fails(SqlStates.UniqueViolation, "INSERT INTO t VALUES (NULL)");
    }

    [Fact]
    public void Keys_can_be_swapped_and_shifted_in_one_statement()
    {
        _db.Run("CREATE TABLE t (id integer PRIMARY KEY, u integer UNIQUE)");
        _db.Run("INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)");
        _db.Run("UPDATE t SET id = id + 1, u = 40 - u");
        Assert.Equal(["2|30", "3|20", "4|10"], _db.Rows("SELECT * FROM t ORDER BY id"));
        _db.Fails(SqlStates.UniqueViolation, "UPDATE t SET id = 7");
        Assert.Equal("3", _db.Scalar("SELECT id FROM t WHERE u = 20"));
    }

    [Fact]
    public void Filtered_and_expression_indexes_follow_the_rows()
    {
        _db.Run("CREATE TABLE t (id integer PRIMARY KEY, name text, active boolean)");
        _db.Run("CREATE UNIQUE INDEX one_active ON t (lower(name)) WHERE active");
        _db.Run("INSERT INTO t VALUES (1, 'Ada', true), (2, 'ADA', false), (3, 'ada', false)");
        _db.Fails(SqlStates.UniqueViolation, "UPDATE t SET active = true WHERE id = 2");
        _db.Run("UPDATE t SET active = NOT active WHERE id <= 2");
        Assert.Equal("2", _db.Scalar("SELECT id FROM t WHERE lower(name) = 'ada' AND active"));
        _db.Fails(SqlStates.UniqueViolation, "INSERT INTO t VALUES (4, 'aDa', true)");
    }

    [Fact]
    public void A_child_needs_its_parent()
    {
        _db.Run("CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (id integer PRIMARY KEY, p integer CONSTRAINT cp REFERENCES p)");
        _db.Run("INSERT INTO p VALUES (1), (2)");
        _db.Run("INSERT INTO c VALUES (1, 1), (2, NULL)");
        BareMetalException e = _db.Fails(SqlStates.ForeignKeyViolation, "INSERT INTO c VALUES (3, 9)");
        Assert.Equal(("cp", "c"), (e.ConstraintName, e.TableName));
        Assert.Contains("(p)=(9)", e.Detail);
        _db.Fails(SqlStates.ForeignKeyViolation, "UPDATE c SET p = 5 WHERE id = 2");
        e = _db.Fails(SqlStates.ForeignKeyViolation, "DELETE FROM p WHERE id = 1");
        Assert.Equal("cp", e.ConstraintName);
        _db.Fails(SqlStates.ForeignKeyViolation, "UPDATE p SET id = 7 WHERE id = 1");
        Assert.Equal(1, _db.Run("DELETE FROM p WHERE id = 2"));
        Assert.Equal(1, _db.Run("UPDATE p SET id = 1 WHERE id = 1"));
    }

    [Fact]
    public void Cascades_delete_whole_trees()
    {
        _db.Run("""
            CREATE TABLE a (id integer PRIMARY KEY);
            CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE);
            CREATE TABLE c (id integer PRIMARY KEY, b integer REFERENCES b ON DELETE CASCADE);
            CREATE INDEX b_a ON b (a);
            INSERT INTO a VALUES (1), (2);
            INSERT INTO b VALUES (10, 1), (11, 1), (20, 2);
            INSERT INTO c VALUES (100, 10), (110, 11), (200, 20)
            """);
        Assert.Equal(1, _db.Run("UPDATE a SET id = 5 WHERE id = 2"));
        Assert.Equal("20", _db.Scalar("SELECT id FROM b WHERE a = 5"));
        Assert.Equal(1, _db.Run("DELETE FROM a WHERE id = 1"));
        Assert.Equal(["20|5"], _db.Rows("SELECT * FROM b"));
        Assert.Equal(["200|20"], _db.Rows("SELECT * FROM c"));
    }

    [Fact]
    public void Set_null_and_set_default_change_the_children()
    {
        _db.Run("""
            CREATE TABLE p (id integer PRIMARY KEY);
            CREATE TABLE n (id integer PRIMARY KEY, p integer REFERENCES p ON DELETE SET NULL);
            CREATE TABLE d (id integer PRIMARY KEY, p integer DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT);
            INSERT INTO p VALUES (1), (2);
            INSERT INTO n VALUES (1, 2);
            INSERT INTO d VALUES (1, 2)
            """);
        Assert.Equal(1, _db.Run("DELETE FROM p WHERE id = 2"));
        Assert.Equal("1|null", _db.Scalar("SELECT * FROM n"));
        Assert.Equal("1|1", _db.Scalar("SELECT * FROM d"));
        _db.Fails(SqlStates.ForeignKeyViolation, "DELETE FROM p WHERE id = 1");
    }

    [Fact]
    public void Self_references_and_cycles_are_judged_at_the_end_of_the_statement()
    {
        _db.Run("CREATE TABLE e (id integer PRIMARY KEY, boss integer REFERENCES e)");
        _db.Run("INSERT INTO e VALUES (1, 2), (2, 3), (3, 1)");
        _db.Fails(SqlStates.ForeignKeyViolation, "DELETE FROM e WHERE id = 1");
        Assert.Equal(3, _db.Run("DELETE FROM e"));

        _db.Run("CREATE TABLE t (id integer PRIMARY KEY, up integer REFERENCES t ON DELETE CASCADE)");
        _db.Run("INSERT INTO t VALUES (1, 3), (2, 1), (3, 2), (4, 4)");
        Assert.Equal(1, _db.Run("DELETE FROM t WHERE id = 2"));
        Assert.Equal(["4|4"], _db.Rows("SELECT * FROM t"));
    }

    [Fact]
    public void Long_chains_of_cascades_do_not_overflow()
    {
        _db.Run("CREATE TABLE t (id integer PRIMARY KEY, up integer REFERENCES t ON DELETE CASCADE); CREATE INDEX t_up ON t (up)");
        _db.Run("INSERT INTO t SELECT i, CASE WHEN i = 1 THEN NULL ELSE i - 1 END FROM generate_series(1, 3000) AS s(i)");
        Assert.Equal(1, _db.Run("DELETE FROM t WHERE id = 1"));
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Foreign_keys_of_several_columns_and_other_integer_types_work()
    {
        _db.Run("""
            CREATE TABLE p (a bigint, b text, PRIMARY KEY (a, b));
            CREATE TABLE c (id integer PRIMARY KEY, y text, x integer, FOREIGN KEY (y, x) REFERENCES p (b, a) ON DELETE CASCADE);
            INSERT INTO p VALUES (1, 'one'), (2, 'two');
            INSERT INTO c VALUES (1, 'one', 1), (2, NULL, 5)
            """);
        _db.Fails(SqlStates.ForeignKeyViolation, "INSERT INTO c VALUES (3, 'one', 2)");
        _db.Run("DELETE FROM p WHERE a = 1");
        Assert.Equal(["2"], _db.Rows("SELECT id FROM c"));
    }

    [Fact]
    public void Update_from_and_delete_using_change_each_target_once()
    {
        _db.Run("CREATE TABLE t (id integer PRIMARY KEY, n integer); CREATE TABLE s (t integer, add integer)");
        _db.Run("INSERT INTO t VALUES (1, 0), (2, 0), (3, 0); INSERT INTO s VALUES (1, 5), (1, 5), (2, 7)");
        Assert.Equal(2, _db.Run("UPDATE t SET n = n + s.add FROM s WHERE s.t = t.id"));
        Assert.Equal(["1|5", "2|7", "3|0"], _db.Rows("SELECT * FROM t ORDER BY id"));
        Assert.Equal(["1", "2"], _db.Rows("DELETE FROM t USING s WHERE s.t = t.id RETURNING t.id").Order());
        Assert.Equal("3", _db.Scalar("SELECT id FROM t"));
    }
}
