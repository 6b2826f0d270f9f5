namespace BareMetal.Data.Storage;

/// <summary>
/// Every place of the engine that makes something durable. Each is there for a crash that the simulation can produce;
/// a test per site leaves it out and shows that the suite fails.
/// </summary>
internal enum FlushSite
{
    /// <summary>The groups of commits in the log, before they are acknowledged.</summary>
    LogGroup,

    /// <summary>The zeros of a new log extent, so that a full disk shows before a commit relies on the space.</summary>
    LogExtent,

    /// <summary>The directory after an extent was made or renamed, before the first commit goes there.</summary>
    LogDirectory,

    /// <summary>The data file after it grew, before the checkpoint file is sealed.</summary>
    DataFileGrowth,

    /// <summary>The checkpoint file every few MiB, so that the system never holds much that is unwritten.</summary>
    CheckpointPaced,

    /// <summary>The whole checkpoint file, before the data file is overwritten.</summary>
    CheckpointSealed,

    /// <summary>The directory after the checkpoint file was made, before the data file is overwritten.</summary>
    CheckpointDirectory,

    /// <summary>The data file after a checkpoint was applied, before the header moves.</summary>
    CheckpointApplied,

    /// <summary>The checksums of a checkpoint's pages, before the header moves.</summary>
    PageStamps,

    /// <summary>The header after a checkpoint, before log extents are used again.</summary>
    CheckpointHeader,

    /// <summary>The new data file with its first header, before it gets its name.</summary>
    CreatedData,

    /// <summary>The first log extent, before the data file that relies on it gets its name.</summary>
    CreatedLog,

    /// <summary>The directory that names the first log extent, before the data file gets its name.</summary>
    CreatedLogDirectory,

    /// <summary>The directory after the data file got its name.</summary>
    CreatedDirectory,

    /// <summary>A complete checkpoint file found at open, before the data file is overwritten with it.</summary>
    RecoveredCheckpoint,

    /// <summary>The directory that names it.</summary>
    RecoveredCheckpointDirectory,

    /// <summary>The data file after recovery applied a checkpoint file.</summary>
    RecoveredPages,

    /// <summary>The commits copied by recovery, before anything is visible.</summary>
    RecoveredLog,

    /// <summary>The directory that names the extents of the copied commits.</summary>
    RecoveredDirectory,

    /// <summary>The header that points to the copied commits, before the old extents are used again.</summary>
    RecoveredHeader,

    /// <summary>The record of a clean close.</summary>
    CleanCloseLog,

    /// <summary>The header that says clean.</summary>
    CleanCloseHeader,

    /// <summary>The file of the fences, before log that a fence has left is used again.</summary>
    LogFences,

    /// <summary>The directory after that file was made.</summary>
    LogFencesDirectory,

    /// <summary>The log of a backup or an archived piece of the log, before it gets its name or is relied on.</summary>
    BackupLog,

    /// <summary>The directory of a backup, before the manifest that relies on its files gets its name.</summary>
    BackupDirectory,

    /// <summary>The manifest of a backup, before it gets its name.</summary>
    BackupManifest,

    /// <summary>The directory after a manifest or an archived piece of the log got its name.</summary>
    BackupNamed,

    /// <summary>The directory of a restored database, before its data file gets its name.</summary>
    RestoredLogDirectory,

    /// <summary>The directory after the restored data file got its name.</summary>
    RestoredDirectory,
}
