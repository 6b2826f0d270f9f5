namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// Where the buffer pool reads pages from: the data file, or the unfinished checkpoint file for pages that it holds.
/// Every page returned has passed its checksum.
/// </summary>
internal interface IPageFile
{
    /// <summary>Bytes per page.</summary>
    int PageSize { get; }

    /// <summary>Reads and verifies one page.</summary>
    /// <exception cref="StorageException">The page can't be read or fails verification; names file, page, expected and actual.</exception>
    void Read(PageId id, Span<byte> buffer);

    /// <summary>Reads and verifies one page without holding a thread.</summary>
    ValueTask ReadAsync(PageId id, Memory<byte> buffer, CancellationToken cancellationToken);
}
