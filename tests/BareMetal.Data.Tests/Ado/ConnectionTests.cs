using System.Data;
using System.Data.Common;
using BareMetal.Data.Storage;
using Xunit;

namespace BareMetal.Data.Tests.Ado;

public sealed class ConnectionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("bm-ado-").FullName;

    private string FilePath => Path.Combine(_directory, "a.bmdb");

    public void Dispose()
    {
        BareMetalConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void State_changes_are_announced_and_mistakes_refused()
    {
        List<(ConnectionState, ConnectionState)> changes = [];
        using BareMetalConnection connection = new("Data Source=:memory:");
        connection.StateChange += (_, e) => changes.Add((e.OriginalState, e.CurrentState));
        Assert.Equal(ConnectionState.Closed, connection.State);
        connection.Open();
        Assert.Equal(ConnectionState.Open, connection.State);
        Assert.Throws<InvalidOperationException>(() => connection.Open());
        Assert.Throws<InvalidOperationException>(() => connection.ConnectionString = "Data Source=x");
        connection.Close();
        connection.Close();
        Assert.Equal([(ConnectionState.Closed, ConnectionState.Open), (ConnectionState.Open, ConnectionState.Closed)], changes);
        Assert.Throws<NotSupportedException>(() => connection.ChangeDatabase("x"));
        Assert.Throws<InvalidOperationException>(() => new BareMetalConnection().Open());
        Assert.Throws<InvalidOperationException>(() => new BareMetalConnection("Pooling=true").Open());
        connection.Dispose();
        Assert.Throws<ObjectDisposedException>(() => connection.Open());
    }

    [Fact]
    public void A_memory_database_belongs_to_what_opened_it()
    {
        using BareMetalConnection one = new("Data Source=:memory:");
        one.Open();
        Run(one, "CREATE TABLE t (id integer PRIMARY KEY)");
        one.Close();
        one.Open();
        Assert.Equal(0L, Scalar(one, "SELECT count(*) FROM t"));
        using BareMetalConnection two = new("Data Source=:memory:");
        two.Open();
        Assert.Equal("42P01", Assert.Throws<BareMetalException>(() => Scalar(two, "SELECT count(*) FROM t")).SqlState);

        string name = "Data Source=:memory:" + Guid.NewGuid().ToString("N");
        using BareMetalConnection three = new(name);
        three.Open();
        Run(three, "CREATE TABLE t (id integer PRIMARY KEY)");
        using BareMetalConnection four = new(name + ";Command Timeout=5");
        four.Open();
        Assert.Equal(0L, Scalar(four, "SELECT count(*) FROM t"));
    }

    [Fact]
    public void Spellings_of_a_path_share_one_engine_and_data_outlives_it()
    {
        string other = Path.Combine(_directory, ".", "sub", "..", "a.bmdb");
        using (BareMetalConnection one = new($"Data Source={FilePath}"))
        using (BareMetalConnection two = new($"Data Source={other};Pooling=false"))
        {
            one.Open();
            two.Open();
            Run(one, "CREATE TABLE t (id integer PRIMARY KEY)");
            Run(two, "INSERT INTO t VALUES (1)");
            Assert.Equal(1L, Scalar(one, "SELECT count(*) FROM t"));
        }

        BareMetalConnection.ClearAllPools();
        using BareMetalConnection again = new($"Data Source={FilePath};Mode=ReadWrite");
        again.Open();
        Assert.Equal(1L, Scalar(again, "SELECT count(*) FROM t"));
    }

    [Fact]
    public void Modes_are_kept()
    {
        using (BareMetalConnection missing = new($"Data Source={FilePath};Mode=ReadWrite"))
        {
            Assert.False(missing.DatabaseExists());
            Assert.Equal("3D000", Assert.Throws<BareMetalException>(() => missing.Open()).SqlState);
        }

        using (BareMetalConnection create = new($"Data Source={FilePath}"))
        {
            create.CreateDatabase();
            Assert.True(create.DatabaseExists());
            Assert.Equal("42P04", Assert.Throws<BareMetalException>(() => create.CreateDatabase()).SqlState);
            create.Open();
            Run(create, "CREATE TABLE t (id integer PRIMARY KEY)");
        }

        BareMetalConnection.ClearAllPools();
        using BareMetalConnection read = new($"Data Source={FilePath};Mode=ReadOnly");
        read.Open();
        Assert.Equal(0L, Scalar(read, "SELECT count(*) FROM t"));
        Assert.Equal("25006", Assert.Throws<BareMetalException>(() => Run(read, "INSERT INTO t VALUES (1)")).SqlState);
    }

    [Fact]
    public void A_database_in_use_is_not_deleted()
    {
        using BareMetalConnection one = new($"Data Source={FilePath}");
        Assert.False(one.DeleteDatabase());
        one.Open();
        Run(one, "CREATE TABLE t (id integer PRIMARY KEY)");
        using BareMetalConnection two = new($"Data Source={FilePath};Command Timeout=3");
        Assert.Equal("55006", Assert.Throws<BareMetalException>(() => two.DeleteDatabase()).SqlState);
        one.Close();
        Assert.True(two.DeleteDatabase());
        Assert.False(two.DatabaseExists());
        Assert.Empty(Directory.GetFiles(_directory));
        one.Open();
        Assert.Equal("42P01", Assert.Throws<BareMetalException>(() => Scalar(one, "SELECT count(*) FROM t")).SqlState);
    }

    [Fact]
    public void A_session_that_comes_back_from_the_pool_is_as_new()
    {
        using BareMetalDataSource source = BareMetalDataSource.Create("Data Source=:memory:");
        using (BareMetalConnection one = source.OpenConnection())
        {
            Run(one, "CREATE TABLE t (id integer PRIMARY KEY)");
            one.BeginTransaction();
            Run(one, "INSERT INTO t VALUES (1)");
            Run(one, "SET lock_timeout = '7s'");
        }

        using BareMetalConnection two = source.OpenConnection();
        Assert.Equal(0L, Scalar(two, "SELECT count(*) FROM t"));
        Assert.NotEqual("7s", Scalar(two, "SHOW lock_timeout"));
        two.BeginTransaction().Dispose();
    }

    [Fact]
    public void Opening_and_closing_a_pooled_connection_allocates_nothing()
    {
        using BareMetalDataSource source = BareMetalDataSource.Create("Data Source=:memory:");
        using BareMetalConnection connection = source.CreateConnection();
        for (int i = 0; i < 1000; i++)
        {
            connection.Open();
            connection.Close();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            connection.Open();
            connection.Close();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Threads_share_a_pool_and_no_session_has_two_owners()
    {
        using BareMetalDataSource source = BareMetalDataSource.Create("Data Source=:memory:");
        using (BareMetalConnection connection = source.OpenConnection())
            Run(connection, "CREATE TABLE t (worker integer, n integer, PRIMARY KEY (worker, n))");
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, worker =>
        {
            for (int i = 0; i < 40; i++)
            {
                using BareMetalConnection connection = source.OpenConnection();
                using BareMetalTransaction transaction = connection.BeginTransaction();
                Run(connection, $"INSERT INTO t VALUES ({worker}, {i})");
                Assert.Equal((long)i + 1, Scalar(connection, $"SELECT count(*) FROM t WHERE worker = {worker}"));
                transaction.Commit();
            }
        });
        using BareMetalConnection last = source.OpenConnection();
        Assert.Equal(320L, Scalar(last, "SELECT count(*) FROM t"));
    }

    [Fact]
    public void A_file_that_someone_else_holds_is_waited_for_and_its_holder_named()
    {
        using (new LocalStorageProvider(_directory).AcquireOwnerLock(new DatabaseFiles("a.bmdb").Lock, TimeSpan.Zero))
        {
            using BareMetalConnection blocked = new($"Data Source={FilePath};Lock Timeout=1");
            BareMetalException error = Assert.Throws<BareMetalException>(() => blocked.Open());
            Assert.Equal("55006", error.SqlState);
            Assert.Contains(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), error.Message);
        }

        using BareMetalConnection free = new($"Data Source={FilePath};Lock Timeout=1");
        free.Open();
    }

    [Fact]
    public void The_logger_hears_of_the_engine_and_a_substrate_may_be_given()
    {
        List<BareMetalLogMessage> messages = [];
        MemoryStorageProvider substrate = new();
        for (int round = 0; round < 2; round++)
        {
            using BareMetalDataSource source = new BareMetalDataSourceBuilder("Data Source=inside.bmdb").UseSubstrate(substrate).UseCacheSize(8 << 20).UseLogger(messages.Add).Build();
            using BareMetalConnection connection = source.OpenConnection();
            if (round == 0)
                Run(connection, "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1)");
            Assert.Equal(1L, Scalar(connection, "SELECT count(*) FROM t"));
        }

        Assert.Contains("inside.bmdb", substrate.List());
        Assert.Equal(4, messages.Count(m => m.Level == BareMetalLogLevel.Information && m.Category == "BareMetal.Data.Engine"));
        using BareMetalDataSource missing = new BareMetalDataSourceBuilder("Data Source=other.bmdb;Mode=ReadWrite").UseSubstrate(substrate).UseLogger(messages.Add).Build();
        Assert.Equal("3D000", Assert.Throws<BareMetalException>(() => missing.OpenConnection()).SqlState);
        Assert.Equal(BareMetalLogLevel.Error, messages[^1].Level);
    }

    [Fact]
    public void A_disposed_data_source_refuses_and_a_cleared_pool_opens_again()
    {
        BareMetalDataSource source = BareMetalDataSource.Create($"Data Source={FilePath}");
        using (BareMetalConnection connection = source.OpenConnection())
        {
            Run(connection, "CREATE TABLE t (id integer PRIMARY KEY)");
            BareMetalConnection.ClearPool(connection);
            Assert.Equal(0L, Scalar(connection, "SELECT count(*) FROM t"));
        }

        using (BareMetalConnection connection = source.OpenConnection())
            Assert.Equal(0L, Scalar(connection, "SELECT count(*) FROM t"));
        source.Dispose();
        Assert.Throws<ObjectDisposedException>(() => source.OpenConnection());
    }

    [Fact]
    public void Schema_collections_describe_the_database()
    {
        using BareMetalConnection connection = new("Data Source=:memory:");
        connection.Open();
        Run(connection, """
            CREATE TABLE parents (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x');
            CREATE TABLE children (id integer PRIMARY KEY, parent bigint, CONSTRAINT fk_parent FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE);
            CREATE INDEX by_parent ON children (parent DESC);
            CREATE VIEW names AS SELECT name FROM parents;
            """);
        DataTable collections = connection.GetSchema();
        foreach (DataRow row in collections.Rows)
            Assert.NotNull(connection.GetSchema((string)row[0]));
        Assert.Equal(["children", "parents"], Column(connection.GetSchema("Tables", [null, null, "BASE TABLE"]), "TABLE_NAME"));
        Assert.Equal(["names"], Column(connection.GetSchema("Views"), "TABLE_NAME"));
        DataTable columns = connection.GetSchema("columns", ["public", "PARENTS"]);
        Assert.Equal(["id", "name"], Column(columns, "COLUMN_NAME"));
        Assert.Equal(("varchar(20)", 20, false), (columns.Rows[1]["DATA_TYPE"], columns.Rows[1]["CHARACTER_MAXIMUM_LENGTH"], columns.Rows[1]["IS_NULLABLE"]));
        Assert.Equal((true, 1), (columns.Rows[0]["IS_IDENTITY"], columns.Rows[0]["PRIMARY_KEY_POSITION"]));
        Assert.Contains("by_parent", Column(connection.GetSchema("Indexes", [null, "children"]), "INDEX_NAME"));
        DataTable part = connection.GetSchema("IndexColumns", [null, "children", "by_parent"]);
        Assert.Equal(("parent", true), (part.Rows[0]["COLUMN_NAME"], part.Rows[0]["IS_DESCENDING"]));
        DataTable keys = connection.GetSchema("ForeignKeys");
        Assert.Equal(("fk_parent", "parents", "CASCADE"), (keys.Rows[0]["CONSTRAINT_NAME"], keys.Rows[0]["REFERENCED_TABLE_NAME"], keys.Rows[0]["DELETE_RULE"]));
        Assert.Contains("SELECT", Column(connection.GetSchema(DbMetaDataCollectionNames.ReservedWords), "ReservedWord"));
        Assert.Throws<ArgumentException>(() => connection.GetSchema("Nonsense"));
        Assert.Throws<ArgumentException>(() => connection.GetSchema("Schemas", ["a", "b"]));
    }

    private static IEnumerable<string> Column(DataTable table, string name) => table.Rows.Cast<DataRow>().Select(r => (string)r[name]);

    private static void Run(BareMetalConnection connection, string sql)
    {
        using BareMetalCommand command = new(sql, connection);
        command.ExecuteNonQuery();
    }

    private static object? Scalar(BareMetalConnection connection, string sql)
    {
        using BareMetalCommand command = new(sql, connection);
        return command.ExecuteScalar();
    }
}
