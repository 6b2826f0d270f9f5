using System.Buffers.Binary;

namespace BareMetal.Data.Storage.Mirroring;

/// <summary>
/// What a side knows of its mirror: a file of 4 KiB on every side, replaced whole. The newest one that can be reached tells which sides are current.
/// See docs/format.md, "Mirrors".
/// </summary>
internal sealed record MirrorRecord
{
    /// <summary>The most sides of a mirror.</summary>
    public const int MaxSides = 16;

    private const int Size = 4096;
    private const ulong Magic = 0x5252494D_42444D42; // "BMDBMIRR"
    private const uint Version = 1;
    private const uint InUseFlag = 1;
    private const int StatesAt = 64;

    /// <summary>Names the mirror.</summary>
    public required Guid Id { get; init; }

    /// <summary>Grows with every record.</summary>
    public required long Generation { get; init; }

    /// <summary>Which side the record lies on.</summary>
    public int Side { get; init; }

    /// <summary>Whether the mirror was in use: after a crash its sides may differ in what was not flushed.</summary>
    public required bool InUse { get; init; }

    /// <summary>Which sides are current: only <see cref="MirrorSideState.Active"/> and <see cref="MirrorSideState.Out"/> are recorded.</summary>
    public required MirrorSideState[] States { get; init; }

    /// <summary>Reads a side's record.</summary>
    /// <returns>Null when it has none.</returns>
    /// <exception cref="StorageException">It is of a newer format, or the side can't be read.</exception>
    public static MirrorRecord? Read(IStorageProvider side, string name)
    {
        if (!side.Exists(name))
            return null;
        byte[] block = new byte[Size];
        using (IStorageFile file = side.Open(name, StorageFileMode.Open, readOnly: true))
        {
            if (file.ReadFull(0, block) < Size || BinaryPrimitives.ReadUInt64LittleEndian(block) != Magic ||
                BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(8)) != Crc32C.Append(0, block.AsSpan(12)))
            {
                return null;
            }
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(12)) != Version)
        {
            throw new StorageException(
                StorageErrorCode.NewerFormat, $"{name} in {side.Location}: the mirror was written in a newer format. Open it with a newer release.") { File = name };
        }

        int sides = BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(40));
        if (sides is < 1 or > MaxSides)
            return null;
        MirrorSideState[] states = new MirrorSideState[sides];
        for (int i = 0; i < sides; i++)
            states[i] = block[StatesAt + i] == (byte)MirrorSideState.Active ? MirrorSideState.Active : MirrorSideState.Out;
        return new MirrorRecord
        {
            Id = new Guid(block.AsSpan(16, 16)),
            Generation = BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(32)),
            Side = BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(44)),
            InUse = (BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(48)) & InUseFlag) != 0,
            States = states,
        };
    }

    /// <summary>Replaces a side's record, durably.</summary>
    public void Write(IStorageProvider side, int index, string name)
    {
        byte[] block = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(12), Version);
        Id.TryWriteBytes(block.AsSpan(16));
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(32), Generation);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(40), States.Length);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(44), index);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(48), InUse ? InUseFlag : 0);
        for (int i = 0; i < States.Length; i++)
            block[StatesAt + i] = (byte)States[i];
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(8), Crc32C.Append(0, block.AsSpan(12)));

        string temporary = name + "-new";
        using (IStorageFile file = side.Open(temporary, StorageFileMode.OpenOrCreate))
        {
            file.Write(0, block);
            file.Flush();
        }

        side.Rename(temporary, name);
        side.FlushDirectory();
    }
}
