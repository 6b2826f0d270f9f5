using BareMetal.Data.Storage.Local;
using Microsoft.Win32.SafeHandles;

namespace BareMetal.Data.Storage;

/// <summary>A folder of the local file system as substrate: positional reads and writes, real flushes of files and folder.</summary>
public sealed class LocalStorageProvider : IStorageProvider
{
    /// <summary>Makes a provider over a folder.</summary>
    /// <param name="folder">Path of the folder; made when it is missing.</param>
    /// <exception cref="StorageException">The folder could not be made.</exception>
    public LocalStorageProvider(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Location = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(Location);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.From(e, Location, "making the folder");
        }
    }

    /// <inheritdoc/>
    public string Location { get; }

    /// <summary>A provider over a folder; over nothing, which fails at each use, when the folder can't be had.</summary>
    internal static IStorageProvider OrUnreachable(string folder)
    {
        try
        {
            return new LocalStorageProvider(folder);
        }
        catch (StorageException e)
        {
            return new UnreachableStorageProvider(folder, e);
        }
    }

    /// <inheritdoc/>
    public IStorageFile Open(string name, StorageFileMode mode, bool readOnly = false)
    {
        string path = PathOf(name);
        FileMode fileMode = mode switch
        {
            StorageFileMode.Open => FileMode.Open,
            StorageFileMode.CreateNew => FileMode.CreateNew,
            _ => readOnly ? FileMode.Open : FileMode.OpenOrCreate,
        };
        try
        {
            SafeFileHandle handle = File.OpenHandle(
                path, fileMode, readOnly ? FileAccess.Read : FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return new LocalStorageFile(name, path, handle);
        }
        catch (IOException e) when (mode == StorageFileMode.CreateNew && File.Exists(path))
        {
            throw new StorageException(StorageErrorCode.AlreadyExists, $"{path}: the file exists.", e) { File = path };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.From(e, path, "opening");
        }
    }

    /// <inheritdoc/>
    public bool Exists(string name) => File.Exists(PathOf(name));

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        try
        {
            string[] paths = Directory.GetFiles(Location);
            for (int i = 0; i < paths.Length; i++)
                paths[i] = Path.GetFileName(paths[i]);
            return paths;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.From(e, Location, "listing");
        }
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        string path = PathOf(name);
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.From(e, path, "deleting");
        }
    }

    /// <inheritdoc/>
    public void Rename(string name, string newName)
    {
        string path = PathOf(name);
        try
        {
            File.Move(path, PathOf(newName), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.From(e, path, $"renaming to {newName}");
        }
    }

    /// <inheritdoc/>
    public void FlushDirectory()
    {
        int errno = SystemCalls.FlushDirectory(Location);
        if (errno != 0)
            throw StorageErrors.FromErrno(errno, Location, "flushing the folder");
    }

    /// <inheritdoc/>
    public IDisposable AcquireOwnerLock(string name, TimeSpan timeout) => LocalOwnerLock.Acquire(PathOf(name), timeout, shared: false);

    /// <inheritdoc/>
    public IDisposable AcquireSharedLock(string name, TimeSpan timeout) => LocalOwnerLock.Acquire(PathOf(name), timeout, shared: true);

    private string PathOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.AsSpan().ContainsAny('/', '\\') || name is "." or "..")
            throw new ArgumentException($"'{name}' is not the name of a file in the folder.", nameof(name));
        return Path.Combine(Location, name);
    }
}
