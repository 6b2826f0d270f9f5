namespace BareMetal.Data.Storage;

/// <summary>How the log is archived, so that any moment after a backup can be restored.</summary>
public sealed record LogArchiveOptions
{
    /// <summary>Where the archived log goes: a folder of its own or that of the backups, best on another device.</summary>
    public required IStorageProvider Target { get; init; }

    /// <summary>The name that the archive's files begin with. Default: the data file's name.</summary>
    public string? Set { get; init; }

    /// <summary>How often what was committed is archived. Default 10 s; <see cref="Timeout.InfiniteTimeSpan"/>: only when asked and by size.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of log after which archiving starts before its time, and of one archived file, about. Default 16 MiB.</summary>
    public long SegmentBytes { get; init; } = 16L << 20;

    /// <summary>
    /// Bytes of log that the archive may keep the database from using again while its target can't be written; beyond that it is dropped, and
    /// archiving begins anew with <see cref="AllowGap"/> and a new backup. Default 1 GiB.
    /// </summary>
    public long MaxHeldLogBytes { get; init; } = 1L << 30;

    /// <summary>Whether to begin anew after the archive was dropped, leaving a gap that no restore can cross. Default false: an error.</summary>
    public bool AllowGap { get; init; }
}

/// <summary>How far the archive of the log is.</summary>
/// <param name="ArchivedLsn">Every commit up to here is archived.</param>
/// <param name="ArchivedTime">When that was.</param>
/// <param name="Files">Files written since archiving was started.</param>
/// <param name="Bytes">Bytes written since then.</param>
/// <param name="Failure">Why the last attempt failed; null when it succeeded. It is tried again.</param>
public sealed record LogArchiveStatus(Lsn ArchivedLsn, DateTimeOffset? ArchivedTime, long Files, long Bytes, Exception? Failure);
