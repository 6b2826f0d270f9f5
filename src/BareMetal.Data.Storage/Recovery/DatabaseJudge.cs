using System.Buffers.Binary;
using BareMetal.Data.Storage.Checkpoints;
using BareMetal.Data.Storage.Log;
using BareMetal.Data.Storage.Mirroring;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Recovery;

/// <summary>Recognises what is whole in the files of a database.</summary>
internal sealed class DatabaseJudge(DatabaseFiles files, DataFile data) : IContentJudge
{
    private const int PageWindow = 1 << 20;

    /// <inheritdoc/>
    public int WindowOf(string name, long length) => (int)Math.Clamp(length, 1, IsLog(name) ? int.MaxValue / 4 : PageWindow);

    /// <inheritdoc/>
    public int Recognise(string name, long start, int at, ReadOnlySpan<byte> window, out ulong rank)
    {
        rank = 0;
        ReadOnlySpan<byte> rest = window[at..];
        if (IsLog(name))
            return start + at == 0 ? ExtentHeader(rest, out rank) : Group(rest, out rank);
        if (name == files.Data)
            return start + at < 2 * DatabaseHeader.BlockSize ? Header(rest, out rank) : Page(rest, start + at, isDataFile: true, out rank);
        return name == files.Checkpoint(0) || name == files.Checkpoint(1) ? Page(rest, start + at - CheckpointFile.HeaderSize, isDataFile: false, out rank) : 0;
    }

    private bool IsLog(string name) => name == files.Reserve || files.IsExtent(name, out _);

    private static int Header(ReadOnlySpan<byte> rest, out ulong rank)
    {
        rank = 0;
        if (rest.Length < DatabaseHeader.BlockSize || DatabaseHeader.Read(rest, out DatabaseHeader? header, out _) != HeaderState.Valid)
            return 0;
        rank = header!.Generation;
        return DatabaseHeader.BlockSize;
    }

    private static int ExtentHeader(ReadOnlySpan<byte> rest, out ulong rank)
    {
        rank = 0;
        if (rest.Length < LogFormat.ExtentHeaderSize || !LogExtentHeader.TryRead(rest[..LogFormat.ExtentHeaderUsed], out LogExtentHeader header))
            return 0;
        rank = header.Number;
        return LogFormat.ExtentHeaderSize;
    }

    private static int Group(ReadOnlySpan<byte> rest, out ulong rank)
    {
        rank = 0;
        if (rest.Length < LogFormat.GroupHeaderSize)
            return 0;
        ulong epoch = BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]);
        if (!LogGroupHeader.TryRead(rest, epoch, out LogGroupHeader header) || header.Length > rest.Length ||
            !LogReader.TryWalk(rest[..header.Length], header, epoch))
        {
            return 0;
        }

        rank = header.Durable.Value + 1;
        return (int)Math.Min(LogFormat.AlignGroup(header.Length), rest.Length);
    }

    private int Page(ReadOnlySpan<byte> rest, long offset, bool isDataFile, out ulong rank)
    {
        rank = 0;
        int size = data.PageSize;
        if (offset < 0 || offset % size != 0 || rest.Length < size)
            return 0;
        ReadOnlySpan<byte> page = rest[..size];
        ulong id = isDataFile ? (ulong)(offset / size) : BinaryPrimitives.ReadUInt64LittleEndian(page);
        ulong lsn = BinaryPrimitives.ReadUInt64LittleEndian(page[PageFormat.LsnOffset..]);
        if (!PageChecksum.Verify(data.Header.DatabaseId, new PageId(id), page, out _, out _) ||
            isDataFile && lsn > data.Header.CheckpointLsn.Value)
        {
            return 0;
        }

        rank = lsn + 1;
        return size;
    }
}
