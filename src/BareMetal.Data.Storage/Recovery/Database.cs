using System.Buffers.Binary;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Commit;
using BareMetal.Data.Storage.Encryption;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Recovery;

/// <summary>
/// An open database: data file, page store, log, pipeline and checkpoints put together, by making it, by finding it clean, or by recovering it.
/// The owner lock is the caller's.
/// </summary>
internal sealed class Database : IDisposable
{
    /// <summary>The tree that keeps counters' high-water marks: the counter's number to the mark, both big-endian.</summary>
    public static readonly TreeId SequenceTree = new(TreeId.FirstDynamic - 1);

    private const ulong RotationCounter = ulong.MaxValue - 1;
    private const ulong RewrittenPages = 4096;
    private const int GarbagePages = 64;
    private const int SparseLeaves = 16;
    private const long KeptWhenClosed = 1 << 20;
    private const long KeptWhileOpen = 64 << 20;

    private readonly IBackgroundScheduler _scheduler;
    private readonly IBackgroundWorker _checkpointWorker;
    private readonly IBackgroundWorker _garbageWorker;
    private readonly CommitThrottle _throttle;
    private readonly IBackgroundWorker? _mirrorWorker;
    private readonly CancellationTokenSource _mirrorCancellation = new();
    private readonly DatabaseFiles _files;
    private readonly DatabaseSettings _settings;
    private readonly Lock _vacuuming = new();
    private readonly long _dirtyLimit;
    private readonly long _logLimit;
    private long _logBytesAtCheckpoint;
    private bool _closed;
    private volatile bool _closing;

    private Database(
        DatabaseFiles files, IStorageProvider provider, StorageEnvironment environment, DatabaseSettings settings, DataFile data, PageStore store,
        PageStoreTarget target, LogWriter log, RecoveryReport report)
    {
        _files = files;
        _settings = settings;
        Provider = provider;
        Environment = environment;
        Data = data;
        Store = store;
        Target = target;
        target.PublishesEarly = environment.Faults is { PublishImageEarly: true };
        Log = log;
        Report = report;
        _dirtyLimit = settings.CheckpointDirtyBytes > 0 ? settings.CheckpointDirtyBytes : settings.CacheBytes * 3 / 8;
        Pipeline = new CommitPipeline(target, log, environment, report.LastLsn, SequenceTree);
        Checkpoints = new Checkpointer(provider, files, environment, data, store, Pipeline)
        {
            PaceBytes = settings.CheckpointPaceBytes,
            KeptFileBytes = settings.KeptCheckpointBytes > 0 ? settings.KeptCheckpointBytes : Math.Max(KeptWhileOpen, _dirtyLimit + (_dirtyLimit / 4)),
            Pacer = new CheckpointPacer(
                environment, settings.CheckpointPaceBytes, settings.CheckpointBytesPerSecond, () => Pipeline.LastLogged, IsCheckpointUrgent),
        };
        _scheduler = environment.Scheduler;
        _throttle = new CommitThrottle(
            _scheduler, () => Store.DirtyBytes >= 2 * _dirtyLimit && Pipeline.Failure is null, () => _checkpointWorker!.Signal(), RefuseIfFull);
        _logLimit = Math.Min(settings.CheckpointLogBytes, settings.Log.MaxLogBytes / 2);
        _checkpointWorker = _scheduler.CreateWorker("BareMetal checkpointer", CheckpointStep);
        _garbageWorker = _scheduler.CreateWorker("BareMetal page reclaimer", GarbageStep);
        if (provider is MirroredStorageProvider { InDoubt: true } mirror)
        {
            _mirrorWorker = _scheduler.CreateWorker("BareMetal mirror", () => ReconcileStep(mirror));
            _mirrorWorker.Signal();
        }

        Pipeline.IsReadOnly = settings.ReadOnly;
        if (!settings.ReadOnly)
            Pipeline.BatchBuilt = OnBatchBuilt;
        if (settings is { AutomaticCheckpoints: true, ReadOnly: false })
        {
            Pipeline.Throttle = _throttle;

            // What was replayed is in no checkpoint: take one, so that it need not be copied and replayed at every start.
            if (report.Operations > 0)
                _checkpointWorker.Signal();
        }
    }

