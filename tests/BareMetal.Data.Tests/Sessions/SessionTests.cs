using BareMetal.Data.Sessions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Tests.Sessions;

public sealed class SessionTests : IDisposable
{
    private readonly TestDatabase _db = new();

    public void Dispose() => _db.Dispose();

    [Fact]
    public void Prepared_commands_are_shared_and_bind_again_after_definitions()
    {
        _db.Run("CREATE TABLE t (a integer); INSERT INTO t VALUES (1)");
        const string Sql = "SELECT * FROM t";
        PreparedCommand prepared = _db.Main.Prepare(Sql, []);
        Assert.Same(prepared, _db.Main.Prepare(Sql, []));
        Assert.Equal(["1"], Run(prepared));
        _db.Run("ALTER TABLE t ADD COLUMN b integer DEFAULT 2");
        Assert.Equal(["1|2"], Run(prepared));
        _db.Run("ALTER TABLE t RENAME COLUMN a TO c");
        using (CommandExecution execution = _db.Main.Execute(prepared, []))
        {
            Assert.True(execution.NextResult());
            Assert.Equal("c", execution.Columns[0].Name);
        }

        _db.Run("DROP TABLE t");
        Assert.Equal(SqlStates.UndefinedTable, Assert.Throws<BareMetalException>(() => Run(prepared)).SqlState);
    }

    [Fact]
    public void Plans_of_a_rolled_back_definition_are_not_used_by_others()
    {
        Session other = _db.Open();
        _db.Run("CREATE TABLE t (a integer); INSERT INTO t VALUES (1)");
        const string Sql = "SELECT * FROM t";
        _db.Main.BeginTransaction();
        _db.Run("ALTER TABLE t ADD COLUMN b integer DEFAULT 7");
        Assert.Equal("1|7", _db.Scalar(Sql));
        _db.Main.Rollback();
        other.Run("ALTER TABLE t ADD COLUMN c text DEFAULT 'c'");
        Assert.Equal("1|c", _db.Scalar(Sql));
        Assert.Equal("1|c", other.Scalar(Sql));
    }

    [Fact]
    public void Several_readers_and_a_write_share_a_session()
    {
        _db.Run("CREATE TABLE t (a integer PRIMARY KEY); INSERT INTO t SELECT i FROM generate_series(1, 5000) AS s(i)");
        foreach (bool inTransaction in new[] { false, true })
        {
            if (inTransaction)
                _db.Main.BeginTransaction();
            using CommandExecution first = _db.Main.Begin("SELECT a FROM t ORDER BY a");
            using CommandExecution second = _db.Main.Begin("SELECT a FROM t ORDER BY a DESC");
            Assert.True(first.NextResult() && second.NextResult());
            Assert.True(first.NextBatch() && second.NextBatch());
            int firstRows = first.Current.Count, secondRows = second.Current.Count;
            Assert.Equal("1", SessionText.Row(first.Current, 0));
            _db.Run("DELETE FROM t WHERE a > 4000");
            while (first.NextBatch())
                firstRows += first.Current.Count;
            while (second.NextBatch())
                secondRows += second.Current.Count;
            Assert.Equal((5000, 5000), (firstRows, secondRows));
            Assert.Equal("4000", _db.Scalar("SELECT count(*) FROM t"));
            if (inTransaction)
                _db.Main.Rollback();
            else
                _db.Run("INSERT INTO t SELECT i FROM generate_series(4001, 5000) AS s(i)");
        }
    }

    [Fact]
    public void Rows_that_are_kept_leave_memory_and_come_back_in_order()
    {
        _db.Run("CREATE TABLE t (a integer PRIMARY KEY, s text); INSERT INTO t SELECT i, 'text number ' || i FROM generate_series(1, 40000) AS s(i)");
        _db.Run("SET work_mem = '64kB'; BEGIN");
        using (CommandExecution reader = _db.Main.Begin("SELECT a, s, 7 FROM t ORDER BY a"))
        {
            Assert.True(reader.NextResult() && reader.NextBatch());
            List<string> rows = [];
            void Take()
            {
                for (int row = 0; row < reader.Current.Count; row++)
                    rows.Add(SessionText.Row(reader.Current, row));
            }

            Assert.Equal(40000, _db.Run("UPDATE t SET s = 'changed'"));
            Take();
            while (reader.NextBatch())
                Take();
            Assert.Equal(Enumerable.Range(1, 40000).Select(i => $"{i}|text number {i}|7"), rows);
        }

        Assert.Equal(Enumerable.Range(1, 40000).Select(i => $"{i}|changed{i}"), _db.Rows("UPDATE t SET s = s || a RETURNING a, s"));
        _db.Run("COMMIT");
        Assert.DoesNotContain(_db.Substrate.List(), name => name.StartsWith("bmtemp", StringComparison.Ordinal));
    }

