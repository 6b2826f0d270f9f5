using System.Data;
using BareMetal.Data.Tests.Ado;
using Xunit;

namespace BareMetal.Data.Tests.Transactions;

/// <summary>SELECT … FOR UPDATE, NO KEY UPDATE, SHARE and KEY SHARE, with OF, NOWAIT and SKIP LOCKED.</summary>
public sealed class RowLockTests : AdoTestBase
{
    private static readonly string[] s_strengths = ["KEY SHARE", "SHARE", "NO KEY UPDATE", "UPDATE"];
    private readonly BareMetalConnection _other;

    public RowLockTests()
    {
        _other = Source.OpenConnection();
        Run("CREATE TABLE job (id integer PRIMARY KEY, state text NOT NULL, worker integer, code integer UNIQUE)");
        Run("INSERT INTO job SELECT i, 'new', NULL, i * 10 FROM generate_series(1, 20) AS g(i)");
        Run("CREATE TABLE note (id integer PRIMARY KEY, job integer REFERENCES job, text text)");
        Run("INSERT INTO note SELECT i, i, 'n' FROM generate_series(1, 20) AS g(i)");
    }

    public static TheoryData<string, string> Strengths()
    {
        TheoryData<string, string> pairs = [];
        foreach (string a in s_strengths)
        {
            foreach (string b in s_strengths)
                pairs.Add(a, b);
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Strengths))]
    public void Strengths_conflict_as_in_PostgreSQL(string held, string asked)
    {
        // Its table "Conflicting Row-Level Locks", by strength: a pair conflicts when the positions add up to more than three.
        bool conflict = Array.IndexOf(s_strengths, held) + Array.IndexOf(s_strengths, asked) >= 3;
        using BareMetalTransaction mine = Connection.BeginTransaction();
        Scalar($"SELECT id FROM job WHERE id = 1 FOR {held}");
        using BareMetalTransaction theirs = _other.BeginTransaction();
        if (conflict)
            Assert.Equal("55P03", Assert.Throws<BareMetalException>(() => Ids(_other, $"SELECT id FROM job WHERE id = 1 FOR {asked} NOWAIT")).SqlState);
        else
            Assert.Equal([1], Ids(_other, $"SELECT id FROM job WHERE id = 1 FOR {asked} NOWAIT"));
        theirs.Rollback();
        Assert.Equal(conflict ? [2] : [1, 2], Ids(_other, $"SELECT id FROM job WHERE id <= 2 ORDER BY id FOR {asked} SKIP LOCKED"));
    }

    [Fact]
    public void A_key_share_lock_lets_other_columns_change_but_not_the_key()
    {
        using BareMetalTransaction mine = Connection.BeginTransaction();
        Scalar("SELECT id FROM job WHERE id = 1 FOR KEY SHARE");
        Run(_other, "SET lock_timeout = 100");
        Run(_other, "UPDATE job SET state = 'seen' WHERE id = 1");
        Assert.Equal("55P03", Assert.Throws<BareMetalException>(() => Run(_other, "UPDATE job SET code = 11 WHERE id = 1")).SqlState);
        Assert.Equal("55P03", Assert.Throws<BareMetalException>(() => Run(_other, "DELETE FROM job WHERE id = 1")).SqlState);
        mine.Rollback();
        Run(_other, "UPDATE job SET code = 11 WHERE id = 1");
    }

    [Fact]
    public void Nowait_fails_at_once_and_leaves_the_transaction_usable()
    {
        using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("UPDATE job SET state = 'held' WHERE id = 3");
        using BareMetalTransaction theirs = _other.BeginTransaction();
        BareMetalException e = Assert.Throws<BareMetalException>(() => Ids(_other, "SELECT id FROM job WHERE id = 3 FOR UPDATE NOWAIT"));
        Assert.Equal("55P03", e.SqlState);
        Assert.Contains("job", e.Message, StringComparison.Ordinal);
        Assert.Equal([4], Ids(_other, "SELECT id FROM job WHERE id = 4 FOR UPDATE NOWAIT"));
    }

    [Fact]
    public void Of_names_the_tables_whose_rows_are_locked()
    {
        using BareMetalTransaction mine = Connection.BeginTransaction();
        Ids(Connection, "SELECT j.id FROM job j JOIN note n ON n.job = j.id WHERE j.id = 1 FOR UPDATE OF n");
        Assert.Equal([1], Ids(_other, "SELECT id FROM job WHERE id = 1 FOR UPDATE NOWAIT"));
        Assert.Empty(Ids(_other, "SELECT id FROM note WHERE id = 1 FOR UPDATE SKIP LOCKED"));
        // Of several clauses each has its own tables; a row goes when any of its locks is not free.
        Assert.Empty(Ids(_other, "SELECT j.id FROM job j JOIN note n ON n.job = j.id WHERE j.id = 1 FOR SHARE OF j FOR UPDATE OF n SKIP LOCKED"));
        Assert.Equal("55P03", Assert.Throws<BareMetalException>(() => Ids(_other, "SELECT j.id FROM job j JOIN note n ON n.job = j.id WHERE j.id = 1 FOR UPDATE OF j SKIP LOCKED FOR UPDATE OF n NOWAIT")).SqlState);
    }

    [Fact]
    public void A_limit_counts_the_rows_that_were_locked_and_no_other_row_is()
    {
        using BareMetalTransaction mine = Connection.BeginTransaction();
        Assert.Equal([1, 2], Ids(Connection, "SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED"));
        using BareMetalTransaction theirs = _other.BeginTransaction();
        Assert.Equal([3, 4, 5], Ids(_other, "SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 3 FOR UPDATE SKIP LOCKED"));
        using BareMetalConnection third = Source.OpenConnection();
        Assert.Equal(Enumerable.Range(6, 15), Ids(third, "SELECT id FROM job ORDER BY id FOR UPDATE SKIP LOCKED"));
        Assert.Equal([20, 19], Ids(third, "SELECT id FROM job ORDER BY state, id DESC LIMIT 2 FOR UPDATE SKIP LOCKED"));
        Assert.Equal([8, 9], Ids(third, "SELECT id FROM job ORDER BY id LIMIT 2 OFFSET 2 FOR UPDATE SKIP LOCKED"));
    }

    [Theory]
    [InlineData("UPDATE job SET state = 'done' WHERE id = (SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id", 1)]
    [InlineData("UPDATE job SET state = 'done' WHERE id IN (SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED) RETURNING id", 2)]
    [InlineData("WITH next AS (SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED) UPDATE job SET state = 'done' FROM next WHERE job.id = next.id RETURNING job.id", 2)]
    [InlineData("UPDATE job SET state = 'done' FROM (SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 2 FOR NO KEY UPDATE SKIP LOCKED) AS next WHERE job.id = next.id RETURNING job.id", 2)]
    public void A_locking_subquery_takes_what_others_have_not(string take, int count)
    {
        using BareMetalTransaction mine = Connection.BeginTransaction();
        Assert.Equal(Enumerable.Range(1, count), Ids(Connection, take));
        using BareMetalTransaction theirs = _other.BeginTransaction();
        Assert.Equal(Enumerable.Range(1 + count, count), Ids(_other, take));
        using BareMetalConnection third = Source.OpenConnection();
        Assert.Equal(Enumerable.Range(1 + (2 * count), 20 - (2 * count)), Ids(third, "SELECT id FROM job ORDER BY id FOR UPDATE SKIP LOCKED"));
    }

    [Fact]
    public void A_deleting_queue_takes_what_others_have_not()
    {
        Run("DELETE FROM note");
        const string take = "DELETE FROM job WHERE id IN (SELECT id FROM job ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED) RETURNING id";
        using BareMetalTransaction mine = Connection.BeginTransaction();
        Assert.Equal([1, 2, 3, 4, 5], Ids(Connection, take));
        Assert.Equal([6, 7, 8, 9, 10], Ids(_other, take));
        mine.Commit();
        Assert.Equal(10L, Scalar("SELECT count(*) FROM job"));
    }

    [Theory]
    [InlineData(IsolationLevel.ReadCommitted, false)]
    [InlineData(IsolationLevel.ReadCommitted, true)]
    [InlineData(IsolationLevel.Serializable, false)]
    public async Task Eight_consumers_serve_each_job_once(IsolationLevel level, bool delete)
    {
        const int jobs = 2_000;
        Run("DELETE FROM note");
        Run("DELETE FROM job");
        Run($"INSERT INTO job SELECT i, 'new', NULL, NULL FROM generate_series(1, {jobs}) AS g(i)");
        Run("CREATE INDEX job_state ON job (state, id)");
        List<int>[] served = new List<int>[8];
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            List<int> mine = served[worker] = [];
            await using BareMetalConnection connection = Source.OpenConnection();
            while (true)
            {
                List<int> taken;
                try
                {
                    await using BareMetalTransaction transaction = await connection.BeginTransactionAsync(level);
                    taken = Ids(connection, "SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED");
                    foreach (int id in taken)
                        Run(connection, delete ? $"DELETE FROM job WHERE id = {id}" : $"UPDATE job SET state = 'done', worker = {worker} WHERE id = {id}");
                    await transaction.CommitAsync();
                }
                catch (BareMetalException e) when (e.IsTransient)
                {
                    continue;
                }

                mine.AddRange(taken);
                if (taken.Count == 0 && (long)Command(connection, "SELECT count(*) FROM job WHERE state = 'new'").ExecuteScalar()! == 0)
                    return;
            }
        })));
        Assert.Equal(Enumerable.Range(1, jobs), served.SelectMany(s => s).Order());
        Assert.Equal(delete ? 0L : jobs, Scalar("SELECT count(*) FROM job WHERE worker IS NOT NULL"));
    }

    private static List<int> Ids(BareMetalConnection connection, string sql)
    {
        using BareMetalCommand command = Command(connection, sql);
        using BareMetalDataReader reader = command.ExecuteReader();
        List<int> ids = [.. Rows(reader).Select(r => (int)r[0]!)];
        return sql.Contains("ORDER BY state", StringComparison.Ordinal) ? ids : [.. ids.Order()];
    }
}
