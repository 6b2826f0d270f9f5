using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Encryption;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Recovery;
using BareMetal.Data.Storage.Trees;

namespace BareMetal.Data.Storage.Backup;

/// <summary>
/// Makes a database from backups and log: pages first, then the log in rounds, each of which is put beside the data file as after a crash and
/// recovered by opening it. All that happens under a working name; the database gets its own at the end.
/// </summary>
internal sealed class RestoreRun
{
    private readonly RestoreOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly StorageEnvironment _environment;
    private readonly DatabaseFiles _files;
    private readonly DatabaseFiles _work;
    private readonly DatabaseSettings _settings;
    private readonly BackupPace _pace;
    private readonly EncryptionKey? _key;
    private long _commits;

    /// <summary>Prepares a restore.</summary>
    public RestoreRun(RestoreOptions options, CancellationToken cancellation)
    {
        if (options.ToLsn is not null && options.ToTime is not null)
            throw new ArgumentException("A restore has one goal: an LSN or a time.", nameof(options));
        _options = options;
        _cancellation = cancellation;
        _environment = options.Environment ?? StorageEnvironment.Default;
        _files = new DatabaseFiles(options.Name);
        _work = new DatabaseFiles(options.Name + "-restore");
        DatabaseSettings settings = options.Settings ?? new DatabaseSettings { CacheBytes = options.CacheBytes };
        _key = options.Key ?? (options.Source as EncryptedStorageProvider)?.Key ?? (options.Target as EncryptedStorageProvider)?.Key;
        _settings = settings with { AutomaticCheckpoints = false, Key = _key, Log = settings.Log with { MaxLogBytes = long.MaxValue } };
        _pace = new BackupPace(_environment.Clock, 0, options.Progress, cancellation);
    }

    /// <summary>Restores.</summary>
    /// <exception cref="StorageException">Something is missing, damaged or foreign, or the target exists.</exception>
    public RestoreResult Run()
    {
        BackupSet set = BackupSet.Read(_options.Source, _options.Set);
        BackupInfo backup = Choose(set);
        List<BackupInfo> chain = set.ChainOf(backup);
        List<(IStorageProvider Provider, LogSegmentInfo Info)> path = FindLog(set, backup);
        if (_options.Target.Exists(_options.Name))
        {
            throw new StorageException(
                StorageErrorCode.AlreadyExists, $"{_options.Name}: the file exists in {_options.Target.Location}. Restore under another name, or delete the database first.")
                { File = _options.Name };
        }

        using (_options.Target.AcquireOwnerLock(_files.Lock, TimeSpan.Zero))
        {
            DeleteWork();
            using DatabaseCipher? cipher = OpenCipher(backup);
            try
            {
                Guid timeline = _environment.NextGuid();
                WritePages(chain, timeline);
                Lsn last = Replay(backup, path, cipher);
                Publish();
                return new RestoreResult(last, timeline, chain.ConvertAll(static b => b.Number), path.Count, _commits);
            }
            catch (Exception e) when (e is StorageException or OperationCanceledException)
            {
                DeleteQuietly();
                throw;
            }
        }
    }

    private DatabaseCipher? OpenCipher(BackupInfo backup)
    {
        if (backup.Encryption is { } slot)
        {
            return DatabaseCipher.Open(
                _key ?? throw new StorageException(
                    StorageErrorCode.KeyRequired, $"{backup.Name}: the backup is encrypted. Give the {(slot.FromPassphrase ? "passphrase" : "key")} that it was taken with.")
                    { File = backup.Name },
                backup.DatabaseId, slot, _environment.Random, backup.Name);
        }

        return _key is null
            ? null
            : throw new StorageException(
                StorageErrorCode.NotEncrypted, $"{backup.Name}: the backup is not encrypted, but a key was given. Restore it without one.") { File = backup.Name };
    }

