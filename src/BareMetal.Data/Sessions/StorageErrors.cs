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
            case StorageErrorCode.WrongKey:
                state = SqlStates.InvalidPassword;
                hint = "Give the right Password or Encryption Key. Without it nobody can read the database.";
                break;
            case StorageErrorCode.KeyRequired:
                state = SqlStates.InvalidAuthorization;
                hint = "Give Password or Encryption Key in the connection string.";
                break;
            case StorageErrorCode.NotEncrypted:
                state = SqlStates.InvalidAuthorization;
                hint = "Leave Password and Encryption Key out of the connection string.";
                break;
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
