using System.Data;
using System.Data.Common;
using System.Transactions;
using Xunit;
using IsolationLevel = System.Data.IsolationLevel;

namespace BareMetal.Data.Tests.Ado;

public sealed class TransactionTests : AdoTestBase
{
    public TransactionTests() => Run("CREATE TABLE t (id integer PRIMARY KEY, v integer)");

    private long Count => (long)Scalar("SELECT count(*) FROM t")!;

    [Fact]
    public void A_transaction_commits_rolls_back_and_ends()
    {
        using (BareMetalTransaction transaction = Connection.BeginTransaction())
        {
            Assert.Same(Connection, transaction.Connection);
            Assert.Equal(IsolationLevel.ReadCommitted, transaction.IsolationLevel);
            Run("INSERT INTO t VALUES (1, 0)");
            transaction.Commit();
            Assert.Null(transaction.Connection);
            Assert.Throws<InvalidOperationException>(() => transaction.Commit());
            Assert.Throws<InvalidOperationException>(() => transaction.Rollback());
        }

        using (BareMetalTransaction transaction = Connection.BeginTransaction())
        {
            Run("INSERT INTO t VALUES (2, 0)");
            transaction.Rollback();
        }

        using (Connection.BeginTransaction())
            Run("INSERT INTO t VALUES (3, 0)");
        Assert.Equal(1L, Count);
    }

    [Fact]
    public async Task Asynchronous_commit_and_rollback_do_the_same()
    {
        await using (BareMetalTransaction transaction = await Connection.BeginTransactionAsync(IsolationLevel.Serializable))
        {
            Assert.Equal(IsolationLevel.Serializable, transaction.IsolationLevel);
            await Command(Connection, "INSERT INTO t VALUES (1, 0)").ExecuteNonQueryAsync();
            await transaction.CommitAsync();
        }

        await using (BareMetalTransaction transaction = await Connection.BeginTransactionAsync())
        {
            await Command(Connection, "INSERT INTO t VALUES (2, 0)").ExecuteNonQueryAsync();
            await transaction.RollbackAsync();
        }

        Assert.Equal(1L, Count);
    }

    [Theory]
    [InlineData(IsolationLevel.ReadUncommitted, IsolationLevel.ReadUncommitted)]
    [InlineData(IsolationLevel.RepeatableRead, IsolationLevel.Snapshot)]
    [InlineData(IsolationLevel.Snapshot, IsolationLevel.Snapshot)]
    [InlineData(IsolationLevel.Serializable, IsolationLevel.Serializable)]
    public void Levels_are_what_the_engine_gives(IsolationLevel asked, IsolationLevel given)
    {
        using BareMetalTransaction transaction = Connection.BeginTransaction(asked);
        Assert.Equal(given, transaction.IsolationLevel);
    }

    [Fact]
    public void A_snapshot_does_not_see_what_comes_later()
    {
        using BareMetalConnection other = Source.OpenConnection();
        using BareMetalTransaction transaction = Connection.BeginTransaction(IsolationLevel.Snapshot);
        Assert.Equal(0L, Count);
        Run(other, "INSERT INTO t VALUES (1, 0)");
        Assert.Equal(0L, Count);
        transaction.Rollback();
        Assert.Equal(1L, Count);
        Assert.Throws<ArgumentException>(() => Connection.BeginTransaction(IsolationLevel.Chaos));
    }

    [Fact]
    public void Savepoints_are_announced_and_work()
    {
        using BareMetalTransaction transaction = Connection.BeginTransaction();
        Assert.True(((DbTransaction)transaction).SupportsSavepoints);
        Run("INSERT INTO t VALUES (1, 0)");
        transaction.Save("a");
        Run("INSERT INTO t VALUES (2, 0)");
        transaction.Save("b b");
        Run("INSERT INTO t VALUES (3, 0)");
        transaction.Rollback("b b");
        Assert.Equal(2L, Count);
        transaction.Release("b b");
        transaction.Rollback("a");
        Assert.Equal(1L, Count);
        Assert.Equal("3B001", Assert.Throws<BareMetalException>(() => transaction.Rollback("b b")).SqlState);
        Assert.Throws<ArgumentException>(() => transaction.Save(""));
        transaction.Commit();
        Assert.Throws<InvalidOperationException>(() => transaction.Save("c"));
        Assert.Equal(1L, Count);
    }

    [Fact]
    public async Task Savepoints_work_asynchronously()
    {
        await using BareMetalTransaction transaction = await Connection.BeginTransactionAsync();
        await transaction.SaveAsync("a");
        Run("INSERT INTO t VALUES (2, 0)");
        await transaction.RollbackAsync("a");
        await transaction.ReleaseAsync("a");
        await transaction.CommitAsync();
        Assert.Equal(0L, Count);
    }

