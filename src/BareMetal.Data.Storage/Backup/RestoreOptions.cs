namespace BareMetal.Data.Storage;

/// <summary>What to restore, and to where.</summary>
public sealed record RestoreOptions
{
    /// <summary>Where the backups are.</summary>
    public required IStorageProvider Source { get; init; }

    /// <summary>The name that the backups share: by default the name of the data file that they are of.</summary>
    public required string Set { get; init; }

    /// <summary>Where the database is to be.</summary>
    public required IStorageProvider Target { get; init; }

    /// <summary>The name of its data file. It must not exist.</summary>
    public required string Name { get; init; }

    /// <summary>The number of the backup to begin with. Default 0: the newest that is not after the goal.</summary>
    public long Backup { get; init; }

    /// <summary>Where the log is archived, for moments after the backup's own. Its name is <see cref="ArchiveSet"/>.</summary>
    public IStorageProvider? Archive { get; init; }

    /// <summary>The name that the archive's files share. Default: <see cref="Set"/>.</summary>
    public string? ArchiveSet { get; init; }

    /// <summary>The last commit to restore. Default null: all that there is.</summary>
    public Lsn? ToLsn { get; init; }

    /// <summary>Restores the commits up to the first that is later than this. Default null: all that there is.</summary>
    public DateTimeOffset? ToTime { get; init; }

    /// <summary>
    /// The passphrase or key of an encrypted backup, as it was when that was taken. Default null: that of an encrypted provider given as source or target.
    /// </summary>
    public EncryptionKey? Key { get; init; }

    /// <summary>Whether the restored database's structure is checked before it gets its name. Default false.</summary>
    public bool CheckIntegrity { get; init; }

    /// <summary>Bytes of memory for pages during the restore. Default 64 MiB.</summary>
    public long CacheBytes { get; init; } = 64L << 20;

    /// <summary>Told how far the restore is.</summary>
    public IProgress<BackupProgress>? Progress { get; init; }

    /// <summary>Time, randomness and background work; null takes the real ones.</summary>
    internal StorageEnvironment? Environment { get; init; }

    /// <summary>All sizes of the target; for tests.</summary>
    internal Recovery.DatabaseSettings? Settings { get; init; }

    /// <summary>Bytes of log that are replayed between checkpoints.</summary>
    internal long RoundBytes { get; init; } = 32L << 20;
}

/// <summary>What a restore did.</summary>
/// <param name="Lsn">The last commit of the restored database.</param>
/// <param name="TimelineId">Its new timeline.</param>
/// <param name="Backups">The numbers of the backups that were used, the full one first.</param>
/// <param name="LogFiles">Pieces of the log that were used.</param>
/// <param name="Commits">Commits that were replayed from them.</param>
public sealed record RestoreResult(Lsn Lsn, Guid TimelineId, IReadOnlyList<long> Backups, int LogFiles, long Commits);

/// <summary>What of a set of backups is verified.</summary>
public sealed record VerifyOptions
{
    /// <summary>Where the backups are.</summary>
    public required IStorageProvider Source { get; init; }

    /// <summary>The name that the backups share.</summary>
    public required string Set { get; init; }

    /// <summary>The number of the backup to verify, with what it builds on. Default 0: all of them.</summary>
    public long Backup { get; init; }

    /// <summary>Where the log is archived; null: it is not looked at.</summary>
    public IStorageProvider? Archive { get; init; }

    /// <summary>The name that the archive's files share. Default: <see cref="Set"/>.</summary>
    public string? ArchiveSet { get; init; }

    /// <summary>
    /// The passphrase or key of an encrypted backup, as it was when that was taken. Default null: that of an encrypted provider given as source; without one only checksums are verified.
    /// </summary>
    public EncryptionKey? Key { get; init; }

    /// <summary>Whether each backup is also restored into memory and checked there. Default false.</summary>
    public bool Restore { get; init; }

    /// <summary>Told how far the verification is.</summary>
    public IProgress<BackupProgress>? Progress { get; init; }

    /// <summary>Time, randomness and background work; null takes the real ones.</summary>
    internal StorageEnvironment? Environment { get; init; }

    /// <summary>All sizes of databases that are restored; for tests.</summary>
    internal Recovery.DatabaseSettings? Settings { get; init; }
}

/// <summary>What a verification found.</summary>
/// <param name="Backups">The backups that were looked at.</param>
/// <param name="Pages">Pages whose checksums were verified.</param>
/// <param name="Records">Records of the log that were verified.</param>
/// <param name="Bytes">Bytes that were read.</param>
/// <param name="Problems">What is wrong: each names its file. Empty when nothing is.</param>
public sealed record BackupVerification(
    IReadOnlyList<BackupInfo> Backups, long Pages, long Records, long Bytes, IReadOnlyList<string> Problems)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsValid => Problems.Count == 0;
}
