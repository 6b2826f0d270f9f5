using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Recovery;

/// <summary>What opening a database found and did.</summary>
internal sealed record RecoveryReport
{
    /// <summary>Whether the database was made now.</summary>
    public bool Created { get; init; }

    /// <summary>Whether it had been closed cleanly, so that nothing was to be done.</summary>
    public bool WasClean { get; init; }

    /// <summary>Whether a checkpoint that a crash had interrupted was finished.</summary>
    public bool FinishedCheckpoint { get; init; }

    /// <summary>Pages that this wrote.</summary>
    public int CheckpointPages { get; init; }

    /// <summary>The data file's checkpoint from which the log was replayed.</summary>
    public Lsn CheckpointLsn { get; init; }

    /// <summary>The last commit.</summary>
    public Lsn LastLsn { get; init; }

    /// <summary>Where reading the log began.</summary>
    public LogPosition LogStart { get; init; }

    /// <summary>Where the log ended.</summary>
    public LogPosition LogEnd { get; init; }

    /// <summary>Flush groups read.</summary>
    public long Groups { get; init; }

    /// <summary>Commits replayed, counters' marks included.</summary>
    public long Commits { get; init; }

    /// <summary>Operations replayed.</summary>
    public long Operations { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        Created ? "created"
        : WasClean ? $"closed cleanly at {LastLsn}, nothing to recover"
        : $"recovered from checkpoint {CheckpointLsn} to {LastLsn}: {Groups} log groups from {LogStart} to {LogEnd}, {Commits} commits, " +
          $"{Operations} operations replayed{(FinishedCheckpoint ? $", checkpoint of {CheckpointPages} pages finished" : string.Empty)}, " +
          $"{Duration.TotalMilliseconds:F0} ms";
}
