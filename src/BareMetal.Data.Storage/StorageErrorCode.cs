namespace BareMetal.Data.Storage;

/// <summary>What went wrong in the storage engine, for callers that decide by kind rather than by text.</summary>
public enum StorageErrorCode
{
    /// <summary>An input or output operation failed (SQLSTATE 58030).</summary>
    IoError,

    /// <summary>No space is left on the storage, or a configured limit is reached (53100).</summary>
    DiskFull,

    /// <summary>A memory or pool budget is used up (53200).</summary>
    OutOfMemory,

    /// <summary>The file is not a database of this engine (08001).</summary>
    NotADatabase,

    /// <summary>The file was written in a newer format than this engine reads (08001).</summary>
    NewerFormat,

    /// <summary>The file is shorter than its header says (XX001).</summary>
    Truncated,

    /// <summary>The log that the header expects is missing or belongs to another database (XX001).</summary>
    LogMissing,

    /// <summary>A file belongs to another timeline of the database (XX001).</summary>
    ForeignTimeline,

    /// <summary>A holder of the log (backup, archive, consumer) was dropped at its limit: the log that it needs may be gone (55000).</summary>
    LogReleased,

    /// <summary>A backup, a part of one, or a piece of the archived log that is needed is not there (58P01).</summary>
    BackupMissing,

    /// <summary>A page, record or header fails its checksum or its structure (XX001).</summary>
    Corruption,

    /// <summary>Another process or engine holds the database (55006).</summary>
    Locked,

    /// <summary>The database does not exist and was not to be created (3D000).</summary>
    DoesNotExist,

    /// <summary>The database exists and was to be made anew (42P04).</summary>
    AlreadyExists,

    /// <summary>The transaction or database only reads (25006).</summary>
    ReadOnly,

    /// <summary>Another transaction changed what this one relies on; run the transaction again (40001).</summary>
    SerializationFailure,

    /// <summary>Two transactions wait for one another, this one was chosen to end (40P01).</summary>
    Deadlock,

    /// <summary>A lock was not granted in time (55P03).</summary>
    LockTimeout,

    /// <summary>The snapshot is older than what is kept (72000).</summary>
    SnapshotTooOld,

    /// <summary>A flush failed: whether the commit is durable is not known (08007).</summary>
    CommitOutcomeUnknown,

    /// <summary>An earlier failure stopped the database for writing; reopening recovers (57P02).</summary>
    Stopped,

    /// <summary>A key exceeds the largest key that the page size allows (54000).</summary>
    KeyTooLong,

    /// <summary>A value or transaction exceeds a limit (54000).</summary>
    TooLarge,

    /// <summary>The named tree does not exist (XX000).</summary>
    NoSuchTree,

    /// <summary>The passphrase or key does not open the database (28P01).</summary>
    WrongKey,

    /// <summary>The database is encrypted and no key was given (28000).</summary>
    KeyRequired,

    /// <summary>A key was given for a database that is not encrypted (28000).</summary>
    NotEncrypted,

    /// <summary>The engine or transaction has ended (25P01).</summary>
    Ended,

    /// <summary>The database was not closed cleanly and is opened only to be read, which recovers nothing (55000).</summary>
    NeedsRecovery,
}
