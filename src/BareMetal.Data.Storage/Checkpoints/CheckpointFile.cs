using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Checkpoints;

/// <summary>
/// A checkpoint file: the pages that changed between two LSNs and the header that they lead to, sealed by a footer over all of it.
/// Until the seal is durable the data file is not touched; afterwards the file can be applied as often as it takes.
/// </summary>
internal sealed class CheckpointFile : IReadVerifier, IDisposable
{
    /// <summary>Bytes before the first page.</summary>
    public const int HeaderSize = 4096;

    private const ulong HeaderMagic = 0x54504B43_42444D42; // "BMDBCKPT"
    private const ulong SealMagic = 0x4C414553_42444D42; // "BMDBSEAL"
    private const uint Version = 1;
    internal const int HeaderUsed = 1024;
    private const int HeaderCopyAt = 512;
    internal const int SealSize = 64;
    private const int Buffered = 256 << 10;

    private readonly IStorageFile _file;
    private readonly int _pageSize;
    private readonly ulong _fileId;
    private readonly Lsn _to;
    private readonly List<PageId> _pages;

    private CheckpointFile(IStorageFile file, int pageSize, ulong fileId, Lsn from, Lsn to, DatabaseHeader target, List<PageId> pages)
    {
        _file = file;
        _pageSize = pageSize;
        _fileId = fileId;
        From = from;
        _to = to;
        Target = target;
        _pages = pages;
    }

    /// <summary>The checkpoint LSN of the data file that it applies to.</summary>
    public Lsn From { get; }

    /// <summary>The header that the data file gets.</summary>
    public DatabaseHeader Target { get; }

    /// <summary>The pages, in the order in which they lie in the file.</summary>
    public IReadOnlyList<PageId> Pages => _pages;

    /// <summary>The file's name.</summary>
    public string Name => _file.Name;

    /// <summary>Fills the buffer with the image of a page.</summary>
    public delegate void PageSource(PageId page, Span<byte> buffer);