    [Fact]
    public void A_command_joins_the_transaction_without_being_told_and_refuses_a_wrong_one()
    {
        using BareMetalConnection other = Source.OpenConnection();
        BareMetalTransaction transaction = Connection.BeginTransaction();
        BareMetalTransaction foreign = other.BeginTransaction();
        using BareMetalCommand command = Command(Connection, "INSERT INTO t VALUES (1, 0)");
        Assert.Equal(1, command.ExecuteNonQuery());
        command.Transaction = foreign;
        Assert.Contains("another connection", Assert.Throws<InvalidOperationException>(() => command.ExecuteNonQuery()).Message);
        transaction.Rollback();
        command.Transaction = transaction;
        Assert.Contains("ended", Assert.Throws<InvalidOperationException>(() => command.ExecuteNonQuery()).Message);
        Assert.Equal(0L, Count);
    }

    [Fact]
    public void A_failed_statement_undoes_itself_only()
    {
        using BareMetalTransaction transaction = Connection.BeginTransaction();
        Run("INSERT INTO t VALUES (1, 0)");
        Assert.Equal("23505", Assert.Throws<BareMetalException>(() => Run("INSERT INTO t VALUES (2, 0), (1, 0)")).SqlState);
        Run("INSERT INTO t VALUES (3, 0)");
        transaction.Commit();
        Assert.Equal(2L, Count);
    }

    [Fact]
    public void A_second_transaction_on_a_connection_is_refused()
    {
        using BareMetalTransaction transaction = Connection.BeginTransaction();
        Assert.Contains("savepoint", Assert.Throws<InvalidOperationException>(() => Connection.BeginTransaction()).Message);
    }

    [Fact]
    public void Closing_a_connection_rolls_back()
    {
        BareMetalTransaction transaction = Connection.BeginTransaction();
        Run("INSERT INTO t VALUES (1, 0)");
        Connection.Close();
        Assert.Throws<InvalidOperationException>(() => transaction.Commit());
        transaction.Dispose();
        Connection.Open();
        Assert.Equal(0L, Count);
    }

    [Fact]
    public void A_reader_over_work_that_was_rolled_back_throws()
    {
        BareMetalTransaction transaction = Connection.BeginTransaction();
        Run("INSERT INTO t SELECT x, 0 FROM generate_series(1, 5000) AS g(x)");
        using BareMetalDataReader reader = Command(Connection, "SELECT id FROM t").ExecuteReader();
        Assert.True(reader.Read());
        transaction.Rollback();
        Assert.ThrowsAny<Exception>(() =>
        {
            while (reader.Read())
            {
            }
        });
        Assert.Equal(0L, Count);
    }

    [Fact]
    public void A_read_only_transaction_refuses_to_write()
    {
        using BareMetalTransaction transaction = Connection.BeginTransaction(IsolationLevel.Unspecified, readOnly: true);
        Assert.Equal("25006", Assert.Throws<BareMetalException>(() => Run("INSERT INTO t VALUES (1, 0)")).SqlState);
    }

    [Fact]
    public void A_scope_commits_what_was_done_in_it()
    {
        using (TransactionScope scope = new())
        {
            using BareMetalConnection connection = Source.OpenConnection();
            Run(connection, "INSERT INTO t VALUES (1, 0)");
            scope.Complete();
        }

        Assert.Equal(1L, Count);
        using (new TransactionScope())
        {
            using BareMetalConnection connection = Source.OpenConnection();
            Run(connection, "INSERT INTO t VALUES (2, 0)");
        }

        Assert.Equal(1L, Count);
    }

    [Fact]
    public async Task Connections_one_after_another_in_a_scope_are_one_transaction()
    {
        using (TransactionScope scope = new(TransactionScopeAsyncFlowOption.Enabled))
        {
            await using (BareMetalConnection first = await Source.OpenConnectionAsync())
                Run(first, "INSERT INTO t VALUES (1, 0)");
            await Task.Yield();
            await using (BareMetalConnection second = await Source.OpenConnectionAsync())
            {
                Assert.Equal(1L, Command(second, "SELECT count(*) FROM t").ExecuteScalar());
                Run(second, "INSERT INTO t VALUES (2, 0)");
            }

            Assert.Equal(0L, Count);
            scope.Complete();
        }

        Assert.Equal(2L, Count);
    }

    [Fact]
    public void Two_open_connections_in_one_scope_are_refused_and_enlisting_can_be_turned_off()
    {
        using TransactionScope scope = new();
        using BareMetalConnection first = Source.OpenConnection();
        Assert.Throws<InvalidOperationException>(() => Source.OpenConnection());
        Assert.Throws<InvalidOperationException>(() => first.BeginTransaction());
    }

    [Fact]
    public void A_scope_takes_one_data_source_and_refuses_a_second()
    {
        using BareMetalDataSource other = BareMetalDataSource.Create("Data Source=:memory:");
        using (TransactionScope scope = new())
        {
            using BareMetalConnection first = Source.OpenConnection();
            Run(first, "INSERT INTO t VALUES (1, 0)");
            NotSupportedException error = Assert.Throws<NotSupportedException>(other.OpenConnection);
            Assert.Contains("Another data source", error.Message, StringComparison.Ordinal);
            using BareMetalConnection apart = new("Data Source=:memory:apart;Enlist=false");
            apart.Open();
            Assert.Throws<NotSupportedException>(() => apart.EnlistTransaction(Transaction.Current));
            Assert.Equal(1, Command(apart, "SELECT 1").ExecuteScalar());
            scope.Complete();
        }

        Assert.Equal(1L, Count);
        using TransactionScope next = new();
        using BareMetalConnection free = other.OpenConnection();
    }

