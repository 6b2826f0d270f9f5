using System.Buffers.Binary;
using BareMetal.Data.Storage.Pages;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// Values that are too large for a leaf: data pages, and above more than one of them index pages of page ids, as many levels as the length
/// demands. So a part of a value is found without reading what lies before it. The leaf holds a reference: top page and length.
/// </summary>
internal static unsafe class OverflowValue
{
    /// <summary>Bytes of a reference in a leaf.</summary>
    public const int ReferenceSize = 16;

    /// <summary>In a reference's length: the value is compressed.</summary>
    public const long CompressedFlag = long.MinValue;

    public static int DataCapacity(int pageSize) => pageSize - PageFormat.BodyOffset - PageFormat.TrailerSize;

    public static int IndexCapacity(int pageSize) => DataCapacity(pageSize) / 8;

    public static void WriteReference(Span<byte> target, ulong page, long length)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, page);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], length);
    }

    /// <summary>Reads a reference: the top page and the bytes stored, which are the value's unless it is compressed.</summary>
    public static void ReadReference(ReadOnlySpan<byte> source, out ulong page, out long length)
    {
        page = BinaryPrimitives.ReadUInt64LittleEndian(source);
        length = BinaryPrimitives.ReadInt64LittleEndian(source[8..]) & ~CompressedFlag;
    }

    /// <summary>Whether a reference's value is compressed.</summary>
    public static bool IsCompressed(ReadOnlySpan<byte> reference) => BinaryPrimitives.ReadInt64LittleEndian(reference[8..]) < 0;

    /// <summary>Changes the top page of a reference.</summary>
    public static void WritePage(Span<byte> reference, ulong page) => BinaryPrimitives.WriteUInt64LittleEndian(reference, page);

    /// <summary>Data pages of a value.</summary>
    public static long PageCount(int pageSize, long length) => Math.Max(1, (length + DataCapacity(pageSize) - 1) / DataCapacity(pageSize));

    /// <summary>Levels of index pages above so many data pages.</summary>
    public static int Levels(int pageSize, long pages)
    {
        int levels = 0;
        for (long reach = 1; reach < pages; reach *= IndexCapacity(pageSize))
        {
            levels++;
        }
        return levels;
    }

    /// <summary>Writes a value to new pages.</summary>
    /// <returns>The top page.</returns>
    public static ulong Write(PageSpace space, ReadOnlySpan<byte> value)
    {
        long left = PageCount(space.PageSize, value.Length);
        return WriteLevel(space, Levels(space.PageSize, left), ref left, ref value, null, value.Length);
    }

    /// <summary>Writes what <see cref="ValueCompression"/> made of a value to new pages.</summary>
    public static ulong WriteCompressed(PageSpace space, ReadOnlySpan<byte> stored)
    {
        int mark = space.PinMark;
        ulong top = Write(space, stored);
        space.Write(top)[PageFormat.EncodingOffset] = PageFormat.CompressedBit;
        space.ReleasePins(mark);
        return top;
    }

    /// <summary>Writes a value that a stream holds to new pages.</summary>
    /// <exception cref="EndOfStreamException">The stream ends before <paramref name="length"/> bytes.</exception>
    public static ulong Write(PageSpace space, Stream value, long length)
    {
        long left = PageCount(space.PageSize, length);
        ReadOnlySpan<byte> none = default;
        return WriteLevel(space, Levels(space.PageSize, left), ref left, ref none, value, length);
    }

    private static ulong WriteLevel(PageSpace space, int level, ref long pagesLeft, ref ReadOnlySpan<byte> bytes, Stream? stream, long length)
    {
        int pageSize = space.PageSize;
        int mark = space.PinMark;
        ulong id;
        if (level == 0)
        {
            byte* page = space.Allocate(PageKind.OverflowData, 0, out id);
            long done = length - Remaining(pageSize, length, pagesLeft);
            int count = (int)Math.Min(length - done, DataCapacity(pageSize));
            var body = new Span<byte>(page + PageFormat.BodyOffset, count);
            if (stream is null)
            {
                bytes[..count].CopyTo(body);
                bytes = bytes[count..];
            }
            else
            {
                stream.ReadExactly(body);
            }
            *(uint*)(page + Node.CountOffset) = (uint)count;
            pagesLeft--;
            space.ReleasePins(mark);
            return id;
        }
        byte* index = space.Allocate(PageKind.OverflowIndex, level, out id);
        int capacity = IndexCapacity(pageSize);
        int n = 0;
        while (n < capacity && pagesLeft > 0)
        {
            ((ulong*)(index + PageFormat.BodyOffset))[n++] = WriteLevel(space, level - 1, ref pagesLeft, ref bytes, stream, length);
        }
        *(uint*)(index + Node.CountOffset) = (uint)n;
        space.ReleasePins(mark);
        return id;
    }

    private static long Remaining(int pageSize, long length, long pagesLeft)
        => length - ((PageCount(pageSize, length) - pagesLeft) * DataCapacity(pageSize));

    /// <summary>Reads a whole value by its reference in a leaf.</summary>
    /// <param name="pool">The pages.</param>
    /// <param name="reference">The reference.</param>
    /// <param name="lsn">The snapshot.</param>
    /// <param name="buffer">Receives the value; replaced by a larger one when needed.</param>
    /// <param name="length">The value's length.</param>
    public static void ReadWhole(PagePool pool, ReadOnlySpan<byte> reference, ulong lsn, ref byte[] buffer, out int length)
    {
        ReadReference(reference, out ulong top, out long stored);
        if (stored > Array.MaxLength)
        {
            throw new StorageException(StorageErrorCode.TooLarge, $"A value of {stored} bytes can't be read whole. Read it in parts.");
        }
        if (IsCompressed(reference))
        {
            ReadCompressed(pool, top, stored, lsn, ref buffer, out length);
            return;
        }
        if (buffer.Length < stored)
        {
            buffer = GC.AllocateUninitializedArray<byte>((int)stored, pinned: true);
        }
        length = (int)stored;
        Read(pool, top, stored, lsn, 0, buffer.AsSpan(0, length));
    }

    /// <summary>The length of a compressed value.</summary>
    public static long ReadLength(PagePool pool, ulong top, long stored, ulong lsn)
    {
        PageImage* page = pool.Pin(top, lsn);
        byte encoding = page->Data[PageFormat.EncodingOffset];
        PagePool.Unpin(page);
        if (encoding != PageFormat.CompressedBit)
        {
            throw ValueCompression.Damaged(top, "its page does not say that it is compressed");
        }
        Span<byte> head = stackalloc byte[ValueCompression.HeaderSize];
        int count = Read(pool, top, stored, lsn, 0, head);
        return ValueCompression.ReadLength(head[..count], stored, pool.PageSize, top);
    }

    private static void ReadCompressed(PagePool pool, ulong top, long stored, ulong lsn, ref byte[] buffer, out int length)
    {
        ReadLength(pool, top, stored, lsn); // before anything is allocated by what the page says
        byte[] bytes = System.Buffers.ArrayPool<byte>.Shared.Rent((int)Math.Min(stored, Array.MaxLength));
        try
        {
            Read(pool, top, stored, lsn, 0, bytes.AsSpan(0, (int)stored));
            ValueCompression.Decompress(bytes.AsSpan(0, (int)stored), pool.PageSize, top, ref buffer, out length);
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>Reads a part of a value.</summary>
    /// <returns>Bytes read: fewer than asked for only at the end.</returns>
    public static int Read(PagePool pool, ulong top, long length, ulong lsn, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        int pageSize = pool.PageSize;
        int capacity = DataCapacity(pageSize);
        int levels = Levels(pageSize, PageCount(pageSize, length));
        int total = 0;
        while (buffer.Length > 0 && offset < length)
        {
            long number = offset / capacity;
            int within = (int)(offset % capacity);
            PageImage* page = pool.Pin(DataPage(pool, top, levels, number, lsn), lsn);
            int count = (int)Math.Min(Math.Min(capacity - within, length - offset), buffer.Length);
            try
            {
                Require(page->Data, PageKind.OverflowData);
                new ReadOnlySpan<byte>(page->Data + PageFormat.BodyOffset + within, count).CopyTo(buffer);
            }
            finally
            {
                PagePool.Unpin(page);
            }
            buffer = buffer[count..];
            offset += count;
            total += count;
        }
        return total;
    }

    private static ulong DataPage(PagePool pool, ulong top, int levels, long number, ulong lsn)
    {
        ulong id = top;
        for (int level = levels; level > 0; level--)
        {
            PageImage* index = pool.Pin(id, lsn);
            try
            {
                id = IndexEntry(index->Data, pool.PageSize, level, number);
            }
            finally
            {
                PagePool.Unpin(index);
            }
        }
        return id;
    }

    /// <summary>The child of an index page under which a data page lies.</summary>
    private static ulong IndexEntry(byte* index, int pageSize, int level, long number)
    {
        Require(index, PageKind.OverflowIndex);
        long reach = 1;
        for (int i = 1; i < level; i++)
        {
            reach *= IndexCapacity(pageSize);
        }
        return ((ulong*)(index + PageFormat.BodyOffset))[number / reach % IndexCapacity(pageSize)];
    }

    private static void Require(byte* page, PageKind kind)
    {
        if (PageFormat.Kind(page) != kind)
        {
            throw new StorageException(StorageErrorCode.Corruption, $"Page {PageFormat.Id(page)} should hold {kind} of a large value but holds {PageFormat.Kind(page)}. Run the integrity check.")
            {
                Page = new PageId(PageFormat.Id(page)),
            };
        }
    }

    /// <summary>Frees all pages of a value.</summary>
    public static void FreeNow(PageSpace space, ulong top, long length)
    {
        long pages = PageCount(space.PageSize, length);
        FreeTail(space, top, length, pages, pages);
    }

    /// <summary>Frees data pages from the end, and each index page with its first child.</summary>
    /// <param name="space">Where the pages are.</param>
    /// <param name="top">The top page.</param>
    /// <param name="length">The value's length.</param>
    /// <param name="left">Data pages that are not freed yet.</param>
    /// <param name="budget">How many to free at most.</param>
    /// <returns>Data pages left.</returns>
    public static long FreeTail(PageSpace space, ulong top, long length, long left, long budget)
    {
        int pageSize = space.PageSize;
        int levels = Levels(pageSize, PageCount(pageSize, length));
        Span<ulong> path = stackalloc ulong[levels + 1];
        for (; left > 0 && budget > 0; budget--)
        {
            int mark = space.PinMark;
            long number = left - 1;
            path[levels] = top;
            for (int level = levels; level > 0; level--)
            {
                path[level - 1] = IndexEntry(space.Read(path[level]), pageSize, level, number);
            }
            space.Free(path[0]);
            long reach = 1;
            for (int level = 1; level <= levels; level++)
            {
                reach *= IndexCapacity(pageSize);
                if (number % reach != 0)
                {
                    break;
                }
                space.Free(path[level]);
            }
            space.ReleasePins(mark);
            left--;
        }
        return left;
    }

    /// <summary>Moves pages of a value at or beyond a page to lower ones.</summary>
    /// <param name="space">The batch.</param>
    /// <param name="top">The top page, before and after.</param>
    /// <param name="length">The value's length.</param>
    /// <param name="limit">The first page that is to become free.</param>
    /// <param name="from">The data page to begin with, and afterwards to go on from: the number of data pages when all is done.</param>
    /// <param name="budget">How many pages to move at most; pages that stay cost little.</param>
    /// <param name="full">Whether no lower page is free.</param>
    /// <returns>Pages moved.</returns>
    public static long Relocate(WriteBatch space, ref ulong top, long length, ulong limit, ref long from, ref int budget, out bool full)
    {
        const int LooksPerPage = 32;
        int pageSize = space.PageSize;
        long total = PageCount(pageSize, length);
        int levels = Levels(pageSize, total);
        Span<ulong> path = stackalloc ulong[levels + 1];
        long moved = 0;
        full = false;
        for (; from < total && budget > 0; from++)
        {
            int mark = space.PinMark;
            path[levels] = top;
            long reach = 1;
            for (int i = 0; i < levels; i++)
            {
                reach *= IndexCapacity(pageSize);
            }
            for (int level = levels; level >= 0; level--)
            {
                // Each page is looked at on the way to the first data page below it.
                if (from % reach == 0 && path[level] >= limit)
                {
                    ulong id = space.MovePage(path[level], limit);
                    if (id == 0)
                    {
                        full = true;
                        space.ReleasePins(mark);
                        return moved;
                    }
                    if (level == levels)
                    {
                        top = id;
                    }
                    else
                    {
                        byte* parent = space.Write(path[level + 1]);
                        ((ulong*)(parent + PageFormat.BodyOffset))[from / reach % IndexCapacity(pageSize)] = id;
                    }
                    path[level] = id;
                    moved++;
                    budget--;
                }
                if (level > 0)
                {
                    path[level - 1] = IndexEntry(space.Read(path[level]), pageSize, level, from);
                    reach /= IndexCapacity(pageSize);
                }
            }
            space.ReleasePins(mark);
            if (from % LooksPerPage == LooksPerPage - 1)
            {
                budget--;
            }
        }
        return moved;
    }

    /// <summary>Calls back for the first <paramref name="pages"/> data pages of a value and the index pages above them.</summary>
    public static void Visit(PagePool pool, ulong top, long length, long pages, ulong lsn, Action<ulong, int> visit)
    {
        VisitLevel(pool, top, Levels(pool.PageSize, PageCount(pool.PageSize, length)), ref pages, lsn, visit);
    }

    private static void VisitLevel(PagePool pool, ulong id, int level, ref long left, ulong lsn, Action<ulong, int> visit)
    {
        visit(id, level);
        if (level == 0)
        {
            left--;
            return;
        }
        PageImage* page = pool.Pin(id, lsn);
        try
        {
            Require(page->Data, PageKind.OverflowIndex);
            int capacity = IndexCapacity(pool.PageSize);
            for (int i = 0; i < capacity && left > 0; i++)
            {
                VisitLevel(pool, ((ulong*)(page->Data + PageFormat.BodyOffset))[i], level - 1, ref left, lsn, visit);
            }
        }
        finally
        {
            PagePool.Unpin(page);
        }
    }
}
