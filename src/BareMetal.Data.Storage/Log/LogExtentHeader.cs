using System.Buffers.Binary;

namespace BareMetal.Data.Storage.Log;

/// <summary>The first block of a log extent in use.</summary>
internal readonly record struct LogExtentHeader
{
    /// <summary>The database's id.</summary>
    public Guid DatabaseId { get; init; }

    /// <summary>The database's timeline.</summary>
    public Guid TimelineId { get; init; }

    /// <summary>The extent's number, which its file's name repeats.</summary>
    public ulong Number { get; init; }

    /// <summary>Random, drawn for this use of the extent.</summary>
    public ulong Epoch { get; init; }

    /// <summary>Bytes of the extent.</summary>
    public long Size { get; init; }

    /// <summary>The extent before; 0 when the chain starts here.</summary>
    public ulong Previous { get; init; }

    /// <summary>The epoch of the extent before.</summary>
    public ulong PreviousEpoch { get; init; }

    /// <summary>The chain value at the end of the extent before.</summary>
    public uint PreviousChain { get; init; }

    /// <summary>The LSN known durable when the extent was begun.</summary>
    public Lsn Durable { get; init; }

    /// <summary>The end of the log known durable when the extent was begun.</summary>
    public LogPosition DurableEnd { get; init; }

    /// <summary>Writes the header.</summary>
    public void Write(Span<byte> block)
    {
        block.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(block, LogFormat.ExtentMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], LogFormat.Version);
        DatabaseId.TryWriteBytes(block[16..]);
        TimelineId.TryWriteBytes(block[32..]);
        BinaryPrimitives.WriteUInt64LittleEndian(block[48..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(block[56..], Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(block[64..], Size);
        BinaryPrimitives.WriteUInt64LittleEndian(block[72..], Previous);
        BinaryPrimitives.WriteUInt64LittleEndian(block[80..], PreviousEpoch);
        BinaryPrimitives.WriteUInt32LittleEndian(block[88..], PreviousChain);
        BinaryPrimitives.WriteUInt64LittleEndian(block[96..], Durable.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(block[104..], DurableEnd.Extent);
        BinaryPrimitives.WriteInt64LittleEndian(block[112..], DurableEnd.Offset);
        BinaryPrimitives.WriteUInt32LittleEndian(block[8..], Crc32C.Append(0, block[12..LogFormat.ExtentHeaderUsed]));
    }

    /// <summary>Reads a header; false when the block holds none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> block, out LogExtentHeader header)
    {
        header = default;
        if (block.Length < LogFormat.ExtentHeaderUsed ||
            BinaryPrimitives.ReadUInt64LittleEndian(block) != LogFormat.ExtentMagic ||
            BinaryPrimitives.ReadUInt32LittleEndian(block[8..]) != Crc32C.Append(0, block[12..LogFormat.ExtentHeaderUsed]) ||
            BinaryPrimitives.ReadUInt32LittleEndian(block[12..]) != LogFormat.Version)
        {
            return false;
        }

        header = new LogExtentHeader
        {
            DatabaseId = new Guid(block.Slice(16, 16)),
            TimelineId = new Guid(block.Slice(32, 16)),
            Number = BinaryPrimitives.ReadUInt64LittleEndian(block[48..]),
            Epoch = BinaryPrimitives.ReadUInt64LittleEndian(block[56..]),
            Size = BinaryPrimitives.ReadInt64LittleEndian(block[64..]),
            Previous = BinaryPrimitives.ReadUInt64LittleEndian(block[72..]),
            PreviousEpoch = BinaryPrimitives.ReadUInt64LittleEndian(block[80..]),
            PreviousChain = BinaryPrimitives.ReadUInt32LittleEndian(block[88..]),
            Durable = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(block[96..])),
            DurableEnd = new LogPosition(
                BinaryPrimitives.ReadUInt64LittleEndian(block[104..]), BinaryPrimitives.ReadInt64LittleEndian(block[112..])),
        };
        return true;
    }
}
