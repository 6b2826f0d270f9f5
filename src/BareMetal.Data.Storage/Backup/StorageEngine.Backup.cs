using BareMetal.Data.Storage.Backup;
using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage;

/// <summary>Backups, the archive of the log, and who else holds the log.</summary>
public sealed partial class StorageEngine
{
    private readonly Lock _archiveGate = new();
    private LogArchive? _archive;

    /// <summary>Raised, on a background thread, when a holder of the log was dropped at its limit.</summary>
    public event EventHandler<LogHolderDroppedEventArgs>? LogHolderDropped;

    /// <summary>How far the archive of the log is; null when the log is not being archived.</summary>
    public LogArchiveStatus? LogArchive
    {
        get
        {
            lock (_archiveGate)
                return _archive?.Status;
        }
    }

    /// <summary>Who holds the log now, dropped ones that would go on included.</summary>
    public IReadOnlyList<LogHolder> LogHolders
    {
        get
        {
            LogExtents extents = Database.Log.Extents;
            lock (extents.Gate)
            {
                List<LogHolder> holders = [];
                foreach (LogFence fence in extents.Fences.All)
                    holders.Add(new LogHolder(fence.Name, fence.Lsn, fence.LimitBytes, fence.IsDurable, fence.DroppedBecause));
                return holders;
            }
        }
    }

    /// <summary>Takes a backup while readers and writers go on. It holds one state, and what is committed until it ends.</summary>
    /// <param name="options">Where to and how.</param>
    /// <param name="cancellation">Ends the backup; nothing is left then that would be taken for one.</param>
    /// <exception cref="StorageException">
    /// It failed, and the database goes on. <see cref="StorageErrorCode.LogReleased"/>: it held more log than it may;
    /// <see cref="StorageErrorCode.BackupMissing"/>: there is nothing for an incremental one to build on;
    /// <see cref="StorageErrorCode.ForeignTimeline"/>: that is of another timeline or database; <see cref="StorageErrorCode.Locked"/>: another backup
    /// of the set is being taken.
    /// </exception>
    public BackupInfo Backup(BackupOptions options, CancellationToken cancellation = default)
    {
        using BackupRun run = BeginBackup(options, cancellation);
        while (run.Step())
        {
        }

        return run.Info;
    }

    /// <summary>Begins a backup that the caller steps through.</summary>
    internal BackupRun BeginBackup(BackupOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfDisposed();
        return new BackupRun(Database, options, cancellation);
    }

    /// <summary>
    /// Archives the log from now on, in the background, or goes on where archiving stood when the database was last open. With a backup taken
    /// after the beginning any later moment can be restored.
    /// </summary>
    /// <param name="options">Where to and how.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LogReleased"/>: the archive was dropped at its limit, see <see cref="LogArchiveOptions.AllowGap"/>.</exception>
    /// <exception cref="InvalidOperationException">It is being archived already.</exception>
    public void StartLogArchive(LogArchiveOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfDisposed();
        if (Options.ReadOnly)
            throw new StorageException(StorageErrorCode.ReadOnly, $"{Options.Name}: the database is open for reading only, and nothing is added to its log.");
        lock (_archiveGate)
        {
            if (_archive is not null)
                throw new InvalidOperationException("The log is being archived already.");
            _archive = new LogArchive(Database, options);
        }
    }

    /// <summary>Archives everything that is committed by now.</summary>
    /// <param name="cancellation">Ends the attempt; what is missing is archived by the next.</param>
    /// <exception cref="StorageException">It failed; the log is held for the next attempt.</exception>
    /// <exception cref="InvalidOperationException">Archiving was not started.</exception>
    public LogArchiveStatus ArchiveLog(CancellationToken cancellation = default)
    {
        LogArchive archive;
        lock (_archiveGate)
            archive = _archive ?? throw new InvalidOperationException("The log is not being archived: start that first.");
        return archive.Archive(cancellation);
    }

    /// <summary>Ends archiving.</summary>
    /// <param name="forget">Whether the log is no longer held for going on later. Default false.</param>
    public void StopLogArchive(bool forget = false)
    {
        lock (_archiveGate)
        {
            _archive?.Dispose();
            _archive = null;
        }

        if (forget)
            RemoveLogHolder(Storage.Backup.LogArchive.FenceName);
    }

    /// <summary>Takes a durable holder's place in the log away, so that nothing is kept for it.</summary>
    /// <param name="name">Its name, see <see cref="LogHolders"/>.</param>
    /// <returns>Whether there was one.</returns>
    public bool RemoveLogHolder(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ThrowIfDisposed();
        return LogConsumer.Remove(Database, name);
    }

    /// <summary>Opens a reader of what is committed, which holds the log from where it stands up to a limit.</summary>
    internal LogConsumer OpenLogConsumer(string name, bool isDurable, long limitBytes) =>
        LogConsumer.Open(Database, name, LogFenceKind.Consumer, isDurable, limitBytes);

    /// <summary>After opening: reports dropped holders.</summary>
    private void WatchLogHolders() => Database.Log.Extents.Fences.Dropped = OnDropped;

    /// <summary>Before closing: archives what is left, as far as the archive can be reached.</summary>
    private void CloseLogArchive()
    {
        lock (_archiveGate)
        {
            if (_archive is not { } archive)
                return;
            try
            {
                if (Database.Pipeline.Failure is null)
                    archive.Archive(CancellationToken.None);
            }
            catch (StorageException e)
            {
                // The log is held for the next time the database is open.
                System.Diagnostics.Trace.TraceWarning($"{Options.Name}: the end of the log could not be archived: {e.Message}");
            }

            archive.Dispose();
            _archive = null;
        }
    }

    private void OnDropped(LogFence fence)
    {
        StorageMetrics.LogHoldersDropped.Add(1, new KeyValuePair<string, object?>("database", Options.Name));
        System.Diagnostics.Trace.TraceWarning($"{Options.Name}: the log is no longer held for {fence.Describe()}: {fence.DroppedBecause}");
        if (LogHolderDropped is { } handler)
        {
            LogHolder holder = new(fence.Name, fence.Lsn, fence.LimitBytes, fence.IsDurable, fence.DroppedBecause);
            (Options.Environment ?? StorageEnvironment.Default).Scheduler.Queue(new DroppedNotice(this, handler, holder));
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);

    // Not on the thread that found out, which may be building commits.
    private sealed class DroppedNotice(StorageEngine engine, EventHandler<LogHolderDroppedEventArgs> handler, LogHolder holder) : IThreadPoolWorkItem
    {
        public void Execute() => handler(engine, new LogHolderDroppedEventArgs(holder));
    }
}
