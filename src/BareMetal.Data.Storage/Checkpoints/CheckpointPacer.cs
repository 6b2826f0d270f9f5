namespace BareMetal.Data.Storage.Checkpoints;

/// <summary>
/// Keeps a checkpoint from taking the storage away from commits: after each part that was written and flushed it rests as long as that took when
/// commits came meanwhile, so that they have half of the storage's time, and as long as a configured rate demands. It does not rest when
/// writers wait for the checkpoint itself.
/// </summary>
internal sealed class CheckpointPacer
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider _clock;
    private readonly IBackgroundScheduler _scheduler;
    private readonly Func<bool> _isUrgent;
    private readonly Func<Lsn> _lastCommit;
    private readonly long _partBytes;
    private readonly long _bytesPerSecond;
    private long _began;
    private Lsn _seen;

    /// <summary>Makes the pacer of a database.</summary>
    /// <param name="environment">Time and waiting.</param>
    /// <param name="partBytes">Bytes that are written between two rests.</param>
    /// <param name="bytesPerSecond">The most that is written in a second on average; 0 for no limit.</param>
    /// <param name="lastCommit">The last commit, to see whether any came.</param>
    /// <param name="isUrgent">Whether somebody waits for the checkpoint to end.</param>
    public CheckpointPacer(
        StorageEnvironment environment, long partBytes, long bytesPerSecond, Func<Lsn> lastCommit, Func<bool> isUrgent)
    {
        _clock = environment.Clock;
        _scheduler = environment.Scheduler;
        _partBytes = partBytes;
        _bytesPerSecond = bytesPerSecond;
        _lastCommit = lastCommit;
        _isUrgent = isUrgent;
    }

    /// <summary>A checkpoint begins to write.</summary>
    public void Begin()
    {
        _began = _clock.GetTimestamp();
        _seen = _lastCommit();
    }

    /// <summary>A part was written and flushed: rests as long as is due.</summary>
    public void Rest()
    {
        if (!_isUrgent())
        {
            TimeSpan worked = _clock.GetElapsedTime(_began);
            Lsn last = _lastCommit();
            TimeSpan rest = last > _seen ? worked : TimeSpan.Zero;
            if (_bytesPerSecond > 0)
            {
                TimeSpan due = TimeSpan.FromSeconds(_partBytes / (double)_bytesPerSecond) - worked;
                rest = due > rest ? due : rest;
            }

            if (rest > TimeSpan.Zero)
                _scheduler.Pause(rest < LongestRest ? rest : LongestRest);
        }

        Begin();
    }
}
