using System.Data;
using BareMetal.Data.Sessions;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Sessions;
using Xunit;
using Database = BareMetal.Data.Sessions.Database;

namespace BareMetal.Data.Tests.Transactions;

/// <summary>Full, Normal and Off, by connection, session and transaction: what is there after the power failed.</summary>
public sealed class DurabilityTests
{
    // The pipeline's own: what Normal may lose is not older.
    private static readonly TimeSpan NormalDelay = TimeSpan.FromMilliseconds(20);

    [Theory]
    [InlineData("connection", Durability.Full)]
    [InlineData("connection", Durability.Normal)]
    [InlineData("connection", Durability.Off)]
    [InlineData("SET", Durability.Full)]
    [InlineData("SET", Durability.Normal)]
    [InlineData("SET", Durability.Off)]
    [InlineData("SET LOCAL", Durability.Full)]
    [InlineData("SET LOCAL", Durability.Off)]
    [InlineData("begin", Durability.Full)]
    [InlineData("begin", Durability.Normal)]
    [InlineData("begin", Durability.Off)]
    public void Acknowledged_commits_survive_as_their_durability_says(string route, Durability durability)
    {
        // The route says otherwise than the connection string, so that it must be what counts.
        Durability otherwise = durability == Durability.Full ? Durability.Off : Durability.Full;
        int lost = 0;
        for (ulong seed = 1; seed <= 40; seed++)
        {
            SimulatedWorld world = new(seed);
            Database database = Open(world);
            Session setup = database.CreateSession(SessionOptions.Default);
            setup.Run("CREATE TABLE t (id integer PRIMARY KEY, v integer)");
            setup.Run("CHECKPOINT");
            Session session = database.CreateSession(new SessionOptions { Durability = route == "connection" ? durability : otherwise });
            if (route == "SET")
                session.Run($"SET synchronous_commit = {Setting(durability)}");
            for (int i = 1; i <= 6; i++)
            {
                session.BeginTransaction(durability: route == "begin" ? durability : null);
                if (route == "SET LOCAL")
                    session.Run($"SET LOCAL synchronous_commit = '{Setting(durability)}'");
                session.Run($"INSERT INTO t VALUES ({i}, 0), ({i + 100}, 0)");
                session.Commit();
            }

            List<string> rows = AfterPowerLoss(world, seed);
            List<int> pairs = [.. rows.Select(int.Parse).Where(id => id < 100)];
            Assert.Equal(pairs.Select(id => id + 100), rows.Select(int.Parse).Where(id => id > 100)); // whole or not at all
            Assert.Equal(Enumerable.Range(1, pairs.Count), pairs); // in order
            if (durability == Durability.Full)
                Assert.Equal(6, pairs.Count);
            lost += 6 - pairs.Count;

            // A session's SET LOCAL has ended with its transaction.
            Assert.Equal(Setting(route is "connection" or "SET" ? durability : otherwise), session.Scalar("SHOW synchronous_commit"));
            world.Disk.Discard();
        }

        Assert.Equal(durability != Durability.Full, lost > 0);
    }

    [Fact]
    public void Normal_loses_at_most_its_delay_and_a_full_commit_takes_all_before_it_along()
    {
        for (ulong seed = 1; seed <= 40; seed++)
        {
            SimulatedWorld world = new(seed);
            Database database = Open(world);
            Session session = database.CreateSession(new SessionOptions { Durability = Durability.Normal });
            session.Run("SET synchronous_commit = full");
            session.Run("CREATE TABLE t (id integer PRIMARY KEY, v integer)");
            session.Run("RESET synchronous_commit");
            session.Run("INSERT INTO t VALUES (1, 0)");
            world.Clock.Advance(NormalDelay);
            world.Scheduler.RunUntilIdle();
            session.Run("INSERT INTO t VALUES (2, 0)");
            SimulatedDisk middle = world.Disk.Clone();
            session.Run("SET synchronous_commit = on");
            session.Run("INSERT INTO t VALUES (3, 0)");
            session.Run("SET synchronous_commit = off");
            session.Run("INSERT INTO t VALUES (4, 0)");
            Assert.Equal(["1", "2", "3"], AfterPowerLoss(world, seed).Take(3));
            Assert.Equal("1", AfterPowerLoss(new SimulatedWorld(seed, middle), seed)[0]);
            world.Disk.Discard();
        }
    }

    [Fact]
    public void The_transaction_of_a_connection_says_what_its_commit_waits_for()
    {
        using BareMetalDataSource source = BareMetalDataSource.Create("Data Source=:memory:;Durability=Normal");
        using BareMetalConnection connection = source.OpenConnection();
        using (BareMetalTransaction transaction = connection.BeginTransaction())
        {
            Assert.Equal(Durability.Normal, transaction.Durability);
            transaction.Durability = Durability.Off;
            Assert.Equal(Durability.Off, transaction.Durability);
            Assert.Throws<ArgumentOutOfRangeException>(() => transaction.Durability = (Durability)3);
            transaction.Commit();
            Assert.Throws<InvalidOperationException>(() => transaction.Durability);
        }

        using (BareMetalTransaction transaction = connection.BeginTransaction(new BareMetalTransactionOptions { IsolationLevel = IsolationLevel.Serializable, ReadOnly = true, Durability = Durability.Full }))
        {
            Assert.Equal(Durability.Full, transaction.Durability);
            Assert.Equal(IsolationLevel.Serializable, transaction.IsolationLevel);
            using BareMetalCommand command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE t (id integer)";
            Assert.Equal("25006", Assert.Throws<BareMetalException>(() => command.ExecuteNonQuery()).SqlState);
        }

        using (BareMetalTransaction transaction = connection.BeginTransaction(default(BareMetalTransactionOptions)))
            Assert.Equal(IsolationLevel.ReadCommitted, transaction.IsolationLevel);
        using BareMetalCommand set = connection.CreateCommand();
        set.CommandText = "SET synchronous_commit = sometimes";
        Assert.Equal("22023", Assert.Throws<BareMetalException>(() => set.ExecuteNonQuery()).SqlState);
    }

    private static string Setting(Durability durability) => durability switch { Durability.Full => "on", Durability.Normal => "normal", _ => "off" };

    private static Database Open(SimulatedWorld world) => Database.Acquire(new DatabaseOptions { Path = "test", Substrate = world.Disk.Provider, Environment = world.Environment, CacheSize = 4 << 20 });

    private static List<string> AfterPowerLoss(SimulatedWorld world, ulong seed)
    {
        SimulatedDisk disk = world.Disk.Clone();
        disk.LosePower(seed);
        SimulatedWorld next = new(seed + 1, disk);
        Database database = Open(next);
        List<string> rows;
        using (Session session = database.CreateSession(SessionOptions.Default))
            rows = session.Rows("SELECT id FROM t ORDER BY id");
        database.Release();
        disk.Discard();
        return rows;
    }
}
