namespace BareMetal.Data.Storage;

/// <summary>
/// A substrate whose databases are encrypted (AES-256-GCM): the engine that opens a database on it encrypts each page and each log record
/// before it hands it to the provider below, so that nothing reaches that one in the clear. Not a filter over bytes: torn writes, repeated
/// nonces and authentication are the engine's business, which knows what a page and a record is.
/// See docs/encryption.md.
/// </summary>
public sealed class EncryptedStorageProvider : IStorageProvider
{
    /// <summary>Puts encryption over a provider.</summary>
    /// <param name="inner">Where the files are.</param>
    /// <param name="key">The passphrase or key. It must live as long as databases are opened here.</param>
    public EncryptedStorageProvider(IStorageProvider inner, EncryptionKey key)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(key);
        Inner = inner;
        Key = key;
    }

    /// <summary>Where the files are.</summary>
    public IStorageProvider Inner { get; }

    /// <inheritdoc/>
    public string Location => Inner.Location;

    internal EncryptionKey Key { get; }

    /// <inheritdoc/>
    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false) => Inner.Open(name, mode, readOnly);

    /// <inheritdoc/>
    public bool Exists(string name) => Inner.Exists(name);

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => Inner.List();

    /// <inheritdoc/>
    public void Delete(string name) => Inner.Delete(name);

    /// <inheritdoc/>
    public void Rename(string name, string newName) => Inner.Rename(name, newName);

    /// <inheritdoc/>
    public void FlushDirectory() => Inner.FlushDirectory();

    /// <inheritdoc/>
    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => Inner.AcquireOwnerLock(name, timeout);

    /// <inheritdoc/>
    public IDisposable AcquireSharedLock(string name, TimeSpan timeout) => Inner.AcquireSharedLock(name, timeout);
}