    [Fact]
    public void Reading_on_after_a_commit_works_and_after_a_rollback_throws()
    {
        _db.Run("CREATE TABLE t (a integer PRIMARY KEY); INSERT INTO t SELECT i FROM generate_series(1, 3000) AS s(i)");
        _db.Main.BeginTransaction();
        using (CommandExecution reader = _db.Main.Begin("SELECT a FROM t"))
        {
            Assert.True(reader.NextResult() && reader.NextBatch());
            int rows = reader.Current.Count;
            _db.Main.Commit();
            while (reader.NextBatch())
                rows += reader.Current.Count;
            Assert.Equal(3000, rows);
        }

        _db.Main.BeginTransaction();
        using (CommandExecution reader = _db.Main.Begin("SELECT a FROM t"))
        {
            Assert.True(reader.NextResult() && reader.NextBatch());
            _db.Main.Rollback();
            Assert.Equal(SqlStates.InvalidTransactionState, Assert.Throws<BareMetalException>(() => reader.NextBatch()).SqlState);
        }
    }

    [Fact]
    public void Results_come_statement_by_statement()
    {
        _db.Run("CREATE TABLE t (a integer)");
        using CommandExecution execution = _db.Main.Begin("INSERT INTO t VALUES (1), (2); SELECT a FROM t ORDER BY a; UPDATE t SET a = 3 WHERE a = 9; CREATE TABLE u (x integer)");
        Assert.True(execution.NextResult());
        Assert.Equal((2, false), (execution.RowsAffected, execution.HasRows));
        Assert.True(execution.NextResult());
        Assert.Equal((-1, true), (execution.RowsAffected, execution.HasRows));
        Assert.True(execution.NextResult());
        Assert.Equal(0, execution.RowsAffected);
        Assert.True(execution.NextResult());
        Assert.Equal((-1, false), (execution.RowsAffected, execution.HasRows));
        Assert.False(execution.NextResult());
        Assert.False(execution.NextResult());
    }

