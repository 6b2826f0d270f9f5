using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Backup;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Backup;

public sealed class RestoreTests(ITestOutputHelper output)
{
    /// <summary>Points that are restored and compared; the script sets more.</summary>
    private static readonly int Points = int.TryParse(Environment.GetEnvironmentVariable("BAREMETAL_BACKUP_POINTS"), out int points) ? points : 100;

    [Fact]
    public void Random_moments_come_back_as_they_were()
    {
        ulong seed = (ulong)TestSeed.Of(77);
        int restored = 0, byTime = 0, crashes = 0, incrementals = 0, backups = 0;
        for (; restored < Points; seed++)
        {
            BackupWorkload work = new(seed, encrypted: seed % 3 == 0);
            MemoryStorageProvider store = new(), archiveStore = new();
            LogArchive? archive = null;
            LogArchive NewArchive() => new(work.Database, new LogArchiveOptions { Target = archiveStore, Interval = TimeSpan.FromSeconds(1), SegmentBytes = 4000 });
            work.Steps(work.Next(30));
            archive = NewArchive();
            work.Steps(work.Next(20));
            List<BackupInfo> taken = [];
            for (int i = 0; i < 6; i++)
            {
                bool incremental = taken.Count > 0 && work.Chance(65);
                taken.Add(work.Backup(store, incremental, 1 + work.Next(40), between: () => work.Steps(work.Next(3))));
                incrementals += incremental ? 1 : 0;
                work.Steps(work.Next(40));
                if (work.Chance(50))
                {
                    bool crash = work.Chance(60);
                    archive.Dispose();
                    work.Reopen(crash);
                    crashes += crash ? 1 : 0;
                    archive = NewArchive();
                }
                else if (work.Chance(30))
                {
                    archive.Archive(default);
                }
            }

            backups += taken.Count;
            DateTimeOffset end = work.Now;
            archive.Archive(default);
            for (int i = 0; i < 10; i++, restored++)
            {
                RestoreOptions to = work.To(store) with { Archive = archiveStore };
                if (i % 2 == 0)
                {
                    Lsn goal = work.History[work.Next(work.History.Count)].Lsn;
                    if (goal < taken[0].Cut)
                        goal = taken[0].Cut;
                    work.RestoreAndCompare(to with { ToLsn = goal }, work.StateAt(goal), $"seed {seed}, LSN {goal}");
                }
                else
                {
                    DateTimeOffset goal = taken[0].CutTime + ((end - taken[0].CutTime) * (work.Next(1000) / 1000.0));
                    work.RestoreAndCompare(to with { ToTime = goal }, work.StateAt(goal), $"seed {seed}, time {goal:O}");
                    byTime++;
                }
            }

            // Everything, by the archive and without it.
            work.RestoreAndCompare(work.To(store) with { Archive = archiveStore }, work.StateAt(Lsn.Max), $"seed {seed}, all");
            foreach (BackupInfo backup in taken)
                work.RestoreAndCompare(work.To(store) with { Backup = backup.Number }, work.StateAt(backup.End), $"seed {seed}, backup {backup.Number}");
            BackupVerification verified = StorageBackup.Verify(new VerifyOptions { Source = store, Set = BackupWorkload.Name, Archive = archiveStore, Key = work.Settings.Key });
            Assert.Empty(verified.Problems);
            archive.Dispose();
            work.Database.Dispose();
        }

        output.WriteLine($"{restored} moments ({byTime} by time) of {backups} backups ({incrementals} incremental), {crashes} crashes in between, seeds up to {seed - 1}");
        Assert.True(incrementals > 0 && crashes > 0);
    }

