using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Recovery;

namespace BareMetal.Data.Storage.Backup;

/// <summary>A reader of what is committed, with a hold on the log from where it stands: what archives and feeds are made of.</summary>
internal sealed class LogConsumer : IDisposable
{
    private readonly Database _database;
    private readonly LogFence _fence;
    private LogPoint _readTo;
    private Lsn _readLsn;
    private bool _removed;

    private LogConsumer(Database database, LogFence fence)
    {
        _database = database;
        _fence = fence;
        _readTo = fence.Position;
        _readLsn = fence.Lsn;
    }

    /// <summary>The last commit that was acknowledged.</summary>
    public Lsn Lsn => _fence.Lsn;

    /// <summary>The fence.</summary>
    public LogFence Fence => _fence;

    /// <summary>Begins at the newest commit, or goes on where a durable consumer of that name stood.</summary>
    /// <param name="database">The database.</param>
    /// <param name="name">The consumer's name.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="isDurable">Whether its place outlives the process.</param>
    /// <param name="limitBytes">Bytes of log that it may hold.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LogReleased"/>: a durable one was dropped; remove it to begin anew.</exception>
    public static LogConsumer Open(Database database, string name, LogFenceKind kind, bool isDurable, long limitBytes)
    {
        LogExtents extents = database.Log.Extents;
        if (isDurable)
        {
            lock (extents.Gate)
            {
                if (extents.Fences.Find(name) is { } found)
                {
                    found.ThrowIfDropped();
                    found.LimitBytes = limitBytes; // the newest word on it
                    return new LogConsumer(database, found);
                }
            }
        }

        LogFence? fence = null;
        database.Pipeline.RunExclusive(() =>
        {
            (Lsn lsn, LogPoint point) = Position(database);
            lock (extents.Gate)
                fence = extents.Fences.Add(name, kind, isDurable, limitBytes, point, lsn);
        });
        return new LogConsumer(database, fence!);
    }

    /// <summary>Holds the log from a known place, for as long as the object lives. Only within <see cref="Commit.CommitPipeline.RunExclusive"/>.</summary>
    public static LogConsumer Hold(Database database, string name, LogFenceKind kind, long limitBytes, LogPoint point, Lsn lsn)
    {
        LogExtents extents = database.Log.Extents;
        lock (extents.Gate)
            return new LogConsumer(database, extents.Fences.Add(name, kind, isDurable: false, limitBytes, point, lsn));
    }

    /// <summary>Takes a durable consumer's place away, dropped or not.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool Remove(Database database, string name)
    {
        LogExtents extents = database.Log.Extents;
        lock (extents.Gate)
        {
            if (extents.Fences.Find(name) is not { } fence)
                return false;
            extents.Fences.Remove(fence);
            extents.Recycle();
            return true;
        }
    }

    /// <summary>
    /// Where the log stands: everything logged is made durable. Only within <see cref="Commit.CommitPipeline.RunExclusive"/>.
    /// </summary>
    /// <returns>The last commit that is logged, and the group from which to read what follows it.</returns>
    public static (Lsn Lsn, LogPoint Point) Position(Database database)
    {
        (_, LogPoint point) = database.Pipeline.FlushAll();
        Lsn lsn = database.Pipeline.LastLogged;
        return (lsn, database.Pipeline.FenceFor(lsn, point));
    }

    /// <summary>Reads what was committed since the last acknowledgement, up to now.</summary>
    /// <param name="sink">Takes the records.</param>
    /// <param name="cancellation">Ends reading.</param>
    /// <returns>The last commit that was read, and when that was.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LogReleased"/>: the log is no longer there for it.</exception>
    public (Lsn Lsn, long UtcTicks) Read(LogRecordSink sink, CancellationToken cancellation)
    {
        _fence.ThrowIfDropped();
        Lsn lsn = default;
        LogPoint end = default, fence = default;
        long ticks = 0;
        _database.Pipeline.RunExclusive(() =>
        {
            ticks = _database.Environment.Clock.GetUtcNow().UtcTicks;
            (_, end) = _database.Pipeline.FlushAll();
            lsn = _database.Pipeline.LastLogged;
            fence = _database.Pipeline.FenceFor(lsn, end);
        });
        if (lsn > _fence.Lsn)
            ReadTo(end, lsn, sink, cancellation);
        _readTo = fence;
        _readLsn = lsn;
        return (lsn, ticks);
    }

    /// <summary>What was read last is done with: the log up to there is let go.</summary>
    public void Acknowledge()
    {
        LogExtents extents = _database.Log.Extents;
        lock (extents.Gate)
        {
            if (_readTo.Position == _fence.Position.Position && _readLsn == _fence.Lsn)
                return;
            extents.Fences.Advance(_fence, _readTo, _readLsn);
            extents.Recycle();
        }
    }

    /// <summary>Lets go of the log; a durable consumer keeps its place.</summary>
    public void Dispose()
    {
        if (_removed || _fence.IsDurable)
            return;
        _removed = true;
        lock (_database.Log.Extents.Gate)
            _database.Log.Extents.Fences.Remove(_fence);
    }

    private void ReadTo(LogPoint end, Lsn lsn, LogRecordSink sink, CancellationToken cancellation)
    {
        try
        {
            new LogTail(_database.Provider, _database.Files, _database.Data.Header.DatabaseId, _database.Data.Header.TimelineId)
                { Cipher = _database.Data.Cipher }
                .Read(_fence.Position, _fence.Lsn, end, lsn, sink, cancellation);
        }
        catch (StorageException) when (_fence.IsDropped)
        {
            _fence.ThrowIfDropped(); // the extents were used again under the reader
            throw;
        }

        _fence.ThrowIfDropped();
    }
}
