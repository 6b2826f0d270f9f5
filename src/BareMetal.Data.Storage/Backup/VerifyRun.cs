using BareMetal.Data.Storage.Encryption;

namespace BareMetal.Data.Storage.Backup;

/// <summary>Reads every byte of backups and archived log and collects what is wrong.</summary>
internal sealed class VerifyRun(VerifyOptions options, CancellationToken cancellation)
{
    private readonly List<string> _problems = [];
    private readonly BackupPace _pace = new((options.Environment ?? StorageEnvironment.Default).Clock, 0, options.Progress, cancellation);
    private readonly Dictionary<Guid, DatabaseCipher> _ciphers = [];
    private long _pages;
    private long _records;
    private long _bytes;

    /// <summary>Verifies.</summary>
    public BackupVerification Run()
    {
        try
        {
            return RunAll();
        }
        finally
        {
            foreach (DatabaseCipher cipher in _ciphers.Values)
                cipher.Dispose();
        }
    }

    private BackupVerification RunAll()
    {
        BackupSet set = BackupSet.Read(options.Source, options.Set);
        List<BackupInfo> backups = [];
        if (options.Backup == 0)
        {
            backups.AddRange(set.Backups);
            if (backups.Count == 0)
                _problems.Add($"{set.Name}: there is no backup in {options.Source.Location}.");
        }
        else
        {
            Try(() => backups.AddRange(set.ChainOf(set.Get(options.Backup))));
        }

        foreach (BackupInfo backup in backups)
            _pace.Total += backup.Pages;
        foreach (BackupInfo backup in backups)
            Verify(set, backup);
        if (options.Archive is { } archive)
            VerifyArchive(set, archive, backups);
        return new BackupVerification(backups, _pages, _records, _bytes, _problems);
    }

    private void Verify(BackupSet set, BackupInfo backup)
    {
        if (!Try(() => set.ChainOf(backup)) || backup.Problem is not null)
            return;
        _bytes += BackupManifest.Size;
        bool whole = Try(() => BackupPages.ReadAll(
            options.Source, backup,
            (_, image) =>
            {
                _pages++;
                _bytes += image.Length;
                if ((_pages & 255) == 0)
                    _pace.Wrote(256L * image.Length, _pages);
            },
            cancellation));
        whole &= Try(() =>
        {
            LogCoverage log = new(backup.DatabaseId, backup.TimelineId);
            log.Add(options.Source, backup);
            LogSegmentInfo info = log.Segments[0].Info;
            if (info.From != backup.Cut || info.To != backup.End)
            {
                throw new StorageException(
                    StorageErrorCode.Corruption, $"{info.Name}: the log goes from LSN {info.From} to {info.To}, the backup's from {backup.Cut} to {backup.End}.") { File = info.Name };
            }

            ReadLog(options.Source, info.Name, backup);
        });
        if (whole && options.Restore)
            Try(() => Restore(set, backup));
    }

    private void Restore(BackupSet set, BackupInfo backup) =>
        new RestoreRun(
            new RestoreOptions
            {
                Source = options.Source,
                Set = set.Name,
                Backup = backup.Number,
                Target = new MemoryStorageProvider(),
                Name = "verify",
                Key = backup.IsEncrypted ? options.Key ?? (options.Source as EncryptedStorageProvider)?.Key : null,
                CheckIntegrity = true,
                Environment = options.Environment,
                Settings = options.Settings,
            },
            cancellation).Run();

    private void VerifyArchive(BackupSet set, IStorageProvider archive, List<BackupInfo> backups)
    {
        string name = options.ArchiveSet ?? options.Set;
        HashSet<Guid> timelines = [];
        foreach (BackupInfo backup in backups)
        {
            if (backup.Problem is not null || !timelines.Add(backup.TimelineId))
                continue;
            LogCoverage log = new(backup.DatabaseId, backup.TimelineId);
            Try(() =>
            {
                log.AddArchive(archive, name);
                foreach ((IStorageProvider provider, LogSegmentInfo info) in log.Segments)
                    ReadLog(provider, info.Name, backup);
            });
            Try(() =>
            {
                // From the oldest backup of the timeline there is a way to the end.
                foreach (BackupInfo other in set.Backups)
                {
                    if (other.Problem is null && other.TimelineId == backup.TimelineId && options.Source.Exists(other.LogName))
                        log.Add(options.Source, other);
                }

                log.PathFrom(backup.Cut, null, "its end");
            });
        }
    }

    private void ReadLog(IStorageProvider provider, string name, BackupInfo backup)
    {
        // Without the key the checksums of what is encrypted can still be verified.
        EncryptionKey? key = options.Key ?? (options.Source as EncryptedStorageProvider)?.Key;
        DatabaseCipher? cipher = null;
        if (key is not null && backup.Encryption is { } slot && !_ciphers.TryGetValue(backup.Id, out cipher))
        {
            cipher = DatabaseCipher.Open(key, backup.DatabaseId, slot, (options.Environment ?? StorageEnvironment.Default).Random, backup.Name);
            _ciphers.Add(backup.Id, cipher);
        }

        using LogSegmentReader reader = LogSegmentReader.Open(provider, name);
        reader.ReadAll(cipher, null, cancellation);
        _records += reader.Info.Records;
        _bytes += reader.Info.Length;
    }

    private bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (StorageException e)
        {
            if (!_problems.Contains(e.Message))
                _problems.Add(e.Message);
            return false;
        }
    }
}
