using BareMetal.Data.Catalog;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Tests.Sessions;
using Xunit;
using Database = BareMetal.Data.Sessions.Database;

namespace BareMetal.Data.Tests.Transactions;

/// <summary>What a serializable transaction relies on: rows, missing rows, definitions, probes of keys; a few leaves or whole trees.</summary>
public sealed class SerializableTests : IDisposable
{
    private readonly Database _database;
    private readonly Session _a;
    private readonly Session _b;

    public SerializableTests()
    {
        _database = Database.Acquire(new DatabaseOptions
        {
            Path = "test",
            Substrate = new MemoryStorageProvider(),
            Settings = new DatabaseSettings { PageSize = 4096, CacheBytes = 16 << 20, SerializableReadLimit = 16 },
        });
        _a = _database.CreateSession(new SessionOptions { DefaultIsolation = IsolationMode.Serializable, LockTimeout = TimeSpan.FromSeconds(10) });
        _b = _database.CreateSession(new SessionOptions { LockTimeout = TimeSpan.FromSeconds(10) });
        _a.Run("CREATE TABLE t (id integer PRIMARY KEY, v integer, x text)");
        _a.Run("CREATE TABLE other (id integer PRIMARY KEY, v integer)");
        _a.Run("CREATE TABLE mine (id integer PRIMARY KEY, v integer)");
        _a.Run("INSERT INTO t SELECT i, i, repeat('x', 200) FROM generate_series(1, 2000) AS g(i)");
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _database.Release();
    }

    [Theory]
    [InlineData("SELECT v FROM t WHERE id = 7", "UPDATE t SET v = 0 WHERE id = 7", true)]
    [InlineData("SELECT v FROM t WHERE id = 7", "UPDATE t SET v = 0 WHERE id = 1900", false)]
    [InlineData("SELECT v FROM t WHERE id = 5000", "INSERT INTO t VALUES (5000, 0, '')", true)]
    [InlineData("SELECT count(*) FROM other", "INSERT INTO other VALUES (1, 0)", true)]
    [InlineData("SELECT v FROM t WHERE id BETWEEN 100 AND 110", "DELETE FROM t WHERE id = 105", true)]
    [InlineData("SELECT v FROM t WHERE id = 7", "ALTER TABLE t ADD COLUMN y integer DEFAULT 3", true)]
    [InlineData("SELECT count(*) FROM information_schema.tables", "CREATE TABLE late (id integer)", true)]
    [InlineData("SELECT sum(v) FROM t", "UPDATE t SET v = 0 WHERE id = 1900", true)] // more leaves than are noted one by one
    [InlineData("SELECT sum(v) FROM t", "INSERT INTO other VALUES (1, 0)", false)]
    [InlineData("SELECT max(id) FROM t", "INSERT INTO t VALUES (5000, 0, '')", true)]
    public void What_was_read_must_be_unchanged_at_the_commit(string read, string change, bool fails)
    {
        _a.BeginTransaction();
        _a.Rows(read);
        _b.Run(change);
        _a.Run("INSERT INTO mine VALUES (77, 0)");
        if (fails)
            Assert.Equal("40001", Assert.Throws<BareMetalException>(_a.Commit).SqlState);
        else
            _a.Commit();
    }

    [Fact]
    public void A_transaction_that_only_reads_never_fails()
    {
        _a.BeginTransaction();
        string before = _a.Scalar("SELECT sum(v) FROM t");
        _b.Run("UPDATE t SET v = 0");
        Assert.Equal(before, _a.Scalar("SELECT sum(v) FROM t"));
        _a.Commit();
    }

    [Fact]
    public void Reads_beyond_the_limit_are_noted_as_whole_trees()
    {
        _a.BeginTransaction();
        _a.Rows("SELECT v FROM t WHERE id = 1");
        Assert.InRange(_a.Transaction!.Storage.Reads!.Leaves, 1, 16);
        _a.Rows("SELECT sum(v) FROM t");
        Assert.InRange(_a.Transaction.Storage.Reads.Leaves, 0, 16);
        _a.Commit();
    }

    [Fact]
    public void The_probe_of_a_unique_key_and_of_a_parent_is_a_read()
    {
        _a.Run("CREATE TABLE child (id integer PRIMARY KEY, t integer REFERENCES t)");
        _a.BeginTransaction();
        _a.Run("INSERT INTO child VALUES (1, 2000)");
        Assert.Contains(((Table)_database.Catalog.Newest.Resolve(null, "t", SessionSettings.DefaultSearchPath)!).Tree, _a.Transaction!.Storage.Reads!.Trees);
        _a.Rollback();
    }

    [Fact]
    public async Task A_transaction_that_failed_three_times_gets_through()
    {
        int attempts = 0;
        while (true)
        {
            Assert.True(++attempts <= 4, "The fourth attempt must get through.");
            Task<long>? writer = null;
            try
            {
                _a.BeginTransaction();
                _a.Rows("SELECT sum(v) FROM t");
                writer = Task.Run(() => _b.Run("UPDATE t SET v = v + 1 WHERE id = 3"));
                while (!writer.IsCompleted && _b.LockParty.Waiting is null)
                    Thread.Yield();
                _a.Run($"INSERT INTO other VALUES ({attempts}, 0)");
                _a.Commit();
                await writer;
                break;
            }
            catch (BareMetalException e) when (e.SqlState == "40001")
            {
                if (_a.InTransaction)
                    _a.Rollback();
                if (writer is not null)
                    await writer;
            }
        }

        Assert.Equal(4, attempts);
        Assert.Equal("4", _a.Scalar("SELECT id FROM other"));

        // The next one runs without locks again.
        _a.BeginTransaction();
        _a.Rows("SELECT sum(v) FROM t");
        _b.Run("UPDATE t SET v = v + 1 WHERE id = 3");
        _a.Rollback();
    }
}
