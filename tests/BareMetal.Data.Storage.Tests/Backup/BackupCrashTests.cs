using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Backup;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Tests.Recovery;
using BareMetal.Data.Storage.Trees;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Backup;

/// <summary>
/// The machine crashes at every operation of the disk while backups are taken, log is archived and databases are restored, all on one disk:
/// what is called a backup restores, what is called a database is whole, what was promised is there.
/// </summary>
public sealed class BackupCrashTests(ITestOutputHelper output)
{
    private static readonly int Points = int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_BACKUP_POINTS"), out int points) ? points * 10 : 600;

    [Fact]
    public void A_crash_of_the_source_or_the_target_at_any_operation_leaves_only_whole_backups()
    {
        ulong seed = (ulong)TestSeed.Of(500);
        Crash total = new();
        for (; total.Points < Points; seed++)
            total.Add(Run(seed, null));
        output.WriteLine($"{total}, seeds up to {seed - 1}");
        Assert.True(total.Backups > 0 && total.Archived > 0);
    }

    [Fact]
    public void A_crash_of_a_restore_at_any_operation_leaves_a_whole_database_or_none()
    {
        ulong seed = (ulong)TestSeed.Of(900);
        int points = 0, whole = 0;
        for (; points < Points / 2; seed++)
            RunRestore(seed, null, ref points, ref whole);
        output.WriteLine($"{points} crash points, {whole} of them left the database, seeds up to {seed - 1}");
        Assert.True(whole > 0);
    }

    [Theory]
    [InlineData((int)FlushSite.LogFences)]
    [InlineData((int)FlushSite.LogFencesDirectory)]
    [InlineData((int)FlushSite.BackupLog)]
    [InlineData((int)FlushSite.BackupDirectory)]
    [InlineData((int)FlushSite.BackupManifest)]
    [InlineData((int)FlushSite.BackupNamed)]
    [InlineData((int)FlushSite.CheckpointSealed)]
    public void Leaving_out_a_flush_of_a_backup_is_noticed(int site)
    {
        int points = 0;
        for (ulong seed = 1; seed < 40; seed++)
        {
            try
            {
                points += Run(seed, (FlushSite)site).Points;
            }
            catch (CrashRunException e)
            {
                output.WriteLine($"{(FlushSite)site}: noticed after {points} crash points and some: {e.Message}");
                return;
            }
        }

        Assert.Fail($"{points} crash points did not show that the flush {(FlushSite)site} is missing");
    }

    [Theory]
    [InlineData((int)FlushSite.RestoredLogDirectory)]
    [InlineData((int)FlushSite.RestoredDirectory)]
    public void Leaving_out_a_flush_of_a_restore_is_noticed(int site)
    {
        int points = 0, whole = 0;
        for (ulong seed = 1; seed < 60; seed++)
        {
            try
            {
                RunRestore(seed, (FlushSite)site, ref points, ref whole);
            }
            catch (CrashRunException e)
            {
                output.WriteLine($"{(FlushSite)site}: noticed after {points} crash points: {e.Message}");
                return;
            }
        }

        Assert.Fail($"{points} crash points did not show that the flush {(FlushSite)site} is missing");
    }

    /// <summary>A workload with an archive and backups, all on its own disk, crashed at every operation that these make.</summary>
    private static Crash Run(ulong seed, FlushSite? skipped)
    {
        Crash crash = new();
        BackupWorkload work = new(seed, skipped);
        SplitMix random = new(seed * 31);
        Lsn archived = Lsn.Zero, archiveFrom = Lsn.Max;
        int promised = 0;
        CrashRunException? found = null;
        bool inHook = false;
        work.World.Disk.AfterOperation = (disk, kind) =>
        {
            if (inHook || !random.Chance(kind is DiskOperation.FlushDirectory or DiskOperation.Rename ? 60 : 25))
                return;
            inHook = true;
            try
            {
                crash.Points++;
                Check(disk.Clone());
            }
            catch (Exception e)
            {
                throw found ??= e as CrashRunException ?? new CrashRunException($"Seed {seed}, operation {disk.Operations}{(skipped is { } s ? $", without the flush {s}" : "")}: {e.Message}", e);
            }
            finally
            {
                inHook = false;
            }
        };
        try
        {
            using LogArchive archive = new(work.Database, Archive(work.World.Disk));
            archiveFrom = archive.Status.ArchivedLsn;
            for (int i = 0; i < 3; i++)
            {
                Quietly(() => work.Steps(6 + work.Next(8)));
                work.Backup(work.World.Disk.Provider, incremental: i > 0 && work.Chance(60), pagesPerFile: 12, between: () => Quietly(() => work.Steps(work.Next(3))));
                promised++;
                Quietly(() => work.Steps(4));
                archived = archive.Archive(default).ArchivedLsn;
            }
        }
        catch (Exception e) when (found is not null && e != found)
        {
            throw found; // the engine took what the hook threw for a failure of the disk
        }

        work.World.Disk.AfterOperation = null;
        work.Database.Dispose();
        return crash;

        // The crash tests of the engine look at these; here only what belongs to backups is.
        void Quietly(Action action)
        {
            bool before = inHook;
            inHook = !random.Chance(10);
            action();
            inHook = before;
        }

        void Check(SimulatedDisk disk)
        {
            bool powerLost = random.Chance(75);
            if (powerLost)
                disk.LosePower(random.Next());
            else
                disk.KillProcess();
            IReadOnlyList<BackupInfo> backups = StorageBackup.List(disk.Provider, BackupWorkload.Name);
            if (backups.Count < promised)
                throw new CrashRunException($"{promised} backups were complete, {backups.Count} are left", null);
            BackupVerification verified = StorageBackup.Verify(
                new VerifyOptions { Source = disk.Provider, Set = BackupWorkload.Name, Archive = disk.Provider, Key = work.Settings.Key });
            if (backups.Count > 0 && !verified.IsValid)
                throw new CrashRunException(verified.Problems[0], null);
            if (backups.Count > 0)
            {
                crash.Backups++;
                BackupInfo backup = backups[random.Next(backups.Count)];
                work.RestoreAndCompare(work.To(disk.Provider) with { Backup = backup.Number }, work.StateAt(backup.End), $"backup {backup.Number} after a crash");
            }

            // The source goes on: what is archived is there, and the archive goes on without a gap.
            SimulatedWorld world = new(random.Next(), disk) { SkippedSite = skipped };
            using Database database = Database.Open(disk.Provider, BackupWorkload.Name, StorageFileMode.OpenOrCreate, world.Environment, work.Settings);
            if (archiveFrom != Lsn.Max && database.Log.Extents.Fences.Find(LogArchive.FenceName) is null)
                throw new CrashRunException("the archive's place in the log is gone", null);
            Lsn last = database.Report.LastLsn;
            using LogArchive archive = new(database, Archive(disk));
            if (archive.Status.ArchivedLsn < archived)
                throw new CrashRunException($"the archive went back from {archived} to {archive.Status.ArchivedLsn}", null);
            archive.Archive(default);
            if (backups.Count == 0 || backups[^1].Cut < archiveFrom)
                return;
            crash.Archived++;
            work.RestoreAndCompare(
                work.To(disk.Provider) with { Archive = disk.Provider, Backup = backups[random.Next(backups.Count)].Number }, work.StateAt(last), "by the archive after a crash");
        }
    }

