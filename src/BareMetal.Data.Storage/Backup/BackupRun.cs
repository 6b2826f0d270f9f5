using System.Diagnostics;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;
using BareMetal.Data.Storage.Recovery;

namespace BareMetal.Data.Storage.Backup;

/// <summary>
/// One backup while writers go on, in steps: a checkpoint as the cut, held by a snapshot and a fence; the pages of that state, a file at a
/// time; the log from the cut to now; the manifest. Given up, it leaves nothing that would be taken for a backup.
/// </summary>
internal sealed class BackupRun : IDisposable
{
    /// <summary>What the name of the lock adds to the set's.</summary>
    public const string LockSuffix = "-backup-lock";

    private readonly Database _database;
    private readonly BackupOptions _options;
    private readonly IStorageProvider _target;
    private readonly IDisposable _lock;
    private readonly BackupSet _set;
    private readonly BackupPace _pace;
    private readonly List<PageId> _file = [];
    private BackupInfo _info;
    private Snapshot? _snapshot;
    private LogConsumer? _log;
    private ulong _nextPage;
    private ulong _pageCount;
    private Stage _stage;
    private bool _disposed;

    /// <summary>Takes the set's lock and finds out what the backup builds on; nothing is read or written yet.</summary>
    /// <param name="database">The database.</param>
    /// <param name="options">Where to and how.</param>
    /// <param name="cancellation">Ends the backup.</param>
    public BackupRun(Database database, BackupOptions options, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.BytesPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.PagesPerFile);
        _database = database;
        _options = options;
        _target = options.Target;
        _pace = new BackupPace(database.Environment.Clock, options.BytesPerSecond, options.Progress, cancellation);
        if (_target is EncryptedStorageProvider && database.Data.Cipher is null)
        {
            throw new ArgumentException(
                "The target stands for encryption, but the database is not encrypted, and so its backup would not be either. Give the provider below it.", nameof(options));
        }

        string name = options.Set ?? database.Files.Data;
        _lock = _target.AcquireOwnerLock(name + LockSuffix, TimeSpan.Zero);
        try
        {
            _set = BackupSet.Read(_target, name);
            _set.DeleteUnfinished();
            DatabaseHeader header = database.Data.Header;
            BackupInfo? parent = options.Incremental ? FindParent(header) : null;
            long number = _set.Backups.Count == 0 ? 1 : _set.Backups[^1].Number + 1;
            _info = new BackupInfo
            {
                Number = number,
                Name = _set.NameOf(number),
                Id = database.Environment.NextGuid(),
                ParentNumber = parent?.Number ?? 0,
                ParentId = parent?.Id ?? default,
                DatabaseId = header.DatabaseId,
                TimelineId = header.TimelineId,
                From = parent?.Cut ?? Lsn.Zero,
                PageSize = header.PageSize,
                CreatedUtcTicks = header.CreatedUtcTicks,
                Encryption = header.Encryption,
            };
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    private enum Stage
    {
        Begin,
        Pages,
        Log,
        Done,
    }

    /// <summary>The backup, complete when <see cref="Step"/> says so.</summary>
    public BackupInfo Info => _info;

    /// <summary>Does the next piece.</summary>
    /// <returns>False when the backup is complete.</returns>
    /// <exception cref="StorageException">It failed; dispose it.</exception>
    public bool Step()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _pace.Cancellation.ThrowIfCancellationRequested();
        switch (_stage)
        {
            case Stage.Begin:
                Begin();
                _stage = Stage.Pages;
                break;
            case Stage.Pages:
                _log!.Fence.ThrowIfDropped();
                if (!CopyPages())
                {
                    ReleaseSnapshot();
                    _stage = Stage.Log;
                }

                break;
            case Stage.Log:
                CopyLog();
                Finish();
                _stage = Stage.Done;
                break;
        }

        return _stage != Stage.Done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        try
        {
            ReleaseSnapshot();
            _log?.Dispose();
            if (_stage != Stage.Done)
                _set.DeleteUnfinished();
        }
        catch (StorageException e)
        {
            // Files without a manifest mean nothing; the next backup removes them.
            Trace.TraceWarning($"{_info.Name}: what the unfinished backup left could not be removed: {e.Message}");
        }
        finally
        {
            _lock.Dispose();
        }
    }

