using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Backup;
using BareMetal.Data.Storage.Recovery;
using Xunit;
using Xunit.Abstractions;

namespace BareMetal.Data.Storage.Tests.Backup;

/// <summary>What goes wrong with the storage of backups is noticed, and never taken for a backup or a database.</summary>
public sealed class BackupFaultTests(ITestOutputHelper output)
{
    // The script looks at more bits.
    private static readonly int Stride = Environment.GetEnvironmentVariable("BAREMETAL_BACKUP_POINTS") is null ? 6 : 1;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_bit_flipped_anywhere_is_found_by_verification_and_by_restore(bool encrypted)
    {
        BackupWorkload work = new(21, encrypted: encrypted);
        MemoryStorageProvider store = new();
        using LogArchive archive = new(work.Database, new LogArchiveOptions { Target = store, SegmentBytes = 2000 });
        work.Steps(25);
        BackupInfo full = work.Backup(store, pagesPerFile: 6, between: work.Step);
        work.Steps(10);
        BackupInfo incremental = work.Backup(store, incremental: true, pagesPerFile: 6, between: work.Step);
        work.Steps(10);
        archive.Archive(default);
        SplitMix random = new((ulong)TestSeed.Of(3));
        int flips = 0;
        foreach (string name in store.List())
        {
            if (name.EndsWith("-lock", StringComparison.Ordinal))
                continue;
            IStorageFile file = store.Open(name, StorageFileMode.Open);
            long length = file.Length;
            byte[] one = new byte[1];

            // All bits of headers and seals, some of the bodies.
            List<long> bits = [];
            for (long bit = 0; bit < Math.Min(length, 192) * 8; bit += 5 * Stride)
                bits.Add(bit);
            for (long bit = Math.Max(0, length - 96) * 8; bit < length * 8; bit += 7 * Stride)
                bits.Add(bit);
            for (int i = 0; i < 40 / Stride; i++)
                bits.Add((long)(random.Next() % (ulong)(length * 8)));
            foreach (long bit in bits)
            {
                file.Read(bit / 8, one);
                one[0] ^= (byte)(1 << (int)(bit % 8));
                file.Write(bit / 8, one);
                flips++;
                BackupVerification verified = StorageBackup.Verify(new VerifyOptions { Source = store, Set = BackupWorkload.Name, Archive = store, Key = work.Settings.Key });
                try
                {
                    RestoreOptions to = work.To(store) with { Archive = store, Backup = incremental.Number, CheckIntegrity = false };
                    StorageBackup.Restore(to);

                    // An archived piece that lies before the backup is not read, nor is the log of an earlier backup.
                    Assert.True(name.Contains("-arch-", StringComparison.Ordinal) || name == full.LogName, $"{name}, bit {bit} of {length * 8}: the restore did not notice");
                    using Database database = work.OpenRestored(to);
                    BackupWorkload.Compare(database, work.StateAt(Lsn.Max), $"{name}, bit {bit}");
                }
                catch (StorageException e)
                {
                    Assert.True(e.Code is StorageErrorCode.Corruption or StorageErrorCode.NewerFormat or StorageErrorCode.BackupMissing or StorageErrorCode.ForeignTimeline, $"{name}, bit {bit}: {e}");
                }

                Assert.Contains(verified.Problems, p => p.Contains(name, StringComparison.Ordinal));

                one[0] ^= (byte)(1 << (int)(bit % 8));
                file.Write(bit / 8, one);
            }
        }

        output.WriteLine($"{flips} bits flipped in the files of backups {full.Number} and {incremental.Number} and the archive");
        work.RestoreAndCompare(work.To(store) with { Archive = store }, work.StateAt(Lsn.Max), "whole again");
        work.Database.Dispose();
    }

    [Fact]
    public void A_truncated_or_missing_file_is_found()
    {
        BackupWorkload work = new(22);
        MemoryStorageProvider store = new();
        work.Steps(25);
        work.Backup(store, pagesPerFile: 6);
        foreach (string name in store.List())
        {
            if (name.EndsWith("-lock", StringComparison.Ordinal))
                continue;
            MemoryStorageProvider copy = RestoreTests.Clone(store);
            long length = copy.Open(name, StorageFileMode.Open).Length;
            foreach (long cut in new[] { length - 1, length / 2, 0 })
            {
                copy.Open(name, StorageFileMode.Open).SetLength(cut);
                Assert.False(StorageBackup.Verify(new VerifyOptions { Source = copy, Set = BackupWorkload.Name }).IsValid, $"{name} cut to {cut}");
                StorageException error = Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(copy)));
                Assert.Equal(StorageErrorCode.Corruption, error.Code);
            }