    private static void RunRestore(ulong seed, FlushSite? skipped, ref int points, ref int whole)
    {
        BackupWorkload work = new(seed);
        MemoryStorageProvider store = new();
        work.Steps(15);
        work.Backup(store, pagesPerFile: 10);
        work.Steps(15);
        work.Backup(store, incremental: true, between: work.Step);
        BackupWorkload.State expected = work.StateAt(Lsn.Max);
        SplitMix random = new(seed * 17);
        SimulatedWorld world = new(random.Next(), TestSubstrates.SingleDisk(skipped is not null)) { SkippedSite = skipped };
        RestoreOptions to = work.To(store, world.Disk.Provider) with { Environment = world.Environment };
        int tried = 0, left = 0;
        CrashRunException? found = null;
        bool inHook = false;
        world.Disk.AfterOperation = (disk, kind) =>
        {
            if (inHook || !random.Chance(kind is DiskOperation.FlushDirectory or DiskOperation.Rename ? 100 : 30))
                return;
            inHook = true;
            try
            {
                tried++;
                Check(disk.Clone(), done: false);
            }
            catch (Exception e)
            {
                throw found ??= new CrashRunException($"Seed {seed}, operation {disk.Operations}{(skipped is { } s ? $", without the flush {s}" : "")}: {e.Message}", e);
            }
            finally
            {
                inHook = false;
            }
        };
        try
        {
            StorageBackup.Restore(to);
            world.Disk.AfterOperation = null;
            for (int i = 0; i < 3; i++)
                Check(world.Disk.Clone(), done: true);
        }
        catch (Exception e) when (found is not null && e != found)
        {
            throw found;
        }
        catch (Exception e) when (e is StorageException or Xunit.Sdk.XunitException)
        {
            throw new CrashRunException($"Seed {seed}, after the restore{(skipped is { } s ? $", without the flush {s}" : "")}: {e.Message}", e);
        }

        points += tried;
        whole += left;
        work.Database.Dispose();

        void Check(SimulatedDisk disk, bool done)
        {
            disk.LosePower(random.Next());
            RestoreOptions again = to with { Target = disk.Provider, Environment = new SimulatedWorld(random.Next(), disk).Environment };
            if (!disk.Provider.Exists(to.Name))
            {
                if (done)
                    throw new CrashRunException("the restored database is gone", null);
                StorageBackup.Restore(again); // what is left does not stand in the way
            }
            else
            {
                left++;
            }

            using Database database = work.OpenRestored(again);
            BackupWorkload.Compare(database, expected, "restored");
            Assert.Empty(IntegrityChecker.Check(database.Store));
        }
    }

    private static LogArchiveOptions Archive(SimulatedDisk disk) =>
        new() { Target = disk.Provider, Set = BackupWorkload.Name, Interval = Timeout.InfiniteTimeSpan, SegmentBytes = 3000, MaxHeldLogBytes = long.MaxValue };

    private sealed class Crash
    {
        public int Points { get; set; }

        public int Backups { get; set; }

        public int Archived { get; set; }

        public void Add(Crash other)
        {
            Points += other.Points;
            Backups += other.Backups;
            Archived += other.Archived;
        }

        public override string ToString() => $"{Points} crash points, {Backups} with a backup that was restored, {Archived} restored by the archive that went on";
    }
}