    [Fact]
    public async Task A_rollback_from_another_thread_stops_what_runs_and_nothing_more_runs_in_the_scope()
    {
        using BareMetalTransaction holder = Connection.BeginTransaction();
        Run("INSERT INTO t VALUES (1, 0)");
        using (TransactionScope scope = new(TransactionScopeOption.Required, TransactionScopeAsyncFlowOption.Enabled))
        {
            using BareMetalConnection connection = Source.OpenConnection();
            Run(connection, "INSERT INTO t VALUES (2, 0)");
            Transaction ambient = Transaction.Current!;
            Task ender = Task.Run(() =>
            {
                while (connection.Session.LockParty.Waiting is null)
                    Thread.Yield();
                ambient.Rollback();
            });
            Assert.Equal("57014", Assert.Throws<BareMetalException>(() => Run(connection, "INSERT INTO t VALUES (1, 1)")).SqlState);
            await ender;
            Assert.Throws<TransactionAbortedException>(() => Run(connection, "INSERT INTO t VALUES (3, 0)"));
        }

        holder.Commit();
        Assert.Equal(1L, Count);
    }

    [Fact]
    public void A_transaction_that_times_out_is_rolled_back()
    {
        using (TransactionScope scope = new(TransactionScopeOption.RequiresNew, TimeSpan.FromMilliseconds(50)))
        {
            using BareMetalConnection connection = Source.OpenConnection();
            Run(connection, "INSERT INTO t VALUES (2, 0)");
            Transaction ambient = Transaction.Current!;
            while (ambient.TransactionInformation.Status == TransactionStatus.Active)
                Thread.Yield();
            Assert.ThrowsAny<Exception>(() => Run(connection, "INSERT INTO t VALUES (3, 0)"));
            scope.Complete();
            Assert.Throws<TransactionAbortedException>(scope.Dispose);
        }

        Run("INSERT INTO t VALUES (2, 1)");
        Assert.Equal(1L, Count);
    }

    [Fact]
    public async Task A_scope_flows_across_await_and_rolls_back_without_complete()
    {
        foreach (bool complete in (bool[])[false, true])
        {
            using TransactionScope scope = new(TransactionScopeAsyncFlowOption.Enabled);
            await using (BareMetalConnection first = await Source.OpenConnectionAsync())
                await Task.Run(() => Command(first, "INSERT INTO t VALUES (1, 0)").ExecuteNonQueryAsync());
            await Task.Yield();
            await using (BareMetalConnection second = await Source.OpenConnectionAsync())
                Assert.Equal(1L, await Command(second, "SELECT count(*) FROM t").ExecuteScalarAsync());
            if (complete)
                scope.Complete();
            scope.Dispose();
            Assert.Equal(complete ? 1L : 0L, Count);
        }
    }

    [Fact]
    public void A_connection_enlists_by_hand_and_goes_on_after_the_end()
    {
        using CommittableTransaction first = new();
        Connection.EnlistTransaction(first);
        Connection.EnlistTransaction(first);
        Run("INSERT INTO t VALUES (1, 0)");
        using CommittableTransaction second = new();
        Assert.Throws<InvalidOperationException>(() => Connection.EnlistTransaction(second));
        Assert.Throws<InvalidOperationException>(() => Connection.BeginTransaction());
        first.Rollback();
        Assert.Equal(0L, Count);
        Connection.EnlistTransaction(second);
        Run("INSERT INTO t VALUES (2, 0)");
        second.Commit();
        Assert.Equal(1L, Count);
    }

    [Fact]
    public void A_scope_that_fails_to_commit_says_so()
    {
        Run("INSERT INTO t VALUES (1, 0)");
        TransactionScope scope = new(TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = System.Transactions.IsolationLevel.Serializable });
        BareMetalConnection inside = Source.OpenConnection();
        Assert.Equal(1L, Command(inside, "SELECT count(*) FROM t WHERE v = 0").ExecuteScalar());
        Run(inside, "INSERT INTO t VALUES (2, 5)");
        Run("UPDATE t SET v = 1 WHERE id = 1");
        inside.Dispose();
        scope.Complete();
        TransactionAbortedException error = Assert.Throws<TransactionAbortedException>(scope.Dispose);
        Assert.Equal("40001", Assert.IsType<BareMetalException>(error.InnerException).SqlState);
        Assert.Equal(1L, Count);
    }

    [Fact]
    public void A_connection_enlists_in_a_transaction_by_hand()
    {
        using CommittableTransaction transaction = new();
        Connection.EnlistTransaction(transaction);
        Run("INSERT INTO t VALUES (1, 0)");
        Connection.EnlistTransaction(transaction);
        transaction.Rollback();
        Assert.Equal(0L, Count);
        using CommittableTransaction second = new();
        Connection.EnlistTransaction(second);
        Run("INSERT INTO t VALUES (1, 0)");
        second.Commit();
        Assert.Equal(1L, Count);
    }
}