    private BackupInfo FindParent(DatabaseHeader header)
    {
        BackupInfo parent;
        if (_options.Parent != 0)
        {
            parent = _set.Get(_options.Parent);
        }
        else
        {
            if (_set.Backups.Count == 0)
            {
                throw new StorageException(
                    StorageErrorCode.BackupMissing, $"{_set.Name}: there is no backup in {_target.Location} to build on. Take a full one first.") { File = _set.Name };
            }

            parent = _set.Backups[^1];
        }

        if (BackupSet.Whole(parent).DatabaseId != header.DatabaseId)
        {
            throw new StorageException(
                StorageErrorCode.ForeignTimeline, $"{parent.Name}: the backup is of database {parent.DatabaseId}, this one is {header.DatabaseId}. Use another set or a full backup.")
                { File = parent.Name };
        }

        if (parent.TimelineId != header.TimelineId)
            throw BackupSet.OtherTimeline(parent, header.TimelineId);
        if (parent.Cut > _database.Pipeline.LastLsn)
        {
            throw new StorageException(
                StorageErrorCode.ForeignTimeline,
                $"{parent.Name}: the backup is newer (LSN {parent.Cut}) than the database ({_database.Pipeline.LastLsn}), which is an older copy. Take a full backup.")
                { File = parent.Name };
        }

        if (!Equals(parent.Encryption, header.Encryption))
        {
            throw new StorageException(
                StorageErrorCode.BackupMissing,
                $"{parent.Name}: the passphrase or key of the database was changed since this backup, and nothing can be built on it. Take a full backup.")
                { File = parent.Name };
        }

        _set.ChainOf(parent); // what could not be restored is not built on
        return parent;
    }

    private void Begin()
    {
        Lsn cut = default;
        long ticks = 0;

        // The cut is a checkpoint: recovery never goes back before it, so that later pages can be told from these by their LSNs (what
        // replay makes of the same commits may lie in other pages), and no LSN up to it is taken twice.
        _database.Checkpoints.Run(atCut: (lsn, point) =>
        {
            cut = lsn;
            ticks = _database.Environment.Clock.GetUtcNow().UtcTicks;
            _snapshot = _database.Store.AcquireSnapshot();
            _log = LogConsumer.Hold(_database, _info.Name, LogFenceKind.Backup, _options.MaxHeldLogBytes, point, lsn);
        });
        Debug.Assert(_snapshot!.Value.Lsn <= cut);
        if (_info.From > cut)
            throw new StorageException(StorageErrorCode.ForeignTimeline, $"{_info.Name}: the backup before it ends at LSN {_info.From}, the database at {cut}.");
        _nextPage = PageFormat.FirstMapPage(_info.PageSize);
        _pageCount = _database.Store.PageCountAt(_snapshot.Value.Lsn);
        _info = _info with { Cut = cut, CutTime = new DateTimeOffset(ticks, TimeSpan.Zero), DatabasePages = (long)_pageCount };
        _pace.Total = (long)_pageCount;
    }

