namespace BareMetal.Data.Storage;

/// <summary>
/// The substrate: a flat folder of named files. The engine touches storage through nothing else, so that whatever can do
/// these few things can hold a database. All members may be called from several threads at once.
/// </summary>
public interface IStorageProvider
{
    /// <summary>What this provider is and where, for messages: a path, a bucket, "memory".</summary>
    string Location { get; }

    /// <summary>Opens a file for positional reading and writing.</summary>
    /// <param name="name">The file's name, without directory separators.</param>
    /// <param name="mode">Whether it must exist, must not, or is made when missing.</param>
    /// <param name="readOnly">Whether writing is refused.</param>
    /// <exception cref="StorageException">The file does not exist, exists, or could not be opened.</exception>
    IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false);

    /// <summary>Whether the file exists.</summary>
    bool Exists(string name);

    /// <summary>The names of all files, in no particular order.</summary>
    IReadOnlyList<string> List();

    /// <summary>Deletes a file; durable after <see cref="FlushDirectory"/>. A missing file is no error.</summary>
    void Delete(string name);

    /// <summary>Renames a file over whatever has the new name, atomically; durable after <see cref="FlushDirectory"/>.</summary>
    void Rename(string name, string newName);

    /// <summary>Makes creations, deletions and renames durable.</summary>
    void FlushDirectory();

    /// <summary>
    /// Takes the owner lock, which ends with the returned object and with the process, however that dies.
    /// </summary>
    /// <param name="name">Name of the lock.</param>
    /// <param name="timeout">How long to wait for another owner.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Locked"/>, naming the holder.</exception>
    IDisposable AcquireOwnerLock(string name, TimeSpan timeout);

    /// <summary>
    /// Takes a share of the owner lock, for those who only read: several may have one, none while there is an owner, and no owner while there is
    /// one. A provider that does not tell them apart gives the owner lock.
    /// </summary>
    /// <param name="name">Name of the lock.</param>
    /// <param name="timeout">How long to wait for an owner.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Locked"/>, naming the holder.</exception>
    IDisposable AcquireSharedLock(string name, TimeSpan timeout) => AcquireOwnerLock(name, timeout);
}
