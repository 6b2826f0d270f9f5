using BareMetal.Data.Storage.Backup;

namespace BareMetal.Data.Storage;

/// <summary>Backups on storage: what there is, whether it is whole, and how to get a database back from it. See <see cref="StorageEngine.Backup"/>.</summary>
public static class StorageBackup
{
    /// <summary>The complete backups of a set, the oldest first. One whose manifest is damaged is listed with its problem.</summary>
    /// <param name="source">Where they are.</param>
    /// <param name="set">The name that they share.</param>
    public static IReadOnlyList<BackupInfo> List(IStorageProvider source, string set)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(set);
        return BackupSet.Read(source, set).Backups;
    }

    /// <summary>The names under which there are backups.</summary>
    /// <param name="source">Where they are.</param>
    public static IReadOnlyList<string> Sets(IStorageProvider source)
    {
        ArgumentNullException.ThrowIfNull(source);
        SortedSet<string> sets = new(StringComparer.Ordinal);
        foreach (string file in source.List())
        {
            int at = file.LastIndexOf("-b", StringComparison.Ordinal);
            if (at > 0 && file.Length >= at + 8 && !file.AsSpan(at + 2).ContainsAnyExceptInRange('0', '9'))
                sets.Add(file[..at]);
        }

        return [.. sets];
    }

    /// <summary>Whether a file belongs to the backups or the archive of a set.</summary>
    internal static bool IsBackupFile(string set, string file)
    {
        if (!file.StartsWith(set + "-", StringComparison.Ordinal))
            return false;
        ReadOnlySpan<char> rest = file.AsSpan(set.Length);
        return rest.StartsWith("-arch-", StringComparison.Ordinal) || rest.SequenceEqual(BackupRun.LockSuffix) ||
            rest.Length >= 8 && rest.StartsWith("-b", StringComparison.Ordinal) && !rest.Slice(2, 6).ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>Reads every byte of backups, and of the archived log if that is given, and says what is wrong.</summary>
    /// <param name="options">What to verify.</param>
    /// <param name="cancellation">Ends the verification.</param>
    public static BackupVerification Verify(VerifyOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new VerifyRun(options, cancellation).Run();
    }

    /// <summary>Makes a new database from a backup, those that it builds on, and log. It begins a timeline of its own.</summary>
    /// <param name="options">What to restore and to where.</param>
    /// <param name="cancellation">Ends the restore; nothing is left then.</param>
    /// <exception cref="StorageException">
    /// <see cref="StorageErrorCode.BackupMissing"/>: a backup, a file or a piece of the log is missing, which the message names;
    /// <see cref="StorageErrorCode.Corruption"/>: a file is damaged; <see cref="StorageErrorCode.ForeignTimeline"/>: a file is of another timeline or
    /// database; <see cref="StorageErrorCode.AlreadyExists"/>: the target is there.
    /// </exception>
    public static RestoreResult Restore(RestoreOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.Name);
        return new RestoreRun(options, cancellation).Run();
    }

    /// <summary>Deletes backups, for instance those that are too old.</summary>
    /// <param name="source">Where they are.</param>
    /// <param name="set">The name that they share.</param>
    /// <param name="upTo">The last to delete, by its number, with all before it.</param>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.BackupMissing"/>: a later backup builds on one of them.</exception>
    public static int Delete(IStorageProvider source, string set, long upTo)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(set);
        using (source.AcquireOwnerLock(set + BackupRun.LockSuffix, TimeSpan.Zero))
        {
            BackupSet backups = BackupSet.Read(source, set);
            foreach (BackupInfo backup in backups.Backups)
            {
                if (backup.Number > upTo && backup.Problem is null && backup.IsIncremental && backup.ParentNumber <= upTo)
                {
                    throw new StorageException(
                        StorageErrorCode.BackupMissing, $"{backup.Name}: it builds on backup {backup.ParentNumber}, which would be deleted. Keep that, or delete up to {backup.Number}.")
                        { File = backup.Name };
                }
            }

            List<BackupInfo> old = [];
            foreach (BackupInfo backup in backups.Backups)
            {
                if (backup.Number <= upTo)
                    old.Add(backup);
            }

            foreach (BackupInfo backup in old)
                backups.Delete(backup);
            backups.DeleteUnfinished();
            return old.Count;
        }
    }
}
