using System.Buffers.Binary;
using BareMetal.Data.Storage.Encryption;
using BareMetal.Data.Storage.Log;

namespace BareMetal.Data.Storage.Checkpoints;

/// <summary>
/// The data file's header: which state the file holds and where the log goes on from there. Two copies in 4 KiB blocks of their own
/// are written in turn, so that one is whole whatever happens.
/// </summary>
internal sealed record DatabaseHeader
{
    /// <summary>Bytes between the copies.</summary>
    public const int BlockSize = 4096;

    /// <summary>Bytes of a copy that are in use and covered by its checksum.</summary>
    public const int UsedSize = 512;

    /// <summary>The newest format that this engine reads and the one that it writes.</summary>
    public const uint FormatVersion = 1;

    private const ulong Magic = 0x41544144_42444D42; // "BMDBDATA"
    /// <summary>A feature that a reader must know: the content is encrypted.</summary>
    public const ulong EncryptedFeature = 1;

    private const uint CleanFlag = 1;
    private const ulong KnownFeatures = EncryptedFeature;

    /// <summary>Grows with every write of the header; the copy with the larger one counts.</summary>
    public ulong Generation { get; init; }

    /// <summary>Names the database for ever.</summary>
    public required Guid DatabaseId { get; init; }

    /// <summary>Names its line of history; a restore or a fork begins another.</summary>
    public required Guid TimelineId { get; init; }

    /// <summary>The timeline from which a restore began this one; empty for the first.</summary>
    public Guid ParentTimelineId { get; init; }

    /// <summary>Bytes per page.</summary>
    public required int PageSize { get; init; }

    /// <summary>Whether the database was closed cleanly at this header.</summary>
    public bool IsClean { get; init; }

    /// <summary>Every commit up to here is in the data file, and none after it.</summary>
    public Lsn CheckpointLsn { get; init; }

    /// <summary>Where the log goes on: the last group known durable then.</summary>
    public LogPoint LogStart { get; init; }

    /// <summary>Pages of the data file, the header's included.</summary>
    public ulong PageCount { get; init; }

    /// <summary>When the database was made: ticks of UTC.</summary>
    public long CreatedUtcTicks { get; init; }

    /// <summary>When this header was written: ticks of UTC.</summary>
    public long WrittenUtcTicks { get; init; }

    /// <summary>How the content is encrypted; null when it is not.</summary>
    public EncryptionSlot? Encryption { get; init; }

    /// <summary>Writes a copy.</summary>
    /// <param name="block">Receives it.</param>
    /// <param name="cipher">Authenticates the header of an encrypted database.</param>
    public void Write(Span<byte> block, DatabaseCipher? cipher = null)
    {
        block.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], FormatVersion);
        DatabaseId.TryWriteBytes(block[16..]);
        TimelineId.TryWriteBytes(block[32..]);
        BinaryPrimitives.WriteUInt64LittleEndian(block[48..], Generation);
        BinaryPrimitives.WriteInt32LittleEndian(block[56..], PageSize);
        BinaryPrimitives.WriteUInt32LittleEndian(block[60..], IsClean ? CleanFlag : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(block[64..], CheckpointLsn.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(block[72..], LogStart.Position.Extent);
        BinaryPrimitives.WriteInt64LittleEndian(block[80..], LogStart.Position.Offset);
        BinaryPrimitives.WriteUInt64LittleEndian(block[88..], LogStart.Epoch);
        BinaryPrimitives.WriteUInt32LittleEndian(block[96..], LogStart.Chain);
        BinaryPrimitives.WriteUInt64LittleEndian(block[104..], PageCount);
        BinaryPrimitives.WriteInt64LittleEndian(block[112..], CreatedUtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(block[120..], WrittenUtcTicks);
        ParentTimelineId.TryWriteBytes(block[464..]);
        BinaryPrimitives.WriteUInt64LittleEndian(block[128..], Encryption is null ? 0 : EncryptedFeature);
        if (Encryption is not null)
        {
            Encryption.Write(block);
            cipher?.SealHeader(block, Encryption);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(block[8..], Crc32C.Append(0, block[12..UsedSize]));
    }

    /// <summary>Reads a copy.</summary>
    /// <param name="block">The block.</param>
    /// <param name="header">The header, when the result is <see cref="HeaderState.Valid"/>.</param>
    /// <param name="version">The format version that it claims.</param>
    public static HeaderState Read(ReadOnlySpan<byte> block, out DatabaseHeader? header, out uint version)
    {
        header = null;
        version = 0;
        if (block.Length < UsedSize || BinaryPrimitives.ReadUInt64LittleEndian(block) != Magic)
            return HeaderState.Foreign;
        version = BinaryPrimitives.ReadUInt32LittleEndian(block[12..]);
        bool whole = BinaryPrimitives.ReadUInt32LittleEndian(block[8..]) == Crc32C.Append(0, block[12..UsedSize]);
        ulong features = BinaryPrimitives.ReadUInt64LittleEndian(block[128..]);
        if (whole && (version > FormatVersion || (features & ~KnownFeatures) != 0))
            return HeaderState.Newer;
        if (version > FormatVersion)
            return HeaderState.DamagedNewer;
        if (!whole || version == 0)
            return HeaderState.Damaged;
        EncryptionSlot? encryption = null;
        if ((features & EncryptedFeature) != 0 && (encryption = EncryptionSlot.Read(block)) is null)
            return HeaderState.Newer;
        header = new DatabaseHeader
        {
            DatabaseId = new Guid(block.Slice(16, 16)),
            TimelineId = new Guid(block.Slice(32, 16)),
            Generation = BinaryPrimitives.ReadUInt64LittleEndian(block[48..]),
            PageSize = BinaryPrimitives.ReadInt32LittleEndian(block[56..]),
            IsClean = (BinaryPrimitives.ReadUInt32LittleEndian(block[60..]) & CleanFlag) != 0,
            CheckpointLsn = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(block[64..])),
            LogStart = new LogPoint(
                new LogPosition(BinaryPrimitives.ReadUInt64LittleEndian(block[72..]), BinaryPrimitives.ReadInt64LittleEndian(block[80..])),
                BinaryPrimitives.ReadUInt64LittleEndian(block[88..]),
                BinaryPrimitives.ReadUInt32LittleEndian(block[96..])),
            PageCount = BinaryPrimitives.ReadUInt64LittleEndian(block[104..]),
            CreatedUtcTicks = BinaryPrimitives.ReadInt64LittleEndian(block[112..]),
            ParentTimelineId = new Guid(block.Slice(464, 16)),
            WrittenUtcTicks = BinaryPrimitives.ReadInt64LittleEndian(block[120..]),
            Encryption = encryption,
        };
        return HeaderState.Valid;
    }
}

/// <summary>What a block turned out to be.</summary>
internal enum HeaderState
{
    /// <summary>A header of this engine.</summary>
    Valid,

    /// <summary>Nothing of this engine.</summary>
    Foreign,

    /// <summary>A header whose checksum fails.</summary>
    Damaged,

    /// <summary>A header of a newer format.</summary>
    Newer,

    /// <summary>A header that claims a newer format but whose checksum fails.</summary>
    DamagedNewer,
}
