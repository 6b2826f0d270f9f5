using System.Buffers.Binary;
using System.Text;

namespace BareMetal.Data.Storage.Log;

/// <summary>
/// The durable fences of a database on storage (docs/format.md, "Fences"): two blocks written in turn, so that one is whole whatever happens.
/// </summary>
internal static class LogFenceFile
{
    /// <summary>Durable fences of one database at most.</summary>
    public const int MaxFences = (BlockSize - HeaderSize) / EntrySize;

    /// <summary>Bytes of a name in UTF-8 at most.</summary>
    public const int MaxName = EntrySize - NameAt;

    private const int BlockSize = 4096;
    private const int HeaderSize = 64;
    private const int EntrySize = 144;
    private const int NameAt = 56;
    private const ulong Magic = 0x434E4546_42444D42; // "BMDBFENC"
    private const uint Version = 1;
    private const byte DroppedFlag = 1;

    /// <summary>Writes all durable fences into the block whose turn it is; the flush is the caller's.</summary>
    public static void Write(IStorageFile file, Guid databaseId, Guid timelineId, ulong generation, IReadOnlyList<LogFence> fences)
    {
        byte[] block = new byte[BlockSize];
        BinaryPrimitives.WriteUInt64LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(12), Version);
        databaseId.TryWriteBytes(block.AsSpan(16));
        timelineId.TryWriteBytes(block.AsSpan(32));
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(48), generation);
        int count = 0;
        foreach (LogFence fence in fences)
        {
            if (!fence.IsDurable)
                continue;
            Span<byte> entry = block.AsSpan(HeaderSize + (count++ * EntrySize), EntrySize);
            entry[0] = (byte)fence.Kind;
            entry[1] = fence.IsDropped ? DroppedFlag : (byte)0;
            entry[2] = (byte)Encoding.UTF8.GetBytes(fence.Name, entry[NameAt..]);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], fence.Lsn.Value);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], fence.Position.Position.Extent);
            BinaryPrimitives.WriteInt64LittleEndian(entry[24..], fence.Position.Position.Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[32..], fence.Position.Epoch);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[40..], fence.Position.Chain);
            BinaryPrimitives.WriteInt64LittleEndian(entry[48..], fence.LimitBytes);
        }

        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(56), count);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(8), Crc32C.Append(0, block.AsSpan(12)));
        file.Write((long)(generation & 1) * BlockSize, block);
    }

    /// <summary>Reads the newer whole block.</summary>
    /// <returns>Its generation; 0 when there is none of this database and timeline.</returns>
    public static ulong Read(IStorageFile file, Guid databaseId, Guid timelineId, List<LogFence> fences)
    {
        byte[] blocks = new byte[2 * BlockSize];
        int count = file.ReadFull(0, blocks);
        ulong newest = 0;
        ReadOnlySpan<byte> best = default;
        for (int i = 0; i < 2; i++)
        {
            ReadOnlySpan<byte> block = blocks.AsSpan(i * BlockSize, BlockSize);
            if (count < (i + 1) * BlockSize || BinaryPrimitives.ReadUInt64LittleEndian(block) != Magic ||
                BinaryPrimitives.ReadUInt32LittleEndian(block[8..]) != Crc32C.Append(0, block[12..]))
            {
                continue;
            }

            if (BinaryPrimitives.ReadUInt32LittleEndian(block[12..]) > Version)
            {
                throw new StorageException(
                    StorageErrorCode.NewerFormat, $"{file.Name}: the fences are of a newer format. Open the database with a newer release.") { File = file.Name };
            }

            ulong generation = BinaryPrimitives.ReadUInt64LittleEndian(block[48..]);
            if (generation > newest && new Guid(block.Slice(16, 16)) == databaseId && new Guid(block.Slice(32, 16)) == timelineId)
            {
                newest = generation;
                best = block;
            }
        }

        if (newest == 0)
            return 0;
        int entries = Math.Min(BinaryPrimitives.ReadInt32LittleEndian(best[56..]), MaxFences);
        for (int i = 0; i < entries; i++)
        {
            ReadOnlySpan<byte> entry = best.Slice(HeaderSize + (i * EntrySize), EntrySize);
            LogPoint position = new(
                new LogPosition(BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]), BinaryPrimitives.ReadInt64LittleEndian(entry[24..])),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]),
                BinaryPrimitives.ReadUInt32LittleEndian(entry[40..]));
            fences.Add(new LogFence(
                Encoding.UTF8.GetString(entry.Slice(NameAt, Math.Min((int)entry[2], MaxName))), (LogFenceKind)entry[0], isDurable: true,
                BinaryPrimitives.ReadInt64LittleEndian(entry[48..]), position, new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(entry[8..])))
            {
                DroppedBecause = (entry[1] & DroppedFlag) != 0 ? "it was dropped at its limit." : null,
            });
        }

        return newest;
    }
}
