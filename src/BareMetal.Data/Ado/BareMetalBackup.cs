using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;

namespace BareMetal.Data;

/// <summary>
/// Backups on storage: which there are, whether they are whole, and how to get a database back. They are taken by
/// <see cref="BareMetalDataSource.BackupAsync(string, bool, CancellationToken)"/> or <c>BACKUP DATABASE</c>. See docs/backup.md.
/// </summary>
public static class BareMetalBackup
{
    /// <summary>The backups in a folder, the oldest first. One whose manifest is damaged is listed with its problem.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="set">The name of the data file that they are of; null when the folder holds those of one only.</param>
    /// <exception cref="BareMetalException">58P01: there is none.</exception>
    /// <exception cref="ArgumentException">There are those of several databases, and none is named.</exception>
    public static IReadOnlyList<BackupInfo> List(string folder, string? set = null) =>
        Run(() =>
        {
            LocalStorageProvider source = Open(folder);
            return StorageBackup.List(source, set ?? SetIn(source));
        });

    /// <summary>Reads every byte of the backups in a folder and says what is wrong.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="set">The name of the data file that they are of; null when the folder holds those of one only.</param>
    /// <param name="archiveFolder">The folder of the archived log, when that is to be verified too.</param>
    /// <param name="restore">Whether each is also restored into memory and its structure checked.</param>
    /// <param name="key">The passphrase or key of encrypted backups; without one only checksums are verified.</param>
    /// <param name="cancellationToken">Ends the verification.</param>
    /// <exception cref="BareMetalException">58P01: there is no backup.</exception>
    /// <exception cref="ArgumentException">There are those of several databases, and none is named.</exception>
    public static Task<BackupVerification> VerifyAsync(
        string folder, string? set = null, string? archiveFolder = null, bool restore = false, EncryptionKey? key = null, CancellationToken cancellationToken = default) =>
        RunAsync(
            () =>
            {
                LocalStorageProvider source = Open(folder);
                return StorageBackup.Verify(
                    new VerifyOptions
                    {
                        Source = source,
                        Set = set ?? SetIn(source),
                        Archive = archiveFolder is null ? null : Open(archiveFolder),
                        Restore = restore,
                        Key = key,
                    },
                    cancellationToken);
            },
            cancellationToken);

    /// <summary>Makes a new database from the backups in a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="path">Path of the data file to make; it must not exist.</param>
    /// <param name="toTime">Restores the commits up to this moment; null: all that there is.</param>
    /// <param name="archiveFolder">The folder of the archived log, for moments after the backups' own.</param>
    /// <param name="set">The name of the data file that the backups are of; null when the folder holds those of one only.</param>
    /// <param name="key">The passphrase or key of encrypted backups.</param>
    /// <param name="cancellationToken">Ends the restore; nothing is left then.</param>
    /// <exception cref="BareMetalException">
    /// 58P01: a backup, a file or a piece of the log is missing; XX001: a file is damaged or of another timeline; 42P04: the database exists.
    /// </exception>
    /// <exception cref="ArgumentException">There are backups of several databases, and none is named.</exception>
    public static Task<RestoreResult> RestoreAsync(
        string folder, string path, DateTimeOffset? toTime = null, string? archiveFolder = null, string? set = null, EncryptionKey? key = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return RunAsync(
            () =>
            {
                LocalStorageProvider source = Open(folder);
                string full = Path.GetFullPath(path);
                return StorageBackup.Restore(
                    new RestoreOptions
                    {
                        Source = source,
                        Set = set ?? SetIn(source),
                        Target = new LocalStorageProvider(Path.GetDirectoryName(full)!),
                        Name = Path.GetFileName(full),
                        ToTime = toTime,
                        Archive = archiveFolder is null ? null : Open(archiveFolder),
                        Key = key,
                    },
                    cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>Makes a new database from backups, on any storage and to any LSN or time.</summary>
    /// <param name="options">What to restore, and to where.</param>
    /// <param name="cancellationToken">Ends the restore; nothing is left then.</param>
    /// <exception cref="BareMetalException">As with the other overload.</exception>
    public static Task<RestoreResult> RestoreAsync(RestoreOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return RunAsync(() => StorageBackup.Restore(options, cancellationToken), cancellationToken);
    }

    private static LocalStorageProvider Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Directory.Exists(folder)
            ? new LocalStorageProvider(folder)
            : throw new BareMetalException(SqlStates.UndefinedFile, $"The folder '{folder}' does not exist.");
    }

    private static string SetIn(IStorageProvider source)
    {
        IReadOnlyList<string> sets = StorageBackup.Sets(source);
        return sets.Count switch
        {
            1 => sets[0],
            0 => throw new BareMetalException(SqlStates.UndefinedFile, $"There is no backup in '{source.Location}'."),
            _ => throw new ArgumentException($"There are backups of several databases in '{source.Location}': {string.Join(", ", sets)}. Name one.", "set"),
        };
    }

    private static Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(() => Run(work), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static T Run<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (StorageException e)
        {
            throw Sessions.StorageErrors.Map(e);
        }
    }
}
