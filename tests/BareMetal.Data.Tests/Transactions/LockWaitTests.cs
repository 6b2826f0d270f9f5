using System.Data;
using BareMetal.Data.Tests.Ado;
using Xunit;

namespace BareMetal.Data.Tests.Transactions;

/// <summary>Waiting for locks: without a thread in asynchronous calls, with deadlocks, time-outs and cancellation in every kind of call.</summary>
public sealed class LockWaitTests : AdoTestBase
{
    public LockWaitTests()
    {
        Run("CREATE TABLE t (id integer PRIMARY KEY, v integer NOT NULL)");
        Run("INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)");
    }

    [Fact]
    public async Task A_thousand_asynchronous_sessions_wait_for_one_row_without_threads()
    {
        const int sessions = 1_000;
        using BareMetalDataSource source = BareMetalDataSource.Create("Data Source=:memory:;Max Pool Size=2000;Lock Timeout=0;Command Timeout=0");
        await using BareMetalConnection main = source.OpenConnection();
        Run(main, "CREATE TABLE t (id integer PRIMARY KEY, v integer NOT NULL)");
        Run(main, "INSERT INTO t VALUES (1, 0)");
        Task[] waiting;
        int threads;
        await using (BareMetalTransaction holder = await main.BeginTransactionAsync())
        {
            Run(main, "UPDATE t SET v = 0 WHERE id = 1");
            waiting = [.. Enumerable.Range(0, sessions).Select(_ => AddOne(source))];
            Assert.All(waiting, task => Assert.False(task.IsCompleted));

            // Every call has returned: none of them holds this thread, and none was given another.
            threads = ThreadPool.ThreadCount;
            await holder.CommitAsync();
        }

        await Task.WhenAll(waiting);
        Assert.Equal(sessions, Command(main, "SELECT v FROM t").ExecuteScalar());
        Assert.InRange(threads, 0, 100);

        static async Task AddOne(BareMetalDataSource source)
        {
            await using BareMetalConnection connection = source.OpenConnection();
            await Command(connection, "UPDATE t SET v = v + 1 WHERE id = 1").ExecuteNonQueryAsync();
        }
    }

    [Theory]
    [InlineData(IsolationLevel.ReadCommitted)]
    [InlineData(IsolationLevel.Snapshot)]
    [InlineData(IsolationLevel.Serializable)]
    public async Task A_statement_that_waited_is_run_as_a_whole_again(IsolationLevel level)
    {
        await using BareMetalConnection other = Source.OpenConnection();
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("UPDATE t SET v = 5 WHERE id = 3");
        await using BareMetalTransaction theirs = await other.BeginTransactionAsync(level);
        await Command(other, "UPDATE t SET v = v + 1 WHERE id = 1").ExecuteNonQueryAsync();
        Task<int> update = Command(other, "UPDATE t SET v = v + 10").ExecuteNonQueryAsync();
        Assert.False(update.IsCompleted);
        await mine.RollbackAsync();
        Assert.Equal(3, await update);
        await theirs.CommitAsync();
        Assert.Equal("11,10,10", Scalar("SELECT string_agg(v::text, ',' ORDER BY id) FROM t"));
    }

