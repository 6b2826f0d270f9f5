using System.Buffers.Binary;

namespace BareMetal.Data.Storage.Log;

/// <summary>The head of a flush group: what was durable before it, and how it hangs in the chain.</summary>
internal readonly record struct LogGroupHeader
{
    private const byte UnknownEncodings = 0x3F & ~Encryption.PageSealing.EncryptedBit;

    /// <summary>The extent's epoch.</summary>
    public ulong Epoch { get; init; }

    /// <summary>The LSN known durable before this group.</summary>
    public Lsn Durable { get; init; }

    /// <summary>The end of the log known durable before this group.</summary>
    public LogPosition DurableEnd { get; init; }

    /// <summary>The chain value before the group.</summary>
    public uint ChainBefore { get; init; }

    /// <summary>The chain value after the group.</summary>
    public uint ChainAfter { get; init; }

    /// <summary>Bytes of the header and the records.</summary>
    public int Length { get; init; }

    /// <summary>Random, drawn at each opening of the database.</summary>
    public ulong Session { get; init; }

    /// <summary>See <see cref="LogFormat.LastGroupFlag"/>.</summary>
    public byte Flags { get; init; }

    /// <summary>How the records are encoded: 0 as they are, else the bits of encryption.</summary>
    public byte Encoding { get; init; }

    /// <summary>Whether the next group is in the next extent.</summary>
    public bool IsLast => (Flags & LogFormat.LastGroupFlag) != 0;

    /// <summary>Writes the header.</summary>
    public void Write(Span<byte> target)
    {
        Span<byte> h = target[..LogFormat.GroupHeaderSize];
        h.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(h, LogFormat.GroupMagic);
        BinaryPrimitives.WriteUInt64LittleEndian(h[8..], Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(h[16..], Durable.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(h[24..], DurableEnd.Extent);
        BinaryPrimitives.WriteInt64LittleEndian(h[32..], DurableEnd.Offset);
        BinaryPrimitives.WriteUInt32LittleEndian(h[40..], ChainBefore);
        BinaryPrimitives.WriteInt32LittleEndian(h[44..], Length);
        BinaryPrimitives.WriteUInt64LittleEndian(h[48..], Session);
        BinaryPrimitives.WriteUInt32LittleEndian(h[56..], ChainAfter);
        h[60] = Encoding;
        h[61] = Flags;
        BinaryPrimitives.WriteUInt32LittleEndian(h[4..], Checksum(h, Epoch));
    }

    /// <summary>Reads a header; false when the bytes are none of the given epoch.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ulong epoch, out LogGroupHeader header)
    {
        header = default;
        if (source.Length < LogFormat.GroupHeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(source) != LogFormat.GroupMagic)
            return false;
        ReadOnlySpan<byte> h = source[..LogFormat.GroupHeaderSize];
        if (BinaryPrimitives.ReadUInt64LittleEndian(h[8..]) != epoch ||
            BinaryPrimitives.ReadUInt32LittleEndian(h[4..]) != Checksum(h, epoch) || (h[60] & UnknownEncodings) != 0)
        {
            return false;
        }

        header = new LogGroupHeader
        {
            Epoch = epoch,
            Durable = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(h[16..])),
            DurableEnd = new LogPosition(BinaryPrimitives.ReadUInt64LittleEndian(h[24..]), BinaryPrimitives.ReadInt64LittleEndian(h[32..])),
            ChainBefore = BinaryPrimitives.ReadUInt32LittleEndian(h[40..]),
            Length = BinaryPrimitives.ReadInt32LittleEndian(h[44..]),
            Session = BinaryPrimitives.ReadUInt64LittleEndian(h[48..]),
            ChainAfter = BinaryPrimitives.ReadUInt32LittleEndian(h[56..]),
            Encoding = h[60],
            Flags = h[61],
        };
        return header.Length >= LogFormat.GroupHeaderSize;
    }

    private static uint Checksum(ReadOnlySpan<byte> header, ulong epoch) => Crc32C.Append(Crc32C.Append(0, epoch), header[8..]);
}
