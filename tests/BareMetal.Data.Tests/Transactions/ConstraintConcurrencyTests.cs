using System.Data;
using BareMetal.Data.Tests.Ado;
using Xunit;

namespace BareMetal.Data.Tests.Transactions;

/// <summary>Unique and foreign keys while others change what they rely on.</summary>
public sealed class ConstraintConcurrencyTests : AdoTestBase
{
    private readonly BareMetalConnection _other;

    public ConstraintConcurrencyTests()
    {
        _other = Source.OpenConnection();
        Run("CREATE TABLE parent (id integer PRIMARY KEY, name text UNIQUE)");
        Run("CREATE TABLE child (id integer PRIMARY KEY, parent integer NOT NULL REFERENCES parent ON DELETE CASCADE, n integer)");
        Run("CREATE INDEX child_parent ON child (parent)");
        Run("INSERT INTO parent VALUES (1, 'a'), (2, 'b')");
    }

    public static TheoryData<IsolationLevel> Levels => [IsolationLevel.ReadCommitted, IsolationLevel.Snapshot, IsolationLevel.Serializable];

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task A_unique_value_waits_for_who_entered_it_first(IsolationLevel level)
    {
        foreach (bool commits in (bool[])[true, false])
        {
            await using BareMetalTransaction mine = Connection.BeginTransaction(level);
            Run("INSERT INTO parent VALUES (3, 'c')");
            await using BareMetalTransaction theirs = _other.BeginTransaction(level);
            Task<int> second = Command(_other, "INSERT INTO parent VALUES (4, 'c')").ExecuteNonQueryAsync();
            Assert.False(second.IsCompleted);
            if (commits)
            {
                await mine.CommitAsync();
                Assert.Contains((await Assert.ThrowsAsync<BareMetalException>(() => second)).SqlState, (string[])["23505", "40001"]);
                await theirs.RollbackAsync();
                Run("DELETE FROM parent WHERE id = 3");
            }
            else
            {
                await mine.RollbackAsync();
                Assert.Equal(1, await second);
                await theirs.CommitAsync();
            }
        }

        Assert.Equal("4", Scalar("SELECT string_agg(id::text, ',') FROM parent WHERE name = 'c'"));
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task A_parent_does_not_go_while_a_child_comes_and_the_other_way_round(IsolationLevel level)
    {
        Run("ALTER TABLE child DROP CONSTRAINT child_parent_fkey; ALTER TABLE child ADD CONSTRAINT child_parent_fkey FOREIGN KEY (parent) REFERENCES parent");
        await using (BareMetalTransaction mine = Connection.BeginTransaction(level))
        {
            Run("INSERT INTO child VALUES (1, 1, 0)");
            Task<int> delete = Command(_other, "DELETE FROM parent WHERE id = 1").ExecuteNonQueryAsync();
            Assert.False(delete.IsCompleted);
            await mine.CommitAsync();
            Assert.Equal("23503", (await Assert.ThrowsAsync<BareMetalException>(() => delete)).SqlState);
        }

        await using (BareMetalTransaction mine = Connection.BeginTransaction(level))
        {
            Run("DELETE FROM parent WHERE id = 2");
            await using BareMetalTransaction theirs = _other.BeginTransaction(level);
            Task<int> insert = Command(_other, "INSERT INTO child VALUES (2, 2, 0)").ExecuteNonQueryAsync();
            Assert.False(insert.IsCompleted);
            await mine.CommitAsync();
            Assert.Contains((await Assert.ThrowsAsync<BareMetalException>(() => insert)).SqlState, (string[])["23503", "40001"]);
        }

        Assert.Equal(1L, Scalar("SELECT count(*) FROM child"));
    }

    [Fact]
    public async Task A_parent_may_change_beside_a_new_child_and_children_of_one_parent_do_not_wait()
    {
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("INSERT INTO child VALUES (1, 1, 0)");
        Assert.Equal(1, await Command(_other, "INSERT INTO child VALUES (2, 1, 0)").ExecuteNonQueryAsync());
        Assert.Equal(1, await Command(_other, "UPDATE parent SET name = 'z' WHERE id = 1").ExecuteNonQueryAsync());
        await mine.CommitAsync();
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task Keys_hold_under_random_writers(IsolationLevel level)
    {
        const int writers = 6, steps = 150;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out int given) ? given : 1;
        int done = 0;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            Random random = new((seed * 100) + writer);
            await using BareMetalConnection connection = Source.OpenConnection();
            for (int i = 0; i < steps; i++)
            {
                try
                {
                    await using BareMetalTransaction transaction = await connection.BeginTransactionAsync(level);
                    for (int n = random.Next(1, 4); n > 0; n--)
                    {
                        int parent = random.Next(6), child = random.Next(40);
                        string sql = random.Next(6) switch
                        {
                            0 => $"INSERT INTO parent VALUES ({parent}, 'p{random.Next(8)}')",
                            1 => $"DELETE FROM parent WHERE id = {parent}",
                            2 => $"UPDATE parent SET name = 'p{random.Next(8)}' WHERE id = {parent}",
                            3 => $"INSERT INTO child VALUES ({child}, {parent}, {i})",
                            4 => $"UPDATE child SET parent = {parent}, n = {i} WHERE id = {child}",
                            _ => $"INSERT INTO parent VALUES ({parent}, 'q{parent}') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                        };
                        await Command(connection, sql).ExecuteNonQueryAsync();
                    }

                    await transaction.CommitAsync();
                    Interlocked.Increment(ref done);
                }
                catch (BareMetalException e) when (e.SqlState is "23503" or "23505" or "40001" or "40P01" or "55P03")
                {
                    // As it may be.
                }
            }
        })));
        Assert.Equal(0L, Scalar("SELECT count(*) FROM child WHERE parent NOT IN (SELECT id FROM parent)"));
        Assert.Equal(0L, Scalar("SELECT count(*) FROM (SELECT name FROM parent GROUP BY name HAVING count(*) > 1) AS twice"));
        Assert.Equal(Scalar("SELECT count(*) FROM child"), Scalar("SELECT count(*) FROM child WHERE parent >= 0"));
        Assert.True(done > 0);
    }
}
