using System.Buffers.Binary;

namespace BareMetal.Data.Storage.Log;

/// <summary>Sizes and frames of the log (docs/format.md, "Log"). All numbers are little-endian.</summary>
internal static class LogFormat
{
    /// <summary>Version of the log's format.</summary>
    public const uint Version = 1;

    /// <summary>First bytes of an extent: "BMDBLOG1".</summary>
    public const ulong ExtentMagic = 0x31474F4C42444D42;

    /// <summary>First bytes of a group: "BMGR".</summary>
    public const uint GroupMagic = 0x52474D42;

    /// <summary>Bytes before the first group of an extent.</summary>
    public const int ExtentHeaderSize = 4096;

    /// <summary>Bytes of the extent header that are in use and covered by its checksum.</summary>
    public const int ExtentHeaderUsed = 128;

    /// <summary>Groups start at multiples of this, so that no write touches a sector that is already durable.</summary>
    public const int GroupAlignment = 512;

    /// <summary>Bytes of a group's header.</summary>
    public const int GroupHeaderSize = 64;

    /// <summary>Bytes of a record's header.</summary>
    public const int RecordHeaderSize = 16;

    /// <summary>Bytes reserved behind each record's payload, for authenticated encryption.</summary>
    public const int RecordTrailerSize = 16;

    /// <summary>Where a record carries its encoding.</summary>
    public const int EncodingOffset = 9;

    /// <summary>Bytes of a commit record before its operations.</summary>
    public const int CommitHeaderSize = 32;

    /// <summary>Bytes of a chunk record before its operations.</summary>
    public const int ChunkHeaderSize = 16;

    /// <summary>Flag of a group: the next group is in the next extent.</summary>
    public const byte LastGroupFlag = 1;

    /// <summary>The bytes that a record with a payload takes.</summary>
    public static int RecordSize(int payload) => (RecordHeaderSize + payload + RecordTrailerSize + 7) & ~7;

    /// <summary>Rounds up to where the next group may start.</summary>
    public static long AlignGroup(long offset) => (offset + GroupAlignment - 1) & ~(long)(GroupAlignment - 1);

    /// <summary>The value that seeds the first record of a group.</summary>
    public static uint GroupSeed(uint chain, ulong epoch, ulong session) => Crc32C.Append(Crc32C.Append(chain, epoch), session);

    /// <summary>Completes a record whose payload is in place: header, trailer, padding, checksum.</summary>
    /// <param name="record">The whole record, <see cref="RecordSize"/> bytes.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="payload">Bytes of payload.</param>
    /// <param name="chain">The checksum of the record before.</param>
    /// <param name="cipher">Encrypts the payload; null when the log is not encrypted.</param>
    /// <param name="offset">Where the record lies in its extent.</param>
    /// <returns>The record's checksum.</returns>
    public static uint FinishRecord(
        Span<byte> record, LogRecordKind kind, int payload, uint chain, Encryption.RecordCipher? cipher = null, long offset = 0)
    {
        record[(RecordHeaderSize + payload)..].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(record, payload);
        record[8] = (byte)kind;
        record[9..RecordHeaderSize].Clear();
        if (cipher is not null)
        {
            record[EncodingOffset] = cipher.Encoding;
            cipher.Encrypt(record, payload, chain, offset);
        }

        uint crc = RecordChecksum(record, chain);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], crc);
        return crc;
    }

    /// <summary>The checksum that a record should have after another.</summary>
    public static uint RecordChecksum(ReadOnlySpan<byte> record, uint chain) =>
        Crc32C.Append(Crc32C.Append(chain, record[..4]), record[8..]);
}
