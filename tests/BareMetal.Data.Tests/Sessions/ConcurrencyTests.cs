using System.Collections.Concurrent;
using BareMetal.Data.Sessions;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Tests.Sessions;

/// <summary>Many sessions at once, definitions among them; what must hold holds at every moment and at the end.</summary>
public sealed class ConcurrencyTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(11, nameof(IsolationMode.ReadCommitted))]
    [InlineData(12, nameof(IsolationMode.Snapshot))]
    [InlineData(13, nameof(IsolationMode.Serializable))]
    public async Task Transfers_keep_the_sum_while_definitions_come_and_go(int seed, string level)
    {
        output.WriteLine($"seed {seed}");
        IsolationMode isolation = Enum.Parse<IsolationMode>(level);
        using TestDatabase db = new();
        db.Run("""
            CREATE TABLE account (id integer PRIMARY KEY, owner text, balance integer NOT NULL CHECK (balance >= 0));
            CREATE INDEX account_balance ON account (balance);
            CREATE TABLE entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account integer NOT NULL REFERENCES account, amount integer NOT NULL);
            CREATE INDEX entry_account ON entry (account);
            INSERT INTO account SELECT i, 'owner ' || i, 100 FROM generate_series(1, 20) AS s(i)
            """);
        ConcurrentQueue<Exception> failures = new();
        int committed = 0, retried = 0;
        List<Task> tasks = [];
        for (int worker = 0; worker < 4; worker++)
        {
            Session session = db.Open();
            Random random = new(seed * 100 + worker);
            tasks.Add(Task.Run(() => Guard(failures, () =>
            {
                for (int i = 0; i < 60; i++)
                {
                    int from = random.Next(1, 21), to = random.Next(1, 21), amount = random.Next(1, 60);
                    try
                    {
                        session.BeginTransaction(isolation);
                        int balance = int.Parse(session.Scalar("SELECT balance FROM account WHERE id = $1", from));
                        if (isolation == IsolationMode.ReadCommitted)
                            balance = int.Parse(session.Scalar("SELECT balance FROM account WHERE id = $1 FOR UPDATE", from));
                        if (balance >= amount)
                        {
                            session.Run("UPDATE account SET balance = balance - $2 WHERE id = $1", from, amount);
                            session.Run("UPDATE account SET balance = balance + $2 WHERE id = $1", to, amount);
                            session.Run("INSERT INTO entry (account, amount) VALUES ($1, $3), ($2, $4)", from, to, -amount, amount);
                        }

                        session.Commit();
                        Interlocked.Increment(ref committed);
                    }
                    catch (BareMetalException e) when (e.IsTransient || e.SqlState == SqlStates.InFailedTransaction)
                    {
                        if (session.InTransaction)
                            session.Rollback();
                        Interlocked.Increment(ref retried);
                    }
                }
            })));
        }

        Session reader = db.Open();
        using CancellationTokenSource stop = new();
        Task reading = Task.Run(() => Guard(failures, () =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.Equal("2000|0", reader.Scalar("SELECT sum(balance), (SELECT coalesce(sum(amount), 0) FROM entry) FROM account"));
                Assert.Equal("20", reader.Scalar("SELECT count(*) FROM account WHERE balance >= 0"));
            }
        }));
        Session definer = db.Open();
        Task defining = Task.Run(() => Guard(failures, () =>
        {
            for (int i = 0; i < 12; i++)
            {
                try
                {
                    definer.Run($"ALTER TABLE account ADD COLUMN extra{i} integer NOT NULL DEFAULT {i}");
                    definer.Run($"CREATE INDEX extra_{i} ON account (extra{i}, balance)");
                    definer.Run($"ALTER TABLE entry ALTER COLUMN amount TYPE {(i % 2 == 0 ? "bigint" : "integer")}");
                    if (i % 3 == 0)
                        definer.Run($"ALTER TABLE account DROP COLUMN extra{i}");
                }
                catch (BareMetalException e) when (e.IsTransient)
                {
                    Interlocked.Increment(ref retried);
                }
            }
        }));

        await Task.WhenAll([.. tasks, defining]).WaitAsync(TimeSpan.FromSeconds(60));
        stop.Cancel();
        await reading.WaitAsync(TimeSpan.FromSeconds(20));
        output.WriteLine($"{committed} committed, {retried} to retry");
        Assert.Empty(failures);
        Assert.True(committed > 0);
        Assert.Equal("2000", db.Scalar("SELECT sum(balance) FROM account"));
        Assert.Equal(db.Rows("SELECT id, balance FROM account ORDER BY id"), db.Rows("SELECT id, 100 + coalesce((SELECT sum(amount) FROM entry WHERE account = a.id), 0) FROM account a ORDER BY id"));
        Assert.Equal(db.Rows("SELECT id FROM account ORDER BY balance, id"), db.Rows("SELECT id FROM account WHERE balance >= 0 ORDER BY balance, id"));
        db.Reopen();
        Assert.Equal("2000", db.Scalar("SELECT sum(balance) FROM account"));
    }

    [Fact]
    public async Task Unique_keys_stay_unique_under_contention()
    {
        using TestDatabase db = new();
        db.Run("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, k integer UNIQUE, n integer NOT NULL DEFAULT 1)");
        Task[] tasks = new Task[4];
        for (int i = 0; i < tasks.Length; i++)
        {
            Session session = db.Open();
            Random random = new(i);
            tasks[i] = Task.Run(() =>
            {
                for (int n = 0; n < 100; n++)
                    session.Run("INSERT INTO t (k) VALUES ($1) ON CONFLICT (k) DO UPDATE SET n = t.n + 1", random.Next(10));
            });
        }

        await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("400|10", db.Scalar("SELECT sum(n), count(*) FROM t"));
    }

    private static void Guard(ConcurrentQueue<Exception> failures, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            failures.Enqueue(e);
        }
    }
}
