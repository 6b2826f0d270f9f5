using BareMetal.Data.Sessions;
using Xunit;

namespace BareMetal.Data.Tests.Sessions;

public sealed class TransactionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TestDatabase _db = new();
    private readonly Session _a;
    private readonly Session _b;

    public TransactionTests()
    {
        _a = _db.Open();
        _b = _db.Open();
        _a.Run("CREATE TABLE t (id integer PRIMARY KEY, v integer); INSERT INTO t VALUES (1, 10), (2, 20)");
    }

    public void Dispose() => _db.Dispose();

    [Fact]
    public void Uncommitted_work_is_seen_by_its_own_session_only()
    {
        _a.BeginTransaction();
        _a.Run("UPDATE t SET v = 11 WHERE id = 1; INSERT INTO t VALUES (3, 30)");
        Assert.Equal("61", _a.Scalar("SELECT sum(v) FROM t"));
        Assert.Equal("30", _b.Scalar("SELECT sum(v) FROM t"));
        _a.Commit();
        Assert.Equal("61", _b.Scalar("SELECT sum(v) FROM t"));
    }

    [Fact]
    public void Rollback_undoes_rows_and_definitions()
    {
        _a.BeginTransaction();
        _a.Run("DELETE FROM t; CREATE TABLE u (x integer); INSERT INTO u VALUES (1)");
        _a.Rollback();
        Assert.Equal("30", _a.Scalar("SELECT sum(v) FROM t"));
        _a.Fails(SqlStates.UndefinedTable, "SELECT * FROM u");
        Assert.False(_a.InTransaction);
    }

    [Fact]
    public void Savepoints_rewind_in_any_depth()
    {
        _a.BeginTransaction();
        _a.Run("UPDATE t SET v = 1 WHERE id = 1");
        _a.CreateSavepoint("one");
        _a.Run("UPDATE t SET v = 2 WHERE id = 1");
        _a.CreateSavepoint("two");
        _a.Run("DELETE FROM t");
        _a.RollbackToSavepoint("two");
        Assert.Equal("22", _a.Scalar("SELECT sum(v) FROM t"));
        _a.RollbackToSavepoint("one");
        Assert.Equal("21", _a.Scalar("SELECT sum(v) FROM t"));
        Assert.Equal(SqlStates.InvalidSavepoint, Assert.Throws<BareMetalException>(() => _a.RollbackToSavepoint("two")).SqlState);
        _a.ReleaseSavepoint("one");
        _a.Commit();
        Assert.Equal("21", _b.Scalar("SELECT sum(v) FROM t"));
    }

    [Fact]
    public void Read_committed_sees_new_commits_statement_by_statement_and_snapshot_does_not()
    {
        _a.BeginTransaction(IsolationMode.ReadCommitted);
        using Session c = _db.Open();
        c.BeginTransaction(IsolationMode.Snapshot);
        Assert.Equal("30", _a.Scalar("SELECT sum(v) FROM t"));
        Assert.Equal("30", c.Scalar("SELECT sum(v) FROM t"));
        _b.Run("UPDATE t SET v = v + 1");
        Assert.Equal("32", _a.Scalar("SELECT sum(v) FROM t"));
        Assert.Equal("30", c.Scalar("SELECT sum(v) FROM t"));
        c.Fails(SqlStates.SerializationFailure, "UPDATE t SET v = 0 WHERE id = 1");
        c.Fails(SqlStates.InFailedTransaction, "SELECT 1");
        c.Rollback();
        _a.Commit();
    }

    [Fact]
    public async Task A_read_committed_update_waits_and_works_on_the_newest_row()
    {
        _a.BeginTransaction();
        _a.Run("UPDATE t SET v = v + 100 WHERE id = 1");
        Task<long> waiting = Task.Run(() => _b.Run("UPDATE t SET v = v + 1 WHERE v > 50 OR id = 1"));
        await Task.Delay(50);
        Assert.False(waiting.IsCompleted);
        _a.Commit();
        Assert.Equal(1, await waiting.WaitAsync(Patience));
        Assert.Equal("111", _a.Scalar("SELECT v FROM t WHERE id = 1"));
    }

    [Fact]
    public async Task Concurrent_increments_lose_nothing()
    {
        Task[] tasks = new Task[4];
        for (int i = 0; i < tasks.Length; i++)
        {
            Session session = _db.Open();
            tasks[i] = Task.Run(() =>
            {
                for (int n = 0; n < 50; n++)
                    session.Run("UPDATE t SET v = v + 1 WHERE id = 1");
            });
        }

        await Task.WhenAll(tasks).WaitAsync(Patience);
        Assert.Equal("210", _a.Scalar("SELECT v FROM t WHERE id = 1"));
    }

    [Fact]
    public void Serializable_refuses_write_skew()
    {
        _a.BeginTransaction(IsolationMode.Serializable);
        _b.BeginTransaction(IsolationMode.Serializable);
        Assert.Equal("30", _a.Scalar("SELECT sum(v) FROM t"));
        Assert.Equal("30", _b.Scalar("SELECT sum(v) FROM t"));
        _a.Run("UPDATE t SET v = 0 WHERE id = 1");
        _b.Run("UPDATE t SET v = 0 WHERE id = 2");
        _a.Commit();
        Assert.Equal(SqlStates.SerializationFailure, Assert.Throws<BareMetalException>(_b.Commit).SqlState);
        Assert.False(_b.InTransaction);
        Assert.Equal("20", _b.Scalar("SELECT sum(v) FROM t"));
    }

    [Fact]
    public async Task One_of_two_that_wait_for_each_other_is_told_so()
    {
        _a.BeginTransaction();
        _b.BeginTransaction();
        _a.Run("UPDATE t SET v = 1 WHERE id = 1");
        _b.Run("UPDATE t SET v = 2 WHERE id = 2");
        Task<long> waiting = Task.Run(() => _a.Run("UPDATE t SET v = 1 WHERE id = 2"));
        await Task.Delay(50);
        _b.Fails(SqlStates.DeadlockDetected, "UPDATE t SET v = 2 WHERE id = 1");
        _b.Fails(SqlStates.InFailedTransaction, "SELECT 1");
        _b.Rollback();
        Assert.Equal(1, await waiting.WaitAsync(Patience));
        _a.Commit();
        Assert.Equal("2", _a.Scalar("SELECT sum(v) FROM t"));
    }

    [Fact]
    public void A_lock_that_is_not_granted_in_time_is_an_error_and_the_transaction_goes_on()
    {
        _a.BeginTransaction();
        _a.Run("UPDATE t SET v = 0 WHERE id = 1");
        _b.Run("SET lock_timeout = '50ms'");
        _b.BeginTransaction();
        _b.Run("UPDATE t SET v = 5 WHERE id = 2");
        _b.Fails(SqlStates.LockNotAvailable, "UPDATE t SET v = 0 WHERE id = 1");
        _b.Commit();
        Assert.Equal("5", _b.Scalar("SELECT v FROM t WHERE id = 2"));
    }

    [Fact]
    public async Task Two_inserts_of_one_key_leave_one_row()
    {
        _a.BeginTransaction();
        _a.Run("INSERT INTO t VALUES (7, 1)");
        Task<BareMetalException> second = Task.Run(() => _b.Fails(SqlStates.UniqueViolation, "INSERT INTO t VALUES (7, 2)"));
        await Task.Delay(50);
        Assert.False(second.IsCompleted);
        _a.Commit();
        await second.WaitAsync(Patience);

        _a.BeginTransaction();
        _a.Run("INSERT INTO t VALUES (8, 1)");
        Task<long> third = Task.Run(() => _b.Run("INSERT INTO t VALUES (8, 2)"));
        await Task.Delay(50);
        _a.Rollback();
        Assert.Equal(1, await third.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_parent_can_not_go_while_a_child_comes()
    {
        _a.Run("CREATE TABLE c (id integer PRIMARY KEY, t integer REFERENCES t)");
        _a.BeginTransaction();
        _a.Run("INSERT INTO c VALUES (1, 1)");

        // Changing the parent's other columns does not wait for the child.
        Assert.Equal(1, _b.Run("UPDATE t SET v = 99 WHERE id = 1"));
        Task<BareMetalException> delete = Task.Run(() => _b.Fails(SqlStates.ForeignKeyViolation, "DELETE FROM t WHERE id = 1"));
        await Task.Delay(50);
        Assert.False(delete.IsCompleted);
        _a.Commit();
        await delete.WaitAsync(Patience);

        _a.BeginTransaction();
        _a.Run("DELETE FROM t WHERE id = 2");
        Task<BareMetalException> insert = Task.Run(() => _b.Fails(SqlStates.ForeignKeyViolation, "INSERT INTO c VALUES (2, 2)"));
        await Task.Delay(50);
        Assert.False(insert.IsCompleted);
        _a.Commit();
        await insert.WaitAsync(Patience);
    }

    [Fact]
    public async Task Select_for_update_holds_the_rows()
    {
        _a.BeginTransaction();
        Assert.Equal("10", _a.Scalar("SELECT v FROM t WHERE id = 1 FOR UPDATE"));
        Task<string> waiting = Task.Run(() => _b.Scalar("SELECT v FROM t WHERE id = 1 FOR UPDATE"));
        await Task.Delay(50);
        Assert.False(waiting.IsCompleted);
        _a.Run("UPDATE t SET v = 12 WHERE id = 1");
        _a.Commit();
        Assert.Equal("12", await waiting.WaitAsync(Patience));
    }

    [Fact]
    public async Task Definitions_wait_for_writers_and_writers_see_what_they_made()
    {
        _a.BeginTransaction();
        _a.Run("INSERT INTO t VALUES (3, 30)");
        Task<long> alter = Task.Run(() => _b.Run("ALTER TABLE t ADD COLUMN w integer NOT NULL DEFAULT 9"));
        await Task.Delay(50);
        Assert.False(alter.IsCompleted);
        using Session c = _db.Open();
        Task<long> insert = Task.Run(async () =>
        {
            await Task.Delay(50);
            return c.Run("INSERT INTO t (id, v) VALUES (4, 40)");
        });
        await Task.Delay(100);
        _a.Commit();
        await alter.WaitAsync(Patience);
        Assert.Equal(1, await insert.WaitAsync(Patience));
        Assert.Equal("4|36", _a.Scalar("SELECT count(*), sum(w) FROM t"));
    }

    [Fact]
    public void A_snapshot_reads_the_catalog_of_its_time()
    {
        _a.BeginTransaction(IsolationMode.Snapshot);
        Assert.Equal("30", _a.Scalar("SELECT sum(v) FROM t"));
        _b.Run("ALTER TABLE t ADD COLUMN w integer DEFAULT 1; ALTER TABLE t DROP COLUMN v; CREATE TABLE other (x integer)");
        Assert.Equal("30", _a.Scalar("SELECT sum(v) FROM t"));
        _a.Fails(SqlStates.UndefinedColumn, "SELECT w FROM t");
        _a.Fails(SqlStates.UndefinedTable, "SELECT * FROM other");
        _a.Fails(SqlStates.SerializationFailure, "INSERT INTO t VALUES (9, 9)");
        _a.Rollback();
        Assert.Equal("2", _a.Scalar("SELECT sum(w) FROM t"));
    }

    [Fact]
    public void Dropped_and_rewritten_tables_stay_readable_in_older_snapshots()
    {
        _a.Run("CREATE TABLE d (x integer); INSERT INTO d VALUES (5)");
        _a.BeginTransaction(IsolationMode.Snapshot);
        Assert.Equal("5", _a.Scalar("SELECT x FROM d"));
        _b.Run("DROP TABLE d; ALTER TABLE t ALTER COLUMN v TYPE text; TRUNCATE t");
        Assert.Equal("5", _a.Scalar("SELECT x FROM d"));
        Assert.Equal("30", _a.Scalar("SELECT sum(v) FROM t"));
        _a.Commit();
        Assert.Equal("0", _a.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_statement_that_writes_very_many_rows_takes_the_table_and_only_when_it_is_free()
    {
        _a.Run("CREATE TABLE many (id integer PRIMARY KEY, u integer UNIQUE)");
        _b.Run("SET lock_timeout = '50ms'");
        const string Bulk = "INSERT INTO many SELECT i, i FROM generate_series(1, 30000) AS s(i)";
        _a.BeginTransaction();
        _a.Run(Bulk);
        Assert.True(_db.Database.Engine.Locks.Count < 15_000);
        Assert.Equal("0", _b.Scalar("SELECT count(*) FROM many"));
        _b.Fails(SqlStates.LockNotAvailable, "INSERT INTO many VALUES (50000, 50000)");
        _a.Rollback();

        _b.BeginTransaction();
        _b.Run("INSERT INTO many VALUES (50000, 50000)");
        _a.BeginTransaction();
        _a.Run(Bulk);
        _b.Run("INSERT INTO many VALUES (50001, 50001)");
        _b.Fails(SqlStates.LockNotAvailable, "INSERT INTO many VALUES (60000, 29999)");
        _b.Commit();
        _a.Commit();
        Assert.Equal("30002", _a.Scalar("SELECT count(*) FROM many"));
    }

    [Fact]
    public void Read_only_transactions_refuse_to_write()
    {
        _a.BeginTransaction(readOnly: true);
        _a.Fails(SqlStates.ReadOnlyTransaction, "INSERT INTO t VALUES (5, 5)");
        _a.Fails(SqlStates.ReadOnlyTransaction, "CREATE TABLE x (y integer)");
        Assert.Equal("2", _a.Scalar("SELECT count(*) FROM t"));
        _a.Commit();
    }

    [Fact]
    public void A_command_of_several_statements_is_one_transaction()
    {
        _a.Fails(SqlStates.UniqueViolation, "INSERT INTO t VALUES (5, 5); INSERT INTO t VALUES (6, 6); INSERT INTO t VALUES (1, 1)");
        Assert.Equal("2", _b.Scalar("SELECT count(*) FROM t"));
        _a.Run("INSERT INTO t VALUES (5, 5); BEGIN; INSERT INTO t VALUES (6, 6)");
        Assert.True(_a.InTransaction);
        Assert.Equal("2", _b.Scalar("SELECT count(*) FROM t"));
        _a.Run("ROLLBACK");
        Assert.Equal("2", _b.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Levels_are_set_in_sql_before_the_first_statement()
    {
        _a.Run("BEGIN ISOLATION LEVEL SERIALIZABLE");
        Assert.Equal("serializable", _a.Scalar("SHOW transaction_isolation"));
        _a.Run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
        Assert.Equal("repeatable read", _a.Scalar("SHOW transaction_isolation"));
        Assert.Equal("30", _a.Scalar("SELECT sum(v) FROM t"));
        _a.Fails(SqlStates.ActiveTransaction, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
        _a.Run("COMMIT");
        _a.Run("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE");
        Assert.Equal("serializable", _a.Scalar("SHOW transaction_isolation"));
    }

    [Fact]
    public async Task A_commit_can_be_awaited()
    {
        _a.BeginTransaction();
        _a.Run("INSERT INTO t VALUES (5, 5)");
        await _a.CommitAsync();
        using CommandExecution execution = _a.Begin("INSERT INTO t VALUES (6, 6) RETURNING id");
        Assert.True(await execution.NextResultAsync());
        Assert.Equal("4", _b.Scalar("SELECT count(*) FROM t"));
        Assert.True(execution.NextBatch());
        Assert.Equal("6", SessionText.Row(execution.Current, 0));
    }
}
