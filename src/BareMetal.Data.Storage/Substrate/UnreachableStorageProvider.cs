namespace BareMetal.Data.Storage;

/// <summary>A place that can't be reached: every use says why. A side of a mirror may be one.</summary>
internal sealed class UnreachableStorageProvider(string location, StorageException reason) : IStorageProvider
{
    /// <inheritdoc/>
    public string Location => location;

    /// <inheritdoc/>
    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false) => throw Error();

    /// <inheritdoc/>
    public bool Exists(string name) => throw Error();

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => throw Error();

    /// <inheritdoc/>
    public void Delete(string name) => throw Error();

    /// <inheritdoc/>
    public void Rename(string name, string newName) => throw Error();

    /// <inheritdoc/>
    public void FlushDirectory() => throw Error();

    /// <inheritdoc/>
    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => throw Error();

    private StorageException Error() => new(StorageErrorCode.IoError, reason.Message, reason) { File = location };
}