    private BackupInfo Choose(BackupSet set)
    {
        if (_options.Backup != 0)
        {
            BackupInfo chosen = set.Get(_options.Backup);
            return IsBeforeGoal(chosen)
                ? chosen
                : throw new StorageException(
                    StorageErrorCode.BackupMissing,
                    $"{chosen.Name}: the backup is of LSN {chosen.Cut} and {chosen.CutTime:u}, after what is to be restored. Choose an earlier one.") { File = chosen.Name };
        }

        for (int i = set.Backups.Count - 1; i >= 0; i--)
        {
            if (IsBeforeGoal(BackupSet.Whole(set.Backups[i])))
                return set.Backups[i];
        }

        throw new StorageException(
            StorageErrorCode.BackupMissing,
            set.Backups.Count == 0
                ? $"{set.Name}: there is no backup in {_options.Source.Location}."
                : $"{set.Name}: the earliest backup is of LSN {set.Backups[0].Cut} and {set.Backups[0].CutTime:u}, after what is to be restored.") { File = set.Name };
    }

    private bool IsBeforeGoal(BackupInfo backup) =>
        (_options.ToLsn is not { } lsn || backup.Cut <= lsn) && (_options.ToTime is not { } time || backup.CutTime <= time);

    private List<(IStorageProvider Provider, LogSegmentInfo Info)> FindLog(BackupSet set, BackupInfo backup)
    {
        LogCoverage log = new(backup.DatabaseId, backup.TimelineId);
        log.Add(_options.Source, backup);
        bool hasGoal = _options.ToLsn is not null || _options.ToTime is not null;
        if (_options.Archive is { } archive)
            log.AddArchive(archive, _options.ArchiveSet ?? _options.Set);
        if (hasGoal || _options.Archive is not null)
        {
            foreach (BackupInfo other in set.Backups)
            {
                if (other.Problem is null && other.Number != backup.Number && other.DatabaseId == backup.DatabaseId && other.TimelineId == backup.TimelineId &&
                    _options.Source.Exists(other.LogName))
                {
                    log.Add(_options.Source, other);
                }
            }
        }

        if (!hasGoal)
            return log.PathFrom(backup.Cut, null, "its end");
        if (_options.ToLsn is { } lsn)
            return lsn == backup.Cut ? [] : log.PathFrom(backup.Cut, i => i.To >= lsn, $"LSN {lsn}");
        long ticks = _options.ToTime!.Value.UtcTicks;
        return log.PathFrom(backup.Cut, i => i.EndUtcTicks >= ticks, $"{_options.ToTime:u}");
    }

    private void WritePages(List<BackupInfo> chain, Guid timeline)
    {
        BackupInfo newest = chain[^1];
        ulong pageCount = PageFormat.FirstMapPage(newest.PageSize);
        foreach (BackupInfo backup in chain)
            pageCount = Math.Max(pageCount, (ulong)backup.DatabasePages);
        using DataFile data = DataFile.Create(_options.Target, _work.Data, _environment, new DatabaseHeader
        {
            DatabaseId = newest.DatabaseId,
            TimelineId = timeline,
            ParentTimelineId = newest.TimelineId,
            PageSize = newest.PageSize,
            CheckpointLsn = newest.Cut,
            PageCount = pageCount,
            CreatedUtcTicks = newest.CreatedUtcTicks,
        }, OpenCipher(newest));
        long unflushed = 0, done = 0;
        foreach (BackupInfo backup in chain)
            _pace.Total += backup.Pages;
        foreach (BackupInfo backup in chain)
        {
            BackupPages.ReadAll(
                _options.Source, backup,
                (page, image) =>
                {
                    data.WritePage(page, image, backup.Name);
                    done++;
                    unflushed += image.Length;
                    if (unflushed >= _settings.CheckpointPaceBytes)
                    {
                        data.FlushPages(FlushSite.CheckpointPaced);
                        _pace.Wrote(unflushed, done);
                        unflushed = 0;
                    }
                },
                _cancellation);
        }

        // The header that will point to the log is flushed with the pages.
        _pace.Wrote(unflushed, done);
    }

