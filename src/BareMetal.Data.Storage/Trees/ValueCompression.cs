using System.Buffers.Binary;
using System.IO.Compression;

namespace BareMetal.Data.Storage.Trees;

/// <summary>
/// Large values by Brotli: 8 bytes length of the value, then its stream. A value is stored so only when that takes fewer pages. A stream
/// may not stand for more than <see cref="MaxRatio"/> times what it takes (at least a page), so that a crafted file can't fill memory.
/// </summary>
internal static class ValueCompression
{
    /// <summary>The most bytes that a byte of a stream may stand for, on average.</summary>
    public const int MaxRatio = 4096;

    /// <summary>Bytes before the stream.</summary>
    public const int HeaderSize = 8;

    // The middle of Brotli's range: most of the gain of the higher ones for a fraction of their time.
    private const int Quality = 4;
    private const int Window = 22;

    /// <summary>Compresses a value when that saves a page.</summary>
    /// <param name="value">The value.</param>
    /// <param name="pageSize">The page size.</param>
    /// <param name="buffer">Receives what is to be stored; made larger when needed.</param>
    /// <param name="length">Its length.</param>
    /// <returns>Whether it pays.</returns>
    public static bool TryCompress(ReadOnlySpan<byte> value, int pageSize, ref byte[] buffer, out int length)
    {
        length = 0;
        int capacity = OverflowValue.DataCapacity(pageSize);
        long pages = OverflowValue.PageCount(pageSize, value.Length);
        if (value.Length <= Node.MaxInline(pageSize) || pages < 2)
        {
            return false;
        }
        int most = (int)Math.Min((pages - 1) * capacity, Array.MaxLength);
        if (buffer.Length < most)
        {
            buffer = new byte[most];
        }
        if (!BrotliEncoder.TryCompress(value, buffer.AsSpan(HeaderSize, most - HeaderSize), out int written, Quality, Window))
        {
            return false;
        }
        BinaryPrimitives.WriteInt64LittleEndian(buffer, value.Length);
        length = HeaderSize + written;
        return IsPossible(value.Length, length, pageSize);
    }

    /// <summary>The length of a value by the first bytes of what is stored.</summary>
    /// <exception cref="StorageException">It can't be.</exception>
    public static long ReadLength(ReadOnlySpan<byte> stored, long storedLength, int pageSize, ulong page)
    {
        long length = stored.Length >= HeaderSize ? BinaryPrimitives.ReadInt64LittleEndian(stored) : -1;
        return IsPossible(length, storedLength, pageSize) ? length : throw Damaged(page, $"a length of {length} bytes in {storedLength} stored ones");
    }

    /// <summary>Decompresses what is stored.</summary>
    /// <exception cref="StorageException">It is damaged.</exception>
    public static void Decompress(ReadOnlySpan<byte> stored, int pageSize, ulong page, ref byte[] buffer, out int length)
    {
        long expected = ReadLength(stored, stored.Length, pageSize, page);
        if (expected > Array.MaxLength)
        {
            throw new StorageException(StorageErrorCode.TooLarge, $"A value of {expected} bytes can't be read whole. Read it in parts.");
        }
        if (buffer.Length < expected)
        {
            buffer = GC.AllocateUninitializedArray<byte>((int)expected, pinned: true);
        }
        length = (int)expected;
        if (!BrotliDecoder.TryDecompress(stored[HeaderSize..], buffer.AsSpan(0, length), out int written) || written != length)
        {
            throw Damaged(page, $"its stream gives {written} bytes, not {length}");
        }
    }

    public static StorageException Damaged(ulong page, string what) =>
        new(StorageErrorCode.Corruption, $"The compressed value at page {page} is damaged: {what}. Run the integrity check and restore from a backup.")
        {
            Page = new PageId(page),
        };

    private static bool IsPossible(long length, long stored, int pageSize) =>
        length > 0 && length / MaxRatio <= Math.Max(stored, OverflowValue.DataCapacity(pageSize));
}