    [Fact]
    public async Task A_deadlock_is_found_at_once_and_its_victim_rolls_back()
    {
        await using BareMetalConnection other = Source.OpenConnection();
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        await using BareMetalTransaction theirs = other.BeginTransaction();
        Run("UPDATE t SET v = 1 WHERE id = 1");
        Run(other, "UPDATE t SET v = 2 WHERE id = 2");
        Task<int> waiting = Command(Connection, "UPDATE t SET v = 1 WHERE id = 2").ExecuteNonQueryAsync();
        BareMetalException victim = await Assert.ThrowsAsync<BareMetalException>(() => Command(other, "UPDATE t SET v = 2 WHERE id = 1").ExecuteNonQueryAsync());
        Assert.Equal("40P01", victim.SqlState);
        Assert.True(victim.IsTransient);
        Assert.Equal("25P02", Assert.Throws<BareMetalException>(() => Run(other, "SELECT 1")).SqlState);
        await theirs.RollbackAsync();
        Assert.Equal(1, await waiting);
        await mine.CommitAsync();
        Assert.Equal("1,1,0", Scalar("SELECT string_agg(v::text, ',' ORDER BY id) FROM t"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Advisory_locks_take_part_in_deadlock_detection(bool asynchronous)
    {
        await using BareMetalConnection other = Source.OpenConnection();
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("UPDATE t SET v = 1 WHERE id = 1");
        Run(other, "SELECT pg_advisory_lock(7)");
        Task<int> waiting = asynchronous
            ? Command(other, "UPDATE t SET v = 2 WHERE id = 1").ExecuteNonQueryAsync()
            : Task.Run(() => Run(other, "UPDATE t SET v = 2 WHERE id = 1"));
        while (other.Session.LockParty.Waiting is null)
            await Task.Yield();
        Task<int> closing = asynchronous ? Command(Connection, "SELECT pg_advisory_lock(7)").ExecuteNonQueryAsync() : Task.Run(() => Run("SELECT pg_advisory_lock(7)"));
        Assert.Equal("40P01", (await Assert.ThrowsAsync<BareMetalException>(() => closing)).SqlState);
        await mine.RollbackAsync();
        Assert.Equal(1, await waiting);
    }

    [Fact]
    public async Task An_advisory_lock_is_taken_once_by_a_statement_that_waited()
    {
        await using BareMetalConnection other = Source.OpenConnection();
        Run("SELECT pg_advisory_lock(2)");
        Task<int> waiting = Command(other, "SELECT pg_advisory_lock(1), pg_advisory_lock(2)").ExecuteNonQueryAsync();
        Assert.False(waiting.IsCompleted);
        Run("SELECT pg_advisory_unlock(2)");
        await waiting;
        Assert.Equal(true, Command(other, "SELECT pg_advisory_unlock(1)").ExecuteScalar());
        Assert.Equal(false, Command(other, "SELECT pg_advisory_unlock(1)").ExecuteScalar());
        Assert.Equal(true, Scalar("SELECT pg_try_advisory_lock(1)"));
        Assert.Equal(false, Scalar("SELECT pg_try_advisory_lock(2)"));
    }

    [Fact]
    public async Task A_block_that_waited_runs_again_as_a_whole_and_says_things_once()
    {
        List<string> notices = [];
        await using BareMetalConnection fresh = Source.OpenConnection();
        fresh.Close();
        fresh.Notice += (_, e) => notices.Add(e.Text);
        fresh.Open();
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("UPDATE t SET v = 5 WHERE id = 2");
        Task<int> block = Command(fresh, "DO $$ BEGIN UPDATE t SET v = v + 1 WHERE id = 1; RAISE NOTICE 'half'; UPDATE t SET v = v + 1 WHERE id = 2; RAISE NOTICE 'whole'; END $$").ExecuteNonQueryAsync();
        Assert.False(block.IsCompleted);
        await mine.CommitAsync();
        await block;
        Assert.Equal(["half", "whole"], notices);
        Assert.Equal("1,6,0", Scalar("SELECT string_agg(v::text, ',' ORDER BY id) FROM t"));
    }

    [Theory]
    [InlineData("ALTER TABLE t ADD COLUMN w integer DEFAULT 7")]
    [InlineData("CREATE INDEX t_v ON t (v)")]
    [InlineData("DROP TABLE t")]
    public async Task A_definition_waits_for_writers_without_a_thread(string definition)
    {
        await using BareMetalConnection other = Source.OpenConnection();
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("INSERT INTO t VALUES (4, 4)");
        Task<int> waiting = Command(other, definition).ExecuteNonQueryAsync();
        Assert.False(waiting.IsCompleted);
        await mine.CommitAsync();
        await waiting;
        if (definition.StartsWith("DROP", StringComparison.Ordinal))
            Assert.Equal("42P01", Assert.Throws<BareMetalException>(() => Run("SELECT * FROM t")).SqlState);
        else
            Assert.Equal(4L, Scalar("SELECT count(*) FROM t WHERE v >= 0"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lock_timeout_fails_the_statement_and_the_transaction_goes_on(bool asynchronous)
    {
        await using BareMetalConnection other = Source.OpenConnection();
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("UPDATE t SET v = 1 WHERE id = 1");
        await using BareMetalTransaction theirs = other.BeginTransaction();
        Run(other, "UPDATE t SET v = 2 WHERE id = 2");
        Run(other, "SET LOCAL lock_timeout = '50ms'");
        BareMetalException e = asynchronous
            ? await Assert.ThrowsAsync<BareMetalException>(() => Command(other, "UPDATE t SET v = 2 WHERE id = 1").ExecuteNonQueryAsync())
            : Assert.Throws<BareMetalException>(() => Run(other, "UPDATE t SET v = 2 WHERE id = 1"));
        Assert.Equal("55P03", e.SqlState);
        await theirs.CommitAsync();
        await mine.CommitAsync();
        Assert.Equal("1,2,0", Scalar("SELECT string_agg(v::text, ',' ORDER BY id) FROM t"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_command_timeout_and_a_token_end_a_wait(bool asynchronous)
    {
        await using BareMetalConnection other = Source.OpenConnection();
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("UPDATE t SET v = 1 WHERE id = 1");
        using BareMetalCommand command = Command(other, "UPDATE t SET v = 2 WHERE id = 1");
        command.CommandTimeout = 1;
        BareMetalException e = await Assert.ThrowsAsync<BareMetalException>(() => asynchronous ? command.ExecuteNonQueryAsync() : Task.Run(command.ExecuteNonQuery));
        Assert.Equal("57014", e.SqlState);
        command.CommandTimeout = 0;
        if (asynchronous)
        {
            using CancellationTokenSource cancel = new();
            Task<int> waiting = command.ExecuteNonQueryAsync(cancel.Token);
            Assert.False(waiting.IsCompleted);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        Task<int> cancelled = asynchronous ? command.ExecuteNonQueryAsync() : Task.Run(command.ExecuteNonQuery);
        while (!cancelled.IsCompleted)
        {
            command.Cancel();
            await Task.Delay(1);
        }

        Assert.Equal("57014", (await Assert.ThrowsAsync<BareMetalException>(() => cancelled)).SqlState);
        await mine.CommitAsync();
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    [Fact]
    public async Task A_connection_whose_command_waits_takes_no_other()
    {
        await using BareMetalConnection other = Source.OpenConnection();
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("UPDATE t SET v = 1 WHERE id = 1");
        await using BareMetalTransaction theirs = other.BeginTransaction();
        Task<int> waiting = Command(other, "UPDATE t SET v = 2 WHERE id = 1").ExecuteNonQueryAsync();
        Assert.Throws<InvalidOperationException>(() => Run(other, "SELECT 1"));
        Assert.Throws<InvalidOperationException>(theirs.Commit);
        Assert.Throws<InvalidOperationException>(theirs.Rollback);
        await mine.CommitAsync();
        Assert.Equal(1, await waiting);
        await theirs.CommitAsync();
    }

    [Fact]
    public async Task Closing_a_connection_ends_the_wait_of_its_command()
    {
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("UPDATE t SET v = 1 WHERE id = 1");
        BareMetalConnection other = Source.OpenConnection();
        Task<int> waiting = Command(other, "UPDATE t SET v = 2 WHERE id = 1").ExecuteNonQueryAsync();
        other.Dispose();
        Assert.Equal("57014", (await Assert.ThrowsAsync<BareMetalException>(() => waiting)).SqlState);
        await mine.CommitAsync();
        Assert.Equal(1, Scalar("SELECT v FROM t WHERE id = 1"));
    }

    [Fact]
    public async Task A_transaction_hops_between_threads()
    {
        HashSet<int> threads = [];
        await using BareMetalTransaction transaction = await Connection.BeginTransactionAsync();
        for (int i = 0; i < 50; i++)
        {
            await Task.Factory.StartNew(
                () =>
                {
                    threads.Add(Environment.CurrentManagedThreadId);
                    Run("UPDATE t SET v = v + 1 WHERE id = 1");
                },
                CancellationToken.None, i % 2 == 0 ? TaskCreationOptions.LongRunning : TaskCreationOptions.None, TaskScheduler.Default);
        }

        await transaction.CommitAsync();
        Assert.True(threads.Count > 1);
        Assert.Equal(50, Scalar("SELECT v FROM t WHERE id = 1"));
    }

    [Fact]
    public async Task Waiters_are_served_in_the_order_in_which_they_came()
    {
        const int count = 20;
        using BareMetalDataSource source = BareMetalDataSource.Create("Data Source=:memory:");
        await using BareMetalConnection main = source.OpenConnection();
        Run(main, "CREATE TABLE q (id integer PRIMARY KEY, v text NOT NULL)");
        Run(main, "INSERT INTO q VALUES (1, '')");
        List<BareMetalConnection> connections = [];
        List<Task> waiting = [];
        await using (BareMetalTransaction holder = main.BeginTransaction())
        {
            Run(main, "UPDATE q SET v = '' WHERE id = 1");
            for (int i = 0; i < count; i++)
            {
                BareMetalConnection connection = source.OpenConnection();
                connections.Add(connection);
                waiting.Add(Command(connection, $"UPDATE q SET v = v || '{(char)('a' + i)}' WHERE id = 1").ExecuteNonQueryAsync());
            }

            await holder.CommitAsync();
        }

        await Task.WhenAll(waiting);
        Assert.Equal("abcdefghijklmnopqrst", Command(main, "SELECT v FROM q").ExecuteScalar());
        connections.ForEach(c => c.Dispose());
    }
}
