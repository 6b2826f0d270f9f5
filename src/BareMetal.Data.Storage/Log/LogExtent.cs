namespace BareMetal.Data.Storage.Log;

/// <summary>A file of the log: one in use, prepared for use, or waiting to be used again.</summary>
internal sealed class LogExtent(IStorageFile file, string fileName, ulong number, long size)
{
    /// <summary>The open file.</summary>
    public IStorageFile File { get; } = file;

    /// <summary>Its name on storage now.</summary>
    public string FileName { get; set; } = fileName;

    /// <summary>Its number; changes when it is used again.</summary>
    public ulong Number { get; set; } = number;

    /// <summary>Its bytes.</summary>
    public long Size { get; } = size;

    /// <summary>The epoch of this use; drawn when it is begun.</summary>
    public ulong Epoch { get; set; }

    /// <summary>Its header while that is not yet written.</summary>
    public LogExtentHeader? PendingHeader { get; set; }

    /// <summary>Whether something was written to it since its last flush. Only the flusher looks at it.</summary>
    public bool IsUnflushed { get; set; }

    /// <summary>Whether it was found at open, made perhaps by a process that died before it flushed it: its size may only be in the system's cache.</summary>
    public bool MayBeVolatile { get; set; }

    /// <summary>Writes to the file.</summary>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            File.Write(offset, bytes);
        }
        catch (StorageException e) when (!e.Message.Contains(FileName, StringComparison.Ordinal))
        {
            throw Renamed(e);
        }
    }

    /// <summary>Flushes the file.</summary>
    public void Flush(StorageEnvironment environment, FlushSite site)
    {
        try
        {
            environment.Flush(File, site);
        }
        catch (StorageException e) when (!e.Message.Contains(FileName, StringComparison.Ordinal))
        {
            throw Renamed(e);
        }
    }

    // An extent is renamed while it is open; the storage names it as it was opened.
    private StorageException Renamed(StorageException e) => new(e.Code, $"{FileName} (opened under an earlier name): {e.Message}", e) { File = FileName };
}