            copy.Delete(name);
            Assert.False(StorageBackup.Verify(new VerifyOptions { Source = copy, Set = BackupWorkload.Name }).IsValid, $"{name} deleted");
            Assert.Equal(StorageErrorCode.BackupMissing, Assert.Throws<StorageException>(() => StorageBackup.Restore(work.To(copy))).Code);
        }

        work.Database.Dispose();
    }

    [Fact]
    public void A_full_target_fails_the_backup_and_leaves_the_database_and_older_backups_alone()
    {
        int points = 0;
        for (long capacity = 40 << 10; ; capacity += 6 << 10, points++)
        {
            BackupWorkload work = new(23);
            SimulatedDisk disk = new(512);
            work.Steps(15);
            BackupInfo first = work.Backup(disk.Provider, pagesPerFile: 10);
            work.Steps(15);
            disk.Capacity = disk.Files.Sum(f => (long)disk.ReadAll(f).Length) + capacity - (40 << 10);
            bool done = false;
            try
            {
                work.Backup(disk.Provider, pagesPerFile: 10, between: work.Step);
                done = true;
            }
            catch (StorageException e)
            {
                Assert.Equal(StorageErrorCode.DiskFull, e.Code);
            }

            work.Steps(5);
            Assert.Null(work.Database.Pipeline.Failure);
            Assert.Empty(work.Database.Log.Extents.Fences.All);
            Assert.Equal(0, work.Database.Store.SnapshotCount);
            Assert.Equal(done ? 2 : 1, StorageBackup.List(disk.Provider, BackupWorkload.Name).Count);
            Assert.Equal(done ? 2 : 1, disk.Files.Count(f => f.EndsWith("-log", StringComparison.Ordinal)));
            work.RestoreAndCompare(work.To(disk.Provider) with { Backup = 1 }, work.StateAt(first.End), "the first backup");
            work.Database.Dispose();
            if (done)
                break;
        }

        output.WriteLine($"{points} sizes of the target were too small");
        Assert.True(points > 3);
    }

    [Fact]
    public void A_target_of_a_restore_that_is_full_gets_no_database()
    {
        BackupWorkload work = new(24);
        MemoryStorageProvider store = new();
        work.Steps(40);
        work.Backup(store);
        int points = 0;
        for (long capacity = 0; ; capacity += 16 << 10, points++)
        {
            SimulatedDisk disk = new(512) { Capacity = capacity };
            RestoreOptions to = work.To(store, disk.Provider);
            try
            {
                work.RestoreAndCompare(to, work.StateAt(Lsn.Max), "restored");
                break;
            }
            catch (StorageException e)
            {
                Assert.Equal(StorageErrorCode.DiskFull, e.Code);
                Assert.DoesNotContain(disk.Files, f => f == "r.bmdb");
                Assert.DoesNotContain(disk.Files, f => f.StartsWith("r.bmdb-restore", StringComparison.Ordinal));
            }
        }

        Assert.True(points > 3);
        work.Database.Dispose();
    }

    [Fact]
    public void Every_operation_of_a_target_may_fail_once()
    {
        int points = 0;
        foreach (DiskOperation kind in new[]
        {
            DiskOperation.Create, DiskOperation.Write, DiskOperation.Flush, DiskOperation.Rename, DiskOperation.Delete, DiskOperation.FlushDirectory, DiskOperation.Read,
        })
        {
            for (int number = 1; ; number++, points++)
            {
                BackupWorkload work = new(25);
                SimulatedDisk disk = new(512);
                work.Steps(12);
                work.Backup(disk.Provider, pagesPerFile: 8);
                work.Steps(12);
                long before = disk.Count(kind);
                disk.FailAt(kind, before + number, DiskFault.Error);
                bool failed = false;
                try
                {
                    work.Backup(disk.Provider, incremental: true, pagesPerFile: 8, between: work.Step);
                }
                catch (StorageException)
                {
                    failed = true;
                }

                bool reached = disk.Count(kind) >= before + number;
                disk.ClearFaults();
                work.Steps(3);
                Assert.Null(work.Database.Pipeline.Failure);
                IReadOnlyList<BackupInfo> list = StorageBackup.List(disk.Provider, BackupWorkload.Name);
                Assert.All(list, b => Assert.Null(b.Problem));
                Assert.True(!failed || list.Count == 1, $"{kind} {number}: a failed backup is listed");
                work.RestoreAndCompare(work.To(disk.Provider), work.StateAt(list[^1].End), $"{kind} {number}");
                BackupInfo next = work.Backup(disk.Provider, incremental: true);
                work.RestoreAndCompare(work.To(disk.Provider), work.StateAt(next.End), $"{kind} {number}, the next");
                work.Database.Dispose();
                if (!reached)
                    break;
            }
        }

        output.WriteLine($"{points} operations of the target failed once");
        Assert.True(points >= 20);
    }

    [Fact]
    public void A_cancelled_backup_leaves_nothing()
    {
        BackupWorkload work = new(26);
        MemoryStorageProvider store = new();
        work.Steps(30);
        using CancellationTokenSource cancel = new();
        using (BackupRun run = new(work.Database, new BackupOptions { Target = store, PagesPerFile = 4 }, cancel.Token))
        {
            run.Step();
            run.Step();
            run.Step();
            cancel.Cancel();
            Assert.Throws<OperationCanceledException>(() => run.Step());
        }

        Assert.DoesNotContain(store.List(), f => f.Contains("-b0", StringComparison.Ordinal));
        Assert.Empty(work.Database.Log.Extents.Fences.All);
        Assert.Equal(0, work.Database.Store.SnapshotCount);
        work.Database.Dispose();
    }

    [Fact]
    public void An_encrypted_database_leaves_no_plaintext_in_backup_and_archive_and_needs_its_key()
    {
        byte[] secret = "the quick brown secret"u8.ToArray();
        BackupWorkload work = new(27, encrypted: true);
        MemoryStorageProvider store = new();
        using LogArchive archive = new(work.Database, new LogArchiveOptions { Target = store });
        byte[] large = new byte[40_000];
        for (int i = 0; i + secret.Length < large.Length; i += secret.Length)
            secret.CopyTo(large, i);
        ListRequest request = new ListRequest().Create(5000);
        for (int i = 0; i < 30; i++)
            request.Put(5000, [.. secret, (byte)i], i == 7 ? large : secret);
        work.Database.Pipeline.Commit(request, Durability.Full);
        work.Backup(store);
        work.Database.Pipeline.Commit(new ListRequest().Put(5000, secret, large), Durability.Full);
        work.Backup(store, incremental: true);
        archive.Archive(default);
        foreach (string name in store.List())
        {
            IStorageFile file = store.Open(name, StorageFileMode.Open);
            byte[] bytes = new byte[file.Length];
            file.Read(0, bytes);
            Assert.True(bytes.AsSpan().IndexOf(secret.AsSpan(4, 12)) < 0, $"{name} holds plaintext");
        }

        RestoreOptions to = work.To(store) with { Archive = store };
        Assert.Equal(StorageErrorCode.KeyRequired, Assert.Throws<StorageException>(() => StorageBackup.Restore(to with { Key = null })).Code);
        using EncryptionKey wrong = EncryptionKey.FromBytes("another key of thirty-two bytes!"u8);
        Assert.Equal(StorageErrorCode.WrongKey, Assert.Throws<StorageException>(() => StorageBackup.Restore(to with { Key = wrong })).Code);
        Assert.True(StorageBackup.Verify(new VerifyOptions { Source = store, Set = BackupWorkload.Name, Archive = store }).IsValid);
        StorageBackup.Restore(to);
        using Database restored = work.OpenRestored(to);
        Assert.NotNull(restored.Data.Cipher);
        foreach (string name in to.Target.List())
        {
            IStorageFile file = to.Target.Open(name, StorageFileMode.Open);
            byte[] bytes = new byte[file.Length];
            file.Read(0, bytes);
            Assert.True(bytes.AsSpan().IndexOf(secret.AsSpan(4, 12)) < 0, $"{name} of the restored database holds plaintext");
        }

        // A target that stands for encryption would encrypt nothing of a database that is not.
        if (!TestSubstrates.IsEncrypted(TestSubstrates.Default))
        {
            BackupWorkload plain = new(28);
            EncryptedStorageProvider target = new(new MemoryStorageProvider(), TestSubstrates.Key);
            Assert.Throws<ArgumentException>(() => plain.Backup(target));
            plain.Database.Dispose();
        }

        work.Database.Dispose();
    }
}
