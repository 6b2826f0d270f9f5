using BareMetal.Data.Storage;

namespace BareMetal.Data.Sessions;

/// <summary>Turns errors of the storage engine into those that users see.</summary>
internal static class StorageErrors
{
    public static BareMetalException Map(StorageException e)
    {
        string? hint = null;
        string state;
        switch (e.Code)
        {
            case StorageErrorCode.IoError: state = SqlStates.IoError; break;
            case StorageErrorCode.DiskFull: state = SqlStates.DiskFull; hint = "Free space, or delete rows and run CHECKPOINT."; break;
            case StorageErrorCode.OutOfMemory: state = SqlStates.OutOfMemory; break;
            case StorageErrorCode.NotADatabase or StorageErrorCode.NewerFormat: state = SqlStates.CannotConnect; break;
            case StorageErrorCode.Truncated or StorageErrorCode.LogMissing or StorageErrorCode.ForeignTimeline or StorageErrorCode.Corruption:
                state = SqlStates.DataCorrupted;
                hint = "Restore the database from a backup.";
                break;
            case StorageErrorCode.NeedsRecovery: state = SqlStates.ObjectNotInPrerequisiteState; hint = "Open the database once for writing."; break;
            case StorageErrorCode.LogReleased: state = SqlStates.ObjectNotInPrerequisiteState; break;
            case StorageErrorCode.BackupMissing: state = SqlStates.UndefinedFile; break;
            case StorageErrorCode.Locked: state = SqlStates.ObjectInUse; break;
            case StorageErrorCode.DoesNotExist: state = SqlStates.DatabaseDoesNotExist; break;
            case StorageErrorCode.AlreadyExists: state = SqlStates.DuplicateDatabase; break;
            case StorageErrorCode.ReadOnly: state = SqlStates.ReadOnlyTransaction; break;
            case StorageErrorCode.SerializationFailure: state = SqlStates.SerializationFailure; hint = "Run the transaction again."; break;
            case StorageErrorCode.Deadlock: state = SqlStates.DeadlockDetected; hint = "Run the transaction again."; break;
            case StorageErrorCode.LockTimeout: state = SqlStates.LockNotAvailable; break;
            case StorageErrorCode.SnapshotTooOld: state = SqlStates.SnapshotTooOld; break;
            case StorageErrorCode.CommitOutcomeUnknown: state = SqlStates.TransactionResolutionUnknown; break;
            case StorageErrorCode.Stopped: state = SqlStates.DatabaseStopped; hint = "Close and open the database again."; break;
            case StorageErrorCode.KeyTooLong or StorageErrorCode.TooLarge: state = SqlStates.ProgramLimitExceeded; break;
            case StorageErrorCode.Ended: state = SqlStates.NoActiveTransaction; break;
            default: state = SqlStates.InternalError; break;
        }

        return new BareMetalException(state, e.Message, e) { Hint = hint };
    }
}