    /// <summary>The substrate.</summary>
    public IStorageProvider Provider { get; }

    /// <summary>Time, randomness, background work.</summary>
    public StorageEnvironment Environment { get; }

    /// <summary>The names of the files.</summary>
    public DatabaseFiles Files => _files;

    /// <summary>The data file.</summary>
    public DataFile Data { get; }

    /// <summary>Pages and trees.</summary>
    public PageStore Store { get; }

    /// <summary>The page store as the pipeline sees it.</summary>
    public PageStoreTarget Target { get; }

    /// <summary>The log.</summary>
    public LogWriter Log { get; }

    /// <summary>Where commits go.</summary>
    public CommitPipeline Pipeline { get; }

    /// <summary>Where checkpoints are taken.</summary>
    public Checkpointer Checkpoints { get; }

    /// <summary>Called with the bytes appended to the log so far when a batch was built, for the archive. Must be short.</summary>
    public Action<long>? LogGrew { get; set; }

    /// <summary>What opening did.</summary>
    public RecoveryReport Report { get; }

    /// <summary>Bytes of changed pages after which a checkpoint is started.</summary>
    public long DirtyLimit => _dirtyLimit;

    /// <summary>Whether everything that was acknowledged is durable.</summary>
    public bool IsDurable => Log.DurableLsn >= Pipeline.LastLogged;

    /// <summary>The failure of the last automatic checkpoint; null when it succeeded.</summary>
    public Exception? CheckpointFailure { get; private set; }

    /// <summary>Why the sides of a mirror could not be compared after a crash; null when they were, or need not be.</summary>
    public Exception? MirrorFailure { get; private set; }

    /// <summary>Opens a database or makes one.</summary>
    /// <param name="provider">The substrate.</param>
    /// <param name="name">The data file's name.</param>
    /// <param name="mode">Whether it must exist, must not, or is made when missing.</param>
    /// <param name="environment">Time, randomness, background work.</param>
    /// <param name="settings">Sizes.</param>
    public static Database Open(
        IStorageProvider provider, string name, StorageFileMode mode, StorageEnvironment environment, DatabaseSettings settings)
    {
        if (provider is EncryptedStorageProvider encrypted)
        {
            settings = settings with { Key = encrypted.Key };
            provider = encrypted.Inner;
        }

        DatabaseFiles files = new(name);
        foreach (string file in settings.ReadOnly ? [] : provider.List())
        {
            if (file.StartsWith(files.SpillPrefix, StringComparison.Ordinal))
                provider.Delete(file);
        }

        bool exists = provider.Exists(name);
        if (exists && mode == StorageFileMode.CreateNew)
            throw new StorageException(StorageErrorCode.AlreadyExists, $"{name}: the database exists in {provider.Location}.") { File = name };
        if (!exists && (mode == StorageFileMode.Open || settings.ReadOnly))
            throw new StorageException(StorageErrorCode.DoesNotExist, $"{name}: there is no such database in {provider.Location}.") { File = name };
        return exists ? OpenExisting(provider, files, environment, settings) : Create(provider, files, environment, settings);
    }

    /// <summary>Reads the counters' marks.</summary>
    public Dictionary<ulong, ulong> ReadSequences()
    {
        Dictionary<ulong, ulong> marks = [];
        Snapshot snapshot = Store.AcquireSnapshot();
        try
        {
            Trees.PageCursor cursor = Store.OpenCursor(SequenceTree, snapshot.Lsn);
            try
            {
                for (bool found = cursor.Seek([], SeekMode.GreaterOrEqual); found; found = cursor.MoveNext())
                    marks.Add(BinaryPrimitives.ReadUInt64BigEndian(cursor.Key), BinaryPrimitives.ReadUInt64BigEndian(cursor.Value));
            }
            finally
            {
                Store.ReturnCursor(cursor);
            }
        }
        finally
        {
            Store.ReleaseSnapshot(snapshot);
        }

        return marks;
    }