    /// <summary>Copies the next file's worth of pages.</summary>
    private bool CopyPages()
    {
        Lsn at = _snapshot!.Value.Lsn;
        if (_info.Cut == Lsn.Zero || _info.Cut == _info.From)
            return false; // nothing was ever written, or nothing since
        _file.Clear();
        ulong first = PageFormat.FirstMapPage(_info.PageSize), perMap = (ulong)PageFormat.PagesPerMap(_info.PageSize);
        byte[] map = new byte[_info.PageSize];
        while (_nextPage < _pageCount && _file.Count < _options.PagesPerFile)
        {
            ulong mapPage = first + ((_nextPage - first) / perMap * perMap);
            _database.Store.CopyPage(new PageId(mapPage), at, map);
            ulong end = Math.Min(mapPage + perMap, _pageCount);
            for (; _nextPage < end && _file.Count < _options.PagesPerFile; _nextPage++)
            {
                ulong bit = _nextPage - mapPage;
                if ((map[PageFormat.BodyOffset + (int)(bit >> 3)] & (1 << (int)(bit & 7))) == 0)
                    continue;
                if (_info.From == Lsn.Zero || _database.Store.PageLsnAt(new PageId(_nextPage), at) > _info.From)
                    _file.Add(new PageId(_nextPage));
                if ((_nextPage & 255) == 0)
                    _pace.Looked((long)_nextPage);
            }
        }

        if (_file.Count == 0)
            return _nextPage < _pageCount;
        DatabaseHeader header = new()
        {
            DatabaseId = _info.DatabaseId,
            TimelineId = _info.TimelineId,
            PageSize = _info.PageSize,
            CheckpointLsn = _info.Cut,
            PageCount = _pageCount,
            CreatedUtcTicks = _info.CreatedUtcTicks,
            Generation = _info.Tag,
            WrittenUtcTicks = _info.PageFiles,
        };
        long paced = 0;
        using CheckpointFile file = CheckpointFile.Write(
            _target, _info.PagesName(_info.PageFiles), _database.Environment, _info.From, header, _file,
            (page, buffer) =>
            {
                _database.Store.CopyPage(page, at, buffer);
                _database.Store.Seal(page, buffer);
                paced += buffer.Length;
                if (paced >= _options.PaceBytes)
                {
                    _pace.Wrote(paced, (long)page.Value);
                    paced = 0;
                }
            },
            paceBytes: 4 << 20, pace: null);
        _pace.Wrote(paced, (long)_nextPage);
        _info = _info with { PageFiles = _info.PageFiles + 1, Pages = _info.Pages + _file.Count, Bytes = _info.Bytes + file.Length };
        return _nextPage < _pageCount;
    }

    private void CopyLog()
    {
        using LogSegmentWriter writer = new(_target, _info.LogName, _database.Environment, _info.DatabaseId, _info.TimelineId, _info.Cut, _database.Data.Cipher);
        long paced = 0;
        (Lsn end, long ticks) = _log!.Read(
            (kind, payload) =>
            {
                writer.Append(kind, payload);
                paced += payload.Length;
                if (paced >= _options.PaceBytes)
                {
                    _pace.Wrote(paced, (long)_pageCount);
                    paced = 0;
                }
            },
            _pace.Cancellation);
        if (end < _info.Cut)
            end = _info.Cut;
        LogSegmentInfo segment = writer.Seal(_database.Environment, end, ticks);
        _info = _info with { End = end, EndTime = new DateTimeOffset(ticks, TimeSpan.Zero), Bytes = _info.Bytes + segment.Length, LogFileId = segment.FileId };
    }

    private void Finish()
    {
        StorageEnvironment environment = _database.Environment;
        environment.FlushDirectory(_target, FlushSite.BackupDirectory);
        _info = _info with { Bytes = _info.Bytes + BackupManifest.Size };
        string unfinished = _info.Name + "-new";
        _target.Delete(unfinished);
        using (IStorageFile file = _target.Open(unfinished, StorageFileMode.CreateNew))
        {
            file.Write(0, BackupManifest.Write(_info));
            environment.Flush(file, FlushSite.BackupManifest);
        }

        _pace.Cancellation.ThrowIfCancellationRequested();
        _target.Rename(unfinished, _info.Name);
        try
        {
            environment.FlushDirectory(_target, FlushSite.BackupNamed);
        }
        catch (StorageException)
        {
            _target.Delete(_info.Name); // whether it would survive is not known: a backup that failed is none
            throw;
        }

        _pace.Wrote(0, (long)_pageCount);
    }

    private void ReleaseSnapshot()
    {
        if (_snapshot is { } snapshot)
        {
            _snapshot = null;
            _database.Store.ReleaseSnapshot(snapshot);
        }
    }
}
