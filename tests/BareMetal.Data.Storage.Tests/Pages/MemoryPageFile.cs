using Xunit;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Tests.Pages;

/// <summary>A data file in memory that checks what a checkpoint writes and what is read.</summary>
internal sealed class MemoryPageFile(int pageSize, Guid databaseId) : IPageFile
{
    private readonly Dictionary<ulong, byte[]> _pages = [];
    private readonly object _lock = new();

    public int PageSize => pageSize;

    public ulong PageCount { get; private set; }

    public Lsn Checkpoint { get; private set; }

    public void Read(PageId id, Span<byte> buffer)
    {
        byte[] page;
        lock (_lock)
        {
            page = _pages.TryGetValue(id.Value, out byte[]? found)
                ? found
                : throw new StorageException(StorageErrorCode.Corruption, $"Page {id} was never written.") { Page = id };
        }
        page.CopyTo(buffer);
        if (!PageChecksum.Verify(databaseId, id, buffer, out uint expected, out uint actual))
        {
            throw new StorageException(StorageErrorCode.Corruption, $"Page {id}: {actual:x8} is not {expected:x8}.") { Page = id };
        }
    }

    public ValueTask ReadAsync(PageId id, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Read(id, buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes a checkpoint in place, as a data file does.</summary>
    public int Take(PageStore store)
    {
        using CheckpointPages pages = store.BeginCheckpoint();
        var buffer = new byte[pageSize];
        int count = 0;
        while (pages.Next(out PageId id, buffer))
        {
            Assert.True(id.Value < pages.PageCount, "A page lies within the file.");
            Assert.True(BitConverter.ToUInt64(buffer, PageFormat.LsnOffset) <= pages.Lsn.Value, "No page is newer than the checkpoint.");
            lock (_lock)
            {
                _pages[id.Value] = buffer.ToArray();
            }
            count++;
        }
        PageCount = pages.PageCount;
        Checkpoint = pages.Lsn;
        pages.Complete();
        return count;
    }

    public void Damage(ulong id, int offset)
    {
        lock (_lock)
        {
            _pages[id][offset] ^= 0x40;
        }
    }

    public void Edit(ulong id, Action<byte[]> edit)
    {
        lock (_lock)
        {
            edit(_pages[id]);
            PageChecksum.Seal(databaseId, new PageId(id), _pages[id]);
        }
    }
}