    /// <summary>Writes a checkpoint file whole and makes its content durable; the directory is the caller's.</summary>
    /// <param name="provider">The substrate.</param>
    /// <param name="name">The file's name; an older file is overwritten, since it can't be needed any more.</param>
    /// <param name="environment">Randomness and flushes.</param>
    /// <param name="from">The data file's checkpoint LSN.</param>
    /// <param name="target">The header that the data file is to get.</param>
    /// <param name="pages">The pages, in ascending order.</param>
    /// <param name="source">Gives their images, sealed with their checksums.</param>
    /// <param name="paceBytes">Bytes between flushes.</param>
    /// <param name="pace">Called between flushes, to leave the storage to others.</param>
    public static CheckpointFile Write(
        IStorageProvider provider, string name, StorageEnvironment environment, Lsn from, DatabaseHeader target,
        List<PageId> pages, PageSource source, long paceBytes, Action? pace)
    {
        IStorageFile file = provider.Open(name, StorageFileMode.OpenOrCreate);
        try
        {
            int pageSize = target.PageSize;
            CheckpointFile result = new(file, pageSize, environment.NextRandom(), from, target.CheckpointLsn, target, pages);
            file.Write(0, result.BuildHeader());

            byte[] buffer = new byte[Math.Max(Math.Min(Buffered, paceBytes), pageSize)];
            int perBuffer = buffer.Length / pageSize;
            uint crc = 0;
            long unflushed = 0;
            for (int i = 0; i < pages.Count; i += perBuffer)
            {
                int count = Math.Min(perBuffer, pages.Count - i);
                for (int j = 0; j < count; j++)
                    source(pages[i + j], buffer.AsSpan(j * pageSize, pageSize));
                ReadOnlySpan<byte> bytes = buffer.AsSpan(0, count * pageSize);
                crc = Crc32C.Append(crc, bytes);
                file.Write(result.OffsetOf(i), bytes);
                unflushed += bytes.Length;
                if (unflushed >= paceBytes && i + count < pages.Count)
                {
                    environment.Flush(file, FlushSite.CheckpointPaced);
                    unflushed = 0;
                    pace?.Invoke();
                }
            }

            file.Write(result.OffsetOf(pages.Count), result.BuildFooter(crc));
            environment.Flush(file, FlushSite.CheckpointSealed);
            return result;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a checkpoint file if it is complete and continues the data file's state.</summary>
    /// <param name="provider">The substrate.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="current">The data file's header.</param>
    /// <returns>Null when there is none, when it was never sealed, or when it has been applied.</returns>
    /// <exception cref="StorageException">It belongs to another timeline of the database.</exception>
    public static CheckpointFile? TryOpen(IStorageProvider provider, string name, DatabaseHeader current)
    {
        if (!provider.Exists(name))
            return null;
        IStorageFile file = provider.Open(name, StorageFileMode.Open);
        CheckpointFile? result = null;
        try
        {
            result = TryRead(file, current);
            return result;
        }
        finally
        {
            if (result is null)
                file.Dispose();
        }
    }

    /// <summary>Reads the image at an index.</summary>
    public void Read(int index, Span<byte> buffer)
    {
        _file.ReadVerified(OffsetOf(index), buffer[.._pageSize], this, out int count);
        if (count < _pageSize)
        {
            throw new StorageException(
                StorageErrorCode.Truncated, $"{_file.Name}: the checkpoint file ends within page {_pages[index]}.") { File = _file.Name, Page = _pages[index] };
        }
    }

    /// <summary>Makes the file durable: what a killed process wrote may only be in the system's cache.</summary>
    public void Flush(StorageEnvironment environment, FlushSite site) => environment.Flush(_file, site);

    /// <summary>Bytes of the file.</summary>
    public long Length => _file.Length;

    /// <summary>Whether bytes read where a page lies are that page.</summary>
    bool IReadVerifier.IsGood(long offset, ReadOnlySpan<byte> bytes)
    {
        long index = (offset - HeaderSize) / _pageSize;
        return bytes.Length == _pageSize && PageChecksum.Verify(Target.DatabaseId, _pages[(int)index], bytes, out _, out _);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static CheckpointFile? TryRead(IStorageFile file, DatabaseHeader current)
    {
        byte[] header = new byte[HeaderSize];
        if (!file.ReadVerified(0, header, new PartVerifier(0, 0, 0), out _) ||
            BinaryPrimitives.ReadUInt64LittleEndian(header) != HeaderMagic ||
            BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8)) != Crc32C.Append(0, header.AsSpan(12, HeaderUsed - 12)) ||
            BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12)) != Version ||
            DatabaseHeader.Read(header.AsSpan(HeaderCopyAt), out DatabaseHeader? target, out _) != HeaderState.Valid)
        {
            return null;
        }