    private Lsn Replay(BackupInfo backup, List<(IStorageProvider Provider, LogSegmentInfo Info)> path, DatabaseCipher? cipher)
    {
        RestoreLog? round = null;
        Lsn last = backup.Cut;
        bool reached = false;
        try
        {
            foreach ((IStorageProvider provider, LogSegmentInfo info) in path)
            {
                if (reached)
                    break;
                using LogSegmentReader reader = LogSegmentReader.Open(provider, info.Name);
                reader.ReadAll(
                    cipher,
                    (kind, payload) =>
                    {
                        if (reached)
                            return;
                        if (kind == LogRecordKind.Chunk)
                        {
                            // Whether its commit is wanted shows when that comes: until then its chunks mean nothing.
                            Round().AppendChunk(payload);
                            return;
                        }

                        (Lsn lsn, long ticks) = kind == LogRecordKind.Commit
                            ? (LogCommit.Read(payload).Lsn, LogCommit.Read(payload).UtcTicks)
                            : (LogSequenceMark.Read(payload).Lsn, LogSequenceMark.Read(payload).UtcTicks);
                        if (lsn <= last)
                        {
                            round?.ForgetChunks();
                            return;
                        }

                        if (_options.ToLsn is { } toLsn && lsn > toLsn || _options.ToTime is { } toTime && ticks > toTime.UtcTicks)
                        {
                            reached = true;
                            return;
                        }

                        if (kind == LogRecordKind.Commit)
                            Round().AppendCommit(payload);
                        else
                            Round().AppendMark(payload, lsn);
                        last = lsn;
                        _commits++;
                        if (round!.Bytes >= _options.RoundBytes)
                            EndRound(check: false);
                    },
                    _cancellation);
            }

            Round();
            EndRound(check: _options.CheckIntegrity);
        }
        finally
        {
            round?.Dispose();
        }

        return last;

        RestoreLog Round() => round ??= new RestoreLog(_options.Target, _work, _environment, _settings);

        void EndRound(bool check)
        {
            round!.Complete();
            round.Dispose();
            round = null;
            Database database = Database.Open(_options.Target, _work.Data, StorageFileMode.Open, _environment, _settings);
            try
            {
                if (check && IntegrityChecker.Check(database.Store, _cancellation) is { Count: > 0 } problems)
                {
                    throw new StorageException(
                        StorageErrorCode.Corruption, $"{_options.Name}: the restored database has {problems.Count} problems, the first: {problems[0]}. Use another backup.");
                }

                database.Close();
            }
            finally
            {
                database.Dispose();
            }
        }
    }

    /// <summary>Gives the finished database its name: the data file last, so that it is there whole or not at all.</summary>
    private void Publish()
    {
        IStorageProvider target = _options.Target;
        target.Delete(_work.Checkpoint(0));
        target.Delete(_work.Checkpoint(1));
        target.Delete(_work.Reserve);
        target.Delete(_work.Fences);
        foreach (ulong number in _work.ListExtents(target))
            target.Rename(_work.Extent(number), _files.Extent(number));
        if (target.Exists(_work.Stamps))
            target.Rename(_work.Stamps, _files.Stamps);
        _environment.FlushDirectory(target, FlushSite.RestoredLogDirectory);
        target.Rename(_work.Data, _files.Data);
        _environment.FlushDirectory(target, FlushSite.RestoredDirectory);
    }

    private void DeleteWork()
    {
        foreach (string file in _options.Target.List())
        {
            if (file == _work.Data || _work.IsSibling(file) || _files.IsSibling(file) && file != _files.Lock)
                _options.Target.Delete(file);
        }
    }

    private void DeleteQuietly()
    {
        try
        {
            if (!_options.Target.Exists(_options.Name))
                DeleteWork();
        }
        catch (StorageException e)
        {
            // They do no harm: the next restore or creation of that name removes them.
            System.Diagnostics.Trace.TraceWarning($"{_work.Data}: what the failed restore left could not be removed: {e.Message}");
        }
    }
}
