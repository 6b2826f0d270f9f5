using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BareMetal.Data.Storage.Pages;

/// <summary>
/// The checksum of a page: CRC-32C in four lanes (word i goes to lane i mod 4, so that the instruction's latency overlaps),
/// folded together with the database's id and the page's id, so that a page of another database or position never passes.
/// The last four bytes of the page hold it and are not covered.
/// </summary>
internal static class PageChecksum
{
    /// <summary>Computes the checksum.</summary>
    /// <param name="databaseId">The database's id.</param>
    /// <param name="id">The page's id.</param>
    /// <param name="page">The whole page; its last four bytes do not count.</param>
    public static uint Compute(Guid databaseId, PageId id, ReadOnlySpan<byte> page)
    {
        uint a = 0xFFFFFFFF, b = 0x9E3779B9, c = 0x85EBCA6B, d = 0xC2B2AE35;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(page);
        int last = words.Length - 4;
        ref ulong w = ref MemoryMarshal.GetReference(words);
        for (int i = 0; i < last; i += 4)
        {
            a = BitOperations.Crc32C(a, Unsafe.Add(ref w, i));
            b = BitOperations.Crc32C(b, Unsafe.Add(ref w, i + 1));
            c = BitOperations.Crc32C(c, Unsafe.Add(ref w, i + 2));
            d = BitOperations.Crc32C(d, Unsafe.Add(ref w, i + 3));
        }
        a = BitOperations.Crc32C(a, words[last]);
        b = BitOperations.Crc32C(b, words[last + 1]);
        c = BitOperations.Crc32C(c, words[last + 2]);
        d = BitOperations.Crc32C(d, (uint)words[last + 3]);
        Span<byte> guid = stackalloc byte[16];
        databaseId.TryWriteBytes(guid);
        uint sum = BitOperations.Crc32C(a, ((ulong)b << 32) | c);
        sum = BitOperations.Crc32C(sum, ((ulong)d << 32) | 0x424D4450);
        sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(guid));
        sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(guid[8..]));
        return ~BitOperations.Crc32C(sum, id.Value);
    }

    /// <summary>Writes the checksum into the page's last four bytes.</summary>
    public static void Seal(Guid databaseId, PageId id, Span<byte> page)
        => BinaryPrimitives.WriteUInt32LittleEndian(page[^PageFormat.ChecksumSize..], Compute(databaseId, id, page));

    /// <summary>Whether the page carries the checksum that its content, database and position demand.</summary>
    /// <param name="databaseId">The database's id.</param>
    /// <param name="id">The page's id.</param>
    /// <param name="page">The whole page.</param>
    /// <param name="expected">The checksum that the content demands.</param>
    /// <param name="actual">The checksum that the page carries.</param>
    public static bool Verify(Guid databaseId, PageId id, ReadOnlySpan<byte> page, out uint expected, out uint actual)
    {
        expected = Compute(databaseId, id, page);
        actual = BinaryPrimitives.ReadUInt32LittleEndian(page[^PageFormat.ChecksumSize..]);
        return expected == actual;
    }
}