        ulong fileId = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(16));
        Lsn from = new(BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(24)));
        long count = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(32));
        if (target!.DatabaseId != current.DatabaseId || from != current.CheckpointLsn || target.CheckpointLsn <= from || target.PageSize != current.PageSize || count < 0)
            return null;
        if (target.TimelineId != current.TimelineId)
        {
            throw new StorageException(
                StorageErrorCode.ForeignTimeline,
                $"{file.Name}: the checkpoint file belongs to timeline {target.TimelineId}, the data file to {current.TimelineId}. " +
                "Remove it if it was left over from before a restore.") { File = file.Name };
        }

        long footerAt = HeaderSize + (count * current.PageSize);
        if (footerAt + (count * 8) + SealSize > file.Length)
            return null;
        byte[] footer = new byte[(count * 8) + SealSize];
        if (!file.ReadVerified(footerAt, footer, new PartVerifier(fileId, count, current.PageSize), out _))
            return null;
        ReadOnlySpan<byte> table = footer.AsSpan(0, (int)count * 8);
        ReadOnlySpan<byte> seal = footer.AsSpan((int)count * 8);
        if (BinaryPrimitives.ReadUInt64LittleEndian(seal) != SealMagic ||
            BinaryPrimitives.ReadUInt32LittleEndian(seal[8..]) != Crc32C.Append(0, seal[12..]) ||
            BinaryPrimitives.ReadUInt64LittleEndian(seal[16..]) != fileId ||
            BinaryPrimitives.ReadInt64LittleEndian(seal[24..]) != count ||
            BinaryPrimitives.ReadUInt64LittleEndian(seal[32..]) != target.CheckpointLsn.Value ||
            BinaryPrimitives.ReadUInt32LittleEndian(seal[40..]) != Crc32C.Append(0, table))
        {
            return null;
        }

        List<PageId> pages = new((int)count);
        foreach (ulong id in MemoryMarshal.Cast<byte, ulong>(table))
            pages.Add(new PageId(BitConverter.IsLittleEndian ? id : BinaryPrimitives.ReverseEndianness(id)));
        CheckpointFile result = new(file, current.PageSize, fileId, from, target.CheckpointLsn, target, pages);

        uint crc = 0;
        byte[] page = new byte[current.PageSize];
        for (int i = 0; i < pages.Count; i++)
        {
            file.ReadVerified(result.OffsetOf(i), page, result, out int read); // what is wrong with a page, the sum over all tells
            if (read < page.Length)
                return null;
            crc = Crc32C.Append(crc, page);
        }

        return crc == BinaryPrimitives.ReadUInt32LittleEndian(seal[12..]) ? result : null;
    }

    private long OffsetOf(int index) => HeaderSize + ((long)index * _pageSize);

    private byte[] BuildHeader()
    {
        byte[] header = new byte[HeaderSize];
        BinaryPrimitives.WriteUInt64LittleEndian(header, HeaderMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), _fileId);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), From.Value);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), _pages.Count);
        // Without the wrapped keys: a checkpoint file may outlive a change of the passphrase.
        (Target with { Encryption = null }).Write(header.AsSpan(HeaderCopyAt, DatabaseHeader.UsedSize));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), Crc32C.Append(0, header.AsSpan(12, HeaderUsed - 12)));
        return header;
    }

    private byte[] BuildFooter(uint pagesCrc)
    {
        byte[] footer = new byte[(_pages.Count * 8) + SealSize];
        for (int i = 0; i < _pages.Count; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(i * 8), _pages[i].Value);
        Span<byte> seal = footer.AsSpan(_pages.Count * 8);
        BinaryPrimitives.WriteUInt64LittleEndian(seal, SealMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(seal[12..], pagesCrc);
        BinaryPrimitives.WriteUInt64LittleEndian(seal[16..], _fileId);
        BinaryPrimitives.WriteInt64LittleEndian(seal[24..], _pages.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(seal[32..], _to.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(seal[40..], Crc32C.Append(0, footer.AsSpan(0, _pages.Count * 8)));
        BinaryPrimitives.WriteUInt32LittleEndian(seal[8..], Crc32C.Append(0, seal[12..]));
        return footer;
    }

    /// <summary>Whether the header, or the table of pages and the seal, are whole.</summary>
    private sealed class PartVerifier(ulong fileId, long count, int pageSize) : IReadVerifier
    {
        public bool IsGood(long offset, ReadOnlySpan<byte> bytes)
        {
            if (offset == 0)
            {
                return bytes.Length == HeaderSize && BinaryPrimitives.ReadUInt64LittleEndian(bytes) == HeaderMagic &&
                    BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) == Crc32C.Append(0, bytes[12..HeaderUsed]);
            }

            if (bytes.Length != (count * 8) + SealSize || offset != HeaderSize + (count * pageSize))
                return false;
            ReadOnlySpan<byte> seal = bytes[(int)(count * 8)..];
            return BinaryPrimitives.ReadUInt64LittleEndian(seal) == SealMagic &&
                BinaryPrimitives.ReadUInt32LittleEndian(seal[8..]) == Crc32C.Append(0, seal[12..]) &&
                BinaryPrimitives.ReadUInt64LittleEndian(seal[16..]) == fileId &&
                BinaryPrimitives.ReadUInt32LittleEndian(seal[40..]) == Crc32C.Append(0, bytes[..(int)(count * 8)]);
        }
    }
}