    [Fact]
    public void A_command_that_is_left_early_undoes_its_implicit_transaction()
    {
        _db.Run("CREATE TABLE t (a integer)");
        using (CommandExecution execution = _db.Main.Begin("INSERT INTO t VALUES (1); SELECT 1"))
            Assert.True(execution.NextResult());
        Assert.Equal("0", _db.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Result_columns_say_where_they_come_from()
    {
        _db.Run("CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(9) NOT NULL UNIQUE, n integer)");
        using CommandExecution execution = _db.Main.Begin("SELECT id, name AS label, n + 1 AS next FROM t");
        Assert.True(execution.NextResult());
        ResultColumn id = execution.Columns[0], label = execution.Columns[1], next = execution.Columns[2];
        Assert.True(id.IsKey && id.IsIdentity && id.IsReadOnly && id.IsUnique && !id.IsNullable);
        Assert.Equal(("label", "name", "t", 9), (label.Name, label.OriginColumn!.Name, label.OriginTable!.Name, label.Type.Length));
        Assert.True(label.IsUnique && !label.IsKey && !label.IsReadOnly);
        Assert.True(next.OriginColumn is null && next.IsReadOnly && next.IsNullable);
        Assert.False(execution.NextBatch());
    }

    [Fact]
    public void A_statement_is_stopped_by_its_time_limit_and_by_the_token()
    {
        _db.Run("CREATE TABLE t (a integer); INSERT INTO t SELECT i FROM generate_series(1, 3000) AS s(i)");
        const string Slow = "SELECT count(*) FROM t a, t b, t c WHERE a.a + b.a + c.a < 0";
        PreparedCommand prepared = _db.Main.Prepare(Slow, []);
        using (CommandExecution execution = _db.Main.Execute(prepared, [], new ExecutionOptions(TimeSpan.FromMilliseconds(100))))
            Assert.Equal(SqlStates.QueryCanceled, Assert.Throws<BareMetalException>(() => execution.NextResult()).SqlState);
        _db.Run("SET statement_timeout = 100");
        _db.Fails(SqlStates.QueryCanceled, Slow);
        _db.Run("RESET statement_timeout");
        using CancellationTokenSource source = new(100);
        using (CommandExecution execution = _db.Main.Execute(prepared, [], default, source.Token))
            Assert.Equal(source.Token, Assert.ThrowsAny<OperationCanceledException>(() => execution.NextResult()).CancellationToken);
        using (CommandExecution execution = _db.Main.Execute(prepared, []))
        {
            using Timer timer = new(_ => _db.Main.Cancel(), null, 100, 100);
            Assert.Equal(SqlStates.QueryCanceled, Assert.Throws<BareMetalException>(() => execution.NextResult()).SqlState);
        }

        Assert.Equal("3000", _db.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Settings_are_set_shown_and_forgotten()
    {
        Assert.Equal("public", _db.Scalar("SHOW search_path"));
        _db.Run("SET work_mem = '8MB'; SET lock_timeout TO 1500; SET TIME ZONE 'UTC'");
        Assert.Equal("8192kB", _db.Scalar("SHOW work_mem"));
        Assert.Equal("1500ms", _db.Scalar("SHOW lock_timeout"));
        Assert.Equal("UTC", _db.Scalar("SHOW TimeZone"));
        _db.Run("BEGIN; SET LOCAL batch_size = 7; SET application_name = 'x'");
        Assert.Equal("7", _db.Scalar("SHOW batch_size"));
        _db.Run("ROLLBACK");
        Assert.Equal("1024", _db.Scalar("SHOW batch_size"));
        Assert.Equal("", _db.Scalar("SHOW application_name"));
        _db.Fails(SqlStates.UndefinedObject, "SET no_such_thing = 1");
        _db.Fails(SqlStates.InvalidParameterValue, "SET work_mem = 'lots'");
        _db.Main.Reset(_db.Main.Options);
        Assert.NotEqual("8192kB", _db.Scalar("SHOW work_mem"));
    }

    [Fact]
    public void Blocks_run_statements_one_after_another_and_undo_all_on_failure()
    {
        const string Script = """
            DO $$
            BEGIN
                IF NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'history') THEN
                    CREATE TABLE history (id integer PRIMARY KEY);
                    INSERT INTO history VALUES (1);
                ELSE
                    INSERT INTO history SELECT max(id) + 1 FROM history;
                END IF;
            END $$
            """;
        _db.Run(Script);
        _db.Run(Script);
        Assert.Equal(["1", "2"], _db.Rows("SELECT id FROM history ORDER BY id"));
        _db.Fails(SqlStates.UniqueViolation, "DO $$ BEGIN CREATE TABLE x (a integer); INSERT INTO history VALUES (3); INSERT INTO history VALUES (1); END $$");
        Assert.Equal("2", _db.Scalar("SELECT count(*) FROM history"));
        _db.Fails(SqlStates.UndefinedTable, "SELECT * FROM x");
        BareMetalException e = _db.Fails("P0001", "DO $$ BEGIN RAISE EXCEPTION 'version % is too old', 3; END $$");
        Assert.Contains("version 3 is too old", e.Message);
    }

    [Fact]
    public async Task Advisory_locks_exclude_other_sessions_until_they_are_released()
    {
        Session other = _db.Open();
        Assert.Equal("true", _db.Scalar("SELECT advisory_lock(42)"));
        Assert.Equal("true", _db.Scalar("SELECT advisory_lock(42)"));
        Assert.Equal("false", other.Scalar("SELECT try_advisory_lock(42)"));
        Assert.Equal("true", _db.Scalar("SELECT advisory_unlock(42)"));
        Assert.Equal("false", other.Scalar("SELECT try_advisory_lock(42)"));
        Task<string> waiting = Task.Run(() => other.Scalar("SELECT advisory_lock(42)"));
        await Task.Delay(50);
        Assert.False(waiting.IsCompleted);
        _db.Main.Reset(_db.Main.Options);
        Assert.Equal("true", await waiting.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal("false", _db.Scalar("SELECT advisory_unlock(42)"));
    }

    [Fact]
    public void Errors_of_a_later_statement_point_into_the_whole_command()
    {
        BareMetalException e = _db.Fails(SqlStates.UndefinedColumn, "SELECT 1;\nSELECT 2,\n  nothing");
        Assert.Equal((3, 3), (e.Line, e.Column));
    }

    [Fact]
    public void A_missing_parameter_is_named()
    {
        BareMetalException e = Assert.Throws<BareMetalException>(() => _db.Main.Prepare("SELECT @a + @b", [new ParameterDeclaration("a", SqlType.Integer)]));
        Assert.Equal(SqlStates.UndefinedParameter, e.SqlState);
        Assert.Contains("@b", e.Message);
    }

    [Fact]
    public void Named_parameters_match_in_any_case_and_may_repeat()
    {
        PreparedCommand command = _db.Main.Prepare("SELECT @A + @b, @a", [new ParameterDeclaration("B", SqlType.Integer), new ParameterDeclaration("a", SqlType.Integer)]);
        using CommandExecution execution = _db.Main.Execute(command, [Value.From(SqlTypeKind.Integer, 1), Value.From(SqlTypeKind.Integer, 20)]);
        Assert.True(execution.NextResult() && execution.NextBatch());
        Assert.Equal("21|20", SessionText.Row(execution.Current, 0));
    }

    [Fact]
    public void One_engine_serves_every_spelling_of_a_path()
    {
        string folder = Directory.CreateTempSubdirectory("bm").FullName;
        try
        {
            DatabaseOptions options = new() { Path = Path.Combine(folder, "a.bmdb"), CacheSize = 16 << 20 };
            Assert.False(Database.Exists(options));
            Database first = Database.Acquire(options);
            Database second = Database.Acquire(options with { Path = Path.Combine(folder, ".", "sub", "..", "a.bmdb") });
            Assert.Same(first, second);
            using (Session session = first.CreateSession())
                session.Run("CREATE TABLE t (a integer); INSERT INTO t VALUES (5)");
            Assert.Equal(SqlStates.ObjectInUse, Assert.Throws<BareMetalException>(() => Database.Delete(options)).SqlState);
            first.Release();
            using (Session session = second.CreateSession())
                Assert.Equal("5", session.Scalar("SELECT a FROM t"));
            second.Release();
            Database third = Database.Acquire(options with { CreateIfMissing = false });
            using (Session session = third.CreateSession())
                Assert.Equal("5", session.Scalar("SELECT a FROM t"));
            third.Release();
            Assert.True(Database.Exists(options));
            Database.Delete(options);
            Assert.False(Database.Exists(options));
            Assert.Equal(SqlStates.DatabaseDoesNotExist, Assert.Throws<BareMetalException>(() => Database.Acquire(options with { CreateIfMissing = false })).SqlState);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_information_schema_lists_what_there_is()
    {
        _db.Run("""
            CREATE TABLE p (id integer PRIMARY KEY, name varchar(30) NOT NULL UNIQUE);
            CREATE TABLE c (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p integer REFERENCES p ON DELETE SET NULL, CHECK (p > 0));
            CREATE VIEW v AS SELECT name FROM p
            """);
        Assert.Equal(["c|BASE TABLE", "p|BASE TABLE", "v|VIEW"], _db.Rows("SELECT table_name, table_type FROM information_schema.tables ORDER BY table_name"));
        Assert.Equal(["id|1|NO|bigint|YES", "p|2|YES|integer|NO"], _db.Rows("SELECT column_name, ordinal_position, is_nullable, data_type, is_identity FROM information_schema.columns WHERE table_name = 'c' ORDER BY 2"));
        Assert.Equal(["c|CHECK", "c|FOREIGN KEY", "c|PRIMARY KEY", "p|PRIMARY KEY", "p|UNIQUE"], _db.Rows("SELECT table_name, constraint_type FROM information_schema.table_constraints ORDER BY 1, 2"));
        Assert.Equal("c_p_fkey|p_pkey|NO ACTION|SET NULL", _db.Scalar("SELECT constraint_name, unique_constraint_name, update_rule, delete_rule FROM information_schema.referential_constraints"));
        Assert.Equal("c_id_seq|bigint", _db.Scalar("SELECT sequence_name, data_type FROM information_schema.sequences"));
        Assert.Equal(["bm_catalog", "information_schema", "pg_catalog", "public"], _db.Rows("SELECT schema_name FROM information_schema.schemata ORDER BY 1"));
        _db.Fails(SqlStates.WrongObjectType, "DROP VIEW information_schema.tables");
        _db.Fails(SqlStates.WrongObjectType, "CREATE TABLE bm_catalog.mine (a integer)");
    }

    [Fact]
    public void Explain_shows_the_plan()
    {
        _db.Run("CREATE TABLE t (id integer PRIMARY KEY, v integer)");
        Assert.Contains(_db.Rows("EXPLAIN SELECT v FROM t WHERE id = 5"), row => row.Contains("Seek", StringComparison.OrdinalIgnoreCase));
    }

    private List<string> Run(PreparedCommand prepared)
    {
        List<string> rows = [];
        using CommandExecution execution = _db.Main.Execute(prepared, []);
        while (execution.NextResult())
        {
            while (execution.NextBatch())
            {
                for (int row = 0; row < execution.Current.Count; row++)
                    rows.Add(SessionText.Row(execution.Current, row));
            }
        }

        return rows;
    }
}