    [Fact]
    public void A_restore_begins_a_timeline_and_files_of_the_old_one_are_refused()
    {
        BackupWorkload work = new(5);
        MemoryStorageProvider store = new(), archiveStore = new();
        using LogArchive archive = new(work.Database, new LogArchiveOptions { Target = archiveStore });
        work.Steps(20);
        BackupInfo backup = work.Backup(store);
        work.Steps(20);
        archive.Archive(default);
        RestoreOptions to = work.To(store);
        RestoreResult result = work.RestoreAndCompare(to, work.StateAt(backup.End), "restored");
        Assert.NotEqual(backup.TimelineId, result.TimelineId);
        using Storage.Recovery.Database restored = work.OpenRestored(to);
        Assert.Equal(result.TimelineId, restored.Data.Header.TimelineId);
        Assert.Equal(backup.TimelineId, restored.Data.Header.ParentTimelineId);

        // Nothing is built on a backup of the old timeline.
        StorageException error = Assert.Throws<StorageException>(
            () => new BackupRun(restored, new BackupOptions { Target = store, Set = BackupWorkload.Name, Incremental = true }, default));
        Assert.Equal(StorageErrorCode.ForeignTimeline, error.Code);

        // Its own full backup goes beside the old ones, and the log of the old timeline does not lead on from it.
        using (BackupRun run = new(restored, new BackupOptions { Target = store, Set = BackupWorkload.Name }, default))
        {
            while (run.Step())
            {
            }

            Assert.Equal(2, run.Info.Number);
            Assert.Equal(result.TimelineId, run.Info.TimelineId);
        }

        error = Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(store) with { Backup = 2, Archive = archiveStore, ToLsn = archive.Status.ArchivedLsn }));
        Assert.Equal(StorageErrorCode.BackupMissing, error.Code);

        // A log segment under the new timeline's name is still the old one's.
        string old = Assert.Single(archiveStore.List());
        archiveStore.Rename(old, LogArchive.PrefixOf(BackupWorkload.Name, result.TimelineId) + old[^16..]);
        error = Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(store) with { Backup = 2, Archive = archiveStore }));
        Assert.Equal(StorageErrorCode.ForeignTimeline, error.Code);

        // Log and checkpoint file of the old timeline beside the restored data file are refused.
        restored.Close();
        DatabaseFiles files = new("r.bmdb");
        foreach (ulong number in files.ListExtents(to.Target))
            to.Target.Delete(files.Extent(number));
        DatabaseFiles source = new(BackupWorkload.Name);
        foreach (ulong number in source.ListExtents(work.World.Disk.Provider))
            Copy(work.World.Disk.Provider, source.Extent(number), to.Target, files.Extent(number));
        error = Assert.Throws<StorageException>(() => work.OpenRestored(to));
        Assert.True(error.Code is StorageErrorCode.ForeignTimeline or StorageErrorCode.LogMissing, error.Message);
        work.Database.Dispose();
    }

    [Fact]
    public void A_missing_backup_or_a_gap_in_the_log_is_named()
    {
        BackupWorkload work = new(9);
        MemoryStorageProvider store = new(), archiveStore = new();
        using LogArchive archive = new(work.Database, new LogArchiveOptions { Target = archiveStore, SegmentBytes = 1 });
        for (int i = 0; i < 4; i++)
        {
            work.Steps(15);
            work.Backup(store, incremental: i > 0);
        }

        for (int i = 0; i < 4; i++)
        {
            work.Commit();
            archive.Archive(default);
        }

        Lsn end = work.Last;
        IStorageProvider whole = Clone(store);
        store.Delete($"{BackupWorkload.Name}-b000002");
        StorageException error = Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(store)));
        Assert.Equal(StorageErrorCode.BackupMissing, error.Code);
        Assert.Contains("b000002", error.Message);
        Assert.Contains(StorageBackup.Verify(new VerifyOptions { Source = store, Set = BackupWorkload.Name }).Problems, p => p.Contains("b000002"));
        work.RestoreAndCompare(work.To(store) with { Backup = 1 }, work.StateAt(StorageBackup.List(whole, BackupWorkload.Name)[0].End), "the full one alone");

        // The wrong backup under the missing one's name.
        MemoryStorageProvider swapped = Clone(whole);
        foreach (string file in swapped.List())
        {
            if (file.StartsWith($"{BackupWorkload.Name}-b000002", StringComparison.Ordinal))
                Copy(swapped, file.Replace("b000002", "b000001"), swapped, file);
        }

        error = Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(swapped)));
        Assert.Equal(StorageErrorCode.Corruption, error.Code);

        // A piece of the archive goes.
        work.RestoreAndCompare(work.To(whole) with { Archive = archiveStore }, work.StateAt(end), "with all");
        string[] pieces = [.. archiveStore.List().Order(StringComparer.Ordinal)];
        archiveStore.Delete(pieces[^2]);
        error = Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(whole) with { Archive = archiveStore, ToLsn = end }));
        Assert.Equal(StorageErrorCode.BackupMissing, error.Code);
        Assert.Contains("The log after LSN", error.Message);
        Assert.Contains(
            StorageBackup.Verify(new VerifyOptions { Source = whole, Set = BackupWorkload.Name, Archive = archiveStore }).Problems,
            p => p.Contains("The log after LSN"));

        // Beyond the end of what there is.
        archiveStore.Delete(pieces[^1]);
        error = Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(whole) with { Archive = archiveStore, ToLsn = end }));
        Assert.Equal(StorageErrorCode.BackupMissing, error.Code);
        error = Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(whole) with { Archive = archiveStore, ToTime = work.Now.AddHours(1) }));
        Assert.Equal(StorageErrorCode.BackupMissing, error.Code);

        // Before the beginning.
        error = Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(whole) with { ToLsn = new Lsn(1) }));
        Assert.Equal(StorageErrorCode.BackupMissing, error.Code);
        work.Database.Dispose();
    }

    [Fact]
    public void A_restore_never_touches_a_database_that_is_there()
    {
        BackupWorkload work = new(3);
        MemoryStorageProvider store = new();
        work.Steps(10);
        work.Backup(store);
        RestoreOptions to = work.To(store);
        work.RestoreAndCompare(to, work.StateAt(Lsn.Max), "restored");
        StorageException error = Assert.Throws<StorageException>(() => StorageBackup.Restore(to));
        Assert.Equal(StorageErrorCode.AlreadyExists, error.Code);
        work.Database.Dispose();
    }

    [Fact]
    public void An_empty_database_and_one_without_changes_are_backed_up_too()
    {
        BackupWorkload work = new(4);
        MemoryStorageProvider store = new();
        Assert.Equal(0, work.Backup(store).Pages);
        work.RestoreAndCompare(work.To(store), BackupWorkload.State.Empty, "empty");
        work.Steps(20);
        BackupInfo first = work.Backup(store);
        BackupInfo second = work.Backup(store, incremental: true);
        Assert.True(first.Pages > 0);
        Assert.Equal(0, second.Pages);
        work.RestoreAndCompare(work.To(store), work.StateAt(Lsn.Max), "without changes");
        work.Database.Dispose();
    }

    internal static MemoryStorageProvider Clone(IStorageProvider source)
    {
        MemoryStorageProvider copy = new();
        foreach (string file in source.List())
            Copy(source, file, copy, file);
        return copy;
    }

    internal static void Copy(IStorageProvider source, string name, IStorageProvider target, string newName)
    {
        using IStorageFile from = source.Open(name, StorageFileMode.Open, readOnly: true);
        byte[] bytes = new byte[from.Length];
        from.Read(0, bytes);
        target.Delete(newName);
        using IStorageFile to = target.Open(newName, StorageFileMode.CreateNew);
        to.Write(0, bytes);
        to.Flush();
    }
}
