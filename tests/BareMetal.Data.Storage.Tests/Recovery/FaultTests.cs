using System.Buffers.Binary;
using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Trees;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Recovery;

/// <summary>
/// The first, second, third … operation of each kind fails, until a run ends without meeting the fault. Whatever fails: what was acknowledged
/// is there after reopening, what was refused is not, and every error is the engine's own.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const string Name = "e.bmdb";

    [Theory]
    [InlineData(DiskOperation.Write, DiskFault.Error)]
    [InlineData(DiskOperation.Write, DiskFault.DiskFull)]
    [InlineData(DiskOperation.Flush, DiskFault.Error)]
    [InlineData(DiskOperation.Flush, DiskFault.FlushLosesData)]
    [InlineData(DiskOperation.SetLength, DiskFault.DiskFull)]
    [InlineData(DiskOperation.Create, DiskFault.DiskFull)]
    [InlineData(DiskOperation.Rename, DiskFault.Error)]
    [InlineData(DiskOperation.Delete, DiskFault.Error)]
    [InlineData(DiskOperation.FlushDirectory, DiskFault.Error)]
    [InlineData(DiskOperation.Read, DiskFault.Error)]
    public void Any_operation_may_fail(DiskOperation operation, DiskFault fault)
    {
        int runs = 0, stopped = 0, refused = 0;
        for (long number = 1; ; number++)
        {
            SimulatedWorld world = new((ulong)number, new SimulatedDisk());
            world.Disk.FailAt(operation, number, fault);
            Run run = new(world);
            run.Work();
            stopped += run.Stopped ? 1 : 0;
            refused += run.Refused;
            bool met = world.Disk.Count(operation) >= number;
            world.Disk.ClearFaults();
            run.CheckAfterReopening($"{operation} {number}, {fault}");
            if (!met)
                break;
            runs++;
        }

        output.WriteLine($"{operation}, {fault}: {runs} faults, {stopped} stopped the database, {refused} commits refused");
        Assert.True(runs > 0);
    }

    private sealed class Run(SimulatedWorld world)
    {
        private readonly Dictionary<int, int> _certain = [];
        private readonly Dictionary<int, int> _perhaps = [];

        public bool Stopped { get; private set; }

        public int Refused { get; private set; }

        public void Work()
        {
            for (int session = 0; session < 2 && !Stopped; session++)
            {
                Database? database = null;
                try
                {
                    database = Database.Open(
                        world.Disk.Provider, Name, StorageFileMode.OpenOrCreate, world.Environment, CrashRun.Tiny with { CheckpointLogBytes = 4 << 10 });
                    for (int i = 0; i < 25; i++)
                        Commit(database, (session * 25) + i);
                    Stopped = database.Pipeline.Failure is not null;
                    database.Close();
                }
                catch (StorageException e) when (e.Code is StorageErrorCode.IoError or StorageErrorCode.DiskFull or StorageErrorCode.Stopped)
                {
                    // Opening or closing met the fault.
                    Stopped |= database?.Pipeline.Failure is not null;
                }
                finally
                {
                    DisposeQuietly(database);
                }
            }
        }

        public void CheckAfterReopening(string when)
        {
            world.Disk.LosePower(7);
            SimulatedWorld later = new(5, world.Disk);
            Database database;
            try
            {
                database = Database.Open(later.Disk.Provider, Name, StorageFileMode.Open, later.Environment, CrashRun.Tiny);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.DoesNotExist && _certain.Count == 0)
            {
                return;
            }

            foreach (IntegrityProblem problem in IntegrityChecker.Check(database.Store))
                Assert.Fail($"{when}: {problem}");
            Dictionary<int, int> found = Read(database);
            foreach ((int key, int value) in _certain)
            {
                if (_perhaps.ContainsKey(key))
                    continue;
                Assert.True(found.Remove(key, out int there) && there == value, $"{when}: row {key} is lost or {there} instead of {value}");
            }

            foreach ((int key, int value) in found)
                Assert.True(_perhaps.TryGetValue(key, out int maybe) && maybe == value || _certain.TryGetValue(key, out int old) && old == value, $"{when}: row {key} was never acknowledged");
            database.Dispose();
        }

        private void Commit(Database database, int number)
        {
            int key = number % 17;
            ListRequest request = new();
            byte[] keyBytes = [(byte)key], value = new byte[200 + (number * 31 % 700)];
            BinaryPrimitives.WriteInt32BigEndian(value, number);
            if (!_certain.ContainsKey(-1))
                request.Create(2000);
            request.Put(2000, keyBytes, value);
            try
            {
                database.Pipeline.Commit(request, Durability.Full);
                _certain[key] = number;
                _certain.TryAdd(-1, 0);
                _perhaps.Remove(key);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.CommitOutcomeUnknown)
            {
                _perhaps[key] = number;
                Assert.NotNull(database.Pipeline.Failure);
            }
            catch (StorageException e)
            {
                Assert.True(e.Code is StorageErrorCode.IoError or StorageErrorCode.DiskFull or StorageErrorCode.Stopped, e.ToString());
                Refused++;
            }

            world.Scheduler.RunUntilIdle();
            if (number % 5 == 0)
            {
                // Reads go on, whatever became of writing.
                Dictionary<int, int> now = Read(database);
                foreach ((int certain, int expected) in _certain)
                    Assert.True(certain == -1 || now.TryGetValue(certain, out int there) && there == expected, $"row {certain} at {number}");
            }
        }

        private Dictionary<int, int> Read(Database database)
        {
            Dictionary<int, int> rows = [];
            if (_certain.ContainsKey(-1))
                rows.Add(-1, 0);
            Storage.Pages.Snapshot snapshot = database.Store.AcquireSnapshot();
            try
            {
                if (!database.Store.TryFindTree(new TreeId(2000), snapshot.Lsn, out _))
                    return rows;
                PageCursor cursor = database.Store.OpenCursor(new TreeId(2000), snapshot.Lsn);
                try
                {
                    for (bool found = cursor.SeekFirst(); found; found = cursor.MoveNext())
                        rows[cursor.Key[0]] = BinaryPrimitives.ReadInt32BigEndian(cursor.Value);
                }
                finally
                {
                    database.Store.ReturnCursor(cursor);
                }

                return rows;
            }
            finally
            {
                database.Store.ReleaseSnapshot(snapshot);
            }
        }

        private static void DisposeQuietly(Database? database)
        {
            try
            {
                database?.Dispose();
            }
            catch (StorageException)
            {
                // The fault met the removal of a temporary file.
            }
        }
    }
}
