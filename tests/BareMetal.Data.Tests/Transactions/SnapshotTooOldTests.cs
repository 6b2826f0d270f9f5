using System.Data;
using BareMetal.Data.Tests.Ado;
using Xunit;

namespace BareMetal.Data.Tests.Transactions;

/// <summary>Max Version Size: readers beyond it get SQLSTATE 72000 and a usable connection.</summary>
public sealed class SnapshotTooOldTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:;Max Version Size=256KB;Cache Size=2MB");

    public void Dispose() => _source.Dispose();

    [Theory]
    [InlineData(IsolationLevel.Snapshot)]
    [InlineData(IsolationLevel.Serializable)]
    [InlineData(IsolationLevel.ReadCommitted)]
    public void A_reader_that_stays_too_long_is_given_up(IsolationLevel level)
    {
        using BareMetalConnection reading = _source.OpenConnection();
        using BareMetalConnection writing = _source.OpenConnection();
        Run(writing, "CREATE TABLE t (id integer PRIMARY KEY, v integer, x text)");
        Run(writing, "INSERT INTO t SELECT i, 0, repeat('x', 500) FROM generate_series(1, 2000) AS g(i)");
        using BareMetalTransaction transaction = reading.BeginTransaction(level, readOnly: true);
        using (BareMetalCommand command = reading.CreateCommand())
        {
            command.CommandText = "SELECT id, v FROM t ORDER BY id";
            using BareMetalDataReader reader = command.ExecuteReader();
            Assert.True(reader.Read());
            for (int i = 1; i <= 10; i++)
                Run(writing, $"UPDATE t SET v = {i}");
            BareMetalException error = Assert.Throws<BareMetalException>(() =>
            {
                while (reader.Read())
                    Assert.Equal(0, reader.GetInt32(1));
            });
            Assert.Equal("72000", error.SqlState);
            Assert.Contains("Max Version Size", error.Message, StringComparison.Ordinal);
        }

        if (level == IsolationLevel.ReadCommitted)
        {
            // The next statement has a snapshot of its own.
            Assert.Equal(2000L, Scalar(reading, "SELECT count(*) FROM t WHERE v = 10"));
        }
        else
        {
            Assert.Equal("72000", Assert.Throws<BareMetalException>(() => Scalar(reading, "SELECT count(*) FROM t WHERE v = 10")).SqlState);
            Assert.Equal("25P02", Assert.Throws<BareMetalException>(() => Scalar(reading, "SELECT 1")).SqlState);
        }

        transaction.Rollback();
        Assert.Equal(2000L, Scalar(reading, "SELECT count(*) FROM t WHERE v = 10"));
    }

    [Fact]
    public void A_reader_within_the_limit_reads_to_its_end()
    {
        using BareMetalConnection reading = _source.OpenConnection();
        using BareMetalConnection writing = _source.OpenConnection();
        Run(writing, "CREATE TABLE t (id integer PRIMARY KEY, v integer, x text)");

        // One version of it is far below the limit, as a writer and a checkpoint each hold one too; all of them are far above.
        Run(writing, "INSERT INTO t SELECT i, 0, repeat('x', 500) FROM generate_series(1, 40) AS g(i)");
        using BareMetalTransaction transaction = reading.BeginTransaction(IsolationLevel.Snapshot);
        for (int i = 1; i <= 100; i++)
            Run(writing, $"UPDATE t SET v = {i}");
        Assert.Equal(40L, Scalar(reading, "SELECT count(*) FROM t WHERE v = 0"));
    }

    private static void Run(BareMetalConnection connection, string sql) => Scalar(connection, sql);

    private static object? Scalar(BareMetalConnection connection, string sql)
    {
        using BareMetalCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
