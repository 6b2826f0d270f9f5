using System.Globalization;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;

namespace BareMetal.Data.Storage.Backup;

/// <summary>Copies the log to a provider as it is written, behind a durable fence: after a crash it goes on where it stood.</summary>
internal sealed class LogArchive : IDisposable
{
    /// <summary>The name of the archive's fence.</summary>
    public const string FenceName = "archive";

    private readonly Database _database;
    private readonly LogArchiveOptions _options;
    private readonly string _prefix;
    private readonly LogConsumer _consumer;
    private readonly IBackgroundWorker _worker;
    private readonly ITimer? _timer;
    private readonly Lock _running = new();
    private long _files;
    private long _bytes;
    private long _signalledAt;
    private DateTimeOffset? _time;
    private Exception? _failure;
    private bool _disposed;

    /// <summary>Begins or goes on.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LogReleased"/>: it was dropped at its limit.</exception>
    public LogArchive(Database database, LogArchiveOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.SegmentBytes);
        if (options.Target is EncryptedStorageProvider && database.Data.Cipher is null)
        {
            throw new ArgumentException(
                "The target stands for encryption, but the database is not encrypted, and so its archive would not be either. Give the provider below it.", nameof(options));
        }

        _database = database;
        _options = options;
        _prefix = PrefixOf(options.Set ?? database.Files.Data, database.Data.Header.TimelineId);
        try
        {
            _consumer = Open();
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.LogReleased && options.AllowGap)
        {
            LogConsumer.Remove(database, FenceName);
            _consumer = Open();
        }

        _worker = database.Environment.Scheduler.CreateWorker("BareMetal log archiver", BackgroundStep);
        if (options.Interval != Timeout.InfiniteTimeSpan)
            _timer = database.Environment.Clock.CreateTimer(static a => ((LogArchive)a!)._worker.Signal(), this, options.Interval, options.Interval);
        _signalledAt = database.Log.AppendedBytes;
        database.LogGrew = OnLogGrew;

        LogConsumer Open() => LogConsumer.Open(database, FenceName, LogFenceKind.Archive, isDurable: true, options.MaxHeldLogBytes);
    }

    /// <summary>How far it is.</summary>
    public LogArchiveStatus Status
    {
        get
        {
            Exception? failure = Volatile.Read(ref _failure);
            return new LogArchiveStatus(_consumer.Lsn, _time, Volatile.Read(ref _files), Volatile.Read(ref _bytes), failure);
        }
    }

    /// <summary>What the files of a timeline's archive begin with.</summary>
    public static string PrefixOf(string set, Guid timeline) => $"{set}-arch-{timeline.ToString("N")[..8]}-";

    /// <summary>Archives everything that is committed by now.</summary>
    /// <exception cref="StorageException">It failed; what was not archived is held for the next attempt.</exception>
    public LogArchiveStatus Archive(CancellationToken cancellation)
    {
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                Run(cancellation);
                Volatile.Write(ref _failure, null);
            }
            catch (StorageException e)
            {
                Volatile.Write(ref _failure, e);
                throw;
            }
        }

        return Status;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _database.LogGrew = null;
        _timer?.Dispose();
        _worker.Dispose();
        lock (_running)
            _disposed = true;
        _consumer.Dispose();
    }

    private void OnLogGrew(long appended)
    {
        if (appended - Volatile.Read(ref _signalledAt) < _options.SegmentBytes)
            return;
        Volatile.Write(ref _signalledAt, appended);
        _worker.Signal();
    }

    private void BackgroundStep()
    {
        if (_database.Pipeline.Failure is not null)
            return;
        try
        {
            Archive(CancellationToken.None);
        }
        catch (StorageException)
        {
            // Kept in the status and tried again; the fence holds what is missing.
            return;
        }
        catch (ObjectDisposedException)
        {
            return;
        }
    }

    private void Run(CancellationToken cancellation)
    {
        StorageEnvironment environment = _database.Environment;
        string unfinished = _prefix + "new";
        Lsn from = _consumer.Lsn, last = from;
        LogSegmentWriter? writer = null;
        try
        {
            (Lsn to, long ticks) = _consumer.Read(
                (kind, payload) =>
                {
                    bool begins = kind == LogRecordKind.Chunk ? LogChunk.Read(payload).Index == 0 : kind == LogRecordKind.SequenceMark || LogCommit.Read(payload).Transaction == 0;
                    if (writer is not null && begins && writer.Length >= _options.SegmentBytes)
                    {
                        Finish(writer, last, writer.LastUtcTicks);
                        writer = null;
                    }

                    writer ??= new LogSegmentWriter(
                        _options.Target, unfinished, environment, _database.Data.Header.DatabaseId, _database.Data.Header.TimelineId, from,
                        _database.Data.Cipher);
                    writer.Append(kind, payload);
                    if (kind != LogRecordKind.Chunk)
                        last = kind == LogRecordKind.Commit ? LogCommit.Read(payload).Lsn : LogSequenceMark.Read(payload).Lsn;
                },
                cancellation);
            if (writer is not null)
            {
                Finish(writer, to, ticks);
                writer = null;
            }

            _consumer.Acknowledge();
            _time = new DateTimeOffset(ticks, TimeSpan.Zero);
        }
        finally
        {
            writer?.Dispose();
        }

        void Finish(LogSegmentWriter segment, Lsn to, long ticks)
        {
            LogSegmentInfo info;
            using (segment)
                info = segment.Seal(environment, to, ticks);
            _options.Target.Rename(unfinished, _prefix + from.Value.ToString("x16", CultureInfo.InvariantCulture));
            environment.FlushDirectory(_options.Target, FlushSite.BackupNamed);
            Volatile.Write(ref _files, _files + 1);
            Volatile.Write(ref _bytes, _bytes + info.Length);
            from = to;
        }
    }
}