    /// <summary>Closes the database: cleanly, unless it is stopped.</summary>
    /// <exception cref="StorageException">The last checkpoint failed, and the database is still open: dispose it.</exception>
    public void Close()
    {
        if (_closed)
            return;
        StopWorkers();
        if (Pipeline.Failure is null && !_settings.ReadOnly)
        {
            Checkpoints.Run(close: true);

            // What was kept for speed is not left behind.
            lock (Log.Extents.Gate)
                Log.Extents.Trim(KeptWhenClosed);
            Checkpoints.Trim(KeptWhenClosed);
        }

        _closed = true;
        Release();
    }

    /// <summary>Lets go of everything without closing cleanly.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        StopWorkers();
        Release();
    }

    private static Database Create(IStorageProvider provider, DatabaseFiles files, StorageEnvironment environment, DatabaseSettings settings)
    {
        if (!PageFormat.IsValidPageSize(settings.PageSize))
            throw new ArgumentOutOfRangeException(nameof(settings), settings.PageSize, "A page size is a power of two from 4096 to 65536.");

        // Files left by a creation that was interrupted, or by a database that was deleted without them.
        foreach (string file in provider.List())
        {
            if (files.IsSibling(file) && file != files.Lock)
                provider.Delete(file);
        }

        Guid databaseId = environment.NextGuid();
        Guid timelineId = environment.NextGuid();
        DatabaseCipher? cipher = settings.Key is null ? null : DatabaseCipher.Create(settings.Key, databaseId, environment.Random);
        LogExtents extents = new(provider, files, environment, settings.Log) { Cipher = cipher };
        LogWriter? log = null;
        DataFile? data = null;
        PageStore? store = null;
        try
        {
            extents.Fences.Open(databaseId, timelineId);
            log = LogWriter.Begin(extents, environment, settings.Log, databaseId, timelineId, 1, Lsn.Zero, FlushSite.CreatedLogDirectory);
            log.WriteOut(FlushSite.CreatedLog);
            lock (extents.Gate)
                extents.FillReserve();
            data = DataFile.Create(provider, files.Unfinished, environment, new DatabaseHeader
            {
                DatabaseId = databaseId,
                TimelineId = timelineId,
                PageSize = settings.PageSize,
                PageCount = PageFormat.FirstMapPage(settings.PageSize),
                LogStart = log.DurablePoint,
                CreatedUtcTicks = environment.Clock.GetUtcNow().UtcTicks,
            }, cipher);
            provider.Rename(files.Unfinished, files.Data);
            data.Reopen(provider, files.Data);
            environment.FlushDirectory(provider, FlushSite.CreatedDirectory);
            store = PageStore.Create(StoreOptions(files, environment, data, settings), data, provider);
            return new Database(
                files, provider, environment, settings, data, store, new PageStoreTarget(store), log, new RecoveryReport { Created = true });
        }
        catch
        {
            store?.Dispose();
            data?.Dispose();
            cipher?.Dispose();
            if (log is null)
                extents.Dispose();
            else
                log.Dispose();
            throw;
        }
    }

    private static Database OpenExisting(
        IStorageProvider provider, DatabaseFiles files, StorageEnvironment environment, DatabaseSettings settings)
    {
        long started = environment.Clock.GetTimestamp();
        DataFile? data = null;
        LogExtents? extents = null;
        PageStore? store = null;
        try
        {
            data = DataFile.Open(provider, files.Data, environment, settings.Key, settings.ReadOnly);
            if (settings.ReadOnly && !data.Header.IsClean)
                throw NotClean(files);
            int finished = settings.ReadOnly ? -1 : FinishCheckpoint(provider, files, environment, settings, data);
            DatabaseHeader header = data.Header;

            LogScan scan;
            LogPosition end;
            uint chain;
            bool atExtentEnd;
            using (LogReader reader = OpenLog())
            {
                scan = LogScan.Run(reader, header.CheckpointLsn);
                end = reader.End;
                chain = reader.Chain;
                atExtentEnd = reader.AtExtentEnd;
            }

            extents = new LogExtents(provider, files, environment, settings.Log) { Cipher = data.Cipher };
            bool clean = header.IsClean && scan is { EndsClean: true, HasSurvivors: false };
            if (settings.ReadOnly)
            {
                if (!clean)
                    throw NotClean(files);
            }
            else
            {
                extents.AdoptReserve();
                extents.Fences.Open(header.DatabaseId, header.TimelineId);
            }

            LogWriter log = clean
                ? ContinueLog(provider, files, environment, settings, extents, header, scan, end, chain, atExtentEnd)
                : CopyLog(provider, files, environment, settings, extents, data, scan, OpenLog);
            if (!settings.ReadOnly)
            {
                lock (extents.Gate)
                {
                    extents.Needed = data.Header.LogStart.Position.Extent;
                    extents.FillReserve();
                }
            }

            // A database that never saw a checkpoint has no pages yet: they are made anew, as they were at its creation.
            header = data.Header;
            store = header.CheckpointLsn == Lsn.Zero
                ? PageStore.Create(StoreOptions(files, environment, data, settings), data, provider)
                : PageStore.Open(StoreOptions(files, environment, data, settings), data, provider, header.CheckpointLsn);
            PageStoreTarget target = new(store);
            LogReplay replay = new(target, header.CheckpointLsn, SequenceTree, () => NewReader());
            if (!clean)
            {
                using LogReader reader = OpenLog();
                replay.Run(reader);
            }

            return new Database(files, provider, environment, settings, data, store, target, log, new RecoveryReport
            {
                WasClean = clean,
                FinishedCheckpoint = finished >= 0,
                CheckpointPages = Math.Max(finished, 0),
                CheckpointLsn = header.CheckpointLsn,
                LastLsn = scan.LastLsn,
                LogStart = header.LogStart.Position,
                LogEnd = end,
                Groups = scan.Groups,
                Commits = replay.Commits,
                Operations = replay.Operations,
                Duration = environment.Clock.GetElapsedTime(started),
            });
        }
        catch
        {
            store?.Dispose();
            extents?.Dispose();
            data?.Dispose();
            throw;
        }

        LogReader NewReader() => new(provider, files, data!.Header.DatabaseId, data.Header.TimelineId) { Cipher = data.Cipher };

        LogReader OpenLog()
        {
            LogReader reader = NewReader();
            try
            {
                reader.Open(data!.Header.LogStart);
                return reader;
            }
            catch
            {
                reader.Dispose();
                throw;
            }
        }
    }

    /// <summary>Applies a checkpoint file that was sealed before a crash.</summary>
    /// <returns>The number of its pages; −1 when there is none.</returns>
    private static int FinishCheckpoint(
        IStorageProvider provider, DatabaseFiles files, StorageEnvironment environment, DatabaseSettings settings, DataFile data)
    {
        for (int which = 0; which < 2; which++)
        {
            using CheckpointFile? file = CheckpointFile.TryOpen(provider, files.Checkpoint(which), data.Header);
            if (file is null)
                continue;
            // It may only be in the system's cache, and it must outlive the pages that it replaces.
            file.Flush(environment, FlushSite.RecoveredCheckpoint);
            environment.FlushDirectory(provider, FlushSite.RecoveredCheckpointDirectory);
            Checkpointer.ApplyPages(file, data, settings.CheckpointPaceBytes, pace: null);
            data.FlushPages(FlushSite.RecoveredPages);
            data.WriteHeader(
                data.Header with
                {
                    CheckpointLsn = file.Target.CheckpointLsn,
                    LogStart = file.Target.LogStart,
                    PageCount = file.Target.PageCount,
                    IsClean = false,
                },
                FlushSite.CheckpointHeader);
            return file.Pages.Count;
        }

        return -1;
    }

    /// <summary>Goes on in the log of a database that was closed cleanly.</summary>
    private static LogWriter ContinueLog(
        IStorageProvider provider, DatabaseFiles files, StorageEnvironment environment, DatabaseSettings settings, LogExtents extents,
        DatabaseHeader header, LogScan scan, LogPosition end, uint chain, bool atExtentEnd)
    {
        LogExtent? current = null;
        LogExtent? prepared = null;
        foreach (ulong number in files.ListExtents(provider))
        {
            string name = files.Extent(number);
            bool isNeeded = number >= Math.Min(header.LogStart.Position.Extent, settings.ReadOnly ? ulong.MaxValue : extents.Fences.Oldest()) &&
                number <= end.Extent;
            if (!isNeeded && (settings.ReadOnly || number != end.Extent + 1))
            {
                if (!settings.ReadOnly)
                    extents.AddRecyclable(name, number);
                continue;
            }

            IStorageFile file = provider.Open(name, StorageFileMode.Open, settings.ReadOnly);
            LogExtent extent = new(file, name, number, file.Length);
            if (number == end.Extent)
            {
                LogReader.TryReadHeader(file, out LogExtentHeader own);
                extent.Epoch = own.Epoch;
                current = extent;
            }
            else if (!isNeeded)
            {
                if (file.Length < settings.Log.FirstExtentBytes || file.Length % LogFormat.GroupAlignment != 0)
                {
                    file.Dispose();
                    provider.Delete(name);
                    continue;
                }

                if (!settings.ReadOnly)
                {
                    // The process that prepared it may have died before it was durable.
                    extent.Flush(environment, FlushSite.LogExtent);
                    environment.FlushDirectory(provider, FlushSite.LogDirectory);
                }

                prepared = extent;
            }

            extents.AddLive(extent);
        }

        return LogWriter.Continue(
            extents, environment, settings.Log, header.DatabaseId, header.TimelineId, current!, scan.LastPoint, end, chain, atExtentEnd,
            scan.LastLsn, prepared);
    }

    /// <summary>
    /// Copies what is to be replayed into fresh extents and makes it durable, before anything of it is seen: what was read back may only
    /// be in the system's cache, and another crash must not take it away again. The header follows, then the old extents are free.
    /// </summary>
    private static LogWriter CopyLog(
        IStorageProvider provider, DatabaseFiles files, StorageEnvironment environment, DatabaseSettings settings, LogExtents extents,
        DataFile data, LogScan scan, Func<LogReader> openLog)
    {
        DatabaseHeader header = data.Header;
        List<ulong> old = files.ListExtents(provider);
        Lock gate = new();
        LogWriter log = LogWriter.Begin(
            extents, environment, settings.Log, header.DatabaseId, header.TimelineId, old[^1] + 1, header.CheckpointLsn, FlushSite.RecoveredDirectory);
        LogPoint start = log.OpenPoint;
        if (scan.HasSurvivors)
        {
            List<LogGroup> groups = [];
            using LogReader reader = openLog();
            while (reader.NextGroup())
            {
                LogRecords records = new(reader.Records);
                while (records.Next())
                {
                    if (Survives(records.Kind, records.Payload, header.CheckpointLsn, scan, out Lsn lsn))
                        Copy(records.Kind, records.Payload, lsn);
                }
            }

            void Copy(LogRecordKind kind, ReadOnlySpan<byte> payload, Lsn lsn)
            {
                while (true)
                {
                    switch (log.TryReserve(payload.Length))
                    {
                        case LogRoom.NeedExtent:
                            log.PrepareExtent(mayUseReserve: true, gate);
                            continue;
                        case LogRoom.NeedBuffer:
                            log.TakeGroups(groups);
                            foreach (LogGroup group in groups)
                                log.Write(group);
                            log.ReleaseGroups(groups);
                            continue;
                    }

                    payload.CopyTo(log.BeginRecord(payload.Length));
                    log.EndRecord(kind, payload.Length, lsn);
                    return;
                }
            }
        }

        log.WriteOut(FlushSite.RecoveredLog);
        data.WriteHeader(header with { LogStart = start, IsClean = false }, FlushSite.RecoveredHeader);
        foreach (ulong number in old)
        {
            if (number >= extents.Fences.Oldest())
                extents.AddHeld(files.Extent(number), number);
            else
                extents.AddRecyclable(files.Extent(number), number);
        }

        return log;
    }

    private static StorageException NotClean(DatabaseFiles files) => new(
        StorageErrorCode.NeedsRecovery,
        $"{files.Data}: the database was not closed cleanly and is to be opened only for reading, which writes nothing and so recovers nothing. " +
        "Open it once for writing, then for reading.") { File = files.Data };

    private static bool Survives(LogRecordKind kind, ReadOnlySpan<byte> payload, Lsn checkpoint, LogScan scan, out Lsn lsn)
    {
        lsn = Lsn.Zero;
        switch (kind)
        {
            case LogRecordKind.Commit:
                lsn = LogCommit.Read(payload).Lsn;
                return lsn > checkpoint;
            case LogRecordKind.SequenceMark:
                lsn = LogSequenceMark.Read(payload).Lsn;
                return lsn > checkpoint;
            case LogRecordKind.Chunk or LogRecordKind.Bulk:
                return scan.Committed.Contains(BinaryPrimitives.ReadUInt64LittleEndian(payload));
            default:
                return false;
        }
    }

    private static PageStoreOptions StoreOptions(
        DatabaseFiles files, StorageEnvironment environment, DataFile data, DatabaseSettings settings) => new()
    {
        PageSize = data.PageSize,
        CacheBytes = settings.CacheBytes,
        DatabaseId = data.Header.DatabaseId,
        Cipher = data.Cipher,
        PageCount = data.Header.PageCount,

        // Several may read the files at a time; what one leaves behind when it is killed goes with the next open for writing.
        SpillName = settings.ReadOnly ? $"{files.SpillPrefix}-{environment.NextRandom():x16}" : files.SpillPrefix,
        SpillLimitBytes = settings.SpillLimitBytes,
        VersionLimitBytes = settings.VersionLimitBytes,
        FrameTimeout = settings.FrameTimeout,
        Faults = environment.Faults,
    };

    private void OnBatchBuilt(long appended)
    {
        LogGrew?.Invoke(appended);
        if (!_settings.AutomaticCheckpoints)
            return;
        if (appended - Volatile.Read(ref _logBytesAtCheckpoint) >= _logLimit || Store.DirtyBytes >= _dirtyLimit ||
            Log.Extents.InEmergency)
        {
            _checkpointWorker.Signal();
        }

        if (Store.HasGarbage || Store.HasSparse)
            _garbageWorker.Signal();
    }

    /// <exception cref="StorageException">There is no space for checkpoints: memory would fill with what can't be written.</exception>
    private void RefuseIfFull(ICommitRequest request)
    {
        if (CheckpointFailure is StorageException { Code: StorageErrorCode.DiskFull } full && Store.DirtyBytes >= 2 * _dirtyLimit &&
            !request.OnlyFreesSpace)
        {
            throw new StorageException(
                StorageErrorCode.DiskFull,
                $"{_files.Data}: {Store.DirtyBytes >> 10} KiB of changes wait for a checkpoint, for which there is no space: {full.Message}", full);
        }
    }

    /// <summary>Gives free space back to the file system; one at a time. See <see cref="Recovery.Vacuum"/>.</summary>
    public VacuumProgress RunVacuum(VacuumSettings settings, Action<VacuumProgress>? progress, CancellationToken cancellation)
    {
        lock (_vacuuming)
            return new Vacuum(this, settings, progress, cancellation).Run();
    }

    /// <summary>
    /// Makes the allocation maps anew from what refers to pages in the newest state; commits wait meanwhile. Durable with the next checkpoint.
    /// </summary>
    /// <returns>Whether all that refers to pages could be read, so that pages that nothing refers to were freed.</returns>
    public bool RebuildMaps(CancellationToken cancellation)
    {
        bool complete = false;
        Pipeline.RunExclusive(() =>
        {
            Trees.IntegrityChecker found = Trees.IntegrityChecker.Run(Store, Store.BuiltLsn, static _ => { }, cancellation);
            complete = found.IsComplete;
            Pipeline.ApplyUnlogged(lsn => Target.Batch.RebuildMaps(lsn, found));
        });
        return complete;
    }

    /// <summary>
    /// Frees pages of dropped trees and replaced large values and joins leaves that deletes left too empty, a few at a time between commits.
    /// Leaves that wait for a transaction (see <see cref="LeafWatch"/>) are looked at again after the next commit.
    /// </summary>
    private void GarbageStep()
    {
        bool more = true;
        bool abandon = false;
        bool skipped = false;
        while ((more && Store.HasGarbage || Store.HasSparse && Store.LeafWatch.IsFree) && !_closed && Pipeline.Failure is null)
        {
            try
            {
                bool skip = skipped = abandon;
                abandon = false;
                Pipeline.RunExclusive(() =>
                {
                    if (skip)
                        Pipeline.ApplyUnlogged(Target.Batch.AbandonGarbage);
                    else if (!Store.HasSparse || !Store.LeafWatch.TryJoin(JoinSparse))
                        Pipeline.ApplyUnlogged(lsn => more = Target.Batch.ReclaimDropped(lsn, GarbagePages));
                });
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.Corruption && !skipped)
            {
                // What can't be read can't be freed: its pages stay in use, which the integrity check says and its repair ends.
                CheckpointFailure = e;
                abandon = true;
            }
            catch (StorageException e)
            {
                CheckpointFailure = e; // tried again after later commits
                return;
            }
            catch (Exception e)
            {
                Pipeline.Stop(e);
                return;
            }
        }
    }

    private Lsn JoinSparse()
    {
        Lsn joined = default;
        Pipeline.ApplyUnlogged(lsn =>
        {
            joined = lsn;
            Target.Batch.JoinSparse(lsn, SparseLeaves);
        });
        return joined;
    }

    /// <summary>Makes the steps visible that joined leaves: they may wait for commits before them to become durable.</summary>
    internal void ShowJoined()
    {
        if (Store.LeafWatch.Joined > Store.VisibleLsn && Pipeline.Failure is null)
            Pipeline.RunExclusive(() => Pipeline.FlushAll());
    }

    /// <summary>Whether a checkpoint is to hurry: much more is changed than should be, the log is near its end, or the database is being closed.</summary>
    private bool IsCheckpointUrgent() =>
        _closing || Store.DirtyBytes >= _dirtyLimit + (_dirtyLimit / 2) || Log.Extents.InEmergency || Log.Extents.LiveBytes > _settings.Log.MaxLogBytes / 4 * 3;

    /// <summary>Compares the sides of a mirror that was in use when something crashed.</summary>
    private void ReconcileStep(MirroredStorageProvider mirror)
    {
        try
        {
            mirror.Reconcile(new DatabaseJudge(_files, Data), _mirrorCancellation.Token);
        }
        catch (OperationCanceledException)
        {
            // The database is being closed: the next opening compares them.
            MirrorFailure = null;
        }
        catch (StorageException e)
        {
            MirrorFailure = e; // likewise; what is read is verified with or without this
        }
    }

    /// <summary>
    /// Encrypts everything with a new data key while commits go on: page by page by checkpoints. What crashes or is cancelled goes on with the next call.
    /// </summary>
    /// <returns>Whether the old data key is gone; false while somebody holds older parts of the log.</returns>
    public bool RotateDataKey(EncryptionKey key, CancellationToken cancellation)
    {
        DatabaseCipher cipher = Data.Cipher ?? throw NotEncrypted();
        ReplaceSlot(cipher, () => cipher.Slot.Previous < 0 ? cipher.WithNewDataKey(key) : cipher.Rewrap(key));

        // Every group of the log after this is encrypted with the new key.
        LogPosition fence = default;
        Pipeline.RunExclusive(() =>
        {
            Pipeline.FlushAll();
            fence = Log.DurableEnd;
        });
        ulong mark = 0;
        for (ulong page = 0; page < Data.Header.PageCount; page += RewrittenPages)
        {
            cancellation.ThrowIfCancellationRequested();
            Pipeline.LogSequence(RotationCounter, ++mark); // a checkpoint takes an LSN
            Checkpoints.RunRewriting(page, page + RewrittenPages);
        }

        Pipeline.LogSequence(RotationCounter, ++mark);
        Checkpoints.Run();
        lock (Log.Extents.Gate)
        {
            if (Data.Header.LogStart.Position.CompareTo(fence) < 0 || Log.Extents.Fences.Oldest() <= fence.Extent)
                return false;
        }

        ReplaceSlot(cipher, cipher.WithoutPrevious);
        return true;
    }

    /// <summary>Wraps the data key with another passphrase or key, in both copies of the header.</summary>
    public void ChangeKey(EncryptionKey newKey)
    {
        DatabaseCipher cipher = Data.Cipher ?? throw NotEncrypted();
        ReplaceSlot(cipher, () => cipher.Rewrap(newKey));
    }

    private StorageException NotEncrypted() => new(
        StorageErrorCode.NotEncrypted, $"{_files.Data}: the database is not encrypted. Make a new one with a key and copy the rows.") { File = _files.Data };

    private void ReplaceSlot(DatabaseCipher cipher, Func<EncryptionSlot> make)
    {
        Checkpoints.RunPaused(() =>
        {
            EncryptionSlot slot = make();
            try
            {
                Data.WriteHeader(Data.Header with { Encryption = slot }, FlushSite.CheckpointHeader);
            }
            catch (Exception e)
            {
                Pipeline.Stop(e); // which of the two is in force is known when the database is opened again
                throw;
            }

            cipher.Adopt(slot);

            // The older copy of the header: nobody is to find the old wrapping there.
            Data.FlushPages(FlushSite.CheckpointHeader);
        });
    }

    private void StopWorkers()
    {
        _closing = true;
        _mirrorCancellation.Cancel();
        _mirrorWorker?.Dispose();
        Pipeline.BatchBuilt = null;
        Pipeline.Throttle = null;
        _garbageWorker.Dispose();
        _checkpointWorker.Dispose();
        _throttle.Close();
    }

    private void CheckpointStep()
    {
        if (_closed || Pipeline.Failure is not null)
        {
            _throttle.CheckpointEnded();
            return;
        }

        Volatile.Write(ref _logBytesAtCheckpoint, Log.AppendedBytes);
        try
        {
            Checkpoints.Run();
            CheckpointFailure = null;
        }
        catch (StorageException e)
        {
            CheckpointFailure = e; // tried again when more has been written; a failure that matters has stopped the pipeline
        }
        catch (Exception e)
        {
            CheckpointFailure = e;
            Pipeline.Stop(e); // a defect: what is on storage is whole, what is in memory may not be
        }
        finally
        {
            _throttle.CheckpointEnded();
        }
    }

    private void Release()
    {
        Pipeline.Dispose();
        Store.Dispose();
        Log.Dispose();
        Data.Dispose();
    }
}
