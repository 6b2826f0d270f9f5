using System.Buffers.Binary;
using BareMetal.Data.Storage.Encryption;

namespace BareMetal.Data.Storage.Backup;

/// <summary>The manifest of a backup (docs/format.md, "Backups"): one block, written last. Without it the other files mean nothing.</summary>
internal static class BackupManifest
{
    public const int Size = 4096;

    private const int SlotAt = 512;
    private const ulong Magic = 0x4B434142_42444D42; // "BMDBBACK"
    private const uint Version = 1;

    /// <summary>Writes a manifest.</summary>
    public static byte[] Write(BackupInfo info)
    {
        byte[] block = new byte[Size];
        Span<byte> b = block;
        BinaryPrimitives.WriteUInt64LittleEndian(b, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(b[12..], Version);
        info.DatabaseId.TryWriteBytes(b[16..]);
        info.TimelineId.TryWriteBytes(b[32..]);
        info.Id.TryWriteBytes(b[48..]);
        info.ParentId.TryWriteBytes(b[64..]);
        BinaryPrimitives.WriteInt64LittleEndian(b[80..], info.Number);
        BinaryPrimitives.WriteInt64LittleEndian(b[88..], info.ParentNumber);
        BinaryPrimitives.WriteUInt64LittleEndian(b[96..], info.From.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(b[104..], info.Cut.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(b[112..], info.End.Value);
        BinaryPrimitives.WriteInt64LittleEndian(b[120..], info.CutTime.UtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(b[128..], info.EndTime.UtcTicks);
        BinaryPrimitives.WriteInt32LittleEndian(b[136..], info.PageSize);
        BinaryPrimitives.WriteInt32LittleEndian(b[140..], info.PageFiles);
        BinaryPrimitives.WriteInt64LittleEndian(b[144..], info.Pages);
        BinaryPrimitives.WriteInt64LittleEndian(b[152..], info.DatabasePages);
        BinaryPrimitives.WriteInt64LittleEndian(b[160..], info.Bytes);
        BinaryPrimitives.WriteInt64LittleEndian(b[168..], info.CreatedUtcTicks);
        BinaryPrimitives.WriteUInt64LittleEndian(b[176..], info.LogFileId);
        if (info.Encryption is { } slot)
        {
            // The slot as it lies in the header of the data file.
            byte[] header = new byte[512];
            slot.Write(header);
            header.AsSpan(EncryptionSlot.Offset, EncryptionSlot.Size).CopyTo(b[(SlotAt + 8)..]);
            b[SlotAt] = 1;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(b[8..], Crc32C.Append(0, b[12..]));
        return block;
    }

    /// <summary>Reads a manifest.</summary>
    public static BackupInfo Read(IStorageProvider provider, string name, long number)
    {
        byte[] block = new byte[Size];
        using (IStorageFile file = provider.Open(name, StorageFileMode.Open, readOnly: true))
        {
            if (file.Length != Size || file.ReadFull(0, block) < Size)
                return Damaged("its length is wrong");
        }

        ReadOnlySpan<byte> b = block;
        if (BinaryPrimitives.ReadUInt64LittleEndian(b) != Magic)
            return Damaged("it does not begin as a manifest does");
        if (BinaryPrimitives.ReadUInt32LittleEndian(b[8..]) != Crc32C.Append(0, b[12..]))
            return Damaged("it fails its checksum");
        if (BinaryPrimitives.ReadUInt32LittleEndian(b[12..]) > Version)
            return new BackupInfo { Number = number, Name = name, Problem = $"{name}: the manifest is of a newer format. Use a newer release." };
        EncryptionSlot? encryption = null;
        if (b[SlotAt] != 0)
        {
            byte[] header = new byte[512];
            b.Slice(SlotAt + 8, EncryptionSlot.Size).CopyTo(header.AsSpan(EncryptionSlot.Offset));
            encryption = EncryptionSlot.Read(header);
            if (b[SlotAt] != 1 || encryption is null)
                return new BackupInfo { Number = number, Name = name, Problem = $"{name}: the backup is encrypted in a way that this engine does not know. Use a newer release." };
        }

        BackupInfo info = new()
        {
            Encryption = encryption,
            Number = BinaryPrimitives.ReadInt64LittleEndian(b[80..]),
            Name = name,
            Id = new Guid(b.Slice(48, 16)),
            ParentNumber = BinaryPrimitives.ReadInt64LittleEndian(b[88..]),
            ParentId = new Guid(b.Slice(64, 16)),
            DatabaseId = new Guid(b.Slice(16, 16)),
            TimelineId = new Guid(b.Slice(32, 16)),
            From = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(b[96..])),
            Cut = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(b[104..])),
            End = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(b[112..])),
            CutTime = new DateTimeOffset(BinaryPrimitives.ReadInt64LittleEndian(b[120..]), TimeSpan.Zero),
            EndTime = new DateTimeOffset(BinaryPrimitives.ReadInt64LittleEndian(b[128..]), TimeSpan.Zero),
            PageSize = BinaryPrimitives.ReadInt32LittleEndian(b[136..]),
            PageFiles = BinaryPrimitives.ReadInt32LittleEndian(b[140..]),
            Pages = BinaryPrimitives.ReadInt64LittleEndian(b[144..]),
            DatabasePages = BinaryPrimitives.ReadInt64LittleEndian(b[152..]),
            Bytes = BinaryPrimitives.ReadInt64LittleEndian(b[160..]),
            CreatedUtcTicks = BinaryPrimitives.ReadInt64LittleEndian(b[168..]),
            LogFileId = BinaryPrimitives.ReadUInt64LittleEndian(b[176..]),
        };
        return info.Number == number ? info : Damaged($"it is that of backup {info.Number}");

        BackupInfo Damaged(string what) => new()
        {
            Number = number,
            Name = name,
            Problem = $"{name}: the manifest is damaged: {what}. Use another copy of the file, or an earlier backup.",
        };
    }
}
