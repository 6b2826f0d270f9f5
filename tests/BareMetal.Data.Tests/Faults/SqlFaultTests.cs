using BareMetal.Data.Sessions;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Sessions;
using Xunit;
using Xunit.Abstractions;
using Database = BareMetal.Data.Sessions.Database;

namespace BareMetal.Data.Tests.Faults;

/// <summary>
/// The first, second, third … operation of the disk fails under a workload of SQL, until a run ends without meeting the fault. BAREMETAL_FAULT_STRIDE sets
/// how many numbers are skipped between two runs (1: none).
/// </summary>
public sealed class SqlFaultTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(DiskOperation.Write, DiskFault.DiskFull, 19)]
    [InlineData(DiskOperation.Write, DiskFault.Error, 23)]
    [InlineData(DiskOperation.SetLength, DiskFault.DiskFull, 3)]
    [InlineData(DiskOperation.Flush, DiskFault.FlushLosesData, 4)]
    [InlineData(DiskOperation.Create, DiskFault.Error, 3)]
    [InlineData(DiskOperation.Open, DiskFault.Error, 3)]
    [InlineData(DiskOperation.Rename, DiskFault.Error, 2)]
    [InlineData(DiskOperation.Delete, DiskFault.Error, 3)]
    [InlineData(DiskOperation.FlushDirectory, DiskFault.Error, 2)]
    [InlineData(DiskOperation.Read, DiskFault.Error, 37)]
    [InlineData(DiskOperation.Read, DiskFault.Short, 41)]
    public void Any_operation_may_fail_under_a_statement(DiskOperation operation, DiskFault fault, int stride)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_FAULT_STRIDE"), out int given))
            stride = Math.Min(stride, given);
        ulong seed = ulong.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_SEED"), out ulong s) ? s : 1;
        int met = 0, stopped = 0, comparisons = 0;
        long number = 1 + (long)(seed % (ulong)stride);
        for (; ; number += stride)
        {
            SqlFaultRun run = new(seed + (ulong)number);
            run.Disk.FailAt(operation, number, fault);
            run.Run();
            comparisons += run.Comparisons;
            if (run.Disk.LastFault is null)
            {
                Assert.Empty(run.Errors);
                break;
            }

            met++;
            stopped += run.Stopped ? 1 : 0;
        }

        output.WriteLine($"{operation}, {fault}: numbers up to {number}, {met} faults, {stopped} stopped the database, {comparisons} comparisons with the model, 0 losses");
        Assert.True(met > 0);
    }

    [Fact]
    public void Any_allocation_of_page_memory_may_fail_under_a_statement()
    {
        int number = 1;
        for (; ; number++)
        {
            int allocations = 0;
            SqlFaultRun run = new(1, f => f.FailAllocation = _ => ++allocations == number);
            run.Run();
            if (allocations < number)
            {
                Assert.Empty(run.Errors);
                break;
            }

            Assert.False(run.Stopped);
            Assert.All(run.Errors, e => Assert.Contains(SqlStates.OutOfMemory, e));
        }

        output.WriteLine($"{number - 1} allocations failed");
        Assert.True(number > 6);
    }

    [Fact]
    public void A_write_set_beyond_the_limit_is_53100_and_the_transaction_goes_on()
    {
        int refused = 0;
        for (int pages = 0; ; pages += pages < 10 ? 2 : 12)
        {
            SimulatedDisk disk = new();
            Database database = Database.Acquire(new DatabaseOptions
            {
                Path = SqlFaultRun.Name,
                Substrate = disk.Provider,
                Environment = new SimulatedWorld(1, disk).Environment,
                Settings = SqlFaultRun.Settings with { CacheBytes = 40 * 4096, SpillLimitBytes = pages * 4096L },
                OpenTimeout = TimeSpan.Zero,
            });
            using Session session = database.CreateSession(new SessionOptions { LockTimeout = TimeSpan.FromSeconds(1) });
            session.Run("CREATE TABLE t (id int PRIMARY KEY, v text)");
            session.Run("INSERT INTO t SELECT g, 'old' FROM generate_series(1, 50) g");
            session.Run("CHECKPOINT");
            session.Run("BEGIN");
            session.Run("UPDATE t SET v = 'new' WHERE id <= 10");
            bool fits = true;
            try
            {
                session.Run("INSERT INTO t SELECT g, repeat('z', 900) FROM generate_series(100, 400) g");
            }
            catch (BareMetalException e)
            {
                Assert.True(e.SqlState == SqlStates.DiskFull, e.ToString());
                Assert.Contains("-spill", e.Message);
                fits = false;
                refused++;
            }

            Assert.True(session.InTransaction);
            Assert.Equal("10", session.Scalar("SELECT count(*) FROM t WHERE v = 'new'"));
            Assert.Equal(fits ? "351" : "50", session.Scalar("SELECT count(*) FROM t"));
            bool committed = true;
            try
            {
                session.Run("COMMIT");
            }
            catch (BareMetalException e)
            {
                Assert.True(e.SqlState is SqlStates.DiskFull or SqlStates.OutOfMemory, e.ToString());
                committed = false;
                if (session.InTransaction)
                    session.Run("ROLLBACK");
            }

            Assert.Equal(committed ? "10" : "0", session.Scalar("SELECT count(*) FROM t WHERE v = 'new'"));
            session.Run("INSERT INTO t VALUES (1000, 'after')");
            Assert.Equal("after", session.Scalar("SELECT v FROM t WHERE id = 1000"));
            session.Dispose();
            database.Release();
            if (fits && committed)
                break;
            Assert.True(pages < 2000);
        }

        output.WriteLine($"{refused} statements were refused");
        Assert.True(refused > 3);
    }
}
